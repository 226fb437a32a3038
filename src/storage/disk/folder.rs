//! A store's folder: what is in it, and who has it open.
//!
//! ```text
//! lock              held while it is open
//! checkpoint-<n>    everything after change n
//! journal-<n>       the changes behind n
//! sled-<n>          the index, which is made anew from the others when need be
//! closed            what the index comes to
//! unfinished        while the store is made: then it is none
//! ```

use super::files::{self, DurableFile, sync_folder};
use crate::{
    error::{Error, Result},
    storage::{nameless::NAMELESS, private_file, private_folder, until_free},
};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

const LOCK: &str = "lock";
const UNFINISHED: &str = "unfinished";
/// No store has so many changes.
const MOST: u64 = 1 << 62;

/// What a file is called with until it is whole.
const NEW: &str = ".new";

/// Whether there is a store in this folder, sound or not; what is there instead is an error.
pub(super) fn exists(path: &Path) -> Result<bool> {
    match names(path) {
        Ok(names) if !names.iter().all(|name| is_ours(name)) => {
            Err(Error::NotAStore { path: path.to_owned() })
        }
        Ok(names) if is_unfinished(&names) => Ok(false),
        Ok(names) => Ok(names.iter().any(|name| name != LOCK && number(NAMELESS, name).is_none())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Error::NotAStore { path: path.to_owned() })
        }
        Err(source) => Err(io_error("opening", path)(source)),
    }
}

/// Whether the store in a folder with these names was never finished. One that was closed was: then a copy was put where another
/// was being made.
fn is_unfinished(names: &[String]) -> bool {
    let has = |name: &str| names.iter().any(|found| found == name);
    has(UNFINISHED) && !has(Folder::CLOSED)
}

fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(NEW).unwrap_or(name);
    [LOCK, UNFINISHED, Folder::CLOSED].contains(&name)
        || [NAMELESS, Folder::CHECKPOINT, Folder::JOURNAL, Folder::INDEX]
            .iter()
            .any(|kind| number(kind, name).is_some())
}

/// The number in a name of this kind.
fn number(kind: &str, name: &str) -> Option<u64> {
    let text = name.strip_prefix(kind)?;
    text.parse().ok().filter(|number: &u64| *number < MOST && number.to_string() == text)
}

fn names(path: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io { action, path: path.to_owned(), source }
}

/// A store's folder, locked for as long as it is held.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: Option<File>,
    /// So many folders weren't there before: its own, and then those around it.
    made: usize,
    is_store: AtomicBool,
}

/// The numbers of what is in a folder, in order.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) checkpoints: Vec<u64>,
    pub(super) journals: Vec<u64>,
    pub(super) indexes: Vec<u64>,
}

impl Contents {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut contents = Self::default();
        for name in names(path)? {
            contents.checkpoints.extend(number(Folder::CHECKPOINT, &name));
            contents.journals.extend(number(Folder::JOURNAL, &name));
            contents.indexes.extend(number(Folder::INDEX, &name));
        }
        contents.checkpoints.sort_unstable();
        contents.journals.sort_unstable();
        contents.indexes.sort_unstable();
        Ok(contents)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.checkpoints.is_empty() && self.journals.is_empty() && self.indexes.is_empty()
    }
}

impl Folder {
    pub(super) const CLOSED: &str = "closed";
    pub(super) const CHECKPOINT: &str = "checkpoint-";
    pub(super) const JOURNAL: &str = "journal-";
    pub(super) const INDEX: &str = "sled-";

    /// Makes the folder if it isn't there, and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        exists(path)?;
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = path.ancestors().take_while(is_missing).count();
        private_folder(path).map_err(io_error("making", path))?;
        let open = || private_file().create(true).truncate(false).write(true).open(path.join(LOCK));
        let file = loop {
            let file = match open() {
                // Nothing but a lock has that name.
                Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                    fs::remove_dir(path.join(LOCK)).and_then(|()| open())
                }
                opened => opened,
            };
            let file = file.map_err(io_error("opening", path))?;
            match until_free(|| file.try_lock(), is_held) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: path.to_owned() }),
                Err(TryLockError::Error(source)) => return Err(io_error("locking", path)(source)),
            }
            // Whoever held it before may have removed it in between, with a store that was never finished.
            if fs::metadata(path.join(LOCK)).is_ok_and(|found| is_same(&found, &file)) {
                break file;
            }
        };
        let is_store = AtomicBool::new(exists(path)?);
        Ok(Self { path: path.to_owned(), _lock: Some(file), made, is_store })
    }

    /// Keeps others from writing to a store that is there.
    pub(super) fn lock_to_read(path: &Path) -> Result<Self> {
        if !exists(path)? {
            return Err(Error::NoStore { path: path.to_owned() });
        }
        let file = match File::open(path.join(LOCK)) {
            // Whoever copied the store left it out.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened.map_err(io_error("opening", path))?),
        };
        match file.as_ref().map_or(Ok(()), |file| until_free(|| file.try_lock_shared(), is_held)) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: file, made: 0, is_store: true.into() }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io_error("locking", path)(source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_store(&self) -> bool {
        self.is_store.load(Ordering::Relaxed)
    }

    pub(super) fn checkpoint(&self, number: u64) -> PathBuf {
        self.path.join(format!("{}{number}", Self::CHECKPOINT))
    }

    pub(super) fn journal(&self, base: u64) -> PathBuf {
        self.path.join(format!("{}{base}", Self::JOURNAL))
    }

    pub(super) fn index(&self, number: u64) -> PathBuf {
        index_path(&self.path, number)
    }

    pub(super) fn closed(&self) -> PathBuf {
        self.path.join(Folder::CLOSED)
    }

    pub(super) fn contents(&self) -> Result<Contents> {
        Contents::read(&self.path).map_err(io_error("opening", &self.path))
    }

    pub(super) fn corrupt(&self, problem: String) -> Error {
        Error::Corrupt { path: self.path.clone(), problem }
    }

    /// Says that there is no store in the folder yet, and clears away what a process has left that was killed while it made
    /// one.
    pub(super) fn begin(&self) -> Result<()> {
        let begin = || {
            DurableFile::create(&self.path.join(UNFINISHED))?;
            sync_folder(&self.path)?;
            self.clear_away()
        };
        begin().map_err(io_error("making", &self.path))
    }

    fn clear_away(&self) -> io::Result<()> {
        for name in names(&self.path)? {
            let path = self.path.join(&name);
            if name != LOCK && name != UNFINISHED && is_ours(&name) {
                if path.is_dir() { fs::remove_dir_all(&path)? } else { files::remove(&path)? }
            }
        }
        Ok(())
    }

    /// Makes what is in the folder a store.
    ///
    /// The checkpoint and the journal are on the disk before, since each is flushed before it gets its name; here their names
    /// follow, and then that there is a store. Only sled's files aren't flushed, `conf` among them: an index that isn't what
    /// it was is made anew.
    pub(super) fn publish(&self) -> Result<()> {
        if self.is_store() {
            return Ok(());
        }
        let publish = || {
            sync_folder(&self.path)?;
            self.sync_parents()?;
            files::remove(&self.path.join(UNFINISHED))?;
            self.is_store.store(true, Ordering::Relaxed);
            sync_folder(&self.path)
        };
        publish().map_err(io_error("writing to", &self.path))
    }

    /// Removes everything but this checkpoint, the journals from it on, and this index.
    pub(super) fn keep_only(&self, checkpoint: u64, index: &Path) {
        for name in names(&self.path).unwrap_or_default() {
            let path = self.path.join(&name);
            let is_old = number(Folder::CHECKPOINT, &name).is_some_and(|number| number != checkpoint)
                || number(Folder::JOURNAL, &name).is_some_and(|base| base < checkpoint)
                || name.ends_with(NEW)
                || number(NAMELESS, &name).is_some();
            if number(Folder::INDEX, &name).is_some() && path != index {
                let _ = fs::remove_dir_all(path);
            } else if is_old {
                let _ = files::remove(&path);
            }
        }
    }

    /// Makes the names survive a power cut that a process has left that was killed: what was removed is not to come back,
    /// nor is what was put in its place to go. And nothing says any more that the store is unfinished.
    pub(super) fn sync(&self) -> Result<()> {
        let removed = match files::remove(&self.path.join(UNFINISHED)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        removed.and_then(|()| sync_folder(&self.path)).map_err(io_error("opening", &self.path))
    }

    /// Makes the name of the store's folder survive a power cut, and those of the folders around it that are new.
    fn sync_parents(&self) -> io::Result<()> {
        for (depth, folder) in self.path.ancestors().skip(1).take(self.made.max(1)).enumerate() {
            let synced = sync_folder(if folder == Path::new("") { Path::new(".") } else { folder });
            // A folder that was there may be in one that can't be read.
            if depth < self.made {
                synced?;
            }
        }
        Ok(())
    }
}

/// Where the index of this number is, in a store's folder.
pub(super) fn index_path(store: &Path, number: u64) -> PathBuf {
    store.join(format!("{}{number}", Folder::INDEX))
}

/// Whether somebody else has the lock of a file.
pub(super) fn is_held(error: &TryLockError) -> bool {
    matches!(error, TryLockError::WouldBlock)
}

/// How many bytes the files of a folder have.
pub(super) fn bytes_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => bytes_of(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

impl Drop for Folder {
    /// A store that was never published leaves nothing behind.
    fn drop(&mut self) {
        if self.is_store() {
            return;
        }
        // The file that says so goes last.
        let unfinished = self.path.join(UNFINISHED);
        let cleared = self.clear_away().and_then(|()| sync_folder(&self.path));
        let cleared = cleared.and_then(|()| files::remove(&unfinished));
        if cleared.is_ok() || !unfinished.exists() {
            let _ = fs::remove_file(self.path.join(LOCK));
            let made = self.path.ancestors().take(self.made);
            // Up to one in which somebody else has put something.
            made.take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
        }
    }
}

/// Whether a path leads to this open file, as far as the system can tell.
pub(super) fn is_same(found: &fs::Metadata, file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        file.metadata().is_ok_and(|file| (file.dev(), file.ino()) == (found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        found.is_file()
    }
}

/// What is said of a damaged file of this kind and number.
pub(super) fn not_as_written(kind: &str, number: u64) -> String {
    format!("its file {kind}{number} is not what was written")
}

/// Whether an error says that a file isn't as it was, and not that it can't be read now.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
    )
}
