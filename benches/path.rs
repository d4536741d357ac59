//! CA checks: a three-certificate chain against the system's number of anchors, beside webpki alone
//! on the same bytes; the second look at a chain that fails; a hostile chain; loading the roots.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use pki_types::{CertificateDer, TrustAnchor, UnixTime};
use tofu::cert::Cert;
use tofu::endpoint::Host;
use tofu::path::{Chain, Question, Roots, examine};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// 2027-01-01, as in the tests.
const AT: i64 = 1_798_761_600;

fn pem(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/paths").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn cert(name: &str) -> Cert {
    Cert::parse_pem(&pem(name)).expect("test data parses").remove(0)
}

fn chain(names: &[&str]) -> Chain {
    let mut chain = Chain::new();
    for name in names {
        chain.push_pem(&pem(name)).expect("test data fits");
    }
    chain
}

fn paths(c: &mut Criterion) {
    let host = Host::parse("mail.example").expect("a host");
    let system = Roots::system().unwrap_or_else(|_| Roots::none());
    for (kind, sent, root) in [
        ("P-256", ["leaf.pem", "inter.pem"], "root.pem"),
        ("RSA-2048", ["leaf-by-ca-rsa.pem", "ca-rsa.pem"], "root.pem"),
    ] {
        let roots = system.with(&[cert(root)]);
        let chain = chain(&sent);
        let ask = |chain: &Chain| {
            examine(&Question {
                chain,
                host: &host,
                services: &[],
                at: AT,
                roots: &roots,
                intermediates: &[],
                crls: &[],
            })
        };
        assert!(ask(&chain).ca_valid);
        c.bench_function(&format!("{kind}: the same chain again"), |b| b.iter(|| ask(black_box(&chain))));
        // A staple, even an unreadable one, goes round the cache.
        let mut chain = chain;
        chain.set_ocsp(b"none").expect("fits");
        c.bench_function(&format!("{kind}: examine, chain parsed"), |b| b.iter(|| ask(black_box(&chain))));
        c.bench_function(&format!("{kind}: parse and examine"), |b| {
            b.iter(|| {
                let mut fresh = Chain::new();
                fresh.set_ocsp(b"none").expect("fits");
                for index in 0..chain.len() {
                    fresh.push_der(black_box(chain.der(index).unwrap_or_default())).expect("fits");
                }
                ask(&fresh).ca_valid
            });
        });
        webpki_alone(c, kind, &chain, &roots);
    }
}

fn webpki_alone(c: &mut Criterion, kind: &str, chain: &Chain, roots: &Roots) {
    let anchors: Vec<TrustAnchor<'static>> = roots
        .certs()
        .filter_map(|cert| Some(anchor_from_trusted_cert(&CertificateDer::from(cert.der())).ok()?.to_owned()))
        .collect();
    let ders: Vec<CertificateDer<'_>> =
        (0..chain.len()).filter_map(|i| chain.der(i)).map(CertificateDer::from).collect();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(AT as u64));
    let name = pki_types::ServerName::try_from("mail.example").expect("a name");
    c.bench_function(&format!("{kind}: webpki alone"), |b| {
        b.iter(|| {
            let leaf = EndEntityCert::try_from(black_box(&ders[0])).expect("parses");
            leaf.verify_is_valid_for_subject_name(&name).expect("named");
            let usage = KeyUsage::server_auth();
            leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &ders[1..], at, usage, None, None).is_ok()
        });
    });
}

fn failing(c: &mut Criterion) {
    let host = Host::parse("mail.example").expect("a host");
    let roots = Roots::system().unwrap_or_else(|_| Roots::none()).with(&[cert("root.pem")]);
    for (what, sent) in [
        ("expired", &["leaf-expired.pem", "inter.pem"][..]),
        ("self-signed", &["self.pem"]),
        ("hostile, one name", &["tangle-leaf.pem", "tangle.pem"]),
        ("hostile, mesh", &["mesh-leaf.pem", "mesh.pem"]),
    ] {
        let chain = chain(sent);
        let question = Question {
            chain: &chain,
            host: &host,
            services: &[],
            at: AT,
            roots: &roots,
            intermediates: &[],
            crls: &[],
        };
        c.bench_function(&format!("{what}: examine"), |b| b.iter(|| examine(black_box(&question)).problems.len()));
    }
}

fn loading(c: &mut Criterion) {
    if Roots::system().is_ok() {
        c.bench_function("system roots: load", |b| b.iter(|| Roots::reload_system().map(|r| r.len())));
        c.bench_function("system roots: rustls-native-certs alone", |b| {
            b.iter(|| rustls_native_certs::load_native_certs().certs.len());
        });
    }
}

criterion_group!(benches, paths, failing, loading);
criterion_main!(benches);
