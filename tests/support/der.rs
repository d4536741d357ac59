//! DER for certificates that tests make: what openssl's command line cannot say.
#![allow(dead_code)]

use tofu::time::Timestamp;

/// A value under its tag.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|b| **b == 0).count()..];
    match content.len() {
        0..128 => [&[tag, content.len() as u8], content].concat(),
        _ => [&[tag, 0x80 | digits.len() as u8], digits, content].concat(),
    }
}

pub fn seq(parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let content: Vec<u8> = parts.iter().flat_map(|part| part.as_ref()).copied().collect();
    tlv(0x30, &content)
}

/// A time in the spelling that reaches beyond 2049 (GeneralizedTime).
pub fn generalized(at: Timestamp) -> Vec<u8> {
    let digits: String = tofu::time::rfc3339(at).chars().filter(char::is_ascii_digit).collect();
    tlv(0x18, format!("{digits}Z").as_bytes())
}
