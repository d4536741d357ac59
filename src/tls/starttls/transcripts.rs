//! What real servers say up to the go-ahead, for the tests: one entry for each kind of server.

use super::protocol::Protocol;

/// One dialogue that ends in TLS.
pub(super) struct Transcript {
    pub(super) server: &'static str,
    pub(super) protocol: Protocol,
    /// What the server says and what the client says to it.
    pub(super) turns: &'static [(&'static [u8], &'static str)],
    /// The go-ahead.
    pub(super) go: &'static [u8],
}

const EHLO: &str = "EHLO [127.0.0.1]\r\n";
const LHLO: &str = "LHLO [127.0.0.1]\r\n";
const IMAP_START: &str = "A2 STARTTLS\r\n";
const START: &str = "STARTTLS\r\n";
const XMPP_START: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

pub(super) const TRANSCRIPTS: &[Transcript] = &[
    Transcript {
        server: "Dovecot",
        protocol: Protocol::Imap,
        turns: &[(
            b"* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n",
            IMAP_START,
        )],
        go: b"A2 OK Begin TLS negotiation now.\r\n",
    },
    Transcript {
        server: "Exchange",
        protocol: Protocol::Imap,
        turns: &[
            (b"* OK The Microsoft Exchange IMAP4 service is ready. {17}\r\n", "A1 CAPABILITY\r\n"),
            (
                b"* CAPABILITY IMAP4 IMAP4rev1 LOGINDISABLED STARTTLS UIDPLUS CHILDREN IDLE NAMESPACE LITERAL+\r\nA1 OK CAPABILITY completed.\r\n",
                IMAP_START,
            ),
        ],
        go: b"A2 OK Begin TLS negotiation now.\r\n",
    },
    Transcript {
        server: "Cyrus, talkative",
        protocol: Protocol::Imap,
        turns: &[
            (
                b"* OK [CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE] mail.example Cyrus IMAP 3.6.1 server ready\r\n* OK [ALERT] down at noon\r\n",
                "A1 CAPABILITY\r\n",
            ),
            (
                b"* NO disk is nearly full\r\n* CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE starttls AUTH=GSSAPI SASL-IR\r\nA1 OK Completed\r\n* OK still here\r\n",
                IMAP_START,
            ),
        ],
        go: b"* OK wait\r\nA2 OK Begin TLS negotiation now\r\n",
    },
    Transcript {
        server: "Dovecot",
        protocol: Protocol::Pop3,
        turns: &[
            (b"+OK Dovecot (Debian) ready.\r\n", "CAPA\r\n"),
            (
                b"+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nAUTH-RESP-CODE\r\nSTLS\r\nSASL\r\n.\r\n",
                "STLS\r\n",
            ),
        ],
        go: b"+OK Begin TLS negotiation now.\r\n",
    },
    Transcript {
        server: "one without CAPA",
        protocol: Protocol::Pop3,
        turns: &[
            (b"+OK POP3 ready <1896.697170952@mail.example>\r\n", "CAPA\r\n"),
            (b"-ERR unknown command\r\n", "STLS\r\n"),
        ],
        go: b"+OK Begin TLS negotiation\r\n",
    },
    Transcript {
        server: "Postfix behind postscreen",
        protocol: Protocol::Smtp,
        turns: &[
            (b"220-mail.example ESMTP Postfix\r\n220 mail.example ESMTP Postfix (Debian/GNU)\r\n", EHLO),
            (
                b"250-mail.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n",
                START,
            ),
        ],
        go: b"220 2.0.0 Ready to start TLS\r\n",
    },
    Transcript {
        server: "Exim",
        protocol: Protocol::Smtp,
        turns: &[
            (b"220 mail.example ESMTP Exim 4.96 Mon, 23 Nov 2026 12:00:00 +0000\r\n", EHLO),
            (
                b"250-mail.example Hello [127.0.0.1] [192.0.2.7]\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-PIPECONNECT\r\n250 STARTTLS\r\n",
                START,
            ),
        ],
        go: b"220 TLS go ahead\r\n",
    },
    Transcript {
        server: "one that ends its lines with LF alone",
        protocol: Protocol::Smtp,
        turns: &[(b"220\n", EHLO), (b"250-mail.example\n250-StartTLS\n250 HELP\n", START)],
        go: b"220-go\n220\n",
    },
    Transcript {
        server: "Dovecot",
        protocol: Protocol::Lmtp,
        turns: &[
            (b"220 mail.example Dovecot (Debian) ready.\r\n", LHLO),
            (
                b"250-mail.example\r\n250-STARTTLS\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 PIPELINING\r\n",
                START,
            ),
        ],
        go: b"220 2.0.0 Begin TLS negotiation now.\r\n",
    },
    Transcript {
        server: "Pigeonhole",
        protocol: Protocol::Sieve,
        turns: &[(
            b"\"IMPLEMENTATION\" \"Dovecot (Debian) Pigeonhole\"\r\n\"SIEVE\" \"fileinto reject envelope\"\r\n\"NOTIFY\" \"mailto\"\r\n\"SASL\" \"\"\r\n\"STARTTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK \"Dovecot (Debian) ready.\"\r\n",
            START,
        )],
        go: b"OK \"Begin TLS negotiation now.\"\r\n",
    },
    Transcript {
        server: "Cyrus timsieved, with literals",
        protocol: Protocol::Sieve,
        turns: &[(
            b"{14}\r\nIMPLEMENTATION \"Cyrus \\\"timsieved\\\"\"\r\n\"SIEVE\" {15}\r\nfileinto\r\nvacat\r\n{8+}\r\nstarttls\r\nok {5}\r\nready\r\n",
            START,
        )],
        go: b"OK (WARNINGS) {9}\r\nBegin\nTLS\r\n",
    },
    Transcript {
        server: "OpenLDAP",
        protocol: Protocol::Ldap,
        turns: &[],
        go: b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
    },
    Transcript {
        server: "Active Directory, with lengths of four octets",
        protocol: Protocol::Ldap,
        turns: &[],
        go: b"\x30\x84\x00\x00\x00\x28\x02\x01\x01\x78\x84\x00\x00\x00\x1f\x0a\x01\x00\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20037",
    },
    Transcript {
        server: "Prosody",
        protocol: Protocol::Xmpp,
        turns: &[(
            b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='7e2f' from='mail.example' version='1.0' xml:lang='en' xmlns='jabber:client'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
            XMPP_START,
        )],
        go: b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    },
    Transcript {
        server: "ejabberd",
        protocol: Protocol::Xmpp,
        turns: &[(
            b"<?xml version='1.0'?><stream:stream id='4242' version='1.0' xml:lang='en' xmlns:stream='http://etherx.jabber.org/streams' from='mail.example' xmlns='jabber:client'><stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms><starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/><register xmlns='http://jabber.org/features/iq-register'/></stream:features>",
            XMPP_START,
        )],
        go: b"<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"></proceed>",
    },
    Transcript {
        server: "one with other prefixes and white space",
        protocol: Protocol::Xmpp,
        turns: &[(
            b"<s:stream xmlns:s = \"http://etherx.jabber.org/streams\"\n version=\"1.0\" xmlns:t='urn:ietf:params:xml:ns:xmpp-tls'>\n <s:features>\n  <t:starttls\n  >\n   <t:optional/>\n  </t:starttls>\n </s:features>\n",
            XMPP_START,
        )],
        go: b"<t:proceed/>",
    },
    Transcript {
        server: "INN",
        protocol: Protocol::Nntp,
        turns: &[
            (b"200 news.example InterNetNews NNRP server INN 2.7.1 ready (posting ok)\r\n", "CAPABILITIES\r\n"),
            (
                b"101 Capability list:\r\nVERSION 2\r\nIMPLEMENTATION INN 2.7.1\r\nAUTHINFO SASL\r\nREADER\r\nSTARTTLS\r\nXPAT\r\n.\r\n",
                START,
            ),
        ],
        go: b"382 Begin TLS negotiation now\r\n",
    },
    Transcript {
        server: "one without CAPABILITIES",
        protocol: Protocol::Nntp,
        turns: &[(b"201 no posting\r\n", "CAPABILITIES\r\n"), (b"500 What?\r\n", START)],
        go: b"382 Continue with TLS negotiation\r\n",
    },
    Transcript {
        server: "vsftpd",
        protocol: Protocol::Ftp,
        turns: &[
            (b"220 (vsFTPd 3.0.3)\r\n", "FEAT\r\n"),
            (
                b"211-Features:\r\n AUTH TLS\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n PBSZ\r\n PROT\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n211 End\r\n",
                "AUTH TLS\r\n",
            ),
        ],
        go: b"234 Proceed with negotiation.\r\n",
    },
    Transcript {
        server: "Microsoft FTP behind a long greeting",
        protocol: Protocol::Ftp,
        turns: &[
            (
                b"120 ready in 1 minute\r\n220-Welcome\r\n 220 is not the end\r\n221 nor is this\r\n220-\r\n220 Microsoft FTP Service\r\n",
                "FEAT\r\n",
            ),
            (
                b"211-Extended features supported:\r\n LANG EN*\r\n UTF8\r\n AUTH TLS;TLS-C;SSL;TLS-P;\r\n PBSZ\r\n211 END\r\n",
                "AUTH TLS\r\n",
            ),
        ],
        go: b"234 AUTH command ok. Expecting TLS Negotiation.\r\n",
    },
    Transcript {
        server: "one without FEAT",
        protocol: Protocol::Ftp,
        turns: &[(b"220 ready\r\n", "FEAT\r\n"), (b"500 'FEAT': command not understood\r\n", "AUTH TLS\r\n")],
        go: b"234 AUTH TLS successful\r\n",
    },
    Transcript { server: "PostgreSQL", protocol: Protocol::Postgres, turns: &[], go: b"S" },
];
