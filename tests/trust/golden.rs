//! Verdicts as a person reads them: text and JSON against files in `tests/data/verdicts`.
//! `BLESS=1 cargo test --test trust golden` writes them anew; read the difference before committing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::trust_support::*;
use tofu::cert::Cert;
use tofu::store::{Block, PinKind, StoreError};
use tofu::time::DAY;
use tofu::trust::{self, Check, Flags, SecondLook, Section, Verdict};

const HOST: &str = "mail.example.org";

fn check(name: &str, verdict: &Verdict) {
    let text = verdict.to_text(80);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{name}: {line}");
        assert_eq!(line.trim_end(), line, "{name}");
    }
    for width in [0, 40, 60, 132] {
        let most = width.max(40);
        assert!(verdict.to_text(width).lines().all(|line| line.chars().count() <= most), "{name} in {width}");
    }
    for section in [Section::Headline, Section::Problem, Section::Reason, Section::Meaning, Section::Advice] {
        for statement in verdict.statements(section) {
            let template = tofu::text::template(statement.code);
            assert!(template.is_some(), "{name}: no template for {}", statement.code);
            for placeholder in template.unwrap().split('{').skip(1).filter_map(|rest| rest.split_once('}')) {
                assert!(statement.get(placeholder.0).is_some(), "{name}: {}: {}", statement.code, placeholder.0);
            }
        }
    }
    let json = serde_json::to_string_pretty(&verdict.to_json()).unwrap() + "\n";
    same(&format!("{name}.txt"), &text);
    same(&format!("{name}.json"), &json);
}

fn same(file: &str, now: &str) {
    same_as(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/verdicts").join(file), now);
}

fn same_as(path: &Path, now: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, now).unwrap();
    }
    let then = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(then, now, "{} differs; BLESS=1 writes it anew", path.display());
}

#[test]
fn first_contact_with_a_self_signed_server() {
    check("first-contact", &world("default", &[]).see(&self_signed(&[HOST], "a", START - DAY, 365)));
}

#[test]
fn first_contact_accepted() {
    check("first-contact-accepted", &world("accept-new", &[]).see(&self_signed(&[HOST], "a", START - DAY, 365)));
}

#[test]
fn three_problems_at_once() {
    let spec = server(&["old.example.net"], START - 400 * DAY, 365);
    let unknown = ca("Unknown Authority");
    let cert = issue(&spec, &key("x"), &unknown.spec, &unknown.key);
    check("three-problems", &world("default", &[]).see(&chain(&[cert])));
}

#[test]
fn a_private_authority() {
    let private = ca("Example University");
    check("private-authority", &world("default", &[]).see(&private.with_root(&[HOST], "k", START - DAY, 90)));
}

#[test]
fn shared_hosting() {
    let authority = ca("Let's Encode");
    let chain = authority.leaf(&["*.provider.example", "provider.example"], "k", START - DAY, 90);
    check("shared-hosting", &world("default", &[&authority]).see(&chain));
}

#[test]
fn valid() {
    let authority = ca("Let's Encode");
    check("valid", &world("default", &[&authority]).see(&authority.leaf(&[HOST], "k", START - DAY, 90)));
}

#[test]
fn pinned() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START - DAY, 365);
    world.pinned(&chain);
    check("pinned", &world.see(&chain));
}

#[test]
fn changed_when_due() {
    let mut world = world("default", &[]);
    world.pinned(&self_signed(&[HOST], "a", START - DAY, 365));
    world.days_later(355);
    check("changed-when-due", &world.see(&self_signed(&[HOST], "b", world.now - DAY, 365)));
}

#[test]
fn a_second_key_beside_the_known_one() {
    let mut world = world("default", &[]);
    let known = self_signed(&[HOST], "a", START - DAY, 3650);
    world.pinned(&known);
    world.days_later(30);
    let (other, look) = (self_signed(&[HOST], "b", START - DAY, 3650), SecondLook::Proved(known));
    let check_of = Check::new(&world.endpoint, &other, world.now);
    let seen = Check { policy: Some(&world.policy), second_look: &look, ..check_of };
    check("second-key", &trust::check(&world.store, &seen).unwrap());
}

#[test]
fn changed_early_with_a_hint_of_interception() {
    let mut world = world("default", &[]);
    for host in ["imap.a.example", "imap.b.example", HOST] {
        world.at(host, 993).pinned(&self_signed(&[host], host, START - DAY, 3650));
    }
    world.days_later(30);
    for host in ["imap.a.example", "imap.b.example"] {
        let chain = self_signed(&[host], "evil", world.now - DAY, 3650);
        world.at(host, 993).see(&chain);
    }
    world.at(HOST, 993);
    check("changed-with-hint", &world.see(&self_signed(&[HOST, "imap.a.example"], "evil", world.now - DAY, 3650)));
}

#[test]
fn rolled_over() {
    let mut world = world("default", &[]);
    let spec = server(&[HOST], START - DAY, 365);
    let old = key("a");
    world.pinned(&chain(&[issue(&spec, &old, &spec, &old)]));
    world.days_later(350);
    let next = issue(&server(&[HOST], world.now - DAY, 365), &key("b"), &spec, &old);
    check("rolled-over", &world.see(&chain(&[next])));
}

#[test]
fn an_old_key_again() {
    let mut world = world("default", &[]);
    let (a, b) = (self_signed(&[HOST], "a", START, 3650), self_signed(&[HOST], "b", START, 3650));
    world.pinned(&a);
    world.days_later(1);
    world.yes(&world.see(&b)).unwrap();
    world.days_later(1);
    check("old-key-again", &world.see(&a));
}

#[test]
fn lapsed() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let chain = authority.leaf(&[HOST], "k", START - DAY, 90);
    world.see(&chain);
    world.days_later(92);
    check("lapsed", &world.see(&chain));
}

#[test]
fn a_downgrade() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    world.see(&authority.leaf(&[HOST], "k", START - DAY, 90));
    world.days_later(30);
    check("downgrade", &world.see(&self_signed(&[HOST], "evil", world.now - DAY, 3650)));
}

#[test]
fn a_new_problem() {
    let world = world("default", &[]);
    world.pinned(&self_signed(&[HOST], "a", START - DAY, 365));
    check("new-problem", &world.see(&self_signed(&["other.example"], "a", START - DAY, 365)));
}

#[test]
fn a_blocked_key() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START - DAY, 365);
    world.pinned(&chain);
    block(&world, chain.leaf().unwrap().spki());
    check("blocked", &world.see(&chain));
}

#[test]
fn an_upgrade() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    world.pinned(&self_signed(&[HOST], "a", START - DAY, 365));
    world.days_later(30);
    check("upgrade", &world.see(&authority.leaf(&[HOST], "k", world.now - DAY, 90)));
}

#[test]
fn a_clock_that_is_wrong() {
    let mut world = world("accept-new", &[]);
    world.now = 1_000_000_000;
    check("wrong-clock", &world.see(&self_signed(&[HOST], "a", START - DAY, 365)));
}

#[test]
fn known_elsewhere() {
    let mut world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START - DAY, 365);
    world.at(HOST, 443).pinned(&chain);
    world.days_later(40);
    world.at("smtp.example.org", 465);
    check("known-elsewhere", &world.see(&chain));
}

#[test]
fn an_existing_account() {
    check("existing-account", &world("rfc8314", &[]).see(&self_signed(&[HOST], "a", START - DAY, 365)));
}

#[test]
fn a_file_that_proves_nothing() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    world.flags = Flags { unproven: true, ..Flags::default() };
    check("unproven", &world.see(&authority.leaf(&[HOST], "k", START - DAY, 90)));
}

#[test]
fn hostile_names_are_shown_harmless() {
    let names = ["mail.example.org\u{1b}[2J\u{202e}gro", "\n\nVERDICT: ACCEPT", &"x".repeat(3000)];
    let spec = Spec { common: "\u{1b}]0;owned\u{7}\r\nAll is well".to_owned(), ..server(&names, START - DAY, 90) };
    let evil = key("evil");
    let verdict = world("default", &[]).see(&chain(&[issue(&spec, &evil, &spec, &evil)]));
    check("hostile-names", &verdict);
    let text = verdict.to_text(80) + &verdict.to_json().to_string();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}') && !text.lines().any(|line| line.starts_with("VERDICT")), "{text}");
}

/// What users who trust on first use meet (`tests/data/own-certs/README.md`): every certificate in its own
/// words, and what is said at the first contact.
#[test]
fn certificates_that_server_software_makes_by_itself() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/own-certs");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "pem"));
    files.sort();
    assert_eq!(files.len(), 47);
    for file in files {
        let certs = Cert::parse_pem(&fs::read(&file).unwrap()).unwrap();
        let texts: Vec<String> = certs.iter().map(Cert::to_text).collect();
        let mut world = world("default", &[]);
        world.now = 1_795_881_600;
        let verdict = world.see(&chain(&certs));
        let golden = folder.join("golden").join(file.with_extension("txt").file_name().unwrap());
        same_as(&golden, &format!("{}\n{}", texts.join("\n"), verdict.to_text(100)));
    }
}

fn block(world: &World, value: tofu::hash::Hash) {
    world
        .store
        .write(|tx| -> Result<(), StoreError> {
            let (id, kind) = (tx.new_pin_id()?, PinKind::Key);
            tx.put_block(Block {
                id,
                kind,
                value,
                created: START,
                comment: String::new(),
                published: None,
                extra: Default::default(),
            })
        })
        .unwrap();
}
