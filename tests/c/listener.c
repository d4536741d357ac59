/* The listener: told of every check and change on the thread that caused it, free to call back, destroyed once. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <pthread.h>

#define THREADS 4

/* What one listener heard. */
struct ear {
    tofu_store *store;
    tofu_endpoint *endpoint;
    char codes[16][32];
    int heard, destroyed, calls_back, replaces_itself;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Counts what was heard on this thread. */
static _Thread_local int heard_here;

static tofu_status see(tofu_store *store, const char *leaf, uint64_t flags, tofu_verdict **verdict)
{
    tofu_chain *chain = chain_of(leaf, NULL);
    tofu_check_options *check = check_now(flags);
    tofu_status status = tofu_check_chain(store, "mail.example", 993, chain, check, verdict, NULL);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    return status;
}

static void destroy(void *user_data)
{
    struct ear *ear = user_data;
    ear->destroyed++;
    if (ear->replaces_itself)
        IS(tofu_store_set_listener(ear->store, NULL, NULL, NULL, NULL), TOFU_OK);
}

static void hear(const tofu_event *event, void *user_data)
{
    struct ear *ear = user_data;
    heard_here++;
    pthread_mutex_lock(&lock);
    if (ear->heard < 16)
        snprintf(ear->codes[ear->heard], sizeof ear->codes[0], "%s", tofu_event_string(event, TOFU_EVENT_FIELD_CODE));
    ear->heard++;
    CLAIM(ear->destroyed == 0, "not after it was destroyed");
    CLAIM(tofu_event_string(event, TOFU_EVENT_FIELD_TEXT)[0] != 0, "words");
    CLAIM(tofu_event_number(event, TOFU_EVENT_FIELD_SEVERITY) > 0 && tofu_event_number(event, TOFU_EVENT_FIELD_TIME) > 0, "numbers");
    pthread_mutex_unlock(&lock);
    if (ear->calls_back) {
        uint64_t generation = 0;
        tofu_iter *iter = NULL;
        ear->calls_back = 0;
        IS(tofu_store_generation(ear->store, &generation, NULL), TOFU_OK);
        IS(see(ear->store, "second", 0, NULL), TOFU_ASK);
        IS(add_pin(ear->store, ear->endpoint, TOFU_PIN_KIND_NAME, TOFU_PIN_STATE_TRUSTED, "www.example", NULL, NULL),
           TOFU_OK);
        IS(tofu_list_events(ear->store, NULL, NULL, 0, &iter, NULL), TOFU_OK);
        IS(tofu_iter_next(iter, NULL), TOFU_OK);
        tofu_iter_free(iter);
        IS(tofu_pin_forget(ear->store, INT64_C(1) << 60, NULL), TOFU_E_NOT_FOUND);
    }
    if (ear->replaces_itself)
        IS(tofu_store_set_listener(ear->store, NULL, NULL, NULL, NULL), TOFU_OK);
}

static void every_check_and_change_is_heard(tofu_store *store, struct ear *ear)
{
    tofu_verdict *verdict = NULL;
    tofu_store *same_file = NULL;
    int64_t id = 0;

    IS(tofu_store_set_listener(store, hear, ear, destroy, NULL), TOFU_OK);
    IS(see(store, "first", TOFU_CHECK_DRY_RUN, NULL), TOFU_ASK);
    CLAIM(ear->heard == 0, "a dry run is no event");
    IS(see(store, "first", 0, &verdict), TOFU_ASK);
    CLAIM(ear->heard == 1 && strcmp(ear->codes[0], "first-contact") == 0, "%d %s", ear->heard, ear->codes[0]);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    CLAIM(ear->heard == 2 && strcmp(ear->codes[1], "trusted") == 0, "%d %s", ear->heard, ear->codes[1]);
    IS(see(store, "first", 0, NULL), TOFU_OK);
    CLAIM(ear->heard == 3, "%d", ear->heard);
    IS(add_pin(store, ear->endpoint, TOFU_PIN_KIND_NAME, TOFU_PIN_STATE_TRUSTED, "mx.example", NULL, &id),
       TOFU_OK);
    CLAIM(ear->heard == 4 && strcmp(ear->codes[3], "pin-added") == 0, "%d %s", ear->heard, ear->codes[3]);
    IS(tofu_pin_forget(store, id, NULL), TOFU_OK);
    IS(tofu_store_undo(store, 0, NULL), TOFU_OK);
    CLAIM(ear->heard == 6 && strcmp(ear->codes[5], "undone") == 0, "%d %s", ear->heard, ear->codes[5]);
    CLAIM(heard_here == ear->heard, "on this thread");

    IS(tofu_store_open(own("listener.db"), NULL, &same_file, NULL), TOFU_OK);
    IS(see(same_file, "first", 0, NULL), TOFU_OK);
    CLAIM(ear->heard == 6, "another handle is not heard");
    tofu_store_free(same_file);
    CLAIM(ear->destroyed == 0, "still in use");
    tofu_verdict_free(verdict);
}

static void a_listener_may_call_back(tofu_store *store, struct ear *ear)
{
    int before = ear->heard;
    ear->calls_back = 1;
    IS(see(store, "first", 0, NULL), TOFU_OK);
    CLAIM(tofu_last_error()[0] == 0, "what failed inside is not what this call says");
    CLAIM(ear->heard >= before + 3, "its own calls are events too: %d", ear->heard - before);
}

static void it_is_destroyed_once(tofu_store *store, struct ear *ear)
{
    struct ear second = {0}, third = {0};
    second.store = third.store = store;
    IS(tofu_store_set_listener(store, hear, &second, destroy, NULL), TOFU_OK);
    CLAIM(ear->destroyed == 1, "replaced");
    /* From inside itself, and its destructor calls too. */
    second.replaces_itself = 1;
    IS(see(store, "first", 0, NULL), TOFU_OK);
    CLAIM(second.heard == 1 && second.destroyed == 1, "%d %d", second.heard, second.destroyed);
    IS(see(store, "first", 0, NULL), TOFU_OK);
    CLAIM(second.heard == 1, "removed");
    IS(tofu_store_set_listener(store, NULL, &third, destroy, NULL), TOFU_OK);
    CLAIM(third.destroyed == 1, "a pointer without a listener is given back at once");
    IS(tofu_store_set_listener(NULL, hear, &third, destroy, NULL), TOFU_E_INVALID);
    CLAIM(third.destroyed == 1, "not where the call fails");
    CLAIM(ear->destroyed == 1, "once");
}

static tofu_chain *shared_chain;
static tofu_check_options *shared_check;

static void *check_often(void *arg)
{
    int i;
    heard_here = 0;
    for (i = 0; i < 10; i++) {
        if (tofu_check_chain(arg, "mail.example", 993, shared_chain, shared_check, NULL, NULL) != TOFU_OK)
            return NULL;
    }
    return heard_here == 10 ? arg : NULL;
}

static void each_thread_hears_its_own(tofu_store *store)
{
    struct ear ear = {0};
    pthread_t threads[THREADS];
    int i;
    shared_chain = chain_of("first", NULL);
    shared_check = check_now(0);
    IS(tofu_store_set_listener(store, hear, &ear, destroy, NULL), TOFU_OK);
    for (i = 0; i < THREADS; i++)
        CLAIM(pthread_create(&threads[i], NULL, check_often, store) == 0, "thread");
    for (i = 0; i < THREADS; i++) {
        void *good = NULL;
        CLAIM(pthread_join(threads[i], &good) == 0 && good != NULL, "thread %d", i);
    }
    CLAIM(ear.heard == 10 * THREADS, "%d", ear.heard);
    tofu_check_options_free(shared_check);
    tofu_chain_free(shared_chain);
    tofu_store_free(store);
    CLAIM(ear.destroyed == 1, "with the last handle: %d", ear.destroyed);
}

int main(int argc, char **argv)
{
    struct ear ear = {0};
    tofu_store *store = NULL;
    begin(argc, argv);
    IS(tofu_store_open(own("listener.db"), NULL, &store, NULL), TOFU_OK);
    IS(tofu_endpoint_new(NULL, "mail.example", 993, &ear.endpoint, NULL), TOFU_OK);
    ear.store = store;
    every_check_and_change_is_heard(store, &ear);
    a_listener_may_call_back(store, &ear);
    it_is_destroyed_once(store, &ear);
    each_thread_hears_its_own(store);
    tofu_endpoint_free(ear.endpoint);
    return end();
}
