//! What is decided. [`check()`] answers one question: is this the right server? [`trust()`] records a person's yes.
//!
//! The folders depend on each other in one direction, and a test below holds them to it:
//!
//! | folder | what it does | imports |
//! |---|---|---|
//! | `rules` | decides: facts and a policy in, an outcome out; pure | no other folder of `trust` |
//! | `gather` | reads the store, the CA system and the policy in force, and writes the facts down | `rules` |
//! | `words` | the verdict, put into words for people, as JSON and as an event | `rules`, `gather` |
//! | `record` | writes: what a check leaves in the store, a person's answer, pending questions | `rules`, `gather`, `words` |
//!
//! `check.rs` joins them, and `cache.rs` gives an accept again while all that it rests on is as it was. `trust` knows
//! certificates, paths and the store; it knows no network.

mod cache;
mod check;
mod gather;
mod record;
mod rules;
mod words;

pub use check::check;
pub use gather::inputs::{Check, CheckError, Flags, Tlsa};
pub use gather::second::{SecondLook, Sought, sought};
pub use gather::session::end_session;
pub use record::answer::trust;
pub use record::pending::pending_verdict;
pub use record::stripped::{Lost, tls_began, tls_missing};
pub use record::terms::{Answer, TrustError};
pub use record::typed::{Fingerprint, parse_fingerprint};
pub use rules::additions::Additions;
pub use rules::codes::{AnswerWanted, Assurance, Change, Decision, PinResult, Risk, Rule, Section};
pub use rules::policy::{
    Action, CaUse, FIELDS, Field, MAIL_PORTS, PRESET_MEANINGS, PRESETS, Policy, PolicyError, SMALLEST_RSA,
};
pub use rules::{change, codes, decide, facts, outcome};
pub use words::outlook::LastAccepted;
pub use words::verdict::{Verdict, worth_a_second_look};

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    /// The folders of `trust`, and those that each may import.
    const FOLDERS: [(&str, &[&str]); 4] = [
        ("rules", &["rules"]),
        ("gather", &["rules", "gather"]),
        ("words", &["rules", "gather", "words"]),
        ("record", &["rules", "gather", "words", "record"]),
    ];

    #[test]
    fn the_folders_depend_on_each_other_in_one_direction() {
        let trust = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/trust");
        for (folder, may_import) in FOLDERS {
            for path in sources(&trust.join(folder)) {
                let text = std::fs::read_to_string(&path).unwrap();
                for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                    assert!(!line.contains("super::super::"), "{}: write crate::trust::: {line}", path.display());
                    for import in line.split("crate::trust::").skip(1) {
                        let from = import.split("::").next().unwrap();
                        assert!(may_import.contains(&from), "{}: {folder} may not import: {line}", path.display());
                    }
                }
            }
        }
    }

    /// The files of a folder and of the folders in it.
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(sources(&path));
            } else {
                found.push(path);
            }
        }
        found
    }
}
