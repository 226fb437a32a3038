//! Keys sort as what they are made of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackstats::fuzzing::{Fields, key_order};

fuzz_target!(|keys: (Fields, Fields, u8)| {
    let (a, b, shared) = keys;
    key_order(&a, &b, shared % 6);
});
