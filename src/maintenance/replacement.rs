//! A file that takes the place of another in one step, once it is whole.

use crate::storage::private_file;
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

/// A file that is written beside another, to take its place in one step when it is [put](Self::put) there. Dropped before,
/// it is gone, and what was there is as it was.
///
/// A process that is killed leaves it, under the same name with two numbers and `.new` added; it may be deleted.
///
/// ```
/// use std::{fs, io::Write};
/// use trackstats::maintenance::Replacement;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("export.jsonl");
/// fs::write(&path, "old")?;
/// let mut file = Replacement::of(&path)?;
/// file.write_all(b"new")?;
/// assert_eq!(fs::read_to_string(&path)?, "old");
/// file.put()?;
/// assert_eq!(fs::read_to_string(&path)?, "new");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Replacement {
    file: File,
    new: PathBuf,
    path: PathBuf,
}

impl Replacement {
    /// Makes the file, with the permissions of the one that is there.
    ///
    /// # Errors
    /// When the file can't be made, or there is something else than a file that may be written to.
    pub fn of(path: &Path) -> io::Result<Self> {
        let there = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            there => Some(there?.permissions()),
        };
        // A file that may be replaced but not written to is there to stay.
        if there.as_ref().is_some_and(fs::Permissions::readonly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let replacement = Self::begin(path, &mut File::options())?;
        if let Some(permissions) = there {
            replacement.file.set_permissions(permissions)?;
        }
        Ok(replacement)
    }

    /// Makes the file, which on Unix only its owner may read, whatever the umask and what is there; a link is replaced itself.
    ///
    /// # Errors
    /// When the file can't be made, or there is a folder, a pipe or a device.
    pub fn private(path: &Path) -> io::Result<Self> {
        Self::begin(path, &mut private_file())
    }

    fn begin(path: &Path, options: &mut OpenOptions) -> io::Result<Self> {
        // Nothing takes the place of a pipe or a device, also where a link leads to one.
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if !there.is_file() => {
                return Err(io::Error::other("it is not a file that can be replaced"));
            }
            _ => {}
        }
        let process = process::id();
        // What a killed process left, and a file of the user's own, stays as it is.
        for number in 0_u64.. {
            let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
            name.push(format!(".{process}-{number}.new"));
            let new = path.with_file_name(name);
            match options.write(true).create_new(true).open(&new) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.map(|file| Self { file, new, path: path.to_owned() }),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Flushes the file, and puts it in its place.
    ///
    /// # Errors
    /// When the disk refuses. What was there stays then; only where the folder can't be flushed at the very end, the new
    /// file is in its place.
    pub fn put(self) -> io::Result<()> {
        self.file.sync_all()?;
        // Opened before, since there may be no more files to open afterwards.
        let folder = folder_of(&self.path)?;
        fs::rename(&self.new, &self.path)?;
        folder.map_or(Ok(()), |folder| folder.sync_all())
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // It isn't there any more if it was put in its place.
        let _ = fs::remove_file(&self.new);
    }
}

/// The folder that a file is in, to be flushed, where folders can be: without that, a power cut may undo a renaming.
fn folder_of(path: &Path) -> io::Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    cfg!(unix).then(|| File::open(folder)).transpose()
}
