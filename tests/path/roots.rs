//! Trust anchors: sets given by the program, and the system's store as the environment names it
//! (each in a process of its own, which is this program again).

use std::sync::Arc;

use crate::again::again;
use crate::support::{cert, certs, file};
use tofu::cert::Cert;
use tofu::path::{RootFile, Roots};

#[test]
fn a_set_knows_its_members_once_each() {
    let roots = Roots::from_certs(certs(&["root", "stranger-root", "root"]));
    assert_eq!(roots.len(), 2);
    assert!(roots.contains_key(cert("root").spki()) && roots.contains(&cert("root")));
    assert!(roots.contains_key(cert("root-capitals").spki()) && !roots.contains(&cert("root-capitals")));
    assert!(!roots.contains_key(cert("inter").spki()));
    assert_eq!(roots.certs().count(), 2);
    assert!(Roots::none().is_empty());
}

#[test]
fn sets_are_told_apart_by_their_generation() {
    let first = Roots::from_certs(certs(&["root"]));
    let second = Roots::from_certs(certs(&["root"]));
    let wider = first.with(&certs(&["stranger-root"]));
    assert_ne!(first.generation(), second.generation());
    assert_ne!(first.generation(), wider.generation());
    assert_eq!((first.len(), wider.len()), (1, 2));
    assert!(Arc::ptr_eq(&first, &first.with(&[])));
}

/// Runs `child_prints_the_systems_roots` with this environment and gives what it printed.
fn in_child(variables: &[(&str, &str)]) -> String {
    let mut child = again(module_path!(), "child_prints_the_systems_roots");
    child.arg("--ignored").env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").envs(variables.iter().copied());
    let output = child.output().expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.split_once("roots: ")).unwrap_or_else(|| panic!("{text}")).1.to_owned()
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn child_prints_the_systems_roots() {
    match Roots::system() {
        Ok(roots) => {
            let again = Roots::system().expect("loaded before");
            let reloaded = Roots::reload_system().expect("still there");
            assert!(Arc::ptr_eq(&roots, &again) && !Arc::ptr_eq(&roots, &reloaded));
            assert!(Arc::ptr_eq(&reloaded, &Roots::system().expect("loaded before")));
            println!("roots: {} from {}, skipped {:?}", roots.len(), roots.origin(), roots.skipped());
        }
        Err(error) => println!("roots: {error}"),
    }
}

#[test]
fn ssl_cert_file_is_read_and_its_broken_certificates_are_skipped_and_reported() {
    let dir = tempfile::tempdir().expect("a directory");
    let bundle = dir.path().join("bundle.pem");
    let mut text = file("root.pem");
    text.extend(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    text.extend(file("stranger-root.pem"));
    std::fs::write(&bundle, text).expect("written");
    let path = bundle.to_str().expect("UTF-8");
    let said = in_child(&[("SSL_CERT_FILE", path)]);
    assert!(said.starts_with(&format!("2 from {path} (SSL_CERT_FILE), skipped [\"a certificate of 3 bytes")), "{said}");
}

#[test]
fn ssl_cert_dir_is_read() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("a.pem"), file("root.pem")).expect("written");
    let said = in_child(&[("SSL_CERT_DIR", dir.path().to_str().expect("UTF-8"))]);
    assert!(said.starts_with("1 from ") && said.contains("(SSL_CERT_DIR)"), "{said}");
}

#[test]
fn a_missing_or_empty_ssl_cert_file_is_an_error_that_names_it() {
    let said = in_child(&[("SSL_CERT_FILE", "/nonexistent/roots.pem")]);
    assert!(said.starts_with("trust anchors from /nonexistent/roots.pem (SSL_CERT_FILE): "), "{said}");
    let dir = tempfile::tempdir().expect("a directory");
    let empty = dir.path().join("empty.pem");
    std::fs::write(&empty, b"").expect("written");
    let path = empty.to_str().expect("UTF-8");
    let said = in_child(&[("SSL_CERT_FILE", path)]);
    assert_eq!(said, format!("trust anchors from {path} (SSL_CERT_FILE): it contains no certificate"));
}

/// A block with this label, as OpenSSL writes it: `settings` is what stands behind the certificate.
fn block(label: &str, name: &str, settings: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(&[cert(name).der(), settings].concat());
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..(at + 64).min(text.len())]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// What `openssl x509 -trustout -addtrust serverAuth` writes, and so on.
const FOR_SERVERS: &[u8] = &[0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const FOR_MAIL: &[u8] = &[0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4];
const NOT_FOR_SERVERS: &[u8] = &[0x30, 12, 0xA0, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];

/// A file with every way to write a root: `root`, `inter` and `stranger-root` count, two others do not.
fn every_way() -> String {
    [
        "\u{FEFF}".to_owned(),
        block("CERTIFICATE", "root", &[]),
        block("X509 CERTIFICATE", "inter", &[]).replace('\n', "\r\n"),
        block("TRUSTED CERTIFICATE", "stranger-root", FOR_SERVERS),
        block("TRUSTED CERTIFICATE", "old-root", FOR_MAIL),
        block("CERTIFICATE", "root-cross", &[]),
        block("TRUSTED CERTIFICATE", "root-cross", NOT_FOR_SERVERS),
        "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n".to_owned(),
    ]
    .concat()
}

#[test]
fn one_reader_takes_every_way_to_write_a_root_and_respects_trust_settings() {
    let read = RootFile::read(every_way().as_bytes());
    let taken: Vec<_> = read.certs.iter().map(Cert::fingerprint).collect();
    let right: Vec<_> = ["root", "inter", "stranger-root"].map(|name| cert(name).fingerprint()).to_vec();
    assert_eq!((taken, read.unreadable.len()), (right, 0));
    assert_eq!(read.skipped.len(), 3, "{:?}", read.skipped);
    assert!(read.skipped[0].starts_with("certificate 4 (") && read.skipped[0].ends_with("do not name TLS servers"));
    assert!(read.skipped[1].starts_with("certificate 6 (") && read.skipped[1].ends_with("reject it for TLS servers"));
    // The same in DER: certificates one after the other, with their settings behind them.
    let der = [cert("root").der(), cert("old-root").der(), FOR_MAIL, cert("inter").der(), FOR_SERVERS].concat();
    let read = RootFile::read(&der);
    assert_eq!((read.certs.len(), read.skipped.len(), read.unreadable.len()), (2, 1, 0), "{:?}", read.skipped);
}

#[test]
fn the_environments_files_are_read_as_all_others_and_what_is_passed_over_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("every.pem");
    std::fs::write(&file, every_way()).expect("written");
    let path = file.to_str().expect("UTF-8");
    let said = in_child(&[("SSL_CERT_FILE", path)]);
    assert!(said.starts_with(&format!("3 from {path} (SSL_CERT_FILE), skipped [")), "{said}");
    assert!(said.contains("do not name TLS servers") && said.contains("1 block of the kind PRIVATE KEY"), "{said}");
    // A directory holds one file for each, links to them, and other things. What one rejects no other brings back.
    let roots = dir.path().join("roots");
    std::fs::create_dir(&roots).expect("made");
    std::fs::write(roots.join("der.crt"), cert("root").der()).expect("written");
    std::fs::write(roots.join("crossed.pem"), block("CERTIFICATE", "root-cross", &[])).expect("written");
    std::fs::write(roots.join("README"), "certificates of our company\n").expect("written");
    std::fs::write(roots.join("broken.pem"), "-----BEGIN CERTIFICATE-----\nAA").expect("written");
    std::os::unix::fs::symlink("der.crt", roots.join("12345678.0")).expect("linked");
    std::os::unix::fs::symlink("gone", roots.join("87654321.0")).expect("linked");
    let directory = roots.to_str().expect("UTF-8");
    let said = in_child(&[("SSL_CERT_DIR", directory)]);
    assert!(said.starts_with("2 from ") && said.contains("broken.pem: certificate 1: "), "{said}");
    assert!(!said.contains("README") && !said.contains("gone"), "{said}");
    let said = in_child(&[("SSL_CERT_FILE", path), ("SSL_CERT_DIR", directory)]);
    assert!(said.starts_with("3 from ") && said.contains("every.pem: certificate 4"), "{said}");
}

#[test]
fn a_file_in_which_no_root_counts_is_an_error_that_says_why() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("mail.pem");
    std::fs::write(&file, block("TRUSTED CERTIFICATE", "old-root", FOR_MAIL)).expect("written");
    let said = in_child(&[("SSL_CERT_FILE", file.to_str().expect("UTF-8"))]);
    assert!(said.ends_with("its trust settings do not name TLS servers"), "{said}");
    std::fs::write(
        &file,
        [b"\xFF\xFE".to_vec(), block("CERTIFICATE", "root", &[]).encode_utf16().flat_map(u16::to_le_bytes).collect()]
            .concat(),
    )
    .expect("written");
    let said = in_child(&[("SSL_CERT_FILE", file.to_str().expect("UTF-8"))]);
    assert!(said.ends_with("UTF-16 text, as some programs of Windows write it; save it as UTF-8"), "{said}");
}

#[test]
fn hostile_files_of_roots_cost_no_more_than_they_are_long() {
    let began = std::time::Instant::now();
    for file in [
        "-----BEGIN ".repeat(300_000).into_bytes(),
        "-----BEGIN X-----".repeat(200_000).into_bytes(),
        (0..100_000).map(|n| format!("-----BEGIN {n}-----")).collect::<String>().into_bytes(),
        "-----BEGIN CERTIFICATE-----".repeat(100_000).into_bytes(),
        "-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n-----END ".repeat(50_000).into_bytes(),
        [0x30, 0x80].repeat(500_000),
        [0x30, 0x81, 0x00].repeat(300_000),
        cert("root").der().repeat(500),
        [cert("root").der(), &[0x30, 0x00].repeat(100_000)].concat(),
    ] {
        let read = RootFile::read(&file);
        assert!(read.certs.len() <= 500 && read.why_empty().len() < 1_000);
    }
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}

#[test]
fn a_root_in_der_is_read_as_a_certificate_is_whatever_follows_it() {
    let der = cert("root").der().to_vec();
    for behind in [&b""[..], b"\n", b"\r\n", b"\0\0\0", b"-----"] {
        let file = [&der[..], behind].concat();
        assert!(Cert::parse_der(&file).is_ok());
        let read = RootFile::read(&file);
        assert_eq!((read.certs.len(), read.unreadable.len()), (1, 0), "{behind:?}: {:?}", read.skipped);
        assert!(read.certs[0].der().starts_with(&der));
    }
}
