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

static void begin(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc > 1)
        data_dir = argv[1];
    if (argc > 2)
        own_dir = argv[2];
    /* Not every program uses all of it. */
    (void)slurp, (void)spill, (void)own, (void)chain_of, (void)check_now, (void)policy_with_root;
}

static int end(void)
{
    printf("%d claims, %d failed\n", claims, failures);
    return failures != 0;
}

#endif
