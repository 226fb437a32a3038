//! Series beside themselves: what was before, and how much more it is now.

use super::series::SeriesQuery;
use crate::{
    calendar::{Calendar, Days},
    error::Result,
    kinds::Number,
    model::{Period, Point},
    rollup::SlotStatistic,
};

/// With what each statistic of a series is compared.
///
/// | period | [`Previous`](Self::Previous) | [`LastYear`](Self::LastYear) |
/// | --- | --- | --- |
/// | hour | the hour before | the same hour, counted from the start of its day, of that date |
/// | day, lifetime | the day before | the same date of the year before; of 29 February, 28 February |
/// | last N days | the N days before those | the N days that end on that date |
/// | week | the week before | the week of the same number; of week 53, nothing if the year before had 52 |
/// | month, quarter, year | the one before | the same one of the year before |
///
/// Where the zone skipped the day before, it is the last one that was. Weeks are numbered as in ISO 8601, by the
/// calendar's first day of the week: a week belongs to the year that has its fourth day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compare {
    /// With the period right before, which it doesn't overlap.
    Previous,
    /// With the same period of the year before.
    LastYear,
}

impl Compare {
    /// The slot that a slot is compared with, if there is one.
    fn before(self, days: &mut Days, calendar: &Calendar, period: Period, slot: i32) -> Result<Option<i32>> {
        match self {
            Self::Previous => days.previous(period, slot).map(Some),
            Self::LastYear => calendar.last_year(period, slot),
        }
    }

    /// No slot is compared with one that is more slots before it than this.
    fn reach(self, period: Period) -> i32 {
        match self {
            Self::Previous => Calendar::previous_reach(period),
            Self::LastYear => Calendar::last_year_reach(period),
        }
    }
}

/// A statistic beside the one that it is compared with. At least one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared<T> {
    /// The statistic of the date.
    pub now: Point<T>,
    /// The one that it is compared with.
    pub before: Point<T>,
}

impl<T: Number> Compared<T> {
    /// How much more it is than before; absent if one of the two is, else missing if one of the two is.
    pub fn difference(&self) -> Point<f64> {
        self.numbers().map(|(now, before)| now - before)
    }

    /// How much more it is than before, in percent of what it was, by its magnitude: less is negative, also of a loss.
    ///
    /// Absent if one of the two is, else missing if one of the two is. Missing also where it was zero before, since no
    /// percentage says how much more than nothing something is.
    pub fn growth(&self) -> Point<f64> {
        match self.numbers() {
            Point::Value((_, 0.0)) => Point::Missing,
            numbers => numbers.map(|(now, before)| (now - before) / before.abs() * 100.0),
        }
    }

    fn numbers(&self) -> Point<(f64, f64)> {
        self.now.as_ref().map(T::to_f64).zip(self.before.as_ref().map(T::to_f64))
    }
}

impl<'a, T: Clone + 'a> SeriesQuery<'a, T> {
    /// Each statistic beside the one before it, or beside that of the year before; see [`Compare`].
    ///
    /// A date has one if either of the two is there, zero and missing ones among them, up to the last date asked for.
    ///
    /// ```
    /// # use trackstats::{
    /// #     Domain, Metric, Period, Store,
    /// #     chrono::NaiveDate,
    /// #     model::Point,
    /// #     query::{Compare, Compared},
    /// # };
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// # let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    /// // The Wednesday of the 20th week of two years.
    /// store.record(SALES.on(Period::Day, date(2023, 5, 17)), 8)?;
    /// store.record(SALES.on(Period::Day, date(2024, 5, 15)), 10)?;
    /// let weeks = store.series(SALES, Period::Day).from(date(2024, 5, 15)).resample(Period::Week);
    /// let compared = weeks.compare(Compare::LastYear);
    /// assert_eq!(compared.values()?, [Some(Compared { now: Point::Value(10), before: Point::Value(8) })]);
    /// assert_eq!(compared.growth().values()?, [Some(25.0)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn compare(self, with: Compare) -> SeriesQuery<'a, Compared<T>> {
        let axis = self.axis();
        let period = axis.period;
        let reach = with.reach(period);
        let all = axis.calendar.slots(period);
        self.each_curve(
            period,
            move |range| Ok(range.widened(reach)),
            move |points, frame| {
                let ends = points.first().zip(points.last()).map(|((first, _), (last, _))| (*first, *last));
                let Some((first, last)) = ends else { return Ok(Vec::new()) };
                let mut compared = Vec::new();
                for slot in frame.from.max(first)..=frame.to.min(last.saturating_add(reach)) {
                    let now = at(&points, slot);
                    if now.is_absent() && !(all.contains(&slot) && frame.days.has(period, slot)?) {
                        continue;
                    }
                    let before = with.before(frame.days, &axis.calendar, period, slot)?;
                    let before = before.map_or(Point::Absent, |before| at(&points, before));
                    if !(now.is_absent() && before.is_absent()) {
                        compared.push((slot, Some(Compared { now, before })));
                    }
                }
                Ok(compared)
            },
        )
    }
}

/// What is known of a slot.
fn at<T: Clone>(points: &[SlotStatistic<T>], slot: i32) -> Point<T> {
    let found = points.binary_search_by_key(&slot, |(slot, _)| *slot).ok();
    match found.and_then(|found| points.get(found)) {
        Some((_, value)) => value.clone().into(),
        None => Point::Absent,
    }
}

impl<'a, T: Number + 'a> SeriesQuery<'a, Compared<T>> {
    /// How much more each is than before: [`Compared::difference`].
    pub fn difference(self) -> SeriesQuery<'a, f64> {
        self.numbers(Compared::difference)
    }

    /// How much more each is than before, in percent: [`Compared::growth`].
    pub fn growth(self) -> SeriesQuery<'a, f64> {
        self.numbers(Compared::growth)
    }

    fn numbers(self, number: fn(&Compared<T>) -> Point<f64>) -> SeriesQuery<'a, f64> {
        let period = self.period;
        self.each_curve(period, Ok, move |points, _| {
            let number = |(slot, compared): SlotStatistic<Compared<T>>| {
                Some((slot, number(&compared?).into_listed()?))
            };
            Ok(points.into_iter().filter_map(number).collect())
        })
    }
}

impl<'a, T: Number + Clone + 'a> SeriesQuery<'a, T> {
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
    pub fn difference(self) -> SeriesQuery<'a, f64> {
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
    pub fn growth(self) -> SeriesQuery<'a, f64> {
        self.compare(Compare::Previous).growth()
    }
}
