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
    Bucket, Calendar, Date, Domain, Fill, FixedClock, Metric, Min, Period, Since, Store, Tracker, Value,
    chrono,
};

const CASES: Domain<'static> = Domain::new("cases", "Cases");
const EVENTS: Metric<'static> = Metric::new(CASES, "events", "Events");
const SMALLEST: Metric<'static, Min> = Metric::new(CASES, "smallest", "The smallest value");

/// Cases of what isn't built yet, by what they wait for.
const LATER: [(&str, &[&str]); 4] = [
    ("means (a value kind with a count and a sum)", &["sr-agg-avg"]),
    ("distinct counts", &["rl-7-distinct", "lt-distinct"]),
    ("quantiles", &["q-percentile-95"]),
    ("gauges", &["q-gauge-set-inc"]),
];

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
    to_json: fn(V) -> i64,
) -> Vec<Json> {
    let events = events(case);
    let now = events.iter().map(|event| event.0).max().unwrap_or_default();
    let store = store_at(case, now);
    let period: Period = text(case, "period").parse().unwrap();
    let by_object = events.iter().any(|event| event.2.is_some());
    let ids = |event: &Event, ids: &mut trackstats::Ids<'_>| {
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
            let value = statistic.value.clone().map(to_json);
            match object {
                Some(object) => serde_json::json!([label(statistic.date), value, object]),
                None => serde_json::json!([label(statistic.date), value]),
            }
        })
        .collect()
}

fn series(case: &Json) {
    let found = match text(case, "agg") {
        "count" => read(case, Tracker::count(EVENTS, |event: &Event| event.0), EVENTS, |value| value),
        "sum" => read(
            case,
            Tracker::sum(EVENTS, |event: &Event| event.0, |event| Some(event.1)),
            EVENTS,
            |value| value,
        ),
        "min" => {
            let tracker = Tracker::min(SMALLEST, |event: &Event| event.0, |event| Some(event.1));
            read(case, tracker, SMALLEST, |value| value.0)
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

fn rolling(case: &Json) {
    assert_eq!(text(case, "agg"), "sum", "{case}");
    let days = u16::try_from(case["window_days"].as_u64().unwrap()).unwrap();
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
    let mut left: Vec<&str> = Vec::new();
    for line in include_str!("data/calendar.jsonl").lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let later = LATER.iter().flat_map(|(_, ids)| ids.iter()).find(|id| **id == text(&case, "id"));
        if let Some(id) = later {
            left.push(id);
            continue;
        }
        match text(&case, "kind") {
            "bucket" => bucket(&case),
            "iso_week" => iso_week(&case),
            "day_length" => day_length(&case),
            "series" => series(&case),
            "rolling" => rolling(&case),
            "track" => track(&case),
            "query" => query(&case),
            other => panic!("a case of the unknown kind {other}: {case}"),
        }
        run += 1;
    }
    println!("{run} cases run, {} left for what isn't built yet:", left.len());
    for (what, ids) in LATER {
        println!("    {what}: {}", ids.join(", "));
    }
    assert_eq!((run, left.len()), (98, 5));
    assert_eq!(left.len(), LATER.iter().map(|(_, ids)| ids.len()).sum::<usize>());
}
