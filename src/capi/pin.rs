//! Pins: what is trusted or refused, read and made by hand.

use std::ffi::c_char;
use std::ptr::null;

use super::cert::tofu_cert;
use super::endpoint::tofu_endpoint;
use super::error::{Failure, tofu_error};
use super::guard::{guard, read};
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::cert::Cert;
use crate::hash::Hash;
use crate::store::{NewPin, Origin, Pin, PinEntry, PinKind, PinState, PinValue};
use crate::text::{escape, excerpt};
use crate::time::system_now;
use crate::trust::facts::Layer;
use crate::trust::{Fingerprint, parse_fingerprint};

/// The pin's number in its store, never reused.
pub const TOFU_PIN_ID: i32 = 1;
/// One of TOFU_PIN_KIND_....
pub const TOFU_PIN_KIND: i32 = 2;
/// One of TOFU_PIN_STATE_....
pub const TOFU_PIN_STATE: i32 = 3;
/// The problems accepted with it, a mask of TOFU_PROBLEM_...; 0 also while TOFU_PIN_WAIVER_FIXED is 0.
pub const TOFU_PIN_WAIVED: i32 = 4;
/// 0 for a pin made by hand that has not matched yet, 1 once its problems are fixed.
pub const TOFU_PIN_WAIVER_FIXED: i32 = 5;
/// When it was made.
pub const TOFU_PIN_CREATED: i32 = 6;
/// When it took its present state.
pub const TOFU_PIN_STATE_SINCE: i32 = 7;
/// When it last matched, to the day.
pub const TOFU_PIN_LAST_MATCHED: i32 = 8;
/// When it stops counting.
pub const TOFU_PIN_EXPIRES: i32 = 9;
/// Until when it still counts although another one has taken its place.
pub const TOFU_PIN_OVERLAP_UNTIL: i32 = 10;
/// The number of the pin that a staged one will replace.
pub const TOFU_PIN_REPLACES: i32 = 11;
/// Where it is kept: 0 in the store itself, n in its n-th layer, -1 nowhere (trusted for this session only).
pub const TOFU_PIN_LAYER: i32 = 12;

/// What is pinned: "sha256//" and base64 for a key, hexadecimal pairs for a certificate, or a name.
pub const TOFU_PIN_VALUE: i32 = 1;
/// A person's note, as it may be shown.
pub const TOFU_PIN_COMMENT: i32 = 2;
/// How it came to be: "user", "managed", "accept-new", "sibling" or "imported".
pub const TOFU_PIN_ORIGIN: i32 = 3;

/// Something trusted, or refused, for one endpoint or everywhere, as it was when it was listed. Immutable.
pub struct tofu_pin {
    poison: Poison,
    entry: PinEntry,
    endpoint: Option<Box<tofu_endpoint>>,
    cert: Option<Box<tofu_cert>>,
    layer: i64,
    shelf: Shelf,
}

impl tofu_pin {
    /// A pin for C, with the certificate that it was made from where that is kept.
    pub(super) fn new(entry: PinEntry, cert: Option<Cert>) -> Self {
        let endpoint = match &entry {
            PinEntry::Endpoint(endpoint, _) => Some(Box::new(endpoint.clone().into())),
            PinEntry::Everywhere(_) => None,
        };
        let cert = cert.map(|cert| Box::new(cert.into()));
        Self { poison: Poison::default(), entry, endpoint, cert, layer: 0, shelf: Shelf::default() }
    }

    /// The same pin, kept in another layer than the store itself.
    pub(super) fn kept_in(self, layer: Layer) -> Self {
        let layer = match layer {
            Layer::Own | Layer::AnyAccount => 0,
            Layer::System(index) => i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1),
            Layer::Session => -1,
        };
        Self { layer, ..self }
    }
}

impl Object for tofu_pin {
    const NOUN: &'static str = "pin";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// A number of a pin.
///
/// @param pin    borrowed; may be NULL, which gives 0.
/// @param field  TOFU_PIN_ID or one of the fields after it.
/// @return a number, a mask, or a time in seconds since the epoch, UTC; 0 for "never", "none" and another field.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_number(pin: *const tofu_pin, field: i32) -> i64 {
    // SAFETY: `pin` as its @param says.
    unsafe {
        read(pin, 0, |pin| match &pin.entry {
            _ if field == TOFU_PIN_LAYER => Some(pin.layer),
            PinEntry::Endpoint(_, pin) => number(pin, field),
            PinEntry::Everywhere(block) => match field {
                TOFU_PIN_ID => i64::try_from(block.id).ok(),
                TOFU_PIN_KIND => Some(block.kind as i64),
                TOFU_PIN_STATE => Some(PinState::Blocked as i64),
                TOFU_PIN_CREATED | TOFU_PIN_STATE_SINCE => Some(block.created),
                _ => None,
            },
        })
    }
}

fn number(pin: &Pin, field: i32) -> Option<i64> {
    Some(match field {
        TOFU_PIN_ID => i64::try_from(pin.id).ok()?,
        TOFU_PIN_KIND => pin.kind as i64,
        TOFU_PIN_STATE => pin.state as i64,
        TOFU_PIN_WAIVED => i64::try_from(pin.waiver?.bits()).ok()?,
        TOFU_PIN_WAIVER_FIXED => pin.waiver.is_some().into(),
        TOFU_PIN_CREATED => pin.created,
        TOFU_PIN_STATE_SINCE => pin.state_since,
        TOFU_PIN_LAST_MATCHED => pin.last_matched,
        TOFU_PIN_EXPIRES => pin.expires,
        TOFU_PIN_OVERLAP_UNTIL => pin.overlap_until,
        TOFU_PIN_REPLACES => i64::try_from(pin.replaces).ok()?,
        _ => return None,
    })
}

/// A text of a pin, escaped and fit to show.
///
/// @param pin    borrowed; may be NULL, which gives "".
/// @param field  TOFU_PIN_VALUE, TOFU_PIN_COMMENT or TOFU_PIN_ORIGIN.
/// @return NUL-terminated UTF-8, borrowed from the pin; "" for none and for another field; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_string(pin: *const tofu_pin, field: i32) -> *const c_char {
    // SAFETY: `pin` as its @param says.
    unsafe { read(pin, EMPTY, |pin| pin.shelf.text(("string", field, 0, ""), || text(&pin.entry, field))) }
}

fn text(entry: &PinEntry, field: i32) -> Option<String> {
    let (kind, value, comment, origin) = match entry {
        PinEntry::Endpoint(_, pin) => (pin.kind, pin.value.clone(), &pin.comment, pin.origin),
        PinEntry::Everywhere(block) => (block.kind, PinValue::Sha256(block.value), &block.comment, Origin::Managed),
    };
    Some(match field {
        TOFU_PIN_VALUE => match (kind, value) {
            (PinKind::Certificate, PinValue::Sha256(hash)) => hash.colon_hex(),
            (_, PinValue::Sha256(hash)) => hash.key_pin(),
            (_, PinValue::Name(name)) => escape(&name),
        },
        TOFU_PIN_COMMENT => escape(comment),
        TOFU_PIN_ORIGIN => origin.code().to_owned(),
        _ => return None,
    })
}

/// Where a pin belongs.
///
/// @param pin  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the pin; NULL for what is blocked everywhere.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_endpoint(pin: *const tofu_pin) -> *const tofu_endpoint {
    // SAFETY: `pin` as its @param says.
    unsafe { read(pin, null(), |pin| pin.endpoint.as_deref().map(std::ptr::from_ref)) }
}

/// The certificate that a pin was made from.
///
/// @param pin  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the pin; NULL where only the fingerprint is known.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_cert(pin: *const tofu_pin) -> *const tofu_cert {
    // SAFETY: `pin` as its @param says.
    unsafe { read(pin, null(), |pin| pin.cert.as_deref().map(std::ptr::from_ref)) }
}

/// Makes a pin by hand: trusts, stages as the next one, or blocks.
///
/// The caller vouches for the value: nothing is fetched. The problems that it covers are fixed by its first match, and
/// an unusual one asks all the same. A pin that is there already takes the new state; what is blocked is not
/// unblocked by this.
///
/// @param store     must not be NULL.
/// @param endpoint  borrowed; may be NULL only to block a key or certificate everywhere.
/// @param kind      one of TOFU_PIN_KIND_... but TOFU_PIN_KIND_NONE.
/// @param state     TOFU_PIN_STATE_TRUSTED, TOFU_PIN_STATE_STAGED, TOFU_PIN_STATE_BLOCKED or
///                  TOFU_PIN_STATE_COMPROMISED; everywhere, TOFU_PIN_STATE_BLOCKED alone.
/// @param value     a SHA-256 fingerprint of the key or certificate in any usual spelling, or the name, NUL-terminated;
///                  may be NULL where cert is given.
/// @param cert      what the pin is for, kept with it; where a value is given too, the two must agree; may be NULL
///                  where value is given.
/// @param expires   when it stops counting, in seconds since the epoch, UTC; 0 for never; negative is refused.
/// @param comment   a note kept with the pin, NUL-terminated UTF-8; may be NULL.
/// @param id        where to write the pin's number, 0 on failure; may be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID, also for MD5 and SHA-1 fingerprints; of the store TOFU_E_IO, TOFU_E_BUSY,
///         TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT, TOFU_E_FORKED,
///         TOFU_E_BACKEND; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_add(
    store: *mut tofu_store,
    endpoint: *const tofu_endpoint,
    kind: i32,
    state: i32,
    value: *const c_char,
    cert: *const tofu_cert,
    expires: i64,
    comment: *const c_char,
    id: *mut i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let id = call.place(id, 0, "id").ok();
            let store = &call.object(store, "store")?.store;
            let endpoint = call.optional(endpoint, "endpoint")?;
            let cert = call.optional(cert, "cert")?.map(|cert| &cert.cert);
            let kind = pin_kind(kind)?;
            let value = pin_value(kind, call.optional_text(value, "value")?, cert)?;
            let comment = call.optional_text(comment, "comment")?.unwrap_or_default().to_owned();
            let expires = time("expires", expires)?;
            let new = NewPin { kind, state: pin_state(state)?, value, cert: cert.cloned(), expires, comment };
            let made = match endpoint {
                Some(endpoint) => store.add_pin(&endpoint.endpoint, &new, system_now())?,
                None => {
                    let value = blocked_everywhere(&new)?;
                    store.block(None, kind, value, &new.comment, system_now())?
                }
            };
            if let Some(place) = id {
                place.set(i64::try_from(made).unwrap_or_default());
            }
            Ok(Answer::Ok)
        })
    }
}

fn blocked_everywhere(new: &NewPin) -> Result<Hash, Failure> {
    match (new.state, new.kind, &new.value) {
        (PinState::Blocked, PinKind::Key | PinKind::Certificate, PinValue::Sha256(hash)) if new.expires == 0 => {
            Ok(*hash)
        }
        _ => Err(Failure::invalid("endpoint: NULL only blocks a key or a certificate everywhere, for good")),
    }
}

/// A time given by the caller.
fn time(name: &str, at: i64) -> Result<i64, Failure> {
    if at < 0 { Err(Failure::invalid(format!("{name}: {at} is before 1970"))) } else { Ok(at) }
}

fn pin_kind(kind: i32) -> Result<PinKind, Failure> {
    let known = [PinKind::Key, PinKind::Certificate, PinKind::Issuer, PinKind::Name];
    let found = known.into_iter().find(|k| *k as i32 == kind);
    found.ok_or_else(|| Failure::invalid(format!("kind: {kind} is not a kind of pin")))
}

fn pin_state(state: i32) -> Result<PinState, Failure> {
    let found = PinState::ALL.into_iter().find(|s| *s as i32 == state);
    found.ok_or_else(|| Failure::invalid(format!("state: {state} is not a state of pins")))
}

fn pin_value(kind: PinKind, value: Option<&str>, cert: Option<&Cert>) -> Result<PinValue, Failure> {
    match (value, cert) {
        (Some(name), _) if kind == PinKind::Name => Ok(PinValue::Name(name.to_owned())),
        (Some(text), _) => match (parse_fingerprint(text)?, kind) {
            (Fingerprint::Key(_), PinKind::Certificate) => {
                Err(Failure::invalid(format!("value: {} is a key's, not a certificate's", excerpt(text, 80))))
            }
            (Fingerprint::Key(hash) | Fingerprint::Either(hash), _) => Ok(PinValue::Sha256(hash)),
        },
        (None, Some(_)) if kind == PinKind::Name => Err(Failure::invalid("value: a name pin needs the name")),
        (None, Some(cert)) => {
            let hash = if kind == PinKind::Certificate { cert.fingerprint() } else { cert.spki() };
            Ok(PinValue::Sha256(hash))
        }
        (None, None) => Err(Failure::invalid("value: must not be NULL where cert is NULL too")),
    }
}

/// Changes a field of a pin. Can be undone with tofu_store_undo.
///
/// "state": "trusted", "staged", "retired", "blocked" or "compromised"; a compromised pin stays so, a blocked one can
/// only be retired. "expires": seconds since the epoch, UTC, "0" for never. "comment": any text.
///
/// @param store  must not be NULL.
/// @param id     the pin's number.
/// @param field  its name, NUL-terminated; must not be NULL.
/// @param value  its value, NUL-terminated UTF-8; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND; TOFU_E_INVALID, also for a change that is not allowed; of the store TOFU_E_IO,
///         TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT,
///         TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_set(
    store: *mut tofu_store,
    id: i64,
    field: *const c_char,
    value: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = &call.object(store, "store")?.store;
            let (field, value) = (call.text(field, "field")?, call.text(value, "value")?);
            let refuse = || Failure::invalid(format!("value: {} is no {field}", excerpt(value, 80)));
            let (id, now) = (pin_id(id)?, system_now());
            match field {
                "state" => {
                    let state = PinState::ALL.into_iter().find(|s| s.code() == value).ok_or_else(refuse)?;
                    store.set_pin_state(id, state, now)?;
                }
                "expires" => {
                    let at = value.parse().map_err(|_| refuse())?;
                    store.set_pin_expiry(id, time("value", at)?, now)?;
                }
                "comment" => store.set_pin_comment(id, value, now)?,
                other => {
                    let what = format!("field: {} is not a field of pins that can be set", excerpt(other, 80));
                    return Err(Failure::invalid(what));
                }
            }
            Ok(Answer::Ok)
        })
    }
}

fn pin_id(id: i64) -> Result<u64, Failure> {
    u64::try_from(id).map_err(|_| Failure::invalid(format!("id: {id} is not a pin's number")))
}

/// Forgets a pin; for what is blocked everywhere, lifts the block. Can be undone, but for the latter.
///
/// A pin blocked for one endpoint is not forgotten: set its state to "retired" first. Where nothing else is known of
/// the endpoint, the next contact asks, even where first use is accepted.
///
/// @param store  must not be NULL.
/// @param id     the pin's number.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND; TOFU_E_INVALID for a blocked pin; of the store TOFU_E_IO, TOFU_E_BUSY,
///         TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT, TOFU_E_FORKED,
///         TOFU_E_BACKEND; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_forget(store: *mut tofu_store, id: i64, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(store, "store")?.store.forget_pin(pin_id(id)?, system_now())?;
            Ok(Answer::Ok)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_in_any_usual_spelling_and_never_as_another_sort() {
        let hash = Hash::of(b"x");
        let key = hash.key_pin();
        for text in [hash.hex(), hash.colon_hex(), key.clone()] {
            assert_eq!(pin_value(PinKind::Key, Some(&text), None).unwrap(), PinValue::Sha256(hash), "{text}");
        }
        assert!(pin_value(PinKind::Certificate, Some(&key), None).is_err());
        assert!(pin_value(PinKind::Key, Some("da39a3ee5e6b4b0d3255bfef95601890afd80709"), None).is_err());
        assert!(pin_value(PinKind::Key, None, None).is_err());
        let name = pin_value(PinKind::Name, Some("*.provider.example"), None).unwrap();
        assert_eq!(name, PinValue::Name("*.provider.example".to_owned()));
    }

    #[test]
    fn every_state_has_its_number() {
        for state in PinState::ALL {
            assert_eq!(pin_state(state as i32).unwrap(), state);
        }
        assert!(pin_state(0).is_err() && pin_state(6).is_err());
    }
}
