//! Where an endpoint stands as a whole: the one thing among all that is stored about it that counts most for the next
//! check, for lists and overviews. It is a summary of what is stored; it judges no certificate and reads no policy.
//! Blocks that hold everywhere and the stores of the system below are taken into account.

use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::store::tx::record::{EndpointRecord, Pin, PinKind, PinState, PinValue};
use crate::store::tx::{LayeredPin, Tx};
use crate::time::Timestamp;

/// Where an endpoint stands. Numbers are part of the C ABI; never renumbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Standing {
    /// It has a trusted pin of its own that has not expired, and whose key is not blocked.
    Trusted = 1,
    /// It has no such pin of its own, but one in a store of the system.
    System = 2,
    /// It has trusted pins, and all of them have expired.
    Expired = 3,
    /// A CA or DANE vouched for it when it was last accepted, and no pin trusts it.
    Valid = 4,
    /// Nothing trusts it yet, but its next key is announced.
    Staged = 5,
    /// It has a blocked or compromised key, and no trusted one.
    Blocked = 6,
    /// It was forgotten. The next contact asks.
    Forgotten = 7,
    /// It had trusted keys and has none now.
    Retired = 8,
    /// It was accepted, and no pin trusts it.
    Accepted = 9,
    /// It was seen and never accepted.
    Seen = 10,
    /// It has settings and nothing else.
    Policy = 11,
}

impl Standing {
    /// Every standing. Where several apply to an endpoint, the first one of this list is the one that is given.
    pub const ALL: [Self; 11] = [
        Self::Trusted,
        Self::System,
        Self::Expired,
        Self::Valid,
        Self::Staged,
        Self::Blocked,
        Self::Forgotten,
        Self::Retired,
        Self::Accepted,
        Self::Seen,
        Self::Policy,
    ];

    /// The stable name, as in tables and JSON.
    pub fn code(self) -> &'static str {
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

    /// What it means, as the end of a sentence that begins with the endpoint.
    pub fn meaning(self) -> &'static str {
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
}

/// A pin with the state that it has in effect: a pin to a key that is blocked somewhere else counts as blocked.
struct Effective<'p> {
    pin: &'p Pin,
    state: PinState,
    /// Whether it is the endpoint's own, and not one of a store below.
    own: bool,
}

impl Effective<'_> {
    fn is_trusted_at(&self, now: Timestamp) -> bool {
        self.state == PinState::Trusted && !self.pin.has_expired(now)
    }

    fn refuses(&self) -> bool {
        matches!(self.state, PinState::Blocked | PinState::Compromised)
    }
}

impl Tx<'_> {
    /// Where an endpoint stands, given its record. For an endpoint without a record, pass an empty one
    /// ([`EndpointRecord::new`]): a store below may know the endpoint.
    pub fn standing(&self, record: &EndpointRecord, now: Timestamp) -> Result<Standing, StoreError> {
        let below = self.layer_pins(&record.endpoint)?;
        let pins = self.effective(record, &below)?;
        // A key or certificate that is blocked everywhere outweighs that an authority vouched for it last time.
        let refused = match record.baseline.first() {
            Some(last) => {
                self.is_refused(PinKind::Key, last.spki)? || self.is_refused(PinKind::Certificate, last.cert)?
            }
            None => false,
        };
        Ok(summarise(record, &pins, refused, now))
    }

    fn effective<'p>(
        &self,
        record: &'p EndpointRecord,
        below: &'p [LayeredPin],
    ) -> Result<Vec<Effective<'p>>, StoreError> {
        let own = record.pins.iter().map(|pin| (pin, true));
        let below = below.iter().map(|layered| (&layered.pin, false));
        let mut pins = Vec::new();
        for (pin, own) in own.chain(below) {
            let blocked = matches!(pin.state, PinState::Trusted | PinState::Staged) && self.refuses_pinned(pin)?;
            pins.push(Effective { pin, state: if blocked { PinState::Blocked } else { pin.state }, own });
        }
        // A block in any of the stores outweighs trust in another one.
        let refused: Vec<(PinKind, PinValue)> =
            pins.iter().filter(|pin| pin.refuses()).map(|each| (each.pin.kind, each.pin.value.clone())).collect();
        for each in &mut pins {
            let same = |(kind, value): &(PinKind, PinValue)| *kind == each.pin.kind && *value == each.pin.value;
            if each.state == PinState::Trusted && refused.iter().any(same) {
                each.state = PinState::Blocked;
            }
        }
        Ok(pins)
    }

    /// Whether what a pin names is blocked everywhere, or is a certificate whose key is.
    fn refuses_pinned(&self, pin: &Pin) -> Result<bool, StoreError> {
        let PinValue::Sha256(value) = pin.value else { return Ok(false) };
        match pin.kind {
            PinKind::Key => self.is_refused(PinKind::Key, value),
            PinKind::Certificate if self.is_refused(PinKind::Certificate, value)? => Ok(true),
            PinKind::Certificate => match self.cert(value)? {
                Some(cert) => self.is_refused(PinKind::Key, cert.spki()),
                None => Ok(false),
            },
            PinKind::Issuer | PinKind::Name => Ok(false),
        }
    }

    /// Whether a key or certificate is blocked everywhere, in this store or in one below.
    fn is_refused(&self, kind: PinKind, value: Hash) -> Result<bool, StoreError> {
        Ok(!self.blocked(kind, &[value])?.is_empty())
    }
}

/// Goes through the standings in the order of [`Standing::ALL`]; the first that applies is the answer.
fn summarise(record: &EndpointRecord, pins: &[Effective<'_>], refused: bool, now: Timestamp) -> Standing {
    let own_in = |state: PinState| pins.iter().any(|pin| pin.own && pin.state == state);
    if pins.iter().any(|pin| pin.own && pin.is_trusted_at(now)) {
        Standing::Trusted
    } else if pins.iter().any(|pin| pin.is_trusted_at(now)) {
        Standing::System
    } else if own_in(PinState::Trusted) {
        Standing::Expired
    } else if record.validated.is_some() && !record.baseline.is_empty() && !refused {
        Standing::Valid
    } else if pins.iter().any(|pin| pin.state == PinState::Staged) {
        Standing::Staged
    } else if refused || pins.iter().any(Effective::refuses) {
        Standing::Blocked
    } else if record.tombstone.is_some() {
        Standing::Forgotten
    } else if own_in(PinState::Retired) {
        Standing::Retired
    } else if !record.baseline.is_empty() {
        Standing::Accepted
    } else if !record.observations.is_empty() {
        Standing::Seen
    } else {
        Standing::Policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::store::{Filter, Forget, NewPin, Sighting, Store, Validated, Validation};

    const NOW: Timestamp = 1_800_000_000;

    fn mail() -> Endpoint {
        Endpoint::parse("", "mail.example.org", 993).unwrap()
    }

    fn key(name: &str) -> Hash {
        Hash::of(name.as_bytes())
    }

    fn pin(store: &Store, name: &str, state: PinState, expires: Timestamp) {
        let value = PinValue::Sha256(key(name));
        let new = NewPin { kind: PinKind::Key, state, value, cert: None, expires, comment: String::new() };
        store.add_pin(&mail(), &new, NOW - 10).unwrap();
    }

    fn accept(store: &Store, name: &str, validation: Validation) {
        let seen = Sighting {
            cert: key("certificate"),
            spki: key(name),
            first: NOW - 10,
            last: NOW - 10,
            not_before: None,
            not_after: None,
            validation,
            anchor: None,
            intermediates: Vec::new(),
            provisional: false,
            extra: serde_json::Map::new(),
        };
        store
            .write(|tx| -> Result<(), StoreError> {
                let mut record = tx.endpoint(&mail())?.unwrap_or_else(|| EndpointRecord::new(mail(), NOW - 10));
                if validation != Validation::None {
                    record.validated = Some(Validated {
                        first: NOW,
                        last: NOW,
                        ca: true,
                        keys: vec![key(name)],
                        anchors: Vec::new(),
                        by: Vec::new(),
                    });
                }
                record.baseline.insert(0, seen.clone());
                tx.put_endpoint(record)
            })
            .unwrap();
    }

    fn standing(store: &Store) -> Standing {
        store
            .read(|tx| {
                let record = tx.endpoint(&mail())?.unwrap_or_else(|| EndpointRecord::new(mail(), 0));
                tx.standing(&record, NOW)
            })
            .unwrap()
    }

    #[test]
    fn the_strongest_of_what_is_stored_is_the_answer() {
        let store = Store::memory();
        assert_eq!(standing(&store), Standing::Policy, "nothing is known");
        accept(&store, "seen", Validation::None);
        assert_eq!(standing(&store), Standing::Accepted);
        pin(&store, "bad", PinState::Blocked, 0);
        assert_eq!(standing(&store), Standing::Blocked);
        pin(&store, "next", PinState::Staged, 0);
        assert_eq!(standing(&store), Standing::Staged);
        accept(&store, "valid", Validation::Ca);
        assert_eq!(standing(&store), Standing::Valid);
        pin(&store, "old", PinState::Trusted, NOW);
        assert_eq!(standing(&store), Standing::Expired, "trust that ends now has ended");
        pin(&store, "known", PinState::Trusted, NOW + 1);
        assert_eq!(standing(&store), Standing::Trusted);
    }

    #[test]
    fn what_is_forgotten_or_retired_is_trusted_no_more() {
        let store = Store::memory();
        pin(&store, "known", PinState::Trusted, 0);
        store.forget(&mail(), Forget::ALL, NOW).unwrap();
        assert_eq!(standing(&store), Standing::Forgotten);
        let store = Store::memory();
        pin(&store, "known", PinState::Trusted, 0);
        let id = store.read(|tx| tx.endpoint(&mail())).unwrap().unwrap().pins[0].id;
        store.set_pin_state(id, PinState::Retired, NOW).unwrap();
        assert_eq!(standing(&store), Standing::Retired);
    }

    #[test]
    fn a_block_everywhere_outweighs_a_trusted_pin_and_a_valid_certificate() {
        let store = Store::memory();
        pin(&store, "known", PinState::Trusted, 0);
        accept(&store, "known", Validation::Ca);
        store.block(None, PinKind::Key, key("other"), "", NOW).unwrap();
        assert_eq!(standing(&store), Standing::Trusted, "another key is blocked");
        store.block(None, PinKind::Key, key("known"), "", NOW).unwrap();
        assert_eq!(standing(&store), Standing::Blocked);
        let store = Store::memory();
        accept(&store, "known", Validation::Ca);
        store.block(None, PinKind::Certificate, key("certificate"), "", NOW).unwrap();
        assert_eq!(standing(&store), Standing::Blocked);
    }

    #[test]
    fn a_mark_that_a_key_is_published_is_no_block() {
        let store = Store::memory();
        pin(&store, "known", PinState::Trusted, 0);
        store.mark_published(key("known"), "some package", NOW).unwrap();
        assert_eq!(standing(&store), Standing::Trusted);
    }

    #[test]
    fn a_whole_list_can_be_asked_in_one_view() {
        let store = Store::memory();
        pin(&store, "known", PinState::Trusted, 0);
        let all = store
            .read(|tx| {
                let page = tx.list_endpoints(&Filter::default(), &Default::default(), 10)?;
                page.items.iter().map(|record| tx.standing(record, NOW)).collect::<Result<Vec<_>, StoreError>>()
            })
            .unwrap();
        assert_eq!(all, [Standing::Trusted]);
    }

    #[test]
    fn the_page_about_the_tool_lists_every_standing_in_order() {
        let page = include_str!("../../../docs/tofuctl.md");
        let table = page.split_once("| state | the server |").unwrap().1;
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let names: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
        assert_eq!(names, Standing::ALL.map(Standing::code));
    }
}
