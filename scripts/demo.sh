#!/bin/bash
# The life of a server as libtofu sees it: a real Dovecot on loopback, tofu-imap and tofuctl, built from this tree.
#   scripts/demo.sh               the whole walk
#   scripts/demo.sh HOST[:PORT]   what tofuctl says of that server at first contact, without logging in
# Everything made lies in one temporary directory, removed at the end with the server; no other store is touched.
set -eu -o pipefail
cd "$(dirname "$0")/.."
. scripts/certs.sh
. scripts/dovecot.sh

host=${1:-}
name=mail.example.org
packages="gcc libc6-dev make ca-certificates"
[ -n "$host" ] || packages="$packages pkg-config libssl-dev openssl dovecot-imapd"
command -v cargo >/dev/null || { echo "missing: a Rust toolchain (cargo)" >&2; exit 1; }
# shellcheck disable=SC2086
bash scripts/need.sh $packages

work=$(mktemp -d)
trap 'dovecot_stop "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset TOFU_IMAP_USER TOFU_IMAP_PASSWORD
export XDG_DATA_HOME=$work/home

heading() { printf '\n=== %s\n\n' "$*"; }

build() {
    echo "Building the library and tofuctl ..."
    make -s install PREFIX="$work/usr" PROFILE="${PROFILE:-release}" CARGO="${CARGO:-cargo}" >"$work/build.log" 2>&1 ||
        { cat "$work/build.log" >&2; exit 1; }
    tofuctl=$work/usr/bin/tofuctl
}

build_imap() {
    # shellcheck disable=SC2046
    cc -O2 -o "$work/tofu-imap" bindings/c/tofu-imap.c \
        $(PKG_CONFIG_PATH="$work/usr/lib/pkgconfig" pkg-config --cflags --libs tofu openssl) -Wl,-rpath,"$work/usr/lib"
}

# The explanation of a first contact and the dialogue are shown in full once.
shorten() { awk '/^What is wrong/ { print "  (explained as above)\n"; skip = 1 } /^Trust this/ { skip = 0 } !skip' | cut -c1-100; }
fold() { awk '/^  [CS]: / { n++; next } { print } END { if (n) print "  (IMAP dialogue as before, " n " lines, to LOGOUT)" }'; }

# contact EXPECTED FILTER OPTION...: one connection; stops the demo when the exit status is not the expected one
contact() {
    local expected=$1 filter=$2 status=0 shown
    shift 2
    shown=$(printf '%s ' "$@" | sed "s|$work/||g; s/^ *//")
    echo "\$ tofu-imap $shown$name:$DOVECOT_PORT"
    "$work/tofu-imap" --store "$work/pins/pins.db" --connect 127.0.0.1 "$@" "$name:$DOVECOT_PORT" 2>&1 </dev/null |
        "$filter" || status=$?
    echo "(exit status $status)"
    [ $status = "$expected" ] || { echo "demo: expected exit status $expected" >&2; exit 1; }
}

serve() {
    dovecot_stop "$work"
    dovecot_start "$work" "${DOVECOT_PORT:-0}" "$work/$1.pem" "$work/$2.key"
}

walk() {
    local logins
    certs_key "$work" first
    certs_self "$work" first first "$name" 365
    certs_self "$work" renewed first "$name" 730
    certs_key "$work" other
    certs_self "$work" other other "$name" 365
    certs_root "$work" root
    certs_signed "$work" signed root "$name"
    export TOFU_IMAP_USER=alice TOFU_IMAP_PASSWORD=demo
    serve first first
    echo "Dovecot $("$DOVECOT" --version | cut -d' ' -f1) serves $name on 127.0.0.1:$DOVECOT_PORT, self-signed."

    heading "1. First contact, and nobody there to answer: nothing is trusted"
    contact 3 fold
    heading "2. First contact, answered with yes: remembered, and on the same connection the login goes on"
    contact 0 shorten --answer yes
    heading "3. The same server again: no question"
    contact 0 fold
    heading "4. The certificate was renewed with the same key: no question"
    serve renewed first
    contact 0 fold
    heading "5. Another key answers in its place, and nobody is there to answer: refused"
    logins=$(dovecot_logins "$work")
    serve other other
    contact 3 fold
    [ "$(dovecot_logins "$work")" = "$logins" ] || { echo "demo: a login went to the wrong server" >&2; exit 1; }
    echo "Dovecot's log shows $logins logins, as before: no credential was sent. Its last line:"
    grep 'imap-login:' "$work/dovecot.log" | tail -n 1 | cut -d' ' -f4- | cut -c1-100
    heading "6. A certificate from a private root, which this client does not know: refused"
    serve signed signed
    contact 3 fold --answer no
    heading "7. The same, with the root given: accepted, verified"
    contact 0 fold --cafile "$work/root.pem"
    heading "8. An account that knows the server as verified only meets the other key: a yes is not enough"
    contact 0 fold --account bob --cafile "$work/root.pem"
    serve other other
    contact 3 fold --account bob --cafile "$work/root.pem" --answer yes
    heading "9. The user has the new fingerprint from another source and types it: trusted"
    contact 0 shorten --account bob --cafile "$work/root.pem" --answer "$(certs_fingerprint "$work/other.pem")"
    heading "10. What is remembered of the server, and what happened"
    echo "\$ tofuctl list"
    "$tofuctl" --store "$work/pins/pins.db" list
    echo
    echo "\$ tofuctl log"
    "$tofuctl" --store "$work/pins/pins.db" log | sed "s|$work/||"
    heading "The end: Dovecot is stopped, the store and all else in $work removed."
}

build
if [ -n "$host" ]; then
    heading "First contact with $host (a temporary store, no login)"
    status=0
    "$tofuctl" --store "$work/pins/pins.db" check --no-ask "$host" || status=$?
    echo "(exit status $status; the temporary store is removed)"
    # A question or a refusal is a good demonstration too; only an error is none.
    case $status in 0 | 3 | 4) exit 0 ;; *) exit "$status" ;; esac
fi
build_imap
walk
