#!/bin/sh
# Makes the authorities, revocation lists and OCSP responses of tests/path/problems/{lists,staples}.rs
# that need RSA or ECDSA, with openssl 3. Keys and signatures are new on every run. Run it here: ./generate.sh
# Private keys stay in a directory that is removed at the end.
set -eu
cd "$(dirname "$0")"
out=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -f ./*.pem ./*.der
cd "$work"

for bits in 768 1024 2048 P-256 P-384 P-521; do
    cat > ca.cnf <<CNF
[ca]
default_ca = any
[any]
database = index-$bits.txt
new_certs_dir = .
serial = serial-$bits.txt
policy = anything
default_md = sha256
unique_subject = no
default_crl_days = 36500
[anything]
commonName = optional
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
subjectAltName = DNS:mail.example
authorityKeyIdentifier = keyid
[crlx]
authorityKeyIdentifier = keyid
CNF
    : > "index-$bits.txt"; echo 1000 > "serial-$bits.txt"
    kind=rsa$bits
    case $bits in P-*) kind=$bits ;; esac
    ca=ca-$kind leaf=leaf-$kind
    case $bits in
    P-*) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:$bits -out $ca.key ;;
    *) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:$bits -out $ca.key ;;
    esac
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $leaf.key
    openssl req -new -config ca.cnf -key $ca.key -subj "/CN=Private CA $bits" -out $ca.csr
    openssl req -new -config ca.cnf -key $leaf.key -subj "/CN=mail.example" -out $leaf.csr
    sign() { openssl ca -batch -notext -config ca.cnf -startdate 20260101000000Z -enddate 20500101000000Z "$@" 2>/dev/null; }
    sign -selfsign -keyfile $ca.key -in $ca.csr -extensions root -out "$out/$ca.pem"
    sign -cert "$out/$ca.pem" -keyfile $ca.key -in $leaf.csr -extensions leaf -out "$out/$leaf.pem"
    issuer="-config ca.cnf -cert $out/$ca.pem -keyfile $ca.key"
    openssl ca $issuer -revoke "$out/$leaf.pem" 2>/dev/null
    list() { # NAME OPTIONS
        name=$1; shift
        openssl ca $issuer -gencrl -crl_lastupdate 20260101000000Z -crl_nextupdate 20500101000000Z "$@" 2>/dev/null |
            openssl crl -outform DER -out "$out/$kind-$name.der"
    }
    answer() { # DIGEST
        openssl ocsp -index "index-$bits.txt" -CA "$out/$ca.pem" -issuer "$out/$ca.pem" -cert "$out/$leaf.pem" \
            -rsigner "$out/$ca.pem" -rkey $ca.key -rmd "$1" -ndays 3650 -no_nonce \
            -respout "$out/$kind-ocsp-$1.der" >/dev/null 2>&1
    }
    case $bits in
    768) list sha256 -md sha256; continue ;;
    P-*) for digest in sha1 sha224 sha512; do list $digest -md $digest; done; continue ;;
    esac
    list v1 -md sha256                   # openssl writes version 1 where there is neither number nor extension
    list no-number -md sha256 -crlexts crlx
    for digest in sha1 sha224 sha384 md5; do list $digest -md $digest; done
    for digest in sha1 sha224 sha256; do answer $digest; done
done
