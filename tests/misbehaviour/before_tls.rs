//! Misbehaviour in the dialogue before TLS, in every protocol and at every step.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::misbehaviour::dialogues::{SCRIPTS, Script};
use crate::misbehaviour::{Sent, failure, flood, hang, little, reset, yes};
use crate::net_support::{Server, config, echo, heard, identity, limits, terms, tls};
use tofu::store::Store;
use tofu::tls::{NetError, Protocol, Step, connect};

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
        let error = failure(&server, Some(script.protocol), 150);
        names_the_step(&error, script, step);
        assert!(matches!(error, NetError::Timeout { step: Step::StartTls(_), .. }), "{error}");
        assert!(error.to_string().contains("150 ms"), "{error}");
    });
}

#[test]
fn a_stall_behind_the_go_ahead_is_one_of_the_handshake() {
    at_once(SCRIPTS.iter(), |script| {
        let server = Server::start(move |mut stream| {
            script.play(&mut stream, script.steps.len());
            hang(&stream);
        });
        let error = failure(&server, Some(script.protocol), 150);
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
        assert!(error.to_string().contains("reset by peer"), "{error}");
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
        assert!(error.to_string().contains("injection"), "{error}");

        let later = Server::start(move |mut stream| {
            script.play(&mut stream, last + 1);
            std::thread::sleep(Duration::from_millis(100));
            let _ = stream.write_all(b"A3 OK injected\r\n");
            hang(&stream);
        });
        let error = failure(&later, Some(script.protocol), 5_000);
        assert_eq!(error.code(), "starttls.injected", "{error}");
        assert!(error.to_string().contains("16 bytes in the clear behind the go-ahead"), "{error}");
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
        let error = failure(&server, Some(script.protocol), 200);
        assert!(matches!(error, NetError::Timeout { step: Step::StartTls(_), .. }), "{error}");
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
