//! What TLSA records say (RFC 6698, RFC 7671). The caller fetches them and states whether DNSSEC
//! validated them; what was not validated, or cannot be used, counts as absent.

use sha2::{Digest, Sha512};

use super::inputs::Tlsa;
use crate::cert::{Cert, HostMatch};
use crate::hash::Hash;
use crate::path::{Examination, Path, Question, path_to};
use crate::trust::rules::facts::DaneAnswer;

/// More records than this are not looked at.
const MAX_RECORDS: usize = 64;

/// One usable record, taken apart (RFC 6698, section 2.1).
struct Record<'a> {
    usage: u8,
    selector: u8,
    matching: u8,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    fn usable(tlsa: &'a Tlsa) -> Option<Self> {
        let [usage, selector, matching, data @ ..] = tlsa.rdata.as_slice() else { return None };
        let length_fits = match matching {
            0 => !data.is_empty(),
            1 => data.len() == 32,
            2 => data.len() == 64,
            _ => false,
        };
        let known = *usage <= 3 && *selector <= 1;
        (tlsa.dnssec_validated && known && length_fits).then_some(Self {
            usage: *usage,
            selector: *selector,
            matching: *matching,
            data,
        })
    }

    fn matches(&self, cert: &Cert) -> bool {
        let selected = if self.selector == 0 { cert.der() } else { cert.spki_der() };
        match self.matching {
            0 => selected == self.data,
            1 => Hash::of(selected).as_bytes() == self.data,
            _ => Sha512::digest(selected).as_slice() == self.data,
        }
    }
}

/// Holds the records against the chain. DANE-EE (3) is about the leaf alone: names and dates are
/// not examined (RFC 7671, section 5.1). DANE-TA (2) needs a validated path and the name.
/// PKIX-TA (0) and PKIX-EE (1) match elements of a CA path and never replace CA validity.
/// The path below a DANE-TA record comes along: its elements can be blocked like any others.
pub fn corroborate(records: &[Tlsa], question: &Question<'_>, examination: &Examination) -> (DaneAnswer, Option<Path>) {
    let usable: Vec<Record<'_>> = records.iter().take(MAX_RECORDS).filter_map(Record::usable).collect();
    if usable.is_empty() {
        return (DaneAnswer::None, None);
    }
    let leaf = question.chain.leaf();
    let of_usage = |usage: u8| usable.iter().filter(move |r| r.usage == usage);
    let matches_leaf = |usage: u8| leaf.is_some_and(|leaf| of_usage(usage).any(|r| r.matches(leaf)));
    if matches_leaf(3) {
        return (DaneAnswer::Ee, None);
    }
    if let Some(path) = of_usage(2).find_map(|record| trust_anchor(record, question)) {
        return (DaneAnswer::Ta, Some(path));
    }
    let above = examination.path.iter().flat_map(|path| path.certs.iter().skip(1));
    if matches_leaf(1) || above.into_iter().any(|cert| of_usage(0).any(|r| r.matches(cert))) {
        return (DaneAnswer::Pkix, None);
    }
    (DaneAnswer::Mismatch, None)
}

fn trust_anchor(record: &Record<'_>, question: &Question<'_>) -> Option<Path> {
    let named = question
        .chain
        .leaf()
        .is_some_and(|leaf| leaf.match_service(question.host, question.services) == HostMatch::Match);
    if !named {
        return None;
    }
    let sent = question.chain.certs().skip(1).map(|(_, cert)| cert.clone());
    // A whole certificate in the record need not be sent (RFC 7671, section 5.2.3).
    let carried = (record.selector == 0 && record.matching == 0).then(|| Cert::parse_der(record.data).ok()).flatten();
    sent.filter(|cert| record.matches(cert)).chain(carried).find_map(|anchor| path_to(question, &anchor))
}
