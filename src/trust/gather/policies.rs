//! Which policy is in force: the nearest one, raised to what the stores below make mandatory; and the trust
//! anchors that it asks for.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::inputs::{Check, CheckError};
use crate::cert::Cert;
use crate::hash::Hash;
use crate::path::{Roots, RootsError};
use crate::store::{EndpointRecord, LayerPolicies, Tx};
use crate::trust::rules::additions::Additions;
use crate::trust::rules::policy::{Policy, PolicyError};

/// What the program states of the policy: one of its own, and additions to whichever is in force.
#[derive(Clone, Copy, Default)]
pub(super) struct Stated<'c> {
    policy: Option<&'c Policy>,
    additions: Option<&'c Additions>,
}

impl<'c> Stated<'c> {
    pub fn of(check: &'c Check<'_>) -> Self {
        Self { policy: check.policy, additions: check.additions.filter(|additions| !additions.is_empty()) }
    }

    pub fn nothing(self) -> bool {
        self.policy.is_none() && self.additions.is_none()
    }
}

/// The nearest policy, `stated` before all, and never laxer than the mandatory ones of the stores below.
pub(super) fn policy_for<'c>(
    tx: &Tx<'_>,
    check: &'c Check<'_>,
    stated: Stated<'c>,
    record: Option<&EndpointRecord>,
    any: Option<&EndpointRecord>,
) -> Result<(Cow<'c, Policy>, bool), CheckError> {
    let below = tx.layer_policies(check.endpoint)?;
    let (mut policy, mut unknown) = nearest_policy(tx, stated.policy, record, any, &below)?;
    if let Some(additions) = stated.additions {
        policy = Cow::Owned(additions.applied_to(policy.into_owned())?);
    }
    for Floor { policy: floor, of_endpoint } in floors(&below)? {
        match floor.unknown_field() {
            Some(error) if !of_endpoint => return Err(error.into()),
            Some(_) => unknown = true,
            None => policy = Cow::Owned(policy.into_owned().raised_to(&floor)),
        }
    }
    Ok((policy, unknown))
}

/// The policy stated with the check, else the endpoint's, else any account's, else the store's, else the same of
/// the stores below, else the default. One that a newer version wrote is an error store-wide and
/// rejects its endpoint.
pub(super) fn nearest_policy<'c>(
    tx: &Tx<'_>,
    stated: Option<&'c Policy>,
    record: Option<&EndpointRecord>,
    any: Option<&EndpointRecord>,
    below: &[LayerPolicies],
) -> Result<(Cow<'c, Policy>, bool), CheckError> {
    if let Some(policy) = stated {
        return match policy.unknown_field() {
            Some(error) => Err(error.into()),
            None => Ok((Cow::Borrowed(policy), false)),
        };
    }
    let of = |record: Option<&EndpointRecord>| record.and_then(|r| r.policy.clone());
    let here = LayerPolicies { own: of(record), any: of(any), store: tx.policy()? };
    for layer in std::iter::once(&here).chain(below) {
        if let Some(map) = layer.own.as_ref().or(layer.any.as_ref()) {
            let policy = Policy::from_map(map)?;
            let unknown = policy.unknown_field().is_some();
            return Ok((Cow::Owned(policy), unknown));
        }
        if let Some(map) = &layer.store {
            let policy = Policy::from_map(map)?;
            return match policy.unknown_field() {
                Some(error) => Err(error.into()),
                None => Ok((Cow::Owned(policy), false)),
            };
        }
    }
    Ok((Cow::Owned(Policy::default()), false))
}

/// A mandatory policy of a store below.
pub(crate) struct Floor {
    pub policy: Policy,
    /// About the endpoint, for its own or any account; else the store-wide one.
    pub of_endpoint: bool,
}

/// The mandatory ones among the policies of the stores below, in the order in which they apply.
pub(super) fn floors(below: &[LayerPolicies]) -> Result<Vec<Floor>, PolicyError> {
    let mut floors = Vec::new();
    for layer in below {
        for (map, of_endpoint) in [(&layer.own, true), (&layer.any, true), (&layer.store, false)] {
            let policy = map.as_ref().map(Policy::from_map).transpose()?.filter(|policy| policy.mandatory);
            floors.extend(policy.map(|policy| Floor { policy, of_endpoint }));
        }
    }
    Ok(floors)
}

impl Policy {
    /// This policy as a check applies it above stores of the system: with every field at least as strict as in each
    /// of their mandatory policies ([`crate::store::Tx::layer_policies`] gives them for an endpoint). An error for a
    /// policy of theirs that cannot be read, or that a newer version wrote.
    pub fn above(self, below: &[LayerPolicies]) -> Result<Self, PolicyError> {
        floors(below)?.into_iter().try_fold(self, |policy, floor| match floor.policy.unknown_field() {
            Some(error) => Err(error),
            None => Ok(policy.raised_to(&floor.policy)),
        })
    }

    /// [`Policy::at_least`] with the system's roots as they are loaded now.
    pub(super) fn raised_to(self, floor: &Policy) -> Self {
        self.at_least(floor, |root| Roots::system().is_ok_and(|roots| roots.contains_key(root.spki())))
    }

    /// The trust anchors that this policy wants. Loads the system's roots only when it needs them.
    pub fn resolve_roots(&self) -> Result<Arc<Roots>, RootsError> {
        if !self.wants_ca() {
            return Ok(no_roots());
        }
        let base = if self.system_roots { Roots::system()? } else { no_roots() };
        let roots = if self.roots.is_empty() { base } else { extended(&base, &self.roots) };
        if roots.is_empty() {
            return Err(RootsError {
                origin: roots.origin().to_owned(),
                reason: "holds no usable trust anchor".to_owned(),
            });
        }
        Ok(roots)
    }
}

/// One empty set for the whole process, so that an answer made with it can be told from others.
pub(super) fn no_roots() -> Arc<Roots> {
    static NONE: OnceLock<Arc<Roots>> = OnceLock::new();
    Arc::clone(NONE.get_or_init(Roots::none))
}

/// Sets with roots added, kept for the next check: a set is built in milliseconds and used in
/// microseconds.
pub(super) fn extended(base: &Arc<Roots>, more: &[Cert]) -> Arc<Roots> {
    type Kept = (u64, Vec<Hash>, Arc<Roots>);
    const KEPT: usize = 8;
    static SETS: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
    let prints: Vec<Hash> = more.iter().map(Cert::fingerprint).collect();
    let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, _, set)) = sets.iter().find(|(of, kept, _)| *of == base.generation() && *kept == prints) {
        return Arc::clone(set);
    }
    let set = base.with(more);
    if sets.len() >= KEPT {
        sets.remove(0);
    }
    sets.push((base.generation(), prints, Arc::clone(&set)));
    set
}
