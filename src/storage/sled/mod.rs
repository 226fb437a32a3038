//! The index of a store on disk: a sled database, with a checksum on each value and without sled's panics.
//!
//! sled isn't relied upon for keeping anything: unless it was closed in order, it is made anew from what the folder `disk`
//! keeps.

mod database;
mod failure;
mod watchdog;

pub(super) use database::Database;
