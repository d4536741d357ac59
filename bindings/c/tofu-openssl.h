/* tofu-openssl.h - libtofu for programs that use OpenSSL (1.1.1 or later). This header is the whole adapter, for C and
 * C++.
 *
 *     tofu_openssl_prepare(ssl, host, &err);                                   before the handshake
 *     SSL_connect(ssl);
 *     tofu_openssl_check(store, ssl, host, port, NULL, &verdict, &err);        after it, before any data
 *
 * The adapter decides nothing. It hands libtofu what the server sent and returns libtofu's answer. Every handshake
 * must be checked, also one that OpenSSL would have accepted: only libtofu knows blocked keys and servers that were
 * CA-valid before. Send nothing unless the check returns TOFU_OK.
 *
 * After TOFU_ASK, ask what tofu_verdict_answer says, record a yes with tofu_verdict_trust, and call tofu_openssl_check
 * again with the same SSL. The check decides, with the answer and with everything else that is known by then: another
 * program may have blocked the key in the meantime.
 */
#ifndef TOFU_OPENSSL_H
#define TOFU_OPENSSL_H

#include <stdio.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <tofu.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the server sent, leaf first. Internal. */
struct tofu_openssl_sent {
    unsigned char **ders;
    size_t *lens;
    size_t count;
};

/* Makes the error of a failure in the adapter itself, and returns its status. Internal. */
static inline tofu_status tofu_openssl_fail(tofu_status status, const char *detail, const char *host,
                                            const char *message, tofu_error **err)
{
    char text[512];
    tofu_error *made;

    snprintf(text, sizeof text, "%.255s: %s", host != NULL ? host : "host", message);
    made = tofu_error_new(status, detail, text);
    status = tofu_error_status(made);
    if (err != NULL)
        *err = made;
    else
        tofu_error_free(made);
    return status;
}

static inline void tofu_openssl_forget(struct tofu_openssl_sent *sent)
{
    while (sent->count > 0)
        OPENSSL_free(sent->ders[--sent->count]);
    OPENSSL_free(sent->ders);
    OPENSSL_free(sent->lens);
}

/* Adds one certificate. 1, or 0 if memory ran out. Internal. */
static inline int tofu_openssl_push(struct tofu_openssl_sent *sent, X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);

    if (len < 0)
        return 0;
    sent->ders[sent->count] = der;
    sent->lens[sent->count++] = (size_t)len;
    return 1;
}

/* Collects the whole chain in the order in which the server sent it. The leaf is taken from the session, because a
 * session that was stored outside of the process has nothing else. 1, or 0 if memory ran out; call
 * tofu_openssl_forget in both cases. Internal. */
static inline int tofu_openssl_collect(SSL *ssl, struct tofu_openssl_sent *sent)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int i, ok, number = chain != NULL ? sk_X509_num(chain) : 0;
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    X509 *leaf = SSL_get1_peer_certificate(ssl);
#else
    X509 *leaf = SSL_get_peer_certificate(ssl);
#endif

    sent->ders = (unsigned char **)OPENSSL_zalloc(((size_t)number + 1) * sizeof *sent->ders);
    sent->lens = (size_t *)OPENSSL_zalloc(((size_t)number + 1) * sizeof *sent->lens);
    ok = sent->ders != NULL && sent->lens != NULL;
    if (ok && leaf != NULL)
        ok = tofu_openssl_push(sent, leaf);
    for (i = 0; ok && i < number; i++) {
        X509 *cert = sk_X509_value(chain, i);
        if (i > 0 || leaf == NULL || X509_cmp(cert, leaf) != 0)
            ok = tofu_openssl_push(sent, cert);
    }
    X509_free(leaf);
    return ok;
}

/* Sets up an SSL for a handshake that libtofu judges:
 * - OpenSSL leaves the certificate to libtofu (SSL_VERIFY_NONE). It verifies the signature of the handshake in every
 *   mode, which proves that the server holds the key.
 * - The server is asked for its stapled OCSP response, which can say that its certificate is revoked.
 * - The server is told the name that it is asked for (SNI), unless that is an address.
 *
 * ssl   a client's SSL before its handshake; must not be NULL
 * host  the name that the user configured; must not be NULL
 * err   receives an owned error on failure, NULL otherwise; may be NULL
 *
 * Returns TOFU_OK; TOFU_E_NAME if it is not a valid host name; TOFU_E_INVALID; TOFU_E_MEMORY.
 */
TOFU_CHECK_RESULT
static inline tofu_status tofu_openssl_prepare(SSL *ssl, const char *host, tofu_error **err)
{
    tofu_endpoint *endpoint = NULL;
    ASN1_OCTET_STRING *address;
    const char *name;
    tofu_status status;
    int ok;

    if (err != NULL)
        *err = NULL;
    if (ssl == NULL)
        return tofu_openssl_fail(TOFU_E_INVALID, "adapter.null", host, "there is no SSL to prepare", err);
    /* The endpoint has the canonical spelling of the name. The port does not matter here. */
    status = tofu_endpoint_new(NULL, host, 443, &endpoint, err);
    if (status != TOFU_OK)
        return status;
    name = tofu_endpoint_string(endpoint, TOFU_ENDPOINT_FIELD_HOST);
    SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    ok = SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp) == 1;
    address = a2i_IPADDRESS(name);
    if (ok && address == NULL)
        ok = SSL_set_tlsext_host_name(ssl, name) == 1;
    ASN1_OCTET_STRING_free(address);
    tofu_endpoint_free(endpoint);
    return ok ? TOFU_OK : tofu_openssl_fail(TOFU_E_MEMORY, "adapter.prepare", host, "OpenSSL cannot be set up", err);
}

/* Decides about the server at the other end of `ssl`, as tofu_check_peer does. libtofu receives the whole chain as it
 * was sent, the stapled OCSP response if there is one, and whether the session was resumed.
 *
 * store    must not be NULL
 * ssl      borrowed, with a finished handshake; must not be NULL
 * host     the name that the user configured, not one that the server or DNS gave; must not be NULL
 * port     the port that was connected to
 * options  what else is known, for example a private root (tofu_check_options_add_root_file); may be NULL
 * verdict  receives the verdict, owned by the caller (tofu_verdict_free), for TOFU_OK, TOFU_ASK and TOFU_REJECT, NULL
 *          otherwise; may be NULL
 * err      receives an owned error on failure, NULL otherwise; may be NULL
 *
 * Returns what tofu_check_peer returns; TOFU_E_STATE also if the handshake is not finished; TOFU_E_PARSE also if the
 * server sent no certificate. After anything but TOFU_OK, send nothing.
 */
TOFU_CHECK_RESULT
static inline tofu_status tofu_openssl_check(tofu_store *store, SSL *ssl, const char *host, uint16_t port,
                                             const tofu_check_options *options, tofu_verdict **verdict,
                                             tofu_error **err)
{
    struct tofu_openssl_sent sent = { NULL, NULL, 0 };
    const unsigned char *staple = NULL;
    long staple_len;
    tofu_status status;

    if (verdict != NULL)
        *verdict = NULL;
    if (err != NULL)
        *err = NULL;
    if (ssl == NULL)
        return tofu_openssl_fail(TOFU_E_INVALID, "adapter.null", host, "there is no SSL to check", err);
    if (!SSL_is_init_finished(ssl))
        return tofu_openssl_fail(TOFU_E_STATE, "adapter.handshake", host, "the TLS handshake is not finished", err);
    staple_len = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
    if (staple == NULL || staple_len < 0)
        staple_len = 0;
    if (!tofu_openssl_collect(ssl, &sent))
        status = tofu_openssl_fail(TOFU_E_MEMORY, "adapter.memory", host, "the chain cannot be copied", err);
    else if (sent.count == 0)
        status = tofu_openssl_fail(TOFU_E_PARSE, "adapter.no-certificate", host, "the server sent no certificate", err);
    else
        status = tofu_check_peer(store, host, port, (const uint8_t *const *)sent.ders, sent.lens, sent.count, staple,
                                 (size_t)staple_len, SSL_session_reused(ssl) ? TOFU_CHECK_RESUMED : 0, options,
                                 verdict, err);
    tofu_openssl_forget(&sent);
    return status;
}

#ifdef __cplusplus
}
#endif
#endif /* TOFU_OPENSSL_H */
