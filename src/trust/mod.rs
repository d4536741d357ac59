//! What is decided. [`decide::decide`] is pure: facts and a policy in, an outcome out. [`check`]
//! gathers the facts before it and records the result after it; [`trust`] is the user's yes.
//!
//! The way of a check: `cache` (the same accept again?), else `gather` (and `elsewhere`,
//! `corroborate`) → [`facts::Facts`] → `decide` (with `unvalidated`, `waiver`, `change`, `offer`) →
//! [`outcome::Outcome`] → `remember` (what is written) and `explain`, `show` (what is said). Knows
//! certificates, paths and the store; knows no network.

mod cache;
mod check;
mod gather;
mod record;
mod rules;
mod words;

use crate::endpoint::Endpoint;
use crate::path::Chain;
use crate::store::{PinKind, StoreError};
use crate::time::Timestamp;

pub use check::check;
pub use gather::second::{SecondLook, Sought, sought, worth_a_second_look};
pub use record::answer::trust;
pub use record::events::{Listener, end_session, set_listener};
pub use record::pending::pending_verdict;
pub use record::stripped::{Lost, tls_began, tls_missing};
pub use record::typed::{Fingerprint, parse_fingerprint};
pub use rules::additions::Additions;
pub use rules::codes::{AnswerWanted, Assurance, Change, Decision, PinResult, Risk, Rule, Section};
pub use rules::policy::{Action, CaUse, FIELDS, MAIL_PORTS, PRESETS, Policy, PolicyError, SMALLEST_RSA};
pub use rules::{change, codes, decide, facts, outcome};
pub use words::outlook::LastAccepted;
pub use words::verdict::Verdict;

/// A TLSA record given by the caller (RFC 6698), RDATA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlsa {
    /// Usage, selector, matching type, data.
    pub rdata: Vec<u8>,
    /// The caller's claim that DNSSEC validated it.
    pub dnssec_validated: bool,
}

/// Facts that the caller states about this check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Write nothing, not even the log.
    pub dry_run: bool,
    /// Nobody can answer: a question is also left as a pending one.
    pub leave_pending: bool,
    /// A resumed session: the chain may be the leaf alone.
    pub resumed: bool,
    /// A new account is being set up; without it the account exists (RFC 8314).
    pub setup: bool,
    /// No handshake proved that the server holds the key: never an accept.
    pub unproven: bool,
    /// The address is known to be loopback.
    pub loopback: bool,
    /// The connection goes through Tor.
    pub tor: bool,
    /// With `unproven`: a connection was tried and is not possible.
    pub no_session: bool,
    /// The services offered there, by their IANA names, where the port does not say (see
    /// [`crate::endpoint::usual_services`]). Names of services in a certificate count for these.
    pub services: &'static [&'static str],
    /// The time was stated instead of read from a clock. With `dry_run` the check is judged at that time, however
    /// early it is: nothing rests on it, and archived chains can be looked at.
    pub stated_time: bool,
}

/// One check to make.
#[derive(Debug, Clone)]
pub struct Check<'a> {
    /// Who it should be.
    pub endpoint: &'a Endpoint,
    /// What the server sent.
    pub chain: &'a Chain,
    /// When; the caller's clock.
    pub now: Timestamp,
    /// Stated facts.
    pub flags: Flags,
    /// Overrides the endpoint's and the store's policy.
    pub policy: Option<&'a Policy>,
    /// What the program adds to the policy in force, its own included.
    pub additions: Option<&'a Additions>,
    /// TLSA records.
    pub tlsa: &'a [Tlsa],
    /// CRLs (DER).
    pub crls: &'a [Vec<u8>],
    /// What a second connection showed, on which other kinds of keys were offered. A known key that it
    /// proved lowers the risk of a change; nothing is accepted because of it.
    pub second_look: &'a SecondLook,
}

impl<'a> Check<'a> {
    /// A check with nothing stated: an existing account, the policy of the store, no TLSA, no CRL.
    pub fn new(endpoint: &'a Endpoint, chain: &'a Chain, now: Timestamp) -> Self {
        Self {
            endpoint,
            chain,
            now,
            flags: Flags::default(),
            policy: None,
            additions: None,
            tlsa: &[],
            crls: &[],
            second_look: SecondLook::NOT_MADE,
        }
    }

    /// The services that are offered where the chain was presented, as far as that is known.
    pub(crate) fn services(&self) -> &'static [&'static str] {
        match self.flags.services {
            [] => crate::endpoint::usual_services(self.endpoint.port),
            stated => stated,
        }
    }
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The store failed; never a first use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The policy wants a CA answer and no roots are loaded.
    #[error(transparent)]
    Roots(#[from] crate::path::RootsError),
    /// A policy in the store cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No connection belongs to every account: that is for management calls (DECISION, layering).
    #[error("account: a check is made for one account, not for any")]
    AnyAccount,
    /// The chain is empty, or its leaf is no certificate at all.
    #[error("chain: {0}")]
    Chain(String),
    /// The session was resumed with less than what was last accepted.
    #[error("resumed session: {0}")]
    Resumed(String),
}

/// The user's yes.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// What to pin; `None` for the suggested kind, or with a typed fingerprint for what was typed: the key of the
    /// server's certificate, or the authority. Where rule 5 asks about a CA-valid chain and nothing is suggested,
    /// `None` accepts the chain as seen, without a pin.
    pub kind: Option<PinKind>,
    /// Beside the old key instead of in its place.
    pub add: bool,
    /// This store handle only, never written.
    pub session: bool,
    /// 0 = for good.
    pub expires: Timestamp,
    /// The full fingerprint as the user typed it, in any usual spelling; see [`parse_fingerprint`].
    pub typed: Option<String>,
    /// A note.
    pub comment: String,
    /// When; the caller's clock.
    pub now: Timestamp,
}

/// Why a yes was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The check inside failed.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// This verdict cannot be trusted (a reject, unproven, or a kind not offered).
    #[error("not offered: {0}")]
    NotOffered(String),
    /// The verdict is too old, or things changed since.
    #[error("stale verdict: {0}")]
    Stale(String),
    /// The typed fingerprint is not one, or not this one.
    #[error("fingerprint: {0}")]
    Typed(String),
}
