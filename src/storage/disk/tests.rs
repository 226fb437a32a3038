//! Power cuts: at every operation on a store's files, what may be left of them is opened. It has the changes up to the last
//! that was flushed, or up to a later one, and each of them whole.
//!
//! The index isn't cut, since nothing of it is taken to survive: it is missing, or as it was when the store was last closed.

mod cut_disk;

use super::{DiskEngine, recorder};
use crate::{
    error::Result,
    format::{KeyRange, Space, key},
    storage::{Engine, Reads, Storage, checksum::EntrySum, tests::open},
};
use cut_disk::{Bytes, Chance, CutDisk, Image, Names};
use recorder::Operation;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// What is done to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Small,
    /// In several parts.
    Large,
    DropSmall,
    DropLarge,
    Flush,
    Checkpoint,
    Compact,
    Reopen,
    /// The process is killed, and the store opened by another.
    Kill,
}

use Step::{Checkpoint, Compact, DropLarge, DropSmall, Flush, Kill, Large, Reopen, Small};

const STEPS: [Step; 40] = [
    Small, Small, Small, Small, Small, Small, Small, Small, Small, Small, Small, Small, Large, Large, Large,
    DropSmall, DropSmall, DropLarge, DropLarge, Flush, Flush, Flush, Flush, Flush, Flush, Flush, Flush,
    Flush, Flush, Checkpoint, Checkpoint, Checkpoint, Compact, Reopen, Reopen, Reopen, Reopen, Kill, Kill,
    Kill,
];

/// A large change has so many writes, of which 2,048 wait at most.
const LARGE: u32 = 2_100;

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What all entries come to.
type State = (u64, u64);

/// What may be found after a power cut, from an operation on.
#[derive(Debug, Clone)]
struct Promise {
    from: usize,
    /// Somebody was told that there is a store.
    is_store: bool,
    states: Vec<State>,
}

/// What was done to a store, and what it promised meanwhile.
struct Life {
    image: Image,
    operations: Vec<Operation>,
    promises: Vec<Promise>,
    /// Copies of the index, as it was when the store was closed, and when.
    indexes: Vec<(usize, PathBuf)>,
    folder: TempDir,
}

/// A store at work.
struct Living {
    life: Life,
    storage: Option<Storage>,
    path: PathBuf,
    chance: Chance,
    entries: Entries,
    /// What it had at the last flush, and after each change since.
    states: Vec<State>,
}

fn state(entries: &Entries) -> State {
    let mut sum = EntrySum::default();
    entries.iter().for_each(|(key, value)| sum.add(key, value));
    (sum.entries, sum.hashes)
}

fn entries_of(storage: &Storage) -> Result<Entries> {
    let mut entries = Entries::new();
    storage.snapshot().for_each(KeyRange::all(), |entry| {
        entries.insert(entry.key, entry.value);
        Ok(())
    })?;
    Ok(entries)
}

fn plain(n: u32) -> Vec<u8> {
    [&[Space::Plain as u8][..], &n.to_be_bytes()].concat()
}

fn write_image(image: &Image, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    image.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).unwrap());
}

fn copy_index(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("sled-") {
            let to = to.join(entry.file_name());
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                if file.path().is_file() {
                    fs::copy(file.path(), to.join(file.file_name())).unwrap();
                }
            }
        }
    }
}

impl Living {
    /// Opens what is found in an image, or makes a store, and says what it has from then on.
    fn begin(image: &Image, promise: &Promise, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store-0");
        write_image(image, &path);
        recorder::begin(&path, image.keys().cloned());
        let promises = vec![Promise { from: 0, ..promise.clone() }];
        let life =
            Life { image: image.clone(), operations: Vec::new(), promises, indexes: Vec::new(), folder };
        let states = promise.states.clone();
        let mut living =
            Self { life, storage: None, path, chance: Chance(seed), states, entries: BTreeMap::new() };
        living.open();
        living
    }

    /// Says that what may be found has changed with the operations behind this one.
    fn promise(&mut self, from: usize, is_store: bool) {
        self.life.promises.push(Promise { from, is_store, states: self.states.clone() });
    }

    fn open(&mut self) {
        let exists = DiskEngine::exists(&self.path).unwrap();
        let storage = open(Box::new(DiskEngine::open(&self.path, 1 << 20).unwrap()));
        if exists {
            self.entries = entries_of(&storage).unwrap();
            let found = state(&self.entries);
            assert!(self.states.contains(&found), "what is found isn't what was there");
            self.states = vec![found];
        } else {
            // As a store is made: with its record, and then a checkpoint.
            let mut change = storage.change().unwrap();
            change.put(key::store(), b"store".to_vec()).unwrap();
            change.commit().unwrap();
            self.entries = BTreeMap::from([(key::store(), b"store".to_vec())]);
            self.states = vec![state(&self.entries)];
            self.promise(recorder::count(), false);
            storage.checkpoint().unwrap();
        }
        self.promise(recorder::count(), true);
        self.storage = Some(storage);
    }

    fn storage(&self) -> &Storage {
        self.storage.as_ref().unwrap()
    }

    fn change(&mut self, is_large: bool, commits: bool) {
        let mut entries = self.entries.clone();
        let length = self.chance.below(60);
        let (first, count) = if is_large { (1_000, LARGE) } else { (0, 1 + self.chance.below(4) as u32) };
        for n in first..first + count {
            let n = if is_large { n } else { self.chance.below(200) as u32 };
            if self.chance.one_in(5) {
                entries.remove(&plain(n));
            } else {
                entries.insert(plain(n), vec![self.chance.below(256) as u8; length]);
            }
        }
        // Each state is another.
        entries.insert(plain(u32::MAX), self.chance.0.to_be_bytes().to_vec());
        let from = recorder::count();
        let storage = self.storage.take().unwrap();
        let mut change = storage.change().unwrap();
        let changed = entries.iter().filter(|(key, value)| self.entries.get(*key) != Some(*value));
        changed.for_each(|(key, value)| change.put(key.clone(), value.clone()).unwrap());
        let gone = self.entries.keys().filter(|key| !entries.contains_key(*key));
        gone.for_each(|key| change.remove(key.clone()).unwrap());
        if commits {
            self.entries = entries;
            self.states.push(state(&self.entries));
            self.promise(from, true);
            change.commit().unwrap();
        } else {
            drop(change);
        }
        self.storage = Some(storage);
    }

    /// Everything so far is kept from now on.
    fn kept(&mut self) {
        self.states.drain(..self.states.len() - 1);
        self.promise(recorder::count(), true);
    }

    fn step(&mut self, step: Step) {
        match step {
            Small | DropSmall => self.change(false, step == Small),
            Large | DropLarge => self.change(true, step == Large),
            Flush => {
                self.storage().flush().unwrap();
                self.kept();
            }
            Checkpoint => {
                self.storage().checkpoint().unwrap();
                self.kept();
            }
            Compact => {
                self.storage().compact().unwrap();
                self.kept();
            }
            Reopen => {
                let from = recorder::count();
                self.storage = None;
                let copy = self.life.folder.path().join(format!("index-{from}"));
                copy_index(&self.path, &copy);
                self.life.indexes.push((from, copy));
                assert_eq!(self.states.last(), Some(&state(&self.entries)));
                self.states.drain(..self.states.len() - 1);
                self.open();
            }
            Kill => self.kill(),
        }
    }

    fn kill(&mut self) {
        let to = self.life.folder.path().join(format!("store-{}", recorder::count()));
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(&self.path).unwrap().map(Result::unwrap) {
            if file.path().is_file() && file.file_name() != "lock" {
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        recorder::move_to(&to, || self.storage = None);
        // What sled has, it may have of any moment.
        if self.chance.one_in(2) {
            copy_index(&self.path, &to);
        }
        self.path = to;
        self.open();
    }

    /// Does these steps in any order.
    fn live(mut self, steps: &[Step]) -> Life {
        let mut left = steps.to_vec();
        while !left.is_empty() {
            let next = left.swap_remove(self.chance.below(left.len()));
            self.step(next);
        }
        self.storage = None;
        self.life.operations = recorder::end();
        self.life
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Store(State),
    Refused(String),
}

/// What came of cutting the power.
#[derive(Debug, Default)]
struct Outcome {
    cuts: usize,
    images: usize,
    /// Images that were opened with the index as it was closed.
    with_index: usize,
    kept: BTreeSet<State>,
    /// What is wrong.
    broken: Vec<String>,
}

/// Opens stores in a folder, and remembers what was found in each.
struct Finder {
    folder: TempDir,
    found: BTreeMap<u64, Found>,
    with_index: usize,
}

impl Finder {
    fn found(&mut self, image: &Image, index: Option<&PathBuf>) -> &Found {
        let mut hasher = DefaultHasher::new();
        (image, index).hash(&mut hasher);
        let hash = hasher.finish();
        if !self.found.contains_key(&hash) {
            let path = self.folder.path().join(self.found.len().to_string());
            write_image(image, &path);
            index.inspect(|index| copy_index(index, &path));
            // Nothing is flushed.
            recorder::begin(&path, []);
            let found = self.open(&path).unwrap_or_else(|error| Found::Refused(error.to_string()));
            recorder::end();
            let _ = fs::remove_dir_all(&path);
            self.found.insert(hash, found);
        }
        &self.found[&hash]
    }

    fn open(&mut self, path: &Path) -> Result<Found> {
        let exists = DiskEngine::exists(path)?;
        let engine = DiskEngine::open(path, 1 << 20)?;
        self.with_index += usize::from(exists && engine.made_anew().is_none());
        let state = state(&entries_of(&open(Box::new(engine)))?);
        assert!(exists || state == (0, 0), "there is something where nothing is");
        Ok(if exists { Found::Store(state) } else { Found::Nothing })
    }
}

impl Life {
    /// Cuts the power after each operation, and opens what may be left, as often as this; says what was found that wasn't
    /// promised. `images` takes each with what was promised.
    fn cut(&self, names: &[Names], trials: usize, mut images: impl FnMut(&Image, &Promise)) -> Outcome {
        let mut outcome = Outcome::default();
        let mut finder =
            Finder { folder: tempfile::tempdir().unwrap(), found: BTreeMap::new(), with_index: 0 };
        let (mut disk, mut chance) = (CutDisk::new(&self.image), Chance(7));
        let (mut promises, mut indexes) = (self.promises.iter().peekable(), self.indexes.iter().peekable());
        let (mut promise, mut index) = (&self.promises[0], None);
        for (done, next) in self.operations.iter().map(Some).chain([None]).enumerate() {
            while let Some(now) = promises.next_if(|promise| promise.from <= done) {
                promise = now;
            }
            while let Some((_, now)) = indexes.next_if(|(from, _)| *from <= done) {
                index = Some(now);
            }
            outcome.cuts += 1;
            for trial in 0..trials {
                let (names, bytes) = match trial {
                    0 => (Names::Flushed, Bytes::Flushed),
                    1 => (Names::All, Bytes::All),
                    2 => (Names::All, Bytes::Flushed),
                    _ => (names[chance.below(names.len())], BYTES[chance.below(BYTES.len())]),
                };
                let image = disk.image(names, bytes, &mut chance);
                let found = finder.found(&image, index.filter(|_| chance.one_in(3)));
                let is_right = match found {
                    Found::Nothing => !promise.is_store,
                    Found::Store(state) => promise.states.contains(state),
                    Found::Refused(_) => false,
                };
                if !is_right {
                    let last = done.checked_sub(1).map(|last| &self.operations[last]);
                    let files: Vec<_> = image.iter().map(|(name, bytes)| (name, bytes.len())).collect();
                    outcome.broken.push(format!(
                        "after operation {done} ({:.60}), {names:?} names, {bytes:?} bytes: {found:?} in {files:?}",
                        format!("{last:?}")
                    ));
                }
                images(&image, promise);
            }
            outcome.kept.extend(promise.states.first().filter(|_| promise.is_store));
            next.into_iter().for_each(|operation| disk.apply(operation));
        }
        outcome.images = finder.found.len();
        outcome.with_index = finder.with_index;
        outcome
    }
}

const BYTES: [Bytes; 6] =
    [Bytes::Flushed, Bytes::Torn, Bytes::Torn, Bytes::Pieces(512), Bytes::Pieces(4096), Bytes::All];

fn none_yet() -> Promise {
    Promise { from: 0, is_store: false, states: Vec::new() }
}

#[test]
fn a_power_cut_at_any_operation_leaves_all_that_was_flushed_and_no_change_in_half() {
    for seed in 0..2 {
        let now = std::time::Instant::now();
        let life = Living::begin(&Image::new(), &none_yet(), seed).live(&STEPS);
        let took = now.elapsed();
        let outcome = life.cut(&[Names::Ordered, Names::Any], 6, |_, _| {});
        eprintln!(
            "{} ops, {} cuts, {} images, {} with index, {} kept; {took:?}, {:?}",
            life.operations.len(),
            outcome.cuts,
            outcome.images,
            outcome.with_index,
            outcome.kept.len(),
            now.elapsed()
        );
        assert!(
            outcome.broken.is_empty(),
            "{} broken\n{}",
            outcome.broken.len(),
            outcome.broken[..outcome.broken.len().min(12)].join("\n")
        );
    }
}
