//! JSON that is safe to show. JSON itself escapes only the control characters below the space. This
//! file writes all other characters that steer a terminal, reorder text or are invisible as
//! `\uXXXX`, which means the same to every reader.

use serde_json::Value;

use super::escape::is_deceptive;

/// A value as JSON in one line.
pub fn json(value: &Value) -> String {
    visible(value.to_string())
}

/// A value as JSON over several lines, indented by two spaces.
pub fn json_pretty(value: &Value) -> String {
    visible(format!("{value:#}"))
}

/// Only strings and keys hold such characters, so that the text can be gone through as a whole.
fn visible(json: String) -> String {
    // The common case is looked at once and not copied.
    let layout = |c: char| c == '\n';
    if !json.chars().any(|c| is_deceptive(c) && !layout(c)) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if layout(c) || !is_deceptive(c) {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_hides_is_in_the_text_and_all_of_it_in_the_value() {
        let every: String = (0..=0x10_FFFF).filter_map(char::from_u32).collect();
        let value = serde_json::json!({ "key \u{9b}": [every, "plain ü 日本 \\ \""] });
        for text in [json(&value), json_pretty(&value)] {
            assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || is_deceptive(c))));
            assert!(text.contains('ü') && text.contains('日'));
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
        assert_eq!(json(&serde_json::json!("a\u{7f}\u{e0041}")), "\"a\\u007f\\udb40\\udc41\"");
    }
}
