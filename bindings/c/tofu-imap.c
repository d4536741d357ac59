/* tofu-imap: a small IMAP client that asks libtofu whom it is talking to.
 *
 * It connects over TLS through OpenSSL, hands the chain to libtofu (tofu-openssl.h), shows the explanation, asks
 * where there is something to ask, remembers the answer, and only then reads the greeting and logs in. A certificate
 * that changed is refused before any byte of IMAP is sent. The dialogue itself is in imap-session.h.
 *
 *     cc tofu-imap.c -o tofu-imap $(pkg-config --cflags --libs tofu openssl)
 *     TOFU_IMAP_USER=me ./tofu-imap imap.example.org
 *
 * Exit status: 0 trusted and done, 1 error, 2 usage, 3 the question was not answered with yes, 4 rejected.
 */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <tofu.h>

#include "imap-session.h"
#include "tofu-openssl.h"

enum { EXIT_TRUSTED = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_ASK = 3, EXIT_REJECT = 4 };
enum { TEXT_WIDTH = 80, CAFILE_MAX = 1 << 20 };

struct options {
    const char *host;    /* the name that the user configured: what the certificate must be for */
    const char *address; /* where to connect, when it is not the host */
    const char *store;   /* path of the store; NULL for the user's own */
    const char *account;
    const char *cafile;
    const char *answer; /* given on the command line in place of a terminal */
    int64_t at;         /* seconds since the epoch; 0 for the clock */
    int system_roots;
    uint16_t port;
};

/* ---- what can go wrong ------------------------------------------------------------------------------------------- */

static int complain(const char *what, tofu_status status, tofu_error *err)
{
    const char *message = err != NULL ? tofu_error_message(err) : "";

    fprintf(stderr, "tofu-imap: %s: %s (%s)\n", what, message[0] ? message : "no further detail",
            tofu_status_name(status));
    tofu_error_free(err);
    return EXIT_ERROR;
}

static int usage(FILE *out)
{
    fputs("usage: tofu-imap [options] HOST[:PORT] | [IPv6]:PORT        (port 993 unless given)\n"
          "  --store PATH        the file of pins (default: the user's own)\n"
          "  --account NAME      keep this account's pins apart\n"
          "  --cafile PEM        trust these roots as well\n"
          "  --no-system-roots   do not trust the system's roots\n"
          "  --at SECONDS        judge at this time (since the epoch) instead of now\n"
          "  --connect ADDRESS   connect there; HOST remains the name that is checked\n"
          "  --answer ANSWER     answer a question with yes, no or a fingerprint, for want of a terminal\n"
          "To log in, set TOFU_IMAP_USER; the password comes from TOFU_IMAP_PASSWORD, the terminal or standard input.\n",
          out);
    return EXIT_USAGE;
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

static int parse_number(const char *text, long long max, long long *out)
{
    char *end;

    *out = strtoll(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out > 0 && *out <= max;
}

/* Cuts HOST[:PORT], [ADDRESS]:PORT or a bare IPv6 address in place. */
static int parse_target(char *target, struct options *options)
{
    char *colon = strrchr(target, ':');
    long long port = 993;

    options->host = target;
    if (target[0] == '[') {
        char *close = strchr(target, ']');
        if (close == NULL || (close[1] != '\0' && close[1] != ':'))
            return 0;
        colon = close[1] == ':' ? close + 1 : NULL;
        *close = '\0';
        options->host = target + 1;
    } else if (colon != NULL && strchr(target, ':') != colon) {
        colon = NULL;
    }
    if (colon != NULL) {
        *colon = '\0';
        if (!parse_number(colon + 1, 65535, &port))
            return 0;
    }
    options->port = (uint16_t)port;
    return options->host[0] != '\0';
}

static int parse_options(int argc, char **argv, struct options *options)
{
    struct {
        const char *name;
        const char **value;
    } named[] = { { "--store", &options->store },     { "--account", &options->account },
                  { "--cafile", &options->cafile },   { "--answer", &options->answer },
                  { "--connect", &options->address } };
    long long number;
    int i;

    for (i = 1; i < argc; i++) {
        size_t n, count = sizeof(named) / sizeof(named[0]);
        if (strcmp(argv[i], "--no-system-roots") == 0) {
            options->system_roots = 0;
            continue;
        }
        if (argv[i][0] != '-') {
            if (options->host != NULL || !parse_target(argv[i], options))
                return 0;
            continue;
        }
        if (i + 1 == argc)
            return 0;
        if (strcmp(argv[i], "--at") == 0) {
            if (!parse_number(argv[++i], INT64_MAX, &number))
                return 0;
            options->at = number;
            continue;
        }
        for (n = 0; n < count && strcmp(argv[i], named[n].name) != 0; n++)
            ;
        if (n == count)
            return 0;
        *named[n].value = argv[++i];
    }
    return options->host != NULL;
}

/* ---- policy and options of the check ----------------------------------------------------------------------------- */

/* Adds the roots in a PEM file to the policy. */
static tofu_status add_cafile(tofu_policy *policy, const char *path, tofu_error **err)
{
    static uint8_t pem[CAFILE_MAX];
    FILE *file = fopen(path, "rb");
    size_t len;

    if (file == NULL) {
        perror(path);
        return TOFU_E_IO;
    }
    len = fread(pem, 1, sizeof pem, file);
    fclose(file);
    if (len == sizeof pem)
        return TOFU_E_LIMIT;
    return tofu_policy_add_root(policy, pem, len, err);
}

/* The default policy with the roots that the options ask for; NULL after a message. */
static tofu_policy *make_policy(const struct options *options)
{
    tofu_policy *policy = NULL;
    tofu_error *err = NULL;
    tofu_status status = tofu_policy_new("default", &policy, &err);

    if (status == TOFU_OK && !options->system_roots)
        status = tofu_policy_set(policy, "system-roots", "no", &err);
    if (status == TOFU_OK && options->cafile != NULL)
        status = add_cafile(policy, options->cafile, &err);
    if (status == TOFU_OK)
        return policy;
    complain(options->cafile != NULL ? options->cafile : "policy", status, err);
    tofu_policy_free(policy);
    return NULL;
}

/* The options of the check; NULL after a message. A policy is set only where an option asks for one, so that the
 * store's own is used otherwise. */
static tofu_check_options *make_check(const struct options *options, SSL *ssl)
{
    tofu_check_options *check = NULL;
    tofu_policy *policy = NULL;
    tofu_error *err = NULL;
    tofu_status status;

    if (options->cafile != NULL || !options->system_roots) {
        policy = make_policy(options);
        if (policy == NULL)
            return NULL;
    }
    status = tofu_check_options_new(&check, &err);
    if (status == TOFU_OK)
        status = tofu_check_options_set_flags(check, tofu_openssl_flags(ssl), &err);
    if (status == TOFU_OK && options->account != NULL)
        status = tofu_check_options_set_account(check, options->account, &err);
    if (status == TOFU_OK && options->at != 0)
        status = tofu_check_options_set_time(check, options->at, &err);
    if (status == TOFU_OK && policy != NULL)
        status = tofu_check_options_set_policy(check, policy, &err);
    tofu_policy_free(policy);
    if (status == TOFU_OK)
        return check;
    complain("options", status, err);
    tofu_check_options_free(check);
    return NULL;
}

/* ---- the verdict, shown and answered ----------------------------------------------------------------------------- */

static void show(const tofu_verdict *verdict)
{
    tofu_text *text = NULL;

    if (tofu_verdict_format(verdict, TOFU_FORMAT_TEXT, TEXT_WIDTH, &text, NULL) == TOFU_OK)
        puts(tofu_text_get(text, NULL));
    tofu_text_free(text);
    fflush(stdout);
}

/* The user's answer, without its line end. A program that cannot ask takes the question as answered with no. */
static int read_answer(const struct options *options, const char *question, char *answer, size_t size)
{
    fprintf(stdout, "%s ", question);
    if (options->answer != NULL) {
        printf("%s   (given by --answer)\n", options->answer);
        snprintf(answer, size, "%s", options->answer);
        return 1;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        puts("no   (nobody to ask: not a terminal)");
        return 0;
    }
    fflush(stdout);
    if (fgets(answer, (int)size, stdin) == NULL)
        return 0;
    answer[strcspn(answer, "\r\n")] = '\0';
    return 1;
}

/* Asks, and stores a yes. At first contact a plain yes will do; whatever contradicts what was known is taken only for
 * the typed fingerprint, which libtofu compares. */
static int ask(const struct options *options, tofu_store *store, const tofu_verdict *verdict)
{
    int first_use = tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_FIRST_USE;
    tofu_error *err = NULL;
    tofu_status status;
    char answer[256];
    int plain_yes;

    if (!read_answer(options,
                     first_use ? "Trust this server from now on? [yes, no, or the fingerprint you were told]"
                               : "To accept this all the same, type the new fingerprint in full; anything else is no:",
                     answer, sizeof answer))
        return EXIT_ASK;
    plain_yes = strcasecmp(answer, "yes") == 0;
    if (answer[0] == '\0' || strcasecmp(answer, "no") == 0 || (plain_yes && !first_use))
        return EXIT_ASK;
    status = tofu_verdict_trust(store, verdict, tofu_verdict_suggested_kind(verdict), 0, 0, plain_yes ? NULL : answer,
                                "answered in tofu-imap", &err);
    if (status != TOFU_OK) {
        complain("not trusted", status, err);
        return EXIT_ASK;
    }
    return EXIT_TRUSTED;
}

/* Decides about the server at the other end of `ssl`; EXIT_TRUSTED means go ahead. After a yes the same chain is
 * checked once more, so that what lets the connection pass is always libtofu's own TOFU_OK. */
static int judge(const struct options *options, tofu_store *store, SSL *ssl, tofu_verdict **verdict)
{
    tofu_check_options *check = make_check(options, ssl);
    tofu_error *err = NULL;
    tofu_status status;
    int result = EXIT_ERROR;

    if (check == NULL)
        return EXIT_ERROR;
    status = tofu_openssl_check(store, ssl, options->host, options->port, check, verdict, &err);
    if (status == TOFU_ASK) {
        show(*verdict);
        result = ask(options, store, *verdict);
        if (result == EXIT_TRUSTED) {
            tofu_verdict_free(*verdict);
            status = tofu_openssl_check(store, ssl, options->host, options->port, check, verdict, &err);
        }
    } else if (status == TOFU_REJECT) {
        show(*verdict);
        result = EXIT_REJECT;
    }
    if (status == TOFU_OK) {
        printf("%s\n", tofu_verdict_headline(*verdict));
        result = EXIT_TRUSTED;
    } else if (status < 0) {
        result = complain(options->host, status, err);
    }
    tofu_check_options_free(check);
    return result;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static int run(const struct options *options, tofu_store *store)
{
    struct imap_link link;
    tofu_verdict *verdict = NULL;
    int result;

    if (!imap_open(&link, options->address != NULL ? options->address : options->host, options->host, options->port)) {
        fprintf(stderr, "tofu-imap: %s:%u: %s\n", options->host, (unsigned)options->port, link.failure);
        imap_close(&link);
        return EXIT_ERROR;
    }
    result = judge(options, store, link.ssl, &verdict);
    if (result != EXIT_TRUSTED) {
        puts("Connection closed. Nothing was sent: no user name, no password, no command.");
    } else if (!imap_session(&link, tofu_verdict_may_send_credentials(verdict))) {
        fprintf(stderr, "tofu-imap: %s: %s\n", options->host, link.failure);
        result = EXIT_ERROR;
    }
    tofu_verdict_free(verdict);
    imap_close(&link);
    return result;
}

int main(int argc, char **argv)
{
    struct options options = { .system_roots = 1 };
    tofu_store *store = NULL;
    tofu_error *err = NULL;
    tofu_status status;
    int result;

    if (!parse_options(argc, argv, &options))
        return usage(stderr);
    /* OpenSSL writes with write(2): a server that hangs up must not end the program. */
    signal(SIGPIPE, SIG_IGN);
    status = tofu_store_open(options.store, NULL, &store, &err);
    if (status != TOFU_OK)
        return complain("store", status, err);
    result = run(&options, store);
    tofu_store_free(store);
    return result;
}
