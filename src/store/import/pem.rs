//! Certificates as NeoMutt (`certificate_file`), isync (`CertificateFile`) and others keep them: PEM
//! blocks, in which nothing says what server they are for. So a host has to be given, and of several
//! certificates only those for that host are taken. An authority among them is never taken: no issuer
//! pin is made unasked, and a certificate pin on an authority would match nothing.

use super::Found;
use crate::cert::{Cert, HostMatch, pem_blocks};
use crate::endpoint::Endpoint;
use crate::store::error::StoreError;
use crate::store::record::PinKind;

/// Blocks that are looked at, at most.
const MAX_BLOCKS: usize = 10_000;

/// Reads the blocks for a server. Those that cannot be used are remarks; data without any block is an error.
pub(super) fn read(data: &[u8], endpoint: &Endpoint) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let mut certs = Vec::new();
    for (index, block) in pem_blocks(data).take(MAX_BLOCKS).enumerate() {
        let number = index.saturating_add(1);
        match block.and_then(|der| Cert::parse_der(&der)) {
            Ok(cert) => certs.push((number, cert)),
            Err(e) => found.remarks.push(format!("certificate {number}: {e}")),
        }
    }
    if certs.is_empty() && found.remarks.is_empty() {
        return Err(StoreError::Invalid { what: "import: no certificate in PEM was found".to_owned() });
    }
    let alone = certs.len() == 1;
    for (number, cert) in certs {
        match refused(&cert, endpoint, alone) {
            Some(why) => found.remarks.push(format!("certificate {number}: {why}")),
            None => {
                let comment = "from a file of certificates".to_owned();
                found.pin_cert(endpoint.clone(), PinKind::Certificate, &cert, comment);
            }
        }
    }
    Ok(found)
}

/// Why a certificate is not taken. One that stands alone in its file is meant for the server, whatever
/// names it holds.
fn refused(cert: &Cert, endpoint: &Endpoint, alone: bool) -> Option<String> {
    let matches = matches!(cert.match_host(&endpoint.host), HostMatch::Match | HostMatch::NameOnlyInCn);
    let authority = cert.basic_constraints().is_some_and(|constraints| constraints.ca);
    match (matches, authority) {
        (true, _) => None,
        (false, true) => Some("is an authority's; an issuer pin is added by hand, if it is wanted".to_owned()),
        (false, false) if alone => None,
        (false, false) => {
            let names = crate::text::excerpt(&cert.host_names().join(", "), 120);
            Some(format!("is not for {} but for {names}", endpoint.host.as_str()))
        }
    }
}
