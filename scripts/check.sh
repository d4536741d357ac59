#!/bin/bash
# Every check, one after the other; a failure does not stop the others, save that of the library's build. The last line
# has the totals over all suites: a Rust, Go or script test counts as one each, a tool that only succeeds or not
# (rustfmt, clippy, ...) as one.
set -u
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
started=$SECONDS
passed=0 failed=0 skipped=0
command -v cargo >/dev/null || { echo "missing: a Rust toolchain (cargo)" >&2; exit 1; }
bash scripts/need.sh gcc g++ libc6-dev make binutils pkg-config libssl-dev openssl ca-certificates \
    golang-go valgrind strace gnutls-bin e2fsprogs bsdutils dovecot-imapd || exit 1
# Without these, the tests that want them say that they were skipped.
bash scripts/need.sh mandoc zsh fish dovecot-pop3d dovecot-managesieved dovecot-lmtpd dovecot-submissiond postfix slapd \
    postgresql prosody vsftpd clang luajit python3-cffi || echo "going on without them" >&2

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# suite KIND NAME COMMAND...: runs it, showing and keeping its output, then counts by KIND
suite() {
    local kind=$1 name=$2 status begun=$SECONDS p=0 f=0 s=0
    shift 2
    echo
    echo "=== $name"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    case $kind in
    cargo)
        read -r p f s < <(awk '/^test result:/ { p += $4; f += $6; s += $8 } END { print p + 0, f + 0, s + 0 }' "$log") ;;
    go)
        p=$(grep -c '^--- PASS' "$log") f=$(grep -c '^--- FAIL' "$log") s=$(grep -c '^--- SKIP' "$log") ;;
    claims)
        read -r p f s < <(sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log" | tail -n 1) ;;
    esac
    p=${p:-0} f=${f:-0} s=${s:-0}
    if [ "$kind" = step ] && [ "$status" = 0 ]; then p=1; fi
    # A suite that fails without naming a test (it did not compile, say) is one failure.
    if [ "$status" != 0 ] && [ "$f" = 0 ]; then f=1; fi
    # A suite that ran nothing at all is no success.
    if [ $((p + f + s)) = 0 ]; then f=1; fi
    echo "--- $name: $p passed, $f failed, $s skipped, $((SECONDS - begun)) s"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    return "$status"
}

finish() {
    echo
    echo "in $((SECONDS - started)) s"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ $failed = 0 ]
    exit
}

# Rust tests that cannot run for want of something outside say so in a line that begins with "skipped"; the test
# harness has counted them as passed.
said_skipped() {
    local n
    n=$(grep -c '^skipped' "$log")
    passed=$((passed - n)) skipped=$((skipped + n))
    [ "$n" = 0 ] || echo "--- of these, $n said that they were skipped"
}

no_unformatted_go() { local odd; odd=$(cd bindings/go && gofmt -l .); echo "$odd"; [ -z "$odd" ]; }
# The fuzz targets are a workspace of their own: a dependency added here must be locked there too.
fuzz_lock_is_current() { "$cargo" metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null; }
in_go() { (cd bindings/go && "$@"); }

suite step "rustfmt" cargo fmt --check
suite step "clippy" "$cargo" clippy --locked --all-targets -- -D warnings
suite step "the other provider" "$cargo" check --locked --lib --no-default-features --features ring,bundled-sqlite
suite step "fuzz/Cargo.lock" fuzz_lock_is_current
suite step "library" make -s all PROFILE=dev CARGO="$cargo" || finish
suite cargo "Rust and C tests" "$cargo" test --locked --no-fail-fast -- --show-output
said_skipped
suite step "documentation" env RUSTDOCFLAGS="-D warnings" "$cargo" doc --locked --no-deps
export PROFILE=dev
suite claims "installed tree" bash tests/install.sh
prefix=$(realpath -m "${CARGO_TARGET_DIR:-target}/check")
suite step "tree for the bindings" make -s install PREFIX="$prefix" CARGO="$cargo"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
suite step "gofmt" no_unformatted_go
suite step "go vet" in_go go vet ./...
suite go "Go tests" in_go go test -count=1 -v ./...
suite claims "scenarios in every language" bash tests/e2e/run.sh
finish
