//! One pass over the records: dating, grouping and tallying them.

use super::{
    Report, Tracker, Unreadable,
    tally::{Tally, Unmerged},
};
use crate::{
    calendar::{Days, day_of_number},
    encoding::{Form, ROW_SLOTS, Record, TrackedRecord, key},
    error::{Error, Result},
    model::{Date, MergeError, Metric, Period, Value},
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
    parked: Option<Parked>,
    /// The days that a record may be dated on; none if any will do.
    plausible: Option<RangeInclusive<i32>>,
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

    /// The plan with what other runs have done since. It is an error only where what was tallied no longer fits.
    pub(super) fn renewed<R, V: Value>(
        mut self,
        change: &mut Change<'_>,
        tracker: &Tracker<'_, R, V>,
    ) -> Result<Self> {
        let Err(overtaken) = self.alone(change, &tracker.metric) else { return Ok(self) };
        let tallied = (self.form, self.hourly);
        self.form = change.register(tracker.metric)?;
        self.earlier_runs(change.store(), tracker, |key| change.bytes(key))?;
        if (self.form, self.hourly) == tallied { Ok(self) } else { Err(overtaken) }
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

/// How the records of a run are treated by their dates.
#[derive(Debug)]
pub(super) struct Dating {
    /// The day from which each grouping is recomputed; none for all days.
    pub(super) since: Vec<Option<i32>>,
    /// Records dated before this day come late.
    pub(super) late_before: Option<i32>,
    /// Records from this day on are left out.
    pub(super) left_out_from: Option<i32>,
}

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

/// One pass over the records.
pub(super) struct Pass<'p, 'a, R, V> {
    tracker: &'p Tracker<'a, R, V>,
    store: &'p Store,
    plan: &'p Plan,
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

/// So many records lie between two calls of a progress callback.
const PROGRESS: u64 = 8_192;

impl<'p, 'a, R, V: Value> Pass<'p, 'a, R, V> {
    pub(super) fn new(
        tracker: &'p Tracker<'a, R, V>,
        store: &'p Store,
        plan: &'p Plan,
        dating: Dating,
        strict: bool,
    ) -> Self {
        Self {
            tracker,
            store,
            plan,
            strict,
            day: DayOfRecords::new(0, plan, &dating),
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
            first: i32::MAX,
            last: i32::MIN,
        }
    }

    pub(super) fn run(
        mut self,
        records: impl IntoIterator<Item = Result<R, Unreadable>>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(Tally<V>, Report)> {
        for record in records {
            self.report.read += 1;
            let read = match record {
                Ok(record) => self.record(&record)?,
                Err(Unreadable::Skip(reason)) => Err(reason),
                Err(Unreadable::Stop(reason)) => {
                    self.settle()?;
                    return Err(Error::Source { reason });
                }
            };
            if let Err(reason) = read {
                if self.strict {
                    self.settle()?;
                    return Err(Error::UnreadableRecord { number: self.report.read, reason });
                }
                self.report.skip(reason);
            }
            if self.report.read.is_multiple_of(PROGRESS) {
                progress(self.report.read);
            }
        }
        self.settle()?;
        progress(self.report.read);
        if self.first <= self.last {
            self.report.dates = Some((day_of_number(self.first)?, day_of_number(self.last)?));
        }
        Ok((self.tally, self.report))
    }

    /// Tallies a record; the inner error is why it can't be read.
    #[inline]
    fn record(&mut self, record: &R) -> Result<Result<(), String>> {
        let at = (self.tracker.timestamp)(record).unix_seconds();
        let found = if self.plan.hourly { self.days.find_hour(at) } else { self.days.find(at) };
        let ordinal = match found {
            Ok(ordinal) => ordinal,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let day = if self.plan.hourly { ordinal.div_euclid(ROW_SLOTS) } else { ordinal };
        if day != self.day.number {
            self.day = DayOfRecords::new(day, self.plan, &self.dating);
        }
        if !self.day.plausible {
            return Ok(Err(implausible(day, self.plan)?));
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

    /// Merges what is on its way. An error in it comes before those of the records that follow.
    fn settle(&mut self) -> Result<()> {
        self.tally.settle().map_err(|unmerged| self.merge_error(&unmerged))
    }

    #[cold]
    fn merge_error(&self, Unmerged { object, ordinal, error }: &Unmerged) -> Error {
        let metric = self.tracker.metric;
        let day = if self.plan.hourly { ordinal.div_euclid(ROW_SLOTS) } else { *ordinal };
        let date = day_of_number(day).unwrap_or_default();
        merge_error(metric.on(Period::Day, Date::from(date)), object, error)
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
