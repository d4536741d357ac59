//! What a program adds to the policy in force, whoever set that: further trust anchors and stricter fields. A
//! policy of its own, in its place, would silently drop what the user or the administrator set.

use super::policy::{FIELDS, Policy, PolicyError};
use crate::cert::Cert;

/// Additions to the policy in force. They never loosen it: a field counts only if it is stricter than what is
/// there, and an administrator's mandatory policy still limits the anchors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Additions {
    roots: Vec<Cert>,
    stricter: Vec<(String, String)>,
}

impl Additions {
    /// A further trust anchor. It counts beside those of the policy, and alone where the policy takes none of the
    /// system's.
    pub fn add_root(&mut self, root: Cert) {
        self.roots.push(root);
    }

    /// A field with at least this strictness. An error for a field or value that no policy has, and for a field that has
    /// no stricter value.
    pub fn tighten(&mut self, field: &str, value: &str) -> Result<(), PolicyError> {
        Policy::default().set(field, value)?;
        if FIELDS.iter().any(|known| known.name == field && !known.is_ordered) {
            let reason = "it has no stricter value".to_owned();
            return Err(PolicyError { field: field.to_owned(), reason });
        }
        self.stricter.push((field.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Whether nothing is added.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty() && self.stricter.is_empty()
    }

    /// A policy with them.
    pub(crate) fn applied_to(&self, mut policy: Policy) -> Result<Policy, PolicyError> {
        for root in &self.roots {
            policy.add_root(root.clone());
        }
        for (field, value) in &self.stricter {
            let mut least = policy.clone();
            least.set(field, value)?;
            if least == policy {
                continue;
            }
            // Both have the same roots, so nobody needs to ask which of them are the system's.
            policy = policy.at_least(&least, |_| false);
        }
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(policy: &Policy, field: &str) -> String {
        policy.get(field).unwrap()
    }

    #[test]
    fn a_field_is_only_ever_made_stricter() {
        let mut additions = Additions::default();
        additions.tighten("change", "reject").unwrap();
        additions.tighten("first-use", "ask").unwrap();
        additions.tighten("min-rsa-bits", "3072").unwrap();
        let careful = additions.applied_to(Policy::preset("default").unwrap()).unwrap();
        assert_eq!((get(&careful, "change"), get(&careful, "min-rsa-bits")), ("reject".to_owned(), "3072".to_owned()));
        let strict = additions.applied_to(Policy::preset("strict").unwrap()).unwrap();
        assert_eq!(get(&strict, "first-use"), get(&Policy::preset("strict").unwrap(), "first-use"));
        let accept_new = additions.applied_to(Policy::preset("accept-new").unwrap()).unwrap();
        assert_eq!(get(&accept_new, "first-use"), "ask");
    }

    #[test]
    fn the_cost_of_a_policy_grows_with_the_fields_tightened_and_not_with_their_powers() {
        let mut additions = Additions::default();
        for days in (1..=40).rev() {
            additions.tighten("pin-days", &days.to_string()).unwrap();
            additions.tighten("change", "reject").unwrap();
        }
        let policy = additions.applied_to(Policy::default()).unwrap();
        assert_eq!((get(&policy, "pin-days"), get(&policy, "change")), ("1".to_owned(), "reject".to_owned()));
        // The policy as it was, one for each number of days, and one for the rejected change.
        assert_eq!(policy.parts.len(), 42);
        assert!(policy.parts.iter().all(|part| part.parts.is_empty()));
    }

    #[test]
    fn what_no_policy_has_is_refused_by_name() {
        let mut additions = Additions::default();
        for (field, value) in [("frist-use", "ask"), ("change", "accept"), ("mandatory", "yes")] {
            let error = additions.tighten(field, value).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
        assert!(additions.is_empty());
    }
}
