//! What a verdict knows of the endpoint: itself, and the pin that had a say.

use std::ptr::null;

use super::endpoint::tofu_endpoint;
use super::guard::read;
use super::pin::tofu_pin;
use super::verdict::tofu_verdict;
use crate::store::PinEntry;
use crate::trust::Verdict;

/// The endpoint that was checked, for management calls.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict; NULL for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_endpoint(verdict: *const tofu_verdict) -> *const tofu_endpoint {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, null(), |v| {
            let endpoint = v.endpoint.get_or_init(|| Box::new(v.verdict.endpoint().clone().into()));
            Some(std::ptr::from_ref(endpoint.as_ref()))
        })
    }
}

/// The pin that matched or was contradicted, as it was then.
///
/// @param verdict  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the verdict; NULL where no pin had a say.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_pin(verdict: *const tofu_verdict) -> *const tofu_pin {
    // SAFETY: `verdict` as its @param says.
    unsafe {
        read(verdict, null(), |v| {
            let pin = v.pin.get_or_init(|| pin(&v.verdict).map(Box::new));
            pin.as_deref().map(std::ptr::from_ref)
        })
    }
}

fn pin(verdict: &Verdict) -> Option<tofu_pin> {
    let pin = verdict.pin()?.clone();
    let certs = verdict.previous().into_iter().chain(verdict.chain().certs().map(|(_, cert)| cert));
    let cert = certs.into_iter().find(|cert| Some(cert.fingerprint()) == pin.cert).cloned();
    let known = tofu_pin::new(PinEntry::Endpoint(verdict.endpoint().clone(), Box::new(pin)), cert);
    Some(known.kept_in(verdict.pin_layer()?))
}
