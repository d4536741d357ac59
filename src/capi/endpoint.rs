//! Endpoints: the scope of trust as an object, and what is done to one by management.

use std::ffi::c_char;

use super::codes::{
    Coded, TOFU_FORGET_PENDING, TOFU_FORGET_PINS, TOFU_FORGET_POLICY, TOFU_FORGET_SIGHTINGS, a_time,
    refuse_unknown_bits, tofu_forget_flags, tofu_standing,
};
use super::error::{Failure, tofu_error};
use super::guard::{free, guard, read};
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::endpoint::{Account, Endpoint};
use crate::store::{EndpointRecord, Forget, Standing};
use crate::text::escape;
use crate::time::system_now;

/// A field of an endpoint, for tofu_endpoint_string and tofu_endpoint_number.
pub type tofu_endpoint_field = i32;
/// Text: the account, fit to show. "*" stands for every account.
pub const TOFU_ENDPOINT_FIELD_ACCOUNT: tofu_endpoint_field = 2101;
/// Text: the host in its canonical spelling.
pub const TOFU_ENDPOINT_FIELD_HOST: tofu_endpoint_field = 2102;
/// Text: host, port and account in one, as messages have it.
pub const TOFU_ENDPOINT_FIELD_DISPLAY: tofu_endpoint_field = 2103;
/// Number: the TCP port.
pub const TOFU_ENDPOINT_FIELD_PORT: tofu_endpoint_field = 2104;
/// Number: when it was first contacted.
pub const TOFU_ENDPOINT_FIELD_FIRST_SEEN: tofu_endpoint_field = 2105;
/// Number: when it was last accepted, to the day.
pub const TOFU_ENDPOINT_FIELD_LAST_SEEN: tofu_endpoint_field = 2106;
/// Number: when a CA, DANE or a private CA first vouched for it.
pub const TOFU_ENDPOINT_FIELD_FIRST_VALID: tofu_endpoint_field = 2107;
/// Number: when one of these last did, to the day.
pub const TOFU_ENDPOINT_FIELD_LAST_VALID: tofu_endpoint_field = 2108;
/// Number: until when a change was announced with tofu_endpoint_expect_change.
pub const TOFU_ENDPOINT_FIELD_EXPECT_CHANGE_UNTIL: tofu_endpoint_field = 2109;
/// Number: when it was forgotten; the next contact asks.
pub const TOFU_ENDPOINT_FIELD_FORGOTTEN: tofu_endpoint_field = 2110;
/// Number: how many pins it has, in any state.
pub const TOFU_ENDPOINT_FIELD_PINS: tofu_endpoint_field = 2111;
/// Number: 1 if it has a policy of its own.
pub const TOFU_ENDPOINT_FIELD_HAS_POLICY: tofu_endpoint_field = 2112;

/// An account, host and port: the scope of trust. An endpoint from a list also has what was known of it at that time.
/// It is immutable.
pub struct tofu_endpoint {
    poison: Poison,
    pub(super) endpoint: Endpoint,
    known: Option<(EndpointRecord, Standing)>,
    shelf: Shelf,
}

impl From<Endpoint> for tofu_endpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self { poison: Poison::default(), endpoint, known: None, shelf: Shelf::default() }
    }
}

impl From<(EndpointRecord, Standing)> for tofu_endpoint {
    fn from((record, standing): (EndpointRecord, Standing)) -> Self {
        let endpoint = record.endpoint.clone();
        Self { known: Some((record, standing)), ..endpoint.into() }
    }
}

impl Object for tofu_endpoint {
    const NOUN: &'static str = "endpoint";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Names an endpoint, for management calls. Nothing is looked up.
///
/// @param account  NUL-terminated UTF-8; "*" for every account of the host and port; may be NULL, which is the same as
///                 "", for no account.
/// @param host     NUL-terminated UTF-8, brought into its canonical spelling; must not be NULL.
/// @param port     the TCP port, 1 to 65535.
/// @param out      where to write the endpoint, owned by the caller, freed with tofu_endpoint_free; NULL on failure;
///                 must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME if host, port or account is not valid.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_endpoint_new(
    account: *const c_char,
    host: *const c_char,
    port: u16,
    out: *mut *mut tofu_endpoint,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let endpoint = match call.optional_text(account, "account")?.unwrap_or_default() {
                "*" => Endpoint { account: Account::any(), ..Endpoint::parse("", call.text(host, "host")?, port)? },
                account => Endpoint::parse(account, call.text(host, "host")?, port)?,
            };
            out.give(endpoint.into());
            Ok(Answer::Ok)
        })
    }
}

/// Gives a text of an endpoint, escaped and fit to show.
///
/// @param endpoint  borrowed; may be NULL, which gives "".
/// @param field     a field TOFU_ENDPOINT_FIELD_... that is a text; another one gives "".
/// @return NUL-terminated UTF-8, borrowed from the endpoint; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_endpoint_string(
    endpoint: *const tofu_endpoint,
    field: tofu_endpoint_field,
) -> *const c_char {
    // SAFETY: `endpoint` as its @param says.
    unsafe { read(endpoint, EMPTY, |e| e.shelf.text(("string", field, 0, ""), || text(&e.endpoint, field))) }
}

fn text(endpoint: &Endpoint, field: tofu_endpoint_field) -> Option<String> {
    Some(match field {
        TOFU_ENDPOINT_FIELD_ACCOUNT => escape(endpoint.account.as_str()),
        TOFU_ENDPOINT_FIELD_HOST => endpoint.host.as_str().to_owned(),
        TOFU_ENDPOINT_FIELD_DISPLAY => endpoint.to_string(),
        _ => return None,
    })
}

/// Gives a number of an endpoint. Only an endpoint from a list of endpoints has more than its port.
///
/// @param endpoint  borrowed; may be NULL, which gives 0.
/// @param field     a field TOFU_ENDPOINT_FIELD_... that is a number; another one gives 0.
/// @return the port, a count, or a time in seconds since the epoch, UTC; 0 for "never" and for what this object does
///         not know.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_endpoint_number(endpoint: *const tofu_endpoint, field: tofu_endpoint_field) -> i64 {
    // SAFETY: `endpoint` as its @param says.
    unsafe {
        read(endpoint, 0, |e| match (field, &e.known) {
            (TOFU_ENDPOINT_FIELD_PORT, _) => Some(e.endpoint.port.get().into()),

            (_, Some((known, _))) => number(known, field),
            _ => None,
        })
    }
}

fn number(known: &EndpointRecord, field: tofu_endpoint_field) -> Option<i64> {
    Some(match field {
        TOFU_ENDPOINT_FIELD_FIRST_SEEN => known.first_seen,
        TOFU_ENDPOINT_FIELD_LAST_SEEN => known.last_seen,
        TOFU_ENDPOINT_FIELD_FIRST_VALID => known.validated.as_ref()?.first,
        TOFU_ENDPOINT_FIELD_LAST_VALID => known.validated.as_ref()?.last,
        TOFU_ENDPOINT_FIELD_EXPECT_CHANGE_UNTIL => known.expect_change_until,
        TOFU_ENDPOINT_FIELD_FORGOTTEN => known.tombstone.as_ref()?.at,
        TOFU_ENDPOINT_FIELD_PINS => i64::try_from(known.pins.len()).ok()?,
        TOFU_ENDPOINT_FIELD_HAS_POLICY => known.policy.is_some().into(),
        _ => return None,
    })
}

/// Says where an endpoint stands as a whole, for lists: what counts most for the next check.
///
/// It is a summary of what is stored, with the blocks that hold everywhere and the stores of the system. Only a check
/// decides about a connection.
///
/// @param endpoint  borrowed; may be NULL, which gives 0.
/// @return one of TOFU_STANDING_..., as of the time when the list was read; 0 for an endpoint that is not from a list
///         of endpoints.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_endpoint_standing(endpoint: *const tofu_endpoint) -> tofu_standing {
    // SAFETY: `endpoint` as its @param says.
    unsafe { read(endpoint, 0, |e| e.known.as_ref().map(|(_, standing)| standing.number())) }
}

/// Announces that an endpoint will change: until then a loss of CA validity is asked about instead of rejected.
///
/// This is the way back from a downgrade for a person who knows the reason. It trusts nothing by itself.
///
/// @param store     must not be NULL.
/// @param endpoint  borrowed; must not be NULL.
/// @param until     seconds since the epoch, UTC; 0 withdraws the announcement; a time in the past is
///                  refused.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_endpoint_expect_change(
    store: *mut tofu_store,
    endpoint: *const tofu_endpoint,
    until: i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = call.object(store, "store")?;
            let endpoint = call.object(endpoint, "endpoint")?;
            store.store.expect_change(&endpoint.endpoint, a_time("until", until)?, system_now())?;
            Ok(Answer::Ok)
        })
    }
}

/// Forgets an endpoint, or a part of what is known of it. tofu_store_undo can undo this.
///
/// - Forgetting never adds trust: the next contact asks, even where the policy accepts a first use.
/// - What is blocked stays blocked.
/// - That the endpoint was once CA-valid stays known, so that forgetting is no way around a downgrade.
/// - Trust for the session ends.
/// - What is trusted for any account, or by a store below, stays trusted. The text of the event names it.
///
/// @param store     must not be NULL.
/// @param endpoint  borrowed; must not be NULL.
/// @param what      any of TOFU_FORGET_...; 0 for all of them; other bits are refused.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND if nothing is known of it; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_endpoint_forget(
    store: *mut tofu_store,
    endpoint: *const tofu_endpoint,
    what: tofu_forget_flags,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = call.object(store, "store")?;
            let endpoint = call.object(endpoint, "endpoint")?;
            store.store.forget(&endpoint.endpoint, forgotten(what)?, system_now())?;
            Ok(Answer::Ok)
        })
    }
}

fn forgotten(what: tofu_forget_flags) -> Result<Forget, Failure> {
    let all = TOFU_FORGET_PINS | TOFU_FORGET_SIGHTINGS | TOFU_FORGET_PENDING | TOFU_FORGET_POLICY;
    refuse_unknown_bits(what, all)?;
    let has = |bit| what == 0 || what & bit != 0;
    Ok(Forget {
        pins: has(TOFU_FORGET_PINS),
        sightings: has(TOFU_FORGET_SIGHTINGS),
        pending: has(TOFU_FORGET_PENDING),
        policy: has(TOFU_FORGET_POLICY),
    })
}

/// Frees an endpoint that the caller owns; never one borrowed from a list, a pin or a verdict.
///
/// @param endpoint  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the endpoint. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_endpoint_free(endpoint: *mut tofu_endpoint) {
    // SAFETY: `endpoint` as its @param says.
    unsafe { free(endpoint) }
}
