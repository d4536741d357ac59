//! PEM bundles: the certificates that a person accepted for a server, as NeoMutt and isync keep them.
//! They name no server, and become pins of exactly these certificates: never of the keys of issuers.

use super::Found;
use crate::cert::Cert;
use crate::endpoint::Endpoint;
use crate::store::error::StoreError;
use crate::store::record::PinKind;

pub(super) fn read(data: &[u8], endpoint: &Endpoint) -> Result<Found, StoreError> {
    let certs = Cert::parse_pem(data).map_err(|e| StoreError::Invalid { what: format!("import: {e}") })?;
    let mut found = Found::default();
    for cert in certs {
        found.pin(endpoint.clone(), PinKind::Certificate, cert.fingerprint(), 0, String::new());
        found.certs.push(cert.der().to_vec());
    }
    for pin in found.endpoints.values_mut().flat_map(|e| &mut e.pins) {
        if let crate::store::PinValue::Sha256(hash) = pin.value {
            pin.cert = Some(hash);
        }
    }
    Ok(found)
}
