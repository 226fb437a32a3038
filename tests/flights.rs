//! A year of real flights, tracked in every way there is.

#![cfg(feature = "exchange")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod common;

use common::{
    Random,
    flights::{Flight, date, flights, new_york, tracker},
};
use std::collections::BTreeMap;
use trackstats::{
    Calendar, Metric, Object, Period, Store, Tracker,
    chrono::{Datelike, Days, NaiveDate, TimeZone},
    model::Date,
    query::Fill,
    store::{FixedClock, Prefix},
    track::Since,
};

const DEPARTURES: Metric<'static> = common::flights::DEPARTURES;

const PERIODS: [Period; 10] = [
    Period::Hour,
    Period::Day,
    Period::Week,
    Period::Month,
    Period::Quarter,
    Period::Year,
    Period::LastDays(7),
    Period::LastDays(28),
    Period::LastDays(30),
    Period::Lifetime,
];

/// The export of a store.
fn dump(store: &Store) -> String {
    let mut lines = Vec::new();
    trackstats::exchange::export(store, &Prefix::everything(), &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

fn tracked_once(flights: &[Flight]) -> (Store, String) {
    let store = new_york();
    tracker().periods(PERIODS).recompute().run(&store, flights.iter().cloned()).unwrap();
    let dump = dump(&store);
    (store, dump)
}

/// In another order, the same for every run.
fn shuffled(mut flights: Vec<Flight>) -> Vec<Flight> {
    let mut random = Random(7);
    for i in (1..flights.len()).rev() {
        flights.swap(i, usize::try_from(random.below(i as u64 + 1)).unwrap());
    }
    flights
}

#[test]
fn the_statistics_equal_those_of_django_trackstats_line_by_line() {
    let store = new_york();
    let report = tracker().periods([Period::Lifetime]).recompute().run(&store, flights()).unwrap();
    assert_eq!((report.read, report.skipped), (42_076, 0));
    let expected = include_str!("data/flights-jfk-jetblue-2013.django.jsonl");
    let mut compared = BTreeMap::new();
    for line in expected.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let period: Period = line["period"].as_str().unwrap().parse().unwrap();
        let on = date(line["date"].as_str().unwrap());
        let key = DEPARTURES.on(period, on);
        let key = match line["object"].as_str() {
            Some(destination) => key.of(Object::new("destination", destination).unwrap()),
            None => key,
        };
        let found = store.get(&key).unwrap().unwrap_or_else(|| panic!("{key} is absent"));
        assert_eq!(found.value, line["value"].as_i64(), "{key}");
        *compared.entry((period, found.series.object().cloned())).or_insert(0) += 1;
    }
    // And nothing beyond: each of these series has as many statistics as the original.
    assert_eq!(compared.len(), 6);
    for ((period, object), count) in compared {
        let series = store.series(DEPARTURES, period);
        let series = object.map_or(series.clone(), |object| series.object(object));
        assert_eq!(series.all().unwrap().len(), count);
    }
}

/// Counts by the wall clock, with chrono-tz alone.
fn naive(
    flights: &[Flight],
    zone: chrono_tz::Tz,
    today: NaiveDate,
    period: Period,
) -> BTreeMap<NaiveDate, i64> {
    let dates: Vec<NaiveDate> = flights
        .iter()
        .map(|flight| zone.from_utc_datetime(&flight.departed.naive_utc()).date_naive())
        .collect();
    let mut counts = BTreeMap::new();
    let days = |n: u16, date: NaiveDate| (0..u64::from(n)).map(move |i| date + Days::new(i));
    for date in dates.iter().copied() {
        let first_of = |month| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap();
        let in_periods: Vec<NaiveDate> = match period {
            Period::Day => vec![date],
            Period::Week => vec![date - Days::new(date.weekday().num_days_from_monday().into())],
            Period::Month => vec![first_of(date.month())],
            Period::Quarter => vec![first_of((date.month() - 1) / 3 * 3 + 1)],
            Period::Year => vec![first_of(1)],
            Period::LastDays(n) => days(n, date).filter(|end| *end <= today).collect(),
            Period::Lifetime => date.iter_days().take_while(|end| *end <= today).collect(),
            other => unreachable!("{other} is compared by the sums of days"),
        };
        for on in in_periods {
            *counts.entry(on).or_default() += 1;
        }
    }
    counts
}

#[test]
fn every_period_equals_a_naive_recomputation_in_five_zones() {
    let flights = flights();
    let boston: Vec<Flight> = flights.iter().filter(|flight| flight.destination == "BOS").cloned().collect();
    for name in ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "UTC"] {
        let zone: chrono_tz::Tz = name.parse().unwrap();
        let calendar = Calendar::new(name).unwrap();
        let clock = FixedClock(calendar.parse_timestamp("2014-01-05").unwrap());
        let store = Store::options().calendar(calendar).clock(clock).in_memory().unwrap();
        let today = store.today().unwrap();
        tracker().periods(PERIODS).recompute().run(&store, flights.iter().cloned()).unwrap();
        for period in PERIODS.into_iter().filter(|period| *period != Period::Hour) {
            for (object, records) in [(None, &flights), (Some("BOS"), &boston)] {
                let series = store.series(DEPARTURES, period);
                let series = match object {
                    Some(destination) => series.object(Object::new("destination", destination).unwrap()),
                    None => series,
                };
                let found: BTreeMap<NaiveDate, i64> = series
                    .points()
                    .unwrap()
                    .into_iter()
                    .map(|(date, value)| (date.day(), value.unwrap()))
                    .collect();
                assert_eq!(found, naive(records, zone, today, period), "{name} {period} {object:?}");
            }
        }
        let mut hours = BTreeMap::new();
        for statistic in store.series(DEPARTURES, Period::Hour).statistics().unwrap() {
            let statistic = statistic.unwrap();
            *hours.entry(statistic.date.day()).or_default() += statistic.value.unwrap();
        }
        assert_eq!(
            hours,
            naive(&flights, zone, today, Period::Day),
            "the hours of a day add up to it in {name}"
        );
    }
}

#[test]
fn hours_are_counted_from_the_start_of_their_local_day() {
    let (store, _) = tracked_once(&flights());
    let mut naive = BTreeMap::new();
    let calendar = *store.calendar();
    for flight in flights() {
        let day = calendar.bucket(Period::Day, flight.departed).unwrap();
        let hour = u8::try_from((flight.departed - day.start).num_hours()).unwrap();
        *naive.entry(Date::with_hour(day.date.day(), hour)).or_insert(0) += 1;
    }
    let found: BTreeMap<Date, i64> = store
        .series(DEPARTURES, Period::Hour)
        .points()
        .unwrap()
        .into_iter()
        .map(|(date, value)| (date, value.unwrap()))
        .collect();
    assert_eq!(found, naive);
}

#[test]
fn tracking_again_and_recomputing_from_any_date_change_nothing() {
    let flights = flights();
    let (store, once) = tracked_once(&flights);
    tracker().recompute().run(&store, flights.iter().cloned()).unwrap();
    assert_eq!(dump(&store), once, "again, from the last statistic's date");
    let mut since = vec![Since::Beginning, Since::LastDays(1), Since::LastDays(40)];
    let dates =
        ["2012-12-31", "2013-01-01", "2013-03-10", "2013-07-04", "2013-11-03", "2013-12-31", "2014-03-01"];
    since.extend(dates.map(|on| Since::Date(date(on))));
    for since in since {
        tracker().recompute().since(since).run(&store, flights.iter().cloned()).unwrap();
        assert_eq!(dump(&store), once, "{since:?}");
    }
}

#[test]
fn a_source_is_told_from_which_date_it_is_asked_for() {
    let flights = flights();
    let store = new_york();
    let calendar = *store.calendar();
    let (early, _) = flights.split_at(20_000);
    tracker().periods(PERIODS).recompute().run(&store, early.iter().cloned()).unwrap();
    let last = store.series(DEPARTURES, Period::Day).latest().unwrap().unwrap().date.day();
    tracker()
        .recompute()
        .run_from(&store, |since| {
            assert_eq!(since, Some(last));
            let start = calendar.bucket_on(Period::Day, last).unwrap().start;
            flights.iter().filter(move |flight| flight.departed >= start).cloned()
        })
        .unwrap();
    assert_eq!(dump(&store), tracked_once(&flights).1);
}

#[test]
fn the_order_of_the_records_does_not_matter() {
    let flights = flights();
    assert_eq!(tracked_once(&shuffled(flights.clone())).1, tracked_once(&flights).1);
}

#[test]
fn little_memory_changes_nothing() {
    let flights = flights();
    for flights in [flights.clone(), shuffled(flights.clone())] {
        let store = new_york();
        let small = tracker().periods(PERIODS).memory_bytes(20_000);
        small.recompute().run(&store, flights.iter().cloned()).unwrap();
        assert_eq!(dump(&store), tracked_once(&flights).1);
    }
}

fn appended(flights: &[Flight], chunk: usize, periods: &[Period]) -> String {
    let store = new_york();
    let tracker = tracker().periods(periods.iter().copied());
    for chunk in flights.chunks(chunk) {
        tracker.append().run(&store, chunk.iter().cloned()).unwrap();
    }
    dump(&store)
}

#[test]
fn appending_in_two_halves_or_in_chunks_equals_tracking_once_in_order_or_shuffled() {
    let flights = flights();
    let (_, once) = tracked_once(&flights);
    for flights in [flights.clone(), shuffled(flights.clone())] {
        assert_eq!(appended(&flights, 21_038, &PERIODS), once);
        assert_eq!(appended(&flights, 1_000, &PERIODS), once);
    }
}

#[test]
fn appending_one_record_or_seven_at_a_time_equals_tracking_once() {
    let flights = flights();
    let (_, once) = tracked_once(&flights);
    for flights in [flights.clone(), shuffled(flights.clone())] {
        assert_eq!(appended(&flights, 1, &PERIODS), once);
        assert_eq!(appended(&flights, 7, &PERIODS), once);
    }
}

#[test]
fn appending_day_by_day_as_the_clock_goes_on_equals_tracking_once_at_the_end() {
    let flights: Vec<Flight> = flights().into_iter().filter(|flight| flight.destination != "BOS").collect();
    let folder = tempfile::tempdir().unwrap();
    let calendar = Calendar::new("America/New_York").unwrap();
    let open = |today: NaiveDate| {
        let clock = FixedClock(calendar.bucket_on(Period::Day, today).unwrap().start.into());
        Store::options().calendar(calendar).clock(clock).open(folder.path()).unwrap()
    };
    let mut left = flights.as_slice();
    // Every ninth day only, so that there are days that nobody ran on.
    for today in date("2013-01-03").iter_days().step_by(9).take_while(|today| *today < date("2014-01-02")) {
        let store = open(today);
        let end = calendar.bucket_on(Period::Day, today).unwrap().end;
        let (new, later) = left.split_at(left.partition_point(|flight| flight.departed < end));
        tracker().periods(PERIODS).append().run(&store, new.iter().cloned()).unwrap();
        left = later;
    }
    let store = open(date("2014-01-02"));
    let report = tracker().append().run(&store, left.iter().cloned()).unwrap();
    assert_eq!(report.late, 0);
    assert_eq!(dump(&store), tracked_once(&flights).1, "periods are kept once they were asked for");
}

#[test]
fn a_late_record_repairs_every_period_and_is_reported() {
    let mut flights = flights();
    let (_, once) = tracked_once(&flights);
    let late = flights.remove(12_345);
    let (store, _) = tracked_once(&flights);
    let report = tracker().append().run(&store, [late]).unwrap();
    assert_eq!((report.read, report.late), (1, 1));
    assert_eq!(dump(&store), once);
}

#[test]
fn a_period_or_a_grouping_that_is_new_is_worked_out_for_the_past_too() {
    let flights = flights();
    let (_, once) = tracked_once(&flights);
    let store = new_york();
    let plain = Tracker::count(DEPARTURES, |flight: &Flight| flight.departed).periods([Period::Hour]);
    plain.recompute().run(&store, flights.iter().cloned()).unwrap();
    // The source no longer has January for what is known, but all for what is new.
    tracker().periods(PERIODS).recompute().run(&store, flights.iter().cloned()).unwrap();
    assert_eq!(dump(&store), once);

    let store = new_york();
    tracker().periods([Period::Hour]).append().run(&store, flights.iter().cloned()).unwrap();
    tracker().periods(PERIODS).append().run(&store, []).unwrap();
    assert_eq!(dump(&store), once, "an append without records is enough for a new period");
}

#[test]
fn the_last_week_is_a_chart_with_no_holes() {
    let (store, _) = tracked_once(&flights());
    let week = store
        .series(DEPARTURES, Period::Day)
        .object(Object::new("destination", "PSE").unwrap())
        .from(date("2013-12-29"))
        .to(date("2014-01-04"))
        .fill(Fill::Zero);
    assert_eq!(week.values().unwrap().len(), 7);
}
