//! One connection on its way: the dialogue in the clear, then the handshake. Never waits: each step
//! does what can be done at once and says what it would wait for. Checks nothing; see [`super::conn`].

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pki_types::ServerName;
use rustls::{ClientConnection, Error, InvalidMessage};

use super::dial::Sni;
use super::error::{NetError, Step};
use super::net::socket::{Socket, Wire};
use super::net::wait::{Until, Wants, Watch};
use super::provider::provider;
use super::service::{Service, Start};
use super::starttls::Protocol;
use super::starttls::{self, Dialogue, StartTlsError};
use super::witness::{Purpose, Seen, Witness};
use super::words::{NotTls, in_words, without_client_certificate};
use crate::cert::KeyAlgorithm;
use crate::endpoint::Host;

/// How much is read at a time in the clear, in bytes.
const CHUNK: usize = 4096;

/// What the handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `TLS 1.2` or `TLS 1.3`.
    pub protocol: &'static str,
    /// The cipher suite by its IANA name.
    pub suite: String,
    /// The group of the key exchange, by its IANA name.
    pub group: Option<String>,
    /// The protocol agreed on by ALPN, escaped.
    pub alpn: Option<String>,
}

/// How long each step took. `None` for a step that was not made or not finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Looking up the name.
    pub resolve: Option<Duration>,
    /// Connecting.
    pub connect: Option<Duration>,
    /// The dialogue before TLS.
    pub starttls: Option<Duration>,
    /// The handshake.
    pub handshake: Option<Duration>,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advance {
    /// The handshake is done.
    Open,
    /// To be called again once this is possible.
    Wait(Wants),
}

enum Stage {
    Clear(Box<Dialogue>),
    Handshake,
    Open,
}

/// What a session needs to know of its server.
pub(super) struct Plan<'a> {
    pub host: &'a Host,
    pub service: Service,
    pub sni: &'a Sni,
    pub alpn: &'a [Vec<u8>],
    pub purpose: Purpose,
    /// Offer signatures by these kinds of keys alone.
    pub kinds: Option<&'a [KeyAlgorithm]>,
}

/// One connection on its way.
pub(super) struct Session {
    pub socket: Arc<Socket>,
    pub tls: ClientConnection,
    watch: Watch,
    stage: Stage,
    /// In the clear, still to be sent.
    clear: Vec<u8>,
    witness: Arc<Witness>,
    first: Vec<u8>,
    greeting: Option<String>,
    timings: Timings,
    since: Instant,
    until: Until,
    sni: Option<String>,
    wants: Wants,
    /// A part of what is waited for has come.
    heard: bool,
    overlong: bool,
    /// The protocol of the dialogue; of no meaning without one.
    protocol: Protocol,
}

impl Session {
    /// Begins on a connected socket; nothing is sent yet.
    pub fn begin(socket: Socket, plan: &Plan<'_>, watch: Watch, timings: Timings) -> Result<Self, NetError> {
        let witness = Witness::new(provider(), plan.purpose, plan.kinds);
        let sni = match plan.sni {
            Sni::Host => plan.host.ip().is_none().then_some(plan.host),
            Sni::None => None,
            Sni::Name(name) => name.ip().is_none().then_some(name),
        };
        let unusable = |why: String| NetError::Tls { server: watch.server.clone(), step: Step::Handshake, why };
        let mut config = witness.client_config().map_err(|e| unusable(e.to_string()))?;
        config.enable_sni = sni.is_some();
        config.alpn_protocols = plan.alpn.to_vec();
        let name = ServerName::try_from(sni.unwrap_or(plan.host).as_str().to_owned()).map_err(|_| {
            NetError::Option(format!("{}: cannot be sent as a server name (SNI)", sni.unwrap_or(plan.host)))
        })?;
        let tls = ClientConnection::new(Arc::new(config), name).map_err(|e| unusable(e.to_string()))?;
        let (stage, clear) = match (plan.service.start, plan.service.protocol) {
            (Start::StartTls, Some(protocol)) => {
                let mut dialogue = Dialogue::on(protocol, plan.host, socket.local());
                let first = dialogue.begin();
                (Stage::Clear(Box::new(dialogue)), first)
            }
            _ => (Stage::Handshake, Vec::new()),
        };
        let limit = if matches!(stage, Stage::Clear(_)) { watch.limits.starttls } else { watch.limits.handshake };
        Ok(Self {
            socket: Arc::new(socket),
            tls,
            until: watch.until(limit),
            watch,
            stage,
            clear,
            witness,
            first: Vec::new(),
            greeting: None,
            timings,
            since: Instant::now(),
            sni: sni.map(ToString::to_string),
            wants: Wants::WRITE,
            heard: false,
            overlong: false,
            protocol: plan.service.protocol.unwrap_or(Protocol::Imap),
        })
    }

    /// Does what can be done at once.
    pub fn advance(&mut self) -> Result<Advance, NetError> {
        self.rounds().map_err(|error| error.heard(self.heard))
    }

    fn rounds(&mut self) -> Result<Advance, NetError> {
        loop {
            // A server that always has one more byte ready never makes anybody wait.
            self.watch.still(self.until, self.step())?;
            let wait = match self.stage {
                Stage::Clear(_) => self.in_the_clear()?,
                Stage::Handshake => self.handshake()?,
                Stage::Open => return Ok(Advance::Open),
            };
            if let Some(wants) = wait {
                self.wants = wants;
                return Ok(Advance::Wait(wants));
            }
        }
    }

    /// Goes on until the handshake is done, waiting where that is needed.
    pub fn complete(&mut self) -> Result<(), NetError> {
        loop {
            match self.advance()? {
                Advance::Open => return Ok(()),
                Advance::Wait(wants) => self.wait(wants)?,
            }
        }
    }

    /// Goes through the dialogue alone, waiting where that is needed; the handshake is left to the caller.
    pub fn dialogue(&mut self) -> Result<(), NetError> {
        while let Stage::Clear(_) = self.stage {
            self.watch.still(self.until, self.step()).map_err(|error| error.heard(self.heard))?;
            if let Some(wants) = self.in_the_clear()? {
                self.wait(wants)?;
            }
        }
        Ok(())
    }

    fn wait(&self, wants: Wants) -> Result<(), NetError> {
        let ready = self.watch.ready(&[(self.socket.as_fd(), wants)], self.until, self.step());
        ready.map_err(|error| error.heard(self.heard))
    }

    /// What is under way.
    pub fn step(&self) -> Step {
        match &self.stage {
            Stage::Clear(dialogue) => Step::StartTls(dialogue.waiting_for()),
            Stage::Handshake | Stage::Open => Step::Handshake,
        }
    }

    /// What the handshake has shown.
    pub fn seen(&self) -> Seen {
        self.witness.seen()
    }

    /// The first line of the dialogue, escaped.
    pub fn greeting(&self) -> Option<&str> {
        match &self.stage {
            Stage::Clear(dialogue) => dialogue.greeting(),
            _ => self.greeting.as_deref(),
        }
    }

    /// The name sent in the clear.
    pub fn sni(&self) -> Option<&str> {
        self.sni.as_deref()
    }

    /// What the last step would have waited for.
    pub fn wants(&self) -> Wants {
        self.wants
    }

    pub fn timings(&self) -> Timings {
        self.timings
    }

    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// What was agreed on; `None` before the handshake is done.
    pub fn facts(&self) -> Option<Facts> {
        let protocol = match self.tls.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2",
            rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3",
            _ => return None,
        };
        let suite = format!("{:?}", self.tls.negotiated_cipher_suite()?.suite());
        let alpn = self.tls.alpn_protocol().map(|name| crate::text::excerpt(&String::from_utf8_lossy(name), 80));
        Some(Facts {
            protocol,
            suite: suite.replacen("TLS13_", "TLS_", 1),
            group: self.tls.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
            alpn,
        })
    }

    /// One round of the dialogue.
    fn in_the_clear(&mut self) -> Result<Option<Wants>, NetError> {
        let Stage::Clear(dialogue) = &mut self.stage else { return Ok(None) };
        let step = Step::StartTls(dialogue.waiting_for());
        while !self.clear.is_empty() {
            match self.socket.send(&self.clear) {
                Ok(sent) => drop(self.clear.drain(..sent)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(Some(Wants::WRITE)),
                Err(e) => return Err(self.watch.broken(step, &e)),
            }
        }
        let failed = |why| NetError::StartTls { server: self.watch.server.clone(), why };
        let mut chunk = [0_u8; CHUNK];
        let got = match self.socket.receive(&mut chunk) {
            Ok(0) => return Err(failed(dialogue.closed())),
            Ok(got) => got,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(Some(Wants::READ)),
            Err(e) => return Err(self.watch.broken(step, &e)),
        };
        match dialogue.receive(chunk.get(..got).unwrap_or_default()).map_err(failed)? {
            starttls::Step::Send(bytes) => {
                self.heard = step == Step::StartTls(dialogue.waiting_for());
                self.clear.extend(bytes);
            }
            starttls::Step::Done => {
                // What lies in the socket already was sent before TLS began: plaintext injection.
                let ahead = self.socket.unread();
                if !ahead.is_empty() {
                    return Err(failed(StartTlsError::injected(self.protocol, &ahead)));
                }
                self.greeting = dialogue.greeting().map(str::to_owned);
                self.timings.starttls = Some(self.since.elapsed());
                self.since = Instant::now();
                self.until = self.watch.until(self.watch.limits.handshake);
                self.heard = false;
                self.stage = Stage::Handshake;
            }
        }
        Ok(None)
    }

    /// One round of the handshake.
    fn handshake(&mut self) -> Result<Option<Wants>, NetError> {
        if self.tls.wants_write() {
            let mut wire = Wire { socket: &self.socket, first: &mut self.first };
            return match self.tls.write_tls(&mut wire) {
                Ok(_) => Ok(None),
                Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(Some(Wants::WRITE)),
                // The server may have said why before it closed.
                Err(e) => Err(self.last_words().unwrap_or_else(|| self.cut_off(&e))),
            };
        }
        if !self.tls.is_handshaking() {
            self.timings.handshake = Some(self.since.elapsed());
            self.watch.established();
            self.stage = Stage::Open;
            return Ok(None);
        }
        let mut wire = Wire { socket: &self.socket, first: &mut self.first };
        match self.tls.read_tls(&mut wire) {
            Ok(0) => Err(self.tls_error(format!(
                "the server closed the connection in the middle of the handshake{}",
                self.asked_for_a_certificate()
            ))),
            Ok(_) => {
                self.heard = true;
                self.process().map(|()| None)
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(Some(Wants::READ)),
            Err(e) => Err(self.cut_off(&e)),
        }
    }

    fn process(&mut self) -> Result<(), NetError> {
        let Err(error) = self.tls.process_new_packets() else { return Ok(()) };
        self.overlong = matches!(error, Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge));
        // The alert that says so is sent if the socket takes it at once.
        let mut wire = Wire { socket: &self.socket, first: &mut self.first };
        let _ = self.tls.write_tls(&mut wire);
        Err(self.describe(&error))
    }

    /// An alert that the server sent before it closed the connection.
    fn last_words(&mut self) -> Option<NetError> {
        let mut wire = Wire { socket: &self.socket, first: &mut self.first };
        self.tls.read_tls(&mut wire).ok().filter(|got| *got > 0)?;
        let error = self.tls.process_new_packets().err()?;
        Some(self.describe(&error))
    }

    fn describe(&self, error: &Error) -> NetError {
        let server = self.watch.server.clone();
        if let Some(why) = self.witness.seen().flood {
            return NetError::Limit { server, step: Step::Handshake, why };
        }
        if let Some(instead) = NotTls::read(&self.first) {
            return self.no_tls(&instead);
        }
        let unshown = self.witness.seen().client_certificate;
        self.tls_error(if unshown { without_client_certificate(error) } else { in_words(error) })
    }

    /// Whether the handshake failed over a message that is longer than rustls takes.
    pub fn sent_too_much(&self) -> bool {
        self.overlong
    }

    /// What came where TLS was due with the first byte, if that is not TLS.
    pub fn instead_of_tls(&self) -> Option<NotTls> {
        if self.timings.starttls.is_none() { NotTls::read(&self.first) } else { None }
    }

    /// Bytes that are not TLS, where TLS was due.
    fn no_tls(&self, instead: &NotTls) -> NetError {
        if self.timings.starttls.is_none() {
            return self.tls_error(instead.text());
        }
        // Words may have been sent before the handshake began and have come too late to be seen then.
        let why = if instead.is_text {
            StartTlsError::injected(self.protocol, &self.first)
        } else {
            StartTlsError::NotTls { protocol: self.protocol, said: instead.said.clone() }
        };
        NetError::StartTls { server: self.watch.server.clone(), why }
    }

    /// The system's error in the middle of the handshake.
    fn cut_off(&self, error: &std::io::Error) -> NetError {
        match self.watch.broken(Step::Handshake, error) {
            NetError::Broken { server, step, why } => {
                NetError::Broken { server, step, why: format!("{why}{}", self.asked_for_a_certificate()) }
            }
            other => other,
        }
    }

    /// What a server that ends the handshake may have wanted, where it asked for it.
    fn asked_for_a_certificate(&self) -> &'static str {
        let asked = self.witness.seen().client_certificate;
        if asked { " after it had asked for a client certificate and was shown none" } else { "" }
    }

    fn tls_error(&self, why: String) -> NetError {
        NetError::Tls { server: self.watch.server.clone(), step: Step::Handshake, why }
    }
}

/// Reads plaintext that has arrived; `None` if there is nothing yet.
pub(super) fn plaintext(tls: &mut ClientConnection, buf: &mut [u8]) -> std::io::Result<Option<usize>> {
    match tls.reader().read(buf) {
        Ok(got) => Ok(Some(got)),
        Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(e) => Err(e),
    }
}
