//! What a large change replaces: for readers who want what was there before it, and for taking it back.
//!
//! It stands in a file without a name, since it may be as large as the map. After a crash nobody needs it: the map is made
//! anew from what was committed.

use super::{lock, nameless::Scratch};
use crate::{error::Result, format::KeyRange};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What stood under keys, none where there was nothing.
pub(super) type ReplacedEntries = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// So many entries are read at once.
const CHUNK: usize = 32;

/// What a large change has replaced so far, batch by batch.
#[derive(Debug)]
pub(super) struct Undo {
    bytes: Mutex<Scratch>,
    batches: Vec<Vec<Chunk>>,
}

/// Some entries of a batch, in the order of their keys.
#[derive(Debug)]
struct Chunk {
    first: Vec<u8>,
    last: Vec<u8>,
    /// Where its bytes begin in the file, and how many they are.
    start: u64,
    length: usize,
}

impl Undo {
    pub(super) fn new(bytes: Scratch) -> Self {
        Self { bytes: Mutex::new(bytes), batches: Vec::new() }
    }

    /// Adds what a batch replaces.
    pub(super) fn add(&mut self, replaced: &ReplacedEntries) -> Result<()> {
        let scratch = self.bytes.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (mut chunks, mut bytes) = (Vec::new(), Vec::new());
        let entries: Vec<_> = replaced.iter().collect();
        for entries in entries.chunks(CHUNK) {
            let ([(first, _), ..], [.., (last, _)]) = (entries, entries) else { continue };
            bytes.clear();
            for (key, value) in entries {
                push([key, &[]], &mut bytes);
                push(value.as_ref().map_or([&[], &[]], |value| [&[0], value]), &mut bytes);
            }
            let (first, last) = ((*first).clone(), (*last).clone());
            chunks.push(Chunk { first, last, start: scratch.append(&bytes)?, length: bytes.len() });
        }
        self.batches.push(chunks);
        Ok(())
    }

    /// What stood under a key before the change, if the change has written to it.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Option<Vec<u8>>>> {
        // The first batch that wrote to the key has replaced what was there before the change.
        for chunks in &self.batches {
            let at = chunks.partition_point(|chunk| chunk.last.as_slice() < key);
            if let Some(chunk) = chunks.get(at).filter(|chunk| chunk.first.as_slice() <= key)
                && let Some(value) = self.read(chunk)?.remove(key)
            {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// The same of all keys in a range.
    pub(super) fn range(&self, range: &KeyRange) -> Result<ReplacedEntries> {
        let mut replaced = ReplacedEntries::new();
        for chunks in self.batches.iter().rev() {
            let from = chunks.partition_point(|chunk| chunk.last < range.start);
            let chunks = chunks.get(from..).unwrap_or_default();
            let is_in = |key: &Vec<u8>| range.end.as_ref().is_none_or(|end| key < end);
            for chunk in chunks.iter().take_while(|chunk| is_in(&chunk.first)) {
                let found = self.read(chunk)?.into_iter();
                replaced.extend(found.filter(|(key, _)| *key >= range.start && is_in(key)));
            }
        }
        Ok(replaced)
    }

    /// Calls `put_back` with what to write so that the change never happened, a batch at a time.
    pub(super) fn take_back(&self, mut put_back: impl FnMut(ReplacedEntries) -> Result<()>) -> Result<()> {
        for chunk in self.batches.iter().rev().flatten() {
            put_back(self.read(chunk)?)?;
        }
        Ok(())
    }

    fn read(&self, chunk: &Chunk) -> Result<ReplacedEntries> {
        let bytes = lock(&self.bytes).read(chunk.start, chunk.length)?;
        let (mut rest, mut entries) = (bytes.as_slice(), ReplacedEntries::new());
        while let Some(key) = take(&mut rest) {
            let value = take(&mut rest).unwrap_or_default();
            // A value stands behind a byte, none is no byte.
            entries.insert(key.to_vec(), value.split_first().map(|(_, value)| value.to_vec()));
        }
        Ok(entries)
    }
}

fn push(parts: [&[u8]; 2], bytes: &mut Vec<u8>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend(parts.iter().copied().flatten());
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (taken, after) = after.split_at_checked(usize::from_le_bytes(*length))?;
    *rest = after;
    Some(taken)
}
