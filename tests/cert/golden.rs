//! Golden files: the text and the JSON of every certificate in `tests/data/certs`, which has one
//! for each kind of key, string, name, date and defect. `BLESS=1` writes them anew; read the
//! difference before committing it.

use std::path::{Path, PathBuf};

use tofu::cert::{Cert, compare};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/certs")
}

fn certificates() -> Vec<(String, Cert)> {
    let mut all: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "der"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let cert = Cert::parse_der(&std::fs::read(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
            (name, cert)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn cert(name: &str) -> Cert {
    Cert::parse_der(&std::fs::read(folder().join(format!("{name}.der"))).unwrap()).unwrap()
}

/// Compares with the golden file, or writes it.
fn golden(file: &str, actual: &str) -> Option<String> {
    let path = folder().join("golden").join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return None;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    (expected != actual).then(|| format!("{file} differs:\n--- expected\n{expected}\n--- actual\n{actual}"))
}

#[test]
fn texts_and_json_are_as_they_were() {
    let all = certificates();
    assert!(all.len() >= 90, "only {} certificates", all.len());
    let mut wrong = Vec::new();
    for (name, cert) in &all {
        // What ring cannot verify is not found to be self-signed.
        let beyond_ring = ["key-p521", "key-secp256k1", "key-compressed-point"].contains(&name.as_str());
        if !cfg!(feature = "aws-lc-rs") && (beyond_ring || name.starts_with("kind-ml-dsa")) {
            continue;
        }
        wrong.extend(golden(&format!("{name}.txt"), &cert.to_text()));
        wrong.extend(golden(&format!("{name}.json"), &format!("{:#}\n", cert.to_json())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn comparisons_are_as_they_were() {
    let (before, now) = (cert("key-rsa2048"), cert("name-openssl"));
    let diff = compare(&before, &now);
    let wrong: Vec<_> = [
        golden("compare-80.txt", &diff.to_text(80)),
        golden("compare-60.txt", &diff.to_text(1)),
        golden("compare.json", &format!("{:#}\n", diff.to_json())),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for width in [60, 72, 80, 100, 133] {
        assert!(diff.to_text(width).lines().all(|line| line.chars().count() <= width), "{width}");
    }
    assert!(compare(&before, &before).rows.iter().all(|row| !row.changed));
}

#[test]
fn nothing_that_steers_a_terminal_is_ever_printed() {
    let all = certificates();
    for (name, cert) in &all {
        let texts = [
            cert.to_text(),
            cert.subject().text(),
            compare(cert, &all[0].1).to_text(80),
            cert.host_names().join(""),
            cert.anomalies().iter().map(|a| a.text()).collect(),
        ];
        for text in texts {
            let unsafe_to_show = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
            assert!(!text.contains(unsafe_to_show), "{name}: {text:?}");
        }
    }
}

#[test]
fn a_text_fits_on_a_screen_whatever_the_certificate_holds() {
    for (name, cert) in certificates() {
        let text = cert.to_text();
        assert!(text.lines().count() <= 70, "{name} takes {} lines", text.lines().count());
        assert!(text.len() < 12_000, "{name} takes {} bytes", text.len());
    }
}

/// The anomaly that each defect is made for.
#[test]
fn every_defect_is_named() {
    for (name, codes) in [
        ("key-unreadable-rsa", &["key-unreadable"][..]),
        ("key-unknown-curve", &["key-curve-unknown"]),
        ("key-unknown-algorithm", &["key-algorithm-unknown"]),
        ("key-rsa-without-null", &["key-parameters"]),
        ("key-compressed-point", &["key-point-form"]),
        ("key-explicit", &["key-curve-explicit"]),
        ("signature-pss-odd-salt", &["signature-parameters"]),
        ("name-mislabelled", &["string-characters", "name-country"]),
        ("name-escapes", &["string-deceptive"]),
        ("name-empty-parts", &["name-empty-part", "name-empty-value"]),
        ("name-unreadable", &["name-unreadable"]),
        ("name-long", &["name-too-long"]),
        ("name-attributes-300", &["name-too-long"]),
        ("san-malformed", &["san-dns-form", "san-malformed"]),
        ("san-empty", &["san-empty"]),
        ("date-generalized-early", &["date-form"]),
        ("date-without-seconds", &["date-form"]),
        ("date-with-offset", &["date-form"]),
        ("date-with-fraction", &["date-form"]),
        ("date-unreadable", &["date-unreadable"]),
        ("date-without-zone", &["date-unreadable"]),
        ("date-reversed", &["dates-reversed"]),
        ("serial-negative", &["serial-negative"]),
        ("serial-zero", &["serial-zero"]),
        ("serial-empty", &["serial-empty"]),
        ("serial-huge", &["serial-long"]),
        ("serial-padded", &["der-integer"]),
        ("version-1", &["version-old"]),
        ("version-1-written", &["version-default-written"]),
        ("version-1-with-extensions", &["version-without-extensions"]),
        ("version-2-unique-ids", &["unique-identifier"]),
        ("version-4", &["version-unknown"]),
        ("version-negative", &["version-unreadable"]),
        ("extension-repeated-san", &["extension-repeated"]),
        ("extension-unknown-critical", &["critical-extension-not-understood"]),
        ("extension-unreadable", &["extension-unreadable", "der-structure"]),
        ("extension-trailing", &["extension-unreadable"]),
        ("extension-critical-odd", &["extension-critical-form"]),
        ("extension-list-broken", &["extensions-structure", "der-structure"]),
        ("extensions-none", &["extensions-empty"]),
        ("extensions-300", &["extensions-too-many"]),
        ("constraint-mask", &["ip-constraint-mask"]),
        ("usage-contradicts", &["key-usage-contradicts", "key-usage-without-ca"]),
        ("ber-indefinite", &["der-indefinite-length"]),
        ("ber-long-length", &["der-length"]),
        ("ber-long-tag", &["der-length"]),
        ("trailing-bytes", &["trailing-bytes"]),
        ("stray-after-signature", &["stray-data"]),
        ("stray-in-tbs", &["stray-data"]),
        ("algorithms-differ", &["signature-algorithms-differ"]),
        ("algorithm-parameters", &["signature-parameters"]),
        ("algorithm-unknown", &["signature-algorithm-unknown"]),
        ("signature-empty", &["signature-empty"]),
        ("signature-unused-bits", &["signature-unused-bits"]),
    ] {
        let cert = cert(name);
        let found: Vec<_> = cert.anomalies().iter().map(|a| a.code).collect();
        assert!(codes.iter().all(|code| found.contains(code)), "{name}: {codes:?} not all in {found:?}");
    }
}

#[test]
fn the_table_of_anomalies_in_the_docs_is_the_one_in_the_code() {
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/certificates.md")).unwrap();
    let rows: Vec<(&str, &str)> =
        docs.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")).collect();
    assert!(rows.len() >= 60);
    for (code, text) in &rows {
        assert_eq!(tofu::text::template(code), Some(*text), "{code}");
    }
    for (name, cert) in certificates() {
        for anomaly in cert.anomalies() {
            assert!(rows.iter().any(|(code, _)| *code == anomaly.code), "{name}: {}", anomaly.code);
        }
    }
}

#[test]
fn proper_certificates_have_no_anomalies() {
    for name in ["key-rsa2048", "key-p256", "key-p521", "key-ed25519", "name-openssl", "cn-only", "san-300", "ca-leaf"]
    {
        let cert = cert(name);
        assert!(cert.anomalies().is_empty(), "{name}: {:?}", cert.anomalies());
    }
}

#[test]
fn self_signed_means_that_the_signature_verifies() {
    let (yes, no) = (true, false);
    for (name, expected) in [
        ("key-rsa1024", yes),
        ("key-rsa2048", yes),
        ("key-rsa2048e3", yes),
        ("key-rsa2048-sha1", yes),
        ("key-rsa2048-sha512", yes),
        ("key-rsa4096", yes),
        ("signature-pss-sha256", yes),
        ("signature-pss-sha512", yes),
        ("key-p256", yes),
        ("key-p384", yes),
        ("key-p384-sha384", yes),
        ("key-ed25519", yes),
        ("ber-indefinite", yes),
        ("trailing-bytes", yes),
        ("version-1", yes),
        ("date-unreadable", yes),
        ("signed-by-other", no),
        ("self-issued-not-self-signed", no),
        ("signature-wrong", no),
        ("signature-empty", no),
        ("signature-unused-bits", no),
        ("algorithms-differ", no),
        ("key-unknown-algorithm", no),
    ] {
        assert_eq!(cert(name).is_self_signed(), expected, "{name}");
    }
    if cfg!(feature = "aws-lc-rs") {
        assert!(cert("key-p521").is_self_signed());
    }
}

#[test]
fn what_the_provider_does_not_know_is_unsupported_and_not_invalid() {
    use tofu::cert::SignatureCheck::{Invalid, Unsupported};
    for (name, expected) in [
        ("key-md5", Unsupported),
        ("key-ed448", Unsupported),
        ("key-dsa", Unsupported),
        ("key-p192", Unsupported),
        ("signature-pss-odd-salt", Unsupported),
        ("algorithm-unknown", Unsupported),
        ("key-unreadable-rsa", Unsupported),
        ("signature-wrong", Invalid),
        ("algorithms-differ", Invalid),
    ] {
        let cert = cert(name);
        assert_eq!(cert.signed_by(&cert), expected, "{name}");
    }
}

#[test]
fn keys_are_measured_and_weak_ones_named() {
    for (name, shown, bits, weak, readable) in [
        ("key-rsa1024", "RSA", 1024, true, true),
        ("key-rsa2047", "RSA", 2047, true, true),
        ("key-rsa2048", "RSA", 2048, false, true),
        ("key-rsa3072", "RSA", 3072, false, true),
        ("key-rsa4096", "RSA", 4096, false, true),
        ("key-rsapss", "RSA-PSS", 2048, false, true),
        ("key-p192", "P-192", 192, true, true),
        ("key-p224", "P-224", 224, false, true),
        ("key-p256", "P-256", 256, false, true),
        ("key-p384", "P-384", 384, false, true),
        ("key-p521", "P-521", 521, false, true),
        ("key-secp256k1", "secp256k1", 256, false, true),
        ("key-brainpool", "brainpoolP256r1", 256, false, true),
        ("key-sect163", "sect163k1", 163, true, true),
        ("key-explicit", "P-256", 256, false, true),
        ("key-ed25519", "Ed25519", 256, false, true),
        ("key-ed448", "Ed448", 456, false, true),
        ("key-dsa", "DSA", 2048, true, true),
        ("key-x25519", "X25519", 256, false, true),
        ("kind-ml-dsa-44", "ML-DSA-44", 1312 * 8, false, true),
        ("kind-ml-dsa-65", "ML-DSA-65", 1952 * 8, false, true),
        ("kind-ml-dsa-87", "ML-DSA-87", 2592 * 8, false, true),
        ("kind-ml-dsa-65-short", "ML-DSA-65", 1951 * 8, true, false),
        ("kind-slh-dsa-sha2-128s", "SLH-DSA-SHA2-128s", 256, false, true),
        ("kind-fn-dsa-512", "FN-DSA-512 (Falcon)", 897 * 8, false, true),
        ("kind-composite-65-p256", "ML-DSA-65 with P-256", 2017 * 8, false, true),
        ("kind-gost-2012-256", "GOST R 34.10-2012 (256 bit)", 66 * 8, false, true),
        ("kind-rsa-1988", "RSA (2.5.8.1.1)", 2048, false, true),
        ("kind-rsa-negative", "RSA (negative number)", 2048, false, true),
        ("kind-rsa-negative-512", "RSA (negative number)", 512, true, true),
        ("kind-nothing", "X25519", 0, true, false),
        ("key-unknown-algorithm", "1.2.3.4.5", 256, false, true),
        ("key-unreadable-rsa", "RSA", 0, true, false),
        ("key-unknown-curve", "EC, curve 1.2.3.4", 0, false, true),
        ("key-compressed-point", "P-256", 256, false, true),
    ] {
        let cert = cert(name);
        let key = cert.key();
        assert_eq!((key.name.as_str(), key.bits, key.weak, key.readable), (shown, bits, weak, readable), "{name}");
    }
    assert_eq!(cert("key-rsa2048e3").key().rsa_exponent.as_deref(), Some("3"));
    assert_eq!(cert("key-rsa2048").key().rsa_exponent.as_deref(), Some("65537"));
    assert_eq!(cert("key-p256").key().rsa_exponent, None);
    for (name, weak) in [("key-md5", true), ("key-rsa2048-sha1", true), ("key-rsa2048", false), ("key-ed25519", false)]
    {
        assert_eq!(cert(name).signature_algorithm().weak, weak, "{name}");
    }
}

/// A curve that differs from a named one in a single number is another curve (CVE-2020-0601).
#[test]
fn numbers_make_a_named_curve_only_where_all_are_its_own() {
    let der = std::fs::read(folder().join("key-explicit.der")).unwrap();
    let parts: [(&str, &[u8]); 4] = [
        ("prime", &[0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0]),
        ("coefficient", &[0x5a, 0xc6, 0x35, 0xd8]),
        ("base point", &[0x6b, 0x17, 0xd1, 0xf2]),
        ("order", &[0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad]),
    ];
    for (part, bytes) in parts {
        let at = der.windows(bytes.len()).position(|window| window == bytes).unwrap();
        let mut odd = der.clone();
        odd[at + bytes.len() - 1] ^= 2;
        let odd = Cert::parse_der(&odd).unwrap();
        assert_eq!((odd.key().name.as_str(), odd.key().weak), ("EC, explicit curve", true), "{part}");
        assert!(!odd.is_self_signed(), "{part}");
    }
}

#[test]
fn hosts_are_matched_against_whole_certificates() {
    use tofu::cert::HostMatch::{Match, Mismatch, NameOnlyInCn};
    for (name, host, expected) in [
        ("key-p256", "mail.example.org", Match),
        ("key-p256", "MAIL.example.org.", Match),
        ("key-p256", "other.example.org", Mismatch),
        ("name-openssl", "imap.example.org", Match),
        ("name-openssl", "example.org", Mismatch),
        ("name-openssl", "192.0.2.1", Match),
        ("name-openssl", "[2001:db8::1]", Match),
        ("name-openssl", "2001:db8::2", Mismatch),
        ("cn-only", "mail.example.org", NameOnlyInCn),
        ("cn-only", "other.example.org", Mismatch),
        ("cn-only-address", "192.0.2.1", NameOnlyInCn),
        ("san-only-email", "mail.example.org", NameOnlyInCn),
        ("san-empty", "mail.example.org", NameOnlyInCn),
        ("extension-unreadable", "mail.example.org", Mismatch),
        ("extension-list-broken", "mail.example.org", Match),
        ("extension-repeated-san", "mail.example.org", Mismatch),
        ("san-malformed", "mail.example.org", Mismatch),
        ("san-malformed", "example.org", Mismatch),
        ("san-malformed", "192.0.2.1", Mismatch),
        ("san-malformed", "bücher.example", Match),
        ("san-300", "host299.example.org", Match),
    ] {
        let parsed = tofu::endpoint::Host::parse(host).unwrap();
        assert_eq!(cert(name).match_host(&parsed), expected, "{name} for {host}");
    }
}

#[test]
fn what_cannot_be_shown_is_refused_at_its_byte() {
    let der = std::fs::read(folder().join("key-p256.der")).unwrap();
    let spki = cert("key-p256").spki_der().to_vec();
    let key_at = der.windows(spki.len()).position(|w| w == spki).unwrap();
    let with = |at: usize, byte: u8| {
        let mut changed = der.clone();
        changed[at] = byte;
        Cert::parse_der(&changed).unwrap_err().to_string()
    };
    assert_eq!(
        with(key_at, 0x31),
        format!("not a certificate: at byte {key_at}, expected SEQUENCE (the public key), found SET")
    );
    assert_eq!(with(0, 0x02), "not a certificate: at byte 0, expected SEQUENCE (the certificate), found INTEGER");
    let cut = Cert::parse_der(&der[..der.len() - 1]).unwrap_err().to_string();
    assert!(cut.starts_with("not a certificate: at byte 1, expected the certificate, found a length"), "{cut}");
}
