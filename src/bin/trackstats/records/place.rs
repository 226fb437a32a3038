//! Where a record is, for people.

use trackstats::Unreadable;

/// A record that can't be read, while the next ones can.
pub(super) fn skip(file: &str, line: u64, reason: impl std::fmt::Display) -> Unreadable {
    Unreadable::Skip(format!("{file}:{line}: {}", shortened(&reason)))
}

/// A file that can't be read on.
pub(super) fn stop(file: &str, line: u64, reason: impl std::fmt::Display) -> Unreadable {
    Unreadable::Stop(format!("{file}:{line}: {}", shortened(&reason)))
}

/// A reason may quote what a record has, up to all of it.
fn shortened(reason: &impl std::fmt::Display) -> String {
    const MOST: usize = 400;
    let mut text = reason.to_string();
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

pub(super) const TOO_LONG: &str = "the record is longer than 1 MiB";
