/* The works, and what they are done on. What a peer's library is not there for is a null pointer. */
#ifndef WORKS_H
#define WORKS_H

#include "bench.h"

#include <stdio.h>

enum { MAX_SENT = 8 };

typedef struct {
    blob der, leaf, sent[MAX_SENT];
    size_t count, turn;
    const char *roots;
    struct tofu_store *store;
    struct tofu_check_options *dry;
    struct tofu_chain *chain;
    void *openssl, *gnutls, *webpki;
} certs;

typedef struct {
    blob leaf;
    struct tofu_store *store;
    struct tofu_chain *chain;
    struct tofu_check_options *accept_new;
    size_t turn, endpoints;
    char known_hosts[600], directory[512], database[600];
    int fd;
} stores;

void bench_certs(const char *dir);
void bench_stores(const char *dir, size_t endpoints, int with_first_use);

/* benches/abi/webpki.rs */
void *webpki_prepare(const char *roots, const char *host, const uint8_t *const *der, const size_t *len, size_t count);
int webpki_verify(const void *prepared);

#if HAVE_OPENSSL
void openssl_prepare(certs *in);
int openssl_parse(void *in), openssl_fields(void *in), openssl_verify(void *in), openssl_roots(void *in);
#else
#define openssl_prepare(in) ((void)0)
#define openssl_parse NULL
#define openssl_fields NULL
#define openssl_verify NULL
#define openssl_roots NULL
#endif

#if HAVE_GNUTLS
void gnutls_prepare(certs *in);
int gnutls_parse(void *in), gnutls_fields(void *in), gnutls_verify(void *in), gnutls_roots(void *in);
int gnutls_known(void *in), gnutls_turns(void *in), gnutls_first_use(void *in);
#else
#define gnutls_prepare(in) ((void)0)
#define gnutls_parse NULL
#define gnutls_fields NULL
#define gnutls_verify NULL
#define gnutls_roots NULL
#define gnutls_known NULL
#define gnutls_turns NULL
#define gnutls_first_use NULL
#endif

#endif
