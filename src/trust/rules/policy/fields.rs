//! The table of policy fields: one row for each, and the presets. From these rows come the fields of [`Policy`],
//! what [`Policy::set`] takes and [`Policy::get`] gives, which value is stricter, the presets, the table in
//! `docs/policy.md` and the list that `tofuctl policy list` prints. CONTRIBUTING.md says how to add a field.

use serde_json::{Map, Value};

use super::value::{Ports, Range, Stricter, Takes, Unordered, Words};
use crate::cert::Cert;

/// The presets with what each of them means, in the order of the documentation.
pub const PRESET_MEANINGS: [(&str, &str); 7] = [
    (
        "default",
        "valid certificates are accepted; everything else is asked about once and then remembered; downgrades are rejected",
    ),
    ("accept-new", "as default, and the first key of an unknown server is accepted if nothing speaks against it"),
    ("careful", "as default, and asks about new authorities, upgrades and keys known from sibling ports"),
    ("strict", "only what is pinned is accepted; valid certificates are examined and shown"),
    (
        "ca-only",
        "only valid certificates are accepted; pins, DANE, staged keys and siblings accept nothing, but they still make decisions stricter",
    ),
    (
        "rfc8314",
        "as default while an account is set up; afterwards every question is a no (RFC 8314, sections 5.3 and 5.4)",
    ),
    (
        "local",
        "as default, and wrong names and CA certificates are tolerated on addresses that the program states to be loopback, and at v3 .onion names through Tor",
    ),
];

/// The names of the presets, in the order of the documentation.
pub const PRESETS: [&str; 7] = [
    PRESET_MEANINGS[0].0,
    PRESET_MEANINGS[1].0,
    PRESET_MEANINGS[2].0,
    PRESET_MEANINGS[3].0,
    PRESET_MEANINGS[4].0,
    PRESET_MEANINGS[5].0,
    PRESET_MEANINGS[6].0,
];

/// The sibling rule may carry trust between these ports: SMTP, POP3, IMAP, submission, the ports on which those begin
/// with TLS, and ManageSieve.
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

/// A field of a policy, as documentation and tools show it.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name in text.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Its name in the source.
    #[cfg(test)]
    pub(crate) ident: &'static str,
    /// The presets that its row names.
    #[cfg(test)]
    pub(crate) presets: &'static [&'static str],
    /// Whether one of its values is stricter than another.
    pub(crate) is_ordered: bool,
    described: fn() -> String,
}

impl Field {
    /// Its values in words, the laxest first.
    pub fn takes(&self) -> String {
        (self.described)()
    }
}

const ALLOW: Words<bool> = Words(&[("yes", true), ("no", false)]);
const ASK_OR_REJECT: Words<Action> = Words(&[("ask", Action::Ask), ("reject", Action::Reject)]);
const ACCEPT_OR_ASK: Words<Action> = Words(&[("accept", Action::Accept), ("ask", Action::Ask)]);

/// Makes [`Policy`], its presets and [`FIELDS`] from the rows below.
macro_rules! policy_fields {
    ($(
        $ident:ident: $type:ty, $name:literal, $takes:expr,
        default: $default:expr, presets: [$($preset:literal: $value:expr),*],
        $meaning:literal;
    )*) => {
        /// How facts become a decision: a preset and named fields.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Policy {
            pub(super) preset: &'static str,
            $(#[doc = $meaning] pub(in crate::trust) $ident: $type,)*
            /// Trust anchors beside the system's, or instead of them.
            pub(in crate::trust) roots: Vec<Cert>,
            /// The policies that this one was put together of, each of which decides as well. Never stored.
            pub(in crate::trust) parts: Vec<Policy>,
            /// What a newer version wrote.
            pub(super) unknown: Map<String, Value>,
        }

        /// Every field, in the order of the documentation.
        pub const FIELDS: &[Field] = &[$(Field {
            name: $name,
            meaning: $meaning,
            #[cfg(test)]
            ident: stringify!($ident),
            #[cfg(test)]
            presets: &[$($preset),*],
            is_ordered: $takes.is_ordered(),
            described: || Takes::described(&$takes),
        }),*];

        impl Policy {
            /// A policy as its preset says; with no preset of this name it is the default one.
            #[allow(clippy::match_single_binding, reason = "a row may name no preset")]
            pub(super) fn of_preset(preset: &'static str) -> Self {
                let base = Self {
                    preset,
                    $($ident: $default,)*
                    roots: Vec::new(),
                    parts: Vec::new(),
                    unknown: Map::new(),
                };
                Self { $($ident: match preset { $($preset => $value,)* _ => base.$ident },)* ..base }
            }

            /// Sets a field; `None` if there is no such field or value.
            pub(super) fn assign(&mut self, field: &str, value: &str) -> Option<()> {
                match field {
                    $($name => self.$ident = Takes::read(&$takes, value)?,)*
                    _ => return None,
                }
                Some(())
            }

            /// The text of a field; `None` if there is no such field.
            pub(super) fn text(&self, field: &str) -> Option<String> {
                match field {
                    $($name => Some(Takes::text(&$takes, &self.$ident)),)*
                    _ => None,
                }
            }

            /// Makes every field at least as strict as that of `floor`.
            pub(super) fn raise(&mut self, floor: &Self) {
                $(self.$ident = Takes::stricter(&$takes, &self.$ident, &floor.$ident);)*
            }
        }
    };
}

policy_fields! {
    ca: CaUse, "ca",
        Words(&[("accept", CaUse::Accept), ("off", CaUse::Off), ("inform", CaUse::Inform)]),
        default: CaUse::Accept, presets: ["strict": CaUse::Inform],
        "what a valid certificate is good for: it is accepted (rule 5), it is only shown, or it is not examined and no root is loaded";
    system_roots: bool, "system-roots", ALLOW,
        default: true, presets: [],
        "whether the system's roots count beside those added; no, without roots added, means that there is no CA answer at all";
    pins: bool, "pins", ALLOW,
        default: true, presets: ["ca-only": false],
        "no: only valid certificates are accepted, everything else is rejected";
    dane: bool, "dane", ALLOW,
        default: true, presets: ["strict": false, "ca-only": false],
        "whether DANE accepts (rule 4b); a mismatch of validated records always rejects";
    first_use: Action, "first-use",
        Words(&[("accept", Action::Accept), ("ask", Action::Ask), ("reject", Action::Reject)]),
        default: Action::Ask, presets: ["accept-new": Action::Accept, "strict": Action::Reject, "ca-only": Action::Reject],
        "a server of which nothing is known (rule 10)";
    change: Action, "change", ASK_OR_REJECT,
        default: Action::Ask, presets: ["strict": Action::Reject, "ca-only": Action::Reject],
        "a known server with another key (rule 9)";
    lapse: Action, "lapse", ASK_OR_REJECT,
        default: Action::Ask, presets: ["strict": Action::Reject, "ca-only": Action::Reject],
        "a formerly valid server whose certificate has expired (rules 7 and 7b)";
    downgrade_way_back: bool, "downgrade", Words(&[("reject", true), ("final", false)]),
        default: true, presets: ["strict": false, "ca-only": false],
        "a formerly valid server that no longer is (rule 8): rejected with a way back (typed fingerprint, announced change, vanished authorities), or without";
    issuer_change: Action, "issuer-change", ACCEPT_OR_ASK,
        default: Action::Accept, presets: ["careful": Action::Ask],
        "a valid certificate with a new key from a new authority (rule 5)";
    upgrade: Action, "upgrade", ACCEPT_OR_ASK,
        default: Action::Accept, presets: ["careful": Action::Ask],
        "a pinned server that has a valid certificate with another key (rule 5)";
    sibling: Action, "sibling", Words(&[("accept", Action::Accept), ("inform", Action::Ask)]),
        default: Action::Accept, presets: ["careful": Action::Ask, "strict": Action::Ask, "ca-only": Action::Ask],
        "a key that a person confirmed on another mail port of the same host and account (rule 10)";
    existing_account: Action, "existing-account", ASK_OR_REJECT,
        default: Action::Ask, presets: ["rfc8314": Action::Reject],
        "what becomes of every question when no account is being set up";
    local_names: bool, "local-names", ALLOW,
        default: false, presets: ["local": true],
        "whether wrong names and CA certificates are tolerated on addresses that the program vouches for; never inferred from .local, .lan or private addresses";
    mail_ports: Vec<u16>, "mail-ports", Ports,
        default: MAIL_PORTS.to_vec(), presets: [],
        "the ports between which the sibling rule may carry trust";
    late_days: i64, "late-days", Range(0, 30, Stricter::Smaller),
        default: 30, presets: [],
        "how long ago a newer certificate may have expired and still be asked about (rule 7b)";
    lapse_days: i64, "lapse-days", Range(1, 90, Stricter::Smaller),
        default: 7, presets: [],
        "how long trust in an expired certificate lasts, and a waived expiry without a date";
    pin_days: i64, "pin-days", Range(0, 36_500, Stricter::SmallerButZero),
        default: 0, presets: [],
        "how long new pins last";
    overlap_hours: i64, "overlap-hours", Range(0, 720, Stricter::Smaller),
        default: 72, presets: [],
        "how long the old key counts after the announced one was promoted";
    farm_limit: usize, "farm-limit", Range(1, 16, Stricter::Smaller),
        default: 4, presets: [],
        "up to how many trusted keys a key may be added beside the old ones when asked; keys added by hand are not counted against it";
    min_rsa_bits: u32, "min-rsa-bits", Range(SMALLEST_RSA, 16_384, Stricter::Larger),
        default: SMALLEST_RSA, presets: [],
        "smaller RSA keys are rejected, whatever is pinned";
    mandatory: bool, "mandatory", Unordered(Words(&[("no", false), ("yes", true)])),
        default: false, presets: [],
        "in a system's store: every other policy is raised to this one, field by field, and each of the policies decides as well; the strictest decision counts";
}
