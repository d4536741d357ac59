//! The question itself: is the server just reached the one to talk to?

use std::ffi::c_char;

use super::chain::tofu_chain;
use super::check_options::{stated, tofu_check_options};
use super::codes::tofu_check_flags;
use super::error::{Code, Failure, tofu_error};
use super::guard::guard;
use super::ptr::Call;
use super::status::tofu_status;
use super::store::tofu_store;
use super::verdict::tofu_verdict;
use crate::cert::SignatureCheck;
use crate::path::Chain;
use crate::store::Pending;
use crate::trust::{Check, SecondLook};

/// Decides whether the server just reached is the one to talk to, and remembers what must be remembered: for a program
/// with a TLS stack of its own.
///
/// Call it after every handshake, before the first byte of application data, and send nothing unless it returns
/// TOFU_OK. By calling it the program states that its TLS stack verified the handshake's signature with the leaf's key;
/// if nothing did, set TOFU_CHECK_UNPROVEN. It asks nobody: after TOFU_ASK, ask what tofu_verdict_answer says, record a
/// yes with tofu_verdict_trust, and check again. It does not decide whether the host is the one that the user meant.
///
/// @param store     must not be NULL; there is no implied store.
/// @param host      the name that the program meant to reach, not what the certificate or a redirect says,
///                  NUL-terminated UTF-8; must not be NULL.
/// @param port      the TCP port, 1 to 65535.
/// @param ders      the certificates that the server sent, in DER, leaf first, in its order; copied; may be NULL with
///                  count 0, which gives TOFU_E_PARSE. C needs a cast, (const uint8_t *const *), for an array of
///                  pointers that are not const.
/// @param lens      their lengths in bytes; may be NULL with count 0.
/// @param count     their number.
/// @param ocsp      the stapled OCSP response in DER, copied; may be NULL with ocsp_len 0 if there was none.
/// @param ocsp_len  its length in bytes.
/// @param flags     any of TOFU_CHECK_..., beside those of the options; other bits are refused.
/// @param options   what else is known of the connection; frozen by this call; may be NULL for none.
/// @param verdict   where to write the verdict, owned by the caller, freed with tofu_verdict_free; written for TOFU_OK,
///                  TOFU_ASK and TOFU_REJECT, NULL otherwise; may be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return the answer, or why there is none:
/// - TOFU_OK: go ahead.
/// - TOFU_ASK: a person must answer.
/// - TOFU_REJECT: no.
/// - TOFU_E_NAME if host or port are not valid.
/// - TOFU_E_PARSE if the leaf cannot be read, if there is none, or if the first certificate is the authority that issued
///   the second one: then they are in the wrong order.
/// - TOFU_E_LIMIT for more certificates or bytes than a chain takes.
/// - TOFU_E_ROOTS if the answer of a CA is wanted and no trust anchors could be loaded.
/// - TOFU_E_STATE for a resumed session that needs a full handshake.
/// - What a setter of the options was refused with.
/// - Store errors.
///
/// Thread safety: any thread; the options only once they are frozen. May wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_peer(
    store: *mut tofu_store,
    host: *const c_char,
    port: u16,
    ders: *const *const u8,
    lens: *const usize,
    count: usize,
    ocsp: *const u8,
    ocsp_len: usize,
    flags: tofu_check_flags,
    options: *const tofu_check_options,
    verdict: *mut *mut tofu_verdict,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let verdict = call.optional_out(verdict);
            let store = call.object(store, "store")?;
            let host = call.text(host, "host")?;
            let flags = stated(flags)?;
            let chain = sent(call, (ders, lens, count), call.bytes(ocsp, ocsp_len, "ocsp")?)?;
            let made = check(store, host, port, &chain, call.optional(options, "options")?, flags)?;
            let answer = made.answer();
            if let Some(place) = verdict {
                place.give(made);
            }
            Ok(answer)
        })
    }
}

/// The chain that a caller handed over as pointers.
///
/// # Safety
/// The pointers as the @param lines of [`tofu_check_peer`] say.
unsafe fn sent(
    call: &Call<'_>,
    (ders, lens, count): (*const *const u8, *const usize, usize),
    ocsp: &[u8],
) -> Result<Chain, Failure> {
    // SAFETY: the promise of this function.
    let (ders, lens) = unsafe { (call.list(ders, count, "ders")?, call.list(lens, count, "lens")?) };
    let mut chain = Chain::new();
    for (der, len) in ders.iter().zip(lens) {
        // SAFETY: as above.
        chain.push_der(unsafe { call.bytes(*der, *len, "ders") }?)?;
    }
    if !ocsp.is_empty() {
        chain.set_ocsp(ocsp)?;
    }
    in_order(&chain)?;
    Ok(chain)
}

/// Refuses a chain that begins with the authority of the next certificate, as one handed over in the wrong order does.
/// The key that the program says was proven would be the authority's, and a person would be asked to trust that.
fn in_order(chain: &Chain) -> Result<(), Failure> {
    let (Some(first), Some(second)) = (chain.cert(0), chain.cert(1)) else { return Ok(()) };
    if !first.is_ca() || second.is_ca() || second.signed_by(first) != SignatureCheck::Valid {
        return Ok(());
    }
    let what =
        "ders: they are in the wrong order: the first certificate issued the second; the server's own comes first";
    Err(Failure::new(Code::Parse, "chain.order", what))
}

/// Decides the same with a chain that was built before, by tofu_chain_push_der or a probe.
///
/// tofu_check_peer does this in one call.
///
/// @param store    must not be NULL; there is no implied store.
/// @param host     the name that the program meant to reach, not what the certificate or a redirect says,
///                 NUL-terminated UTF-8; must not be NULL.
/// @param port     the TCP port, 1 to 65535.
/// @param chain    what the server sent, leaf first; frozen by this call; must not be NULL.
/// @param options  what else is known of the connection; frozen by this call; may be NULL for none.
/// @param verdict  where to write the verdict, owned by the caller, freed with tofu_verdict_free; written for
///                 TOFU_OK, TOFU_ASK and TOFU_REJECT, NULL otherwise; may be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return as tofu_check_peer, or what a setter of the chain was refused with.
///
/// Thread safety: any thread; chain and options only once they are frozen. May wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_check_chain(
    store: *mut tofu_store,
    host: *const c_char,
    port: u16,
    chain: *const tofu_chain,
    options: *const tofu_check_options,
    verdict: *mut *mut tofu_verdict,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let verdict = call.optional_out(verdict);
            let store = call.object(store, "store")?;
            let host = call.text(host, "host")?;
            let chain = call.object(chain, "chain")?.chain.freeze()?;
            let made = check(store, host, port, chain, call.optional(options, "options")?, 0)?;
            let answer = made.answer();
            if let Some(place) = verdict {
                place.give(made);
            }
            Ok(answer)
        })
    }
}

/// A pending question decided again, with the time, flags, policy and additions of the options.
pub(super) fn again(
    store: &tofu_store,
    pending: &Pending,
    options: Option<&tofu_check_options>,
) -> Result<tofu_verdict, Failure> {
    let options = tofu_check_options::frozen(options)?;
    let (now, clock_offset) = options.time();
    let (flags, policy) = (options.flags(0), options.policy.as_ref());
    let verdict = crate::trust::pending_verdict(&store.store, pending, now, flags, policy, options.additions())?;
    Ok(tofu_verdict::new(verdict, clock_offset))
}

fn check(
    store: &tofu_store,
    host: &str,
    port: u16,
    chain: &Chain,
    options: Option<&tofu_check_options>,
    flags: tofu_check_flags,
) -> Result<tofu_verdict, Failure> {
    let options = tofu_check_options::frozen(options)?;
    let endpoint = options.endpoint(host, port)?;
    let (now, clock_offset) = options.time();
    let verdict = crate::trust::check(
        &store.store,
        &Check {
            endpoint: &endpoint,
            chain,
            now,
            flags: options.flags(flags),
            policy: options.policy.as_ref(),
            additions: options.additions(),
            tlsa: &options.tlsa,
            crls: &options.crls,
            second_look: SecondLook::NOT_MADE,
        },
    )?;
    Ok(tofu_verdict::new(verdict, clock_offset))
}
