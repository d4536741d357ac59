//! Misbehaviour in the dialogue before TLS, in every protocol and at every step.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::misbehaviour::dialogues::{SCRIPTS, Script};
use crate::misbehaviour::{Sent, failure, flood, hang, little, reset, yes};
use crate::net_support::{Server, config, echo, heard, identity, limits, terms, tls};
use tofu::store::{Cursor, Filter, Store};
use tofu::tls::{NetError, Protocol, Step, connect};

/// The limit of a step, in milliseconds, where a server stalls: enough for it to say before what it says, on a machine
/// that does much else.
const STALL: u64 = 2_000;

/// Runs each in a thread of its own: they wait more than they work.
fn at_once<T: Send>(cases: impl Iterator<Item = T>, test: impl Fn(T) + Send + Sync) {
    std::thread::scope(|threads| {
        for case in cases {
            threads.spawn(|| test(case));
        }
    });
}

/// The names are those of the table, and none of it is about TLS.
fn names_the_step(error: &NetError, script: &Script, step: usize) {
    let (text, name) = (error.to_string(), script.steps[step].name);
    assert!(text.contains(name), "{:?}: not {name}: {text}", script.protocol);
}

#[test]
fn a_stall_at_any_step_ends_with_the_step_named() {
    at_once(Script::each(), |(script, step)| {
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, step);
            hang(&stream);
        });
        let error = failure(&server, Some(script.protocol), STALL);
        names_the_step(&error, script, step);
        assert!(error.to_string().contains(": nothing within 2 s"), "{error}");
        assert!(matches!(error, NetError::Timeout { step: Step::StartTls(_), .. }), "{error}");
    });
}

#[test]
fn a_stall_behind_the_go_ahead_is_one_of_the_handshake() {
    at_once(SCRIPTS.iter(), |script| {
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, script.steps.len());
            hang(&stream);
        });
        let error = failure(&server, Some(script.protocol), STALL);
        assert!(matches!(error, NetError::Timeout { step: Step::Handshake, .. }), "{error}");
    });
}

#[test]
fn a_close_at_any_step_ends_with_the_step_named() {
    at_once(Script::each(), |(script, step)| {
        let server = Server::start(move |mut stream| script.play(&mut stream, step));
        let error = failure(&server, Some(script.protocol), 5_000);
        names_the_step(&error, script, step);
        assert_eq!(error.code(), "starttls.closed", "{error}");
        assert!(error.to_string().contains("closed the connection"), "{error}");
    });
}

#[test]
fn an_answer_that_is_cut_off_anywhere_is_not_taken_for_a_whole_one() {
    at_once(Script::each(), |(script, step)| {
        let (cut, cuts) = mpsc::channel();
        let cuts = std::sync::Mutex::new(cuts);
        let server = Server::start(move |mut stream| {
            let length = cuts.lock().unwrap().recv().unwrap();
            script.play(&mut stream, step);
            let _ = stream.write_all(&script.steps[step].says[..length]);
        });
        for length in 1..script.steps[step].says.len() {
            cut.send(length).unwrap();
            let error = failure(&server, Some(script.protocol), 5_000);
            assert_eq!(error.code(), "starttls.closed", "{:?} {step} {length}: {error}", script.protocol);
        }
    });
}

#[test]
fn a_reset_at_any_step_ends_with_the_step_named() {
    at_once(Script::each(), |(script, step)| {
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, step);
            reset(stream);
        });
        let error = failure(&server, Some(script.protocol), 5_000);
        names_the_step(&error, script, step);
        assert!(matches!(error, NetError::Broken { step: Step::StartTls(_), .. }), "{error:?}");
        assert!(error.to_string().contains("reset by peer") && !error.to_string().contains("os error"), "{error}");
    });
}

#[test]
fn garbage_at_any_step_is_refused_and_shown_without_its_controls() {
    at_once(Script::each(), |(script, step)| {
        for garbage in [&b"\xff\0\x1b[31mgarbage\r\n\0\r\n"[..], b"\x80\x01\x02\n\0\n", b"\0\0\0\0\0\0\0\0\0\0\n"] {
            let server = Server::start(move |mut stream| {
                script.play(&mut stream, step);
                let _ = stream.write_all(garbage);
                hang(&stream);
            });
            let error = failure(&server, Some(script.protocol), 5_000);
            names_the_step(&error, script, step);
            assert!(matches!(error, NetError::StartTls { .. }), "{error}");
        }
    });
}

#[test]
fn tls_where_words_are_due_is_named() {
    at_once(SCRIPTS.iter(), |script| {
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, 0);
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 80]);
            hang(&stream);
        });
        assert_eq!(failure(&server, Some(script.protocol), 5_000).code(), "starttls.tls-at-once");
    });
}

#[test]
fn words_behind_the_go_ahead_are_an_injection_whether_they_come_with_it_or_after_it() {
    at_once(SCRIPTS.iter(), |script| {
        let last = script.steps.len() - 1;
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, last);
            let _ = stream.write_all(&[script.steps[last].says, b"A3 OK injected\r\n"].concat());
            hang(&stream);
        });
        let error = failure(&server, Some(script.protocol), 5_000);
        assert_eq!(error.code(), "starttls.injected", "{error}");
        assert!(error.to_string().contains("injection") && error.to_string().contains("A3 OK injected"), "{error}");

        let later = Server::start(move |mut stream| {
            script.play(&mut stream, last + 1);
            std::thread::sleep(Duration::from_millis(100));
            let _ = stream.write_all(b"A3 OK injected\r\n");
            hang(&stream);
        });
        let error = failure(&later, Some(script.protocol), 5_000);
        assert_eq!(error.code(), "starttls.injected", "{error}");
        assert!(error.to_string().contains("16 bytes in the clear behind the go-ahead"), "{error}");
        assert!(error.to_string().contains("A3 OK injected"), "{error}");

        let garbled = Server::start(move |mut stream| {
            script.play(&mut stream, last + 1);
            std::thread::sleep(Duration::from_millis(100));
            let _ = stream.write_all(b"\0\x01\x02 whatever this is");
            hang(&stream);
        });
        let error = failure(&garbled, Some(script.protocol), 5_000);
        assert_eq!(error.code(), "starttls.not-tls", "{error}");
        assert!(error.to_string().contains("something that is not TLS: \\0\\x01\\x02 whatever"), "{error}");
    });
}

#[test]
fn a_first_word_of_a_mebibyte_and_one_without_end_are_too_long() {
    at_once(SCRIPTS.iter(), |script| {
        for most in [1 << 20, usize::MAX] {
            let sent = Sent::default();
            let count = Arc::clone(&sent);
            let server = Server::start(move |mut stream| {
                script.play(&mut stream, 0);
                let _ = stream.write_all(script.endless_word);
                if most == usize::MAX {
                    flood(&stream, b"xxxxxxxx", &count);
                } else {
                    let _ = stream.write_all(&vec![b'x'; most]);
                }
            });
            let error = failure(&server, Some(script.protocol), 5_000);
            assert_eq!(error.code(), "starttls.limit", "{error}");
            assert!(error.to_string().contains("more than 4096 bytes"), "{error}");
            names_the_step(&error, script, 0);
            little(&sent);
        }
    });
}

#[test]
fn an_answer_without_end_is_too_long() {
    at_once(SCRIPTS.iter(), |script| {
        let Some((step, begins, goes_on)) = script.endless_answer else { return };
        let sent = Sent::default();
        let count = Arc::clone(&sent);
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, step);
            let _ = stream.write_all(begins);
            flood(&stream, goes_on, &count);
        });
        let error = failure(&server, Some(script.protocol), 5_000);
        assert_eq!(error.code(), "starttls.limit", "{error}");
        names_the_step(&error, script, step);
        little(&sent);
    });
}

#[test]
fn an_answer_that_drips_ends_at_the_limit_of_the_dialogue() {
    // LDAP says the length first, and this one is too long at once.
    at_once(SCRIPTS.iter().filter(|script| script.protocol != Protocol::Ldap), |script| {
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, 0);
            let _ = stream.write_all(script.endless_word);
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let error = failure(&server, Some(script.protocol), STALL);
        assert!(matches!(error, NetError::Timeout { step: Step::StartTls(_), partial: true, .. }), "{error}");
        assert!(error.to_string().ends_with("not complete within 2 s"), "{error}");
    });
}

#[test]
fn tls_that_is_no_longer_offered_is_missing_to_newcomers_and_stripped_to_those_who_knew_it() {
    let identity = identity();
    at_once(SCRIPTS.iter(), |script| {
        let strips = Arc::new(AtomicBool::new(false));
        let (stripping, config, (_, keep)) = (Arc::clone(&strips), config(&identity), heard());
        let server = Server::start(move |mut stream| {
            if stripping.load(Ordering::SeqCst) {
                script.play(&mut stream, script.offer);
                let _ = stream.write_all(script.without);
                return hang(&stream);
            }
            script.play(&mut stream, script.steps.len());
            echo(tls(stream, &config), &keep);
        });
        let store = Store::memory();
        let dial = || server.dial().limits(limits(5_000)).unwrap().starttls(script.protocol);
        let conn = connect(&store, &server.endpoint(), dial(), terms()).unwrap();
        yes(&store, &conn);
        drop(conn);
        strips.store(true, Ordering::SeqCst);
        let error = failure(&server, Some(script.protocol), 5_000);
        assert_eq!(error.code(), "starttls.missing", "{error}");
        names_the_step(&error, script, script.offer);
        let error = connect(&store, &server.endpoint(), dial(), terms()).unwrap_err();
        assert!(matches!(error, NetError::Stripped { .. }), "{error}");
    });
}

#[test]
fn a_server_that_turns_everybody_away_at_the_greeting_strips_nothing() {
    let identity = identity();
    let away = Arc::new(AtomicBool::new(false));
    let (turned, config, (_, keep)) = (Arc::clone(&away), config(&identity), heard());
    let smtp = SCRIPTS.iter().find(|script| script.protocol == Protocol::Smtp).unwrap();
    let server = Server::start(move |mut stream| {
        if turned.load(Ordering::SeqCst) {
            return drop(stream.write_all(b"421 too many connections\r\n"));
        }
        smtp.play(&mut stream, smtp.steps.len());
        echo(tls(stream, &config), &keep);
    });
    let store = Store::memory();
    let dial = || server.dial().starttls(Protocol::Smtp);
    yes(&store, &connect(&store, &server.endpoint(), dial(), terms()).unwrap());
    away.store(true, Ordering::SeqCst);
    let error = connect(&store, &server.endpoint(), dial(), terms()).unwrap_err();
    assert_eq!(error.code(), "starttls.refused", "{error}");
    assert!(error.to_string().contains("421 too many connections"), "{error}");
}

/// What a server of this protocol says when it says no.
fn no(protocol: Protocol, step: usize) -> Vec<u8> {
    match (protocol, step) {
        (Protocol::Imap, 0) => b"* BYE no\r\n".to_vec(),
        (Protocol::Imap, step) => format!("A{step} NO no\r\n").into_bytes(),
        (Protocol::Pop3, _) => b"-ERR no\r\n".to_vec(),
        (Protocol::Smtp | Protocol::Lmtp, 1) => b"501 5.5.2 no\r\n".to_vec(),
        (Protocol::Smtp | Protocol::Lmtp, 2) => b"454 4.7.0 no\r\n".to_vec(),
        (Protocol::Smtp | Protocol::Lmtp | Protocol::Ftp, _) => b"550 no\r\n".to_vec(),
        (Protocol::Nntp, _) => b"502 no\r\n".to_vec(),
        (Protocol::Sieve, _) => b"NO \"no\"\r\n".to_vec(),
        (Protocol::Ldap, _) => b"\x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x35\x04\x00\x04\x02no".to_vec(),
        (Protocol::Postgres, _) => b"Eno\0".to_vec(),
        (Protocol::Xmpp, 0) => b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>\
            <stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
            <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error>"
            .to_vec(),
        (Protocol::Xmpp, 1) => b"<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
            <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error>"
            .to_vec(),
        (Protocol::Xmpp, _) => b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>".to_vec(),
    }
}

fn events(store: &Store) -> Vec<String> {
    let page = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 100)).unwrap();
    page.items.into_iter().map(|event| event.code).collect()
}

#[test]
fn a_no_at_any_step_of_a_known_server_is_told_as_that_and_strips_nothing() {
    let identity = identity();
    at_once(Script::each(), |(script, step)| {
        let refuses = Arc::new(AtomicBool::new(false));
        let (refusing, config, (_, keep)) = (Arc::clone(&refuses), config(&identity), heard());
        let server = Server::start(move |mut stream| {
            if !refusing.load(Ordering::SeqCst) {
                script.play(&mut stream, script.steps.len());
                return echo(tls(stream, &config), &keep);
            }
            script.play(&mut stream, step);
            // A client that got no list asks for TLS directly, and is refused again.
            let mut heard = [0; 4096];
            while stream.write_all(&no(script.protocol, step)).is_ok() && stream.read(&mut heard).is_ok_and(|n| n > 0) {
            }
        });
        let store = Store::memory();
        let dial = || server.dial().limits(limits(5_000)).unwrap().starttls(script.protocol);
        yes(&store, &connect(&store, &server.endpoint(), dial(), terms()).unwrap());
        let before = events(&store);
        refuses.store(true, Ordering::SeqCst);
        let error = connect(&store, &server.endpoint(), dial(), terms()).unwrap_err();
        let expected = ["starttls.refused", "starttls.unable"];
        assert!(
            expected.contains(&error.code()) && error.to_string().contains("no"),
            "{:?} {step}: {error}",
            script.protocol
        );
        assert_eq!(events(&store), before, "{:?} {step}", script.protocol);
    });
}

/// What a server says in the clear where TLS began with its first byte before: the error of a new connection.
fn in_clear_after_tls(port_spoke_starttls: bool, says: &'static [u8]) -> (NetError, Vec<String>) {
    let identity = identity();
    let clear = Arc::new(AtomicBool::new(false));
    let (cleared, config, (_, keep)) = (Arc::clone(&clear), config(&identity), heard());
    let imap = SCRIPTS.iter().find(|script| script.protocol == Protocol::Imap).unwrap();
    let server = Server::start(move |mut stream| {
        if cleared.load(Ordering::SeqCst) {
            let _ = stream.write_all(says);
            return hang(&stream);
        }
        if port_spoke_starttls {
            imap.play(&mut stream, imap.steps.len());
        }
        echo(tls(stream, &config), &keep);
    });
    let store = Store::memory();
    let dial = server.dial();
    let dial = if port_spoke_starttls { dial.starttls(Protocol::Imap) } else { dial };
    yes(&store, &connect(&store, &server.endpoint(), dial, terms()).unwrap());
    clear.store(true, Ordering::SeqCst);
    let error = connect(&store, &server.endpoint(), server.dial(), terms()).unwrap_err();
    (error, events(&store))
}

#[test]
fn a_port_that_spoke_tls_at_once_and_answers_in_the_clear_is_stripped() {
    for says in [&b"* OK IMAP4rev1 ready\r\n"[..], b"220 mail ESMTP\r\n", b"HTTP/1.1 302 Found\r\n", b"hello there\n"] {
        let (error, events) = in_clear_after_tls(false, says);
        assert!(matches!(error, NetError::Stripped { .. }), "{error}");
        assert!(error.to_string().contains(std::str::from_utf8(says).unwrap().trim_end()), "{error}");
        assert!(!error.to_string().contains("does this port want STARTTLS"), "{error}");
        assert!(events.iter().any(|code| code == "stripped"), "{events:?}");
    }
}

#[test]
fn a_port_is_not_stripped_by_a_refusal_by_garbage_or_where_starttls_was_used() {
    for (starttls, says) in [
        (false, &b"421 too many connections\r\n"[..]),
        (false, b"* BYE not now\r\n"),
        (false, b"42"),
        (false, b"\0\x01\x02\x03\x04\x05"),
        (true, b"* OK IMAP4rev1 ready\r\n"),
    ] {
        let (error, events) = in_clear_after_tls(starttls, says);
        assert_eq!(error.code(), "tls", "{error}");
        assert!(!events.iter().any(|code| code == "stripped"), "{error}: {events:?}");
    }
}
