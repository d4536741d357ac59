//! What is remembered, as JSON: the form of `list`, `show`, `log` and `pending`. Times are RFC 3339, text
//! that others wrote is escaped. Keys keep their meaning; new ones may be added.

use serde_json::{Value, json};

use tofu::endpoint::Endpoint;
use tofu::store::{Block, EndpointRecord, Event, Observation, Pending, Pin, PinValue, Sighting, Standing};
use tofu::text::escape;
use tofu::time::{Timestamp, rfc3339};

use crate::render::words;

/// A time, or null for 0.
fn time(at: Timestamp) -> Value {
    if at == 0 { Value::Null } else { Value::from(rfc3339(at)) }
}

/// An object with the fields of another one after its own.
pub fn with(mut value: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (value.as_object_mut(), more) {
        all.extend(more);
    }
    value
}

/// Host, port and account: in front of every object that is about an endpoint.
fn located(endpoint: &Endpoint, fields: Value) -> Value {
    let place = json!({
        "host": endpoint.host.as_str(),
        "port": endpoint.port.get(),
        "account": escape(endpoint.account.as_str()),
    });
    with(place, fields)
}

/// All of one endpoint.
pub fn endpoint(record: &EndpointRecord, standing: Standing) -> Value {
    located(
        &record.endpoint,
        json!({
            "state": standing.code(),
            "first_seen": time(record.first_seen),
            "last_seen": time(record.last_seen),
            "pins": record.pins.iter().map(pin).collect::<Vec<_>>(),
            "baseline": record.baseline.iter().map(sighting).collect::<Vec<_>>(),
            "observations": record.observations.iter().map(observation).collect::<Vec<_>>(),
            "validated": record.validated.as_ref().map(|v| json!({ "first": time(v.first), "last": time(v.last) })),
            "upgrade_since": record.upgrade.as_ref().map(|u| time(u.since)),
            "forgotten": record.tombstone.as_ref().map(|t| time(t.at)),
            "known_until": record.tombstone.as_ref().map(|t| time(t.known_until)),
            "expect_change_until": time(record.expect_change_until),
            "policy": record.policy,
        }),
    )
}

/// A pin.
pub fn pin(pin: &Pin) -> Value {
    json!({
        "id": pin.id,
        "kind": pin.kind.code(),
        "state": pin.state.code(),
        "value": words::value(pin.kind, &pin.value),
        "sha256": match &pin.value {
            PinValue::Sha256(hash) => Value::from(hash.hex()),
            PinValue::Name(_) => Value::Null,
        },
        "waiver": pin.waiver.map(|w| w.kinds().map(tofu::path::ProblemKind::code).collect::<Vec<_>>()),
        "waive_expired_until": time(pin.waive_expired_until),
        "origin": pin.origin.code(),
        "comment": escape(&pin.comment),
        "created": time(pin.created),
        "state_since": time(pin.state_since),
        "last_matched": time(pin.last_matched),
        "expires": time(pin.expires),
        "overlap_until": time(pin.overlap_until),
        "replaces": if pin.replaces == 0 { Value::Null } else { Value::from(pin.replaces) },
        "certificate": pin.cert.map(|hash| hash.hex()),
        "pinned_only": pin.is_only(),
    })
}

/// A pin with its endpoint.
pub fn pin_of(endpoint: &Endpoint, of: &Pin) -> Value {
    located(endpoint, pin(of))
}

/// A block everywhere, in the form of a pin without an endpoint.
pub fn block(block: &Block) -> Value {
    json!({
        "host": Value::Null,
        "id": block.id,
        "kind": block.kind.code(),
        "state": "blocked",
        "value": words::value(block.kind, &PinValue::Sha256(block.value)),
        "sha256": block.value.hex(),
        "comment": escape(&block.comment),
        "created": time(block.created),
    })
}

fn sighting(seen: &Sighting) -> Value {
    json!({
        "certificate": seen.cert.hex(),
        "key": seen.spki.key_pin(),
        "first": time(seen.first),
        "last": time(seen.last),
        "not_before": seen.not_before.map(rfc3339),
        "not_after": seen.not_after.map(rfc3339),
        "validation": words::validation(seen.validation),
        "anchor": seen.anchor.as_ref().map(|a| escape(&a.organisation)),
        "provisional": seen.provisional,
    })
}

fn observation(seen: &Observation) -> Value {
    json!({
        "certificate": seen.cert.hex(),
        "key": seen.spki.key_pin(),
        "first": time(seen.first),
        "last": time(seen.last),
        "count": seen.count,
    })
}

/// A pending question.
pub fn pending(question: &Pending) -> Value {
    located(
        &question.endpoint,
        json!({
            "id": escape(&question.verdict_id),
            "key": question.spki.key_pin(),
            "certificates": question.chain.iter().map(|hash| hash.hex()).collect::<Vec<_>>(),
            "first": time(question.first),
            "last": time(question.last),
            "count": question.count,
            "contradicted": question.contradicted,
        }),
    )
}

/// An event.
pub fn event(event: &Event) -> Value {
    json!({
        "id": event.id,
        "time": rfc3339(event.time),
        "code": escape(&event.code),
        "severity": words::severity(event.severity),
        "host": if event.host.is_empty() { Value::Null } else { Value::from(escape(&event.host)) },
        "port": if event.port == 0 { Value::Null } else { Value::from(event.port) },
        "account": escape(&event.account),
        "application": escape(&event.application),
        "key": event.spki.map(|hash| hash.key_pin()),
        "certificate": event.cert.map(|hash| hash.hex()),
        "text": escape(&event.text),
        "undoable": event.before.is_some(),
    })
}
