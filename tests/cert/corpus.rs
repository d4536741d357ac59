//! Certificates that nobody here wrote: 8,490 from the suites and bundles of 21 projects, with
//! what seven parsers say of each. Skipped where the data is absent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::need;
use tofu::cert::{Cert, ParseError};

/// Whose refusals count: a certificate that two of them refuse must not look clean here.
const JUDGES: [&str; 3] = ["go1.19.8_verdict", "pyca46.0.7_verdict", "webpki_ee0.103.17_verdict"];

struct Entry {
    der: Vec<u8>,
    name: String,
    verdicts: BTreeMap<String, String>,
}

impl Entry {
    fn accepted_by(&self, parser: &str) -> bool {
        self.verdicts.get(parser).is_some_and(|v| v == "ok")
    }

    /// How many of the judges refuse it. That webpki does not process a critical extension which is
    /// understood here (the policies of RFC 5280) says nothing odd of the certificate.
    fn refusals(&self, cert: &Cert) -> usize {
        let policies = |e: &tofu::cert::ExtensionInfo| e.critical && e.name.is_some_and(|n| n.contains("olic"));
        let understood = cert.unknown_critical_extensions().is_empty() && cert.extensions().iter().any(policies);
        let excused = |judge: &str| {
            let detail = self.verdicts.get(&judge.replace("_verdict", "_detail"));
            understood && detail.is_some_and(|detail| detail == "UnsupportedCriticalExtension")
        };
        JUDGES.iter().filter(|judge| !self.accepted_by(judge) && !excused(judge)).count()
    }
}

fn data() -> PathBuf {
    std::env::var_os("TOFU_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from)
}

/// Unpacks the corpus; `None`, with a word about it, where it is absent.
fn corpus() -> Option<Vec<Entry>> {
    let archive = data().join("certificate-corpus.tar.xz");
    if !archive.is_file() {
        need::skip(format_args!("{} is absent", archive.display()));
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(status.success(), "tar -xJf {}", archive.display());
    let table = find(folder.path(), "parser-verdicts.csv").expect("parser-verdicts.csv");
    let root = table.parent().unwrap();
    let text = std::fs::read_to_string(&table).unwrap();
    let mut lines = text.lines().map(fields);
    let head = lines.next().unwrap();
    let entries = lines.map(|line| {
        let verdicts: BTreeMap<String, String> = head.iter().cloned().zip(line).collect();
        let name = format!("{}/{}", verdicts["source"], verdicts["sha256_16"]);
        Entry { der: std::fs::read(root.join(format!("{name}.der"))).unwrap(), name, verdicts }
    });
    Some(entries.collect())
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.file_name().is_some_and(|n| n == name) => return Some(path),
                false => {}
            }
        }
    }
    None
}

/// The fields of a line of CSV, quoted or not.
fn fields(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out
}

/// The longest that one certificate may take. Without optimisation, the code is many times slower.
const LIMIT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 10 });

/// Reads the certificate and decodes every field; how long that took.
fn read(der: &[u8]) -> (Result<Cert, ParseError>, Duration) {
    let start = Instant::now();
    let parsed = Cert::parse_der(der);
    if let Ok(cert) = &parsed {
        let _ = (cert.subject(), cert.key(), cert.signature_algorithm(), cert.anomalies(), cert.is_self_signed());
        let _ = (cert.spki(), cert.fingerprint(), cert.host_names());
    }
    (parsed, start.elapsed())
}

#[test]
fn the_corpus_is_read_quickly_and_nothing_odd_passes_for_clean() {
    let Some(corpus) = corpus() else { return };
    let (mut openssl, mut shown, mut slow, mut clean, mut by_all) = (0, 0, Vec::new(), 0, 0);
    let (mut refused, mut unnoticed, mut noticed) = (Vec::new(), Vec::new(), 0);
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for entry in &corpus {
        let (parsed, took) = read(&entry.der);
        longest = longest.max(took);
        if took > LIMIT {
            slow.push(entry);
        }
        if let Ok(cert) = &parsed {
            assert!(!cert.to_text().is_empty() && cert.to_json().is_object(), "{}", entry.name);
        }
        if entry.accepted_by("openssl3.0.22_verdict") {
            openssl += 1;
            match &parsed {
                Ok(_) => shown += 1,
                Err(error) => refused.push(format!("{}: {error}", entry.name)),
            }
        }
        let Ok(cert) = parsed else { continue };
        if entry.refusals(&cert) >= 2 {
            match cert.anomalies() {
                [] => unnoticed.push(entry.name.clone()),
                _ => noticed += 1,
            }
        }
        if JUDGES.iter().all(|j| entry.accepted_by(j)) && entry.accepted_by("gnutls3.7.9_verdict") {
            by_all += 1;
            clean += usize::from(cert.anomalies().is_empty());
            cert.anomalies().iter().for_each(|a| *codes.entry(a.code).or_default() += 1);
        }
    }
    println!("{shown} of {openssl} that OpenSSL reads are read; refused: {refused:#?}");
    println!("{noticed} that two of Go, pyca and webpki refuse have anomalies; without: {unnoticed:#?}");
    println!("{clean} of {by_all} that all parsers accept have none; of the others: {codes:#?}");
    println!("longest, with every field: {longest:?}");
    assert!(shown >= 8_408 && openssl == 8_410);
    assert!(unnoticed.is_empty());
    assert!(clean * 100 >= by_all * 80);
    let parse = |der: &[u8]| {
        let start = Instant::now();
        Cert::parse_der(der).ok().map(|_| start.elapsed()).unwrap_or_default()
    };
    let slowest =
        corpus.iter().map(|e| (0..3).map(|_| parse(&e.der)).min().unwrap_or_default()).max().unwrap_or_default();
    println!("longest, parsing alone: {slowest:?}");
    assert!(slowest <= Duration::from_millis(10));
    // A machine under load may stop any test for a while: what was slow has another chance.
    for entry in slow {
        let quick = (0..5).any(|_| read(&entry.der).1 <= LIMIT);
        assert!(quick, "{} takes over {LIMIT:?}", entry.name);
    }
}
