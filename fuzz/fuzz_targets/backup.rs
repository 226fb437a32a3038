//! Any bytes are a backup or not; a backup that was changed is refused, or restored as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tempfile::TempDir;
use trackstats::{
    Domain, Error, Metric, Period, Store, Timestamp, Tracker,
    exchange::export,
    model::Id,
    store::{FixedClock, Flush, Prefix},
};

const EVENTS: Metric<'static> = Metric::new(Domain::new("a", "A"), "events", "Events");

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// A backup, and what its store exports.
static BACKUP: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let now = Timestamp::from_unix_seconds(1_711_900_000);
    let store = Store::options().clock(FixedClock(now)).flush(Flush::Explicit).in_memory().unwrap();
    let tracker = Tracker::count(EVENTS, |at: &i64| Timestamp::from_unix_seconds(*at))
        .periods([Period::Week, Period::Lifetime])
        .by("group", |at| Id::from(at.unsigned_abs() % 7))
        .unwrap();
    let events = (0..200).map(|number| 1_704_067_200 + number * 36_000);
    tracker.append().cursor("log", None, || vec![1, 2, 3]).run(&store, events).unwrap();
    let mut backup = Vec::new();
    store.write_backup(&mut backup).unwrap();
    (backup, exported(&store))
});

fn exported(store: &Store) -> Vec<u8> {
    let mut lines = Vec::new();
    export(store, &Prefix::everything(), &mut lines).unwrap();
    lines
}

/// `edits`: at this place, this many bytes are taken away, and these are put there. Without any, `bytes` is the backup.
type Input<'b> = (Vec<(u16, u8, &'b [u8])>, &'b [u8]);

fuzz_target!(|input: Input<'_>| {
    let (edits, bytes) = input;
    let mut backup = if edits.is_empty() { bytes.to_vec() } else { BACKUP.0.clone() };
    for (at, removed, put) in &edits {
        let at = usize::from(*at) % (backup.len() + 1);
        let end = (at + usize::from(*removed)).min(backup.len());
        backup.splice(at..end, put.iter().copied());
    }
    let path = FOLDER.path().join("restored");
    match Store::read_backup(backup.as_slice(), &path) {
        Err(Error::Backup { .. } | Error::Corrupt { .. } | Error::Format { .. }) => {
            assert!(!path.exists(), "something was left");
        }
        Err(error) => panic!("{error}"),
        Ok(_) => {
            {
                let store = Store::options().flush(Flush::Explicit).open(&path).unwrap();
                if !edits.is_empty() {
                    assert_eq!(exported(&store), BACKUP.1);
                }
                let mut again = Vec::new();
                store.write_backup(&mut again).unwrap();
            }
            std::fs::remove_dir_all(&path).unwrap();
        }
    }
});
