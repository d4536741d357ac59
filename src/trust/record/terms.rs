//! What a person answers, and why an answer may not be taken.

use crate::store::{PinKind, StoreError};
use crate::time::Timestamp;
use crate::trust::gather::inputs::CheckError;

/// The user's yes.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// What to pin; `None` for the suggested kind, or with a typed fingerprint for what was typed: the key of the
    /// server's certificate, or the authority. Where rule 5 asks about a CA-valid chain and nothing is suggested,
    /// `None` accepts the chain as seen, without a pin.
    pub kind: Option<PinKind>,
    /// Beside the old key instead of in its place.
    pub add: bool,
    /// This store handle only, never written.
    pub session: bool,
    /// 0 = for good.
    pub expires: Timestamp,
    /// The full fingerprint as the user typed it, in any usual spelling; see [`crate::trust::parse_fingerprint`].
    pub typed: Option<String>,
    /// A note.
    pub comment: String,
    /// When; the caller's clock.
    pub now: Timestamp,
}

/// Why a yes was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The check inside failed.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// This verdict cannot be trusted (a reject, unproven, or a kind not offered).
    #[error("not offered: {0}")]
    NotOffered(String),
    /// The verdict is too old, or things changed since.
    #[error("stale verdict: {0}")]
    Stale(String),
    /// The typed fingerprint is not one, or not this one.
    #[error("fingerprint: {0}")]
    Typed(String),
}
