//! A connection that knows trust, against servers on loopback: nothing flows before the verdict is
//! accept, an answer is taken on the same connection, and whatever goes wrong is named with its step.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::need;
use crate::net_support::{Server, config, echo, heard, identity, imap_until_starttls, limits, line, terms, tls};
use tofu::endpoint::Endpoint;
use tofu::store::{Cursor, Filter, Store};
use tofu::tls::{Cancel, Conn, Dial, Flow, Limits, NetError, Progress, Protocol, Step, Terms, connect};
use tofu::trust::{self, Answer, Decision, Flags};

fn yes(store: &Store, conn: &Conn) {
    let verdict = conn.verdict().unwrap();
    trust::trust(store, &verdict, &Answer { now: verdict.at(), ..Answer::default() }).unwrap();
}

/// Connects, says yes, and goes on.
fn trusted(store: &Store, server: &Server, dial: Dial) -> Conn {
    let conn = connect(store, &server.endpoint(), dial, terms()).unwrap();
    yes(store, &conn);
    assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Accept));
    conn
}

fn read_all(conn: &Conn, want: usize) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), [0_u8; 4096]);
    while all.len() < want {
        match conn.read(&mut buf).unwrap() {
            Flow::Bytes(got) => all.extend(&buf[..got]),
            other => panic!("{other:?} after {} bytes", all.len()),
        }
    }
    all
}

#[test]
fn nothing_flows_before_the_answer_and_then_it_goes_on_on_the_same_connection() {
    let (server, heard) = Server::echo(&identity());
    let store = Store::memory();
    let conn = connect(&store, &server.endpoint(), server.dial(), terms()).unwrap();
    assert_eq!(conn.verdict().unwrap().decision(), Decision::Ask);
    assert_eq!(conn.write(b"LOGIN alice secret\r\n").unwrap(), Flow::Held(Decision::Ask));
    assert_eq!(conn.read(&mut [0; 16]).unwrap(), Flow::Held(Decision::Ask));
    assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Ask), "nobody answered yet");

    yes(&store, &conn);
    assert_eq!(conn.write(b"x").unwrap(), Flow::Held(Decision::Ask), "the answer counts once it was looked at");
    assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Accept));
    assert_eq!(conn.write(b"NOOP\r\n").unwrap(), Flow::Bytes(6));
    assert_eq!(read_all(&conn, 6), b"NOOP\r\n");
    assert_eq!(*heard.lock().unwrap(), b"NOOP\r\n");
    assert_eq!(server.connections(), 1);
    let facts = conn.facts().unwrap();
    assert_eq!(facts.protocol, "TLS 1.3");
    assert!(facts.suite.starts_with("TLS_") && !facts.suite.contains("TLS13"), "{facts:?}");
    assert!(facts.group.is_some());
    assert_eq!(conn.address(), Some(server.address));
}

#[test]
fn another_key_and_a_blocked_key_let_no_byte_through() {
    let (first, second) = (identity(), identity());
    let store = Store::memory();
    let (server, _) = Server::echo(&first);
    drop(trusted(&store, &server, server.dial()));
    let port = server.port();
    drop(server);

    let (kept, keep) = heard();
    let config = config(&second);
    let other = Server::start(move |stream| echo(tls(stream, &config), &keep));
    let endpoint = Endpoint::parse("", crate::net_support::NAME, port).unwrap();
    let conn = connect(&store, &endpoint, other.dial(), terms()).unwrap();
    assert_ne!(conn.verdict().unwrap().change(), trust::Change::None);
    assert_eq!(conn.write(b"secret").unwrap(), Flow::Held(Decision::Ask));
    assert_eq!(conn.read(&mut [0; 16]).unwrap(), Flow::Held(Decision::Ask));
    drop(conn);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(*kept.lock().unwrap(), b"");
}

#[test]
fn trust_that_is_withdrawn_stops_a_live_connection_at_the_next_look() {
    let (server, _) = Server::echo(&identity());
    let store = Store::memory();
    let conn = trusted(&store, &server, server.dial());
    let spki = conn.verdict().unwrap().chain().leaf().unwrap().spki();
    store.block(None, tofu::store::PinKind::Key, spki, "", 1).unwrap();
    assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Reject));
    assert_eq!(conn.write(b"secret").unwrap(), Flow::Held(Decision::Reject));
}

#[test]
fn one_thread_reads_while_another_writes() {
    let (server, _) = Server::echo(&identity());
    let store = Store::memory();
    let conn = Arc::new(trusted(&store, &server, server.dial()));
    let total = 4 << 20;
    let writer = {
        let conn = Arc::clone(&conn);
        std::thread::spawn(move || {
            let data: Vec<u8> = (0..total).map(|i| (i % 251) as u8).collect();
            let mut sent = 0;
            while sent < total {
                match conn.write(&data[sent..]).unwrap() {
                    Flow::Bytes(took) => sent += took,
                    other => panic!("{other:?}"),
                }
            }
        })
    };
    let got = read_all(&conn, total);
    writer.join().unwrap();
    assert!(got.iter().enumerate().all(|(i, byte)| *byte == (i % 251) as u8));
}

#[test]
fn after_a_half_close_the_answer_is_still_read_and_then_comes_the_end() {
    let identity = identity();
    let config = config(&identity);
    let server = Server::start(move |stream| {
        let mut tls = tls(stream, &config);
        let mut all = Vec::new();
        tls.read_to_end(&mut all).unwrap();
        tls.write_all(&all).unwrap();
        tls.conn.send_close_notify();
        tls.flush().unwrap();
    });
    let store = Store::memory();
    let conn = trusted(&store, &server, server.dial());
    conn.write(b"QUIT\r\n").unwrap();
    conn.shutdown().unwrap();
    assert!(matches!(conn.write(b"more"), Err(NetError::State { .. })));
    assert_eq!(read_all(&conn, 6), b"QUIT\r\n");
    assert_eq!(conn.read(&mut [0; 16]).unwrap(), Flow::End);
    assert_eq!(conn.read(&mut [0; 16]).unwrap(), Flow::End);
}

#[test]
fn an_end_without_close_notify_is_a_truncation() {
    let identity = identity();
    let config = config(&identity);
    let server = Server::start(move |stream| {
        let mut tls = tls(stream, &config);
        tls.read_exact(&mut [0; 1]).unwrap();
        tls.write_all(b"half a mess").unwrap();
    });
    let store = Store::memory();
    let conn = trusted(&store, &server, server.dial());
    conn.write(b"x").unwrap();
    assert_eq!(read_all(&conn, 11), b"half a mess");
    let error = conn.read(&mut [0; 16]).unwrap_err();
    assert!(matches!(error, NetError::Truncated { .. }), "{error:?}");
    assert_eq!(conn.read(&mut [0; 16]).unwrap_err(), error, "and stays one");
}

/// Connects with limits of `ms`, expecting a failure.
fn failure(server: &Server, protocol: Option<Protocol>, limits: Limits) -> NetError {
    let mut dial = server.dial().limits(limits).unwrap();
    if let Some(protocol) = protocol {
        dial = dial.starttls(protocol);
    }
    connect(&Store::memory(), &server.endpoint(), dial, terms()).unwrap_err()
}

#[test]
fn a_server_that_stalls_is_left_with_the_step_named() {
    let hang = |mut stream: TcpStream| drop(stream.read(&mut [0; 1]).and_then(|_| stream.read(&mut [0; 65536])));
    let silent = Server::start(move |mut stream| {
        hang(stream.try_clone().unwrap());
        std::thread::sleep(Duration::from_secs(2));
        let _ = stream.write(b"x");
    });
    let error = failure(&silent, Some(Protocol::Smtp), limits(200));
    assert!(matches!(error, NetError::Timeout { step: Step::StartTls(_), .. }), "{error}");
    assert!(error.to_string().contains("greeting") && error.to_string().contains("200 ms"), "{error}");
    let error = failure(&silent, None, limits(200));
    assert!(matches!(error, NetError::Timeout { step: Step::Handshake, .. }), "{error}");

    let after_greeting = Server::start(|mut stream| {
        stream.write_all(b"220 mail.example.test ESMTP\r\n").unwrap();
        std::thread::sleep(Duration::from_secs(4));
    });
    let error = failure(&after_greeting, Some(Protocol::Smtp), limits(2_000));
    assert!(error.to_string().contains("EHLO"), "{error}");
}

#[test]
fn a_read_that_nobody_answers_ends_and_can_be_repeated() {
    let (server, _) = Server::echo(&identity());
    let store = Store::memory();
    let dial = server.dial().limits(Limits { read: Duration::from_millis(100), ..limits(5_000) }).unwrap();
    let conn = trusted(&store, &server, dial);
    let error = conn.read(&mut [0; 16]).unwrap_err();
    assert!(matches!(error, NetError::Timeout { step: Step::Read, .. }), "{error}");
    conn.write(b"still here").unwrap();
    assert_eq!(read_all(&conn, 10), b"still here");
}

#[test]
fn a_greeting_dripped_byte_by_byte_ends_at_the_deadline() {
    let dripping = Server::start(|mut stream| {
        for byte in b"220 mail.example.test is very, very slow to say who it is".iter().cycle() {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let begun = Instant::now();
    let error =
        failure(&dripping, Some(Protocol::Smtp), Limits { deadline: Duration::from_millis(400), ..limits(60_000) });
    assert!(matches!(error, NetError::Timeout { .. }), "{error}");
    assert!(error.to_string().contains("400 ms"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_flood_in_the_clear_ends_at_the_bounds_although_it_never_stalls() {
    let flooding = Server::start(|mut stream| while stream.write_all(&[b'x'; 65536]).is_ok() {});
    let error = failure(&flooding, Some(Protocol::Imap), limits(10_000));
    assert!(matches!(error, NetError::StartTls { .. }), "{error}");
    let error = failure(&flooding, None, limits(10_000));
    assert!(matches!(error, NetError::Tls { .. }), "{error}");
}

#[test]
fn whatever_waits_can_be_called_off_from_another_thread() {
    let silent = Server::start(|_stream| std::thread::sleep(Duration::from_secs(3)));
    let cancel = Cancel::new().unwrap();
    let caller = cancel.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        caller.cancel();
    });
    let begun = Instant::now();
    let dial = silent.dial().cancel(&cancel);
    let error = connect(&Store::memory(), &silent.endpoint(), dial, terms()).unwrap_err();
    assert!(matches!(error, NetError::Cancelled { step: Step::Handshake, .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));
    thread.join().unwrap();

    let (server, _) = Server::echo(&identity());
    let store = Store::memory();
    let cancel = Cancel::new().unwrap();
    let conn = Arc::new(trusted(&store, &server, server.dial().cancel(&cancel)));
    let reader = {
        let conn = Arc::clone(&conn);
        std::thread::spawn(move || conn.read(&mut [0; 1]).unwrap_err())
    };
    std::thread::sleep(Duration::from_millis(50));
    cancel.cancel();
    assert!(matches!(reader.join().unwrap(), NetError::Cancelled { step: Step::Read, .. }));
}

#[test]
fn a_non_blocking_connection_on_the_callers_socket_never_waits() {
    let identity = identity();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let config = config(&identity);
    let (go, begin) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        // The client must find nothing at first.
        begin.recv().unwrap();
        let mut theirs = theirs;
        let mut conn = rustls::ServerConnection::new(config).unwrap();
        while conn.is_handshaking() {
            conn.complete_io(&mut theirs).unwrap();
        }
        let mut stream = rustls::Stream::new(&mut conn, &mut theirs);
        let mut buf = [0; 4];
        stream.read_exact(&mut buf).unwrap();
        stream.write_all(&buf).unwrap();
        stream.flush().unwrap();
    });
    let store = Store::memory();
    let dial = Dial::new().socket(OwnedFd::from(ours)).nonblocking(true);
    let endpoint = Endpoint::parse("", crate::net_support::NAME, 993).unwrap();
    let conn = connect(&store, &endpoint, dial, terms()).unwrap();
    assert!(conn.verdict().is_none(), "the server has not said a word yet");
    assert!(matches!(conn.read(&mut [0; 4]), Err(NetError::State { .. })));
    assert_eq!(conn.handshake().unwrap(), Progress::Again);
    go.send(()).unwrap();
    let wait = |conn: &Conn| {
        assert!(conn.wants().read || conn.wants().write);
        std::thread::sleep(Duration::from_millis(5));
    };
    while conn.handshake().unwrap() == Progress::Again {
        wait(&conn);
    }
    yes(&store, &conn);
    assert_eq!(conn.handshake().unwrap(), Progress::Decided(Decision::Accept));
    let mut buf = [0; 4];
    assert_eq!(conn.read(&mut buf).unwrap(), Flow::Again);
    assert_eq!(conn.write(b"ping").unwrap(), Flow::Bytes(4));
    while conn.read(&mut buf).unwrap() == Flow::Again {
        wait(&conn);
    }
    assert_eq!(&buf, b"ping");
    server.join().unwrap();
}

#[test]
fn a_dial_that_cannot_be_is_refused() {
    let store = Store::memory();
    let endpoint = Endpoint::parse("", crate::net_support::NAME, 993).unwrap();
    let error = connect(&store, &endpoint, Dial::new().nonblocking(true), terms()).unwrap_err();
    assert!(error.to_string().contains("socket"), "{error}");
    let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    let error = connect(&store, &endpoint, Dial::new().socket(file), terms()).unwrap_err();
    assert!(matches!(error, NetError::Option(_)), "{error}");
    assert!(Dial::new().alpn(&[b""]).is_err());
    assert!(Dial::new().limits(limits(0)).is_err());
}

#[test]
fn every_address_that_failed_is_named_and_a_later_one_is_reached() {
    let closed = |address: &str| {
        let listener = TcpListener::bind(address).unwrap();
        listener.local_addr().unwrap()
    };
    let (four, other) = (closed("127.0.0.1:0"), closed("127.0.0.2:0"));
    let endpoint = Endpoint::parse("", crate::net_support::NAME, four.port()).unwrap();
    let dial = Dial::new().address(four).address(other);
    let error = connect(&Store::memory(), &endpoint, dial, terms()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&four.to_string()) && text.contains(&other.to_string()), "{text}");
    assert!(text.contains("connection refused"), "{text}");

    let (server, _) = Server::echo(&identity());
    let dial = Dial::new().address(four).address(server.address);
    let conn = connect(&Store::memory(), &endpoint, dial, terms()).unwrap();
    assert_eq!(conn.address(), Some(server.address));
}

#[test]
fn an_address_that_is_silent_does_not_keep_the_next_one_waiting() {
    // A listener whose queue is full answers no more connections.
    let full = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&full, &"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let silent = std::net::SocketAddr::try_from(rustix::net::getsockname(&full).unwrap()).unwrap();
    let filling: Vec<_> = (0..4).map(|_| TcpStream::connect_timeout(&silent, Duration::from_millis(50))).collect();
    assert!(filling.last().unwrap().is_err(), "the queue is not full");

    let (server, _) = Server::echo(&identity());
    let dial = Dial::new().address(silent).address(server.address).limits(limits(10_000)).unwrap();
    let conn = connect(&Store::memory(), &server.endpoint(), dial, terms()).unwrap();
    assert_eq!(conn.address(), Some(server.address));
    let dial = Dial::new().address(silent).limits(limits(300)).unwrap();
    let error = connect(&Store::memory(), &server.endpoint(), dial, terms()).unwrap_err();
    assert!(matches!(error, NetError::Timeout { step: Step::Connect, .. }), "{error}");
}

#[test]
fn a_server_in_the_clear_a_reset_and_an_alert_are_told_apart() {
    let clear = Server::start(|mut stream| {
        stream.write_all(b"* OK \x1b[31mDovecot ready.\r\n").unwrap();
        line(&mut stream);
    });
    let error = failure(&clear, None, limits(5_000)).to_string();
    assert!(error.contains("does not speak TLS") && error.contains("* OK \\x1B[31mDovecot ready."), "{error}");

    let closing = Server::start(|mut stream| drop(stream.read(&mut [0; 1])));
    let error = failure(&closing, None, limits(5_000));
    assert!(matches!(error, NetError::Tls { .. } | NetError::Broken { step: Step::Handshake, .. }), "{error:?}");

    let alert = Server::start(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]);
        let _ = stream.read(&mut [0; 4096]);
    });
    let error = failure(&alert, None, limits(5_000)).to_string();
    assert!(error.contains("TLS handshake") && error.contains("handshake_failure"), "{error}");
}

#[test]
fn starttls_leads_to_the_same_verdict_and_injected_plaintext_to_none() {
    let identity = identity();
    let config = config(&identity);
    let (_, keep) = heard();
    let server = Server::start(move |mut stream| {
        imap_until_starttls(&mut stream, "IMAP4rev1 starttls", "OK go ahead\r\n");
        echo(tls(stream, &config), &keep);
    });
    let store = Store::memory();
    let conn = trusted(&store, &server, server.dial().starttls(Protocol::Imap));
    conn.write(b"a NOOP\r\n").unwrap();
    assert_eq!(read_all(&conn, 8), b"a NOOP\r\n");
    assert!(conn.greeting().unwrap().contains("ready"));

    let injecting = Server::start(|mut stream| {
        imap_until_starttls(&mut stream, "IMAP4rev1 STARTTLS", "OK go ahead\r\n* OK injected\r\n");
        line(&mut stream);
    });
    let error = failure(&injecting, Some(Protocol::Imap), limits(5_000));
    assert_eq!(error.code(), "starttls.injected", "{error}");
    assert!(error.to_string().contains("inject"), "{error}");
}

#[test]
fn tls_that_is_no_longer_offered_where_it_was_is_stripped_and_logged() {
    let identity = identity();
    let strip = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (stripped, config) = (Arc::clone(&strip), config(&identity));
    let (_, keep) = heard();
    let server = Server::start(move |mut stream| {
        if stripped.load(std::sync::atomic::Ordering::SeqCst) {
            imap_until_starttls(&mut stream, "IMAP4rev1 AUTH=PLAIN", "BAD what?\r\n");
        } else {
            imap_until_starttls(&mut stream, "IMAP4rev1 STARTTLS", "OK\r\n");
            echo(tls(stream, &config), &keep);
        }
    });
    let store = Store::memory();
    let dial = || server.dial().starttls(Protocol::Imap);
    strip.store(true, std::sync::atomic::Ordering::SeqCst);
    let error = connect(&store, &server.endpoint(), dial(), terms()).unwrap_err();
    assert_eq!(error.code(), "starttls.missing", "never seen with TLS: {error}");

    strip.store(false, std::sync::atomic::Ordering::SeqCst);
    drop(trusted(&store, &server, dial()));
    strip.store(true, std::sync::atomic::Ordering::SeqCst);
    let error = connect(&store, &server.endpoint(), dial(), terms()).unwrap_err();
    assert!(matches!(error, NetError::Stripped { .. }), "{error}");
    assert!(!error.to_string().contains("password"), "{error}");
    let events = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 100)).unwrap();
    assert!(events.items.iter().any(|event| event.code == "stripped"), "{events:?}");
}

/// An address of this machine that is not loopback, where it has one. Nothing is sent to find it.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().unwrap().ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

/// The key of one port of this machine vouches for another port of it, whatever they are for.
#[test]
fn loopback_is_held_against_the_address_that_was_reached() {
    let identity = identity();
    let store = Store::memory();
    let terms = || Terms { flags: Flags { loopback: true, ..Flags::default() }, ..terms() };
    let at = |address: IpAddr| {
        let (keep, config) = (heard().1, config(&identity));
        let server =
            Server::on(&SocketAddr::new(address, 0).to_string(), move |stream| echo(tls(stream, &config), &keep));
        let endpoint = Endpoint::parse("", "mail.localhost", server.port()).unwrap();
        connect(&store, &endpoint, server.dial(), terms()).unwrap()
    };
    let here = IpAddr::from([127, 0, 0, 1]);
    yes(&store, &at(here));
    assert_eq!(at(here).verdict().unwrap().decision(), Decision::Accept);
    match own_address() {
        Some(address) => assert_eq!(at(address).verdict().unwrap().decision(), Decision::Ask),
        None => need::skip_part("this machine has no address but loopback"),
    }
}
