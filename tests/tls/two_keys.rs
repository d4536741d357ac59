//! Servers with keys of several kinds: a second connection finds the known key, lowers the risk and
//! offers to add the other one, and never accepts it.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tofu::cert::{Cert, KeyAlgorithm};
use tofu::endpoint::Endpoint;
use tofu::store::{NewPin, PinKind, PinState, PinValue, Store};
use tofu::tls::{Conn, Dial, Flow, Progress, connect};
use tofu::trust::{self, Answer, Check, Decision, Risk, SecondLook, Verdict};

use crate::net_support::{Identity, NAME, Server, config, config_choosing, echo, heard, kept, terms, tls};

fn serving(config: Arc<ServerConfig>) -> Server {
    let (_, keep) = heard();
    Server::start(move |stream| echo(tls(stream, &config), &keep))
}

/// One name and one port for every server of a test, wherever it listens.
fn mail() -> Endpoint {
    Endpoint::parse("", NAME, 993).unwrap()
}

fn see(store: &Store, server: &Server) -> Conn {
    connect(store, &mail(), server.dial(), terms()).unwrap()
}

fn say_yes(store: &Store, verdict: &Verdict, add: bool) {
    trust::trust(store, verdict, &Answer { now: verdict.at(), add, ..Answer::default() }).unwrap();
}

/// A store that trusts this key for [`mail`].
fn knowing(identity: &Identity) -> Store {
    let store = Store::memory();
    let server = serving(config(identity));
    let conn = see(&store, &server);
    say_yes(&store, &conn.verdict().unwrap(), false);
    assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Accept));
    store
}

fn because(verdict: &Verdict, code: &str) -> bool {
    verdict.reasons().any(|reason| reason == code)
}

fn words(verdict: &Verdict) -> String {
    verdict.to_text(80).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_second_look_finds_the_known_key_and_offers_to_add_the_other() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    for (known, preferred) in [(&rsa, &p256), (&p256, &rsa)] {
        let store = knowing(known);
        let server = serving(config_choosing(&[preferred.clone(), known.clone()]));
        let conn = see(&store, &server);
        let verdict = conn.verdict().unwrap();
        assert_eq!(verdict.decision(), Decision::Ask, "the known key on another connection accepts nothing");
        assert_eq!((verdict.risk(), verdict.may_add()), (Risk::Medium, true));
        assert!(because(&verdict, "known-key-still-proven") && !because(&verdict, "known-key-not-proven"));
        assert_eq!(server.connections(), 2);
        let text = words(&verdict);
        assert!(text.contains("which it still proves") && text.contains("beside the known one"), "{text}");
        assert!(!text.contains("Do not trust it now"), "{text}");
        assert_eq!(conn.write(b"secret").unwrap(), Flow::Held(Decision::Ask));

        // The answer goes through the rules again, with what was seen.
        say_yes(&store, &verdict, true);
        assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Accept));
        drop(conn);
        for only in [known, preferred] {
            assert_eq!(see(&store, &serving(config(only))).verdict().unwrap().decision(), Decision::Accept);
        }
        let again = serving(config_choosing(&[preferred.clone(), known.clone()]));
        assert_eq!(see(&store, &again).verdict().unwrap().decision(), Decision::Accept);
        assert_eq!(again.connections(), 1, "what is known needs no second look");
    }
}

#[test]
fn a_key_that_nobody_proves_any_more_is_as_risky_as_before() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    let store = knowing(&rsa);
    let server = serving(config(&p256));
    let verdict = see(&store, &server).verdict().unwrap();
    assert_eq!((verdict.decision(), verdict.risk(), verdict.may_add()), (Decision::Ask, Risk::High, false));
    assert!(because(&verdict, "known-key-not-proven"), "{:?}", verdict.reasons().collect::<Vec<_>>());
    assert_eq!(server.connections(), 2);
    assert!(words(&verdict).contains("Do not trust it now"));
}

/// A policy that rejects every change does so, and says all the same what the server holds.
#[test]
fn a_strict_policy_rejects_and_says_that_the_known_key_is_still_proven() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    let store = knowing(&rsa);
    let server = serving(config_choosing(&[p256, rsa]));
    let mut terms = terms();
    terms.policy = Some(trust::Policy::preset("strict").unwrap());
    let verdict = connect(&store, &mail(), server.dial(), terms).unwrap().verdict().unwrap();
    assert_eq!((verdict.decision(), verdict.may_add()), (Decision::Reject, false));
    assert!(because(&verdict, "known-key-still-proven"));
}

/// A copy of the known certificate proves nothing without its key.
#[test]
fn the_known_certificate_without_its_key_is_not_the_known_key() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    let store = knowing(&rsa);
    let other = Identity { cert: rsa.cert.clone(), key: rsa_of_another() };
    let server = serving(config_choosing(&[p256, other]));
    let verdict = see(&store, &server).verdict().unwrap();
    assert_eq!((verdict.risk(), verdict.may_add()), (Risk::High, false));
    assert!(because(&verdict, "known-key-not-proven"));
}

fn rsa_of_another() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    crate::net_support::openssl(dir.path(), &["genrsa", "-out", "key", "2048"]);
    crate::net_support::openssl(
        dir.path(),
        &["pkcs8", "-topk8", "-nocrypt", "-in", "key", "-outform", "DER", "-out", "p8"],
    );
    std::fs::read(dir.path().join("p8")).unwrap()
}

#[test]
fn a_key_of_the_same_kind_is_not_looked_for_again() {
    let (one, other) = (kept("two-p256"), kept("p256-by-ml-dsa"));
    let store = knowing(&one);
    let server = serving(config(&other));
    let verdict = see(&store, &server).verdict().unwrap();
    assert_eq!((server.connections(), verdict.risk()), (1, Risk::High));
    assert!(!because(&verdict, "known-key-not-proven"));
}

/// A key of a kind that no handshake here can prove is not asked for, and nobody says that it was.
#[test]
fn a_known_key_that_cannot_be_proven_is_not_looked_for() {
    let der = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/certs/key-ed448.der");
    let ed448 = Cert::parse_der(&std::fs::read(der).unwrap()).unwrap();
    let store = Store::memory();
    let (kind, state, value) = (PinKind::Key, PinState::Trusted, PinValue::Sha256(ed448.spki()));
    let pin = NewPin { kind, state, value, cert: Some(ed448), expires: 0, comment: String::new() };
    store.add_pin(&mail(), &pin, 1).unwrap();
    let server = serving(config(&kept("two-p256")));
    let verdict = see(&store, &server).verdict().unwrap();
    assert_eq!((server.connections(), verdict.risk()), (1, Risk::High));
    assert!(!because(&verdict, "known-key-not-proven"));
}

/// Only the hash of a typed or imported pin is known, so every other kind is asked for in turn.
#[test]
fn a_pin_without_a_certificate_is_looked_for_among_all_kinds() {
    let (p256, rsa, ml_dsa) = (kept("two-p256"), kept("two-rsa"), kept("ml-dsa-65"));
    let cert = Cert::parse_der(&rsa.cert).unwrap();
    for (kind, value) in [(PinKind::Key, cert.spki()), (PinKind::Certificate, cert.fingerprint())] {
        let store = Store::memory();
        let (value, state, comment) = (PinValue::Sha256(value), PinState::Trusted, String::new());
        store.add_pin(&mail(), &NewPin { kind, state, value, cert: None, expires: 0, comment }, 1).unwrap();
        let server = serving(config_choosing(&[p256.clone(), ml_dsa.clone(), rsa.clone()]));
        let verdict = see(&store, &server).verdict().unwrap();
        assert!(because(&verdict, "known-key-still-proven"), "{:?}", verdict.reasons().collect::<Vec<_>>());
        assert_eq!((verdict.risk(), server.connections()), (Risk::Medium, 3));
    }
}

#[test]
fn ml_dsa_and_rsa_on_one_port_are_found_in_either_order() {
    let (rsa, ml_dsa) = (kept("two-rsa"), kept("ml-dsa-44"));
    for (known, preferred) in [(&rsa, &ml_dsa), (&ml_dsa, &rsa)] {
        let store = knowing(known);
        let server = serving(config_choosing(&[preferred.clone(), known.clone()]));
        let verdict = see(&store, &server).verdict().unwrap();
        assert_eq!((verdict.risk(), verdict.may_add()), (Risk::Medium, true));
    }
}

/// The look may be let through by an attacker, so what else speaks against the change is not forgotten.
#[test]
fn a_server_that_answers_the_second_look_with_silence_or_a_stranger_gets_no_lower_risk() {
    let (p256, rsa, stranger) = (kept("two-p256"), kept("two-rsa"), kept("ml-dsa-87"));
    let store = knowing(&rsa);
    let server = serving(config_choosing(&[p256.clone(), stranger]));
    assert_eq!(see(&store, &server).verdict().unwrap().risk(), Risk::High);

    let first = std::sync::atomic::AtomicBool::new(true);
    let once = config(&p256);
    let (_, keep) = heard();
    let silent = Server::start(move |stream| {
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            echo(tls(stream, &once), &keep);
        }
    });
    let verdict = see(&store, &silent).verdict().unwrap();
    assert_eq!((verdict.risk(), verdict.may_add()), (Risk::High, false));
}

#[test]
fn a_key_that_is_blocked_somewhere_or_that_everybody_has_proves_nothing_good() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    let spki = Cert::parse_der(&rsa.cert).unwrap().spki();
    let elsewhere = Endpoint::parse("", "elsewhere.example.test", 993).unwrap();
    let refusals: [&dyn Fn(&Store); 3] = [
        &|store| {
            store.block(None, PinKind::Key, spki, "", 1).unwrap();
        },
        &|store| {
            store.block(Some(&elsewhere), PinKind::Key, spki, "", 1).unwrap();
        },
        &|store| {
            store.mark_published(spki, "an old appliance", 1).unwrap();
        },
    ];
    for (number, refuse) in refusals.iter().enumerate() {
        let store = knowing(&rsa);
        refuse(&store);
        let server = serving(config_choosing(&[p256.clone(), rsa.clone()]));
        let verdict = see(&store, &server).verdict().unwrap();
        assert!(!because(&verdict, "known-key-still-proven"), "{number}");
        assert_eq!((verdict.risk(), verdict.may_add()), (Risk::High, false), "{number}");
    }
}

/// If the caller's TLS stack made the connection, the text says what may be and how to find out.
#[test]
fn without_a_look_the_text_names_the_possibility_and_the_command() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    let store = knowing(&rsa);
    let mut chain = tofu::path::Chain::new();
    chain.push_der(&p256.cert).unwrap();
    let terms = terms();
    let now = tofu::time::system_now();
    let check = Check { policy: terms.policy.as_ref(), ..Check::new(mail_ref(), &chain, now) };
    let verdict = trust::check(&store, &check).unwrap();
    assert_eq!((verdict.risk(), verdict.may_add()), (Risk::High, false));
    let text = words(&verdict);
    assert!(text.contains("keys of different kinds") && text.contains("tofuctl check mail.example.test:993"), "{text}");

    // The caller may look as well, and say what it found.
    let mut seen = tofu::path::Chain::new();
    seen.push_der(&rsa.cert).unwrap();
    let look = SecondLook::Proved(seen);
    let verdict = trust::check(&store, &Check { second_look: &look, ..check.clone() }).unwrap();
    assert_eq!((verdict.risk(), verdict.may_add()), (Risk::Medium, true));
    let look = SecondLook::Proved(chain.clone());
    let verdict = trust::check(&store, &Check { second_look: &look, ..check }).unwrap();
    assert_eq!(verdict.risk(), Risk::High, "the same stranger twice");
}

fn mail_ref() -> &'static Endpoint {
    static MAIL: std::sync::OnceLock<Endpoint> = std::sync::OnceLock::new();
    MAIL.get_or_init(mail)
}

#[test]
fn a_dial_offers_the_kinds_it_is_told_and_refuses_what_nobody_verifies() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    let server = serving(config_choosing(&[p256.clone(), rsa.clone()]));
    for (kind, shown) in [(KeyAlgorithm::Ec, &p256), (KeyAlgorithm::Rsa, &rsa)] {
        let dial = server.dial().key_kinds(&[kind]).unwrap();
        let conn = connect(&Store::memory(), &mail(), dial, terms()).unwrap();
        assert_eq!(conn.verdict().unwrap().chain().der(0), Some(&*shown.cert));
    }
    let dial = server.dial().key_kinds(&[KeyAlgorithm::Ed25519]).unwrap();
    assert!(connect(&Store::memory(), &mail(), dial, terms()).is_err());
    assert!(Dial::new().key_kinds(&[KeyAlgorithm::Ed448]).is_err());
    assert!(Dial::new().key_kinds(&[]).is_err());
}

/// What gnutls-serv does with two certificates (Dovecot is among the tests of real servers): in TLS 1.2 the cipher suite chooses, in 1.3 the signature.
#[test]
fn gnutls_with_two_certificates_is_asked_for_the_known_one() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stacks");
    let mut gnutls = vec!["--echo"];
    for file in ["two-p256", "two-rsa"] {
        let [cert, key] = ["pem", "key"].map(|kind| &*format!("{file}.{kind}").leak());
        gnutls.extend(["--x509certfile", cert, "--x509keyfile", key]);
    }
    let servers = [
        crate::hello_support::gnutls_serv(&folder, &[&gnutls[..], &["--priority", "NORMAL:-VERS-TLS1.3"]].concat()),
        crate::hello_support::gnutls_serv(&folder, &gnutls),
    ];
    let keys = [kept("two-p256"), kept("two-rsa")];
    for (number, server) in servers.iter().enumerate() {
        let dial = || Dial::new().address(([127, 0, 0, 1], server.port).into());
        let seen = connect(&Store::memory(), &mail(), dial(), terms()).unwrap().verdict().unwrap();
        let shown = keys.iter().position(|key| seen.chain().der(0) == Some(&*key.cert)).unwrap();
        let store = knowing(&keys[1 - shown]);
        let verdict = connect(&store, &mail(), dial(), terms()).unwrap().verdict().unwrap();
        let reasons: Vec<&str> = verdict.reasons().collect();
        assert_eq!((verdict.decision(), verdict.risk()), (Decision::Ask, Risk::Medium), "server {number}: {reasons:?}");
        assert!(verdict.may_add() && because(&verdict, "known-key-still-proven"), "server {number}: {reasons:?}");
    }
}

/// The first connection is held while the second is made, so such a server does not answer the second.
/// That says nothing about its keys.
#[test]
fn a_server_that_serves_one_client_at_a_time_is_not_waited_for_long() {
    let (p256, rsa) = (kept("two-p256"), kept("two-rsa"));
    let store = knowing(&rsa);
    let config = config_choosing(&[p256, rsa]);
    let one = Mutex::new(());
    let (_, keep) = heard();
    let server = Server::start(move |stream| {
        let _one = one.lock().unwrap();
        echo(tls(stream, &config), &keep);
    });
    let begun = std::time::Instant::now();
    let dial = server.dial().limits(crate::net_support::limits(600)).unwrap();
    let verdict = connect(&store, &mail(), dial, terms()).unwrap().verdict().unwrap();
    assert!(begun.elapsed() < std::time::Duration::from_secs(3));
    assert_eq!((verdict.decision(), verdict.risk(), verdict.may_add()), (Decision::Ask, Risk::High, false));
    assert!(!because(&verdict, "known-key-not-proven"));
}
