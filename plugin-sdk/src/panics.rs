//! A panic that tells the author where it happened: in a sandbox without a standard error, the log is the only way out.

use std::sync::Once;

static INSTALLED: Once = Once::new();

/// Sends the message, file and line of every later panic to the plugin's log, at level `error`.
///
/// The `export_*!` macros call it before each stage; it does its work once.
pub fn report_panics() {
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(|panic| crate::logging::error(&panic.to_string()))));
}
