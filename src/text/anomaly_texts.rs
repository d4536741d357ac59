//! English templates.
pub(super) const TEMPLATES: &[(&str, &str)] = &[];
