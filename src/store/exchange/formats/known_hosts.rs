//! GnuTLS' `known_hosts`: lines of `|g0|host|service|expiry|key` (the SubjectPublicKeyInfo in base64)
//! and `|c0|host|service|expiry|algorithm|hash` (a commitment: the hash of that key).

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::exchange::found::{Found, Scope, lines};
use crate::store::exchange::services;
use crate::store::tx::record::PinKind;
use crate::time::Timestamp;

/// GnuTLS' number for SHA-256 (`GNUTLS_DIG_SHA256`).
const SHA256: &str = "6";
/// GnuTLS' numbers for other hashes (`gnutls_digest_algorithm_t`).
const HASHES: [(&str, &str); 12] = [
    ("2", "MD5"),
    ("3", "SHA-1"),
    ("4", "RIPEMD-160"),
    ("5", "MD2"),
    ("7", "SHA-384"),
    ("8", "SHA-512"),
    ("9", "SHA-224"),
    ("10", "SHA3-224"),
    ("11", "SHA3-256"),
    ("12", "SHA3-384"),
    ("13", "SHA3-512"),
    ("14", "MD5 with SHA-1"),
];

/// Reads the file. Lines that cannot be used are remarks.
pub(in crate::store::exchange) fn read(data: &[u8], scope: &Scope, now: Timestamp) -> Found {
    let mut found = Found::new(scope);
    for (number, line) in lines(data) {
        let Some(line) = line else {
            found.remark(number, "longer than any line of such a file");
            continue;
        };
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let read = std::str::from_utf8(line).map_err(|_| "not text".to_owned());
        match read.and_then(|line| entry(&found, line, now)) {
            Ok((endpoint, key, expires)) => {
                found.pin(&endpoint, PinKind::Key, key, expires, "from GnuTLS known_hosts");
            }
            Err(why) => found.remark(number, &why),
        }
    }
    found
}

fn entry(found: &Found, line: &str, now: Timestamp) -> Result<(Endpoint, Hash, Timestamp), String> {
    let fields: Vec<&str> = line.splitn(9, '|').collect();
    let (host, service, expiry, key) = match fields.as_slice() {
        ["", "g0", host, service, expiry, key] => {
            let der = BASE64.decode(key.as_bytes()).map_err(|_| "the key is not base64")?;
            // A SubjectPublicKeyInfo is a SEQUENCE (RFC 5280, section 4.1).
            if der.first() != Some(&0x30) {
                return Err("the key is not a SubjectPublicKeyInfo".to_owned());
            }
            (host, service, expiry, Hash::of(&der))
        }
        ["", "c0", host, service, expiry, SHA256, hash] => {
            let bytes = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok().and_then(|b| b.try_into().ok());
            (host, service, expiry, Hash::from_bytes(bytes.ok_or("the hash is not 64 hexadecimal digits")?))
        }
        ["", "c0", _, _, _, algorithm, _] => {
            let name = HASHES.iter().find(|(number, _)| number == algorithm).map(|(_, name)| *name);
            return Err(other_hash("the key", name, &format!("number {}", crate::text::excerpt(algorithm, 16))));
        }
        _ => return Err("not a line of a known_hosts file of GnuTLS".to_owned()),
    };
    let port = services::port(service);
    let port = port.ok_or_else(|| format!("service {} is unknown", crate::text::excerpt(service, 32)))?;
    let endpoint = found.endpoint(host, port)?;
    let expires: Timestamp = expiry.parse().map_err(|_| "the expiry is not a number")?;
    if expires < 0 {
        return Err("the expiry is before 1970".to_owned());
    }
    if expires != 0 && expires <= now {
        return Err(format!("expired on {}", crate::time::date(expires)));
    }
    Ok((endpoint, key, expires))
}

/// Why a value of another hash is not taken: one of a weak hash can be forged, one of another cannot be compared.
pub(in crate::store::exchange) fn other_hash(of: &str, name: Option<&str>, number: &str) -> String {
    match name {
        Some(name @ ("MD2" | "MD5" | "SHA-1" | "MD5 with SHA-1")) => {
            format!("a {name} hash of {of}: others with the same one can be made; only SHA-256 is taken")
        }
        Some(name) => {
            format!("a {name} hash of {of}: only SHA-256 is compared here, and it cannot be computed from {name}")
        }
        None => format!("a hash of {of} of a kind that is unknown here ({number}); only SHA-256 is taken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_lines_are_taken_and_bad_ones_are_named_by_number() {
        let key = BASE64.encode(b"\x30\x03abc");
        let hash = "ab".repeat(32);
        let file = format!(
            "|g0|MAIL.example|993|0|{key}\n|c0|b.example|imaps|99|6|{hash}\n\n# note\nnonsense\n|g0|*|993|0|{key}\n\
             |g0|c.example|993|5|{key}\n|c0|d.example|993|0|3|abcd\n|g0|e.example|gopher|0|{key}\n|g0|f.example|993|0|?\n\
             |g0|g.example|993|0|YWJj\n|g0|h.exa"
        );
        let found = read(file.as_bytes(), &Scope::default(), 10);
        let endpoints: Vec<String> = found.endpoints.keys().map(ToString::to_string).collect();
        assert_eq!(endpoints, ["b.example:993", "mail.example:993"]);
        let numbers: Vec<&str> = found.remarks.iter().filter_map(|r| r.split(':').next()).collect();
        assert_eq!(numbers, ["line 5", "line 6", "line 7", "line 8", "line 9", "line 10", "line 11", "line 12"]);
        assert!(
            found.remarks.iter().any(|r| r.contains("wildcard")) && found.remarks.iter().any(|r| r.contains("expired"))
        );
        assert!(found.remarks.iter().any(|r| r.starts_with("line 8: a SHA-1 hash of the key: others")));
        let other = format!("|c0|a.example|993|0|8|{hash}{hash}\n|c0|a.example|993|0|99|{hash}\n");
        let found = read(other.as_bytes(), &crate::store::exchange::found::Scope::default(), 10);
        let said: Vec<&String> = found.remarks.iter().collect();
        assert!(said[0].contains("a SHA-512 hash of the key: only SHA-256 is compared"), "{said:?}");
        assert!(said[1].contains("unknown here (number 99)"), "{said:?}");
    }
}
