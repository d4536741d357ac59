//! A policy says how facts become a decision: a preset and named fields. The fields, their values, meanings and
//! presets are rows of one table, [`fields`]; how values are read and compared is in [`value`], and how a mandatory
//! policy raises another one in [`floor`]. The rules that read the fields are in [`super::decide`].

mod fields;
mod floor;
mod value;

use data_encoding::BASE64;
use serde_json::{Map, Value};

use crate::cert::Cert;
pub use fields::{Action, CaUse, FIELDS, Field, MAIL_PORTS, PRESET_MEANINGS, PRESETS, Policy, SMALLEST_RSA};

/// A policy field or value that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy {field}: {reason}")]
pub struct PolicyError {
    /// The field.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self::of_preset(PRESETS[0])
    }
}

impl Policy {
    /// One of [`PRESETS`].
    pub fn preset(name: &str) -> Result<Self, PolicyError> {
        let known = PRESETS.iter().find(|preset| **preset == name);
        known.map(|preset| Self::of_preset(preset)).ok_or_else(|| PolicyError {
            field: "preset".to_owned(),
            reason: format!("{:?} is none of {}", crate::text::excerpt(name, 40), PRESETS.join(", ")),
        })
    }

    /// The preset that this policy began as.
    pub fn preset_name(&self) -> &'static str {
        self.preset
    }

    /// Sets a named field from text; the list is in `docs/policy.md`.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), PolicyError> {
        let Some(known) = FIELDS.iter().find(|known| known.name == field) else {
            return Err(PolicyError { field: crate::text::excerpt(field, 40), reason: "no such field".to_owned() });
        };
        self.assign(field, value).ok_or_else(|| PolicyError {
            field: field.to_owned(),
            reason: format!("{:?} is not a value; it takes {}", crate::text::excerpt(value, 40), known.takes()),
        })
    }

    /// The text of a field; `preset` gives the preset's name, `json` all as stored. `None` for an
    /// unknown field.
    pub fn get(&self, field: &str) -> Option<String> {
        match field {
            "json" => Some(crate::text::json(&Value::Object(self.to_map()))),
            "preset" => Some(self.preset.to_owned()),
            field => self.text(field),
        }
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
        for Field { name, .. } in FIELDS {
            if let Some(value) = self.get(name).filter(|value| base.get(name).as_ref() != Some(value)) {
                map.insert((*name).to_owned(), Value::from(value));
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
            for Field { name: field, .. } in FIELDS {
                assert_eq!(back.get(field), policy.get(field), "{name}: {field}");
            }
        }
    }

    #[test]
    fn every_field_takes_back_what_it_gives() {
        for name in PRESETS {
            let policy = Policy::preset(name).unwrap();
            let mut other = Policy::default();
            for Field { name: field, .. } in FIELDS {
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

    #[test]
    fn the_rows_name_presets_that_exist_and_each_preset_but_the_first_changes_a_field() {
        for field in FIELDS {
            assert!(field.presets.iter().all(|preset| PRESETS[1..].contains(preset)), "{}", field.name);
        }
        for preset in &PRESETS[1..] {
            assert!(FIELDS.iter().any(|field| field.presets.contains(preset)), "{preset}");
        }
    }

    /// A field that no rule reads would promise something that does not happen.
    #[test]
    fn every_field_is_read_where_facts_are_gathered_or_rules_decide() {
        let trust = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/trust");
        let mut source = String::new();
        for folder in ["rules", "gather", "record"] {
            for file in std::fs::read_dir(trust.join(folder)).unwrap() {
                source.push_str(&std::fs::read_to_string(file.unwrap().path()).unwrap_or_default());
            }
        }
        for field in FIELDS {
            let read = source.match_indices(&format!("policy.{}", field.ident)).any(|(at, found)| {
                !source[at + found.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
            });
            assert!(read, "no rule reads {}", field.name);
        }
    }
}
