//! Any bytes are a file of records, CSV or JSON lines, or not. A file that grows, and is read as it does, comes to the
//! same as the whole file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::{fs, path::PathBuf, sync::LazyLock};
use tempfile::TempDir;
use trackstats::{
    Domain, Metric, Period, Store, Timestamp, Tracker,
    exchange::export,
    records::{Columns, Cursor, FileFormat, FileRecord, Numbers, Records, Source},
    store::{FixedClock, Flush, Prefix},
};

const METRIC: Metric<'static> = Metric::new(Domain::new("a", "A"), "sum", "Sum");

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn file() -> PathBuf {
    FOLDER.path().join("records")
}

fn store() -> Store {
    let now = Timestamp::from_unix_seconds(1_711_900_000);
    Store::options().clock(FixedClock(now)).flush(Flush::Explicit).in_memory().unwrap()
}

fn exported(store: &Store) -> String {
    let mut lines = Vec::new();
    export(store, &Prefix::everything(), &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

/// Tracks the file, from where the store's cursor says if it is appended from.
fn track(store: &Store, format: FileFormat, append: bool) -> Result<(), String> {
    let mut columns = Columns::new("t").number("v", Numbers::Whole);
    let group = ["g", "h"].map(|column| columns.id(column));
    let tracker: Tracker<'_, FileRecord> = Tracker::new(METRIC, FileRecord::at, FileRecord::whole)
        .periods([Period::Hour])
        .by_parts(["g", "h"], |record: &FileRecord, ids| {
            if group.iter().all(|place| record.id(*place).is_some()) {
                group.iter().filter_map(|place| record.id(*place)).for_each(|id| ids.push(id));
            }
        })
        .unwrap();
    let options = Source::options().format(format).growing(append);
    let source = options.open(&file(), &columns).map_err(|error| error.to_string())?;
    let stored = store.cursor("files").unwrap();
    let cursor = stored.as_deref().map_or_else(Cursor::default, |bytes| Cursor::decode(bytes).unwrap());
    let mut records = Records::new([source], columns, store.calendar()).unwrap();
    if append {
        records = records.go_on(cursor).map_err(|error| error.to_string())?;
    }
    let outcome = records.outcome();
    let done = if append {
        let to = || outcome.cursor().encode();
        tracker.append().cursor("files", stored.as_deref(), to).run_results(store, records)
    } else {
        tracker.recompute().run_results(store, records)
    };
    done.map(drop).map_err(|error| error.to_string())
}

fuzz_target!(|input: (bool, u16, &[u8])| {
    let (json, cut, bytes) = input;
    let format = if json { FileFormat::Jsonl } else { FileFormat::Csv };
    let whole = store();
    fs::write(file(), bytes).unwrap();
    let tracked = track(&store(), format, false);
    let appended = track(&whole, format, true);
    if appended.is_ok() {
        let again = exported(&whole);
        track(&whole, format, true).unwrap();
        assert_eq!(exported(&whole), again, "nothing is counted twice");
    }
    // What ends with a line's end is read to its end both ways.
    if bytes.ends_with(b"\n") && tracked.is_ok() && appended.is_ok() {
        let recomputed = store();
        track(&recomputed, format, false).unwrap();
        assert_eq!(exported(&recomputed), exported(&whole));
    }
    let growing = store();
    let cut = usize::from(cut) % (bytes.len() + 1);
    fs::write(file(), &bytes[..cut]).unwrap();
    let first = track(&growing, format, true);
    fs::write(file(), bytes).unwrap();
    let second = track(&growing, format, true);
    if first.is_ok() && second.is_ok() && appended.is_ok() {
        assert_eq!(exported(&growing), exported(&whole), "cut at {cut}");
    }
});
