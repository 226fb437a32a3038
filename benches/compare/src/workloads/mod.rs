//! The workloads, and the page that their tables make.

mod growth;
mod real;
mod statistics;
mod tracking;

use crate::{engines::Name, machine};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

/// What was tried, and what the tables can't say, written by hand.
const NOTES: &str = include_str!("../../NOTES.md");

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// Bulk load, its size and memory, reads and single records
    Bulk,
    /// Day by day, flushed daily
    Online,
    /// Records into statistics
    Track,
    /// How the figures of trackstats grow
    Growth,
    /// Sparse statistics as real programs have them
    Real,
}

impl Work {
    pub const ALL: [Self; 5] = [Self::Bulk, Self::Online, Self::Track, Self::Growth, Self::Real];
}

pub struct Options<'o> {
    pub engines: Vec<Name>,
    pub scale: u32,
    pub turns: u32,
    pub folder: &'o Path,
    pub program: Option<PathBuf>,
}

/// Runs the workloads, prints their tables and writes them to a file.
pub fn run(work: &[Work], options: &Options<'_>, output: &Path) -> Result<()> {
    let begun = Instant::now();
    let machine = machine::describe(options.folder)?;
    let mut page = format!(
        "# Results\n\nMade by `cargo run --release` in `benches/compare`, scale 1/{}, medians of {} turns.\n\n{machine}\n",
        options.scale, options.turns,
    );
    let mut add = |section: String| {
        println!("{section}");
        page.push('\n');
        page.push_str(&section);
    };
    if work.contains(&Work::Bulk) || work.contains(&Work::Online) {
        add(statistics::run(work, options)?);
    }
    if work.contains(&Work::Track) {
        add(tracking::run(options)?);
    }
    if work.contains(&Work::Growth) {
        add(growth::run(options)?);
    }
    if work.contains(&Work::Real) {
        add(real::run(options)?);
    }
    add(format!("The run took {:.0} minutes.\n", (begun.elapsed().as_secs_f64() / 60.0).ceil()));
    page.push('\n');
    page.push_str(NOTES);
    fs::write(output, page).with_context(|| format!("writing {}", output.display()))
}
