//! Stable words for the kinds and states of what is remembered, in text and JSON alike.

use tofu::cert::Cert;
use tofu::store::{Origin, PinKind, PinState, PinValue, Severity, Standing, Validation};
pub use tofu::text::count;
use tofu::text::escape;
use tofu::time::{Timestamp, date, days_between};

use crate::process::out::Style;

pub fn kind(kind: PinKind) -> &'static str {
    kind.code()
}

pub fn state_style(state: PinState) -> Style {
    match state {
        PinState::Trusted => Style::Good,
        PinState::Staged => Style::Warn,
        PinState::Retired => Style::Dim,
        PinState::Blocked | PinState::Compromised => Style::Bad,
    }
}

pub fn standing_style(standing: Standing) -> Style {
    match standing {
        Standing::Trusted | Standing::System | Standing::Valid => Style::Good,
        Standing::Expired | Standing::Staged | Standing::Accepted | Standing::Seen => Style::Warn,
        Standing::Blocked => Style::Bad,
        Standing::Forgotten | Standing::Retired | Standing::Policy => Style::Dim,
    }
}

/// How a pin came to be, as part of a sentence.
pub fn by_whom(origin: Origin) -> &'static str {
    match origin {
        Origin::User => "by a person's yes",
        Origin::Managed => "by hand",
        Origin::AcceptNew => "at first use, unasked",
        Origin::Sibling => "because of another port of the host",
        Origin::Imported => "by an import",
    }
}

/// From when to when a certificate is valid, in days.
pub fn validity(cert: &Cert) -> String {
    let first = cert.not_before().map_or_else(|| cert.not_before_text(), date);
    let last = cert.not_after().map_or_else(|| cert.not_after_text(), date);
    format!("{first} to {last}")
}

pub fn validation(validation: Validation) -> &'static str {
    match validation {
        Validation::Ca => "ca",
        Validation::Dane => "dane",
        Validation::Pinned => "issuer-or-name-pin",
        Validation::None => "none",
    }
}

/// What vouched for a sighting, in a word or two.
pub fn vouched(validation: Validation) -> &'static str {
    match validation {
        Validation::Ca => "valid",
        Validation::Dane => "valid (DANE)",
        Validation::Pinned => "valid by a pin",
        Validation::None => "pinned",
    }
}

pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::High => "high",
    }
}

pub fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Info => Style::Dim,
        Severity::Notice => Style::Plain,
        Severity::Warning => Style::Warn,
        Severity::High => Style::Bad,
    }
}

/// What a pin names, in full: `sha256//` and base64 for keys, hexadecimal digits for certificates.
pub fn value(kind: PinKind, value: &PinValue) -> String {
    match value {
        PinValue::Sha256(hash) if kind == PinKind::Certificate => hash.hex(),
        PinValue::Sha256(hash) => hash.key_pin(),
        PinValue::Name(name) => escape(name),
    }
}

/// `2026-11-20 (3 days ago)`.
pub fn day(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", date(at), ago(at, now))
}

/// `today`, `3 days ago`, `in 12 days`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let days = days_between(at, now);
    match (days, count(days.unsigned_abs(), "day")) {
        (0, _) => "today".to_owned(),
        (1.., days) => format!("{days} ago"),
        (_, days) => format!("in {days}"),
    }
}
