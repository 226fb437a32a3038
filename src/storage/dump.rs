//! All entries of a map in one compressed stream with a checksum: what backups and checkpoints are. Drawn in
//! `src/docs/format.md`.

use crate::format::{MOST_CURSOR_BYTES, Space};
use lz4_flex::frame::{FrameDecoder, FrameEncoder, FrameInfo};
use std::io::{self, BufRead, Read, Write};
use twox_hash::XxHash3_64;

/// What every dump begins with; its format follows in the same line.
const TITLE: &str = "trackstats backup, format ";

/// The newest format of a dump that this version reads, and the one that it writes.
pub(crate) const DUMP_FORMAT: u32 = 1;

/// The longest key that is read. What can be stored is shorter.
const LONGEST_KEY: u64 = 1 << 20;

/// The longest block: one row of 16 MiB, with what stands before it.
const LONGEST_BLOCK: u64 = (16 << 20) + (1 << 17);
/// The longest value of another entry: a cursor. A registration has up to 1 MiB, everything else far less.
const LONGEST_OTHER: u64 = MOST_CURSOR_BYTES as u64;

/// The longest value that is read under a key.
///
/// A few kilobytes of a frame become megabytes of zeros, and a value is held in memory, some times over: whoever made
/// the dump must not have more of it than a store takes.
fn longest_value(key: &[u8]) -> u64 {
    let is_block = [Space::Plain, Space::Object].iter().any(|space| key.first() == Some(&(*space as u8)));
    if is_block { LONGEST_BLOCK } else { LONGEST_OTHER }
}

/// What a dump ends with: how many entries there are, and the chain of their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Chain {
    entries: u64,
    hash: u64,
}

impl Chain {
    /// Adds an entry: the hash of its value is seeded with that of its key, which is seeded with the one before.
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let key = XxHash3_64::oneshot_with_seed(self.hash, key);
        self.hash = XxHash3_64::oneshot_with_seed(key, value);
        self.entries += 1;
    }

    fn write(self, writer: &mut impl Write) -> io::Result<()> {
        writer.write_all(&self.entries.to_le_bytes())?;
        writer.write_all(&self.hash.to_le_bytes())
    }

    fn read(reader: &mut impl Read) -> io::Result<Self> {
        let mut number = || {
            let mut bytes = [0; 8];
            reader.read_exact(&mut bytes).map(|()| u64::from_le_bytes(bytes))
        };
        Ok(Self { entries: number()?, hash: number()? })
    }
}

/// Writes a dump. Entries come in the order of their keys.
#[derive(Debug)]
pub(crate) struct DumpWriter<W: Write> {
    stream: FrameEncoder<W>,
    chain: Chain,
}

impl<W: Write> DumpWriter<W> {
    pub(crate) fn new(mut writer: W) -> io::Result<Self> {
        writeln!(writer, "{TITLE}{DUMP_FORMAT}")?;
        // So no entry of a damaged block is taken for one.
        let frame = FrameInfo::new().block_checksums(true);
        Ok(Self { stream: FrameEncoder::with_frame_info(frame, writer), chain: Chain::default() })
    }

    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.chain.add(key, value);
        write_bytes(&mut self.stream, key)?;
        write_bytes(&mut self.stream, value)
    }

    /// Ends it, and says how many entries it has.
    pub(crate) fn finish(mut self) -> io::Result<(W, u64)> {
        write_bytes(&mut self.stream, &[])?;
        let mut writer = self.stream.finish()?;
        self.chain.write(&mut writer)?;
        writer.flush()?;
        Ok((writer, self.chain.entries))
    }
}

/// A key and its value.
pub(crate) type DumpEntry = (Vec<u8>, Vec<u8>);

/// Why a dump can't be read.
#[derive(Debug)]
pub(crate) enum DumpError {
    Io(io::Error),
    /// It isn't one.
    Other,
    /// It has this format, which is newer.
    #[cfg_attr(not(feature = "backup"), expect(dead_code, reason = "only a restore names the format"))]
    Newer(u32),
    TooShort,
    Damaged,
    Unordered,
}

impl From<io::Error> for DumpError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::TooShort,
            // What the decoder of the frame has to say is of this kind too.
            io::ErrorKind::InvalidData | io::ErrorKind::Other => Self::Damaged,
            _ => Self::Io(error),
        }
    }
}

/// Reads a dump. Only when [`next_entry`](Self::next_entry) gives none are all entries known to be what was written.
#[derive(Debug)]
pub(crate) struct DumpReader<R: Read> {
    stream: FrameDecoder<R>,
    chain: Chain,
    last: Vec<u8>,
}

impl<R: BufRead> DumpReader<R> {
    pub(crate) fn new(mut reader: R) -> Result<Self, DumpError> {
        let mut line = Vec::new();
        reader.by_ref().take(TITLE.len() as u64 + 11).read_until(b'\n', &mut line)?;
        let line = str::from_utf8(&line).ok().and_then(|line| line.strip_prefix(TITLE)?.strip_suffix('\n'));
        match line.and_then(|format| format.parse().ok()) {
            None => Err(DumpError::Other),
            Some(format) if format > DUMP_FORMAT => Err(DumpError::Newer(format)),
            Some(_) => {
                Ok(Self { stream: FrameDecoder::new(reader), chain: Chain::default(), last: Vec::new() })
            }
        }
    }

    /// The next entry; none at the end, where all of it is known to be right.
    pub(crate) fn next_entry(&mut self) -> Result<Option<DumpEntry>, DumpError> {
        let key = read_bytes(&mut self.stream, LONGEST_KEY)?;
        if key.is_empty() {
            return self.end().map(|()| None);
        }
        let value = read_bytes(&mut self.stream, longest_value(&key))?;
        if self.chain.entries > 0 && self.last >= key {
            return Err(DumpError::Unordered);
        }
        self.chain.add(&key, &value);
        key.clone_into(&mut self.last);
        Ok(Some((key, value)))
    }

    fn end(&mut self) -> Result<(), DumpError> {
        let mut rest = Vec::new();
        self.stream.by_ref().take(1).read_to_end(&mut rest)?;
        let reader = self.stream.get_mut();
        let chain = Chain::read(reader)?;
        reader.take(1).read_to_end(&mut rest)?;
        if self.chain.entries == 0 || chain != self.chain || !rest.is_empty() {
            return Err(DumpError::Damaged);
        }
        Ok(())
    }
}

/// Writes bytes, after their number in four bytes.
fn write_bytes(writer: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    writer.write_all(&length.to_le_bytes())?;
    writer.write_all(bytes)
}

/// Reads bytes, after their number, which is at most `longest`. Takes no more memory than there are bytes.
fn read_bytes(reader: &mut impl Read, longest: u64) -> io::Result<Vec<u8>> {
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
