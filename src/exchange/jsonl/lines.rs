//! Lines of text, each in a bounded amount of memory.

use crate::error::{Error, Result};
use std::io::{BufRead, Read};

/// The longest line that is read, in bytes: 24 MiB. An export writes none that is longer: a value of up to 16 MiB takes
/// up to 21.4 MiB as base64, names and descriptions of up to 1 MiB take up to 6 MiB with their escapes, an object of
/// eight parts some 50 kilobytes.
const LONGEST: u64 = 24 << 20;

/// A reader's lines.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> LineReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// The number, from 1, and the text of the next line that isn't blank, without its end; a byte order mark before the first line is left out.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &str)>> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let read = self
                .reader
                .by_ref()
                .take(LONGEST + 1)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|error| self.problem(format!("it can't be read: {error}")))?;
            if read == 0 {
                return Ok(None);
            }
            if self.buffer.len() as u64 > LONGEST && self.buffer.last() != Some(&b'\n') {
                return Err(self.problem("it is longer than 24 MiB, which no exported line is".to_owned()));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let text = std::str::from_utf8(&self.buffer).map_err(|error| {
            self.problem(format!("it is not UTF-8 from byte {} on", error.valid_up_to() + 1))
        })?;
        let text = if self.number == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        Ok(Some((self.number, text.trim_ascii_end())))
    }

    fn problem(&self, problem: String) -> Error {
        Error::Import { line: self.number, problem }
    }
}
