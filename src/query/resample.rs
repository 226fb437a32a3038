//! Series of wider calendar periods.

use super::{
    axis::{Axis, SlotRange},
    series::SeriesQuery,
    step::Frame,
};
use crate::{
    error::Result,
    kinds::Value,
    model::{Period, Point},
    rollup::{SlotStatistic, merge},
};

impl<V: Value> SeriesQuery<'_, V> {
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
        let source = self.axis();
        let axis = Axis { period, ..source };
        if source.period == period {
            return self;
        }
        let reach = move |range: SlotRange| {
            if !axis.is_made_of(source.period) {
                let problem = "it isn't made up of whole periods of this kind; begin with days";
                return Err(source.underivable(&format!("{period} by {period}"), problem));
            }
            Ok(source.within(&axis, range))
        };
        self.each_curve(period, reach, move |points, frame| {
            merged(points.into_iter().map(|(slot, value)| (source.slot_in(&axis, slot), value)), frame)
        })
    }
}

/// The merge of the points that follow one another with the same slot.
fn merged<V: Value>(
    points: impl Iterator<Item = SlotStatistic<V>>,
    frame: &Frame<'_>,
) -> Result<Vec<SlotStatistic<V>>> {
    let mut merged: Vec<(i32, Point<V>)> = Vec::new();
    for (slot, value) in points {
        match merged.last_mut() {
            Some((last, total)) if *last == slot => {
                merge(total, value.as_ref()).map_err(|error| frame.merge_error(slot, &error))?;
            }
            _ => merged.push((slot, value.into())),
        }
    }
    Ok(merged.into_iter().map(|(slot, total)| (slot, total.value())).collect())
}
