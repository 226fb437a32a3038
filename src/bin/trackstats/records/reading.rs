//! A record, as a tracker takes it.

use super::columns::{Columns, Numbers};
use crate::arguments::id_of;
use trackstats::{Calendar, Id, Period, Result, Timestamp, chrono::NaiveDate};

/// A record, as a tracker takes it.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) at: Timestamp,
    value: Option<Number>,
    /// The texts of the ids one after the other, and where each ends; the ends of those that it doesn't have are
    /// marked.
    texts: String,
    ends: Vec<(usize, bool)>,
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Whole(i64),
    Decimal(f64),
}

impl Reading {
    /// An id that is not an empty text.
    pub(crate) fn item(&self, place: usize) -> Option<Id<'_>> {
        self.id(place).filter(|id| *id != Id::Text(""))
    }

    /// The value, if [`Numbers::Whole`] were asked for and it has one.
    pub(crate) fn whole(&self) -> Option<i64> {
        match self.value {
            Some(Number::Whole(number)) => Some(number),
            _ => None,
        }
    }

    /// The value, if [`Numbers::Decimal`] were asked for and it has one.
    pub(crate) fn decimal(&self) -> Option<f64> {
        match self.value {
            Some(Number::Decimal(number)) => Some(number),
            _ => None,
        }
    }

    /// An id, by its place among [`Columns::group`]; none if the record doesn't have it.
    pub(crate) fn id(&self, place: usize) -> Option<Id<'_>> {
        let (end, has) = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        has.then(|| self.texts.get(start..end).map(id_of)).flatten()
    }
}

/// What makes readings of the texts in a record's columns.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    calendar: Calendar,
    pub(super) columns: Columns,
    /// The instants that have a date, in Unix seconds; the last one excluded.
    first: i64,
    end: i64,
}

impl Reader {
    pub(crate) fn new(calendar: Calendar, columns: Columns) -> Result<Self> {
        let (first, last) = (NaiveDate::from_ymd_opt(1, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31));
        let first = calendar.bucket_on(Period::Day, first.unwrap_or_default())?.start.timestamp();
        let end = calendar.bucket_on(Period::Day, last.unwrap_or_default())?.end.timestamp();
        Ok(Self { calendar, columns, first, end })
    }

    /// Reads a record of which `text` gives the text in a column, `None` if it has none.
    pub(super) fn read<'t>(&self, text: impl Fn(usize) -> Option<&'t [u8]>) -> Result<Reading, String> {
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
        let value = match self.columns.value {
            Some((column, numbers)) => named(column)?
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(|text| number(self.columns.name(column), text, numbers))
                .transpose()?,
            None => None,
        };
        let mut reading =
            Reading { at, value, texts: String::new(), ends: Vec::with_capacity(self.columns.ids.len()) };
        for column in &self.columns.ids {
            let id = named(*column)?;
            if id.is_some_and(|id| id.len() > Self::LONGEST_ID && id.chars().count() > Self::LONGEST_ID) {
                let name = self.columns.name(*column);
                return Err(format!("the column {name:?} is too long: an id has up to 1,000 characters"));
            }
            reading.texts.push_str(id.unwrap_or_default());
            reading.ends.push((reading.texts.len(), id.is_some()));
        }
        Ok(reading)
    }

    const LONGEST_ID: usize = 1_000;
}

fn number(column: &str, text: &str, numbers: Numbers) -> Result<Number, String> {
    let number = match numbers {
        Numbers::Whole => text.parse().ok().map(Number::Whole),
        Numbers::Decimal => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Number::Decimal),
    };
    number.ok_or_else(|| {
        let given: String = text.chars().take(40).collect();
        if numbers == Numbers::Decimal {
            format!("the column {column:?} has {given:?}, which is not a number")
        } else if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'+') {
            format!("the column {column:?} has {given:?}, which doesn't fit into a whole number of 64 bits")
        } else if text.parse::<f64>().is_ok() {
            format!(
                "the column {column:?} has {given:?}, which is not a whole number; --sum-float adds decimals"
            )
        } else {
            format!("the column {column:?} has {given:?}, which is not a whole number")
        }
    })
}
