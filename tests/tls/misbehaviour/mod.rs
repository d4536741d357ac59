//! Servers that stall, lie, flood, cut off and speak out of turn, before TLS, in the handshake and after it. Whatever
//! they do, the client ends in bounded time with an error that names the step and the thing, and the connection is
//! then usable or broken for good.
#![allow(dead_code)]

mod before_tls;
pub mod dialogues;
mod handshake;
pub mod records;
mod session;
mod store;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::net_support::{NAME, Server, limits, terms};
use tofu::endpoint::Host;
use tofu::store::Store;
use tofu::tls::{Conn, NetError, Progress, Protocol, connect, probe};
use tofu::trust::{self, Answer, Decision};

/// A step that waits longer than this has waited too long, whatever the limits of the test (which are far shorter).
const BOUND: Duration = Duration::from_secs(8);

/// What it gives, within bounded time.
pub fn soon<T>(what: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let given = what();
    assert!(begun.elapsed() < BOUND, "it took {:?}", begun.elapsed());
    given
}

/// The error of a connection to this server, in bounded time, and fit to show: one line without control characters.
pub fn failure(server: &Server, starttls: Option<Protocol>, ms: u64) -> NetError {
    let mut dial = server.dial().limits(limits(ms)).unwrap();
    if let Some(protocol) = starttls {
        dial = dial.starttls(protocol);
    }
    let connected = soon(|| connect(&Store::memory(), &server.endpoint(), dial, terms()));
    let error = match connected {
        Err(error) => error,
        Ok(conn) => panic!("connected: {:?}", conn.verdict().map(|verdict| verdict.decision())),
    };
    is_fit_to_show(server, &error);
    error
}

/// The error of a probe of this server, or the reason why it shows a certificate only: in bounded time, and as above.
pub fn unshown(server: &Server, ms: u64) -> NetError {
    let dial = server.dial().limits(limits(ms)).unwrap();
    let host = Host::parse(NAME).unwrap();
    let shown = soon(|| probe(&host, server.endpoint().port, dial));
    let error = shown.map_or_else(|error| error, |shown| shown.failure().expect("no session").clone());
    is_fit_to_show(server, &error);
    error
}

/// One line without control characters that names the server.
fn is_fit_to_show(server: &Server, error: &NetError) {
    let text = error.to_string();
    assert!(text.len() < 1000 && !text.chars().any(char::is_control), "{text:?}");
    assert!(text.contains(&format!("{NAME}:{}", server.port())), "{text}");
}

/// Trusts what the connection presents.
pub fn yes(store: &Store, conn: &Conn) {
    let verdict = conn.verdict().unwrap();
    trust::trust(store, &verdict, &Answer { now: verdict.at(), ..Answer::default() }).unwrap();
    assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Accept));
}

/// A connection to a server that speaks TLS at once, trusted.
pub fn trusted(server: &Server, ms: u64) -> Conn {
    let store = Store::memory();
    let patient = tofu::tls::Limits { connect: BOUND, handshake: BOUND, deadline: BOUND, ..limits(ms) };
    let dial = server.dial().limits(patient).unwrap();
    let conn = connect(&store, &server.endpoint(), dial, terms()).unwrap();
    yes(&store, &conn);
    conn
}

/// It is over: every call says the same again.
pub fn is_broken(conn: &Conn, error: &NetError) {
    for _ in 0..2 {
        assert_eq!(conn.read(&mut [0; 16]).unwrap_err(), *error);
        assert_eq!(conn.write(b"x").unwrap_err(), *error);
        assert_eq!(conn.handshake().unwrap_err(), *error);
        assert_eq!(conn.shutdown().unwrap_err(), *error);
    }
}

/// Says nothing more, and waits until the client has gone.
pub fn hang(mut stream: &TcpStream) {
    let mut buf = [0; 4096];
    while matches!(stream.read(&mut buf), Ok(1..)) {}
}

/// Ends with a reset instead of an orderly end (RFC 9293, section 3.10.7).
pub fn reset(stream: TcpStream) {
    // What was sent before has arrived by then.
    std::thread::sleep(Duration::from_millis(20));
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// How much a flood could send before the client had enough.
pub type Sent = Arc<AtomicUsize>;

/// Sends the same over and over until the client has gone, or 1 GiB was sent.
pub fn flood(mut stream: &TcpStream, bytes: &[u8], sent: &Sent) {
    let many = bytes.repeat((65_536 / bytes.len()).max(1));
    while sent.fetch_add(many.len(), Ordering::SeqCst) < 1 << 30 {
        if stream.write_all(&many).is_err() {
            return;
        }
    }
}

/// The client hung up instead of reading on: no more was taken than its bounds and what lies in the system's buffers.
pub fn little(sent: &Sent) {
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 48 << 20, "{sent} bytes were taken");
}
