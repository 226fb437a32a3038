//! The bytes of a backup; drawn in `src/docs/format.md`.

use crate::format::Space;
use std::io::{self, Read, Write};
use twox_hash::XxHash3_64;

/// What every backup begins with; its format follows in the same line.
pub(super) const TITLE: &str = "trackstats backup, format ";

/// The newest format of a backup that this version reads, and the one that it writes.
pub(super) const FORMAT: u32 = 1;

/// The longest key that is read. What can be stored is shorter.
pub(super) const LONGEST_KEY: u64 = 1 << 20;

/// The longest value of an entry: a row of 16 MiB, with its object and what stands before it. Everything else is far
/// shorter, except for a cursor, which is as long as its caller makes it.
const LONGEST_VALUE: u64 = (16 << 20) + (1 << 17);
const LONGEST_CURSOR: u64 = 32 * LONGEST_VALUE;

/// The longest value that is read under a key.
///
/// A few kilobytes of a frame become megabytes of zeros, and a value is held in memory, some times over: whoever made
/// the backup must not have more of it than a store takes.
pub(super) fn longest_value(key: &[u8]) -> u64 {
    if key.first() == Some(&(Space::Cursor as u8)) { LONGEST_CURSOR } else { LONGEST_VALUE }
}

/// What a backup ends with: how many entries there are, and the chain of their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) entries: u64,
    hash: u64,
}

impl Sums {
    /// Adds an entry: the hash of its value is seeded with that of its key, which is seeded with the one before.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let key = XxHash3_64::oneshot_with_seed(self.hash, key);
        self.hash = XxHash3_64::oneshot_with_seed(key, value);
        self.entries += 1;
    }

    pub(super) fn write(self, writer: &mut impl Write) -> io::Result<()> {
        writer.write_all(&self.entries.to_le_bytes())?;
        writer.write_all(&self.hash.to_le_bytes())
    }

    pub(super) fn read(reader: &mut impl Read) -> io::Result<Self> {
        let mut number = || {
            let mut bytes = [0; 8];
            reader.read_exact(&mut bytes).map(|()| u64::from_le_bytes(bytes))
        };
        Ok(Self { entries: number()?, hash: number()? })
    }
}

/// Writes bytes, after their number in four bytes.
pub(super) fn write_bytes(writer: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    writer.write_all(&length.to_le_bytes())?;
    writer.write_all(bytes)
}

/// Reads bytes, after their number, which is at most `longest`. Takes no more memory than there are bytes.
pub(super) fn read_bytes(reader: &mut impl Read, longest: u64) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    reader.read_exact(&mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > longest {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    let read = reader.take(length).read_to_end(&mut bytes)?;
    if read as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
