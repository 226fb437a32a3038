//! Stores and backups that older versions wrote: each version opens them all.
//!
//! `tests/fixtures/format-N` has a closed store of format N, a backup of it, and what it exports. The database's file is
//! compressed as an LZ4 frame, since it is mostly zeros. The fixture of the format that this version writes is made by
//! the one test that is ignored:
//!
//! `cargo test --all-features --test format -- --ignored`
//!
//! Before the first release it is made anew whenever what is written changes, sled's segment size included; after it,
//! never again. Format 1 was never released.

#![cfg(all(feature = "backup", feature = "exchange"))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use chrono::{NaiveTime, Weekday};
use common::{CENTS, SALES, TILL, copy_folder, day, exported, files, user};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use trackstats::{
    Calendar, Error, Metric, Object, Period, Result, Store, Timestamp, Tracker, chrono,
    kinds::{Distinct, Max, MergeError, Min, Value},
    model::{Date, Id},
    store::{FixedClock, Flush, Options},
};
use twox_hash::XxHash3_64;

const COLDEST: Metric<'static, Min> = Metric::new(TILL, "coldest", "Coldest");
const HIGHEST: Metric<'static, Max> =
    Metric::new(TILL, "highest", "Highest").describe("Of a day's receipts.");
const TAKINGS: Metric<'static, Takings> = Metric::new(TILL, "takings", "Takings").describe("In cents.");
const VISITORS: Metric<'static, Distinct> = Metric::new(TILL, "visitors", "Visitors");
const VISITS: Metric<'static> = Metric::new(TILL, "visits", "Visits");

/// A user's own type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Takings {
    cash: u64,
    card: Option<i32>,
    by: String,
}

impl Value for Takings {
    const KIND: &'static str = "takings";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.cash += other.cash;
        Ok(())
    }
}

fn calendar() -> Calendar {
    let calendar = Calendar::new("America/New_York").unwrap().weeks_from(Weekday::Sun);
    let four = NaiveTime::from_hms_opt(4, 0, 0).unwrap();
    calendar.days_from(four).unwrap().months_from(15).unwrap()
}

/// A fixture's present: noon on 30 March 2024.
fn options() -> Options {
    Store::options().clock(FixedClock(Timestamp::from_unix_seconds(1_711_814_400))).flush(Flush::Explicit)
}

fn visits() -> Tracker<'static, i64> {
    Tracker::count(VISITS, |at: &i64| Timestamp::from_unix_seconds(*at))
        .by("door", |at| Id::from(at.unsigned_abs() % 2))
        .unwrap()
        .periods([Period::Hour, Period::Week, Period::Month, Period::LastDays(7), Period::Lifetime])
}

fn append(store: &Store, from: i64, to: i64) {
    let stored = store.cursor("visits").unwrap();
    let appended = visits()
        .append()
        .cursor("visits", stored.as_deref(), || to.to_le_bytes().to_vec())
        .run(store, (from..to).map(|number| 1_710_000_000 + number * 31_000));
    appended.unwrap();
}

/// Writes blocks and records of every kind.
fn fill(store: &Store) -> Result<()> {
    let date = |number: u64| day("2024-01-01") + chrono::Days::new(number);
    store.change(|change| {
        // Of each width, and around day 0.
        for (number, wide) in (0..).zip([0, 1 << 8, 1 << 16, 1 << 24, 1 << 32, 1 << 40, 1 << 48, 1 << 56]) {
            change.record(SALES.on(Period::Day, date(number * 64)), -3)?;
            change.record(SALES.on(Period::Day, date(number * 64 + 1)), wide)?;
        }
        // One slot, a few, a run and many; some missing.
        for (object, step, count) in [("one", 1, 1), ("few", 3, 4), ("run", 1, 30), ("many", 2, 30)] {
            for place in 0..count {
                let key = SALES.on(Period::Day, date(place * step)).of(Object::new("which", object)?);
                if place == 3 { change.record_missing(key)? } else { change.record(key, 5)? }
            }
        }
        // More objects than a block has room for, and rows larger than a block should be.
        for id in 100..400 {
            change.record(CENTS.on(Period::Day, day("2024-05-17")).of(user(id)), 2)?;
            change.record(VISITORS.on(Period::Day, day("2024-05-17")).of(user(id)), Distinct::of(id))?;
        }
        let mut many = Distinct::default();
        for number in 0..2_000_u64 {
            many.merge(&Distinct::of(number)).unwrap();
        }
        change.record(VISITORS.on(Period::Day, day("2024-05-17")), many.clone())?;
        change.record(VISITORS.on(Period::Day, day("2024-05-17")).of(user(200)), many)?;
        change.record(SALES.on(Period::Day, day("1969-12-31")), i64::MAX)?;
        change.record(SALES.on(Period::Day, day("1970-01-01")), i64::MIN)?;
        change.record(SALES.on(Period::Day, day("0001-01-01")), 1)?;
        change.record(SALES.on(Period::Day, day("9999-12-31")), 2)?;
        change.record_missing(SALES.on(Period::Day, day("2024-01-03")))?;
        change.record_missing(SALES.on(Period::Year, day("2023-01-15")))?;
        for hour in [0, 5, 24] {
            change.record(SALES.on(Period::Hour, Date::with_hour(day("2024-11-02"), hour)), hour.into())?;
        }
        for period in [Period::Week, Period::Month, Period::Quarter, Period::Year, Period::Lifetime] {
            change.record(SALES.on(period, day("2024-05-17")), 9)?;
        }
        change.record(SALES.on(Period::LastDays(28), day("2024-05-17")), 10)?;
        change.record(SALES.on(Period::LastDays(u16::MAX), day("2024-05-17")), 11)?;

        let country = Object::new("country", "nl")?;
        for object in [
            user(7),
            user(u64::MAX),
            Object::new("user", "7")?,
            Object::new("user", "")?,
            Object::new("user", "a\0b\u{1}é")?,
            country.clone(),
            country.and("province", "ut")?,
            country.and("province", "ut")?.and("city", 3)?.and("city", "3")?,
        ] {
            change.record(CENTS.on(Period::Day, day("2024-05-17")).of(&object), 1)?;
            change.record_missing(CENTS.on(Period::Month, day("2024-05-17")).of(object))?;
        }

        change.record(COLDEST.on(Period::Day, day("2024-01-01")), Min(-4))?;
        change.record(HIGHEST.on(Period::Day, day("2024-01-01")), Max(1_990))?;
        let takings = |by: &str| Takings { cash: 300, card: Some(-1), by: by.to_owned() };
        change.record(TAKINGS.on(Period::Day, day("2024-01-01")), takings("Ann"))?;
        change.record(TAKINGS.on(Period::Day, day("2024-01-02")), Takings { card: None, ..takings("") })?;
        change.record_missing(TAKINGS.on(Period::Day, day("2024-01-03")))?;
        change.record(TAKINGS.on(Period::Day, day("2024-01-01")).of(user(7)), takings("Bob"))?;
        for hour in [1, 2] {
            let date = Date::with_hour(day("2024-01-01"), hour);
            change.record(TAKINGS.on(Period::Hour, date), takings("Ann"))?;
        }
        Ok(())
    })?;
    // Of a long text.
    store.record(TAKINGS.on(Period::Week, day("2024-01-01")), {
        Takings { cash: u64::MAX, card: None, by: "long ".repeat(400) }
    })?;
    append(store, 0, 50);
    let left_out =
        Tracker::count(SALES, |at: &i64| Timestamp::from_unix_seconds(*at)).periods([Period::Week]);
    left_out.recompute().current(false).run(store, [1_711_800_000])?;
    store.delete(&SALES.on(Period::Day, day("2024-01-02")))?;
    Ok(())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Replaces each database file by a compressed one.
fn pack(folder: &Path) {
    for file in files(folder).iter().filter(|file| file.ends_with("db")) {
        let mut encoder = FrameEncoder::new(File::create(file.with_extension("lz4")).unwrap());
        io::copy(&mut File::open(file).unwrap(), &mut encoder).unwrap();
        encoder.finish().unwrap().flush().unwrap();
        fs::remove_file(file).unwrap();
    }
}

fn unpack(folder: &Path) {
    for file in files(folder).iter().filter(|file| file.ends_with("db.lz4")) {
        let mut decoder = FrameDecoder::new(File::open(file).unwrap());
        io::copy(&mut decoder, &mut File::create(file.with_extension("")).unwrap()).unwrap();
        fs::remove_file(file).unwrap();
    }
}

/// A fixture, in a folder of its own.
struct Fixture {
    folder: TempDir,
    exported: String,
}

impl Fixture {
    /// One of each format that there was.
    fn all() -> Vec<Self> {
        let mut folders: Vec<PathBuf> =
            fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        assert!(folders[0].ends_with("format-2"), "the first format is gone");
        folders.iter().map(|from| Self::of(from)).collect()
    }

    fn of(from: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(from, folder.path());
        unpack(folder.path());
        let exported = fs::read_to_string(from.join("export.jsonl")).unwrap();
        Self { folder, exported }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, name: &str) -> Store {
        options().create(false).open(self.path(name)).unwrap()
    }

    /// Whether a store has what the fixture's had, and can be written to, read and opened again.
    fn check(&self, name: &str) {
        let store = self.open(name);
        assert_eq!(exported(&store), self.exported);
        assert_eq!(*store.calendar(), calendar());
        assert_eq!(store.cursor("visits").unwrap().unwrap(), 50_i64.to_le_bytes());
        let found = store.get(&TAKINGS.on(Period::Day, day("2024-01-01"))).unwrap().unwrap();
        assert_eq!(found.value, Some(Takings { cash: 300, card: Some(-1), by: "Ann".to_owned() }));
        let lifetime = || store.series(VISITS, Period::Lifetime).latest().unwrap().unwrap();
        assert_eq!((lifetime().date, lifetime().value), (day("2024-03-30").into(), Some(50)));

        // Goes on where its last append was, and with the periods that were tracked.
        append(&store, 50, 60);
        assert_eq!(lifetime().value, Some(60));
        store.record(SALES.on(Period::Day, day("2024-01-02")), 12).unwrap();
        store.record(TAKINGS.on(Period::Day, day("2024-01-03")), found.value.unwrap()).unwrap();
        let after = exported(&store);
        assert_ne!(after, self.exported);
        drop(store);
        let store = self.open(name);
        assert_eq!(exported(&store), after);
        store.compact().unwrap();
        drop(store);
        assert_eq!(exported(&self.open(name)), after);
    }
}

/// This is how a fixture is made; for one of an older format there is no program any more that could.
#[test]
#[ignore = "it writes the fixture of the format that this version writes anew"]
fn the_fixture_of_the_newest_format_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = options().calendar(calendar()).open(path("store")).unwrap();
    fill(&store).unwrap();
    store.backup(path("backup")).unwrap();
    fs::write(path("export.jsonl"), exported(&store)).unwrap();
    drop(store);
    fs::remove_file(path("store/lock")).unwrap();
    pack(folder.path());

    let fixture = fixtures().join("format-2");
    if fixture.exists() {
        fs::remove_dir_all(&fixture).unwrap();
    }
    copy_folder(folder.path(), &fixture);
}

#[test]
fn stores_of_all_formats_are_opened_with_all_that_is_in_them_and_written_to() {
    for fixture in Fixture::all() {
        fixture.check("store");
    }
}

#[test]
fn backups_of_all_formats_are_restored_with_all_that_is_in_them() {
    for fixture in Fixture::all() {
        Store::restore(fixture.path("backup"), fixture.path("restored")).unwrap();
        fixture.check("restored");
    }
}

#[test]
fn stores_of_all_formats_are_recovered_whole() {
    for fixture in Fixture::all() {
        let report = Store::recover(fixture.path("store"), fixture.path("recovered"), None).unwrap();
        assert!(report.missing.is_empty(), "{report:?}");
        fixture.check("recovered");
    }
}

#[test]
fn this_version_still_writes_the_fixture_of_the_newest_format() {
    // A change of what is written, without a new format, would be misread by the versions before.
    let store = options().calendar(calendar()).in_memory().unwrap();
    fill(&store).unwrap();
    let newest = Fixture::all().pop().unwrap();
    assert_eq!(exported(&store), newest.exported);
    let mut backup = Vec::new();
    store.write_backup(&mut backup).unwrap();
    assert_eq!(entries(&backup), entries(&fs::read(newest.path("backup")).unwrap()));
}

/// The bytes of a backup's entries, without the store's own record, which names the version that wrote it.
fn entries(backup: &[u8]) -> Vec<u8> {
    let line = backup.iter().position(|byte| *byte == b'\n').unwrap();
    let mut entries = Vec::new();
    io::copy(&mut FrameDecoder::new(&backup[line + 1..]), &mut entries).unwrap();
    let length = |at: usize| u32::from_le_bytes(entries[at..at + 4].try_into().unwrap()) as usize;
    let key = 4 + length(0);
    let first = key + 4 + length(key);
    entries.split_off(first)
}

fn hash(key: &[u8], value: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(key), value)
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// The database of a store that was just closed: sled may hold its lock a moment longer, in a thread of its own. It must
/// be opened with the segment size that it was made with, the one in `src/storage/sled/database.rs`.
fn opened(path: &Path) -> sled::Db {
    for _ in 0..500 {
        match sled::Config::new().path(path).segment_size(64 << 10).open() {
            Err(sled::Error::Io(..)) => thread::sleep(Duration::from_millis(10)),
            opened => return opened.unwrap(),
        }
    }
    panic!("{} is still locked", path.display())
}

/// As `src/docs/format.md` draws them.
#[test]
fn the_index_has_each_value_with_its_checksum_and_the_closing_note_their_sum() {
    let folder = tempfile::tempdir().unwrap();
    let store = options().calendar(Calendar::default()).open(folder.path()).unwrap();
    store.record(SALES.on(Period::Day, day("2013-01-01")), 2).unwrap();
    drop(store);
    let (mut keys, mut sum) = (Vec::new(), 0_u64);
    for (key, bytes) in opened(&folder.path().join("sled-1")).iter().map(std::result::Result::unwrap) {
        let (value, checksum) = bytes.split_at(bytes.len() - 4);
        let expected = hash(&key, value);
        assert_eq!(checksum, &expected.to_le_bytes()[..4], "{}", hex(&key));
        sum = sum.wrapping_add(expected);
        keys.push(hex(&key));
    }
    let (domain, metric) = ("0174696c6c00", "0274696c6c0073616c657300");
    assert_eq!(keys, ["00", domain, metric, "1074696c6c0073616c6573002080003d40"]);
    let blocks = fs::read(folder.path().join("checkpoint-0")).unwrap();
    let checkpoint = blocks.chunks(64 << 10).fold(0, XxHash3_64::oneshot_with_seed);
    let title = "trackstats, closed";
    let text =
        format!("{title}\nfolder 1\nchange 1\nentries 4\nsum {sum:016x}\ncheckpoint {checkpoint:016x}\n");
    let checksum = hash(title.as_bytes(), text.as_bytes());
    let closed = fs::read_to_string(folder.path().join("closed")).unwrap();
    assert_eq!(closed, format!("{text}checksum {checksum:016x}\n"));
}

#[test]
fn a_store_of_a_newer_format_is_refused_with_both_formats_and_left_alone() {
    let fixture = Fixture::all().pop().unwrap();
    let path = fixture.path("store");
    let journal = files(&path).into_iter().find(|file| file.to_string_lossy().contains("journal-")).unwrap();
    let known = fs::read(&journal).unwrap();
    let mut newer = known.clone();
    let title = b"trackstats journal, format 2\n";
    assert!(newer.starts_with(title));
    newer[title.len() - 2] = b'3';
    let checksum = XxHash3_64::oneshot(&newer[..48]).to_le_bytes();
    newer[48..56].copy_from_slice(&checksum);
    fs::write(&journal, newer).unwrap();
    for _ in 0..2 {
        match options().open(&path).unwrap_err() {
            Error::Format { found: 3, known: 2, path: named } => assert_eq!(named, path),
            other => panic!("{other}"),
        }
    }
    fs::write(&journal, known).unwrap();
    fixture.check("store");
}
