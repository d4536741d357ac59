//! Events: what happened to a store and in its checks, one at a time.

use std::ffi::c_char;

use serde_json::json;

use super::codes::Coded;
use super::guard::read;
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use crate::store::Event;
use crate::text::escape;

/// A field of an event, for tofu_event_number and tofu_event_string.
pub type tofu_event_field = i32;
/// Number: its number in the log, ascending; 0 for an event that the log does not keep.
pub const TOFU_EVENT_FIELD_ID: tofu_event_field = 2401;
/// Number: when it happened.
pub const TOFU_EVENT_FIELD_TIME: tofu_event_field = 2402;
/// Number: one of TOFU_SEVERITY_....
pub const TOFU_EVENT_FIELD_SEVERITY: tofu_event_field = 2403;
/// Number: the port of the endpoint that it is about.
pub const TOFU_EVENT_FIELD_PORT: tofu_event_field = 2404;
/// Number: 1 for a change that tofu_store_undo may take back.
pub const TOFU_EVENT_FIELD_UNDOABLE: tofu_event_field = 2405;
/// Text: a stable code such as "trusted", "pin-added" or "downgrade"; docs/events.md lists them.
pub const TOFU_EVENT_FIELD_CODE: tofu_event_field = 2406;
/// Text: what happened, in plain words.
pub const TOFU_EVENT_FIELD_TEXT: tofu_event_field = 2407;
/// Text: the host of the endpoint that it is about.
pub const TOFU_EVENT_FIELD_HOST: tofu_event_field = 2408;
/// Text: the account of that endpoint.
pub const TOFU_EVENT_FIELD_ACCOUNT: tofu_event_field = 2409;
/// Text: the program that caused it.
pub const TOFU_EVENT_FIELD_APPLICATION: tofu_event_field = 2410;
/// Text: the key that was presented or named, as "sha256//" and base64.
pub const TOFU_EVENT_FIELD_KEY: tofu_event_field = 2411;
/// Text: all of it as JSON.
pub const TOFU_EVENT_FIELD_JSON: tofu_event_field = 2412;
/// Text: the fingerprint of the certificate that was presented or named, as hexadecimal pairs.
pub const TOFU_EVENT_FIELD_CERTIFICATE: tofu_event_field = 2413;

/// Something that happened. It is immutable.
pub struct tofu_event {
    poison: Poison,
    event: Event,
    shelf: Shelf,
}

impl From<Event> for tofu_event {
    fn from(event: Event) -> Self {
        Self { poison: Poison::default(), event, shelf: Shelf::default() }
    }
}

impl Object for tofu_event {
    const NOUN: &'static str = "event";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Gives a number of an event.
///
/// @param event  borrowed; may be NULL, which gives 0.
/// @param field  a field TOFU_EVENT_FIELD_... that is a number; another one gives 0.
/// @return a number, or a time in seconds since the epoch, UTC; 0 for "none".
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_event_number(event: *const tofu_event, field: tofu_event_field) -> i64 {
    // SAFETY: `event` as its @param says.
    unsafe { read(event, 0, |e| number(&e.event, field)) }
}

fn number(event: &Event, field: tofu_event_field) -> Option<i64> {
    Some(match field {
        TOFU_EVENT_FIELD_ID => i64::try_from(event.id).ok()?,
        TOFU_EVENT_FIELD_TIME => event.time,
        TOFU_EVENT_FIELD_SEVERITY => event.severity.number().into(),
        TOFU_EVENT_FIELD_PORT => event.port.into(),
        TOFU_EVENT_FIELD_UNDOABLE => event.before.is_some().into(),
        _ => return None,
    })
}

/// Gives a text of an event, escaped and fit to show.
///
/// @param event  borrowed; may be NULL, which gives "".
/// @param field  a field TOFU_EVENT_FIELD_... that is a text; another one gives "".
/// @return NUL-terminated UTF-8, borrowed from the event; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_event_string(event: *const tofu_event, field: tofu_event_field) -> *const c_char {
    // SAFETY: `event` as its @param says.
    unsafe { read(event, EMPTY, |e| e.shelf.text(("string", field, 0, ""), || text(&e.event, field))) }
}

fn text(event: &Event, field: tofu_event_field) -> Option<String> {
    let key = || event.spki.map(|key| key.key_pin());
    let cert = || event.cert.map(|cert| cert.colon_hex());
    Some(match field {
        TOFU_EVENT_FIELD_CODE => escape(&event.code),
        TOFU_EVENT_FIELD_TEXT => escape(&event.text),
        TOFU_EVENT_FIELD_HOST => escape(&event.host),
        TOFU_EVENT_FIELD_ACCOUNT => escape(&event.account),
        TOFU_EVENT_FIELD_APPLICATION => escape(&event.application),
        TOFU_EVENT_FIELD_KEY => key()?,
        TOFU_EVENT_FIELD_CERTIFICATE => cert()?,
        TOFU_EVENT_FIELD_JSON => json!({
            "id": event.id,
            "time": event.time,
            "code": event.code,
            "severity": event.severity,
            "host": event.host,
            "port": event.port,
            "account": escape(&event.account),
            "application": escape(&event.application),
            "key": key(),
            "certificate": cert(),
            "text": escape(&event.text),
        })
        .to_string(),
        _ => return None,
    })
}
