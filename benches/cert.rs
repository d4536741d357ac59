//! Reading certificates: what a check of a known server needs (the key's hash), what a parser
//! needs, and what showing a certificate needs. `x509-parser` alone stands beside.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use tofu::cert::{Cert, compare};
use tofu::endpoint::Host;

const LEAF: &[u8] = include_bytes!("../tests/data/certs/extensions-rich.der");
const RSA: &[u8] = include_bytes!("../tests/data/certs/key-rsa2048.der");

fn parse(c: &mut Criterion) {
    c.bench_function("parse_der", |b| b.iter(|| Cert::parse_der(black_box(LEAF))));
    c.bench_function("parse_der and key hash", |b| b.iter(|| Cert::parse_der(black_box(LEAF)).map(|c| c.spki())));
    c.bench_function("parse_der and fingerprint", |b| {
        b.iter(|| Cert::parse_der(black_box(LEAF)).map(|c| c.fingerprint()));
    });
    c.bench_function("x509-parser", |b| b.iter(|| x509_parser::parse_x509_certificate(black_box(LEAF)).is_ok()));
}

fn fields(c: &mut Criterion) {
    c.bench_function("parse_der and every field", |b| {
        b.iter(|| {
            let cert = Cert::parse_der(black_box(LEAF)).ok()?;
            let _ =
                black_box((cert.subject(), cert.key(), cert.signature_algorithm(), cert.sans(), cert.fingerprint()));
            Some(cert.spki())
        });
    });
    c.bench_function("parse_der and anomalies", |b| {
        b.iter(|| Cert::parse_der(black_box(LEAF)).map(|c| c.anomalies().len()));
    });
    let host = Host::parse("mail.example.org").ok();
    c.bench_function("parse_der and match_host", |b| {
        b.iter(|| host.as_ref().and_then(|h| Cert::parse_der(black_box(LEAF)).ok().map(|c| c.match_host(h))));
    });
    c.bench_function("self-signed, RSA-2048", |b| {
        b.iter(|| Cert::parse_der(black_box(RSA)).map(|c| c.is_self_signed()))
    });
}

fn show(c: &mut Criterion) {
    c.bench_function("json", |b| b.iter(|| Cert::parse_der(black_box(LEAF)).map(|c| c.to_json().to_string())));
    c.bench_function("text", |b| b.iter(|| Cert::parse_der(black_box(LEAF)).map(|c| c.to_text())));
    if let (Ok(old), Ok(new)) = (Cert::parse_der(RSA), Cert::parse_der(LEAF)) {
        c.bench_function("compare", |b| b.iter(|| compare(black_box(&old), black_box(&new))));
    }
}

criterion_group!(benches, parse, fields, show);
criterion_main!(benches);
