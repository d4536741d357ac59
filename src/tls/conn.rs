//! A verified connection. The handshake proves possession, then the check decides, and until the
//! verdict is accept no application byte goes either way; an answer given meanwhile is taken on
//! this same connection (docs/pitfalls.md#29 and #30).

mod lost;

use std::fmt;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::again;
use super::dial::Dial;
use super::error::{NetError, Step};
use super::net::socket::{Socket, Wire};
use super::net::wait::Wants;
use super::open::Route;
use super::service::Service;
use super::session::{self, Advance, Facts, Session, Timings};
use super::witness::Purpose;
use super::words;
use crate::endpoint::Endpoint;
use crate::path::Chain;
use crate::store::Store;
use crate::time::{Timestamp, system_now};
use crate::trust::{self, Additions, Check, Decision, Flags, Policy, SecondLook, Tlsa, Verdict};

/// What one write takes at most, in bytes: the rest is for the next call.
const MAX_WRITE: usize = 64 * 1024;
/// How often a read looks into the socket before it lets others have their turn and looks at the time.
const MAX_ROUNDS: usize = 16;

/// How the check of a connection is to be made; see [`Check`].
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Stated facts. Possession is proven here, whatever `unproven` and `resumed` say, and `loopback` counts only
    /// where the address reached is one.
    pub flags: Flags,
    /// Overrides the endpoint's and the store's policy.
    pub policy: Option<Policy>,
    /// What is added to the policy in force.
    pub additions: Option<Additions>,
    /// TLSA records.
    pub tlsa: Vec<Tlsa>,
    /// CRLs (DER).
    pub crls: Vec<Vec<u8>>,
    /// When; the system's clock at each check where it is not set.
    pub now: Option<Timestamp>,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not done; to be called again once [`Conn::wants`] is possible. Only when non-blocking.
    Again,
    /// There is a verdict. Only [`Decision::Accept`] lets application data through.
    Decided(Decision),
}

/// What a read or a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// So many bytes, at least one.
    Bytes(usize),
    /// The server closed its side in an orderly way; there is nothing more to read.
    End,
    /// Nothing could be done at once. Only when non-blocking.
    Again,
    /// Nothing was done, because the verdict is not accept.
    Held(Decision),
}

/// A connection to one endpoint. One thread may read while another writes.
pub struct Conn {
    store: Store,
    endpoint: Endpoint,
    terms: Terms,
    service: Service,
    nonblocking: bool,
    /// A child of `fork(2)` must not send: the same keys would encrypt two texts with the same nonce.
    pid: u32,
    socket: Arc<Socket>,
    /// Held during a check, so that the latest verdict is the one that stays.
    checking: Mutex<()>,
    inner: Mutex<Inner>,
}

struct Inner {
    session: Session,
    /// What the finished handshake showed.
    chain: Option<Chain>,
    /// What a second connection showed.
    second_look: SecondLook,
    verdict: Option<Verdict>,
    /// What broke the connection; every later call says it again.
    broken: Option<NetError>,
    /// We have said that nothing more will be written.
    finished: bool,
}

/// Connects and checks. Blocks until there is a verdict, unless the dial is non-blocking: then
/// [`Conn::handshake`] goes on.
pub fn connect(store: &Store, endpoint: &Endpoint, mut dial: Dial, terms: Terms) -> Result<Conn, NetError> {
    let given = dial.socket.take();
    let nonblocking = dial.nonblocking;
    if nonblocking && given.is_none() {
        return Err(NetError::Option("nonblock: needs a connected socket, as looking up a name waits".to_owned()));
    }
    let own = given.is_none();
    let route = Route::new(&endpoint.host, endpoint.port, &dial, Purpose::Use);
    let (socket, timings) = route.socket(given)?;
    let session = route.begin(socket, timings)?;
    let conn = Conn {
        store: store.clone(),
        endpoint: endpoint.clone(),
        terms,
        service: route.service,
        nonblocking,
        pid: std::process::id(),
        socket: Arc::clone(&session.socket),
        checking: Mutex::new(()),
        inner: Mutex::new(Inner {
            session,
            chain: None,
            second_look: SecondLook::NotMade,
            verdict: None,
            broken: None,
            finished: false,
        }),
    };
    if let Some(chain) = conn.proven()?.filter(|_| own) {
        let question = conn.question(&chain, SecondLook::NOT_MADE);
        let seen = again::look_where_it_matters(store, &question, &route, conn.address())?;
        conn.lock().second_look = seen;
    }
    conn.handshake()?;
    Ok(conn)
}

impl Conn {
    /// Goes on with the handshake; once it is done, checks. Called again, it checks again on what this
    /// connection presented: after an answer, or where trust may have been withdrawn (docs/pitfalls.md#31).
    pub fn handshake(&self) -> Result<Progress, NetError> {
        self.own()?;
        let Some(chain) = self.proven()? else { return Ok(Progress::Again) };
        let _one = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        let checked = self.check(&chain);
        // Where the check cannot be made, an earlier accept does not go on.
        self.lock().verdict = checked.as_ref().ok().cloned();
        let decision = checked?.decision();
        self.note_beginning(decision);
        Ok(Progress::Decided(decision))
    }

    /// Goes on until there is a proven chain; `None` where that has to wait.
    fn proven(&self) -> Result<Option<Chain>, NetError> {
        let mut inner = self.lock();
        inner.usable()?;
        if let Some(chain) = inner.chain.clone() {
            return Ok(Some(chain));
        }
        let advanced = match self.nonblocking {
            true => inner.session.advance(),
            false => inner.session.complete().map(|()| Advance::Open),
        };
        match advanced {
            Ok(Advance::Open) => inner.proven_chain().map(Some),
            Ok(Advance::Wait(_)) => Ok(None),
            Err(error) => {
                let instead = inner.session.instead_of_tls();
                let error = self.stripped(error, instead.as_ref()).unwrap_or_else(|failed| failed);
                Err(inner.fail(error))
            }
        }
    }

    /// The latest verdict; `None` before the handshake is done.
    pub fn verdict(&self) -> Option<Verdict> {
        self.lock().verdict.clone()
    }

    /// What a second connection showed, made where a known key of another kind was looked for.
    pub fn second_look(&self) -> SecondLook {
        self.lock().second_look.clone()
    }

    /// Reads into `buf`. An empty buffer reads nothing and gives `Bytes(0)`.
    pub fn read(&self, buf: &mut [u8]) -> Result<Flow, NetError> {
        self.own()?;
        let mut until = None;
        loop {
            let (wants, watch) = {
                let mut inner = self.lock();
                if let Some(held) = inner.held(Step::Read)? {
                    return Ok(held);
                }
                if buf.is_empty() {
                    return Ok(Flow::Bytes(0));
                }
                match inner.read_now(buf) {
                    Ok(Ok(flow)) => return Ok(flow),
                    Ok(Err(wants)) => (wants, inner.session.watch().clone()),
                    Err(error) => return Err(inner.fail(error)),
                }
            };
            if self.nonblocking {
                return Ok(Flow::Again);
            }
            let until = *until.get_or_insert_with(|| watch.until(watch.limits.read));
            watch.ready(&[(self.socket.as_fd(), wants)], until, Step::Read)?;
        }
    }

    /// Writes as much of `data` as is taken at once, at most 64 KiB. On a blocking connection, all of that has reached
    /// the system when the call returns. If it does not in time, a part has left, so the connection stays broken. On a
    /// non-blocking connection some of it may still be waiting here: see [`Conn::wants`].
    pub fn write(&self, data: &[u8]) -> Result<Flow, NetError> {
        self.own()?;
        loop {
            let taken = {
                let mut inner = self.lock();
                if let Some(held) = inner.held(Step::Write)? {
                    return Ok(held);
                }
                if inner.finished {
                    return Err(inner.session_state("the writing side is shut down"));
                }
                if data.is_empty() {
                    return Ok(Flow::Bytes(0));
                }
                inner.write_now(data).map_err(|error| inner.fail(error))?
            };
            if !self.nonblocking {
                self.drain()?;
            }
            match taken {
                0 if self.nonblocking => return Ok(Flow::Again),
                // What was taken before it has left now.
                0 => {}
                taken => return Ok(Flow::Bytes(taken)),
            }
        }
    }

    /// Says that nothing more will be written (close_notify); reading goes on until the server does the
    /// same (half-close). Gives `Again` while that message has not left, otherwise `Bytes(0)`.
    pub fn shutdown(&self) -> Result<Flow, NetError> {
        self.own()?;
        {
            let mut inner = self.lock();
            inner.usable()?;
            if inner.chain.is_none() {
                return Err(inner.session_state("the handshake is not done"));
            }
            if !inner.finished {
                inner.finished = true;
                inner.session.tls.send_close_notify();
            }
        }
        if self.nonblocking {
            let mut inner = self.lock();
            return match inner.flush() {
                Ok(true) => Ok(Flow::Bytes(0)),
                Ok(false) => Ok(Flow::Again),
                Err(error) => Err(inner.fail(error)),
            };
        }
        self.drain().map(|()| Flow::Bytes(0))
    }

    /// What a non-blocking connection waits for. Data may have come already that no poll tells of: before
    /// waiting, [`Conn::read`] until it gives [`Flow::Again`], also right after the verdict.
    pub fn wants(&self) -> Wants {
        let inner = self.lock();
        if inner.chain.is_none() {
            return inner.session.wants();
        }
        Wants { read: true, write: inner.session.tls.wants_write() }
    }

    /// The descriptor, to be polled only.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The endpoint that the caller meant.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What was agreed on; `None` before the handshake is done.
    pub fn facts(&self) -> Option<Facts> {
        let inner = self.lock();
        inner.chain.as_ref().and_then(|_| inner.session.facts())
    }

    /// The address reached; `None` for a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.socket.address()
    }

    /// How TLS began.
    pub fn service(&self) -> Service {
        self.service
    }

    /// How long each step took.
    pub fn timings(&self) -> Timings {
        self.lock().session.timings()
    }

    /// The first line of the dialogue before TLS, escaped.
    pub fn greeting(&self) -> Option<String> {
        self.lock().session.greeting().map(str::to_owned)
    }

    /// The name sent in the clear.
    pub fn sni(&self) -> Option<String> {
        self.lock().session.sni().map(str::to_owned)
    }

    /// Waits until everything that was taken has reached the system; nothing can follow half a record.
    fn drain(&self) -> Result<(), NetError> {
        let mut until = None;
        loop {
            let watch = {
                let mut inner = self.lock();
                inner.usable()?;
                match inner.flush() {
                    Ok(true) => return Ok(()),
                    Ok(false) => inner.session.watch().clone(),
                    Err(error) => return Err(inner.fail(error)),
                }
            };
            let until = *until.get_or_insert_with(|| watch.until(watch.limits.write));
            // What was taken has left in part: nobody could go on after it.
            let waited = watch.ready(&[(self.socket.as_fd(), Wants::WRITE)], until, Step::Write);
            waited.map_err(|error| self.lock().fail(error))?;
        }
    }

    fn check(&self, chain: &Chain) -> Result<Verdict, NetError> {
        let second_look = self.lock().second_look.clone();
        Ok(trust::check(&self.store, &self.question(chain, &second_look))?)
    }

    fn question<'c>(&'c self, chain: &'c Chain, second_look: &'c SecondLook) -> Check<'c> {
        Check {
            endpoint: &self.endpoint,
            chain,
            now: self.now(),
            flags: self.flags(),
            policy: self.terms.policy.as_ref(),
            additions: self.terms.additions.as_ref(),
            tlsa: &self.terms.tlsa,
            crls: &self.terms.crls,
            second_look,
        }
    }

    /// What was stated, as far as it is true of this connection; the protocol spoken is known here.
    fn flags(&self) -> Flags {
        let stated = self.terms.flags;
        let services = if stated.services.is_empty() { self.service.names() } else { stated.services };
        Flags { unproven: false, resumed: false, loopback: self.stays_here(), services, ..stated }
    }

    /// The caller's word that this is loopback counts only if the address reached is one: a resolver may give any
    /// address for `localhost` and the names below it.
    fn stays_here(&self) -> bool {
        let elsewhere = self.address().is_some_and(|address| !address.ip().to_canonical().is_loopback());
        self.terms.flags.loopback && !elsewhere
    }

    /// Refuses in a child of `fork(2)`.
    fn own(&self) -> Result<(), NetError> {
        if std::process::id() == self.pid {
            return Ok(());
        }
        Err(NetError::Forked { server: super::open::server(&self.endpoint.host, self.endpoint.port) })
    }

    fn now(&self) -> Timestamp {
        self.terms.now.unwrap_or_else(system_now)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Refuses after a failure.
    fn usable(&self) -> Result<(), NetError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// What keeps application data back.
    fn held(&self, step: Step) -> Result<Option<Flow>, NetError> {
        self.usable()?;
        self.session.watch().not_called_off(step)?;
        match self.verdict.as_ref().map(Verdict::decision) {
            Some(Decision::Accept) => Ok(None),
            Some(decision) => Ok(Some(Flow::Held(decision))),
            None if self.chain.is_some() => Err(self.session_state("the last check failed; call handshake again")),
            None => Err(self.session_state("there is no verdict yet; the handshake is not done")),
        }
    }

    /// Keeps the first error that broke the connection, and wakes every thread that waits on it.
    fn fail(&mut self, error: NetError) -> NetError {
        self.session.socket.shut();
        self.broken.get_or_insert(error).clone()
    }

    fn session_state(&self, why: &'static str) -> NetError {
        NetError::State { server: self.session.watch().server.clone(), why }
    }

    /// The chain of the finished handshake, if the handshake proved the key.
    fn proven_chain(&mut self) -> Result<Chain, NetError> {
        let seen = self.session.seen();
        if !seen.proven || seen.chain.is_empty() {
            let error = self.tls_error(Step::Handshake, "the server showed no certificate".to_owned());
            return Err(self.fail(error));
        }
        self.chain = Some(seen.chain.clone());
        Ok(seen.chain)
    }

    /// Reads what there is; otherwise what to wait for. A server that always has one more message that says
    /// nothing (tickets, say) does not keep it busy for ever.
    fn read_now(&mut self, buf: &mut [u8]) -> Result<Result<Flow, Wants>, NetError> {
        let mut sent = true;
        for _ in 0..MAX_ROUNDS {
            match session::plaintext(&mut self.session.tls, buf) {
                Ok(Some(0)) => return Ok(Ok(Flow::End)),
                Ok(Some(got)) => return Ok(Ok(Flow::Bytes(got))),
                Ok(None) => {}
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Err(self.truncated()),
                Err(e) => return Err(self.session.watch().broken(Step::Read, &e)),
            }
            // A key update is answered even on a connection that only reads. If nothing can be sent any more, what
            // the server said before can still be read; the next write reports the error.
            sent = self.flush().unwrap_or(true);
            let socket = Arc::clone(&self.session.socket);
            let mut wire = Wire { socket: &socket, first: &mut Vec::new() };
            match self.session.tls.read_tls(&mut wire) {
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::ConnectionReset => return Err(self.truncated()),
                Err(e) => return Err(self.session.watch().broken(Step::Read, &e)),
            }
            if let Err(error) = self.session.tls.process_new_packets() {
                let _ = self.flush();
                let unshown = self.session.seen().client_certificate;
                let why = if unshown { words::without_client_certificate(&error) } else { words::in_words(&error) };
                return Err(self.tls_error(Step::Read, why));
            }
        }
        Ok(Err(Wants { read: true, write: !sent }))
    }

    /// Takes what fits, after what was taken before has left.
    fn write_now(&mut self, data: &[u8]) -> Result<usize, NetError> {
        if !self.flush()? {
            return Ok(0);
        }
        let piece = data.get(..data.len().min(MAX_WRITE)).unwrap_or(data);
        let taken = self.session.tls.writer().write(piece);
        let taken = taken.map_err(|e| self.session.watch().broken(Step::Write, &e))?;
        self.flush()?;
        Ok(taken)
    }

    /// Sends what is ready to leave; false where the socket is full.
    fn flush(&mut self) -> Result<bool, NetError> {
        let socket = Arc::clone(&self.session.socket);
        let mut wire = Wire { socket: &socket, first: &mut Vec::new() };
        while self.session.tls.wants_write() {
            match self.session.tls.write_tls(&mut wire) {
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(self.session.watch().broken(Step::Write, &e)),
            }
        }
        Ok(true)
    }

    fn truncated(&self) -> NetError {
        NetError::Truncated { server: self.session.watch().server.clone() }
    }

    fn tls_error(&self, step: Step, why: String) -> NetError {
        NetError::Tls { server: self.session.watch().server.clone(), step, why }
    }
}

impl Drop for Conn {
    /// A polite end, where the socket takes it at once, and never in a child of `fork(2)`.
    fn drop(&mut self) {
        if self.own().is_err() {
            return;
        }
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        if inner.broken.is_none() && inner.chain.is_some() && !inner.finished {
            inner.session.tls.send_close_notify();
            let _ = inner.flush();
        }
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").field("endpoint", &self.endpoint).field("service", &self.service).finish_non_exhaustive()
    }
}
