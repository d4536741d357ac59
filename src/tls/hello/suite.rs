//! Cipher suites: which are offered, and what a server's choice says about it. Names and
//! properties are those of the IANA registry as `tls-parser` carries it.

use std::fmt;

use tls_parser::{TlsCipherAu, TlsCipherEnc, TlsCipherEncMode, TlsCipherKx, TlsCipherSuite};

/// A cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Suite(pub u16);

/// How the two sides agree on keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Ephemeral, on an elliptic curve: with forward secrecy.
    Ecdhe,
    /// Ephemeral, modulo a prime: with forward secrecy.
    Dhe,
    /// Encrypted to the certificate's RSA key: no forward secrecy.
    Rsa,
    /// With the Diffie-Hellman key in the certificate: no forward secrecy.
    Static,
    /// From a key that both sides know beforehand, or a password.
    Shared,
    /// Neither side authenticates.
    Anonymous,
    /// With GOST keys (RFC 9189).
    Gost,
    /// In no way known here.
    Unknown,
}

/// How a suite encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// AES-GCM or ChaCha20-Poly1305.
    Modern,
    /// Blocks chained, with a separate MAC: the kind that padding oracles break.
    Cbc,
    /// The stream cipher RC4 (prohibited by RFC 7465).
    Rc4,
    /// Not at all.
    Null,
    /// Anything else: CCM, ARIA, Camellia-GCM, GOST.
    Other,
}

impl Suite {
    fn facts(self) -> Option<&'static TlsCipherSuite> {
        TlsCipherSuite::from_id(self.0)
    }

    /// The name in the IANA registry; the number where it has none.
    pub fn name(self) -> String {
        let gost = GOST.iter().find(|(code, _)| *code == self.0).map(|(_, name)| *name);
        self.facts().map(|suite| suite.name).or(gost).map_or_else(|| format!("0x{:04X}", self.0), str::to_owned)
    }

    /// How keys are agreed on.
    pub fn exchange(self) -> Exchange {
        if GOST.iter().any(|(code, _)| *code == self.0) {
            return Exchange::Gost;
        }
        match self.facts().map(|suite| (suite.kx, suite.au)) {
            Some((_, TlsCipherAu::Psk | TlsCipherAu::Srp | TlsCipherAu::Eccpwd | TlsCipherAu::Krb5)) => {
                Exchange::Shared
            }
            Some((TlsCipherKx::Psk | TlsCipherKx::Srp, _)) => Exchange::Shared,
            Some((TlsCipherKx::Dh | TlsCipherKx::Ecdh | TlsCipherKx::Aecdh, TlsCipherAu::Null)) => Exchange::Anonymous,
            Some((TlsCipherKx::Ecdhe, _)) => Exchange::Ecdhe,
            Some((TlsCipherKx::Dhe, _)) => Exchange::Dhe,
            Some((TlsCipherKx::Rsa, _)) => Exchange::Rsa,
            Some((TlsCipherKx::Dh | TlsCipherKx::Ecdh, _)) => Exchange::Static,
            _ => Exchange::Unknown,
        }
    }

    /// How it encrypts.
    pub fn cipher(self) -> Cipher {
        match self.facts().map(|suite| (suite.enc, suite.enc_mode)) {
            Some((TlsCipherEnc::Aes, TlsCipherEncMode::Gcm) | (TlsCipherEnc::Chacha20_Poly1305, _)) => Cipher::Modern,
            Some((_, TlsCipherEncMode::Cbc)) => Cipher::Cbc,
            Some((TlsCipherEnc::Rc4, _)) => Cipher::Rc4,
            Some((TlsCipherEnc::Null, _)) => Cipher::Null,
            _ => Cipher::Other,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Suites that the registry file lacks (RFC 9189, and the numbers used before it).
const GOST: [(u16, &str); 5] = [
    (0xC100, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC"),
    (0xC101, "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC"),
    (0xC102, "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
    (0xFF85, "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
    (0x0081, "TLS_GOSTR341001_WITH_28147_CNT_IMIT"),
];

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746): without it, some servers refuse to go on.
const RENEGOTIATION: u16 = 0x00FF;

/// Everything that makes a server show a certificate, best first, and no encryption at the very
/// end. Nothing anonymous or with shared keys: those show none.
pub(super) fn offered() -> impl Iterator<Item = u16> {
    OFFERED.iter().copied().chain(GOST.iter().map(|(code, _)| *code)).chain([RENEGOTIATION])
}

#[rustfmt::skip]
const OFFERED: &[u16] = &[
    // ECDHE: AES-GCM and ChaCha20, then CCM, ARIA-GCM, Camellia-GCM.
    0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8,
    0xC0AC, 0xC0AD, 0xC0AE, 0xC0AF, 0xC05C, 0xC05D, 0xC060, 0xC061, 0xC086, 0xC087, 0xC08A, 0xC08B,
    // DHE with RSA and DSS keys, the same ciphers.
    0x009E, 0x009F, 0xCCAA, 0x00A2, 0x00A3,
    0xC09E, 0xC09F, 0xC0A2, 0xC0A3, 0xC052, 0xC053, 0xC056, 0xC057, 0xC07C, 0xC07D, 0xC080, 0xC081,
    // ECDHE in CBC mode: AES, Camellia, ARIA.
    0xC023, 0xC024, 0xC027, 0xC028, 0xC009, 0xC00A, 0xC013, 0xC014,
    0xC072, 0xC073, 0xC076, 0xC077, 0xC048, 0xC049, 0xC04C, 0xC04D,
    // DHE in CBC mode: AES, Camellia, ARIA, SEED.
    0x0067, 0x006B, 0x0040, 0x006A, 0x0033, 0x0039, 0x0032, 0x0038,
    0x00BE, 0x00C4, 0x00BD, 0x00C3, 0x0045, 0x0088, 0x0044, 0x0087,
    0xC044, 0xC045, 0xC042, 0xC043, 0x009A, 0x0099,
    // RSA key exchange: GCM, CCM, ARIA-GCM, Camellia-GCM, then CBC.
    0x009C, 0x009D, 0xC09C, 0xC09D, 0xC0A0, 0xC0A1, 0xC050, 0xC051, 0xC07A, 0xC07B,
    0x003C, 0x003D, 0x002F, 0x0035, 0x00BA, 0x00C0, 0x0041, 0x0084, 0xC03C, 0xC03D, 0x0096, 0x0007,
    // Diffie-Hellman keys in the certificate: ECDH, then DH.
    0xC02D, 0xC02E, 0xC031, 0xC032, 0xC025, 0xC026, 0xC029, 0xC02A, 0xC004, 0xC005, 0xC00E, 0xC00F,
    0x00A0, 0x00A1, 0x00A4, 0x00A5, 0x003F, 0x0069, 0x003E, 0x0068, 0x0031, 0x0037, 0x0030, 0x0036,
    // 3DES, RC4, DES and export suites: what servers of the last century may know alone.
    0xC008, 0xC012, 0x0016, 0x0013, 0x000A, 0xC003, 0xC00D, 0x0010, 0x000D,
    0xC007, 0xC011, 0x0066, 0x0005, 0x0004, 0xC002, 0xC00C,
    0x0015, 0x0012, 0x0009, 0x0014, 0x0011, 0x0008, 0x0006, 0x0003,
    0xC006, 0xC010, 0xC001, 0xC00B, 0x003B, 0x0002, 0x0001,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_is_offered_once_and_shows_a_certificate() {
        let mut codes: Vec<u16> = offered().collect();
        assert_eq!(codes.pop(), Some(RENEGOTIATION));
        for code in &codes {
            let suite = Suite(*code);
            assert!(!suite.name().starts_with("0x"), "{code:04X} has no name");
            assert!(!matches!(suite.exchange(), Exchange::Shared | Exchange::Anonymous | Exchange::Unknown), "{suite}");
        }
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }

    #[test]
    fn a_suite_says_how_it_agrees_and_encrypts() {
        for (code, exchange, cipher) in [
            (0xC02F, Exchange::Ecdhe, Cipher::Modern),
            (0xCCA9, Exchange::Ecdhe, Cipher::Modern),
            (0x0033, Exchange::Dhe, Cipher::Cbc),
            (0x009C, Exchange::Rsa, Cipher::Modern),
            (0x0005, Exchange::Rsa, Cipher::Rc4),
            (0xC0AC, Exchange::Ecdhe, Cipher::Other),
            (0xC05C, Exchange::Ecdhe, Cipher::Other),
            (0xC004, Exchange::Static, Cipher::Cbc),
            (0x0034, Exchange::Anonymous, Cipher::Cbc),
            (0xC018, Exchange::Anonymous, Cipher::Cbc),
            (0x008C, Exchange::Shared, Cipher::Cbc),
            (0xC035, Exchange::Shared, Cipher::Cbc),
            (0x003B, Exchange::Rsa, Cipher::Null),
            (0xC100, Exchange::Gost, Cipher::Other),
            (0xABCD, Exchange::Unknown, Cipher::Other),
        ] {
            assert_eq!((Suite(code).exchange(), Suite(code).cipher()), (exchange, cipher), "{code:04X}");
        }
        assert_eq!(Suite(0xABCD).name(), "0xABCD");
        assert_eq!(Suite(0xC02F).to_string(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    }
}
