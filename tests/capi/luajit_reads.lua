-- Reads tofu.ffi.h with LuaJIT, compares every constant with a list, and makes a few calls.
-- Called with the declarations, the list ("constant NAME VALUE", "function NAME 0") and the library.

local ffi = require("ffi")

local declarations, names, library = arg[1], arg[2], arg[3]
local file = assert(io.open(declarations))
ffi.cdef(file:read("*a"))
file:close()
local lib = ffi.load(library)

local seen = 0
for line in io.lines(names) do
    local kind, name, value = line:match("^(%a+) (%S+) (%S+)$")
    local found = lib[name]
    if kind == "constant" and found ~= tonumber(value) then
        error(name .. " is " .. tostring(found) .. ", not " .. value)
    end
    seen = seen + 1
end

-- A check that fails, with its error.
local store = ffi.new("tofu_store *[1]")
local failure = ffi.new("tofu_error *[1]")
local verdict = ffi.new("tofu_verdict *[1]")
assert(lib.tofu_store_open(":memory:", nil, store, failure) == lib.TOFU_OK)
local garbage = "no certificate"
local ders = ffi.new("const uint8_t *[1]", { ffi.cast("const uint8_t *", garbage) })
local lens = ffi.new("size_t[1]", { #garbage })
local status = lib.tofu_check_peer(store[0], "imap.example.org", 993, ders, lens, 1, nil, 0, 0, nil, verdict, failure)
assert(status == lib.TOFU_E_PARSE and lib.tofu_error_status(failure[0]) == status and verdict[0] == nil)
local message = ffi.string(lib.tofu_error_message(failure[0]))
lib.tofu_error_free(failure[0])
lib.tofu_store_free(store[0])
print("libtofu " .. ffi.string(lib.tofu_version()) .. ": " .. seen .. " names as listed; " .. message)
