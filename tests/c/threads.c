/* Many threads on one store handle, and a child of fork(2). */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

static tofu_store *store;
static tofu_chain *chains[2];
static tofu_check_options *known_check, *first_check;
static const tofu_cert *shared_cert;

struct work {
    int number, rounds, wrong, accepted;
};

/* Checks of a known endpoint, with failures between them whose text must be this thread's. */
static void *check_and_fail(void *arg)
{
    struct work *work = arg;
    char host[32];
    int i;
    snprintf(host, sizeof host, "bad host %d", work->number);
    for (i = 0; i < work->rounds; i++) {
        tofu_verdict *verdict = NULL;
        work->wrong += tofu_check_chain(store, "mail.example", 993, chains[0], known_check, &verdict, NULL) != TOFU_OK;
        work->wrong += tofu_last_error()[0] != 0;
        work->wrong += tofu_check_chain(store, host, 993, chains[0], known_check, NULL, NULL) != TOFU_E_NAME;
        work->wrong += strstr(tofu_last_error(), host) == NULL;
        work->wrong += strstr(tofu_cert_string(shared_cert, TOFU_CERT_FIELD_SUBJECT, 0), "mail.example") == NULL;
        work->wrong += tofu_cert_count(tofu_chain_cert(tofu_verdict_chain(verdict), 0), TOFU_CERT_FIELD_SAN_DNS) != 1;
        tofu_verdict_free(verdict);
    }
    return NULL;
}

/* First use under accept-new, each thread with one of two keys. */
static void *race(void *arg)
{
    struct work *work = arg;
    tofu_status status =
        tofu_check_chain(store, "race.mail.example", 993, chains[work->number % 2], first_check, NULL, NULL);
    work->accepted = status == TOFU_OK;
    work->wrong = status < 0 && status != TOFU_E_BUSY;
    return NULL;
}

static void run(void *(*body)(void *), struct work *work, int rounds)
{
    pthread_t threads[THREADS];
    int i;
    memset(work, 0, THREADS * sizeof *work);
    for (i = 0; i < THREADS; i++) {
        work[i].number = i;
        work[i].rounds = rounds;
        CLAIM(pthread_create(&threads[i], NULL, body, &work[i]) == 0, "thread");
    }
    for (i = 0; i < THREADS; i++)
        CLAIM(pthread_join(threads[i], NULL) == 0, "thread");
    for (i = 0; i < THREADS; i++)
        CLAIM(work[i].wrong == 0, "thread %d: %d wrong answers", i, work[i].wrong);
}

static void a_child_of_fork_must_open_again(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        uint64_t generation;
        int ok = tofu_store_generation(store, &generation, NULL) == TOFU_E_FORKED;
        ok = ok && tofu_check_chain(store, "mail.example", 993, chains[0], known_check, NULL, NULL) == TOFU_E_FORKED;
        tofu_store_free(store);
        /* Not exit: the store leaves its connection alone in a child, which valgrind would call a leak. */
        execlp(ok ? "true" : "false", "after fork", (char *)NULL);
        _exit(1);
    }
    CLAIM(child > 0 && waitpid(child, &status, 0) == child, "fork");
    CLAIM(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child got another answer than TOFU_E_FORKED");
    IS(tofu_check_chain(store, "mail.example", 993, chains[0], known_check, NULL, NULL), TOFU_OK);
}

int main(int argc, char **argv)
{
    struct work work[THREADS];
    tofu_verdict *verdict = NULL;
    tofu_policy *policy = NULL;
    int i, accepted[2] = {0, 0};

    begin(argc, argv);
    chains[0] = chain_of("first", NULL);
    chains[1] = chain_of("second", NULL);
    known_check = check_now(0);
    IS(tofu_store_open(own("threads.db"), NULL, &store, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chains[0], known_check, &verdict, NULL), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    shared_cert = tofu_chain_cert(tofu_verdict_chain(verdict), 0);
    run(check_and_fail, work, argc > 3 ? atoi(argv[3]) : 200);

    IS(tofu_policy_new("accept-new", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    first_check = check_now(0);
    IS(tofu_check_options_set_policy(first_check, policy, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "once.mail.example", 993, chains[0], first_check, NULL, NULL), TOFU_OK);
    run(race, work, 1);
    for (i = 0; i < THREADS; i++)
        accepted[i % 2] += work[i].accepted;
    CLAIM((accepted[0] > 0) != (accepted[1] > 0), "%d and %d accepted", accepted[0], accepted[1]);

    a_child_of_fork_must_open_again();
    tofu_verdict_free(verdict);
    tofu_policy_free(policy);
    tofu_check_options_free(first_check);
    tofu_check_options_free(known_check);
    tofu_chain_free(chains[0]);
    tofu_chain_free(chains[1]);
    tofu_store_free(store);
    return end();
}
