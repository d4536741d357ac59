//! A policy that another one may only make stricter: what an administrator marked `mandatory` in a store below the
//! user's. Field by field the stricter value counts, as the rows of [`super::fields`] order them. Of the roots added
//! those count that both have; the administrator's count as the system's.

use super::Policy;
use crate::cert::Cert;

impl Policy {
    /// This policy with every field at least as strict as `floor`. `is_system_root` tells whether a
    /// root is one of the system's; it is asked only where roots differ.
    pub(in crate::trust) fn at_least(mut self, floor: &Policy, is_system_root: impl Fn(&Cert) -> bool) -> Self {
        let mut parts = std::mem::take(&mut self.parts);
        if parts.is_empty() {
            parts.push(self.clone());
        }
        // The parts of a part do not decide; kept, they would double with every policy that is put on top.
        parts.push(Self { parts: Vec::new(), ..floor.clone() });
        self.parts = parts;
        let named = |roots: &[Cert], root: &Cert| roots.iter().any(|r| r.fingerprint() == root.fingerprint());
        let (ours, theirs) = (std::mem::take(&mut self.roots), &floor.roots);
        self.roots = theirs.iter().filter(|root| self.system_roots || named(&ours, root)).cloned().collect();
        // Where both take the system's roots these count by that field.
        let by_name = floor.system_roots && !self.system_roots;
        let kept = ours.into_iter().filter(|root| by_name && !named(theirs, root) && is_system_root(root));
        self.roots.extend(kept);
        self.raise(floor);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::rules::policy::{FIELDS, PRESETS};

    /// A number that grows with the strictness of a field's value.
    fn strictness(policy: &Policy, field: &str) -> Vec<i64> {
        let text = policy.get(field).unwrap();
        let number = text.parse::<i64>();
        match field {
            "min-rsa-bits" => vec![number.unwrap()],
            "pin-days" => vec![match number.unwrap() {
                0 => i64::MIN,
                days => -days,
            }],
            "mail-ports" => policy.mail_ports.iter().map(|p| -i64::from(*p)).collect(),
            "ca" => vec![["accept", "off", "inform"].iter().position(|w| *w == text).unwrap() as i64],
            _ => vec![match (number, text.as_str()) {
                (Ok(number), _) => -number,
                (_, "accept" | "yes") => 0,
                (_, "ask" | "inform" | "no") => 1,
                (_, "reject" | "final") => i64::from(field != "downgrade" || text == "final") + 1,
                other => panic!("{other:?}"),
            }],
        }
    }

    #[test]
    fn no_field_is_laxer_than_the_floor_or_than_the_policy_was() {
        for mine in PRESETS {
            for least in PRESETS {
                let (mine, mut floor) = (Policy::preset(mine).unwrap(), Policy::preset(least).unwrap());
                floor.set("min-rsa-bits", "3072").unwrap();
                floor.set("pin-days", "90").unwrap();
                floor.set("mail-ports", "993 587").unwrap();
                let got = mine.clone().at_least(&floor, |_| false);
                for field in
                    FIELDS.iter().map(|field| field.name).filter(|field| !["mandatory", "mail-ports"].contains(field))
                {
                    let least = strictness(&mine, field).max(strictness(&floor, field));
                    assert_eq!(strictness(&got, field), least, "{field}");
                }
                assert_eq!(got.mail_ports, [587, 993]);
            }
        }
    }

    #[test]
    fn a_laxer_policy_becomes_the_floor_and_a_stricter_one_stays() {
        let (lax, strict) = (Policy::preset("accept-new").unwrap(), Policy::preset("careful").unwrap());
        let same = |a: &Policy, b: &Policy| FIELDS.iter().all(|field| a.get(field.name) == b.get(field.name));
        assert!(same(&lax.clone().at_least(&strict, |_| false), &strict));
        assert!(same(&strict.clone().at_least(&lax, |_| false), &strict));
        assert!(same(&lax.clone().at_least(&Policy::default(), |_| false), &Policy::default()));
    }
}
