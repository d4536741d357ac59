//! What the stores know beyond the endpoint itself: other ports and accounts of the host, other
//! holders of the key, where a key was refused, and whether many endpoints changed of late. It makes
//! a decision stricter or an explanation richer, and only the narrow sibling rule ever accepts by it
//! (docs/pitfalls.md#22). Stores below are looked at wherever the user's own store is.

use std::collections::{BTreeMap, BTreeSet};

use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::store::{EndpointRecord, Pin, PinKind, PinState, PinValue, Sighting, StoreError, Tx};
use crate::time::Timestamp;
use crate::trust::rules::facts::{CURRENT, Elsewhere, Facts, HINT_WINDOW, Objection, ObjectionKind, SiblingPin};

/// Holders of a key that are named, at most.
const MAX_HOLDERS: usize = 8;
/// Endpoints with the key that are looked at for one that holds it, at most.
const MAX_CANDIDATES: usize = 64;
/// Blocks, and marks as compromised, that are named, at most of each kind and store. One of either is enough to ask.
const MAX_REFUSALS: usize = 8;

/// Adds what is known elsewhere to the facts.
pub(crate) fn look_around(tx: &Tx<'_>, endpoint: &Endpoint, facts: &mut Facts) -> Result<(), StoreError> {
    let mut found = Elsewhere { objections: refusals(tx, endpoint, facts)?, ..Elsewhere::default() };
    for neighbour in neighbours(tx, endpoint)? {
        if neighbour.endpoint.account == endpoint.account {
            found.siblings.extend(neighbour.vouching(facts));
        }
        found.host_ca_valid |= neighbour.ca_valid;
        found.host_other_key |= neighbour.is_known() && !neighbour.holds(facts);
        found.objections.extend(neighbour.replaced(facts));
    }
    found.objections.sort_by_key(|o| std::cmp::Reverse((o.kind, o.since)));
    found.holders = holders(tx, endpoint, facts)?;
    facts.elsewhere = found;
    facts.changed_lately = changed_elsewhere(tx, endpoint, facts)?;
    facts.contradicted = tx.pending(endpoint, facts.leaf.spki)?.is_some_and(|pending| pending.contradicted);
    Ok(())
}

/// Adds refusals alone: what is looked at even where the endpoint's own record settles the rest.
pub(crate) fn look_for_refusals(tx: &Tx<'_>, endpoint: &Endpoint, facts: &mut Facts) -> Result<(), StoreError> {
    facts.elsewhere.objections = refusals(tx, endpoint, facts)?;
    Ok(())
}

/// Where keys and certificates of this chain are blocked or compromised. Those of the endpoint itself
/// are among its pins (rule 2).
fn refusals(tx: &Tx<'_>, endpoint: &Endpoint, facts: &Facts) -> Result<Vec<Objection>, StoreError> {
    let mut values: Vec<Hash> = facts.elements.iter().flat_map(|(spki, cert)| [*spki, *cert]).collect();
    values.sort_unstable();
    values.dedup();
    let any = Endpoint { account: Account::any(), ..endpoint.clone() };
    let found = tx.refusals_of(&values, MAX_REFUSALS)?.into_iter();
    let others = found.filter(|refusal| refusal.endpoint != *endpoint && refusal.endpoint != any);
    let mut objections: Vec<Objection> = others
        .map(|refusal| {
            let kind = match refusal.pin.state {
                PinState::Compromised => ObjectionKind::Compromised,
                _ => ObjectionKind::Blocked,
            };
            Objection { kind, endpoint: refusal.endpoint, since: refusal.pin.state_since }
        })
        .collect();
    objections.sort_by_key(|o| std::cmp::Reverse((o.kind, o.since)));
    Ok(objections)
}

/// Another port or account of the host, as all stores know it together.
struct Neighbour {
    endpoint: Endpoint,
    /// Pins that apply there: its own, and those of stores below that are not set aside.
    pins: Vec<Pin>,
    baseline: Vec<Sighting>,
    ca_valid: bool,
}

impl Neighbour {
    fn of(endpoint: Endpoint) -> Self {
        Self { endpoint, pins: Vec::new(), baseline: Vec::new(), ca_valid: false }
    }

    fn vouching(&self, facts: &Facts) -> Vec<SiblingPin> {
        let vouches = |pin: &&Pin| facts.counts(pin) && pin.kind == PinKind::Key && names_leaf(pin, facts);
        let sibling = |pin: &Pin| SiblingPin { endpoint: self.endpoint.clone(), pin: pin.clone() };
        self.pins.iter().filter(vouches).map(sibling).collect()
    }

    /// Something was accepted or decided there. An endpoint that only refuses keys is known too.
    fn is_known(&self) -> bool {
        !self.baseline.is_empty() || !self.pins.is_empty()
    }

    fn holds(&self, facts: &Facts) -> bool {
        holds(&self.pins, &self.baseline, facts)
    }

    /// The key was trusted there and is not any more. One in its overlap counts there still, but is
    /// on its way out, and is not to be taken up elsewhere.
    fn replaced(&self, facts: &Facts) -> Option<Objection> {
        let mut named = self.pins.iter().filter(|pin| names_leaf(pin, facts));
        if named.clone().any(|pin| pin.state == PinState::Trusted && facts.counts(pin)) {
            return None;
        }
        let retired = named.find(|pin| pin.state == PinState::Retired)?;
        let endpoint = self.endpoint.clone();
        Some(Objection { kind: ObjectionKind::Replaced, endpoint, since: retired.state_since })
    }
}

/// The other endpoints of the host.
fn neighbours(tx: &Tx<'_>, endpoint: &Endpoint) -> Result<Vec<Neighbour>, StoreError> {
    let mut found: BTreeMap<Endpoint, Neighbour> = BTreeMap::new();
    let mut place = |record: EndpointRecord| -> Vec<Pin> {
        let there = record.endpoint.clone();
        let neighbour = found.entry(there.clone()).or_insert_with(|| Neighbour::of(there));
        neighbour.baseline.extend(record.baseline);
        neighbour.ca_valid |= record.validated.is_some_and(|v| v.ca);
        record.pins
    };
    let mut own = Vec::new();
    for record in tx.endpoints_of(&endpoint.host)? {
        own.push((record.endpoint.clone(), place(record)));
    }
    let mut ports = BTreeSet::new();
    for record in tx.endpoints_below(&endpoint.host)? {
        ports.insert(record.endpoint.port);
        // Which of its pins count there is for the view of all stores to say.
        place(record);
    }
    for (there, pins) in own {
        found.entry(there).and_modify(|neighbour| neighbour.pins = pins);
    }
    found.remove(endpoint);
    let below = found.values_mut().filter(|neighbour| ports.contains(&neighbour.endpoint.port));
    for neighbour in below {
        neighbour.pins.extend(tx.layer_pins(&neighbour.endpoint)?.into_iter().map(|below| below.pin));
    }
    Ok(found.into_values().collect())
}

/// Endpoints of other hosts and accounts that hold the key now, with the time since when.
fn holders(tx: &Tx<'_>, endpoint: &Endpoint, facts: &Facts) -> Result<Vec<(Endpoint, Timestamp)>, StoreError> {
    let mut found: Vec<(Endpoint, Timestamp)> = Vec::new();
    for record in tx.holders(facts.leaf.spki, MAX_CANDIDATES)? {
        let there = record.endpoint.clone();
        let sibling = there.host == endpoint.host && there.account == endpoint.account;
        if sibling || found.len() >= MAX_HOLDERS || found.iter().any(|(known, _)| *known == there) {
            continue;
        }
        let mut pins = record.pins.clone();
        if tx.has_layers() {
            pins = tx.endpoint(&there)?.map(|own| own.pins).unwrap_or_default();
            pins.extend(tx.layer_pins(&there)?.into_iter().map(|below| below.pin));
        }
        if holds(&pins, &record.baseline, facts) {
            found.push((there, since(&record, facts)));
        }
    }
    Ok(found)
}

/// A key is held by a pin that counts now, or by a current accepted sighting without a later refusal.
fn holds(pins: &[Pin], baseline: &[Sighting], facts: &Facts) -> bool {
    let named = || pins.iter().filter(|pin| names_leaf(pin, facts));
    if named().any(|pin| facts.counts(pin)) {
        return true;
    }
    let accepted = || baseline.iter().filter(|seen| !seen.provisional);
    let newest = accepted().map(|seen| seen.last).max().unwrap_or(0);
    let refused = named().filter(|pin| pin.state != PinState::Staged).map(|pin| pin.state_since).max();
    accepted().any(|seen| {
        seen.spki == facts.leaf.spki
            && newest.saturating_sub(seen.last) <= CURRENT
            && refused.is_none_or(|refused| refused < seen.last)
    })
}

/// Other endpoints of this account that changed recently. This one is not counted where its change is in the log.
fn changed_elsewhere(tx: &Tx<'_>, endpoint: &Endpoint, facts: &Facts) -> Result<usize, StoreError> {
    let since = facts.at().saturating_sub(HINT_WINDOW);
    let known = &facts.known;
    let seen_lately = known.observations.iter().any(|o| o.spki == facts.leaf.spki && o.last >= since)
        || known.baseline.iter().any(|s| s.spki == facts.leaf.spki && s.first >= since && known.upgrade.is_some());
    Ok(tx.changed_since(&endpoint.account, since)?.saturating_sub(usize::from(seen_lately && facts.key_is_new_here())))
}

/// Whether a pin names this leaf, by its key or as a certificate. Says nothing of its state.
fn names_leaf(pin: &Pin, facts: &Facts) -> bool {
    match (pin.kind, &pin.value) {
        (PinKind::Key, PinValue::Sha256(hash)) => *hash == facts.leaf.spki,
        (PinKind::Certificate, PinValue::Sha256(hash)) => *hash == facts.leaf.cert,
        _ => false,
    }
}

fn since(record: &EndpointRecord, facts: &Facts) -> Timestamp {
    let pinned = record.pins.iter().filter(|pin| names_leaf(pin, facts)).map(|pin| pin.created);
    let seen = record.baseline.iter().filter(|s| s.spki == facts.leaf.spki).map(|s| s.first);
    pinned.chain(seen).min().unwrap_or(record.first_seen)
}
