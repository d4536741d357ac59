//! Reads the sources of the C ABI with `syn`: public types, constants and functions with their comments.
//! What a source may hold is little; anything that C could not say stops the test.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, BinOp, Expr, Fields, FnArg, Item, Lit, Meta, Pat, ReturnType, Type, UnOp, Visibility};

use super::doc::{Doc, text};
use super::nouns::{Noun, PARTS, place};
use super::{Callback, Chapter, Constant, Export, Family, Model, Opaque, Param, Value};

/// What the sources hold, in no order.
#[derive(Default)]
struct Found {
    types: Vec<Opaque>,
    families: Vec<Family>,
    loose: Vec<Constant>,
    callbacks: Vec<Callback>,
    functions: Vec<Export>,
}

/// Reads the folder `src/capi` and puts what it declares into the order of the nouns.
pub fn model(folder: &Path, version: &str) -> Model {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect();
    paths.sort();
    let mut found = Found::default();
    for path in paths {
        let source = std::fs::read_to_string(&path).unwrap();
        let file = syn::parse_file(&source).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        // Types before constants, which name them.
        for item in &file.items {
            type_of(item, &mut found);
        }
        for item in file.items {
            constant_or_function(item, &mut found);
        }
    }
    arrange(found, version)
}

fn type_of(item: &Item, found: &mut Found) {
    match item {
        Item::Struct(item) if is_public(&item.vis) => {
            let name = item.ident.to_string();
            if name.starts_with("tofu_") && !matches!(item.fields, Fields::Unit) {
                found.types.push(Opaque { name, doc: doc(&item.attrs) });
            }
        }
        Item::Type(item) if is_public(&item.vis) => {
            let (name, doc) = (item.ident.to_string(), doc(&item.attrs));
            match callback(&item.ty) {
                Some((returns, params)) => found.callbacks.push(Callback { name, returns, params, doc }),
                None => {
                    found.families.push(Family { name, underlying: c_type(&item.ty), doc, constants: Vec::new() });
                }
            }
        }
        _ => {}
    }
}

fn constant_or_function(item: Item, found: &mut Found) {
    match item {
        Item::Const(item) if is_public(&item.vis) => {
            let constant = Constant { name: item.ident.to_string(), value: value(&item.expr), doc: doc(&item.attrs) };
            let kind = c_type(&item.ty);
            match found.families.iter_mut().find(|family| family.name == kind) {
                Some(family) => family.constants.push(constant),
                None => found.loose.push(constant),
            }
        }
        Item::Fn(item) if is_public(&item.vis) && item.sig.abi.is_some() => {
            let doc = doc(&item.attrs);
            let params = item.sig.inputs.iter().map(|input| {
                let FnArg::Typed(input) = input else { panic!("{}: self", item.sig.ident) };
                let Pat::Ident(name) = &*input.pat else { panic!("{}: a pattern", item.sig.ident) };
                param(name.ident.to_string(), c_type(&input.ty), &doc)
            });
            let params = params.collect();
            let returns = match &item.sig.output {
                ReturnType::Default => "void".to_owned(),
                ReturnType::Type(_, kind) => c_type(kind),
            };
            let is_short = item.attrs.iter().any(|attr| attr.path().is_ident("cfg"));
            found.functions.push(Export { name: item.sig.ident.to_string(), returns, params, doc, is_short });
        }
        _ => {}
    }
}

fn param(name: String, kind: String, doc: &Doc) -> Param {
    let words = doc.params.iter().find(|(known, _)| *known == name).map(|(_, blocks)| text(blocks).replace('\n', " "));
    Param { kind, name, doc: words.unwrap_or_default() }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The lines of `///`, without the space after it.
fn doc(attributes: &[Attribute]) -> Doc {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(line) => Some(line.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    Doc::read(&lines)
}

/// `Option<unsafe extern "C" fn(name: type, …) -> type>`.
fn callback(kind: &Type) -> Option<(String, Vec<Param>)> {
    let Type::Path(path) = kind else { return None };
    let segment = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let syn::GenericArgument::Type(Type::BareFn(function)) = arguments.args.first()? else { return None };
    let params = function.inputs.iter().map(|input| {
        let name = input.name.as_ref().expect("parameters of a callback have names").0.to_string();
        Param { kind: c_type(&input.ty), name, doc: String::new() }
    });
    let returns = match &function.output {
        ReturnType::Default => "void".to_owned(),
        ReturnType::Type(_, kind) => c_type(kind),
    };
    Some((returns, params.collect()))
}

/// A type as C writes it: names of our own stay, `*const *mut T` becomes `T *const *`.
fn c_type(kind: &Type) -> String {
    match kind {
        Type::Ptr(pointer) => {
            let (inner, is_const) = (&*pointer.elem, pointer.const_token.is_some());
            match (c_type(inner), inner, is_const) {
                (target, Type::Ptr(_), true) => format!("{target}const *"),
                (target, Type::Ptr(_), false) => format!("{target}*"),
                (target, _, true) => format!("const {target} *"),
                (target, _, false) => format!("{target} *"),
            }
        }
        Type::Path(path) => {
            let name = path.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
            let known = match name.as_str() {
                "c_char" => "char",
                "c_int" => "int",
                "c_void" => "void",
                "i32" => "int32_t",
                "i64" => "int64_t",
                "u8" => "uint8_t",
                "u16" => "uint16_t",
                "u32" => "uint32_t",
                "u64" => "uint64_t",
                "usize" => "size_t",
                own if own.starts_with("tofu_") => own,
                other => panic!("the generator of the header does not know the type {other}"),
            };
            known.to_owned()
        }
        _ => panic!("the generator of the header does not know a type"),
    }
}

/// Literals, with minus and shifts; and usize::MAX.
fn value(expression: &Expr) -> Value {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => Value::Number(number.base10_parse().expect("a number that fits")),
            _ => panic!("a constant of the ABI is a number"),
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Value::Number(-number(&unary.expr)),
        Expr::Binary(binary) if matches!(binary.op, BinOp::Shl(_)) => {
            Value::Number(number(&binary.left) << number(&binary.right))
        }
        Expr::Paren(paren) => value(&paren.expr),
        Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "MAX") => Value::SizeMax,
        _ => panic!("the generator of the header cannot evaluate a constant"),
    }
}

fn number(expression: &Expr) -> i64 {
    match value(expression) {
        Value::Number(number) => number,
        Value::SizeMax => panic!("no number"),
    }
}

/// Puts everything where the table of nouns says, families and callbacks to their first function. What
/// has no place goes to the first noun, and is named in the model.
fn arrange(found: Found, version: &str) -> Model {
    let mut chapters: Vec<Chapter> = PARTS.iter().flat_map(|part| part.nouns).map(chapter).collect();
    let mut strays = Vec::new();
    let mut where_is = |name: &str| {
        place(name).unwrap_or_else(|| {
            strays.push(format!("no noun for {name}"));
            (0, usize::MAX)
        })
    };
    let mut functions: Vec<_> = found.functions.into_iter().map(|export| (where_is(&export.name), export)).collect();
    functions.sort_by_key(|(place, _)| *place);
    let mut first_use: BTreeMap<String, usize> = BTreeMap::new();
    for ((noun, _), export) in functions {
        for kind in export.params.iter().map(|p| &p.kind).chain([&export.returns]) {
            first_use.entry(bare(kind).to_owned()).or_insert(noun);
        }
        chapters[noun].functions.push(export);
    }
    for opaque in found.types {
        chapters[where_is(&opaque.name).0].types.push(opaque);
    }
    for constant in found.loose {
        chapters[where_is(&constant.name).0].loose.push(constant);
    }
    // The statuses come first of all: every function needs them.
    first_use.insert("tofu_status".to_owned(), 0);
    let mut first_use = |name: &str| {
        first_use.get(name).copied().unwrap_or_else(|| {
            strays.push(format!("no function uses {name}"));
            0
        })
    };
    for family in found.families {
        chapters[first_use(&family.name)].families.push(family);
    }
    for callback in found.callbacks {
        chapters[first_use(&callback.name)].callbacks.push(callback);
    }
    Model { version: version.to_owned(), chapters, strays }
}

fn chapter(noun: &'static Noun) -> Chapter {
    Chapter {
        noun,
        loose: Vec::new(),
        types: Vec::new(),
        families: Vec::new(),
        callbacks: Vec::new(),
        functions: Vec::new(),
    }
}

/// The name of a type without pointers and const.
pub fn bare(kind: &str) -> &str {
    kind.trim_start_matches("const ").split([' ', '*']).next().unwrap_or_default()
}
