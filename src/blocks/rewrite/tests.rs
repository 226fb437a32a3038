//! What becomes of blocks.

use super::*;
use crate::{
    calendar::Calendar,
    format::{Form, key},
    kinds::MergeError,
    model::{Object, Period, Point},
    storage::{MemoryEngine, Storage},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Words(String);

impl Value for Words {
    const KIND: &'static str = "words";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Ok(())
    }
}

#[test]
fn a_block_that_shrinks_behind_untouched_ones_is_not_joined_to_one_before_them() {
    // A block before the untouched ones had lost all of its rows: its other neighbour was taken for that of the one
    // that shrank, whose rows then stood before the untouched ones, where no reading finds them.
    let table = Table::new(Calendar::default(), ("domain", "metric"), Period::Day, Form::Encoded, true);
    let object = |number: u64| key::object_bytes(&Object::new("user", number).unwrap());
    let is_cut = |number: u64| (2..4).contains(&number) || (8..10).contains(&number);
    for by_cut in [true, false] {
        let storage = Storage::new(Arc::new(MemoryEngine::default()), |_, _| Ok(())).unwrap();
        let mut change = storage.change().unwrap();
        let mut memtable = Memtable::new(table.clone());
        for number in 0..11 {
            let (group, _) = memtable.group(&object(number));
            let length = if number == 10 { 10 } else { 300 };
            memtable.set(group, 0, Some(Words("w".repeat(length))));
        }
        write(&mut change, &mut memtable, Edit::Set, None).unwrap();
        change.commit().unwrap();

        let mut change = storage.change().unwrap();
        let cut: Vec<Vec<u8>> = (0..11).filter(|number| is_cut(*number)).map(object).collect();
        let objects = |object: &[u8]| cut.iter().any(|cut| cut == object);
        if !by_cut {
            for object in &cut {
                let (group, _) = memtable.group(object);
                memtable.remove(group, 0);
            }
        }
        let cut = by_cut.then_some(Cut { slots: (0, 0), objects: &objects });
        write(&mut change, &mut memtable, Edit::Set, cut).unwrap();
        for number in 0..11 {
            let found: Point<Words> = table.get(&change, &object(number), 0).unwrap();
            assert_eq!(found.is_absent(), is_cut(number), "{number}");
        }
    }
}

#[test]
fn an_edit_behind_many_removed_blocks_leaves_its_neighbours() {
    // Where a change had removed all blocks of a page, the next edit was taken for a new block's.
    let table = Table::new(Calendar::default(), ("domain", "metric"), Period::Day, Form::Encoded, true);
    let object = |number: u64| key::object_bytes(&Object::new("user", number).unwrap());
    let storage = Storage::new(Arc::new(MemoryEngine::default()), |_, _| Ok(())).unwrap();
    let edit = |change: &mut Transaction<'_>, edits: Vec<(u64, Option<String>)>| {
        let mut memtable = Memtable::new(table.clone());
        for (number, value) in edits {
            let (group, _) = memtable.group(&object(number));
            match value {
                Some(value) => memtable.set(group, 0, Some(Words(value))),
                None => memtable.remove(group, 0),
            };
        }
        write(change, &mut memtable, Edit::Set, None).unwrap();
    };

    let mut change = storage.change().unwrap();
    let large = (0..11).map(|number| (number, Some("w".repeat(700))));
    let small = (11..13).map(|number| (number, Some("w".to_owned())));
    edit(&mut change, large.chain(small).collect());
    change.commit().unwrap();

    let mut change = storage.change().unwrap();
    edit(&mut change, (1..11).map(|number| (number, None)).collect());
    edit(&mut change, [0, 11].map(|number| (number, Some("v".repeat(700)))).into());
    let last = table.get(&change, &object(12), 0).unwrap();
    assert_eq!(last, Point::Value(Words("w".to_owned())));
}
