//! A task on a program's statistics, in a process of its own.

use super::{case::Case, engine::Engine, keeping, small, tracking};
use crate::process::{self, Found};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Task {
    #[arg(long, value_enum)]
    kind: Kind,
    #[arg(long, value_enum, default_value_t = Engine::Trackstats)]
    engine: Engine,
    #[arg(long, value_enum, default_value_t = Case::Authors)]
    case: Case,
    #[arg(long)]
    scale: u32,
    #[arg(long)]
    folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Everything in order of time, ten days a change.
    Write,
    /// Of what was written.
    Read,
    /// Of what was written.
    Compact,
    /// The year of a desktop program.
    Small,
    /// Records of many objects, by day, tracked in one run.
    TrackObjects,
    /// Flights by hour and pair of airports, tracked in one run.
    TrackPairs,
    /// Commits by day and author, tracked ten days at a time.
    TrackDays,
    /// The same, with lifetimes.
    TrackLifetimes,
    /// Of what was tracked.
    CompactTracked,
}

impl Task {
    /// Runs the task in this process, and prints what it finds.
    pub fn run(&self) -> Result<()> {
        let Self { kind, engine, case, scale, ref folder } = *self;
        let found = match kind {
            Kind::Write => keeping::write(engine, case, scale, folder),
            Kind::Read => keeping::read(engine, case, scale, folder),
            Kind::Compact => keeping::compact(engine, case, scale, folder),
            Kind::Small => small::run(engine, folder),
            Kind::TrackObjects => tracking::objects(scale, folder),
            Kind::TrackPairs => tracking::pairs(scale, folder),
            Kind::TrackDays => tracking::commits(false, scale, folder),
            Kind::TrackLifetimes => tracking::commits(true, scale, folder),
            Kind::CompactTracked => tracking::compact(folder),
        };
        found.with_context(|| format!("{kind:?} of {case:?} by {}", engine.title()))?.print()
    }
}

/// Runs a task in another process.
pub fn spawn(kind: Kind, engine: Engine, case: Case, scale: u32, folder: &Path) -> Result<Found> {
    let (kind, engine, case) = (process::name(&kind), process::name(&engine), process::name(&case));
    let scale = scale.to_string();
    let arguments = ["real-child", "--kind", &kind, "--engine", &engine, "--case", &case, "--scale", &scale];
    process::spawn(&arguments, folder)
}
