#!/bin/sh
# Ncat 7.93 makes itself a certificate when it listens with --ssl and is given none. The certificate
# names the address 127.0.0.1 as a dNSName, where no verifier looks for an address (RFC 9525,
# section 6.5: an iPAddress entry is needed), so `openssl verify -verify_ip 127.0.0.1` refuses what
# the program made for exactly this address. The key is a new one at each start, so a pin holds
# until the program is started again.
set -eu
d=$(mktemp -d); pid=; trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$d"' EXIT; cd "$d"
apt-get download ncat=7.93+dfsg1-1 liblua5.3-0=5.3.6-2 libpcap0.8=1.10.3-1 \
    openssl=3.0.20-1~deb12u2 libssl3=3.0.20-1~deb12u2 >log 2>&1 || { cat log; exit 2; }
for f in *.deb; do dpkg-deb -x "$f" root; done
LD_LIBRARY_PATH=$(dirname "$(find "$d/root" -name libssl.so.3)"); export LD_LIBRARY_PATH
o=$d/root/usr/bin/openssl
# Starts Ncat on a free port and keeps the certificate that it shows in $1.
shown() {
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$d/root/usr/bin/ncat" --ssl -k -l 127.0.0.1 "$port" >log 2>&1 & pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        "$o" s_client -connect 127.0.0.1:"$port" </dev/null 2>/dev/null | "$o" x509 >"$1" 2>/dev/null && break
        sleep 0.5
    done
    kill "$pid"; wait "$pid" 2>/dev/null || :; pid=
    [ -s "$1" ] || { cat log; exit 2; }
}
shown one.pem
shown two.pem
names=$("$o" x509 -in one.pem -noout -ext subjectAltName)
echo "$names"
echo "$names" | grep -q 'DNS:127\.0\.0\.1' || exit 1
! echo "$names" | grep -q 'IP Address' || exit 1
! "$o" verify -CAfile one.pem -verify_ip 127.0.0.1 one.pem 2>&1 || exit 1
[ "$("$o" x509 -in one.pem -noout -pubkey)" != "$("$o" x509 -in two.pem -noout -pubkey)" ]
