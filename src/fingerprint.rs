//! Fingerprints as people type or paste them and as programs write them: hexadecimal with or
//! without colons, spaces or hyphens, or base64, each with the labels that programs print. Only
//! full SHA-256 values: anything shorter can be matched by a forger (pitfall 16). The user's answer
//! (`trust`) and the settings of other programs (`store`) are read here alike.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};
use thiserror::Error;

use crate::hash::Hash;

/// The longest input looked at, in bytes.
const MAX_INPUT: usize = 256;

/// What stands before a key pin (RFC 7469, curl's `--pinnedpubkey`, and as gnutls-cli and certtool print it).
const KEY_LABELS: [&str; 3] = ["sha256//", "pin-sha256=", "pin-sha256:"];
/// What stands before other values, as OpenSSL, ssh and others print them.
const LABELS: [&str; 8] = [
    "sha256 fingerprint=",
    "sha-256 fingerprint=",
    "sha256 fingerprint:",
    "sha256:",
    "sha-256:",
    "sha256=",
    "sha-256=",
    "sha256 ",
];
/// What stands before values that are not taken.
const SHA1_LABELS: [&str; 5] = ["sha1 ", "sha1:", "sha1=", "sha-1", "sha1fingerprint"];

/// A SHA-256 value, and what it may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fingerprint {
    /// It says that it is a key's (`sha256//…`, `pin-sha256=…`, `pin-sha256:…`).
    Key(Hash),
    /// It does not say, or says certificate.
    Either(Hash),
}

impl Fingerprint {
    /// Whether it is that of the leaf with this key and this certificate.
    pub fn fits(self, spki: Hash, cert: Hash) -> bool {
        match self {
            Self::Key(hash) => hash == spki,
            Self::Either(hash) => hash == spki || hash == cert,
        }
    }

    /// The value, whatever it is of.
    pub fn hash(self) -> Hash {
        match self {
            Self::Key(hash) | Self::Either(hash) => hash,
        }
    }
}

/// Why a text is not a SHA-256 fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FingerprintError {
    /// 20 bytes, or so labelled.
    #[error("a SHA-1 fingerprint: two certificates with the same one can be made; use SHA-256")]
    Sha1,
    /// 16 bytes, or so labelled.
    #[error("an MD5 fingerprint, or half of a SHA-256 one: others with the same can be made; use all of SHA-256")]
    Md5,
    /// A key pin of another length, or whose base64 cannot be read.
    #[error("not a full SHA-256 key pin")]
    KeyPin,
    /// Hexadecimal digits, but not as many as any fingerprint has.
    #[error("{0} digits, where a SHA-256 fingerprint has 64")]
    Digits(usize),
    /// More than anybody writes.
    #[error("too long to be a fingerprint")]
    TooLong,
    /// Anything else.
    #[error("not a SHA-256 fingerprint (64 hexadecimal digits, colons allowed, or sha256// and base64)")]
    Other,
}

/// Reads a fingerprint that a person gave: `AB:CD:…`, `abcd…`, `AB CD …`, `SHA256:…` and
/// `sha256 Fingerprint=…` as OpenSSL and ssh print them, `sha256//BASE64=` and
/// `pin-sha256="BASE64="` or `pin-sha256:BASE64=` for keys, plain base64.
pub fn parse(input: &str) -> Result<Fingerprint, FingerprintError> {
    match parse_labelled(input) {
        Err(FingerprintError::Other | FingerprintError::Digits(43)) => {
            from_base64(unlabelled(trimmed(input))).map(Fingerprint::Either).ok_or(FingerprintError::Other)
        }
        read => read,
    }
}

/// Reads a fingerprint in a file: as [`parse`], but for plain base64, which may be anything, a
/// password included.
pub fn parse_labelled(input: &str) -> Result<Fingerprint, FingerprintError> {
    if input.len() > MAX_INPUT {
        return Err(FingerprintError::TooLong);
    }
    let text = trimmed(input);
    if let Some(pin) = KEY_LABELS.iter().find_map(|label| after(text, label)) {
        return from_base64(pin.trim().trim_matches(['"', '\''])).map(Fingerprint::Key).ok_or(FingerprintError::KeyPin);
    }
    if after(text, "md5").is_some() {
        return Err(FingerprintError::Md5);
    }
    if SHA1_LABELS.iter().any(|label| after(text, label).is_some()) {
        return Err(FingerprintError::Sha1);
    }
    let rest = unlabelled(text);
    let digits: String = rest.chars().filter(|c| !matches!(c, ':' | '-' | ' ' | '\t')).collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(FingerprintError::Other);
    }
    match digits.len() {
        64 => Hash::from_hex(&digits).map(Fingerprint::Either).ok_or(FingerprintError::Other),
        40 => Err(FingerprintError::Sha1),
        32 => Err(FingerprintError::Md5),
        count => Err(FingerprintError::Digits(count)),
    }
}

fn trimmed(input: &str) -> &str {
    input.trim().trim_matches(['"', '\'']).trim()
}

/// What follows a label, in whatever case that is written.
fn after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(label.len())?;
    start.eq_ignore_ascii_case(label).then_some(rest)
}

fn unlabelled(text: &str) -> &str {
    LABELS.iter().find_map(|label| after(text, label)).unwrap_or(text).trim()
}

fn from_base64(text: &str) -> Option<Hash> {
    let bytes = text.as_bytes();
    let decoded = BASE64.decode(bytes).or_else(|_| BASE64_NOPAD.decode(bytes));
    let decoded = decoded.or_else(|_| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes())).ok()?;
    Some(Hash::from_bytes(decoded.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_read() {
        let hash = Hash::of(b"abc");
        let hex = hash.hex();
        let spaced: Vec<String> = hex.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        for text in [
            hex.clone(),
            hex.to_uppercase(),
            hash.colon_hex(),
            hash.colon_hex().replace(':', "-"),
            spaced.join(" "),
            format!("  sha256 Fingerprint={}\n", hash.colon_hex()),
            format!("SHA256 Fingerprint={}", hash.colon_hex()),
            format!("SHA-256={}", hash.colon_hex()),
            format!("\"{}\"", hash.colon_hex()),
            format!("'{}'", hash.colon_hex()),
            format!("sha256:{hex}"),
            format!("SHA256:{hex}"),
        ] {
            assert_eq!(parse_labelled(&text), Ok(Fingerprint::Either(hash)), "{text}");
            assert_eq!(parse(&text), Ok(Fingerprint::Either(hash)), "{text}");
        }
        for text in [
            hash.key_pin(),
            format!("SHA256//{}", hash.base64()),
            format!("pin-sha256=\"{}\"", hash.base64()),
            format!("pin-sha256:{}", hash.base64()),
        ] {
            assert_eq!(parse_labelled(&text), Ok(Fingerprint::Key(hash)), "{text}");
            assert_eq!(parse(&text), Ok(Fingerprint::Key(hash)), "{text}");
        }
    }

    #[test]
    fn plain_base64_is_taken_from_a_person_and_never_from_a_file() {
        let hash = Hash::of(b"abc");
        let unpadded = hash.base64().trim_end_matches('=').to_owned();
        // 43 characters that happen to be hexadecimal digits are base64 all the same.
        let digits = "A".repeat(42) + "0";
        for text in [hash.base64(), unpadded.clone(), format!("SHA256:{unpadded}")] {
            assert_eq!(parse(&text), Ok(Fingerprint::Either(hash)), "{text}");
            assert_eq!(parse_labelled(&text), Err(FingerprintError::Other), "{text}");
        }
        assert!(parse(&digits).is_ok() && parse_labelled(&digits) == Err(FingerprintError::Digits(43)));
    }

    #[test]
    fn what_is_short_or_weak_is_refused_with_the_reason() {
        let hex = Hash::of(b"abc").hex();
        for (text, reason) in [
            ("", FingerprintError::Other),
            ("zz", FingerprintError::Other),
            ("yes", FingerprintError::Other),
            ("ab", FingerprintError::Digits(2)),
            (&hex[..63], FingerprintError::Digits(63)),
            (&hex[..40], FingerprintError::Sha1),
            (&"ab:".repeat(20), FingerprintError::Sha1),
            (&hex[..32], FingerprintError::Md5),
            ("SHA1 Fingerprint=00:11", FingerprintError::Sha1),
            ("MD5 Fingerprint=00:11", FingerprintError::Md5),
            ("sha256//AAAA", FingerprintError::KeyPin),
            ("pin-sha256:AAAA", FingerprintError::KeyPin),
            (&"é".repeat(64), FingerprintError::Other),
            (&"a".repeat(10_000), FingerprintError::TooLong),
        ] {
            assert_eq!(parse(text), Err(reason), "{text:.80}");
            assert_eq!(parse_labelled(text), Err(reason), "{text:.80}");
        }
    }
}
