//! What a run knows before it reads its records: what is kept of the metric, and what earlier runs did.

use super::Tracker;
use crate::{
    blocks::Table,
    error::{Error, Result},
    format::Form,
    kinds::Value,
    model::{Metric, Period},
    rollup::{Grouping, Replaced, Tracked},
    storage::{Direction, Reads, Snapshot},
    store::{Beginning, Change, Mark, Parked, Store, Today},
};
use std::ops::RangeInclusive;

/// What a run knows before it reads its records.
#[derive(Debug)]
pub(super) struct Plan {
    domain: String,
    metric: String,
    form: Form,
    /// The periods that are kept beside days: those asked for, and those of earlier runs; in order.
    periods: Vec<Period>,
    /// Hours are kept too, now or since an earlier run.
    pub(super) hourly: bool,
    /// Today, as a day number.
    pub(super) today: i32,
    /// What the clock said, if it wasn't believed.
    pub(super) parked: Option<Parked>,
    /// The days that a record may be dated on; none if any will do.
    pub(super) plausible: Option<RangeInclusive<i32>>,
    /// The part kinds of each grouping; none for the first, which is all records together.
    pub(super) groupings: Vec<Vec<String>>,
    /// What earlier runs have kept of each grouping, if it was tracked.
    pub(super) before: Vec<Option<Tracked>>,
    /// Whether another run came between is told by this.
    mark: Mark,
}

/// What a run makes of a grouping.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) grouping: Grouping,
    pub(super) before: Option<Tracked>,
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
        groupings.extend(tracker.groupings.iter().map(|grouping| grouping.part_kinds().to_vec()));
        let Today { date, parked } = store.guarded_today()?;
        let mut plan = Self {
            domain: metric.domain_ref().to_owned(),
            metric: metric.metric_ref().to_owned(),
            form,
            periods: Vec::new(),
            hourly: false,
            today: store.calendar().slot(Period::Day, date.into())?,
            parked,
            plausible: store.plausible_days(),
            before: Vec::new(),
            groupings,
            mark,
        };
        plan.earlier_runs(&tracker.periods, &snapshot)?;
        Ok((plan, snapshot))
    }

    /// Takes over what earlier runs have kept.
    fn earlier_runs(&mut self, asked: &[Period], reads: &impl Reads) -> Result<()> {
        let read = |kinds: &Vec<String>| Tracked::read(reads, &self.domain, &self.metric, kinds);
        self.before = self.groupings.iter().map(read).collect::<Result<_>>()?;
        let earlier = self.before.iter().flatten().flat_map(|before| before.periods.iter().copied());
        let mut periods = asked.iter().map(|period| period.checked()).collect::<Result<Vec<_>>>()?;
        periods.extend(earlier);
        periods.retain(|period| *period != Period::Day);
        periods.sort_unstable();
        periods.dedup();
        self.hourly = periods.contains(&Period::Hour);
        self.periods = periods;
        Ok(())
    }

    /// The days of the metric, without object or with one.
    pub(super) fn days(&self, store: &Store, has_objects: bool) -> Table {
        store.table((&self.domain, &self.metric), Period::Day, self.form, has_objects)
    }

    /// The table of each grouping that values are counted in: of hours where they are kept, else of days.
    pub(super) fn sources(&self, store: &Store) -> Vec<Table> {
        let source = if self.hourly { Period::Hour } else { Period::Day };
        self.groupings.iter().map(|kinds| self.days(store, !kinds.is_empty()).of_period(source)).collect()
    }

    /// What a run makes of a grouping; days from `left_out_from` on were left out.
    pub(super) fn next(
        &self,
        change: &mut Change<'_>,
        number: usize,
        replaced: Replaced,
        left_out_from: Option<i32>,
    ) -> Result<Option<Next>> {
        let Some(kinds) = self.groupings.get(number) else { return Ok(None) };
        let before = self.before.get(number).cloned().flatten();
        let covered = before.as_ref().and_then(|before| before.through);
        let left_out = before.as_ref().and_then(|before| before.left_out);
        let (current, kept, left_out) = match replaced {
            Replaced::Merge => (self.today, covered, None),
            Replaced::Replace(since) => (
                left_out_from.map_or(self.today, |from| from - 1),
                covered.zip(since).map(|(covered, since)| covered.min(since - 1)),
                left_out_from.map(|today| {
                    // What lies before a later date than today stays as it was, finished or not.
                    let untouched = since.map(|since| left_out.map_or(since, |left_out| left_out.min(since)));
                    untouched.map_or(today, |untouched| untouched.max(today))
                }),
            ),
        };
        let mut tracked = Tracked {
            through: Some(kept.map_or(current, |kept| kept.max(current))),
            left_out,
            periods: self.periods.clone(),
            in_step: Vec::new(),
        };
        tracked.in_step = self.in_step(change, &tracked, before.as_ref(), replaced, !kinds.is_empty())?;
        let (domain, metric) = (self.domain.clone(), self.metric.clone());
        let grouping = Grouping { domain, metric, part_kinds: kinds.clone(), tracked };
        Ok(Some(Next { grouping, before }))
    }

    /// The calendar periods whose statistics are what their days make them after the run: those that were before, those
    /// that are replaced as a whole, and new ones that nobody has recorded by hand.
    fn in_step(
        &self,
        change: &mut Change<'_>,
        tracked: &Tracked,
        before: Option<&Tracked>,
        replaced: Replaced,
        has_objects: bool,
    ) -> Result<Vec<Period>> {
        let is_whole = matches!(replaced, Replaced::Replace(None));
        let mut in_step = Vec::new();
        for period in tracked.calendar_periods() {
            let was = before.is_some_and(|before| before.in_step.contains(&period));
            let is_new = before.is_none_or(|before| !before.periods.contains(&period));
            let table = self.days(change.store(), has_objects).of_period(period);
            if was
                || is_whole
                || is_new && change.writes().first(&table.keys(), Direction::Forwards)?.is_none()
            {
                in_step.push(period);
            }
        }
        Ok(in_step)
    }

    /// Whether no other run has written the metric since; what was read goes with the statistics as they were.
    pub(super) fn alone<V>(&self, change: &Change<'_>, metric: &Metric<'_, V>) -> Result<()> {
        if change.mark(metric).has_same_runs(&self.mark) {
            return Ok(());
        }
        Err(Error::Overtaken { metric: metric.to_string() })
    }

    /// Takes over what others have done since: runs, if they may, imports, and whoever wrote by hand. It is an error only
    /// where what was counted no longer fits.
    pub(super) fn renew<R, V: Value>(
        &mut self,
        change: &mut Change<'_>,
        tracker: &Tracker<'_, R, V>,
    ) -> Result<()> {
        if change.mark(&tracker.metric) == self.mark {
            return Ok(());
        }
        let counted = (self.form, self.hourly);
        self.form = change.register(tracker.metric)?;
        self.earlier_runs(&tracker.periods, change.writes())?;
        if (self.form, self.hourly) == counted {
            return Ok(());
        }
        Err(Error::Overtaken { metric: tracker.metric.to_string() })
    }
}
