//! tsink, a time-series engine. It keeps series: no reading of one date over all objects, no scan in order of keys.

use crate::{
    engine::{Commit, Engine, Read, Sum},
    shape::{Point, Shape},
};
use anyhow::{Context, Result};
use std::{path::Path, sync::Arc, time::Duration};
use tsink::{DataPoint, Label, Row, Storage, StorageBuilder, TimestampPrecision, WalSyncMode};

const DAY: u32 = 86_400;
/// Rows a call: each call is one frame of its log.
const ROWS: usize = 10_000;

pub struct Tsink {
    storage: Arc<dyn Storage>,
}

impl Tsink {
    pub fn open(folder: &Path, commit: Commit) -> Result<Self> {
        let sync = match commit {
            Commit::Synced => WalSyncMode::PerAppend,
            Commit::Unsynced => WalSyncMode::Periodic(Duration::from_secs(1)),
        };
        let storage = StorageBuilder::new()
            .with_data_path(folder)
            .with_timestamp_precision(TimestampPrecision::Seconds)
            // "Match the partition duration to your typical query range": the default of an hour is for scrapes.
            .with_partition_duration(Duration::from_secs(u64::from(DAY) * 4_000))
            .with_wal_sync_mode(sync)
            .build()?;
        Ok(Self { storage })
    }
}

impl Engine for Tsink {
    fn load(&mut self, shape: Shape) -> Result<()> {
        let mut rows = Vec::with_capacity(ROWS);
        for point in shape.points() {
            rows.push(row(&point));
            if rows.len() == ROWS {
                self.storage.insert_rows(&rows)?;
                rows.clear();
            }
        }
        // What isn't synced yet is when it is closed, which is measured with the load.
        Ok(self.storage.insert_rows(&rows)?)
    }

    fn write(&mut self, points: &[Point]) -> Result<()> {
        let rows: Vec<Row> = points.iter().map(row).collect();
        Ok(self.storage.insert_rows(&rows)?)
    }

    fn read(&mut self, read: Read, sum: &mut Sum) -> Result<()> {
        let (metric, object, days) = match read {
            Read::Series { metric, days } => (metric, 0, days),
            Read::Object { metric, object, days } => (metric, object, days),
            Read::Date { .. } | Read::Latest { .. } | Read::Scan => return Ok(()),
        };
        let end = i64::from(days) * i64::from(DAY);
        for DataPoint { timestamp, value, .. } in self.storage.select(&name(metric), &labels(object), 0, end)? {
            sum.add(u32::try_from(timestamp / i64::from(DAY))?, value.as_i64().context("a value is no integer")?);
        }
        Ok(())
    }

    fn can(&self, read: Read) -> bool {
        matches!(read, Read::Series { .. } | Read::Object { .. })
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.storage.close()?)
    }
}

fn name(metric: u8) -> String {
    format!("metric{metric}")
}

fn labels(object: u32) -> Vec<Label> {
    if object == 0 { Vec::new() } else { vec![Label::new("customer", object.to_string())] }
}

fn row(point: &Point) -> Row {
    let at = i64::from(point.day) * i64::from(DAY);
    Row::with_labels(name(point.metric), labels(point.object), DataPoint::new(at, point.value))
}
