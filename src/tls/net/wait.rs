//! Waits for descriptors until a point in time, unless the caller cancels. This is the only place that
//! sleeps.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::super::dial::{Cancel, Limits};
use super::super::error::{NetError, Step};
use super::super::words;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// Data from the server.
    pub read: bool,
    /// Room to write.
    pub write: bool,
}

impl Wants {
    /// Data from the server.
    pub const READ: Self = Self { read: true, write: false };
    /// Room to write.
    pub const WRITE: Self = Self { read: false, write: true };

    pub(in crate::tls) fn flags(self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.read);
        flags.set(PollFlags::OUT, self.write);
        flags
    }
}

/// A point in time with the limit that set it, for the message.
#[derive(Debug, Clone, Copy)]
pub(in crate::tls) struct Until {
    at: Instant,
    limit: Duration,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tls) enum Woken {
    /// At least one descriptor is ready.
    Ready,
    /// The time given passed.
    Time,
}

/// The time and the switch of one connection, and how errors call it.
#[derive(Debug, Clone)]
pub(in crate::tls) struct Watch {
    /// Host and port, for messages.
    pub server: String,
    pub limits: Limits,
    deadline: Option<Until>,
    cancel: Option<Cancel>,
}

impl Watch {
    /// The overall deadline begins now.
    pub fn new(server: String, limits: Limits, cancel: Option<Cancel>) -> Self {
        let deadline = Until::after(limits.deadline);
        Self { server, limits, deadline: Some(deadline), cancel }
    }

    /// The same for a second connection that must be done after `most`, each step and all together.
    pub fn within(&self, most: Duration) -> Self {
        let Limits { connect, starttls, handshake, .. } = self.limits;
        let [connect, starttls, handshake] = [connect, starttls, handshake].map(|limit| limit.min(most));
        let limits = Limits { connect, starttls, handshake, ..self.limits };
        Self { limits, deadline: Some(self.until(most)), ..self.clone() }
    }

    /// The handshake is done: from now on each read and write has its own limit.
    pub fn established(&mut self) {
        self.deadline = None;
    }

    /// When a step of this length must be over; never after the overall deadline.
    pub fn until(&self, limit: Duration) -> Until {
        let step = Until::after(limit);
        match self.deadline {
            Some(deadline) if deadline.at < step.at => deadline,
            _ => step,
        }
    }

    /// Refuses to go on after the switch was thrown or the time has passed; a server that always has one more
    /// byte ready never lets a wait happen.
    pub fn still(&self, until: Until, step: Step) -> Result<(), NetError> {
        self.not_called_off(step)?;
        if Instant::now() >= until.at {
            return Err(self.timeout(until, step));
        }
        Ok(())
    }

    /// Refuses to go on after the switch was thrown.
    pub fn not_called_off(&self, step: Step) -> Result<(), NetError> {
        if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(NetError::Cancelled { server: self.server.clone(), step });
        }
        Ok(())
    }

    /// Waits until one of the descriptors is ready, and no longer than `until`.
    pub fn ready(&self, fds: &[(BorrowedFd<'_>, Wants)], until: Until, step: Step) -> Result<(), NetError> {
        self.pause(fds, until, Duration::MAX, step).map(drop)
    }

    /// As [`Watch::ready`], but gives up after `slice` without an error.
    pub fn pause(
        &self,
        fds: &[(BorrowedFd<'_>, Wants)],
        until: Until,
        slice: Duration,
        step: Step,
    ) -> Result<Woken, NetError> {
        let slice = Instant::now().checked_add(slice);
        loop {
            self.still(until, step)?;
            let end = slice.map_or(until.at, |slice| slice.min(until.at));
            let left = end.saturating_duration_since(Instant::now());
            let mut polled: Vec<PollFd<'_>> =
                fds.iter().map(|(fd, wants)| PollFd::from_borrowed_fd(*fd, wants.flags())).collect();
            if let Some(cancel) = &self.cancel {
                polled.push(PollFd::from_borrowed_fd(cancel.fd(), PollFlags::IN));
            }
            match poll(&mut polled, Some(&timespec(left))) {
                Ok(0) if slice.is_some_and(|slice| Instant::now() >= slice) => return Ok(Woken::Time),
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) if polled.iter().take(fds.len()).any(|fd| !fd.revents().is_empty()) => return Ok(Woken::Ready),
                // The switch: `still` says so.
                Ok(_) => {}
                Err(errno) => return Err(NetError::System { what: "poll", why: words::system(&errno.into()) }),
            }
        }
    }

    /// What passing that point in time is called.
    pub fn timeout(&self, until: Until, step: Step) -> NetError {
        NetError::Timeout { server: self.server.clone(), step, limit: until.limit, partial: false }
    }

    /// An error of the system on this connection.
    pub fn broken(&self, step: Step, why: &std::io::Error) -> NetError {
        NetError::Broken { server: self.server.clone(), step, why: words::broken(why) }
    }
}

impl Until {
    fn after(limit: Duration) -> Self {
        let now = Instant::now();
        Self { at: now.checked_add(limit).unwrap_or(now), limit }
    }
}

/// Rounded up to a millisecond, so that a wait does not end just before its time.
fn timespec(left: Duration) -> Timespec {
    let left = left.saturating_add(Duration::from_micros(999));
    Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(left.subsec_millis()).saturating_mul(1_000_000),
    }
}
