//! The key that a program would make for a plain ordered map: metric, period, day, object, each big-endian, so that
//! keys are ordered as their fields. It is shorter than that of trackstats, which has names in it.

use crate::{engine::Read, shape::Point};
use anyhow::{Context, Result};
use std::ops::RangeInclusive;

pub const KEY: usize = 15;
pub type Key = [u8; KEY];

/// The one period of all statistics here. A program with several would have it in its keys, as trackstats does.
const DAY: u8 = 0;

pub fn key(metric: u8, day: u32, object: u32) -> Key {
    let mut key = [0; KEY];
    let (head, object_bytes) = key.split_at_mut(7);
    let (names, day_bytes) = head.split_at_mut(3);
    names.copy_from_slice(&[0, metric, DAY]);
    day_bytes.copy_from_slice(&day.to_be_bytes());
    object_bytes.copy_from_slice(&u64::from(object).to_be_bytes());
    key
}

pub fn key_of(point: &Point) -> Key {
    key(point.metric, point.day, point.object)
}

pub fn value(bytes: &[u8]) -> Result<i64> {
    Ok(i64::from_le_bytes(bytes.try_into().context("a value has 8 bytes")?))
}

/// What to read of an ordered map.
pub enum Plan {
    Range(RangeInclusive<Key>),
    /// An object's days are far apart in this order of keys: one look-up each is faster than all between.
    Keys(u32, Box<dyn Fn(u32) -> Key>),
    Last(RangeInclusive<Key>),
}

pub fn plan(read: Read) -> Plan {
    match read {
        Read::Series { metric, days } => Plan::Range(key(metric, 0, 0)..=key(metric, days, 0)),
        Read::Object { metric, object, days } => {
            Plan::Keys(days, Box::new(move |day| key(metric, day, object)))
        }
        Read::Date { metric, day } => Plan::Range(key(metric, day, 0)..=key(metric, day, u32::MAX)),
        Read::Latest { metric } => Plan::Last(key(metric, 0, 0)..=key(metric, u32::MAX, 0)),
        Read::Scan => Plan::Range(key(0, 0, 0)..=key(u8::MAX, u32::MAX, u32::MAX)),
    }
}

/// What a value was found at: the object of a key if a date is read, otherwise its day.
pub fn at(read: Read, key: &[u8]) -> Result<u32> {
    let bytes = if matches!(read, Read::Date { .. }) { key.get(11..15) } else { key.get(3..7) };
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok()).context("a key has 15 bytes")?;
    Ok(u32::from_be_bytes(bytes))
}
