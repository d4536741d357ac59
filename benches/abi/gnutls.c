/* The same works by GnuTLS, its trust on first use included. */
#include "works.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>

typedef struct {
    gnutls_x509_trust_list_t roots;
    gnutls_x509_crt_t chain[MAX_SENT];
} peer;

static gnutls_datum_t datum(blob der)
{
    return (gnutls_datum_t){der.data, (unsigned)der.len};
}

static gnutls_x509_crt_t parse(blob der)
{
    gnutls_x509_crt_t cert;
    gnutls_datum_t data = datum(der);
    if (gnutls_x509_crt_init(&cert) < 0) return NULL;
    if (gnutls_x509_crt_import(cert, &data, GNUTLS_X509_FMT_DER) >= 0) return cert;
    gnutls_x509_crt_deinit(cert);
    return NULL;
}

static gnutls_x509_trust_list_t load(const char *path)
{
    gnutls_x509_trust_list_t roots;
    if (gnutls_x509_trust_list_init(&roots, 0) < 0) return NULL;
    if (gnutls_x509_trust_list_add_trust_file(roots, path, NULL, GNUTLS_X509_FMT_PEM, 0, 0) > 0) return roots;
    gnutls_x509_trust_list_deinit(roots, 1);
    return NULL;
}

void gnutls_prepare(certs *in)
{
    peer *made = calloc(1, sizeof *made);
    made->roots = load(in->roots);
    if (!made->roots) bench_fail("GnuTLS", "roots");
    for (size_t i = 0; i < in->count; i++) made->chain[i] = parse(in->sent[i]);
    in->gnutls = made;
}

int gnutls_parse(void *ctx)
{
    gnutls_x509_crt_t cert = parse(((certs *)ctx)->leaf);
    if (!cert) return 1;
    gnutls_x509_crt_deinit(cert);
    return 0;
}

int gnutls_fields(void *ctx)
{
    gnutls_x509_crt_t cert = parse(((certs *)ctx)->leaf);
    if (!cert) return 1;
    char text[512];
    unsigned char hash[64];
    unsigned bits, type;
    size_t len = sizeof text;
    int bad = gnutls_x509_crt_get_dn(cert, text, &len) < 0;
    len = sizeof text;
    bad |= gnutls_x509_crt_get_issuer_dn(cert, text, &len) < 0;
    len = sizeof hash;
    bad |= gnutls_x509_crt_get_serial(cert, hash, &len) < 0;
    bad |= gnutls_x509_crt_get_expiration_time(cert) <= gnutls_x509_crt_get_activation_time(cert);
    for (unsigned i = 0;; i++) {
        len = sizeof text;
        if (gnutls_x509_crt_get_subject_alt_name2(cert, i, text, &len, &type, NULL) < 0) break;
    }
    bad |= gnutls_x509_crt_get_pk_algorithm(cert, &bits) < 0 || gnutls_x509_crt_get_signature_algorithm(cert) < 0;
    len = sizeof hash;
    bad |= gnutls_x509_crt_get_fingerprint(cert, GNUTLS_DIG_SHA256, hash, &len) < 0;
    len = sizeof hash;
    bad |= gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, hash, &len) < 0;
    gnutls_x509_crt_deinit(cert);
    return bad;
}

int gnutls_verify(void *ctx)
{
    certs *in = ctx;
    peer *made = in->gnutls;
    unsigned status = 0;
    gnutls_typed_vdata_st host = {GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)"mail.bench.example", 0};
    int done = gnutls_x509_trust_list_verify_crt2(made->roots, made->chain, (unsigned)in->count, &host, 1, 0, &status,
                                                  NULL);
    return done < 0 || status != 0;
}

int gnutls_roots(void *ctx)
{
    gnutls_x509_trust_list_t roots = load(((certs *)ctx)->roots);
    if (!roots) return 1;
    gnutls_x509_trust_list_deinit(roots, 1);
    return 0;
}

static int known(stores *in, const char *host)
{
    gnutls_datum_t cert = datum(in->leaf);
    return gnutls_verify_stored_pubkey(in->known_hosts, NULL, host, "993", GNUTLS_CRT_X509, &cert, 0) != 0;
}

int gnutls_known(void *ctx)
{
    return known(ctx, "mail.bench.example");
}

int gnutls_turns(void *ctx)
{
    stores *in = ctx;
    char host[64];
    snprintf(host, sizeof host, "t%zu.bench.example", in->turn++ % in->endpoints);
    return known(in, host);
}

int gnutls_first_use(void *ctx)
{
    stores *in = ctx;
    char host[64], file[600];
    snprintf(host, sizeof host, "g%zu.bench.example", in->turn++);
    snprintf(file, sizeof file, "%s/first-use-known_hosts", in->directory);
    gnutls_datum_t cert = datum(in->leaf);
    return gnutls_store_pubkey(file, NULL, host, "993", GNUTLS_CRT_X509, &cert, 0, 0) < 0;
}
