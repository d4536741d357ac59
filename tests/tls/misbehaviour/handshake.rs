//! Misbehaviour in the handshake itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::misbehaviour::records::{self, ALERT, CHANGE, DATA, HANDSHAKE, clear, first_flight, message};
use crate::misbehaviour::{Sent, failure, flood, hang, little, reset, unshown};
use crate::net_support::{Identity, Server, config_showing, identity, tls};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tofu::tls::{NetError, Step};

/// A server that hears a ClientHello and then does this.
fn after_hello(script: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Server {
    Server::start(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        script(&mut stream);
    })
}

/// The words of a failure in the handshake. A probe of the same server, with its second look in the clear, does not
/// come further.
fn words(server: &Server) -> String {
    let error = unshown(server, 5_000);
    assert!(error.to_string().contains("TLS handshake: "), "{error}");
    let error = failure(server, None, 5_000);
    assert!(matches!(error, NetError::Tls { step: Step::Handshake, .. }), "{error:?}");
    assert!(error.to_string().contains("TLS handshake: "), "{error}");
    error.to_string()
}

/// Servers that begin properly, in both versions, and a test of each.
fn properly(test: impl Fn(Arc<rustls::ServerConfig>)) {
    let identity = identity();
    let versions: [&'static SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    versions.into_iter().for_each(|version| test(records::config(&identity, version)));
}

#[test]
fn a_first_flight_that_stops_anywhere_ends_at_the_limit() {
    properly(|config| {
        for part in [0, 1, 4, 5, 6, 9, 60, 90, 300, 500] {
            let config = Arc::clone(&config);
            let server = Server::start(move |mut stream| {
                let flight = first_flight(&mut stream, &config);
                let _ = stream.write_all(&flight[..part.min(flight.len() - 1)]);
                hang(&stream);
            });
            let error = unshown(&server, 100);
            assert!(matches!(error, NetError::Timeout { step: Step::Handshake, .. }), "{part}: {error}");
            let error = failure(&server, None, 100);
            assert!(matches!(error, NetError::Timeout { step: Step::Handshake, .. }), "{part}: {error}");
        }
    });
}

#[test]
fn a_first_flight_that_is_cut_off_anywhere_is_no_handshake() {
    properly(|config| {
        for part in (0..400).step_by(7) {
            let config = Arc::clone(&config);
            let server = Server::start(move |mut stream| {
                let flight = first_flight(&mut stream, &config);
                let _ = stream.write_all(&flight[..part.min(flight.len() - 1)]);
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                hang(&stream);
            });
            assert!(words(&server).contains("closed the connection in the middle of the handshake"));
        }
    });
}

#[test]
fn a_reset_anywhere_in_the_first_flight_is_named() {
    properly(|config| {
        for part in [0, 1, 5, 90, 300] {
            let config = Arc::clone(&config);
            let server = Server::start(move |mut stream| {
                let flight = first_flight(&mut stream, &config);
                let _ = stream.write_all(&flight[..part]);
                reset(stream);
            });
            let error = failure(&server, None, 5_000);
            assert!(matches!(error, NetError::Broken { step: Step::Handshake, .. }), "{error:?}");
            assert!(error.to_string().contains("TLS handshake: Connection reset by peer"), "{error}");
            assert!(!error.to_string().contains("os error"), "{error}");
        }
    });
}

/// Where the versions of the records are.
fn versions(flight: &[u8]) -> Vec<usize> {
    let (mut places, mut at) = (Vec::new(), 0);
    while let [_, _, _, high, low, ..] = flight[at..] {
        places.extend([at + 1, at + 2]);
        at += 5 + usize::from(u16::from_be_bytes([high, low]));
    }
    places
}

#[test]
fn a_first_flight_with_any_byte_changed_never_becomes_a_connection() {
    properly(|config| {
        let at = Arc::new(AtomicUsize::new(0));
        let (place, config) = (Arc::clone(&at), Arc::clone(&config));
        let server = Server::start(move |mut stream| {
            let mut flight = first_flight(&mut stream, &config);
            let mut place = place.load(Ordering::SeqCst) % flight.len();
            // The version of a record means nothing in TLS 1.3 (RFC 8446, section 5.1).
            while versions(&flight).contains(&place) {
                place += 1;
            }
            flight[place] ^= 0x41;
            let _ = stream.write_all(&flight);
            // A changed length makes the client wait for more.
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            hang(&stream);
        });
        for place in (0..900).step_by(5) {
            at.store(place, Ordering::SeqCst);
            let error = failure(&server, None, 5_000);
            assert!(matches!(error, NetError::Tls { step: Step::Handshake, .. }), "{place}: {error}");
        }
    });
}

#[test]
fn a_first_flight_that_drips_ends_at_the_limit() {
    properly(|config| {
        let server = Server::start(move |mut stream| {
            for byte in first_flight(&mut stream, &config) {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let begun = Instant::now();
        let error = failure(&server, None, 200);
        assert!(matches!(error, NetError::Timeout { step: Step::Handshake, .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(2));
    });
}

#[test]
fn every_alert_is_a_refusal_that_is_named() {
    let kind = Arc::new(AtomicUsize::new(0));
    let kinds = Arc::clone(&kind);
    let server = after_hello(move |stream| {
        let kind = u8::try_from(kinds.load(Ordering::SeqCst)).unwrap();
        let _ = stream.write_all(&clear(ALERT, &[2, kind]));
    });
    for number in 0..=255 {
        kind.store(number, Ordering::SeqCst);
        let words = words(&server);
        match number {
            40 => assert!(words.contains("no common cipher suite") && words.contains("handshake_failure"), "{words}"),
            70 => assert!(words.contains("another version of TLS"), "{words}"),
            112 => assert!(words.contains("does not know this host name"), "{words}"),
            _ => assert!(words.contains("the server refused: "), "{number}: {words}"),
        }
    }
}

#[test]
fn whatever_is_not_tls_is_said_with_its_first_words() {
    let shown = |said: &'static [u8]| words(&after_hello(move |stream| drop(stream.write_all(said))));
    let text = shown(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert!(text.contains("does not speak TLS here, it says: HTTP/1.1 400 Bad Request"), "{text}");
    assert!(text.ends_with("(this looks like HTTP)"), "{text}");
    let text = shown(b"SSH-2.0-OpenSSH_9.6\r\n");
    assert!(text.ends_with("says: SSH-2.0-OpenSSH_9.6 (this looks like SSH)"), "{text}");
    let text = shown(b"* OK ready\r\n");
    assert!(text.ends_with("(this looks like IMAP in the clear: does this port want STARTTLS?)"), "{text}");
    let text = shown(b"421 too many\r\n");
    assert!(text.ends_with("(this looks like a refusal in SMTP or FTP)"), "{text}");
    let text = shown(b"2200 no protocol\r\n");
    assert!(text.ends_with("it says: 2200 no protocol"), "{text}");
    let text = shown(b"\x1b]0;owned\x07\x1b[2J\r\n");
    assert!(text.contains("\\x1B]0;owned\\x07"), "{text}");
    shown(b"\0\0\0\0");
    shown(b"\x80\x2e\x01\x03\x01");
    shown(&[0xff; 300]);
}

#[test]
fn a_record_of_65535_bytes_and_half_a_record_are_no_tls() {
    let server = after_hello(|stream| {
        let _ = stream.write_all(&[HANDSHAKE, 3, 3, 0xff, 0xff]);
        let _ = stream.write_all(&[0; 65_535]);
        hang(stream);
    });
    assert!(words(&server).contains("not proper TLS"));
    let server = after_hello(|stream| drop(stream.write_all(&[HANDSHAKE, 3, 3, 0x20, 0, 2, 0])));
    assert!(words(&server).contains("in the middle of the handshake"));
}

#[test]
fn floods_of_every_kind_of_record_end() {
    let kinds: [(&str, Vec<u8>); 8] = [
        ("warnings", clear(ALERT, &[1, 90])),
        ("empty alerts", clear(ALERT, &[])),
        ("empty handshake records", clear(HANDSHAKE, &[])),
        ("hello requests", clear(HANDSHAKE, &message(0, &[]))),
        ("changes of cipher", clear(CHANGE, &[1])),
        ("empty data", clear(DATA, &[])),
        ("data", clear(DATA, &[7; 1000])),
        ("a message without end", clear(HANDSHAKE, &[2, 0xff, 0xff, 0xff, 3, 3, 7, 7])),
    ];
    for (name, record) in kinds {
        let sent = Sent::default();
        let count = Arc::clone(&sent);
        let server = after_hello(move |stream| flood(stream, &record, &count));
        let words = words(&server);
        let causes = ["not proper TLS", "broke the rules", "unexpected", "over 64 KiB"];
        assert!(causes.iter().any(|cause| words.contains(cause)), "{name}: {words}");
        little(&sent);
    }
}

/// The same in one version only.
fn only(config: &rustls::ServerConfig, version: &'static SupportedProtocolVersion) -> Arc<rustls::ServerConfig> {
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(config.crypto_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap().with_no_client_auth();
    Arc::new(builder.with_cert_resolver(Arc::clone(&config.cert_resolver)))
}

/// Cut into records of one byte each, which costs six bytes on the wire for each.
fn crumbs(flight: &[u8]) -> Vec<u8> {
    let mut crumbs = Vec::new();
    let mut rest = flight;
    while let [kind, _, _, high, low, ..] = rest {
        let end = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        rest[5..end].iter().for_each(|byte| crumbs.extend(clear(*kind, &[*byte])));
        rest = &rest[end..];
    }
    crumbs
}

#[test]
fn a_large_message_in_records_of_one_byte_costs_no_more_than_its_length() {
    let identity = identity();
    let config = config_showing(&identity, vec![identity.cert.clone(); 100], false);
    let tls12 = only(&config, &TLS12);
    let server = Server::start(move |mut stream| {
        let flight = first_flight(&mut stream, &tls12);
        let _ = stream.write_all(&crumbs(&flight));
        hang(&stream);
    });
    let error = failure(&server, None, 5_000);
    assert!(error.to_string().contains("TLS handshake: message buffer full"), "{error}");
}

/// The error of a server that shows its certificate this often.
fn flooded(identity: &Identity, times: usize) -> NetError {
    let config = config_showing(identity, vec![identity.cert.clone(); times], false);
    let server = Server::start(move |stream| drop(tls(stream, &config).read(&mut [0; 1])));
    failure(&server, None, 5_000)
}

#[test]
fn a_hundred_certificates_and_300_kib_of_them_are_more_than_is_looked_at() {
    let identity = identity();
    let error = flooded(&identity, 100);
    assert_eq!(error.code(), "tls.limit", "{error}");
    assert!(error.to_string().contains("TLS handshake: the server sent 100 certificates"), "{error}");
    let error = flooded(&identity, 300 * 1024 / identity.cert.len());
    assert!(error.to_string().contains("a handshake message over 64 KiB"), "{error}");
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let (shown, held) = (identity(), identity());
    for version in [&TLS12, &TLS13] {
        let thief = Identity { cert: shown.cert.clone(), key: held.key.clone() };
        let config = config_showing(&thief, vec![shown.cert.clone()], false);
        let only = only(&config, version);
        let server = Server::start(move |stream| drop(tls(stream, &only).read(&mut [0; 1])));
        assert!(words(&server).contains("does not hold it"));
    }
}
