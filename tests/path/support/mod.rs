//! Certificates of `tests/data/paths` by name, and short ways to ask about them.
#![allow(dead_code, reason = "not all of it is used with every provider")]

#[cfg(feature = "aws-lc-rs")]
pub mod drafts;
pub mod made;

use std::path::PathBuf;
use std::sync::Arc;

use tofu::cert::Cert;
use tofu::endpoint::Host;
use tofu::path::{Chain, Examination, Question, Roots, examine};
use tofu::time::Timestamp;

/// 2027-01-01T00:00:00Z: the leaves are valid from 2026 to 2027, "expired" ones ended in December 2026.
pub const AT: Timestamp = 1_798_761_600;

pub fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/paths").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn cert(name: &str) -> Cert {
    Cert::parse_pem(&file(&format!("{name}.pem"))).expect("test data parses").remove(0)
}

/// A certificate of `tests/data/stacks` (`.pem`) or `tests/data/certs` (`.der`).
pub fn of_other_kind(name: &str) -> Cert {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    match std::fs::read(data.join(format!("stacks/{name}.pem"))) {
        Ok(pem) => Cert::parse_pem(&pem).expect("test data parses").remove(0),
        Err(_) => Cert::parse_der(&std::fs::read(data.join(format!("certs/{name}.der"))).unwrap()).unwrap(),
    }
}

pub fn certs(names: &[&str]) -> Vec<Cert> {
    names.iter().map(|name| cert(name)).collect()
}

pub fn chain(names: &[&str]) -> Chain {
    let mut chain = Chain::new();
    for name in names {
        chain.push_der(cert(name).der()).expect("within the limits");
    }
    chain
}

pub fn roots(names: &[&str]) -> Arc<Roots> {
    Roots::from_certs(certs(names))
}

pub fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

/// Everything that is asked about a chain, to be changed as a test needs.
pub struct Asked {
    pub chain: Chain,
    pub host: Host,
    pub services: &'static [&'static str],
    pub at: Timestamp,
    pub roots: Arc<Roots>,
    pub intermediates: Vec<Cert>,
    pub crls: Vec<Vec<u8>>,
}

/// mail.example at [`AT`] with these certificates sent and these anchors.
pub fn asked(sent: &[&str], anchors: &[&str]) -> Asked {
    Asked {
        chain: chain(sent),
        host: host("mail.example"),
        services: &[],
        at: AT,
        roots: roots(anchors),
        intermediates: Vec::new(),
        crls: Vec::new(),
    }
}

impl Asked {
    pub fn question(&self) -> Question<'_> {
        Question {
            chain: &self.chain,
            host: &self.host,
            services: self.services,
            at: self.at,
            roots: &self.roots,
            intermediates: &self.intermediates,
            crls: &self.crls,
        }
    }

    pub fn answer(&self) -> Examination {
        examine(&self.question())
    }

    /// The problems found, as `index:code` (`-` for what was not sent) in their order.
    pub fn problems(&self) -> Vec<String> {
        let answer = self.answer();
        assert_eq!(answer.ca_valid, answer.problems.is_empty() && answer.path.is_some());
        answer.problems.iter().map(|p| told(p.statement.certificate, p.statement.code)).collect()
    }

    /// The codes of the notes.
    pub fn notes(&self) -> Vec<&'static str> {
        self.answer().notes.iter().map(|note| note.code).collect()
    }

    /// The sentences of the notes.
    pub fn note_texts(&self) -> Vec<String> {
        self.answer().notes.iter().map(|note| note.text()).collect()
    }

    /// Names of the path's certificates, or nothing.
    pub fn path(&self) -> Vec<String> {
        let path = self.answer().path;
        path.map_or(Vec::new(), |p| p.certs.iter().flat_map(|c| c.subject().attribute("CN")).collect())
    }
}

fn told(index: Option<usize>, code: &str) -> String {
    index.map_or_else(|| format!("-:{code}"), |i| format!("{i}:{code}"))
}

/// The problems of this chain for mail.example below "Path Root".
pub fn problems(sent: &[&str]) -> Vec<String> {
    asked(sent, &["root"]).problems()
}

/// mail.example at [`AT`] with certificates made from `drafts`.
pub fn asked_der(sent: &[Vec<u8>], anchors: &[Vec<u8>]) -> Asked {
    let mut asked = asked(&[], &[]);
    sent.iter().for_each(|der| asked.chain.push_der(der).expect("within the limits"));
    asked.roots = Roots::from_certs(anchors.iter().map(|der| Cert::parse_der(der).expect("made well")).collect());
    asked
}

/// Asserts that a text is for people: no output of Rust's `Debug`, no list of bytes.
pub fn is_for_people(text: &str) {
    let debug = ["Some(", "None)", "Ok(", "Err(", " {", "{ ", "Context(", "[0x", "os error"];
    assert!(!debug.iter().any(|sign| text.contains(sign)), "{text}");
    let bytes = text
        .split(['[', ']'])
        .nth(1)
        .is_some_and(|inside| inside.contains(", ") && inside.split(", ").all(|number| number.parse::<u8>().is_ok()));
    assert!(!bytes, "{text}");
    // `TrailingData`, `BadDerTime`: capitals inside a word, which only ASN.1 has beside Rust.
    let camel = |word: &str| {
        let letters = word.trim_matches(|c: char| !c.is_alphanumeric());
        letters.len() > 6
            && letters.chars().all(char::is_alphabetic)
            && letters.chars().skip(1).any(char::is_uppercase)
            && letters.chars().any(char::is_lowercase)
            && letters.starts_with(char::is_uppercase)
    };
    let known = ["UTCTime", "GeneralizedTime"];
    let plain = |word: &&str| known.contains(&word.trim_matches(|c: char| !c.is_alphanumeric()));
    let found = text.split_whitespace().find(|word| camel(word) && !plain(word));
    assert_eq!(found, None, "{text}");
}
