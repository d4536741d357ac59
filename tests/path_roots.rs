//! Trust anchors: sets given by the program, and the system's store as the environment names it
//! (each in a process of its own, which is this program again).

mod path_common;

use std::process::Command;
use std::sync::Arc;

use path_common::{cert, certs, file};
use tofu::path::Roots;

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
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", "child_prints_the_systems_roots", "--nocapture", "--ignored"]);
    child.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").envs(variables.iter().copied());
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
    assert_eq!(said, format!("trust anchors from {path} (SSL_CERT_FILE): no certificate in it"));
}
