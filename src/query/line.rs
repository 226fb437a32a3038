//! Series by their slots, as one is worked out from another.

use super::{
    axis::{Axis, Range},
    by_object::ByObject,
    series::{Objects, SeriesQuery},
};
use crate::{
    calendar::Days,
    error::{Error, Result},
    kinds::{MergeError, Value},
    model::{Period, Series, Statistic},
    storage::Direction,
};
use std::sync::Arc;

/// A statistic by its slot; `None` is a missing one.
pub(super) type Point<T> = (i32, Option<T>);

/// One series: its points in the order of their slots.
#[derive(Debug, Clone)]
pub(super) struct Line<T> {
    pub(super) series: Arc<Series>,
    pub(super) points: Vec<Point<T>>,
}

/// The lines of one metric, in the order of their objects.
#[derive(Debug, Clone)]
pub(super) struct Lines<T>(pub(super) Vec<Line<T>>);

/// What a line is worked out for.
pub(super) struct Frame<'f> {
    pub(super) days: &'f mut Days,
    /// The slots that are wanted of it: of the range asked for, or those that the metric's lines have.
    pub(super) from: i32,
    pub(super) to: i32,
}

impl<T> Line<T> {
    pub(super) fn first(&self) -> Option<i32> {
        self.points.first().map(|(slot, _)| *slot)
    }

    pub(super) fn last(&self) -> Option<i32> {
        self.points.last().map(|(slot, _)| *slot)
    }

    /// The same line with other points, of another period.
    pub(super) fn with<U>(&self, period: Period, points: Vec<Point<U>>) -> Line<U> {
        let series = if self.series.period == period {
            Arc::clone(&self.series)
        } else {
            Arc::new(Series { period, ..(*self.series).clone() })
        };
        Line { series, points }
    }

    pub(super) fn merge_error(&self, axis: &Axis, slot: i32, error: &MergeError) -> Error {
        let series = Arc::new(Series { period: axis.period, ..(*self.series).clone() });
        match axis.date(slot) {
            Ok(date) => Error::Merge {
                statistic: Statistic::<()> { series, date, value: None }.to_string(),
                problem: error.to_string(),
            },
            Err(out_of_range) => out_of_range,
        }
    }
}

impl<T> Lines<T> {
    /// The range with the first and the last slot of the lines where it has no end; none if they have no points either.
    pub(super) fn ends(&self, range: Range) -> Option<(i32, i32)> {
        let from = range.from.or_else(|| self.0.iter().filter_map(Line::first).min())?;
        let to = range.to.or_else(|| self.0.iter().filter_map(Line::last).max())?;
        Some((from, to))
    }

    pub(super) fn cut(&mut self, range: Range) {
        for line in &mut self.0 {
            line.points.retain(|(slot, _)| range.contains(*slot));
        }
    }
}

impl<V: Value> SeriesQuery<'_, V> {
    /// The lines of each metric in a range of slots: also of objects that are named and have no point.
    pub(super) fn lines(&self, axis: &Axis, range: Range) -> Result<Vec<Lines<V>>> {
        let Some((from, to)) = axis.dates(range)? else { return Ok(Vec::new()) };
        let query = Self { from, to, direction: Direction::Forwards, ..self.clone() };
        let mut metrics = Vec::with_capacity(self.metrics.len());
        for (metric, statistics) in self.metrics.iter().zip(query.by_metric()?) {
            let named = match &self.objects {
                Objects::None => vec![None],
                Objects::These(objects) => objects.iter().cloned().map(Some).collect(),
                Objects::Like { .. } => Vec::new(),
            };
            let series = |object| {
                let (domain, metric) = (metric.domain_ref().into(), metric.metric_ref().into());
                Series { domain, metric, period: self.period, object }
            };
            let mut by_object = ByObject::new();
            for series in named.into_iter().map(series) {
                by_object.of(&Arc::new(series), Vec::new);
            }
            for statistic in statistics {
                let Statistic { series, date, value } = statistic?;
                by_object.of(&series, Vec::new).push((axis.ordinal(date)?, value));
            }
            let sorted = by_object.sorted().into_iter();
            let mut lines = Lines(sorted.map(|(series, points)| Line { series, points }).collect());
            lines.cut(range);
            metrics.push(lines);
        }
        Ok(metrics)
    }
}
