//! The SubjectPublicKeyInfo: which algorithm, how strong, and the key's own bytes. Whether a key
//! is acceptable is not decided here.

use std::borrow::Cow;

use super::der::{self, Tlv};
use super::notes::Notes;
use super::{KeyAlgorithm, KeyInfo, curves, kinds, oid};

/// id-ecPublicKey.
const EC: &str = "1.2.840.10045.2.1";

/// Where the parts of a SubjectPublicKeyInfo lie.
pub(super) struct Spki<'a> {
    pub(super) oid: String,
    /// The named curve of an EC key, dotted, also if the key has its numbers instead of its name.
    /// Empty for other keys.
    pub(super) curve: String,
    /// The parameters, if there are any.
    parameters: Option<Tlv>,
    /// The content of the BIT STRING without its first octet.
    pub(super) key: Cow<'a, [u8]>,
    /// False if the structure is not that of a SubjectPublicKeyInfo.
    sound: bool,
    unused_bits: u8,
}

impl<'a> Spki<'a> {
    /// Takes the SubjectPublicKeyInfo `tlv` apart.
    pub(super) fn read(all: &'a [u8], tlv: Tlv) -> Self {
        let mut inside = tlv.inside(all);
        let (mut oid, mut parameters, mut sound) = (String::new(), None, true);
        match inside.expect(der::SEQUENCE) {
            Some(algorithm) => {
                let (name, mut rest) = oid::leading(algorithm.inside(all), all);
                oid = name;
                parameters = rest.next().ok().flatten();
                sound &= rest.is_empty();
            }
            None => sound = false,
        }
        let bits = match inside.next() {
            Ok(Some(bits)) if bits.tag & !der::CONSTRUCTED == der::BIT_STRING => bits.string(all),
            _ => Cow::Borrowed(&[][..]),
        };
        sound &= inside.is_empty() && !bits.is_empty();
        let unused_bits = bits.first().copied().unwrap_or(0);
        let key = match bits {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(1..).unwrap_or(&[])),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(1..).unwrap_or(&[]).to_vec()),
        };
        let curve = match parameters {
            Some(p) if p.tag == der::OID => oid::dotted(p.body(all)),
            Some(p) if p.tag == der::SEQUENCE && oid == EC => {
                curves::named(all, p).map(str::to_owned).unwrap_or_default()
            }
            _ => String::new(),
        };
        Self { oid, curve, parameters, key, sound, unused_bits }
    }
}

/// Decodes the key and notes what is odd about it.
pub(super) fn read(all: &[u8], tlv: Tlv, notes: &mut Notes) -> KeyInfo {
    const PLACE: &str = "public key";
    let spki = Spki::read(all, tlv);
    let mut info = match spki.oid.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.7" => rsa(all, &spki, "RSA", notes),
        "1.2.840.113549.1.1.10" => rsa(all, &spki, "RSA-PSS", notes),
        EC => ec(all, &spki, notes),
        "1.2.840.10040.4.1" => dsa(all, &spki, notes),
        "1.3.101.112" => edwards(&spki, KeyAlgorithm::Ed25519, "Ed25519", 256, 32, notes),
        "1.3.101.113" => edwards(&spki, KeyAlgorithm::Ed448, "Ed448", 456, 57, notes),
        // id-ea-rsa of X.509, from before PKCS #1: some programs read it as RSA, TLS has no word for it.
        "2.5.8.1.1" => {
            notes.found("key-algorithm-unknown", PLACE, "RSA under its identifier of 1988");
            KeyInfo { algorithm: KeyAlgorithm::Unknown, ..rsa(all, &spki, "RSA (2.5.8.1.1)", notes) }
        }
        other => match kinds::ml_dsa(other) {
            Some(set) => ml_dsa(&spki, set, notes),
            None => unknown(&spki, notes),
        },
    };
    if !spki.sound {
        notes.add("key-structure", PLACE);
    }
    if spki.unused_bits != 0 {
        notes.add("key-unused-bits", PLACE);
        info.readable &= spki.unused_bits < 8;
    }
    info.weak |= !info.readable;
    if !info.readable {
        notes.found("key-unreadable", PLACE, &info.name);
    }
    info
}

fn facts(algorithm: KeyAlgorithm, name: &str) -> KeyInfo {
    KeyInfo { algorithm, name: name.to_owned(), bits: 0, rsa_exponent: None, readable: false, weak: true }
}

fn rsa(all: &[u8], spki: &Spki<'_>, name: &str, notes: &mut Notes) -> KeyInfo {
    let mut info = facts(KeyAlgorithm::Rsa, name);
    let null = spki.parameters.is_some_and(|p| p.tag == der::NULL && p.body(all).is_empty());
    if name == "RSA" && !null {
        notes.found("key-parameters", "public key", "RSA without the required NULL");
    }
    let Some(numbers) = der::Reader::new(&spki.key).expect(der::SEQUENCE) else { return info };
    if numbers.end < spki.key.len() {
        notes.add("key-structure", "public key");
    }
    let mut inside = numbers.inside(&spki.key);
    let (Some(n), Some(e)) = (inside.expect(der::INTEGER), inside.expect(der::INTEGER)) else { return info };
    if !inside.is_empty() {
        notes.add("key-structure", "public key");
    }
    let (modulus, exponent) = (n.body(&spki.key), e.body(&spki.key));
    info.bits = bits(modulus);
    info.rsa_exponent = Some(decimal(exponent));
    let positive = |number: &[u8]| number.first().is_some_and(|b| b & 0x80 == 0) && bits(number) > 0;
    info.readable = positive(modulus) && bits(exponent) > 0;
    let negative = |number: &[u8]| number.first().is_some_and(|b| b & 0x80 != 0) && bits(number) > 0;
    // OpenSSL and programs that use it read the bytes as they are. Other programs refuse the key.
    if negative(modulus) || negative(exponent) {
        notes.found("key-parameters", "public key", "RSA with a number that is written as a negative one");
        info.algorithm = KeyAlgorithm::Unknown;
        info.name.push_str(" (negative number)");
        info.readable = bits(exponent) > 0;
    }
    let sensible = exponent.last().is_some_and(|b| b & 1 == 1) && bits(exponent) > 1;
    if info.readable && (!sensible || modulus.last().is_some_and(|b| b & 1 == 0)) {
        notes.add("key-rsa-numbers", "public key");
    } else {
        info.weak = info.bits < 2048;
    }
    if !info.readable {
        info.weak = true;
    }
    info
}

/// Curves by OID: name, size in bits, whether a key on it may count as strong.
fn curve(oid: &str) -> Option<(&'static str, u32, bool)> {
    Some(match oid {
        "1.2.840.10045.3.1.7" => ("P-256", 256, true),
        "1.3.132.0.34" => ("P-384", 384, true),
        "1.3.132.0.35" => ("P-521", 521, true),
        "1.3.132.0.33" => ("P-224", 224, true),
        "1.2.840.10045.3.1.1" => ("P-192", 192, false),
        "1.3.132.0.10" => ("secp256k1", 256, true),
        "1.3.132.0.6" => ("secp112r1", 112, false),
        "1.3.132.0.8" => ("secp160r1", 160, false),
        "1.3.132.0.9" => ("secp160k1", 160, false),
        "1.3.132.0.30" => ("secp160r2", 160, false),
        "1.3.132.0.31" => ("secp192k1", 192, false),
        "1.3.132.0.32" => ("secp224k1", 224, true),
        "1.3.132.0.1" => ("sect163k1", 163, false),
        "1.3.132.0.15" => ("sect163r2", 163, false),
        "1.3.132.0.26" => ("sect233k1", 233, true),
        "1.3.132.0.27" => ("sect233r1", 233, true),
        "1.3.132.0.16" => ("sect283k1", 283, true),
        "1.3.132.0.17" => ("sect283r1", 283, true),
        "1.3.132.0.36" => ("sect409k1", 409, true),
        "1.3.132.0.37" => ("sect409r1", 409, true),
        "1.3.132.0.38" => ("sect571k1", 571, true),
        "1.3.132.0.39" => ("sect571r1", 571, true),
        "1.3.36.3.3.2.8.1.1.3" => ("brainpoolP192r1", 192, false),
        "1.3.36.3.3.2.8.1.1.5" => ("brainpoolP224r1", 224, true),
        "1.3.36.3.3.2.8.1.1.7" => ("brainpoolP256r1", 256, true),
        "1.3.36.3.3.2.8.1.1.11" => ("brainpoolP384r1", 384, true),
        "1.3.36.3.3.2.8.1.1.13" => ("brainpoolP512r1", 512, true),
        "1.2.156.10197.1.301" => ("SM2", 256, true),
        _ => return None,
    })
}

fn ec(all: &[u8], spki: &Spki<'_>, notes: &mut Notes) -> KeyInfo {
    let mut info = facts(KeyAlgorithm::Ec, "EC");
    match (curve(&spki.curve), spki.parameters) {
        (Some((name, bits, strong)), parameters) => {
            info.name = name.to_owned();
            info.bits = bits;
            info.weak = !strong;
            if parameters.is_some_and(|p| p.tag == der::SEQUENCE) {
                notes.add("key-curve-explicit", "public key");
            }
        }
        (None, Some(parameters)) if parameters.tag == der::SEQUENCE => {
            info.name = "EC, explicit curve".to_owned();
            info.bits = explicit_bits(all, parameters);
            notes.add("key-curve-explicit", "public key");
        }
        (None, _) if spki.curve.is_empty() => notes.found("key-parameters", "public key", "an EC key without a curve"),
        (None, _) => {
            info.weak = false;
            info.name = format!("EC, curve {}", spki.curve);
            notes.found("key-curve-unknown", "public key", &spki.curve);
        }
    }
    let octets = usize::try_from(info.bits).unwrap_or(usize::MAX).div_ceil(8);
    info.readable = match spki.key.first() {
        _ if octets == 0 => !spki.key.is_empty() && !spki.curve.is_empty(),
        Some(4) => spki.key.len() == octets.saturating_mul(2).saturating_add(1),
        Some(2 | 3) => spki.key.len() == octets.saturating_add(1),
        _ => false,
    };
    if info.readable && spki.key.first() != Some(&4) {
        notes.add("key-point-form", "public key");
    }
    info
}

/// The field size of explicit parameters over a prime field (SEC 1, C.2); 0 where it is not one.
fn explicit_bits(all: &[u8], parameters: Tlv) -> u32 {
    let mut inside = parameters.inside(all);
    let _version = inside.expect(der::INTEGER);
    let Some(field) = inside.expect(der::SEQUENCE) else { return 0 };
    let mut field = field.inside(all);
    match field.expect(der::OID).map(|kind| oid::dotted(kind.body(all))).as_deref() {
        Some("1.2.840.10045.1.1") => field.expect(der::INTEGER).map_or(0, |prime| bits(prime.body(all))),
        _ => 0,
    }
}

fn dsa(all: &[u8], spki: &Spki<'_>, notes: &mut Notes) -> KeyInfo {
    let mut info = facts(KeyAlgorithm::Dsa, "DSA");
    let numbers = spki.parameters.filter(|p| p.tag == der::SEQUENCE).map(|parameters| {
        let mut inside = parameters.inside(all);
        std::array::from_fn::<_, 3, _>(|_| inside.expect(der::INTEGER).map(|n| n.body(all)))
    });
    let positive = |number: &[u8]| number.first().is_some_and(|b| b & 0x80 == 0) && bits(number) > 0;
    if let Some([Some(p), Some(q), Some(g)]) = numbers {
        info.bits = bits(p);
        if ![p, q, g].into_iter().all(positive) {
            notes.found("key-parameters", "public key", "DSA with numbers that are not positive");
        }
    } else {
        notes.found("key-parameters", "public key", "DSA without its parameters");
    }
    let y = der::Reader::new(&spki.key).expect(der::INTEGER);
    info.readable = y.is_some_and(|y| positive(y.body(&spki.key)));
    info
}

fn edwards(
    spki: &Spki<'_>,
    algorithm: KeyAlgorithm,
    name: &str,
    bits: u32,
    length: usize,
    notes: &mut Notes,
) -> KeyInfo {
    if spki.parameters.is_some() {
        notes.found("key-parameters", "public key", &format!("{name} with parameters"));
    }
    let readable = spki.key.len() == length;
    KeyInfo { bits, readable, weak: !readable, ..facts(algorithm, name) }
}

/// ML-DSA has no parameters and keys of one length for each set (FIPS 204, table 2; RFC 9881, section 3).
fn ml_dsa(spki: &Spki<'_>, (_, name, length): (u8, &str, usize), notes: &mut Notes) -> KeyInfo {
    if spki.parameters.is_some() {
        notes.found("key-parameters", "public key", &format!("{name} with parameters"));
    }
    let readable = spki.key.len() == length;
    KeyInfo { bits: size(&spki.key), readable, weak: !readable, ..facts(KeyAlgorithm::MlDsa, name) }
}

/// A key of a kind that this library does not know. The caller's TLS stack may have verified a
/// handshake with it, and its bytes can be compared, so it counts as readable.
fn unknown(spki: &Spki<'_>, notes: &mut Notes) -> KeyInfo {
    let name = match spki.oid.as_str() {
        "" => "unreadable",
        oid => kinds::key(oid).unwrap_or(oid),
    };
    notes.found("key-algorithm-unknown", "public key", name);
    opaque(spki, name)
}

fn opaque(spki: &Spki<'_>, name: &str) -> KeyInfo {
    let readable = spki.sound && !spki.oid.is_empty() && !spki.key.is_empty();
    KeyInfo { bits: size(&spki.key), readable, weak: !readable, ..facts(KeyAlgorithm::Unknown, name) }
}

/// The whole of a key in bits.
fn size(key: &[u8]) -> u32 {
    u32::try_from(key.len()).unwrap_or(u32::MAX).saturating_mul(8)
}

/// The number of significant bits of an unsigned big-endian number.
fn bits(number: &[u8]) -> u32 {
    let mut rest = number;
    while let [0, tail @ ..] = rest {
        rest = tail;
    }
    let Some(first) = rest.first() else { return 0 };
    let octets = u32::try_from(rest.len()).unwrap_or(u32::MAX);
    octets.saturating_mul(8).saturating_sub(first.leading_zeros())
}

/// A number as decimal text, or as hexadecimal if it is larger than any reasonable exponent.
fn decimal(number: &[u8]) -> String {
    if bits(number) <= 128 {
        number.iter().fold(0u128, |n, b| (n << 8) | u128::from(*b)).to_string()
    } else {
        format!("0x{}", data_encoding::HEXLOWER.encode(number))
    }
}
