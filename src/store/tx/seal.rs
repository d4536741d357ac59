//! The seal around every value: a format byte, a SHA-256 over the store, the key and all that
//! follows, the key of the preceding row that carries trust (empty elsewhere), and the body. It
//! finds accidents (a flipped bit, a row under a wrong key or from another store), not forgers.

use sha2::{Digest, Sha256};

/// The format of a value.
const VERSION: u8 = 1;
const HASH: std::ops::Range<usize> = 1..33;
const PREVIOUS: usize = 35;

/// What a store is called inside: 16 random bytes.
pub type StoreId = [u8; 16];

/// An opened value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened<'v> {
    /// Key of the preceding row that carries trust; empty for the first and for other rows.
    pub previous: &'v [u8],
    /// The content.
    pub body: &'v [u8],
}

fn digest(id: &StoreId, key: &[u8], rest: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"tofu row\0");
    hash.update([VERSION]);
    hash.update(id);
    hash.update(u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(key);
    hash.update(rest);
    hash.finalize().into()
}

/// Seals a body. Keys are far below 64 KiB, so their length always fits.
pub fn seal(id: &StoreId, key: &[u8], previous: &[u8], body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(PREVIOUS.saturating_add(previous.len()).saturating_add(body.len()));
    value.push(VERSION);
    value.extend_from_slice(&[0; 32]);
    value.extend_from_slice(&u16::try_from(previous.len()).unwrap_or(u16::MAX).to_be_bytes());
    value.extend_from_slice(previous);
    value.extend_from_slice(body);
    let hash = digest(id, key, value.get(HASH.end..).unwrap_or(&[]));
    value.splice(HASH, hash);
    value
}

/// Opens a value, or says what is wrong with it.
pub fn open<'v>(id: &StoreId, key: &[u8], value: &'v [u8]) -> Result<Opened<'v>, &'static str> {
    let (Some(version), Some(hash), Some(rest)) = (value.first(), value.get(HASH), value.get(HASH.end..)) else {
        return Err("is too short");
    };
    if *version != VERSION || hash != digest(id, key, rest) {
        return Err("does not match its seal");
    }
    let length = rest.get(..2).and_then(|l| <[u8; 2]>::try_from(l).ok()).map(u16::from_be_bytes);
    let split = length.and_then(|l| usize::from(l).checked_add(PREVIOUS));
    match split.and_then(|at| Some((value.get(PREVIOUS..at)?, value.get(at..)?))) {
        Some((previous, body)) => Ok(Opened { previous, body }),
        None => Err("has a length that cannot be"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_wrong_place_is_noticed() {
        let id = [7; 16];
        let value = seal(&id, b"key", b"before", b"body");
        assert_eq!(open(&id, b"key", &value), Ok(Opened { previous: b"before", body: b"body" }));
        assert!(open(&id, b"other", &value).is_err());
        assert!(open(&[8; 16], b"key", &value).is_err());
        for length in 0..value.len() {
            assert!(open(&id, b"key", &value[..length]).is_err());
        }
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&id, b"key", &bad).is_err(), "bit {bit}");
        }
    }
}
