//! What a caller hands to a check ([`Check`]), what a verdict keeps of it ([`Inputs`]), and why there may be no
//! verdict.

use super::second::SecondLook;
use crate::endpoint::Endpoint;
use crate::path::Chain;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::trust::rules::additions::Additions;
use crate::trust::rules::policy::{Policy, PolicyError};

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
    /// No connection belongs to every account: that is for management calls (docs/store.md).
    #[error("account: a check is made for one account, not for any")]
    AnyAccount,
    /// The chain is empty, or its leaf is no certificate at all.
    #[error("chain: {0}")]
    Chain(String),
    /// The session was resumed with less than what was last accepted.
    #[error("resumed session: {0}")]
    Resumed(String),
}

/// The inputs of a check, kept for the answer.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    pub endpoint: Endpoint,
    pub chain: Chain,
    flags: Flags,
    policy: Option<Policy>,
    additions: Option<Additions>,
    tlsa: Vec<Tlsa>,
    crls: Vec<Vec<u8>>,
    second_look: SecondLook,
}

impl Inputs {
    pub fn of(check: &Check<'_>) -> Self {
        Self {
            endpoint: check.endpoint.clone(),
            chain: check.chain.clone(),
            flags: check.flags,
            policy: check.policy.cloned(),
            additions: check.additions.cloned(),
            tlsa: check.tlsa.to_vec(),
            crls: check.crls.to_vec(),
            second_look: check.second_look.clone(),
        }
    }

    /// Whether this check asks the same about the same: everything but the time. Names every field, so that a new one
    /// does not compile until it is compared.
    pub fn same_question(&self, check: &Check<'_>) -> bool {
        let Check { endpoint, chain, now: _, flags, policy, additions, tlsa, crls, second_look } = *check;
        self.endpoint == *endpoint
            && self.flags == flags
            && self.policy.as_ref() == policy
            && self.additions.as_ref() == additions
            && self.tlsa == tlsa
            && self.crls == crls
            && self.chain.ocsp() == chain.ocsp()
            && self.chain.same_certs(chain)
            && self.second_look.same_as(second_look)
    }

    /// The same check again, at another time, as an answer rests on it: the clock's floor counts.
    pub fn check_at(&self, now: Timestamp) -> Check<'_> {
        Check {
            endpoint: &self.endpoint,
            chain: &self.chain,
            now,
            flags: Flags { stated_time: false, ..self.flags },
            policy: self.policy.as_ref(),
            additions: self.additions.as_ref(),
            tlsa: &self.tlsa,
            crls: &self.crls,
            second_look: &self.second_look,
        }
    }
}
