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

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UntrustedIssuer => "untrusted-issuer",
            Self::SelfSigned => "self-signed",
            Self::IncompleteChain => "incomplete-chain",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::HostMismatch => "host-mismatch",
            Self::NameOnlyInCn => "name-only-in-cn",
            Self::BadSignature => "bad-signature",
            Self::WeakKey => "weak-key",
            Self::WeakSignature => "weak-signature",
            Self::WrongUsage => "wrong-usage",
            Self::CaAsServer => "ca-as-server",
            Self::ConstraintViolation => "constraint-violation",
            Self::UnknownCriticalExtension => "unknown-critical-extension",
            Self::Revoked => "revoked",
            Self::UnsupportedAlgorithm => "unsupported-algorithm",
            Self::ChainTooLong => "chain-too-long",
            Self::BudgetExceeded => "budget-exceeded",
            Self::Malformed => "malformed",
            Self::PublishedKey => "published-key",
        }
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
    pub const NO_CA_PATH: Self = Self(
        (1 << ProblemKind::UntrustedIssuer as u8)
            | (1 << ProblemKind::IncompleteChain as u8)
            | (1 << ProblemKind::ChainTooLong as u8)
            | (1 << ProblemKind::UnsupportedAlgorithm as u8)
            | (1 << ProblemKind::BudgetExceeded as u8),
    );

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
        assert_eq!(Problems::NO_CA_PATH.kinds().count(), 5);
    }
}
