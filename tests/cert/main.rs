//! Certificates: what is read of them, how they are shown, and what no input can do to the parser.

mod corpus;
mod golden;
#[path = "../support/need.rs"]
mod need;
mod openssl;
mod properties;
