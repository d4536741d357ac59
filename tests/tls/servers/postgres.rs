//! PostgreSQL, as an ordinary user, with an empty cluster.

use std::path::PathBuf;

use super::{Place, Running, as_nobody, free_ports};
use crate::{need, serve};

pub struct Postgres {
    pub place: Place,
    pub port: u16,
    programs: PathBuf,
    running: Option<Running>,
}

impl Postgres {
    pub fn start() -> Option<Self> {
        let programs = need::program(&["initdb"])?.parent()?.to_owned();
        let [port] = free_ports();
        let mut postgres = Self { place: Place::new(), port, programs, running: None };
        postgres.place.mkdir("data");
        postgres.place.give_away("data");
        let mut initdb = postgres.place.command(&postgres.programs.join("initdb"));
        initdb.args(["-N", "-A", "trust", "-U", "demo", "--no-locale", "-D"]).arg(postgres.place.file("data"));
        let status = as_nobody(&mut initdb).status().unwrap();
        assert!(status.success(), "{}", postgres.place.log());
        postgres.restart("first", true);
        Some(postgres)
    }

    /// Begins again with this identity, or without TLS.
    pub fn restart(&mut self, identity: &str, tls: bool) {
        self.running = None;
        self.place.present(identity);
        self.place.give_away("key.pem");
        self.place.give_away("cert.pem");
        let place = |name: &str| self.place.text(name);
        let mut command = self.place.command(&self.programs.join("postgres"));
        command.args(["-D", &place("data"), "-p", &self.port.to_string()]);
        let settings = [
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "fsync=off".to_owned(),
            "lc_messages=C".to_owned(),
            format!("ssl={}", if tls { "on" } else { "off" }),
            format!("ssl_cert_file={}", place("cert.pem")),
            format!("ssl_key_file={}", place("key.pem")),
        ];
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        let ready = || self.place.log().matches("ready to accept connections").count();
        let before = ready();
        let running = Running::start(&self.place, as_nobody(&mut command), &[self.port]);
        // It listens before it is ready to serve.
        serve::until("PostgreSQL", || None, || ready() > before, || self.place.log());
        self.running = Some(running);
    }
}
