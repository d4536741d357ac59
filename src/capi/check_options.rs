//! What the caller states about one connection beside host, port and chain: the options of a check.

use std::borrow::Cow;
use std::ffi::c_char;
use std::io::Read;
use std::path::Path;

use super::building::Building;
use super::codes::{
    TOFU_CHECK_DRY_RUN, TOFU_CHECK_LEAVE_PENDING, TOFU_CHECK_LOOPBACK, TOFU_CHECK_NO_SESSION, TOFU_CHECK_RESUMED,
    TOFU_CHECK_SETUP, TOFU_CHECK_TOR, TOFU_CHECK_UNPROVEN, TOFU_CHECK_XMPP, a_time, refuse_unknown_bits,
    tofu_check_flags,
};
use super::error::{Code, Failure, tofu_error};
use super::guard::{free, guard};
use super::policy::{roots, tofu_policy};
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use crate::endpoint::{Account, Endpoint, Host, NameError};
use crate::time::{Timestamp, system_now};
use crate::tls::Terms;
use crate::trust::{Additions, Flags, Policy, Tlsa};

/// TLSA records that one check takes, at most.
const MAX_TLSA: usize = 64;
/// Bytes of a TLSA record, at most: what the length of DNS RDATA can say (RFC 1035, section 3.2.1).
const MAX_TLSA_BYTES: usize = 65_535;
/// CRLs that one check takes, at most.
const MAX_CRLS: usize = 64;
/// Bytes of all CRLs of a check, at most.
const MAX_CRL_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a file of trust anchors, at most.
const MAX_ROOT_FILE: u64 = 16 * 1024 * 1024;

/// What a check is given beside host, port and chain.
#[derive(Default, Clone)]
pub(super) struct Options {
    account: Account,
    /// `None`: the system's clock, read when the check is made.
    now: Option<Timestamp>,
    flags: tofu_check_flags,
    pub(super) policy: Option<Policy>,
    pub(super) additions: Additions,
    pub(super) tlsa: Vec<Tlsa>,
    pub(super) crls: Vec<Vec<u8>>,
}

impl Options {
    /// The endpoint that is meant.
    pub(super) fn endpoint(&self, host: &str, port: u16) -> Result<Endpoint, Failure> {
        let port = port.try_into().map_err(|_| NameError::Port)?;
        Ok(Endpoint { host: Host::parse(host)?, port, account: self.account.clone() })
    }

    /// The time of a check made now, and what that is ahead of the system's clock, in seconds.
    pub(super) fn time(&self) -> (Timestamp, i64) {
        let clock = system_now();
        let now = self.now.unwrap_or(clock);
        (now, now.saturating_sub(clock))
    }

    /// The flags, with those that a call states beside the options.
    pub(super) fn flags(&self, beside: tofu_check_flags) -> Flags {
        let has = |bit| (self.flags | beside) & bit != 0;
        Flags {
            dry_run: has(TOFU_CHECK_DRY_RUN),
            leave_pending: has(TOFU_CHECK_LEAVE_PENDING),
            resumed: has(TOFU_CHECK_RESUMED),
            setup: has(TOFU_CHECK_SETUP),
            unproven: has(TOFU_CHECK_UNPROVEN),
            loopback: has(TOFU_CHECK_LOOPBACK),
            tor: has(TOFU_CHECK_TOR),
            no_session: has(TOFU_CHECK_NO_SESSION),
            services: if has(TOFU_CHECK_XMPP) { &["xmpp-client", "xmpp-server"] } else { &[] },
            stated_time: self.now.is_some(),
        }
    }

    /// What is added to the policy in force, if anything is.
    pub(super) fn additions(&self) -> Option<&Additions> {
        Some(&self.additions).filter(|additions| !additions.is_empty())
    }

    /// For a connection that the library makes, which proves possession itself and resumes nothing.
    pub(super) fn terms(&self) -> Result<Terms, Failure> {
        if self.flags & (TOFU_CHECK_UNPROVEN | TOFU_CHECK_RESUMED) != 0 {
            let unproven = self.flags & TOFU_CHECK_UNPROVEN != 0;
            let flag = if unproven { "TOFU_CHECK_UNPROVEN" } else { "TOFU_CHECK_RESUMED" };
            return Err(Failure::invalid(format!("options: {flag}: the library itself makes the handshake")));
        }
        Ok(Terms {
            flags: self.flags(0),
            policy: self.policy.clone(),
            additions: self.additions().cloned(),
            tlsa: self.tlsa.clone(),
            crls: self.crls.clone(),
            now: self.now,
        })
    }
}

/// What the caller states about a check beside host, port and chain. One thread builds it; its first check freezes it;
/// it may be used again.
pub struct tofu_check_options {
    poison: Poison,
    options: Building<Options>,
}

impl tofu_check_options {
    /// What a check takes: these options, frozen by it, or those of a caller that states nothing.
    pub(super) fn frozen(options: Option<&Self>) -> Result<Cow<'_, Options>, Failure> {
        options.map_or_else(|| Ok(Cow::default()), |options| Ok(Cow::Borrowed(options.options.freeze()?)))
    }
}

impl Object for tofu_check_options {
    const NOUN: &'static str = "check options";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes the options of a check: no account, the system's clock, no flags, and the policy in force.
///
/// @param out  where to write the options, owned by the caller, freed with tofu_check_options_free; NULL on failure;
///             must not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_new(
    out: *mut *mut tofu_check_options,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = Building::new("check options", Options::default());
            call.out(out, "out")?.give(tofu_check_options { poison: Poison::default(), options });
            Ok(Answer::Ok)
        })
    }
}

/// Names the account that the connection is for. Trust of one account never counts for another.
///
/// @param options  not yet used; must not be NULL.
/// @param account  NUL-terminated UTF-8 of at most 255 bytes without control characters; "" for none; "*" is refused;
///                 must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME; TOFU_E_STATE after the first check. A refusal is remembered, and the check fails with
///         it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_set_account(
    options: *mut tofu_check_options,
    account: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = call.object(options, "options")?;
            options.options.edit(|draft| {
                draft.account = Account::parse(call.text(account, "account")?)?;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets the time of the check. Without it the system's clock counts.
///
/// A check with TOFU_CHECK_DRY_RUN is judged at exactly this time, so that old chains can be looked at. Every other
/// check is judged at the library's release date if the time is earlier, and its verdict has the reason "clock-wrong".
///
/// @param options  not yet used; must not be NULL.
/// @param now      seconds since the epoch, UTC; 0 for the system's clock; a negative time is refused.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID for a negative time; TOFU_E_STATE after the first check. A refusal is remembered,
///         and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_set_time(
    options: *mut tofu_check_options,
    now: i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.options.edit(|draft| {
                draft.now = Some(a_time("now", now)?).filter(|now| *now != 0);
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// States facts about the connection, in place of those stated before.
///
/// The library believes them. Set TOFU_CHECK_UNPROVEN wherever no handshake proved that the server holds the leaf's
/// key.
///
/// @param options  not yet used; must not be NULL.
/// @param flags    any of TOFU_CHECK_...; other bits are refused.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID for other bits; TOFU_E_STATE after the first check. A refusal is remembered, and the
///         check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_set_flags(
    options: *mut tofu_check_options,
    flags: tofu_check_flags,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.options.edit(|draft| {
                draft.flags = stated(flags)?;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// The flags, if they are all of their family.
pub(super) fn stated(flags: tofu_check_flags) -> Result<tofu_check_flags, Failure> {
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
    Ok(flags)
}

/// Sets a policy for the check, in place of the one that the user or the administrator set for this server or for all
/// servers.
///
/// An administrator's mandatory policy still applies. A program that only wants a further root or a stricter field uses
/// tofu_check_options_add_root or tofu_check_options_tighten instead, which keep the user's policy in force. The policy
/// is copied and frozen.
///
/// @param options  not yet used; must not be NULL.
/// @param policy   borrowed; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; what a setter of the policy was refused with; TOFU_E_STATE after the first check. A refusal is
///         remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_set_policy(
    options: *mut tofu_check_options,
    policy: *const tofu_policy,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.options.edit(|draft| {
                draft.policy = Some(call.object(policy, "policy")?.policy.freeze()?.clone());
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Adds trust anchors to the policy in force: all certificates of a file in PEM or DER.
///
/// The policy that the user or the administrator set stays in force, so this is the way to add a private root. The
/// anchors count beside those of the policy. Where an administrator's mandatory policy limits the anchors, that limit
/// holds. Text around the certificates and blocks of other kinds are ignored, and so are certificates that OpenSSL's
/// trust settings (TRUSTED CERTIFICATE) do not trust for TLS servers.
///
/// @param options     not yet used; must not be NULL.
/// @param pem_or_der  the bytes, copied; may be NULL with len 0, which holds no certificate and is refused.
/// @param len         their number.
/// @param err         where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_PARSE for a certificate that cannot be read, and if none counts for TLS servers;
///         TOFU_E_STATE after the first check. A refusal is remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_add_root(
    options: *mut tofu_check_options,
    pem_or_der: *const u8,
    len: usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.options.edit(|draft| {
                let found = roots(call.bytes(pem_or_der, len, "pem_or_der")?)?;
                found.into_iter().for_each(|root| draft.additions.add_root(root));
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Adds the trust anchors of a file to the policy in force, as tofu_check_options_add_root does.
///
/// The file is read by this call, and not again.
///
/// @param options  not yet used; must not be NULL.
/// @param path     a file in PEM or DER of at most 16 MiB, NUL-terminated UTF-8; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_IO if the file cannot be read; TOFU_E_LIMIT for a larger one; TOFU_E_PARSE for a certificate
///         that cannot be read, and if none counts for TLS servers; TOFU_E_STATE after the first check. The message names
///         the file. A refusal is remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options; waits for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_add_root_file(
    options: *mut tofu_check_options,
    path: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.options.edit(|draft| {
                let path = call.text(path, "path")?;
                let found = roots(&root_file(path)?).map_err(|failure| failure.at(path))?;
                found.into_iter().for_each(|root| draft.additions.add_root(root));
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

fn root_file(path: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(Code::Io, "system", format!("{path}: {error}"));
    let file = std::fs::File::open(Path::new(path)).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_ROOT_FILE.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_ROOT_FILE {
        return Err(Failure::new(Code::Limit, "roots.limit", format!("{path}: more than {MAX_ROOT_FILE} bytes")));
    }
    Ok(bytes)
}

/// Makes a field of the policy in force at least as strict as this value.
///
/// It never loosens: where the policy of the user, the administrator or the program is stricter, that one counts.
///
/// @param options  not yet used; must not be NULL.
/// @param field    the name of a field of policies, "change" for example, NUL-terminated; must not be NULL.
/// @param value    one of its values, "reject" for example, NUL-terminated; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for an unknown field or value, and for a field that has no stricter value;
///         TOFU_E_STATE after the first check. A refusal is remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_tighten(
    options: *mut tofu_check_options,
    field: *const c_char,
    value: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.options.edit(|draft| {
                draft.additions.tighten(call.text(field, "field")?, call.text(value, "value")?)?;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Adds a TLSA record of the host and port (RFC 6698).
///
/// It does not ask the DNS, and it believes dnssec_validated. Claim that only if a validating resolver that the program
/// trusts said so over a path that nobody can tamper with, such as the AD bit of a resolver on this machine. A record
/// that is not validated only informs.
///
/// @param options           not yet used; must not be NULL.
/// @param rdata             usage, selector, matching type and data, copied; may be NULL with len 0, which is an
///                          unusable record.
/// @param len               their length in bytes, at most 65535.
/// @param dnssec_validated  1 if DNSSEC validated the record, 0 if not; another number is refused.
/// @param err               where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_LIMIT beyond 64 records; TOFU_E_STATE after the first check. A refusal is remembered, and
///         the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_add_tlsa(
    options: *mut tofu_check_options,
    rdata: *const u8,
    len: usize,
    dnssec_validated: i32,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = call.object(options, "options")?;
            options.options.edit(|draft| add_tlsa(draft, call.bytes(rdata, len, "rdata")?, dnssec_validated))?;
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

/// Adds a certificate revocation list (RFC 5280, section 5) in DER, of version 1 or 2.
///
/// It does not fetch lists, and it does not believe a list that does not verify under the issuer that it speaks for. A
/// list that is out of date or of an unsupported kind still counts for what it revokes, and the verdict has a note.
///
/// @param options  not yet used; must not be NULL.
/// @param der      the list, copied; may be NULL with len 0, which is an unusable list.
/// @param len      its length in bytes.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_LIMIT beyond 64 lists or 64 MiB; TOFU_E_STATE after the first check. A refusal is
///         remembered, and the check fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_add_crl(
    options: *mut tofu_check_options,
    der: *const u8,
    len: usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = call.object(options, "options")?;
            options.options.edit(|draft| add_crl(draft, call.bytes(der, len, "der")?))?;
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
/// @param options  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_options_free(options: *mut tofu_check_options) {
    // SAFETY: `options` as its @param says.
    unsafe { free(options) }
}
