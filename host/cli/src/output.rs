//! What a command says to standard output, and to standard error.

use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Says a text. Who closed the other end (`| head`) has read enough, which is not a failure.
pub(crate) fn say(text: &str) -> Result<(), String> {
    say_bytes(text.as_bytes())
}

/// The same with bytes, which need not be text.
pub(crate) fn say_bytes(bytes: &[u8]) -> Result<(), String> {
    match write(bytes) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// Says what can't be said again, such as a key: that nobody reads it is a failure.
pub(crate) fn hand_over(text: &str) -> Result<(), String> {
    write(text.as_bytes()).map_err(|error| format!("standard output: {error}"))
}

fn write(bytes: &[u8]) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(bytes).and_then(|()| output.flush())
}

/// Says something to whoever watches standard error. Nobody need be there.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes a line of a terminal anew, on standard error. Nobody need be there.
pub(crate) fn rewrite_line(text: &str) {
    let mut error = std::io::stderr().lock();
    let _ = write!(error, "\r{text}\u{1b}[K").and_then(|()| error.flush());
}

/// Says a line of the demonstration. Nobody need be there.
pub(crate) fn show(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a value as JSON.
pub(crate) fn say_json(value: &impl Serialize) -> Result<(), String> {
    say(&to_json(value)?)
}

/// A value as JSON that people can read, too.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}
