/* tofu-imap: a small IMAP client on OpenSSL that lets libtofu decide about the server.
 *
 * It makes the TLS connection, hands what the server sent to libtofu (tofu-openssl.h), shows the explanation, asks the
 * user where an answer is wanted, and remembers the answer. Only after libtofu's yes does it read the greeting and log
 * in; before that, no byte of IMAP is sent. The dialogue itself is in imap-session.h.
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
enum { TEXT_WIDTH = 80 };

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

static int complain(const char *what, tofu_error *err)
{
    fprintf(stderr, "tofu-imap: %s: %s (%s)\n", what, tofu_error_message(err),
            tofu_status_name(tofu_error_status(err)));
    tofu_error_free(err);
    return EXIT_ERROR;
}

static int usage(FILE *out)
{
    fputs("usage: tofu-imap [options] HOST[:PORT] | [IPv6]:PORT        (port 993 unless given)\n"
          "  --store PATH        the file of pins (default: the user's own)\n"
          "  --account NAME      keep this account's pins apart\n"
          "  --cafile FILE       trust the roots in this file as well; the policy in force stays in force\n"
          "  --no-system-roots   do not trust the system's roots\n"
          "  --at SECONDS        judge at this time (since the epoch) instead of now\n"
          "  --connect ADDRESS   connect there; HOST remains the name that is checked\n"
          "  --answer ANSWER     answer every question with this (yes, no or a fingerprint) instead of asking: for tests\n"
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

/* ---- options of the check ---------------------------------------------------------------------------------------- */

/* What is known about the connection; NULL after a message. The roots are added to the policy that the user set for
 * this server. A policy made here would take its place, and a "strict" of the user's would be lost. A setter that
 * refuses its value makes the check fail too, but here the message can name the option. */
static tofu_check_options *make_check(const struct options *options)
{
    tofu_check_options *check = NULL;
    tofu_error *err = NULL;
    tofu_status status = tofu_check_options_new(&check, &err);

    if (status == TOFU_OK && options->account != NULL)
        status = tofu_check_options_set_account(check, options->account, &err);
    if (status == TOFU_OK && options->at != 0)
        status = tofu_check_options_set_time(check, options->at, &err);
    if (status == TOFU_OK && !options->system_roots)
        status = tofu_check_options_tighten(check, "system-roots", "no", &err);
    if (status == TOFU_OK && options->cafile != NULL)
        status = tofu_check_options_add_root_file(check, options->cafile, &err);
    if (status == TOFU_OK)
        return check;
    complain("options", err);
    tofu_check_options_free(check);
    return NULL;
}

/* ---- the verdict, shown and answered ----------------------------------------------------------------------------- */

static void show(const tofu_verdict *verdict)
{
    tofu_error *err = NULL;
    tofu_text *text = NULL;

    if (tofu_verdict_format(verdict, TOFU_FORMAT_TEXT, TEXT_WIDTH, &text, &err) == TOFU_OK)
        puts(tofu_text_get(text, NULL));
    else
        complain("the explanation", err);
    tofu_text_free(text);
    fflush(stdout);
}

/* Reads the user's answer, without the end of its line. 0 if nobody can be asked. */
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

/* Records the answer. `typed` is the fingerprint that the user typed, NULL for a plain yes. */
static int record(tofu_store *store, const tofu_verdict *verdict, const char *typed)
{
    tofu_trust_options *how = NULL;
    tofu_error *err = NULL;
    tofu_status status = tofu_trust_options_new(&how, &err);

    if (status == TOFU_OK)
        status = tofu_trust_options_set_comment(how, "answered in tofu-imap", &err);
    if (status == TOFU_OK && typed != NULL)
        status = tofu_trust_options_set_typed(how, typed, &err);
    if (status == TOFU_OK)
        status = tofu_verdict_trust(store, verdict, how, &err);
    tofu_trust_options_free(how);
    if (status != TOFU_OK)
        complain("not trusted", err);
    return status == TOFU_OK;
}

/* Asks what the verdict says is to be asked. 1 once an answer that trusts the server is recorded. */
static int ask(const struct options *options, tofu_store *store, const tofu_verdict *verdict)
{
    const char *question;
    char answer[256];

    switch (tofu_verdict_answer(verdict)) {
    case TOFU_ANSWER_YES:
        question = "Trust this server from now on? [yes, no, or the fingerprint you were told]";
        break;
    case TOFU_ANSWER_FINGERPRINT:
        question = "To trust this server all the same, type its full fingerprint; anything else is no:";
        break;
    default:
        return 0;
    }
    if (!read_answer(options, question, answer, sizeof answer) || answer[0] == '\0' || strcasecmp(answer, "no") == 0)
        return 0;
    if (tofu_verdict_answer(verdict) == TOFU_ANSWER_YES && strcasecmp(answer, "yes") == 0)
        return record(store, verdict, NULL);
    return record(store, verdict, answer);
}

/* Decides about the server at the other end of `ssl`; EXIT_TRUSTED means go ahead. A recorded answer is not the
 * decision: the same connection is checked again, with the answer and with everything else that is known by then. */
static int judge(const struct options *options, tofu_store *store, SSL *ssl, tofu_verdict **verdict)
{
    tofu_check_options *check = make_check(options);
    tofu_error *err = NULL;
    tofu_status status;

    if (check == NULL)
        return EXIT_ERROR;
    status = tofu_openssl_check(store, ssl, options->host, options->port, check, verdict, &err);
    if (status > 0) {
        show(*verdict);
        if (ask(options, store, *verdict)) {
            tofu_verdict_free(*verdict);
            status = tofu_openssl_check(store, ssl, options->host, options->port, check, verdict, &err);
            if (status > 0)
                show(*verdict);
        }
    }
    tofu_check_options_free(check);
    if (status < 0)
        return complain(options->host, err);
    if (status != TOFU_OK)
        return status == TOFU_ASK ? EXIT_ASK : EXIT_REJECT;
    puts(tofu_verdict_statement(*verdict, TOFU_SECTION_HEADLINE, 0, NULL, NULL));
    return EXIT_TRUSTED;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static int fail(const struct options *options, const struct imap_link *link)
{
    fprintf(stderr, "tofu-imap: %s:%u: %s\n", options->host, (unsigned)options->port, link->failure);
    return EXIT_ERROR;
}

/* Connects, decides, and goes on only with a server that is trusted. */
static int run(const struct options *options, tofu_store *store, struct imap_link *link)
{
    tofu_verdict *verdict = NULL;
    tofu_error *err = NULL;
    int result;

    if (!imap_open(link, options->address != NULL ? options->address : options->host, options->port))
        return fail(options, link);
    if (tofu_openssl_prepare(link->ssl, options->host, &err) != TOFU_OK)
        return complain(options->host, err);
    if (!imap_handshake(link))
        return fail(options, link);
    result = judge(options, store, link->ssl, &verdict);
    if (result != EXIT_TRUSTED)
        puts("Connection closed. Nothing was sent: no user name, no password, no command.");
    else if (!imap_session(link))
        result = fail(options, link);
    tofu_verdict_free(verdict);
    return result;
}

int main(int argc, char **argv)
{
    struct options options = { .system_roots = 1 };
    struct imap_link link;
    tofu_store *store = NULL;
    tofu_error *err = NULL;
    int result;

    if (!parse_options(argc, argv, &options))
        return usage(stderr);
    /* OpenSSL writes with write(2): a server that hangs up must not end the program. */
    signal(SIGPIPE, SIG_IGN);
    if (tofu_store_open(options.store, NULL, &store, &err) != TOFU_OK)
        return complain("store", err);
    result = run(&options, store, &link);
    imap_close(&link);
    tofu_store_free(store);
    return result;
}
