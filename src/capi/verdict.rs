//! Verdicts: a decision with everything that led to it, as numbers and objects. `verdict_words` has the
//! words, and `trust` the user's yes.

use std::ffi::c_char;
use std::ptr::null;
use std::sync::OnceLock;

use super::cert::tofu_cert;
use super::chain::tofu_chain;
use super::codes::{
    Coded, TOFU_ANSWER_FINGERPRINT, TOFU_ANSWER_NONE, TOFU_ANSWER_YES, tofu_answer, tofu_assurance, tofu_change,
    tofu_pin_kind, tofu_pin_result, tofu_problem, tofu_risk,
};
use super::endpoint::tofu_endpoint;
use super::guard::{free, read};
use super::pin::tofu_pin;
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use super::status::{Answer, TOFU_E_INVALID, tofu_status};
use crate::store::PinEntry;
use crate::trust::{AnswerWanted, Decision, Verdict};

/// A field of a verdict that tofu_verdict_number reads.
pub type tofu_verdict_field = i32;
/// When the verdict was made, by the time given to the check.
pub const TOFU_VERDICT_FIELD_TIME: tofu_verdict_field = 2601;
/// When the certificate known before was first seen; 0 if that is not known.
pub const TOFU_VERDICT_FIELD_PREVIOUS_FIRST_SEEN: tofu_verdict_field = 2602;
/// When the certificate known before was last seen, to the day; 0 if that is not known.
pub const TOFU_VERDICT_FIELD_PREVIOUS_LAST_SEEN: tofu_verdict_field = 2603;
/// 1 if the person may be offered to trust the new key beside the old one (TOFU_TRUST_ADD), because the server
/// alternates between keys; 0 otherwise.
pub const TOFU_VERDICT_FIELD_MAY_ADD: tofu_verdict_field = 2604;
/// 1 if the server makes itself a new key at each start, so that no kind of pin is offered: offer trust for this
/// session (TOFU_TRUST_SESSION) only.
pub const TOFU_VERDICT_FIELD_ONLY_SESSION: tofu_verdict_field = 2605;

/// A decision with everything that led to it. It is immutable, outlives the chain that it was made from, and may be used
/// from any thread.
pub struct tofu_verdict {
    poison: Poison,
    pub(super) verdict: Verdict,
    /// The time of the check minus the system's clock then: an answer is given as much later than the check, on the
    /// caller's clock, as the system's clock says.
    pub(super) clock_offset: i64,
    pub(super) shelf: Shelf,
    chain: OnceLock<Box<tofu_chain>>,
    previous: OnceLock<Option<Box<tofu_cert>>>,
    endpoint: OnceLock<Box<tofu_endpoint>>,
    pin: OnceLock<Option<Box<tofu_pin>>>,
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

    /// The answer that a check gives with this verdict.
    pub(super) fn answer(&self) -> Answer {
        match self.verdict.decision() {
            Decision::Accept => Answer::Ok,
            Decision::Ask => Answer::Ask,
            Decision::Reject => Answer::Reject,
        }
    }
}

impl Object for tofu_verdict {
    const NOUN: &'static str = "verdict";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// What was decided, as the check returned it.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_E_INVALID.
/// @return TOFU_OK: accepted, go ahead. TOFU_ASK: a person must answer. TOFU_REJECT: no.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_decision(verdict: *const tofu_verdict) -> tofu_status {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, TOFU_E_INVALID, |v| Some(v.answer().status())) }
}

/// What to ask a person about this verdict.
///
/// Says nothing about what a person should answer: show the text of the verdict with the question.
///
/// @param verdict  borrowed; may be NULL, which gives TOFU_ANSWER_NONE.
/// @return TOFU_ANSWER_NONE: no answer helps, or none is needed. TOFU_ANSWER_YES: yes or no. TOFU_ANSWER_FINGERPRINT: the
///         full fingerprint, typed from another source. tofu_verdict_trust takes the answer.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_answer(verdict: *const tofu_verdict) -> tofu_answer {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, TOFU_ANSWER_NONE, |v| {
            Some(match v.verdict.answer_wanted() {
                AnswerWanted::None => TOFU_ANSWER_NONE,
                AnswerWanted::Yes => TOFU_ANSWER_YES,
                AnswerWanted::Fingerprint => TOFU_ANSWER_FINGERPRINT,
            })
        })
    }
}

/// What vouches for the server.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return one of TOFU_ASSURANCE_...; 0 only for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_assurance(verdict: *const tofu_verdict) -> tofu_assurance {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.assurance().number())) }
}

/// What the pins of the endpoint said.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return one of TOFU_PIN_RESULT_...; 0 only for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_pin_result(verdict: *const tofu_verdict) -> tofu_pin_result {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.pin_result().number())) }
}

/// How what the server presents differs from what was known.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return one of TOFU_CHANGE_...; 0 only for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_change(verdict: *const tofu_verdict) -> tofu_change {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.change().number())) }
}

/// How risky the change is.
///
/// Only changes have a risk: TOFU_RISK_NONE at the first use does not say that the server is the right one.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return one of TOFU_RISK_...; 0 only for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_risk(verdict: *const tofu_verdict) -> tofu_risk {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.risk().number())) }
}

/// Whether a problem was found in the chain by the rules of CAs.
///
/// Does not decide: a chain without problems may be rejected, and one with problems accepted. tofu_verdict_statement
/// lists all problems, those of a newer library included.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @param problem  one of TOFU_PROBLEM_...; another number gives 0.
/// @return 1 if it was found, 0 otherwise.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_has_problem(verdict: *const tofu_verdict, problem: tofu_problem) -> i32 {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.problem_kinds().kinds().any(|kind| kind.number() == problem).into())) }
}

/// Whether a kind of pin may be offered to the person who answers.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @param kind     one of TOFU_PIN_KIND_...; another number gives 0.
/// @return 1 if tofu_verdict_trust takes this kind, 0 otherwise.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_offers(verdict: *const tofu_verdict, kind: tofu_pin_kind) -> i32 {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.offered().iter().any(|offered| offered.number() == kind).into())) }
}

/// Which kind of pin to preselect.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @return one of TOFU_PIN_KIND_...; 0 if none is suggested.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_suggested_kind(verdict: *const tofu_verdict) -> tofu_pin_kind {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |v| Some(v.verdict.suggested()?.number())) }
}

/// A number of a verdict.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @param field    one of TOFU_VERDICT_FIELD_...; another number gives 0.
/// @return 0, 1, or a time in seconds since the epoch, UTC.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_number(verdict: *const tofu_verdict, field: tofu_verdict_field) -> i64 {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, 0, |v| match field {
            TOFU_VERDICT_FIELD_TIME => Some(v.verdict.at()),
            TOFU_VERDICT_FIELD_PREVIOUS_FIRST_SEEN => Some(v.verdict.previous_seen()?.0),
            TOFU_VERDICT_FIELD_PREVIOUS_LAST_SEEN => Some(v.verdict.previous_seen()?.1),
            TOFU_VERDICT_FIELD_MAY_ADD => Some(v.verdict.may_add().into()),
            TOFU_VERDICT_FIELD_ONLY_SESSION => Some(v.verdict.only_once().into()),
            _ => None,
        })
    }
}

/// A text that is the same for the same endpoint, chain and reason, so that a program asks each question once.
///
/// @param verdict  borrowed; may be NULL, which gives "".
/// @return NUL-terminated ASCII, borrowed from the verdict; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_id(verdict: *const tofu_verdict) -> *const c_char {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, EMPTY, |v| v.shelf.text(("id", 0, 0, ""), || Some(v.verdict.id().to_owned()))) }
}

/// The endpoint that was checked: host, port and account, also for management calls.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict; NULL for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_endpoint(verdict: *const tofu_verdict) -> *const tofu_endpoint {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, null(), |v| {
            let endpoint = v.endpoint.get_or_init(|| Box::new(v.verdict.endpoint().clone().into()));
            Some(std::ptr::from_ref(endpoint.as_ref()))
        })
    }
}

/// What the server sent.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict, frozen; NULL for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_chain(verdict: *const tofu_verdict) -> *const tofu_chain {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, null(), |v| {
            let chain = v.chain.get_or_init(|| Box::new(tofu_chain::frozen(v.verdict.chain().clone())));
            Some(std::ptr::from_ref(chain.as_ref()))
        })
    }
}

/// The pin that matched or was contradicted, as it was at the time of the check.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict; NULL if no pin matched or was contradicted.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_pin(verdict: *const tofu_verdict) -> *const tofu_pin {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, null(), |v| {
            let pin = v.pin.get_or_init(|| pin(&v.verdict).map(Box::new));
            pin.as_deref().map(std::ptr::from_ref)
        })
    }
}

fn pin(verdict: &Verdict) -> Option<tofu_pin> {
    let pin = verdict.pin()?.clone();
    let certs = verdict.previous().into_iter().chain(verdict.chain().certs().map(|(_, cert)| cert));
    let cert = certs.into_iter().find(|cert| Some(cert.fingerprint()) == pin.cert).cloned();
    let known = tofu_pin::new(PinEntry::Endpoint(verdict.endpoint().clone(), Box::new(pin)), cert);
    Some(known.kept_in(verdict.pin_layer()?))
}

/// The certificate known before, to show beside the new one with tofu_cert_compare.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict; NULL at the first use.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_previous(verdict: *const tofu_verdict) -> *const tofu_cert {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, null(), |v| {
            let previous = || v.verdict.previous().map(|cert| Box::new(cert.clone().into()));
            v.previous.get_or_init(previous).as_deref().map(std::ptr::from_ref)
        })
    }
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
