//! Opening, registering, recording, deleting and changing, through the public interface; on disk and in memory.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod common;

use common::{CENTS, SALES, TILL, copy_folder, day, days, everywhere, files, places, user};
use serde::{Deserialize, Serialize, Serializer, ser};
use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};
use trackstats::{
    Calendar, Domain, Error, Metric, Object, Period, Store, Timestamp,
    chrono::{Days, NaiveTime, TimeDelta, Weekday},
    kinds::{AnyValue, Max, MergeError, Value},
    model::{Date, Statistic, StatisticKey},
    query::SeriesQuery,
    store::{Deletion, FixedClock, Flush, Options, Prefix, Scan},
};

/// The plain statistic of a day: absent, missing or a value.
fn value(store: &Store, date: &str) -> Option<Option<i64>> {
    store.get(&SALES.on(Period::Day, day(date))).unwrap().map(|statistic| statistic.value)
}

// Opening

#[test]
fn a_store_is_made_where_there_is_none_and_keeps_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/new/folder");
    let store = Store::open(&path).unwrap();
    assert_eq!(store.path(), path);
    store.record(SALES.describe("Receipts").on(Period::Day, day("2024-05-01")), 3).unwrap();
    store.record(SALES.describe("Receipts").on(Period::Day, day("2024-05-01")).of(user(7)), 2).unwrap();
    store.record_missing(CENTS.on(Period::Month, day("2024-05-01"))).unwrap();
    drop(store);

    let store = Store::options().create(false).open(&path).unwrap();
    assert_eq!(value(&store, "2024-05-01"), Some(Some(3)));
    let of_user = store.get(&SALES.on(Period::Day, day("2024-05-01")).of(user(7))).unwrap().unwrap();
    assert_eq!(of_user.value, Some(2));
    let missing = store.get(&CENTS.on(Period::Month, day("2024-05-31"))).unwrap().unwrap();
    assert_eq!(missing.value, None);
    assert_eq!(store.metric("till", "sales").unwrap().description(), "Receipts");
}

#[test]
fn what_was_flushed_is_there_although_the_store_was_never_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::options().flush(Flush::Explicit).open(folder.path().join("store")).unwrap();
    store.record(SALES.on(Period::Day, day("2024-05-01")), 3).unwrap();
    store.flush().unwrap();
    let copy = folder.path().join("copy");
    copy_folder(&folder.path().join("store"), &copy);
    assert_eq!(value(&Store::open(copy).unwrap(), "2024-05-01"), Some(Some(3)));
}

#[test]
fn a_store_is_read_without_writing_to_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = Store::options().flush(Flush::Explicit).open(path("store")).unwrap();
    for number in 0..400 {
        let date = day("2024-01-01") + Days::new(number);
        store.record(SALES.on(Period::Day, date).of(user(number % 7)), 3).unwrap();
    }
    store.flush().unwrap();
    let everything = |store: &Store| {
        let line = |statistic: trackstats::Result<Statistic<AnyValue>>| {
            let statistic = statistic.unwrap();
            format!("{statistic} {:?}", statistic.value)
        };
        store.scan(&Prefix::everything()).map(line).collect::<Vec<_>>()
    };
    let lines = everything(&store);
    assert_eq!(lines.len(), 400);
    let read_only = |name: &str| Store::options().read_only().open(path(name));
    assert!(matches!(read_only("store").unwrap_err(), Error::Locked { .. }));
    let listing = |name| files(&path(name)).into_iter().map(|file| (fs::read(&file).unwrap(), file));
    // As a kill leaves it, and as closing does; an index that can't be read doesn't matter.
    copy_folder(&path("store"), &path("killed"));
    drop(store);
    copy_folder(&path("store"), &path("closed"));
    fs::remove_dir_all(path("closed/sled-1")).unwrap();
    fs::remove_file(path("closed/lock")).unwrap();
    for name in ["killed", "closed"] {
        let before: Vec<_> = listing(name).collect();
        let (store, other) = (read_only(name).unwrap(), read_only(name).unwrap());
        assert_eq!(everything(&store), lines, "{name}");
        for refused in [
            store.record(SALES.on(Period::Day, day("2024-05-01")), 3),
            store.delete_metric(SALES, Deletion::WithStatistics).map(drop),
            store.compact().map(drop),
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(&error, Error::ReadOnly { path: named } if *named == path(name)), "{error:?}");
        }
        store.flush().unwrap();
        assert_eq!(everything(&other), lines, "{name}");
        assert!(listing(name).eq(before), "{name}");
        // Whoever writes need not wait for those who have read it.
        Store::open(path(name)).unwrap().record(SALES.on(Period::Day, day("2024-05-01")), 3).unwrap();
        drop((store, other));
    }
    assert!(matches!(read_only("none").unwrap_err(), Error::NoStore { .. }));
    assert!(!path("none").exists());
}

#[test]
fn every_way_of_flushing_keeps_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let ways = [Flush::Always, Flush::Every(Duration::from_millis(1)), Flush::Explicit];
    for (i, flush) in (0..).zip(ways) {
        let path = folder.path().join(format!("store{i}"));
        let options = || Store::options().flush(flush).cache_bytes(1 << 20);
        options().open(&path).unwrap().record(SALES.on(Period::Day, day("2024-05-01")), i).unwrap();
        assert_eq!(value(&options().open(&path).unwrap(), "2024-05-01"), Some(Some(i)), "{flush:?}");
    }
}

#[test]
fn without_create_a_store_that_is_not_there_is_an_error_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    for path in [absent.as_path(), folder.path()] {
        let error = Store::options().create(false).open(path).unwrap_err();
        assert!(matches!(&error, Error::NoStore { path: named } if named == path), "{error}");
    }
    assert!(!absent.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_store_that_is_open_can_not_be_opened_again_until_its_last_clone_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    let clone = store.clone();
    for _ in 0..2 {
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(&error, Error::Locked { path: named } if *named == path), "{error}");
    }
    drop(store);
    assert!(matches!(Store::open(&path), Err(Error::Locked { .. })));
    drop(clone);
    Store::open(&path).unwrap();
}

#[test]
fn a_query_keeps_its_store_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    store.record(SALES.on(Period::Day, day("2024-05-01")), 3).unwrap();
    let query: SeriesQuery<'_> = store.series(SALES, Period::Day);
    drop(store);
    assert_eq!(query.values().unwrap(), [Some(3)]);
    assert!(matches!(Store::open(&path), Err(Error::Locked { .. })));
    drop(query);
    Store::open(&path).unwrap();
}

#[test]
fn a_folder_or_a_file_of_something_else_is_refused_and_left_as_it_is() {
    // A folder with a file named `db` was taken for a store, and written to.
    for name in ["notes.txt", "db", "conf", "snap.0"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, "something else").unwrap();
        for path in [folder.path(), &file] {
            let error = Store::open(path).unwrap_err();
            assert!(matches!(&error, Error::NotAStore { path: named } if named == path), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "something else", "{name}");
    }
}

#[test]
fn a_lock_that_is_let_go_of_in_a_moment_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    let held = fs::File::options().write(true).open(folder.path().join("lock")).unwrap();
    held.lock().unwrap();
    let held = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        drop(held);
    });
    Store::open(folder.path()).unwrap();
    held.join().unwrap();
}

#[test]
fn a_database_of_another_program_is_refused() {
    for tree in [None, Some("tree")] {
        let folder = tempfile::tempdir().unwrap();
        let db = sled::open(folder.path()).unwrap();
        match tree {
            Some(tree) => drop(db.open_tree(tree).unwrap().insert("key", "value").unwrap()),
            None => drop(db.insert("key", "value").unwrap()),
        }
        db.flush().unwrap();
        drop(db);
        let error = Store::open(folder.path()).unwrap_err();
        assert!(matches!(&error, Error::NotAStore { path } if path == folder.path()), "{error}");
    }
}

#[test]
fn a_folder_in_which_making_a_store_was_cut_short_becomes_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("sled-1/blobs")).unwrap();
    fs::write(folder.path().join("unfinished"), "").unwrap();
    fs::write(folder.path().join("lock"), "").unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.record(SALES.on(Period::Day, day("2024-05-01")), 3).unwrap();
    drop(store);
    let store = Store::options().create(false).open(folder.path()).unwrap();
    assert_eq!(value(&store, "2024-05-01"), Some(Some(3)));
}

#[test]
fn a_store_that_was_copied_to_where_another_was_being_made_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.record(SALES.on(Period::Day, day("2024-05-01")), 3).unwrap();
    drop(store);
    // As a process leaves it that is killed while it makes a store.
    fs::write(folder.path().join("unfinished"), "").unwrap();
    for expected in [3, 4] {
        let store = Store::options().create(false).open(folder.path()).unwrap();
        assert_eq!(value(&store, "2024-05-01"), Some(Some(expected)));
        assert!(!folder.path().join("unfinished").exists());
        store.record(SALES.on(Period::Day, day("2024-05-01")), expected + 1).unwrap();
    }
}

#[test]
fn the_calendar_is_the_stores_and_another_one_is_refused_with_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let calendar = Calendar::new("America/New_York")
        .unwrap()
        .days_from(NaiveTime::from_hms_opt(4, 30, 0).unwrap())
        .unwrap()
        .weeks_from(Weekday::Sun)
        .months_from(15)
        .unwrap();
    drop(Store::options().calendar(calendar).open(&path).unwrap());

    assert_eq!(*Store::open(&path).unwrap().calendar(), calendar);
    let store = Store::options().calendar(calendar).open(&path).unwrap();
    assert_eq!(store.tz_version(), Calendar::tz_version());
    drop(store);

    let error = Store::options().calendar(Calendar::default()).open(&path).unwrap_err();
    let Error::CalendarMismatch { stored, wanted, .. } = &error else { panic!("{error}") };
    assert_eq!(stored, "America/New_York, days from 04:30, weeks from sunday, months from day 15");
    assert_eq!(wanted, "UTC, days from 00:00, weeks from monday, months from day 1");
    assert_eq!(*Store::open(&path).unwrap().calendar(), calendar, "and it stays as it was");
}

#[test]
fn today_comes_from_the_stores_clock_and_calendar() {
    let clock = FixedClock(Timestamp::from_unix_seconds(1_357_000_000));
    let options = || Store::options().clock(clock);
    assert_eq!(options().in_memory().unwrap().today().unwrap(), day("2013-01-01"));
    let new_york = options().calendar(Calendar::new("America/New_York").unwrap()).in_memory().unwrap();
    assert_eq!(new_york.today().unwrap(), day("2012-12-31"));
    let late = FixedClock(Timestamp::from_unix_seconds(i64::MAX));
    let error = Store::options().clock(late).in_memory().unwrap().today().unwrap_err();
    assert!(matches!(error, Error::DateOutOfRange { .. }), "{error}");
}

#[test]
fn stores_and_what_they_give_can_be_sent_to_and_shared_between_threads() {
    fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<Store>();
    send_and_sync::<SeriesQuery<'_>>();
    send_and_sync::<Error>();
    send_and_sync::<Object>();
    send_and_sync::<Options>();
    send_and_sync::<Scan>();
    send_and_sync::<Statistic>();
    send_and_sync::<StatisticKey<'_>>();
}

// Recording

#[test]
fn a_value_zero_a_missing_and_an_absent_statistic_are_four_things() {
    everywhere(|store| {
        store.record(SALES.on(Period::Day, day("2024-05-01")), 5).unwrap();
        store.record(SALES.on(Period::Day, day("2024-05-02")), 0).unwrap();
        store.record_missing(SALES.on(Period::Day, day("2024-05-03"))).unwrap();
        let found = ["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-04"].map(|date| value(store, date));
        assert_eq!(found, [Some(Some(5)), Some(Some(0)), Some(None), None]);
        assert_eq!(store.series(SALES, Period::Day).values().unwrap(), [Some(5), Some(0), None]);
    });
}

#[test]
fn the_last_write_wins_whatever_it_was() {
    everywhere(|store| {
        let key = || SALES.on(Period::Day, day("2024-05-01"));
        for written in [Some(1), None, Some(-3), Some(i64::MAX), Some(i64::MIN), Some(0)] {
            match written {
                Some(value) => store.record(key(), value).unwrap(),
                None => store.record_missing(key()).unwrap(),
            }
            assert_eq!(value(store, "2024-05-01"), Some(written));
        }
        store
            .change(|change| change.record_all([(key(), Some(8)), (key(), None), (key(), Some(9))]))
            .unwrap();
        assert_eq!(value(store, "2024-05-01"), Some(Some(9)));
    });
}

#[test]
fn statistics_of_other_periods_objects_and_metrics_are_others() {
    everywhere(|store| {
        let date = day("2024-05-01");
        let parts = Object::new("user", 7).unwrap().and("shop", "7").unwrap();
        let keys = [
            SALES.on(Period::Hour, date),
            SALES.on(Period::Day, date),
            SALES.on(Period::Month, date),
            SALES.on(Period::LastDays(1), date),
            SALES.on(Period::LastDays(7), date),
            SALES.on(Period::Lifetime, date),
            SALES.on(Period::Day, date).of(user(7)),
            SALES.on(Period::Day, date).of(Object::new("user", "7").unwrap()),
            SALES.on(Period::Day, date).of(Object::new("shop", 7).unwrap()),
            SALES.on(Period::Day, date).of(parts),
            CENTS.on(Period::Day, date),
            Metric::<i64>::new(Domain::new("tills", "Tills"), "sales", "Sales").on(Period::Day, date),
            SALES.on(Period::Hour, Date::with_hour(date, 1)),
        ];
        for (i, key) in (0..).zip(&keys) {
            store.record(key.clone(), i).unwrap();
        }
        for (i, key) in (0..).zip(&keys) {
            let found = store.get(key).unwrap().unwrap();
            assert_eq!(found.value, Some(i), "{key}");
            assert_eq!(found.to_string(), key.to_string());
        }
        assert_eq!(store.scan(&Prefix::everything()).count(), keys.len());
    });
}

#[test]
fn any_date_of_a_calendar_period_stands_for_it() {
    everywhere(|store| {
        let cases = [
            (Period::Week, "2024-05-15", "2024-05-19", "2024-05-13"),
            (Period::Month, "2024-02-29", "2024-02-03", "2024-02-01"),
            (Period::Quarter, "2024-05-15", "2024-06-30", "2024-04-01"),
            (Period::Year, "1969-12-31", "1969-07-20", "1969-01-01"),
        ];
        for (period, written, read, dated) in cases {
            store.record(SALES.on(period, day(written)), 4).unwrap();
            let found = store.get(&SALES.on(period, day(read))).unwrap().unwrap();
            assert_eq!((found.value, found.date), (Some(4), day(dated).into()), "{period}");
            assert!(store.delete(&SALES.on(period, day(dated))).unwrap());
        }
    });
}

#[test]
fn the_first_and_the_last_date_can_be_recorded_and_those_beyond_are_refused() {
    everywhere(|store| {
        let periods = [
            Period::Day,
            Period::Week,
            Period::Month,
            Period::Quarter,
            Period::Year,
            Period::LastDays(7),
            Period::Lifetime,
            Period::Hour,
        ];
        for period in periods {
            for date in [day("0001-01-01"), day("9999-12-31")] {
                let key = SALES.on(period, date);
                store.record(key.clone(), 1).unwrap();
                let found = store.get(&key).unwrap().unwrap();
                assert_eq!(store.get(&SALES.on(period, found.date)).unwrap().unwrap(), found, "{key}");
            }
            assert_eq!(store.series(SALES, period).values().unwrap(), [Some(1), Some(1)], "{period}");
            let before = store.series(SALES, period).all().unwrap();
            for date in [day("9999-12-31") + TimeDelta::days(40), day("0001-01-01") - TimeDelta::days(400)] {
                if period == Period::Year && date > day("9999-12-31") {
                    continue;
                }
                let key = SALES.on(period, date);
                for error in [
                    store.record(key.clone(), 1).unwrap_err(),
                    store.record_missing(key.clone()).unwrap_err(),
                    store.get(&key).unwrap_err(),
                    store.delete(&key).unwrap_err(),
                ] {
                    assert!(matches!(error, Error::DateOutOfRange { .. }), "{key}: {error}");
                }
            }
            assert_eq!(store.series(SALES, period).all().unwrap(), before);
        }
    });
}

#[test]
fn hours_are_0_to_31() {
    everywhere(|store| {
        for hour in [0, 23, 24, 31] {
            store.record(SALES.on(Period::Hour, Date::with_hour(day("2024-05-01"), hour)), 1).unwrap();
        }
        for hour in [32, 255] {
            let error = store
                .record(SALES.on(Period::Hour, Date::with_hour(day("2024-05-01"), hour)), 1)
                .unwrap_err();
            let Error::HourOutOfRange { date, hour: named } = &error else { panic!("{error}") };
            assert_eq!((date.as_str(), *named), ("2024-05-01", u32::from(hour)));
        }
        let hours: Vec<u8> =
            store.series(SALES, Period::Hour).points().unwrap().iter().map(|(date, _)| date.hour()).collect();
        assert_eq!(hours, [0, 23, 24, 31]);
    });
}

#[test]
fn a_window_of_no_days_is_refused_wherever_it_is_named() {
    everywhere(|store| {
        let key = SALES.on(Period::LastDays(0), day("2024-05-01"));
        store.register(SALES).unwrap();
        let errors = [
            store.record(key.clone(), 1).unwrap_err(),
            store.get(&key).unwrap_err(),
            store.delete(&key).unwrap_err(),
            store.series(SALES, Period::LastDays(0)).all().unwrap_err(),
            store.series(SALES, Period::LastDays(0)).latest().unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, Error::UnknownPeriod { .. }), "{error}");
        }
        store.record(SALES.on(Period::LastDays(u16::MAX), day("2024-05-01")), 1).unwrap();
    });
}

// Values of the user's own

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Takings {
    cents: u64,
    cashier: String,
}

impl Value for Takings {
    const KIND: &'static str = "takings";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.cents = self.cents.checked_add(other.cents).ok_or(MergeError::OVERFLOW)?;
        Ok(())
    }
}

#[test]
fn a_type_of_the_users_own_is_stored_for_every_period() {
    const TAKINGS: Metric<'_, Takings> = Metric::new(TILL, "takings", "Takings");
    for mut place in places(Store::options) {
        let takings = |cents| Takings { cents, cashier: "Zo\u{eb}".to_owned() };
        for period in [Period::Day, Period::Hour, Period::Month, Period::LastDays(7)] {
            for (i, date) in (0..).zip(day("2024-04-29").iter_days().take(40)) {
                for hour in 0..2 {
                    let key = TAKINGS.on(period, Date::with_hour(date, hour));
                    place.store().record(key.clone(), takings(i)).unwrap();
                    place.store().record(key.of(user(1)), takings(i + 100)).unwrap();
                }
            }
            place.store().record_missing(TAKINGS.on(period, day("2024-04-29"))).unwrap();
            place.reopen();
            let store = place.store();
            let values = store.series(TAKINGS, period).values().unwrap();
            let count = match period {
                Period::Hour => 80,
                Period::Month => 3,
                _ => 40,
            };
            assert_eq!(values.len(), count, "{period}");
            assert_eq!(values.first().unwrap(), &None);
            assert_eq!(values.last().unwrap(), &Some(takings(39)));
            let latest = store.series(TAKINGS, period).object(user(1)).latest().unwrap().unwrap();
            assert_eq!(latest.value, Some(takings(139)));
            assert!(store.delete(&TAKINGS.on(period, latest.date)).unwrap());
            assert_eq!(store.series(TAKINGS, period).values().unwrap().len(), count - 1);
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Refuses(bool);

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 { Err(ser::Error::custom("no")) } else { serializer.serialize_bool(self.0) }
    }
}

impl Value for Refuses {
    const KIND: &'static str = "refuses";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

#[test]
fn a_value_that_can_not_be_written_is_refused_and_nothing_is_changed() {
    const REFUSES: Metric<'_, Refuses> = Metric::new(TILL, "refuses", "Refuses");
    everywhere(|store| {
        let error = store.record(REFUSES.on(Period::Day, day("2024-05-01")), Refuses(true)).unwrap_err();
        assert!(
            matches!(&error, Error::Unstorable { statistic, .. } if statistic == "till/refuses day 2024-05-01")
        );
        assert!(store.metrics().is_empty());
        store.record(REFUSES.on(Period::Day, day("2024-05-01")), Refuses(false)).unwrap();
    });
}

/// Says that it is the same kind as [`Takings`], which it isn't.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Impostor(String, Vec<u8>);

impl Value for Impostor {
    const KIND: &'static str = Takings::KIND;

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

#[test]
fn bytes_that_are_not_of_the_type_they_are_read_as_are_an_error_and_take_no_memory() {
    // The length of a text was believed whatever it was, and so much memory asked for.
    const TAKINGS: Metric<'_, Takings> = Metric::new(TILL, "takings", "Takings");
    const IMPOSTOR: Metric<'_, Impostor> = Metric::new(TILL, "takings", "Takings");
    everywhere(|store| {
        let takings = Takings { cents: u64::MAX / 2, cashier: String::new() };
        store.record(TAKINGS.on(Period::Day, day("2024-05-01")), takings).unwrap();
        let error = store.get(&IMPOSTOR.on(Period::Day, day("2024-05-01"))).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    });
}

#[test]
fn a_metric_of_any_kind_reads_every_kind_and_writes_only_what_is_registered() {
    const ANY: Metric<'_, AnyValue> = Metric::new(TILL, "sales", "Sales");
    everywhere(|store| {
        let key = || ANY.on(Period::Day, day("2024-05-01"));
        let error = store.record(key(), AnyValue::Integer(1)).unwrap_err();
        assert!(matches!(error, Error::UnknownMetric { .. }), "{error}");
        store.register(SALES).unwrap();
        store.record(key(), AnyValue::Integer(1)).unwrap();
        assert_eq!(value(store, "2024-05-01"), Some(Some(1)));
        assert_eq!(store.get(&key()).unwrap().unwrap().value, Some(AnyValue::Integer(1)));
        let error = store.record(key(), AnyValue::Encoded(vec![1])).unwrap_err();
        assert!(matches!(error, Error::WrongKind { .. }), "{error}");
        assert_eq!(value(store, "2024-05-01"), Some(Some(1)));
    });
}

// Registering

#[test]
fn registering_again_updates_names_and_descriptions_and_keeps_the_statistics() {
    for mut place in places(Store::options) {
        let renamed_till = Domain::new("till", "All tills");
        let renamed = Metric::<i64>::new(renamed_till, "sales", "Receipts").describe("Per day.");
        place.store().record(SALES.on(Period::Day, day("2024-05-01")), 3).unwrap();
        let info = place.store().metric("till", "sales").unwrap();
        assert_eq!((info.domain_name(), info.name(), info.description()), ("The till", "Sales", ""));
        assert_eq!((info.domain(), info.reference(), info.kind()), ("till", "sales", "integer"));

        place.store().register(renamed).unwrap();
        for _ in 0..2 {
            let info = place.store().metric("till", "sales").unwrap();
            assert_eq!((info.domain_name(), info.name()), ("All tills", "Receipts"));
            assert_eq!(info.description(), "Per day.");
            assert_eq!(value(place.store(), "2024-05-01"), Some(Some(3)));
            place.reopen();
        }
        place.store().register_domain(Domain::new("till", "Till")).unwrap();
        place.store().register_domain(Domain::new("aisle", "Aisles")).unwrap();
        place.reopen();
        let domains = place.store().domains();
        let named: Vec<_> = domains.iter().map(|domain| (domain.reference(), domain.name())).collect();
        assert_eq!(named, [("aisle", "Aisles"), ("till", "Till")]);
        assert_eq!(place.store().metrics().len(), 1);
    }
}

#[test]
fn another_kind_of_value_is_refused_for_reading_and_writing() {
    const AS_MAX: Metric<'_, Max> = Metric::new(TILL, "sales", "Sales");
    everywhere(|store| {
        store.record(SALES.on(Period::Day, day("2024-05-01")), 3).unwrap();
        let key = AS_MAX.on(Period::Day, day("2024-05-01"));
        let errors = [
            store.record(key.clone(), Max(4)).unwrap_err(),
            store.record_missing(key.clone()).unwrap_err(),
            store.register(AS_MAX).unwrap_err(),
            store.get(&key).unwrap_err(),
            store.delete(&key).unwrap_err(),
            store.series(AS_MAX, Period::Day).all().unwrap_err(),
            store.series(AS_MAX, Period::Day).latest().unwrap_err(),
        ];
        for error in errors {
            let Error::WrongKind { metric, stored, given } = &error else { panic!("{error}") };
            assert_eq!(
                (metric.as_str(), stored.as_str(), given.as_str()),
                ("till/sales", "integer", "maximum")
            );
        }
        assert_eq!(value(store, "2024-05-01"), Some(Some(3)));
        store.delete_metric(SALES, Deletion::WithStatistics).unwrap();
        store.record(key, Max(4)).unwrap();
    });
}

#[test]
fn an_unknown_metric_is_named_with_those_that_come_nearest() {
    everywhere(|store| {
        store.register(SALES).unwrap();
        store.register(CENTS).unwrap();
        let error = store.metric("till", "sails").unwrap_err();
        let Error::UnknownMetric { metric, nearest, .. } = &error else { panic!("{error}") };
        assert_eq!((metric.as_str(), nearest[0].as_str()), ("till/sails", "till/sales"));
        assert!(error.to_string().contains("did you mean till/sales"), "{error}");
        let error = store.metric("qqq", "zzz").unwrap_err();
        assert!(matches!(&error, Error::UnknownMetric { nearest, .. } if nearest.is_empty()), "{error}");
        assert_eq!(store.series(Metric::<i64>::new(TILL, "sails", ""), Period::Day).all().unwrap(), []);
    });
}

// Deleting

#[test]
fn a_deleted_statistic_is_absent_and_its_neighbours_stay() {
    everywhere(|store| {
        for date in ["2024-05-01", "2024-05-02", "2024-05-03"] {
            store.record(SALES.on(Period::Day, day(date)), 3).unwrap();
        }
        store.record_missing(SALES.on(Period::Day, day("2024-05-02"))).unwrap();
        let key = SALES.on(Period::Day, day("2024-05-02"));
        assert!(store.delete(&key).unwrap());
        assert!(!store.delete(&key).unwrap(), "it was there once");
        assert!(!store.delete(&CENTS.on(Period::Day, day("2024-05-02"))).unwrap());
        assert_eq!(value(store, "2024-05-02"), None);
        assert_eq!(store.series(SALES, Period::Day).values().unwrap(), [Some(3), Some(3)]);
        assert!(store.metric("till", "cents").is_err(), "deleting registers nothing");
    });
}

#[test]
fn metrics_and_domains_with_statistics_are_deleted_only_on_demand() {
    let other = Metric::<i64>::new(Domain::new("till2", "Another"), "sales", "Sales");
    for mut place in places(Store::options) {
        let store = place.store();
        store.record(SALES.on(Period::Day, day("2024-05-01")).of(user(3)), 1).unwrap();
        store.record(CENTS.on(Period::Day, day("2024-05-01")), 1).unwrap();
        store.record(other.on(Period::Day, day("2024-05-01")), 1).unwrap();
        store.register(Metric::<i64>::new(TILL, "empty", "Empty")).unwrap();

        let error = store.delete_metric(SALES, Deletion::OnlyEmpty).unwrap_err();
        let Error::NotEmpty { what, first } = &error else { panic!("{error}") };
        assert_eq!(what, "till/sales");
        assert!(first.starts_with("till/sales day") && first.ends_with("user=3"), "{first}");
        assert!(matches!(store.delete_domain(TILL, Deletion::OnlyEmpty), Err(Error::NotEmpty { .. })));
        assert_eq!((store.metrics().len(), store.scan(&Prefix::everything()).count()), (4, 3));

        let empty = Metric::<i64>::new(TILL, "empty", "Empty");
        assert!(store.delete_metric(empty, Deletion::OnlyEmpty).unwrap());
        assert!(!store.delete_metric(empty, Deletion::WithStatistics).unwrap(), "it was there once");
        assert!(store.delete_metric(SALES, Deletion::WithStatistics).unwrap());
        assert_eq!(store.scan(&Prefix::everything()).count(), 2);
        place.reopen();
        let store = place.store();
        assert!(store.metric("till", "sales").is_err());
        assert!(store.delete_domain(TILL, Deletion::WithStatistics).unwrap());
        assert!(!store.delete_domain(TILL, Deletion::OnlyEmpty).unwrap());
        place.reopen();
        let store = place.store();
        let left: Vec<String> =
            store.metrics().iter().map(|info| format!("{}/{}", info.domain(), info.reference())).collect();
        assert_eq!(left, ["till2/sales"]);
        assert_eq!((store.domains().len(), store.scan(&Prefix::everything()).count()), (1, 1));
    }
}

#[test]
fn the_statistic_that_keeps_a_metric_from_being_deleted_is_named_by_its_own_date() {
    // It was named by the first date of its row.
    everywhere(|store| {
        store.record(SALES.on(Period::Day, day("2024-05-17")), 1).unwrap();
        let error = store.delete_metric(SALES, Deletion::OnlyEmpty).unwrap_err();
        let Error::NotEmpty { first, .. } = &error else { panic!("{error}") };
        assert_eq!(first, "till/sales day 2024-05-17");
    });
}

// Changes

fn failing() -> Error {
    Error::InvalidCalendar { problem: "a reason of the test's own".to_owned() }
}

#[test]
fn a_change_happens_as_a_whole_or_not_at_all_however_many_rows_it_has() {
    for count in [3_u64, 5_000] {
        for mut place in places(Store::options) {
            let date = day("2024-05-01");
            let write = |store: &Store, fail: bool| {
                store.change(|change| {
                    for id in 0..count {
                        change.record(SALES.on(Period::Day, date).of(user(id)), 1)?;
                    }
                    assert_eq!(change.get(&SALES.on(Period::Day, date).of(user(0)))?.unwrap().value, Some(1));
                    assert!(change.delete(&SALES.on(Period::Day, date).of(user(1)))?);
                    assert_eq!(change.get(&SALES.on(Period::Day, date).of(user(1)))?, None);
                    if fail { Err(failing()) } else { Ok(()) }
                })
            };
            let count_stored = |store: &Store| store.scan(&Prefix::everything()).map(Result::unwrap).count();

            assert!(matches!(write(place.store(), true), Err(Error::InvalidCalendar { .. })));
            assert_eq!((count_stored(place.store()), place.store().metrics().len()), (0, 0));
            let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
                place.store().change::<()>(|change| {
                    change.record(SALES.on(Period::Day, date), 1)?;
                    panic::resume_unwind(Box::new("a panic of the test's own"))
                })
            }));
            assert!(panicked.is_err());
            place.reopen();
            assert_eq!((count_stored(place.store()), place.store().metrics().len()), (0, 0));

            write(place.store(), false).unwrap();
            assert_eq!(count_stored(place.store()) as u64, count - 1);
            place.reopen();
            assert_eq!(count_stored(place.store()) as u64, count - 1);
        }
    }
}

#[test]
fn a_failed_write_within_a_change_that_goes_on_leaves_the_others() {
    everywhere(|store| {
        store
            .change(|change| {
                change.record(SALES.on(Period::Day, day("2024-05-01")), 1)?;
                assert!(change.record(SALES.on(Period::LastDays(0), day("2024-05-01")), 1).is_err());
                change.record(SALES.on(Period::Day, day("2024-05-02")), 2)
            })
            .unwrap();
        assert_eq!(store.series(SALES, Period::Day).values().unwrap(), [Some(1), Some(2)]);
    });
}

#[test]
fn a_write_through_the_store_within_a_change_is_refused_instead_of_waiting_for_itself() {
    everywhere(|store| {
        let clone = store.clone();
        store
            .change(|change| {
                let key = SALES.on(Period::Day, day("2024-05-01"));
                change.record(key.clone(), 1)?;
                let errors = [
                    store.record(key.clone(), 2).unwrap_err(),
                    clone.delete(&key).unwrap_err(),
                    clone.register(CENTS).unwrap_err(),
                    store.delete_domain(TILL, Deletion::WithStatistics).unwrap_err(),
                    store.change(|_| Ok(())).unwrap_err(),
                ];
                for error in errors {
                    assert!(matches!(error, Error::NestedChange), "{error}");
                }
                assert_eq!(store.get(&key)?, None, "reading is allowed, and sees what was before");
                let other = Store::in_memory()?;
                other.record(key, 3)
            })
            .unwrap();
        assert_eq!(value(store, "2024-05-01"), Some(Some(1)));
        store.record(SALES.on(Period::Day, day("2024-05-01")), 4).unwrap();
    });
}

// Reading beside writes

#[test]
fn what_is_being_read_stays_as_it_was_while_others_write() {
    everywhere(|store| {
        let dates: Vec<_> = day("2020-01-01").iter_days().take(1_000).collect();
        let write = |store: &Store, value: i64| {
            store
                .change(|change| {
                    change.record_all(dates.iter().flat_map(|date| {
                        let key = SALES.on(Period::Day, *date);
                        [(key.clone(), Some(value)), (key.of(user(value.unsigned_abs())), Some(value))]
                    }))
                })
                .unwrap();
        };
        write(store, 1);
        let mut plain = store.series(SALES, Period::Day).statistics().unwrap();
        let mut backwards = store.series(SALES, Period::Day).newest_first().statistics().unwrap();
        let mut objects = store.series(SALES, Period::Day).by(["user"]).statistics().unwrap();
        let mut scan = store.scan(&Prefix::everything());
        let read = |store: &Store| -> Vec<Option<i64>> {
            store.series(SALES, Period::Day).by(["user"]).values().unwrap()
        };
        assert_eq!(plain.next().unwrap().unwrap().value, Some(1));
        assert_eq!(scan.next().unwrap().unwrap().value, Some(AnyValue::Integer(1)));
        write(store, 2);
        assert_eq!(read(store).len(), 2_000);
        store.record(SALES.on(Period::Day, day("1999-01-01")), 3).unwrap();
        // The metric of a statistic that a scan came to was looked up among those of that moment.
        store.delete_domain(TILL, Deletion::WithStatistics).unwrap();
        store.record(CENTS.on(Period::Day, day("1999-01-01")), 3).unwrap();

        for (what, seen) in [
            ("plain", plain.by_ref().map(|item| item.unwrap().value).collect::<Vec<_>>()),
            ("backwards", backwards.by_ref().map(|item| item.unwrap().value).skip(1).collect()),
            ("objects", objects.by_ref().map(|item| item.unwrap().value).skip(1).collect()),
        ] {
            assert_eq!(seen.len(), 999, "{what}");
            assert!(seen.iter().all(|value| *value == Some(1)), "{what}");
        }
        let scanned: Vec<_> = scan.map(|item| item.unwrap().value.unwrap()).collect();
        assert_eq!(scanned.len(), 1_999);
        assert!(scanned.iter().all(|value| *value == AnyValue::Integer(1)));
        assert_eq!(store.scan(&Prefix::everything()).count(), 1);
    });
}

#[test]
fn many_threads_write_and_no_write_is_lost() {
    everywhere(|store| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for date in day("2024-05-01").iter_days().take(50) {
                        store
                            .change(|change| {
                                let key = SALES.on(Period::Day, date);
                                let before = change.get(&key)?.and_then(|found| found.value).unwrap_or(0);
                                change.record(key, before + 1)
                            })
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(store.series(SALES, Period::Day).values().unwrap(), vec![Some(4); 50]);
    });
}

#[test]
fn a_reader_never_sees_half_a_change() {
    everywhere(|store| {
        let stop = AtomicBool::new(false);
        let date = day("2024-05-01");
        // More rows than one batch of the engine takes.
        let write = |value| {
            store
                .change(|change| {
                    (0..700).try_for_each(|id| change.record(SALES.on(Period::Day, date).of(user(id)), value))
                })
                .unwrap();
        };
        write(0);
        thread::scope(|scope| {
            for newest_first in [false, true] {
                let stop = &stop;
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let query = store.series(SALES, Period::Day).by(["user"]);
                        let query = if newest_first { query.newest_first() } else { query };
                        let values = query.values().unwrap();
                        assert_eq!(values.len(), 700);
                        assert!(values.iter().all(|value| *value == values[0]), "a reader saw half a change");
                    }
                });
            }
            for value in 1..12 {
                write(value);
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
}

#[test]
fn a_writer_waits_for_the_change_of_another_thread() {
    everywhere(|store| {
        let (begun, has_begun) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                store
                    .change(|change| {
                        begun.send(()).unwrap();
                        thread::sleep(Duration::from_millis(50));
                        change.record(SALES.on(Period::Day, day("2024-05-01")), 1)
                    })
                    .unwrap();
            });
            has_begun.recv().unwrap();
            store.record(SALES.on(Period::Day, day("2024-05-01")), 2).unwrap();
        });
        assert_eq!(days(store, SALES), [("2024-05-01".to_owned(), Some(2))]);
    });
}
