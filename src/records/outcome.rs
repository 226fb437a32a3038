//! What is known when files have been read to their end.

use super::cursor::{Cursor, Position};
use std::{cell::RefCell, rc::Rc};

/// What is known of [`Records`](super::Records) beside the run that has them; of files that grow, all is known when
/// the run has read the last. Cheap to clone. Made by [`Records::outcome`](super::Records::outcome).
///
/// ```
/// use trackstats::{
///     Store,
///     records::{Columns, Records, Source},
/// };
///
/// let columns = Columns::new("at");
/// let lines = "{\"at\": \"2024-05-01\"}\n".as_bytes();
/// let source = Source::options().read("a pipe", lines, &columns)?;
/// let records = Records::new([source], columns, Store::in_memory()?.calendar())?;
/// let outcome = records.outcome();
/// assert_eq!(records.count(), 1);
/// assert_eq!(outcome.notes(), Vec::<String>::new());
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    shared: Rc<RefCell<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    cursor: Cursor,
    notes: Vec<String>,
}

impl Outcome {
    /// Where the files were left, to go on from there with what is added to them.
    pub fn cursor(&self) -> Cursor {
        self.shared.borrow().cursor.clone()
    }

    /// What of the files was left for the next run, a sentence each for people.
    pub fn notes(&self) -> Vec<String> {
        self.shared.borrow().notes.clone()
    }

    pub(super) fn start_from(&self, cursor: Cursor) {
        self.shared.borrow_mut().cursor = cursor;
    }

    pub(super) fn note(&self, note: String) {
        self.shared.borrow_mut().notes.push(note);
    }

    pub(super) fn leave(&self, path: &str, position: Position) {
        self.shared.borrow_mut().cursor.files.insert(path.to_owned(), position);
    }
}
