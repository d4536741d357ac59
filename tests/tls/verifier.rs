//! The rustls verifier in real handshakes, client against server in memory: nothing is decided
//! before the server has proved that it holds the key, and nothing but accept completes.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, ProtocolVersion, ServerConfig, ServerConnection, SupportedProtocolVersion};
use tofu::endpoint::Endpoint;
use tofu::store::Store;
use tofu::tls::Verifier;
use tofu::trust::{self, Answer, Decision, PinResult, Policy};

struct Identity {
    cert: Vec<u8>,
    key: Vec<u8>,
}

fn openssl(dir: &Path, args: &[&str]) {
    let output = Command::new("openssl").current_dir(dir).args(args).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn identity(dir: &Path, name: &str) -> Identity {
    let file = |suffix: &str| format!("{name}.{suffix}");
    let (key, cert) = (file("key"), file("crt"));
    openssl(
        dir,
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &cert,
            "-days",
            "3650",
            "-subj",
            "/CN=mail.example.test",
            "-addext",
            "subjectAltName=DNS:mail.example.test",
        ],
    );
    openssl(dir, &["x509", "-in", &cert, "-outform", "DER", "-out", &file("der")]);
    openssl(dir, &["pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER", "-out", &file("p8")]);
    Identity { cert: std::fs::read(dir.join(file("der"))).unwrap(), key: std::fs::read(dir.join(file("p8"))).unwrap() }
}

#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A server that shows `shown` and signs with the key of `signs`.
fn server(shown: &Identity, signs: &Identity, version: &'static SupportedProtocolVersion) -> ServerConnection {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signs.key.clone()));
    let key = provider.key_provider.load_private_key(key).unwrap();
    let certified = CertifiedKey::new(vec![CertificateDer::from(shown.cert.clone())], key);
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presents(Arc::new(certified))));
    ServerConnection::new(Arc::new(config)).unwrap()
}

/// Runs a handshake to its end, in memory. Returns the version agreed on.
fn handshake(verifier: &Arc<Verifier>, mut server: ServerConnection) -> Result<ProtocolVersion, rustls::Error> {
    let config = Arc::new(verifier.client_config().unwrap());
    let name = ServerName::try_from("mail.example.test").unwrap();
    let mut client = ClientConnection::new(config, name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(client.protocol_version().unwrap())
}

fn verifier(store: &Store) -> Arc<Verifier> {
    Arc::new(
        Verifier::new(store.clone(), Endpoint::parse("", "mail.example.test", 993).unwrap()).with_policy(no_roots()),
    )
}

/// The default policy without the system's roots, so that the test does not depend on them.
fn no_roots() -> Policy {
    let mut policy = Policy::preset("default").unwrap();
    policy.set("ca", "off").unwrap();
    policy
}

#[test]
fn first_contact_stops_the_handshake_and_a_yes_lets_the_next_one_through() {
    let dir = tempfile::tempdir().unwrap();
    let ours = identity(dir.path(), "ours");
    for version in rustls::ALL_VERSIONS {
        let store = Store::memory();
        let first = verifier(&store);
        handshake(&first, server(&ours, &ours, version)).unwrap_err();
        let verdict = first.verdict().unwrap();
        assert_eq!(verdict.decision(), Decision::Ask);
        assert_eq!(verdict.pin_result(), PinResult::FirstUse);

        trust::trust(&store, &verdict, &Answer { now: verdict.at(), ..Answer::default() }).unwrap();
        let second = verifier(&store);
        assert_eq!(handshake(&second, server(&ours, &ours, version)).unwrap(), version.version);
        assert_eq!(second.verdict().unwrap().decision(), Decision::Accept);
    }
}

#[test]
fn another_key_is_refused_with_the_verdict_at_hand() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, other) = (identity(dir.path(), "ours"), identity(dir.path(), "other"));
    let store = Store::memory();
    let first = verifier(&store);
    handshake(&first, server(&ours, &ours, &rustls::version::TLS13)).unwrap_err();
    let verdict = first.verdict().unwrap();
    trust::trust(&store, &verdict, &Answer { now: verdict.at(), ..Answer::default() }).unwrap();

    let changed = verifier(&store);
    let error = handshake(&changed, server(&other, &other, &rustls::version::TLS13)).unwrap_err();
    assert_eq!(changed.verdict().unwrap().pin_result(), PinResult::Changed, "{error}");
}

/// docs/pitfalls.md#28: a server that shows a copied certificate without its key gets no
/// decision, and nothing is remembered, not even under accept-new.
#[test]
fn a_copied_certificate_without_its_key_reaches_no_decision_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, thief) = (identity(dir.path(), "ours"), identity(dir.path(), "thief"));
    for version in rustls::ALL_VERSIONS {
        let store = Store::memory();
        let before = store.generation().unwrap();
        let mut policy = Policy::preset("accept-new").unwrap();
        policy.set("ca", "off").unwrap();
        let endpoint = Endpoint::parse("", "mail.example.test", 993).unwrap();
        let robbed = Arc::new(Verifier::new(store.clone(), endpoint).with_policy(policy));
        handshake(&robbed, server(&ours, &thief, version)).unwrap_err();
        assert!(robbed.verdict().is_none());
        assert_eq!(store.generation().unwrap(), before);
    }
}

#[test]
fn a_verifier_serves_only_the_host_it_was_made_for() {
    let dir = tempfile::tempdir().unwrap();
    let ours = identity(dir.path(), "ours");
    let store = Store::memory();
    let endpoint = Endpoint::parse("", "other.example.test", 993).unwrap();
    let stranger = Arc::new(Verifier::new(store, endpoint));
    let error = handshake(&stranger, server(&ours, &ours, &rustls::version::TLS13)).unwrap_err();
    assert!(error.to_string().contains("other.example.test"), "{error}");
}
