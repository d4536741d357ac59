//! How much of a certificate is looked at. Hostile input costs time linear in its size and no
//! more memory than a small multiple of it; these constants say where the size ends.

/// The largest certificate read, in bytes. The largest honest ones (thousands of names) are
/// below 160 KiB.
pub const MAX_CERT: usize = 256 * 1024;
/// Extensions decoded per certificate. Further ones are counted, reported, and not understood.
pub const MAX_EXTENSIONS: usize = 256;
/// Subject alternative names listed per certificate; further ones are read when a host is matched.
pub const MAX_SANS: usize = 8192;
/// Attributes decoded per name; further ones are reported and not shown.
pub const MAX_ATTRIBUTES: usize = 256;
/// Bytes of one attribute that are decoded to text; the rest is reported and not shown.
pub const MAX_ATTRIBUTE: usize = 16 * 1024;
/// Addresses, usages or policies kept of one extension.
pub const MAX_LIST: usize = 64;
/// Anomalies listed per certificate.
pub const MAX_ANOMALIES: usize = 64;
/// Levels of nesting that the strict reading follows before it gives up on what lies below.
pub const MAX_DEPTH: usize = 64;
