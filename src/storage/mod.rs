//! An ordered map of bytes with changes that happen as a whole; the only folder that names sled.
//!
//! An [`Engine`] is the small trait that a storage engine has to offer. [`Storage`] makes of it what the store
//! promises: reads that see one point in time, and changes of any size that happen as a whole.
//!
//! It may use `format` and what stands above it. `blocks`, `rollup` and the store read and write through it.

mod transaction;
#[cfg(all(test, feature = "exchange"))]
mod counting;
mod checksum;
mod disk;
mod dump;
mod sled;
mod engine;
mod flusher;
mod memory;
mod spill;
mod nameless;
mod private;
mod undo;
mod lock;
mod versions;
mod handle;
mod mvcc;
mod reads;
#[cfg(test)]
mod tests;

#[cfg(all(test, feature = "exchange"))]
pub(crate) use counting::{Counter, CountingEngine};
pub(crate) use disk::{Checkpoint, DiskEngine, ReadOnlyEngine, Remains};
#[cfg(feature = "backup")]
pub(crate) use dump::DUMP_FORMAT;
pub(crate) use dump::{DumpEntry, DumpError, DumpReader, DumpWriter};
pub(crate) use engine::{BATCH, Direction, Engine, Entry, Log, Parts, VisitEntries, Write};
pub use engine::{Compaction, MadeAnew};
pub(crate) use flusher::Flusher;
pub(crate) use handle::Storage;
use lock::{lock, until_free};
pub(crate) use memory::MemoryEngine;
pub(crate) use mvcc::Snapshot;
pub(crate) use private::{private_file, private_folder};
pub(crate) use reads::{EntryBuffer, Page, Reads};
pub(crate) use spill::Spill;
pub(crate) use transaction::Transaction;
