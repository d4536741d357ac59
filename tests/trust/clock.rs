//! Clocks that were fast once, or are slow now: times in the store that lie ahead of a check never count as later
//! than it, the next accepted contact brings them back, and nobody gains by setting a clock
//! (docs/decision.md, "The clock").

use crate::trust_support::*;
use tofu::path::Chain;
use tofu::store::{Cursor, Filter, NewPin, PinKind, PinState, PinValue};
use tofu::time::DAY;
use tofu::trust::{self, Decision, Flags, Rule};

const HOST: &str = "mail.example.org";

/// A clock that is wrong for one contact.
trait WrongClock {
    /// Sees the chain on this day after the start, and comes back to the present time.
    fn see_on(&mut self, day: i64, chain: &Chain) -> trust::Verdict;
}

impl WrongClock for World {
    fn see_on(&mut self, day: i64, chain: &Chain) -> trust::Verdict {
        let now = std::mem::replace(&mut self.now, START + day * DAY);
        let verdict = self.see(chain);
        self.now = now;
        verdict
    }
}

fn generation(world: &World) -> u64 {
    world.store.generation().unwrap()
}

fn events(world: &World) -> usize {
    world.store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 1000)).unwrap().items.len()
}

#[test]
fn one_contact_with_a_fast_clock_does_not_lock_a_renewed_server_out() {
    let authority = ca("Authority");
    for fast in [false, true] {
        let mut world = world("default", &[&authority]);
        let first = authority.leaf(&[HOST], "k1", START - DAY, 90);
        let second = authority.leaf(&[HOST], "k2", START, 30);
        world.see(&first);
        if fast {
            assert_eq!(world.see_on(80, &first).decision(), Decision::Accept);
        }
        for _ in 0..4 {
            world.days_later(7);
            assert_eq!(world.see(&second).decision(), Decision::Accept);
        }
        world.days_later(5);
        let lapsed = world.see(&second);
        assert_eq!((lapsed.rule(), say(&lapsed).as_str()), (Rule::Lapsed, "ask none none lapsed low"), "{fast}");
        assert_eq!(world.record().unwrap().validated.unwrap().last, START + 28 * DAY, "{fast}");
    }
}

#[test]
fn a_key_that_was_current_is_so_after_another_one_was_seen_with_a_fast_clock() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    // Two keys in turn, as of a server with an RSA and an EC certificate; one is then met at a wrong time.
    let (rsa, ec) = (authority.leaf(&[HOST], "rsa", START - DAY, 20), authority.leaf(&[HOST], "ec", START - DAY, 90));
    world.see(&rsa);
    world.see(&ec);
    world.see_on(80, &ec);
    world.days_later(15);
    assert_eq!(world.see(&rsa).decision(), Decision::Accept);
    world.days_later(7);
    let lapsed = world.see(&rsa);
    assert_eq!(say(&lapsed), "ask none none lapsed low", "{:?}", reasons(&lapsed));
}

#[test]
fn a_clock_that_is_put_back_makes_no_key_current_that_others_had_followed() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    let own = |key: &str| self_signed(&[HOST], key, START - 2 * DAY, 3650);
    world.see_on(1, &authority.leaf(&[HOST], "old", START - DAY, 90));
    let new = authority.leaf(&[HOST], "new", START - DAY, 90);
    for day in [2, 32, 62] {
        world.see_on(day, &new);
    }
    world.days_later(63);
    assert_eq!(world.see(&own("old")).rule(), Rule::Downgrade);
    for day in [30, 3] {
        let back = world.see_on(day, &own("old"));
        assert_eq!((back.rule(), back.decision()), (Rule::Downgrade, Decision::Reject), "day {day}");
    }
    // Nor does a genuine contact at that time.
    assert_eq!(world.see_on(30, &new).decision(), Decision::Accept);
    assert_eq!(world.see(&own("old")).rule(), Rule::Downgrade);
    assert_eq!(world.see_on(40, &own("old")).rule(), Rule::Downgrade);
}

#[test]
fn a_clock_that_is_put_back_takes_no_change_out_of_the_interception_window() {
    let hosts = ["a.example", "b.example", "c.example"];
    let mut world = world("accept-new", &[]);
    for host in hosts {
        world.at(host, 993).see(&self_signed(&[host], host, START - 10 * DAY, 3650));
    }
    world.days_later(8);
    for host in hosts {
        world.at(host, 993).see(&self_signed(&[host], "other", START - 10 * DAY, 3650));
    }
    world.at("e.example", 993);
    world.see_on(6, &self_signed(&["e.example"], "e", START - 10 * DAY, 3650));
    let asked = world.at("d.example", 993).see(&self_signed(&["d.example"], "d", START - 10 * DAY, 3650));
    assert!(because(&asked, "interception-hint") && asked.decision() == Decision::Ask, "{:?}", reasons(&asked));
}

#[test]
fn a_downgrade_speaks_of_no_day_that_is_still_to_come() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    let leaf = authority.leaf(&[HOST], "k1", START - DAY, 900);
    world.see(&leaf);
    world.see_on(800, &leaf);
    world.days_later(3);
    let verdict = world.see(&self_signed(&[HOST], "evil", START, 90));
    assert_eq!(verdict.rule(), Rule::Downgrade);
    let text = verdict.to_text(80);
    assert!(text.contains("was vouched for until 2027-01-04") && !text.contains("in the future"), "{text}");
    assert!(words(&verdict).contains("last on 2027-01-04 00:00:00 UTC (today)"), "{text}");
}

#[test]
fn times_ahead_are_brought_back_by_one_accepted_contact_and_then_nothing_is_written() {
    let mut world = world("default", &[]);
    let own = self_signed(&[HOST], "own", START - DAY, 36_500);
    let value = PinValue::Sha256(own.leaf().unwrap().spki());
    let new =
        NewPin { kind: PinKind::Key, state: PinState::Trusted, value, cert: None, expires: 0, comment: String::new() };
    world.store.add_pin(&world.endpoint, &new, START + 26_000 * DAY).unwrap();
    world.see_on(26_000, &own);
    assert_eq!(world.record().unwrap().last_seen, START + 26_000 * DAY);
    // An asked or dry contact, or one with a clock that is wrong itself, brings nothing back.
    let ahead = generation(&world);
    world.see_on(-1_000, &own);
    world.flags = Flags { dry_run: true, ..Flags::default() };
    world.see(&own);
    assert_eq!(generation(&world), ahead);
    world.flags = Flags::default();
    world.see(&own);
    assert_eq!(generation(&world), ahead + 1);
    let record = world.record().unwrap();
    let pin = &record.pins[0];
    assert_eq!((record.last_seen, record.baseline[0].last), (START, START));
    assert!(record.first_seen < START && pin.created < START && pin.last_matched < START && pin.state_since < START);
    for day in [0, 0] {
        world.days_later(day);
        world.see(&own);
    }
    world.now += DAY - 2;
    world.see(&own);
    assert_eq!(generation(&world), ahead + 1, "an unchanged known server");
    // The accept is not given from the cache for decades: the next day it is refreshed as any other.
    world.now += 2;
    world.see(&own);
    assert_eq!(world.record().unwrap().last_seen, START + DAY);
}

#[test]
fn a_clock_put_right_by_seconds_or_hours_writes_nothing() {
    let mut world = world("default", &[]);
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    world.pinned(&own);
    let evil = self_signed(&[HOST], "evil", START - DAY, 3650);
    let known = generation(&world);
    for back in [1, 60, 20 * 3_600] {
        world.now = START - back;
        world.see(&own);
        assert_eq!(generation(&world), known, "{back}");
    }
    // What was not accepted is counted once an hour, also where the last time lies ahead.
    world.now = START;
    world.see(&evil);
    let (seen, logged) = (generation(&world), events(&world));
    world.now = START - 60;
    world.see(&evil);
    assert_eq!(generation(&world), seen);
    world.now = START - 20 * 3_600;
    world.see(&evil);
    assert_eq!((generation(&world), events(&world)), (seen + 1, logged));
    assert_eq!(world.record().unwrap().observations[0].last, world.now);
}

#[test]
fn a_strange_key_seen_with_a_fast_clock_is_contradicted_once_and_noticed_again() {
    let mut world = world("default", &[]);
    let (own, evil) = (self_signed(&[HOST], "own", START - DAY, 36_500), self_signed(&[HOST], "evil", START, 36_500));
    world.pinned(&own);
    world.flags = Flags { leave_pending: true, ..Flags::default() };
    world.see_on(9_000, &evil);
    let logged = events(&world);
    world.see(&evil);
    let record = world.record().unwrap();
    assert_eq!((record.observations[0].last, record.observations[0].count, events(&world)), (START, 2, logged + 1));
    let pending = world.store.read(|tx| tx.pending_of(&world.endpoint)).unwrap();
    assert_eq!((pending[0].first, pending[0].last), (START, START));
    world.flags = Flags::default();
    world.see_on(9_000, &evil);
    world.days_later(2);
    world.see(&own);
    let pending = world.store.read(|tx| tx.pending_of(&world.endpoint)).unwrap();
    assert!(pending[0].contradicted, "the known key came back");
    let settled = generation(&world);
    world.now += 60;
    world.see(&own);
    assert_eq!(generation(&world), settled, "that is no news a second time");
}

#[test]
fn days_ahead_do_not_confirm_an_upgrade_and_do_not_keep_it_from_ever_being_confirmed() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    world.pinned(&self_signed(&[HOST], "own", START - DAY, 3650));
    let valid = authority.leaf(&[HOST], "k", START - DAY, 900);
    for day in [800, 801] {
        world.see_on(day, &valid);
    }
    for _ in 0..4 {
        world.see(&valid);
        assert_eq!(world.record().unwrap().pins[0].state, PinState::Trusted);
        world.days_later(4);
    }
    world.see(&valid);
    assert_eq!(world.record().unwrap().pins[0].state, PinState::Retired, "16 days later, on the fifth day");
}

#[test]
fn a_clock_set_back_makes_no_old_key_current_for_longer() {
    let authority = ca("Authority");
    let mut world = world("default", &[&authority]);
    let (old, new) = (authority.leaf(&[HOST], "old", START - DAY, 45), authority.leaf(&[HOST], "new", START, 900));
    world.see(&old);
    for _ in 0..10 {
        world.days_later(10);
        world.see(&new);
    }
    let reject = world.see(&old);
    assert_eq!(reject.rule(), Rule::Downgrade, "expired for two months");
    // Back to when both were seen, and then right again: one contact later all is as it was.
    world.see_on(41, &new);
    world.see(&new);
    assert_eq!(world.see(&old).rule(), Rule::Downgrade);
}

#[test]
fn changes_noted_by_a_fast_clock_do_not_hint_at_interception_for_ever() {
    let mut world = world("accept-new", &[]);
    let hosts = ["a.example", "b.example", "c.example"];
    for host in hosts {
        let verdict = world.at(host, 993).see(&self_signed(&[host], host, START - DAY, 3650));
        assert_eq!(verdict.decision(), Decision::Accept);
    }
    for host in hosts {
        world.at(host, 993);
        world.see_on(800, &self_signed(&[host], "other", START - DAY, 3650));
    }
    // They count as of now, which is the careful side, until something else has happened a day ago.
    world.at("d.example", 993);
    let asked = world.see(&self_signed(&["d.example"], "d", START - DAY, 3650));
    assert!(because(&asked, "interception-hint") && asked.decision() == Decision::Ask);
    world.days_later(2);
    world.at("e.example", 993);
    assert_eq!(world.see(&self_signed(&["e.example"], "e", START - DAY, 3650)).decision(), Decision::Accept);
    // A clock that is known to be wrong takes nothing out of the window.
    for host in hosts {
        world.at(host, 993);
        world.see(&self_signed(&[host], "third", START - DAY, 3650));
    }
    world.at("f.example", 993);
    world.see_on(-400, &self_signed(&["f.example"], "f", START - 900 * DAY, 3650));
    world.at("g.example", 993);
    let asked = world.see(&self_signed(&["g.example"], "g", START - DAY, 3650));
    assert!(because(&asked, "interception-hint"), "{:?}", reasons(&asked));
}

#[test]
fn an_accept_of_a_fast_clock_is_not_given_again_once_the_clock_is_right() {
    let mut world = world("default", &[]);
    let own = self_signed(&[HOST], "own", START - DAY, 36_500);
    world.pinned(&own);
    for _ in 0..3 {
        world.see_on(9_000, &own);
    }
    assert_eq!(world.see(&own).decision(), Decision::Accept);
    assert_eq!(world.record().unwrap().last_seen, START, "brought back, and not answered from the cache");
}
