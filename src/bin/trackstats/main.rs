//! The command line of trackstats: statistics without writing Rust.

mod arguments;
mod commands;
mod nearest;
mod output;
mod progress;
mod quiet;
mod stop;
mod store_files;

use clap::{CommandFactory, FromArgMatches, Parser};
use commands::Command;
use std::{
    io::{self, Write},
    process::ExitCode,
};
use stop::Stopped;
use trackstats::error::printable;

/// An embedded statistics engine: record or track statistics into a store, and read them back as time series
#[derive(Debug, Parser)]
#[command(name = "trackstats", version, arg_required_else_help = true, infer_long_args = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    store: arguments::StoreArgs,
}

fn main() -> ExitCode {
    quiet::silence_contained_panics();
    #[cfg(unix)]
    quiet::outlive_the_limit_on_files();
    let mut program = Cli::command();
    let matches = program.get_matches_mut();
    let Cli { command, store } =
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut program).exit());
    let Err(error) = command.run(&store) else { return ExitCode::SUCCESS };
    // Whoever reads our output has seen enough, as `head` does.
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    match error.downcast::<clap::Error>() {
        Ok(error) => {
            let command = matches.subcommand_name().and_then(|name| program.find_subcommand_mut(name));
            error.format(command.unwrap_or(&mut Cli::command())).exit()
        }
        Err(error) => {
            // There is nowhere to say that stderr is closed.
            let _ = writeln!(io::stderr(), "trackstats: {}", sentence(&error));
            error.downcast_ref().map_or(ExitCode::FAILURE, |stopped: &Stopped| stopped.exit_code().into())
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// The error and its causes in one line, each said once.
fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    printable(&sentence.replace('\n', " "))
}
