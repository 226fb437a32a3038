//! Checking a store and rebuilding what is derived, as their users see it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::{
    Hand, Random, SALES, day,
    events::{Event, Kind, Largest, tracked, tracker},
    everywhere, read_all, user,
};
use trackstats::{
    Calendar, Error, Metric, Object, Period, Store, Timestamp, Tracker,
    chrono::{Days, NaiveDate},
    kinds::{AnyValue, Min},
    maintenance::{Difference, RebuildReport},
    model::{Point, Statistic},
    store::{Clock, FixedClock, Prefix},
    track::Since,
};

const PERIODS: [Period; 8] = [
    Period::Week,
    Period::Month,
    Period::Quarter,
    Period::Year,
    Period::LastDays(1),
    Period::LastDays(30),
    Period::Lifetime,
    Period::Hour,
];

/// Everything that a store has, in order.
fn content(store: &Store) -> Vec<Statistic<AnyValue>> {
    store.scan(&Prefix::everything()).collect::<Result<_, _>>().unwrap()
}

fn end_of(calendar: &Calendar, date: NaiveDate) -> Timestamp {
    let end = calendar.bucket_on(Period::Day, date).unwrap().end;
    Timestamp::from_unix_seconds(end.timestamp() - 1)
}

/// Runs of all sorts, each of which must leave a store that verifies.
fn random_runs<V: Kind>(seed: u64) {
    let mut random = Random(seed);
    // Samoa had no 30 December 2011; the clocks of Santiago go forward at midnight.
    let zone = ["UTC", "Pacific/Apia", "America/Santiago"][usize::try_from(random.below(3)).unwrap()];
    let calendar = Calendar::new(zone).unwrap().months_from([1, 15][usize::from(random.coin())]).unwrap();
    let clock = Hand::default();
    let store = Store::options().calendar(calendar).clock(clock.clone()).in_memory().unwrap();
    let mut periods: Vec<Period> = PERIODS.into_iter().filter(|_| random.coin()).collect();
    let mut today = day("2011-12-20") + Days::new(random.below(14));
    let memory_bytes = if random.coin() { 1 } else { 1 << 20 };
    let mut log = vec![format!("seed {seed}, {zone}, {memory_bytes} bytes")];
    for step in 0..8 {
        clock.set(end_of(&calendar, today));
        today = calendar.day_of(clock.now()).unwrap();
        if step > 0 && random.below(4) == 0 {
            periods.push(PERIODS[usize::try_from(random.below(7)).unwrap()]);
        }
        let groupings = random.below(3);
        let events: Vec<Event> = (0..random.below(5))
            .map(|_| {
                let date = today - Days::new(40) + Days::new(random.below(60));
                let at = end_of(&calendar, date);
                let date = calendar.day_of(at).unwrap();
                let (group, value) = (random.below(5), i64::try_from(1 + random.below(50)).unwrap());
                Event { date, hour: 23, at, group, value }
            })
            .collect();
        let tracker = tracker::<V>(groupings, &periods, memory_bytes);
        let since = match random.below(6) {
            0 => Since::Beginning,
            1 => Since::LastDays(u16::try_from(random.below(20)).unwrap()),
            2 => Since::LastStatistic,
            _ => Since::Date(today - Days::new(40) + Days::new(random.below(80))),
        };
        let current = random.below(3) == 0;
        let dates: Vec<NaiveDate> = events.iter().map(|event| event.date).collect();
        if random.below(3) == 0 {
            log.push(format!("{today}: append {dates:?}, {groupings} groupings, {periods:?}"));
            tracker.append().run(&store, events).unwrap();
        } else {
            log.push(format!("{today}: {since:?}, current {current}, {dates:?}, {groupings}, {periods:?}"));
            tracker.recompute().since(since).current(current).run(&store, events).unwrap();
        }
        let found = store.verify_metric(tracked::<V>()).unwrap();
        assert!(found.is_sound(), "{} after\n{}", found.problems[0], log.join("\n"));
        let differences: Vec<_> = store.rebuild(tracked::<V>()).differences().unwrap().collect();
        assert!(differences.is_empty(), "{differences:?}");
        assert!(store.verify().unwrap().is_sound());
        // The clock may also go back.
        today = today + Days::new([0, 1, 1, 3, 30][usize::try_from(random.below(5)).unwrap()])
            - Days::new([0, 0, 0, 2][usize::try_from(random.below(4)).unwrap()]);
    }
}

#[test]
fn whatever_trackers_have_done_verify_finds_nothing() {
    for seed in 1..200 {
        random_runs::<i64>(seed);
        random_runs::<Min>(seed + 10_000);
        random_runs::<Largest>(seed + 20_000);
    }
}

const TODAY: &str = "2024-05-17";
const BY_KIND: [Period; 5] =
    [Period::Week, Period::Month, Period::LastDays(7), Period::Lifetime, Period::Hour];
const RUNNING: [Period; 2] = [Period::LastDays(7), Period::Lifetime];

fn noon(date: NaiveDate) -> Timestamp {
    Timestamp::from_unix_seconds(date.and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp())
}

/// Sales of three days, by user: 14 May (a Tuesday), 16 and 17 May.
fn tracked_store(store: &Store) {
    let records: Vec<(NaiveDate, u64)> =
        [("2024-05-14", 1), ("2024-05-16", 1), ("2024-05-16", 2), ("2024-05-17", 2)]
            .map(|(date, user)| (day(date), user))
            .into();
    Tracker::count(SALES, |record: &(NaiveDate, u64)| noon(record.0))
        .by("user", |record| record.1.into())
        .unwrap()
        .periods(BY_KIND)
        .append()
        .run(store, records)
        .unwrap();
}

fn new_store() -> Store {
    Store::options().clock(FixedClock(noon(day(TODAY)))).in_memory().unwrap()
}

fn differences(store: &Store) -> Vec<Difference> {
    store.rebuild(SALES).differences().unwrap().collect::<Result<_, _>>().unwrap()
}

fn running(store: &Store) -> Vec<Statistic> {
    read_all(store, SALES, &RUNNING, &[&[], &["user"]])
}

/// Does this damage, and expects it to be found, told and mended; running periods are what the days make them all along.
#[track_caller]
fn damaged(damage: impl FnOnce(&Store), expected: &[&str]) {
    let store = new_store();
    tracked_store(&store);
    assert!(store.verify().unwrap().is_sound());
    damage(&store);
    let (before, running_before) = (content(&store), running(&store));

    let found = store.verify().unwrap();
    let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
    assert_eq!((found.found, found.differences), (expected.len() as u64, expected.len() as u64));
    assert_eq!(store.verify_metric(SALES).unwrap().problems, found.problems);
    let told = differences(&store);
    assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    assert_eq!(content(&store), before, "a check changed the store");

    let report = store.rebuild(SALES).run().unwrap();
    let removed = told.iter().filter(|difference| difference.expected.is_absent()).count() as u64;
    assert_eq!((report.written + report.removed, report.removed), (expected.len() as u64, removed));
    assert_eq!(store.verify().unwrap().problems, vec![]);
    assert_eq!(differences(&store), vec![]);
    for difference in told {
        let key = SALES.on(difference.series.period(), difference.date);
        let key = match difference.series.object() {
            Some(object) => key.of(object),
            None => key,
        };
        let stored = store.get(&key).unwrap().map_or(Point::Absent, |statistic| statistic.value.into());
        assert_eq!(stored, difference.expected);
    }
    let mended = content(&store);
    store.rebuild(SALES).run().unwrap();
    assert_eq!(content(&store), mended);
    assert_eq!(running(&store), running_before);
    let days = |kinds: &[&str]| {
        if kinds.is_empty() {
            store.series(SALES, Period::Day)
        } else {
            store.series(SALES, Period::Day).by(kinds.iter().copied())
        }
    };
    let today = day(TODAY);
    let derived = RUNNING.into_iter().flat_map(|period| {
        [&[][..], &["user"]].map(|kinds| match period {
            Period::Lifetime => days(kinds).to(today).cumulative().all().unwrap(),
            _ => days(kinds).to(today).rolling(7).all().unwrap(),
        })
    });
    assert!(derived.flatten().eq(running_before));
}

#[test]
fn a_derived_statistic_that_was_written_over_is_found_and_mended() {
    damaged(
        |store| store.record(SALES.on(Period::Week, day(TODAY)), 9).unwrap(),
        &["till/sales week 2024-05-13 is 9, but its days make it 4"],
    );
    damaged(
        |store| store.record_missing(SALES.on(Period::Month, day("2024-05-01")).of(user(1))).unwrap(),
        &["till/sales month 2024-05-01 user=1 is missing, but its days make it 2"],
    );
}

#[test]
fn a_derived_statistic_that_was_deleted_or_made_up_is_found_and_mended() {
    damaged(
        |store| assert!(store.delete(&SALES.on(Period::Week, day("2024-05-15"))).unwrap()),
        &["till/sales week 2024-05-13 is absent, but its days make it 4"],
    );
    damaged(
        |store| {
            store.record(SALES.on(Period::Week, day("2024-04-01")).of(user(3)), 5).unwrap();
            store.record(SALES.on(Period::Month, day("2024-06-18")).of(user(2)), 2).unwrap();
        },
        &[
            "till/sales week 2024-04-01 user=3 is 5, but its days make it absent",
            "till/sales month 2024-06-01 user=2 is 2, but its days make it absent",
        ],
    );
}

#[test]
fn a_day_that_was_deleted_or_recorded_by_hand_is_found_in_what_is_derived_from_it() {
    damaged(
        |store| assert!(store.delete(&SALES.on(Period::Day, day("2024-05-14")).of(user(1))).unwrap()),
        &[
            "till/sales week 2024-05-13 user=1 is 2, but its days make it 1",
            "till/sales month 2024-05-01 user=1 is 2, but its days make it 1",
        ],
    );
    damaged(
        |store| store.record_missing(SALES.on(Period::Day, day("2024-05-12"))).unwrap(),
        &["till/sales week 2024-05-06 is absent, but its days make it missing"],
    );
}

#[test]
fn what_no_tracker_has_derived_is_not_compared() {
    let store = new_store();
    tracked_store(&store);
    let kind = Object::new("shop", 1).unwrap();
    let keys = [
        SALES.on(Period::Year, day(TODAY)),
        SALES.on(Period::Hour, day(TODAY)),
        SALES.on(Period::Week, day(TODAY)).of(&kind),
        SALES.on(Period::Week, day(TODAY)).of(user(1).and("shop", 1).unwrap()),
        Metric::new(SALES.domain(), "returns", "Returns").on(Period::Week, day(TODAY)),
    ];
    for key in keys {
        store.record(key, 99).unwrap();
    }
    let found = store.verify().unwrap();
    assert!(found.is_sound() && found.not_compared.is_empty());
    assert_eq!((found.metrics, found.statistics), (2, content(&store).len() as u64));
}

#[test]
fn a_kind_of_ones_own_is_compared_by_whom_knows_it() {
    let store = new_store();
    let event = Event { date: day(TODAY), hour: 12, at: noon(day(TODAY)), group: 1, value: 7 };
    tracker::<Largest>(1, &[Period::Month], 1 << 20).append().run(&store, [event]).unwrap();
    let month = tracked::<Largest>().on(Period::Month, day(TODAY)).of(Object::new("group", 1).unwrap());
    store.record(month, Largest(3)).unwrap();

    let found = store.verify().unwrap();
    assert!(found.is_sound());
    assert_eq!(found.not_compared, ["model/events"]);
    let found = store.verify_metric(tracked::<Largest>()).unwrap();
    let text = "model/events month 2024-05-01 group=1 is Largest(3), but its days make it Largest(7)";
    assert_eq!(found.problems[0].to_string(), text);
    assert!(store.verify_metric(tracked::<i64>()).is_err() && store.rebuild(tracked::<i64>()).run().is_err());
    assert_eq!(store.rebuild(tracked::<Largest>()).run().unwrap().written, 1);
    assert!(store.verify_metric(tracked::<Largest>()).unwrap().is_sound());
}

#[test]
fn days_that_do_not_merge_are_a_problem_and_stop_a_rebuild() {
    let store = new_store();
    tracked_store(&store);
    store.record(SALES.on(Period::Day, day("2024-05-14")), i64::MAX).unwrap();
    store.record(SALES.on(Period::Week, day("2024-05-13")).of(user(1)), 9).unwrap();
    let before = content(&store);

    let found = store.verify().unwrap();
    assert_eq!((found.found, found.differences), (3, 1));
    let first = found.problems[0].to_string();
    assert!(
        first.starts_with("till/sales week 2024-05-13 can't be worked out from its days: the sum"),
        "{first}"
    );
    assert_eq!(found.problems[2].place, "till/sales week 2024-05-13 user=1");
    assert_eq!(store.rebuild(SALES).differences().unwrap().count(), 3);
    // What is worked out as it is read tells as well, each for its own dates only.
    for period in RUNNING {
        let dates = store.series(SALES, period);
        assert!(matches!(dates.clone().all(), Err(Error::Merge { .. })));
        assert!(matches!(dates.clone().latest(), Err(Error::Merge { .. })));
        assert_eq!(dates.to(day("2024-05-15")).values().unwrap(), [Some(i64::MAX); 2]);
    }
    assert!(store.rebuild(SALES).run().is_err());
    assert_eq!(content(&store), before);
}

#[test]
fn a_store_without_statistics_is_sound_and_a_metric_that_is_not_registered_has_nothing_to_rebuild() {
    everywhere(|store| {
        assert!(store.verify().unwrap().is_sound());
        assert_eq!(store.verify_metric(SALES).unwrap().entries, 0);
        assert_eq!(store.rebuild(SALES).run().unwrap(), RebuildReport::default());
        assert!(store.metrics().is_empty());
    });
}

#[test]
fn a_large_metric_is_checked_and_rebuilt_on_disk_and_in_memory() {
    everywhere(|store| {
        let start = day("2023-01-01");
        let records = (0..300_u64).flat_map(|at| (at % 7..1_000).step_by(97).map(move |user| (at, user)));
        Tracker::count(SALES, |record: &(u64, u64)| noon(start + Days::new(record.0)))
            .by("user", |record| record.1.into())
            .unwrap()
            .periods([Period::Month, Period::LastDays(7)])
            .append()
            .run(store, records)
            .unwrap();
        assert!(store.verify().unwrap().is_sound());
        let sound = content(store);
        let months = store.series(SALES, Period::Month).by(["user"]).all().unwrap();
        assert!(months.len() > 500);
        store
            .change(|change| {
                months.iter().try_for_each(|month| {
                    change.record(SALES.on(Period::Month, month.date).of(month.object().unwrap()), -1)
                })
            })
            .unwrap();
        let found = store.verify().unwrap();
        assert_eq!((found.found, found.problems.len()), (months.len() as u64, 100));
        assert_eq!(store.rebuild(SALES).run().unwrap().written, months.len() as u64);
        assert_eq!(content(store), sound);
    });
}
