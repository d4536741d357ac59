//! Leads a connection that waits for an answer to a decision: shows the verdict, asks, records the
//! answer, and lets the connection check again. No application data flows meanwhile.

use tofu::store::Store;
use tofu::tls::Conn;
use tofu::trust::{self, TrustError, Verdict};

use super::terminal::Terminal;
use crate::ask::question::{self, Reply, Wish};
use crate::context::Context;
use crate::process::exit::{Exit, Failure, say};
use crate::process::interrupt::Interrupt;

/// How often the same connection is asked about: what is known may change while a person thinks.
const ROUNDS: usize = 4;

/// A person who can be asked, and what the command line says about the trust to give.
pub struct Asking {
    pub terminal: Terminal,
    pub wish: Wish,
}

/// How it ended.
pub struct Settled {
    /// The last verdict.
    pub verdict: Verdict,
    /// Whether a person was asked, and so has read the verdict.
    pub asked: bool,
    /// Whether a fingerprint was given that is not of what was presented.
    pub differs: bool,
}

impl Settled {
    /// The exit status that it means.
    pub fn exit(&self) -> Exit {
        if self.differs { Exit::Reject } else { self.verdict.decision().into() }
    }
}

/// Asks until the connection is accepted or rejected, or there is no answer.
pub fn settle(
    store: &Store,
    conn: &Conn,
    mut asking: Option<Asking>,
    interrupt: &Interrupt,
    cx: &Context,
) -> Result<Settled, Failure> {
    let mut settled = Settled { verdict: verdict_of(conn)?, asked: false, differs: false };
    for _ in 0..ROUNDS {
        let verdict = &settled.verdict;
        let Some(person) = asking.as_mut().filter(|_| question::is_question(verdict)) else { break };
        let reply = interrupt.while_asking(|| question::put(verdict, &person.wish, cx.now(), &mut person.terminal))?;
        settled.asked = true;
        let answer = match reply {
            Reply::Yes(answer) => answer,
            Reply::No => break,
            Reply::Differs => {
                settled.differs = true;
                break;
            }
        };
        match trust::trust(store, verdict, &answer) {
            Ok(()) => {}
            Err(TrustError::Stale(why)) => say(&format!("tofuctl: {why}; once more")),
            Err(error) => return Err(error.into()),
        }
        conn.handshake()?;
        settled.verdict = verdict_of(conn)?;
    }
    Ok(settled)
}

/// The verdict that a finished handshake gave.
pub fn verdict_of(conn: &Conn) -> Result<Verdict, Failure> {
    conn.verdict().ok_or_else(|| Failure::new(format!("{}: the handshake gave no verdict", conn.endpoint())))
}
