//! What the store knows beyond the endpoint itself: other ports and accounts of the host, other
//! holders of the key, and whether many endpoints changed of late. It makes a decision stricter or
//! an explanation richer, and only the narrow sibling rule ever accepts by it (pitfall 22).

use super::facts::{Elsewhere, Facts, HINT_WINDOW, SiblingPin};
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::{EndpointRecord, Pin, PinKind, PinState, PinValue, StoreError, Tx};
use crate::time::Timestamp;

/// Holders of a key that are named, at most.
const MAX_HOLDERS: usize = 8;

/// Adds what is known elsewhere to the facts.
pub(super) fn look_around(tx: &Tx<'_>, endpoint: &Endpoint, facts: &mut Facts) -> Result<(), StoreError> {
    let spki = facts.leaf.spki;
    let mut found = Elsewhere::default();
    for record in tx.endpoints_of(&endpoint.host)? {
        if record.endpoint == *endpoint {
            continue;
        }
        let trusted = record.pins.iter().filter(|pin| facts.counts(pin));
        if record.endpoint.account == endpoint.account {
            let vouching = trusted.clone().filter(|pin| is_key(pin, spki));
            let here = |pin: &Pin| SiblingPin { endpoint: record.endpoint.clone(), pin: pin.clone() };
            found.siblings.extend(vouching.map(here));
        }
        found.host_ca_valid |= record.validated.as_ref().is_some_and(|v| v.ca);
        found.host_other_key |= knows_other_key(&record, spki);
    }
    for holder in tx.holders(spki, MAX_HOLDERS)? {
        let since = since(&holder, spki);
        let holder = holder.endpoint;
        let sibling = holder.host == endpoint.host && holder.account == endpoint.account;
        if holder != *endpoint && !sibling {
            found.holders.push((holder, since));
        }
    }
    facts.elsewhere = found;
    facts.changed_lately = changed_elsewhere(tx, facts)?;
    facts.contradicted = tx.pending(endpoint, spki)?.is_some_and(|pending| pending.contradicted);
    Ok(())
}

/// Other endpoints that changed of late. This one is not counted where its change is in the log.
fn changed_elsewhere(tx: &Tx<'_>, facts: &Facts) -> Result<usize, StoreError> {
    let since = facts.at().saturating_sub(HINT_WINDOW);
    let known = &facts.known;
    let seen_lately = known.observations.iter().any(|o| o.spki == facts.leaf.spki && o.last >= since)
        || known.baseline.iter().any(|s| s.spki == facts.leaf.spki && s.first >= since && known.upgrade.is_some());
    Ok(tx.changed_since(since)?.saturating_sub(usize::from(seen_lately && facts.key_is_new_here())))
}

fn is_key(pin: &Pin, spki: Hash) -> bool {
    pin.kind == PinKind::Key && pin.value == PinValue::Sha256(spki)
}

fn knows_other_key(record: &EndpointRecord, spki: Hash) -> bool {
    let holds = record.baseline.iter().any(|s| s.spki == spki) || record.pins.iter().any(|pin| is_key(pin, spki));
    let knows = !record.baseline.is_empty() || record.pins.iter().any(|pin| pin.state == PinState::Trusted);
    knows && !holds
}

fn since(record: &EndpointRecord, spki: Hash) -> Timestamp {
    let pinned = record.pins.iter().filter(|pin| is_key(pin, spki)).map(|pin| pin.created);
    let seen = record.baseline.iter().filter(|s| s.spki == spki).map(|s| s.first);
    pinned.chain(seen).min().unwrap_or(record.first_seen)
}
