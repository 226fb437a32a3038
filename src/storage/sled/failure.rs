//! What sled says when something fails, as an error of the store.

use crate::error::Error;
use std::{
    io,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

/// Why sled failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the operating system said.
    Io(io::Error),
    /// What is wrong with the files.
    Corrupt(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Corrupt("a file of its data ends too soon".to_owned()),
            io::ErrorKind::NotFound => Self::Corrupt("a file of its data is not there".to_owned()),
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
                Self::Corrupt("a file of its data is a directory, or the other way round".to_owned())
            }
            _ => Self::Io(plain(&error)),
        }
    }
}

impl Failure {
    /// Whether another handle has the files open.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self, Self::Io(error) if error.to_string().contains("could not acquire lock"))
    }

    /// The error of a call that may succeed the next time.
    pub(super) fn during(&self, action: &'static str, store: &Path) -> Error {
        match self {
            Self::Io(source) => Error::Io { action, path: store.to_owned(), source: plain(source) },
            Self::Corrupt(problem) => corrupt(problem, store),
        }
    }

    /// The error of all calls until the store is opened again.
    pub(super) fn for_good(&self, store: &Path) -> Error {
        match self {
            Self::Io(source) => Error::Stopped { path: store.to_owned(), source: plain(source) },
            Self::Corrupt(problem) => corrupt(problem, store),
        }
    }
}

/// Does something with sled, which panics on many kinds of damage.
pub(super) fn contained<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Failure> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(sled::Error::Io(source))) => Err(Failure::from(source)),
        Ok(Err(other)) => Err(Failure::Corrupt(format!("its files can't be read ({other})"))),
        Err(_) => Err(Failure::Corrupt("its files can't be read".to_owned())),
    }
}

fn corrupt(problem: &str, store: &Path) -> Error {
    Error::Corrupt { path: store.to_owned(), problem: problem.to_owned() }
}

/// The same error once more, and as the system says it: sled keeps the text that is meant for programmers.
fn plain(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let code =
        error.raw_os_error().or_else(|| text.strip_prefix("Os { code: ")?.split(',').next()?.parse().ok());
    code.map_or_else(|| io::Error::new(error.kind(), text), io::Error::from_raw_os_error)
}
