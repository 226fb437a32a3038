//! Taking back the making of a store, when the command that made it fails.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

/// What there was before a store was made.
#[derive(Debug)]
pub(crate) struct StoreFiles {
    path: PathBuf,
    /// What was in its directory.
    entries: HashSet<OsString>,
    /// The directories that there weren't, its own first and then those around it.
    missing: Vec<PathBuf>,
}

impl StoreFiles {
    pub(crate) fn before(path: &Path) -> Self {
        let missing = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && fs::symlink_metadata(folder).is_err())
            .map(Path::to_owned)
            .collect();
        let entries =
            fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
        Self { path: path.to_owned(), entries, missing }
    }

    /// Removes the files of a store, which must be open still, so that nobody else takes it into use meanwhile; nothing
    /// that was there before.
    pub(crate) fn remove_files(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)?.flatten() {
            if self.entries.contains(&entry.file_name()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the directories that there weren't, as far as they are empty.
    pub(crate) fn remove_directories(&self) {
        for folder in &self.missing {
            // Another program may have put something there.
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}
