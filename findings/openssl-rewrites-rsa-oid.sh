#!/bin/sh
# OpenSSL 3.0.20 reads a key under the object identifier 2.5.8.1.1 (id-ea-rsa) as an RSA key, and
# `openssl x509 -pubkey` prints it under rsaEncryption instead. A pin that is made from this output
# is not the SHA-256 of the SubjectPublicKeyInfo in the certificate. Programs that pin keys should
# hash the bytes of the certificate and never a key that a library has encoded again.
set -eu
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cd "$d"
apt-get download openssl=3.0.20-1~deb12u2 libssl3=3.0.20-1~deb12u2 >log 2>&1 || { cat log; exit 2; }
for f in *.deb; do dpkg-deb -x "$f" root; done
LD_LIBRARY_PATH=$(dirname "$(find "$d/root" -name libssl.so.3)"); export LD_LIBRARY_PATH
o=$d/root/usr/bin/openssl
"$o" req -x509 -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=example.test -outform DER -out a.der 2>log
cat >make.py <<'P'
import hashlib, subprocess
def tlv(b, i=0):
    n, h = b[i + 1], 2
    if n & 128:
        h += n & 127; n = int.from_bytes(b[i + 2:i + h], "big")
    return b[i:i + h + n], b[i + h:i + h + n]
def parts(b):
    out = []
    while b:
        t, _ = tlv(b); out.append(t); b = b[len(t):]
    return out
def seq(b, tag=48):
    n = len(b)
    s = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([n]) if n < 128 else bytes([128 | len(s)]) + s) + b
tbs, alg, _ = parts(tlv(open("a.der", "rb").read())[1])
fields = parts(tlv(tbs)[1])
_, key = parts(tlv(fields[6])[1])
fields[6] = seq(seq(bytes.fromhex("06045508010105" "00")) + key)
tbs = seq(b"".join(fields)); open("tbs", "wb").write(tbs)
sig = subprocess.check_output(["root/usr/bin/openssl", "dgst", "-sha256", "-sign", "k.pem", "tbs"])
open("c.der", "wb").write(seq(tbs + alg + seq(b"\0" + sig, 3)))
print(hashlib.sha256(fields[6]).hexdigest())
P
own=$(python3 make.py)
"$o" x509 -inform DER -in c.der -out c.pem
"$o" verify -check_ss_sig -CAfile c.pem c.pem
"$o" x509 -in c.pem -noout -pubkey >p.pem
shown=$("$o" pkey -pubin -in p.pem -outform DER | sha256sum | cut -d' ' -f1)
echo "SHA-256 of the key in the certificate: $own"
echo "SHA-256 of what openssl prints:        $shown"
[ -n "$shown" ] && [ "$own" != "$shown" ]
