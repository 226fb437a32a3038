//! Backing up, restoring, compacting and recovering stores, with real files.

#![cfg(all(feature = "backup", feature = "exchange"))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;

use common::{CENTS, Random, SALES, day, exported, user};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};
use trackstats::{
    Calendar, Error, Period, Store, Timestamp, Tracker,
    chrono::Days,
    store::{Deletion, Prefix},
};

/// A store with rows of all kinds, a cursor and tracked periods.
fn filled(path: &Path) -> Store {
    let store = Store::options().calendar(Calendar::new("Asia/Kathmandu").unwrap()).open(path).unwrap();
    store
        .change(|change| {
            for number in 0..700 {
                let date = day("2024-01-01") + Days::new(number % 70);
                change
                    .record(SALES.on(Period::Day, date).of(user(number)), i64::try_from(number).unwrap())?;
            }
            change.record_missing(SALES.on(Period::Month, day("2024-01-01")))
        })
        .unwrap();
    append(&store, 0, 100);
    store
}

fn append(store: &Store, from: i64, to: i64) {
    let tracker = Tracker::count(CENTS, |at: &i64| Timestamp::from_unix_seconds(*at))
        .periods([Period::Week, Period::Lifetime]);
    let stored = store.cursor("log").unwrap();
    let to_bytes = || to.to_le_bytes().to_vec();
    let records = (from..to).map(|number| 1_704_067_200 + number * 40_000);
    tracker.append().cursor("log", stored.as_deref(), to_bytes).run(store, records).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

// Backups

#[test]
fn a_restored_store_is_the_store_that_was_backed_up_and_goes_on_like_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = filled(&path("store"));
    let report = store.backup(path("backup")).unwrap();
    assert_eq!(report.entries, store.verify().unwrap().entries);
    assert_eq!(names(folder.path()), ["backup", "store"], "nothing else is left");
    let lifetimes = |store: &Store| store.series(CENTS, Period::Lifetime).all().unwrap();
    let (before, lifetimes_before) = (exported(&store), lifetimes(&store));
    append(&store, 100, 120);

    assert_eq!(Store::restore(path("backup"), path("new")).unwrap(), report);
    let restored = Store::open(path("new")).unwrap();
    assert_eq!((exported(&restored), lifetimes(&restored)), (before, lifetimes_before));
    assert_eq!(restored.cursor("log").unwrap().unwrap(), 100_i64.to_le_bytes());
    assert_eq!(restored.calendar(), store.calendar());
    append(&restored, 100, 120);
    assert_eq!((exported(&restored), lifetimes(&restored)), (exported(&store), lifetimes(&store)));
}

#[test]
fn a_store_in_memory_can_be_backed_up_and_the_backup_of_the_restored_store_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::in_memory().unwrap();
    append(&store, 0, 50);
    let mut backup = Vec::new();
    store.write_backup(&mut backup).unwrap();
    Store::read_backup(backup.as_slice(), folder.path()).unwrap();
    let mut again = Vec::new();
    Store::open(folder.path()).unwrap().write_backup(&mut again).unwrap();
    assert_eq!(again, backup);
}

#[test]
fn a_backup_is_of_one_moment_while_the_store_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                number += 1;
                store
                    .change(|change| {
                        // Every other change is too large for one batch.
                        for object in 0..if number % 2 == 0 { 5 } else { 600 } {
                            change
                                .record(SALES.on(Period::Day, day("2024-01-01")).of(user(object)), number)?;
                        }
                        change.record(CENTS.on(Period::Day, day("2024-01-01")), number)
                    })
                    .unwrap();
            }
        });
        for round in 0..8 {
            let copy = folder.path().join(format!("copy {round}"));
            let mut backup = Vec::new();
            store.write_backup(&mut backup).unwrap();
            Store::read_backup(backup.as_slice(), &copy).unwrap();
            let copy = Store::open(&copy).unwrap();
            let of = |object| copy.get(&SALES.on(Period::Day, day("2024-01-01")).of(user(object))).unwrap();
            let whole = copy.get(&CENTS.on(Period::Day, day("2024-01-01"))).unwrap().map(|found| found.value);
            for object in 0..5 {
                assert_eq!(of(object).map(|found| found.value), whole);
            }
            let last: Vec<_> = (5..600).map(|object| of(object).map(|found| found.value)).collect();
            assert!(last.iter().all(|value| *value == last[0]), "half of a large change");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_damaged_backup_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("store"));
    let mut backup = Vec::new();
    store.write_backup(&mut backup).unwrap();
    let new = folder.path().join("new");
    let refused = |bytes: &[u8], how: &str| {
        let error = Store::read_backup(bytes, &new).unwrap_err();
        assert!(matches!(&error, Error::Backup { .. }), "{how}: {error}");
        assert!(!new.exists(), "{how}: something was left");
    };
    for length in (0..backup.len()).step_by(1 + backup.len() / 60).chain([backup.len() - 1]) {
        refused(&backup[..length], &format!("cut to {length}"));
    }
    let mut random = Random(7);
    for _ in 0..150 {
        let mut damaged = backup.clone();
        let at = usize::try_from(random.below(backup.len() as u64)).unwrap();
        damaged[at] ^= 1 << random.below(8);
        // The head of the frame has bits that mean nothing to a reader.
        if let Err(error) = Store::read_backup(damaged.as_slice(), &new) {
            assert!(matches!(&error, Error::Backup { .. }), "a bit of {at}: {error}");
            assert!(!new.exists(), "something was left");
        } else {
            assert_eq!(exported(&Store::open(&new).unwrap()), exported(&store), "a bit of {at}");
            fs::remove_dir_all(&new).unwrap();
        }
    }
    refused(&[&backup[..], b"more"].concat(), "a longer one");
    refused(b"trackstats backup, format 2\n", "a newer one");
    refused(b"something else", "something else");
    refused(b"", "an empty one");
}

#[test]
fn a_backup_is_restored_into_an_empty_place_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = filled(&path("store"));
    store.backup(path("backup")).unwrap();
    let before = exported(&store);
    let restore = |name: &str| Store::restore(path("backup"), path(name)).unwrap_err();
    assert!(matches!(restore("store"), Error::StoreExists { .. }));
    drop(store);
    assert!(matches!(restore("store"), Error::StoreExists { .. }));
    assert_eq!(exported(&Store::open(path("store")).unwrap()), before);
    fs::create_dir(path("other")).unwrap();
    fs::write(path("other").join("letter"), "Dear").unwrap();
    assert!(matches!(restore("other"), Error::NotAStore { .. }));
    assert!(matches!(restore("backup"), Error::NotAStore { .. }));
    assert_eq!(names(&path("other")), ["letter"]);
    fs::create_dir(path("empty")).unwrap();
    Store::restore(path("backup"), path("empty")).unwrap();
    let absent = Store::restore(path("absent"), path("new")).unwrap_err();
    assert!(matches!(&absent, Error::Io { path: named, .. } if *named == path("absent")), "{absent}");
}

#[test]
fn a_backup_that_fails_leaves_the_one_before() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("store"));
    assert!(matches!(store.write_backup(Full), Err(Error::Io { .. })));
    let refused = |path: &Path| {
        let error = store.backup(path).unwrap_err();
        assert!(matches!(&error, Error::Io { path: named, .. } if named == path), "{error:?}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    };
    refused(&folder.path().join("absent/backup"));
    fs::create_dir_all(folder.path().join("folder/in the way")).unwrap();
    refused(&folder.path().join("folder"));
    assert_eq!(names(folder.path()), ["folder", "store"]);
    #[cfg(unix)]
    {
        let device = folder.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        refused(&device);
        assert!(device.is_symlink());
        fs::remove_file(device).unwrap();
    }

    // So long a name that no file can be made beside it; a full disk is in tests/trouble.rs.
    let backup = folder.path().join("b".repeat(255));
    store.backup(folder.path().join("backup")).unwrap();
    fs::rename(folder.path().join("backup"), &backup).unwrap();
    let before = fs::read(&backup).unwrap();
    append(&store, 100, 120);
    refused(&backup);
    assert_eq!(fs::read(&backup).unwrap(), before);
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn a_backup_takes_no_file_of_the_users_own_away() {
    // A file of the backup's name with `.new` was written over, and then renamed away.
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = filled(&path("store"));
    let first = format!("backup.{}-0.new", std::process::id());
    let own = ["backup.new", &first];
    for name in own {
        fs::write(path(name), "Dear").unwrap();
    }
    for round in 0..2 {
        append(&store, 100 + round, 101 + round);
        store.backup(path("backup")).unwrap();
        for name in own {
            assert_eq!(fs::read(path(name)).unwrap(), b"Dear");
        }
        assert_eq!(names(folder.path()), ["backup", &first, "backup.new", "store"]);
    }
    Store::restore(path("backup"), path("restored")).unwrap();
    assert_eq!(exported(&Store::open(path("restored")).unwrap()), exported(&store));
}

// Compaction

#[test]
fn a_compacted_store_has_the_same_and_takes_less() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    for round in 0..30 {
        let date = day("2024-01-01");
        let statistics = (0..700).map(|number| (SALES.on(Period::Day, date).of(user(number)), Some(round)));
        store.change(|change| change.record_all(statistics)).unwrap();
        store.flush().unwrap();
    }
    let before = exported(&store);
    let reading = store.scan(&Prefix::everything());
    let compaction = store.compact().unwrap();
    assert!(compaction.after <= compaction.before, "{compaction:?}");
    assert_eq!(names(folder.path()).len(), 4, "a checkpoint, a journal, an index, a lock");
    assert_eq!(reading.count(), store.scan(&Prefix::everything()).count());
    assert_eq!(exported(&store), before);
    append(&store, 100, 120);
    let after = exported(&store);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(exported(&store), after);
    store.compact().unwrap();
    assert_eq!(exported(&store), after);
}

#[test]
fn a_store_of_which_much_was_deleted_is_compacted_into_less() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let date = day("2024-01-01");
    let many = (0..200_000).map(|n| (CENTS.on(Period::Day, date).of(user(n * 7_919)), Some(1)));
    store.change(|change| change.record_all(many)).unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    store.delete_metric(CENTS, Deletion::WithStatistics).unwrap();
    let before = exported(&store);
    let compaction = store.compact().unwrap();
    assert!(compaction.after < compaction.before / 2, "{compaction:?}");
    assert_eq!(exported(&store), before);
}

#[test]
fn a_store_is_read_and_written_while_it_is_compacted() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let before = store.series(CENTS, Period::Lifetime).points().unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..300 {
                store.record(SALES.on(Period::Day, day("2025-01-01")), number).unwrap();
            }
        });
        let reader = scope.spawn(|| {
            for _ in 0..300 {
                assert_eq!(store.series(CENTS, Period::Lifetime).points().unwrap(), before);
            }
        });
        for _ in 0..10 {
            store.compact().unwrap();
        }
        writer.join().unwrap();
        reader.join().unwrap();
    });
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let found = store.get(&SALES.on(Period::Day, day("2025-01-01"))).unwrap().unwrap();
    assert_eq!(found.value, Some(299));
}

#[test]
fn a_change_can_not_compact_its_own_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let refused = store.change(|change| change.store().compact().map(drop));
    assert!(matches!(refused, Err(Error::NestedChange)));
    assert_eq!(Store::in_memory().unwrap().compact().unwrap().after, 0);
}

#[test]
fn a_checkpoint_and_an_index_that_were_never_finished_are_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let before = exported(&store);
    drop(store);
    fs::create_dir(folder.path().join("sled-99")).unwrap();
    fs::write(folder.path().join("checkpoint-99.new"), "half").unwrap();
    assert_eq!(exported(&Store::open(folder.path()).unwrap()), before);
    assert!(!folder.path().join("sled-99").exists() && !folder.path().join("checkpoint-99.new").exists());
}

/// The path of the only file or folder whose name begins so.
fn only(folder: &Path, beginning: &str) -> PathBuf {
    let found: Vec<String> = names(folder).into_iter().filter(|name| name.starts_with(beginning)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    folder.join(&found[0])
}

fn remove(path: &Path) {
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}

#[test]
fn any_one_file_that_is_lost_or_damaged_costs_nothing() {
    for lost in ["checkpoint-", "journal-", "sled-", "closed"] {
        for damage in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let store = filled(folder.path());
            let before = exported(&store);
            drop(store);
            let path = only(folder.path(), lost);
            if damage && path.is_file() {
                fs::write(&path, "damaged").unwrap();
            } else {
                remove(&path);
            }
            for _ in 0..2 {
                assert_eq!(exported(&Store::open(folder.path()).unwrap()), before, "{lost} {damage}");
            }
            // What is made anew is enough by itself.
            for rest in ["sled-", "closed"] {
                remove(&only(folder.path(), rest));
            }
            assert_eq!(exported(&Store::open(folder.path()).unwrap()), before, "{lost} {damage}");
        }
    }
}

// Recover

#[test]
fn of_two_files_that_are_lost_everything_is_recovered_that_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (damaged, new) = (folder.path().join("damaged"), folder.path().join("new"));
    let store = filled(&damaged);
    let before = exported(&store);
    drop(store);
    remove(&only(&damaged, "checkpoint-"));
    remove(&only(&damaged, "closed"));
    for _ in 0..2 {
        let error = Store::open(&damaged).unwrap_err();
        assert!(matches!(&error, Error::Corrupt { .. }), "{error}");
    }
    let report = Store::recover(&damaged, &new, None).unwrap();
    assert_eq!(
        report.missing,
        ["its index may be older than its last changes", "its checkpoint is not there"]
    );
    assert!(report.unregistered.is_empty() && report.registered_again.is_empty(), "{report:?}");
    assert_eq!(exported(&Store::open(&new).unwrap()), before);
    assert!(matches!(Store::recover(&damaged, &new, None), Err(Error::StoreExists { .. })));
}

#[test]
fn there_must_be_something_to_recover() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let absent = Store::recover(folder.path().join("absent"), &new, None).unwrap_err();
    assert!(matches!(&absent, Error::NoStore { .. }), "{absent}");
    fs::create_dir(folder.path().join("empty")).unwrap();
    let empty = Store::recover(folder.path().join("empty"), &new, None).unwrap_err();
    assert!(matches!(&empty, Error::NoStore { .. }), "{empty}");
    let store = filled(&folder.path().join("store"));
    let open = Store::recover(folder.path().join("store"), &new, None).unwrap_err();
    assert!(matches!(&open, Error::Locked { .. }), "{open}");
    drop(store);
    assert!(!new.exists());
}
