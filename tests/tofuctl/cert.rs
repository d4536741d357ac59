//! `tofuctl cert` and `tofuctl diff`: files in, words out.

use tofu::cert::Cert;
use tofu::time::DAY;

use crate::need;
use crate::user::made::{self, START};
use crate::user::{User, certified, fits, flat, self_signed};

fn pem(certs: &[Cert]) -> Vec<u8> {
    certs.iter().map(Cert::to_pem).collect::<String>().into_bytes()
}

#[test]
fn a_certificate_is_shown_with_who_by_whom_and_until_when() {
    let user = User::new();
    let own = self_signed("one");
    let file = user.file("own.pem", &pem(&own));
    let ran = user.run(&["cert", &file]).ends(0);
    for text in [
        "For mail.example.org",
        "Issued by itself (self-signed)",
        "Valid until 2028-02-05 00:00:00 UTC, in 360 days (since 2027-01-01)",
        "Names mail.example.org, localhost, 127.0.0.1",
        "Key Ed25519",
        &format!("Key pin sha256//{}", own[0].spki().base64()),
    ] {
        assert!(flat(&ran.out).contains(text), "{text}\n{}", ran.out);
    }
    let shown = flat(&ran.out).replace(' ', "");
    assert!(shown.contains(&format!("SHA-256{}", own[0].fingerprint().colon_hex())), "{}", ran.out);
    fits(&ran.out);
    let below = user.file("below.pem", &pem(&certified(&user.authority, "two", 90)));
    user.run(&["cert", &below]).ends(0).says("Issued by CN=Public Trust CA,O=Public Trust").says("in 50 days");
}

#[test]
fn days_are_counted_from_the_time_given() {
    let mut user = User::new();
    let file = user.file("own.pem", &pem(&self_signed("one")));
    user.now = START + 403 * DAY;
    user.run(&["cert", &file]).ends(0).says("until 2028-02-05 00:00:00 UTC: expired 3 days ago");
    user.now = START - 3 * DAY;
    user.run(&["cert", &file]).ends(0).says("not before 2027-01-01 00:00:00 UTC");
}

#[test]
fn no_number_stands_for_a_date_that_cannot_be_read() {
    let user = User::new();
    let both = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/certs/date-unreadable.der");
    let one = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/certs/date-without-zone.der");
    let ran = user.run(&["cert", both]).ends(0);
    ran.says("Valid its beginning has no readable date (A50101000000Z), its end has no readable date (351301000000Z)");
    let ran = user.run(&["cert", one]).ends(0);
    ran.says("Valid until 2035-01-01 00:00:00 UTC; its beginning has no readable date (250101000000)");
    let json = user.run(&["cert", "--json", both]).ends(0).json().to_string();
    assert!(json.contains("\"not_after\":null") && json.contains("\"not_before\":null"), "{json}");
}

#[test]
fn chains_are_read_as_pem_as_der_and_from_standard_input() {
    let user = User::new();
    let chain = [certified(&user.authority, "two", 90), vec![user.authority.root.clone()]].concat();
    let text = [b"s:CN = mail.example.org\n".to_vec(), pem(&chain), b"---\nServer certificate\n".to_vec()].concat();
    let der: Vec<u8> = chain.iter().flat_map(|cert| cert.der().to_vec()).collect();
    let der = user.file("chain.der", &der);
    for ran in [user.run_with(&["cert", "-"], &text), user.run(&["cert", &der])] {
        let ran = ran.ends(0).says("Certificate 1 of 2").says("Certificate 2 of 2").says("For Public Trust CA");
        fits(&ran.out);
    }
    let again = user.run(&["cert", "--pem", &der]).ends(0);
    assert_eq!(again.out.as_bytes(), pem(&chain));
}

#[test]
fn a_file_without_a_certificate_is_named_and_the_others_are_shown() {
    let user = User::new();
    let good = user.file("good.pem", &pem(&self_signed("one")));
    let key = user.file("server.key", b"-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n");
    let half = user.file("half.pem", &pem(&self_signed("one"))[..300]);
    let none = user.path("none.pem");
    let ran = user.run(&["cert", &key, none.to_str().unwrap(), &half, &good]).ends(1);
    let ran = ran.complains("server.key: no certificate in it, but: PRIVATE KEY").complains("none.pem: no such file");
    let ran = ran.complains("half.pem: ").says("good.pem For mail.example.org");
    assert_eq!(ran.err.lines().count(), 3, "{}", ran.err);
}

#[test]
fn containers_keys_and_lists_in_der_are_named() {
    let user = User::new();
    if need::program(&["openssl"]).is_none() {
        return;
    }
    openssl(&user).unwrap();
    for (file, says) in [
        ("chain.p7c", "PKCS #7, in DER; openssl pkcs7 -inform DER -print_certs"),
        ("chain.p7b", "PKCS7; openssl pkcs7 -print_certs"),
        ("own.pfx", "PKCS #12 (PFX), in DER; openssl pkcs12 -nokeys"),
        ("own.key", "a private key, in DER"),
        ("own.p8", "a private key, in DER"),
        ("own.csr", "a certificate request, in DER"),
        ("own.crl", "a revocation list (CRL), in DER"),
    ] {
        user.run(&["cert", file]).ends(1).complains(&format!("{file}: no certificate in it, but: {says}"));
    }
    user.run(&["cert", "own.der"]).ends(0).says("For mail.example.org");
}

/// Has openssl write the same certificate and its key in every form.
fn openssl(user: &User) -> Option<()> {
    user.file("ca.cnf", b"[ca]\ndefault_ca=d\n[d]\ndatabase=db\ndefault_md=sha256\ndefault_crl_days=9\n");
    user.file("db", b"");
    for line in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.pem -out crt.pem -subj /CN=mail.example.org",
        "x509 -in crt.pem -outform DER -out own.der",
        "crl2pkcs7 -nocrl -certfile crt.pem -outform DER -out chain.p7c",
        "crl2pkcs7 -nocrl -certfile crt.pem -out chain.p7b",
        "pkcs12 -export -in crt.pem -inkey own.pem -passout pass: -out own.pfx",
        "ec -in own.pem -outform DER -out own.key",
        "pkcs8 -topk8 -nocrypt -in own.pem -outform DER -out own.p8",
        "req -new -key own.pem -subj /CN=mail.example.org -outform DER -out own.csr",
        "ca -config ca.cnf -gencrl -keyfile own.pem -cert crt.pem -out crl.pem",
        "crl -in crl.pem -outform DER -out own.crl",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let mut command = std::process::Command::new("openssl");
        let output = command.args(&arguments).current_dir(user.directory.path()).output().ok()?;
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Some(())
}

#[test]
fn names_that_steer_a_terminal_are_escaped_and_every_line_fits() {
    let user = User::new();
    let long = format!("{}.example", "x".repeat(200));
    let names = ["a\x1b[2Jb\n\u{202e}c.example", &long, "mail.example.org"];
    let chain = made::self_signed(&names, "hostile", START, 400);
    let file = user.file("hostile.pem", chain.leaf().unwrap().to_pem().as_bytes());
    let plain = user.file("plain.pem", &pem(&self_signed("one")));
    for arguments in [
        &["cert", &file][..],
        &["cert", "--text", &file],
        &["diff", &file, &plain],
        &["--color", "always", "diff", &file, &plain],
    ] {
        let ran = user.run(arguments).ends(0).says("a\\x1B[2Jb");
        fits(&ran.out);
    }
}

#[test]
fn json_is_a_list_of_certificates_with_their_files() {
    let user = User::new();
    let own = self_signed("one");
    let file = user.file("own.pem", &pem(&own));
    let ran = user.run(&["cert", "--json", &file, &file]).ends(0);
    let list = ran.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(list[0]["file"], file.as_str());
    assert_eq!(list[0]["fingerprint"], own[0].fingerprint().hex());
    let hostile = made::self_signed(&["a\u{202e}\u{e0041}b.example"], "hostile", START, 400);
    let file = user.file("hostile.pem", hostile.leaf().unwrap().to_pem().as_bytes());
    let ran = user.run(&["cert", "--json", &file]).ends(0);
    assert!(ran.out.is_ascii() && ran.out.contains("a\\u202e\\udb40\\udc41b.example"), "{}", ran.out);
    assert_eq!(ran.json()[0]["names"][0]["value"], "a\u{202e}\u{e0041}b.example");
}

#[test]
fn two_certificates_stand_side_by_side_what_differs_first() {
    let user = User::new();
    let (a, b) = (self_signed("one"), certified(&user.authority, "two", 90));
    let (old, new) = (user.file("old.pem", &pem(&a)), user.file("new.pem", &pem(&b)));
    let ran = user.run(&["diff", &old, &new]).ends(0).says("Two certificates for different keys.");
    fits(&ran.out);
    let (differs, same) = ran.out.split_once("The same in both:").unwrap();
    assert!(differs.contains("not-after") && differs.contains("2028-02-05") && differs.contains("2027-04-01"));
    assert!(same.contains("names") && !same.contains("fingerprint"), "{same}");
    let ran = user.run(&["diff", &old, &old]).ends(0).says("the same certificate, byte for byte");
    assert!(!ran.out.contains('\x1b'));
    let coloured = user.run(&["--color", "always", "diff", &old, &new]).ends(0);
    assert!(coloured.out.contains("\x1b[1;31m") && coloured.out.contains("\x1b[32m"), "{}", coloured.out);
    let rows = user.run(&["diff", "--json", &old, &new]).ends(0).json();
    assert!(rows["rows"].as_array().unwrap().iter().any(|row| row["field"] == "key-pin" && row["changed"] == true));
}

#[test]
fn a_server_stands_for_its_certificate_in_the_store() {
    let user = User::new();
    let server = user.self_signed("one");
    let fingerprint = self_signed("one")[0].fingerprint().hex();
    user.run(&["trust", "--fingerprint", &fingerprint, &server.name()]).ends(0);
    let new = user.file("new.pem", &pem(&self_signed("two")));
    let ran = user.run(&["diff", &server.name(), &new]).ends(0).says("Two certificates for different keys.");
    fits(&ran.out);
    user.run(&["diff", "unknown.example", &new]).ends(1).complains("holds no certificate of unknown.example:993");
    user.run(&["diff", "-", "-"]).ends(2);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let user = User::new();
    let file = user.file("many.pem", &pem(&self_signed("one")).repeat(500));
    let script = format!("{} cert {file} | head -n 1", env!("CARGO_BIN_EXE_tofuctl"));
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Certificate 1 of 500\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
