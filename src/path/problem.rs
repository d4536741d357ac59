//! Problems: the single things that can be wrong with a chain by CA rules, as a set and as
//! statements.

use std::fmt;

use crate::text::Statement;

/// One kind of problem. The discriminant is the bit in a [`Problems`] mask; never renumbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ProblemKind {
    /// No path to a trust anchor, though the chain seems complete.
    UntrustedIssuer = 0,
    /// The leaf is signed by its own key.
    SelfSigned = 1,
    /// The issuer's certificate is missing from what was sent.
    IncompleteChain = 2,
    /// After notAfter.
    Expired = 3,
    /// Before notBefore.
    NotYetValid = 4,
    /// The certificate is for other names (RFC 9525).
    HostMismatch = 5,
    /// Only the subject's CN carries the name.
    NameOnlyInCn = 6,
    /// A signature does not verify.
    BadSignature = 7,
    /// A key is too small or of a broken kind.
    WeakKey = 8,
    /// Signed with MD5 or SHA-1.
    WeakSignature = 9,
    /// keyUsage or extKeyUsage forbid this use.
    WrongUsage = 10,
    /// The leaf is a CA certificate.
    CaAsServer = 11,
    /// Name constraints, path length or policy violated.
    ConstraintViolation = 12,
    /// A critical extension that this library does not understand.
    UnknownCriticalExtension = 13,
    /// Revoked by a statement verified under the issuer.
    Revoked = 14,
    /// An algorithm that cannot be checked here.
    UnsupportedAlgorithm = 15,
    /// More certificates than are looked at.
    ChainTooLong = 16,
    /// Checking would cost more than is allowed.
    BudgetExceeded = 17,
    /// A certificate that cannot be read.
    Malformed = 18,
    /// The private half of a key is published.
    PublishedKey = 19,
}

/// What a kind of problem says about the server, and so what may excuse it. A new kind is [`Class::Grave`] unless
/// there is a reason against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// No path to a trust anchor was found. A pin takes the place of the missing authority (docs/problems.md, "No CA
    /// path").
    NoCaPath,
    /// The certificate vouches for itself.
    SelfSigned,
    /// The certificate is built as people build their own.
    Form,
    /// The certificate is for another name.
    Name,
    /// A date is not within the validity.
    Dates,
    /// The key, a signature or the right to use the certificate is in doubt. A pin excuses this only if the person who
    /// accepted the pin was shown it.
    Grave,
}

/// What there is to say about a kind. Its sentences are in `src/text/problem_texts.rs`.
struct Row {
    code: &'static str,
    class: Class,
}

impl ProblemKind {
    /// Every kind, in order of its bit.
    pub const ALL: [ProblemKind; 20] = [
        Self::UntrustedIssuer,
        Self::SelfSigned,
        Self::IncompleteChain,
        Self::Expired,
        Self::NotYetValid,
        Self::HostMismatch,
        Self::NameOnlyInCn,
        Self::BadSignature,
        Self::WeakKey,
        Self::WeakSignature,
        Self::WrongUsage,
        Self::CaAsServer,
        Self::ConstraintViolation,
        Self::UnknownCriticalExtension,
        Self::Revoked,
        Self::UnsupportedAlgorithm,
        Self::ChainTooLong,
        Self::BudgetExceeded,
        Self::Malformed,
        Self::PublishedKey,
    ];

    /// The table: one row for each kind.
    const fn row(self) -> Row {
        match self {
            Self::UntrustedIssuer => Row { code: "untrusted-issuer", class: Class::NoCaPath },
            Self::SelfSigned => Row { code: "self-signed", class: Class::SelfSigned },
            Self::IncompleteChain => Row { code: "incomplete-chain", class: Class::NoCaPath },
            Self::Expired => Row { code: "expired", class: Class::Dates },
            Self::NotYetValid => Row { code: "not-yet-valid", class: Class::Dates },
            Self::HostMismatch => Row { code: "host-mismatch", class: Class::Name },
            Self::NameOnlyInCn => Row { code: "name-only-in-cn", class: Class::Form },
            Self::BadSignature => Row { code: "bad-signature", class: Class::Grave },
            Self::WeakKey => Row { code: "weak-key", class: Class::Grave },
            Self::WeakSignature => Row { code: "weak-signature", class: Class::Grave },
            Self::WrongUsage => Row { code: "wrong-usage", class: Class::Grave },
            Self::CaAsServer => Row { code: "ca-as-server", class: Class::Form },
            Self::ConstraintViolation => Row { code: "constraint-violation", class: Class::Grave },
            Self::UnknownCriticalExtension => Row { code: "unknown-critical-extension", class: Class::Grave },
            Self::Revoked => Row { code: "revoked", class: Class::Grave },
            Self::UnsupportedAlgorithm => Row { code: "unsupported-algorithm", class: Class::NoCaPath },
            Self::ChainTooLong => Row { code: "chain-too-long", class: Class::NoCaPath },
            Self::BudgetExceeded => Row { code: "budget-exceeded", class: Class::NoCaPath },
            Self::Malformed => Row { code: "malformed", class: Class::Grave },
            Self::PublishedKey => Row { code: "published-key", class: Class::Grave },
        }
    }

    /// The stable code.
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// What the kind says about the server.
    pub const fn class(self) -> Class {
        self.row().class
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }
}

/// A set of problem kinds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Problems(u64);

impl Problems {
    /// No problem.
    pub const NONE: Self = Self(0);

    /// The class "no CA path" (docs/problems.md, "No CA path"): waiving one of its members waives all.
    pub const NO_CA_PATH: Self = Self::of_class(&ProblemKind::ALL, Class::NoCaPath);

    /// What is wrong with dates.
    pub const DATES: Self = Self::of_class(&ProblemKind::ALL, Class::Dates);

    /// What is wrong with the name.
    pub const NAME: Self = Self::of_class(&ProblemKind::ALL, Class::Name);

    /// What is unusual about the form of the certificate.
    pub const FORM: Self = Self::of_class(&ProblemKind::ALL, Class::Form);

    /// What is usual for certificates that people make for themselves. A pin that was made without its certificate may
    /// excuse these; its first match fixes which of them it does (docs/decision.md, rule 4).
    pub const SELF_MADE: Self = Self::NO_CA_PATH
        .union(Self::of_class(&ProblemKind::ALL, Class::SelfSigned))
        .union(Self::FORM)
        .union(Self::NAME);

    /// Those among `kinds` that are of this class.
    const fn of_class(kinds: &[ProblemKind], class: Class) -> Self {
        match kinds {
            [] => Self::NONE,
            [first, rest @ ..] => {
                let others = Self::of_class(rest, class);
                if first.class() as u8 == class as u8 { others.with(*first) } else { others }
            }
        }
    }

    /// A set of these kinds.
    pub fn of(kinds: &[ProblemKind]) -> Self {
        kinds.iter().fold(Self::NONE, |set, kind| set.with(*kind))
    }

    /// The bit mask. Bit n is the kind with discriminant n.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A set from a bit mask; unknown bits are kept, so that they are never silently waived.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// This set and `kind`.
    #[must_use]
    pub const fn with(self, kind: ProblemKind) -> Self {
        Self(self.0 | (1 << kind as u8))
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: ProblemKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds in the set, in order of their bits.
    pub fn kinds(self) -> impl Iterator<Item = ProblemKind> {
        ProblemKind::ALL.into_iter().filter(move |k| self.contains(*k))
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kinds().map(ProblemKind::code)).finish()
    }
}

/// One problem found: its kind and a statement whose code is the kind's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind.
    pub kind: ProblemKind,
    /// Code, facts and certificate index; the template is that of the kind's code or of a finer one.
    pub statement: Statement,
}

impl Problem {
    /// A problem of the certificate at `certificate` of the chain; `None` for one that was not sent
    /// (an anchor, an intermediate known from before).
    pub(super) fn new(kind: ProblemKind, code: &'static str, certificate: Option<usize>) -> Self {
        let mut statement = Statement::new(code);
        statement.certificate = certificate;
        Self { kind, statement }
    }

    /// Adds a fact; raw text is escaped.
    #[must_use]
    pub(super) fn arg(self, name: &'static str, value: impl AsRef<str>) -> Self {
        Self { statement: self.statement.arg(name, value), ..self }
    }

    /// Adds a fact that is already escaped and fit to show.
    #[must_use]
    pub(super) fn shown(mut self, name: &'static str, value: String) -> Self {
        self.statement.args.push((name, value));
        self
    }
}

/// The set of kinds in a list of problems.
pub fn kinds_of(problems: &[Problem]) -> Problems {
    problems.iter().fold(Problems::NONE, |set, p| set.with(p.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_codes_are_fixed() {
        for (bit, kind) in ProblemKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, bit);
            assert_eq!(ProblemKind::from_code(kind.code()), Some(kind));
            assert_eq!(Problems::NONE.with(kind).bits(), 1 << bit);
        }
        let rows = include_str!("problem.rs")
            .lines()
            .filter(|line| line.trim_start().starts_with("Self::") && line.contains(" => Row { "))
            .count();
        assert_eq!(rows, ProblemKind::ALL.len(), "a row is not in ProblemKind::ALL");
    }

    #[test]
    fn every_kind_has_its_sentence_and_is_in_the_list_of_the_page_about_json() {
        let listed = ProblemKind::ALL.map(|kind| format!("`{}`", kind.code())).join(" ");
        let page = include_str!("../../docs/json-verdict.md").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(&format!("Problem codes: {listed}.")), "docs/json-verdict.md lacks: {listed}");
        for kind in ProblemKind::ALL {
            assert!(crate::text::template(kind.code()).is_some(), "{}: src/text/problem_texts.rs", kind.code());
        }
    }

    #[test]
    fn classes_are_what_the_rules_rest_on() {
        use ProblemKind::*;
        let classes = [
            (
                Problems::NO_CA_PATH,
                &[UntrustedIssuer, IncompleteChain, UnsupportedAlgorithm, ChainTooLong, BudgetExceeded][..],
            ),
            (Problems::DATES, &[Expired, NotYetValid]),
            (Problems::NAME, &[HostMismatch]),
            (Problems::FORM, &[NameOnlyInCn, CaAsServer]),
            (Problems::SELF_MADE.without(Problems::NO_CA_PATH), &[SelfSigned, HostMismatch, NameOnlyInCn, CaAsServer]),
        ];
        for (class, kinds) in classes {
            assert_eq!(class, Problems::of(kinds));
        }
    }
}
