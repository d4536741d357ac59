//! The policy by which an endpoint is judged: which one applies, whose it is, and what a mandatory policy of the
//! system makes stricter.

use serde_json::{Map, Value};

use tofu::endpoint::{Account, Endpoint};
use tofu::store::{LayerPolicies, StoreError, Tx};
use tofu::text::escape;
use tofu::trust::{FIELDS, Policy, PolicyError};

/// A policy and whose it is.
pub struct InForce {
    pub policy: Policy,
    /// Whose it is, as in `careful (the store's)`.
    pub whose: &'static str,
    /// The same above the mandatory policies of the system's stores, where there are any.
    raised: Option<Policy>,
}

impl InForce {
    /// What applies where no store says anything.
    pub fn built_in() -> Self {
        Self { policy: Policy::default(), whose: "built in", raised: None }
    }

    /// Whether a store of the system has a mandatory policy.
    pub fn has_mandatory_below(&self) -> bool {
        self.raised.is_some()
    }

    /// `careful (the store's)`, `default with first-use=accept (its own)`.
    pub fn summary(&self) -> String {
        let changed = changed(&self.policy);
        let with = if changed.is_empty() { String::new() } else { format!(" with {}", changed.join(", ")) };
        let odd = self.policy.unknown_field().map(|e| format!("; {e}")).unwrap_or_default();
        let raised: Vec<String> = self.raised().into_iter().map(|(field, value)| format!("{field}={value}")).collect();
        let floor = match (&self.raised, raised.as_slice()) {
            (None, _) => String::new(),
            (Some(_), []) => "; at least as strict as the system's, which is mandatory".to_owned(),
            (Some(_), raised) => format!("; the system's is mandatory and makes it {}", raised.join(", ")),
        };
        format!("{}{with} ({}){floor}{odd}", self.policy.preset_name(), self.whose)
    }

    /// The fields that a mandatory policy of the system raises, with the value that counts.
    pub fn raised(&self) -> Vec<(&'static str, String)> {
        let Some(raised) = &self.raised else { return Vec::new() };
        let fields = FIELDS.iter().filter_map(|field| Some((field.name, raised.get(field.name)?)));
        let mut changed: Vec<_> =
            fields.filter(|(name, value)| self.policy.get(name).as_ref() != Some(value)).collect();
        let roots = |policy: &Policy| policy.to_map().get("roots").and_then(Value::as_array).map_or(0, Vec::len);
        let (before, now) = (roots(&self.policy), roots(raised));
        if before != now {
            changed.push(("roots", format!("{now} added instead of {before}")));
        }
        changed
    }

    /// The policy that a check applies.
    pub fn effective(&self) -> &Policy {
        self.raised.as_ref().unwrap_or(&self.policy)
    }
}

/// `FIELD=VALUE` where it differs from the preset; added authorities as a number.
pub fn changed(policy: &Policy) -> Vec<String> {
    let shown = |(field, value): (String, Value)| match value {
        Value::Array(roots) => format!("{} authorities added", roots.len()),
        Value::String(text) => format!("{}={}", escape(&field), escape(&text)),
        other => format!("{}={}", escape(&field), escape(&other.to_string())),
    };
    policy.to_map().into_iter().filter(|(field, _)| field != "preset").map(shown).collect()
}

/// The policy that a check of the endpoint, or of any unknown one, would use: its own, that of any
/// account, the store's, the system's, the default.
pub fn in_force(tx: &Tx<'_>, endpoint: Option<&Endpoint>) -> Result<InForce, StoreError> {
    // RFC 2606: nobody has this name, so that only what holds for all is found.
    let unknown = Endpoint::parse("", "unknown.invalid", 1);
    let unknown = unknown.map_err(|e| StoreError::Invalid { what: e.to_string() })?;
    let below = tx.layer_policies(endpoint.unwrap_or(&unknown))?;
    let mut found: Vec<(Option<Map<String, Value>>, &'static str)> = Vec::new();
    if let Some(endpoint) = endpoint {
        let any = Endpoint { account: Account::any(), ..endpoint.clone() };
        found.push((tx.endpoint(endpoint)?.and_then(|record| record.policy), "its own"));
        found.push((tx.endpoint(&any)?.and_then(|record| record.policy), "that of any account"));
    }
    found.push((tx.policy()?, "the store's"));
    let system = |layer: &LayerPolicies| layer.own.clone().or(layer.any.clone()).or(layer.store.clone());
    found.extend(below.iter().map(|layer| (system(layer), "the system's")));
    let invalid = |e: PolicyError| StoreError::Invalid { what: format!("a policy in the store: {e}") };
    let (policy, whose) = match found.into_iter().find_map(|(map, whose)| map.map(|map| (map, whose))) {
        Some((map, whose)) => (Policy::from_map(&map).map_err(invalid)?, whose),
        None => (Policy::default(), "built in"),
    };
    let mandatory = |map: &Map<String, Value>| map.get("mandatory").and_then(Value::as_str) == Some("yes");
    let floor = below.iter().any(|layer| [&layer.own, &layer.any, &layer.store].into_iter().flatten().any(mandatory));
    let raised = floor.then(|| policy.clone().above(&below)).transpose().map_err(invalid)?;
    Ok(InForce { policy, whose, raised })
}
