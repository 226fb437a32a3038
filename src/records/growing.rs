//! What has to be known of a file that grows.

use super::cursor::{HEAD, fingerprint};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// The fingerprint of a file's first bytes, of those before `offset`.
pub(super) fn head(mut file: &File, offset: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(HEAD.min(offset)).read_to_end(&mut bytes)?;
    Ok(fingerprint(&bytes))
}

/// The offset after the last end of a line among the first `length` bytes.
pub(super) fn end_of_lines(mut file: &File, length: u64) -> io::Result<u64> {
    const STEP: u64 = 1 << 16;
    let mut end = length;
    let mut bytes = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        bytes.clear();
        file.seek(SeekFrom::Start(start))?;
        file.take(end - start).read_to_end(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
