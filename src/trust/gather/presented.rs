//! What the server presented: facts about its certificate and chain, whatever is known of it.

use super::inputs::{Check, CheckError};
use crate::cert::{Cert, Published};
use crate::endpoint::Host;
use crate::hash::Hash;
use crate::path::{Chain, Examination, Path, Problem, ProblemKind, Problems};
use crate::store::{EndpointRecord, StoreError, Tx};
use crate::text::Statement;
use crate::trust::rules::facts::Leaf;

pub(super) fn readable_leaf(chain: &Chain) -> Result<&Cert, CheckError> {
    if chain.is_empty() {
        return Err(CheckError::Chain("empty: the server sent no certificate".to_owned()));
    }
    chain.leaf().ok_or_else(|| {
        let why = chain.error(0).map_or_else(|| "unreadable".to_owned(), ToString::to_string);
        CheckError::Chain(format!("the server's own certificate: {why}"))
    })
}

/// A resumed session may give the leaf alone. That is enough where it is the one last accepted;
/// the check then runs on the remembered intermediates (docs/pitfalls.md#31).
pub(super) fn resumed_is_known(
    check: &Check<'_>,
    record: Option<&EndpointRecord>,
    leaf: &Cert,
) -> Result<(), CheckError> {
    if !check.flags.resumed || check.chain.len() > 1 {
        return Ok(());
    }
    let last = record.and_then(|r| r.baseline.iter().max_by_key(|s| s.last));
    if last.is_some_and(|s| s.cert == leaf.fingerprint()) {
        return Ok(());
    }
    Err(CheckError::Resumed("its certificate is not the one last accepted; a full handshake is needed".to_owned()))
}

pub(super) fn without_path_problems(problems: &[Problem]) -> Vec<Problem> {
    problems.iter().filter(|p| !Problems::NO_CA_PATH.contains(p.kind)).cloned().collect()
}

pub(super) fn describe(leaf: &Cert, examination: &Examination) -> Leaf {
    let key = leaf.key();
    Leaf {
        spki: leaf.spki(),
        spki_otherwise: leaf.spki_otherwise(),
        cert: leaf.fingerprint(),
        key_readable: key.readable && !examination.leaf_key_unreadable(),
        rsa_bits: (key.is_rsa() && key.readable).then_some(key.bits),
        not_before: leaf.not_before(),
        not_after: leaf.not_after(),
        self_signed: is_self_signed(leaf, examination),
        names: leaf.server_names().dns().map(str::to_owned).collect(),
    }
}

/// Whether its own key signed the leaf. A path has verified another key's signature: to try the
/// leaf's own as well would cost as much as the path, and who signs with a CA's key cannot have
/// fitted that signature to the leaf's.
pub(super) fn is_self_signed(leaf: &Cert, examination: &Examination) -> bool {
    if examination.kinds().contains(ProblemKind::SelfSigned) {
        return true;
    }
    let above = examination.path.as_ref().and_then(|path| path.certs.get(1));
    above.is_none_or(|issuer| issuer.spki_der() == leaf.spki_der()) && leaf.is_self_signed()
}

/// What rule 2 looks at: everything sent, readable or not, and everything in the paths, whether they
/// lead to a loaded root, a pinned issuer or a TLSA record's authority.
pub(super) fn elements<'p>(chain: &Chain, paths: impl Iterator<Item = &'p Path>) -> Vec<(Hash, Hash)> {
    let sent = (0..chain.len()).filter_map(|index| match chain.cert(index) {
        Some(cert) => Some((cert.spki(), cert.fingerprint())),
        None => chain.der(index).map(|der| (Hash::of(der), Hash::of(der))),
    });
    let above = paths.flat_map(|path| &path.certs).map(|c| (c.spki(), c.fingerprint()));
    let mut elements: Vec<(Hash, Hash)> = sent.chain(above).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}

/// The first key among those sent or in the path whose private half is published, by the table in the
/// tree or by what these stores add: what it is published with, and the problem.
pub(super) fn published(
    tx: &Tx<'_>,
    chain: &Chain,
    examination: &Examination,
    elements: &[(Hash, Hash)],
) -> Result<Option<(String, Problem)>, StoreError> {
    for (spki, fingerprint) in elements {
        let package = match Published::of(*spki) {
            Some(known) => Some(known.package.to_owned()),
            None => tx.published(*spki)?,
        };
        let Some(package) = package else { continue };
        let code = match chain.leaf().is_some_and(|leaf| leaf.spki() == *spki) {
            true => "published-key",
            false => "published-key-issuer",
        };
        let sent = chain.certs().find(|(_, cert)| cert.fingerprint() == *fingerprint);
        let path = examination.path.iter().flat_map(|path| &path.certs);
        let cert = sent.map(|(_, cert)| cert).or_else(|| path.into_iter().find(|c| c.fingerprint() == *fingerprint));
        let subject = cert.map_or_else(String::new, |cert| cert.subject().attribute("CN").join(", "));
        let mut statement = Statement::new(code).arg("package", &package).arg("subject", subject);
        statement.certificate = sent.map(|(index, _)| index);
        return Ok(Some((package, Problem { kind: ProblemKind::PublishedKey, statement })));
    }
    Ok(None)
}

pub(super) fn is_loopback(host: &Host) -> bool {
    host.ip().is_some_and(|ip| ip.is_loopback()) || host.as_str() == "localhost"
}

/// A v3 onion service: 56 base32 characters that are its key.
pub(super) fn is_onion_v3(host: &Host) -> bool {
    let Some(rest) = host.as_str().strip_suffix(".onion") else { return false };
    let label = rest.rsplit('.').next().unwrap_or(rest);
    label.len() == 56 && label.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
}
