//! The program `trackstats`, as people and scripts use it.
#![cfg(feature = "cli")]
#![expect(clippy::unwrap_used, reason = "what a test needs and doesn't get fails it")]

mod common;

use common::program::{Place, outcome, summary};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/flights-jfk-jetblue-2013.csv");

/// What `verify` and a dry run say of a store, which they leave as it is.
const CHECKS: [&str; 2] = ["verify", "rebuild app/visits --dry-run --format csv"];

#[test]
fn a_store_is_checked_and_mended_from_its_days() {
    let place = Place::new();
    let log = place.file("log.csv", "at,user\n2024-05-14,1\n2024-05-16,1\n2024-05-16,nl\n");
    place.ok(&format!("track {log} {TRACK} --by user --period week,lifetime --today 2024-05-17"));
    let [verify, dry_run] = CHECKS;
    let sound = place.ok(verify);
    assert_eq!(sound, "entries: 9, metrics: 1, blocks: 4, statistics: 8, problems: 0\n");
    let lifetimes = "app/visits --period lifetime --to 2024-05-17";
    let shown = place.show(lifetimes);
    assert_eq!(shown, "date,value\n2024-05-14,1\n2024-05-15,1\n2024-05-16,3\n2024-05-17,3\n");
    let nothing = place.line(dry_run);
    assert_eq!(nothing.out, "metric,period,date,object,stored,expected\n");
    assert_eq!((nothing.code, nothing.err.as_str()), (0, "nothing would change\n"));

    place.ok("record app/visits 9 --period week --date 2024-05-14 --object user=1");
    place.ok("record app/visits missing --period week --date 2024-05-16");
    place.ok("record app/visits 4 --period week --date 2024-05-20");
    let before = place.export();
    let found = place.line(verify);
    assert_eq!(found.code, 1);
    let lines: Vec<&str> = found.out.lines().collect();
    assert_eq!(lines[0], "app/visits week 2024-05-13 is missing, but its days make it 3");
    assert_eq!(lines[1], "app/visits week 2024-05-20 is 4, but its days make it absent");
    assert_eq!(lines[2], "app/visits week 2024-05-13 user=1 is 9, but its days make it 2");
    assert!(lines[3].ends_with(", problems: 3") && lines.len() == 4, "{lines:?}");
    assert_eq!(found.err.lines().count(), 1);
    assert!(found.err.contains("is not sound; `trackstats rebuild DOMAIN/METRIC` mends it"), "{}", found.err);
    let differences = "app/visits,week,2024-05-13,,,3\napp/visits,week,2024-05-20,,4,absent\n\
                       app/visits,week,2024-05-13,user=1,9,2\n";
    assert!(place.ok(dry_run).ends_with(differences), "{}", place.ok(dry_run));
    let table = place.ok("rebuild app --dry-run");
    assert!(table.contains("missing") && table.contains("absent"), "{table}");
    assert_eq!(place.export(), before);

    let mended = place.line("rebuild app/visits");
    assert_eq!((mended.code, mended.out.as_str()), (0, ""));
    assert_eq!(mended.err, "2 statistics written, 1 removed\n");
    assert_eq!((place.ok(verify), place.show(lifetimes)), (sound, shown));
}

#[test]
fn an_import_into_an_empty_store_shows_the_same_running_periods_and_exports_the_same_bytes() {
    let (place, copy) = (Place::new(), Place::new());
    let log = place.file("log.csv", "at,user\n2024-05-14,1\n2024-05-16,1\n2024-05-16,nl\n2024-04-30,2\n");
    let periods = "--period day,week,month,last-7-days,lifetime --today 2024-05-17";
    place.ok(&format!("track {log} {TRACK} --by user {periods}"));
    copy.file("out.jsonl", place.export());
    copy.ok("import out.jsonl");
    assert_eq!(copy.export(), place.export());
    for period in ["day", "week", "month", "last-7-days", "lifetime"] {
        for by in ["", "--by user", "--object user=1", "--cumulative --from 2024-05-15"] {
            if by.starts_with("--cumulative") && period.starts_with('l') {
                continue;
            }
            let show = format!("app/visits --period {period} {by} --to 2024-05-17");
            assert_eq!(copy.show(&show), place.show(&show), "{show}");
        }
    }
    let windows = copy.show("app/visits --period last-7-days --object user=1");
    assert!(
        windows.ends_with("2024-05-21,user=1,1\n2024-05-22,user=1,1\n")
            || windows.ends_with("2024-05-22,1\n"),
        "{windows}"
    );
    assert_eq!(
        copy.show("app/visits --period lifetime --to 2024-05-02"),
        "date,value\n2024-04-30,1\n2024-05-01,1\n2024-05-02,1\n"
    );
    assert_eq!(copy.ok("verify"), place.ok("verify"));
}

#[test]
fn what_cannot_be_rebuilt_is_said() {
    let place = Place::new();
    place.fails("verify", 1, "there is no store at");
    place.ok("record app/visits 9 --period day --date 2024-05-14");
    place.fails("rebuild", 2, "METRIC");
    place.fails("rebuild app/visits --format csv", 2, "--dry-run");
    place.fails("rebuild app/visits/week", 2, "give DOMAIN/METRIC or DOMAIN");
    place.fails("rebuild app/visit", 1, "app/visits");
    place.fails("rebuild ap", 1, "has no domain \"ap\"; it has app");
    let own = r#"{"define":"domain","ref":"own","name":"Own"}
{"define":"metric","domain":"own","ref":"kind","name":"","description":"","value":"own","encoded":true}"#;
    place.file("own.jsonl", own);
    place.ok("import own.jsonl");
    place.fails("rebuild own/kind", 1, "own/kind holds values of the kind \"own\"");
    let passed_over = place.line("rebuild own");
    assert_eq!(passed_over.code, 0);
    assert!(passed_over.err.contains("it is left as it is\n0 statistics written"), "{}", passed_over.err);
}

const TRACK: &str = "--metric app/visits --timestamp at";

#[test]
fn a_year_of_flights_gives_what_the_python_original_stores() {
    let place = Place::new();
    let args = "--metric flights/departures --timestamp timestamp --by destination --period day,lifetime";
    let ran = place.line(&format!("track {FLIGHTS} {args} --zone America/New_York --today 2014-01-02"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(summary(&ran).starts_with("42076 records read, 0 skipped, 0 late, "), "{}", ran.err);

    let original = Path::new(FLIGHTS).with_extension("django.jsonl");
    let original = fs::read_to_string(original).unwrap();
    let mut compared = 0;
    // Days are stored, lifetimes are worked out. The original stops each object's at its last departure.
    let said: String = [
        "export",
        "show flights/departures --period lifetime --format jsonl",
        "show flights/departures --period lifetime --by destination --format jsonl",
    ]
    .map(|line| place.ok(line))
    .concat();
    let lines: std::collections::HashSet<&str> = said.lines().collect();
    for line in original.lines() {
        let field = |name: &str| {
            let (_, rest) = line.split_once(&format!("\"{name}\": ")).unwrap();
            rest.split([',', '}']).next().unwrap().to_owned()
        };
        let object = match field("object").as_str() {
            "null" => "null".to_owned(),
            destination => format!("{{\"destination\":{destination}}}"),
        };
        let expected = format!(
            "{{\"domain\":\"flights\",\"metric\":\"departures\",\"period\":{},\"date\":{},\"object\":{object},\"value\":{}}}",
            field("period"),
            field("date"),
            field("value"),
        );
        assert!(lines.contains(expected.as_str()), "{expected}");
        compared += 1;
    }
    assert!(compared > 2_000);
    let first = place.show("flights/departures --period day --by destination --to 2013-01-01");
    assert!(first.starts_with("date,destination,value\n2013-01-01,AUS,2\n2013-01-01,BOS,8\n"), "{first}");
}

#[test]
fn each_command_does_what_the_contract_says() {
    let place = Place::new();
    place.ok("record flights/departures 12 --period day --date 2024-05-01 --zone Europe/Amsterdam --week-start sunday");
    place.ok("record flights/departures missing --period day --date 2024-05-02");
    place.ok("record flights/departures -3 --period day --today 2024-05-04");
    place.ok("record flights/departures 5 --period day --date 2024-05-01 --object country=nl,province=ut");
    place.ok("record flights/departures 6 --period day --date 2024-05-01 --object country=nl");
    place.ok("record flights/departures 7 --period month --date 2024-05-17");
    place.ok("record flights/departures 1 --period hour --date 2024-10-27T02:30:00+02:00");
    place.ok("record flights/departures 2 --period hour --date 2024-10-27T02:30:00+01:00");

    let days = "flights/departures --period day";
    assert_eq!(place.show(days), "date,value\n2024-05-01,12\n2024-05-02,\n2024-05-04,-3\n");
    assert_eq!(place.show(&format!("{days} --from 2024-05-02 --to 2024-05-03")), "date,value\n2024-05-02,\n");
    assert_eq!(
        place.show(&format!("{days} --fill zero --from 2024-05-01 --to 2024-05-05")),
        "date,value\n2024-05-01,12\n2024-05-02,\n2024-05-03,0\n2024-05-04,-3\n2024-05-05,0\n"
    );
    assert_eq!(
        place.show(&format!("{days} --fill previous")),
        "date,value\n2024-05-01,12\n2024-05-02,\n2024-05-03,\n2024-05-04,-3\n"
    );
    assert_eq!(
        place.show(&format!("{days} --by country,province")),
        "date,country,province,value\n2024-05-01,nl,ut,5\n"
    );
    assert_eq!(place.show(&format!("{days} --by country")), "date,country,value\n2024-05-01,nl,6\n");
    assert_eq!(place.show(&format!("{days} --object country=nl,province=ut")), "date,value\n2024-05-01,5\n");
    assert_eq!(place.show("flights/departures --period month"), "date,value\n2024-05-01,7\n");
    assert_eq!(
        place.show("flights/departures --period hour"),
        "date,value\n2024-10-27T02:00:00+02:00,1\n2024-10-27T02:00:00+01:00,2\n"
    );
    assert_eq!(
        place.ok(&format!("show {days} --format jsonl --to 2024-05-01")),
        "{\"domain\":\"flights\",\"metric\":\"departures\",\"period\":\"day\",\"date\":\"2024-05-01\",\"object\":null,\"value\":12}\n"
    );
    let table = place.ok(&format!("show {days}"));
    assert!(table.contains("│ 2024-05-02 ┆ missing │") && !table.contains('\x1b'), "{table}");
    assert_eq!(place.ok(&format!("latest {days} --format csv")), "date,value\n2024-05-04,-3\n");
    assert!(place.ok(&format!("latest {days} --object country=nl")).contains("6 │"));
    let list = place.ok("list flights --format csv");
    assert!(list.contains("flights/departures,departures,integer,day,,2024-05-01,2024-05-04,3\n"), "{list}");
    assert!(list.contains(
        "flights/departures,departures,integer,day,\"country,province\",2024-05-01,2024-05-01,1\n"
    ));
    assert_eq!(
        place.ok("export flights/departures/month --format csv"),
        "domain,metric,period,date,object,value\nflights,departures,month,2024-05-01,,7\n"
    );
}

#[test]
fn an_export_comes_back_the_same_in_a_new_store_that_takes_its_calendar() {
    let place = Place::new();
    place.ok("record app/visits 12 --period hour --date 2024-05-01T10:00 --zone Asia/Kathmandu --day-start 02:00 --month-start 15");
    place.ok("record app/visits 3 --period day --date 2024-05-01 --object user=42,name=\"42\"");
    let lines = place.ok("export");
    place.ok("export -o out.jsonl");
    assert_eq!(fs::read_to_string(place.path("out.jsonl")).unwrap(), lines);
    if cfg!(unix) {
        place.ok("export -o /dev/null");
    }
    place.ok("import out.jsonl --store copy");
    assert_eq!(place.ok("export --store copy"), lines);
    let piped = place.pipe("import - --store piped", lines.as_bytes());
    assert_eq!((piped.code, piped.out.as_str()), (0, ""), "{}", piped.err);
    assert_eq!(place.ok("export --store piped"), lines);

    place.ok("record app/visits 1 --period day --store other");
    place.fails(
        "import out.jsonl --store other",
        1,
        "out.jsonl: line 1: it defines the calendar Asia/Kathmandu, days from 02:00",
    );
    place.fails("import out.jsonl --zone UTC --store other2", 1, "and the store at other2 has UTC");
    place.file("bad.jsonl", format!("{lines}{{\n"));
    place.fails("import bad.jsonl", 1, "line 6: it is not JSON");
    place.fails("import none.jsonl", 1, "opening none.jsonl failed: No such file");
}

#[test]
fn every_wrong_argument_is_one_clear_sentence_and_changes_nothing() {
    let place = Place::new();
    place.ok("record app/visits 12 --period day --date 2024-05-01");
    let file = place.file("a.csv", "at,user,size\n2024-05-01T10:00:00Z,1,5\n");
    place.fails("list --zone Europe/Amsterdm", 2, "did you mean Europe/Amsterdam");
    place.fails("list --week-start moonday", 2, "use a day of the week");
    place.fails("list --guard-clock 2024-01-01", 2, "use two dates, such as 2024-01-01..2045-12-31");
    place.fails("list --guard-clock 2024-01-02..2024-01-01", 2, "the earliest plausible date comes first");
    place.fails("list --month-start 31", 2, "31 is not in 1..=28");
    place.fails("show app/vists --period day", 1, "(did you mean app/visits?)");
    place.fails("show visits --period day", 2, "a metric is DOMAIN/METRIC");
    place.fails("show app/visits --period dya", 2, "there is no period \"dya\" (did you mean day?)");
    place.fails("show app/visits", 2, "--period");
    place.fails("show app/visits --period day --by user --object user=1", 2, "cannot be used with");
    place.fails("list ap", 1, "has no domain \"ap\"; it has app");
    place.fails("export app/vists", 1, "(did you mean app/visits?)");
    place.fails("export app/visits/dya", 1, "(did you mean day?)");
    place.fails("list --store nowhere", 1, "there is no store at nowhere");
    assert!(!place.path("nowhere").exists());
    place.fails(
        "record app/visits 1.5 --period day",
        2,
        "only those are recorded by hand; use smaller units",
    );
    place.fails("record app/visits many --period day", 2, "give a whole number, or missing");
    place.fails("record app/visits 1 --period day --date 2024-02-30", 1, "\"2024-02-30\" is not a date");
    place.fails("record app/visits 1 --period day --date +12024-01-01", 1, "outside the calendar");
    place.fails("record app/visits 1 --period day --object user", 2, "\"user\" is not KIND=ID");
    let other = "the store at ";
    place.fails("list --zone Europe/Amsterdam", 1, other);
    let both = place.fails("record app/visits 1 --period day --day-start 02:00", 1, other);
    assert!(both.contains("UTC, days from 00:00") && both.contains("not UTC, days from 02:00"), "{both}");
    place.ok("list --zone UTC --week-start monday");

    let track = format!("track {file} {TRACK}");
    place.fails(
        "track a.csv --metric app/visits --timestamp when",
        1,
        "a.csv: there is no column \"when\"; the columns are \"at\", \"user\", \"size\"",
    );
    place.fails(&format!("{track} --by usr"), 1, "there is no column \"usr\"; the columns are \"user\", ");
    place.fails(&format!("{track} --by a/b"), 2, "name another kind with COLUMN=KIND");
    place.fails(&format!("{track} --sum size --min size"), 2, "cannot be used with");
    place.fails(
        &format!("{track} --min size"),
        1,
        "app/visits holds values of the kind \"integer\", not \"minimum\"",
    );
    place.fails(&format!("{track} --append --all"), 2, "cannot be used with");
    place.fails(&format!("{track} --cursor x"), 2, "--append");
    place.fails(&format!("{track} {file}"), 1, "is given twice");
    place.fails(&format!("{track} . --format csv"), 1, ". is a directory");
    place.fails(&format!("track none.csv {TRACK}"), 1, "opening none.csv failed: No such file");

    // Nothing of a store is left behind by a slip of the pen.
    place.fails("track a.csv --metric app/visits --timestamp when --store new", 1, "there is no column");
    assert!(!place.path("new").exists());
    let without =
        Command::new(env!("CARGO_BIN_EXE_trackstats")).arg("list").env_remove("TRACKSTATS_STORE").output();
    let without = outcome(without.unwrap());
    assert_eq!(without.code, 2);
    let said = "error: which store? give its directory with --store DIR, or in TRACKSTATS_STORE\n\n\
                Usage: trackstats list [OPTIONS] [PREFIX]\n\nFor more information, try '--help'.\n";
    assert_eq!(without.err, said);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of bad files")]
fn every_file_that_is_no_good_is_one_clear_sentence_and_changes_nothing() {
    let place = Place::new();
    place.ok("record app/visits 12 --period day --date 2024-05-01");
    let good = "2024-05-01T10:00:00Z,1,5\n";
    let long = "x".repeat(10 << 20);
    for (name, content, options, sentence) in [
        ("empty.csv", String::new(), "", "empty.csv is empty; a CSV file begins with a header"),
        ("blank.csv", "\n\r\n\n".to_owned(), "", "blank.csv is empty"),
        (
            "headless.csv",
            good.repeat(3),
            "",
            "there is no column \"at\"; the columns are \"2024-05-01T10:00:00Z\", \"1\", \"5\" (the first line must be a header)",
        ),
        ("twice.csv", format!("at,user,at\n{good}"), "", "the header has the column \"at\" twice"),
        (
            "long.csv",
            format!("at,user,size\n{good}{long}\n{good}"),
            "",
            "long.csv:3: the record is longer than 1 MiB",
        ),
        ("long-header.csv", long.clone(), "", "long-header.csv:1: the record is longer than 1 MiB"),
        (
            "open.csv",
            format!("at,user,size\n{good}2024-05-01,\"1,5\n{}", good.repeat(100_000)),
            "",
            "open.csv:3: the record is longer than 1 MiB; is a quote not closed",
        ),
        (
            "open-short.csv",
            format!("at,user,size\n{good}\n2024-05-01,1,\"5\n{good}{good}"),
            "",
            "open-short.csv:4: a quote is opened in this record and never closed",
        ),
        (
            "sum.csv",
            format!("at,user,size\n{}", "2024-05-01,1,9223372036854775807\n".repeat(2)),
            "--sum size",
            "the sum is larger than the value type holds",
        ),
        (
            "fields.csv",
            format!("at,user,size\n{good}\n\n2024-05-01,1\n"),
            "--strict",
            "fields.csv:5: it has 2 fields, and the header 3",
        ),
        (
            "crlf.csv",
            "at,user,size\r\n2024-05-01,1,2\r\n\r\n2024-05-01,1\r\n".to_owned(),
            "--strict",
            "crlf.csv:4: it has 2 fields",
        ),
        (
            "time.csv",
            "at,user,size\nyesterday,1,5\n".to_owned(),
            "--strict",
            "time.csv:2: \"yesterday\" is not a timestamp",
        ),
        ("far.csv", "at,user,size\n99999999999999,1,5\n".to_owned(), "--strict", "is outside the calendar"),
        (
            "half.csv",
            "at,user,size\n2024-05-01,1,1.5\n".to_owned(),
            "--sum size --strict",
            "half.csv:2: the column \"size\" has \"1.5\", which is not a whole number; --sum-float adds decimals",
        ),
        (
            "big.csv",
            "at,user,size\n2024-05-01,1,9223372036854775808\n".to_owned(),
            "--max size --strict --metric app/max",
            "doesn't fit into a whole number of 64 bits",
        ),
        (
            "word.csv",
            "at,user,size\n2024-05-01,1,five\n".to_owned(),
            "--sum size --strict",
            "\"five\", which is not a whole number",
        ),
        (
            "long.jsonl",
            format!("{{\"at\":1}}\n{{\"at\":\"{long}\"}}\n"),
            "--strict",
            "long.jsonl:2: the record is longer than 1 MiB",
        ),
        (
            "none.jsonl",
            "{\"ta\":1,\"b\":2}\n{\"ta\":1}\n".to_owned(),
            "",
            "there is no column \"at\"; the columns are \"ta\", \"b\"",
        ),
        (
            "bad.jsonl",
            "{\"at\":1}\n\n{\"at\":\n".to_owned(),
            "--strict",
            "bad.jsonl:3: it is not an object of JSON: EOF",
        ),
        ("list.jsonl", "{\"at\":1}\n{\"at\":[1]}\n".to_owned(), "--strict", "list.jsonl:2: \"at\" is a list"),
        (
            "array.jsonl",
            "[1]\n{\"at\":1}\n".to_owned(),
            "--strict",
            "array.jsonl:1: it is not an object of JSON",
        ),
    ] {
        place.file(name, content);
        let metric = if options.contains("--metric") { "--timestamp at" } else { TRACK };
        place.fails(&format!("track {name} {metric} {options}"), 1, sentence);
    }
    place.file("bytes.csv", b"at,user,size\n2024-05-01,\xff,5\n");
    place.fails(
        &format!("track bytes.csv {TRACK} --by user --strict"),
        1,
        "bytes.csv:2: the column \"user\" is not UTF-8",
    );
}

#[test]
fn records_that_cannot_be_read_are_counted_and_the_first_ten_are_named() {
    let place = Place::new();
    let mut content = b"\xef\xbb\xbfat , user,size\r\n2024-05-01,1,5\r\n\r\n2024-05-01,\xff,\r\n".to_vec();
    for _ in 0..12 {
        content.extend(b"no,1,5\r\n");
    }
    content.extend(b"2024-05-02,\"a,\nb\",");
    place.file("a.csv", content);
    let ran = place.line(&format!("track a.csv {TRACK} --by user --sum size --today 2024-05-01"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 12, "{}", ran.err);
    assert_eq!(lines[0], "skipped a.csv:4: the column \"user\" is not UTF-8");
    assert!(lines[1].starts_with("skipped a.csv:5: \"no\" is not a timestamp"), "{}", lines[1]);
    assert_eq!(lines[10], "skipped 3 more");
    assert_eq!(
        summary(&ran),
        "15 records read, 13 skipped, 0 late, 2 statistics written (1 without a value)"
    );
    assert_eq!(place.show("app/visits --period day --by user"), "date,user,value\n2024-05-01,1,5\n");
}

#[test]
fn a_guarded_clock_refuses_dates_that_are_not_plausible_and_skips_their_records() {
    let place = Place::new();
    place.file("a.csv", "at\n2024-05-01\n1970-01-01\n");
    let guard = "--guard-clock 2024-01-01..2045-12-31";
    let ran = place.line(&format!("track a.csv {TRACK} {guard} --today 2024-05-01"));
    assert_eq!(summary(&ran), "2 records read, 1 skipped, 0 late, 1 statistics written");
    assert!(
        ran.err.starts_with("skipped a record dated 1970-01-01, outside the plausible dates"),
        "{}",
        ran.err
    );
    for command in [
        &format!("track a.csv {TRACK}"),
        "record app/visits 1 --period hour",
        "record app/visits 1 --period day",
    ] {
        place.fails(&format!("{command} {guard} --today 1970-01-01"), 1, "the clock says 1970-01-01");
    }
}

#[test]
fn ids_are_numbers_where_they_are_written_as_such() {
    let place = Place::new();
    place.file(
        "a.csv",
        "at,user\n2024-05-01,42\n2024-05-01,042\n2024-05-01,\n2024-05-01,18446744073709551616\n",
    );
    place.file("b.jsonl", "{\"at\":1714550400,\"user\":42}\n{\"user\":\"42\",\"at\":\"2024-05-01\",\"x\":[{}]}\n{\"at\":1714550400,\"user\":null}\n{\"at\":1714550400}\n");
    place.ok(&format!("track a.csv b.jsonl {TRACK} --by user=person --by user,at=day --today 2024-05-02"));
    let jsonl = place.ok("export app/visits/day");
    for (object, value) in [
        ("null", 8),
        ("{\"person\":42}", 3),
        ("{\"person\":\"042\"}", 1),
        ("{\"person\":\"\"}", 1),
        ("{\"person\":\"18446744073709551616\"}", 1),
        ("{\"user\":42,\"day\":\"2024-05-01\"}", 2),
        ("{\"user\":42,\"day\":1714550400}", 1),
    ] {
        let end = format!("\"date\":\"2024-05-01\",\"object\":{object},\"value\":{value}}}\n");
        assert!(jsonl.contains(&end), "{jsonl}\n{end}");
    }
    assert_eq!(place.show("app/visits --period day --object person=42"), "date,value\n2024-05-01,3\n");
    assert_eq!(place.show("app/visits --period day --object person=\"42\""), "date,value\n");
    assert_eq!(place.show("app/visits --period day --object person=042"), "date,value\n2024-05-01,1\n");
}

#[test]
fn sums_minima_and_maxima_leave_out_records_without_a_value() {
    let place = Place::new();
    place.file("a.csv", "at,size\n2024-05-01,5\n2024-05-01,\n2024-05-01,-7\n2024-05-01, 3 \n");
    for (option, value) in [("sum", 1), ("min", -7), ("max", 5)] {
        let ran = place.line(&format!(
            "track a.csv --metric app/{option} --timestamp at --{option} size --today 2024-05-01"
        ));
        assert_eq!(
            summary(&ran),
            "4 records read, 0 skipped, 0 late, 1 statistics written (1 without a value)"
        );
        assert_eq!(
            place.show(&format!("app/{option} --period day")),
            format!("date,value\n2024-05-01,{value}\n")
        );
    }
    assert!(place.ok("list --format csv").contains("app/min,min,minimum,day,"));
}

const VISITS: &str = "at,user,shop,price,level\n\
    2024-04-29,ann,1,0.1,20.5\n2024-04-29 12:00,bob,1,0.2,19\n2024-05-01,ann,2,0.7,18\n2024-05-01,cem,1,2,21\n\
    2024-05-04,ann,1,,\n2023-05-01,dia,2,5,3\n";

/// A store with each kind of aggregation of the visits, by day and by shop.
fn visits() -> Place {
    let place = Place::new();
    place.file("visits.csv", VISITS);
    let columns = [
        ("sum-float", "price"),
        ("mean", "price"),
        ("quantiles", "price"),
        ("gauge", "level"),
        ("meter", "level"),
        ("distinct", "user"),
    ];
    for (option, column) in columns {
        let metric = option.replace('-', "_");
        place.ok(&format!(
            "track visits.csv --metric app/{metric} --timestamp at --by shop --{option} {column} --all --today 2024-05-04"
        ));
    }
    place.ok("track visits.csv --metric app/visits --timestamp at --by shop --all --today 2024-05-04");
    place
}

#[test]
fn decimals_means_quantiles_levels_meters_and_distinct_counts_are_tracked_and_shown() {
    let place = visits();
    for (metric, expected) in [
        ("sum_float", "date,sum\n2024-04-29,0.30000000000000004\n2024-05-01,2.7\n"),
        ("gauge", "date,last,min,max\n2024-04-29,19,19,20.5\n2024-05-01,21,18,21\n"),
        ("distinct", "date,distinct\n2024-04-29,2\n2024-05-01,2\n2024-05-04,1\n"),
    ] {
        assert_eq!(place.show(&format!("app/{metric} --period day --from 2024-01-01")), expected);
    }
    let mean = place.show("app/mean --period day --from 2024-05-01 --to 2024-05-01");
    assert_eq!(mean, "date,count,sum,mean,min,max,std_dev\n2024-05-01,2,2.7,1.35,0.7,2,0.65\n");
    let quantiles = place.show("app/quantiles --period day --from 2024-05-01 --to 2024-05-01");
    assert!(
        quantiles.starts_with("date,count,min,p25,median,p75,p95,p99,max\n2024-05-01,2,0.7,"),
        "{quantiles}"
    );
    assert_eq!(place.ok("latest app/distinct --period day --format csv"), "date,distinct\n2024-05-04,1\n");
    assert!(
        place
            .ok("latest app/distinct --period day --format jsonl")
            .contains(r#""value":{"distinct":1,"base64":"#)
    );
}

#[test]
fn what_follows_from_stored_days_is_shown() {
    let place = visits();
    let day = |options: &str| place.show(&format!("app/distinct --period day --from 2024-04-29 {options}"));
    assert_eq!(
        day("--rolling 7 --to 2024-05-04"),
        "date,distinct\n2024-04-29,2\n2024-04-30,2\n2024-05-01,3\n2024-05-02,3\n2024-05-03,3\n2024-05-04,3\n"
    );
    assert_eq!(day("--cumulative --to 2024-04-30"), "date,distinct\n2024-04-29,3\n2024-04-30,3\n");
    assert_eq!(day("--over"), "distinct\n3\n");
    assert_eq!(day("--over --by shop"), "shop,distinct\n1,3\n2,1\n");
    assert_eq!(
        place.show("app/distinct --period day --resample month --from 2024-04-01 --difference"),
        "date,value\n2024-05-01,0\n"
    );
    assert_eq!(
        place.show("app/mean --period day --resample year --compare previous --from 2024-01-01"),
        "date,value,before,difference,growth_%\n2024-01-01,0.75,5,-4.25,-85\n"
    );
    assert_eq!(
        place.show("app/visits --period day --from 2024-05-01 --to 2024-05-01 --compare last-year"),
        "date,value,before,difference,growth_%\n2024-05-01,2,1,1,100\n"
    );
    assert_eq!(
        place.show("app/visits --period day --resample month --growth --from 2024-05-01"),
        "date,value\n2024-05-01,50\n"
    );
    let table = place.ok("show app/sum_float --period day --from 2024-04-29 --to 2024-04-29");
    assert!(table.contains("┆ 0.3 │"), "six digits for people: {table}");
    place.fails("show app/visits --period day --growth --difference", 2, "cannot be used with");
    place.fails("record app/mean 3 --period day", 1, "only whole numbers are recorded by hand");
    place.fails("show app/visits --period day --over --rolling 7", 2, "cannot be used with");
    place.fails("show app/visits --period day --growth --format jsonl", 1, "use --format csv");
    place.fails("show app/visits --period day --rolling 0", 2, "0 is not in");
}

#[test]
fn the_highest_and_lowest_objects_are_shown_with_the_others() {
    let place = visits();
    let top = place.line("top app/visits --by shop --count 1 --format csv");
    assert_eq!((top.code, top.out.as_str()), (0, "shop,value,share_%\n1,4,66.7\n"));
    assert_eq!(top.err, "1 others: value 2, share_% 33.3\n");
    let bottom = place.ok("top app/mean --by shop --count 5 --bottom --from 2024-01-01 --format csv");
    assert!(bottom.starts_with("shop,count,sum,mean,min,max,std_dev\n2,1,0.7,0.7,0.7,0.7,0\n1,"), "{bottom}");
    place.fails("top app/visits", 2, "--by");
    let nobody = place.line("top app/visits --by nobody");
    assert!(nobody.err.contains("has no such objects"), "{}", nobody.err);
}

#[test]
fn weekdays_and_hours_are_profiled() {
    let place = visits();
    let profile = place.ok("profile app/visits --from 2024-04-29 --to 2024-05-12 --format csv");
    assert!(profile.starts_with("weekday,value,values,dates\nMon,2,1,2\nTue,,0,2\nWed,2,1,2\n"), "{profile}");
    let table = place.ok("profile app/visits --from 2024-04-29 --to 2024-05-12");
    assert!(!table.contains("missing"), "absent is not missing: {table}");
    place.ok("track visits.csv --metric app/hours --timestamp at --period hour --all --today 2024-05-04");
    let hours = place.ok("profile app/hours --by hour --from 2024-04-29 --to 2024-05-04 --format csv");
    assert_eq!(hours.lines().count(), 25);
    assert!(hours.starts_with("hour,value,values,dates\n0,4,3,6\n1,,0,6\n"), "{hours}");
}

#[test]
fn those_who_came_back_are_shown_as_a_matrix() {
    let place = visits();
    let matrix = place.ok("cohorts app/distinct --steps 5 --from 2024-04-29 --format csv");
    assert_eq!(
        matrix,
        "date,size,0,1,2,3,4,5\n2024-04-29,2,100.0,,50.0,,,50.0\n2024-05-01,2,100.0,,,50.0,,\n2024-05-04,1,100.0,,,,,\n"
    );
    place.file("blank.csv", "at,user\n2024-05-01,ann\n2024-05-01,\n");
    let blank = place
        .line("track blank.csv --metric app/blank --timestamp at --distinct user --all --today 2024-05-01");
    assert!(summary(&blank).ends_with("(1 without a value)"), "{}", blank.err);
    assert_eq!(place.show("app/blank --period day"), "date,distinct\n2024-05-01,1\n");
    place.fails("cohorts app/visits", 1, "cohorts needs distinct counts");
}

#[test]
fn a_recompute_begins_where_it_is_told() {
    let place = Place::new();
    let days =
        |days: &[u32]| days.iter().fold("at\n".to_owned(), |all, day| format!("{all}2024-05-{day:02}\n"));
    let track = format!("track a.csv {TRACK} --today 2024-05-04");
    let series = || {
        place
            .show("app/visits --period day")
            .replace("date,value\n", "")
            .replace("2024-05-", "")
            .replace('\n', " ")
    };
    place.file("a.csv", days(&[1, 2, 2, 3]));
    place.ok(&track);
    place.file("a.csv", days(&[1, 1, 2, 3, 3, 5]));
    let ran = place.line(&track);
    assert!(
        summary(&ran).ends_with(
            "written (3 dated before 2024-05-03, from which was recomputed, 1 dated in the future)"
        ),
        "{}",
        ran.err
    );
    assert_eq!(series(), "01,1 02,2 03,2 05,1 ");
    place.ok(&format!("{track} --since 2024-05-02"));
    assert_eq!(series(), "01,1 02,1 03,2 05,1 ");
    place.ok(&format!("{track} --all"));
    assert_eq!(series(), "01,2 02,1 03,2 05,1 ");
    place.file("a.csv", days(&[2, 2, 3]));
    place.ok(&format!("{track} --last 3"));
    assert_eq!(series(), "01,2 02,2 03,1 ");
}

#[test]
fn appending_in_pieces_counts_each_record_once() {
    for (name, header, line) in [
        ("log.csv", "at,user\n", "2024-05-01,7\n"),
        ("crlf.csv", "\u{feff}at,user\r\n", "2024-05-01,7\r\n"),
        ("log.jsonl", "", "{\"at\":\"2024-05-01\",\"user\":7}\n"),
    ] {
        let place = Place::new();
        let track = format!("track {name} {TRACK} --by user --append --today 2024-05-02");
        let count = || place.show("app/visits --period day --by user").replace("date,user,value\n", "");
        place.file(name, "");
        assert_eq!(place.line(&track).code, 0, "an empty file may not have been begun yet");
        place.add(name, header);
        place.ok(&track);
        place.add(name, &line.repeat(3));
        let ran = place.line(&track);
        assert!(summary(&ran).starts_with("3 records read"), "{name}: {}", ran.err);
        assert_eq!(count(), "2024-05-01,7,3\n");

        let ran = place.line(&track);
        assert!(summary(&ran).starts_with("0 records read, 0 skipped"), "{name}: {}", ran.err);
        // A writer is in the middle of a line.
        let (half, rest) = line.split_at(9);
        place.add(name, &format!("{line}{half}"));
        let ran = place.line(&track);
        assert!(
            ran.err.contains(": the last line isn't finished yet; it is left for the next run"),
            "{name}: {}",
            ran.err
        );
        assert!(summary(&ran).starts_with("1 records read, 0 skipped"), "{name}: {}", ran.err);
        place.add(name, rest);
        assert!(summary(&place.line(&track)).starts_with("1 records read, 0 skipped"));
        assert_eq!(count(), "2024-05-01,7,5\n");

        // Line numbers go on, and another name begins anew.
        let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
        place.add(name, &format!("{end}broken,x,y{end}"));
        let ran = place.line(&track);
        let broken = (header.lines().count() + 5 + 2).to_string();
        assert!(ran.err.starts_with(&format!("skipped {name}:{broken}: ")), "{broken} {}", ran.err);
        assert!(
            summary(&place.line(&format!("{track} --cursor other"))).starts_with("6 records read, 1 skipped")
        );
        assert_eq!(count(), "2024-05-01,7,10\n");

        place.file(name, format!("{header}{}", line.repeat(2)));
        place.fails(&track, 1, "is not the file that was read up to byte");
        place.file(name, format!("{header}{}", line.repeat(20).replace("05-01", "05-02")));
        place.fails(&track, 1, "it was replaced or cut; use another --cursor");
    }
}

#[test]
fn a_quoted_record_that_is_still_written_is_left_for_the_next_run() {
    for (written, rest) in
        [("\"b\n", "c\"\n"), ("\"b \"\"\n", "c\"\n"), ("\"b\n\"\"\n", "\"\"c\"\n"), ("\"\n", "\"\n")]
    {
        let place = Place::new();
        let track = format!("track log.csv {TRACK} --by user --append --today 2024-05-02");
        place.file("log.csv", format!("at,user\n2024-05-01,a\n2024-05-01,{written}"));
        let ran = place.line(&track);
        assert!(
            ran.err.starts_with("log.csv:3: the last record opens a quote and isn't finished yet"),
            "{written:?}: {}",
            ran.err
        );
        assert!(summary(&ran).starts_with("1 records read"), "{written:?}: {}", ran.err);
        place.add("log.csv", rest);
        assert!(summary(&place.line(&track)).starts_with("1 records read, 0 skipped"), "{written:?}");
        assert_eq!(place.show("app/visits --period day"), "date,value\n2024-05-01,2\n");
        place.ok("track log.csv --metric app/whole --timestamp at --by user --today 2024-05-02");
        let by_user = |metric: &str| place.show(&format!("{metric} --period day --by user"));
        assert_eq!(by_user("app/visits"), by_user("app/whole"), "{written:?}");
    }
}

#[test]
fn a_quote_that_is_closed_is_read_whatever_is_within() {
    for user in ["\"b\n\"", "\"b\"\"\n\"", "\"\n\"\"\"", "\"\"\"\n\"\"\""] {
        let place = Place::new();
        place.file("log.csv", format!("at,user\n2024-05-01,{user}"));
        let ran = place.line(&format!("track log.csv {TRACK} --by user --today 2024-05-02"));
        assert!(summary(&ran).starts_with("1 records read, 0 skipped"), "{user:?}: {}", ran.err);
    }
}

#[test]
fn a_strict_append_that_fails_leaves_the_cursor_where_it_was() {
    let place = Place::new();
    place.file("log.csv", "at\n2024-05-01\n");
    let track = format!("track log.csv {TRACK} --append --today 2024-05-02");
    place.ok(&track);
    place.add("log.csv", "2024-05-01\nbad\n");
    place.fails(&format!("{track} --strict"), 1, "log.csv:4: \"bad\" is not a timestamp");
    let ran = place.line(&track);
    assert_eq!(summary(&ran), "2 records read, 1 skipped, 0 late, 1 statistics written");
    assert_eq!(place.show("app/visits --period day"), "date,value\n2024-05-01,2\n");
}

#[test]
fn records_come_through_a_pipe_and_results_go_through_one() {
    let place = Place::new();
    let csv = fs::read(FLIGHTS).unwrap();
    let args = "--metric flights/departures --timestamp timestamp --by destination --today 2014-01-02";
    let ran = place.pipe(&format!("track - {args}"), &csv);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = place.pipe(&format!("track - {args} --append"), &csv);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = place.pipe("track - --metric app/visits --timestamp at", b" {\"at\":0}\n{\"at\":1}");
    assert!(summary(&ran).starts_with("2 records read, 0 skipped"), "{}", ran.err);
    let ran = place.pipe("track - --metric app/visits --timestamp at", b"");
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (1, "trackstats: standard input is empty; a CSV file begins with a header that names its columns\n")
    );

    // `| head -1`
    for line in [
        "export",
        "show flights/departures --period day --by destination --format csv",
        "export --format csv",
    ] {
        let mut child = place
            .command(&line.split_whitespace().collect::<Vec<_>>())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ran = outcome(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
    }
}

#[test]
fn a_name_that_would_move_the_cursor_is_shown_as_text() {
    let place = Place::new();
    place.file("a.jsonl", "{\"at\":0,\"user\":\"\\u001b[2J\\u202e\\n\"}\n");
    place.ok(&format!("track a.jsonl {TRACK} --by user --today 1970-01-01"));
    let table = place.ok("show app/visits --period day --by user");
    assert!(table.contains("\\u{1b}[2J\\u{202e}\\n"), "{table}");
}

/// The path in "there is no store at ..." cleared the screen.
#[cfg(unix)]
#[test]
fn a_path_that_would_move_the_cursor_is_shown_as_text() {
    let place = Place::new();
    let name = "a\u{1b}[2J\nb";
    let shown = "a\\u{1b}[2J\\nb";
    place.file(&format!("{name}.csv"), "at\nno\n");
    place.file(&format!("{name}.jsonl"), "{");
    fs::create_dir(place.path(&format!("{name}.folder"))).unwrap();
    let (csv, jsonl) = (format!("{name}.csv"), format!("{name}.jsonl"));
    let folder = format!("{name}.folder");
    let track = ["--metric", "app/visits", "--timestamp", "at"];
    for args in [
        &["list", "--store", name][..],
        &["export", "--store", &csv],
        &["import", &jsonl],
        &["import", &folder],
        &["restore", &jsonl],
        &["restore", "missing", "--store", &folder],
        &[&["track", &csv][..], &track].concat(),
        &[&["track", &folder][..], &track].concat(),
        &[&["track", &csv, &csv][..], &track].concat(),
    ] {
        let ran = place.run(args);
        let text = ran.out + &ran.err;
        assert!(!text.contains('\u{1b}') && text.lines().all(|line| !line.starts_with('b')), "{text:?}");
        assert!(text.contains(shown) || args.contains(&"missing"), "{args:?}: {text:?}");
    }
}

/// Everything under a folder that the program makes, with the permissions.
#[cfg(unix)]
fn modes(folder: &Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        found.push((entry.display().to_string(), fs::metadata(&entry).unwrap().permissions().mode() & 0o777));
        // What is in a folder of one's own can't be reached by others.
        if entry.is_dir() && found.last().is_some_and(|(_, mode)| mode & 0o077 != 0) {
            found.extend(modes(&entry));
        }
    }
    found
}

/// Stores and backups could be read by everybody who may use the machine.
#[cfg(unix)]
#[test]
fn stores_and_backups_are_for_their_owner_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let line = |line: &str| {
        let program = env!("CARGO_BIN_EXE_trackstats");
        let line = format!("umask 000; exec {program} {line}");
        let ran = Command::new("sh").args(["-c", &line]).current_dir(place.folder.path()).output().unwrap();
        assert!(ran.status.success(), "{line}: {ran:?}");
    };
    fs::create_dir(place.path("shared")).unwrap();
    fs::set_permissions(place.path("shared"), fs::Permissions::from_mode(0o755)).unwrap();
    for store in ["made", "shared", "a/b"] {
        line(&format!("record app/visits 1 --period day --date 2024-05-01 --store {store}"));
        line(&format!("compact --store {store}"));
        for (path, mode) in modes(&place.path(store)) {
            let wanted = if Path::new(&path).is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, wanted, "{path} {mode:o}");
        }
    }
    assert_eq!(mode(&place.path("made")), 0o700);
    assert_eq!(mode(&place.path("a/b")), 0o700);
    assert_eq!(mode(&place.path("shared")), 0o755);
    place.file("there", "an older one");
    for backup in ["backup", "there"] {
        line(&format!("backup {backup} --store made"));
        assert_eq!(mode(&place.path(backup)), 0o600);
    }
    line("restore backup --store restored");
    assert_eq!(mode(&place.path("restored")), 0o700);
    // An export is as the umask says, or as the one before.
    line("export -o export --store made");
    assert_eq!(mode(&place.path("export")), 0o666);
    fs::set_permissions(place.path("export"), fs::Permissions::from_mode(0o640)).unwrap();
    line("export -o export --store made");
    assert_eq!(mode(&place.path("export")), 0o640);
}

/// A program that is stopped by signals.
#[cfg(unix)]
mod stopped {
    use super::{Place, TRACK, fs};
    use std::{
        io::{Read, Write},
        process::{Child, Stdio},
        thread,
        time::{Duration, Instant},
    };

    fn spawn(place: &Place, line: &str) -> Child {
        let mut command = place.command(&line.split_whitespace().collect::<Vec<_>>());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn send(child: &Child, signal: &str) {
        let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// How it ended, and what it said.
    #[track_caller]
    fn end(mut child: Child) -> (Option<i32>, String) {
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it doesn't end");
            thread::sleep(Duration::from_millis(5));
        }
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (child.wait().unwrap().code(), said)
    }

    /// The names in the folder.
    fn names(place: &Place) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(place.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// It died without a word.
    #[test]
    fn a_command_that_reads_says_that_nothing_was_stored_and_leaves_nothing() {
        for (line, input, sentence) in [
            (format!("track - {TRACK}"), "at\n2024-05-01\n", "trackstats: stopped; nothing was stored\n"),
            (
                format!("track - {TRACK} --format jsonl"),
                "{\"at\":0}\n",
                "trackstats: stopped; nothing was stored\n",
            ),
            (
                "import -".to_owned(),
                "{\"define\":\"domain\",\"ref\":\"app\",\"name\":\"App\"}\n",
                "trackstats: stopped; nothing was imported\n",
            ),
            (
                "restore -".to_owned(),
                "trackstats backup, format 1\n",
                "trackstats: stopped; nothing was restored\n",
            ),
        ] {
            for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
                for is_there in [false, true] {
                    let place = Place::new();
                    let mut line = line.clone();
                    if is_there && line.starts_with("restore") {
                        continue;
                    }
                    if is_there {
                        place.ok("record app/visits 7 --period day --date 2024-05-01");
                    } else {
                        line += " --store a/b";
                    }
                    let before = place.export();
                    let mut child = spawn(&place, &line);
                    let mut stdin = child.stdin.take().unwrap();
                    stdin.write_all(input.as_bytes()).unwrap();
                    thread::sleep(Duration::from_millis(300));
                    send(&child, signal);
                    assert_eq!(end(child), (Some(code), sentence.to_owned()), "{line} {signal}");
                    drop(stdin);
                    assert_eq!(place.export(), before, "{line}");
                    let left: &[&str] = if is_there { &["store"] } else { &[] };
                    assert_eq!(names(&place), left, "{line}");
                }
            }
        }
    }

    /// In a pipe, Ctrl-C ends the writer too: half of the records were taken for all of them.
    #[test]
    fn records_that_end_with_the_signal_are_not_taken_for_all_of_them() {
        let place = Place::new();
        let mut child = spawn(&place, &format!("track - {TRACK}"));
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"at\n2024-05-01\n").unwrap();
        thread::sleep(Duration::from_millis(300));
        send(&child, "-STOP");
        send(&child, "-INT");
        drop(stdin);
        send(&child, "-CONT");
        assert_eq!(end(child), (Some(130), "trackstats: stopped; nothing was stored\n".to_owned()));
        assert_eq!(names(&place), [] as [&str; 0]);
    }

    #[test]
    fn what_is_written_is_as_it_was_with_nothing_beside_it() {
        let place = Place::new();
        let mut log = b"at,user\n".to_vec();
        for id in 0..100_000 {
            writeln!(log, "2024-05-{:02},{id}", id % 28 + 1).unwrap();
        }
        place.file("log.csv", log);
        place.ok(&format!("track log.csv {TRACK} --by user --today 2024-05-28"));
        place.file("out", "the old one");
        let before = names(&place);
        for line in ["export -o out", "export -o out --format csv", "backup out"] {
            // It may be faster than the signal; then it says that.
            let mut is_cut_short = false;
            for _ in 0..50 {
                let mut child = spawn(&place, line);
                // When its new file is there.
                while names(&place) == before && child.try_wait().unwrap().is_none() {}
                send(&child, "-TERM");
                let (code, said) = end(child);
                assert_eq!(names(&place), before, "{line}");
                is_cut_short = said == "trackstats: stopped; out is as it was\n";
                if is_cut_short {
                    assert_eq!(code, Some(143));
                    assert_eq!(fs::read(place.path("out")).unwrap(), b"the old one", "{line}");
                    break;
                }
                assert!(
                    code == Some(0) || said.ends_with("stopped; out was complete before that\n"),
                    "{said}"
                );
                assert_ne!(fs::read(place.path("out")).unwrap(), b"the old one", "{line}");
                place.file("out", "the old one");
            }
            assert!(is_cut_short, "{line}");
        }
        // A compaction is done by then, and says so.
        let path = place.path("store");
        let names =
            || fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        let before = names();
        let mut is_told = false;
        for _ in 0..50 {
            let mut child = spawn(&place, "compact");
            // When its new checkpoint is begun.
            while names() == before && child.try_wait().unwrap().is_none() {}
            send(&child, "-INT");
            let (code, said) = end(child);
            is_told = said.ends_with("\ntrackstats: stopped; the store was compacted before that\n");
            assert!(code == Some(if is_told { 130 } else { 0 }), "{code:?}: {said}");
            if is_told {
                break;
            }
        }
        assert!(is_told);
        assert!(place.ok("verify").ends_with("problems: 0\n"));
    }

    #[test]
    fn a_second_signal_ends_it_at_once() {
        let place = Place::new();
        assert!(std::process::Command::new("mkfifo").arg(place.path("pipe.csv")).status().unwrap().success());
        // Nobody writes to it, and so it isn't opened.
        let child = spawn(&place, &format!("track pipe.csv {TRACK}"));
        thread::sleep(Duration::from_millis(500));
        send(&child, "-INT");
        thread::sleep(Duration::from_millis(200));
        send(&child, "-TERM");
        assert_eq!(end(child), (Some(143), String::new()));
    }

    /// It was ended by SIGXFSZ, without a word.
    #[test]
    fn a_file_that_may_not_grow_is_an_error() {
        let place = Place::new();
        place.ok("record app/visits 7 --period day --date 2024-05-01");
        let mut log = b"at,user\n".to_vec();
        for id in 0..40_000 {
            writeln!(log, "2024-05-01,{id}").unwrap();
        }
        place.file("log.csv", log);
        let before = place.export();
        let program = env!("CARGO_BIN_EXE_trackstats");
        let line =
            format!("ulimit -f 300; exec {program} track log.csv {TRACK} --by user --all --today 2024-05-01");
        let ran = std::process::Command::new("sh")
            .args(["-c", &line])
            .env("TRACKSTATS_STORE", place.path("store"))
            .current_dir(place.folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{said}");
        assert!(said.contains("failed: File too large"), "{said}");
        assert_eq!(place.export(), before);
    }
}

/// What sled panics with was printed before the sentence.
#[test]
fn damage_is_one_sentence_without_the_words_of_those_who_made_it() {
    let place = Place::new();
    let mut log = b"at,user\n".to_vec();
    for id in 0..3_000 {
        writeln!(log, "2024-05-{:02},{id}", id % 28 + 1).unwrap();
    }
    place.file("log.csv", log);
    place.ok(&format!("track log.csv {TRACK} --by user --today 2024-05-28"));
    let expected = place.export();
    let files: Vec<_> =
        fs::read_dir(place.path("store")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let index = files.iter().find(|path| path.is_dir()).unwrap().join("db");
    let whole = fs::read(&index).unwrap();
    for number in 0..24 {
        let at = whole.len() / 24 * number;
        let mut damaged = whole.clone();
        let end = (at + 700 * (number % 3) + 9).min(whole.len());
        damaged[at..end].fill([0xff, 0, 0x61][number % 3]);
        let now: Vec<_> =
            fs::read_dir(place.path("store")).unwrap().map(|entry| entry.unwrap().path()).collect();
        fs::write(now.iter().find(|path| path.is_dir()).unwrap().join("db"), damaged).unwrap();
        let ran = place.line("export");
        assert!(!ran.err.contains("panicked") && !ran.err.contains("backtrace"), "{number}: {}", ran.err);
        assert!(ran.code == 1 || ran.out == expected, "{number}");
    }
}
