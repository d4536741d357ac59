//! Reads a stapled OCSP response (RFC 6960), with limits, to find out whether it verifiably says
//! that the leaf is revoked. "Good" gains the server nothing here, so everything else is a remark.

use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::crl;
use super::der::{
    ENUMERATED, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, Signed, Tlv, generalized_time, signed,
};
use super::judge::called;
use super::signers::Target;
use crate::cert::{self, Cert, SignatureCheck};
use crate::time::{Timestamp, date};

const BASIC_RESPONSE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
/// The nonce, the one response extension that need not be understood to be harmless.
const NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
/// The hash algorithms of NIST (2.16.840.1.101.3.4.2), whose last arc follows.
const NIST: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
/// Certificates of delegated responders looked at in one response.
const MAX_RESPONDERS: usize = 4;

const UNREADABLE: &str = "it cannot be read";

/// What a usable response says of the certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    /// Revoked, and since when.
    Revoked(Option<Timestamp>),
}

/// Reads a response about the leaf. An error is why it says nothing.
pub(super) fn check(response: &[u8], leaf: &Target<'_>, at: Timestamp) -> Result<Status, String> {
    let basic = basic(response)?;
    let body = signed(basic).ok_or(UNREADABLE)?;
    let answers = Answers::read(body.tbs.value, leaf).ok_or(UNREADABLE)?;
    if answers.about.is_empty() {
        return Err(answers.nothing());
    }
    // A revocation is permanent: it counts even if the response or its signer is out of date.
    let revoked = answers.about.iter().filter_map(|single| single.revoked);
    if let Some(when) = revoked.min_by_key(|when| when.unwrap_or(Timestamp::MAX)) {
        verified(&body, leaf, &[at, answers.produced])?;
        return Ok(Status::Revoked(when));
    }
    verified(&body, leaf, &[at])?;
    match answers.about.iter().find_map(|single| single.doubt(at)).or(answers.doubt()) {
        Some(doubt) => Err(doubt),
        None => Ok(Status::Good),
    }
}

/// The BasicOCSPResponse inside a successful response.
fn basic(response: &[u8]) -> Result<&[u8], &'static str> {
    let read = || {
        let mut outer = Reader::new(response).enter(SEQUENCE)?;
        let status = outer.value(ENUMERATED)?;
        Some((status, outer))
    };
    let (status, mut outer) = read().ok_or(UNREADABLE)?;
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
        None => Err(UNREADABLE),
    }
}

/// What a response says, as far as it concerns the leaf.
struct Answers {
    produced: Timestamp,
    about: Vec<Single>,
    /// An answer names a certificate of this serial number by a hash that is unknown here.
    unknown_hash: Option<String>,
    /// A critical extension that is unknown here.
    unknown: Option<String>,
    /// False where a part cannot be read.
    sound: bool,
}

struct Single {
    good: bool,
    revoked: Option<Option<Timestamp>>,
    this_update: Option<Timestamp>,
    next_update: Option<Timestamp>,
    /// A critical extension that is unknown here.
    unknown: Option<String>,
    sound: bool,
}

impl Answers {
    /// Reads all answers: a "revoked" counts at any place. `None` if the input has no readable
    /// outer structure.
    fn read(tbs: &[u8], leaf: &Target<'_>) -> Option<Self> {
        let mut data = Reader::new(tbs);
        let _version = data.take(0xa0);
        let _responder = data.take(0xa1).or_else(|| data.take(0xa2))?;
        let produced = data.value(GENERALIZED_TIME).map(|time| generalized_time(time).unwrap_or(Timestamp::MIN))?;
        let mut responses = data.enter(SEQUENCE)?;
        let mut answers = Self { produced, about: Vec::new(), unknown_hash: None, unknown: None, sound: true };
        let mut hashes = Hashes::new(leaf);
        while !responses.at_end() {
            let Some(single) = responses.next() else {
                answers.sound = false;
                break;
            };
            if answers.take(single, leaf, &mut hashes).is_none() {
                answers.sound = false;
            }
        }
        match data.enter(0xa1).map(|mut explicit| explicit.enter(SEQUENCE)) {
            Some(Some(extensions)) => match unknown_critical(extensions) {
                Ok(unknown) => answers.unknown = unknown,
                Err(()) => answers.sound = false,
            },
            Some(None) => answers.sound = false,
            None => {}
        }
        Some(answers)
    }

    /// One single response; `None` where it cannot be read.
    fn take(&mut self, single: Tlv<'_>, leaf: &Target<'_>, hashes: &mut Hashes) -> Option<()> {
        let mut single = Some(single).filter(|tlv| tlv.tag == SEQUENCE).map(|tlv| Reader::new(tlv.value))?;
        let mut id = single.enter(SEQUENCE)?;
        let algorithm = id.enter(SEQUENCE)?.value(OID)?;
        let (name, key, serial) = (id.value(OCTET_STRING)?, id.value(OCTET_STRING)?, id.value(INTEGER)?);
        if crl::integer(serial) != crl::integer(leaf.element.cert.serial_bytes()) {
            return Some(());
        }
        match hashes.fit(algorithm, name, key) {
            Some(true) => self.about.push(Single::read(single)?),
            Some(false) => {}
            None => self.unknown_hash = Some(cert::dotted(algorithm)),
        }
        Some(())
    }

    /// Why a response that has no answer about the leaf says nothing.
    fn nothing(&self) -> String {
        match &self.unknown_hash {
            Some(oid) => format!("it names the certificate by a hash that is unknown here ({oid})"),
            None if !self.sound => UNREADABLE.to_owned(),
            None => "it is about another certificate".to_owned(),
        }
    }

    fn doubt(&self) -> Option<String> {
        let unknown = self.unknown.as_ref().map(|oid| unknown_here(oid));
        unknown.or_else(|| (!self.sound).then(|| "a part of it cannot be read".to_owned()))
    }
}

impl Single {
    /// What follows the CertID.
    fn read(mut single: Reader<'_>) -> Option<Self> {
        let status = single.next()?;
        let revoked =
            (status.tag == 0xa1).then(|| Reader::new(status.value).value(GENERALIZED_TIME).and_then(generalized_time));
        let this_update = single.value(GENERALIZED_TIME).and_then(generalized_time);
        let mut sound = this_update.is_some();
        let next_update = single.enter(0xa0).and_then(|mut next| {
            let read = next.value(GENERALIZED_TIME).and_then(generalized_time);
            sound &= read.is_some();
            read
        });
        let mut unknown = None;
        if let Some(mut explicit) = single.enter(0xa1) {
            match explicit.enter(SEQUENCE).ok_or(()).and_then(unknown_critical) {
                Ok(found) => unknown = found,
                Err(()) => sound = false,
            }
        }
        Some(Self {
            good: status.tag == 0x80,
            revoked,
            this_update,
            next_update,
            unknown,
            sound: sound && single.at_end(),
        })
    }

    /// Why the answer does not show that the certificate is good now.
    fn doubt(&self, at: Timestamp) -> Option<String> {
        if !self.good {
            return Some("the authority does not know the certificate".to_owned());
        }
        match (self.this_update, self.next_update) {
            (_, Some(next)) if at > next => Some(format!("it has been out of date since {}", date(next))),
            (Some(this), _) if this > at => Some(format!("it is dated {}, which is in the future", date(this))),
            _ if !self.sound => Some("a part of it cannot be read".to_owned()),
            _ => self.unknown.as_ref().map(|oid| unknown_here(oid)),
        }
    }
}

fn unknown_here(oid: &str) -> String {
    format!("it has a critical extension that is unknown here ({oid})")
}

/// The first critical extension of a response, other than the nonce.
fn unknown_critical(mut extensions: Reader<'_>) -> Result<Option<String>, ()> {
    while !extensions.at_end() {
        let mut extension = extensions.enter(SEQUENCE).ok_or(())?;
        let oid = extension.value(OID).ok_or(())?;
        let critical = extension.value(0x01).is_some_and(|flag| flag != [0]);
        if critical && oid != NONCE {
            return Ok(Some(cert::dotted(oid)));
        }
    }
    Ok(None)
}

/// The values that a CertID may hash: the issuer's name as the leaf or the issuer itself writes it,
/// and the key of each certificate that may speak for the issuer.
struct Hashes {
    names: Vec<Vec<u8>>,
    keys: Vec<Vec<u8>>,
    /// By algorithm, so that a response with many answers costs no more than one: the hashes of the
    /// names and of the keys.
    known: Vec<(Vec<u8>, Both)>,
}

type Both = (Vec<Vec<u8>>, Vec<Vec<u8>>);

impl Hashes {
    fn new(leaf: &Target<'_>) -> Self {
        let names = vec![leaf.element.cert.issuer().der().to_vec(), leaf.issuer.subject().der().to_vec()];
        Self { names, keys: leaf.signers().map(Cert::key_bits).collect(), known: Vec::new() }
    }

    /// Whether the hashes of a CertID are these; `None` for an algorithm that is unknown here.
    fn fit(&mut self, algorithm: &[u8], name: &[u8], key: &[u8]) -> Option<bool> {
        let contain = |(names, keys): &Both| names.iter().any(|h| h == name) && keys.iter().any(|h| h == key);
        if let Some((_, both)) = self.known.iter().find(|(known, _)| known == algorithm) {
            return Some(contain(both));
        }
        let hash = hash(algorithm)?;
        let all = |of: &[Vec<u8>]| of.iter().map(|bytes| hash(bytes)).collect::<Vec<_>>();
        let both = (all(&self.names), all(&self.keys));
        let fits = contain(&both);
        self.known.push((algorithm.to_vec(), both));
        Some(fits)
    }
}

type Hash = fn(&[u8]) -> Vec<u8>;

/// The hash algorithm with this object identifier.
fn hash(algorithm: &[u8]) -> Option<Hash> {
    Some(match (algorithm, algorithm.strip_prefix(NIST)) {
        (SHA1, _) => |bytes| Sha1::digest(bytes).to_vec(),
        (_, Some([1])) => |bytes| Sha256::digest(bytes).to_vec(),
        (_, Some([2])) => |bytes| Sha384::digest(bytes).to_vec(),
        (_, Some([3])) => |bytes| Sha512::digest(bytes).to_vec(),
        (_, Some([4])) => |bytes| Sha224::digest(bytes).to_vec(),
        (_, Some([5])) => |bytes| Sha512_224::digest(bytes).to_vec(),
        (_, Some([6])) => |bytes| Sha512_256::digest(bytes).to_vec(),
        _ => return None,
    })
}

/// Signed by the issuer, or by a responder that the issuer delegated to (RFC 6960, section 4.2.2.2)
/// and whose certificate was in force at one of the given times.
fn verified(body: &Signed<'_>, leaf: &Target<'_>, times: &[Timestamp]) -> Result<(), String> {
    let by = |cert: &Cert| cert.verifies(body.algorithm, body.tbs.whole, body.signature);
    let mut error = None;
    for signer in leaf.signers() {
        match by(signer) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(reason) => error = Some(reason),
        }
    }
    let mut rest = body.rest;
    let mut certs = rest.enter(0xa0).and_then(|mut list| list.enter(SEQUENCE)).unwrap_or(Reader::new(&[]));
    for _ in 0..MAX_RESPONDERS {
        let Some(tlv) = certs.take(SEQUENCE) else { break };
        let Ok(responder) = Cert::parse_der(tlv.whole) else { continue };
        match by(&responder) {
            Ok(true) => return delegated(&responder, leaf, times),
            Ok(false) => {}
            Err(reason) => error = Some(reason),
        }
    }
    Err(error.unwrap_or_else(|| "its signature does not verify under the certificate's issuer".to_owned()))
}

/// Whether the issuer let this responder answer.
fn delegated(responder: &Cert, leaf: &Target<'_>, times: &[Timestamp]) -> Result<(), String> {
    let who = called(responder.subject());
    let checks: Vec<SignatureCheck> = leaf.signers().map(|signer| responder.signed_by(signer)).collect();
    if !checks.contains(&SignatureCheck::Valid) {
        return Err(match checks.contains(&SignatureCheck::Unsupported) {
            true => format!("the certificate of its signer, {who}, cannot be checked here"),
            false => format!("its signer, {who}, has no certificate from the authority"),
        });
    }
    if !responder.extended_key_usage().is_some_and(|u| u.iter().any(|u| u == "OCSPSigning")) {
        return Err(format!("its signer, {who}, may not answer for the authority"));
    }
    if !times.iter().any(|at| responder.is_valid_at(*at)) {
        return Err(format!("the certificate of its signer, {who}, is out of date"));
    }
    Ok(())
}
