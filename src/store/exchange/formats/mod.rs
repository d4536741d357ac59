//! One file for each format that other programs write: it reads text and says what it found. None
//! of them knows what the store holds.

pub(super) mod cert_override;
pub(super) mod curl;
pub(super) mod fetchmail;
pub(super) mod fingerprint;
pub(super) mod getmail;
pub(super) mod ini;
pub(super) mod irssi;
pub(super) mod known_hosts;
pub(super) mod lagrange;
pub(super) mod mercurial;
pub(super) mod pem;
pub(super) mod postfix;
pub(super) mod program;
pub(super) mod settings;
pub(super) mod subversion;
pub(super) mod weechat;
