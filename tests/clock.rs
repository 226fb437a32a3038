//! Clocks that are wrong, and the guard against them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::{Hand, SALES, day, days, noon};
use std::path::Path;
use trackstats::{
    Error, Metric, Period, Store, Timestamp, Tracker,
    kinds::AnyValue,
    model::Point,
    store::{ClockGuard, FixedClock, Implausible, Prefix},
    track::{Report, Since},
};

const PERIODS: [Period; 3] = [Period::Week, Period::LastDays(7), Period::Lifetime];

fn guard() -> ClockGuard {
    ClockGuard::new(day("2024-01-01"), day("2045-12-31")).unwrap()
}

fn parking() -> ClockGuard {
    guard().otherwise(Implausible::Park)
}

fn at(path: &Path, clock: &Hand, guard: ClockGuard) -> Store {
    Store::options().clock(clock.clone()).clock_guard(guard).open(path).unwrap()
}

fn in_memory(clock: &Hand, guard: ClockGuard) -> Store {
    Store::options().clock(clock.clone()).clock_guard(guard).in_memory().unwrap()
}

fn tracker() -> Tracker<'static, Timestamp> {
    Tracker::count(SALES, |at: &Timestamp| *at).periods(PERIODS)
}

fn append(store: &Store, dates: &[&str]) -> Report {
    tracker().append().run(store, dates.iter().map(|date| noon(date))).unwrap()
}

/// Everything that is stored of the tracked metric.
fn all(store: &Store) -> Vec<(String, Option<AnyValue>)> {
    let statistics = store.scan(&Prefix::everything()).map(Result::unwrap);
    statistics.map(|statistic| (statistic.to_string(), statistic.value)).collect()
}

fn last(store: &Store, period: Period) -> Option<String> {
    Some(store.series(SALES, period).latest().unwrap()?.date.to_string())
}

#[test]
fn a_clock_that_starts_in_1970_is_refused_and_the_error_says_what_to_do() {
    let clock = Hand::default();
    let store = in_memory(&clock, guard());
    let expected = "the clock says 1970-01-01, which is outside the plausible dates 2024-01-01 to 2045-12-31; set \
                    the clock, or widen the clock guard of the store at (in memory)";
    let errors = [
        store.today().unwrap_err(),
        store.parked().unwrap_err(),
        tracker().append().run(&store, [noon("2024-05-01")]).unwrap_err(),
        tracker().recompute().since(Since::Beginning).run(&store, [noon("2024-05-01")]).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::ImplausibleClock { .. }), "{error}");
        assert_eq!(error.to_string(), expected);
    }
    assert!(store.metrics().is_empty(), "nothing is stored");

    clock.set(noon("2024-05-01"));
    append(&store, &["2024-05-01"]);
    assert_eq!(store.today().unwrap(), day("2024-05-01"));
}

#[test]
fn the_first_and_the_last_plausible_date_are_plausible_and_their_neighbours_are_not() {
    let clock = Hand::default();
    let store = in_memory(&clock, guard());
    for (date, plausible) in
        [("2023-12-31", false), ("2024-01-01", true), ("2045-12-31", true), ("2046-01-01", false)]
    {
        clock.set(noon(date));
        assert_eq!(store.today().is_ok(), plausible, "{date}");
    }
}

#[test]
fn a_clock_beyond_the_calendar_is_refused_or_parked_too() {
    for seconds in [i64::MIN, i64::MAX] {
        let clock = FixedClock(Timestamp::from_unix_seconds(seconds));
        let store = |guard| Store::options().clock(clock).clock_guard(guard).in_memory().unwrap();
        let error = store(guard()).today().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the clock says Unix second {seconds}, which is outside")),
            "{error}"
        );
        let store = store(parking());
        assert_eq!(store.today().unwrap(), day("2024-01-01"));
        store.record(SALES.on(Period::Day, day("2024-05-01")), 1).unwrap();
        let parked = store.parked().unwrap().unwrap();
        assert_eq!((parked.clock, parked.today), (clock.0, day("2024-01-01")));
    }
}

#[test]
fn a_guard_without_a_plausible_date_can_not_be_made() {
    let error = ClockGuard::new(day("2024-01-02"), day("2024-01-01")).unwrap_err();
    assert!(matches!(error, Error::InvalidDate { .. }), "{error}");
}

#[test]
fn a_clock_that_jumps_back_or_ahead_of_what_was_seen_is_refused_with_both_dates_named() {
    let clock = Hand::default();
    let store = in_memory(&clock, guard().most_behind(1).most_ahead(30));
    clock.set(noon("2024-05-10"));
    append(&store, &["2024-05-10"]);
    for (date, problem) in [
        ("2024-05-09", None),
        ("2024-05-08", Some("is 2 days before 2024-05-10, the latest date that the store has seen")),
        ("2024-06-09", None),
        ("2024-06-10", Some("is 31 days after 2024-05-10, the latest date that the store has seen")),
    ] {
        clock.set(noon(date));
        match (store.today(), problem) {
            (Ok(today), None) => assert_eq!(today, day(date)),
            (Err(error), Some(problem)) => {
                assert!(
                    error.to_string().starts_with(&format!("the clock says {date}, which {problem};")),
                    "{error}"
                );
            }
            (today, _) => panic!("{date}: {today:?}"),
        }
    }
    let store = in_memory(&clock, guard().most_behind(0));
    append(&store, &[]);
    clock.set(noon("2024-06-09"));
    let error = store.today().unwrap_err().to_string();
    assert!(error.contains("is 1 day before 2024-06-10"), "{error}");
}

#[test]
fn a_reopened_store_remembers_the_latest_date_whatever_was_written_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Hand::default();
    let limited = guard().most_behind(0);
    for (date, refused) in
        [("2024-05-10", false), ("2024-05-12", false), ("2024-05-11", true), ("2024-05-12", false)]
    {
        clock.set(noon(date));
        let store = at(folder.path(), &clock, limited);
        assert_eq!(store.today().is_err(), refused, "{date}");
        // Dated by its caller: it is written all the same, but the date that isn't plausible is not remembered.
        store.record(SALES.on(Period::Day, day("2024-05-01")), 1).unwrap();
    }
    drop(Store::open(folder.path()).unwrap());
    clock.set(noon("2024-05-11"));
    assert!(at(folder.path(), &clock, limited).today().is_err(), "it is remembered without a guard, too");
}

#[test]
fn a_date_that_is_only_looked_at_is_not_remembered() {
    let clock = Hand::default();
    let store = in_memory(&clock, guard().most_behind(0));
    clock.set(noon("2024-05-10"));
    store.today().unwrap();
    let failed = store.change(|_| Err::<(), _>(Error::NestedChange));
    assert!(failed.is_err());
    clock.set(noon("2024-05-01"));
    assert_eq!(store.today().unwrap(), day("2024-05-01"));
}

#[test]
fn a_date_that_was_wrong_but_plausible_is_forgotten_when_a_guard_no_longer_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Hand::default();
    clock.set(noon("2044-05-10"));
    append(&at(folder.path(), &clock, guard().most_behind(0)), &[]);

    clock.set(noon("2024-05-10"));
    assert!(at(folder.path(), &clock, guard().most_behind(0)).today().is_err());
    let narrower = ClockGuard::new(day("2024-01-01"), day("2034-12-31")).unwrap().most_behind(0);
    append(&at(folder.path(), &clock, narrower), &[]);
    assert!(
        at(folder.path(), &clock, guard().most_behind(0)).today().is_ok(),
        "and the right one is remembered"
    );
}

#[test]
fn a_clock_that_is_wrong_is_parked_on_the_latest_date_seen_until_it_is_right_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Hand::default();
    let path = folder.path();
    clock.set(noon("2024-05-10"));
    assert_eq!(append(&at(path, &clock, parking()), &["2024-05-09", "2024-05-10"]).parked, None);

    for wrong in ["1970-01-01", "2100-01-01"] {
        clock.set(noon(wrong));
        let store = at(path, &clock, parking());
        let parked = store.parked().unwrap().unwrap();
        assert_eq!((parked.clock, parked.today), (noon(wrong), day("2024-05-10")));
        assert_eq!(store.today().unwrap(), day("2024-05-10"));
        let report = append(&store, &["2024-05-11"]);
        assert_eq!((report.parked, report.future), (Some(parked), 1));
        assert_eq!(last(&store, Period::Lifetime).as_deref(), Some("2024-05-10"), "{wrong}");
        assert_eq!(last(&store, Period::LastDays(7)).as_deref(), Some("2024-05-10"), "{wrong}");
    }

    clock.set(noon("2024-05-13"));
    let store = at(path, &clock, parking());
    assert_eq!(append(&store, &["2024-05-13"]).parked, None);
    assert_eq!(store.parked().unwrap(), None);
    let right = in_memory(&clock, guard());
    append(&right, &["2024-05-09", "2024-05-10", "2024-05-11", "2024-05-11", "2024-05-13"]);
    assert_eq!(all(&store), all(&right), "nothing wrong stays");
}

#[test]
fn a_clock_that_is_wrong_from_the_first_start_on_carries_nothing_to_days_that_have_not_come() {
    for wrong in ["1970-01-01", "2100-01-01"] {
        let clock = Hand::default();
        clock.set(noon(wrong));
        let store = in_memory(&clock, parking());
        let recompute = || tracker().recompute().run(&store, ["2024-05-09", "2024-05-10"].map(noon)).unwrap();
        let report = recompute();
        assert_eq!((report.parked.map(|parked| parked.today), report.future), (Some(day("2024-01-01")), 2));
        assert_eq!((last(&store, Period::Lifetime), last(&store, Period::LastDays(7))), (None, None));
        assert_eq!(days(&store, SALES).len(), 2, "the days are there all the same");

        clock.set(noon("2024-05-13"));
        assert_eq!(recompute().parked, None);
        let right = in_memory(&clock, guard());
        append(&right, &["2024-05-09", "2024-05-10"]);
        assert_eq!(all(&store), all(&right), "{wrong}");
    }
}

#[test]
fn a_limit_of_days_ahead_parks_a_clock_that_jumps_within_the_plausible_dates() {
    let clock = Hand::default();
    let store = in_memory(&clock, parking().most_ahead(90));
    clock.set(noon("2024-05-10"));
    append(&store, &["2024-05-10"]);
    clock.set(noon("2036-02-07"));
    assert!(append(&store, &["2024-05-11"]).parked.is_some());
    assert_eq!(last(&store, Period::Lifetime).as_deref(), Some("2024-05-10"));
    clock.set(noon("2024-05-12"));
    append(&store, &[]);
    assert_eq!(last(&store, Period::Lifetime).as_deref(), Some("2024-05-12"));
}

#[test]
fn a_record_that_is_not_plausible_is_skipped_and_reported_with_its_date() {
    // A record of the year 1 had a lifetime of each of the 700,000 days since.
    let clock = Hand::default();
    clock.set(noon("2024-05-10"));
    let store = in_memory(&clock, guard());
    let dates =
        ["0001-01-01", "1970-01-01", "2023-12-31", "2024-05-09", "2045-12-31", "2046-01-01", "9999-12-31"];
    let report = append(&store, &dates);
    assert_eq!((report.read, report.skipped, report.future), (7, 5, 1));
    assert_eq!(report.skips[1].record, 2);
    assert_eq!(
        report.skips[1].reason,
        "a record dated 1970-01-01, outside the plausible dates 2024-01-01 to 2045-12-31; check the clock that dated it"
    );
    assert_eq!(store.series(SALES, Period::Lifetime).values().unwrap(), [Some(1), Some(1)]);

    let strict = tracker().append().strict(true).run(&store, [noon("1970-01-01")]);
    assert!(matches!(strict, Err(Error::UnreadableRecord { number: 1, .. })));
}

#[test]
fn hours_are_guarded_as_days_are() {
    let clock = Hand::default();
    clock.set(noon("2024-05-10"));
    let store = in_memory(&clock, guard());
    let hourly = Tracker::count(SALES, |at: &Timestamp| *at).periods([Period::Hour]);
    let report = hourly.append().run(&store, ["2023-12-31", "2024-01-01"].map(noon)).unwrap();
    assert_eq!((report.read, report.skipped), (2, 1));
    assert_eq!(store.series(SALES, Period::Hour).values().unwrap(), [Some(1)]);
}

#[test]
fn without_a_guard_every_date_is_believed() {
    let clock = Hand::default();
    let store = Store::options().clock(clock.clone()).in_memory().unwrap();
    for date in ["2024-05-10", "1970-01-01", "9999-12-30"] {
        clock.set(noon(date));
        assert_eq!((store.today().unwrap(), store.parked().unwrap()), (day(date), None));
        let days: Metric<'_> = Metric::new(common::TILL, "days", "Days");
        let report = Tracker::count(days, |at: &Timestamp| *at).append().run(&store, [noon(date)]).unwrap();
        assert_eq!((report.skipped, report.future, report.parked), (0, 0, None));
    }
}

/// The run wrote back, from what it had read when it began, that months are what their days make them; and a range read
/// the month.
#[test]
fn a_day_that_is_recorded_by_hand_while_a_run_reads_its_records_counts_in_ranges() {
    let clock = Hand::default();
    clock.set(noon("2024-05-10"));
    let store = Store::options().clock(clock.clone()).in_memory().unwrap();
    let tracker = Tracker::count(SALES, |at: &Timestamp| *at).periods([Period::Month]);
    tracker.append().run(&store, ["2024-03-05", "2024-05-10"].map(noon)).unwrap();
    clock.set(noon("2024-05-11"));
    let by_hand = || store.record(SALES.on(Period::Day, day("2024-03-06")), 5).unwrap();
    tracker
        .append()
        .run(
            &store,
            ["2024-05-11"].iter().map(|date| {
                by_hand();
                noon(date)
            }),
        )
        .unwrap();
    let march = store.series(SALES, Period::Day).from(day("2024-03-01")).to(day("2024-03-31"));
    assert_eq!(march.over().unwrap(), Point::Value(6));
}
