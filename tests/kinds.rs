//! The kinds of value: they merge to the same bytes in any order and grouping, are stored, tracked and derived, and their
//! estimates are as near as they say.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "a test that fails may panic; its numbers are small"
)]

mod common;
mod kinds {
    use super::{common, from_hex, hex};

    mod apache;
    mod errors;
    mod laws;
    mod tracked;
}

use std::fmt::Write;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn from_hex(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
