/* What to ask a person, what tofu_verdict_trust then takes, and that the next check tells the same story. */
#include "support.h"

/* The time of the checks, which goes on where an answer must lie between two of them. */
static int64_t now = NOW;

static tofu_status see(tofu_store *store, const char *host, const char *leaf, const char *above, tofu_policy *policy,
                       tofu_check_flags flags, tofu_verdict **verdict)
{
    tofu_chain *chain = chain_of(leaf, above);
    tofu_check_options *check = check_now(flags);
    tofu_status status;
    IS(tofu_check_options_set_time(check, now, NULL), TOFU_OK);
    if (policy != NULL)
        IS(tofu_check_options_set_policy(check, policy, NULL), TOFU_OK);
    status = tofu_check_chain(store, host, 993, chain, check, verdict, NULL);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    return status;
}

static tofu_store *fresh_store(void)
{
    tofu_store *store = NULL;
    IS(tofu_store_open(":memory:", NULL, &store, NULL), TOFU_OK);
    return store;
}

static const tofu_pin_kind kinds[] = {TOFU_PIN_KIND_KEY, TOFU_PIN_KIND_CERT, TOFU_PIN_KIND_ISSUER, TOFU_PIN_KIND_NAME};

static int offered(const tofu_verdict *verdict)
{
    size_t i;
    int found = 0;
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        found += tofu_verdict_offers(verdict, kinds[i]);
    return found;
}

/* Nothing short of a typed fingerprint is taken, for any kind and for a session no more than for good. */
static void no_plain_yes_is_taken(tofu_store *store, const tofu_verdict *verdict)
{
    size_t i;
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_E_NOT_OFFERED);
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        IS(trust_as(store, verdict, kinds[i], 0, NULL), TOFU_E_NOT_OFFERED);
        IS(trust_as(store, verdict, kinds[i], TOFU_TRUST_SESSION, NULL), TOFU_E_NOT_OFFERED);
    }
}

static void no_answer_helps(tofu_store *store, const tofu_verdict *verdict)
{
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_NONE);
    no_plain_yes_is_taken(store, verdict);
    IS(trust_as(store, verdict, 0, 0, fingerprint(leaf_of(verdict))), TOFU_E_NOT_OFFERED);
}

static void a_fingerprint_helps(tofu_store *store, const tofu_verdict *verdict)
{
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_FINGERPRINT);
    no_plain_yes_is_taken(store, verdict);
    IS(trust_as(store, verdict, 0, 0, "12:34"), TOFU_E_INVALID);
    IS(trust_as(store, verdict, 0, 0, fingerprint(leaf_of(verdict))), TOFU_OK);
}

static void a_yes_helps(tofu_store *store, const tofu_verdict *verdict)
{
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_YES);
    EQUAL(tofu_verdict_offers(verdict, tofu_verdict_suggested_kind(verdict)), 1);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
}

static void first_use_and_a_changed_key_take_a_yes(void)
{
    tofu_store *store = fresh_store();
    tofu_verdict *verdict = NULL;
    IS(see(store, "mail.example", "first", NULL, NULL, 0, &verdict), TOFU_ASK);
    a_yes_helps(store, verdict);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "first", NULL, NULL, 0, &verdict), TOFU_OK);
    /* What is accepted is no question. */
    no_answer_helps(store, verdict);
    tofu_verdict_free(verdict);

    IS(see(store, "mail.example", "second", NULL, NULL, 0, &verdict), TOFU_ASK);
    EQUAL(tofu_verdict_pin_result(verdict), TOFU_PIN_RESULT_CHANGED);
    a_yes_helps(store, verdict);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "second", NULL, NULL, 0, NULL), TOFU_OK);
    tofu_store_free(store);
}

static void no_verdict_and_no_proof_take_nothing(void)
{
    tofu_store *store = fresh_store();
    tofu_verdict *verdict = NULL;
    EQUAL(tofu_verdict_answer(NULL), TOFU_ANSWER_NONE);
    IS(tofu_verdict_decision(NULL), TOFU_E_INVALID);
    IS(see(store, "mail.example", "first", NULL, NULL, TOFU_CHECK_UNPROVEN, &verdict), TOFU_ASK);
    no_answer_helps(store, verdict);
    EQUAL(offered(verdict), 0);
    tofu_verdict_free(verdict);
    tofu_store_free(store);
}

static void a_reject_without_a_way_back_takes_nothing(void)
{
    static const char *const fields[][2] = {{"first-use", "reject"}, {"pins", "no"}};
    tofu_store *store = fresh_store();
    tofu_verdict *verdict = NULL;
    tofu_policy *policy;
    tofu_chain *chain;
    size_t i;
    for (i = 0; i < sizeof fields / sizeof *fields; i++) {
        policy = policy_with_root("default");
        IS(tofu_policy_set(policy, fields[i][0], fields[i][1], NULL), TOFU_OK);
        IS(see(store, "mail.example", "first", NULL, policy, 0, &verdict), TOFU_REJECT);
        no_answer_helps(store, verdict);
        tofu_verdict_free(verdict);
        tofu_policy_free(policy);
    }
    policy = policy_with_root("default");
    IS(see(store, "mail.example", "below", "root", policy, 0, &verdict), TOFU_OK);
    no_answer_helps(store, verdict);
    tofu_verdict_free(verdict);
    tofu_policy_free(policy);

    chain = chain_of("second", NULL);
    IS(add_pin(store, NULL, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_BLOCKED, NULL, tofu_chain_cert(chain, 0), NULL), TOFU_OK);
    IS(see(store, "other.example", "second", NULL, NULL, 0, &verdict), TOFU_REJECT);
    no_answer_helps(store, verdict);
    tofu_verdict_free(verdict);
    tofu_chain_free(chain);
    tofu_store_free(store);
}

/* A server that a root of the store vouched for, and no longer does: rejected, with one way back. */
static void a_downgrade_takes_the_fingerprint(void)
{
    tofu_store *store = fresh_store();
    tofu_verdict *verdict = NULL;
    tofu_policy *policy = policy_with_root("default");
    IS(tofu_policy_save(store, NULL, policy, NULL), TOFU_OK);
    IS(see(store, "mail.example", "below", "root", NULL, 0, NULL), TOFU_OK);
    IS(see(store, "mail.example", "second", NULL, NULL, 0, &verdict), TOFU_REJECT);
    EQUAL(tofu_verdict_change(verdict), TOFU_CHANGE_DOWNGRADE);
    a_fingerprint_helps(store, verdict);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "second", NULL, NULL, 0, NULL), TOFU_OK);
    tofu_policy_free(policy);
    tofu_store_free(store);
}

/* Marks a key as published, as an export of a store says it that has the mark. */
static void mark_published(tofu_store *store, const tofu_cert *cert)
{
    static const char blocks[] = "\"blocks\":[";
    tofu_store *other = fresh_store();
    tofu_text *text = NULL;
    const char *list, *at;
    const uint8_t *key;
    char *marked, hex[65];
    size_t len = 0, i, room;
    key = tofu_cert_bytes(cert, TOFU_CERT_FIELD_SPKI_SHA256, 0, &len);
    for (i = 0; i < len && i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    IS(tofu_store_export(other, TOFU_FORMAT_JSON, NULL, &text, NULL, NULL), TOFU_OK);
    list = tofu_text_get(text, &len);
    at = strstr(list, blocks);
    room = len + 300;
    marked = malloc(room);
    if (at == NULL || marked == NULL)
        exit(2);
    at += sizeof blocks - 1;
    snprintf(marked, room, "%.*s{\"comment\":\"\",\"created\":1735689600,\"id\":1,\"kind\":\"key\",\"value\":\"%s\","
             "\"published\":\"an old appliance\"}%s", (int)(at - list), list, hex, at);
    IS(tofu_store_import(store, TOFU_FORMAT_JSON, (const uint8_t *)marked, strlen(marked), NULL, TOFU_IMPORT_RESTORE,
                         NULL, NULL), TOFU_OK);
    free(marked);
    tofu_text_free(text);
    tofu_store_free(other);
}

static void a_published_key_takes_the_fingerprint(void)
{
    tofu_store *store = fresh_store();
    tofu_chain *chain = chain_of("first", NULL);
    tofu_verdict *verdict = NULL;
    mark_published(store, tofu_chain_cert(chain, 0));
    IS(see(store, "mail.example", "first", NULL, NULL, 0, &verdict), TOFU_ASK);
    EQUAL(tofu_verdict_has_problem(verdict, TOFU_PROBLEM_PUBLISHED_KEY), 1);
    EQUAL(tofu_verdict_suggested_kind(verdict), 0);
    a_fingerprint_helps(store, verdict);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "first", NULL, NULL, 0, NULL), TOFU_OK);
    tofu_chain_free(chain);
    tofu_store_free(store);
}

/* A yes that lasts for the session is all that such a server gets; nothing is offered to keep. */
static void a_key_made_at_each_start_takes_a_yes_for_the_session(void)
{
    tofu_store *store = fresh_store();
    tofu_verdict *verdict = NULL;
    size_t i;
    IS(see(store, "mail.example", "brief", NULL, NULL, 0, &verdict), TOFU_ASK);
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_YES);
    EQUAL(tofu_verdict_number(verdict, TOFU_VERDICT_FIELD_ONLY_SESSION), 1);
    EQUAL(offered(verdict), 0);
    EQUAL(tofu_verdict_suggested_kind(verdict), 0);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_E_NOT_OFFERED);
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        IS(trust_as(store, verdict, kinds[i], 0, NULL), TOFU_E_NOT_OFFERED);
    IS(trust_as(store, verdict, 0, TOFU_TRUST_SESSION, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "brief", NULL, NULL, 0, &verdict), TOFU_OK);
    EQUAL(tofu_verdict_number(verdict, TOFU_VERDICT_FIELD_ONLY_SESSION), 0);
    tofu_verdict_free(verdict);
    tofu_store_free(store);
}

static tofu_verdict *pending_verdict(tofu_store *store)
{
    tofu_iter *iter = NULL;
    tofu_check_options *check = NULL;
    tofu_verdict *verdict = NULL;
    IS(tofu_check_options_new(&check, NULL), TOFU_OK);
    IS(tofu_check_options_set_time(check, now, NULL), TOFU_OK);
    IS(tofu_list_pending(store, NULL, NULL, &iter, NULL), TOFU_OK);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    IS(tofu_pending_check(store, tofu_iter_pending(iter), check, &verdict, NULL), TOFU_ASK);
    tofu_iter_free(iter);
    tofu_check_options_free(check);
    return verdict;
}

/* The known key came back after the question: whoever shows another one must be compared digit by digit. */
static void a_contradicted_question_takes_the_fingerprint(void)
{
    tofu_store *store = fresh_store();
    tofu_verdict *verdict = NULL;
    IS(see(store, "mail.example", "first", NULL, NULL, 0, &verdict), TOFU_ASK);
    a_yes_helps(store, verdict);
    tofu_verdict_free(verdict);
    now += 3600;
    IS(see(store, "mail.example", "second", NULL, NULL, TOFU_CHECK_LEAVE_PENDING, NULL), TOFU_ASK);
    verdict = pending_verdict(store);
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_YES);
    tofu_verdict_free(verdict);

    now += 3600;
    IS(see(store, "mail.example", "first", NULL, NULL, 0, NULL), TOFU_OK);
    verdict = pending_verdict(store);
    a_fingerprint_helps(store, verdict);
    tofu_verdict_free(verdict);
    now = NOW;
    tofu_store_free(store);
}

/* A good certificate for another name: nothing is suggested, since the name may be wrong, but each kind that is offered
 * is taken. */
static void each_kind_that_is_offered_is_taken(void)
{
    size_t i;
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        tofu_store *store = fresh_store();
        tofu_policy *policy = policy_with_root("default");
        tofu_verdict *verdict = NULL;
        int offers;
        IS(see(store, "other.example", "below", "root", policy, 0, &verdict), TOFU_ASK);
        EQUAL(tofu_verdict_has_problem(verdict, TOFU_PROBLEM_HOST_MISMATCH), 1);
        EQUAL(problems(verdict), 1);
        EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_YES);
        EQUAL(tofu_verdict_suggested_kind(verdict), 0);
        EQUAL(offered(verdict), 3);
        IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_E_NOT_OFFERED);
        offers = tofu_verdict_offers(verdict, kinds[i]);
        EQUAL(offers, kinds[i] != TOFU_PIN_KIND_ISSUER);
        IS(trust_as(store, verdict, kinds[i], 0, NULL), offers ? TOFU_OK : TOFU_E_NOT_OFFERED);
        IS(see(store, "other.example", "below", "root", policy, 0, NULL), offers ? TOFU_OK : TOFU_ASK);
        tofu_verdict_free(verdict);
        tofu_policy_free(policy);
        tofu_store_free(store);
    }
}

/* What is asked about a certificate that a CA vouches for is taken without a pin. */
static void an_upgrade_that_is_asked_about_takes_a_yes_without_a_kind(void)
{
    tofu_store *store = fresh_store();
    tofu_policy *policy = policy_with_root("careful");
    tofu_verdict *verdict = NULL;
    IS(see(store, "mail.example", "first", NULL, policy, 0, &verdict), TOFU_ASK);
    a_yes_helps(store, verdict);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "below", "root", policy, 0, &verdict), TOFU_ASK);
    EQUAL(tofu_verdict_change(verdict), TOFU_CHANGE_UPGRADE);
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_YES);
    EQUAL(tofu_verdict_suggested_kind(verdict), 0);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "below", "root", policy, 0, NULL), TOFU_OK);
    tofu_policy_free(policy);
    tofu_store_free(store);
}

/* After a yes, check again: the check decides with the answer and with all that happened since. */
static void a_block_between_the_yes_and_the_check_counts(void)
{
    tofu_store *store = NULL, *other = NULL;
    tofu_endpoint *here = NULL;
    tofu_verdict *verdict = NULL;
    tofu_chain *chain = chain_of("first", NULL);
    IS(tofu_store_open(own("answers.db"), NULL, &store, NULL), TOFU_OK);
    IS(tofu_store_open(own("answers.db"), NULL, &other, NULL), TOFU_OK);
    IS(tofu_endpoint_new(NULL, "mail.example", 993, &here, NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, NULL, 0, &verdict), TOFU_ASK);
    a_yes_helps(store, verdict);
    IS(see(store, "mail.example", "first", NULL, NULL, 0, NULL), TOFU_OK);
    /* The same yes once more is no change. */
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    IS(add_pin(other, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_BLOCKED, NULL, tofu_chain_cert(chain, 0), NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, NULL, 0, NULL), TOFU_REJECT);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_E_NOT_OFFERED);
    tofu_verdict_free(verdict);
    tofu_endpoint_free(here);
    tofu_chain_free(chain);
    tofu_store_free(other);
    tofu_store_free(store);
}

/* A question that another handle answered with another key has been overtaken. */
static void an_overtaken_question_is_stale(void)
{
    tofu_store *store = NULL, *other = NULL;
    tofu_verdict *mine = NULL, *theirs = NULL;
    IS(tofu_store_open(own("stale.db"), NULL, &store, NULL), TOFU_OK);
    IS(tofu_store_open(own("stale.db"), NULL, &other, NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, NULL, 0, &mine), TOFU_ASK);
    IS(see(other, "mail.example", "second", NULL, NULL, 0, &theirs), TOFU_ASK);
    IS(tofu_verdict_trust(other, theirs, NULL, NULL), TOFU_OK);
    IS(tofu_verdict_trust(store, mine, NULL, NULL), TOFU_E_STALE);
    IS(tofu_verdict_trust(store, theirs, NULL, NULL), TOFU_OK);
    tofu_verdict_free(mine);
    tofu_verdict_free(theirs);
    tofu_store_free(other);
    tofu_store_free(store);
}

static void an_answer_can_end_and_carry_a_note(void)
{
    tofu_store *store = fresh_store();
    tofu_trust_options *options = NULL;
    tofu_verdict *verdict = NULL;
    tofu_iter *iter = NULL;
    IS(tofu_trust_options_new(&options, NULL), TOFU_OK);
    IS(tofu_trust_options_set_kind(options, TOFU_PIN_KIND_CERT, NULL), TOFU_OK);
    IS(tofu_trust_options_set_flags(options, 0, NULL), TOFU_OK);
    IS(tofu_trust_options_set_expires(options, NOW + 86400, NULL), TOFU_OK);
    IS(tofu_trust_options_set_comment(options, "compared by phone", NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, NULL, 0, &verdict), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, options, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    IS(tofu_list_pins(store, "mail.example", NULL, TOFU_PIN_STATE_TRUSTED, &iter, NULL), TOFU_OK);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    EQUAL(tofu_pin_number(tofu_iter_pin(iter), TOFU_PIN_FIELD_KIND), TOFU_PIN_KIND_CERT);
    EQUAL(tofu_pin_number(tofu_iter_pin(iter), TOFU_PIN_FIELD_EXPIRES), NOW + 86400);
    SAME(tofu_pin_string(tofu_iter_pin(iter), TOFU_PIN_FIELD_COMMENT), "compared by phone");
    EQUAL(tofu_pin_waives(tofu_iter_pin(iter), TOFU_PROBLEM_SELF_SIGNED), 1);
    EQUAL(tofu_pin_waives(tofu_iter_pin(iter), TOFU_PROBLEM_REVOKED), 0);
    SAME(fingerprint(tofu_pin_cert(tofu_iter_pin(iter))), tofu_pin_string(tofu_iter_pin(iter), TOFU_PIN_FIELD_VALUE));
    tofu_iter_free(iter);

    /* Frozen by its first use, and good for another. */
    IS(tofu_trust_options_set_kind(options, TOFU_PIN_KIND_KEY, NULL), TOFU_E_STATE);
    IS(tofu_trust_options_set_flags(options, 0, NULL), TOFU_E_STATE);
    IS(tofu_trust_options_set_expires(options, 0, NULL), TOFU_E_STATE);
    IS(tofu_trust_options_set_typed(options, "12:34", NULL), TOFU_E_STATE);
    IS(tofu_trust_options_set_comment(options, "", NULL), TOFU_E_STATE);
    IS(see(store, "two.example", "second", NULL, NULL, 0, &verdict), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, options, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    IS(see(store, "two.example", "second", NULL, NULL, 0, NULL), TOFU_OK);
    tofu_trust_options_free(options);
    tofu_store_free(store);
}

static int is_one_plain_line(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    for (; *c != 0; c++)
        if (*c < 32 || *c == 127)
            return 0;
    return text[0] != 0;
}

static void a_line_is_for_logs_and_a_text_for_people(void)
{
    static const char *const leaves[] = {"first", "hostile", "brief"};
    tofu_store *store = fresh_store();
    size_t i;
    for (i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        tofu_verdict *verdict = NULL;
        tofu_text *line = NULL, *text = NULL;
        IS(see(store, "mail.example", leaves[i], NULL, NULL, 0, &verdict), TOFU_ASK);
        IS(tofu_verdict_format(verdict, TOFU_FORMAT_LINE, 40, &line, NULL), TOFU_OK);
        CLAIM(is_one_plain_line(tofu_text_get(line, NULL)), "%s", tofu_text_get(line, NULL));
        SAYS(tofu_text_get(line, NULL), "mail.example:993: ask (");
        SAYS(tofu_text_get(line, NULL), key_of(leaf_of(verdict)));
        IS(tofu_verdict_format(verdict, TOFU_FORMAT_TEXT, 0, &text, NULL), TOFU_OK);
        CLAIM(strncmp(tofu_text_get(text, NULL), "Decision needed: mail.example:993\n", 34) == 0, "%.60s",
              tofu_text_get(text, NULL));
        CLAIM(strchr(tofu_text_get(text, NULL), 27) == NULL, "no escape");
        tofu_text_free(line);
        tofu_text_free(text);
        tofu_verdict_free(verdict);
    }
    tofu_store_free(store);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    first_use_and_a_changed_key_take_a_yes();
    no_verdict_and_no_proof_take_nothing();
    a_reject_without_a_way_back_takes_nothing();
    a_downgrade_takes_the_fingerprint();
    a_published_key_takes_the_fingerprint();
    a_key_made_at_each_start_takes_a_yes_for_the_session();
    a_contradicted_question_takes_the_fingerprint();
    each_kind_that_is_offered_is_taken();
    an_upgrade_that_is_asked_about_takes_a_yes_without_a_kind();
    a_block_between_the_yes_and_the_check_counts();
    an_overtaken_question_is_stale();
    an_answer_can_end_and_carry_a_note();
    a_line_is_for_logs_and_a_text_for_people();
    return end();
}
