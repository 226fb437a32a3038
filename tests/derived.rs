//! What is worked out from series as they are read: each against a naive recomputation from raw records, which knows
//! chrono and nothing of the library's calendar.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "a test that fails may panic, and numbers that are worked out alike are the same to the bit"
)]

mod common;

use chrono_tz::Tz;
use common::{CENTS, SALES, TILL, day};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trackstats::{
    Calendar, Error, Metric, Object, Period, Store, Timestamp, Tracker,
    chrono::{
        DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc,
        Weekday,
    },
    kinds::{Distinct, Gauge, Max, MergeError, Meter, Min, Number, Quantiles, Sum, Summary, Value},
    model::{Date, Id, Point, Series, Statistic},
    query::{Compare, Compared, Fill, Ranking, SeriesQuery},
    store::FixedClock,
    track::Since,
};

// Raw records, and what naive code makes of them

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn days(&mut self, end: u64) -> Days {
        Days::new(self.below(end))
    }
}

/// A kind of value, and what it makes of the instants and numbers of records.
trait Kind: Value {
    fn of(values: &[(i64, i64)]) -> Self;

    /// That it says what the numbers themselves say.
    fn assert_right(&self, _: &[(i64, i64)]) {}
}

fn numbers(values: &[(i64, i64)]) -> impl Iterator<Item = i64> + '_ {
    values.iter().map(|(_, number)| *number)
}

impl Kind for i64 {
    fn of(values: &[(i64, i64)]) -> Self {
        numbers(values).sum()
    }
}

impl Kind for Min {
    fn of(values: &[(i64, i64)]) -> Self {
        Self(numbers(values).min().unwrap())
    }
}

impl Kind for Max {
    fn of(values: &[(i64, i64)]) -> Self {
        Self(numbers(values).max().unwrap())
    }
}

/// A user's own kind: how many, how much, and the smallest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Receipts {
    count: u64,
    sum: i64,
    smallest: i64,
}

impl Value for Receipts {
    const KIND: &'static str = "receipts";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.count += other.count;
        self.sum += other.sum;
        self.smallest = self.smallest.min(other.smallest);
        Ok(())
    }
}

impl Kind for Receipts {
    fn of(values: &[(i64, i64)]) -> Self {
        let smallest = numbers(values).min().unwrap();
        Self { count: values.len() as u64, sum: numbers(values).sum(), smallest }
    }
}

/// The value of all records, each made alone: without a calendar.
fn merged<V: Value>(values: &[(i64, i64)], of: impl Fn(i64, f64) -> V) -> V {
    let mut all = values.iter().map(|(at, number)| of(*at, *number as f64));
    let mut merged = all.next().unwrap();
    all.for_each(|value| merged.merge(&value).unwrap());
    merged
}

impl Kind for Sum {
    fn of(values: &[(i64, i64)]) -> Self {
        merged(values, |_, number| Self::new(number).unwrap())
    }

    fn assert_right(&self, values: &[(i64, i64)]) {
        assert_eq!(self.value(), numbers(values).sum::<i64>() as f64);
    }
}

impl Kind for Summary {
    fn of(values: &[(i64, i64)]) -> Self {
        merged(values, |_, number| Self::new(number).unwrap())
    }

    fn assert_right(&self, values: &[(i64, i64)]) {
        let (count, sum) = (values.len() as f64, numbers(values).sum::<i64>() as f64);
        let squares = numbers(values).map(|number| number * number).sum::<i64>() as f64;
        assert_eq!((self.count(), self.sum()), (values.len() as u64, sum));
        assert_eq!(self.min(), numbers(values).min().map(|min| min as f64));
        assert_eq!(self.max(), numbers(values).max().map(|max| max as f64));
        assert_eq!(self.mean(), Some(sum / count));
        let variance = (squares - sum * sum / count) / count;
        assert!((self.variance().unwrap() - variance).abs() < 1e-6, "{self:?} and {variance}");
    }
}

impl Kind for Distinct {
    fn of(values: &[(i64, i64)]) -> Self {
        let mut all = numbers(values).map(Self::of);
        let mut merged = all.next().unwrap();
        all.for_each(|value| merged.merge(&value).unwrap());
        merged
    }

    fn assert_right(&self, values: &[(i64, i64)]) {
        let exact = numbers(values).collect::<BTreeSet<_>>().len() as u64;
        assert_eq!((self.count(), self.is_exact()), (exact, true), "few enough to be told apart");
    }
}

impl Kind for Quantiles {
    fn of(values: &[(i64, i64)]) -> Self {
        merged(values, |_, number| Self::new(number).unwrap())
    }

    fn assert_right(&self, values: &[(i64, i64)]) {
        let mut sorted: Vec<f64> = numbers(values).map(|number| number as f64).collect();
        sorted.sort_by(f64::total_cmp);
        for q in [0.0, 0.05, 0.5, 0.95, 1.0] {
            let rank = q * (sorted.len() - 1) as f64;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks are small")]
            let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
            let found = self.quantile(q).unwrap();
            let within = (below - 0.01 * below.abs())..=(above + 0.01 * above.abs());
            assert!(within.contains(&found), "{q} of {sorted:?} is {found}");
        }
    }
}

impl Kind for Gauge {
    fn of(values: &[(i64, i64)]) -> Self {
        merged(values, |at, number| Self::at(at, number).unwrap())
    }

    fn assert_right(&self, values: &[(i64, i64)]) {
        // Of two in one second, the higher one.
        let last = values.iter().max().unwrap().1;
        let (min, max) = (numbers(values).min().unwrap(), numbers(values).max().unwrap());
        assert_eq!((self.last(), self.min(), self.max()), (last as f64, min as f64, max as f64));
    }
}

/// A meter doesn't go below zero.
const LOWEST: i64 = -60;

impl Kind for Meter {
    fn of(values: &[(i64, i64)]) -> Self {
        merged(values, |at, number| Self::at(at, number - LOWEST as f64).unwrap())
    }

    fn assert_right(&self, values: &[(i64, i64)]) {
        let mut readings: BTreeMap<i64, i64> = BTreeMap::new();
        for (at, number) in values {
            let reading = readings.entry(*at).or_default();
            *reading = (*reading).max(number - LOWEST);
        }
        let readings: Vec<i64> = readings.into_values().collect();
        let growth =
            readings.windows(2).map(|pair| if pair[1] < pair[0] { pair[1] } else { pair[1] - pair[0] });
        assert_eq!(self.increase(), growth.sum::<i64>() as f64);
        assert_eq!(self.resets(), readings.windows(2).filter(|pair| pair[1] < pair[0]).count());
    }
}

/// Where and by which rules.
#[derive(Debug, Clone, Copy)]
struct Place {
    zone: Tz,
    first: NaiveDate,
    day_start: NaiveTime,
    week_start: Weekday,
    month_start: u32,
}

/// About 500 days around what makes each zone a nasty one.
fn places() -> Vec<Place> {
    [
        ("UTC", "2023-08-01", "00:00", Weekday::Mon, 1),
        ("Pacific/Apia", "2011-01-10", "00:00", Weekday::Sun, 1),
        ("Africa/Casablanca", "2019-12-01", "00:00", Weekday::Sat, 15),
        ("Asia/Kathmandu", "1985-06-01", "05:45", Weekday::Sun, 1),
        ("America/Sao_Paulo", "2017-08-01", "00:00", Weekday::Mon, 1),
        ("Australia/Lord_Howe", "2019-01-01", "02:15", Weekday::Wed, 28),
        ("Asia/Beirut", "2022-09-01", "00:00", Weekday::Mon, 1),
        ("Europe/Amsterdam", "2019-11-01", "04:00", Weekday::Mon, 1),
        ("America/New_York", "2020-10-01", "02:30", Weekday::Sun, 7),
        ("Pacific/Kwajalein", "1992-12-01", "00:00", Weekday::Fri, 1),
        ("America/St_Johns", "2006-01-01", "00:00", Weekday::Tue, 2),
        ("Asia/Tehran", "2021-02-01", "00:00", Weekday::Sat, 1),
    ]
    .into_iter()
    .map(|(zone, first, day_start, week_start, month_start)| Place {
        zone: zone.parse().unwrap(),
        first: day(first),
        day_start: NaiveTime::parse_from_str(day_start, "%H:%M").unwrap(),
        week_start,
        month_start,
    })
    .collect()
}

const SPAN: u64 = 500;

impl Place {
    fn calendar(&self) -> Calendar {
        let calendar = Calendar::new(self.zone.name()).unwrap().weeks_from(self.week_start);
        calendar.days_from(self.day_start).unwrap().months_from(self.month_start).unwrap()
    }

    /// The date that the clock shows, were it set back by the start of the day.
    fn shown(&self, at: i64) -> NaiveDate {
        let local = self.local(at) - self.day_start.signed_duration_since(NaiveTime::MIN);
        local.date()
    }

    fn local(&self, at: i64) -> NaiveDateTime {
        self.zone
            .from_utc_datetime(&DateTime::<Utc>::from_timestamp(at, 0).unwrap().naive_utc())
            .naive_local()
    }

    /// The last date that the clock has shown: it may go back over midnight, but a day that has begun goes on.
    fn date(&self, at: i64) -> NaiveDate {
        (0..=360).map(|half_minutes| self.shown(at - 30 * half_minutes)).max().unwrap()
    }

    fn instant(date: NaiveDate) -> i64 {
        date.and_time(NaiveTime::MIN).and_utc().timestamp()
    }

    /// The dates that there were, from the first on.
    fn existing(&self) -> BTreeSet<NaiveDate> {
        let start = Self::instant(self.first) + 86_400;
        (0..96 * (SPAN + 80)).map(|quarter| self.shown(start + 900 * quarter.cast_signed())).collect()
    }

    fn start(&self, period: Period, date: NaiveDate) -> NaiveDate {
        let month_start = {
            let first = date.with_day(1).unwrap();
            let first = if date.day() < self.month_start { first - Months::new(1) } else { first };
            first.with_day(self.month_start).unwrap()
        };
        let back = |months: u32| month_start - Months::new(month_start.month0() % months);
        match period {
            Period::Week => date - Days::new(u64::from(date.weekday().days_since(self.week_start))),
            Period::Month => month_start,
            Period::Quarter => back(3),
            Period::Year => back(12),
            _ => date,
        }
    }
}

/// A raw record; without a value it says that there is no data of the day.
#[derive(Debug, Clone, Copy)]
struct Record {
    at: i64,
    date: NaiveDate,
    shop: u64,
    value: Option<i64>,
}

fn records(place: &Place, random: &mut Random, count: u64) -> Vec<Record> {
    let mut records = Vec::new();
    // Days with many records, days with few, and weeks without any.
    while records.len() < usize::try_from(count).unwrap() {
        let offset = random.below(SPAN);
        if offset / 9 % 4 == 3 {
            continue;
        }
        let at = Place::instant(place.first)
            + 172_800
            + i64::try_from(offset * 86_400 + random.below(86_400)).unwrap();
        let value = i64::try_from(random.below(200)).unwrap() + LOWEST;
        records.push(Record { at, date: place.date(at), shop: random.below(4), value: Some(value) });
    }
    records.sort_by_key(|record| record.at);
    records
}

/// What naive code makes of the records that it takes.
fn naive<V: Kind>(records: &[Record], take: impl Fn(&Record) -> bool) -> Point<V> {
    let taken: Vec<&Record> = records.iter().filter(|record| take(record)).collect();
    if taken.is_empty() {
        return Point::Absent;
    }
    let values: Vec<(i64, i64)> =
        taken.iter().filter_map(|record| Some((record.at, record.value?))).collect();
    if values.is_empty() {
        return Point::Missing;
    }
    let value = V::of(&values);
    value.assert_right(&values);
    Point::Value(value)
}

type Points<T> = Vec<(Date, Option<T>)>;

/// The points of dates that aren't absent.
fn points<T>(dates: impl IntoIterator<Item = NaiveDate>, value: impl Fn(NaiveDate) -> Point<T>) -> Points<T> {
    dates.into_iter().filter_map(|date| Some((date.into(), listed(value(date))?))).collect()
}

/// What a list of points has for one of them.
fn listed<T>(point: Point<T>) -> Option<Option<T>> {
    (!point.is_absent()).then(|| point.value())
}

fn metric<V>() -> Metric<'static, V> {
    Metric::new(TILL, "raw", "Raw")
}

fn shop(id: u64) -> Object {
    Object::new("shop", id).unwrap()
}

/// A store with the days of the records, of each shop and together, missing ones among them.
fn store_of<V: Kind>(place: &Place, records: &[Record]) -> Store {
    let store = Store::options().calendar(place.calendar()).in_memory().unwrap();
    let dates: BTreeSet<NaiveDate> = records.iter().map(|record| record.date).collect();
    store
        .change(|change| {
            for date in dates {
                let key = || metric::<V>().on(Period::Day, date);
                let mut days = vec![(key(), naive::<V>(records, |record| record.date == date))];
                for id in 0..4 {
                    let of_shop = naive::<V>(records, |record| record.date == date && record.shop == id);
                    days.push((key().of(shop(id)), of_shop));
                }
                change.record_all(days.into_iter().filter_map(|(key, day)| Some((key, listed(day)?))))?;
            }
            Ok(())
        })
        .unwrap();
    store
}

/// The series of a shop, or of all together.
fn series<V: Kind>(store: &Store, of: Option<u64>) -> SeriesQuery<'static, V> {
    let days = store.series(metric::<V>(), Period::Day);
    match of {
        Some(id) => days.object(shop(id)),
        None => days,
    }
}

fn each_place<V: Kind>(test: impl Fn(&Place, &Store, &[Record], &mut Random)) {
    for (seed, place) in (1..).zip(places()) {
        let mut random = Random(seed);
        let mut records = records(&place, &mut random, 500);
        // There is no data of some days, of one shop or of all.
        for record in &mut records {
            let closed =
                record.date.ordinal().is_multiple_of(7) || record.shop == 1 && record.date.day() == 5;
            record.value = record.value.filter(|_| !closed);
        }
        let store = store_of::<V>(&place, &records);
        test(&place, &store, &records, &mut random);
    }
}

/// The records of a shop, or all.
fn of_shop(records: &[Record], of: Option<u64>) -> Vec<Record> {
    records.iter().filter(|record| of.is_none_or(|id| record.shop == id)).copied().collect()
}

fn windows_totals_and_wider_periods_are_right<V: Kind>() {
    each_place::<V>(|place, store, records, random| {
        let existing = place.existing();
        for of in [None, Some(1), Some(3)] {
            let records = of_shop(records, of);
            for _ in 0..3 {
                let from = place.first + random.days(SPAN);
                let to = from + random.days(90);
                let range = || series::<V>(store, of).from(from).to(to);
                let dates = || existing.range(from..=to).copied();
                for days in [1_u16, 2, 7, 28, 40] {
                    let first = |date: NaiveDate| date - Days::new(u64::from(days) - 1);
                    let expected = points(dates(), |date| {
                        naive::<V>(&records, |record| (first(date)..=date).contains(&record.date))
                    });
                    assert_eq!(
                        range().rolling(days).points().unwrap(),
                        expected,
                        "{days} days, {from} to {to}"
                    );
                }
                let expected = points(dates(), |date| naive::<V>(&records, |record| record.date <= date));
                assert_eq!(range().cumulative().points().unwrap(), expected, "{from} to {to}");
                for period in [Period::Week, Period::Month, Period::Quarter, Period::Year] {
                    let starts: BTreeSet<NaiveDate> = (from.iter_days())
                        .take_while(|date| *date <= to)
                        .map(|date| place.start(period, date))
                        .collect();
                    let expected = points(starts, |start| {
                        naive::<V>(&records, |record| place.start(period, record.date) == start)
                    });
                    assert_eq!(
                        range().resample(period).points().unwrap(),
                        expected,
                        "{period}, {from} to {to}"
                    );
                }
                let expected = naive::<V>(&records, |record| (from..=to).contains(&record.date));
                assert_eq!(range().over().unwrap(), expected, "{from} to {to}");
                let each = store.series(metric::<V>(), Period::Day).by(["shop"]).from(from).to(to);
                let each = each.over_each().unwrap();
                let total = each.iter().find(|total| total.object() == of.map(shop).as_ref());
                if of.is_some() {
                    assert_eq!(total.map(|total| total.value.clone()), listed(expected));
                }
                let profile = range().by_weekday().unwrap();
                assert_eq!(profile[0].of, place.week_start);
                for part in profile {
                    let is = |date: NaiveDate| date.weekday() == part.of;
                    let expected =
                        naive::<V>(&records, |record| (from..=to).contains(&record.date) && is(record.date));
                    assert_eq!(part.value, expected);
                    assert_eq!(part.dates, dates().filter(|date| is(*date)).count() as u64);
                }
            }
            let months = series::<V>(store, of).resample(Period::Month).rolling(3).points().unwrap();
            assert!(months.len() > 12);
            for (date, value) in months {
                let first = date.day() - Months::new(2);
                let past = date.day() + Months::new(1);
                let expected = naive::<V>(&records, |record| (first..past).contains(&record.date));
                assert_eq!(Point::from(value), expected, "three months up to {date}");
            }
        }
    });
}

/// A test a kind of value, so that they run beside one another.
macro_rules! for_kinds {
    ($($name:ident: $test:ident::<$kind:ty>;)*) => {$(
        #[test]
        fn $name() {
            $test::<$kind>();
        }
    )*};
}

for_kinds! {
    windows_totals_and_wider_periods_of_sums_equal_raw_records: windows_totals_and_wider_periods_are_right::<i64>;
    windows_totals_and_wider_periods_of_minima_equal_raw_records: windows_totals_and_wider_periods_are_right::<Min>;
    windows_totals_and_wider_periods_of_maxima_equal_raw_records: windows_totals_and_wider_periods_are_right::<Max>;
    windows_totals_and_wider_periods_of_a_users_own_kind_equal_raw_records: windows_totals_and_wider_periods_are_right::<Receipts>;
    windows_totals_and_wider_periods_of_floats_equal_raw_records: windows_totals_and_wider_periods_are_right::<Sum>;
    windows_totals_and_wider_periods_of_summaries_equal_raw_records: windows_totals_and_wider_periods_are_right::<Summary>;
    windows_totals_and_wider_periods_of_distinct_counts_equal_raw_records: windows_totals_and_wider_periods_are_right::<Distinct>;
    windows_totals_and_wider_periods_of_quantiles_equal_raw_records: windows_totals_and_wider_periods_are_right::<Quantiles>;
    windows_totals_and_wider_periods_of_levels_equal_raw_records: windows_totals_and_wider_periods_are_right::<Gauge>;
    windows_totals_and_wider_periods_of_meters_equal_raw_records: windows_totals_and_wider_periods_are_right::<Meter>;
    comparisons_and_averages_of_sums_equal_raw_records: comparisons_are_right::<i64>;
    comparisons_and_averages_of_minima_equal_raw_records: comparisons_are_right::<Min>;
    comparisons_and_averages_of_maxima_equal_raw_records: comparisons_are_right::<Max>;
    comparisons_and_averages_of_floats_equal_raw_records: comparisons_are_right::<Sum>;
    comparisons_and_averages_of_distinct_counts_equal_raw_records: comparisons_are_right::<Distinct>;
}

/// The date that a date is compared with, by the rules in words.
fn last_year(period: Period, place: &Place, date: NaiveDate) -> Option<NaiveDate> {
    match period {
        Period::Week => {
            let name = |week: NaiveDate| {
                let fourth = week + Days::new(3);
                (fourth.year(), fourth.ordinal0() / 7)
            };
            let (year, number) = name(date);
            let earlier = date - Days::new(400);
            let weeks = place.start(period, earlier).iter_days().step_by(7).take(60);
            weeks.into_iter().find(|week| name(*week) == (year - 1, number))
        }
        _ if (date.month(), date.day()) == (2, 29) => NaiveDate::from_ymd_opt(date.year() - 1, 2, 28),
        _ => date.with_year(date.year() - 1),
    }
}

fn comparisons_are_right<V: Kind + Number>() {
    each_place::<V>(|place, store, records, random| {
        let existing = place.existing();
        let all: BTreeSet<NaiveDate> = place.first.iter_days().take(580).collect();
        for period in [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::LastDays(7)] {
            let value = |date: NaiveDate| match period {
                Period::LastDays(days) => {
                    let first = date - Days::new(u64::from(days) - 1);
                    let was = existing.contains(&date);
                    naive::<V>(records, |record| was && (first..=date).contains(&record.date))
                }
                _ => naive::<V>(records, |record| place.start(period, record.date) == date),
            };
            let derived = |from, to| -> SeriesQuery<'_, V> {
                let days = series::<V>(store, None).from(from).to(to);
                match period {
                    Period::LastDays(days_of) => days.rolling(days_of),
                    _ => days.resample(period),
                }
            };
            let from = place.start(period, place.first + Days::new(366) + random.days(60));
            let to = from + Days::new(70);
            let dates: BTreeSet<NaiveDate> = all
                .range(from..=to)
                .map(|date| place.start(period, *date))
                .filter(|date| {
                    !matches!(period, Period::Day | Period::LastDays(_)) || existing.contains(date)
                })
                .collect();
            let previous = |date: NaiveDate| {
                let before = match period {
                    Period::LastDays(days) => date - Days::new(days.into()),
                    _ => place.start(period, date.pred_opt().unwrap()),
                };
                // A day that never was gives way to the one before it.
                let was = |date: &NaiveDate| {
                    !matches!(period, Period::Day | Period::LastDays(_)) || existing.contains(date)
                };
                [before, before - Days::new(1)].into_iter().find(was)
            };
            for with in [Compare::Previous, Compare::LastYear] {
                let other = |date| match with {
                    Compare::LastYear => last_year(period, place, date),
                    _ => previous(date),
                };
                let expected = points(dates.iter().copied(), |date| {
                    let (now, before) = (value(date), other(date).map_or(Point::Absent, value));
                    let any = !now.is_absent() || !before.is_absent();
                    if any { Point::Value(Compared { now, before }) } else { Point::Absent }
                });
                let compared = derived(from, to).compare(with);
                assert_eq!(compared.points().unwrap(), expected, "{period} {with:?} {from} to {to}");
                let change = |f: fn(f64, f64) -> Option<f64>| -> Points<f64> {
                    let numbers = expected.iter().filter_map(|(date, compared)| {
                        let Compared { now, before } = compared.clone()?;
                        let both = listed(now)?.zip(listed(before)?);
                        Some((*date, both.and_then(|(now, before)| f(now.to_f64(), before.to_f64()))))
                    });
                    numbers.collect()
                };
                let (difference, growth) = (
                    change(|now, before| Some(now - before)),
                    change(|now, before| (before != 0.0).then(|| (now - before) / before.abs() * 100.0)),
                );
                assert_eq!(compared.clone().difference().points().unwrap(), difference);
                assert_eq!(compared.growth().points().unwrap(), growth);
                if with == Compare::Previous {
                    assert_eq!(derived(from, to).difference().points().unwrap(), difference);
                    assert_eq!(derived(from, to).growth().points().unwrap(), growth);
                }
            }
        }
        let (from, to) = (place.first + random.days(SPAN), place.first + Days::new(560));
        let expected = points(existing.range(from..=to).copied(), |date| {
            let days = (0..10).map(|back| date - Days::new(back));
            let days: Vec<Option<V>> =
                days.filter_map(|day| listed(naive::<V>(records, |record| record.date == day))).collect();
            let numbers: Vec<f64> = days.iter().flatten().map(Number::to_f64).collect();
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            match (days.is_empty(), numbers.is_empty()) {
                (true, _) => Point::Absent,
                (_, true) => Point::Missing,
                _ => Point::Value(mean),
            }
        });
        let average = series::<V>(store, None).from(from).to(to).moving_average(10);
        let average = average.points().unwrap();
        assert_eq!(average.len(), expected.len(), "{from} to {to}");
        for ((date, average), (expected_date, expected)) in average.into_iter().zip(expected) {
            // Estimates of how many are distinct are no whole numbers: their sum is rounded.
            let near = average.zip(expected).is_none_or(|(a, b)| (a - b).abs() <= 1e-12 * b.abs().max(1.0));
            assert!(
                near && average.is_some() == expected.is_some(),
                "{date:?}: {average:?} and {expected:?}"
            );
            assert_eq!(date, expected_date);
        }
    });
}

#[test]
fn breakdowns_equal_raw_records() {
    each_place::<Receipts>(|place, store, records, random| {
        let from = place.first + random.days(SPAN);
        let to = from + random.days(200);
        let days = store.series(metric::<Receipts>(), Period::Day).by(["shop"]).from(from).to(to);
        let breakdown = days.breakdown().unwrap();
        let within = |record: &Record| (from..=to).contains(&record.date);
        let mut objects = 0;
        for id in 0..4 {
            let of_shop = naive::<Receipts>(records, |record| within(record) && record.shop == id);
            let Some(expected) = listed(of_shop) else {
                continue;
            };
            let entry = &breakdown.entries()[objects];
            objects += 1;
            let seen = || {
                let of_shop = records.iter().filter(|record| within(record) && record.shop == id);
                of_shop.filter(|record| record.value.is_some()).map(|record| record.date)
            };
            assert_eq!((&entry.object, &entry.value), (&shop(id), &expected));
            assert_eq!(entry.first, seen().min().map(Date::from));
            assert_eq!(entry.last, seen().max().map(Date::from));
            assert_eq!(entry.values, seen().collect::<BTreeSet<_>>().len() as u64);
        }
        assert_eq!(breakdown.len(), objects);
        assert_eq!(breakdown.total().unwrap(), naive::<Receipts>(records, within));
        let by_count = breakdown.top_by(2, |receipts| receipts.count as f64).unwrap();
        let counted = |ranking: &Ranking<Receipts>| -> u64 {
            let others = ranking.others.iter().filter_map(|others| others.value.as_ref());
            ranking
                .ranked
                .iter()
                .map(|ranked| &ranked.value)
                .chain(others)
                .map(|receipts| receipts.count)
                .sum()
        };
        let all = naive::<Receipts>(records, within).value().map_or(0, |receipts| receipts.count);
        assert_eq!(counted(&by_count), all);
    });
}

#[test]
fn profiles_by_hour_equal_raw_records() {
    for (seed, place) in (50..).zip(places()) {
        // Where an hour of the day isn't one of the clock, it counts for the hour that the clock shows as it begins.
        if place.day_start.minute() > 0 || place.zone.name() == "Australia/Lord_Howe" {
            continue;
        }
        let records = records(&place, &mut Random(seed), 400);
        let store = Store::options().calendar(place.calendar()).in_memory().unwrap();
        let at = |record: &Record| Timestamp::from_unix_seconds(record.at);
        let tracker = Tracker::sum(metric(), at, |record: &Record| record.value).periods([Period::Hour]);
        tracker.append().run(&store, records.iter().copied()).unwrap();
        let hours = store.series(metric::<i64>(), Period::Hour);
        for part in hours.by_hour().unwrap() {
            let expected = naive::<i64>(&records, |record| place.local(record.at).hour() == part.of);
            assert_eq!(part.value, expected, "{} {}", place.zone, part.of);
        }
        let days = hours.resample(Period::Day).points().unwrap();
        assert_eq!(days, store.series(metric::<i64>(), Period::Day).points().unwrap());
    }
}

// Stored periods

fn run_at(date: NaiveDate) -> FixedClock {
    FixedClock(Timestamp::from_unix_seconds(Place::instant(date) + 43_200))
}

fn tracker<V: Kind>() -> Tracker<'static, Record, V> {
    Tracker::new(
        metric::<V>(),
        |record: &Record| Timestamp::from_unix_seconds(record.at),
        |record| record.value.map(|value| V::of(&[(record.at, value)])),
    )
    .periods([
        Period::Week,
        Period::Month,
        Period::Quarter,
        Period::Year,
        Period::LastDays(7),
        Period::LastDays(28),
        Period::Lifetime,
    ])
    .by("shop", |record| Id::from(record.shop))
    .unwrap()
}

fn derived_series_equal_stored_periods<V: Kind>() {
    for (seed, place) in (100..).zip(places()) {
        let records = records(&place, &mut Random(seed), 400);
        let today = place.first + Days::new(SPAN + 20);
        let options = Store::options().calendar(place.calendar()).clock(run_at(today));
        let store = options.in_memory().unwrap();
        tracker::<V>().append().run(&store, records.iter().copied()).unwrap();
        let today = store.today().unwrap();
        let all = |derived: SeriesQuery<'_, V>| derived.all().unwrap();
        for (from, to) in [(None, None), (Some(today - Days::new(200)), Some(today - Days::new(130)))] {
            let query = |period| {
                let query = store.series(metric::<V>(), period).to(to.unwrap_or(today));
                if let Some(from) = from { query.from(from) } else { query }
            };
            for by_shop in [false, true] {
                let query = |period| if by_shop { query(period).by(["shop"]) } else { query(period) };
                let stored = |period| -> Vec<Statistic<V>> { query(period).all().unwrap() };
                assert_eq!(all(query(Period::Day).rolling(7)), stored(Period::LastDays(7)));
                assert_eq!(all(query(Period::Day).rolling(28)), stored(Period::LastDays(28)));
                assert_eq!(all(query(Period::Day).cumulative()), stored(Period::Lifetime));
                for period in [Period::Week, Period::Month, Period::Quarter, Period::Year] {
                    assert_eq!(all(query(Period::Day).resample(period)), stored(period));
                }
                assert_eq!(all(query(Period::Month).resample(Period::Year)), stored(Period::Year));
                let newest = query(Period::Day).newest_first().rolling(7);
                assert_eq!(all(newest), query(Period::LastDays(7)).newest_first().all().unwrap());
            }
        }
        let windows = store.series(metric::<V>(), Period::Day).to(today).rolling(7);
        let stored = store.series(metric::<V>(), Period::LastDays(7)).to(today).latest().unwrap();
        assert_eq!(windows.latest().unwrap(), stored);
    }
}

#[test]
fn derived_series_equal_stored_periods_in_every_zone() {
    derived_series_equal_stored_periods::<i64>();
    derived_series_equal_stored_periods::<Max>();
    derived_series_equal_stored_periods::<Receipts>();
}

#[test]
fn derived_series_of_encoded_kinds_equal_stored_periods_in_every_zone() {
    derived_series_equal_stored_periods::<Sum>();
    derived_series_equal_stored_periods::<Summary>();
    derived_series_equal_stored_periods::<Distinct>();
    derived_series_equal_stored_periods::<Quantiles>();
    derived_series_equal_stored_periods::<Gauge>();
    derived_series_equal_stored_periods::<Meter>();
}

/// Running periods that are tracked, read in every way there is.
#[expect(clippy::too_many_lines, reason = "each way of reading beside the others")]
fn running_periods_are_right_however_they_are_read<V: Kind + Number>() {
    let zones = ["Pacific/Apia", "America/New_York"];
    for place in places().into_iter().filter(|place| zones.contains(&place.zone.name())) {
        let records = records(&place, &mut Random(7), 300);
        let options =
            Store::options().calendar(place.calendar()).clock(run_at(place.first + Days::new(SPAN)));
        let store = options.in_memory().unwrap();
        tracker::<V>().append().run(&store, records.iter().copied()).unwrap();
        let (today, existing) = (store.today().unwrap(), place.existing());
        let value = |period, of: Option<u64>, date: NaiveDate| {
            let first = match period {
                Period::LastDays(days) => date - Days::new(u64::from(days) - 1),
                _ => place.first,
            };
            let is_there = date <= today && existing.contains(&date);
            let counts = |record: &Record| {
                (first..=date).contains(&record.date) && of.is_none_or(|id| record.shop == id)
            };
            naive::<V>(&records, |record| is_there && counts(record))
        };
        let middle = place.first + Days::new(345);
        for period in [Period::LastDays(7), Period::LastDays(28), Period::Lifetime] {
            let all = || store.series(metric::<V>(), period);
            for (from, to) in [(place.first, today + Days::new(9)), (middle, middle + Days::new(20))] {
                let dates = || existing.range(from..=to).copied();
                for of in [None, Some(1), Some(3)] {
                    let value = |date| value(period, of, date);
                    let query = of.map_or_else(all, |id| all().object(shop(id))).from(from).to(to);
                    let expected = points(dates(), value);
                    assert_eq!(query.points().unwrap(), expected);
                    let values: Vec<_> = expected.iter().map(|(_, value)| value.clone()).collect();
                    assert_eq!(query.values().unwrap(), values);
                    let found = query.all().unwrap();
                    assert!(found.iter().all(|found| found.object() == of.map(shop).as_ref()));
                    assert!(found.iter().map(|found| (found.date, found.value.clone())).eq(expected.clone()));
                    assert!(query.statistics().unwrap().map(Result::unwrap).eq(found.iter().cloned()));
                    let mut each = Vec::new();
                    query
                        .for_each(|series, date, value| {
                            assert_eq!(series.period(), period);
                            each.push((date, value));
                        })
                        .unwrap();
                    assert_eq!(each, expected);
                    let backwards = query.clone().newest_first().points().unwrap();
                    assert!(backwards.iter().rev().eq(&expected));
                    assert_eq!(query.latest().unwrap().as_ref(), found.last());
                    for date in from.iter_days().take_while(|date| *date <= to).step_by(3) {
                        let key = metric::<V>().on(period, date);
                        let key = if let Some(id) = of { key.of(shop(id)) } else { key };
                        let got = store.get(&key).unwrap().map(|found| found.value);
                        assert_eq!(got, listed(value(date)), "{date}");
                        assert_eq!(query.clone().from(date).to(date).over().unwrap(), value(date));
                    }
                    let mut highest: Vec<_> = expected.clone();
                    highest.sort_by(|(_, a), (_, b)| {
                        b.as_ref().unwrap().to_f64().total_cmp(&a.as_ref().unwrap().to_f64())
                    });
                    let top = query.top(5).unwrap().into_iter().map(|found| (found.date, found.value));
                    assert!(top.eq(highest.into_iter().take(5)));
                    for fill in [Fill::Zero, Fill::Missing, Fill::Previous] {
                        let before = existing.range(..from).rev().find_map(|date| listed(value(*date)));
                        let mut previous = before.flatten();
                        let filled: Points<V> = dates()
                            .map(|date| {
                                let filled = listed(value(date)).unwrap_or_else(|| match fill {
                                    Fill::Zero => V::zero(),
                                    Fill::Previous => previous.clone(),
                                    _ => None,
                                });
                                previous.clone_from(&filled);
                                (date.into(), filled)
                            })
                            .collect();
                        assert_eq!(query.clone().fill(fill).points().unwrap(), filled, "{fill:?}");
                    }
                    let before = |date: NaiveDate| {
                        let before = match period {
                            Period::LastDays(days) => date - Days::new(days.into()),
                            _ => date - Days::new(1),
                        };
                        // A day that never was gives way to the one before it.
                        existing.range(..=before).next_back().map_or(Point::Absent, |date| value(*date))
                    };
                    let compared = points(dates(), |date| {
                        let (now, before) = (value(date), before(date));
                        let any = !now.is_absent() || !before.is_absent();
                        if any { Point::Value(Compared { now, before }) } else { Point::Absent }
                    });
                    assert_eq!(query.clone().compare(Compare::Previous).points().unwrap(), compared);
                }
                // By object.
                let of_shops = |ids: &[u64]| -> Vec<(Date, Option<Object>, Option<V>)> {
                    let of = |date: NaiveDate, id| {
                        Some((date.into(), Some(shop(id)), listed(value(period, Some(id), date))?))
                    };
                    dates().flat_map(|date| ids.iter().filter_map(move |id| of(date, *id))).collect()
                };
                let read = |query: SeriesQuery<'_, V>| -> Vec<_> {
                    let query = query.from(from).to(to);
                    let found = query.all().unwrap();
                    let mut backwards = query.newest_first().all().unwrap();
                    backwards.reverse();
                    assert_eq!(found, backwards);
                    found
                        .into_iter()
                        .map(|found| (found.date, found.object().cloned(), found.value))
                        .collect()
                };
                assert_eq!(read(all().by(["shop"])), of_shops(&[0, 1, 2, 3]));
                assert_eq!(read(all().objects([shop(3), shop(1)])), of_shops(&[1, 3]));
                assert_eq!(read(all().under(shop(2))), of_shops(&[2]));
                assert_eq!(read(all().by(["till"])), of_shops(&[]));
                for date in dates().step_by(7) {
                    let one = all().by(["shop"]).from(date).to(date);
                    let totals: Vec<(Object, Option<V>)> = (0..4)
                        .filter_map(|id| Some((shop(id), listed(value(period, Some(id), date))?)))
                        .collect();
                    let each = one.over_each().unwrap().into_iter();
                    assert!(
                        each.map(|total| (total.object().unwrap().clone(), total.value)).eq(totals.clone())
                    );
                    let breakdown = one.breakdown().unwrap();
                    let entries = breakdown.entries().iter().cloned();
                    assert!(entries.map(|entry| (entry.object, entry.value)).eq(totals));
                }
            }
        }
    }
}

#[test]
fn running_periods_are_right_however_they_are_read_in_nasty_zones() {
    running_periods_are_right_however_they_are_read::<i64>();
    running_periods_are_right_however_they_are_read::<Max>();
    running_periods_are_right_however_they_are_read::<Sum>();
}

/// Merges days one by one.
fn over_days<V: Kind>(query: &SeriesQuery<'_, V>) -> Point<V> {
    let merged = query.values().unwrap().into_iter().reduce(|a, b| match (a, b) {
        (Some(mut a), Some(b)) => {
            a.merge(&b).unwrap();
            Some(a)
        }
        (a, b) => a.or(b),
    });
    merged.map_or(Point::Absent, Point::from)
}

fn any_range_is_the_merge_of_its_days<V: Kind>(seed: u64) {
    let place = places()[usize::try_from(seed).unwrap() % 12];
    let mut random = Random(seed + 1_000);
    let clock = common::Hand::default();
    let options = Store::options().calendar(place.calendar()).clock(clock.clone());
    let store = options.in_memory().unwrap();
    let all = records(&place, &mut random, 250);
    let mut log = Vec::new();
    for step in 0..12 {
        let today = place.first + Days::new(SPAN / 2) + random.days(SPAN / 2);
        clock.set(common::noon(&today.to_string()));
        let known: Vec<Record> = all.iter().filter(|_| random.below(3) > 0).copied().collect();
        let date = place.first + random.days(SPAN);
        let key = |period| metric::<V>().on(period, date);
        let does = if step == 0 { random.below(3) } else { random.below(9) };
        log.push(format!("{does} on {date}, today {today}"));
        match does {
            0 => drop(tracker::<V>().append().run(&store, known.into_iter().take(40)).unwrap()),
            1 => drop(tracker::<V>().recompute().since(Since::Beginning).run(&store, known).unwrap()),
            2 => drop(
                tracker::<V>().recompute().since(Since::Beginning).current(false).run(&store, known).unwrap(),
            ),
            3 => drop(
                tracker::<V>()
                    .recompute()
                    .since(Since::Date(date))
                    .current(false)
                    .run(&store, known)
                    .unwrap(),
            ),
            4 => drop(tracker::<V>().recompute().since(Since::Date(date)).run(&store, known).unwrap()),
            5 => drop(store.rebuild(metric::<V>()).run().unwrap()),
            6 => {
                let points = store.series(metric::<V>(), Period::Day).points().unwrap();
                if let Some((date, _)) = points.get(points.len() / 2) {
                    assert!(store.delete(&metric::<V>().on(Period::Day, *date)).unwrap());
                }
            }
            7 => store.record(key(Period::Day).of(shop(2)), V::of(&[(0, 1_000)])).unwrap(),
            _ => {
                let period =
                    [Period::Week, Period::Month, Period::Year][usize::try_from(random.below(3)).unwrap()];
                store.record(key(period), V::of(&[(0, 77_777)])).unwrap();
                store.record_missing(key(period).of(shop(1))).unwrap();
            }
        }
        for _ in 0..12 {
            let from = place.first + random.days(SPAN);
            let to = from + random.days(SPAN);
            let days = || store.series(metric::<V>(), Period::Day);
            for query in [
                days().from(from).to(to),
                days().from(from),
                days(),
                days().object(shop(2)).from(from).to(to),
                days().object(shop(1)).to(to),
                days().by(["shop"]).from(from).to(to),
                days().under(shop(2)).to(to),
            ] {
                assert_eq!(
                    query.over().unwrap(),
                    over_days(&query),
                    "{from} to {to} of {query:?} after\n{}",
                    log.join("\n")
                );
            }
            for total in days().by(["shop"]).from(from).to(to).over_each().unwrap() {
                let of_one = days().object(total.object().unwrap()).from(from).to(to);
                assert_eq!(
                    Point::from(total.value.clone()),
                    over_days(&of_one),
                    "{total:?} after\n{}",
                    log.join("\n")
                );
                assert_eq!(total.series.period(), Period::Day);
            }
        }
    }
}

#[test]
fn any_range_is_the_merge_of_its_days_whatever_is_read_for_it() {
    for seed in 0..36 {
        any_range_is_the_merge_of_its_days::<i64>(seed);
        any_range_is_the_merge_of_its_days::<Receipts>(seed);
    }
}

#[test]
fn other_periods_than_days_are_merged_as_they_are() {
    let store = Store::in_memory().unwrap();
    store.record(SALES.on(Period::Month, day("2024-04-01")), 5).unwrap();
    store.record(SALES.on(Period::Month, day("2024-05-01")), 6).unwrap();
    let months = store.series(SALES, Period::Month);
    assert_eq!(
        months.clone().from(day("2024-04-30")).to(day("2024-05-01")).over().unwrap(),
        Point::Value(11)
    );
    assert_eq!(months.from(day("2024-05-31")).over().unwrap(), Point::Value(6));
    store.record(CENTS.on(Period::Month, day("2024-05-01")), 30).unwrap();
    let both = store.series(SALES, Period::Month).and(CENTS);
    assert_eq!(both.over().unwrap(), Point::Value(41));
    assert_eq!(both.over_each().unwrap().len(), 2);
}

// Rules, one by one

fn store_with(days: &[(&str, Option<i64>)]) -> Store {
    let store = Store::in_memory().unwrap();
    for (date, value) in days {
        let key = SALES.on(Period::Day, day(date));
        match value {
            Some(value) => store.record(key, *value).unwrap(),
            None => store.record_missing(key).unwrap(),
        }
    }
    store
}

#[test]
fn zero_missing_and_absent_stay_three_things() {
    let store = store_with(&[
        ("2024-05-01", Some(4)),
        ("2024-05-02", Some(0)),
        ("2024-05-03", None),
        ("2024-05-04", Some(6)),
        ("2024-05-08", Some(0)),
        ("2024-05-09", Some(2)),
    ]);
    let days = || store.series(SALES, Period::Day).from(day("2024-05-01")).to(day("2024-05-10"));
    let may = |from: u32, values: &[Option<i64>]| -> Points<i64> {
        let date = |i: u32| NaiveDate::from_ymd_opt(2024, 5, i).unwrap().into();
        (from..).zip(values).map(|(i, value)| (date(i), *value)).collect()
    };
    let windows = days().rolling(2).points().unwrap();
    assert_eq!(windows[..5], may(1, &[Some(4), Some(4), Some(0), Some(6), Some(6)]));
    assert_eq!(windows[5..], may(8, &[Some(0), Some(2), Some(2)]));
    assert_eq!(days().rolling(1).points().unwrap(), days().points().unwrap());
    assert_eq!(days().cumulative().values().unwrap().len(), 10);
    assert_eq!(
        days().from(day("2024-05-03")).to(day("2024-05-03")).resample(Period::Day).values().unwrap(),
        [None]
    );
    assert_eq!(days().difference().values().unwrap(), [Some(-4.0), None, None, Some(2.0)]);
    assert_eq!(days().growth().values().unwrap(), [Some(-100.0), None, None, None]);
    assert_eq!(days().fill(Fill::Zero).difference().values().unwrap().len(), 10);
    let averages = days().moving_average(3).values().unwrap();
    assert_eq!(averages[..4], [Some(4.0), Some(2.0), Some(2.0), Some(3.0)]);
    let missing = store.series(SALES, Period::Day).from(day("2024-05-03")).to(day("2024-05-03"));
    assert_eq!(missing.over().unwrap(), Point::Missing);
    assert_eq!(missing.clone().map(|sales| sales * 2).values().unwrap(), [None]);
    assert_eq!(missing.clone().moving_average(1).values().unwrap(), [None]);
    assert_eq!(missing.top(3).unwrap(), []);
    let absent = store.series(SALES, Period::Day).from(day("2024-05-06")).to(day("2024-05-06"));
    assert_eq!(absent.over().unwrap(), Point::Absent);
    assert_eq!(absent.clone().rolling(1).values().unwrap(), []);
    assert_eq!(absent.clone().rolling(3).values().unwrap(), [Some(6)]);
    let weeks = store.series(SALES, Period::Day).to(day("2024-05-26")).resample(Period::Week);
    assert_eq!(weeks.clone().fill(Fill::Zero).values().unwrap(), [Some(10), Some(2), Some(0), Some(0)]);
    assert_eq!(weeks.clone().fill(Fill::Missing).values().unwrap(), [Some(10), Some(2), None, None]);
    let later = weeks.clone().from(day("2024-05-13"));
    assert_eq!(later.clone().fill(Fill::Previous).values().unwrap(), [Some(2), Some(2)]);
    assert_eq!(later.values().unwrap(), []);
}

#[test]
fn an_empty_series_has_nothing_derived_unless_it_is_filled() {
    let store = Store::in_memory().unwrap();
    let days = || store.series(SALES, Period::Day);
    assert_eq!(days().rolling(7).values().unwrap(), []);
    assert_eq!(days().cumulative().values().unwrap(), []);
    assert_eq!(days().resample(Period::Year).growth().values().unwrap(), []);
    assert_eq!(days().over().unwrap(), Point::Absent);
    assert_eq!(days().by_weekday().unwrap().len(), 7);
    assert!(days().by(["shop"]).breakdown().unwrap().is_empty());
    let may = days().from(day("2024-05-01")).to(day("2024-05-02")).fill(Fill::Zero);
    assert_eq!(may.values().unwrap(), [Some(0), Some(0)]);
    let none = days().from(day("2024-05-02")).to(day("2024-05-01")).fill(Fill::Zero);
    assert_eq!(none.values().unwrap(), []);
}

#[test]
fn dates_and_objects_mean_the_same_before_and_after_a_step() {
    let store = Store::in_memory().unwrap();
    for (date, id, sales) in
        [("2024-04-30", 1, 1), ("2024-05-01", 1, 2), ("2024-05-01", 2, 4), ("2024-05-20", 1, 8)]
    {
        store.record(SALES.on(Period::Day, day(date)).of(shop(id)), sales).unwrap();
    }
    let days = || store.series(SALES, Period::Day);
    let select = |query: SeriesQuery<'static>| {
        query.by(["shop"]).under(shop(1)).from(day("2024-05-01")).to(day("2024-05-03")).newest_first()
    };
    let steps: [fn(SeriesQuery<'static>) -> SeriesQuery<'static>; 7] = [
        |query| query.rolling(2),
        SeriesQuery::cumulative,
        |query| query.resample(Period::Month),
        |query| query.fill(Fill::Zero),
        |query| query.fill(Fill::Previous),
        |query| query.map(|sales| -sales),
        |query| query.fill(Fill::Zero).rolling(3).map(|sales| 2 * sales).fill(Fill::Previous),
    ];
    for (number, step) in steps.into_iter().enumerate() {
        let found = step(select(days())).all().unwrap();
        assert!(!found.is_empty());
        assert_eq!(select(step(days())).all().unwrap(), found, "step {number}");
        let streamed: Vec<_> = select(step(days())).statistics().unwrap().map(Result::unwrap).collect();
        assert_eq!(streamed, found, "step {number}");
        assert_eq!(select(step(days())).latest().unwrap().as_ref(), found.first(), "step {number}");
    }
    let compared = select(days()).compare(Compare::Previous).difference().all().unwrap();
    let all = days().compare(Compare::Previous).difference().by(["shop"]).under(shop(1)).newest_first();
    assert_eq!(all.from(day("2024-05-01")).to(day("2024-05-03")).all().unwrap(), compared);
}

#[test]
fn what_is_worked_out_has_answers_about_its_range_too() {
    let store = Store::in_memory().unwrap();
    for (date, id, sales) in [("2024-05-01", 1, 2), ("2024-05-03", 2, 4), ("2024-05-04", 1, 8)] {
        store.record(SALES.on(Period::Day, day(date)).of(shop(id)), sales).unwrap();
    }
    let doubled = store.series(SALES, Period::Day).by(["shop"]).map(|sales| 2 * sales);
    assert_eq!(doubled.over().unwrap(), Point::Value(28));
    let each: Vec<_> = doubled.over_each().unwrap().into_iter().map(|total| total.value).collect();
    assert_eq!(each, [Some(20), Some(8)]);
    let breakdown = doubled.breakdown().unwrap();
    assert_eq!(breakdown.entries()[0].last, Some(day("2024-05-04").into()));
    assert_eq!(breakdown.top(1).unwrap().ranked[0].value, 20);
    let filled = doubled.clone().fill(Fill::Zero).by_weekday().unwrap();
    assert_eq!(filled.iter().map(|part| part.values).sum::<u64>(), 8);
    assert_eq!((filled[2].value, filled[1].value), (Point::Value(4), Point::Absent));
    let windows = doubled.rolling(2);
    assert!(matches!(windows.over(), Err(Error::Underivable { .. })), "days would count twice");
    assert_eq!(windows.from(day("2024-05-04")).to(day("2024-05-04")).over().unwrap(), Point::Value(24));
}

#[test]
fn a_metric_of_another_kind_cannot_be_read_with_what_is_worked_out() {
    let store = store_with(&[("2024-05-01", Some(4))]);
    let warmest = Metric::<Max>::new(TILL, "warmest", "Warmest");
    store.record(warmest.on(Period::Day, day("2024-05-01")), Max(5)).unwrap();
    let both = store.series(warmest, Period::Day).map(|warmest| warmest.0).and(SALES);
    assert!(matches!(both.all(), Err(Error::WrongKind { .. })));
}

#[test]
fn the_last_of_february_is_compared_with_28_february_and_week_53_with_nothing() {
    let store = store_with(&[
        ("2020-02-28", Some(1)),
        ("2020-02-29", Some(2)),
        ("2021-02-28", Some(3)),
        ("2020-12-30", Some(10)), // in week 53
        ("2021-01-01", Some(20)), // in week 53, too
        ("2021-12-31", Some(30)), // in week 52
        ("2022-01-05", Some(40)), // in week 1
        ("2021-01-05", Some(50)), // in week 1
        ("2019-02-28", Some(7)),
    ]);
    let on = |date: &str| store.series(SALES, Period::Day).from(day(date)).to(day(date));
    let before = |date: &str| on(date).compare(Compare::LastYear).values().unwrap()[0].unwrap().before;
    assert_eq!(before("2020-02-29"), Point::Value(7));
    assert_eq!(before("2020-02-28"), Point::Value(7));
    assert_eq!(before("2021-02-28"), Point::Value(1));
    let week = |date: &str| on(date).resample(Period::Week).compare(Compare::LastYear).values().unwrap()[0];
    assert_eq!(week("2020-12-30"), Some(Compared { now: Point::Value(30), before: Point::Absent }));
    assert_eq!(week("2022-01-05"), Some(Compared { now: Point::Value(40), before: Point::Value(50) }));
    assert_eq!(week("2021-12-31").unwrap().before, Point::Absent, "week 52 of 2020 was empty");
}

#[test]
fn what_cannot_be_worked_out_says_so() {
    let store = store_with(&[("2024-05-01", Some(4))]);
    store.record(SALES.on(Period::Week, day("2024-05-01")), 4).unwrap();
    store.record(SALES.on(Period::LastDays(7), day("2024-05-01")), 4).unwrap();
    store.record(SALES.on(Period::Hour, day("2024-05-01")), 4).unwrap();
    let of = |period| store.series(SALES, period);
    let refused = [
        of(Period::LastDays(7)).rolling(7).all().unwrap_err(),
        of(Period::Day).rolling(7).rolling(7).all().unwrap_err(),
        of(Period::Day).cumulative().cumulative().all().unwrap_err(),
        of(Period::Hour).rolling(24).all().unwrap_err(),
        of(Period::Hour).cumulative().all().unwrap_err(),
        of(Period::Hour).moving_average(24).all().unwrap_err(),
        of(Period::Week).resample(Period::Month).all().unwrap_err(),
        of(Period::Day).resample(Period::Hour).all().unwrap_err(),
        of(Period::Day).resample(Period::LastDays(7)).all().unwrap_err(),
        of(Period::LastDays(7)).over().unwrap_err(),
        of(Period::LastDays(7)).by(["shop"]).breakdown().unwrap_err(),
        of(Period::Week).by_weekday().unwrap_err(),
        of(Period::Day).by_hour().unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, Error::Underivable { .. }), "{error}");
    }
    assert_eq!(
        of(Period::Week).resample(Period::Month).all().unwrap_err().to_string(),
        "month by month of a series of the period week can't be worked out: it isn't made up of whole periods of this kind; begin with days"
    );
    assert!(matches!(of(Period::Day).rolling(0).all(), Err(Error::UnknownPeriod { .. })));
    let one = of(Period::LastDays(7)).from(day("2024-05-01")).to(day("2024-05-01"));
    assert_eq!(one.over().unwrap(), Point::Value(4));
    store.record(SALES.on(Period::Day, day("2024-05-02")), i64::MAX).unwrap();
    for error in [of(Period::Day).rolling(7).all().unwrap_err(), of(Period::Day).over().unwrap_err()] {
        assert!(matches!(error, Error::Merge { .. }), "{error}");
    }
}

#[test]
fn the_ends_of_the_calendar_are_no_obstacle() {
    let store = store_with(&[("0001-01-01", Some(1)), ("0001-01-02", Some(2)), ("9999-12-31", Some(4))]);
    let days = || store.series(SALES, Period::Day);
    let first = || days().to(day("0001-01-03"));
    assert_eq!(first().rolling(7).values().unwrap(), [Some(1), Some(3), Some(3)]);
    assert_eq!(first().growth().values().unwrap(), [Some(100.0)]);
    assert_eq!(first().compare(Compare::LastYear).values().unwrap().len(), 2);
    assert_eq!(first().resample(Period::Week).compare(Compare::LastYear).values().unwrap().len(), 1);
    let last = || days().from(day("9999-12-31"));
    assert_eq!(last().rolling(7).values().unwrap(), [Some(4)]);
    assert_eq!(last().cumulative().values().unwrap(), [Some(7)]);
    assert_eq!(last().resample(Period::Year).compare(Compare::Previous).values().unwrap().len(), 1);
    assert_eq!(last().difference().values().unwrap(), []);
    assert_eq!(days().over().unwrap(), Point::Value(7));
    assert_eq!(days().resample(Period::Year).values().unwrap(), [Some(3), Some(4)]);
}

#[test]
fn the_hours_of_the_clock_are_counted_when_it_goes_forwards_and_back() {
    let store = Store::options().calendar(Calendar::new("Europe/Amsterdam").unwrap()).in_memory().unwrap();
    let hour = |date: &str, hour| SALES.on(Period::Hour, Date::with_hour(day(date), hour));
    store.record(hour("2024-10-27", 2), 1).unwrap(); // 02:00 summer time
    store.record(hour("2024-10-27", 3), 2).unwrap(); // 02:00 winter time
    store.record(hour("2024-03-31", 2), 4).unwrap(); // 03:00, as 02:00 is skipped
    let on = |date| store.series(SALES, Period::Hour).from(day(date)).to(day(date)).by_hour().unwrap();
    let (spring, autumn) = (on("2024-03-31"), on("2024-10-27"));
    assert_eq!((spring[2].value, spring[2].dates), (Point::Absent, 0));
    assert_eq!((spring[3].value, spring[3].dates), (Point::Value(4), 1));
    assert_eq!((autumn[2].value, autumn[2].values, autumn[2].dates), (Point::Value(3), 2, 2));
    let previous = store.series(SALES, Period::Hour).compare(Compare::Previous).difference();
    assert_eq!(previous.values().unwrap(), [Some(1.0)]);
    store.record(hour("2024-10-27", 24), 7).unwrap();
    store.record(hour("2024-10-28", 0), 9).unwrap();
    let monday = store.series(SALES, Period::Hour).from(day("2024-10-28")).difference();
    assert_eq!(monday.values().unwrap(), [Some(2.0)], "the hour before midnight was the 25th of its day");
}

#[test]
fn tops_have_their_others_and_ties_go_by_the_order_of_objects() {
    let store = Store::in_memory().unwrap();
    let place =
        |country: &str, town: &str| Object::new("country", country).unwrap().and("town", town).unwrap();
    for (country, town, sales) in [
        ("nl", "b", Some(5)),
        ("nl", "a", Some(5)),
        ("be", "c", Some(9)),
        ("be", "d", None),
        ("de", "e", Some(0)),
        ("de", "f", Some(1)),
    ] {
        let key = SALES.on(Period::Day, day("2024-05-01")).of(place(country, town));
        match sales {
            Some(sales) => store.record(key, sales).unwrap(),
            None => store.record_missing(key).unwrap(),
        }
    }
    let towns = store.series(SALES, Period::Day).by(["country", "town"]).breakdown().unwrap();
    assert_eq!((towns.len(), towns.total().unwrap()), (6, Point::Value(20)));
    let top = towns.top(3).unwrap();
    let ranked: Vec<_> =
        top.ranked.iter().map(|ranked| (ranked.object.to_string(), ranked.value, ranked.share)).collect();
    assert_eq!(
        ranked,
        [
            ("country=be,town=c".to_owned(), 9, Some(45.0)),
            ("country=nl,town=a".to_owned(), 5, Some(25.0)),
            ("country=nl,town=b".to_owned(), 5, Some(25.0))
        ]
    );
    let others = top.others.unwrap();
    assert_eq!((others.objects, others.value, others.share), (3, Some(1), Some(5.0)));
    let bottom = towns.bottom(1).unwrap();
    assert_eq!((bottom.ranked[0].object.clone(), bottom.ranked[0].value), (place("de", "e"), 0));
    assert_eq!(towns.top(9).unwrap().others.unwrap().value, None, "one object without a value is left");
    let countries = towns.leading(1).unwrap();
    let values: Vec<_> =
        countries.entries().iter().map(|entry| (entry.object.to_string(), entry.value)).collect();
    assert_eq!(
        values,
        [
            ("country=be".to_owned(), Some(9)),
            ("country=de".to_owned(), Some(1)),
            ("country=nl".to_owned(), Some(10))
        ]
    );
    assert_eq!(countries.top(3).unwrap().others, None);
    assert_eq!(towns.leading(2).unwrap(), towns);
    assert!(matches!(towns.leading(0), Err(Error::Underivable { .. })));
    let shares: Vec<_> = countries.shares().unwrap().into_iter().map(|(_, share)| share).collect();
    assert_eq!(shares, [Some(45.0), Some(5.0), Some(50.0)]);
    let missing = &towns.entries()[1];
    assert_eq!((missing.value, missing.first, missing.values), (None, None, 0));
    let plain: &Series = &store.series(SALES, Period::Day).by(["country", "town"]).all().unwrap()[0].series;
    assert_eq!(plain.period(), Period::Day);
}
