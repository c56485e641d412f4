//! What a command says to standard output.

use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Says a text. Who closed the other end (`| head`) has read enough, which is not a failure.
pub(super) fn say(text: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// Prints a value as JSON.
pub(super) fn say_json(value: &impl Serialize) -> Result<(), String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    say(&(text + "\n"))
}
