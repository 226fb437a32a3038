//! Series of windows and running totals.

use super::{axis::SlotRange, series::SeriesQuery, step::Frame};
use crate::{
    error::Result,
    kinds::{MergeError, Number, Value},
    model::{Period, Point},
    rollup::{Join, RunningMerge, SlotStatistic},
};

impl<V: Value> SeriesQuery<'_, V> {
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
        let source = self.axis();
        let period = if source.period == Period::Day { Period::LastDays(count) } else { source.period };
        let reach = move |range: SlotRange| {
            Period::LastDays(count).checked()?;
            source.disjoint("a rolling window")?;
            source.without_gaps("a rolling window")?;
            Ok(range.widened(i32::from(count).saturating_sub(1)))
        };
        let last = *source.calendar.slots(source.period).end();
        self.each_curve(period, reach, move |points, frame| {
            windows(points, count, source.period, last, frame)
        })
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
        let source = self.axis();
        let period = if source.period == Period::Day { Period::Lifetime } else { source.period };
        let reach = move |range: SlotRange| {
            source.disjoint("a running total")?;
            source.without_gaps("a running total")?;
            Ok(range.and_all_before())
        };
        self.each_curve(period, reach, move |points, frame| {
            let mut running = RunningMerge::new(points);
            let Some((first, _)) = running.ends() else { return Ok(Vec::new()) };
            let from = frame.from.max(first);
            let ends = frame.days.existing(source.period, from, frame.to)?;
            running.lifetime(from - 1).map_err(|error| frame.merge_error(from - 1, &error))?;
            listed(ends, frame, |slot| running.lifetime(slot))
        })
    }
}

impl<'a, T: Number + Clone + 'a> SeriesQuery<'a, T> {
    /// The mean of the values of the last `count` periods of each date, that of the date included: of days, and of
    /// windows and lifetimes, the `count` calendar days that end on it.
    ///
    /// It is the mean of the values that there are: missing and absent ones don't count, so fill with zero where they
    /// mean it. Absent if all are, missing if none has a value. For kinds with a merge that isn't a sum, this is the
    /// mean of their numbers, not a merge; see [`rolling`](Self::rolling).
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// for (day, sales) in [(1, 8), (2, 10), (3, 0)] {
    ///     store.record(SALES.on(Period::Day, may(day)), sales)?;
    /// }
    /// assert_eq!(store.series(SALES, Period::Day).moving_average(2).values()?, [Some(8.0), Some(9.0), Some(5.0)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// Read it is [`Error::Underivable`](crate::Error::Underivable) of hours, and
    /// [`Error::UnknownPeriod`](crate::Error::UnknownPeriod) for a window of nothing.
    pub fn moving_average(self, count: u16) -> SeriesQuery<'a, f64> {
        let source = self.axis();
        let period = source.period;
        let reach = move |range: SlotRange| {
            Period::LastDays(count).checked()?;
            source.without_gaps("a moving average")?;
            Ok(range.widened(i32::from(count).saturating_sub(1)))
        };
        let last = *source.calendar.slots(period).end();
        self.each_curve(period, reach, move |points, frame| {
            let number = |value: T| Mean { sum: value.to_f64(), count: 1.0 };
            let numbers = points.into_iter().map(|(slot, value)| (slot, value.map(number))).collect();
            let means = windows(numbers, count, period, last, frame)?.into_iter();
            Ok(means.map(|(slot, mean)| (slot, mean.map(|mean| mean.sum / mean.count))).collect())
        })
    }
}

/// The merge of the last `count` slots of each slot of a frame, up to the last slot of the calendar.
fn windows<V: Join>(
    points: Vec<SlotStatistic<V>>,
    count: u16,
    period: Period,
    end: i32,
    frame: &mut Frame<'_>,
) -> Result<Vec<SlotStatistic<V>>> {
    let mut running = RunningMerge::new(points);
    let Some((first, last)) = running.ends() else { return Ok(Vec::new()) };
    // Past this one, all windows are empty.
    let last = last.saturating_add(i32::from(count).saturating_sub(1)).min(end);
    let (from, to) = (frame.from.max(first), frame.to.min(last));
    let slots = frame.days.existing(period, from, to)?;
    listed(slots, frame, |slot| running.window(slot, count))
}

/// The statistics of these slots, without those that are absent.
fn listed<V>(
    slots: Vec<i32>,
    frame: &Frame<'_>,
    mut statistic: impl FnMut(i32) -> Result<Point<V>, MergeError>,
) -> Result<Vec<SlotStatistic<V>>> {
    let mut listed = Vec::with_capacity(slots.len());
    for slot in slots {
        let point = statistic(slot).map_err(|error| frame.merge_error(slot, &error))?;
        listed.extend(point.into_listed().map(|value| (slot, value)));
    }
    Ok(listed)
}

/// Numbers whose mean is wanted.
#[derive(Debug, Clone)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Join for Mean {
    fn join(&mut self, other: &Self) -> Result<(), MergeError> {
        self.sum += other.sum;
        self.count += other.count;
        Ok(())
    }
}
