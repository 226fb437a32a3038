//! What becomes of a store whose process is killed: what was flushed is there, no change is there by half, and it opens.
//!
//! `TRACKSTATS_CRASH_ROUNDS` is how often a process is killed, 100 times if it isn't set; `TRACKSTATS_CRASH_SEED` from
//! which seed on, 0 if it isn't. When the process is killed differs from run to run all the same.

#![cfg(feature = "exchange")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that fails may panic, and says what it found"
)]

mod common;

use common::{CENTS, Random, SALES, day, try_exported, user};
use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};
use trackstats::{
    Calendar, Period, Result, Store, Timestamp, Tracker,
    chrono::Days,
    exchange::import,
    model::Id,
    store::{FixedClock, Flush, Options},
    track::Since,
};

/// What the child is told: the kind's name, the seed and the store's folder, a line each.
const CHILD: &str = "TRACKSTATS_CRASH_CHILD";

/// A kind of work, in steps that happen as a whole or not at all.
struct Kind {
    name: &'static str,
    flush: Flush,
    /// Does the step of this number, counted from 0.
    step: fn(Store, u64, &mut Random) -> Result<Store>,
    /// How many steps the store has, by one of its statistics or a cursor.
    steps: fn(&Store) -> Result<u64>,
    /// Makes an empty store what so many steps make it, without going through them where that is possible.
    model: fn(&Store, u64) -> Result<()>,
    /// After so many steps there is nothing left to do.
    last: u64,
}

/// More steps than a child comes to before it is killed.
const NO_END: u64 = 100_000;

const KINDS: &[Kind] = &[
    Kind {
        name: "record, always flushed",
        flush: Flush::Always,
        step: |store, step, _| record_day(store, step),
        steps: days_recorded,
        model: record_days,
        last: NO_END,
    },
    Kind {
        name: "record, flushed now and then",
        flush: Flush::Explicit,
        step: |store, step, _| record_day(store, step),
        steps: days_recorded,
        model: record_days,
        last: NO_END,
    },
    Kind {
        name: "record, flushed by a thread",
        flush: Flush::Every(Duration::from_millis(3)),
        step: |store, step, _| record_day(store, step),
        steps: days_recorded,
        model: record_days,
        last: NO_END,
    },
    Kind {
        name: "a change of two metrics",
        flush: Flush::Explicit,
        step: |store, step, _| change(store, step, 4),
        steps: first_users_value,
        model: |store, steps| last_step(steps, |step| change(store.clone(), step, 4)),
        last: NO_END,
    },
    Kind {
        name: "a change of 1,400 rows",
        flush: Flush::Explicit,
        step: |store, step, _| change(store, step, 1_200),
        steps: first_users_value,
        model: |store, steps| last_step(steps, |step| change(store.clone(), step, 1_200)),
        last: NO_END,
    },
    Kind {
        name: "recompute",
        flush: Flush::Explicit,
        step: |store, step, _| recompute(store, step),
        steps: first_users_value,
        model: |store, steps| last_step(steps, |step| recompute(store.clone(), step)),
        last: NO_END,
    },
    Kind {
        name: "append with a cursor",
        flush: Flush::Explicit,
        step: |store, step, _| append(store, step, step + 1),
        steps: chunks_appended,
        model: |store, steps| last_step(steps, |_| append(store.clone(), 0, steps)),
        last: 60,
    },
    Kind {
        name: "import",
        flush: Flush::Explicit,
        step: |store, step, _| import_lines(store, step),
        steps: first_users_value,
        model: |store, steps| last_step(steps, |step| import_lines(store.clone(), step)),
        last: NO_END,
    },
    Kind {
        name: "compact",
        flush: Flush::Every(Duration::from_millis(2)),
        step: |store, step, random| {
            if random.below(4) == 0 {
                store.compact()?;
            }
            record_day(store, step)
        },
        steps: days_recorded,
        model: record_days,
        last: NO_END,
    },
];

fn options(flush: Flush) -> Options {
    let calendar = Calendar::new("Europe/Amsterdam").unwrap();
    let clock = FixedClock(calendar.parse_timestamp("2024-07-01").unwrap());
    Store::options().calendar(calendar).clock(clock).flush(flush).cache_bytes(4 << 20)
}

fn number(value: u64) -> i64 {
    value.try_into().unwrap()
}

fn record_day(store: Store, step: u64) -> Result<Store> {
    store.record(SALES.on(Period::Day, day("1990-01-01") + Days::new(step)), number(step))?;
    Ok(store)
}

fn record_days(store: &Store, steps: u64) -> Result<()> {
    store.change(|change| {
        let first = day("1990-01-01");
        change.record_all((0..steps).map(|n| (SALES.on(Period::Day, first + Days::new(n)), Some(number(n)))))
    })
}

fn days_recorded(store: &Store) -> Result<u64> {
    Ok(store.series(SALES, Period::Day).points()?.len() as u64)
}

fn last_step(steps: u64, step: impl FnOnce(u64) -> Result<Store>) -> Result<()> {
    steps.checked_sub(1).map_or(Ok(()), |last| step(last).map(drop))
}

/// All users' sales and takings are the same number.
fn change(store: Store, step: u64, users: u64) -> Result<Store> {
    let today = store.today()?;
    let value = Some(number(step + 1));
    store.change(|change| {
        change.record_all((0..users).map(|id| (SALES.on(Period::Lifetime, today).of(user(id)), value)))?;
        change.record_all((0..users).map(|id| (CENTS.on(Period::Lifetime, today).of(user(id)), value)))
    })?;
    Ok(store)
}

fn first_users_value(store: &Store) -> Result<u64> {
    let statistic = store.series(SALES, Period::Lifetime).object(user(0)).latest()?;
    Ok(statistic.and_then(|statistic| statistic.value).unwrap_or(0).unsigned_abs())
}

fn recompute(store: Store, step: u64) -> Result<Store> {
    let value = number(step + 1);
    let users = 300;
    Tracker::sum(
        SALES,
        |id: &u64| Timestamp::from_unix_seconds(1_704_067_200 + number(id % 9) * 86_400),
        |_| Some(value),
    )
    .periods([Period::Week, Period::Lifetime])
    .by("user", |id| Id::from(*id))?
    .recompute()
    .since(Since::Beginning)
    .run(&store, 0..users)?;
    Ok(store)
}

const CHUNK: u64 = 97;

/// Appends the chunks of these numbers, to the end excluded: a log of records, of which many come late.
fn append(store: Store, from: u64, to: u64) -> Result<Store> {
    let mut random = Random(1);
    let records: Vec<(i64, u64)> =
        (0..to * CHUNK).map(|_| (number(random.below(15_000_000)), random.below(60))).collect();
    let new = records.get(usize::try_from(from * CHUNK).unwrap()..).unwrap_or_default();
    let stored = store.cursor("log")?;
    Tracker::count(SALES, |(at, _): &(i64, u64)| Timestamp::from_unix_seconds(1_704_067_200 + at))
        .periods([Period::Hour, Period::Week, Period::LastDays(7), Period::Lifetime])
        .by("user", |(_, id)| Id::from(*id))?
        .append()
        .cursor("log", stored.as_deref(), || to.to_be_bytes().to_vec())
        .run(&store, new.iter().copied())?;
    Ok(store)
}

fn chunks_appended(store: &Store) -> Result<u64> {
    Ok(store.cursor("log")?.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap())))
}

fn import_lines(store: Store, step: u64) -> Result<Store> {
    let other = change(options(Flush::Explicit).in_memory()?, step, 1_100)?;
    import(&store, try_exported(&other)?.as_bytes())?;
    Ok(store)
}

/// Compares a store that is opened again with what it must have after the steps that it has, and returns their number.
fn check(kind: &Kind, path: &Path, acknowledged: u64) -> std::result::Result<u64, String> {
    let said = |error: trackstats::Error| error.to_string();
    let store = options(kind.flush).open(path).map_err(said)?;
    let steps = (kind.steps)(&store).map_err(said)?;
    if steps < acknowledged {
        return Err(format!("{acknowledged} steps were flushed, and {steps} are there"));
    }
    let model = options(Flush::Explicit).in_memory().unwrap();
    (kind.model)(&model, steps).unwrap();
    let (found, expected) = (try_exported(&store).map_err(said)?, try_exported(&model).unwrap());
    if found != expected {
        let different = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        return Err(format!("after {steps} steps, first {different:?}"));
    }
    let names: Vec<String> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let of = |kind: &str| names.iter().filter(|name| name.starts_with(kind)).count();
    let known: usize = ["lock", "closed", "checkpoint-", "journal-", "sled-"].into_iter().map(of).sum();
    if known != names.len() || (of("checkpoint-"), of("sled-")) != (1, 1) || of("journal-") == 0 {
        return Err(format!("{names:?} are there after opening"));
    }
    Ok(steps)
}

/// How a child came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    KilledWhileOpening,
    KilledAtWork,
    Done,
}

/// When a child is killed.
#[derive(Debug, Clone, Copy)]
struct Delay {
    from_opened: bool,
    after: Duration,
}

impl Delay {
    /// So long that the child comes to its own end.
    const NEVER: Self = Self { from_opened: true, after: Duration::from_secs(60) };

    /// From microseconds to some tenths of a second, as many short ones as long ones.
    fn random(random: &mut Random) -> Self {
        let most = 1 << random.below(19);
        Self { from_opened: random.below(3) < 2, after: Duration::from_micros(most + random.below(most)) }
    }
}

/// What a child said.
#[derive(Debug, Default)]
struct Heard {
    opened: bool,
    flushed: u64,
    done: bool,
}

impl Heard {
    fn line(&mut self, line: &str) {
        self.opened |= line == "opened";
        self.done |= line == "done";
        if let Some(steps) = line.strip_prefix("flushed ") {
            self.flushed = steps.parse().unwrap();
        }
    }
}

/// Runs a child that works on, kills it, and returns how many steps it said were flushed, 0 if it said nothing.
fn run_and_kill(kind: &Kind, path: &Path, seed: u64, when: Delay) -> std::result::Result<(End, u64), String> {
    let told = format!("{}\n{seed}\n{}", kind.name, path.display());
    let errors = path.with_extension("stderr");
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(CHILD, told)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&errors).unwrap())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut line = String::new();
        // A line without an end was cut short.
        while output.read_line(&mut line).is_ok() && line.ends_with('\n') {
            let _ = sender.send(line.trim_end().to_owned());
            line.clear();
        }
    });
    let mut heard = Heard::default();
    let mut problem = None;
    let mut until = Instant::now() + if when.from_opened { Duration::from_secs(60) } else { when.after };
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                heard.line(&line);
                if when.from_opened && line == "opened" {
                    until = Instant::now() + when.after;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if when.from_opened && !heard.opened {
                    problem = Some("it hangs while it opens the store".to_owned());
                }
                break;
            }
        }
    }
    // It may have come to its own end.
    let _ = child.kill();
    let status = child.wait().unwrap();
    reader.join().unwrap();
    for line in lines {
        heard.line(&line);
    }
    if status.code() == Some(101) {
        problem = Some(fs::read_to_string(&errors).unwrap());
    }
    let end = match (heard.done, heard.opened) {
        (true, _) => End::Done,
        (false, true) => End::KilledAtWork,
        (false, false) => End::KilledWhileOpening,
    };
    problem.map_or(Ok((end, heard.flushed)), Err)
}

#[test]
#[ignore = "it is what the other test runs and kills"]
fn child() {
    let Ok(told) = env::var(CHILD) else { return };
    let mut told = told.splitn(3, '\n');
    let mut next = || told.next().unwrap();
    let name = next();
    let kind = KINDS.iter().find(|kind| kind.name == name).unwrap();
    let mut random = Random(next().parse().unwrap());
    let path = PathBuf::from(next());

    let say = |what: &str| writeln!(io::stdout(), "{what}").unwrap();
    say("");
    let mut store = options(kind.flush).open(path).unwrap();
    say("opened");
    for step in (kind.steps)(&store).unwrap()..kind.last {
        store = (kind.step)(store, step, &mut random).unwrap();
        let explicitly = kind.flush != Flush::Always && random.below(6) == 0;
        if explicitly {
            store.flush().unwrap();
        }
        if explicitly || kind.flush == Flush::Always {
            say(&format!("flushed {}", step + 1));
        }
    }
    drop(store);
    say(&format!("flushed {}", kind.last));
    say("done");
}

#[test]
fn a_killed_process_leaves_what_it_flushed_and_no_change_by_half() {
    let setting = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let rounds = setting("TRACKSTATS_CRASH_ROUNDS").unwrap_or(100);
    let seed = setting("TRACKSTATS_CRASH_SEED").unwrap_or(0);
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(seed);
    random.below(1);
    let mut ends: BTreeMap<(&str, End), u64> = BTreeMap::new();
    let (mut round, mut stores, mut opened, mut flushed) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    while round < rounds {
        let kind = KINDS.get(stores % KINDS.len()).unwrap();
        let path = folder.path().join(format!("store {stores}"));
        stores += 1;
        // One store is killed several times in a row; where the work has an end, until it comes to it.
        let times = 1 + random.below(8);
        let mut acknowledged = 0;
        for time in 0.. {
            if round == rounds || (time >= times && kind.last == NO_END) {
                break;
            }
            round += 1;
            let when = if time < times { Delay::random(&mut random) } else { Delay::NEVER };
            let told = format!("store {stores}, {}, kill {time} after {when:?}", kind.name);
            let ran = run_and_kill(kind, &path, random.below(u64::from(u32::MAX)), when);
            let end = match ran {
                Ok((end, steps)) => {
                    acknowledged = acknowledged.max(steps);
                    *ends.entry((kind.name, end)).or_default() += 1;
                    end
                }
                Err(problem) => {
                    wrong.push(format!("{told}: {problem}"));
                    break;
                }
            };
            // Now and then the next child is the first to open the store again, and is killed on that way too.
            if end != End::Done && time + 1 < times && round < rounds && random.below(3) == 0 {
                continue;
            }
            opened += 1;
            match check(kind, &path, acknowledged) {
                Ok(steps) => acknowledged = steps,
                Err(problem) => {
                    wrong.push(format!("{told}: {problem}"));
                    break;
                }
            }
            if end == End::Done {
                break;
            }
        }
        flushed += acknowledged;
        if wrong.is_empty() {
            fs::remove_dir_all(path).unwrap();
        }
    }
    for ((name, end), times) in &ends {
        eprintln!("{times:5} {end:?}: {name}");
    }
    eprintln!("{rounds} kills, {stores} stores, compared {opened} times, {flushed} steps there at the end");
    if !wrong.is_empty() {
        let kept = folder.keep();
        panic!("{} of {rounds}, kept in {}:\n{}", wrong.len(), kept.display(), wrong.join("\n"));
    }
    if rounds >= 100 {
        for Kind { name, .. } in KINDS {
            assert!(ends.contains_key(&(name, End::KilledAtWork)), "no kill has met it at work: {name}");
        }
    }
}

/// What a child that restores is told: the folder that has the backup.
#[cfg(feature = "backup")]
const RESTORER: &str = "TRACKSTATS_CRASH_RESTORER";

#[cfg(feature = "backup")]
#[test]
#[ignore = "it is what the next test runs and kills"]
fn restorer() {
    let Ok(folder) = env::var(RESTORER) else { return };
    let folder = PathBuf::from(folder);
    writeln!(io::stdout(), "begins").unwrap();
    Store::restore(folder.join("backup"), folder.join("restored")).unwrap();
}

#[cfg(feature = "backup")]
#[test]
fn a_restore_that_is_killed_leaves_no_store_or_all_of_it() {
    let rounds = env::var("TRACKSTATS_CRASH_ROUNDS").map_or(20, |text| text.parse::<u64>().unwrap() / 5);
    let folder = tempfile::tempdir().unwrap();
    let restored = folder.path().join("restored");
    let store = options(Flush::Explicit).in_memory().unwrap();
    for step in 0..20 {
        drop(change(store.clone(), step, 1_200).unwrap());
    }
    store.backup(folder.path().join("backup")).unwrap();
    let (expected, mut none, mut all) = (try_exported(&store).unwrap(), 0, 0);
    let mut random = Random(5);
    let (mut round, mut longest) = (0, 30_000);
    // A machine may be so slow or so fast that all kills come too soon or too late: then others are tried, within reason.
    while round < rounds || (none == 0 || all == 0) && round < rounds + 60 {
        round += 1;
        if round > rounds {
            longest = if all == 0 { (longest * 2).min(2_000_000) } else { (longest / 2).max(1) };
        }
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "restorer", "--ignored", "--nocapture"])
            .env(RESTORER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("begins")));
        thread::sleep(Duration::from_micros(random.below(longest)));
        child.kill().unwrap();
        child.wait().unwrap();
        match options(Flush::Explicit).create(false).open(&restored) {
            Ok(store) => {
                assert_eq!(try_exported(&store).unwrap(), expected, "round {round}");
                all += 1;
                drop(store);
                fs::remove_dir_all(&restored).unwrap();
            }
            // The next child goes on where this one was killed.
            Err(trackstats::Error::NoStore { .. }) => none += 1,
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    eprintln!("{round} restores killed: no store {none} times, all of it {all} times");
    assert!(none > 0 && all > 0, "of {round} kills, {none} left no store and {all} all of it");
    let _ = fs::remove_dir_all(&restored);
    Store::restore(folder.path().join("backup"), &restored).unwrap();
    assert_eq!(try_exported(&options(Flush::Explicit).open(&restored).unwrap()).unwrap(), expected);
}

#[test]
fn a_store_that_was_only_begun_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    // As a process leaves it that is killed while it makes a store.
    fs::create_dir_all(path.join("sled-1")).unwrap();
    fs::write(path.join("unfinished"), "").unwrap();
    let refused = options(Flush::Explicit).create(false).open(&path).unwrap_err();
    assert!(matches!(refused, trackstats::Error::NoStore { .. }), "{refused}");
    drop(change(options(Flush::Explicit).open(&path).unwrap(), 0, 1).unwrap());
    assert!(!path.join("unfinished").exists());
    // An index that a process had begun to make anew.
    fs::create_dir_all(path.join("sled-9")).unwrap();
    assert_eq!(first_users_value(&options(Flush::Explicit).open(&path).unwrap()).unwrap(), 1);
    assert!(!path.join("sled-9").exists());
}
