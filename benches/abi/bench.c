/* Timing and the table. The candidates of a row take turns, in rounds short enough that other programs on a busy
 * machine fall between most of them. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 301, FEWEST = 7 };
static const double ROUND_US = 300;
/* A row that has taken this long ends with the rounds that it has. */
static const double ROW_US = 3e6;

void bench_fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why ? why : "failed");
    exit(1);
}

blob bench_read(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    if (!file) bench_fail(path, "cannot be opened");
    fseek(file, 0, SEEK_END);
    blob found = {NULL, (size_t)ftell(file)};
    rewind(file);
    found.data = malloc(found.len + 1);
    if (!found.data || fread(found.data, 1, found.len, file) != found.len) bench_fail(path, "cannot be read");
    fclose(file);
    return found;
}

size_t bench_split(blob chain, blob *out, size_t max)
{
    size_t n = 0, at = 0;
    while (n < max && at + 4 <= chain.len) {
        const uint8_t *p = chain.data + at;
        if (p[0] != 0x30 || p[1] != 0x82) bench_fail("chain", "no certificates of 256 to 65535 bytes");
        size_t len = 4 + (size_t)p[2] * 256 + p[3];
        out[n++] = (blob){chain.data + at, len};
        at += len;
    }
    return n;
}

double bench_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *found, size_t n)
{
    qsort(found, n, sizeof *found, by_value);
    return n ? found[n / 2] : -1;
}

/* One round. Its first call is not counted where there are many: it finds the processor's caches full of what the
 * candidate before it left there, which may have read through megabytes. */
static double once(work w, void *ctx, size_t batch, const char *name)
{
    if (batch > FEWEST && w(ctx) != 0) bench_fail(name, "a candidate failed");
    double began = bench_now_us();
    for (size_t i = 0; i < batch; i++)
        if (w(ctx) != 0) bench_fail(name, "a candidate failed");
    return (bench_now_us() - began) / (double)batch;
}

double bench_limit(limit asked, double gnutls_us)
{
    return asked.gnutls_us > 0 && gnutls_us > 0 ? asked.us * gnutls_us / asked.gnutls_us : asked.us;
}

double bench_row(const char *name, work const works[CANDIDATES], void *ctx, limit asked, size_t batch)
{
    double found[CANDIDATES], runs[CANDIDATES][ROUNDS], began = bench_now_us();
    const char *only = getenv("ONLY");
    if (only && !strstr(name, only)) return -1;
    size_t batches[CANDIDATES];
    for (int c = 0; c < CANDIDATES; c++) {
        if (!works[c]) continue;
        once(works[c], ctx, 3, name); /* warm: the first ones may load, write and remember */
        double guess = once(works[c], ctx, 2, name);
        batches[c] = batch ? batch : (size_t)(ROUND_US / (guess > 0.05 ? guess : 0.05)) + 1;
    }
    size_t rounds = 0;
    for (; rounds < ROUNDS && (rounds < FEWEST || bench_now_us() - began < ROW_US); rounds++)
        for (int c = 0; c < CANDIDATES; c++)
            if (works[c]) runs[c][rounds] = once(works[c], ctx, batches[c], name);
    for (int c = 0; c < CANDIDATES; c++) found[c] = works[c] ? bench_median(runs[c], rounds) : -1;
    bench_row_of(name, "us", found, asked.webpki > 0 ? asked.webpki * found[WEBPKI] : bench_limit(asked, found[GNUTLS]));
    if (works[WEBPKI]) bench_row_of("  webpki alone, for comparison", "us", (double[COLUMNS]){found[WEBPKI], -1, -1}, 0);
    return found[TOFU];
}

static void cell(double found, const char *unit)
{
    if (found < 0) printf(" %12s", "-");
    else if (found >= 100000) printf(" %9.0f %s", found / 1000, strcmp(unit, "us") ? unit : "ms");
    else if (found >= 100) printf(" %9.0f %s", found, unit);
    else printf(" %9.2f %s", found, unit);
}

void bench_row_of(const char *name, const char *unit, const double found[COLUMNS], double limit)
{
    double peer = -1;
    for (int c = OPENSSL; c < COLUMNS; c++)
        if (found[c] >= 0 && (peer < 0 || found[c] < peer)) peer = found[c];
    printf("%-50s", name);
    for (int c = 0; c < COLUMNS; c++) cell(found[c], unit);
    if (peer >= 0 && found[TOFU] > 0) printf(" %9.2fx", peer / found[TOFU]);
    else printf(" %10s", "-");
    if (limit > 0) {
        cell(limit, unit);
        printf("  %s", found[TOFU] <= limit ? "met" : "MISSED");
    }
    printf("\n");
    fflush(stdout);
}

void bench_head(void)
{
    printf("%-50s %12s %12s %12s %10s %12s\n", "work (medians)", "libtofu", "OpenSSL", "GnuTLS", "faster by", "limit here");
}
