//! A store's folder: which of its data folders is the store, and who has it open.
//!
//! The file `manifest` names the data folder. Whatever replaces all data, such as a compaction, makes a data folder
//! beside it and then, in one step, a new manifest. A data folder with a file `unfinished` was never named by one.

use super::totals::entry_hash;
use crate::{
    error::{Error, Result},
    format::FORMAT,
    storage::engine::SPILL_FILES,
};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

const MANIFEST: &str = "manifest";
const NEW_MANIFEST: &str = "manifest.new";
const LOCK: &str = "lock";
const DATA: &str = "data-";
const UNFINISHED: &str = "unfinished";
const TITLE: &str = "trackstats store";

/// Whether there is a store in this folder, sound or not; what is there instead is an error.
pub(super) fn exists(path: &Path) -> Result<bool> {
    match names(path) {
        Ok(names) if names.iter().any(|name| name == MANIFEST) => Ok(true),
        Ok(names) if names.iter().all(|name| is_ours(name)) => {
            let data_folder = |name: &String| DataFolder { path: path.join(name) };
            Ok(names.iter().any(|name| name.starts_with(DATA) && !data_folder(name).is_unfinished()))
        }
        Ok(_) => Err(Error::NotAStore { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Error::NotAStore { path: path.to_owned() })
        }
        Err(source) => Err(io_error("opening", path)(source)),
    }
}

fn is_ours(name: &str) -> bool {
    [MANIFEST, NEW_MANIFEST, LOCK].contains(&name) || number(name).is_some()
}

/// The number of a data folder of this name.
fn number(name: &str) -> Option<u64> {
    name.strip_prefix(DATA)?.parse().ok()
}

pub(super) fn names(path: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io { action, path: path.to_owned(), source }
}

/// The data folder that the manifest of a damaged store names or, if it doesn't, the newest one that has anything.
pub(super) fn likely_data(path: &Path) -> Result<DataFolder> {
    let manifest = fs::read(path.join(MANIFEST)).ok().and_then(|bytes| Manifest::decode(path, &bytes).ok());
    let found = match names(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        found => found.map_err(io_error("opening", path))?,
    };
    let mut numbers: Vec<u64> = found.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    let names = numbers.iter().rev().map(|number| format!("{DATA}{number}"));
    let folders = manifest.map(|manifest| manifest.data).into_iter().chain(names);
    let mut folders = folders.map(|name| DataFolder { path: path.join(name) });
    folders
        .find(|data_folder| data_folder.database().join("db").is_file())
        .ok_or_else(|| Error::NoStore { path: path.to_owned() })
}

/// A store's folder, locked for as long as it is held.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
    /// There was no folder before.
    made: bool,
    published: AtomicBool,
}

/// A data folder.
#[derive(Debug, Clone)]
pub(super) struct DataFolder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder if it isn't there, and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        exists(path)?;
        let made = !path.exists();
        fs::create_dir_all(path).map_err(io_error("making", path))?;
        let open = || File::options().create(true).truncate(false).write(true).open(path.join(LOCK));
        let file = loop {
            let file = open().map_err(io_error("opening", path))?;
            match try_lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: path.to_owned() }),
                Err(TryLockError::Error(source)) => return Err(io_error("locking", path)(source)),
            }
            // Whoever held it before may have removed it in between, with a store that was never finished.
            if fs::metadata(path.join(LOCK)).is_ok_and(|found| is_same(&found, &file)) {
                break file;
            }
        };
        Ok(Self { path: path.to_owned(), _lock: file, made, published: AtomicBool::new(false) })
    }

    /// Locks a damaged store as well as it lets itself.
    pub(super) fn lock_if_possible(path: &Path) -> Result<Option<File>> {
        match File::options().write(true).open(path.join(LOCK)) {
            Ok(file) if matches!(try_lock(&file), Err(TryLockError::WouldBlock)) => {
                Err(Error::Locked { path: path.to_owned() })
            }
            opened => Ok(opened.ok()),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The data folder that is the store, none if there is no store yet; clears away what was never finished then.
    pub(super) fn current(&self) -> Result<Option<DataFolder>> {
        let manifest = match fs::read(self.path.join(MANIFEST)) {
            Ok(bytes) => Some(Manifest::decode(&self.path, &bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                return Err(self.corrupt(format!("its file {MANIFEST} is a directory")));
            }
            Err(source) => return Err(io_error("opening", &self.path)(source)),
        };
        if let Some(Manifest { data }) = manifest {
            self.published.store(true, Ordering::Relaxed);
            return Ok(Some(DataFolder { path: self.path.join(data) }));
        }
        for (name, data_folder) in self.data_folders()? {
            if !data_folder.is_unfinished() {
                return Err(self.corrupt(format!("its file {MANIFEST} is not there, beside {name}")));
            }
            data_folder.retire();
        }
        Ok(None)
    }

    /// Clears away what was never finished, and what this data folder has replaced. It must be sound.
    pub(super) fn keep_only(&self, current: &DataFolder) {
        for (name, data_folder) in self.data_folders().unwrap_or_default() {
            if name != current.name() {
                data_folder.retire();
            }
        }
        let _ = fs::remove_file(self.path.join(NEW_MANIFEST));
        // Where a file can't lose its name while it is open, a killed process leaves what it spilled.
        for name in names(&self.path).unwrap_or_default() {
            if name.starts_with(SPILL_FILES) {
                let _ = fs::remove_file(self.path.join(name));
            }
        }
        current.finish();
    }

    pub(super) fn corrupt(&self, problem: String) -> Error {
        Error::Corrupt { path: self.path.clone(), problem }
    }

    /// The data folders that are there, whatever they hold.
    fn data_folders(&self) -> Result<Vec<(String, DataFolder)>> {
        let names = names(&self.path).map_err(io_error("opening", &self.path))?;
        let data = names.into_iter().filter(|name| number(name).is_some());
        Ok(data.map(|name| (name.clone(), DataFolder { path: self.path.join(name) })).collect())
    }

    /// Makes a data folder, unfinished.
    pub(super) fn begin(&self) -> Result<DataFolder> {
        let last = self.data_folders()?.iter().filter_map(|(name, _)| number(name)).max().unwrap_or(0);
        let data_folder = DataFolder { path: self.path.join(format!("{DATA}{}", last + 1)) };
        fs::create_dir(&data_folder.path).map_err(io_error("making", &data_folder.path))?;
        match File::create(data_folder.path.join(UNFINISHED)) {
            Ok(_) => Ok(data_folder),
            Err(source) => {
                let _ = fs::remove_dir(&data_folder.path);
                Err(io_error("making", &data_folder.path)(source))
            }
        }
    }

    /// Makes this data folder the store, in one step. The error within says that it is, but a power cut may undo it.
    pub(super) fn publish(&self, data_folder: &DataFolder) -> Result<io::Result<()>> {
        let manifest = Manifest { data: data_folder.name().to_owned() };
        let new = self.path.join(NEW_MANIFEST);
        let publish = || {
            sync_folder(&data_folder.path)?;
            sync_folder(&data_folder.database())?;
            let mut file = File::create(&new)?;
            file.write_all(manifest.encode().as_bytes())?;
            file.sync_all()?;
            // The data folder's name must be there before it is named.
            sync_folder(&self.path)?;
            // Opened before, since there may be no more files to open afterwards.
            let folder = cfg!(unix).then(|| File::open(&self.path)).transpose()?;
            fs::rename(&new, self.path.join(MANIFEST))?;
            Ok(folder)
        };
        let folder = publish().map_err(io_error("writing to", &self.path))?;
        self.published.store(true, Ordering::Relaxed);
        let flushed = folder.map_or(Ok(()), |folder| folder.sync_all()).and_then(|()| self.sync_parent());
        if flushed.is_ok() {
            data_folder.finish();
        }
        Ok(flushed)
    }

    /// Makes the name of the store's folder survive a power cut, if it is new.
    fn sync_parent(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(parent) if self.made && parent == Path::new("") => sync_folder(Path::new(".")),
            Some(parent) if self.made => sync_folder(parent),
            _ => Ok(()),
        }
    }
}

/// How often a lock is tried for before it is taken to be held for good.
pub(super) const LOCK_ATTEMPTS: u32 = 20;
pub(super) const BETWEEN_LOCK_ATTEMPTS: Duration = Duration::from_millis(25);

/// A process that ends keeps its lock for a moment; so does one that was just begun by the process that had it, until it has
/// closed what it took over.
fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_LOCK_ATTEMPTS),
            tried => return tried,
        }
    }
    file.try_lock()
}

impl Drop for Folder {
    /// A store that was never published leaves nothing behind.
    fn drop(&mut self) {
        if self.published.load(Ordering::Relaxed) || fs::exists(self.path.join(MANIFEST)).unwrap_or(true) {
            return;
        }
        for (_, data_folder) in self.data_folders().unwrap_or_default() {
            if data_folder.is_unfinished() {
                data_folder.retire();
            }
        }
        let _ = fs::remove_file(self.path.join(NEW_MANIFEST));
        let _ = fs::remove_file(self.path.join(LOCK));
        if self.made {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

impl DataFolder {
    pub(super) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("sled")
    }

    pub(super) fn watermark(&self) -> PathBuf {
        self.path.join("watermark")
    }

    fn is_unfinished(&self) -> bool {
        // Nothing is in it for a moment when it is made.
        let is_empty = || fs::read_dir(&self.path).is_ok_and(|mut entries| entries.next().is_none());
        self.path.join(UNFINISHED).exists() || is_empty()
    }

    /// Forgets that the folder was unfinished. While a manifest names it, it doesn't matter if that fails.
    fn finish(&self) {
        let _ = fs::remove_file(self.path.join(UNFINISHED));
    }

    /// Removes the folder, as far as that is possible now; the rest goes when the store is opened again.
    pub(super) fn retire(&self) {
        let _ = File::create(self.path.join(UNFINISHED));
        // The file that says so must go last.
        let _ = fs::remove_dir_all(self.database());
        let _ = fs::remove_file(self.watermark());
        if !self.database().exists() && !self.watermark().exists() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }

    /// How much its files hold.
    pub(super) fn bytes(&self) -> u64 {
        fn of(path: &Path) -> u64 {
            let Ok(entries) = fs::read_dir(path) else { return 0 };
            let sizes = entries.flatten().map(|entry| match entry.metadata() {
                Ok(data) if data.is_dir() => of(&entry.path()),
                Ok(data) => data.len(),
                Err(_) => 0,
            });
            sizes.sum()
        }
        of(&self.path)
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

/// Makes the names in a folder survive a power cut, where folders can be flushed.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// Four lines: a title, the format, the data folder's name, and a checksum of these three. The first, the second and the
/// last are the same in every format.
#[derive(Debug)]
struct Manifest {
    data: String,
}

impl Manifest {
    fn encode(&self) -> String {
        let text = format!("{TITLE}\nformat {FORMAT}\ndata {}\n", self.data);
        let checksum = entry_hash(MANIFEST.as_bytes(), text.as_bytes());
        format!("{text}checksum {checksum:016x}\n")
    }

    fn decode(path: &Path, bytes: &[u8]) -> Result<Self> {
        let corrupt = || Error::Corrupt {
            path: path.to_owned(),
            problem: format!("its file {MANIFEST} is not what was written"),
        };
        let text = str::from_utf8(bytes).map_err(|_| corrupt())?;
        let (checked, checksum) = text.rsplit_once("checksum ").ok_or_else(corrupt)?;
        let expected = entry_hash(MANIFEST.as_bytes(), checked.as_bytes());
        if checksum != format!("{expected:016x}\n") {
            return Err(corrupt());
        }
        let mut lines = checked.lines();
        let format = lines.nth(1).and_then(|line| line.strip_prefix("format ")?.parse().ok());
        let format: u32 = format.ok_or_else(corrupt)?;
        if format != FORMAT {
            return Err(Error::Format { path: path.to_owned(), found: format, known: FORMAT });
        }
        let data = lines.next().and_then(|line| line.strip_prefix("data ")).ok_or_else(corrupt)?;
        number(data).ok_or_else(corrupt)?;
        Ok(Self { data: data.to_owned() })
    }
}
