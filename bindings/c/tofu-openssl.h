/* tofu-openssl.h - libtofu for programs that speak TLS through OpenSSL (1.1.1 or later). Header only.
 *
 * Give it the SSL of a finished handshake and get a verdict. It copies the peer's chain into a tofu_chain and calls
 * tofu_check_chain; it decides nothing itself. Every handshake must come through here, also one that OpenSSL would
 * have accepted: only libtofu knows of blocked keys and of servers that were CA-valid before.
 *
 * Set SSL_VERIFY_NONE, so that OpenSSL leaves the certificate to libtofu. The handshake signature is verified by
 * OpenSSL in every mode; that is what makes the chain proven. Send nothing before the answer is TOFU_OK.
 */
#ifndef TOFU_OPENSSL_H
#define TOFU_OPENSSL_H

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <tofu.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Appends one certificate as DER. Internal. */
static inline tofu_status tofu_openssl_push(tofu_chain *chain, X509 *cert, tofu_error **err)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    tofu_status status;

    if (len < 0)
        return TOFU_E_PARSE;
    status = tofu_chain_push_der(chain, der, (size_t)len, err);
    OPENSSL_free(der);
    return status;
}

/* Adds to `chain` what a server sent, leaf first. The leaf is taken by itself, for the list holds it only at the
 * client's end. Internal. */
static inline tofu_status tofu_openssl_fill(tofu_chain *chain, SSL *ssl, tofu_error **err)
{
    STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    X509 *leaf = SSL_get1_peer_certificate(ssl);
#else
    X509 *leaf = SSL_get_peer_certificate(ssl);
#endif
    tofu_status status = TOFU_OK;
    int i;

    if (leaf != NULL)
        status = tofu_openssl_push(chain, leaf, err);
    for (i = 0; status == TOFU_OK && i < sk_X509_num(sent); i++) {
        X509 *cert = sk_X509_value(sent, i);
        if (i > 0 || leaf == NULL || X509_cmp(cert, leaf) != 0)
            status = tofu_openssl_push(chain, cert, err);
    }
    X509_free(leaf);
    return status;
}

/* The chain that the peer of `ssl` presented, proven by the finished handshake.
 *
 * ssl   borrowed; its handshake must be finished
 * out   receives the chain, owned by the caller (tofu_chain_free); NULL on failure
 * err   may be NULL; receives an owned error where libtofu made one
 *
 * Returns TOFU_OK; TOFU_E_STATE when the handshake is not finished (then *err is NULL, for libtofu was not asked);
 * else what tofu_chain_new and tofu_chain_push_der return. A peer without a certificate gives an empty chain, which
 * tofu_check_chain refuses.
 */
static inline tofu_status tofu_openssl_chain(SSL *ssl, tofu_chain **out, tofu_error **err)
{
    tofu_status status;

    *out = NULL;
    if (err != NULL)
        *err = NULL;
    if (ssl == NULL || !SSL_is_init_finished(ssl))
        return TOFU_E_STATE;
    status = tofu_chain_new(out, err);
    if (status == TOFU_OK)
        status = tofu_openssl_fill(*out, ssl, err);
    if (status != TOFU_OK) {
        tofu_chain_free(*out);
        *out = NULL;
    }
    return status;
}

/* The facts about `ssl` that a check should be told: TOFU_CHECK_RESUMED for a resumed session, else 0. Or them to
 * your own flags in tofu_check_options_set_flags. Without them a resumed session is judged more strictly, never less. */
static inline uint64_t tofu_openssl_flags(SSL *ssl)
{
    return SSL_session_reused(ssl) ? TOFU_CHECK_RESUMED : 0;
}

/* The verdict on the server at the other end of `ssl`.
 *
 * store    the pins, must not be NULL
 * ssl      borrowed; its handshake must be finished
 * host     the name that the user configured, not one that the server or DNS gave
 * port     the port that was connected to
 * options  may be NULL: then the flags of tofu_openssl_flags are used; yours should include them
 * verdict  may be NULL; receives the verdict, owned by the caller (tofu_verdict_free), for every answer
 * err      may be NULL; receives an owned error (tofu_error_free)
 *
 * Returns what tofu_check_chain returns. Anything but TOFU_OK: send nothing.
 */
static inline tofu_status tofu_openssl_check(tofu_store *store, SSL *ssl, const char *host, uint16_t port,
                                             const tofu_check_options *options, tofu_verdict **verdict, tofu_error **err)
{
    tofu_chain *chain = NULL;
    tofu_check_options *own = NULL;
    tofu_status status;

    if (verdict != NULL)
        *verdict = NULL;
    status = tofu_openssl_chain(ssl, &chain, err);
    if (status == TOFU_OK && options == NULL) {
        status = tofu_check_options_new(&own, err);
        if (status == TOFU_OK)
            status = tofu_check_options_set_flags(own, tofu_openssl_flags(ssl), err);
        options = own;
    }
    if (status == TOFU_OK)
        status = tofu_check_chain(store, host, port, chain, options, verdict, err);
    tofu_check_options_free(own);
    tofu_chain_free(chain);
    return status;
}

#ifdef __cplusplus
}
#endif
#endif /* TOFU_OPENSSL_H */
