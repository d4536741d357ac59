/* Two copies of the library, each with its own SQLite, in one process on one store. SQLite's POSIX
 * locks belong to the process: when one copy closes its file, those of the other are gone. Each copy
 * here writes all the time while it opens and closes the store all the time.
 *
 * copies LIBRARY COPY STORE CERTIFICATE NAME ROUNDS TIME */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tofu.h"

struct copy {
    const char *library, *store, *name;
    int number, rounds;
    int64_t now;
    unsigned char der[4096];
    size_t der_len;
    int failed;
};

#define GET(name) __typeof__(&name) p_##name = (__typeof__(&name))dlsym(library, #name)
#define MUST(call)                                                                                                 \
    do {                                                                                                           \
        tofu_status status = (call);                                                                               \
        if (status != TOFU_OK) {                                                                                   \
            fprintf(stderr, "%s: %d %s\n", #call, (int)status, p_tofu_last_error());                               \
            copy->failed = 1;                                                                                      \
            return NULL;                                                                                           \
        }                                                                                                          \
    } while (0)

static void *work(void *argument)
{
    struct copy *copy = argument;
    void *library = dlopen(copy->library, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        copy->failed = 1;
        return NULL;
    }
    GET(tofu_last_error);
    GET(tofu_store_open);
    GET(tofu_store_free);
    GET(tofu_store_options_new);
    GET(tofu_store_options_set);
    GET(tofu_policy_new);
    GET(tofu_policy_set);
    GET(tofu_check_options_new);
    GET(tofu_check_options_set_policy);
    GET(tofu_check_options_set_time);
    GET(tofu_check_chain);
    GET(tofu_chain_new);
    GET(tofu_chain_push_der);

    tofu_policy *policy = NULL;
    tofu_check_options *check = NULL;
    tofu_chain *chain = NULL;
    tofu_store_options *options = NULL;
    MUST(p_tofu_store_options_new(&options, NULL));
    MUST(p_tofu_store_options_set(options, "busy-ms", "60000", NULL));
    MUST(p_tofu_policy_new("accept-new", &policy, NULL));
    MUST(p_tofu_policy_set(policy, "system-roots", "no", NULL));
    MUST(p_tofu_check_options_new(&check, NULL));
    MUST(p_tofu_check_options_set_policy(check, policy, NULL));
    MUST(p_tofu_check_options_set_time(check, copy->now, NULL));
    MUST(p_tofu_chain_new(&chain, NULL));
    MUST(p_tofu_chain_push_der(chain, copy->der, copy->der_len, NULL));
    tofu_store *kept = NULL;
    MUST(p_tofu_store_open(copy->store, options, &kept, NULL));
    for (int round = 0; round < copy->rounds; round++) {
        char host[128];
        tofu_store *other = NULL;
        snprintf(host, sizeof host, "%s-%d-%d.example", copy->name, copy->number, round);
        MUST(p_tofu_check_chain(kept, host, 993, chain, check, NULL, NULL));
        MUST(p_tofu_store_open(copy->store, options, &other, NULL));
        snprintf(host, sizeof host, "%s-%d-%d.other.example", copy->name, copy->number, round);
        MUST(p_tofu_check_chain(other, host, 993, chain, check, NULL, NULL));
        p_tofu_store_free(other);
        if (round % 5 == 4) {
            /* The last one of this copy: now its SQLite closes the file. */
            p_tofu_store_free(kept);
            MUST(p_tofu_store_open(copy->store, options, &kept, NULL));
        }
    }
    p_tofu_store_free(kept);
    return NULL;
}

int main(int argc, char **argv)
{
    struct copy copies[2];
    pthread_t threads[2];
    if (argc != 8)
        return 2;
    FILE *certificate = fopen(argv[4], "rb");
    if (certificate == NULL)
        return 2;
    memset(copies, 0, sizeof copies);
    copies[0].der_len = fread(copies[0].der, 1, sizeof copies[0].der, certificate);
    fclose(certificate);
    copies[1] = copies[0];
    for (int n = 0; n < 2; n++) {
        copies[n].library = argv[1 + n];
        copies[n].store = argv[3];
        copies[n].name = argv[5];
        copies[n].rounds = atoi(argv[6]);
        copies[n].now = atoll(argv[7]);
        copies[n].number = n;
        if (pthread_create(&threads[n], NULL, work, &copies[n]) != 0)
            return 2;
    }
    for (int n = 0; n < 2; n++)
        pthread_join(threads[n], NULL);
    return copies[0].failed || copies[1].failed;
}
