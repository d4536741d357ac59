//! What an X.509 certificate says (RFC 5280), trusted or not. Parsing rejects only input without a
//! readable outer structure, key or validity. Everything else that is wrong is an [`Anomaly`]. No
//! network, no clock, no judgement.
//!
//! [`Cert::parse_der`] walks over the structure once (`outline`). Fields are decoded when a caller
//! asks for them.

mod algorithm;
mod anomalies;
mod compare;
mod curves;
mod dates;
mod der;
mod describe;
mod extensions;
mod facts;
mod host;
mod json;
mod key;
mod kinds;
pub mod limits;
mod name;
mod notes;
mod oid;
mod outline;
mod pem;
mod pss;
mod published;
mod san;
mod signature;
mod statement;
mod strict;
mod strings;

use std::fmt;
use std::sync::{Arc, OnceLock};

use sha1::{Digest as _, Sha1};

pub use compare::{Diff, DiffRow, compare};
pub use extensions::{ExtensionInfo, NameConstraints};
pub use facts::{
    Anomaly, BasicConstraints, HostMatch, KeyAlgorithm, KeyInfo, ParseError, San, SignatureAlgorithm, SignatureCheck,
};
pub use host::{ServerName, ServerNames};
pub use name::{Attribute, Name};
pub use pem::pem_blocks;
pub(crate) use pem::{Block, blocks, first};
pub use published::Published;

use crate::endpoint::Host;
use crate::hash::Hash;
use crate::time::Timestamp;
use algorithm::Algorithm;
use extensions::Extensions;
use notes::Notes;
use outline::Outline;

/// One certificate. Immutable; cloning is cheap (shared).
#[derive(Clone)]
pub struct Cert {
    inner: Arc<Inner>,
}

/// The bytes, the places of their parts, and what has been decoded so far.
struct Inner {
    der: Box<[u8]>,
    outline: Outline,
    fingerprint: OnceLock<Hash>,
    spki: OnceLock<Hash>,
    // Boxed, because these are never needed for most of the hundred and forty roots.
    names: OnceLock<Box<Names>>,
    key: OnceLock<(KeyInfo, Vec<Anomaly>)>,
    algorithm: OnceLock<Algorithm>,
    extensions: OnceLock<Box<Extensions>>,
    anomalies: OnceLock<Vec<Anomaly>>,
    self_signed: OnceLock<SignatureCheck>,
}

/// Both names, decoded together because they are nearly always asked for together.
struct Names {
    subject: Name,
    issuer: Name,
    anomalies: Vec<Anomaly>,
}

impl Cert {
    /// Reads one DER certificate. Bytes that follow it are an anomaly. Rejects only input without a
    /// readable outer structure, key or validity, and input larger than [`limits::MAX_CERT`].
    pub fn parse_der(der: &[u8]) -> Result<Self, ParseError> {
        let outline = outline::outline(der)?;
        let inner = Inner {
            der: der.into(),
            outline,
            fingerprint: OnceLock::new(),
            spki: OnceLock::new(),
            names: OnceLock::new(),
            key: OnceLock::new(),
            algorithm: OnceLock::new(),
            extensions: OnceLock::new(),
            anomalies: OnceLock::new(),
            self_signed: OnceLock::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Reads one or many PEM certificates; text around the blocks is ignored, other blocks
    /// skipped. Offsets in errors about the PEM itself count from the start of the text. To go on
    /// behind a damaged block, use [`pem_blocks`].
    pub fn parse_pem(pem: &[u8]) -> Result<Vec<Self>, ParseError> {
        pem::parse(pem)
    }

    /// The DER, verbatim.
    pub fn der(&self) -> &[u8] {
        &self.inner.der
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Hash {
        *self.inner.fingerprint.get_or_init(|| Hash::of(self.der()))
    }

    /// SHA-1 of the DER, for comparison with what other programs show, never for a decision
    /// (docs/pitfalls.md#16).
    pub fn sha1_fingerprint(&self) -> [u8; 20] {
        Sha1::digest(self.der()).into()
    }

    /// The SubjectPublicKeyInfo, verbatim.
    pub fn spki_der(&self) -> &[u8] {
        self.inner.outline.spki.whole(self.der())
    }

    /// SHA-256 of the SubjectPublicKeyInfo (RFC 7469).
    pub fn spki(&self) -> Hash {
        *self.inner.spki.get_or_init(|| Hash::of(self.spki_der()))
    }

    /// SHA-256 of the SubjectPublicKeyInfo in the other way to write an RSA-PSS key: GnuTLS leaves out the NULLs of
    /// its parameters, so a pin that it made of this key has another value. `None` for all other keys.
    pub fn spki_otherwise(&self) -> Option<Hash> {
        pss::otherwise(self.spki_der()).map(|spki| Hash::of(&spki))
    }

    /// The SubjectPublicKeyInfo as GnuTLS writes it.
    pub(crate) fn spki_of_gnutls(&self) -> Vec<u8> {
        pss::written(self.spki_der(), false).unwrap_or_else(|| self.spki_der().to_vec())
    }

    /// 1, 2 or 3 as people count them, which is one more than the number in the certificate;
    /// 0 where that is negative, too large or unreadable.
    pub fn version(&self) -> u32 {
        let Some(explicit) = self.inner.outline.version else { return 1 };
        let mut inside = explicit.inside(self.der());
        match inside.expect(der::INTEGER).map(|n| n.body(self.der())) {
            Some([n]) if *n < 0x80 && inside.is_empty() => u32::from(*n).saturating_add(1),
            _ => 0,
        }
    }

    /// The serial number in hexadecimal pairs joined by colons, with a minus sign if negative.
    pub fn serial(&self) -> String {
        let body = self.serial_bytes();
        let (sign, magnitude) = match body.first() {
            Some(first) if first & 0x80 != 0 => ("-", negated(body)),
            _ => ("", body.to_vec()),
        };
        let zeros = magnitude.iter().take_while(|b| **b == 0).count();
        let shown = magnitude.get(zeros.min(magnitude.len().saturating_sub(1))..).unwrap_or(&[]);
        let pairs: Vec<String> = shown.iter().map(|b| format!("{b:02X}")).collect();
        format!("{sign}{}", pairs.join(":"))
    }

    /// The content of the serial number's INTEGER, verbatim.
    pub fn serial_bytes(&self) -> &[u8] {
        self.inner.outline.serial.body(self.der())
    }

    /// The subject.
    pub fn subject(&self) -> &Name {
        &self.names().subject
    }

    /// The issuer as the certificate names it. The maker of the certificate chose this name.
    pub fn issuer(&self) -> &Name {
        &self.names().issuer
    }

    /// First second of validity. `None` if the date cannot be read.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.inner.outline.not_before.read.at
    }

    /// Last second of validity. `None` if the date cannot be read.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.inner.outline.not_after.read.at
    }

    /// The first and the last second of validity. `None` if one of them cannot be read.
    pub fn validity(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.not_before()?, self.not_after()?))
    }

    /// Whether `at` is within the validity. Always false if one of the two dates cannot be read.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.validity().is_some_and(|(first, last)| (first..=last).contains(&at))
    }

    /// The first date for a person: `2026-03-01 17:04:05 UTC`. If there is no readable date, the
    /// text says so and quotes what is there instead, escaped.
    pub fn not_before_text(&self) -> String {
        self.date_text(&self.inner.outline.not_before)
    }

    /// The last date, in the same way.
    pub fn not_after_text(&self) -> String {
        self.date_text(&self.inner.outline.not_after)
    }

    /// Subject alternative names in order, at most [`limits::MAX_SANS`].
    pub fn sans(&self) -> &[San] {
        &self.extensions_read().sans
    }

    /// The public key.
    pub fn key(&self) -> &KeyInfo {
        &self.key_read().0
    }

    /// Whether this build can verify a handshake signature made with this key. Where it cannot, no
    /// connection made here proves that a server holds the key.
    pub fn can_prove_its_key(&self) -> bool {
        signature::can_prove(self.key())
    }

    /// The signature algorithm.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.algorithm_read().facts
    }

    /// Basic constraints, if the extension is there and readable.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.extensions_read().basic_constraints
    }

    /// Whether the basic constraints say that this is the certificate of a CA (RFC 5280, section 4.2.1.9). The key
    /// usage is another question.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|constraints| constraints.ca)
    }

    /// Names of the key usage bits that are set (`digitalSignature`, `keyCertSign` …). `None`
    /// without the extension, which allows everything. Empty, which allows nothing, if the
    /// extension cannot be read.
    pub fn key_usage(&self) -> Option<&[&'static str]> {
        self.extensions_read().key_usage.as_deref()
    }

    /// Extended key usages, by name (`serverAuth`, `anyExtendedKeyUsage` …) or dotted OID. `None`
    /// without the extension, which allows everything. Empty, which allows nothing, if the
    /// extension cannot be read.
    pub fn extended_key_usage(&self) -> Option<&[String]> {
        self.extensions_read().extended_key_usage.as_deref()
    }

    /// Dotted OIDs of critical extensions that this library does not process or could not read.
    /// `unreadable` and `beyond-limit` mean extensions that could not even be named.
    pub fn unknown_critical_extensions(&self) -> &[String] {
        &self.extensions_read().not_understood
    }

    /// Every extension in order, at most [`limits::MAX_EXTENSIONS`].
    pub fn extensions(&self) -> &[ExtensionInfo] {
        &self.extensions_read().list
    }

    /// Subject key identifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions_read().subject_key_id.as_deref()
    }

    /// Authority key identifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.extensions_read().authority_key_id.as_deref()
    }

    /// Addresses of the issuer's certificate (AIA caIssuers), raw; escape before showing.
    pub fn issuer_addresses(&self) -> &[String] {
        &self.extensions_read().issuer_addresses
    }

    /// Addresses of OCSP responders (AIA), raw; escape before showing.
    pub fn ocsp_addresses(&self) -> &[String] {
        &self.extensions_read().ocsp_addresses
    }

    /// Addresses of revocation lists, raw; escape before showing.
    pub fn crl_addresses(&self) -> &[String] {
        &self.extensions_read().crl_addresses
    }

    /// Dotted OIDs of certificate policies.
    pub fn policies(&self) -> &[String] {
        &self.extensions_read().policies
    }

    /// Name constraints, if the extension is there.
    pub fn name_constraints(&self) -> Option<&NameConstraints> {
        self.extensions_read().name_constraints.as_ref()
    }

    /// How many signed certificate timestamps (RFC 6962) are embedded. They are not verified.
    pub fn timestamp_count(&self) -> usize {
        self.extensions_read().timestamps
    }

    /// Whether the certificate demands a stapled OCSP response (RFC 7633).
    pub fn must_staple(&self) -> bool {
        self.extensions_read().must_staple
    }

    /// What is odd about this certificate; codes and texts in docs/certificates.md.
    pub fn anomalies(&self) -> &[Anomaly] {
        self.inner.anomalies.get_or_init(|| anomalies::collect(self))
    }

    /// True if the certificate's signature verifies with its own key. The names do not matter.
    pub fn is_self_signed(&self) -> bool {
        *self.inner.self_signed.get_or_init(|| self.signed_by(self)) == SignatureCheck::Valid
    }

    /// True if subject and issuer are the same name. The signature does not matter.
    pub fn is_self_issued(&self) -> bool {
        self.subject().der() == self.issuer().der() || self.subject().same_as(self.issuer())
    }

    /// Checks this certificate's signature with `issuer`'s key. Names are not compared. Where the
    /// algorithm is named twice and not alike, nothing counts as signed (RFC 5280, section 4.1.1.2).
    pub fn signed_by(&self, issuer: &Cert) -> SignatureCheck {
        let (all, outline) = (self.der(), &self.inner.outline);
        if outline.inner_algorithm.body(all) != outline.outer_algorithm.body(all) {
            return SignatureCheck::Invalid;
        }
        let key = key::Spki::read(issuer.der(), issuer.inner.outline.spki);
        let signature = outline.signature.string(all);
        signature::check(self.algorithm_read(), &key, issuer.key(), outline.tbs.whole(all), &signature)
    }

    /// Whether the certificate is for a host. Names of services (SRVName, XmppAddr) do not count here.
    pub fn match_host(&self, host: &Host) -> HostMatch {
        self.match_service(host, &[])
    }

    /// Whether the certificate is for a host that offers one of these services, by their names in the
    /// IANA registry (`imaps`, `xmpp-client`): names of services count as well.
    pub fn match_service(&self, host: &Host, services: &[&str]) -> HostMatch {
        self.presented().matches(host, services)
    }

    /// Which servers it can be for: the one list that is matched, shown, advised and pinned from.
    pub fn server_names(&self) -> ServerNames {
        self.presented().server_names()
    }

    fn presented(&self) -> host::Presented<'_> {
        let extensions = self.extensions_read();
        host::Presented {
            sans: &extensions.sans,
            beyond: &extensions.sans_beyond,
            san_extensions: self.san_extensions(),
            unclear: extensions.san_unclear,
            common_name: self.subject().common_name(),
        }
    }

    /// The identifiers by which a server is known: DNS names and addresses in any form, or the CN
    /// if no alternative name can name a server. Escaped and safe to show.
    pub fn host_names(&self) -> Vec<String> {
        if self.presented().cn_speaks() {
            return self.subject().common_name().iter().map(|name| crate::text::escape(name)).collect();
        }
        let name = |san: &San| match san {
            San::Dns(name) => Some(crate::text::escape(name)),
            San::Ip(address) => Some(address.to_string()),
            _ => None,
        };
        self.sans().iter().filter_map(name).collect()
    }

    /// Whether there are more alternative names than [`Cert::sans`] and [`Cert::host_names`] give.
    /// Those count for [`Cert::match_host`] all the same.
    pub fn has_more_names(&self) -> bool {
        !self.extensions_read().sans_beyond.is_empty()
    }

    /// The certificate as one PEM block.
    pub fn to_pem(&self) -> String {
        pem::write(self.der())
    }

    /// Structured data; schema in docs/json-certificate.md.
    pub fn to_json(&self) -> serde_json::Value {
        json::certificate(self)
    }

    /// A screenful for people, the important first.
    pub fn to_text(&self) -> String {
        describe::certificate(self)
    }

    /// How many subjectAltName extensions there are. Where the extensions cannot be read to their
    /// end there may be one more: then the CN must not speak for the certificate.
    fn san_extensions(&self) -> usize {
        let extensions = self.extensions_read();
        let unsure = extensions.not_understood.iter().any(|o| o == "unreadable" || o == "beyond-limit");
        match extensions.san_extensions {
            0 if unsure => 1,
            count => count,
        }
    }

    fn date_text(&self, date: &outline::Date) -> String {
        match date.read.at {
            Some(at) => crate::time::date_time(at),
            None => format!("no readable date ({})", self.date_found(date)),
        }
    }

    /// The content of the field of the first date, escaped and shortened.
    pub(crate) fn not_before_found(&self) -> String {
        self.date_found(&self.inner.outline.not_before)
    }

    /// The content of the field of the last date, escaped and shortened.
    pub(crate) fn not_after_found(&self) -> String {
        self.date_found(&self.inner.outline.not_after)
    }

    fn date_found(&self, date: &outline::Date) -> String {
        crate::text::excerpt(&anomalies::raw_date(self.der(), date), 40)
    }

    fn names(&self) -> &Names {
        self.inner.names.get_or_init(|| {
            let (all, outline) = (self.der(), &self.inner.outline);
            let mut notes = Notes::default();
            let subject = Name::read(all, outline.subject, "subject", &mut notes);
            // An oddity of the same name is reported only once.
            let same = outline.subject.whole(all) == outline.issuer.whole(all);
            let issuer = if same { subject.clone() } else { Name::read(all, outline.issuer, "issuer", &mut notes) };
            Box::new(Names { subject, issuer, anomalies: notes.into_vec() })
        })
    }

    fn key_read(&self) -> &(KeyInfo, Vec<Anomaly>) {
        self.inner.key.get_or_init(|| {
            let mut notes = Notes::default();
            let info = key::read(self.der(), self.inner.outline.spki, &mut notes);
            (info, notes.into_vec())
        })
    }

    fn names_noted(&self) -> &[Anomaly] {
        &self.names().anomalies
    }

    fn key_noted(&self) -> &[Anomaly] {
        &self.key_read().1
    }

    fn algorithm_read(&self) -> &Algorithm {
        self.inner.algorithm.get_or_init(|| algorithm::read(self.der(), self.inner.outline.outer_algorithm))
    }

    fn extensions_read(&self) -> &Extensions {
        let read = || match self.inner.outline.extensions {
            Some(explicit) => extensions::read(self.der(), explicit),
            None => Extensions::without(self.inner.outline.stray.is_some()),
        };
        self.inner.extensions.get_or_init(|| Box::new(read()))
    }
}

impl fmt::Debug for Cert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cert({} {})", self.fingerprint().hex(), self.subject().text())
    }
}

impl PartialEq for Cert {
    /// Certificates are equal when their bytes are.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.der() == other.der()
    }
}

impl Eq for Cert {}

/// The time that the content of a UTCTime or GeneralizedTime says, read as leniently as in a
/// certificate.
pub(crate) fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    dates::read(tag, text).at
}

/// Dotted text of an object identifier's content, or `oid:` and hexadecimal.
pub(crate) fn dotted(oid: &[u8]) -> String {
    oid::dotted(oid)
}

/// The magnitude of a negative INTEGER: its two's complement.
fn negated(body: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = body.iter().map(|b| !b).collect();
    for byte in out.iter_mut().rev() {
        let (sum, carry) = byte.overflowing_add(1);
        *byte = sum;
        if !carry {
            break;
        }
    }
    out
}
