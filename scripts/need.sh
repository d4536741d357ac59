#!/bin/bash
# Makes sure that Debian packages are there: scripts/need.sh PACKAGE...
# Known ones are looked for by what they provide, so that another distribution's version will do. What is missing is
# installed as root or through a sudo that asks no password; otherwise it is named and the status is 1. No service is
# started or enabled by the installation.
set -eu

have() {
    case $1 in
    libssl-dev) pkg-config --exists openssl 2>/dev/null ;;
    libgnutls28-dev) pkg-config --exists gnutls 2>/dev/null ;;
    pkg-config | make | openssl | valgrind | gcc | g++ | clang | luajit) command -v "$1" >/dev/null ;;
    python3-cffi) python3 -c 'import cffi' 2>/dev/null || /usr/bin/python3 -c 'import cffi' 2>/dev/null ;;
    binutils) command -v objcopy >/dev/null && command -v readelf >/dev/null ;;
    golang-go) command -v go >/dev/null ;;
    bsdutils) command -v script >/dev/null ;;
    ca-certificates) [ -n "${SSL_CERT_FILE:-}" ] || [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -s /etc/pki/tls/cert.pem ] ;;
    libc6-dev) echo '#include <stdio.h>' | cc -E -xc - >/dev/null 2>&1 ;;
    dovecot-imapd) { command -v dovecot || [ -x /usr/sbin/dovecot ]; } >/dev/null && [ -x /usr/lib/dovecot/imap ] ||
        [ -x /usr/libexec/dovecot/imap ] ;;
    # Installing Postfix would take away whatever mail server this machine has; its tests are then skipped.
    postfix) [ -x /usr/sbin/postfix ] || [ -e /usr/sbin/sendmail ] ;;
    *) dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q ' installed$' ;;
    esac
}

# The services and sockets that start with the machine.
enabled() {
    [ -d /run/systemd/system ] || return 0
    systemctl list-unit-files --type=service,socket --state=enabled --no-legend 2>/dev/null | cut -d' ' -f1
}

# As root: installs "$@" with Debian's policy-rc.d answering "start nothing" meanwhile; the one that was there returns.
install_as_root() {
    local rc=/usr/sbin/policy-rc.d kept="" status=0 before unit
    before=$(enabled)
    if [ -e $rc ]; then
        kept=$(mktemp -p /usr/sbin policy-rc.d.XXXXXX)
        cp -a $rc "$kept"
    fi
    # shellcheck disable=SC2064
    trap "rm -f $rc; [ -z '$kept' ] || mv '$kept' $rc" EXIT
    printf '#!/bin/sh\nexit 101\n' >$rc
    chmod 755 $rc
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >&2 && apt-get install -q -y --no-install-recommends "$@" >&2 || status=$?
    for unit in $(enabled); do
        grep -qxF "$unit" <<<"$before" || systemctl disable --quiet "$unit" 2>/dev/null || true
    done
    return $status
}

if [ "${1:-}" = --as-root ]; then
    shift
    install_as_root "$@"
    exit
fi

missing=()
for package; do
    have "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "missing, under their Debian names: ${missing[*]}" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    echo "installing: ${missing[*]}" >&2
    bash "$0" --as-root "${missing[@]}"
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    echo "installing through sudo: ${missing[*]}" >&2
    sudo -n bash "$0" --as-root "${missing[@]}"
else
    echo "missing; as root, run:  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

for package in "${missing[@]}"; do
    have "$package" || { echo "$package was installed, but what it should provide is not found" >&2; exit 1; }
done
