//! OpenLDAP's server without a database: StartTLS, ldaps and the anonymous bind need none.

use std::path::PathBuf;

use super::{Place, Running, free_ports};
use crate::need;

pub struct Slapd {
    pub place: Place,
    program: PathBuf,
    pub ldap: u16,
    pub ldaps: u16,
    running: Option<Running>,
}

impl Slapd {
    pub fn start() -> Option<Self> {
        let program = need::program(&["slapd"])?;
        let [ldap, ldaps] = free_ports();
        let mut slapd = Self { place: Place::new(), program, ldap, ldaps, running: None };
        slapd.restart("first", true);
        Some(slapd)
    }

    /// Begins again with this identity, or without TLS.
    pub fn restart(&mut self, identity: &str, tls: bool) {
        self.running = None;
        self.place.present(identity);
        let place = |name: &str| self.place.text(name);
        let mut config = format!("pidfile {}\nargsfile {}\n", place("pid"), place("args"));
        if tls {
            config +=
                &format!("TLSCertificateFile {}\nTLSCertificateKeyFile {}\n", place("cert.pem"), place("key.pem"));
        }
        self.place.write("slapd.conf", &config);
        let mut urls = format!("ldap://127.0.0.1:{}/", self.ldap);
        if tls {
            urls += &format!(" ldaps://127.0.0.1:{}/", self.ldaps);
        }
        let mut command = self.place.command(&self.program);
        command.args(["-d", "0", "-h", &urls, "-f"]).arg(self.place.file("slapd.conf"));
        let ports = [self.ldap, self.ldaps];
        let ports = if tls { &ports[..] } else { &ports[..1] };
        self.running = Some(Running::start(&self.place, &mut command, ports));
    }
}
