//! The commands: each its arguments and its `run`, in a file of its own.

mod backup;
mod compact;
mod export;
mod import;
mod latest;
mod list;
mod profile;
mod rebuild;
mod record;
mod restore;
mod cohorts;
mod recover;
mod show;
mod top;
mod track;
mod verify;

use crate::arguments::StoreArgs;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Track(Box<track::TrackArgs>),
    Record(record::RecordArgs),
    Show(show::ShowArgs),
    Latest(latest::LatestArgs),
    Top(top::TopArgs),
    Profile(profile::ProfileArgs),
    Cohorts(cohorts::CohortsArgs),
    List(list::ListArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Compact(compact::CompactArgs),
    Recover(recover::RecoverArgs),
    Verify(verify::VerifyArgs),
    Rebuild(rebuild::RebuildArgs),
}

impl Command {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        match self {
            Self::Track(args) => args.run(store),
            Self::Record(args) => args.run(store),
            Self::Show(args) => args.run(store),
            Self::Latest(args) => args.run(store),
            Self::Top(args) => args.run(store),
            Self::Profile(args) => args.run(store),
            Self::Cohorts(args) => args.run(store),
            Self::List(args) => args.run(store),
            Self::Export(args) => args.run(store),
            Self::Import(args) => args.run(store),
            Self::Backup(args) => args.run(store),
            Self::Restore(args) => args.run(store),
            Self::Compact(compact::CompactArgs {}) => compact::CompactArgs::run(store),
            Self::Recover(args) => args.run(store),
            Self::Verify(verify::VerifyArgs {}) => verify::VerifyArgs::run(store),
            Self::Rebuild(args) => args.run(store),
        }
    }
}
