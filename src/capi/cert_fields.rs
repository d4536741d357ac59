//! The long tail of a certificate's fields by code: count, string, number, bytes. New fields are new
//! codes, not new functions.

use std::ffi::c_char;
use std::sync::Arc;

use super::cert::tofu_cert;
use super::fields::Field;
use super::guard::read;
use super::ptr::{EMPTY, write_if_wanted};
use crate::cert::{Cert, ExtensionInfo, San};
use crate::hash::Hash;
use crate::text::escape;

/// The DER, verbatim: bytes.
pub const TOFU_CERT_DER: i32 = 1;
/// SHA-256 of the DER: 32 bytes; string of upper-case pairs with colons.
pub const TOFU_CERT_SHA256: i32 = 2;
/// SHA-256 of the SubjectPublicKeyInfo: 32 bytes; string in base64 (RFC 7469).
pub const TOFU_CERT_SPKI_SHA256: i32 = 3;
/// The subject: string (RFC 4514); bytes of its DER.
pub const TOFU_CERT_SUBJECT: i32 = 4;
/// The issuer as written in the certificate: string (RFC 4514); bytes of its DER.
pub const TOFU_CERT_ISSUER: i32 = 5;
/// First second of validity: number, INT64_MAX where the date cannot be read; string for people.
pub const TOFU_CERT_NOT_BEFORE: i32 = 6;
/// Last second of validity: number, INT64_MIN where the date cannot be read; string for people.
pub const TOFU_CERT_NOT_AFTER: i32 = 7;
/// DNS names among the alternative names: strings.
pub const TOFU_CERT_SAN_DNS: i32 = 8;
/// The public key: string ("RSA", "P-256" ...); number of bits, 0 if unknown; bytes of the SubjectPublicKeyInfo.
pub const TOFU_CERT_KEY: i32 = 9;
/// What is odd about the certificate: strings.
pub const TOFU_CERT_ANOMALY: i32 = 10;
/// The stable codes of the anomalies, in the same order: strings.
pub const TOFU_CERT_ANOMALY_CODE: i32 = 11;
/// The serial number: string of hexadecimal pairs with colons; bytes of the INTEGER.
pub const TOFU_CERT_SERIAL: i32 = 12;
/// The version as people count it, 1 to 3: number; string.
pub const TOFU_CERT_VERSION: i32 = 13;
/// IP addresses among the alternative names: strings.
pub const TOFU_CERT_SAN_IP: i32 = 14;
/// Mail addresses among the alternative names: strings.
pub const TOFU_CERT_SAN_EMAIL: i32 = 15;
/// URIs among the alternative names: strings.
pub const TOFU_CERT_SAN_URI: i32 = 16;
/// Alternative names of other kinds: strings.
pub const TOFU_CERT_SAN_OTHER: i32 = 17;
/// What the server may be called by this certificate, fit to show (the CN if there is no alternative name): strings.
pub const TOFU_CERT_HOST_NAMES: i32 = 18;
/// The RSA public exponent: string, decimal.
pub const TOFU_CERT_RSA_EXPONENT: i32 = 19;
/// 1 if the key is too small or of a weak kind: number.
pub const TOFU_CERT_KEY_WEAK: i32 = 20;
/// 1 if the key inside the SubjectPublicKeyInfo can be decoded: number.
pub const TOFU_CERT_KEY_READABLE: i32 = 21;
/// The signature algorithm: string.
pub const TOFU_CERT_SIGNATURE: i32 = 22;
/// Its dotted OID: string.
pub const TOFU_CERT_SIGNATURE_OID: i32 = 23;
/// 1 if it is MD2, MD4, MD5 or SHA-1: number.
pub const TOFU_CERT_SIGNATURE_WEAK: i32 = 24;
/// 1 if the signature verifies under the certificate's own key: number.
pub const TOFU_CERT_SELF_SIGNED: i32 = 25;
/// 1 if basicConstraints say CA: number; counted only with that extension.
pub const TOFU_CERT_CA: i32 = 26;
/// pathLenConstraint: number; counted only where it is set.
pub const TOFU_CERT_PATH_LENGTH: i32 = 27;
/// Names of the key usage bits: strings.
pub const TOFU_CERT_KEY_USAGE: i32 = 28;
/// Extended key usages by name or dotted OID: strings.
pub const TOFU_CERT_EXTENDED_KEY_USAGE: i32 = 29;
/// Dotted OIDs of critical extensions that nobody here processes: strings.
pub const TOFU_CERT_UNKNOWN_CRITICAL: i32 = 30;
/// Subject key identifier: bytes; string in hexadecimal.
pub const TOFU_CERT_SUBJECT_KEY_ID: i32 = 31;
/// Authority key identifier: bytes; string in hexadecimal.
pub const TOFU_CERT_AUTHORITY_KEY_ID: i32 = 32;
/// Where the issuer's certificate is said to be (AIA): strings.
pub const TOFU_CERT_ISSUER_ADDRESS: i32 = 33;
/// SHA-1 of the DER, to compare with what other programs show, never to trust by: 20 bytes; string of pairs with colons.
pub const TOFU_CERT_SHA1: i32 = 34;
/// Where to ask about revocation (AIA OCSP): strings.
pub const TOFU_CERT_OCSP_ADDRESS: i32 = 35;
/// Where revocation lists are said to be: strings.
pub const TOFU_CERT_CRL_ADDRESS: i32 = 36;
/// Certificate policies, dotted OIDs: strings.
pub const TOFU_CERT_POLICY: i32 = 37;
/// How many signed certificate timestamps are embedded; they are not verified: number.
pub const TOFU_CERT_SCT_COUNT: i32 = 38;
/// 1 if the server must staple an OCSP response: number.
pub const TOFU_CERT_MUST_STAPLE: i32 = 39;
/// All extensions, by name or dotted OID: strings.
pub const TOFU_CERT_EXTENSION: i32 = 40;
/// Those marked critical: strings.
pub const TOFU_CERT_CRITICAL_EXTENSION: i32 = 41;
/// Name constraints of a CA, what names must lie in: strings.
pub const TOFU_CERT_NAME_PERMITTED: i32 = 42;
/// Name constraints of a CA, what names must not lie in: strings.
pub const TOFU_CERT_NAME_EXCLUDED: i32 = 43;
/// Names of services (SRVName, RFC 4985), such as _imaps.example.org: strings.
pub const TOFU_CERT_SAN_SRV: i32 = 44;
/// XMPP addresses (XmppAddr, RFC 6120), of a server or a user: strings.
pub const TOFU_CERT_SAN_XMPP: i32 = 45;

/// The field with this code; `None` for a code that this version does not know.
fn field(cert: &Cert, code: i32) -> Option<Field> {
    Some(match code {
        TOFU_CERT_DER => Field::default().and_bytes(cert.der()),
        TOFU_CERT_SHA256 => hash(cert.fingerprint(), cert.fingerprint().colon_hex()),
        TOFU_CERT_SPKI_SHA256 => hash(cert.spki(), cert.spki().base64()),
        TOFU_CERT_SUBJECT => Field::text(cert.subject().text()).and_bytes(cert.subject().der()),
        TOFU_CERT_ISSUER => Field::text(cert.issuer().text()).and_bytes(cert.issuer().der()),
        TOFU_CERT_NOT_BEFORE => Field::text(cert.not_before_text()).and_number(cert.not_before().unwrap_or(i64::MAX)),
        TOFU_CERT_NOT_AFTER => Field::text(cert.not_after_text()).and_number(cert.not_after().unwrap_or(i64::MIN)),
        TOFU_CERT_SERIAL => Field::text(cert.serial()).and_bytes(cert.serial_bytes()),
        TOFU_CERT_VERSION => Field::text(cert.version().to_string()).and_number(cert.version().into()),
        TOFU_CERT_SHA1 => sha1(&cert.sha1_fingerprint()),
        TOFU_CERT_HOST_NAMES => Field::list(cert.host_names()),
        TOFU_CERT_SELF_SIGNED => Field::yes(cert.is_self_signed()),
        TOFU_CERT_ANOMALY => Field::list(cert.anomalies().iter().map(|anomaly| anomaly.text())),
        TOFU_CERT_ANOMALY_CODE => Field::list(cert.anomalies().iter().map(|a| a.code.to_owned())),
        _ if is_san(code) => sans(cert, code),
        TOFU_CERT_KEY..=TOFU_CERT_SIGNATURE_WEAK => return algorithm(cert, code),
        _ => return extension(cert, code),
    })
}

fn hash(hash: Hash, text: String) -> Field {
    Field::text(text).and_bytes(hash.as_bytes())
}

fn sha1(bytes: &[u8]) -> Field {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    Field::text(pairs.join(":")).and_bytes(bytes)
}

fn extension_name(extension: &ExtensionInfo) -> String {
    extension.name.map_or_else(|| escape(&extension.oid), str::to_owned)
}

fn is_san(code: i32) -> bool {
    matches!(
        code,
        TOFU_CERT_SAN_DNS
            | TOFU_CERT_SAN_IP
            | TOFU_CERT_SAN_EMAIL
            | TOFU_CERT_SAN_URI
            | TOFU_CERT_SAN_OTHER
            | TOFU_CERT_SAN_SRV
            | TOFU_CERT_SAN_XMPP
    )
}

fn sans(cert: &Cert, code: i32) -> Field {
    let wanted = cert.sans().iter().filter_map(|san| match (code, san) {
        (TOFU_CERT_SAN_DNS, San::Dns(text))
        | (TOFU_CERT_SAN_EMAIL, San::Email(text))
        | (TOFU_CERT_SAN_URI, San::Uri(text))
        | (TOFU_CERT_SAN_SRV, San::Srv(text))
        | (TOFU_CERT_SAN_XMPP, San::Xmpp(text))
        | (TOFU_CERT_SAN_OTHER, San::Other(text)) => Some(escape(text)),
        (TOFU_CERT_SAN_IP, San::Ip(address)) => Some(address.to_string()),
        _ => None,
    });
    Field::list(wanted)
}

fn algorithm(cert: &Cert, code: i32) -> Option<Field> {
    let (key, signature) = (cert.key(), cert.signature_algorithm());
    Some(match code {
        TOFU_CERT_KEY => Field::text(escape(&key.name)).and_number(key.bits.into()).and_bytes(cert.spki_der()),
        TOFU_CERT_RSA_EXPONENT => Field::list(key.rsa_exponent.iter().cloned()),
        TOFU_CERT_KEY_WEAK => Field::yes(key.weak),
        TOFU_CERT_KEY_READABLE => Field::yes(key.readable),
        TOFU_CERT_SIGNATURE => Field::text(escape(&signature.name)),
        TOFU_CERT_SIGNATURE_OID => Field::text(escape(&signature.oid)),
        TOFU_CERT_SIGNATURE_WEAK => Field::yes(signature.weak),
        _ => return None,
    })
}

fn extension(cert: &Cert, code: i32) -> Option<Field> {
    let key_id = |id: Option<&[u8]>| {
        id.map(|id| Field::text(data_encoding::HEXLOWER.encode(id)).and_bytes(id)).unwrap_or_default()
    };
    let constraints = cert.basic_constraints();
    Some(match code {
        TOFU_CERT_CA => constraints.map(|c| Field::yes(c.ca)).unwrap_or_default(),
        TOFU_CERT_PATH_LENGTH => {
            constraints.and_then(|c| c.path_len).map(|length| Field::of_number(length.into())).unwrap_or_default()
        }
        TOFU_CERT_KEY_USAGE => Field::list(cert.key_usage().unwrap_or_default().iter().map(|u| (*u).to_owned())),
        TOFU_CERT_EXTENDED_KEY_USAGE => Field::escaped(cert.extended_key_usage().unwrap_or_default()),
        TOFU_CERT_UNKNOWN_CRITICAL => Field::escaped(cert.unknown_critical_extensions()),
        TOFU_CERT_SUBJECT_KEY_ID => key_id(cert.subject_key_id()),
        TOFU_CERT_AUTHORITY_KEY_ID => key_id(cert.authority_key_id()),
        TOFU_CERT_ISSUER_ADDRESS => Field::escaped(cert.issuer_addresses()),
        TOFU_CERT_OCSP_ADDRESS => Field::escaped(cert.ocsp_addresses()),
        TOFU_CERT_CRL_ADDRESS => Field::escaped(cert.crl_addresses()),
        TOFU_CERT_POLICY => Field::escaped(cert.policies()),
        TOFU_CERT_NAME_PERMITTED => {
            Field::list(cert.name_constraints().map(|names| names.permitted.clone()).unwrap_or_default())
        }
        TOFU_CERT_NAME_EXCLUDED => {
            Field::list(cert.name_constraints().map(|names| names.excluded.clone()).unwrap_or_default())
        }
        TOFU_CERT_SCT_COUNT => Field::of_number(i64::try_from(cert.timestamp_count()).unwrap_or(i64::MAX)),
        TOFU_CERT_MUST_STAPLE => Field::yes(cert.must_staple()),
        TOFU_CERT_EXTENSION => Field::list(cert.extensions().iter().map(extension_name)),
        TOFU_CERT_CRITICAL_EXTENSION => {
            Field::list(cert.extensions().iter().filter(|e| e.critical).map(extension_name))
        }
        _ => return None,
    })
}

impl tofu_cert {
    fn field(&self, code: i32) -> Option<Arc<Field>> {
        self.fields.get(code, "", || field(&self.cert, code))
    }
}

/// How many values a field of a certificate has; 0 also where an extension is absent.
///
/// @param cert   borrowed; may be NULL, which gives 0.
/// @param field  a code TOFU_CERT_...; an unknown one gives 0.
/// @return the number of values.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_count(cert: *const tofu_cert, field: i32) -> usize {
    // SAFETY: `cert` as its @param says.
    unsafe { read(cert, 0, |cert| Some(cert.field(field)?.count())) }
}

/// A field of a certificate as text, escaped and fit to show.
///
/// Does not decide whether what the certificate says is true.
///
/// @param cert   borrowed; may be NULL, which gives "".
/// @param field  a code TOFU_CERT_... that has strings; another gives "".
/// @param index  0 for the first value; out of range gives "".
/// @return NUL-terminated UTF-8, borrowed from the certificate; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_string(cert: *const tofu_cert, field: i32, index: usize) -> *const c_char {
    // SAFETY: `cert` as its @param says.
    unsafe { read(cert, EMPTY, |cert| cert.field(field)?.string(index)) }
}

/// A field of a certificate as a number.
///
/// @param cert   borrowed; may be NULL, which gives 0.
/// @param field  a code TOFU_CERT_... that has a number; another gives 0.
/// @param index  0 for the first value; out of range gives 0.
/// @return the number; times are seconds since the epoch, UTC.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_number(cert: *const tofu_cert, field: i32, index: usize) -> i64 {
    // SAFETY: `cert` as its @param says.
    unsafe { read(cert, 0, |cert| cert.field(field)?.number(index)) }
}

/// A field of a certificate as raw bytes: DER, a name, a key, a hash. Not escaped, not for showing.
///
/// @param cert   borrowed; may be NULL, which gives NULL and the length 0.
/// @param field  a code TOFU_CERT_... that has bytes; another gives NULL.
/// @param index  0 for the first value; out of range gives NULL.
/// @param len    where to write the number of bytes; may be NULL.
/// @return borrowed from the certificate; NULL when there is nothing.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_bytes(
    cert: *const tofu_cert,
    field: i32,
    index: usize,
    len: *mut usize,
) -> *const u8 {
    // SAFETY: `cert` and `len` as their @param lines say.
    unsafe {
        let (start, size) = read(cert, (std::ptr::null(), 0), |cert| cert.field(field)?.bytes(index));
        write_if_wanted(len, size);
        start
    }
}
