#!/bin/sh
# Makes the certificates of the C tests anew. They are committed, with fixed dates from 2025 to 2049, so that the tests
# depend on no clock; this script says what they are. Needs openssl 3.0 or later. Keys are made and thrown away.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
}

start=20250101000000Z end=20490101000000Z

# issue NAME KEY SERIAL SUBJECT ISSUER EXTENSIONS...: signed by ISSUER's key, "self" for its own
issue() {
    name=$1 key=$2 serial=$3 subject=$4 issuer=$5
    shift 5
    printf '%s\n' "$@" >ext
    openssl req -new -key "$key.key" -subj "$subject" -out csr 2>/dev/null
    echo "$serial" >serial
    : >index
    {
        echo "[ca]"
        echo "database = index"
        echo "serial = serial"
        echo "new_certs_dir = ."
        echo "default_md = sha256"
        echo "policy = any"
        echo "unique_subject = no"
        echo "[any]"
        echo "organizationName = optional"
        echo "commonName = optional"
    } >conf
    if [ "$issuer" = self ]; then
        signer="-selfsign -keyfile $key.key"
    else
        signer="-cert $here/$issuer.pem -keyfile $issuer.key"
    fi
    # shellcheck disable=SC2086
    openssl ca -batch -config conf -name ca $signer -in csr -extfile ext -notext -out "$here/$name.pem" \
        -startdate $start -enddate $end 2>/dev/null
}

for k in first second root below brief; do key $k; done
# What openssl req -x509 gives by default: a CA certificate that a mail server presents.
issue first first 1001 "/O=Example/CN=mail.example" self \
    subjectAltName=DNS:mail.example basicConstraints=critical,CA:TRUE
issue renewed first 1002 "/O=Example/CN=mail.example" self \
    subjectAltName=DNS:mail.example basicConstraints=critical,CA:TRUE
issue second second 1003 "/O=Example/CN=mail.example" self \
    subjectAltName=DNS:mail.example basicConstraints=critical,CA:TRUE
issue root root 1004 "/O=Example/CN=Example Root" self \
    basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash
issue below below 1005 "/O=Example/CN=mail.example" root \
    subjectAltName=DNS:mail.example basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
    extendedKeyUsage=serverAuth subjectKeyIdentifier=hash authorityKeyIdentifier=keyid
# A subject that would steer a terminal if it were printed as it is.
issue hostile first 1006 "$(printf '/O=Ex\033[31mample/CN=mail.example')" self subjectAltName=DNS:mail.example
# One that a server makes for itself at each start: it lives for six days around 2040-01-01.
start=20391229000000Z end=20400104000000Z
issue brief brief 1007 "/O=Example/CN=mail.example" self subjectAltName=DNS:mail.example

# A revocation list of the root that names the certificate below it.
echo 01 >crlnumber
sed -i '/^policy = any/a crlnumber = crlnumber' conf
printf 'R\t490101000000Z\t250601000000Z\t1005\tunknown\t/O=Example/CN=mail.example\n' >index
openssl ca -gencrl -config conf -name ca -cert "$here/root.pem" -keyfile root.key -crl_lastupdate 20250601000000Z \
    -crl_nextupdate 20490101000000Z -out crl.pem 2>/dev/null
openssl crl -in crl.pem -outform DER -out "$here/root.crl"

# The root's OCSP response that says the same. Its dates are those of the day on which it was made; that a certificate
# is revoked counts however old the response is.
openssl ocsp -index index -CA "$here/root.pem" -rsigner "$here/root.pem" -rkey root.key -issuer "$here/root.pem" \
    -cert "$here/below.pem" -ndays 1 -respout "$here/revoked.ocsp" >/dev/null 2>&1
