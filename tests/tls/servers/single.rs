//! `openssl s_server` and `gnutls-serv`: TLS at once on one port, for odd keys and versions.

use std::path::Path;

use super::{Place, Running, free_ports};
use crate::need;

pub struct Single {
    pub place: Place,
    pub port: u16,
    start: fn(&Place, u16, &[&str]) -> Running,
    running: Option<Running>,
}

impl Single {
    /// `openssl s_server`, which says every line back in reverse; with more options.
    pub fn openssl(place: Place, options: &[&str]) -> Option<Self> {
        need::program(&["openssl"])?;
        Some(Self::start(place, options, |place, port, options| {
            let mut command = place.command(Path::new("openssl"));
            let address = format!("127.0.0.1:{port}");
            command.args(["s_server", "-quiet", "-rev", "-cert", "cert.pem", "-key", "key.pem", "-accept", &address]);
            Running::start(place, command.args(options), &[port])
        }))
    }

    /// `gnutls-serv`, which says everything back; with this priority string.
    pub fn gnutls(place: Place, priority: &str) -> Option<Self> {
        need::program(&["gnutls-serv"])?;
        Some(Self::start(place, &["--priority", priority], |place, port, options| {
            let mut command = place.command(Path::new("gnutls-serv"));
            command.args(["--echo", "--quiet", "--disable-client-cert", "--nodb", "-p", &port.to_string()]);
            command.args(["--x509certfile", "cert.pem", "--x509keyfile", "key.pem"]);
            Running::start(place, command.args(options), &[port])
        }))
    }

    fn start(place: Place, options: &[&str], start: fn(&Place, u16, &[&str]) -> Running) -> Self {
        let [port] = free_ports();
        let running = start(&place, port, options);
        Self { place, port, start, running: Some(running) }
    }

    /// Begins again with this identity.
    pub fn restart(&mut self, identity: &str, options: &[&str]) {
        self.running = None;
        self.place.present(identity);
        self.running = Some((self.start)(&self.place, self.port, options));
    }
}
