//! A thread that holds a sled database open, for what sled itself does wrong when the disk fails.

use super::failure::contained;
use crate::error::{Error, Result};
use std::{
    path::Path,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Holds a database until it is dropped itself, and then lets go of it in its own thread.
///
/// sled wakes nobody when the write of a batch fails, so that a flush could wait for it forever; and it panics when the
/// disk fails while the last handle is dropped.
#[derive(Debug)]
pub(super) struct Watchdog {
    release: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    const INTERVAL: Duration = Duration::from_millis(250);

    pub(super) fn start(store: &Path, database: sled::Db) -> Result<Self> {
        let (release, released) = mpsc::channel();
        let path = store.to_owned();
        let thread = thread::Builder::new()
            .name("trackstats-watchdog".to_owned())
            .spawn(move || {
                while released.recv_timeout(Self::INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    if database.context.global_error().is_err() {
                        // This fails at once, and wakes those who wait.
                        let _ = contained(|| database.context.pagecache.log.make_stable(i64::MAX));
                    }
                }
                let _ = contained(|| {
                    drop(database);
                    Ok(())
                });
            })
            .map_err(|source| Error::Io { action: "opening", path, source })?;
        Ok(Self { release: Some(release), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
