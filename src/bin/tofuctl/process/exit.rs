//! How the tool ends: the exit statuses, and what is said on standard error.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use tofu::text::escape;
use tofu::trust::Decision;

/// How a command ended that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: trusted, or done.
    Done,
    /// 1: what it found, and printed, is an error.
    Failed,
    /// 3: a person has to answer.
    Ask,
    /// 4: rejected.
    Reject,
}

impl Exit {
    /// The status.
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Ask => 3,
            Self::Reject => 4,
        }
    }
}

impl From<Decision> for Exit {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Accept => Self::Done,
            Decision::Ask => Self::Ask,
            Decision::Reject => Self::Reject,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.status().into()
    }
}

/// Why a command did not do what it should. Any error becomes one, so that `?` works for all.
#[derive(Debug)]
pub enum Failure {
    /// The reader of standard output went away, so there is nothing left to say.
    Closed,
    /// One line for standard error, and the status.
    Told { text: String, status: u8 },
}

impl Failure {
    /// An error: 1.
    pub fn new(text: impl Display) -> Self {
        Self::Told { text: text.to_string(), status: 1 }
    }

    /// Wrong usage: 2.
    pub fn usage(text: impl Display) -> Self {
        Self::Told { text: text.to_string(), status: 2 }
    }

    /// A person has to answer: 3.
    pub fn ask(text: impl Display) -> Self {
        Self::Told { text: text.to_string(), status: 3 }
    }

    /// Rejected: 4.
    pub fn reject(text: impl Display) -> Self {
        Self::Told { text: text.to_string(), status: 4 }
    }

    /// An error about a file: 1.
    pub fn about(file: &Path, why: impl Display) -> Self {
        Self::new(format!("{}: {why}", escape(&file.display().to_string())))
    }

    /// What it says; empty where there is nothing to say.
    pub fn text(self) -> String {
        match self {
            Self::Closed => String::new(),
            Self::Told { text, .. } => text,
        }
    }

    /// Says it on standard error and gives the status.
    pub fn tell(self) -> ExitCode {
        match self {
            Self::Closed => Exit::Failed.into(),
            Self::Told { text, status } => {
                say(&format!("tofuctl: {text}"));
                status.into()
            }
        }
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// Writes a line to standard error. An error in writing changes nothing.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// What clap stopped at: help, the version, or an error, which quotes what was typed.
pub fn not_run(stop: &clap::Error) -> ExitCode {
    if stop.use_stderr() {
        let text = stop.render().to_string();
        text.trim_end().lines().for_each(|line| say(&harmless(line)));
    } else {
        let _ = stop.print();
    }
    u8::try_from(stop.exit_code()).unwrap_or(2).into()
}

/// What steers a terminal becomes visible; a backslash stays as it was typed.
fn harmless(line: &str) -> String {
    line.split('\\').map(escape).collect::<Vec<_>>().join("\\")
}
