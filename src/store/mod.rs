//! What is remembered. One set of semantics ([`Store`], [`Tx`]) over dumb engines of ordered keys
//! and values ([`Engine`]): SQLite, memory, the application's own. Knows nothing of trust.
//!
//! Nothing here ever reads as "never seen": what cannot be read is an error, and absence is proven
//! by the link of the neighbouring row (`docs/store.md`).

mod engine;
mod error;
mod exchange;
mod manage;
mod tx;

pub use engine::memory::MemoryEngine;
pub use engine::options::StoreOptions;
pub use engine::sqlite::default_path;
pub use engine::{Batch, Engine, Marker, Op, Pair, Peek, Transaction};
pub use error::StoreError;
pub use exchange::{Export, ExportFormat, IMPORTABLE, ImportFormat, ImportReport, MAX_IMPORT};
pub use manage::{Cursor, Filter, Forget, NewPin, Page, PinEntry, Report, Restored, Standing, Statistics, Undone};
pub(crate) use tx::record_before;
pub use tx::*;
