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
    Corrupt(&'static str),
    /// Another handle has the files open.
    Locked,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Corrupt("a file of its data ends too soon"),
            io::ErrorKind::NotFound => Self::Corrupt("a file of its data is not there"),
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
                Self::Corrupt("a file of its data is a directory, or the other way round")
            }
            _ if error.to_string().contains("could not acquire lock") => Self::Locked,
            _ => Self::Io(plain(&error)),
        }
    }
}

impl Failure {
    /// The error of a call that may succeed the next time.
    pub(super) fn during(&self, action: &'static str, store: &Path) -> Error {
        match self {
            Self::Io(source) => Error::Io { action, path: store.to_owned(), source: plain(source) },
            Self::Corrupt(problem) => corrupt(problem, store),
            Self::Locked => Error::Locked { path: store.to_owned() },
        }
    }

    /// The error of all calls until the store is opened again.
    pub(super) fn for_good(&self, store: &Path) -> Error {
        match self {
            Self::Io(source) => Error::Stopped { path: store.to_owned(), source: plain(source) },
            Self::Corrupt(_) | Self::Locked => self.during("writing to", store),
        }
    }
}

/// Does something with sled, which panics on many kinds of damage.
pub(super) fn contained<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Failure> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(sled::Error::Io(source))) => Err(Failure::from(source)),
        // What sled says of them, or panics with, tells nobody what to do.
        Ok(Err(_)) | Err(_) => Err(Failure::Corrupt("its files are not what was written")),
    }
}

fn corrupt(problem: &str, store: &Path) -> Error {
    Error::Corrupt { path: store.to_owned(), problem: problem.to_owned() }
}

/// The same error once more, and as the system says it: sled keeps a text that is meant for programmers.
fn plain(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let code =
        error.raw_os_error().or_else(|| text.strip_prefix("Os { code: ")?.split(',').next()?.parse().ok());
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message was "its files can't be read (Read corrupted data at file offset None backtrace ())".
    #[test]
    fn what_sled_says_to_programmers_is_not_said_to_people() {
        let store = Path::new("store");
        for error in [
            sled::Error::Corruption { at: None, bt: () },
            sled::Error::ReportableBug("a bug".to_owned()),
            sled::Error::Unsupported("a call".to_owned()),
        ] {
            let failure = contained(|| Err::<(), _>(error)).unwrap_err();
            for said in [failure.during("reading", store), failure.for_good(store)] {
                let expected = "the store at store is damaged: its files are not what was written; ";
                assert!(said.to_string().starts_with(expected), "{said}");
            }
        }
        let failure =
            contained(|| Err::<(), _>(sled::Error::Io(io::Error::other("in a file of sled.rs:12"))));
        let said = failure.unwrap_err().during("reading", store).to_string();
        assert_eq!(said, "reading store failed: other error");
    }
}
