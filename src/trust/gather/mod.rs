//! Collecting the facts of one check from the chain, the CA system and one consistent view of the
//! store. Reads; decides nothing and writes nothing. What is known elsewhere is in
//! [`elsewhere`].

pub(crate) mod corroborate;
pub(crate) mod elsewhere;
pub(crate) mod second;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::cert::{Cert, HostMatch, Published, SignatureCheck};
use crate::endpoint::{Account, Endpoint, Host};
use crate::hash::Hash;
use crate::path::{Chain, Examination, Path, Problem, ProblemKind, Problems, Question, Roots};
use crate::path::{add_revoked, examine, path_to};
use crate::store::{
    Anchor, EndpointRecord, Ground, LayerPolicies, Origin, Pin, PinKind, PinState, PinValue, StoreError, Tx,
};
use crate::text::Statement;
use crate::time::Timestamp;
use crate::trust::record::events::{SessionPin, State};
use crate::trust::rules::clock;
use crate::trust::rules::facts::{
    CaAnswer, Elsewhere, Facts, Known, KnownPin, Layer, Leaf, Looked, Previous, RELEASED, is_leaf_pin,
};
use crate::trust::rules::floor::{Floor, floors};
use crate::trust::{Additions, Check, CheckError, Policy};
use corroborate::corroborate;

/// Intermediates of earlier paths offered to path building, at most.
const MAX_INTERMEDIATES: usize = 16;
/// Certificates sent that a path is looked for to, at most: each costs a search of its own.
const MAX_CANDIDATES: usize = 8;

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
    let elements = elements(check.chain, other_paths().chain(&examination.path));
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
        settled,
    })
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

fn readable_leaf(chain: &Chain) -> Result<&Cert, CheckError> {
    if chain.is_empty() {
        return Err(CheckError::Chain("empty: the server sent no certificate".to_owned()));
    }
    chain.leaf().ok_or_else(|| {
        let why = chain.error(0).map_or_else(|| "unreadable".to_owned(), ToString::to_string);
        CheckError::Chain(format!("the server's own certificate: {why}"))
    })
}

fn any_account(tx: &Tx<'_>, endpoint: &Endpoint) -> Result<Option<EndpointRecord>, StoreError> {
    if endpoint.account == Account::any() {
        return Ok(None);
    }
    tx.endpoint(&Endpoint { account: Account::any(), ..endpoint.clone() })
}

/// What the program states of the policy: one of its own, and additions to whichever is in force.
#[derive(Clone, Copy, Default)]
struct Stated<'c> {
    policy: Option<&'c Policy>,
    additions: Option<&'c Additions>,
}

impl<'c> Stated<'c> {
    fn of(check: &'c Check<'_>) -> Self {
        Self { policy: check.policy, additions: check.additions.filter(|additions| !additions.is_empty()) }
    }

    fn nothing(self) -> bool {
        self.policy.is_none() && self.additions.is_none()
    }
}

/// The nearest policy, `stated` before all, and never laxer than the mandatory ones of the stores below.
fn policy_for<'c>(
    tx: &Tx<'_>,
    check: &'c Check<'_>,
    stated: Stated<'c>,
    record: Option<&EndpointRecord>,
    any: Option<&EndpointRecord>,
) -> Result<(Cow<'c, Policy>, bool), CheckError> {
    let below = tx.layer_policies(check.endpoint)?;
    let (mut policy, mut unknown) = nearest_policy(tx, stated.policy, record, any, &below)?;
    if let Some(additions) = stated.additions {
        policy = Cow::Owned(additions.applied_to(policy.into_owned())?);
    }
    for Floor { policy: floor, of_endpoint } in floors(&below)? {
        match floor.unknown_field() {
            Some(error) if !of_endpoint => return Err(error.into()),
            Some(_) => unknown = true,
            None => policy = Cow::Owned(policy.into_owned().raised_to(&floor)),
        }
    }
    Ok((policy, unknown))
}

/// The policy stated with the check, else the endpoint's, else any account's, else the store's, else the same of
/// the stores below, else the default. One that a newer version wrote is an error store-wide and
/// rejects its endpoint.
fn nearest_policy<'c>(
    tx: &Tx<'_>,
    stated: Option<&'c Policy>,
    record: Option<&EndpointRecord>,
    any: Option<&EndpointRecord>,
    below: &[LayerPolicies],
) -> Result<(Cow<'c, Policy>, bool), CheckError> {
    if let Some(policy) = stated {
        return match policy.unknown_field() {
            Some(error) => Err(error.into()),
            None => Ok((Cow::Borrowed(policy), false)),
        };
    }
    let of = |record: Option<&EndpointRecord>| record.and_then(|r| r.policy.clone());
    let here = LayerPolicies { own: of(record), any: of(any), store: tx.policy()? };
    for layer in std::iter::once(&here).chain(below) {
        if let Some(map) = layer.own.as_ref().or(layer.any.as_ref()) {
            let policy = Policy::from_map(map)?;
            let unknown = policy.unknown_field().is_some();
            return Ok((Cow::Owned(policy), unknown));
        }
        if let Some(map) = &layer.store {
            let policy = Policy::from_map(map)?;
            return match policy.unknown_field() {
                Some(error) => Err(error.into()),
                None => Ok((Cow::Owned(policy), false)),
            };
        }
    }
    Ok((Cow::Owned(Policy::default()), false))
}

/// Who made a root an anchor that is none of the system's: the store, if a program that states no policy has it too,
/// else the program that states one.
fn ground(
    tx: &Tx<'_>,
    check: &Check<'_>,
    anchor: &Anchor,
    record: Option<&EndpointRecord>,
    any: Option<&EndpointRecord>,
) -> Ground {
    let of_store = |policy: &Policy| policy.roots.iter().any(|root| root.spki() == anchor.spki);
    let shared = Stated::of(check).nothing()
        || policy_for(tx, check, Stated::default(), record, any).is_ok_and(|(policy, _)| of_store(&policy));
    if shared { Ground::Store } else { Ground::Program }
}

/// The root, no anchor here, that another program gave and to which this chain leads as well: as it is remembered,
/// and its certificate.
fn other_programs(record: Option<&EndpointRecord>, question: &Question<'_>) -> Option<(Anchor, Cert)> {
    let record = record.filter(|r| r.validated.as_ref().is_some_and(|v| v.rested_on(Ground::Program)))?;
    let leaf = question.chain.leaf()?;
    let of_program = |anchor: &&Anchor| anchor.by == Some(Ground::Program) && !question.roots.contains_key(anchor.spki);
    let sent = question.chain.certs().map(|(_, cert)| cert);
    let at_hand: Vec<&Cert> = question.intermediates.iter().chain(sent).collect();
    let leads = |root: &&&Cert| {
        // A server's own certificate can be a root of a program, too.
        let itself = root.fingerprint() == leaf.fingerprint();
        itself && record.baseline.iter().any(|s| s.cert == leaf.fingerprint()) || path_to(question, root).is_some()
    };
    record.validated.iter().flat_map(|v| &v.anchors).filter(of_program).find_map(|anchor| {
        let mut named = at_hand.iter().filter(|cert| cert.spki() == anchor.spki).take(MAX_CANDIDATES);
        named.find(leads).map(|root| (anchor.clone(), (*root).clone()))
    })
}

/// A resumed session may give the leaf alone. That is enough where it is the one last accepted;
/// the check then runs on the remembered intermediates (pitfall 31).
fn resumed_is_known(check: &Check<'_>, record: Option<&EndpointRecord>, leaf: &Cert) -> Result<(), CheckError> {
    if !check.flags.resumed || check.chain.len() > 1 {
        return Ok(());
    }
    let last = record.and_then(|r| r.baseline.iter().max_by_key(|s| s.last));
    if last.is_some_and(|s| s.cert == leaf.fingerprint()) {
        return Ok(());
    }
    Err(CheckError::Resumed("its certificate is not the one last accepted; a full handshake is needed".to_owned()))
}

/// Intermediates of earlier paths, and the authorities that issuer pins name: a path or a revocation
/// list may need what the server does not send.
fn remembered_intermediates(tx: &Tx<'_>, record: Option<&EndpointRecord>) -> Result<Vec<Cert>, StoreError> {
    let mut seen: Vec<Hash> = Vec::new();
    let mut certs = Vec::new();
    let issuers = record.into_iter().flat_map(|r| &r.pins).filter(|pin| pin.kind == PinKind::Issuer);
    let earlier = record.into_iter().flat_map(|r| &r.baseline).flat_map(|s| &s.intermediates);
    for hash in issuers.filter_map(|pin| pin.cert.as_ref()).chain(earlier) {
        if seen.len() >= MAX_INTERMEDIATES || seen.contains(hash) {
            continue;
        }
        seen.push(*hash);
        certs.extend(tx.cert(*hash)?);
    }
    Ok(certs)
}

fn without_path_problems(problems: &[Problem]) -> Vec<Problem> {
    problems.iter().filter(|p| !Problems::NO_CA_PATH.contains(p.kind)).cloned().collect()
}

fn describe(leaf: &Cert, examination: &Examination) -> Leaf {
    let key = leaf.key();
    Leaf {
        spki: leaf.spki(),
        spki_otherwise: leaf.spki_otherwise(),
        cert: leaf.fingerprint(),
        key_readable: key.readable && !examination.leaf_key_unreadable(),
        rsa_bits: (key.is_rsa() && key.readable).then_some(key.bits),
        not_before: leaf.not_before(),
        not_after: leaf.not_after(),
        self_signed: is_self_signed(leaf, examination),
        names: leaf.server_names().dns().map(str::to_owned).collect(),
    }
}

/// Whether its own key signed the leaf. A path has verified another key's signature: to try the
/// leaf's own as well would cost as much as the path, and who signs with a CA's key cannot have
/// fitted that signature to the leaf's.
fn is_self_signed(leaf: &Cert, examination: &Examination) -> bool {
    if examination.kinds().contains(ProblemKind::SelfSigned) {
        return true;
    }
    let above = examination.path.as_ref().and_then(|path| path.certs.get(1));
    above.is_none_or(|issuer| issuer.spki_der() == leaf.spki_der()) && leaf.is_self_signed()
}

/// What rule 2 looks at: everything sent, readable or not, and everything in the paths, whether they
/// lead to a loaded root, a pinned issuer or a TLSA record's authority.
fn elements<'p>(chain: &Chain, paths: impl Iterator<Item = &'p Path>) -> Vec<(Hash, Hash)> {
    let sent = (0..chain.len()).filter_map(|index| match chain.cert(index) {
        Some(cert) => Some((cert.spki(), cert.fingerprint())),
        None => chain.der(index).map(|der| (Hash::of(der), Hash::of(der))),
    });
    let above = paths.flat_map(|path| &path.certs).map(|c| (c.spki(), c.fingerprint()));
    let mut elements: Vec<(Hash, Hash)> = sent.chain(above).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}

pub(crate) fn anchor_of(cert: &Cert) -> Anchor {
    let organisation = cert.subject().attribute("O").join(", ");
    let organisation = if organisation.is_empty() { cert.subject().text() } else { organisation };
    Anchor { spki: cert.spki(), organisation, by: None }
}

/// Pins of every layer, each issuer pin with the validated path to it, where there is one. What the
/// endpoint's own record says of a kind and value stands in the place of what is said for any
/// account, save that a refusal is never overridden.
fn known_pins(
    tx: &Tx<'_>,
    endpoint: &Endpoint,
    record: Option<&EndpointRecord>,
    any: Option<&EndpointRecord>,
    session: Vec<Pin>,
    question: &Question<'_>,
) -> Result<Vec<(KnownPin, Option<Path>)>, StoreError> {
    let own = record.into_iter().flat_map(|r| &r.pins).map(|pin| (pin.clone(), Layer::Own));
    let decided = |pin: &Pin| {
        let same = |own: &Pin| own.kind == pin.kind && own.value == pin.value;
        !pin.refuses() && record.is_some_and(|r| r.pins.iter().any(same))
    };
    let shared = any.into_iter().flat_map(|r| &r.pins).filter(|pin| !decided(pin));
    let shared = shared.map(|pin| (pin.clone(), Layer::AnyAccount));
    let below = tx.layer_pins(endpoint)?.into_iter().map(|p| (p.pin, Layer::System(p.layer)));
    let session = session.into_iter().map(|pin| (pin, Layer::Session));
    let mut pins = Vec::new();
    for (pin, layer) in own.chain(shared).chain(below).chain(session) {
        let path = pinned_path(tx, &pin, question)?;
        pins.push((KnownPin { path_verified: path.is_some(), pin, layer }, path));
    }
    Ok(pins)
}

/// A validated path from the leaf to an issuer pin's key. Where the leaf's dates
/// stand in the way the path is looked for inside them: the dates are a problem of their own.
fn pinned_path(tx: &Tx<'_>, pin: &Pin, question: &Question<'_>) -> Result<Option<Path>, StoreError> {
    let (PinKind::Issuer, PinValue::Sha256(key)) = (pin.kind, &pin.value) else { return Ok(None) };
    let live = matches!(pin.state, PinState::Trusted | PinState::Staged | PinState::Retired);
    let Some(leaf) = question.chain.leaf().filter(|leaf| live && leaf.spki() != *key) else { return Ok(None) };
    if question.roots.contains_key(*key) {
        return Ok(None);
    }
    let kept = match pin.cert {
        Some(hash) => tx.cert(hash)?,
        None => None,
    };
    let inside = leaf.validity().map_or(question.at, |(first, last)| question.at.clamp(first, last.max(first)));
    let sent = question.chain.certs().skip(1).map(|(_, cert)| cert.clone());
    let named = kept.into_iter().chain(sent).filter(|cert| cert.spki() == *key).take(MAX_CANDIDATES);
    let mut named = named.filter(|cert| !chains_to_root(cert, question));
    Ok(named
        .find_map(|cert| path_to(question, &cert).or_else(|| path_to(&Question { at: inside, ..*question }, &cert))))
}

/// What is known, of which nothing can have been after `latest`.
fn known(record: Option<&EndpointRecord>, mut pins: Vec<KnownPin>, latest: Timestamp) -> Known {
    pins.iter_mut().for_each(|known| clock::pin_back(&mut known.pin, latest));
    let Some(record) = record else { return Known { pins, ..Known::default() } };
    let record = clock::counted(record, latest);
    Known {
        pins,
        baseline: record.baseline.clone(),
        observations: record.observations.clone(),
        validated: record.validated.clone(),
        upgrade: record.upgrade.clone(),
        tombstone: record.tombstone.clone(),
        expect_change_until: record.expect_change_until,
        ..Known::default()
    }
}

/// Whether anything is blocked everywhere, and in which store below where it is not in the user's own.
pub(crate) fn blocked_everywhere(tx: &Tx<'_>, elements: &[(Hash, Hash)]) -> Result<(bool, Option<usize>), StoreError> {
    let keys: Vec<Hash> = elements.iter().map(|(spki, _)| *spki).collect();
    let certs: Vec<Hash> = elements.iter().map(|(_, cert)| *cert).collect();
    let layer = match tx.blocked_in(PinKind::Key, &keys)? {
        None => tx.blocked_in(PinKind::Certificate, &certs)?,
        some => some,
    };
    Ok((layer.is_some(), layer.flatten()))
}

/// The first key among those sent or in the path whose private half is published, by the table in the
/// tree or by what these stores add: what it is published with, and the problem.
fn published(
    tx: &Tx<'_>,
    chain: &Chain,
    examination: &Examination,
    elements: &[(Hash, Hash)],
) -> Result<Option<(String, Problem)>, StoreError> {
    for (spki, fingerprint) in elements {
        let package = match Published::of(*spki) {
            Some(known) => Some(known.package.to_owned()),
            None => tx.published(*spki)?,
        };
        let Some(package) = package else { continue };
        let code = match chain.leaf().is_some_and(|leaf| leaf.spki() == *spki) {
            true => "published-key",
            false => "published-key-issuer",
        };
        let sent = chain.certs().find(|(_, cert)| cert.fingerprint() == *fingerprint);
        let path = examination.path.iter().flat_map(|path| &path.certs);
        let cert = sent.map(|(_, cert)| cert).or_else(|| path.into_iter().find(|c| c.fingerprint() == *fingerprint));
        let subject = cert.map_or_else(String::new, |cert| cert.subject().attribute("CN").join(", "));
        let mut statement = Statement::new(code).arg("package", &package).arg("subject", subject);
        statement.certificate = sent.map(|(index, _)| index);
        return Ok(Some((package, Problem { kind: ProblemKind::PublishedKey, statement })));
    }
    Ok(None)
}

/// What a person set aside of the stores below: retired here by hand, and there all the same.
fn masks(tx: &Tx<'_>, record: Option<&EndpointRecord>) -> Result<Vec<u64>, StoreError> {
    let mut masks = Vec::new();
    let by_hand = |pin: &&Pin| pin.state == PinState::Retired && pin.origin == Origin::Managed;
    for record in record.into_iter().filter(|_| tx.has_layers()) {
        for pin in record.pins.iter().filter(by_hand) {
            if tx.is_below(&record.endpoint, pin.kind, &pin.value)? {
                masks.push(pin.id);
            }
        }
    }
    Ok(masks)
}

fn anchors_left(facts: &Facts, roots: &Roots) -> bool {
    let examined = matches!(facts.ca, CaAnswer::NoPath | CaAnswer::Path { .. });
    let left = |v: &crate::store::Validated| {
        let shared = || v.anchors.iter().filter(|anchor| anchor.by.is_none_or(Ground::is_shared));
        v.ca && shared().next().is_some() && !shared().any(|anchor| roots.contains_key(anchor.spki))
    };
    examined && facts.known.validated.as_ref().is_some_and(left)
}

/// The certificate to hold the new one against: of the same certificate or key where it was
/// accepted before, else the newest accepted, else the one a pin was made from.
fn previous_cert(tx: &Tx<'_>, facts: &Facts) -> Result<Option<Cert>, StoreError> {
    // A replaced key that comes back is held against what is trusted now, not against itself.
    let counts = |k: &KnownPin| facts.names_this(k) && facts.counts(&k.pin);
    let gone = |k: &KnownPin| facts.names_this(k) && k.pin.state == PinState::Retired;
    let back = facts.known.pins.iter().any(gone) && !facts.known.pins.iter().any(counts);
    let same = |is_same: bool| is_same != back;
    let rank = |s: &crate::store::Sighting| {
        (same(s.cert == facts.leaf.cert), same(s.spki == facts.leaf.spki), !s.provisional, s.last)
    };
    // Of those last seen at the same time the one that was accepted last, which comes first.
    let from_baseline = facts.known.baseline.iter().rev().max_by_key(|s| rank(s)).map(|s| s.cert);
    let from_pins = facts
        .known
        .pins
        .iter()
        .filter(|k| is_leaf_pin(&k.pin) && k.pin.state != PinState::Blocked)
        .max_by_key(|k| (facts.names_this(k), k.pin.state == PinState::Trusted, k.pin.id))
        .and_then(|k| k.pin.cert);
    match from_baseline.or(from_pins) {
        Some(hash) => tx.cert(hash),
        None => Ok(None),
    }
}

fn compare(facts: &Facts, old: &Cert, new: &Cert, check: &Check<'_>) -> Previous {
    let pinned = |k: &KnownPin| {
        is_leaf_pin(&k.pin)
            && facts.counts(&k.pin)
            && (k.pin.value == PinValue::Sha256(old.spki()) || k.pin.value == PinValue::Sha256(old.fingerprint()))
    };
    let other_key = old.spki() != new.spki();
    let signed_new = other_key && facts.known.pins.iter().any(pinned) && new.signed_by(old) == SignatureCheck::Valid;
    let sighting = facts.known.baseline.iter().find(|s| s.cert == old.fingerprint());
    let new_names: HashSet<String> = new.host_names().into_iter().collect();
    let same_kind = old.key().algorithm == new.key().algorithm;
    Previous {
        cert: old.fingerprint(),
        spki: old.spki(),
        not_after: old.not_after(),
        not_before: old.not_before(),
        first: sighting.map_or(0, |s| s.first),
        last: sighting.map_or(0, |s| s.last),
        matches_host: old.match_service(&check.endpoint.host, check.services()) == HostMatch::Match,
        signed_new,
        names_lost: old.host_names().iter().any(|name| !new_names.contains(name)),
        weaker_key: other_key && (new.key().weak && !old.key().weak || same_kind && new.key().bits < old.key().bits),
        other_algorithm: other_key && !same_kind,
    }
}

/// A certificate under its own name that the old key signed looks like a bad signature to who does
/// not know the old key. It is not: its issuer is known here, only not an authority.
fn signed_by_the_old_key(leaf: &Cert, problems: &mut Vec<Problem>) {
    let about_leaf = |p: &Problem| p.kind == ProblemKind::BadSignature && p.statement.certificate.unwrap_or(0) == 0;
    let before = problems.len();
    problems.retain(|p| !about_leaf(p));
    if problems.len() < before {
        let issuer = leaf.issuer().attribute("CN").join(", ");
        let statement = Statement::new("untrusted-issuer").arg("issuer", issuer).about(0);
        problems.insert(0, Problem { kind: ProblemKind::UntrustedIssuer, statement });
    }
}

/// Nothing but the known was seen: neither what is known elsewhere nor a private CA matters.
fn settled(facts: &Facts) -> bool {
    let pinned = facts.trusted().any(|known| facts.names_this(known) && known.layer != Layer::Session);
    let seen = facts.known.baseline.iter().any(|s| s.cert == facts.leaf.cert && !s.provisional);
    seen && facts.known.upgrade.is_none() && (pinned || facts.ca_valid())
}

/// The topmost private CA above the leaf to which a path verifies, names and dates included. Not
/// one that has the leaf's key, nor one that is, or was issued by, a loaded root.
fn issuer_candidate(facts: &Facts, question: &Question<'_>) -> Option<Cert> {
    if facts.ca_path() || facts.ca_unavailable() || !facts.problems.without(Problems::NO_CA_PATH).is_empty() {
        return None;
    }
    let leaf = question.chain.leaf()?;
    let above: Vec<&Cert> = question.chain.certs().filter(|(index, _)| *index > 0).map(|(_, cert)| cert).collect();
    if above.iter().any(|cert| reaches_root(cert, question.roots)) {
        return None;
    }
    let fit = |cert: &&&Cert| is_ca(cert) && cert.spki() != leaf.spki();
    let candidates = above.iter().rev().filter(fit).take(MAX_CANDIDATES);
    let leads_to = |cert: &&Cert| {
        path_to(question, cert).is_some_and(|path| {
            let mut problems = Vec::new();
            add_revoked(question, &path, &mut problems);
            problems.is_empty()
        })
    };
    candidates.copied().find(leads_to).cloned()
}

/// Whether the root of another program could be pinned as an issuer, as one that was sent could.
fn fits_as_issuer(facts: &Facts, root: &Cert, question: &Question<'_>) -> bool {
    facts.problems.without(Problems::NO_CA_PATH).is_empty()
        && root.spki() != facts.leaf.spki
        && is_ca(root)
        && !reaches_root(root, question.roots)
}

fn is_ca(cert: &Cert) -> bool {
    let signs = cert.key_usage().is_none_or(|usage| usage.contains(&"keyCertSign"));
    signs && cert.basic_constraints().is_some_and(|constraints| constraints.ca)
}

fn reaches_root(cert: &Cert, roots: &Roots) -> bool {
    let issued = |root: &Cert| root.subject().same_as(cert.issuer()) && cert.signed_by(root) == SignatureCheck::Valid;
    roots.contains_key(cert.spki()) || roots.certs().any(issued)
}

/// Whether an authority was issued by a loaded root, or by one that was, as far as the certificates
/// at hand show it.
fn chains_to_root(cert: &Cert, question: &Question<'_>) -> bool {
    let sent = question.chain.certs().skip(1).map(|(_, above)| above);
    let above: Vec<&Cert> = sent.chain(question.intermediates).filter(|c| is_ca(c)).take(MAX_INTERMEDIATES).collect();
    let mut reached = cert;
    for _ in 0..MAX_CANDIDATES {
        if reaches_root(reached, question.roots) {
            return true;
        }
        let issued = |issuer: &&&Cert| {
            issuer.spki() != reached.spki()
                && issuer.subject().same_as(reached.issuer())
                && reached.signed_by(issuer) == SignatureCheck::Valid
        };
        match above.iter().find(issued) {
            Some(issuer) => reached = issuer,
            None => return false,
        }
    }
    false
}

fn is_loopback(host: &Host) -> bool {
    host.ip().is_some_and(|ip| ip.is_loopback()) || host.as_str() == "localhost"
}

/// A v3 onion service: 56 base32 characters that are its key.
fn is_onion_v3(host: &Host) -> bool {
    let Some(rest) = host.as_str().strip_suffix(".onion") else { return false };
    let label = rest.rsplit('.').next().unwrap_or(rest);
    label.len() == 56 && label.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
}
