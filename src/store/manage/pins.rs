//! Pins by hand: add, stage, retire, block, forget. A pin given by hand has no waiver yet; the
//! first match fixes it (docs/decision.md, rule 4).

use serde_json::{Map, Value};

use super::about_pin;
use super::list::PinEntry;
use crate::cert::Cert;
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::store::tx::Store;
use crate::store::tx::Tx;
use crate::store::tx::log::event;
use crate::store::tx::record::{
    Block, EndpointRecord, Event, Origin, Pin, PinKind, PinState, PinValue, Severity, Tombstone, Validated,
};
use crate::time::Timestamp;

/// A pin to add by hand.
#[derive(Debug, Clone)]
pub struct NewPin {
    /// What it names.
    pub kind: PinKind,
    /// [`PinState::Trusted`], [`PinState::Staged`], [`PinState::Blocked`] or [`PinState::Compromised`].
    pub state: PinState,
    /// The thing itself.
    pub value: PinValue,
    /// The certificate it was taken from, if it is at hand.
    pub cert: Option<Cert>,
    /// When it stops counting; 0 = never.
    pub expires: Timestamp,
    /// A note.
    pub comment: String,
}

/// What to forget of an endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forget {
    /// Pins, except blocked and compromised ones.
    pub pins: bool,
    /// What was seen.
    pub sightings: bool,
    /// Pending questions.
    pub pending: bool,
    /// The endpoint's own policy.
    pub policy: bool,
}

impl Forget {
    /// Everything that can be forgotten.
    pub const ALL: Self = Self { pins: true, sightings: true, pending: true, policy: true };
}

fn invalid<T>(what: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::Invalid { what: what.into() })
}

impl Tx<'_> {
    /// Changes one endpoint's record and logs that, undoably.
    fn change(
        &mut self,
        endpoint: &Endpoint,
        (code, severity, text): (&str, Severity, String),
        now: Timestamp,
        f: impl FnOnce(&mut EndpointRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.change_as(endpoint, event(Some(endpoint), code, severity, now, text), now, f)
    }

    /// [`Tx::change`] with its event.
    fn change_as(
        &mut self,
        endpoint: &Endpoint,
        event: Event,
        now: Timestamp,
        f: impl FnOnce(&mut EndpointRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let before = self.endpoint(endpoint)?;
        let mut record = before.clone().unwrap_or_else(|| EndpointRecord::new(endpoint.clone(), now));
        f(&mut record)?;
        if before.as_ref() != Some(&record) {
            self.put_endpoint(record)?;
            self.log_undoable(event, before.as_ref())?;
        }
        Ok(())
    }

    /// Adds a pin by hand; see [`Store::add_pin`].
    pub fn add_pin(&mut self, endpoint: &Endpoint, new: &NewPin, now: Timestamp) -> Result<u64, StoreError> {
        check(new)?;
        let canonical = match &new.value {
            PinValue::Name(name) => PinValue::name(name).ok_or_else(|| no_name(name))?,
            other => other.clone(),
        };
        let new = &NewPin { value: canonical, ..new.clone() };
        let trusting = matches!(new.state, PinState::Trusted | PinState::Staged);
        if let PinValue::Sha256(value) = &new.value {
            if trusting && !self.blocked(new.kind, &[*value])?.is_empty() {
                return invalid(format!("{} is blocked everywhere; lift the block first", value.hex()));
            }
        }
        let known = self.endpoint(endpoint)?.map(|r| r.pins).unwrap_or_default();
        let same = known.into_iter().find(|p| p.kind == new.kind && p.value == new.value);
        if trusting && same.as_ref().is_some_and(|p| p.refuses()) {
            return invalid(format!("this is blocked for {endpoint}; lift the block first"));
        }
        // A block is less than that: the wish is fulfilled already.
        if let Some(pin) = same.as_ref().filter(|p| p.state == PinState::Compromised) {
            return Ok(pin.id);
        }
        let id = match &same {
            Some(pin) => pin.id,
            None => self.new_pin_id()?,
        };
        if let Some(cert) = &new.cert {
            self.put_cert(cert)?;
        }
        let text = format!("{} {} by hand", new.value.named(new.kind), state_word(new.state));
        let event = event(Some(endpoint), event_code(new.state), Severity::Notice, now, text);
        let event = about_pin(event, new.kind, &new.value, new.cert.as_ref());
        self.change_as(endpoint, event, now, |record| {
            match record.pins.iter_mut().find(|p| p.id == id) {
                Some(pin) if pin.state == new.state && pin.expires == new.expires && pin.comment == new.comment => {}
                Some(pin) => {
                    if trusting {
                        // It is this call that lets it count again, whoever did before.
                        pin.origin = Origin::Managed;
                    }
                    pin.state = new.state;
                    pin.state_since = now;
                    pin.expires = new.expires;
                    pin.overlap_until = 0;
                    pin.comment.clone_from(&new.comment);
                }
                None => {
                    let replaced = staged_for(record, new);
                    record.pins.push(make(id, new, replaced, now));
                }
            }
            Ok(())
        })?;
        Ok(id)
    }

    /// Changes one pin; `text` says what happens to what it names.
    fn change_pin(
        &mut self,
        id: u64,
        (code, text): (&str, &str),
        now: Timestamp,
        f: impl FnOnce(&mut Pin) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let PinEntry::Endpoint(endpoint, pin) = self.find_pin(id)? else {
            return invalid(format!("pin {id} is a block everywhere; it can only be lifted"));
        };
        let event = self.pin_event(&endpoint, &pin, (code, text), now)?;
        self.change_as(&endpoint, event, now, |record| record.pins.iter_mut().find(|p| p.id == id).map_or(Ok(()), f))
    }

    /// The event of a change of a pin that is there: `pin 3, the key sha256//...: retired`.
    fn pin_event(
        &self,
        endpoint: &Endpoint,
        pin: &Pin,
        (code, text): (&str, &str),
        now: Timestamp,
    ) -> Result<Event, StoreError> {
        let cert = match pin.cert {
            Some(fingerprint) => self.cert(fingerprint)?,
            None => None,
        };
        let text = format!("pin {}, {}: {text}", pin.id, pin.value.named(pin.kind));
        let event = event(Some(endpoint), code, Severity::Notice, now, text);
        Ok(about_pin(event, pin.kind, &pin.value, cert.as_ref()))
    }
}

/// What a staged pin will replace: the one trusted pin of its kind, if there is exactly one.
fn staged_for<'r>(record: &'r EndpointRecord, new: &NewPin) -> Option<&'r Pin> {
    let mut trusted = record.pins.iter().filter(|p| p.state == PinState::Trusted && p.kind == new.kind);
    let only = trusted.next().filter(|_| new.state == PinState::Staged)?;
    trusted.next().is_none().then_some(only)
}

fn make(id: u64, new: &NewPin, replaced: Option<&Pin>, now: Timestamp) -> Pin {
    Pin {
        id,
        kind: new.kind,
        value: new.value.clone(),
        state: new.state,
        // A staged pin inherits the waiver of the one that it will replace.
        waiver: replaced.and_then(|r| r.waiver),
        waive_expired_until: 0,
        origin: Origin::Managed,
        comment: new.comment.clone(),
        created: now,
        state_since: now,
        last_matched: 0,
        expires: new.expires,
        overlap_until: 0,
        replaces: replaced.map_or(0, |r| r.id),
        cert: new.cert.as_ref().map(Cert::fingerprint),
        until_ca_valid: false,
        pinned_only: false,
        extra: Map::new(),
    }
}

fn no_name(name: &str) -> StoreError {
    let shown = crate::text::excerpt(name, 80);
    let what = format!("{shown} is not a name that a certificate can present (a wildcard stands above two labels)");
    StoreError::Invalid { what }
}

fn check(new: &NewPin) -> Result<(), StoreError> {
    match (new.kind, &new.value) {
        (PinKind::Name, PinValue::Name(_)) if new.cert.is_none() => {}
        (PinKind::Name, _) => return invalid("a name pin takes a name and no certificate"),
        (_, PinValue::Name(_)) => return invalid("only a name pin takes a name"),
        (kind, PinValue::Sha256(value)) => {
            let fits = new.cert.as_ref().is_none_or(|cert| match kind {
                PinKind::Certificate => cert.fingerprint() == *value,
                _ => cert.spki() == *value,
            });
            if !fits {
                return invalid("the certificate given is not the one that the pin names");
            }
        }
    }
    if new.state == PinState::Retired {
        return invalid("a pin is retired after it was trusted, not added so");
    }
    Ok(())
}

fn event_code(state: PinState) -> &'static str {
    match state {
        PinState::Trusted => "pin-added",
        PinState::Staged => "pin-staged",
        PinState::Retired => "pin-retired",
        PinState::Blocked => "pin-blocked",
        PinState::Compromised => "pin-compromised",
    }
}

fn state_word(state: PinState) -> &'static str {
    match state {
        PinState::Trusted => "trusted",
        PinState::Staged => "staged as the next one",
        PinState::Retired => "retired",
        PinState::Blocked => "blocked",
        PinState::Compromised => "retired as compromised",
    }
}

impl Store {
    /// Adds a pin by hand and returns its number. One that is there already takes the new state;
    /// what is blocked is not unblocked by this, and what is compromised stays exactly as it is.
    pub fn add_pin(&self, endpoint: &Endpoint, new: &NewPin, now: Timestamp) -> Result<u64, StoreError> {
        self.write(|tx| tx.add_pin(endpoint, new, now))
    }

    /// Sets a pin's state. A compromised pin is never revived; a blocked one can only be retired.
    pub fn set_pin_state(&self, id: u64, state: PinState, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            let before = tx.own_generation();
            tx.change_pin(id, (event_code(state), state_word(state)), now, |pin| {
                let allowed = match pin.state {
                    PinState::Compromised => state == PinState::Compromised,
                    PinState::Blocked => !matches!(state, PinState::Trusted | PinState::Staged),
                    _ => true,
                };
                if !allowed {
                    return invalid(format!(
                        "pin {id} is {} and cannot be {}",
                        state_word(pin.state),
                        state_word(state)
                    ));
                }
                // A person's word also ends the overlap of a pin that was retired by a promotion.
                if pin.state != state || pin.overlap_until != 0 {
                    if matches!(state, PinState::Trusted | PinState::Staged) {
                        pin.origin = Origin::Managed;
                    }
                    pin.state = state;
                    pin.state_since = now;
                    pin.overlap_until = 0;
                }
                Ok(())
            })?;
            // It counted no more already: what was trusted for a session ends with the word all the same.
            match tx.find_pin(id)? {
                PinEntry::Endpoint(endpoint, _) if tx.own_generation() == before && state != PinState::Trusted => {
                    tx.end_state(&endpoint)
                }
                _ => Ok(()),
            }
        })
    }

    /// Sets when a pin stops counting; 0 = never.
    pub fn set_pin_expiry(&self, id: u64, expires: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            let text = match expires {
                0 => "it counts without an end".to_owned(),
                at => format!("it counts until {}", crate::time::date_time(at)),
            };
            tx.change_pin(id, ("pin-expiry", &text), now, |pin| {
                pin.expires = expires;
                Ok(())
            })
        })
    }

    /// Sets a pin's comment.
    pub fn set_pin_comment(&self, id: u64, comment: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.change_pin(id, ("pin-comment", "a note was set"), now, |pin| {
                pin.comment = comment.to_owned();
                Ok(())
            })
        })
    }

    /// Forgets one pin. The endpoint keeps a tombstone where nothing else is left; a compromised or
    /// blocked pin is not forgotten, a block everywhere is lifted.
    pub fn forget_pin(&self, id: u64, now: Timestamp) -> Result<(), StoreError> {
        let (endpoint, pin) = match self.read(|tx| tx.find_pin(id))? {
            PinEntry::Everywhere(block) => return self.unblock(block.kind, block.value, now),
            PinEntry::Endpoint(endpoint, pin) => (endpoint, pin),
        };
        self.write(|tx| {
            let event = tx.pin_event(&endpoint, &pin, ("pin-forgotten", "forgotten"), now)?;
            tx.change_as(&endpoint, event, now, |record| {
                if record.pin(id).is_some_and(|p| p.refuses()) {
                    return invalid(format!("pin {id} is blocked; forgetting it would let it in again"));
                }
                record.pins.retain(|p| p.id != id);
                if record.pins.is_empty() && record.baseline.is_empty() {
                    bury(record, now);
                }
                Ok(())
            })
        })
    }

    /// Refuses a key or certificate: everywhere, or for one endpoint. Returns the number.
    pub fn block(
        &self,
        endpoint: Option<&Endpoint>,
        kind: PinKind,
        value: Hash,
        comment: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        if let Some(endpoint) = endpoint {
            let value = PinValue::Sha256(value);
            let comment = comment.to_owned();
            let new = NewPin { kind, state: PinState::Blocked, value, cert: None, expires: 0, comment };
            return self.add_pin(endpoint, &new, now);
        }
        self.write(|tx| {
            let known = tx.own_blocked(kind, &[value])?.pop();
            if let Some(known) = known.as_ref().filter(|known| known.published.is_none()) {
                return Ok(known.id);
            }
            // A block takes the place of a mark that says less.
            let id = known.map_or_else(|| tx.new_pin_id(), |known| Ok(known.id))?;
            let comment = comment.to_owned();
            tx.put_block(Block { id, kind, value, created: now, comment, published: None, extra: Map::new() })?;
            tx.log(everywhere_event("blocked-everywhere", kind, value, now))?;
            Ok(id)
        })
    }

    /// Marks a key as one whose private half is published, with `package`. It is not refused by that, but
    /// trusted only by its typed fingerprint. A key that is blocked everywhere stays blocked.
    pub fn mark_published(&self, value: Hash, package: &str, now: Timestamp) -> Result<u64, StoreError> {
        let kind = PinKind::Key;
        if package.trim().is_empty() {
            return invalid("a key is published with something: its name is missing");
        }
        self.write(|tx| {
            let known = tx.own_blocked(kind, &[value])?.pop();
            if let Some(known) = known.as_ref().filter(|k| k.published.as_deref().is_none_or(|p| p == package)) {
                return Ok(known.id);
            }
            let id = known.map_or_else(|| tx.new_pin_id(), |known| Ok(known.id))?;
            let (comment, published) = (format!("published with {package}"), Some(package.to_owned()));
            tx.put_block(Block { id, kind, value, created: now, comment, published, extra: Map::new() })?;
            tx.log(everywhere_event("published", kind, value, now))?;
            Ok(id)
        })
    }

    /// Lifts a refusal made for everywhere.
    pub fn unblock(&self, kind: PinKind, value: Hash, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.remove_block(kind, value)?;
            tx.log(everywhere_event("unblocked", kind, value, now)).map(|_| ())
        })
    }

    /// Lets a pin of a store below count no more for this endpoint: a retired pin of the same kind and value in this
    /// store. [`Store::forget_pin`] takes it away again. Returns its number.
    pub fn mask_pin(
        &self,
        endpoint: &Endpoint,
        kind: PinKind,
        value: &PinValue,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let canonical = match value {
            PinValue::Name(name) => PinValue::name(name).ok_or_else(|| no_name(name))?,
            other => other.clone(),
        };
        let value = &canonical;
        self.write(|tx| {
            if !tx.is_below(endpoint, kind, value)? {
                let what = format!("such a pin of {endpoint} in a store below");
                return Err(StoreError::NotFound { store: tx.store.name(), what });
            }
            let there = tx.endpoint(endpoint)?.map(|r| r.pins).unwrap_or_default();
            let there = there.into_iter().find(|p| p.kind == kind && p.value == *value);
            let id = match &there {
                Some(pin) => pin.id,
                None => tx.new_pin_id()?,
            };
            let text = format!("{}, which a store of the system has, masked", value.named(kind));
            let event = event(Some(endpoint), "pin-masked", Severity::Notice, now, text);
            tx.change_as(endpoint, about_pin(event, kind, value, None), now, |record| {
                match record.pins.iter_mut().find(|p| p.id == id) {
                    Some(pin) if matches!(pin.state, PinState::Trusted | PinState::Staged) => {
                        pin.state = PinState::Retired;
                        pin.state_since = now;
                        pin.overlap_until = 0;
                    }
                    Some(_) => {}
                    None => {
                        let (value, comment) = (value.clone(), String::new());
                        let mask = NewPin { kind, state: PinState::Retired, value, cert: None, expires: 0, comment };
                        record.pins.push(make(id, &mask, None, now));
                    }
                }
                Ok(())
            })?;
            Ok(id)
        })
    }

    /// Forgets an endpoint, or a part of it. What stays: blocked and compromised pins, what masks a pin of
    /// a store below, that it was once validated (forgetting is no way around a downgrade), and a tombstone, so that the next
    /// contact asks.
    pub fn forget(&self, endpoint: &Endpoint, what: Forget, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            let known = tx.endpoint(endpoint)?;
            let masks = known.as_ref().map_or(Ok(Vec::new()), |record| tx.masks_in(record))?;
            if known.is_none() && tx.pending_of(endpoint)?.is_empty() {
                return Err(StoreError::NotFound { store: tx.store.name(), what: endpoint.to_string() });
            }
            if what.pending {
                for pending in tx.pending_of(endpoint)? {
                    tx.remove_pending(endpoint, pending.spki)?;
                }
            }
            if known.is_none() {
                return Ok(());
            }
            let text = match tx.trusted_beyond(endpoint)?.as_slice() {
                [] => "forgotten".to_owned(),
                still => format!("forgotten; still trusted there: {}", still.join(", ")),
            };
            let text = ("forgotten", Severity::Notice, text);
            tx.change(endpoint, text, now, |record| {
                if what.pins {
                    record.pins.retain(|p| p.refuses() || masks.contains(&p.id));
                    // A mask in its overlap would go on to count.
                    record.pins.iter_mut().for_each(|p| p.overlap_until = 0);
                    record.upgrade = None;
                }
                if what.sightings {
                    record.baseline.clear();
                    record.observations.clear();
                    if let Some(Validated { keys, .. }) = &mut record.validated {
                        keys.clear();
                    }
                }
                if what.policy {
                    record.policy = None;
                    record.expect_change_until = 0;
                }
                if what.pins || what.sightings {
                    bury(record, now);
                }
                Ok(())
            })?;
            // Forgotten a moment ago: the record says so already, and trust for a session ends all the same.
            let generation = |record: Option<EndpointRecord>| record.map(|record| record.generation);
            match generation(tx.endpoint(endpoint)?) == generation(known) {
                true => tx.end_state(endpoint),
                false => Ok(()),
            }
        })
    }

    /// Sets or clears a policy: the store's own, or an endpoint's.
    pub fn set_policy(
        &self,
        endpoint: Option<&Endpoint>,
        policy: Option<&Map<String, Value>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| match endpoint {
            Some(endpoint) => {
                let what = ("policy-changed", Severity::Notice, "policy changed".to_owned());
                tx.change(endpoint, what, now, |record| {
                    record.policy = policy.cloned();
                    Ok(())
                })
            }
            None if tx.policy()?.as_ref() == policy => Ok(()),
            None => {
                let before = tx.policy()?;
                tx.set_policy(policy.cloned())?;
                let text = "store-wide policy changed".to_owned();
                tx.log_policy(event(None, "policy-changed", Severity::Notice, now, text), before).map(|_| ())
            }
        })
    }

    /// Announces that an endpoint will change, until then: a way back from a downgrade; 0 takes it back.
    pub fn expect_change(&self, endpoint: &Endpoint, until: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        if until != 0 && until <= now {
            let what = format!("until: {until} is in the past; it is a time, and not how long to wait");
            return Err(StoreError::Invalid { what });
        }
        self.write(|tx| {
            let text = match until {
                0 => "no change is expected any more".to_owned(),
                until => format!("a change is expected until {}", crate::time::date(until)),
            };
            tx.change(endpoint, ("change-expected", Severity::Warning, text), now, |record| {
                record.expect_change_until = until;
                Ok(())
            })
        })
    }
}

/// The event of a block everywhere, or of its lifting.
pub(in crate::store) fn everywhere_event(code: &str, kind: PinKind, value: Hash, now: Timestamp) -> Event {
    let what = match code {
        "unblocked" => "no longer blocked everywhere",
        "published" => "marked as one whose private half is published",
        _ => "blocked everywhere",
    };
    let value = PinValue::Sha256(value);
    let text = format!("{} {what}", value.named(kind));
    about_pin(event(None, code, Severity::Warning, now, text), kind, &value, None)
}

/// Leaves a tombstone.
pub(super) fn bury(record: &mut EndpointRecord, now: Timestamp) {
    let known_until = record.last_seen.max(record.validated.as_ref().map_or(0, |v| v.last));
    record.tombstone = Some(Tombstone { at: now, known_until });
}
