// The header is C++, with and without its short name, and links as such.
#define TOFU_NO_SHORT_NAMES
#include "tofu.h"

#include <cstdio>
#include <cstring>
#include <memory>

// Fails to compile if the short name is not hidden.
static int cert_parse_der() { return 0; }

struct Free {
    void operator()(tofu_chain *chain) const { tofu_chain_free(chain); }
};

int main()
{
    tofu_chain *made = nullptr;
    const tofu_status status = tofu_chain_new(&made, nullptr);
    const std::unique_ptr<tofu_chain, Free> chain(made);
    char version[32];
    std::snprintf(version, sizeof version, "%d.%d.%d", TOFU_VERSION_MAJOR, TOFU_VERSION_MINOR, TOFU_VERSION_PATCH);
    const bool ok = status == TOFU_OK && tofu_chain_count(chain.get()) == 0 && cert_parse_der() == 0 &&
                    (TOFU_CHECK_TOR >> 18) == 1 && std::strcmp(tofu_version(), version) == 0;
    std::printf("1 claims, %d failed\n", ok ? 0 : 1);
    return ok ? 0 : 1;
}
