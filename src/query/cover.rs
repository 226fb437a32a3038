//! The widest periods that make up a range of days.

use crate::{calendar::Calendar, model::Period};

/// The periods that a range may be read from instead of its days, the widest first.
pub(super) const WIDER: [Period; 4] = [Period::Year, Period::Quarter, Period::Month, Period::Week];

/// Slots of a period, both included.
pub(super) type Stretch = (Period, i32, i32);

/// Covers the days from one to another, both included, with whole periods, the widest first, and the rest with days.
/// Periods that end after the day before `left_out` are not used.
pub(super) fn cover(
    calendar: &Calendar,
    periods: &[Period],
    left_out: Option<i32>,
    (from, to): (i32, i32),
    stretches: &mut Vec<Stretch>,
) {
    if from > to {
        return;
    }
    let Some((&period, narrower)) = periods.split_first() else {
        stretches.push((Period::Day, from, to));
        return;
    };
    let first_day = |slot| calendar.first_day_number(period, slot);
    let last = left_out.map_or(to, |left_out| to.min(left_out - 1));
    let first_slot = calendar.slot_of_day(period, from - 1) + 1;
    let past_slot = calendar.slot_of_day(period, last.saturating_add(1));
    if first_slot >= past_slot {
        cover(calendar, narrower, left_out, (from, to), stretches);
        return;
    }
    let (first, past) = (first_day(first_slot), first_day(past_slot));
    cover(calendar, narrower, left_out, (from, first - 1), stretches);
    stretches.push((period, first_slot, past_slot - 1));
    cover(calendar, narrower, left_out, (past, to), stretches);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::day_number;

    fn covered(periods: &[Period], left_out: Option<&str>, from: &str, to: &str) -> Vec<String> {
        let calendar = Calendar::default();
        let day = |text: &str| day_number(text.parse().unwrap());
        let mut stretches = Vec::new();
        cover(&calendar, periods, left_out.map(day), (day(from), day(to)), &mut stretches);
        stretches
            .into_iter()
            .map(|(period, from, to)| {
                let date = |slot| calendar.date(period, slot).unwrap();
                format!("{period} {} {}", date(from), date(to))
            })
            .collect()
    }

    #[test]
    fn a_range_is_covered_by_the_widest_periods_that_fit() {
        let all = covered(&WIDER, None, "2022-12-27", "2024-05-17");
        assert_eq!(
            all,
            [
                "day 2022-12-27 2022-12-31",
                "year 2023-01-01 2023-01-01",
                "quarter 2024-01-01 2024-01-01",
                "month 2024-04-01 2024-04-01",
                "day 2024-05-01 2024-05-05",
                "week 2024-05-06 2024-05-06",
                "day 2024-05-13 2024-05-17",
            ]
        );
        assert_eq!(
            covered(&[Period::Month], None, "2023-01-01", "2023-12-31"),
            ["month 2023-01-01 2023-12-01"]
        );
        assert_eq!(covered(&[], None, "2023-01-01", "2023-12-31"), ["day 2023-01-01 2023-12-31"]);
        assert_eq!(covered(&WIDER, None, "2023-01-02", "2023-01-01"), [""; 0]);
    }

    #[test]
    fn periods_that_were_left_out_unfinished_are_covered_by_days() {
        let months = |left_out| covered(&[Period::Month], Some(left_out), "2023-01-01", "2023-03-31");
        assert_eq!(months("2023-02-28"), ["month 2023-01-01 2023-01-01", "day 2023-02-01 2023-03-31"]);
        assert_eq!(months("2023-03-01"), ["month 2023-01-01 2023-02-01", "day 2023-03-01 2023-03-31"]);
        assert_eq!(months("2022-03-01"), ["day 2023-01-01 2023-03-31"]);
    }

    #[test]
    fn every_day_is_covered_once() {
        let calendar = Calendar::default().months_from(15).unwrap();
        for (from, length) in (0..400).flat_map(|from| (0..900).step_by(37).map(move |length| (from, length)))
        {
            let mut stretches = Vec::new();
            cover(&calendar, &WIDER, Some(700), (from, from + length), &mut stretches);
            let mut next = from;
            for (period, first, last) in stretches {
                assert_eq!(calendar.first_day_number(period, first), next);
                next = calendar.first_day_number(period, last + 1);
                assert!(period == Period::Day || next <= 700);
            }
            assert_eq!(next, from + length + 1);
        }
    }
}
