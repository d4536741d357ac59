#!/bin/bash
# Makes a static archive that exports the library's own symbols and no others: scripts/static.sh IN.a SYMBOLS OUT.a
# A Rust static library holds Rust's runtime, SQLite and the crypto provider under global names, which would clash with
# a second Rust library or another SQLite in the same program. Here the members that the exports need become one object,
# in which everything but the exports is local.
set -eu
archive=$1 symbols=$2 out=$3

mkdir -p "$(dirname "$out")"
object=${out%.a}.o
wanted=()
while read -r symbol; do
    case $symbol in '' | '#'*) ;; *) wanted+=("--undefined=$symbol") ;; esac
done <"$symbols"
# Section groups are resolved now: two such archives must not share a group whose symbols have become local.
ld -r --force-group-allocation "${wanted[@]}" -o "$object" "$archive"
# Rust's own library carries its LLVM bitcode along, which is of no use here and which LLVM's linker plugin cannot read joined.
objcopy --strip-debug --strip-unneeded --remove-section=.llvmbc --remove-section=.llvmcmd --keep-global-symbols="$symbols" "$object"
rm -f "$out"
ar rcsD "$out" "$object"
rm -f "$object"
