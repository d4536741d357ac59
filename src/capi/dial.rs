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

/// How one connection is to be made. One thread while it is built; used up by one tofu_probe or tofu_connect;
/// tofu_dial_options_cancel from any thread.
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

/// Makes a dial: the protocol that the port implies, addresses from the system's resolver, the usual time limits.
///
/// Connects to nothing.
///
/// @param out  where to write the dial, owned by the caller, freed with tofu_dial_options_free; NULL on failure; must not
///             be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_IO when no descriptor is left.
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

/// Sets a field of a dial.
///
/// "starttls": "imap", "pop3", "smtp", "lmtp", "sieve", "ldap", "xmpp", "nntp", "ftp" or "postgres" for that dialogue
/// before TLS; "no" for TLS from the first byte; without it the port decides (143 is imap with STARTTLS, 993 TLS at
/// once; unknown ports TLS at once). There is no way to go on without TLS. "alpn": protocol names to offer, between
/// commas, the best first; "" for none, the default. "sni": the name that is sent in the clear, "" for none; the
/// host, by default; what the certificate is held against is the host in any case. "address": connect to this IP
/// address, "192.0.2.1" or "192.0.2.1:10993" (IPv6 in brackets before a port; a link-local one with its
/// zone, "fe80::1%eth0"), instead of looking the host up; may be set several times (32). "connect-ms" (lookup and TCP), "starttls-ms", "handshake-ms": time limits of these steps,
/// 15000 each by default; "deadline-ms": of all of them together, 30000, which a server that drips single bytes cannot stretch;
/// "read-ms" and "write-ms": of one read and one write later on, 300000 and 60000. "nonblock": "yes" for a
/// connection that never waits, which needs tofu_dial_options_set_fd; "no" is the default.
///
/// @param dial   not yet used; must not be NULL.
/// @param field  its name, NUL-terminated; must not be NULL.
/// @param value  its value, NUL-terminated; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for an unknown field or value; TOFU_E_NAME for a name that cannot be;
///         TOFU_E_LIMIT for too many addresses; TOFU_E_STATE after the use; TOFU_E_INTERNAL. A refusal is remembered,
///         and tofu_probe or tofu_connect fails with it.
///
/// Thread safety: the thread that builds the dial. Since: 0.1.0.
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
/// Does not find out who is at its other end: the host given to tofu_probe or tofu_connect remains the name that the
/// certificate is held against. The descriptor is duplicated (close-on-exec) and stays the caller's, who closes it
/// at any time, now for example; the connection ends when both are closed. Blocking mode does not matter and is not
/// changed. Nobody else reads or writes on it until the connection is freed.
///
/// @param dial  not yet used; must not be NULL.
/// @param fd    a connected stream socket, TCP or Unix; negative, closed and other descriptors are refused.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID; TOFU_E_IO when no descriptor is left; TOFU_E_STATE after the use;
///         TOFU_E_INTERNAL. A refusal is remembered, and tofu_probe or tofu_connect fails with it; they also refuse a
///         socket that is not connected.
///
/// Thread safety: the thread that builds the dial. Since: 0.1.0.
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

/// Calls off, for good, whatever is made with the dial: the tofu_probe or tofu_connect under way, and every later
/// wait of the connection, end with TOFU_E_CANCELLED. Called before, they do not begin.
///
/// Does not close the connection and frees nothing. A call that need not wait may still succeed.
///
/// @param dial  not freed; may be NULL, which does nothing.
///
/// Thread safety: any thread, at any time until tofu_dial_options_free, also while another thread connects, reads or writes.
/// Not in a child of fork(2), where it would reach the parent's connection. Since: 0.1.0.
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

/// Frees a dial. A connection made with it lives on with all its settings, but can no longer be called off: a
/// program that wants to do that keeps the dial as long as the connection.
///
/// @param dial  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once tofu_probe or tofu_connect has returned and no other thread uses the dial.
/// Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_dial_options_free(dial: *mut tofu_dial_options) {
    // SAFETY: `dial` as its @param says.
    unsafe { free(dial) }
}
