//! What a command says to standard output, and to standard error.

use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Says a text. Who closed the other end (`| head`) has read enough, which is not a failure.
pub(crate) fn say(text: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// Says something to whoever watches standard error. Nobody need be there.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says a line of the demonstration. Nobody need be there.
pub(crate) fn show(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a value as JSON.
pub(crate) fn say_json(value: &impl Serialize) -> Result<(), String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    say(&(text + "\n"))
}
