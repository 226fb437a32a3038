//! Programs that count records by local date: a tracker, and what one would write without one.

pub mod csv;
pub mod naive;
pub mod tracker;

use crate::shape::{Random, Zipf};
use chrono_tz::Tz;

/// A zone whose clocks change twice a year.
pub const ZONE: Tz = chrono_tz::Europe::Amsterdam;
/// 2022-01-01T00:00:00Z.
const START: i64 = 1_640_995_200;
/// Two years.
const SECONDS: u32 = 2 * 365 * 86_400;
/// The date after the last record's.
pub const TODAY: &str = "2024-01-02";

pub const OBJECTS: u32 = 10_000;

/// A record: the instant, and the object that it is about.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    pub at: i64,
    pub object: u32,
}

/// Records at random instants, of objects of which the nth comes up 1/n as often as the first (Zipf).
pub fn records(count: u32) -> Vec<Record> {
    let objects = Zipf::new(OBJECTS, 0);
    let mut random = Random::new(20);
    (0..count)
        .map(|_| {
            let object = objects.draw(&mut random);
            Record { at: START + i64::from(random.below(SECONDS)), object }
        })
        .collect()
}
