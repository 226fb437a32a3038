//! How the records of a file are written.

use super::bytes::BYTE_ORDER_MARK;
use std::path::Path;

/// How the records of a file are written.
///
/// ```
/// use trackstats::records::{FileFormat, Source};
///
/// // By default, a file's ending or its first byte tells.
/// let options = Source::options().format(FileFormat::Csv);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// Comma-separated values, with a header that names the columns.
    Csv,
    /// JSON lines: an object a line, whose keys are the columns.
    Jsonl,
}

impl FileFormat {
    /// The format that a file's ending stands for, or else its first bytes look like.
    pub(super) fn guess(path: &Path, beginning: &[u8]) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        match ending.as_deref() {
            Some("csv") => Self::Csv,
            Some("jsonl" | "ndjson") => Self::Jsonl,
            _ => {
                let text = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning);
                if text.trim_ascii_start().starts_with(b"{") { Self::Jsonl } else { Self::Csv }
            }
        }
    }
}
