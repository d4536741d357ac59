//! A pseudo-terminal of 80 columns with somebody at it who waits for words and types others.

use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::need;

/// How long anybody waits here.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Terminal {
    master: OwnedFd,
    child: Child,
    /// Everything that was on the screen, with what was typed.
    pub screen: String,
}

impl Terminal {
    /// Starts a command whose standard input, output and error are a terminal; skips the test where there is none.
    pub fn start(mut command: Command) -> Option<Self> {
        let (master, slave) = need::terminal()?;
        tcsetwinsize(&slave, Winsize { ws_row: 50, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let copy = || Stdio::from(slave.try_clone().unwrap());
        let child = command.stdin(copy()).stdout(copy()).stderr(copy()).spawn().unwrap();
        Some(Self { master, child, screen: String::new() })
    }

    /// Starts a shell command that this terminal controls, so that it is its /dev/tty.
    pub fn control(command: &Command, script: &str) -> Option<Self> {
        // The signal of Ctrl-C counts, also where these tests run in the background of a shell.
        let mut shell = Command::new("env");
        shell.args(["--default-signal=INT", "setsid", "--ctty", "--wait", "sh", "-c", script, "sh"]);
        shell.arg(command.get_program()).args(command.get_args()).env_clear();
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(command.get_current_dir().unwrap());
        Self::start(shell)
    }

    /// Waits for words.
    #[track_caller]
    pub fn until(&mut self, words: &str) {
        let from = self.screen.len();
        let end = Instant::now() + PATIENCE;
        while !self.screen[from..].contains(words) {
            assert!(self.more(end), "ended without {words:?}:\n{}", self.screen);
        }
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        self.keys(&format!("{line}\n"));
    }

    /// Presses keys.
    pub fn keys(&mut self, keys: &str) {
        rustix::io::write(&self.master, keys.as_bytes()).unwrap();
    }

    /// Waits for the end, and gives the exit status: 128 and more for a signal, as a shell has it.
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let end = Instant::now() + PATIENCE;
        while self.more(end) {}
        let status = self.child.wait().unwrap();
        status.code().or(status.signal().map(|signal| 128 + signal)).unwrap()
    }

    /// Reads what there is; false at the end.
    #[track_caller]
    fn more(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        let wait = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: 0 };
        let mut watched = [PollFd::new(&self.master, PollFlags::IN)];
        if poll(&mut watched, Some(&wait)).unwrap() == 0 {
            self.child.kill().unwrap();
            panic!("nothing more came:\n{}", self.screen);
        }
        let mut bytes = [0; 4096];
        // EIO: nobody has the other side open any more.
        match rustix::io::read(&self.master, &mut bytes) {
            Ok(0) | Err(_) => false,
            Ok(got) => {
                self.screen.push_str(&String::from_utf8_lossy(&bytes[..got]));
                true
            }
        }
    }
}
