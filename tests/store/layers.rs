//! A read-only store of the system below the user's own: what counts, what a user may override and
//! what not, and that nothing wrong with it is ever looked over. Making such a store takes root.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::again::name;
use crate::need;
use crate::support::*;
use crate::trust_support::{START, ca, say, self_signed, world};
use tofu::endpoint::{Account, Endpoint};
use tofu::hash::Hash;
use tofu::path::Chain;
use tofu::store::*;
use tofu::trust::{self, Answer, Check, CheckError, Decision, Policy, Verdict};

const FILE: &str = "TOFU_TEST_SYSTEM_STORE";
const HOST: &str = "mail.example.org";

/// A store of the system in its own directory, or `None` where this process is not root.
struct System {
    place: Place,
}

fn system() -> Option<System> {
    if !need::root("a store of the system belongs to root") {
        return None;
    }
    let system = System { place: Place::new() };
    system.open();
    system.publish();
    Some(system)
}

impl System {
    /// As the administrator opens it.
    fn open(&self) -> Store {
        self.place.open()
    }

    /// Readable by everybody, writable by root.
    fn publish(&self) {
        let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
        mode(self.place.directory(), 0o755).unwrap();
        mode(&self.place.file(), 0o644).unwrap();
        let _ = mode(&self.place.beside("-journal"), 0o644);
    }

    fn pin(&self, endpoint: &Endpoint, state: PinState, value: Hash) -> u64 {
        let new = NewPin {
            kind: PinKind::Key,
            state,
            value: PinValue::Sha256(value),
            cert: None,
            expires: 0,
            comment: "from the administrator".to_owned(),
        };
        self.open().add_pin(endpoint, &new, START).unwrap()
    }

    fn options(&self, own: &Place) -> StoreOptions {
        StoreOptions { layers: vec![self.place.file()], ..own.options() }
    }

    fn below(&self, own: &Place) -> Store {
        Store::open(&self.options(own)).unwrap()
    }
}

fn mail() -> Endpoint {
    endpoint("", HOST, 993)
}

fn server(key: &str) -> Chain {
    self_signed(&[HOST], key, START - 1_000, 365)
}

fn spki(chain: &Chain) -> Hash {
    chain.leaf().unwrap().spki()
}

fn see(store: &Store, chain: &Chain, preset: &str) -> Result<Verdict, CheckError> {
    let mut policy = Policy::preset(preset).unwrap();
    policy.set("system-roots", "no").unwrap();
    trust::check(store, &Check { policy: Some(&policy), ..Check::new(&mail(), chain, START) })
}

fn decision(store: &Store, chain: &Chain) -> Decision {
    see(store, chain, "default").unwrap().decision()
}

#[test]
fn a_pin_of_the_system_counts_and_says_where_it_comes_from() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let (known, other) = (server("known"), server("other"));
    let any = Endpoint { account: Account::any(), ..mail() };
    system.pin(&any, PinState::Trusted, spki(&known));
    let store = system.below(&own);
    let verdict = see(&store, &known, "default").unwrap();
    assert_eq!(say(&verdict), "accept pinned match none none");
    let found = store.read(|tx| tx.layer_pins(&mail())).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(store.layers()[found[0].layer].name(), system.place.file().display().to_string());
    assert_eq!((found[0].pin.id, found[0].pin.comment.as_str()), (0, "from the administrator"));
    // Another key is a change of what the system knows, and no first use.
    assert!(say(&see(&store, &other, "accept-new").unwrap()).starts_with("ask none changed"));
    // Nothing of it was copied into the user's own store.
    let pins = get(&store, &mail()).map(|r| r.pins).unwrap_or_default();
    assert!(pins.is_empty(), "{pins:?}");
    assert_eq!(decision(&own.open(), &other), Decision::Ask);
    own.assert_sound();
}

#[test]
fn where_an_endpoint_stands_takes_the_stores_below_into_account() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let standing = |store: &Store| {
        store.read(|tx| {
            let record = tx.endpoint(&mail())?.unwrap_or_else(|| EndpointRecord::new(mail(), 0));
            tx.standing(&record, START)
        })
    };
    let (known, value) = (server("known"), PinValue::Sha256(spki(&server("known"))));
    assert_eq!(standing(&own.open()).unwrap(), Standing::Policy);
    system.pin(&mail(), PinState::Trusted, spki(&known));
    assert_eq!(standing(&system.below(&own)).unwrap(), Standing::System);
    let new =
        NewPin { kind: PinKind::Key, state: PinState::Trusted, value, cert: None, expires: 0, comment: String::new() };
    own.open().add_pin(&mail(), &new, START).unwrap();
    assert_eq!(standing(&system.below(&own)).unwrap(), Standing::Trusted);
    // An administrator's block outweighs the user's own pin.
    system.open().block(None, PinKind::Key, spki(&known), "", START).unwrap();
    assert_eq!(standing(&system.below(&own)).unwrap(), Standing::Blocked);
    assert_eq!(standing(&own.open()).unwrap(), Standing::Trusted);
}

#[test]
fn the_users_state_wins_over_the_systems_for_the_same_pin() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let known = server("known");
    system.pin(&mail(), PinState::Trusted, spki(&known));
    let store = system.below(&own);
    let value = PinValue::Sha256(spki(&known));
    let mask = store.mask_pin(&mail(), PinKind::Key, &value, START).unwrap();
    assert!(store.read(|tx| tx.layer_pins(&mail())).unwrap().is_empty());
    let verdict = see(&store, &known, "default").unwrap();
    assert_eq!(say(&verdict), "ask none retired replaced high");
    // It is a record: another handle sees it, forgetting the endpoint keeps it, and it can be taken back.
    store.forget(&mail(), Forget::ALL, START).unwrap();
    assert_eq!(decision(&system.below(&own), &known), Decision::Ask);
    store.forget_pin(mask, START).unwrap();
    assert_eq!(store.read(|tx| tx.layer_pins(&mail())).unwrap().len(), 1);
    let missing = PinValue::Sha256(Hash::of(b"nothing"));
    let refused = store.mask_pin(&mail(), PinKind::Key, &missing, START);
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
}

#[test]
fn a_verdict_names_the_store_of_the_system_that_decided() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let (known, bad, mine) = (server("known"), server("bad"), server("mine"));
    system.pin(&mail(), PinState::Trusted, spki(&known));
    system.open().block(None, PinKind::Key, spki(&bad), "stolen", START).unwrap();
    let store = system.below(&own);
    let file = system.place.file().display().to_string();
    let source = |verdict: &Verdict| verdict.to_json()["source"].clone();
    let of_system = serde_json::json!({ "layer": "system", "store": file });
    let accepted = see(&store, &known, "default").unwrap();
    assert_eq!(source(&accepted), of_system);
    assert!(flat(&accepted).contains("The pin is one of the system's store"), "{}", accepted.to_text(80));
    assert!(accepted.to_text(2000).contains(&file), "{}", accepted.to_text(2000));
    let refused = see(&store, &bad, "default").unwrap();
    assert_eq!(source(&refused), of_system);
    assert!(flat(&refused).contains("It is blocked by the system's store"), "{}", refused.to_text(80));
    // What the user's own store says is its own, and what nothing said has no source.
    store.block(Some(&mail()), PinKind::Key, spki(&mine), "", START).unwrap();
    let own_block = see(&store, &mine, "default").unwrap();
    assert_eq!(source(&own_block), serde_json::json!({ "layer": "own", "store": null }));
    assert!(!flat(&own_block).contains("system"), "{}", own_block.to_text(80));
    let elsewhere = Store::memory();
    assert!(source(&see(&elsewhere, &known, "default").unwrap()).is_null());
    // A mask is no replacement.
    store.mask_pin(&mail(), PinKind::Key, &PinValue::Sha256(spki(&known)), START).unwrap();
    let masked = see(&store, &known, "default").unwrap();
    assert_eq!(masked.reasons().next(), Some("key-masked"));
    let text = flat(&masked);
    assert!(text.contains("presents a key of the system's store that was set aside here"), "{text}");
    assert!(!text.contains("replaced"), "{text}");
}

fn flat(verdict: &Verdict) -> String {
    verdict.to_text(80).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_block_in_either_store_wins() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let (here, there, everywhere) = (server("here"), server("there"), server("everywhere"));
    system.pin(&mail(), PinState::Trusted, spki(&here));
    system.pin(&mail(), PinState::Blocked, spki(&there));
    system.open().block(None, PinKind::Key, spki(&everywhere), "stolen", START).unwrap();
    let store = system.below(&own);
    store.block(Some(&mail()), PinKind::Key, spki(&here), "mine", START).unwrap();
    for chain in [&here, &there, &everywhere] {
        let verdict = see(&store, chain, "default").unwrap();
        assert_eq!((verdict.decision(), verdict.pin_result().code()), (Decision::Reject, "blocked"));
    }
    // A user's trust, given before or after, changes nothing of that.
    own.open()
        .write(|tx| tx.put_endpoint(pinned_key(&there)))
        .and_then(|()| own.open().write(|tx| tx.put_endpoint(pinned_key(&everywhere))))
        .unwrap();
    assert_eq!(decision(&store, &there), Decision::Reject);
    assert_eq!(decision(&store, &everywhere), Decision::Reject);
    let lifted = store.unblock(PinKind::Key, spki(&everywhere), START).unwrap_err().to_string();
    assert!(lifted.contains("only its owner"), "{lifted}");
}

#[test]
fn what_the_system_blocks_is_exported_to_no_other_program() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let (there, anywhere, everywhere, good) = (server("there"), server("any"), server("everywhere"), server("good"));
    let any = Endpoint { account: Account::any(), ..mail() };
    system.pin(&mail(), PinState::Blocked, spki(&there));
    system.pin(&any, PinState::Blocked, spki(&anywhere));
    system.open().block(None, PinKind::Key, spki(&everywhere), "stolen", START).unwrap();
    let mut record = EndpointRecord::new(mail(), START);
    for (id, chain) in (77..).zip([&there, &anywhere, &everywhere, &good]) {
        record.pins.push(Pin { value: PinValue::Sha256(spki(chain)), ..pin(id, "k") });
    }
    own.open().write(|tx| tx.put_endpoint(record.clone())).unwrap();
    let export = system.below(&own).export(ExportFormat::KeyFingerprints, None, START).unwrap();
    assert_eq!((export.pins, export.remarks.len()), (1, 3), "{export:?}");
    assert!(export.text.contains(&spki(&good).key_pin()), "{}", export.text);
}

fn pinned_key(chain: &Chain) -> EndpointRecord {
    let mut record = EndpointRecord::new(mail(), START);
    record.pins.push(Pin { value: PinValue::Sha256(spki(chain)), ..pin(77, "k") });
    record
}

#[test]
fn a_key_that_a_user_replaces_is_no_longer_accepted_from_below() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let (old, new) = (server("old"), server("new"));
    system.pin(&mail(), PinState::Trusted, spki(&old));
    let store = system.below(&own);
    assert_eq!(decision(&store, &old), Decision::Accept);
    let verdict = see(&store, &new, "default").unwrap();
    trust::trust(&store, &verdict, &Answer { now: START, ..Answer::default() }).unwrap();
    assert_eq!(decision(&store, &new), Decision::Accept);
    assert!(say(&see(&store, &old, "default").unwrap()).starts_with("ask none retired"));
    own.assert_sound();
}

#[test]
fn a_mandatory_policy_is_a_floor_and_another_one_a_default() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let unknown = server("unknown");
    let set = |preset: &str, mandatory: &str| {
        let mut policy = Policy::preset(preset).unwrap();
        policy.set("mandatory", mandatory).unwrap();
        policy.set("system-roots", "no").unwrap();
        system.open().set_policy(None, Some(&policy.to_map()), START).unwrap();
    };
    let plain = |store: &Store| trust::check(store, &Check::new(&mail(), &unknown, START)).unwrap().decision();
    let store = system.below(&own);
    set("strict", "no");
    assert_eq!(plain(&store), Decision::Reject);
    let dry = |preset: &str| {
        let policy = Policy::preset(preset).unwrap();
        let flags = trust::Flags { dry_run: true, ..trust::Flags::default() };
        let endpoint = mail();
        let check = Check { policy: Some(&policy), flags, ..Check::new(&endpoint, &unknown, START) };
        trust::check(&store, &check).unwrap().decision()
    };
    assert_eq!(dry("default"), Decision::Ask);
    set("strict", "yes");
    for preset in ["default", "accept-new", "local", "ca-only"] {
        assert_eq!(dry(preset), Decision::Reject, "{preset}");
    }
    // The user's own store-wide policy does not undercut it either.
    store.set_policy(None, Some(&Policy::preset("accept-new").unwrap().to_map()), START).unwrap();
    assert_eq!(plain(&store), Decision::Reject);
    // A stricter one of the user's counts.
    set("default", "yes");
    assert_eq!(dry("strict"), Decision::Reject);
    assert_eq!(plain(&store), Decision::Ask);
}

#[test]
fn a_private_root_of_the_users_does_not_get_below_the_floor() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let authority = ca("Home");
    let chain = authority.leaf(&[HOST], "leaf", START - 1_000, 365);
    let mut world = world("default", &[&authority]);
    world.store = system.below(&own);
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    let mut policy = Policy::preset("default").unwrap();
    policy.set("mandatory", "yes").unwrap();
    policy.set("system-roots", "no").unwrap();
    system.open().set_policy(None, Some(&policy.to_map()), START).unwrap();
    assert_ne!(world.see(&chain).decision(), Decision::Accept);
    policy.add_root(authority.root.clone());
    system.open().set_policy(None, Some(&policy.to_map()), START).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
}

#[test]
fn what_the_administrator_changes_is_seen_at_once() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let known = server("known");
    let store = system.below(&own);
    let (mark, generation) = (store.peek(), store.generation().unwrap());
    assert!(mark.is_some() && mark == store.peek() && mark == store.read(|tx| Ok::<_, StoreError>(tx.peek())).unwrap());
    system.pin(&mail(), PinState::Blocked, spki(&known));
    assert_ne!(store.peek(), mark);
    assert!(store.generation().unwrap() > generation);
    assert_eq!(decision(&store, &known), Decision::Reject);
}

#[test]
fn a_store_below_that_cannot_be_used_is_an_error_and_never_ignored() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let refused = |what: &str| {
        let error = Store::open(&system.options(&own)).err().unwrap_or_else(|| panic!("{what} was ignored"));
        let message = error.to_string();
        assert!(message.contains(&*system.place.directory().to_string_lossy()), "{what}: {message}");
        error
    };
    let file = system.place.file();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for (path, wrong, right) in [(file.as_path(), 0o664, 0o644), (system.place.directory(), 0o777, 0o755)] {
        mode(path, wrong);
        assert!(matches!(refused("writable by others"), StoreError::Unsafe { .. }));
        mode(path, right);
    }
    for path in [file.as_path(), system.place.directory()] {
        chown(path, Some(65_534), None).unwrap();
        assert!(matches!(refused("of another user"), StoreError::Unsafe { .. }));
        chown(path, Some(0), None).unwrap();
    }
    let sound = std::fs::read(&file).unwrap();
    let store = system.below(&own);
    for damage in [&b""[..], b"text", &sound[..sound.len() / 2]] {
        std::fs::write(&file, damage).unwrap();
        assert!(matches!(refused("damage"), StoreError::Damaged { .. }));
        // In a handle held open as well: an error, and no first use.
        assert!(matches!(see(&store, &server("k"), "accept-new"), Err(CheckError::Store(_))));
    }
    std::fs::remove_file(&file).unwrap();
    refused("absence");
    assert!(matches!(see(&store, &server("k"), "accept-new"), Err(CheckError::Store(_))));
    std::fs::write(&file, sound).unwrap();
    mode(&file, 0o644);
    system.below(&own);
    let twice = StoreOptions { layers: vec![file.clone(), file.clone()], ..own.options() };
    assert!(matches!(Store::open(&twice), Err(StoreError::Invalid { .. })));
    let itself = StoreOptions { layers: vec![file], ..system.place.options() };
    assert!(matches!(Store::open(&itself), Err(StoreError::Invalid { .. })));
}

#[test]
fn an_open_handle_refuses_a_store_below_that_is_no_longer_the_systems_alone() {
    let (Some(system), own) = (system(), Place::new()) else { return };
    let known = server("known");
    let store = system.below(&own);
    assert_eq!(decision(&store, &known), Decision::Ask);
    let (file, directory) = (system.place.file(), system.place.directory().to_owned());
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    // A key is added through a handle that the administrator opened before.
    let administrator = system.open();
    let add = |n: u16| put(&administrator, pinned("", &format!("h{n}.example"), 993, "k"));
    type Change<'a> = &'a dyn Fn();
    let spoiled: [(Change, Change); 3] = [
        (&|| mode(&file, 0o666), &|| mode(&file, 0o644)),
        (&|| chown(&file, Some(65_534), None).unwrap(), &|| chown(&file, Some(0), None).unwrap()),
        // Only a store of the system has every directory above it looked at for its owner.
        (&|| chown(&directory, Some(65_534), None).unwrap(), &|| chown(&directory, Some(0), None).unwrap()),
    ];
    for (n, (spoil, mend)) in spoiled.into_iter().enumerate() {
        add(u16::try_from(n).unwrap());
        assert!(see(&store, &known, "accept-new").is_ok());
        let connection = rusqlite::Connection::open(&file).unwrap();
        spoil();
        connection.execute_batch("PRAGMA journal_mode=TRUNCATE; DELETE FROM record WHERE key = X'FF'").unwrap();
        connection
            .execute_batch("INSERT INTO record VALUES (X'FF', X'00'); DELETE FROM record WHERE key = X'FF'")
            .unwrap();
        drop(connection);
        let refused = see(&store, &known, "accept-new").unwrap_err();
        assert!(matches!(refused, CheckError::Store(StoreError::Unsafe { .. })), "{n}: {refused}");
        mend();
        let _ = std::fs::remove_file(system.place.beside("-journal"));
        assert!(see(&store, &known, "accept-new").is_ok(), "{n}: mended");
    }
}

#[test]
fn a_user_without_rights_reads_the_system_store_and_writes_only_the_own() {
    if std::env::var_os(FILE).is_some() {
        return;
    }
    let Some(system) = system() else { return };
    let known = server("known");
    system.pin(&mail(), PinState::Trusted, spki(&known));
    system.publish();
    // The test binary may lie where that user cannot go.
    let binary = system.place.directory().join("test");
    // By another program: a file that this process has open for writing, if only in a child that is about to start
    // something, cannot be run.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&binary).status().unwrap();
    assert!(copied.success());
    let run = || {
        let mut child = Command::new(&binary);
        child
            .args(["--exact", &name(module_path!(), "the_user"), "--nocapture"])
            .env(FILE, system.place.file())
            .uid(65_534)
            .gid(65_534);
        child.current_dir("/").output().unwrap()
    };
    let output = run();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && shown.contains("read as a user"), "{output:?}");
    // A journal that only root may read could hold what makes the file wrong.
    std::fs::set_permissions(system.place.beside("-journal"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let shown = String::from_utf8_lossy(&run().stdout).into_owned();
    assert!(shown.contains("chmod a+r"), "{shown}");
}

/// What the process of that user does; nothing when run as a test.
#[test]
fn the_user() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let own = Place::new();
    let options = StoreOptions { layers: vec![file.into()], ..own.options() };
    let store = match Store::open(&options) {
        Ok(store) => store,
        Err(e) => return println!("\n{e}"),
    };
    assert_eq!(decision(&store, &server("known")), Decision::Accept);
    assert!(store.layers()[0].read_only() && !store.read_only());
    let verdict = see(&store, &server("other"), "default").unwrap();
    trust::trust(&store, &verdict, &Answer { now: START, add: false, ..Answer::default() }).unwrap();
    assert_eq!(decision(&store, &server("other")), Decision::Accept);
    own.assert_sound();
    println!("\nread as a user");
}

#[test]
fn what_a_store_below_knows_speaks_against_a_first_use_as_what_the_own_store_knows_does() {
    let Some(system) = system() else { return };
    let own = Place::new();
    system.pin(&endpoint("", HOST, 993), PinState::Trusted, server("a").leaf().unwrap().spki());
    system.publish();
    let mut world = world("accept-new", &[]);
    world.store = system.below(&own);
    world.at(HOST, 143);
    let verdict = world.see(&server("b"));
    assert_eq!(say(&verdict), "ask none first-use none medium");
    assert!(crate::trust_support::because(&verdict, "host-other-key-elsewhere"));
    // The system's own key is no other one.
    assert_eq!(world.see(&server("a")).decision(), Decision::Accept);
}

#[test]
fn a_key_that_the_store_below_refuses_for_one_server_is_asked_about_at_every_other() {
    let Some(system) = system() else { return };
    let own = Place::new();
    system.pin(&endpoint("", "other.example", 993), PinState::Blocked, server("a").leaf().unwrap().spki());
    system.publish();
    let mut world = world("accept-new", &[]);
    world.store = system.below(&own);
    let verdict = world.see(&server("a"));
    assert_eq!(say(&verdict), "ask none first-use none high");
    assert!(crate::trust_support::because(&verdict, "key-blocked-elsewhere"));
}

#[test]
fn a_masked_pin_of_the_store_below_never_counts_again_however_many_keys_are_replaced_later() {
    let Some(system) = system() else { return };
    let own = Place::new();
    system.pin(&mail(), PinState::Trusted, server("a").leaf().unwrap().spki());
    system.publish();
    let mut world = world("default", &[]);
    world.store = system.below(&own);
    assert_eq!(world.see(&server("a")).decision(), Decision::Accept);
    let value = PinValue::Sha256(server("a").leaf().unwrap().spki());
    world.store.mask_pin(&mail(), PinKind::Key, &value, world.now).unwrap();
    for n in 0..40 {
        world.days_later(3);
        let verdict = world.see(&server(&format!("k{n}")));
        world.yes(&verdict).unwrap();
    }
    assert_ne!(world.see(&server("a")).decision(), Decision::Accept);
    let record = world.record().unwrap();
    let retired = record.pins.iter().filter(|pin| pin.state == PinState::Retired).count();
    assert!(retired <= bounds::MAX_RETIRED, "{retired} retired pins are kept");
}

#[test]
fn an_announced_key_of_the_store_below_becomes_the_endpoints_own_and_its_predecessor_ends() {
    let Some(system) = system() else { return };
    let own = Place::new();
    let key = |name: &str| server(name).leaf().unwrap().spki();
    system.pin(&mail(), PinState::Trusted, key("a"));
    system.pin(&mail(), PinState::Staged, key("b"));
    system.publish();
    let mut world = world("default", &[]);
    world.store = system.below(&own);
    assert_eq!(world.see(&server("a")).decision(), Decision::Accept);
    world.days_later(1);
    assert_eq!(say(&world.see(&server("b"))), "accept pinned staged replaced none");
    assert_eq!(world.see(&server("b")).pin_result().code(), "match", "promoted once");
    assert_eq!(world.see(&server("a")).decision(), Decision::Accept, "within the overlap");
    world.days_later(4);
    assert_eq!(world.see(&server("b")).decision(), Decision::Accept);
    assert_ne!(world.see(&server("a")).decision(), Decision::Accept);
}

#[test]
fn a_confirmed_upgrade_ends_the_trust_of_a_store_below_and_does_not_begin_again() {
    let Some(system) = system() else { return };
    let own = Place::new();
    system.pin(&mail(), PinState::Trusted, server("a").leaf().unwrap().spki());
    system.publish();
    let authority = ca("Honest");
    let mut world = world("default", &[&authority]);
    world.store = system.below(&own);
    let chain = authority.leaf(&[HOST], "b", START - 1_000, 365);
    for _ in 0..5 {
        assert_eq!(world.see(&chain).decision(), Decision::Accept);
        world.days_later(5);
    }
    assert!(world.record().unwrap().upgrade.is_none());
    let last = world.see(&chain);
    assert!(
        !crate::trust_support::because(&last, "upgrade-begins")
            && !crate::trust_support::because(&last, "upgrade-continues")
    );
    assert_ne!(world.see(&server("a")).decision(), Decision::Accept);
}
