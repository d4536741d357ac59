//! What a handshake shows, whoever shows it: the chain, the stapled OCSP response, and whether the
//! handshake signature was made with the leaf's key. Judges nothing; [`crate::trust`] does, afterwards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme, SupportedCipherSuite};

use super::provider::provider;
use super::signature::{self, Version};
use crate::cert::KeyAlgorithm;
use crate::path::Chain;

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// What the server sent; empty before its Certificate message.
    pub chain: Chain,
    /// How many certificates the server sent, where they are more than the chain can hold.
    pub flood: Option<String>,
    /// The handshake signature verified under the leaf's key.
    pub proven: bool,
    /// The server asked for a client certificate.
    pub client_certificate: bool,
}

/// What a handshake is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be used: only what can be verified is offered.
    Use,
    /// To be shown: signatures that cannot be verified are offered as well, last, because TLS 1.3 shows a
    /// certificate only where its key's signature is offered. Such a handshake then fails, with the chain seen.
    Show,
}

/// Ed448, ECDSA with the brainpool curves (RFC 8734), SM2 (RFC 8998), and ML-DSA, which ring has not.
const UNVERIFIABLE: [SignatureScheme; 8] = [
    SignatureScheme::ED448,
    SignatureScheme::Unknown(0x081a),
    SignatureScheme::Unknown(0x081b),
    SignatureScheme::Unknown(0x081c),
    SignatureScheme::Unknown(0x0708),
    SignatureScheme::ML_DSA_44,
    SignatureScheme::ML_DSA_65,
    SignatureScheme::ML_DSA_87,
];

/// Watches one handshake.
#[derive(Debug)]
pub(super) struct Witness {
    provider: Arc<CryptoProvider>,
    purpose: Purpose,
    kinds: Option<Vec<KeyAlgorithm>>,
    seen: Mutex<Seen>,
}

/// The kind of the keys that sign so; `None` for what is not known.
fn kind(scheme: SignatureScheme) -> Option<KeyAlgorithm> {
    Some(match u16::from(scheme) {
        0x0401 | 0x0501 | 0x0601 | 0x0804..=0x0806 | 0x0809..=0x080b => KeyAlgorithm::Rsa,
        0x0403 | 0x0503 | 0x0603 | 0x081a..=0x081c => KeyAlgorithm::Ec,
        0x0807 => KeyAlgorithm::Ed25519,
        0x0808 => KeyAlgorithm::Ed448,
        0x0904..=0x0906 => KeyAlgorithm::MlDsa,
        _ => return None,
    })
}

fn is_of(scheme: SignatureScheme, kinds: &[KeyAlgorithm]) -> bool {
    kind(scheme).is_some_and(|kind| kinds.contains(&kind))
}

/// Whether this build can verify a handshake with a key of one of these kinds.
pub(super) fn can_offer(kinds: &[KeyAlgorithm]) -> bool {
    signature::schemes(&provider()).into_iter().any(|scheme| is_of(scheme, kinds))
}

impl Witness {
    /// `kinds` limits the kinds of keys that may sign. In TLS 1.2 the cipher suite names the kind of key
    /// too, and not every server looks at the signatures offered, so the suites are limited as well.
    pub fn new(mut provider: CryptoProvider, purpose: Purpose, kinds: Option<&[KeyAlgorithm]>) -> Arc<Self> {
        if let Some(kinds) = kinds {
            provider.cipher_suites.retain(|suite| match suite {
                SupportedCipherSuite::Tls12(suite) => suite.sign.iter().any(|scheme| is_of(*scheme, kinds)),
                SupportedCipherSuite::Tls13(_) => true,
            });
        }
        Arc::new(Self {
            provider: Arc::new(provider),
            purpose,
            kinds: kinds.map(<[_]>::to_vec),
            seen: Mutex::default(),
        })
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// A configuration for this handshake alone. No session is ever resumed: a resumed one shows no
    /// certificate, and would outlive a changed pin (docs/pitfalls.md#31).
    pub fn client_config(self: &Arc<Self>) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(self) as Arc<dyn ServerCertVerifier>)
            .with_client_cert_resolver(Arc::new(NoClientCertificate(Arc::clone(self))));
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verify(
        &self,
        version: Version,
        message: &[u8],
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let mut seen = self.lock();
        let leaf = seen.chain.leaf().ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let proof = signature::verify(version, message, leaf.spki_der(), dss, &self.provider)?;
        seen.proven = true;
        Ok(proof)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut seen = self.lock();
        *seen = Seen { client_certificate: seen.client_certificate, ..Seen::default() };
        for der in std::iter::once(end_entity).chain(intermediates) {
            if let Err(limit) = seen.chain.push_der(der) {
                let flood = format!("the server sent {} certificates: {limit}", intermediates.len().saturating_add(1));
                seen.flood = Some(flood.clone());
                return Err(Error::General(flood));
            }
        }
        // A response that is too large is no response; the chain stands without.
        if !ocsp_response.is_empty() {
            let _ = seen.chain.set_ocsp(ocsp_response);
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(Version::Tls12, message, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(Version::Tls13, message, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = signature::schemes(&self.provider);
        if self.purpose == Purpose::Show {
            let further = UNVERIFIABLE.into_iter().filter(|scheme| !schemes.contains(scheme));
            schemes.extend(further.collect::<Vec<_>>());
        }
        if let Some(kinds) = &self.kinds {
            schemes.retain(|scheme| is_of(*scheme, kinds));
        }
        schemes
    }
}

/// Notes that a client certificate was asked for, and has none.
#[derive(Debug)]
struct NoClientCertificate(Arc<Witness>);

impl ResolvesClientCert for NoClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.lock().client_certificate = true;
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
