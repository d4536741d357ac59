//! Checks: what the caller states about one connection, and the question itself.

use std::ffi::c_char;

use super::building::Building;
use super::chain::tofu_chain;
use super::codes::{
    TOFU_CHECK_DRY_RUN, TOFU_CHECK_LEAVE_PENDING, TOFU_CHECK_LOOPBACK, TOFU_CHECK_NO_SESSION, TOFU_CHECK_RESUMED,
    TOFU_CHECK_SETUP, TOFU_CHECK_TOR, TOFU_CHECK_UNPROVEN, TOFU_CHECK_XMPP, refuse_unknown_bits,
};
use super::error::{Code, Failure, tofu_error};
use super::guard::{free, guard};
use super::policy::tofu_policy;
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use super::verdict::tofu_verdict;
use crate::endpoint::{Account, Endpoint, Host, NameError};
use crate::store::Pending;
use crate::time::{Timestamp, system_now};
use crate::tls::Terms;
use crate::trust::{Check, Decision, Flags, Policy, SecondLook, Tlsa};

/// TLSA records that one check takes, at most.
const MAX_TLSA: usize = 64;
/// Bytes of a TLSA record, at most: what the length of DNS RDATA can say (RFC 1035, section 3.2.1).
const MAX_TLSA_BYTES: usize = 65_535;
/// CRLs that one check takes, at most.
const MAX_CRLS: usize = 64;
/// Bytes of all CRLs of a check, at most.
const MAX_CRL_BYTES: usize = 64 * 1024 * 1024;

/// What a check is given beside host, port and chain.
#[derive(Default)]
pub(super) struct Options {
    account: Account,
    /// `None`: the system's clock, read when the check is made.
    now: Option<Timestamp>,
    flags: Flags,
    policy: Option<Policy>,
    tlsa: Vec<Tlsa>,
    crls: Vec<Vec<u8>>,
}

impl Options {
    /// The endpoint that is meant.
    pub(super) fn endpoint(&self, host: &str, port: u16) -> Result<Endpoint, Failure> {
        let port = port.try_into().map_err(|_| NameError::Port)?;
        Ok(Endpoint { host: Host::parse(host)?, port, account: self.account.clone() })
    }

    /// The flags, with whether a time was set.
    fn flags(&self) -> Flags {
        Flags { stated_time: self.now.is_some(), ..self.flags }
    }

    /// For a connection that the library makes, which proves possession itself and resumes nothing.
    pub(super) fn terms(&self) -> Result<Terms, Failure> {
        if self.flags.unproven || self.flags.resumed {
            let flag = if self.flags.unproven { "TOFU_CHECK_UNPROVEN" } else { "TOFU_CHECK_RESUMED" };
            return Err(Failure::invalid(format!("options: {flag}: the library itself makes the handshake")));
        }
        Ok(Terms {
            flags: self.flags(),
            policy: self.policy.clone(),
            tlsa: self.tlsa.clone(),
            crls: self.crls.clone(),
            now: self.now,
        })
    }
}

/// What the caller states about a check. One thread while it is built; frozen by its first check; reusable.
pub struct tofu_check {
    poison: Poison,
    pub(super) options: Building<Options>,
}

impl Object for tofu_check {
    const NOUN: &'static str = "check";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes the options of a check: no account, the system's clock, no flags, the store's policy.
///
/// @param out  where to write the options, owned by the caller, freed with tofu_check_free; NULL on failure;
///             must not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_new(out: *mut *mut tofu_check, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = Building::new("check", Options::default());
            call.out(out, "out")?.give(tofu_check { poison: Poison::default(), options });
            Ok(Answer::Ok)
        })
    }
}

/// Names the account that the connection is for. Trust of one account never counts for another.
///
/// @param check    not yet used; must not be NULL.
/// @param account  NUL-terminated UTF-8 of at most 255 bytes without control characters, "" for none; "*" is
///                 refused; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME; TOFU_E_STATE after the first check; TOFU_E_INVALID; TOFU_E_INTERNAL. A refusal is
///         remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_set_account(
    check: *mut tofu_check,
    account: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let check = call.object(check, "check")?;
            check.options.edit(|draft| {
                draft.account = Account::parse(call.text(account, "account")?)?;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets the time of the check; without it the system's clock counts. A check with TOFU_CHECK_DRY_RUN is judged at
/// exactly this time, so that chains of long ago can be looked at; any other one not before the library's release,
/// and says "clock-wrong" for a time before that.
///
/// @param check  not yet used; must not be NULL.
/// @param now    seconds since the epoch, UTC; 0 for the system's clock; negative is refused.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID; TOFU_E_STATE after the first check; TOFU_E_INTERNAL. A refusal is remembered,
///         and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_set_time(
    check: *mut tofu_check,
    now: i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(check, "check")?.options.edit(|draft| {
                if now < 0 {
                    return Err(Failure::invalid(format!("now: {now} is before 1970")));
                }
                draft.now = (now != 0).then_some(now);
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// States facts about the connection, in place of those stated before.
///
/// The library believes them: TOFU_CHECK_UNPROVEN must be set wherever no handshake proved that the server holds
/// the leaf's key.
///
/// @param check  not yet used; must not be NULL.
/// @param flags  any of TOFU_CHECK_...; unknown bits are refused.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID; TOFU_E_STATE after the first check; TOFU_E_INTERNAL. A refusal is remembered,
///         and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_set_flags(
    check: *mut tofu_check,
    flags: u64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(check, "check")?.options.edit(|draft| {
                draft.flags = stated(flags)?;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

fn stated(flags: u64) -> Result<Flags, Failure> {
    let known = TOFU_CHECK_DRY_RUN
        | TOFU_CHECK_LEAVE_PENDING
        | TOFU_CHECK_RESUMED
        | TOFU_CHECK_SETUP
        | TOFU_CHECK_UNPROVEN
        | TOFU_CHECK_LOOPBACK
        | TOFU_CHECK_TOR
        | TOFU_CHECK_XMPP
        | TOFU_CHECK_NO_SESSION;
    refuse_unknown_bits(flags, known)?;
    let has = |bit| flags & bit != 0;
    Ok(Flags {
        dry_run: has(TOFU_CHECK_DRY_RUN),
        leave_pending: has(TOFU_CHECK_LEAVE_PENDING),
        resumed: has(TOFU_CHECK_RESUMED),
        setup: has(TOFU_CHECK_SETUP),
        unproven: has(TOFU_CHECK_UNPROVEN),
        loopback: has(TOFU_CHECK_LOOPBACK),
        tor: has(TOFU_CHECK_TOR),
        no_session: has(TOFU_CHECK_NO_SESSION),
        services: if has(TOFU_CHECK_XMPP) { &["xmpp-client", "xmpp-server"] } else { &[] },
        stated_time: false,
    })
}

/// Sets the policy of the check, in place of the endpoint's and the store's. The policy is copied and frozen.
///
/// @param check   not yet used; must not be NULL.
/// @param policy  borrowed; must not be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; what a setter of the policy was refused with; TOFU_E_STATE after the first check;
///         TOFU_E_INVALID; TOFU_E_INTERNAL. A refusal is remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_set_policy(
    check: *mut tofu_check,
    policy: *const tofu_policy,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(check, "check")?.options.edit(|draft| {
                draft.policy = Some(call.object(policy, "policy")?.policy.freeze()?.clone());
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Adds a TLSA record of the host and port (RFC 6698).
///
/// Does not ask the DNS, and believes dnssec_validated: claim it only where a validating resolver that the program
/// trusts, over a path that nobody can tamper with, said so (the AD bit of a resolver on this machine, for example).
/// Without it the record only informs.
///
/// @param check             not yet used; must not be NULL.
/// @param rdata             usage, selector, matching type and data, copied; may be NULL with len 0, which is an
///                          unusable record.
/// @param len               their length in bytes, at most 65535.
/// @param dnssec_validated  1 if DNSSEC validated the record, 0 if not; anything else is refused.
/// @param err               where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_LIMIT beyond 64 records; TOFU_E_STATE after the first check; TOFU_E_INVALID;
///         TOFU_E_INTERNAL. A refusal is remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_add_tlsa(
    check: *mut tofu_check,
    rdata: *const u8,
    len: usize,
    dnssec_validated: i32,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let check = call.object(check, "check")?;
            check.options.edit(|draft| add_tlsa(draft, call.bytes(rdata, len, "rdata")?, dnssec_validated))?;
            Ok(Answer::Ok)
        })
    }
}

fn add_tlsa(options: &mut Options, rdata: &[u8], dnssec_validated: i32) -> Result<(), Failure> {
    let dnssec_validated = match dnssec_validated {
        0 => false,
        1 => true,
        other => return Err(Failure::invalid(format!("dnssec_validated: {other} is neither 0 nor 1"))),
    };
    if options.tlsa.len() >= MAX_TLSA || rdata.len() > MAX_TLSA_BYTES {
        let what = format!("rdata: more than {MAX_TLSA} TLSA records or {MAX_TLSA_BYTES} bytes in one");
        return Err(Failure::new(Code::Limit, "check.limit", what));
    }
    options.tlsa.push(Tlsa { rdata: rdata.to_vec(), dnssec_validated });
    Ok(())
}

/// Adds a certificate revocation list (RFC 5280, section 5), in DER, of version 1 or 2.
///
/// Does not fetch any, and does not believe one that does not verify under the issuer it speaks for. A list that
/// is out of date or of a kind that is not supported counts for what it revokes, and the verdict has a note.
///
/// @param check  not yet used; must not be NULL.
/// @param der    the list, copied; may be NULL with len 0, which is an unusable list.
/// @param len    its length in bytes.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_LIMIT beyond 64 lists or 64 MiB; TOFU_E_STATE after the first check; TOFU_E_INVALID;
///         TOFU_E_INTERNAL. A refusal is remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_add_crl(
    check: *mut tofu_check,
    der: *const u8,
    len: usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let check = call.object(check, "check")?;
            check.options.edit(|draft| add_crl(draft, call.bytes(der, len, "der")?))?;
            Ok(Answer::Ok)
        })
    }
}

fn add_crl(options: &mut Options, der: &[u8]) -> Result<(), Failure> {
    let bytes: usize = options.crls.iter().map(Vec::len).sum();
    if options.crls.len() >= MAX_CRLS || bytes.saturating_add(der.len()) > MAX_CRL_BYTES {
        let what = format!("der: more than {MAX_CRLS} lists or {MAX_CRL_BYTES} bytes of them");
        return Err(Failure::new(Code::Limit, "check.limit", what));
    }
    options.crls.push(der.to_vec());
    Ok(())
}

/// Frees the options of a check.
///
/// @param check  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_free(check: *mut tofu_check) {
    // SAFETY: `check` as its @param says.
    unsafe { free(check) }
}

/// Decides whether the server just reached is the one to talk to, and remembers what must be remembered.
///
/// Call it after the handshake and before the first byte of application data; send nothing unless it returns
/// TOFU_OK. By handing in a chain the caller states that its TLS stack verified the handshake's signature with the
/// leaf's key; where nothing did, set TOFU_CHECK_UNPROVEN. It does not decide whether the host is the one that the
/// user meant. It asks nobody: TOFU_ASK leaves that to the program, between this call and tofu_verdict_trust.
///
/// @param store    must not be NULL; there is no implied store.
/// @param host     the name that the program meant to reach, not what the certificate or a redirect says,
///                 NUL-terminated UTF-8; must not be NULL.
/// @param port     the TCP port, 1 to 65535.
/// @param chain    what the server sent, leaf first; frozen by this call; must not be NULL.
/// @param options  what else is known of the connection; frozen by this call; may be NULL for none.
/// @param verdict  where to write the verdict, owned by the caller, freed with tofu_verdict_free; written for
///                 TOFU_OK, TOFU_ASK and TOFU_REJECT, NULL otherwise; may be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: go ahead. TOFU_ASK: a person must answer. TOFU_REJECT: no. TOFU_E_NAME for a host or port that
///         cannot be; TOFU_E_PARSE for a chain without a readable leaf; TOFU_E_ROOTS when a CA answer is wanted and no
///         anchors could be loaded; TOFU_E_STATE for a resumed session that needs a full handshake; of the store
///         TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT,
///         TOFU_E_FORKED, TOFU_E_BACKEND; what a setter of chain or options was refused with; TOFU_E_INVALID;
///         TOFU_E_INTERNAL.
///
/// Thread safety: any thread; the store is shared, chain and options only once they are frozen. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_chain(
    store: *mut tofu_store,
    host: *const c_char,
    port: u16,
    chain: *const tofu_chain,
    options: *const tofu_check,
    verdict: *mut *mut tofu_verdict,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let verdict = call.optional_out(verdict);
            let store = call.object(store, "store")?;
            let host = call.text(host, "host")?;
            let chain = call.object(chain, "chain")?;
            let options = call.optional(options, "options")?;
            let made = check(store, host, port, chain, options)?;
            let answer = answer(&made);
            if let Some(place) = verdict {
                place.give(made);
            }
            Ok(answer)
        })
    }
}

/// What a call that decides returns.
pub(super) fn answer(made: &tofu_verdict) -> Answer {
    match made.verdict.decision() {
        Decision::Accept => Answer::Ok,
        Decision::Ask => Answer::Ask,
        Decision::Reject => Answer::Reject,
    }
}

/// A pending question decided again, with the time, flags and policy of the options.
pub(super) fn again(
    store: &tofu_store,
    pending: &Pending,
    options: Option<&tofu_check>,
) -> Result<tofu_verdict, Failure> {
    let none = Options::default();
    let options = options.map_or(Ok(&none), |options| options.options.freeze())?;
    let clock = system_now();
    let now = options.now.unwrap_or(clock);
    let verdict = crate::trust::pending_verdict(&store.store, pending, now, options.flags(), options.policy.as_ref())?;
    Ok(tofu_verdict::new(verdict, now.saturating_sub(clock)))
}

fn check(
    store: &tofu_store,
    host: &str,
    port: u16,
    chain: &tofu_chain,
    options: Option<&tofu_check>,
) -> Result<tofu_verdict, Failure> {
    let none = Options::default();
    let options = options.map_or(Ok(&none), |options| options.options.freeze())?;
    let endpoint = options.endpoint(host, port)?;
    let clock = system_now();
    let now = options.now.unwrap_or(clock);
    let verdict = crate::trust::check(
        &store.store,
        &Check {
            endpoint: &endpoint,
            chain: chain.chain.freeze()?,
            now,
            flags: options.flags(),
            policy: options.policy.as_ref(),
            tlsa: &options.tlsa,
            crls: &options.crls,
            second_look: SecondLook::NOT_MADE,
        },
    )?;
    Ok(tofu_verdict::new(verdict, now.saturating_sub(clock)))
}
