//! Tables against a model, which is a map: random writes, and after each all that can be read.

use super::{ByDate, Cut, Edit, Memtable, Objects, RowCursor, Table, Written, pack::SPLIT, write};
use crate::{
    calendar::Calendar,
    format::{Form, Space, key},
    kinds::{Distinct, MergeError, Sum, Value},
    model::{Object, Period, Point},
    storage::{Direction, MemoryEngine, Reads, Storage, Transaction},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, env, mem, ops::Range, sync::Arc};

const DIRECTIONS: [Direction; 2] = [Direction::Forwards, Direction::Backwards];

/// Numbers that are the same for the same seed (`SplitMix64`, Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// A range of the numbers below `end`, of at most so many.
    fn range(&mut self, end: usize, most: usize) -> Range<usize> {
        let start = self.below(end);
        start..(start + 1 + self.below(most)).min(end)
    }

    fn slots(&mut self) -> (i32, i32) {
        match self.below(8) {
            0 => (i32::MIN, i32::MAX),
            1 => (self.slot(), i32::MAX),
            2 => (i32::MIN, self.slot()),
            3 => {
                let slot = self.slot();
                (slot, slot)
            }
            // The ends may come the wrong way around: then there is nothing between them.
            _ => (self.slot(), self.slot()),
        }
    }

    /// A slot about the end of a span.
    fn slot(&mut self) -> i32 {
        i32::try_from(self.below(180)).unwrap() - 90
    }
}

/// A kind whose values have any length, and the longer of two is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Words(String);

impl Value for Words {
    const KIND: &'static str = "words";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if (other.0.len(), &other.0) > (self.0.len(), &self.0) {
            self.0.clone_from(&other.0);
        }
        Ok(())
    }
}

fn integer(random: &mut Random) -> i64 {
    match random.below(4) {
        0 => 1,
        1 => random.next().cast_signed() >> 20,
        _ => i64::try_from(random.below(1000)).unwrap(),
    }
}

fn sum(random: &mut Random) -> Sum {
    Sum::new(f64::from(u32::try_from(random.below(100_000)).unwrap()) / 8.0).unwrap()
}

fn words(random: &mut Random) -> Words {
    let length = match random.below(40) {
        0 => 3_000,
        1 => 700,
        _ => 20,
    };
    Words("w".repeat(random.below(length)))
}

fn distinct(random: &mut Random) -> Distinct {
    let mut distinct = Distinct::of(random.next());
    let count = if random.one_in(30) { 400 } else { 6 };
    for _ in 0..random.below(count) {
        distinct.merge(&Distinct::of(random.next())).unwrap();
    }
    distinct
}

/// Objects whose bytes begin alike, with ids of both types, one part or two; in order.
fn objects() -> Vec<Vec<u8>> {
    let mut objects = Vec::new();
    for kind in ["u", "user", "users"] {
        for id in ["", "a", "aa", "ab", "a\u{0}", "a\u{1}", "a\u{0}b", "\u{0}", "é"] {
            objects.push(Object::new(kind, id).unwrap());
        }
    }
    for number in (0..70).chain([255, 256, 65_535, u64::MAX - 1, u64::MAX]) {
        objects.push(Object::new("user", number).unwrap());
        objects.push(Object::new("user", 7_u64).unwrap().and("city", number).unwrap());
    }
    for number in 0..90 {
        let long = format!("a customer whose name goes on and on {number:04}");
        objects.push(Object::new("user", long.as_str()).unwrap());
        objects.push(Object::new("user", "a").unwrap().and("city", long.as_str()).unwrap());
    }
    let mut objects: Vec<Vec<u8>> = objects.iter().map(key::object_bytes).collect();
    objects.sort_unstable();
    objects.dedup();
    objects
}

type ExpectedValues<V> = BTreeMap<(Vec<u8>, i32), Option<V>>;

/// What a memtable does to a slot: sets it, or makes it absent.
type Patches<V> = BTreeMap<(Vec<u8>, i32), Option<Option<V>>>;

struct Model<V> {
    table: Table,
    /// Tables whose keys lie around this one's, with a statistic each.
    neighbours: Vec<Table>,
    storage: Storage,
    objects: Vec<Vec<u8>>,
    random: Random,
    value: fn(&mut Random) -> V,
    stored: ExpectedValues<V>,
}

impl<V: Value> Model<V> {
    fn new(form: Form, has_objects: bool, seed: u64, value: fn(&mut Random) -> V) -> Self {
        let table = |metric, period, has_objects| {
            Table::new(Calendar::default(), ("domain", metric), period, form, has_objects)
        };
        let storage = Storage::new(Arc::new(MemoryEngine::default()), |_, _| Ok(())).unwrap();
        let objects = if has_objects { objects() } else { vec![Vec::new()] };
        let model = Self {
            table: table("views", Period::Day, has_objects),
            neighbours: vec![
                table("view", Period::Day, has_objects),
                table("viewsx", Period::Day, has_objects),
                table("views", Period::Hour, has_objects),
                table("views", Period::Week, has_objects),
                table("views", Period::Day, !has_objects),
            ],
            storage,
            objects,
            random: Random(seed),
            value,
            stored: BTreeMap::new(),
        };
        let mut change = model.storage.change().unwrap();
        for table in &model.neighbours {
            let mut memtable = Memtable::new(table.clone());
            let object = if table.has_objects() { objects_of_neighbours() } else { Vec::new() };
            let (group, _) = memtable.group(&object);
            memtable.set(group, 3, Some((model.value)(&mut Random(1))));
            write(&mut change, &mut memtable, Edit::Set, None).unwrap();
        }
        change.commit().unwrap();
        model.check_neighbours();
        model
    }

    fn check_neighbours(&self) {
        let snapshot = self.storage.snapshot();
        let value = (self.value)(&mut Random(1));
        for table in &self.neighbours {
            let object = if table.has_objects() { objects_of_neighbours() } else { Vec::new() };
            let found = table.get::<V>(&snapshot, &object, 3).unwrap();
            assert_eq!(found, Point::Value(value.clone()));
        }
    }

    /// Random edits: of one statistic, of some, or of many neighbours.
    fn patches(&mut self, memtable: &mut Memtable<V>, edit: Edit) -> Patches<V> {
        let mut patches = BTreeMap::new();
        let Self { random, objects, value, .. } = self;
        let style = random.below(6);
        let indexes: Vec<usize> = match style {
            0 => vec![random.below(objects.len())],
            1 => (0..random.below(8)).map(|_| random.below(objects.len())).collect(),
            2 => (0..objects.len()).filter(|_| random.one_in(20)).collect(),
            3 => random.range(objects.len(), 12).collect(),
            _ => random.range(objects.len(), objects.len()).collect(),
        };
        // Many at once go more often than they come, so that blocks go empty.
        let removes = edit == Edit::Set && random.one_in(3);
        let spread = if random.one_in(3) { 100 } else { 1 + random.below(3) };
        let first = random.slot();
        for index in indexes {
            let object = objects[index].clone();
            let count = if removes { 1 + random.below(2 * spread) } else { 1 + random.below(spread) };
            for number in 0..count {
                let slot = if removes {
                    first + i32::try_from(number).unwrap()
                } else {
                    first + i32::try_from(random.below(spread)).unwrap()
                };
                let (group, _) = memtable.group(&object);
                assert_eq!(memtable.object(group), object);
                let patch = patches.entry((object.clone(), slot));
                match random.below(10) {
                    _ if removes => {
                        memtable.remove(group, slot);
                        patch.insert_entry(None);
                    }
                    0 => {
                        memtable.touch(group, slot);
                        let before = patch.or_default();
                        *before = Some(before.take().flatten());
                    }
                    1 => {
                        memtable.set(group, slot, None);
                        patch.insert_entry(Some(None));
                    }
                    2..=5 => {
                        let value = value(random);
                        memtable.set(group, slot, Some(value.clone()));
                        patch.insert_entry(Some(Some(value)));
                    }
                    _ => {
                        let value = value(random);
                        memtable.merge(group, slot, &value).unwrap();
                        let before = patch.or_default();
                        *before = Some(Some(match before.take().flatten() {
                            Some(mut before) => {
                                before.merge(&value).unwrap();
                                before
                            }
                            None => value,
                        }));
                    }
                }
                assert!(memtable.has(group, slot));
            }
        }
        let slots = patches.keys().map(|(_, slot)| *slot);
        assert_eq!(memtable.ends(), slots.clone().min().zip(slots.max()));
        patches
    }

    /// One random write, here and in the map.
    fn write(&mut self, change: &mut Transaction<'_>) {
        let edit = if self.random.one_in(2) { Edit::Merge } else { Edit::Set };
        let mut memtable = Memtable::new(self.table.clone());
        let cuts = self.random.one_in(5);
        let edits = !cuts || self.random.one_in(2);
        let patches = if edits { self.patches(&mut memtable, edit) } else { BTreeMap::new() };

        let slots = self.random.slots();
        let (style, chosen) = (self.random.below(4), self.random.below(self.objects.len()));
        let chosen = self.objects[chosen].clone();
        let is_cut = move |object: &[u8]| match style {
            0 => true,
            1 => object >= chosen.as_slice(),
            2 => object.iter().map(|byte| u32::from(*byte)).sum::<u32>() / 7 % 2 == 0,
            _ => object == chosen,
        };
        let cut = cuts.then_some(Cut { slots, objects: &is_cut });
        let found = write(change, &mut memtable, edit, cut).unwrap();
        assert_eq!(memtable.len(), 0);

        let before = self.stored.clone();
        if cuts {
            self.stored.retain(|(object, slot), _| !((slots.0..=slots.1).contains(slot) && is_cut(object)));
        }
        let mut expected = Written::default();
        for (at, patch) in patches {
            match (patch, edit) {
                (None, _) => drop(self.stored.remove(&at)),
                (Some(None), Edit::Merge) => {}
                (Some(Some(value)), Edit::Merge) => {
                    expected.given += 1;
                    let stored = self.stored.entry(at.clone()).or_default();
                    match stored {
                        Some(stored) => stored.merge(&value).unwrap(),
                        None => *stored = Some(value),
                    }
                    expected.changed += u64::from(before.get(&at) != self.stored.get(&at));
                }
                (Some(value), Edit::Set) => {
                    expected.given += 1;
                    expected.changed += u64::from(before.get(&at) != Some(&value));
                    self.stored.insert(at, value);
                }
            }
        }
        expected.removed = before.keys().filter(|at| !self.stored.contains_key(at)).count() as u64;
        assert_eq!(found, expected);
    }

    /// Checks each block, and that the blocks of a span follow each other.
    fn check_blocks(&self, reads: &impl Reads) {
        let mut statistics = 0;
        let mut last: Option<(i32, Vec<u8>)> = None;
        reads
            .for_each(self.table.keys(), |entry| {
                let (span, first) = self.table.split(&entry.key).unwrap();
                assert!(last < Some((span, first.to_vec())), "blocks are in order, and don't overlap");
                let slot = self.table.first_slot(span);
                statistics += self.table.check_block::<V>(slot, first, &entry.value).unwrap().0;
                let mut rows = 0;
                let mut reader = self.table.reader(&entry.key, &entry.value).unwrap();
                while reader.next_bytes().unwrap().is_some() {
                    rows += 1;
                }
                last = Some((span, reader.object().to_vec()));
                assert!(
                    rows == 1 || entry.value.len() <= SPLIT,
                    "{rows} rows have {} bytes",
                    entry.value.len()
                );
                Ok(())
            })
            .unwrap();
        assert_eq!(statistics, self.stored.len() as u64);
    }

    /// Compares some random reads.
    fn check_reads(&mut self, reads: &impl Reads) {
        for direction in DIRECTIONS {
            for _ in 0..3 {
                let (objects, slots) = (self.some_objects(), self.random.slots());
                self.check_cursor(reads, &objects, direction, slots);
                self.check_by_date(reads, &objects, direction, slots);
            }
        }
        for _ in 0..20 {
            let object = self.random.below(self.objects.len());
            let (object, slot) = (self.objects[object].clone(), self.random.slot());
            let found = self.table.get::<V>(reads, &object, slot).unwrap();
            let stored = self.stored.get(&(object, slot));
            assert_eq!(found, Point::from_listed(stored.cloned()));
        }
    }

    fn some_objects(&mut self) -> Objects {
        let Self { random, objects, .. } = self;
        if !self.table.has_objects() {
            return Objects::All;
        }
        match random.below(6) {
            0 => Objects::All,
            1 => Objects::These(vec![objects[random.below(objects.len())].clone()]),
            2 => Objects::These(objects.iter().filter(|_| random.one_in(20)).cloned().collect()),
            3 => {
                let range = random.range(objects.len(), 40);
                Objects::These(objects[range].to_vec())
            }
            4 => Objects::Under(Vec::new()),
            _ => {
                let object = &objects[random.below(objects.len())];
                Objects::Under(object[..random.below(object.len() + 1)].to_vec())
            }
        }
    }

    fn wanted(&self, objects: &Objects, slots: (i32, i32)) -> Vec<(Vec<u8>, i32, Option<V>)> {
        let is_wanted = |object: &Vec<u8>| match objects {
            Objects::All => true,
            Objects::These(these) => these.contains(object),
            Objects::Under(beginning) => object.starts_with(beginning),
        };
        self.stored
            .iter()
            .filter(|((object, slot), _)| *slot >= slots.0 && *slot <= slots.1 && is_wanted(object))
            .map(|((object, slot), value)| (object.clone(), *slot, value.clone()))
            .collect()
    }

    fn check_cursor(&self, reads: &impl Reads, objects: &Objects, direction: Direction, slots: (i32, i32)) {
        let mut expected = self.wanted(objects, slots);
        // By span and then by object; the spans alone are backwards.
        expected.sort_by_key(|(object, slot, _)| {
            let span = self.table.span_of(*slot);
            (if direction == Direction::Backwards { -span } else { span }, object.clone(), *slot)
        });
        let mut found = Vec::new();
        let cursor = || RowCursor::new(reads, self.table.clone(), objects.clone(), direction, slots);
        cursor()
            .for_each(|object, row| {
                let start = found.len();
                row.for_each::<V>(reads, |slot, value| found.push((object.to_vec(), slot, value)))?;
                let ends = found.get(start).zip(found.last()).map(|(first, last)| (first.1, last.1));
                assert!(ends.is_some(), "a row that is visited has something that is wanted");
                assert_eq!(row.ends(), ends);
                Ok(())
            })
            .unwrap();
        assert!(found == expected, "{objects:?} {direction:?} {slots:?}");

        if direction == Direction::Backwards {
            let some =
                |object: &[u8]| object.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)) % 3 == 0;
            let last = expected.iter().filter(|(object, ..)| some(object)).map(|(_, slot, _)| *slot).max();
            assert_eq!(cursor().last_slot(some).unwrap(), last);
        }
    }

    fn check_by_date(&self, reads: &impl Reads, objects: &Objects, direction: Direction, slots: (i32, i32)) {
        let labelled = |object: &[u8]| object.len() % 5 != 3;
        let mut expected = self.wanted(objects, slots);
        expected.retain(|(object, ..)| labelled(object));
        expected.sort_by_key(|(object, slot, _)| (*slot, object.clone()));
        if direction == Direction::Backwards {
            expected.reverse();
        }
        let cursor = RowCursor::new(reads, self.table.clone(), objects.clone(), direction, slots);
        let label = |object: &[u8]| Ok(labelled(object).then(|| object.to_vec()));
        let mut by_date = ByDate::<_, _, _, V>::new(cursor, label);
        let mut found = Vec::new();
        while let Some((label, slot, value)) = by_date.next_statistic().unwrap() {
            found.push((label.clone(), slot, value));
        }
        assert!(found == expected, "{objects:?} {direction:?} {slots:?}");
    }

    fn step(&mut self) {
        let storage = self.storage.clone();
        let before = self.stored.clone();
        let snapshot = storage.snapshot();
        let mut change = storage.change().unwrap();
        for _ in 0..=self.random.below(4) {
            if self.random.one_in(6) {
                // More than wait in memory: what the change has written so far is written out.
                for number in 0..2_100 {
                    let name = format!("{number}");
                    change.put(Space::Cursor.key(&[&name]), vec![0]).unwrap();
                }
            }
            self.write(&mut change);
            self.check_blocks(&change);
            self.check_reads(&change);
        }
        let after = mem::replace(&mut self.stored, before);
        if self.random.one_in(8) {
            drop(change);
        } else {
            change.commit().unwrap();
            self.check_reads(&snapshot);
            self.stored = after;
        }
        drop(snapshot);
        let snapshot = storage.snapshot();
        self.check_blocks(&snapshot);
        self.check_reads(&snapshot);
        self.check_neighbours();
    }
}

fn objects_of_neighbours() -> Vec<u8> {
    key::object_bytes(&Object::new("user", "neighbour").unwrap())
}

/// `TRACKSTATS_MODEL_CASES` is how many times as many cases are run as usual, 1 if it isn't set.
fn run<V: Value>(form: Form, value: fn(&mut Random) -> V) {
    let times = env::var("TRACKSTATS_MODEL_CASES").map_or(1, |times| times.parse().unwrap());
    for (has_objects, seeds) in [(true, 3 * times), (false, 2 * times)] {
        for seed in 0..seeds {
            let mut model = Model::new(form, has_objects, seed, value);
            (0..16).for_each(|_| model.step());
        }
    }
}

#[test]
fn a_table_of_integers_holds_what_the_model_holds() {
    run(Form::Integers, integer);
}

#[test]
fn a_table_of_sums_holds_what_the_model_holds() {
    run(Form::Encoded, sum);
}

#[test]
fn a_table_of_values_of_any_length_holds_what_the_model_holds() {
    run(Form::Encoded, words);
}

#[test]
fn a_table_of_sketches_holds_what_the_model_holds() {
    run(Form::Large, distinct);
}
