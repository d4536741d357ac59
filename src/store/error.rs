//! What can go wrong with a store. None of it ever reads as "never seen" (docs/pitfalls.md#1).

use thiserror::Error;

/// An error of the store. Each names the file (or the backend) and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("store {store}: {what}")]
    Io {
        /// The file or backend.
        store: String,
        /// What was tried and what came of it.
        what: String,
    },
    /// Somebody else holds it for longer than the time allowed.
    #[error("store {store}: busy for more than {waited_ms} ms; another program is using it")]
    Busy {
        /// The file or backend.
        store: String,
        /// How long was waited.
        waited_ms: u64,
    },
    /// Not what was written: truncated, overwritten, a row changed or gone.
    #[error("store {store}: damaged: {what}")]
    Damaged {
        /// The file or backend.
        store: String,
        /// What was found.
        what: String,
    },
    /// Gone, replaced by another, or older than it is known to have been (docs/pitfalls.md#9).
    #[error("store {store}: {what}")]
    Lost {
        /// The file or backend.
        store: String,
        /// What happened, and the way to accept it.
        what: String,
    },
    /// Written by a newer version.
    #[error("store {store}: written by a newer version (format {found}, this library knows up to {known})")]
    Future {
        /// The file or backend.
        store: String,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// Permissions, owner or type of the file make it unsafe to use.
    #[error("store {store}: {what}")]
    Unsafe {
        /// The file or directory.
        store: String,
        /// The reason and the remedy.
        what: String,
    },
    /// A write to a store that is read-only.
    #[error("store {store}: read-only")]
    ReadOnly {
        /// The file or backend.
        store: String,
    },
    /// What was asked for is not there.
    #[error("store {store}: {what} not found")]
    NotFound {
        /// The file or backend.
        store: String,
        /// What was looked for.
        what: String,
    },
    /// Somebody else changed it in the meantime.
    #[error("store {store}: changed by somebody else in the meantime")]
    Conflict {
        /// The file or backend.
        store: String,
    },
    /// It knows something already, and the call is for one that does not.
    #[error("store {store}: {what}")]
    InUse {
        /// The file or backend.
        store: String,
        /// What is wanted, and the way on.
        what: String,
    },
    /// A change that cannot be undone any more, because another one came after it.
    #[error("store {store}: {what}")]
    Overtaken {
        /// The file or backend.
        store: String,
        /// Which one, and what to do.
        what: String,
    },
    /// A limit was reached.
    #[error("store {store}: {what}")]
    Limit {
        /// The file or backend.
        store: String,
        /// Which limit.
        what: String,
    },
    /// The handle was made before a fork and is used in the child.
    #[error("store {store}: opened before fork(2); open it again in the child")]
    Forked {
        /// The file or backend.
        store: String,
    },
    /// The application's own storage reported a failure.
    #[error("store backend: {what}")]
    Backend {
        /// What it reported.
        what: String,
    },
    /// An option or argument that makes no sense, or a call that this store cannot do.
    #[error("store: {what}")]
    Invalid {
        /// What is wrong.
        what: String,
    },
}
