//! Writes a C program that calls every export of the header with NULL in every pointer position, with
//! everything else valid, and with NULL in all of them. It knows exports only through the model: a new
//! one is walked without being named here, and one with an argument of a new type stops the test.

use std::fmt::Write;

use crate::model::{Export, Model, Param};

/// What connects to the host that it is given.
const CONNECTS: [&str; 2] = ["tofu_probe", "tofu_connect"];

/// The whole program.
pub fn program(model: &Model) -> String {
    let mut text = String::from("#include \"walk.h\"\n\n");
    for export in model.functions() {
        let _ = writeln!(text, "static void walk_{}(void)\n{{", export.name);
        let pointers = export.params.iter().enumerate().filter(|(_, p)| p.is_pointer()).map(|(i, _)| i);
        let frees = export.name.ends_with("_free");
        let mut variants: Vec<Vec<usize>> = pointers.clone().map(|i| vec![i]).collect();
        variants.push(pointers.collect());
        if !frees {
            variants.push(Vec::new());
        }
        variants.dedup();
        for nulls in variants {
            call(&mut text, model, export, &nulls, false);
            if nulls.iter().any(|i| is_measured(&export.params[*i])) {
                call(&mut text, model, export, &nulls, true);
            }
        }
        text.push_str("}\n\n");
    }
    text.push_str("int main(int argc, char **argv)\n{\n    walk_begin(argc, argv);\n");
    for export in model.functions() {
        let _ = writeln!(text, "    walk_{}();", export.name);
    }
    text.push_str("    return walk_end();\n}\n");
    text
}

/// One call with NULL at the given positions; `empty` says that lengths are 0, with which NULL bytes are
/// no bytes, while NULL with a length is refused.
fn call(text: &mut String, model: &Model, export: &Export, nulls: &[usize], empty: bool) {
    text.push_str("    {\n");
    let mut args = Vec::new();
    let (mut checks, mut cleanup) = (String::new(), String::new());
    for i in 0..export.params.len() {
        if nulls.contains(&i) {
            args.push("NULL".to_owned());
        } else if empty && measures(export, i).iter().any(|measured| nulls.contains(measured)) {
            args.push("0".to_owned());
        } else {
            args.push(valid(text, &mut checks, &mut cleanup, (model, export), i));
        }
    }
    let call = format!("{}({})", export.name, args.join(", "));
    let refused = nulls.iter().map(|i| &export.params[*i]).filter(|p| must_be_there(p, empty)).collect::<Vec<_>>();
    match export.returns.as_str() {
        "void" => {
            let _ = writeln!(text, "        {call};\n        claims++;");
        }
        "tofu_status" if export.is_fallible() => {
            let _ = writeln!(text, "        tofu_status status = {call};");
            match refused.as_slice() {
                [] if nulls.is_empty() => {
                    let _ = writeln!(
                        text,
                        "        CLAIM(status != TOFU_E_INVALID, \"the walk is blind: {}\");",
                        export.name
                    );
                }
                [] => text.push_str("        (void)status, claims++;\n"),
                [one] => {
                    let _ = writeln!(text, "        REFUSED(\"{}\", status, \"{}\");", export.name, one.name);
                    text.push_str(&checks);
                }
                _ => {
                    let _ = writeln!(text, "        CLAIM(status < 0, \"{}\");", export.name);
                    text.push_str(&checks);
                }
            }
        }
        returns => accessor(text, export, returns, &call, nulls),
    }
    text.push_str(&cleanup);
    text.push_str("    }\n");
}

fn must_be_there(param: &Param, empty: bool) -> bool {
    param.must_not_be_null() || (is_measured(param) && !empty)
}

/// Whether a length beside it says how much is there, so that NULL with 0 is nothing.
fn is_measured(param: &Param) -> bool {
    let lists = ["const uint8_t *const *", "const size_t *"];
    param.kind.ends_with("uint8_t *") || lists.contains(&param.kind.as_str())
}

/// The pointers whose length a parameter is.
fn measures(export: &Export, i: usize) -> Vec<usize> {
    match export.params[i].name.as_str() {
        "len" | "ocsp_len" => vec![i - 1],
        "count" => vec![i - 2, i - 1],
        _ => Vec::new(),
    }
}

/// An accessor never fails, never gives a NULL string, and says nothing where its object is NULL.
fn accessor(text: &mut String, export: &Export, returns: &str, call: &str, nulls: &[usize]) {
    let name = &export.name;
    let of_nothing = nulls.first() == Some(&0);
    let _ = writeln!(text, "        {returns} answer = {call};");
    let claim = match (returns, of_nothing) {
        ("const char *", true) => "answer != NULL && answer[0] == 0",
        ("const char *", false) => "answer != NULL",
        ("tofu_status", true) => "answer < 0",
        ("tofu_answer", true) => "answer == TOFU_ANSWER_NONE",
        // A descriptor, of which 0 is one.
        ("int", true) => "answer == -1",
        (pointer, true) if pointer.contains('*') => "answer == NULL",
        (_, true) => "answer == 0",
        // Any answer will do, as long as there is one.
        (_, false) => "sizeof answer > 0",
    };
    let _ = writeln!(text, "        CLAIM({claim}, \"{name}\");\n        (void)answer;");
    match name.as_str() {
        "tofu_cert_clone" => text.push_str("        tofu_cert_free(answer);\n"),
        "tofu_error_new" => text.push_str("        tofu_error_free(answer);\n"),
        _ => {}
    }
}

/// A valid argument: an expression, with what must be declared before, checked and freed after.
pub fn valid(
    before: &mut String,
    checks: &mut String,
    after: &mut String,
    (model, export): (&Model, &Export),
    i: usize,
) -> String {
    let param = &export.params[i];
    let noun = param.kind.trim_start_matches("const ").trim_end_matches(['*', ' ']);
    match param.kind.as_str() {
        // The fingerprint that a user types is the one that is shown.
        "const char *" if ["typed", "key"].contains(&param.name.as_str()) => "fingerprint(a_cert)".to_owned(),
        "const char *"
            if export.name.starts_with("tofu_pin_") && export.name != "tofu_pin_set" && param.name == "value" =>
        {
            "fingerprint(a_cert)".to_owned()
        }
        "const char *" if export.name == "tofu_check_options_add_root_file" => "a_root_file()".to_owned(),
        "const char *" if param.name == "verdict_id" => "tofu_verdict_id(a_verdict)".to_owned(),
        "const char *" if ["tofu_store_backup", "tofu_store_restore"].contains(&export.name.as_str()) => {
            "a_new_path()".to_owned()
        }
        // Nothing here reaches another machine.
        "const char *" if param.name == "host" && CONNECTS.contains(&export.name.as_str()) => {
            "\"127.0.0.1\"".to_owned()
        }
        "const char *" => format!("\"{}\"", string(export, param)),
        kind if kind.ends_with("_fn") => kind.replace("tofu", "a"),
        "void *" => "&claims".to_owned(),
        "uint8_t *" => "some_room".to_owned(),
        "const uint8_t *" if param.name.contains("pem") => "some_pem.start".to_owned(),
        "const uint8_t *" if param.name == "data" => "some_json.start".to_owned(),
        "const uint8_t *" if param.name == "ocsp" => "some_ocsp.start".to_owned(),
        "const uint8_t *" => "some_der.start".to_owned(),
        "const uint8_t *const *" => "(const uint8_t *const *)&some_der.start".to_owned(),
        "const size_t *" => "&some_der.len".to_owned(),
        "const char **" | "const uint8_t **" | "size_t *" | "uint64_t *" | "int64_t *" => {
            let declared = param.kind.trim_end_matches('*').trim();
            let stars = if param.kind.ends_with("**") { "*" } else { "" };
            let _ = writeln!(before, "        {declared} {stars}out{i} = 0;");
            format!("&out{i}")
        }
        kind if kind.ends_with("**") => {
            // Written over first, so that a NULL found afterwards is one that the call put there.
            let _ = writeln!(before, "        {noun} *out{i} = ({noun} *)(void *)&claims;");
            let wanted = if param.name == "err" { "!=" } else { "==" };
            let _ = writeln!(checks, "        CLAIM(out{i} {wanted} NULL, \"{}: {}\");", export.name, param.name);
            let _ = writeln!(after, "        {noun}_free(out{i});");
            format!("&out{i}")
        }
        kind if kind.ends_with('*') => match noun {
            "tofu_store" | "tofu_cert" | "tofu_diff" | "tofu_text" | "tofu_verdict" | "tofu_pin" | "tofu_pending"
            | "tofu_probe_result" | "tofu_conn" => noun.replace("tofu", "a"),
            "tofu_error" | "tofu_endpoint" | "tofu_event" => noun.replace("tofu", "an"),
            // They exist only while a callback runs; tests/c/backend.c uses them there.
            "tofu_sink" | "tofu_batch" => "NULL".to_owned(),
            "tofu_chain" | "tofu_policy" | "tofu_check_options" | "tofu_trust_options" | "tofu_pin_options"
            | "tofu_store_options" | "tofu_iter" | "tofu_dial_options" => {
                let _ = writeln!(before, "        {noun} *in{i} = {}();", noun.replace("tofu", "new"));
                let _ = writeln!(after, "        {noun}_free(in{i});");
                format!("in{i}")
            }
            _ => panic!("{}: teach the NULL walk to make a {noun}", export.name),
        },
        "size_t" if param.name == "len" => match export.params[i - 1].name.as_str() {
            name if name.contains("pem") => "some_pem.len".to_owned(),
            "data" => "some_json.len".to_owned(),
            "buf" => "sizeof some_room".to_owned(),
            _ => "some_der.len".to_owned(),
        },
        "uint16_t" => "993".to_owned(),
        "int" if param.name == "fd" => "a_socket".to_owned(),
        "size_t" if param.name == "ocsp_len" => "some_ocsp.len".to_owned(),
        "size_t" if param.name == "count" => "1".to_owned(),
        // The formats that go with a host; JSON does not.
        "tofu_format" if export.name == "tofu_store_export" => "TOFU_FORMAT_PEM".to_owned(),
        "tofu_pin_kind" if export.name.starts_with("tofu_pin_") => "TOFU_PIN_KIND_CERT".to_owned(),
        kind if model.family(kind).is_some_and(|family| !family.is_flags()) => {
            model.family(kind).map(|family| family.constants[0].name.clone()).unwrap_or_default()
        }
        kind if model.family(kind).is_some() => "0".to_owned(),
        "int32_t" | "size_t" | "int64_t" | "uint64_t" => "0".to_owned(),
        other => panic!("{}: teach the NULL walk a {other}", export.name),
    }
}

fn string(export: &Export, param: &Param) -> &'static str {
    match (param.name.as_str(), export.name.as_str()) {
        ("host", _) => "mail.example",
        ("path", _) => ":memory:",
        ("preset", _) => "default",
        ("field", "tofu_store_options_set") => "busy-ms",
        ("value", "tofu_store_options_set") => "50",
        ("field", "tofu_pin_set") => "comment",
        ("field", "tofu_dial_options_set") => "nonblock",
        ("field", "tofu_check_options_tighten") => "change",
        ("value", "tofu_check_options_tighten") => "reject",
        ("field", _) => "system-roots",
        ("value", _) => "no",
        ("account", _) => "ann",
        ("attribute", _) => "CN",
        ("name", "tofu_verdict_statement_arg") => "host",
        ("name", _) => "sqlite",
        ("code", _) => "self-signed",
        ("comment", _) => "a note",
        ("detail", _) => "adapter.failed",
        ("message", _) => "the adapter failed",
        _ => panic!("{}: teach the NULL walk a valid {}", export.name, param.name),
    }
}
