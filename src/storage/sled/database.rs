//! sled 0.34, with a checksum on each value, and without its panics.

use super::{
    failure::{Failure, contained},
    folder::{BETWEEN_LOCK_ATTEMPTS, LOCK_ATTEMPTS, is_same, names, sync_folder},
    totals::{Checked, TOTALS, Totals, checked, entry_hash, with_checksum, with_totals},
    watchdog::Watchdog,
};
use crate::{
    error::{Error, Result},
    format::KeyRange,
    storage::{BATCH, Direction, Entry, VisitEntries, Write, lock},
};
use std::{
    fs::{self, File},
    io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

/// sled writes its log in segments of this many bytes, and only reuses whole ones: small segments take less space. A
/// page must fit into a quarter of one, or sled gives it a file of its own; with 17 blocks at most in a page, that
/// bounds the blocks.
pub(super) const SEGMENT: usize = 64 << 10;

/// After so many copied entries, sled is waited for.
const COPIED: u64 = 64;

/// A sled database in a folder of its own.
#[derive(Debug)]
pub(super) struct Database {
    tree: sled::Db,
    /// Dropped after the tree, so that it has the last handle.
    _watchdog: Watchdog,
    /// Of the store, for errors.
    store: PathBuf,
    /// The file that sled writes to, and where it was found.
    file: File,
    path: PathBuf,
    stopped: Mutex<Option<Stop>>,
    /// About so many bytes were given to sled since it was waited for.
    unwritten: AtomicUsize,
    /// There may be entries so large that sled gives their pages files of their own.
    has_large: AtomicBool,
    /// The last such file that was flushed.
    flushed_blob: AtomicU64,
}

/// Why nothing is written any more: sled doesn't go on after a write that failed, and doesn't take back what it did.
#[derive(Debug)]
struct Stop {
    failure: Failure,
    /// A batch may be there by half, in memory, until the database is opened again.
    half: bool,
}

impl Database {
    /// A page that sled gives a file of its own has a quarter of a segment, and at most 17 entries.
    const LARGE: usize = SEGMENT / 4 / 18;

    /// sled is waited for after so many bytes.
    const UNWRITTEN: usize = 8 << 20;

    /// Whether there are a database's files in this folder.
    pub(super) fn exists(folder: &Path) -> io::Result<bool> {
        for name in ["conf", "db"] {
            match fs::metadata(folder.join(name)) {
                Ok(found) if found.is_file() => {}
                // What may not be looked at isn't lost.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
                Ok(_) | Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Which part of the log the database has digested, as the name of a file tells.
    pub(super) fn log_snapshot(folder: &Path) -> Option<u64> {
        let files = fs::read_dir(folder).ok()?.flatten();
        let numbers = files.filter_map(|file| {
            u64::from_str_radix(file.file_name().to_str()?.strip_prefix("snap.")?, 16).ok()
        });
        numbers.max()
    }

    /// Opens the database, or makes it.
    pub(super) fn open(store: &Path, folder: &Path, cache_bytes: u64) -> Result<Self> {
        let failed = |source| Error::Io { action: "opening", path: store.to_owned(), source };
        prepare(folder).map_err(failed)?;
        let config = sled::Config::new()
            .path(folder)
            .segment_size(SEGMENT)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        // sled's own threads keep the lock for a moment after its last handle is gone.
        let mut attempts = LOCK_ATTEMPTS;
        let tree = loop {
            match contained(|| config.open()) {
                Ok(tree) => break tree,
                Err(failure) if !failure.is_locked() => return Err(failure.during("opening", store)),
                Err(_) if attempts == 0 => return Err(Error::Locked { path: store.to_owned() }),
                Err(_) => thread::sleep(BETWEEN_LOCK_ATTEMPTS),
            }
            attempts -= 1;
        };
        let has_large = names(&folder.join("blobs")).is_ok_and(|blobs| !blobs.is_empty());
        let watchdog = Watchdog::start(store, tree.clone())?;
        let path = folder.join("db");
        let file = File::options().write(true).open(&path).map_err(failed)?;
        Ok(Self {
            tree,
            _watchdog: watchdog,
            store: store.to_owned(),
            file,
            path,
            stopped: Mutex::new(None),
            unwritten: AtomicUsize::new(0),
            has_large: AtomicBool::new(has_large),
            flushed_blob: AtomicU64::new(0),
        })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = self.read(|| self.tree.get(key))?;
        value.map(|stored| self.checked(key, &stored).map(|found| found.value.to_vec())).transpose()
    }

    /// Calls `visit` with the keys and values of the first entries of a range in this direction.
    pub(super) fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        self.stored(range, direction, limit, |key, stored| {
            visit(key, self.checked(key, stored)?.value);
            Ok(())
        })
    }

    /// Applies a batch that no key is in twice, and returns the totals with it.
    pub(super) fn apply(&self, mut batch: Vec<Write>, mut totals: Totals) -> Result<Totals> {
        self.goes_on()?;
        totals.batches += 1;
        for Write { key, old, .. } in &batch {
            if let Some(old) = old {
                totals.remove(key, old);
            }
        }
        if let [Write { key, new: only @ Some(_), .. }] = batch.as_mut_slice()
            && let Some(value) = only.take()
        {
            totals.add(entry_hash(key, &value));
            self.insert(key, with_totals(key, value, &totals))?;
            return Ok(totals);
        }
        let mut writes = sled::Batch::default();
        let mut bytes = 0;
        for Write { key, new, .. } in batch {
            match new {
                Some(new) => {
                    let (hash, new) = with_checksum(&key, new);
                    self.notice(&new);
                    bytes += key.len() + new.len();
                    totals.add(hash);
                    writes.insert(key, new);
                }
                None => writes.remove(key),
            }
        }
        writes.insert(TOTALS, with_checksum(TOTALS, totals.encode().to_vec()).1);
        contained(|| self.tree.apply_batch(writes)).map_err(|failure| self.stop(failure, true))?;
        self.wait_for_writes(bytes)?;
        Ok(totals)
    }

    /// Waits now and then until sled has written what it holds in memory, which is as much as it is given otherwise.
    fn wait_for_writes(&self, bytes: usize) -> Result<()> {
        if self.unwritten.fetch_add(bytes, Ordering::Relaxed) < Self::UNWRITTEN {
            return Ok(());
        }
        self.unwritten.store(0, Ordering::Relaxed);
        contained(|| self.tree.flush()).map(drop).map_err(|failure| self.stop(failure, true))
    }

    fn insert(&self, key: &[u8], stored: Vec<u8>) -> Result<()> {
        self.notice(&stored);
        contained(|| self.tree.insert(key, stored)).map(drop).map_err(|failure| self.stop(failure, true))
    }

    fn notice(&self, stored: &[u8]) {
        if stored.len() > Self::LARGE {
            self.has_large.store(true, Ordering::Relaxed);
        }
    }

    /// Writes the totals into an entry of their own, where they are found without a search.
    pub(super) fn note(&self, totals: &Totals) -> Result<()> {
        self.goes_on()?;
        if self.totals()? == Some(*totals) {
            return Ok(());
        }
        self.insert(TOTALS, with_checksum(TOTALS, totals.encode().to_vec()).1)
    }

    pub(super) fn flush(&self) -> Result<()> {
        self.goes_on()?;
        // sled has the system write, but doesn't wait for the disk.
        contained(|| self.tree.flush())
            .and_then(|_| self.sync_blobs().and_then(|()| self.file.sync_data()).map_err(Failure::from))
            .map_err(|failure| self.stop(failure, false))?;
        let source = match fs::metadata(&self.path) {
            Ok(found) if is_same(&found, &self.file) => return Ok(()),
            Ok(_) => io::Error::new(io::ErrorKind::NotFound, "other files have taken its place"),
            Err(source) => source,
        };
        Err(Error::Io { action: "flushing", path: self.store.clone(), source })
    }

    /// Flushes the files of large entries that were not flushed before. Their names are numbers that only grow.
    fn sync_blobs(&self) -> io::Result<()> {
        if !self.has_large.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some(folder) = self.path.parent().map(|folder| folder.join("blobs")) else { return Ok(()) };
        let flushed = self.flushed_blob.load(Ordering::Relaxed);
        let mut last = flushed;
        let blobs = match names(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            blobs => blobs?,
        };
        for blob in blobs {
            let Some(number) = blob.parse().ok().filter(|number| *number > flushed) else { continue };
            match File::open(folder.join(&blob)) {
                Ok(file) => file.sync_data()?,
                // It was replaced, and sled has removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            last = last.max(number);
        }
        if last > flushed {
            sync_folder(&folder)?;
            self.flushed_blob.store(last, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Writes nothing any more, for this reason or the one that there was before, and returns it.
    pub(super) fn stop(&self, failure: Failure, half: bool) -> Error {
        let first = contained(|| self.tree.context.global_error()).err();
        let mut stopped = lock(&self.stopped);
        let stop = stopped.get_or_insert(Stop { failure: first.unwrap_or(failure), half });
        stop.half |= half;
        stop.failure.for_good(&self.store)
    }

    /// Whether no write has failed so far.
    fn goes_on(&self) -> Result<()> {
        if let Some(stop) = &*lock(&self.stopped) {
            return Err(stop.failure.for_good(&self.store));
        }
        contained(|| self.tree.context.global_error()).map_err(|failure| self.stop(failure, false))
    }

    fn read<T>(&self, work: impl FnOnce() -> sled::Result<T>) -> Result<T> {
        if let Some(stop) = lock(&self.stopped).as_ref().filter(|stop| stop.half) {
            return Err(stop.failure.for_good(&self.store));
        }
        contained(work).map_err(|failure| match self.goes_on() {
            Ok(()) => failure.during("reading", &self.store),
            Err(stopped) => stopped,
        })
    }

    /// The totals that were noted last; none in a database without any.
    pub(super) fn totals(&self) -> Result<Option<Totals>> {
        Ok(self.get(TOTALS)?.and_then(|bytes| Totals::decode(&bytes)))
    }

    /// Reads all entries, and compares them with their totals: with these, or with later ones that are found among the
    /// entries, and returns those.
    pub(super) fn check(&self, totals: Totals) -> Result<Totals> {
        let (mut found, mut totals) = (Totals::default(), totals);
        let everything = KeyRange::all();
        self.stored(&everything, Direction::Forwards, usize::MAX, |key, stored| {
            let Checked { value, totals: then } = self.checked(key, stored)?;
            found.add(entry_hash(key, value));
            totals = then.map_or(totals, |then| totals.newer(then));
            Ok(())
        })?;
        if found.same_entries(&totals) { Ok(totals) } else { Err(self.wrong_entries(&found, &totals)) }
    }

    fn wrong_entries(&self, found: &Totals, totals: &Totals) -> Error {
        let problem = if found.entries == totals.entries {
            "some of its entries are not what was written last".to_owned()
        } else {
            format!("it has {} entries and should have {}", found.entries, totals.entries)
        };
        Error::Corrupt { path: self.store.clone(), problem }
    }

    /// Copies all entries of another database, which must come to these totals, into this one, which is empty: each as
    /// `rewritten` makes it, or without it. Counts on from the batches of the other.
    pub(super) fn copy(
        &self,
        other: &Self,
        expected: &Totals,
        rewritten: &dyn Fn(Entry) -> Option<Entry>,
    ) -> Result<Totals> {
        let (mut found, mut totals) = (Totals::default(), Totals::none(expected.batches + 1));
        // sled splits a page into halves and, given all entries in order, never fills them: so every other entry first, and
        // then those between. A segment is used again only once it is written, so sled is waited for now and then. (A million
        // dense statistics take 4.7 MB so, 5.4 in order, and 5.0 to 9.0 without waiting.)
        for turn in [0, 1] {
            let mut number = 0_u64;
            other.pages(|entries| {
                for entry in entries {
                    number += 1;
                    if turn == 0 {
                        found.add(entry_hash(&entry.key, &entry.value));
                    }
                    if number % 2 == turn
                        && let Some(Entry { key, value }) = rewritten(entry)
                    {
                        let (hash, stored) = with_checksum(&key, value);
                        totals.add(hash);
                        self.insert(&key, stored)?;
                        if number % COPIED == turn {
                            contained(|| self.tree.flush()).map_err(|failure| self.stop(failure, true))?;
                        }
                    }
                }
                Ok(())
            })?;
        }
        self.note(&totals)?;
        if !found.same_entries(expected) {
            return Err(other.wrong_entries(&found, expected));
        }
        self.check(totals)
    }

    /// All entries, a page at a time.
    fn pages(&self, mut visit: impl FnMut(Vec<Entry>) -> Result<()>) -> Result<()> {
        let mut range = KeyRange::all();
        loop {
            let mut entries = Vec::new();
            self.visit(&range, Direction::Forwards, BATCH, &mut |key, value| {
                entries.push(Entry { key: key.to_vec(), value: value.to_vec() });
            })?;
            let Some(last) = entries.last() else { return Ok(()) };
            range.start = [&last.key[..], &[0]].concat();
            visit(entries)?;
        }
    }

    /// The first `limit` entries of a range in this direction, with their checksums, as long as `visit` allows.
    fn stored(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>,
    ) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let end = range.end.as_deref().unwrap_or(TOTALS).min(TOTALS);
        let mut found =
            self.tree.range::<&[u8], _>((Bound::Included(range.start.as_slice()), Bound::Excluded(end)));
        // sled is contained once for all of them: that takes as long as reading an entry.
        let mut failed = Ok(());
        self.read(|| {
            for _ in 0..limit {
                let next = match direction {
                    Direction::Forwards => found.next(),
                    Direction::Backwards => found.next_back(),
                };
                let Some((key, value)) = next.transpose()? else { break };
                failed = visit(&key, &value);
                if failed.is_err() {
                    break;
                }
            }
            Ok(())
        })?;
        failed
    }

    /// The value, if it is what was written under this key.
    fn checked<'s>(&self, key: &[u8], stored: &'s [u8]) -> Result<Checked<'s>> {
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
