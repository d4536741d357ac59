/* Questions that nobody could answer when they came up: left, found, decided again, answered, dismissed. */
#include "support.h"

/* The time of the checks, which goes on. */
static int64_t now = NOW;

static tofu_status see(tofu_store *store, const char *leaf, uint64_t flags, tofu_verdict **verdict)
{
    tofu_chain *chain = chain_of(leaf, NULL);
    tofu_check_options *check = check_now(flags);
    tofu_status status;
    IS(tofu_check_options_set_time(check, now, NULL), TOFU_OK);
    status = tofu_check_chain(store, "mail.example", 993, chain, check, verdict, NULL);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    return status;
}

static size_t questions(tofu_store *store, const char *host, const char *key)
{
    tofu_iter *iter = NULL;
    size_t found = 0;
    IS(tofu_list_pending(store, host, key, &iter, NULL), TOFU_OK);
    while (tofu_iter_next(iter, NULL) == TOFU_OK) {
        CLAIM(tofu_iter_pending(iter) != NULL && tofu_iter_endpoint(iter) == NULL, "a question");
        found++;
    }
    tofu_iter_free(iter);
    return found;
}

/* The list of questions, standing at the first. */
static tofu_iter *at_first(tofu_store *store)
{
    tofu_iter *iter = NULL;
    IS(tofu_list_pending(store, NULL, NULL, &iter, NULL), TOFU_OK);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    return iter;
}

static tofu_status again(tofu_store *store, int64_t at, tofu_verdict **verdict)
{
    tofu_iter *iter = at_first(store);
    tofu_check_options *check = NULL;
    tofu_status status;
    IS(tofu_check_options_new(&check, NULL), TOFU_OK);
    IS(tofu_check_options_set_time(check, at, NULL), TOFU_OK);
    status = tofu_pending_check(store, tofu_iter_pending(iter), check, verdict, NULL);
    CLAIM((status >= 0) == (*verdict != NULL), "%s", tofu_status_name(status));
    tofu_check_options_free(check);
    tofu_iter_free(iter);
    return status;
}

static void repeated_asks_are_one_question(tofu_store *store, char *id, size_t size)
{
    tofu_verdict *verdict = NULL;
    tofu_iter *iter;
    const tofu_pending *pending;
    const tofu_cert *cert;

    IS(see(store, "first", 0, NULL), TOFU_ASK);
    IS(see(store, "first", TOFU_CHECK_LEAVE_PENDING | TOFU_CHECK_UNPROVEN, NULL), TOFU_ASK);
    CLAIM(questions(store, NULL, NULL) == 0, "only where it is asked for, and of a proven chain");
    IS(see(store, "first", TOFU_CHECK_LEAVE_PENDING, NULL), TOFU_ASK);
    IS(see(store, "first", TOFU_CHECK_LEAVE_PENDING, &verdict), TOFU_ASK);
    snprintf(id, size, "%s", tofu_verdict_id(verdict));
    cert = tofu_chain_cert(tofu_verdict_chain(verdict), 0);

    iter = at_first(store);
    pending = tofu_iter_pending(iter);
    CLAIM(tofu_pending_number(pending, TOFU_PENDING_FIELD_COUNT) == 2, "count");
    CLAIM(tofu_pending_number(pending, TOFU_PENDING_FIELD_FIRST) == NOW, "first");
    CLAIM(tofu_pending_number(pending, TOFU_PENDING_FIELD_LAST) == NOW, "last");
    CLAIM(tofu_pending_number(pending, TOFU_PENDING_FIELD_CONTRADICTED) == 0, "not contradicted");
    CLAIM(strcmp(tofu_pending_string(pending, TOFU_PENDING_FIELD_ID), id) == 0, "%s", id);
    CLAIM(strcmp(tofu_pending_string(pending, TOFU_PENDING_FIELD_CERT), fingerprint(cert)) == 0, "certificate");
    SAYS(tofu_pending_string(pending, TOFU_PENDING_FIELD_KEY), key_of(cert));
    CLAIM(strcmp(tofu_endpoint_string(tofu_pending_endpoint(pending), TOFU_ENDPOINT_FIELD_DISPLAY), "mail.example:993") == 0,
          "endpoint");
    IS(tofu_iter_next(iter, NULL), TOFU_END);
    tofu_iter_free(iter);

    CLAIM(questions(store, "mail.example", NULL) == 1 && questions(store, "other.example", NULL) == 0, "by host");
    CLAIM(questions(store, NULL, key_of(cert)) == 1, "by key");
    iter = (tofu_iter *)&claims;
    IS(tofu_list_pending(store, "bad host", NULL, &iter, NULL), TOFU_E_NAME);
    CLAIM(iter == NULL, "no list");
    IS(tofu_list_pending(store, NULL, "no key", &iter, NULL), TOFU_E_INVALID);
    tofu_verdict_free(verdict);
}

static void a_question_is_answered_by_another_run(const char *path, const char *id)
{
    tofu_store *store = NULL;
    tofu_verdict *verdict = NULL;
    uint64_t before = 0, after = 0;
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    IS(tofu_store_generation(store, &before, NULL), TOFU_OK);

    /* Too late: the user is asked about something that was a month ago. */
    IS(again(store, NOW + 31 * 86400, &verdict), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_E_STALE);
    tofu_verdict_free(verdict);

    IS(again(store, NOW + 3600, &verdict), TOFU_ASK);
    CLAIM(strcmp(tofu_verdict_id(verdict), id) == 0, "the same question");
    CLAIM(tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_FIRST_USE, "%d", tofu_verdict_pin_result(verdict));
    CLAIM(tofu_chain_count(tofu_verdict_chain(verdict)) == 1, "the exact chain");
    IS(tofu_store_generation(store, &after, NULL), TOFU_OK);
    CLAIM(before == after, "looking writes nothing");
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    CLAIM(questions(store, NULL, NULL) == 0, "answered");
    tofu_store_free(store);
}

static void a_question_is_decided_by_what_is_known_now(tofu_store *store)
{
    tofu_verdict *verdict = NULL;
    tofu_endpoint *here = NULL;
    tofu_chain *second = chain_of("second", NULL);
    char id[64];

    now = NOW + 7200;
    IS(see(store, "first", 0, NULL), TOFU_OK);
    IS(see(store, "second", TOFU_CHECK_LEAVE_PENDING, &verdict), TOFU_ASK);
    snprintf(id, sizeof id, "%s", tofu_verdict_id(verdict));
    tofu_verdict_free(verdict);
    IS(tofu_pending_dismiss(store, "no such id", NULL), TOFU_E_NOT_FOUND);
    IS(tofu_pending_dismiss(store, id, NULL), TOFU_OK);
    IS(tofu_pending_dismiss(store, id, NULL), TOFU_E_NOT_FOUND);
    CLAIM(questions(store, NULL, NULL) == 0, "dismissed");

    IS(see(store, "second", TOFU_CHECK_LEAVE_PENDING, NULL), TOFU_ASK);
    IS(again(store, now, &verdict), TOFU_ASK);
    CLAIM(tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_CHANGED, "%d", tofu_verdict_pin_result(verdict));
    CLAIM(tofu_verdict_previous(verdict) != NULL, "old and new");
    tofu_verdict_free(verdict);

    now += 3600;
    /* The known key answers again: the other one was perhaps somebody in between. */
    IS(see(store, "first", 0, NULL), TOFU_OK);
    {
        tofu_iter *iter = at_first(store);
        CLAIM(tofu_pending_number(tofu_iter_pending(iter), TOFU_PENDING_FIELD_CONTRADICTED) == 1, "contradicted");
        tofu_iter_free(iter);
    }
    IS(again(store, now, &verdict), TOFU_ASK);
    CLAIM(tofu_verdict_trust(store, verdict, NULL, NULL) < 0, "no trust in one step");
    tofu_verdict_free(verdict);

    IS(tofu_endpoint_new(NULL, "mail.example", 993, &here, NULL), TOFU_OK);
    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, NULL, tofu_chain_cert(second, 0), NULL),
       TOFU_OK);
    IS(again(store, now, &verdict), TOFU_OK);
    tofu_verdict_free(verdict);
    IS(add_pin(store, NULL, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_BLOCKED, NULL, tofu_chain_cert(second, 0), NULL),
       TOFU_OK);
    IS(again(store, now, &verdict), TOFU_REJECT);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_E_NOT_OFFERED);
    tofu_verdict_free(verdict);

    IS(tofu_endpoint_forget(store, here, TOFU_FORGET_PENDING, NULL), TOFU_OK);
    CLAIM(questions(store, NULL, NULL) == 0, "forgotten");
    IS(see(store, "first", 0, NULL), TOFU_OK);
    tofu_endpoint_free(here);
    tofu_chain_free(second);
}

int main(int argc, char **argv)
{
    tofu_store *store = NULL;
    char path[4096], id[64];
    begin(argc, argv);
    snprintf(path, sizeof path, "%s", own("pending.db"));
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    repeated_asks_are_one_question(store, id, sizeof id);
    a_question_is_answered_by_another_run(path, id);
    a_question_is_decided_by_what_is_known_now(store);
    tofu_store_free(store);
    return end();
}
