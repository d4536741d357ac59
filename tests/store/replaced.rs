//! The file is replaced, overwritten or put into another mode while a handle holds it, or has a journal beside it
//! that is not its own: never an old answer, never two states mixed, never a silent beginning.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::need;
use crate::support::*;
use tofu::hash::Hash;
use tofu::store::*;

fn known(store: &Store, host: &str) -> Result<bool, StoreError> {
    store.read(|tx| tx.endpoint(&endpoint("", host, 993))).map(|found| found.is_some())
}

/// Overwrites the file as `cp` does: the same inode, other bytes.
fn overwrite(file: &Path, bytes: &[u8]) {
    use std::io::Write;
    let mut to = fs::OpenOptions::new().write(true).truncate(true).open(file).unwrap();
    to.write_all(bytes).unwrap();
}

fn counter(file: &Path) -> u32 {
    u32::from_be_bytes(fs::read(file).unwrap()[24..28].try_into().unwrap())
}

fn is_lost<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Lost { .. })), "{result:?}");
}

#[test]
fn a_state_of_the_same_store_with_the_same_numbers_is_not_taken_for_the_one_that_was_read() {
    let place = Place::new();
    let held = place.open();
    put(&held, pinned("", "a.example", 993, "k"));
    let backup = fs::read(place.file()).unwrap();
    put(&held, pinned("", "b.example", 993, "k"));
    put(&held, pinned("", "c.example", 993, "k"));
    assert!(known(&held, "c.example").unwrap());
    let reached = counter(&place.file());
    // The backup comes back in place, and another program changes as much as was changed before.
    overwrite(&place.file(), &backup);
    let other = Store::open(&StoreOptions { accept_loss: true, ..place.options() }).unwrap();
    while counter(&place.file()) < reached {
        other.block(None, PinKind::Key, Hash::of(&counter(&place.file()).to_be_bytes()), "", 1_000).unwrap();
    }
    assert_eq!(counter(&place.file()), reached);
    let blocks = other.read(|tx| tx.statistics()).unwrap().counts.blocks;
    is_lost(known(&held, "c.example"));
    is_lost(held.write(|tx| tx.put_endpoint(pinned("", "d.example", 993, "k"))));
    // What the other one acknowledged is all there.
    drop(held);
    let now = place.open();
    assert_eq!(now.read(|tx| tx.statistics()).unwrap().counts.blocks, blocks);
    assert!(blocks > 0 && !known(&now, "c.example").unwrap());
    place.assert_sound();
}

#[test]
fn another_store_with_the_same_counter_is_not_mixed_into_what_is_held() {
    let (place, other) = (Place::new(), Place::new());
    let held = place.open();
    for n in 0..200 {
        put(&held, pinned("", &format!("a{n}.example"), 993, "k"));
    }
    {
        let store = other.open();
        for n in 0..200 {
            put(&store, pinned("", &format!("b{n}.example"), 993, "other"));
        }
    }
    assert_eq!(counter(&place.file()), counter(&other.file()));
    assert!(known(&held, "a7.example").unwrap());
    let bytes = fs::read(other.file()).unwrap();
    overwrite(&place.file(), &bytes);
    for n in 0..20 {
        is_lost(known(&held, &format!("b{n}.example")));
        is_lost(held.write(|tx| tx.put_endpoint(pinned("", "new.example", 993, "k"))));
    }
    assert!(fs::read(place.file()).unwrap() == bytes, "the other store was written to");
}

#[test]
fn a_mark_is_not_that_of_a_file_that_was_overwritten() {
    let place = Place::new();
    let held = place.open();
    put(&held, pinned("", "a.example", 993, "k"));
    let mark = held.read(|tx| Ok::<_, StoreError>(tx.peek())).unwrap();
    assert!(mark.is_some() && held.peek() == mark);
    let bytes = fs::read(place.file()).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    overwrite(&place.file(), &bytes);
    assert_ne!(held.peek(), mark);
    // The same bytes are the same store.
    assert!(known(&held, "a.example").unwrap());
    assert_eq!(held.peek(), held.read(|tx| Ok::<_, StoreError>(tx.peek())).unwrap());
}

#[test]
fn a_store_put_into_write_ahead_mode_is_refused_at_once_with_the_way_back() {
    let place = Place::new();
    let held = place.open();
    put(&held, pinned("", "a.example", 993, "k"));
    assert!(known(&held, "a.example").unwrap());
    let switch = |mode: &str| {
        let connection = rusqlite::Connection::open(place.file()).unwrap();
        connection.query_row(&format!("PRAGMA journal_mode={mode}"), [], |_| Ok(())).unwrap();
    };
    switch("WAL");
    for result in
        [known(&held, "a.example"), held.write(|tx| tx.put_endpoint(pinned("", "b.example", 993, "k"))).map(|()| true)]
    {
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("sqlite3") && error.to_string().contains("pins.db"), "{error}");
    }
    assert_eq!(held.peek(), None);
    switch("TRUNCATE");
    assert!(known(&held, "a.example").unwrap());
    put(&held, pinned("", "b.example", 993, "k"));
    drop(held);
    place.assert_sound();
}

/// Leaves the store as a writer does that is killed while it writes: a journal, and half of the change in the file.
fn cut_short(place: &Place) {
    let image = place.subdirectory("image");
    let connection = rusqlite::Connection::open(place.file()).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode=TRUNCATE; PRAGMA cache_size=1; PRAGMA cache_spill=1; BEGIN IMMEDIATE")
        .unwrap();
    for n in 0..200 {
        connection
            .execute("INSERT INTO record (key, value) VALUES (?1, zeroblob(3000))", [format!("zz{n}").into_bytes()])
            .unwrap();
        // Every commit rewrites the meta row.
        if n == 0 {
            let meta = "REPLACE INTO record (key, value) SELECT key, value FROM record WHERE key = X'6D'";
            connection.execute(meta, []).unwrap();
        }
    }
    for suffix in ["", "-journal"] {
        fs::copy(place.beside(suffix), image.join(format!("pins.db{suffix}"))).unwrap();
    }
    connection.execute_batch("ROLLBACK").unwrap();
    connection.close().unwrap();
    for suffix in ["", "-journal"] {
        fs::rename(image.join(format!("pins.db{suffix}")), place.beside(suffix)).unwrap();
        fs::set_permissions(place.beside(suffix), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::remove_dir_all(image).unwrap();
    assert!(fs::metadata(place.beside("-journal")).unwrap().len() > 4096);
}

fn filled(place: &Place, hosts: usize) {
    let store = place.open();
    for n in 0..hosts {
        put(&store, pinned("", &format!("h{n}.example"), 993, "k"));
    }
}

#[test]
fn what_was_cut_short_is_put_right_also_by_who_only_reads() {
    let place = Place::new();
    filled(&place, 5);
    cut_short(&place);
    let reading = Store::open(&StoreOptions { read_only: true, ..place.options() }).unwrap();
    assert!(known(&reading, "h4.example").unwrap());
    // Also where it happens while the handle is held.
    cut_short(&place);
    assert!(known(&reading, "h3.example").unwrap());
    drop(reading);
    place.assert_sound();
}

#[test]
fn a_journal_is_not_played_back_into_another_file() {
    let place = Place::new();
    filled(&place, 5);
    let backup = fs::read(place.file()).unwrap();
    {
        let store = place.open();
        for n in 5..30 {
            put(&store, pinned("", &format!("h{n}.example"), 993, "k"));
        }
    }
    cut_short(&place);
    // Both files are as they were after the refusal.
    fs::remove_file(place.file()).unwrap();
    fs::write(place.file(), &backup).unwrap();
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o600)).unwrap();
    let journal = fs::read(place.beside("-journal")).unwrap();
    for options in [place.options(), StoreOptions { accept_loss: true, ..place.options() }] {
        let error = Store::open(&options).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Lost { .. }), "{error}");
        assert!(error.to_string().contains("pins.db-journal") && error.to_string().contains("mv "), "{error}");
    }
    assert!(fs::read(place.file()).unwrap() == backup && fs::read(place.beside("-journal")).unwrap() == journal);
    // The remedy works: the backup is what counts now.
    fs::rename(place.beside("-journal"), place.beside("-journal-aside")).unwrap();
    is_lost(place.try_open().map(|_| ()));
    let store = Store::open(&StoreOptions { accept_loss: true, ..place.options() }).unwrap();
    assert!(known(&store, "h4.example").unwrap() && !known(&store, "h5.example").unwrap());
    drop(store);
    place.assert_sound();
}

/// What SQLite makes of a journal by itself, and why `journal.rs` looks at it first.
#[test]
fn a_journal_of_another_state_would_bring_back_trust_in_a_blocked_key_and_no_seal_would_show_it() {
    let before = Place::new();
    let fill =
        |tx: &mut Tx<'_>| (0..2000).try_for_each(|n| tx.put_endpoint(pinned("", &format!("h{n}.example"), 993, "k")));
    before.open().write(fill).unwrap();
    // Which pages the journal holds depends on where a row lies; some mixtures are broken, and SQLite says so.
    let mixed = (0..2000).step_by(125).any(|n| brings_back_trust(&before, &format!("h{n}.example")));
    assert!(mixed, "SQLite did not mix two states: the check of journals is not needed");
}

/// Blocks a key, cuts a later commit short, puts the file of before back beside its journal, and lets SQLite play that
/// back. Whether the store that comes out reads as sound and trusts the key.
fn brings_back_trust(before: &Place, host: &str) -> bool {
    let trusts = |store: &Store| {
        let record = store.read(|tx| tx.endpoint(&endpoint("", host, 993)));
        matches!(record, Ok(Some(record)) if record.pins[0].state == PinState::Trusted)
    };
    let copied = |from: &Place, suffixes: &[&str]| {
        let to = Place::new();
        for suffix in suffixes {
            fs::copy(from.beside(suffix), to.beside(suffix)).unwrap();
        }
        to
    };
    let place = copied(before, &["", "-lock"]);
    {
        let store = place.open();
        let mut blocked = pinned("", host, 993, "k");
        blocked.pins[0].state = PinState::Blocked;
        put(&store, blocked);
        assert!(!trusts(&store));
    }
    cut_short(&place);
    // Somebody puts the backup back, and leaves the journal where it is.
    overwrite(&place.file(), &fs::read(before.file()).unwrap());
    let alone = copied(&place, &["", "-journal", "-lock"]);
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Lost { .. }) && error.to_string().contains("-journal"), "{error}");
    // SQLite plays it back: the meta row is the later one, so the marker fits, and every row read has a right seal.
    let connection = rusqlite::Connection::open(alone.file()).unwrap();
    let played = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    connection.close().unwrap();
    played.is_ok() && alone.try_open().is_ok_and(|mixed| trusts(&mixed))
}

#[test]
fn a_new_store_is_not_made_of_what_an_old_journal_holds() {
    for marker in [true, false] {
        let place = Place::new();
        filled(&place, 30);
        cut_short(&place);
        fs::remove_file(place.file()).unwrap();
        if !marker {
            fs::remove_file(place.beside("-lock")).unwrap();
        }
        let error = place.try_open().map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Lost { .. }) && error.to_string().contains("disappeared"), "{error}");
        assert!(!place.file().exists());
        let store = Store::open(&StoreOptions { accept_loss: true, ..place.options() }).unwrap();
        assert!(!known(&store, "h4.example").unwrap());
        put(&store, pinned("", "new.example", 993, "k"));
        drop(store);
        place.assert_sound();
        assert!(place.beside("-journal-aside").exists(), "nothing is deleted");
    }
}

#[test]
fn a_writer_is_not_kept_waiting_by_readers_that_come_after_it() {
    let place = Place::new();
    filled(&place, 300);
    let stop = AtomicBool::new(false);
    let slowest = Mutex::new(Duration::ZERO);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = place.open();
                while !stop.load(Ordering::Relaxed) {
                    store.read(|tx| tx.statistics()).unwrap();
                }
            });
        }
        let store = place.open();
        for n in 0..10 {
            let began = Instant::now();
            put(&store, pinned("", &format!("w{n}.example"), 993, "k"));
            let mut slowest = slowest.lock().unwrap();
            *slowest = began.elapsed().max(*slowest);
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("the slowest of ten commits beside four readers without a pause: {:?}", slowest.lock().unwrap());
}

#[test]
fn an_accepted_loss_is_in_the_log_and_a_loss_met_by_a_handle_reaches_its_listener() {
    let place = Place::new();
    let held = place.open();
    put(&held, pinned("", "a.example", 993, "k"));
    let backup = fs::read(place.file()).unwrap();
    put(&held, pinned("", "b.example", 993, "k"));
    let told: std::sync::Arc<Mutex<Vec<String>>> = std::sync::Arc::default();
    let hears = std::sync::Arc::clone(&told);
    held.set_listener(Some(std::sync::Arc::new(move |event: &Event| hears.lock().unwrap().push(event.code.clone()))));
    overwrite(&place.file(), &backup);
    is_lost(known(&held, "a.example"));
    is_lost(known(&held, "a.example"));
    assert_eq!(*told.lock().unwrap(), ["store-lost"]);
    let store = Store::open(&StoreOptions { accept_loss: true, ..place.options() }).unwrap();
    let events = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 100)).unwrap();
    let accepted = events.items.iter().find(|event| event.code == "loss-accepted").unwrap();
    assert!(accepted.text.contains("went back in time") && accepted.severity == Severity::High);
}

#[test]
fn a_directory_that_is_made_may_lie_behind_a_link() {
    let place = Place::new();
    let real = place.subdirectory("real");
    symlink(&real, place.directory().join("home")).unwrap();
    let store = Store::open(&options(&place.directory().join("home/a/b/pins.db"))).unwrap();
    put(&store, pinned("", "a.example", 993, "k"));
    assert!(real.join("a/b/pins.db").exists());
}

#[test]
fn a_second_name_of_the_file_is_refused_with_the_remedy() {
    let place = Place::new();
    filled(&place, 1);
    fs::hard_link(place.file(), place.directory().join("second.db")).unwrap();
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }) && error.to_string().contains("cp -p"), "{error}");
    fs::remove_file(place.directory().join("second.db")).unwrap();
    place.assert_sound();
}

#[test]
fn a_directory_that_everybody_can_put_another_in_the_place_of_is_refused() {
    let place = Place::new();
    let above = place.subdirectory("above");
    fs::create_dir(above.join("own")).unwrap();
    fs::set_permissions(above.join("own"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&above, fs::Permissions::from_mode(0o777)).unwrap();
    let error = Store::open(&options(&above.join("own/pins.db"))).map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }) && error.to_string().contains("chmod o-w"), "{error}");
    fs::set_permissions(&above, fs::Permissions::from_mode(0o1777)).unwrap();
    Store::open(&options(&above.join("own/pins.db"))).unwrap();
}

#[test]
fn a_path_that_cannot_be_used_is_refused_before_anything_is_made() {
    let place = Place::new();
    let deep = place.directory().join(["d"; 300].join("/")).join("pins.db");
    for path in [deep, place.directory().join("n".repeat(241))] {
        let error = Store::open(&options(&path)).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }) && error.to_string().contains("at most"), "{error}");
    }
    assert_eq!(fs::read_dir(place.directory()).unwrap().count(), 0);
    Store::open(&options(&place.directory().join("n".repeat(240)))).unwrap();
}

#[test]
fn a_wait_longer_than_sqlite_can_count_is_as_long_as_it_can() {
    let place = Place::new();
    let store = Store::open(&StoreOptions { busy_ms: Some(u64::from(u32::MAX)), ..place.options() }).unwrap();
    put(&store, pinned("", "a.example", 993, "k"));
}

#[test]
fn a_marker_of_another_user_is_refused_and_not_overlooked() {
    let place = Place::new();
    filled(&place, 2);
    if !need::root("giving a file away takes root") {
        return;
    }
    std::os::unix::fs::chown(place.beside("-lock"), Some(65_534), None).unwrap();
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }) && error.to_string().contains("-lock"), "{error}");
    std::os::unix::fs::chown(place.beside("-lock"), Some(0), None).unwrap();
    fs::set_permissions(place.beside("-lock"), fs::Permissions::from_mode(0o666)).unwrap();
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("chmod go-w"), "{error}");
}

#[test]
fn the_locks_are_their_owners_whatever_the_umask() {
    let place = Place::new();
    let file = place.file();
    let tool = env!("CARGO_BIN_EXE_tofuctl");
    let command =
        format!("umask 0777; exec {tool} --store {} block --everywhere {}", file.display(), Hash::of(b"k").hex());
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
    drop(place.open());
    assert_eq!(fs::metadata(place.beside("-lock")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn rows_of_other_types_are_found_by_verifying() {
    let place = Place::new();
    filled(&place, 2);
    let connection = rusqlite::Connection::open(place.file()).unwrap();
    connection.execute_batch("INSERT INTO record VALUES ('text', 1)").unwrap();
    connection.close().unwrap();
    let problems = place.open().verify().map(|report| report.problems);
    assert!(
        problems.as_ref().map_or(true, |found| found.iter().any(|line| line.contains("another program"))),
        "{problems:?}"
    );
}

#[test]
fn a_writer_that_waits_for_a_long_reader_does_not_keep_others_from_reading() {
    let place = Place::new();
    filled(&place, 20);
    let (backup, writer, reader) = (place.open(), place.open(), place.open());
    let (done, began) = (AtomicBool::new(false), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            backup
                .read(|_| {
                    began.wait();
                    while !done.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Ok::<_, StoreError>(())
                })
                .unwrap();
        });
        began.wait();
        // It waits in vain for all of its two seconds.
        let waiting = scope.spawn(|| writer.write(|tx| tx.put_endpoint(pinned("", "new.example", 993, "k"))));
        let mut reads = 0;
        while !waiting.is_finished() {
            assert!(known(&reader, "h7.example").unwrap());
            reads += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(matches!(waiting.join().unwrap(), Err(StoreError::Busy { .. })));
        assert!(reads > 4, "{reads}");
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_journal_that_nothing_is_played_back_from_keeps_no_reader_from_its_connection() {
    let place = Place::new();
    filled(&place, 2);
    let reading = Store::open(&StoreOptions { read_only: true, ..place.options() }).unwrap();
    fs::write(place.beside("-journal"), [0; 512]).unwrap();
    fs::set_permissions(place.beside("-journal"), fs::Permissions::from_mode(0o600)).unwrap();
    for _ in 0..3 {
        assert!(known(&reading, "h1.example").unwrap());
    }
    assert_eq!(fs::metadata(place.beside("-journal")).unwrap().len(), 512);
}

#[test]
fn a_lock_file_that_was_never_written_to_remembers_nothing_and_any_other_content_is_not_passed_over() {
    let place = Place::new();
    filled(&place, 2);
    let sound = fs::read(place.beside("-lock")).unwrap();
    // As a creation or a power cut leaves it.
    for (host, nothing) in [("a.example", Vec::new()), ("b.example", vec![0; 64])] {
        fs::write(place.beside("-lock"), &nothing).unwrap();
        let store = place.open();
        put(&store, pinned("", host, 993, "k"));
        assert_eq!(fs::read(place.beside("-lock")).unwrap().len(), sound.len(), "the next commit writes the marker");
        assert!(fs::read(place.beside("-lock")).unwrap().starts_with(b"tofumark"));
    }
    for content in [&sound[..40], &[7; 64]] {
        fs::write(place.beside("-lock"), content).unwrap();
        let error = place.try_open().map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }) && error.to_string().contains("marker"), "{error}");
        // The store is not taken for a new one either.
        fs::rename(place.file(), place.beside("-away")).unwrap();
        is_lost(place.try_open().map(|_| ()));
        fs::rename(place.beside("-away"), place.file()).unwrap();
    }
    fs::remove_file(place.beside("-lock")).unwrap();
    place.assert_sound();
}

#[test]
fn what_lies_beside_a_store_under_other_names_is_neither_read_nor_removed() {
    let place = Place::new();
    filled(&place, 2);
    for suffix in ["-gate", "-mark"] {
        fs::write(place.beside(suffix), b"of an older build").unwrap();
    }
    place.assert_sound();
    put(&place.open(), pinned("", "a.example", 993, "k"));
    for suffix in ["-gate", "-mark"] {
        assert_eq!(fs::read(place.beside(suffix)).unwrap(), b"of an older build");
    }
}
