//! Undo after contact: what a server showed since a change does not stand in the change's way, and is kept where
//! it does not rest on it; what does stand in the way is named, with what to do.

use crate::trust_support::*;
use tofu::path::Chain;
use tofu::store::{Cursor, Filter, Forget, NewPin, PinKind, PinState, PinValue, StoreError, Validation};
use tofu::time::DAY;
use tofu::trust::{Decision, Rule};

const HOST: &str = "mail.example.org";

/// A pin by its fingerprint alone, as typed by a person: its waiver is not fixed yet.
fn typed(world: &World, chain: &Chain, state: PinState) -> u64 {
    let value = PinValue::Sha256(chain.leaf().unwrap().spki());
    let new = NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() };
    world.store.add_pin(&world.endpoint, &new, world.now).unwrap()
}

fn undo(world: &World, event: Option<u64>) -> Result<Vec<u64>, String> {
    match world.store.undo(event, world.now) {
        Ok(done) => Ok(done.events),
        Err(StoreError::Overtaken { what, .. }) => Err(what),
        Err(other) => panic!("{other}"),
    }
}

fn last_event(world: &World) -> u64 {
    let page = world.store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 1000)).unwrap();
    page.items.last().unwrap().id
}

fn set_policy(world: &World) -> u64 {
    let map = tofu::trust::Policy::preset("careful").unwrap().to_map();
    world.store.set_policy(Some(&world.endpoint), Some(&map), world.now).unwrap();
    last_event(world)
}

#[test]
fn a_pin_that_a_contact_has_matched_is_taken_back_and_the_next_contact_asks() {
    let mut world = world("default", &[]);
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    typed(&world, &own, PinState::Trusted);
    assert_eq!(world.see(&own).decision(), Decision::Accept);
    assert!(world.record().unwrap().pins[0].waiver.is_some(), "fixed by the first match");
    world.days_later(3);
    world.see(&own);
    assert_eq!(undo(&world, None), Ok(vec![1]));
    let undone = last_event(&world);
    let record = world.record().unwrap();
    assert!(record.pins.is_empty() && record.baseline.is_empty() && record.tombstone.is_some());
    assert_eq!(world.see(&own).rule(), Rule::FirstUse);
    // And back again: the pin with what the match had fixed.
    assert_eq!(undo(&world, Some(undone)), Ok(vec![undone]));
    assert!(world.record().unwrap().pins[0].waiver.is_some());
    assert_eq!(say(&world.see(&own)), "accept pinned match none none");
}

#[test]
fn the_waiver_that_a_first_match_fixed_stays_fixed_when_another_change_is_undone() {
    let world = world("default", &[]);
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    let id = typed(&world, &own, PinState::Trusted);
    world.store.set_pin_comment(id, "wrong", world.now).unwrap();
    world.see(&own);
    let fixed = world.record().unwrap();
    undo(&world, None).unwrap();
    let record = world.record().unwrap();
    assert_eq!((record.pins[0].comment.as_str(), record.pins[0].waiver), ("", fixed.pins[0].waiver));
    assert_eq!(record.baseline, fixed.baseline, "this pin vouches for what was seen");
}

#[test]
fn a_waiver_that_a_person_widened_is_narrowed_again_by_undo() {
    let mut world = world("default", &[]);
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    world.pinned(&own);
    let narrow = world.record().unwrap().pins[0].waiver;
    let other_name = self_signed(&["other.example"], "own", START - DAY, 3650);
    let verdict = world.see(&other_name);
    assert_eq!(verdict.rule(), Rule::Pinned);
    world.yes(&verdict).unwrap();
    world.days_later(2);
    assert_eq!(world.see(&other_name).decision(), Decision::Accept);
    undo(&world, None).unwrap();
    assert_eq!(world.record().unwrap().pins[0].waiver, narrow);
    assert_eq!(world.see(&other_name).decision(), Decision::Ask);
}

#[test]
fn what_an_authority_vouched_for_since_is_kept_and_what_the_undone_pin_did_is_not() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    world.see(&authority.leaf(&[HOST], "k1", START - DAY, 90));
    let event = set_policy(&world);
    world.days_later(60);
    world.see(&authority.leaf(&[HOST], "k2", START + 50 * DAY, 90));
    assert_eq!(undo(&world, Some(event)), Ok(vec![event]));
    let record = world.record().unwrap();
    assert!(record.policy.is_none());
    assert_eq!((record.baseline.len(), record.validated.unwrap().last), (2, START + 60 * DAY));
    // Trust of another key, and what was seen by it: a renewed certificate with the same key.
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    let verdict = world.see(&own);
    let key = own.leaf().unwrap().spki().hex();
    world.typed(&verdict, &key).unwrap();
    let trusted = last_event(&world);
    world.days_later(1);
    assert_eq!(world.see(&self_signed(&[HOST], "own", START, 3650)).decision(), Decision::Accept);
    assert_eq!(world.record().unwrap().baseline.len(), 4);
    assert_eq!(undo(&world, Some(trusted)), Ok(vec![trusted]));
    let record = world.record().unwrap();
    assert!(record.pins.is_empty() && record.baseline.iter().all(|seen| seen.validation == Validation::Ca));
    assert_eq!(record.baseline.len(), 2);
    assert_eq!(world.see(&own).rule(), Rule::Downgrade);
}

#[test]
fn trust_until_the_renewal_does_not_come_back_after_it_and_stands_in_nobodys_way() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    let leaf = authority.leaf(&[HOST], "k1", START - 80 * DAY, 90);
    world.see(&leaf);
    let before = set_policy(&world);
    world.days_later(12);
    let lapsed = world.see(&leaf);
    assert_eq!(lapsed.rule(), Rule::Lapsed);
    world.yes(&lapsed).unwrap();
    let trusted = last_event(&world);
    world.days_later(1);
    world.see(&authority.leaf(&[HOST], "k2", START + 11 * DAY, 90));
    assert!(world.record().unwrap().pins.is_empty(), "it lapsed");
    assert_eq!(undo(&world, None), Ok(vec![trusted]));
    assert_eq!(undo(&world, None), Ok(vec![before]));
    let record = world.record().unwrap();
    assert!(record.pins.is_empty() && record.policy.is_none() && record.baseline.len() == 2);
}

#[test]
fn a_later_change_that_stands_in_the_way_is_named_with_what_to_do() {
    let mut world = world("default", &[]);
    let (own, next) = (self_signed(&[HOST], "own", START - DAY, 3650), self_signed(&[HOST], "next", START, 3650));
    world.pinned(&own);
    typed(&world, &next, PinState::Staged);
    let staged = last_event(&world);
    world.days_later(1);
    assert_eq!(world.see(&next).rule(), Rule::Staged);
    let promoted = last_event(&world);
    // The promotion changed what is trusted: it is the later change, and can be undone first.
    let said = undo(&world, Some(staged)).unwrap_err();
    let named = format!("event {promoted} (promoted) changed {HOST}:993 after event {staged} (pin-staged)");
    assert!(said.starts_with(&named) && said.ends_with("undo that one first"), "{said}");
    assert_eq!(undo(&world, None), Ok(vec![promoted]));
    assert_eq!(undo(&world, Some(staged)), Ok(vec![staged]));
    let said = undo(&world, Some(staged)).unwrap_err();
    assert!(said.contains("undone already"), "{said}");
    // A block cannot be undone first.
    let policy = set_policy(&world);
    world.store.block(Some(&world.endpoint), PinKind::Key, next.leaf().unwrap().spki(), "", world.now).unwrap();
    let said = undo(&world, Some(policy)).unwrap_err();
    assert!(said.contains("(pin-blocked)") && said.contains("by hand"), "{said}");
}

#[test]
fn a_pin_that_contact_retired_is_not_revived_by_the_undo_of_an_older_change() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    world.pinned(&self_signed(&[HOST], "own", START - DAY, 3650));
    let event = set_policy(&world);
    world.policy.set("upgrade", "accept").unwrap();
    let valid = authority.leaf(&[HOST], "k", START, 90);
    for _ in 0..4 {
        world.days_later(5);
        world.see(&valid);
    }
    assert_eq!(world.record().unwrap().pins[0].state, PinState::Retired, "the upgrade was confirmed");
    let said = undo(&world, Some(event)).unwrap_err();
    assert!(said.contains("a contact promoted or retired one; change by hand"), "{said}");
    assert_eq!(world.record().unwrap().pins[0].state, PinState::Retired);
}

#[test]
fn an_upgrade_that_began_since_goes_on_where_its_pin_stays_and_ends_where_it_goes() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    typed(&world, &own, PinState::Trusted);
    let event = set_policy(&world);
    world.days_later(1);
    world.see(&authority.leaf(&[HOST], "k", START, 90));
    let upgrade = world.record().unwrap().upgrade;
    assert!(upgrade.is_some());
    assert_eq!(undo(&world, Some(event)), Ok(vec![event]));
    assert_eq!(world.record().unwrap().upgrade, upgrade);
    assert_eq!(undo(&world, None), Ok(vec![1]));
    let record = world.record().unwrap();
    assert!(record.upgrade.is_none() && record.baseline.is_empty() && record.pins.is_empty());
}

#[test]
fn a_forgotten_server_comes_back_with_what_was_seen_since() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    world.see(&authority.leaf(&[HOST], "k1", START - DAY, 90));
    world.store.forget(&world.endpoint, Forget::ALL, world.now).unwrap();
    let forgotten = last_event(&world);
    world.days_later(10);
    world.see(&authority.leaf(&[HOST], "k2", START, 90));
    assert_eq!(undo(&world, None), Ok(vec![forgotten]));
    let record = world.record().unwrap();
    assert!(record.tombstone.is_none() && record.baseline.len() == 2);
    assert_eq!(record.baseline[0].first, START + 10 * DAY, "latest first");
}

#[test]
fn trust_until_the_next_renewal_does_not_come_back_once_that_was_seen() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    let old = authority.leaf(&[HOST], "old", START - 90 * DAY, 90);
    world.now = START - 2 * DAY;
    assert_eq!(world.see(&old).decision(), Decision::Accept);
    world.now = START + DAY;
    let lapsed = world.see(&old);
    assert_eq!(lapsed.rule(), Rule::Lapsed);
    world.yes(&lapsed).unwrap();
    let pin = world.record().unwrap().pins[0].id;
    world.store.set_pin_state(pin, PinState::Retired, world.now).unwrap();
    let retired = last_event(&world);
    world.days_later(1);
    assert_eq!(world.see(&authority.leaf(&[HOST], "new", START, 90)).decision(), Decision::Accept);
    world.days_later(1);
    let _ = world.store.undo(Some(retired), world.now);
    assert_ne!(world.see(&old).decision(), Decision::Accept);
}
