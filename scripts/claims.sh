# For test scripts, to be sourced: claims that hold or do not, counted.
#
#   claim "what should be so" COMMAND...     runs it quietly; shows its output where it does not hold
#   skip "what" "why"                        one that cannot be tried here
#   claims_end NAME                          prints "NAME: N passed, N failed, N skipped"; status 1 if any failed

claims_passed=0 claims_failed=0 claims_skipped=0

claim() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then
        claims_passed=$((claims_passed + 1))
        echo "ok      $what"
    else
        claims_failed=$((claims_failed + 1))
        echo "FAILED  $what"
        printf '%s\n' "$output" | sed 's/^/        /'
    fi
}

skip() {
    claims_skipped=$((claims_skipped + 1))
    echo "skipped $1: $2"
}

claims_end() {
    echo "$1: $claims_passed passed, $claims_failed failed, $claims_skipped skipped"
    [ $claims_failed = 0 ]
}
