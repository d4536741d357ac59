//! What a store takes in from other programs and other stores, and what it gives them.

mod export;
mod formats;
mod found;
mod import;
mod json;
mod merge;
mod refusals;
mod services;

pub use export::{Export, ExportFormat};
pub use import::{IMPORTABLE, ImportFormat, ImportReport, MAX_IMPORT};
