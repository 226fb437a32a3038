//! Checking a store and rebuilding what is derived, as their users see it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::{
    SALES, day, everywhere,
    random::{Event, Hand, Kind, Largest, Random, tracked, tracker},
};
use trackstats::{
    AnyValue, Calendar, Clock, Date, Difference, FixedClock, Metric, Min, Object, Period, Prefix, Since,
    Statistic, Store, Timestamp, Tracker,
    chrono::{Days, NaiveDate},
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
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    random.below(2);
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
