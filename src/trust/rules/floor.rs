//! A policy that another one may only tighten: what an administrator marked `mandatory` in a store
//! below the user's. [`crate::trust::gather`] calls it, and so may who shows a policy. Pure but for the roots of the
//! system, which it asks for where roots differ. Field by field the stricter value counts:
//!
//! | fields | stricter is |
//! |---|---|
//! | `first-use` `change` `lapse` `issuer-change` `upgrade` `sibling` `existing-account` | accept < ask < reject |
//! | `ca` | accept < off < inform: what is examined and accepts nothing |
//! | `system-roots` `pins` `dane` `local-names` | no |
//! | roots added | those in both; the administrator's count as the system's |
//! | `downgrade` | final |
//! | `mail-ports` | ports in both |
//! | `late-days` `lapse-days` `overlap-hours` `farm-limit` | the smaller |
//! | `pin-days` | the smaller, 0 (for good) being the largest |
//! | `min-rsa-bits` | the larger |

use super::policy::{Action, CaUse, Policy};
use crate::cert::Cert;

impl Policy {
    /// This policy with every field at least as strict as `floor`. `is_system_root` tells whether a
    /// root is one of the system's; it is asked only where roots differ.
    pub(crate) fn at_least(mut self, floor: &Policy, is_system_root: impl Fn(&Cert) -> bool) -> Self {
        let mut parts = std::mem::take(&mut self.parts);
        if parts.is_empty() {
            parts.push(self.clone());
        }
        parts.push(floor.clone());
        self.parts = parts;
        let named = |roots: &[Cert], root: &Cert| roots.iter().any(|r| r.fingerprint() == root.fingerprint());
        let (ours, theirs) = (std::mem::take(&mut self.roots), &floor.roots);
        self.roots = theirs.iter().filter(|root| self.system_roots || named(&ours, root)).cloned().collect();
        // Where both take the system's roots these count by that field.
        let by_name = floor.system_roots && !self.system_roots;
        let kept = ours.into_iter().filter(|root| by_name && !named(theirs, root) && is_system_root(root));
        self.roots.extend(kept);
        for (mine, least) in self.actions().into_iter().zip(floor.clone().actions()) {
            if severity(*least) > severity(*mine) {
                *mine = *least;
            }
        }
        for (mine, least) in [
            (&mut self.system_roots, floor.system_roots),
            (&mut self.pins, floor.pins),
            (&mut self.dane, floor.dane),
            (&mut self.local_names, floor.local_names),
            (&mut self.downgrade_way_back, floor.downgrade_way_back),
        ] {
            *mine &= least;
        }
        if reach(floor.ca) > reach(self.ca) {
            self.ca = floor.ca;
        }
        self.mail_ports.retain(|port| floor.mail_ports.contains(port));
        self.late_days = self.late_days.min(floor.late_days);
        self.lapse_days = self.lapse_days.min(floor.lapse_days);
        self.overlap_hours = self.overlap_hours.min(floor.overlap_hours);
        self.farm_limit = self.farm_limit.min(floor.farm_limit);
        self.min_rsa_bits = self.min_rsa_bits.max(floor.min_rsa_bits);
        self.pin_days = match (self.pin_days, floor.pin_days) {
            (0, days) | (days, 0) => days,
            (mine, least) => mine.min(least),
        };
        self
    }

    fn actions(&mut self) -> [&mut Action; 7] {
        [
            &mut self.first_use,
            &mut self.change,
            &mut self.lapse,
            &mut self.issuer_change,
            &mut self.upgrade,
            &mut self.sibling,
            &mut self.existing_account,
        ]
    }
}

fn severity(action: Action) -> u8 {
    match action {
        Action::Accept => 0,
        Action::Ask => 1,
        Action::Reject => 2,
    }
}

fn reach(ca: CaUse) -> u8 {
    match ca {
        CaUse::Accept => 0,
        CaUse::Off => 1,
        CaUse::Inform => 2,
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
                for (field, _) in FIELDS.iter().filter(|(field, _)| !["mandatory", "mail-ports"].contains(field)) {
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
        let same = |a: &Policy, b: &Policy| FIELDS.iter().all(|(field, _)| a.get(field) == b.get(field));
        assert!(same(&lax.clone().at_least(&strict, |_| false), &strict));
        assert!(same(&strict.clone().at_least(&lax, |_| false), &strict));
        assert!(same(&lax.clone().at_least(&Policy::default(), |_| false), &Policy::default()));
    }
}
