//! Writes `include/tofu.ffi.h`: the declarations of the header without comments, directives and attributes,
//! for readers of C that have no preprocessor (Python's cffi, LuaJIT's ffi).

use std::fmt::Write;

use super::header::{declaration, space_after};
use super::{Model, Value};

/// The whole file.
pub fn write(model: &Model) -> String {
    let mut out = String::from(
        "/* libtofu for readers of C without a preprocessor: Python cffi and LuaJIT take this file as it is. tofu.h is\n \
         * the same with the documentation. Written by tests/capi from src/capi (make header). Do not edit.\n \
         *\n \
         * SPDX-License-Identifier: MIT OR Apache-2.0\n \
         */\n\n",
    );
    for opaque in model.types() {
        let _ = writeln!(out, "typedef struct {0} {0};", opaque.name);
    }
    out.push('\n');
    for family in model.families() {
        let _ = writeln!(out, "typedef {} {};", family.underlying, family.name);
    }
    out.push('\n');
    for callback in model.callbacks() {
        let head = format!("typedef {}(*{})(", space_after(&callback.returns), callback.name);
        out.push_str(&declaration(&head, &callback.params));
    }
    out.push('\n');
    // Every number fits into 32 bits, the flags too: LuaJIT knows no wider constants.
    for (_, constant) in model.constants() {
        match constant.value {
            Value::Number(number) => {
                assert!(i32::try_from(number).is_ok(), "{}: wider than 32 bits", constant.name);
                let _ = writeln!(out, "static const int32_t {} = {number};", constant.name);
            }
            Value::SizeMax => {
                let _ = writeln!(out, "/* {} is the greatest size_t; write it as (size_t)-1. */", constant.name);
            }
        }
    }
    out.push('\n');
    for export in model.functions() {
        out.push_str(&declaration(&format!("{}{}(", space_after(&export.returns), export.name), &export.params));
    }
    out
}
