//! Keys sort as what they are made of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackstats::fuzzing::{KeyFields, key_order};

fuzz_target!(|keys: (KeyFields, KeyFields, u8)| {
    let (a, b, shared) = keys;
    key_order(&a, &b, shared % 6);
});
