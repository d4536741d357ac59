//! Events: what happened to a store and in its checks, one at a time.

use std::ffi::c_char;

use serde_json::json;

use super::guard::read;
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use crate::store::Event;
use crate::text::escape;

/// The event's number in the log, ascending; 0 for one that is not kept there.
pub const TOFU_EVENT_ID: i32 = 1;
/// When it happened.
pub const TOFU_EVENT_TIME: i32 = 2;
/// One of TOFU_SEVERITY_....
pub const TOFU_EVENT_SEVERITY: i32 = 3;
/// The port of the endpoint that it is about.
pub const TOFU_EVENT_PORT: i32 = 4;
/// 1 for a change that tofu_store_undo may take back.
pub const TOFU_EVENT_UNDOABLE: i32 = 5;

/// A stable code: "trusted", "pin-added", "downgrade"; docs/events.md lists them.
pub const TOFU_EVENT_CODE: i32 = 1;
/// Plain words.
pub const TOFU_EVENT_TEXT: i32 = 2;
/// The host of the endpoint that it is about.
pub const TOFU_EVENT_HOST: i32 = 3;
/// The account of that endpoint.
pub const TOFU_EVENT_ACCOUNT: i32 = 4;
/// The program that caused it.
pub const TOFU_EVENT_APPLICATION: i32 = 5;
/// The key presented or named: "sha256//" and base64.
pub const TOFU_EVENT_KEY: i32 = 6;
/// All of it as JSON.
pub const TOFU_EVENT_JSON: i32 = 7;
/// The fingerprint of the certificate presented or named: hexadecimal pairs.
pub const TOFU_EVENT_CERTIFICATE: i32 = 8;

/// Something that happened. Immutable.
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

/// A number of an event.
///
/// @param event  borrowed; may be NULL, which gives 0.
/// @param field  TOFU_EVENT_ID, TOFU_EVENT_TIME, TOFU_EVENT_SEVERITY, TOFU_EVENT_PORT or TOFU_EVENT_UNDOABLE.
/// @return a number, or a time in seconds since the epoch, UTC; 0 for "none" and for another field.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_event_number(event: *const tofu_event, field: i32) -> i64 {
    // SAFETY: `event` as its @param says.
    unsafe { read(event, 0, |e| number(&e.event, field)) }
}

fn number(event: &Event, field: i32) -> Option<i64> {
    Some(match field {
        TOFU_EVENT_ID => i64::try_from(event.id).ok()?,
        TOFU_EVENT_TIME => event.time,
        TOFU_EVENT_SEVERITY => event.severity as i64,
        TOFU_EVENT_PORT => event.port.into(),
        TOFU_EVENT_UNDOABLE => event.before.is_some().into(),
        _ => return None,
    })
}

/// A text of an event, escaped and fit to show.
///
/// @param event  borrowed; may be NULL, which gives "".
/// @param field  TOFU_EVENT_CODE or one of the fields after it.
/// @return NUL-terminated UTF-8, borrowed from the event; "" for none and for another field; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_event_string(event: *const tofu_event, field: i32) -> *const c_char {
    // SAFETY: `event` as its @param says.
    unsafe { read(event, EMPTY, |e| e.shelf.text(("string", field, 0, ""), || text(&e.event, field))) }
}

fn text(event: &Event, field: i32) -> Option<String> {
    let key = || event.spki.map(|key| key.key_pin());
    let cert = || event.cert.map(|cert| cert.colon_hex());
    Some(match field {
        TOFU_EVENT_CODE => escape(&event.code),
        TOFU_EVENT_TEXT => escape(&event.text),
        TOFU_EVENT_HOST => escape(&event.host),
        TOFU_EVENT_ACCOUNT => escape(&event.account),
        TOFU_EVENT_APPLICATION => escape(&event.application),
        TOFU_EVENT_KEY => key()?,
        TOFU_EVENT_CERTIFICATE => cert()?,
        TOFU_EVENT_JSON => json!({
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
