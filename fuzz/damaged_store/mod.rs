//! A store of which one file is damaged: it is opened as it was after some change, or refused; never is there a panic, nor a
//! statistic that wasn't written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};
use tempfile::TempDir;
use trackstats::{
    Domain, Error, Metric, Object, Period, Store, Timestamp, Tracker,
    exchange::export,
    model::Id,
    store::{Deletion, FixedClock, Flush, Options, Prefix},
};

const DOMAIN: Domain<'static> = Domain::new("a", "A");
const EVENTS: Metric<'static> = Metric::new(DOMAIN, "events", "Events");
const LEVELS: Metric<'static> = Metric::new(DOMAIN, "levels", "Levels");

/// `edits`: at this place, this many bytes are taken away, and these are put there. Without any, `bytes` is the file.
pub type Input<'b> = (Vec<(u16, u8, &'b [u8])>, &'b [u8]);

/// A store that was made once. Its index is missing, and the note of being closed.
pub struct Template {
    folder: TempDir,
    checkpoint: (String, Vec<u8>),
    journal: (String, Vec<u8>),
    /// What it had after each change behind the checkpoint, and before the first.
    states: Vec<BTreeSet<String>>,
    /// All statistics that it ever had.
    ever: BTreeSet<String>,
}

/// Which file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damaged {
    Checkpoint,
    Journal,
}

fn options() -> Options {
    Store::options()
        .clock(FixedClock(Timestamp::from_unix_seconds(1_711_900_000)))
        .flush(Flush::Explicit)
        .cache_bytes(1 << 20)
}

/// The statistics that are stored, a line each.
fn statistics(store: &Store) -> Result<BTreeSet<String>, Error> {
    let mut lines = Vec::new();
    export(store, &Prefix::everything(), &mut lines)?;
    let lines = String::from_utf8(lines).unwrap();
    // Other lines are definitions.
    Ok(lines.lines().filter(|line| line.starts_with("{\"domain\"")).map(str::to_owned).collect())
}

impl Template {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template");
        let store = options().open(&path).unwrap();
        let days = |from: i64, count: i64| {
            (from..from + count).flat_map(|day| (0..3).map(move |n| 1_704_067_200 + day * 86_400 + n * 7_200))
        };
        let tracker = Tracker::count(EVENTS, |at: &i64| Timestamp::from_unix_seconds(*at))
            .periods([Period::Week, Period::Month, Period::Lifetime])
            .by("group", |at| Id::from(at.unsigned_abs() % 7))
            .unwrap();
        tracker.append().cursor("log", None, || vec![1]).run(&store, days(0, 20)).unwrap();
        store.flush().unwrap();
        let mut ever = statistics(&store).unwrap();
        // A checkpoint, behind which the journal is empty.
        store.compact().unwrap();
        let mut states = vec![statistics(&store).unwrap()];
        let mut changed = |store: &Store| {
            let now = statistics(store).unwrap();
            ever.extend(now.iter().cloned());
            states.push(now);
        };
        for number in 0..6_u8 {
            let date = store.today().unwrap();
            let shop = Object::new("shop", u64::from(number % 2)).unwrap();
            let series = LEVELS.on(Period::Day, date).of(shop);
            store.record(series, 100 + i64::from(number)).unwrap();
            changed(&store);
            tracker
                .append()
                .cursor("log", Some(&[1 + number]), || vec![2 + number])
                .run(&store, days(20 + i64::from(number), 1))
                .unwrap();
            changed(&store);
        }
        store.delete_metric(LEVELS, Deletion::WithStatistics).unwrap();
        changed(&store);
        drop(store);
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for file in fs::read_dir(&path).unwrap().map(Result::unwrap) {
            if file.path().is_file() {
                files.insert(file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap());
            }
        }
        let mut file = |kind: &str| {
            let name = files.keys().find(|name| name.starts_with(kind)).unwrap().clone();
            files.remove_entry(&name).unwrap()
        };
        Self { checkpoint: file("checkpoint-"), journal: file("journal-"), folder, states, ever }
    }

    /// Writes the store with one file damaged in this way, and says where.
    fn damaged(&self, damaged: Damaged, (edits, bytes): &Input<'_>) -> PathBuf {
        let path = self.folder.path().join("damaged");
        fs::create_dir(&path).unwrap();
        for (kind, (name, whole)) in
            [(Damaged::Checkpoint, &self.checkpoint), (Damaged::Journal, &self.journal)]
        {
            let mut file = whole.clone();
            if kind == damaged {
                if edits.is_empty() {
                    file = bytes.to_vec();
                }
                for (at, removed, put) in edits {
                    let at = usize::from(*at) % (file.len() + 1);
                    let end = (at + usize::from(*removed)).min(file.len());
                    file.splice(at..end, put.iter().copied());
                }
            }
            fs::write(path.join(name), file).unwrap();
        }
        path
    }

    /// Opens and recovers the store with one file damaged.
    pub fn run(&self, damaged: Damaged, input: &Input<'_>) {
        let (path, new) = (self.damaged(damaged, input), self.folder.path().join("new"));
        match Store::recover(&path, &new, None) {
            Err(Error::Corrupt { .. } | Error::Format { .. }) => assert!(!new.exists(), "something was left"),
            Err(error) => panic!("{error}"),
            Ok(_) => {
                let recovered = statistics(&options().open(&new).unwrap());
                // Only the end of a checkpoint tells whether what was read of it is right.
                if damaged == Damaged::Journal {
                    assert!(recovered.unwrap().is_subset(&self.ever), "what was recovered wasn't ever there");
                }
                fs::remove_dir_all(&new).unwrap();
            }
        }
        match options().create(false).open(&path).and_then(|store| statistics(&store)) {
            Err(Error::Corrupt { .. } | Error::Format { .. }) => {}
            Err(error) => panic!("{error}"),
            Ok(found) => assert!(self.states.contains(&found), "what was opened wasn't ever there"),
        }
        fs::remove_dir_all(&path).unwrap();
    }
}
