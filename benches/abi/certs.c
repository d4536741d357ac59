/* Certificates: reading them, judging a chain against the system's roots, loading those roots. */
#include "works.h"

#include <stdlib.h>
#include <string.h>
#include <tofu.h>

static int tofu_parse(void *ctx)
{
    const certs *in = ctx;
    tofu_cert *cert;
    if (cert_parse_der(in->leaf.data, in->leaf.len, &cert, NULL) != TOFU_OK) return 1;
    tofu_cert_free(cert);
    return 0;
}

/* What a program shows of a certificate: names, serial, dates, alternative names, key, signature, both hashes. */
static int tofu_fields(void *ctx)
{
    const certs *in = ctx;
    tofu_cert *cert;
    if (cert_parse_der(in->leaf.data, in->leaf.len, &cert, NULL) != TOFU_OK) return 1;
    static const tofu_cert_field shown[] = {
        TOFU_CERT_FIELD_SUBJECT,   TOFU_CERT_FIELD_ISSUER, TOFU_CERT_FIELD_SERIAL,      TOFU_CERT_FIELD_KEY,
        TOFU_CERT_FIELD_SIGNATURE, TOFU_CERT_FIELD_SHA256, TOFU_CERT_FIELD_SPKI_SHA256,
    };
    size_t seen = 0;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) seen += strlen(tofu_cert_string(cert, shown[i], 0));
    for (size_t i = 0; i < tofu_cert_count(cert, TOFU_CERT_FIELD_SAN_DNS); i++)
        seen += strlen(tofu_cert_string(cert, TOFU_CERT_FIELD_SAN_DNS, i));
    int bad = seen == 0 || tofu_cert_number(cert, TOFU_CERT_FIELD_NOT_AFTER, 0) <=
                               tofu_cert_number(cert, TOFU_CERT_FIELD_NOT_BEFORE, 0);
    tofu_cert_free(cert);
    return bad;
}

/* A host of its own each time, so that nothing remembered helps; dry, so that nothing is written either. */
static int tofu_verify_new(void *ctx)
{
    certs *in = ctx;
    char host[64];
    snprintf(host, sizeof host, "h%zu.bench.example", in->turn++);
    tofu_chain *chain;
    tofu_verdict *verdict;
    if (tofu_chain_new(&chain, NULL) != TOFU_OK) return 1;
    for (size_t i = 0; i < in->count; i++)
        if (tofu_chain_push_der(chain, in->sent[i].data, in->sent[i].len, NULL) != TOFU_OK) return 1;
    int bad = tofu_check_chain(in->store, host, 993, chain, in->dry, &verdict, NULL) != TOFU_OK;
    tofu_verdict_free(verdict);
    tofu_chain_free(chain);
    return bad;
}

static int tofu_verify_again(void *ctx)
{
    certs *in = ctx;
    tofu_chain *chain;
    tofu_verdict *verdict;
    if (tofu_chain_new(&chain, NULL) != TOFU_OK) return 1;
    for (size_t i = 0; i < in->count; i++)
        if (tofu_chain_push_der(chain, in->sent[i].data, in->sent[i].len, NULL) != TOFU_OK) return 1;
    int bad = tofu_check_chain(in->store, "mail.bench.example", 993, chain, NULL, &verdict, NULL) != TOFU_OK;
    tofu_verdict_free(verdict);
    tofu_chain_free(chain);
    return bad;
}

/* What a TLS stack has in hand, in one call. */
static int tofu_verify_peer(void *ctx)
{
    certs *in = ctx;
    const uint8_t *ders[MAX_SENT];
    size_t lens[MAX_SENT];
    tofu_verdict *verdict;
    for (size_t i = 0; i < in->count; i++) ders[i] = in->sent[i].data, lens[i] = in->sent[i].len;
    int bad = tofu_check_peer(in->store, "mail.bench.example", 993, ders, lens, in->count, NULL, 0, 0, NULL, &verdict,
                              NULL) != TOFU_OK;
    tofu_verdict_free(verdict);
    return bad;
}

static int tofu_verify_ready(void *ctx)
{
    certs *in = ctx;
    tofu_verdict *verdict;
    int bad = tofu_check_chain(in->store, "mail.bench.example", 993, in->chain, NULL, &verdict, NULL) != TOFU_OK;
    tofu_verdict_free(verdict);
    return bad;
}

static int webpki_alone(void *ctx)
{
    return webpki_verify(((certs *)ctx)->webpki);
}

static int tofu_roots(void *ctx)
{
    (void)ctx;
    return tofu_roots_reload(NULL) != TOFU_OK;
}

static void prepare(certs *in, const char *dir, const char *chain)
{
    in->der = bench_read(dir, chain);
    in->count = bench_split(in->der, in->sent, MAX_SENT);
    in->leaf = in->sent[0];
    if (tofu_store_open(":memory:", NULL, &in->store, NULL) != TOFU_OK) bench_fail("store", tofu_last_error());
    if (tofu_check_options_new(&in->dry, NULL) != TOFU_OK || tofu_chain_new(&in->chain, NULL) != TOFU_OK ||
        tofu_check_options_set_flags(in->dry, TOFU_CHECK_DRY_RUN, NULL) != TOFU_OK)
        bench_fail("check", tofu_last_error());
    for (size_t i = 0; i < in->count; i++)
        if (tofu_chain_push_der(in->chain, in->sent[i].data, in->sent[i].len, NULL) != TOFU_OK)
            bench_fail("chain", tofu_last_error());
    openssl_prepare(in);
    gnutls_prepare(in);
    const uint8_t *der[MAX_SENT];
    size_t len[MAX_SENT];
    for (size_t i = 0; i < in->count; i++) der[i] = in->sent[i].data, len[i] = in->sent[i].len;
    in->webpki = webpki_prepare(in->roots, "mail.bench.example", der, len, in->count);
    if (!in->webpki || webpki_verify(in->webpki) != 0) bench_fail("webpki", "no path");
}

void bench_certs(const char *dir)
{
    static const struct {
        const char *file, *first, *again, *peer, *ready;
        double gnutls_us;
    } kinds[] = {
        {"rsa.chain", "CA check, 3 certificates RSA-2048, first time", "  the same chain again, from DER",
         "  the same chain again, tofu_check_peer", "  the same chain again, in hand", 350},
        {"p256.chain", "CA check, 3 certificates P-256, first time", "  the same chain again, from DER",
         "  the same chain again, tofu_check_peer", "  the same chain again, in hand", 556},
    };
    certs in[2] = {{.roots = getenv("SSL_CERT_FILE")}, {.roots = getenv("SSL_CERT_FILE")}};
    for (int k = 0; k < 2; k++) prepare(&in[k], dir, kinds[k].file);
    bench_row("cert_parse_der, RSA-2048 leaf", (work[CANDIDATES]){tofu_parse, openssl_parse, gnutls_parse}, &in[0], (limit){3.5, 39, 0}, 0);
    bench_row("  and the fields a program shows", (work[CANDIDATES]){tofu_fields, openssl_fields, gnutls_fields}, &in[0], (limit){0}, 0);
    for (int k = 0; k < 2; k++) {
        bench_row(kinds[k].first, (work[]){tofu_verify_new, openssl_verify, gnutls_verify, webpki_alone}, &in[k],
                  (limit){.webpki = 1.1}, 0);
        bench_row(kinds[k].again, (work[CANDIDATES]){tofu_verify_again, openssl_verify, gnutls_verify}, &in[k], (limit){0}, 0);
        bench_row(kinds[k].peer, (work[CANDIDATES]){tofu_verify_peer, openssl_verify, gnutls_verify}, &in[k], (limit){0}, 0);
        bench_row(kinds[k].ready, (work[CANDIDATES]){tofu_verify_ready, openssl_verify, gnutls_verify}, &in[k], (limit){3, kinds[k].gnutls_us, 0}, 0);
    }
    bench_row("loading the system's roots", (work[CANDIDATES]){tofu_roots, openssl_roots, gnutls_roots}, &in[0], (limit){1000, 6800, 0}, 0);
}
