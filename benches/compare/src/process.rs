//! Processes of their own for tasks: how one is run, what it finds, and what it takes.

use crate::engine::Sum;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

/// The parts of a second in which Linux tells what a process has taken of the processor (`USER_HZ`).
const TICKS: f64 = 100.0;

/// What a task found: seconds or bytes, and the sums of what was read.
#[derive(Debug, Default)]
pub struct Found {
    pub figures: BTreeMap<String, f64>,
    pub sums: BTreeMap<String, Sum>,
}

impl Found {
    pub fn figure(&mut self, name: &str, figure: f64) {
        self.figures.insert(name.to_owned(), figure);
    }

    /// Prints everything, and the peak memory of this process unless it was noted before.
    pub fn print(mut self) -> Result<()> {
        self.figures.entry("peak memory".to_owned()).or_insert(peak_memory()?);
        for (name, figure) in &self.figures {
            println!("figure\t{name}\t{figure}");
        }
        for (name, Sum { count, sum }) in &self.sums {
            println!("sum\t{name}\t{count}\t{sum}");
        }
        Ok(())
    }

    fn parse(text: &str) -> Result<Self> {
        let mut found = Self::default();
        for line in text.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            match parts.as_slice() {
                ["figure", name, figure] => found.figure(name, figure.parse()?),
                ["sum", name, count, sum] => {
                    let sum = Sum { count: count.parse()?, sum: sum.parse()? };
                    found.sums.insert((*name).to_owned(), sum);
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// Runs this program in another process, once the disk has nothing left to do for the one before.
pub fn spawn(arguments: &[&str], folder: &Path) -> Result<Found> {
    Command::new("sync").status().context("running sync")?;
    let output = Command::new(env::current_exe()?)
        .args(arguments)
        .arg("--folder")
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{} failed: {}", arguments.join(" "), output.status);
    Found::parse(&String::from_utf8(output.stdout)?)
}

/// A value as it is given on the command line.
pub fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The most memory that this process had at once, with the pages of mapped files that were in memory.
pub fn peak_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1_024.0)
}

/// The seconds that this process has taken of all processors.
pub fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in brackets, is the second field; the twelfth and thirteenth after it are what's wanted.
    let (_, fields) = stat.rsplit_once(") ").context("no name in /proc/self/stat")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}
