//! The dialogues against what real servers say, and against what no server should say.

use proptest::prelude::*;

use super::protocol::PROTOCOLS;
use super::transcripts::{TRANSCRIPTS, Transcript};
use super::*;

fn dialogue(protocol: Protocol) -> Dialogue {
    let mut dialogue = Dialogue::new(protocol, &Host::parse("mail.example").unwrap());
    let speaks_first = matches!(protocol, Protocol::Ldap | Protocol::Xmpp | Protocol::Postgres);
    assert_eq!(!dialogue.begin().is_empty(), speaks_first);
    dialogue
}

/// Gives the server's bytes in pieces; what there is to send, or nothing more to do.
fn feed(dialogue: &mut Dialogue, bytes: &[u8], piece: usize) -> Result<Step, StartTlsError> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(piece) {
        match dialogue.receive(chunk)? {
            Step::Send(more) => out.extend(more),
            Step::Done => return Ok(Step::Done),
        }
    }
    Ok(Step::Send(out))
}

/// A dialogue that waits for the go-ahead.
fn up_to_go(transcript: &Transcript, piece: usize) -> Dialogue {
    let mut dialogue = dialogue(transcript.protocol);
    for (server, client) in transcript.turns {
        let step = feed(&mut dialogue, server, piece);
        assert_eq!(step, Ok(Step::Send(client.as_bytes().to_vec())), "{} {}", transcript.protocol, transcript.server);
    }
    dialogue
}

/// The first transcript of a protocol.
fn usual(protocol: Protocol) -> &'static Transcript {
    TRANSCRIPTS.iter().find(|t| t.protocol == protocol).unwrap()
}

/// What comes of these answers, each given whole.
fn after(protocol: Protocol, answers: &[&[u8]]) -> Result<Step, StartTlsError> {
    let mut dialogue = dialogue(protocol);
    let mut step = Ok(Step::Send(Vec::new()));
    for answer in answers {
        assert!(matches!(step, Ok(Step::Send(_))), "{protocol}: {step:?}");
        step = dialogue.receive(answer);
    }
    step
}

#[test]
fn every_server_is_led_to_tls_in_whatever_pieces_it_speaks() {
    for transcript in TRANSCRIPTS {
        for piece in (1..=40).chain([4096]) {
            let mut dialogue = up_to_go(transcript, piece);
            let step = feed(&mut dialogue, transcript.go, piece);
            assert_eq!(step, Ok(Step::Done), "{} {}", transcript.protocol, transcript.server);
            assert_eq!(dialogue.receive(b""), Ok(Step::Done));
            assert_eq!(dialogue.waiting_for(), "the TLS handshake");
        }
    }
}

#[test]
fn plaintext_behind_every_go_ahead_is_refused() {
    for transcript in TRANSCRIPTS {
        let protocol = transcript.protocol;
        for injected in [&b"\r\n"[..], b" ", b"* OK [CAPABILITY IMAP4rev1]\r\n", b"\x16", b"\0"] {
            let together = [transcript.go, injected].concat();
            let error = up_to_go(transcript, 4096).receive(&together).unwrap_err();
            assert_eq!(error, StartTlsError::injected(protocol, injected));
            assert!(error.to_string().contains("injection"), "{error}");

            let mut dialogue = up_to_go(transcript, 1);
            assert_eq!(feed(&mut dialogue, transcript.go, 1), Ok(Step::Done));
            let error = dialogue.receive(injected).unwrap_err();
            assert_eq!(error, StartTlsError::injected(protocol, injected));
            assert_eq!(dialogue.receive(b""), Err(error), "an error is final");
        }
    }
    let postgres = up_to_go(usual(Protocol::Postgres), 1).receive(b"SE").unwrap_err().to_string();
    assert!(postgres.contains("1 byte in the clear") && postgres.contains("CVE-2021-23222"), "{postgres}");
}

#[test]
fn a_capability_that_was_taken_out_is_missing() {
    let stripped: [(Protocol, &[&[u8]]); 15] = [
        (Protocol::Imap, &[b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1 XSTARTTLS STARTTLSX AUTH=STARTTLS\r\nA1 OK done\r\n"]),
        (Protocol::Imap, &[b"* OK [CAPABILITY IMAP4rev1] hi\r\n", b"A1 OK [CAPABILITY IMAP4rev1] STARTTLS\r\n"]),
        (Protocol::Pop3, &[b"+OK hi\r\n", b"+OK STLS\r\nTOP\r\nX STLS\r\nSTLSX\r\n.\r\n"]),
        (Protocol::Smtp, &[b"220 hi\r\n", b"250 STARTTLS\r\n"]),
        (Protocol::Smtp, &[b"220-hi\r\n220-STARTTLS\r\n220 hi\r\n", b"250-STARTTLS\r\n250-XXXXXXXA\r\n250 X STARTTLS\r\n"]),
        (Protocol::Lmtp, &[b"220 hi\r\n", b"250-mail.example\r\n250 PIPELINING\r\n"]),
        (Protocol::Sieve, &[b"\"IMPLEMENTATION\" \"STARTTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK \"STARTTLS\"\r\n"]),
        (Protocol::Sieve, &[b"OK\r\n"]),
        (Protocol::Ldap, &[b"\x30\x12\x02\x01\x01\x78\x0d\x0a\x01\x02\x04\x00\x04\x06no TLS"]),
        (Protocol::Xmpp, &[b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features><starttls xmlns='urn:other'/><x><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></x></stream:features>"]),
        (Protocol::Xmpp, &[b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"]),
        (Protocol::Nntp, &[b"200 hi\r\n", b"101 STARTTLS\r\nVERSION 2\r\nX STARTTLS\r\n.\r\n"]),
        (Protocol::Ftp, &[b"220 hi\r\n", b"211-Features AUTH TLS\r\n AUTH SSL\r\n XAUTH TLS\r\n TLS\r\n211 AUTH TLS\r\n"]),
        (Protocol::Ftp, &[b"220 hi\r\n", b"211 no features\r\n"]),
        (Protocol::Postgres, &[b"N"]),
    ];
    for (protocol, answers) in stripped {
        let error = after(protocol, answers).unwrap_err();
        assert_eq!(error.code(), "starttls.missing", "{protocol}: {error}");
        assert!(error.to_string().starts_with(&format!("{protocol}: the server does not offer TLS")), "{error}");
    }
    assert!(PROTOCOLS.iter().all(|p| stripped.iter().any(|(s, _)| s == p)));
    assert!(PROTOCOLS.iter().all(|p| TRANSCRIPTS.iter().any(|t| t.protocol == *p)), "transcripts.rs");
}

#[test]
fn letter_case_does_not_matter_where_the_protocol_says_so() {
    let odd: [(Protocol, &[&[u8]]); 6] = [
        (Protocol::Imap, &[b"* ok [capability imap4rev1 StartTls] hi\r\n", b"A2 ok go\r\n"]),
        (Protocol::Pop3, &[b"+OK hi\r\n", b"+OK\r\nstls\r\n.\r\n", b"+OK go\r\n"]),
        (Protocol::Lmtp, &[b"220 hi\r\n", b"250-hi\r\n250 starttls\r\n", b"220 go\r\n"]),
        (Protocol::Sieve, &[b"\"StartTLS\"\r\nOk\r\n", b"oK\r\n"]),
        (Protocol::Nntp, &[b"200 hi\r\n", b"101 list\r\nstarttls\r\n.\r\n", b"382 go\r\n"]),
        (Protocol::Ftp, &[b"220 hi\r\n", b"211-x\r\n auth tls\r\n211 x\r\n", b"234 go\r\n"]),
    ];
    for (protocol, answers) in odd {
        assert_eq!(after(protocol, answers), Ok(Step::Done), "{protocol}");
    }
}

#[test]
fn a_session_that_is_authenticated_already_is_refused() {
    for greeting in [&b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n"[..], b"* preauth\r\n"] {
        let error = after(Protocol::Imap, &[greeting]).unwrap_err();
        assert_eq!(error.code(), "starttls.preauth");
        assert!(error.to_string().contains("PREAUTH"));
    }
}

#[test]
fn a_refusal_is_shown_with_its_step_and_text() {
    let error_packet = b"E\0\0\0\x23SFATAL\0C53300\0Mtoo many clients\0\0";
    let refused: [(Protocol, &[&[u8]], &str, &str); 25] = [
        (Protocol::Imap, &[b"* BYE too many\r\n"], "the greeting", "too many"),
        (Protocol::Imap, &[b"* OK hi\r\n", b"* BYE idle\r\n"], "CAPABILITY", "idle"),
        (Protocol::Imap, &[b"* OK hi\r\n", b"A1 BAD what\r\n"], "CAPABILITY", "A1 BAD what"),
        (Protocol::Imap, &[b"* OK [CAPABILITY STARTTLS]\r\n", b"A2 NO not now\r\n"], "STARTTLS", "not now"),
        (Protocol::Pop3, &[b"-ERR [SYS/TEMP] later\r\n"], "the greeting", "later"),
        (Protocol::Pop3, &[b"+OK\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"-ERR no\r\n"], "STLS", "-ERR no"),
        (Protocol::Smtp, &[b"554-go away\r\n554 see https://mail.example\r\n"], "the greeting", "554-go away see https"),
        (Protocol::Smtp, &[b"220 hi\r\n", b"421 4.3.2 closing\r\n"], "EHLO", "421 4.3.2"),
        (Protocol::Lmtp, &[b"220 hi\r\n", b"451 later\r\n"], "LHLO", "451 later"),
        (Protocol::Sieve, &[b"BYE \"too many\"\r\n"], "the greeting", "too many"),
        (Protocol::Sieve, &[b"\"STARTTLS\"\r\nOK\r\n", b"NO {3}\r\nbad\r\n"], "STARTTLS", "bad"),
        (Protocol::Ldap, &[b"\x30\x24\x02\x01\x00\x78\x1f\x0a\x01\x34\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20036"], "StartTLS", "disconnection"),
        (Protocol::Xmpp, &[b"<s:stream xmlns:s='http://etherx.jabber.org/streams' version='1.0'>", b"<s:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>not &lt;here&gt;</text></s:error></s:stream>"], "features", "host-unknown: not <here>"),
        (Protocol::Nntp, &[b"502 no access\r\n"], "the greeting", "502 no access"),
        (Protocol::Ftp, &[b"421-too\r\nmany\r\n421 users\r\n"], "the greeting", "421-too many users"),
        (Protocol::Pop3, &[b"+OK hi\r\n", b"-ERR what\r\n", b"-ERR unknown\r\n"], "refused STLS", "-ERR unknown"),
        (Protocol::Smtp, &[b"220 hi\r\n", b"502 5.5.1 not implemented\r\n"], "refused EHLO", "502 5.5.1"),
        (Protocol::Smtp, &[b"220 hi\r\n", b"501-5.5.2 Invalid\r\n501 5.5.2 EHLO argument\r\n"], "refused EHLO", "501-5.5.2 Invalid 5.5.2 EHLO argument"),
        (Protocol::Smtp, &[b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"501 no parameters\r\n"], "refused STARTTLS", "501 no"),
        (Protocol::Lmtp, &[b"220 hi\r\n", b"550 who are you\r\n"], "refused LHLO", "550 who"),
        (Protocol::Nntp, &[b"200 hi\r\n", b"500 what\r\n", b"500 what\r\n"], "refused STARTTLS", "500 what"),
        (Protocol::Ftp, &[b"220 hi\r\n", b"502 what\r\n", b"502 what\r\n"], "refused AUTH TLS", "502 what"),
        (Protocol::Ftp, &[b"220 hi\r\n", b"211-x\r\n AUTH TLS\r\n211 x\r\n", b"534 by policy\r\n"], "refused AUTH TLS", "534"),
        (Protocol::Ldap, &[b"\x30\x11\x02\x01\x01\x78\x0c\x0a\x01\x35\x04\x00\x04\x05no ca"], "refused StartTLS", "53 unwillingToPerform: no ca"),
        (Protocol::Postgres, &[error_packet], "SSLRequest", "FATAL too many clients (53300)"),
    ];
    for (protocol, answers, step, text) in refused {
        let error = after(protocol, answers).unwrap_err();
        let shown = error.to_string();
        assert_eq!(error.code(), "starttls.refused", "{shown}");
        assert!(shown.starts_with(&format!("{protocol}: ")) && shown.contains(step) && shown.contains(text), "{shown}");
    }
    let old = after(Protocol::Postgres, &[b"Eunsupported frontend\n\0"]).unwrap_err();
    assert!(old.to_string().contains("unsupported frontend\\n"), "{old}");
    let failure = up_to_go(usual(Protocol::Xmpp), 1)
        .receive(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
    assert_eq!(failure.unwrap_err().code(), "starttls.refused");
}

#[test]
fn a_server_that_cannot_begin_tls_now_is_told_from_one_that_refuses() {
    let unable: [(Protocol, &[&[u8]], &str); 9] = [
        (Protocol::Imap, &[b"* OK [CAPABILITY STARTTLS]\r\n", b"A2 NO [UNAVAILABLE] later\r\n"], "later"),
        (Protocol::Pop3, &[b"+OK\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"-ERR [SYS/TEMP] later\r\n"], "later"),
        (Protocol::Smtp, &[b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"454 no TLS\r\n"], "454 no TLS"),
        (Protocol::Smtp, &[b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"421 closing\r\n"], "421 closing"),
        (
            Protocol::Lmtp,
            &[b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"454-4.7.0 no\r\n454 TLS\r\n"],
            "454-4.7.0 no TLS",
        ),
        (Protocol::Sieve, &[b"\"STARTTLS\"\r\nOK\r\n", b"NO (TRYLATER) \"later\"\r\n"], "later"),
        (Protocol::Ldap, &[b"\x30\x11\x02\x01\x01\x78\x0c\x0a\x01\x34\x04\x00\x04\x05no ca"], "52 unavailable: no ca"),
        (Protocol::Nntp, &[b"200 hi\r\n", b"101 l\r\nSTARTTLS\r\n.\r\n", b"580 no certificate\r\n"], "580"),
        (Protocol::Ftp, &[b"220 hi\r\n", b"211-x\r\n AUTH TLS\r\n211 x\r\n", b"431 no certificate\r\n"], "431"),
    ];
    for (protocol, answers, text) in unable {
        let error = after(protocol, answers).unwrap_err();
        assert_eq!(error.code(), "starttls.unable", "{error}");
        let shown = error.to_string();
        assert!(shown.contains("cannot begin TLS at the moment: ") && shown.contains(text), "{shown}");
    }
}

#[test]
fn smtp_introduces_itself_by_the_address_of_its_socket() {
    for (local, literal) in [
        (Some("192.0.2.7"), "[192.0.2.7]"),
        (Some("2001:db8::7"), "[IPv6:2001:db8::7]"),
        (Some("::1"), "[IPv6:::1]"),
        (Some("::ffff:192.0.2.7"), "[192.0.2.7]"),
        (None, "[127.0.0.1]"),
    ] {
        for (protocol, word) in [(Protocol::Smtp, "EHLO"), (Protocol::Lmtp, "LHLO")] {
            let local = local.map(|address| address.parse().unwrap());
            let mut dialogue = Dialogue::on(protocol, &Host::parse("mail.example").unwrap(), local);
            let step = dialogue.receive(b"220 hi\r\n");
            assert_eq!(step, Ok(Step::Send(format!("{word} {literal}\r\n").into_bytes())));
        }
    }
}

#[test]
fn what_does_not_belong_there_is_malformed() {
    let odd: [(Protocol, &[&[u8]]); 34] = [
        (Protocol::Imap, &[b"HTTP/1.1 400 Bad Request\r\n"]),
        (Protocol::Imap, &[b"A1 OK hi\r\n"]),
        (Protocol::Imap, &[b"* NO hi\r\n"]),
        (Protocol::Imap, &[b"*OK hi\r\n"]),
        (Protocol::Imap, &[b"* OK hi\r\n", b"+ go on\r\n"]),
        (Protocol::Imap, &[b"* OK hi\r\n", b"A2 OK hi\r\n"]),
        (Protocol::Imap, &[b"* OK hi\r\n", b"a1 OK hi\r\n"]),
        (Protocol::Imap, &[b"* OK hi\r\n", b"A1 PREAUTH hi\r\n"]),
        (Protocol::Imap, &[b"* OK hi\r\n", b"* PREAUTH hi\r\n"]),
        (Protocol::Imap, &[b"* OK hi\r\n", b"* LIST {3}\r\n"]),
        (Protocol::Imap, &[b"* OK h\0i\r\n"]),
        (Protocol::Pop3, &[b"+ok hi\r\n"]),
        (Protocol::Pop3, &[b"+OKAY hi\r\n"]),
        (Protocol::Pop3, &[b"220 hi\r\n"]),
        (Protocol::Pop3, &[b"+OK\r\n", b"+OK\r\nST\rLS\r\n"]),
        (Protocol::Smtp, &[b"250 hi\r\n"]),
        (Protocol::Smtp, &[b"220-hi\r\n250 hi\r\n"]),
        (Protocol::Smtp, &[b"220 hi\r\n", b"220 hi\r\n"]),
        (Protocol::Smtp, &[b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"250 fine\r\n"]),
        (Protocol::Smtp, &[b"+OK hi\r\n"]),
        (Protocol::Lmtp, &[b"220hi\r\n"]),
        (Protocol::Sieve, &[b"\"STARTTLS\r\n"]),
        (Protocol::Sieve, &[b"\"STARTTLS\" \"\" x\r\n"]),
        (Protocol::Sieve, &[b"\"STARTTLS\"\r\nOK\r\n", b"\"STARTTLS\"\r\n"]),
        (Protocol::Sieve, &[b"* OK hi\r\n"]),
        (Protocol::Ldap, &[b"\x31\x0c"]),
        (Protocol::Ldap, &[b"\x30\x80"]),
        (Protocol::Ldap, &[b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00"]),
        (Protocol::Ldap, &[b"\x30\x0d\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x00"]),
        (Protocol::Ldap, &[b"\x30\x24\x02\x01\x01\x78\x1f\x0a\x01\x00\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20036"]),
        (Protocol::Xmpp, &[b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><message/>"]),
        (Protocol::Nntp, &[b"200-hi\r\n"]),
        (Protocol::Ftp, &[b"230 logged in\r\n"]),
        (Protocol::Postgres, &[b"HTTP/1.1 400"]),
    ];
    for (protocol, answers) in odd {
        let error = after(protocol, answers).unwrap_err();
        assert_eq!(error.code(), "starttls.malformed", "{answers:?}: {error}");
    }
    assert!(PROTOCOLS.iter().all(|p| odd.iter().any(|(s, _)| s == p)));
    let http = after(Protocol::Imap, &[b"HTTP/1.1 400 Bad Request\r\n"]).unwrap_err().to_string();
    assert!(http.ends_with("allows there: HTTP/1.1 400 Bad Request (this looks like HTTP)"), "{http}");
}

#[test]
fn no_tag_of_an_answer_counts_before_its_command_was_sent() {
    for (protocol, bytes) in [
        (Protocol::Imap, &b"* OK hi\r\nA1 OK [CAPABILITY STARTTLS] done\r\n"[..]),
        (Protocol::Pop3, b"+OK hi\r\n+OK\r\nSTLS\r\n.\r\n"),
        (Protocol::Smtp, b"220 hi\r\n250-x\r\n250 STARTTLS\r\n"),
        (Protocol::Sieve, b"\"STARTTLS\"\r\nOK\r\nOK\r\n"),
        (Protocol::Nntp, b"200 hi\r\n101 x\r\n"),
        (Protocol::Ftp, b"220 hi\r\n211 x\r\n"),
    ] {
        let error = after(protocol, &[bytes]).unwrap_err();
        assert_eq!(error.code(), "starttls.ahead", "{error}");
    }
    let features = usual(Protocol::Xmpp).turns[0].0;
    let error = after(Protocol::Xmpp, &[&[features, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"].concat()]);
    assert_eq!(error.unwrap_err().code(), "starttls.ahead");
}

#[test]
fn tls_where_words_were_expected_is_named() {
    for protocol in PROTOCOLS {
        for record in [&b"\x15\x03\x01\x00\x02\x02\x0a"[..], b"\x16\x03"] {
            assert_eq!(dialogue(protocol).receive(record), Err(StartTlsError::TlsAtOnce { protocol }));
        }
    }
}

/// Feeds a pattern for ever, in pieces.
fn endless(mut dialogue: Dialogue, pattern: &[u8], piece: usize) -> StartTlsError {
    let block: Vec<u8> = pattern.iter().copied().cycle().take(MAX_DIALOGUE + MAX_LINE).collect();
    match feed(&mut dialogue, &block, piece) {
        Err(error) => error,
        Ok(step) => panic!("{step:?}"),
    }
}

#[test]
fn what_never_ends_is_cut_off_in_every_step() {
    for transcript in TRANSCRIPTS {
        for turns in 0..=transcript.turns.len() {
            for pattern in [
                &b"x"[..],
                b" ",
                b"\x30",
                b"\x30\x84\x7f\xff\xff\xff",
                b"E\0\0\x7f",
                b"<a>",
                b"\"",
                b"* OK\r\n",
                b"220-\r\n",
                b"\n",
            ] {
                for piece in [1, 1000] {
                    let mut dialogue = dialogue(transcript.protocol);
                    for (server, _) in &transcript.turns[..turns] {
                        feed(&mut dialogue, server, 4096).unwrap();
                    }
                    let error = endless(dialogue, pattern, piece);
                    assert!(matches!(error.code(), "starttls.limit" | "starttls.malformed"), "{pattern:?}: {error}");
                }
            }
        }
    }
}

#[test]
fn each_bound_is_named() {
    let over = |protocol, answers: &[&[u8]], pattern: &[u8]| {
        let mut dialogue = dialogue(protocol);
        for answer in answers {
            dialogue.receive(answer).unwrap();
        }
        match endless(dialogue, pattern, 1) {
            StartTlsError::Limit { what, limit, .. } => (what, limit),
            other => panic!("{other}"),
        }
    };
    let (line, lines) = ((Bound::Line, MAX_LINE), (Bound::Lines, MAX_LINES));
    let (reply, bytes) = ((Bound::Reply, MAX_MESSAGE), (Bound::Bytes, MAX_DIALOGUE));
    for protocol in [Protocol::Imap, Protocol::Pop3, Protocol::Smtp, Protocol::Sieve, Protocol::Nntp, Protocol::Ftp] {
        assert_eq!(over(protocol, &[], b"x"), line);
    }
    assert_eq!(over(Protocol::Imap, &[b"* OK hi\r\n"], b"* OK\r\n"), lines);
    assert_eq!(over(Protocol::Pop3, &[b"+OK\r\n"], b"+OK\r\n"), lines);
    assert_eq!(over(Protocol::Smtp, &[], b"220-\r\n"), lines);
    assert_eq!(over(Protocol::Sieve, &[], b"\"X\"\r\n"), lines);
    assert_eq!(over(Protocol::Nntp, &[b"200 hi\r\n", b"101 x\r\n"], b"X\r\n"), lines);
    assert_eq!(over(Protocol::Ftp, &[b"220-hi\r\n"], b"\r\n"), lines);
    let long = [b"* OK ".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
    assert_eq!(over(Protocol::Imap, &[b"* OK hi\r\n"], &long), bytes);
    assert_eq!(over(Protocol::Ldap, &[], b"\x30\x84\x00\x00\x20\x00"), reply);
    assert_eq!(over(Protocol::Postgres, &[], b"E\0\0\x7f\xff"), reply);
    let stream = b"<s:stream xmlns:s='http://etherx.jabber.org/streams' version='1.0'><s:features>";
    assert_eq!(over(Protocol::Xmpp, &[stream], b"<x/>"), lines);
    assert_eq!(over(Protocol::Xmpp, &[], b" "), reply);
}

#[test]
fn a_server_that_goes_away_is_told_with_the_step() {
    let mut dialogue = dialogue(Protocol::Smtp);
    assert_eq!(
        dialogue.closed().to_string(),
        "smtp: the server closed the connection before the greeting was complete"
    );
    assert_eq!(dialogue.greeting(), None);
    dialogue.receive(b"220-mail\x1b[31m.example\r\n").unwrap();
    assert_eq!(dialogue.greeting(), Some("220-mail\\x1B[31m.example"));
    dialogue.receive(b"220 hi\r\n").unwrap();
    assert_eq!((dialogue.closed().code(), dialogue.waiting_for()), ("starttls.closed", "the answer to EHLO"));
    let error = dialogue.receive(b"421 bye\r\n").unwrap_err();
    assert_eq!(dialogue.closed(), error);
    let ends = b"<s:stream xmlns:s='http://etherx.jabber.org/streams' version='1.0'></s:stream>";
    assert_eq!(after(Protocol::Xmpp, &[ends]).unwrap_err().code(), "starttls.closed");
}

#[test]
fn an_xmpp_stream_is_opened_to_the_host() {
    for (host, to) in
        [("MAIL.example.", "mail.example"), ("192.0.2.1", "192.0.2.1"), ("[2001:DB8::1]", "[2001:db8::1]")]
    {
        let opening = Dialogue::new(Protocol::Xmpp, &Host::parse(host).unwrap()).begin();
        assert!(String::from_utf8(opening).unwrap().contains(&format!(" to='{to}' ")));
    }
}

#[test]
fn what_the_server_says_is_one_short_line_in_every_error() {
    let hostile = [b"554 \x1b]0;x\x07\xe2\x80\xae\xff".as_slice(), &[b'y'; 3000], b"\r\n"].concat();
    for protocol in PROTOCOLS {
        let error = dialogue(protocol).receive(&hostile).unwrap_err().to_string();
        assert!(error.chars().count() < 400 && !error.chars().any(|c| c.is_control() || c == '\u{202e}'), "{error}");
    }
}

/// Pieces that make a dialogue go on, so that random input gets anywhere.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<Vec<u8>> = TRANSCRIPTS
        .iter()
        .flat_map(|t| t.turns.iter().map(|(server, _)| server.to_vec()).chain([t.go.to_vec()]))
        .chain(
            [&b"\r\n"[..], b"220-", b"{3}\r\n", b"\"", b"<", b">", b"/", b"\x30\x84", b"E\0\0\0"].map(<[u8]>::to_vec),
        )
        .collect();
    let piece = prop_oneof![proptest::sample::select(words), proptest::collection::vec(any::<u8>(), 0..20)];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_or_wait_and_an_error_is_final(which in 0..PROTOCOLS.len(), bytes in fragments(), piece in 1usize..50) {
        let mut dialogue = dialogue(PROTOCOLS[which]);
        let mut ended: Option<StartTlsError> = None;
        for chunk in bytes.chunks(piece) {
            let step = dialogue.receive(chunk);
            if let Some(error) = &ended {
                prop_assert_eq!(&step, &Err(error.clone()));
            }
            if let Err(error) = step {
                prop_assert!(error.to_string().chars().count() < 500 && error.code().starts_with("starttls."));
                prop_assert_eq!(&dialogue.closed(), &error);
                ended = Some(error);
            }
        }
    }

    #[test]
    fn pieces_change_nothing_but_when_a_server_speaks_ahead(which in 0..PROTOCOLS.len(), bytes in fragments(), piece in 1usize..50) {
        let whole = dialogue(PROTOCOLS[which]).receive(&bytes);
        if matches!(whole, Err(StartTlsError::Ahead { .. })) {
            return Ok(());
        }
        let mut dialogue = dialogue(PROTOCOLS[which]);
        let mut out = Vec::new();
        let mut pieces = Ok(Step::Send(Vec::new()));
        for chunk in bytes.chunks(piece) {
            pieces = dialogue.receive(chunk);
            if let Ok(Step::Send(more)) = &pieces {
                out.extend_from_slice(more);
            }
        }
        match (whole, pieces) {
            (Ok(Step::Send(whole)), Ok(Step::Send(_))) => prop_assert_eq!(whole, out),
            (Ok(Step::Done), Ok(Step::Done)) => {}
            (Err(whole), Err(pieces)) => prop_assert_eq!(whole.code(), pieces.code()),
            (whole, pieces) => prop_assert!(false, "{:?} {:?}", whole, pieces),
        }
    }

    #[test]
    fn one_changed_byte_never_lets_plaintext_through(which in 0..TRANSCRIPTS.len(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let transcript = &TRANSCRIPTS[which];
        let mut go = transcript.go.to_vec();
        let at = at.index(go.len());
        // Without its end the line goes on, and what follows is part of it.
        if matches!(go[at], b'\r' | b'\n') {
            return Ok(());
        }
        go[at] = byte;
        go.extend_from_slice(b"* OK injected\r\n");
        let step = up_to_go(transcript, 4096).receive(&go);
        prop_assert_ne!(step, Ok(Step::Done));
    }
}
