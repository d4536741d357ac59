//! Families of numbers, fixed for ever: a new meaning is a new number. The numbers of two families never
//! meet, so that a constant in the wrong place is refused and not taken for another one:
//!
//! - enumerations have a block of one hundred each, below 4096, and 0 is in none of them;
//! - flags are single bits from 2^12 to 2^30, each in one family only;
//! - fields of objects begin at 2000 and stand with their object.
//!
//! Enumerations that mirror an enum of the Rust API are its discriminant above a base (`Coded`).

use super::error::Failure;
use crate::path::ProblemKind;
use crate::store::{PinKind, PinState, Severity, Standing};
use crate::trust::{Assurance, Change, PinResult, Risk, Section};

/// What vouches for a server. Greater numbers vouch for more.
pub type tofu_assurance = i32;
/// Nothing vouches for the server.
pub const TOFU_ASSURANCE_NONE: tofu_assurance = 600;
/// The server is known by trust on first use only.
pub const TOFU_ASSURANCE_PINNED: tofu_assurance = 601;
/// The CA system or DANE vouches for the server.
pub const TOFU_ASSURANCE_VERIFIED: tofu_assurance = 602;

/// How risky a change is. Greater numbers are riskier.
pub type tofu_risk = i32;
/// Nothing changed.
pub const TOFU_RISK_NONE: tofu_risk = 700;
/// The change has a cryptographic link to what was known.
pub const TOFU_RISK_LOW: tofu_risk = 701;
/// The change can have harmless causes and bad ones.
pub const TOFU_RISK_MEDIUM: tofu_risk = 702;
/// An attack would look like this change.
pub const TOFU_RISK_HIGH: tofu_risk = 703;

/// What the pins of the endpoint said.
pub type tofu_pin_result = i32;
/// No pin was asked.
pub const TOFU_PIN_RESULT_NONE: tofu_pin_result = 800;
/// Nothing is known of the endpoint yet.
pub const TOFU_PIN_RESULT_FIRST_USE: tofu_pin_result = 801;
/// A trusted pin matches.
pub const TOFU_PIN_RESULT_MATCH: tofu_pin_result = 802;
/// The key is trusted on another mail port of the same host.
pub const TOFU_PIN_RESULT_SIBLING: tofu_pin_result = 803;
/// The key was announced beforehand.
pub const TOFU_PIN_RESULT_STAGED: tofu_pin_result = 804;
/// The endpoint is pinned to another key.
pub const TOFU_PIN_RESULT_CHANGED: tofu_pin_result = 805;
/// The pin of this key has expired.
pub const TOFU_PIN_RESULT_EXPIRED: tofu_pin_result = 806;
/// The key or certificate is blocked.
pub const TOFU_PIN_RESULT_BLOCKED: tofu_pin_result = 807;
/// The key is pinned, but the chain has a problem that was not accepted with it.
pub const TOFU_PIN_RESULT_NEW_PROBLEM: tofu_pin_result = 808;
/// The key was replaced by another one earlier.
pub const TOFU_PIN_RESULT_RETIRED: tofu_pin_result = 809;

/// How what the server presents differs from what was known.
pub type tofu_change = i32;
/// Nothing changed, or nothing was known.
pub const TOFU_CHANGE_NONE: tofu_change = 900;
/// The same key has a new certificate.
pub const TOFU_CHANGE_RENEWED_SAME_KEY: tofu_change = 901;
/// The pinned key signed the new one.
pub const TOFU_CHANGE_ROLLED_OVER: tofu_change = 902;
/// The key is another one.
pub const TOFU_CHANGE_REPLACED: tofu_change = 903;
/// The key is another one, and the old certificate was due.
pub const TOFU_CHANGE_REPLACED_WHEN_DUE: tofu_change = 904;
/// The key is another one, long before the old certificate was due.
pub const TOFU_CHANGE_REPLACED_EARLY: tofu_change = 905;
/// The key is another one, and so is the issuer.
pub const TOFU_CHANGE_ISSUER_CHANGED: tofu_change = 906;
/// The key is the same, and its certificate, CA-valid before, has expired.
pub const TOFU_CHANGE_LAPSED: tofu_change = 907;
/// The key is the same and no longer CA-valid.
pub const TOFU_CHANGE_NO_LONGER_VALID: tofu_change = 908;
/// The endpoint was validated before; now it is not, and the key is another one.
pub const TOFU_CHANGE_DOWNGRADE: tofu_change = 909;
/// The endpoint was pinned before and is CA-valid now.
pub const TOFU_CHANGE_UPGRADE: tofu_change = 910;

/// What a pin is about.
pub type tofu_pin_kind = i32;
/// The server's public key.
pub const TOFU_PIN_KIND_KEY: tofu_pin_kind = 101;
/// One certificate alone.
pub const TOFU_PIN_KIND_CERT: tofu_pin_kind = 102;
/// A private CA, for this endpoint.
pub const TOFU_PIN_KIND_ISSUER: tofu_pin_kind = 103;
/// A CA-valid certificate for this other name.
pub const TOFU_PIN_KIND_NAME: tofu_pin_kind = 104;

/// Whether and how a pin counts.
pub type tofu_pin_state = i32;
/// The pin counts.
pub const TOFU_PIN_STATE_TRUSTED: tofu_pin_state = 201;
/// The pin is the next key, announced beforehand.
pub const TOFU_PIN_STATE_STAGED: tofu_pin_state = 202;
/// Another pin replaced it.
pub const TOFU_PIN_STATE_RETIRED: tofu_pin_state = 203;
/// What it names is refused.
pub const TOFU_PIN_STATE_BLOCKED: tofu_pin_state = 204;
/// What it names is refused, because its private key is in other hands.
pub const TOFU_PIN_STATE_COMPROMISED: tofu_pin_state = 205;

/// A section of a verdict's text.
pub type tofu_section = i32;
/// One line that says it all.
pub const TOFU_SECTION_HEADLINE: tofu_section = 501;
/// What is wrong with the chain.
pub const TOFU_SECTION_PROBLEM: tofu_section = 502;
/// Why it was decided so.
pub const TOFU_SECTION_REASON: tofu_section = 503;
/// What it means.
pub const TOFU_SECTION_MEANING: tofu_section = 504;
/// What to do.
pub const TOFU_SECTION_ADVICE: tofu_section = 505;

/// The form of a text or of a file, for writing and for reading. Each function says which of them it takes.
pub type tofu_format = i32;
/// JSON. For a store: all of it, which an import takes back without loss.
pub const TOFU_FORMAT_JSON: tofu_format = 301;
/// Text for people, of several lines.
pub const TOFU_FORMAT_TEXT: tofu_format = 302;
/// One line, for logs.
pub const TOFU_FORMAT_LINE: tofu_format = 303;
/// PEM. An import takes one certificate in DER as well. Files of this kind: NeoMutt's certificate_file and isync's
/// CertificateFile.
pub const TOFU_FORMAT_PEM: tofu_format = 304;
/// GnuTLS' known_hosts.
pub const TOFU_FORMAT_KNOWN_HOSTS: tofu_format = 305;
/// Mozilla's cert_override.txt.
pub const TOFU_FORMAT_CERT_OVERRIDE: tofu_format = 306;
/// Written: a line "HOST:PORT FINGERPRINT" for each pin, with the SHA-256 of the certificate where that is known. Read:
/// such lines, or the settings of msmtp, mpop, OfflineIMAP, fetchmail, mbsync, getmail, Mercurial, Subversion, WeeChat,
/// irssi, Postfix, curl or Lagrange, which the library tells apart.
pub const TOFU_FORMAT_FINGERPRINTS: tofu_format = 307;
/// The same lines with the fingerprint of the key for key pins ("sha256//" and base64), so that an import reads back
/// what was written.
pub const TOFU_FORMAT_KEY_FINGERPRINTS: tofu_format = 308;

/// What the caller states about a connection, and what a check may do.
pub type tofu_check_flags = u64;
/// The check writes nothing, not even the log.
pub const TOFU_CHECK_DRY_RUN: tofu_check_flags = 1 << 12;
/// Nobody can answer now: TOFU_ASK also leaves a pending question.
pub const TOFU_CHECK_LEAVE_PENDING: tofu_check_flags = 1 << 13;
/// The TLS session was resumed: the chain may be the leaf alone.
pub const TOFU_CHECK_RESUMED: tofu_check_flags = 1 << 14;
/// A new account is being set up. Without this flag the account exists already (RFC 8314).
pub const TOFU_CHECK_SETUP: tofu_check_flags = 1 << 15;
/// No handshake proved that the server holds the key (a file, a capture). Such a check never gives TOFU_OK.
pub const TOFU_CHECK_UNPROVEN: tofu_check_flags = 1 << 16;
/// The caller knows that the address is loopback. With tofu_connect it counts only if the address reached is one.
pub const TOFU_CHECK_LOOPBACK: tofu_check_flags = 1 << 17;
/// The connection goes through Tor.
pub const TOFU_CHECK_TOR: tofu_check_flags = 1 << 18;
/// The protocol is XMPP, and the host is the domain of the XMPP address (RFC 6120): names of that service in the
/// certificate count. Ports 5222, 5223, 5269 and 5270 do not need it.
pub const TOFU_CHECK_XMPP: tofu_check_flags = 1 << 19;
/// With TOFU_CHECK_UNPROVEN: a connection was tried and is not possible, so that the advice is not to connect.
pub const TOFU_CHECK_NO_SESSION: tofu_check_flags = 1 << 20;

/// How an answer is to be remembered.
pub type tofu_trust_flags = u64;
/// The trust lasts while this store handle lives and nothing else is decided about the endpoint. It is never written.
pub const TOFU_TRUST_SESSION: tofu_trust_flags = 1 << 24;
/// The new key is trusted beside the old one and does not replace it.
pub const TOFU_TRUST_ADD: tofu_trust_flags = 1 << 25;

/// What is forgotten of an endpoint.
pub type tofu_forget_flags = u64;
/// Its pins, except the blocked and compromised ones.
pub const TOFU_FORGET_PINS: tofu_forget_flags = 1 << 26;
/// What was seen of it.
pub const TOFU_FORGET_SIGHTINGS: tofu_forget_flags = 1 << 27;
/// Its pending questions.
pub const TOFU_FORGET_PENDING: tofu_forget_flags = 1 << 28;
/// Its own policy, and a change that was announced.
pub const TOFU_FORGET_POLICY: tofu_forget_flags = 1 << 29;

/// Whether an import changes the store.
pub type tofu_import_mode = i32;
/// Only says what would be taken in.
pub const TOFU_IMPORT_PREVIEW: tofu_import_mode = 1401;
/// Takes it in.
pub const TOFU_IMPORT_COMMIT: tofu_import_mode = 1402;
/// Takes in everything that TOFU_FORMAT_JSON holds, policies, log and numbers included, into a store that knows nothing
/// yet.
pub const TOFU_IMPORT_RESTORE: tofu_import_mode = 1403;

/// How much an event deserves attention. Greater numbers deserve more.
pub type tofu_severity = i32;
/// Routine.
pub const TOFU_SEVERITY_INFO: tofu_severity = 1001;
/// Worth knowing.
pub const TOFU_SEVERITY_NOTICE: tofu_severity = 1002;
/// Worth a look.
pub const TOFU_SEVERITY_WARNING: tofu_severity = 1003;
/// Worth waking somebody.
pub const TOFU_SEVERITY_HIGH: tofu_severity = 1004;

/// One change or condition of a batch.
pub type tofu_op = i32;
/// The key must hold exactly this value, or the batch is a conflict.
pub const TOFU_OP_EXPECT: tofu_op = 1101;
/// Write the value.
pub const TOFU_OP_PUT: tofu_op = 1102;
/// Remove the key; a key that is not there is no failure.
pub const TOFU_OP_DELETE: tofu_op = 1103;
/// The key must be absent, or the batch is a conflict.
pub const TOFU_OP_EXPECT_ABSENT: tofu_op = 1104;

/// What to ask a person after TOFU_ASK or TOFU_REJECT.
pub type tofu_answer = i32;
/// No answer helps: show the text, and do not connect.
pub const TOFU_ANSWER_NONE: tofu_answer = 1201;
/// Yes or no. tofu_verdict_trust takes the yes.
pub const TOFU_ANSWER_YES: tofu_answer = 1202;
/// The full fingerprint, typed by the person from a source other than this connection. tofu_verdict_trust takes it
/// through tofu_trust_options_set_typed, and nothing less.
pub const TOFU_ANSWER_FINGERPRINT: tofu_answer = 1203;

/// Where an endpoint stands as a whole: what counts most for the next check.
pub type tofu_standing = i32;
/// It has a trusted pin of its own that has not expired, and whose key is not blocked.
pub const TOFU_STANDING_TRUSTED: tofu_standing = 1701;
/// It has no such pin of its own, but one in a store of the system.
pub const TOFU_STANDING_SYSTEM: tofu_standing = 1702;
/// It has trusted pins, and all of them have expired.
pub const TOFU_STANDING_EXPIRED: tofu_standing = 1703;
/// A CA or DANE vouched for it when it was last accepted, and no pin trusts it.
pub const TOFU_STANDING_VALID: tofu_standing = 1704;
/// Nothing trusts it yet, but its next key is announced.
pub const TOFU_STANDING_STAGED: tofu_standing = 1705;
/// It has a blocked or compromised key, and no trusted one.
pub const TOFU_STANDING_BLOCKED: tofu_standing = 1706;
/// It was forgotten. The next contact asks.
pub const TOFU_STANDING_FORGOTTEN: tofu_standing = 1707;
/// It had trusted keys and has none now.
pub const TOFU_STANDING_RETIRED: tofu_standing = 1708;
/// It was accepted, and no pin trusts it.
pub const TOFU_STANDING_ACCEPTED: tofu_standing = 1709;
/// It was seen and never accepted.
pub const TOFU_STANDING_SEEN: tofu_standing = 1710;
/// It has settings and nothing else.
pub const TOFU_STANDING_POLICY: tofu_standing = 1711;

/// What can be wrong with a chain by the rules of CAs.
pub type tofu_problem = i32;
/// There is no path to a trust anchor.
pub const TOFU_PROBLEM_UNTRUSTED_ISSUER: tofu_problem = 1301;
/// The certificate is signed by its own key.
pub const TOFU_PROBLEM_SELF_SIGNED: tofu_problem = 1302;
/// The server did not send its issuer's certificate.
pub const TOFU_PROBLEM_INCOMPLETE_CHAIN: tofu_problem = 1303;
/// The validity has ended.
pub const TOFU_PROBLEM_EXPIRED: tofu_problem = 1304;
/// The validity has not begun.
pub const TOFU_PROBLEM_NOT_YET_VALID: tofu_problem = 1305;
/// The certificate is for other names.
pub const TOFU_PROBLEM_HOST_MISMATCH: tofu_problem = 1306;
/// Only the subject's CN carries the name.
pub const TOFU_PROBLEM_NAME_ONLY_IN_CN: tofu_problem = 1307;
/// A signature does not verify.
pub const TOFU_PROBLEM_BAD_SIGNATURE: tofu_problem = 1308;
/// A key is too small or of a broken kind.
pub const TOFU_PROBLEM_WEAK_KEY: tofu_problem = 1309;
/// A signature uses MD5 or SHA-1.
pub const TOFU_PROBLEM_WEAK_SIGNATURE: tofu_problem = 1310;
/// The key usages forbid a TLS server.
pub const TOFU_PROBLEM_WRONG_USAGE: tofu_problem = 1311;
/// The leaf is a CA certificate.
pub const TOFU_PROBLEM_CA_AS_SERVER: tofu_problem = 1312;
/// Name constraints, the path length or a policy are violated.
pub const TOFU_PROBLEM_CONSTRAINT_VIOLATION: tofu_problem = 1313;
/// The library does not know a critical extension.
pub const TOFU_PROBLEM_UNKNOWN_CRITICAL_EXTENSION: tofu_problem = 1314;
/// A statement verified under the issuer says that the certificate is revoked.
pub const TOFU_PROBLEM_REVOKED: tofu_problem = 1315;
/// The library cannot check an algorithm.
pub const TOFU_PROBLEM_UNSUPPORTED_ALGORITHM: tofu_problem = 1316;
/// The chain has more certificates than the library looks at.
pub const TOFU_PROBLEM_CHAIN_TOO_LONG: tofu_problem = 1317;
/// Checking the chain would cost more than is allowed.
pub const TOFU_PROBLEM_BUDGET_EXCEEDED: tofu_problem = 1318;
/// A certificate cannot be read.
pub const TOFU_PROBLEM_MALFORMED: tofu_problem = 1319;
/// The private half of a key is published with a package, so that anybody can impersonate the server.
pub const TOFU_PROBLEM_PUBLISHED_KEY: tofu_problem = 1320;

/// An enum of the Rust API that C knows as a family of numbers: its discriminant above a base.
pub(super) trait Coded: Copy {
    /// What the discriminant is added to.
    const BASE: i32;

    /// The number in the Rust API.
    fn discriminant(self) -> i32;

    /// The number for C.
    fn number(self) -> i32 {
        Self::BASE.saturating_add(self.discriminant())
    }
}

macro_rules! coded {
    ($($type:ty: $base:expr;)*) => { $(
        impl Coded for $type {
            const BASE: i32 = $base;
            fn discriminant(self) -> i32 {
                self as i32
            }
        }
    )* };
}

coded! {
    PinKind: 100;
    PinState: 200;
    Section: 500;
    Assurance: 600;
    Risk: 700;
    PinResult: 800;
    Change: 900;
    Severity: 1000;
    ProblemKind: 1301;
    Standing: 1700;
}

/// The one among `all` that C's `number` means; `name` is the parameter, `noun` says what it should be.
pub(super) fn from_number<T: Coded>(all: &[T], number: i32, name: &str, noun: &str) -> Result<T, Failure> {
    let found = all.iter().copied().find(|one| one.number() == number);
    found.ok_or_else(|| Failure::invalid(format!("{name}: {number} is not {noun}")))
}

/// The kind of pin that a number means.
pub(super) fn pin_kind(number: tofu_pin_kind) -> Result<PinKind, Failure> {
    from_number(
        &[PinKind::Key, PinKind::Certificate, PinKind::Issuer, PinKind::Name],
        number,
        "kind",
        "a kind of pin (TOFU_PIN_KIND_...)",
    )
}

/// The state of a pin that a number means.
pub(super) fn pin_state(number: tofu_pin_state) -> Result<PinState, Failure> {
    from_number(&PinState::ALL, number, "state", "a state of a pin (TOFU_PIN_STATE_...)")
}

/// Refuses bits that are not in this version's family of flags: they could ask for more care than it has.
pub(super) fn refuse_unknown_bits(flags: u64, known: u64) -> Result<(), Failure> {
    match flags & !known {
        0 => Ok(()),
        unknown => Err(Failure::invalid(format!("flags: {unknown:#x} is no flag of this call"))),
    }
}

/// The last second of the year 9999. A time beyond it is one in milliseconds.
const LAST_TIME: i64 = 253_402_300_799;

/// A time given by the caller; it may be 0 for "not set".
pub(super) fn a_time(name: &str, time: i64) -> Result<i64, Failure> {
    match time {
        0..=LAST_TIME => Ok(time),
        ..0 => Err(Failure::invalid(format!("{name}: {time} is before 1970"))),
        _ => Err(Failure::invalid(format!("{name}: {time} is after the year 9999; times are in seconds"))),
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

    #[test]
    fn the_numbers_are_those_of_the_rust_api() {
        let pairs = [
            (TOFU_ASSURANCE_NONE, Assurance::None.number()),
            (TOFU_ASSURANCE_PINNED, Assurance::Pinned.number()),
            (TOFU_ASSURANCE_VERIFIED, Assurance::Verified.number()),
            (TOFU_RISK_NONE, Risk::None.number()),
            (TOFU_RISK_LOW, Risk::Low.number()),
            (TOFU_RISK_MEDIUM, Risk::Medium.number()),
            (TOFU_RISK_HIGH, Risk::High.number()),
            (TOFU_PIN_RESULT_NONE, PinResult::None.number()),
            (TOFU_PIN_RESULT_FIRST_USE, PinResult::FirstUse.number()),
            (TOFU_PIN_RESULT_MATCH, PinResult::Match.number()),
            (TOFU_PIN_RESULT_SIBLING, PinResult::Sibling.number()),
            (TOFU_PIN_RESULT_STAGED, PinResult::Staged.number()),
            (TOFU_PIN_RESULT_CHANGED, PinResult::Changed.number()),
            (TOFU_PIN_RESULT_EXPIRED, PinResult::Expired.number()),
            (TOFU_PIN_RESULT_BLOCKED, PinResult::Blocked.number()),
            (TOFU_PIN_RESULT_NEW_PROBLEM, PinResult::NewProblem.number()),
            (TOFU_PIN_RESULT_RETIRED, PinResult::Retired.number()),
            (TOFU_CHANGE_NONE, Change::None.number()),
            (TOFU_CHANGE_RENEWED_SAME_KEY, Change::RenewedSameKey.number()),
            (TOFU_CHANGE_ROLLED_OVER, Change::RolledOver.number()),
            (TOFU_CHANGE_REPLACED, Change::Replaced.number()),
            (TOFU_CHANGE_REPLACED_WHEN_DUE, Change::ReplacedWhenDue.number()),
            (TOFU_CHANGE_REPLACED_EARLY, Change::ReplacedEarly.number()),
            (TOFU_CHANGE_ISSUER_CHANGED, Change::IssuerChanged.number()),
            (TOFU_CHANGE_LAPSED, Change::Lapsed.number()),
            (TOFU_CHANGE_NO_LONGER_VALID, Change::NoLongerValid.number()),
            (TOFU_CHANGE_DOWNGRADE, Change::Downgrade.number()),
            (TOFU_CHANGE_UPGRADE, Change::Upgrade.number()),
            (TOFU_PIN_KIND_KEY, PinKind::Key.number()),
            (TOFU_PIN_KIND_CERT, PinKind::Certificate.number()),
            (TOFU_PIN_KIND_ISSUER, PinKind::Issuer.number()),
            (TOFU_PIN_KIND_NAME, PinKind::Name.number()),
            (TOFU_PIN_STATE_TRUSTED, PinState::Trusted.number()),
            (TOFU_PIN_STATE_STAGED, PinState::Staged.number()),
            (TOFU_PIN_STATE_RETIRED, PinState::Retired.number()),
            (TOFU_PIN_STATE_BLOCKED, PinState::Blocked.number()),
            (TOFU_PIN_STATE_COMPROMISED, PinState::Compromised.number()),
            (TOFU_SEVERITY_INFO, Severity::Info.number()),
            (TOFU_SEVERITY_NOTICE, Severity::Notice.number()),
            (TOFU_SEVERITY_WARNING, Severity::Warning.number()),
            (TOFU_SEVERITY_HIGH, Severity::High.number()),
            (TOFU_SECTION_HEADLINE, Section::Headline.number()),
            (TOFU_SECTION_PROBLEM, Section::Problem.number()),
            (TOFU_SECTION_REASON, Section::Reason.number()),
            (TOFU_SECTION_MEANING, Section::Meaning.number()),
            (TOFU_SECTION_ADVICE, Section::Advice.number()),
        ];
        for (number, rust) in pairs {
            assert_eq!(number, rust);
        }
    }

    #[test]
    fn the_problem_numbers_are_those_of_the_rust_api() {
        let numbers = [
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
        assert_eq!(numbers.len(), ProblemKind::ALL.len());
        for (number, kind) in numbers {
            assert_eq!(number, kind.number(), "{}", kind.code());
        }
    }

    #[test]
    fn the_standing_numbers_are_those_of_the_rust_api() {
        let numbers = [
            TOFU_STANDING_TRUSTED,
            TOFU_STANDING_SYSTEM,
            TOFU_STANDING_EXPIRED,
            TOFU_STANDING_VALID,
            TOFU_STANDING_STAGED,
            TOFU_STANDING_BLOCKED,
            TOFU_STANDING_FORGOTTEN,
            TOFU_STANDING_RETIRED,
            TOFU_STANDING_ACCEPTED,
            TOFU_STANDING_SEEN,
            TOFU_STANDING_POLICY,
        ];
        assert_eq!(Standing::ALL.map(Coded::number), numbers);
    }

    #[test]
    fn a_time_in_milliseconds_is_refused() {
        assert!(a_time("expires", 0).is_ok() && a_time("expires", LAST_TIME).is_ok());
        for time in [-1, i64::MIN, LAST_TIME + 1, 1_800_000_000_000, i64::MAX] {
            assert!(a_time("expires", time).unwrap_err().message().starts_with("expires: "));
        }
    }

    #[test]
    fn unknown_bits_are_refused_and_widths_are_bounded() {
        assert!(refuse_unknown_bits(3, 3).is_ok());
        assert!(refuse_unknown_bits(1 << 63, 3).is_err());
        assert_eq!((text_width(0), text_width(1), text_width(usize::MAX)), (80, 60, 1000));
    }
}
