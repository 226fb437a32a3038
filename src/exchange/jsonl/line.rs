//! The kinds of lines, as they are written.

use super::value::ValueJson;
use crate::{
    calendar::Calendar,
    error::Result,
    kinds::AnyValue,
    model::{Id, Object, Period, Statistic},
    rollup::Grouping,
    store::{DomainInfo, MetricInfo},
};
use serde::{Serialize, Serializer, ser::SerializeMap};

#[derive(Debug, Serialize)]
pub(super) struct CalendarLine {
    define: &'static str,
    zone: &'static str,
    week_start: String,
    day_start: String,
    month_start_day: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct DomainLine<'a> {
    define: &'static str,
    #[serde(rename = "ref")]
    reference: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct MetricLine<'a> {
    define: &'static str,
    domain: &'a str,
    #[serde(rename = "ref")]
    reference: &'a str,
    name: &'a str,
    description: &'a str,
    value: &'a str,
    /// How its rows are laid out, which a program that doesn't know the kind can't tell; true or left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    encoded: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct TrackedLine<'a> {
    define: &'static str,
    domain: &'a str,
    metric: &'a str,
    by: &'a [String],
    periods: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct StatisticLine<'a> {
    domain: &'a str,
    metric: &'a str,
    period: String,
    date: String,
    object: Option<ObjectMap<'a>>,
    value: Option<ValueJson>,
}

impl From<&Calendar> for CalendarLine {
    fn from(calendar: &Calendar) -> Self {
        Self {
            define: "calendar",
            zone: calendar.zone(),
            week_start: calendar.week_start_name().to_owned(),
            day_start: calendar.day_start().format("%H:%M").to_string(),
            month_start_day: calendar.month_start_day(),
        }
    }
}

impl<'a> From<&'a DomainInfo> for DomainLine<'a> {
    fn from(domain: &'a DomainInfo) -> Self {
        Self { define: "domain", reference: domain.reference(), name: domain.name() }
    }
}

impl<'a> From<&'a MetricInfo> for MetricLine<'a> {
    fn from(metric: &'a MetricInfo) -> Self {
        Self {
            define: "metric",
            domain: metric.domain(),
            reference: metric.reference(),
            name: metric.name(),
            description: metric.description(),
            value: metric.kind(),
            encoded: !metric.form().is_integers(),
        }
    }
}

impl<'a> From<&'a Grouping> for TrackedLine<'a> {
    fn from(grouping: &'a Grouping) -> Self {
        Self {
            define: "tracked",
            domain: &grouping.domain,
            metric: &grouping.metric,
            by: &grouping.part_kinds,
            periods: [Period::Day].iter().chain(&grouping.tracked.periods).map(Period::to_string).collect(),
        }
    }
}

impl<'a> StatisticLine<'a> {
    pub(super) fn new(calendar: &Calendar, kind: &str, statistic: &'a Statistic<AnyValue>) -> Result<Self> {
        let series = &*statistic.series;
        Ok(Self {
            domain: series.domain(),
            metric: series.metric(),
            period: series.period().to_string(),
            date: calendar.date_text(series.period(), statistic.date)?,
            object: series.object().map(ObjectMap),
            value: statistic.value.as_ref().map(|value| ValueJson::new(kind, value)).transpose()?,
        })
    }
}

/// An object's parts in order; a kind that it has twice is there twice.
#[derive(Debug)]
struct ObjectMap<'a>(&'a Object);

impl Serialize for ObjectMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let parts = self.0.parts();
        let mut map = serializer.serialize_map(Some(parts.len()))?;
        for part in parts {
            match part.id() {
                Id::Number(number) => map.serialize_entry(part.kind(), &number)?,
                Id::Text(text) => map.serialize_entry(part.kind(), text)?,
            }
        }
        map.end()
    }
}
