//! What trackers keep of a metric: which periods, for objects of which kinds, and how far they have come.

use crate::{
    blocks::Table,
    calendar::{MAX_DAY, MIN_DAY},
    error::Result,
    format::{KeyRange, Malformed, PartKindBytes, PeriodRecord, Record, Space, TrackedRecord, key},
    model::{Object, Period, Ref},
    storage::Reads,
};

/// One way in which a metric is grouped by its trackers, and what is kept for its objects: all have parts of the same
/// kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grouping {
    pub(crate) domain: String,
    pub(crate) metric: String,
    /// None for the statistics without object.
    pub(crate) part_kinds: Vec<String>,
    pub(crate) tracked: Tracked,
}

/// What is kept for the objects of a grouping. Days are numbered from 1970-01-01.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tracked {
    /// The last day that a run of a tracker covered; none after an import.
    pub(crate) through: Option<i32>,
    /// The day whose unfinished periods the last run left out.
    pub(crate) left_out: Option<i32>,
    /// The periods that are kept beside days, in order.
    pub(crate) periods: Vec<Period>,
    /// Of those the calendar periods whose stored statistics are what their days make them; a write by hand ends that.
    pub(crate) in_step: Vec<Period>,
}

impl Tracked {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let records = |periods: &[Period]| periods.iter().copied().map(PeriodRecord::from).collect();
        let (periods, in_step) = (records(&self.periods), records(&self.in_step));
        TrackedRecord { through: self.through, left_out: self.left_out, periods, in_step }.encode()
    }

    pub(crate) fn decode(record: &[u8]) -> Result<Self, Malformed> {
        let TrackedRecord { through, left_out, periods, in_step } = TrackedRecord::decode(record)?;
        let days = [through, left_out];
        // Where trackers have come to may be the day before the first, or after the last.
        if days.into_iter().flatten().any(|day| !(MIN_DAY - 1..=MAX_DAY + 1).contains(&day)) {
            return Err(Malformed("a record of tracking with a day outside the years 1 to 9999"));
        }
        let periods_of = |records: Vec<PeriodRecord>| {
            records.into_iter().map(PeriodRecord::period).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { through, left_out, periods: periods_of(periods)?, in_step: periods_of(in_step)? })
    }

    /// What is kept of a metric for objects of these kinds, none if it isn't tracked by them.
    pub(crate) fn read(
        reads: &impl Reads,
        domain: &str,
        metric: &str,
        kinds: &[String],
    ) -> Result<Option<Self>> {
        let record = reads.get(&key::tracked(domain, metric, kinds))?;
        record.map(|record| Self::decode(&record)).transpose().map_err(|malformed| reads.corrupt(malformed))
    }

    /// The last day that running periods are worked out for: today, which may be before the days that were tracked
    /// where a clock went back; or the day before the one that was left out.
    pub(crate) fn last_day(&self, today: Option<i32>) -> i32 {
        let last = today.max(self.through).unwrap_or(i32::MIN);
        self.left_out.map_or(last, |left_out| last.min(left_out - 1))
    }

    /// The calendar periods that are kept beside days.
    pub(crate) fn calendar_periods(&self) -> impl Iterator<Item = Period> {
        self.periods
            .iter()
            .copied()
            .filter(|period| period.is_calendar() && !matches!(period, Period::Hour | Period::Day))
    }
}

impl Grouping {
    /// A grouping from its key and its record.
    pub(crate) fn decode(key: &[u8], record: &[u8]) -> Result<Self, Malformed> {
        let names = Space::Tracked.names(key)?;
        let [domain, metric, kinds @ ..] = names.as_slice() else {
            return Err(Malformed("a key of tracking without a metric"));
        };
        if kinds.len() > Object::MAX_PARTS || names.iter().any(|name| Ref::parse(name).is_err()) {
            return Err(Malformed("a key of tracking with an invalid ref, or too many kinds"));
        }
        let tracked = Tracked::decode(record)?;
        Ok(Self { domain: domain.clone(), metric: metric.clone(), part_kinds: kinds.to_vec(), tracked })
    }

    /// The groupings of a metric, of those of all metrics of a domain, or of all.
    pub(crate) fn all(reads: &impl Reads, names: &[&str]) -> Result<Vec<Self>> {
        let mut groupings = Vec::new();
        reads.for_each(KeyRange::prefix(Space::Tracked.key(names)), |entry| {
            let grouping = Self::decode(&entry.key, &entry.value);
            groupings.push(grouping.map_err(|malformed| reads.corrupt(malformed))?);
            Ok(())
        })?;
        Ok(groupings)
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        key::tracked(&self.domain, &self.metric, &self.part_kinds)
    }

    /// The tables of the calendar periods that are kept, beside a table of the metric's.
    pub(crate) fn kept_tables(&self, days: &Table) -> Vec<(Table, Self)> {
        self.tracked.calendar_periods().map(|period| (days.of_period(period), self.clone())).collect()
    }

    pub(crate) fn part_kind_bytes(&self) -> PartKindBytes {
        PartKindBytes::new(&self.part_kinds)
    }
}
