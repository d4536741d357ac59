//! Fingerprints as people type or paste them and as programs write them: hexadecimal with or
//! without colons, spaces or hyphens, or base64, each with the labels that programs print. Only
//! full SHA-256 values are accepted, because a forger can match anything shorter
//! (docs/pitfalls.md#16). The user's answer (`trust`) and the settings of other programs (`store`)
//! are both read here.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};
use thiserror::Error;

use crate::cert::Cert;
use crate::hash::Hash;

/// The longest input looked at, in bytes: 32 bytes written as `0xAB, ` with marks between them.
const MAX_INPUT: usize = 512;

/// The prefix of a key pin (RFC 7469; curl's `--pinnedpubkey`; OkHttp; gnutls-cli and certtool).
const KEY_LABELS: [&str; 4] = ["sha256//", "sha256/", "pin-sha256=", "pin-sha256:"];
/// The names of the hash, as programs write them before other values.
const SHA256: [&str; 4] = ["sha256", "sha-256", "sha2-256", "sha_256"];
/// The text that may be between the name of the hash and the `:`, `=` or space before the value.
const NOUNS: [&str; 3] = ["fingerprint", "thumbprint", "hash"];
/// The names of other hashes. A value after one of them is refused.
const OTHERS: [(&str, FingerprintError); 14] = [
    ("md5", FingerprintError::Md5),
    ("pin-sha1", FingerprintError::Sha1),
    ("sha1", FingerprintError::Sha1),
    ("sha-1", FingerprintError::Sha1),
    ("sha_1", FingerprintError::Sha1),
    ("pin-sha384", FingerprintError::Longer("SHA-384")),
    ("sha384", FingerprintError::Longer("SHA-384")),
    ("sha-384", FingerprintError::Longer("SHA-384")),
    ("sha2-384", FingerprintError::Longer("SHA-384")),
    ("pin-sha512", FingerprintError::Longer("SHA-512")),
    ("sha512", FingerprintError::Longer("SHA-512")),
    ("sha-512", FingerprintError::Longer("SHA-512")),
    ("sha2-512", FingerprintError::Longer("SHA-512")),
    ("sha224", FingerprintError::Other),
];

/// A SHA-256 value, and what it may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fingerprint {
    /// It says that it is a key's (`sha256//…`, `sha256/…`, `pin-sha256=…`, `pin-sha256:…`).
    Key(Hash),
    /// It does not say, or says certificate.
    Either(Hash),
}

impl Fingerprint {
    /// Whether it is that of this certificate or its key. An RSA-PSS key has two values, see
    /// [`Cert::spki_otherwise`].
    pub fn fits(self, cert: &Cert) -> bool {
        let of_key = |hash| hash == cert.spki() || Some(hash) == cert.spki_otherwise();
        match self {
            Self::Key(hash) => of_key(hash),
            Self::Either(hash) => of_key(hash) || hash == cert.fingerprint(),
        }
    }

    /// The value, of a certificate or of a key.
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
    #[error("a SHA-1 fingerprint: other certificates with the same value can be made; use SHA-256")]
    Sha1,
    /// 16 bytes, or so labelled.
    #[error(
        "an MD5 fingerprint, or half of a SHA-256 one: other certificates with the same value can be made; use the full SHA-256"
    )]
    Md5,
    /// A value of a longer hash, from which the SHA-256 value cannot be computed.
    #[error("a {0} fingerprint: only SHA-256 is compared here, and it cannot be computed from {0}")]
    Longer(&'static str),
    /// A key pin of another length, or whose base64 cannot be read.
    #[error("not a full SHA-256 key pin")]
    KeyPin,
    /// Hexadecimal digits, but not as many as any fingerprint has.
    #[error("{0} digits long; a SHA-256 fingerprint has 64")]
    Digits(usize),
    /// More than anybody writes.
    #[error("too long to be a fingerprint")]
    TooLong,
    /// Anything else.
    #[error("not a SHA-256 fingerprint (64 hexadecimal digits, colons allowed, or sha256// and base64)")]
    Other,
}

/// Reads a fingerprint that a person gave: `AB:CD:…`, `abcd…`, `AB CD …`, `0xAB…`, `SHA256:…` and
/// `sha256 Fingerprint=…` as OpenSSL and ssh print them, `sha256//BASE64=`, `sha256/BASE64=` and
/// `pin-sha256="BASE64="` or `pin-sha256:BASE64=` for keys, plain base64. Invisible characters that
/// come along when a value is copied from a window or a web page are ignored.
pub fn parse(input: &str) -> Result<Fingerprint, FingerprintError> {
    match parse_labelled(input) {
        Err(FingerprintError::Other | FingerprintError::Digits(43)) => {
            let text = visible(input);
            from_base64(unlabelled(trimmed(&text))).map(Fingerprint::Either).ok_or(FingerprintError::Other)
        }
        read => read,
    }
}

/// Reads a fingerprint in a file like [`parse`], but refuses plain base64, which may be anything,
/// even a password.
pub fn parse_labelled(input: &str) -> Result<Fingerprint, FingerprintError> {
    if input.len() > MAX_INPUT {
        return Err(FingerprintError::TooLong);
    }
    let text = visible(input);
    let text = trimmed(&text);
    if let Some(pin) = KEY_LABELS.iter().find_map(|label| after(text, label)) {
        return from_base64(trimmed(pin)).map(Fingerprint::Key).ok_or(FingerprintError::KeyPin);
    }
    if let Some((_, why)) = OTHERS.iter().find(|(label, _)| after(text, label).is_some()) {
        return Err(*why);
    }
    // Programs that print single bytes write each of them as a number of C.
    let bytes = trimmed(unlabelled(text)).split([':', '-', ' ', ',']);
    let digits: String = bytes.map(|byte| after(byte, "0x").unwrap_or(byte)).collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(FingerprintError::Other);
    }
    match digits.len() {
        64 => Hash::from_hex(&digits).map(Fingerprint::Either).ok_or(FingerprintError::Other),
        40 => Err(FingerprintError::Sha1),
        32 => Err(FingerprintError::Md5),
        96 => Err(FingerprintError::Longer("SHA-384")),
        128 => Err(FingerprintError::Longer("SHA-512")),
        count => Err(FingerprintError::Digits(count)),
    }
}

/// The text without what cannot be seen in it: Windows puts U+200E before a fingerprint, web pages have
/// no-break spaces and soft hyphens, word processors their own quotes, colons and hyphens.
fn visible(input: &str) -> String {
    let shown = |c: char| match c {
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => None,
        '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => None,
        '\u{2018}'..='\u{201F}' | '\u{AB}' | '\u{BB}' => Some('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{FF1A}' | '\u{2236}' => Some(':'),
        c if c.is_whitespace() => Some(' '),
        c => Some(c),
    };
    input.chars().filter_map(shown).collect()
}

fn trimmed(text: &str) -> &str {
    text.trim().trim_matches(['"', '\'']).trim()
}

/// The text after a label, which may be in upper or lower case.
fn after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(label.len())?;
    start.eq_ignore_ascii_case(label).then_some(rest)
}

/// What follows the name of the hash: `sha256 Fingerprint=`, `SHA256:`, `SHA-256 fingerprint:`, `SHA2-256(FILE)= `
/// as `openssl dgst` prints it. A text without a name stays as it is.
fn unlabelled(text: &str) -> &str {
    let Some(rest) = SHA256.iter().find_map(|name| after(text, name)) else { return text };
    if let Some((_, value)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(")=")) {
        return value.trim();
    }
    let noun = NOUNS.iter().find_map(|noun| after(rest.trim_start(), noun));
    let value = noun.unwrap_or(rest);
    match value.strip_prefix([':', '=', ' ']) {
        Some(value) => value.trim(),
        None => text,
    }
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
            format!("SHA-256 fingerprint: {hex}"),
            format!("SHA2-256(cert.der)= {hex}"),
            format!("sha256 hash={hex}"),
            format!("0x{hex}"),
            format!("0X{}", hex.to_uppercase()),
            format!("SHA256: 0x{hex}"),
            hash.colon_hex().split(':').map(|b| format!("0x{b}")).collect::<Vec<_>>().join(", "),
        ] {
            assert_eq!(parse_labelled(&text), Ok(Fingerprint::Either(hash)), "{text}");
            assert_eq!(parse(&text), Ok(Fingerprint::Either(hash)), "{text}");
        }
        for text in [
            hash.key_pin(),
            format!("SHA256//{}", hash.base64()),
            format!("sha256/{}", hash.base64()),
            format!("\"sha256/{}\"", hash.base64()),
            format!("pin-sha256=\"{}\"", hash.base64()),
            format!("pin-sha256:{}", hash.base64()),
        ] {
            assert_eq!(parse_labelled(&text), Ok(Fingerprint::Key(hash)), "{text}");
            assert_eq!(parse(&text), Ok(Fingerprint::Key(hash)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_seen_in_a_pasted_value_does_not_count() {
        let hash = Hash::of(b"abc");
        for mark in
            ["\u{200E}", "\u{FEFF}", "\u{200B}", "\u{AD}", "\u{2066}", "\u{A0}", "\u{202F}", "\u{3000}", "\u{2060}"]
        {
            for text in [
                format!("{mark}{}", hash.hex()),
                format!("{}{mark}", hash.colon_hex()),
                hash.colon_hex().replace(':', mark),
                format!("SHA256:{mark}{}", hash.colon_hex()),
                format!("sha256{mark}Fingerprint={}", hash.colon_hex()),
            ] {
                let read = parse(&text);
                let label_broken = text.starts_with("sha256") && !mark.chars().all(char::is_whitespace);
                assert!(read == Ok(Fingerprint::Either(hash)) || label_broken, "{text:?}: {read:?}");
            }
            assert_eq!(parse(&format!("{mark}{}", hash.key_pin())), Ok(Fingerprint::Key(hash)), "{mark:?}");
        }
        for text in [
            format!("\u{201C}{}\u{201D}", hash.colon_hex()),
            hash.colon_hex().replace(':', "\u{2011}"),
            hash.colon_hex().replace(':', "\u{FF1A}"),
        ] {
            assert_eq!(parse(&text), Ok(Fingerprint::Either(hash)), "{text:?}");
        }
        // A letter that only looks like a digit is not one.
        assert_eq!(parse(&hash.hex().replacen('a', "\u{430}", 1)), Err(FingerprintError::Other));
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
            ("sha1//qUqP5cyxm6YcTAhz05Hph5gvu9M=", FingerprintError::Sha1),
            ("sha1/qUqP5cyxm6YcTAhz05Hph5gvu9M=", FingerprintError::Sha1),
            ("pin-sha1=qUqP5cyxm6YcTAhz05Hph5gvu9M=", FingerprintError::Sha1),
            ("SHA_1: 00:11", FingerprintError::Sha1),
            ("sha512:00", FingerprintError::Longer("SHA-512")),
            ("SHA384 Fingerprint=00", FingerprintError::Longer("SHA-384")),
            (&hex.repeat(2), FingerprintError::Longer("SHA-512")),
            (&format!("{hex}{}", &hex[..32]), FingerprintError::Longer("SHA-384")),
            ("0x", FingerprintError::Other),
            ("0x00x0", FingerprintError::Other),
            ("sha256//AAAA", FingerprintError::KeyPin),
            ("sha256/AAAA", FingerprintError::KeyPin),
            ("pin-sha256:AAAA", FingerprintError::KeyPin),
            (&"é".repeat(64), FingerprintError::Other),
            (&"a".repeat(10_000), FingerprintError::TooLong),
        ] {
            assert_eq!(parse(text), Err(reason), "{text:.80}");
            assert_eq!(parse_labelled(text), Err(reason), "{text:.80}");
        }
    }
}
