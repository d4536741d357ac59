//! The tool against servers: probe, check, trust, connect and many at once, without a terminal.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tofu::endpoint::Endpoint;
use tofu::store::{Cursor, Filter, Origin, Pin, PinKind, PinState, PinValue};
use tofu::time::DAY;

use crate::need;
use crate::serve::{free_port, until_it_listens};
use crate::user::{Manner, NOW, Ran, START, Server, User, ca, certified, fits, flat, self_signed};

fn fingerprint(key: &str) -> String {
    self_signed(key)[0].fingerprint().colon_hex()
}

/// Trusts what a server presents with a self-signed certificate of this key.
fn trust(user: &User, server: &Server, key: &str) -> Ran {
    user.run(&["trust", "--fingerprint", &fingerprint(key), &server.name()]).ends(0)
}

/// How many events the log has, and how many endpoints are known.
fn traces(user: &User) -> (usize, usize) {
    let (all, first) = (Filter::default(), Cursor::default());
    let store = user.store();
    let events = store.read(|tx| tx.list_events(&all, &first, 1000)).unwrap().items.len();
    (events, store.read(|tx| tx.list_endpoints(&all, &first, 1000)).unwrap().items.len())
}

#[test]
fn a_probe_shows_the_connection_and_every_certificate() {
    let user = User::new();
    let chain = [certified(&user.authority, "two", 90), vec![user.authority.root.clone()]].concat();
    let server = Server::start(chain.clone(), "two", Manner::Echo);
    let ran = user.run(&["probe", &server.name()]).ends(0);
    let ran = ran.says(&format!("{} presents 2 certificates", server.name())).says("Protocol TLS 1.3, TLS");
    let ran = ran.says("Certificate 1 of 2, the server's For mail.example.org").says("Certificate 2 of 2");
    fits(&ran.out);
    assert!(!user.path("data").exists(), "a probe needs no store");
    let json = user.run(&["probe", "--json", &server.name()]).ends(0).json();
    assert_eq!(json["proven"], true);
    assert_eq!(json["certificates"][0]["fingerprint"], chain[0].fingerprint().hex());
    let pem: String = chain.iter().map(tofu::cert::Cert::to_pem).collect();
    assert_eq!(user.run(&["probe", "--pem", &server.name()]).ends(0).out, pem);
}

#[test]
fn starttls_is_spoken_where_it_is_asked_for() {
    let user = User::new();
    let server = Server::start(self_signed("one"), "one", Manner::Imap);
    user.run(&["probe", "--starttls", "imap", &server.name()]).ends(0).says("Service imap with STARTTLS");
    let ran = user.run(&["check", "--starttls", "imap", "--no-ask", &server.name()]).ends(3);
    assert!(flat(&ran.out).contains("imap with STARTTLS, TLS 1.3"), "{}", ran.out);
    user.run(&["check", "--starttls", "gopher", &server.name()]).ends(2);
}

#[test]
fn a_server_that_cannot_be_reached_is_an_error_that_names_the_step() {
    let user = User::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = format!("127.0.0.1:{free}");
    for command in ["probe", "check", "connect"] {
        let ran = user.run(&[command, &closed]).ends(1).complains(&closed);
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{ran:?}");
    }
    let silent = Server::start(self_signed("one"), "one", Manner::Mute);
    user.run(&["check", "--timeout", "1", &silent.name()]).ends(1).complains("TLS handshake: nothing within 1 s");
    let ran = user.run(&["check", "--timeout", "1", "--starttls", "imap", &silent.name()]).ends(1);
    ran.complains("waiting for the greeting: nothing within 1 s (does this port speak TLS from the first byte?)");
    user.run(&["check", "two words"]).ends(2);
    user.run(&["check", "*.example.org"]).ends(2);
}

/// `openssl s_server` with an RSA key and these options; ended with the value.
struct Openssl(std::process::Child, u16);

impl Openssl {
    fn start(user: &User, options: &[&str]) -> Self {
        let request = "req -x509 -newkey rsa:2048 -nodes -keyout old.key -out old.pem -subj /CN=localhost \
                       -addext subjectAltName=DNS:localhost -days 3000";
        let made =
            Command::new("openssl").args(request.split_whitespace()).current_dir(user.path("")).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let port = free_port();
        let at = format!("127.0.0.1:{port}");
        let mut server = Command::new("openssl");
        server.args([
            "s_server", "-quiet", "-accept", &at, "-naccept", "9", "-cert", "old.pem", "-key", "old.key", "-rev",
        ]);
        let log = std::fs::File::create(user.path("server.log")).unwrap();
        let server = server.args(options).current_dir(user.path("")).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = server.stderr(log).spawn().unwrap();
        until_it_listens("openssl s_server", &mut child, &[port], || user.read("server.log"));
        Self(child, port)
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

#[test]
fn a_server_of_old_tls_is_shown_and_never_accepted() {
    let user = User::new();
    let old = Openssl::start(&user, &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    let server = format!("localhost:{}", old.1);
    let ran = user.run(&["probe", &server]).ends(0).says("No session is possible").says("only TLS 1.1");
    fits(&ran.out);
    let ran = user.run(&["check", &server]).ends(1).complains("only TLS 1.1").says("No connection was made");
    fits(&ran.out);
    assert_eq!(user.run(&["check", "--json", &server]).ends(1).json()["decision"], "ask");
    user.run(&["trust", "--fingerprint", &fingerprint("one"), &server]).ends(1).complains("TLS");
    assert!(user.pins().is_empty());
}

#[test]
fn the_exit_status_says_trusted_ask_reject_or_error() {
    let mut user = User::new();
    let server = user.self_signed("one");
    let ran =
        user.run(&["check", &server.name()]).ends(3).says("Decision needed: ").says("First contact with localhost");
    fits(&ran.out);
    trust(&user, &server, "one");
    let ran = user.run(&["check", &server.name()]).ends(0).says("Accepted: ").says("Connected to 127.0.0.1:");
    fits(&ran.out);
    server.present(self_signed("two"), "two");
    user.now = NOW + 3 * DAY;
    let ran = user.run(&["check", &server.name()]).ends(3).says("The key of localhost has changed");
    let ran = ran.says("first seen on 2027-02-10 00:00:00 UTC (3 days ago)").says("before now");
    fits(&ran.out);
    let key = self_signed("two")[0].spki();
    user.store().block(None, PinKind::Key, key, "stolen", user.now).unwrap();
    user.run(&["check", &server.name()]).ends(4).says("Refused: ");
    let good = Server::start(certified(&user.authority, "ca", 90), "ca", Manner::Echo);
    user.run(&["check", &good.name()]).ends(0).says("Accepted: ");
}

#[test]
fn json_is_the_verdict_alone() {
    let user = User::new();
    let server = user.self_signed("one");
    let ran = user.run(&["check", "--json", &server.name()]).ends(3);
    let json = ran.json();
    assert_eq!((json["decision"].as_str(), ran.err.as_str()), (Some("ask"), ""));
    assert_eq!(json["time"], "2027-02-10T00:00:00Z");
}

#[test]
fn authorities_come_from_the_system_a_file_or_neither() {
    let user = User::new();
    let private = ca("Private");
    let roots = user.file("private.pem", private.root.to_pem().as_bytes());
    let server = Server::start(certified(&private, "ca", 90), "ca", Manner::Echo);
    user.run(&["check", "--dry-run", &server.name()]).ends(3);
    user.run(&["check", "--dry-run", "--cafile", &roots, &server.name()]).ends(0);
    user.run(&["check", "--dry-run", "--no-system-roots", "--cafile", &roots, &server.name()]).ends(0);
    let public = Server::start(certified(&user.authority, "two", 90), "two", Manner::Echo);
    user.run(&["check", "--dry-run", &public.name()]).ends(0);
    user.run(&["check", "--dry-run", "--no-system-roots", "--cafile", &roots, &public.name()]).ends(3);
    user.run(&["check", "--dry-run", "--cafile", "none.pem", &public.name()])
        .ends(1)
        .complains("none.pem: no such file");
    user.run(&["check", "--dry-run", "--policy", "strict", &public.name()]).ends(4);
    user.run(&["check", "--dry-run", "--policy", "lenient", &public.name()]).ends(1).complains("lenient");
    assert!(!user.path("data").exists());
}

#[test]
fn a_question_is_left_pending_where_that_is_asked_for() {
    let user = User::new();
    let server = user.self_signed("one");
    user.run(&["check", &server.name()]).ends(3);
    let endpoint = Endpoint::parse("", "localhost", server.port).unwrap();
    let pending = || user.store().read(|tx| tx.pending_of(&endpoint)).unwrap().len();
    assert_eq!(pending(), 0);
    user.run(&["check", "--leave-pending", &server.name()]).ends(3);
    assert_eq!(pending(), 1);
}

#[test]
fn trust_without_a_terminal_needs_a_fingerprint() {
    let user = User::new();
    let server = user.self_signed("one");
    user.run(&["trust", &server.name()]).ends(3).complains("--fingerprint");
    user.run(&["trust", "--fingerprint", &fingerprint("one")[..59], &server.name()]).ends(2).complains("SHA-1");
    assert!(user.pins().is_empty());
}

#[test]
fn another_fingerprint_is_refused_and_leaves_no_trace() {
    let user = User::new();
    let server = user.self_signed("one");
    user.run(&["trust", "--fingerprint", &fingerprint("two"), &server.name()]).ends(4);
    assert!(!user.path("data").exists(), "not even a store is made");
    user.run(&["check", &server.name()]).ends(3);
    let before = traces(&user);
    let ran = user.run(&["trust", "--fingerprint", &fingerprint("two"), &server.name()]).ends(4);
    ran.complains("not the server with that fingerprint").complains(&self_signed("one")[0].fingerprint().hex());
    user.run(&["trust", "--policy", "accept-new", "--fingerprint", &fingerprint("two"), &server.name()]).ends(4);
    assert_eq!((traces(&user), user.pins()), (before, vec![]));
}

#[test]
fn every_usual_spelling_of_the_fingerprint_trusts() {
    let cert = &self_signed("one")[0];
    for typed in [
        cert.fingerprint().colon_hex(),
        cert.fingerprint().hex(),
        format!("SHA256 Fingerprint={}", cert.fingerprint().colon_hex()),
        format!("sha256//{}", cert.spki().base64()),
        cert.spki().hex(),
    ] {
        let user = User::new();
        let server = user.self_signed("one");
        let ran = user.run(&["trust", "--fingerprint", &typed, &server.name()]).ends(0);
        let ran = ran.says(&format!("Trusted for {}: the key sha256//", server.name())).says("undo");
        fits(&ran.out);
        assert_eq!(user.pins()[0].value, PinValue::Sha256(cert.spki()));
        user.run(&["trust", "--fingerprint", &typed, &server.name()]).ends(0).says("Trusted already by its key");
        assert_eq!(user.pins().len(), 1);
    }
}

#[test]
fn kind_end_and_note_are_kept() {
    let user = User::new();
    let server = user.self_signed("one");
    let common = ["trust", "--fingerprint", &fingerprint("one")];
    let ran = user.run(&[&common[..], &["--kind", "issuer"], &[&server.name()]].concat()).ends(1);
    ran.complains("no issuer can be trusted in what it presents, but: key, certificate");
    let options = ["--kind", "certificate", "--until", "2027-03-01", "--comment", "by telephone"];
    let name = server.name();
    user.run(&[&common[..], &options, &[&name]].concat()).ends(0).says("the certificate ");
    let pin = user.pins().remove(0);
    assert_eq!((pin.kind, pin.origin, pin.comment.as_str()), (PinKind::Certificate, Origin::User, "by telephone"));
    assert_eq!(tofu::time::date(pin.expires), "2027-03-01");
    user.run(&[&common[..], &["--until", "2027-04-01"], &[&name]].concat()).ends(0);
    assert_eq!(tofu::time::date(user.pins()[0].expires), "2027-04-01");
    user.run(&[&common[..], &["--until", "2027-01-01"], &[&name]].concat()).ends(2).complains("past");
    user.run(&[&common[..], &["--kind", "issuer"], &[&name]].concat()).ends(1);
}

#[test]
fn a_key_may_be_pinned_although_an_authority_vouches() {
    let user = User::new();
    let chain = certified(&user.authority, "ca", 90);
    let server = Server::start(chain.clone(), "ca", Manner::Echo);
    let typed = chain[0].fingerprint().hex();
    user.run(&["trust", "--fingerprint", &typed, &server.name()]).ends(0).says("already by an authority");
    assert!(user.pins().is_empty());
    user.run(&["trust", "--kind", "key", "--fingerprint", &typed, &server.name()]).ends(0).says("Trusted for");
    assert_eq!(user.pins()[0].value, PinValue::Sha256(chain[0].spki()));
    user.run(&["check", &server.name()]).ends(0);
}

#[test]
fn trust_for_once_remembers_nothing() {
    let user = User::new();
    let server = user.self_signed("one");
    let ran = user.run(&["trust", "--once", "--fingerprint", &fingerprint("one"), &server.name()]).ends(0);
    ran.says("nothing is remembered");
    assert!(user.pins().is_empty());
}

/// Two ports of this machine with one key, of which the first is trusted: the second would be accepted unasked.
#[test]
fn where_the_policy_asks_nobody_a_typed_fingerprint_is_announced_in_one_command() {
    let user = User::new();
    let server = Server::start(self_signed("self"), "self", Manner::Echo);
    let typed = fingerprint("self");
    let known = |policy: &str| {
        user.run(&["policy", "set", &format!("preset={policy}")]).ends(0);
        user.run(&["trust", "--fingerprint", &typed, &server.name()])
    };
    for policy in ["strict", "rfc8314"] {
        // It says how a pin is made there, and makes none.
        let ran = known(policy).ends(4);
        assert!(flat(&ran.err).contains("--announce"), "{}", ran.err);
        assert!(made(&user).is_empty());
        let wrong = fingerprint("another");
        user.run(&["trust", "--announce", "--fingerprint", &wrong, &server.name()]).ends(4);
        assert!(made(&user).is_empty());
        user.run(&["trust", "--announce", "--fingerprint", &typed, &server.name()]).ends(0);
        user.run(&["check", "--no-ask", &server.name()]).ends(0);
        assert_eq!(made(&user)[0].state, PinState::Trusted);
        user.run(&["forget", &server.name()]).ends(0);
    }
}

#[test]
fn undo_retire_and_forget_say_what_the_next_contact_will_do() {
    let user = User::new();
    let server = Server::start(self_signed("self"), "self", Manner::Echo);
    let asks = "the next contact asks";
    for take_back in [&["undo"][..], &["retire", "PIN"], &["forget", "--pin", "PIN"], &["forget", "SERVER"]] {
        trust(&user, &server, "self");
        let pin = made(&user)[0].id.to_string();
        let name = server.name();
        let args: Vec<&str> = take_back
            .iter()
            .map(|arg| match *arg {
                "PIN" => pin.as_str(),
                "SERVER" => name.as_str(),
                other => other,
            })
            .collect();
        let ran = user.run(&args).ends(0);
        assert!(flat(&ran.err).contains(asks) || flat(&ran.out).contains(asks), "{args:?}: {} {}", ran.out, ran.err);
        user.run(&["check", "--no-ask", &name]).ends(3);
    }
}

fn siblings(user: &User) -> (Server, Server) {
    let (first, second) = (user.self_signed("one"), user.self_signed("one"));
    trust(user, &first, "one");
    (first, second)
}

/// The pins in the order in which they were made.
fn made(user: &User) -> Vec<Pin> {
    let mut pins = user.pins();
    pins.sort_by_key(|pin| pin.id);
    pins
}

#[test]
fn an_end_and_a_note_hold_also_where_the_server_would_be_accepted_unasked() {
    let user = User::new();
    let (_first, second) = siblings(&user);
    let wish = ["--until", "2027-03-01", "--comment", "by telephone"];
    let (typed, name) = (fingerprint("one"), second.name());
    user.run(&[&["trust", "--fingerprint", &typed][..], &wish, &[&name]].concat()).ends(0).says("Trusted for");
    let pins = made(&user);
    let pin = &pins[1];
    assert_eq!((pins.len(), pin.origin, pin.comment.as_str()), (2, Origin::User, "by telephone"));
    assert_eq!(tofu::time::date(pin.expires), "2027-03-01");
    assert_eq!(pins[0].expires, 0);
    // Under accept-new nothing is known of the server at all.
    let new = User::new();
    let server = new.self_signed("one");
    let name = server.name();
    let args = [&["trust", "--policy", "accept-new", "--fingerprint", &typed][..], &wish, &[&name]].concat();
    new.run(&args).ends(0);
    assert_eq!(new.pins().iter().map(|p| tofu::time::date(p.expires)).collect::<Vec<_>>(), ["2027-03-01"]);
}

#[test]
fn a_staged_key_that_is_trusted_until_a_date_ends_then() {
    let user = User::new();
    let server = user.self_signed("one");
    trust(&user, &server, "one");
    let two = self_signed("two");
    user.run(&["stage", &server.name(), &two[0].spki().key_pin()]).ends(0);
    server.present(two, "two");
    user.run(&["trust", "--until", "2027-03-01", "--fingerprint", &fingerprint("two"), &server.name()]).ends(0);
    let pins = made(&user);
    assert_eq!(pins.iter().map(|p| p.state).collect::<Vec<_>>(), [PinState::Retired, PinState::Trusted]);
    assert_eq!(tofu::time::date(pins[1].expires), "2027-03-01");
}

#[test]
fn the_certificate_alone_is_trusted_where_the_key_would_be_unasked() {
    let user = User::new();
    let (_first, second) = siblings(&user);
    let args = ["trust", "--kind", "certificate", "--fingerprint", &fingerprint("one"), &second.name()];
    user.run(&args).ends(0).says("the certificate");
    let kinds: Vec<PinKind> = made(&user).iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [PinKind::Key, PinKind::Certificate], "one for each port");
    // A policy that asks nobody: the check records, and the wish takes the place of what it recorded.
    let user = User::new();
    let server = user.self_signed("one");
    trust(&user, &server, "one");
    let two = self_signed("two");
    user.run(&["stage", &server.name(), &two[0].spki().key_pin()]).ends(0);
    server.present(two, "two");
    let args = ["trust", "--policy", "rfc8314", "--kind", "certificate", "--until", "2027-03-01", "--fingerprint"];
    user.run(&[&args[..], &[&fingerprint("two"), &server.name()]].concat()).ends(0);
    let trusted: Vec<_> = made(&user).into_iter().filter(|p| p.state == PinState::Trusted).collect();
    assert_eq!(trusted.iter().map(|p| p.kind).collect::<Vec<_>>(), [PinKind::Certificate], "{trusted:?}");
    assert_eq!(tofu::time::date(trusted[0].expires), "2027-03-01");
}

#[test]
fn trust_for_once_leaves_nothing_where_the_server_would_be_accepted_unasked() {
    let user = User::new();
    let (_first, second) = siblings(&user);
    let before = traces(&user);
    user.run(&["trust", "--once", "--fingerprint", &fingerprint("one"), &second.name()]).ends(0);
    assert_eq!(traces(&user), before);
    assert_eq!(made(&user).len(), 1);
    let new = User::new();
    let server = new.self_signed("one");
    let args = ["trust", "--once", "--policy", "accept-new", "--fingerprint", &fingerprint("one"), &server.name()];
    new.run(&args).ends(0).says("nothing is remembered");
    assert!(!new.path("data").exists(), "not even a store is made");
}

#[test]
fn a_wish_that_nothing_can_hold_is_an_error_and_not_dropped() {
    let user = User::new();
    let chain = certified(&user.authority, "ca", 90);
    let server = Server::start(chain.clone(), "ca", Manner::Echo);
    let args = ["trust", "--until", "30d", "--fingerprint", &chain[0].fingerprint().hex(), &server.name()];
    user.run(&args).ends(1).complains("trusted already by an authority").complains("--kind");
    assert!(made(&user).is_empty());
    // The key that is pinned already stays, and that is said.
    let plain = user.self_signed("one");
    trust(&user, &plain, "one");
    let args = ["trust", "--kind", "certificate", "--fingerprint", &fingerprint("one"), &plain.name()];
    user.run(&args).ends(0).says("Its key (pin 1) stays trusted beside it");
}

#[test]
fn an_answer_to_a_pending_question_says_until_when_also_where_the_next_check_would_accept() {
    let user = User::new();
    let (first, second) = (user.self_signed("one"), user.self_signed("one"));
    user.run(&["check", "--leave-pending", "--no-ask", &second.name()]).ends(3);
    trust(&user, &first, "one");
    let id = user.run(&["--json", "pending"]).ends(0).json()[0]["id"].as_str().unwrap().to_owned();
    let typed = fingerprint("one");
    user.run(&["pending", "answer", &id, "--yes", "--fingerprint", &typed, "--until", "2027-03-01"]).ends(0);
    assert_eq!(made(&user).iter().map(|p| tofu::time::date(p.expires)).collect::<Vec<_>>()[1], "2027-03-01");
}

#[test]
fn a_blocked_key_is_not_trusted_by_any_fingerprint() {
    let user = User::new();
    let server = user.self_signed("one");
    user.store().block(None, PinKind::Key, self_signed("one")[0].spki(), "", user.now).unwrap();
    user.run(&["trust", "--fingerprint", &fingerprint("one"), &server.name()]).ends(4).complains("Refused: ");
    assert!(user.pins().iter().all(|pin| pin.state != PinState::Trusted));
}

#[test]
fn other_programs_are_told_to_trust_the_same_certificate() {
    let user = User::new();
    let server = user.self_signed("one");
    let typed = fingerprint("one");
    let lines = |program: &str, more: &[&str]| {
        let arguments = ["trust", "--fingerprint", &typed, "--config-for", program];
        user.run(&[&arguments[..], more, &[&server.name()]].concat()).ends(0).out
    };
    let port = server.port;
    let msmtp = lines("msmtp", &[]);
    assert!(
        msmtp.contains(&format!("host localhost\nport {port}\ntls on\ntls_starttls off\ntls_fingerprint {typed}\n"))
    );
    let hex = self_signed("one")[0].fingerprint().hex();
    assert!(lines("offlineimap", &[]).contains(&format!("cert_fingerprint = {hex}\n")));
    for (program, setting) in
        [("mbsync", "CertificateFile \""), ("neomutt", "set certificate_file = \""), ("fetchmail", "sslcertfile \"")]
    {
        let file = user.path(&format!("{program}.pem"));
        let file = file.to_str().unwrap();
        let text = lines(program, &["-o", file]);
        assert!(text.contains(setting) && text.contains(file), "{text}");
        assert_eq!(user.read(&format!("{program}.pem")), self_signed("one")[0].to_pem());
        // Again, over the same content.
        assert_eq!(lines(program, &["-o", file]), text);
        user.run(&["trust", "--fingerprint", &typed, "--config-for", program, &server.name()]).ends(2);
    }
    let newcomer = User::new();
    let taken = newcomer.file("taken", b"mine");
    newcomer.run(&["trust", "--fingerprint", &typed, "--config-for", "mbsync", "-o", &taken, &server.name()]).ends(1);
    assert_eq!(newcomer.read("taken"), "mine");
    assert!(newcomer.pins().is_empty(), "a file that is taken is noticed before anything is trusted");
    let mail = Server::start(self_signed("one"), "one", Manner::Imap);
    let ran = user.run(&[
        "trust",
        "--fingerprint",
        &typed,
        "--starttls",
        "imap",
        "--config-for",
        "offlineimap",
        &mail.name(),
    ]);
    ran.ends(0).says(&format!("transporttunnel = tofuctl connect {} --starttls imap", mail.name()));
    let ran =
        user.run(&["trust", "--fingerprint", &typed, "--starttls", "imap", "--config-for", "msmtp", &mail.name()]);
    ran.ends(2).complains("msmtp does not speak imap");
}

#[test]
fn for_a_program_that_does_not_speak_the_protocol_nothing_is_trusted() {
    let user = User::new();
    let mail = Server::start(self_signed("one"), "one", Manner::Imap);
    let typed = self_signed("one")[0].fingerprint().hex();
    let ran =
        user.run(&["trust", "--fingerprint", &typed, "--starttls", "imap", "--config-for", "msmtp", &mail.name()]);
    ran.ends(2).complains("msmtp does not speak imap");
    assert!(user.pins().is_empty());
}

#[test]
fn standard_input_that_cannot_be_read_is_an_error_and_not_its_end() {
    let user = User::new();
    let server = user.self_signed("one");
    trust(&user, &server, "one");
    let mut command = user.tofuctl(&["connect", &server.name()]);
    let output = command.stdin(std::fs::File::open(user.directory.path()).unwrap()).output().unwrap();
    Ran::of(&output).ends(1).complains("standard input: Is a directory");
}

#[test]
fn one_signal_ends_a_tunnel_whose_reader_is_stuck() {
    let user = User::new();
    let server = user.self_signed("one");
    trust(&user, &server, "one");
    let mut command = user.tofuctl(&["connect", &server.name()]);
    let mut tunnel = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // More comes back than a pipe holds, and nobody reads it.
    let mut stdin = tunnel.stdin.take().unwrap();
    stdin.write_all(&vec![b'x'; 200_000]).unwrap();
    while server.received() < 100_000 {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    rustix::process::kill_process(Pid::from_child(&tunnel), Signal::TERM).unwrap();
    let status = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        tunnel.try_wait().unwrap()
    });
    let _ = tunnel.kill();
    assert_eq!(status.and_then(|status| status.signal()), Some(Signal::TERM.as_raw()));
}

#[test]
fn a_list_that_names_no_server_is_an_error() {
    let user = User::new();
    for text in ["", "\n\n", "# none yet\n"] {
        user.run_with(&["check", "--file", "-"], text.as_bytes()).ends(1).complains("names no server");
    }
}

#[test]
fn programs_that_would_take_the_certificate_for_an_authority_are_told_the_other_way() {
    let user = User::new();
    let authority = ca("Own");
    let server = Server::start(vec![authority.root.clone()], "Own", Manner::Echo);
    let typed = authority.root.fingerprint().hex();
    let file = user.path("own.pem");
    let arguments = ["trust", "--fingerprint", &typed, "--config-for", "mbsync", "-o", file.to_str().unwrap()];
    let ran = user.run(&[&arguments[..], &[&server.name()]].concat()).ends(0);
    ran.says("This certificate may sign others").says(&format!("Tunnel \"tofuctl connect {}\"", server.name()));
}

#[test]
fn a_tunnel_carries_data_both_ways_and_closes_its_own_side_first() {
    let user = User::new();
    let server = user.self_signed("one");
    trust(&user, &server, "one");
    let much: Vec<u8> = (0..300_000u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
    let ran = user.run_with(&["connect", &server.name()], &much).ends(0);
    assert_eq!(ran.out.len(), much.len() + 4);
    assert!(ran.out.as_bytes().starts_with(&much) && ran.out.ends_with("bye\n"));
    assert_eq!(ran.err, "");
}

#[test]
fn a_tunnel_to_an_unknown_server_sends_not_one_byte() {
    let user = User::new();
    let server = user.self_signed("one");
    let ran = user.run_with(&["connect", &server.name()], b"a LOGIN me secret\r\n").ends(3);
    assert_eq!((ran.out.as_str(), server.received()), ("", 0));
    ran.complains("First contact with localhost");
    trust(&user, &server, "one");
    server.present(self_signed("two"), "two");
    let ran = user.run_with(&["connect", &server.name()], b"a LOGIN me secret\r\n").ends(3);
    assert_eq!((ran.out.as_str(), server.received()), ("", 0));
    user.run(&["connect", "--json", &server.name()]).ends(2);
}

#[test]
fn a_tunnel_that_is_cut_off_is_an_error() {
    let user = User::new();
    let server = Server::start(self_signed("one"), "one", Manner::Cut);
    trust(&user, &server, "one");
    let ran = user.run_with(&["connect", &server.name()], b"hello\n").ends(1);
    assert_eq!(ran.out, "hello\n");
    ran.complains("cut off");
}

/// A file with servers of every kind.
fn mixed(user: &User) -> (String, [Server; 4]) {
    let pinned = user.self_signed("one");
    trust(user, &pinned, "one");
    let valid = Server::start(certified(&user.authority, "ca", 45), "ca", Manner::Echo);
    let unknown = Server::start(self_signed("three"), "three", Manner::Imap);
    let blocked = Server::start(self_signed("four"), "four", Manner::Echo);
    user.store().block(None, PinKind::Key, self_signed("four")[0].spki(), "", user.now).unwrap();
    let text = format!(
        "# mail\n{}\n{}  # valid\n\n{} starttls=imap\n{}\n127.0.0.1:1\n",
        pinned.name(),
        valid.name(),
        unknown.name(),
        blocked.name()
    );
    (user.file("hosts.txt", text.as_bytes()), [pinned, valid, unknown, blocked])
}

#[test]
fn many_servers_make_a_table_with_the_worst_first() {
    let user = User::new();
    let (file, [pinned, valid, unknown, blocked]) = mixed(&user);
    let ran = user.run(&["check", "--file", &file]).ends(4);
    fits(&ran.out);
    let at = |text: &str| ran.out.find(text).unwrap_or_else(|| panic!("{text}\n{}", ran.out));
    let order = [blocked.name(), "127.0.0.1:1".to_owned(), unknown.name(), valid.name(), pinned.name()];
    assert!(order.windows(2).all(|pair| at(&pair[0]) < at(&pair[1])), "{}", ran.out);
    for text in [
        "5 servers: 2 trusted, 1 to be answered, 1 rejected, 1 not reached or not checked.",
        "Certificates that end within 21 days: 2027-02-15 (in 5 days) localhost",
        "127.0.0.1:1 ERROR network.connect",
        "connection refused",
        "ok 2028-02-05 360 pinned",
        "ASK 2028-02-05 360 first-contact",
    ] {
        assert!(flat(&ran.out).contains(text), "{text}\n{}", ran.out);
    }
    assert_eq!(ran.err, "", "no progress bar without a terminal");
    let ran = user.run(&["check", "--quiet", "--file", &file]).ends(4);
    assert!(!ran.out.contains(&pinned.name()) && ran.out.contains(&valid.name()), "{}", ran.out);
}

/// The same certificate with a notAfter that is no date.
fn without_end(chain: &[tofu::cert::Cert]) -> Vec<tofu::cert::Cert> {
    let mut der = chain[0].der().to_vec();
    let second_date = der.windows(2).enumerate().filter(|(_, head)| head == &[0x18, 15]).nth(1).unwrap().0;
    der[second_date + 2] = b'A';
    vec![tofu::cert::Cert::parse_der(&der).unwrap()]
}

#[test]
fn no_number_stands_for_a_date_that_cannot_be_read() {
    let user = User::new();
    let server = Server::start(without_end(&self_signed("one")), "one", Manner::Echo);
    let ran = user.run(&["check", "--no-ask", &server.name()]).ends(3);
    let ran = ran.says("has no readable date on which its validity ends (it says A0280205000000Z)");
    let ran = ran.says("Valid 2027-01-01 00:00:00 UTC to no readable date (A0280205000000Z)");
    assert!(!ran.out.contains("922337203"), "{}", ran.out);
    let list = user.file("list", server.name().as_bytes());
    let ran = user.run(&["check", "--file", &list]).ends(3);
    ran.says("ASK unreadable first-contact").says(&format!("no readable date {}", server.name()));
    let ran = user.run(&["check", "--json", "--file", &list]).ends(3);
    let one = &ran.json()["results"][0];
    assert_eq!((&one["not_after"], &one["days_left"], &one["ends_soon"]), (&Value::Null, &Value::Null, &true.into()));
    assert!(!ran.out.contains("922337203"), "{}", ran.out);

    // Trusted by its certificate, it is shown without such a number, and an export has none either.
    let print = without_end(&self_signed("one"))[0].fingerprint().colon_hex();
    user.run(&["trust", "--fingerprint", &print, &server.name()]).ends(0);
    user.run(&["check", "--no-ask", &server.name()]).ends(0);
    for arguments in [&["show", &server.name()][..], &["show", "--json", &server.name()], &["export"], &["list"]] {
        let ran = user.run(arguments).ends(0);
        assert!(!ran.out.contains("922337203"), "{arguments:?}: {}", ran.out);
    }
}

#[test]
fn an_address_with_a_zone_is_connected_to_and_one_without_is_refused() {
    let user = User::new();
    let refused = |address: &str| user.run(&["check", "--address", address, "mail.example.org"]).ends(2);
    refused("fe80::1").complains("a link-local address needs the interface");
    refused("fe80::1%nosuch0").complains("no network interface nosuch0");
    refused("2001:db8::1%lo").complains("only a link-local IPv6 address");
    user.run(&["check", "[fe80::1%lo]:993"]).ends(2).complains("zone is not part of a host");
    // The whole way, where this machine has such an address.
    let table = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let local = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let address = std::net::Ipv6Addr::from(u128::from_str_radix(fields.first()?, 16).ok()?);
        address.is_unicast_link_local().then(|| format!("{address}%{}", fields[5]))
    });
    let Some(local) = local else { return need::skip("this machine has no link-local address") };
    let any = std::net::TcpListener::bind("[::]:0").unwrap();
    let port = any.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = any.accept().unwrap();
        let mut heard = String::new();
        stream.write_all(b"220 mail ESMTP\r\n").unwrap();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut heard).unwrap();
        stream.write_all(b"550 no\r\n").unwrap();
        heard
    });
    let name = format!("mail.example.org:{port}");
    let ran = user.run(&["check", "--starttls", "smtp", "--address", &local, &name]).ends(1);
    ran.complains("the server refused EHLO: 550 no");
    assert_eq!(server.join().unwrap().trim_end(), format!("EHLO [IPv6:{}]", local.split('%').next().unwrap()));
}

#[test]
fn who_forgets_to_ask_for_starttls_raises_no_alarm() {
    let user = User::new();
    let server = Server::start(self_signed("one"), "one", Manner::Imap);
    user.run(&["trust", "--starttls", "imap", "--fingerprint", &fingerprint("one"), &server.name()]).ends(0);
    let ran = user.run(&["check", "--no-ask", &server.name()]).ends(1);
    ran.complains("this looks like IMAP in the clear: does this port want STARTTLS?");
    let log = user.run(&["log"]).ends(0);
    assert!(!log.out.contains("stripped"), "{}", log.out);
    user.run(&["check", "--no-ask", "--starttls", "imap", &server.name()]).ends(0);
}

#[test]
fn a_certificate_of_six_days_ends_soon_in_its_last_third() {
    let mut user = User::new();
    let server = Server::start(certified(&user.authority, "six", 6), "six", Manner::Echo);
    let list = user.file("list", server.name().as_bytes());
    for (day, soon) in [(0, false), (3, false), (5, true), (7, true)] {
        user.now = START + day * DAY + 60;
        let ran = user.run(&["check", "--json", "--file", &list]);
        assert_eq!(ran.json()["results"][0]["ends_soon"], soon, "day {day}");
        let table = user.run(&["check", "--file", &list]);
        assert_eq!(table.out.contains("Certificates that end within 21 days"), soon, "day {day}: {}", table.out);
    }
}

#[test]
fn the_exit_status_of_many_is_the_worst_of_them() {
    let user = User::new();
    let (file, [pinned, valid, unknown, _]) = mixed(&user);
    let of = |lines: &[&str]| user.run_with(&["check", "--file", "-"], lines.join("\n").as_bytes()).status.unwrap();
    let (pinned, valid, unknown) = (pinned.name(), valid.name(), format!("{} starttls=imap", unknown.name()));
    assert_eq!(of(&[&pinned, &valid]), 0);
    assert_eq!(of(&[&pinned, &unknown]), 3);
    assert_eq!(of(&[&pinned, &unknown, "127.0.0.1:1"]), 1);
    assert_eq!(of(&[&pinned, "two words"]), 1);
    assert_eq!(of(&[]), 1, "a list that came to nothing is not fine");
    user.run(&["check", "--file", &file]).ends(4);
    let ran = user.run_with(&["check", "--file", "-"], b"localhost:1 x\n# c\n*.example\n").ends(1);
    let ran = ran.complains("-:1: x: only starttls=PROTOCOL").complains("-:3: ");
    ran.says("0 servers: 0 trusted. 2 lines of the file could not be read.");
    user.run(&["check", "--file", "none.txt"]).ends(1).complains("none.txt: no such file");
    user.run(&["check", "--file", &file, &pinned]).ends(2);
}

#[test]
fn json_lines_are_one_object_for_each_server() {
    let user = User::new();
    let (file, _servers) = mixed(&user);
    let ran = user.run(&["check", "--json-lines", "--warn-days", "10", "--file", &file]).ends(4);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: BTreeSet<u64> = lines.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, BTreeSet::from([2, 3, 5, 6, 7]));
    let of = |number: u64| lines.iter().find(|line| line["line"] == number).unwrap();
    assert_eq!((&of(2)["exit"], &of(2)["verdict"]["decision"]), (&Value::from(0), &Value::from("accept")));
    assert_eq!((&of(3)["days_left"], &of(3)["ends_soon"]), (&Value::from(5), &Value::from(true)));
    assert_eq!((&of(7)["exit"], &of(7)["error"]["code"]), (&Value::from(1), &Value::from("network.connect")));
    let whole = user.run(&["check", "--json", "--file", &file]).ends(4).json();
    assert_eq!((&whole["exit"], whole["results"].as_array().unwrap().len()), (&Value::from(4), 5));
}

#[test]
fn silent_servers_are_waited_for_at_the_same_time() {
    let user = User::new();
    let silent = Server::start(self_signed("one"), "one", Manner::Mute);
    let text = format!("{}\n", silent.name()).repeat(12);
    let begun = Instant::now();
    let ran = user.run_with(&["check", "--timeout", "1", "--file", "-"], text.as_bytes()).ends(1);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    ran.says("12 servers: 0 trusted, 12 not reached or not checked.");
}

#[test]
fn an_interrupted_bulk_check_shows_what_it_has() {
    let user = User::new();
    let (good, silent) = (user.self_signed("one"), Server::start(self_signed("one"), "one", Manner::Mute));
    let text = format!("{}\n{}\n", good.name(), silent.name());
    let file = user.file("hosts.txt", text.as_bytes());
    let mut command = user.tofuctl(&["check", "--file", &file]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    let out = flat(&String::from_utf8(output.stdout).unwrap());
    assert!(out.contains("1 server: 0 trusted, 1 to be answered, 1 called off."), "{out}");
}
