//! How facts become a decision, as a preset and named fields. Knows the fields, their values and
//! their stored form; the rules that read them are in [`super::decide`]. Every field is described
//! in `docs/policy.md`.

use data_encoding::BASE64;
use serde_json::{Map, Value};

use crate::cert::Cert;

/// The presets, in the order of the documentation.
pub const PRESETS: [&str; 7] = ["default", "accept-new", "careful", "strict", "ca-only", "rfc8314", "local"];

/// Ports between which the sibling rule may carry trust: SMTP, POP3, IMAP, submission, their
/// implicit TLS twins, and ManageSieve.
pub const MAIL_PORTS: [u16; 8] = [25, 110, 143, 465, 587, 993, 995, 4190];

/// No policy accepts an RSA key below this size, whatever it is set to.
pub const SMALLEST_RSA: u32 = 1024;

/// What CA validity is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaUse {
    /// It accepts (rule 5).
    Accept,
    /// It is examined and shown, and accepts nothing.
    Inform,
    /// It is not examined: no root is loaded.
    Off,
}

/// What to do where a rule leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Accept.
    Accept,
    /// Ask.
    Ask,
    /// Reject.
    Reject,
}

/// How facts become a decision: a preset and named fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) preset: &'static str,
    pub(crate) ca: CaUse,
    pub(crate) system_roots: bool,
    pub(crate) roots: Vec<Cert>,
    pub(crate) pins: bool,
    pub(crate) dane: bool,
    pub(crate) first_use: Action,
    pub(crate) change: Action,
    pub(crate) lapse: Action,
    pub(crate) downgrade_way_back: bool,
    pub(crate) issuer_change: Action,
    pub(crate) upgrade: Action,
    pub(crate) sibling: Action,
    pub(crate) existing_account: Action,
    pub(crate) local_names: bool,
    pub(crate) mail_ports: Vec<u16>,
    pub(crate) late_days: i64,
    pub(crate) lapse_days: i64,
    pub(crate) pin_days: i64,
    pub(crate) overlap_hours: i64,
    pub(crate) farm_limit: usize,
    pub(crate) min_rsa_bits: u32,
    /// In a store below the user's: other policies may only be stricter.
    pub(crate) mandatory: bool,
    /// The policies that this one was put together of, each of which decides as well. Never stored.
    pub(crate) parts: Vec<Policy>,
    unknown: Map<String, Value>,
}

/// A policy field or value that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy {field}: {reason}")]
pub struct PolicyError {
    /// The field.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

/// Every field with the values that it takes, in the order of the documentation.
pub const FIELDS: [(&str, &str); 21] = [
    ("ca", "accept, inform, off"),
    ("system-roots", "yes, no"),
    ("pins", "yes, no"),
    ("dane", "yes, no"),
    ("first-use", "ask, accept, reject"),
    ("change", "ask, reject"),
    ("lapse", "ask, reject"),
    ("downgrade", "reject, final"),
    ("issuer-change", "accept, ask"),
    ("upgrade", "accept, ask"),
    ("sibling", "accept, inform"),
    ("existing-account", "ask, reject"),
    ("local-names", "yes, no"),
    ("mail-ports", "ports, separated by spaces"),
    ("late-days", "0 to 30"),
    ("lapse-days", "1 to 90"),
    ("pin-days", "0 to 36500 (0: for good)"),
    ("overlap-hours", "0 to 720"),
    ("farm-limit", "1 to 16"),
    ("min-rsa-bits", "1024 to 16384"),
    ("mandatory", "yes, no"),
];

impl Default for Policy {
    fn default() -> Self {
        Self {
            preset: "default",
            ca: CaUse::Accept,
            system_roots: true,
            roots: Vec::new(),
            pins: true,
            dane: true,
            first_use: Action::Ask,
            change: Action::Ask,
            lapse: Action::Ask,
            downgrade_way_back: true,
            issuer_change: Action::Accept,
            upgrade: Action::Accept,
            sibling: Action::Accept,
            existing_account: Action::Ask,
            local_names: false,
            mail_ports: MAIL_PORTS.to_vec(),
            late_days: 30,
            lapse_days: 7,
            pin_days: 0,
            overlap_hours: 72,
            farm_limit: 4,
            min_rsa_bits: SMALLEST_RSA,
            mandatory: false,
            parts: Vec::new(),
            unknown: Map::new(),
        }
    }
}

impl Policy {
    /// `default`, `accept-new`, `careful`, `strict`, `ca-only`, `rfc8314` or `local`.
    pub fn preset(name: &str) -> Result<Self, PolicyError> {
        let base = Self::default();
        let refusing = Self {
            first_use: Action::Reject,
            change: Action::Reject,
            lapse: Action::Reject,
            downgrade_way_back: false,
            sibling: Action::Ask,
            dane: false,
            ..Self::default()
        };
        Ok(match name {
            "default" => base,
            "accept-new" => Self { preset: "accept-new", first_use: Action::Accept, ..base },
            "careful" => Self {
                preset: "careful",
                issuer_change: Action::Ask,
                upgrade: Action::Ask,
                sibling: Action::Ask,
                ..base
            },
            "strict" => Self { preset: "strict", ca: CaUse::Inform, ..refusing },
            "ca-only" => Self { preset: "ca-only", pins: false, ..refusing },
            "rfc8314" => Self { preset: "rfc8314", existing_account: Action::Reject, ..base },
            "local" => Self { preset: "local", local_names: true, ..base },
            _ => {
                return Err(PolicyError {
                    field: "preset".to_owned(),
                    reason: format!("{:?} is none of {}", crate::text::excerpt(name, 40), PRESETS.join(", ")),
                });
            }
        })
    }

    /// The preset that this policy began as.
    pub fn preset_name(&self) -> &'static str {
        self.preset
    }

    /// Sets a named field from text; the list is in `docs/policy.md`.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), PolicyError> {
        let known = FIELDS.iter().find(|(name, _)| *name == field);
        let Some((_, takes)) = known else {
            return Err(PolicyError { field: crate::text::excerpt(field, 40), reason: "no such field".to_owned() });
        };
        self.assign(field, value).ok_or_else(|| PolicyError {
            field: field.to_owned(),
            reason: format!("{:?} is not a value; it takes {takes}", crate::text::excerpt(value, 40)),
        })
    }

    fn assign(&mut self, field: &str, value: &str) -> Option<()> {
        match field {
            "ca" => {
                self.ca = match value {
                    "accept" => CaUse::Accept,
                    "inform" => CaUse::Inform,
                    "off" => CaUse::Off,
                    _ => return None,
                }
            }
            "system-roots" => self.system_roots = yes_no(value)?,
            "pins" => self.pins = yes_no(value)?,
            "dane" => self.dane = yes_no(value)?,
            "local-names" => self.local_names = yes_no(value)?,
            "mandatory" => self.mandatory = yes_no(value)?,
            "first-use" => self.first_use = one_of(value, &[Action::Ask, Action::Accept, Action::Reject])?,
            "change" => self.change = one_of(value, &[Action::Ask, Action::Reject])?,
            "lapse" => self.lapse = one_of(value, &[Action::Ask, Action::Reject])?,
            "existing-account" => self.existing_account = one_of(value, &[Action::Ask, Action::Reject])?,
            "issuer-change" => self.issuer_change = one_of(value, &[Action::Accept, Action::Ask])?,
            "upgrade" => self.upgrade = one_of(value, &[Action::Accept, Action::Ask])?,
            "sibling" => {
                self.sibling = match value {
                    "accept" => Action::Accept,
                    "inform" => Action::Ask,
                    _ => return None,
                }
            }
            "downgrade" => {
                self.downgrade_way_back = match value {
                    "reject" => true,
                    "final" => false,
                    _ => return None,
                }
            }
            "mail-ports" => self.mail_ports = ports(value)?,
            "late-days" => self.late_days = number(value, 0, 30)?,
            "lapse-days" => self.lapse_days = number(value, 1, 90)?,
            "pin-days" => self.pin_days = number(value, 0, 36_500)?,
            "overlap-hours" => self.overlap_hours = number(value, 0, 720)?,
            "farm-limit" => self.farm_limit = usize::try_from(number(value, 1, 16)?).ok()?,
            "min-rsa-bits" => {
                self.min_rsa_bits = u32::try_from(number(value, i64::from(SMALLEST_RSA), 16_384)?).ok()?
            }
            _ => return None,
        }
        Some(())
    }

    /// The text of a field; `preset` gives the preset's name, `json` all as stored. `None` for an
    /// unknown field.
    pub fn get(&self, field: &str) -> Option<String> {
        let word = |action: Action| {
            match action {
                Action::Accept => "accept",
                Action::Ask => "ask",
                Action::Reject => "reject",
            }
            .to_owned()
        };
        let flag = |set: bool| if set { "yes" } else { "no" }.to_owned();
        Some(match field {
            "json" => crate::text::json(&Value::Object(self.to_map())),
            "preset" => self.preset.to_owned(),
            "ca" => match self.ca {
                CaUse::Accept => "accept",
                CaUse::Inform => "inform",
                CaUse::Off => "off",
            }
            .to_owned(),
            "system-roots" => flag(self.system_roots),
            "pins" => flag(self.pins),
            "dane" => flag(self.dane),
            "local-names" => flag(self.local_names),
            "mandatory" => flag(self.mandatory),
            "first-use" => word(self.first_use),
            "change" => word(self.change),
            "lapse" => word(self.lapse),
            "existing-account" => word(self.existing_account),
            "issuer-change" => word(self.issuer_change),
            "upgrade" => word(self.upgrade),
            "sibling" => if self.sibling == Action::Accept { "accept" } else { "inform" }.to_owned(),
            "downgrade" => if self.downgrade_way_back { "reject" } else { "final" }.to_owned(),
            "mail-ports" => self.mail_ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" "),
            "late-days" => self.late_days.to_string(),
            "lapse-days" => self.lapse_days.to_string(),
            "pin-days" => self.pin_days.to_string(),
            "overlap-hours" => self.overlap_hours.to_string(),
            "farm-limit" => self.farm_limit.to_string(),
            "min-rsa-bits" => self.min_rsa_bits.to_string(),
            _ => return None,
        })
    }

    /// Adds a trust anchor beside the system's, or instead of them where `system-roots` is `no`. A file of them is
    /// read by [`RootFile`](crate::path::RootFile).
    pub fn add_root(&mut self, root: Cert) {
        self.roots.push(root);
    }

    /// As stored: the preset, the fields in which it was changed, the roots added, and whatever a
    /// newer version wrote.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = self.unknown.clone();
        map.insert("preset".to_owned(), Value::from(self.preset));
        let base = Self::preset(self.preset).unwrap_or_default();
        for (field, _) in FIELDS {
            if let Some(value) = self.get(field).filter(|value| base.get(field).as_ref() != Some(value)) {
                map.insert(field.to_owned(), Value::from(value));
            }
        }
        if !self.roots.is_empty() {
            let roots = self.roots.iter().map(|root| Value::from(BASE64.encode(root.der())));
            map.insert("roots".to_owned(), Value::Array(roots.collect()));
        }
        map
    }

    /// From the store. A field, value or preset that this version does not know is kept as it
    /// stands, and [`Policy::unknown_field`] tells of it: a check refuses to work with such a policy.
    pub fn from_map(map: &Map<String, Value>) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        if let Some(preset) = map.get("preset") {
            match preset.as_str().map(Self::preset) {
                Some(Ok(known)) => policy = known,
                _ => {
                    policy.unknown.insert("preset".to_owned(), preset.clone());
                }
            }
        }
        for (field, value) in map {
            let taken = match (field.as_str(), value) {
                ("preset", _) => true,
                ("roots", Value::Array(roots)) => {
                    let roots: Option<Vec<Cert>> = roots.iter().map(stored_root).collect();
                    roots.map(|roots| policy.roots = roots).is_some()
                }
                (name, Value::String(text)) => policy.assign(name, text).is_some(),
                _ => false,
            };
            if !taken {
                policy.unknown.insert(field.clone(), value.clone());
            }
        }
        Ok(policy)
    }

    /// What makes a stored policy unusable by this version, if anything does.
    pub fn unknown_field(&self) -> Option<PolicyError> {
        self.unknown.keys().next().map(|field| PolicyError {
            field: crate::text::excerpt(field, 40),
            reason: "set by a newer version, and not understood by this one".to_owned(),
        })
    }

    /// Whether this policy wants a CA answer. One that was given no source of roots does not.
    pub fn wants_ca(&self) -> bool {
        self.ca != CaUse::Off && (self.system_roots || !self.roots.is_empty())
    }
}

fn stored_root(value: &Value) -> Option<Cert> {
    Cert::parse_der(&BASE64.decode(value.as_str()?.as_bytes()).ok()?).ok()
}

fn yes_no(value: &str) -> Option<bool> {
    match value {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn one_of(value: &str, allowed: &[Action]) -> Option<Action> {
    let action = match value {
        "accept" => Action::Accept,
        "ask" => Action::Ask,
        "reject" => Action::Reject,
        _ => return None,
    };
    allowed.contains(&action).then_some(action)
}

fn number(value: &str, least: i64, most: i64) -> Option<i64> {
    let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    value.parse().ok().filter(|n| plain && (least..=most).contains(n))
}

fn ports(value: &str) -> Option<Vec<u16>> {
    let ports: Option<Vec<u16>> =
        value.split_whitespace().map(|port| port.parse().ok().filter(|port| *port != 0)).collect();
    ports.filter(|ports| ports.len() <= 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_survives_being_stored() {
        for name in PRESETS {
            let policy = Policy::preset(name).unwrap();
            let back = Policy::from_map(&policy.to_map()).unwrap();
            assert_eq!(back.get("json"), policy.get("json"));
            assert_eq!(back.preset_name(), name);
            for (field, _) in FIELDS {
                assert_eq!(back.get(field), policy.get(field), "{name}: {field}");
            }
        }
    }

    #[test]
    fn every_field_takes_back_what_it_gives() {
        for name in PRESETS {
            let policy = Policy::preset(name).unwrap();
            let mut other = Policy::default();
            for (field, _) in FIELDS {
                other.set(field, &policy.get(field).unwrap()).unwrap();
                assert_eq!(other.get(field), policy.get(field));
            }
        }
    }

    #[test]
    fn what_is_no_field_or_value_is_refused_by_name() {
        let mut policy = Policy::default();
        for (field, value) in [
            ("no-such", "yes"),
            ("downgrade", "ask"),
            ("downgrade", "accept"),
            ("change", "accept"),
            ("lapse", "accept"),
            ("min-rsa-bits", "512"),
            ("farm-limit", "0"),
            ("farm-limit", "+4"),
            ("mail-ports", "0"),
            ("ca", ""),
        ] {
            let message = policy.set(field, value).unwrap_err().to_string();
            assert!(message.contains(field), "{message}");
        }
        assert!(Policy::preset("lenient").unwrap_err().to_string().contains("careful"));
    }

    #[test]
    fn fields_of_a_newer_version_are_kept_and_named() {
        let mut map = Policy::preset("careful").unwrap().to_map();
        map.insert("quantum".to_owned(), Value::from("yes"));
        map.insert("first-use".to_owned(), Value::from("consult-oracle"));
        let policy = Policy::from_map(&map).unwrap();
        assert!(policy.unknown_field().is_some());
        assert_eq!(policy.to_map().get("quantum"), map.get("quantum"));
        assert_eq!(policy.to_map().get("first-use"), map.get("first-use"));
        assert!(Policy::default().unknown_field().is_none());
    }
}
