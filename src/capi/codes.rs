//! Numbers with a meaning, fixed for ever; a new meaning is a new number. Those that mirror an enum of
//! the Rust API are held to it by the tests below.

use super::error::Failure;

/// No verdict.
pub const TOFU_DECISION_NONE: i32 = 0;
/// Go ahead.
pub const TOFU_DECISION_ACCEPT: i32 = 1;
/// A person must answer.
pub const TOFU_DECISION_ASK: i32 = 2;
/// No.
pub const TOFU_DECISION_REJECT: i32 = 3;

/// Nothing vouches for the server.
pub const TOFU_ASSURANCE_NONE: i32 = 0;
/// Known by trust on first use only.
pub const TOFU_ASSURANCE_PINNED: i32 = 1;
/// Vouched for by the CA system or by DANE.
pub const TOFU_ASSURANCE_VERIFIED: i32 = 2;

/// Nothing changed.
pub const TOFU_RISK_NONE: i32 = 0;
/// A change with a cryptographic link to what was known.
pub const TOFU_RISK_LOW: i32 = 1;
/// A change that has harmless causes and bad ones.
pub const TOFU_RISK_MEDIUM: i32 = 2;
/// A change that an attack would look like.
pub const TOFU_RISK_HIGH: i32 = 3;

/// No pin had a say.
pub const TOFU_PIN_RESULT_NONE: i32 = 0;
/// Nothing is known of the endpoint.
pub const TOFU_PIN_RESULT_FIRST_USE: i32 = 1;
/// A trusted pin matches.
pub const TOFU_PIN_RESULT_MATCH: i32 = 2;
/// Trusted on another mail port of the same host.
pub const TOFU_PIN_RESULT_SIBLING: i32 = 3;
/// The key announced beforehand.
pub const TOFU_PIN_RESULT_STAGED: i32 = 4;
/// Pinned, and another key.
pub const TOFU_PIN_RESULT_CHANGED: i32 = 5;
/// The key of a pin that expired.
pub const TOFU_PIN_RESULT_EXPIRED: i32 = 6;
/// Blocked.
pub const TOFU_PIN_RESULT_BLOCKED: i32 = 7;
/// The key is pinned, and the chain has a problem that was not accepted with it.
pub const TOFU_PIN_RESULT_NEW_PROBLEM: i32 = 8;
/// A key that had been replaced.
pub const TOFU_PIN_RESULT_RETIRED: i32 = 9;

/// Nothing changed, or nothing was known.
pub const TOFU_CHANGE_NONE: i32 = 0;
/// A new certificate for the same key.
pub const TOFU_CHANGE_RENEWED_SAME_KEY: i32 = 1;
/// A new key, signed by the pinned one.
pub const TOFU_CHANGE_ROLLED_OVER: i32 = 2;
/// Another key.
pub const TOFU_CHANGE_REPLACED: i32 = 3;
/// Another key; the old certificate was due.
pub const TOFU_CHANGE_REPLACED_WHEN_DUE: i32 = 4;
/// Another key long before the old certificate was due.
pub const TOFU_CHANGE_REPLACED_EARLY: i32 = 5;
/// Another key from another issuer.
pub const TOFU_CHANGE_ISSUER_CHANGED: i32 = 6;
/// The same key, formerly CA-valid, expired.
pub const TOFU_CHANGE_LAPSED: i32 = 7;
/// The same key, no longer CA-valid.
pub const TOFU_CHANGE_NO_LONGER_VALID: i32 = 8;
/// Formerly validated, now neither that nor the same key.
pub const TOFU_CHANGE_DOWNGRADE: i32 = 9;
/// Pinned before, CA-valid now.
pub const TOFU_CHANGE_UPGRADE: i32 = 10;

/// No kind; in tofu_verdict_trust, the suggested one.
pub const TOFU_PIN_KIND_NONE: i32 = 0;
/// The server's public key.
pub const TOFU_PIN_KIND_KEY: i32 = 1;
/// This certificate alone.
pub const TOFU_PIN_KIND_CERT: i32 = 2;
/// A private CA, for this endpoint.
pub const TOFU_PIN_KIND_ISSUER: i32 = 3;
/// A CA-valid certificate for this other name.
pub const TOFU_PIN_KIND_NAME: i32 = 4;

/// No state.
pub const TOFU_PIN_STATE_NONE: i32 = 0;
/// Counts.
pub const TOFU_PIN_STATE_TRUSTED: i32 = 1;
/// The next key, announced beforehand.
pub const TOFU_PIN_STATE_STAGED: i32 = 2;
/// Replaced.
pub const TOFU_PIN_STATE_RETIRED: i32 = 3;
/// Refused.
pub const TOFU_PIN_STATE_BLOCKED: i32 = 4;
/// Refused, its private key being in other hands.
pub const TOFU_PIN_STATE_COMPROMISED: i32 = 5;

/// One line.
pub const TOFU_SECTION_HEADLINE: i32 = 1;
/// What is wrong with the chain.
pub const TOFU_SECTION_PROBLEM: i32 = 2;
/// Why it was decided so.
pub const TOFU_SECTION_REASON: i32 = 3;
/// What it means.
pub const TOFU_SECTION_MEANING: i32 = 4;
/// What to do.
pub const TOFU_SECTION_ADVICE: i32 = 5;

/// JSON.
pub const TOFU_FORMAT_JSON: i32 = 1;
/// Text for people.
pub const TOFU_FORMAT_TEXT: i32 = 2;
/// PEM.
pub const TOFU_FORMAT_PEM: i32 = 3;
/// GnuTLS' known_hosts: what tofu_store_export writes for key pins.
pub const TOFU_FORMAT_KNOWN_HOSTS: i32 = 4;
/// A line for each pin, "HOST:PORT FINGERPRINT": what tofu_store_export writes for other programs' settings. The
/// certificate's SHA-256 with colons where a certificate is known, else the key's as "sha256//" and base64.
pub const TOFU_FORMAT_FINGERPRINTS: i32 = 6;
/// The same with key pins as the key's, "sha256//" and base64: what tofu_store_import reads back as it was.
pub const TOFU_FORMAT_KEY_FINGERPRINTS: i32 = 7;
/// Mozilla's cert_override.txt: what tofu_store_export writes where a certificate is known.
pub const TOFU_FORMAT_CERT_OVERRIDE: i32 = 8;

/// Writes nothing, not even the log.
pub const TOFU_CHECK_DRY_RUN: u64 = 1u64;
/// Nobody can answer now: TOFU_ASK also leaves a pending question.
pub const TOFU_CHECK_LEAVE_PENDING: u64 = 2u64;
/// A resumed session: the chain may be the leaf alone.
pub const TOFU_CHECK_RESUMED: u64 = 4u64;
/// A new account is being set up; without it the account exists (RFC 8314).
pub const TOFU_CHECK_SETUP: u64 = 8u64;
/// No handshake proved possession of the key (a file, a capture): never TOFU_OK.
pub const TOFU_CHECK_UNPROVEN: u64 = 16u64;
/// The caller knows that the address is loopback. With tofu_connect it counts only where the address reached is one.
pub const TOFU_CHECK_LOOPBACK: u64 = 32u64;
/// The connection goes through Tor.
pub const TOFU_CHECK_TOR: u64 = 64u64;
/// XMPP is spoken, and the host is the domain of the XMPP address (RFC 6120): names of that service in the certificate
/// count. Not needed on ports 5222, 5223, 5269 and 5270; other services are known by their usual ports.
pub const TOFU_CHECK_XMPP: u64 = 128u64;
/// With TOFU_CHECK_UNPROVEN: a connection was tried and is not possible, so nobody is advised to connect.
pub const TOFU_CHECK_NO_SESSION: u64 = 256u64;

/// As long as this store handle lives and nothing else is decided about the endpoint (its pins, policy and
/// accepted certificates stay as they are); never written.
pub const TOFU_TRUST_SESSION: u64 = 1u64;
/// Beside the old key instead of in its place.
pub const TOFU_TRUST_ADD: u64 = 2u64;

/// Pins, but for blocked and compromised ones.
pub const TOFU_FORGET_PINS: u64 = 1u64;
/// What was seen.
pub const TOFU_FORGET_SIGHTINGS: u64 = 2u64;
/// Pending questions.
pub const TOFU_FORGET_PENDING: u64 = 4u64;
/// The endpoint's own policy, and a change that was announced.
pub const TOFU_FORGET_POLICY: u64 = 8u64;

/// What tofu_store_export wrote.
pub const TOFU_IMPORT_JSON: i32 = 1;
/// GnuTLS: ~/.gnutls/known_hosts.
pub const TOFU_IMPORT_KNOWN_HOSTS: i32 = 2;
/// Mozilla: cert_override.txt.
pub const TOFU_IMPORT_CERT_OVERRIDE: i32 = 3;
/// Lines of a host, maybe with ":PORT", and a fingerprint; or what a program with settings of its own keeps, which
/// the file as a whole tells: msmtp, mpop, OfflineIMAP, fetchmail, mbsync, getmail, Mercurial, Subversion
/// (auth/svn.ssl.server), WeeChat, irssi, Postfix, curl, Lagrange.
pub const TOFU_IMPORT_FINGERPRINTS: i32 = 4;
/// PEM certificates of one server: NeoMutt's certificate_file, isync's CertificateFile. Or one certificate in DER.
pub const TOFU_IMPORT_PEM: i32 = 5;

/// Takes it in; without it an import only says what it would do.
pub const TOFU_IMPORT_COMMIT: u64 = 1u64;
/// Everything, policies, log and numbers included, into a store that knows nothing yet.
pub const TOFU_IMPORT_RESTORE: u64 = 2u64;

/// Endpoints.
pub const TOFU_LIST_ENDPOINTS: i32 = 1;
/// Pins, and what is blocked everywhere.
pub const TOFU_LIST_PINS: i32 = 2;
/// Pending questions.
pub const TOFU_LIST_PENDING: i32 = 3;
/// Events.
pub const TOFU_LIST_EVENTS: i32 = 4;

/// No severity.
pub const TOFU_SEVERITY_NONE: i32 = 0;
/// Routine.
pub const TOFU_SEVERITY_INFO: i32 = 1;
/// Worth knowing.
pub const TOFU_SEVERITY_NOTICE: i32 = 2;
/// Worth a look.
pub const TOFU_SEVERITY_WARNING: i32 = 3;
/// Worth waking somebody.
pub const TOFU_SEVERITY_HIGH: i32 = 4;

/// The key must hold exactly this value, or the batch is a conflict.
pub const TOFU_OP_EXPECT: i32 = 1;
/// Write.
pub const TOFU_OP_PUT: i32 = 2;
/// Remove; a key that is not there is no failure.
pub const TOFU_OP_DELETE: i32 = 3;
/// The key must be absent, or the batch is a conflict.
pub const TOFU_OP_EXPECT_ABSENT: i32 = 4;

/// No path to a trust anchor.
pub const TOFU_PROBLEM_UNTRUSTED_ISSUER: u64 = 1u64;
/// Signed by its own key.
pub const TOFU_PROBLEM_SELF_SIGNED: u64 = 2u64;
/// The issuer's certificate is missing from what was sent.
pub const TOFU_PROBLEM_INCOMPLETE_CHAIN: u64 = 4u64;
/// After the end of validity.
pub const TOFU_PROBLEM_EXPIRED: u64 = 8u64;
/// Before the beginning of validity.
pub const TOFU_PROBLEM_NOT_YET_VALID: u64 = 16u64;
/// The certificate is for other names.
pub const TOFU_PROBLEM_HOST_MISMATCH: u64 = 32u64;
/// Only the subject's CN carries the name.
pub const TOFU_PROBLEM_NAME_ONLY_IN_CN: u64 = 64u64;
/// A signature does not verify.
pub const TOFU_PROBLEM_BAD_SIGNATURE: u64 = 128u64;
/// A key is too small or of a broken kind.
pub const TOFU_PROBLEM_WEAK_KEY: u64 = 256u64;
/// Signed with MD5 or SHA-1.
pub const TOFU_PROBLEM_WEAK_SIGNATURE: u64 = 512u64;
/// The usages forbid a TLS server.
pub const TOFU_PROBLEM_WRONG_USAGE: u64 = 1024u64;
/// The leaf is a CA certificate.
pub const TOFU_PROBLEM_CA_AS_SERVER: u64 = 2048u64;
/// Name constraints, path length or policy violated.
pub const TOFU_PROBLEM_CONSTRAINT_VIOLATION: u64 = 4096u64;
/// A critical extension that nobody here understands.
pub const TOFU_PROBLEM_UNKNOWN_CRITICAL_EXTENSION: u64 = 8192u64;
/// Revoked by a statement verified under the issuer.
pub const TOFU_PROBLEM_REVOKED: u64 = 16384u64;
/// An algorithm that cannot be checked here.
pub const TOFU_PROBLEM_UNSUPPORTED_ALGORITHM: u64 = 32768u64;
/// More certificates than are looked at.
pub const TOFU_PROBLEM_CHAIN_TOO_LONG: u64 = 65536u64;
/// Checking would cost more than is allowed.
pub const TOFU_PROBLEM_BUDGET_EXCEEDED: u64 = 131072u64;
/// A certificate that cannot be read.
pub const TOFU_PROBLEM_MALFORMED: u64 = 262144u64;
/// The private half of a key is published with a package, so that anybody can impersonate the server.
pub const TOFU_PROBLEM_PUBLISHED_KEY: u64 = 524288u64;

/// Refuses bits that this version does not know: they could ask for more care than it has.
pub(super) fn refuse_unknown_bits(flags: u64, known: u64) -> Result<(), Failure> {
    match flags & !known {
        0 => Ok(()),
        unknown => Err(Failure::invalid(format!("flags: unknown bits {unknown:#x}"))),
    }
}

/// The width of text for people: 0 stands for 80, and what nobody can read is brought into bounds.
pub(super) fn text_width(width: usize) -> usize {
    match width {
        0 => 80,
        other => other.clamp(60, 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ProblemKind;
    use crate::store::{PinKind, PinState, Severity};
    use crate::trust::{Assurance, Change, Decision, PinResult, Risk, Section};

    #[test]
    fn the_numbers_are_those_of_the_rust_api() {
        let pairs = [
            (TOFU_DECISION_ACCEPT, Decision::Accept as i32),
            (TOFU_DECISION_ASK, Decision::Ask as i32),
            (TOFU_DECISION_REJECT, Decision::Reject as i32),
            (TOFU_ASSURANCE_NONE, Assurance::None as i32),
            (TOFU_ASSURANCE_PINNED, Assurance::Pinned as i32),
            (TOFU_ASSURANCE_VERIFIED, Assurance::Verified as i32),
            (TOFU_RISK_NONE, Risk::None as i32),
            (TOFU_RISK_LOW, Risk::Low as i32),
            (TOFU_RISK_MEDIUM, Risk::Medium as i32),
            (TOFU_RISK_HIGH, Risk::High as i32),
            (TOFU_PIN_RESULT_NONE, PinResult::None as i32),
            (TOFU_PIN_RESULT_FIRST_USE, PinResult::FirstUse as i32),
            (TOFU_PIN_RESULT_MATCH, PinResult::Match as i32),
            (TOFU_PIN_RESULT_SIBLING, PinResult::Sibling as i32),
            (TOFU_PIN_RESULT_STAGED, PinResult::Staged as i32),
            (TOFU_PIN_RESULT_CHANGED, PinResult::Changed as i32),
            (TOFU_PIN_RESULT_EXPIRED, PinResult::Expired as i32),
            (TOFU_PIN_RESULT_BLOCKED, PinResult::Blocked as i32),
            (TOFU_PIN_RESULT_NEW_PROBLEM, PinResult::NewProblem as i32),
            (TOFU_PIN_RESULT_RETIRED, PinResult::Retired as i32),
            (TOFU_CHANGE_NONE, Change::None as i32),
            (TOFU_CHANGE_RENEWED_SAME_KEY, Change::RenewedSameKey as i32),
            (TOFU_CHANGE_ROLLED_OVER, Change::RolledOver as i32),
            (TOFU_CHANGE_REPLACED, Change::Replaced as i32),
            (TOFU_CHANGE_REPLACED_WHEN_DUE, Change::ReplacedWhenDue as i32),
            (TOFU_CHANGE_REPLACED_EARLY, Change::ReplacedEarly as i32),
            (TOFU_CHANGE_ISSUER_CHANGED, Change::IssuerChanged as i32),
            (TOFU_CHANGE_LAPSED, Change::Lapsed as i32),
            (TOFU_CHANGE_NO_LONGER_VALID, Change::NoLongerValid as i32),
            (TOFU_CHANGE_DOWNGRADE, Change::Downgrade as i32),
            (TOFU_CHANGE_UPGRADE, Change::Upgrade as i32),
            (TOFU_PIN_KIND_KEY, PinKind::Key as i32),
            (TOFU_PIN_KIND_CERT, PinKind::Certificate as i32),
            (TOFU_PIN_KIND_ISSUER, PinKind::Issuer as i32),
            (TOFU_PIN_KIND_NAME, PinKind::Name as i32),
            (TOFU_PIN_STATE_TRUSTED, PinState::Trusted as i32),
            (TOFU_PIN_STATE_STAGED, PinState::Staged as i32),
            (TOFU_PIN_STATE_RETIRED, PinState::Retired as i32),
            (TOFU_PIN_STATE_BLOCKED, PinState::Blocked as i32),
            (TOFU_PIN_STATE_COMPROMISED, PinState::Compromised as i32),
            (TOFU_SEVERITY_INFO, Severity::Info as i32),
            (TOFU_SEVERITY_NOTICE, Severity::Notice as i32),
            (TOFU_SEVERITY_WARNING, Severity::Warning as i32),
            (TOFU_SEVERITY_HIGH, Severity::High as i32),
            (TOFU_SECTION_HEADLINE, Section::Headline as i32),
            (TOFU_SECTION_PROBLEM, Section::Problem as i32),
            (TOFU_SECTION_REASON, Section::Reason as i32),
            (TOFU_SECTION_MEANING, Section::Meaning as i32),
            (TOFU_SECTION_ADVICE, Section::Advice as i32),
        ];
        for (number, rust) in pairs {
            assert_eq!(number, rust);
        }
    }

    #[test]
    fn the_problem_bits_are_those_of_the_rust_api() {
        let bits = [
            (TOFU_PROBLEM_UNTRUSTED_ISSUER, ProblemKind::UntrustedIssuer),
            (TOFU_PROBLEM_SELF_SIGNED, ProblemKind::SelfSigned),
            (TOFU_PROBLEM_INCOMPLETE_CHAIN, ProblemKind::IncompleteChain),
            (TOFU_PROBLEM_EXPIRED, ProblemKind::Expired),
            (TOFU_PROBLEM_NOT_YET_VALID, ProblemKind::NotYetValid),
            (TOFU_PROBLEM_HOST_MISMATCH, ProblemKind::HostMismatch),
            (TOFU_PROBLEM_NAME_ONLY_IN_CN, ProblemKind::NameOnlyInCn),
            (TOFU_PROBLEM_BAD_SIGNATURE, ProblemKind::BadSignature),
            (TOFU_PROBLEM_WEAK_KEY, ProblemKind::WeakKey),
            (TOFU_PROBLEM_WEAK_SIGNATURE, ProblemKind::WeakSignature),
            (TOFU_PROBLEM_WRONG_USAGE, ProblemKind::WrongUsage),
            (TOFU_PROBLEM_CA_AS_SERVER, ProblemKind::CaAsServer),
            (TOFU_PROBLEM_CONSTRAINT_VIOLATION, ProblemKind::ConstraintViolation),
            (TOFU_PROBLEM_UNKNOWN_CRITICAL_EXTENSION, ProblemKind::UnknownCriticalExtension),
            (TOFU_PROBLEM_REVOKED, ProblemKind::Revoked),
            (TOFU_PROBLEM_UNSUPPORTED_ALGORITHM, ProblemKind::UnsupportedAlgorithm),
            (TOFU_PROBLEM_CHAIN_TOO_LONG, ProblemKind::ChainTooLong),
            (TOFU_PROBLEM_BUDGET_EXCEEDED, ProblemKind::BudgetExceeded),
            (TOFU_PROBLEM_MALFORMED, ProblemKind::Malformed),
            (TOFU_PROBLEM_PUBLISHED_KEY, ProblemKind::PublishedKey),
        ];
        assert_eq!(bits.len(), ProblemKind::ALL.len());
        for (bit, kind) in bits {
            assert_eq!(bit, 1 << kind as u8, "{}", kind.code());
        }
    }

    #[test]
    fn unknown_bits_are_refused_and_widths_are_bounded() {
        assert!(refuse_unknown_bits(3, 3).is_ok());
        assert!(refuse_unknown_bits(1 << 63, 3).is_err());
        assert_eq!((text_width(0), text_width(1), text_width(usize::MAX)), (80, 60, 1000));
    }
}
