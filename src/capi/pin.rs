//! Pins: what is trusted or refused, read and made by hand.

use std::ffi::c_char;
use std::ptr::null;

use super::cert::tofu_cert;
use super::codes::{Coded, a_time, pin_kind, tofu_pin_kind, tofu_problem};
use super::endpoint::tofu_endpoint;
use super::error::{Failure, tofu_error};
use super::guard::{guard, read};
use super::pin_options::{Wanted, tofu_pin_options};
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::cert::Cert;
use crate::fingerprint;
use crate::hash::Hash;
use crate::path::Problems;
use crate::store::{NewPin, Origin, Pin, PinEntry, PinKind, PinState, PinValue};
use crate::text::{escape, excerpt};
use crate::time::system_now;
use crate::trust::facts::Layer;
use crate::trust::{Fingerprint, parse_fingerprint};

/// A field of a pin, for tofu_pin_number and tofu_pin_string.
pub type tofu_pin_field = i32;
/// Number: the pin's number in its store, never reused.
pub const TOFU_PIN_FIELD_ID: tofu_pin_field = 2201;
/// Number: one of TOFU_PIN_KIND_....
pub const TOFU_PIN_FIELD_KIND: tofu_pin_field = 2202;
/// Number: one of TOFU_PIN_STATE_....
pub const TOFU_PIN_FIELD_STATE: tofu_pin_field = 2203;
/// Text: what is pinned: "sha256//" and base64 for a key, hexadecimal pairs for a certificate, or a name.
pub const TOFU_PIN_FIELD_VALUE: tofu_pin_field = 2204;
/// Text: a person's note.
pub const TOFU_PIN_FIELD_COMMENT: tofu_pin_field = 2205;
/// Text: how the pin came to be: "user", "managed", "accept-new", "sibling" or "imported".
pub const TOFU_PIN_FIELD_ORIGIN: tofu_pin_field = 2206;
/// Text: the codes of the problems that were accepted with the pin, separated by spaces (docs/problems.md). tofu_pin_waives
/// asks for one.
pub const TOFU_PIN_FIELD_WAIVED: tofu_pin_field = 2207;
/// Number: 0 for a pin made by hand that has not matched yet; 1 once the problems that it covers are fixed.
pub const TOFU_PIN_FIELD_WAIVER_FIXED: tofu_pin_field = 2208;
/// Number: when the pin was made.
pub const TOFU_PIN_FIELD_CREATED: tofu_pin_field = 2209;
/// Number: when it took its present state.
pub const TOFU_PIN_FIELD_STATE_SINCE: tofu_pin_field = 2210;
/// Number: when it last matched, to the day.
pub const TOFU_PIN_FIELD_LAST_MATCHED: tofu_pin_field = 2211;
/// Number: when it stops counting.
pub const TOFU_PIN_FIELD_EXPIRES: tofu_pin_field = 2212;
/// Number: until when it still counts although another one has taken its place.
pub const TOFU_PIN_FIELD_OVERLAP_UNTIL: tofu_pin_field = 2213;
/// Number: the number of the pin that a staged one will replace.
pub const TOFU_PIN_FIELD_REPLACES: tofu_pin_field = 2214;
/// Number: where it is kept: 0 in the store itself, n in its n-th layer, -1 nowhere (trusted for this session only).
pub const TOFU_PIN_FIELD_LAYER: tofu_pin_field = 2215;

/// Something trusted or refused, for one endpoint or everywhere, as it was when it was listed. It is immutable.
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

/// Gives a number of a pin.
///
/// @param pin    borrowed; may be NULL, which gives 0.
/// @param field  a field TOFU_PIN_FIELD_... that is a number; another one gives 0.
/// @return a number, a code, or a time in seconds since the epoch, UTC; 0 for "never" and "none".
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_number(pin: *const tofu_pin, field: tofu_pin_field) -> i64 {
    // SAFETY: `pin` as its @param says.
    unsafe {
        read(pin, 0, |pin| match &pin.entry {
            _ if field == TOFU_PIN_FIELD_LAYER => Some(pin.layer),
            PinEntry::Endpoint(_, pin) => number(pin, field),
            PinEntry::Everywhere(block) => match field {
                TOFU_PIN_FIELD_ID => i64::try_from(block.id).ok(),
                TOFU_PIN_FIELD_KIND => Some(block.kind.number().into()),
                TOFU_PIN_FIELD_STATE => Some(PinState::Blocked.number().into()),
                TOFU_PIN_FIELD_CREATED | TOFU_PIN_FIELD_STATE_SINCE => Some(block.created),
                _ => None,
            },
        })
    }
}

fn number(pin: &Pin, field: tofu_pin_field) -> Option<i64> {
    Some(match field {
        TOFU_PIN_FIELD_ID => i64::try_from(pin.id).ok()?,
        TOFU_PIN_FIELD_KIND => pin.kind.number().into(),
        TOFU_PIN_FIELD_STATE => pin.state.number().into(),
        TOFU_PIN_FIELD_WAIVER_FIXED => pin.waiver.is_some().into(),
        TOFU_PIN_FIELD_CREATED => pin.created,
        TOFU_PIN_FIELD_STATE_SINCE => pin.state_since,
        TOFU_PIN_FIELD_LAST_MATCHED => pin.last_matched,
        TOFU_PIN_FIELD_EXPIRES => pin.expires,
        TOFU_PIN_FIELD_OVERLAP_UNTIL => pin.overlap_until,
        TOFU_PIN_FIELD_REPLACES => i64::try_from(pin.replaces).ok()?,
        _ => return None,
    })
}

/// Gives a text of a pin, escaped and fit to show.
///
/// @param pin    borrowed; may be NULL, which gives "".
/// @param field  a field TOFU_PIN_FIELD_... that is a text; another one gives "".
/// @return NUL-terminated UTF-8, borrowed from the pin; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_string(pin: *const tofu_pin, field: tofu_pin_field) -> *const c_char {
    // SAFETY: `pin` as its @param says.
    unsafe { read(pin, EMPTY, |pin| pin.shelf.text(("string", field, 0, ""), || text(&pin.entry, field))) }
}

fn text(entry: &PinEntry, field: tofu_pin_field) -> Option<String> {
    let (kind, value, comment, origin) = match entry {
        PinEntry::Endpoint(_, pin) => (pin.kind, pin.value.clone(), &pin.comment, pin.origin),
        PinEntry::Everywhere(block) => (block.kind, PinValue::Sha256(block.value), &block.comment, Origin::Managed),
    };
    Some(match field {
        TOFU_PIN_FIELD_VALUE => match (kind, value) {
            (PinKind::Certificate, PinValue::Sha256(hash)) => hash.colon_hex(),
            (_, PinValue::Sha256(hash)) => hash.key_pin(),
            (_, PinValue::Name(name)) => escape(&name),
        },
        TOFU_PIN_FIELD_COMMENT => escape(comment),
        TOFU_PIN_FIELD_ORIGIN => origin.code().to_owned(),
        TOFU_PIN_FIELD_WAIVED => waived(entry).kinds().map(|kind| kind.code()).collect::<Vec<_>>().join(" "),
        _ => return None,
    })
}

fn waived(entry: &PinEntry) -> Problems {
    match entry {
        PinEntry::Endpoint(_, pin) => pin.waiver.unwrap_or(Problems::NONE),
        PinEntry::Everywhere(_) => Problems::NONE,
    }
}

/// Whether a problem was accepted with a pin.
///
/// @param pin      borrowed; may be NULL, which gives 0.
/// @param problem  one of TOFU_PROBLEM_...; another number gives 0.
/// @return 1 if it was; 0 otherwise, also while TOFU_PIN_FIELD_WAIVER_FIXED is 0.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_waives(pin: *const tofu_pin, problem: tofu_problem) -> i32 {
    // SAFETY: `pin` as its @param says.
    unsafe { read(pin, 0, |pin| Some(waived(&pin.entry).kinds().any(|kind| kind.number() == problem).into())) }
}

/// Gives the endpoint that a pin belongs to.
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

/// Gives the certificate that a pin was made from.
///
/// @param pin  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the pin; NULL if only the fingerprint is known.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_cert(pin: *const tofu_pin) -> *const tofu_cert {
    // SAFETY: `pin` as its @param says.
    unsafe { read(pin, null(), |pin| pin.cert.as_deref().map(std::ptr::from_ref)) }
}

/// Makes a pin by hand: trusts, stages the next key, or blocks.
///
/// The caller vouches for the value: nothing is fetched. The first match of the pin fixes which problems it covers, and
/// an unusual problem asks even so. A pin that is there already takes the new state, except that this does not unblock.
///
/// @param store     must not be NULL.
/// @param endpoint  borrowed; may be NULL only to block a key or certificate everywhere.
/// @param options   the pin; frozen by this call; must not be NULL.
/// @param id        where to write the pin's number, 0 on failure; may be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for options that lack a kind, a state or something to name, for MD5 and SHA-1
///         fingerprints, and without an endpoint for everything but TOFU_PIN_STATE_BLOCKED without an end; what a setter
///         of the options was refused with. Store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_add(
    store: *mut tofu_store,
    endpoint: *const tofu_endpoint,
    options: *const tofu_pin_options,
    id: *mut i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let id = call.place(id, 0, "id").ok();
            let store = &call.object(store, "store")?.store;
            let endpoint = call.optional(endpoint, "endpoint")?;
            let new = new_pin(call.object(options, "options")?.wanted.freeze()?)?;
            let made = match endpoint {
                Some(endpoint) => store.add_pin(&endpoint.endpoint, &new, system_now())?,
                None => {
                    let value = blocked_everywhere(&new)?;
                    store.block(None, new.kind, value, &new.comment, system_now())?
                }
            };
            if let Some(place) = id {
                place.set(i64::try_from(made).unwrap_or_default());
            }
            Ok(Answer::Ok)
        })
    }
}

fn new_pin(wanted: &Wanted) -> Result<NewPin, Failure> {
    let kind = wanted.kind.ok_or_else(|| Failure::invalid("options: no kind of pin was set"))?;
    let state = wanted.state.ok_or_else(|| Failure::invalid("options: no state of the pin was set"))?;
    let value = pin_value(kind, wanted.value.as_deref(), wanted.cert.as_ref())?;
    let (cert, comment) = (wanted.cert.clone(), wanted.comment.clone());
    Ok(NewPin { kind, state, value, cert, expires: wanted.expires, comment })
}

fn blocked_everywhere(new: &NewPin) -> Result<Hash, Failure> {
    match (new.state, new.kind, &new.value) {
        (PinState::Blocked, PinKind::Key | PinKind::Certificate, PinValue::Sha256(hash)) if new.expires == 0 => {
            Ok(*hash)
        }
        _ => Err(Failure::invalid("endpoint: NULL only blocks a key or a certificate everywhere, for good")),
    }
}

fn pin_value(kind: PinKind, value: Option<&str>, cert: Option<&Cert>) -> Result<PinValue, Failure> {
    match (value, cert) {
        (Some(name), _) if kind == PinKind::Name => Ok(PinValue::Name(name.to_owned())),
        (Some(text), _) => match (parse_fingerprint(text)?, kind) {
            (Fingerprint::Key(_), PinKind::Certificate) => {
                Err(Failure::invalid(format!("value: {} is a key's, not a certificate's", excerpt(text, 80))))
            }
            // TOFU_CERT_FIELD_SPKI_SHA256 gives base64 without the label.
            (Fingerprint::Either(_), PinKind::Certificate) if !is_hexadecimal(text) => {
                let shown = excerpt(text, 80);
                let what = format!("value: {shown} is base64, as a key's is written; a certificate's is hexadecimal");
                Err(Failure::invalid(what))
            }
            (Fingerprint::Key(hash) | Fingerprint::Either(hash), _) => Ok(PinValue::Sha256(hash)),
        },
        (None, Some(_)) if kind == PinKind::Name => Err(Failure::invalid("value: a name pin needs the name")),
        (None, Some(cert)) => {
            let hash = if kind == PinKind::Certificate { cert.fingerprint() } else { cert.spki() };
            Ok(PinValue::Sha256(hash))
        }
        (None, None) => Err(Failure::invalid("options: neither a value nor a certificate was set")),
    }
}

/// Whether a fingerprint is written in hexadecimal digits, whatever label and separators it has.
fn is_hexadecimal(text: &str) -> bool {
    fingerprint::parse_labelled(text).is_ok()
}

/// Masks a pin of a system store for an endpoint: the key then asks, as a replaced one does.
///
/// The mask is a retired pin of the same kind and value in the store itself. It stays when the endpoint is forgotten;
/// tofu_pin_forget and tofu_store_undo remove it. What a system store blocks stays blocked.
///
/// @param store     must not be NULL.
/// @param endpoint  the endpoint of the pin; borrowed; must not be NULL.
/// @param kind      one of TOFU_PIN_KIND_....
/// @param value     what the pin names, as TOFU_PIN_FIELD_VALUE gives it or in any other spelling that
///                  tofu_pin_options_set_value takes, NUL-terminated; must not be NULL.
/// @param id        where to write the number of the mask, 0 on failure; may be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND if no store below has such a pin of the endpoint; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_mask(
    store: *mut tofu_store,
    endpoint: *const tofu_endpoint,
    kind: tofu_pin_kind,
    value: *const c_char,
    id: *mut i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let id = call.place(id, 0, "id").ok();
            let store = &call.object(store, "store")?.store;
            let endpoint = &call.object(endpoint, "endpoint")?.endpoint;
            let kind = pin_kind(kind)?;
            let value = pin_value(kind, Some(call.text(value, "value")?), None)?;
            let made = store.mask_pin(endpoint, kind, &value, system_now())?;
            if let Some(place) = id {
                place.set(i64::try_from(made).unwrap_or_default());
            }
            Ok(Answer::Ok)
        })
    }
}

/// Changes a field of a pin. tofu_store_undo can undo this.
///
/// - "state": "trusted", "staged", "retired", "blocked" or "compromised". A compromised pin stays compromised, and a
///   blocked one can only be retired.
/// - "expires": seconds since the epoch, UTC; "0" for never.
/// - "comment": any text.
///
/// @param store  must not be NULL.
/// @param id     the number of the pin.
/// @param field  the name of the field, NUL-terminated; must not be NULL.
/// @param value  its value, NUL-terminated UTF-8; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND; TOFU_E_INVALID also for a change that is not allowed; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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
                    store.set_pin_expiry(id, a_time("value", at)?, now)?;
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

/// Forgets a pin, or lifts a block that holds everywhere. tofu_store_undo can undo the former.
///
/// A pin that is blocked for one endpoint is not forgotten: set its state to "retired" first. If nothing else is known
/// of the endpoint, the next contact asks, even where the policy accepts a first use.
///
/// @param store  must not be NULL.
/// @param id     the number of the pin.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND; TOFU_E_INVALID for a blocked pin; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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
        for text in [hash.hex(), hash.colon_hex(), format!("sha256 Fingerprint={}", hash.colon_hex())] {
            assert_eq!(pin_value(PinKind::Certificate, Some(&text), None).unwrap(), PinValue::Sha256(hash), "{text}");
        }
        assert_eq!(pin_value(PinKind::Key, Some(&hash.base64()), None).unwrap(), PinValue::Sha256(hash));
        assert!(
            pin_value(PinKind::Certificate, Some(&hash.base64()), None).is_err(),
            "as TOFU_CERT_FIELD_SPKI_SHA256 gives it"
        );
        assert!(pin_value(PinKind::Key, Some("da39a3ee5e6b4b0d3255bfef95601890afd80709"), None).is_err());
        assert!(pin_value(PinKind::Key, None, None).is_err());
        let name = pin_value(PinKind::Name, Some("*.provider.example"), None).unwrap();
        assert_eq!(name, PinValue::Name("*.provider.example".to_owned()));
    }
}
