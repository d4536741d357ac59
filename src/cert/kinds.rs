//! Names of key kinds and signature algorithms that this library cannot verify with, so that a person
//! sees what a certificate holds all the same. Also the parameter sets of ML-DSA.

/// The name of a kind of key that this library knows by name only.
pub(super) fn key(oid: &str) -> Option<&'static str> {
    let known = match oid {
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.2.840.10046.2.1" => "DH",
        "1.2.840.113549.1.3.1" => "DH (PKCS #3)",
        "1.2.643.2.2.19" => "GOST R 34.10-2001",
        "1.2.643.7.1.1.1.1" => "GOST R 34.10-2012 (256 bit)",
        "1.2.643.7.1.1.1.2" => "GOST R 34.10-2012 (512 bit)",
        "2.16.840.1.101.3.4.4.1" => "ML-KEM-512",
        "2.16.840.1.101.3.4.4.2" => "ML-KEM-768",
        "2.16.840.1.101.3.4.4.3" => "ML-KEM-1024",
        _ => return signing(oid),
    };
    Some(known)
}

/// The name of an algorithm whose keys and signatures carry the same object identifier: those of
/// FIPS 204 and 205 with a prehash, SLH-DSA, Falcon under the identifiers of the IETF hackathons
/// (FIPS 206 has none yet), and composites (draft-ietf-lamps-pq-composite-sigs).
pub(super) fn signing(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.16.840.1.101.3.4.3.20" => "SLH-DSA-SHA2-128s",
        "2.16.840.1.101.3.4.3.21" => "SLH-DSA-SHA2-128f",
        "2.16.840.1.101.3.4.3.22" => "SLH-DSA-SHA2-192s",
        "2.16.840.1.101.3.4.3.23" => "SLH-DSA-SHA2-192f",
        "2.16.840.1.101.3.4.3.24" => "SLH-DSA-SHA2-256s",
        "2.16.840.1.101.3.4.3.25" => "SLH-DSA-SHA2-256f",
        "2.16.840.1.101.3.4.3.26" => "SLH-DSA-SHAKE-128s",
        "2.16.840.1.101.3.4.3.27" => "SLH-DSA-SHAKE-128f",
        "2.16.840.1.101.3.4.3.28" => "SLH-DSA-SHAKE-192s",
        "2.16.840.1.101.3.4.3.29" => "SLH-DSA-SHAKE-192f",
        "2.16.840.1.101.3.4.3.30" => "SLH-DSA-SHAKE-256s",
        "2.16.840.1.101.3.4.3.31" => "SLH-DSA-SHAKE-256f",
        "2.16.840.1.101.3.4.3.32" => "HashML-DSA-44",
        "2.16.840.1.101.3.4.3.33" => "HashML-DSA-65",
        "2.16.840.1.101.3.4.3.34" => "HashML-DSA-87",
        "1.3.9999.3.6" | "1.3.9999.3.11" => "FN-DSA-512 (Falcon)",
        "1.3.9999.3.9" | "1.3.9999.3.14" => "FN-DSA-1024 (Falcon)",
        "1.3.6.1.5.5.7.6.37" => "ML-DSA-44 with RSA-PSS 2048",
        "1.3.6.1.5.5.7.6.38" => "ML-DSA-44 with RSA 2048",
        "1.3.6.1.5.5.7.6.39" => "ML-DSA-44 with Ed25519",
        "1.3.6.1.5.5.7.6.40" => "ML-DSA-44 with P-256",
        "1.3.6.1.5.5.7.6.41" => "ML-DSA-65 with RSA-PSS 3072",
        "1.3.6.1.5.5.7.6.42" => "ML-DSA-65 with RSA 3072",
        "1.3.6.1.5.5.7.6.43" => "ML-DSA-65 with RSA-PSS 4096",
        "1.3.6.1.5.5.7.6.44" => "ML-DSA-65 with RSA 4096",
        "1.3.6.1.5.5.7.6.45" => "ML-DSA-65 with P-256",
        "1.3.6.1.5.5.7.6.46" => "ML-DSA-65 with P-384",
        "1.3.6.1.5.5.7.6.47" => "ML-DSA-65 with brainpoolP256r1",
        "1.3.6.1.5.5.7.6.48" => "ML-DSA-65 with Ed25519",
        "1.3.6.1.5.5.7.6.49" => "ML-DSA-87 with P-384",
        "1.3.6.1.5.5.7.6.50" => "ML-DSA-87 with brainpoolP384r1",
        "1.3.6.1.5.5.7.6.51" => "ML-DSA-87 with Ed448",
        "1.3.6.1.5.5.7.6.52" => "ML-DSA-87 with RSA-PSS 3072",
        "1.3.6.1.5.5.7.6.53" => "ML-DSA-87 with RSA-PSS 4096",
        "1.3.6.1.5.5.7.6.54" => "ML-DSA-87 with P-521",
        _ => return None,
    })
}

/// The parameter sets of ML-DSA (FIPS 204): the last octet of the object identifier, the name, and
/// the size of the public key in octets.
pub(super) const ML_DSA: [(u8, &str, usize); 3] =
    [(17, "ML-DSA-44", 1312), (18, "ML-DSA-65", 1952), (19, "ML-DSA-87", 2592)];

/// The parameter set with this object identifier, dotted.
pub(super) fn ml_dsa(oid: &str) -> Option<(u8, &'static str, usize)> {
    let last: u8 = oid.strip_prefix("2.16.840.1.101.3.4.3.")?.parse().ok()?;
    ML_DSA.into_iter().find(|(number, ..)| *number == last)
}
