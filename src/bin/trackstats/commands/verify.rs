//! `trackstats verify`.

use crate::{arguments::StoreArgs, output};
use anyhow::bail;
use clap::Args;
use std::io::Write;
use trackstats::{
    error::{printable, shown},
    maintenance::Verification,
};

/// Read the whole store and check it; nothing is changed
///
/// Every entry is read, decoded and checked against the registrations; every week, month, quarter and year that trackers
/// keep is compared with its days. The exit code is 0 if the store is sound, and 1 if not.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {}

impl VerifyArgs {
    pub(crate) fn run(store: &StoreArgs) -> anyhow::Result<()> {
        let store = store.read()?;
        let found = store.verify()?;
        let mut out = output::stdout();
        for problem in &found.problems {
            writeln!(out, "{}", printable(&problem.to_string()))?;
        }
        let more = found.found - found.problems.len() as u64;
        if more > 0 {
            writeln!(out, "and {more} more")?;
        }
        for metric in &found.not_compared {
            writeln!(
                out,
                "{metric} was read, but only the program that it belongs to can compare it with its days"
            )?;
        }
        let Verification { entries, blocks, statistics, metrics, .. } = &found;
        writeln!(
            out,
            "entries: {entries}, metrics: {metrics}, blocks: {blocks}, statistics: {statistics}, problems: {}",
            found.found
        )?;
        out.flush()?;
        if found.is_sound() {
            return Ok(());
        }
        let path = shown(store.path());
        match found.differences {
            0 => bail!(
                "the store at {path} is not sound; restore it from a backup, or copy what can be read with `trackstats recover`"
            ),
            wrong if wrong == found.found => {
                bail!(
                    "the store at {path} is not sound; `trackstats rebuild DOMAIN/METRIC` mends it from its days"
                )
            }
            wrong => bail!(
                "the store at {path} is not sound; restore it from a backup, copy what can be read with `trackstats recover`, or mend {wrong} of its problems with `trackstats rebuild DOMAIN/METRIC`"
            ),
        }
    }
}
