//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

/// How a store is opened.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// The file; `None` for `$XDG_DATA_HOME/tofu/pins.db`; `:memory:` for none.
    pub path: Option<PathBuf>,
    /// The program's name, kept in the log.
    pub application: String,
    /// How long a call may wait for other programs, in milliseconds; `None` = 2000.
    pub busy_ms: Option<u64>,
    /// Open without the right to write.
    pub read_only: bool,
    /// Fail when the file does not exist, instead of creating it.
    pub must_exist: bool,
    /// Go on with what is there although the store is known to have held more: it vanished, was
    /// replaced, or went back in time. For a call that a person asked for, never as a habit.
    pub accept_loss: bool,
    /// Read-only stores below this one, nearest first: the system's. Each must exist, belong to root and be
    /// writable by nobody else; one that cannot be read is an error, never ignored.
    pub layers: Vec<PathBuf>,
    /// How many events the log keeps; `None` = [`crate::store::bounds::LOG_EVENTS`].
    pub log_events: Option<u64>,
    /// How long the log keeps events, in seconds; `None` = [`crate::store::bounds::LOG_AGE`].
    pub log_age: Option<i64>,
}

impl StoreOptions {
    pub(in crate::store) fn busy_ms(&self) -> u64 {
        self.busy_ms.unwrap_or(2000)
    }

    pub(in crate::store) fn busy(&self) -> Duration {
        Duration::from_millis(self.busy_ms())
    }
}
