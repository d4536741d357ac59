/* imap-session.h - the part of tofu-imap.c that knows nothing about trust: TCP, TLS and a few IMAP commands.
 *
 * Every wait has a limit: one deadline covers connecting and the handshake, another one the whole dialogue. Lines and
 * replies have a limit too, and whatever the server says is escaped before it is shown. imap_open sends nothing, and
 * imap_handshake sends nothing but the handshake.
 */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { IMAP_OPEN_MS = 20000, IMAP_ADDRESS_MS = 8000, IMAP_DIALOGUE_MS = 30000, IMAP_LINE = 8192, IMAP_LINES = 2000 };

struct imap_link {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    int64_t deadline; /* milliseconds of the monotonic clock */
    size_t have, used;
    char buffer[4096];
    char line[IMAP_LINE];
    char failure[256];
};

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int64_t imap_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Always 0, for `return imap_fail(...)`. */
static int imap_fail(struct imap_link *link, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(link->failure, sizeof link->failure, format, args);
    va_end(args);
    return 0;
}

static int imap_wait(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd poller = { .fd = fd, .events = events };
        int64_t left = deadline - imap_now();
        int n = left > 0 ? poll(&poller, 1, (int)left) : 0;
        if (n > 0)
            return 1;
        if (n == 0 || errno != EINTR)
            return 0;
    }
}

/* Before every SSL call: an error left in this thread's queue by somebody else would be taken for this call's. */
static SSL *imap_ssl(struct imap_link *link)
{
    ERR_clear_error();
    return link->ssl;
}

/* After an SSL call that returned `result`: 1 to call again, 0 with the reason. */
static int imap_again(struct imap_link *link, int result, const char *step)
{
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return imap_wait(link->fd, POLLIN, link->deadline) ? 1 : imap_fail(link, "%s: no answer in time", step);
    case SSL_ERROR_WANT_WRITE:
        return imap_wait(link->fd, POLLOUT, link->deadline) ? 1 : imap_fail(link, "%s: no progress in time", step);
    case SSL_ERROR_ZERO_RETURN:
        return imap_fail(link, "%s: the server closed the connection", step);
    default: {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        return imap_fail(link, "%s: %s", step, reason != NULL ? reason : "the connection broke");
    }
    }
}

/* ---- TCP and TLS ------------------------------------------------------------------------------------------------- */

/* Connects to one address, or tells why not. */
static int imap_connect_one(const struct addrinfo *address, int64_t deadline)
{
    int fd = socket(address->ai_family, SOCK_STREAM, 0);
    int error = 0;
    socklen_t len = sizeof error;

    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    if (errno != EINPROGRESS)
        error = errno;
    else if (!imap_wait(fd, POLLOUT, deadline))
        error = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* Tries every IPv6 and IPv4 address of `host` in the resolver's order. */
static int imap_connect(struct imap_link *link, const char *host, uint16_t port)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list = NULL, *at;
    char service[6];
    int error;

    snprintf(service, sizeof service, "%u", (unsigned)port);
    error = getaddrinfo(host, service, &hints, &list);
    if (error != 0)
        return imap_fail(link, "cannot be resolved: %s", gai_strerror(error));
    for (at = list; at != NULL && link->fd < 0; at = at->ai_next) {
        int64_t until = imap_now() + IMAP_ADDRESS_MS;
        link->fd = imap_connect_one(at, until < link->deadline ? until : link->deadline);
    }
    error = errno;
    freeaddrinfo(list);
    return link->fd >= 0 ? 1 : imap_fail(link, "cannot connect: %s", strerror(error));
}

/* Connects to `address` and makes an SSL for that connection. 1, or 0 with link->failure; call imap_close in both
 * cases. */
static int imap_open(struct imap_link *link, const char *address, uint16_t port)
{
    memset(link, 0, sizeof *link);
    link->fd = -1;
    link->deadline = imap_now() + IMAP_OPEN_MS;
    if (!imap_connect(link, address, port))
        return 0;
    link->ctx = SSL_CTX_new(TLS_client_method());
    link->ssl = link->ctx != NULL ? SSL_new(link->ctx) : NULL;
    if (link->ssl == NULL || !SSL_set_fd(link->ssl, link->fd))
        return imap_fail(link, "no memory for TLS");
    return 1;
}

/* Finishes the TLS handshake and does nothing more. 1, or 0 with link->failure. */
static int imap_handshake(struct imap_link *link)
{
    int result;

    while ((result = SSL_connect(imap_ssl(link))) != 1)
        if (!imap_again(link, result, "TLS handshake"))
            return 0;
    return 1;
}

static void imap_close(struct imap_link *link)
{
    if (link->ssl != NULL && SSL_is_init_finished(link->ssl))
        SSL_shutdown(link->ssl);
    SSL_free(link->ssl);
    SSL_CTX_free(link->ctx);
    if (link->fd >= 0)
        close(link->fd);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static int imap_send(struct imap_link *link, const char *data, size_t len)
{
    int result;

    while ((result = SSL_write(imap_ssl(link), data, (int)len)) <= 0)
        if (!imap_again(link, result, "sending"))
            return 0;
    return 1;
}

static int imap_byte(struct imap_link *link)
{
    int result;

    if (link->used == link->have) {
        while ((result = SSL_read(imap_ssl(link), link->buffer, (int)sizeof link->buffer)) <= 0)
            if (!imap_again(link, result, "waiting for the server"))
                return -1;
        link->have = (size_t)result;
        link->used = 0;
    }
    return (unsigned char)link->buffer[link->used++];
}

/* One line into link->line, without its end. */
static int imap_line(struct imap_link *link)
{
    size_t len = 0;

    for (;;) {
        int byte = imap_byte(link);
        if (byte < 0)
            return 0;
        if (byte == '\n')
            break;
        if (len + 1 == sizeof link->line)
            return imap_fail(link, "the server sent a line of more than %d bytes", IMAP_LINE);
        link->line[len++] = (char)byte;
    }
    if (len > 0 && link->line[len - 1] == '\r')
        len--;
    link->line[len] = '\0';
    return 1;
}

/* Shows what the server said; only printable ASCII reaches the terminal as it is. */
static void imap_show(const char *line)
{
    const unsigned char *at;

    fputs("  S: ", stdout);
    for (at = (const unsigned char *)line; *at != '\0'; at++) {
        if (*at >= 0x20 && *at < 0x7f)
            putchar(*at);
        else
            printf("\\x%02x", (unsigned)*at);
    }
    putchar('\n');
}

/* Reads to the tagged answer or a continuation, showing each line. 1 for OK or "+". */
static int imap_reply(struct imap_link *link, const char *tag)
{
    size_t tag_len = strlen(tag);
    int lines;

    for (lines = 0; lines < IMAP_LINES; lines++) {
        if (!imap_line(link))
            return 0;
        imap_show(link->line);
        if (link->line[0] == '+')
            return 1;
        if (strncmp(link->line, tag, tag_len) == 0 && link->line[tag_len] == ' ')
            return strncasecmp(link->line + tag_len + 1, "OK", 2) == 0 ? 1 : imap_fail(link, "the server said no");
    }
    return imap_fail(link, "the server sent more than %d lines", IMAP_LINES);
}

static int imap_command(struct imap_link *link, const char *tag, const char *command)
{
    char text[128];
    int len = snprintf(text, sizeof text, "%s %s\r\n", tag, command);

    printf("  C: %s %s\n", tag, command);
    return len > 0 && imap_send(link, text, (size_t)len) && imap_reply(link, tag);
}

/* ---- the dialogue ------------------------------------------------------------------------------------------------ */

/* The password: from the environment, from a terminal without echo, or the first line of standard input. */
static int imap_password(char *password, size_t size)
{
    const char *given = getenv("TOFU_IMAP_PASSWORD");
    struct termios loud, quiet;
    int terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &loud) == 0;
    int ok;

    if (given != NULL)
        return snprintf(password, size, "%s", given) < (int)size;
    if (terminal) {
        fputs("Password: ", stdout);
        fflush(stdout);
        quiet = loud;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ok = fgets(password, (int)size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &loud);
        putchar('\n');
    }
    if (ok)
        password[strcspn(password, "\r\n")] = '\0';
    return ok;
}

/* LOGIN with both values as literals (RFC 9051 section 4.3), so that any byte may occur in them. */
static int imap_login(struct imap_link *link, const char *user)
{
    char text[64], password[512];
    int len, ok;

    if (!imap_password(password, sizeof password))
        return imap_fail(link, "no password given");
    link->deadline = imap_now() + IMAP_DIALOGUE_MS; /* the person's typing does not count */
    puts("  C: a2 LOGIN (user name and password not shown)");
    len = snprintf(text, sizeof text, "a2 LOGIN {%zu}\r\n", strlen(user));
    ok = imap_send(link, text, (size_t)len) && imap_reply(link, "a2") && imap_send(link, user, strlen(user));
    len = snprintf(text, sizeof text, " {%zu}\r\n", strlen(password));
    ok = ok && imap_send(link, text, (size_t)len) && imap_reply(link, "a2") &&
         (password[0] == '\0' || imap_send(link, password, strlen(password))) && imap_send(link, "\r\n", 2) &&
         imap_reply(link, "a2");
    OPENSSL_cleanse(password, sizeof password);
    return ok;
}

/* Greeting, CAPABILITY, with TOFU_IMAP_USER set LOGIN and LIST, LOGOUT. The server must have been accepted before. 1, or
 * 0 with link->failure. */
static int imap_session(struct imap_link *link)
{
    const char *user = getenv("TOFU_IMAP_USER");

    link->deadline = imap_now() + IMAP_DIALOGUE_MS;
    if (!imap_line(link))
        return 0;
    imap_show(link->line);
    if (strncasecmp(link->line, "* OK", 4) != 0)
        return imap_fail(link, "the server's greeting is not an IMAP greeting");
    if (!imap_command(link, "a1", "CAPABILITY"))
        return 0;
    if (user != NULL && (!imap_login(link, user) || !imap_command(link, "a3", "LIST \"\" \"*\"")))
        return 0;
    return imap_command(link, "a4", "LOGOUT");
}

#endif /* IMAP_SESSION_H */
