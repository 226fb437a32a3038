//! Damage that can't be made through the public interface.

use crate::{
    encoding::{DomainRecord, Form, MetricRecord, Record, Row, Space, TrackedRecord, key},
    model::{AnyValue, Date, Domain, Metric, Object, Period},
    store::{Store, prefix},
};
use chrono::NaiveDate;

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
    let encoded = MetricRecord { form: Form::Serde, ..metric };
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
    let serde = serde.encode(Form::Serde).unwrap();
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
        form: Form::Serde,
    };
    let mut row = Row::default();
    row.set(1, Some(AnyValue::Encoded(vec![1])));
    store
        .change(|change| {
            change.register_domain(TILL)?;
            change.put_bytes(Space::Metric.key(&["till", "sales"]), record.encode())?;
            change.put_bytes(row_key(Period::Day, 0), row.encode(Form::Serde).unwrap())
        })
        .unwrap();
    let problem = store.verify().unwrap().problems.remove(0);
    assert_eq!(problem.problem, "has more statistics than it has room for");
    assert_eq!(problem.place, format!("the row from till/sales day {} on", Date::from(NaiveDate::default())));
}
