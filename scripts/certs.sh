# Certificates for the demo and the scenarios, to be sourced: makes them with openssl in the directory given.
# They are valid from now on for the name given, so nothing here grows old.

# certs_key DIR KEY
certs_key() {
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/$2.key" 2>/dev/null ||
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/$2.key" 2>/dev/null
    chmod 600 "$1/$2.key"
}

# certs_self DIR NAME KEY HOST DAYS: self-signed in openssl's default way, which is CA:TRUE
certs_self() {
    openssl req -x509 -new -key "$1/$3.key" -out "$1/$2.pem" -days "$5" -subj "/O=Example Mail/CN=$4" \
        -addext "subjectAltName=DNS:$4" 2>/dev/null
}

# certs_root DIR NAME
certs_root() {
    certs_key "$1" "$2"
    openssl req -x509 -new -key "$1/$2.key" -out "$1/$2.pem" -days 3650 -subj "/O=Example Mail/CN=Example Private Root" \
        -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}

# certs_signed DIR NAME ROOT HOST: a new key with a certificate below ROOT
certs_signed() {
    certs_key "$1" "$2"
    printf '%s\n' "subjectAltName=DNS:$4" basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
        extendedKeyUsage=serverAuth subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >"$1/$2.ext"
    openssl req -new -key "$1/$2.key" -subj "/O=Example Mail/CN=$4" -out "$1/$2.csr" 2>/dev/null
    openssl x509 -req -in "$1/$2.csr" -CA "$1/$3.pem" -CAkey "$1/$3.key" -CAcreateserial -days 90 \
        -extfile "$1/$2.ext" -out "$1/$2.pem" 2>/dev/null
}

# certs_fingerprint FILE: SHA-256 of the certificate, colon-separated
certs_fingerprint() {
    openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'
}

# certs_ocsp DIR NAME ROOT good|revoked: DIR/NAME-STATUS.ocsp, in which ROOT says so about the certificate NAME
certs_ocsp() {
    local serial line
    serial=$(openssl x509 -in "$1/$2.pem" -noout -serial | sed 's/.*=//')
    case $4 in
    good) line=$(printf 'V\t401231235959Z\t\t%s' "$serial") ;;
    revoked) line=$(printf 'R\t401231235959Z\t260101000000Z\t%s' "$serial") ;;
    esac
    printf '%s\tunknown\t/CN=%s\n' "$line" "$2" >"$1/$2-$4.index"
    openssl ocsp -index "$1/$2-$4.index" -CA "$1/$3.pem" -issuer "$1/$3.pem" -rsigner "$1/$3.pem" -rkey "$1/$3.key" \
        -cert "$1/$2.pem" -ndays 7 -no_nonce -noverify -respout "$1/$2-$4.ocsp" >/dev/null 2>&1
}
