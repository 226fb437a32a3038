//! `--from` and `--to`.

use clap::Args;
use trackstats::{chrono::NaiveDate, query::SeriesQuery};

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
    pub(crate) fn of<'m, T>(&self, mut query: SeriesQuery<'m, T>) -> SeriesQuery<'m, T> {
        if let Some(from) = self.from {
            query = query.from(from);
        }
        if let Some(to) = self.to {
            query = query.to(to);
        }
        query
    }
}
