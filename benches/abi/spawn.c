/* How long processes take from start to end, in turn: spawn ROUNDS TOFU-HELPER STORE GNUTLS-HELPER KNOWN_HOSTS CERT
 * ("-" for a helper that is not there). Two rows: what a first check adds to an empty process linked with the same
 * library, and its peak memory. */
#include "bench.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static double run(const char *helper, const char *mode, const char *store, const char *cert)
{
    char *argv[] = {(char *)helper, (char *)mode, (char *)store, (char *)cert, NULL};
    pid_t child;
    int status;
    double began = bench_now_us();
    if (posix_spawn(&child, helper, NULL, NULL, argv, environ) != 0) bench_fail(helper, "cannot be started");
    if (waitpid(child, &status, 0) != child || status != 0) bench_fail(helper, mode);
    return bench_now_us() - began;
}

static double memory(const char *helper, const char *mode, const char *store, const char *cert)
{
    char command[4096];
    double kib = -1;
    snprintf(command, sizeof command, "'%s' %s '%s' '%s'", helper, mode, store, cert);
    FILE *out = popen(command, "r");
    if (!out || fscanf(out, "%lf", &kib) != 1) bench_fail(helper, "no memory figure");
    pclose(out);
    return kib / 1024;
}

int main(int argc, char **argv)
{
    if (argc < 7) return 2;
    size_t rounds = (size_t)strtoul(argv[1], NULL, 10);
    const char *helpers[] = {argv[2], argv[4]}, *known[] = {argv[3], argv[5]};
    double *found[4], times[COLUMNS] = {-1, -1, -1}, peaks[COLUMNS] = {-1, -1, -1};
    for (int i = 0; i < 4; i++) found[i] = calloc(rounds, sizeof(double));
    for (size_t round = 0; round < rounds; round++)
        for (int i = 0; i < 4; i++)
            if (strcmp(helpers[i / 2], "-"))
                found[i][round] = run(helpers[i / 2], i % 2 ? "check" : "empty", known[i / 2], argv[6]);
    for (int h = 0; h < 2; h++) {
        if (!strcmp(helpers[h], "-")) continue;
        int to = h ? GNUTLS : TOFU;
        double empty = bench_median(found[2 * h], rounds);
        times[to] = bench_median(found[2 * h + 1], rounds) - empty;
        peaks[to] = memory(helpers[h], "memory", known[h], argv[6]);
        fprintf(stderr, "%s: an empty process takes %.0f us and %.1f MiB\n", h ? "GnuTLS" : "libtofu", empty,
                memory(helpers[h], "empty-memory", known[h], argv[6]));
    }
    bench_row_of("first check in a fresh process, 100000 endpoints", "us", times,
                 bench_limit((limit){1000, 6600, 0}, times[GNUTLS]));
    bench_row_of("  its peak memory", "MiB", peaks, 8);
    return 0;
}
