//! The fields of a TLS session, which probes and connections share.

/// A field of a TLS session, for tofu_probe_result_string, tofu_probe_result_number, tofu_conn_string and
/// tofu_conn_number. Each says whether it is a text or a number, and if only one of probes and connections has it.
pub type tofu_session_field = i32;
/// Text: the host asked for, in its canonical spelling.
pub const TOFU_SESSION_FIELD_HOST: tofu_session_field = 2501;
/// Number: the port asked for.
pub const TOFU_SESSION_FIELD_PORT: tofu_session_field = 2502;
/// Text: the address reached, with its port ("192.0.2.1:993"); "" for a Unix socket.
pub const TOFU_SESSION_FIELD_ADDRESS: tofu_session_field = 2503;
/// Text: the name that was sent in the clear (SNI); "" if none was sent.
pub const TOFU_SESSION_FIELD_SNI: tofu_session_field = 2504;
/// Text: the protocol whose STARTTLS was used ("imap"); "" for TLS from the first byte.
pub const TOFU_SESSION_FIELD_STARTTLS: tofu_session_field = 2505;
/// Text: the server's first line before TLS, which nobody vouches for; "" without STARTTLS.
pub const TOFU_SESSION_FIELD_GREETING: tofu_session_field = 2506;
/// Text: the version of TLS ("TLS 1.3"). A probe gives it also if the handshake could not be finished.
pub const TOFU_SESSION_FIELD_PROTOCOL: tofu_session_field = 2507;
/// Text: the cipher suite by its IANA name. A probe gives it also if the handshake could not be finished.
pub const TOFU_SESSION_FIELD_SUITE: tofu_session_field = 2508;
/// Text: the group of the key exchange by its IANA name; "" for none.
pub const TOFU_SESSION_FIELD_GROUP: tofu_session_field = 2509;
/// Text: what ALPN agreed on; "" for nothing.
pub const TOFU_SESSION_FIELD_ALPN: tofu_session_field = 2510;
/// Text of a probe: everything as JSON (docs/json-probe.md).
pub const TOFU_SESSION_FIELD_JSON: tofu_session_field = 2511;
/// Number of a probe: 1 if the server proved in the handshake that it holds the leaf's key. If it is 0, anybody could
/// have sent the chain.
pub const TOFU_SESSION_FIELD_PROVEN: tofu_session_field = 2512;
/// Number of a probe: 1 if the server asked for a client certificate.
pub const TOFU_SESSION_FIELD_CLIENT_CERTIFICATE: tofu_session_field = 2513;
/// Number of a probe: 1 if the server stapled an OCSP response.
pub const TOFU_SESSION_FIELD_OCSP_STAPLED: tofu_session_field = 2514;
/// Number: microseconds that the lookup of the name took; 0 if there was none.
pub const TOFU_SESSION_FIELD_RESOLVE_US: tofu_session_field = 2515;
/// Number: microseconds that connecting took; 0 with a socket of the caller's.
pub const TOFU_SESSION_FIELD_CONNECT_US: tofu_session_field = 2516;
/// Number: microseconds that the dialogue before TLS took; 0 if there was none.
pub const TOFU_SESSION_FIELD_STARTTLS_US: tofu_session_field = 2517;
/// Number: microseconds that the handshake took; 0 if it was not finished.
pub const TOFU_SESSION_FIELD_HANDSHAKE_US: tofu_session_field = 2518;
