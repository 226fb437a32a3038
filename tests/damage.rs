//! What becomes of a store whose files are damaged: what is read is right, or an error says what to do.
//!
//! `TRACKSTATS_DAMAGE_TRIALS` is how many trials each test runs; `TRACKSTATS_DAMAGE_SEED` from which seed
//! on, 0 if it isn't.

#![cfg(feature = "backup")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that fails may panic, and says what it found"
)]

mod common;

use common::{CENTS, Random, SALES, TILL, copy_folder, day, files, user};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    env, fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use trackstats::{
    Error, Metric, Period, Result, Store, Timestamp, Tracker,
    chrono::Days,
    kinds::{AnyValue, MergeError, Value},
    model::Statistic,
    store::{Flush, Prefix},
};

const SCANS: Metric<'static, Scan> = Metric::new(TILL, "scans", "Scanned receipts");

/// A value that is too large for sled's log, and goes into a file of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Scan(Vec<u8>);

impl Value for Scan {
    const KIND: &'static str = "scan";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.0.extend_from_slice(&other.0);
        Ok(())
    }
}

fn open(path: &Path) -> Result<Store> {
    Store::options().create(false).flush(Flush::Explicit).cache_bytes(4 << 20).open(path)
}

/// A store on disk, closed, and all that it has to say; and its folder as it once was.
struct Subject {
    name: &'static str,
    folder: PathBuf,
    earlier: PathBuf,
    says: String,
    /// Its statistics, and those that it had earlier.
    had: BTreeSet<String>,
}

/// All statistics, a line each.
fn statistics(store: &Store) -> Result<Vec<String>> {
    let line = |statistic: Statistic<AnyValue>| format!("{statistic} {:?}", statistic.value);
    store.scan(&Prefix::everything()).map(|statistic| statistic.map(line)).collect()
}

/// Everything that can be read of a store.
fn read(store: &Store) -> Result<String> {
    let mut lines =
        vec![format!("{:?}\n{:?}\n{:?}", store.metrics(), store.calendar(), store.cursor("log")?)];
    lines.extend(statistics(store)?);
    for period in [Period::Day, Period::Week, Period::Lifetime] {
        let of_user = store.series(SALES, period).object(user(3)).newest_first();
        lines.push(format!("{:?}", store.series(SALES, period).points()?));
        lines.push(format!("{:?}", of_user.points()?));
    }
    Ok(lines.join("\n"))
}

fn record_days(store: &Store, days: u64, objects: u64) {
    let first = day("2024-01-01");
    for number in 0..days {
        let date = first + Days::new(number);
        store
            .change(|change| {
                change.record(SALES.on(Period::Day, date), i64::try_from(number).unwrap())?;
                change.record_all((0..objects).map(|object| {
                    (
                        SALES.on(Period::Day, date).of(user(object)),
                        Some(i64::try_from(object * number).unwrap()),
                    )
                }))
            })
            .unwrap();
        if number % 16 == 0 {
            store.flush().unwrap();
        }
    }
}

fn track(store: &Store, days: u64) {
    let tracker = Tracker::count(CENTS, |at: &i64| Timestamp::from_unix_seconds(*at))
        .periods([Period::Week, Period::Lifetime]);
    let records = (0..days).map(|number| 1_704_067_200 + i64::try_from(number).unwrap() * 40_000);
    tracker.append().cursor("log", None, || b"42".to_vec()).run(store, records).unwrap();
}

fn subjects(folder: &Path) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (name, days, objects) in
        [("tiny", 2, 0), ("year", 366, 3), ("objects", 40, 1_000), ("large values", 3, 1)]
    {
        for sessions in [1, 3] {
            for compacted in [false, true] {
                let path = folder.join(format!("{name}, {sessions}, {compacted}"));
                let earlier = folder.join(format!("{name}, {sessions}, {compacted}, earlier"));
                drop(Store::options().flush(Flush::Explicit).open(&path).unwrap());
                for session in 0..sessions {
                    copy_folder(&path, &{
                        let _ = fs::remove_dir_all(&earlier);
                        earlier.clone()
                    });
                    let store = open(&path).unwrap();
                    record_days(&store, days * (session + 1) / sessions, objects);
                    if session == 0 {
                        track(&store, days);
                    }
                    if name == "large values" {
                        let bytes = (0..600_000_u32).map(|n| n.to_le_bytes()[1]).collect();
                        let date = day("2024-01-01") + Days::new(session);
                        store.record(SCANS.on(Period::Day, date), Scan(bytes)).unwrap();
                    }
                }
                if compacted {
                    open(&path).unwrap().compact().unwrap();
                }
                let store = open(&path).unwrap();
                let says = read(&store).unwrap();
                let mut had: BTreeSet<String> = statistics(&store).unwrap().into_iter().collect();
                drop(store);
                // Opening a store changes its files.
                let copy = folder.join("copy");
                copy_folder(&earlier, &copy);
                had.extend(statistics(&open(&copy).unwrap()).unwrap());
                fs::remove_dir_all(copy).unwrap();
                if sessions == 1 {
                    // Reading made the database digest its log; a store that was never read since is another case.
                    let _ = fs::remove_dir_all(&path);
                    copy_folder(&earlier, &path);
                    let store = open(&path).unwrap();
                    record_days(&store, days, objects);
                    track(&store, days);
                    if name == "large values" {
                        let bytes = (0..600_000_u32).map(|n| n.to_le_bytes()[1]).collect();
                        store.record(SCANS.on(Period::Day, day("2024-01-01")), Scan(bytes)).unwrap();
                    }
                    if compacted {
                        store.compact().unwrap();
                    }
                }
                subjects.push(Subject { name, folder: path, earlier, says, had });
            }
        }
    }
    subjects
}

/// What a file of a store is: the beginning of its name, and of the index, which has several, that of its folder.
const ROLES: [&str; 5] = ["checkpoint", "journal", "sled", "closed", "lock"];

/// Damages a file of this role, and says how.
fn damage(random: &mut Random, role: &str, folder: &Path, earlier: &Path) -> String {
    let mut files = files(folder);
    files.retain(|file| file.strip_prefix(folder).unwrap().to_str().unwrap().starts_with(role));
    // Of the index, what is read is in its largest file.
    let largest = files.iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let file = if random.below(3) < 2 { largest } else { random.one_of(&files) };
    let mut bytes = fs::read(file).unwrap();
    let len = bytes.len() as u64;
    let at = usize::try_from(random.below(len.max(1))).unwrap();
    let until = |random: &mut Random, most: u64| {
        let end = at + 1 + usize::try_from(random.below(most)).unwrap();
        end.min(usize::try_from(len).unwrap())
    };
    let how = match random.below(12) {
        0..=2 if len > 0 => {
            bytes[at] ^= 1 << random.below(8);
            format!("a bit of byte {at} flipped")
        }
        3 if len > 0 => {
            let end = until(random, 4_096);
            bytes[at..end].iter_mut().for_each(|byte| *byte = u8::try_from(random.below(256)).unwrap());
            format!("bytes {at} to {end} are garbage")
        }
        4 if len > 0 => {
            let sector = at / 512 * 512;
            let end = (sector + 512).min(bytes.len());
            bytes[sector..end].fill(0);
            format!("the sector from {sector} is zero")
        }
        5 if len > 0 => {
            let from = usize::try_from(random.below(len)).unwrap() / 512 * 512;
            let to = at / 512 * 512;
            let sector = bytes[from..(from + 512).min(bytes.len())].to_vec();
            let end = (to + sector.len()).min(bytes.len());
            bytes[to..end].copy_from_slice(&sector[..end - to]);
            format!("the sector from {from} is at {to} as well")
        }
        6 | 7 => {
            bytes.truncate(at);
            format!("cut to {at} bytes")
        }
        8 => {
            bytes.extend((0..random.below(5_000)).map(|n| n.to_le_bytes()[0]));
            format!("{} bytes more", bytes.len() as u64 - len)
        }
        9 => {
            fs::remove_file(file).unwrap();
            if random.below(4) == 0 {
                fs::create_dir(file).unwrap();
                return format!("{}: a folder", file.display());
            }
            return format!("{}: deleted", file.display());
        }
        10 => {
            bytes.clear();
            "emptied".to_owned()
        }
        _ => {
            // What a disk that lied about its writes leaves: a file as it was before.
            let before = earlier.join(file.strip_prefix(folder).unwrap());
            match fs::read(before) {
                Ok(before) => bytes = before,
                Err(_) => bytes.truncate(at),
            }
            "as it was before".to_owned()
        }
    };
    fs::write(file, bytes).unwrap();
    format!("{}: {how}", file.display())
}

/// What became of a store.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Outcome {
    Right,
    Refused,
}

/// Opens and reads a store; what it says must be right, unless opening it is refused.
fn outcome(path: &Path, says: &str) -> std::result::Result<Outcome, String> {
    let store = match open(path) {
        Ok(store) => store,
        // A damaged store is neither none nor something else: whoever opened it would make a new one.
        Err(error @ Error::Corrupt { .. }) => {
            let said = error.to_string();
            let is_said = said.contains("restore") && said.contains("recover");
            return if is_said {
                Ok(Outcome::Refused)
            } else {
                Err(format!("it isn't said what to do: {error}"))
            };
        }
        Err(error) => return Err(format!("an unexpected error: {error}")),
    };
    let found = read(&store).map_err(|error| format!("it is opened, but can't be read: {error}"))?;
    if found != says {
        let different = found.lines().zip(says.lines()).find(|(found, says)| found != says);
        return Err(format!("wrong data, first {different:?}; {} bytes for {}", found.len(), says.len()));
    }
    store
        .record(SALES.on(Period::Day, day("2030-01-01")), 1)
        .and_then(|()| store.flush())
        .map_err(|error| format!("it can be read, but not written: {error}"))?;
    Ok(Outcome::Right)
}

/// Recovers a damaged store; says how much of what it should say is there, in thousandths. No statistic must be there that
/// the store never had, and all that its checkpoint has, if that is sound.
fn recovered(path: &Path, subject: &Subject, checkpoint: Option<&str>) -> std::result::Result<u64, String> {
    let (says, new) = (&subject.says, path.with_extension("recovered"));
    let all = || {
        let report = Store::recover(path, &new, None)?;
        let store = open(&new)?;
        Ok((report, read(&store)?, statistics(&store)?))
    };
    let result = all();
    let there = new.exists();
    let _ = fs::remove_dir_all(&new);
    match result {
        Err(Error::Corrupt { .. } | Error::NoStore { .. }) if there => {
            Err("a failed recover left something".to_owned())
        }
        Err(Error::Corrupt { .. }) if checkpoint.is_none() => Ok(0),
        Err(error) => Err(format!("an unexpected error: {error}")),
        Ok((report, found, _)) if report.missing.is_empty() && found != *says => {
            Err("nothing is missing, but it is wrong".to_owned())
        }
        Ok((_, found, statistics)) => {
            if let Some(wrong) = statistics.iter().find(|line| !subject.had.contains(*line)) {
                return Err(format!("recovered what was never there: {wrong}"));
            }
            // Later changes may have given it another value.
            let key = |line: &str| line.rsplit_once(' ').unwrap().0.to_owned();
            let keys: BTreeSet<String> = statistics.iter().map(|line| key(line)).collect();
            if let Some(lost) = checkpoint.unwrap_or_default().lines().find(|line| !keys.contains(&key(line)))
            {
                return Err(format!("the checkpoint has what wasn't recovered: {lost}"));
            }
            let found: BTreeSet<&str> = found.lines().collect();
            let kept = says.lines().filter(|line| found.contains(line)).count();
            Ok(kept as u64 * 1_000 / says.lines().count() as u64)
        }
    }
}

/// The statistics in the checkpoint of a store, a line each.
fn checkpoint_of(store: &Path, scratch: &Path) -> String {
    let files = files(store);
    let is_checkpoint = |file: &&PathBuf| file.file_name().unwrap().to_str().unwrap().starts_with(ROLES[0]);
    let checkpoint = files.iter().find(is_checkpoint).unwrap();
    Store::restore(checkpoint, scratch).unwrap();
    let lines = statistics(&open(scratch).unwrap()).unwrap().join("\n");
    fs::remove_dir_all(scratch).unwrap();
    lines
}

/// Damages so many files of stores, and says how often what became of them, and how much was recovered of those that were
/// refused.
fn campaign(damaged: usize, trials: u64) -> (u64, Vec<u64>) {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let trials = number("TRACKSTATS_DAMAGE_TRIALS").unwrap_or(trials);
    let first_seed = number("TRACKSTATS_DAMAGE_SEED").unwrap_or(0);
    let folder = tempfile::tempdir().unwrap();
    let subjects = Arc::new(subjects(folder.path()));
    // sled's panics are contained, and would fill pages here.
    panic::set_hook(Box::new(|_| {}));
    let (mut right, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    for seed in first_seed..first_seed + trials {
        let mut random = Random(seed);
        random.below(1);
        let at = usize::try_from(random.below(subjects.len() as u64)).unwrap();
        let path = folder.path().join(format!("trial {seed}"));
        let Subject { name, folder, earlier, .. } = &subjects[at];
        copy_folder(folder, &path);
        let mut roles = ROLES.to_vec();
        let mut how = Vec::new();
        for _ in 0..damaged {
            let role = roles.remove(usize::try_from(random.below(roles.len() as u64)).unwrap());
            how.push(damage(&mut random, role, &path, earlier));
        }
        let checkpoint =
            roles.contains(&"checkpoint").then(|| checkpoint_of(folder, &path.with_extension("checkpoint")));
        let (sender, receiver) = mpsc::channel();
        let (subjects, damaged) = (Arc::clone(&subjects), path.clone());
        thread::spawn(move || {
            let subject = &subjects[at];
            let both = || {
                Ok((recovered(&damaged, subject, checkpoint.as_deref())?, outcome(&damaged, &subject.says)?))
            };
            let outcome = panic::catch_unwind(AssertUnwindSafe(both));
            let _ = sender.send(outcome.unwrap_or_else(|_| Err("a panic".to_owned())));
        });
        match receiver.recv_timeout(Duration::from_secs(60)).unwrap_or(Err("a hang".to_owned())) {
            Ok((1_000, Outcome::Right)) => right += 1,
            Ok((recovered, Outcome::Right)) => {
                let problem = format!("it is read right, but recovered to {recovered} thousandths");
                wrong.push(format!("seed {seed}, {name}, {how:?}: {problem}"));
            }
            Ok((recovered, Outcome::Refused)) => refused.push(recovered),
            Err(problem) => wrong.push(format!("seed {seed}, {name}, {how:?}: {problem}")),
        }
        let _ = fs::remove_dir_all(path);
    }
    drop(panic::take_hook());
    assert!(wrong.is_empty(), "{} of {trials}:\n{}", wrong.len(), wrong.join("\n"));
    refused.sort_unstable();
    eprintln!("{damaged} files of {trials} stores damaged: {right} right, {} refused", refused.len());
    (right, refused)
}

#[test]
fn one_damaged_file_loses_nothing() {
    let (right, refused) = campaign(1, 600);
    assert!(right > 0 && refused.is_empty(), "{refused:?}");
}

/// Damages each page of a store's index, more or less.
fn damage_index(folder: &Path, seed: u64) {
    let mut index = files(folder);
    index.retain(|path| path.parent().is_some_and(|parent| parent != folder));
    let index = index.into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut random = Random(seed);
    let mut bytes = fs::read(&index).unwrap();
    for _ in 0..bytes.len() / 4_096 {
        let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        bytes[at] ^= 1;
    }
    fs::write(&index, bytes).unwrap();
}

/// The files of an open store are damaged behind its back; what it says in the end is right.
#[test]
fn damage_that_is_met_while_reading_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // So little that pages are read again.
    let options = || Store::options().flush(Flush::Explicit).cache_bytes(256 << 10);
    let store = options().open(folder.path()).unwrap();
    record_days(&store, 60, 8_000);
    let says = read(&store).unwrap();
    drop(store);
    panic::set_hook(Box::new(|_| {}));
    let (mut anew, mut written, mut wrong) = (0, 0, Vec::new());
    for round in 0..4_u64 {
        let store = options().open(folder.path()).unwrap();
        damage_index(folder.path(), round);
        if round % 2 == 1 {
            let recorded = store.record(SALES.on(Period::Month, day("2030-01-01")), 1);
            written += u32::from(recorded.is_ok());
        }
        let found = loop {
            match read(&store) {
                Err(Error::MadeAnew { .. }) => anew += 1,
                found => break found,
            }
        };
        let written = "\ntill/sales month 2030-01-01 Some(Integer(1))";
        match found {
            Ok(found) if found.replace(written, "") == says => {}
            Ok(found) => wrong.push(format!("round {round}: {} bytes for {}", found.len(), says.len())),
            Err(error) => wrong.push(format!("round {round}: {error}")),
        }
    }
    drop(panic::take_hook());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!((4..=12).contains(&anew) && written > 0, "made anew {anew} times, written {written} times");
}

#[test]
fn damage_that_is_met_while_writing_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Store::options().flush(Flush::Explicit).cache_bytes(256 << 10);
    let sound = options().open(folder.path().join("sound")).unwrap();
    record_days(&sound, 60, 8_000);
    sound.backup(folder.path().join("backup")).unwrap();
    // Every object of a date goes over all blocks; every third one over some of them.
    let write = |store: &Store, number: u64| -> Result<()> {
        let date = day("2024-01-01") + Days::new(number * 5);
        store.change(|change| {
            let objects = (0..8_000).filter(|object| number.is_multiple_of(2) || object % 3 == 0);
            change.record_all(objects.map(|object| (SALES.on(Period::Day, date).of(user(object)), Some(7))))
        })?;
        store.flush()
    };
    (0..12).for_each(|number| write(&sound, number).unwrap());
    let says = read(&sound).unwrap();
    panic::set_hook(Box::new(|_| {}));
    let (mut anew, mut wrong) = (0, Vec::new());
    for round in 0..4_u64 {
        let path = folder.path().join(format!("damaged-{round}"));
        Store::restore(folder.path().join("backup"), &path).unwrap();
        // Its index is written to sled only then.
        drop(options().open(&path).unwrap());
        let store = options().open(&path).unwrap();
        damage_index(&path, round);
        let mut until_done = |what: &str, work: &dyn Fn() -> Result<()>| loop {
            match work() {
                Err(Error::MadeAnew { .. }) => anew += 1,
                Err(error) => break wrong.push(format!("round {round}, {what}: {error}")),
                Ok(()) => break,
            }
        };
        if round % 2 == 1 {
            until_done("compact", &|| store.compact().map(drop));
        }
        (0..12).for_each(|number| until_done("write", &|| write(&store, number)));
        until_done("compact", &|| store.compact().map(drop));
        until_done("read", &|| {
            assert_eq!(read(&store)?, says, "round {round}");
            Ok(())
        });
    }
    drop(panic::take_hook());
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A compaction does so by itself.
    assert!(anew >= 2, "made anew {anew} times");
}

#[test]
fn of_two_damaged_files_all_that_is_left_is_recovered() {
    let (right, refused) = campaign(2, 300);
    assert!(right > 0 && !refused.is_empty());
    let at = |share: usize| refused[refused.len() * share / 100];
    let [half, quarter, tenth, worst] = [50, 25, 10, 0].map(at);
    eprintln!(
        "recovered, in thousandths: {half} in the median, {quarter} in the worst quarter, {tenth} in the worst tenth, {worst} at worst"
    );
}
