//! The server's part of every dialogue before TLS, step by step.

use std::io::{Read, Write};
use std::net::TcpStream;

use tofu::tls::{PROTOCOLS, Protocol};

/// One thing that the server says.
pub struct Step {
    /// What the client is waiting for then, in its words.
    pub name: &'static str,
    /// Whether the client says something first.
    pub hears: bool,
    pub says: &'static [u8],
}

pub struct Script {
    pub protocol: Protocol,
    pub steps: &'static [Step],
    /// Which step offers TLS, and what is said there without it.
    pub offer: usize,
    pub without: &'static [u8],
    /// The beginning of a first word that never ends.
    pub endless_word: &'static [u8],
    /// An answer of which every further part allows another one: the step, how it begins and how it goes on.
    pub endless_answer: Option<(usize, &'static [u8], &'static [u8])>,
}

const fn first(name: &'static str, says: &'static [u8]) -> Step {
    Step { name, hears: false, says }
}

const fn then(name: &'static str, says: &'static [u8]) -> Step {
    Step { name, hears: true, says }
}

const FEATURES: &[u8] = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";

pub const SCRIPTS: [Script; PROTOCOLS.len()] = [
    Script {
        protocol: Protocol::Imap,
        steps: &[
            first("the greeting", b"* OK ready\r\n"),
            then("the answer to CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS\r\nA1 OK done\r\n"),
            then("the answer to STARTTLS", b"A2 OK go\r\n"),
        ],
        offer: 1,
        without: b"* CAPABILITY IMAP4rev1\r\nA1 OK done\r\n",
        endless_word: b"* OK ",
        endless_answer: Some((1, b"", b"* OK still here\r\n")),
    },
    Script {
        protocol: Protocol::Pop3,
        steps: &[
            first("the greeting", b"+OK ready\r\n"),
            then("the answer to CAPA", b"+OK\r\nUIDL\r\nSTLS\r\n.\r\n"),
            then("the answer to STLS", b"+OK go\r\n"),
        ],
        offer: 1,
        without: b"+OK\r\nUIDL\r\n.\r\n",
        endless_word: b"+OK ",
        endless_answer: Some((1, b"+OK\r\n", b"UIDL\r\n")),
    },
    Script {
        protocol: Protocol::Smtp,
        steps: &[
            first("the greeting", b"220 mail.example.test ESMTP\r\n"),
            then("the answer to EHLO", b"250-mail.example.test\r\n250 STARTTLS\r\n"),
            then("the answer to STARTTLS", b"220 go\r\n"),
        ],
        offer: 1,
        without: b"250-mail.example.test\r\n250 8BITMIME\r\n",
        endless_word: b"220 ",
        endless_answer: Some((1, b"", b"250-8BITMIME\r\n")),
    },
    Script {
        protocol: Protocol::Lmtp,
        steps: &[
            first("the greeting", b"220 mail.example.test LMTP\r\n"),
            then("the answer to LHLO", b"250-mail.example.test\r\n250 STARTTLS\r\n"),
            then("the answer to STARTTLS", b"220 go\r\n"),
        ],
        offer: 1,
        without: b"250 mail.example.test\r\n",
        endless_word: b"220 ",
        endless_answer: Some((0, b"", b"220-welcome\r\n")),
    },
    Script {
        protocol: Protocol::Sieve,
        steps: &[
            first("the greeting", b"\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n"),
            then("the answer to STARTTLS", b"OK\r\n"),
        ],
        offer: 0,
        without: b"\"IMPLEMENTATION\" \"x\"\r\nOK\r\n",
        endless_word: b"\"",
        endless_answer: Some((0, b"", b"\"X\" \"y\"\r\n")),
    },
    Script {
        protocol: Protocol::Ldap,
        steps: &[then("the answer to StartTLS", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0")],
        offer: 0,
        without: b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\0\x04\0",
        endless_word: b"\x30\x84\0\x10\0\0",
        endless_answer: None,
    },
    Script {
        protocol: Protocol::Xmpp,
        steps: &[
            then(
                "the stream header",
                b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                  xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
            ),
            first("the stream features", FEATURES),
            then("the answer to starttls", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        ],
        offer: 1,
        without: b"<stream:features></stream:features>",
        endless_word: b"<a ",
        endless_answer: Some((1, b"<stream:features>", b"<x xmlns='y'/>")),
    },
    Script {
        protocol: Protocol::Nntp,
        steps: &[
            first("the greeting", b"200 ready\r\n"),
            then("the answer to CAPABILITIES", b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"),
            then("the answer to STARTTLS", b"382 go\r\n"),
        ],
        offer: 1,
        without: b"101 list\r\nVERSION 2\r\n.\r\n",
        endless_word: b"200 ",
        endless_answer: Some((1, b"101 list\r\n", b"READER\r\n")),
    },
    Script {
        protocol: Protocol::Ftp,
        steps: &[
            first("the greeting", b"220 ready\r\n"),
            then("the answer to FEAT", b"211-Features\r\n AUTH TLS\r\n211 End\r\n"),
            then("the answer to AUTH TLS", b"234 go\r\n"),
        ],
        offer: 1,
        without: b"211-Features\r\n UTF8\r\n211 End\r\n",
        endless_word: b"220 ",
        endless_answer: Some((1, b"211-Features\r\n", b" UTF8\r\n")),
    },
    Script {
        protocol: Protocol::Postgres,
        steps: &[then("the answer to SSLRequest", b"S")],
        offer: 0,
        without: b"N",
        endless_word: b"Eno",
        endless_answer: None,
    },
];

impl Script {
    /// Plays all steps before this one, and hears what the client says before it.
    pub fn play(&self, stream: &mut TcpStream, before: usize) {
        for step in &self.steps[..before] {
            step.hear(stream);
            stream.write_all(step.says).unwrap();
        }
        if let Some(step) = self.steps.get(before) {
            step.hear(stream);
        }
    }

    /// Every step of every protocol.
    pub fn each() -> impl Iterator<Item = (&'static Self, usize)> {
        SCRIPTS.iter().flat_map(|script| (0..script.steps.len()).map(move |step| (script, step)))
    }
}

impl Step {
    fn hear(&self, stream: &mut TcpStream) {
        if self.hears {
            let _ = stream.read(&mut [0; 4096]);
        }
    }
}
