//! A task on one engine, in a process of its own.

mod reads;
mod tasks;

use crate::{engine::Sum, engines::Name, shape::Shape};
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

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

/// What a task found: seconds or bytes, and the sums of what was read.
#[derive(Debug, Default)]
pub struct Found {
    pub figures: BTreeMap<String, f64>,
    pub sums: BTreeMap<String, Sum>,
}

impl Task {
    /// Runs the task in this process, and prints what it finds.
    pub fn run(&self) -> Result<()> {
        let mut found = tasks::run(self.kind, self.engine, self.shape, &self.folder)
            .with_context(|| format!("{} of {}", self.engine.title(), self.shape))?;
        found.figures.entry("peak memory".to_owned()).or_insert(peak_memory()?);
        for (name, figure) in &found.figures {
            println!("figure\t{name}\t{figure}");
        }
        for (name, Sum { count, sum }) in &found.sums {
            println!("sum\t{name}\t{count}\t{sum}");
        }
        Ok(())
    }
}

/// Runs a task in another process, once the disk has nothing left to do for the one before.
pub fn spawn(kind: Kind, engine: Name, shape: Shape, folder: &Path) -> Result<Found> {
    Command::new("sync").status().context("running sync")?;
    let name = |value: Option<clap::builder::PossibleValue>| {
        value.map(|value| value.get_name().to_owned()).context("every value has a name")
    };
    let output = Command::new(env::current_exe()?)
        .args(["child", "--kind", &name(kind.to_possible_value())?])
        .args(["--engine", &name(engine.to_possible_value())?])
        .args(["--shape", &shape.to_string()])
        .arg("--folder")
        .arg(folder)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{kind:?} of {} failed: {}", engine.title(), output.status);
    parse(&String::from_utf8(output.stdout)?)
}

fn parse(text: &str) -> Result<Found> {
    let mut found = Found::default();
    for line in text.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        match parts.as_slice() {
            ["figure", name, figure] => {
                found.figures.insert((*name).to_owned(), figure.parse()?);
            }
            ["sum", name, count, sum] => {
                let sum = Sum { count: count.parse()?, sum: sum.parse()? };
                found.sums.insert((*name).to_owned(), sum);
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The most memory that this process had at once, with the pages of mapped files that were in memory.
fn peak_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1_024.0)
}
