//! Files that are not what was written, and places that are not safe: an error that names the
//! file, or unchanged answers; never an absence, never a panic, and the file is left as it is.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::again::again;
use crate::need;
use crate::support::*;
use tofu::hash::Hash;
use tofu::store::*;

/// All that is asked of a store in these tests.
#[derive(Debug, PartialEq)]
struct Answers {
    endpoints: Vec<Option<EndpointRecord>>,
    host: Vec<EndpointRecord>,
    blocked: Vec<Block>,
    policy: Option<serde_json::Map<String, serde_json::Value>>,
    floor: i64,
}

fn ask(options: &StoreOptions) -> Result<Answers, StoreError> {
    let store = Store::open(options)?;
    store.read(|tx| {
        let mut endpoints = Vec::new();
        for n in 0..30 {
            endpoints.push(tx.endpoint(&endpoint("", &format!("h{n}.example"), 993))?);
        }
        Ok(Answers {
            endpoints,
            host: tx.endpoints_of(&endpoint("", "h3.example", 993).host)?,
            blocked: tx.blocked(PinKind::Key, &[Hash::of(b"bad"), Hash::of(b"good")])?,
            policy: tx.policy()?,
            floor: tx.time_floor()?,
        })
    })
}

/// A store of at least five pages: every second endpoint is known, so absences are asked for too.
fn small_store(place: &Place) -> Answers {
    let store = place.open();
    for n in (0..20).step_by(2) {
        put(&store, pinned("", &format!("h{n}.example"), 993, "k"));
    }
    store
        .write(|tx| {
            tx.put_block(block(Hash::of(b"bad")))?;
            tx.raise_time_floor(1_700_000_000)?;
            tx.log(event("note", 1))?;
            tx.set_policy(Some(serde_json::Map::from_iter([("preset".to_owned(), "careful".into())])))
        })
        .unwrap();
    drop(store);
    ask(&place.options()).unwrap()
}

#[test]
fn every_flipped_byte_is_an_error_or_changes_no_answer() {
    let results: Vec<(usize, usize)> = std::thread::scope(|scope| {
        let halves: Vec<_> = (0..2).map(|half| scope.spawn(move || flip_every_other_byte(half))).collect();
        halves.into_iter().map(|h| h.join().unwrap()).collect()
    });
    let (errors, unchanged) = results.iter().fold((0, 0), |sum, r| (sum.0 + r.0, sum.1 + r.1));
    println!("{} positions: {errors} errors, {unchanged} without effect", errors + unchanged);
    assert!(errors > 3_000);
}

/// Flips the bytes at even or odd positions one by one. Returns how many were errors, and how many changed nothing.
fn flip_every_other_byte(half: usize) -> (usize, usize) {
    let place = Place::new();
    let truth = small_store(&place);
    let sound = fs::read(place.file()).unwrap();
    assert!((16_384..=32_768).contains(&sound.len()), "{}", sound.len());
    let (mut errors, mut unchanged) = (0, 0);
    for at in (half..sound.len()).step_by(2) {
        let mut bad = sound.clone();
        bad[at] ^= if at % 3 == 0 { 0xFF } else { 1 << (at / 2 % 8) };
        fs::write(place.file(), &bad).unwrap();
        match ask(&place.options()) {
            Ok(answers) => {
                assert_eq!(answers, truth, "byte {at}");
                unchanged += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("pins.db"), "byte {at}: {error}");
                errors += 1;
            }
        }
        assert!(fs::read(place.file()).unwrap() == bad, "byte {at}: the file was touched");
    }
    (errors, unchanged)
}

#[test]
fn every_truncation_is_an_error() {
    let place = Place::new();
    small_store(&place);
    let sound = fs::read(place.file()).unwrap();
    for length in (0..sound.len()).step_by(64).chain([1, 99, 101, 4095, 4097]) {
        fs::write(place.file(), &sound[..length]).unwrap();
        let error = ask(&place.options()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{length}: {error}");
        assert_eq!(fs::metadata(place.file()).unwrap().len(), length as u64);
    }
}

#[test]
fn random_bytes_text_and_foreign_databases_are_damaged_stores() {
    let place = Place::new();
    small_store(&place);
    let mut noise = vec![0_u8; 20_480];
    let mut state = 1_u64;
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 33) as u8;
    }
    let foreign = {
        let path = place.directory().join("foreign.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE moz_places (id INTEGER); INSERT INTO moz_places VALUES (1)").unwrap();
        connection.close().unwrap();
        fs::read(path).unwrap()
    };
    for (content, word) in [
        (noise, "not a SQLite file"),
        (b"|1|mail.example|993|key\n".repeat(10), "not a SQLite file"),
        (foreign, "not a store of this library"),
    ] {
        fs::write(place.file(), &content).unwrap();
        let _ = fs::remove_file(place.beside("-lock"));
        let error = ask(&place.options()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(word) && error.to_string().contains("pins.db"), "{error}");
        assert_eq!(fs::read(place.file()).unwrap(), content);
        assert!(!place.beside("-lock").exists(), "nothing is made beside it");
    }
}

/// Runs SQL on the file as any other program might.
fn tamper(file: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn rows_that_vanish_or_move_are_noticed_at_lookup() {
    let te =
        |host: &str| format!("X'7465{}'", host.bytes().map(|b| format!("{b:02x}")).collect::<String>() + "0003e100");
    for (sql, what) in [
        (format!("DELETE FROM record WHERE key = {}", te("h4.example")), "h4.example:993 is gone"),
        ("DELETE FROM record WHERE key = X'74ff00'".to_owned(), "end mark"),
        ("DELETE FROM record WHERE key >= X'7465' AND key < X'7466'".to_owned(), "is gone"),
        ("DELETE FROM record WHERE key >= X'7465'".to_owned(), "end mark"),
        ("DELETE FROM record WHERE key = X'6d'".to_owned(), "meta row"),
        ("DELETE FROM record".to_owned(), "meta row"),
        (format!("UPDATE record SET key = {} WHERE key = {}", te("h5.example"), te("h4.example")), ""),
        (
            format!(
                "UPDATE record SET value = (SELECT value FROM record WHERE key = {}) WHERE key = {}",
                te("h2.example"),
                te("h4.example")
            ),
            "h4.example:993 does not match",
        ),
        (format!("UPDATE record SET value = X'' WHERE key = {}", te("h4.example")), "h4.example:993 is too short"),
        (format!("UPDATE record SET value = 'text' WHERE key = {}", te("h4.example")), ""),
        (format!("UPDATE record SET value = 12 WHERE key = {}", te("h4.example")), ""),
        (format!("UPDATE record SET value = zeroblob(50000000) WHERE key = {}", te("h4.example")), "h4.example"),
        ("CREATE TRIGGER t AFTER INSERT ON record BEGIN SELECT 1; END".to_owned(), "table"),
        ("CREATE TABLE other (x)".to_owned(), "table"),
        ("DROP TABLE record".to_owned(), "table"),
        ("PRAGMA journal_mode = WAL".to_owned(), "PRAGMA journal_mode=TRUNCATE"),
    ] {
        let place = Place::new();
        small_store(&place);
        tamper(&place.file(), &sql);
        let before = fs::read(place.file()).unwrap();
        let error = ask(&place.options()).expect_err(&sql);
        assert!(matches!(error, StoreError::Damaged { .. }), "{sql}: {error}");
        assert!(error.to_string().contains(what), "{sql}: {error}");
        assert!(fs::read(place.file()).unwrap() == before, "{sql}: the file was touched");
    }
}

#[test]
fn what_a_damaged_file_says_is_escaped_in_the_error() {
    let place = Place::new();
    small_store(&place);
    let bytes = fs::read(place.file()).unwrap();
    // The schema names the table twice and then has the SQL; the last word of it is no longer what was named.
    let named: Vec<usize> = (0..bytes.len() - 6).filter(|at| &bytes[*at..at + 6] == b"record").collect();
    assert!(!named.is_empty());
    let mut quoted = 0;
    for at in named {
        let mut bad = bytes.clone();
        bad[at + 3] = 0x1B;
        fs::write(place.file(), &bad).unwrap();
        let Err(error) = ask(&place.options()) else { continue };
        let said = error.to_string();
        assert!(said.contains("pins.db") && !said.contains(char::is_control), "{said:?}");
        quoted += usize::from(said.contains("\\x1B"));
    }
    assert!(quoted > 0, "no error quoted the file");
}

#[test]
fn a_newer_store_is_named_as_such() {
    let place = Place::new();
    small_store(&place);
    tamper(&place.file(), "PRAGMA user_version = 7");
    let error = ask(&place.options()).unwrap_err();
    assert!(matches!(error, StoreError::Future { found: 7, .. }), "{error}");
    assert!(error.to_string().contains("pins.db"), "{error}");
}

#[test]
fn what_is_no_regular_file_is_refused_with_its_type() {
    let place = Place::new();
    let at = |name: &str| place.directory().join(name);
    fs::create_dir(at("directory")).unwrap();
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    place.open();
    symlink(place.file(), at("link")).unwrap();
    symlink("/nowhere/at/all", at("dangling")).unwrap();
    for (name, word) in [
        ("directory", "a directory"),
        ("fifo", "a FIFO"),
        ("socket", "a socket"),
        ("link", "a symbolic link"),
        ("dangling", "a symbolic link"),
    ] {
        let error = Store::open(&options(&at(name))).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Unsafe { .. }), "{name}: {error}");
        assert!(error.to_string().contains(word) && error.to_string().contains(name), "{error}");
    }
    let error = Store::open(&options(Path::new("/dev/null"))).map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }), "{error}");
}

#[test]
fn permissions_that_let_others_in_are_refused_with_the_remedy() {
    let place = Place::new();
    place.open();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for bad in [0o620, 0o602, 0o666] {
        mode(&place.file(), bad);
        let error = place.try_open().map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Unsafe { .. }) && error.to_string().contains("chmod"), "{error}");
    }
    mode(&place.file(), 0o600);
    // One that is everybody's on purpose, as /tmp is, is not to be changed.
    for (bad, remedy) in [(0o770, "chmod"), (0o707, "chmod"), (0o1777, "a directory of your own")] {
        mode(place.directory(), bad);
        let error = place.try_open().map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Unsafe { .. }) && error.to_string().contains(remedy), "{error}");
        assert_eq!(error.to_string().contains("chmod"), remedy == "chmod", "{error}");
    }
    mode(place.directory(), 0o700);
    place.open();
    // A journal that is a link would be believed by SQLite.
    let _ = fs::remove_file(place.beside("-journal"));
    symlink("/tmp/elsewhere", place.beside("-journal")).unwrap();
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }) && error.to_string().contains("-journal"), "{error}");
}

/// Commits as another program does that was let into the file; the rows are the same afterwards.
fn write_into(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let batch = "PRAGMA journal_mode=TRUNCATE; INSERT INTO record (key, value) VALUES (X'FF', X'00');
        DELETE FROM record WHERE key = X'FF'";
    connection.execute_batch(batch).unwrap();
}

#[test]
fn an_open_handle_refuses_a_store_that_others_were_let_into_and_that_was_written_to() {
    let root = need::is_root();
    let mode = |place: &Place, mode| fs::set_permissions(place.file(), fs::Permissions::from_mode(mode)).unwrap();
    let owner = |place: &Place, owner| std::os::unix::fs::chown(place.file(), Some(owner), None).unwrap();
    type Change<'a> = &'a dyn Fn(&Place);
    let changes: [(&str, Change, Change); 4] = [
        ("chmod", &|place| mode(place, 0o666), &|place| mode(place, 0o600)),
        ("65534", &|place| owner(place, 65_534), &|place| owner(place, 0)),
        ("hard links", &|p| fs::hard_link(p.file(), p.beside("-2")).unwrap(), &|p| {
            fs::remove_file(p.beside("-2")).unwrap();
        }),
        ("-lock", &|p| fs::set_permissions(p.beside("-lock"), fs::Permissions::from_mode(0o666)).unwrap(), &|p| {
            fs::set_permissions(p.beside("-lock"), fs::Permissions::from_mode(0o600)).unwrap();
        }),
    ];
    for (word, spoil, mend) in changes.into_iter().filter(|(word, ..)| root || *word != "65534") {
        let place = Place::new();
        let (held, a) = (place.open(), endpoint("", "a.example", 993));
        put(&held, pinned("", "a.example", 993, "k"));
        for writer_first in [true, false] {
            get(&held, &a).unwrap();
            let mark = held.read(|tx| Ok::<_, StoreError>(tx.peek())).unwrap();
            assert!(mark.is_some());
            let both: [&dyn Fn(&Place); 2] = [&|place| write_into(&place.file()), spoil];
            let order = if writer_first { [0, 1] } else { [1, 0] };
            order.iter().for_each(|n| both[*n](&place));
            assert_ne!(held.peek(), mark, "{word}: a cached answer would be given again");
            for _ in 0..2 {
                let read = held.read(|tx| tx.endpoint(&a)).unwrap_err();
                assert!(matches!(read, StoreError::Unsafe { .. }) && read.to_string().contains(word), "{word}: {read}");
                let written = held.write(|tx| tx.put_endpoint(pinned("", "b.example", 993, "k"))).unwrap_err();
                assert!(matches!(written, StoreError::Unsafe { .. }), "{word}: {written}");
            }
            mend(&place);
            // The other program's journal has the owner and the mode that the store had.
            fs::remove_file(place.beside("-journal")).unwrap();
            assert!(get(&held, &a).is_some(), "{word}: mended");
        }
        drop(held);
        place.assert_sound();
    }
}

#[test]
fn a_mode_that_changes_inside_a_transaction_is_not_in_its_mark_and_fails_its_commit() {
    let place = Place::new();
    let held = place.open();
    put(&held, pinned("", "a.example", 993, "k"));
    let mode = |mode| fs::set_permissions(place.file(), fs::Permissions::from_mode(mode)).unwrap();
    let mark = held.read(|tx| {
        mode(0o666);
        Ok::<_, StoreError>(tx.peek())
    });
    assert_eq!(mark.unwrap(), None);
    mode(0o600);
    let written = held.write(|tx| {
        mode(0o666);
        tx.put_endpoint(pinned("", "b.example", 993, "k"))
    });
    assert!(matches!(written, Err(StoreError::Unsafe { .. })), "{written:?}");
    assert!(matches!(held.generation(), Err(StoreError::Unsafe { .. })));
    mode(0o600);
    assert_eq!(get(&held, &endpoint("", "b.example", 993)), None);
}

#[test]
fn a_file_of_another_user_is_refused() {
    let place = Place::new();
    place.open();
    if !need::root("giving a file away takes root") {
        return;
    }
    std::os::unix::fs::chown(place.file(), Some(65_534), None).unwrap();
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }) && error.to_string().contains("65534"), "{error}");
}

#[test]
fn everything_made_is_for_the_owner_alone() {
    let place = Place::new();
    let file = place.directory().join("a/b/tofu/pins.db");
    let store = Store::open(&options(&file)).unwrap();
    put(&store, pinned("", "a.example", 993, "k"));
    for entry in fs::read_dir(file.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o7777, 0o600, "{:?}", entry.path());
    }
    for directory in ["a", "a/b", "a/b/tofu"] {
        assert_eq!(fs::metadata(place.directory().join(directory)).unwrap().mode() & 0o7777, 0o700);
    }
    let mut names: Vec<String> =
        fs::read_dir(file.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "pins.db-journal");
    names.sort();
    assert_eq!(names, ["pins.db", "pins.db-lock"]);
}

#[test]
fn what_a_crash_during_creation_leaves_is_cleared_away() {
    let place = Place::new();
    // Half a store under the temporary name, and then a whole one with two names.
    fs::write(place.beside("-new"), b"half").unwrap();
    put(&place.open(), pinned("", "a.example", 993, "k"));
    assert!(!place.beside("-new").exists());
    fs::hard_link(place.file(), place.beside("-new")).unwrap();
    assert!(get(&place.open(), &endpoint("", "a.example", 993)).is_some());
    assert!(!place.beside("-new").exists());
}

#[test]
fn a_store_that_vanishes_or_is_swapped_is_lost_and_not_empty() {
    let place = Place::new();
    let store = place.open();
    put(&store, pinned("", "a.example", 993, "k"));
    // An older copy, put back while the store is in use.
    let old = fs::read(place.file()).unwrap();
    put(&store, pinned("", "b.example", 993, "k"));
    let new = fs::read(place.file()).unwrap();
    let swap = |content: &[u8]| {
        let other = place.directory().join("other");
        fs::write(&other, content).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(&other, place.file()).unwrap();
    };
    swap(&old);
    assert!(matches!(store.generation(), Err(StoreError::Lost { .. })), "{:?}", store.generation());
    // The same between two runs.
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Lost { .. }) && error.to_string().contains("back in time"), "{error}");
    // The same state again, in another inode, is fine.
    swap(&new);
    assert!(get(&store, &endpoint("", "b.example", 993)).is_some());
    fs::remove_file(place.file()).unwrap();
    assert!(matches!(store.generation(), Err(StoreError::Lost { .. })));
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Lost { .. }) && error.to_string().contains("disappeared"), "{error}");
    assert!(!place.file().exists(), "nothing was made in its place");
    // Another store in its place.
    let elsewhere = Place::new();
    put(&elsewhere.open(), pinned("", "evil.example", 993, "k"));
    swap(&fs::read(elsewhere.file()).unwrap());
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Lost { .. }) && error.to_string().contains("another store"), "{error}");
    // A person may accept that.
    fs::remove_file(place.file()).unwrap();
    let accepted = Store::open(&StoreOptions { accept_loss: true, ..place.options() }).unwrap();
    assert_eq!(get(&accepted, &endpoint("", "a.example", 993)), None);
    put(&accepted, pinned("", "a.example", 993, "k"));
    drop(accepted);
    place.open();
}

#[test]
fn a_read_only_store_answers_and_refuses_writes() {
    let place = Place::new();
    put(&place.open(), pinned("", "a.example", 993, "k"));
    let before: Vec<_> = fs::read(place.file()).unwrap();
    let store = Store::open(&StoreOptions { read_only: true, ..place.options() }).unwrap();
    assert!(store.read_only());
    assert!(get(&store, &endpoint("", "a.example", 993)).is_some());
    let refused = store.write(|tx| tx.put_endpoint(pinned("", "b.example", 993, "k")));
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })));
    assert_eq!(fs::read(place.file()).unwrap(), before);
    // Where nothing has to be written, a write is as good as a read.
    assert!(store.write(|tx| tx.endpoint(&endpoint("", "a.example", 993))).unwrap().is_some());
    let missing = StoreOptions { read_only: true, ..options(&place.directory().join("none.db")) };
    assert!(matches!(Store::open(&missing), Err(StoreError::NotFound { .. })));
    let missing = StoreOptions { must_exist: true, ..options(&place.directory().join("none.db")) };
    assert!(matches!(Store::open(&missing), Err(StoreError::NotFound { .. })));
}

#[test]
fn a_store_held_by_another_program_is_busy_within_the_time_given() {
    let place = Place::new();
    let store = Store::open(&StoreOptions { busy_ms: Some(100), ..place.options() }).unwrap();
    let other = rusqlite::Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let began = std::time::Instant::now();
    let error = store.generation().unwrap_err();
    assert!(
        matches!(error, StoreError::Busy { waited_ms: 100, .. }) && error.to_string().contains("pins.db"),
        "{error}"
    );
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
    drop(other);
    store.generation().unwrap();
}

#[test]
fn a_write_inside_a_read_is_busy_and_no_deadlock() {
    let place = Place::new();
    let store = Store::open(&StoreOptions { busy_ms: Some(50), ..place.options() }).unwrap();
    let nested: Result<_, StoreError> =
        store.read(|_| Ok(store.write(|tx| tx.put_endpoint(pinned("", "a.example", 993, "k")))));
    assert!(matches!(nested.unwrap(), Err(StoreError::Busy { .. })));
    let nested: Result<_, StoreError> = store.read(|_| store.generation());
    nested.unwrap();
}

#[test]
fn the_default_path_is_of_the_user() {
    // The environment belongs to the whole process: a child of its own each time.
    if let Ok(expected) = std::env::var("TOFU_TEST_DEFAULT_PATH") {
        let found = default_path().map_or_else(|e| e.to_string(), |p| p.display().to_string());
        assert!(found.contains(&expected), "{found}");
        return;
    }
    for (xdg, home, expected) in [
        (Some("/data"), Some("/home/ann"), "/data/tofu/pins.db"),
        (None, Some("/home/ann"), "/home/ann/.local/share/tofu/pins.db"),
        (Some("relative"), Some("/home/ann"), "/home/ann/.local/share/tofu/pins.db"),
        (None, None, "neither XDG_DATA_HOME nor HOME"),
    ] {
        let mut command = again(module_path!(), "the_default_path_is_of_the_user");
        command.env("TOFU_TEST_DEFAULT_PATH", expected);
        for (name, value) in [("XDG_DATA_HOME", xdg), ("HOME", home)] {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// A writer killed within its commit: SQLite's journal says how it was, and the header may already count pages that
/// were never written. That is no damage.
#[test]
fn a_commit_cut_short_is_rolled_back_and_not_taken_for_damage() {
    let (place, copy) = (Place::new(), Place::new());
    put(&place.open(), pinned("", "a.example", 993, "k"));
    let writer = rusqlite::Connection::open(place.file()).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode = TRUNCATE; PRAGMA cache_size = 2; PRAGMA cache_spill = 1; BEGIN IMMEDIATE;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
             INSERT INTO record SELECT CAST('z' || i AS BLOB), zeroblob(1000) FROM n;",
        )
        .unwrap();
    fs::copy(place.beside("-journal"), copy.beside("-journal")).unwrap();
    let mut file = fs::read(place.file()).unwrap();
    writer.execute_batch("ROLLBACK").unwrap();
    file[28..32].copy_from_slice(&10_000_u32.to_be_bytes());
    fs::write(copy.file(), &file).unwrap();
    for suffix in ["", "-journal"] {
        fs::set_permissions(copy.beside(suffix), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let store = copy.open();
    assert!(get(&store, &endpoint("", "a.example", 993)).is_some());
    drop(store);
    copy.assert_sound();
}

/// Swaps two leaf pages of the index of keys that hold endpoints, so that SQLite gives its rows out of order.
fn swap_leaves(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    // A leaf's first cell: the length of its record, that of the record's header, the header, the key.
    let holds = |page: &[u8]| {
        let cell = usize::from(u16::from_be_bytes([page[8], page[9]]));
        page[0] == 0x0A && page[cell + 1 + usize::from(page[cell + 1])..].starts_with(b"teh")
    };
    let leaves: Vec<usize> = (1..bytes.len() / size).filter(|page| holds(&bytes[page * size..][..size])).collect();
    assert!(leaves.len() > 1, "{leaves:?}");
    let (first, last) = (leaves[0] * size, leaves[leaves.len() - 1] * size);
    let page = bytes[first..first + size].to_vec();
    bytes.copy_within(last..last + size, first);
    bytes[last..last + size].copy_from_slice(&page);
    fs::write(file, bytes).unwrap();
}

#[test]
fn pages_out_of_order_are_damage_that_names_the_file_and_is_told_in_single_lines() {
    let place = Place::new();
    let store = place.open();
    store
        .write(|tx| (0..600).try_for_each(|n| tx.put_endpoint(pinned("", &format!("h{n}.example"), 993, "k"))))
        .unwrap();
    drop(store);
    swap_leaves(&place.file());
    let store = place.open();
    let mut errors = 0;
    for n in 0..630 {
        let host = format!("h{n}.example");
        match store.read(|tx| tx.endpoint(&endpoint("", &host, 993))) {
            Ok(found) => assert_eq!(found.is_some(), n < 600, "{host}"),
            Err(error) => {
                assert!(
                    matches!(error, StoreError::Damaged { .. }) && error.to_string().contains("pins.db"),
                    "{error}"
                );
                errors += 1;
            }
        }
    }
    assert!(errors > 0);
    for scan in [store.export_json().unwrap_err(), store.read(|tx| tx.statistics()).unwrap_err()] {
        assert!(matches!(scan, StoreError::Damaged { .. }), "{scan}");
        assert_eq!(scan.to_string().matches("pins.db").count(), 1, "{scan}");
    }
    let report = store.verify().unwrap();
    assert!(report.problems.len() > 1, "{:?}", report.problems);
    for problem in &report.problems {
        assert!(!problem.contains('\n') && problem.chars().count() < 310, "{problem}");
        assert!(!problem.contains("pins.db"), "whose report it is says which file: {problem}");
    }
}
