//! Dials: how one connection is to be made, and the switch that calls it off.

use std::ffi::{c_char, c_int};
use std::num::NonZeroU16;

use super::building::Building;
use super::dial_settings::Settings;
use super::error::{Failure, tofu_error};
use super::guard::{free, guard, read};
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use crate::tls::{Cancel, Dial};

/// How one connection is to be made. One thread builds it, and one tofu_probe or tofu_connect uses it up. Any thread
/// may call tofu_dial_options_cancel.
pub struct tofu_dial_options {
    poison: Poison,
    settings: Building<Settings>,
    cancel: Cancel,
}

impl tofu_dial_options {
    /// The dial to use; it is used up.
    fn take(&self, port: NonZeroU16) -> Result<Dial, Failure> {
        self.settings.take()?.dial(port, &self.cancel)
    }
}

impl Object for tofu_dial_options {
    const NOUN: &'static str = "dial";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// The dial given, or the usual one where none is.
pub(super) fn take(dial: Option<&tofu_dial_options>, port: NonZeroU16) -> Result<Dial, Failure> {
    dial.map_or_else(|| Ok(Dial::new()), |dial| dial.take(port))
}

/// Makes dial options: the protocol that the port implies, addresses from the system's resolver, and the usual time
/// limits.
///
/// It does not connect.
///
/// @param out  where to write the options, owned by the caller, freed with tofu_dial_options_free; NULL on failure;
///             must not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_IO if no file descriptor is left.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_dial_options_new(
    out: *mut *mut tofu_dial_options,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let settings = Building::new("dial", Settings::default());
            out.give(tofu_dial_options { poison: Poison::default(), settings, cancel: Cancel::new()? });
            Ok(Answer::Ok)
        })
    }
}

/// Sets a field.
///
/// - "starttls": "imap", "pop3", "smtp", "lmtp", "sieve", "ldap", "xmpp", "nntp", "ftp" or "postgres" for that dialogue
///   before TLS; "no" for TLS from the first byte. Without it the port decides (143 is IMAP with STARTTLS, 993 and
///   unknown ports are TLS from the first byte). There is no way to go on without TLS.
/// - "alpn": the protocol names to offer, separated by commas, the best first; "" for none, the default.
/// - "sni": the name that is sent in the clear; "" for none; the host by default. The certificate is always checked
///   against the host.
/// - "address": connect to this IP address, "192.0.2.1" or "192.0.2.1:10993", instead of looking the host up. IPv6
///   addresses are in brackets before a port, and link-local ones have their zone ("fe80::1%eth0"). It may be set up to
///   32 times.
/// - "connect-ms" (lookup and TCP), "starttls-ms" and "handshake-ms": the time limits of these steps, 15000 each by
///   default.
/// - "deadline-ms": the time limit of all of them together, 30000 by default, which a server cannot stretch by sending
///   single bytes.
/// - "read-ms" and "write-ms": the time limits of one later read and one later write, 300000 and 60000 by default.
/// - "nonblock": "yes" for a connection that never waits, which needs tofu_dial_options_set_fd; "no" is the default.
///
/// @param dial   not yet used; must not be NULL.
/// @param field  the name of the field, NUL-terminated; must not be NULL.
/// @param value  its value, NUL-terminated; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for an unknown field or value; TOFU_E_NAME for an invalid name; TOFU_E_LIMIT
///         for too many addresses; TOFU_E_STATE after the use. A refusal is remembered, and tofu_probe or tofu_connect
///         fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_dial_options_set(
    dial: *mut tofu_dial_options,
    field: *const c_char,
    value: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let dial = call.object(dial, "dial")?;
            dial.settings.edit(|draft| draft.set(call.text(field, "field")?, call.text(value, "value")?))?;
            Ok(Answer::Ok)
        })
    }
}

/// Uses a socket that is already connected (by the program's event loop, through a proxy, through Tor).
///
/// It does not find out who is at the other end: the certificate is still checked against the host given to tofu_probe
/// or tofu_connect. The file descriptor is duplicated (close-on-exec). The caller keeps its own, may close it at any
/// time, and must not read or write on it until the connection is freed. The connection ends when both are closed. The
/// blocking mode does not matter and is not changed.
///
/// @param dial  not yet used; must not be NULL.
/// @param fd    a connected stream socket, TCP or Unix; other file descriptors are refused.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID; TOFU_E_IO if no file descriptor is left; TOFU_E_STATE after the use. A refusal is
///         remembered, and tofu_probe or tofu_connect fails with it. They also refuse a socket that is not connected.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_dial_options_set_fd(
    dial: *mut tofu_dial_options,
    fd: c_int,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers and the descriptor as their @param lines say.
    unsafe {
        guard(err, |call| {
            let dial = call.object(dial, "dial")?;
            dial.settings.edit(|draft| draft.set_socket(call.descriptor(fd, "fd")?))?;
            Ok(Answer::Ok)
        })
    }
}

/// Permanently cancels every operation that uses these options: a tofu_probe or tofu_connect under way, and every later
/// wait of the connection, end with TOFU_E_CANCELLED. An operation that has not begun does not begin.
///
/// It does not close the connection and frees nothing. A call that need not wait may still succeed.
///
/// @param dial  not freed; may be NULL, which does nothing.
///
/// Thread safety: any thread, at any time until tofu_dial_options_free, also while another thread connects, reads or
/// writes. Do not call it in a child of fork(2), where it would reach the parent's connection. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_dial_options_cancel(dial: *mut tofu_dial_options) {
    // SAFETY: `dial` as its @param says.
    unsafe {
        read(dial, (), |dial| {
            dial.cancel.cancel();
            Some(())
        });
    }
}

/// Frees dial options. A connection made with them lives on with all its settings, but can no longer be cancelled; a
/// program that wants to cancel keeps the options as long as the connection.
///
/// @param dial  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once tofu_probe or tofu_connect has returned and no other thread uses the options. Since:
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_dial_options_free(dial: *mut tofu_dial_options) {
    // SAFETY: `dial` as its @param says.
    unsafe { free(dial) }
}
