//! Servers with keys of several kinds. Such a server shows each client the kind that it prefers, so
//! two programs can know one unchanged server by different keys. This module says when a second
//! connection is worth making and which keys it should look for. [`crate::tls::connect`] makes the
//! connection, and what it found becomes a fact of the check. Nothing is ever accepted because of it.

use super::inputs::{Check, CheckError};
use super::pins::blocked_everywhere;
use super::session::Session;
use crate::cert::{Cert, KeyAlgorithm, Published};
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::path::Chain;
use crate::store::{EndpointRecord, Pin, PinState, PinValue, Store, StoreError, Tx};
use crate::time::Timestamp;
use crate::trust::rules::facts::{Facts, Looked, is_leaf_pin};

/// What a second connection to the same server showed, on which only other kinds of keys were offered.
#[derive(Debug, Clone, Default)]
pub enum SecondLook {
    /// No second connection was made, or the server could not be reached with it.
    #[default]
    NotMade,
    /// The server finished the handshake with this chain and proved its key.
    Proved(Chain),
    /// The server finished no such handshake, or none with a known key.
    Nothing,
}

impl SecondLook {
    /// No second look, for a [`Check`].
    pub const NOT_MADE: &'static Self = &Self::NotMade;

    /// Whether both found the same.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NotMade, Self::NotMade) | (Self::Nothing, Self::Nothing) => true,
            (Self::Proved(one), Self::Proved(another)) => one.same_certs(another),
            _ => false,
        }
    }
}

/// What a second look is for: the keys trusted for an endpoint, and the kinds that they may be of.
#[derive(Debug, Clone)]
pub struct Sought {
    kinds: Vec<KeyAlgorithm>,
    values: Vec<PinValue>,
}

impl Sought {
    /// The kinds of keys to offer, none of them the one that was presented.
    pub fn kinds(&self) -> &[KeyAlgorithm] {
        &self.kinds
    }

    /// Whether this is the certificate of a key that was sought.
    pub fn includes(&self, leaf: &Cert) -> bool {
        self.values.iter().any(|value| names(value, leaf))
    }
}

/// The trusted keys that a second look should ask for. `None` if a trusted key is presented, or if none
/// can be of another kind than the presented one.
pub fn sought(store: &Store, check: &Check<'_>) -> Result<Option<Sought>, CheckError> {
    let Some(leaf) = check.chain.leaf() else { return Ok(None) };
    let session = store.attached::<Session>().pins(check.endpoint).into_iter().map(|given| given.pin);
    let session: Vec<Pin> = session.collect();
    let mut found = Sought { kinds: Vec::new(), values: Vec::new() };
    let nothing = store.read(|tx| -> Result<bool, CheckError> {
        let record = tx.endpoint(check.endpoint)?;
        for pin in trusted(tx, check.endpoint, record.as_ref(), session.clone(), check.now)? {
            if names(&pin.value, leaf) {
                return Ok(true);
            }
            let kinds = match kind(tx, &pin, record.as_ref())? {
                Some(kind) => vec![kind],
                None => KeyAlgorithm::PROVABLE.to_vec(),
            };
            let presented = leaf.key().algorithm;
            let new = |kind: &KeyAlgorithm| *kind != presented && !found.kinds.contains(kind);
            let kinds: Vec<KeyAlgorithm> = kinds.into_iter().filter(new).collect();
            found.kinds.extend(kinds);
            found.values.push(pin.value);
        }
        Ok(found.kinds.is_empty())
    })?;
    Ok((!nothing).then_some(found))
}

/// Judges a second look by what is trusted now. A key that is blocked anywhere counts for nothing.
pub(crate) fn looked(tx: &Tx<'_>, look: &SecondLook, facts: &Facts) -> Result<Looked, StoreError> {
    let chain = match look {
        SecondLook::NotMade => return Ok(Looked::Not),
        SecondLook::Nothing => return Ok(Looked::Nothing),
        SecondLook::Proved(chain) => chain,
    };
    let Some(leaf) = chain.leaf() else { return Ok(Looked::Nothing) };
    let known = facts.known.pins.iter().position(|known| {
        let trusted = known.pin.state == PinState::Trusted && facts.counts(&known.pin) && !facts.masked(known);
        is_leaf_pin(&known.pin) && names(&known.pin.value, leaf) && trusted
    });
    Ok(match known {
        Some(index) if leaf.spki() != facts.leaf.spki && !is_refused(tx, chain)? => Looked::KnownKey(index),
        _ => Looked::Nothing,
    })
}

/// Whether the proof is worth nothing: anything that was shown is blocked or compromised, everywhere or
/// for any endpoint, or its private key is published.
fn is_refused(tx: &Tx<'_>, chain: &Chain) -> Result<bool, StoreError> {
    let shown: Vec<(Hash, Hash)> = chain.certs().map(|(_, cert)| (cert.spki(), cert.fingerprint())).collect();
    for (spki, _) in &shown {
        if Published::of(*spki).is_some() || tx.published(*spki)?.is_some() {
            return Ok(true);
        }
    }
    let values: Vec<Hash> = shown.iter().flat_map(|(spki, cert)| [*spki, *cert]).collect();
    Ok(blocked_everywhere(tx, &shown)?.0 || tx.is_refused_anywhere(&values)?)
}

fn names(value: &PinValue, leaf: &Cert) -> bool {
    match value {
        PinValue::Sha256(hash) => {
            [leaf.spki(), leaf.fingerprint()].contains(hash) || leaf.spki_otherwise() == Some(*hash)
        }
        PinValue::Name(_) => false,
    }
}

/// The keys and certificates that are trusted here and now, from every layer.
fn trusted(
    tx: &Tx<'_>,
    endpoint: &Endpoint,
    record: Option<&EndpointRecord>,
    session: Vec<Pin>,
    now: Timestamp,
) -> Result<Vec<Pin>, StoreError> {
    let any = tx.endpoint(&Endpoint { account: Account::any(), ..endpoint.clone() })?;
    let own: Vec<Pin> = record.into_iter().chain(&any).flat_map(|r| r.pins.iter().cloned()).collect();
    let below = tx.layer_pins(endpoint)?.into_iter().map(|pin| pin.pin);
    let live =
        |pin: &Pin| is_leaf_pin(pin) && pin.state == PinState::Trusted && (pin.expires == 0 || pin.expires > now);
    Ok(own.into_iter().chain(below).chain(session).filter(live).collect())
}

/// The kind of a pinned key, where a certificate with it is kept.
fn kind(tx: &Tx<'_>, pin: &Pin, record: Option<&EndpointRecord>) -> Result<Option<KeyAlgorithm>, StoreError> {
    let seen = record.into_iter().flat_map(|r| &r.baseline);
    let same = |value: &PinValue, spki, cert| *value == PinValue::Sha256(spki) || *value == PinValue::Sha256(cert);
    let kept = pin.cert.or_else(|| seen.into_iter().find(|s| same(&pin.value, s.spki, s.cert)).map(|s| s.cert));
    Ok(match kept {
        Some(hash) => tx.cert(hash)?.map(|cert| cert.key().algorithm),
        None => None,
    })
}
