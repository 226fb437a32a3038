//! A task on one engine, in a process of its own.

mod reads;
mod tasks;

use crate::{
    engines::Name,
    process::{self, Found},
    shape::Shape,
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Task {
    #[arg(long, value_enum)]
    kind: Kind,
    #[arg(long, value_enum)]
    engine: Name,
    #[arg(long)]
    shape: Shape,
    #[arg(long)]
    folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Everything into an empty store.
    Load,
    /// Day by day, all objects of a metric, each day on the disk before the next.
    Online,
    /// Of what was loaded.
    Read,
    /// Single statistics into what was loaded, none flushed.
    Record,
    /// The same, each flushed.
    RecordSynced,
    Compact,
}

impl Task {
    /// Runs the task in this process, and prints what it finds.
    pub fn run(&self) -> Result<()> {
        let found = tasks::run(self.kind, self.engine, self.shape, &self.folder)
            .with_context(|| format!("{} of {}", self.engine.title(), self.shape))?;
        found.print()
    }
}

/// Runs a task in another process.
pub fn spawn(kind: Kind, engine: Name, shape: Shape, folder: &Path) -> Result<Found> {
    let arguments = ["child", "--kind", &process::name(&kind), "--engine", &process::name(&engine)];
    process::spawn(&[&arguments[..], &["--shape", &shape.to_string()]].concat(), folder)
}
