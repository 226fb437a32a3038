//! What a store takes of the disk.

use crate::figures::to_f64;
use std::{
    fs,
    io::{ErrorKind, Result},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// What the files take of the disk: blocks, since some are larger than what was ever written to them. A file that is
/// removed meanwhile takes nothing.
pub fn bytes(folder: &Path) -> Result<f64> {
    let mut bytes = 0.0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let size = entry.metadata().and_then(|metadata| {
            if metadata.is_dir() { self::bytes(&entry.path()) } else { Ok(to_f64(metadata.blocks() * 512)) }
        });
        bytes += match size {
            Err(error) if error.kind() == ErrorKind::NotFound => 0.0,
            size => size?,
        };
    }
    Ok(bytes)
}

/// Removes a folder, if it is there.
pub fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
