//! Carrying what was tallied into the store: days first, then every period that is derived from them.

use super::{
    plan::{Plan, Tracked},
    stored_rows::{StoredRows, Target, Update},
    tally::{Tallied, Tally},
};
use crate::{
    calendar::Days,
    error::Result,
    format::{Form, ROW_SLOTS, Record, Row, TrackedRecord, key},
    kinds::Value,
    model::{Metric, Period, Point},
    rollup::Failed,
    storage::Direction,
    store::Change,
};

/// What becomes of the statistics that are stored already.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    /// Those from the day `since` on (all, if none) are replaced; periods that aren't over on the day `left_out_from`
    /// are left out.
    Replace { since: Option<i32>, left_out_from: Option<i32> },
    /// They are merged with what is new.
    Merge,
}

/// Carries a tally into a change.
#[derive(Debug)]
pub(super) struct Carry<'c, 's, 'a, V> {
    pub(super) change: &'c mut Change<'s>,
    metric: Metric<'a, V>,
    pub(super) plan: &'c Plan,
    days: Days,
    written: u64,
    /// Rows that nothing is derived from, with their numbers and keys: written by date, as the store has them, rather
    /// than by object.
    waiting: Vec<(i32, Vec<u8>, Row<V>)>,
}

/// So many rows wait at most.
const WAITING: usize = 16_384;

/// What a grouping's groups have in common.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) mode: Mode,
    /// Running periods, which are windows and lifetimes, are carried up to this day.
    pub(super) through: i32,
    /// The first day that they were not carried to before, if there is one.
    pub(super) extend_from: Option<i32>,
    /// The periods that the grouping doesn't have yet, and the days with statistics that they are derived from.
    pub(super) new: Vec<Period>,
    pub(super) stored_days: Option<(i32, i32)>,
    /// The days whose calendar periods the run before left out, since they weren't over then.
    pub(super) left_out: Option<(i32, i32)>,
    /// Calendar periods that end after this day are left out, since they aren't over.
    pub(super) leave_out_from: Option<i32>,
    pub(super) day: Target,
    pub(super) hour: Target,
    pub(super) derived: Vec<Target>,
}

pub(super) fn is_running(period: Period) -> bool {
    matches!(period, Period::LastDays(_) | Period::Lifetime)
}

impl<'c, 's, 'a, V: Value> Carry<'c, 's, 'a, V> {
    pub(super) fn new(change: &'c mut Change<'s>, metric: Metric<'a, V>, plan: &'c Plan) -> Result<Self> {
        change.register(metric)?;
        change.wrote(metric.to_string());
        let days = Days::new(*change.store().calendar());
        Ok(Self { change, metric, plan, days, written: 0, waiting: Vec::new() })
    }

    /// How many statistics were written.
    pub(super) fn written(self) -> u64 {
        self.written
    }

    /// Carries one grouping.
    pub(super) fn grouping(&mut self, tally: &mut Tally<V>, grouping: usize, mode: Mode) -> Result<()> {
        let plan = self.plan;
        let kinds = plan.groupings.get(grouping).map(Vec::as_slice).unwrap_or_default();
        let tracked_key = key::tracked(self.metric.domain_ref(), self.metric.metric_ref(), kinds);
        let store = self.change.store();
        let before =
            self.change.bytes(&tracked_key)?.map(|bytes| Tracked::decode(store, &bytes)).transpose()?;
        let mut scope = self.scope(mode, kinds, before.as_ref())?;
        let in_step = self.in_step(&scope, before.as_ref())?;

        self.touch_stored(tally, grouping, kinds, &mut scope)?;
        tally.for_each_group(store, grouping, |group| self.group(&scope, group))?;
        self.write_waiting()?;

        let hour = plan.hourly.then_some(Period::Hour);
        let mut periods: Vec<Period> = plan.derived.iter().copied().chain(hour).collect();
        periods.extend(before.into_iter().flat_map(|before| before.periods));
        periods.sort_unstable();
        periods.dedup();
        let periods = periods.iter().map(Period::to_string).collect();
        let record =
            TrackedRecord { through: scope.through, left_out: scope.leave_out_from, periods, in_step };
        self.change.put_bytes(tracked_key, record.encode())
    }

    fn scope(&mut self, mode: Mode, kinds: &[String], before: Option<&Tracked>) -> Result<Scope> {
        let plan = self.plan;
        let carried = before.map(|before| before.through);
        let (current, kept) = match mode {
            Mode::Merge => (plan.today, carried),
            Mode::Replace { since, left_out_from } => (
                left_out_from.map_or(plan.today, |from| from - 1),
                carried.zip(since).map(|(carried, since)| carried.min(since - 1)),
            ),
        };
        // Statistics are looked for on the day that running periods were carried to: it must have had any.
        let current = self.days.last_that_was(current)?;
        let kept = kept.map(|kept| self.days.last_that_was(kept)).transpose()?;
        let left_out = before.and_then(|before| before.left_out);
        let leave_out_from = match mode {
            // What lies before a later date than today stays as it was, finished or not.
            Mode::Replace { since, left_out_from } => left_out_from.map(|today| {
                let untouched = since.map(|since| left_out.map_or(since, |left_out| left_out.min(since)));
                untouched.map_or(today, |untouched| untouched.max(today))
            }),
            Mode::Merge => None,
        };
        let through = kept.map_or(current, |kept| kept.max(current));
        let calendar = *self.change.store().calendar();
        let target = |period| {
            let target = Target::new(calendar, &self.metric, period, plan.form, !kinds.is_empty());
            let removed_from = match mode {
                Mode::Replace { since: None, .. } => Some(i32::MIN),
                Mode::Replace { since: Some(since), .. } => {
                    Some(target.slots.row_of(calendar.slot_of_day(period, since) - 1) + 1)
                }
                Mode::Merge => None,
            };
            Target { removed_from, ..target }
        };
        Ok(Scope {
            mode,
            through,
            extend_from: kept.filter(|kept| *kept < through).map(|kept| kept + 1),
            new: plan
                .derived
                .iter()
                .copied()
                .filter(|period| before.is_none_or(|before| !before.periods.contains(period)))
                .collect(),
            stored_days: None,
            left_out: left_out.map(|left_out| (left_out, left_out.max(plan.today))),
            leave_out_from,
            day: target(Period::Day),
            hour: target(Period::Hour),
            derived: plan.derived.iter().copied().map(target).collect(),
        })
    }

    /// The calendar periods whose statistics are what their days make them once the grouping is carried: those that were
    /// before, those that are replaced as a whole, and new ones that nobody has recorded by hand.
    fn in_step(&self, scope: &Scope, before: Option<&Tracked>) -> Result<Vec<String>> {
        let replaced = matches!(scope.mode, Mode::Replace { since: None, .. });
        let snapshot = self.change.store().snapshot();
        let mut in_step = Vec::new();
        for Target { period, prefix, .. } in scope.derived.iter().filter(|target| !is_running(target.period))
        {
            let was = before.is_some_and(|before| before.in_step.contains(period));
            let is_new = scope.new.contains(period);
            if was || replaced || is_new && snapshot.first(&prefix.rows(), Direction::Forwards)?.is_none() {
                in_step.push(period.to_string());
            }
        }
        Ok(in_step)
    }

    /// Carries one group: its new values into days, and from there into every period.
    fn group(&mut self, scope: &Scope, (object, rows): Tallied<V>) -> Result<()> {
        let changed = if self.plan.hourly {
            let days = self.hours(scope, &object, rows)?;
            self.merge_days(scope, &object, days)?
        } else {
            self.day_rows(scope, &object, rows)?
        };
        for target in &scope.derived {
            if is_running(target.period) {
                self.running(scope, target, &object, &changed)?;
            } else {
                self.calendar(scope, target, &object, &changed)?;
            }
        }
        Ok(())
    }

    /// Carries rows of days; says which days changed.
    fn day_rows(&mut self, scope: &Scope, object: &[u8], rows: Vec<(i32, Row<V>)>) -> Result<Vec<i32>> {
        let mut changed = Vec::new();
        for (number, row) in rows {
            // The rows of a tally are those of the store, unless it has a row for each slot.
            if self.plan.form != Form::Integers || !scope.day.is_removed(number) {
                changed.extend(self.merge_days(scope, object, by_day(number, &row))?);
                continue;
            }
            self.written += u64::from(row.len());
            let key = self.rows(&scope.day, object).key(number);
            if scope.derived.is_empty() {
                self.waiting.push((number, key, row));
            } else {
                changed.extend(row.iter().map(|(slot, _)| number * ROW_SLOTS + slot.cast_signed()));
                self.change.put_row(key, &row, self.plan.form)?;
            }
        }
        if self.waiting.len() >= WAITING {
            self.write_waiting()?;
        }
        Ok(changed)
    }

    /// Writes the rows that wait.
    fn write_waiting(&mut self) -> Result<()> {
        // Objects came in their order.
        self.waiting.sort_by_key(|(number, ..)| *number);
        for (_, key, row) in self.waiting.drain(..) {
            self.change.put_row(key, &row, self.plan.form)?;
        }
        Ok(())
    }

    /// Merges values into days; says which.
    fn merge_days(&mut self, scope: &Scope, object: &[u8], days: Vec<(i32, V)>) -> Result<Vec<i32>> {
        let changed = days.iter().map(|(day, _)| *day).collect();
        let updates = days.into_iter().map(|(day, value)| (day, Update::Merge(value)));
        self.written += self.rows(&scope.day, object).update(updates)?;
        Ok(changed)
    }

    /// Carries the hours of a group, and adds them up to days.
    fn hours(&mut self, scope: &Scope, object: &[u8], rows: Vec<(i32, Row<V>)>) -> Result<Vec<(i32, V)>> {
        let mut days = Vec::new();
        for (day, row) in rows {
            let mut total = Row::default();
            let mut updates = Vec::new();
            for (slot, value) in row.iter() {
                let Some(value) = value else { continue };
                total
                    .merge(0, value)
                    .map_err(|error| self.rows(&scope.day, object).merge_error(day, &error))?;
                updates.push((day * ROW_SLOTS + slot.cast_signed(), Update::Merge(value.clone())));
            }
            self.written += self.rows(&scope.hour, object).update(updates)?;
            if let Some(Some(total)) = total.get(0) {
                days.push((day, total.clone()));
            }
        }
        Ok(days)
    }

    /// Derives weeks, months, quarters or years of a group.
    fn calendar(&mut self, scope: &Scope, target: &Target, object: &[u8], changed: &[i32]) -> Result<()> {
        let calendar = *self.change.store().calendar();
        let slot = |day| calendar.slot_of_day(target.period, day);
        let all = |first: i32, last: i32| (slot(first)..=slot(last)).collect();
        let (first, last) = (changed.first().copied(), changed.last().copied());
        let mut buckets: Vec<i32> = match (scope.mode, scope.stored_days) {
            (_, Some((from, to))) if scope.new.contains(&target.period) => {
                all(first.map_or(from, |first| first.min(from)), last.map_or(to, |last| last.max(to)))
            }
            (Mode::Replace { since: Some(since), .. }, _) => {
                all(since, last.map_or(since, |last| last.max(since)))
            }
            _ => changed.iter().copied().map(slot).collect(),
        };
        if let Some((from, to)) = scope.left_out {
            buckets.extend(slot(from)..=slot(to));
            buckets.sort_unstable();
        }
        buckets.dedup();
        let first_day = |bucket: i32| calendar.first_day_number(target.period, bucket);
        let (Some(from), Some(to)) = (buckets.first().copied(), buckets.last().copied()) else {
            return Ok(());
        };
        let mut updates = Vec::new();
        let values = self.rows(&scope.day, object).read(first_day(from), first_day(to + 1) - 1)?;
        for bucket in buckets {
            let unfinished = scope.leave_out_from.is_some_and(|from| first_day(bucket + 1) > from);
            let total = if unfinished {
                Ok(Point::Absent)
            } else {
                values.total(first_day(bucket), first_day(bucket + 1) - 1)
            };
            let total = total.map_err(|error| self.rows(target, object).merge_error(bucket, &error))?;
            updates.push((bucket, Update::Set(total)));
        }
        self.written += self.rows(target, object).update(updates)?;
        Ok(())
    }

    /// Derives the windows or lifetimes of a group.
    fn running(&mut self, scope: &Scope, target: &Target, object: &[u8], changed: &[i32]) -> Result<()> {
        let new = scope.new.contains(&target.period);
        let since = match scope.mode {
            Mode::Replace { since, .. } => since,
            Mode::Merge => None,
        };
        let stored_from = scope.stored_days.filter(|_| new).map(|(from, _)| from);
        let starts = [changed.first().copied(), since, scope.extend_from, stored_from];
        let Some(from) = starts.into_iter().flatten().min() else { return Ok(()) };
        let to = match (target.period, changed.last()) {
            // A window that a late day is not in stays as it is.
            (Period::LastDays(days), Some(last))
                if !new && since.is_none() && scope.extend_from.is_none() =>
            {
                last.saturating_add(i32::from(days) - 1).min(scope.through)
            }
            _ => scope.through,
        };
        if from > to {
            return Ok(());
        }
        let ends = self.days.those_that_were(from, to)?;
        let derived = if let Period::LastDays(days) = target.period {
            let read_from = from.saturating_sub(i32::from(days) - 1);
            self.rows(&scope.day, object).read(read_from, to)?.windows(days, ends, from)
        } else {
            let before = if new { Point::Absent } else { self.last_before(target, object, from)? };
            self.rows(&scope.day, object).read(from, to)?.lifetimes(before, ends, from)
        };
        let derived =
            derived.map_err(|Failed { day, error }| self.rows(target, object).merge_error(day, &error))?;
        let updates = derived.into_iter().map(|(day, value)| (day, Update::Set(value)));
        self.written += self.rows(target, object).update(updates)?;
        Ok(())
    }

    /// The statistic of the last day before `from` that there was.
    fn last_before(&mut self, target: &Target, object: &[u8], from: i32) -> Result<Point<V>> {
        let day = self.days.last_that_was(from - 1)?;
        self.rows(target, object).get(day)
    }

    fn rows<'x>(&'x mut self, target: &'x Target, object: &'x [u8]) -> StoredRows<'x, 's, 'a, V> {
        StoredRows { change: self.change, target, object, metric: self.metric, form: self.plan.form }
    }
}

/// The values of a row of days, by day.
fn by_day<V: Value>(number: i32, row: &Row<V>) -> Vec<(i32, V)> {
    let day = |slot: u32| number * ROW_SLOTS + slot.cast_signed();
    row.iter().filter_map(|(slot, value)| Some((day(slot), value?.clone()))).collect()
}
