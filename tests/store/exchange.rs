//! Files of other programs: read, written, and read again by the programs themselves.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::need;
use crate::serve::{free_port, until_it_listens};
use crate::support::*;
use crate::trust_support::{START, ca, self_signed};
use tofu::cert::Cert;
use tofu::endpoint::{Account, Endpoint, Host};
use tofu::hash::Hash;
use tofu::store::*;

fn cert(names: &[&str], key: &str) -> Cert {
    self_signed(names, key, START - 1_000, 365).leaf().unwrap().clone()
}

fn pins(store: &Store, host: &str, port: u16) -> Vec<Pin> {
    get(store, &endpoint("", host, port)).map(|r| r.pins).unwrap_or_default()
}

fn import_pem(store: &Store, pem: &str, host: &str) -> ImportReport {
    let endpoint = endpoint("", host, 993);
    store.import_for(ImportFormat::Pem, pem.as_bytes(), Some(&endpoint), true, START).unwrap()
}

#[test]
fn of_a_file_of_certificates_only_those_for_the_host_are_taken_and_no_authority() {
    let store = Store::memory();
    let (mine, other, authority) = (cert(&["mail.example"], "a"), cert(&["other.example"], "b"), ca("Home").root);
    let file =
        [mine.to_pem(), other.to_pem(), authority.to_pem(), "-----BEGIN CERTIFICATE-----\n?".to_owned()].concat();
    let report = import_pem(&store, &file, "mail.example");
    assert_eq!((report.endpoints, report.pins, report.remarks.len()), (1, 1, 3), "{:?}", report.remarks);
    assert!(
        report.remarks.iter().any(|r| r.starts_with("certificate 2: is not for mail.example but for other.example"))
    );
    assert!(report.remarks.iter().any(|r| r.starts_with("certificate 3: is an authority's")));
    let taken = pins(&store, "mail.example", 993);
    assert_eq!((taken[0].kind, taken[0].origin, taken[0].waiver), (PinKind::Certificate, Origin::Imported, None));
    assert_eq!(taken[0].value, PinValue::Sha256(mine.fingerprint()));
    let kept = store.read(|tx| tx.cert(taken[0].cert.unwrap())).unwrap();
    assert_eq!(kept.map(|c| c.fingerprint()), Some(mine.fingerprint()));
    assert_eq!(store.verify().unwrap().problems, [""; 0]);
}

#[test]
fn a_certificate_alone_in_its_file_is_taken_whatever_its_names_but_never_an_authority() {
    let store = Store::memory();
    assert_eq!(import_pem(&store, &cert(&["localhost"], "a").to_pem(), "mail.example").pins, 1);
    assert_eq!(import_pem(&store, &ca("Home").root.to_pem(), "b.example").pins, 0);
    let here = endpoint("", "c.example", 993);
    let nothing = store.import_for(ImportFormat::Pem, b"nothing", Some(&here), true, START).unwrap_err();
    assert_eq!(nothing.to_string(), "store: import: no certificate in PEM was found");
    let unsaid = store.import(ImportFormat::Pem, cert(&["a"], "a").to_pem().as_bytes(), true, START);
    assert!(matches!(unsaid, Err(StoreError::Invalid { .. })), "{unsaid:?}");
}

#[test]
fn fingerprints_alone_are_taken_for_the_endpoint_given() {
    let store = Store::memory();
    let (hash, place) = (Hash::of(b"abc"), endpoint("", "mail.example", 465));
    let (print, key) = (hash.colon_hex(), hash.base64());
    let file = format!("SHA256 Fingerprint={print}\nsha256//{key}\npin-sha256:{key}\n{}\n", "ab".repeat(20));
    let take = |place| store.import_for(ImportFormat::Fingerprints, file.as_bytes(), place, true, START).unwrap();
    assert_eq!((take(None).pins, take(None).remarks.len()), (0, 4));
    let report = take(Some(&place));
    assert_eq!((report.pins, report.remarks.len()), (2, 1));
    assert!(report.remarks[0].contains("line 4: a SHA-1 fingerprint"), "{:?}", report.remarks);
    assert_eq!(pins(&store, "mail.example", 465).len(), 2);
}

#[test]
fn what_is_exported_is_read_back_as_it_was_and_nothing_is_widened() {
    let store = Store::memory();
    let add = |place: &Endpoint, kind, value: Hash, cert: Option<Cert>, expires| {
        let (value, comment) = (PinValue::Sha256(value), String::new());
        store.add_pin(place, &NewPin { kind, state: PinState::Trusted, value, cert, expires, comment }, START).unwrap();
    };
    let known = cert(&["a.example"], "a");
    let a = endpoint("", "a.example", 993);
    add(&a, PinKind::Key, known.spki(), Some(known.clone()), 0);
    add(&a, PinKind::Certificate, known.fingerprint(), Some(known.clone()), 0);
    add(&endpoint("", "::1", 143), PinKind::Key, Hash::of(b"hash only"), None, START + 9);
    add(&endpoint("ann", "b.example", 993), PinKind::Key, Hash::of(b"ann's"), None, 0);
    add(&Endpoint { account: Account::any(), ..endpoint("", "c.example", 993) }, PinKind::Key, Hash::of(b"c"), None, 0);
    add(&endpoint("", "d.example", 993), PinKind::Issuer, Hash::of(b"issuer"), None, 0);
    let written = |format| store.export(format, None, START).unwrap();

    let hosts = written(ExportFormat::KnownHosts);
    assert_eq!((hosts.pins, hosts.remarks.len()), (3, 3), "{hosts:?}");
    let back = Store::memory();
    assert_eq!(back.import(ImportFormat::KnownHosts, hosts.text.as_bytes(), true, START).unwrap().pins, 3);
    assert_eq!(pins(&back, "a.example", 993)[0].value, PinValue::Sha256(known.spki()));
    assert_eq!(pins(&back, "::1", 143)[0].expires, START + 9);
    assert_eq!(back.export(ExportFormat::KnownHosts, None, START).unwrap().pins, 3);

    let prints = written(ExportFormat::KeyFingerprints);
    assert_eq!((prints.pins, prints.remarks.len()), (3, 3), "{prints:?}");
    let back = Store::memory();
    assert_eq!(back.import(ImportFormat::Fingerprints, prints.text.as_bytes(), true, START).unwrap().pins, 3);
    assert_eq!(back.export(ExportFormat::KeyFingerprints, None, START).unwrap().text, prints.text);

    let pem = store.export(ExportFormat::Pem, Some(&Host::parse("a.example").unwrap()), START).unwrap();
    assert!(pem.pins == 2 && pem.text.starts_with("# a.example:993\n-----BEGIN CERTIFICATE-----\n"), "{pem:?}");
    let back = Store::memory();
    let report = back.import_for(ImportFormat::Pem, pem.text.as_bytes(), Some(&a), true, START).unwrap();
    assert_eq!((report.pins, report.remarks.len()), (1, 0));
    assert_eq!(pins(&back, "a.example", 993)[0].value, PinValue::Sha256(known.fingerprint()));
}

#[test]
fn fingerprints_for_other_programs_are_those_of_certificates_where_these_are_known() {
    let store = Store::memory();
    let known = cert(&["a.example"], "a");
    let add = |host: &str, value: Hash, cert: Option<Cert>| {
        let (kind, state, value, comment) = (PinKind::Key, PinState::Trusted, PinValue::Sha256(value), String::new());
        store
            .add_pin(&endpoint("", host, 993), &NewPin { kind, state, value, cert, expires: 0, comment }, START)
            .unwrap();
    };
    add("a.example", known.spki(), Some(known.clone()));
    add("b.example", Hash::of(b"hash only"), None);
    add("::1", known.spki(), Some(known.clone()));
    let export = |format| store.export(format, None, START).unwrap();
    let (print, key) = (known.fingerprint().colon_hex(), Hash::of(b"hash only").key_pin());
    let text = export(ExportFormat::Fingerprints).text;
    assert_eq!(text, format!("[::1]:993 {print}\na.example:993 {print}\nb.example:993 {key}\n"));
    assert!(
        export(ExportFormat::KeyFingerprints).text.contains(&format!("a.example:993 {}\n", known.spki().key_pin()))
    );

    // The certificate met last counts, where the server has renewed it with the same key.
    let renewed = self_signed(&["a.example"], "a", START, 365).leaf().unwrap().clone();
    assert_eq!(renewed.spki(), known.spki());
    let mut record = get(&store, &endpoint("", "a.example", 993)).unwrap();
    record.baseline.push(Sighting {
        cert: renewed.fingerprint(),
        spki: renewed.spki(),
        first: START,
        last: START,
        not_before: renewed.not_before(),
        not_after: renewed.not_after(),
        validation: Validation::None,
        anchor: None,
        intermediates: Vec::new(),
        provisional: false,
        extra: Default::default(),
    });
    store.write(|tx| tx.put_cert(&renewed).and_then(|()| tx.put_endpoint(record.clone()))).unwrap();
    assert!(export(ExportFormat::Fingerprints).text.contains(&renewed.fingerprint().colon_hex()));
    assert!(export(ExportFormat::Pem).text.contains(&renewed.to_pem()));
}

#[test]
fn an_export_to_mozilla_has_the_lines_of_firefox_and_is_read_back() {
    let firefox = include_str!("../data/real/mozilla/cert_override.firefox.txt");
    let store = Store::memory();
    store.import(ImportFormat::CertOverride, firefox.as_bytes(), true, START).unwrap();
    let ours = store.export(ExportFormat::CertOverride, None, START).unwrap();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!((sorted(&ours.text), ours.pins), (sorted(firefox), 3));
    assert!(ours.text.starts_with("# PSM Certificate Override Settings file\n# This is a generated file!"));
}

#[test]
fn what_a_check_rejects_for_a_block_is_told_to_no_other_program() {
    const FORMATS: [ExportFormat; 5] = [
        ExportFormat::KnownHosts,
        ExportFormat::Pem,
        ExportFormat::Fingerprints,
        ExportFormat::KeyFingerprints,
        ExportFormat::CertOverride,
    ];
    let known = cert(&["a.example"], "a");
    let (place, others) = (endpoint("", "a.example", 993), endpoint("", "b.example", 993));
    let any = Endpoint { account: Account::any(), ..place.clone() };
    let ann = endpoint("ann", "a.example", 993);
    let (key, certificate) = (PinKind::Key, PinKind::Certificate);
    let blocks = [
        (None, key, known.spki()),
        (None, certificate, known.fingerprint()),
        (Some(&place), certificate, known.fingerprint()),
        (Some(&any), key, known.spki()),
        (Some(&any), certificate, known.fingerprint()),
        (Some(&ann), key, known.spki()),
    ];
    for (at, kind, value) in blocks {
        let store = Store::memory();
        let (state, pin) = (PinState::Trusted, PinValue::Sha256(known.spki()));
        let new =
            NewPin { kind: key, state, value: pin, cert: Some(known.clone()), expires: 0, comment: String::new() };
        store.add_pin(&place, &new, START).unwrap();
        store.add_pin(&others, &new, START).unwrap();
        store.block(at, kind, value, "", START).unwrap();
        let left = if at.is_none() { 0 } else { 1 };
        for format in FORMATS {
            let export = store.export(format, None, START).unwrap();
            assert_eq!((export.pins, export.remarks.len()), (left, 2 - left as usize), "{at:?} {kind:?} {format:?}");
            assert!(!export.text.contains("a.example"), "{at:?} {kind:?} {format:?}: {}", export.text);
            assert!(export.remarks.iter().all(|r| r.contains("blocked")), "{:?}", export.remarks);
        }
    }
    // The key of a certificate that is pinned and kept.
    let store = Store::memory();
    let (state, value) = (PinState::Trusted, PinValue::Sha256(known.fingerprint()));
    let new = NewPin { kind: certificate, state, value, cert: Some(known.clone()), expires: 0, comment: String::new() };
    store.add_pin(&place, &new, START).unwrap();
    store.block(None, key, known.spki(), "", START).unwrap();
    assert_eq!(store.export(ExportFormat::Fingerprints, None, START).unwrap().pins, 0);
    // What has expired.
    let store = Store::memory();
    store.add_pin(&place, &NewPin { expires: START + 1, ..new }, START).unwrap();
    for format in FORMATS {
        let export = store.export(format, None, START + 1).unwrap();
        assert_eq!((export.pins, export.remarks.len()), (0, 1), "{format:?}");
    }
}

#[test]
fn an_import_is_undone_as_a_whole_or_says_beforehand_that_it_cannot_be() {
    let options = StoreOptions { log_events: Some(20), path: Some(":memory:".into()), ..StoreOptions::default() };
    let lines = |n: usize| (0..n).map(|n| format!("m{n}.example {}\n", Hash::of(&[n as u8]).hex())).collect::<String>();
    for (size, undoable) in [(10, true), (11, false)] {
        let store = Store::open(&options).unwrap();
        let take = |commit| store.import(ImportFormat::Fingerprints, lines(size).as_bytes(), commit, START).unwrap();
        let said = take(false).remarks.iter().any(|r| r.contains("cannot be undone"));
        assert_eq!((said, take(true).pins), (!undoable, size as u64));
        assert_eq!(store.undo(None, START).is_ok(), undoable);
        assert_eq!(pins(&store, "m0.example", 993).is_empty(), undoable);
        assert_eq!(store.verify().unwrap().problems, [""; 0]);
    }
}

/// A server of OpenSSL's on loopback, ended with the value.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// A certificate and its key, `cert.pem` and `key.pem` in the directory.
fn key_pair(directory: &Path) -> bool {
    let path = |name: &str| directory.join(name);
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-nodes", "-days", "30", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    make.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
    run(make.arg("-keyout").arg(path("key.pem")).arg("-out").arg(path("cert.pem")))
}

fn server(directory: &Path, port: u16) -> Server {
    let path = |name: &str| directory.join(name);
    let mut serve = Command::new("openssl");
    serve.args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")]);
    serve.arg("-key").arg(path("key.pem")).arg("-cert").arg(path("cert.pem"));
    let log = std::fs::File::create(path("server.log")).unwrap();
    let child = serve.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let mut server = Server { child, port };
    until_it_listens("openssl s_server", &mut server.child, &[port], || {
        std::fs::read_to_string(path("server.log")).unwrap_or_default()
    });
    server
}

/// What gnutls-cli says of the server, with `home` as its home.
fn gnutls(home: &Path, mode: &str, port: u16) -> Option<String> {
    let mut cli = Command::new("timeout");
    cli.args(["20", "gnutls-cli", mode, "--port", &port.to_string(), "localhost"]).env("HOME", home);
    cli.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = cli.spawn().ok()?;
    let mut answers = child.stdin.take()?;
    // Yes to the question of `--tofu` (`--strict-tofu` has none); then the end of input ends the session.
    let _ = answers.write_all(b"y\n");
    drop(answers);
    let mut shown = String::new();
    child.stdout.take()?.read_to_string(&mut shown).ok()?;
    child.stderr.take()?.read_to_string(&mut shown).ok()?;
    child.wait().ok()?;
    Some(shown)
}

#[test]
fn gnutls_cli_believes_ours_on_ports_that_have_names() {
    if need::program(&["openssl"]).is_none() || need::program(&["gnutls-cli"]).is_none() {
        return;
    }
    let place = Place::new();
    assert!(key_pair(place.directory()));
    let cert = Cert::parse_pem(&std::fs::read(place.directory().join("cert.pem")).unwrap()).unwrap().remove(0);
    let home = place.subdirectory("home");
    let theirs = home.join(".gnutls/known_hosts");
    for port in [25, 110, 143, 465, 587, 993, 995, 4190, 2993] {
        if let Err(e) = TcpListener::bind(("127.0.0.1", port)) {
            need::skip_part(format_args!("port {port}: {e}"));
            continue;
        }
        let server = server(place.directory(), port);
        let _ = std::fs::remove_file(&theirs);
        gnutls(&home, "--tofu", server.port).unwrap();
        let store = Store::memory();
        let file = std::fs::read(&theirs).unwrap_or_else(|e| panic!("{}: {e}", theirs.display()));
        let report = store.import(ImportFormat::KnownHosts, &file, true, START).unwrap();
        assert_eq!((report.pins, report.remarks.len()), (1, 0), "{}", String::from_utf8_lossy(&file));
        assert_eq!(pins(&store, "localhost", port)[0].value, PinValue::Sha256(cert.spki()));
        std::fs::write(&theirs, store.export(ExportFormat::KnownHosts, None, START).unwrap().text).unwrap();
        let shown = gnutls(&home, "--strict-tofu", port).unwrap();
        assert!(shown.contains("Handshake was completed"), "{port}: {shown}");
        store.block(None, PinKind::Key, cert.spki(), "", START).unwrap();
        std::fs::write(&theirs, store.export(ExportFormat::KnownHosts, None, START).unwrap().text).unwrap();
        let shown = gnutls(&home, "--strict-tofu", port).unwrap();
        assert!(!shown.contains("Handshake was completed"), "{port}, blocked: {shown}");
    }
}

#[test]
fn known_hosts_of_gnutls_cli_is_read_and_ours_is_believed_by_it() {
    if need::program(&["openssl"]).is_none() || need::program(&["gnutls-cli"]).is_none() {
        return;
    }
    let place = Place::new();
    assert!(key_pair(place.directory()));
    let server = server(place.directory(), free_port());
    let home = place.subdirectory("home");
    let theirs = home.join(".gnutls/known_hosts");
    gnutls(&home, "--tofu", server.port).unwrap();
    let pem = std::fs::read(place.directory().join("cert.pem")).unwrap();
    let cert = Cert::parse_pem(&pem).unwrap().remove(0);
    let store = place.open();
    let file = std::fs::read(&theirs).unwrap_or_else(|e| panic!("{}: {e}", theirs.display()));
    let report = store.import(ImportFormat::KnownHosts, &file, true, START).unwrap();
    assert_eq!((report.pins, report.remarks.len()), (1, 0), "{}", String::from_utf8_lossy(&file));
    assert_eq!(pins(&store, "localhost", server.port)[0].value, PinValue::Sha256(cert.spki()));

    // Both kinds of line that we write: of a key that is known, and of one of which the hash is.
    let with_cert = Store::memory();
    let new = NewPin {
        kind: PinKind::Key,
        state: PinState::Trusted,
        value: PinValue::Sha256(cert.spki()),
        cert: Some(cert),
        expires: 0,
        comment: String::new(),
    };
    with_cert.add_pin(&endpoint("", "localhost", server.port), &new, START).unwrap();
    for (from, kind) in [(&store, "|c0|"), (&with_cert, "|g0|")] {
        let ours = from.export(ExportFormat::KnownHosts, None, START).unwrap().text;
        assert!(ours.starts_with(kind), "{ours}");
        std::fs::write(&theirs, ours).unwrap();
        let shown = gnutls(&home, "--strict-tofu", server.port).unwrap();
        assert!(shown.contains("Handshake was completed"), "{kind}: {shown}");
        std::fs::write(&theirs, "").unwrap();
        let shown = gnutls(&home, "--strict-tofu", server.port).unwrap();
        assert!(!shown.contains("Handshake was completed"), "{kind}, with an empty file: {shown}");
    }
}
