#!/bin/sh
# Makes the certificates, revocation lists and OCSP responses of tests/path_*.rs with openssl 3.
# Dates are fixed; keys and signatures are new on every run. Run it here: ./generate.sh
# Private keys stay in a directory that is removed at the end.
set -eu
cd "$(dirname "$0")"
out=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -f ./*.pem ./*.der
cd "$work"

cat > ca.cnf <<'CNF'
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
rand_serial = yes
policy = anything
default_md = sha256
copy_extensions = none
unique_subject = no
email_in_dn = no
string_mask = utf8only
default_crl_days = 36500
[anything]
commonName = optional
organizationName = optional
countryName = optional
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
[ids]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
CNF
: > index.txt

# key NAME KIND
key() {
    case $2 in
    rsa*) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:"${2#rsa}" -out "$1.key" 2>/dev/null ;;
    ed25519|ed448) openssl genpkey -quiet -algorithm "$2" -out "$1.key" 2>/dev/null ;;
    *) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:"$2" -out "$1.key" 2>/dev/null ;;
    esac
}

# cert NAME SUBJECT ISSUER FROM TO EXTENSIONS [openssl ca options]; ISSUER "self" signs itself.
# Makes a P-256 key NAME.key unless there is one. EXTENSIONS is lines for openssl, "v1" for none.
cert() {
    name=$1 subject=$2 issuer=$3 from=$4 to=$5 extensions=$6
    shift 6
    [ -f "$name.key" ] || key "$name" P-256
    openssl req -new -config ca.cnf -key "$name.key" -subj "$subject" -out "$name.csr"
    { cat ca.cnf; echo "[x]"; printf '%b\n' "$extensions"; } > x.cnf
    if [ "$extensions" = v1 ]; then usual=ca.cnf; set -- "$@"; else usual=x.cnf; set -- "$@" -extensions x; fi
    if [ "$issuer" = self ]; then set -- "$@" -selfsign -keyfile "$name.key"; else set -- "$@" -cert "$issuer.pem" -keyfile "$issuer.key"; fi
    openssl ca -batch -notext -config "$usual" -in "$name.csr" -out "$name.pem" \
        -startdate "$from" -enddate "$to" "$@" 2>err.txt || { cat err.txt >&2; echo "failed: $name" >&2; exit 1; }
    cp "$name.pem" "$out/"
}

IDS='subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
CA="basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n$IDS"
SAN='subjectAltName=DNS:mail.example,DNS:imap.example'
SERVER="$SAN\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n$IDS"
R0=20200101000000Z R1=20500101000000Z   # roots and intermediates
L0=20260101000000Z L1=20280101000000Z   # leaves; the tests ask at 2027-01-01

# The usual three, and things that may be wrong with a leaf.
cert root '/CN=Path Root/O=Path Tests' self $R0 $R1 "$CA"
cert inter '/CN=Path Intermediate/O=Path Tests' root $R0 $R1 "$CA"
cert leaf '/CN=mail.example' inter $L0 $L1 "$SERVER\nauthorityInfoAccess=caIssuers;URI:http://ca.example/inter.der"
cert leaf-expired '/CN=mail.example' inter $L0 20261201000000Z "$SERVER"
cert leaf-future '/CN=mail.example' inter 20270301000000Z $L1 "$SERVER"
cert leaf-cn '/CN=mail.example' inter $L0 $L1 "extendedKeyUsage=serverAuth\n$IDS"
cert leaf-v1 '/CN=mail.example' inter $L0 $L1 v1
cert leaf-ca '/CN=mail.example' inter $L0 $L1 "basicConstraints=CA:TRUE\n$SAN\n$IDS"
cert leaf-client '/CN=mail.example' inter $L0 $L1 "$SAN\nextendedKeyUsage=clientAuth,emailProtection\n$IDS"
cert leaf-signing '/CN=mail.example' inter $L0 $L1 "$SAN\nkeyUsage=keyCertSign\n$IDS"
cert leaf-critical '/CN=mail.example' inter $L0 $L1 "$SERVER\n1.2.3.4.5=critical,DER:0500"
cert leaf-revoked '/CN=mail.example' inter $L0 $L1 "$SERVER"
cert leaf-no-aia '/CN=mail.example' inter $L0 $L1 "$SERVER"
key leaf-rsa1024 rsa1024; cert leaf-rsa1024 '/CN=mail.example' inter $L0 $L1 "$SERVER"
key leaf-rsa768 rsa768; cert leaf-rsa768 '/CN=mail.example' inter $L0 $L1 "$SERVER"
key leaf-ed25519 ed25519; cert leaf-ed25519 '/CN=mail.example' inter $L0 $L1 "$SERVER"

# Nobody vouches.
cert self '/CN=mail.example' self $L0 $L1 "basicConstraints=critical,CA:TRUE\n$SAN\n$IDS"
cert self-plain '/CN=mail.example' self $L0 $L1 "$SAN\n$IDS"
cert self-forged '/CN=other.example' self "$L0" "$L1" 'subjectAltName=DNS:other.example'
cert by-self '/CN=bank.example' self-plain $L0 $L1 "subjectAltName=DNS:bank.example\n$IDS"
cp self.key own.key; cp self.pem own.pem
cert by-self-ca '/CN=bank.example' own $L0 $L1 "subjectAltName=DNS:bank.example\n$IDS"
key self-sha1 rsa2048; cert self-sha1 '/CN=mail.example' self $L0 $L1 "$SAN\n$IDS" -md sha1
key self-ed448 ed448; cert self-ed448 '/CN=mail.example' self $L0 $L1 "$SAN\n$IDS" -md default
cert stranger-root '/CN=Stranger Root' self $R0 $R1 "$CA"
cert stranger '/CN=elsewhere.example' stranger-root $L0 20261201000000Z "subjectAltName=DNS:elsewhere.example\n$IDS"

# Authorities with something wrong; each leaf is called leaf-by-NAME.
by() { cert "leaf-by-$1" '/CN=mail.example' "$1" $L0 $L1 "$SERVER"; }
cert ca-expired '/CN=Expired CA' root $R0 20261201000000Z "$CA"; by ca-expired
cert ca-no-sign '/CN=No Signing CA' root $R0 $R1 "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n$IDS"; by ca-no-sign
cert ca-no-ca '/CN=No CA' root $R0 $R1 "keyUsage=critical,keyCertSign\n$IDS"; by ca-no-ca
cert ca-mail '/CN=Mail CA' root $R0 $R1 "$CA\nextendedKeyUsage=emailProtection"; by ca-mail
cert ca-narrow '/CN=Narrow CA' root $R0 $R1 "$CA\nnameConstraints=critical,permitted;DNS:narrow.example"; by ca-narrow
cert ca-critical '/CN=Critical CA' root $R0 $R1 "$CA\n1.2.3.4.5=critical,DER:0500"; by ca-critical
key ca-rsa1024 rsa1024; cert ca-rsa1024 '/CN=Weak CA' root $R0 $R1 "$CA"; by ca-rsa1024
key ca-rsa rsa2048; cert ca-rsa '/CN=RSA CA' root $R0 $R1 "$CA"; by ca-rsa
cert leaf-sha1 '/CN=mail.example' ca-rsa $L0 $L1 "$SERVER" -md sha1
cert leaf-md5 '/CN=mail.example' ca-rsa $L0 $L1 "$SERVER" -md md5
cert leaf-pss '/CN=mail.example' ca-rsa $L0 $L1 "$SERVER" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
key ca-ed448 ed448; cert ca-ed448 '/CN=Ed448 CA' root $R0 $R1 "$CA"
cert leaf-by-ca-ed448 '/CN=mail.example' ca-ed448 $L0 $L1 "$SERVER" -md default
key ca-p521 P-521; cert ca-p521 '/CN=P-521 CA' root $R0 $R1 "$CA"; by ca-p521
cert ca-short '/CN=Short CA' root $R0 $R1 "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n$IDS"
cert ca-below-short '/CN=Below Short CA' ca-short $R0 $R1 "$CA"; by ca-below-short

# Self-issued roll-over below a CA that allows no CA below it: RFC 5280 does not count it.
key ca-roll P-256
cert ca-roll '/CN=Short CA' ca-short $R0 $R1 "$CA"; by ca-roll

# Anchors with something wrong.
cert root-expired '/CN=Expired Root' self $R0 20261201000000Z "$CA"; by root-expired
cert root-no-sign '/CN=No Signing Root' self $R0 $R1 "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n$IDS"; by root-no-sign
cert root-v1 "/CN=Old Root" self $R0 $R1 v1; cert leaf-by-root-v1 /CN=mail.example root-v1 $L0 $L1 "$SAN"
key root-rsa1024 rsa1024; cert root-rsa1024 '/CN=Weak Root' self $R0 $R1 "$CA"; by root-rsa1024

# The same intermediate, certified again: expired, by an unknown root, and with its name in capitals.
cp inter.key inter-expired.key; cert inter-expired '/CN=Path Intermediate/O=Path Tests' root $R0 20261201000000Z "$CA"
cp inter.key inter-strange.key; cert inter-strange '/CN=Path Intermediate/O=Path Tests' stranger-root $R0 $R1 "$CA"
cp inter.key inter-capitals.key; cert inter-capitals '/CN=PATH  INTERMEDIATE/O=path tests' root $R0 $R1 "$CA"
cp root.key root-capitals.key; cert root-capitals '/CN=PATH ROOT/O=path tests' self $R0 $R1 "$CA"
# The root, signed by an older one that has expired.
cert old-root '/CN=Older Root' self $R0 20261201000000Z "$CA"
cp root.key root-cross.key; cert root-cross '/CN=Path Root/O=Path Tests' old-root $R0 20261201000000Z "$CA"

# Seven intermediates.
below=root
for n in 1 2 3 4 5 6 7; do cert "deep-$n" "/CN=Deep CA $n" $below $R0 $R1 "$CA"; below=deep-$n; done
by deep-6; by deep-7

# Sixty CAs of one name without key identifiers, each with its own key, and a leaf of the last.
: > tangle.txt
for n in $(seq 60); do
    cert tangle-ca '/CN=Tangle' self $R0 $R1 'basicConstraints=critical,CA:TRUE'
    cat tangle-ca.pem >> tangle.txt
    mv tangle-ca.key tangle-last.key; mv tangle-ca.pem tangle-last.pem
done
cert tangle-leaf '/CN=mail.example' tangle-last $L0 $L1 'subjectAltName=DNS:mail.example'
rm "$out/tangle-ca.pem"; mv tangle.txt "$out/tangle.pem"

# Seven CAs, each certified by all seven (and by a root): every order of them is a way.
: > mesh.txt
cert mesh-root '/CN=Mesh Root' self $R0 $R1 'basicConstraints=critical,CA:TRUE'
for n in 1 2 3 4 5 6 7; do
    cert "mesh-$n" "/CN=Mesh $n" self $R0 $R1 'basicConstraints=critical,CA:TRUE'
    cp "mesh-$n.pem" "mesh-self-$n.pem"; rm "$out/mesh-$n.pem"
done
for n in 1 2 3 4 5 6 7; do
    for by in 1 2 3 4 5 6 7; do
        cp "mesh-self-$by.pem" "mesh-by.pem"; cp "mesh-$by.key" mesh-by.key
        cert "mesh-$n" "/CN=Mesh $n" mesh-by $R0 $R1 'basicConstraints=critical,CA:TRUE'
        cat "mesh-$n.pem" >> mesh.txt; rm "$out/mesh-$n.pem"
    done
done
for n in 1 2 3 4 5 6 7; do
    cert "mesh-$n" "/CN=Mesh $n" mesh-root $R0 $R1 'basicConstraints=critical,CA:TRUE'
    cat "mesh-$n.pem" >> mesh.txt; rm "$out/mesh-$n.pem"
done
cert mesh-leaf '/CN=mail.example' mesh-1 $L0 $L1 'subjectAltName=DNS:mail.example'
mv mesh.txt "$out/mesh.pem"

# Revocation lists and OCSP responses of the intermediate.
openssl ca -config ca.cnf -cert inter.pem -keyfile inter.key -revoke leaf-revoked.pem 2>/dev/null
gencrl() { openssl ca -config ca.cnf -cert "$1.pem" -keyfile "$1.key" -gencrl -crl_lastupdate $L0 -crl_nextupdate "$3" 2>/dev/null | openssl crl -outform DER -out "$out/$2"; }
# An empty crlNumber is refused by readers: the list needs one (RFC 5280, section 5.2.3).
echo 01 > number; sed -i 's/^database = .*/&\ncrlnumber = number\ncrl_extensions = crlx/' ca.cnf
printf '[crlx]\nauthorityKeyIdentifier=keyid\n' >> ca.cnf
gencrl inter crl.der $R1
gencrl inter crl-stale.der 20260201000000Z
gencrl stranger-root crl-stranger.der $R1
cp stranger-root.key inter-fake.key; cert inter-fake '/CN=Path Intermediate/O=Path Tests' self $R0 $R1 "$CA"; rm "$out/inter-fake.pem"
gencrl inter-fake crl-forged.der $R1
cert responder '/CN=Responder' inter $R0 $R1 "extendedKeyUsage=OCSPSigning\n$IDS"
cert not-responder '/CN=No Responder' inter $R0 $R1 "extendedKeyUsage=serverAuth\n$IDS"
rm "$out/responder.pem" "$out/not-responder.pem"
ocsp() { # FILE LEAF SIGNER DAYS
    openssl ocsp -index index.txt -CA inter.pem -issuer inter.pem -cert "$2.pem" -rsigner "$3.pem" -rkey "$3.key" \
        -respout "$out/$1" -ndays "$4" -no_nonce >/dev/null 2>&1
}
ocsp ocsp-revoked.der leaf-revoked inter 3650
ocsp ocsp-good.der leaf inter 3650
ocsp ocsp-delegated.der leaf-revoked responder 3650
ocsp ocsp-undelegated.der leaf-revoked not-responder 3650
