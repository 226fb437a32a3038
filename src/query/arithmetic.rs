//! Series derived by arithmetic: differences, growth, moving averages, and what is compared.

use super::{
    axis::Compare,
    derived::Derived,
    line::{Line, Lines, Point},
};
use crate::{
    calendar::Days,
    error::Result,
    kinds::{MergeError, Number},
    model::Period,
    rollup::{DayValues, Failed, Join},
};

/// A statistic beside the one that it is compared with: `None` is absent, `Some(None)` missing. At least one of the two
/// is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared<T> {
    /// The statistic of the date.
    pub now: Option<Option<T>>,
    /// The one that it is compared with.
    pub before: Option<Option<T>>,
}

impl<T: Number> Compared<T> {
    /// How much more it is than before; absent if one of the two is, else missing if one of the two is.
    pub fn difference(&self) -> Option<Option<f64>> {
        Some(self.numbers()?.map(|(now, before)| now - before))
    }

    /// How much more it is than before, in percent of what it was, by its magnitude: less is negative, also of a loss.
    ///
    /// Absent if one of the two is, else missing if one of the two is. Missing also where it was zero before, since no
    /// percentage says how much more than nothing something is.
    pub fn growth(&self) -> Option<Option<f64>> {
        let growth =
            |(now, before): (f64, f64)| (before != 0.0).then(|| (now - before) / before.abs() * 100.0);
        Some(self.numbers()?.and_then(growth))
    }

    fn numbers(&self) -> Option<Option<(f64, f64)>> {
        let (now, before) = (self.now.as_ref()?.as_ref(), self.before.as_ref()?.as_ref());
        Some(now.zip(before).map(|(now, before)| (now.to_f64(), before.to_f64())))
    }
}

impl<'a, T: Clone + 'a> Derived<'a, T> {
    /// Each statistic beside the one before it, or beside that of the year before; see [`Compare`].
    ///
    /// A date has one if either of the two is there, zero and missing ones among them, up to the last date asked for.
    ///
    /// ```
    /// # use trackstats::{Compare, Compared, Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    /// // The Wednesday of the 20th week of two years.
    /// store.record(SALES.on(Period::Day, date(2023, 5, 17)), 8)?;
    /// store.record(SALES.on(Period::Day, date(2024, 5, 15)), 10)?;
    /// let weeks = store.series(SALES, Period::Day).from(date(2024, 5, 15)).resample(Period::Week);
    /// let compared = weeks.compare(Compare::LastYear);
    /// assert_eq!(compared.values()?, [Some(Compared { now: Some(Some(10)), before: Some(Some(8)) })]);
    /// assert_eq!(compared.growth().values()?, [Some(25.0)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn compare(self, with: Compare) -> Derived<'a, Compared<T>> {
        let axis = self.axis;
        let reach = axis.reach(with);
        self.read_by(axis, move |source, range| {
            let mut days = Days::new(axis.calendar);
            let mut metrics = Vec::new();
            for lines in source.lines(range.widened(reach))? {
                let ends = lines.ends(range);
                let mut compared = Vec::with_capacity(lines.0.len());
                for line in lines.0 {
                    let mut points: Vec<Point<Compared<T>>> = Vec::new();
                    if let (Some((from, to)), Some(first), Some(last)) = (ends, line.first(), line.last()) {
                        for slot in from.max(first)..=to.min(last.saturating_add(reach)) {
                            let now = at(&line, slot);
                            if now.is_none() && !(axis.in_calendar(slot) && axis.exists(&mut days, slot)?) {
                                continue;
                            }
                            let before = axis.before(&mut days, slot, with)?;
                            let before = before.and_then(|before| at(&line, before));
                            if now.is_some() || before.is_some() {
                                points.push((slot, Some(Compared { now, before })));
                            }
                        }
                    }
                    compared.push(line.with(axis.period, points));
                }
                metrics.push(Lines(compared));
            }
            Ok(metrics)
        })
    }
}

/// The statistic of a slot.
fn at<T: Clone>(line: &Line<T>, slot: i32) -> Option<Option<T>> {
    let index = line.points.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
    line.points.get(index).map(|(_, value)| value.clone())
}

impl<'a, T: Number + 'a> Derived<'a, Compared<T>> {
    /// How much more each is than before: [`Compared::difference`].
    pub fn difference(self) -> Derived<'a, f64> {
        self.numbers(Compared::difference)
    }

    /// How much more each is than before, in percent: [`Compared::growth`].
    pub fn growth(self) -> Derived<'a, f64> {
        self.numbers(Compared::growth)
    }

    fn numbers(
        self,
        number: impl Fn(&Compared<T>) -> Option<Option<f64>> + Send + Sync + 'a,
    ) -> Derived<'a, f64> {
        let axis = self.axis;
        self.each_line(
            axis,
            |range| range,
            move |line, _| {
                let number = |(slot, value): &Point<Compared<T>>| Some((*slot, number(value.as_ref()?)?));
                let points = line.points.iter().filter_map(number).collect();
                Ok(line.with(axis.period, points))
            },
        )
    }
}

impl<'a, T: Number + Clone + 'a> Derived<'a, T> {
    /// How much more each statistic is than the one of the period before, as [`Compare::Previous`] says.
    ///
    /// Absent if one of the two is, else missing if one of the two is. Fill what it is worked out from with zero to
    /// have it for all dates.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// for (day, sales) in [(1, 5), (2, 9), (3, 7)] {
    ///     store.record(SALES.on(Period::Day, may(day)), sales)?;
    /// }
    /// let more = store.series(SALES, Period::Day).difference();
    /// assert_eq!(more.points()?, [(may(2).into(), Some(4.0)), (may(3).into(), Some(-2.0))]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn difference(self) -> Derived<'a, f64> {
        self.compare(Compare::Previous).difference()
    }

    /// How much more each statistic is than the one of the period before, in percent of that one's magnitude; see
    /// [`Compared::growth`].
    ///
    /// Absent if one of the two is, else missing if one of the two is, or if it was zero before.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, chrono::NaiveDate};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
    /// for (day, sales) in [(1, 8), (2, 10), (3, 0), (4, 3)] {
    ///     store.record(SALES.on(Period::Day, may(day)), sales)?;
    /// }
    /// let growth = store.series(SALES, Period::Day).growth();
    /// assert_eq!(growth.values()?, [Some(25.0), Some(-100.0), None]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn growth(self) -> Derived<'a, f64> {
        self.compare(Compare::Previous).growth()
    }

    /// The mean of the values of the last `count` periods of each date, that of the date included: of days, and of
    /// windows and lifetimes, the `count` calendar days that end on it.
    ///
    /// It is the mean of the values that there are: missing and absent ones don't count, so fill with zero where they
    /// mean it. Absent if all are, missing if none has a value. For kinds with a merge that isn't a sum, this is the mean of their numbers, not
    /// a merge; see [`rolling`](Self::rolling).
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
    pub fn moving_average(self, count: u16) -> Derived<'a, f64> {
        let axis = self.axis;
        let reach = i32::from(count).saturating_sub(1);
        self.each_line(
            axis,
            move |range| range.widened(reach),
            move |line, frame| {
                Period::LastDays(count).checked()?;
                axis.without_gaps("a moving average")?;
                let (Some(first), Some(last)) = (line.first(), line.last()) else {
                    return Ok(line.with(axis.period, Vec::new()));
                };
                let end = *axis.calendar.slots(axis.period).end();
                let (from, to) = (frame.from.max(first), frame.to.min(last.saturating_add(reach)).min(end));
                let ends = axis.existing(frame.days, from, to)?;
                let single = |value: &T| Mean { sum: value.to_f64(), count: 1.0 };
                let numbers = line.points.iter().map(|(slot, value)| (*slot, value.as_ref().map(single)));
                let means = DayValues::of(numbers.collect())
                    .windows(count, ends, from)
                    .map_err(|Failed { day, error }| line.merge_error(&axis, day, &error))?;
                let points = means.into_iter().filter_map(|(slot, statistic)| {
                    Some((slot, statistic?.map(|mean| mean.sum / mean.count)))
                });
                Ok(line.with(axis.period, points.collect()))
            },
        )
    }
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
