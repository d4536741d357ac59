//! The summary of many checks: a row for each server, the worst first, then what ends soon and the counts.

use serde_json::{Value, json};

use tofu::cert::Cert;
use tofu::time::{self, Timestamp, days_between, rfc3339};
use tofu::trust::{Assurance, Decision, PinResult, Section, Verdict};

use super::cert;
use crate::process::exit::Exit;
use crate::process::out::{Out, Style};
use crate::render::layout::{Cell, Table, wrapped};
use crate::render::sheet::from_now;
use crate::render::words::count;

/// From this width on the whole table fits.
const NARROW: usize = 72;

/// What became of one server.
pub struct Outcome {
    /// Its place in the file, from 1.
    pub line: usize,
    /// Host and port.
    pub server: String,
    /// The verdict, or why there is none.
    pub result: Result<Verdict, Trouble>,
}

/// Why there is no verdict.
pub struct Trouble {
    /// Stable.
    pub code: &'static str,
    /// One line.
    pub text: String,
}

impl Outcome {
    /// The exit status that it means alone.
    pub fn exit(&self) -> Exit {
        self.result.as_ref().map_or(Exit::Failed, |verdict| verdict.decision().into())
    }

    /// The server's certificate.
    fn leaf(&self) -> Option<&Cert> {
        self.result.as_ref().ok()?.chain().leaf()
    }

    /// When the server's certificate ends, where it says so readably.
    pub fn ends(&self) -> Option<Timestamp> {
        self.leaf()?.not_after()
    }

    /// Whether it ends soon, or has ended, or does not say when.
    pub fn ends_soon(&self, now: Timestamp, warn_days: i64) -> bool {
        self.leaf().is_some_and(|leaf| cert::ends_soon(leaf, now, warn_days))
    }

    /// The object of `--json` and `--json-lines`.
    pub fn to_json(&self, now: Timestamp, warn_days: i64) -> Value {
        json!({
            "schema": 1,
            "line": self.line,
            "server": self.server,
            "exit": self.exit().status(),
            "not_after": self.ends().map(rfc3339),
            "days_left": self.ends().map(|end| days_between(now, end)),
            "ends_soon": self.ends_soon(now, warn_days),
            "verdict": self.result.as_ref().ok().map(Verdict::to_json),
            "error": self.result.as_ref().err().map(|e| json!({ "code": e.code, "text": e.text })),
        })
    }
}

/// Everything that the summary says.
pub struct Summary<'a> {
    /// In the order in which they are to be shown.
    pub outcomes: &'a [Outcome],
    /// How many checks were cancelled.
    pub missing: usize,
    /// Lines that name no server.
    pub unread: usize,
    pub now: Timestamp,
    pub warn_days: i64,
}

impl Summary<'_> {
    /// The whole page. With `--quiet` only what needs attention is listed.
    pub fn page(&self, out: &Out) -> String {
        let columns = [("ANSWER", 6), ("UNTIL", 10), ("DAYS", 6), ("WHY", 20)];
        // A narrow terminal has no room for the last ones; the sentences below say as much.
        let columns = if out.width < NARROW { columns.get(..2) } else { None }.unwrap_or(&columns);
        let table = Table::new("SERVER", columns, out.width, out.paint);
        let shown: Vec<&Outcome> = self
            .outcomes
            .iter()
            .filter(|o| !out.quiet() || o.exit() != Exit::Done || o.ends_soon(self.now, self.warn_days))
            .collect();
        let mut page = String::new();
        if !shown.is_empty() {
            page.push_str(&table.header());
        }
        for outcome in shown {
            page.push_str(&table.row(&self.cells(outcome)));
            if let Some(text) = told(outcome) {
                let lines = wrapped("    ", "    ", &text, out.width);
                lines.lines().for_each(|line| page.push_str(&format!("{}\n", out.paint.paint(Style::Dim, line))));
            }
        }
        page.push_str(&self.ending(out));
        page.push_str(&self.counts(out));
        page
    }

    fn cells(&self, outcome: &Outcome) -> [Cell; 5] {
        let (answer, style) = match outcome.exit() {
            Exit::Done => ("ok", Style::Good),
            Exit::Ask => ("ASK", Style::Warn),
            Exit::Failed => ("ERROR", Style::Bad),
            Exit::Reject => ("REJECT", Style::Bad),
        };
        let ends = outcome.ends();
        // A server that was not reached has shown no certificate; one that was may have shown an unreadable date.
        let unread = if outcome.result.is_ok() { "unreadable" } else { "" };
        let soon = if outcome.ends_soon(self.now, self.warn_days) { Style::Warn } else { Style::Plain };
        let days = ends.map_or_else(String::new, |end| days_between(self.now, end).to_string());
        [
            Cell::new(outcome.server.clone()),
            Cell::styled(answer, style),
            Cell::styled(ends.map_or_else(|| unread.to_owned(), time::date), soon),
            Cell::styled(days, soon),
            Cell::new(why(outcome)),
        ]
    }

    fn ending(&self, out: &Out) -> String {
        let mut soon: Vec<(Option<Timestamp>, &Outcome)> = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.ends_soon(self.now, self.warn_days))
            .map(|outcome| (outcome.ends(), outcome))
            .collect();
        if soon.is_empty() {
            return String::new();
        }
        soon.sort_by_key(|(end, _)| *end);
        let mut text = format!("\nCertificates that end within {} days:\n", self.warn_days);
        for (end, outcome) in soon {
            let style = if end.is_some_and(|end| end >= self.now) { Style::Warn } else { Style::Bad };
            let when = end.map_or_else(
                || "no readable date".to_owned(),
                |end| format!("{} ({})", time::date(end), from_now(end, self.now)),
            );
            let line = format!("{when}  {}", outcome.server);
            let lines = wrapped("  ", "    ", &line, out.width);
            lines.lines().for_each(|line| text.push_str(&format!("{}\n", out.paint.paint(style, line))));
        }
        text
    }

    fn counts(&self, out: &Out) -> String {
        let of = |exit: Exit| self.outcomes.iter().filter(|outcome| outcome.exit() == exit).count();
        let total = u64::try_from(self.outcomes.len()).unwrap_or(u64::MAX);
        let mut parts = vec![format!("{} trusted", of(Exit::Done))];
        let further = [
            (of(Exit::Ask), "to be answered"),
            (of(Exit::Reject), "rejected"),
            (of(Exit::Failed), "not reached or not checked"),
            (self.missing, "called off"),
        ];
        parts.extend(further.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
        let mut line = format!("{}: {}.", count(total, "server"), parts.join(", "));
        if self.unread > 0 {
            let lines = count(u64::try_from(self.unread).unwrap_or(u64::MAX), "line");
            line.push_str(&format!(" {lines} of the file could not be read."));
        }
        let gap = if self.outcomes.is_empty() { "" } else { "\n" };
        format!("{gap}{}", wrapped("", "", &line, out.width))
    }
}

/// What is behind an answer, as a stable word.
fn why(outcome: &Outcome) -> String {
    match &outcome.result {
        Ok(verdict) if verdict.decision() == Decision::Accept => vouched(verdict).to_owned(),
        Ok(verdict) => verdict.reasons().next().unwrap_or("").to_owned(),
        Err(trouble) => trouble.code.to_owned(),
    }
}

fn vouched(verdict: &Verdict) -> &'static str {
    match (verdict.assurance(), verdict.pin_result()) {
        (Assurance::Verified, PinResult::Match) => "valid and pinned",
        (Assurance::Verified, _) => "valid",
        (Assurance::Pinned, _) => "pinned",
        (Assurance::None, _) => "accepted",
    }
}

/// A sentence for what is not in order.
fn told(outcome: &Outcome) -> Option<String> {
    match &outcome.result {
        Ok(verdict) if verdict.decision() == Decision::Accept => None,
        Ok(verdict) => verdict.statements(Section::Headline).first().map(tofu::text::Statement::text),
        // The row names the server already.
        Err(trouble) => {
            let prefix = format!("{}: ", outcome.server);
            Some(trouble.text.strip_prefix(&prefix).unwrap_or(&trouble.text).to_owned())
        }
    }
}
