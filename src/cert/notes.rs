//! The list of anomalies while it is being made: bounded, without repetition, every argument
//! short. Codes and their templates are in `src/text/anomaly_texts.rs`.

use super::Anomaly;
use super::limits::MAX_ANOMALIES;
use crate::text::Statement;

/// The longest fact quoted in an anomaly, in characters.
const MAX_QUOTE: usize = 120;

/// Collects anomalies.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Anomaly>);

impl Notes {
    /// Notes `code` at `place`: a field's name, or `extension` and its name.
    pub(super) fn add(&mut self, code: &'static str, place: &str) {
        if self.wants(code, place) {
            self.push(Statement::new(code).arg("place", shorten(place)));
        }
    }

    /// The same with what was found there.
    pub(super) fn found(&mut self, code: &'static str, place: &str, found: &str) {
        if self.wants(code, place) {
            self.push(Statement::new(code).arg("place", shorten(place)).arg("found", shorten(found)));
        }
    }

    /// False where a note would be dropped: asked first, because hostile input asks often.
    fn wants(&self, code: &str, place: &str) -> bool {
        self.0.len() < MAX_ANOMALIES && !self.0.iter().any(|a| a.code == code && a.get("place") == Some(place))
    }

    /// Everything that `others` noted, too.
    pub(super) fn append(&mut self, others: &[Anomaly]) {
        for anomaly in others {
            self.push(anomaly.clone());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, code: &str) -> bool {
        self.0.iter().any(|anomaly| anomaly.code == code)
    }

    pub(super) fn into_vec(self) -> Vec<Anomaly> {
        self.0
    }

    fn push(&mut self, anomaly: Anomaly) {
        let same = |a: &Anomaly| a.code == anomaly.code && a.get("place") == anomaly.get("place");
        if self.0.len() < MAX_ANOMALIES && !self.0.iter().any(same) {
            self.0.push(anomaly);
        }
    }
}

/// Cut before escaping, which `Statement::arg` does.
fn shorten(text: &str) -> String {
    let mut out: String = text.chars().take(MAX_QUOTE).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_short_and_not_repeated() {
        let mut notes = Notes::default();
        for i in 0..1000 {
            notes.found("date-form", &(i / 2).to_string(), &"x".repeat(10_000));
        }
        let all = notes.into_vec();
        assert_eq!(all.len(), MAX_ANOMALIES);
        assert_eq!(all[0].get("found").unwrap().chars().count(), MAX_QUOTE + 1);
        assert_eq!(all[1].get("place"), Some("1"));
    }
}
