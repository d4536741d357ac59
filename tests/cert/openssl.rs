//! Side by side with `openssl x509`: subject, issuer, serial, dates, alternative names,
//! fingerprint and key, over the certificates of `tests/data/certs` and the system's roots.
//! Skipped where there is no openssl.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::need;
use tofu::cert::{Cert, San};

const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Where this library reads more, or says something else, than OpenSSL does, and why.
const DIFFERENT: &[(&str, &str)] = &[
    // OpenSSL writes an RSA key anew as PKCS #1 wants it; ours is what stands there.
    ("kind-rsa-1988", "spki"),
    ("kind-rsa-negative", "spki"),
    ("kind-rsa-negative-512", "spki"),
    // OpenSSL shows the bytes of a mislabelled string as Latin-1; UTF-8 is what was meant.
    ("name-mislabelled", "subject"),
    ("name-mislabelled", "issuer"),
    // OpenSSL prints direction-changing and invisible characters as they are.
    ("name-escapes", "subject"),
    ("name-escapes", "issuer"),
    // OpenSSL shows the whole of endless names and cuts endless numbers.
    ("name-long", "subject"),
    ("name-long", "issuer"),
    ("name-attributes-300", "subject"),
    ("name-attributes-300", "issuer"),
    ("serial-huge", "serial"),
    // OpenSSL hashes and prints a DER of its own making; ours are the bytes that were sent.
    ("ber-indefinite", "fingerprint"),
    ("ber-long-length", "fingerprint"),
    ("ber-long-tag", "fingerprint"),
    ("signature-unused-bits", "fingerprint"),
    ("trailing-bytes", "fingerprint"),
    ("key-rsa-without-null", "spki"),
    // OpenSSL shows fractions of a second, which no validity needs.
    ("date-with-fraction", "not-after"),
    // Both extensions are shown here in one list, in OpenSSL's text one after the other.
    ("extension-repeated-san", "names"),
    ("extension-unreadable", "names"),
    ("san-empty", "names"),
];

/// Runs openssl on `input`; `None` where it refuses.
fn openssl(args: &[&str], input: &[u8]) -> Option<String> {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input).ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What openssl says, by field; `None` where it does not read the certificate at all.
fn theirs(der: &[u8]) -> Option<BTreeMap<&'static str, String>> {
    const ASK: &str = "x509 -inform DER -noout -text -certopt no_pubkey,no_sigdump -subject -issuer -serial -dates \
                       -fingerprint -sha256 -nameopt RFC2253,-esc_msb,utf8,dump_der -dateopt iso_8601";
    let ask: Vec<&str> = ASK.split_whitespace().collect();
    let with_key = [&ask[..], &["-pubkey"]].concat();
    // With a key that it cannot read, openssl fails as a whole.
    let text = openssl(&with_key, der).or_else(|| openssl(&ask, der))?;
    let mut fields = BTreeMap::from([("names", String::new())]);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.contains("X509v3 Subject Alternative Name:") {
            fields.insert("names", lines.next().unwrap_or_default().trim().to_owned());
        }
        if line == "-----BEGIN PUBLIC KEY-----" {
            fields.insert("spki", lines.by_ref().take_while(|l| !l.starts_with('-')).collect());
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = match key {
            "subject" => "subject",
            "issuer" => "issuer",
            "serial" => "serial",
            "notBefore" => "not-before",
            "notAfter" => "not-after",
            "SHA256 Fingerprint" | "sha256 Fingerprint" => "fingerprint",
            _ => continue,
        };
        fields.insert(key, value.to_owned());
    }
    Some(fields)
}

/// The same of ours, in openssl's notation.
fn ours(cert: &Cert) -> BTreeMap<&'static str, String> {
    let iso = |text: String| text.replace(" UTC", "Z");
    let sans: Vec<String> = cert.sans().iter().map(san).collect();
    BTreeMap::from([
        ("subject", cert.subject().text()),
        ("issuer", cert.issuer().text()),
        ("serial", cert.serial().replace(':', "")),
        ("not-before", iso(cert.not_before_text())),
        ("not-after", iso(cert.not_after_text())),
        ("fingerprint", cert.fingerprint().colon_hex()),
        ("names", sans.join(", ")),
        ("spki", data_encoding::BASE64.encode(cert.spki_der())),
    ])
}

fn san(san: &San) -> String {
    match san {
        San::Dns(name) => format!("DNS:{name}"),
        San::Email(address) => format!("email:{address}"),
        San::Uri(address) => format!("URI:{address}"),
        San::Ip(std::net::IpAddr::V4(address)) => format!("IP Address:{address}"),
        San::Ip(std::net::IpAddr::V6(address)) => {
            let groups: Vec<String> = address.segments().iter().map(|s| format!("{s:X}")).collect();
            format!("IP Address:{}", groups.join(":"))
        }
        San::Srv(name) => format!("othername: SRVName::{name}"),
        San::Xmpp(address) => format!("othername: XmppAddr::{address}"),
        San::Other(text) => text.clone(),
    }
}

/// Notations that differ without differing in what they say.
fn same(field: &str, theirs: &str, ours: &str) -> bool {
    match field {
        // OpenSSL calls it "\ " where we write "\20", and "dumps" what is no string as we do.
        "subject" | "issuer" => theirs.replace("\\ ", "\\20") == ours,
        "not-before" | "not-after" if theirs == "Bad time value" => ours.starts_with("no readable date"),
        "serial" => theirs.trim_start_matches('0') == ours.trim_start_matches('0'),
        // What is no plain name has its own notation on each side.
        "names" if ours.contains("dirName:") || theirs.contains("othername") || theirs.contains("<invalid>") => true,
        _ => theirs == ours,
    }
}

/// The differences, and how many fields were compared.
fn differences(name: &str, cert: &Cert) -> (Vec<String>, usize) {
    let Some(theirs) = theirs(cert.der()) else { return (Vec::new(), 0) };
    let ours = ours(cert);
    let mut found = Vec::new();
    for (field, value) in &theirs {
        if !same(field, value, &ours[field]) && !DIFFERENT.contains(&(name, field)) {
            found.push(format!("{name}, {field}:\n  openssl {value}\n  ours    {}", ours[field]));
        }
    }
    (found, theirs.len())
}

fn test_certificates() -> Vec<(String, Cert)> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/certs");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "der"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, Cert::parse_der(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect()
}

#[test]
fn the_test_certificates_read_as_openssl_reads_them() {
    if need::program(&["openssl"]).is_none() {
        return;
    }
    let (mut wrong, mut fields, mut refused) = (Vec::new(), 0, Vec::new());
    for (name, cert) in test_certificates() {
        let (found, compared) = differences(&name, &cert);
        wrong.extend(found);
        fields += compared;
        if compared == 0 {
            refused.push(name);
        }
    }
    println!("{fields} fields compared; refused by openssl and read here: {refused:?}");
    assert!(fields > 650, "only {fields} fields compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_systems_roots_read_as_openssl_reads_them() {
    let Ok(bundle) = std::fs::read(ROOTS) else { return need::skip(format_args!("{ROOTS} is absent")) };
    if need::program(&["openssl"]).is_none() {
        return;
    }
    let roots = Cert::parse_pem(&bundle).unwrap();
    let (mut wrong, mut fields) = (Vec::new(), 0);
    for (i, root) in roots.iter().enumerate() {
        let (found, compared) = differences(&format!("root {i}"), root);
        wrong.extend(found);
        fields += compared;
    }
    println!("{} roots, {fields} fields compared", roots.len());
    assert!(fields >= roots.len() * 7);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let odd: Vec<_> = roots.iter().filter(|r| !r.is_self_signed()).map(|r| r.subject().text()).collect();
    assert!(odd.is_empty(), "not self-signed: {odd:#?}");
}
