//! What a program is here: statistics day by day, about objects with names.

use crate::engine::Sum;
use anyhow::{Context, Result};
use chrono::NaiveDate;
use trackstats::{Domain, Metric, Period};

/// All days are counted from this one, 2010-01-01, of which this many are after 1970-01-01.
pub const FIRST_DAY: u32 = 14_610;
/// The same from the first day of our era.
const FIRST_DAY_OF_ERA: u32 = 733_773;

/// Every program has one metric, but for the small one.
pub const METRIC: Metric<'static> = Metric::new(Domain::new("program", "Program"), "count", "Count");

/// What a statistic covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    Hour,
    Day,
}

/// A statistic: of an hour or a day, both counted from the first day, and about an object, which is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub span: Span,
    pub at: u32,
    pub object: u32,
    pub value: i64,
}

pub trait Program {
    /// The kinds of the parts of its objects.
    fn kinds(&self) -> &'static [&'static str];

    /// The ids of an object's parts.
    fn names(&self, object: u32) -> Vec<String>;

    fn days(&self) -> u32;

    /// What its lists and charts are about: the shortest that it keeps.
    fn span(&self) -> Span;

    /// The statistics of a day, by span, date and object.
    fn day(&self, day: u32) -> Vec<Point>;
}

impl Span {
    pub fn period(self) -> Period {
        match self {
            Self::Hour => Period::Hour,
            Self::Day => Period::Day,
        }
    }
}

/// Statistics of a span, from how often each object has come up at each hour or day.
pub fn counted(span: Span, mut found: Vec<(u32, u32)>) -> Vec<Point> {
    found.sort_unstable();
    let same = found.chunk_by(|a, b| a == b);
    same.filter_map(|same| {
        let (at, object) = *same.first()?;
        Some(Point { span, at, object, value: i64::try_from(same.len()).unwrap_or(i64::MAX) })
    })
    .collect()
}

/// The date of a day that is counted from the first one.
pub fn date(day: u32) -> Result<NaiveDate> {
    let number = i32::try_from(FIRST_DAY_OF_ERA + day)?;
    NaiveDate::from_num_days_from_ce_opt(number).context("a day is out of range")
}

/// The second after 1970 at which a day that is counted from the first one has come to this second.
pub fn instant(day: u32, second: u32) -> i64 {
    i64::from(FIRST_DAY + day) * 86_400 + i64::from(second)
}

/// A number for the names of an object, which depends on all of their bytes and takes little time.
pub fn fingerprint<'n>(names: impl IntoIterator<Item = &'n str>) -> u64 {
    let mut print = 0_u64;
    for name in names {
        for chunk in name.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(chunk).for_each(|(byte, from)| *byte = *from);
            print = (print.rotate_left(5) ^ u64::from_le_bytes(bytes)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    print
}

/// Adds a statistic to what was read, with its date and the fingerprint of its object.
pub fn add(sum: &mut Sum, span: Span, at: u32, fingerprint: u64, value: i64) {
    let hour = u32::from(span == Span::Hour) << 31;
    // The upper half of a product depends on all that was multiplied.
    let name = u32::try_from(fingerprint >> 32).unwrap_or_default();
    sum.add(name ^ at.wrapping_mul(0x9e37_79b1) ^ hour, value);
}
