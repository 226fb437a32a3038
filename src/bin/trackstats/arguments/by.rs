//! `COLUMN[=KIND],COLUMN[=KIND]`.

use std::str::FromStr;
use trackstats::model::Ref;

/// The columns whose values are the ids of an object, and the kinds of its parts.
#[derive(Debug, Clone)]
pub(crate) struct By {
    pub(crate) columns: Vec<String>,
    pub(crate) kinds: Vec<String>,
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut by = Self { columns: Vec::new(), kinds: Vec::new() };
        for part in text.split(',') {
            let (column, kind) = part.split_once('=').unwrap_or((part, part));
            if column.is_empty() {
                return Err("a column's name is missing".to_owned());
            }
            Ref::parse(kind).map_err(|error| format!("{error}; name another kind with COLUMN=KIND"))?;
            by.columns.push(column.to_owned());
            by.kinds.push(kind.to_owned());
        }
        Ok(by)
    }
}
