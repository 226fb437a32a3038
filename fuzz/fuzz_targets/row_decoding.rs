//! Any bytes are a row or are refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackstats::fuzzing::row_decoding;

fuzz_target!(|bytes: &[u8]| row_decoding(bytes));
