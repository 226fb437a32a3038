//! Reading series and ranges of keys: every clause of a query, and a model of the whole.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]

mod common;

use common::{CENTS, Hand, Place, SALES, TILL, day, everywhere, noon, places, read_all, user};
use proptest::prelude::*;
use std::collections::BTreeMap;
use trackstats::{
    Calendar, Domain, Error, Metric, Object, Period, Store, Tracker,
    chrono::{Datelike, Days, NaiveDate, TimeDelta},
    kinds::{AnyValue, Min},
    model::{Date, Id, Statistic, StatisticKey},
    query::{Fill, SeriesQuery},
    store::{Options, Prefix},
    track::Since,
};

fn country(id: &str) -> Object {
    Object::new("country", id).unwrap()
}

fn dates(statistics: &[Statistic]) -> Vec<String> {
    statistics.iter().map(|statistic| statistic.date.to_string()).collect()
}

fn record_days(store: &Store, days: &[(&str, Option<i64>)]) {
    for (date, value) in days {
        let key = SALES.on(Period::Day, day(date));
        match value {
            Some(value) => store.record(key, *value).unwrap(),
            None => store.record_missing(key).unwrap(),
        }
    }
}

// From, to and direction

#[test]
fn both_ends_are_included() {
    everywhere(|store| {
        for date in day("2024-04-20").iter_days().take(80) {
            store.record(SALES.on(Period::Day, date), i64::from(date.ordinal())).unwrap();
        }
        let may = store.series(SALES, Period::Day).from(day("2024-05-01")).to(day("2024-05-31"));
        let read = may.all().unwrap();
        assert_eq!(read.len(), 31);
        assert_eq!((read[0].date, read[30].date), (day("2024-05-01").into(), day("2024-05-31").into()));
        let one = store.series(SALES, Period::Day).from(day("2024-05-01")).to(day("2024-05-01"));
        assert_eq!(one.values().unwrap(), [Some(122)]);
        let none = store.series(SALES, Period::Day).from(day("2024-05-02")).to(day("2024-05-01"));
        assert_eq!(none.clone().values().unwrap(), []);
        assert_eq!(none.clone().newest_first().values().unwrap(), []);
        assert_eq!(none.clone().fill(Fill::Zero).values().unwrap(), []);
        assert_eq!(none.latest().unwrap(), None);
        let outside = store.series(SALES, Period::Day).from(day("1900-01-01")).to(day("1950-01-01"));
        assert_eq!(outside.values().unwrap(), []);
        assert_eq!(store.series(SALES, Period::Day).from(day("2024-07-01")).values().unwrap().len(), 8);
        assert_eq!(store.series(SALES, Period::Day).to(day("2024-04-21")).values().unwrap().len(), 2);
    });
}

#[test]
fn an_end_within_a_calendar_period_stands_for_all_of_it() {
    everywhere(|store| {
        for month in 1..=12 {
            let first = NaiveDate::from_ymd_opt(2024, month, 1).unwrap();
            store.record(SALES.on(Period::Month, first), i64::from(month)).unwrap();
        }
        let read = store.series(SALES, Period::Month).from(day("2024-02-29")).to(day("2024-05-02"));
        assert_eq!(read.values().unwrap(), [Some(2), Some(3), Some(4), Some(5)]);
    });
}

#[test]
fn dates_outside_the_calendar_are_an_error_at_either_end() {
    everywhere(|store| {
        let beyond = day("9999-12-31").succ_opt().unwrap();
        for query in
            [store.series(SALES, Period::Day).from(beyond), store.series(SALES, Period::Day).to(beyond)]
        {
            assert!(matches!(query.all(), Err(Error::DateOutOfRange { .. })));
            assert!(matches!(query.clone().fill(Fill::Zero).all(), Err(Error::DateOutOfRange { .. })));
            assert!(matches!(query.latest(), Err(Error::DateOutOfRange { .. })));
        }
    });
}

#[test]
fn newest_first_is_the_same_the_other_way_round() {
    everywhere(|store| {
        for (i, date) in (0..).zip(day("2023-11-01").iter_days().step_by(3).take(100)) {
            for id in 0..4 {
                store.record(SALES.on(Period::Day, date).of(user(id)), i).unwrap();
            }
            store.record(SALES.on(Period::Day, date), i).unwrap();
            store.record(CENTS.on(Period::Day, date), i).unwrap();
        }
        let queries = [
            store.series(SALES, Period::Day),
            store.series(SALES, Period::Day).from(day("2023-12-24")).to(day("2024-02-03")),
            store.series(SALES, Period::Day).by(["user"]).from(day("2023-12-24")),
            store.series(SALES, Period::Day).objects([user(3), user(1)]).to(day("2024-02-03")),
            store.series(SALES, Period::Day).by(["user"]).fill(Fill::Previous).from(day("2023-12-24")),
        ];
        for query in queries {
            let forwards = query.all().unwrap();
            let mut backwards = query.clone().newest_first().all().unwrap();
            backwards.reverse();
            assert!(forwards.len() > 10);
            assert_eq!(forwards, backwards);
        }
        let both = store.series(SALES, Period::Day).and(CENTS);
        let backwards = both.clone().newest_first().all().unwrap();
        assert_eq!(backwards[0].series.metric(), "sales", "several metrics keep their order");
        assert_eq!(backwards[100].series.metric(), "cents");
        assert_eq!(both.all().unwrap().len(), 200);
    });
}

#[test]
fn weeks_months_quarters_and_years_before_1970_are_read_in_order() {
    let options = || Store::options().calendar(Calendar::default().months_from(15).unwrap());
    for place in places(options) {
        let store = place.store();
        for period in [Period::Week, Period::Month, Period::Quarter, Period::Year] {
            // From 1869 on, a hundred periods around the epoch and before.
            let step = match period {
                Period::Week => Days::new(7 * 53),
                Period::Month => Days::new(41),
                Period::Quarter => Days::new(97),
                _ => Days::new(367),
            };
            let mut model = BTreeMap::new();
            let mut date = day("1869-02-15");
            for value in 0..110 {
                store.record(SALES.on(period, date), value).unwrap();
                model.insert(store.calendar().bucket_on(period, date).unwrap().date, Some(value));
                date = date + step;
            }
            let expected: Vec<_> = model.into_iter().collect();
            assert!(expected.len() > 100, "{period}");
            let query = store.series(SALES, period);
            assert_eq!(query.points().unwrap(), expected, "{period}");
            let (from, to) = (expected[20].0.day(), expected[80].0.day());
            let part = query.from(from).to(to);
            assert_eq!(part.points().unwrap(), expected[20..=80], "{period}");
            assert_eq!(part.clone().newest_first().all().unwrap().len(), 61, "{period}");
            assert_eq!(part.latest().unwrap().unwrap().value, expected[80].1, "{period}");
        }
    }
}

// Objects

fn record_places(store: &Store) {
    let provinces = [("nl", "ut"), ("nl", "gr"), ("be", "an"), ("nlx", "ut")];
    for (date, value) in [("2024-05-01", 1), ("2024-06-20", 2)] {
        let key = || SALES.on(Period::Day, day(date));
        store.record(key(), value).unwrap();
        store.record(key().of(country("nl")), value).unwrap();
        store.record(key().of(country("be")), value).unwrap();
        store.record(key().of(Object::new("countryside", 1).unwrap()), value).unwrap();
        for (of, province) in provinces {
            store.record(key().of(country(of).and("province", province).unwrap()), value).unwrap();
        }
    }
}

fn objects(statistics: &[Statistic]) -> Vec<String> {
    statistics
        .iter()
        .map(|statistic| statistic.object().map(ToString::to_string).unwrap_or_default())
        .collect()
}

#[test]
fn without_a_word_about_objects_the_statistics_without_object_are_read() {
    everywhere(|store| {
        record_places(store);
        let read = store.series(SALES, Period::Day).all().unwrap();
        assert_eq!(objects(&read), ["", ""]);
        assert_eq!(dates(&read), ["2024-05-01", "2024-06-20"]);
    });
}

#[test]
fn the_statistics_of_named_objects_come_by_date_and_in_the_order_of_the_objects() {
    everywhere(|store| {
        record_places(store);
        let read = store.series(SALES, Period::Day).objects([
            country("nl"),
            country("be"),
            country("nl"),
            country("xx"),
        ]);
        let read = read.all().unwrap();
        assert_eq!(objects(&read), ["country=be", "country=nl", "country=be", "country=nl"]);
        assert_eq!(dates(&read), ["2024-05-01", "2024-05-01", "2024-06-20", "2024-06-20"]);
        assert_eq!(store.series(SALES, Period::Day).object(country("n")).all().unwrap(), []);
        assert_eq!(store.series(SALES, Period::Day).objects([]).all().unwrap(), []);
        let one = store.series(SALES, Period::Day).object(country("nl"));
        assert_eq!(one.values().unwrap(), [Some(1), Some(2)]);
    });
}

#[test]
fn objects_by_kinds_have_exactly_these_kinds() {
    everywhere(|store| {
        record_places(store);
        let may = |kinds: &[&str]| {
            let query = store.series(SALES, Period::Day).to(day("2024-05-31"));
            objects(&query.by(kinds.iter().copied()).all().unwrap())
        };
        assert_eq!(may(&["country"]), ["country=be", "country=nl"]);
        assert_eq!(
            may(&["country", "province"]),
            [
                "country=be,province=an",
                "country=nl,province=gr",
                "country=nl,province=ut",
                "country=nlx,province=ut"
            ]
        );
        assert_eq!(may(&["countryside"]), ["countryside=1"]);
        assert_eq!(may(&["province"]), [""; 0]);
        assert_eq!(may(&["country", "province", "town"]), [""; 0]);
    });
}

#[test]
fn objects_under_others_begin_with_their_parts() {
    everywhere(|store| {
        record_places(store);
        let query = || store.series(SALES, Period::Day).from(day("2024-06-01"));
        let under = objects(&query().under(country("nl")).all().unwrap());
        assert_eq!(under, ["country=nl", "country=nl,province=gr", "country=nl,province=ut"]);
        for both in [
            query().under(country("nl")).by(["country", "province"]),
            query().by(["country", "province"]).under(country("nl")),
        ] {
            assert_eq!(objects(&both.all().unwrap()), ["country=nl,province=gr", "country=nl,province=ut"]);
        }
        let province = country("nl").and("province", "ut").unwrap();
        assert_eq!(objects(&query().under(province).all().unwrap()), ["country=nl,province=ut"]);
        assert_eq!(query().under(country("n")).all().unwrap(), []);
        assert_eq!(query().under(country("nl")).by(["countryside"]).all().unwrap(), []);
    });
}

#[test]
fn the_last_word_about_objects_counts() {
    everywhere(|store| {
        record_places(store);
        let query = store.series(SALES, Period::Day).by(["country"]).object(country("nl"));
        assert_eq!(query.all().unwrap().len(), 2);
        let query = store.series(SALES, Period::Day).object(country("nl")).by(["countryside"]);
        assert_eq!(objects(&query.all().unwrap()), ["countryside=1", "countryside=1"]);
    });
}

// Several metrics, and the latest

#[test]
fn several_metrics_come_one_after_the_other() {
    everywhere(|store| {
        store.record(SALES.on(Period::Day, day("2024-05-02")), 1).unwrap();
        store.record(CENTS.on(Period::Day, day("2024-05-01")), 2).unwrap();
        let unknown = Metric::<i64>::new(TILL, "unknown", "Unknown");
        let read = store.series(SALES, Period::Day).and(unknown).and(CENTS).all().unwrap();
        let metrics: Vec<_> = read.iter().map(|statistic| statistic.series.metric()).collect();
        assert_eq!(metrics, ["sales", "cents"]);
        let both = store.series(SALES, Period::Day).and(CENTS);
        let filled = both.from(day("2024-05-01")).to(day("2024-05-02")).fill(Fill::Zero);
        assert_eq!(filled.values().unwrap(), [Some(0), Some(1), Some(2), Some(0)]);
    });
}

#[test]
fn the_latest_is_that_of_the_last_date_also_if_it_is_missing() {
    everywhere(|store| {
        let query = store.series(SALES, Period::Day);
        assert_eq!(query.latest().unwrap(), None);
        record_days(store, &[("1969-12-31", Some(1)), ("2024-05-01", Some(2)), ("2024-06-01", None)]);
        let latest = query.latest().unwrap().unwrap();
        assert_eq!((latest.date, latest.value), (day("2024-06-01").into(), None));
        let before = query.clone().to(day("2024-05-31")).latest().unwrap().unwrap();
        assert_eq!(before.value, Some(2));
        assert_eq!(query.clone().to(day("1969-12-30")).latest().unwrap(), None);
        assert_eq!(query.clone().from(day("2024-06-02")).latest().unwrap(), None);
        assert_eq!(query.clone().newest_first().fill(Fill::Zero).latest().unwrap(), Some(latest));

        store.record(CENTS.on(Period::Day, day("2024-05-20")), 3).unwrap();
        let of_both = store.series(CENTS, Period::Day).and(SALES).latest().unwrap().unwrap();
        assert_eq!(of_both.series.metric(), "sales");
    });
}

#[test]
fn the_latest_of_several_objects_is_the_last_in_their_order() {
    everywhere(|store| {
        store.record(SALES.on(Period::Day, day("2024-05-02")).of(user(1)), 1).unwrap();
        store.record(SALES.on(Period::Day, day("2024-05-02")).of(user(2)), 2).unwrap();
        store.record(SALES.on(Period::Day, day("2024-05-01")).of(user(3)), 3).unwrap();
        let query = store.series(SALES, Period::Day);
        assert_eq!(query.clone().by(["user"]).latest().unwrap().unwrap().value, Some(2));
        assert_eq!(query.clone().objects([user(3), user(1)]).latest().unwrap().unwrap().value, Some(1));
        assert_eq!(query.clone().object(user(3)).latest().unwrap().unwrap().value, Some(3));
        assert_eq!(query.latest().unwrap(), None);
    });
}

// Filling

#[test]
fn gaps_are_filled_with_zero_missing_or_the_previous_value() {
    everywhere(|store| {
        record_days(
            store,
            &[
                ("2024-04-10", Some(7)),
                ("2024-05-02", Some(1)),
                ("2024-05-04", None),
                ("2024-05-06", Some(2)),
            ],
        );
        let week = |fill| {
            let query = store.series(SALES, Period::Day).from(day("2024-05-01")).to(day("2024-05-07"));
            query.fill(fill).values().unwrap()
        };
        assert_eq!(week(Fill::Absent), [Some(1), None, Some(2)]);
        let (zero, two) = (Some(0), Some(2));
        assert_eq!(week(Fill::Zero), [zero, Some(1), zero, None, zero, two, zero]);
        assert_eq!(week(Fill::Missing), [None, Some(1), None, None, None, two, None]);
        assert_eq!(week(Fill::Previous), [Some(7), Some(1), Some(1), None, None, two, two]);
    });
}

#[test]
fn without_ends_filling_goes_from_the_first_to_the_last_statistic() {
    everywhere(|store| {
        let query = store.series(SALES, Period::Day).fill(Fill::Zero);
        assert_eq!(query.values().unwrap(), []);
        assert_eq!(query.clone().from(day("2024-05-01")).values().unwrap(), []);
        record_days(store, &[("2024-05-02", Some(1)), ("2024-05-04", Some(2))]);
        assert_eq!(query.values().unwrap(), [Some(1), Some(0), Some(2)]);
        assert_eq!(
            query.clone().to(day("2024-05-05")).values().unwrap(),
            [Some(1), Some(0), Some(2), Some(0)]
        );
        assert_eq!(query.clone().from(day("2024-05-01")).values().unwrap().len(), 4);
        let month = store.series(SALES, Period::Month).from(day("2024-01-31")).to(day("2024-03-01"));
        let filled = month.fill(Fill::Zero).points().unwrap();
        let dates: Vec<_> = filled.iter().map(|(date, _)| date.to_string()).collect();
        assert_eq!(dates, ["2024-01-01", "2024-02-01", "2024-03-01"]);
    });
}

#[test]
fn a_kind_that_has_no_zero_is_filled_with_missing_statistics() {
    const LEAST: Metric<'_, Min> = Metric::new(TILL, "least", "Smallest receipt");
    everywhere(|store| {
        store.record(LEAST.on(Period::Day, day("2024-05-01")), Min(3)).unwrap();
        let query = store.series(LEAST, Period::Day).to(day("2024-05-02")).fill(Fill::Zero);
        assert_eq!(query.values().unwrap(), [Some(Min(3)), None]);
    });
}

#[test]
fn each_object_is_filled_on_its_own() {
    everywhere(|store| {
        let record = |date, id, value| store.record(SALES.on(Period::Day, day(date)).of(user(id)), value);
        record("2024-04-01", 1, 10).unwrap();
        record("2024-05-01", 2, 20).unwrap();
        record("2024-05-03", 1, 11).unwrap();
        let read = |query: SeriesQuery<'_>| {
            let query = query.from(day("2024-05-01")).to(day("2024-05-03")).fill(Fill::Previous);
            let all = query.all().unwrap();
            all.iter().map(|found| (found.object().unwrap().to_string(), found.value)).collect::<Vec<_>>()
        };
        let expected = [
            ("user=1", Some(10)),
            ("user=2", Some(20)),
            ("user=1", Some(10)),
            ("user=2", Some(20)),
            ("user=1", Some(11)),
            ("user=2", Some(20)),
        ]
        .map(|(object, value)| (object.to_owned(), value));
        assert_eq!(read(store.series(SALES, Period::Day).by(["user"])), expected);
        let named = read(store.series(SALES, Period::Day).objects([user(1), user(2), user(3)]));
        assert_eq!(named.len(), 9, "an object that is named is filled, also if it has nothing");
        assert_eq!(named[2], ("user=3".to_owned(), None));
        assert_eq!(read(store.series(SALES, Period::Day).object(user(9))).len(), 3);
    });
}

#[test]
fn the_hours_that_are_filled_are_those_that_the_day_had() {
    let options = || Store::options().calendar(Calendar::new("America/New_York").unwrap());
    for place in places(options) {
        let store = place.store();
        for (date, hours) in [("2021-03-13", 24), ("2021-03-14", 23), ("2021-11-07", 25)] {
            let query = store.series(SALES, Period::Hour).from(day(date)).to(day(date)).fill(Fill::Zero);
            let found: Vec<u8> = query.points().unwrap().iter().map(|(date, _)| date.hour()).collect();
            assert_eq!(found, (0..hours).collect::<Vec<_>>(), "{date}");
        }
        // An hour that the day didn't have is kept if it was recorded.
        store.record(SALES.on(Period::Hour, Date::with_hour(day("2021-03-14"), 30)), 5).unwrap();
        let two = store.series(SALES, Period::Hour).from(day("2021-03-14")).to(day("2021-03-15"));
        let filled = two.fill(Fill::Previous).points().unwrap();
        assert_eq!(filled.len(), 23 + 1 + 24);
        assert_eq!(filled[23], (Date::with_hour(day("2021-03-14"), 30), Some(5)));
        assert_eq!(filled[24], (day("2021-03-15").into(), Some(5)));
    }
}

#[test]
fn a_day_that_the_zone_skipped_is_not_filled() {
    let options = || Store::options().calendar(Calendar::new("Pacific/Apia").unwrap());
    for place in places(options) {
        for period in [Period::Day, Period::LastDays(7), Period::Lifetime] {
            let query = place.store().series(SALES, period).from(day("2011-12-28")).to(day("2012-01-01"));
            let filled = query.fill(Fill::Zero).all().unwrap();
            assert_eq!(dates(&filled), ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"], "{period}");
        }
    }
}

// Running periods

const WINDOW: Period = Period::LastDays(3);

/// Records sales by user, a week in May 2024 being tracked; more of them, each time that it is called.
fn sell(store: &Store, sales: &[(u32, u64)]) {
    Tracker::count(SALES, |(day, _): &(u32, u64)| noon(&may(*day).to_string()))
        .by("user", |(_, id)| Id::from(*id))
        .unwrap()
        .periods([Period::Week, WINDOW, Period::Lifetime])
        .append()
        .run(store, sales.iter().copied())
        .unwrap();
}

fn may(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 5, day).unwrap()
}

/// A store whose clock stands on a day in May.
fn on_day(today: u32) -> (Store, Hand) {
    let clock = Hand::default();
    clock.set(noon(&may(today).to_string()));
    (Store::options().clock(clock.clone()).in_memory().unwrap(), clock)
}

/// The days and values of a running period, of a user or without object.
fn running(store: &Store, period: Period, id: Option<u64>) -> Vec<(u32, Option<i64>)> {
    let found = read_all(store, SALES, &[period], &[if id.is_some() { &["user"] } else { &[] }]);
    let of_user = found.into_iter().filter(|found| found.object() == id.map(user).as_ref());
    of_user.map(|found| (found.date.day().day(), found.value)).collect()
}

/// Values from a day on, one after the other.
fn from_day(first: u32, values: &[i64]) -> Vec<(u32, Option<i64>)> {
    (first..).zip(values.iter().copied().map(Some)).collect()
}

#[test]
fn later_lifetimes_go_on_from_one_that_was_recorded_by_hand() {
    let (store, _) = on_day(6);
    let lifetime = |day| SALES.on(Period::Lifetime, may(day));
    sell(&store, &[(1, 1), (3, 1), (5, 2)]);
    store.record(lifetime(3), 100).unwrap();
    // The days up to it are not counted again, its own among them.
    let plain = || running(&store, Period::Lifetime, None);
    assert_eq!(plain(), from_day(1, &[1, 1, 100, 100, 101, 101]));
    assert_eq!(running(&store, Period::Lifetime, Some(1)), from_day(1, &[1, 1, 2, 2, 2, 2]));
    let from_there = store.series(SALES, Period::Lifetime).from(may(4)).to(may(5));
    assert_eq!(from_there.values().unwrap(), [Some(100), Some(101)]);
    // Late records before it and on its day are counted up to it only, one after it from then on.
    sell(&store, &[(2, 1), (3, 2), (4, 2)]);
    assert_eq!(plain(), from_day(1, &[1, 2, 100, 101, 102, 102]));
    assert_eq!(running(&store, Period::Lifetime, Some(2)), from_day(3, &[1, 2, 3, 3]));
    // The last one counts, and windows have nothing to do with any.
    store.record(lifetime(5), 7).unwrap();
    assert_eq!(plain(), from_day(1, &[1, 2, 100, 101, 7, 7]));
    assert_eq!(running(&store, WINDOW, None), from_day(1, &[1, 2, 4, 4, 4, 2]));
    // From a missing one nothing is known but what comes after it.
    store.record_missing(lifetime(4)).unwrap();
    assert!(store.delete(&lifetime(5)).unwrap() && !store.delete(&lifetime(6)).unwrap());
    let missing = [(1, Some(1)), (2, Some(2)), (3, Some(100)), (4, None), (5, Some(1)), (6, Some(1))];
    assert_eq!(plain(), missing);
    assert!(store.delete(&lifetime(3)).unwrap() && store.delete(&lifetime(4)).unwrap());
    assert_eq!(plain(), from_day(1, &[1, 2, 4, 5, 6, 6]));
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_lifetime_that_was_recorded_by_hand_goes_on_without_days_up_to_today_if_its_objects_are_tracked() {
    let (store, clock) = on_day(6);
    let lifetime = |day| SALES.on(Period::Lifetime, may(day));
    sell(&store, &[]);
    let shop = Object::new("shop", 1).unwrap();
    for key in [lifetime(4).of(user(9)), lifetime(8).of(user(8)), lifetime(4).of(&shop)] {
        store.record(key, 7).unwrap();
    }
    assert_eq!(running(&store, Period::Lifetime, Some(9)), from_day(4, &[7, 7, 7]));
    assert_eq!(running(&store, Period::Lifetime, Some(8)), from_day(8, &[7]), "it is after today");
    let of_shop = read_all(&store, SALES, &[Period::Lifetime], &[&["shop"]]);
    assert_eq!(dates(&of_shop), ["2024-05-04"], "nobody tracks shops");
    clock.set(noon("2024-05-09"));
    sell(&store, &[(5, 9), (9, 8)]);
    assert_eq!(running(&store, Period::Lifetime, Some(9)), from_day(4, &[7, 8, 8, 8, 8, 8]));
    assert_eq!(running(&store, Period::Lifetime, Some(8)), from_day(8, &[7, 8]));
    assert_eq!(running(&store, Period::Lifetime, None), from_day(5, &[1, 1, 1, 1, 2]));
}

#[test]
fn a_window_that_was_recorded_by_hand_stands_for_itself_only() {
    let (store, _) = on_day(8);
    sell(&store, &[(1, 1), (3, 1)]);
    let window = |day| SALES.on(WINDOW, may(day));
    for key in [window(2), window(7), window(9), window(3).of(user(1)), window(2).of(user(2))] {
        store.record(key, 50).unwrap();
    }
    let plain =
        [(1, Some(1)), (2, Some(50)), (3, Some(2)), (4, Some(1)), (5, Some(1)), (7, Some(50)), (9, Some(50))];
    assert_eq!(running(&store, WINDOW, None), plain);
    assert_eq!(running(&store, WINDOW, Some(1)), from_day(1, &[1, 1, 50, 1, 1]));
    assert_eq!(running(&store, WINDOW, Some(2)), from_day(2, &[50]));
    assert_eq!(running(&store, Period::Lifetime, None), from_day(1, &[1, 1, 2, 2, 2, 2, 2, 2]));
    for key in [window(2), window(7), window(9)] {
        assert!(store.delete(&key).unwrap() && !store.delete(&key).unwrap());
    }
    assert_eq!(running(&store, WINDOW, None), from_day(1, &[1, 1, 2, 1, 1]));
}

#[test]
fn whatever_becomes_of_days_running_periods_say_at_once() {
    let (store, _) = on_day(5);
    let days = |day: u32| SALES.on(Period::Day, may(day));
    let both = |id| [WINDOW, Period::Lifetime].map(|period| running(&store, period, id));
    sell(&store, &[(1, 1), (4, 2)]);
    assert_eq!(both(None), [from_day(1, &[1, 1, 1, 1, 1]), from_day(1, &[1, 1, 1, 2, 2])]);
    // A late record, and a correction of which its own change knows.
    sell(&store, &[(2, 1)]);
    assert_eq!(both(None), [from_day(1, &[1, 2, 2, 2, 1]), from_day(1, &[1, 2, 2, 3, 3])]);
    store
        .change(|change| {
            change.record(days(2), 5)?;
            change.record_missing(days(3))?;
            let lifetime = change.get(&SALES.on(Period::Lifetime, may(3)))?;
            assert_eq!(lifetime.unwrap().value, Some(6));
            Ok(())
        })
        .unwrap();
    assert_eq!(both(None), [from_day(1, &[1, 6, 6, 6, 1]), from_day(1, &[1, 6, 6, 7, 7])]);
    // Without its values a window is missing, without its days it is absent.
    for day in [1, 2, 4] {
        assert!(store.delete(&days(day)).unwrap());
    }
    assert_eq!(both(None), [vec![(3, None), (4, None), (5, None)], vec![(3, None), (4, None), (5, None)]]);
    // An object that is to be forgotten.
    assert_eq!(both(Some(1)), [from_day(1, &[1, 2, 2, 1]), from_day(1, &[1, 2, 2, 2, 2])]);
    store
        .change(|change| {
            [1, 2].into_iter().try_for_each(|day| change.delete(&days(day).of(user(1))).map(drop))
        })
        .unwrap();
    assert_eq!(both(Some(1)), [vec![], vec![]]);
    assert_eq!(both(Some(2)), [from_day(4, &[1, 1]), from_day(4, &[1, 1])]);
    // A recompute of everything from other records.
    let tracker = Tracker::count(SALES, |(): &()| noon("2024-05-05")).periods([WINDOW, Period::Lifetime]);
    tracker.recompute().since(Since::Beginning).run(&store, [(), ()]).unwrap();
    assert_eq!(both(None), [from_day(5, &[2]), from_day(5, &[2])]);
}

#[test]
fn as_today_moves_on_lifetimes_go_on_and_windows_run_empty_without_a_run() {
    let (store, clock) = on_day(3);
    sell(&store, &[(1, 1), (3, 2), (6, 2)]);
    let both = |id| [WINDOW, Period::Lifetime].map(|period| running(&store, period, id));
    assert_eq!(both(None), [from_day(1, &[1, 1, 2]), from_day(1, &[1, 1, 2])]);
    assert_eq!(both(Some(1)), [from_day(1, &[1, 1, 1]), from_day(1, &[1, 1, 1])]);
    clock.set(noon("2024-05-07"));
    assert_eq!(both(None), [from_day(1, &[1, 1, 2, 1, 1, 1, 1]), from_day(1, &[1, 1, 2, 2, 2, 3, 3])]);
    assert_eq!(both(Some(1)), [from_day(1, &[1, 1, 1]), from_day(1, &[1; 7])]);
    clock.set(noon("2024-05-31"));
    assert_eq!(running(&store, WINDOW, Some(2)), from_day(3, &[1, 1, 1, 1, 1, 1]));
    assert_eq!(store.series(SALES, Period::Lifetime).latest().unwrap().unwrap().date, may(31));
    // A clock that goes back hides nothing of what runs covered.
    clock.set(noon("2024-05-01"));
    assert_eq!(both(None), [from_day(1, &[1, 1, 2]), from_day(1, &[1, 1, 2])]);
}

#[test]
fn running_periods_end_before_a_day_that_was_left_out_until_a_run_takes_it() {
    let (store, clock) = on_day(3);
    let tracker = Tracker::count(SALES, |day: &u32| noon(&may(*day).to_string())).periods([Period::Lifetime]);
    tracker.recompute().current(false).run(&store, [1, 2, 3]).unwrap();
    for today in [3, 9] {
        clock.set(noon(&may(today).to_string()));
        assert_eq!(running(&store, Period::Lifetime, None), from_day(1, &[1, 2]));
    }
    tracker.recompute().run(&store, [1, 2, 3]).unwrap();
    assert_eq!(running(&store, Period::Lifetime, None), from_day(1, &[1, 2, 3, 3, 3, 3, 3, 3, 3]));
}

#[test]
fn a_program_that_does_not_know_the_kind_reads_running_periods_too() {
    let (store, _) = on_day(3);
    let least = Metric::<Min>::new(TILL, "least", "Least");
    Tracker::min(least, |_: &i64| noon("2024-05-01"), |value| Some(*value))
        .periods([Period::Lifetime])
        .append()
        .run(&store, [5, 4])
        .unwrap();
    store.record(least.on(Period::Day, may(2)), Min(3)).unwrap();
    let info = store.metric("till", "least").unwrap();
    let found = store.series(info.metric().unwrap(), Period::Lifetime).values().unwrap();
    assert_eq!(found, [4, 3, 3].map(|value| Some(AnyValue::Integer(value))));
}

// Scanning

fn scanned(store: &Store, prefix: &str) -> Vec<String> {
    let prefix: Prefix = prefix.parse().unwrap();
    store.scan(&prefix).map(|statistic| statistic.unwrap().to_string()).collect()
}

#[test]
fn a_scan_finds_what_is_under_a_domain_a_metric_a_period_and_a_date() {
    everywhere(|store| {
        let other = Metric::<i64>::new(Domain::new("till2", "Another"), "sales", "Sales");
        let longer = Metric::<i64>::new(TILL, "sales2", "More sales");
        for key in [
            SALES.on(Period::Day, day("2024-05-01")),
            SALES.on(Period::Day, day("2024-05-02")),
            SALES.on(Period::Day, day("2024-05-02")).of(user(1)),
            SALES.on(Period::Month, day("2024-05-01")),
            SALES.on(Period::LastDays(7), day("2024-05-02")),
            SALES.on(Period::LastDays(28), day("2024-05-02")),
            longer.on(Period::Day, day("2024-05-02")),
            other.on(Period::Day, day("2024-05-02")),
        ] {
            store.record(key, 1).unwrap();
        }
        let all = [
            "till/sales day 2024-05-01",
            "till/sales day 2024-05-02",
            "till/sales month 2024-05-01",
            "till/sales last-7-days 2024-05-02",
            "till/sales last-28-days 2024-05-02",
            "till/sales2 day 2024-05-02",
            "till2/sales day 2024-05-02",
            "till/sales day 2024-05-02 user=1",
        ];
        assert_eq!(scanned(store, ""), all);
        assert_eq!(scanned(store, "till"), [&all[..6], &all[7..]].concat());
        assert_eq!(scanned(store, "till/sales"), [&all[..5], &all[7..]].concat());
        assert_eq!(scanned(store, "till/sales/day"), [&all[..2], &all[7..]].concat());
        assert_eq!(scanned(store, "till/sales/last-7-days"), all[3..4]);
        assert_eq!(scanned(store, "till/sales/day/2024-05-02"), [all[1], all[7]]);
        assert_eq!(scanned(store, "till/sales/month/2024-05-31"), all[2..3]);
        assert_eq!(scanned(store, "till/sales/day/2024-05-03"), [""; 0]);
        assert_eq!(scanned(store, "til"), [""; 0]);
        // Clauses may also be given without those before them.
        let days = Prefix::everything().period(Period::Day);
        assert_eq!(store.scan(&days).count(), 5);
        assert_eq!(store.scan(&days.date(day("2024-05-02"))).count(), 4);
        assert_eq!(store.scan(&Prefix::everything().date(day("2024-05-02"))).count(), 7);
    });
}

#[test]
fn a_text_that_is_no_prefix_is_refused() {
    for text in ["till/sales/dya", "till/sales/day/2024-13-01", "till/sales/day/2024-05-01/more", "a\u{1}"] {
        assert!(text.parse::<Prefix>().is_err(), "{text}");
    }
    assert!(Prefix::domain("a/b").is_err());
    assert_eq!("/till/".parse::<Prefix>().unwrap(), Prefix::domain("till").unwrap());
}

// Everything at random, against a map

const METRICS: [Metric<'static>; 2] = [SALES, CENTS];
const PERIODS: [Period; 6] =
    [Period::Hour, Period::Day, Period::Week, Period::Month, Period::LastDays(7), Period::Lifetime];

/// The key of a statistic in the order of the store: plain ones first.
type ModelKey = (bool, String, usize, Date, Option<Object>);
type Model = BTreeMap<ModelKey, Option<i64>>;

#[derive(Debug, Clone)]
enum Operation {
    Record { at: At, value: Option<i64> },
    Delete { at: At },
    Several(Vec<(At, Option<i64>)>),
    Reopen,
}

#[derive(Debug, Clone)]
struct At {
    metric: usize,
    period: usize,
    day: i64,
    hour: u8,
    object: usize,
}

fn model_object(object: usize) -> Option<Object> {
    match object {
        0 | 1 => None,
        2 => Some(user(1)),
        3 => Some(user(2)),
        4 => Some(Object::new("user", "1\u{0}").unwrap()),
        5 => Some(user(1).and("shop", "\u{1}").unwrap()),
        _ => Some(Object::new("users", 1).unwrap()),
    }
}

impl At {
    fn date(&self) -> NaiveDate {
        day("1970-01-01") + TimeDelta::days(self.day)
    }

    fn key(&self) -> StatisticKey<'static> {
        let key = METRICS[self.metric].on(PERIODS[self.period], Date::with_hour(self.date(), self.hour));
        match model_object(self.object) {
            Some(object) => key.of(object),
            None => key,
        }
    }

    fn model(&self, calendar: &Calendar) -> ModelKey {
        let date = match PERIODS[self.period] {
            Period::Hour => Date::with_hour(self.date(), self.hour),
            period => calendar.bucket_on(period, self.date()).unwrap().date,
        };
        let object = model_object(self.object);
        (object.is_some(), METRICS[self.metric].to_string(), self.period, date, object)
    }
}

fn at() -> impl Strategy<Value = At> {
    (0..METRICS.len(), 0..PERIODS.len(), -100_i64..100, 0..32_u8, 0..7_usize)
        .prop_map(|(metric, period, day, hour, object)| At { metric, period, day, hour, object })
}

fn operation() -> impl Strategy<Value = Operation> {
    let value = || prop::option::weighted(0.9, prop_oneof![-3_i64..3, any::<i64>()]);
    prop_oneof![
        8 => (at(), value()).prop_map(|(at, value)| Operation::Record { at, value }),
        3 => at().prop_map(|at| Operation::Delete { at }),
        2 => prop::collection::vec((at(), value()), 0..40).prop_map(Operation::Several),
        1 => Just(Operation::Reopen),
    ]
}

fn set(model: &mut Model, calendar: &Calendar, at: &At, value: Option<i64>) {
    model.insert(at.model(calendar), value);
}

fn apply(place: &mut Place, model: &mut Model, operation: &Operation) {
    let store = place.store().clone();
    let calendar = store.calendar();
    match operation {
        Operation::Record { at, value: Some(value) } => {
            store.record(at.key(), *value).unwrap();
            set(model, calendar, at, Some(*value));
        }
        Operation::Record { at, value: None } => {
            store.record_missing(at.key()).unwrap();
            set(model, calendar, at, None);
        }
        Operation::Delete { at } => {
            let was_there = store.delete(&at.key()).unwrap();
            assert_eq!(was_there, model.remove(&at.model(calendar)).is_some());
        }
        Operation::Several(statistics) => {
            let keyed = statistics.iter().map(|(at, value)| (at.key(), *value));
            store.change(|change| change.record_all(keyed)).unwrap();
            for (at, value) in statistics {
                set(model, calendar, at, *value);
            }
        }
        Operation::Reopen => {
            drop(store);
            place.reopen();
        }
    }
}

/// Compares all that can be read with the model.
fn compare(store: &Store, model: &Model, from: NaiveDate, to: NaiveDate) {
    let scanned: Vec<_> = store
        .scan(&Prefix::everything())
        .map(|statistic| {
            let Statistic { series, date, value } = statistic.unwrap();
            let value = value.map(|value| match value {
                AnyValue::Integer(integer) => integer,
                AnyValue::Encoded(_) => panic!("an integer is encoded"),
            });
            let period = PERIODS.iter().position(|period| *period == series.period()).unwrap();
            let metric = format!("{}/{}", series.domain(), series.metric());
            ((series.object().is_some(), metric, period, date, series.object().cloned()), value)
        })
        .collect();
    let mut expected: Vec<_> = model.iter().map(|(key, value)| (key.clone(), *value)).collect();
    // Periods are in the order of their keys, as they are in the array.
    expected.sort();
    assert_eq!(scanned, expected);

    for (metric, (number, period)) in
        METRICS.iter().flat_map(|metric| PERIODS.iter().enumerate().map(move |period| (metric, period)))
    {
        let first = store.calendar().bucket_on(*period, from).unwrap().date;
        let last = store.calendar().bucket_on(*period, to).unwrap().date;
        let of = |wanted: &dyn Fn(Option<&Object>) -> bool| -> Vec<(Date, Option<Object>, Option<i64>)> {
            let found = model.iter().filter(|((_, named, numbered, date, object), _)| {
                *named == metric.to_string()
                    && *numbered == number
                    && (first.day()..=last.day()).contains(&date.day())
                    && wanted(object.as_ref())
            });
            found.map(|((_, _, _, date, object), value)| (*date, object.clone(), *value)).collect()
        };
        let query = || store.series(*metric, *period).from(from).to(to);
        let cases = [
            (query(), of(&|object| object.is_none())),
            (query().object(user(1)), of(&|object| object == Some(&user(1)))),
            (
                query().objects([user(2), user(1)]),
                of(&|object| object.is_some_and(|object| *object == user(1) || *object == user(2))),
            ),
            (query().by(["user"]), of(&|object| object.is_some_and(|object| object.kinds().eq(["user"])))),
            (
                query().under(user(1)),
                of(&|object| object.is_some_and(|object| object.parts()[0] == user(1).parts()[0])),
            ),
        ];
        for (query, expected) in cases {
            let read = |query: &SeriesQuery<'_>| -> Vec<_> {
                let all = query.all().unwrap();
                all.into_iter().map(|found| (found.date, found.object().cloned(), found.value)).collect()
            };
            assert_eq!(read(&query), expected);
            let mut backwards = read(&query.clone().newest_first());
            backwards.reverse();
            assert_eq!(backwards, expected);
            let latest = query.latest().unwrap();
            let latest = latest.map(|found| (found.date, found.object().cloned(), found.value));
            assert_eq!(latest.as_ref(), expected.last());
        }
    }
}

fn new_york() -> Options {
    Store::options().calendar(Calendar::new("America/New_York").unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_store_is_a_map_of_statistics(
        operations in prop::collection::vec(operation(), 1..60),
        from in -110_i64..110,
        width in 0_i64..120,
    ) {
        let from = day("1970-01-01") + TimeDelta::days(from);
        for mut place in places(new_york) {
            let mut model = Model::new();
            for operation in &operations {
                apply(&mut place, &mut model, operation);
                if matches!(operation, Operation::Reopen) {
                    compare(place.store(), &model, from, from + TimeDelta::days(width));
                }
            }
            compare(place.store(), &model, from, from + TimeDelta::days(width));
        }
    }
}
