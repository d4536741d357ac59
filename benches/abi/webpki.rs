//! webpki alone, for the table in C: what a check by the CA system costs at least. The anchors are decoded, the
//! certificates at hand, and nothing is asked but for a path and the host's name.

use std::ffi::{CStr, c_char, c_int, c_void};

use pki_types::pem::PemObject;
use pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

struct Prepared {
    anchors: Vec<TrustAnchor<'static>>,
    sent: Vec<CertificateDer<'static>>,
    name: ServerName<'static>,
    at: UnixTime,
}

impl Prepared {
    fn verify(&self) -> bool {
        let [leaf, above @ ..] = self.sent.as_slice() else { return false };
        let Ok(leaf) = EndEntityCert::try_from(leaf) else { return false };
        leaf.verify_is_valid_for_subject_name(&self.name).is_ok()
            && leaf
                .verify_for_usage(
                    ALL_VERIFICATION_ALGS,
                    &self.anchors,
                    above,
                    self.at,
                    KeyUsage::server_auth(),
                    None,
                    None,
                )
                .is_ok()
    }
}

/// Takes a PEM file of roots, a host, and `count` certificates, leaf first. NULL where one cannot be read.
///
/// # Safety
/// The strings end in NUL, and the arrays have `count` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn webpki_prepare(
    roots: *const c_char,
    host: *const c_char,
    der: *const *const u8,
    len: *const usize,
    count: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    let (roots, host, der, len) = unsafe {
        (
            CStr::from_ptr(roots).to_str(),
            CStr::from_ptr(host).to_str(),
            std::slice::from_raw_parts(der, count),
            std::slice::from_raw_parts(len, count),
        )
    };
    let prepare = || {
        let certs = CertificateDer::pem_file_iter(roots.ok()?).ok()?;
        let anchors = certs.filter_map(|cert| Some(anchor_from_trusted_cert(&cert.ok()?).ok()?.to_owned())).collect();
        // SAFETY: the caller's promise.
        let sent =
            der.iter().zip(len).map(|(der, len)| unsafe { std::slice::from_raw_parts(*der, *len) }.to_vec().into());
        let (sent, name) = (sent.collect(), ServerName::try_from(host.ok()?).ok()?.to_owned());
        Some(Prepared { anchors, sent, name, at: UnixTime::now() })
    };
    prepare().map_or(std::ptr::null_mut(), |prepared| Box::into_raw(Box::new(prepared)).cast())
}

/// 0 where a path was found.
///
/// # Safety
/// `prepared` comes from [`webpki_prepare`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn webpki_verify(prepared: *const c_void) -> c_int {
    // SAFETY: the caller's promise.
    let prepared = unsafe { &*prepared.cast::<Prepared>() };
    c_int::from(!prepared.verify())
}
