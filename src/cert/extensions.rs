//! The extensions of a certificate: the list in its order, and the meaning of each known one.
//! `x509-parser` decodes the values, except alternative names: [`super::san`] decodes those,
//! because it must handle more forms. A value that cannot be decoded is an anomaly, and a critical
//! extension with such a value counts as not understood.

use std::borrow::Cow;

use x509_parser::extensions as x509;
use x509_parser::prelude::FromDer;

use super::der::{self, Tlv};
use super::limits::{MAX_EXTENSIONS, MAX_LIST, MAX_SANS};
use super::notes::Notes;
use super::{Anomaly, BasicConstraints, San, oid, san};

/// One extension, as the certificate contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionInfo {
    /// The dotted OID.
    pub oid: String,
    /// Its common name (`subjectAltName` …), if it has one.
    pub name: Option<&'static str>,
    /// Whether it is marked critical.
    pub critical: bool,
    /// Whether this library decodes it and could.
    pub decoded: bool,
}

/// Everything that extensions say.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) list: Vec<ExtensionInfo>,
    pub(super) sans: Vec<San>,
    /// The names behind [`MAX_SANS`](super::limits::MAX_SANS), not decoded.
    pub(super) sans_beyond: Vec<u8>,
    pub(super) san_extensions: usize,
    /// More alternative names may be there than could be read.
    pub(super) san_unclear: bool,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<Vec<&'static str>>,
    pub(super) extended_key_usage: Option<Vec<String>>,
    pub(super) not_understood: Vec<String>,
    pub(super) subject_key_id: Option<Vec<u8>>,
    pub(super) authority_key_id: Option<Vec<u8>>,
    pub(super) issuer_addresses: Vec<String>,
    pub(super) ocsp_addresses: Vec<String>,
    pub(super) crl_addresses: Vec<String>,
    pub(super) policies: Vec<String>,
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) timestamps: usize,
    pub(super) must_staple: bool,
    pub(super) anomalies: Vec<Anomaly>,
}

/// The subtrees of a nameConstraints extension (RFC 5280, section 4.2.1.10), escaped and fit to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// Names below the issuer must lie in one of these.
    pub permitted: Vec<String>,
    /// Names below the issuer must not lie in any of these.
    pub excluded: Vec<String>,
}

/// One entry of the list.
struct Entry<'a> {
    oid: String,
    critical: bool,
    value: Cow<'a, [u8]>,
}

/// Decodes the extensions inside the `[3]` element `explicit`.
pub(super) fn read(all: &[u8], explicit: Tlv) -> Extensions {
    let mut found = Extensions::default();
    let mut notes = Notes::default();
    let mut outer = explicit.inside(all);
    match outer.expect(der::SEQUENCE) {
        Some(list) => found.read_list(all, list, &mut notes),
        None => found.give_up(&mut notes),
    }
    if !outer.is_empty() {
        notes.add("extensions-structure", "extensions");
    }
    found.check_relations(&mut notes);
    found.anomalies = notes.into_vec();
    found
}

impl Extensions {
    /// A certificate without extensions; `unsure` where unreadable bytes may have held some.
    pub(super) fn without(unsure: bool) -> Self {
        let mut none = Self::default();
        if unsure {
            none.not_understood.push("unreadable".to_owned());
        }
        none
    }

    fn read_list(&mut self, all: &[u8], list: Tlv, notes: &mut Notes) {
        let mut entries = list.inside(all);
        if entries.is_empty() {
            notes.add("extensions-empty", "extensions");
        }
        loop {
            match entries.next() {
                Ok(None) => break,
                Ok(Some(_)) if self.list.len() >= MAX_EXTENSIONS => {
                    notes.found("extensions-too-many", "extensions", &format!("more than {MAX_EXTENSIONS}"));
                    self.not_understood.push("beyond-limit".to_owned());
                    break;
                }
                Ok(Some(tlv)) => match read_entry(all, tlv, notes) {
                    Some(entry) => self.take(entry, notes),
                    None => self.give_up(notes),
                },
                Err(_) => {
                    self.give_up(notes);
                    break;
                }
            }
        }
    }

    /// Something is there that may have been critical.
    fn give_up(&mut self, notes: &mut Notes) {
        notes.add("extensions-structure", "extensions");
        if !self.not_understood.iter().any(|o| o == "unreadable") {
            self.not_understood.push("unreadable".to_owned());
        }
    }

    fn take(&mut self, entry: Entry<'_>, notes: &mut Notes) {
        let name = oid::extension(&entry.oid);
        let place = format!("extension {}", name.unwrap_or(&entry.oid));
        let repeated = self.list.iter().any(|e| e.oid == entry.oid);
        if repeated {
            notes.add("extension-repeated", &place);
        }
        let read = if repeated && name != Some("subjectAltName") {
            // The first one counts; two of them are an anomaly and, if critical, not understood.
            None
        } else {
            self.decode(name, &entry.value, &place, notes)
        };
        if read == Some(false) {
            notes.add("extension-unreadable", &place);
        }
        if entry.critical && matches!(&*entry.oid, "2.5.29.14" | "2.5.29.35" | "1.3.6.1.5.5.7.1.1") {
            notes.add("extension-critical", &place);
        }
        if entry.critical && (repeated || read != Some(true) || !is_processed(name)) {
            if read != Some(false) && !repeated {
                notes.add("critical-extension-not-understood", &place);
            }
            self.not_understood.push(entry.oid.clone());
        }
        self.list.push(ExtensionInfo { oid: entry.oid, name, critical: entry.critical, decoded: read == Some(true) });
    }

    /// `None` for an extension that is not decoded here; false where its value is not readable.
    fn decode(&mut self, name: Option<&str>, value: &[u8], place: &str, notes: &mut Notes) -> Option<bool> {
        Some(match name? {
            "subjectAltName" => {
                self.san_extensions = self.san_extensions.saturating_add(1);
                let read = san::read(value, &mut self.sans, &mut self.sans_beyond, place, notes);
                self.san_unclear |= !read || self.sans.len() >= MAX_SANS;
                read
            }
            "basicConstraints" => self.read_basic_constraints(value),
            "keyUsage" => self.read_key_usage(value, place, notes),
            "extKeyUsage" => self.read_extended_key_usage(value),
            "subjectKeyIdentifier" => {
                self.subject_key_id = whole::<x509::KeyIdentifier<'_>>(value).map(|id| id.0.to_vec());
                self.subject_key_id.is_some()
            }
            "authorityKeyIdentifier" => match whole::<x509::AuthorityKeyIdentifier<'_>>(value) {
                Some(id) => {
                    self.authority_key_id = id.key_identifier.map(|id| id.0.to_vec());
                    true
                }
                None => false,
            },
            "authorityInfoAccess" => self.read_access(value, place, notes),
            "cRLDistributionPoints" => self.read_distribution_points(value, place, notes),
            "certificatePolicies" => self.read_policies(value),
            "nameConstraints" => self.read_name_constraints(value, place, notes),
            "signedCertificateTimestamps" => match x509::parse_ct_signed_certificate_timestamp_list(value) {
                Ok((rest, list)) => {
                    self.timestamps = list.len();
                    rest.is_empty()
                }
                Err(_) => false,
            },
            "policyMappings" => is_policy_mappings(value),
            "policyConstraints" => is_policy_constraints(value),
            "inhibitAnyPolicy" => is_count(value),
            "tlsFeature" => self.read_features(value),
            _ => return None,
        })
    }

    fn read_basic_constraints(&mut self, value: &[u8]) -> bool {
        let read = whole::<x509::BasicConstraints>(value);
        self.basic_constraints = read.map(|c| BasicConstraints { ca: c.ca, path_len: c.path_len_constraint });
        self.basic_constraints.is_some()
    }

    fn read_key_usage(&mut self, value: &[u8], place: &str, notes: &mut Notes) -> bool {
        const BITS: [&str; 9] = [
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
            "cRLSign",
            "encipherOnly",
            "decipherOnly",
        ];
        // Until it can be read, it allows nothing.
        self.key_usage = Some(Vec::new());
        let Some(usage) = whole::<x509::KeyUsage>(value) else { return false };
        let set: Vec<&str> =
            BITS.iter().enumerate().filter(|(i, _)| (usage.flags >> i) & 1 == 1).map(|(_, name)| *name).collect();
        if set.is_empty() {
            notes.add("key-usage-empty", place);
        }
        let only = |name| set.contains(&name);
        if (only("encipherOnly") || only("decipherOnly")) && !only("keyAgreement") {
            notes.add("key-usage-contradicts", place);
        }
        self.key_usage = Some(set);
        true
    }

    fn read_extended_key_usage(&mut self, value: &[u8]) -> bool {
        // Until it can be read, it allows nothing.
        self.extended_key_usage = Some(Vec::new());
        let mut outer = der::Reader::new(value);
        let Some(list) = outer.expect(der::SEQUENCE) else { return false };
        let mut inside = list.inside(value);
        let mut usages = Vec::new();
        let mut sound = outer.is_empty() && !inside.is_empty();
        loop {
            match inside.next() {
                Ok(Some(tlv)) if tlv.tag == der::OID => {
                    let dotted = oid::dotted(tlv.body(value));
                    sound &= !dotted.starts_with("oid:");
                    if usages.len() < MAX_LIST {
                        usages.push(oid::usage(&dotted).map_or(dotted, str::to_owned));
                    }
                }
                Ok(None) => break,
                _ => {
                    sound = false;
                    break;
                }
            }
        }
        if sound {
            self.extended_key_usage = Some(usages);
        }
        sound
    }

    fn read_access(&mut self, value: &[u8], place: &str, notes: &mut Notes) -> bool {
        let Some(access) = whole::<x509::AuthorityInfoAccess<'_>>(value) else { return false };
        for description in access.iter() {
            let list = match oid::dotted(description.access_method.as_bytes()).as_str() {
                "1.3.6.1.5.5.7.48.1" => &mut self.ocsp_addresses,
                "1.3.6.1.5.5.7.48.2" => &mut self.issuer_addresses,
                _ => continue,
            };
            push_address(list, &description.access_location, place, notes);
        }
        !access.accessdescs.is_empty()
    }

    fn read_distribution_points(&mut self, value: &[u8], place: &str, notes: &mut Notes) -> bool {
        let Some(points) = whole::<x509::CRLDistributionPoints<'_>>(value) else { return false };
        for point in points.iter() {
            if let Some(x509::DistributionPointName::FullName(names)) = &point.distribution_point {
                for name in names {
                    push_address(&mut self.crl_addresses, name, place, notes);
                }
            }
        }
        !points.points.is_empty()
    }

    fn read_policies(&mut self, value: &[u8]) -> bool {
        let mut outer = der::Reader::new(value);
        let Some(list) = outer.expect(der::SEQUENCE) else { return false };
        let mut inside = list.inside(value);
        let mut sound = outer.is_empty() && !inside.is_empty();
        while let Some(policy) = inside.expect(der::SEQUENCE) {
            let (policy, _) = oid::leading(policy.inside(value), value);
            sound &= !policy.is_empty() && !policy.starts_with("oid:");
            if self.policies.len() < MAX_LIST {
                self.policies.push(policy);
            }
        }
        sound && inside.is_empty()
    }

    fn read_name_constraints(&mut self, value: &[u8], place: &str, notes: &mut Notes) -> bool {
        let mut outer = der::Reader::new(value);
        let Some(list) = outer.expect(der::SEQUENCE) else { return false };
        let mut constraints = NameConstraints::default();
        let mut inside = list.inside(value);
        let mut sound = outer.is_empty() && !inside.is_empty();
        while let Ok(Some(subtrees)) = inside.next() {
            let names = match subtrees.tag {
                0xA0 => &mut constraints.permitted,
                0xA1 => &mut constraints.excluded,
                _ => {
                    sound = false;
                    continue;
                }
            };
            let mut trees = subtrees.inside(value);
            sound &= !trees.is_empty();
            while let Some(tree) = trees.expect(der::SEQUENCE) {
                match subtree(value, tree, place, notes) {
                    Some(text) if names.len() < MAX_LIST => names.push(text),
                    Some(_) => {}
                    None => sound = false,
                }
            }
            sound &= trees.is_empty();
        }
        self.name_constraints = Some(constraints);
        sound && inside.is_empty()
    }

    /// tlsFeature with status_request (5) is "must staple" (RFC 7633).
    fn read_features(&mut self, value: &[u8]) -> bool {
        let mut outer = der::Reader::new(value);
        let Some(list) = outer.expect(der::SEQUENCE) else { return false };
        let mut inside = list.inside(value);
        while let Some(feature) = inside.expect(der::INTEGER) {
            self.must_staple |= feature.body(value) == [5];
        }
        outer.is_empty() && inside.is_empty()
    }

    /// Whether there is a basicConstraints extension that cannot be read.
    pub(super) fn authority_is_unclear(&self) -> bool {
        self.basic_constraints.is_none() && self.list.iter().any(|e| e.name == Some("basicConstraints"))
    }

    /// What extensions must not say together (RFC 5280, sections 4.2.1.3 and 4.2.1.9).
    fn check_relations(&self, notes: &mut Notes) {
        let ca = self.basic_constraints.is_some_and(|c| c.ca);
        let signs = self.key_usage.as_ref().is_some_and(|usage| usage.contains(&"keyCertSign"));
        if signs && !ca {
            notes.add("key-usage-without-ca", "extension keyUsage");
        }
        if self.basic_constraints.is_some_and(|c| !c.ca && c.path_len.is_some()) {
            notes.add("path-length-without-ca", "extension basicConstraints");
        }
    }
}

/// `Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING }`
fn read_entry<'a>(all: &'a [u8], tlv: Tlv, notes: &mut Notes) -> Option<Entry<'a>> {
    if tlv.tag != der::SEQUENCE {
        return None;
    }
    let mut inside = tlv.inside(all);
    let id = inside.expect(der::OID)?;
    let oid = oid::dotted(id.body(all));
    let place = || format!("extension {}", oid::extension(&oid).unwrap_or(&oid));
    if oid.starts_with("oid:") {
        notes.add("extension-id", &place());
    }
    let critical = match inside.next_if(der::BOOLEAN).ok()?.map(|flag| flag.body(all)) {
        None => false,
        Some([0xFF]) => true,
        Some(other) => {
            notes.add("extension-critical-form", &place());
            other != [0]
        }
    };
    let value = inside.next().ok()??;
    if value.tag & !der::CONSTRUCTED != der::OCTET_STRING {
        return None;
    }
    if !inside.is_empty() {
        notes.add("extensions-structure", &place());
    }
    Some(Entry { oid, critical, value: value.string(all) })
}

/// Extensions whose meaning this library honours, here or in path validation.
fn is_processed(name: Option<&str>) -> bool {
    name.is_some_and(|name| {
        matches!(
            name,
            "subjectAltName"
                | "basicConstraints"
                | "keyUsage"
                | "extKeyUsage"
                | "nameConstraints"
                | "subjectKeyIdentifier"
                | "authorityKeyIdentifier"
                | "authorityInfoAccess"
                | "cRLDistributionPoints"
                | "certificatePolicies"
                | "policyMappings"
                | "policyConstraints"
                | "inhibitAnyPolicy"
        )
    })
}

/// The forms of the policy extensions that path validation reads (RFC 5280, sections 4.2.1.5, 4.2.1.11
/// and 4.2.1.14); here only whether they have those forms.
fn is_policy_mappings(value: &[u8]) -> bool {
    let mut outer = der::Reader::new(value);
    let Some(list) = outer.expect(der::SEQUENCE) else { return false };
    let mut inside = list.inside(value);
    let mut sound = outer.is_empty() && !inside.is_empty();
    while let Some(pair) = inside.expect(der::SEQUENCE) {
        let mut pair = pair.inside(value);
        sound &= pair.expect(der::OID).is_some() && pair.expect(der::OID).is_some() && pair.is_empty();
    }
    sound && inside.is_empty()
}

fn is_policy_constraints(value: &[u8]) -> bool {
    let mut outer = der::Reader::new(value);
    let Some(fields) = outer.expect(der::SEQUENCE) else { return false };
    let mut inside = fields.inside(value);
    let mut sound = outer.is_empty() && !inside.is_empty();
    for tag in [0x80, 0x81] {
        if let Ok(Some(field)) = inside.next_if(tag) {
            sound &= field.body(value).first().is_some_and(|first| first & 0x80 == 0);
        }
    }
    sound && inside.is_empty()
}

fn is_count(value: &[u8]) -> bool {
    let mut outer = der::Reader::new(value);
    let number = outer.expect(der::INTEGER);
    number.is_some_and(|n| n.body(value).first().is_some_and(|first| first & 0x80 == 0)) && outer.is_empty()
}

/// Decodes a value that must be used up.
fn whole<'a, T>(value: &'a [u8]) -> Option<T>
where
    T: FromDer<'a, x509_parser::error::X509Error>,
{
    T::from_der(value).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, decoded)| decoded)
}

fn push_address(list: &mut Vec<String>, name: &x509::GeneralName<'_>, place: &str, notes: &mut Notes) {
    match name {
        x509::GeneralName::URI(address) => {
            if address.is_empty() || !address.bytes().all(|b| b.is_ascii_graphic()) {
                notes.found("address-form", place, address);
            }
            if list.len() < MAX_LIST {
                list.push((*address).to_owned());
            }
        }
        x509::GeneralName::Invalid(..) => notes.add("extension-unreadable", place),
        _ => {}
    }
}

/// One GeneralSubtree: `DNS:example.org`, `IP:192.0.2.0/24` …; `None` where it is malformed.
fn subtree(value: &[u8], tree: Tlv, place: &str, notes: &mut Notes) -> Option<String> {
    let base = tree.inside(value).next().ok().flatten()?;
    let body = base.body(value);
    if base.tag != 0x87 {
        // A leading dot or an empty name is right here, where it would be wrong in a certificate's own name.
        let text = |kind: &str| std::str::from_utf8(body).ok().map(|t| format!("{kind}:{}", crate::text::escape(t)));
        return match base.tag {
            0x82 => text("DNS"),
            0x81 => text("email"),
            0x86 => text("URI"),
            0xA0 | 0xA3..=0xA5 | 0x88 => Some(san::general_name(value, base, place, notes).text()),
            _ => None,
        };
    }
    let (address, mask) = body.split_at_checked(body.len().checked_div(2)?)?;
    let bits: u32 = mask.iter().map(|b| b.leading_ones()).take_while(|ones| *ones == 8).sum();
    let partial = mask.iter().find(|b| **b != 0xFF).map_or(0, |b| b.leading_ones());
    let ones: u32 = mask.iter().map(|b| b.count_ones()).sum();
    let prefix = bits.saturating_add(partial);
    if prefix != ones {
        notes.found("ip-constraint-mask", place, &data_encoding::HEXLOWER.encode(mask));
    }
    let shown = match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
        (Ok(octets), _) if mask.len() == 4 => std::net::IpAddr::from(octets),
        (_, Ok(octets)) if mask.len() == 16 => std::net::IpAddr::from(octets),
        _ => return None,
    };
    Some(format!("IP:{shown}/{prefix}"))
}
