/* The store: checks of known endpoints at a size, and first uses that must survive a power cut. */
#include "works.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tofu.h>
#include <unistd.h>

/* Endpoints t0... hold the bench key too: so many are checked in turn. */
enum { TURNS = 1000 };

static int check(stores *in, const char *host, const struct tofu_chain *chain, const struct tofu_check_options *options)
{
    tofu_verdict *verdict;
    int bad = tofu_check_chain(in->store, host, 993, chain, options, &verdict, NULL) != TOFU_OK;
    tofu_verdict_free(verdict);
    return bad;
}

static int known(void *ctx)
{
    stores *in = ctx;
    return check(in, "mail.bench.example", in->chain, NULL);
}

static int known_der(void *ctx)
{
    stores *in = ctx;
    tofu_chain *chain;
    if (tofu_chain_new(&chain, NULL) != TOFU_OK) return 1;
    if (tofu_chain_push_der(chain, in->leaf.data, in->leaf.len, NULL) != TOFU_OK) return 1;
    int bad = check(in, "mail.bench.example", chain, NULL);
    tofu_chain_free(chain);
    return bad;
}

static int turns(void *ctx)
{
    stores *in = ctx;
    char host[64];
    snprintf(host, sizeof host, "t%zu.bench.example", in->turn++ % in->endpoints);
    return check(in, host, in->chain, NULL);
}

static int first_use(void *ctx)
{
    stores *in = ctx;
    char host[64];
    snprintf(host, sizeof host, "n%zu.bench.example", in->turn++);
    return check(in, host, in->chain, in->accept_new);
}

/* What any durable record costs here at least: one line appended and synced. */
static int append(void *ctx)
{
    stores *in = ctx;
    static const char line[200] = "x";
    return write(in->fd, line, sizeof line) != sizeof line || fdatasync(in->fd) != 0;
}

/* What looking whether a file changed costs here at least. */
static int look(void *ctx)
{
    stores *in = ctx;
    struct stat found;
    char counter[4];
    return lstat(in->database, &found) != 0 || pread(in->fd, counter, sizeof counter, 24) != sizeof counter;
}

static struct tofu_store *open_store(const char *path)
{
    tofu_store *store;
    if (tofu_store_open(path, NULL, &store, NULL) != TOFU_OK) bench_fail(path, tofu_last_error());
    return store;
}

static void prepare(stores *in, const char *dir)
{
    in->leaf = bench_read(dir, "self.der");
    snprintf(in->directory, sizeof in->directory, "%s", dir);
    if (tofu_chain_new(&in->chain, NULL) != TOFU_OK ||
        tofu_chain_push_der(in->chain, in->leaf.data, in->leaf.len, NULL) != TOFU_OK)
        bench_fail("chain", tofu_last_error());
}

static void first_uses(stores *in, const char *dir)
{
    tofu_policy *policy;
    char path[600];
    snprintf(path, sizeof path, "%s/first-use.db", dir);
    in->store = open_store(path);
    if (tofu_policy_new("accept-new", &policy, NULL) != TOFU_OK || tofu_check_options_new(&in->accept_new, NULL) != TOFU_OK ||
        tofu_check_options_set_policy(in->accept_new, policy, NULL) != TOFU_OK)
        bench_fail("policy", tofu_last_error());
    snprintf(path, sizeof path, "%s/appended", dir);
    in->fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    /* Asked: 1 ms where one append and fdatasync takes 0.15 ms. */
    double floor = bench_row("one append and fdatasync, for comparison", (work[CANDIDATES]){append}, in, (limit){0}, 10);
    limit asked = {.us = floor > 0 ? 1000 * floor / 150 : 1000};
    bench_row("durable first use (GnuTLS: not synced)", (work[CANDIDATES]){first_use, NULL, gnutls_first_use}, in, asked, 10);
    tofu_store_free(in->store);
    tofu_policy_free(policy);
    close(in->fd);
}

void bench_stores(const char *dir, size_t endpoints, int with_first_use)
{
    stores in = {.endpoints = endpoints < TURNS ? endpoints : TURNS};
    char name[100];
    /* GnuTLS reads line by line. */
    limit asked = {2, 56 + (double)endpoints * (12000.0 - 56) / 100000, 0};
    prepare(&in, dir);
    snprintf(in.database, sizeof in.database, "%s/%zu.db", dir, endpoints);
    snprintf(in.known_hosts, sizeof in.known_hosts, "%s/%zu.known_hosts", dir, endpoints);
    in.store = open_store(in.database);
    snprintf(name, sizeof name, "known self-signed endpoint of %zu, from DER", endpoints);
    bench_row(name, (work[CANDIDATES]){known_der, NULL, gnutls_known}, &in, asked, 0);
    bench_row("  certificate in hand", (work[CANDIDATES]){known, NULL, gnutls_known}, &in, asked, 0);
    /* The first check of each writes. */
    for (size_t i = 0; i < in.endpoints; i++)
        if (turns(&in)) bench_fail("endpoints in turn", tofu_last_error());
    snprintf(name, sizeof name, "  %zu known endpoints in turn", in.endpoints);
    /* A tenth of a second for each of GnuTLS' would be a minute for the row. */
    work peer = endpoints > 100000 ? NULL : gnutls_turns;
    bench_row(name, (work[CANDIDATES]){turns, NULL, peer}, &in, (limit){0}, 20);
    if (with_first_use) {
        /* Closed after the store: a close would drop the locks of SQLite's own descriptors. */
        in.fd = open(in.database, O_RDONLY);
        bench_row("one lstat and one pread, for comparison", (work[CANDIDATES]){look}, &in, (limit){0}, 0);
    }
    tofu_store_free(in.store);
    if (with_first_use) close(in.fd);
    if (with_first_use) first_uses(&in, dir);
    tofu_chain_free(in.chain);
}
