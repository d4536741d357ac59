//! Imports: what files of other programs say comes to, as a check sees it, and what no file is believed.

mod known;
mod large;
mod programs;

use std::path::PathBuf;

use crate::support::*;
use crate::trust_support::{START, World, ca, chain, self_signed, world};
use serde_json::{Value, json};
use tofu::cert::Cert;
use tofu::endpoint::{Account, Endpoint};
use tofu::hash::Hash;
use tofu::path::{Chain, ProblemKind, Problems};
use tofu::store::*;
use tofu::time::DAY;
use tofu::trust::{Decision, Verdict};

fn real(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/real").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn real_chain(name: &str) -> Chain {
    chain(&[Cert::parse_der(&real(&format!("{name}.der"))).unwrap()])
}

fn importing(format: ImportFormat, data: &[u8], endpoint: Option<&Endpoint>) -> (World, ImportReport) {
    let world = world("default", &[]);
    let dry = world.store.import_for(format, data, endpoint, false, START).unwrap();
    let report = world.store.import_for(format, data, endpoint, true, START).unwrap();
    assert_eq!(ImportReport { committed: false, ..report.clone() }, dry);
    assert_eq!(world.store.verify().unwrap().problems, [""; 0]);
    (world, report)
}

fn sees(world: &mut World, host: &str, port: u16, presented: &Chain) -> Verdict {
    world.at(host, port).see(presented)
}

fn pins(store: &Store, place: &Endpoint) -> Vec<Pin> {
    get(store, place).map(|r| r.pins).unwrap_or_default()
}

/// Account, host and port, as they stand in an export, with the pins there.
type Located<'a> = ((&'a str, &'a str, i64), Vec<Value>);

/// An export with these endpoints and these certificates.
fn export(endpoints: &[Located<'_>], certs: &[&Cert]) -> Value {
    let mut document = Store::memory().export_json().unwrap();
    document["endpoints"] = endpoints
        .iter()
        .map(|((account, host, port), pins)| {
            let record = json!({ "first_seen": 1, "last_seen": 1, "generation": 1, "pins": pins });
            json!({ "account": account, "host": host, "port": port, "record": record })
        })
        .collect();
    for cert in certs {
        document["certificates"][cert.fingerprint().hex()] = data_encoding::BASE64.encode(cert.der()).into();
    }
    document
}

fn a_pin(change: impl FnOnce(&mut Pin)) -> Value {
    let mut pin = Pin { origin: Origin::User, waiver: None, ..pin(1, "key") };
    change(&mut pin);
    serde_json::to_value(pin).unwrap()
}

fn merged(document: &Value) -> (World, ImportReport) {
    importing(ImportFormat::Json, document.to_string().as_bytes(), None)
}

#[test]
fn a_file_of_a_real_program_lets_its_server_in_and_no_other_certificate() {
    const MAIL: &str = "mail.example.org";
    let (mail, other) = (endpoint("", MAIL, 993), endpoint("", "other.example.net", 1993));
    type Expected<'a> = &'a [(&'a str, u16, &'a str)];
    let cases: [(&str, ImportFormat, Option<&Endpoint>, Expected<'_>, usize); 15] = [
        (
            "gnutls/known_hosts",
            ImportFormat::KnownHosts,
            None,
            &[(MAIL, 993, "rsa"), (MAIL, 995, "rsa"), (MAIL, 143, "rsa"), (MAIL, 2993, "ec")],
            0,
        ),
        ("gnutls/known_hosts.ipv6", ImportFormat::KnownHosts, None, &[("::1", 993, "rsa")], 0),
        (
            "mozilla/cert_override.firefox.txt",
            ImportFormat::CertOverride,
            None,
            &[(MAIL, 993, "rsa"), (MAIL, 2993, "ec"), ("::1", 993, "rsa")],
            0,
        ),
        (
            "mozilla/cert_override.thunderbird.txt",
            ImportFormat::CertOverride,
            None,
            &[(MAIL, 993, "rsa"), (MAIL, 2993, "ec"), ("::1", 993, "rsa")],
            0,
        ),
        ("neomutt/certificates", ImportFormat::Pem, Some(&mail), &[(MAIL, 993, "rsa")], 0),
        (
            "neomutt/certificates-H-other-name",
            ImportFormat::Pem,
            Some(&other),
            &[("other.example.net", 1993, "rsa2")],
            0,
        ),
        ("neomutt/certificates-H-other-name", ImportFormat::Pem, Some(&mail), &[], 1),
        ("neomutt/certificates-two-with-H-line", ImportFormat::Pem, Some(&mail), &[(MAIL, 993, "rsa")], 1),
        ("isync/cert.pem", ImportFormat::Pem, Some(&mail), &[(MAIL, 993, "rsa")], 0),
        ("isync/mbsyncrc", ImportFormat::Fingerprints, None, &[], 1),
        ("msmtp/msmtprc", ImportFormat::Fingerprints, None, &[(MAIL, 465, "rsa")], 0),
        ("fetchmail/fetchmailrc", ImportFormat::Fingerprints, None, &[], 2),
        ("offlineimap/offlineimaprc.sha1", ImportFormat::Fingerprints, None, &[], 1),
        ("openssl/fingerprint-sha256.txt", ImportFormat::Fingerprints, Some(&mail), &[(MAIL, 993, "rsa")], 0),
        ("openssl/certtool-fingerprint-sha256.txt", ImportFormat::Fingerprints, Some(&mail), &[(MAIL, 993, "rsa")], 0),
    ];
    for (file, format, place, servers, remarks) in cases {
        let (mut world, report) = importing(format, &real(file), place);
        assert_eq!(
            (report.endpoints, report.pins, report.remarks.len()),
            (servers.len() as u64, servers.len() as u64, remarks),
            "{file}: {:?}",
            report.remarks
        );
        for (host, port, right) in servers {
            let verdict = sees(&mut world, host, *port, &real_chain(right));
            assert_eq!(verdict.decision(), Decision::Accept, "{file}: {host}:{port}");
            for wrong in ["rsa", "rsa2", "ec"].into_iter().filter(|wrong| wrong != right) {
                let verdict = sees(&mut world, host, *port, &real_chain(wrong));
                assert_eq!(verdict.decision(), Decision::Ask, "{file}: {host}:{port} with {wrong}");
            }
            let verdict = sees(&mut world, "elsewhere.example", *port, &real_chain(right));
            assert_eq!(verdict.decision(), Decision::Ask, "{file}: on another host");
        }
    }
}

#[test]
fn every_fingerprint_of_a_list_of_offlineimap_counts() {
    let (mut world, report) = importing(ImportFormat::Fingerprints, &real("offlineimap/offlineimaprc.sha256"), None);
    assert_eq!((report.endpoints, report.pins, report.remarks.len()), (1, 2, 0), "{:?}", report.remarks);
    for (presented, decision) in [("rsa", Decision::Accept), ("rsa2", Decision::Accept), ("ec", Decision::Ask)] {
        assert_eq!(sees(&mut world, "mail.example.org", 993, &real_chain(presented)).decision(), decision);
    }
}

#[test]
fn md5_and_sha1_are_refused_by_their_names_and_a_file_of_certificates_is_pointed_to() {
    for (file, said) in [
        ("fetchmail/fetchmailrc", "an MD5 fingerprint"),
        ("offlineimap/offlineimaprc.sha1", "a SHA-1 fingerprint"),
        ("isync/mbsyncrc", "import that one for mail.example.org:993"),
        ("openssl/fingerprint-md5.txt", "an MD5 fingerprint"),
        ("openssl/fingerprint-sha1.txt", "a SHA-1 fingerprint"),
    ] {
        let place = endpoint("", "mail.example.org", 993);
        let (_, report) = importing(ImportFormat::Fingerprints, &real(file), Some(&place));
        assert!(report.pins == 0 && report.remarks.iter().all(|r| r.contains(said)), "{file}: {:?}", report.remarks);
    }
}

#[test]
fn a_file_of_neomutt_says_which_hosts_its_lines_name() {
    let said =
        |file: &str| Store::memory().import(ImportFormat::Pem, &real(file), true, START).unwrap_err().to_string();
    assert!(said("neomutt/certificates-H-other-name").contains("name other.example.net, without the port"));
    assert!(!said("neomutt/certificates").contains("#H"));
    let mail = endpoint("", "mail.example.org", 993);
    let (_, report) = importing(ImportFormat::Pem, &real("neomutt/certificates-two-with-H-line"), Some(&mail));
    assert_eq!(report.remarks, ["certificate 2: was accepted for other.example.net; give that host to take it"]);
}

#[test]
fn one_certificate_in_der_is_taken_for_the_server_given() {
    let place = endpoint("", "mail.example.org", 993);
    let (mut world, report) = importing(ImportFormat::Pem, &real("rsa.der"), Some(&place));
    assert_eq!((report.pins, report.remarks.len()), (1, 0), "{:?}", report.remarks);
    assert_eq!(sees(&mut world, "mail.example.org", 993, &real_chain("rsa")).decision(), Decision::Accept);
    // It has no lines, so that no other format can be meant.
    let store = Store::memory();
    let refused = store.import(ImportFormat::Fingerprints, &real("rsa.der"), true, START).unwrap_err().to_string();
    assert!(refused.contains("do not say which server"), "{refused}");
}

#[test]
fn a_certificate_that_names_itself_its_issuer_is_the_servers_own_where_its_signature_cannot_be_checked() {
    let place = endpoint("", "mail.example.org", 993);
    let (world, report) = importing(ImportFormat::Pem, &real("brainpool.der"), Some(&place));
    assert_eq!((report.pins, report.remarks.len()), (1, 0), "{:?}", report.remarks);
    let cert = Cert::parse_der(&real("brainpool.der")).unwrap();
    assert_eq!(pins(&world.store, &place)[0].value, PinValue::Sha256(cert.fingerprint()));
}

#[test]
fn a_pin_that_gnutls_made_of_an_rsa_pss_key_lets_the_key_in_and_no_other() {
    let file = String::from_utf8(real("gnutls/known_hosts.pss")).unwrap();
    let line = file.lines().find(|line| line.contains("|38994|")).unwrap();
    let key = data_encoding::BASE64.decode(line.rsplit('|').next().unwrap().as_bytes()).unwrap();
    let server = real_chain("pss");
    let cert = server.leaf().unwrap();
    assert_ne!(Hash::of(&key), cert.spki());
    assert_eq!(Some(Hash::of(&key)), cert.spki_otherwise());
    let commitment = format!("|c0|mail.example.org|38994|0|6|{}\n", Hash::of(&key).hex());
    let typed = format!("mail.example.org:38994 {}\n", Hash::of(&key).key_pin());
    for (format, file) in [
        (ImportFormat::KnownHosts, format!("{line}\n")),
        (ImportFormat::KnownHosts, commitment),
        (ImportFormat::Fingerprints, typed),
    ] {
        let (mut world, report) = importing(format, file.as_bytes(), None);
        assert_eq!((report.pins, report.remarks.len()), (1, 0), "{:?}", report.remarks);
        for _ in 0..2 {
            let verdict = sees(&mut world, "mail.example.org", 38994, &server);
            assert_eq!(verdict.decision(), Decision::Accept, "{file}");
        }
        let other = sees(&mut world, "mail.example.org", 38994, &real_chain("rsa"));
        assert_eq!(other.decision(), Decision::Ask, "{file}");
    }
    // And what is written for GnuTLS is as GnuTLS writes it.
    let mut world = world("accept-new", &[]);
    assert_eq!(sees(&mut world, "mail.example.org", 38994, &server).decision(), Decision::Accept);
    let export = world.store.export(ExportFormat::KnownHosts, None, START).unwrap();
    assert!(export.text.contains(line), "{}", export.text);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let marked = |data: &[u8]| [b"\xEF\xBB\xBF", data].concat();
    let (_, report) = importing(ImportFormat::KnownHosts, &marked(&real("gnutls/known_hosts")), None);
    assert_eq!((report.pins, report.remarks.len()), (4, 0), "{:?}", report.remarks);
    let document = export(&[(("", "a.example", 993), vec![a_pin(|_| {})])], &[]).to_string();
    assert_eq!(importing(ImportFormat::Json, &marked(document.as_bytes()), None).1.pins, 1);
    Store::memory().restore_json(&marked(document.as_bytes())).unwrap();
}

#[test]
fn the_ports_that_programs_mean_are_those_that_get_the_pins() {
    let print = Hash::of(b"abc").colon_hex();
    for (file, place) in [
        (format!("account a\nhost h.example\ntls on\ntls_fingerprint {print}\n"), "h.example:25"),
        (format!("account a\nhost h.example\ntls on\ntls_starttls off\ntls_fingerprint {print}\n"), "h.example:465"),
        (format!("account a\nhost h.example\ntls_fingerprint {print}\nport 587\n"), "h.example:587"),
        (
            format!("defaults\ntls on\ntls_starttls off\naccount a\nhost h.example\ntls_fingerprint {print}\n"),
            "h.example:465",
        ),
        (format!("defaults\nhost h.example\nport 2525\naccount a\ntls_fingerprint {print}\n"), "h.example:2525"),
        (format!("defaults\ntls_fingerprint {print}\naccount a\nhost h.example\n"), "h.example:25"),
        (format!("account a\nport 26\ntls_fingerprint {print}\naccount b : a\nhost h.example\n"), "h.example:26"),
        (format!("account a\nhost h.example\ntls_fingerprint {print}\naccount default : a\n"), "h.example:25"),
        (format!("poll h.example protocol pop3 user u ssl sslfingerprint '{print}'\n"), "h.example:995"),
        (format!("poll h.example proto POP3\n  user \"u\"\n  sslfingerprint \"{print}\"\n"), "h.example:110"),
        (format!("poll h.example with proto IMAP user u pass ssl sslfingerprint \"{print}\"\n"), "h.example:143"),
        (format!("poll h.example with proto IMAP user u pass x ssl sslfingerprint \"{print}\"\n"), "h.example:993"),
        (format!("poll name via h.example service pop3s user u sslfingerprint \"{print}\"\n"), "h.example:995"),
        (format!("defaults proto pop3\npoll h.example user u ssl sslfingerprint \"{print}\"\n"), "h.example:995"),
        (format!("[Repository R]\nremotehost = h.example\nssl = no\ncert_fingerprint = {print}\n"), "h.example:143"),
        (format!("[Repository R]\nremotehost: h.example\ncert_fingerprint:\n  {print}\n"), "h.example:993"),
    ] {
        let report = importing(ImportFormat::Fingerprints, file.as_bytes(), None);
        let known = report.0.store.read(|tx| tx.list_endpoints(&Filter::default(), &Cursor::default(), 9)).unwrap();
        let places: Vec<String> = known.items.iter().map(|r| r.endpoint.to_string()).collect();
        assert_eq!((places.as_slice(), report.1.remarks.len()), (&[place.to_owned()][..], 0), "{file}{:?}", report.1);
    }
}

#[test]
fn the_account_given_is_that_of_every_pin_of_a_file() {
    let place = endpoint("ann", "h.example", 1);
    for (format, file) in [
        (ImportFormat::KnownHosts, "gnutls/known_hosts"),
        (ImportFormat::CertOverride, "mozilla/cert_override.firefox.txt"),
        (ImportFormat::Fingerprints, "msmtp/msmtprc"),
    ] {
        let accounts = |store: &Store| -> Vec<Account> {
            let known = store.read(|tx| tx.list_endpoints(&Filter::default(), &Cursor::default(), 9)).unwrap().items;
            known.into_iter().map(|record| record.endpoint.account).collect()
        };
        let (world, report) = importing(format, &real(file), Some(&place));
        assert!(report.pins > 0 && accounts(&world.store).iter().all(|a| *a == place.account), "{file}");
        let store = Store::memory();
        store.import_as(format, &real(file), &Account::any(), true, START).unwrap();
        assert!(accounts(&store).iter().all(|a| *a == Account::any()), "{file}");
    }
}

#[test]
fn no_foreign_waiver_is_believed_beyond_what_a_first_match_could_fix() {
    let everything = Problems::from_bits(524_287);
    let own = self_signed(&["mail.example"], "own", START - DAY, 30);
    let own_cert = own.leaf().unwrap();
    let issued = ca("Home").leaf(&["mail.example"], "leaf", START - DAY, 30);
    let issued_cert = issued.leaf().unwrap();
    let wide = |cert: &Cert, along: bool| {
        a_pin(|pin| {
            pin.value = PinValue::Sha256(cert.spki());
            pin.waiver = Some(everything);
            pin.waive_expired_until = 1 << 40;
            pin.cert = along.then(|| cert.fingerprint());
        })
    };
    let document = export(
        &[
            (("", "mail.example", 1), vec![wide(own_cert, false)]),
            (("", "mail.example", 2), vec![wide(own_cert, true)]),
            (("", "mail.example", 3), vec![wide(issued_cert, true)]),
        ],
        &[own_cert, issued_cert],
    );
    let (mut world, report) = merged(&document);
    assert_eq!((report.pins, report.remarks.len()), (3, 3), "{:?}", report.remarks);
    let taken = |port| pins(&world.store, &endpoint("", "mail.example", port)).remove(0);
    assert_eq!((taken(1).waiver, taken(1).waive_expired_until), (None, 0));
    for port in [2, 3] {
        assert_eq!((taken(port).waiver, taken(port).waive_expired_until), (Some(Problems::SELF_MADE), 0));
    }
    for (port, presented) in [(1, &own), (2, &own), (3, &issued)] {
        assert_eq!(sees(&mut world, "mail.example", port, presented).decision(), Decision::Accept, "{port}");
    }
    world.days_later(60);
    for port in [2, 3] {
        let verdict = sees(&mut world, "mail.example", port, if port == 2 { &own } else { &issued });
        assert_eq!(verdict.decision(), Decision::Ask, "an expiry is not waived, {port}");
    }
}

#[test]
fn an_import_keeps_what_narrows_trust() {
    let own = self_signed(&["mail.example"], "own", START - DAY, 30);
    let cert = own.leaf().unwrap();
    let shown = Problems::of(&[ProblemKind::UntrustedIssuer, ProblemKind::SelfSigned]).union(Problems::DATES);
    let narrow = a_pin(|pin| {
        pin.value = PinValue::Sha256(cert.spki());
        (pin.waiver, pin.cert) = (Some(shown), Some(cert.fingerprint()));
        (pin.expires, pin.until_ca_valid) = (START + 90 * DAY, true);
    });
    let (mut world, report) = merged(&export(&[(("", "mail.example", 993), vec![narrow])], &[cert]));
    assert_eq!(report.remarks, [""; 0]);
    let taken = pins(&world.store, &endpoint("", "mail.example", 993)).remove(0);
    assert_eq!((taken.waiver, taken.expires, taken.until_ca_valid), (Some(shown), START + 90 * DAY, true));
    world.days_later(60);
    assert_eq!(sees(&mut world, "mail.example", 993, &own).decision(), Decision::Accept, "its own dates are waived");
}

#[test]
fn a_bad_record_is_remarked_and_the_rest_is_taken() {
    let key = |n: u32| a_pin(|pin| pin.value = PinValue::Sha256(Hash::of(&n.to_be_bytes())));
    let mut unknown = a_pin(|_| {});
    unknown["kind"] = "colour".into();
    let name = |text: &str| a_pin(|pin| (pin.kind, pin.value) = (PinKind::Name, PinValue::Name(text.to_owned())));
    let mut document = export(
        &[
            (("", "many.example", 993), (0..129).map(key).collect()),
            (("", "comment.example", 993), vec![a_pin(|pin| pin.comment = "é".repeat(1_000))]),
            (("", "kind.example", 993), vec![unknown, key(1)]),
            (("", "port.example", 70_000), vec![key(1)]),
            (("", "a..b", 993), vec![key(1)]),
            (("", "swapped.example", 993), vec![a_pin(|pin| pin.kind = PinKind::Name), key(1)]),
            (("", "swapped2.example", 993), vec![a_pin(|pin| pin.value = PinValue::Name("n.example".into())), key(1)]),
            (("", "star.example", 993), vec![name("*"), name("*.example.org")]),
            (("", "past.example", 993), vec![a_pin(|pin| pin.expires = -1), key(1)]),
            (("", "good.example", 993), vec![key(1)]),
        ],
        &[],
    );
    document["certificates"] = json!({ "ab": "AAAA" });
    document["blocks"] = json!([{ "id": 1, "kind": "name", "value": "ab", "created": 1 }]);
    let (world, report) = merged(&document);
    assert_eq!((report.endpoints, report.remarks.len()), (8, 11), "{:#?}", report.remarks);
    for (place, there) in [("many", 128), ("comment", 1), ("kind", 1), ("star", 1), ("past", 1), ("good", 1)] {
        assert_eq!(pins(&world.store, &endpoint("", &format!("{place}.example"), 993)).len(), there, "{place}");
    }
    assert!(report.remarks.iter().any(|r| r.contains("port.example:70000")), "{:#?}", report.remarks);
}

#[test]
fn of_two_records_of_one_endpoint_the_stricter_counts() {
    let state = |state| a_pin(|pin| pin.state = state);
    let spellings = ["MAIL.example", "mail.example.", "mail.example"];
    for order in [[PinState::Blocked, PinState::Trusted], [PinState::Trusted, PinState::Blocked]] {
        let records: Vec<_> = spellings.iter().zip(order).map(|(host, s)| (("", *host, 993), vec![state(s)])).collect();
        let (world, report) = merged(&export(&records, &[]));
        let taken = pins(&world.store, &endpoint("", "mail.example", 993));
        assert_eq!((taken.len(), taken[0].state, report.remarks.len()), (1, PinState::Blocked, 1), "{report:?}");
        let within = export(&[(("", "mail.example", 993), order.map(state).to_vec())], &[]);
        let taken = pins(&merged(&within).0.store, &endpoint("", "mail.example", 993));
        assert_eq!((taken.len(), taken[0].state), (1, PinState::Blocked));
    }
}

#[test]
fn what_is_blocked_for_any_account_is_taken_and_what_is_trusted_is_not() {
    let any = a_pin(|pin| (pin.state, pin.expires) = (PinState::Blocked, -5));
    let (world, report) = merged(&export(
        &[(("*", "mail.example", 993), vec![any, a_pin(|pin| pin.value = PinValue::Sha256(Hash::of(b"t")))])],
        &[],
    ));
    let place = Endpoint { account: Account::any(), ..endpoint("", "mail.example", 993) };
    let taken = pins(&world.store, &place);
    assert_eq!((taken.len(), taken[0].state, taken[0].expires), (1, PinState::Blocked, 0));
    assert!(report.remarks.len() == 1 && report.remarks[0].contains("for any account"), "{:?}", report.remarks);
}

#[test]
fn junk_is_remarked_up_to_a_bound_and_counted_beyond() {
    let junk = "x\n".repeat(100_000);
    for format in [ImportFormat::KnownHosts, ImportFormat::CertOverride, ImportFormat::Fingerprints] {
        let (_, report) = importing(format, junk.as_bytes(), None);
        assert_eq!((report.pins, report.remarks.len()), (0, 10_001));
        assert_eq!(report.remarks[10_000], "and 90000 more remarks");
    }
    let long = vec![b'|'; 1_000_000];
    assert_eq!(importing(ImportFormat::KnownHosts, &long, None).1.remarks.len(), 1);
}

#[test]
fn of_many_keys_of_one_server_as_many_are_taken_as_it_can_have() {
    let line = |n: u32| format!("|c0|a.example|993|0|6|{}\n", Hash::of(&n.to_be_bytes()).hex());
    let file: String = (0..40_000).map(line).collect();
    let began = std::time::Instant::now();
    let (world, report) = importing(ImportFormat::KnownHosts, file.as_bytes(), None);
    assert_eq!((report.pins, report.remarks.len()), (128, 1), "{:?}", report.remarks);
    assert!(report.remarks[0].contains("39872 pins not taken"), "{:?}", report.remarks);
    assert_eq!(pins(&world.store, &endpoint("", "a.example", 993)).len(), 128);
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn remarks_are_escaped_once() {
    let (_, report) =
        importing(ImportFormat::KnownHosts, b"|c0|m\\x.example|993|0|6|aa\n|c0|m\0.example|1|0|6|aa\n", None);
    let print = Hash::of(b"a").hex();
    let lines = format!("m\0.example {print}\nm\\x.example {print}\n");
    let (_, lines) = importing(ImportFormat::Fingerprints, lines.as_bytes(), None);
    assert_eq!(report.to_json()["remarks"], json!(report.remarks));
    assert!(lines.remarks[0].contains("m\\0.example") && !lines.remarks[0].contains("m\\\\0"), "{:?}", lines.remarks);
}

#[test]
fn a_dry_run_lets_others_write() {
    let place = Place::new();
    let (reader, writer) = (place.open(), place.open());
    let line = |n: u32| format!("m{n}.example {}\n", Hash::of(&n.to_be_bytes()).hex());
    let file: String = (0..20_000).map(line).collect();
    let done = std::sync::atomic::AtomicBool::new(false);
    let mut slowest = std::time::Duration::ZERO;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let report = reader.import(ImportFormat::Fingerprints, file.as_bytes(), false, START).unwrap();
            assert_eq!((report.endpoints, report.committed), (20_000, false));
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        for n in 0.. {
            let began = std::time::Instant::now();
            writer.write(|tx| tx.raise_time_floor(n)).unwrap();
            slowest = slowest.max(began.elapsed());
            if done.load(std::sync::atomic::Ordering::SeqCst) {
                break;
            }
        }
    });
    assert!(slowest.as_millis() < 2_000, "{slowest:?}");
}

#[test]
fn an_export_of_a_newer_version_and_a_store_in_use_are_told_apart_from_rubbish() {
    let mut document = export(&[(("", "a.example", 993), vec![a_pin(|_| {})])], &[]);
    let store = Store::memory();
    store.restore_json(document.to_string().as_bytes()).unwrap();
    assert!(matches!(store.restore_json(document.to_string().as_bytes()), Err(StoreError::InUse { .. })));
    document["version"] = 2.into();
    for result in [
        Store::memory().restore_json(document.to_string().as_bytes()).err(),
        store.import(ImportFormat::Json, document.to_string().as_bytes(), true, START).err(),
    ] {
        assert!(matches!(result, Some(StoreError::Future { found: 2, known: 1, .. })), "{result:?}");
    }
}

#[test]
fn a_restore_refuses_what_no_store_can_have_written() {
    let event = |id: u64| json!({ "id": id, "time": 1, "code": "x", "severity": "info" });
    let two = |one: u64, other: u64| {
        let pin = |id, key: &str| a_pin(|pin| (pin.id, pin.value) = (id, PinValue::Sha256(Hash::of(key.as_bytes()))));
        export(&[(("", "a.example", 993), vec![pin(one, "a")]), (("", "b.example", 993), vec![pin(other, "b")])], &[])
    };
    let with = |events: Value| {
        let mut document = two(1, 2);
        document["events"] = events;
        document
    };
    Store::memory().restore_json(two(1, 2).to_string().as_bytes()).unwrap();
    let mut blocked = two(1, 2);
    blocked["blocks"] = json!([{ "id": 2, "kind": "key", "value": Hash::of(b"x").hex(), "created": 1 }]);
    let spelt = export(&[(("", "a.example", 993), vec![]), (("", "A.example.", 993), vec![])], &[]);
    let twice = export(&[(("", "a.example", 993), vec![a_pin(|_| {}), a_pin(|pin| pin.id = 2)])], &[]);
    let mixed = export(&[(("", "a.example", 993), vec![a_pin(|pin| pin.kind = PinKind::Name)])], &[]);
    let ended = export(&[(("", "a.example", 993), vec![a_pin(|pin| pin.expires = -1)])], &[]);
    for (bad, what) in [
        (two(u64::MAX, 1), "a number beyond all"),
        (two(0, 1), "number 0"),
        (two(7, 7), "a number twice"),
        (blocked, "a pin and a block of one number"),
        (with(json!([event(u64::MAX)])), "an event beyond all"),
        (with(json!([event(0)])), "event 0"),
        (with(json!([event(3), event(3)])), "an event twice"),
        (spelt, "an endpoint twice"),
        (twice, "a pin twice"),
        (mixed, "a kind with a value of another"),
        (ended, "an end before 1970"),
    ] {
        let store = Store::memory();
        let refused = store.restore_json(bad.to_string().as_bytes());
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{what}: {refused:?}");
        assert_eq!(store.read(|tx| tx.statistics()).unwrap().counts, Counts::default(), "{what}");
    }
    let store = Store::memory();
    store.restore_json(with(json!([event(500), event(501)])).to_string().as_bytes()).unwrap();
    store.block(None, PinKind::Key, Hash::of(b"new"), "", START).unwrap();
    assert!(store.read(|tx| tx.event(502)).unwrap().is_some(), "the log goes on");
    assert_eq!(store.verify().unwrap().problems, [""; 0]);
}

#[test]
fn an_endpoint_that_a_pin_for_any_account_covers_is_a_conflict() {
    let mut world = world("default", &[]);
    let (known, other) = (
        self_signed(&["h.example"], "known", START - DAY, 900),
        self_signed(&["h.example"], "other", START - DAY, 900),
    );
    let line = |chain: &Chain| format!("h.example:993 {}\n", chain.leaf().unwrap().spki().key_pin());
    world.store.import_as(ImportFormat::Fingerprints, line(&known).as_bytes(), &Account::any(), true, START).unwrap();
    assert_eq!(sees(&mut world, "h.example", 993, &known).decision(), Decision::Accept);
    let report = world.store.import(ImportFormat::Fingerprints, line(&other).as_bytes(), true, START).unwrap();
    assert_eq!((report.conflicts.len(), report.endpoints), (1, 0));
    assert_eq!(sees(&mut world, "h.example", 993, &other).decision(), Decision::Ask);
    let report = world.store.import(ImportFormat::Fingerprints, line(&known).as_bytes(), true, START).unwrap();
    assert_eq!((report.same, report.conflicts.len()), (1, 0));
}
