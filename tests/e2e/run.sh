#!/bin/bash
# One small life of a server, through every language's example program: tests/e2e/run.sh [LANGUAGE...]
# Each program takes the same options and gives the same exit statuses, connects to the same Dovecot, and has a store
# of its own. A further language is one more function build_LANGUAGE, which leaves an executable at its first argument.
set -eu
cd "$(dirname "$0")/../.."
. scripts/claims.sh
. scripts/certs.sh
. scripts/dovecot.sh

languages=${*:-c go}
name=mail.example.org
work=$(mktemp -d)
odd_pid=
trap '[ -z "$odd_pid" ] || kill "$odd_pid"; dovecot_stop "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export TOFU_IMAP_USER=alice TOFU_IMAP_PASSWORD=demo

# Always the same place: Go's build cache keeps the linker flags that pkg-config gave the first time.
prefix=$(realpath -m "${CARGO_TARGET_DIR:-target}/check")
make -s install PREFIX="$prefix" PROFILE="${PROFILE:-dev}" CARGO="${CARGO:-cargo}" >&2
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib

# shellcheck disable=SC2046
build_c() { cc -o "$1" bindings/c/tofu-imap.c $(pkg-config --cflags --libs tofu openssl); }
build_go() { (cd bindings/go && go build -o "$1" ./examples/imap); }

serve() {
    dovecot_stop "$work"
    dovecot_start "$work" "${DOVECOT_PORT:-0}" "$work/$1.pem" "$work/$2.key"
}

# odd_serve TEXT [CERTIFICATE OPTION...]: an openssl s_server that says TEXT to its first client and takes no other one.
# Its certificate is the first one unless another one is named.
odd_serve() {
    local text=$1 cert=${2:-first}
    shift
    [ $# = 0 ] || shift
    odd_stop
    rm -f "$work/say" "$work/odd.log"
    mkfifo "$work/say"
    exec 9<>"$work/say"
    openssl s_server -accept "127.0.0.1:$DOVECOT_PORT" -cert "$work/$cert.pem" -key "$work/$cert.key" -naccept 1 "$@" \
        <"$work/say" >"$work/odd.log" 2>&1 9>&- &
    odd_pid=$!
    until_it_listens "openssl s_server" "$odd_pid" "$DOVECOT_PORT" "$work/odd.log"
    printf '%s\n' "$text" >&9
}

odd_stop() {
    [ -n "$odd_pid" ] || return 0
    kill "$odd_pid" 2>/dev/null || true
    wait "$odd_pid" 2>/dev/null || true
    odd_pid=
}

# odd_contact LANGUAGE MESSAGE: the client ends with an error that says so
odd_contact() {
    local output
    output=$(contact "$1" 1 0 "${roots[@]}" 2>&1) || { echo "$output"; return 1; }
    case $output in *"$2"*) ;; *) echo "$output"; return 1 ;; esac
}

# contact LANGUAGE EXPECTED LOGINS OPTION...: one connection ends with that status and causes that many logins. It does
# not trust the system's roots, unless $system is set; "other-root" is a root that has signed nothing here.
contact() {
    local language=$1 expected=$2 logins=$3 status=0 before after
    shift 3
    before=$(dovecot_logins "$work")
    timeout 60 "$work/$language" --store "$work/$language-store/pins.db" --connect 127.0.0.1 \
        ${system---no-system-roots} "$@" "$name:$DOVECOT_PORT" || status=$?
    after=$(dovecot_logins "$work")
    [ $status = "$expected" ] || { echo "exit status $status, expected $expected"; return 1; }
    [ $((after - before)) = "$logins" ] || { echo "$((after - before)) logins, expected $logins"; return 1; }
}

# typed LANGUAGE ANSWER OPTION...: the same on a terminal, where a person types the answer
typed() {
    local language=$1 answer=$2
    shift 2
    { sleep 1; echo "$answer"; sleep 2; } | timeout 60 script -qec "$(printf '%q ' "$work/$language" --store \
        "$work/$language-store/pins.db" --connect 127.0.0.1 --no-system-roots "$@" "$name:$DOVECOT_PORT")" /dev/null
}

contact_under_valgrind() {
    printf '#!/bin/sh\nexec valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \\\n    --error-exitcode=9 "%s" "$@"\n' "$work/c" >"$work/c-under-valgrind"
    chmod +x "$work/c-under-valgrind"
    contact c-under-valgrind 0 1 --store "$work/c-store/pins.db" "${roots[@]}"
}

# step "what" EXPECTED LOGINS OPTION...: the same contact in every language
step() {
    local what=$1 language
    shift
    for language in $languages; do
        claim "$language: $what" contact "$language" "$@"
    done
}

# policy PRESET: what the user sets for all servers, in the stores of all languages
policy() {
    local language
    for language in $languages; do
        "$prefix/bin/tofuctl" --quiet --store "$work/$language-store/pins.db" policy set "preset=$1"
    done
}

certs_key "$work" first
certs_self "$work" first first "$name" 365
certs_self "$work" renewed first "$name" 730
certs_key "$work" other
certs_self "$work" other other "$name" 365
certs_root "$work" other-root
certs_root "$work" root
certs_signed "$work" signed root "$name"
certs_ocsp "$work" signed root good
certs_ocsp "$work" signed root revoked
for language in $languages; do
    claim "$language: the example builds" "build_$language" "$work/$language"
done
roots=(--cafile "$work/other-root.pem")

serve first first
step "first contact with nobody to ask stops" 3 0 "${roots[@]}"
step "first contact answered with no stops" 3 0 "${roots[@]}" --answer no
step "a wrong fingerprint stops" 3 0 "${roots[@]}" --answer "$(printf '00:%.0s' {1..31})00"
step "a yes lets the same connection log in" 0 1 "${roots[@]}" --answer yes
step "the known server is accepted without an answer" 0 1 "${roots[@]}"
step "another account is asked for itself" 3 0 "${roots[@]}" --account bob
step "and may answer with the fingerprint" 0 1 "${roots[@]}" --account bob --answer "$(certs_fingerprint "$work/first.pem")"
if script -qec true /dev/null >/dev/null 2>&1; then
    for language in $languages; do
        claim "$language: a yes typed on a terminal is taken" typed "$language" yes "${roots[@]}" --account terminal
    done
    step "and is remembered" 0 1 "${roots[@]}" --account terminal
else
    skip "answers on a terminal" "script(1) is missing, or there are no pseudo-terminals"
fi
if command -v valgrind >/dev/null; then
    for language in $languages; do
        [ "$language" != c ] || claim "c: a whole session leaks and misuses nothing" contact_under_valgrind
    done
else
    skip "the C program's use of memory" "valgrind is not installed"
fi
step "a root file that is none is an error" 1 0 --cafile "$work/first.key"
step "an account with a line feed is an error" 1 0 "${roots[@]}" --account $'a\nb'
serve renewed first
step "a renewal with the same key is accepted" 0 1 "${roots[@]}"
serve other other
step "another key stops with nobody to ask" 3 0 "${roots[@]}"
step "another key answered with no stops" 3 0 "${roots[@]}" --answer no
step "the old certificate's fingerprint does not help" 3 0 "${roots[@]}" --answer "$(certs_fingerprint "$work/renewed.pem")"
step "the new certificate's fingerprint lets it log in" 0 1 "${roots[@]}" --account bob --answer "$(certs_fingerprint "$work/other.pem")"

dovecot_stop "$work"
long=$(head -c 20000 /dev/zero | tr '\0' a)
for language in $languages; do
    odd_serve "220 smtp.example.org ESMTP"
    claim "$language: a greeting of another protocol ends the dialogue" odd_contact "$language" "not an IMAP greeting"
    odd_serve "$long"
    claim "$language: a line without end is cut off" odd_contact "$language" "a line of more than"
    odd_serve "* OK ready"$'\n'"a1 NO never"
    claim "$language: a refused command ends the dialogue" odd_contact "$language" "the server said no"
done
odd_stop

serve signed signed
step "a certificate of an unknown root stops" 3 0 "${roots[@]}"
step "it is accepted with the root" 0 1 --cafile "$work/root.pem"

# A root that the program adds leaves the policy of the user in force.
policy strict
step "a private root does not loosen a strict policy" 4 0 --cafile "$work/root.pem" --account strict
step "and nothing can be answered there" 4 0 --cafile "$work/root.pem" --account strict --answer yes
policy ca-only
step "a policy for valid certificates rejects an unknown root" 4 0 "${roots[@]}" --account strict
step "and accepts the root that is added" 0 1 --cafile "$work/root.pem" --account strict
policy default

dovecot_stop "$work"
session="* OK ready"$'\n'"a1 OK"$'\n'"a2 OK"$'\n'"a2 OK"$'\n'"a2 OK"$'\n'"a3 OK"$'\n'"a4 OK"
for language in $languages; do
    odd_serve "$session" signed -status_file "$work/signed-good.ocsp"
    claim "$language: a stapled response that says good is accepted" contact "$language" 0 0 --cafile "$work/root.pem"
    odd_serve "$session" signed -status_file "$work/signed-revoked.ocsp"
    claim "$language: a stapled response that says revoked is rejected" \
        contact "$language" 4 0 --cafile "$work/root.pem" --answer yes
done
odd_stop

# A server that a CA vouched for, and that no CA vouches for any more.
fingerprint=$(certs_fingerprint "$work/other.pem")
serve signed signed
export SSL_CERT_FILE=$work/root.pem
system='' step "a root of the system vouches for the server" 0 1 --account downgraded
serve other other
step "a downgrade from a root of the program alone takes no yes" 3 0 --cafile "$work/root.pem" --account strict --answer yes
step "a downgrade from a root of the program alone takes the typed fingerprint" 0 1 --cafile "$work/root.pem" \
    --account strict --answer "$fingerprint"
system='' step "a downgrade is rejected" 4 0 --account downgraded
system='' step "a downgrade takes no yes" 4 0 --account downgraded --answer yes
system='' step "a downgrade takes no other fingerprint" 4 0 --account downgraded \
    --answer "$(certs_fingerprint "$work/signed.pem")"
system='' step "a downgrade takes the typed fingerprint" 0 1 --account downgraded --answer "$fingerprint"
system='' step "and it is remembered" 0 1 --account downgraded
unset SSL_CERT_FILE

for language in $languages; do
    printf 'not a store' >"$work/$language-store/pins.db"
    rm -f "$work/$language-store"/pins.db-*
done
step "a damaged store is an error, not a first contact" 1 0 "${roots[@]}" --answer yes
dovecot_stop "$work"
step "a server that is not there is an error" 1 0 "${roots[@]}"
claims_end "scenarios"
