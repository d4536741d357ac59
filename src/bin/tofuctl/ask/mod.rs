//! Decisions that a person takes: the question, and what becomes of the answer.

pub mod granted;
pub mod other_keys;
pub mod question;
pub mod settle;
pub mod terminal;
