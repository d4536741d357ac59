//! Stores written by every version of the format so far can be read. `BLESS=1` writes the present one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::*;
use tofu::hash::Hash;
use tofu::store::*;

/// Of version 1 of the layout, which 0.1.0 had during its development.
const OLDEST: &str = "format-1.db";
/// Of version 2.
const NEWEST: &str = "format-2.db";

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

/// A store as that version left it, in a place of its own.
fn kept(name: &str) -> Place {
    let place = Place::new();
    if std::env::var_os("BLESS").is_some() && name == NEWEST {
        let fresh = Place::new();
        write_sample(&fresh);
        std::fs::copy(fresh.file(), data(name)).unwrap();
    }
    std::fs::copy(data(name), place.file()).unwrap();
    std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(0o600)).unwrap();
    place
}

/// The version of the layout, as SQLite's header has it.
fn layout(file: &Path) -> u32 {
    u32::from_be_bytes(std::fs::read(file).unwrap()[60..64].try_into().unwrap())
}

fn assert_holds_the_sample(store: &Store) {
    let known = get(store, &endpoint("ann", "mail.example", 993)).unwrap();
    assert_eq!(known.pins[0].value, PinValue::Sha256(Hash::of(b"k")));
    let tombstone = get(store, &endpoint("", "::1", 1143)).unwrap().tombstone;
    assert_eq!(tombstone, Some(Tombstone { at: 2_000, known_until: 0 }));
    assert_eq!(store.read(|tx| tx.blocked(PinKind::Key, &[Hash::of(b"bad")])).unwrap()[0].comment, "stolen");
    assert_eq!(store.read(|tx| tx.pending_of(&endpoint("", "mail.example", 993))).unwrap().len(), 1);
}

#[test]
fn a_store_of_every_version_is_read_and_written() {
    for name in [OLDEST, NEWEST] {
        let place = kept(name);
        place.assert_sound();
        let store = place.open();
        assert_holds_the_sample(&store);
        put(&store, pinned("", "new.example", 993, "k"));
        drop(store);
        place.assert_sound();
        assert_eq!(layout(&place.file()), 2, "{name}");
    }
}

#[test]
fn an_older_store_is_brought_up_to_date_with_a_complete_copy_beside_it() {
    let place = kept(OLDEST);
    let before = std::fs::read(place.file()).unwrap();
    let generation = {
        let reading = Store::open(&StoreOptions { read_only: true, ..place.options() }).unwrap();
        assert_holds_the_sample(&reading);
        reading.generation().unwrap()
    };
    assert!(std::fs::read(place.file()).unwrap() == before, "who only reads changes nothing");
    assert!(!place.beside("-format-1").exists());
    let store = place.open();
    assert_holds_the_sample(&store);
    assert_eq!(store.generation().unwrap(), generation, "nothing that is remembered has changed");
    let copy = place.beside("-format-1");
    assert!(std::fs::read(&copy).unwrap() == before);
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    drop(store);
    // The copy is a store, and the migration is done once.
    drop(place.open());
    assert!(!place.beside("-format-1.2").exists());
    assert_holds_the_sample(&Store::open(&StoreOptions { read_only: true, ..options(&copy) }).unwrap());
}

#[test]
fn a_copy_of_before_is_never_overwritten() {
    let place = kept(OLDEST);
    std::fs::write(place.beside("-format-1"), b"somebody's").unwrap();
    assert_holds_the_sample(&place.open());
    assert_eq!(std::fs::read(place.beside("-format-1")).unwrap(), b"somebody's");
    assert_eq!(layout(&place.beside("-format-1.2")), 1);
}

#[test]
fn an_older_store_that_cannot_be_brought_up_to_date_is_used_as_it_is() {
    let place = kept(OLDEST);
    // No name is left for the copy.
    for n in 1..100 {
        let suffix = if n == 1 { "-format-1".to_owned() } else { format!("-format-1.{n}") };
        std::fs::write(place.beside(&suffix), b"").unwrap();
    }
    let store = place.open();
    assert_holds_the_sample(&store);
    put(&store, pinned("", "new.example", 993, "k"));
    drop(store);
    assert_eq!(layout(&place.file()), 1);
    place.assert_sound();
    std::fs::remove_file(place.beside("-format-1.7")).unwrap();
    assert_holds_the_sample(&place.open());
    assert_eq!(layout(&place.file()), 2);
}

#[test]
fn programs_that_open_an_older_store_at_once_migrate_it_once() {
    let place = kept(OLDEST);
    std::thread::scope(|scope| {
        for n in 0..8 {
            let place = &place;
            scope.spawn(move || {
                let store = place.open();
                assert_holds_the_sample(&store);
                put(&store, pinned("", &format!("t{n}.example"), 993, "k"));
            });
        }
    });
    assert!(place.beside("-format-1").exists() && !place.beside("-format-1.2").exists());
    let store = place.open();
    for n in 0..8 {
        assert!(get(&store, &endpoint("", &format!("t{n}.example"), 993)).is_some());
    }
    drop(store);
    place.assert_sound();
}

#[test]
fn a_handle_held_while_another_program_migrates_goes_on() {
    let place = kept(OLDEST);
    for n in 1..100 {
        let suffix = if n == 1 { "-format-1".to_owned() } else { format!("-format-1.{n}") };
        std::fs::write(place.beside(&suffix), b"").unwrap();
    }
    let held = place.open();
    assert_holds_the_sample(&held);
    std::fs::remove_file(place.beside("-format-1")).unwrap();
    drop(place.open());
    assert_eq!(layout(&place.file()), 2);
    assert_holds_the_sample(&held);
    put(&held, pinned("", "new.example", 993, "k"));
    drop(held);
    place.assert_sound();
}

#[test]
fn a_migration_that_was_killed_leaves_the_old_store_and_is_done_again() {
    let place = kept(OLDEST);
    let image = place.subdirectory("image");
    let connection = rusqlite::Connection::open(place.file()).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=PERSIST; PRAGMA cache_size=1; PRAGMA cache_spill=1; BEGIN IMMEDIATE;
             ALTER TABLE record RENAME TO record_1;
             CREATE TABLE record (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL);
             INSERT INTO record (key, value) SELECT key, value FROM record_1 ORDER BY key; DROP TABLE record_1;
             PRAGMA user_version = 2;
             INSERT INTO record (key, value) SELECT randomblob(8), zeroblob(3000) FROM
                 (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n);",
        )
        .unwrap();
    // All was written, and the commit was killed before its journal was ended: that is by its first bytes here.
    let head = std::fs::read(place.beside("-journal")).unwrap()[..28].to_vec();
    connection.execute_batch("COMMIT").unwrap();
    connection.close().unwrap();
    assert_eq!(layout(&place.file()), 2);
    let mut journal = std::fs::read(place.beside("-journal")).unwrap();
    assert!(journal[..28] == [0; 28] && head.starts_with(&[0xd9, 0xd5]));
    journal[..28].copy_from_slice(&head);
    std::fs::write(image.join("pins.db-journal"), journal).unwrap();
    std::fs::copy(place.file(), image.join("pins.db")).unwrap();
    for suffix in ["", "-journal"] {
        std::fs::rename(image.join(format!("pins.db{suffix}")), place.beside(suffix)).unwrap();
        std::fs::set_permissions(place.beside(suffix), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(std::fs::metadata(place.beside("-journal")).unwrap().len() > 4096);
    assert_holds_the_sample(&place.open());
    assert_eq!((layout(&place.file()), layout(&place.beside("-format-1"))), (2, 1));
    assert!(!place.beside("-format-part").exists());
    place.assert_sound();
}

#[test]
fn a_date_that_could_not_be_read_is_null_and_was_once_a_number() {
    let hash = Hash::of(b"x").hex();
    let read = |dates: &str| -> Sighting {
        let text = format!(r#"{{"cert":"{hash}","spki":"{hash}","first":1,"last":2,"validation":"none",{dates}}}"#);
        serde_json::from_str(&text).unwrap()
    };
    let old = read(r#""not_before":9223372036854775807,"not_after":-9223372036854775808"#);
    assert_eq!((old.not_before, old.not_after), (None, None));
    let written = serde_json::to_string(&old).unwrap();
    assert!(written.contains(r#""not_before":null,"not_after":null"#), "{written}");
    assert_eq!(serde_json::from_str::<Sighting>(&written).unwrap(), old);
    let readable = read(r#""not_before":-5,"not_after":7"#);
    assert_eq!((readable.not_before, readable.not_after), (Some(-5), Some(7)));
}
