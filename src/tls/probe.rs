//! What a server shows, whether or not anything about it validates. A probe reads no store and trusts
//! nothing. If the server speaks neither TLS 1.2 nor TLS 1.3, the certificate is read from a handshake
//! in the clear, which anybody could have sent.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::os::fd::AsFd;

use serde_json::{Value, json};

use super::dial::Dial;
use super::error::{NetError, Step};
use super::hello::{self, Glimpse};
use super::net::wait::Wants;
use super::open::{Route, server};
use super::provider::provider;
use super::service::Service;
use super::session::{Facts, Session, Timings};
use super::witness::Purpose;
use crate::endpoint::Host;
use crate::path::Chain;
use crate::text::Statement;

/// The newest version whose certificates travel in the clear.
const OFFERED: hello::Version = hello::Version::Tls12;
/// What is offered to servers that hang up on that one.
const INTOLERANT: hello::Version = hello::Version::Tls10;

/// What a server showed.
#[derive(Debug, Clone)]
pub struct Probe {
    host: Host,
    port: NonZeroU16,
    service: Service,
    address: Option<SocketAddr>,
    sni: Option<String>,
    greeting: Option<String>,
    timings: Timings,
    chain: Chain,
    proven: bool,
    client_certificate: bool,
    /// What was agreed on, also where the handshake was not finished.
    begun: Option<Facts>,
    glimpse: Option<Glimpse>,
    failure: Option<NetError>,
}

/// Fetches what a server presents. A server whose certificate was seen is an answer, even where no session
/// is possible ([`Probe::failure`] says why); one that showed none is an error.
///
/// With a socket of the caller's there is no second connection, so no look at servers that speak neither
/// TLS 1.2 nor 1.3. A non-blocking dial is refused: a probe waits.
pub fn probe(host: &Host, port: NonZeroU16, mut dial: Dial) -> Result<Probe, NetError> {
    if dial.nonblocking {
        return Err(NetError::Option("nonblock: a probe waits; connect does not".to_owned()));
    }
    let given = dial.socket.take();
    let route = Route::new(host, port, &dial, Purpose::Show);
    let own = given.is_none();
    let (socket, timings) = route.socket(given)?;
    let mut session = route.begin(socket, timings)?;
    let failure = session.complete().err();
    let is_tls = session.instead_of_tls().is_none();
    let is_plain = session.sent_too_much();
    let seen = session.seen();
    let shown = Probe {
        host: host.clone(),
        port,
        service: route.service,
        address: session.socket.address(),
        sni: session.sni().map(str::to_owned),
        greeting: session.greeting().map(str::to_owned),
        timings: session.timings(),
        chain: seen.chain,
        proven: seen.proven,
        client_certificate: seen.client_certificate,
        begun: session.facts(),
        glimpse: None,
        failure,
    };
    end(session);
    match &shown.failure {
        Some(failure) if shown.chain.is_empty() => {
            let failure = failure.clone();
            if own && is_tls && worth_a_glimpse(&failure) {
                look(&route, shown, failure, is_plain)
            } else {
                Err(failure)
            }
        }
        Some(_) => Ok(with_plainer_cause(shown)),
        None => Ok(shown),
    }
}

/// A handshake that failed over a key which cannot be verified: its kind says more than what rustls ran into.
fn with_plainer_cause(mut shown: Probe) -> Probe {
    let version = shown.begun.as_ref().map_or("TLS", |begun| begun.protocol);
    let cause = shown.chain.leaf().and_then(|leaf| hello::unverifiable(leaf, version));
    if let (false, Some(cause), Some(NetError::Tls { why, .. })) = (shown.proven, cause, &mut shown.failure) {
        *why = cause.text();
    }
    shown
}

/// A polite end, where the socket takes it at once.
fn end(mut session: Session) {
    session.tls.send_close_notify();
    let mut wire = super::net::socket::Wire { socket: &session.socket, first: &mut Vec::new() };
    let _ = session.tls.write_tls(&mut wire);
}

/// Whether another handshake can show more: only where this one failed as a handshake.
fn worth_a_glimpse(failure: &NetError) -> bool {
    match failure {
        NetError::Tls { .. } | NetError::Limit { .. } => true,
        NetError::Broken { step, .. } => *step == Step::Handshake,
        _ => false,
    }
}

/// The second connection: a wide hello, answered in the clear.
///
/// `is_plain`: the first failure has named the cause, so only a certificate can say more.
fn look(route: &Route<'_>, mut shown: Probe, failure: NetError, is_plain: bool) -> Result<Probe, NetError> {
    let tls = |why: String| NetError::Tls { server: server(route.host, route.port), step: Step::Handshake, why };
    let first = glimpse(route, shown.address, OFFERED);
    // Some old servers hang up on a version that they do not know (RFC 5246, appendix E.1).
    let seen = match first {
        Ok(Err(hello::HelloError::Closed(_))) => glimpse(route, shown.address, INTOLERANT),
        first => first,
    };
    let glimpse = match seen {
        Ok(Ok(glimpse)) => glimpse,
        // The first failure has said what the server says.
        Ok(Err(hello::HelloError::NotTls { .. })) => return Err(failure),
        // What the second try says explains the first; where it explains nothing, the first one counts.
        Ok(Err(_)) if is_plain => return Err(failure),
        Ok(Err(unseen)) => {
            return Err(hello::refusal(&unseen, OFFERED).map_or(failure, |why| tls(why.text())));
        }
        // Time and the user's switch end everything; of another failure the first one says more.
        Err(error @ (NetError::Timeout { .. } | NetError::Cancelled { .. })) => return Err(error),
        Err(_) => return Err(failure),
    };
    let obstacles: Vec<String> = hello::obstacles(&glimpse).iter().map(Statement::text).collect();
    shown.failure = Some(if obstacles.is_empty() { failure } else { tls(obstacles.join(" ")) });
    shown.chain = glimpse.chain.clone();
    shown.proven = false;
    shown.client_certificate = glimpse.wants_client_certificate;
    shown.glimpse = Some(glimpse);
    Ok(shown)
}

fn glimpse(
    route: &Route<'_>,
    address: Option<SocketAddr>,
    highest: hello::Version,
) -> Result<Result<Glimpse, hello::HelloError>, NetError> {
    let (socket, timings) = route.connect(address)?;
    let mut clear = route.begin(socket, timings)?;
    clear.dialogue()?;
    let (socket, watch) = (clear.socket.as_ref(), &route.watch);
    let mut random = [0; 32];
    provider()
        .secure_random
        .fill(&mut random)
        .map_err(|_| NetError::System { what: "random numbers", why: "none to be had".to_owned() })?;
    let offer = hello::Offer { host: route.server_name().cloned(), highest, random };
    let until = watch.until(watch.limits.handshake);
    let mut out = hello::client_hello(&offer);
    let mut reader = hello::Reader::new();
    let mut chunk = vec![0_u8; 16 * 1024];
    loop {
        watch.still(until, Step::Handshake)?;
        let wants = Wants { read: true, write: !out.is_empty() };
        watch.ready(&[(socket.as_fd(), wants)], until, Step::Handshake)?;
        if !out.is_empty() {
            match socket.send(&out) {
                Ok(sent) => drop(out.drain(..sent)),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => out.clear(),
            }
        }
        let got = match socket.receive(&mut chunk) {
            Ok(0) => return Ok(reader.closed()),
            Ok(got) => got,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return Ok(reader.closed()),
        };
        match reader.receive(chunk.get(..got).unwrap_or_default()) {
            Ok(None) => {}
            Ok(Some(glimpse)) => {
                let _ = socket.send(&hello::close_notify(glimpse.version));
                return Ok(Ok(glimpse));
            }
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// The names that IANA's registry has for the curves of NIST; the others are called alike everywhere.
fn registered(group: &str) -> String {
    match group {
        "P-256" => "secp256r1",
        "P-384" => "secp384r1",
        "P-521" => "secp521r1",
        other => other,
    }
    .to_owned()
}

impl Probe {
    /// What the server sent, leaf first; never empty.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether a handshake signature was verified with the leaf's key. Where not, anybody could have sent
    /// this chain: check it with [`crate::trust::Flags::unproven`].
    pub fn proven(&self) -> bool {
        self.proven
    }

    /// Why no session is possible, although a certificate was seen.
    pub fn failure(&self) -> Option<&NetError> {
        self.failure.as_ref()
    }

    /// What the handshake agreed on; `None` where it was not finished.
    pub fn facts(&self) -> Option<&Facts> {
        self.begun.as_ref().filter(|_| self.failure.is_none())
    }

    /// What was seen in the clear, where the handshake came to nothing.
    pub fn glimpse(&self) -> Option<&Glimpse> {
        self.glimpse.as_ref()
    }

    /// The host asked for.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port asked for.
    pub fn port(&self) -> NonZeroU16 {
        self.port
    }

    /// The address reached; `None` for a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// How TLS began.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The name sent in the clear (SNI).
    pub fn sni(&self) -> Option<&str> {
        self.sni.as_deref()
    }

    /// The first line of the dialogue before TLS, escaped.
    pub fn greeting(&self) -> Option<&str> {
        self.greeting.as_deref()
    }

    /// How long each step took.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// Whether the server asked for a client certificate.
    pub fn client_certificate(&self) -> bool {
        self.client_certificate
    }

    /// The version of TLS, whether agreed on or only seen.
    pub fn protocol(&self) -> Option<String> {
        let seen = || self.glimpse.as_ref().map(|glimpse| glimpse.version.to_string());
        seen().or_else(|| self.begun.as_ref().map(|begun| begun.protocol.to_owned()))
    }

    /// The cipher suite by its IANA name, whether agreed on or only seen.
    pub fn suite(&self) -> Option<String> {
        let seen = || self.glimpse.as_ref().map(|glimpse| glimpse.suite.name());
        seen().or_else(|| self.begun.as_ref().map(|begun| begun.suite.clone()))
    }

    /// The group of the key exchange by its IANA name, whether agreed on or only seen; `DH of 2048 bits` for one
    /// without a name.
    pub fn group(&self) -> Option<String> {
        let seen = || self.glimpse.as_ref().and_then(|glimpse| glimpse.group.as_deref()).map(registered);
        seen().or_else(|| self.begun.as_ref().and_then(|begun| begun.group.clone()))
    }

    /// Everything, as documented in docs/json-probe.md.
    pub fn to_json(&self) -> Value {
        let ms = |time: Option<std::time::Duration>| {
            time.map_or(Value::Null, |t| json!(u64::try_from(t.as_micros()).unwrap_or(u64::MAX)))
        };
        let certificates: Vec<Value> = (0..self.chain.len())
            .map(|i| match (self.chain.cert(i), self.chain.error(i)) {
                (Some(cert), _) => cert.to_json(),
                (None, error) => json!({ "unreadable": error.map(ToString::to_string) }),
            })
            .collect();
        json!({
            "schema": 1,
            "host": self.host.as_str(),
            "port": self.port.get(),
            "protocol": self.service.protocol.map(super::Protocol::name),
            "starttls": self.service.start == super::Start::StartTls,
            "address": self.address.map(|a| a.to_string()),
            "sni": self.sni,
            "greeting": self.greeting,
            "tls": self.protocol(),
            "cipher_suite": self.suite(),
            "group": self.group(),
            "alpn": self.facts().and_then(|facts| facts.alpn.clone()),
            "client_certificate_requested": self.client_certificate,
            "ocsp_stapled": self.chain.ocsp().is_some(),
            "proven": self.proven,
            "failure": self.failure.as_ref().map(|f| json!({ "code": f.code(), "text": f.to_string() })),
            "microseconds": {
                "resolve": ms(self.timings.resolve),
                "connect": ms(self.timings.connect),
                "starttls": ms(self.timings.starttls),
                "handshake": ms(self.timings.handshake),
            },
            "certificates": certificates,
        })
    }
}
