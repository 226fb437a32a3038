//! A disk that is full, a folder that is gone or may not be written, no files left to open, a store that is open
//! elsewhere: an error says so, the process goes on, and what was flushed is there afterwards.
//!
//! What needs a limit or a file system of its own runs in a child process.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that fails may panic, and says why it is skipped"
)]

mod common;

use common::{CENTS, SALES, copy_folder, day, user};
use std::{
    env,
    fs::{self, File, Permissions},
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use trackstats::{
    Error, Period, Result, Store,
    chrono::Days,
    store::{Flush, Prefix},
};

/// What a child is told: the folder that it works in.
const CHILD: &str = "TRACKSTATS_TROUBLE_CHILD";

fn open(path: &Path, flush: Flush) -> Result<Store> {
    Store::options().flush(flush).cache_bytes(4 << 20).open(path)
}

/// A change of more rows than go into one batch, all of the same value.
fn large_change(store: &Store, value: i64) -> Result<()> {
    store.change(|change| {
        let date = day("2024-05-01");
        change.record_all((0..1_200).map(|id| (SALES.on(Period::Day, date).of(user(id)), Some(value))))?;
        change.record_all((0..1_200).map(|id| (CENTS.on(Period::Day, date).of(user(id)), Some(value))))
    })
}

/// The one value of all rows of the large change, 0 if there are none.
fn large_value(store: &Store) -> Result<i64> {
    let mut values = Vec::new();
    for statistic in store.scan(&Prefix::everything()) {
        let statistic = statistic?;
        if statistic.object().is_some() && statistic.series.period() == Period::Day {
            values.push(statistic.value.clone());
        }
    }
    let first = values.first().cloned();
    assert!(values.is_empty() || values.len() == 2_400, "{} rows", values.len());
    assert!(values.iter().all(|value| Some(value) == first.as_ref()), "half a change is there");
    store
        .get(&SALES.on(Period::Day, day("2024-05-01")).of(user(0)))
        .map(|found| found.and_then(|statistic| statistic.value).unwrap_or(0))
}

/// Whether an error names the store and one of these causes.
fn tells(error: &Error, path: &Path, causes: &[i32]) -> bool {
    let (Error::Io { path: named, source, .. } | Error::Stopped { path: named, source }) = error else {
        return false;
    };
    named.starts_with(path) && source.raw_os_error().is_some_and(|code| causes.contains(&code))
}

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;
const EFBIG: i32 = 27;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// Writes until the disk is full, goes on for a while, and opens the store again once `make_room` was called.
fn fill(path: &Path, flush: Flush, limits: &[i32], make_room: impl FnOnce()) {
    let store = open(path, flush).unwrap();
    let first = day("1990-01-01");
    let (mut days, mut flushed_days, mut large, mut flushed_large) = (0, 0, 0, 0);
    let mut stop = || -> Result<()> {
        loop {
            for _ in 0..50 {
                store.record(SALES.on(Period::Day, first + Days::new(days)), 1)?;
                days += 1;
                if flush == Flush::Always {
                    flushed_days = days;
                }
            }
            large_change(&store, large + 1)?;
            large += 1;
            // sled writes over what was replaced; this is new.
            let new = 10_000 + large.unsigned_abs() * 500;
            store.change(|change| {
                change.record_all(
                    (new..new + 500).map(|id| (SALES.on(Period::Week, first).of(user(id)), Some(1))),
                )
            })?;
            if !matches!(flush, Flush::Every(_)) {
                store.flush()?;
                (flushed_days, flushed_large) = (days, large);
            }
        }
    };
    let error = stop().unwrap_err();
    assert!(tells(&error, path, limits), "{error:?}");
    assert!(
        !matches!(error, Error::Stopped { .. }) || error.to_string().contains("open it again"),
        "{error}"
    );
    // The process goes on: whatever is tried now, an error says why not, and what can be read is no half change.
    for _ in 0..3 {
        for outcome in [
            store.record(SALES.on(Period::Day, first), 1),
            large_change(&store, large + 2),
            store.flush(),
            large_value(&store).map(drop),
        ] {
            if let Err(error) = outcome {
                assert!(tells(&error, path, limits), "{error:?}");
            }
        }
        // The journal may have had room for all of it.
        if store.flush().is_ok() {
            (flushed_days, flushed_large) = (days, large);
        }
    }
    // There may be enough for a compaction, which makes up for it.
    match store.compact() {
        Ok(_) => store.flush().unwrap(),
        Err(error) => assert!(tells(&error, path, limits), "{error:?}"),
    }
    drop(store);
    // Opening it on the full disk works, or says why not.
    if let Err(error) = open(path, flush) {
        assert!(tells(&error, path, limits), "{error:?}");
    }
    make_room();
    let store = open(path, flush).unwrap();
    let there = store.series(SALES, Period::Day).points().unwrap();
    let there = there.len() as u64;
    assert!(there >= flushed_days, "{flushed_days} days were flushed, {there} are there");
    let value = large_value(&store).unwrap();
    assert!(value >= flushed_large, "change {flushed_large} was flushed, {value} is there");
    large_change(&store, 1_000).unwrap();
    store.compact().unwrap();
    store.flush().unwrap();
    drop(store);
    assert_eq!(large_value(&open(path, flush).unwrap()).unwrap(), 1_000);
    assert_eq!(fs::read_dir(path).unwrap().count(), 5, "something was left behind");
}

const FLUSHES: [Flush; 3] = [Flush::Always, Flush::Explicit, Flush::Every(Duration::from_millis(5))];

/// Runs an ignored test of this file in a shell that has done something first.
fn run(test: &str, folder: &Path, first: &str, shell: &mut Command) {
    let program = env::current_exe().unwrap();
    let line = format!(r#"{first} exec "$0" --exact {test} --ignored --nocapture"#);
    let output = shell.args(["-c", &line]).arg(program).env(CHILD, folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    assert!(said.contains("1 passed"), "{said}");
}

fn told() -> Option<PathBuf> {
    env::var_os(CHILD).map(PathBuf::from)
}

#[test]
fn a_file_that_may_not_grow_stops_the_store_and_loses_nothing_that_was_flushed() {
    // In blocks of 512 bytes. A limit may fall on any place of a segment of the log, which has 64 KiB: its
    // beginning, just behind that, and its middle.
    for blocks in [900, 1_500, 2_048, 3_391] {
        let folder = tempfile::tempdir().unwrap();
        // The soft limit only, which the child may lift again.
        let limit = format!("trap '' XFSZ; ulimit -S -f {blocks};");
        run("limited", folder.path(), &limit, &mut Command::new("sh"));
    }
}

#[test]
#[ignore = "it is what another test runs with a limit on the size of files"]
fn limited() {
    let Some(folder) = told() else { return };
    for (number, flush) in FLUSHES.into_iter().enumerate() {
        let path = folder.join(format!("store {number}"));
        // The limit itself can't be lifted without unsafe code, but by another program.
        let lift = |limit: &str| {
            let pid = std::process::id().to_string();
            let status = Command::new("prlimit").args(["--pid", &pid, limit]).status();
            status.is_ok_and(|status| status.success())
        };
        let output = Command::new("sh").args(["-c", "ulimit -S -f"]).output().unwrap();
        let blocks: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        fill(&path, flush, &[EFBIG], || assert!(lift("--fsize=unlimited:"), "prlimit is needed"));
        assert!(lift(&format!("--fsize={}:", blocks * 512)));
    }
}

#[cfg(feature = "backup")]
#[test]
fn a_backup_that_has_no_room_names_its_file_and_leaves_the_one_before() {
    // The error named "the backup", whichever it was.
    let folder = tempfile::tempdir().unwrap();
    // Of 512 bytes: room for the first backup, not for the second.
    let limit = "trap '' XFSZ; ulimit -S -f 8;";
    run("backup_without_room", folder.path(), limit, &mut Command::new("sh"));
}

#[cfg(feature = "backup")]
#[test]
#[ignore = "it is what another test runs with a limit on the size of files"]
fn backup_without_room() {
    let Some(folder) = told() else { return };
    let backup = folder.join("backup");
    let store = Store::options().in_memory().unwrap();
    store.record(SALES.on(Period::Day, day("2024-05-01")), 1).unwrap();
    store.backup(&backup).unwrap();
    let before = fs::read(&backup).unwrap();
    // Values that look like chance: those that are all alike have room, packed and compressed.
    let values = (0..1_200_u64).map(|id| (id, id.wrapping_mul(0x9e37_79b9_7f4a_7c15).cast_signed()));
    let date = day("2024-05-01");
    store
        .change(|change| {
            change
                .record_all(values.map(|(id, value)| (SALES.on(Period::Day, date).of(user(id)), Some(value))))
        })
        .unwrap();
    let error = store.backup(&backup).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if *path == backup), "{error:?}");
    assert!(tells(&error, &backup, &[EFBIG]), "{error:?}");
    assert!(error.to_string().contains(&backup.display().to_string()), "{error}");
    assert_eq!(fs::read(&backup).unwrap(), before);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "something was left behind");
}

/// Whether this system lets us mount file systems of our own, as root or in a namespace.
fn may_mount() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs tmpfs '{}'", folder.path().display());
    let may = Command::new("unshare").args(["-rm", "sh", "-c", &mount]).stderr(Stdio::null()).status();
    let may = may.is_ok_and(|status| status.success());
    if !may {
        eprintln!("skipped: no file system can be mounted here without more rights");
    }
    may
}

/// Mounts the file system of a folder once more, with these options; in a namespace, those that it has may not be said
/// again.
fn remount(folder: &Path, options: &str) {
    let options = format!("remount,{options}");
    let arguments = ["--options-mode", "ignore", "-t", "tmpfs", "-o", &options, "tmpfs"];
    // sled's threads have a file open for a moment after the store is closed.
    let remounts = (0..200).map(|_| Command::new("mount").args(arguments).arg(folder).status().unwrap());
    let mut tried = remounts.inspect(|_| thread::sleep(Duration::from_millis(10)));
    assert!(tried.any(|status| status.success()), "{options}");
}

#[test]
fn a_full_disk_stops_the_store_and_loses_nothing_that_was_flushed() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for kib in [2_000, 3_000, 4_444] {
        let mount = format!("mount -t tmpfs -o size={kib}k tmpfs '{}';", folder.path().display());
        run("on_a_full_disk", folder.path(), &mount, Command::new("unshare").args(["-rm", "sh"]));
    }
}

#[test]
#[ignore = "it is what another test runs on a small disk"]
fn on_a_full_disk() {
    let Some(folder) = told() else { return };
    let remount = |options: &str| remount(&folder, options);
    let size = Command::new("stat").args(["-f", "-c", "%b %S"]).arg(&folder).output().unwrap();
    let size = String::from_utf8(size.stdout).unwrap();
    let bytes: u64 = size.split_whitespace().map(|number| number.parse::<u64>().unwrap()).product();
    for flush in FLUSHES {
        let path = folder.join("store");
        fill(&path, flush, &[ENOSPC], || remount("size=64m"));
        fs::remove_dir_all(&path).unwrap();
        remount(&format!("size={bytes}"));
    }
}

/// The message was that of a store that is open, and an export was written over the one before.
#[cfg(feature = "cli")]
#[test]
fn a_restore_and_an_export_on_a_full_disk_leave_nothing_and_say_so() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=300k tmpfs '{}';", folder.path().display());
    run("without_room", folder.path(), &mount, Command::new("unshare").args(["-rm", "sh"]));
}

#[cfg(feature = "cli")]
#[test]
#[ignore = "it is what another test runs on a small disk"]
fn without_room() {
    let Some(small) = told() else { return };
    let roomy = tempfile::tempdir().unwrap();
    let (store, backup) = (roomy.path().join("store"), roomy.path().join("backup"));
    let opened = open(&store, Flush::Explicit).unwrap();
    // More than the small disk has, also when it is compressed.
    let values = (0..40_000_u64).map(|id| (SALES.on(Period::Day, day("2024-05-01")).of(user(id)), id));
    let mixed = values.map(|(key, id)| (key, Some(id.wrapping_mul(0x9e37_79b9_7f4a_7c15).cast_signed())));
    opened.change(|change| change.record_all(mixed)).unwrap();
    opened.backup(&backup).unwrap();
    drop(opened);
    let (out, restored) = (small.join("out"), small.join("a/restored"));
    fs::write(&out, "the old one").unwrap();
    let names = || fs::read_dir(&small).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let program = |args: &[&str], paths: &[&Path]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_trackstats"));
        let output = program.args(args).args(paths).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let said = program(&["restore", "--store"], &[&restored, &backup]);
    let expected = format!(
        "trackstats: making a store at {} failed: No space left on device (os error 28); nothing is left of it: put that \
         right, by making room for instance, then do the same again\n",
        restored.display()
    );
    assert_eq!(said, (Some(1), expected));
    assert_eq!(names(), [&*out]);
    for format in ["jsonl", "csv"] {
        let (code, said) =
            program(&["export", "--format", format, "--store"], &[&store, Path::new("-o"), &out]);
        let expected = format!("trackstats: writing {} failed: ", out.display());
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with(&expected) && said.contains("No space left on device"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(fs::read(&out).unwrap(), b"the old one");
        assert_eq!(names(), [&*out]);
    }
}

#[test]
fn a_disk_that_can_only_be_read_is_an_error_that_names_it() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs tmpfs '{}';", folder.path().display());
    run(
        "on_a_disk_that_can_only_be_read",
        folder.path(),
        &mount,
        Command::new("unshare").args(["-rm", "sh"]),
    );
}

#[test]
#[ignore = "it is what another test runs on a disk of its own"]
fn on_a_disk_that_can_only_be_read() {
    let Some(folder) = told() else { return };
    let remount = |options: &str| remount(&folder, options);
    let path = folder.join("store");
    drop(large_change(&open(&path, Flush::Explicit).unwrap(), 1));
    remount("ro");
    for path in [path.clone(), folder.join("new")] {
        let error = open(&path, Flush::Explicit).unwrap_err();
        assert!(tells(&error, &path, &[EROFS]), "{error:?}");
    }
    let store = Store::options().read_only().open(&path).unwrap();
    assert_eq!(large_value(&store).unwrap(), 1);
    let shown = Command::new(env!("CARGO_BIN_EXE_trackstats"))
        .args(["show", "till/sales", "--period", "day", "--by", "user", "--store"])
        .arg(&path)
        .output()
        .unwrap();
    let (out, told) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
    assert!(shown.status.success() && !out.is_empty(), "{told}");
    assert!(told.contains("Read-only file system"), "{told}");
    assert!(told.contains("it is read into memory instead, and nothing is written"), "{told}");
    remount("rw");
    assert_eq!(large_value(&open(&path, Flush::Explicit).unwrap()).unwrap(), 1);
}

#[test]
fn a_folder_without_permission_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    large_change(&open(&path, Flush::Explicit).unwrap(), 1).unwrap();
    let mut changed = Vec::new();
    let mut all = vec![path.clone()];
    while let Some(path) = all.pop() {
        if path.is_dir() {
            all.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        changed.push(path);
    }
    // All of it, and each folder and file alone.
    for paths in [changed.clone()].into_iter().chain(changed.iter().map(|path| vec![path.clone()])) {
        for mode in [0o000, 0o444, 0o555] {
            let modes: Vec<Permissions> =
                paths.iter().map(|path| fs::metadata(path).unwrap().permissions()).collect();
            // What is in a folder first, since afterwards it can't be reached.
            for path in paths.iter().rev() {
                fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            }
            let is_root = File::options().write(true).open(path.join("lock")).is_ok() && paths.len() > 1;
            let opened = open(&path, Flush::Explicit).map(drop);
            for (path, mode) in paths.iter().zip(modes) {
                fs::set_permissions(path, mode).unwrap();
            }
            if is_root {
                eprintln!("skipped: root may do anything");
                return;
            }
            if let Err(error) = opened {
                assert!(tells(&error, &path, &[EACCES, EPERM]), "{paths:?} {mode:o}: {error:?}");
            }
            assert_eq!(large_value(&open(&path, Flush::Explicit).unwrap()).unwrap(), 1, "{paths:?} {mode:o}");
        }
    }
}

#[test]
fn without_files_to_open_a_store_says_so_and_is_sound_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    run("without_files", folder.path(), "ulimit -S -n 64;", &mut Command::new("sh"));
}

#[test]
#[ignore = "it is what another test runs with a limit on the number of files"]
fn without_files() {
    let Some(folder) = told() else { return };
    let path = folder.join("store");
    large_change(&open(&path, Flush::Explicit).unwrap(), 1).unwrap();
    let hold_all_but = |free: usize| {
        let mut held: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        held.truncate(held.len() - free);
        held
    };
    let mut refused = 0;
    for free in 0..12 {
        for path in [&path, &folder.join(format!("new {free}"))] {
            let held = hold_all_but(free);
            if let Err(error) = open(path, Flush::Explicit) {
                assert!(tells(&error, path, &[EMFILE]), "with {free} files: {error:?}");
                refused += 1;
            }
            drop(held);
            let new = *path != folder.join("store");
            assert_eq!(large_value(&open(path, Flush::Explicit).unwrap()).unwrap(), i64::from(!new));
        }
    }
    assert!(refused > 4, "{refused}");
    // A store that is open needs no more files, except for a compaction and the first flush.
    for free in 0..12 {
        let store = open(&path, Flush::Explicit).unwrap();
        let held = hold_all_but(free);
        large_change(&store, 2).unwrap();
        // Only the first flush opens one.
        if let Err(error) = store.flush() {
            assert!(tells(&error, &path, &[EMFILE]), "with {free} files: {error:?}");
        }
        if let Err(error) = store.compact() {
            assert!(tells(&error, &path, &[EMFILE]), "with {free} files: {error:?}");
        }
        drop(held);
        large_change(&store, 3).unwrap();
        store.flush().unwrap();
        drop(store);
        assert_eq!(large_value(&open(&path, Flush::Explicit).unwrap()).unwrap(), 3);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 5, "with {free} files, something was left behind");
    }
}

#[test]
fn a_folder_that_vanished_is_an_error_and_nothing_is_called_flushed() {
    for flush in FLUSHES {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("store"), folder.path().join("aside"));
        let store = open(&path, flush).unwrap();
        large_change(&store, 1).unwrap();
        store.flush().unwrap();
        fs::rename(&path, &aside).unwrap();
        let refused = |result: Result<()>| {
            let error = result.unwrap_err();
            assert!(tells(&error, &path, &[ENOENT]), "{error:?}");
        };
        refused(store.flush());
        refused(store.compact().map(drop));
        let recorded = |store: &Store| {
            let found = store.get(&SALES.on(Period::Day, day("2024-05-02"))).unwrap();
            found.and_then(|statistic| statistic.value)
        };
        if flush == Flush::Always {
            refused(store.record(SALES.on(Period::Day, day("2024-05-02")), 1));
            // Only its flush failed: it has happened.
            assert_eq!(recorded(&store), Some(1));
        }
        if matches!(flush, Flush::Every(_)) {
            // As soon as its thread has noticed.
            let record = |value| store.record(SALES.on(Period::Day, day("2024-05-02")), value);
            let (last, error) = (1..1_000)
                .map(|value| (value, record(value)))
                .inspect(|_| thread::sleep(Duration::from_millis(10)))
                .find(|(_, outcome)| outcome.is_err())
                .unwrap();
            refused(error);
            // The flush that failed was an earlier one: this change wasn't begun.
            assert_eq!(recorded(&store), (last > 1).then_some(last - 1));
        }
        let before = recorded(&store);
        assert_eq!(large_value(&store).unwrap(), 1);
        // Back in its place, nothing is wrong any more.
        fs::rename(&aside, &path).unwrap();
        store.flush().unwrap();
        let copy = folder.path().join("copy");
        copy_folder(&path, &copy);
        assert_eq!(recorded(&open(&copy, Flush::Explicit).unwrap()), before, "flushed with the rest");
        large_change(&store, 2).unwrap();
        store.flush().unwrap();
        fs::remove_dir_all(&path).unwrap();
        for _ in 0..3 {
            let _ = large_change(&store, 3);
            refused(store.flush());
        }
        // Another store in its place is none of ours.
        let other = open(&path, flush).unwrap();
        large_change(&other, 7).unwrap();
        let error = store.flush().unwrap_err();
        assert!(matches!(&error, Error::Io { path: named, .. } if *named == path), "{error:?}");
        drop(store);
        drop(other);
        assert_eq!(large_value(&open(&path, flush).unwrap()).unwrap(), 7);
    }
}

/// Another process that has the store open, until it is killed.
fn holder(path: &Path) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "hold", "--ignored", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "opened"), "it couldn't open the store");
    child
}

#[test]
#[ignore = "it is the other process of other tests"]
fn hold() {
    let Some(path) = told() else { return };
    let store = open(&path, Flush::Every(Duration::from_millis(1))).unwrap();
    writeln!(io::stdout(), "\nopened").unwrap();
    for value in 1.. {
        large_change(&store, value).unwrap();
    }
}

#[test]
fn a_store_that_another_process_has_open_is_refused_at_once_and_free_when_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    for _ in 0..5 {
        let mut holder = holder(&path);
        for _ in 0..3 {
            let error = open(&path, Flush::Explicit).unwrap_err();
            assert!(matches!(&error, Error::Locked { path: named } if *named == path), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(&path.display().to_string()) && text.contains("backup"), "{text}");
        }
        // At work, so that its threads run.
        thread::sleep(Duration::from_millis(20));
        holder.kill().unwrap();
        holder.wait().unwrap();
        let store = open(&path, Flush::Explicit).unwrap();
        large_value(&store).unwrap();
    }
}

#[cfg(feature = "cli")]
#[test]
fn the_program_says_that_a_store_is_open_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut holder = holder(&path);
    for command in ["list", "export", "record till/sales 3 --period day"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_trackstats"));
        let output = program.args(command.split(' ')).arg("--store").arg(&path).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        let expected = Error::Locked { path: path.clone() }.to_string();
        assert_eq!(said, format!("trackstats: {expected}\n"));
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
}
