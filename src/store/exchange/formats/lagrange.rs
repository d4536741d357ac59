//! Lagrange's `trusted.2.txt`: `HOST;PORT SECONDS HEX`, where the number is when the certificate ends and the
//! value is that of its key. Lines without a port are of older versions and meant the default one.
//! Lagrange learns a new key once the certificate has ended; here the pin ends then, and a person is asked.

use super::program::is_comment;
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::exchange::found::{Found, each_line};
use crate::store::tx::record::PinKind;
use crate::time::Timestamp;

pub(in crate::store::exchange) const NAME: &str = "the trusted.2.txt of Lagrange";
const COMMENT: &str = "from the trusted.2.txt of Lagrange";
/// Gemini's port.
const PORT: u16 = 1965;

pub(in crate::store::exchange) fn marks(_: &str, line: &str) -> bool {
    entry(line).is_some()
}

/// Reads a file. Lines that cannot be used are remarks.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, _: Option<&Endpoint>) {
    let now = found.now;
    each_line(data, found, |found, number, line| {
        let line = line.trim();
        if is_comment(line) {
            return;
        }
        let Some((place, until, key)) = entry(line) else {
            return found.remark(number, "not a line of a trusted.2.txt of Lagrange");
        };
        if until <= now {
            return found.remark(number, &format!("expired on {}", crate::time::date(until)));
        }
        let (host, port) = place.split_once(';').unwrap_or((place, ""));
        let port = if port.is_empty() { Some(PORT) } else { port.parse().ok() };
        match port.ok_or_else(|| "the port is not a number".to_owned()).and_then(|port| found.endpoint(host, port)) {
            Ok(endpoint) => found.pin(&endpoint, PinKind::Key, key, until, COMMENT),
            Err(why) => found.remark(number, &why),
        }
    });
}

/// Host and port, the end, the value.
fn entry(line: &str) -> Option<(&str, Timestamp, Hash)> {
    let mut fields = line.split_ascii_whitespace();
    let (place, until, value) = (fields.next()?, fields.next()?, fields.next()?);
    let whole = fields.next().is_none() && until.bytes().all(|b| b.is_ascii_digit());
    // Two digits would be the first byte of a fingerprint with spaces.
    let until = until.parse().ok().filter(|_| whole && until.len() > 2)?;
    Some((place, until, Hash::from_hex(value)?))
}
