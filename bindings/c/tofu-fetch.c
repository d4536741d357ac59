/* tofu-fetch: asks an IMAP server what it can do, over a connection that libtofu makes.
 *
 * This is a whole program on tofu_connect, without a TLS library, socket or lookup of its own. It connects (with
 * STARTTLS where the port says so), shows the verdict, asks the user where an answer is wanted, goes on with the same
 * connection, sends CAPABILITY, prints the answer, and logs out. The connection sends nothing before the verdict is
 * accept.
 *
 *     cc tofu-fetch.c -o tofu-fetch $(pkg-config --cflags --libs tofu)
 *     ./tofu-fetch imap.example.org            port 993; or another one: ./tofu-fetch imap.example.org 143
 *
 * Exit status: 0 trusted and done, 1 error, 2 usage, 3 the question was not answered with yes, 4 rejected.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tofu.h>

enum { EXIT_TRUSTED = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_ASK = 3, EXIT_REJECT = 4 };
enum { LINE = 8192, LINES = 500, DIALOGUE_SECONDS = 30 };

struct options {
    const char *host, *address, *starttls, *store;
    int system_roots;
    uint16_t port;
};

static int complain(const char *what, tofu_error *err)
{
    fprintf(stderr, "tofu-fetch: %s: %s (%s)\n", what, tofu_error_message(err),
            tofu_status_name(tofu_error_status(err)));
    tofu_error_free(err);
    return EXIT_ERROR;
}

static int usage(void)
{
    fputs("usage: tofu-fetch [options] HOST [PORT]        (port 993 unless given)\n"
          "  --store PATH        the file of pins (default: the user's own)\n"
          "  --starttls PROTO    \"imap\", or \"no\" for TLS from the first byte, whatever the port says\n"
          "  --connect ADDRESS   connect to this IP address, \"IP:PORT\" too; HOST remains the name that is checked\n"
          "  --no-system-roots   do not trust the system's roots\n",
          stderr);
    return EXIT_USAGE;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    long port = 993;
    char *end;
    int i;

    for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char **value = strcmp(argv[i], "--store") == 0      ? &options->store
                             : strcmp(argv[i], "--starttls") == 0 ? &options->starttls
                             : strcmp(argv[i], "--connect") == 0  ? &options->address
                                                                  : NULL;
        if (strcmp(argv[i], "--no-system-roots") == 0)
            options->system_roots = 0;
        else if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else
            return 0;
    }
    if (i == argc || argc - i > 2)
        return 0;
    options->host = argv[i];
    if (argc - i == 2) {
        port = strtol(argv[i + 1], &end, 10);
        if (*end != '\0' || port < 1 || port > 65535)
            return 0;
    }
    options->port = (uint16_t)port;
    return 1;
}

/* How to connect; NULL after a message. */
static tofu_dial_options *make_dial(const struct options *options)
{
    tofu_dial_options *dial = NULL;
    tofu_error *err = NULL;
    tofu_status status = tofu_dial_options_new(&dial, &err);

    if (status == TOFU_OK)
        status = tofu_dial_options_set(dial, "read-ms", "20000", &err);
    if (status == TOFU_OK && options->starttls != NULL)
        status = tofu_dial_options_set(dial, "starttls", options->starttls, &err);
    if (status == TOFU_OK && options->address != NULL)
        status = tofu_dial_options_set(dial, "address", options->address, &err);
    if (status == TOFU_OK)
        return dial;
    complain("options", err);
    tofu_dial_options_free(dial);
    return NULL;
}

/* What else is known about the connection; NULL after a message. The options only make the policy that the user set
 * stricter. A policy made here would take its place. */
static tofu_check_options *make_check(const struct options *options)
{
    tofu_check_options *check = NULL;
    tofu_error *err = NULL;
    tofu_status status = tofu_check_options_new(&check, &err);

    if (status == TOFU_OK && !options->system_roots)
        status = tofu_check_options_tighten(check, "system-roots", "no", &err);
    if (status == TOFU_OK)
        return check;
    complain("options", err);
    tofu_check_options_free(check);
    return NULL;
}

static void show(const tofu_verdict *verdict)
{
    tofu_error *err = NULL;
    tofu_text *text = NULL;

    if (tofu_verdict_format(verdict, TOFU_FORMAT_TEXT, 80, &text, &err) == TOFU_OK)
        puts(tofu_text_get(text, NULL));
    else
        complain("the explanation", err);
    tofu_text_free(text);
}

/* Records the answer. `typed` is the fingerprint that the user typed, NULL for a plain yes. */
static int record(tofu_store *store, const tofu_verdict *verdict, const char *typed)
{
    tofu_trust_options *how = NULL;
    tofu_error *err = NULL;
    tofu_status status = tofu_trust_options_new(&how, &err);

    if (status == TOFU_OK)
        status = tofu_trust_options_set_comment(how, "answered in tofu-fetch", &err);
    if (status == TOFU_OK && typed != NULL)
        status = tofu_trust_options_set_typed(how, typed, &err);
    if (status == TOFU_OK)
        status = tofu_verdict_trust(store, verdict, how, &err);
    tofu_trust_options_free(how);
    if (status != TOFU_OK)
        complain("not trusted", err);
    return status == TOFU_OK;
}

/* Asks on the terminal what the verdict says is to be asked. 1 once an answer that trusts the server is recorded. */
static int ask(tofu_store *store, const tofu_verdict *verdict)
{
    tofu_answer wanted = tofu_verdict_answer(verdict);
    char answer[256];

    if (wanted != TOFU_ANSWER_YES && wanted != TOFU_ANSWER_FINGERPRINT)
        return 0;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return 0;
    fputs(wanted == TOFU_ANSWER_YES ? "Trust this server from now on? [yes or no] "
                                    : "To trust this server all the same, type its full fingerprint: ",
          stdout);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        return 0;
    answer[strcspn(answer, "\r\n")] = '\0';
    if (wanted == TOFU_ANSWER_YES)
        return strcmp(answer, "yes") == 0 && record(store, verdict, NULL);
    return answer[0] != '\0' && strcmp(answer, "no") != 0 && record(store, verdict, answer);
}

static int send_line(tofu_conn *conn, const char *line)
{
    size_t len = strlen(line), written = 0;
    tofu_error *err = NULL;

    for (; len > 0; line += written, len -= written)
        if (tofu_conn_write(conn, (const uint8_t *)line, len, &written, &err) != TOFU_OK)
            return !complain("writing", err);
    return 1;
}

/* Prints lines until one begins with `tag`. What a server says is not fit for a terminal, so only printable ASCII is
 * shown. */
static int print_answer(tofu_conn *conn, const char *tag)
{
    time_t until = time(NULL) + DIALOGUE_SECONDS;
    size_t have = 0, got, i;
    tofu_error *err = NULL;
    char line[LINE];
    int lines = 0;

    while (lines < LINES && time(NULL) < until) {
        tofu_status status = tofu_conn_read(conn, (uint8_t *)line + have, 1, &got, &err);
        if (status == TOFU_END)
            break;
        if (status != TOFU_OK)
            return !complain("reading", err);
        if (line[have] != '\n') {
            if (++have == LINE)
                break;
            continue;
        }
        for (i = 0; i < have && line[i] != '\r'; i++)
            putchar(line[i] >= ' ' && line[i] <= '~' ? line[i] : '?');
        putchar('\n');
        if (have >= strlen(tag) && strncmp(line, tag, strlen(tag)) == 0)
            return 1;
        have = 0;
        lines++;
    }
    fputs("tofu-fetch: the server's answer is not IMAP\n", stderr);
    return 0;
}

/* With STARTTLS, libtofu has already read the greeting. */
static int dialogue(tofu_conn *conn)
{
    int greeted = tofu_conn_string(conn, TOFU_SESSION_FIELD_STARTTLS)[0] != '\0' || print_answer(conn, "* OK");

    puts(tofu_verdict_statement(tofu_conn_verdict(conn), TOFU_SECTION_HEADLINE, 0, NULL, NULL));
    return greeted && send_line(conn, "a1 CAPABILITY\r\n") && print_answer(conn, "a1 ") &&
           send_line(conn, "a2 LOGOUT\r\n") && print_answer(conn, "a2 ");
}

/* A recorded answer is not the decision: tofu_conn_handshake checks the same connection again, with the answer and with
 * everything else that is known by then. */
static int run(const struct options *options, tofu_store *store, tofu_dial_options *dial, tofu_check_options *check)
{
    tofu_conn *conn = NULL;
    tofu_error *err = NULL;
    int result = EXIT_ERROR;
    tofu_status status = tofu_connect(store, options->host, options->port, dial, check, &conn, &err);

    if (status == TOFU_ASK || status == TOFU_REJECT) {
        show(tofu_conn_verdict(conn));
        if (ask(store, tofu_conn_verdict(conn))) {
            status = tofu_conn_handshake(conn, &err);
            if (status > 0)
                show(tofu_conn_verdict(conn));
        }
    }
    if (status == TOFU_OK)
        result = dialogue(conn) ? EXIT_TRUSTED : EXIT_ERROR;
    else if (status > 0)
        result = status == TOFU_ASK ? EXIT_ASK : EXIT_REJECT;
    else
        complain(options->host, err);
    if (status != TOFU_OK)
        puts("Connection closed. Nothing was sent.");
    tofu_conn_free(conn);
    return result;
}

int main(int argc, char **argv)
{
    struct options options = { .system_roots = 1 };
    tofu_dial_options *dial = NULL;
    tofu_check_options *check = NULL;
    tofu_store *store = NULL;
    tofu_error *err = NULL;
    int result = EXIT_ERROR;

    if (!parse_options(argc, argv, &options))
        return usage();
    if (tofu_store_open(options.store, NULL, &store, &err) != TOFU_OK)
        return complain("store", err);
    dial = make_dial(&options);
    check = make_check(&options);
    if (dial != NULL && check != NULL)
        result = run(&options, store, dial, check);
    tofu_check_options_free(check);
    tofu_dial_options_free(dial);
    tofu_store_free(store);
    return result;
}
