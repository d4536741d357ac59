//! The process as its caller sees it: standard output, standard error, the exit status and signals.

pub mod exit;
pub mod interrupt;
pub mod out;
