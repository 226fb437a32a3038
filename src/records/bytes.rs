//! What the bytes of a file may be: the mark before them, and how many a record has.

/// A byte order mark, in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The longest record, in bytes: 1 MiB. One that is longer is a file of another kind, or a quote that isn't closed.
pub(super) const LONGEST: u64 = 1 << 20;

pub(super) const TOO_LONG: &str = "the record is longer than 1 MiB";
