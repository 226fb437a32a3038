//! A record of a file, as a tracker takes it.

use super::id::id_of;
use crate::{calendar::Timestamp, model::Id};

/// A record of a file, as a tracker takes it: an instant, ids, and perhaps a number. Made by
/// [`Records`](super::Records).
///
/// ```
/// use trackstats::{
///     Calendar,
///     model::Id,
///     records::{Columns, Numbers, Records, Source},
/// };
///
/// let mut columns = Columns::new("at").number("degrees", Numbers::Decimal);
/// let room = columns.id("room");
/// let lines = "{\"at\": \"2024-05-01T10:00:00Z\", \"degrees\": 19.5, \"room\": \"hall\"}\n".as_bytes();
/// let source = Source::options().read("the log", lines, &columns)?;
/// let record = Records::new([source], columns, &Calendar::default())?.next().unwrap().unwrap();
///
/// assert_eq!(record.at().to_string(), "2024-05-01T10:00:00Z");
/// assert_eq!((record.decimal(), record.whole()), (Some(19.5), None));
/// assert_eq!(record.id(room), Some(Id::Text("hall")));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FileRecord {
    pub(super) at: Timestamp,
    pub(super) number: Option<FileNumber>,
    /// The texts of the ids one after the other, and where each ends; the ends of those that it doesn't have are
    /// marked.
    pub(super) texts: String,
    pub(super) ends: Vec<(usize, bool)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum FileNumber {
    Whole(i64),
    Decimal(f64),
}

impl FileRecord {
    /// The instant.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The number, if [`Numbers::Whole`](super::Numbers::Whole) were asked for and it has one.
    pub fn whole(&self) -> Option<i64> {
        match self.number {
            Some(FileNumber::Whole(number)) => Some(number),
            _ => None,
        }
    }

    /// The number, if [`Numbers::Decimal`](super::Numbers::Decimal) were asked for and it has one.
    pub fn decimal(&self) -> Option<f64> {
        match self.number {
            Some(FileNumber::Decimal(number)) => Some(number),
            _ => None,
        }
    }

    /// An id, by what [`Columns::id`](super::Columns::id) returned; none if the record doesn't have it. A text of
    /// digits is a number, as [`id_of`](super::id_of) says.
    pub fn id(&self, column: usize) -> Option<Id<'_>> {
        let (end, has) = *self.ends.get(column)?;
        let start = column.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        has.then(|| self.texts.get(start..end).map(id_of)).flatten()
    }

    /// An id that is not an empty text.
    pub fn filled_id(&self, column: usize) -> Option<Id<'_>> {
        self.id(column).filter(|id| *id != Id::Text(""))
    }
}
