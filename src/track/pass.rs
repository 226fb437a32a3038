//! A tracker's part in a run.

use super::{
    How, Report, Tracker,
    carry::{Carry, Mode},
    dating::Dating,
    plan::Plan,
    run::Lane,
    tally::{Tally, Unmerged},
};
use crate::{
    calendar::{Days, day_of_number},
    error::{Error, Result},
    format::{ROW_SLOTS, key},
    kinds::{MergeError, Value},
    model::{Date, Period},
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
    fn new(number: i32, plan: &Plan, dating: &Dating) -> Self {
        Self {
            number,
            plausible: plan.plausible.as_ref().is_none_or(|plausible| plausible.contains(&number)),
            left_out: dating.left_out_from.is_some_and(|from| number >= from),
            future: u64::from(number > plan.today),
            late: u64::from(dating.late_before.is_some_and(|before| number < before)),
        }
    }
}

/// A tracker's part in a run: its records are dated, grouped and tallied, and what comes of them is stored.
#[expect(missing_debug_implementations, reason = "it is hidden")]
pub struct Pass<'p, 'a, R, V> {
    tracker: &'p Tracker<'a, R, V>,
    store: &'p Store,
    plan: Plan,
    how: How,
    dating: Dating,
    strict: bool,
    days: Days,
    tally: Tally<V>,
    /// The day of the current record.
    day: DayOfRecords,
    /// The bytes of the current record's objects; the first, without object, stays empty.
    objects: Vec<Vec<u8>>,
    report: Report,
    /// The first and the last day with a record that counted.
    first: i32,
    last: i32,
}

impl<'p, 'a, R, V: Value> Pass<'p, 'a, R, V> {
    pub(super) fn new(
        tracker: &'p Tracker<'a, R, V>,
        store: &'p Store,
        how: How,
        strict: bool,
    ) -> Result<Self> {
        // What is replaced while the snapshot is held takes memory, and the records may take long.
        let (plan, snapshot) = Plan::new(store, tracker)?;
        let dating = Dating::new(store, tracker, &plan, snapshot, how)?;
        Ok(Self {
            tracker,
            store,
            how,
            strict,
            day: DayOfRecords::new(0, &plan, &dating),
            dating,
            days: Days::new(*store.calendar()),
            tally: Tally::new(
                store,
                plan.form,
                plan.groupings.len(),
                tracker.memory_bytes,
                tracker.most_objects,
            ),
            objects: vec![Vec::new(); plan.groupings.len()],
            report: Report { parked: plan.parked, ..Report::default() },
            plan,
            first: i32::MAX,
            last: i32::MIN,
        })
    }

    fn unreadable(&mut self, reason: String) -> Result<()> {
        if self.strict {
            self.settle()?;
            return Err(Error::UnreadableRecord { number: self.report.read, reason });
        }
        self.report.skip(reason);
        Ok(())
    }

    /// Tallies a record; the inner error is why it can't be read.
    #[inline]
    fn tally(&mut self, record: &R) -> Result<Result<(), String>> {
        let at = (self.tracker.timestamp)(record).unix_seconds();
        let found = if self.plan.hourly { self.days.find_hour(at) } else { self.days.find(at) };
        let ordinal = match found {
            Ok(ordinal) => ordinal,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let day = if self.plan.hourly { ordinal.div_euclid(ROW_SLOTS) } else { ordinal };
        if day != self.day.number {
            self.day = DayOfRecords::new(day, &self.plan, &self.dating);
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
        for (grouping, (object, since)) in self.objects.iter().zip(&self.dating.since).enumerate() {
            if since.is_some_and(|since| day < since) || (object.is_empty() && grouping > 0) {
                continue;
            }
            counts |= grouping == 0;
            full |= self
                .tally
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
            self.settle()?;
            self.tally.put_aside(self.store)?;
        }
        Ok(Ok(()))
    }

    #[cold]
    fn merge_error(&self, Unmerged { object, ordinal, error }: &Unmerged) -> Error {
        let metric = self.tracker.metric;
        let day = if self.plan.hourly { ordinal.div_euclid(ROW_SLOTS) } else { *ordinal };
        let date = day_of_number(day).unwrap_or_default();
        merge_error(metric.on(Period::Day, Date::from(date)), object, error)
    }
}

impl<R, V: Value> Lane<R> for Pass<'_, '_, R, V> {
    type Report = Report;

    fn earliest(&self) -> Option<i32> {
        self.dating.earliest()
    }

    #[inline]
    fn record(&mut self, record: &R) -> Result<()> {
        self.report.read += 1;
        match self.tally(record)? {
            Ok(()) => Ok(()),
            Err(reason) => self.unreadable(reason),
        }
    }

    fn skip(&mut self, reason: String) -> Result<()> {
        self.report.read += 1;
        self.unreadable(reason)
    }

    fn settle(&mut self) -> Result<()> {
        self.tally.settle().map_err(|unmerged| self.merge_error(&unmerged))
    }

    fn write(&mut self, change: &mut Change<'_>) -> Result<Report> {
        let replaces = matches!(self.how, How::Recompute { .. });
        if replaces {
            self.plan.alone(change, &self.tracker.metric)?;
        } else {
            self.plan.renew(change, self.tracker)?;
        }
        let Dating { since, left_out_from, .. } = &self.dating;
        let mut carry = Carry::new(change, self.tracker.metric, &self.plan)?;
        for (grouping, since) in since.iter().enumerate() {
            let replace = Mode::Replace { since: *since, left_out_from: *left_out_from };
            carry.grouping(&mut self.tally, grouping, if replaces { replace } else { Mode::Merge })?;
        }
        let mut report = mem::take(&mut self.report);
        report.written = carry.written();
        report.since = self.earliest().map(day_of_number).transpose()?;
        if self.first <= self.last {
            report.dates = Some((day_of_number(self.first)?, day_of_number(self.last)?));
        }
        Ok(report)
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

/// The error of two values that don't merge, in the statistic of a key and the bytes of an object.
pub(crate) fn merge_error<V>(
    key: crate::model::StatisticKey<'_, V>,
    object: &[u8],
    error: &MergeError,
) -> Error {
    let statistic = match key::decode_object(object) {
        Ok(object) => key.of(object).to_string(),
        Err(_) => key.to_string(),
    };
    Error::Merge { statistic, problem: error.to_string() }
}
