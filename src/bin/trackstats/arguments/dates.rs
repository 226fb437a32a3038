//! `--from` and `--to`.

use clap::Args;
use trackstats::{SeriesQuery, Value, chrono::NaiveDate};

/// A range of dates, the ends included.
#[derive(Debug, Args)]
pub(crate) struct DatesArgs {
    /// From the period that contains this date on
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<NaiveDate>,
    /// Up to the period that contains this date
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<NaiveDate>,
}

impl DatesArgs {
    /// The query of this range.
    pub(crate) fn of<'m, V: Value>(&self, query: SeriesQuery<'m, V>) -> SeriesQuery<'m, V> {
        let query = self.from.map_or(query.clone(), |from| query.from(from));
        self.to.map_or(query.clone(), |to| query.to(to))
    }
}
