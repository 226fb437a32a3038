//! sled 0.34, with a checksum on each value, and without its panics.

use super::{
    failure::{Failure, contained},
    watchdog::Watchdog,
};
use crate::{
    error::{Error, Result},
    format::KeyRange,
    storage::{
        Direction,
        checksum::{EntrySum, checked, with_checksum},
        lock, private_folder, until_free,
    },
};
use std::{
    fs::{self, File},
    io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// sled writes its log in segments of this many bytes, and only reuses whole ones: small segments take less space. A
/// page must fit into a quarter of one, or sled gives it a file of its own; with 17 blocks at most in a page, that
/// bounds the blocks.
const SEGMENT: usize = 64 << 10;

/// Takes a key and its value, and says whether to go on.
type VisitWhile<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> Result<bool>;

/// A sled database in a folder of its own.
#[derive(Debug)]
pub(in crate::storage) struct Database {
    tree: sled::Db,
    /// Dropped after the tree, so that it has the last handle.
    _watchdog: Watchdog,
    /// Of the store, for errors.
    store: PathBuf,
    /// Why nothing is written any more: sled doesn't go on after a write that failed, and doesn't take back what it did.
    stopped: Mutex<Option<Failure>>,
    /// About so many bytes were given to sled since it was waited for.
    unwritten: AtomicUsize,
}

impl Database {
    /// sled is waited for after so many bytes.
    const UNWRITTEN: usize = 8 << 20;

    /// Opens the database, or makes it.
    pub(in crate::storage) fn open(store: &Path, folder: &Path, cache_bytes: u64) -> Result<Self> {
        let failed = |source| Error::Io { action: "opening", path: store.to_owned(), source };
        private_folder(folder).and_then(|()| prepare(folder)).map_err(failed)?;
        let config = sled::Config::new()
            .path(folder)
            .segment_size(SEGMENT)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        let opened = until_free(|| contained(|| config.open()), |failure| matches!(failure, Failure::Locked));
        let tree = opened.map_err(|failure| failure.during("opening", store))?;
        let watchdog = Watchdog::start(store, tree.clone())?;
        Ok(Self {
            tree,
            _watchdog: watchdog,
            store: store.to_owned(),
            stopped: Mutex::new(None),
            unwritten: AtomicUsize::new(0),
        })
    }

    /// The folder of the store.
    pub(in crate::storage) fn store(&self) -> &Path {
        &self.store
    }

    pub(in crate::storage) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = self.read(|| self.tree.get(key))?;
        value.map(|stored| self.checked(key, &stored).map(<[u8]>::to_vec)).transpose()
    }

    /// Writes some entries.
    pub(in crate::storage) fn write<'e>(
        &self,
        entries: impl IntoIterator<Item = (&'e Vec<u8>, &'e Option<Vec<u8>>)>,
    ) -> Result<()> {
        self.goes_on()?;
        for (key, value) in entries {
            let bytes = key.len() + value.as_ref().map_or(0, Vec::len);
            let written = match value {
                Some(value) => {
                    let stored = with_checksum(key, value);
                    contained(|| self.tree.insert(key, stored)).map(drop)
                }
                None => contained(|| self.tree.remove(key)).map(drop),
            };
            written.map_err(|failure| self.stop(failure))?;
            self.wait_for_writes(bytes)?;
        }
        Ok(())
    }

    /// Waits now and then until sled has written what it holds in memory, which is as much as it is given otherwise.
    fn wait_for_writes(&self, bytes: usize) -> Result<()> {
        if self.unwritten.fetch_add(bytes, Ordering::Relaxed) < Self::UNWRITTEN {
            return Ok(());
        }
        self.settle()
    }

    /// Returns when sled has given everything to the system.
    pub(in crate::storage) fn settle(&self) -> Result<()> {
        self.goes_on()?;
        self.unwritten.store(0, Ordering::Relaxed);
        contained(|| self.tree.flush()).map(drop).map_err(|failure| self.stop(failure))
    }

    /// Writes nothing any more, for this reason or the one that there was before, and returns it.
    fn stop(&self, failure: Failure) -> Error {
        let first = contained(|| self.tree.context.global_error()).err();
        let mut stopped = lock(&self.stopped);
        stopped.get_or_insert(first.unwrap_or(failure)).for_good(&self.store)
    }

    /// Whether no write has failed so far.
    fn goes_on(&self) -> Result<()> {
        if let Some(failure) = &*lock(&self.stopped) {
            return Err(failure.for_good(&self.store));
        }
        contained(|| self.tree.context.global_error()).map_err(|failure| self.stop(failure))
    }

    fn read<T>(&self, work: impl FnOnce() -> sled::Result<T>) -> Result<T> {
        contained(work).map_err(|failure| match self.goes_on() {
            Ok(()) => failure.during("reading", &self.store),
            Err(stopped) => stopped,
        })
    }

    /// Reads all entries, and says what they come to.
    pub(in crate::storage) fn sum(&self) -> Result<EntrySum> {
        let mut sum = EntrySum::default();
        self.visit(&KeyRange::all(), Direction::Forwards, &mut |key, value| {
            sum.add(key, value);
            Ok(true)
        })?;
        Ok(sum)
    }

    /// Calls `visit` with the keys and values of a range in this direction, as long as it says so.
    pub(in crate::storage) fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        visit: VisitWhile<'_>,
    ) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = self.tree.range::<&[u8], _>((Bound::Included(range.start.as_slice()), end));
        // sled is contained once for all of them: that takes as long as reading an entry.
        let mut failed = Ok(());
        self.read(|| {
            loop {
                let next = match direction {
                    Direction::Forwards => found.next(),
                    Direction::Backwards => found.next_back(),
                };
                let Some((key, stored)) = next.transpose()? else { return Ok(()) };
                match self.checked(&key, &stored).and_then(|value| visit(&key, value)) {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    Err(error) => {
                        failed = Err(error);
                        return Ok(());
                    }
                }
            }
        })?;
        failed
    }

    /// The value, if it is what was written under this key.
    fn checked<'s>(&self, key: &[u8], stored: &'s [u8]) -> Result<&'s [u8]> {
        checked(key, stored).ok_or_else(|| {
            let problem = "an entry is not what was written".to_owned();
            Error::Corrupt { path: self.store.clone(), problem }
        })
    }
}

/// Makes sure that sled will be able to read its files: what it can't read when it opens, it takes for what was never
/// written, and clears away.
fn prepare(folder: &Path) -> io::Result<()> {
    let files = |folder: &Path| match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let mut found = files(folder)?;
    found.retain(|path| path.is_file());
    // A killed process left it; sled would take it for the newest of its digests of the log.
    let unfinished = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "generating");
    for path in found.extract_if(.., |path| unfinished(path)) {
        fs::remove_file(path)?;
    }
    for path in found.iter().chain(&files(&folder.join("blobs"))?) {
        // sled has no more files open at once.
        (0..4).map(|_| File::open(path)).collect::<io::Result<Vec<File>>>()?;
    }
    Ok(())
}
