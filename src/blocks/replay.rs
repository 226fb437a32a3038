//! Doing what the journal says: rows become parts of blocks again.

use super::{Edit, Memtable, Table, write};
use crate::{
    calendar::Calendar,
    error::Result,
    format::{ChangeReader, Logged, Malformed, MetricRecord, Record, Row, Space, key, slots_of},
    kinds::AnyValue,
    storage::{Parts, Reads, Storage, Transaction},
};

/// So many bytes of statistics are collected before they are written.
const WAITING: usize = 1 << 20;

/// Does what the journal of a store says.
pub(crate) fn replay(storage: &Storage, parts: Parts) -> Result<()> {
    let (mut change, mut rows) = (storage.unlogged()?, ReplayedRows::default());
    for part in parts {
        rows.part(&mut change, &part?)?;
    }
    rows.write(&mut change)?;
    change.commit()
}

/// What waits for being written of a change, or of several.
#[derive(Debug, Default)]
pub(crate) struct ReplayedRows {
    /// The beginning of the keys of the last span's blocks, and its first slot.
    span: (Vec<u8>, i32),
    memtable: Option<Memtable<AnyValue>>,
    bytes: usize,
}

impl ReplayedRows {
    fn part(&mut self, change: &mut Transaction<'_>, part: &[u8]) -> Result<()> {
        let mut reader = ChangeReader::new(part);
        while let Some(logged) = reader.next().map_err(|malformed| change.corrupt(malformed))? {
            self.logged(change, logged)?;
        }
        Ok(())
    }

    /// Does what a write in the journal says.
    pub(crate) fn logged(&mut self, change: &mut Transaction<'_>, logged: Logged<'_>) -> Result<()> {
        match logged {
            Logged::Row(span, object, row) => return self.row(change, span, &object, row),
            Logged::Absent(span, object, slots) => {
                let (memtable, first) = self.memtable(change, span)?;
                let (group, mut bytes) = memtable.group(&object);
                for offset in slots_of(slots) {
                    bytes += memtable.remove(group, first.saturating_add(offset.cast_signed()));
                }
                self.bytes += bytes;
                return self.write_much(change);
            }
            Logged::Put(..) | Logged::Remove(_) | Logged::Clear(_) => self.write(change)?,
        }
        match logged {
            Logged::Put(key, value) => change.put(key.to_vec(), value.to_vec()),
            Logged::Remove(key) => change.remove(key.to_vec()),
            Logged::Clear(range) => change.clear(&range).map(drop),
            Logged::Row(..) | Logged::Absent(..) => Ok(()),
        }
    }

    /// Writes the rows of a block over those that are there.
    pub(crate) fn block(&mut self, change: &mut Transaction<'_>, key: &[u8], block: &[u8]) -> Result<()> {
        let (span, _) = key::split_span(key).map_err(|malformed| change.corrupt(malformed))?;
        self.memtable(change, span)?;
        let Some(table) = self.memtable.as_ref().map(|memtable| memtable.table().clone()) else {
            return Ok(());
        };
        let corrupt = |malformed| change.corrupt(malformed);
        let mut reader = table.reader(key, block).map_err(corrupt)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_bytes().map_err(corrupt)? {
            rows.push((reader.object().to_vec(), row));
        }
        rows.into_iter().try_for_each(|(object, row)| self.row(change, span, &object, row))
    }

    fn row(&mut self, change: &mut Transaction<'_>, span: &[u8], object: &[u8], row: &[u8]) -> Result<()> {
        let (memtable, first) = self.memtable(change, span)?;
        let row = Row::<AnyValue>::decode(memtable.table().form(), row);
        let (group, mut bytes) = memtable.group(object);
        for (offset, value) in row.map_err(|malformed| change.corrupt(malformed))?.iter() {
            let slot = first.saturating_add(offset.cast_signed());
            bytes += memtable.set(group, slot, value.cloned());
        }
        self.bytes += bytes;
        self.write_much(change)
    }

    fn write_much(&mut self, change: &mut Transaction<'_>) -> Result<()> {
        if self.bytes > WAITING { self.write(change) } else { Ok(()) }
    }

    /// The memtable of a span's table, and the span's first slot.
    fn memtable(
        &mut self,
        change: &mut Transaction<'_>,
        span: &[u8],
    ) -> Result<(&mut Memtable<AnyValue>, i32)> {
        if self.span.0 != span || self.memtable.is_none() {
            let corrupt = |malformed| change.corrupt(malformed);
            let (domain, metric, period, first) = key::decode_span(span).map_err(corrupt)?;
            let has_objects = span.first() == Some(&(Space::Object as u8));
            let names = (domain.as_str(), metric.as_str());
            let is_same = |memtable: &Memtable<AnyValue>| {
                let table = memtable.table();
                table.names() == names && table.period() == period && table.has_objects() == has_objects
            };
            if !self.memtable.as_ref().is_some_and(is_same) {
                self.write(change)?;
                let record = change.get(&Space::Metric.key(&[&domain, &metric]))?.unwrap_or_default();
                let form = MetricRecord::decode(&record)
                    .map_err(|_| change.corrupt(Malformed("a change of a metric that isn't registered")))?;
                // Dates are asked for in errors only.
                let table = Table::new(Calendar::default(), names, period, form.form, has_objects);
                self.memtable = Some(Memtable::new(table));
            }
            self.span = (span.to_vec(), first);
        }
        let first = self.span.1;
        let memtable =
            self.memtable.as_mut().ok_or_else(|| change.corrupt(Malformed("a change of nothing")))?;
        Ok((memtable, first))
    }

    /// Writes what waits.
    pub(crate) fn write(&mut self, change: &mut Transaction<'_>) -> Result<()> {
        self.bytes = 0;
        match self.memtable.take() {
            Some(mut memtable) => write(change, &mut memtable, Edit::Set, None).map(drop),
            None => Ok(()),
        }
    }
}
