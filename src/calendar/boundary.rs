//! When local days begin: from wall clock time to instants.

use super::{
    Calendar, Timestamp,
    day_number::{MAX_DAY, MIN_DAY, day_of_second, midnight},
};
use crate::{error::Result, model::Period};
use chrono::{DateTime, Offset, TimeZone};

/// No zone was ever this far from UTC; the widest are the local mean times of Manila and Juneau before the date line
/// moved, nearly 16 hours.
const WIDEST_OFFSET: i64 = 16 * 3_600;

/// No zone changes its offset twice within this time: in version 2025b, two changes are a week apart or more.
const STEP: i64 = 6 * 3_600;

impl Calendar {
    /// The first second of a local day; of a day that the zone skipped, that of the next.
    ///
    /// It is defined for every number, also outside the years 1 to 9999, and never decreases with the day.
    pub(super) fn day_start_second(&self, day: i32) -> i64 {
        self.earliest(midnight(day) + self.day_start_seconds())
    }

    /// The number of the last day that has begun at this instant.
    pub(super) fn day_number_at(&self, at: Timestamp) -> Result<i32> {
        let second = at.unix_seconds();
        if !(midnight(MIN_DAY - 2)..midnight(MAX_DAY + 2)).contains(&second) {
            return Err(at.out_of_range());
        }
        // Where the wall clock has gone back since the day began, its date is a day too early, never too late.
        let mut day = day_of_second(second + self.offset(second) - self.day_start_seconds());
        while self.day_start_second(day + 1) <= second {
            day += 1;
        }
        if (MIN_DAY..=MAX_DAY).contains(&day) { Ok(day) } else { Err(at.out_of_range()) }
    }

    /// The hour that the wall clock shows when an hour begins, 0 to 23, given by its slot.
    pub(crate) fn wall_hour(&self, slot: i32) -> Result<u32> {
        let second = self.bucket_of_slot(Period::Hour, slot)?.start.timestamp();
        let local = (second + self.offset(second)).rem_euclid(86_400);
        Ok(u32::try_from(local / 3_600).unwrap_or_default())
    }

    /// The earliest instant whose wall clock is at or past `wall`, which counts seconds as if the zone were UTC.
    ///
    /// Stepping is what makes it the earliest: looking `wall` up in the zone finds nothing when the clocks skip it, and
    /// doesn't tell whether they were past it before.
    pub(super) fn earliest(&self, wall: i64) -> i64 {
        let mut at = wall - WIDEST_OFFSET;
        let mut offset = self.offset(at);
        while at < wall + WIDEST_OFFSET {
            let next = at + STEP;
            let next_offset = self.offset(next);
            if offset == next_offset {
                if next + offset >= wall {
                    return wall - offset;
                }
            } else {
                let change = self.change_between(at, next, next_offset);
                if wall - offset < change {
                    return wall - offset;
                }
                if wall - next_offset <= next {
                    return change.max(wall - next_offset);
                }
            }
            (at, offset) = (next, next_offset);
        }
        wall - offset
    }

    /// The first second with the new offset, after `before` and up to `after`.
    fn change_between(&self, mut before: i64, mut after: i64, new_offset: i64) -> i64 {
        while after - before > 1 {
            let middle = before.midpoint(after);
            if self.offset(middle) == new_offset {
                after = middle;
            } else {
                before = middle;
            }
        }
        after
    }

    /// How far the local wall clock is ahead of UTC at an instant, in seconds.
    pub(super) fn offset(&self, second: i64) -> i64 {
        // Zones have no changes before year 1 and after 9999, and chrono has no dates for the farthest instants.
        let second = second.clamp(midnight(MIN_DAY), midnight(MAX_DAY));
        DateTime::from_timestamp(second, 0).map_or(0, |utc| {
            let offset = self.zone.offset_from_utc_datetime(&utc.naive_utc());
            i64::from(offset.fix().local_minus_utc())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_zone_is_as_far_from_utc_as_the_search_begins() {
        for zone in chrono_tz::TZ_VARIANTS {
            let calendar = Calendar::new(zone.name()).unwrap();
            for day in (MIN_DAY..0).step_by(1_000).chain((-50_000..50_000).step_by(30)) {
                let offset = calendar.offset(midnight(day));
                assert!(offset.abs() < WIDEST_OFFSET, "{zone}");
            }
        }
    }

    #[test]
    fn days_begin_in_order_as_far_as_numbers_go() {
        let calendar = Calendar::new("Asia/Manila").unwrap();
        let days = [i32::MIN, MIN_DAY - 1, MIN_DAY, 0, MAX_DAY, MAX_DAY + 1, i32::MAX];
        assert!(days.map(|day| calendar.day_start_second(day)).is_sorted());
    }
}
