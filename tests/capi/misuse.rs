//! Writes a C program that puts numbers into every closed parameter (one whose type is a family of
//! constants): each constant of each other family, and numbers that belong to none. Everything else is
//! valid, so that only the number can be refused. It knows exports only through the model.

use std::fmt::Write;

use crate::model::facts::takes_zero;
use crate::model::read::bare;
use crate::model::{Export, Family, Model, Value};
use crate::null_walk::valid;

/// Numbers that belong to no family: the ends of every range, and what an old header or a guess would give.
const STRANGERS: [&str; 9] =
    ["0", "1", "-1", "99", "4095", "INT32_MAX", "INT32_MIN", "INT64_C(0x80000000)", "INT64_C(0x4000000000000000)"];

/// The whole program, and into how many parameters it puts numbers.
pub fn program(model: &Model) -> (String, usize) {
    let mut out = String::from(BEGIN);
    let mut calls = String::new();
    let closed = model.functions().flat_map(|export| {
        let params = export.params.iter().enumerate();
        params.filter_map(move |(at, param)| Some((export, at, model.family(bare(&param.kind))?)))
    });
    for (n, (export, at, family)) in closed.filter(|(export, at, _)| !export.params[*at].is_out()).enumerate() {
        probe(&mut out, n, model, export, at);
        let name = format!("{}: {}", export.name, export.params[at].name);
        let kind = match (family.is_flags(), takes_zero(model, &export.params[at])) {
            (true, _) => "FLAGS",
            (false, true) => "OPTIONAL",
            (false, false) => "ONE",
        };
        let _ = writeln!(calls, "    try_all(\"{name}\", \"{}\", {}, probe_{n});", family.name, kind);
    }
    numbers(&mut out, model);
    let _ = write!(out, "{MAIN}{calls}{END}");
    (out, calls.lines().count())
}

/// A function that calls an export with a number in one place, and says whether it was refused.
fn probe(out: &mut String, n: usize, model: &Model, export: &Export, at: usize) {
    let (mut before, mut checks, mut after) = (String::new(), String::new(), String::new());
    let mut args = Vec::new();
    for (i, param) in export.params.iter().enumerate() {
        args.push(match i == at {
            true => format!("({})number", param.kind),
            false => valid(&mut before, &mut checks, &mut after, (model, export), i),
        });
    }
    let refused = match (export.name.as_str(), export.returns.as_str()) {
        // These two take any number, and make of an unknown one what cannot be mistaken.
        ("tofu_status_name", _) => "strcmp(answer, \"unknown\") == 0",
        ("tofu_error_new", _) => "tofu_error_status(answer) == TOFU_E_INTERNAL",
        (_, "tofu_status") => "answer == TOFU_E_INVALID",
        (_, "const char *") => "answer[0] == 0",
        (_, returns) if returns.ends_with('*') => "answer == NULL",
        _ => "answer == 0",
    };
    if export.returns.starts_with("tofu_") && export.returns.ends_with('*') {
        let _ = writeln!(after, "        {}_free(answer);", bare(&export.returns));
    }
    let _ = writeln!(out, "static int probe_{n}(int64_t number)\n{{\n    int refused;\n    {{");
    let _ = writeln!(out, "{before}        {} answer = {}({});", export.returns, export.name, args.join(", "));
    let _ = writeln!(out, "        refused = {refused};\n{after}    }}\n    return refused;\n}}\n");
}

/// Every constant with its family, as a table of C.
fn numbers(out: &mut String, model: &Model) {
    out.push_str("static const struct {\n    const char *name, *family;\n    int64_t value;\n} numbers[] = {\n");
    for (family, constant) in model.families().flat_map(|f: &Family| f.constants.iter().map(move |c| (f, c))) {
        if let Value::Number(value) = constant.value {
            let _ = writeln!(out, "    {{ \"{}\", \"{}\", {value} }},", constant.name, family.name);
        }
    }
    for stranger in STRANGERS {
        let _ = writeln!(out, "    {{ \"{stranger}\", \"\", {stranger} }},");
    }
    out.push_str("};\n\n");
}

/// Not everything that the NULL walk needs is needed here.
const BEGIN: &str = r#"#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"
#include "walk.h"

"#;

const MAIN: &str = r#"/* What a parameter takes: one constant, one or 0, or any of them together. */
enum kind { ONE, OPTIONAL, FLAGS };

static int belongs(const char *family, int64_t value)
{
    size_t i;
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(numbers[i].family, family) == 0 && numbers[i].value == value)
            return 1;
    return 0;
}

/* Flags have 64 bits, everything else 32. */
static int fits(enum kind kind, int64_t value)
{
    return kind == FLAGS || (value >= INT32_MIN && value <= INT32_MAX);
}

static void try_all(const char *what, const char *family, enum kind kind, int (*refuses)(int64_t))
{
    size_t i;
    int64_t mine = -1;
    unsigned taken = 0;
    /* The right numbers last: some of them change what the others meet. */
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t value = numbers[i].value;
        if (mine < 0 && strcmp(numbers[i].family, family) == 0)
            mine = value;
        if (belongs(family, value) || (value == 0 && kind != ONE) || !fits(kind, value))
            continue;
        CLAIM(refuses(value), "%s takes %s of %s", what, numbers[i].name, numbers[i].family);
    }
    for (i = 0; kind == FLAGS && i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].value != 0 && !belongs(family, numbers[i].value))
            CLAIM(refuses(numbers[i].value | mine), "%s takes %s beside its own", what, numbers[i].name);
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(numbers[i].family, family) == 0)
            taken += refuses(numbers[i].value) == 0;
    CLAIM(taken > 0, "%s takes nothing of its own: the test is blind", what);
}

int main(int argc, char **argv)
{
    tofu_iter *pins = NULL;
    walk_begin(argc, argv);
    /* The pin of the connection waives what is wrong with its certificate. */
    IS(tofu_list_pins(a_store, "conn.mail.example", NULL, 0, &pins, NULL), TOFU_OK);
    IS(tofu_iter_next(pins, NULL), TOFU_OK);
    a_pin = tofu_iter_pin(pins);
"#;

const END: &str = "    tofu_iter_free(pins);\n    return walk_end();\n}\n";
