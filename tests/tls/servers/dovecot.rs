//! Dovecot: IMAP, POP3, ManageSieve and LMTP, with STARTTLS and with TLS at once.

use std::path::PathBuf;

use super::{Place, Running, free_ports};
use crate::need;

pub struct Dovecot {
    pub place: Place,
    program: PathBuf,
    pub imap: u16,
    pub imaps: u16,
    pub pop3: u16,
    pub pop3s: u16,
    pub sieve: u16,
    pub lmtp: u16,
    /// An identity that is held beside the first.
    second: Option<&'static str>,
    running: Option<Running>,
}

impl Dovecot {
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// With an RSA identity of the same name, `rsa`, beside the first.
    pub fn with_two_keys() -> Option<Self> {
        Self::start_with(Some("rsa"))
    }

    fn start_with(second: Option<&'static str>) -> Option<Self> {
        let program = need::program(&["dovecot"])?;
        let parts = ["imap-login", "pop3-login", "managesieve-login", "lmtp"];
        if !need::files(&parts.map(|part| format!("/usr/lib/dovecot/{part}"))) {
            return None;
        }
        let [imap, imaps, pop3, pop3s, sieve, lmtp] = free_ports();
        let mut dovecot =
            Self { place: Place::new(), program, imap, imaps, pop3, pop3s, sieve, lmtp, second, running: None };
        if let Some(name) = second {
            dovecot.place.identity(name, &["-newkey", "rsa:2048"]);
        }
        dovecot.restart("first", true);
        Some(dovecot)
    }

    /// Begins again with this identity, or without TLS.
    pub fn restart(&mut self, identity: &str, tls: bool) {
        self.running = None;
        self.place.present(identity);
        for dir in ["run", "state", "mail"] {
            self.place.mkdir(dir);
        }
        self.place.give_away("mail");
        self.place.write("dovecot.conf", &self.configuration(tls));
        let mut command = self.place.command(&self.program);
        command.arg("-F").arg("-c").arg(self.place.file("dovecot.conf"));
        // Without TLS the ports that begin with it do not answer.
        let clear = [self.imap, self.pop3, self.sieve, self.lmtp];
        let all = [self.imap, self.pop3, self.sieve, self.lmtp, self.imaps, self.pop3s];
        self.running = Some(Running::start(&self.place, &mut command, if tls { &all } else { &clear }));
    }

    fn configuration(&self, tls: bool) -> String {
        let place = |name: &str| self.place.text(name);
        let (users, login_service) = users();
        let ssl = if tls {
            let second = self.second.map_or_else(String::new, |name| {
                format!(
                    "\nssl_alt_cert = <{}\nssl_alt_key = <{}",
                    place(&format!("{name}.crt")),
                    place(&format!("{name}.key"))
                )
            });
            format!("ssl = yes\nssl_cert = <{}\nssl_key = <{}{second}", place("cert.pem"), place("key.pem"))
        } else {
            "ssl = no".to_owned()
        };
        format!(
            "base_dir = {run}\nstate_dir = {state}\nlog_path = {log}\nlisten = 127.0.0.1\n\
             protocols = imap pop3 sieve lmtp\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
             mail_location = maildir:{mail}\n{users}\n{ssl}\n\
             service imap-login {{\n{login_service}\n{imap}{imaps}}}\n\
             service pop3-login {{\n{login_service}\n{pop3}{pop3s}}}\n\
             service managesieve-login {{\n{login_service}\n{sieve}}}\n\
             service lmtp {{\n{lmtp}}}\n\
             service anvil {{\n{login_service}\n}}\nservice stats {{\n{login_service}\n}}\n\
             passdb {{\n  driver = static\n  args = password=demo\n}}\n\
             userdb {{\n  driver = static\n  args = uid={owner} gid={owner} home={mail}\n}}\n",
            run = place("run"),
            state = place("state"),
            log = place("log"),
            mail = place("mail"),
            imap = listener("imap", self.imap, false),
            imaps = listener("imaps", self.imaps, true),
            pop3 = listener("pop3", self.pop3, false),
            pop3s = listener("pop3s", self.pop3s, true),
            sieve = listener("sieve", self.sieve, false),
            lmtp = listener("lmtp", self.lmtp, false),
            owner = if need::is_root() { 65534 } else { rustix::process::getuid().as_raw() },
        )
    }
}

fn listener(name: &str, port: u16, tls: bool) -> String {
    let ssl = if tls { "    ssl = yes\n" } else { "" };
    format!("  inet_listener {name} {{\n    port = {port}\n{ssl}  }}\n")
}

/// Whom the services run as; an ordinary user can be nobody else and cannot go into a chroot.
fn users() -> (String, &'static str) {
    if need::is_root() {
        return ("default_internal_user = dovecot\ndefault_login_user = dovenull".to_owned(), "");
    }
    let name = |flag: &str| {
        let output = std::process::Command::new("id").arg(flag).arg("-n").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let (user, group) = (name("-u"), name("-g"));
    let users =
        format!("default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}");
    (users, "  chroot =")
}
