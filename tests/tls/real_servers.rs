//! The servers that people have: each is probed, asked about at first contact, trusted on that same connection, known
//! the next time, noticed when it has another key, and called stripped when it no longer offers TLS.

use std::net::SocketAddr;

use crate::net_support::{NAME, limits, terms};
use crate::servers::Place;
use crate::servers::dovecot::Dovecot;
use crate::servers::postfix::Postfix;
use crate::servers::postgres::Postgres;
use crate::servers::single::Single;
use crate::servers::slapd::Slapd;
use tofu::cert::Cert;
use tofu::endpoint::{Endpoint, Host};
use tofu::store::{NewPin, PinKind, PinState, PinValue, Store};
use tofu::tls::{Conn, Dial, Flow, NetError, Probe, Progress, Protocol, Service, connect, probe};
use tofu::trust::{self, Answer, Change, Decision, Risk};

/// One port of a server, and how to find out that it goes on after TLS.
#[derive(Clone, Copy)]
struct Port {
    number: u16,
    protocol: Option<Protocol>,
    talk: Talk,
}

/// What is said under TLS and what the answer has in it. Where the server speaks first, its greeting has that.
#[derive(Clone, Copy)]
struct Talk {
    greeting: &'static [u8],
    say: &'static [u8],
    hear: &'static [u8],
}

const fn talk(greeting: &'static [u8], say: &'static [u8], hear: &'static [u8]) -> Talk {
    Talk { greeting, say, hear }
}

const IMAP: Talk = talk(b"", b"a CAPABILITY\r\n", b"a OK ");
const IMAPS: Talk = talk(b"* OK ", b"a NOOP\r\n", b"a OK ");
const POP3: Talk = talk(b"", b"CAPA\r\n", b"\r\n.\r\n");
const POP3S: Talk = talk(b"+OK ", b"CAPA\r\n", b"\r\n.\r\n");
const SIEVE: Talk = talk(b"OK ", b"NOOP \"x\"\r\n", b"OK (TAG \"x\")");
const LMTP: Talk = talk(b"", b"LHLO [127.0.0.1]\r\n", b"250 ");
const SMTP: Talk = talk(b"", b"EHLO [127.0.0.1]\r\n", b"250 ");
const SMTPS: Talk = talk(b"220 ", b"EHLO [127.0.0.1]\r\n", b"250 ");
/// An anonymous bind and its answer (RFC 4511, section 4.2).
const LDAP: Talk =
    talk(b"", b"\x30\x0c\x02\x01\x02\x60\x07\x02\x01\x03\x04\x00\x80\x00", b"\x02\x01\x02\x61\x07\x0a\x01\x00");
/// StartupMessage of protocol 3.0, and AuthenticationOk.
const POSTGRES: Talk = talk(b"", b"\0\0\0\x25\0\x03\0\0user\0demo\0database\0postgres\0\0", b"R\0\0\0\x08\0\0\0\0");
const REVERSED: Talk = talk(b"", b"drawer\n", b"reward");
const ECHO: Talk = talk(b"", b"drawer\n", b"drawer");

impl Port {
    fn endpoint(&self) -> Endpoint {
        Endpoint::parse("", NAME, self.number).unwrap()
    }

    fn dial(&self) -> Dial {
        let dial = Dial::new().address(SocketAddr::from(([127, 0, 0, 1], self.number)));
        let dial = dial.limits(limits(20_000)).unwrap();
        match self.protocol {
            Some(protocol) => dial.starttls(protocol),
            None => dial.service(Service::TLS),
        }
    }

    fn connect(&self, store: &Store) -> Result<Conn, NetError> {
        connect(store, &self.endpoint(), self.dial(), terms())
    }

    fn probe(&self) -> Result<Probe, NetError> {
        probe(&Host::parse(NAME).unwrap(), self.endpoint().port, self.dial())
    }

    fn say_and_hear(&self, conn: &Conn) {
        if !self.talk.greeting.is_empty() {
            expect(conn, self.talk.greeting);
        }
        assert_eq!(conn.write(self.talk.say).unwrap(), Flow::Bytes(self.talk.say.len()));
        expect(conn, self.talk.hear);
    }

    /// Probe, first contact, trust on that connection, and the second one.
    fn becomes_known(&self, store: &Store, der: &[u8]) {
        let shown = self.probe().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(shown.chain().der(0), Some(der), "{}", self.number);
        assert!(shown.proven() && shown.failure().is_none(), "{:?}", shown.failure());
        let has_lines = !matches!(self.protocol, None | Some(Protocol::Ldap | Protocol::Postgres));
        assert_eq!(shown.greeting().is_some(), has_lines, "{:?}", shown.greeting());

        let conn = self.connect(store).unwrap();
        assert_eq!(conn.verdict().unwrap().decision(), Decision::Ask);
        self.is_held(&conn);
        let verdict = conn.verdict().unwrap();
        trust::trust(store, &verdict, &Answer { now: verdict.at(), ..Answer::default() }).unwrap();
        assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Accept));
        self.say_and_hear(&conn);
        drop(conn);

        let again = self.connect(store).unwrap();
        assert_eq!(again.verdict().unwrap().decision(), Decision::Accept);
        self.say_and_hear(&again);
    }

    /// No application byte goes either way.
    fn is_held(&self, conn: &Conn) {
        assert_eq!(conn.write(self.talk.say).unwrap(), Flow::Held(Decision::Ask));
        assert_eq!(conn.read(&mut [0; 64]).unwrap(), Flow::Held(Decision::Ask));
    }

    fn has_changed(&self, store: &Store) {
        let conn = self.connect(store).unwrap();
        let verdict = conn.verdict().unwrap();
        assert_eq!(verdict.decision(), Decision::Ask);
        assert_ne!(verdict.change(), Change::None);
        self.is_held(&conn);
    }

    /// Somebody who never saw TLS there is told that it is missing, everybody else that it was taken away.
    fn no_longer_offers_tls(&self, store: &Store) {
        let error = self.connect(&Store::memory()).unwrap_err();
        assert_eq!(error.code(), "starttls.missing", "{error}");
        assert_eq!(self.probe().unwrap_err().code(), "starttls.missing");
        let error = self.connect(store).unwrap_err();
        assert!(matches!(error, NetError::Stripped { .. }), "{error}");
    }
}

/// Reads until `what` has come.
fn expect(conn: &Conn, what: &[u8]) {
    let (mut all, mut buf) = (Vec::new(), [0_u8; 4096]);
    while !all.windows(what.len()).any(|window| window == what) {
        match conn.read(&mut buf) {
            Ok(Flow::Bytes(got)) => all.extend(&buf[..got]),
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&all)),
        }
    }
}

fn starttls(protocol: Protocol, number: u16, talk: Talk) -> Port {
    Port { number, protocol: Some(protocol), talk }
}

fn at_once(number: u16, talk: Talk) -> Port {
    Port { number, protocol: None, talk }
}

/// The whole life of a server's ports; `restart` begins it again with an identity, with or without TLS.
fn live(ports: &[Port], der: &[u8], mut restart: impl FnMut(&str, bool)) {
    let store = Store::memory();
    std::thread::scope(|threads| {
        for port in ports {
            threads.spawn(|| port.becomes_known(&store, der));
        }
    });
    restart("second", true);
    ports.iter().for_each(|port| port.has_changed(&store));
    restart("second", false);
    ports.iter().filter(|port| port.protocol.is_some()).for_each(|port| port.no_longer_offers_tls(&store));
}

#[test]
fn dovecot_with_imap_pop3_sieve_and_lmtp() {
    let Some(mut dovecot) = Dovecot::start() else { return };
    let ports = [
        starttls(Protocol::Imap, dovecot.imap, IMAP),
        at_once(dovecot.imaps, IMAPS),
        starttls(Protocol::Pop3, dovecot.pop3, POP3),
        at_once(dovecot.pop3s, POP3S),
        starttls(Protocol::Sieve, dovecot.sieve, SIEVE),
        starttls(Protocol::Lmtp, dovecot.lmtp, LMTP),
    ];
    let der = dovecot.place.der("first");
    live(&ports, &der, |identity, tls| dovecot.restart(identity, tls));
}

/// Dovecot with an RSA certificate beside its P-256 one, and a program that knows the RSA one.
#[test]
fn dovecot_with_two_certificates_is_asked_for_the_known_one() {
    let Some(dovecot) = Dovecot::with_two_keys() else { return };
    let rsa = Cert::parse_der(&dovecot.place.der("rsa")).unwrap();
    for port in [starttls(Protocol::Imap, dovecot.imap, IMAP), at_once(dovecot.imaps, IMAPS)] {
        let store = Store::memory();
        let (kind, value, cert) = (PinKind::Key, PinValue::Sha256(rsa.spki()), Some(rsa.clone()));
        let pin = NewPin { kind, state: PinState::Trusted, value, cert, expires: 0, comment: String::new() };
        store.add_pin(&port.endpoint(), &pin, 1).unwrap();
        let verdict = port.connect(&store).unwrap().verdict().unwrap();
        assert_eq!(verdict.chain().der(0), Some(&*dovecot.place.der("first")), "P-256 is what it prefers");
        assert_eq!((verdict.decision(), verdict.risk()), (Decision::Ask, Risk::Medium));
        assert!(verdict.may_add() && verdict.reasons().any(|code| code == "known-key-still-proven"));
    }
}

#[test]
fn postfix_with_smtp_submission_and_smtps() {
    let Some(mut postfix) = Postfix::start() else { return };
    let ports = [
        starttls(Protocol::Smtp, postfix.smtp, SMTP),
        starttls(Protocol::Smtp, postfix.submission, SMTP),
        at_once(postfix.smtps, SMTPS),
    ];
    let der = postfix.place.der("first");
    live(&ports, &der, |identity, tls| postfix.restart(identity, tls));
}

#[test]
fn postgresql() {
    let Some(mut postgres) = Postgres::start() else { return };
    let ports = [starttls(Protocol::Postgres, postgres.port, POSTGRES)];
    let der = postgres.place.der("first");
    live(&ports, &der, |identity, tls| postgres.restart(identity, tls));
}

#[test]
fn slapd_with_starttls_and_ldaps() {
    let Some(mut slapd) = Slapd::start() else { return };
    let ports = [starttls(Protocol::Ldap, slapd.ldap, LDAP), at_once(slapd.ldaps, LDAP)];
    let der = slapd.place.der("first");
    live(&ports, &der, |identity, tls| slapd.restart(identity, tls));
}

/// The options of `openssl req` for a new key.
const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P521: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
const ED25519: &[&str] = &["-newkey", "ed25519"];
const ED448: &[&str] = &["-newkey", "ed448"];
const RSA: &[&str] = &["-newkey", "rsa:2048"];
const RSA_PSS: &[&str] = &["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"];

/// A directory with identities of this kind of key.
fn place(key: &[&str]) -> Place {
    let place = Place::empty();
    place.identity("first", key);
    place.identity("second", key);
    place.present("first");
    place
}

/// First contact, trust, the second time, and another key.
fn live_with_keys(mut server: Single, talk: Talk, options: &[&str]) {
    let port = at_once(server.port, talk);
    let store = Store::memory();
    port.becomes_known(&store, &server.place.der("first"));
    server.restart("second", options);
    port.has_changed(&store);
}

#[test]
fn s_server_with_every_kind_of_key_that_can_be_verified() {
    for (key, options) in [
        (P256, &["-tls1_3"][..]),
        (P521, &["-tls1_3"]),
        (ED25519, &["-tls1_3"]),
        (RSA, &["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"]),
        (RSA_PSS, &["-tls1_3"]),
    ] {
        let Some(server) = Single::openssl(place(key), options) else { return };
        live_with_keys(server, REVERSED, options);
    }
}

#[test]
fn gnutls_serv_with_odd_priorities() {
    for (key, priority) in [
        (P256, "NORMAL:-VERS-ALL:+VERS-TLS1.3"),
        (P256, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-GROUP-ALL:+GROUP-SECP384R1"),
        (RSA, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM"),
        (RSA_PSS, "NORMAL:-VERS-ALL:+VERS-TLS1.3"),
        (ED25519, "NORMAL"),
    ] {
        let Some(server) = Single::gnutls(place(key), priority) else { return };
        live_with_keys(server, ECHO, &["--priority", priority]);
    }
}

/// What a probe shows of a server with which no session is possible: its certificate and the cause.
fn shown_without_a_session(server: &Single, cause: &str) {
    let port = at_once(server.port, ECHO);
    let shown = port.probe().unwrap();
    assert_eq!(shown.chain().der(0), Some(&*server.place.der("first")));
    assert!(!shown.proven());
    let failure = shown.failure().unwrap().to_string();
    assert!(failure.contains(cause), "{cause}: {failure}");
    let error = port.connect(&Store::memory()).unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }), "{error}");
}

#[test]
fn servers_that_no_session_is_possible_with_show_their_certificate_all_the_same() {
    for (key, priority, cause) in [
        (RSA, "NORMAL:-VERS-ALL:+VERS-TLS1.0", "TLS 1.0"),
        (RSA, "NORMAL:-VERS-ALL:+VERS-TLS1.1", "TLS 1.1"),
        (RSA, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", "RSA"),
        (RSA, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA", "DHE"),
        (P256, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", "CBC"),
        (ED448, "NORMAL:-VERS-ALL:+VERS-TLS1.2", "cannot be verified"),
    ] {
        let Some(server) = Single::gnutls(place(key), priority) else { return };
        shown_without_a_session(&server, cause);
    }
}
