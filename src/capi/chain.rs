//! Chains: what a server sent, leaf first.

use std::collections::BTreeMap;
use std::ptr::null;
use std::sync::{Arc, Mutex, PoisonError};

use super::building::Building;
use super::cert::tofu_cert;
use super::error::tofu_error;
use super::guard::{free, guard, read};
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use crate::path::Chain;

/// What a server sent, leaf first. One thread builds it; its first check freezes it, and then it is immutable.
pub struct tofu_chain {
    poison: Poison,
    pub(super) chain: Building<Chain>,
    /// Certificates lent to C, by index. A chain only grows, so they never change.
    lent: Mutex<BTreeMap<usize, Arc<tofu_cert>>>,
}

impl tofu_chain {
    fn from_building(chain: Building<Chain>) -> Self {
        Self { poison: Poison::default(), chain, lent: Mutex::default() }
    }

    /// A chain that is frozen from the start, as a verdict lends it.
    pub(super) fn frozen(chain: Chain) -> Self {
        Self::from_building(Building::built("chain", chain))
    }

    fn cert(&self, index: usize) -> Option<*const tofu_cert> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cert) = lent.get(&index) {
            return Some(Arc::as_ptr(cert));
        }
        let cert = Arc::new(tofu_cert::from(self.chain.look(|chain| chain.cert(index).cloned())?));
        Some(Arc::as_ptr(lent.entry(index).or_insert(cert)))
    }
}

impl Object for tofu_chain {
    const NOUN: &'static str = "chain";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes an empty chain.
///
/// @param out  where to write the chain, owned by the caller, freed with tofu_chain_free; NULL on failure;
///             must not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_chain_new(out: *mut *mut tofu_chain, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            out.give(tofu_chain::from_building(Building::new("chain", Chain::new())));
            Ok(Answer::Ok)
        })
    }
}

/// Adds a certificate as the server sent it. The leaf comes first.
///
/// It does not judge: bytes that are not a certificate keep their place, and the check says what is wrong. Only the
/// limits (64 certificates, 256 KiB) refuse one.
///
/// @param chain  not yet used in a check; must not be NULL.
/// @param der    the bytes, copied; may be NULL with len 0, which adds an empty, unreadable certificate.
/// @param len    their number.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_LIMIT; TOFU_E_STATE after the first check. A refusal is remembered, and the check fails with
///         it.
///
/// Thread safety: the thread that builds the chain. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_chain_push_der(
    chain: *mut tofu_chain,
    der: *const u8,
    len: usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let chain = call.object(chain, "chain")?;
            chain.chain.edit(|draft| Ok(draft.push_der(call.bytes(der, len, "der")?)?))?;
            Ok(Answer::Ok)
        })
    }
}

/// Adds all certificates of a PEM file in their order. Text around them is ignored.
///
/// It does not judge the certificates. Data that is not PEM, or that holds no certificate, is refused, and then nothing
/// is added.
///
/// @param chain  not yet used in a check; must not be NULL.
/// @param pem    the text, copied, with or without a final NUL; may be NULL with len 0, which holds no certificate.
/// @param len    its length in bytes.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_PARSE; TOFU_E_LIMIT; TOFU_E_STATE after the first check. A refusal is remembered, and the
///         check fails with it.
///
/// Thread safety: the thread that builds the chain. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_chain_push_pem(
    chain: *mut tofu_chain,
    pem: *const u8,
    len: usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let chain = call.object(chain, "chain")?;
            chain.chain.edit(|draft| {
                draft.push_pem(call.bytes(pem, len, "pem")?)?;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Gives the OCSP response that the server stapled (RFC 6066, section 8).
///
/// It does not judge the response: the check uses it as far as it verifies.
///
/// @param chain  not yet used in a check; must not be NULL.
/// @param der    the response, copied; may be NULL with len 0 for none.
/// @param len    its length in bytes.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_LIMIT; TOFU_E_STATE after the first check. A refusal is remembered, and the check fails with
///         it.
///
/// Thread safety: the thread that builds the chain. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_chain_set_ocsp(
    chain: *mut tofu_chain,
    der: *const u8,
    len: usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let chain = call.object(chain, "chain")?;
            chain.chain.edit(|draft| Ok(draft.set_ocsp(call.bytes(der, len, "der")?)?))?;
            Ok(Answer::Ok)
        })
    }
}

/// Counts the certificates of a chain, readable or not.
///
/// @param chain  borrowed; may be NULL, which gives 0.
/// @return the number of certificates.
///
/// Thread safety: any thread once the chain is frozen. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_chain_count(chain: *const tofu_chain) -> usize {
    // SAFETY: `chain` as its @param says.
    unsafe { read(chain, 0, |chain| chain.chain.look(|chain| Some(chain.len()))) }
}

/// Gives one certificate of a chain. This does not freeze the chain.
///
/// @param chain  borrowed; may be NULL, which gives NULL.
/// @param index  0 for the leaf.
/// @return borrowed from the chain (tofu_cert_clone keeps it longer); NULL if the index is out of range or the
///         certificate is unreadable.
///
/// Thread safety: any thread once the chain is frozen. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_chain_cert(chain: *const tofu_chain, index: usize) -> *const tofu_cert {
    // SAFETY: `chain` as its @param says.
    unsafe { read(chain, null(), |chain| chain.cert(index)) }
}

/// Frees a chain that the caller owns, with the certificates borrowed from it; never one borrowed from a verdict.
///
/// @param chain  owned by the caller, who gives it up; may be NULL. Verdicts made from it live on.
///
/// Thread safety: any thread, once no other one uses the chain. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_chain_free(chain: *mut tofu_chain) {
    // SAFETY: `chain` as its @param says.
    unsafe { free(chain) }
}
