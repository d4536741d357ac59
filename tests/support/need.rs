//! What a test needs from outside: a program, root, a terminal, an address. A test that cannot run without it says so
//! in a line that begins with "skipped", which `scripts/check.sh` counts, and returns. What every test program needs
//! (a C compiler, openssl, a temporary directory, IPv4 on loopback) is not asked for: without it tests fail.
#![allow(dead_code)]

use std::fmt::Display;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Says that this test is skipped. One line for each test, so that they can be counted.
pub fn skip(why: impl Display) {
    println!("skipped: {why}");
}

/// Says that a part of this test is left out, which does not count.
pub fn skip_part(why: impl Display) {
    println!("  skipped: {why}");
}

/// The first of these programs that is on the path or where daemons are; skips the test where there is none.
pub fn program(names: &[&str]) -> Option<PathBuf> {
    let found = find(names);
    if found.is_none() {
        skip(format_args!("{} is not installed", names.join(" or ")));
    }
    found
}

/// [`program`] without a word.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let daemons = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    // Debian keeps PostgreSQL's programs out of the way, one folder for each version; the newest counts.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut postgres: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    postgres.sort_by(|a, b| b.cmp(a));
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(daemons).chain(postgres).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

/// Whether all of these files are there, which a package of its own may bring; skips the test where one is not.
pub fn files(paths: &[impl AsRef<Path>]) -> bool {
    let missing = paths.iter().map(AsRef::as_ref).find(|path| !path.exists());
    if let Some(path) = missing {
        skip(format_args!("there is no {}", path.display()));
    }
    missing.is_none()
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Skips the test where this process is not root.
pub fn root(why: &str) -> bool {
    if !is_root() {
        skip(format_args!("{why}, and this process is not root"));
    }
    is_root()
}

/// A pseudo-terminal, the side of the person first; skips the test where none can be had, as in a bare chroot.
pub fn terminal() -> Option<(OwnedFd, OwnedFd)> {
    pair().map_err(|error| skip(format_args!("there are no pseudo-terminals: {error}"))).ok()
}

fn pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    let name = ptsname(&person, Vec::new())?;
    let program = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    Ok((person, program))
}

/// `strace` where it can tamper with system calls; skips the test where it cannot.
pub fn strace() -> Option<PathBuf> {
    let strace = program(&["strace"])?;
    let tampering = ["-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1", "true"];
    let works = succeeds(Command::new(&strace).args(tampering));
    if !works {
        skip("strace cannot change system calls here");
    }
    works.then_some(strace)
}

/// Runs it quietly.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}
