//! What stands for the dates that have no statistic.

use crate::{
    error::Result,
    kinds::Value,
    model::{Object, Period, Series, Statistic},
    store::Slots,
};
use chrono::NaiveDate;
use std::{collections::HashMap, sync::Arc};

/// What stands for the dates that have no statistic.
///
/// A statistic that is stored stays as it is, also a missing one. Filling goes from the query's first date to its
/// last; where it has none, from the first or to the last statistic that was found. Dates that never were, such as
/// 30 December 2011 in Samoa, are not filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Nothing: they are left out.
    Absent,
    /// Zero; for kinds that have none, such as a minimum, a missing statistic.
    Zero,
    /// A missing statistic.
    Missing,
    /// The value of the last statistic before, if it was missing then missing; a missing one where there is none
    /// before.
    Previous,
}

/// The statistics of each of these objects for each date of the range, by date and then by object.
pub(super) fn filled<V: Value>(
    slots: Slots,
    (domain, metric, period): (&str, &str, Period),
    objects: Vec<Option<Object>>,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    stored: Vec<Statistic<V>>,
    before: &[Statistic<V>],
    fill: Fill,
) -> Result<Vec<Statistic<V>>> {
    let ordinal = |statistic: &Statistic<V>| slots.ordinal(statistic.date);
    let first =
        from.map(|from| slots.ordinal(from.into())).or_else(|| stored.first().map(ordinal)).transpose()?;
    let last = to.map(|to| slots.last_ordinal(to)).or_else(|| stored.last().map(ordinal)).transpose()?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(Vec::new()) };

    let (domain, metric): (Arc<str>, Arc<str>) = (domain.into(), metric.into());
    let series: Vec<Arc<Series>> = objects
        .into_iter()
        .map(|object| Arc::new(Series { domain: domain.clone(), metric: metric.clone(), period, object }))
        .collect();
    let mut previous: HashMap<Option<&Object>, Option<V>> =
        before.iter().map(|statistic| (statistic.object(), statistic.value.clone())).collect();
    let mut stored = stored.into_iter().peekable();
    let mut statistics = Vec::new();
    for ordinal in first..=last {
        let date = slots.date(ordinal)?;
        let exists = slots.exists(ordinal)?;
        for series in &series {
            let found = stored.next_if(|next| next.date == date && next.series.object == series.object);
            let value = match (found, fill) {
                (Some(found), _) => found.value,
                (None, _) if !exists => continue,
                (None, Fill::Zero) => V::zero(),
                (None, Fill::Previous) => previous.get(&series.object()).cloned().flatten(),
                (None, Fill::Missing | Fill::Absent) => None,
            };
            if fill == Fill::Previous {
                previous.insert(series.object(), value.clone());
            }
            statistics.push(Statistic { series: Arc::clone(series), date, value });
        }
    }
    Ok(statistics)
}
