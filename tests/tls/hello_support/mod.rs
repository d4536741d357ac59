//! Keys, certificates and servers for the tests of the handshake: `openssl s_server` and
//! `gnutls-serv` on free ports of loopback, ended by process id.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::serve::{free_port, until_it_listens};
use tofu::endpoint::Host;
use tofu::tls::hello::{Glimpse, HelloError, Offer, Reader, Version, client_hello, close_notify};

/// The name that servers are asked for.
pub const HOST: &str = "mail.example.test";
/// The longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A key and its certificate: what `openssl genpkey` and `openssl req -x509` are told beyond the
/// usual. Without anything for the key it is the one that lies here under this name.
pub struct Recipe {
    pub name: &'static str,
    pub key: &'static [&'static str],
    pub cert: &'static [&'static str],
}

/// Runs openssl in `dir`; its complaint if it fails.
pub fn openssl(dir: &Path, args: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("openssl").current_dir(dir).args(args).stdin(Stdio::null()).output().unwrap();
    let complaint = || format!("openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(output.stdout) } else { Err(complaint()) }
}

/// Makes NAME.key and NAME.crt of each recipe, two at a time.
pub fn make(dir: &Path, recipes: &[Recipe]) {
    let queue = Mutex::new(recipes.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(recipe) = { queue.lock().unwrap().next() } {
                    make_one(dir, recipe);
                }
            });
        }
    });
}

fn make_one(dir: &Path, recipe: &Recipe) {
    let [key, cert] = ["key", "crt"].map(|suffix| format!("{}.{suffix}", recipe.name));
    if recipe.key.is_empty() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/hello_support");
        std::fs::copy(here.join(&key), dir.join(&key)).unwrap();
    } else {
        openssl(dir, &[&["genpkey", "-quiet", "-out", &key], recipe.key].concat()).unwrap();
    }
    let subject = format!("/CN={HOST}");
    let mut args = vec!["req", "-x509", "-key", &key, "-out", &cert, "-subj", &subject];
    args.extend(["-addext", "subjectAltName=DNS:mail.example.test", "-days", "30"]);
    args.extend(recipe.cert);
    openssl(dir, &args).unwrap();
}

/// A server that ends with this value.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `openssl s_server` in `dir`.
pub fn s_server(dir: &Path, args: &[&str]) -> Server {
    let port = free_port();
    let at = format!("127.0.0.1:{port}");
    let mut command = Command::new("openssl");
    command.args(["s_server", "-quiet", "-accept", &at, "-naccept", "8"]).args(args);
    start(dir, command, port)
}

/// Starts `gnutls-serv` in `dir`.
pub fn gnutls_serv(dir: &Path, args: &[&str]) -> Server {
    let port = free_port();
    let mut command = Command::new("gnutls-serv");
    command.args(["--quiet", "--port", &port.to_string()]).args(args);
    start(dir, command, port)
}

fn start(dir: &Path, mut command: Command, port: u16) -> Server {
    command.current_dir(dir);
    let log = tempfile::NamedTempFile::new().unwrap();
    let file = log.reopen().unwrap();
    // Its standard input stays open: at its end s_server would hang up.
    command.stdin(Stdio::piped()).stdout(file.try_clone().unwrap()).stderr(file);
    let mut server = Server { child: command.spawn().unwrap(), port };
    until_it_listens(&format!("{command:?}"), &mut server.child, &[port], || {
        std::fs::read_to_string(log.path()).unwrap_or_default()
    });
    server
}

/// Connects, with limits on every wait.
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A look at the server: the wide hello, the answer, and goodbye.
pub fn look(port: u16, highest: Version) -> Result<Glimpse, HelloError> {
    let mut stream = connect(port);
    let host = Some(Host::parse(HOST).unwrap());
    stream.write_all(&client_hello(&Offer { host, highest, random: [0x5A; 32] })).unwrap();
    let (mut reader, mut buffer) = (Reader::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer).unwrap_or(0) {
            0 => return reader.closed(),
            got => {
                if let Some(glimpse) = reader.receive(&buffer[..got])? {
                    let _ = stream.write_all(&close_notify(glimpse.version));
                    return Ok(glimpse);
                }
            }
        }
    }
}

/// An OCSP response that the certificate NAME.crt, its own issuer, is good: NAME.ocsp.
pub fn staple(dir: &Path, name: &str) {
    let file = |suffix: &str| format!("{name}.{suffix}");
    let serial = openssl(dir, &["x509", "-in", &file("crt"), "-noout", "-serial"]).unwrap();
    let serial = String::from_utf8(serial).unwrap().trim().trim_start_matches("serial=").to_owned();
    std::fs::write(dir.join(file("index")), format!("V\t401231235959Z\t\t{serial}\tunknown\t/CN={HOST}\n")).unwrap();
    let (crt, key) = (file("crt"), file("key"));
    let mut args = vec!["ocsp", "-index", "", "-rsigner", &crt, "-rkey", &key, "-CA", &crt, "-issuer", &crt];
    let (index, out) = (file("index"), file("ocsp"));
    args[2] = &index;
    args.extend(["-cert", &crt, "-ndays", "7", "-respout", &out, "-noverify"]);
    openssl(dir, &args).unwrap();
}

/// NAME.chain: the certificate of `of` `count` times, to be sent behind the leaf.
pub fn repeat(dir: &Path, of: &str, name: &str, count: usize) {
    let pem = std::fs::read_to_string(dir.join(format!("{of}.crt"))).unwrap();
    std::fs::write(dir.join(format!("{name}.chain")), pem.repeat(count)).unwrap();
}

/// The DER of NAME.crt.
pub fn der(dir: &Path, name: &str) -> Vec<u8> {
    openssl(dir, &["x509", "-in", &format!("{name}.crt"), "-outform", "DER"]).unwrap()
}
