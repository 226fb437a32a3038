//! The cases in data/calendar.jsonl: what other projects' test suites and bug reports expect of dates, series,
//! windows and trackers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use trackstats::{
    Calendar, Domain, Metric, Period, Store, Tracker,
    calendar::Bucket,
    chrono,
    kinds::{Distinct, Gauge, Item, Min, Quantiles, Summary, Value},
    model::Date,
    query::Fill,
    store::FixedClock,
    track::{Ids, Since},
};

const CASES: Domain<'static> = Domain::new("cases", "Cases");
const EVENTS: Metric<'static> = Metric::new(CASES, "events", "Events");
const SMALLEST: Metric<'static, Min> = Metric::new(CASES, "smallest", "The smallest value");
const SUMMARY: Metric<'static, Summary> = Metric::new(CASES, "summary", "The mean value");
const OBJECTS: Metric<'static, Distinct> = Metric::new(CASES, "objects", "How many objects");
const LEVEL: Metric<'static, Gauge> = Metric::new(CASES, "level", "The level");

fn text<'a>(case: &'a Json, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_else(|| panic!("{} has no {field}", case["id"]))
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The calendar of a case; the settings that it leaves out are the defaults.
fn calendar(case: &Json) -> Calendar {
    let week_start: Weekday = case["week_start"].as_str().unwrap_or("mon").parse().unwrap();
    let day_start = case["day_start"].as_str().unwrap_or("00:00");
    let day_start = NaiveTime::parse_from_str(day_start, "%H:%M").unwrap();
    let month_start = case["month_start_day"].as_u64().unwrap_or(1);
    let calendar = Calendar::new(case["tz"].as_str().unwrap_or("UTC")).unwrap();
    let calendar = calendar.weeks_from(week_start).days_from(day_start).unwrap();
    calendar.months_from(u32::try_from(month_start).unwrap()).unwrap()
}

fn store_at(case: &Json, now: DateTime<Utc>) -> Store {
    Store::options().calendar(calendar(case)).clock(FixedClock(now.into())).in_memory().unwrap()
}

fn assert_bucket(case: &Json, bucket: Bucket, label: &str) {
    let expected = &case["expect"];
    assert_eq!(bucket.date, date(label), "{case}");
    assert_eq!(bucket.start, instant(text(expected, "start")), "{case}");
    assert_eq!(bucket.end, instant(text(expected, "end")), "{case}");
}

/// A case with a `policy` expects what the monotonic rule gives; the alternative beside it is not ours.
fn bucket(case: &Json) {
    assert!(matches!(case["policy"].as_str(), None | Some("monotonic")), "{case}");
    let period: Period = text(case, "period").parse().unwrap();
    let (calendar, at) = (calendar(case), instant(text(case, "at")));
    let bucket = calendar.bucket(period, at).unwrap();
    assert_bucket(case, bucket, text(&case["expect"], "label"));
    assert!((bucket.start..bucket.end).contains(&at), "{case}");
    assert_eq!(calendar.bucket_on(period, bucket.date).unwrap(), bucket, "{case}");
}

/// Statistics of weeks are dated by the week's first day; the ISO week's number is chrono's, of that date.
fn iso_week(case: &Json) {
    let week = Calendar::default().bucket_on(Period::Week, date(text(case, "date"))).unwrap();
    let iso = week.date.day().iso_week();
    assert_eq!(format!("{}-W{:02}", iso.year(), iso.week()), text(case, "expect"), "{case}");
}

fn day_length(case: &Json) {
    let bucket = calendar(case).bucket_on(Period::Day, date(text(case, "date"))).unwrap();
    assert_bucket(case, bucket, text(case, "date"));
    let hours = case["expect"]["hours"].as_i64().unwrap();
    assert_eq!((bucket.end - bucket.start).num_seconds(), hours * 3_600, "{case}");
}

/// An instant, a value, and perhaps an object.
type Event = (DateTime<Utc>, i64, Option<String>);

fn events(case: &Json) -> Vec<Event> {
    let event = |record: &Json| {
        let object = record[2].as_str().map(str::to_owned);
        (instant(record[0].as_str().unwrap()), record[1].as_i64().unwrap(), object)
    };
    case["records"].as_array().unwrap().iter().map(event).collect()
}

/// What a metric of some kind has stored of the case's records.
fn read<V: Value>(
    case: &Json,
    tracker: Tracker<'_, Event, V>,
    metric: Metric<'_, V>,
    to_json: fn(V) -> Json,
) -> Vec<Json> {
    let events = events(case);
    let now = events.iter().map(|event| event.0).max().unwrap_or_default();
    let store = store_at(case, now);
    let period: Period = text(case, "period").parse().unwrap();
    let by_object = events.iter().any(|event| event.2.is_some());
    let ids = |event: &Event, ids: &mut Ids<'_>| {
        if let Some(object) = &event.2 {
            ids.push(object);
        }
    };
    let tracker = tracker.periods([period]).by_parts(["object"], ids).unwrap();
    tracker.recompute().run(&store, events).unwrap();

    let fill = match text(case, "fill") {
        "zero" | "default" => Fill::Zero,
        "carry" => Fill::Previous,
        "none" => Fill::Absent,
        other => panic!("an unknown fill {other}"),
    };
    let mut series = store.series(metric, period).fill(fill);
    let range = &case["range"];
    let calendar = store.calendar();
    if let Some(from) = range["from"].as_str() {
        series = series.from(calendar.day_of(instant(from)).unwrap());
    }
    if let Some(to) = range["to"].as_str() {
        series = series.to(calendar.day_of(instant(to)).unwrap());
    }
    if let Some(from) = range["from_date"].as_str() {
        series = series.from(date(from));
    }
    if let Some(to) = range["to_date"].as_str() {
        let inclusive = range["to_inclusive"].as_bool().unwrap();
        series = series.to(if inclusive { date(to) } else { date(to).pred_opt().unwrap() });
    }
    if by_object {
        series = series.by(["object"]);
    }
    let label = |date: Date| match case["month_start_day"].as_u64() {
        // These cases name a billing month by the month in which it opens; we date it by the day.
        Some(_) => date.day().with_day(1).unwrap().to_string(),
        None if period == Period::Hour => calendar.bucket_on(period, date).unwrap().start.to_rfc3339(),
        None => date.to_string(),
    };
    let mut found = series.all().unwrap();
    // The cases list one object after the other.
    found.sort_by_key(|statistic| statistic.object().cloned());
    found
        .into_iter()
        .map(|statistic| {
            let object = statistic.object().map(|object| object.parts()[0].id().to_string());
            let value = statistic.value.clone().map_or(Json::Null, to_json);
            match object {
                Some(object) => serde_json::json!([label(statistic.date), value, object]),
                None => serde_json::json!([label(statistic.date), value]),
            }
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "the values of the cases are small")]
fn float(value: i64) -> f64 {
    value as f64
}

/// As the cases write numbers: without a fraction that is 0.
fn shortest(value: f64) -> Json {
    value.to_string().parse().unwrap()
}

fn series(case: &Json) {
    let found = match text(case, "agg") {
        "count" => read(case, Tracker::count(EVENTS, |event: &Event| event.0), EVENTS, Json::from),
        "sum" => read(
            case,
            Tracker::sum(EVENTS, |event: &Event| event.0, |event| Some(event.1)),
            EVENTS,
            Json::from,
        ),
        "min" => {
            let tracker = Tracker::min(SMALLEST, |event: &Event| event.0, |event| Some(event.1));
            read(case, tracker, SMALLEST, |value| value.0.into())
        }
        "avg" => {
            let tracker = Tracker::summary(SUMMARY, |event: &Event| event.0, |event| Some(float(event.1)));
            read(case, tracker, SUMMARY, |value| value.mean().map_or(Json::Null, shortest))
        }
        other => panic!("an unknown aggregation {other}"),
    };
    if let Some(buckets) = case["expect"]["buckets"].as_u64() {
        let start = |found: &Json| instant(found[0].as_str().unwrap());
        assert_eq!(found.len() as u64, buckets, "{case}");
        assert_eq!(start(&found[0]), instant(text(&case["expect"], "utc_starts_first")), "{case}");
        assert_eq!(start(found.last().unwrap()), instant(text(&case["expect"], "utc_starts_last")), "{case}");
    } else {
        assert_eq!(Json::from(found), case["expect"], "{case}");
    }
}

/// The different objects of a case's records, at the dates that it names, in a period that ends on them.
fn distinct(case: &Json, period: Period) {
    let expected = case["expect"].as_array().unwrap();
    let last = date(expected.last().unwrap()[0].as_str().unwrap());
    let store = store_at(case, calendar(case).bucket_on(Period::Day, last).unwrap().start);
    let tracker =
        Tracker::distinct(OBJECTS, |event: &Event| event.0, |event| event.2.as_deref().map(Item::from));
    tracker.periods([period]).recompute().run(&store, events(case)).unwrap();
    for point in expected {
        let key = OBJECTS.on(period, date(point[0].as_str().unwrap()));
        let found = store.get(&key).unwrap().unwrap().value.unwrap();
        assert_eq!(Some(found.count()), point[1].as_u64(), "{key} of {case}");
    }
}

fn rolling(case: &Json) {
    let days = u16::try_from(case["window_days"].as_u64().unwrap()).unwrap();
    if text(case, "agg") == "distinct" {
        return distinct(case, Period::LastDays(days));
    }
    assert_eq!(text(case, "agg"), "sum", "{case}");
    let expected = case["expect"].as_array().unwrap();
    let last = date(expected.last().unwrap()[0].as_str().unwrap());
    let now = calendar(case).bucket_on(Period::Day, last).unwrap().start;
    let store = store_at(case, now);
    let tracker = Tracker::sum(EVENTS, |event: &Event| event.0, |event| Some(event.1));
    tracker.periods([Period::LastDays(days)]).recompute().run(&store, events(case)).unwrap();
    for point in expected {
        let on = date(point[0].as_str().unwrap());
        let window = store.series(EVENTS, Period::LastDays(days)).from(on).to(on).fill(Fill::Zero);
        assert_eq!(window.values().unwrap(), [point[1].as_i64()], "{on} of {case}");
        let derived = store.series(EVENTS, Period::Day).from(on).to(on).rolling(days).fill(Fill::Zero);
        assert_eq!(derived.points().unwrap(), window.points().unwrap(), "{on} of {case}");
    }
}

fn percentile(case: &Json) {
    let bound = |field| case["values"][field].as_i64().unwrap();
    let step = usize::try_from(bound("step")).unwrap();
    let (mut quantiles, mut summary) = (Quantiles::default(), Summary::default());
    for value in (bound("from")..=bound("to")).rev().step_by(step).map(float) {
        quantiles.merge(&Quantiles::new(value).unwrap()).unwrap();
        summary.merge(&Summary::new(value).unwrap()).unwrap();
    }
    let expected = &case["expect"];
    let found = quantiles.quantile(case["p"].as_f64().unwrap() / 100.0);
    assert_eq!(found, expected["p"].as_f64(), "{case}");
    assert_eq!((quantiles.min(), quantiles.max()), (expected["min"].as_f64(), expected["max"].as_f64()));
    assert_eq!(
        (Some(quantiles.count()), Some(summary.sum())),
        (expected["count"].as_u64(), expected["sum"].as_f64())
    );
}

/// The level is carried to days without a statistic; what it was raised and lowered by is not.
fn gauge(case: &Json) {
    let store = Store::in_memory().unwrap();
    let tracker =
        Tracker::new(LEVEL, |change: &(DateTime<Utc>, Gauge)| change.0, |change| Some(change.1.clone()));
    for op in case["ops"].as_array().unwrap() {
        let (value, at) = (op[1].as_f64().unwrap(), instant(op[2].as_str().unwrap()));
        let change = match op[0].as_str().unwrap() {
            "set" => Gauge::at(at.timestamp(), value).unwrap(),
            "inc" => {
                let last = store.series(LEVEL, Period::Day).latest().unwrap().unwrap().value.unwrap();
                last.changed(at.timestamp(), value).unwrap()
            }
            other => panic!("an unknown operation {other}"),
        };
        tracker.append().run(&store, [(at, change)]).unwrap();
    }
    let [from, to] = [0, 1].map(|end| date(case["range"][end].as_str().unwrap()));
    let carried = store.series(LEVEL, Period::Day).from(from).to(to).fill(Fill::Previous).points().unwrap();
    let expected = case["expect"].as_array().unwrap();
    assert_eq!(carried.len(), expected.len(), "{case}");
    for ((on, level), point) in carried.into_iter().zip(expected) {
        let own = store.get(&LEVEL.on(Period::Day, on)).unwrap().and_then(|statistic| statistic.value);
        let (raised, lowered) = own.map_or((0.0, 0.0), |own| (own.raised(), own.lowered()));
        assert_eq!(point[0].as_str(), Some(on.to_string().as_str()), "{case}");
        assert_eq!(point[1]["value"].as_f64(), Some(level.unwrap().last()), "{on} of {case}");
        assert_eq!(point[1]["increments"].as_f64(), Some(raised), "{on} of {case}");
        assert_eq!(point[1]["decrements"].as_f64(), Some(lowered), "{on} of {case}");
    }
}

fn track(case: &Json) {
    let tracker = Tracker::count(EVENTS, |at: &DateTime<Utc>| *at);
    let mut store: Option<Store> = None;
    let mut now = None;
    // A source of records by their ids: one that is delivered again is the same record.
    let mut source: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for step in case["steps"].as_array().unwrap() {
        for at in step["add"].as_array().into_iter().flatten() {
            source.insert(format!("{}", source.len()), instant(at.as_str().unwrap()));
        }
        for record in step["add_with_id"].as_array().into_iter().flatten() {
            source.insert(record[0].as_str().unwrap().to_owned(), instant(record[1].as_str().unwrap()));
        }
        for at in step["remove"].as_array().into_iter().flatten() {
            source.retain(|_, found| *found != instant(at.as_str().unwrap()));
        }
        if let Some(run) = step["run"].as_object() {
            let at = instant(run["now"].as_str().unwrap());
            assert_eq!(*now.get_or_insert(at), at, "{case}");
            let store = store.get_or_insert_with(|| store_at(case, at));
            let since = match (run.get("clear"), run.get("last")) {
                (Some(_), _) => Since::Beginning,
                (_, Some(last)) => Since::LastDays(u16::try_from(last.as_u64().unwrap()).unwrap()),
                _ => Since::LastStatistic,
            };
            let current = run.get("current").is_none_or(|current| current.as_bool().unwrap());
            let recompute = tracker.recompute().since(since).current(current);
            recompute.run(store, source.values().copied()).unwrap();
        }
    }
    let points = store.unwrap().series(EVENTS, Period::Day).points().unwrap();
    let found: Vec<Json> =
        points.into_iter().map(|(date, value)| serde_json::json!([date.to_string(), value])).collect();
    assert_eq!(Json::from(found), case["expect"], "{case}");
}

fn query(case: &Json) {
    let store = Store::in_memory().unwrap();
    let stored = case["stored"].as_array().into_iter().flatten().map(|stored| (stored, 0));
    let recorded = case["ops"].as_array().into_iter().flatten().map(|op| (op, 1));
    for (fields, skip) in stored.chain(recorded) {
        let field = |index: usize| &fields[index + skip];
        let key = EVENTS.on(field(0).as_str().unwrap().parse().unwrap(), date(field(1).as_str().unwrap()));
        match field(2).as_i64() {
            Some(value) => store.record(key, value).unwrap(),
            None => store.record_missing(key).unwrap(),
        }
    }
    let query = &case["query"];
    // The top is that of days.
    let period: Period = query["period"].as_str().unwrap_or("day").parse().unwrap();
    let found = match text(query, "op") {
        "top" => {
            let top =
                store.series(EVENTS, period).top(usize::try_from(query["n"].as_u64().unwrap()).unwrap());
            let top = top.unwrap().into_iter();
            top.map(|best| serde_json::json!([best.date.to_string(), best.value])).collect::<Json>()
        }
        "get" => {
            let key = EVENTS.on(period, date(text(query, "date")));
            store.get(&key).unwrap().and_then(|statistic| statistic.value).into()
        }
        "range" => {
            let series =
                store.series(EVENTS, period).from(date(text(query, "from"))).to(date(text(query, "to")));
            let points = series.points().unwrap().into_iter();
            points.map(|(date, value)| serde_json::json!([date.to_string(), value])).collect::<Json>()
        }
        other => panic!("an unknown query {other}"),
    };
    assert_eq!(found, case["expect"], "{case}");
}

#[test]
fn the_cases_of_other_projects_come_out_as_they_say() {
    let mut run = 0;
    for line in include_str!("data/calendar.jsonl").lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        match text(&case, "kind") {
            "bucket" => bucket(&case),
            "iso_week" => iso_week(&case),
            "day_length" => day_length(&case),
            "series" => series(&case),
            "rolling" => rolling(&case),
            "lifetime" => distinct(&case, Period::Lifetime),
            "percentile" => percentile(&case),
            "gauge" => gauge(&case),
            "track" => track(&case),
            "query" => query(&case),
            other => panic!("a case of the unknown kind {other}: {case}"),
        }
        run += 1;
    }
    assert_eq!(run, 103);
}
