//! The fingerprint that a user typed, with an answer that names what was typed.

use super::terms::TrustError;
use crate::fingerprint;
pub use crate::fingerprint::Fingerprint;

/// Reads a fingerprint as [`fingerprint::parse`] does.
pub fn parse_fingerprint(input: &str) -> Result<Fingerprint, TrustError> {
    let refuse = |why| TrustError::Typed(format!("{:?} is {why}", crate::text::excerpt(input, 80)));
    fingerprint::parse(input).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_was_typed_and_why_in_one_line() {
        let error = parse_fingerprint("ab\nxy").unwrap_err().to_string();
        assert!(error.contains("ab") && error.contains("is not a SHA-256 fingerprint") && !error.contains('\n'));
        let error = parse_fingerprint("ab\ncd").unwrap_err().to_string();
        assert!(error.contains("is 4 digits long; ") && !error.contains('\n'), "{error}");
        let error = parse_fingerprint(&"ab".repeat(5_000)).unwrap_err().to_string();
        assert!(error.contains("too long") && error.len() < 200, "{error}");
    }
}
