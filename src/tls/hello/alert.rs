//! Alerts (RFC 5246, section 7.2; the IANA registry): their names, and what they mean here.

use std::fmt;

/// What a server says before it hangs up, or as a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alert {
    /// 1 for a warning, 2 for fatal.
    pub level: u8,
    /// The number in the registry.
    pub description: u8,
}

impl Alert {
    /// handshake_failure: nothing in common.
    pub const HANDSHAKE_FAILURE: u8 = 40;
    /// protocol_version: no version in common.
    pub const PROTOCOL_VERSION: u8 = 70;
    /// insufficient_security: what was offered is too weak for the server.
    pub const INSUFFICIENT_SECURITY: u8 = 71;
    const CLOSE_NOTIFY: u8 = 0;

    /// Whether it ends the connection: whatever is not marked as a warning does.
    pub fn is_fatal(&self) -> bool {
        self.level != 1 || self.description == Self::CLOSE_NOTIFY
    }

    /// The name in the registry; the number where it has none.
    pub fn name(&self) -> String {
        self.entry().map_or_else(|| format!("alert {}", self.description), |(_, name, _)| (*name).to_owned())
    }

    /// What it means, in words for a user of a mail program.
    pub fn meaning(&self) -> &'static str {
        self.entry().map_or("something that this version has no words for", |(_, _, meaning)| meaning)
    }

    fn entry(&self) -> Option<&'static (u8, &'static str, &'static str)> {
        ALERTS.iter().find(|(number, ..)| *number == self.description)
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.meaning(), self.name())
    }
}

const ALERTS: &[(u8, &str, &str)] = &[
    (0, "close_notify", "the end of the connection"),
    (10, "unexpected_message", "a message was not expected"),
    (20, "bad_record_mac", "a record was damaged on the way"),
    (21, "decryption_failed", "a record could not be decrypted"),
    (22, "record_overflow", "a record was too long"),
    (30, "decompression_failure", "a record could not be unpacked"),
    (40, "handshake_failure", "nothing in common with what was offered"),
    (41, "no_certificate", "a certificate is missing"),
    (42, "bad_certificate", "a certificate was damaged"),
    (43, "unsupported_certificate", "a certificate was of an unsupported kind"),
    (44, "certificate_revoked", "a certificate was revoked"),
    (45, "certificate_expired", "a certificate had expired"),
    (46, "certificate_unknown", "a certificate was not accepted"),
    (47, "illegal_parameter", "a value made no sense"),
    (48, "unknown_ca", "an authority was not known"),
    (49, "access_denied", "access is denied"),
    (50, "decode_error", "a message could not be read"),
    (51, "decrypt_error", "a signature or a key did not verify"),
    (60, "export_restriction", "export rules were not kept"),
    (70, "protocol_version", "no protocol version in common"),
    (71, "insufficient_security", "what was offered is too weak for it"),
    (80, "internal_error", "an error of its own"),
    (86, "inappropriate_fallback", "a fallback to an older version was not in order"),
    (90, "user_canceled", "the handshake was cancelled"),
    (100, "no_renegotiation", "the handshake may not be repeated"),
    (109, "missing_extension", "an extension was missing"),
    (110, "unsupported_extension", "an extension was not supported"),
    (111, "certificate_unobtainable", "a certificate could not be fetched"),
    (112, "unrecognized_name", "it does not go by this name"),
    (113, "bad_certificate_status_response", "a revocation statement was not accepted"),
    (114, "bad_certificate_hash_value", "a certificate's hash was wrong"),
    (115, "unknown_psk_identity", "the shared key was not known"),
    (116, "certificate_required", "a certificate of the client is required"),
    (120, "no_application_protocol", "no application protocol in common"),
    (121, "ech_required", "encrypted hellos are required"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_in_words() {
        let alert = Alert { level: 2, description: 40 };
        assert_eq!(alert.to_string(), "nothing in common with what was offered (handshake_failure)");
        let odd = Alert { level: 7, description: 255 };
        assert!(odd.is_fatal() && odd.to_string().ends_with("(alert 255)"), "{odd}");
        assert!(!Alert { level: 1, description: 112 }.is_fatal());
        assert!(Alert { level: 1, description: 0 }.is_fatal(), "close_notify ends it at any level");
    }
}
