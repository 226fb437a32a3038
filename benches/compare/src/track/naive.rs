//! The program that one writes first: each instant is converted, and counted in a map.

use super::{Record, ZONE};
use crate::engine::Sum;
use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate, TimeZone};
use std::collections::HashMap;

pub fn by_date(instants: impl Iterator<Item = i64>) -> Result<HashMap<NaiveDate, i64>> {
    let mut counts = HashMap::new();
    for at in instants {
        *counts.entry(date(at)?).or_insert(0) += 1;
    }
    Ok(counts)
}

pub fn by_date_and_object(records: &[Record]) -> Result<HashMap<(NaiveDate, u32), i64>> {
    let mut counts = HashMap::new();
    for record in records {
        *counts.entry((date(record.at)?, record.object)).or_insert(0) += 1;
    }
    Ok(counts)
}

pub fn sum(counts: &HashMap<NaiveDate, i64>) -> Sum {
    let mut sum = Sum::default();
    for (date, count) in counts {
        sum.add(date.num_days_from_ce().cast_unsigned(), *count);
    }
    sum
}

pub fn sum_of_objects(counts: &HashMap<(NaiveDate, u32), i64>) -> Sum {
    let mut sum = Sum::default();
    for ((date, object), count) in counts {
        sum.add(super::tracker::place(*date, *object), *count);
    }
    sum
}

fn date(at: i64) -> Result<NaiveDate> {
    let local = ZONE.timestamp_opt(at, 0).single().context("an instant is out of range")?;
    Ok(local.date_naive())
}
