/* Servers for the C tests, on free loopback ports: openssl s_server, started and stopped by process id. What it
 * receives goes to a file, what the test says goes to the client. The certificates are made by openssl when the test
 * begins and are valid from then on, so that nothing here grows old. */
#ifndef TOFU_TEST_SERVER_H
#define TOFU_TEST_SERVER_H

#include "support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct server {
    pid_t pid;
    int port;
    /* Its standard input. */
    int in;
    char heard[4096];
};

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A key and a self-signed certificate of it: NAME.key and NAME.pem in the program's own directory. */
static void make_identity(const char *name, const char *host)
{
    char command[12288];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj '/CN=%s' "
             "-addext 'subjectAltName=DNS:%s' -keyout '%s/%s.key' -out '%s/%s.pem' 2>'%s/openssl.log'",
             host, host, own_dir, name, own_dir, name, own_dir);
    if (system(command) != 0) {
        printf("openssl makes no certificate\n");
        exit(2);
    }
}

/* A listening socket on a free port. */
static int listen_at(int *port)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        listen(fd, 8) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        printf("cannot listen\n");
        exit(2);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* A connected socket. */
static int connect_to(int port)
{
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        exit(2);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Waits until s_server says that it listens, or has ended. */
static int accepts(const char *heard, pid_t pid)
{
    int64_t until = now_ms() + 20000;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        struct bytes said = slurp(heard);
        int ready = strstr((char *)said.start, "ACCEPT") != NULL;
        free(said.start);
        if (ready)
            return 1;
        if (now_ms() > until) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            break;
        }
        pause_ms(20);
    }
    return 0;
}

/* Starts openssl s_server under the identity NAME at a port; MORE are options of its own, in words, or NULL. The pid is
 * 0 where it does not come up. */
static struct server serve_at(const char *name, const char *more, int port)
{
    static int number;
    struct server server;
    int in[2];
    char accept[32], cert[4096], key[4096], words[256], *word;
    char *argv[24] = {"openssl", "s_server", "-accept", accept, "-cert", cert, "-key", key};
    int argc = 8;
    snprintf(server.heard, sizeof server.heard, "%s/heard-%d", own_dir, number++);
    snprintf(accept, sizeof accept, "127.0.0.1:%d", port);
    snprintf(cert, sizeof cert, "%s/%s.pem", own_dir, name);
    snprintf(key, sizeof key, "%s/%s.key", own_dir, name);
    snprintf(words, sizeof words, "%s", more != NULL ? more : "");
    for (word = strtok(words, " "); word != NULL && argc < 23; word = strtok(NULL, " "))
        argv[argc++] = word;
    if (pipe(in) != 0 || fcntl(in[1], F_SETFD, FD_CLOEXEC) != 0)
        exit(2);
    spill(server.heard, (const uint8_t *)"", 0);
    server.port = port;
    server.in = in[1];
    server.pid = fork();
    if (server.pid == 0) {
        int out = open(server.heard, O_WRONLY | O_APPEND);
        dup2(in[0], 0);
        dup2(out, 1);
        dup2(out, 2);
        /* It ends by itself should this program not come to stopping it. */
        alarm(600);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(in[0]);
    if (!accepts(server.heard, server.pid)) {
        close(server.in);
        server.pid = 0;
    }
    return server;
}

static struct server serve(const char *name, const char *more)
{
    struct server server;
    int port, turn;
    for (turn = 0; turn < 5; turn++) {
        /* Free now; somebody else may take it before the server does. */
        close(listen_at(&port));
        server = serve_at(name, more, port);
        if (server.pid != 0)
            return server;
    }
    printf("no server: %s\n", slurp(server.heard).start);
    exit(2);
}

/* Sends a text to the client that is connected. */
static void say(const struct server *server, const char *text)
{
    CLAIM(write(server->in, text, strlen(text)) == (ssize_t)strlen(text), "the server takes no input");
}

/* Whether the server has received a text; waits up to so many milliseconds for it. */
static int has_heard(const struct server *server, const char *text, int64_t ms)
{
    int64_t until = now_ms() + ms;
    for (;;) {
        struct bytes said = slurp(server->heard);
        int found = strstr((char *)said.start, text) != NULL;
        free(said.start);
        if (found || now_ms() >= until)
            return found;
        pause_ms(20);
    }
}

static void unserve(struct server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->in);
    server->pid = 0;
}

static void set(tofu_dial_options *dial, const char *field, const char *value)
{
    IS(tofu_dial_options_set(dial, field, value, NULL), TOFU_OK);
}

/* A dial that reaches a loopback port whatever the endpoint is called. */
static tofu_dial_options *dial_at(int port)
{
    tofu_dial_options *dial = NULL;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    IS(tofu_dial_options_new(&dial, NULL), TOFU_OK);
    set(dial, "address", address);
    /* A test that waits in vain fails in good time. */
    set(dial, "read-ms", "20000");
    return dial;
}

static tofu_dial_options *dial_to(const struct server *server)
{
    tofu_dial_options *dial = dial_at(server->port);
    /* Not every program uses all of it. */
    (void)connect_to, (void)has_heard, (void)serve, (void)say, (void)make_identity, (void)unserve;
    return dial;
}

#endif
