//! Lines for the plugin's log, shown to its author by dry runs and by the host. The host bounds length and number, and counts
//! what it drops.
//!
//! ```
//! use hookmill_plugin_sdk::{log, testing};
//!
//! let state = "Texass";
//! log::info!("`{state}` is not a state");
//! assert_eq!(testing::take_log()[0].message, "`Texass` is not a state");
//! ```

pub use crate::bindings::hookmill::plugin::log::Level;
#[doc(inline)]
pub use crate::{__log_debug as debug, __log_error as error, __log_info as info, __log_warn as warn};

/// Writes one line. The macros [`debug!`](debug), [`info!`](info), [`warn!`](warn) and [`error!`](error) format it first.
///
/// Natively it goes to standard error and to [`testing::take_log`](crate::testing::take_log).
///
/// ```
/// use hookmill_plugin_sdk::{log, testing};
///
/// log::write(log::Level::Warn, "odd");
/// assert_eq!(testing::take_log()[0].level, log::Level::Warn);
/// ```
pub fn write(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::hookmill::plugin::log::write(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::keep_line(level, message);
}

/// For the author, while looking for a mistake.
///
/// ```
/// hookmill_plugin_sdk::log::debug!("{} members", 3);
/// assert_eq!(hookmill_plugin_sdk::testing::take_log()[0].message, "3 members");
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __log_debug {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($message)+)) };
}

/// Worth knowing.
///
/// ```
/// hookmill_plugin_sdk::log::info!("{} leads", 3);
/// assert_eq!(hookmill_plugin_sdk::testing::take_log()[0].message, "3 leads");
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __log_info {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($message)+)) };
}

/// Something is odd.
///
/// ```
/// hookmill_plugin_sdk::log::warn!("no state");
/// assert_eq!(hookmill_plugin_sdk::testing::take_log()[0].message, "no state");
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __log_warn {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($message)+)) };
}

/// Something is wrong; the panic hook uses it, too.
///
/// ```
/// hookmill_plugin_sdk::log::error!("no table");
/// assert_eq!(hookmill_plugin_sdk::testing::take_log()[0].message, "no table");
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __log_error {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($message)+)) };
}
