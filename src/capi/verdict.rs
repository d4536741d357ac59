//! Verdicts: a decision with everything that led to it, as numbers and objects; `verdict_words` has the
//! words. And the user's yes.

use std::ffi::c_char;
use std::ptr::null;
use std::sync::OnceLock;

use super::cert::tofu_cert;
use super::chain::tofu_chain;
use super::codes::{TOFU_PIN_KIND_NONE, TOFU_TRUST_ADD, TOFU_TRUST_SESSION, refuse_unknown_bits};
use super::endpoint::tofu_endpoint;
use super::error::{Failure, tofu_error};
use super::guard::{free, guard, read};
use super::pin::tofu_pin;
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::store::PinKind;
use crate::time::system_now;
use crate::trust::{self, Verdict};

/// A decision with everything that led to it. Immutable; outlives the chain it was made from and may travel to
/// another thread.
pub struct tofu_verdict {
    poison: Poison,
    pub(super) verdict: Verdict,
    /// The time of the check minus the system's clock then: an answer is given as much later than the check, on the
    /// caller's clock, as the system's clock says.
    clock_offset: i64,
    pub(super) shelf: Shelf,
    chain: OnceLock<Box<tofu_chain>>,
    previous: OnceLock<Option<Box<tofu_cert>>>,
    pub(super) endpoint: OnceLock<Box<tofu_endpoint>>,
    pub(super) pin: OnceLock<Option<Box<tofu_pin>>>,
}

impl tofu_verdict {
    /// A verdict for C; `clock_offset` is what the caller's clock is ahead of the system's, in seconds.
    pub(super) fn new(verdict: Verdict, clock_offset: i64) -> Self {
        Self {
            poison: Poison::default(),
            verdict,
            clock_offset,
            shelf: Shelf::default(),
            chain: OnceLock::new(),
            previous: OnceLock::new(),
            endpoint: OnceLock::new(),
            pin: OnceLock::new(),
        }
    }

    fn lend(&self, what: &'static str, text: impl FnOnce(&Verdict) -> String) -> Option<*const c_char> {
        self.shelf.text((what, 0, 0, ""), || Some(text(&self.verdict)))
    }
}

impl Object for tofu_verdict {
    const NOUN: &'static str = "verdict";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// What was decided, as tofu_check_chain returned it.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_DECISION_NONE.
/// @return one of TOFU_DECISION_...; only TOFU_DECISION_ACCEPT means go ahead.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_decision(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.decision() as i32)) }
}

/// What vouches for the server.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_ASSURANCE_NONE.
/// @return one of TOFU_ASSURANCE_....
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_assurance(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.assurance() as i32)) }
}

/// What became of the endpoint's pins.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_PIN_RESULT_NONE.
/// @return one of TOFU_PIN_RESULT_....
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_pin_result(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.pin_result() as i32)) }
}

/// How what is presented differs from what was known.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_CHANGE_NONE.
/// @return one of TOFU_CHANGE_....
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_change(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.change() as i32)) }
}

/// How risky the change is.
///
/// Graded for changes only: TOFU_RISK_NONE at first use does not say that the server is the right one.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_RISK_NONE.
/// @return one of TOFU_RISK_....
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_risk(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.risk() as i32)) }
}

/// All that is wrong with the chain by CA rules.
///
/// No problem does not mean go ahead, nor does a problem mean no; the decision is tofu_verdict_decision.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return a mask of TOFU_PROBLEM_... bits; unknown ones are problems of a newer version.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_problems(verdict: *const tofu_verdict) -> u64 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.problem_kinds().bits())) }
}

/// Which kinds of pin may be offered to the user.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return a mask of the bits 1 shifted left by TOFU_PIN_KIND_...; 0 where trust is not offered.
///   With the reason "made-at-start" (the server makes itself a new key at each start) it is 0 for TOFU_ASK too:
///   then offer TOFU_TRUST_SESSION, which tofu_verdict_trust takes with kind 0.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_offered_kinds(verdict: *const tofu_verdict) -> u64 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.offered().iter().fold(0, |mask, kind| mask | kind_bit(*kind)))) }
}

/// Which kind of pin to preselect.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_PIN_KIND_NONE.
/// @return one of TOFU_PIN_KIND_...; TOFU_PIN_KIND_NONE where none is suggested.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_suggested_kind(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, TOFU_PIN_KIND_NONE, |v| Some(v.verdict.suggested()? as i32)) }
}

/// Whether the user may be offered to trust the new key beside the old one (TOFU_TRUST_ADD).
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return 1 for servers that alternate between keys, 0 otherwise.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_may_add(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(i32::from(v.verdict.may_add()))) }
}

/// Whether this verdict takes a full fingerprint typed by the user, and nothing less: a reject that it gets round, or
/// a question that has no button (docs/decision.md, rules 8 and 8b).
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return 1 where tofu_verdict_trust takes a typed fingerprint and no answer without one, 0 otherwise.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_may_type(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(i32::from(v.verdict.may_type()))) }
}

/// The number of the rule that decided, as in docs/decision.md: "5", "4b".
///
/// @param verdict  borrowed; may be NULL, which gives "".
/// @return NUL-terminated ASCII, borrowed from the verdict; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_rule(verdict: *const tofu_verdict) -> *const c_char {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, EMPTY, |v| v.lend("rule", |v| v.rule().code().to_owned())) }
}

/// Whether passwords may be sent.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return 1 only for an accept whose assurance allows it under the policy; 0 otherwise.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_may_send_credentials(verdict: *const tofu_verdict) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(i32::from(v.verdict.may_send_credentials()))) }
}

/// When the verdict was made, by the time given to the check.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return seconds since the epoch, UTC.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_time(verdict: *const tofu_verdict) -> i64 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.at())) }
}

/// The same text for the same endpoint, chain and reason: programs coalesce prompts by it.
///
/// @param verdict  borrowed; may be NULL, which gives "".
/// @return NUL-terminated ASCII, borrowed from the verdict; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_id(verdict: *const tofu_verdict) -> *const c_char {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, EMPTY, |v| v.lend("id", |v| v.id().to_owned())) }
}

/// The host of the endpoint in its canonical spelling.
///
/// @param verdict  borrowed; may be NULL, which gives "".
/// @return NUL-terminated ASCII, borrowed from the verdict; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_host(verdict: *const tofu_verdict) -> *const c_char {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, EMPTY, |v| v.lend("host", |v| v.endpoint().host.as_str().to_owned())) }
}

/// The port of the endpoint.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return 1 to 65535; 0 for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_port(verdict: *const tofu_verdict) -> u16 {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, 0, |v| Some(v.verdict.endpoint().port.get())) }
}

/// The account of the endpoint, escaped and fit to show.
///
/// @param verdict  borrowed; may be NULL, which gives "".
/// @return NUL-terminated UTF-8, borrowed from the verdict; "" for none; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_account(verdict: *const tofu_verdict) -> *const c_char {
    // SAFETY: the pointers as their @param lines say.
    unsafe { read(verdict, EMPTY, |v| v.lend("account", |v| crate::text::escape(v.endpoint().account.as_str()))) }
}

/// What the server sent.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict, frozen; NULL for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_chain(verdict: *const tofu_verdict) -> *const tofu_chain {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        read(verdict, null(), |v| {
            let chain = v.chain.get_or_init(|| Box::new(tofu_chain::frozen(v.verdict.chain().clone())));
            Some(std::ptr::from_ref(chain.as_ref()))
        })
    }
}

/// The certificate known before, to show beside the new one with tofu_cert_compare.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict; NULL at first use.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_previous(verdict: *const tofu_verdict) -> *const tofu_cert {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        read(verdict, null(), |v| {
            let previous = || v.verdict.previous().map(|cert| Box::new(cert.clone().into()));
            v.previous.get_or_init(previous).as_deref().map(std::ptr::from_ref)
        })
    }
}

/// When the certificate known before was first seen.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return seconds since the epoch, UTC; 0 when it is not known.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_previous_first_seen(verdict: *const tofu_verdict) -> i64 {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.previous_seen()?.0)) }
}

/// When the certificate known before was last seen, to the day.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return seconds since the epoch, UTC; 0 when it is not known.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_previous_last_seen(verdict: *const tofu_verdict) -> i64 {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.previous_seen()?.1)) }
}

fn kind_bit(kind: PinKind) -> u64 {
    1 << (kind as i32)
}

/// The user's yes: trusts exactly the chain of this verdict, for its endpoint alone.
///
/// Works on a TOFU_ASK verdict of the same store, at most 24 hours old, with possession proven, and only while
/// nothing that the verdict was made from has changed. Does not ask anybody: call it once a person has answered.
/// Where another call has given the same trust since, that is TOFU_OK, and an end or a note given here is set.
/// The program need not check again on the same connection; the next check of this chain gives TOFU_OK.
///
/// @param store    the store that the verdict was made with; must not be NULL.
/// @param verdict  borrowed; must not be NULL.
/// @param kind     one of TOFU_PIN_KIND_... that is offered; TOFU_PIN_KIND_NONE for the suggested one, or, where a
///                 new issuer or an upgrade is asked about (policy `careful`), to accept it without a pin.
/// @param flags    any of TOFU_TRUST_...; unknown bits are refused.
/// @param expires  when the trust ends, in seconds since the epoch, UTC; 0 for never; negative is refused.
/// @param typed    the full fingerprint as the user typed it, where one was asked for, NUL-terminated; may be NULL.
/// @param comment  a note kept with the pin, NUL-terminated UTF-8; may be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: remembered, durably unless TOFU_TRUST_SESSION. TOFU_E_NOT_OFFERED for a reject, an unproven chain
///         or another kind; TOFU_E_STALE for a verdict too old or overtaken; TOFU_E_INVALID, also for a fingerprint
///         that is none or another; of the store TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE,
///         TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT, TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_ROOTS,
///         TOFU_E_PARSE and TOFU_E_STATE as in tofu_check_chain; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_trust(
    store: *mut tofu_store,
    verdict: *const tofu_verdict,
    kind: i32,
    flags: u64,
    expires: i64,
    typed: *const c_char,
    comment: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = call.object(store, "store")?;
            let verdict = call.object(verdict, "verdict")?;
            let typed = call.optional_text(typed, "typed")?;
            let comment = call.optional_text(comment, "comment")?;
            refuse_unknown_bits(flags, TOFU_TRUST_SESSION | TOFU_TRUST_ADD)?;
            let answer = trust::Answer {
                kind: pin_kind(kind)?,
                add: flags & TOFU_TRUST_ADD != 0,
                session: flags & TOFU_TRUST_SESSION != 0,
                expires: expiry(expires)?,
                typed: typed.map(str::to_owned),
                comment: comment.unwrap_or_default().to_owned(),
                now: system_now().saturating_add(verdict.clock_offset),
            };
            trust::trust(&store.store, &verdict.verdict, &answer)?;
            Ok(Answer::Ok)
        })
    }
}

fn pin_kind(kind: i32) -> Result<Option<PinKind>, Failure> {
    if kind == TOFU_PIN_KIND_NONE {
        return Ok(None);
    }
    let known = [PinKind::Key, PinKind::Certificate, PinKind::Issuer, PinKind::Name];
    let found = known.into_iter().find(|k| *k as i32 == kind);
    found.map(Some).ok_or_else(|| Failure::invalid(format!("kind: {kind} is not a kind of pin")))
}

fn expiry(expires: i64) -> Result<i64, Failure> {
    if expires < 0 {
        return Err(Failure::invalid(format!("expires: {expires} is before 1970")));
    }
    Ok(expires)
}

/// Frees a verdict, with all that is borrowed from it.
///
/// @param verdict  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the verdict. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_free(verdict: *mut tofu_verdict) {
    // SAFETY: `verdict` as its @param says.
    unsafe { free(verdict) }
}
