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
    failed: Arc<Mutex<Option<Error>>>,
}

impl Flusher {
    pub(crate) fn start(storage: Storage, interval: Duration) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let failed = Arc::new(Mutex::new(None));
        let failure = Arc::clone(&failed);
        let path = storage.path().to_owned();
        let thread = thread::Builder::new()
            .name("trackstats-flush".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    let failed = storage.flush().err();
                    *lock(&failure) = failed;
                }
            })
            .map_err(|source| Error::Io { action: "starting the flushing of", path, source })?;
        Ok(Self { stop: Some(stop), thread: Some(thread), failed })
    }

    /// The error of the last flush, if it isn't told already.
    pub(crate) fn check(&self) -> Result<()> {
        lock(&self.failed).take().map_or(Ok(()), Err)
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
