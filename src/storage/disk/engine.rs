//! A store's folder while it is open.

use super::{
    checkpoint::{Checkpoint, file_hash},
    closed::Closed,
    files::sync_folder,
    folder::{self, Folder, bytes_of, is_same, not_as_written},
    history::{History, check_format},
    index::Index,
    journal::Journal,
    journal_record::JournalName,
};
use crate::{
    error::{Error, Result},
    format::KeyRange,
    storage::{Direction, Engine, Log, MadeAnew, Parts, VisitEntries, Write, lock},
};
use std::{
    fs,
    hash::{BuildHasher, RandomState},
    io, mem,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// A journal shorter than this goes on, however short the checkpoint is.
const LEAST_JOURNAL: u64 = 64 << 10;

/// A store's folder, open.
#[derive(Debug)]
pub(crate) struct DiskEngine {
    index: RwLock<Arc<Index>>,
    /// An index that is being made anew.
    new_index: Mutex<Option<Arc<Index>>>,
    /// None until there is a checkpoint that it goes on from.
    journal: RwLock<Option<Arc<Journal>>>,
    /// What tells this store's files from those of others.
    store_id: u64,
    /// The last change, while there is no journal.
    base: u64,
    checkpoint: Mutex<CheckpointFile>,
    /// As it was closed in order, with an index that wasn't written to since.
    closed: Option<Closed>,
    unapplied: Mutex<Unapplied>,
    /// The index has parts of a change that hasn't happened.
    has_parts: AtomicBool,
    made_anew: Option<MadeAnew>,
    cache_bytes: u64,
    /// Last, since it lets go of the lock.
    folder: Folder,
}

/// What the index doesn't have yet of the journal.
#[derive(Debug, Default)]
enum Unapplied {
    #[default]
    Nothing,
    Changes(History),
    /// It is given these changes.
    CatchingUp,
}

/// The newest checkpoint.
#[derive(Debug, Clone, Copy, Default)]
struct CheckpointFile {
    number: u64,
    bytes: u64,
    /// None if it wasn't read wholly.
    hash: Option<u64>,
}

/// The index as it was closed, if it is still the same.
fn sound_index(folder: &Folder, closed: Closed, cache_bytes: u64) -> Result<Option<(Index, Closed)>> {
    if !folder.index(closed.index).is_dir() {
        return Ok(None);
    }
    let index = Index::open(folder, closed.index, cache_bytes);
    match index.and_then(|index| index.sum().map(|sum| (index, sum))) {
        Ok((index, sum)) => Ok((sum == closed.sum).then_some((index, closed))),
        Err(Error::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl DiskEngine {
    /// Whether there is a store in this folder, sound or not; what is there instead is an error.
    pub(crate) fn exists(path: &Path) -> Result<bool> {
        folder::exists(path)
    }

    /// Opens the store in this folder, or begins one, which is none until it has a
    /// [checkpoint](Engine::finish_checkpoint).
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        let folder = Folder::lock(path)?;
        let new_id = || RandomState::new().hash_one(path);
        if !folder.is_store() {
            folder.begin()?;
            let index = Index::open(&folder, 1, cache_bytes)?;
            return Ok(Self::new(folder, cache_bytes, index, new_id()));
        }
        folder.sync()?;
        let contents = folder.contents()?;
        check_format(&folder, &contents)?;
        let closed = Closed::read(&folder.closed());
        let sound = closed.map(|closed| sound_index(&folder, closed, cache_bytes)).transpose()?.flatten();
        match (sound, History::read(&folder, &contents)?) {
            (Some((index, closed)), Ok(history))
                if history.last() == closed.change && history.has_checkpoint(closed.checkpoint)? =>
            {
                Self::go_on(folder, cache_bytes, index, Some(closed), history)
            }
            // Something was written after it was closed, and no power cut took it away.
            (Some((_, closed)), Ok(history))
                if history.last() > closed.change && history.has_checkpoint(closed.checkpoint)? =>
            {
                Self::remade(folder, cache_bytes, history)
            }
            // The index is all that is left of the last changes: a checkpoint is made of it.
            (Some((index, closed)), _) => {
                let last = contents.journals.iter().chain(&contents.checkpoints).copied().max();
                let mut engine = Self::new(folder, cache_bytes, index, new_id());
                engine.base = closed.change.max(last.unwrap_or_default()) + 1;
                engine.closed = Some(closed);
                engine.made_anew = Some(MadeAnew::History);
                Ok(engine)
            }
            (None, Ok(history)) if history.has_lost(&contents) => Err(folder.corrupt(history.lost())),
            (None, Ok(history)) => Self::remade(folder, cache_bytes, history),
            (None, Err(problem)) => Err(folder.corrupt(problem)),
        }
    }

    fn new(folder: Folder, cache_bytes: u64, index: Index, store_id: u64) -> Self {
        Self {
            index: RwLock::new(Arc::new(index)),
            new_index: Mutex::default(),
            journal: RwLock::default(),
            store_id,
            base: 0,
            checkpoint: Mutex::default(),
            closed: None,
            unapplied: Mutex::default(),
            has_parts: AtomicBool::new(false),
            made_anew: None,
            cache_bytes,
            folder,
        }
    }

    /// Opens a store with an index that is made anew.
    fn remade(folder: Folder, cache_bytes: u64, history: History) -> Result<Self> {
        let number = folder.contents()?.indexes.last().copied().unwrap_or_default() + 1;
        let index = Index::load(&folder, number, cache_bytes, history.checkpoint)?;
        let mut engine = Self::go_on(folder, cache_bytes, index, None, history)?;
        engine.made_anew = Some(MadeAnew::Index);
        Ok(engine)
    }

    /// Opens a store with an index that has everything, or what the checkpoint has.
    fn go_on(
        folder: Folder,
        cache_bytes: u64,
        index: Index,
        closed: Option<Closed>,
        history: History,
    ) -> Result<Self> {
        let mut engine = Self::new(folder, cache_bytes, index, history.store_id);
        let failed = |source| Error::Io { action: "opening", path: engine.folder.path().to_owned(), source };
        if let Some((path, found)) = history.journals.last() {
            let journal = Journal::go_on(path.clone(), found).map_err(failed)?;
            engine.set_journal(journal);
        }
        let number = history.checkpoint;
        let bytes = fs::metadata(engine.folder.checkpoint(number)).map_err(failed)?.len();
        let hash = closed.map(|closed| closed.checkpoint);
        engine.checkpoint = CheckpointFile { number, bytes, hash }.into();
        if closed.is_none() && history.has_changes() {
            engine.unapplied = Unapplied::Changes(history).into();
        } else {
            engine.folder.keep_only(number, engine.index().folder());
        }
        engine.closed = closed;
        Ok(engine)
    }

    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets another index take the place of the one that there is, which is removed.
    fn set_index(&self, index: Arc<Index>) {
        let old = mem::replace(&mut *self.index.write().unwrap_or_else(PoisonError::into_inner), index);
        let _ = fs::remove_dir_all(old.folder());
    }

    fn journal(&self) -> Option<Arc<Journal>> {
        self.journal.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_journal(&self, journal: Journal) {
        *self.journal.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(journal));
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> Error {
        let path = self.folder.path().to_owned();
        move |source| Error::Io { action, path: path.clone(), source }
    }

    /// The error of a journal, which may be one for good.
    fn journal_failed(&self, action: &'static str, journal: &Journal) -> impl Fn(io::Error) -> Error {
        let (path, is_stopped) = (self.folder.path().to_owned(), journal.is_stopped());
        move |source| {
            let path = path.clone();
            if is_stopped { Error::Stopped { path, source } } else { Error::Io { action, path, source } }
        }
    }

    /// Reads from the index; once more where another has taken its place.
    fn read<T>(&self, mut work: impl FnMut(&Index) -> Result<T>) -> Result<T> {
        loop {
            let index = self.index();
            let found = work(&index);
            if found.is_ok() || Arc::ptr_eq(&index, &self.index()) {
                return found;
            }
        }
    }

    /// A number that no index has.
    fn next_index(&self) -> Result<u64> {
        Ok(self.folder.contents()?.indexes.last().copied().unwrap_or_default() + 1)
    }

    /// The last change.
    fn number(&self) -> u64 {
        self.journal().map_or(self.base, |journal| journal.number())
    }

    /// Writes down what the files come to, so that the index need not be made anew when the store is opened.
    fn close(&self) -> Result<()> {
        if let Some(journal) = self.journal() {
            journal.flush().and_then(|()| is_in_place(&journal)).map_err(self.failed("flushing"))?;
        }
        let is_complete = matches!(*lock(&self.unapplied), Unapplied::Nothing);
        if !is_complete || self.has_parts.load(Ordering::Relaxed) {
            return Ok(());
        }
        let index = self.index();
        let sum = index.settle()?.or(self.closed.map(|closed| closed.sum));
        let CheckpointFile { number, hash, .. } = *lock(&self.checkpoint);
        let hash = hash.map_or_else(|| file_hash(&self.folder.checkpoint(number)), Ok);
        let checkpoint = hash.map_err(self.failed("closing"))?;
        let closed = sum.map(|sum| Closed { index: index.number(), change: self.number(), sum, checkpoint });
        match closed {
            Some(closed) if self.closed != Some(closed) => {
                closed.write(self.folder.path(), index.folder()).map_err(self.failed("closing"))
            }
            _ => Ok(()),
        }
    }
}

/// Fails where the journal's file isn't there any more, with the rest of the store.
fn is_in_place(journal: &Journal) -> io::Result<()> {
    let found = fs::metadata(journal.path())?;
    if journal.file_is(|file| is_same(&found, file)) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "other files have taken its place"))
}

impl Drop for DiskEngine {
    fn drop(&mut self) {
        if self.folder.is_store() {
            // Where that fails, the index is made anew.
            let _ = self.close();
        }
    }
}

impl Engine for DiskEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.read(|index| index.get(key))
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        let (mut rest, mut left) = (Some(range.clone()), limit);
        self.read(|index| {
            let Some(range) = rest.clone() else { return Ok(()) };
            let mut last: Option<Vec<u8>> = None;
            let read = index.visit(&range, direction, left, &mut |key, value| {
                visit(key, value);
                left -= 1;
                key.clone_into(last.get_or_insert_default());
            });
            // The same entries are in what may have taken its place.
            if let Some(last) = last {
                rest = range.behind(&last, direction);
            }
            read
        })
    }

    fn apply(&self, batch: Vec<Write>, log: Option<Log<'_>>) -> Result<()> {
        let index = self.index();
        index.make_room()?;
        if let Some((journal, log)) = self.journal().zip(log) {
            journal.append(log).map_err(|error| self.journal_failed("writing to", &journal)(error))?;
        }
        if let Some(log) = log {
            self.has_parts.store(!log.is_last, Ordering::Relaxed);
        }
        index.put(batch);
        Ok(())
    }

    fn give_up(&self) {
        if let Some(journal) = self.journal() {
            journal.give_up();
        }
        self.has_parts.store(false, Ordering::Relaxed);
    }

    fn unapplied(&self) -> Option<Parts> {
        let mut unapplied = lock(&self.unapplied);
        match mem::take(&mut *unapplied) {
            Unapplied::Nothing => None,
            Unapplied::Changes(mut history) => {
                *unapplied = Unapplied::CatchingUp;
                Some(history.parts())
            }
            Unapplied::CatchingUp => {
                *unapplied = Unapplied::CatchingUp;
                None
            }
        }
    }

    fn caught_up(&self) {
        *lock(&self.unapplied) = Unapplied::Nothing;
        self.folder.keep_only(lock(&self.checkpoint).number, self.index().folder());
    }

    fn flush(&self) -> Result<()> {
        let Some(journal) = self.journal() else { return Ok(()) };
        let flushed = journal.flush();
        // A checkpoint may have put another in its place.
        if self.journal().is_some_and(|now| !Arc::ptr_eq(&now, &journal)) {
            return self.flush();
        }
        flushed.map_err(|error| self.journal_failed("flushing", &journal)(error))?;
        let in_place = is_in_place(&journal);
        if in_place.is_err() && self.journal().is_some_and(|now| !Arc::ptr_eq(&now, &journal)) {
            return self.flush();
        }
        in_place.map_err(self.failed("flushing"))
    }

    fn needs_checkpoint(&self) -> bool {
        self.folder.is_store() && self.journal().is_none()
    }

    fn wants_checkpoint(&self) -> bool {
        let least = lock(&self.checkpoint).bytes.max(LEAST_JOURNAL);
        self.journal().is_some_and(|journal| journal.len() > least)
    }

    fn begin_checkpoint(&self) -> Result<Option<Checkpoint>> {
        let journal = self.journal();
        if let Some(journal) = &journal {
            // A change that couldn't be taken back yet goes on to be none.
            journal.give_up();
            journal.open().map_err(self.failed("writing to"))?;
            journal.flush().map_err(|error| self.journal_failed("flushing", journal)(error))?;
        }
        let number = self.number();
        if journal.as_ref().is_none_or(|journal| journal.number() != journal.base()) {
            let (path, name) =
                (self.folder.journal(number), JournalName { store_id: self.store_id, base: number });
            let created = Journal::create(path.clone(), name, journal.is_some()).inspect_err(|error| {
                // A power cut may bring its name back, unless there was no folder to make it in.
                let is_moved = error.kind() == io::ErrorKind::NotFound && !self.folder.path().exists();
                let is_gone = is_moved || !path.exists() && sync_folder(self.folder.path()).is_ok();
                if let Some(journal) = journal.filter(|_| !is_gone) {
                    journal.stop(error);
                }
            });
            self.set_journal(created.map_err(self.failed("writing to"))?);
        }
        Checkpoint::begin(&self.folder, self.store_id, number).map(Some)
    }

    fn finish_checkpoint(&self, checkpoint: Checkpoint) -> Result<()> {
        let number = checkpoint.number();
        let (bytes, hash) = checkpoint.finish()?;
        *lock(&self.checkpoint) = CheckpointFile { number, bytes, hash: Some(hash) };
        self.folder.publish()?;
        self.folder.keep_only(number, self.index().folder());
        Ok(())
    }

    fn renew(&self) -> Result<()> {
        let old = self.index();
        let new = Index::load(&self.folder, self.next_index()?, self.cache_bytes, self.number())?;
        let is_smaller = new.settle().map(|_| new.bytes() < old.bytes());
        if let Ok(true) = is_smaller {
            self.set_index(Arc::new(new));
        } else {
            let _ = fs::remove_dir_all(new.folder());
        }
        is_smaller.map(drop)
    }

    fn bytes(&self) -> u64 {
        // Where that fails, what waits isn't counted.
        let _ = self.index().settle();
        bytes_of(self.folder.path())
    }

    fn begin_remake(&self) -> Result<Option<(Arc<dyn Engine>, Parts)>> {
        if let Some(journal) = self.journal() {
            journal.flush().map_err(self.failed("flushing"))?;
        }
        let history = History::read(&self.folder, &self.folder.contents()?)?;
        let mut history = history.map_err(|problem| self.folder.corrupt(problem))?;
        // One whose making failed.
        lock(&self.new_index).take();
        let index =
            Arc::new(Index::load(&self.folder, self.next_index()?, self.cache_bytes, history.checkpoint)?);
        *lock(&self.new_index) = Some(Arc::clone(&index));
        Ok(Some((index, history.parts())))
    }

    fn finish_remake(&self) {
        if let Some(index) = lock(&self.new_index).take() {
            self.set_index(index);
        }
    }

    fn made_anew(&self) -> Option<MadeAnew> {
        self.made_anew
    }

    fn check(&self) -> Result<()> {
        self.read(|index| index.sum().map(drop))?;
        if !self.folder.is_store() {
            return Ok(());
        }
        let history = History::read(&self.folder, &self.folder.contents()?)?;
        let history = history.map_err(|problem| self.folder.corrupt(problem))?;
        match lock(&self.checkpoint).hash {
            Some(hash) if !history.has_checkpoint(hash)? => {
                Err(self.folder.corrupt(not_as_written(Folder::CHECKPOINT, history.checkpoint)))
            }
            _ => Ok(()),
        }
    }

    fn folder(&self) -> Option<&Path> {
        Some(self.folder.path())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}
