//! Finds the certificate that a typed fingerprint means among those that a server holds. A server shows
//! each client the kind of key that it prefers, so this asks it once more for each other kind. The
//! caller goes on with the connection that showed the right certificate.

use tofu::cert::{Cert, KeyAlgorithm};
use tofu::fingerprint::Fingerprint;
use tofu::store::Store;
use tofu::tls::{self, Conn, Dial, NetError, Terms};
use tofu::trust::Verdict;

use crate::ask::question;
use crate::ask::settle::verdict_of;
use crate::process::exit::Failure;

/// The connection on which the server proves the key or certificate with this fingerprint. `dial`
/// makes a new [`Dial`] for each connection.
pub fn meant(
    store: &Store,
    first: Conn,
    wanted: Fingerprint,
    terms: &Terms,
    dial: impl Fn() -> Result<Dial, Failure>,
) -> Result<(Conn, Verdict), Failure> {
    let mut kinds = KeyAlgorithm::PROVABLE.to_vec();
    let (mut conn, mut shown) = (first, Vec::new());
    loop {
        let verdict = verdict_of(&conn)?;
        let Some(leaf) = verdict.chain().leaf().cloned() else { return Err(refused(&verdict, &shown)) };
        if wanted.fits(&leaf) {
            return Ok((conn, verdict));
        }
        if let Some(above) = verdict.chain().certs().skip(1).find(|(_, cert)| wanted.fits(cert)) {
            return Err(authority(&verdict, above.1));
        }
        kinds.retain(|kind| *kind != leaf.key().algorithm);
        let repeated = shown.contains(&leaf);
        shown.push(leaf);
        // No kind is left that can be asked for, or the server shows what was not asked for.
        let Ok(next) = dial()?.key_kinds(&kinds).map_err(|_| ()) else { return Err(refused(&verdict, &shown)) };
        if repeated {
            return Err(refused(&verdict, &shown));
        }
        conn = match tls::connect(store, verdict.endpoint(), next, terms.clone()) {
            Ok(conn) => conn,
            Err(error @ NetError::Cancelled { .. }) => return Err(error.into()),
            Err(_) => return Err(refused(&verdict, &shown)),
        };
    }
}

fn refused(verdict: &Verdict, shown: &[Cert]) -> Failure {
    let mut text = question::differs(verdict);
    for (number, cert) in shown.iter().enumerate() {
        let (cert, key, kind) = (cert.fingerprint().hex(), cert.spki().base64(), cert.key().text());
        text.push_str(&match number {
            0 => format!(". It presents the certificate {cert} with the key sha256//{key} ({kind})"),
            _ => format!("; asked for other kinds of keys, the certificate {cert} with the key sha256//{key} ({kind})"),
        });
    }
    if shown.len() == 1 {
        text.push_str(", and no certificate with a key of another kind");
    }
    Failure::reject(text)
}

fn authority(verdict: &Verdict, cert: &Cert) -> Failure {
    let (name, server) = (cert.subject().text(), verdict.endpoint());
    Failure::reject(format!(
        "{server}: that is the fingerprint of the authority {name}, whose certificate the server sent along; nothing \
         was trusted. To trust whatever it certifies for this server, say --kind issuer with the fingerprint of the \
         server's own certificate, {}",
        verdict.chain().leaf().map_or_else(String::new, |leaf| leaf.fingerprint().hex()),
    ))
}
