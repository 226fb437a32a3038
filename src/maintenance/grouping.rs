//! The objects that a metric was tracked by, and what is derived for them.

use crate::{
    calendar::Calendar,
    error::Result,
    format::{KeyRange, Malformed, Record, Space, TrackedRecord},
    model::{Object, Period, Ref},
    storage::Snapshot,
    store::Store,
};

/// The objects of some kinds that a metric was tracked by, and how far trackers have come.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    /// None for the statistics without object.
    pub(super) kinds: Vec<String>,
    /// The day that running periods were carried to.
    pub(super) through: i32,
    /// The day whose unfinished calendar periods were left out.
    pub(super) left_out: Option<i32>,
    /// The periods that are derived from days.
    pub(super) derived: Vec<Period>,
}

impl Grouping {
    /// The domain, the metric and the grouping of a tracked record.
    pub(super) fn decode(
        calendar: &Calendar,
        key: &[u8],
        record: &[u8],
    ) -> Result<(String, String, Self), Malformed> {
        let names = Space::Tracked.names(key)?;
        let [domain, metric, kinds @ ..] = names.as_slice() else {
            return Err(Malformed("a key of tracking without a metric"));
        };
        if kinds.len() > Object::MAX_PARTS || names.iter().any(|name| Ref::parse(name).is_err()) {
            return Err(Malformed("a key of tracking with an invalid ref, or too many kinds"));
        }
        let TrackedRecord { through, left_out, periods, in_step } = TrackedRecord::decode(record)?;
        let days = calendar.slots(Period::Day);
        // Where trackers have come to may be the day before the first, or after the last.
        let days = days.start() - 1..=days.end() + 1;
        if !days.contains(&through) || left_out.is_some_and(|left_out| !days.contains(&left_out)) {
            return Err(Malformed("a record of tracking with a day outside the years 1 to 9999"));
        }
        let parsed = |texts: &[String]| -> Result<Vec<Period>, Malformed> {
            texts
                .iter()
                .map(|period| period.parse::<Period>().and_then(Period::checked))
                .collect::<Result<_>>()
                .map_err(|_| Malformed("a record of tracking with an unknown period"))
        };
        let periods = parsed(&periods)?;
        parsed(&in_step)?;
        let derived =
            periods.into_iter().filter(|period| !matches!(period, Period::Hour | Period::Day)).collect();
        Ok((domain.clone(), metric.clone(), Self { kinds: kinds.to_vec(), through, left_out, derived }))
    }

    /// The groupings of a metric.
    pub(super) fn all(store: &Store, snapshot: &Snapshot, domain: &str, metric: &str) -> Result<Vec<Self>> {
        let mut groupings = Vec::new();
        snapshot.for_each(KeyRange::prefix(Space::Tracked.key(&[domain, metric])), |entry| {
            let (_, _, grouping) = Self::decode(store.calendar(), &entry.key, &entry.value)
                .map_err(|malformed| store.corrupt(malformed, None))?;
            groupings.push(grouping);
            Ok(())
        })?;
        Ok(groupings)
    }
}
