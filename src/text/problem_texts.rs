//! English templates of problems and notes: one plain sentence each, for people who read mail. The
//! code of a problem's kind comes first, and the finer codes of the same kind follow it.

pub(super) const TEMPLATES: &[(&str, &str)] = &[
    (
        "untrusted-issuer",
        "The certificate was issued under the authority {issuer}, which is not among the trusted ones.",
    ),
    ("self-signed", "The certificate is signed by its own key, so no authority vouches for this server."),
    (
        "self-signed-other-name",
        "The certificate names {issuer} as its issuer, but is signed by its own key, so no authority vouches for this server.",
    ),
    (
        "incomplete-chain",
        "The server did not send the certificate of the authority {issuer}, without which this one cannot be checked.",
    ),
    (
        "incomplete-chain-address",
        "The server did not send the certificate of the authority {issuer}, without which this one cannot be checked; it is offered at {address}.",
    ),
    (
        "incomplete-chain-other-key",
        "The certificate of {subject} names {issuer} as its issuer, but is not signed with the key known of that authority: either the authority has a new key whose certificate is missing here, or the certificate is not its own.",
    ),
    ("expired", "The server's certificate expired on {date}, {days} days before the time of this check."),
    ("expired-issuer", "The certificate of the authority {subject} expired on {date}."),
    (
        "end-unreadable",
        "The server's certificate has no readable date on which its validity ends (it says {found}), so it counts as expired.",
    ),
    (
        "end-unreadable-issuer",
        "The certificate of the authority {subject} has no readable date on which its validity ends (it says {found}), so it counts as expired.",
    ),
    (
        "not-yet-valid",
        "The server's certificate is not valid before {date}; perhaps the clock of this device is wrong.",
    ),
    ("not-yet-valid-issuer", "The certificate of the authority {subject} is not valid before {date}."),
    (
        "start-unreadable",
        "The server's certificate has no readable date on which its validity begins (it says {found}), so it counts as not valid yet.",
    ),
    (
        "start-unreadable-issuer",
        "The certificate of the authority {subject} has no readable date on which its validity begins (it says {found}), so it counts as not valid yet.",
    ),
    ("host-mismatch", "The certificate is not for {host}; it is for {names}."),
    ("host-mismatch-no-name", "The certificate is not for {host}; it names no server at all."),
    (
        "host-mismatch-unusable",
        "The certificate is not for {host}; what it names ({names}) cannot be the name of a server.",
    ),
    (
        "host-mismatch-address-as-name",
        "The certificate holds the address {host} in the place of a DNS name, where no address counts.",
    ),
    (
        "host-mismatch-service",
        "The certificate is for {host} as a server of {names} only, which is not what is known to be spoken here.",
    ),
    (
        "name-only-in-cn",
        "The certificate carries the name {host} only in its subject, where server names no longer count.",
    ),
    (
        "bad-signature",
        "The signature of {issuer} on the certificate of {subject} does not verify: the certificate was altered, damaged or forged.",
    ),
    ("weak-key", "The server's key ({key}, {bits} bits) is too weak by today's standard."),
    (
        "weak-key-broken",
        "The server's key ({key}, {bits} bits) is so short that it can be broken with ordinary computers.",
    ),
    ("weak-key-issuer", "The key of the authority {subject} ({key}, {bits} bits) is too weak by today's standard."),
    ("weak-signature", "The certificate of {subject} is signed with {algorithm}, which can be forged."),
    ("wrong-usage", "The certificate was issued for other uses than a server's ({usages})."),
    ("wrong-usage-key", "The certificate's key may not be used for a secure connection, only for {usages}."),
    ("wrong-usage-no-ca", "{subject} signed a certificate without being an authority."),
    ("wrong-usage-no-signing", "The authority {subject} may not sign certificates."),
    ("wrong-usage-issuer", "The authority {subject} may not issue certificates for servers, only for {usages}."),
    ("ca-as-server", "The server uses an authority's certificate as its own."),
    ("constraint-violation", "The chain breaks a limit that one of its authorities is under."),
    (
        "constraint-path-length",
        "The authority {subject} may have {limit} other authorities below it, and there are {count}.",
    ),
    ("constraint-name", "The authority {issuer} may not issue certificates for {name}."),
    (
        "constraint-policy",
        "An authority demands that certificates below it are issued under stated policies, and the one of {subject} is under none that counts.",
    ),
    (
        "constraint-policy-mapping",
        "The authority {subject} declares policies of others to be its own in a way that is forbidden.",
    ),
    ("constraint-unreadable", "The limits on what the authority {subject} may issue cannot be read."),
    (
        "unknown-critical-extension",
        "The certificate of {subject} demands that a rule be followed that is unknown here ({extensions}).",
    ),
    ("revoked", "The authority {issuer} revoked the server's certificate on {date}."),
    ("revoked-undated", "The authority {issuer} revoked the server's certificate."),
    ("revoked-issuer", "{issuer} revoked the certificate of the authority {subject} on {date}."),
    ("revoked-issuer-undated", "{issuer} revoked the certificate of the authority {subject}."),
    ("unsupported-algorithm", "The signature on the certificate of {subject} ({algorithm}) cannot be checked here."),
    ("unsupported-key", "Nothing here can verify a signature by the server's key: {key}."),
    (
        "chain-too-long",
        "There are {count} authorities between the server and a trusted one; at most {limit} are accepted.",
    ),
    (
        "budget-exceeded",
        "The check was given up: this chain is so tangled that checking it would cost more work than is allowed.",
    ),
    ("malformed", "Certificate number {number} of what the server sent cannot be read ({reason})."),
    ("malformed-key", "The key in the server's certificate cannot be read."),
    ("malformed-version", "The server's certificate says that it is of version {version}, but is not built like one."),
    (
        "published-key",
        "The private key of this certificate is published with {package}; anybody can impersonate this server.",
    ),
    (
        "published-key-issuer",
        "The private key of the authority {subject} is published with {package}; anybody can make certificates in its name.",
    ),
    ("refused", "The chain was refused by a stricter check ({reason})."),
    // Notes.
    (
        "intermediate-known",
        "The server did not send the certificate of the authority {subject}; it was known from before.",
    ),
    ("leaf-listed", "This very certificate is listed as trusted."),
    ("crl-unusable", "Revocation list number {number} was not used: {reason}."),
    ("crl-limited", "Revocation list number {number} counts only for what it revokes: {reason}."),
    ("staple-unusable", "The server's proof that its certificate is not revoked was not used: {reason}."),
];
