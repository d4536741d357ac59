//! Certificates: reading one, what every client shows of it, comparing two.

use std::ffi::c_char;

use super::cert_fields::{TOFU_CERT_FIELD_ISSUER, TOFU_CERT_FIELD_SUBJECT, tofu_cert_field};
use super::codes::{TOFU_FORMAT_JSON, TOFU_FORMAT_PEM, TOFU_FORMAT_TEXT, tofu_format};
use super::diff::tofu_diff;
use super::error::{Failure, tofu_error};
use super::fields::{Field, Fields};
use super::guard::{free, guard, read};
use super::ptr::{Call, EMPTY, Object, Place, Poison, name};
use super::status::{Answer, tofu_status};
use super::text::tofu_text;
use crate::cert::{Cert, HostMatch, compare};
use crate::endpoint::Host;

/// One certificate (RFC 5280), trusted or not. It is immutable.
pub struct tofu_cert {
    poison: Poison,
    pub(super) cert: Cert,
    pub(super) fields: Fields,
}

impl From<Cert> for tofu_cert {
    fn from(cert: Cert) -> Self {
        Self { poison: Poison::default(), cert, fields: Fields::default() }
    }
}

impl Object for tofu_cert {
    const NOUN: &'static str = "certificate";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Both names of the parser end here; exports never call each other.
unsafe fn parse_der(der: *const u8, len: usize, out: *mut *mut tofu_cert, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as the @param lines of the two exports say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let cert = Cert::parse_der(call.bytes(der, len, "der")?)?;
            out.give(cert.into());
            Ok(Answer::Ok)
        })
    }
}

/// Reads one DER certificate. It uses neither the network nor a clock.
///
/// It rejects only input without a readable outer structure, key or validity; everything else that is odd becomes an
/// anomaly (TOFU_CERT_FIELD_ANOMALY). It does not decide whether the certificate is good for anything.
///
/// @param der  the bytes, copied; may be NULL with len 0, which is empty input and refused.
/// @param len  their number.
/// @param out  where to write the certificate, owned by the caller, freed with tofu_cert_free; NULL on failure; must
///             not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_PARSE, with a message that says at which byte what was expected.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_parse_der(
    der: *const u8,
    len: usize,
    out: *mut *mut tofu_cert,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe { parse_der(der, len, out, err) }
}

/// The short name of tofu_cert_parse_der. Define TOFU_NO_SHORT_NAMES before the header to hide it.
///
/// @param der  the bytes, copied; may be NULL with len 0, which is empty input and refused.
/// @param len  their number.
/// @param out  where to write the certificate, owned by the caller, freed with tofu_cert_free; NULL on failure; must
///             not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_PARSE, with a message that says at which byte what was expected.
///
/// Thread safety: any thread. Since: 0.1.0.
#[cfg(not(tofu_no_short_names))]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cert_parse_der(
    der: *const u8,
    len: usize,
    out: *mut *mut tofu_cert,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe { parse_der(der, len, out, err) }
}

/// Makes one more handle on a certificate that must outlive its chain or verdict. The data is shared, so this is cheap.
///
/// @param cert  borrowed; may be NULL, which gives NULL.
/// @return owned by the caller, freed with tofu_cert_free; NULL for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_clone(cert: *const tofu_cert) -> *mut tofu_cert {
    // SAFETY: `cert` as its @param says.
    unsafe { read(cert, std::ptr::null_mut(), |cert| Some(Box::into_raw(Box::new(cert.cert.clone().into())))) }
}

/// Gives one attribute of a name in a certificate: "CN", "O", "OU", "C", "L", "ST", "emailAddress" and so on.
///
/// These are claims of whoever made the certificate. They decide neither who the server is (only the alternative names
/// are matched against hosts) nor who signed the certificate.
///
/// @param cert       borrowed; may be NULL, which gives "".
/// @param field      TOFU_CERT_FIELD_SUBJECT or TOFU_CERT_FIELD_ISSUER; another number gives "".
/// @param attribute  the short name of the attribute, NUL-terminated; may be NULL, which gives "".
/// @param index      0 for the first value; a name may have several.
/// @return NUL-terminated UTF-8, escaped and fit to show, borrowed from the certificate; "" if there is no such value;
///         never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_attribute(
    cert: *const tofu_cert,
    field: tofu_cert_field,
    attribute: *const c_char,
    index: usize,
) -> *const c_char {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        let asked = name(attribute);
        read(cert, EMPTY, |cert| {
            let name = match field {
                TOFU_CERT_FIELD_SUBJECT => cert.cert.subject(),
                TOFU_CERT_FIELD_ISSUER => cert.cert.issuer(),
                _ => return None,
            };
            let asked = asked.filter(|name| !name.is_empty())?;
            let make = || Some(name.attribute(asked)).filter(|values| !values.is_empty());
            cert.fields.get(field, asked, || Some(Field::escaped(&make()?)))?.string(index)
        })
    }
}

/// Checks whether a certificate covers a host by RFC 9525: alternative names only, with wildcards in the left-most
/// label.
///
/// It does not decide whether the certificate is trusted. A certificate that names the host only in the CN of its
/// subject does not match.
///
/// @param cert  borrowed; must not be NULL.
/// @param host  a DNS name or IP address, NUL-terminated UTF-8; must not be NULL.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_NO_MATCH; TOFU_E_NAME if host is not a valid host name.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_match_host(
    cert: *const tofu_cert,
    host: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let cert = call.object(cert, "cert")?;
            let host = Host::parse(call.text(host, "host")?)?;
            Ok(match cert.cert.match_host(&host) {
                HostMatch::Match => Answer::Ok,
                HostMatch::NameOnlyInCn | HostMatch::Mismatch => Answer::NoMatch,
            })
        })
    }
}

/// Compares two certificates field by field, to show old and new side by side.
///
/// It does not decide whether the change is harmless.
///
/// @param before  the old one, borrowed; must not be NULL.
/// @param now     the new one, borrowed; must not be NULL.
/// @param out     where to write the comparison, owned by the caller, freed with tofu_diff_free; NULL on failure; must
///                not be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_compare(
    before: *const tofu_cert,
    now: *const tofu_cert,
    out: *mut *mut tofu_diff,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let before = call.object(before, "before")?;
            let now = call.object(now, "now")?;
            out.give(compare(&before.cert, &now.cert).into());
            Ok(Answer::Ok)
        })
    }
}

/// Writes a certificate as JSON (docs/json-certificate.md), as text for people, or as PEM.
///
/// @param cert    borrowed; must not be NULL.
/// @param format  TOFU_FORMAT_JSON, TOFU_FORMAT_TEXT or TOFU_FORMAT_PEM.
/// @param out     where to write the text, owned by the caller, freed with tofu_text_free; NULL on failure; must not be
///                NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for another format.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_format(
    cert: *const tofu_cert,
    format: tofu_format,
    out: *mut *mut tofu_text,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe { guard(err, |call| format_cert(call, cert, format, call.out(out, "out")?)) }
}

unsafe fn format_cert(
    call: &Call<'_>,
    cert: *const tofu_cert,
    format: tofu_format,
    out: Place<*mut tofu_text>,
) -> Result<Answer, Failure> {
    // SAFETY: promised by the caller, an export.
    let cert = &unsafe { call.object(cert, "cert") }?.cert;
    out.give(tofu_text::from(match format {
        TOFU_FORMAT_JSON => crate::text::json(&cert.to_json()),
        TOFU_FORMAT_TEXT => cert.to_text(),
        TOFU_FORMAT_PEM => cert.to_pem(),
        other => return Err(Failure::invalid(format!("format: {other} is not a format of certificates"))),
    }));
    Ok(Answer::Ok)
}

/// Frees a certificate that the caller owns; never one that is borrowed from a chain or verdict.
///
/// @param cert  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the certificate. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_cert_free(cert: *mut tofu_cert) {
    // SAFETY: `cert` as its @param says.
    unsafe { free(cert) }
}
