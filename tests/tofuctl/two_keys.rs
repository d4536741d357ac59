//! The tool, and a server with keys of several kinds on one port.

use tofu::cert::Cert;
use tofu::store::PinState;

use crate::net_support::{Server, config, config_choosing, echo, heard, kept, tls};
use crate::user::{User, flat};

fn serving(names: &[&str]) -> (Server, String) {
    let identities: Vec<_> = names.iter().map(|name| kept(name)).collect();
    let config = if identities.len() == 1 { config(&identities[0]) } else { config_choosing(&identities) };
    let (_, keep) = heard();
    let server = Server::start(move |stream| echo(tls(stream, &config), &keep));
    let name = format!("127.0.0.1:{}", server.port());
    (server, name)
}

fn cert(name: &str) -> Cert {
    Cert::parse_der(&kept(name).cert).unwrap()
}

#[test]
fn a_fingerprint_of_the_other_certificate_is_asked_for_and_trusted() {
    let user = User::new();
    let (_server, name) = serving(&["two-p256", "ml-dsa-44", "two-rsa"]);
    let wanted = cert("two-rsa");
    user.run(&["trust", "--fingerprint", &wanted.fingerprint().colon_hex(), &name]).ends(0);
    assert_eq!(user.pins()[0].value, tofu::store::PinValue::Sha256(wanted.spki()));
}

/// Of one kind a server shows one key only, so the other of that kind cannot be asked for.
#[test]
fn a_fingerprint_of_no_certificate_of_the_server_names_those_that_it_has() {
    let user = User::new();
    let (_server, name) = serving(&["two-p256", "ml-dsa-44", "ml-dsa-65"]);
    let ran = user.run(&["trust", "--fingerprint", &cert("ml-dsa-65").fingerprint().hex(), &name]).ends(4);
    for shown in [cert("two-p256"), cert("ml-dsa-44")] {
        assert!(flat(&ran.err).contains(&shown.fingerprint().hex()), "{}", ran.err);
    }
    assert!(!user.path("data").exists(), "a wrong fingerprint leaves no trace");
}

#[test]
fn the_known_key_stays_beside_the_other_one_that_a_person_vouches_for() {
    let user = User::new();
    let (_server, name) = serving(&["two-p256", "two-rsa"]);
    let pin = |name: &str| cert(name).spki().key_pin();
    user.run(&["trust", "--fingerprint", &pin("two-rsa"), &name]).ends(0);
    // The server goes on showing P-256 to everybody who takes it.
    let ran = user.run(&["check", "--no-ask", &name]).ends(3);
    assert!(flat(&ran.out).contains("which it still proves on a second connection"), "{}", ran.out);
    let json = user.run(&["--json", "check", "--no-ask", &name]).ends(3).json();
    assert_eq!((json["risk"].as_str(), json["may_add"].as_bool()), (Some("medium"), Some(true)), "{json}");

    user.run(&["trust", "--fingerprint", &pin("two-p256"), &name]).ends(0);
    let states: Vec<PinState> = user.pins().iter().map(|pin| pin.state).collect();
    assert_eq!(states, [PinState::Trusted, PinState::Trusted]);
    user.run(&["check", "--no-ask", &name]).ends(0);
    user.run(&["trust", "--fingerprint", &pin("two-rsa"), &name]).ends(0).says("Trusted already");
}

#[test]
fn the_fingerprint_of_an_authority_is_called_that() {
    let user = User::new();
    let authority = user.authority.root.clone();
    let chain = [crate::user::certified(&user.authority, "two", 90), vec![authority.clone()]].concat();
    let server = crate::user::Server::start(chain, "two", crate::user::Manner::Echo);
    let ran = user.run(&["trust", "--fingerprint", &authority.fingerprint().hex(), &server.name()]).ends(4);
    assert!(flat(&ran.err).contains("fingerprint of the authority CN=Public Trust CA"), "{}", ran.err);
    assert!(!user.path("data").exists());
}
