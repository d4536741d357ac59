//! Connections: verified before anything is said on them, then read and written.

use std::ffi::{c_char, c_int};
use std::os::fd::AsRawFd;
use std::ptr::null;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::check_options::tofu_check_options;
use super::dial::{self, tofu_dial_options};
use super::error::{Failure, tofu_error};
use super::guard::{free, guard, read};
use super::probe::{microseconds, starttls};
use super::ptr::{EMPTY, Object, Poison};
use super::session::{
    TOFU_SESSION_FIELD_ADDRESS, TOFU_SESSION_FIELD_ALPN, TOFU_SESSION_FIELD_CONNECT_US, TOFU_SESSION_FIELD_GREETING,
    TOFU_SESSION_FIELD_GROUP, TOFU_SESSION_FIELD_HANDSHAKE_US, TOFU_SESSION_FIELD_HOST, TOFU_SESSION_FIELD_PORT,
    TOFU_SESSION_FIELD_PROTOCOL, TOFU_SESSION_FIELD_RESOLVE_US, TOFU_SESSION_FIELD_SNI, TOFU_SESSION_FIELD_STARTTLS,
    TOFU_SESSION_FIELD_STARTTLS_US, TOFU_SESSION_FIELD_SUITE, tofu_session_field,
};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use super::verdict::tofu_verdict;
use crate::time::{Timestamp, system_now};
use crate::tls::{self, Conn, Flow, Progress};
use crate::trust::Decision;

/// What to poll a descriptor for.
pub type tofu_wants = u32;
/// Poll until the descriptor is readable.
pub const TOFU_WANTS_READ: tofu_wants = 1 << 22;
/// Poll until the descriptor is writable.
pub const TOFU_WANTS_WRITE: tofu_wants = 1 << 23;

/// A connection to one endpoint. One thread reads and one thread writes at a time.
pub struct tofu_conn {
    poison: Poison,
    conn: Conn,
    /// The time that the caller gave for its checks.
    now: Option<Timestamp>,
    /// All that there were, the latest last: earlier ones may still be in use.
    verdicts: Mutex<Vec<Arc<tofu_verdict>>>,
    shelf: Shelf,
}

impl tofu_conn {
    fn new(conn: Conn, now: Option<Timestamp>) -> Self {
        Self { poison: Poison::default(), conn, now, verdicts: Mutex::default(), shelf: Shelf::default() }
    }

    /// Keeps the verdict that the connection came to, if any, and answers with it.
    fn answer(&self) -> Answer {
        let Some(verdict) = self.conn.verdict() else { return Answer::Again };
        let clock_offset = self.now.map_or(0, |now| now.saturating_sub(system_now()));
        let made = Arc::new(tofu_verdict::new(verdict, clock_offset));
        let answer = made.answer();
        let mut verdicts = self.verdicts();
        // A program that looks again and again at a good connection must not fill the memory with one yes.
        if !verdicts.last().is_some_and(|last| answer == Answer::Ok && last.verdict.id() == made.verdict.id()) {
            verdicts.push(made);
        }
        answer
    }

    fn verdicts(&self) -> MutexGuard<'_, Vec<Arc<tofu_verdict>>> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object for tofu_conn {
    const NOUN: &'static str = "connection";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Connects to a server, checks it, and holds back all application data until it is accepted.
///
/// It looks the host up, connects, asks for TLS (by STARTTLS where the port or the dial options say so, and never
/// anything else in its place), lets the server prove that it holds its key, and decides as tofu_check_chain does. It
/// asks nobody: after TOFU_ASK the connection stays open and nothing was sent on it. Ask what tofu_verdict_answer says,
/// record a yes with tofu_verdict_trust and tofu_conn_verdict, and call tofu_conn_handshake, which checks again on this
/// same connection. It does not log in.
///
/// @param store    the connection keeps it open; must not be NULL; there is no implied store.
/// @param host     the name that the program means to reach, not what a redirect or an SRV record of unsigned DNS says,
///                 NUL-terminated UTF-8; must not be NULL.
/// @param port     the TCP port, 1 to 65535.
/// @param dial     how to connect, used up by this call; may be NULL for the usual way.
/// @param options  what else is known of the connection; frozen by this call. TOFU_CHECK_UNPROVEN and
///                 TOFU_CHECK_RESUMED are refused, because the library itself makes the handshake; may be NULL for
///                 none.
/// @param out      where to write the connection, owned by the caller, freed with tofu_conn_free; written for TOFU_OK,
///                 TOFU_ASK, TOFU_REJECT and TOFU_AGAIN, NULL otherwise; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: accepted, go ahead. TOFU_ASK: a person must answer. TOFU_REJECT: no. TOFU_AGAIN: only if
///         non-blocking, and tofu_conn_handshake goes on. TOFU_E_NETWORK if the server could not be found or reached,
///         or the connection broke; TOFU_E_TIMEOUT; TOFU_E_CANCELLED; TOFU_E_STARTTLS; TOFU_E_STRIPPED if the server no
///         longer offers TLS, which it did before; TOFU_E_TLS; TOFU_E_LIMIT; TOFU_E_IO if the system has no file
///         descriptor or thread left; TOFU_E_STATE for dial options that were used; TOFU_E_NAME, TOFU_E_PARSE and
///         TOFU_E_ROOTS as in tofu_check_peer; what a setter of the dial or check options was refused with; store
///         errors.
///
/// Thread safety: any thread; waits for the network as long as the time limits allow. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_connect(
    store: *mut tofu_store,
    host: *const c_char,
    port: u16,
    dial: *mut tofu_dial_options,
    options: *const tofu_check_options,
    out: *mut *mut tofu_conn,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let store = call.object(store, "store")?;
            let host = call.text(host, "host")?;
            let dial = call.optional(dial, "dial")?;
            let options = call.optional(options, "options")?;
            let conn = connect(store, host, port, dial, options)?;
            let answer = conn.answer();
            out.give(conn);
            Ok(answer)
        })
    }
}

fn connect(
    store: &tofu_store,
    host: &str,
    port: u16,
    dial: Option<&tofu_dial_options>,
    options: Option<&tofu_check_options>,
) -> Result<tofu_conn, Failure> {
    let options = tofu_check_options::frozen(options)?;
    let endpoint = options.endpoint(host, port)?;
    let terms = options.terms()?;
    // Last, so that a call refused for another argument does not use it up.
    let dial = dial::take(dial, endpoint.port)?;
    let now = terms.now;
    Ok(tofu_conn::new(tls::connect(&store.store, &endpoint, dial, terms)?, now))
}

/// Continues the handshake after TOFU_AGAIN, and when it is complete decides again about what this connection
/// presented.
///
/// Call it after the user's yes, and on a long-lived connection whenever trust may have changed (tofu_store_generation
/// moved): what was accepted may have been blocked since. It asks nobody.
///
/// @param conn  must not be NULL.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: accepted, data may flow. TOFU_ASK or TOFU_REJECT: no data flows any more. TOFU_AGAIN: only if
///         non-blocking; wait for what tofu_conn_wants says and call again. TOFU_E_NETWORK, TOFU_E_TIMEOUT,
///         TOFU_E_CANCELLED, TOFU_E_STARTTLS, TOFU_E_STRIPPED, TOFU_E_TLS, TOFU_E_LIMIT and TOFU_E_IO as in
///         tofu_connect, which end the connection, so that every later call gives the same error. TOFU_E_PARSE,
///         TOFU_E_ROOTS and TOFU_E_STATE as in tofu_check_peer, and store errors, after which no data flows until a
///         later call accepts.
///
/// Thread safety: one thread at a time, the writer's or the reader's. May wait for the network and the disk. Since:
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_handshake(conn: *mut tofu_conn, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let conn = call.object(conn, "conn")?;
            match conn.conn.handshake()? {
                Progress::Again => Ok(Answer::Again),
                Progress::Decided(_) => Ok(conn.answer()),
            }
        })
    }
}

/// Gives the latest verdict on the connection, to show and for tofu_verdict_trust.
///
/// @param conn  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the connection, and valid as long as the connection even if a later handshake has made another
///         verdict; NULL before the first one, and for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_verdict(conn: *const tofu_conn) -> *const tofu_verdict {
    // SAFETY: `conn` as its @param says.
    unsafe { read(conn, null(), |conn| conn.verdicts().last().map(Arc::as_ptr)) }
}

/// Reads what the server sent: at least one byte, unless len is 0.
///
/// If non-blocking, read until TOFU_AGAIN before polling the file descriptor: the connection may hold more that is
/// already decrypted.
///
/// @param conn  must not be NULL.
/// @param buf   where to write the bytes; may be NULL with len 0, which reads nothing.
/// @param len   how many bytes it holds.
/// @param got   where to write how many bytes were read, 0 unless TOFU_OK; must not be NULL.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: bytes were read. TOFU_END: the server closed its side in an orderly way, and everything was read.
///         TOFU_AGAIN: only if non-blocking, nothing is there yet. TOFU_ASK or TOFU_REJECT: nothing was read, because
///         the verdict is not accept. TOFU_E_TRUNCATED: the connection was cut off without TLS's closing message, and
///         what was read may be incomplete. TOFU_E_TIMEOUT and TOFU_E_CANCELLED, after which the connection can still
///         be used unless it was cancelled; TOFU_E_NETWORK and TOFU_E_TLS, which end it; TOFU_E_STATE before the
///         handshake is complete and after a check that failed; TOFU_E_FORKED in a child of fork(2); TOFU_E_IO.
///
/// Thread safety: one reader thread at a time, while another thread may write. Waits for the network. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_read(
    conn: *mut tofu_conn,
    buf: *mut u8,
    len: usize,
    got: *mut usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let got = call.place(got, 0, "got")?;
            let conn = call.object(conn, "conn")?;
            let (answer, count) = flow(conn.conn.read(call.buffer(buf, len, "buf")?)?);
            got.set(count);
            Ok(answer)
        })
    }
}

/// Writes as much as is taken at once, which may be less than len; call again with the rest.
///
/// If blocking, the system has what was taken when the call returns; only the server's answer tells that it got it. If
/// non-blocking, the connection may hold some of it until a later call, and tofu_conn_wants says so.
///
/// @param conn     must not be NULL.
/// @param data     the bytes; may be NULL with len 0, which writes nothing.
/// @param len      their number.
/// @param written  where to write how many bytes were taken, 0 unless TOFU_OK; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: that many bytes were taken. TOFU_AGAIN: only if non-blocking, none were. TOFU_ASK or TOFU_REJECT:
///         nothing was written, because the verdict is not accept. TOFU_E_TIMEOUT, TOFU_E_CANCELLED, TOFU_E_NETWORK and
///         TOFU_E_TLS, which end the connection: an unknown part was sent, and every later call gives the same error.
///         TOFU_E_STATE before the handshake is complete, after a check that failed, and after tofu_conn_shutdown;
///         TOFU_E_FORKED in a child of fork(2); TOFU_E_IO.
///
/// Thread safety: one writer thread at a time, while another thread may read. Waits for the network. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_write(
    conn: *mut tofu_conn,
    data: *const u8,
    len: usize,
    written: *mut usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let written = call.place(written, 0, "written")?;
            let conn = call.object(conn, "conn")?;
            let (answer, count) = flow(conn.conn.write(call.bytes(data, len, "data")?)?);
            written.set(count);
            Ok(answer)
        })
    }
}

/// Says that nothing more will be written. What the server still sends can be read, up to its own end (half-close).
///
/// It does not close the file descriptor; tofu_conn_free does.
///
/// @param conn  must not be NULL.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: the closing message was sent. TOFU_AGAIN: only if non-blocking, it was not; call again.
///         TOFU_E_TIMEOUT; TOFU_E_CANCELLED; TOFU_E_NETWORK; TOFU_E_STATE before the handshake is complete;
///         TOFU_E_FORKED in a child of fork(2); TOFU_E_IO.
///
/// Thread safety: the writer thread. Waits for the network. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_shutdown(conn: *mut tofu_conn, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let (answer, _) = flow(call.object(conn, "conn")?.conn.shutdown()?);
            Ok(answer)
        })
    }
}

/// Gives the file descriptor for poll(2) and similar calls. Do not read from it, write to it, or close it.
///
/// @param conn  borrowed; may be NULL, which gives -1.
/// @return the connection's own file descriptor, open as long as the connection. A missing one is returned as -1.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_fd(conn: *const tofu_conn) -> c_int {
    // SAFETY: `conn` as its @param says.
    unsafe { read(conn, -1, |conn| Some(conn.conn.fd().as_raw_fd())) }
}

/// Says what to poll the file descriptor for before the next call, if non-blocking.
///
/// After the handshake TOFU_WANTS_READ is always set, and TOFU_WANTS_WRITE as long as something waits to be sent.
///
/// @param conn  borrowed; may be NULL, which gives 0.
/// @return any of TOFU_WANTS_READ and TOFU_WANTS_WRITE.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_wants(conn: *const tofu_conn) -> tofu_wants {
    // SAFETY: `conn` as its @param says.
    unsafe {
        read(conn, 0, |conn| {
            let wants = conn.conn.wants();
            let bit = |set: bool, bit: u32| if set { bit } else { 0 };
            Some(bit(wants.read, TOFU_WANTS_READ) | bit(wants.write, TOFU_WANTS_WRITE))
        })
    }
}

/// Gives a text of a connection, escaped and fit to show.
///
/// @param conn   borrowed; may be NULL, which gives "".
/// @param field  a field TOFU_SESSION_FIELD_... that is a text; another number gives "".
/// @return NUL-terminated UTF-8, borrowed from the connection; "" also before the handshake is complete; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_string(conn: *const tofu_conn, field: tofu_session_field) -> *const c_char {
    // SAFETY: `conn` as its @param says.
    unsafe { read(conn, EMPTY, |c| c.shelf.text(("string", field, 0, ""), || text(&c.conn, field))) }
}

/// Gives a number of a connection.
///
/// @param conn   borrowed; may be NULL, which gives 0.
/// @param field  a field TOFU_SESSION_FIELD_... that is a number; another one gives 0.
/// @return the number; 0 for a step that was not made or is not complete.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_number(conn: *const tofu_conn, field: tofu_session_field) -> i64 {
    // SAFETY: `conn` as its @param says.
    unsafe { read(conn, 0, |conn| number(&conn.conn, field)) }
}

/// Closes and frees a connection. TLS's closing message is sent if it was not sent before and can be sent at once.
///
/// A socket of the caller's (tofu_dial_options_set_fd) stays open; the caller closes it. In a child of fork(2) nothing
/// is sent.
///
/// @param conn  owned by the caller, who gives it up together with everything borrowed from it, verdicts included; may
///              be NULL.
///
/// Thread safety: any thread, once no other one uses the connection. To end a wait, call tofu_dial_options_cancel
/// first. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_conn_free(conn: *mut tofu_conn) {
    // SAFETY: `conn` as its @param says.
    unsafe { free(conn) }
}

/// What a read, a write or a shutdown came to, and how many bytes.
fn flow(flow: Flow) -> (Answer, usize) {
    match flow {
        Flow::Bytes(count) => (Answer::Ok, count),
        Flow::End => (Answer::End, 0),
        Flow::Again => (Answer::Again, 0),
        Flow::Held(Decision::Ask) => (Answer::Ask, 0),
        Flow::Held(_) => (Answer::Reject, 0),
    }
}

fn text(conn: &Conn, field: tofu_session_field) -> Option<String> {
    match field {
        TOFU_SESSION_FIELD_HOST => Some(conn.endpoint().host.to_string()),
        TOFU_SESSION_FIELD_ADDRESS => Some(conn.address()?.to_string()),
        TOFU_SESSION_FIELD_SNI => conn.sni(),
        TOFU_SESSION_FIELD_STARTTLS => starttls(conn.service()).map(str::to_owned),
        TOFU_SESSION_FIELD_GREETING => conn.greeting(),
        TOFU_SESSION_FIELD_PROTOCOL => Some(conn.facts()?.protocol.to_owned()),
        TOFU_SESSION_FIELD_SUITE => Some(conn.facts()?.suite),
        TOFU_SESSION_FIELD_GROUP => conn.facts()?.group,
        TOFU_SESSION_FIELD_ALPN => conn.facts()?.alpn,
        _ => None,
    }
}

fn number(conn: &Conn, field: tofu_session_field) -> Option<i64> {
    let timings = conn.timings();
    match field {
        TOFU_SESSION_FIELD_PORT => Some(conn.endpoint().port.get().into()),
        TOFU_SESSION_FIELD_RESOLVE_US => microseconds(timings.resolve),
        TOFU_SESSION_FIELD_CONNECT_US => microseconds(timings.connect),
        TOFU_SESSION_FIELD_STARTTLS_US => microseconds(timings.starttls),
        TOFU_SESSION_FIELD_HANDSHAKE_US => microseconds(timings.handshake),
        _ => None,
    }
}
