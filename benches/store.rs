//! How long the store takes, at 10, 1,000 and 100,000 endpoints (and 1,000,000 where
//! TOFU_BENCH_MILLION is set; imports alone where TOFU_BENCH_IMPORT is): reading a known endpoint,
//! proving an absence, the cheap mark that validates caches, a durable write, opening, and a bulk
//! import.

use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::Map;
use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::path::Problems;
use tofu::store::*;

fn record(n: usize) -> EndpointRecord {
    let endpoint = Endpoint::parse("", &format!("mail{n}.example.org"), 993).unwrap();
    let mut record = EndpointRecord::new(endpoint, 1_700_000_000);
    record.pins.push(Pin {
        id: n as u64 + 1,
        kind: PinKind::Key,
        value: PinValue::Sha256(Hash::of(&n.to_be_bytes())),
        state: PinState::Trusted,
        waiver: Some(Problems::from_bits(3)),
        waive_expired_until: 0,
        origin: Origin::User,
        comment: String::new(),
        created: 1_700_000_000,
        state_since: 1_700_000_000,
        last_matched: 0,
        expires: 0,
        overlap_until: 0,
        replaces: 0,
        cert: None,
        until_ca_valid: false,
        pinned_only: false,
        extra: Map::new(),
    });
    record
}

fn options(path: &Path) -> StoreOptions {
    StoreOptions { path: Some(path.to_owned()), ..StoreOptions::default() }
}

/// Fills a new store in one transaction, as an import does.
fn fill(path: &Path, size: usize) -> Duration {
    let store = Store::open(&options(path)).unwrap();
    let began = Instant::now();
    store
        .write(|tx| -> Result<(), StoreError> {
            for n in 0..size {
                tx.put_endpoint(record(n))?;
            }
            Ok(())
        })
        .unwrap();
    began.elapsed()
}

/// Imports a file of GnuTLS' with so many lines into a new store.
fn import(path: &Path, size: usize) -> Duration {
    let line = |n: usize| format!("|c0|mail{n}.example.org|993|0|6|{}\n", Hash::of(&n.to_be_bytes()).hex());
    let file: String = (0..size).map(line).collect();
    let store = Store::open(&options(path)).unwrap();
    let began = Instant::now();
    let report = store.import(ImportFormat::KnownHosts, file.as_bytes(), true, 1_700_000_000).unwrap();
    assert_eq!(report.pins, size as u64);
    began.elapsed()
}

fn bench(c: &mut Criterion) {
    let mut sizes = vec![10, 1_000, 100_000];
    if std::env::var_os("TOFU_BENCH_MILLION").is_some() {
        sizes.push(1_000_000);
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    for size in sizes {
        let path = directory.path().join(format!("{size}.db"));
        println!("{size} endpoints written in one transaction: {:?}", fill(&path, size));
        let imported = directory.path().join(format!("{size}-imported.db"));
        println!("{size} endpoints imported from known_hosts: {:?}", import(&imported, size));
        if std::env::var_os("TOFU_BENCH_IMPORT").is_some() {
            continue;
        }
        let store = Store::open(&options(&path)).unwrap();
        let known = record(size / 2).endpoint;
        let unknown = Endpoint::parse("", "nobody.example.org", 993).unwrap();
        let mut group = c.benchmark_group("store");
        group.sample_size(30).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
        let id = |name: &str| BenchmarkId::new(name.to_owned(), size);
        group.bench_function(id("read a known endpoint"), |b| {
            b.iter(|| black_box(store.read(|tx| tx.endpoint(&known)).unwrap()));
        });
        group.bench_function(id("prove an absence"), |b| {
            b.iter(|| black_box(store.read(|tx| tx.endpoint(&unknown)).unwrap()));
        });
        group.bench_function(id("cheap mark"), |b| b.iter(|| black_box(store.peek())));
        group.bench_function(id("open and read"), |b| {
            b.iter(|| {
                let store = Store::open(&options(&path)).unwrap();
                black_box(store.read(|tx| tx.endpoint(&known)).unwrap());
            });
        });
        let mut n = size;
        group.bench_function(id("durable first use"), |b| {
            b.iter(|| {
                n += 1;
                store.write(|tx| tx.put_endpoint(record(n))).unwrap();
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
