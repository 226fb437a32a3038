//! Damage that can't be made through the public interface.

use crate::{
    calendar::Timestamp,
    error::{Error, Result},
    format::{
        BlockBuilder, DomainRecord, Form, KeyRange, MetricRecord, Record, Row, SeriesPrefix, Space, key,
    },
    kinds::{AnyValue, Value},
    model::{Domain, Metric, Object, Period},
    rollup::Tracked,
    storage::{Direction, Engine, Log, MemoryEngine, VisitEntries, Write},
    store::Store,
    track::Tracker,
};
use chrono::NaiveDate;
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

const TILL: Domain<'static> = Domain::new("till", "The till");
const SALES: Metric<'static> = Metric::new(TILL, "sales", "Sales");

fn store() -> Store {
    let store = Store::in_memory().unwrap();
    let date = NaiveDate::from_ymd_opt(2013, 1, 1).unwrap();
    store.record(SALES.on(Period::Day, date), 3).unwrap();
    store.record(SALES.on(Period::Day, date).of(Object::new("user", 7).unwrap()), 3).unwrap();
    store
}

/// The problems of a store with this entry.
fn with(key: &[u8], value: &[u8]) -> Vec<String> {
    let store = store();
    store.change(|change| change.put_bytes(key.to_vec(), value.to_vec())).unwrap();
    let problems: Vec<String> = store.verify().unwrap().problems.iter().map(ToString::to_string).collect();
    for problem in &problems {
        assert!(!problem.contains('\n'));
    }
    problems
}

/// The key of the block of sales whose span begins with this slot.
fn block_key(period: Period, first_slot: i32) -> Vec<u8> {
    SeriesPrefix::new(Space::Plain, "till", "sales", period).block(first_slot, &[])
}

fn block_key_of(first_slot: i32, object: &[u8]) -> Vec<u8> {
    SeriesPrefix::new(Space::Object, "till", "sales", Period::Day).block(first_slot, object)
}

fn user(id: u64) -> Vec<u8> {
    key::object_bytes(&Object::new("user", id).unwrap())
}

/// A block whose rows have this value in one slot.
fn block_of<V: Value>(form: Form, objects: &[&[u8]], slot: u32, value: V) -> Vec<u8> {
    let (mut row, mut bytes) = (Row::default(), Vec::new());
    row.set(slot, Some(value));
    row.encode(form, &mut bytes).unwrap();
    let mut builder = BlockBuilder::new(form, 0);
    for object in objects {
        builder.push(object, &bytes);
    }
    builder.take().1
}

fn block(slot: u32) -> Vec<u8> {
    block_of(Form::Integers, &[&[]], slot, 1_i64)
}

#[test]
fn keys_that_are_of_no_kind_or_do_not_decode_are_found() {
    assert_eq!(with(&[], &[]), ["the entry  is of no kind that a store has"]);
    assert_eq!(with(&[0x42, 1], &[]), ["the entry 4201 is of no kind that a store has"]);
    assert_eq!(with(&[0x00, 7], &[]), ["the entry 0007 is of no kind that a store has"]);
    assert_eq!(with(&[0xff], &[]), ["the entry ff is of no kind that a store has"]);
    assert_eq!(with(&[0x10, b'a'], &block(0)), ["the entry 1061 has a key that ends too soon"]);
    assert_eq!(with(&Space::Cursor.key(&["a", "b"]), &[]).len(), 1);
    assert_eq!(with(&Space::Cursor.key(&["log"]), b"anything"), [""; 0]);
}

#[test]
fn records_that_do_not_decode_are_found() {
    assert_eq!(with(&key::store(), &[]), ["the entry 00 has an empty record"]);
    assert_eq!(
        with(&Space::Domain.key(&["a"]), &[9]),
        ["the entry 016100 has a record of an unknown version"]
    );
    let metric = Space::Metric.key(&["till", "b"]);
    assert_eq!(with(&metric, &[1]), ["the entry 0274696c6c006200 has a record that can't be decoded"]);
    let tracked = key::tracked("till", "sales", &["user".to_owned()]);
    let hours = Tracked { through: Some(0), periods: vec![Period::Hour], ..Tracked::default() };
    assert_eq!(with(&tracked, &hours.encode()), [""; 0]);
    let far = Tracked { through: Some(i32::MAX), ..Tracked::default() }.encode();
    for (record, problem) in [
        (far, "a record of tracking with a day outside the years 1 to 9999"),
        (
            Tracked { left_out: Some(i32::MIN), ..Tracked::default() }.encode(),
            "a record of tracking with a day",
        ),
        // One period: a byte that no period has, and a window of no days.
        (vec![1, 0, 0, 1, 0x90, 0, 0], "an unknown period"),
        (vec![1, 0, 0, 1, 0x70, 0, 0], "a period that is a window of no days"),
        (vec![1, 0, 0, 0, 1, 0x70, 0], "a period that is a window of no days"),
        (vec![1, 0, 0, 1, 0x20, 0], "a record that can't be decoded"),
    ] {
        let problems = with(&tracked, &record);
        assert!(problems[0].contains(&format!(" has {problem}")), "{problems:?}");
        assert_eq!(problems.len(), 1);
    }
}

#[test]
fn what_is_not_registered_is_found_once() {
    let metric = MetricRecord {
        name: "A".to_owned(),
        description: String::new(),
        kind: "integer".to_owned(),
        form: Form::Integers,
    };
    let of_nothing = with(&Space::Metric.key(&["shop", "orders"]), &metric.encode());
    assert_eq!(of_nothing, ["shop/orders is of a domain that isn't registered"]);
    let encoded = MetricRecord { form: Form::Encoded, ..metric };
    let problems = with(&Space::Metric.key(&["till", "orders"]), &encoded.encode());
    assert_eq!(problems, ["till/orders is registered in another form than its kind of values has"]);

    let store = store();
    store
        .change(|change| {
            change
                .put_bytes(Space::Domain.key(&["shop"]), DomainRecord { name: "Shop".to_owned() }.encode())?;
            change.put_bytes(key::tracked("shop", "orders", &[]), Tracked::default().encode())?;
            let orders = SeriesPrefix::new(Space::Plain, "shop", "orders", Period::Day);
            for first_slot in [0, 64, 128] {
                change.put_bytes(orders.block(first_slot, &[]), block(0))?;
            }
            Ok(())
        })
        .unwrap();
    let found = store.verify().unwrap();
    assert_eq!(found.found, 1);
    assert_eq!(found.problems[0].to_string(), "shop/orders has entries, but isn't registered");
}

#[test]
fn blocks_that_are_misdated_or_do_not_decode_are_found() {
    let from = |what: &str| format!("the block from till/sales day {what}");
    assert_eq!(
        with(&block_key(Period::Day, 15_681), &block(0)),
        [from("2012-12-07 on isn't dated by the first date of a span")]
    );
    let good = block_key(Period::Day, 15_680);
    assert_eq!(with(&good, &block(3)), [""; 0]);
    let whole = block(3);
    let cut = &whole[..whole.len() - 1];
    assert_eq!(with(&good, cut), [from("2012-12-06 on has bytes that end too soon")]);
    assert_eq!(with(&good, &[1]), [from("2012-12-06 on has a block without rows")]);
    // Form, a row of two bytes that lacks its lowest value.
    assert_eq!(with(&good, &[1, 2, 0, 3]), [from("2012-12-06 on has bytes that end too soon")]);
    // The same with a distance of no width.
    assert_eq!(
        with(&good, &[1, 4, 0, 3, 2, 2]),
        [from("2012-12-06 on has a row whose values don't fit its head")]
    );
    let encoded = block_of(Form::Encoded, &[&[]], 0, AnyValue::Encoded(vec![1]));
    assert_eq!(
        with(&good, &encoded),
        [from("2012-12-06 on has a block that isn't in the form that its metric is registered with")]
    );
    // 9999-12-31 is the 33rd day of its span.
    let last = block_key(Period::Day, 2_932_864);
    assert_eq!(with(&last, &block(32)), [""; 0]);
    let outside = "has statistics outside the years 1 to 9999";
    assert_eq!(with(&last, &block(33)), [from(&format!("9999-11-29 on {outside}"))]);
    let after = block_key(Period::Day, 2_932_928);
    assert_eq!(with(&after, &block(0)), [from(&format!("+10000-02-01 on {outside}"))]);
    let far = block_key(Period::Day, i32::MAX - 63);
    assert_eq!(with(&far, &block(0)), [format!("the block from till/sales day on {outside}")]);
    assert_eq!(with(&block_key(Period::Day, i32::MAX), &block(0)).len(), 1);
    assert_eq!(with(&block_key(Period::Day, i32::MIN), &block(0)).len(), 1);
}

#[test]
fn blocks_whose_objects_are_not_as_they_should_be_are_found() {
    let from = |what: &str| format!("the block from till/sales day 2012-12-06 user=3 {what}");
    let of = |objects: &[&[u8]]| block_of(Form::Integers, objects, 0, 1_i64);
    let key = block_key_of(15_680, &user(3));
    assert_eq!(with(&key, &of(&[&user(3), &user(4), &user(6)])), [""; 0]);
    let in_disorder = from("on has objects that aren't in order");
    assert_eq!(with(&key, &of(&[&user(3), &user(9), &user(4)])), [in_disorder.as_str()]);
    assert_eq!(with(&key, &of(&[&user(3), &user(3)])), [in_disorder.as_str()]);
    let garbled = [&user(3)[..5], &[7, 0]].concat();
    assert_eq!(with(&key, &of(&[&user(3), &garbled])), [from("on has a key with an unknown kind of id")]);
    // The row of no object, and another after it.
    let plain = with(&block_key(Period::Day, 15_680), &of(&[&[], &user(3)]));
    assert_eq!(plain, ["the block from till/sales day 2012-12-06 on has an object where there is none"]);
}

#[test]
fn keys_with_an_object_where_there_is_none_or_without_theirs_are_refused() {
    let plain = SeriesPrefix::new(Space::Plain, "till", "sales", Period::Day);
    for (key, verified, read) in [
        (
            plain.block(15_744, &user(3)),
            "a key that goes on after its end",
            "a key with an object where there is none",
        ),
        (block_key_of(15_744, &[]), "a key that ends too soon", "a key without an object"),
    ] {
        let problems = with(&key, &block(0));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].ends_with(&format!(" has {verified}")), "{problems:?}");

        let store = store();
        store.change(|change| change.put_bytes(key, block(0))).unwrap();
        let series = store.series(SALES, Period::Day);
        let series = if read.ends_with("none") { series } else { series.by(["user"]) };
        let refused = series.all().unwrap_err();
        assert!(matches!(&refused, Error::Corrupt { problem, .. } if problem.contains(read)), "{refused}");
    }
}

#[test]
fn damaged_blocks_do_not_keep_the_rest_from_being_compared() {
    let store = store();
    let tracked = Tracked { through: Some(15_706), periods: vec![Period::Month], ..Tracked::default() };
    store
        .change(|change| {
            for kinds in [&[][..], &["user".to_owned()]] {
                change.put_bytes(key::tracked("till", "sales", kinds), tracked.encode())?;
            }
            change.put_bytes(block_key(Period::Month, 512), vec![1, 2, 3])
        })
        .unwrap();
    let found = store.verify().unwrap();
    let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "the block from till/sales month 2012-09-01 on has bytes that end too soon",
            "till/sales month 2013-01-01 user=7 is absent, but its days make it 3",
        ]
    );
    assert_eq!((found.found, found.differences), (2, 1));
    assert!(store.rebuild(SALES).run().is_err());
}

#[test]
fn objects_that_only_the_days_or_only_the_months_have_are_compared() {
    let store = store();
    let user = |id: u64| Object::new("user", id).unwrap();
    let date = NaiveDate::from_ymd_opt(2013, 1, 1).unwrap();
    let tracked = Tracked { through: Some(15_706), periods: vec![Period::Month], ..Tracked::default() };
    store
        .change(|change| {
            for id in 0..20 {
                change.record(SALES.on(Period::Day, date).of(user(id)), 1)?;
                change.record(SALES.on(Period::Month, date).of(user(id + 10)), 2)?;
            }
            change.put_bytes(key::tracked("till", "sales", &["user".to_owned()]), tracked.encode())
        })
        .unwrap();
    let differences: Vec<_> = store.rebuild(SALES).differences().unwrap().collect::<Result<_, _>>().unwrap();
    let objects: Vec<Object> =
        differences.iter().filter_map(|difference| difference.series.object().cloned()).collect();
    assert_eq!(objects, (0..30).map(user).collect::<Vec<_>>());
    let report = store.rebuild(SALES).run().unwrap();
    assert_eq!((report.written, report.removed), (20, 10));
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn the_periods_of_more_objects_than_are_held_at_once_are_worked_out_and_compared() {
    let store = Store::in_memory().unwrap();
    let user = |id: u64| Object::new("user", id).unwrap();
    let date = |day: u32| NaiveDate::from_ymd_opt(2013, 1, day).unwrap();
    let day = |day: u32| Timestamp::from_unix_seconds(1_356_998_400 + i64::from(day - 1) * 86_400);
    let append = |records: &[(u32, u64)]| {
        Tracker::count(SALES, |record: &(u32, u64)| day(record.0))
            .by("user", |record| record.1.into())
            .unwrap()
            .periods([Period::Week, Period::Month, Period::Year])
            .append()
            .run(&store, records.iter().copied())
            .unwrap();
    };
    let some: Vec<(u32, u64)> = (0..1_000).map(|number| (1 + number % 20, u64::from(number % 300))).collect();
    append(&some);
    append(&some[..700]);
    assert!(store.verify().unwrap().is_sound());
    let of = |id: u64| store.get(&SALES.on(Period::Year, date(1)).of(user(id))).unwrap().unwrap().value;
    assert_eq!([0, 99, 100, 299].map(of), [4 + 3, 4 + 3, 3 + 2, 3 + 2].map(Some));
    assert_eq!(store.get(&SALES.on(Period::Year, date(1))).unwrap().unwrap().value, Some(1_700));

    // Of these there are no days.
    store
        .change(|change| {
            (300..600).try_for_each(|id| change.record(SALES.on(Period::Year, date(1)).of(user(id)), 9))
        })
        .unwrap();
    let differences: Vec<_> = store.rebuild(SALES).differences().unwrap().collect::<Result<_, _>>().unwrap();
    let objects: Vec<Object> =
        differences.iter().filter_map(|difference| difference.series.object().cloned()).collect();
    assert_eq!(objects, (300..600).map(user).collect::<Vec<_>>());
}

#[test]
fn a_block_that_begins_before_the_last_object_of_the_one_before_is_found() {
    // Objects of it that come after the next block's first one are found by no reading of them alone.
    let first = block_of(Form::Integers, &[&user(1), &user(5)], 0, 3);
    let second = block_of(Form::Integers, &[&user(4)], 0, 3);
    let store = store();
    store
        .change(|change| {
            change.put_bytes(block_key_of(0, &user(1)), first)?;
            change.put_bytes(block_key_of(0, &user(4)), second)
        })
        .unwrap();
    let problems = store.verify().unwrap().problems;
    let problems: Vec<&str> = problems.iter().map(|problem| problem.problem.as_str()).collect();
    assert_eq!(problems, ["doesn't come after the one before"]);
}

/// Rows of encoded values have 16 slots, and of large ones one.
#[test]
fn a_row_with_more_statistics_than_it_has_room_for_is_found() {
    for (form, slots) in [(Form::Encoded, 16), (Form::Large, 1)] {
        let problems = |slot| {
            let store = Store::in_memory().unwrap();
            let (name, kind) = (String::new(), "own".to_owned());
            let record = MetricRecord { description: name.clone(), name, kind, form };
            store
                .change(|change| {
                    change.register_domain(TILL)?;
                    change.put_bytes(Space::Metric.key(&["till", "sales"]), record.encode())?;
                    let block = block_of(form, &[&[]], slot, AnyValue::Encoded(vec![1]));
                    change.put_bytes(block_key(Period::Day, 0), block)
                })
                .unwrap();
            store.verify().unwrap().problems
        };
        assert_eq!(problems(slots - 1), []);
        let problem = problems(slots).remove(0);
        assert_eq!(problem.problem, "has more statistics than a row has room for");
        assert_eq!(problem.place, "the block from till/sales day 1970-01-01 on");
    }
}

/// What an engine does when it is asked to.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    Scan(fn() -> Error),
    Check(fn() -> Error),
}

/// A map in memory whose reads fail for as long as they are told to.
#[derive(Debug)]
struct Failing(MemoryEngine, Arc<Mutex<Trouble>>);

impl Engine for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.0.get(key)
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        match *self.1.lock().unwrap() {
            Trouble::Scan(error) if range.start.first() == Some(&(Space::Plain as u8)) => Err(error()),
            _ => self.0.visit(range, direction, limit, visit),
        }
    }

    fn apply(&self, batch: Vec<Write>, log: Option<Log<'_>>) -> Result<()> {
        self.0.apply(batch, log)
    }

    fn flush(&self) -> Result<()> {
        self.0.flush()
    }

    fn check(&self) -> Result<()> {
        match *self.1.lock().unwrap() {
            Trouble::Check(error) => Err(error()),
            _ => Ok(()),
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// On a stopped store, or with too many open files, a sound store was called damaged.
#[test]
fn only_what_is_damaged_is_a_problem_and_all_else_an_error() {
    fn corrupt() -> Error {
        Error::Corrupt { path: "store".into(), problem: "an entry is not what was written".to_owned() }
    }
    fn failed() -> Error {
        let source = io::ErrorKind::Other.into();
        Error::Io { action: "reading", path: "store".into(), source }
    }
    fn stopped() -> Error {
        Error::Stopped { path: "store".into(), source: io::ErrorKind::StorageFull.into() }
    }
    let trouble = Arc::new(Mutex::new(Trouble::None));
    let engine = Failing(MemoryEngine::default(), Arc::clone(&trouble));
    let store = Store::options().open_engine(Arc::new(engine)).unwrap();
    let date = NaiveDate::from_ymd_opt(2013, 1, 1).unwrap();
    store.record(SALES.on(Period::Day, date), 3).unwrap();
    assert!(store.verify().unwrap().is_sound());

    *trouble.lock().unwrap() = Trouble::Scan(corrupt);
    let found = store.verify().unwrap().problems.remove(0).to_string();
    assert!(found.starts_with("the entries from 10 can't be read: "), "{found}");
    assert_eq!(store.verify_metric(SALES).unwrap().found, 1);
    *trouble.lock().unwrap() = Trouble::Check(corrupt);
    let found = store.verify().unwrap().problems.remove(0).to_string();
    assert!(found.starts_with("the store's folder isn't as it was written: "), "{found}");

    for error in [failed as fn() -> Error, stopped] {
        *trouble.lock().unwrap() = Trouble::Check(error);
        assert_eq!(store.verify().unwrap_err().to_string(), error().to_string());
        *trouble.lock().unwrap() = Trouble::Scan(error);
        assert_eq!(store.verify().unwrap_err().to_string(), error().to_string());
        assert_eq!(store.verify_metric(SALES).unwrap_err().to_string(), error().to_string());
    }
}
