//! The columns that are wanted of each record.

/// The columns that are wanted of each record, each once, whatever it is wanted for.
///
/// ```
/// use trackstats::records::{Columns, Numbers};
///
/// let mut columns = Columns::new("at").number("seats", Numbers::Whole);
/// assert_eq!((columns.id("from"), columns.id("to"), columns.id("from")), (0, 1, 0));
/// assert_eq!(columns.names(), ["at", "seats", "from", "to"]);
/// ```
#[derive(Debug, Clone)]
pub struct Columns {
    names: Vec<String>,
    pub(super) timestamp: usize,
    pub(super) number: Option<(usize, Numbers)>,
    /// Those whose texts are ids, in the order in which a record has them.
    pub(super) ids: Vec<usize>,
    pub(super) fraction_hint: &'static str,
}

/// What the numbers of a column may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Numbers {
    /// Whole numbers of 64 bits.
    Whole,
    /// Numbers that may have a fraction; neither infinite nor NaN.
    Decimal,
}

impl Columns {
    /// The column with the instant of a record, in any form that
    /// [`Calendar::parse_timestamp`](crate::Calendar::parse_timestamp) reads.
    #[must_use]
    pub fn new(timestamp: &str) -> Self {
        let names = vec![timestamp.to_owned()];
        let fraction_hint = "read the column as decimals, or correct it";
        Self { names, timestamp: 0, number: None, ids: Vec::new(), fraction_hint }
    }

    /// A column of numbers; an empty text is none. Default: no numbers are read.
    #[must_use]
    pub fn number(mut self, column: &str, numbers: Numbers) -> Self {
        self.number = Some((self.want(column), numbers));
        self
    }

    /// What the person who has to act on it is told about a fraction among [`Numbers::Whole`].
    /// Default: to read the column as decimals, or to correct it.
    #[must_use]
    pub fn fraction_hint(mut self, hint: &'static str) -> Self {
        self.fraction_hint = hint;
        self
    }

    /// Wants a column of ids, and returns which of a [record's ids](super::FileRecord::id) is its, from 0.
    pub fn id(&mut self, column: &str) -> usize {
        let column = self.want(column);
        self.ids.iter().position(|id| *id == column).unwrap_or_else(|| {
            self.ids.push(column);
            self.ids.len() - 1
        })
    }

    /// The names of all, each once.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn want(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }

    pub(super) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }
}
