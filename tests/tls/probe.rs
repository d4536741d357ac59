//! What a server shows, whether or not anything about it validates or a session is possible.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use crate::net_support::{
    NAME, Server, config, config_agreeing, config_showing, echo, heard, identity, imap_until_starttls, kept, limits,
    tls,
};
use tofu::endpoint::Host;
use tofu::tls::{Dial, NetError, Probe, Protocol, Sni, probe};

fn look(server: &Server, dial: Dial) -> Result<Probe, NetError> {
    probe(&Host::parse(NAME).unwrap(), server.endpoint().port, dial)
}

#[test]
fn a_self_signed_server_shows_its_chain_and_what_was_agreed_on() {
    let identity = identity();
    let (server, heard) = Server::echo(&identity);
    let shown = look(&server, server.dial().alpn(&[b"imap"]).unwrap()).unwrap();
    assert_eq!(shown.chain().der(0), Some(&*identity.cert));
    assert!(shown.proven() && shown.failure().is_none() && !shown.client_certificate());
    assert_eq!((shown.protocol().as_deref(), shown.sni()), (Some("TLS 1.3"), Some(NAME)));
    assert_eq!(shown.address(), Some(server.address));
    assert!(shown.timings().connect.is_some() && shown.timings().handshake.is_some());
    assert!(shown.timings().starttls.is_none() && shown.timings().resolve.is_none());
    assert_eq!(*heard.lock().unwrap(), b"");
    let json = shown.to_json();
    assert_eq!(json["tls"], "TLS 1.3");
    assert_eq!(json["certificates"].as_array().unwrap().len(), 1);
    assert!(json["microseconds"]["handshake"].as_u64().unwrap() > 0);
    // The page has a row for each key, and no other one.
    let page = include_str!("../../docs/json-probe.md");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let described: BTreeSet<&str> =
        cells.flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`')).collect();
    let written: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, written, "docs/json-probe.md");
}

#[test]
fn the_name_sent_in_the_clear_is_the_callers_choice() {
    let (server, _) = Server::echo(&identity());
    assert_eq!(look(&server, server.dial().sni(Sni::None)).unwrap().sni(), None);
    let other = Sni::Name(Host::parse("other.example.test").unwrap());
    assert_eq!(look(&server, server.dial().sni(other)).unwrap().sni(), Some("other.example.test"));
    let address = Host::parse("127.0.0.1").unwrap();
    let shown = probe(&address, server.endpoint().port, Dial::new().limits(limits(5_000)).unwrap()).unwrap();
    assert_eq!(shown.sni(), None, "an address is no server name (RFC 6066, section 3)");
}

#[test]
fn a_server_that_demands_a_client_certificate_has_shown_its_own() {
    let identity = identity();
    let config = config_showing(&identity, vec![identity.cert.clone()], true);
    let (_, keep) = heard();
    let server = Server::start(move |stream| echo(tls(stream, &config), &keep));
    let shown = look(&server, server.dial()).unwrap();
    assert!(shown.client_certificate() && shown.proven());
    assert_eq!(shown.chain().len(), 1);
}

#[test]
fn of_a_flood_of_certificates_the_first_64_are_shown_and_the_flood_is_named() {
    let identity = identity();
    let config = config_showing(&identity, vec![identity.cert.clone(); 100], false);
    let server = Server::start(move |stream| drop(tls(stream, &config).read(&mut [0; 1])));
    let shown = look(&server, server.dial()).unwrap();
    assert_eq!(shown.chain().len(), 64);
    assert!(!shown.proven());
    let failure = shown.failure().unwrap().to_string();
    assert!(failure.contains("100 certificates") && failure.contains("64"), "{failure}");
}

#[test]
fn a_probe_goes_through_starttls_and_keeps_the_greeting() {
    let identity = identity();
    let config = config(&identity);
    let (_, keep) = heard();
    let server = Server::start(move |mut stream| {
        imap_until_starttls(&mut stream, "IMAP4rev1 STARTTLS", "OK\r\n");
        echo(tls(stream, &config), &keep);
    });
    let shown = look(&server, server.dial().starttls(Protocol::Imap)).unwrap();
    assert!(shown.greeting().unwrap().contains("ready"));
    assert!(shown.timings().starttls.is_some());
    assert_eq!(shown.to_json()["starttls"], true);
}

#[test]
fn a_server_that_shows_nothing_is_an_error_with_the_cause() {
    let alert = Server::start(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]);
        let _ = stream.read(&mut [0; 4096]);
    });
    let error = look(&alert, alert.dial()).unwrap_err().to_string();
    assert!(error.contains("handshake_failure"), "{error}");
    assert_eq!(alert.connections(), 2, "the second try was in the clear");

    let clear = Server::start(|mut stream| drop(stream.write_all(b"220 mail.example.test ESMTP\r\n")));
    let error = look(&clear, clear.dial()).unwrap_err().to_string();
    assert!(error.contains("220 mail.example.test ESMTP") && error.contains("STARTTLS"), "{error}");
}

/// Looks at an `openssl s_server` with a new key of this kind.
fn look_at(key: &[&str], args: &[&str]) -> Result<Probe, NetError> {
    let dir = tempfile::tempdir().unwrap();
    let mut genpkey = vec!["genpkey", "-out", "key"];
    genpkey.extend(key);
    crate::net_support::openssl(dir.path(), &genpkey);
    let subject = format!("/CN={NAME}");
    crate::net_support::openssl(dir.path(), &["req", "-x509", "-new", "-key", "key", "-out", "crt", "-subj", &subject]);
    let mut all = vec!["-cert", "crt", "-key", "key"];
    all.extend(args);
    let server = crate::hello_support::s_server(dir.path(), &all);
    let port = std::num::NonZeroU16::new(server.port).unwrap();
    let dial = Dial::new().address(([127, 0, 0, 1], server.port).into()).limits(limits(10_000)).unwrap();
    probe(&Host::parse(NAME).unwrap(), port, dial)
}

#[test]
fn a_server_of_old_is_shown_with_what_stands_in_the_way() {
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let shown = look_at(&rsa, &["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"]).unwrap();
    assert_eq!((shown.chain().len(), shown.proven()), (1, false));
    assert_eq!(shown.protocol().as_deref(), Some("TLS 1.0"));
    assert!(shown.facts().is_none() && shown.glimpse().is_some());
    let failure = shown.failure().unwrap().to_string();
    assert!(failure.contains("This server speaks only TLS 1.0"), "{failure}");
    assert_eq!(shown.to_json()["proven"], false);
    assert_eq!(shown.to_json()["failure"]["code"], "tls");

    let shown = look_at(&rsa, &["-tls1_2", "-cipher", "AES128-SHA"]).unwrap();
    assert!(shown.failure().unwrap().to_string().contains("forward secrecy"));
}

#[test]
fn a_key_that_cannot_be_verified_is_shown_although_tls_1_3_encrypts_it() {
    let shown = look_at(&["-algorithm", "ED448"], &["-tls1_3"]).unwrap();
    assert_eq!((shown.chain().len(), shown.proven()), (1, false));
    let failure = shown.failure().unwrap().to_string();
    assert!(failure.contains("Ed448") && failure.contains("cannot be verified"), "{failure}");
}

#[test]
fn a_weak_key_is_proven_all_the_same() {
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
    for version in ["-tls1_2", "-tls1_3"] {
        let shown = look_at(&rsa, &[version, "-cipher", "DEFAULT@SECLEVEL=0"]).unwrap();
        assert!(shown.proven() && shown.failure().is_none(), "{version}: {:?}", shown.failure());
    }
}

#[test]
fn a_server_with_an_ml_dsa_key_proves_it() {
    for set in ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"] {
        let (server, _) = Server::echo(&kept(set));
        let shown = look(&server, server.dial()).unwrap();
        if !cfg!(feature = "aws-lc-rs") {
            let failure = shown.failure().unwrap().to_string();
            assert!(failure.contains("ML-DSA") && failure.contains("cannot be verified"), "{failure}");
            continue;
        }
        assert!(shown.proven() && shown.failure().is_none(), "{set}: {:?}", shown.failure());
        assert_eq!(shown.protocol().as_deref(), Some("TLS 1.3"));
        assert_eq!(shown.chain().leaf().unwrap().key().name.to_lowercase(), set);
    }
}

/// The key of another certificate, of the same kind: the server does not hold the one it shows.
#[test]
fn an_ml_dsa_certificate_without_its_key_is_shown_and_not_proven() {
    let (shown, other) = (kept("ml-dsa-44"), kept("ml-dsa-by-p256"));
    let thief = crate::net_support::Identity { cert: shown.cert, key: other.key };
    let (server, _) = Server::echo(&thief);
    let shown = look(&server, server.dial()).unwrap();
    assert!(!shown.proven() && shown.failure().is_some());
}

#[test]
fn the_hybrid_group_is_agreed_on_where_a_server_asks_for_it() {
    use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
    let identity = identity();
    for (groups, name) in [(vec![X25519MLKEM768], "X25519MLKEM768"), (vec![X25519MLKEM768, X25519], "X25519")] {
        let config = config_agreeing(&identity, groups);
        let (_, keep) = heard();
        let server = Server::start(move |stream| echo(tls(stream, &config), &keep));
        let shown = look(&server, server.dial()).unwrap();
        assert!(shown.proven(), "{name}: {:?}", shown.failure());
        // Two groups: rustls as a server prefers one that needs no second hello.
        assert_eq!(shown.group().as_deref(), Some(name));
        assert_eq!(shown.to_json()["group"], name);
    }
}

/// Some servers read a hello in one go, and some devices on the way drop one that fills two packets.
#[test]
fn the_first_hello_is_small_and_names_the_hybrid_group() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let server = Server::start(move |mut stream| {
        let mut hello = vec![0; 4096];
        let got = stream.read(&mut hello).unwrap_or(0);
        hello.truncate(got);
        let _ = sender.send(hello);
    });
    let _ = look(&server, server.dial());
    let hello = receiver.recv().unwrap();
    let length = usize::from(u16::from_be_bytes([hello[3], hello[4]])) + 5;
    assert_eq!(hello.len(), length, "in one piece");
    assert!(length < 300, "{length} bytes");
    let names = |number: u16| hello.windows(2).any(|pair| pair == number.to_be_bytes());
    assert!(names(0x11EC), "X25519MLKEM768 is named");
    assert!([0x0904, 0x0905, 0x0906].into_iter().all(names), "ML-DSA is named");
}
