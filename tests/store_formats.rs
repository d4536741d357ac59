//! Stores written by every version of the format so far can be read. `BLESS=1` writes the present one.

mod store_common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use store_common::*;
use tofu::hash::Hash;
use tofu::store::*;

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stores").join(name)
}

fn write_sample(place: &Place) {
    let store = place.open();
    for (account, host, port) in [("", "mail.example", 993), ("ann", "mail.example", 993), ("", "::1", 1143)] {
        put(&store, pinned(account, host, port, "k"));
    }
    store.block(None, PinKind::Key, Hash::of(b"bad"), "stolen", 1_000).unwrap();
    store.write(|tx| tx.put_pending(pending(&endpoint("", "mail.example", 993), 7))).unwrap();
    store.forget(&endpoint("", "::1", 1143), Forget::ALL, 2_000).unwrap();
}

#[test]
fn a_store_of_format_1_is_read_and_written() {
    let place = Place::new();
    if std::env::var_os("BLESS").is_some() {
        let fresh = Place::new();
        write_sample(&fresh);
        std::fs::copy(fresh.file(), data("format-1.db")).unwrap();
    }
    std::fs::copy(data("format-1.db"), place.file()).unwrap();
    std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(0o600)).unwrap();
    place.assert_sound();
    let store = place.open();
    let known = get(&store, &endpoint("ann", "mail.example", 993)).unwrap();
    assert_eq!(known.pins[0].value, PinValue::Sha256(Hash::of(b"k")));
    assert_eq!(
        get(&store, &endpoint("", "::1", 1143)).unwrap().tombstone,
        Some(Tombstone { at: 2_000, known_until: 0 })
    );
    assert_eq!(store.read(|tx| tx.blocked(PinKind::Key, &[Hash::of(b"bad")])).unwrap()[0].comment, "stolen");
    assert_eq!(store.read(|tx| tx.pending_of(&endpoint("", "mail.example", 993))).unwrap().len(), 1);
    put(&store, pinned("", "new.example", 993, "k"));
    drop(store);
    place.assert_sound();
}
