//! Many threads on one store, and runs of trackers that overlap.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::{CENTS, SALES, TILL, day, days, everywhere, noon, places, user};
use serde::{Deserialize, Deserializer, Serialize};
use std::{
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
    thread,
};
use trackstats::{
    Domain, Error, Metric, Period, Store, Timestamp, Tracker,
    kinds::{AnyValue, MergeError, Value},
    model::{Id, Point, StatisticKey},
    query::Fill,
    store::{Change, Deletion, Prefix},
};

const VISITS: Metric<'static> = Metric::new(TILL, "visits", "Visits");
const PERIODS: [Period; 4] = [Period::Day, Period::Week, Period::LastDays(7), Period::Lifetime];

fn tracker(periods: &[Period]) -> Tracker<'static, Timestamp> {
    Tracker::count(VISITS, |at: &Timestamp| *at).periods(periods.iter().copied())
}

fn append(store: &Store, dates: &[&str]) {
    tracker(&[]).append().run(store, dates.iter().map(|date| noon(date))).unwrap();
}

/// Records of these dates, from a source in which `meanwhile` happens.
fn source<'a>(dates: &'a [&str], meanwhile: impl FnOnce() + 'a) -> impl Iterator<Item = Timestamp> + 'a {
    let mut meanwhile = Some(meanwhile);
    dates.iter().map(move |date| {
        if let Some(meanwhile) = meanwhile.take() {
            meanwhile();
        }
        noon(date)
    })
}

fn visits(store: &Store) -> Vec<(String, Option<i64>)> {
    days(store, VISITS)
}

fn on(date: &str, value: i64) -> (String, Option<i64>) {
    (date.to_owned(), Some(value))
}

// Runs that overlap

#[test]
fn a_recompute_that_another_run_overtakes_stores_nothing_and_can_be_run_again() {
    // What was appended while the recompute read its records was replaced by them, without a word.
    everywhere(|store| {
        append(store, &["2024-05-01", "2024-05-01"]);
        let overtaken = tracker(&[])
            .recompute()
            .run(store, source(&["2024-05-01"; 2], || append(store, &["2024-05-01"])));
        let error = overtaken.unwrap_err();
        assert!(matches!(error, Error::Overtaken { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "another run wrote till/visits while this one read its records, or it was deleted; nothing was stored; \
             run it again"
        );
        assert_eq!(visits(store), [on("2024-05-01", 3)]);
        tracker(&[]).recompute().run(store, ["2024-05-01"; 4].map(noon)).unwrap();
        assert_eq!(visits(store), [on("2024-05-01", 4)]);
    });
}

#[test]
fn of_two_recomputes_that_overlap_the_first_to_end_is_stored() {
    everywhere(|store| {
        let recompute =
            |dates: &[&str]| tracker(&[]).recompute().run(store, dates.iter().map(|date| noon(date)));
        let second = tracker(&[])
            .recompute()
            .run(store, source(&["2024-05-02"], || drop(recompute(&["2024-05-01"]).unwrap())));
        assert!(matches!(second, Err(Error::Overtaken { .. })));
        assert_eq!(visits(store), [on("2024-05-01", 1)]);
    });
}

#[test]
fn a_recompute_of_a_metric_that_is_deleted_meanwhile_stores_nothing() {
    // It would have stored a part only: what is older than the date that it asked for was gone.
    let deletions: [fn(&Store); 3] = [
        |store| assert!(store.delete_metric(VISITS, Deletion::WithStatistics).unwrap()),
        |store| assert!(store.delete_domain(TILL, Deletion::WithStatistics).unwrap()),
        |store| {
            store.delete_metric(VISITS, Deletion::WithStatistics).unwrap();
            append(store, &["2024-05-01", "2024-05-02"]);
        },
    ];
    for delete in deletions {
        for mut place in places(Store::options) {
            append(place.store(), &["2024-05-01", "2024-05-02"]);
            // The runs of before are not known to the store that is opened again.
            place.reopen();
            let store = place.store();
            let run = tracker(&[]).recompute().run(store, source(&["2024-05-02"], || delete(store)));
            assert!(matches!(run, Err(Error::Overtaken { .. })));
            assert!([0, 2].contains(&visits(store).len()));
        }
    }
}

#[test]
fn a_recompute_is_not_overtaken_by_what_does_not_touch_its_metric_or_does_not_happen() {
    everywhere(|store| {
        append(store, &["2024-05-01"]);
        let meanwhile = || {
            let other = Tracker::count(SALES, |at: &Timestamp| *at);
            other.append().run(store, [noon("2024-05-01")]).unwrap();
            store.delete_metric(SALES, Deletion::WithStatistics).unwrap();
            store.delete_metric(CENTS, Deletion::WithStatistics).unwrap();
            let failed = store.change(|change| {
                change.record(VISITS.on(Period::Day, day("2024-05-01")), 7)?;
                Err::<(), _>(Error::NestedChange)
            });
            assert!(failed.is_err());
            let tracker = tracker(&[]);
            let stale = tracker.append().cursor("log", Some(b"elsewhere"), Vec::new);
            assert!(stale.run(store, [noon("2024-05-01")]).is_err());
            store.record(VISITS.on(Period::Day, day("2024-05-01")), 8).unwrap();
        };
        tracker(&[]).recompute().run(store, source(&["2024-05-01"; 2], meanwhile)).unwrap();
        assert_eq!(visits(store), [on("2024-05-01", 2)], "what was recorded by hand is replaced");
    });
}

#[test]
fn appends_that_overlap_are_all_counted_in_every_period_that_any_of_them_keeps() {
    // The weeks that another run had begun to keep meanwhile missed what this one counted.
    everywhere(|store| {
        append(store, &["2024-05-01"]);
        let meanwhile = || {
            tracker(&PERIODS).append().run(store, [noon("2024-05-02")]).unwrap();
            store.delete_metric(SALES, Deletion::WithStatistics).unwrap();
        };
        tracker(&[Period::Month]).append().run(store, source(&["2024-05-03"], meanwhile)).unwrap();
        assert_eq!(visits(store).len(), 3);
        for period in [Period::Week, Period::LastDays(7), Period::Lifetime, Period::Month] {
            let to = day("2024-05-03");
            let last = store.series(VISITS, period).to(to).latest().unwrap().unwrap();
            assert_eq!(last.value, Some(3), "{period}");
        }
    });
}

#[test]
fn an_append_to_a_metric_that_is_deleted_meanwhile_begins_it_anew() {
    everywhere(|store| {
        append(store, &["2024-05-01"]);
        let delete = || assert!(store.delete_metric(VISITS, Deletion::WithStatistics).unwrap());
        tracker(&[]).append().run(store, source(&["2024-05-02"], delete)).unwrap();
        assert_eq!(visits(store), [on("2024-05-02", 1)]);
    });
}

#[test]
fn an_append_that_did_not_tally_the_hours_that_another_run_began_to_keep_stores_nothing() {
    everywhere(|store| {
        let hourly = || drop(tracker(&[Period::Hour]).append().run(store, [noon("2024-05-02")]).unwrap());
        let dates = ["2024-05-01"];
        let run =
            tracker(&[]).append().cursor("log", None, || b"1".to_vec()).run(store, source(&dates, hourly));
        assert!(matches!(run, Err(Error::Overtaken { .. })));
        assert_eq!((visits(store), store.cursor("log").unwrap()), (vec![on("2024-05-02", 1)], None));

        tracker(&[]).append().cursor("log", None, || b"1".to_vec()).run(store, dates.map(noon)).unwrap();
        assert_eq!(store.series(VISITS, Period::Hour).values().unwrap(), [Some(1), Some(1)]);
    });
}

// Many threads

const WRITES: i64 = 50;
const OBJECTS: usize = 1_100;
/// The writers of a pair of metrics, and of a counter.
const WRITERS: i64 = 3;
const LOG: u8 = 240;

fn value_of(change: &Change<'_>, key: &StatisticKey<'_>) -> trackstats::Result<i64> {
    Ok(change.get(key)?.and_then(|found| found.value).unwrap_or(0))
}

/// What a thread does, and how many do it.
type Work = (fn(&Store), i64);

/// Adds one to two metrics at once, each time on several dates.
fn write_pairs(store: &Store) {
    for _ in 0..WRITES {
        store
            .change(|change| {
                for date in day("2024-05-01").iter_days().step_by(20).take(3) {
                    let next = value_of(change, &SALES.on(Period::Day, date))? + 1;
                    change.record(SALES.on(Period::Day, date), next)?;
                    change.record(CENTS.on(Period::Day, date), next)?;
                }
                Ok(())
            })
            .unwrap();
    }
}

/// Writes more rows than one batch of the engine takes, in two metrics with equal values; every other time in vain.
fn write_many(store: &Store) {
    let date = day("2024-05-01");
    for value in 0..12 {
        let fails = value % 4 == 1;
        let panics = value % 4 == 3;
        let written = panic::catch_unwind(AssertUnwindSafe(|| {
            store.change(|change| {
                for metric in [SALES, CENTS] {
                    let keys = (0_u64..).take(OBJECTS).map(|id| metric.on(Period::Week, date).of(user(id)));
                    change.record_all(keys.map(|key| (key, Some(value))))?;
                }
                if panics {
                    panic::resume_unwind(Box::new("a panic of the test's own"));
                }
                if fails { Err(Error::NestedChange) } else { Ok(()) }
            })
        }));
        assert_eq!((written.is_err(), matches!(written, Ok(Err(_)))), (panics, fails));
    }
}

/// Appends what is new of a log that several threads read, each from where the cursor stands.
fn append_log(store: &Store) {
    let log: Vec<(Timestamp, u64)> =
        (0..LOG).map(|line| (noon(&format!("2024-05-{:02}", line % 28 + 1)), u64::from(line % 3))).collect();
    let visits = Tracker::count(VISITS, |line: &(Timestamp, u64)| line.0)
        .by("user", |line| Id::from(line.1))
        .unwrap()
        .periods(PERIODS);
    loop {
        let stored = store.cursor("log").unwrap();
        let done = stored.as_deref().map_or(0, |bytes| bytes[0]);
        let next = (done + 8).min(LOG);
        if done == next {
            return;
        }
        let run = visits.append().cursor("log", stored.as_deref(), || vec![next]);
        match run.run(store, log[usize::from(done)..usize::from(next)].iter().copied()) {
            Ok(_) | Err(Error::CursorMoved { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Writes and deletes again, statistics and whole metrics.
fn write_and_delete(store: &Store) {
    const GONE: Domain<'static> = Domain::new("gone", "Gone");
    for turn in 0..WRITES {
        let reference = format!("m{}", turn % 5);
        let metric: Metric<'_> = Metric::parse(GONE, &reference, "M").unwrap();
        for date in day("2024-05-01").iter_days().take(3) {
            store.record(metric.on(Period::Day, date), turn).unwrap();
        }
        assert!(store.delete(&metric.on(Period::Day, day("2024-05-02"))).unwrap());
        assert!(store.delete_metric(metric, Deletion::WithStatistics).unwrap());
    }
    store.delete_domain(GONE, Deletion::WithStatistics).unwrap();
}

fn integer(value: Option<&AnyValue>) -> i64 {
    let Some(AnyValue::Integer(value)) = value else { panic!("{value:?} is no integer") };
    *value
}

/// Checks what holds after each of the changes, by one reading of everything.
fn check_scan(store: &Store) {
    let (mut pairs, mut many, mut daily, mut weekly) =
        ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()], 0, 0);
    for statistic in store.scan(&Prefix::everything()) {
        let statistic = statistic.unwrap();
        let of = usize::from(statistic.series.metric() == "cents");
        match (statistic.series.metric(), statistic.series.period(), statistic.object()) {
            ("sales" | "cents", Period::Day, None) => pairs[of].push(integer(statistic.value.as_ref())),
            ("sales" | "cents", Period::Week, Some(_)) => many[of].push(integer(statistic.value.as_ref())),
            ("visits", Period::Day, None) => daily += integer(statistic.value.as_ref()),
            ("visits", Period::Week, None) => weekly += integer(statistic.value.as_ref()),
            _ => {}
        }
    }
    assert_eq!(pairs[0], pairs[1], "half a change of a few rows");
    assert_eq!(many[0], many[1], "half a change of many rows");
    assert!([0, OBJECTS].contains(&many[0].len()));
    assert!(many[0].iter().all(|value| *value == many[0][0]));
    assert_eq!(daily, weekly, "days without their weeks");
}

/// Checks running periods by one reading of each: the last lifetime counts all that days counted before, and no more than
/// they do after; and those of the users are what one append after the other has made of them.
fn check_running(store: &Store) {
    let days = || match store.series(VISITS, Period::Day).over().unwrap() {
        Point::Value(count) => count,
        _ => 0,
    };
    let before = days();
    let lifetimes = store.series(VISITS, Period::Lifetime).values().unwrap();
    let after = days();
    assert!(lifetimes.is_sorted());
    let last = lifetimes.last().map_or(0, |last| last.unwrap());
    assert!((before..=after).contains(&last), "{before} {last} {after}");
    let today = store.today().unwrap();
    let users = store.series(VISITS, Period::Lifetime).by(["user"]).from(today).to(today).values().unwrap();
    // Each append has eight visits.
    assert!(users.iter().flatten().sum::<i64>() % 8 == 0, "half an append: {users:?}");
}

fn read_scans(store: &Store) {
    for _ in 0..WRITES {
        check_scan(store);
        check_running(store);
    }
}

fn read_series(store: &Store) {
    let (date, mut before) = (day("2024-05-01"), 0);
    for turn in 0..4 * WRITES {
        let query = store.series(SALES, Period::Day).and(CENTS);
        let query = if turn % 2 == 0 { query.newest_first() } else { query };
        let values = query.values().unwrap();
        let (sales, cents) = values.split_at(values.len() / 2);
        assert_eq!(sales, cents);
        let latest = store.series(CENTS, Period::Day).latest().unwrap();
        assert!(latest.is_some() || cents.is_empty());
        let now = store.get(&SALES.on(Period::Day, date)).unwrap().and_then(|found| found.value).unwrap_or(0);
        assert!(before <= now, "what was there once stays");
        before = now;
        let many = store.series(SALES, Period::Week).and(CENTS).by(["user"]).values().unwrap();
        assert!(many.iter().all(|value| *value == many[0]));
        assert!([0, 2 * OBJECTS].contains(&many.len()));
    }
}

#[cfg(feature = "exchange")]
fn read_exports(store: &Store) {
    for _ in 0..WRITES / 2 {
        let mut lines = Vec::new();
        trackstats::exchange::export(store, &Prefix::everything(), &mut lines).unwrap();
        // A statistic whose metric isn't defined before it would be refused.
        let copy = Store::in_memory().unwrap();
        trackstats::exchange::import(&copy, lines.as_slice()).unwrap();
        check_scan(&copy);
    }
}

#[cfg(not(feature = "exchange"))]
fn read_exports(_: &Store) {}

#[test]
fn many_threads_that_write_and_read_all_kinds_of_things_lose_nothing_and_see_nothing_by_halves() {
    for mut place in places(Store::options) {
        let store = place.store();
        let writers: [Work; 4] =
            [(write_pairs, WRITERS), (write_many, 1), (append_log, WRITERS), (write_and_delete, 1)];
        let readers: [Work; 3] = [(read_scans, 2), (read_series, 2), (read_exports, 1)];
        thread::scope(|scope| {
            for (work, threads) in writers.into_iter().chain(readers) {
                (0..threads).for_each(|_| drop(scope.spawn(move || work(store))));
            }
        });
        for _ in 0..2 {
            let store = place.store();
            check_scan(store);
            check_running(store);
            assert_eq!(store.series(SALES, Period::Day).values().unwrap(), [Some(WRITERS * WRITES); 3]);
            let all = store.series(VISITS, Period::Lifetime).latest().unwrap().unwrap();
            assert_eq!(all.value, Some(LOG.into()));
            let users = store.series(VISITS, Period::Day).by(["user"]).values().unwrap();
            assert_eq!(users.into_iter().flatten().sum::<i64>(), i64::from(LOG));
            let last = store.series(SALES, Period::Week).and(CENTS).by(["user"]).values().unwrap();
            assert_eq!(last, vec![Some(10); 2 * OBJECTS]);
            let metrics: Vec<_> = store.metrics().iter().map(|info| info.reference().to_owned()).collect();
            assert_eq!(metrics, ["cents", "sales", "visits"]);
            place.reopen();
        }
    }
}

#[test]
fn readings_that_are_held_keep_no_writer_waiting_in_their_own_thread_or_in_others() {
    everywhere(|store| {
        let dates = || day("2024-01-01").iter_days().take(300);
        let all = || dates().flat_map(|date| [(SALES, date), (CENTS, date)]);
        let objects = || (0..).take(OBJECTS).flat_map(|id| [(SALES, id), (CENTS, id)]);
        let write = |value| {
            store.change(|change| {
                let small = all().map(|(metric, date)| (metric.on(Period::Day, date), Some(value)));
                change.record_all(small)?;
                let week = day("2024-05-01");
                let many =
                    objects().map(|(metric, id)| (metric.on(Period::Week, week).of(user(id)), Some(value)));
                change.record_all(many)
            })
        };
        write(0).unwrap();
        let mut series = store.series(SALES, Period::Day).statistics().unwrap();
        let mut scan = store.scan(&Prefix::everything());
        for value in 1..4 {
            assert_eq!(series.next().unwrap().unwrap().value, Some(0));
            assert_eq!(scan.next().unwrap().unwrap().value, Some(AnyValue::Integer(0)));
            write(value).unwrap();
            thread::scope(|scope| drop(scope.spawn(|| write(value).unwrap())));
            store
                .change(|change| {
                    // Also between the first of a change's writes and the last.
                    change.record(SALES.on(Period::Day, day("2024-01-01")), -value)?;
                    assert_eq!(series.next().unwrap()?.value, Some(0));
                    assert_eq!(scan.next().unwrap()?.value, Some(AnyValue::Integer(0)));
                    drop(store.series(SALES, Period::Day).statistics()?.next());
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!((series.by_ref().count(), scan.by_ref().count()), (300 - 6, 2 * (300 + OBJECTS) - 6));
        // One that is kept in another thread, and dropped there in the middle.
        let mut moved = store.scan(&Prefix::everything());
        thread::scope(|scope| {
            scope.spawn(move || drop(moved.next()));
            write(9).unwrap();
        });
    });
}

#[test]
fn a_change_that_panics_leaves_nothing_half_done_and_keeps_nobody_waiting() {
    for count in [2, 2_400] {
        for mut place in places(Store::options) {
            let store = place.store();
            let key = |id| SALES.on(Period::Day, day("2024-05-01")).of(user(id));
            store.record(key(0), 1).unwrap();
            let ended = thread::scope(|scope| {
                let panicking = scope.spawn(|| {
                    store.change(|change| {
                        change.record(CENTS.on(Period::Day, day("2024-05-01")), 2)?;
                        (0..count).try_for_each(|id| change.record(key(id), 2))?;
                        panic::resume_unwind(Box::new("a panic of the test's own"))
                    })
                });
                panicking.join().map(|result: trackstats::Result<()>| result.is_ok())
            });
            assert!(ended.is_err());
            // A change of the same thread: that of the one that panicked isn't open any more.
            let again = panic::catch_unwind(AssertUnwindSafe(|| {
                store.change::<()>(|change| {
                    change.delete(&key(0))?;
                    panic::resume_unwind(Box::new("a panic of the test's own"))
                })
            }));
            assert!(again.is_err());
            store.change(|change| change.record(key(1), 3)).unwrap();
            for _ in 0..2 {
                let store = place.store();
                let values = store.series(SALES, Period::Day).by(["user"]).values().unwrap();
                assert_eq!(values, [Some(1), Some(3)]);
                assert_eq!(store.metrics().len(), 1);
                place.reopen();
            }
        }
    }
}

#[test]
fn a_run_of_a_tracker_within_a_change_of_its_thread_is_refused_and_the_change_goes_on() {
    everywhere(|store| {
        store
            .change(|change| {
                change.record(SALES.on(Period::Day, day("2024-05-01")), 1)?;
                for run in [
                    tracker(&[]).append().run(store, [noon("2024-05-01")]),
                    tracker(&[]).recompute().run(store, [noon("2024-05-01")]),
                ] {
                    assert!(matches!(run, Err(Error::NestedChange)));
                }
                Ok(())
            })
            .unwrap();
        assert_eq!((days(store, SALES).len(), visits(store).len()), (1, 0));
        append(store, &["2024-05-01"]);
        assert_eq!(visits(store), [on("2024-05-01", 1)]);
    });
}

/// What happens while a value of the kind below is read.
static MEANWHILE: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// A kind of value whose rows are laid out unlike those of integers.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Slow(u8);

impl<'de> Deserialize<'de> for Slow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let meanwhile = MEANWHILE.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        u8::deserialize(deserializer).map(Self)
    }
}

impl Value for Slow {
    const KIND: &'static str = "slow";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

const SLOW: Metric<'static, Slow> = Metric::new(TILL, "slow", "Slow");
const SALES_SLOW: Metric<'static, Slow> = Metric::new(TILL, "sales", "Sales");

#[test]
fn the_metrics_of_a_query_are_read_as_of_one_moment_with_their_kinds() {
    // The second one's kind was read after the first one's statistics, and was that of another metric then.
    let date = day("2024-05-20");
    everywhere(|store| {
        store.record(SLOW.on(Period::Day, date), Slow(1)).unwrap();
        store.record(SALES_SLOW.on(Period::Day, date), Slow(2)).unwrap();
        let clone = store.clone();
        *MEANWHILE.lock().unwrap() = Some(Box::new(move || {
            clone.delete_metric(SALES, Deletion::WithStatistics).unwrap();
            clone.record(SALES.on(Period::Day, date), 3).unwrap();
        }));
        let query = store.series(SLOW, Period::Day).and(SALES_SLOW).from(date).to(date).fill(Fill::Missing);
        assert_eq!(query.values().unwrap(), [Some(Slow(1)), Some(Slow(2))]);
        assert!(matches!(query.values(), Err(Error::WrongKind { .. })));
        assert_eq!(store.series(SALES, Period::Day).values().unwrap(), [Some(3)]);
    });
}

#[test]
fn a_metric_that_is_deleted_and_made_anew_with_another_layout_is_never_read_as_damaged() {
    let dates = || day("2024-05-01").iter_days().take(40);
    everywhere(|store| {
        thread::scope(|scope| {
            scope.spawn(|| {
                for turn in 0..150 {
                    store.delete_metric(SALES, Deletion::WithStatistics).unwrap();
                    let written = store.change(|change| {
                        if turn % 2 == 0 {
                            change.record_all(dates().map(|date| (SALES.on(Period::Day, date), Some(1))))
                        } else {
                            change.record_all(
                                dates().map(|date| (SALES_SLOW.on(Period::Day, date), Some(Slow(1)))),
                            )
                        }
                    });
                    written.unwrap();
                }
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..1_500 {
                        let got = store.get(&SALES.on(Period::Day, day("2024-05-20")));
                        assert!(matches!(got, Ok(_) | Err(Error::WrongKind { .. })), "{got:?}");
                        match store.series(SALES, Period::Day).values() {
                            Ok(values) => assert!(values.is_empty() || values == [Some(1); 40], "{values:?}"),
                            Err(error) => assert!(matches!(error, Error::WrongKind { .. }), "{error}"),
                        }
                    }
                });
            }
        });
    });
}
