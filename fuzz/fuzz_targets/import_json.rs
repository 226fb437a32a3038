//! Any bytes are imported as a whole or not at all, and what was imported comes back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackstats::{
    Calendar, Error, Store,
    exchange::{export, exported_calendar, import},
    store::{Flush, Prefix},
};

fn store(calendar: Calendar) -> Store {
    Store::options().calendar(calendar).flush(Flush::Explicit).in_memory().unwrap()
}

fn exported(store: &Store) -> Vec<u8> {
    let mut lines = Vec::new();
    export(store, &Prefix::everything(), &mut lines).unwrap();
    lines
}

fuzz_target!(|bytes: &[u8]| {
    let calendar = exported_calendar(bytes).ok().flatten().unwrap_or_default();
    let first = store(calendar);
    let empty = exported(&first);
    match import(&first, bytes) {
        Ok(_) => {
            let lines = exported(&first);
            assert_eq!(exported_calendar(lines.as_slice()).unwrap(), Some(calendar));
            let second = store(calendar);
            import(&second, lines.as_slice()).unwrap();
            assert_eq!(exported(&second), lines);
            // Once more changes nothing.
            import(&first, bytes).unwrap();
            assert_eq!(exported(&first), lines);
        }
        Err(Error::Import { .. }) => assert_eq!(exported(&first), empty),
        Err(error) => panic!("{error}"),
    }
});
