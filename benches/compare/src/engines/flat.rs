//! The limits: records in their order, in a file or in memory, without anything that makes it a store. The file takes
//! no second value for a key, and nothing out of order; neither survives a crash in the middle of a write.

use super::key::{KEY, Key, Plan, at, key_of, plan, value};
use crate::{
    engine::{Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::{Context, Result, ensure};
use memmap2::Mmap;
use std::{
    fs::{self, OpenOptions},
    io::{BufWriter, Write},
    ops::Range,
    path::Path,
};

const RECORD: usize = KEY + 8;

/// Records in a file: written at its end, read through a memory map.
pub struct File {
    file: BufWriter<fs::File>,
    map: Mmap,
    commit: Commit,
}

impl File {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join("statistics");
        let file = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
        // SAFETY: nothing else writes to the file, and what is in the map is never shortened.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self { file: BufWriter::with_capacity(1 << 16, file), map, commit })
    }

    fn append(&mut self, point: &Point) -> Result<()> {
        self.file.write_all(&key_of(point))?;
        Ok(self.file.write_all(&point.value.to_le_bytes())?)
    }

    fn sync(&mut self) -> Result<()> {
        self.file.flush()?;
        Ok(self.file.get_ref().sync_data()?)
    }
}

impl Engine for File {
    fn load(&mut self, shape: Shape) -> Result<()> {
        shape.points().try_for_each(|point| self.append(&point))?;
        self.sync()
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        points.iter().try_for_each(|point| self.append(point))?;
        if self.commit == Commit::Synced { self.sync() } else { Ok(self.file.flush()?) }
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        let (records, rest) = self.map.as_chunks::<RECORD>();
        ensure!(rest.is_empty(), "the file ends in the middle of a record");
        add(records, split, read, sum)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.sync()
    }
}

/// Records in memory.
#[derive(Default)]
pub struct Array {
    records: Vec<(Key, i64)>,
}

impl Engine for Array {
    fn load(&mut self, shape: Shape) -> Result<()> {
        self.records = shape.points().map(|point| (key_of(&point), point.value)).collect();
        Ok(())
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        for point in points {
            let key = key_of(point);
            if self.records.last().is_none_or(|(last, _)| *last < key) {
                self.records.push((key, point.value));
                continue;
            }
            match self.records.binary_search_by_key(&key, |(key, _)| *key) {
                Ok(place) => {
                    let record = self.records.get_mut(place).context("it was just found")?;
                    record.1 = point.value;
                }
                Err(place) => self.records.insert(place, (key, point.value)),
            }
        }
        Ok(())
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        add(&self.records, |(key, value)| Some((key, *value)), read, sum)
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn split(record: &[u8; RECORD]) -> Option<(&Key, i64)> {
    let (key, bytes) = record.split_first_chunk()?;
    Some((key, value(bytes).ok()?))
}

/// Adds up what is read of sorted records, which `split` makes keys and values of.
fn add<R>(records: &[R], split: impl Fn(&R) -> Option<(&Key, i64)>, read: Read, sum: &mut Sum) -> Result<()> {
    let first =
        |bound: &Key| records.partition_point(|record| split(record).is_some_and(|(key, _)| key < bound));
    let after =
        |bound: &Key| records.partition_point(|record| split(record).is_some_and(|(key, _)| key <= bound));
    let mut add = |places: Range<usize>| -> Result<()> {
        for record in records.get(places).context("places are in the records")? {
            let (key, value) = split(record).context("a record is a key and a value")?;
            sum.add(at(read, key)?, value);
        }
        Ok(())
    };
    match plan(read) {
        Plan::Range(range) => add(first(range.start())..after(range.end())),
        Plan::Keys(days, key) => (0..days).try_for_each(|day| {
            let key = key(day);
            let place = first(&key);
            let found = records.get(place).and_then(&split).is_some_and(|(other, _)| *other == key);
            if found { add(place..place + 1) } else { Ok(()) }
        }),
        Plan::Last(range) => {
            let end = after(range.end());
            add(end.saturating_sub(1).max(first(range.start()))..end)
        }
    }
}
