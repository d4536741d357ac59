//! TLS servers on loopback, each on a free port, with a key that may change while they run. They end
//! with the test's process.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tofu::cert::Cert;
use tofu::hash::Hash;

/// What a server does once TLS is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Says everything again, and ends when the client has.
    Echo,
    /// Says something and breaks off without the closing message of TLS.
    Cut,
    /// Accepts a connection and never says a word.
    Mute,
    /// Speaks STARTTLS of IMAP first, then says everything again.
    Imap,
}

pub struct Server {
    pub port: u16,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    received: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(chain: Vec<Cert>, key: &str, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = Arc::new(Mutex::new(config(&chain, key)));
        let received = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&config), Arc::clone(&received));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let config = Arc::clone(&shared.lock().unwrap());
                let (socket, count) = (socket.unwrap(), Arc::clone(&count));
                // A client that hangs up is no failure of the test.
                thread::spawn(move || drop(serve(socket, config, manner, &count)));
            }
        });
        Self { port, config, received }
    }

    /// From now on with another certificate and key.
    pub fn present(&self, chain: Vec<Cert>, key: &str) {
        *self.config.lock().unwrap() = config(&chain, key);
    }

    /// How many bytes of application data it received.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }

    /// `localhost:PORT`.
    pub fn name(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

fn serve(mut socket: TcpStream, config: Arc<ServerConfig>, manner: Manner, count: &AtomicUsize) -> std::io::Result<()> {
    if manner == Manner::Mute {
        let mut byte = [0];
        while socket.read(&mut byte)? != 0 {}
        return Ok(());
    }
    if manner == Manner::Imap {
        socket.write_all(b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n")?;
        let mut tag = String::new();
        loop {
            let line = line(&mut socket)?;
            let command = line.split_once(' ').map_or(("", ""), |(tag, rest)| (tag, rest));
            tag.clear();
            tag.push_str(command.0);
            if command.1.eq_ignore_ascii_case("starttls") {
                break;
            }
            write!(socket, "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n{tag} OK done\r\n")?;
        }
        write!(socket, "{tag} OK go ahead\r\n")?;
    }
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, socket);
    let mut chunk = [0; 4096];
    loop {
        let got = stream.read(&mut chunk)?;
        count.fetch_add(got, Ordering::SeqCst);
        if got == 0 {
            stream.write_all(b"bye\n")?;
            stream.conn.send_close_notify();
            return stream.flush();
        }
        stream.write_all(&chunk[..got])?;
        stream.flush()?;
        if manner == Manner::Cut {
            return stream.sock.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn line(socket: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while bytes.last() != Some(&b'\n') {
        socket.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

fn config(chain: &[Cert], key: &str) -> Arc<ServerConfig> {
    #[cfg(feature = "aws-lc-rs")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    let provider = rustls::crypto::ring::default_provider();
    let certs = chain.iter().map(|cert| CertificateDer::from(cert.der().to_vec())).collect();
    let builder =
        ServerConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8(key)));
    Arc::new(builder.with_no_client_auth().with_single_cert(certs, key).unwrap())
}

/// The key of that name (see `made::key`) as PKCS #8 (RFC 8410, section 7).
fn pkcs8(name: &str) -> Vec<u8> {
    let mut out = vec![0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20];
    out.extend(Hash::of(name.as_bytes()).as_bytes());
    out
}
