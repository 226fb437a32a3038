//! The kinds of lines, as they are read.

use super::{
    fields::{Fields, LineProblem},
    json::{Json, Members},
};
use crate::{
    calendar::Calendar,
    format::Form,
    kinds::{AnyValue, Value},
    model::{Id, Object, Part},
};
use chrono::{NaiveTime, Weekday};
use std::borrow::Cow;

#[derive(Debug)]
pub(super) enum Line<'a> {
    Calendar(Calendar),
    Domain { reference: Cow<'a, str>, name: Cow<'a, str> },
    Metric(MetricFields<'a>),
    Tracked(TrackedFields<'a>),
    Statistic(StatisticFields<'a>),
}

#[derive(Debug)]
pub(super) struct MetricFields<'a> {
    pub(super) domain: Cow<'a, str>,
    pub(super) reference: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) description: Cow<'a, str>,
    pub(super) kind: Cow<'a, str>,
    pub(super) form: Form,
}

/// What trackers keep of a metric, for objects of these kinds.
#[derive(Debug)]
pub(super) struct TrackedFields<'a> {
    pub(super) domain: Cow<'a, str>,
    pub(super) metric: Cow<'a, str>,
    pub(super) kinds: Vec<Cow<'a, str>>,
    pub(super) periods: Vec<Cow<'a, str>>,
}

#[derive(Debug)]
pub(super) struct StatisticFields<'a> {
    pub(super) domain: Cow<'a, str>,
    pub(super) metric: Cow<'a, str>,
    pub(super) period: Cow<'a, str>,
    pub(super) date: Cow<'a, str>,
    pub(super) object: Option<Object>,
    /// Its metric tells what it must be.
    pub(super) value: Json<'a>,
}

impl<'a> Line<'a> {
    pub(super) fn parse(line: &'a str) -> Result<Self, LineProblem> {
        let mut fields = Fields::parse(line)?;
        let line = match fields.optional_text("define")?.as_deref() {
            None => Self::Statistic(StatisticFields::take(&mut fields)?),
            Some("calendar") => Self::Calendar(calendar(&mut fields)?),
            Some("domain") => Self::Domain { reference: fields.text("ref")?, name: fields.text("name")? },
            Some("metric") => Self::Metric(MetricFields::take(&mut fields)?),
            Some("tracked") => Self::Tracked(TrackedFields {
                domain: fields.text("domain")?,
                metric: fields.text("metric")?,
                kinds: fields.texts("by")?,
                periods: fields.texts("periods")?,
            }),
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                return Err(format!(
                    "it defines {other:?}; a calendar, a domain, a metric or what is tracked can be defined"
                ));
            }
        };
        fields.end()?;
        Ok(line)
    }
}

impl<'a> MetricFields<'a> {
    fn take(fields: &mut Fields<'a>) -> Result<Self, LineProblem> {
        let (domain, reference, name) = (fields.text("domain")?, fields.text("ref")?, fields.text("name")?);
        let description = fields.optional_text("description")?.unwrap_or_default();
        let kind = fields.text("value")?;
        let encoded = match fields.take("encoded")? {
            None | Some(Json::Bool(false)) => false,
            Some(Json::Bool(true)) => true,
            Some(other) => return Err(format!("\"encoded\" is {}, not true or false", other.describe())),
        };
        let form = match Form::of_kind(&kind) {
            Some(form) if encoded && form.is_integers() => {
                return Err(format!(
                    "values of the kind {kind:?} are whole numbers, they can't be \"encoded\""
                ));
            }
            Some(form) if !encoded && !form.is_integers() => {
                return Err(format!("values of the kind {kind:?} are \"encoded\", which it must say"));
            }
            Some(form) => form,
            None if encoded => Form::Encoded,
            None => Form::Integers,
        };
        if kind.is_empty() || kind == AnyValue::KIND {
            return Err(format!("{kind:?} is not a kind of value; the most usual is \"integer\""));
        }
        Ok(Self { domain, reference, name, description, kind, form })
    }
}

impl<'a> StatisticFields<'a> {
    fn take(fields: &mut Fields<'a>) -> Result<Self, LineProblem> {
        let (domain, metric) = (fields.text("domain")?, fields.text("metric")?);
        let (period, date) = (fields.text("period")?, fields.text("date")?);
        let object = match fields.take("object")? {
            None | Some(Json::Null) => None,
            Some(Json::Object(members)) => Some(object(members)?),
            Some(other) => return Err(format!("\"object\" is {}, not an object or null", other.describe())),
        };
        Ok(Self { domain, metric, period, date, object, value: fields.need("value")? })
    }
}

fn object(members: Members<'_>) -> Result<Object, LineProblem> {
    if members.is_empty() {
        return Err("\"object\" has no parts; null is no object".to_owned());
    }
    let part = |(kind, id): (Cow<'_, str>, Json<'_>)| {
        let id = match &id {
            Json::Unsigned(number) => Id::Number(*number),
            Json::Text(text) => Id::Text(text),
            other => {
                let other = other.describe();
                return Err(format!("the id of {kind:?} is {other}, not a text or a whole number from 0 on"));
            }
        };
        Part::new(&kind, id).map_err(|error| error.to_string())
    };
    let parts = members.into_iter().map(part).collect::<Result<Vec<_>, _>>()?;
    Object::from_parts(parts).map_err(|error| error.to_string())
}

fn calendar(fields: &mut Fields<'_>) -> Result<Calendar, LineProblem> {
    let sentence = |error: crate::error::Error| error.to_string();
    let calendar = Calendar::new(&fields.text("zone")?).map_err(sentence)?;
    let week_start = fields.text("week_start")?;
    let week_start: Weekday = week_start
        .parse()
        .map_err(|_| format!("\"week_start\" is {week_start:?}, not a day such as \"monday\""))?;
    let day_start = fields.text("day_start")?;
    let day_start = NaiveTime::parse_from_str(&day_start, "%H:%M")
        .map_err(|_| format!("\"day_start\" is {day_start:?}, not a time such as \"00:00\""))?;
    let month_start_day = match fields.need("month_start_day")? {
        Json::Unsigned(day) => u32::try_from(day).unwrap_or(u32::MAX),
        other => return Err(format!("\"month_start_day\" is {}, not a whole number", other.describe())),
    };
    let calendar = calendar.weeks_from(week_start).days_from(day_start).map_err(sentence)?;
    calendar.months_from(month_start_day).map_err(sentence)
}
