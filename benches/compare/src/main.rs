//! trackstats beside what people would pick instead: the same work, in turns, in one run.
//!
//! `cargo run --release` in this folder runs everything, and writes `RESULTS.md`. `--scale 10` divides the sizes by ten;
//! `--work` and `--engine` choose among workloads and engines: `--work real --output real.md` runs real data alone, and
//! leaves `RESULTS.md` as it is.
//!
//! Each workload runs in a process of its own for each engine and turn, so that peak memory is that engine's alone;
//! what an engine reads back is held against what the others read, and a difference ends the run.

mod child;
mod disk;
mod engine;
mod engines;
mod figures;
mod machine;
mod process;
mod real;
mod shape;
mod table;
mod track;
mod workloads;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use workloads::{Options, Work};

/// Runs the same work on trackstats and on what people would pick instead
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    child: Option<Child>,
    /// The workloads to run
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Work::ALL)]
    work: Vec<Work>,
    /// The engines to run them on; trackstats always is one [default: all]
    #[arg(long, value_delimiter = ',', value_enum)]
    engine: Vec<engines::Name>,
    /// What the sizes are divided by
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    scale: u32,
    /// How often each is run; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Where the stores are made, on the disk to be measured [default: the folder for temporary files]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The program `trackstats`, for the tracking of a CSV file [default: as built in this repository, if it is]
    #[arg(long)]
    program: Option<PathBuf>,
    /// Where the tables are written
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md"))]
    output: PathBuf,
}

#[derive(Subcommand)]
enum Child {
    /// Runs one task on one engine, and prints its figures
    #[command(hide = true)]
    Child(child::Task),
    /// The same for the statistics of a real program
    #[command(hide = true)]
    RealChild(real::task::Task),
}

fn main() -> Result<()> {
    let Arguments { child, work, engine, scale, turns, folder, program, output } = Arguments::parse();
    match child {
        Some(Child::Child(task)) => return task.run(),
        Some(Child::RealChild(task)) => return task.run(),
        None => {}
    }
    let folder = match folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let options = Options { engines: engines::chosen(&engine), scale, turns, folder: folder.path(), program };
    workloads::run(&work, &options, &output)
}
