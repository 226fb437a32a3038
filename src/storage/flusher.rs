//! A thread that flushes at an interval.

use super::{Storage, lock};
use crate::error::{Error, Result};
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Flushes a storage at an interval until it is dropped. What goes wrong is kept for the next who asks, unless a flush
/// has succeeded since.
#[derive(Debug)]
pub(crate) struct Flusher {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug, Default)]
struct Told {
    failed: Option<Error>,
    /// How often somebody else has flushed.
    flushes: u64,
}

impl Flusher {
    pub(crate) fn start(storage: Storage, interval: Duration) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let told = Arc::new(Mutex::new(Told::default()));
        let tell = Arc::clone(&told);
        let path = storage.path().to_owned();
        let thread = thread::Builder::new()
            .name("trackstats-flush".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    let flushes = lock(&tell).flushes;
                    let failed = storage.flush().err();
                    let mut told = lock(&tell);
                    if told.flushes == flushes {
                        told.failed = failed;
                    }
                }
            })
            .map_err(|source| Error::Io { action: "starting the flushing of", path, source })?;
        Ok(Self { stop: Some(stop), thread: Some(thread), told })
    }

    /// The error of the last flush, if it isn't told already.
    pub(crate) fn check(&self) -> Result<()> {
        lock(&self.told).failed.take().map_or(Ok(()), Err)
    }

    /// Somebody else has flushed, and what went wrong before is over.
    pub(crate) fn flushed(&self) {
        let mut told = lock(&self.told);
        told.failed = None;
        told.flushes += 1;
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own thread already.
            let _ = thread.join();
        }
    }
}
