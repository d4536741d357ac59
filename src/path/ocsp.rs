//! A stapled OCSP response (RFC 6960): does it say, verifiably, that the leaf is revoked? A bounded
//! reader for exactly that. "Good" gains the server nothing here, so everything else is a remark.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::der::{
    ENUMERATED, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, Signed, generalized_time, parts, signed,
};
use super::verify::signature;
use crate::cert::{Cert, SignatureCheck};
use crate::time::Timestamp;

const BASIC_RESPONSE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// Single responses looked at in one response; a staple needs one.
const MAX_RESPONSES: usize = 64;
/// Certificates of delegated responders looked at in one response.
const MAX_RESPONDERS: usize = 4;

/// What a usable response says of the certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    /// Revoked, and since when.
    Revoked(Option<Timestamp>),
}

/// Reads a response about `leaf`, whose issuer is `issuer`. An error is why it says nothing.
pub(super) fn check(response: &[u8], leaf: &Cert, issuer: &Cert, at: Timestamp) -> Result<Status, &'static str> {
    const UNREADABLE: &str = "it cannot be read";
    let basic = basic(response)?;
    let body = signed(basic).ok_or(UNREADABLE)?;
    let single = find(body.tbs.value, leaf, issuer).ok_or(UNREADABLE)?.ok_or("it is about another certificate")?;
    verified(&body, issuer, at)?;
    if let Some(when) = single.revoked {
        // Revocation is for good: it counts although the response may be out of date.
        return Ok(Status::Revoked(when));
    }
    if !single.good {
        return Err("the authority does not know the certificate");
    }
    if single.this_update > at || single.next_update.is_some_and(|next| at > next) {
        return Err("it is out of date");
    }
    Ok(Status::Good)
}

/// The BasicOCSPResponse inside a successful response.
fn basic(response: &[u8]) -> Result<&[u8], &'static str> {
    let read = || {
        let mut outer = Reader::new(response).enter(SEQUENCE)?;
        let status = outer.value(ENUMERATED)?;
        Some((status, outer))
    };
    let (status, mut outer) = read().ok_or("it cannot be read")?;
    if status != [0] {
        return Err("the authority could not answer");
    }
    let mut read = || {
        let mut bytes = outer.enter(0xa0)?.enter(SEQUENCE)?;
        let kind = bytes.value(OID)?;
        Some((kind, bytes.value(OCTET_STRING)?))
    };
    match read() {
        Some((BASIC_RESPONSE, body)) => Ok(body),
        Some(_) => Err("it is of an unknown kind"),
        None => Err("it cannot be read"),
    }
}

struct Single {
    good: bool,
    revoked: Option<Option<Timestamp>>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
}

/// The single response about `leaf`: outer `None` for bad DER, inner `None` when it is not there.
fn find(tbs: &[u8], leaf: &Cert, issuer: &Cert) -> Option<Option<Single>> {
    let mut data = Reader::new(tbs);
    let _version = data.take(0xa0);
    let _responder = data.take(0xa1).or_else(|| data.take(0xa2))?;
    data.value(GENERALIZED_TIME)?;
    let mut responses = data.enter(SEQUENCE)?;
    for _ in 0..MAX_RESPONSES {
        if responses.at_end() {
            break;
        }
        let mut single = responses.enter(SEQUENCE)?;
        let id = single.enter(SEQUENCE)?;
        if is_about(id, leaf, issuer)? {
            return Some(Some(read_single(single)?));
        }
    }
    Some(None)
}

fn read_single(mut single: Reader<'_>) -> Option<Single> {
    let status = single.next()?;
    let this_update = generalized_time(single.value(GENERALIZED_TIME)?)?;
    let next_update = match single.enter(0xa0) {
        Some(mut next) => Some(generalized_time(next.value(GENERALIZED_TIME)?)?),
        None => None,
    };
    let revoked =
        (status.tag == 0xa1).then(|| Reader::new(status.value).value(GENERALIZED_TIME).and_then(generalized_time));
    Some(Single { good: status.tag == 0x80, revoked, this_update, next_update })
}

/// Compares a CertID: hashes of the issuer's name and key, and the serial number.
fn is_about(mut id: Reader<'_>, leaf: &Cert, issuer: &Cert) -> Option<bool> {
    let algorithm = id.enter(SEQUENCE)?.value(OID)?;
    let (name, key, serial) = (id.value(OCTET_STRING)?, id.value(OCTET_STRING)?, id.value(INTEGER)?);
    let key_bits = parts(issuer.der())?.key_bits;
    let hash = |bytes: &[u8]| match algorithm {
        SHA1 => Some(Sha1::digest(bytes).to_vec()),
        SHA256 => Some(Sha256::digest(bytes).to_vec()),
        _ => None,
    };
    let ours = (hash(leaf.issuer().der()), hash(key_bits));
    Some(parts(leaf.der())?.serial == serial && ours == (Some(name.to_vec()), Some(key.to_vec())))
}

/// Signed by the issuer, or by a responder that the issuer delegated to (RFC 6960, section 4.2.2.2).
fn verified(body: &Signed<'_>, issuer: &Cert, at: Timestamp) -> Result<(), &'static str> {
    let by = |key: &Cert| signature(key.spki_der(), body.algorithm, body.tbs.whole, body.signature);
    if by(issuer) == Some(true) {
        return Ok(());
    }
    let mut rest = body.rest;
    let mut certs = rest.enter(0xa0).and_then(|mut list| list.enter(SEQUENCE)).unwrap_or(Reader::new(&[]));
    for _ in 0..MAX_RESPONDERS {
        let Some(tlv) = certs.take(SEQUENCE) else { break };
        let Ok(responder) = Cert::parse_der(tlv.whole) else { continue };
        let may_answer = responder.extended_key_usage().is_some_and(|u| u.iter().any(|u| u == "OCSPSigning"));
        if may_answer
            && responder.is_valid_at(at)
            && by(&responder) == Some(true)
            && responder.signed_by(issuer) == SignatureCheck::Valid
        {
            return Ok(());
        }
    }
    Err("its signature does not verify under the certificate's issuer")
}
