//! Real data: sparse statistics of things with names, written as they come.

use super::Options;
use crate::{
    disk,
    figures::{Figures, Unit},
    real::{
        Case, Engine,
        task::{self, Kind},
    },
    table,
};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::{fmt::Write, path::PathBuf};

const DAYS: &str = "days";
const LIFETIMES: &str = "days and lifetimes";

pub fn run(options: &Options<'_>) -> Result<String> {
    let engines = Engine::value_variants()
        .iter()
        .copied()
        .filter(|engine| options.engines.contains(&engine.name()))
        .collect();
    let part = Part { options, engines, folder: options.folder.join("real") };
    let mut section = "## Real data\n\nSparse statistics of things with names, written in order of time, ten days a \
        change, each on the disk before the next. SQLite has the names of objects and metrics in tables of their own, and \
        a table `WITHOUT ROWID` by (metric, period, date, object), which is written faster, or by (metric, period, object, \
        date), which is mostly smaller until `VACUUM`. In brackets: how many times what trackstats takes.\n"
        .to_owned();
    for case in Case::value_variants() {
        write!(section, "\n{}\n\n{}", case.title(), part.case(*case)?)?;
    }
    write!(
        section,
        "\nTracked into a store on disk, in one run each; the memory is with that of the records:\n\n{}",
        part.tracking()?
    )?;
    write!(
        section,
        "\nLifetimes beside days, by author, tracked ten days at a time. A program with SQLite adds lifetimes up when it \
         reads, and stores days alone.\n\n{}",
        part.lifetimes()?,
    )?;
    write!(
        section,
        "\nA small store: three metrics of a desktop program for a year, day by day, each on the disk.\n\n{}",
        part.small()?,
    )?;
    Ok(section)
}

struct Part<'o> {
    options: &'o Options<'o>,
    engines: Vec<Engine>,
    folder: PathBuf,
}

impl Part<'_> {
    fn case(&self, case: Case) -> Result<String> {
        let mut figures = Figures::default();
        self.in_turns(&format!("{case:?}"), |engine, compact| {
            self.keep(&mut figures, case, engine, compact)
        })?;
        Ok(table::markdown(&figures, &self.columns(), true))
    }

    /// Writes a program's statistics, reads them and, if asked, compacts them.
    fn keep(&self, figures: &mut Figures, case: Case, engine: Engine, compact: bool) -> Result<()> {
        let (title, folder) = (engine.title(), &self.folder);
        let spawn = |kind| task::spawn(kind, engine, case, self.options.scale, folder);
        let write = spawn(Kind::Write)?;
        let count = *write.figures.get("statistics").context("nothing was written")?;
        let add = |figures: &mut Figures, row: &str, unit, figure: Option<&f64>| {
            figures.add(row, unit, title, *figure.with_context(|| format!("{row} wasn't measured"))?);
            anyhow::Ok(())
        };
        add(figures, "statistics", Unit::Count, Some(&count))?;
        add(figures, "write, flushed every ten days", Unit::Rate(count), write.figures.get("time"))?;
        add(figures, "write: peak memory", Unit::Bytes, write.figures.get("peak memory"))?;
        add(figures, "disk a statistic, closed", Unit::BytesOf(count), Some(&disk::bytes(folder)?))?;
        let read = spawn(Kind::Read)?;
        for (what, sum) in &read.sums {
            figures.check(what, title, *sum)?;
        }
        add(figures, "open", Unit::Time, read.figures.get("open"))?;
        add(figures, "list of all", Unit::Rate(count), read.figures.get("list"))?;
        add(figures, "top ten objects of all dates", Unit::Time, read.figures.get("top"))?;
        add(figures, "reads: peak memory", Unit::Bytes, read.figures.get("peak memory"))?;
        if compact {
            let compaction = spawn(Kind::Compact)?;
            for (what, sum) in &compaction.sums {
                figures.check(what, title, *sum)?;
            }
            add(figures, "compaction", Unit::Time, compaction.figures.get("time"))?;
            let bytes = disk::bytes(folder)?;
            add(figures, "disk a statistic after compaction", Unit::BytesOf(count), Some(&bytes))?;
        }
        Ok(disk::remove(folder)?)
    }

    fn tracking(&self) -> Result<String> {
        let mut figures = Figures::default();
        let tasks =
            [(Kind::TrackObjects, "many objects by day"), (Kind::TrackPairs, "flights by hour and pair")];
        self.in_turns("tracking", |engine, _| {
            for (kind, row) in tasks {
                if engine == Engine::Trackstats {
                    self.track(&mut figures, kind, row)?;
                }
            }
            Ok(())
        })?;
        Ok(table::markdown(&figures, &[Engine::Trackstats.title().to_owned()], false))
    }

    fn track(&self, figures: &mut Figures, kind: Kind, row: &str) -> Result<()> {
        let title = Engine::Trackstats.title();
        let found = task::spawn(kind, Engine::Trackstats, Case::Flights, self.options.scale, &self.folder)?;
        let figure = |name: &str| found.figures.get(name).copied().context("it wasn't measured");
        figures.add(&format!("{row}: records"), Unit::Count, title, figure("records")?);
        figures.add(row, Unit::Rate(figure("records")?), title, figure("time")?);
        figures.add(&format!("{row}: CPU time"), Unit::Time, title, figure("cpu")?);
        figures.add(&format!("{row}: peak memory"), Unit::Bytes, title, figure("peak memory")?);
        figures.add(&format!("{row}: disk"), Unit::Bytes, title, disk::bytes(&self.folder)?);
        Ok(disk::remove(&self.folder)?)
    }

    fn lifetimes(&self) -> Result<String> {
        let mut figures = Figures::default();
        self.in_turns("lifetimes", |engine, compact| {
            if engine == Engine::Trackstats {
                self.commits(&mut figures, Kind::TrackDays, DAYS, compact)?;
                self.commits(&mut figures, Kind::TrackLifetimes, LIFETIMES, compact)?;
            }
            Ok(())
        })?;
        Ok(table::markdown(&figures, &[DAYS, LIFETIMES].map(str::to_owned), true))
    }

    fn commits(&self, figures: &mut Figures, kind: Kind, column: &str, compact: bool) -> Result<()> {
        let spawn =
            |kind| task::spawn(kind, Engine::Trackstats, Case::Authors, self.options.scale, &self.folder);
        let found = spawn(kind)?;
        let mut add = |row: &str, unit, name: &str| {
            if let Some(figure) = found.figures.get(name) {
                figures.add(row, unit, column, *figure);
            }
        };
        add("time", Unit::Time, "time");
        add("CPU time", Unit::Time, "cpu");
        add("peak memory", Unit::Bytes, "peak memory");
        add("lifetimes of all authors, one date", Unit::Time, "lifetimes");
        figures.add("disk, closed", Unit::Bytes, column, disk::bytes(&self.folder)?);
        if compact {
            spawn(Kind::CompactTracked)?;
            figures.add("disk after compaction", Unit::Bytes, column, disk::bytes(&self.folder)?);
        }
        Ok(disk::remove(&self.folder)?)
    }

    fn small(&self) -> Result<String> {
        let mut figures = Figures::default();
        self.in_turns("small store", |engine, _| {
            if engine == Engine::SqliteByObject {
                return Ok(());
            }
            let found = task::spawn(Kind::Small, engine, Case::Till, self.options.scale, &self.folder)?;
            for (row, name) in [("largest at any moment", "largest"), ("at the end", "end")] {
                let figure = found.figures.get(name).context("it wasn't measured")?;
                figures.add(row, Unit::Bytes, engine.title(), *figure);
            }
            for (what, sum) in &found.sums {
                figures.check(what, engine.title(), *sum)?;
            }
            Ok(disk::remove(&self.folder)?)
        })?;
        // The second SQLite differs in where objects are in its key, of which there are none here.
        let columns: Vec<String> = self.columns().into_iter().take(2).collect();
        Ok(table::markdown(&figures, &columns, true))
    }

    /// Does the work for each engine in each turn; it is told whether the turn is the last one.
    fn in_turns(&self, what: &str, mut work: impl FnMut(Engine, bool) -> Result<()>) -> Result<()> {
        for turn in 1..=self.options.turns {
            for engine in &self.engines {
                eprintln!("turn {turn} of {}: {what}, {}", self.options.turns, engine.title());
                work(*engine, turn == self.options.turns)?;
            }
        }
        Ok(())
    }

    fn columns(&self) -> Vec<String> {
        self.engines.iter().map(|engine| engine.title().to_owned()).collect()
    }
}
