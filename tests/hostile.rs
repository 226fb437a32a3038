//! Input that nobody meant well: what is too long, too deep, too often or too many ends in a clear sentence, in bounded
//! memory.
#![cfg(feature = "cli")]
#![expect(clippy::unwrap_used, reason = "what a test needs and doesn't get fails it")]

mod common;

use common::{
    SALES, day,
    program::{Place, Ran, outcome, summary},
    user,
};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use trackstats::{
    Error, Period, Store, Timestamp, Tracker,
    chrono::Days,
    exchange::import,
    model::{Id, Statistic},
    query::SeriesQuery,
    store::{Deletion, Prefix},
};

const TRACK: &str = "--metric app/visits --timestamp at";
const GIB: u64 = 1 << 30;

/// Writes a file with a hole of 1 GiB, which takes no space on the disk and is read as NULs.
fn with_a_gigabyte(place: &Place, name: &str, before: &str, after: &str) {
    let mut file = File::create(place.path(name)).unwrap();
    file.write_all(before.as_bytes()).unwrap();
    file.seek(SeekFrom::Current(GIB.cast_signed())).unwrap();
    file.write_all(after.as_bytes()).unwrap();
    let length = file.stream_position().unwrap();
    file.set_len(length).unwrap();
}

/// Runs the words of a line, which must take no more than so many MiB of memory, where the system tells how many it takes.
#[track_caller]
fn within(place: &Place, mib: u64, line: &str) -> Ran {
    let mut command = place.command(&line.split_whitespace().collect::<Vec<_>>());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = thread::spawn(move || io::read_to_string(&mut stdout).unwrap());
    let err = thread::spawn(move || io::read_to_string(&mut stderr).unwrap());
    let mut peak = 0;
    let code = loop {
        // The most that it ever took; of a process that has ended, nothing is told.
        let status = fs::read_to_string(&status).unwrap_or_default();
        let told = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = told.map_or(peak, |kib| kib.parse().unwrap());
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    };
    let ran = Ran { code, out: out.join().unwrap(), err: err.join().unwrap() };
    assert!(peak <= mib << 10, "{line} took {} MiB: {}", peak >> 10, ran.err);
    ran
}

#[test]
fn a_gigabyte_in_one_record_is_refused_in_bounded_memory() {
    let place = Place::new();
    for (name, before, after, sentence) in [
        ("header.csv", "", "", "header.csv:1: the record is longer than 1 MiB"),
        ("line.csv", "at,user\n2024-05-01,1\n", "\n", "line.csv:3: the record is longer than 1 MiB"),
        (
            "quote.csv",
            "at,user\n2024-05-01,1\n2024-05-01,\"",
            "",
            "quote.csv:3: the record is longer than 1 MiB",
        ),
    ] {
        with_a_gigabyte(&place, name, before, after);
        let ran = within(&place, 48, &format!("track {name} {TRACK}"));
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains(sentence) && ran.err.lines().count() == 1, "{name}: {}", ran.err);
        assert!(ran.err.contains("; is a quote not closed, or is it another kind of file?"), "{}", ran.err);
        assert!(!place.path("store").exists(), "{name}");
        let ran = within(&place, 100, &format!("import {name}"));
        assert_eq!(ran.code, 1, "{name}: {}", ran.err);
        assert!(ran.err.contains("line 1: "), "{name}: {}", ran.err);
        assert!(!place.path("store").exists(), "{name}");
    }
}

#[test]
fn a_line_of_a_gigabyte_is_skipped_and_the_next_one_is_read() {
    let place = Place::new();
    let good = "{\"at\":0}\n";
    with_a_gigabyte(&place, "a.jsonl", &format!("{good}{{\"at\":\""), &format!("\n{good}"));
    let ran = within(&place, 48, &format!("track a.jsonl {TRACK} --today 1970-01-01"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.lines().next(), Some("skipped a.jsonl:2: the record is longer than 1 MiB"));
    assert_eq!(summary(&ran), "3 records read, 1 skipped, 0 late, 1 statistics written");
    assert_eq!(place.show("app/visits --period day"), "date,value\n1970-01-01,2\n");
    place.fails(
        &format!("track a.jsonl {TRACK} --strict"),
        1,
        "record 2: a.jsonl:2: the record is longer than 1 MiB",
    );

    // Appending reads whole lines only, also past such a one.
    let ran = within(&place, 48, "track a.jsonl --metric app/appended --timestamp at --append");
    assert_eq!(ran.code, 0, "{}", ran.err);
    place.add("a.jsonl", good);
    let ran = place.line("track a.jsonl --metric app/appended --timestamp at --append");
    assert!(summary(&ran).starts_with("1 records read, 0 skipped"), "{}", ran.err);

    let piped =
        place.command(&["import", "-"]).stdin(File::open(place.path("a.jsonl")).unwrap()).output().unwrap();
    assert!(outcome(piped).err.contains("line 1: it has no field \"domain\""));
    with_a_gigabyte(&place, "import.jsonl", "\n", "");
    let ran = within(&place, 100, "import import.jsonl");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("line 2: it is longer than 24 MiB, which no exported line is"), "{}", ran.err);
}

/// A backup that a real one begins, followed by entries of zeros under these keys, of so many bytes each. The frame has
/// no checksum, and is cut short.
fn backup_of_zeros(place: &Place, name: &str, keys: &[&[u8]], bytes: usize) {
    let store = Store::in_memory().unwrap();
    let mut real = Vec::new();
    store.write_backup(&mut real).unwrap();
    let line = real.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let (title, frame) = real.split_at(line);
    let mut entries = Vec::new();
    io::copy(&mut FrameDecoder::new(frame), &mut entries).unwrap();
    // Without the key of length 0 that ends them.
    entries.truncate(entries.len() - 4);
    let mut file = File::create(place.path(name)).unwrap();
    file.write_all(title).unwrap();
    let mut frame = FrameEncoder::new(file);
    frame.write_all(&entries).unwrap();
    let zeros = vec![0; 1 << 20];
    for key in keys {
        frame.write_all(&u32::try_from(key.len()).unwrap().to_le_bytes()).unwrap();
        frame.write_all(key).unwrap();
        frame.write_all(&u32::try_from(bytes).unwrap().to_le_bytes()).unwrap();
        for _ in 0..bytes >> 20 {
            frame.write_all(&zeros).unwrap();
        }
    }
    frame.finish().unwrap();
}

/// A value of 1 GiB was believed.
#[test]
fn a_backup_with_an_entry_longer_than_any_row_is_refused_in_bounded_memory() {
    let place = Place::new();
    backup_of_zeros(&place, "row", &[b"\x10app\0visits\0\x20\x80\0\0\0"], 1 << 29);
    backup_of_zeros(&place, "domain", &[b"\x01app\0"], 1 << 29);
    backup_of_zeros(&place, "hours", &[b"\x10app\0visits\0\x10\x80\0\0\0"], 1 << 30);
    backup_of_zeros(&place, "cursor", &[b"\x20app\0"], 500 << 20);
    for (name, mib) in [("row", 48), ("domain", 48), ("hours", 48), ("cursor", 48)] {
        let ran = within(&place, mib, &format!("restore {name}"));
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains("can't be restored: it "), "{name}: {}", ran.err);
        assert!(!place.path("store").exists(), "{name}");
    }
}

/// Of 13 MB, 3.6 GB of memory were taken: what doesn't fit into a page of sled's log is never let go of by its cache.
#[test]
fn a_backup_of_many_long_entries_is_restored_or_refused_in_bounded_memory() {
    let place = Place::new();
    // No block has such bytes: the first one is refused.
    let blocks: Vec<Vec<u8>> =
        (0..40).map(|number| [b"\x10app\0visits\0\x20\x81\0\0".as_slice(), &[number * 4]].concat()).collect();
    let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
    backup_of_zeros(&place, "blocks", &blocks, 16 << 20);
    let ran = within(&place, 64, "restore blocks");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("it has a block of no known form"), "{}", ran.err);
    assert!(!place.path("store").exists());
    // Cursors may have any bytes: this one is refused at its end only.
    let cursors: Vec<String> = (0..150).map(|number| format!(" {number:03}\0")).collect();
    let cursors: Vec<&[u8]> = cursors.iter().map(String::as_bytes).collect();
    backup_of_zeros(&place, "cursors", &cursors, 4 << 20);
    let ran = within(&place, 200, "restore cursors");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("it ends too soon"), "{}", ran.err);
    assert!(!place.path("store").exists());
}

#[test]
fn a_cursor_is_no_longer_than_a_backup_may_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    let tracker = Tracker::count(SALES, |_: &u64| Timestamp::from_unix_seconds(1_700_000_000));
    let append = |name: &str, bytes: usize| {
        let from = store.cursor(name).unwrap();
        tracker.append().cursor(name, from.as_deref(), || vec![7; bytes]).run(&store, [1])
    };
    append("a", 4 << 20).unwrap();
    append(&"n".repeat(1 << 16), 4 << 20).unwrap();
    for (name, bytes, sentence) in [
        ("a", (4 << 20) + 1, "the cursor \"a\": it has more than 4 MiB; "),
        (&"n".repeat((1 << 16) + 1), 1, "its name has more than 64 KiB"),
    ] {
        let error = append(name, bytes).unwrap_err().to_string();
        assert!(error.contains(sentence) && error.len() < 400, "{error}");
    }
    let read = |store: &Store| store.get(&SALES.on(Period::Day, day("2023-11-14"))).unwrap().unwrap().value;
    assert_eq!(read(&store), Some(2));
    store.backup(folder.path().join("backup")).unwrap();
    Store::restore(folder.path().join("backup"), folder.path().join("restored")).unwrap();
    let restored = Store::open(folder.path().join("restored")).unwrap();
    assert_eq!(restored.cursor("a").unwrap(), Some(vec![7; 4 << 20]));
    assert_eq!(read(&restored), Some(2));
}

#[test]
fn json_of_any_depth_is_passed_over_or_skipped() {
    let place = Place::new();
    let mut content = Vec::new();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let (opened, closed) = (open.repeat(100_000), close.repeat(100_000));
        writeln!(content, "{{\"at\":0,\"more\":{opened}1{closed}}}").unwrap();
        writeln!(content, "{{\"at\":{opened}1{closed}}}\n{{\"at\":0,\"more\":{opened}\n{opened}").unwrap();
    }
    place.file("deep.jsonl", content);
    let ran = place.line(&format!("track deep.jsonl {TRACK} --today 1970-01-01"));
    let skips: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("skipped")).collect();
    assert!(
        skips[0].starts_with("skipped deep.jsonl:2: \"at\" is a list, not a text or a number"),
        "{skips:?}"
    );
    assert!(skips[1].starts_with("skipped deep.jsonl:3: it is not an object of JSON: EOF"), "{skips:?}");
    assert!(skips[2].starts_with("skipped deep.jsonl:4: it is not an object of JSON: "), "{skips:?}");
    assert!(skips[3].starts_with("skipped deep.jsonl:6: \"at\" is an object, not a text"), "{skips:?}");
    assert_eq!(summary(&ran), "8 records read, 6 skipped, 0 late, 1 statistics written");
}

/// What is wrong with a line that can't be imported.
fn problem(line: &str) -> String {
    match import(&Store::in_memory().unwrap(), line.as_bytes()).unwrap_err() {
        Error::Import { line: 1, problem } => problem,
        other => panic!("another error: {other}"),
    }
}

#[test]
fn json_of_any_depth_is_refused_or_passed_over_by_an_import() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let (opened, closed) = (open.repeat(100_000), close.repeat(100_000));
        assert!(problem(&opened).starts_with("it is not JSON: EOF"));
        problem(&format!("{opened}1{closed}"));
        let found = problem(&format!("{{\"domain\":{opened}1{closed}}}"));
        assert!(found.starts_with("\"domain\" is a"), "{found}");
    }
}

#[test]
fn a_line_with_thousands_of_fields_is_refused_at_the_first_that_is_too_many() {
    let fields: Vec<String> = (0..100_000).map(|number| format!("\"{number}\":0")).collect();
    let fields = fields.join(",");
    for line in [format!("{{{fields}}}"), format!("{{\"object\":{{{fields}}}}}")] {
        let found = problem(&line);
        assert!(found.starts_with("it is not JSON: an object has more than 64 fields"), "{found}");
    }
}

#[test]
fn what_a_problem_quotes_is_cut_short() {
    let long = "é".repeat(1 << 20);
    for field in ["zone", "week_start", "day_start"] {
        let mut line = r#"{"define":"calendar","zone":"UTC","week_start":"monday","day_start":"00:00","month_start_day":1}"#.to_owned();
        let value = line.find(&format!("\"{field}\":\"")).unwrap() + field.len() + 4;
        line.insert_str(value, &long);
        let found = problem(&line);
        assert!(found.chars().count() < 500, "{} characters", found.chars().count());
    }
    for line in [
        format!(r#"{{"define":"domain","ref":"{long}","name":"x"}}"#),
        format!(r#"{{"define":"{long}"}}"#),
        format!(r#"{{"{long}":1}}"#),
        format!(r#"{{"domain":"{long}","metric":"{long}","period":"{long}","date":"{long}","value":1}}"#),
        format!(r#""{long}""#),
    ] {
        let found = problem(&line);
        assert!(found.chars().count() < 500, "{} characters", found.chars().count());
    }
}

#[test]
fn a_header_in_the_middle_of_a_file_is_called_one() {
    let place = Place::new();
    let part = "at,user\n2024-05-01,1\n";
    place.file("a.csv", format!("{part}{part}\u{feff} at , user \n2024-05-01,2\n"));
    let ran = place.line(&format!("track a.csv {TRACK} --today 2024-05-01"));
    assert_eq!(
        ran.err.lines().take(2).collect::<Vec<_>>(),
        [
            "skipped a.csv:3: it is the header again; were files put together?",
            "skipped a.csv:5: it is the header again; were files put together?"
        ]
    );
    assert_eq!(place.show("app/visits --period day"), "date,value\n2024-05-01,3\n");
    place.fails(&format!("track a.csv {TRACK} --strict"), 1, "a.csv:3: it is the header again");

    // What follows would count for users of the year 1970.
    place.file("b.csv", format!("{part}user,at\n1,2024-05-01\n"));
    place.fails(
        &format!("track b.csv {TRACK}"),
        1,
        "b.csv:3: it is the header again, with the columns in another order",
    );
    place.file("c.csv", "at,user,at\n");
    place.fails(&format!("track c.csv {TRACK}"), 1, "the header has the column \"at\" twice");
    place.file("d.jsonl", "{\"at\":0,\"at\":86400}\n{\"at\":0,\"other\":1,\"other\":2}\n");
    let ran = place.line(&format!("track d.jsonl {TRACK} --all --today 2024-05-01"));
    assert!(ran.err.starts_with("skipped d.jsonl:1: it has \"at\" twice\n"), "{}", ran.err);
    assert!(summary(&ran).starts_with("2 records read, 1 skipped"), "{}", ran.err);
}

#[test]
fn odd_bytes_are_read_or_named_with_their_line() {
    for (name, content, read, sentence) in [
        (
            "cr.csv",
            &b"at,user\r2024-05-01,1\rno,2\r2024-05-01,3\r"[..],
            2,
            "cr.csv:3: \"no\" is not a timestamp",
        ),
        (
            "cr.jsonl",
            b"{\"at\":0}\r{\"at\":0}\r",
            0,
            "cr.jsonl:1: it is not an object of JSON: trailing characters (column 10); a line must end with LF",
        ),
        ("nul.csv", b"at,user\n\0,1\n2024-05-01,\0\n", 1, "nul.csv:2: \"\\0\" is not a timestamp"),
        ("nul.jsonl", b"{\"at\":0}\n\0\0\0\n", 1, "nul.jsonl:2: it is not an object of JSON"),
        (
            "bytes.csv",
            b"at,user\n2024-05-01,\xff\n2024-05-01,1\n",
            1,
            "bytes.csv:2: the column \"user\" is not UTF-8",
        ),
        ("bytes.jsonl", b"\xff\n{\"at\":0}\n", 1, "bytes.jsonl:1: it is not UTF-8"),
        (
            "marks.jsonl",
            b"\xef\xbb\xbf{\"at\":0}\n\xef\xbb\xbf{\"at\":0}\n",
            1,
            "marks.jsonl:2: it is not an object of JSON",
        ),
        (
            "long.jsonl",
            &[b"{\"at\":0}\n\"", &b"x".repeat(1_000_000)[..], b"\"\n"].concat(),
            1,
            "long.jsonl:2: it is not an object of JSON: invalid type: string \"xxxx",
        ),
    ] {
        let place = Place::new();
        place.file(name, content);
        let by = if name.ends_with("csv") { "--by user" } else { "" };
        let ran = place.line(&format!("track {name} {TRACK} {by} --today 2024-05-01"));
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert!(ran.err.starts_with(&format!("skipped {sentence}")), "{name}: {}", ran.err);
        assert!(ran.err.len() < 1_000, "{name}: {} bytes of message", ran.err.len());
        assert!(
            summary(&ran).starts_with(&format!("{} records read, 1 skipped", read + 1)),
            "{name}: {}",
            ran.err
        );
    }
    let place = Place::new();
    place.file("only.csv", "at,user\n");
    assert!(
        summary(&place.line(&format!("track only.csv {TRACK}"))).starts_with("0 records read, 0 skipped")
    );
    place.file("empty.jsonl", "");
    assert!(
        summary(&place.line(&format!("track empty.jsonl {TRACK}"))).starts_with("0 records read, 0 skipped")
    );
    place.fails(&format!("track . {TRACK}"), 1, ". is a directory; give the files in it");
    place.fails("import .", 1, ". is a directory; give the file that `export` wrote");
    place.ok("import empty.jsonl --store imported");
}

#[cfg(unix)]
#[test]
fn pipes_that_have_a_name_are_read_like_any_pipe() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.path("pipe.csv")).status().unwrap().success());
    for options in ["", "--append"] {
        let path = place.path("pipe.csv");
        let writer = thread::spawn(move || fs::write(path, "at,user\n2024-05-01,1\n").unwrap());
        let ran = place.line(&format!("track pipe.csv {TRACK} --today 2024-05-01 {options}"));
        writer.join().unwrap();
        assert!(summary(&ran).starts_with("1 records read, 0 skipped"), "{options}: {}", ran.err);
    }
    assert_eq!(place.show("app/visits --period day"), "date,value\n2024-05-01,2\n");
    let (path, lines) = (place.path("pipe.csv"), place.export());
    let writer = thread::spawn(move || fs::write(path, lines).unwrap());
    place.ok("import pipe.csv --store copy");
    writer.join().unwrap();
    assert_eq!(place.ok("export --store copy"), place.export());
}

/// Everything in a folder: names and contents.
fn listing(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.push((name, Vec::new()));
            found.extend(listing(&path));
        } else {
            let mut content = Vec::new();
            File::open(&path).unwrap().read_to_end(&mut content).unwrap();
            found.push((name, content));
        }
    }
    found.sort();
    found
}

/// An import that failed left an empty store behind, which then had the wrong calendar for the next one.
#[test]
fn a_command_that_fails_leaves_nothing_of_a_store_that_it_made() {
    let place = Place::new();
    place.file(
        "a.csv",
        "at,user,size\n2024-05-01,1,9223372036854775807\n2024-05-01,1,9223372036854775807\nno,1,1\n",
    );
    place.ok("record app/visits 1 --period day --date 2024-05-01 --zone Asia/Tokyo --store other");
    let lines = place.ok("export --store other");
    place.file("bad.jsonl", format!("{lines}{{\n"));
    fs::create_dir(place.path("empty")).unwrap();
    fs::create_dir(place.path("outer")).unwrap();
    place.file("outer/mine.txt", "mine");
    let before = listing(place.folder.path());
    for store in ["new", "empty", "outer/a/b/c", "a/b"] {
        for (line, sentence) in [
            ("import bad.jsonl", "line 5: it is not JSON"),
            ("track a.csv --metric app/visits --timestamp at --strict", "a.csv:4: \"no\" is not a timestamp"),
            ("track a.csv --metric app/visits --timestamp at --sum size", "the sum is larger"),
            ("record app/visits 1 --period day --date 2024-02-30", "is not a date"),
            ("record app/visits 1 --period day --date +12024-01-01", "outside the calendar"),
        ] {
            let ran = place.line(&format!("{line} --store {store}"));
            assert_eq!(ran.code, 1, "{line} --store {store}: {}", ran.err);
            assert!(ran.err.contains(sentence), "{line} --store {store}: {}", ran.err);
            assert!(listing(place.folder.path()) == before, "{line} --store {store} left something");
        }
    }
    for store in ["outer", "a.csv"] {
        let ran = place.line(&format!("import bad.jsonl --store {store}"));
        assert!(ran.err.contains("holds something else than a trackstats store"), "{}", ran.err);
        assert!(listing(place.folder.path()) == before);
    }
    let ran = place.line("import bad.jsonl --store other");
    assert_eq!(ran.code, 1);
    assert_eq!(place.ok("export --store other"), lines);
    place.ok("record app/visits 1 --period day --date 2024-05-01 --zone Asia/Tokyo --store begun");
}

/// More objects than the rows of a span are held of, and in what order their statistics come.
#[test]
fn statistics_of_any_number_of_objects_come_by_date_and_then_by_object() {
    const OBJECTS: u64 = 33_000;
    let store = Store::in_memory().unwrap();
    // Within a span of 32 days, and at the beginning of the next one.
    let first = day("2024-05-05");
    let dates = [0, 1, 3, 40].map(|days| first + Days::new(days));
    let value = |id: u64| i64::try_from(id).unwrap();
    store
        .change(|change| {
            for (number, date) in dates.iter().enumerate() {
                let ids = (0..OBJECTS).filter(|id| number == 0 || id % 3 == number as u64 % 3);
                change
                    .record_all(ids.map(|id| (SALES.on(Period::Day, *date).of(user(id)), Some(value(id)))))?;
            }
            change.record(SALES.on(Period::Day, dates[0]).of(user(7).and("part", 1_u64)?), 1)
        })
        .unwrap();

    let short = |found: &Statistic| (found.date, found.object().cloned(), found.value);
    let of = |number: usize| {
        let ids = (0..OBJECTS).filter(move |id| number == 0 || id % 3 == number as u64 % 3);
        ids.map(move |id| (dates[number].into(), Some(user(id)), Some(value(id))))
    };
    let all: Vec<_> = (0..4).flat_map(of).collect();
    let series = store.series(SALES, Period::Day).by(["user"]);
    let read = |query: &SeriesQuery<'_>| -> Vec<_> { query.all().unwrap().iter().map(short).collect() };
    assert!(read(&series) == all);
    let mut backwards = read(&series.clone().newest_first());
    backwards.reverse();
    assert!(backwards == all);
    assert!(
        read(&series.clone().from(dates[1]).to(dates[2]))
            == [1, 2].into_iter().flat_map(of).collect::<Vec<_>>()
    );
    assert!(read(&series.clone().from(dates[2])) == [2, 3].into_iter().flat_map(of).collect::<Vec<_>>());
    assert!(read(&series.clone().to(dates[0]).newest_first()).len() == of(0).count());
    assert_eq!(read(&series.clone().from(dates[0] + Days::new(2)).to(dates[0] + Days::new(2))), []);
    let latest = series.clone().to(dates[2]).latest().unwrap().unwrap();
    assert_eq!(short(&latest), of(2).next_back().unwrap());
    let under = store.series(SALES, Period::Day).under(user(7)).all().unwrap();
    assert_eq!(under.len(), 3);
    let scanned = store.scan(&Prefix::everything()).map(Result::unwrap);
    assert!(scanned.map(|found| found.date).eq({
        let mut dates: Vec<_> = all.iter().map(|(date, ..)| *date).collect();
        dates.insert(0, dates[0]);
        dates
    }));
}

/// All rows of a span of dates were held at once.
#[test]
fn sixty_thousand_objects_with_long_ids_are_read_in_bounded_memory() {
    let place = Place::new();
    let mut content = b"at,user\n".to_vec();
    let name = "x".repeat(900);
    for id in 0..60_000 {
        writeln!(content, "2024-05-{:02},{id:05}{name}", id % 28 + 1).unwrap();
    }
    place.file("a.csv", &content);
    let ran = within(&place, 400, &format!("track a.csv {TRACK} --by user --today 2024-05-28"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(summary(&ran).ends_with("60028 statistics written"), "{}", ran.err);
    for (line, lines) in [
        ("export -o out.jsonl", 0),
        ("list --format csv", 3),
        ("show app/visits --period day --by user --format csv", 60_001),
    ] {
        // Most of it is sled's cache: reading the store through once, block by block, takes 100 MiB.
        let ran = within(&place, 128, line);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
        assert_eq!(ran.out.lines().count(), lines, "{line}");
    }
}

#[test]
fn more_objects_than_a_run_may_have_are_an_error_and_nothing_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    let tracker = |memory, most| {
        Tracker::count(SALES, |_: &u64| Timestamp::from_unix_seconds(1_700_000_000))
            .by("request", |id| Id::from(*id))
            .unwrap()
            .memory_bytes(memory)
            .most_objects(most)
    };
    for memory in [10_000, 64 << 20] {
        let records = || (0..3_000_u64).chain(0..3_000);
        let refused = tracker(memory, 2_999).append().run(&store, records()).unwrap_err();
        assert!(matches!(refused, Error::TooManyObjects { most: 2_999 }), "{refused}");
        assert_eq!(store.scan(&Prefix::everything()).count(), 0);
        let report = tracker(memory, 3_000).recompute().run(&store, records()).unwrap();
        assert_eq!(report.written, 3_001);
        store.delete_metric(SALES, Deletion::WithStatistics).unwrap();
    }
}
