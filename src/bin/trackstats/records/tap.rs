//! A reader that doesn't give out more than a record may have.

use indicatif::ProgressBar;
use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

/// A reader that doesn't give out more than a record may have, counted from where the record begins, and shows how far it
/// has come.
pub(super) struct Tap {
    reader: Box<dyn Read>,
    given: u64,
    gauge: Rc<Gauge>,
    bar: ProgressBar,
    /// Whether lines end with CR alone; not known before the first bytes.
    cr_alone: Option<bool>,
}

/// What is known of a [`Tap`] beside the reader that has it.
#[derive(Debug)]
pub(super) struct Gauge {
    /// How many bytes may be given out in all.
    limit: Cell<u64>,
    /// The last byte given out that isn't the end of a line.
    last: Cell<u8>,
    /// The reader has been asked for more than there is.
    ended: Cell<bool>,
}

/// Why a [`Tap`] gives nothing.
#[derive(Debug, thiserror::Error)]
#[error("{}", super::place::TOO_LONG)]
pub(super) struct TooLong;

impl Tap {
    pub(super) fn new(reader: Box<dyn Read>, bar: &ProgressBar) -> (Self, Rc<Gauge>) {
        let gauge =
            Rc::new(Gauge { limit: Cell::new(super::LONGEST), last: Cell::new(0), ended: Cell::new(false) });
        (Self { reader, given: 0, gauge: Rc::clone(&gauge), bar: bar.clone(), cr_alone: None }, gauge)
    }
}

impl Gauge {
    /// A record begins at this byte.
    pub(super) fn begin(&self, byte: u64) {
        self.limit.set(byte.saturating_add(super::LONGEST));
    }

    /// Whether the last record ended because there was nothing more.
    pub(super) fn ended(&self) -> bool {
        self.ended.get()
    }

    pub(super) fn last(&self) -> u8 {
        self.last.get()
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
        let allowed =
            usize::try_from(self.gauge.limit.get().saturating_sub(self.given)).unwrap_or(usize::MAX);
        let most = buffer.len().min(allowed);
        let Some(part) = buffer.get_mut(..most).filter(|part| !part.is_empty()) else {
            return if buffer.is_empty() { Ok(0) } else { Err(io::Error::other(TooLong)) };
        };
        let read = self.reader.read(part)?;
        let part = part.get_mut(..read).unwrap_or_default();
        self.end_lines(part);
        if let Some(last) = part.iter().rev().find(|byte| !matches!(byte, b'\n' | b'\r')) {
            self.gauge.last.set(*last);
        }
        self.gauge.ended.set(read == 0);
        self.given += read as u64;
        self.bar.inc(read as u64);
        Ok(read)
    }
}
