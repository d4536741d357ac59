//! How things are named inside a store: the layout of the keys. Byte order of keys is the order of
//! every listing. Knows nothing of values.
//!
//! | key | holds |
//! |---|---|
//! | `m` | the meta row: store id, format, generation, counters, store-wide policy |
//! | `tb` kind, hash, 0 | a block |
//! | `te` host, 0, port (2 bytes), account, 0 | an endpoint |
//! | `tr` hash, endpoint part | "this endpoint refuses this key or certificate" (derived) |
//! | `t` 255, 0 | the end mark |
//! | `c` fingerprint | a certificate |
//! | `k` key hash, endpoint part | "this endpoint has a pin or sighting of this hash" (derived) |
//! | `r` fingerprint, key of the owner | "this row refers to this certificate" (derived) |
//! | `n` pin number (8 bytes), key of the owner | "this row has the pin of this number" (derived) |
//! | `p` endpoint part, key hash | a pending question |
//! | `l` number (8 bytes) | an event |
//! | `e` endpoint part, 0 or 1, number (8 bytes) | "this event is about this endpoint", 1: "and can be undone" (derived) |
//!
//! Rows under `t` carry trust. Their keys end with a zero byte, so that a scan after the key without
//! it gives the row itself or its successor, and the successor's link proves absence.

use std::num::NonZeroU16;

use super::record::PinKind;
use crate::endpoint::{Account, Endpoint, Host};
use crate::hash::Hash;

/// The meta row.
pub const META: &[u8] = b"m";
/// Everything that carries trust.
pub const TRUST: &[u8] = b"t";
/// Blocks.
pub const BLOCKS: &[u8] = b"tb";
/// Endpoints.
pub const ENDPOINTS: &[u8] = b"te";
/// Refusals: which endpoints refuse a key or certificate.
pub const REFUSALS: &[u8] = b"tr";
/// The end mark: the last row that carries trust.
pub const END: &[u8] = b"t\xff\0";
/// Certificates.
pub const CERTS: &[u8] = b"c";
/// The index of keys.
pub const KEYS: &[u8] = b"k";
/// The index of references to certificates.
pub const REFERENCES: &[u8] = b"r";
/// The index of pin numbers.
pub const PINS: &[u8] = b"n";
/// Pending questions.
pub const PENDING: &[u8] = b"p";
/// The index of events by their endpoints.
pub const SHARES: &[u8] = b"e";
/// The log.
pub const LOG: &[u8] = b"l";

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// The key of an endpoint.
pub fn endpoint(endpoint: &Endpoint) -> Vec<u8> {
    join(&[ENDPOINTS, &endpoint_part(endpoint)])
}

/// What the keys of all endpoints of a host begin with.
pub fn host_prefix(host: &Host) -> Vec<u8> {
    join(&[ENDPOINTS, host.as_str().as_bytes(), &[0]])
}

fn endpoint_part(endpoint: &Endpoint) -> Vec<u8> {
    let port = endpoint.port.get().to_be_bytes();
    join(&[endpoint.host.as_str().as_bytes(), &[0], &port, endpoint.account.as_str().as_bytes(), &[0]])
}

/// The endpoint of a key made by [`endpoint`]. `None` for anything that is not canonical.
pub fn parse_endpoint(key: &[u8]) -> Option<Endpoint> {
    parse_part(key.strip_prefix(ENDPOINTS)?)
}

fn parse_part(part: &[u8]) -> Option<Endpoint> {
    let end = part.iter().position(|b| *b == 0)?;
    let host = std::str::from_utf8(part.get(..end)?).ok()?;
    let mut rest = part.get(end.checked_add(1)?..)?.to_vec();
    if rest.pop() != Some(0) || rest.len() < 2 {
        return None;
    }
    let account = rest.split_off(2);
    let port = NonZeroU16::new(u16::from_be_bytes(rest.try_into().ok()?))?;
    let account = match account.as_slice() {
        b"*" => Account::any(),
        other => Account::parse(std::str::from_utf8(other).ok()?).ok()?,
    };
    let parsed = Host::parse(host).ok()?;
    (parsed.as_str() == host).then_some(Endpoint { host: parsed, port, account })
}

/// The key of a block.
pub fn block(kind: PinKind, value: Hash) -> Vec<u8> {
    let kind = u8::try_from(kind as i32).unwrap_or(0);
    join(&[BLOCKS, &[kind], value.as_bytes(), &[0]])
}

/// The key of a refusal: `endpoint` refuses `value`.
pub fn refusal(value: Hash, endpoint: &Endpoint) -> Vec<u8> {
    join(&[REFUSALS, value.as_bytes(), &endpoint_part(endpoint)])
}

/// What the keys of all refusals of a key or certificate begin with.
pub fn refusal_prefix(value: Hash) -> Vec<u8> {
    join(&[REFUSALS, value.as_bytes()])
}

/// The endpoint of a key made by [`refusal`].
pub fn parse_refusal(key: &[u8]) -> Option<Endpoint> {
    parse_part(key.strip_prefix(REFUSALS)?.get(32..)?)
}

/// The key of a certificate.
pub fn cert(fingerprint: Hash) -> Vec<u8> {
    join(&[CERTS, fingerprint.as_bytes()])
}

/// The index row of a key held by an endpoint.
pub fn held(spki: Hash, endpoint: &Endpoint) -> Vec<u8> {
    join(&[KEYS, spki.as_bytes(), &endpoint_part(endpoint)])
}

/// What the index rows of a key begin with.
pub fn held_prefix(spki: Hash) -> Vec<u8> {
    join(&[KEYS, spki.as_bytes()])
}

/// The endpoint of an index row made by [`held`].
pub fn parse_held(key: &[u8]) -> Option<Endpoint> {
    parse_part(key.get(33..)?)
}

/// The row that says that `owner` (the key of an endpoint or pending question) refers to a certificate.
pub fn reference(fingerprint: Hash, owner: &[u8]) -> Vec<u8> {
    join(&[REFERENCES, fingerprint.as_bytes(), owner])
}

/// What all references to a certificate begin with.
pub fn reference_prefix(fingerprint: Hash) -> Vec<u8> {
    join(&[REFERENCES, fingerprint.as_bytes()])
}

/// The owner's key in a row made by [`reference`].
pub fn parse_reference(key: &[u8]) -> Option<&[u8]> {
    key.get(33..)
}

/// The row that says that `owner` (the key of an endpoint or block) has the pin of this number.
pub fn pin(id: u64, owner: &[u8]) -> Vec<u8> {
    join(&[PINS, &id.to_be_bytes(), owner])
}

/// What the rows of a pin's number begin with.
pub fn pin_prefix(id: u64) -> Vec<u8> {
    join(&[PINS, &id.to_be_bytes()])
}

/// The owner's key in a row made by [`pin`].
pub fn parse_pin(key: &[u8]) -> Option<&[u8]> {
    key.get(9..)
}

/// The key of a pending question.
pub fn pending(endpoint: &Endpoint, spki: Hash) -> Vec<u8> {
    join(&[PENDING, &endpoint_part(endpoint), spki.as_bytes()])
}

/// What the keys of the pending questions of an endpoint begin with.
pub fn pending_prefix(endpoint: &Endpoint) -> Vec<u8> {
    join(&[PENDING, &endpoint_part(endpoint)])
}

/// The endpoint of a pending question's key.
pub fn parse_pending(key: &[u8]) -> Option<Endpoint> {
    let part = key.strip_prefix(PENDING)?;
    parse_part(part.get(..part.len().checked_sub(32)?)?)
}

/// The key of an event.
pub fn event(id: u64) -> Vec<u8> {
    join(&[LOG, &id.to_be_bytes()])
}

/// The index row of an event of an endpoint. Those that can be undone come last.
pub fn share(endpoint: &Endpoint, undoable: bool, id: u64) -> Vec<u8> {
    join(&[&share_prefix(endpoint), &[u8::from(undoable)], &id.to_be_bytes()])
}

/// What the index rows of the events of an endpoint begin with.
pub fn share_prefix(endpoint: &Endpoint) -> Vec<u8> {
    join(&[SHARES, &endpoint_part(endpoint)])
}

/// Whether the event of a row made by [`share`] can be undone, and its number.
pub fn parse_share(key: &[u8]) -> Option<(bool, u64)> {
    let (rest, id) = key.split_last_chunk::<8>()?;
    Some((*rest.last()? == 1, u64::from_be_bytes(*id)))
}

/// The number of an event's key.
pub fn parse_event(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.strip_prefix(LOG)?.try_into().ok()?))
}

/// What a key names, for messages.
pub fn describe(key: &[u8]) -> String {
    let hash = |from: usize| {
        let bytes: Option<[u8; 32]> = key.get(from..from.saturating_add(32)).and_then(|b| b.try_into().ok());
        bytes.map_or_else(String::new, |b| Hash::from_bytes(b).hex())
    };
    match key.split_first() {
        Some((b'm', [])) => "the meta row".to_owned(),
        Some((b't', [b'b', ..])) => format!("the block of {}", hash(3)),
        Some((b't', [b'e', ..])) => match parse_endpoint(key) {
            Some(endpoint) => format!("the endpoint {endpoint}"),
            None => "an endpoint".to_owned(),
        },
        Some((b't', [b'r', ..])) => format!("the refusal of {}", hash(2)),
        Some((b't', [255, 0])) => "the end mark".to_owned(),
        Some((b'c', _)) => format!("the certificate {}", hash(1)),
        Some((b'k', _)) => format!("the index of key {}", hash(1)),
        Some((b'r', _)) => format!("a reference to certificate {}", hash(1)),
        Some((b'n', _)) => "the index of a pin's number".to_owned(),
        Some((b'e', _)) => "the index of an endpoint's events".to_owned(),
        Some((b'p', _)) => match parse_pending(key) {
            Some(endpoint) => format!("a pending question of {endpoint}"),
            None => "a pending question".to_owned(),
        },
        Some((b'l', _)) => match parse_event(key) {
            Some(id) => format!("event {id}"),
            None => "an event".to_owned(),
        },
        _ => "an unknown row".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_endpoints_can_be_read_back() {
        for (account, host, port) in [("", "mail.example", 993), ("ann@x", "::1", 256), ("", "192.0.2.1", 65535)] {
            let e = Endpoint::parse(account, host, port).unwrap();
            assert_eq!(parse_endpoint(&endpoint(&e)), Some(e.clone()));
            assert_eq!(parse_held(&held(Hash::of(b"k"), &e)), Some(e.clone()));
            assert_eq!(parse_refusal(&refusal(Hash::of(b"k"), &e)), Some(e.clone()));
            assert_eq!(parse_pending(&pending(&e, Hash::of(b"k"))), Some(e.clone()));
            assert!(endpoint(&e).starts_with(&host_prefix(&e.host)));
            assert!(endpoint(&e).as_slice() > BLOCKS && endpoint(&e).as_slice() < END);
        }
        let any = Endpoint { account: Account::any(), ..Endpoint::parse("", "a.example", 1).unwrap() };
        assert_eq!(parse_endpoint(&endpoint(&any)), Some(any));
    }

    #[test]
    fn a_key_that_is_not_canonical_is_none() {
        for bad in [
            &b"te"[..],
            b"teA.example\0\x03\xe1\0",
            b"tea.example\0\0\0\0",
            b"tea.example\0\x03\xe1",
            b"te\0\x03\xe1\0",
        ] {
            assert_eq!(parse_endpoint(bad), None, "{bad:?}");
        }
    }
}
