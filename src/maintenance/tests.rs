//! Damage that can't be made through the public interface.

use crate::{
    error::{Error, Result},
    format::{DomainRecord, Form, KeyRange, MetricRecord, Record, Row, Space, TrackedRecord, key},
    kinds::AnyValue,
    model::{Date, Domain, Metric, Object, Period},
    storage::{Compaction, Direction, Engine, Entry, MemoryEngine, Write},
    store::{Store, prefix},
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

/// The key of the row of sales that is dated by this day.
fn row_key(period: Period, day: i32) -> Vec<u8> {
    prefix("till", "sales", period, false).row(day, &[])
}

fn row(slot: u32) -> Vec<u8> {
    let mut row = Row::default();
    row.set(slot, Some(1_i64));
    row.encode(Form::Integers).unwrap()
}

#[test]
fn keys_that_are_of_no_kind_or_do_not_decode_are_found() {
    assert_eq!(with(&[], &[]), ["the entry  is of no kind that a store has"]);
    assert_eq!(with(&[0x42, 1], &[]), ["the entry 4201 is of no kind that a store has"]);
    assert_eq!(with(&[0x00, 7], &[]), ["the entry 0007 is of no kind that a store has"]);
    assert_eq!(with(&[0xff], &[]), ["the entry ff is of no kind that a store has"]);
    assert_eq!(with(&[0x10, b'a'], &row(0)), ["the entry 1061 has a key that ends too soon"]);
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
    let record = |periods: &[&str], through| {
        let periods = periods.iter().map(|period| (*period).to_owned()).collect();
        TrackedRecord { through, periods, ..TrackedRecord::default() }.encode()
    };
    let tracked = key::tracked("till", "sales", &["user".to_owned()]);
    assert_eq!(with(&tracked, &record(&["hour"], 0)), [""; 0]);
    for record in [record(&["decade"], 0), record(&["last-0-days"], 0), record(&["week"], i32::MAX)] {
        let problems = with(&tracked, &record);
        assert!(problems[0].contains("has a record of tracking with a"), "{problems:?}");
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
            change.put_bytes(key::tracked("shop", "orders", &[]), TrackedRecord::default().encode())?;
            for day in [0, 32, 64] {
                change.put_bytes(prefix("shop", "orders", Period::Day, false).row(day, &[]), row(0))?;
            }
            Ok(())
        })
        .unwrap();
    let found = store.verify().unwrap();
    assert_eq!(found.found, 1);
    assert_eq!(found.problems[0].to_string(), "shop/orders has entries, but isn't registered");
}

#[test]
fn rows_that_are_misdated_or_do_not_decode_are_found() {
    let from = |what: &str| format!("the row from till/sales day {what}");
    assert_eq!(
        with(&row_key(Period::Day, 15_681), &row(0)),
        [from("2012-12-07 on isn't dated by the first date of a row")]
    );
    let good = row_key(Period::Day, 15_680);
    let cut = &row(3)[..6];
    assert_eq!(with(&good, cut), [from("2012-12-06 on has a row that ends too soon")]);
    let mut serde = Row::default();
    serde.set(0, Some(AnyValue::Encoded(vec![1])));
    let serde = serde.encode(Form::Encoded).unwrap();
    assert_eq!(
        with(&good, &serde),
        [from("2012-12-06 on isn't in the form that its metric is registered with")]
    );
    let far = row_key(Period::Day, 2_932_928);
    let problem = from("+10000-02-01 on has statistics outside the years 1 to 9999");
    assert_eq!(with(&far, &row(31)), [problem]);
    let outside = row_key(Period::Day, i32::MAX);
    assert_eq!(with(&outside, &row(0)).len(), 1);
}

#[test]
fn damaged_rows_do_not_keep_the_rest_from_being_compared() {
    let store = store();
    let record =
        TrackedRecord { through: 15_706, periods: vec!["month".to_owned()], ..TrackedRecord::default() };
    store
        .change(|change| {
            for kinds in [&[][..], &["user".to_owned()]] {
                change.put_bytes(key::tracked("till", "sales", kinds), record.encode())?;
            }
            change.put_bytes(row_key(Period::Month, 15_584), vec![1, 2, 3])?;
            let garbled = [&prefix("till", "sales", Period::Month, true).row(15_584, &[])[..], b"user\0\x07"];
            change.put_bytes(garbled.concat(), row(0))
        })
        .unwrap();
    let found = store.verify().unwrap();
    let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert!(texts[0].starts_with("the row from till/sales month 2012-09-01 on has a row that"), "{texts:?}");
    assert!(texts[1].ends_with("has a key with an unknown kind of id"), "{texts:?}");
    assert_eq!(texts[2], "till/sales month 2013-01-01 user=7 is absent, but its days make it 3");
    assert_eq!((found.found, found.differences), (3, 1));
    assert!(store.rebuild(SALES).run().is_err());
}

#[test]
fn more_objects_than_are_looked_for_at_once_are_all_compared() {
    let store = store();
    let user = |id: u64| Object::new("user", id).unwrap();
    let date = NaiveDate::from_ymd_opt(2013, 1, 1).unwrap();
    let record =
        TrackedRecord { through: 15_706, periods: vec!["month".to_owned()], ..TrackedRecord::default() };
    store
        .change(|change| {
            for id in 0..20 {
                change.record(SALES.on(Period::Day, date).of(user(id)), 1)?;
                change.record(SALES.on(Period::Month, date).of(user(id + 10)), 2)?;
            }
            change.put_bytes(key::tracked("till", "sales", &["user".to_owned()]), record.encode())
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
fn a_row_of_one_statistic_that_has_more_is_found() {
    let store = Store::in_memory().unwrap();
    let record = MetricRecord {
        name: String::new(),
        description: String::new(),
        kind: "own".to_owned(),
        form: Form::Encoded,
    };
    let mut row = Row::default();
    row.set(1, Some(AnyValue::Encoded(vec![1])));
    store
        .change(|change| {
            change.register_domain(TILL)?;
            change.put_bytes(Space::Metric.key(&["till", "sales"]), record.encode())?;
            change.put_bytes(row_key(Period::Day, 0), row.encode(Form::Encoded).unwrap())
        })
        .unwrap();
    let problem = store.verify().unwrap().problems.remove(0);
    assert_eq!(problem.problem, "has more statistics than it has room for");
    assert_eq!(problem.place, format!("the row from till/sales day {} on", Date::from(NaiveDate::default())));
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

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>> {
        match *self.1.lock().unwrap() {
            Trouble::Scan(error) if range.start.first() == Some(&(Space::Plain as u8)) => Err(error()),
            _ => self.0.scan(range, direction, limit),
        }
    }

    fn apply(&self, batch: Vec<Write>) -> Result<()> {
        self.0.apply(batch)
    }

    fn flush(&self) -> Result<()> {
        self.0.flush()
    }

    fn publish(&self) -> Result<()> {
        self.0.publish()
    }

    fn check(&self) -> Result<()> {
        match *self.1.lock().unwrap() {
            Trouble::Check(error) => Err(error()),
            _ => Ok(()),
        }
    }

    fn compact(&self, rewritten: &dyn Fn(Entry) -> Option<Entry>) -> Result<Compaction> {
        self.0.compact(rewritten)
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
    let store = Store::options().open_engine(Box::new(engine)).unwrap();
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
