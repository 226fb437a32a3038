//! What is found in a store's folder after a power cut.

use super::cut_disk::Image;
use crate::{
    error::Result,
    format::{ChangeReader, KeyRange, Logged},
    storage::{
        DiskEngine, DumpError, Engine, Reads, Storage,
        checksum::EntrySum,
        disk::{checkpoint::FoundCheckpoint, folder::Folder, history::History, recorder},
        tests::open,
    },
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;
use twox_hash::XxHash3_64;

pub(super) type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What all entries come to.
pub(super) type State = (u64, u64);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Store(State),
    Refused(String),
}

pub(super) fn state(entries: &Entries) -> State {
    let mut sum = EntrySum::default();
    for (key, value) in entries {
        sum.add(key, value);
    }
    (sum.entries, sum.hashes)
}

pub(super) fn entries_of(storage: &Storage) -> Result<Entries> {
    let mut entries = Entries::new();
    storage.snapshot().for_each(KeyRange::all(), |entry| {
        entries.insert(entry.key, entry.value);
        Ok(())
    })?;
    Ok(entries)
}

pub(super) fn write_image(image: &Image, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in image {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// Copies the index of a store, with the note of how it was closed or without.
pub(super) fn copy_index(from: &Path, to: &Path, has_note: bool) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("sled-") {
            let to = to.join(entry.file_name());
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                if file.path().is_file() && (has_note || file.file_name() != Folder::CLOSED) {
                    fs::copy(file.path(), to.join(file.file_name())).unwrap();
                }
            }
        }
    }
}

/// Opens stores in a folder, and remembers what was found in each.
pub(super) struct Finder {
    folder: TempDir,
    pub(super) found: BTreeMap<u64, Found>,
    pub(super) opened: usize,
    pub(super) with_index: usize,
}

impl Finder {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), found: BTreeMap::new(), opened: 0, with_index: 0 }
    }

    pub(super) fn found(&mut self, image: &Image, index: Option<&PathBuf>) -> &Found {
        let path = index.map(|index| index.as_os_str().as_encoded_bytes()).unwrap_or_default();
        let parts = image.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes]).chain([path]);
        let hash = parts.fold(0, XxHash3_64::oneshot_with_seed);
        if !self.found.contains_key(&hash) {
            let path = self.folder.path().join(self.found.len().to_string());
            write_image(image, &path);
            index.inspect(|index| copy_index(index, &path, true));
            let mut found = read(&path);
            // Making an index takes many times as long as reading.
            if index.is_some() || self.found.len().is_multiple_of(OPENED) {
                recorder::begin(&path, BTreeMap::new(), 0);
                let opened = self.open(&path);
                recorder::end();
                if found.is_ok() {
                    found = opened;
                }
            }
            let _ = fs::remove_dir_all(&path);
            self.found.insert(hash, found.unwrap_or_else(|error| Found::Refused(error.to_string())));
        }
        &self.found[&hash]
    }

    /// Opens a store as a program does.
    fn open(&mut self, path: &Path) -> Result<Found> {
        let exists = DiskEngine::exists(path)?;
        let engine = DiskEngine::open(path, 1 << 20)?;
        self.opened += 1;
        self.with_index += usize::from(exists && engine.made_anew().is_none());
        let state = state(&entries_of(&open(Arc::new(engine)))?);
        assert!(exists || state == (0, 0), "there is something where nothing is");
        Ok(if exists { Found::Store(state) } else { Found::Nothing })
    }
}

/// One in so many images is opened as a program does, without an index; of the others, checkpoint and journal are read.
const OPENED: usize = 12;

/// Reads what an index is made of.
fn read(path: &Path) -> Result<Found> {
    if !DiskEngine::exists(path)? {
        return Ok(Found::Nothing);
    }
    let folder = Folder::lock(path)?;
    let mut history =
        History::read(&folder, &folder.contents()?)?.map_err(|problem| folder.corrupt(problem))?;
    let mut entries = Entries::new();
    let unreadable = |error: DumpError| folder.corrupt(format!("{error:?}"));
    let mut checkpoint = FoundCheckpoint::open(&folder.checkpoint(history.checkpoint)).map_err(unreadable)?;
    while let Some((key, value)) = checkpoint.next_entry().map_err(unreadable)? {
        entries.insert(key, value);
    }
    for part in history.parts() {
        let part = part?;
        let mut reader = ChangeReader::new(&part);
        while let Some(logged) = reader.next().unwrap() {
            match logged {
                Logged::Put(key, value) => drop(entries.insert(key.to_vec(), value.to_vec())),
                Logged::Remove(key) => drop(entries.remove(key)),
                other => panic!("{other:?}"),
            }
        }
    }
    Ok(Found::Store(state(&entries)))
}
