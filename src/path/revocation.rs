//! Revocation lists that the caller handed over: is a certificate of the path on one that its own
//! issuer signed? Only a verified "yes" is a problem; a list that cannot be used is a note, for
//! nobody can be kept from mail by handing over a bad list. No network.

use webpki::BorrowedCertRevocationList;

use super::der::{Reader, SEQUENCE, parts, signed};
use super::judge::{Element, called};
use super::ocsp;
use super::problem::{Problem, ProblemKind};
use super::verify::signature;
use crate::cert::Cert;
use crate::text::Statement;
use crate::time::{Timestamp, date};

/// Bytes of CRLs looked at, at most, in one examination.
const MAX_CRL_BYTES: usize = 64 * 1024 * 1024;

/// Looks every certificate of `path` up (each below its issuer) in the lists and, for the leaf, in
/// the stapled response.
pub(super) fn check(
    path: &[Element<'_>],
    crls: &[Vec<u8>],
    staple: Option<&[u8]>,
    at: Timestamp,
    notes: &mut Vec<Statement>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut bytes = 0usize;
    for (number, der) in crls.iter().enumerate() {
        bytes = bytes.saturating_add(der.len());
        let verdict = if bytes > MAX_CRL_BYTES { Err("over the size limit") } else { list(der, path, &mut problems) };
        if let Err(reason) = verdict {
            notes.push(
                Statement::new("crl-unusable")
                    .arg("number", number.saturating_add(1).to_string())
                    .arg("reason", reason),
            );
        }
    }
    if let (Some(staple), Some(leaf), Some(issuer)) = (staple, path.first(), path.get(1)) {
        match ocsp::check(staple, leaf.cert, issuer.cert, at) {
            Ok(ocsp::Status::Revoked(when)) => problems.push(revoked(*leaf, issuer.cert, when)),
            Ok(ocsp::Status::Good) => {}
            Err(reason) => notes.push(Statement::new("staple-unusable").arg("reason", reason).about(0)),
        }
    }
    problems
}

/// One list against every pair of the path. An error is why the list says nothing here.
fn list(der: &[u8], path: &[Element<'_>], problems: &mut Vec<Problem>) -> Result<(), &'static str> {
    let list =
        BorrowedCertRevocationList::from_der(der).map_err(|_| "not a certificate revocation list that can be read")?;
    let list = webpki::CertRevocationList::from(list);
    let signed = signed(der).ok_or("not a certificate revocation list that can be read")?;
    let mut used = Err("by none of the issuers of this chain");
    for (cert, issuer) in path.iter().zip(path.iter().skip(1)) {
        let subject = Reader::new(issuer.cert.subject().der()).value(SEQUENCE);
        if subject != Some(list.issuer()) {
            continue;
        }
        if issuer.cert.key_usage().is_some_and(|bits| !bits.contains(&"cRLSign")) {
            used = Err("its issuer may not sign revocation lists");
            continue;
        }
        match signature(issuer.cert.spki_der(), signed.algorithm, signed.tbs.whole, signed.signature) {
            Some(true) => used = Ok(()),
            Some(false) => {
                used = Err("its signature does not verify");
                continue;
            }
            None => {
                used = Err("its signature algorithm cannot be checked here");
                continue;
            }
        }
        let serial = parts(cert.cert.der()).map_or(&[][..], |p| p.serial);
        // A serial number is the issuer's for good, so an entry counts whatever part of the issuer's
        // certificates the list is for, and although the list may be out of date.
        if let Ok(Some(entry)) = list.find_serial(serial) {
            let when = i64::try_from(entry.revocation_date.as_secs()).unwrap_or(i64::MAX);
            problems.push(revoked(*cert, issuer.cert, Some(when)));
        }
    }
    used
}

fn revoked(element: Element<'_>, issuer: &Cert, when: Option<Timestamp>) -> Problem {
    let code = match (element.index, when) {
        (Some(0), Some(_)) => "revoked",
        (Some(0), None) => "revoked-undated",
        _ => "revoked-issuer",
    };
    let problem = Problem::new(ProblemKind::Revoked, code, element.index)
        .shown("subject", called(element.cert.subject()))
        .shown("issuer", called(issuer.subject()));
    match when {
        Some(when) => problem.arg("date", date(when)),
        None => problem,
    }
}
