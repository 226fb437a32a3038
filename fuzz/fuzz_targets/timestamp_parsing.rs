//! Any text is a timestamp or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackstats::fuzzing::timestamp_parsing;

fuzz_target!(|input: (u8, &str)| {
    let (zone, text) = input;
    timestamp_parsing(zone, text);
});
