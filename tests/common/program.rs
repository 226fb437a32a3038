//! The program `trackstats`, a child process in a folder of its own.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// A folder with a store in it, and files beside the store.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub(crate) fn add(&self, name: &str, content: &str) {
        let mut file = fs::OpenOptions::new().append(true).open(self.path(name)).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trackstats"));
        command.args(args).env("TRACKSTATS_STORE", self.path("store")).current_dir(self.folder.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        outcome(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs the words of a line.
    pub(crate) fn line(&self, line: &str) -> Ran {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn pipe(&self, line: &str, input: &[u8]) -> Ran {
        let mut command = self.command(&line.split_whitespace().collect::<Vec<_>>());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        // The program may have had enough before the end.
        let _ = child.stdin.take().unwrap().write_all(input);
        outcome(child.wait_with_output().unwrap())
    }

    pub(crate) fn ok(&self, line: &str) -> String {
        let ran = self.line(line);
        assert_eq!(ran.code, 0, "{line}: {}", ran.err);
        ran.out
    }

    pub(crate) fn show(&self, rest: &str) -> String {
        self.ok(&format!("show {rest} --format csv"))
    }

    pub(crate) fn export(&self) -> String {
        if self.path("store").exists() { self.ok("export") } else { String::new() }
    }

    /// Runs what must fail with this code and one sentence that has this in it, and must leave the store as it was.
    #[track_caller]
    pub(crate) fn fails(&self, line: &str, code: i32, sentence: &str) -> String {
        let before = self.export();
        let ran = self.line(line);
        assert_eq!(ran.code, code, "{line}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(sentence), "{line}\n  {}\n  {sentence}", ran.err);
        assert_eq!(ran.out, "", "{line}");
        if code == 1 {
            assert_eq!(ran.err.lines().count(), 1, "{line}: {}", ran.err);
            assert!(ran.err.starts_with("trackstats: "), "{}", ran.err);
        }
        assert_eq!(self.export(), before, "{line} changed the store");
        ran.err
    }
}

pub(crate) fn outcome(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The last line of a run's stderr without its seconds.
pub(crate) fn summary(ran: &Ran) -> String {
    let line = ran.err.lines().last().unwrap();
    let (before, rest) = line.rsplit_once("written, ").unwrap();
    let (_, after) = rest.split_once(" seconds").unwrap();
    format!("{before}written{after}")
}
