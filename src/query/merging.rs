//! Series derived by merging values: windows, running totals, wider periods.

use super::{
    axis::{Axis, Range},
    derived::Derived,
    fill::Fill,
    line::{Line, Point},
};
use crate::{
    calendar::Days,
    error::Result,
    kinds::Value,
    model::Period,
    rollup::{DayValues, Derived as Slotted, Failed, merge},
};
use std::collections::HashMap;

impl<T: Value> Derived<'_, T> {
    /// The merge of the last `count` periods of each date, that of the date included: of days, the `count` calendar
    /// days that end on it, which equals [`Period::LastDays`]; of weeks to years, so many of them.
    ///
    /// It is dated by its last period, and takes linear time however wide the window. Absent if all of its periods are,
    /// missing if none of them has a value; there are windows up to the last date asked for. Dates that never were have
    /// none.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// store.record(SALES.on(Period::Day, may(1)), 5)?;
    /// store.record(SALES.on(Period::Day, may(4)), 7)?;
    /// let windows = store.series(SALES, Period::Day).from(may(3)).to(may(6)).rolling(3);
    /// assert_eq!(windows.values()?, [Some(5), Some(7), Some(7), Some(7)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// Read it is [`Error::Underivable`](crate::Error::Underivable) of hours, windows and lifetimes, and
    /// [`Error::UnknownPeriod`](crate::Error::UnknownPeriod) for a window of nothing.
    pub fn rolling(self, count: u16) -> Self {
        let source = self.axis;
        let period = if source.period == Period::Day { Period::LastDays(count) } else { source.period };
        let axis = Axis::new(source.calendar, period);
        let reach = i32::from(count).saturating_sub(1);
        self.each_line(
            axis,
            move |range| range.widened(reach),
            move |line, frame| {
                Period::LastDays(count).checked()?;
                source.disjoint("a rolling window")?;
                source.without_gaps("a rolling window")?;
                let (Some(first), Some(last)) = (line.first(), line.last()) else {
                    return Ok(line.with(period, Vec::new()));
                };
                let end = *source.calendar.slots(source.period).end();
                let (from, to) = (frame.from.max(first), frame.to.min(last.saturating_add(reach)).min(end));
                let ends = source.existing(frame.days, from, to)?;
                let series = line.with(period, Vec::new());
                let windows = DayValues::of(line.points).windows(count, ends, from);
                worked_out(series, windows, &axis)
            },
        )
    }

    /// The merge of everything up to the end of each date, from the first statistic on, also of those before the first
    /// date asked for: of days it equals [`Period::Lifetime`].
    ///
    /// Each object has one for every date from its first statistic to the last date asked for. Missing until there is
    /// a value. Dates that never were have none.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// store.record(SALES.on(Period::Day, may(1)), 5)?;
    /// store.record(SALES.on(Period::Day, may(3)), 7)?;
    /// let total = store.series(SALES, Period::Day).from(may(2)).to(may(4)).cumulative();
    /// assert_eq!(total.values()?, [Some(5), Some(12), Some(12)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// Read it is [`Error::Underivable`](crate::Error::Underivable) of hours, windows and lifetimes.
    pub fn cumulative(self) -> Self {
        let source = self.axis;
        let period = if source.period == Period::Day { Period::Lifetime } else { source.period };
        let axis = Axis::new(source.calendar, period);
        self.each_line(axis, Range::and_all_before, move |line, frame| {
            source.disjoint("a running total")?;
            source.without_gaps("a running total")?;
            let Some(first) = line.first() else { return Ok(line.with(period, Vec::new())) };
            let from = frame.from.max(first);
            let ends = source.existing(frame.days, from, frame.to)?;
            let series = line.with(period, Vec::new());
            let values = DayValues::of(line.points);
            let totals = match values.total(first, from - 1) {
                Ok(before) => values.lifetimes(before, ends, from),
                Err(error) => Err(Failed { day: from - 1, error }),
            };
            worked_out(series, totals, &axis)
        })
    }

    /// The merge of each calendar period of this kind: days to weeks, months, quarters or years, for instance. It
    /// equals the stored period, and is dated by its first day.
    ///
    /// The dates asked for are taken to mean the whole periods that contain them. Absent if all that is merged is,
    /// missing if none of it has a value. A period that isn't over yet has what there is of it.
    ///
    /// Hours make days and whatever days make; months make quarters and years, quarters years; weeks are cut by months
    /// and make nothing else.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let date = |month, day| NaiveDate::from_ymd_opt(2024, month, day).unwrap();
    /// store.record(SALES.on(Period::Day, date(5, 1)), 5)?;
    /// store.record(SALES.on(Period::Day, date(5, 31)), 7)?;
    /// let months = store.series(SALES, Period::Day).from(date(5, 17)).resample(Period::Month);
    /// assert_eq!(months.points()?, [(date(5, 1).into(), Some(12))]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// Read it is [`Error::Underivable`](crate::Error::Underivable) where this doesn't fit.
    pub fn resample(self, period: Period) -> Self {
        let source = self.axis;
        let axis = Axis::new(source.calendar, period);
        if source.period == period {
            return self;
        }
        let fits = axis.is_made_of(source.period);
        self.each_line(
            axis,
            move |range| if fits { source.within(&axis, range) } else { range },
            move |line, _| {
                if !fits {
                    let problem = "it isn't made up of whole periods of this kind; begin with days";
                    return Err(source.underivable(&format!("{period} by {period}"), problem));
                }
                let mut points: Vec<Point<T>> = Vec::new();
                for (slot, value) in &line.points {
                    let wider = source.slot_in(&axis, *slot);
                    match points.last_mut() {
                        Some((current, total)) if *current == wider => {
                            let mut statistic = Some(total.take());
                            merge(&mut statistic, value.as_ref())
                                .map_err(|error| line.merge_error(&axis, wider, &error))?;
                            *total = statistic.flatten();
                        }
                        _ => points.push((wider, value.clone())),
                    }
                }
                Ok(line.with(period, points))
            },
        )
    }

    /// What stands for the dates that are absent from the derived series, as [`SeriesQuery::fill`] says.
    /// Default: nothing, they are left out. What fills the series that it is made of is filled before.
    ///
    /// ```
    /// # use trackstats::{Domain, Fill, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let date = |month, day| NaiveDate::from_ymd_opt(2024, month, day).unwrap();
    /// store.record(SALES.on(Period::Day, date(3, 1)), 5)?;
    /// store.record(SALES.on(Period::Day, date(5, 31)), 7)?;
    /// let months = store.series(SALES, Period::Day).resample(Period::Month).fill(Fill::Zero);
    /// assert_eq!(months.values()?, [Some(5), Some(0), Some(7)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// [`SeriesQuery::fill`]: crate::SeriesQuery::fill
    pub fn fill(self, fill: Fill) -> Self {
        let axis = self.axis;
        if fill == Fill::Absent {
            return self;
        }
        self.read_by(axis, move |source, range| {
            let mut days = Days::new(axis.calendar);
            // Where a level stood before the range began is what it begins with.
            let reach = if fill == Fill::Previous { range.and_all_before() } else { range };
            let mut metrics = source.lines(reach)?;
            for lines in &mut metrics {
                let Some((from, to)) = lines.ends(range) else { continue };
                let existing = axis.existing(&mut days, from, to)?;
                for line in &mut lines.0 {
                    filled(line, &existing, fill);
                }
            }
            Ok(metrics)
        })
    }
}

fn filled<T: Value>(line: &mut Line<T>, existing: &[i32], fill: Fill) {
    let mut stored: HashMap<i32, Option<T>> = HashMap::new();
    let mut before = None;
    let mut slots = existing.to_vec();
    for (slot, value) in line.points.drain(..) {
        if existing.first().is_some_and(|first| slot < *first) {
            before.clone_from(&value);
        }
        slots.push(slot);
        stored.insert(slot, value);
    }
    slots.sort_unstable();
    slots.dedup();
    slots.retain(|slot| existing.first().is_none_or(|first| first <= slot));
    for slot in slots {
        let value = match (stored.remove(&slot), fill) {
            (Some(found), _) => found,
            (None, Fill::Zero) => T::zero(),
            (None, Fill::Previous) => before.clone(),
            (None, Fill::Missing | Fill::Absent) => None,
        };
        if fill == Fill::Previous {
            before.clone_from(&value);
        }
        line.points.push((slot, value));
    }
}

/// The line of what was worked out, without what is absent.
fn worked_out<T>(line: Line<T>, derived: Result<Vec<Slotted<T>>, Failed>, axis: &Axis) -> Result<Line<T>> {
    let derived = derived.map_err(|Failed { day, error }| line.merge_error(axis, day, &error))?;
    let points = derived.into_iter().filter_map(|(slot, statistic)| Some((slot, statistic?))).collect();
    Ok(Line { points, ..line })
}
