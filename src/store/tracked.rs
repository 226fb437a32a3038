//! What trackers keep, for people and programs that ask.

use super::Store;
use crate::{
    calendar::{MIN_DAY, day_of_number},
    error::Result,
    model::Period,
    rollup::Grouping,
};
use chrono::NaiveDate;

/// What trackers keep of a metric, for objects whose parts are of some kinds, or without object. Made by [`Store::tracked`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackedInfo {
    /// The ref of the domain.
    pub domain: String,
    /// The ref of the metric.
    pub metric: String,
    /// The kinds of the objects' parts, in order; none for the statistics without object.
    pub by: Vec<String>,
    /// The periods that are kept beside days, in order.
    pub periods: Vec<Period>,
    /// The last date that running periods are worked out for, by the store's clock; none before the first run.
    pub last: Option<NaiveDate>,
}

impl Store {
    /// What trackers keep: by domain and metric, and then by the kinds of the objects' parts.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, Timestamp, Tracker};
    ///
    /// const LAUNCHES: Metric = Metric::new(Domain::new("app", "Our app"), "launches", "Launches");
    ///
    /// let store = Store::in_memory()?;
    /// let tracker = Tracker::count(LAUNCHES, |at: &Timestamp| *at).periods([Period::Week, Period::Lifetime]);
    /// tracker.append().run(&store, [store.now()])?;
    /// let tracked = store.tracked()?;
    /// assert_eq!(tracked[0].periods, [Period::Week, Period::Lifetime]);
    /// assert_eq!(tracked[0].last, Some(store.today()?));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) or [`Error::Io`](crate::Error::Io).
    pub fn tracked(&self) -> Result<Vec<TrackedInfo>> {
        let today = self.today_number();
        let groupings = Grouping::all(&self.snapshot(), &[])?;
        let info = |grouping: Grouping| {
            let last = grouping.tracked.last_day(today);
            let last = (last >= MIN_DAY).then(|| day_of_number(last)).transpose()?;
            let Grouping { domain, metric, part_kinds, tracked } = grouping;
            Ok(TrackedInfo { domain, metric, by: part_kinds, periods: tracked.periods, last })
        };
        groupings.into_iter().map(info).collect()
    }
}
