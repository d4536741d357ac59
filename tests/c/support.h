/* What the C tests share: claims that are counted, and the certificates beside this file.
 *
 * A test program takes two arguments: the directory of the certificates and a directory of its own to write in. It
 * prints one line for each claim that does not hold, and what it skipped, and ends with the number of claims. */
#ifndef TOFU_TEST_SUPPORT_H
#define TOFU_TEST_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tofu.h"

/* 2040-01-01, inside the validity of every certificate here and later than any build. */
#define NOW INT64_C(2208988800)

static int claims, failures;
static const char *data_dir = ".", *own_dir = ".";

#define CLAIM(what, ...)                                                                                               \
    do {                                                                                                               \
        claims++;                                                                                                      \
        if (!(what)) {                                                                                                 \
            failures++;                                                                                                \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #what);                                                          \
            printf(__VA_ARGS__);                                                                                       \
            printf(" [last error: %s]\n", tofu_last_error());                                                          \
        }                                                                                                              \
    } while (0)

#define IS(status, expected)                                                                                           \
    do {                                                                                                               \
        tofu_status is_ = (status);                                                                                    \
        CLAIM(is_ == (expected), "%s, not %s", tofu_status_name(is_), tofu_status_name(expected));                     \
    } while (0)

#define SAYS(text, part) CLAIM(strstr((text), (part)) != NULL, "\"%s\" lacks \"%s\"", (text), (part))

#define SAME(text, wanted) CLAIM(strcmp((text), (wanted)) == 0, "\"%s\" is not \"%s\"", (text), (wanted))

#define EQUAL(number, wanted)                                                                                          \
    do {                                                                                                               \
        long long is_ = (long long)(number), wanted_ = (long long)(wanted);                                            \
        CLAIM(is_ == wanted_, "%lld, not %lld", is_, wanted_);                                                         \
    } while (0)

struct bytes {
    uint8_t *start;
    size_t len;
};

/* A whole file; aborts the program when it cannot be read, for then the test says nothing. */
static struct bytes slurp(const char *path)
{
    struct bytes bytes = {NULL, 0};
    FILE *file = fopen(path, "rb");
    long size;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) {
        printf("cannot read %s\n", path);
        exit(2);
    }
    bytes.start = malloc((size_t)size + 1);
    if (bytes.start == NULL || fread(bytes.start, 1, (size_t)size, file) != (size_t)size)
        exit(2);
    bytes.start[size] = 0;
    bytes.len = (size_t)size;
    fclose(file);
    return bytes;
}

static void spill(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
        printf("cannot write %s\n", path);
        exit(2);
    }
}

/* The path of a file in the program's own directory; four buffers in turn. */
static const char *own(const char *name)
{
    static char paths[4][4096];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", own_dir, name);
    return paths[turn];
}

static struct bytes pem(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.pem", data_dir, name);
    return slurp(path);
}

/* A chain of the named certificates, leaf first, ended by NULL: chain_of("below", "root", NULL) */
static tofu_chain *chain_of(const char *first, const char *second)
{
    tofu_chain *chain = NULL;
    const char *names[2];
    int i;
    names[0] = first;
    names[1] = second;
    IS(tofu_chain_new(&chain, NULL), TOFU_OK);
    for (i = 0; i < 2 && names[i] != NULL; i++) {
        struct bytes text = pem(names[i]);
        IS(tofu_chain_push_pem(chain, text.start, text.len, NULL), TOFU_OK);
        free(text.start);
    }
    return chain;
}

/* Options of a check at NOW. */
static tofu_check_options *check_now(uint64_t flags)
{
    tofu_check_options *check = NULL;
    IS(tofu_check_options_new(&check, NULL), TOFU_OK);
    IS(tofu_check_options_set_time(check, NOW, NULL), TOFU_OK);
    IS(tofu_check_options_set_flags(check, flags, NULL), TOFU_OK);
    return check;
}

/* A policy in which the test's root alone counts. */
static tofu_policy *policy_with_root(const char *preset)
{
    tofu_policy *policy = NULL;
    struct bytes root = pem("root");
    IS(tofu_policy_new(preset, &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    IS(tofu_policy_add_root(policy, root.start, root.len, NULL), TOFU_OK);
    free(root.start);
    return policy;
}

/* The fingerprints of a certificate and of its key, as the library writes them. */
static const char *fingerprint(const tofu_cert *cert)
{
    return tofu_cert_string(cert, TOFU_CERT_FIELD_SHA256, 0);
}

static const char *key_of(const tofu_cert *cert)
{
    return tofu_cert_string(cert, TOFU_CERT_FIELD_SPKI_SHA256, 0);
}

static const tofu_cert *leaf_of(const tofu_verdict *verdict)
{
    return tofu_chain_cert(tofu_verdict_chain(verdict), 0);
}

/* What an object was built with and what using it came to: a setting that was refused is remembered, and its use fails
 * with the same. */
static tofu_status used(tofu_status built, tofu_status status)
{
    return built == TOFU_OK || built == status ? status : TOFU_E_INTERNAL;
}

/* The answer to a verdict; 0 is the suggested kind, NULL no typed fingerprint. */
static tofu_status trust_as(tofu_store *store, const tofu_verdict *verdict, tofu_pin_kind kind, tofu_trust_flags flags,
                            const char *typed)
{
    tofu_trust_options *options = NULL;
    tofu_status built = tofu_trust_options_new(&options, NULL), status;
    if (built == TOFU_OK && kind != 0)
        built = tofu_trust_options_set_kind(options, kind, NULL);
    if (built == TOFU_OK)
        built = tofu_trust_options_set_flags(options, flags, NULL);
    if (built == TOFU_OK && typed != NULL)
        built = tofu_trust_options_set_typed(options, typed, NULL);
    status = tofu_verdict_trust(store, verdict, options, NULL);
    tofu_trust_options_free(options);
    return used(built, status);
}

/* A pin made by hand, of a value or of a certificate. */
static tofu_status add_pin(tofu_store *store, const tofu_endpoint *endpoint, tofu_pin_kind kind, tofu_pin_state state,
                           const char *value, const tofu_cert *cert, int64_t *id)
{
    tofu_pin_options *options = NULL;
    tofu_status built = tofu_pin_options_new(&options, NULL), status;
    if (built == TOFU_OK)
        built = tofu_pin_options_set_kind(options, kind, NULL);
    if (built == TOFU_OK)
        built = tofu_pin_options_set_state(options, state, NULL);
    if (built == TOFU_OK && value != NULL)
        built = tofu_pin_options_set_value(options, value, NULL);
    if (built == TOFU_OK && cert != NULL)
        built = tofu_pin_options_set_cert(options, cert, NULL);
    status = tofu_pin_add(store, endpoint, options, id, NULL);
    tofu_pin_options_free(options);
    return used(built, status);
}

/* The number of problems that a verdict names. */
static int problems(const tofu_verdict *verdict)
{
    tofu_problem problem;
    int found = 0;
    for (problem = TOFU_PROBLEM_UNTRUSTED_ISSUER; problem <= TOFU_PROBLEM_PUBLISHED_KEY; problem++)
        found += tofu_verdict_has_problem(verdict, problem);
    return found;
}

static void begin(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc > 1)
        data_dir = argv[1];
    if (argc > 2)
        own_dir = argv[2];
    /* Not every program uses all of it. */
    (void)slurp, (void)spill, (void)own, (void)chain_of, (void)check_now, (void)policy_with_root;
    (void)fingerprint, (void)key_of, (void)leaf_of, (void)trust_as, (void)add_pin, (void)problems;
}

static int end(void)
{
    printf("%d claims, %d failed\n", claims, failures);
    return failures != 0;
}

#endif
