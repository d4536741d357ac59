//! What was typed, turned into what the library takes: servers, fingerprints, certificates and trust anchors.

pub mod cert_file;
pub mod foreign;
pub mod named;
pub mod reach;
