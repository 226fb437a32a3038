//! One suite for every engine, and for what `Storage` makes of them.

use super::*;
use crate::{
    error::{Error, Result},
    format::{ChangeReader, KeyRange, Logged, Space},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Barrier,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

fn engines() -> Vec<(tempfile::TempDir, Storage)> {
    let new = |disk: bool| {
        let dir = tempfile::tempdir().unwrap();
        let engine: Arc<dyn Engine> = if disk {
            Arc::new(DiskEngine::open(&dir.path().join("store"), 1 << 20).unwrap())
        } else {
            Arc::new(MemoryEngine::default())
        };
        (dir, open(engine))
    };
    vec![new(true), new(false)]
}

/// Takes an engine into use; there are no blocks in it.
pub(super) fn open(engine: Arc<dyn Engine>) -> Storage {
    let replay = |storage: &Storage, parts: Parts| {
        let mut change = storage.unlogged()?;
        for part in parts {
            let part = part?;
            let mut reader = ChangeReader::new(&part);
            while let Some(logged) = reader.next().unwrap() {
                match logged {
                    Logged::Put(key, value) => change.put(key.to_vec(), value.to_vec())?,
                    Logged::Remove(key) => change.remove(key.to_vec())?,
                    other => panic!("{other:?}"),
                }
            }
        }
        change.commit()
    };
    Storage::new(engine, replay).unwrap()
}

fn key(n: u32) -> Vec<u8> {
    [&[Space::Plain as u8][..], &n.to_be_bytes()].concat()
}

fn write(storage: &Storage, keys: impl IntoIterator<Item = u32>, value: Option<&[u8]>) {
    let mut change = storage.change().unwrap();
    for n in keys {
        match value {
            Some(value) => change.put(key(n), value.to_vec()).unwrap(),
            None => change.remove(key(n)).unwrap(),
        }
    }
    change.commit().unwrap();
}

fn all(snapshot: &Snapshot, direction: Direction, limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = Some(KeyRange::space(Space::Plain));
    while let Some(range) = rest {
        let page = snapshot.page(&range, direction, limit).unwrap();
        found.extend(page.entries.into_iter().map(|entry| (entry.key, entry.value)));
        rest = page.rest;
    }
    if direction == Direction::Backwards {
        found.reverse();
    }
    found
}

#[test]
fn ranges_are_read_in_both_directions_and_in_pages_of_any_size() {
    for (_dir, storage) in engines() {
        write(&storage, 0..100, Some(b"x"));
        for limit in [1, 7, 99, 100, 101] {
            for direction in [Direction::Forwards, Direction::Backwards] {
                assert_eq!(all(&storage.snapshot(), direction, limit).len(), 100);
            }
        }
    }
}

#[test]
fn a_snapshot_does_not_see_changes_small_or_large_that_come_after_it() {
    for (_dir, storage) in engines() {
        write(&storage, 0..8_000, Some(b"old"));
        let before = storage.snapshot();
        let was = all(&before, Direction::Forwards, 64);
        write(&storage, 0..3, None);
        let between = storage.snapshot();
        write(&storage, 0..16_000, Some(b"new"));
        for direction in [Direction::Forwards, Direction::Backwards] {
            assert_eq!(all(&before, direction, 64), was);
            assert_eq!(all(&between, direction, 64), was[3..]);
            assert_eq!(all(&storage.snapshot(), direction, 64).len(), 16_000);
        }
        assert_eq!(before.get(&key(1)).unwrap().unwrap(), b"old");
        assert_eq!(between.get(&key(1)).unwrap(), None);
        drop((before, between));
        assert!(storage.versions().replaced.is_empty(), "nothing is kept for nobody");
    }
}

#[test]
fn of_a_key_that_is_written_often_only_what_a_snapshot_sees_is_kept() {
    for (_dir, storage) in engines() {
        write(&storage, [1], Some(b"first"));
        let first = storage.snapshot();
        for n in 0..100_u8 {
            write(&storage, [1], Some(&[n]));
        }
        let second = storage.snapshot();
        for _ in 0..100 {
            write(&storage, [1], Some(b"last"));
        }
        assert_eq!(storage.versions().replaced.values().map(Vec::len).sum::<usize>(), 2);
        let seen = |snapshot: &Snapshot| snapshot.get(&key(1)).unwrap().unwrap();
        assert_eq!((seen(&first), seen(&second)), (b"first".to_vec(), vec![99]));
        drop(first);
        assert_eq!(seen(&second), [99]);
    }
}

#[test]
fn the_first_entry_of_a_snapshot_is_its_first_also_where_everything_was_removed() {
    // Where all of a range was removed after the snapshot, its last entry was taken for the first.
    for (_dir, storage) in engines() {
        write(&storage, 0..100, Some(b"x"));
        let before = storage.snapshot();
        write(&storage, 0..100, None);
        let range = KeyRange::space(Space::Plain);
        let first = |direction| before.first(&range, direction).unwrap().unwrap().key;
        assert_eq!(first(Direction::Forwards), key(0));
        assert_eq!(first(Direction::Backwards), key(99));
        assert_eq!(storage.snapshot().first(&range, Direction::Forwards).unwrap(), None);
    }
}

#[test]
fn a_change_that_is_dropped_never_happened_however_large_it_was() {
    for (_dir, storage) in engines() {
        for count in [3, 20_000] {
            let mut change = storage.change().unwrap();
            for n in 0..count {
                change.put(key(n), b"x".to_vec()).unwrap();
            }
            assert_eq!(change.get(&key(0)).unwrap().unwrap(), b"x", "a change sees its own writes");
            drop(change);
            assert_eq!(all(&storage.snapshot(), Direction::Forwards, 64), []);
        }
    }
}

#[test]
fn readers_see_a_large_change_only_once_it_is_committed_and_older_ones_never() {
    for (_dir, storage) in engines() {
        write(&storage, 0..6_000, Some(b"oldest"));
        let oldest = storage.snapshot();
        write(&storage, 0..6_000, Some(b"old"));
        let before = storage.snapshot();
        let mut change = storage.change().unwrap();
        for n in 0..12_000 {
            if n % 3 == 0 {
                change.remove(key(n)).unwrap();
            } else {
                change.put(key(n), b"new".to_vec()).unwrap();
            }
        }
        let meanwhile = storage.snapshot();
        let check = |snapshot: &Snapshot, expected: &[u8], count: usize| {
            for direction in [Direction::Forwards, Direction::Backwards] {
                for limit in [10, 20_000] {
                    let seen = all(snapshot, direction, limit);
                    assert_eq!(seen.len(), count);
                    assert!(seen.iter().all(|(_, value)| value == expected));
                }
            }
            assert_eq!(snapshot.get(&key(1)).unwrap().unwrap(), expected);
        };
        let old_ones = || {
            check(&oldest, b"oldest", 6_000);
            check(&before, b"old", 6_000);
            check(&meanwhile, b"old", 6_000);
        };
        old_ones();
        change.commit().unwrap();
        old_ones();
        check(&storage.snapshot(), b"new", 8_000);
        storage.compact().unwrap();
        old_ones();
        check(&storage.snapshot(), b"new", 8_000);
        write(&storage, 0..10, Some(b"new"));
        write(&storage, (0..10).filter(|n| n % 3 == 0), None);
        old_ones();
        write(&storage, 0..6_000, Some(b"newest"));
        old_ones();
    }
}

#[test]
fn compaction_leaves_out_what_a_large_change_replaced() {
    for (_dir, storage) in engines() {
        write(&storage, 0..4_000, Some(&[7; 100]));
        write(&storage, 0..4_000, None);
        storage.compact().unwrap();
        let left = storage.engine().scan(&KeyRange::all(), Direction::Forwards, 10).unwrap();
        // A map in memory isn't compacted.
        if storage.path().is_dir() {
            assert_eq!(left.iter().map(|entry| entry.key.clone()).collect::<Vec<_>>(), Vec::<Vec<u8>>::new());
        }
    }
}

#[test]
fn a_large_change_that_a_crash_cut_short_is_never_seen_and_the_next_one_takes_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let open = || open(Arc::new(DiskEngine::open(dir.path(), 1 << 20).unwrap()));
    let storage = open();
    storage.checkpoint().unwrap();
    write(&storage, 0..2_800, Some(b"old"));
    let mut change = storage.change().unwrap();
    for n in 100..8_000 {
        change.put(key(n), b"new".to_vec()).unwrap();
    }
    change.write_out_for_test();
    drop(storage);
    let storage = open();
    let found = all(&storage.snapshot(), Direction::Forwards, 64);
    assert_eq!(found.len(), 2_800);
    assert!(found.iter().all(|(_, value)| value == b"old"));
    drop(storage.change().unwrap());
    let stored = storage.engine().scan(&KeyRange::space(Space::Plain), Direction::Forwards, 20_000).unwrap();
    assert_eq!(stored.len(), 2_800, "nothing is left of it");
    // Its number is taken again.
    write(&storage, 0..8_000, Some(b"newer"));
    drop(storage);
    assert!(all(&open().snapshot(), Direction::Forwards, 64).iter().all(|(_, value)| value == b"newer"));
}

#[test]
fn a_change_within_a_change_of_the_same_thread_is_refused_instead_of_waiting_forever() {
    for (_dir, storage) in engines() {
        let change = storage.change().unwrap();
        assert!(matches!(storage.change(), Err(Error::NestedChange)));
        drop(change);
        assert!(storage.change().is_ok());
    }
}

/// A map in memory whose compaction meets others when it begins, and again before it ends.
#[derive(Debug)]
struct Slow {
    map: MemoryEngine,
    meeting: Arc<Barrier>,
}

impl Engine for Slow {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.map.get(key)
    }

    fn visit(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
        visit: VisitEntries<'_>,
    ) -> Result<()> {
        self.map.visit(range, direction, limit, visit)
    }

    fn apply(&self, batch: Vec<Write>, log: Option<Log<'_>>) -> Result<()> {
        self.map.apply(batch, log)
    }

    fn flush(&self) -> Result<()> {
        self.map.flush()
    }

    fn check(&self) -> Result<()> {
        self.map.check()
    }

    fn begin_checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.meeting.wait();
        self.meeting.wait();
        Ok(None)
    }

    fn path(&self) -> &Path {
        self.map.path()
    }
}

#[test]
fn readers_go_on_while_a_writer_waits_for_a_compaction() {
    let meeting = Arc::new(Barrier::new(2));
    let engine = Slow { map: MemoryEngine::default(), meeting: Arc::clone(&meeting) };
    let storage = open(Arc::new(engine));
    write(&storage, 0..10, Some(b"old"));
    thread::scope(|scope| {
        scope.spawn(|| storage.compact().unwrap());
        meeting.wait();
        let (writing, wrote) = mpsc::channel();
        scope.spawn({
            let storage = &storage;
            move || {
                write(storage, 0..10, Some(b"new"));
                writing.send(()).unwrap();
            }
        });
        assert_eq!(wrote.recv_timeout(Duration::from_millis(100)), Err(RecvTimeoutError::Timeout));
        assert_eq!(storage.snapshot().get(&key(1)).unwrap().unwrap(), b"old");
        meeting.wait();
        wrote.recv().unwrap();
        assert_eq!(storage.snapshot().get(&key(1)).unwrap().unwrap(), b"new");
    });
}

#[test]
fn a_check_beside_checkpoints_and_changes_finds_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let storage = open(Arc::new(DiskEngine::open(dir.path(), 1 << 20).unwrap()));
    storage.checkpoint().unwrap();
    thread::scope(|scope| {
        let others = [
            scope.spawn(|| (0..20).for_each(|_| storage.checkpoint().unwrap())),
            scope.spawn(|| (0..60).for_each(|n| write(&storage, 0..n * 50, Some(b"value")))),
        ];
        while !others.iter().all(thread::ScopedJoinHandle::is_finished) {
            storage.check().unwrap();
        }
    });
    storage.check().unwrap();
    assert_eq!(all(&storage.snapshot(), Direction::Forwards, 64).len(), 59 * 50);
}

#[test]
fn a_compacted_map_is_found_again_whatever_it_has() {
    for count in [0, 1, 2, 3, 600] {
        let dir = tempfile::tempdir().unwrap();
        let open = || open(Arc::new(DiskEngine::open(dir.path(), 1 << 20).unwrap()));
        let storage = open();
        write(&storage, 0..count, Some(b"x"));
        // As a store does.
        storage.checkpoint().unwrap();
        storage.compact().unwrap();
        drop(storage);
        assert_eq!(all(&open().snapshot(), Direction::Forwards, 64).len(), count as usize);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn storage_is_an_ordered_map(operations in prop::collection::vec((0_u32..40, prop::option::of(any::<u8>())), 1..80)) {
        for (_dir, storage) in engines() {
            let mut model = BTreeMap::new();
            for (n, value) in &operations {
                let snapshot = storage.snapshot();
                let was = model.clone();
                write(&storage, [*n], value.as_ref().map(std::slice::from_ref));
                match value {
                    Some(value) => model.insert(key(*n), vec![*value]),
                    None => model.remove(&key(*n)),
                };
                prop_assert_eq!(all(&snapshot, Direction::Backwards, 3), was.into_iter().collect::<Vec<_>>());
            }
            prop_assert_eq!(all(&storage.snapshot(), Direction::Forwards, 7), model.into_iter().collect::<Vec<_>>());
        }
    }
}
