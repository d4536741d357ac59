//! What is known of the endpoint itself: its pins from every layer, its record, and what is blocked everywhere.

use super::authority::pinned_path;
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::path::{Path, Question};
use crate::store::{EndpointRecord, Origin, Pin, PinKind, PinState, StoreError, Tx};
use crate::time::Timestamp;
use crate::trust::rules::clock;
use crate::trust::rules::facts::{Known, KnownPin, Layer};

pub(super) fn any_account(tx: &Tx<'_>, endpoint: &Endpoint) -> Result<Option<EndpointRecord>, StoreError> {
    if endpoint.account == Account::any() {
        return Ok(None);
    }
    tx.endpoint(&Endpoint { account: Account::any(), ..endpoint.clone() })
}

/// Pins of every layer, each issuer pin with the validated path to it, where there is one. What the
/// endpoint's own record says of a kind and value stands in the place of what is said for any
/// account, save that a refusal is never overridden.
pub(super) fn known_pins(
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

/// What is known, of which nothing can have been after `latest`.
pub(super) fn known(record: Option<&EndpointRecord>, mut pins: Vec<KnownPin>, latest: Timestamp) -> Known {
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

/// What a person set aside of the stores below: retired here by hand, and there all the same.
pub(super) fn masks(tx: &Tx<'_>, record: Option<&EndpointRecord>) -> Result<Vec<u64>, StoreError> {
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

/// Whether anything is blocked everywhere, and in which store below where it is not in the user's own.
pub(super) fn blocked_everywhere(tx: &Tx<'_>, elements: &[(Hash, Hash)]) -> Result<(bool, Option<usize>), StoreError> {
    let keys: Vec<Hash> = elements.iter().map(|(spki, _)| *spki).collect();
    let certs: Vec<Hash> = elements.iter().map(|(_, cert)| *cert).collect();
    let layer = match tx.blocked_in(PinKind::Key, &keys)? {
        None => tx.blocked_in(PinKind::Certificate, &certs)?,
        some => some,
    };
    Ok((layer.is_some(), layer.flatten()))
}
