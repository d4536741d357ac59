//! Read-only stores below the user's own, as an administrator provides them: opening them, and what
//! of them counts in a view. Union of pins; of the same pin the nearer store's state wins, but a
//! block in any of them wins always. Knows nothing of what a policy means.

use serde_json::{Map, Value};

use super::record::{EndpointRecord, Pin, PinKind, PinState, PinValue};
use super::store::Store;
use super::transaction::Tx;
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::store::engine::options::StoreOptions;
use crate::store::engine::sqlite::Standing;
use crate::store::error::StoreError;

/// A pin of a store below, and which one: its place in [`Store::layers`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayeredPin {
    /// The place of its store in [`Store::layers`].
    pub layer: usize,
    /// The pin. Its number is 0: those of another store mean nothing here.
    pub pin: Pin,
}

/// The policies of a store below that are about an endpoint, nearest first: its own, any
/// account's, the store-wide one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerPolicies {
    /// The endpoint's own.
    pub own: Option<Map<String, Value>>,
    /// Any account's.
    pub any: Option<Map<String, Value>>,
    /// The store-wide one.
    pub store: Option<Map<String, Value>>,
}

/// Opens the stores below. One that is missing, damaged or not the system's alone is an error: an
/// administrator's block must not vanish because its file cannot be read (rule 1).
pub(in crate::store) fn open(options: &StoreOptions) -> Result<Vec<Store>, StoreError> {
    let layers = options.layers.iter().map(|path| {
        let options = StoreOptions {
            path: Some(path.clone()),
            application: options.application.clone(),
            busy_ms: options.busy_ms,
            read_only: true,
            must_exist: true,
            ..StoreOptions::default()
        };
        Store::open_file(path, Standing::System, &options)
    });
    layers.collect()
}

impl Store {
    /// The read-only stores below this one, nearest first. Each names itself and can be listed like
    /// any store; what it holds is never written to.
    pub fn layers(&self) -> &[Store] {
        &self.inner.layers
    }

    /// A store that is there twice would wait for itself.
    pub(in crate::store) fn refuse_itself_below(&self) -> Result<(), StoreError> {
        let mut above = vec![self.inner.id];
        for layer in self.layers() {
            if above.contains(&layer.inner.id) {
                let what = format!("{} cannot lie below itself, nor a copy of it", layer.name());
                return Err(StoreError::Invalid { what });
            }
            above.push(layer.inner.id);
        }
        Ok(())
    }
}

/// The endpoint and the same for any account.
fn places(endpoint: &Endpoint) -> Vec<Endpoint> {
    let any = Endpoint { account: Account::any(), ..endpoint.clone() };
    if any == *endpoint { vec![any] } else { vec![endpoint.clone(), any] }
}

fn records(tx: &Tx<'_>, endpoint: &Endpoint) -> Result<Vec<EndpointRecord>, StoreError> {
    let found: Result<Vec<_>, StoreError> = places(endpoint).iter().map(|place| tx.endpoint(place)).collect();
    Ok(found?.into_iter().flatten().collect())
}

impl Tx<'_> {
    /// The pins of the stores below that count for an endpoint, those for any account included. What
    /// this store holds of the same kind and value, in whatever state, stands in their place, except
    /// that a refusal is never overridden.
    pub fn layer_pins(&self, endpoint: &Endpoint) -> Result<Vec<LayeredPin>, StoreError> {
        if self.layers.is_empty() {
            return Ok(Vec::new());
        }
        let own = records(self, endpoint)?;
        let mut decided: Vec<(PinKind, PinValue)> =
            own.into_iter().flat_map(|r| r.pins).map(|p| (p.kind, p.value)).collect();
        let mut found = Vec::new();
        for (layer, below) in self.layers.iter().enumerate() {
            let mut nearer = Vec::new();
            for pin in records(below, endpoint)?.into_iter().flat_map(|r| r.pins) {
                let name = (pin.kind, pin.value.clone());
                if pin.refuses() || !decided.contains(&name) {
                    found.push(LayeredPin { layer, pin: Pin { id: 0, replaces: 0, ..pin } });
                }
                nearer.push(name);
            }
            decided.extend(nearer);
        }
        Ok(found)
    }

    /// The policies of each store below for an endpoint, nearest store first.
    pub fn layer_policies(&self, endpoint: &Endpoint) -> Result<Vec<LayerPolicies>, StoreError> {
        let of = |below: &Tx<'_>| -> Result<LayerPolicies, StoreError> {
            let mut found = LayerPolicies { store: below.policy()?, ..LayerPolicies::default() };
            for record in records(below, endpoint)? {
                let place = if record.endpoint.account == Account::any() { &mut found.any } else { &mut found.own };
                *place = record.policy;
            }
            Ok(found)
        };
        self.layers.iter().map(of).collect()
    }

    /// Whether there are stores below.
    pub(crate) fn has_layers(&self) -> bool {
        !self.layers.is_empty()
    }

    /// The names of the stores below, nearest first.
    pub(crate) fn layer_names(&self) -> Vec<String> {
        self.layers.iter().map(|below| below.store.name()).collect()
    }

    /// Where one of these is refused everywhere: in this store (`Some(None)`), or in the n-th of those below.
    pub fn blocked_in(&self, kind: PinKind, values: &[Hash]) -> Result<Option<Option<usize>>, StoreError> {
        let refuses = |store: &Tx<'_>| -> Result<bool, StoreError> {
            Ok(store.own_blocked(kind, values)?.iter().any(|block| block.published.is_none()))
        };
        if refuses(self)? {
            return Ok(Some(None));
        }
        for (layer, below) in self.layers.iter().enumerate() {
            if refuses(below)? {
                return Ok(Some(Some(layer)));
            }
        }
        Ok(None)
    }

    /// Whether a store below has this pin for the endpoint, so that a record here masks it.
    pub(crate) fn is_below(&self, endpoint: &Endpoint, kind: PinKind, value: &PinValue) -> Result<bool, StoreError> {
        for below in &self.layers {
            let pins = records(below, endpoint)?.into_iter().flat_map(|r| r.pins);
            if pins.into_iter().any(|p| p.kind == kind && p.value == *value) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The retired pins of a record that stand in the place of one for any account, or of one in a store
    /// below.
    pub(in crate::store) fn masks_in(&self, record: &EndpointRecord) -> Result<Vec<u64>, StoreError> {
        let any = Endpoint { account: Account::any(), ..record.endpoint.clone() };
        let shared = if any == record.endpoint { None } else { self.endpoint(&any)? };
        let mut masks = Vec::new();
        for pin in record.pins.iter().filter(|pin| pin.state == PinState::Retired) {
            let same = |other: &Pin| other.kind == pin.kind && other.value == pin.value;
            let beside = shared.as_ref().is_some_and(|shared| shared.pins.iter().any(same));
            if beside || self.is_below(&record.endpoint, pin.kind, &pin.value)? {
                masks.push(pin.id);
            }
        }
        Ok(masks)
    }

    /// What is trusted for an endpoint by other records than its own, in words: for any account, and by the
    /// stores below. Forgetting the endpoint does not end that.
    pub fn trusted_beyond(&self, endpoint: &Endpoint) -> Result<Vec<String>, StoreError> {
        let own = self.endpoint(endpoint)?.map(|record| record.pins).unwrap_or_default();
        let masked = |pin: &Pin| own.iter().any(|p| p.kind == pin.kind && p.value == pin.value);
        let any = Endpoint { account: Account::any(), ..endpoint.clone() };
        let shared = if any == *endpoint { None } else { self.endpoint(&any)? };
        let shared = shared.into_iter().flat_map(|record| record.pins);
        let mut found: Vec<String> = shared
            .filter(|pin| pin.state == PinState::Trusted && !masked(pin))
            .map(|pin| format!("{} for any account", pin.value.named(pin.kind)))
            .collect();
        let names = self.layer_names();
        for LayeredPin { layer, pin } in self.layer_pins(endpoint)? {
            if pin.state == PinState::Trusted {
                let store = names.get(layer).map_or("", String::as_str);
                found.push(format!("{} by {}", pin.value.named(pin.kind), crate::text::excerpt(store, 200)));
            }
        }
        Ok(found)
    }

    /// What the stores below add to the generation of a decision. Each only goes up, so the sum moves
    /// whenever one of them does.
    pub(in crate::store) fn layers_generation(&self) -> u64 {
        self.layers.iter().fold(0, |sum, below| sum.saturating_add(below.generation()))
    }
}
