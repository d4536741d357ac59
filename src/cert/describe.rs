//! Describes a certificate in a screenful of text: which servers it is for, who issued it, how long
//! it is valid, how to tell it from another, and then the details.

use super::{Cert, San, compare};
use crate::text::{escape, layout};

/// The width of the labels on the left.
const LABEL: usize = 18;
/// Names listed before the rest is counted.
const MAX_NAMES: usize = 16;
/// Anomalies listed before the rest is counted.
const MAX_ODD: usize = 12;
/// Columns of a name or an address shown before it is cut.
const MAX_TEXT: usize = 400;

/// The whole text, ending in a line feed.
pub(super) fn certificate(cert: &Cert) -> String {
    let mut out = Lines::default();
    out.line("Certificate for", &holder(cert));
    names(cert, &mut out);
    out.line("Valid from", &cert.not_before_text());
    out.line("Valid until", &cert.not_after_text());
    out.line("Subject", &or_none(&cert.subject().text()));
    out.line("Issuer", &or_none(&cert.issuer().text()));
    out.line("Self-signed", self_signed(cert));
    out.line("Key", &cert.key().text());
    fingerprints(cert, &mut out);
    details(cert, &mut out);
    anomalies(cert, &mut out);
    out.0
}

/// Which servers it is for, and names that only look as if it were for them.
fn names(cert: &Cert, out: &mut Lines) {
    let presented = cert.server_names();
    let label = if presented.only_in_cn { "Name, in CN only" } else { "Names" };
    let names = presented.texts();
    for (i, name) in names.iter().take(MAX_NAMES).enumerate() {
        out.line(if i == 0 { label } else { "" }, &cut(name));
    }
    if names.len() > MAX_NAMES {
        out.line("", &format!("and {} more", names.len().saturating_sub(MAX_NAMES)));
    }
    if names.is_empty() {
        out.line("Names", "none that a server could have");
    }
    if !presented.only_in_cn {
        out.list("Unusable names", &presented.unusable);
    }
}

/// A proxy that lends its authority's key to every certificate signs others' names with it.
fn self_signed(cert: &Cert) -> &'static str {
    match (cert.is_self_signed(), cert.is_self_issued()) {
        (false, _) => "no",
        (true, true) => "yes, the signature verifies under its own key",
        (true, false) => "the signature verifies under its own key, which the issuer named above has too",
    }
}

fn holder(cert: &Cert) -> String {
    let subject = cert.subject();
    let name = subject.common_name().or_else(|| subject.attribute("O").pop()).or_else(|| subject.attribute("OU").pop());
    match name {
        Some(name) => cut(&escape(&name)),
        None => cert.host_names().first().map_or_else(|| "somebody without a name".to_owned(), |n| cut(n)),
    }
}

fn fingerprints(cert: &Cert, out: &mut Lines) {
    let sha256 = cert.fingerprint().colon_hex();
    let (first, second) = sha256.split_at_checked(48).unwrap_or((&sha256, ""));
    out.line("SHA-256", first);
    out.line("", second);
    out.line("SPKI pin", &cert.spki().key_pin());
    let sha1: Vec<String> = cert.sha1_fingerprint().iter().map(|b| format!("{b:02X}")).collect();
    out.line("SHA-1", &sha1.join(":"));
    out.line("", "(SHA-1 for comparison with old programs only)");
}

fn details(cert: &Cert, out: &mut Lines) {
    let algorithm = cert.signature_algorithm();
    let weak = match (algorithm.weak, cert.is_self_signed()) {
        (false, _) => "",
        (true, false) => " (weak)",
        (true, true) => " (weak, which makes no difference in a signature of its own)",
    };
    out.line("Signed with", &format!("{}{weak}", cut(&escape(&algorithm.name))));
    out.line("Serial number", &cut(&cert.serial()));
    out.line("Version", &cert.version().to_string());
    out.line("Authority", &compare::authority(cert));
    if cert.key_usage().is_some() {
        out.line("Key usage", &compare::key_usage(cert));
    }
    if cert.extended_key_usage().is_some() {
        out.line("Extended usage", &cut(&compare::extended_key_usage(cert)));
    }
    if let Some(constraints) = cert.name_constraints() {
        out.list("Only for names in", &constraints.permitted);
        out.list("Not for names in", &constraints.excluded);
    }
    for (label, id) in [("Subject key id", cert.subject_key_id()), ("Issuer key id", cert.authority_key_id())] {
        if let Some(id) = id {
            out.line(label, &cut(&data_encoding::HEXLOWER.encode(id)));
        }
    }
    let others: Vec<String> = cert
        .sans()
        .iter()
        .filter(|san| !matches!(san, San::Dns(_) | San::Ip(_) | San::Srv(_) | San::Xmpp(_)))
        .map(San::text)
        .collect();
    out.list("Other names", &others);
    for (label, list) in [
        ("Issuer's own", cert.issuer_addresses()),
        ("OCSP", cert.ocsp_addresses()),
        ("Revocation list", cert.crl_addresses()),
    ] {
        let shown: Vec<String> = list.iter().map(|a| escape(a)).collect();
        out.list(label, &shown);
    }
    out.list("Policies", cert.policies());
    match cert.timestamp_count() {
        0 => {}
        1 => out.line("Transparency", "1 signed timestamp (not verified)"),
        n => out.line("Transparency", &format!("{n} signed timestamps (not verified)")),
    }
    if cert.must_staple() {
        out.line("Must staple", "yes");
    }
    out.list("Not understood", cert.unknown_critical_extensions());
}

fn anomalies(cert: &Cert, out: &mut Lines) {
    let all = cert.anomalies();
    for (i, anomaly) in all.iter().take(MAX_ODD).enumerate() {
        out.line(if i == 0 { "Odd" } else { "" }, &format!("{} [{}]", anomaly.text(), anomaly.code));
    }
    if all.len() > MAX_ODD {
        out.line("", &format!("and {} more oddities", all.len().saturating_sub(MAX_ODD)));
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { cut(text) }
}

/// Shortens text that is already escaped.
fn cut(text: &str) -> String {
    layout::cut(text, MAX_TEXT)
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, label: &str, value: &str) {
        let text = format!("{label:<LABEL$}{value}");
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    /// A few values, one a line.
    fn list(&mut self, label: &str, values: &[String]) {
        const FEW: usize = 4;
        for (i, value) in values.iter().take(FEW).enumerate() {
            self.line(if i == 0 { label } else { "" }, &cut(value));
        }
        if values.len() > FEW {
            self.line("", &format!("and {} more", values.len().saturating_sub(FEW)));
        }
    }
}
