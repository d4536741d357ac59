//! The two ways to write an RSA-PSS key: RFC 4055, section 2.1, wants a NULL behind the hash algorithms of its
//! parameters and has readers accept its absence. GnuTLS reads keys with it and writes them without, so that the
//! SHA-256 of one key differs from one program to another.

use super::der::{NULL, OID, Reader, SEQUENCE};

/// id-RSASSA-PSS.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// The fields of its parameters that name a hash: the hash itself, and the mask generation function, which has one.
const HASH: u8 = 0xA0;
const MASK: u8 = 0xA1;

/// The SubjectPublicKeyInfo `spki` of an RSA-PSS key in the other way to write it: without NULLs where it has any,
/// else with them. `None` for other keys, and where both are the same.
pub(super) fn otherwise(spki: &[u8]) -> Option<Vec<u8>> {
    let without = written(spki, false).filter(|without| without != spki);
    without.or_else(|| written(spki, true).filter(|with| with != spki))
}

/// The SubjectPublicKeyInfo of an RSA-PSS key, with NULLs or without.
pub(super) fn written(spki: &[u8], nulls: bool) -> Option<Vec<u8>> {
    let whole = Reader::new(spki).expect(SEQUENCE)?;
    let algorithm = whole.inside(spki).expect(SEQUENCE)?;
    let mut parts = algorithm.inside(spki);
    let name = parts.expect(OID).filter(|name| name.body(spki) == RSA_PSS)?;
    let parameters = parts.expect(SEQUENCE)?;
    let key = spki.get(algorithm.end..whole.content_end)?;
    let mut fields = parameters.inside(spki);
    let mut rewritten = Vec::new();
    while let Some(field) = fields.next().ok()? {
        let mut inner = field.inside(spki);
        match field.tag {
            HASH => rewritten.extend(element(HASH, &hash(spki, &mut inner, nulls)?)?),
            MASK => {
                let mut parts = inner.expect(SEQUENCE)?.inside(spki);
                let name = parts.expect(OID)?;
                let mask = [name.whole(spki), &hash(spki, &mut parts, nulls)?].concat();
                rewritten.extend(element(MASK, &element(SEQUENCE, &mask)?)?);
            }
            _ => rewritten.extend_from_slice(field.whole(spki)),
        }
    }
    let algorithm = [name.whole(spki), &element(SEQUENCE, &rewritten)?].concat();
    element(SEQUENCE, &[&element(SEQUENCE, &algorithm)?, key].concat())
}

/// The AlgorithmIdentifier of a hash, written with its NULL or without.
fn hash(all: &[u8], from: &mut Reader<'_>, nulls: bool) -> Option<Vec<u8>> {
    let algorithm = from.expect(SEQUENCE)?;
    let mut parts = algorithm.inside(all);
    let name = parts.expect(OID)?;
    // These parameters do not belong to a hash.
    let odd = !parts.is_empty() && parts.expect(NULL).is_none();
    let null: &[u8] = if nulls { &[NULL, 0] } else { &[] };
    if odd { None } else { element(SEQUENCE, &[name.whole(all), null].concat()) }
}

/// An element in DER.
fn element(tag: u8, content: &[u8]) -> Option<Vec<u8>> {
    let length = content.len();
    let head = match u8::try_from(length) {
        Ok(short) if short < 0x80 => vec![tag, short],
        Ok(long) => vec![tag, 0x81, long],
        Err(_) => [&[tag, 0x82][..], &u16::try_from(length).ok()?.to_be_bytes()].concat(),
    };
    Some([&head[..], content].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    const MGF1: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    const SALT: &[u8] = &[0xA2, 3, 2, 1, 32];

    fn key(parameters: &[u8]) -> Vec<u8> {
        let algorithm = [&[6, 9][..], RSA_PSS, parameters].concat();
        let bits = element(3, &[0; 300]).unwrap();
        element(SEQUENCE, &[element(SEQUENCE, &algorithm).unwrap(), bits].concat()).unwrap()
    }

    fn parameters(null: &[u8]) -> Vec<u8> {
        let hash = element(SEQUENCE, &[SHA256, null].concat()).unwrap();
        let mask = element(SEQUENCE, &[MGF1, &hash].concat()).unwrap();
        let all = [element(HASH, &hash).unwrap(), element(MASK, &mask).unwrap(), SALT.to_vec()].concat();
        element(SEQUENCE, &all).unwrap()
    }

    #[test]
    fn each_way_to_write_a_key_gives_the_other() {
        let (with, without) = (key(&parameters(&[NULL, 0])), key(&parameters(&[])));
        assert_eq!(otherwise(&with).as_ref(), Some(&without));
        assert_eq!(otherwise(&without).as_ref(), Some(&with));
    }

    #[test]
    fn keys_without_parameters_and_other_keys_have_one_way() {
        for one in [key(&[]), key(&[0x30, 0]), key(&element(SEQUENCE, SALT).unwrap()), Vec::new(), vec![0x30, 0x82, 1]]
        {
            assert_eq!(otherwise(&one), None, "{one:?}");
        }
        // A hash with other parameters is not known, and truncated bytes are not a key.
        assert_eq!(otherwise(&key(&parameters(&[2, 1, 1]))), None);
        let whole = key(&parameters(&[NULL, 0]));
        assert!((0..whole.len()).all(|end| otherwise(&whole[..end]).is_none()));
    }
}
