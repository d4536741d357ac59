# A real Dovecot on loopback, to be sourced. Everything it has lies in one directory that the caller made and removes;
# it runs as root or as an ordinary user, and is stopped by its own pid.
#
#   dovecot_start DIR PORT CERT KEY   starts it; PORT 0 picks a free one; the port is then in $DOVECOT_PORT
#   dovecot_stop DIR
#   dovecot_logins DIR                how many logins its log shows

. "$(dirname "${BASH_SOURCE[0]}")/serving.sh"

DOVECOT=$(command -v dovecot || echo /usr/sbin/dovecot)

# Writes the configuration. Root must give mail to somebody else: Dovecot refuses a user id of 0.
dovecot_config() {
    local dir=$1 port=$2 cert=$3 key=$4 me group mail_user mail_group internal login
    me=$(id -un) group=$(id -gn)
    if [ "$(id -u)" = 0 ]; then
        mail_user=nobody mail_group=nogroup internal=dovecot login=dovenull
        chmod 711 "$dir"
        chown -R nobody:nogroup "$dir/mail"
    else
        mail_user=$me mail_group=$group internal=$me login=$me
        printf 'default_internal_group = %s\n' "$group"
        printf 'service %s {\n  chroot =\n}\n' anvil imap-login stats
    fi
    cat <<CONFIG
base_dir = $dir/run
state_dir = $dir/state
log_path = $dir/dovecot.log
auth_verbose = yes
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <$cert
ssl_key = <$key
ssl_min_protocol = TLSv1.2
default_internal_user = $internal
default_login_user = $login
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:$dir/mail
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = $port
    ssl = yes
  }
}
passdb {
  driver = static
  args = password=demo
}
userdb {
  driver = static
  args = uid=$mail_user gid=$mail_group home=$dir/mail
}
CONFIG
}

dovecot_start() {
    local dir=$1 port=$2 try turn
    mkdir -p "$dir/run" "$dir/state" "$dir/mail"
    for try in 1 2 3; do
        DOVECOT_PORT=$port
        [ "$port" != 0 ] || DOVECOT_PORT=$(free_port)
        dovecot_config "$dir" "$DOVECOT_PORT" "$3" "$4" >"$dir/dovecot.conf"
        if "$DOVECOT" -c "$dir/dovecot.conf" 2>>"$dir/start.log"; then
            # Dovecot writes its pid after it has gone to the background.
            for turn in $(seq 100); do
                [ ! -s "$dir/run/master.pid" ] || break
                sleep 0.05
            done
            until_it_listens Dovecot "$(cat "$dir/run/master.pid")" "$DOVECOT_PORT" "$dir/dovecot.log" && return 0
        fi
        dovecot_stop "$dir"
    done
    echo "Dovecot did not start:" >&2
    cat "$dir/start.log" "$dir/dovecot.log" >&2 2>/dev/null || true
    return 1
}

# The master ends its children itself; the wait is for the port to be free again.
dovecot_stop() {
    local pid turn
    pid=$(cat "$1/run/master.pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || true
    for turn in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.05
    done
    kill -9 "$pid" 2>/dev/null || true
}

dovecot_logins() {
    grep -c 'imap-login: .*Login: ' "$1/dovecot.log" 2>/dev/null || true
}
