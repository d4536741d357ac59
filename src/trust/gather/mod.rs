//! Collecting the facts of one check from the chain, the CA system and one consistent view of the
//! store. Reads; decides nothing and writes nothing. What is known elsewhere is in
//! [`elsewhere`].

pub(super) mod authority;
mod corroborate;
mod elsewhere;
pub(super) mod inputs;
mod pins;
mod policies;
mod presented;
mod previous;
pub(super) mod second;
pub(super) mod session;
pub(super) mod weigh;

use std::borrow::Cow;
use std::sync::Arc;

use authority::{
    anchor_of, anchors_left, fits_as_issuer, ground, issuer_candidate, other_programs, remembered_intermediates,
};
use corroborate::corroborate;
use inputs::{Check, CheckError};
use pins::{any_account, blocked_everywhere, known, known_pins, masks};
use policies::{Stated, policy_for};
use presented::{
    describe, elements, is_loopback, is_onion_v3, published, readable_leaf, resumed_is_known, without_path_problems,
};
use previous::{compare, previous_cert, signed_by_the_old_key};
use session::{SessionPin, State};

use crate::cert::Cert;
use crate::hash::Hash;
use crate::path::{Examination, Problem, ProblemKind, Question, Roots, add_revoked, examine};
use crate::store::{Anchor, EndpointRecord, Ground, Tx};
use crate::time::Timestamp;
use crate::trust::rules::clock;
use crate::trust::rules::facts::{CaAnswer, Elsewhere, Facts, Layer, Looked, RELEASED};
use crate::trust::rules::policy::Policy;

/// The facts of a check with the things behind them that a record or a verdict needs.
pub(crate) struct Gathered<'c> {
    pub facts: Facts,
    pub policy: Cow<'c, Policy>,
    pub examination: Arc<Examination>,
    /// Problems as shown: without "no CA path" where no CA answer could be had.
    pub problems: Vec<Problem>,
    pub record: Option<EndpointRecord>,
    /// The record for any account at this host and port.
    pub shared: Option<EndpointRecord>,
    pub previous: Option<Cert>,
    /// The private CA that an issuer pin could name.
    pub issuer: Option<Cert>,
    /// The trust anchor of the path, of a loaded root or of a pinned issuer.
    pub anchor: Option<Anchor>,
    /// The path leads to one of the system's own roots.
    pub system_root: bool,
    /// The set of trust anchors that answered.
    pub roots: u64,
    /// Nothing but the known was seen, and nothing known elsewhere was looked at.
    pub settled: bool,
}

/// Keeps the last examination, which costs more than all else, from one gathering to the next.
#[derive(Default)]
pub(crate) struct Memo(Option<(MemoKey, Arc<Examination>)>);

type MemoKey = (Timestamp, u64, Vec<Hash>);

/// Gathers the facts in `tx`. `session` are the pins of this store handle; those count that were
/// given in the endpoint's present state.
pub(crate) fn gather<'c>(
    tx: &Tx<'_>,
    check: &'c Check<'_>,
    session: Vec<SessionPin>,
    cannot_write: bool,
    memo: &mut Memo,
) -> Result<Gathered<'c>, CheckError> {
    let leaf_cert = readable_leaf(check.chain)?;
    let record = tx.endpoint(check.endpoint)?;
    let any = any_account(tx, check.endpoint)?;
    let (policy, policy_unknown) = policy_for(tx, check, Stated::of(check), record.as_ref(), any.as_ref())?;
    let (roots, unavailable) = match policy.resolve_roots() {
        Ok(roots) => (roots, None),
        Err(error) => (Roots::none(), Some(error)),
    };
    let floor = RELEASED.max(tx.time_floor()?);
    let floor = if check.flags.dry_run && check.flags.stated_time { floor.min(check.now) } else { floor };
    let at = check.now.max(floor);
    let intermediates = remembered_intermediates(tx, record.as_ref())?;
    resumed_is_known(check, record.as_ref(), leaf_cert)?;
    let question = Question {
        chain: check.chain,
        host: &check.endpoint.host,
        services: check.services(),
        at,
        roots: &roots,
        intermediates: &intermediates,
        crls: check.crls,
    };
    let examination = memo.examine(&question);
    let mut problems: Vec<Problem> = match unavailable {
        None => examination.problems.clone(),
        Some(_) => without_path_problems(&examination.problems),
    };
    let leaf = describe(leaf_cert, &examination);
    let ca_anchor = examination.path.as_ref().and_then(|path| path.anchor()).map(anchor_of);
    let system_root = policy.system_roots
        && ca_anchor.as_ref().is_some_and(|anchor| Roots::system().is_ok_and(|r| r.contains_key(anchor.spki)));
    let by = |anchor: Anchor| {
        let ground =
            if system_root { Ground::System } else { ground(tx, check, &anchor, record.as_ref(), any.as_ref()) };
        Anchor { by: Some(ground), ..anchor }
    };
    let ca_anchor = ca_anchor.map(by);
    let ca = match (unavailable, &ca_anchor) {
        (Some(error), _) => CaAnswer::Unavailable(error),
        (None, _) if !policy.wants_ca() => CaAnswer::NotWanted,
        (None, Some(anchor)) => CaAnswer::Path { anchor: anchor.clone(), valid: examination.ca_valid },
        (None, None) => CaAnswer::NoPath,
    };
    let state = State::of(record.as_ref(), any.as_ref());
    let session = session.into_iter().filter(|given| given.state == state).map(|given| given.pin).collect();
    let pins = known_pins(tx, check.endpoint, record.as_ref(), any.as_ref(), session, &question)?;
    let pinned_anchor = pins.iter().find_map(|(_, path)| path.as_ref()?.anchor().map(anchor_of));
    let pinned_anchor = pinned_anchor.map(|anchor| Anchor { by: Some(Ground::Person), ..anchor });
    let (other_program, its_root) = match ca {
        CaAnswer::NoPath | CaAnswer::NotWanted => other_programs(record.as_ref(), &question).unzip(),
        _ => (None, None),
    };
    let (dane, dane_path) = corroborate(check.tlsa, &question, &examination);
    let other_paths = || pins.iter().filter_map(|(_, path)| path.as_ref()).chain(&dane_path);
    other_paths().for_each(|path| add_revoked(&question, path, &mut problems));
    let of_parts = of_parts(&policy, &question);
    if !problems.iter().any(is_revocation) {
        problems
            .extend(of_parts.iter().flat_map(|part| &part.problems).find(|problem| is_revocation(problem)).cloned());
    }
    let paths_of_parts = of_parts.iter().filter_map(|part| part.path.as_ref());
    let elements = elements(check.chain, other_paths().chain(&examination.path).chain(paths_of_parts));
    let latest = clock::latest_possible(check.now, floor);
    let mut known = known(record.as_ref(), pins.into_iter().map(|(pin, _)| pin).collect(), latest);
    let (blocked_everywhere, blocked_below) = blocked_everywhere(tx, &elements)?;
    let published = published(tx, check.chain, &examination, &elements)?;
    if let Some((_, problem)) = published.as_ref().filter(|_| !check.flags.loopback) {
        problems.push(problem.clone());
    }
    let kinds = crate::path::kinds_of(&problems);
    let published = published.map(|(package, _)| package);
    known.layers = tx.layer_names();
    known.masks = masks(tx, record.as_ref())?;
    known.blocked_below = blocked_below;
    known.other_program = other_program;
    let host_is_loopback = check.flags.loopback || is_loopback(&check.endpoint.host);
    let mut facts = Facts {
        port: check.endpoint.port.get(),
        now: check.now,
        floor,
        setup: check.flags.setup,
        possession: !check.flags.unproven,
        provable: leaf_cert.can_prove_its_key() && !check.flags.no_session,
        stated_loopback: check.flags.loopback,
        stated_onion: check.flags.tor && is_onion_v3(&check.endpoint.host),
        host_is_loopback,
        cannot_write,
        leaf,
        elements,
        problems: kinds,
        ca,
        valid_but_for_dates: examination.valid_but_for_dates(),
        published,
        blocked_everywhere,
        policy_unknown,
        known,
        previous: None,
        anchors_left: false,
        dane,
        elsewhere: Elsewhere::default(),
        changed_lately: 0,
        issuer_candidate: false,
        contradicted: false,
        second_look: Looked::Not,
    };
    facts.second_look = second::looked(tx, check.second_look, &facts)?;
    facts.anchors_left = anchors_left(&facts, &roots);
    let previous = previous_cert(tx, &facts)?;
    facts.previous = previous.as_ref().map(|old| compare(&facts, old, leaf_cert, check));
    if facts.previous.as_ref().is_some_and(|previous| previous.signed_new) {
        signed_by_the_old_key(leaf_cert, &mut problems);
        facts.problems = crate::path::kinds_of(&problems);
    }
    let settled = settled(&facts);
    let issuer = match settled {
        true => {
            elsewhere::look_for_refusals(tx, check.endpoint, &mut facts)?;
            None
        }
        false => {
            elsewhere::look_around(tx, check.endpoint, &mut facts)?;
            issuer_candidate(&facts, &question)
                .or_else(|| its_root.filter(|root| fits_as_issuer(&facts, root, &question)))
        }
    };
    facts.issuer_candidate = issuer.is_some();
    let anchor = ca_anchor.or(pinned_anchor);
    let (shared, roots) = (any, roots.generation());
    Ok(Gathered {
        facts,
        policy,
        examination,
        problems,
        record,
        shared,
        previous,
        issuer,
        anchor,
        system_root,
        roots,
        // The generation of the set says nothing about the sets of the parts.
        settled: settled && of_parts.is_empty(),
    })
}

/// What is found with the trust anchors of the policies that this one was put together of, where those differ. A
/// policy that takes no CA's answer, or fewer anchors, is the stricter one, but it leads to fewer certificates: what is
/// revoked or blocked on a path that one of the parts sees is refused all the same.
fn of_parts(policy: &Policy, question: &Question<'_>) -> Vec<Examination> {
    let mut sets: Vec<Arc<Roots>> = Vec::new();
    for roots in policy.parts.iter().filter_map(|part| part.resolve_roots().ok()) {
        let known = |set: &Roots| set.generation() == roots.generation();
        if !roots.is_empty() && !known(question.roots) && !sets.iter().any(|set| known(set)) {
            sets.push(roots);
        }
    }
    sets.iter().map(|roots| examine(&Question { roots, ..*question })).collect()
}

fn is_revocation(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Revoked
}

impl Memo {
    fn examine(&mut self, question: &Question<'_>) -> Arc<Examination> {
        let intermediates = question.intermediates.iter().map(Cert::fingerprint).collect();
        let key = (question.at, question.roots.generation(), intermediates);
        match &self.0 {
            Some((known, examination)) if *known == key => Arc::clone(examination),
            _ => {
                let examination = Arc::new(examine(question));
                self.0 = Some((key, Arc::clone(&examination)));
                examination
            }
        }
    }
}

/// Nothing but the known was seen: neither what is known elsewhere nor a private CA matters.
fn settled(facts: &Facts) -> bool {
    let pinned = facts.trusted().any(|known| facts.names_this(known) && known.layer != Layer::Session);
    let seen = facts.known.baseline.iter().any(|s| s.cert == facts.leaf.cert && !s.provisional);
    seen && facts.known.upgrade.is_none() && (pinned || facts.ca_valid())
}
