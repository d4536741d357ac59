#!/bin/bash
# Builds the libFuzzer targets of fuzz/ and runs each for so many minutes, one after the other, at the
# lowest priority. Stable Rust is enough: the flags are those of cargo-fuzz, without a sanitizer,
# which the library's safe code needs least. Target folder: FUZZ_TARGET_DIR, or fuzz/target.
#   fuzz.sh MINUTES [TARGET...]     0 minutes: build only
set -eu
cd "$(dirname "$0")/../fuzz"
minutes=${1:?"usage: fuzz.sh MINUTES [TARGET...]"}
shift
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-$PWD/target}
# Only what is built for the target is instrumented; build scripts and macros are not.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=4"
"${CARGO:-cargo}" build --locked --release --bins --target "$host"
[ "$minutes" != 0 ] || exit 0
built=$CARGO_TARGET_DIR/$host/release
[ $# -gt 0 ] || set -- $(cd targets && ls ./*.rs | sed 's|^\./||; s|\.rs$||')
status=0
for target; do
    # What is found goes beside the build; the seeds in the tree are only read.
    mkdir -p "$CARGO_TARGET_DIR/corpus/$target" "$CARGO_TARGET_DIR/crashes/$target"
    echo "=== $target, $minutes min"
    nice -n 19 "$built/$target" -max_total_time=$((minutes * 60)) -timeout=30 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$CARGO_TARGET_DIR/crashes/$target/" \
        "$CARGO_TARGET_DIR/corpus/$target" "seeds/$target" 2>&1 | tee "$CARGO_TARGET_DIR/$target.log" |
        grep -E '^(==|SUMMARY|stat::number_of|artifact|thread|.*ERROR)' || true
    grep -q '^stat::number_of_executed_units' "$CARGO_TARGET_DIR/$target.log" || { echo "$target: did not run"; status=1; }
    [ -z "$(ls "$CARGO_TARGET_DIR/crashes/$target")" ] || { echo "$target: found $(ls "$CARGO_TARGET_DIR/crashes/$target")"; status=1; }
done
exit $status
