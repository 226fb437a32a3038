//! Kinds in stores: recorded, tracked, derived, reopened, verified, exported.

use super::{
    common::{
        flights::{Flight, date, flights, new_york},
        places,
    },
    laws::merged,
};
use std::collections::{BTreeMap, BTreeSet};
use trackstats::{
    Calendar, Domain, Error, Metric, Object, Period, Store, Timestamp, Tracker,
    chrono::Days,
    kinds::{Distinct, Gauge, Item, Meter, OwnBytes, Quantiles, Sum, Summary, Value},
    model::Id,
    store::{FixedClock, Options},
};

const KINDS: Domain<'static> = Domain::new("kinds", "Kinds");

fn metric<V>(name: &'static str) -> Metric<'static, V> {
    Metric::new(KINDS, name, "One of them")
}

fn delay(flight: &Flight) -> Option<f64> {
    flight.delay.map(|delay| delay as f64)
}

const PERIODS: [Period; 5] =
    [Period::Hour, Period::Week, Period::Month, Period::LastDays(7), Period::Lifetime];

/// Tracks by day and destination, also with little memory and in chunks; every period is the merge of its flights.
fn assert_tracked<V: Value>(
    name: &'static str,
    tracker: impl Fn() -> Tracker<'static, Flight, V>,
    of: impl Fn(&Flight) -> Option<V>,
) {
    let flights: Vec<Flight> = flights().into_iter().step_by(5).collect();
    let metric = metric::<V>(name);
    let tracker =
        || tracker().by("destination", |flight| Id::from(&flight.destination)).unwrap().periods(PERIODS);
    let store = new_york();
    tracker().recompute().run(&store, flights.iter().cloned()).unwrap();
    assert!(store.verify().unwrap().problems.is_empty(), "{name}");

    let little = new_york();
    tracker().memory_bytes(100_000).recompute().run(&little, flights.iter().cloned()).unwrap();
    let chunks = new_york();
    for chunk in flights.chunks(3_000) {
        tracker().append().run(&chunks, chunk.iter().rev().cloned()).unwrap();
    }

    let calendar = *store.calendar();
    for period in PERIODS.into_iter().chain([Period::Day]).filter(|period| *period != Period::Hour) {
        let mut expected: BTreeMap<_, Vec<V>> = BTreeMap::new();
        for flight in flights.iter().filter(|flight| flight.destination == "BOS") {
            let Some(value) = of(flight) else { continue };
            let day = calendar.bucket(Period::Day, flight.departed).unwrap().date.day();
            let ends = match period {
                Period::LastDays(n) => Some(n.into()),
                Period::Lifetime => Some(30),
                _ => None,
            };
            match ends {
                // Of lifetimes, a month is enough.
                Some(days) if day < date("2013-02-01") => {
                    for end in day.iter_days().take(days).filter(|end| *end < date("2013-01-31")) {
                        expected.entry(end).or_default().push(value.clone());
                    }
                }
                Some(_) => {}
                None => {
                    let start = calendar.bucket(period, flight.departed).unwrap().date.day();
                    expected.entry(start).or_default().push(value);
                }
            }
        }
        for (on, values) in expected {
            let key = || metric.on(period, on).of(Object::new("destination", "BOS").unwrap());
            let expected = Some(merged(values));
            for store in [&store, &little, &chunks] {
                assert_eq!(store.get(&key()).unwrap().unwrap().value, expected, "{}", key());
            }
        }
    }
}

#[test]
fn every_kind_is_tracked_by_every_period_also_with_little_memory() {
    let at = |flight: &Flight| flight.departed;
    let float = |flight: &Flight| delay(flight).map(|delay| delay / 10.0);
    assert_tracked(
        "sum",
        || Tracker::sum_float(metric("sum"), at, float),
        |flight| Some(Sum::new(float(flight)?).unwrap()),
    );
    assert_tracked(
        "summary",
        || Tracker::summary(metric("summary"), at, float),
        |flight| Some(Summary::new(float(flight)?).unwrap()),
    );
    assert_tracked(
        "quantiles",
        || Tracker::quantiles(metric("quantiles"), at, float),
        |flight| Some(Quantiles::new(float(flight)?).unwrap()),
    );
    assert_tracked(
        "gauge",
        || Tracker::gauge(metric("gauge"), at, float),
        |flight| Some(Gauge::at(flight.departed.timestamp(), float(flight)?).unwrap()),
    );
    assert_tracked(
        "meter",
        || Tracker::meter(metric("meter"), at, |flight| delay(flight).map(f64::abs)),
        |flight| Some(Meter::at(flight.departed.timestamp(), delay(flight)?.abs()).unwrap()),
    );
    assert_tracked(
        "distinct",
        || Tracker::distinct(metric("distinct"), at, |flight| flight.delay.map(Item::from)),
        |flight| flight.delay.map(Distinct::of),
    );
}

fn assert_kept<V: Value>(name: &'static str, value: &V) {
    for mut place in places(Options::default) {
        let day = date("2024-05-17");
        let metric = metric::<V>(name);
        let object = Object::new("sensor", 7).unwrap();
        place.store().record(metric.on(Period::Day, day), value.clone()).unwrap();
        place.store().record(metric.on(Period::Hour, day).of(&object), value.clone()).unwrap();
        place.reopen();
        let store = place.store();
        assert_eq!(store.get(&metric.on(Period::Day, day)).unwrap().unwrap().value.as_ref(), Some(value));
        assert_eq!(
            store.get(&metric.on(Period::Hour, day).of(&object)).unwrap().unwrap().value.as_ref(),
            Some(value)
        );
        assert_eq!(store.metric("kinds", name).unwrap().kind(), V::KIND);
        let wrong = Metric::<i64>::new(KINDS, name, "Of another kind").on(Period::Day, day);
        assert!(matches!(store.record(wrong, 1), Err(Error::WrongKind { .. })));
    }
}

#[test]
fn every_kind_is_as_it_was_when_the_store_is_opened_again() {
    assert_kept("sum", &merged([1e300, 0.1, -1e-300].map(|number| Sum::new(number).unwrap())));
    assert_kept("summary", &merged([1e300, 0.1, -1e-300].map(|number| Summary::new(number).unwrap())));
    assert_kept("quantiles", &merged([1e300, 0.1, -1e-300].map(|number| Quantiles::new(number).unwrap())));
    assert_kept("gauge", &Gauge::at(1_715_900_000, -3.25).unwrap());
    assert_kept("meter", &merged((0..3_000).map(|n| Meter::at(n * 61, n as f64).unwrap())));
    assert_kept("distinct", &merged((0..1_000_u64).map(Distinct::of)));
    assert_kept("distinct", &merged((0..100_u64).map(Distinct::of)));
    assert_kept("distinct", &Distinct::default());
}

#[test]
fn a_record_with_a_number_that_is_none_is_skipped_and_reported() {
    let store = Store::in_memory().unwrap();
    let now = store.now();
    let tracker =
        Tracker::sum_float(metric("sum"), |record: &(Timestamp, f64)| record.0, |record| Some(record.1));
    let report = tracker.append().run(&store, [(now, 1.5), (now, f64::NAN), (now, 2.0)]).unwrap();
    assert_eq!((report.read, report.skipped, report.without_value), (3, 1, 0));
    assert!(report.skips[0].reason.contains("not a finite number"), "{}", report.skips[0].reason);
    assert_eq!(
        store.series(metric::<Sum>("sum"), Period::Day).values().unwrap()[0].as_ref().unwrap().value(),
        3.5
    );
    let strict = tracker.append().strict(true).run(&store, [(now, f64::INFINITY)]);
    assert!(matches!(strict, Err(Error::UnreadableRecord { number: 1, .. })));
}

/// Read at noon each day, away for a week, replaced by a new meter, and each reading delivered twice.
#[test]
fn a_meter_that_was_away_makes_neither_a_spike_nor_a_negative() {
    let calendar = Calendar::default();
    let clock = FixedClock(calendar.parse_timestamp("2024-05-31T12:00:00Z").unwrap());
    let store = Store::options().calendar(calendar).clock(clock).in_memory().unwrap();
    let readings = [
        ("2024-05-01T06:00:00Z", 100.0),
        ("2024-05-01T18:00:00Z", 104.0),
        ("2024-05-02T06:00:00Z", 105.0),
        ("2024-05-10T06:00:00Z", 160.0),
        ("2024-05-10T18:00:00Z", 163.0),
        ("2024-05-11T06:00:00Z", 2.0),
        ("2024-05-11T18:00:00Z", 5.0),
    ];
    let tracker = Tracker::meter(
        metric("meter"),
        |reading: &(&str, f64)| calendar.parse_timestamp(reading.0).unwrap(),
        |reading| Some(reading.1),
    )
    .periods([Period::Week, Period::Month]);
    for _ in 0..2 {
        tracker.append().run(&store, readings.into_iter().rev()).unwrap();
    }
    let increases = |period| -> Vec<(String, f64)> {
        let points = store.series(metric::<Meter>("meter"), period).points().unwrap();
        points.into_iter().map(|(on, value)| (on.to_string(), value.unwrap().increase())).collect()
    };
    let on = |day: &str, increase: f64| (format!("2024-{day}"), increase);
    assert_eq!(
        increases(Period::Day),
        [on("05-01", 4.0), on("05-02", 0.0), on("05-10", 3.0), on("05-11", 3.0)]
    );
    assert_eq!(increases(Period::Week), [on("04-29", 5.0), on("05-06", 8.0)]);
    assert_eq!(increases(Period::Month), [on("05-01", 5.0 + 55.0 + 3.0 + 2.0 + 3.0)]);
}

#[test]
fn thinned_readings_have_the_growth_of_all() {
    let year = merged((0..50_000_i64).map(|n| Meter::at(1_700_000_000 + 631 * n, (n * 3) as f64).unwrap()));
    assert_eq!(year.increase(), 149_997.0);
    assert_eq!((year.resets(), year.readings()[0]), (0, (1_700_000_000, 0.0)));
    assert!(year.readings().len() > 512 && year.resolution() == 32_768, "{year:?}");
    println!("50,000 readings: {} kept, {} bytes", year.readings().len(), year.to_bytes().len());
}

#[test]
fn sketches_are_rebuilt_exported_and_imported_to_the_byte() {
    let flights: Vec<Flight> = flights().into_iter().take(4_000).collect();
    let store = new_york();
    Tracker::distinct(
        metric("distinct"),
        |flight: &Flight| flight.departed,
        |flight| flight.delay.map(Item::from),
    )
    .periods(PERIODS)
    .recompute()
    .run(&store, flights)
    .unwrap();
    let differences = store.rebuild(metric::<Distinct>("distinct")).differences().unwrap();
    assert_eq!(differences.count(), 0);
    #[cfg(feature = "exchange")]
    {
        let exported = |store: &Store| {
            let mut lines = Vec::new();
            trackstats::exchange::export(store, &trackstats::store::Prefix::everything(), &mut lines)
                .unwrap();
            lines
        };
        let lines = exported(&store);
        let copy = new_york();
        trackstats::exchange::import(&copy, lines.as_slice()).unwrap();
        assert_eq!(exported(&copy), lines);
        let weeks =
            |store: &Store| store.series(metric::<Distinct>("distinct"), Period::Week).values().unwrap();
        assert_eq!(weeks(&copy), weeks(&store));
    }
}

#[test]
fn cohorts_are_what_counting_gives() {
    let sign_ups = metric::<Distinct>("sign_ups");
    let visits = metric::<Distinct>("visits");
    let clock = FixedClock(Calendar::default().parse_timestamp("2024-05-10").unwrap());
    let store = Store::options().clock(clock).in_memory().unwrap();
    let day = |number: u64| date("2024-05-01") + Days::new(number);
    // Users 100 d to 100 d + 99 sign up on day d; on day d, those come whose number such and such divides.
    let came = |number: u64| {
        (0..100 * (number + 1))
            .filter(move |user| (user + number).is_multiple_of(3))
            .collect::<BTreeSet<u64>>()
    };
    for number in 0..5 {
        let signed = 100 * number..100 * (number + 1);
        store.record(sign_ups.on(Period::Day, day(number)), merged(signed.map(Distinct::of))).unwrap();
        if number != 3 {
            store
                .record(
                    visits.on(Period::Day, day(number)),
                    merged(came(number).into_iter().map(Distinct::of)),
                )
                .unwrap();
        }
    }
    let cohorts = store.cohorts(sign_ups, visits).from(day(1)).to(day(2)).days(4).unwrap();
    assert_eq!(cohorts.cohorts.len(), 2);
    for (cohort, number) in cohorts.cohorts.iter().zip(1..) {
        assert_eq!((cohort.date.day(), cohort.size.round(), cohort.retained.len()), (day(number), 100.0, 5));
        for (step, retained) in (0..).zip(&cohort.retained) {
            let on = number + step;
            let exact =
                (on < 5 && on != 3).then(|| came(on).range(100 * number..100 * (number + 1)).count() as f64);
            assert_eq!(
                retained.map(|retained| (retained.estimate, retained.error)),
                exact.map(|exact| (exact, 0.0))
            );
        }
        assert!(cohort.rates().flatten().all(|rate| (0.32..0.35).contains(&rate)));
    }
    let same = store.cohorts(visits, visits).days(0).unwrap();
    assert!(same.cohorts.iter().all(|cohort| cohort.rates().flatten().all(|rate| (rate - 1.0).abs() < 1e-3)));
    assert!(store.cohorts(visits, visits).weeks(1).unwrap().cohorts.is_empty());
}
