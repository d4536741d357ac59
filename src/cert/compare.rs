//! Compares an old and a new certificate field by field: what a person must see if a server
//! presents something else.

use super::{Cert, San};
use crate::text::escape;
use crate::text::layout::{cut, padded, wrap};

/// One line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffRow {
    /// Stable field code: `subject`, `issuer`, `key`, `not-before` …
    pub field: &'static str,
    /// The value in the old certificate, safe to show.
    pub before: String,
    /// The value in the new certificate, safe to show.
    pub now: String,
    /// Whether they differ.
    pub changed: bool,
}

/// The comparison of an old and a new certificate, field by field, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The rows.
    pub rows: Vec<DiffRow>,
}

/// Names listed in one row; the others are counted.
const MAX_NAMES: usize = 12;
/// Columns of one value in a row.
const MAX_VALUE: usize = 2000;

/// Compares two certificates field by field.
pub fn compare(before: &Cert, now: &Cert) -> Diff {
    type Field = (&'static str, fn(&Cert) -> String);
    const FIELDS: [Field; 15] = [
        ("subject", |c| c.subject().text()),
        ("issuer", |c| c.issuer().text()),
        ("names", names),
        ("not-before", Cert::not_before_text),
        ("not-after", Cert::not_after_text),
        ("key", |c| c.key().text()),
        ("key-pin", |c| c.spki().key_pin()),
        ("self-signed", |c| yes_no(c.is_self_signed())),
        ("authority", authority),
        ("key-usage", key_usage),
        ("extended-key-usage", extended_key_usage),
        ("signature-algorithm", |c| escape(&c.signature_algorithm().name)),
        ("serial", Cert::serial),
        ("version", |c| c.version().to_string()),
        ("fingerprint", |c| c.fingerprint().colon_hex()),
    ];
    let row = |(field, value): &Field| {
        let (old, new) = (value(before), value(now));
        DiffRow {
            field,
            changed: differs(field, before, now, &old, &new),
            before: cut(&old, MAX_VALUE),
            now: cut(&new, MAX_VALUE),
        }
    };
    Diff { rows: FIELDS.iter().map(row).collect() }
}

/// Names are compared as complete sets, everything else as it is shown.
fn differs(field: &str, before: &Cert, now: &Cert, old: &str, new: &str) -> bool {
    match field {
        "names" => sorted(before) != sorted(now),
        "subject" => before.subject().der() != now.subject().der(),
        "issuer" => before.issuer().der() != now.issuer().der(),
        _ => old != new,
    }
}

fn sorted(cert: &Cert) -> Vec<String> {
    let mut names: Vec<String> = match cert.sans() {
        [] => cert.host_names(),
        sans => sans.iter().map(San::text).collect(),
    };
    names.sort();
    names.dedup();
    names
}

fn names(cert: &Cert) -> String {
    let all = sorted(cert);
    let mut shown = all.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > MAX_NAMES {
        shown.push_str(&format!(" and {} more", all.len().saturating_sub(MAX_NAMES)));
    }
    shown
}

/// `yes`, `yes, at most 0 below it`, `no`.
pub(super) fn authority(cert: &Cert) -> String {
    match cert.basic_constraints() {
        Some(c) if c.ca => match c.path_len {
            Some(length) => format!("yes, at most {length} below it"),
            None => "yes".to_owned(),
        },
        None if cert.extensions_read().authority_is_unclear() => "cannot be read".to_owned(),
        _ => "no".to_owned(),
    }
}

pub(super) fn key_usage(cert: &Cert) -> String {
    usages(cert.key_usage().map(|usages| usages.iter().map(|usage| (*usage).to_owned()).collect()))
}

pub(super) fn extended_key_usage(cert: &Cert) -> String {
    usages(cert.extended_key_usage().map(<[String]>::to_vec))
}

/// What a usage extension allows.
fn usages(values: Option<Vec<String>>) -> String {
    match values {
        None => "not limited".to_owned(),
        Some(values) if values.is_empty() => "nothing".to_owned(),
        Some(values) => escape(&values.join(", ")),
    }
}

fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

impl Diff {
    /// The rows as JSON; schema in docs/json-certificate.md.
    pub fn to_json(&self) -> serde_json::Value {
        let row = |row: &DiffRow| serde_json::json!({ "field": row.field, "before": row.before, "now": row.now, "changed": row.changed });
        serde_json::json!({ "schema": 1, "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }

    /// The rows that differ in two columns, then those that are the same in one, within `width`
    /// columns (at least 60).
    pub fn to_text(&self, width: usize) -> String {
        const LABEL: usize = 22;
        let room = width.max(60).saturating_sub(LABEL);
        let column = room.saturating_sub(2).checked_div(2).unwrap_or(18);
        let mut out = String::new();
        let mut line = |label: &str, rest: &str| {
            out.push_str(format!("{label:<LABEL$}{rest}").trim_end());
            out.push('\n');
        };
        let (changed, same): (Vec<&DiffRow>, Vec<&DiffRow>) = self.rows.iter().partition(|row| row.changed);
        if !changed.is_empty() {
            line("", &format!("{:<column$}  now", "before"));
        }
        for row in changed {
            let (old, new) = (wrap(&row.before, column), wrap(&row.now, column));
            for i in 0..old.len().max(new.len()) {
                let part = |lines: &[String]| lines.get(i).cloned().unwrap_or_default();
                let label = if i == 0 { row.field } else { "" };
                line(label, &format!("{}  {}", padded(&part(&old), column), part(&new)));
            }
        }
        if !same.is_empty() {
            line("the same in both:", "");
        }
        for row in same {
            for (i, part) in wrap(&row.now, room).iter().enumerate() {
                line(if i == 0 { row.field } else { "" }, part);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::layout::columns;

    #[test]
    fn wide_and_combining_characters_leave_the_columns_straight() {
        let row = |before: &str, now: &str| DiffRow {
            field: "subject",
            before: before.to_owned(),
            now: now.to_owned(),
            changed: true,
        };
        let long = "CN=mail.example,O=日本電子株式会社,L=東京都千代田区";
        let diff = Diff { rows: vec![row("O=日本", "O=new"), row("O=Cafe\u{301}", "O=new"), row(long, "O=new")] };
        let text = diff.to_text(80);
        assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
        let starts: Vec<usize> = text
            .lines()
            .filter_map(|line| line.split_once("O=new").or_else(|| line.split_once("now")))
            .map(|(before, _)| columns(before))
            .collect();
        assert_eq!(starts, [starts[0]; 4], "{text}");
    }
}
