//! Rewrites a path that webpki cannot follow. webpki is right about paths, but it reads less than
//! RFC 5280 allows. It counts self-issued authorities in path lengths and applies name constraints
//! to their names (sections 4.2.1.9 and 4.2.1.10 exempt them). It compares names byte by byte
//! (section 7.1 levels case and spaces). It accepts one spelling of each signature algorithm. It
//! rejects constraints on names other than DNS names and addresses, critical policy extensions,
//! unique identifiers, and dates before 1970.
//!
//! The copy of the certificates replaces each such thing by something that means the same to
//! webpki. Before that, this library makes the check that webpki cannot make: [`sealed`] verifies
//! each signature with webpki's own algorithms, and `judge` has examined path lengths, constraints,
//! policies and dates. Everything else stays the same byte for byte, so webpki judges it as
//! strictly as before. A certificate that is not strict DER is not rewritten.

use pki_types::{
    AlgorithmIdentifier, CertificateDer, Der, InvalidSignature, SignatureVerificationAlgorithm, TrustAnchor,
};
use webpki::{EndEntityCert, Error, KeyUsage};

use super::constraints;
use super::der::{BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, Tlv, write};
use super::search::Node;
use super::spelling;
use super::verify;
use crate::cert::Cert;
use crate::time::Timestamp;

/// The algorithm of rewritten signatures and keys: 1.2.3.4, which no real certificate may use.
const SEAL: &[u8] = &[OID, 3, 0x2a, 3, 4];

const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// certificatePolicies, policyMappings, policyConstraints, inhibitAnyPolicy.
const POLICY_EXTENSIONS: [&[u8]; 4] =
    [&[0x55, 0x1d, 0x20], &[0x55, 0x1d, 0x21], &[0x55, 0x1d, 0x24], &[0x55, 0x1d, 0x36]];

/// Verifies the rewritten signatures: each is the hash of the key under which the true one verified.
#[derive(Debug)]
struct Sealed;

impl SignatureVerificationAlgorithm for Sealed {
    fn verify_signature(&self, key: &[u8], _message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        if key == signature { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(SEAL)
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(SEAL)
    }
}

/// Whether there is anything on a path, whose last element is the anchor, that webpki cannot express.
pub(super) fn differs(path: &[Node<'_>]) -> bool {
    let Some((anchor, below)) = path.split_last() else { return false };
    let links = path.iter().zip(path.iter().skip(1));
    let names = |(cert, issuer): (&Node<'_>, &Node<'_>)| cert.cert.issuer().der() != issuer.cert.subject().der();
    let constrained = |node: &Node<'_>| constraints::of(node.cert).is_some_and(constraints::names_more_than_hosts);
    let unusual = |node: &Node<'_>| Fields::read(node.cert).is_some_and(|fields| fields.is_unusual());
    links.clone().any(names)
        || exempt(below).any(|_| true)
        || path.iter().skip(1).any(constrained)
        || below.iter().any(unusual)
        || links.clone().any(|(cert, issuer)| spelling::differs(cert.cert, issuer.cert))
        || !verify::takes_anchor(anchor.cert)
}

/// The self-issued authorities between leaf and anchor.
fn exempt<'p, 'a>(below: &'p [Node<'a>]) -> impl Iterator<Item = &'p Node<'a>> {
    below.iter().skip(1).filter(|node| node.cert.is_self_issued())
}

/// Asks webpki about the path, rewritten: `Ok` where it is valid at `at`. `None` where it cannot be
/// rewritten.
///
/// Constraints on host names are webpki's to check as well, unless they are more than it takes; then
/// our own check, which has a larger budget, counts alone.
pub(super) fn ask(path: &[Node<'_>], at: Timestamp) -> Option<Result<(), Error>> {
    match ask_with(path, at, true)? {
        Err(Error::MaximumNameConstraintComparisonsExceeded) => ask_with(path, at, false),
        answer => Some(answer),
    }
}

fn ask_with(path: &[Node<'_>], at: Timestamp, limited: bool) -> Option<Result<(), Error>> {
    let (anchor, below) = path.split_last()?;
    let own = exempt(below).next().is_some();
    let mut certs = Vec::with_capacity(below.len());
    for (place, (cert, issuer)) in below.iter().zip(path.iter().skip(1)).enumerate() {
        let seal = match sealed(cert.cert, issuer.cert) {
            Ok(seal) => seal,
            Err(error) => return Some(Err(error)),
        };
        let role = Role { place, seal: &seal, own, limited, exempt: place > 0 && cert.cert.is_self_issued() };
        certs.push(CertificateDer::from(rewritten(cert.cert, role)?));
    }
    let limits = match constraints::of(anchor.cert) {
        Some(limits) if limited => hosts_only(limits)?,
        _ => None,
    };
    let (subject, key) = (name(certs.len()), spki(anchor.cert));
    let trust = TrustAnchor {
        subject: Der::from_slice(inside(&subject)),
        subject_public_key_info: Der::from_slice(inside(&key)),
        name_constraints: limits.as_deref().map(|limits| Der::from_slice(inside(limits))),
    };
    Some(verify(&certs, trust, at))
}

fn verify(certs: &[CertificateDer<'_>], anchor: TrustAnchor<'_>, at: Timestamp) -> Result<(), Error> {
    let (leaf, intermediates) = certs.split_first().ok_or(Error::UnknownIssuer)?;
    let (usage, at) = (KeyUsage::server_auth(), verify::unix_time(at));
    let entity = EndEntityCert::try_from(leaf)?;
    entity.verify_for_usage(&[&Sealed], &[anchor], intermediates, at, usage, None, None).map(|_| ())
}

/// The contents of one element.
fn inside(tlv: &[u8]) -> &[u8] {
    Reader::new(tlv).next().map_or(&[], |tlv| tlv.value)
}

/// The hash of the issuer's key, where the certificate's signature verifies under it by one of
/// webpki's algorithms, however the algorithm is spelled.
fn sealed(cert: &Cert, issuer: &Cert) -> Result<Vec<u8>, Error> {
    match spelling::verify(cert, issuer) {
        Some(true) => Ok(issuer.spki().as_bytes().to_vec()),
        Some(_) => Err(Error::InvalidSignatureForPublicKey),
        None => Err(Error::UnsupportedSignatureAlgorithmContext(webpki::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: Vec::new(),
            supported_algorithms: Vec::new(),
        })),
    }
}

/// The name of the element at this place. The true names were compared by the search; these leave
/// webpki one way only.
fn name(place: usize) -> Vec<u8> {
    let number = write(0x0c, &[place.to_string().as_bytes()]);
    let attribute = write(SEQUENCE, &[&write(OID, &[&[0x55, 4, 3]]), &number]);
    write(SEQUENCE, &[&write(0x31, &[&attribute])])
}

/// The key of a certificate: its hash.
fn spki(cert: &Cert) -> Vec<u8> {
    write(SEQUENCE, &[&write(SEQUENCE, &[SEAL]), &write(BIT_STRING, &[&[0], cert.spki().as_bytes()])])
}

/// What a certificate is on its path.
#[derive(Clone, Copy)]
struct Role<'a> {
    place: usize,
    seal: &'a [u8],
    /// Whether there are self-issued authorities on the path.
    own: bool,
    /// Whether webpki gets the constraints on host names.
    limited: bool,
    /// Whether this is one, so that its names are exempt from constraints.
    exempt: bool,
}

fn rewritten(cert: &Cert, role: Role<'_>) -> Option<Vec<u8>> {
    if cert.anomalies().iter().any(|anomaly| anomaly.code.starts_with("der-") || anomaly.code == "extension-repeated") {
        return None;
    }
    let fields = Fields::read(cert)?;
    let mut extensions = Vec::new();
    for extension in &fields.extensions {
        extensions.push(extension.rewritten(role)?);
    }
    let extensions: Vec<&[u8]> = extensions.iter().flatten().map(Vec::as_slice).collect();
    let extensions = fields.has_extensions.then(|| write(0xa3, &[&write(SEQUENCE, &extensions)]));
    let algorithm = write(SEQUENCE, &[SEAL]);
    let key = if role.place == 0 { fields.spki.to_vec() } else { spki(cert) };
    let tbs = write(
        SEQUENCE,
        &[
            fields.version,
            fields.serial,
            &algorithm,
            &name(role.place.checked_add(1)?),
            &write(SEQUENCE, &[if fields.early { EPOCH } else { fields.not_before.whole }, fields.not_after]),
            &name(role.place),
            &key,
            extensions.as_deref().unwrap_or(&[]),
        ],
    );
    Some(write(SEQUENCE, &[&tbs, &algorithm, &write(BIT_STRING, &[&[0], role.seal])]))
}

/// The first second that webpki knows, as a UTCTime.
const EPOCH: &[u8] = b"\x17\x0d700101000000Z";

/// The parts of a certificate, each with its tag and length.
struct Fields<'a> {
    version: &'a [u8],
    serial: &'a [u8],
    not_before: Tlv<'a>,
    not_after: &'a [u8],
    /// notBefore lies between 1950 and 1970, well written.
    early: bool,
    spki: &'a [u8],
    unique_ids: bool,
    has_extensions: bool,
    extensions: Vec<Extension<'a>>,
}

impl<'a> Fields<'a> {
    /// `None` where there is anything but the fields of RFC 5280 in their order.
    fn read(cert: &'a Cert) -> Option<Self> {
        let mut whole = Reader::new(cert.der());
        let mut outer = whole.enter(SEQUENCE)?;
        let mut tbs = outer.enter(SEQUENCE)?;
        let (algorithm, _signature) = (outer.take(SEQUENCE)?, outer.take(BIT_STRING)?);
        let version = tbs.take(0xa0).map_or(&[][..], |version| version.whole);
        let serial = tbs.take(INTEGER)?.whole;
        let inner = tbs.take(SEQUENCE)?;
        tbs.take(SEQUENCE)?;
        let mut validity = tbs.enter(SEQUENCE)?;
        let (not_before, not_after) = (validity.next()?, validity.next()?.whole);
        tbs.take(SEQUENCE)?;
        let spki = tbs.take(SEQUENCE)?.whole;
        let ids = [tbs.take(0x81), tbs.take(0x82)];
        let ids_sound = ids.iter().flatten().all(|id| id.value.first().is_some_and(|unused| *unused < 8));
        let list = tbs.enter(0xa3);
        let has_extensions = list.is_some();
        let mut extensions = Vec::new();
        if let Some(mut list) = list {
            let mut inside = list.enter(SEQUENCE)?;
            while !inside.at_end() {
                extensions.push(Extension::read(inside.take(SEQUENCE)?)?);
            }
            list.at_end().then_some(())?;
        }
        let used_up = whole.at_end() && outer.at_end() && tbs.at_end() && validity.at_end();
        (used_up && ids_sound && inner.whole == algorithm.whole).then_some(Self {
            version,
            serial,
            not_before,
            not_after,
            early: is_early(not_before, cert),
            spki,
            unique_ids: ids.iter().any(Option::is_some),
            has_extensions,
            extensions,
        })
    }

    /// Whether webpki stumbles over it.
    fn is_unusual(&self) -> bool {
        let policy = |extension: &Extension<'_>| extension.critical && POLICY_EXTENSIONS.contains(&extension.id);
        self.early || self.unique_ids || self.extensions.iter().any(policy)
    }
}

/// Whether notBefore is a UTCTime `YYMMDDhhmmssZ` of 1950 to 1969.
fn is_early(not_before: Tlv<'_>, cert: &Cert) -> bool {
    const YEAR_1950: Timestamp = -631_152_000;
    let plain = not_before
        .value
        .split_last()
        .is_some_and(|(z, digits)| *z == b'Z' && digits.len() == 12 && digits.iter().all(u8::is_ascii_digit));
    not_before.tag == 0x17 && plain && cert.not_before().is_some_and(|at| (YEAR_1950..0).contains(&at))
}

struct Extension<'a> {
    whole: &'a [u8],
    id: &'a [u8],
    critical: bool,
    value: &'a [u8],
}

impl<'a> Extension<'a> {
    fn read(tlv: Tlv<'a>) -> Option<Self> {
        let mut inside = Reader::new(tlv.value);
        let id = inside.value(OID)?;
        let critical = inside.take(BOOLEAN).is_some_and(|flag| flag.value != [0]);
        let value = inside.value(OCTET_STRING)?;
        inside.at_end().then_some(Self { whole: tlv.whole, id, critical, value })
    }

    /// What webpki gets instead; nothing for what was checked here alone. The outer `None`: it
    /// cannot be read.
    fn rewritten(&self, role: Role<'_>) -> Option<Option<Vec<u8>>> {
        let with = |value: Vec<u8>| {
            let critical = write(BOOLEAN, &[&[0xff]]);
            let critical: &[u8] = if self.critical { &critical } else { &[] };
            write(SEQUENCE, &[&write(OID, &[self.id]), critical, &write(OCTET_STRING, &[&value])])
        };
        Some(match self.id {
            NAME_CONSTRAINTS if !role.limited => None,
            NAME_CONSTRAINTS => hosts_only(self.value)?.map(with),
            SUBJECT_ALT_NAME if role.exempt => None,
            BASIC_CONSTRAINTS if role.place > 0 && role.own => Some(with(without_length(self.value)?)),
            id if POLICY_EXTENSIONS.contains(&id) => None,
            _ => Some(self.whole.to_vec()),
        })
    }
}

/// Name constraints without those on names that webpki does not know. The inner `None` means that
/// no others are left.
fn hosts_only(limits: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut whole = Reader::new(limits);
    let mut both = whole.enter(SEQUENCE)?;
    let mut kept = Vec::new();
    for tag in [0xa0, 0xa1] {
        let Some(mut list) = both.enter(tag) else { continue };
        let mut subtrees = Vec::new();
        while !list.at_end() {
            let subtree = list.take(SEQUENCE)?;
            if constraints::is_host(Reader::new(subtree.value).next()?.tag) {
                subtrees.push(subtree.whole);
            }
        }
        if !subtrees.is_empty() {
            kept.push(write(tag, &subtrees));
        }
    }
    let kept: Vec<&[u8]> = kept.iter().map(Vec::as_slice).collect();
    (whole.at_end() && both.at_end()).then(|| (!kept.is_empty()).then(|| write(SEQUENCE, &kept)))
}

/// Basic constraints without the path length.
fn without_length(value: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Reader::new(value);
    let mut inside = whole.enter(SEQUENCE)?;
    let ca = inside.take(BOOLEAN).map_or(&[][..], |ca| ca.whole);
    inside.take(INTEGER);
    (whole.at_end() && inside.at_end()).then(|| write(SEQUENCE, &[ca]))
}
