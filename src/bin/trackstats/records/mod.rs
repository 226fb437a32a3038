//! Records as files have them: one after the other, each an instant, ids and perhaps a value.

mod columns;
mod csv;
mod cursor;
mod jsonl;
mod place;
mod progress;
mod reading;
#[path = "../../../exchange/jsonl/shortened.rs"]
mod shortened;
mod source;
mod tap;

use columns::MissingColumn;
use std::{cell::RefCell, collections::VecDeque, rc::Rc};
use trackstats::Unreadable;

pub(crate) use columns::{Columns, Numbers};
pub(crate) use cursor::Cursor;
pub(crate) use progress::{measure, progress};
pub(crate) use reading::{Reader, Reading};
pub(crate) use source::{Format, Source};

/// The longest record, in bytes: 1 MiB. One that is longer is a file of another kind, or a quote that isn't closed.
const LONGEST: u64 = 1 << 20;

/// A byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What came of a record: `Ok(None)` is the end of the file.
type Next = Result<Option<Reading>, Unreadable>;

/// The records of several files, one file after the other.
#[derive(Debug)]
pub(crate) struct Records {
    sources: VecDeque<Source>,
    reader: Reader,
    outcome: Rc<RefCell<Outcome>>,
    stopped: bool,
}

/// What is known when all files have been read to their end.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Where the files were left, if they are appended from.
    pub(crate) cursor: Cursor,
    /// What to tell, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl Records {
    pub(crate) fn new(sources: Vec<Source>, reader: Reader, cursor: Cursor) -> Self {
        let outcome = Rc::new(RefCell::new(Outcome { cursor, notes: Vec::new() }));
        Self { sources: sources.into(), reader, outcome, stopped: false }
    }

    pub(crate) fn outcome(&self) -> Rc<RefCell<Outcome>> {
        Rc::clone(&self.outcome)
    }
}

impl Iterator for Records {
    type Item = Result<Reading, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.stopped {
            let source = self.sources.front_mut()?;
            match source.next(&self.reader) {
                Ok(Some(reading)) => return Some(Ok(reading)),
                Ok(None) => {
                    let mut outcome = self.outcome.borrow_mut();
                    source.leave(&mut outcome);
                    self.sources.pop_front();
                }
                Err(unreadable) => {
                    self.stopped = matches!(unreadable, Unreadable::Stop(_));
                    return Some(Err(unreadable));
                }
            }
        }
        None
    }
}
