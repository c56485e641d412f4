//! Lines for the plugin's log, by level.

use crate::log::{Level, write};

/// Worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}
