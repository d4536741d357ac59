//! What the tests of the tool's network half share: a user with a directory of their own, servers on
//! loopback whose certificates are made on the spot, and a pseudo-terminal with somebody at it.
#![allow(dead_code)]

pub mod server;
pub mod terminal;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tofu::cert::Cert;
use tofu::store::{Cursor, Filter, Pin, PinEntry, Store, StoreOptions};
use tofu::time::{Timestamp, rfc3339};

pub(crate) use crate::trust_support as made;
pub use made::{Ca, START, ca};
pub use server::{Manner, Server};

/// Long after the beginning of every certificate that is made here.
pub const NOW: Timestamp = START + 40 * tofu::time::DAY;

/// A user, whose store and files are in a directory that goes away.
pub struct User {
    pub directory: tempfile::TempDir,
    /// The only authority that the system knows.
    pub authority: Ca,
    pub now: Timestamp,
}

impl User {
    pub fn new() -> Self {
        let user = Self { directory: tempfile::tempdir().unwrap(), authority: ca("Public Trust"), now: NOW };
        user.file("roots.pem", user.authority.root.to_pem().as_bytes());
        user
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The tool, as this user at this time would start it.
    pub fn tofuctl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tofuctl"));
        command.args(["--at", &rfc3339(self.now)]).args(arguments).current_dir(self.directory.path());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.directory.path()).env("XDG_DATA_HOME", self.path("data"));
        command.env("SSL_CERT_FILE", self.path("roots.pem")).env("TERM", "xterm-256color");
        command
    }

    /// Runs it without a terminal and with nothing to read.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"")
    }

    /// Runs it without a terminal, with this to read.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.tofuctl(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // It may end without reading.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran::of(&output)
    }

    /// The store of this user, opened by this test.
    pub fn store(&self) -> Store {
        let path = Some(self.path("data/tofu/pins.db"));
        std::fs::create_dir_all(self.path("data/tofu")).unwrap();
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.path("data/tofu"), PermissionsExt::from_mode(0o700)).unwrap();
        Store::open(&StoreOptions { path, application: "test".to_owned(), ..StoreOptions::default() }).unwrap()
    }

    /// The pins of servers in its store.
    pub fn pins(&self) -> Vec<Pin> {
        let page = self.store().read(|tx| tx.list_pins(&Filter::default(), &Cursor::default(), 100)).unwrap();
        let pin = |entry: PinEntry| match entry {
            PinEntry::Endpoint(_, pin) => Some(*pin),
            PinEntry::Everywhere(_) => None,
        };
        page.items.into_iter().filter_map(pin).collect()
    }

    /// A server with a self-signed certificate for the names of this machine and mail.example.org.
    pub fn self_signed(&self, key: &str) -> Server {
        Server::start(self_signed(key), key, Manner::Echo)
    }
}

/// A certificate of its own making.
pub fn self_signed(key: &str) -> Vec<Cert> {
    let chain = made::self_signed(&["mail.example.org", "localhost", "127.0.0.1"], key, START, 400);
    chain.certs().map(|(_, cert)| cert.clone()).collect()
}

/// A certificate below an authority.
pub fn certified(by: &Ca, key: &str, days: i64) -> Vec<Cert> {
    let chain = by.leaf(&["mail.example.org", "localhost", "127.0.0.1"], key, START, days);
    chain.certs().map(|(_, cert)| cert.clone()).collect()
}

/// What a run of the tool came to.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            status: output.status.code(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Ends with this status.
    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        self
    }

    /// Says this on standard output.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(flat(&self.out).contains(text), "{text}\n{self:#?}");
        self
    }

    /// Says this on standard error.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        assert!(flat(&self.err).contains(text), "{text}\n{self:#?}");
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Without line breaks, for looking for a phrase.
pub fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every line fits 80 columns, and nothing steers the terminal but colours.
#[track_caller]
pub fn fits(text: &str) {
    for line in text.lines() {
        let plain = without_colours(line.trim_end_matches('\r'));
        if plain.starts_with("> ") {
            continue; // what the person typed
        }
        assert!(plain.chars().count() <= 80, "{} columns: {plain}", plain.chars().count());
        assert!(!plain.chars().any(char::is_control), "{plain:?}");
    }
}

/// Takes `ESC [ ... m` out.
pub fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        out.push_str(before);
        match after.split_once('m') {
            Some((code, tail)) if code.bytes().all(|b| b.is_ascii_digit() || b == b';') => rest = tail,
            _ => {
                out.push('\x1b');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
