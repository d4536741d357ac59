/* Management through C: pins by hand, lists, blocks, forget, undo, prune, policies, backups, import and export. */
#include "support.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Endpoints in the long list: more than two pages of it. */
static size_t many = 150;
static const char *first_key, *second_key;
static const tofu_cert *first_cert, *second_cert;

static tofu_store *open_store(const char *path)
{
    tofu_store *store = NULL;
    tofu_store_options *options = NULL;
    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    /* Checks are made in 2040, management by the system's clock: the log must not find the latter outdated. */
    IS(tofu_store_options_set(options, "log-age", "4294967295", NULL), TOFU_OK);
    IS(tofu_store_open(path, options, &store, NULL), TOFU_OK);
    tofu_store_options_free(options);
    return store;
}

static tofu_status see(tofu_store *store, const char *account, const char *host, uint16_t port, const char *leaf,
                       const char *preset, tofu_verdict **verdict)
{
    tofu_chain *chain = chain_of(leaf, NULL);
    tofu_check_options *check = check_now(0);
    tofu_status status;
    if (account != NULL)
        IS(tofu_check_options_set_account(check, account, NULL), TOFU_OK);
    if (preset != NULL) {
        tofu_policy *policy = policy_with_root(preset);
        IS(tofu_check_options_set_policy(check, policy, NULL), TOFU_OK);
        tofu_policy_free(policy);
    }
    status = tofu_check_chain(store, host, port, chain, check, verdict, NULL);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    return status;
}

static tofu_endpoint *endpoint(const char *host, uint16_t port)
{
    tofu_endpoint *endpoint = NULL;
    IS(tofu_endpoint_new(NULL, host, port, &endpoint, NULL), TOFU_OK);
    return endpoint;
}

static int64_t add(tofu_store *store, const tofu_endpoint *endpoint, tofu_pin_state state, const char *key)
{
    int64_t id = -1;
    IS(add_pin(store, endpoint, TOFU_PIN_KIND_KEY, state, key, NULL, &id), TOFU_OK);
    CLAIM(id > 0, "%lld", (long long)id);
    return id;
}

static tofu_iter *endpoints_of(tofu_store *store, const char *host, tofu_pin_state state)
{
    tofu_iter *iter = NULL;
    IS(tofu_list_endpoints(store, host, state, &iter, NULL), TOFU_OK);
    return iter;
}

static tofu_iter *pins_of(tofu_store *store, const char *host, const char *key, tofu_pin_state state)
{
    tofu_iter *iter = NULL;
    IS(tofu_list_pins(store, host, key, state, &iter, NULL), TOFU_OK);
    return iter;
}

static tofu_iter *events_of(tofu_store *store, const char *host, tofu_severity severity)
{
    tofu_iter *iter = NULL;
    IS(tofu_list_events(store, host, NULL, severity, &iter, NULL), TOFU_OK);
    return iter;
}

/* Reads a list to its end, and frees it. */
static size_t count(tofu_iter *iter)
{
    size_t found = 0;
    tofu_status status;
    while ((status = tofu_iter_next(iter, NULL)) == TOFU_OK)
        found++;
    IS(status, TOFU_END);
    IS(tofu_iter_next(iter, NULL), TOFU_END);
    tofu_iter_free(iter);
    return found;
}

/* The state of a pin, as a list says it; 0 when it is not there. */
static int64_t state_of(tofu_store *store, int64_t id)
{
    tofu_iter *iter = NULL;
    int64_t state = 0;
    IS(tofu_list_pins(store, NULL, NULL, 0, &iter, NULL), TOFU_OK);
    while (tofu_iter_next(iter, NULL) == TOFU_OK) {
        if (tofu_pin_number(tofu_iter_pin(iter), TOFU_PIN_FIELD_ID) == id)
            state = tofu_pin_number(tofu_iter_pin(iter), TOFU_PIN_FIELD_STATE);
    }
    tofu_iter_free(iter);
    return state;
}

/* A pin for a key, with a note. */
static tofu_status add_noted(tofu_store *store, const tofu_endpoint *endpoint, const char *value, const tofu_cert *cert,
                             int64_t *id)
{
    tofu_pin_options *options = NULL;
    tofu_status status;
    IS(tofu_pin_options_new(&options, NULL), TOFU_OK);
    IS(tofu_pin_options_set_kind(options, TOFU_PIN_KIND_KEY, NULL), TOFU_OK);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_STATE_TRUSTED, NULL), TOFU_OK);
    IS(tofu_pin_options_set_comment(options, "by phone", NULL), TOFU_OK);
    if (value != NULL)
        IS(tofu_pin_options_set_value(options, value, NULL), TOFU_OK);
    if (cert != NULL)
        IS(tofu_pin_options_set_cert(options, cert, NULL), TOFU_OK);
    status = tofu_pin_add(store, endpoint, options, id, NULL);
    tofu_pin_options_free(options);
    return status;
}

static void a_pin_made_by_hand_counts(tofu_store *store)
{
    tofu_endpoint *here = endpoint("Mail.Example.", 993);
    tofu_verdict *verdict = NULL;
    const tofu_pin *pin;
    char spelled[128];
    int64_t id, again = 0;

    CLAIM(strcmp(tofu_endpoint_string(here, TOFU_ENDPOINT_FIELD_HOST), "mail.example") == 0, "canonical");
    CLAIM(strcmp(tofu_endpoint_string(here, TOFU_ENDPOINT_FIELD_DISPLAY), "mail.example:993") == 0, "display");
    CLAIM(tofu_endpoint_number(here, TOFU_ENDPOINT_FIELD_PORT) == 993, "port");
    snprintf(spelled, sizeof spelled, "sha256//%s", first_key);
    IS(add_noted(store, here, spelled, NULL, &id), TOFU_OK);
    IS(add_noted(store, here, NULL, first_cert, &again), TOFU_OK);
    CLAIM(id > 0 && id == again, "one pin, not two: %lld %lld", (long long)id, (long long)again);

    IS(see(store, NULL, "mail.example", 993, "first", NULL, &verdict), TOFU_OK);
    pin = tofu_verdict_pin(verdict);
    CLAIM(tofu_pin_number(pin, TOFU_PIN_FIELD_ID) == id, "the verdict names it");
    CLAIM(tofu_pin_number(pin, TOFU_PIN_FIELD_KIND) == TOFU_PIN_KIND_KEY, "kind");
    CLAIM(tofu_pin_number(pin, TOFU_PIN_FIELD_STATE) == TOFU_PIN_STATE_TRUSTED, "state");
    CLAIM(strcmp(tofu_pin_string(pin, TOFU_PIN_FIELD_VALUE), spelled) == 0, "%s", tofu_pin_string(pin, TOFU_PIN_FIELD_VALUE));
    CLAIM(strcmp(tofu_pin_string(pin, TOFU_PIN_FIELD_COMMENT), "by phone") == 0, "comment");
    CLAIM(strcmp(tofu_pin_string(pin, TOFU_PIN_FIELD_ORIGIN), "managed") == 0, "origin");
    CLAIM(strcmp(tofu_endpoint_string(tofu_verdict_endpoint(verdict), TOFU_ENDPOINT_FIELD_HOST), "mail.example") == 0, "host");
    CLAIM(strcmp(tofu_endpoint_string(tofu_pin_endpoint(pin), TOFU_ENDPOINT_FIELD_HOST), "mail.example") == 0, "host");
    tofu_verdict_free(verdict);
    IS(see(store, NULL, "mail.example", 995, "second", NULL, &verdict), TOFU_ASK);
    CLAIM(tofu_verdict_pin(verdict) == NULL, "no pin had a say");
    tofu_verdict_free(verdict);
    tofu_endpoint_free(here);
}

static void what_makes_no_sense_is_refused(tofu_store *store)
{
    tofu_endpoint *here = endpoint("refused.example", 993), *none = NULL;
    tofu_pin_options *options = NULL;
    const char *bad[] = {"", "abc", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e"};
    size_t i;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, bad[i], NULL, NULL),
           TOFU_E_INVALID);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, NULL, NULL, NULL), TOFU_E_INVALID);
    IS(add_pin(store, here, 9, TOFU_PIN_STATE_TRUSTED, first_key, NULL, NULL), TOFU_E_INVALID);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, 9, first_key, NULL, NULL), TOFU_E_INVALID);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_RETIRED, first_key, NULL, NULL),
       TOFU_E_INVALID);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, second_key, first_cert, NULL),
       TOFU_E_INVALID);
    IS(tofu_pin_options_new(&options, NULL), TOFU_OK);
    IS(tofu_pin_options_set_kind(options, TOFU_PIN_KIND_KEY, NULL), TOFU_OK);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_STATE_TRUSTED, NULL), TOFU_OK);
    IS(tofu_pin_options_set_value(options, first_key, NULL), TOFU_OK);
    IS(tofu_pin_options_set_expires(options, -1, NULL), TOFU_E_INVALID);
    IS(tofu_pin_add(store, here, options, NULL, NULL), TOFU_E_INVALID);
    tofu_pin_options_free(options);
    IS(add_pin(store, NULL, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, first_key, NULL, NULL),
       TOFU_E_INVALID);
    IS(tofu_endpoint_new(NULL, "*.example", 993, &none, NULL), TOFU_E_NAME);
    IS(tofu_endpoint_new(NULL, "mail.example", 0, &none, NULL), TOFU_E_NAME);
    IS(tofu_endpoint_new("a\nb", "mail.example", 993, &none, NULL), TOFU_E_NAME);
    CLAIM(none == NULL && count(pins_of(store, "refused.example", NULL, 0)) == 0, "nothing was made");
    tofu_endpoint_free(here);
}

static void a_staged_key_is_promoted_and_the_old_one_retired(tofu_store *store)
{
    tofu_endpoint *here = endpoint("staged.example", 993);
    char value[24];
    int64_t old = add(store, here, TOFU_PIN_STATE_TRUSTED, first_key), next;
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_ASK);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_STAGED, NULL, second_cert, &next), TOFU_OK);
    CLAIM(count(pins_of(store, NULL, NULL, TOFU_PIN_STATE_STAGED)) == 1, "one is staged");
    IS(see(store, NULL, "staged.example", 993, "first", NULL, NULL), TOFU_OK);
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_OK);
    CLAIM(state_of(store, next) == TOFU_PIN_STATE_TRUSTED, "promoted: %lld", (long long)state_of(store, next));

    IS(tofu_pin_set(store, old, "state", "retired", NULL), TOFU_OK);
    CLAIM(state_of(store, old) == TOFU_PIN_STATE_RETIRED, "retired");
    IS(see(store, NULL, "staged.example", 993, "first", NULL, NULL), TOFU_ASK);
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_OK);

    snprintf(value, sizeof value, "%lld", (long long)NOW - 1);
    IS(tofu_pin_set(store, next, "expires", value, NULL), TOFU_OK);
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_ASK);
    IS(tofu_pin_set(store, next, "expires", "0", NULL), TOFU_OK);
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_OK);

    IS(tofu_pin_set(store, next, "state", "forgotten", NULL), TOFU_E_INVALID);
    IS(tofu_pin_set(store, next, "expires", "soon", NULL), TOFU_E_INVALID);
    IS(tofu_pin_set(store, next, "expires", "-1", NULL), TOFU_E_INVALID);
    IS(tofu_pin_set(store, next, "kind", "name", NULL), TOFU_E_INVALID);
    IS(tofu_pin_set(store, INT64_C(1) << 60, "comment", "x", NULL), TOFU_E_NOT_FOUND);
    IS(tofu_pin_set(store, -1, "comment", "x", NULL), TOFU_E_INVALID);
    tofu_endpoint_free(here);
}

static void blocked_is_blocked(tofu_store *store)
{
    tofu_endpoint *here = endpoint("blocked.example", 993);
    tofu_iter *iter = NULL;
    int64_t everywhere, id;
    size_t found = 0;

    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_OK);
    everywhere = add(store, NULL, TOFU_PIN_STATE_BLOCKED, second_key);
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_REJECT);
    IS(see(store, NULL, "new.example", 993, "second", "accept-new", NULL), TOFU_REJECT);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, second_key, NULL, NULL),
       TOFU_E_INVALID);
    IS(tofu_list_pins(store, NULL, second_key, TOFU_PIN_STATE_BLOCKED, &iter, NULL), TOFU_OK);
    while (tofu_iter_next(iter, NULL) == TOFU_OK) {
        const tofu_pin *pin = tofu_iter_pin(iter);
        CLAIM(tofu_pin_endpoint(pin) == NULL && tofu_pin_number(pin, TOFU_PIN_FIELD_ID) == everywhere, "everywhere");
        CLAIM(tofu_pin_number(pin, TOFU_PIN_FIELD_STATE) == TOFU_PIN_STATE_BLOCKED, "blocked");
        SAYS(tofu_pin_string(pin, TOFU_PIN_FIELD_VALUE), second_key);
        found++;
    }
    CLAIM(found == 1, "%zu", found);
    tofu_iter_free(iter);
    IS(tofu_pin_forget(store, everywhere, NULL), TOFU_OK);
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_OK);

    id = add(store, here, TOFU_PIN_STATE_BLOCKED, first_key);
    IS(see(store, NULL, "blocked.example", 993, "first", "accept-new", NULL), TOFU_REJECT);
    IS(see(store, NULL, "blocked.example", 995, "first", NULL, NULL), TOFU_ASK);
    IS(tofu_pin_forget(store, id, NULL), TOFU_E_INVALID);
    IS(tofu_pin_set(store, id, "state", "trusted", NULL), TOFU_E_INVALID);
    IS(tofu_endpoint_forget(store, here, 0, NULL), TOFU_OK);
    IS(see(store, NULL, "blocked.example", 993, "first", "accept-new", NULL), TOFU_REJECT);
    IS(tofu_pin_forget(store, INT64_C(1) << 60, NULL), TOFU_E_NOT_FOUND);
    tofu_endpoint_free(here);
}

static void lists_are_complete_ordered_and_filtered(tofu_store *store)
{
    tofu_iter *iter = NULL;
    char host[64], before[64] = "";
    size_t i, found = 0, all = count(endpoints_of(store, NULL, 0));
    tofu_endpoint *one;

    for (i = 0; i < many; i++) {
        snprintf(host, sizeof host, "host-%03zu.many.example", i);
        one = endpoint(host, 993);
        add(store, one, TOFU_PIN_STATE_TRUSTED, first_key);
        tofu_endpoint_free(one);
    }
    IS(tofu_list_endpoints(store, NULL, 0, &iter, NULL), TOFU_OK);
    CLAIM(tofu_iter_endpoint(iter) == NULL, "before the first");
    while (tofu_iter_next(iter, NULL) == TOFU_OK) {
        const tofu_endpoint *at = tofu_iter_endpoint(iter);
        const char *name = tofu_endpoint_string(at, TOFU_ENDPOINT_FIELD_HOST);
        CLAIM(tofu_iter_pin(iter) == NULL && tofu_iter_event(iter) == NULL && tofu_iter_pending(iter) == NULL, "one kind");
        if (strstr(name, ".many.example") != NULL) {
            CLAIM(strcmp(before, name) < 0, "%s before %s", before, name);
            snprintf(before, sizeof before, "%s", name);
            CLAIM(tofu_endpoint_number(at, TOFU_ENDPOINT_FIELD_PINS) == 1, "pins");
            CLAIM(tofu_endpoint_standing(at) == TOFU_STANDING_TRUSTED, "where it stands");
            CLAIM(tofu_endpoint_number(at, TOFU_ENDPOINT_FIELD_FIRST_SEEN) > 0, "first seen");
        }
        if (found++ == 70) {
            /* Changes while a list is read, by this program and by others, hold up neither. */
            tofu_store *other = open_store(own("manage.db"));
            one = endpoint("zz.many.example", 993);
            add(other, one, TOFU_PIN_STATE_TRUSTED, first_key);
            tofu_endpoint_free(one);
            tofu_store_free(other);
        }
    }
    CLAIM(tofu_iter_endpoint(iter) == NULL, "after the last");
    CLAIM(found == all + many + 1, "%zu of %zu", found, all + many + 1);
    tofu_iter_free(iter);

    CLAIM(count(endpoints_of(store, "host-007.many.example", 0)) == 1, "by host");
    CLAIM(count(endpoints_of(store, NULL, TOFU_PIN_STATE_RETIRED)) == 1, "with a pin in a state");
    CLAIM(count(pins_of(store, "host-007.many.example", NULL, 0)) == 1, "by host");
    CLAIM(count(pins_of(store, NULL, second_key, 0)) == 1, "by key");
    CLAIM(count(pins_of(store, NULL, fingerprint(second_cert), 0)) >= 1, "by certificate");
    CLAIM(count(pins_of(store, NULL, NULL, TOFU_PIN_STATE_RETIRED)) == 1, "by state");
    CLAIM(count(events_of(store, "blocked.example", 0)) > 0, "events by host");
    CLAIM(count(events_of(store, NULL, TOFU_SEVERITY_WARNING)) <
              count(events_of(store, NULL, 0)), "events by severity");

    iter = (tofu_iter *)&claims;
    IS(tofu_list_endpoints(store, NULL, 9, &iter, NULL), TOFU_E_INVALID);
    CLAIM(iter == NULL, "no list");
    IS(tofu_list_events(store, NULL, NULL, TOFU_PIN_STATE_RETIRED, &iter, NULL), TOFU_E_INVALID);
    IS(tofu_list_pins(store, "bad host", NULL, 0, &iter, NULL), TOFU_E_NAME);
    IS(tofu_list_pins(store, NULL, "no key", 0, &iter, NULL), TOFU_E_INVALID);
    IS(tofu_list_pins(store, NULL, NULL, TOFU_SEVERITY_WARNING, &iter, NULL), TOFU_E_INVALID);
}

static void a_list_outlives_the_handle(void)
{
    tofu_store *store = open_store(own("manage.db"));
    tofu_iter *iter = NULL;
    IS(tofu_list_pins(store, NULL, NULL, 0, &iter, NULL), TOFU_OK);
    tofu_store_free(store);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    CLAIM(tofu_iter_pin(iter) != NULL, "a pin");
    tofu_iter_free(iter);
}

static void the_forgotten_asks_and_undo_brings_it_back(tofu_store *store)
{
    tofu_endpoint *here = endpoint("solo.example", 993), *unknown = endpoint("never.example", 993);
    tofu_iter *iter = NULL;
    IS(see(store, NULL, "solo.example", 993, "first", "accept-new", NULL), TOFU_OK);
    IS(tofu_endpoint_forget(store, here, 0, NULL), TOFU_OK);
    IS(see(store, NULL, "solo.example", 993, "first", "accept-new", NULL), TOFU_ASK);
    IS(tofu_list_endpoints(store, "solo.example", 0, &iter, NULL), TOFU_OK);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    CLAIM(tofu_endpoint_number(tofu_iter_endpoint(iter), TOFU_ENDPOINT_FIELD_FORGOTTEN) > 0, "a tombstone");
    CLAIM(tofu_endpoint_number(tofu_iter_endpoint(iter), TOFU_ENDPOINT_FIELD_PINS) == 0, "without keys");
    CLAIM(tofu_endpoint_standing(tofu_iter_endpoint(iter)) == TOFU_STANDING_FORGOTTEN, "where it stands");
    CLAIM(tofu_endpoint_standing(here) == 0, "only a listed endpoint knows");
    tofu_iter_free(iter);
    IS(tofu_store_undo(store, 0, NULL), TOFU_OK);
    IS(see(store, NULL, "solo.example", 993, "first", "accept-new", NULL), TOFU_OK);

    IS(tofu_endpoint_forget(store, unknown, 0, NULL), TOFU_E_NOT_FOUND);
    IS(tofu_endpoint_forget(store, here, 1u << 9, NULL), TOFU_E_INVALID);
    IS(tofu_store_undo(store, INT64_C(1) << 60, NULL), TOFU_E_NOT_FOUND);
    IS(tofu_store_undo(store, -1, NULL), TOFU_E_INVALID);
    tofu_endpoint_free(here);
    tofu_endpoint_free(unknown);
}

/* An older change, found in the log by its number; one that was overtaken is a conflict. */
static void a_change_is_undone_by_its_number(tofu_store *store)
{
    tofu_endpoint *here = endpoint("numbered.example", 993);
    tofu_iter *iter = NULL;
    int64_t added = 0, changed = 0, id = add(store, here, TOFU_PIN_STATE_TRUSTED, first_key);
    IS(tofu_pin_set(store, id, "comment", "wrong", NULL), TOFU_OK);
    IS(tofu_list_events(store, "numbered.example", NULL, 0, &iter, NULL), TOFU_OK);
    while (tofu_iter_next(iter, NULL) == TOFU_OK) {
        const tofu_event *event = tofu_iter_event(iter);
        CLAIM(tofu_event_number(event, TOFU_EVENT_FIELD_UNDOABLE) == 1 && tofu_event_number(event, TOFU_EVENT_FIELD_TIME) > 0, "event");
        CLAIM(tofu_event_number(event, TOFU_EVENT_FIELD_SEVERITY) == TOFU_SEVERITY_NOTICE, "severity");
        CLAIM(tofu_event_number(event, TOFU_EVENT_FIELD_PORT) == 993, "port");
        CLAIM(strcmp(tofu_event_string(event, TOFU_EVENT_FIELD_HOST), "numbered.example") == 0, "host");
        SAYS(tofu_event_string(event, TOFU_EVENT_FIELD_JSON), "\"host\":\"numbered.example\"");
        if (strcmp(tofu_event_string(event, TOFU_EVENT_FIELD_CODE), "pin-added") == 0)
            added = tofu_event_number(event, TOFU_EVENT_FIELD_ID);
        if (strcmp(tofu_event_string(event, TOFU_EVENT_FIELD_CODE), "pin-comment") == 0)
            changed = tofu_event_number(event, TOFU_EVENT_FIELD_ID);
    }
    tofu_iter_free(iter);
    CLAIM(added > 0 && changed > added, "%lld %lld", (long long)added, (long long)changed);
    IS(tofu_store_undo(store, added, NULL), TOFU_E_CONFLICT);
    IS(tofu_store_undo(store, changed, NULL), TOFU_OK);
    IS(tofu_store_undo(store, added, NULL), TOFU_OK);
    CLAIM(state_of(store, id) == 0, "the pin is gone");
    tofu_endpoint_free(here);
}

static int events_about(tofu_store *store, const char *key)
{
    tofu_iter *iter = NULL;
    int found = 0;
    IS(tofu_list_events(store, NULL, key, 0, &iter, NULL), TOFU_OK);
    while (tofu_iter_next(iter, NULL) == TOFU_OK)
        found++;
    tofu_iter_free(iter);
    return found;
}

/* By the key and by the certificate alike, in what names the one or the other. */
static void a_change_is_found_by_its_key_or_certificate(void)
{
    tofu_store *store = open_store(":memory:");
    tofu_endpoint *here = endpoint("found.example", 993);
    tofu_chain *chain = chain_of("first", NULL);
    const tofu_cert *cert = tofu_chain_cert(chain, 0);
    tofu_iter *iter = NULL;
    int64_t id = 0;
    IS(add_pin(store, here, TOFU_PIN_KIND_CERT, TOFU_PIN_STATE_TRUSTED, NULL, cert, &id), TOFU_OK);
    IS(tofu_pin_set(store, id, "state", "compromised", NULL), TOFU_OK);
    CLAIM(events_about(store, fingerprint(cert)) == 2, "by the certificate");
    CLAIM(events_about(store, key_of(cert)) == 2, "by the key");
    IS(tofu_list_events(store, NULL, NULL, 0, &iter, NULL), TOFU_OK);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    SAYS(tofu_event_string(tofu_iter_event(iter), TOFU_EVENT_FIELD_KEY), key_of(cert));
    CLAIM(strcmp(tofu_event_string(tofu_iter_event(iter), TOFU_EVENT_FIELD_CERTIFICATE), fingerprint(cert)) == 0,
          "%s", tofu_event_string(tofu_iter_event(iter), TOFU_EVENT_FIELD_CERTIFICATE));
    SAYS(tofu_event_string(tofu_iter_event(iter), TOFU_EVENT_FIELD_TEXT), "the certificate ");
    tofu_iter_free(iter);
    tofu_chain_free(chain);
    tofu_endpoint_free(here);
    tofu_store_free(store);
}

/* Names are kept in one spelling, and no wildcard for everything under a top-level name. */
static void a_name_pin_is_canonical_and_no_bare_wildcard(void)
{
    static const char *const refused[] = {"*", "*.*", "*.example", "*.", "", "192.0.2.1", "two words", "m*.example.org"};
    tofu_store *store = open_store(":memory:");
    tofu_endpoint *here = endpoint("names.example", 993);
    tofu_chain *chain = chain_of("first", NULL);
    int64_t first = 0, second = 0;
    size_t n;
    for (n = 0; n < sizeof refused / sizeof *refused; n++)
        CLAIM(add_pin(store, here, TOFU_PIN_KIND_NAME, TOFU_PIN_STATE_TRUSTED, refused[n], NULL, NULL) == TOFU_E_INVALID,
              "%s", refused[n]);
    IS(add_pin(store, here, TOFU_PIN_KIND_NAME, TOFU_PIN_STATE_TRUSTED, "MAIL.Example.", NULL, &first),
       TOFU_OK);
    IS(add_pin(store, here, TOFU_PIN_KIND_NAME, TOFU_PIN_STATE_TRUSTED, "mail.example", NULL, &second),
       TOFU_OK);
    CLAIM(first == second, "%lld %lld", (long long)first, (long long)second);
    IS(add_pin(store, here, TOFU_PIN_KIND_NAME, TOFU_PIN_STATE_TRUSTED, "*.p.example", NULL, NULL),
       TOFU_OK);
    /* What names a key names no certificate. */
    IS(add_pin(store, here, TOFU_PIN_KIND_CERT, TOFU_PIN_STATE_TRUSTED, key_of(tofu_chain_cert(chain, 0)), NULL, NULL),
       TOFU_E_INVALID);
    SAYS(tofu_last_error(), "hexadecimal");
    tofu_chain_free(chain);
    tofu_endpoint_free(here);
    tofu_store_free(store);
}

/* A store of the system takes root to make. */
static void a_systems_pin_is_masked_and_unmasked(void)
{
    tofu_store *store = open_store(":memory:");
    tofu_store_options *options = NULL;
    tofu_endpoint *here = endpoint("masked.example", 993);
    int64_t id = -1;
    IS(tofu_pin_mask(store, here, TOFU_PIN_KIND_KEY, first_key, &id, NULL), TOFU_E_NOT_FOUND);
    CLAIM(id == 0, "%lld", (long long)id);
    IS(tofu_pin_mask(store, here, 9, first_key, NULL, NULL), TOFU_E_INVALID);
    IS(tofu_pin_mask(store, here, TOFU_PIN_KIND_KEY, "12:34", NULL, NULL), TOFU_E_INVALID);
    tofu_store_free(store);
    if (geteuid() != 0) {
        printf("skipped: masking a pin of the system, whose store takes root to make\n");
    } else {
        store = open_store(own("system.db"));
        add(store, here, TOFU_PIN_STATE_TRUSTED, first_key);
        tofu_store_free(store);
        CLAIM(chmod(own("system.db"), 0644) == 0, "chmod");
        IS(tofu_store_options_new(&options, NULL), TOFU_OK);
        IS(tofu_store_options_set(options, "layer", own("system.db"), NULL), TOFU_OK);
        if (tofu_store_open(own("above.db"), options, &store, NULL) == TOFU_OK) {
            IS(see(store, NULL, "masked.example", 993, "first", NULL, NULL), TOFU_OK);
            IS(tofu_pin_mask(store, here, TOFU_PIN_KIND_KEY, first_key, &id, NULL), TOFU_OK);
            CLAIM(state_of(store, id) == TOFU_PIN_STATE_RETIRED, "%lld", (long long)state_of(store, id));
            IS(see(store, NULL, "masked.example", 993, "first", NULL, NULL), TOFU_ASK);
            IS(tofu_pin_forget(store, id, NULL), TOFU_OK);
            IS(see(store, NULL, "masked.example", 993, "first", NULL, NULL), TOFU_OK);
            tofu_store_free(store);
        } else {
            printf("skipped: masking a pin of the system: %s\n", tofu_last_error());
        }
        tofu_store_options_free(options);
    }
    tofu_endpoint_free(here);
}

/* Blocking is less than that, and an undo finds nothing to take back behind it. */
static void the_compromised_stays_so(void)
{
    tofu_store *store = open_store(":memory:");
    tofu_endpoint *here = endpoint("lost.example", 993);
    int64_t id = add(store, here, TOFU_PIN_STATE_TRUSTED, first_key);
    IS(tofu_pin_set(store, id, "state", "compromised", NULL), TOFU_OK);
    CLAIM(add(store, here, TOFU_PIN_STATE_BLOCKED, first_key) == id, "the same pin");
    CLAIM(state_of(store, id) == TOFU_PIN_STATE_COMPROMISED, "%lld", (long long)state_of(store, id));
    IS(tofu_store_undo(store, 0, NULL), TOFU_E_INVALID);
    CLAIM(state_of(store, id) == TOFU_PIN_STATE_COMPROMISED, "%lld", (long long)state_of(store, id));
    tofu_endpoint_free(here);
    tofu_store_free(store);
}

static void policies_are_kept(tofu_store *store)
{
    tofu_endpoint *here = endpoint("policy.example", 993);
    tofu_policy *policy = NULL, *loaded = (tofu_policy *)&claims;
    IS(tofu_policy_load(store, NULL, &loaded, NULL), TOFU_E_NOT_FOUND);
    CLAIM(loaded == NULL, "none");
    IS(see(store, NULL, "policy.example", 993, "first", NULL, NULL), TOFU_ASK);
    IS(tofu_policy_new("strict", &policy, NULL), TOFU_OK);
    IS(tofu_policy_save(store, here, policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "first-use", "ask", NULL), TOFU_E_STATE);
    IS(see(store, NULL, "policy.example", 993, "first", NULL, NULL), TOFU_REJECT);
    IS(see(store, NULL, "policy.example", 995, "first", NULL, NULL), TOFU_ASK);
    IS(tofu_policy_load(store, here, &loaded, NULL), TOFU_OK);
    CLAIM(strcmp(tofu_policy_get(loaded, "preset"), "strict") == 0, "%s", tofu_policy_get(loaded, "json"));
    IS(tofu_policy_set(loaded, "first-use", "ask", NULL), TOFU_OK);
    IS(tofu_policy_save(store, NULL, loaded, NULL), TOFU_OK);
    tofu_policy_free(loaded);
    IS(tofu_policy_save(store, here, NULL, NULL), TOFU_OK);
    IS(tofu_policy_load(store, here, &loaded, NULL), TOFU_E_NOT_FOUND);
    IS(tofu_policy_load(store, NULL, &loaded, NULL), TOFU_OK);
    CLAIM(strcmp(tofu_policy_get(loaded, "first-use"), "ask") == 0, "%s", tofu_policy_get(loaded, "json"));
    tofu_policy_free(loaded);
    IS(tofu_policy_save(store, NULL, NULL, NULL), TOFU_OK);
    tofu_policy_free(policy);

    IS(tofu_policy_new("default", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "first-use", "perhaps", NULL), TOFU_E_INVALID);
    IS(tofu_policy_save(store, NULL, policy, NULL), TOFU_E_INVALID);
    tofu_policy_free(policy);

    IS(tofu_endpoint_expect_change(store, here, NOW, NULL), TOFU_OK);
    IS(tofu_endpoint_expect_change(store, here, -1, NULL), TOFU_E_INVALID);
    tofu_endpoint_free(here);
}

static void every_account_may_be_meant_but_only_by_management(tofu_store *store)
{
    tofu_endpoint *any = NULL;
    IS(tofu_endpoint_new("*", "shared.example", 993, &any, NULL), TOFU_OK);
    add(store, any, TOFU_PIN_STATE_TRUSTED, first_key);
    IS(see(store, "ann", "shared.example", 993, "first", NULL, NULL), TOFU_OK);
    IS(see(store, "bob", "shared.example", 993, "first", NULL, NULL), TOFU_OK);
    tofu_endpoint_free(any);
}

static void a_store_is_verified_counted_and_pruned(tofu_store *store)
{
    tofu_text *text = NULL;
    uint64_t removed = 99;
    IS(tofu_store_verify(store, &text, NULL), TOFU_OK);
    SAYS(tofu_text_get(text, NULL), "\"sound\":true");
    tofu_text_free(text);
    IS(tofu_store_verify(store, NULL, NULL), TOFU_OK);
    IS(tofu_store_stats(store, &text, NULL), TOFU_OK);
    SAYS(tofu_text_get(text, NULL), "\"retired\":1");
    SAYS(tofu_text_get(text, NULL), "\"endpoints\":");
    tofu_text_free(text);
    IS(tofu_store_prune(store, 0, &removed, NULL), TOFU_OK);
    CLAIM(removed == 0, "nothing is older than 1970");
    IS(tofu_store_prune(store, -1, &removed, NULL), TOFU_E_INVALID);
    IS(tofu_store_prune(store, NOW + 1, &removed, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "still to come");
    IS(see(store, NULL, "mail.example", 993, "first", NULL, NULL), TOFU_OK);
}

/* For good, and with it every undo of what went; what is left tells of the pruning itself. */
static void what_is_pruned_is_not_undone(void)
{
    tofu_store *store = open_store(":memory:");
    tofu_endpoint *here = endpoint("old.example", 993);
    uint64_t removed = 0;
    add(store, here, TOFU_PIN_STATE_TRUSTED, first_key);
    sleep(1);
    IS(tofu_store_prune(store, time(NULL), &removed, NULL), TOFU_OK);
    CLAIM(removed == 1 && count(events_of(store, NULL, 0)) == 1, "%llu", (unsigned long long)removed);
    IS(tofu_store_undo(store, 0, NULL), TOFU_E_INVALID);
    CLAIM(count(pins_of(store, NULL, NULL, 0)) == 1, "the pin stays");
    tofu_endpoint_free(here);
    tofu_store_free(store);
}

static void a_backup_brings_back_what_was(tofu_store *store)
{
    tofu_endpoint *here = endpoint("mail.example", 993);
    tofu_store *memory = NULL;
    size_t pins = count(pins_of(store, NULL, NULL, 0));
    int64_t block;

    IS(tofu_store_backup(store, own("copy.db"), NULL), TOFU_OK);
    CLAIM(tofu_store_backup(store, own("copy.db"), NULL) < 0, "a file that is there is not written over");
    IS(tofu_endpoint_forget(store, here, 0, NULL), TOFU_OK);
    IS(see(store, NULL, "mail.example", 993, "first", NULL, NULL), TOFU_ASK);
    block = add(store, NULL, TOFU_PIN_STATE_BLOCKED, second_key);
    IS(tofu_store_restore(store, own("copy.db"), NULL), TOFU_OK);
    IS(see(store, NULL, "mail.example", 993, "first", NULL, NULL), TOFU_OK);
    IS(see(store, NULL, "staged.example", 993, "second", NULL, NULL), TOFU_REJECT);
    CLAIM(count(pins_of(store, NULL, NULL, 0)) == pins + 1, "all of it, and the block");
    IS(tofu_pin_forget(store, block, NULL), TOFU_OK);

    CLAIM(tofu_store_restore(store, own("absent.db"), NULL) < 0, "absent");
    spill(own("garbage.db"), (const uint8_t *)"garbage", 7);
    CLAIM(tofu_store_restore(store, own("garbage.db"), NULL) < 0, "garbage");
    IS(tofu_store_backup(store, "", NULL), TOFU_E_INVALID);
    IS(tofu_store_restore(store, "", NULL), TOFU_E_INVALID);
    IS(see(store, NULL, "mail.example", 993, "first", NULL, NULL), TOFU_OK);
    IS(tofu_store_open(":memory:", NULL, &memory, NULL), TOFU_OK);
    IS(tofu_store_backup(memory, own("memory.db"), NULL), TOFU_E_INVALID);
    tofu_store_free(memory);
    tofu_endpoint_free(here);
}

static void an_export_makes_the_same_store(tofu_store *store)
{
    tofu_store *other = open_store(":memory:"), *third = open_store(":memory:");
    tofu_text *text = NULL, *report = NULL, *again = NULL;
    const uint8_t *data;
    size_t len = 0, pins = count(pins_of(store, NULL, NULL, 0));

    IS(tofu_pin_set(store, 1, "comment", "moved \xe2\x80\xae\xc2\x9b", NULL), TOFU_OK);
    IS(tofu_store_export(store, TOFU_FORMAT_TEXT, NULL, &text, NULL, NULL), TOFU_E_INVALID);
    IS(tofu_store_export(store, TOFU_FORMAT_JSON, "mail.example", &text, NULL, NULL), TOFU_E_INVALID);
    IS(tofu_store_export(store, TOFU_FORMAT_PEM, "mail example", &text, NULL, NULL), TOFU_E_NAME);
    CLAIM(text == NULL, "no text");
    IS(tofu_store_export(store, TOFU_FORMAT_JSON, NULL, &text, &report, NULL), TOFU_OK);
    SAYS(tofu_text_get(report, NULL), "\"schema\":\"tofu-export-report\"");
    CLAIM(strstr(tofu_text_get(report, NULL), "\"pins\":0") == NULL, "pins are counted");
    tofu_text_free(report);
    data = (const uint8_t *)tofu_text_get(text, &len);
    SAYS(tofu_text_get(text, NULL), "moved \\u202e\\u009b");
    CLAIM(strstr(tofu_text_get(text, NULL), "\xe2\x80\xae") == NULL, "what hides is escaped in JSON");

    IS(tofu_store_import(other, TOFU_FORMAT_JSON, data, len, NULL, TOFU_IMPORT_PREVIEW, &report, NULL), TOFU_OK);
    SAYS(tofu_text_get(report, NULL), "\"committed\":false");
    tofu_text_free(report);
    CLAIM(count(endpoints_of(other, NULL, 0)) == 0, "a dry run");
    IS(tofu_store_import(other, TOFU_FORMAT_JSON, data, len, NULL, TOFU_IMPORT_RESTORE, &report, NULL),
       TOFU_OK);
    tofu_text_free(report);
    CLAIM(count(pins_of(other, NULL, NULL, 0)) == pins, "all pins");
    CLAIM(count(pins_of(other, NULL, NULL, TOFU_PIN_STATE_BLOCKED)) == 1, "the blocked one");
    IS(see(other, NULL, "mail.example", 993, "first", NULL, NULL), TOFU_OK);
    IS(see(other, NULL, "blocked.example", 993, "first", "accept-new", NULL), TOFU_REJECT);
    IS(tofu_store_verify(other, NULL, NULL), TOFU_OK);
    IS(tofu_store_export(other, TOFU_FORMAT_JSON, NULL, &again, NULL, NULL), TOFU_OK);
    CLAIM(strlen(tofu_text_get(again, NULL)) > len / 2, "as much again");
    tofu_text_free(again);
    IS(tofu_store_import(other, TOFU_FORMAT_JSON, data, len, NULL, TOFU_IMPORT_RESTORE, NULL, NULL),
       TOFU_E_STATE);

    IS(tofu_store_import(third, TOFU_FORMAT_JSON, data, len, NULL, TOFU_IMPORT_COMMIT, &report, NULL), TOFU_OK);
    SAYS(tofu_text_get(report, NULL), "\"committed\":true");
    tofu_text_free(report);
    IS(see(third, NULL, "mail.example", 993, "first", NULL, NULL), TOFU_OK);
    tofu_text_free(text);
    tofu_store_free(other);
    tofu_store_free(third);
}

static void other_programs_files_are_taken_in(void)
{
    tofu_store *store = open_store(":memory:");
    tofu_endpoint *here = endpoint("mail.example", 9993), *elsewhere = endpoint("pem.example", 993), *anns = NULL;
    tofu_text *report = NULL, *taken = NULL;
    const char *newer;
    struct bytes text = pem("first");
    char lines[512];

    snprintf(lines, sizeof lines, "lines.example:993 %s\nold.example:993 da39a3ee5e6b4b0d3255bfef95601890afd80709\n",
             fingerprint(first_cert));
    IS(tofu_store_import(store, TOFU_FORMAT_FINGERPRINTS, (const uint8_t *)lines, strlen(lines), NULL, TOFU_IMPORT_COMMIT,
                         &report, NULL), TOFU_OK);
    SAYS(tofu_text_get(report, NULL), "\"endpoints\":1");
    SAYS(tofu_text_get(report, NULL), "SHA-1");
    tofu_text_free(report);
    CLAIM(count(pins_of(store, "lines.example", NULL, 0)) == 1, "taken");
    IS(tofu_store_undo(store, 0, NULL), TOFU_OK);
    CLAIM(count(pins_of(store, "lines.example", NULL, 0)) == 0, "undone");
    IS(tofu_store_import(store, TOFU_FORMAT_FINGERPRINTS, (const uint8_t *)lines, strlen(lines), NULL, TOFU_IMPORT_COMMIT,
                         NULL, NULL), TOFU_OK);
    IS(see(store, NULL, "lines.example", 993, "first", NULL, NULL), TOFU_OK);

    IS(tofu_store_import(store, TOFU_FORMAT_PEM, text.start, text.len, NULL, TOFU_IMPORT_COMMIT, NULL, NULL), TOFU_E_INVALID);
    IS(tofu_store_import(store, TOFU_FORMAT_PEM, text.start, text.len, here, TOFU_IMPORT_COMMIT, NULL, NULL), TOFU_OK);
    IS(see(store, NULL, "mail.example", 9993, "first", NULL, NULL), TOFU_OK);
    IS(tofu_store_export(store, TOFU_FORMAT_PEM, "mail.example", &taken, &report, NULL), TOFU_OK);
    SAYS(tofu_text_get(taken, NULL), "-----BEGIN CERTIFICATE-----");
    SAYS(tofu_text_get(report, NULL), "\"pins\":1");
    tofu_text_free(taken);
    tofu_text_free(report);
    IS(tofu_store_export(store, TOFU_FORMAT_FINGERPRINTS, NULL, &taken, NULL, NULL), TOFU_OK);
    SAYS(tofu_text_get(taken, NULL), "lines.example:993 ");
    SAYS(tofu_text_get(taken, NULL), "mail.example:9993 ");
    tofu_text_free(taken);
    IS(tofu_store_export(store, TOFU_FORMAT_KNOWN_HOSTS, NULL, &taken, &report, NULL), TOFU_OK);
    SAYS(tofu_text_get(report, NULL), "mail.example:9993");
    tofu_text_free(taken);
    tofu_text_free(report);
    IS(see(store, NULL, "mail.example", 9993, "renewed", NULL, NULL), TOFU_ASK);
    CLAIM(count(pins_of(store, "mail.example", fingerprint(first_cert), 0)) == 1, "a certificate pin");
    IS(tofu_store_import(store, TOFU_FORMAT_PEM, text.start, text.len, elsewhere, TOFU_IMPORT_COMMIT, &report, NULL), TOFU_OK);
    tofu_text_free(report);
    IS(see(store, NULL, "pem.example", 993, "first", NULL, NULL), TOFU_OK);
    IS(see(store, NULL, "pem.example", 993, "renewed", NULL, NULL), TOFU_ASK);

    IS(tofu_endpoint_new("ann", "any.example", 1, &anns, NULL), TOFU_OK);
    snprintf(lines, sizeof lines, "ann.example:993 %s\n", fingerprint(first_cert));
    IS(tofu_store_import(store, TOFU_FORMAT_FINGERPRINTS, (const uint8_t *)lines, strlen(lines), anns, TOFU_IMPORT_COMMIT,
                         NULL, NULL), TOFU_OK);
    IS(see(store, NULL, "ann.example", 993, "first", NULL, NULL), TOFU_ASK);
    IS(see(store, "ann", "ann.example", 993, "first", NULL, NULL), TOFU_OK);
    IS(tofu_store_export(store, TOFU_FORMAT_CERT_OVERRIDE, NULL, &taken, NULL, NULL), TOFU_OK);
    SAYS(tofu_text_get(taken, NULL), "lines.example:993:\tOID.2.16.840.1.101.3.4.2.1\t");
    CLAIM(strstr(tofu_text_get(taken, NULL), "ann.example") == NULL, "what is one account's is left out");
    tofu_text_free(taken);
    IS(tofu_store_export(store, TOFU_FORMAT_KEY_FINGERPRINTS, NULL, &taken, NULL, NULL), TOFU_OK);
    tofu_text_free(taken);

    newer = "{\"schema\":\"tofu-store\",\"version\":2}";
    IS(tofu_store_import(store, TOFU_FORMAT_JSON, (const uint8_t *)newer, strlen(newer), NULL, TOFU_IMPORT_PREVIEW, NULL,
                         NULL), TOFU_E_FUTURE);
    IS(tofu_store_import(store, TOFU_FORMAT_JSON, (const uint8_t *)"{", 1, NULL, TOFU_IMPORT_PREVIEW, &report, NULL),
       TOFU_E_PARSE);
    CLAIM(report == NULL, "no report");
    IS(tofu_store_import(store, TOFU_FORMAT_PEM, (const uint8_t *)"{", 1, here, TOFU_IMPORT_PREVIEW, NULL, NULL),
       TOFU_E_PARSE);
    IS(tofu_store_import(store, 99, NULL, 0, NULL, TOFU_IMPORT_PREVIEW, NULL, NULL), TOFU_E_INVALID);
    IS(tofu_store_import(store, TOFU_FORMAT_JSON, NULL, 0, NULL, 0, NULL, NULL), TOFU_E_INVALID);
    free(text.start);
    tofu_endpoint_free(anns);
    tofu_endpoint_free(elsewhere);
    tofu_endpoint_free(here);
    tofu_store_free(store);
}

static void a_read_only_store_takes_no_change(void)
{
    tofu_store *store = NULL;
    tofu_store_options *options = NULL;
    tofu_endpoint *here = endpoint("mail.example", 993);
    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "read-only", "yes", NULL), TOFU_OK);
    IS(tofu_store_open(own("manage.db"), options, &store, NULL), TOFU_OK);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, second_key, NULL, NULL),
       TOFU_E_READ_ONLY);
    IS(tofu_endpoint_forget(store, here, 0, NULL), TOFU_E_READ_ONLY);
    CLAIM(count(pins_of(store, NULL, NULL, 0)) > 0, "and can be read");
    tofu_endpoint_free(here);
    tofu_store_options_free(options);
    tofu_store_free(store);
}

int main(int argc, char **argv)
{
    tofu_chain *chains[2];
    tofu_store *store;
    char path[4096];

    begin(argc, argv);
    if (argc > 3)
        many = (size_t)atoi(argv[3]);
    chains[0] = chain_of("first", NULL);
    chains[1] = chain_of("second", NULL);
    first_cert = tofu_chain_cert(chains[0], 0);
    second_cert = tofu_chain_cert(chains[1], 0);
    first_key = key_of(first_cert);
    second_key = key_of(second_cert);
    snprintf(path, sizeof path, "%s", own("manage.db"));
    store = open_store(path);

    a_pin_made_by_hand_counts(store);
    what_makes_no_sense_is_refused(store);
    a_staged_key_is_promoted_and_the_old_one_retired(store);
    the_forgotten_asks_and_undo_brings_it_back(store);
    blocked_is_blocked(store);
    /* This key is blocked for another host: no policy takes it up unasked. */
    IS(see(store, NULL, "other.example", 993, "first", "accept-new", NULL), TOFU_ASK);
    lists_are_complete_ordered_and_filtered(store);
    a_list_outlives_the_handle();
    a_change_is_undone_by_its_number(store);
    the_compromised_stays_so();
    what_is_pruned_is_not_undone();
    a_change_is_found_by_its_key_or_certificate();
    a_name_pin_is_canonical_and_no_bare_wildcard();
    a_systems_pin_is_masked_and_unmasked();
    policies_are_kept(store);
    every_account_may_be_meant_but_only_by_management(store);
    a_store_is_verified_counted_and_pruned(store);
    a_backup_brings_back_what_was(store);
    an_export_makes_the_same_store(store);
    other_programs_files_are_taken_in();
    a_read_only_store_takes_no_change();

    tofu_store_free(store);
    tofu_chain_free(chains[0]);
    tofu_chain_free(chains[1]);
    return end();
}
