//! Random runs of trackers against a model that knows all records and counts them one by one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::{
    Hand, Random,
    events::{Event, Kind, Largest, tracked, tracker},
    is_running, read_all,
};
use std::collections::BTreeMap;
use trackstats::{
    Calendar, Error, Object, Period, Store, Timestamp,
    chrono::{Datelike, Days, NaiveDate},
    kinds::{AnyValue, Min},
    model::{Date, Id, Statistic},
    store::{Clock, Prefix},
    track::Since,
};

fn objects(event: &Event, groupings: u64) -> Vec<Option<Object>> {
    let group = Object::new("group", event.group).unwrap();
    let mut objects = vec![None];
    if groupings > 0 {
        objects.push(Some(group.clone()));
    }
    if groupings > 1 && !event.group.is_multiple_of(3) {
        objects.push(Some(group.and("odd", event.value.unsigned_abs() % 2).unwrap()));
    }
    objects
}

type Statistics = BTreeMap<(Period, Date, Option<Object>), i64>;

fn first_of(period: Period, date: NaiveDate) -> NaiveDate {
    let month = |month| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap();
    match period {
        Period::Week => date - Days::new(date.weekday().num_days_from_monday().into()),
        Period::Month => month(date.month()),
        Period::Quarter => month(date.month0() / 3 * 3 + 1),
        Period::Year => month(1),
        _ => date,
    }
}

/// What a store should say of these events; `current` for the periods that aren't over, too.
fn model<V: Kind>(
    calendar: &Calendar,
    events: &[Event],
    periods: &[Period],
    today: NaiveDate,
    groupings: u64,
    current: bool,
) -> Statistics {
    let through = if current { today } else { today.pred_opt().unwrap() };
    let was = |date: &NaiveDate| {
        let day = calendar.bucket_on(Period::Day, *date).unwrap();
        day.start < day.end
    };
    let mut statistics = Statistics::new();
    for event in events {
        let mut keys = vec![(Period::Day, Date::from(event.date))];
        for period in periods.iter().copied() {
            let ends = event.date.iter_days().take_while(|end| *end <= through);
            match period {
                Period::Hour => keys.push((period, Date::with_hour(event.date, event.hour))),
                Period::LastDays(days) => {
                    keys.extend(ends.take(days.into()).filter(was).map(|end| (period, end.into())));
                }
                Period::Lifetime => keys.extend(ends.filter(was).map(|end| (period, end.into()))),
                Period::Day => {}
                _ => {
                    let first = first_of(period, event.date);
                    let mut next = first.iter_days().skip_while(|date| first_of(period, *date) == first);
                    if current || next.next().unwrap() <= today {
                        keys.push((period, first.into()));
                    }
                }
            }
        }
        for (period, date) in keys {
            for object in objects(event, groupings) {
                statistics
                    .entry((period, date, object))
                    .and_modify(|merged| *merged = V::merged(*merged, event.value))
                    .or_insert(event.value);
            }
        }
    }
    statistics
}

/// What a store has, no running period among it.
fn stored(store: &Store) -> Statistics {
    let entry = |statistic: Statistic<AnyValue>| {
        let value = match statistic.value {
            Some(AnyValue::Integer(value)) => value,
            Some(AnyValue::Encoded(ref bytes)) => i64::from(bytes[0]),
            None => panic!("{statistic} is missing"),
        };
        assert!(!is_running(statistic.series.period()), "{statistic}");
        ((statistic.series.period(), statistic.date, statistic.object().cloned()), value)
    };
    store.scan(&Prefix::everything()).map(|statistic| entry(statistic.unwrap())).collect()
}

/// The running periods that a store works out, of those that any test here tracks.
fn worked_out<V: Kind>(store: &Store) -> Statistics {
    let periods = [1, 7, 30, 40].map(Period::LastDays).into_iter().chain([Period::Lifetime]);
    let periods: Vec<Period> = periods.collect();
    let found = read_all(store, tracked::<V>(), &periods, &[&[], &["group"], &["group", "odd"]]);
    let entry = |found: Statistic<V>| {
        ((found.series.period(), found.date, found.object().cloned()), found.value.unwrap().number())
    };
    found.into_iter().map(entry).collect()
}

/// All that a store says.
fn said<V: Kind>(store: &Store) -> Statistics {
    let mut said = stored(store);
    said.extend(worked_out::<V>(store));
    said
}

const PERIODS: [Period; 9] = [
    Period::Week,
    Period::Month,
    Period::Quarter,
    Period::Year,
    Period::LastDays(1),
    Period::LastDays(7),
    Period::LastDays(40),
    Period::Lifetime,
    Period::Hour,
];

fn days(date: NaiveDate, days: u64) -> NaiveDate {
    date + Days::new(days)
}

/// Seven runs, each checked against the model. With `left_out`, some leave the current periods out; no event is dated
/// today or later then, since an append would not be given those again.
fn random_runs<V: Kind>(seed: u64, left_out: bool) {
    let mut random = Random(seed);
    // Samoa had no 30 December 2011.
    let calendar = Calendar::new(if random.coin() { "UTC" } else { "Pacific/Apia" }).unwrap();
    let clock = Hand::default();
    let store = Store::options().calendar(calendar).clock(clock.clone()).in_memory().unwrap();
    let epoch = NaiveDate::from_ymd_opt(2011, 10, 20).unwrap();
    let mut periods: Vec<Period> = PERIODS.into_iter().filter(|_| random.coin()).collect();
    let (groupings, memory_bytes) = (random.below(3), if random.coin() { 1 } else { 1 << 20 });
    let mut today = days(epoch, 50 + random.below(60));
    let mut events: Vec<Event> = Vec::new();
    let mut log = vec![format!("seed {seed}, {periods:?}, {groupings} groupings, {memory_bytes} bytes")];
    // When the last run was, and whether it left out what wasn't over.
    let mut last_run = (today, true);
    for step in 0..7 {
        clock.set(calendar.bucket_on(Period::Day, today).unwrap().end.into());
        clock.set(Timestamp::from_unix_seconds(clock.now().unix_seconds() - 1));
        // Another date, where this one never was.
        today = store.today().unwrap();
        if (seed + step).is_multiple_of(3) {
            let (through, current) = if last_run.1 { (today, true) } else { last_run };
            let mut expected = model::<V>(&calendar, &events, &periods, through, groupings, current);
            expected.retain(|(period, ..), _| is_running(*period));
            assert_eq!(
                worked_out::<V>(&store),
                expected,
                "{today}, without a run, after\n{}",
                log.join("\n")
            );
        }
        let run = if step == 0 { 0 } else { random.below(4) };
        // A run from the last statistic's date on takes no older events.
        let last = events.iter().map(|event| event.date).filter(|date| *date <= today).max();
        let oldest = if run == 3 { last.unwrap_or(epoch) } else { epoch };
        let newest = match (left_out, random.below(3)) {
            (true, _) => today.pred_opt().unwrap(),
            (false, 0) => days(today, 20),
            (false, _) => today,
        };
        let span = u64::try_from((newest - oldest).num_days() + 1).unwrap_or(1).max(1);
        let mut new = Vec::new();
        for _ in 0..random.below(6) {
            let date = days(oldest, random.below(span));
            let (hour, group, value) = (random.below(23), random.below(5), 1 + random.below(50));
            let day = calendar.bucket_on(Period::Day, date).unwrap();
            if day.start < day.end {
                let at = Timestamp::from_unix_seconds(
                    day.start.timestamp() + i64::try_from(hour).unwrap() * 3_600,
                );
                new.push(Event {
                    date,
                    hour: u8::try_from(hour).unwrap(),
                    at,
                    group,
                    value: i64::try_from(value).unwrap(),
                });
            }
        }
        if step > 0 && random.below(4) == 0 {
            // Hours can't be worked out from days, so they aren't new later.
            let period = PERIODS[usize::try_from(random.below(8)).unwrap()];
            if !periods.contains(&period) {
                periods.push(period);
            }
        }
        let mut all: Vec<Event> = events.iter().chain(&new).copied().collect();
        if random.coin() {
            all.reverse();
        }
        let tracker = tracker::<V>(groupings, &periods, memory_bytes);
        let current = run == 0 || !left_out || random.coin();
        let since = match run {
            1 => Since::Beginning,
            2 => Since::Date(
                new.iter().map(|event| event.date).min().unwrap_or(today).min(days(epoch, random.below(50))),
            ),
            _ => Since::LastStatistic,
        };
        log.push(format!("{today}: run {run}, current {current}, {since:?}, new {new:?}, {periods:?}"));
        if run == 0 {
            tracker.append().run(&store, new.iter().copied()).unwrap();
        } else {
            tracker.recompute().since(since).current(current).run(&store, all).unwrap();
        }
        events.extend(new);
        last_run = (today, current);
        let (found, expected) =
            (said::<V>(&store), model::<V>(&calendar, &events, &periods, today, groupings, current));
        for key in found.keys().chain(expected.keys()) {
            assert_eq!(found.get(key), expected.get(key), "{key:?} after\n{}", log.join("\n"));
        }
        if step == 6 {
            let found = store.verify_metric(tracked::<V>()).unwrap();
            assert_eq!((found.found, found.problems), (0, vec![]), "after\n{}", log.join("\n"));
        }
        today = days(today, [0, 1, 3, 30, 60][usize::try_from(random.below(5)).unwrap()]);
    }
}

#[test]
fn random_runs_store_what_the_model_holds() {
    for seed in 1..400 {
        random_runs::<i64>(seed, false);
        random_runs::<Min>(seed + 10_000, false);
        random_runs::<Largest>(seed + 20_000, false);
    }
}

#[test]
fn random_runs_that_leave_out_what_is_not_over_store_what_the_model_holds() {
    for seed in 1..600 {
        random_runs::<i64>(seed, true);
        random_runs::<Largest>(seed + 10_000, true);
    }
}

#[test]
fn a_grouping_that_one_run_left_out_is_made_up_for_by_the_next() {
    // The next run went on from the last statistic of all, and so the grouping missed the days between.
    let (clock, calendar) = (Hand::default(), Calendar::default());
    let store = Store::options().clock(clock.clone()).in_memory().unwrap();
    let epoch = NaiveDate::from_ymd_opt(2023, 12, 19).unwrap();
    let event = |day: u64| {
        let date = days(epoch, day);
        let at = calendar.bucket_on(Period::Day, date).unwrap().start.into();
        Event { date, hour: 0, at, group: 1, value: 1 }
    };
    let events: Vec<Event> = (0..30).map(event).collect();
    for (count, groupings) in [(10, 1), (20, 0), (30, 1)] {
        let given = &events[..count];
        clock.set(given.last().unwrap().at);
        tracker::<i64>(groupings, &[Period::Lifetime], 1 << 20)
            .recompute()
            .run(&store, given.iter().copied())
            .unwrap();
    }
    let expected = model::<i64>(&calendar, &events, &[Period::Lifetime], days(epoch, 29), 1, true);
    assert_eq!(said::<i64>(&store), expected);
}

#[test]
fn an_object_that_had_days_in_the_future_only_is_carried_on_when_they_have_come() {
    // A recompute from a later date left out its windows and lifetimes between those days and that date.
    let (clock, calendar) = (Hand::default(), Calendar::default());
    let store = Store::options().clock(clock.clone()).in_memory().unwrap();
    let epoch = NaiveDate::from_ymd_opt(2023, 12, 19).unwrap();
    let event = |day: u64| {
        let date = days(epoch, day);
        let at = calendar.bucket_on(Period::Day, date).unwrap().start.into();
        Event { date, hour: 0, at, group: day, value: 1 }
    };
    let (periods, events) = ([Period::LastDays(30), Period::Lifetime], [event(0), event(10), event(30)]);
    let tracker = tracker::<Largest>(1, &periods, 1 << 20);
    clock.set(events[0].at);
    tracker.append().run(&store, events[..2].iter().copied()).unwrap();
    clock.set(events[2].at);
    tracker.recompute().since(Since::Date(events[2].date)).run(&store, events).unwrap();
    let expected = model::<Largest>(&calendar, &events, &periods, days(epoch, 30), 1, true);
    assert_eq!(said::<Largest>(&store), expected);
}

#[test]
fn a_run_from_a_later_date_on_that_leaves_out_what_is_not_over_keeps_what_was_there_before() {
    // It left the month of today, which it didn't touch, for left out; and that of its date stayed left out.
    let (clock, calendar) = (Hand::default(), Calendar::default());
    let store = Store::options().clock(clock.clone()).in_memory().unwrap();
    let epoch = NaiveDate::from_ymd_opt(2023, 12, 19).unwrap();
    let event = |day: u64| {
        let date = days(epoch, day);
        let at = calendar.bucket_on(Period::Day, date).unwrap().start.into();
        Event { date, hour: 0, at, group: 1, value: 1 }
    };
    let (periods, events) = ([Period::Month, Period::Year], [event(0), event(20)]);
    let tracker = tracker::<i64>(0, &periods, 1 << 20);
    clock.set(events[0].at);
    tracker.append().run(&store, events).unwrap();
    let later = Since::Date(days(epoch, 25));
    tracker.recompute().since(later).current(false).run(&store, events).unwrap();
    let months = store.series(tracked::<i64>(), Period::Month);
    assert_eq!(months.values().unwrap(), [Some(1)]);
    assert_eq!(store.verify().unwrap().problems, vec![]);
    tracker.append().run(&store, []).unwrap();
    assert_eq!(months.values().unwrap(), [Some(1), Some(1)]);
    assert_eq!(store.verify().unwrap().problems, vec![]);
}

#[test]
fn what_was_carried_to_a_day_that_never_was_is_carried_on() {
    // An append after a run that left out today looked for what to carry on where the day before had been skipped.
    let calendar = Calendar::new("Pacific/Apia").unwrap();
    let clock = Hand::default();
    let store = Store::options().calendar(calendar).clock(clock.clone()).in_memory().unwrap();
    let date = |text: &str| text.parse::<NaiveDate>().unwrap();
    let start = |text| Timestamp::from(calendar.bucket_on(Period::Day, date(text)).unwrap().start);
    let events = [Event { date: date("2011-12-20"), hour: 0, at: start("2011-12-20"), group: 1, value: 1 }];
    let periods = [Period::LastDays(30), Period::Lifetime];
    let tracker = tracker::<Largest>(1, &periods, 1 << 20);
    clock.set(start("2011-12-31"));
    tracker.recompute().current(false).run(&store, events).unwrap();
    clock.set(start("2012-01-02"));
    tracker.append().run(&store, []).unwrap();
    let expected = model::<Largest>(&calendar, &events, &periods, date("2012-01-02"), 1, true);
    assert_eq!(said::<Largest>(&store), expected);
}

#[test]
fn the_same_grouping_twice_is_refused_since_it_would_count_double() {
    let once = tracker::<i64>(1, &[], 1 << 20);
    let twice = once.by("group", |event| Id::from(event.group));
    assert!(matches!(twice, Err(Error::DuplicateGrouping { .. })));
}
