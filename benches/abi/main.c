/* One table: libtofu through its C ABI and, where they are installed, OpenSSL and GnuTLS beside it.
 * main DIR ENDPOINTS...: inputs as scripts/bench.sh made them. */
#include "works.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "use: %s DIRECTORY ENDPOINTS...\n", argv[0]);
        return 2;
    }
    bench_head();
    for (int i = 2; i < argc; i++) bench_stores(argv[1], (size_t)strtoul(argv[i], NULL, 10), i + 1 == argc);
    bench_certs(argv[1]);
    return 0;
}
