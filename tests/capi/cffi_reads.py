"""Reads tofu.ffi.h with cffi, compares every constant with a list, and makes a few calls.

Called with the declarations, the list ("constant NAME VALUE", "function NAME 0") and the library.
"""

import sys

import cffi

declarations, names, library = sys.argv[1:]
ffi = cffi.FFI()
with open(declarations, encoding="utf-8") as file:
    ffi.cdef(file.read())
lib = ffi.dlopen(library)

seen = 0
with open(names, encoding="utf-8") as file:
    for kind, name, value in (line.split() for line in file):
        found = getattr(lib, name)
        if kind == "constant" and found != int(value):
            sys.exit(f"{name} is {found}, not {value}")
        seen += 1

# A check that fails, with its error.
store = ffi.new("tofu_store **")
error = ffi.new("tofu_error **")
verdict = ffi.new("tofu_verdict **")
if lib.tofu_store_open(b":memory:", ffi.NULL, store, error) != lib.TOFU_OK:
    sys.exit(ffi.string(lib.tofu_error_message(error[0])))
garbage = ffi.new("uint8_t[]", b"no certificate")
ders = ffi.new("uint8_t *[]", [garbage])
lens = ffi.new("size_t[]", [14])
status = lib.tofu_check_peer(store[0], b"imap.example.org", 993, ders, lens, 1, ffi.NULL, 0, 0, ffi.NULL, verdict, error)
if status != lib.TOFU_E_PARSE or lib.tofu_error_status(error[0]) != status or verdict[0] != ffi.NULL:
    sys.exit(f"the check of garbage gave {status}")
message = ffi.string(lib.tofu_error_message(error[0])).decode()
lib.tofu_error_free(error[0])
lib.tofu_store_free(store[0])
print(f"libtofu {ffi.string(lib.tofu_version()).decode()}: {seen} names as listed; {message}")
