//! The kinds of value: they merge to the same bytes in any order and grouping, are stored, tracked and derived, and their
//! estimates are as near as they say.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "a test that fails may panic; its numbers are small"
)]

#[path = "../common/mod.rs"]
mod common;
mod apache;
mod errors;
mod laws;
mod tracked;
