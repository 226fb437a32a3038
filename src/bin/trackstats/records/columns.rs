//! The columns that are wanted of each record.

use crate::{arguments::By, nearest::nearest_first};

/// The columns that are wanted of each record, each once, whatever it is wanted for.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) timestamp: usize,
    pub(super) value: Option<(usize, Numbers)>,
    /// Those whose texts are ids, in the order in which a reading has them.
    pub(super) ids: Vec<usize>,
}

/// What the numbers of a column may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    Whole,
    Decimal,
}

/// A column that a file doesn't have.
#[derive(Debug)]
pub(super) struct MissingColumn<'a> {
    pub(super) column: &'a str,
    pub(super) columns: Vec<&'a str>,
}

impl Columns {
    pub(crate) fn new(timestamp: &str, value: Option<(&str, Numbers)>) -> Self {
        let mut columns = Self { names: Vec::new(), timestamp: 0, value: None, ids: Vec::new() };
        columns.timestamp = columns.want(timestamp);
        columns.value = value.map(|(value, numbers)| (columns.want(value), numbers));
        columns
    }

    /// Wants the columns of a grouping too, and returns which of a reading's ids are theirs.
    pub(crate) fn group(&mut self, by: &By) -> Vec<usize> {
        by.columns.iter().map(|column| self.id(column)).collect()
    }

    /// Wants a column of ids, and returns which of a reading's ids is its.
    pub(crate) fn id(&mut self, column: &str) -> usize {
        let column = self.want(column);
        self.ids.iter().position(|id| *id == column).unwrap_or_else(|| {
            self.ids.push(column);
            self.ids.len() - 1
        })
    }

    /// The names of all, each once.
    pub(crate) fn names(&self) -> &[String] {
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

impl std::fmt::Display for MissingColumn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const MOST: usize = 20;
        let cut = |name: &&str| format!("{:?}", name.chars().take(40).collect::<String>());
        let columns = nearest_first(self.column, self.columns.iter().copied());
        let more = if columns.len() > MOST { ", ..." } else { "" };
        let columns = columns.iter().take(MOST).map(cut).collect::<Vec<_>>().join(", ");
        write!(f, "there is no column {:?}; the columns are {columns}{more}", self.column)
    }
}
