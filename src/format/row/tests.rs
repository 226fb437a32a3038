//! Rows against a map of slots, and against damage.

use super::*;
use crate::format::{MOST_SLOTS, row_head::push_presence};
use crate::kinds::Max;
use proptest::{collection::vec, prelude::*, sample::Index};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a row stands for.
type Map<V> = BTreeMap<u32, Option<V>>;

/// A kind that is written as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Phrase(String);

impl Value for Phrase {
    const KIND: &'static str = "words";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.0.push_str(&other.0);
        Ok(())
    }
}

fn words() -> impl Strategy<Value = Phrase> {
    prop_oneof![4 => "[a-c]{0,4}", 1 => "[a-c]{120,140}"].prop_map(Phrase)
}

/// Integers whose distances from each other take up to so many bytes, from none to eight.
fn integers() -> impl Strategy<Value = Vec<i64>> {
    (any::<i64>(), 0..=8_u32).prop_flat_map(|(base, width)| {
        let most = u64::MAX.checked_shr(64 - 8 * width).unwrap_or(0);
        vec((0..=most).prop_map(move |distance| base.wrapping_add(distance.cast_signed())), 64)
    })
}

/// Slots in each of the ways that they are written: one, a few, a run, many.
fn slots() -> impl Strategy<Value = SlotBits> {
    let few =
        vec(0..MOST_SLOTS, 1..7).prop_map(|slots| slots.into_iter().fold(0, |bits, slot| bits | bit(slot)));
    let run = (0..MOST_SLOTS, 1..=MOST_SLOTS).prop_map(|(first, count)| {
        let count = count.min(MOST_SLOTS - first);
        (first..first + count).fold(0, |bits, slot| bits | bit(slot))
    });
    prop_oneof![(0..MOST_SLOTS).prop_map(bit), few, run, 1..=SlotBits::MAX, Just(SlotBits::MAX)]
}

/// A row whose slots have one value after the other; those of `missing` are missing.
fn row_of<V: Clone>(present: SlotBits, missing: SlotBits, values: &[V]) -> Row<V> {
    let mut row = Row::default();
    for (slot, value) in slots_of(present).zip(values.iter().cycle()) {
        row.set(slot, (missing & bit(slot) == 0).then(|| value.clone()));
    }
    row
}

fn missing() -> impl Strategy<Value = SlotBits> {
    prop_oneof![Just(0), any::<SlotBits>(), Just(SlotBits::MAX), (0..MOST_SLOTS).prop_map(bit)]
}

fn integer_rows() -> impl Strategy<Value = Row<i64>> {
    (slots(), missing(), integers()).prop_map(|(present, missing, values)| row_of(present, missing, &values))
}

fn word_rows() -> impl Strategy<Value = Row<Phrase>> {
    (slots(), missing(), vec(words(), 1..8))
        .prop_map(|(present, missing, values)| row_of(present, missing, &values))
}

fn encoded<V: Value>(row: &Row<V>, form: Form) -> Vec<u8> {
    let mut bytes = Vec::new();
    row.encode(form, &mut bytes).unwrap();
    bytes
}

/// Whether a row and its bytes tell the same, read in each way; `wanted` are the slots that are asked for.
fn check<V: Value + PartialEq>(row: &Row<V>, form: Form, wanted: SlotBits) -> Result<(), TestCaseError> {
    let bytes = encoded(row, form);
    prop_assert_eq!(&Row::decode(form, &bytes).unwrap(), row);
    let packed = PackedRow::read(form, &bytes).unwrap();
    prop_assert_eq!(packed.present(), row.present());
    for slot in 0..=MOST_SLOTS {
        let found = Point::from_listed(packed.get::<V>(slot).unwrap());
        prop_assert_eq!(found.as_ref(), row.get(slot));
    }
    for wanted in [wanted, SlotBits::MAX, row.present(), 0] {
        let mut visited = Vec::new();
        packed.for_each(wanted, |slot, value: Option<V>| visited.push((slot, value))).unwrap();
        let expected = row.iter().filter(|(slot, _)| wanted & bit(*slot) != 0);
        prop_assert_eq!(visited, expected.map(|(slot, value)| (slot, value.cloned())).collect::<Vec<_>>());
    }
    Ok(())
}

/// Whether bytes are refused without a panic, however they are read.
fn is_refused<V: Value>(form: Form, bytes: &[u8]) -> bool {
    if let Ok(packed) = PackedRow::read(form, bytes) {
        for slot in 0..MOST_SLOTS {
            let _ = packed.get::<V>(slot);
        }
        let _ = packed.for_each(1, |_, _: Option<V>| {});
    }
    Row::<V>::decode(form, bytes).is_err()
}

/// Whether bytes are a row, and then one whose own bytes are that row.
fn decodes_or_is_refused<V: Value + PartialEq>(form: Form, bytes: &[u8]) -> Result<(), TestCaseError> {
    if !is_refused::<V>(form, bytes) {
        let row = Row::<V>::decode(form, bytes).unwrap();
        prop_assert!(!row.is_empty());
        prop_assert_eq!(Row::decode(form, &encoded(&row, form)), Ok(row));
    }
    Ok(())
}

/// A change of a row.
#[derive(Debug, Clone)]
enum Operation {
    Set(u32, Option<i64>),
    Remove(u32),
    RemoveAll(SlotBits),
    Merge(u32, i64),
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{Merge, Remove, RemoveAll, Set};
    let (slot, value) = (0..MOST_SLOTS, -3..100_i64);
    prop_oneof![
        4 => (slot.clone(), prop::option::of(value.clone())).prop_map(|(slot, value)| Set(slot, value)),
        2 => slot.clone().prop_map(Remove),
        1 => (any::<SlotBits>(), any::<SlotBits>()).prop_map(|(a, b)| RemoveAll(a & b)),
        2 => (slot, value).prop_map(|(slot, value)| Merge(slot, value)),
    ]
}

fn map_of<V: Clone>(row: &Row<V>) -> Map<V> {
    row.iter().map(|(slot, value)| (slot, value.cloned())).collect()
}

proptest! {
    #[test]
    fn a_row_of_integers_is_read_as_it_was_written(row in integer_rows(), wanted in any::<SlotBits>()) {
        check(&row, Form::Integers, wanted)?;
    }

    #[test]
    fn a_row_of_encoded_values_is_read_as_it_was_written(row in word_rows(), wanted in any::<SlotBits>()) {
        check(&row, Form::Encoded, wanted)?;
        check(&row, Form::Large, wanted)?;
    }

    #[test]
    fn an_integer_among_the_others_gives_the_bytes_of_the_row_with_it(
        row in integer_rows(), slot in 0..MOST_SLOTS, likeness in any::<Index>()
    ) {
        let bytes = encoded(&row, Form::Integers);
        let values: Vec<i64> = row.iter().filter_map(|(_, value)| value.copied()).collect();
        let (lowest, highest) = (values.iter().min(), values.iter().max());
        let packed = PackedRow::read(Form::Integers, &bytes).unwrap();
        let mut with = Vec::new();
        let Some((lowest, highest)) = lowest.zip(highest) else {
            prop_assert!(!packed.encode_with(slot, 1, &mut with));
            return Ok(());
        };
        for value in [*likeness.get(&values), *lowest, *highest, lowest.wrapping_sub(1), highest.wrapping_add(1)] {
            with.clear();
            let goes = packed.encode_with(slot, value, &mut with);
            let mut expected = row.clone();
            expected.set(slot, Some(value));
            let is_among = (lowest..=highest).contains(&&value) && row.get(slot) == Point::Absent;
            prop_assert!(goes || !is_among);
            if goes {
                prop_assert_eq!(&with, &encoded(&expected, Form::Integers));
            }
        }
    }

    #[test]
    fn a_row_is_a_map_of_slots(operations in vec(operation(), 0..60)) {
        let (mut row, mut map) = (Row::<i64>::default(), Map::new());
        for operation in operations {
            match operation {
                Operation::Set(slot, value) => {
                    row.set(slot, value);
                    map.insert(slot, value);
                }
                Operation::Remove(slot) => prop_assert_eq!(row.remove(slot), map.remove(&slot).is_some()),
                Operation::RemoveAll(slots) => {
                    let before = map.len();
                    map.retain(|slot, _| slots & bit(*slot) == 0);
                    prop_assert_eq!(row.remove_all(slots) as usize, before - map.len());
                }
                Operation::Merge(slot, value) => {
                    let stored = map.entry(slot).or_default();
                    prop_assert_eq!(row.merge(slot, &value), Ok(stored.is_none()));
                    *stored = Some(stored.unwrap_or(0) + value);
                }
            }
            prop_assert_eq!(map_of(&row), map.clone());
            prop_assert_eq!((row.len() as usize, row.is_empty()), (map.len(), map.is_empty()));
            for slot in 0..MOST_SLOTS {
                prop_assert_eq!(row.get(slot), Point::from_listed(map.get(&slot).map(Option::as_ref)));
                let rank = map.range(..slot).filter(|(_, value)| value.is_some()).count();
                prop_assert_eq!(row.rank(slot), rank);
                if let Some(Some(value)) = map.get(&slot) {
                    prop_assert_eq!(row.value_mut(rank).copied(), Some(*value));
                }
            }
        }
    }

    #[test]
    fn the_differences_of_a_row_are_those_statistics_that_another_has_not_or_has_otherwise(
        a in vec(operation(), 0..40),
        b in vec(operation(), 0..10),
    ) {
        let apply = |row: &mut Row<i64>, operations: &[Operation]| {
            for operation in operations {
                match operation {
                    Operation::Set(slot, value) => row.set(*slot, *value),
                    Operation::Remove(slot) => drop(row.remove(*slot)),
                    Operation::RemoveAll(slots) => drop(row.remove_all(*slots)),
                    Operation::Merge(slot, value) => drop(row.merge(*slot, value)),
                }
            }
        };
        let mut before = Row::default();
        apply(&mut before, &a);
        let mut after = before.clone();
        apply(&mut after, &b);
        let (before_map, after_map) = (map_of(&before), map_of(&after));
        let expected = after_map.iter().filter(|(slot, value)| before_map.get(slot) != Some(value)).count();
        prop_assert_eq!(after.differing(&before).count_ones() as usize, expected);
        prop_assert_eq!(before.differing(&before), 0);
    }

    #[test]
    fn any_bytes_are_a_row_or_refused(
        head in any::<u8>(),
        present in slots(),
        rest in vec(prop_oneof![0..4_u8, any::<u8>()], 0..40),
    ) {
        // All bytes at random would seldom come beyond the head.
        let mut likely = Vec::new();
        push_presence(present, head & (WIDTH | HAS_MISSING), &mut likely);
        likely.extend_from_slice(&rest);
        for bytes in [likely, [&[head], &rest[..]].concat()] {
            decodes_or_is_refused::<i64>(Form::Integers, &bytes)?;
            decodes_or_is_refused::<Max>(Form::Integers, &bytes)?;
            decodes_or_is_refused::<Phrase>(Form::Encoded, &bytes)?;
        }
    }

    #[test]
    fn a_changed_byte_makes_another_row_or_is_refused(
        integers in integer_rows(),
        words in word_rows(),
        at in any::<Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encoded(&integers, Form::Integers);
        let place = at.index(bytes.len());
        bytes[place] = byte;
        decodes_or_is_refused::<i64>(Form::Integers, &bytes)?;
        let mut bytes = encoded(&words, Form::Encoded);
        let place = at.index(bytes.len());
        bytes[place] = byte;
        decodes_or_is_refused::<Phrase>(Form::Encoded, &bytes)?;
    }

    #[test]
    fn bytes_that_are_cut_off_or_go_on_are_refused(
        integers in integer_rows(),
        words in word_rows(),
        at in any::<Index>(),
        added in vec(any::<u8>(), 1..10),
    ) {
        let bytes = encoded(&integers, Form::Integers);
        prop_assert!(is_refused::<i64>(Form::Integers, &bytes[..at.index(bytes.len())]));
        prop_assert!(is_refused::<i64>(Form::Integers, &bytes[..bytes.len() - 1]));
        prop_assert!(is_refused::<i64>(Form::Integers, &[&bytes, &added[..]].concat()));
        let bytes = encoded(&words, Form::Encoded);
        prop_assert!(is_refused::<Phrase>(Form::Encoded, &bytes[..at.index(bytes.len())]));
        prop_assert!(is_refused::<Phrase>(Form::Encoded, &bytes[..bytes.len() - 1]));
        prop_assert!(is_refused::<Phrase>(Form::Encoded, &[&bytes, &added[..]].concat()));
    }
}

#[test]
fn a_failed_merge_leaves_the_row_as_it_was() {
    let mut row = row_of(0b101, 0, &[i64::MAX]);
    let before = row.clone();
    assert_eq!(row.merge(2, &1), Err(MergeError::OVERFLOW));
    assert_eq!(row, before);
}

#[test]
fn values_that_a_form_has_no_bytes_for_are_refused() {
    let mut bytes = Vec::new();
    let words = row_of(1, 0, &[Phrase(String::new())]);
    assert_eq!(
        words.encode(Form::Integers, &mut bytes),
        Err(Unencodable { slot: 0, problem: "a value that isn't an integer" })
    );
    let long = row_of(1, 0, &[Phrase("w".repeat(MAX_BYTES))]);
    assert_eq!(
        long.encode(Form::Encoded, &mut bytes),
        Err(Unencodable { slot: 0, problem: "a value of more than 16 MiB" })
    );
}

#[test]
fn a_slot_after_the_last_has_no_statistic() {
    let row = row_of(SlotBits::MAX, 0, &[1_i64]);
    assert_eq!((row.get(MOST_SLOTS), row.rank(MOST_SLOTS), bit(MOST_SLOTS)), (Point::Absent, 64, 0));
}
