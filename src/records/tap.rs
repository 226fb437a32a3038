//! A reader that doesn't give out more than a record may have.

use super::bytes::{LONGEST, TOO_LONG};
use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    rc::Rc,
};

/// What is called with the number of bytes whenever some were read.
pub(super) type OnRead = Rc<dyn Fn(u64)>;

/// A reader that doesn't give out more than a record may have, counted from where the record begins, and tells
/// how many it gave.
pub(super) struct Tap {
    reader: Box<dyn Read>,
    given: Rc<Given>,
    on_read: OnRead,
    /// Whether lines end with CR alone; not known before the first bytes.
    cr_alone: Option<bool>,
}

/// What a [`Tap`] has given out, known beside the reader that has it.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// How many bytes.
    bytes: Cell<u64>,
    /// Where the record begins, in bytes given out.
    begin: Cell<u64>,
    /// The last bytes given out: the record's from its beginning on, and what came before it in the same part.
    kept: RefCell<Vec<u8>>,
    /// The reader has been asked for more than there is.
    ended: Cell<bool>,
}

/// Why a [`Tap`] gives nothing.
#[derive(Debug, thiserror::Error)]
#[error("{}", TOO_LONG)]
pub(super) struct TooLong;

impl Tap {
    pub(super) fn new(reader: Box<dyn Read>, on_read: OnRead) -> (Self, Rc<Given>) {
        let given = Rc::new(Given::default());
        (Self { reader, given: Rc::clone(&given), on_read, cr_alone: None }, given)
    }
}

impl Given {
    /// A record begins at this byte.
    pub(super) fn begin(&self, byte: u64) {
        self.begin.set(byte);
    }

    /// Whether the last record ended because there was nothing more.
    pub(super) fn ended(&self) -> bool {
        self.ended.get()
    }

    /// How many of the bytes that are kept come before the record.
    fn before(&self, kept: &[u8]) -> usize {
        let own = self.bytes.get().saturating_sub(self.begin.get());
        kept.len().saturating_sub(usize::try_from(own).unwrap_or(usize::MAX))
    }

    /// Whether a quote is open where all that was given out ends.
    ///
    /// A reader closes it without a word. Here it reads the record once more with a line behind it, which is a record of
    /// its own, or is still within the quote.
    pub(super) fn open_quote(&self) -> bool {
        let kept = self.kept.borrow();
        let record = kept.get(self.before(&kept)..).unwrap_or_default();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(record.chain(b"\nbehind".as_slice()));
        reader.byte_records().count() == 1
    }
}

impl Tap {
    /// Makes each CR a LF where lines end with CR alone: who counts lines counts LFs.
    fn end_lines(&mut self, part: &mut [u8]) {
        if let (None, Some((_, before_last))) = (self.cr_alone, part.split_last()) {
            // Behind a CR at the very end, a LF may follow.
            self.cr_alone = Some(before_last.contains(&b'\r') && !part.contains(&b'\n'));
        }
        if self.cr_alone == Some(true) {
            part.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
    }
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let given = self.given.bytes.get();
        let limit = self.given.begin.get().saturating_add(LONGEST);
        let allowed = usize::try_from(limit.saturating_sub(given)).unwrap_or(usize::MAX);
        let most = buffer.len().min(allowed);
        let Some(part) = buffer.get_mut(..most).filter(|part| !part.is_empty()) else {
            return if buffer.is_empty() { Ok(0) } else { Err(io::Error::other(TooLong)) };
        };
        let read = self.reader.read(part)?;
        let part = part.get_mut(..read).unwrap_or_default();
        self.end_lines(part);
        let mut kept = self.given.kept.borrow_mut();
        let before = self.given.before(&kept);
        kept.drain(..before);
        kept.extend_from_slice(part);
        self.given.ended.set(read == 0);
        self.given.bytes.set(given + read as u64);
        (self.on_read)(read as u64);
        Ok(read)
    }
}
