//! A store at work, whose operations on its files are recorded, with what it promises meanwhile.

use super::{
    cut_disk::{Bytes, Chance, CutDisk, Names},
    found::{Entries, State, copy_index, entries_of, state, write_image},
};
use crate::{
    format::{Space, key},
    storage::{
        DiskEngine, Storage,
        disk::recorder::{self, FileOperation},
        tests::open,
    },
};
use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// What is done to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
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

/// A large change is about so many entries: at least 2,048 writes, with which it becomes one of several parts.
const LARGE: usize = 2_700;

/// What may be found after a power cut, from an operation on.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    pub(super) from: usize,
    /// Somebody was told that there is a store.
    pub(super) is_store: bool,
    pub(super) states: Vec<State>,
}

/// What was done to a store, and what it promised meanwhile.
pub(super) struct Life {
    /// What there was before.
    pub(super) disk: CutDisk,
    pub(super) operations: Vec<FileOperation>,
    pub(super) promises: Vec<Promise>,
    /// Copies of the index, as it was when the store was closed, and when.
    pub(super) indexes: Vec<(usize, PathBuf)>,
    folder: TempDir,
}

/// A store at work.
pub(super) struct Living {
    life: Life,
    storage: Option<Storage>,
    path: PathBuf,
    chance: Chance,
    entries: Entries,
    /// What it had at the last flush, and after each change since.
    states: Vec<State>,
}

fn plain(n: usize) -> Vec<u8> {
    [&[Space::Plain as u8][..], &n.to_be_bytes()].concat()
}

impl Living {
    /// Opens what a disk has in its files, flushed or not, or makes a store.
    pub(super) fn begin(disk: CutDisk, promise: &Promise, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store-0");
        write_image(&disk.image(Names::All, Bytes::All, &mut Chance(0)), &path);
        let (names, files) = disk.files();
        recorder::begin(&path, names, files);
        let promises = vec![Promise { from: 0, ..promise.clone() }];
        let life = Life { disk, operations: Vec::new(), promises, indexes: Vec::new(), folder };
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
        if !exists && self.chance.one_in(2) {
            // Something fails before it is a store.
            drop(DiskEngine::open(&self.path, 1 << 20).unwrap());
        }
        let storage = open(Arc::new(DiskEngine::open(&self.path, 1 << 20).unwrap()));
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
        let longest = if is_large && !self.chance.one_in(4) { 8 } else { 60 };
        let length = self.chance.below(longest);
        let count = if is_large { LARGE } else { 1 + self.chance.below(4) };
        for n in 0..count {
            let n = if is_large { 1_000 + n } else { self.chance.below(200) };
            if self.chance.one_in(5) {
                entries.remove(&plain(n));
            } else {
                entries.insert(plain(n), vec![u8::try_from(self.chance.below(256)).unwrap(); length]);
            }
        }
        // Each state is another.
        entries.insert(plain(usize::MAX), self.chance.0.to_be_bytes().to_vec());
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
            Step::Small | Step::DropSmall => self.change(false, step == Step::Small),
            Step::Large | Step::DropLarge => self.change(true, step == Step::Large),
            Step::Flush => {
                self.storage().flush().unwrap();
                self.kept();
            }
            Step::Checkpoint => {
                self.storage().checkpoint().unwrap();
                self.kept();
            }
            Step::Compact => {
                self.storage().compact().unwrap();
                self.kept();
            }
            Step::Reopen => {
                let from = recorder::count();
                self.storage = None;
                // Its note is written only when everything is on the disk.
                for (from, has_note) in [(from, false), (recorder::count(), true)] {
                    let copy = self.life.folder.path().join(format!("index-{from}"));
                    copy_index(&self.path, &copy, has_note);
                    self.life.indexes.push((from, copy));
                }
                assert_eq!(self.states.last(), Some(&state(&self.entries)));
                self.states.drain(..self.states.len() - 1);
                self.open();
            }
            Step::Kill => self.kill(),
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
            copy_index(&self.path, &to, false);
        }
        self.path = to;
        self.open();
    }

    /// Does these steps in any order.
    pub(super) fn live(mut self, steps: &[Step]) -> Life {
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
