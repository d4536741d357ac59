//! A whole store file, as somebody may have left it: an error that names it, or a store whose
//! answers stand.

use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;

use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::store::{Cursor, Filter, NewPin, PinKind, PinState, PinValue, Store, StoreError, StoreOptions};

use super::take::Take;
use super::{NOW, fit_to_show};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];

fn place() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    directory
}

fn endpoint(host: &str) -> Endpoint {
    Endpoint::parse("", host, 993).unwrap()
}

/// A small store with a pin for each host, one of them blocked.
fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let place = place();
        let path = place.path().join("pins.db");
        let store = Store::open(&StoreOptions { path: Some(path.clone()), ..StoreOptions::default() }).unwrap();
        for (n, host) in HOSTS.into_iter().enumerate() {
            let (kind, value) = (PinKind::Key, PinValue::Sha256(Hash::of(host.as_bytes())));
            let state = if n == 1 { PinState::Blocked } else { PinState::Trusted };
            let new = NewPin { kind, state, value, cert: None, expires: 0, comment: String::new() };
            store.add_pin(&endpoint(host), &new, NOW).unwrap();
        }
        drop(store);
        std::fs::read(path).unwrap()
    })
}

/// The input is a file as it is, or (first byte even) changes of a sound one: places and bytes.
pub fn store_file(data: &[u8]) {
    let mut take = Take(data);
    let changed = take.byte() % 2 == 0;
    let mut file = take.0.to_vec();
    if changed {
        file = sound().to_vec();
        while !take.0.is_empty() {
            let at = (usize::from(take.byte()) << 8 | usize::from(take.byte())) % file.len();
            file[at] ^= take.byte();
        }
    }
    let place = place();
    let path = place.path().join("pins.db");
    std::fs::write(&path, &file).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let options = StoreOptions { path: Some(path.clone()), busy_ms: Some(200), ..StoreOptions::default() };
    let named = |error: &StoreError| {
        fit_to_show("an error", &error.to_string());
        let path = path.display().to_string();
        let known = matches!(error, StoreError::Invalid { .. });
        assert!(known || error.to_string().contains(&path), "{error} does not name {path}");
    };
    let store = match Store::open(&options) {
        Ok(store) => store,
        Err(error) => return named(&error),
    };
    let answers = HOSTS.map(|host| store.read(|tx| tx.endpoint(&endpoint(host))));
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            // A pin of the sound file is there as it was, or there is an error: never another, never none.
            Ok(record) if changed => {
                let pin = record.as_ref().and_then(|r| r.pins.first());
                let state = if n == 1 { PinState::Blocked } else { PinState::Trusted };
                let value = PinValue::Sha256(Hash::of(HOSTS[n].as_bytes()));
                assert_eq!(pin.map(|p| (p.state, p.value.clone())), Some((state, value)), "{}", HOSTS[n]);
            }
            Ok(_) => {}
            Err(error) => named(&error),
        }
    }
    match store.verify() {
        Ok(report) => report.problems.iter().for_each(|problem| fit_to_show("a problem", problem)),
        Err(error) => named(&error),
    }
    let events = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 100));
    events.err().iter().for_each(named);
    store.write(|tx| tx.set_policy(None)).err().iter().for_each(named);
    store.export_json().err().iter().for_each(named);
}
