//! How often the engine is asked, at most: figures that mustn't creep up.

use super::{export, import};
use crate::{
    calendar::{Calendar, Timestamp},
    model::{Domain, Id, Metric, Object, Period},
    storage::{Counter, CountingEngine},
    store::{FixedClock, Flush, Prefix, Store},
    track::Tracker,
};
use chrono::{Days, NaiveDate};
use std::sync::Arc;

const APP: Domain<'static> = Domain::new("app", "App");
const VIEWS: Metric<'static> = Metric::new(APP, "views", "Views");

/// Noon on the day that `days` come after 2024-01-01, a Monday.
fn noon(days: u32) -> Timestamp {
    Timestamp::from_unix_seconds(1_704_067_200 + 43_200 + 86_400 * i64::from(days))
}

fn date(days: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(days.into())
}

fn store() -> (Store, Counter) {
    let engine = CountingEngine::default();
    let counter = engine.counter();
    let options = Store::options()
        .calendar(Calendar::new("UTC").unwrap())
        .clock(FixedClock(noon(399)))
        .flush(Flush::Explicit);
    let store = options.open_engine(Arc::new(engine)).unwrap();
    counter.take();
    (store, counter)
}

fn ann() -> Object {
    Object::new("user", "ann").unwrap()
}

/// At most so many reads (gets and scans), batches, and entries in them.
#[track_caller]
fn costs<T>(counter: &Counter, most: [usize; 3], work: impl FnOnce() -> T) -> T {
    counter.take();
    let result = work();
    let calls = counter.take();
    let found = [calls.gets + calls.scans, calls.applies, calls.written];
    assert!(found.iter().zip(most).all(|(found, most)| *found <= most), "{calls:#?} are more than {most:?}");
    result
}

fn tracker<'a>(periods: &[Period], by_user: bool) -> Tracker<'a, u32> {
    let tracker = Tracker::count(VIEWS, |day: &u32| noon(*day)).periods(periods.iter().copied());
    if by_user { tracker.by("user", |_| Id::Text("ann")).unwrap() } else { tracker }
}

#[test]
fn recording_and_reading_one_statistic_asks_the_engine_a_few_times() {
    let (store, counter) = store();
    let day = VIEWS.on(Period::Day, date(0));
    let of_ann = || VIEWS.on(Period::Day, date(0)).of(ann());
    store.record(day, 1).unwrap();
    store.record(of_ann(), 1).unwrap();

    costs(&counter, [2, 1, 1], || store.record(VIEWS.on(Period::Day, date(0)), 2).unwrap());
    costs(&counter, [2, 1, 1], || store.record(of_ann(), 2).unwrap());
    costs(&counter, [2, 1, 1], || store.record(VIEWS.on(Period::Day, date(200)), 2).unwrap());
    costs(&counter, [4, 1, 1], || {
        store.record(VIEWS.on(Period::Day, date(200)).of(ann()), 2).unwrap();
    });
    costs(&counter, [1, 0, 0], || store.get(&VIEWS.on(Period::Day, date(0))).unwrap());
    costs(&counter, [1, 0, 0], || store.get(&of_ann()).unwrap());
}

#[test]
fn an_append_of_one_record_asks_the_engine_a_few_times() {
    let (store, counter) = store();
    let days = tracker(&[], false);
    days.append().run(&store, 0..399).unwrap();
    costs(&counter, [3, 1, 1], || days.append().run(&store, [399]).unwrap());

    let (store, counter) = self::store();
    let tracker = tracker(&[Period::Month, Period::LastDays(7), Period::Lifetime], true);
    tracker.append().run(&store, 0..399).unwrap();
    costs(&counter, [9, 1, 4], || tracker.append().run(&store, [399]).unwrap());
}

#[test]
fn many_statistics_are_recorded_in_few_batches() {
    let (store, counter) = store();
    costs(&counter, [19, 1, 18], || {
        let weeks = (0..1_000).map(|week| (VIEWS.on(Period::Week, date(7 * week)), Some(1)));
        store.change(|change| change.record_all(weeks)).unwrap();
    });

    let mut lines = Vec::new();
    export(&store, &Prefix::everything(), &mut lines).unwrap();
    let (store, counter) = self::store();
    costs(&counter, [20, 1, 18], || import(&store, lines.as_slice()).unwrap());
}

#[test]
fn queries_read_400_days_in_a_few_pages() {
    let (store, counter) = store();
    let tracker = tracker(&[Period::Month], true);
    tracker.append().run(&store, 0..400).unwrap();
    let days = || store.series(VIEWS, Period::Day);
    let read = |most: usize| [most, 0, 0];

    costs(&counter, read(1), || assert_eq!(days().all().unwrap().len(), 400));
    costs(&counter, read(10), || assert_eq!(days().object(ann()).all().unwrap().len(), 400));
    costs(&counter, read(1), || assert_eq!(days().rolling(7).all().unwrap().len(), 400));
    costs(&counter, read(2), || days().over().unwrap());
    costs(&counter, read(1), || days().latest().unwrap());
    costs(&counter, read(29), || assert_eq!(store.rebuild(VIEWS).differences().unwrap().count(), 0));
}
