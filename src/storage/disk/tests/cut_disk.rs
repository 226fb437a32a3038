//! A disk whose power can be cut after any operation.
//!
//! All is kept that was flushed. Of what a file was given since, each sector or page is found in any of its versions, and its
//! length in any; of the names, any that a folder may have had, or any of each name.

use crate::storage::disk::recorder::{FileOperation, RecordedFile};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hasher},
};

/// The files of a folder, by name.
pub(super) type Image = BTreeMap<String, Vec<u8>>;

/// Numbers by chance, the same each time.
#[derive(Debug, Clone)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// A number below this one.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        usize::try_from(hasher.finish() % end as u64).unwrap()
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Which names are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Flushed,
    /// As they were at some moment since.
    Ordered,
    /// Each by itself.
    Any,
    All,
}

/// Which bytes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    Flushed,
    /// Those of the first operations since, with a part of the next.
    Torn,
    /// Each piece of so many bytes in one of its versions.
    Pieces(usize),
    All,
}

#[derive(Debug, Clone, Default)]
pub(super) struct CutDisk {
    files: Vec<CutFile>,
    flushed_names: BTreeMap<String, RecordedFile>,
    /// Creations, renamings and removals since.
    renamings: Vec<FileOperation>,
}

#[derive(Debug, Clone, Default)]
struct CutFile {
    flushed: Vec<u8>,
    since: Vec<FileOperation>,
}

impl CutDisk {
    /// A disk with these files, numbered in the order of their names.
    pub(super) fn new(image: &Image) -> Self {
        let files = image.values().map(|bytes| CutFile { flushed: bytes.clone(), since: Vec::new() });
        let flushed_names = image.keys().cloned().zip(0..).collect();
        Self { files: files.collect(), flushed_names, renamings: Vec::new() }
    }

    pub(super) fn apply(&mut self, operation: &FileOperation) {
        match operation {
            FileOperation::Create(_, number) if *number == self.files.len() => {
                self.files.push(CutFile::default());
                self.renamings.push(operation.clone());
            }
            FileOperation::Create(_, number) => {
                self.files[*number].since.push(FileOperation::SetLength(*number, 0));
            }
            FileOperation::Write(number, ..) | FileOperation::SetLength(number, _) => {
                self.files[*number].since.push(operation.clone());
            }
            FileOperation::Sync(number) => {
                let file = &mut self.files[*number];
                file.flushed = file.versions().pop().unwrap();
                file.since.clear();
            }
            FileOperation::Rename(..) | FileOperation::Remove(_) => self.renamings.push(operation.clone()),
            FileOperation::SyncFolder => {
                self.flushed_names = self.names(Names::All, &mut Chance(0));
                self.renamings.clear();
            }
        }
    }

    /// Whether a power cut takes nothing.
    pub(super) fn is_flushed(&self) -> bool {
        self.renamings.is_empty() && self.files.iter().all(|file| file.since.is_empty())
    }

    /// What is found after a power cut.
    pub(super) fn image(&self, names: Names, bytes: Bytes, chance: &mut Chance) -> Image {
        let names = self.names(names, chance);
        names.into_iter().map(|(name, number)| (name, self.files[number].found(bytes, chance))).collect()
    }

    /// The names as they are, and how many files there ever were.
    pub(super) fn files(&self) -> (BTreeMap<String, RecordedFile>, usize) {
        (self.names(Names::All, &mut Chance(0)), self.files.len())
    }

    fn names(&self, found: Names, chance: &mut Chance) -> BTreeMap<String, RecordedFile> {
        let mut names = self.flushed_names.clone();
        let count = match found {
            Names::Flushed => 0,
            Names::Ordered => chance.below(self.renamings.len() + 1),
            Names::Any | Names::All => self.renamings.len(),
        };
        // What happened to a name counts only if all that happened to it before does.
        let mut lost = BTreeSet::new();
        for renaming in &self.renamings[..count] {
            let of = match renaming {
                FileOperation::Rename(from, to) => vec![from, to],
                FileOperation::Create(name, _) | FileOperation::Remove(name) => vec![name],
                _ => vec![],
            };
            if of.iter().any(|name| lost.contains(name)) || found == Names::Any && chance.one_in(2) {
                lost.extend(of);
                continue;
            }
            match renaming {
                FileOperation::Create(name, number) => drop(names.insert(name.clone(), *number)),
                FileOperation::Rename(from, to) => {
                    let number = names.remove(from).unwrap();
                    names.insert(to.clone(), number);
                }
                FileOperation::Remove(name) => drop(names.remove(name)),
                _ => {}
            }
        }
        names
    }
}

impl CutFile {
    /// What was flushed, and what each operation since has made of it.
    fn versions(&self) -> Vec<Vec<u8>> {
        let mut versions = vec![self.flushed.clone()];
        for operation in &self.since {
            let mut bytes = versions.last().unwrap().clone();
            match operation {
                FileOperation::Write(_, at, written) => {
                    let at = usize::try_from(*at).unwrap();
                    bytes.resize(bytes.len().max(at + written.len()), 0);
                    bytes[at..at + written.len()].copy_from_slice(written);
                }
                FileOperation::SetLength(_, length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
                _ => {}
            }
            versions.push(bytes);
        }
        versions
    }

    fn found(&self, bytes: Bytes, chance: &mut Chance) -> Vec<u8> {
        if self.since.is_empty() || bytes == Bytes::Flushed {
            return self.flushed.clone();
        }
        let versions = self.versions();
        let any = |chance: &mut Chance| &versions[chance.below(versions.len())];
        match bytes {
            Bytes::Flushed => versions[0].clone(),
            Bytes::All => versions.last().unwrap().clone(),
            Bytes::Torn => {
                let before = chance.below(versions.len());
                let (old, new) = (&versions[before], versions.get(before + 1).unwrap_or(&versions[before]));
                let changed = old.iter().zip(new).take_while(|(old, new)| old == new).count();
                let torn = changed + chance.below(new.len() - changed.min(new.len()) + 1);
                let rest = old.get(torn..).unwrap_or_default();
                [&new[..torn.min(new.len())], rest].concat()
            }
            Bytes::Pieces(size) => {
                let (one, other) = (any(chance).len(), any(chance).len());
                let between = one.min(other) + chance.below(one.abs_diff(other) + 1);
                let mut found = vec![0; if chance.one_in(2) { one } else { between }];
                for (at, piece) in found.chunks_mut(size).enumerate() {
                    let version = any(chance).get(at * size..).unwrap_or_default();
                    let length = piece.len().min(version.len());
                    piece[..length].copy_from_slice(&version[..length]);
                }
                found
            }
        }
    }
}
