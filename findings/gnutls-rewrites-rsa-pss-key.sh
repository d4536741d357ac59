#!/bin/sh
# GnuTLS 3.7.9 encodes an RSA-PSS key again before it prints it, and leaves out the NULLs that
# OpenSSL writes in the parameters. The SHA-256 of the key that `certtool --pubkey-info` prints is
# therefore not the SHA-256 of the SubjectPublicKeyInfo in the certificate. People who take a pin
# from certtool for such a key have a pin that other software does not match.
set -eu
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cd "$d"
apt-get download openssl=3.0.20-1~deb12u2 libssl3=3.0.20-1~deb12u2 gnutls-bin=3.7.9-2+deb12u7 \
  libgnutls30=3.7.9-2+deb12u7 >log 2>&1 || { cat log; exit 2; }
for f in *.deb; do dpkg-deb -x "$f" root; done
LD_LIBRARY_PATH=$(dirname "$(find "$d/root" -name libssl.so.3)"); export LD_LIBRARY_PATH
o=$d/root/usr/bin/openssl
"$o" genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 \
  -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32 -out k.pem 2>log
"$o" req -x509 -new -key k.pem -sha256 -subj /CN=example.test -out c.pem
"$o" x509 -in c.pem -outform DER -out c.der
"$o" x509 -in c.pem -noout -pubkey | sed '1d;$d' | base64 -d >own.der
# The printed bytes must stand in the certificate, so that they are its own SubjectPublicKeyInfo.
python3 -c 'import sys; sys.exit(open("own.der","rb").read() not in open("c.der","rb").read())'
"$d/root/usr/bin/certtool" --pubkey-info --load-certificate c.pem >p.txt 2>log
sed -n '/BEGIN PUBLIC/,/END PUBLIC/p' p.txt | sed '1d;$d' | base64 -d >shown.der
[ -s shown.der ]
echo "in the certificate:    $(wc -c <own.der) bytes, SHA-256 $(sha256sum <own.der)"
echo "printed by certtool:   $(wc -c <shown.der) bytes, SHA-256 $(sha256sum <shown.der)"
! cmp -s own.der shown.der
