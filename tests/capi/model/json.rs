//! Writes `include/api.json`, from which bindings make their low level. docs/api-json.md is its
//! documentation.

use serde::Serialize;

use super::doc::text;
use super::facts::{self, EVERY_CALL, Ownership, STORE_ERRORS};
use super::nouns::PARTS;
use super::read::bare;
use super::{Chapter, Constant, Export, Model, Opaque, Param, Value};

/// The number of the format: it changes when a reader of the old one would go wrong.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Api<'a> {
    format: u32,
    version: &'a str,
    every_call: &'a [&'a str],
    store_errors: &'a [&'a str],
    parts: Vec<Part<'a>>,
    types: Vec<Type<'a>>,
    families: Vec<Family<'a>>,
    constants: Vec<Number<'a>>,
    callbacks: Vec<Callback<'a>>,
    functions: Vec<Function<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    title: &'a str,
    about: &'a str,
    nouns: Vec<Noun<'a>>,
}

#[derive(Serialize)]
struct Noun<'a> {
    name: &'a str,
    about: &'a str,
}

#[derive(Serialize)]
struct Type<'a> {
    name: &'a str,
    noun: &'a str,
    freed_by: Option<&'a str>,
    threads: &'static str,
    doc: String,
}

#[derive(Serialize)]
struct Family<'a> {
    name: &'a str,
    noun: &'a str,
    underlying: &'a str,
    kind: &'static str,
    doc: String,
    constants: Vec<Number<'a>>,
}

#[derive(Serialize)]
struct Number<'a> {
    name: &'a str,
    /// `null` for the greatest size_t.
    value: Option<i64>,
    doc: String,
}

#[derive(Serialize)]
struct Callback<'a> {
    name: &'a str,
    noun: &'a str,
    returns: &'a str,
    params: Vec<Argument<'a>>,
    doc: String,
}

#[derive(Serialize)]
struct Argument<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    noun: &'a str,
    part: usize,
    since: &'a str,
    summary: &'a str,
    doc: String,
    threads: &'a str,
    waits_for: &'static str,
    hidden_by: Option<&'static str>,
    params: Vec<Parameter<'a>>,
    returns: Return<'a>,
}

#[derive(Serialize)]
struct Parameter<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    takes_zero: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nullable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ownership: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    freed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    borrowed_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<&'a str>,
    doc: &'a str,
}

#[derive(Serialize)]
struct Return<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nullable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ownership: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    freed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    borrowed_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statuses: Vec<String>,
    doc: String,
}

/// The whole file; what cannot be said for want of words is an error that names each place.
pub fn write(model: &Model) -> Result<String, Vec<String>> {
    let mut missing = Vec::new();
    let mut api = Api {
        format: FORMAT,
        version: &model.version,
        every_call: &EVERY_CALL,
        store_errors: &STORE_ERRORS,
        parts: parts(),
        types: Vec::new(),
        families: Vec::new(),
        constants: Vec::new(),
        callbacks: Vec::new(),
        functions: Vec::new(),
    };
    for (part, chapter) in parts_of(model) {
        let noun = chapter.noun.name;
        for opaque in &chapter.types {
            let threads = threads(opaque).unwrap_or_else(|what| {
                missing.push(what);
                ""
            });
            let freed_by = model.frees(&opaque.name);
            api.types.push(Type { name: &opaque.name, noun, freed_by, threads, doc: opaque.doc.text() });
        }
        api.families.extend(chapter.families.iter().map(|family| Family {
            name: &family.name,
            noun,
            underlying: &family.underlying,
            kind: match family.name.as_str() {
                "tofu_status" => "status",
                _ if family.is_flags() => "flags",
                _ => "enumeration",
            },
            doc: family.doc.text(),
            constants: family.constants.iter().map(number).collect(),
        }));
        api.constants.extend(chapter.loose.iter().map(number));
        api.callbacks.extend(chapter.callbacks.iter().map(|callback| Callback {
            name: &callback.name,
            noun,
            returns: &callback.returns,
            params: callback.params.iter().map(|p| Argument { name: &p.name, kind: &p.kind }).collect(),
            doc: callback.doc.text(),
        }));
        api.functions.extend(chapter.functions.iter().map(|export| function(model, export, noun, part, &mut missing)));
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    Ok(serde_json::to_string_pretty(&api).expect("data without surprises") + "\n")
}

fn parts() -> Vec<Part<'static>> {
    let nouns = |rows: &'static [super::nouns::Noun]| rows.iter().map(|n| Noun { name: n.name, about: n.about });
    PARTS.iter().map(|part| Part { title: part.title, about: part.about, nouns: nouns(part.nouns).collect() }).collect()
}

/// Each chapter with the number of its part.
fn parts_of(model: &Model) -> impl Iterator<Item = (usize, &Chapter)> {
    let numbers = PARTS.iter().enumerate().flat_map(|(i, part)| part.nouns.iter().map(move |_| i + 1));
    numbers.zip(&model.chapters)
}

/// The rule about threads that the comment of a type ends with.
fn threads(opaque: &Opaque) -> Result<&'static str, String> {
    let doc = opaque.doc.text().to_lowercase();
    let rules = [
        ("locked internally", "locked"),
        ("one thread reads and one thread writes", "reader-and-writer"),
        ("one thread builds it", "one-until-frozen"),
        ("at a time", "one-at-a-time"),
        ("that callback", "callback"),
        ("the commit callback", "callback"),
        ("immutable", "immutable"),
    ];
    let rule = rules.iter().find(|(words, _)| doc.contains(words));
    rule.map(|(_, rule)| *rule).ok_or_else(|| format!("{}: which threads may use it?", opaque.name))
}

fn number(constant: &Constant) -> Number<'_> {
    let value = match constant.value {
        Value::Number(number) => Some(number),
        Value::SizeMax => None,
    };
    Number { name: &constant.name, value, doc: constant.doc.text() }
}

fn function<'a>(
    model: &Model,
    export: &'a Export,
    noun: &'a str,
    part: usize,
    missing: &mut Vec<String>,
) -> Function<'a> {
    let statuses = facts::statuses(model, export);
    let params = (0..export.params.len()).map(|at| parameter(model, export, at, missing)).collect();
    let (ownership, nullable) = noted(facts::of_return(export), missing).flatten().unzip();
    let (ownership, freed_by, borrowed_from) = flat(ownership);
    let borrowed_from = borrowed_from.map(|words| facts::lender(export, &words).to_owned());
    Function {
        name: &export.name,
        noun,
        part,
        since: &export.doc.since,
        summary: export.doc.summary(),
        doc: export.doc.text(),
        threads: &export.doc.threads,
        waits_for: facts::waits_for(&statuses),
        hidden_by: export.is_short.then_some("TOFU_NO_SHORT_NAMES"),
        params,
        returns: Return {
            kind: &export.returns,
            family: family(model, &export.returns),
            nullable,
            ownership,
            freed_by,
            borrowed_from,
            length: facts::length_of_return(export),
            statuses,
            doc: text(&export.doc.returns),
        },
    }
}

fn parameter<'a>(model: &Model, export: &'a Export, at: usize, missing: &mut Vec<String>) -> Parameter<'a> {
    let param: &Param = &export.params[at];
    let (ownership, freed_by, borrowed_from) = flat(noted(facts::of_param(export, param), missing).flatten());
    let borrowed_from = borrowed_from.map(|words| facts::lender(export, &words).to_owned());
    Parameter {
        name: &param.name,
        kind: &param.kind,
        direction: if param.is_out() { "out" } else { "in" },
        family: family(model, &param.kind),
        takes_zero: facts::takes_zero(model, param),
        nullable: noted(facts::nullable(export, param), missing).flatten(),
        ownership,
        freed_by,
        borrowed_from,
        length: noted(facts::length(export, at), missing).flatten(),
        doc: &param.doc,
    }
}

/// The fact, or a note that it is missing.
fn noted<T>(fact: Result<T, String>, missing: &mut Vec<String>) -> Option<T> {
    fact.map_err(|what| missing.push(what)).ok()
}

fn flat(ownership: Option<Ownership>) -> (Option<&'static str>, Option<String>, Option<String>) {
    match ownership {
        None => (None, None, None),
        Some(Ownership::Owned { freed_by }) => (Some("owned"), Some(freed_by), None),
        Some(Ownership::Borrowed { from }) => (Some("borrowed"), None, from),
        Some(Ownership::Copied) => (Some("copied"), None, None),
        Some(Ownership::Taken) => (Some("taken"), None, None),
        Some(Ownership::Kept) => (Some("kept"), None, None),
        Some(Ownership::Static) => (Some("static"), None, None),
        Some(Ownership::Thread) => (Some("thread"), None, None),
    }
}

fn family<'a>(model: &Model, kind: &'a str) -> Option<&'a str> {
    model.family(bare(kind)).map(|_| bare(kind))
}
