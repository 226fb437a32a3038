//! Records in a file of comma-separated values.

use super::{Record, TODAY, ZONE, tracker};
use anyhow::{Context, Result, ensure};
use csv::{ByteRecord, Reader};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
};

pub fn write(records: &[Record], path: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "timestamp,object")?;
    for Record { at, object } in records {
        writeln!(file, "{at},{object}")?;
    }
    Ok(file.into_inner()?.sync_all()?)
}

/// Gives the instants of a file to `work`.
pub fn instants<T>(path: &Path, work: impl FnOnce(&mut dyn Iterator<Item = i64>) -> Result<T>) -> Result<T> {
    let mut reader = Reader::from_path(path)?;
    let mut record = ByteRecord::new();
    let mut failed = None;
    let mut next = || -> Result<Option<i64>> {
        if !reader.read_byte_record(&mut record)? {
            return Ok(None);
        }
        let field = str::from_utf8(record.get(0).context("a record is empty")?)?;
        Ok(Some(field.parse()?))
    };
    let mut instants = std::iter::from_fn(|| {
        next().unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    let done = work(&mut instants)?;
    failed.map_or(Ok(done), Err)
}

/// Runs the program `trackstats` on a file.
pub fn program(program: &Path, path: &Path, store: &Path) -> Result<()> {
    let status = Command::new(program)
        .arg("track")
        .arg(path)
        .args(["--metric", tracker::METRIC, "--timestamp", "timestamp"])
        .args(["--zone", ZONE.name(), "--today", TODAY, "--store"])
        .arg(store)
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "{} failed: {status}", program.display());
    Ok(())
}
