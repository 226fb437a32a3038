//! Taking a lock.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// How often a lock is tried for before it is taken to be held for good.
const ATTEMPTS: u32 = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(25);

/// A lock whose holder panicked guards nothing that could be half changed: take it all the same.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the lock of a file, and waits a moment where it is held. A process that ends keeps its lock for a moment, as do
/// sled's own threads after its last handle is gone; and so does a process that was just begun by the one that had it, until
/// it has closed what it took over.
pub(super) fn until_free<T, E>(
    try_lock: impl Fn() -> Result<T, E>,
    is_held: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 0..ATTEMPTS {
        match try_lock() {
            Err(error) if is_held(&error) => thread::sleep(BETWEEN_ATTEMPTS),
            tried => return tried,
        }
    }
    try_lock()
}
