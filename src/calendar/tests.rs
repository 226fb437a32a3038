//! The fast way from instants to days against a naive one, in zones where clocks do unusual things.
//!
//! The naive way takes the definition at its word: an instant's day is the latest date that the wall clock, less the
//! start of the day, has shown up to then. It knows chrono-tz and nothing of this crate.

use super::{Calendar, Days, Timestamp, day_of_number};
use chrono::{DateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use std::sync::LazyLock;

const ZONES: [&str; 10] = [
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Antarctica/Troll",
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Europe/Dublin",
    "America/Los_Angeles",
];

const HOUR: i64 = 3_600;
const YEAR_1900: i64 = -2_208_988_800;
const YEAR_2100: i64 = 4_102_444_800;

/// A zone and the instants at which its offset changes, from 1899 to 2100.
struct Naive {
    zone: Tz,
    changes: Vec<i64>,
}

impl Naive {
    fn new(zone: &str) -> Self {
        let zone: Tz = zone.parse().unwrap();
        let offset = |at| wall_clock(zone, at) - at;
        let step = 3 * HOUR;
        let mut changes = Vec::new();
        let mut at = YEAR_1900 - 400 * 24 * HOUR;
        while at < YEAR_2100 {
            if offset(at) != offset(at + step) {
                let seconds: Vec<i64> = (at..=at + step).collect();
                let before = seconds.partition_point(|&second| offset(second) == offset(at));
                changes.push(seconds[before]);
            }
            at += step;
        }
        Self { zone, changes }
    }

    /// The latest date shown in the past 49 hours: earlier than that, all dates were earlier.
    fn day(&self, at: i64, day_start: i64) -> i64 {
        let past = |instant| self.changes.partition_point(|&change| change <= instant);
        let recent = &self.changes[past(at - 49 * HOUR)..past(at)];
        // Between changes the wall clock only rises, so it is at its latest just before one, or now.
        let latest = recent.iter().map(|change| change - 1).chain([at]);
        let latest = latest.map(|at| wall_clock(self.zone, at)).max().unwrap();
        (latest - day_start).div_euclid(24 * HOUR)
    }
}

/// What the wall clock shows, as seconds since 1970 on that clock.
fn wall_clock(zone: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
    at + i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

static NAIVE: LazyLock<Vec<Naive>> = LazyLock::new(|| ZONES.into_iter().map(Naive::new).collect());

/// Numbers that are the same in every run. (Sebastiano Vigna's `SplitMix64`.)
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 1).cast_signed() % bound
    }
}

fn calendar(zone: &str, day_start: &str) -> Calendar {
    let day_start = NaiveTime::parse_from_str(day_start, "%H:%M").unwrap();
    Calendar::new(zone).unwrap().days_from(day_start).unwrap()
}

fn compare(day_start: &str) {
    for naive in NAIVE.iter() {
        let calendar = calendar(naive.zone.name(), day_start);
        let mut days = Days::new(calendar);
        let mut random = Random(1);
        let mut instants = Vec::new();
        for _ in 0..1_000 {
            instants.push(YEAR_1900 + random.below(YEAR_2100 - YEAR_1900));
        }
        for &change in &naive.changes {
            instants.extend([change - 1, change, change + random.below(24 * HOUR)]);
        }
        for at in instants.clone() {
            let day = days.find(at).unwrap();
            for day in day - 1..=day + 1 {
                let start = days.start(day).unwrap();
                assert_eq!(start, calendar.day_start_second(day));
                instants.extend([start - 1, start]);
            }
        }
        let check = |days: &mut Days, instants: &[i64]| {
            for &at in instants {
                let expected = naive.day(at, calendar.day_start_seconds());
                let found = days.find(at).unwrap();
                assert_eq!(i64::from(found), expected, "{calendar} at {}", Timestamp::from_unix_seconds(at));
                assert!((days.start(found).unwrap()..days.start(found + 1).unwrap()).contains(&at));
            }
        };
        check(&mut days, &instants);
        instants.sort_unstable();
        check(&mut Days::new(calendar), &instants);
    }
}

#[test]
fn days_from_midnight_are_found_as_naively() {
    compare("00:00");
}

#[test]
fn days_from_two_are_found_as_naively() {
    compare("02:00");
}

#[test]
fn days_from_half_past_two_are_found_as_naively() {
    compare("02:30");
}

#[test]
fn days_from_half_past_eleven_at_night_are_found_as_naively() {
    compare("23:30");
}

#[test]
fn local_times_are_read_as_the_earliest_instant_at_or_past_them() {
    for naive in NAIVE.iter() {
        let calendar = calendar(naive.zone.name(), "00:00");
        let mut random = Random(2);
        for &change in &naive.changes {
            for _ in 0..4 {
                let wall = wall_clock(naive.zone, change) - 26 * HOUR + random.below(52 * HOUR);
                let text = DateTime::from_timestamp(wall, 0).unwrap().format("%Y-%m-%d %H:%M:%S");
                let read = calendar.parse_timestamp(&text.to_string()).unwrap().unix_seconds();
                assert_eq!(read, calendar.earliest(wall), "{} {text}", naive.zone);
            }
        }
    }
}

#[test]
fn only_days_that_the_clocks_skipped_do_not_exist() {
    let skipped = |zone| -> Vec<String> {
        let calendar = calendar(zone, "00:00");
        let mut days = Days::new(calendar);
        let missing = (-30_000..30_000).filter(|&day| !days.was(day).unwrap());
        missing.map(|day| day_of_number(day).unwrap().to_string()).collect()
    };
    assert_eq!(skipped("Pacific/Apia"), ["2011-12-30"]);
    assert_eq!(skipped("Pacific/Kwajalein"), ["1993-08-21"]);
    assert_eq!(skipped("Africa/Casablanca"), [""; 0]);
    // From two o'clock on, two hours of the day are left.
    assert!(Days::new(calendar("Pacific/Apia", "02:00")).was(15_338).unwrap());
}
