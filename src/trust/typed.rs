//! Fingerprints as people type or paste them: hexadecimal with or without colons, spaces or
//! hyphens, or base64, each with the prefixes that programs print. Only full SHA-256 values:
//! anything shorter can be matched by a forger (pitfall 16).

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};

use super::TrustError;
use crate::hash::Hash;

/// The longest input looked at, in bytes.
const MAX_TYPED: usize = 256;

/// What a typed fingerprint may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fingerprint {
    /// It says that it is a key's (`sha256//…`, `pin-sha256=…`).
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
}

/// Reads a fingerprint: `AB:CD:…`, `abcd…`, `AB CD …`, `SHA256:…` and `sha256 Fingerprint=…` as
/// OpenSSL and ssh print them, `sha256//BASE64=` and `pin-sha256="BASE64="` for keys, plain base64.
pub fn parse_fingerprint(input: &str) -> Result<Fingerprint, TrustError> {
    let refuse = |reason: &str| TrustError::Typed(format!("{:?} {reason}", crate::text::excerpt(input, 80)));
    if input.len() > MAX_TYPED {
        return Err(refuse("is too long to be one"));
    }
    let text = input.trim();
    let lower = text.to_ascii_lowercase();
    for prefix in ["sha256//", "pin-sha256="] {
        if lower.starts_with(prefix) {
            let rest = text.get(prefix.len()..).unwrap_or("").trim_matches('"');
            return from_base64(rest).map(Fingerprint::Key).ok_or_else(|| refuse("is not a full SHA-256 key pin"));
        }
    }
    for weak in ["md5", "sha1 ", "sha1:", "sha1=", "sha-1", "sha1fingerprint"] {
        if lower.starts_with(weak) {
            return Err(refuse("is MD5 or SHA-1, which can be forged; SHA-256 is needed"));
        }
    }
    let rest = after_prefix(text, &lower);
    let digits: String = rest.chars().filter(|c| !matches!(c, ':' | '-' | ' ' | '\t')).collect();
    let hexadecimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match (hexadecimal, digits.len()) {
        (true, 64) => {
            let bytes = HEXLOWER.decode(digits.to_ascii_lowercase().as_bytes()).ok();
            let hash = bytes.and_then(|bytes| bytes.try_into().ok()).map(Hash::from_bytes);
            hash.map(Fingerprint::Either).ok_or_else(|| refuse("is not a SHA-256 fingerprint"))
        }
        (true, 40) => Err(refuse("has 40 digits: SHA-1, which can be forged; SHA-256 has 64")),
        (true, 32) => Err(refuse("has 32 digits: MD5, or half of a SHA-256 fingerprint; 64 are needed")),
        (true, count) if count != 43 => Err(refuse(&format!("has {count} digits; a SHA-256 fingerprint has 64"))),
        _ => from_base64(rest)
            .map(Fingerprint::Either)
            .ok_or_else(|| refuse("is not a SHA-256 fingerprint, in hexadecimal or base64")),
    }
}

fn after_prefix<'a>(text: &'a str, lower: &str) -> &'a str {
    const PREFIXES: [&str; 7] = [
        "sha256 fingerprint=",
        "sha-256 fingerprint=",
        "sha256 fingerprint:",
        "sha256:",
        "sha-256:",
        "sha256=",
        "sha256 ",
    ];
    let prefix = PREFIXES.iter().find(|prefix| lower.starts_with(**prefix));
    prefix.and_then(|prefix| text.get(prefix.len()..)).unwrap_or(text).trim()
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
            format!("SHA256:{}", hash.base64().trim_end_matches('=')),
            format!("sha256:{hex}"),
            hash.base64(),
        ] {
            assert_eq!(parse_fingerprint(&text).unwrap(), Fingerprint::Either(hash), "{text}");
        }
        for text in [format!("sha256//{}", hash.base64()), format!("pin-sha256=\"{}\"", hash.base64())] {
            assert_eq!(parse_fingerprint(&text).unwrap(), Fingerprint::Key(hash), "{text}");
        }
    }

    #[test]
    fn what_is_short_or_weak_is_refused_with_the_reason() {
        let hex = Hash::of(b"abc").hex();
        for (text, reason) in [
            ("", "not a SHA-256"),
            (&hex[..63], "63 digits"),
            (&hex[..40], "SHA-1"),
            (&hex[..32], "MD5"),
            ("SHA1 Fingerprint=00:11", "SHA-1"),
            ("yes", "not a SHA-256"),
            ("sha256//AAAA", "key pin"),
            (&"é".repeat(64), "not a SHA-256"),
            (&"a".repeat(10_000), "too long"),
        ] {
            let message = parse_fingerprint(text).unwrap_err().to_string();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }
}
