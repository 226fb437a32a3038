//! Folders and files that only their owner may read, whatever the umask lets others do. On other systems than Unix, the
//! folder that they are in says who may.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io,
    path::Path,
};

/// How to open a file, which is its owner's alone if it is made.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder for its owner alone, unless it is there; those around it are made as usual.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    if let Some(around) = path.parent() {
        std::fs::create_dir_all(around)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(_) if path.is_dir() => Ok(()),
        created => created,
    }
}
