//! Statistics that are written, read and weighed.

use super::{Options, Work};
use crate::{
    child::{self, Kind},
    disk,
    engines::Name,
    figures::{Figures, Unit, to_f64},
    shape::Shape,
    table,
};
use anyhow::Result;
use std::path::Path;

pub fn run(work: &[Work], options: &Options<'_>) -> Result<String> {
    let bulk = Shape { metrics: 5, objects: 1_000 / options.scale, days: 1_000 };
    let online = Shape { metrics: 1, ..bulk };
    let mut figures = Figures::default();
    for turn in 1..=options.turns {
        for engine in &options.engines {
            eprintln!("turn {turn} of {}: {}", options.turns, engine.title());
            let column = Column {
                figures: &mut figures,
                engine: *engine,
                title: engine.title(),
                folder: options.folder,
            };
            let mut column = column;
            if work.contains(&Work::Bulk) {
                column.bulk(bulk, turn == options.turns)?;
            }
            if work.contains(&Work::Online) {
                column.online(online)?;
            }
        }
    }
    let columns: Vec<String> = options.engines.iter().map(|engine| engine.title().to_owned()).collect();
    let table = table::markdown(&figures, &columns, true);
    Ok(format!(
        "## Statistics\n\n{} statistics in bulk ({} metrics, {} objects, {} days; small, large and random values, and a \
         series without object), {} online. In brackets: how many times what trackstats takes, so that above 1 \
         trackstats is faster or smaller.\n\n{table}",
        bulk.len(),
        bulk.metrics,
        bulk.objects,
        bulk.days,
        u64::from(online.objects) * u64::from(online.days),
    ))
}

/// A column of a table: an engine, or trackstats at some size.
pub struct Column<'c> {
    pub figures: &'c mut Figures,
    pub engine: Name,
    pub title: &'c str,
    pub folder: &'c Path,
}

impl Column<'_> {
    /// A bulk load, and what can be done with it.
    pub fn bulk(&mut self, shape: Shape, compact: bool) -> Result<()> {
        let folder = self.folder.join("store");
        let count = to_f64(shape.len());
        let load = child::spawn(Kind::Load, self.engine, shape, &folder)?;
        self.add("bulk load", Unit::Rate(count), load.figures.get("time"));
        self.add("bulk load: peak memory", Unit::Bytes, load.figures.get("peak memory"));
        if self.engine.is_kept() {
            self.add("bulk load: disk a statistic", Unit::BytesOf(count), Some(&disk::bytes(&folder)?));
        }

        let read = child::spawn(Kind::Read, self.engine, shape, &folder)?;
        for (what, sum) in &read.sums {
            self.figures.check(&format!("{shape} {what}"), self.title, *sum)?;
        }
        let reads = &read.figures;
        self.add("open", Unit::Time, reads.get("open"));
        self.add("series without object, all days", Unit::Time, reads.get("series"));
        self.add("one object, all days", Unit::Time, reads.get("object"));
        self.add("one date, all objects", Unit::Time, reads.get("date"));
        self.add("latest", Unit::Time, reads.get("latest"));
        self.add("full scan", Unit::Rate(count), reads.get("scan"));
        self.add("reads: peak memory", Unit::Bytes, reads.get("peak memory"));

        if self.engine.replaces() {
            self.record(shape, &folder, Kind::Record, "record one, no flush")?;
            self.record(shape, &folder, Kind::RecordSynced, "record one, flushed")?;
        }
        if compact && self.engine.is_kept() {
            let compaction = child::spawn(Kind::Compact, self.engine, shape, &folder)?;
            if let Some(time) = compaction.figures.get("time") {
                self.add("compaction", Unit::Time, Some(time));
                let bytes = disk::bytes(&folder)?;
                self.add("disk a statistic after compaction", Unit::BytesOf(count), Some(&bytes));
                self.add("compaction: peak memory", Unit::Bytes, compaction.figures.get("peak memory"));
            }
        }
        Ok(disk::remove(&folder)?)
    }

    /// Day by day.
    pub fn online(&mut self, shape: Shape) -> Result<()> {
        let folder = self.folder.join("store");
        let count = f64::from(shape.objects) * f64::from(shape.days);
        let online = child::spawn(Kind::Online, self.engine, shape, &folder)?;
        for (what, sum) in &online.sums {
            self.figures.check(&format!("{shape} {what}"), self.title, *sum)?;
        }
        self.add("online, flushed daily", Unit::Rate(count), online.figures.get("time"));
        self.add("online: peak memory", Unit::Bytes, online.figures.get("peak memory"));
        if self.engine.is_kept() {
            self.add("online: disk a statistic", Unit::BytesOf(count), Some(&disk::bytes(&folder)?));
        }
        Ok(disk::remove(&folder)?)
    }

    fn record(&mut self, shape: Shape, folder: &Path, kind: Kind, row: &str) -> Result<()> {
        let record = child::spawn(kind, self.engine, shape, folder)?;
        for (what, sum) in &record.sums {
            // An engine that keeps nothing has lost what was recorded without a flush.
            if self.engine.is_kept() || kind == Kind::Record {
                self.figures.check(&format!("{shape} {kind:?} {what}"), self.title, *sum)?;
            }
        }
        self.add(row, Unit::Rate(1.0), record.figures.get("time"));
        Ok(())
    }

    fn add(&mut self, row: &str, unit: Unit, figure: Option<&f64>) {
        if let Some(figure) = figure {
            self.figures.add(row, unit, self.title, *figure);
        }
    }
}
