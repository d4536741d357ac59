//! The closed lists that a verdict is made of, each with its stable code for JSON and its number
//! for the C ABI. Numbers and codes are never changed; new members get new ones. 0 always means
//! "undecided" or "none" to a C caller.

/// What to do with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum Decision {
    /// Go ahead.
    Accept = 1,
    /// Stop unless a person says yes.
    Ask = 2,
    /// Stop.
    Reject = 3,
}

impl Decision {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Ask => "ask",
            Self::Reject => "reject",
        }
    }
}

/// What vouches for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum Assurance {
    /// Nothing.
    None = 0,
    /// A pin alone: the same key as before, which a person once accepted.
    Pinned = 1,
    /// The CA system or DANE.
    Verified = 2,
}

impl Assurance {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pinned => "pinned",
            Self::Verified => "verified",
        }
    }
}

/// How likely it is that a change is an attack, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum Risk {
    /// Nothing changed.
    None = 0,
    /// A cryptographic link to what was known before.
    Low = 1,
    /// No link, but the circumstances are ordinary.
    Medium = 2,
    /// No link, and the circumstances are not ordinary.
    High = 3,
}

impl Risk {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What became of the endpoint's pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum PinResult {
    /// Pins played no part.
    None = 0,
    /// Nothing is known of this endpoint.
    FirstUse = 1,
    /// A trusted pin matches.
    Match = 2,
    /// The key is trusted on another port of the same host.
    Sibling = 3,
    /// A key that was announced beforehand.
    Staged = 4,
    /// The endpoint is known with another key.
    Changed = 5,
    /// A pin matches that has expired.
    Expired = 6,
    /// The key or certificate is refused.
    Blocked = 7,
    /// A trusted pin matches, but something is wrong that was not so when it was accepted.
    NewProblem = 8,
    /// A key that was replaced appears again.
    Retired = 9,
}

impl PinResult {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::FirstUse => "first-use",
            Self::Match => "match",
            Self::Sibling => "sibling",
            Self::Staged => "staged",
            Self::Changed => "changed",
            Self::Expired => "expired",
            Self::Blocked => "blocked",
            Self::NewProblem => "new-problem",
            Self::Retired => "retired",
        }
    }
}

/// How what is presented differs from what was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum Change {
    /// It does not, or nothing was known.
    None = 0,
    /// Another certificate for the same key.
    RenewedSameKey = 1,
    /// Another key, in a certificate that the pinned key signed.
    RolledOver = 2,
    /// Another key, with nothing known of when the old certificate was to end.
    Replaced = 3,
    /// Another key at a time when the old certificate had to be replaced.
    ReplacedWhenDue = 4,
    /// Another key long before the old certificate had to be replaced.
    ReplacedEarly = 5,
    /// Another key under another trust anchor.
    IssuerChanged = 6,
    /// CA-valid before, the same key, and now expired.
    Lapsed = 7,
    /// CA-valid before and now not, in a way that is no downgrade.
    NoLongerValid = 8,
    /// Validated before, and now something else without any validation.
    Downgrade = 9,
    /// Pinned before, and now another key that is CA-valid.
    Upgrade = 10,
}

impl Change {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::RenewedSameKey => "renewed-same-key",
            Self::RolledOver => "rolled-over",
            Self::Replaced => "replaced",
            Self::ReplacedWhenDue => "replaced-when-due",
            Self::ReplacedEarly => "replaced-early",
            Self::IssuerChanged => "issuer-changed",
            Self::Lapsed => "lapsed",
            Self::NoLongerValid => "no-longer-valid",
            Self::Downgrade => "downgrade",
            Self::Upgrade => "upgrade",
        }
    }
}

/// What a person can be asked about a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerWanted {
    /// Nothing: no answer helps, or none is needed.
    None,
    /// Yes or no.
    Yes,
    /// The full fingerprint, typed in from another source.
    Fingerprint,
}

/// Parts of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum Section {
    /// One sentence: what happened.
    Headline = 1,
    /// What is wrong with the chain.
    Problem = 2,
    /// What led to the decision.
    Reason = 3,
    /// What it means.
    Meaning = 4,
    /// What to do.
    Advice = 5,
}

impl Section {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Headline => "headline",
            Self::Problem => "problem",
            Self::Reason => "reason",
            Self::Meaning => "meaning",
            Self::Advice => "advice",
        }
    }
}

/// The rule that decided; its code is the number printed in `docs/decision.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A policy of this endpoint that this version does not understand.
    UnknownPolicy,
    /// 2: blocked, or a key known to be in other hands.
    Blocked,
    /// 3: what no pin can waive.
    NeverWaivable,
    /// 4: a trusted pin matches.
    Pinned,
    /// 4b: DANE.
    Dane,
    /// 4c: the key of an expired pin.
    PinExpired,
    /// 4d: a retired key again.
    KeyRetired,
    /// 5: CA-valid.
    CaValid,
    /// 6: a staged pin matches.
    Staged,
    /// 7: formerly CA-valid, the same key.
    Lapsed,
    /// 7b: formerly CA-valid, a newer key whose certificate has expired.
    LapsedNewer,
    /// 8: formerly validated, now not.
    Downgrade,
    /// 8b: formerly validated by a person's pin or one program's root alone, now not.
    Vouched,
    /// 9: known with another key.
    Changed,
    /// 10: trusted on another port of the same host.
    Sibling,
    /// 10: nothing known.
    FirstUse,
    /// The policy lets nothing but CA validity count, and there is none.
    CaOnly,
}

impl Rule {
    /// The number in `docs/decision.md`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownPolicy => "policy",
            Self::Blocked => "2",
            Self::NeverWaivable => "3",
            Self::Pinned => "4",
            Self::Dane => "4b",
            Self::PinExpired => "4c",
            Self::KeyRetired => "4d",
            Self::CaValid => "5",
            Self::Staged => "6",
            Self::Lapsed => "7",
            Self::LapsedNewer => "7b",
            Self::Downgrade => "8",
            Self::Vouched => "8b",
            Self::Changed => "9",
            Self::Sibling => "10-sibling",
            Self::FirstUse => "10",
            Self::CaOnly => "ca-only",
        }
    }
}
