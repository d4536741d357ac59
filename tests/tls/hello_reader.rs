//! The reader of the wide hello's answer against scripted servers: every way of cutting a stream,
//! floods, lies about lengths, alerts, greetings in the clear, and silence.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use tofu::path::{MAX_CHAIN, MAX_CHAIN_BYTES};
use tofu::tls::hello::{Alert, Glimpse, HelloError, MAX_BYTES, Reader, Suite, Version, refusal};

const REAL: &[u8] = include_bytes!("../data/certs/ca-leaf.der");
const ECDHE_RSA: u16 = 0xC02F;

fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 3, 3];
    out.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    out.extend(payload);
    out
}

/// Handshake payload in records of at most `size` bytes.
fn records(payload: &[u8], size: usize) -> Vec<u8> {
    payload.chunks(size).flat_map(|piece| record(22, piece)).collect()
}

fn u24(length: usize) -> [u8; 3] {
    let [_, a, b, c] = u32::try_from(length).unwrap().to_be_bytes();
    [a, b, c]
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &u24(body.len())[..], body].concat()
}

fn server_hello(version: u16, suite: u16) -> Vec<u8> {
    let extensions = [0, 5, 0, 0];
    let body = [&version.to_be_bytes()[..], &[9; 32], &[0], &suite.to_be_bytes(), &[0], &[0, 4], &extensions].concat();
    message(2, &body)
}

fn certificates<'a>(list: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let list: Vec<u8> = list.into_iter().flat_map(|der| [&u24(der.len())[..], der].concat()).collect();
    message(11, &[&u24(list.len())[..], &list].concat())
}

fn done() -> Vec<u8> {
    message(14, &[])
}

/// A whole first flight: hello, one certificate, a stapled response, P-256, a certificate request.
fn flight() -> Vec<u8> {
    [
        server_hello(0x0303, ECDHE_RSA),
        certificates([REAL]),
        message(22, &[&[1][..], &u24(5), b"ocsp!"].concat()),
        message(12, &[3, 0, 23, 1, 4]),
        message(13, &[1, 1, 0, 2, 4, 1, 0, 0]),
        done(),
    ]
    .concat()
}

/// What comes of a stream that arrives in pieces and then ends.
fn read(stream: &[u8], piece: usize) -> Result<Glimpse, HelloError> {
    let mut reader = Reader::new();
    for bytes in stream.chunks(piece) {
        if let Some(glimpse) = reader.receive(bytes)? {
            return Ok(glimpse);
        }
    }
    reader.closed()
}

fn error(stream: &[u8]) -> HelloError {
    let error = read(stream, stream.len().max(1)).unwrap_err();
    let text = error.to_string();
    assert!(!text.contains(char::is_control) && text.len() < 400, "{text:?}");
    error
}

fn handshake(messages: &[Vec<u8>]) -> Vec<u8> {
    records(&messages.concat(), 16384)
}

/// As one line, to compare.
fn told(answer: &Result<Glimpse, HelloError>) -> String {
    answer.as_ref().map_or_else(ToString::to_string, |glimpse| {
        let (chain, ocsp) = (glimpse.chain.fingerprint(), glimpse.chain.ocsp().map(<[u8]>::len));
        let Glimpse { version, suite, group, certificates, complete, message_bytes, .. } = glimpse;
        let (client, warning) = (glimpse.wants_client_certificate, glimpse.warning);
        format!(
            "{version} {suite} {group:?} {chain:?} {ocsp:?} {certificates} {complete} {message_bytes} {client} {warning:?}"
        )
    })
}

#[test]
fn a_flight_tells_the_same_however_it_is_cut() {
    let whole = read(&records(&flight(), 16384), usize::MAX);
    let glimpse = whole.as_ref().unwrap();
    assert_eq!((glimpse.version, glimpse.suite), (Version::Tls12, Suite(ECDHE_RSA)));
    assert_eq!(glimpse.group.as_deref(), Some("P-256"));
    assert_eq!((glimpse.chain.len(), glimpse.certificates, glimpse.complete), (1, 1, true));
    assert_eq!(glimpse.chain.der(0), Some(REAL));
    assert_eq!(glimpse.chain.ocsp(), Some(&b"ocsp!"[..]));
    assert!(glimpse.wants_client_certificate);
    for in_records in [1, 2, 3, 5, 64, 1000] {
        let stream = records(&flight(), in_records);
        for piece in [1, 2, 3, 7, 100, 4096] {
            assert_eq!(told(&read(&stream, piece)), told(&whole), "records of {in_records}, pieces of {piece}");
        }
    }
}

#[test]
fn every_version_and_a_prime_of_any_size_are_told() {
    for (code, version) in
        [(0x0300, Version::Ssl30), (0x0301, Version::Tls10), (0x0302, Version::Tls11), (0x0303, Version::Tls12)]
    {
        let prime = [&[0, 129, 0, 0x80][..], &[1; 127], &[0, 1, 2]].concat();
        let stream = handshake(&[server_hello(code, 0x0033), certificates([REAL]), message(12, &prime), done()]);
        let glimpse = read(&stream, 7).unwrap();
        assert_eq!((glimpse.version, glimpse.group.as_deref()), (version, Some("DH of 1024 bits")));
    }
    for code in [0x0304, 0x0000, 0x7F12, 0xFEFD] {
        assert_eq!(error(&handshake(&[server_hello(code, ECDHE_RSA)])), HelloError::Version(code));
    }
}

#[test]
fn warnings_before_the_hello_are_passed_over_and_told() {
    let stream = [record(21, &[1, 112]), record(21, &[1, 90]), records(&flight(), 100)].concat();
    assert_eq!(read(&stream, 1).unwrap().warning, Some(Alert { level: 1, description: 112 }));
    let in_halves = [record(21, &[1]), record(21, &[112]), records(&flight(), 100)].concat();
    assert_eq!(read(&in_halves, 3).unwrap().warning, Some(Alert { level: 1, description: 112 }));
}

#[test]
fn fatal_alerts_are_named_in_words() {
    let cause = |description| {
        let error = error(&record(21, &[2, description]));
        (error.to_string(), refusal(&error, Version::Tls12).unwrap())
    };
    let (text, statement) = cause(40);
    assert_eq!(text, "the server refused the handshake: nothing in common with what was offered (handshake_failure)");
    assert_eq!(statement.code, "obstacle-nothing-in-common");
    assert_eq!(cause(70).1.code, "obstacle-wants-newer");
    assert_eq!(cause(71).1.code, "obstacle-nothing-in-common");
    let (_, statement) = cause(112);
    assert_eq!(statement.text(), "This server refused the handshake: it does not go by this name (unrecognized_name).");
    assert!(cause(250).0.ends_with("(alert 250)"));
    // The same alert to an older hello says nothing about TLS 1.3.
    let older = HelloError::Alert(Alert { level: 2, description: 70 });
    assert_eq!(refusal(&older, Version::Tls10).unwrap().code, "obstacle-refused");
}

#[test]
fn a_flood_of_a_hundred_certificates_gives_the_first_64_and_the_number() {
    let distinct: Vec<Vec<u8>> = (0..100u8).map(|n| vec![0x30, 3, 2, 1, n]).collect();
    let list = distinct.iter().map(Vec::as_slice);
    let glimpse = read(&handshake(&[server_hello(0x0303, ECDHE_RSA), certificates(list), done()]), 1).unwrap();
    assert_eq!((glimpse.chain.len(), glimpse.certificates, glimpse.complete), (MAX_CHAIN, 100, true));
    assert_eq!(glimpse.chain.der(63), Some(&*distinct[63]));
}

#[test]
fn a_certificate_message_of_over_64_kib_is_read_and_one_beyond_the_chains_limit_is_cut() {
    let large = vec![0x55; 60 * 1024];
    let of = |count: usize| handshake(&[server_hello(0x0303, 0x002F), certificates(vec![&*large; count]), done()]);
    let glimpse = read(&of(4), 4096).unwrap();
    assert_eq!((glimpse.chain.len(), glimpse.message_bytes), (4, 4 * (large.len() + 3) + 3));
    let glimpse = read(&of(6), 4096).unwrap();
    assert_eq!((glimpse.chain.len(), glimpse.certificates), (MAX_CHAIN_BYTES / large.len(), 6));
    // A small one behind those that did not fit stays out as well: no gaps.
    let list = [&*large, &large, &large, &large, &large, REAL];
    let stream = handshake(&[server_hello(0x0303, 0x002F), certificates(list), done()]);
    assert_eq!(read(&stream, 4096).unwrap().chain.len(), 4);
    let giant = vec![0x55; MAX_CHAIN_BYTES + 1];
    let stream = handshake(&[server_hello(0x0303, 0x002F), certificates([&*giant]), done()]);
    assert!(matches!(error(&stream), HelloError::Limit(_)));
}

#[test]
fn an_endless_list_gives_what_came_whole_and_says_that_more_was_to_come() {
    let one = vec![0x55; 6000];
    let stream = handshake(&[server_hello(0x0303, 0x002F), certificates(vec![&*one; 500]), done()]);
    let glimpse = read(&stream, 4096).unwrap();
    assert_eq!((glimpse.chain.len(), glimpse.complete), (MAX_CHAIN_BYTES / one.len(), false));
    assert!(glimpse.certificates > 80 && glimpse.certificates < 90, "{}", glimpse.certificates);
}

/// Half a MiB, one byte at a time, of anything that goes on for ever.
#[test]
fn what_never_ends_is_given_up_in_linear_time() {
    let began = Instant::now();
    let warnings = record(21, &[1, 112]).repeat(MAX_BYTES / 7 + 1);
    let empty = record(22, &[]).repeat(MAX_BYTES / 5 + 1);
    let requests = records(&message(0, &[]).repeat(MAX_BYTES / 4), 16384);
    let hello = handshake(&[message(2, &[])]);
    let after = [handshake(&[server_hello(0x0303, 0x002F)]), requests.clone()].concat();
    for (stream, what) in [(warnings, "warnings"), (empty, "empty records"), (requests, "requests"), (after, "more")] {
        let limit = read(&stream, 1).unwrap_err();
        assert!(matches!(limit, HelloError::Limit(_)), "{what}: {limit}");
    }
    assert!(matches!(error(&hello), HelloError::Malformed(_)));
    let one = vec![0x55; 100];
    let list = handshake(&[server_hello(0x0303, 0x002F), certificates(vec![&*one; 6000])]);
    assert_eq!(read(&list, 1).unwrap().chain.len(), MAX_CHAIN);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn lengths_that_lie_are_malformed() {
    let hello = server_hello(0x0303, ECDHE_RSA);
    let with = |body: &[u8]| handshake(&[hello.clone(), message(11, body), done()]);
    for (body, what) in [
        (&[][..], "disagree"),
        (&[0, 0], "disagree"),
        (&[0, 0, 9, 0, 0, 1, 1], "disagree"),
        (&[0, 0, 4, 0, 0, 0, 1], "empty"),
        (&[0, 0, 5, 0, 0, 9, 1, 1], "longer"),
        (&[0, 0, 2, 0, 0], "disagree"),
        (&[0, 0, 6, 0, 0, 1, 1, 0, 0], "disagree"),
    ] {
        let error = error(&with(body));
        assert!(matches!(&error, HelloError::Malformed(text) if text.contains(what)), "{body:?}: {error}");
    }
    let with_hello = records(&hello, 16384);
    for stream in [
        handshake(&[message(2, &[3, 3, 1])]),
        handshake(&[message(2, &[&[3, 3][..], &[9; 32], &[200], &[0; 40]].concat())]),
        handshake(&[done()]),
        handshake(&[certificates([REAL])]),
        handshake(&[hello.clone(), hello.clone()]),
        handshake(&[hello.clone(), message(20, &[0; 12])]),
        handshake(&[hello.clone(), message(99, &[])]),
        [with_hello.clone(), record(20, &[1])].concat(),
        [with_hello.clone(), record(23, b"x")].concat(),
        vec![22, 3, 3, 0xFF, 0xFF],
        vec![22, 9, 9, 0, 1, 0],
        handshake(&[[&[2][..], &u24(1 << 20), &[0; 9]].concat()]),
    ] {
        assert!(matches!(error(&stream), HelloError::Malformed(_)), "{:?}", &stream[..9.min(stream.len())]);
    }
}

#[test]
fn a_handshake_without_certificates_says_so() {
    for next in [done(), message(12, &[0; 4]), message(13, &[0; 4]), certificates([])] {
        for suite in [0x0034, 0x008C] {
            let error = error(&handshake(&[server_hello(0x0303, suite), next.clone(), done()]));
            assert_eq!(error, HelloError::NoCertificate(Suite(suite)));
        }
    }
    let shown = refusal(&HelloError::NoCertificate(Suite(0x0034)), Version::Tls12).unwrap().text();
    assert!(shown.contains("TLS_DH_anon_WITH_AES_128_CBC_SHA"), "{shown}");
}

#[test]
fn what_follows_the_certificates_cannot_take_them_away() {
    let seen = [server_hello(0x0303, ECDHE_RSA), certificates([REAL])].concat();
    let long = message(22, &[&[1][..], &u24(1 << 17), &vec![0; 1 << 17]].concat());
    for tail in [
        vec![],
        record(21, &[2, 80]),
        record(20, &[1]),
        record(22, &certificates([REAL])),
        record(22, &message(77, &[1, 2, 3])),
        record(22, &message(22, &[1, 0, 0, 9, 1])),
        records(&long, 16384),
        vec![0; 100],
    ] {
        let stream = [records(&seen, 16384), tail].concat();
        let glimpse = read(&stream, 5).unwrap();
        assert_eq!((glimpse.chain.der(0), glimpse.chain.ocsp()), (Some(REAL), None));
    }
}

#[test]
fn greetings_in_the_clear_are_recognised_and_shown_escaped() {
    for (greeting, protocol) in [
        ("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", Some("IMAP")),
        ("* PREAUTH hello\r\n", Some("IMAP")),
        ("+OK POP3 ready\r\n", Some("POP3")),
        ("220 mail.example ESMTP\r\n", Some("SMTP or FTP")),
        ("HTTP/1.1 400 Bad Request\r\n", Some("HTTP")),
        ("SSH-2.0-OpenSSH_9.2\r\n", Some("SSH")),
        ("\"IMPLEMENTATION\" \"x\"\r\n", Some("ManageSieve")),
        ("hello \x1b[31m\u{202e}\r\n", None),
    ] {
        for piece in [1, 3, 1000] {
            let Err(HelloError::NotTls { said, protocol: seen }) = read(greeting.as_bytes(), piece) else { panic!() };
            assert_eq!(said, tofu::text::escape(greeting.trim_end()));
            assert_eq!(seen, protocol, "{greeting}");
        }
    }
    let HelloError::NotTls { said, .. } = error(b"220 no end of line") else { panic!() };
    assert_eq!(said, "220 no end of line");
    let HelloError::NotTls { said, .. } = error(&[b'x'; 100_000]) else { panic!() };
    assert!(said.chars().count() <= 121, "{said}");
    let cause = refusal(&error(b"220 mail.example\r\n"), Version::Tls12).unwrap();
    assert!(cause.text().contains("SMTP or FTP in the clear"), "{}", cause.text());
    assert!(matches!(error(&[0xFF, 0xFE, 1, 2]), HelloError::NotTls { protocol: None, .. }));
    assert_eq!(error(&[0x80, 0x2E, 4, 0, 1, 0, 2]), HelloError::Ssl2);
}

#[test]
fn an_early_end_says_how_far_it_came() {
    let at = |stream: &[u8]| error(stream).to_string();
    let whole = records(&flight(), 16384);
    assert!(at(&[]).contains("without an answer"), "{}", at(&[]));
    assert!(at(&whole[..20]).contains("in the middle of its answer"));
    assert!(at(&handshake(&[server_hello(0x0303, ECDHE_RSA)])).contains("before its certificates"));
    assert!(at(&whole[..400]).contains("in the middle of its certificates"));
    assert!(at(&record(21, &[1, 0])).contains("close_notify"));
    assert!(refusal(&error(&[]), Version::Tls12).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), piece in 1usize..600) {
        let _ = read(&bytes, piece);
        let _ = read(&record(22, &bytes), piece);
        let _ = read(&[records(&server_hello(0x0303, ECDHE_RSA), 9), record(22, &bytes)].concat(), piece);
    }

    /// Damage changes the answer, never the dependence on how it was cut.
    #[test]
    fn a_damaged_flight_tells_the_same_however_it_is_cut(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in any::<prop::sample::Index>(),
        in_records in 1usize..400,
        piece in 1usize..400,
    ) {
        let mut stream = records(&flight(), in_records);
        for (at, byte) in damage {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        stream.truncate(end.index(stream.len()) + 1);
        prop_assert_eq!(told(&read(&stream, piece)), told(&read(&stream, usize::MAX)));
    }
}
