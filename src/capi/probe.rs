//! Probes: what a server shows, whether or not anything about it validates.

use std::ffi::c_char;
use std::num::NonZeroU16;
use std::ptr::null;
use std::time::Duration;

use super::chain::tofu_chain;
use super::dial::{self, tofu_dial_options};
use super::error::{Failure, tofu_error};
use super::guard::{free, guard, read};
use super::ptr::{EMPTY, Object, Poison};
use super::session::{
    TOFU_SESSION_FIELD_ADDRESS, TOFU_SESSION_FIELD_ALPN, TOFU_SESSION_FIELD_CLIENT_CERTIFICATE,
    TOFU_SESSION_FIELD_CONNECT_US, TOFU_SESSION_FIELD_GREETING, TOFU_SESSION_FIELD_GROUP,
    TOFU_SESSION_FIELD_HANDSHAKE_US, TOFU_SESSION_FIELD_HOST, TOFU_SESSION_FIELD_JSON, TOFU_SESSION_FIELD_OCSP_STAPLED,
    TOFU_SESSION_FIELD_PORT, TOFU_SESSION_FIELD_PROTOCOL, TOFU_SESSION_FIELD_PROVEN, TOFU_SESSION_FIELD_RESOLVE_US,
    TOFU_SESSION_FIELD_SNI, TOFU_SESSION_FIELD_STARTTLS, TOFU_SESSION_FIELD_STARTTLS_US, TOFU_SESSION_FIELD_SUITE,
    tofu_session_field,
};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use crate::endpoint::{Host, NameError};
use crate::tls::{self, Probe, Service, Start};

/// What a server showed. It is immutable.
pub struct tofu_probe_result {
    poison: Poison,
    probe: Probe,
    chain: Box<tofu_chain>,
    failure: Option<Box<tofu_error>>,
    shelf: Shelf,
}

impl From<Probe> for tofu_probe_result {
    fn from(probe: Probe) -> Self {
        let chain = Box::new(tofu_chain::frozen(probe.chain().clone()));
        let failure = probe.failure().map(|error| Box::new(Failure::from(error.clone()).into()));
        Self { poison: Poison::default(), probe, chain, failure, shelf: Shelf::default() }
    }
}

impl Object for tofu_probe_result {
    const NOUN: &'static str = "probe result";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Fetches what a server presents: connects, asks for TLS, makes the handshake, and hangs up.
///
/// It trusts nothing, asks no store and decides nothing: TOFU_OK says that certificates were seen, not that they are
/// any good. To judge them, give tofu_probe_result_chain to tofu_check_chain, with TOFU_CHECK_UNPROVEN unless
/// TOFU_SESSION_FIELD_PROVEN is 1. A later connection must be checked for itself; tofu_connect does so. If no session
/// is possible because the server wants a client certificate or no version of TLS is common, and its certificates were
/// seen, that is TOFU_OK as well, and tofu_probe_result_failure says why.
///
/// @param host  NUL-terminated UTF-8; must not be NULL.
/// @param port  1 to 65535.
/// @param dial  how to connect, used up by this call; may be NULL for the usual way.
/// @param out   where to write the result, owned by the caller, freed with tofu_probe_result_free; NULL on failure;
///              must not be NULL.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: certificates were seen. TOFU_E_NAME; TOFU_E_NETWORK if the server could not be found or reached, or
///         the connection broke; TOFU_E_TIMEOUT; TOFU_E_CANCELLED; TOFU_E_STARTTLS; TOFU_E_TLS; TOFU_E_LIMIT for more
///         data than the library reads; TOFU_E_IO if the system has no file descriptor or thread left; TOFU_E_STATE for
///         dial options that were used; TOFU_E_INVALID also for non-blocking ones; what a setter of the dial options
///         was refused with.
///
/// Thread safety: any thread; waits for the network as long as the time limits allow. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_probe(
    host: *const c_char,
    port: u16,
    dial: *mut tofu_dial_options,
    out: *mut *mut tofu_probe_result,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let host = Host::parse(call.text(host, "host")?)?;
            let port = NonZeroU16::new(port).ok_or(NameError::Port)?;
            let dial = dial::take(call.optional(dial, "dial")?, port)?;
            out.give(tls::probe(&host, port, dial)?.into());
            Ok(Answer::Ok)
        })
    }
}

/// Gives what the server sent, leaf first.
///
/// @param result  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the result, frozen, with the stapled OCSP response if there was one; NULL for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_probe_result_chain(result: *const tofu_probe_result) -> *const tofu_chain {
    // SAFETY: `result` as its @param says.
    unsafe { read(result, null(), |result| Some(std::ptr::from_ref(result.chain.as_ref()))) }
}

/// Says why no session with the server is possible, although its certificates were seen: "this server speaks only TLS
/// 1.0".
///
/// @param result  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the result, and not freed by the caller; NULL if the handshake succeeded, and for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_probe_result_failure(result: *const tofu_probe_result) -> *const tofu_error {
    // SAFETY: `result` as its @param says.
    unsafe { read(result, null(), |result| result.failure.as_deref().map(std::ptr::from_ref)) }
}

/// Gives a text of a probe, escaped and fit to show.
///
/// @param result  borrowed; may be NULL, which gives "".
/// @param field   a field TOFU_SESSION_FIELD_... that is a text; another number gives "".
/// @return NUL-terminated UTF-8, borrowed from the result; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_probe_result_string(
    result: *const tofu_probe_result,
    field: tofu_session_field,
) -> *const c_char {
    // SAFETY: `result` as its @param says.
    unsafe { read(result, EMPTY, |r| r.shelf.text(("string", field, 0, ""), || text(&r.probe, field))) }
}

/// Gives a number of a probe.
///
/// @param result  borrowed; may be NULL, which gives 0.
/// @param field   a field TOFU_SESSION_FIELD_... that is a number; another one gives 0.
/// @return the number.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_probe_result_number(result: *const tofu_probe_result, field: tofu_session_field) -> i64 {
    // SAFETY: `result` as its @param says.
    unsafe { read(result, 0, |result| number(&result.probe, field)) }
}

/// Frees the result of a probe.
///
/// @param result  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the result. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_probe_result_free(result: *mut tofu_probe_result) {
    // SAFETY: `result` as its @param says.
    unsafe { free(result) }
}

fn text(probe: &Probe, field: tofu_session_field) -> Option<String> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    match field {
        TOFU_SESSION_FIELD_HOST => Some(probe.host().to_string()),
        TOFU_SESSION_FIELD_ADDRESS => Some(probe.address()?.to_string()),
        TOFU_SESSION_FIELD_SNI => owned(probe.sni()),
        TOFU_SESSION_FIELD_STARTTLS => owned(starttls(probe.service())),
        TOFU_SESSION_FIELD_GREETING => owned(probe.greeting()),
        TOFU_SESSION_FIELD_PROTOCOL => probe.protocol(),
        TOFU_SESSION_FIELD_SUITE => probe.suite(),
        TOFU_SESSION_FIELD_GROUP => probe.group(),
        TOFU_SESSION_FIELD_ALPN => probe.facts()?.alpn.clone(),
        TOFU_SESSION_FIELD_JSON => Some(crate::text::json(&probe.to_json())),
        _ => None,
    }
}

fn number(probe: &Probe, field: tofu_session_field) -> Option<i64> {
    let timings = probe.timings();
    match field {
        TOFU_SESSION_FIELD_PORT => Some(probe.port().get().into()),
        TOFU_SESSION_FIELD_PROVEN => Some(probe.proven().into()),
        TOFU_SESSION_FIELD_CLIENT_CERTIFICATE => Some(probe.client_certificate().into()),
        TOFU_SESSION_FIELD_OCSP_STAPLED => Some(probe.chain().ocsp().is_some().into()),
        TOFU_SESSION_FIELD_RESOLVE_US => microseconds(timings.resolve),
        TOFU_SESSION_FIELD_CONNECT_US => microseconds(timings.connect),
        TOFU_SESSION_FIELD_STARTTLS_US => microseconds(timings.starttls),
        TOFU_SESSION_FIELD_HANDSHAKE_US => microseconds(timings.handshake),
        _ => None,
    }
}

/// The protocol whose STARTTLS is used.
pub(super) fn starttls(service: Service) -> Option<&'static str> {
    service.protocol.filter(|_| service.start == Start::StartTls).map(tls::Protocol::name)
}

/// At least 1, as 0 says that the step was not made.
pub(super) fn microseconds(time: Option<Duration>) -> Option<i64> {
    i64::try_from(time?.as_micros()).ok().map(|us| us.max(1))
}
