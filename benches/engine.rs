//! What users wait for, by the public interface. Inputs are fixed by a seed, sizes are in the names.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark that fails may panic; criterion's macros make items"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tempfile::TempDir;
use trackstats::{
    Calendar, Domain, Metric, Object, Period, Store, Timestamp, Tracker,
    chrono::{Days, NaiveDate, NaiveTime},
    kinds::{Distinct, Gauge, Meter, OwnBytes, Quantiles, Sum, Summary, Value},
    model::{Id, Point},
    store::{FixedClock, Flush, Prefix},
};

const BENCH: Domain<'static> = Domain::new("bench", "Benchmark");
const EVENTS: Metric<'static> = Metric::new(BENCH, "events", "Events");

const OBJECTS: u64 = 1_000;
const DAYS: u64 = 1_000;

/// The same numbers each time: a linear congruential generator.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn day(number: u64) -> NaiveDate {
    NaiveDate::default() + Days::new(19_000 + number)
}

fn object(number: u64) -> Object {
    Object::new("object", number).unwrap()
}

fn on_disk() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::options().flush(Flush::Explicit).open(folder.path().join("store")).unwrap();
    (folder, store)
}

/// A statistic of each object on each of the first `days` days, and one without object.
fn filled(days: u64) -> (TempDir, Store) {
    let (folder, store) = on_disk();
    let mut random = Random(1);
    store
        .change(|change| {
            for date in (0..days).map(day) {
                let key = EVENTS.on(Period::Day, date);
                change.record(key.clone(), i64::try_from(random.below(1_000)).unwrap())?;
                change.record_all((0..OBJECTS).map(|number| {
                    (key.clone().of(object(number)), Some(i64::try_from(random.below(1_000)).unwrap()))
                }))?;
            }
            Ok(())
        })
        .unwrap();
    store.flush().unwrap();
    (folder, store)
}

fn writing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    group.sample_size(10);
    group.throughput(Throughput::Elements(1));
    let (_folder, store) = on_disk();
    let mut random = Random(2);
    group.bench_function("record one of 1,000 objects x 1,000 days", |bencher| {
        bencher.iter(|| {
            let key = EVENTS.on(Period::Day, day(random.below(DAYS))).of(object(random.below(OBJECTS)));
            store.record(key, 1).unwrap();
        });
    });
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("record_all of 1,000 objects x 100 days", |bencher| {
        bencher.iter_batched(
            on_disk,
            |(folder, store)| {
                let statistics = (0..100).flat_map(|number| {
                    let key = EVENTS.on(Period::Day, day(number));
                    (0..OBJECTS).map(move |number| (key.clone().of(object(number)), Some(1)))
                });
                store.change(|change| change.record_all(statistics)).unwrap();
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    let by_object = Tracker::count(EVENTS, |record: &(i64, u64)| Timestamp::from_unix_seconds(record.0))
        .by("object", |record| Id::from(record.1))
        .unwrap()
        .periods([Period::Week, Period::Month]);
    let start = day(0).and_time(NaiveTime::MIN).and_utc().timestamp();
    let chunk: Vec<(i64, u64)> =
        (0..1_000).map(|number| (start + number * 60, random.below(OBJECTS))).collect();
    let (_folder, store) = on_disk();
    group.throughput(Throughput::Elements(1_000));
    group.bench_function(
        "append 1,000 records of a day by 1,000 objects, with weeks and months",
        |bencher| {
            bencher.iter(|| by_object.append().run(&store, chunk.iter().copied()).unwrap());
        },
    );
    group.finish();
}

#[cfg(feature = "exchange")]
fn transferring(criterion: &mut Criterion) {
    let (_folder, store) = filled(100);
    let mut lines = Vec::new();
    let count = trackstats::exchange::export(&store, &Prefix::everything(), &mut lines).unwrap();
    let mut group = criterion.benchmark_group("exchange");
    group.sample_size(10);
    group.throughput(Throughput::Elements(count));
    group.bench_function("export 100,100 statistics", |bencher| {
        bencher
            .iter(|| trackstats::exchange::export(&store, &Prefix::everything(), std::io::sink()).unwrap());
    });
    group.bench_function("import 100,100 statistics", |bencher| {
        bencher.iter_batched(
            on_disk,
            |(folder, store)| {
                trackstats::exchange::import(&store, lines.as_slice()).unwrap();
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Only with the feature `transfer`.
#[cfg(not(feature = "exchange"))]
fn transferring(_: &mut Criterion) {}

fn reading(criterion: &mut Criterion) {
    const LONGEST: u64 = 3_650;
    let (_folder, store) = filled(DAYS);
    store
        .change(|change| {
            let later = (DAYS..LONGEST).map(|number| (EVENTS.on(Period::Day, day(number)), Some(1)));
            change.record_all(later)
        })
        .unwrap();
    let mut group = criterion.benchmark_group("read");
    let plain = store.series(EVENTS, Period::Day);
    for days in [31, 365, 1_000, LONGEST] {
        group.throughput(Throughput::Elements(days));
        let series = plain.clone().from(day(0)).to(day(days - 1));
        group.bench_function(format!("series of {days} days"), |bencher| {
            bencher.iter(|| assert_eq!(black_box(series.points().unwrap()).len() as u64, days));
        });
    }
    group.throughput(Throughput::Elements(DAYS));
    let one = plain.clone().object(object(500));
    group.bench_function("series of one of 1,000 objects, 1,000 days", |bencher| {
        bencher.iter(|| black_box(one.points().unwrap()));
    });
    let date = plain.clone().by(["object"]).from(day(500)).to(day(500));
    group.throughput(Throughput::Elements(OBJECTS));
    group.bench_function("one date of 1,000 objects", |bencher| {
        bencher.iter(|| black_box(date.all().unwrap()));
    });
    group.throughput(Throughput::Elements(1));
    let one = EVENTS.on(Period::Day, day(500)).of(object(500));
    group.bench_function("get one of 1,000 objects x 1,000 days", |bencher| {
        bencher.iter(|| black_box(store.get(&one).unwrap()));
    });
    group.bench_function(format!("latest of {LONGEST} days"), |bencher| {
        bencher.iter(|| black_box(plain.latest().unwrap()));
    });
    group.sample_size(10);
    group.throughput(Throughput::Elements(OBJECTS * DAYS));
    let everything = plain.clone().by(["object"]);
    group.bench_function("values of 1,000 objects x 1,000 days", |bencher| {
        bencher.iter(|| black_box(everything.values().unwrap()));
    });
    group.throughput(Throughput::Elements(OBJECTS * DAYS + LONGEST));
    group.bench_function("scan of 1,003,650 statistics", |bencher| {
        bencher.iter(|| black_box(store.scan(&Prefix::everything()).count()));
    });
    group.finish();
}

fn opening(criterion: &mut Criterion) {
    let (folder, store) = filled(DAYS);
    drop(store);
    let path = folder.path().join("store");
    let mut group = criterion.benchmark_group("open");
    group.sample_size(10);
    group.bench_function("open 1,001,000 statistics", |bencher| bencher.iter(|| Store::open(&path).unwrap()));
    group.finish();
}

fn tracking(criterion: &mut Criterion) {
    const RECORDS: u64 = 1_000_000;
    const TWO_YEARS: u64 = 2 * 365 * 86_400;
    let mut random = Random(3);
    let start = 1_640_995_200;
    let mut record = || (start + i64::try_from(random.below(TWO_YEARS)).unwrap(), random.below(OBJECTS));
    let shuffled: Vec<(i64, u64)> = (0..RECORDS).map(|_| record()).collect();
    let mut sorted = shuffled.clone();
    sorted.sort_unstable();

    let mut group = criterion.benchmark_group("track 1,000,000 records");
    group.sample_size(10);
    group.throughput(Throughput::Elements(RECORDS));
    for zone in ["UTC", "America/New_York"] {
        for (order, records) in [("sorted", &sorted), ("shuffled", &shuffled)] {
            let calendar = Calendar::new(zone).unwrap();
            let clock = FixedClock(calendar.parse_timestamp("2024-01-02").unwrap());
            let new = || Store::options().calendar(calendar).clock(clock).in_memory().unwrap();
            let by_date =
                Tracker::count(EVENTS, |record: &(i64, u64)| Timestamp::from_unix_seconds(record.0));
            group.bench_function(format!("{order}, {zone}, by date"), |bencher| {
                bencher.iter_batched(
                    new,
                    |store| by_date.recompute().run(&store, records.iter().copied()).unwrap(),
                    BatchSize::PerIteration,
                );
            });
            let by_object =
                Tracker::count(EVENTS, |record: &(i64, u64)| Timestamp::from_unix_seconds(record.0))
                    .by("object", |record| Id::from(record.1))
                    .unwrap();
            group.bench_function(format!("{order}, {zone}, by date and 1,000 objects"), |bencher| {
                bencher.iter_batched(
                    new,
                    |store| by_object.recompute().run(&store, records.iter().copied()).unwrap(),
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

/// What a tracker does for each record: make a value and merge it; and two full values merged, as for a wider period.
fn kind<V: Value>(
    criterion: &mut Criterion,
    name: &str,
    size: usize,
    value: impl Fn(u64) -> V,
    bytes: fn(&V) -> Vec<u8>,
) {
    let full = |seed| {
        let mut random = Random(seed);
        let mut full = value(random.below(1 << 30));
        (1..size).for_each(|_| full.merge(&value(random.below(1 << 30))).unwrap());
        full
    };
    let (a, b) = (full(1), full(2));
    let name = format!("{name}, {size} records, {} bytes", bytes(&a).len());
    let mut group = criterion.benchmark_group("kinds");
    group.throughput(Throughput::Elements(1));
    let (mut random, mut total) = (Random(3), a.clone());
    group.bench_function(format!("{name}: merge a record"), |bencher| {
        bencher.iter(|| total.merge(&value(black_box(random.below(1 << 30)))).unwrap());
    });
    group.bench_function(format!("{name}: merge two"), |bencher| {
        bencher.iter_batched_ref(|| a.clone(), |merged| merged.merge(&b).unwrap(), BatchSize::SmallInput);
    });
    group.finish();
}

#[expect(clippy::cast_precision_loss, reason = "numbers of 30 bits")]
fn kinds(criterion: &mut Criterion) {
    let cents = |number: u64| (number % 1_000_000) as f64 / 100.0;
    // Three of four delays are small, the others have a tail.
    let delay =
        |number: u64| if number.is_multiple_of(4) { (number % 86_400) as f64 } else { (number % 60) as f64 };
    for size in [10, 1_000, 100_000] {
        kind(criterion, "sum", size, |number| Sum::new(cents(number)).unwrap(), Sum::to_bytes);
        kind(criterion, "summary", size, |number| Summary::new(cents(number)).unwrap(), Summary::to_bytes);
        kind(criterion, "distinct", size, |number: u64| Distinct::of(number), Distinct::to_bytes);
        kind(
            criterion,
            "quantiles",
            size,
            |number| Quantiles::new(delay(number)).unwrap(),
            Quantiles::to_bytes,
        );
        let gauge = |number: u64| Gauge::at(number.cast_signed(), cents(number)).unwrap();
        kind(criterion, "gauge", size, gauge, Gauge::to_bytes);
        let meter = |number: u64| Meter::at((number % 86_400).cast_signed(), number as f64).unwrap();
        kind(criterion, "meter", size, meter, Meter::to_bytes);
    }
}

/// Many more objects than the processor's caches hold rows of, few of which have most of the records.
fn tracking_many_objects(criterion: &mut Criterion) {
    const RECORDS: u64 = 5_000_000;
    const ZIPF_OBJECTS: f64 = 10_000.0;
    const TWO_YEARS: u64 = 2 * 365 * 86_400;
    let mut random = Random(3);
    let mut record = || {
        let part = f64::from(u32::try_from(random.below(1 << 31)).unwrap()) / f64::from(1_u32 << 31);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 1 and the number of objects"
        )]
        let object = ZIPF_OBJECTS.powf(part) as u64;
        (1_640_995_200 + i64::try_from(random.below(TWO_YEARS)).unwrap(), object)
    };
    let shuffled: Vec<(i64, u64)> = (0..RECORDS).map(|_| record()).collect();
    let mut sorted = shuffled.clone();
    sorted.sort_unstable();

    let calendar = Calendar::new("America/New_York").unwrap();
    let clock = FixedClock(calendar.parse_timestamp("2024-01-02").unwrap());
    let by_object = Tracker::count(EVENTS, |record: &(i64, u64)| Timestamp::from_unix_seconds(record.0))
        .by("object", |record| Id::from(record.1))
        .unwrap();
    let mut group = criterion.benchmark_group("track 5,000,000 records");
    group.sample_size(10);
    group.throughput(Throughput::Elements(RECORDS));
    for (order, records) in [("sorted", &sorted), ("shuffled", &shuffled)] {
        group.bench_function(
            format!("{order}, America/New_York, by date and 10,000 Zipf objects"),
            |bencher| {
                bencher.iter_batched(
                    || Store::options().calendar(calendar).clock(clock).in_memory().unwrap(),
                    |store| by_object.recompute().run(&store, records.iter().copied()).unwrap(),
                    BatchSize::PerIteration,
                );
            },
        );
    }
    group.finish();
}

fn deriving(criterion: &mut Criterion) {
    const YEAR: u64 = 365;
    let (_folder, store) = filled(DAYS);
    let mut group = criterion.benchmark_group("derive");
    let plain = store.series(EVENTS, Period::Day);
    group.throughput(Throughput::Elements(DAYS));
    let rolling = plain.clone().from(day(0)).to(day(DAYS - 1)).rolling(28);
    group.bench_function("rolling 28 over 1,000 days", |bencher| {
        bencher.iter(|| assert_eq!(black_box(rolling.points().unwrap()).len() as u64, DAYS));
    });
    let months = plain.clone().resample(Period::Month);
    group.bench_function("1,000 days to months", |bencher| {
        bencher.iter(|| assert_eq!(black_box(months.points().unwrap()).len(), 34));
    });
    let growth = months.clone().growth();
    group.bench_function("1,000 days to months, growth", |bencher| {
        bencher.iter(|| assert_eq!(black_box(growth.points().unwrap()).len(), 33));
    });
    let of_each = plain.clone().by(["object"]).from(day(0)).to(day(YEAR - 1));
    group.sample_size(10);
    group.throughput(Throughput::Elements(OBJECTS * YEAR));
    group.bench_function("breakdown of 1,000 objects x 365 days", |bencher| {
        bencher.iter(|| assert_eq!(black_box(of_each.breakdown().unwrap()).len() as u64, OBJECTS));
    });
    let rolling = of_each.clone().rolling(28);
    group.bench_function("rolling 28 of 1,000 objects x 365 days", |bencher| {
        bencher.iter(|| assert_eq!(black_box(rolling.all().unwrap()).len() as u64, OBJECTS * YEAR));
    });
    group.finish();

    let (from, to) =
        (NaiveDate::from_ymd_opt(2023, 1, 1).unwrap(), NaiveDate::from_ymd_opt(2023, 12, 31).unwrap());
    let mut group = criterion.benchmark_group("derive over a year");
    for (read, periods) in [("days", &[][..]), ("months", &[Period::Month]), ("the year", &[Period::Year])] {
        let clock = FixedClock(Calendar::default().parse_timestamp("2024-01-02").unwrap());
        let store = Store::options().clock(clock).in_memory().unwrap();
        let tracker = Tracker::count(EVENTS, |record: &(i64, u64)| Timestamp::from_unix_seconds(record.0))
            .periods(periods.iter().copied())
            .by("object", |record| Id::from(record.1))
            .unwrap();
        let start = day(0).and_time(NaiveTime::MIN).and_utc().timestamp();
        let days = 0..i64::try_from(DAYS).unwrap();
        let records = days.flat_map(|day| (0..OBJECTS).map(move |object| (start + day * 86_400, object)));
        tracker.append().run(&store, records).unwrap();
        let plain = store.series(EVENTS, Period::Day).from(from).to(to);
        let expected = Point::Value(i64::try_from(OBJECTS * YEAR).unwrap());
        group.sample_size(100);
        group.bench_function(format!("without object, from {read}"), |bencher| {
            bencher.iter(|| assert_eq!(black_box(plain.over().unwrap()), expected));
        });
        let each = plain.clone().by(["object"]);
        group.sample_size(10);
        group.bench_function(format!("of each of 1,000 objects, from {read}"), |bencher| {
            bencher.iter(|| assert_eq!(black_box(each.over_each().unwrap()).len() as u64, OBJECTS));
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    writing,
    transferring,
    reading,
    deriving,
    opening,
    tracking,
    tracking_many_objects,
    kinds
);
criterion_main!(benches);
