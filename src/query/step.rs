//! Steps: how one series is worked out from another.

use super::{
    axis::{Axis, SlotRange},
    curve::{Curve, Curves, merge_error},
    origin::Origin,
    selection::Selection,
    series::SeriesQuery,
};
use crate::{
    calendar::Days,
    error::{Error, Result},
    kinds::MergeError,
    model::{Period, Series},
    rollup::SlotStatistic,
};
use std::sync::Arc;

/// What the points of a curve are worked out for.
pub(super) struct Frame<'f> {
    pub(super) days: &'f mut Days,
    /// The slots that are wanted: of the range asked for, or those that the metric's curves have.
    pub(super) from: i32,
    pub(super) to: i32,
    axis: &'f Axis,
    series: &'f Arc<Series>,
}

impl Frame<'_> {
    /// That the statistic of a slot couldn't be merged.
    pub(super) fn merge_error(&self, slot: i32, error: &MergeError) -> Error {
        merge_error(&self.axis.calendar, self.series, slot, error)
    }
}

impl<'a, T> SeriesQuery<'a, T> {
    /// A series of this period, worked out by a step.
    pub(super) fn step<U>(
        self,
        period: Period,
        step: impl Fn(&Origin<'a, T>, &Selection<'_>, SlotRange) -> Result<Vec<Curves<U>>> + Send + Sync + 'a,
    ) -> SeriesQuery<'a, U>
    where
        T: 'a,
    {
        let Self { selection, origin, .. } = self;
        let step = move |selection: &Selection<'_>, range: SlotRange| step(&origin, selection, range);
        SeriesQuery { selection, period, origin: Origin::Step(Arc::new(step)) }
    }

    /// A series of this period, each curve worked out by itself from one that is read in the range that `reach` makes of
    /// the one asked for. What can't be worked out at all, `reach` refuses.
    pub(super) fn each_curve<U>(
        self,
        period: Period,
        reach: impl Fn(SlotRange) -> Result<SlotRange> + Send + Sync + 'a,
        work_out: impl Fn(Vec<SlotStatistic<T>>, &mut Frame<'_>) -> Result<Vec<SlotStatistic<U>>>
        + Send
        + Sync
        + 'a,
    ) -> SeriesQuery<'a, U>
    where
        T: 'a,
    {
        let axis = Axis { period, ..self.axis() };
        self.step(period, move |origin, selection, range| {
            let range = range.without_level();
            let mut days = Days::new(axis.calendar);
            let mut metrics = Vec::new();
            for read in origin.curves(selection, reach(range)?)? {
                let ends = read.ends(range);
                let mut curves = Vec::with_capacity(read.0.len());
                for Curve { series, points } in read.0 {
                    let series = of_period(series, period);
                    let points = match ends {
                        Some((from, to)) => {
                            let mut frame = Frame { days: &mut days, from, to, axis: &axis, series: &series };
                            work_out(points, &mut frame)?
                        }
                        None => Vec::new(),
                    };
                    curves.push(Curve { series, points });
                }
                metrics.push(Curves(curves));
            }
            Ok(metrics)
        })
    }

    /// Each value made into another: a number out of a kind that has several, say. Missing stays missing, and absent
    /// absent.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store, kinds::Max};
    /// # const WARMEST: Metric<Max> = Metric::new(Domain::new("climate", "Climate"), "warmest", "Warmest");
    /// # let store = Store::in_memory()?;
    /// store.record(WARMEST.on(Period::Day, store.today()?), Max(19_800))?;
    /// let degrees = store.series(WARMEST, Period::Day).map(|warmest| warmest.0 as f64 / 1_000.0);
    /// assert_eq!(degrees.values()?, [Some(19.8)]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn map<U>(self, to: impl Fn(T) -> U + Send + Sync + 'a) -> SeriesQuery<'a, U>
    where
        T: 'a,
    {
        self.filter_map(move |value| Some(to(value)))
    }

    /// Each value made into another, or into a missing one: the mean of nothing, say. Missing stays missing, and
    /// absent absent.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Period, Store};
    /// # const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
    /// # let store = Store::in_memory()?;
    /// store.record(SALES.on(Period::Day, store.today()?), 0)?;
    /// let inverse = store.series(SALES, Period::Day).filter_map(|sales| 1_i64.checked_div(sales));
    /// assert_eq!(inverse.values()?, [None]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn filter_map<U>(self, to: impl Fn(T) -> Option<U> + Send + Sync + 'a) -> SeriesQuery<'a, U>
    where
        T: 'a,
    {
        let mapped = move |Curve { series, points }: Curve<T>| {
            let points = points.into_iter().map(|(slot, value)| (slot, value.and_then(&to))).collect();
            Curve { series, points }
        };
        let period = self.period;
        self.step(period, move |origin, selection, range| {
            let metrics = origin.curves(selection, range)?.into_iter();
            Ok(metrics.map(|curves| Curves(curves.0.into_iter().map(&mapped).collect())).collect())
        })
    }
}

/// The series of another period of the same metric and object.
fn of_period(series: Arc<Series>, period: Period) -> Arc<Series> {
    if series.period == period { series } else { Arc::new(Series { period, ..(*series).clone() }) }
}
