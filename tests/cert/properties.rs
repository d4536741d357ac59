//! Properties of the parser: nothing panics, whatever the bytes; what is written as PEM is read
//! again; work is bounded by the size of the input.

use std::time::Duration;

use proptest::prelude::*;
use tofu::cert::limits::{MAX_ANOMALIES, MAX_ATTRIBUTES, MAX_CERT, MAX_EXTENSIONS, MAX_SANS};
use tofu::cert::{Cert, compare, pem_blocks};
use tofu::endpoint::Host;

/// Everything that can be asked of a certificate, and what must hold for each.
fn ask_everything(cert: &Cert) {
    let _ = (cert.fingerprint(), cert.sha1_fingerprint(), cert.spki(), cert.version(), cert.is_self_signed());
    let host = Host::parse("mail.example.org").unwrap();
    let _ = (cert.match_host(&host), cert.host_names(), cert.subject().same_as(cert.issuer()));
    assert!(cert.anomalies().len() <= MAX_ANOMALIES);
    assert!(cert.sans().len() <= MAX_SANS);
    assert!(cert.extensions().len() <= MAX_EXTENSIONS);
    for anomaly in cert.anomalies() {
        assert!(tofu::text::template(anomaly.code).is_some(), "{} has no template", anomaly.code);
        let text = anomaly.text();
        assert!(!text.contains("{place}") && !text.contains("{found}"), "{text}");
    }
    for text in [cert.to_text(), cert.subject().text(), cert.serial(), compare(cert, cert).to_text(72)] {
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    }
    let json = cert.to_json().to_string();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    assert_eq!(Cert::parse_pem(cert.to_pem().as_bytes()).unwrap()[0].der(), cert.der());
}

fn samples() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/certs");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "der"));
    paths.sort();
    paths.into_iter().map(|p| std::fs::read(p).unwrap()).collect()
}

#[test]
fn every_sample_answers_every_question() {
    for der in samples() {
        ask_everything(&Cert::parse_der(&der).unwrap());
    }
}

#[test]
fn every_prefix_is_refused_at_a_byte_within_it() {
    for der in samples().iter().filter(|der| der.len() < 2000) {
        let whole = Cert::parse_der(der).unwrap();
        let trailing = whole.anomalies().iter().any(|a| a.code == "trailing-bytes");
        for length in (0..der.len()).step_by(7) {
            match Cert::parse_der(&der[..length]) {
                Err(error) => assert!(error.offset <= length && !error.expected.is_empty()),
                Ok(cert) => {
                    assert!(trailing);
                    ask_everything(&cert);
                }
            }
        }
    }
}

#[test]
fn every_single_changed_byte_is_survived() {
    for name in ["extensions-rich", "name-openssl", "key-rsa1024"] {
        let path = format!("{}/tests/data/certs/{name}.der", env!("CARGO_MANIFEST_DIR"));
        let der = std::fs::read(path).unwrap();
        for at in 0..der.len() {
            for flip in [0x01, 0x20, 0x80, 0xFF] {
                let mut changed = der.clone();
                changed[at] ^= flip;
                if let Ok(cert) = Cert::parse_der(&changed) {
                    let _ = (cert.anomalies(), cert.sans(), cert.subject().text(), cert.key(), cert.host_names());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(cert) = Cert::parse_der(&bytes) {
            ask_everything(&cert);
        }
        let _ = Cert::parse_pem(&bytes);
    }

    #[test]
    fn changed_certificates_never_panic(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let samples = samples();
        let mut der = samples[which.index(samples.len())].clone();
        for (at, byte) in changes {
            let at = at.index(der.len());
            der[at] = byte;
        }
        if let Ok(cert) = Cert::parse_der(&der) {
            ask_everything(&cert);
        }
    }

    #[test]
    fn pem_with_text_around_reads_as_the_same_certificates(
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..5),
        between in "[ a-zA-Z0-9=.\n]{0,40}",
    ) {
        let samples = samples();
        let certs: Vec<Cert> =
            picks.iter().map(|i| Cert::parse_der(&samples[i.index(samples.len())]).unwrap()).collect();
        let text: String = certs.iter().map(|c| format!("{between}\n{}", c.to_pem())).collect();
        prop_assert_eq!(Cert::parse_pem(text.as_bytes()).unwrap(), certs);
    }

    #[test]
    fn damaged_pem_never_panics_and_every_block_is_accounted_for(text in "(-----BEGIN CERTIFICATE-----|-----END CERTIFICATE-----|-----|AQ==|\n| ){0,30}") {
        let blocks = pem_blocks(text.as_bytes()).count();
        prop_assert!(blocks <= text.matches("-----BEGIN CERTIFICATE-----").count());
    }
}

// --- hostile sizes: what is kept is bounded, and twice the input costs about twice the time -------------------

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x83];
    out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    out.extend_from_slice(body);
    out
}

/// A certificate with these extensions (the content of their list), subject and whole key.
fn with(extensions: &[u8], subject: &[u8], spki: &[u8]) -> Vec<u8> {
    let date = tlv(0x17, b"250101000000Z");
    let tbs = [
        tlv(0x02, &[1]),
        tlv(0x30, &[0x06, 1, 0x2A]),
        tlv(0x30, subject),
        tlv(0x30, &[date.clone(), date].concat()),
        tlv(0x30, subject),
        spki.to_vec(),
        tlv(0xA3, &tlv(0x30, extensions)),
    ];
    tlv(0x30, &[tlv(0x30, &tbs.concat()), tlv(0x30, &[0x06, 1, 0x2A]), tlv(0x03, &[0, 1])].concat())
}

fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x06, oid), tlv(0x04, value)].concat())
}

fn nested(depth: usize, tag: u8) -> Vec<u8> {
    let mut out = [tag, 0x80].repeat(depth);
    out.extend([0, 0].repeat(depth));
    out
}

/// Hostile certificates of about `size` bytes.
fn hostile(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let spki = tlv(0x30, &[tlv(0x30, &[0x06, 1, 0x2A]), tlv(0x03, &[0, 1])].concat());
    let names: Vec<u8> = [0x82, 3, b'a', b'.', b'b'].repeat(size / 5);
    let rdn = tlv(0x31, &tlv(0x30, &[&tlv(0x06, &[0x55, 4, 3])[..], &tlv(0x0C, b"x")].concat()));
    let subtree = tlv(0x30, &[0x82, 1, b'a']);
    let usage = tlv(0x30, &[0x06, 2, 0x2A, 3].repeat(size / 4));
    let distinct: Vec<u8> =
        (0..size / 20).flat_map(|i| extension(&[0x2A, 0x81, (i % 100) as u8, (i / 100 % 100) as u8], &[])).collect();
    let nested_tlv =
        (0..size / 5).fold(Vec::new(), |inner: Vec<u8>, i| if i < 2000 { tlv(0x30, &inner) } else { inner });
    vec![
        ("empty extensions", with(&[0x30, 0].repeat(size / 2), &[], &spki)),
        ("distinct extensions", with(&distinct, &[], &spki)),
        ("names", with(&extension(&[0x55, 0x1D, 0x11], &tlv(0x30, &names)), &[], &spki)),
        ("empty names", with(&extension(&[0x55, 0x1D, 0x11], &tlv(0x30, &[0x82, 0].repeat(size / 2))), &[], &spki)),
        ("attributes", with(&[], &rdn.repeat(size / rdn.len()), &spki)),
        ("empty parts of a name", with(&[], &[0x31, 0].repeat(size / 2), &spki)),
        ("one long set", with(&[], &tlv(0x31, &[0x30, 0].repeat(size / 2)), &spki)),
        (
            "constraints",
            with(
                &extension(&[0x55, 0x1D, 0x1E], &tlv(0x30, &tlv(0xA0, &subtree.repeat(size / subtree.len())))),
                &[],
                &spki,
            ),
        ),
        ("usages", with(&extension(&[0x55, 0x1D, 0x25], &usage), &[], &spki)),
        (
            "policies",
            with(
                &extension(&[0x55, 0x1D, 0x20], &tlv(0x30, &tlv(0x30, &[0x06, 1, 0x2A]).repeat(size / 12))),
                &[],
                &spki,
            ),
        ),
        ("nesting without end", with(&nested(size / 4, 0x30), &[], &spki)),
        ("nesting in the key", with(&[], &[], &tlv(0x30, &nested(size / 4, 0x30)))),
        ("nesting in an extension", with(&extension(&[0x55, 0x1D, 0x11], &nested(size / 4, 0xA4)), &[], &spki)),
        ("nesting of known length", with(&extension(&[0x55, 0x1D, 0x1E], &nested_tlv), &[], &spki)),
        (
            "a string in pieces",
            with(&tlv(0x30, &[tlv(0x06, &[0x2A]), tlv(0x24, &[0x04, 0].repeat(size / 2))].concat()), &[], &spki),
        ),
        ("a long key", with(&[], &[], &tlv(0x30, &[tlv(0x30, &[0x06, 1, 0x2A]), tlv(0x03, &vec![0; size])].concat()))),
        ("a long object identifier", with(&extension(&vec![0x81; size], &[]), &[], &spki)),
    ]
}

#[test]
fn hostile_certificates_are_read_within_the_bounds() {
    for (what, der) in hostile(64 * 1024) {
        let cert = Cert::parse_der(&der).unwrap_or_else(|e| panic!("{what}: {e}"));
        ask_everything(&cert);
        assert!(!cert.anomalies().is_empty(), "{what}");
        assert!(cert.subject().rdns().len() <= MAX_ATTRIBUTES, "{what}");
        assert!(cert.to_text().len() < 64 * 1024, "{what}");
    }
    assert!(Cert::parse_der(&vec![0x30; MAX_CERT + 1]).unwrap_err().to_string().contains("at most"));
}

/// The time that the processor has spent on this thread; what else the machine does is not in it.
fn spent() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Quadratic work would take 64 times as long for 8 times the size. Other work on the machine empties
/// the processor's caches, so the best of many measurements counts, and the margin is wide.
#[test]
fn time_is_linear_in_the_size() {
    let best = |der: &[u8]| {
        let measure = || {
            let start = spent();
            let cert = Cert::parse_der(der).unwrap();
            let _ = (cert.anomalies(), cert.to_text(), cert.host_names());
            spent() - start
        };
        (0..7).map(|_| measure()).min().unwrap().max(Duration::from_micros(50))
    };
    for ((what, small), (_, large)) in hostile(8 * 1024).into_iter().zip(hostile(64 * 1024)) {
        let (small, large) = (best(&small), best(&large));
        println!("{what}: {small:?} for 8 KiB, {large:?} for 64 KiB");
        assert!(large < small * 30, "{what}: {small:?} for 8 KiB, {large:?} for 64 KiB");
    }
}

/// The fuzz targets' own functions, so that a change which breaks one shows here and not in a long run.
#[path = "../../fuzz/src/lib.rs"]
mod fuzz_targets;

#[test]
fn every_seed_of_the_fuzz_targets_holds() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, target) in fuzz_targets::TARGETS {
        let mut paths: Vec<_> = std::fs::read_dir(seeds.join(name)).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{name} has no seeds");
        for path in paths {
            println!("{}", path.display());
            target(&std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn every_export_is_called_by_the_fuzz_target_or_left_out_by_name() {
    let calls = include_str!("../../fuzz/src/calls.rs");
    let words: std::collections::HashSet<&str> = calls.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let symbols: Vec<&str> = include_str!("../../tofu.symbols").lines().filter(|line| !line.starts_with('#')).collect();
    assert!(symbols.len() > 100);
    for symbol in symbols {
        assert!(words.contains(symbol) || fuzz_targets::left_out(symbol), "no sequence of calls has {symbol}");
    }
}
