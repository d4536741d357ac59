/* A store on the application's own storage: ordered keys and values in memory, written as docs/backend.md asks for. Then the
 * same with every way of failing and of answering nonsense that a callback has. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <pthread.h>

struct row {
    uint8_t *key, *value;
    size_t key_len, value_len;
};

/* What a callback is to do wrong, at the call that comes when `countdown` reaches 0; -1 for never. */
enum fault {
    FAILS,
    SAYS_CONFLICT,
    PUTS_ANOTHER_KEY,
    PUTS_TWICE,
    PUTS_NULL,
    PUTS_BACKWARDS,
    PUTS_TOO_MANY
};

struct storage {
    pthread_mutex_t lock;
    struct row *rows;
    size_t count, room;
    int calls, commits, conflicts, destroyed;
    int countdown, loses_commits;
    enum fault fault;
};

static int compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* The place of the first row whose key is not before this one. */
static size_t place(const struct storage *storage, const uint8_t *key, size_t key_len)
{
    size_t low = 0, high = storage->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(storage->rows[middle].key, storage->rows[middle].key_len, key, key_len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct row *find(const struct storage *storage, const uint8_t *key, size_t key_len)
{
    size_t at = place(storage, key, key_len);
    if (at == storage->count || compare(storage->rows[at].key, storage->rows[at].key_len, key, key_len) != 0)
        return NULL;
    return &storage->rows[at];
}

static uint8_t *copy(const uint8_t *bytes, size_t len)
{
    uint8_t *made = malloc(len + 1);
    if (made == NULL)
        exit(2);
    if (len > 0)
        memcpy(made, bytes, len);
    return made;
}

static void erase(struct storage *storage, const uint8_t *key, size_t key_len)
{
    struct row *row = find(storage, key, key_len);
    if (row == NULL)
        return;
    free(row->key);
    free(row->value);
    storage->count--;
    memmove(row, row + 1, (size_t)(storage->rows + storage->count - row) * sizeof *row);
}

static void put(struct storage *storage, const uint8_t *key, size_t key_len, const uint8_t *value, size_t value_len)
{
    struct row *row;
    size_t at;
    erase(storage, key, key_len);
    at = place(storage, key, key_len);
    if (storage->count == storage->room) {
        storage->room = storage->room * 2 + 16;
        storage->rows = realloc(storage->rows, storage->room * sizeof *storage->rows);
        if (storage->rows == NULL)
            exit(2);
    }
    row = storage->rows + at;
    memmove(row + 1, row, (storage->count - at) * sizeof *row);
    storage->count++;
    row->key = copy(key, key_len);
    row->value = copy(value, value_len);
    row->key_len = key_len;
    row->value_len = value_len;
}

static void empty(struct storage *storage)
{
    while (storage->count > 0)
        erase(storage, storage->rows[0].key, storage->rows[0].key_len);
}

static void destroy(void *user_data)
{
    ((struct storage *)user_data)->destroyed++;
}

/* Whether this is the call that goes wrong. */
static int goes_wrong(struct storage *storage)
{
    storage->calls++;
    return storage->countdown >= 0 && storage->countdown-- == 0;
}

static int32_t get(const uint8_t *key, size_t key_len, tofu_sink *sink, void *user_data)
{
    struct storage *storage = user_data;
    const struct row *row;
    int32_t status = TOFU_OK;
    pthread_mutex_lock(&storage->lock);
    row = find(storage, key, key_len);
    if (goes_wrong(storage)) {
        static const uint8_t other[] = "another";
        switch (storage->fault) {
        case PUTS_ANOTHER_KEY:
            tofu_sink_put(sink, other, sizeof other, other, sizeof other);
            row = NULL;
            break;
        case PUTS_TWICE:
            tofu_sink_put(sink, key, key_len, key, key_len);
            tofu_sink_put(sink, key, key_len, key, key_len);
            break;
        case PUTS_NULL:
            tofu_sink_put(sink, key, key_len, NULL, 7);
            row = NULL;
            break;
        case SAYS_CONFLICT:
            status = TOFU_E_CONFLICT;
            break;
        default:
            status = TOFU_E_IO;
        }
    }
    if (row != NULL)
        tofu_sink_put(sink, row->key, row->key_len, row->value, row->value_len);
    pthread_mutex_unlock(&storage->lock);
    return status;
}

static int32_t scan(const uint8_t *after, size_t after_len, const uint8_t *prefix, size_t prefix_len, size_t limit,
                    tofu_sink *sink, void *user_data)
{
    struct storage *storage = user_data;
    int32_t status = TOFU_OK;
    size_t at, found = 0;
    int wrong;
    pthread_mutex_lock(&storage->lock);
    wrong = goes_wrong(storage);
    for (at = place(storage, after, after_len); at < storage->count && found < limit; at++) {
        const struct row *row = &storage->rows[at];
        if (compare(row->key, row->key_len, after, after_len) <= 0)
            continue;
        if (row->key_len < prefix_len || memcmp(row->key, prefix, prefix_len) != 0) {
            if (compare(row->key, row->key_len, prefix, prefix_len) < 0)
                continue;
            break;
        }
        tofu_sink_put(sink, row->key, row->key_len, row->value, row->value_len);
        found++;
    }
    if (wrong) {
        static const uint8_t lowest[] = {0};
        switch (storage->fault) {
        case PUTS_ANOTHER_KEY:
        case PUTS_BACKWARDS:
            tofu_sink_put(sink, lowest, sizeof lowest, lowest, sizeof lowest);
            break;
        case PUTS_TOO_MANY:
            while (found++ <= limit)
                tofu_sink_put(sink, prefix, prefix_len, lowest, sizeof lowest);
            break;
        case PUTS_NULL:
            tofu_sink_put(sink, NULL, 7, NULL, 0);
            break;
        case SAYS_CONFLICT:
            status = TOFU_E_CONFLICT;
            break;
        default:
            status = 1;
        }
    }
    pthread_mutex_unlock(&storage->lock);
    return status;
}

/* Whether every expectation of a batch holds. */
static int holds(const struct storage *storage, const tofu_batch *batch)
{
    const uint8_t *key, *value;
    size_t i, key_len, value_len;
    for (i = 0; i < tofu_batch_count(batch); i++) {
        int32_t op = tofu_batch_op(batch, i, &key, &key_len, &value, &value_len);
        const struct row *row = find(storage, key, key_len);
        if (op == TOFU_OP_EXPECT_ABSENT && row != NULL)
            return 0;
        if (op == TOFU_OP_EXPECT &&
            (row == NULL || row->value_len != value_len || memcmp(row->value, value, value_len) != 0))
            return 0;
    }
    return 1;
}

static int32_t commit(const tofu_batch *batch, void *user_data)
{
    struct storage *storage = user_data;
    const uint8_t *key, *value;
    size_t i, key_len, value_len;
    int32_t status = TOFU_OK;
    pthread_mutex_lock(&storage->lock);
    if (goes_wrong(storage)) {
        status = storage->fault == SAYS_CONFLICT ? TOFU_E_CONFLICT : -1234;
    } else if (storage->loses_commits) {
        status = TOFU_OK;
    } else if (!holds(storage, batch)) {
        storage->conflicts++;
        status = TOFU_E_CONFLICT;
    } else {
        for (i = 0; i < tofu_batch_count(batch); i++) {
            switch (tofu_batch_op(batch, i, &key, &key_len, &value, &value_len)) {
            case TOFU_OP_PUT:
                put(storage, key, key_len, value, value_len);
                break;
            case TOFU_OP_DELETE:
                erase(storage, key, key_len);
                break;
            case TOFU_OP_EXPECT:
            case TOFU_OP_EXPECT_ABSENT:
                break;
            default:
                status = TOFU_E_UNSUPPORTED;
            }
        }
        storage->commits++;
    }
    key = value = (const uint8_t *)&status;
    if (tofu_batch_op(batch, tofu_batch_count(batch), &key, &key_len, &value, &value_len) != 0 || key != NULL || value != NULL)
        status = TOFU_E_INTERNAL;
    pthread_mutex_unlock(&storage->lock);
    return status;
}

static tofu_store_options *options_on(struct storage *storage)
{
    tofu_store_options *options = NULL;
    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "busy-ms", "10000", NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "log-age", "4294967295", NULL), TOFU_OK);
    IS(tofu_store_options_set_backend(options, get, scan, commit, storage, destroy, NULL), TOFU_OK);
    return options;
}

static tofu_status open_on(struct storage *storage, tofu_store **store)
{
    tofu_store_options *options = options_on(storage);
    tofu_status status = tofu_store_open(NULL, options, store, NULL);
    tofu_store_options_free(options);
    return status;
}

static tofu_status see(tofu_store *store, uint16_t port, const char *leaf, tofu_verdict **verdict)
{
    tofu_chain *chain = chain_of(leaf, NULL);
    tofu_check_options *check = check_now(0);
    tofu_status status = tofu_check_chain(store, "mail.example", port, chain, check, verdict, NULL);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    return status;
}

static tofu_status trust_first(tofu_store *store, uint16_t port)
{
    tofu_verdict *verdict = NULL;
    tofu_status status = see(store, port, "first", &verdict);
    if (status == TOFU_ASK)
        status = tofu_verdict_trust(store, verdict, NULL, NULL);
    tofu_verdict_free(verdict);
    return status;
}

static void a_server_lives_on_the_applications_storage(struct storage *storage)
{
    tofu_store *store = NULL, *again = NULL;
    tofu_verdict *verdict = NULL;
    tofu_iter *iter = NULL;
    tofu_text *text = NULL;

    IS(open_on(storage, &store), TOFU_OK);
    IS(see(store, 993, "first", NULL), TOFU_ASK);
    IS(trust_first(store, 993), TOFU_OK);
    IS(see(store, 993, "first", NULL), TOFU_OK);
    IS(see(store, 993, "renewed", NULL), TOFU_OK);
    IS(see(store, 993, "second", &verdict), TOFU_ASK);
    CLAIM(tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_CHANGED, "%d", tofu_verdict_pin_result(verdict));
    CLAIM(tofu_verdict_previous(verdict) != NULL, "old and new");
    tofu_verdict_free(verdict);

    IS(open_on(storage, &again), TOFU_OK);
    IS(see(again, 993, "first", NULL), TOFU_OK);
    IS(tofu_list_pins(again, "mail.example", NULL, 0, &iter, NULL), TOFU_OK);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    IS(tofu_pin_set(again, tofu_pin_number(tofu_iter_pin(iter), TOFU_PIN_FIELD_ID), "state", "retired", NULL), TOFU_OK);
    tofu_iter_free(iter);
    IS(see(store, 993, "first", NULL), TOFU_ASK);
    IS(tofu_store_undo(store, 0, NULL), TOFU_OK);
    IS(see(again, 993, "first", NULL), TOFU_OK);
    IS(tofu_store_verify(again, &text, NULL), TOFU_OK);
    tofu_text_free(text);
    IS(tofu_store_export(again, TOFU_FORMAT_JSON, NULL, &text, NULL, NULL), TOFU_OK);
    tofu_text_free(text);
    IS(tofu_store_backup(again, own("no.db"), NULL), TOFU_E_INVALID);
    CLAIM(storage->destroyed == 0, "in use");
    tofu_store_free(store);
    CLAIM(storage->destroyed == 1, "each set of options is given back once: %d", storage->destroyed);
    tofu_store_free(again);
    CLAIM(storage->destroyed == 2, "%d", storage->destroyed);
}

/* Whatever goes wrong at whatever call: a known server is accepted or the call fails, an unknown key is never accepted. */
static void what_goes_wrong_is_never_a_first_use(struct storage *storage, int stride)
{
    static const enum fault faults[] = {FAILS, SAYS_CONFLICT, PUTS_ANOTHER_KEY, PUTS_TWICE, PUTS_NULL, PUTS_BACKWARDS,
                                        PUTS_TOO_MANY};
    size_t i;
    for (i = 0; i < sizeof faults / sizeof *faults; i++) {
        int at, failed = 0;
        tofu_status status;
        for (at = 0; at < 60; at += stride) {
            tofu_store *store = NULL;
            storage->countdown = -1;
            IS(open_on(storage, &store), TOFU_OK);
            storage->fault = faults[i];
            storage->countdown = at;
            status = see(store, 993, "first", NULL);
            CLAIM(status == TOFU_OK || status == TOFU_E_BACKEND || status == TOFU_E_CONFLICT || status == TOFU_E_DAMAGED,
                  "fault %d at %d: %s", (int)faults[i], at, tofu_status_name(status));
            failed += status < 0;
            storage->countdown = at;
            status = see(store, 993, "second", NULL);
            CLAIM(status < 0 || status == TOFU_ASK, "fault %d at %d: %s", (int)faults[i], at, tofu_status_name(status));
            storage->countdown = -1;
            IS(see(store, 993, "first", NULL), TOFU_OK);
            tofu_store_free(store);
            storage->countdown = at;
            status = open_on(storage, &store);
            CLAIM(status == TOFU_OK || status == TOFU_E_BACKEND || status == TOFU_E_CONFLICT || status == TOFU_E_DAMAGED,
                  "fault %d at %d: %s", (int)faults[i], at, tofu_status_name(status));
            CLAIM((status == TOFU_OK) == (store != NULL), "a store only where it opened");
            tofu_store_free(store);
            if (at > 3 && storage->countdown > 30)
                break;
        }
        CLAIM(failed > 0, "fault %d was not met: the test is blind", (int)faults[i]);
    }
    storage->countdown = -1;
}

static void a_failed_commit_is_an_error_and_changes_nothing(struct storage *storage)
{
    tofu_store *store = NULL;
    tofu_verdict *verdict = NULL;
    tofu_error *err = NULL;
    int at, failed = 0;
    IS(open_on(storage, &store), TOFU_OK);
    storage->fault = FAILS;
    for (at = 0; at < 40; at++) {
        uint64_t before = 0, after = 0;
        tofu_status status;
        int commits;
        storage->countdown = -1;
        IS(see(store, 2143, "first", &verdict), TOFU_ASK);
        IS(tofu_store_generation(store, &before, NULL), TOFU_OK);
        commits = storage->commits;
        storage->countdown = at;
        status = tofu_verdict_trust(store, verdict, NULL, &err);
        storage->countdown = -1;
        tofu_verdict_free(verdict);
        verdict = NULL;
        if (status == TOFU_OK)
            break;
        failed++;
        CLAIM(status == TOFU_E_BACKEND, "%d: %s", at, tofu_status_name(status));
        CLAIM(strcmp(tofu_error_detail(err), "store.backend") == 0, "%s", tofu_error_detail(err));
        CLAIM(commits == storage->commits, "nothing was committed");
        IS(tofu_store_generation(store, &after, NULL), TOFU_OK);
        CLAIM(before == after, "nothing changed");
        tofu_error_free(err);
        err = NULL;
    }
    CLAIM(failed > 3 && at < 40, "%d failures", failed);
    IS(see(store, 2143, "first", NULL), TOFU_OK);
    IS(tofu_store_verify(store, NULL, NULL), TOFU_OK);
    tofu_store_free(store);
}

static void storage_that_loses_what_it_took_is_noticed(struct storage *storage)
{
    tofu_store *store = NULL;
    tofu_verdict *verdict = NULL;
    int commits;
    IS(open_on(storage, &store), TOFU_OK);
    IS(see(store, 2525, "first", &verdict), TOFU_ASK);
    commits = storage->commits;
    storage->loses_commits = 1;
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    storage->loses_commits = 0;
    CLAIM(commits == storage->commits, "it was lost");
    IS(see(store, 2525, "first", NULL), TOFU_E_DAMAGED);
    IS(see(store, 993, "first", NULL), TOFU_E_DAMAGED);
    SAYS(tofu_last_error(), "went back in time");
    tofu_verdict_free(verdict);
    empty(storage);
    IS(see(store, 993, "first", NULL), TOFU_E_DAMAGED);
    SAYS(tofu_last_error(), "emptied");
    tofu_store_free(store);
}

static void only_an_empty_storage_becomes_a_new_store(void)
{
    struct storage storage = {.lock = PTHREAD_MUTEX_INITIALIZER, .countdown = -1};
    tofu_store *store = NULL;
    tofu_store_options *options = options_on(&storage);
    IS(tofu_store_options_set(options, "create", "no", NULL), TOFU_OK);
    IS(tofu_store_open(NULL, options, &store, NULL), TOFU_E_NOT_FOUND);
    IS(tofu_store_open(own("file.db"), options, &store, NULL), TOFU_E_INVALID);
    IS(tofu_store_options_set_backend(options, get, scan, commit, &storage, destroy, NULL), TOFU_E_STATE);
    CLAIM(storage.destroyed == 0, "not where the call fails");
    tofu_store_options_free(options);
    CLAIM(storage.destroyed == 1, "%d", storage.destroyed);

    put(&storage, (const uint8_t *)"x", 1, (const uint8_t *)"y", 1);
    IS(open_on(&storage, &store), TOFU_E_DAMAGED);
    CLAIM(storage.count == 1, "left alone");
    empty(&storage);

    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set_backend(options, get, NULL, commit, &storage, destroy, NULL), TOFU_E_INVALID);
    IS(tofu_store_options_set_backend(options, get, scan, commit, &storage, NULL, NULL), TOFU_OK);
    IS(tofu_store_open(NULL, options, &store, NULL), TOFU_E_INVALID);
    tofu_store_options_free(options);

    storage.destroyed = 0;
    options = options_on(&storage);
    IS(tofu_store_options_set_backend(options, get, scan, commit, &storage, destroy, NULL), TOFU_OK);
    CLAIM(storage.destroyed == 1, "another one was set");
    tofu_store_options_free(options);
    CLAIM(storage.destroyed == 2, "%d", storage.destroyed);
    free(storage.rows);
}

struct racer {
    tofu_store *store;
    int number, rounds, wrong, accepted;
    tofu_chain *chain;
    tofu_check_options *check;
};

static void *add_endpoints(void *arg)
{
    struct racer *racer = arg;
    int i;
    for (i = 0; i < racer->rounds; i++) {
        tofu_endpoint *endpoint = NULL;
        char host[48];
        snprintf(host, sizeof host, "host-%d-%d.example", racer->number, i);
        racer->wrong += tofu_endpoint_new(NULL, host, 993, &endpoint, NULL) != TOFU_OK;
        racer->wrong += add_pin(racer->store, endpoint, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, NULL,
                                tofu_chain_cert(racer->chain, 0), NULL) != TOFU_OK;
        tofu_endpoint_free(endpoint);
    }
    return NULL;
}

static void *first_use(void *arg)
{
    struct racer *racer = arg;
    tofu_status status = tofu_check_chain(racer->store, "race.example", 993, racer->chain, racer->check, NULL, NULL);
    racer->accepted = status == TOFU_OK;
    racer->wrong += status < 0;
    return NULL;
}

static void run(struct racer *racers, void *(*body)(void *))
{
    pthread_t threads[2];
    int i;
    for (i = 0; i < 2; i++)
        CLAIM(pthread_create(&threads[i], NULL, body, &racers[i]) == 0, "thread");
    for (i = 0; i < 2; i++)
        CLAIM(pthread_join(threads[i], NULL) == 0 && racers[i].wrong == 0, "racer %d: %d wrong", i, racers[i].wrong);
}

static void two_handles_race_and_nothing_is_lost(struct storage *storage, int rounds)
{
    struct racer racers[2] = {{0}};
    tofu_policy *policy = policy_with_root("accept-new");
    tofu_iter *iter = NULL;
    int i, found = 0;
    for (i = 0; i < 2; i++) {
        racers[i].number = i;
        racers[i].rounds = rounds;
        racers[i].chain = chain_of(i == 0 ? "first" : "second", NULL);
        racers[i].check = check_now(0);
        IS(tofu_check_options_set_policy(racers[i].check, policy, NULL), TOFU_OK);
        IS(open_on(storage, &racers[i].store), TOFU_OK);
    }
    run(racers, add_endpoints);
    IS(tofu_list_pins(racers[0].store, NULL, NULL, 0, &iter, NULL), TOFU_OK);
    while (tofu_iter_next(iter, NULL) == TOFU_OK)
        found++;
    tofu_iter_free(iter);
    CLAIM(found == 2 * rounds, "%d of %d", found, 2 * rounds);
    run(racers, first_use);
    CLAIM(racers[0].accepted + racers[1].accepted == 1, "one key wins: %d %d", racers[0].accepted, racers[1].accepted);
    IS(tofu_store_verify(racers[1].store, NULL, NULL), TOFU_OK);
    printf("%d commits, %d conflicts met and tried again\n", storage->commits, storage->conflicts);
    for (i = 0; i < 2; i++) {
        tofu_store_free(racers[i].store);
        tofu_check_options_free(racers[i].check);
        tofu_chain_free(racers[i].chain);
    }
    tofu_policy_free(policy);
}

int main(int argc, char **argv)
{
    struct storage storage = {.lock = PTHREAD_MUTEX_INITIALIZER, .countdown = -1};
    struct storage raced = {.lock = PTHREAD_MUTEX_INITIALIZER, .countdown = -1};
    begin(argc, argv);
    a_server_lives_on_the_applications_storage(&storage);
    what_goes_wrong_is_never_a_first_use(&storage, argc > 3 ? 7 : 1);
    a_failed_commit_is_an_error_and_changes_nothing(&storage);
    storage_that_loses_what_it_took_is_noticed(&storage);
    only_an_empty_storage_becomes_a_new_store();
    two_handles_race_and_nothing_is_lost(&raced, argc > 3 ? atoi(argv[3]) : 100);
    empty(&storage);
    empty(&raced);
    free(storage.rows);
    free(raced.rows);
    return end();
}
