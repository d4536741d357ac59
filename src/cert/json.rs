//! A certificate as JSON, schema 1. Strings are raw Unicode where JSON escapes suffice for a
//! program; `text` members are fit to show. See docs/json-certificate.md.

use serde_json::{Value, json};

use super::{Cert, KeyAlgorithm, Name, San};
use crate::time;

/// The whole certificate.
pub(super) fn certificate(cert: &Cert) -> Value {
    let (key, algorithm) = (cert.key(), cert.signature_algorithm());
    json!({
        "schema": 1,
        "fingerprint": cert.fingerprint().hex(),
        "fingerprint_sha1": hex(&cert.sha1_fingerprint()),
        "spki": cert.spki().hex(),
        "spki_pin": cert.spki().base64(),
        "version": cert.version(),
        "serial": cert.serial(),
        "subject": name(cert.subject()),
        "issuer": name(cert.issuer()),
        "not_before": cert.not_before().map(time::rfc3339),
        "not_after": cert.not_after().map(time::rfc3339),
        "names": cert.sans().iter().map(san).collect::<Vec<_>>(),
        "host_names": cert.host_names(),
        "key": {
            "algorithm": key_algorithm(key.algorithm),
            "name": key.name,
            "bits": key.bits,
            "rsa_exponent": key.rsa_exponent,
            "readable": key.readable,
            "weak": key.weak,
        },
        "signature": { "algorithm": algorithm.name, "oid": algorithm.oid, "weak": algorithm.weak },
        "self_signed": cert.is_self_signed(),
        "basic_constraints": cert.basic_constraints().map(|c| json!({ "ca": c.ca, "path_length": c.path_len })),
        "key_usage": cert.key_usage(),
        "extended_key_usage": cert.extended_key_usage(),
        "subject_key_id": cert.subject_key_id().map(hex),
        "authority_key_id": cert.authority_key_id().map(hex),
        "issuer_addresses": cert.issuer_addresses(),
        "ocsp_addresses": cert.ocsp_addresses(),
        "crl_addresses": cert.crl_addresses(),
        "policies": cert.policies(),
        "name_constraints": cert.name_constraints().map(|c| json!({ "permitted": c.permitted, "excluded": c.excluded })),
        "timestamps": cert.timestamp_count(),
        "must_staple": cert.must_staple(),
        "extensions": cert.extensions().iter().map(extension).collect::<Vec<_>>(),
        "unknown_critical_extensions": cert.unknown_critical_extensions(),
        "anomalies": cert.anomalies().iter().map(anomaly).collect::<Vec<_>>(),
    })
}

fn name(name: &Name) -> Value {
    let attribute = |a: &super::Attribute| json!({ "type": a.short_name.unwrap_or(&a.oid), "oid": a.oid, "value": a.value, "der": hex(&a.der) });
    let rdns: Vec<Vec<Value>> = name.rdns().iter().map(|rdn| rdn.iter().map(attribute).collect()).collect();
    json!({ "text": name.text(), "rdns": rdns })
}

/// `null` where the certificate holds no readable date; the anomaly says what stands there.
fn san(san: &San) -> Value {
    let (kind, value) = match san {
        San::Dns(name) => ("dns", name.clone()),
        San::Ip(address) => ("ip", address.to_string()),
        San::Email(address) => ("email", address.clone()),
        San::Uri(address) => ("uri", address.clone()),
        San::Srv(name) => ("srv", name.clone()),
        San::Xmpp(address) => ("xmpp", address.clone()),
        San::Other(text) => ("other", text.clone()),
    };
    json!({ "kind": kind, "value": value, "text": san.text() })
}

fn extension(extension: &super::ExtensionInfo) -> Value {
    json!({
        "oid": extension.oid,
        "name": extension.name,
        "critical": extension.critical,
        "decoded": extension.decoded,
    })
}

fn anomaly(anomaly: &super::Anomaly) -> Value {
    json!({ "code": anomaly.code, "place": anomaly.get("place"), "found": anomaly.get("found"), "text": anomaly.text() })
}

fn key_algorithm(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa => "rsa",
        KeyAlgorithm::Ec => "ec",
        KeyAlgorithm::Ed25519 => "ed25519",
        KeyAlgorithm::Ed448 => "ed448",
        KeyAlgorithm::Dsa => "dsa",
        KeyAlgorithm::MlDsa => "ml-dsa",
        KeyAlgorithm::Unknown => "unknown",
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
