#!/bin/bash
# The installed tree: what make install puts there, that programs are built from it with pkg-config alone, that the
# static archive can stand beside another Rust library, and that uninstall removes everything. PROFILE as for make.
set -eu
cd "$(dirname "$0")/.."
. scripts/claims.sh
profile=${PROFILE:-dev}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

usr=$work/usr
lib=$usr/lib
export PKG_CONFIG_PATH=$lib/pkgconfig

install_into() { make -s install PROFILE="$profile" CARGO="${CARGO:-cargo}" "$@"; }
is() { [ "$1" = "$2" ] || { echo "is '$1', should be '$2'"; return 1; }; }
flags() { pkg-config --cflags --libs "$@"; }

# The static archive is as large as the library; it is installed once and looked at from all sides.
claim "make install puts everything below PREFIX" install_into PREFIX="$usr" STATIC=1
[ $claims_failed = 0 ] || { claims_end "installed tree"; exit 1; }
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

soname() { readelf -d "$lib/libtofu.so" | sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p'; }
exports() { nm -D --defined-only "$lib/libtofu.so" | awk '{ print $3 }' | LC_ALL=C sort; }
archive_exports() { nm --defined-only --extern-only "$lib/libtofu.a" 2>/dev/null | awk 'NF == 3 { print $3 }' | LC_ALL=C sort; }
listed() { grep -v '^#' tofu.symbols | grep . | LC_ALL=C sort; }

links() {
    is "$(readlink "$lib/libtofu.so")" libtofu.so.0 && is "$(readlink "$lib/libtofu.so.0")" "libtofu.so.$version" &&
        [ -f "$lib/libtofu.so.$version" ] && is "$(soname)" libtofu.so.0
}
claim "libtofu.so -> libtofu.so.0 -> libtofu.so.$version, and the SONAME is libtofu.so.0" links
claim "pkg-config knows the version" is "$(pkg-config --modversion tofu)" "$version"
claim "the header installed is the one committed" cmp "$usr/include/tofu.h" include/tofu.h
claim "and so is its twin for readers without a preprocessor" cmp "$usr/include/tofu.ffi.h" include/tofu.ffi.h
claim "pkg-config knows where api.json is" cmp "$(pkg-config --variable=api tofu)" include/api.json
# Every file that the header names, by its name or its path below docs/, stands somewhere below PREFIX.
named_files() {
    local name missing=0
    for name in $(grep -oE '[A-Za-z0-9_./-]+\.(md|h|json)\b' "$usr/include/tofu.h" | sort -u); do
        case $name in
        docs/NAME.md) continue ;; # the rule itself
        stddef.h | stdint.h) continue ;;
        docs/*) [ -s "$usr/share/doc/libtofu/${name#docs/}" ] || { echo "no $name"; missing=1; } ;;
        *) [ -n "$(find "$usr" -name "${name##*/}" -type f)" ] || { echo "no $name"; missing=1; } ;;
        esac
    done
    return $missing
}
claim "every file that the header names is installed" named_files
claim "the shared library exports what tofu.symbols lists" is "$(exports)" "$(listed)"
claim "the static archive exports what tofu.symbols lists and nothing else" is "$(archive_exports)" "$(listed)"
needed() {
    local unknown
    unknown=$(readelf -d "$lib/libtofu.so" | sed -n 's/.*NEEDED.*\[\(.*\)\].*/\1/p' |
        grep -v -x -e 'libc\.so\.6' -e 'libm\.so\.6' -e 'libgcc_s\.so\.1' -e 'libpthread\.so\.0' -e 'libdl\.so\.2' -e 'ld-linux.*' || true)
    is "$unknown" ""
}
claim "the shared library needs the C library's own libraries alone" needed

cat >"$work/version.c" <<'C'
#include <stdio.h>
#include <string.h>
#include <tofu.h>
#ifdef SECOND
unsigned second_library(void);
#endif
int main(void)
{
    static const uint8_t garbage[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };
    tofu_cert *cert = NULL;
    tofu_store *store = NULL;
    if (cert_parse_der(garbage, sizeof garbage, &cert, NULL) >= 0 || tofu_last_error()[0] == '\0')
        return 1;
    if (tofu_store_open(":memory:", NULL, &store, NULL) != TOFU_OK) {
        puts(tofu_last_error());
        return 1;
    }
    tofu_store_free(store);
#ifdef SECOND
    if (second_library() != 42)
        return 1;
#endif
    return strcmp(tofu_version(), TOFU_WANTED) != 0;
}
C
build() { # OUTPUT then flags
    local out=$1
    shift
    cc -Wall -Wextra -Werror -DTOFU_WANTED="\"$version\"" "$work/version.c" -o "$out" "$@"
}
# shellcheck disable=SC2046
claim "a program builds from the installed tree with pkg-config alone" build "$work/shared" $(flags tofu)
claim "and runs" env LD_LIBRARY_PATH="$lib" "$work/shared"
# shellcheck disable=SC2046
claim "the C example builds from it without a warning" cc -std=c99 -pedantic -Wall -Wextra -Werror -O1 \
    "$usr/share/doc/libtofu/examples/tofu-imap.c" -o "$work/tofu-imap" $(flags tofu openssl)
claim "and runs" sh -c "LD_LIBRARY_PATH='$lib' '$work/tofu-imap' --no-such-option; [ \$? = 2 ]"
cat >"$work/adapter.cpp" <<'CPP'
#include <tofu-openssl.h>
int main()
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    tofu_store *store = nullptr;
    tofu_verdict *verdict = nullptr;
    tofu_status opened = tofu_store_open(":memory:", nullptr, &store, nullptr);
    tofu_status status = tofu_openssl_check(store, ssl, "mail.example.org", 993, nullptr, &verdict, nullptr);
    tofu_error *err = nullptr;
    bool none = tofu_openssl_check(store, nullptr, "mail.example.org", 993, nullptr, nullptr, &err) == TOFU_E_INVALID &&
                tofu_error_status(err) == TOFU_E_INVALID && tofu_error_message(err)[0] != '\0';
    tofu_error_free(err);
    bool ready = tofu_openssl_prepare(ssl, "mail.example.org", nullptr) == TOFU_OK &&
                 tofu_openssl_prepare(ssl, "no host", nullptr) == TOFU_E_NAME;
    tofu_store_free(store);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return opened == TOFU_OK && status == TOFU_E_STATE && verdict == nullptr && none && ready ? 0 : 1;
}
CPP
# shellcheck disable=SC2046
claim "the OpenSSL adapter is good C++" c++ -std=c++17 -pedantic -Wall -Wextra -Werror "$work/adapter.cpp" \
    -o "$work/adapter" $(flags tofu openssl)
claim "and refuses a handshake that is not finished" env LD_LIBRARY_PATH="$lib" "$work/adapter"

static_flags() { pkg-config --static --libs-only-l tofu | sed "s|-ltofu|$lib/libtofu.a|"; }
# shellcheck disable=SC2046
claim "a program links the archive with Libs.private alone" build "$work/static" -I"$usr/include" $(static_flags)
claim "and runs without the shared library" "$work/static"
if command -v rustc >/dev/null; then
    printf '#[unsafe(no_mangle)]\npub extern "C" fn second_library() -> u32 { std::panic::catch_unwind(|| 42).unwrap_or(0) }\n' >"$work/second.rs"
    claim "another Rust static library builds" rustc --edition 2024 --crate-type staticlib -o "$work/libsecond.a" "$work/second.rs"
    # shellcheck disable=SC2046
    claim "both Rust libraries link into one program" build "$work/both" -DSECOND -I"$usr/include" "$work/libsecond.a" $(static_flags)
    claim "and it runs" "$work/both"
else
    skip "two Rust libraries in one program" "no rustc"
fi

share=$usr/share
runs() { is "$("$usr/bin/tofuctl" --version)" "tofuctl $version"; }
claim "tofuctl is installed and runs" runs
no_runtime_library() { ! readelf -d "$usr/bin/tofuctl" | grep -q 'NEEDED.*libtofu'; }
claim "and needs no library of ours" no_runtime_library
every_page() {
    local command
    for command in $("$usr/bin/tofuctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p'); do
        [ -s "$share/man/man1/tofuctl-$command.1" ] || { echo "no page for $command"; return 1; }
    done
    [ -s "$share/man/man1/tofuctl.1" ]
}
claim "every command has a manual page" every_page
no_place() { ! grep -rl -e "$PWD" -e "$HOME/" "$share"; }
claim "no page or completion knows where it was built" no_place
completes() { bash -c '. "$1" && complete -p tofuctl' - "$share/bash-completion/completions/tofuctl" | grep -q _tofuctl; }
claim "bash completes it" completes
claim "the completions of zsh and fish are there" test -s "$share/zsh/site-functions/_tofuctl" -a -s "$share/fish/vendor_completions.d/tofuctl.fish"

claim "uninstall succeeds" make -s uninstall PREFIX="$usr"
claim "and leaves no file" is "$(find "$usr" ! -type d)" ""
claim "DESTDIR and LIBDIR are honoured" install_into DESTDIR="$work/stage" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu
staged=$work/stage/usr/lib/x86_64-linux-gnu
claim "the library is below both" test -f "$staged/libtofu.so.$version"
claim "and tofu.pc has the final path, without DESTDIR" is "$(sed -n 's/^libdir=//p' "$staged/pkgconfig/tofu.pc")" /usr/lib/x86_64-linux-gnu
claim "TOOL=0 installs the library alone" install_into TOOL=0 PREFIX="$work/alone"
claim "without tofuctl and its manual" is "$(find "$work/alone" -name '*tofuctl*' ! -path '*/share/doc/*')" ""
claims_end "installed tree"
