//! Postfix with a configuration, a queue and a data directory of its own. It must be started by root; an installed
//! Postfix that runs meanwhile does not notice.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Place, free_ports};
use crate::need;
use crate::serve;

pub struct Postfix {
    pub place: Place,
    program: PathBuf,
    pub smtp: u16,
    pub submission: u16,
    pub smtps: u16,
}

impl Postfix {
    pub fn start() -> Option<Self> {
        let program = need::program(&["postfix"])?;
        if !need::root("only root can start Postfix") {
            return None;
        }
        let [smtp, submission, smtps] = free_ports();
        let postfix = Self { place: Place::new(), program, smtp, submission, smtps };
        for dir in ["config", "queue", "data"] {
            postfix.place.mkdir(dir);
        }
        let chown = std::process::Command::new("chown").arg("postfix").arg(postfix.place.file("data")).status();
        assert!(chown.unwrap().success());
        postfix.begin("first", true);
        Some(postfix)
    }

    /// Begins again with this identity, or without TLS.
    pub fn restart(&mut self, identity: &str, tls: bool) {
        self.stop();
        self.begin(identity, tls);
    }

    fn begin(&self, identity: &str, tls: bool) {
        self.place.present(identity);
        self.place.write("config/main.cf", &self.main(tls));
        self.place.write("config/master.cf", &self.master(tls));
        let start = self.place.command(&self.program).args(self.config()).arg("start").status();
        assert!(start.unwrap().success(), "{}", self.place.log());
        let ports = [self.smtp, self.submission, self.smtps];
        let ports = if tls { &ports[..] } else { &ports[..2] };
        // `postfix start` leaves a master process of its own behind.
        let ended = || None;
        serve::until(
            "Postfix",
            ended,
            || self.master_pid().is_some_and(|pid| serve::listens(pid, ports)),
            || self.place.log() + &std::fs::read_to_string(self.place.file("maillog")).unwrap_or_default(),
        );
    }

    fn config(&self) -> [String; 2] {
        ["-c".to_owned(), self.place.text("config")]
    }

    fn main(&self, tls: bool) -> String {
        let place = |name: &str| self.place.text(name);
        format!(
            "compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\n\
             maillog_file = {dir}/maillog\nmaillog_file_prefixes = {dir}\n\
             myhostname = mail.example.test\nmydestination =\nmynetworks = 127.0.0.0/8\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nalias_maps =\nalias_database =\n\
             local_recipient_maps =\nsmtpd_peername_lookup = no\n\
             smtpd_tls_security_level = {level}\nsmtpd_tls_cert_file = {cert}\nsmtpd_tls_key_file = {key}\n",
            queue = place("queue"),
            data = place("data"),
            dir = self.place.path().display(),
            cert = place("cert.pem"),
            key = place("key.pem"),
            level = if tls { "may" } else { "none" },
        )
    }

    fn master(&self, tls: bool) -> String {
        let demands = if tls { "encrypt" } else { "none" };
        let smtps = if tls {
            format!("{} inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n", self.smtps)
        } else {
            String::new()
        };
        format!(
            "{smtp} inet n - n - - smtpd\n\
             {submission} inet n - n - - smtpd\n  -o smtpd_tls_security_level={demands}\n{smtps}\
             cleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\n\
             qmgr unix n - n 300 1 qmgr\nanvil unix - - n - 1 anvil\n\
             tlsmgr unix - - n 1000? 1 tlsmgr\nproxymap unix - - n - - proxymap\n\
             postlog unix-dgram n - n - 1 postlogd\n",
            smtp = self.smtp,
            submission = self.submission,
        )
    }

    fn master_pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.place.file("queue/pid/master.pid")).ok()?.trim().parse().ok()
    }

    /// The master ends with its whole process group, and so do the servers that it started.
    fn stop(&self) {
        let pid = self.master_pid().and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else { return };
        let begun = Instant::now();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        while rustix::process::test_kill_process(pid).is_ok() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.stop();
    }
}
