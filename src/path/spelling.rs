//! Signature algorithms and keys that mean one thing and have several spellings: RSASSA-PSS with
//! hash identifiers with or without NULL (RFC 4055, section 2.1, wants both accepted), RSA keys for
//! RSASSA-PSS alone, and ECDSA with a NULL parameter. They are rewritten in webpki's spelling and
//! verified with its algorithms, so that no other algorithm, curve or key size is accepted in this
//! way.

use std::borrow::Cow;

use super::der::{BIT_STRING, INTEGER, NULL, OID, Reader, SEQUENCE, Signed, signed, write};
use super::verify;
use crate::cert::Cert;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0a];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
/// ecdsa-with-SHA256, -SHA384 and -SHA512 without the last number.
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];

/// Verifies the signature on `cert` with `issuer`'s key and webpki's algorithms, in any spelling.
/// `None` if it is not one of webpki's algorithms.
pub(super) fn verify(cert: &Cert, issuer: &Cert) -> Option<bool> {
    let parts = signed(cert.der())?;
    let (algorithm, key) = respelled(&parts, issuer)?;
    verify::signature(&key, &algorithm, parts.tbs.whole, parts.signature)
}

/// Whether the signature or the key is spelled in another way than webpki's.
pub(super) fn differs(cert: &Cert, issuer: &Cert) -> bool {
    let respelled = signed(cert.der()).and_then(|parts| {
        let (algorithm, key) = respelled(&parts, issuer)?;
        Some(*algorithm != *parts.algorithm || *key != *issuer.spki_der())
    });
    respelled == Some(true)
}

type Bytes<'a> = Cow<'a, [u8]>;

/// The contents of the signature's AlgorithmIdentifier and the key's DER.
fn respelled<'a>(parts: &Signed<'a>, issuer: &'a Cert) -> Option<(Bytes<'a>, Bytes<'a>)> {
    let (mut algorithm, mut key) = (Cow::Borrowed(parts.algorithm), Cow::Borrowed(issuer.spki_der()));
    let mut inside = Reader::new(parts.algorithm);
    let id = inside.value(OID)?;
    if id == PSS {
        let scheme = Pss::read(inside)?;
        algorithm = Cow::Owned(scheme.written());
        if let Some(plain) = rsa_key(issuer.spki_der(), &scheme)? {
            key = Cow::Owned(plain);
        }
    } else if id.strip_prefix(ECDSA).is_some_and(|last| matches!(last, [2..=4]))
        && inside.take(NULL).is_some_and(|null| null.value.is_empty())
        && inside.at_end()
    {
        algorithm = Cow::Owned(write(OID, &[id]));
    }
    Some((algorithm, key))
}

/// The parameters of RSASSA-PSS (RFC 4055, section 3.1) with one hash throughout.
#[derive(PartialEq)]
struct Pss<'a> {
    hash: &'a [u8],
    salt: u8,
}

impl<'a> Pss<'a> {
    /// Reads what follows the algorithm's identifier. The defaults stand for SHA-1, which is not
    /// wanted, so hash, mask and salt must be there.
    fn read(mut after_id: Reader<'a>) -> Option<Self> {
        let mut fields = after_id.enter(SEQUENCE)?;
        let hash = hash(&mut fields.enter(0xa0)?)?;
        let mut outer = fields.enter(0xa1)?;
        let mut mask = outer.enter(SEQUENCE)?;
        let mgf1 = mask.value(OID)? == MGF1;
        let same = hash == self::hash(&mut mask)?;
        let mut length = fields.enter(0xa2)?;
        let salt = match length.value(INTEGER)? {
            [salt] if *salt < 0x80 => *salt,
            _ => return None,
        };
        let trailer = match fields.enter(0xa3) {
            Some(mut trailer) => trailer.value(INTEGER)? == [1] && trailer.at_end(),
            None => true,
        };
        let used_up = [after_id, fields, outer, mask, length].iter().all(Reader::at_end);
        (mgf1 && same && trailer && used_up).then_some(Self { hash, salt })
    }

    /// As webpki spells it: every hash with NULL.
    fn written(&self) -> Vec<u8> {
        let hash = write(SEQUENCE, &[&write(OID, &[self.hash]), &write(NULL, &[])]);
        let mask = write(SEQUENCE, &[&write(OID, &[MGF1]), &hash]);
        let fields = write(
            SEQUENCE,
            &[&write(0xa0, &[&hash]), &write(0xa1, &[&mask]), &write(0xa2, &[&write(INTEGER, &[&[self.salt]])])],
        );
        [write(OID, &[PSS]), fields].concat()
    }
}

/// A hash's AlgorithmIdentifier that fills the reader, with NULL or without parameters.
fn hash<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut inside = reader.enter(SEQUENCE)?;
    let id = inside.value(OID)?;
    let null = inside.take(NULL).is_none_or(|null| null.value.is_empty());
    (null && inside.at_end() && reader.at_end()).then_some(id)
}

/// A key for RSASSA-PSS alone as a plain RSA key, where its parameters allow `scheme` (RFC 4055,
/// section 3.3). Inner `None`: it is a plain one already.
fn rsa_key(spki: &[u8], scheme: &Pss<'_>) -> Option<Option<Vec<u8>>> {
    let mut key = Reader::new(spki).enter(SEQUENCE)?;
    let mut algorithm = key.enter(SEQUENCE)?;
    if algorithm.value(OID)? != PSS {
        return Some(None);
    }
    if !algorithm.at_end() {
        let allowed = Pss::read(algorithm)?;
        if allowed.hash != scheme.hash || allowed.salt > scheme.salt {
            return None;
        }
    }
    let bits = key.take(BIT_STRING)?;
    let plain = write(SEQUENCE, &[&write(OID, &[RSA]), &write(NULL, &[])]);
    key.at_end().then(|| Some(write(SEQUENCE, &[&plain, bits.whole])))
}
