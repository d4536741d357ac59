//! Certificate policies (RFC 5280, section 6.1, with the graph of RFC 9618): whether a path is
//! issued under policies if one of its authorities requires that. The library itself asks for no
//! policy, so the initial set is "any", and nothing is required before an authority requires it. It
//! does not matter which policies remain, so one level of the graph at a time is enough, and its
//! size stays below the number of policies read.

use std::collections::{BTreeMap, BTreeSet};

use super::der::{INTEGER, OID, Parts, Reader, SEQUENCE, parts};
use super::judge::Element;
use crate::cert::Cert;

const POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
const MAPPINGS: &[u8] = &[0x55, 0x1d, 0x21];
const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x24];
const INHIBIT_ANY: &[u8] = &[0x55, 0x1d, 0x36];
const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];

/// How a path fails, and the place of the certificate in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Violation {
    /// A policy is required and this certificate leaves none.
    NoPolicy(usize),
    /// This authority maps to or from "any policy" (section 6.1.4 (a)).
    Mapping(usize),
    /// This certificate's policy extensions cannot be read.
    Unreadable(usize),
    /// More policies than may be looked at.
    Budget,
}

/// Policies by identifier (the DER contents).
type Policies<'a> = BTreeSet<&'a [u8]>;

/// One level of the graph: each valid policy with the policies that may follow it below. `None` in
/// [`State::level`] is the NULL graph.
type Level<'a> = BTreeMap<&'a [u8], Policies<'a>>;

/// Checks a complete path, leaf first and anchor last. `budget` is reduced by what was looked at.
pub(super) fn check(path: &[Element<'_>], budget: &mut usize) -> Result<(), Violation> {
    let Some((_anchor, below)) = path.split_last() else { return Ok(()) };
    // Almost no certificate restricts policies, and then nothing can fail.
    if !below.iter().any(|element| restricts(element.cert)) {
        return Ok(());
    }
    let mut state = State::new(below.len());
    for (place, element) in below.iter().enumerate().rev() {
        let certificate = Extensions::read(element.cert.der(), budget).map_err(|fault| match fault {
            Fault::Unreadable => Violation::Unreadable(place),
            Fault::Budget => Violation::Budget,
        })?;
        let own = element.cert.is_self_issued();
        state.take(&certificate, own && place > 0, budget)?;
        if place > 0 {
            if state.explicit == 0 && state.level.is_none() {
                return Err(Violation::NoPolicy(place));
            }
            state.prepare(&certificate, own, place)?;
        } else {
            state.finish(&certificate);
            if state.explicit == 0 && state.level.is_none() {
                return Err(Violation::NoPolicy(place));
            }
        }
    }
    Ok(())
}

/// Whether a certificate has one of the extensions without which no policy can be missing.
fn restricts(cert: &Cert) -> bool {
    cert.extensions().iter().any(|e| matches!(e.name, Some("policyMappings" | "policyConstraints")))
}

/// The state variables of section 6.1.2.
struct State<'a> {
    level: Option<Level<'a>>,
    explicit: usize,
    mapping: usize,
    any: usize,
}

impl<'a> State<'a> {
    fn new(certificates: usize) -> Self {
        let start = certificates.saturating_add(1);
        let level = Level::from([(ANY, Policies::from([ANY]))]);
        Self { level: Some(level), explicit: start, mapping: start, any: start }
    }

    /// Section 6.1.3 (d) and (e): the next level, from the certificate's policies. `own` is true for
    /// a self-issued authority, which "any policy" passes in spite of a prohibition.
    fn take(&mut self, certificate: &Extensions<'a>, own: bool, budget: &mut usize) -> Result<(), Violation> {
        let (Some(level), Some(policies)) = (self.level.take(), certificate.policies.as_ref()) else { return Ok(()) };
        let open = level.contains_key(ANY);
        let expected: Policies<'a> = level.into_values().flatten().collect();
        *budget = budget.checked_sub(expected.len()).ok_or(Violation::Budget)?;
        let own_set = |policy: &'a [u8]| (policy, Policies::from([policy]));
        let allowed = policies.iter().copied().filter(|policy| *policy != ANY && (open || expected.contains(policy)));
        let mut next: Level<'a> = allowed.map(own_set).collect();
        if policies.contains(ANY) && (self.any > 0 || own) {
            for policy in expected {
                next.entry(policy).or_insert_with(|| Policies::from([policy]));
            }
        }
        self.level = Some(next).filter(|next| !next.is_empty());
        Ok(())
    }

    /// Section 6.1.4: what an authority says of the certificates below it.
    fn prepare(&mut self, certificate: &Extensions<'a>, own: bool, place: usize) -> Result<(), Violation> {
        if certificate.mappings.iter().any(|(from, to)| *from == ANY || to.contains(ANY)) {
            return Err(Violation::Mapping(place));
        }
        if let Some(mut level) = self.level.take() {
            let open = level.contains_key(ANY);
            for (from, to) in &certificate.mappings {
                if self.mapping == 0 {
                    level.remove(from);
                } else if open || level.contains_key(from) {
                    level.insert(from, to.clone());
                }
            }
            self.level = Some(level).filter(|level| !level.is_empty());
        }
        if !own {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        let limit = |counter: &mut usize, to: Option<usize>| *counter = to.map_or(*counter, |to| to.min(*counter));
        limit(&mut self.explicit, certificate.require_explicit);
        limit(&mut self.mapping, certificate.inhibit_mapping);
        limit(&mut self.any, certificate.inhibit_any);
        Ok(())
    }

    /// Section 6.1.5 (a) and (b).
    fn finish(&mut self, leaf: &Extensions<'a>) {
        self.explicit = self.explicit.saturating_sub(1);
        if leaf.require_explicit == Some(0) {
            self.explicit = 0;
        }
    }
}

enum Fault {
    Unreadable,
    Budget,
}

/// The policy extensions of a certificate.
struct Extensions<'a> {
    /// `None` if there is no such extension.
    policies: Option<Policies<'a>>,
    mappings: BTreeMap<&'a [u8], Policies<'a>>,
    require_explicit: Option<usize>,
    inhibit_mapping: Option<usize>,
    inhibit_any: Option<usize>,
}

impl<'a> Extensions<'a> {
    fn read(cert: &'a [u8], budget: &mut usize) -> Result<Self, Fault> {
        let parts = parts(cert).ok_or(Fault::Unreadable)?;
        let policies = match parts.extension(POLICIES) {
            Some(value) => Some(policies(value).ok_or(Fault::Unreadable)?),
            None => None,
        };
        let mappings = parts.extension(MAPPINGS).map_or(Some(BTreeMap::new()), mappings).ok_or(Fault::Unreadable)?;
        let (require_explicit, inhibit_mapping) = constraints(&parts).ok_or(Fault::Unreadable)?;
        let inhibit_any = match parts.extension(INHIBIT_ANY) {
            Some(value) => Some(whole_count(value).ok_or(Fault::Unreadable)?),
            None => None,
        };
        let mapped = mappings.values().map(|to| to.len().saturating_add(1)).sum::<usize>();
        let read = policies.as_ref().map_or(0, Policies::len).saturating_add(mapped);
        *budget = budget.checked_sub(read).ok_or(Fault::Budget)?;
        Ok(Self { policies, mappings, require_explicit, inhibit_mapping, inhibit_any })
    }
}

/// `certificatePolicies ::= SEQUENCE OF PolicyInformation`; the qualifiers do not matter here.
fn policies(value: &[u8]) -> Option<Policies<'_>> {
    let mut list = only(value)?.enter(SEQUENCE)?;
    let mut policies = Policies::new();
    while !list.at_end() {
        policies.insert(list.enter(SEQUENCE)?.value(OID)?);
    }
    (!policies.is_empty()).then_some(policies)
}

/// `PolicyMappings ::= SEQUENCE OF SEQUENCE { issuerDomainPolicy, subjectDomainPolicy }`
fn mappings(value: &[u8]) -> Option<BTreeMap<&[u8], Policies<'_>>> {
    let mut list = only(value)?.enter(SEQUENCE)?;
    let mut mappings = BTreeMap::<_, Policies<'_>>::new();
    while !list.at_end() {
        let mut pair = list.enter(SEQUENCE)?;
        let (from, to) = (pair.value(OID)?, pair.value(OID)?);
        if !pair.at_end() {
            return None;
        }
        mappings.entry(from).or_default().insert(to);
    }
    (!mappings.is_empty()).then_some(mappings)
}

/// requireExplicitPolicy and inhibitPolicyMapping.
fn constraints(parts: &Parts<'_>) -> Option<(Option<usize>, Option<usize>)> {
    let Some(value) = parts.extension(CONSTRAINTS) else { return Some((None, None)) };
    let mut fields = only(value)?.enter(SEQUENCE)?;
    let mut field = |tag| match fields.value(tag) {
        Some(value) => count(value).map(Some),
        None => Some(None),
    };
    let both = (field(0x80)?, field(0x81)?);
    (fields.at_end() && both != (None, None)).then_some(both)
}

/// A reader over exactly one element.
fn only(value: &[u8]) -> Option<Reader<'_>> {
    let mut ahead = Reader::new(value);
    ahead.next()?;
    ahead.at_end().then(|| Reader::new(value))
}

fn whole_count(value: &[u8]) -> Option<usize> {
    count(only(value)?.value(INTEGER)?)
}

/// A number of certificates; a large one is as good as any other large one.
fn count(body: &[u8]) -> Option<usize> {
    match body {
        [] => None,
        [first, ..] if first & 0x80 != 0 => None,
        [byte] => Some(usize::from(*byte)),
        _ => Some(usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_strictly() {
        let set = |policies: &[&'static [u8]]| Some(policies.iter().copied().collect::<Policies<'_>>());
        assert_eq!(policies(&[0x30, 5, 0x30, 3, 6, 1, 42]), set(&[&[42]]));
        assert_eq!(policies(&[0x30, 10, 0x30, 3, 6, 1, 42, 0x30, 3, 6, 1, 43]), set(&[&[42], &[43]]));
        for bad in [&[][..], &[0x30, 0], &[0x30, 5, 0x30, 3, 2, 1, 1], &[0x30, 5, 0x30, 3, 6, 1, 42, 0]] {
            assert_eq!(policies(bad), None, "{bad:?}");
            assert_eq!(mappings(bad), None, "{bad:?}");
        }
        assert!(mappings(&[0x30, 8, 0x30, 6, 6, 1, 42, 6, 1, 43]).is_some());
        assert!(mappings(&[0x30, 10, 0x30, 8, 6, 1, 42, 6, 1, 43, 5, 0]).is_none());
        assert_eq!(
            [count(&[0]), count(&[5]), count(&[1, 0]), count(&[0x80]), count(&[])],
            [Some(0), Some(5), Some(usize::MAX), None, None]
        );
    }
}
