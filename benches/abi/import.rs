//! Fills a new store from a `known_hosts` file of GnuTLS and prints how long the import took, in
//! microseconds: `bench-import KNOWN_HOSTS STORE NOW`.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use tofu::store::{ImportFormat, Store, StoreOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, from, to, now] = args.as_slice() else { return Err("use: bench-import KNOWN_HOSTS STORE NOW".into()) };
    let lines = std::fs::read(from)?;
    let options = StoreOptions { path: Some(PathBuf::from(to)), ..StoreOptions::default() };
    let store = Store::open(&options)?;
    let began = Instant::now();
    store.import(ImportFormat::KnownHosts, &lines, true, now.parse()?)?;
    println!("{}", began.elapsed().as_micros());
    Ok(())
}
