//! Mozilla's `cert_override.txt`: `host:port:`, the hash's OID, the fingerprint, sometimes flags, and a
//! database key, separated by tabs. What the flags waived is not taken over: the first match of a
//! pin made without its certificate fixes its waiver.

use std::net::IpAddr;

use super::known_hosts::other_hash;
use crate::endpoint::Endpoint;
use crate::fingerprint::parse_labelled;
use crate::hash::Hash;
use crate::store::exchange::found::{Found, Scope, each_line};
use crate::store::tx::record::PinKind;

/// What begins every file.
pub(in crate::store::exchange) const HEAD: &str =
    "# PSM Certificate Override Settings file\n# This is a generated file!  Do not edit.\n";
const SHA256_OID: &str = "OID.2.16.840.1.101.3.4.2.1";
/// The other hashes that a file may name.
const HASHES: [(&str, &str); 4] = [
    ("OID.1.2.840.113549.2.5", "MD5"),
    ("OID.1.3.14.3.2.26", "SHA-1"),
    ("OID.2.16.840.1.101.3.4.2.2", "SHA-384"),
    ("OID.2.16.840.1.101.3.4.2.3", "SHA-512"),
];

/// Reads the file. Lines that cannot be used are remarks.
pub(in crate::store::exchange) fn read(data: &[u8], scope: &Scope) -> Found {
    let mut found = Found::new(scope);
    each_line(data, &mut found, |found, number, line| {
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        match entry(found, line) {
            Ok((endpoint, fingerprint)) => {
                found.pin(&endpoint, PinKind::Certificate, fingerprint, 0, "from Mozilla cert_override.txt");
            }
            Err(why) => found.remark(number, &why),
        }
    });
    found
}

/// A line as Firefox 153 and Thunderbird 153 write it.
pub(in crate::store::exchange) fn line(endpoint: &Endpoint, cert: Hash) -> String {
    let (host, port) = (&endpoint.host, endpoint.port);
    let host = match host.ip() {
        Some(IpAddr::V6(_)) => format!("[{host}]"),
        _ => host.to_string(),
    };
    format!("{host}:{port}:\t{SHA256_OID}\t{}\t\n", cert.colon_hex())
}

fn entry(found: &Found, line: &str) -> Result<(Endpoint, Hash), String> {
    let mut fields = line.split('\t');
    let (Some(place), Some(algorithm), Some(fingerprint)) = (fields.next(), fields.next(), fields.next()) else {
        return Err("not a line of a cert_override.txt".to_owned());
    };
    if algorithm != SHA256_OID {
        let name = HASHES.iter().find(|(oid, _)| *oid == algorithm).map(|(_, name)| *name);
        return Err(other_hash("the certificate", name, &crate::text::excerpt(algorithm, 40)));
    }
    // Newer files have `host:port:` and then the attributes of the origin, which belong to web pages.
    let (address, attributes) = match place.rsplit_once(':') {
        Some((address, attributes)) if attributes.is_empty() || attributes.starts_with('^') => (address, attributes),
        _ => (place, ""),
    };
    if !attributes.is_empty() {
        return Err("an exception for one container of a browser only".to_owned());
    }
    let (host, port) = address.rsplit_once(':').ok_or("the port is missing")?;
    let port = port.parse().map_err(|_| "the port is not a number")?;
    let endpoint = found.endpoint(host, port)?;
    let fingerprint = parse_labelled(fingerprint).map_err(|e| e.to_string())?;
    Ok((endpoint, fingerprint.hash()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_lines_are_read_and_weak_hashes_refused() {
        let print = vec!["AB"; 32].join(":");
        let file = format!(
            "# PSM Certificate Override Settings file\nmail.example:993\t{SHA256_OID}\t{print}\tMU\tAAAA\n\
             [::1]:993:\t{SHA256_OID}\t{print}\tAAAA\nold.example:443\tOID.1.3.14.3.2.26\tAB:CD\tU\tAAAA\n\
             c.example:443:^userContextId=1\t{SHA256_OID}\t{print}\t\nbroken\n"
        );
        let found = read(file.as_bytes(), &Scope::default());
        let endpoints: Vec<String> = found.endpoints.keys().map(ToString::to_string).collect();
        assert_eq!(endpoints, ["[::1]:993", "mail.example:993"]);
        assert_eq!(found.remarks.len(), 3, "{:?}", found.remarks);
        assert!(found.remarks.iter().any(|r| r.contains("a SHA-1 hash of the certificate: others")));
    }
}
