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

/// A field of a certificate. Each says which of strings, a number and bytes it has.
pub type tofu_cert_field = i32;
/// The DER as it was given: bytes.
pub const TOFU_CERT_FIELD_DER: tofu_cert_field = 2001;
/// SHA-256 of the DER: string of upper-case pairs with colons, as people compare it; 32 bytes.
pub const TOFU_CERT_FIELD_SHA256: tofu_cert_field = 2002;
/// SHA-256 of the SubjectPublicKeyInfo, the pin of RFC 7469: string in base64; 32 bytes. Two certificates have the same
/// value exactly if their keys are the same.
pub const TOFU_CERT_FIELD_SPKI_SHA256: tofu_cert_field = 2003;
/// The subject: string (RFC 4514); bytes of its DER.
pub const TOFU_CERT_FIELD_SUBJECT: tofu_cert_field = 2004;
/// The issuer, as the certificate names it: string (RFC 4514); bytes of its DER.
pub const TOFU_CERT_FIELD_ISSUER: tofu_cert_field = 2005;
/// The first second of validity: string; number, INT64_MAX if the date cannot be read, so compare before you calculate.
pub const TOFU_CERT_FIELD_NOT_BEFORE: tofu_cert_field = 2006;
/// The last second of validity: string; number, INT64_MIN if the date cannot be read, so compare before you calculate.
pub const TOFU_CERT_FIELD_NOT_AFTER: tofu_cert_field = 2007;
/// DNS names among the alternative names: strings.
pub const TOFU_CERT_FIELD_SAN_DNS: tofu_cert_field = 2008;
/// The public key: string ("RSA", "P-256" ...); number of bits, 0 if unknown; bytes of the SubjectPublicKeyInfo.
pub const TOFU_CERT_FIELD_KEY: tofu_cert_field = 2009;
/// What is odd about the certificate: strings.
pub const TOFU_CERT_FIELD_ANOMALY: tofu_cert_field = 2010;
/// The stable codes of the anomalies, in the same order: strings.
pub const TOFU_CERT_FIELD_ANOMALY_CODE: tofu_cert_field = 2011;
/// The serial number: string of hexadecimal pairs with colons, with a minus sign if it is negative; bytes of the
/// INTEGER.
pub const TOFU_CERT_FIELD_SERIAL: tofu_cert_field = 2012;
/// The version, 1 to 3: number; string.
pub const TOFU_CERT_FIELD_VERSION: tofu_cert_field = 2013;
/// IP addresses among the alternative names: strings.
pub const TOFU_CERT_FIELD_SAN_IP: tofu_cert_field = 2014;
/// Mail addresses among the alternative names: strings.
pub const TOFU_CERT_FIELD_SAN_EMAIL: tofu_cert_field = 2015;
/// URIs among the alternative names: strings.
pub const TOFU_CERT_FIELD_SAN_URI: tofu_cert_field = 2016;
/// Alternative names of other kinds: strings.
pub const TOFU_CERT_FIELD_SAN_OTHER: tofu_cert_field = 2017;
/// The names that the certificate gives the server (the CN if there is no alternative name): strings.
pub const TOFU_CERT_FIELD_HOST_NAMES: tofu_cert_field = 2018;
/// The RSA public exponent: string, decimal.
pub const TOFU_CERT_FIELD_RSA_EXPONENT: tofu_cert_field = 2019;
/// 1 if the key is too small or of a weak kind: number.
pub const TOFU_CERT_FIELD_KEY_WEAK: tofu_cert_field = 2020;
/// 1 if the key inside the SubjectPublicKeyInfo can be decoded: number.
pub const TOFU_CERT_FIELD_KEY_READABLE: tofu_cert_field = 2021;
/// The signature algorithm: string.
pub const TOFU_CERT_FIELD_SIGNATURE: tofu_cert_field = 2022;
/// Its dotted OID: string.
pub const TOFU_CERT_FIELD_SIGNATURE_OID: tofu_cert_field = 2023;
/// 1 if it is MD2, MD4, MD5 or SHA-1: number.
pub const TOFU_CERT_FIELD_SIGNATURE_WEAK: tofu_cert_field = 2024;
/// 1 if the signature verifies under the certificate's own key: number.
pub const TOFU_CERT_FIELD_SELF_SIGNED: tofu_cert_field = 2025;
/// 1 if basicConstraints say CA: number. It has no value without that extension.
pub const TOFU_CERT_FIELD_CA: tofu_cert_field = 2026;
/// pathLenConstraint: number. It has no value if it is not set.
pub const TOFU_CERT_FIELD_PATH_LENGTH: tofu_cert_field = 2027;
/// Names of the key usage bits: strings.
pub const TOFU_CERT_FIELD_KEY_USAGE: tofu_cert_field = 2028;
/// Extended key usages by name or dotted OID: strings.
pub const TOFU_CERT_FIELD_EXTENDED_KEY_USAGE: tofu_cert_field = 2029;
/// Dotted OIDs of critical extensions that this library does not process: strings.
pub const TOFU_CERT_FIELD_UNKNOWN_CRITICAL: tofu_cert_field = 2030;
/// Subject key identifier: bytes; string in hexadecimal.
pub const TOFU_CERT_FIELD_SUBJECT_KEY_ID: tofu_cert_field = 2031;
/// Authority key identifier: bytes; string in hexadecimal.
pub const TOFU_CERT_FIELD_AUTHORITY_KEY_ID: tofu_cert_field = 2032;
/// Where the certificate says that its issuer's certificate is (AIA): strings.
pub const TOFU_CERT_FIELD_ISSUER_ADDRESS: tofu_cert_field = 2033;
/// SHA-1 of the DER, to compare with what other programs show, and not to decide trust: string of pairs with colons; 20
/// bytes.
pub const TOFU_CERT_FIELD_SHA1: tofu_cert_field = 2034;
/// Where to ask about revocation (AIA OCSP): strings.
pub const TOFU_CERT_FIELD_OCSP_ADDRESS: tofu_cert_field = 2035;
/// Where the certificate says that revocation lists are: strings.
pub const TOFU_CERT_FIELD_CRL_ADDRESS: tofu_cert_field = 2036;
/// Certificate policies, dotted OIDs: strings.
pub const TOFU_CERT_FIELD_POLICY: tofu_cert_field = 2037;
/// The number of embedded signed certificate timestamps, which are not verified: number.
pub const TOFU_CERT_FIELD_SCT_COUNT: tofu_cert_field = 2038;
/// 1 if the server must staple an OCSP response: number.
pub const TOFU_CERT_FIELD_MUST_STAPLE: tofu_cert_field = 2039;
/// All extensions, by name or dotted OID: strings.
pub const TOFU_CERT_FIELD_EXTENSION: tofu_cert_field = 2040;
/// The extensions that are marked critical: strings.
pub const TOFU_CERT_FIELD_CRITICAL_EXTENSION: tofu_cert_field = 2041;
/// Name constraints of a CA: what names must be inside: strings.
pub const TOFU_CERT_FIELD_NAME_PERMITTED: tofu_cert_field = 2042;
/// Name constraints of a CA: what names must be outside: strings.
pub const TOFU_CERT_FIELD_NAME_EXCLUDED: tofu_cert_field = 2043;
/// Names of services (SRVName, RFC 4985), such as _imaps.example.org: strings.
pub const TOFU_CERT_FIELD_SAN_SRV: tofu_cert_field = 2044;
/// XMPP addresses (XmppAddr, RFC 6120), of a server or a user: strings.
pub const TOFU_CERT_FIELD_SAN_XMPP: tofu_cert_field = 2045;

/// The field with this code; `None` for a code that this version does not know.
fn field(cert: &Cert, code: tofu_cert_field) -> Option<Field> {
    Some(match code {
        TOFU_CERT_FIELD_DER => Field::default().and_bytes(cert.der()),
        TOFU_CERT_FIELD_SHA256 => hash(cert.fingerprint(), cert.fingerprint().colon_hex()),
        TOFU_CERT_FIELD_SPKI_SHA256 => hash(cert.spki(), cert.spki().base64()),
        TOFU_CERT_FIELD_SUBJECT => Field::text(cert.subject().text()).and_bytes(cert.subject().der()),
        TOFU_CERT_FIELD_ISSUER => Field::text(cert.issuer().text()).and_bytes(cert.issuer().der()),
        TOFU_CERT_FIELD_NOT_BEFORE => {
            Field::text(cert.not_before_text()).and_number(cert.not_before().unwrap_or(i64::MAX))
        }
        TOFU_CERT_FIELD_NOT_AFTER => {
            Field::text(cert.not_after_text()).and_number(cert.not_after().unwrap_or(i64::MIN))
        }
        TOFU_CERT_FIELD_SERIAL => Field::text(cert.serial()).and_bytes(cert.serial_bytes()),
        TOFU_CERT_FIELD_VERSION => Field::text(cert.version().to_string()).and_number(cert.version().into()),
        TOFU_CERT_FIELD_SHA1 => sha1(&cert.sha1_fingerprint()),
        TOFU_CERT_FIELD_HOST_NAMES => Field::list(cert.host_names()),
        TOFU_CERT_FIELD_SELF_SIGNED => Field::yes(cert.is_self_signed()),
        TOFU_CERT_FIELD_ANOMALY => Field::list(cert.anomalies().iter().map(|anomaly| anomaly.text())),
        TOFU_CERT_FIELD_ANOMALY_CODE => Field::list(cert.anomalies().iter().map(|a| a.code.to_owned())),
        _ if is_san(code) => sans(cert, code),
        TOFU_CERT_FIELD_KEY..=TOFU_CERT_FIELD_SIGNATURE_WEAK => return algorithm(cert, code),
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

fn is_san(code: tofu_cert_field) -> bool {
    matches!(
        code,
        TOFU_CERT_FIELD_SAN_DNS
            | TOFU_CERT_FIELD_SAN_IP
            | TOFU_CERT_FIELD_SAN_EMAIL
            | TOFU_CERT_FIELD_SAN_URI
            | TOFU_CERT_FIELD_SAN_OTHER
            | TOFU_CERT_FIELD_SAN_SRV
            | TOFU_CERT_FIELD_SAN_XMPP
    )
}

fn sans(cert: &Cert, code: tofu_cert_field) -> Field {
    let wanted = cert.sans().iter().filter_map(|san| match (code, san) {
        (TOFU_CERT_FIELD_SAN_DNS, San::Dns(text))
        | (TOFU_CERT_FIELD_SAN_EMAIL, San::Email(text))
        | (TOFU_CERT_FIELD_SAN_URI, San::Uri(text))
        | (TOFU_CERT_FIELD_SAN_SRV, San::Srv(text))
        | (TOFU_CERT_FIELD_SAN_XMPP, San::Xmpp(text))
        | (TOFU_CERT_FIELD_SAN_OTHER, San::Other(text)) => Some(escape(text)),
        (TOFU_CERT_FIELD_SAN_IP, San::Ip(address)) => Some(address.to_string()),
        _ => None,
    });
    Field::list(wanted)
}

fn algorithm(cert: &Cert, code: tofu_cert_field) -> Option<Field> {
    let (key, signature) = (cert.key(), cert.signature_algorithm());
    Some(match code {
        TOFU_CERT_FIELD_KEY => Field::text(escape(&key.name)).and_number(key.bits.into()).and_bytes(cert.spki_der()),
        TOFU_CERT_FIELD_RSA_EXPONENT => Field::list(key.rsa_exponent.iter().cloned()),
        TOFU_CERT_FIELD_KEY_WEAK => Field::yes(key.weak),
        TOFU_CERT_FIELD_KEY_READABLE => Field::yes(key.readable),
        TOFU_CERT_FIELD_SIGNATURE => Field::text(escape(&signature.name)),
        TOFU_CERT_FIELD_SIGNATURE_OID => Field::text(escape(&signature.oid)),
        TOFU_CERT_FIELD_SIGNATURE_WEAK => Field::yes(signature.weak),
        _ => return None,
    })
}

fn extension(cert: &Cert, code: tofu_cert_field) -> Option<Field> {
    let key_id = |id: Option<&[u8]>| {
        id.map(|id| Field::text(data_encoding::HEXLOWER.encode(id)).and_bytes(id)).unwrap_or_default()
    };
    let constraints = cert.basic_constraints();
    Some(match code {
        TOFU_CERT_FIELD_CA => constraints.map(|c| Field::yes(c.ca)).unwrap_or_default(),
        TOFU_CERT_FIELD_PATH_LENGTH => {
            constraints.and_then(|c| c.path_len).map(|length| Field::of_number(length.into())).unwrap_or_default()
        }
        TOFU_CERT_FIELD_KEY_USAGE => Field::list(cert.key_usage().unwrap_or_default().iter().map(|u| (*u).to_owned())),
        TOFU_CERT_FIELD_EXTENDED_KEY_USAGE => Field::escaped(cert.extended_key_usage().unwrap_or_default()),
        TOFU_CERT_FIELD_UNKNOWN_CRITICAL => Field::escaped(cert.unknown_critical_extensions()),
        TOFU_CERT_FIELD_SUBJECT_KEY_ID => key_id(cert.subject_key_id()),
        TOFU_CERT_FIELD_AUTHORITY_KEY_ID => key_id(cert.authority_key_id()),
        TOFU_CERT_FIELD_ISSUER_ADDRESS => Field::escaped(cert.issuer_addresses()),
        TOFU_CERT_FIELD_OCSP_ADDRESS => Field::escaped(cert.ocsp_addresses()),
        TOFU_CERT_FIELD_CRL_ADDRESS => Field::escaped(cert.crl_addresses()),
        TOFU_CERT_FIELD_POLICY => Field::escaped(cert.policies()),
        TOFU_CERT_FIELD_NAME_PERMITTED => {
            Field::list(cert.name_constraints().map(|names| names.permitted.clone()).unwrap_or_default())
        }
        TOFU_CERT_FIELD_NAME_EXCLUDED => {
            Field::list(cert.name_constraints().map(|names| names.excluded.clone()).unwrap_or_default())
        }
        TOFU_CERT_FIELD_SCT_COUNT => Field::of_number(i64::try_from(cert.timestamp_count()).unwrap_or(i64::MAX)),
        TOFU_CERT_FIELD_MUST_STAPLE => Field::yes(cert.must_staple()),
        TOFU_CERT_FIELD_EXTENSION => Field::list(cert.extensions().iter().map(extension_name)),
        TOFU_CERT_FIELD_CRITICAL_EXTENSION => {
            Field::list(cert.extensions().iter().filter(|e| e.critical).map(extension_name))
        }
        _ => return None,
    })
}

impl tofu_cert {
    fn field(&self, code: tofu_cert_field) -> Option<Arc<Field>> {
        self.fields.get(code, "", || field(&self.cert, code))
    }
}

/// Counts the values of a field of a certificate.
///
/// @param cert   borrowed; may be NULL, which gives 0.
/// @param field  one of TOFU_CERT_FIELD_...; another number gives 0.
/// @return the number of values; 0 also if the extension is absent.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_count(cert: *const tofu_cert, field: tofu_cert_field) -> usize {
    // SAFETY: `cert` as its @param says.
    unsafe { read(cert, 0, |cert| Some(cert.field(field)?.count())) }
}

/// Gives a field of a certificate as text, escaped and fit to show.
///
/// It does not decide whether what the certificate says is true.
///
/// @param cert   borrowed; may be NULL, which gives "".
/// @param field  a field TOFU_CERT_FIELD_... that has strings; another one gives "".
/// @param index  0 for the first value; out of range gives "".
/// @return NUL-terminated UTF-8, borrowed from the certificate; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_string(
    cert: *const tofu_cert,
    field: tofu_cert_field,
    index: usize,
) -> *const c_char {
    // SAFETY: `cert` as its @param says.
    unsafe { read(cert, EMPTY, |cert| cert.field(field)?.string(index)) }
}

/// Gives a field of a certificate as a number.
///
/// @param cert   borrowed; may be NULL, which gives 0.
/// @param field  a field TOFU_CERT_FIELD_... that has a number; another one gives 0.
/// @param index  0 for the first value; out of range gives 0.
/// @return the number; times are seconds since the epoch, UTC.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_number(cert: *const tofu_cert, field: tofu_cert_field, index: usize) -> i64 {
    // SAFETY: `cert` as its @param says.
    unsafe { read(cert, 0, |cert| cert.field(field)?.number(index)) }
}

/// Gives a field of a certificate as raw bytes: DER, a name, a key, a hash. They are not escaped and not fit to show.
///
/// @param cert   borrowed; may be NULL, which gives NULL and the length 0.
/// @param field  a field TOFU_CERT_FIELD_... that has bytes; another one gives NULL and the length 0.
/// @param index  0 for the first value; out of range gives NULL and the length 0.
/// @param len    where to write the number of bytes; may be NULL.
/// @return borrowed from the certificate; NULL if there are no bytes.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_bytes(
    cert: *const tofu_cert,
    field: tofu_cert_field,
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
