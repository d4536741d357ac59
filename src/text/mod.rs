//! Words for people: statements, which are a stable code with arguments over an English template.
//! Also escapes everything that a certificate or a server wrote (docs/pitfalls.md#36). An
//! application that translates looks up its own templates by code; see `docs/texts.md`.

mod anomaly_texts;
mod escape;
mod hello_texts;
mod json;
pub mod layout;
mod problem_texts;
mod verdict_texts;

pub use escape::{escape, excerpt, one_line};
pub use json::{json, json_pretty};

/// One thing said: a stable code, the facts in it, and the certificate of the chain it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The code, for programs and for looking up the template.
    pub code: &'static str,
    /// Named facts, already escaped and fit to show.
    pub args: Vec<(&'static str, String)>,
    /// Index into the chain (0 is the leaf), where the statement is about one certificate.
    pub certificate: Option<usize>,
}

impl Statement {
    /// A statement without facts.
    pub fn new(code: &'static str) -> Self {
        Self { code, args: Vec::new(), certificate: None }
    }

    /// Adds a fact. The value is escaped here, so that raw text cannot be forgotten on the way.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.args.push((name, escape(value.as_ref())));
        self
    }

    /// Says which certificate of the chain this is about.
    #[must_use]
    pub fn about(mut self, certificate: usize) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The fact called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// The English text: the template of the code with its placeholders filled. A code without a
    /// template reads as the code itself.
    pub fn text(&self) -> String {
        fill(template(self.code).unwrap_or(self.code), |name| self.get(name))
    }
}

/// The English template of a code, with `{placeholders}`; `None` for an unknown code.
pub fn template(code: &str) -> Option<&'static str> {
    templates().find(|(c, _)| *c == code).map(|(_, t)| t)
}

/// Every code with its template, for translators and tests.
pub fn templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    [anomaly_texts::TEMPLATES, hello_texts::TEMPLATES, problem_texts::TEMPLATES, verdict_texts::TEMPLATES]
        .into_iter()
        .flatten()
        .copied()
}

/// A number with its noun: `1 pin`, `3 pins`.
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Replaces `{name}` by the value that `lookup` gives. A name that `lookup` does not know stays.
fn fill<'a>(template: &str, lookup: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) => {
                match lookup(name) {
                    Some(value) => out.push_str(value),
                    None => {
                        out.push('{');
                        out.push_str(name);
                        out.push('}');
                    }
                }
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_templates_are_not_empty() {
        let mut codes: Vec<_> = templates().map(|(code, _)| code).collect();
        assert!(templates().all(|(_, text)| !text.is_empty()));
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }

    #[test]
    fn filling_is_one_pass_so_that_arguments_cannot_smuggle_placeholders() {
        let lookup = |name: &str| match name {
            "a" => Some("{b}"),
            "b" => Some("secret"),
            _ => None,
        };
        assert_eq!(fill("x {a} {c} {", lookup), "x {b} {c} {");
    }

    #[test]
    fn arguments_are_escaped_when_they_are_given() {
        let statement = Statement::new("no-such-code").arg("name", "a\x1b[31m\u{202e}b");
        assert_eq!(statement.get("name"), Some("a\\x1B[31m\\u{202E}b"));
    }
}
