//! The tables of `docs/policy.md` are the rows of the code. `BLESS=1 cargo test --test trust policy` writes them, to be
//! read before they are committed.

use std::fmt::Write as _;
use std::path::Path;

use tofu::trust::{FIELDS, PRESET_MEANINGS, PRESETS, Policy};

fn presets() -> String {
    let mut table = String::from("| preset | in short |\n|---|---|\n");
    for (name, meaning) in PRESET_MEANINGS {
        writeln!(table, "| `{name}` | {meaning} |").unwrap();
    }
    table
}

fn fields() -> String {
    let default = Policy::default();
    let mut table = String::from(
        "| field | values, the laxest first | default | in other presets | meaning |\n|---|---|---|---|---|\n",
    );
    for field in FIELDS {
        let usual = default.get(field.name).unwrap();
        let of = |preset: &'static str| (preset, Policy::preset(preset).unwrap().get(field.name).unwrap());
        let others = PRESETS.into_iter().map(of).filter(|(_, value)| *value != usual);
        let others: Vec<String> = others.map(|(preset, value)| format!("`{preset}`: `{value}`")).collect();
        let (name, takes, others, meaning) = (field.name, field.takes(), others.join(", "), field.meaning);
        writeln!(table, "| `{name}` | {takes} | `{usual}` | {others} | {meaning} |").unwrap();
    }
    table
}

#[test]
fn the_document_has_the_rows_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (head, table) in [("| preset |", presets()), ("| field |", fields())] {
        let start = text.find(head).unwrap();
        let end = text[start..].find("\n\n").map_or(text.len(), |length| start + length + 1);
        if std::env::var_os("BLESS").is_some() {
            text.replace_range(start..end, &table);
            std::fs::write(&path, &text).unwrap();
        } else {
            assert_eq!(text[start..end], table, "docs/policy.md differs; BLESS=1 writes it");
        }
    }
}
