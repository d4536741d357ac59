//! Where a server stands, as a whole: what counts most for the next check, in a word and in a sentence. The
//! blocks that hold everywhere and the stores of the system below have their say in it.

use std::collections::BTreeSet;

use tofu::hash::Hash;
use tofu::store::{EndpointRecord, LayeredPin, Pin, PinKind, PinState, PinValue, Store, StoreError, Tx};
use tofu::time::Timestamp;

use crate::process::out::Style;

/// Where an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Trusted,
    System,
    Expired,
    Valid,
    Staged,
    Blocked,
    Forgotten,
    Retired,
    Accepted,
    Seen,
    Policy,
}

impl Standing {
    /// What counts most for the next check. `refused`: what was accepted last is blocked everywhere.
    fn of(own: &EndpointRecord, below: &[LayeredPin], refused: bool, now: Timestamp) -> Self {
        let has = |state: PinState| own.has_pin_in(&[state]);
        let below_has = |state: PinState| below.iter().any(|layered| layered.pin.state == state);
        let counts = |pin: &Pin| pin.state == PinState::Trusted && (pin.expires == 0 || pin.expires > now);
        let blocked = [PinState::Blocked, PinState::Compromised];
        if own.pins.iter().any(counts) {
            Self::Trusted
        } else if below.iter().any(|layered| counts(&layered.pin)) {
            Self::System
        } else if has(PinState::Trusted) {
            Self::Expired
        } else if own.validated.is_some() && !own.baseline.is_empty() && !refused {
            Self::Valid
        } else if has(PinState::Staged) || below_has(PinState::Staged) {
            Self::Staged
        } else if refused || blocked.iter().any(|state| has(*state) || below_has(*state)) {
            Self::Blocked
        } else if own.tombstone.is_some() {
            Self::Forgotten
        } else if has(PinState::Retired) {
            Self::Retired
        } else if !own.baseline.is_empty() {
            Self::Accepted
        } else if !own.observations.is_empty() {
            Self::Seen
        } else {
            Self::Policy
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::System => "system",
            Self::Expired => "expired",
            Self::Valid => "valid",
            Self::Staged => "staged",
            Self::Blocked => "blocked",
            Self::Forgotten => "forgotten",
            Self::Retired => "retired",
            Self::Accepted => "accepted",
            Self::Seen => "seen",
            Self::Policy => "policy",
        }
    }

    /// As part of a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Trusted => "trusted by a pin",
            Self::System => "trusted by a pin of the system's store",
            Self::Expired => "trusted by a pin that has expired",
            Self::Valid => "valid by a CA or DANE when last seen; not pinned",
            Self::Staged => "not trusted yet; a next key is announced",
            Self::Blocked => "has a blocked key and no trusted one",
            Self::Forgotten => "forgotten; the next contact asks",
            Self::Retired => "has no trusted key any more",
            Self::Accepted => "accepted before; no pin here trusts it",
            Self::Seen => "seen and never accepted",
            Self::Policy => "nothing but settings",
        }
    }

    pub fn style(self) -> Style {
        match self {
            Self::Trusted | Self::System | Self::Valid => Style::Good,
            Self::Expired | Self::Staged | Self::Accepted | Self::Seen => Style::Warn,
            Self::Blocked => Style::Bad,
            Self::Forgotten | Self::Retired | Self::Policy => Style::Dim,
        }
    }
}

/// What is blocked everywhere, in a store and in those below it.
#[derive(Debug, Default)]
pub struct Refusals {
    everywhere: BTreeSet<(PinKind, Hash)>,
    layered: bool,
}

impl Refusals {
    /// Read once for a whole list.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        let mut everywhere = BTreeSet::new();
        for each in std::iter::once(store).chain(store.layers()) {
            everywhere.extend(each.read(|tx| tx.blocks())?.into_iter().map(|block| (block.kind, block.value)));
        }
        Ok(Self { everywhere, layered: !store.layers().is_empty() })
    }

    /// Where an endpoint of that store stands.
    pub fn standing(&self, store: &Store, record: &EndpointRecord, now: Timestamp) -> Result<Standing, StoreError> {
        if self.everywhere.is_empty() && !self.layered {
            return Ok(Standing::of(record, &[], false, now));
        }
        store.read(|tx| -> Result<Standing, StoreError> {
            let (mut own, mut below) = (record.clone(), tx.layer_pins(&record.endpoint)?);
            for pin in own.pins.iter_mut().chain(below.iter_mut().map(|layered| &mut layered.pin)) {
                if matches!(pin.state, PinState::Trusted | PinState::Staged) && self.refuse(tx, pin)? {
                    pin.state = PinState::Blocked;
                }
            }
            // A block in any of the stores wins over trust in another one.
            let refused: Vec<(PinKind, PinValue)> = own
                .pins
                .iter()
                .chain(below.iter().map(|layered| &layered.pin))
                .filter(|pin| matches!(pin.state, PinState::Blocked | PinState::Compromised))
                .map(|pin| (pin.kind, pin.value.clone()))
                .collect();
            for pin in own.pins.iter_mut().chain(below.iter_mut().map(|layered| &mut layered.pin)) {
                if pin.state == PinState::Trusted && refused.contains(&(pin.kind, pin.value.clone())) {
                    pin.state = PinState::Blocked;
                }
            }
            let last = record.baseline.first();
            let last_refused = last.is_some_and(|seen| {
                self.everywhere.contains(&(PinKind::Key, seen.spki))
                    || self.everywhere.contains(&(PinKind::Certificate, seen.cert))
            });
            Ok(Standing::of(&own, &below, last_refused, now))
        })
    }

    fn refuse(&self, tx: &Tx<'_>, pin: &Pin) -> Result<bool, StoreError> {
        let PinValue::Sha256(value) = pin.value else { return Ok(false) };
        if self.everywhere.contains(&(pin.kind, value)) {
            return Ok(true);
        }
        let key = match pin.kind {
            PinKind::Certificate => tx.cert(value)?.map(|cert| cert.spki()),
            _ => None,
        };
        Ok(key.is_some_and(|key| self.everywhere.contains(&(PinKind::Key, key))))
    }
}
