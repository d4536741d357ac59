//! Undo: puts an endpoint back to what it was before an event, unless another change came after it. What
//! contact has taught since is kept. It never lifts a block, never revives a compromised key, and never
//! forgets that an endpoint was once validated; a change that was nothing else is passed over where no event
//! is named.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::history::{Change, History};
use super::list::PinEntry;
use crate::store::error::StoreError;
use crate::store::tx::Store;
use crate::store::tx::Tx;
use crate::store::tx::endpoints::relevant;
use crate::store::tx::log::{
    self, BATCH, Left, UNDOES, UNDONE, before, endpoint_of, event, policy_before, policy_hash,
};
use crate::store::tx::record::{
    EndpointRecord, Event, Pin, PinKind, PinState, PinValue, Severity, Sighting, Tombstone, Validation,
};
use crate::text::count;
use crate::time::Timestamp;

/// What [`Store::undo`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// The events whose changes were taken back, oldest first: one, or all of an import.
    pub events: Vec<u64>,
    /// Events that stand, latest first: later ones that were passed over in the search for the last change that can be
    /// undone, and those of which undo could take back nothing, or not everything (these are among `events` too). Undo
    /// lifts no block and revives no compromised key, and a block everywhere, its lifting, `dismiss` and `prune` are
    /// for good.
    pub kept: Vec<u64>,
    /// The blocked and compromised pins that the changes taken back had set, or that were different before them, and
    /// that stay as they are.
    pub stays: Vec<PinEntry>,
    /// The event to undo in order to take this back, all of it.
    pub event: u64,
}

impl Store {
    /// Undoes the change of an event, or the last change that can be undone and was not yet: one that only blocked is
    /// passed over, and so is what the same endpoint went through before that. An import is undone as a whole, and
    /// the undoing of an import as well. [`StoreError::Overtaken`] where an endpoint was changed since, which mere
    /// contact does not do, [`StoreError::NotFound`] where there is no such change, [`StoreError::Invalid`] for what
    /// undo never takes back: a restore, and all that came before it, among that.
    pub fn undo(&self, id: Option<u64>, now: Timestamp) -> Result<Undone, StoreError> {
        self.write(|tx| {
            let (id, kept) = match id {
                Some(id) => (id, Vec::new()),
                None => tx.last_undoable(now)?,
            };
            let first = tx.event(id)?.ok_or_else(|| tx.no_such_event(id))?;
            let events = match first.extra.get(BATCH).and_then(Value::as_u64) {
                Some(batch) => tx.batch(batch)?,
                None => vec![first],
            };
            let history = tx.history(events.first().map_or(id, |event| event.id))?;
            // Of an import that was undone but for what it blocked, that is what is left.
            let (events, gone): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| !history.is_undone(event.id));
            if events.is_empty() {
                let what = format!("{} is undone already", gone.first().map_or_else(String::new, name));
                return Err(StoreError::Overtaken { store: tx.store.name(), what });
            }
            let mut done = Undone { kept, event: tx.meta.next_event, ..Undone::default() };
            // What belongs together is put back together, also by the undo of this undo.
            let batch = (events.len() > 1).then_some(done.event);
            for event in events.iter().rev() {
                tx.undo(event, &history, batch, now, &mut done)?;
            }
            done.events.reverse();
            done.kept.sort_by_key(|id| Reverse(*id));
            match (done.events.as_slice(), done.kept.first()) {
                ([], Some(kept)) => Err(stands(*kept)),
                _ => Ok(done),
            }
        })
    }
}

impl Tx<'_> {
    fn no_such_event(&self, id: u64) -> StoreError {
        StoreError::NotFound { store: self.store.name(), what: format!("event {id} to undo") }
    }

    /// The last change that can be undone and was not yet, and the later ones passed over since they never can be.
    fn last_undoable(&self, now: Timestamp) -> Result<(u64, Vec<u64>), StoreError> {
        let history = self.history(0)?;
        let mut kept = Vec::new();
        let mut blocked = BTreeSet::new();
        for change in history.standing().filter(|change| !change.is_undo) {
            // What came before a block can only be undone together with it.
            if kept.contains(&change.id) || change.endpoint.as_ref().is_some_and(|e| blocked.contains(e)) {
                continue;
            }
            // Of an import something else may be left to undo.
            let together: Vec<&Change> =
                history.standing().filter(|other| other.id == change.id || other.is_with(change)).collect();
            for member in &together {
                if !self.never_undone(member, &history, now)? {
                    kept.extend(history.lasting_after(change.id));
                    kept.sort_by_key(|id| Reverse(*id));
                    return Ok((change.id, kept));
                }
            }
            kept.extend(together.iter().map(|member| member.id));
            blocked.extend(together.iter().filter_map(|member| member.endpoint.clone()));
        }
        let newest = kept.first().copied();
        let lasting = history.lasting_after(0).next().filter(|id| newest.is_none_or(|kept| *id > kept));
        let what = match (lasting, newest, history.restored) {
            (Some(lasting), _, _) => format!("event {lasting} is for good, and nothing else is there to undo"),
            (None, Some(newest), _) => return Err(stands(newest)),
            (None, None, Some(id)) => {
                format!("event {id} is a restore, which is for good; nothing from before it can be undone")
            }
            (None, None, None) => {
                return Err(StoreError::NotFound { store: self.store.name(), what: "a change to undo".to_owned() });
            }
        };
        Err(StoreError::Invalid { what })
    }

    /// Whether nothing changed the endpoint since, and undo would leave it as it is: a block stands.
    fn never_undone(&self, change: &Change, history: &History, now: Timestamp) -> Result<bool, StoreError> {
        let Some(event) = self.event(change.id)? else { return Ok(false) };
        let (Some(before), Some(left), Some(endpoint)) = (before(&event), Left::of(&event), endpoint_of(&event)) else {
            return Ok(false);
        };
        let Some(current) = self.endpoint(&endpoint)? else { return Ok(false) };
        let overtaken = history.after(Some(&endpoint), change.id).is_some() || left.hash != Left::hash_of(&current)?;
        Ok(!overtaken && restored(before, &left, &current, now).is_none())
    }

    /// The events of an import, or of its undoing.
    fn batch(&self, batch: u64) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        self.events_from(batch, |event: Event| {
            // Events that belong together follow each other.
            let with = event.extra.get(BATCH).and_then(Value::as_u64) == Some(batch);
            events.extend(with.then_some(event));
            Ok(with)
        })?;
        if events.is_empty() {
            let what = "the log no longer holds all of this import; it cannot be undone".to_owned();
            return Err(StoreError::Invalid { what });
        }
        Ok(events)
    }

    /// Undoes one event, as far as it can be taken back, and says in `done` how far that is.
    fn undo(
        &mut self,
        event: &Event,
        history: &History,
        batch: Option<u64>,
        now: Timestamp,
        done: &mut Undone,
    ) -> Result<(), StoreError> {
        if let Some((before, left)) = policy_before(event) {
            self.undo_policy(event, before, left, history, now)?;
            done.events.push(event.id);
            return Ok(());
        }
        let (Some(before), Some(left), Some(endpoint)) = (before(event), Left::of(event), endpoint_of(event)) else {
            return Err(StoreError::Invalid { what: format!("{} cannot be undone", name(event)) });
        };
        let overtaken = |what: String| StoreError::Overtaken { store: self.store.name(), what };
        if let Some(later) = history.after(Some(&endpoint), event.id) {
            let what = match self.never_undone(later, history, now)? {
                true => "undo lifts no block and revives no compromised key; change by hand what is to be different",
                false => "undo that one first",
            };
            let after = name(event);
            return Err(overtaken(format!("{later} changed {endpoint} after {after}: {what}")));
        }
        let current = self.endpoint(&endpoint)?;
        let current = current.unwrap_or_else(|| EndpointRecord::new(endpoint.clone(), now));
        if Left::hash_of(&current)? != left.hash {
            let what = format!("the pins of {endpoint} are no longer what {} left: a contact promoted or", name(event));
            return Err(overtaken(format!("{what} retired one; change by hand what is to be different")));
        }
        let stays = held(before.as_ref(), &left, &current);
        if !stays.is_empty() {
            done.kept.push(event.id);
        }
        let Some(restored) = restored(before, &left, &current, now) else {
            if stays.is_empty() {
                done.kept.push(event.id);
            }
            return Ok(());
        };
        match knows_nothing(&restored) {
            true => self.remove_endpoint(&endpoint)?,
            false => self.put_endpoint(restored)?,
        }
        let but: Vec<String> = stays.iter().map(stays_as).collect();
        let but = if but.is_empty() { String::new() } else { format!("; {}", but.join(", ")) };
        done.stays.extend(stays.into_iter().map(|pin| PinEntry::Endpoint(endpoint.clone(), Box::new(pin))));
        done.events.push(event.id);
        let text = format!("event {} undone{but}", event.id);
        let mut undone = log::event(Some(&endpoint), UNDONE, Severity::Notice, now, text);
        undone.extra.insert(UNDOES.to_owned(), Value::from(event.id));
        undone.extra.extend(batch.map(|batch| (BATCH.to_owned(), Value::from(batch))));
        self.log_undoable(undone, Some(&current)).map(drop)
    }

    /// Undoes a change of the store-wide policy.
    fn undo_policy(
        &mut self,
        event: &Event,
        before: Option<Map<String, Value>>,
        left: &str,
        history: &History,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let overtaken = |what: String| StoreError::Overtaken { store: self.store.name(), what };
        if let Some(later) = history.after(None, event.id) {
            let after = name(event);
            return Err(overtaken(format!("{later} changed the store-wide policy after {after}: undo that one first")));
        }
        let current = self.policy()?;
        if policy_hash(current.as_ref())? != left {
            return Err(overtaken(format!("the store-wide policy is no longer what {} left", name(event))));
        }
        self.set_policy(before)?;
        let text = format!("event {} undone: the store-wide policy is as it was", event.id);
        let mut undone = log::event(None, UNDONE, Severity::Notice, now, text);
        undone.extra.insert(UNDOES.to_owned(), Value::from(event.id));
        self.log_policy(undone, current).map(drop)
    }
}

/// Whether a record says nothing that its absence would not: settings of an unknown server were all that there was.
fn knows_nothing(record: &EndpointRecord) -> bool {
    let nothing = EndpointRecord::new(record.endpoint.clone(), record.first_seen);
    *record == EndpointRecord { generation: record.generation, starttls: record.starttls, ..nothing }
}

fn stands(event: u64) -> StoreError {
    StoreError::Invalid { what: format!("event {event}: undo lifts no block and revives no compromised key") }
}

/// `event 3 (pin-added)`.
fn name(event: &Event) -> String {
    format!("event {} ({})", event.id, crate::text::excerpt(&event.code, 40))
}

/// `pin 3, the key sha256//..., stays blocked`.
fn stays_as(pin: &Pin) -> String {
    format!("pin {}, {}, stays {}", pin.id, pin.value.named(pin.kind), pin.state.code())
}

/// The refused pins that would not be there, or would be in another state, if undo took the whole change back.
fn held(before: Option<&EndpointRecord>, left: &Left, current: &EndpointRecord) -> Vec<Pin> {
    let refused = current.pins.iter().filter(|pin| pin.refuses() && left.pins.contains(&pin.id));
    let was = |pin: &Pin| before.and_then(|record| record.pin(pin.id)).map(|pin| pin.state);
    refused.filter(|pin| was(pin) != Some(pin.state)).cloned().collect()
}

/// What undo makes of an endpoint; `None` where a block or a compromised key is all that the change left.
fn restored(
    before: Option<EndpointRecord>,
    left: &Left,
    current: &EndpointRecord,
    now: Timestamp,
) -> Option<EndpointRecord> {
    let new = before.is_none();
    let mut restored = merge(before, left, current);
    let unchanged = relevant(&restored) == relevant(current);
    for pin in current.pins.iter().filter(|pin| pin.refuses()) {
        restored.pins.retain(|p| p.id != pin.id && (p.kind != pin.kind || p.value != pin.value));
        restored.pins.push(pin.clone());
    }
    restored.pins.sort_by_key(|p| p.id);
    if relevant(&restored) == relevant(current) {
        return unchanged.then_some(restored);
    }
    let trusted = !current.pins.is_empty() || !current.baseline.is_empty() || current.validated.is_some();
    if new && (trusted || current.tombstone.is_some()) {
        // Nothing was known before: the next contact asks all the same.
        restored.tombstone = Some(Tombstone { at: now, known_until: current.last_seen });
    }
    Some(restored)
}

/// The record as it was before, with what contact has taught since.
fn merge(before: Option<EndpointRecord>, left: &Left, current: &EndpointRecord) -> EndpointRecord {
    let mut restored = before.unwrap_or_else(|| EndpointRecord::new(current.endpoint.clone(), current.first_seen));
    restored.endpoint = current.endpoint.clone();
    restored.generation = current.generation;
    restored.last_seen = restored.last_seen.max(current.last_seen);
    restored.starttls = current.starttls;
    restored.observations.clone_from(&current.observations);
    if current.validated.is_some() {
        restored.validated.clone_from(&current.validated);
    }
    // A pin that the change left and that is gone lapsed since.
    restored.pins.retain(|pin| !left.pins.contains(&pin.id) || current.pin(pin.id).is_some());
    // Trust until the next renewal ended when that was seen, whatever state the pin had by then.
    restored.pins.retain(|pin| !(pin.until_ca_valid && pin.state == PinState::Trusted && renewed(current, pin)));
    for pin in &mut restored.pins {
        if let Some(now) = current.pin(pin.id) {
            pin.last_matched = pin.last_matched.max(now.last_matched);
            // The first match fixes a waiver once and for all, unless it was the change that set it.
            if !left.waivers.contains(&pin.id) {
                pin.waiver = now.waiver;
            }
        }
    }
    if !left.upgrade {
        restored.upgrade.clone_from(&current.upgrade);
    }
    if !restored.has_pin_in(&[PinState::Trusted]) {
        restored.upgrade = None;
    }
    baseline(&mut restored, left, current);
    restored
}

/// Whether a CA has vouched for the server since that pin was made.
fn renewed(current: &EndpointRecord, pin: &Pin) -> bool {
    let by_ca = current.baseline.iter().filter(|seen| seen.validation == Validation::Ca && !seen.provisional);
    let validated = current.validated.iter().filter(|validated| validated.ca).map(|validated| validated.last);
    by_ca.map(|seen| seen.first).chain(validated).any(|seen| seen > pin.created)
}

/// Sightings from before, and those since that do not rest on what is undone.
fn baseline(restored: &mut EndpointRecord, left: &Left, current: &EndpointRecord) {
    let before = std::mem::take(&mut restored.baseline);
    let rests_on_what_stays = |seen: &Sighting| match seen.validation {
        Validation::Ca | Validation::Dane => true,
        Validation::Pinned | Validation::None => restored.pins.iter().any(|pin| vouches(pin, seen)),
    };
    let learnt = |seen: &&Sighting| {
        let known = before.iter().any(|old| old.cert == seen.cert);
        known || (!left.sightings.contains(&seen.cert) && rests_on_what_stays(seen))
    };
    let mut kept: Vec<Sighting> = current.baseline.iter().filter(learnt).cloned().collect();
    for old in before {
        match kept.iter_mut().find(|seen| seen.cert == old.cert) {
            Some(seen) => seen.first = seen.first.min(old.first),
            None => kept.push(old),
        }
    }
    kept.retain(|seen| !seen.provisional || restored.upgrade.is_some());
    kept.sort_by_key(|seen| Reverse(seen.first));
    restored.baseline = kept;
}

fn vouches(pin: &Pin, seen: &Sighting) -> bool {
    let named = match pin.kind {
        PinKind::Key => pin.value == PinValue::Sha256(seen.spki),
        PinKind::Certificate => pin.value == PinValue::Sha256(seen.cert),
        PinKind::Issuer | PinKind::Name => seen.validation == Validation::Pinned,
    };
    named && pin.state == PinState::Trusted
}

/// The event that an import leaves for an endpoint that it touched: one that was new, or one that was known and of
/// which it refused so many pins.
pub(in crate::store) fn import_event(record: &EndpointRecord, refused: u64, batch: u64, now: Timestamp) -> Event {
    let text = match refused {
        0 => format!("imported with {}", count(u64::try_from(record.pins.len()).unwrap_or(u64::MAX), "pin")),
        _ => format!("an import blocked {} here", count(refused, "pin")),
    };
    let mut event = event(Some(&record.endpoint), "imported", Severity::Notice, now, text);
    event.extra.insert(BATCH.to_owned(), Value::from(batch));
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::store::tx::meta::MAX_NUMBER;
    use crate::store::{NewPin, StoreOptions};

    const NOW: Timestamp = 1_000_000;

    fn add(store: &Store, host: &str) -> Result<u64, StoreError> {
        let value = PinValue::Sha256(Hash::of(host.as_bytes()));
        let (kind, state) = (PinKind::Key, PinState::Trusted);
        let new = NewPin { kind, state, value, cert: None, expires: 0, comment: String::new() };
        store.add_pin(&crate::endpoint::Endpoint::parse("", host, 993).unwrap(), &new, NOW)
    }

    fn events(store: &Store) -> u64 {
        store.read(|tx| tx.statistics()).unwrap().counts.events
    }

    #[test]
    fn undo_and_prune_walk_the_events_that_are_there_and_not_their_numbers() {
        for next in [1 << 40, MAX_NUMBER - 1] {
            let store = Store::memory();
            add(&store, "a.example").unwrap();
            store.write(|tx| tx.change_meta(|meta| meta.next_event = next)).unwrap();
            assert_eq!(store.undo(None, NOW).unwrap().events, [1]);
            assert!(matches!(store.undo(Some(7), NOW), Err(StoreError::NotFound { .. })));
            // Both events, and the one that says so stays.
            assert_eq!((store.prune(NOW + 1, NOW + 1).unwrap(), events(&store)), (2, 1));
        }
    }

    #[test]
    fn a_counter_at_its_end_is_damage_and_never_the_same_number_twice() {
        let store = Store::memory();
        add(&store, "a.example").unwrap();
        store.write(|tx| tx.change_meta(|meta| meta.next_event = u64::MAX)).unwrap();
        for refused in [store.undo(None, NOW).map(|_| ()), add(&store, "b.example").map(|_| ())] {
            let error = refused.unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }) && error.to_string().contains("event"), "{error}");
        }
        assert!(store.verify().unwrap().problems[0].contains("next event"));
        store.write(|tx| tx.change_meta(|meta| (meta.next_event, meta.next_pin) = (2, u64::MAX))).unwrap();
        assert!(add(&store, "b.example").unwrap_err().to_string().contains("next pin"));
    }

    #[test]
    fn the_log_keeps_its_bounds_where_its_numbers_have_gaps() {
        let options = StoreOptions { log_events: Some(5), ..StoreOptions::default() };
        let store = Store::with_engine(Box::<crate::store::MemoryEngine>::default(), &options).unwrap();
        for n in 0..8 {
            add(&store, &format!("h{n}.example")).unwrap();
            store
                .write(|tx| tx.change_meta(|meta| (meta.next_event, meta.first_event) = (meta.next_event * 16, 0)))
                .unwrap();
        }
        assert_eq!(events(&store), 5);
        assert_eq!(store.verify().unwrap().problems, [""; 0]);
    }

    impl Tx<'_> {
        fn change_meta(&mut self, f: impl FnOnce(&mut crate::store::tx::meta::Meta)) -> Result<(), StoreError> {
            f(&mut self.meta);
            Ok(())
        }
    }
}
