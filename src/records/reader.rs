//! Records from the texts in their columns.

use super::{
    columns::{Columns, Numbers},
    file_record::{FileNumber, FileRecord},
};
use crate::{
    calendar::Calendar,
    error::{Result, Unreadable},
    model::Period,
};
use chrono::NaiveDate;

/// What came of a record: `Ok(None)` is the end of the file.
pub(super) type NextRecord = Result<Option<FileRecord>, Unreadable>;

/// What makes records of the texts in a record's columns.
#[derive(Debug, Clone)]
pub(super) struct FileReader {
    calendar: Calendar,
    pub(super) columns: Columns,
    /// The instants that have a date, in Unix seconds; the last one excluded.
    first: i64,
    end: i64,
}

impl FileReader {
    pub(super) fn new(calendar: Calendar, columns: Columns) -> Result<Self> {
        let (first, last) = (NaiveDate::from_ymd_opt(1, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31));
        let first = calendar.bucket_on(Period::Day, first.unwrap_or_default())?.start.timestamp();
        let end = calendar.bucket_on(Period::Day, last.unwrap_or_default())?.end.timestamp();
        Ok(Self { calendar, columns, first, end })
    }

    /// Reads a record of which `text` gives the text in a column, `None` if it has none.
    pub(super) fn read<'t>(&self, text: impl Fn(usize) -> Option<&'t [u8]>) -> Result<FileRecord, String> {
        let named = |column| {
            let name = self.columns.name(column);
            text(column)
                .map(|bytes| str::from_utf8(bytes).map_err(|_| format!("the column {name:?} is not UTF-8")))
                .transpose()
        };
        let timestamp = named(self.columns.timestamp)?;
        let timestamp =
            timestamp.ok_or_else(|| format!("it has no {:?}", self.columns.name(self.columns.timestamp)))?;
        let at = self.calendar.parse_timestamp(timestamp).map_err(|error| error.to_string())?;
        if !(self.first..self.end).contains(&at.unix_seconds()) {
            return Err(format!("{at} is outside the calendar, which has the years 1 to 9999"));
        }
        let number = match self.columns.number {
            Some((column, numbers)) => named(column)?
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(|text| number_of(&self.columns, column, text, numbers))
                .transpose()?,
            None => None,
        };
        let ends = Vec::with_capacity(self.columns.ids.len());
        let mut record = FileRecord { at, number, texts: String::new(), ends };
        for column in &self.columns.ids {
            let id = named(*column)?;
            if id.is_some_and(|id| id.len() > Self::LONGEST_ID && id.chars().count() > Self::LONGEST_ID) {
                let name = self.columns.name(*column);
                return Err(format!("the column {name:?} is too long: an id has up to 1,000 characters"));
            }
            record.texts.push_str(id.unwrap_or_default());
            record.ends.push((record.texts.len(), id.is_some()));
        }
        Ok(record)
    }

    const LONGEST_ID: usize = 1_000;
}

fn number_of(columns: &Columns, column: usize, text: &str, numbers: Numbers) -> Result<FileNumber, String> {
    let number = match numbers {
        Numbers::Whole => text.parse().ok().map(FileNumber::Whole),
        Numbers::Decimal => {
            text.parse().ok().filter(|number: &f64| number.is_finite()).map(FileNumber::Decimal)
        }
    };
    number.ok_or_else(|| {
        let given: String = text.chars().take(40).collect();
        let column = columns.name(column);
        if numbers == Numbers::Decimal {
            format!("the column {column:?} has {given:?}, which is not a number")
        } else if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'+') {
            format!("the column {column:?} has {given:?}, which doesn't fit into a whole number of 64 bits")
        } else if text.parse::<f64>().is_ok() {
            let hint = columns.fraction_hint;
            format!("the column {column:?} has {given:?}, which is not a whole number; {hint}")
        } else {
            format!("the column {column:?} has {given:?}, which is not a whole number")
        }
    })
}
