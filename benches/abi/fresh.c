/* A process that makes one check and ends; linked with one library, named by -DFRESH_TOFU or -DFRESH_GNUTLS.
 * fresh empty|check|memory STORE CERT: "memory" is a check that then prints its peak of resident memory in KiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if FRESH_TOFU
#include <tofu.h>

static int check(const char *path, const unsigned char *der, size_t len)
{
    tofu_store *store;
    tofu_chain *chain;
    if (tofu_store_open(path, NULL, &store, NULL) != TOFU_OK) return 1;
    if (tofu_chain_new(&chain, NULL) != TOFU_OK || tofu_chain_push_der(chain, der, len, NULL) != TOFU_OK) return 1;
    return tofu_check_chain(store, "mail.bench.example", 993, chain, NULL, NULL, NULL) != TOFU_OK;
}
#else
#include <gnutls/gnutls.h>

static int check(const char *path, const unsigned char *der, size_t len)
{
    gnutls_datum_t cert = {(unsigned char *)der, (unsigned)len};
    return gnutls_verify_stored_pubkey(path, NULL, "mail.bench.example", "993", GNUTLS_CRT_X509, &cert, 0) != 0;
}
#endif

static void print_peak(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0) printf("%ld\n", strtol(line + 6, NULL, 10));
}

int main(int argc, char **argv)
{
    static unsigned char der[65536];
    if (argc < 4) return 2;
    FILE *file = fopen(argv[3], "rb");
    size_t len = file ? fread(der, 1, sizeof der, file) : 0;
    int bad = strncmp(argv[1], "empty", 5) != 0 && check(argv[2], der, len);
    if (strstr(argv[1], "memory")) print_peak();
    return bad;
}
