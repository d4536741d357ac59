//! Servers on loopback for tests: scripted ones that do exactly what a test says, in the clear and
//! over TLS, and certificates for them.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tofu::endpoint::Endpoint;
use tofu::tls::{Dial, Limits, Terms};
use tofu::trust::Policy;

/// The name that every certificate here is for.
pub const NAME: &str = "mail.example.test";

/// A certificate and its key, DER.
#[derive(Clone)]
pub struct Identity {
    pub cert: Vec<u8>,
    pub key: Vec<u8>,
}

pub fn openssl(dir: &Path, args: &[&str]) {
    let output = Command::new("openssl").current_dir(dir).args(args).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A self-signed identity with a new P-256 key.
pub fn identity() -> Identity {
    let dir = tempfile::tempdir().unwrap();
    let subject = format!("/CN={NAME}");
    let names = format!("subjectAltName=DNS:{NAME}");
    let mut args = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    args.extend(["-keyout", "key", "-out", "crt", "-days", "3650", "-subj", &subject, "-addext", &names]);
    openssl(dir.path(), &args);
    openssl(dir.path(), &["x509", "-in", "crt", "-outform", "DER", "-out", "der"]);
    openssl(dir.path(), &["pkcs8", "-topk8", "-nocrypt", "-in", "key", "-outform", "DER", "-out", "p8"]);
    let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    Identity { cert: read("der"), key: read("p8") }
}

/// A kept identity of `tests/data/stacks`, for [`NAME`].
pub fn kept(name: &str) -> Identity {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stacks");
    let der = |file: String| {
        let pem = std::fs::read(folder.join(file)).unwrap();
        let mut reader = pem.as_slice();
        pki_types::pem::from_buf(&mut reader).unwrap().unwrap().1
    };
    Identity { cert: der(format!("{name}.pem")), key: der(format!("{name}.key")) }
}

/// A server on a free port of loopback; every connection runs the script in a thread of its own.
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(script: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0", script)
    }

    pub fn on(address: &str, script: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, stopped, script) = (Arc::clone(&connections), Arc::clone(&stop), Arc::new(script));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                count.fetch_add(1, Ordering::SeqCst);
                // Nothing here outlives a test by much, whatever the client does.
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
                let script = Arc::clone(&script);
                std::thread::spawn(move || script(stream));
            }
        });
        Self { address, connections, stop, thread: Some(thread) }
    }

    /// A server that speaks TLS at once and says back what it hears. What it heard is kept.
    pub fn echo(identity: &Identity) -> (Self, Heard) {
        let (heard, keep) = heard();
        let config = config(identity);
        let server = Self::start(move |stream| echo(tls(stream, &config), &keep));
        (server, heard)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The endpoint that a client takes this server for.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::parse("", NAME, self.port()).unwrap()
    }

    /// A dial that goes here, with limits that a test can wait for.
    pub fn dial(&self) -> Dial {
        Dial::new().address(self.address).limits(limits(5_000)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Application bytes that a server received.
pub type Heard = Arc<Mutex<Vec<u8>>>;

pub fn heard() -> (Heard, Heard) {
    let heard = Heard::default();
    (Arc::clone(&heard), heard)
}

/// All limits alike, in milliseconds.
pub fn limits(ms: u64) -> Limits {
    let all = Duration::from_millis(ms);
    Limits { connect: all, starttls: all, handshake: all, read: all, write: all, deadline: all }
}

/// The default policy without the system's roots, so that no test depends on them.
pub fn terms() -> Terms {
    let mut policy = Policy::preset("default").unwrap();
    policy.set("ca", "off").unwrap();
    Terms { policy: Some(policy), ..Terms::default() }
}

#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A server configuration that shows `chain` and signs with the key of its first.
pub fn config_showing(identity: &Identity, chain: Vec<Vec<u8>>, client_certificate: bool) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
    let key = provider.key_provider.load_private_key(key).unwrap();
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.unwrap();
    let builder = if client_certificate {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(identity.cert.clone())).unwrap();
        builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
        )
    } else {
        builder.with_no_client_auth()
    };
    Arc::new(builder.with_cert_resolver(Arc::new(Presents(Arc::new(CertifiedKey::new(chain, key))))))
}

/// One that agrees on keys with these groups alone, the best first.
pub fn config_agreeing(
    identity: &Identity,
    groups: Vec<&'static dyn rustls::crypto::SupportedKxGroup>,
) -> Arc<ServerConfig> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups = groups;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
    let chain = vec![CertificateDer::from(identity.cert.clone())];
    let builder = ServerConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
    Arc::new(builder.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// A server with several keys: of those whose signatures are offered it shows the first.
#[derive(Debug)]
struct Chooses(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Chooses {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        self.0.iter().find(fits).cloned()
    }
}

/// A server configuration with these identities, the one that it prefers first.
pub fn config_choosing(identities: &[Identity]) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certified = identities.iter().map(|identity| {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
        let key = provider.key_provider.load_private_key(key).unwrap();
        Arc::new(CertifiedKey::new(vec![CertificateDer::from(identity.cert.clone())], key))
    });
    let resolver = Arc::new(Chooses(certified.collect()));
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_cert_resolver(resolver))
}

pub fn config(identity: &Identity) -> Arc<ServerConfig> {
    config_showing(identity, vec![identity.cert.clone()], false)
}

pub type Tls = StreamOwned<ServerConnection, TcpStream>;

pub fn tls(stream: TcpStream, config: &Arc<ServerConfig>) -> Tls {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}

/// Says back what it hears until the client is done; keeps what it heard.
pub fn echo(mut tls: Tls, keep: &Heard) {
    let mut buf = [0_u8; 4096];
    while let Ok(got @ 1..) = tls.read(&mut buf) {
        keep.lock().unwrap().extend(&buf[..got]);
        if tls.write_all(&buf[..got]).is_err() {
            return;
        }
    }
    tls.conn.send_close_notify();
    let _ = tls.flush();
}

/// Reads one line in the clear.
pub fn line(stream: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0_u8; 1]);
    while let Ok(1) = stream.read(&mut byte) {
        text.push(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// An IMAP server in the clear up to the answer to STARTTLS; `answer` is that answer, without its tag.
pub fn imap_until_starttls(stream: &mut TcpStream, capabilities: &str, answer: &str) {
    stream.write_all(b"* OK ready\r\n").unwrap();
    loop {
        let command = line(stream);
        let Some((tag, rest)) = command.trim_end().split_once(' ') else { return };
        let reply = match rest.to_ascii_uppercase().as_str() {
            "CAPABILITY" => format!("* CAPABILITY {capabilities}\r\n{tag} OK done\r\n"),
            "STARTTLS" => {
                let _ = stream.write_all(format!("{tag} {answer}").as_bytes());
                return;
            }
            _ => format!("{tag} BAD unknown\r\n"),
        };
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}
