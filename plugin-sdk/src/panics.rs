//! A panic that tells the author where it happened: in a sandbox without a standard error, the log is the only way out.

use std::sync::Once;

static INSTALLED: Once = Once::new();

/// Sends the message, file and line of every later panic to the plugin's log, at level `error`; the host shows it with the
/// trap.
///
/// What [`export!`](crate::export) registers calls it before each stage; it does its work once.
///
/// ```
/// use hookmill_plugin_sdk::{report_panics, testing};
///
/// report_panics();
/// let _ = std::panic::catch_unwind(|| panic!("no such state"));
/// let lines = testing::take_log();
/// assert!(lines[0].message.contains("no such state"));
/// assert!(lines[0].message.contains(".rs:"), "{}", lines[0].message);
/// ```
pub fn report_panics() {
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(|panic| crate::log::error!("{panic}"))));
}
