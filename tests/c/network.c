/* Connections and probes, against openssl s_server on loopback and scripted servers in threads. */
#define _POSIX_C_SOURCE 200809L
#include "server.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>

static tofu_store *store;

/* ---- servers that talk in the clear first ---------------------------------------------------------------------- */

/* What a scripted server does with the one client that it takes. */
struct script {
    int listener, port;
    /* Said at once. */
    const char *greeting;
    /* A command, and what is said once it came; NULL ends the dialogue. */
    const char *commands[4], *answers[4];
    /* After the dialogue everything is passed on to this port, if it is not 0. */
    int relay_to;
    /* Instead of all that, one byte of the greeting at a time, for ever. */
    int drips;
    /* Commands that were others. */
    int wrong;
    pthread_t thread;
};

static int send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return 0;
        bytes += sent;
        len -= (size_t)sent;
    }
    return 1;
}

/* Reads up to the end of a line. */
static int hear_line(int fd, char *line, size_t size)
{
    size_t got = 0;
    while (got + 1 < size && recv(fd, line + got, 1, 0) == 1)
        if (line[got++] == '\n')
            break;
    line[got] = 0;
    return got > 0;
}

static void relay(int one, int other)
{
    struct pollfd fds[2];
    char buf[4096];
    int i;
    for (;;) {
        fds[0].fd = one, fds[1].fd = other;
        fds[0].events = fds[1].events = POLLIN;
        if (poll(fds, 2, 20000) <= 0)
            return;
        for (i = 0; i < 2; i++) {
            ssize_t got;
            if (fds[i].revents == 0)
                continue;
            got = recv(fds[i].fd, buf, sizeof buf, 0);
            if (got <= 0 || !send_all(fds[1 - i].fd, buf, (size_t)got))
                return;
        }
    }
}

static void *act(void *arg)
{
    struct script *script = arg;
    int client = accept(script->listener, NULL, NULL), i;
    char line[512], byte = '*';
    if (client < 0)
        return NULL;
    while (script->drips && send_all(client, &byte, 1))
        pause_ms(20);
    if (script->greeting != NULL)
        send_all(client, script->greeting, strlen(script->greeting));
    for (i = 0; i < 4 && script->commands[i] != NULL && hear_line(client, line, sizeof line); i++) {
        const char *answer = script->answers[i], *tag = strstr(answer, "TAG");
        char whole[1024];
        script->wrong += strstr(line, script->commands[i]) == NULL;
        /* "TAG" stands for the tag of the command. In one piece, as what follows the go-ahead matters. */
        snprintf(whole, sizeof whole, "%.*s%.*s%s", (int)(tag - answer), answer, (int)strcspn(line, " "), line,
                 tag + 3);
        send_all(client, whole, strlen(whole));
    }
    if (script->relay_to != 0) {
        int server = connect_to(script->relay_to);
        relay(client, server);
        close(server);
    }
    close(client);
    return NULL;
}

static void begin_script(struct script *script)
{
    script->listener = listen_at(&script->port);
    CLAIM(pthread_create(&script->thread, NULL, act, script) == 0, "thread");
}

static void end_script(struct script *script)
{
    shutdown(script->listener, SHUT_RDWR);
    close(script->listener);
    CLAIM(pthread_join(script->thread, NULL) == 0, "thread");
    CLAIM(script->wrong == 0, "%d commands that nobody expected", script->wrong);
}

/* ---- small steps ------------------------------------------------------------------------------------------------ */

static tofu_check_options *offline_check(void)
{
    tofu_check_options *check = NULL;
    tofu_policy *policy = NULL;
    IS(tofu_policy_new("default", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    IS(tofu_check_options_new(&check, NULL), TOFU_OK);
    IS(tofu_check_options_set_policy(check, policy, NULL), TOFU_OK);
    tofu_policy_free(policy);
    return check;
}

/* Connects as the default policy without any root has it, and returns what that came to. */
static tofu_status reach(const char *host, uint16_t port, tofu_dial_options *dial, tofu_conn **conn, tofu_error **err)
{
    tofu_check_options *check = offline_check();
    tofu_status status = tofu_connect(store, host, port, dial, check, conn, err);
    tofu_check_options_free(check);
    return status;
}

/* A connection that a person said yes to. */
static tofu_conn *trusted(const char *host, uint16_t port, tofu_dial_options *dial)
{
    tofu_conn *conn = NULL;
    IS(reach(host, port, dial, &conn, NULL), TOFU_ASK);
    IS(tofu_verdict_trust(store, tofu_conn_verdict(conn), NULL, NULL), TOFU_OK);
    IS(tofu_conn_handshake(conn, NULL), TOFU_OK);
    return conn;
}

static void write_text(tofu_conn *conn, const char *text)
{
    size_t written = 0;
    IS(tofu_conn_write(conn, (const uint8_t *)text, strlen(text), &written, NULL), TOFU_OK);
    CLAIM(written == strlen(text), "%zu of %zu", written, strlen(text));
}

/* Reads until TEXT has come. */
static void read_text(tofu_conn *conn, const char *text)
{
    char all[4096];
    size_t have = 0, got;
    all[0] = 0;
    while (strstr(all, text) == NULL && have + 1 < sizeof all) {
        tofu_status status = tofu_conn_read(conn, (uint8_t *)all + have, sizeof all - have - 1, &got, NULL);
        IS(status, TOFU_OK);
        if (status != TOFU_OK)
            return;
        CLAIM(got > 0, "an empty read");
        have += got;
        all[have] = 0;
    }
    SAYS(all, text);
}

/* A call that fails with this status and this fine code within the time. */
#define FAILS(call, status, code)                                                                                      \
    do {                                                                                                               \
        tofu_error *err_ = NULL, **err = &err_;                                                                        \
        tofu_status answer_ = (call);                                                                                  \
        CLAIM(answer_ == (status), "%s, not %s", tofu_status_name(answer_), tofu_status_name(status));                 \
        CLAIM(strcmp(tofu_error_detail(err_), code) == 0, "%s, not %s", tofu_error_detail(err_), code);                \
        tofu_error_free(err_);                                                                                         \
    } while (0)

/* ---- the claims -------------------------------------------------------------------------------------------------- */

/* First contact, the user's yes, data on the same connection, half-close; then the same server is known. */
static void ask_trust_and_go_on(void)
{
    struct server server = serve("first", NULL);
    const tofu_verdict *asked;
    tofu_conn *conn = NULL;
    tofu_dial_options *dial = dial_to(&server);
    uint8_t byte;
    size_t count = 7;

    IS(reach("Mail.Example.", 993, dial, &conn, NULL), TOFU_ASK);
    asked = tofu_conn_verdict(conn);
    CLAIM(tofu_verdict_decision(asked) == TOFU_ASK, "%d", tofu_verdict_decision(asked));
    IS(tofu_conn_write(conn, (const uint8_t *)"secret", 6, &count, NULL), TOFU_ASK);
    CLAIM(count == 0, "%zu", count);
    count = 7;
    IS(tofu_conn_read(conn, &byte, 1, &count, NULL), TOFU_ASK);
    CLAIM(count == 0, "%zu", count);
    IS(tofu_conn_handshake(conn, NULL), TOFU_ASK);
    IS(tofu_verdict_trust(store, tofu_conn_verdict(conn), NULL, NULL), TOFU_OK);
    IS(tofu_conn_write(conn, (const uint8_t *)"secret", 6, &count, NULL), TOFU_ASK);
    IS(tofu_conn_handshake(conn, NULL), TOFU_OK);
    CLAIM(tofu_verdict_decision(tofu_conn_verdict(conn)) == TOFU_OK, "accept");
    CLAIM(tofu_verdict_decision(asked) == TOFU_ASK, "an earlier verdict lives as long as the connection");

    SAYS(tofu_conn_string(conn, TOFU_SESSION_FIELD_HOST), "mail.example");
    SAYS(tofu_conn_string(conn, TOFU_SESSION_FIELD_ADDRESS), "127.0.0.1:");
    SAYS(tofu_conn_string(conn, TOFU_SESSION_FIELD_SNI), "mail.example");
    SAYS(tofu_conn_string(conn, TOFU_SESSION_FIELD_PROTOCOL), "TLS 1.3");
    SAYS(tofu_conn_string(conn, TOFU_SESSION_FIELD_SUITE), "TLS_");
    CLAIM(tofu_conn_string(conn, TOFU_SESSION_FIELD_GROUP)[0] != 0, "a group");
    CLAIM(tofu_conn_string(conn, TOFU_SESSION_FIELD_STARTTLS)[0] == 0 && tofu_conn_string(conn, 99)[0] == 0, "nothing");
    CLAIM(tofu_conn_number(conn, TOFU_SESSION_FIELD_PORT) == 993, "%d", (int)tofu_conn_number(conn, TOFU_SESSION_FIELD_PORT));
    CLAIM(tofu_conn_number(conn, TOFU_SESSION_FIELD_HANDSHAKE_US) > 0, "microseconds");
    CLAIM(tofu_conn_number(conn, TOFU_SESSION_FIELD_RESOLVE_US) == 0, "an address was given");
    CLAIM(tofu_conn_wants(conn) == TOFU_WANTS_READ, "%u", (unsigned)tofu_conn_wants(conn));

    write_text(conn, "hello server\n");
    CLAIM(has_heard(&server, "hello server", 5000) && !has_heard(&server, "secret", 0), "what the server heard");
    say(&server, "hello client\n");
    read_text(conn, "hello client");
    IS(tofu_conn_write(conn, NULL, 0, &count, NULL), TOFU_OK);
    IS(tofu_conn_read(conn, NULL, 0, &count, NULL), TOFU_OK);
    IS(tofu_conn_shutdown(conn, NULL), TOFU_OK);
    FAILS(tofu_conn_write(conn, (const uint8_t *)"x", 1, &count, err), TOFU_E_STATE, "connection.state");
    IS(tofu_conn_read(conn, &byte, 1, &count, NULL), TOFU_END);
    IS(tofu_conn_read(conn, &byte, 1, &count, NULL), TOFU_END);
    tofu_conn_free(conn);
    FAILS(reach("mail.example", 993, dial, &conn, err), TOFU_E_STATE, "object.used");
    FAILS(tofu_dial_options_set(dial, "nonblock", "no", err), TOFU_E_STATE, "object.frozen");
    tofu_dial_options_free(dial);
    unserve(&server);

    server = serve("first", NULL);
    dial = dial_to(&server);
    IS(reach("mail.example", 993, dial, &conn, NULL), TOFU_OK);
    /* The dial may go while its connection lives. */
    tofu_dial_options_free(dial);
    write_text(conn, "again\n");
    CLAIM(has_heard(&server, "again", 5000), "what the server heard");
    tofu_conn_free(conn);
    unserve(&server);
}

/* The next connection meets another key: not one byte of data reaches whoever holds it. */
static void a_changed_key_gets_nothing(void)
{
    struct server server = serve("second", NULL);
    tofu_dial_options *dial = dial_to(&server);
    tofu_conn *conn = NULL;
    size_t count;
    tofu_status status = reach("mail.example", 993, dial, &conn, NULL);
    CLAIM(status == TOFU_ASK || status == TOFU_REJECT, "%s", tofu_status_name(status));
    CLAIM(tofu_verdict_pin_result(tofu_conn_verdict(conn)) == TOFU_PIN_RESULT_CHANGED, "pin result");
    IS(tofu_conn_write(conn, (const uint8_t *)"a1 LOGIN ann secret\r\n", 21, &count, NULL), status);
    CLAIM(count == 0, "%zu", count);
    IS(tofu_conn_handshake(conn, NULL), status);
    IS(tofu_conn_write(conn, (const uint8_t *)"a1 LOGIN ann secret\r\n", 21, &count, NULL), status);
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    /* It has seen the end of the connection by now, and nothing before it. */
    CLAIM(has_heard(&server, "DONE", 5000) && !has_heard(&server, "LOGIN", 0), "what the server heard");
    unserve(&server);
}

/* A key that is blocked: TOFU_REJECT, nothing flows, and no handshake changes that. */
static void a_blocked_key_is_rejected(void)
{
    struct server server = serve("second", NULL);
    tofu_dial_options *dial = dial_to(&server);
    tofu_conn *conn = trusted("blocked.mail.example", 993, dial);
    tofu_endpoint *endpoint = NULL;
    uint8_t byte;
    size_t count;
    write_text(conn, "before\n");
    IS(tofu_endpoint_new(NULL, "blocked.mail.example", 993, &endpoint, NULL), TOFU_OK);
    IS(add_pin(store, endpoint, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_BLOCKED, NULL, leaf_of(tofu_conn_verdict(conn)), NULL),
       TOFU_OK);
    /* A connection outlives trust until it is asked to look again. */
    IS(tofu_conn_handshake(conn, NULL), TOFU_REJECT);
    IS(tofu_conn_write(conn, (const uint8_t *)"after", 5, &count, NULL), TOFU_REJECT);
    IS(tofu_conn_read(conn, &byte, 1, &count, NULL), TOFU_REJECT);
    IS(tofu_conn_handshake(conn, NULL), TOFU_REJECT);
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    CLAIM(has_heard(&server, "before", 5000) && !has_heard(&server, "after", 0), "what the server heard");
    unserve(&server);
    server = serve("second", NULL);
    dial = dial_to(&server);
    IS(reach("blocked.mail.example", 993, dial, &conn, NULL), TOFU_REJECT);
    CLAIM(conn != NULL && tofu_conn_verdict(conn) != NULL, "a rejected connection can be looked at");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    tofu_endpoint_free(endpoint);
    unserve(&server);
}

/* Waits until the connection can go on. */
static void wait_for(const tofu_conn *conn)
{
    struct pollfd fd;
    uint32_t wants = tofu_conn_wants(conn);
    fd.fd = tofu_conn_fd(conn);
    fd.events = (short)((wants & TOFU_WANTS_READ ? POLLIN : 0) | (wants & TOFU_WANTS_WRITE ? POLLOUT : 0));
    CLAIM(wants != 0, "nothing to wait for");
    CLAIM(poll(&fd, 1, 20000) == 1, "poll");
}

/* The program's own socket and event loop, from the first TOFU_AGAIN to the end. */
static void without_blocking_on_the_programs_own_socket(void)
{
    struct server server = serve("second", NULL);
    int fd = connect_to(server.port), again = 0;
    static uint8_t big[300000];
    size_t count, sent = 0;
    tofu_conn *conn = NULL;
    tofu_dial_options *dial = NULL;
    tofu_status status;
    uint8_t byte;

    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    set(dial, "nonblock", "yes");
    IS(tofu_dial_options_set_fd(dial, fd, NULL), TOFU_OK);
    /* Nobody answers before the first look. */
    kill(server.pid, SIGSTOP);
    status = reach("loop.mail.example", 993, dial, &conn, NULL);
    IS(status, TOFU_AGAIN);
    CLAIM(tofu_conn_verdict(conn) == NULL && tofu_conn_string(conn, TOFU_SESSION_FIELD_PROTOCOL)[0] == 0, "nothing yet");
    FAILS(tofu_conn_read(conn, &byte, 1, &count, err), TOFU_E_STATE, "connection.state");
    FAILS(tofu_conn_write(conn, &byte, 1, &count, err), TOFU_E_STATE, "connection.state");
    FAILS(tofu_conn_shutdown(conn, err), TOFU_E_STATE, "connection.state");
    kill(server.pid, SIGCONT);
    for (; status == TOFU_AGAIN && again < 1000; again++) {
        wait_for(conn);
        status = tofu_conn_handshake(conn, NULL);
    }
    IS(status, TOFU_ASK);
    IS(tofu_verdict_trust(store, tofu_conn_verdict(conn), NULL, NULL), TOFU_OK);
    IS(tofu_conn_handshake(conn, NULL), TOFU_OK);
    /* Both descriptors are the same connection; the program's own may go. */
    CLAIM(tofu_conn_fd(conn) != fd && fcntl(tofu_conn_fd(conn), F_GETFD) == FD_CLOEXEC, "close-on-exec");
    CLAIM(close(fd) == 0, "close");
    while ((status = tofu_conn_read(conn, &byte, 1, &count, NULL)) == TOFU_OK)
        ;
    IS(status, TOFU_AGAIN);
    CLAIM(count == 0, "%zu", count);

    /* More than the socket holds: TOFU_AGAIN while the server does not read. */
    kill(server.pid, SIGSTOP);
    memset(big, '.', sizeof big);
    for (again = 0; again < 1000; again++) {
        status = tofu_conn_write(conn, big, sizeof big, &count, NULL);
        sent += count;
        if (status != TOFU_OK)
            break;
        CLAIM(count > 0, "an empty write");
    }
    IS(status, TOFU_AGAIN);
    CLAIM(count == 0 && sent > 0, "%zu", count);
    CLAIM(tofu_conn_wants(conn) == (TOFU_WANTS_READ | TOFU_WANTS_WRITE), "%u", (unsigned)tofu_conn_wants(conn));
    kill(server.pid, SIGCONT);
    do {
        wait_for(conn);
        status = tofu_conn_write(conn, (const uint8_t *)"\nthe end\n", 9, &count, NULL);
    } while (status == TOFU_AGAIN);
    IS(status, TOFU_OK);
    CLAIM(count == 9, "%zu", count);
    while ((status = tofu_conn_shutdown(conn, NULL)) == TOFU_AGAIN)
        wait_for(conn);
    IS(status, TOFU_OK);
    CLAIM(has_heard(&server, "the end", 20000), "what the server heard");
    while ((status = tofu_conn_read(conn, &byte, 1, &count, NULL)) == TOFU_AGAIN)
        wait_for(conn);
    IS(status, TOFU_END);
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    unserve(&server);
}

/* A silent peer, over a Unix socket. */
static void a_handshake_that_comes_to_nothing(void)
{
    int pair[2];
    char hello[16];
    tofu_conn *conn = NULL;
    tofu_dial_options *dial = NULL;
    CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    set(dial, "nonblock", "yes");
    IS(tofu_dial_options_set_fd(dial, pair[0], NULL), TOFU_OK);
    IS(reach("silent.mail.example", 993, dial, &conn, NULL), TOFU_AGAIN);
    IS(tofu_conn_handshake(conn, NULL), TOFU_AGAIN);
    CLAIM(tofu_conn_wants(conn) == TOFU_WANTS_READ, "%u", (unsigned)tofu_conn_wants(conn));
    CLAIM(recv(pair[1], hello, sizeof hello, 0) == sizeof hello && hello[0] == 22, "a ClientHello");
    CLAIM(tofu_conn_string(conn, TOFU_SESSION_FIELD_ADDRESS)[0] == 0, "a Unix socket has no address");
    close(pair[1]);
    close(pair[0]);
    FAILS(tofu_conn_handshake(conn, err), TOFU_E_NETWORK, "network.broken");
    FAILS(tofu_conn_handshake(conn, err), TOFU_E_NETWORK, "network.broken");
    CLAIM(tofu_conn_verdict(conn) == NULL, "no verdict");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
}

struct later {
    tofu_dial_options *dial;
    int64_t at;
};

static void *cancel_later(void *arg)
{
    struct later *later = arg;
    pause_ms(300);
    later->at = now_ms();
    tofu_dial_options_cancel(later->dial);
    return NULL;
}

/* Called off from another thread: a read that waits, a handshake that waits, a connection not begun. */
static void calling_off(void)
{
    struct server server = serve("second", NULL);
    struct later later;
    pthread_t thread;
    tofu_conn *conn;
    uint8_t byte;
    size_t count;
    int port, listener;

    later.dial = dial_to(&server);
    conn = trusted("cancel.mail.example", 993, later.dial);
    CLAIM(pthread_create(&thread, NULL, cancel_later, &later) == 0, "thread");
    FAILS(tofu_conn_read(conn, &byte, 1, &count, err), TOFU_E_CANCELLED, "cancelled");
    CLAIM(pthread_join(thread, NULL) == 0 && now_ms() - later.at < 5000, "at once");
    FAILS(tofu_conn_read(conn, &byte, 1, &count, err), TOFU_E_CANCELLED, "cancelled");
    tofu_conn_free(conn);
    tofu_dial_options_free(later.dial);
    unserve(&server);

    /* It takes connections and says nothing. */
    listener = listen_at(&port);
    later.dial = dial_at(port);
    CLAIM(pthread_create(&thread, NULL, cancel_later, &later) == 0, "thread");
    FAILS(reach("cancel.mail.example", 993, later.dial, &conn, err), TOFU_E_CANCELLED, "cancelled");
    CLAIM(conn == NULL && pthread_join(thread, NULL) == 0 && now_ms() - later.at < 5000, "at once");
    tofu_dial_options_free(later.dial);

    later.dial = dial_at(port);
    tofu_dial_options_cancel(later.dial);
    FAILS(reach("cancel.mail.example", 993, later.dial, &conn, err), TOFU_E_CANCELLED, "cancelled");
    tofu_dial_options_free(later.dial);
    tofu_dial_options_cancel(NULL);
    close(listener);
}

/* A connection that ends without TLS's closing message is no end of data. */
static void truncation(int with_reset)
{
    struct server server = serve("second", NULL);
    tofu_dial_options *dial = dial_to(&server);
    tofu_conn *conn = NULL;
    size_t count;
    uint8_t byte;
    tofu_status status = reach("cut.mail.example", 993, dial, &conn, NULL);
    if (status == TOFU_ASK) {
        IS(tofu_verdict_trust(store, tofu_conn_verdict(conn), NULL, NULL), TOFU_OK);
        IS(tofu_conn_handshake(conn, NULL), TOFU_OK);
    }
    say(&server, "half of\n");
    read_text(conn, "half of\n");
    kill(server.pid, SIGSTOP);
    if (with_reset)
        /* Data that nobody reads makes the system of the one who is killed answer with RST. */
        write_text(conn, "unread\n");
    pause_ms(50);
    unserve(&server);
    FAILS(tofu_conn_read(conn, &byte, 1, &count, err), TOFU_E_TRUNCATED, "tls.truncated");
    CLAIM(count == 0, "%zu", count);
    FAILS(tofu_conn_read(conn, &byte, 1, &count, err), TOFU_E_TRUNCATED, "tls.truncated");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
}

/* Time limits: a read on a quiet server, which can be repeated, and servers that never come to an end. */
static void time_limits(void)
{
    static uint8_t big[300000];
    struct server server = serve("second", NULL);
    struct script drip;
    tofu_dial_options *dial = dial_to(&server);
    tofu_conn *conn;
    int64_t begun;
    uint8_t byte;
    size_t count;
    int port, listener;

    set(dial, "read-ms", "200");
    conn = trusted("quiet.mail.example", 993, dial);
    begun = now_ms();
    FAILS(tofu_conn_read(conn, &byte, 1, &count, err), TOFU_E_TIMEOUT, "timeout.read");
    CLAIM(now_ms() - begun >= 200 && now_ms() - begun < 5000, "%d ms", (int)(now_ms() - begun));
    say(&server, "awake\n");
    CLAIM(poll(&(struct pollfd){tofu_conn_fd(conn), POLLIN, 0}, 1, 20000) == 1, "poll");
    read_text(conn, "awake");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    unserve(&server);

    /* A server that does not read: what was taken has left in part, so nothing goes on. */
    server = serve("second", NULL);
    dial = dial_to(&server);
    set(dial, "write-ms", "200");
    conn = trusted("full.mail.example", 993, dial);
    kill(server.pid, SIGSTOP);
    begun = now_ms();
    while (tofu_conn_write(conn, big, sizeof big, &count, NULL) == TOFU_OK)
        CLAIM(count > 0, "an empty write");
    CLAIM(now_ms() - begun >= 200 && now_ms() - begun < 20000, "%d ms", (int)(now_ms() - begun));
    FAILS(tofu_conn_write(conn, big, 1, &count, err), TOFU_E_TIMEOUT, "timeout.write");
    FAILS(tofu_conn_read(conn, &byte, 1, &count, err), TOFU_E_TIMEOUT, "timeout.write");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    unserve(&server);

    memset(&drip, 0, sizeof drip);
    drip.drips = 1;
    begin_script(&drip);
    dial = dial_at(drip.port);
    set(dial, "starttls", "imap");
    set(dial, "deadline-ms", "500");
    begun = now_ms();
    FAILS(reach("drip.mail.example", 143, dial, &conn, err), TOFU_E_TIMEOUT, "timeout.starttls");
    CLAIM(now_ms() - begun >= 500 && now_ms() - begun < 5000, "%d ms", (int)(now_ms() - begun));
    tofu_dial_options_free(dial);
    end_script(&drip);

    listener = listen_at(&port);
    dial = dial_at(port);
    set(dial, "handshake-ms", "200");
    FAILS(reach("mute.mail.example", 993, dial, &conn, err), TOFU_E_TIMEOUT, "timeout.handshake");
    tofu_dial_options_free(dial);
    close(listener);
    dial = dial_at(port);
    FAILS(reach("gone.mail.example", 993, dial, &conn, err), TOFU_E_NETWORK, "network.connect");
    tofu_dial_options_free(dial);
}

/* STARTTLS: the whole way, then the same server without it, which is more than a server that never had it. */
static void starttls_and_its_loss(void)
{
    struct server server = serve("second", NULL);
    struct script with, without, injects;
    tofu_dial_options *dial;
    tofu_conn *conn;

    memset(&with, 0, sizeof with);
    with.greeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready \033[31m\r\n";
    with.commands[0] = "STARTTLS";
    with.answers[0] = "TAG OK begin\r\n";
    with.relay_to = server.port;
    begin_script(&with);
    dial = dial_at(with.port);
    conn = trusted("start.mail.example", 143, dial);
    SAYS(tofu_conn_string(conn, TOFU_SESSION_FIELD_STARTTLS), "imap");
    SAYS(tofu_conn_string(conn, TOFU_SESSION_FIELD_GREETING), "ready \\x1B[31m");
    CLAIM(tofu_conn_number(conn, TOFU_SESSION_FIELD_STARTTLS_US) > 0, "microseconds");
    write_text(conn, "under TLS\n");
    CLAIM(has_heard(&server, "under TLS", 5000), "what the server heard");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    end_script(&with);
    unserve(&server);

    memset(&without, 0, sizeof without);
    without.greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n";
    without.commands[0] = "CAPABILITY";
    without.answers[0] = "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n";
    begin_script(&without);
    dial = dial_at(without.port);
    FAILS(reach("never.mail.example", 143, dial, &conn, err), TOFU_E_STARTTLS, "starttls.missing");
    tofu_dial_options_free(dial);
    end_script(&without);
    begin_script(&without);
    dial = dial_at(without.port);
    FAILS(reach("start.mail.example", 143, dial, &conn, err), TOFU_E_STRIPPED, "starttls.stripped");
    CLAIM(conn == NULL, "no connection");
    tofu_dial_options_free(dial);
    end_script(&without);

    injects = with;
    injects.relay_to = 0;
    injects.answers[0] = "TAG OK begin\r\n* OK injected\r\n";
    begin_script(&injects);
    dial = dial_at(injects.port);
    FAILS(reach("start.mail.example", 143, dial, &conn, err), TOFU_E_STARTTLS, "starttls.injected");
    tofu_dial_options_free(dial);
    end_script(&injects);
}

/* What a probe tells, whether or not anything validates. */
static void probing(void)
{
    struct server server = serve("second", NULL);
    tofu_dial_options *dial = dial_to(&server);
    tofu_probe_result *result = NULL;
    tofu_conn *conn = NULL;
    const tofu_chain *chain;
    tofu_check_options *check = offline_check();
    tofu_verdict *verdict = NULL;

    set(dial, "sni", "other.example");
    IS(tofu_probe("probe.mail.example", 993, dial, &result, NULL), TOFU_OK);
    chain = tofu_probe_result_chain(result);
    CLAIM(tofu_chain_count(chain) == 1, "%zu", tofu_chain_count(chain));
    SAYS(tofu_cert_string(tofu_chain_cert(chain, 0), TOFU_CERT_FIELD_SUBJECT, 0), "mail.example");
    CLAIM(tofu_probe_result_failure(result) == NULL, "%s", tofu_error_message(tofu_probe_result_failure(result)));
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_HOST), "probe.mail.example");
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_ADDRESS), "127.0.0.1:");
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_SNI), "other.example");
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_PROTOCOL), "TLS 1.3");
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_SUITE), "TLS_");
    CLAIM(tofu_probe_result_string(result, TOFU_SESSION_FIELD_GROUP)[0] != 0, "a group");
    CLAIM(tofu_probe_result_string(result, TOFU_SESSION_FIELD_ALPN)[0] == 0, "no ALPN");
    CLAIM(tofu_probe_result_string(result, TOFU_SESSION_FIELD_GREETING)[0] == 0, "no greeting");
    CLAIM(tofu_probe_result_string(result, TOFU_SESSION_FIELD_STARTTLS)[0] == 0, "no STARTTLS");
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_JSON), "\"cipher_suite\"");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_PORT) == 993, "port");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_PROVEN) == 1, "proven");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_CLIENT_CERTIFICATE) == 0, "client certificate");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_OCSP_STAPLED) == 0, "OCSP");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_CONNECT_US) > 0, "microseconds");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_HANDSHAKE_US) > 0, "microseconds");
    CLAIM(tofu_probe_result_number(result, 99) == 0 && tofu_probe_result_string(result, 99)[0] == 0, "nothing");
    /* A probe leaves no trust behind; what it saw can be judged. */
    IS(tofu_check_chain(store, "probe.mail.example", 993, chain, check, &verdict, NULL), TOFU_ASK);
    tofu_verdict_free(verdict);
    tofu_probe_result_free(result);
    tofu_dial_options_free(dial);
    unserve(&server);

    /* A name is looked up, by the system's resolver. */
    server = serve("second", NULL);
    IS(tofu_probe("localhost", (uint16_t)server.port, NULL, &result, NULL), TOFU_OK);
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_RESOLVE_US) > 0, "microseconds");
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_ADDRESS), ":");
    tofu_probe_result_free(result);
    unserve(&server);

    /* A server that wants a client certificate: it is seen, and why there is no session. */
    server = serve("second", "-Verify 1");
    dial = dial_to(&server);
    IS(tofu_probe("probe.mail.example", 993, dial, &result, NULL), TOFU_OK);
    CLAIM(tofu_chain_count(tofu_probe_result_chain(result)) == 1, "the chain");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_CLIENT_CERTIFICATE) == 1, "client certificate");
    tofu_probe_result_free(result);
    tofu_dial_options_free(dial);
    unserve(&server);

    /* One that rustls cannot talk to: it is seen nonetheless, and why there is no session; a connection is refused. */
    server = serve("second", "-tls1 -cipher ALL:@SECLEVEL=0");
    dial = dial_to(&server);
    IS(tofu_probe("probe.mail.example", 993, dial, &result, NULL), TOFU_OK);
    CLAIM(tofu_chain_count(tofu_probe_result_chain(result)) == 1, "the chain");
    IS(tofu_error_status(tofu_probe_result_failure(result)), TOFU_E_TLS);
    SAYS(tofu_error_message(tofu_probe_result_failure(result)), "TLS 1.0");
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_PROTOCOL), "TLS 1.0");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_PROVEN) == 0, "nothing was proven");
    CLAIM(tofu_probe_result_number(result, TOFU_SESSION_FIELD_HANDSHAKE_US) == 0, "no handshake");
    tofu_probe_result_free(result);
    tofu_dial_options_free(dial);
    dial = dial_to(&server);
    FAILS(reach("probe.mail.example", 993, dial, &conn, err), TOFU_E_TLS, "tls");
    tofu_dial_options_free(dial);
    unserve(&server);

    server = serve("second", "-alpn imap");
    dial = dial_to(&server);
    set(dial, "alpn", "h2,imap");
    IS(tofu_probe("probe.mail.example", 993, dial, &result, NULL), TOFU_OK);
    SAYS(tofu_probe_result_string(result, TOFU_SESSION_FIELD_ALPN), "imap");
    tofu_probe_result_free(result);
    tofu_dial_options_free(dial);

    dial = dial_to(&server);
    set(dial, "nonblock", "yes");
    FAILS(tofu_probe("probe.mail.example", 993, dial, &result, err), TOFU_E_INVALID, "argument.invalid");
    CLAIM(result == NULL, "no result");
    tofu_dial_options_free(dial);
    unserve(&server);
    tofu_check_options_free(check);
}

#define BULK 200
#define LINE 1000

/* Writes lines while another thread reads what comes back. */
static void *write_lines(void *arg)
{
    char line[LINE + 1];
    int i;
    memset(line, 'x', LINE - 1);
    line[LINE - 1] = '\n';
    line[LINE] = 0;
    for (i = 0; i < BULK; i++) {
        size_t written = 0, sent = 0;
        while (sent < LINE &&
               tofu_conn_write(arg, (const uint8_t *)line + sent, LINE - sent, &written, NULL) == TOFU_OK)
            sent += written;
        if (sent < LINE)
            return "a write failed";
    }
    return NULL;
}

static void one_thread_reads_while_another_writes(void)
{
    /* It sends each line back. */
    struct server server = serve("second", "-rev");
    tofu_dial_options *dial = dial_to(&server);
    tofu_conn *conn = trusted("both.mail.example", 993, dial);
    static uint8_t buf[4096];
    size_t all = 0, got = 0;
    pthread_t writer;
    void *wrong = NULL;
    tofu_status status = TOFU_OK;
    CLAIM(pthread_create(&writer, NULL, write_lines, conn) == 0, "thread");
    while (all < (size_t)BULK * LINE && (status = tofu_conn_read(conn, buf, sizeof buf, &got, NULL)) == TOFU_OK) {
        all += got;
        CLAIM(tofu_conn_wants(conn) != 0 && tofu_conn_verdict(conn) != NULL, "accessors beside both");
    }
    IS(status, TOFU_OK);
    CLAIM(all == (size_t)BULK * LINE, "%zu bytes came back", all);
    CLAIM(pthread_join(writer, &wrong) == 0 && wrong == NULL, "%s", (const char *)wrong);
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    unserve(&server);
}

/* A check that cannot be made is no yes, and ends the one of before. */
static void a_store_that_is_lost_holds_data_back(void)
{
    struct server server = serve("second", NULL);
    tofu_store *kept = store;
    tofu_dial_options *dial = dial_to(&server);
    tofu_conn *conn;
    size_t count;
    store = NULL;
    IS(tofu_store_open(own("lost.db"), NULL, &store, NULL), TOFU_OK);
    conn = trusted("lost.mail.example", 993, dial);
    write_text(conn, "before\n");
    CLAIM(remove(own("lost.db")) == 0, "remove");
    FAILS(tofu_conn_handshake(conn, err), TOFU_E_DAMAGED, "store.lost");
    FAILS(tofu_conn_write(conn, (const uint8_t *)"after\n", 6, &count, err), TOFU_E_STATE, "connection.state");
    CLAIM(has_heard(&server, "before", 5000) && !has_heard(&server, "after", 0), "what the server heard");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    tofu_store_free(store);
    store = kept;
    unserve(&server);
}

/* In a child of fork, a connection is of no use and no danger: nothing is sent under keys that are in use elsewhere. */
static void a_child_of_fork_leaves_the_connection_alone(void)
{
    struct server server = serve("second", NULL);
    tofu_dial_options *dial = dial_to(&server);
    tofu_conn *conn = trusted("fork.mail.example", 993, dial);
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        size_t count;
        uint8_t byte = 0;
        int ok = tofu_conn_write(conn, &byte, 1, &count, NULL) == TOFU_E_FORKED;
        ok = ok && tofu_conn_read(conn, &byte, 1, &count, NULL) == TOFU_E_FORKED;
        ok = ok && tofu_conn_handshake(conn, NULL) == TOFU_E_FORKED;
        ok = ok && tofu_conn_shutdown(conn, NULL) == TOFU_E_FORKED;
        tofu_conn_free(conn);
        execlp(ok ? "true" : "false", "after fork", (char *)NULL);
        _exit(1);
    }
    CLAIM(child > 0 && waitpid(child, &status, 0) == child, "fork");
    CLAIM(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child got another answer than TOFU_E_FORKED");
    write_text(conn, "still here\n");
    CLAIM(has_heard(&server, "still here", 5000), "what the server heard");
    tofu_conn_free(conn);
    tofu_dial_options_free(dial);
    unserve(&server);
}

/* What is refused before anything is connected to. */
static void refusals(void)
{
    static const char *const odd[][2] = {
        {"colour", "red"},    {"starttls", "gopher"}, {"starttls", ""},      {"alpn", "a,,b"},
        {"address", "a.b"},   {"address", "::1:x"},   {"connect-ms", "0"},   {"read-ms", "soon"},
        {"nonblock", "maybe"}, {"deadline-ms", "-1"},
    };
    tofu_probe_result *result = NULL;
    tofu_conn *conn = NULL;
    tofu_dial_options *dial;
    tofu_check_options *check;
    size_t i;
    int pair[2];
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
        FAILS(tofu_dial_options_set(dial, odd[i][0], odd[i][1], err), TOFU_E_INVALID, "argument.invalid");
        /* A refused setting is remembered, so that nobody connects with less than was asked for. */
        FAILS(tofu_connect(store, "127.0.0.1", 1, dial, NULL, &conn, err), TOFU_E_INVALID, "argument.invalid");
        SAYS(tofu_last_error(), "an earlier setting was refused");
        tofu_dial_options_free(dial);
    }
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    FAILS(tofu_dial_options_set(dial, "sni", "*.example", err), TOFU_E_NAME, "name.host");
    tofu_dial_options_free(dial);

    CLAIM(pipe(pair) == 0, "pipe");
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    FAILS(tofu_dial_options_set_fd(dial, pair[0], err), TOFU_E_INVALID, "argument.invalid");
    tofu_dial_options_free(dial);
    close(pair[0]);
    close(pair[1]);
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    FAILS(tofu_dial_options_set_fd(dial, -1, err), TOFU_E_INVALID, "argument.invalid");
    tofu_dial_options_free(dial);
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    FAILS(tofu_dial_options_set_fd(dial, 1000000, err), TOFU_E_INVALID, "argument.invalid");
    tofu_dial_options_free(dial);
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    IS(tofu_dial_options_set_fd(dial, pair[0], NULL), TOFU_OK);
    FAILS(tofu_connect(store, "127.0.0.1", 1, dial, NULL, &conn, err), TOFU_E_INVALID, "argument.invalid");
    close(pair[0]);
    tofu_dial_options_free(dial);

    /* Looking a name up waits, so without a socket there is no not waiting. */
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    set(dial, "nonblock", "yes");
    FAILS(tofu_connect(store, "127.0.0.1", 1, dial, NULL, &conn, err), TOFU_E_INVALID, "argument.invalid");
    tofu_dial_options_free(dial);

    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    FAILS(tofu_connect(store, "127.0.0.1", 0, dial, NULL, &conn, err), TOFU_E_NAME, "name.port");
    FAILS(tofu_connect(store, "bad host", 1, dial, NULL, &conn, err), TOFU_E_NAME, "name.host");
    check = check_now(TOFU_CHECK_UNPROVEN);
    FAILS(tofu_connect(store, "127.0.0.1", 1, dial, check, &conn, err), TOFU_E_INVALID, "argument.invalid");
    tofu_check_options_free(check);
    check = check_now(TOFU_CHECK_RESUMED);
    FAILS(tofu_connect(store, "127.0.0.1", 1, dial, check, &conn, err), TOFU_E_INVALID, "argument.invalid");
    tofu_check_options_free(check);
    /* None of these used the dial up. */
    set(dial, "connect-ms", "1000");
    FAILS(tofu_connect(NULL, "127.0.0.1", 1, dial, NULL, &conn, err), TOFU_E_INVALID, "argument.null");
    FAILS(tofu_connect(store, "127.0.0.1", 1, dial, NULL, &conn, err), TOFU_E_NETWORK, "network.connect");
    FAILS(tofu_probe("127.0.0.1", 1, dial, &result, err), TOFU_E_STATE, "object.used");
    tofu_dial_options_free(dial);
    CLAIM(tofu_feature_has("tls") == 1 && tofu_feature_has("starttls") == 1, "features");
}

/* How many descriptors are open; -1 where that cannot be known. */
static int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    if (dir == NULL)
        return -1;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int open_before;
    begin(argc, argv);
    open_before = descriptors();
    make_identity("first", "mail.example");
    make_identity("second", "mail.example");
    IS(tofu_store_open(own("network.db"), NULL, &store, NULL), TOFU_OK);
    ask_trust_and_go_on();
    a_changed_key_gets_nothing();
    a_blocked_key_is_rejected();
    without_blocking_on_the_programs_own_socket();
    a_handshake_that_comes_to_nothing();
    calling_off();
    truncation(0);
    truncation(1);
    time_limits();
    starttls_and_its_loss();
    probing();
    one_thread_reads_while_another_writes();
    a_store_that_is_lost_holds_data_back();
    a_child_of_fork_leaves_the_connection_alone();
    refusals();
    tofu_store_free(store);
    CLAIM(descriptors() == open_before, "%d descriptors instead of %d", descriptors(), open_before);
    return end();
}
