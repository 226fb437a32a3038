//! Where a record is, for people.

use super::shortened::shortened;
use trackstats::Unreadable;

/// A record that can't be read, while the next ones can.
pub(super) fn skip(file: &str, line: u64, reason: impl std::fmt::Display) -> Unreadable {
    Unreadable::Skip(format!("{file}:{line}: {}", shortened(reason.to_string())))
}

/// A file that can't be read on.
pub(super) fn stop(file: &str, line: u64, reason: impl std::fmt::Display) -> Unreadable {
    Unreadable::Stop(format!("{file}:{line}: {}", shortened(reason.to_string())))
}

pub(super) const TOO_LONG: &str = "the record is longer than 1 MiB";
