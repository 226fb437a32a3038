//! The engine of stores on disk: the checkpoint and the journal are what is kept, sled is an index of it.
//!
//! A change is added to the journal and then to the index; a flush is one of the journal. Where the index isn't what it was
//! when the store was closed, it is made anew from the checkpoint and the journal; where these are damaged and the index is
//! sound, they are made anew from it.

mod checkpoint;
mod closed;
mod engine;
mod files;
mod folder;
mod found_journal;
mod history;
mod index;
mod journal;
mod journal_record;
mod read_only;
mod recover;
#[cfg(test)]
mod recorder;
#[cfg(test)]
mod tests;

pub(crate) use checkpoint::Checkpoint;
pub(crate) use engine::DiskEngine;
pub(crate) use read_only::ReadOnlyEngine;
pub(crate) use recover::Remains;
