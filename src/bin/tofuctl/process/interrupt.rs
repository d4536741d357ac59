//! Ctrl-C and SIGTERM. The first signal cancels everything that waits on a server, so that a command
//! ends with its own message and a bulk check prints what it has. Then the process ends by the signal,
//! as a shell expects. At a question, or at the second signal, the process ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use tofu::tls::Cancel;

use crate::process::exit::{Exit, Failure};

/// The signals that arrive while a command talks to servers.
pub struct Interrupt {
    cancel: Cancel,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    asking: AtomicBool,
    /// The first signal; 0 = none.
    signal: AtomicI32,
}

impl Interrupt {
    /// The switch that a signal turns.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Says that a person is being asked, while `f` runs, or that it waits for whatever else no switch ends.
    pub fn while_asking<T>(&self, f: impl FnOnce() -> T) -> T {
        self.state.asking.store(true, Ordering::SeqCst);
        // One that came too late for the server and too early for the question.
        match self.state.signal.load(Ordering::SeqCst) {
            0 => {}
            signal => end_by(signal),
        }
        let result = f();
        self.state.asking.store(false, Ordering::SeqCst);
        result
    }
}

/// Runs a command that a signal may call off.
pub fn guarded(f: impl FnOnce(&Interrupt) -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    let interrupt = watch()?;
    let result = f(&interrupt);
    let signal = interrupt.state.signal.load(Ordering::SeqCst);
    if signal != 0 {
        if let Err(failure) = result {
            failure.tell();
        }
        end_by(signal);
        return Ok(Exit::Failed);
    }
    result
}

fn watch() -> Result<Interrupt, Failure> {
    let cancel = Cancel::new()?;
    let state = Arc::new(State::default());
    let watched = [SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(watched).map_err(|error| Failure::new(format!("signals: {error}")))?;
    let (switch, shared) = (cancel.clone(), Arc::clone(&state));
    thread::spawn(move || {
        for signal in signals.forever() {
            let before = shared.signal.swap(signal, Ordering::SeqCst);
            if before != 0 || shared.asking.load(Ordering::SeqCst) {
                end_by(signal);
            }
            switch.cancel();
        }
    });
    Ok(Interrupt { cancel, state })
}

/// Whether the program that started us wants this signal to be ignored, as a shell does for background
/// jobs. If this cannot be read, the signal is not ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let bit = u32::try_from(signal).ok().and_then(|signal| 1_u64.checked_shl(signal.saturating_sub(1)));
    bit.is_some_and(|bit| mask & bit != 0)
}

/// Ends the process as the signal would have done by itself.
fn end_by(signal: i32) {
    // It does not come back for these signals; an error is for unknown ones.
    let _ = emulate_default_handler(signal);
}
