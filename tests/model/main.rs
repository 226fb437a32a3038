//! Random operations on a store, on disk and in memory, against a model that is a map.
//!
//! `TRACKSTATS_MODEL_CASES` is how many times as many cases are run as usual, 1 if it isn't set.

#![cfg(all(feature = "backup", feature = "exchange"))]
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::many_single_char_names,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test that fails may panic"
)]

pub mod run;

use proptest::{array, collection, prelude::*};
use run::{Operation, World, operations};
use std::env;

fn some_operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    collection::vec(array::uniform8(any::<u8>()), 1..most).prop_map(|chunks| operations(&chunks.concat()))
}

/// Everything is compared after every few operations, and at the end.
fn run(mut world: World, operations: &[Operation]) {
    for (number, operation) in operations.iter().enumerate() {
        world.apply(operation);
        if number % 4 == 3 {
            world.compare();
        }
    }
    world.compare();
    world.apply(&Operation::Reopen);
    world.compare();
}

fn config(cases: u32) -> ProptestConfig {
    let times = env::var("TRACKSTATS_MODEL_CASES").map_or(1, |times| times.parse().unwrap());
    let cases = cases * times;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(64))]
    #[test]
    fn a_store_on_disk_holds_what_the_model_holds(operations in some_operations(160)) {
        run(World::on_disk(), &operations);
    }
}

proptest! {
    #![proptest_config(config(400))]
    #[test]
    fn a_store_in_memory_holds_what_the_model_holds(operations in some_operations(160)) {
        run(World::in_memory(), &operations);
    }
}
