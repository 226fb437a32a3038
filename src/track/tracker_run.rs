//! A tracker's part in a run.

use super::{
    How, Report, Track, Tracker,
    cutoffs::Cutoffs,
    group_by::{GroupBy, Unmerged},
    plan::Plan,
    run::{Begin, Run},
};
use crate::{
    calendar::{Days, HOURS, day_of_number},
    error::{Error, Result},
    kinds::Value,
    rollup::{Apply, Replaced},
    store::{Change, Store},
};
use std::mem;

/// What is the same for all records of a day, so that it is worked out once for those that follow each other.
#[derive(Debug)]
struct DayOfRecords {
    number: i32,
    plausible: bool,
    left_out: bool,
    /// How much each of them adds to these counts of the report.
    future: u64,
    late: u64,
}

impl DayOfRecords {
    fn new(number: i32, plan: &Plan, cutoffs: &Cutoffs) -> Self {
        Self {
            number,
            plausible: plan.plausible.as_ref().is_none_or(|plausible| plausible.contains(&number)),
            left_out: cutoffs.left_out_from.is_some_and(|from| number >= from),
            future: u64::from(number > plan.today),
            late: u64::from(cutoffs.late_before.is_some_and(|before| number < before)),
        }
    }
}

/// A tracker's part in a run: its records are dated and grouped, and what comes of them is stored.
#[expect(missing_debug_implementations, reason = "it has closures, and nobody can name it")]
pub struct TrackerRun<'p, 'a, R, V> {
    tracker: &'p Tracker<'a, R, V>,
    store: &'p Store,
    plan: Plan,
    how: How,
    cutoffs: Cutoffs,
    strict: bool,
    days: Days,
    values: GroupBy<V>,
    /// The day of the current record.
    day: DayOfRecords,
    /// The bytes of the current record's objects; the first, without object, stays empty.
    objects: Vec<Vec<u8>>,
    report: Report,
    /// The first and the last day with a record that counted.
    first: i32,
    last: i32,
}

impl<'p, 'a, R, V: Value> TrackerRun<'p, 'a, R, V> {
    pub(super) fn new(
        tracker: &'p Tracker<'a, R, V>,
        store: &'p Store,
        how: How,
        strict: bool,
    ) -> Result<Self> {
        // What is replaced while the snapshot is held takes memory, and the records may take long.
        let (plan, snapshot) = Plan::new(store, tracker)?;
        let cutoffs = Cutoffs::new(store, &plan, &snapshot, how)?;
        Ok(Self {
            tracker,
            store,
            how,
            strict,
            day: DayOfRecords::new(0, &plan, &cutoffs),
            cutoffs,
            days: Days::new(*store.calendar()),
            values: GroupBy::new(store, plan.sources(store), tracker.memory_bytes, tracker.most_objects),
            objects: vec![Vec::new(); plan.groupings.len()],
            report: Report { parked: plan.parked, ..Report::default() },
            plan,
            first: i32::MAX,
            last: i32::MIN,
        })
    }

    fn unreadable(&mut self, reason: String) -> Result<()> {
        if self.strict {
            self.flush()?;
            return Err(Error::UnreadableRecord { number: self.report.read, reason });
        }
        self.report.skip(reason);
        Ok(())
    }

    /// Adds a record; the inner error is why it can't be read.
    #[inline]
    fn add(&mut self, record: &R) -> Result<Result<(), String>> {
        let at = (self.tracker.timestamp)(record).unix_seconds();
        let found = if self.plan.hourly { self.days.find_hour(at) } else { self.days.find(at) };
        let ordinal = match found {
            Ok(ordinal) => ordinal,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let day = if self.plan.hourly { ordinal.div_euclid(HOURS) } else { ordinal };
        if day != self.day.number {
            self.day = DayOfRecords::new(day, &self.plan, &self.cutoffs);
        }
        if !self.day.plausible {
            return Ok(Err(implausible(day, &self.plan)?));
        }
        let value = match (self.tracker.value)(record) {
            Ok(Some(value)) => value,
            Ok(None) => {
                self.report.without_value += 1;
                return Ok(Ok(()));
            }
            Err(reason) => return Ok(Err(reason)),
        };
        for (grouping, object) in self.tracker.groupings.iter().zip(self.objects.iter_mut().skip(1)) {
            if let Err(reason) = grouping.object(record, object) {
                return Ok(Err(reason));
            }
        }
        if self.day.left_out {
            self.report.unfinished += 1;
            return Ok(Ok(()));
        }
        let mut full = false;
        let mut counts = false;
        for (grouping, (object, since)) in self.objects.iter().zip(&self.cutoffs.since).enumerate() {
            if since.is_some_and(|since| day < since) || (object.is_empty() && grouping > 0) {
                continue;
            }
            counts |= grouping == 0;
            full |= self
                .values
                .merge(grouping, object, ordinal, &value)
                .map_err(|unmerged| self.merge_error(&unmerged))?;
        }
        if counts {
            self.first = self.first.min(day);
            self.last = self.last.max(day);
            self.report.future += self.day.future;
            self.report.late += self.day.late;
        } else {
            self.report.before_since += 1;
        }
        if full {
            self.flush()?;
            self.values.spill()?;
        }
        Ok(Ok(()))
    }

    #[cold]
    fn merge_error(&self, Unmerged { object, slot, error }: &Unmerged) -> Error {
        let day = if self.plan.hourly { slot.div_euclid(HOURS) } else { *slot };
        self.plan.days(self.store, !object.is_empty()).merge_error(day, object, error)
    }
}

impl<R, V: Value> Run<R> for TrackerRun<'_, '_, R, V> {
    type Report = Report;

    fn earliest(&self) -> Option<i32> {
        self.cutoffs.earliest()
    }

    #[inline]
    fn record(&mut self, record: &R) -> Result<()> {
        self.report.read += 1;
        match self.add(record)? {
            Ok(()) => Ok(()),
            Err(reason) => self.unreadable(reason),
        }
    }

    fn skip(&mut self, reason: String) -> Result<()> {
        self.report.read += 1;
        self.unreadable(reason)
    }

    fn flush(&mut self) -> Result<()> {
        self.values.flush().map_err(|unmerged| self.merge_error(&unmerged))
    }

    fn write(&mut self, change: &mut Change<'_>) -> Result<Report> {
        if matches!(self.how, How::Recompute { .. }) {
            self.plan.alone(change, &self.tracker.metric)?;
        }
        self.plan.renew(change, self.tracker)?;
        change.register(self.tracker.metric)?;
        change.note_run(self.tracker.metric.to_string());
        let mut written = 0;
        for grouping in 0..self.plan.groupings.len() {
            written += self.write_grouping(change, grouping)?;
        }
        let mut report = mem::take(&mut self.report);
        report.written = written;
        report.since = self.earliest().map(day_of_number).transpose()?;
        if self.first <= self.last {
            report.dates = Some((day_of_number(self.first)?, day_of_number(self.last)?));
        }
        Ok(report)
    }
}

impl<R, V: Value> TrackerRun<'_, '_, R, V> {
    /// Writes what came of a grouping's records, and what is tracked now; says how many statistics were written.
    fn write_grouping(&mut self, change: &mut Change<'_>, number: usize) -> Result<u64> {
        let since = self.cutoffs.since.get(number).copied().flatten();
        let replaced = match self.how {
            How::Recompute { .. } => Replaced::Replace(since),
            How::Append => Replaced::Merge,
        };
        let Some(next) = self.plan.next(change, number, replaced, self.cutoffs.left_out_from)? else {
            return Ok(0);
        };
        let days = self.plan.days(self.store, !next.grouping.part_kinds.is_empty());
        let before = next.before.as_ref();
        let mut apply = Apply::new(days, &next.grouping, before, replaced, next.grouping.tracked.left_out);
        self.values.for_each_memtable(self.store, number, |values| apply.values(change.writes(), values))?;
        let written = apply.finish::<V>(change.writes())?;
        if before != Some(&next.grouping.tracked) {
            change.put_bytes(next.grouping.key(), next.grouping.tracked.encode())?;
        }
        Ok(written.given)
    }
}

impl<R, V: Value> Track for Tracker<'_, R, V> {
    type Record = R;
    type Report = Report;
}

impl<'a, R, V: Value> Begin for Tracker<'a, R, V> {
    type Run<'r>
        = TrackerRun<'r, 'a, R, V>
    where
        Self: 'r;

    fn begin<'r>(&'r self, store: &'r Store, how: How, strict: bool) -> Result<Self::Run<'r>> {
        TrackerRun::new(self, store, how, strict)
    }
}

/// Why a record of this day is skipped.
#[cold]
fn implausible(day: i32, plan: &Plan) -> Result<String> {
    let Some(plausible) = &plan.plausible else { return Ok(String::new()) };
    let (date, earliest, latest) =
        (day_of_number(day)?, day_of_number(*plausible.start())?, day_of_number(*plausible.end())?);
    Ok(format!(
        "a record dated {date}, outside the plausible dates {earliest} to {latest}; check the clock that dated it"
    ))
}
