//! Runs the tool that was built, on a store in a temporary directory, with nothing of the caller's
//! environment that could matter.
#![allow(dead_code)]

pub mod known;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tofu::store::StoreOptions;

use crate::user::terminal::Terminal;

/// No command of these tests takes so long.
const LIMIT: Duration = Duration::from_secs(60);

/// What a run of the tool left.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The tool with a place for its store; both are gone with the value.
pub struct Tool {
    directory: tempfile::TempDir,
}

impl Tool {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { directory }
    }

    pub fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn store(&self) -> PathBuf {
        self.directory.path().join("pins.db")
    }

    pub fn options(&self) -> StoreOptions {
        StoreOptions { path: Some(self.store()), application: "test".to_owned(), ..StoreOptions::default() }
    }

    /// A file with this content; its path.
    pub fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tofuctl"));
        command.args(args).env_clear().env("HOME", self.directory.path()).env("TERM", "xterm");
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    fn usual<'a>(store: &'a str, args: &[&'a str]) -> Vec<&'a str> {
        // A time given by the test comes later on the line and is refused twice, so it is given once.
        let at = if args.contains(&"--at") { &[][..] } else { &["--at", "2027-01-11"] };
        [&["--store", store], at, args].concat()
    }

    /// Runs it on this store, on 2027-01-11 unless the arguments say otherwise.
    pub fn run(&self, args: &[&str]) -> Run {
        let store = self.store().to_str().unwrap().to_owned();
        self.with_store(&store, args)
    }

    pub fn with_store(&self, store: &str, args: &[&str]) -> Run {
        finish(self.command(&Self::usual(store, args)))
    }

    /// Runs it with these variables and no store named.
    pub fn with_env(&self, variables: &[(&str, &str)], args: &[&str]) -> Run {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        finish(command)
    }

    /// Standard output of a run that has to succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.status, 0, "{args:?}: {}{}", run.stdout, run.stderr);
        run.stdout
    }

    /// [`Tool::ok`] as one line, however it was broken.
    pub fn said(&self, args: &[&str]) -> String {
        flat(&self.ok(args))
    }

    /// The JSON of a run that has to succeed.
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[&["--json"], args].concat());
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"))
    }

    /// Runs it in a terminal, where somebody types this once a line ends in a question's `]`; the status, and what is
    /// seen. Skips the test where there is no terminal.
    pub fn in_terminal(&self, args: &[&str], typed: &str) -> Option<(i32, String)> {
        let store = self.store().to_str().unwrap().to_owned();
        let mut terminal = Terminal::start(self.command(&Self::usual(&store, args)))?;
        if !typed.is_empty() {
            terminal.until("] ");
            terminal.keys(typed);
        }
        let status = terminal.end();
        Some((status, terminal.screen))
    }

    /// Runs it with a standard output that nobody reads; the status and standard error.
    pub fn closed(&self, args: &[&str]) -> (i32, String) {
        let store = self.store().to_str().unwrap().to_owned();
        let mut command = self.command(&Self::usual(&store, args));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
    }
}

/// Text without its line breaks and indents.
pub fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn finish(mut command: Command) -> Run {
    let began = Instant::now();
    let output = command.output().unwrap();
    assert!(began.elapsed() < LIMIT, "{command:?} took {:?}", began.elapsed());
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Permissions of a file.
pub fn mode(file: impl AsRef<Path>) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}
