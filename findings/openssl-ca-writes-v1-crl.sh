#!/bin/sh
# `openssl ca -gencrl` of OpenSSL 3.0.20 writes a version 1 CRL if the configuration names neither
# crlnumber nor crl_extensions. RFC 5280 asks certification authorities for version 2. A program
# that stores certificates and reads CRLs meets such files from small private authorities.
set -eu
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cd "$d"
apt-get download openssl=3.0.20-1~deb12u2 libssl3=3.0.20-1~deb12u2 >log 2>&1 || { cat log; exit 2; }
for f in *.deb; do dpkg-deb -x "$f" root; done
LD_LIBRARY_PATH=$(dirname "$(find "$d/root" -name libssl.so.3)"); export LD_LIBRARY_PATH
o=$d/root/usr/bin/openssl
"$o" req -x509 -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=ca.test -out ca.pem 2>log
: >index.txt
printf '[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=9\n' >ca.cnf
"$o" ca -gencrl -config ca.cnf -cert ca.pem -keyfile k.pem -out crl.pem 2>log
"$o" crl -in crl.pem -noout -text | sed -n 2p | tee seen
grep -q 'Version 1 ' seen
