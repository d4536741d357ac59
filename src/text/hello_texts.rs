//! English templates of the reasons why a connection to a server is not possible: one plain
//! sentence each.

pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("obstacle-old-protocol", "This server speaks only {version}; a connection needs TLS 1.2 or 1.3."),
    (
        "obstacle-no-forward-secrecy",
        "This server agrees on keys only without forward secrecy ({suite}); a connection needs ECDHE.",
    ),
    (
        "obstacle-dhe-only",
        "This server agrees on keys only by Diffie-Hellman modulo a prime ({suite}); a connection needs ECDHE.",
    ),
    (
        "obstacle-shared-key",
        "This server wants a key or password known beforehand ({suite}) instead of showing who it is.",
    ),
    ("obstacle-anonymous", "This server talks only without showing who it is ({suite})."),
    ("obstacle-cbc-only", "This server encrypts only in CBC mode ({suite}); a connection needs AES-GCM or ChaCha20."),
    ("obstacle-rc4-only", "This server encrypts only with RC4 ({suite}), which is broken."),
    ("obstacle-no-encryption", "This server does not encrypt at all ({suite})."),
    ("obstacle-cipher", "This server encrypts only with {suite}; a connection needs AES-GCM or ChaCha20."),
    ("obstacle-exchange", "This server agrees on keys only with {suite}; a connection needs ECDHE."),
    ("obstacle-group", "This server agrees on keys only with {group}; a connection needs one of {groups}."),
    ("obstacle-key-kind", "This server's key is of the kind {key}, which cannot be verified in a handshake."),
    (
        "obstacle-key-pss-only",
        "This server's RSA key is marked for PSS signatures only; such keys can be verified in TLS 1.3, and this server speaks {version}.",
    ),
    (
        "obstacle-signature",
        "This server signs its handshake only with {signature}, which is too weak; a connection needs SHA-256 or better.",
    ),
    ("obstacle-key-size", "This server's RSA key has {bits} bits; keys of 1024 to 16384 bits can be verified."),
    (
        "obstacle-key-unreadable",
        "The key in this server's certificate cannot be read, so nothing can be verified with it.",
    ),
    (
        "obstacle-certificates-long",
        "This server's certificates take {bytes} bytes; a connection takes at most 65535 in one message.",
    ),
    ("obstacle-certificates-many", "This server sent {sent} certificates; the first {shown} are looked at."),
    (
        "obstacle-certificates-endless",
        "This server sent more than {sent} certificates; the first {shown} are looked at.",
    ),
    (
        "obstacle-wants-newer",
        "This server speaks only TLS 1.3, which hides its certificates until keys are agreed on, and that failed. A server that agrees on keys only with a group such as X448 comes to this.",
    ),
    (
        "obstacle-nothing-in-common",
        "This server has no protocol version, cipher or key in common with anything that was offered ({alert}); perhaps it wants a key known beforehand.",
    ),
    ("obstacle-refused", "This server refused the handshake: {meaning} ({alert})."),
    (
        "obstacle-clear-text",
        "This server speaks {protocol} in the clear on this port; TLS begins there with STARTTLS, or on another port.",
    ),
    ("obstacle-other-service", "This server speaks {protocol} in the clear on this port, and not TLS."),
    ("obstacle-no-tls", "What answers on this port does not speak TLS."),
    ("obstacle-ssl2", "This server speaks only SSL 2.0, which protects nothing."),
    ("obstacle-no-certificate", "This server talks without a certificate ({suite}), so it cannot show who it is."),
    ("obstacle-answer-malformed", "What this server answers is not proper TLS: {what}."),
];
