//! What a run knows before it reads its records: what is kept of the metric, and what earlier runs did.

use super::Tracker;
use crate::{
    error::{Error, Result},
    format::{Form, Record, TrackedRecord, key},
    kinds::Value,
    model::{Metric, Period},
    storage::Snapshot,
    store::{Beginning, Change, Mark, Parked, Store, Today},
};
use std::ops::RangeInclusive;

/// What a run knows before it reads its records.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) form: Form,
    /// The periods that are derived from days: those asked for, and those of earlier runs.
    pub(super) derived: Vec<Period>,
    /// Hours are kept too, now or since an earlier run.
    pub(super) hourly: bool,
    /// Today, as a day number.
    pub(super) today: i32,
    /// What the clock said, if it wasn't believed.
    pub(super) parked: Option<Parked>,
    /// The days that a record may be dated on; none if any will do.
    pub(super) plausible: Option<RangeInclusive<i32>>,
    /// The kinds of each grouping; none for the first, which is all records together.
    pub(super) groupings: Vec<Vec<String>>,
    /// The day up to which each grouping was tracked before, if it was.
    pub(super) through: Vec<Option<i32>>,
    /// Whether another run came between is told by this.
    mark: Mark,
}

impl Plan {
    /// The plan, and the statistics as they were when it was made.
    pub(super) fn new<R, V: Value>(store: &Store, tracker: &Tracker<'_, R, V>) -> Result<(Self, Snapshot)> {
        let metric = tracker.metric;
        let Beginning { snapshot, registry, mark } = store.begin_run(&metric);
        let form = match registry.form(&metric)?.or_else(Form::of::<V>) {
            Some(form) => form,
            None => registry.find(store.path(), metric.domain_ref(), metric.metric_ref())?.form(),
        };
        let mut groupings = vec![Vec::new()];
        groupings.extend(tracker.groupings.iter().map(|grouping| grouping.kinds().to_vec()));
        let Today { date, parked } = store.guarded_today()?;
        let mut plan = Self {
            form,
            derived: Vec::new(),
            hourly: false,
            today: store.calendar().slot(Period::Day, date.into())?,
            parked,
            plausible: store.plausible_days(),
            through: Vec::new(),
            groupings,
            mark,
        };
        plan.earlier_runs(store, tracker, |key| snapshot.get(key))?;
        Ok((plan, snapshot))
    }

    /// Takes over what earlier runs have kept.
    fn earlier_runs<R, V: Value>(
        &mut self,
        store: &Store,
        tracker: &Tracker<'_, R, V>,
        get: impl Fn(&[u8]) -> Result<Option<Vec<u8>>>,
    ) -> Result<()> {
        let metric = tracker.metric;
        let mut periods = tracker.periods.clone();
        self.through.clear();
        for kinds in &self.groupings {
            let key = key::tracked(metric.domain_ref(), metric.metric_ref(), kinds);
            if let Some(bytes) = get(&key)? {
                let earlier = Tracked::decode(store, &bytes)?;
                periods.extend(earlier.periods);
                self.through.push(Some(earlier.through));
            } else {
                self.through.push(None);
            }
        }
        for period in &periods {
            period.checked()?;
        }
        periods.sort_unstable();
        periods.dedup();
        self.hourly = periods.contains(&Period::Hour);
        periods.retain(|period| !matches!(period, Period::Hour | Period::Day));
        self.derived = periods;
        Ok(())
    }

    /// Whether no other run has written the metric since; what was read goes with the statistics as they were.
    pub(super) fn alone<V>(&self, change: &Change<'_>, metric: &Metric<'_, V>) -> Result<()> {
        if change.mark(metric) == self.mark {
            return Ok(());
        }
        Err(Error::Overtaken { metric: metric.to_string() })
    }

    /// Takes over what other runs have done since. It is an error only where what was tallied no longer fits.
    pub(super) fn renew<R, V: Value>(
        &mut self,
        change: &mut Change<'_>,
        tracker: &Tracker<'_, R, V>,
    ) -> Result<()> {
        let Err(overtaken) = self.alone(change, &tracker.metric) else { return Ok(()) };
        let tallied = (self.form, self.hourly);
        self.form = change.register(tracker.metric)?;
        self.earlier_runs(change.store(), tracker, |key| change.bytes(key))?;
        if (self.form, self.hourly) == tallied { Ok(()) } else { Err(overtaken) }
    }
}

/// What earlier runs did to a grouping.
#[derive(Debug)]
pub(super) struct Tracked {
    /// The day that running periods were carried to.
    pub(super) through: i32,
    /// The day whose unfinished calendar periods the last run left out.
    pub(super) left_out: Option<i32>,
    pub(super) periods: Vec<Period>,
    /// Those that equal their days.
    pub(super) in_step: Vec<Period>,
}

impl Tracked {
    pub(super) fn decode(store: &Store, bytes: &[u8]) -> Result<Self> {
        let TrackedRecord { through, left_out, periods, in_step } =
            TrackedRecord::decode(bytes).map_err(|malformed| store.corrupt(malformed, None))?;
        let parsed = |texts: Vec<String>| texts.iter().map(|period| period.parse()).collect::<Result<_>>();
        Ok(Self { through, left_out, periods: parsed(periods)?, in_step: parsed(in_step)? })
    }
}
