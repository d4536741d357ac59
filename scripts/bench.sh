#!/bin/bash
# One table of libtofu's speed through its C ABI, with OpenSSL and GnuTLS beside it where their headers are installed.
# BIG=1 adds a store of a million endpoints; ROUNDS is how many processes are started for the rows about those.
# ONLY=TEXT prints the timed rows alone whose name holds TEXT. TARGET is cargo's directory (target). Everything made stays in TARGET/bench, on the disk that is there.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
TARGET=${TARGET:-${CARGO_TARGET_DIR:-target}}
ROUNDS=${ROUNDS:-200}
sizes="10 1000 100000"
[ "${BIG:-0}" = 1 ] && sizes="10 1000 1000000 100000"

$CARGO build --quiet --release --locked --lib --example bench-import --example bench-webpki
lib=$TARGET/release
work=$TARGET/bench
rm -rf "$work"
mkdir -p "$work"
chmod 700 "$work"

# A root, two intermediates and a leaf; then the same with the other kind of key. certificate KIND NAME ISSUER EXT
certificate() {
    case $1 in
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/$1.$2.key" 2>/dev/null ;;
    p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.$2.key" 2>/dev/null ;;
    esac
    printf '%b\n' "$4" >"$work/ext"
    openssl req -new -key "$work/$1.$2.key" -subj "/O=Bench $1/CN=bench $1 $2" -out "$work/csr" 2>/dev/null
    if [ "$3" = self ]; then
        openssl x509 -req -in "$work/csr" -signkey "$work/$1.$2.key" -days 365 -sha256 -extfile "$work/ext" \
            -out "$work/$1.$2.pem" 2>/dev/null
    else
        openssl x509 -req -in "$work/csr" -CA "$work/$1.$3.pem" -CAkey "$work/$1.$3.key" -CAcreateserial -days 90 \
            -sha256 -extfile "$work/ext" -out "$work/$1.$2.pem" 2>/dev/null
    fi
    openssl x509 -in "$work/$1.$2.pem" -outform DER -out "$work/$1.$2.der"
}

ids='subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
ca="basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n$ids"
leaf="basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n$ids"
leaf="$leaf\nsubjectAltName=DNS:mail.bench.example,DNS:*.bench.example"
bundle=
for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -z "$bundle" ] && [ -n "$file" ] && [ -s "$file" ] && bundle=$file
done
cat ${bundle:+"$bundle"} >"$work/roots.pem"
for kind in rsa p256; do
    certificate $kind root self "$ca"
    certificate $kind upper root "$ca"
    certificate $kind lower upper "$ca"
    certificate $kind leaf lower "$leaf"
    cat "$work/$kind.leaf.der" "$work/$kind.lower.der" "$work/$kind.upper.der" >"$work/$kind.chain"
    cat "$work/$kind.root.pem" >>"$work/roots.pem"
done
# As `openssl req -x509` makes them for mail servers: CA:TRUE.
certificate rsa self self "basicConstraints=critical,CA:TRUE\nsubjectAltName=DNS:mail.bench.example,DNS:*.bench.example"
cp "$work/rsa.self.der" "$work/self.der"
SSL_CERT_FILE=$(cd "$work" && pwd)/roots.pem
export SSL_CERT_FILE
unset SSL_CERT_DIR

# The bench key for mail.bench.example in the middle and for up to 1,000 endpoints throughout; other keys else.
key=$(openssl x509 -in "$work/rsa.self.pem" -noout -pubkey | openssl pkey -pubin -outform DER | base64 | tr -d '\n')
for n in $sizes; do
    awk -v n="$n" -v key="$key" 'BEGIN {
        step = n > 1000 ? int(n / 1000) : 1
        for (i = 0; i < n; i++) {
            if (i == int(n / 2)) printf "|g0|mail.bench.example|993|0|%s\n", key
            if (i % step == 0 && i / step < 1000) printf "|g0|t%d.bench.example|993|0|%s\n", i / step, key
            else printf "|g0|e%d.example|993|0|MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE%085dA==\n", i, i
        }
    }' >"$work/$n.known_hosts"
    "$lib/examples/bench-import" "$work/$n.known_hosts" "$work/$n.db" "$(date +%s)" >"$work/$n.import"
done

have() { pkg-config --exists "$1" 2>/dev/null; }
compile() { ${CC:-cc} -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -Iinclude "$@"; }
ln -s "$(cd "$lib" && pwd)/libtofu.so" "$work/libtofu.so.0"
tofu="-L$lib -ltofu -Wl,-rpath,$(cd "$work" && pwd)"
webpki="-L$lib/examples -lbench_webpki -Wl,-rpath,$(cd "$lib/examples" && pwd)"
peers=
libs=
gnutls_helper=-
if have openssl; then
    peers="-DHAVE_OPENSSL=1 benches/abi/openssl.c"
    libs=$(pkg-config --cflags --libs openssl)
    echo "OpenSSL $(pkg-config --modversion openssl)"
fi
if have gnutls; then
    peers="$peers -DHAVE_GNUTLS=1 benches/abi/gnutls.c"
    libs="$libs $(pkg-config --cflags --libs gnutls)"
    echo "GnuTLS $(pkg-config --modversion gnutls)"
    compile -DFRESH_GNUTLS=1 benches/abi/fresh.c -o "$work/fresh-gnutls" $(pkg-config --cflags --libs gnutls)
    gnutls_helper=$work/fresh-gnutls
fi
compile -DFRESH_TOFU=1 benches/abi/fresh.c -o "$work/fresh-tofu" $tofu
compile benches/abi/spawn.c benches/abi/bench.c -o "$work/spawn"
compile benches/abi/main.c benches/abi/bench.c benches/abi/certs.c benches/abi/stores.c $peers -o "$work/bench" $tofu $webpki $libs
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ */cpus: /'
echo

"$work/bench" "$work" $sizes
for n in $sizes; do
    awk -v n="$n" 'n >= 100000 { printf "%-50s %9.0f ms %12s %12s %10s", n " endpoints imported", $1 / 1000, "-", "-", "-"
        if (n == 100000) printf " %9d ms  %s", 2000, $1 <= 2e6 ? "met" : "MISSED"; print "" }' "$work/$n.import"
done
"$work/spawn" "$ROUNDS" "$work/fresh-tofu" "$work/100000.db" "$gnutls_helper" "$work/100000.known_hosts" "$work/self.der"
