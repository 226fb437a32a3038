//! Records that are worked out into statistics.

use super::Options;
use crate::{
    engine::Sum,
    figures::{Figures, Unit},
    table,
    track::{self, Record, csv, naive, tracker},
};
use anyhow::{Result, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

pub const RECORDS: u32 = 20_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Trackstats,
    Naive,
}

const TRACKSTATS: &str = "trackstats";
const COMMAND_LINE: &str = "trackstats track";
const NAIVE: &str = "HashMap, chrono-tz";
const READER: &str = "csv reader alone";
const CSV: &str = "CSV file, by date";

pub fn run(options: &Options<'_>) -> Result<String> {
    let count = RECORDS / options.scale;
    let mut figures = Figures::default();
    let programs = [(TRACKSTATS, Program::Trackstats), (NAIVE, Program::Naive)];
    in_memory(&mut figures, count, options.turns, &programs)?;
    let found = from_csv(&mut figures, count, options)?;
    let columns = [TRACKSTATS, NAIVE, COMMAND_LINE, READER].map(str::to_owned);
    let table = table::markdown(&figures, &columns, true);
    let missing =
        if found { "" } else { " The program wasn't built: `cargo build --release --features cli`." };
    Ok(format!(
        "## Tracking\n\n{count} records over two years, {} objects (Zipf), dated in {}, counted by day into a store in memory. \
         The CSV file is read by the crate csv, or by the program `trackstats`, into a store on disk.{missing}\n\n{table}",
        track::OBJECTS,
        track::ZONE.name(),
    ))
}

/// The programs in turns, over records in memory. Each has the title of its column.
pub fn in_memory<T: AsRef<str>>(
    figures: &mut Figures,
    count: u32,
    turns: u32,
    programs: &[(T, Program)],
) -> Result<()> {
    let records = track::records(count);
    let mut sorted: Vec<i64> = records.iter().map(|record| record.at).collect();
    sorted.sort_unstable();
    for turn in 1..=turns {
        for (title, program) in programs {
            let title = title.as_ref();
            eprintln!("turn {turn} of {turns}: tracking by {title}");
            let mut add = |row: &str, (time, sum): (f64, Sum)| {
                figures.add(row, Unit::Rate(f64::from(count)), title, time);
                figures.check(&format!("{count} records, {row}"), title, sum)
            };
            let shuffled = || records.iter().map(|record| record.at);
            add("sorted, by date", by_date(*program, sorted.iter().copied())?)?;
            add("shuffled, by date", by_date(*program, shuffled())?)?;
            add("shuffled, by date and object", by_date_and_object(*program, &records)?)?;
        }
    }
    Ok(())
}

fn by_date(program: Program, instants: impl Iterator<Item = i64>) -> Result<(f64, Sum)> {
    match program {
        Program::Trackstats => {
            let store = tracker::store()?;
            let begun = Instant::now();
            tracker::by_date(&store, instants)?;
            Ok((begun.elapsed().as_secs_f64(), tracker::sum(&store)?))
        }
        Program::Naive => {
            let begun = Instant::now();
            let counts = naive::by_date(instants)?;
            Ok((begun.elapsed().as_secs_f64(), naive::sum(&counts)))
        }
    }
}

fn by_date_and_object(program: Program, records: &[Record]) -> Result<(f64, Sum)> {
    match program {
        Program::Trackstats => {
            let store = tracker::store()?;
            let begun = Instant::now();
            tracker::by_date_and_object(&store, records)?;
            Ok((begun.elapsed().as_secs_f64(), tracker::sum_of_objects(&store)?))
        }
        Program::Naive => {
            let begun = Instant::now();
            let counts = naive::by_date_and_object(records)?;
            Ok((begun.elapsed().as_secs_f64(), naive::sum_of_objects(&counts)))
        }
    }
}

/// The same from a file; says whether the program `trackstats` was found.
fn from_csv(figures: &mut Figures, count: u32, options: &Options<'_>) -> Result<bool> {
    let path = options.folder.join("records.csv");
    csv::write(&track::records(count), &path)?;
    let program = options.program.clone().or_else(built);
    let unit = Unit::Rate(f64::from(count));
    for turn in 1..=options.turns {
        eprintln!("turn {turn} of {}: tracking a CSV file", options.turns);
        let begun = Instant::now();
        let store = tracker::store()?;
        csv::instants(&path, |instants| tracker::by_date(&store, instants))?;
        figures.add(CSV, unit, TRACKSTATS, begun.elapsed().as_secs_f64());
        figures.check(CSV, TRACKSTATS, tracker::sum(&store)?)?;

        let begun = Instant::now();
        let counts = csv::instants(&path, |instants| naive::by_date(instants))?;
        figures.add(CSV, unit, NAIVE, begun.elapsed().as_secs_f64());
        figures.check(CSV, NAIVE, naive::sum(&counts))?;

        if let Some(program) = &program {
            let (time, sum) = by_program(program, &path, &options.folder.join("tracked"))?;
            figures.add(CSV, unit, COMMAND_LINE, time);
            figures.check(CSV, COMMAND_LINE, sum)?;
        }

        let begun = Instant::now();
        let read = csv::instants(&path, |instants| Ok(instants.count()))?;
        figures.add(CSV, unit, READER, begun.elapsed().as_secs_f64());
        ensure!(read == count as usize, "the file has {read} records, not {count}");
    }
    fs::remove_file(&path)?;
    Ok(program.is_some())
}

fn by_program(program: &Path, records: &Path, store: &Path) -> Result<(f64, Sum)> {
    let begun = Instant::now();
    csv::program(program, records, store)?;
    let time = begun.elapsed().as_secs_f64();
    let sum = tracker::sum_in(store)?;
    fs::remove_dir_all(store)?;
    Ok((time, sum))
}

/// The program as cargo builds it in this repository.
fn built() -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = env::var_os("CARGO_TARGET_DIR").map_or(repository, PathBuf::from);
    let program = target.join("release/trackstats");
    program.is_file().then_some(program)
}
