//! A rustls [`ServerCertVerifier`] that ends in [`trust::check`]. The check runs only after the
//! handshake signature has been verified with the leaf's key, because a certificate that anybody
//! can copy must not be remembered as what a server is (docs/pitfalls.md#28).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use thiserror::Error as ThisError;

use super::provider::provider;
use super::signature;
use crate::endpoint::{Endpoint, Host};
use crate::path::Chain;
use crate::store::Store;
use crate::time::Timestamp;
use crate::trust::{self, Check, CheckError, Decision, Flags, Policy, SecondLook, Verdict};

/// Why a handshake was stopped. Found inside [`rustls::Error::InvalidCertificate`] as
/// [`CertificateError::Other`].
#[derive(Debug, Clone, ThisError)]
pub enum Refusal {
    /// The verdict is not accept. It may be answered with [`trust::trust`]; then connect again.
    #[error("{}", .0.statements(trust::Section::Headline).first().map_or_else(String::new, |s| s.text()))]
    Verdict(Verdict),
    /// There is no verdict.
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// What the handshake has shown so far.
#[derive(Default)]
struct Progress {
    presented: Option<(Chain, Timestamp)>,
    outcome: Option<Result<Verdict, Refusal>>,
}

/// Verifies one connection to one endpoint. Make a new one for each connection.
pub struct Verifier {
    store: Store,
    endpoint: Endpoint,
    flags: Flags,
    policy: Option<Policy>,
    provider: Arc<CryptoProvider>,
    progress: Mutex<Progress>,
}

impl Verifier {
    /// A verifier for one connection to `endpoint`, deciding by the store's policy.
    pub fn new(store: Store, endpoint: Endpoint) -> Self {
        Self {
            store,
            endpoint,
            flags: Flags::default(),
            policy: None,
            provider: Arc::new(provider()),
            progress: Mutex::default(),
        }
    }

    /// States facts about this connection. Possession is proven here, whatever `flags.unproven` says.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = Flags { unproven: false, resumed: false, ..flags };
        self
    }

    /// Overrides the endpoint's and the store's policy.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The verdict, once the handshake has come that far; also that of a refused handshake.
    pub fn verdict(&self) -> Option<Verdict> {
        match &self.lock().outcome {
            Some(Ok(verdict) | Err(Refusal::Verdict(verdict))) => Some(verdict.clone()),
            _ => None,
        }
    }

    /// A client configuration that uses this verifier. Session resumption is off: a resumed session
    /// shows no certificate and would outlive a changed pin (docs/pitfalls.md#31).
    pub fn client_config(self: &Arc<Self>) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(self) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this handshake presented. Taken once for both the signature and the decision: a second
    /// handshake at the same time, against all advice, must not put its chain under this one's proof.
    fn presented(&self, leaf: &CertificateDer<'_>) -> Result<(Chain, Timestamp), Error> {
        let presented = self.lock().presented.clone();
        presented
            .filter(|(chain, _)| chain.der(0) == Some(&**leaf))
            .ok_or_else(|| Error::General("verifier used for two handshakes at once".to_owned()))
    }

    /// Verifies the handshake signature with the leaf's key, and then decides.
    fn prove(
        &self,
        version: signature::Version,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let presented = self.presented(cert)?;
        let leaf = presented.0.leaf().ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let proof = signature::verify(version, message, leaf.spki_der(), dss, &self.provider)?;
        self.decide(presented, proof)
    }

    /// Asks for the decision, now that possession is proven.
    fn decide(
        &self,
        (chain, now): (Chain, Timestamp),
        proof: HandshakeSignatureValid,
    ) -> Result<HandshakeSignatureValid, Error> {
        let outcome = self.check(&chain, now);
        let answer = outcome.as_ref().map(|_| proof).map_err(|refusal| {
            Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal.clone()))))
        });
        self.lock().outcome = Some(outcome);
        answer
    }

    fn check(&self, chain: &Chain, now: Timestamp) -> Result<Verdict, Refusal> {
        let verdict = trust::check(
            &self.store,
            &Check {
                endpoint: &self.endpoint,
                chain,
                now,
                flags: self.flags,
                policy: self.policy.as_ref(),
                additions: None,
                tlsa: &[],
                crls: &[],
                second_look: SecondLook::NOT_MADE,
            },
        )?;
        match verdict.decision() {
            Decision::Accept => Ok(verdict),
            Decision::Ask | Decision::Reject => Err(Refusal::Verdict(verdict)),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("endpoint", &self.endpoint).field("flags", &self.flags).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    /// Keeps what was presented. Nothing is decided yet: possession is not proven.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if Host::parse(&server_name.to_str()).as_ref() != Ok(&self.endpoint.host) {
            return Err(Error::General(format!(
                "verifier made for {} used on a connection to {}",
                self.endpoint.host,
                crate::text::excerpt(&server_name.to_str(), 80)
            )));
        }
        let too_large = |e: crate::path::ChainError| Error::General(e.to_string());
        let mut chain = Chain::new();
        for der in std::iter::once(end_entity).chain(intermediates) {
            chain.push_der(der).map_err(too_large)?;
        }
        if !ocsp_response.is_empty() {
            chain.set_ocsp(ocsp_response).map_err(too_large)?;
        }
        let now = Timestamp::try_from(now.as_secs()).unwrap_or(Timestamp::MAX);
        let mut progress = self.lock();
        *progress = Progress { presented: Some((chain, now)), outcome: None };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.prove(signature::Version::Tls12, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.prove(signature::Version::Tls13, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature::schemes(&self.provider)
    }
}
