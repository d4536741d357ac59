//! Misbehaviour behind the handshake, on a connection that is trusted.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::misbehaviour::records::{self, ALERT, DATA, HANDSHAKE, Raw, message, ticket};
use crate::misbehaviour::{hang, is_broken, reset, soon, trusted, yes};
use crate::net_support::{Server, identity, limits, terms, tls};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tofu::store::Store;
use tofu::tls::{Cancel, Conn, Flow, Limits, NetError, Step, connect};

/// A server that completes the handshake in this version, hears a first word and then does anything.
fn behind(version: &'static SupportedProtocolVersion, script: impl Fn(Raw) + Send + Sync + 'static) -> Server {
    let config = records::config(&identity(), version);
    Server::start(move |stream| {
        let mut raw = Raw::accept(stream, &config);
        raw.hear();
        script(raw);
    })
}

/// A connection that is trusted and on which a first word was said.
fn begun(server: &Server, ms: u64) -> Conn {
    let conn = trusted(server, ms);
    assert_eq!(conn.write(b"go"), Ok(Flow::Bytes(2)));
    conn
}

/// Reads until there is no more; gives what came and how it ended.
fn read_on(conn: &Conn) -> (Vec<u8>, Result<Flow, NetError>) {
    let (mut all, mut buf) = (Vec::new(), [0; 4096]);
    soon(|| {
        loop {
            match conn.read(&mut buf) {
                Ok(Flow::Bytes(got)) => all.extend(&buf[..got]),
                end => return (all, end),
            }
        }
    })
}

/// What a server sends is refused while reading, in words that have `what`, and it is over then.
fn refused(server: &Server, what: &str) {
    let conn = begun(server, 3_000);
    let (came, end) = read_on(&conn);
    let error = end.unwrap_err();
    assert!(matches!(error, NetError::Tls { step: Step::Read, .. }), "{what}: {error:?} after {came:?}");
    let text = error.to_string();
    assert!(text.contains("reading: ") && text.contains(what), "{what}: {text}");
    is_broken(&conn, &error);
}

#[test]
fn garbage_behind_the_handshake_is_refused() {
    for version in [&TLS12, &TLS13] {
        for garbage in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[22, 3, 3, 0, 4, 0, 0, 0, 0], &[99; 50]] {
            let server = behind(version, move |mut raw| {
                let _ = raw.stream.write_all(garbage);
                hang(&raw.stream);
            });
            refused(&server, "");
        }
        let server = behind(version, |mut raw| {
            let mut record = raw.seal(DATA, b"a record of which one bit was turned over");
            *record.last_mut().unwrap() ^= 1;
            let _ = raw.stream.write_all(&record);
            hang(&raw.stream);
        });
        refused(&server, "decrypt");
    }
}

#[test]
fn a_record_that_is_repeated_is_refused() {
    let server = behind(&TLS13, |mut raw| {
        let record = raw.seal(DATA, b"DELETE\r\n");
        let _ = raw.stream.write_all(&record.repeat(2));
        hang(&raw.stream);
    });
    let conn = begun(&server, 3_000);
    let (came, end) = read_on(&conn);
    assert!(came.is_empty() || came == b"DELETE\r\n", "at most once");
    assert!(end.unwrap_err().to_string().contains("decrypt"));
}

#[test]
fn messages_that_do_not_belong_behind_the_handshake_are_refused() {
    for kind in [1, 2, 8, 11, 13, 15, 20, 99] {
        let server = behind(&TLS13, move |mut raw| {
            raw.send(HANDSHAKE, &message(kind, &[0; 40]));
            hang(&raw.stream);
        });
        refused(&server, "");
    }
    let server = behind(&TLS13, |mut raw| {
        raw.send(DATA, &[b'x'; 16_385]);
        hang(&raw.stream);
    });
    refused(&server, "");
}

#[test]
fn a_request_to_begin_anew_is_turned_down_and_many_of_them_are_refused() {
    let once = behind(&TLS12, |mut raw| {
        raw.send(HANDSHAKE, &message(0, &[]));
        raw.send(DATA, b"still here");
        raw.send(ALERT, &[1, 0]);
        hang(&raw.stream);
    });
    let conn = begun(&once, 3_000);
    let (came, end) = read_on(&conn);
    assert_eq!((came.as_slice(), end), (&b"still here"[..], Ok(Flow::End)));

    let many = behind(&TLS12, |mut raw| raw.flood(HANDSHAKE, &message(0, &[]), 10_000));
    refused(&many, "TooManyRenegotiationRequests");
}

#[test]
fn every_alert_behind_the_handshake_ends_it_for_good() {
    let identity = identity();
    let config = records::config(&identity, &TLS13);
    for kind in [10, 20, 40, 47, 80, 86, 90, 100, 110, 116, 255] {
        let config = Arc::clone(&config);
        let server = Server::start(move |stream| {
            let mut raw = Raw::accept(stream, &config);
            raw.hear();
            raw.send(ALERT, &[2, kind]);
            hang(&raw.stream);
        });
        refused(&server, "the server refused: ");
    }
}

#[test]
fn a_flood_of_warnings_is_refused() {
    refused(&behind(&TLS12, |mut raw| raw.flood(ALERT, &[1, 90], 100_000)), "TooManyWarningAlerts");
}

#[test]
fn a_flood_of_key_updates_is_refused() {
    let config = records::config(&identity(), &TLS13);
    let server = Server::start(move |stream| {
        let mut tls = tls(stream, &config);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).unwrap();
        }
        for _ in 0..10_000 {
            tls.conn.refresh_traffic_keys().unwrap();
            if tls.flush().is_err() {
                return;
            }
        }
    });
    refused(&server, "TooManyKeyUpdateRequests");
}

#[test]
fn a_flood_of_empty_records_is_refused() {
    for version in [&TLS12, &TLS13] {
        refused(&behind(version, |mut raw| raw.flood(DATA, &[], usize::MAX)), "TooManyEmptyFragments");
    }
}

/// A flood of what is lawful and says nothing: a reader gets no byte out of it and is always busy, because 800 tickets
/// take longer to read than one record takes to write.
fn tickets() -> Server {
    behind(&TLS13, |mut raw| raw.flood(HANDSHAKE, &ticket().repeat(800), usize::MAX))
}

#[test]
fn a_flood_of_messages_that_say_nothing_ends_at_the_limit_of_a_read() {
    let server = tickets();
    let conn = begun(&server, 300);
    let (_, end) = read_on(&conn);
    let error = end.unwrap_err();
    assert!(matches!(error, NetError::Timeout { step: Step::Read, .. }), "{error:?}");
}

#[test]
fn a_flood_of_messages_that_say_nothing_can_be_called_off_and_does_not_keep_a_writer_out() {
    let server = tickets();
    let (store, cancel) = (Store::memory(), Cancel::new().unwrap());
    let dial = server.dial().limits(limits(60_000)).unwrap().cancel(&cancel);
    let conn = connect(&store, &server.endpoint(), dial, terms()).unwrap();
    yes(&store, &conn);
    assert_eq!(conn.write(b"go"), Ok(Flow::Bytes(2)));
    std::thread::scope(|threads| {
        let reader = threads.spawn(|| read_on(&conn).1);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(soon(|| conn.write(b"NOOP\r\n")), Ok(Flow::Bytes(6)));
        cancel.cancel();
        let error = reader.join().unwrap().unwrap_err();
        assert!(matches!(error, NetError::Cancelled { step: Step::Read, .. }), "{error:?}");
    });
}

#[test]
fn a_flood_of_messages_that_say_nothing_never_holds_up_a_caller_who_does_not_wait() {
    let server = tickets();
    let stream = std::net::TcpStream::connect(server.address).unwrap();
    let store = Store::memory();
    let dial = server.dial().socket(stream.into()).nonblocking(true);
    let conn = connect(&store, &server.endpoint(), dial, terms()).unwrap();
    while conn.handshake().unwrap() == tofu::tls::Progress::Again {
        std::thread::sleep(Duration::from_millis(2));
    }
    yes(&store, &conn);
    assert_eq!(conn.write(b"go"), Ok(Flow::Bytes(2)));
    std::thread::sleep(Duration::from_millis(50));
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(conn.read(&mut [0; 64]).unwrap(), Flow::Again);
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn nothing_is_read_behind_the_closing_message() {
    for version in [&TLS12, &TLS13] {
        let server = behind(version, |mut raw| {
            raw.send(DATA, b"before");
            raw.send(ALERT, &[1, 0]);
            raw.send(DATA, b"behind");
            hang(&raw.stream);
        });
        let conn = begun(&server, 3_000);
        let (came, end) = read_on(&conn);
        assert_eq!((came.as_slice(), end), (&b"before"[..], Ok(Flow::End)));
        assert_eq!(conn.read(&mut [0; 16]), Ok(Flow::End));
    }
}

#[test]
fn a_record_that_is_cut_off_or_reset_is_a_truncation() {
    for with_reset in [false, true] {
        let (go, gone) = mpsc::channel();
        let gone = std::sync::Mutex::new(gone);
        let server = behind(&TLS13, move |mut raw| {
            raw.send(DATA, b"whole");
            let record = raw.seal(DATA, b"half a record");
            let _ = raw.stream.write_all(&record[..20]);
            gone.lock().unwrap().recv().unwrap();
            if with_reset {
                reset(raw.stream);
            }
        });
        let conn = begun(&server, 3_000);
        assert_eq!(conn.read(&mut [0; 5]), Ok(Flow::Bytes(5)));
        go.send(()).unwrap();
        let error = read_on(&conn).1.unwrap_err();
        assert!(matches!(error, NetError::Truncated { .. }), "{error:?}");
        assert!(error.to_string().contains("cut off"), "{error}");
        is_broken(&conn, &error);
    }
}

#[test]
fn a_record_that_drips_ends_at_the_limit_of_a_read_and_the_rest_can_still_be_read() {
    let server = behind(&TLS13, |mut raw| {
        for byte in raw.seal(DATA, b"slowly") {
            let _ = raw.stream.write_all(&[byte]);
            std::thread::sleep(Duration::from_millis(20));
        }
        hang(&raw.stream);
    });
    let conn = begun(&server, 150);
    let mut late = 0;
    let mut buf = [0; 16];
    loop {
        match soon(|| conn.read(&mut buf)) {
            Ok(Flow::Bytes(got)) => break assert_eq!(&buf[..got], b"slowly"),
            Err(NetError::Timeout { step: Step::Read, .. }) => late += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(late > 0, "27 bytes every 20 ms do not come within 150 ms");
}

#[test]
fn a_server_that_has_gone_is_noticed_by_the_writer() {
    for with_reset in [false, true] {
        let server = behind(&TLS13, move |raw| if with_reset { reset(raw.stream) } else { drop(raw) });
        let conn = begun(&server, 3_000);
        std::thread::sleep(Duration::from_millis(60));
        let error = soon(|| {
            loop {
                match conn.write(&[7; 65_536]) {
                    Ok(Flow::Bytes(_)) => std::thread::sleep(Duration::from_millis(5)),
                    other => break other.unwrap_err(),
                }
            }
        });
        assert!(matches!(error, NetError::Broken { step: Step::Write, .. }), "{error:?}");
        assert!(error.to_string().contains("writing: "), "{error}");
        is_broken(&conn, &error);
    }
}

#[test]
fn what_was_said_before_the_end_is_read_although_writing_no_longer_works() {
    let server = behind(&TLS13, |mut raw| {
        raw.send(DATA, b"* BYE shutting down\r\n");
        raw.send(ALERT, &[1, 0]);
        // Reads nothing more: what the client writes from now on is answered with a reset.
        let _ = raw.stream.shutdown(std::net::Shutdown::Both);
    });
    let conn = begun(&server, 3_000);
    std::thread::sleep(Duration::from_millis(60));
    let mut buf = [0; 64];
    assert_eq!(conn.read(&mut buf), Ok(Flow::Bytes(21)));
    assert_eq!(conn.read(&mut buf), Ok(Flow::End));
}

/// A server that completes the handshake and reads nothing.
fn deaf() -> Server {
    behind(&TLS13, |raw| {
        std::thread::sleep(Duration::from_secs(4));
        drop(raw);
    })
}

#[test]
fn a_write_that_nobody_takes_ends_at_the_limit_and_breaks_the_connection_for_good() {
    let server = deaf();
    let conn = begun(&server, 200);
    let error = soon(|| {
        loop {
            if let Err(error) = conn.write(&[7; 65_536]) {
                break error;
            }
        }
    });
    // A part of what was taken has left and a part has not: nothing that follows could be put right.
    assert!(matches!(error, NetError::Timeout { step: Step::Write, .. }), "{error:?}");
    is_broken(&conn, &error);
}

#[test]
fn a_write_that_nobody_takes_can_be_called_off() {
    let server = deaf();
    let (store, cancel) = (Store::memory(), Cancel::new().unwrap());
    let dial = server.dial().limits(Limits { write: Duration::from_secs(60), ..limits(5_000) }).unwrap();
    let conn = connect(&store, &server.endpoint(), dial.cancel(&cancel), terms()).unwrap();
    yes(&store, &conn);
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            loop {
                if let Err(error) = conn.write(&[7; 65_536]) {
                    return error;
                }
            }
        });
        std::thread::sleep(Duration::from_millis(200));
        cancel.cancel();
        let error = soon(|| writer.join().unwrap());
        assert!(matches!(error, NetError::Cancelled { step: Step::Write, .. }), "{error:?}");
        is_broken(&conn, &error);
    });
}

#[test]
fn a_writer_that_waits_learns_at_once_that_the_reader_was_refused() {
    let server = behind(&TLS13, |mut raw| {
        std::thread::sleep(Duration::from_millis(200));
        raw.send(ALERT, &[2, 80]);
        // Its socket stays open, and nothing is read from it.
        std::thread::sleep(Duration::from_secs(4));
    });
    let conn = begun(&server, 2_000);
    std::thread::scope(|threads| {
        let reader = threads.spawn(|| read_on(&conn).1.unwrap_err());
        let writer = soon(|| {
            loop {
                if let Err(error) = conn.write(&[7; 65_536]) {
                    return error;
                }
            }
        });
        let reader = reader.join().unwrap();
        assert!(matches!(reader, NetError::Tls { step: Step::Read, .. }), "{reader:?}");
        assert_eq!(writer, reader);
    });
}

#[test]
fn data_that_came_with_the_handshake_waits_for_the_answer() {
    let config = records::config(&identity(), &TLS12);
    let server = Server::start(move |stream| {
        let mut raw = Raw::accept(stream, &config);
        raw.send(DATA, b"* OK ready\r\n");
        hang(&raw.stream);
    });
    let store = Store::memory();
    let conn = connect(&store, &server.endpoint(), server.dial(), terms()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(matches!(conn.read(&mut [0; 64]), Ok(Flow::Held(_))));
    yes(&store, &conn);
    let mut buf = [0; 64];
    assert_eq!(conn.read(&mut buf), Ok(Flow::Bytes(12)));
}

#[test]
fn many_connections_at_once_do_not_disturb_each_other() {
    let config = records::config(&identity(), &TLS13);
    let server = Server::start(move |stream| {
        let mut tls = tls(stream, &config);
        let mut buf = [0; 8];
        while tls.read_exact(&mut buf).is_ok() && tls.write_all(&buf).is_ok() {}
    });
    std::thread::scope(|threads| {
        for thread in 0..16_u64 {
            let server = &server;
            threads.spawn(move || {
                for turn in 0..4_u64 {
                    let conn = trusted(server, 5_000);
                    let said = (thread * 1000 + turn).to_be_bytes();
                    assert_eq!(conn.write(&said), Ok(Flow::Bytes(8)));
                    let mut buf = [0; 8];
                    assert_eq!(conn.read(&mut buf), Ok(Flow::Bytes(8)));
                    assert_eq!(buf, said);
                }
            });
        }
    });
}
