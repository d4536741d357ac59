//! Odd servers, one by one: a certificate from each by rustls or by the wide hello, and where there
//! is none, the plain cause. The table in docs/tls.md is checked row by row.

use std::num::NonZeroU16;
use std::path::Path;

use crate::hello_support::{HOST, Recipe, der, gnutls_serv, look, make, openssl, repeat, s_server, staple};
use tofu::endpoint::Host;
use tofu::text::Statement;
use tofu::tls::hello::{Version, obstacles, refusal};
use tofu::tls::{Dial, NetError, probe};

const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

/// The largest keys lie beside the test, because making them takes long. Several primes make the
/// others quickly; nobody but the signer sees a difference.
const RECIPES: &[Recipe] = &[
    Recipe { name: "rsa8200", key: &[], cert: &[] },
    Recipe { name: "rsa8192", key: &[], cert: &[] },
    Recipe {
        name: "rsa4096",
        key: &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096", "-pkeyopt", "rsa_keygen_primes:4"],
        cert: &[],
    },
    Recipe { name: "rsa", key: RSA, cert: &[] },
    Recipe { name: "rsa1024", key: &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], cert: &[] },
    Recipe { name: "rsa1016", key: &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1016"], cert: &[] },
    Recipe { name: "pss", key: &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], cert: &[] },
    Recipe {
        name: "pss384",
        key: &[
            "-algorithm",
            "RSA-PSS",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-pkeyopt",
            "rsa_pss_keygen_md:sha384",
            "-pkeyopt",
            "rsa_pss_keygen_mgf1_md:sha384",
            "-pkeyopt",
            "rsa_pss_keygen_saltlen:48",
        ],
        cert: &["-sha384", "-sigopt", "rsa_pss_saltlen:48"],
    },
    Recipe { name: "p256", key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], cert: &[] },
    Recipe { name: "p192", key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime192v1"], cert: &[] },
    Recipe { name: "p224", key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"], cert: &[] },
    Recipe { name: "p384", key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], cert: &[] },
    Recipe { name: "p521", key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], cert: &[] },
    Recipe {
        name: "brainpool",
        key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
        cert: &[],
    },
    Recipe { name: "secp256k1", key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], cert: &[] },
    Recipe { name: "sect283k1", key: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:sect283k1"], cert: &[] },
    Recipe { name: "ed25519", key: &["-algorithm", "ED25519"], cert: &[] },
    Recipe { name: "ed448", key: &["-algorithm", "ED448"], cert: &[] },
    Recipe { name: "ca", key: RSA, cert: &["-addext", "keyUsage=keyCertSign,cRLSign"] },
    Recipe { name: "sha1", key: RSA, cert: &["-sha1"] },
    Recipe { name: "md5", key: RSA, cert: &["-md5"] },
];

/// How a certificate was had, or why not.
#[derive(Clone, Copy)]
enum Via {
    /// rustls finished as far as to verify the handshake signature.
    Rustls,
    /// rustls saw it and could not go on; words of the cause.
    Unproven(&'static str),
    /// By the wide hello. What stands in the way of a connection: codes of statements.
    Hello(&'static [&'static str]),
    /// Not at all; the code of the cause.
    Nothing(&'static str),
}
use Via::{Hello, Nothing, Rustls, Unproven};

/// A server: what it is, its certificate, and what s_server is told beyond that.
type Row = (&'static str, &'static str, &'static [&'static str], Via);

const OLD: &str = "obstacle-old-protocol";
const CBC: &str = "obstacle-cbc-only";
const DHE: &str = "obstacle-dhe-only";
const STATIC: &str = "obstacle-no-forward-secrecy";
const CIPHER: &str = "obstacle-cipher";
const KIND: &str = "obstacle-key-kind";
const LONG: &str = "obstacle-certificates-long";
const MANY: &str = "obstacle-certificates-many";
const LEVEL_0: &str = "DEFAULT:@SECLEVEL=0";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("TLS 1.2 and 1.3, RSA-2048", "rsa", &[], Rustls),
    ("TLS 1.3 only", "rsa", &["-tls1_3"], Rustls),
    ("TLS 1.2 only", "rsa", &["-tls1_2"], Rustls),
    ("TLS 1.1 only", "rsa", &["-tls1_1", "-cipher", LEVEL_0], Hello(&[OLD])),
    ("TLS 1.0 only", "rsa", &["-tls1", "-cipher", LEVEL_0], Hello(&[OLD])),
    ("TLS 1.0, RSA key exchange", "rsa", &["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"], Hello(&[OLD])),
    ("TLS 1.0, records of 512 bytes", "rsa", &["-tls1", "-cipher", LEVEL_0, "-max_send_frag", "512"], Hello(&[OLD])),
    ("TLS 1.0, client certificate demanded", "rsa", &["-tls1", "-cipher", LEVEL_0, "-Verify", "1"], Hello(&[OLD])),
    ("TLS 1.1, stapled OCSP response", "rsa", &["-tls1_1", "-cipher", LEVEL_0, "-status_file", "rsa.ocsp"], Hello(&[OLD])),
    ("RSA key exchange, AES-GCM", "rsa", &["-tls1_2", "-cipher", "AES128-GCM-SHA256"], Hello(&[STATIC])),
    ("RSA key exchange, CBC", "rsa", &["-tls1_2", "-cipher", "AES256-SHA256"], Hello(&[STATIC, CBC])),
    ("RSA key exchange, CCM", "rsa", &["-tls1_2", "-cipher", "AES128-CCM"], Hello(&[STATIC, CIPHER])),
    ("DHE, AES-GCM", "rsa", &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], Hello(&[DHE])),
    ("DHE, ChaCha20", "rsa", &["-tls1_2", "-cipher", "DHE-RSA-CHACHA20-POLY1305"], Hello(&[DHE])),
    ("DHE, CCM-8", "rsa", &["-tls1_2", "-cipher", "DHE-RSA-AES256-CCM8:@SECLEVEL=0"], Hello(&[DHE, CIPHER])),
    ("ECDHE, CBC only", "rsa", &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], Hello(&[CBC])),
    ("ECDHE, CBC with SHA-1 only", "rsa", &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA"], Hello(&[CBC])),
    ("ECDHE, Camellia only", "rsa", &["-tls1_2", "-serverpref", "-cipher", "ECDHE-RSA-CAMELLIA128-SHA256"], Hello(&[CBC])),
    ("ECDHE, ARIA only", "rsa", &["-tls1_2", "-serverpref", "-cipher", "ECDHE-ARIA128-GCM-SHA256"], Hello(&[CIPHER])),
    ("ECDHE, CCM only", "p256", &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM"], Hello(&[CIPHER])),
    ("group P-521 only, TLS 1.2", "rsa", &["-tls1_2", "-groups", "P-521"], Rustls),
    ("group P-521 only, TLS 1.3", "rsa", &["-tls1_3", "-groups", "P-521"], Rustls),
    ("group brainpoolP256r1 only", "rsa", &["-tls1_2", "-groups", "brainpoolP256r1"], Hello(&["obstacle-group"])),
    ("group X448 only", "rsa", &["-groups", "X448"], Hello(&["obstacle-group"])),
    ("group X448 only, TLS 1.3 only", "rsa", &["-tls1_3", "-groups", "X448"], Nothing("obstacle-wants-newer")),
    ("RSA-1024", "rsa1024", &["-cipher", LEVEL_0], Rustls),
    ("RSA-1024, TLS 1.2", "rsa1024", &["-tls1_2", "-cipher", LEVEL_0], Rustls),
    ("RSA-1016, TLS 1.2", "rsa1016", &["-tls1_2", "-cipher", LEVEL_0], Unproven("1016 bits")),
    ("RSA-4096", "rsa4096", &[], Rustls),
    ("RSA-8192", "rsa8192", &[], Rustls),
    ("RSA-8192, TLS 1.2", "rsa8192", &["-tls1_2"], Rustls),
    ("RSA-8200", "rsa8200", &[], Rustls),
    ("RSA-8200, TLS 1.2", "rsa8200", &["-tls1_2"], Rustls),
    ("RSA-PSS key", "pss", &[], Rustls),
    ("RSA-PSS key for SHA-384 alone", "pss384", &[], Rustls),
    ("RSA-PSS key, TLS 1.2", "pss", &["-tls1_2"], Unproven("this server speaks TLS 1.2")),
    ("P-256", "p256", &[], Rustls),
    ("P-256, TLS 1.2", "p256", &["-tls1_2"], Rustls),
    ("P-384", "p384", &[], Rustls),
    ("P-384, TLS 1.2", "p384", &["-tls1_2"], Rustls),
    ("P-521", "p521", &[], Rustls),
    ("P-521, TLS 1.2", "p521", &["-tls1_2"], Rustls),
    ("handshake signed with SHA-1 only", "rsa", &["-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", LEVEL_0], Hello(&["obstacle-signature"])),
    ("handshake signed with ECDSA and SHA-1 only", "p256", &["-tls1_2", "-sigalgs", "ECDSA+SHA1", "-cipher", LEVEL_0], Hello(&["obstacle-signature"])),
    ("Ed25519", "ed25519", &[], Rustls),
    ("Ed25519, TLS 1.2", "ed25519", &["-tls1_2"], Rustls),
    ("Ed448", "ed448", &[], Unproven("Ed448")),
    ("Ed448, TLS 1.3 only", "ed448", &["-tls1_3"], Unproven("Ed448")),
    ("P-192", "p192", &["-cipher", LEVEL_0], Hello(&[KIND])),
    ("P-224", "p224", &[], Hello(&[KIND])),
    ("brainpoolP256r1", "brainpool", &[], Hello(&[KIND])),
    ("secp256k1", "secp256k1", &[], Hello(&[KIND])),
    ("sect283k1", "sect283k1", &[], Hello(&[KIND])),
    ("DSA-2048", "dsa", &["-cipher", "DHE-DSS-AES128-GCM-SHA256:@SECLEVEL=0"], Hello(&[DHE, KIND])),
    ("RSA and P-256 side by side", "rsa", &["-dcert", "p256.crt", "-dkey", "p256.key"], Rustls),
    ("version 1 certificate", "v1", &[], Rustls),
    ("version 1 certificate, TLS 1.2", "v1", &["-tls1_2"], Rustls),
    ("CA certificate as leaf", "ca", &[], Rustls),
    ("certificate signed with SHA-1", "sha1", &["-cipher", LEVEL_0], Rustls),
    ("certificate signed with MD5", "md5", &["-cipher", LEVEL_0], Rustls),
    ("expired certificate", "expired", &[], Rustls),
    ("client certificate demanded", "rsa", &["-Verify", "1"], Rustls),
    ("client certificate demanded, TLS 1.2", "rsa", &["-tls1_2", "-Verify", "1"], Rustls),
    ("another protocol by ALPN", "rsa", &["-alpn", "imap"], Rustls),
    ("another server name, warning", "rsa", &["-tls1_2", "-servername", "other.example", "-cert2", "p256.crt", "-key2", "p256.key"], Rustls),
    ("another server name, refusal", "rsa", &["-servername", "other.example", "-servername_fatal", "-cert2", "p256.crt", "-key2", "p256.key"], Nothing("obstacle-refused")),
    ("64 certificates, over 64 KiB", "rsa4096", &["-cert_chain", "kib96.chain"], Hello(&[LONG])),
    ("64 certificates, over 64 KiB, TLS 1.3 only", "rsa4096", &["-tls1_3", "-cert_chain", "kib96.chain"], Nothing("over-64-kib")),
    ("100 certificates, below 64 KiB", "p256", &["-cert_chain", "flood.chain"], Unproven("100 certificates")),
    ("100 certificates, over 64 KiB", "rsa", &["-cert_chain", "flood-rsa.chain"], Hello(&[LONG, MANY])),
    ("pre-shared key only", "", &["-nocert", "-psk", "0123456789abcdef", "-tls1_2", "-cipher", "PSK"], Nothing("obstacle-nothing-in-common")),
    ("anonymous only", "", &["-nocert", "-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"], Nothing("obstacle-nothing-in-common")),
    ("no encryption only", "rsa", &["-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"], Hello(&[STATIC, "obstacle-no-encryption"])),
];

/// What only gnutls-serv still does: its priorities.
#[rustfmt::skip]
const GNUTLS: &[Row] = &[
    ("GnuTLS, defaults", "rsa", &["--priority", "NORMAL"], Rustls),
    ("GnuTLS, TLS 1.0 with 3DES", "rsa", &["--priority", "NONE:+VERS-TLS1.0:+RSA:+3DES-CBC:+SHA1:+COMP-NULL:+SIGN-ALL"], Hello(&[OLD])),
    ("GnuTLS, RC4 only", "rsa", &["--priority", "NONE:+VERS-TLS1.2:+ECDHE-RSA:+ARCFOUR-128:+SHA1:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"], Hello(&["obstacle-rc4-only"])),
    ("GnuTLS, DHE with an ffdhe group", "rsa", &["--priority", "NONE:+VERS-TLS1.2:+DHE-RSA:+AES-128-GCM:+AEAD:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"], Hello(&[DHE])),
    ("GnuTLS, Camellia-GCM only", "rsa", &["--priority", "NONE:+VERS-TLS1.2:+ECDHE-RSA:+CAMELLIA-128-GCM:+AEAD:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"], Hello(&[CIPHER])),
    ("GnuTLS, Ed448", "ed448", &["--priority", "NORMAL"], Unproven("Ed448")),
    ("GnuTLS, RSA-PSS key", "pss", &["--priority", "NORMAL"], Rustls),
    ("GnuTLS, RSA-1024, TLS 1.3", "rsa1024", &["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3:%PROFILE_LOW"], Rustls),
    ("GnuTLS, P-521", "p521", &["--priority", "NORMAL"], Rustls),
];

fn prepare(dir: &Path) {
    make(dir, RECIPES);
    openssl(dir, &["dsaparam", "-out", "dsa.par", "2048"]).unwrap();
    openssl(dir, &["gendsa", "-out", "dsa.key", "dsa.par"]).unwrap();
    let subject = format!("/CN={HOST}");
    openssl(dir, &["req", "-x509", "-key", "dsa.key", "-out", "dsa.crt", "-subj", &subject]).unwrap();
    openssl(dir, &["req", "-new", "-key", "rsa.key", "-out", "v1.csr", "-subj", &subject]).unwrap();
    openssl(dir, &["x509", "-req", "-in", "v1.csr", "-signkey", "rsa.key", "-out", "v1.crt"]).unwrap();
    std::fs::copy(dir.join("rsa.key"), dir.join("v1.key")).unwrap();
    expired(dir);
    staple(dir, "rsa");
    repeat(dir, "rsa4096", "kib96", 63);
    repeat(dir, "p256", "flood", 99);
    repeat(dir, "rsa", "flood-rsa", 99);
}

/// expired.crt, self-signed like the others: only `openssl ca` lets one choose the dates.
fn expired(dir: &Path) {
    let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=db\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";
    for (file, text) in [("ca.cnf", config), ("db", ""), ("serial", "01\n")] {
        std::fs::write(dir.join(file), text).unwrap();
    }
    std::fs::copy(dir.join("rsa.key"), dir.join("expired.key")).unwrap();
    let mut args = vec!["ca", "-config", "ca.cnf", "-batch", "-notext", "-selfsign", "-keyfile", "rsa.key"];
    args.extend([
        "-in",
        "v1.csr",
        "-out",
        "expired.crt",
        "-startdate",
        "20200101000000Z",
        "-enddate",
        "20210101000000Z",
    ]);
    openssl(dir, &args).unwrap();
}

/// What a probe of one server came to: how its certificate was seen, the codes of what stands in the way as
/// far as there are codes, and the words.
fn visit(dir: &Path, port: u16, identity: &str) -> (&'static str, Vec<&'static str>, String) {
    let words = |statements: &[Statement]| statements.iter().map(Statement::text).collect::<Vec<_>>().join(" ");
    let codes = |statements: &[Statement]| statements.iter().map(|s| s.code).collect();
    let dial = Dial::new().address(([127, 0, 0, 1], port).into());
    match probe(&Host::parse(HOST).unwrap(), NonZeroU16::new(port).unwrap(), dial) {
        Ok(shown) => {
            if !shown.proven() {
                assert_eq!(shown.chain().der(0), Some(&*der(dir, identity)), "{identity}");
            }
            let why = shown.failure().map_or_else(String::new, ToString::to_string);
            match shown.glimpse() {
                _ if shown.proven() => ("rustls", Vec::new(), String::new()),
                Some(glimpse) => {
                    let statements = obstacles(glimpse);
                    assert!(why.ends_with(&words(&statements)), "{why}");
                    ("hello", codes(&statements), words(&statements))
                }
                None => ("unproven", Vec::new(), why.split_once(": TLS handshake: ").unwrap().1.to_owned()),
            }
        }
        Err(NetError::Tls { why, .. }) if why.contains("over 64 KiB") => ("none", vec!["over-64-kib"], why),
        Err(error) => {
            let statements: Vec<_> =
                refusal(&look(port, Version::Tls12).unwrap_err(), Version::Tls12).into_iter().collect();
            assert!(error.to_string().ends_with(&words(&statements)), "{error}");
            ("none", codes(&statements), words(&statements))
        }
    }
}

/// One row of the table in docs/tls.md.
fn line(name: &str, via: &str, words: &str) -> String {
    format!("| {name} | {via} | {words} |")
}

/// Visits every server and gives the differences from what is expected, and the table.
fn tour(
    dir: &Path,
    rows: &[Row],
    start: impl Fn(&Row) -> crate::hello_support::Server,
) -> (Vec<String>, Vec<String>, usize) {
    let (mut wrong, mut table, mut had) = (Vec::new(), Vec::new(), 0);
    for batch in rows.chunks(8) {
        let servers: Vec<_> = batch.iter().map(&start).collect();
        for ((name, identity, _, expected), server) in batch.iter().zip(&servers) {
            let (via, codes, words) = visit(dir, server.port, identity);
            let right = match expected {
                Rustls => via == "rustls",
                Unproven(expected) => via == "unproven" && words.contains(expected),
                Hello(expected) => via == "hello" && codes == *expected,
                Nothing(expected) => via == "none" && codes == [*expected],
            };
            if !right {
                wrong.push(format!("{name}: {via} {codes:?} {words}"));
            }
            had += usize::from(via != "none");
            table.push(line(name, via, &words));
        }
    }
    (wrong, table, had)
}

#[test]
fn a_certificate_comes_from_nearly_every_server_and_the_cause_from_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepare(dir);
    let (mut wrong, mut table, had) = tour(dir, ROWS, |(_, identity, args, _)| {
        let files = [format!("{identity}.crt"), format!("{identity}.key")];
        let mut all = if identity.is_empty() { vec![] } else { vec!["-cert", &files[0], "-key", &files[1]] };
        all.extend(*args);
        s_server(dir, &all)
    });
    let (wrong_too, table_too, _) = tour(dir, GNUTLS, |(_, identity, args, _)| {
        let files = [format!("{identity}.crt"), format!("{identity}.key")];
        let mut all = vec!["--x509certfile", &files[0], "--x509keyfile", &files[1]];
        all.extend(*args);
        gnutls_serv(dir, &all)
    });
    // The aim is 34 of 38.
    assert!(had * 38 >= ROWS.len() * 34, "{had} of {}: {wrong:#?}", ROWS.len());
    wrong.extend(wrong_too);
    table.extend(table_too);
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tls.md")).unwrap_or_default();
    let documented = table.iter().all(|row| docs.lines().any(|line| line == row));
    assert!(
        wrong.is_empty() && documented,
        "not as expected: {wrong:#?}\nthe table for docs/tls.md:\n{}",
        table.join("\n")
    );
}

/// What stands beside the certificates in a real first flight.
#[test]
fn version_suite_group_stapled_response_and_the_wish_for_a_client_certificate_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    make(dir, &[Recipe { name: "rsa", key: RSA, cert: &[] }]);
    staple(dir, "rsa");
    let ocsp = std::fs::read(dir.join("rsa.ocsp")).unwrap();
    let old = ["-cipher", LEVEL_0, "-status_file", "rsa.ocsp", "-Verify", "1", "-groups", "P-384:P-256"];
    let start = |args: &[&str]| s_server(dir, &[&["-cert", "rsa.crt", "-key", "rsa.key"], args].concat());

    let server = start(&[&old[..], &["-max_send_frag", "512"]].concat());
    for highest in [Version::Tls10, Version::Tls11, Version::Tls12] {
        let glimpse = look(server.port, highest).unwrap();
        assert_eq!(glimpse.version, highest);
        assert_eq!(glimpse.group.as_deref(), Some("P-256"), "the first of ours that the server has");
        assert_eq!(glimpse.chain.ocsp(), Some(&*ocsp));
        assert!(glimpse.wants_client_certificate);
    }
    let server = start(&["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256", "-no_ticket"]);
    let glimpse = look(server.port, Version::Tls12).unwrap();
    assert_eq!(glimpse.suite.name(), "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256");
    assert!(glimpse.group.is_some_and(|group| group.starts_with("DH of ")));
    assert!(glimpse.chain.ocsp().is_none() && !glimpse.wants_client_certificate);
}
