//! Any operations on a store, against a model that is a map: those of the test `model`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_run::{World, operations};

fuzz_target!(|bytes: &[u8]| {
    let mut world = World::in_memory();
    for (number, operation) in operations(bytes).iter().enumerate() {
        world.apply(operation);
        if number % 8 == 7 {
            world.compare();
        }
    }
    world.compare();
});
