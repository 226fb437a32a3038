//! When what was written is flushed.

use std::time::Duration;

/// When what was written is made to survive a power cut. Every write survives the end of the process, killed or
/// not, once it has been flushed; what is newer may be lost, but never a part of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flush {
    /// Before each change returns: the safest, at the price of the disk's own delay, some milliseconds.
    Always,
    /// At this interval, by a thread of the store's own.
    Every(Duration),
    /// Only by [`Store::flush`](super::Store::flush), and when the last clone of the store is dropped.
    Explicit,
}
