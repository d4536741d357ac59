# For scripts that start servers on loopback, to be sourced.
#
#   free_port                             prints a port on which nobody listens, below those that clients are given
#   until_it_listens NAME PID PORT LOG    waits until that process listens there; if it ends before or takes too long,
#                                         says so with the end of the log, and fails

free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# listens PID PORT: asks the kernel, because a connection would be one that the server serves and counts
listens() {
    local inode tables=/proc/net/tcp
    [ ! -e /proc/net/tcp6 ] || tables="$tables /proc/net/tcp6"
    # shellcheck disable=SC2086
    for inode in $(awk -v port=":$(printf %04X "$2")" '$4 == "0A" && $2 ~ (port "$") { print $10 }' $tables); do
        # shellcheck disable=SC2012
        ! ls -l "/proc/$1/fd" 2>/dev/null | grep -qF "socket:[$inode]" || return 0
    done
    return 1
}

until_it_listens() {
    local name=$1 pid=$2 port=$3 log=$4 end=$((SECONDS + 60)) why
    while :; do
        ! listens "$pid" "$port" || return 0
        if ! kill -0 "$pid" 2>/dev/null; then
            why="ended before it listened"
        elif [ $SECONDS -gt $end ]; then
            why="does not listen after 60 s"
        else
            sleep 0.05
            continue
        fi
        echo "$name $why on port $port:" >&2
        tail -n 20 "$log" >&2
        return 1
    done
}
