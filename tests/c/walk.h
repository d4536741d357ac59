/* Valid arguments for the NULL walk, whose calls are generated from the header (tests/c/null_walk.rs). */
#ifndef TOFU_TEST_WALK_H
#define TOFU_TEST_WALK_H

#include "support.h"

/* Immutable or internally locked objects: one of each. */
static tofu_store *a_store;
static tofu_cert *a_cert;
static tofu_diff *a_diff;
static tofu_text *a_text;
static tofu_error *an_error;
static tofu_verdict *a_verdict;
static struct bytes some_der, some_pem;

/* Objects with setters: a new one for each call, since a refused setting is remembered. */
static tofu_chain *new_chain(void)
{
    return chain_of("first", NULL);
}

static tofu_policy *new_policy(void)
{
    tofu_policy *policy = NULL;
    IS(tofu_policy_new("default", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    return policy;
}

static tofu_check *new_check(void)
{
    return check_now(0);
}

static tofu_store_options *new_store_options(void)
{
    tofu_store_options *options = NULL;
    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    return options;
}

static void walk_begin(int argc, char **argv)
{
    tofu_chain *chain, *other;
    tofu_check *check;
    const uint8_t *der;
    begin(argc, argv);
    some_pem = pem("first");
    chain = chain_of("first", NULL);
    other = chain_of("second", NULL);
    der = tofu_cert_bytes(tofu_chain_cert(chain, 0), TOFU_CERT_DER, 0, &some_der.len);
    some_der.start = malloc(some_der.len);
    if (some_der.start == NULL)
        exit(2);
    memcpy(some_der.start, der, some_der.len);
    IS(tofu_cert_parse_der(some_der.start, some_der.len, &a_cert, NULL), TOFU_OK);
    IS(tofu_cert_compare(a_cert, tofu_chain_cert(other, 0), &a_diff, NULL), TOFU_OK);
    IS(tofu_cert_format(a_cert, TOFU_FORMAT_JSON, &a_text, NULL), TOFU_OK);
    IS(tofu_cert_format(NULL, TOFU_FORMAT_JSON, NULL, &an_error), TOFU_E_INVALID);
    IS(tofu_store_open(":memory:", NULL, &a_store, NULL), TOFU_OK);
    check = check_now(0);
    IS(tofu_check_chain(a_store, "mail.example", 993, chain, check, &a_verdict, NULL), TOFU_ASK);
    tofu_check_free(check);
    tofu_chain_free(chain);
    tofu_chain_free(other);
}

static int walk_end(void)
{
    IS(tofu_store_set_default(NULL, NULL), TOFU_OK);
    tofu_verdict_free(a_verdict);
    tofu_error_free(an_error);
    tofu_text_free(a_text);
    tofu_diff_free(a_diff);
    tofu_cert_free(a_cert);
    tofu_store_free(a_store);
    free(some_der.start);
    free(some_pem.start);
    return end();
}

/* A call with NULL where it must not be: refused by name, with an error object, and every output empty. */
#define REFUSED(call, status, name)                                                                                    \
    do {                                                                                                               \
        CLAIM((status) == TOFU_E_INVALID, "%s with %s NULL: %s", call, name, tofu_status_name(status));                \
        SAYS(tofu_last_error(), name ": must not be NULL");                                                            \
    } while (0)

#endif
