//! Real servers on loopback: each in a directory of its own that goes with it, on free ports, in the foreground
//! and ended by its own process id. Nothing of an installed system's configuration is read or written.
#![allow(dead_code)]

pub mod dovecot;
pub mod postfix;
pub mod postgres;
pub mod single;
pub mod slapd;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::need::is_root;
use crate::net_support::{NAME, openssl};
use crate::serve::{free_port, until_it_listens};

/// `nobody` and its group: what servers run as that refuse to be root.
const NOBODY: u32 = 65534;

/// A directory for one server, with the certificates that it shows one after the other.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// With `first` and `second`, two self-signed identities of the same name.
    pub fn new() -> Self {
        let place = Self::empty();
        for which in ["first", "second"] {
            place.identity(which, &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        }
        place.present("first");
        place
    }

    pub fn empty() -> Self {
        let dir = tempfile::Builder::new().prefix("tofu").tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    /// A new self-signed identity; `key` says which, as `openssl req` has it.
    pub fn identity(&self, which: &str, key: &[&str]) {
        let (subject, names) = (format!("/CN={NAME}"), format!("subjectAltName=DNS:{NAME}"));
        let (key_file, cert) = (format!("{which}.key"), format!("{which}.crt"));
        let mut args = vec!["req", "-x509", "-nodes", "-days", "3650", "-subj", &subject, "-addext", &names];
        args.extend(["-keyout", &key_file, "-out", &cert]);
        args.extend(key);
        openssl(self.path(), &args);
        openssl(self.path(), &["x509", "-in", &cert, "-outform", "DER", "-out", &format!("{which}.der")]);
    }

    /// Makes one of the identities the one that the server reads when it starts.
    pub fn present(&self, which: &str) {
        for (kind, name) in [("crt", "cert.pem"), ("key", "key.pem")] {
            let to = self.file(name);
            std::fs::copy(self.file(&format!("{which}.{kind}")), &to).unwrap();
            std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    pub fn der(&self, which: &str) -> Vec<u8> {
        std::fs::read(self.file(&format!("{which}.der"))).unwrap()
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A path as text, for configuration files.
    pub fn text(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.file(name), content).unwrap();
    }

    pub fn mkdir(&self, name: &str) {
        std::fs::create_dir_all(self.file(name)).unwrap();
    }

    /// Gives a file or directory to `nobody`, where that is who will use it.
    pub fn give_away(&self, name: &str) {
        if is_root() {
            std::os::unix::fs::chown(self.file(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// A command with its output in `log`, which is shown when something goes wrong.
    pub fn command(&self, program: &Path) -> Command {
        let log = std::fs::File::options().create(true).append(true).open(self.file("log")).unwrap();
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        command
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }
}

/// The command as `nobody` where we are root.
pub fn as_nobody(command: &mut Command) -> &mut Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A server that runs. Ended when dropped.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts it and waits until it listens on all the ports.
    pub fn start(place: &Place, command: &mut Command, ports: &[u16]) -> Self {
        let mut running = Self { child: command.spawn().unwrap() };
        until_it_listens(&format!("{command:?}"), &mut running.child, ports, || place.log());
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let begun = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if begun.elapsed() > Duration::from_secs(5) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

pub fn free_ports<const N: usize>() -> [u16; N] {
    std::array::from_fn(|_| free_port())
}
