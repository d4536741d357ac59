//! A verdict as plain text in a fixed width and as JSON. Every string from a certificate arrives
//! here escaped; this file only lays it out. The JSON's schema is `docs/json-verdict.md`.

use serde_json::{Map, Value, json};

use super::scene::days_ago;
use super::verdict::Verdict;
use crate::cert::Cert;
use crate::store::PinKind;
use crate::text::layout;
use crate::time::{date_time, rfc3339};
use crate::trust::rules::codes::{Decision, Risk, Section};
use crate::trust::rules::facts::Layer;

/// The schema's version: moves when a key changes its meaning, not when one is added.
const SCHEMA: u32 = 1;
/// Lines are never narrower than this, whatever is asked for.
const NARROWEST: usize = 40;
/// Names listed for a certificate.
const SHOWN_NAMES: usize = 8;
/// Columns shown of one name.
const SHOWN_COLUMNS: usize = 200;
/// The width from which old and new fit side by side.
const TWO_COLUMNS: usize = 62;

impl Verdict {
    /// Schema in `docs/json-verdict.md`.
    pub fn to_json(&self) -> Value {
        to_json(self)
    }

    /// One line for logs.
    pub fn to_line(&self) -> String {
        to_line(self)
    }

    /// For people, within `width` characters (at least 40).
    pub fn to_text(&self, width: usize) -> String {
        to_text(self, width)
    }
}

/// The verdict as JSON.
fn to_json(verdict: &Verdict) -> Value {
    let endpoint = verdict.endpoint();
    let texts = |section: Section| -> Vec<Value> {
        verdict.statements(section).iter().map(|s| json!({ "code": s.code, "text": s.text() })).collect()
    };
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("schema", json!(SCHEMA));
    put("id", json!(verdict.id()));
    put("host", json!(endpoint.host.as_str()));
    put("port", json!(endpoint.port.get()));
    put("account", json!(endpoint.account.as_str()));
    put("time", json!(rfc3339(verdict.at())));
    put("decision", json!(verdict.decision().code()));
    put("assurance", json!(verdict.assurance().code()));
    put("may_send_credentials", json!(verdict.may_send_credentials()));
    put("rule", json!(verdict.rule().code()));
    put("pin", json!(verdict.pin_result().code()));
    put("source", verdict.source().map_or(Value::Null, source));
    put("change", json!(verdict.change().code()));
    put("risk", json!(verdict.risk().code()));
    put("problems", Value::Array(verdict.problems().iter().map(problem).collect()));
    put("reasons", json!(verdict.reasons().collect::<Vec<_>>()));
    put("headline", json!(headline(verdict)));
    put(
        "explanation",
        json!({
            "reasons": texts(Section::Reason),
            "meaning": texts(Section::Meaning),
            "advice": texts(Section::Advice),
            "notes": verdict.notes().iter().map(|s| json!({ "code": s.code, "text": s.text() })).collect::<Vec<_>>(),
        }),
    );
    put("chain", Value::Array((0..verdict.chain().len()).map(|index| element(verdict, index)).collect()));
    put("previous", verdict.previous().map_or(Value::Null, |cert| harmless(cert.to_json())));
    let seen = |(first, last)| json!({ "first": rfc3339(first), "last": rfc3339(last) });
    put("previous_seen", verdict.previous_seen().map_or(Value::Null, seen));
    put("difference", verdict.diff().map_or(Value::Null, |diff| diff.to_json()));
    put("offered_trust", json!(verdict.offered().iter().map(|kind| kind.code()).collect::<Vec<_>>()));
    put("suggested_trust", json!(verdict.suggested().map(PinKind::code)));
    put("only_once", json!(verdict.only_once()));
    put("may_add", json!(verdict.may_add()));
    put("may_type_fingerprint", json!(verdict.may_type()));
    Value::Object(out)
}

/// Where the pin or block that decided is kept.
fn source((layer, store): (Layer, Option<&str>)) -> Value {
    let layer = match layer {
        Layer::Own => "own",
        Layer::AnyAccount => "any-account",
        Layer::System(_) => "system",
        Layer::Session => "session",
    };
    json!({ "layer": layer, "store": store.map(crate::text::escape) })
}

fn problem(problem: &crate::path::Problem) -> Value {
    let facts: Map<String, Value> =
        problem.statement.args.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "code": problem.kind.code(),
        "detail": problem.statement.code,
        "certificate": problem.statement.certificate,
        "text": problem.statement.text(),
        "facts": facts,
    })
}

fn element(verdict: &Verdict, index: usize) -> Value {
    match (verdict.chain().cert(index), verdict.chain().error(index)) {
        (Some(cert), _) => harmless(cert.to_json()),
        (None, error) => json!({ "unreadable": error.map_or_else(String::new, ToString::to_string) }),
    }
}

/// A certificate's JSON gives some values raw. What steers a terminal, reorders or hides text is
/// escaped here, because a verdict, or a value that a program took out of it, is shown to people.
fn harmless(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.chars().map(visible).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(harmless).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, harmless(value))).collect()),
        other => other,
    }
}

fn visible(c: char) -> String {
    let text = c.to_string();
    // A backslash may belong to an escape that is there already; a line feed is JSON's to escape.
    if matches!(c, '\n' | ' '..='~') { text } else { crate::text::escape(&text) }
}

fn headline(verdict: &Verdict) -> String {
    verdict.statements(Section::Headline).iter().map(|s| s.text()).collect()
}

/// The verdict in one line for logs: the endpoint, the decision and the rule's reason as codes, the risk, the headline,
/// and the key.
fn to_line(verdict: &Verdict) -> String {
    let (decision, reason) = (verdict.decision().code(), verdict.reasons().next().unwrap_or_default());
    let risk = if verdict.risk() == Risk::None { String::new() } else { format!(", risk {}", verdict.risk().code()) };
    let key = verdict.chain().leaf().map(|leaf| format!(" [{}]", leaf.spki().key_pin())).unwrap_or_default();
    format!("{}: {decision} ({reason}{risk}): {}{key}", verdict.endpoint(), headline(verdict))
}

/// The verdict for people: the answer first, then what is wrong, what it means, what to do, and
/// the certificate, beside the old one where there is one.
fn to_text(verdict: &Verdict, width: usize) -> String {
    let width = width.max(NARROWEST);
    let mut page = Page { out: String::new(), width };
    let word = match verdict.decision() {
        Decision::Accept => "Accepted",
        Decision::Ask => "Decision needed",
        Decision::Reject => "Refused",
    };
    page.paragraph("", &format!("{word}: {}", verdict.endpoint()));
    page.paragraph("", &headline(verdict));
    page.list("What is wrong", verdict.problems().iter().map(|p| p.statement.text()));
    page.list("Why", reasons(verdict).into_iter());
    page.list("What it means", verdict.statements(Section::Meaning).iter().map(|s| s.text()));
    page.list("What to do", verdict.statements(Section::Advice).iter().map(|s| s.text()));
    if verdict.risk() != Risk::None {
        page.paragraph("", &format!("\nRisk: {}", verdict.risk().code()));
    }
    certificates(verdict, &mut page);
    page.out
}

/// Reasons that say more than the headline and the problems do.
fn reasons(verdict: &Verdict) -> Vec<String> {
    verdict.statements(Section::Reason).iter().skip(1).map(|s| s.text()).collect()
}

fn certificates(verdict: &Verdict, page: &mut Page) {
    let Some(leaf) = verdict.chain().leaf() else { return };
    let changed = verdict.previous().filter(|old| old.fingerprint() != leaf.fingerprint());
    let Some(old) = changed else {
        page.title("The certificate presented");
        return card(page, leaf);
    };
    if let Some((first, last)) = verdict.previous_seen() {
        let now = verdict.at();
        page.title("Known before, and presented now");
        page.paragraph(
            "  ",
            &format!(
                "The old certificate was first seen on {} ({}) and last on {} ({}).",
                date_time(first),
                days_ago(first, now),
                date_time(last),
                days_ago(last, now)
            ),
        );
    } else {
        page.title("Trusted before, and presented now");
    }
    if page.width >= TWO_COLUMNS {
        let diff = crate::cert::compare(old, leaf);
        page.block(&diff.to_text(page.width.saturating_sub(2)));
    } else {
        page.title("Before");
        card(page, old);
        page.title("Now");
        card(page, leaf);
    }
}

/// One certificate in a few lines. The subject alternative names come first: they are what was
/// checked (docs/pitfalls.md#37).
fn card(page: &mut Page, cert: &Cert) {
    let names = cert.server_names().texts();
    let shown = names.iter().take(SHOWN_NAMES).map(|name| cut(name)).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN_NAMES);
    let rows = [
        ("For", if more > 0 { format!("{shown} and {more} more") } else { shown }),
        ("Subject", cut(&cert.subject().text())),
        ("Issuer", cut(&cert.issuer().text())),
        ("Valid", format!("{} to {}", cert.not_before_text(), cert.not_after_text())),
        ("Key", cert.key().text()),
        ("Key pin", cert.spki().key_pin()),
        ("SHA-256", cert.fingerprint().colon_hex()),
    ];
    for (label, value) in rows {
        page.row(label, if value.is_empty() { "(none)" } else { &value });
    }
}

/// Shortens what is already escaped.
fn cut(text: &str) -> String {
    layout::cut(text, SHOWN_COLUMNS)
}

/// Lays text out within a width, in columns.
struct Page {
    out: String,
    width: usize,
}

impl Page {
    fn title(&mut self, title: &str) {
        self.out.push('\n');
        self.paragraph("", &format!("{title}:"));
    }

    fn list(&mut self, title: &str, items: impl Iterator<Item = String>) {
        let items: Vec<String> = items.collect();
        if items.is_empty() {
            return;
        }
        self.title(title);
        for item in items {
            self.wrapped("  - ", "    ", &item);
        }
    }

    fn row(&mut self, label: &str, value: &str) {
        self.wrapped(&format!("  {label:<9}"), "           ", value);
    }

    fn paragraph(&mut self, indent: &str, text: &str) {
        self.wrapped(indent, indent, text);
    }

    fn block(&mut self, text: &str) {
        for line in text.lines() {
            self.out.push_str("  ");
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// Leading line feeds, then the text broken into lines.
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        let words = text.trim_start_matches('\n');
        self.out.extend(text.chars().take_while(|c| *c == '\n'));
        self.out.push_str(&layout::wrapped(first, rest, words, self.width));
    }
}
