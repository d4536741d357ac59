//! What a program asks a person rests on [`Verdict::answer_wanted`] alone, so it must be what [`trust::trust`] takes:
//! random situations, in each of which every kind of answer is tried on a store of its own.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tofu::path::Chain;
use tofu::store::{Cursor, Filter, NewPin, PinKind, PinState, PinValue, Store};
use tofu::time::DAY;
use tofu::trust::{self, Answer, AnswerWanted, Decision, Flags, PRESETS, TrustError, Verdict, pending_verdict};

use crate::trust_support::{Ca, START, World, ca, policy, self_signed, store_with, world};

const HOST: &str = "mail.example.org";
const OTHER: &str = "other.example.org";
const KINDS: [PinKind; 4] = [PinKind::Key, PinKind::Certificate, PinKind::Issuer, PinKind::Name];

/// What a server shows, with one of a few keys.
#[derive(Debug, Clone, Copy)]
enum Shown {
    SelfSigned(usize),
    SignedForAnother(usize),
    Outdated(usize),
    MadeAtStart(usize),
    Valid(usize),
    ValidForAnother(usize),
    ValidUntilLately(usize),
    OfPrivateAuthority(usize),
}

/// What happened before.
#[derive(Debug, Clone, Copy)]
enum Before {
    /// A check, with a yes if one is wanted.
    Seen(Shown),
    /// The same on another port.
    SeenBeside(Shown),
    Pinned(usize, PinState),
    Published(usize),
    BlockedEverywhere(usize),
    Later(i64),
    Expected,
}

#[derive(Debug, Clone)]
struct Situation {
    preset: &'static str,
    /// The store's policy has the root too, and not only this program's.
    shared_root: bool,
    before: Vec<Before>,
    shown: Shown,
    unproven: bool,
    loopback: bool,
    setup: bool,
    /// The question was left pending, and the user is asked so much later; what the server showed in between.
    pending: Option<(i64, Option<Shown>)>,
}

fn shown() -> impl Strategy<Value = Shown> {
    (0..8_usize, 0..3_usize).prop_map(|(form, key)| match form {
        0 => Shown::SelfSigned(key),
        1 => Shown::SignedForAnother(key),
        2 => Shown::Outdated(key),
        3 => Shown::MadeAtStart(key),
        4 => Shown::Valid(key),
        5 => Shown::ValidForAnother(key),
        6 => Shown::ValidUntilLately(key),
        _ => Shown::OfPrivateAuthority(key),
    })
}

fn before() -> impl Strategy<Value = Before> {
    let state = prop_oneof![
        3 => Just(PinState::Trusted), 1 => Just(PinState::Staged),
        1 => Just(PinState::Blocked), 1 => Just(PinState::Compromised)
    ];
    prop_oneof![
        6 => shown().prop_map(Before::Seen),
        1 => shown().prop_map(Before::SeenBeside),
        2 => (0..3_usize, state).prop_map(|(key, state)| Before::Pinned(key, state)),
        1 => (0..3_usize).prop_map(Before::Published),
        1 => (0..3_usize).prop_map(Before::BlockedEverywhere),
        3 => (0..40_i64).prop_map(Before::Later),
        1 => Just(Before::Expected),
    ]
}

fn situation() -> impl Strategy<Value = Situation> {
    let rarely = || prop::bool::weighted(0.1);
    let pending = prop::option::weighted(0.3, (0..33_i64, prop::option::of(shown())));
    let steps = prop::collection::vec(before(), 0..5);
    let flags = (rarely(), rarely(), rarely());
    (prop::sample::select(PRESETS.to_vec()), any::<bool>(), steps, shown(), flags, pending).prop_map(
        |(preset, shared_root, before, shown, (unproven, loopback, setup), pending)| Situation {
            preset,
            shared_root,
            before,
            shown,
            unproven,
            loopback,
            setup,
            pending,
        },
    )
}

fn chain(authority: &Ca, shown: Shown) -> Chain {
    let named = |key: usize| format!("key {key}");
    match shown {
        Shown::SelfSigned(key) => self_signed(&[HOST], &named(key), START - DAY, 3650),
        Shown::SignedForAnother(key) => self_signed(&[OTHER], &named(key), START - DAY, 3650),
        Shown::Outdated(key) => self_signed(&[HOST], &named(key), START - 400 * DAY, 365),
        Shown::MadeAtStart(key) => self_signed(&[HOST], &named(key), START - DAY, 7),
        Shown::Valid(key) => authority.leaf(&[HOST], &named(key), START - DAY, 365),
        Shown::ValidForAnother(key) => authority.leaf(&[OTHER], &named(key), START - DAY, 365),
        Shown::ValidUntilLately(key) => authority.leaf(&[HOST], &named(key), START - 90 * DAY, 89),
        Shown::OfPrivateAuthority(key) => ca("Private").with_root(&[HOST], &named(key), START - DAY, 365),
    }
}

fn spki(key: usize) -> tofu::hash::Hash {
    self_signed(&[HOST], &format!("key {key}"), START - DAY, 3650).leaf().unwrap().spki()
}

fn happen(w: &mut World, authority: &Ca, before: Before) {
    match before {
        Before::Seen(shown) => {
            let verdict = w.see(&chain(authority, shown));
            let _ = w.yes(&verdict);
        }
        Before::SeenBeside(shown) => {
            w.at(HOST, 465);
            let verdict = w.see(&chain(authority, shown));
            let _ = w.yes(&verdict);
            w.at(HOST, 993);
        }
        Before::Pinned(key, state) => {
            let (kind, value) = (PinKind::Key, PinValue::Sha256(spki(key)));
            let new = NewPin { kind, state, value, cert: None, expires: 0, comment: String::new() };
            let _ = w.store.add_pin(&w.endpoint, &new, w.now);
        }
        Before::Published(key) => drop(w.store.mark_published(spki(key), "an old appliance", w.now)),
        Before::BlockedEverywhere(key) => drop(w.store.block(None, PinKind::Key, spki(key), "", w.now)),
        Before::Later(days) => drop(w.days_later(days)),
        Before::Expected => w.store.expect_change(&w.endpoint, w.now + 3 * DAY, w.now).unwrap(),
    }
}

/// The situation made anew, and its verdict; `None` where nothing was left pending.
fn made(authority: &Ca, situation: &Situation) -> Option<(World, Verdict)> {
    let mut w = world(situation.preset, &[]);
    w.store = if situation.shared_root { store_with(&[authority]) } else { Store::memory() };
    w.policy = policy(situation.preset, &[authority]);
    for before in &situation.before {
        happen(&mut w, authority, *before);
    }
    let (unproven, loopback, setup) = (situation.unproven, situation.loopback, situation.setup);
    w.flags = Flags { unproven, loopback, setup, ..Flags::default() };
    let Some((days, between)) = situation.pending else {
        let verdict = w.see(&chain(authority, situation.shown));
        return Some((w, verdict));
    };
    w.flags.leave_pending = true;
    w.see(&chain(authority, situation.shown));
    w.flags.leave_pending = false;
    w.days_later(1);
    if let Some(between) = between {
        w.see(&chain(authority, between));
    }
    w.days_later(days);
    let page = w.store.read(|tx| tx.list_pending(&Filter::default(), &Cursor::default(), 8)).unwrap();
    let pending = page.items.first()?;
    let verdict = pending_verdict(&w.store, pending, w.now, w.flags, Some(&w.policy), None).unwrap();
    Some((w, verdict))
}

/// What an answer comes to, each time in a situation that nobody answered yet.
struct Tried<'a> {
    authority: &'a Ca,
    situation: &'a Situation,
}

impl Tried<'_> {
    fn with(&self, answer: Answer) -> Result<(), TrustError> {
        let (w, verdict) = made(self.authority, self.situation).unwrap();
        trust::trust(&w.store, &verdict, &Answer { now: w.now, ..answer })?;
        // One story after a yes: the next check of the same chain accepts it.
        let seen = w.see(&chain(self.authority, self.situation.shown));
        assert_eq!(seen.decision(), Decision::Accept, "after a yes: {:?}", seen.reasons().collect::<Vec<_>>());
        Ok(())
    }
    fn plain(&self) -> Result<(), TrustError> {
        self.with(Answer::default())
    }
    fn kind(&self, kind: PinKind) -> Result<(), TrustError> {
        self.with(Answer { kind: Some(kind), ..Answer::default() })
    }
    fn session(&self) -> Result<(), TrustError> {
        self.with(Answer { session: true, kind: None, ..Answer::default() })
    }
    fn typed(&self) -> Result<(), TrustError> {
        let (_, verdict) = made(self.authority, self.situation).unwrap();
        let typed = verdict.chain().leaf().unwrap().fingerprint().hex();
        self.with(Answer { typed: Some(typed), ..Answer::default() })
    }
    fn no_plain_yes(&self) {
        for kind in KINDS {
            self.kind(kind).unwrap_err();
        }
        self.plain().unwrap_err();
        self.session().unwrap_err();
    }
}

/// How often each was wanted.
#[derive(Debug, Default)]
struct Tally {
    nothing: usize,
    yes: usize,
    for_the_session: usize,
    fingerprint: usize,
}

fn holds(situation: &Situation, tally: &mut Tally) {
    let authority = ca("Honest");
    let Some((_, verdict)) = made(&authority, situation) else { return };
    // A question can be answered for so long only, which a verdict alone does not tell.
    if situation.pending.is_some_and(|(days, _)| days > 28) {
        return;
    }
    let tried = Tried { authority: &authority, situation };
    match verdict.answer_wanted() {
        AnswerWanted::None => {
            tally.nothing += 1;
            tried.no_plain_yes();
            tried.typed().unwrap_err();
        }
        AnswerWanted::Fingerprint => {
            tally.fingerprint += 1;
            tried.no_plain_yes();
            tried.typed().unwrap();
        }
        AnswerWanted::Yes if verdict.only_once() => {
            tally.for_the_session += 1;
            tried.session().unwrap();
            tried.plain().unwrap_err();
        }
        AnswerWanted::Yes => {
            tally.yes += 1;
            for kind in verdict.offered() {
                tried.kind(*kind).unwrap_or_else(|error| panic!("{kind:?} is offered: {error}"));
            }
            // What a CA vouches for is accepted without a pin.
            let goes_without = verdict.rule() == trust::Rule::CaValid;
            assert_eq!(tried.plain().is_ok(), verdict.suggested().is_some() || goes_without, "{:?}", tried.plain());
        }
    }
}

/// How many situations: `PROPTEST_CASES`, or enough for every day.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

#[test]
fn what_is_to_be_asked_is_what_is_taken() {
    let config = ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() };
    let tally = std::cell::RefCell::new(Tally::default());
    let ran = TestRunner::new(config).run(&situation(), |situation| {
        holds(&situation, &mut tally.borrow_mut());
        Ok(())
    });
    let tally = tally.into_inner();
    println!("{tally:?}");
    ran.unwrap_or_else(|error| panic!("{error}"));
    let rarest = [tally.nothing, tally.yes, tally.for_the_session, tally.fingerprint].into_iter().min();
    assert!(rarest > Some(0) || cases() < 300, "{tally:?}");
}
