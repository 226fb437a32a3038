//! Where a record is.

use crate::error::{Unreadable, shortened, shown};
use std::{fmt::Display, path::Path};

/// A place in a file: bytes from its start, and the line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FilePlace {
    pub(super) byte: u64,
    pub(super) line: u64,
}

/// A record that can't be read, while the next ones can.
pub(super) fn skip(file: &Path, line: u64, reason: impl Display) -> Unreadable {
    Unreadable::Skip(format!("{}:{line}: {}", shown(file), shortened(reason.to_string())))
}

/// A file that can't be read on.
pub(super) fn stop(file: &Path, line: u64, reason: impl Display) -> Unreadable {
    Unreadable::Stop(format!("{}:{line}: {}", shown(file), shortened(reason.to_string())))
}
