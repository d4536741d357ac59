//! Writes `include/tofu.h`: the first page, a table of contents, the names of all types, and then noun by
//! noun the functions, each family of constants right before the first function that deals with it.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::doc::{Block, Doc, comment, lines, wrap};
use super::nouns::PARTS;
use super::read::bare;
use super::{Callback, Chapter, Constant, Export, Family, Model, Param, Value};

/// Columns of a line, the comment's stars included.
const WIDTH: usize = 100;
/// Columns of the text in a comment.
const TEXT: usize = WIDTH - 3;

/// The whole header. `overview` is its first page, as it is.
pub fn write(model: &Model, overview: &str) -> String {
    let mut out = String::from("/*\n");
    for line in overview.lines() {
        let _ = writeln!(out, "{}", format!(" * {line}").trim_end());
    }
    contents(&mut out);
    out.push_str(" */\n\n");
    out.push_str(include_str!("begin.h"));
    out.push_str("\n/* The types. C sees pointers to them only. */\n");
    for opaque in model.types() {
        let _ = writeln!(out, "typedef struct {0} {0};", opaque.name);
    }
    out.push_str("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    let mut chapters = model.chapters.iter();
    for (i, part) in PARTS.iter().enumerate() {
        let _ = write!(out, "\n{}", banner('=', part.title, &wrap(part.about, "", 0, TEXT)));
        for (j, chapter) in chapters.by_ref().take(part.nouns.len()).enumerate() {
            write_chapter(&mut out, chapter, &format!("{}.{}", i + 1, j + 1));
        }
    }
    out.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* TOFU_H */\n");
    out
}

fn contents(out: &mut String) {
    out.push_str(" *\n * CONTENTS\n");
    for (i, part) in PARTS.iter().enumerate() {
        let _ = writeln!(out, " *\n *   {}", part.title);
        for (j, noun) in part.nouns.iter().enumerate() {
            let number = format!("{}.{}", i + 1, j + 1);
            let _ = writeln!(out, " *     {number:<4} {:<18} {}", noun.name, noun.about);
        }
    }
}

/// A comment that begins with a rule across the page.
fn banner(rule: char, title: &str, text: &[String]) -> String {
    let head = format!("/* {} {title} ", String::from(rule).repeat(4));
    let rest = String::from(rule).repeat(WIDTH.saturating_sub(head.chars().count()));
    let mut out = format!("{head}{rest}\n");
    for line in text {
        let _ = writeln!(out, "{}", format!(" * {line}").trim_end());
    }
    out.push_str(" */\n");
    out
}

fn write_chapter(out: &mut String, chapter: &Chapter, number: &str) {
    let mut about = wrap(&sentence(chapter.noun.about), "", 0, TEXT);
    for opaque in &chapter.types {
        about.push(String::new());
        let mut blocks = opaque.doc.body.clone();
        if let Some(Block::Text(first)) = blocks.first_mut() {
            *first = format!("{}: {first}", opaque.name);
        }
        about.extend(lines(&blocks, "", 0, TEXT, true));
    }
    let _ = write!(out, "\n{}", banner('-', &format!("{number} {}", chapter.noun.name), &about));
    for constant in &chapter.loose {
        let _ = write!(out, "\n{}", define(constant, false, 0, 0));
    }
    let mut families: Vec<&Family> = chapter.families.iter().collect();
    let mut callbacks: Vec<&Callback> = chapter.callbacks.iter().collect();
    for export in &chapter.functions {
        let kinds: BTreeSet<&str> =
            export.params.iter().map(|p| &p.kind).chain([&export.returns]).map(|k| bare(k)).collect();
        let is_needed = |name: &str| kinds.contains(name) || name == "tofu_status";
        let (now, later) = families.into_iter().partition(|family| is_needed(&family.name));
        families = later;
        for family in now {
            write_family(out, family);
        }
        let (now, later) = callbacks.into_iter().partition(|callback| is_needed(&callback.name));
        callbacks = later;
        for callback in now {
            write_callback(out, callback);
        }
        write_function(out, export);
    }
    // Only what no function uses, which the test refuses.
    families.into_iter().for_each(|family| write_family(out, family));
    callbacks.into_iter().for_each(|callback| write_callback(out, callback));
}

/// With a capital and a full stop.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

fn write_family(out: &mut String, family: &Family) {
    let _ = write!(out, "\n{}", comment(&lines(&family.doc.body, "", 0, TEXT, true)));
    let _ = writeln!(out, "typedef {} {};", family.underlying, family.name);
    let name = family.constants.iter().map(|c| c.name.len()).max().unwrap_or(0);
    let value = family.constants.iter().map(|c| number(c, family.is_flags()).len()).max().unwrap_or(0);
    for constant in &family.constants {
        out.push_str(&define(constant, family.is_flags(), name, value));
    }
}

/// A constant with its meaning behind it, or above it where there is no room beside.
fn define(constant: &Constant, is_flag: bool, name: usize, value: usize) -> String {
    let line = format!("#define {:<name$} {:>value$}", constant.name, number(constant, is_flag));
    // A no-break space for the time of the wrapping, so that no line holds the end of the comment alone.
    let words = constant.doc.text().replace('\n', " ") + "\u{a0}*/";
    let beside = format!("{line} /**< ");
    if beside.chars().count() + 40 <= WIDTH {
        let lines = wrap(&words, &beside, beside.chars().count(), WIDTH);
        return lines.join("\n").replace('\u{a0}', " ") + "\n";
    }
    wrap(&words, "/** ", 4, WIDTH).join("\n").replace('\u{a0}', " ") + "\n" + &line + "\n"
}

fn number(constant: &Constant, is_flag: bool) -> String {
    match constant.value {
        Value::SizeMax => "SIZE_MAX".to_owned(),
        Value::Number(number) if number < 0 => format!("({number})"),
        Value::Number(number) if is_flag => format!("0x{number:08x}"),
        Value::Number(number) => number.to_string(),
    }
}

fn write_callback(out: &mut String, callback: &Callback) {
    let _ = write!(out, "\n{}", comment(&lines(&callback.doc.body, "", 0, TEXT, true)));
    let head = format!("typedef {}(*{})(", space_after(&callback.returns), callback.name);
    out.push_str(&declaration(&head, &callback.params));
}

fn write_function(out: &mut String, export: &Export) {
    out.push('\n');
    if export.is_short {
        out.push_str("#ifndef TOFU_NO_SHORT_NAMES\n");
    }
    out.push_str(&comment(&function_comment(&export.doc)));
    if export.returns == "tofu_status" {
        out.push_str("TOFU_CHECK_RESULT\n");
    }
    out.push_str(&declaration(&format!("{}{}(", space_after(&export.returns), export.name), &export.params));
    if export.is_short {
        out.push_str("#endif\n");
    }
}

fn function_comment(doc: &Doc) -> Vec<String> {
    let mut text = lines(&doc.body, "", 0, TEXT, true);
    if !doc.params.is_empty() || !doc.returns.is_empty() {
        text.push(String::new());
    }
    let longest = doc.params.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, words) in &doc.params {
        let first = format!("@param {name:<longest$}  ");
        text.extend(lines(words, &first, first.len(), TEXT, false));
    }
    text.extend(lines(&doc.returns, "@return ", 8, TEXT, false));
    if !doc.threads.is_empty() {
        text.push(String::new());
        let threads = format!("Thread safety: {} Since:\u{a0}{}.", doc.threads, doc.since);
        text.extend(wrap(&threads, "", 0, TEXT).into_iter().map(|line| line.replace('\u{a0}', " ")));
    }
    text
}

/// On one line where it fits, else a line for each parameter.
pub fn declaration(head: &str, params: &[Param]) -> String {
    let each: Vec<String> = params.iter().map(|p| format!("{}{}", space_after(&p.kind), p.name)).collect();
    let inside = if each.is_empty() { "void".to_owned() } else { each.join(", ") };
    let line = format!("{head}{inside});\n");
    if line.trim_end().chars().count() <= WIDTH {
        return line;
    }
    format!("{head}\n    {});\n", each.join(",\n    "))
}

/// A type, and the space that follows it unless it ends with a star.
pub fn space_after(kind: &str) -> String {
    if kind.ends_with('*') { kind.to_owned() } else { format!("{kind} ") }
}
