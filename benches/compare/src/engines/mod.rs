//! One file an engine. Each choice that a reader might doubt has its reason beside it.
//!
//! Caches: every peer may hold all of its data in memory, so that none is slow for want of it; trackstats has its
//! default of 64 MiB. What each takes is in the table.

pub mod fjall;
pub mod flat;
mod key;
pub mod lmdb;
pub mod redb;
pub mod sled;
pub mod sqlite;
pub mod trackstats;

/// What each peer's cache may hold: more than all that is stored.
const CACHE_BYTES: u32 = 1 << 30;
