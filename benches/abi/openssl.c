/* The same works by OpenSSL. Its chain is parsed beforehand, as its own handshake would have it. */
#include "works.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

typedef struct {
    X509_STORE *roots;
    X509 *leaf;
    STACK_OF(X509) *above;
} peer;

static X509 *parse(blob der)
{
    const unsigned char *at = der.data;
    return d2i_X509(NULL, &at, (long)der.len);
}

static X509_STORE *load(const char *path)
{
    X509_STORE *roots = X509_STORE_new();
    if (roots && X509_STORE_load_file(roots, path) == 1) return roots;
    X509_STORE_free(roots);
    return NULL;
}

void openssl_prepare(certs *in)
{
    peer *made = OPENSSL_zalloc(sizeof *made);
    made->roots = load(in->roots);
    made->leaf = parse(in->sent[0]);
    made->above = sk_X509_new_null();
    for (size_t i = 1; i < in->count; i++) sk_X509_push(made->above, parse(in->sent[i]));
    if (!made->roots || !made->leaf) bench_fail("OpenSSL", "roots or chain");
    in->openssl = made;
}

int openssl_parse(void *ctx)
{
    X509 *cert = parse(((certs *)ctx)->leaf);
    X509_free(cert);
    return cert == NULL;
}

int openssl_fields(void *ctx)
{
    X509 *cert = parse(((certs *)ctx)->leaf);
    if (!cert) return 1;
    char text[512];
    unsigned char hash[32];
    unsigned int len;
    int bad = !X509_NAME_oneline(X509_get_subject_name(cert), text, sizeof text) ||
              !X509_NAME_oneline(X509_get_issuer_name(cert), text, sizeof text);
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = BN_bn2hex(serial);
    struct tm from, until;
    bad |= !ASN1_TIME_to_tm(X509_get0_notBefore(cert), &from) || !ASN1_TIME_to_tm(X509_get0_notAfter(cert), &until);
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bad |= !names || !EVP_PKEY_get_bits(X509_get0_pubkey(cert)) || !X509_get_signature_nid(cert);
    bad |= !X509_digest(cert, EVP_sha256(), hash, &len) || !X509_pubkey_digest(cert, EVP_sha256(), hash, &len);
    GENERAL_NAMES_free(names);
    OPENSSL_free(hex);
    BN_free(serial);
    X509_free(cert);
    return bad;
}

int openssl_verify(void *ctx)
{
    peer *made = ((certs *)ctx)->openssl;
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    if (!check || X509_STORE_CTX_init(check, made->roots, made->leaf, made->above) != 1) return 1;
    X509_STORE_CTX_set_default(check, "ssl_server");
    X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(check), "mail.bench.example", 0);
    int bad = X509_verify_cert(check) != 1;
    X509_STORE_CTX_free(check);
    return bad;
}

int openssl_roots(void *ctx)
{
    X509_STORE *roots = load(((certs *)ctx)->roots);
    X509_STORE_free(roots);
    return roots == NULL;
}
