//! How far files that grow have been read.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far each file has been read, by its absolute path.
///
/// A file that is shorter than it was, or begins in another way, is not the one that was read.
///
/// ```
/// use trackstats::records::Cursor;
///
/// let cursor = Cursor::default();
/// assert_eq!(Cursor::decode(&cursor.encode())?, cursor);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor {
    pub(super) files: BTreeMap<String, Position>,
}

/// How far a file has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// In bytes from the start.
    pub(super) offset: u64,
    /// The line that begins there, from 1.
    pub(super) line: u64,
    /// The fingerprint of its first bytes, of [`HEAD`] or, if there were fewer, `offset`.
    pub(super) head: String,
}

/// How many bytes at the start of a file tell it from another.
pub(super) const HEAD: u64 = 256;

impl Cursor {
    /// Reads a cursor from what [`encode`](Self::encode) made of it.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`] for other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| Error::InvalidCursor { problem: error.to_string() })
    }

    /// The cursor as bytes, to [store](crate::track::Append::cursor) with the statistics.
    pub fn encode(&self) -> Vec<u8> {
        // Texts and numbers in a map of texts have no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// 64-bit FNV-1a, in hexadecimal. It must not change: it is stored.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_an_older_version_can_be_read() {
        let stored = br#"{"/data/a.csv":{"offset":1234,"line":56,"head":"af63dc4c8601ec8c"}}"#;
        let cursor = Cursor::decode(stored).unwrap();
        assert_eq!(cursor.encode(), stored);
        assert_eq!(cursor.files["/data/a.csv"].head, fingerprint(b"a"));
    }
}
