//! The lines a plugin writes, bounded in length and number (P3).

use super::contract_types::LogLevel;
use super::fault::Phase;

/// One line of a plugin's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// The level that the plugin gave it.
    pub level: LogLevel,
    /// During which call it was written.
    pub phase: Phase,
    /// The line, truncated at the limit.
    pub message: String,
}

/// Lines kept and lines dropped.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct LogBuffer {
    pub(crate) lines: Vec<LogLine>,
    pub(crate) dropped: u64,
    /// The last error that was dropped: a panic behind a flood.
    dropped_error: Option<String>,
}

impl LogBuffer {
    /// Keeps the line while there is room.
    pub(crate) fn push(&mut self, line: LogLine, lines_max: usize) {
        if self.lines.len() < lines_max {
            self.lines.push(line);
        } else {
            self.dropped += 1;
            self.dropped_error = (line.level == LogLevel::Error).then_some(line.message).or(self.dropped_error.take());
        }
    }

    /// Takes over the lines of another, in order.
    pub(crate) fn append(&mut self, other: LogBuffer, lines_max: usize) {
        self.dropped += other.dropped;
        other.lines.into_iter().for_each(|line| self.push(line, lines_max));
    }

    /// The last error written: the SDK's panic hook sends the panic's message and place this way.
    pub(crate) fn last_error(&self) -> Option<&str> {
        let kept = || self.lines.iter().rfind(|line| line.level == LogLevel::Error).map(|line| line.message.as_str());
        self.dropped_error.as_deref().or_else(kept)
    }
}

/// The message, truncated to at most `bytes_max` bytes at a character boundary. The memory of the rest is freed: two hundred lines
/// of a megabyte each must not keep two hundred megabytes.
pub(crate) fn truncate(mut message: String, bytes_max: usize) -> String {
    if bytes_max < message.len() {
        message.truncate(message.floor_char_boundary(bytes_max));
        message.shrink_to_fit();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: LogLevel, message: &str) -> LogLine {
        LogLine { level, phase: Phase::Map, message: message.into() }
    }

    /// P3: lines beyond the bound are counted, not kept.
    #[test]
    fn counts_what_it_drops() {
        let (mut session, mut call) = (LogBuffer::default(), LogBuffer::default());
        (0..5).for_each(|n| call.push(line(LogLevel::Info, &n.to_string()), 3));
        session.append(call.clone(), 4);
        session.append(call, 4);
        assert_eq!(session.lines.len(), 4);
        assert_eq!(session.dropped, 6);
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(truncate("äöü".into(), 3), "ä");
        assert_eq!(truncate("äöü".into(), 6), "äöü");
        assert_eq!(truncate("ä".into(), 0), "");
        assert!(truncate("x".repeat(1 << 20), 10).capacity() < 1_000);
    }

    #[test]
    fn the_last_error_is_the_panic() {
        let mut log = LogBuffer::default();
        assert_eq!(log.last_error(), None);
        log.push(line(LogLevel::Error, "first"), 9);
        log.push(line(LogLevel::Error, "panicked at src/lib.rs:3"), 9);
        log.push(line(LogLevel::Info, "later"), 9);
        assert_eq!(log.last_error(), Some("panicked at src/lib.rs:3"));
        // P9: also when there was no room for it.
        log.push(line(LogLevel::Error, "panicked at src/lib.rs:4"), 3);
        log.push(line(LogLevel::Info, "later still"), 3);
        assert_eq!((log.lines.len(), log.dropped), (3, 2));
        assert_eq!(log.last_error(), Some("panicked at src/lib.rs:4"));
    }
}
