/* What the benchmarks share: inputs read once, timing, and one table. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *data;
    size_t len;
} blob;

/* A work done once; returns 0, or the benchmark ends and says which work failed. */
typedef int (*work)(void *ctx);

/* webpki has no column of its own: what it takes is a limit. */
enum { TOFU, OPENSSL, GNUTLS, COLUMNS, WEBPKI = COLUMNS, CANDIDATES };

/* The whole of the file DIR/NAME; ends the program where it cannot be read. */
blob bench_read(const char *dir, const char *name);

/* The concatenated DER certificates of one file as a chain, cut at their outer lengths. */
size_t bench_split(blob chain, blob *out, size_t max);

double bench_now_us(void);

/* What libtofu may take, in microseconds, on the machine where GnuTLS takes so many; 0 for no limit. Or how many times
 * as long as webpki alone in the same row. */
typedef struct {
    double us, gnutls_us, webpki;
} limit;

/* The limit on this machine, which is as much faster or slower as GnuTLS is here; as it stands without GnuTLS. */
double bench_limit(limit asked, double gnutls_us);

/* Times the candidates (NULL: none) in turn in one run, prints a row of medians in microseconds and gives libtofu's.
 * batch is how often a work is done between two looks at the clock, 0 to find out. */
double bench_row(const char *name, work const works[CANDIDATES], void *ctx, limit asked, size_t batch);

/* A row of numbers found otherwise; negative: none. */
void bench_row_of(const char *name, const char *unit, const double found[COLUMNS], double limit);

void bench_head(void);

/* The median; sorts in place. */
double bench_median(double *found, size_t n);

void bench_fail(const char *what, const char *why);

#endif
