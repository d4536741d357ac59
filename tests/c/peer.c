/* tofu_check_peer: what a TLS stack has in hand, in one call, is answered as tofu_check_chain answers it. */
#include "support.h"

#define MANY 65

/* What a stack has in hand. */
struct sent {
    const uint8_t *ders[MANY];
    size_t lens[MANY];
    size_t count;
};

static struct sent sent_of(const tofu_chain *chain)
{
    struct sent sent = {{NULL}, {0}, 0};
    for (; sent.count < tofu_chain_count(chain); sent.count++)
        sent.ders[sent.count] = tofu_cert_bytes(tofu_chain_cert(chain, sent.count), TOFU_CERT_FIELD_DER, 0,
                                                &sent.lens[sent.count]);
    return sent;
}

static struct bytes revoked(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/revoked.ocsp", data_dir);
    return slurp(path);
}

/* One check at NOW, without any root but those of the policy. */
static tofu_status ask(tofu_store *store, const struct sent *sent, const struct bytes *ocsp, tofu_check_flags flags,
                       const tofu_check_options *options, tofu_verdict **verdict)
{
    return tofu_check_peer(store, "mail.example", 993, sent->ders, sent->lens, sent->count, ocsp ? ocsp->start : NULL,
                           ocsp ? ocsp->len : 0, flags, options, verdict, NULL);
}

static tofu_check_options *with_root(void)
{
    tofu_check_options *options = check_now(0);
    tofu_policy *policy = policy_with_root("default");
    IS(tofu_check_options_set_policy(options, policy, NULL), TOFU_OK);
    tofu_policy_free(policy);
    return options;
}

static void it_asks_the_same_question_as_a_chain(tofu_store *store)
{
    static const char *const chains[][2] = {{"first", NULL}, {"second", NULL}, {"second", "root"}, {"hostile", NULL}};
    tofu_check_options *options = with_root();
    size_t i;
    for (i = 0; i < sizeof chains / sizeof *chains; i++) {
        tofu_chain *chain = chain_of(chains[i][0], chains[i][1]);
        struct sent sent = sent_of(chain);
        tofu_verdict *one = NULL, *two = NULL;
        IS(ask(store, &sent, NULL, 0, options, &one), TOFU_ASK);
        IS(tofu_check_chain(store, "mail.example", 993, chain, options, &two, NULL), TOFU_ASK);
        SAME(tofu_verdict_id(one), tofu_verdict_id(two));
        EQUAL(problems(one), problems(two));
        EQUAL(tofu_chain_count(tofu_verdict_chain(one)), sent.count);
        tofu_verdict_free(one);
        tofu_verdict_free(two);
        tofu_chain_free(chain);
    }
    tofu_check_options_free(options);
}

static void a_yes_to_one_counts_for_the_other(tofu_store *store)
{
    tofu_check_options *options = with_root();
    tofu_chain *chain = chain_of("first", NULL);
    struct sent sent = sent_of(chain);
    tofu_verdict *verdict = NULL;
    IS(ask(store, &sent, NULL, 0, options, &verdict), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    IS(ask(store, &sent, NULL, 0, options, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, options, NULL, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    tofu_chain_free(chain);
    tofu_check_options_free(options);
}

/* The caller's memory may go as soon as the call has returned. */
static void what_is_handed_over_is_copied(tofu_store *store)
{
    tofu_check_options *options = with_root();
    tofu_chain *chain = chain_of("second", NULL);
    struct sent sent = sent_of(chain);
    uint8_t *own_copy = malloc(sent.lens[0]);
    char before[128];
    tofu_verdict *verdict = NULL;
    if (own_copy == NULL)
        exit(2);
    memcpy(own_copy, sent.ders[0], sent.lens[0]);
    sent.ders[0] = own_copy;
    IS(ask(store, &sent, NULL, 0, options, &verdict), TOFU_ASK);
    snprintf(before, sizeof before, "%s", fingerprint(tofu_chain_cert(chain, 0)));
    memset(own_copy, 0, sent.lens[0]);
    free(own_copy);
    SAME(fingerprint(leaf_of(verdict)), before);
    tofu_verdict_free(verdict);
    tofu_chain_free(chain);
    tofu_check_options_free(options);
}

static void a_stapled_revocation_counts(tofu_store *store)
{
    tofu_check_options *options = with_root();
    tofu_chain *chain = chain_of("below", "root");
    struct sent sent = sent_of(chain);
    struct bytes ocsp = revoked(), nothing = {ocsp.start, 0}, garbage = {(uint8_t *)"garbage", 7};
    tofu_verdict *verdict = NULL, *again = NULL;
    IS(ask(store, &sent, NULL, 0, options, NULL), TOFU_OK);
    IS(ask(store, &sent, &nothing, 0, options, NULL), TOFU_OK);
    IS(ask(store, &sent, &garbage, 0, options, NULL), TOFU_OK);
    IS(ask(store, &sent, &ocsp, 0, options, &verdict), TOFU_REJECT);
    EQUAL(tofu_verdict_has_problem(verdict, TOFU_PROBLEM_REVOKED), 1);
    /* The same as with a chain that holds the response. */
    IS(tofu_chain_set_ocsp(chain, ocsp.start, ocsp.len, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, options, &again, NULL), TOFU_REJECT);
    SAME(tofu_verdict_id(verdict), tofu_verdict_id(again));
    tofu_verdict_free(verdict);
    tofu_verdict_free(again);
    free(ocsp.start);
    tofu_chain_free(chain);
    tofu_check_options_free(options);
}

static void null_is_nothing_and_a_length_without_bytes_is_refused(tofu_store *store)
{
    tofu_chain *chain = chain_of("first", NULL);
    struct sent sent = sent_of(chain);
    tofu_verdict *verdict = (tofu_verdict *)&claims;
    const uint8_t *none[1] = {NULL};
    size_t no_bytes[1] = {0};
    tofu_error *err = NULL;

    IS(tofu_check_peer(store, "mail.example", 993, NULL, NULL, 0, NULL, 0, 0, NULL, &verdict, &err), TOFU_E_PARSE);
    CLAIM(verdict == NULL, "no verdict");
    SAME(tofu_error_detail(err), "chain.leaf");
    tofu_error_free(err);
    sent.count = 0;
    IS(ask(store, &sent, NULL, 0, NULL, NULL), TOFU_E_PARSE);
    IS(tofu_check_peer(store, "mail.example", 993, NULL, sent.lens, 1, NULL, 0, 0, NULL, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "ders: must not be NULL");
    IS(tofu_check_peer(store, "mail.example", 993, sent.ders, NULL, 1, NULL, 0, 0, NULL, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "lens: must not be NULL");
    IS(tofu_check_peer(store, "mail.example", 993, none, sent.lens, 1, NULL, 0, 0, NULL, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "ders: must not be NULL");
    IS(tofu_check_peer(store, "mail.example", 993, none, no_bytes, 1, NULL, 0, 0, NULL, NULL, NULL), TOFU_E_PARSE);
    IS(tofu_check_peer(store, "mail.example", 993, sent.ders, sent.lens, 1, NULL, 3, 0, NULL, NULL, NULL),
       TOFU_E_INVALID);
    SAYS(tofu_last_error(), "ocsp: must not be NULL");
    IS(tofu_check_peer(NULL, "mail.example", 993, sent.ders, sent.lens, 1, NULL, 0, 0, NULL, NULL, NULL),
       TOFU_E_INVALID);
    SAYS(tofu_last_error(), "store: must not be NULL");
    IS(tofu_check_peer(store, NULL, 993, sent.ders, sent.lens, 1, NULL, 0, 0, NULL, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "host: must not be NULL");
    IS(tofu_check_peer(store, "mail example", 993, sent.ders, sent.lens, 1, NULL, 0, 0, NULL, NULL, NULL), TOFU_E_NAME);
    IS(tofu_check_peer(store, "mail.example", 0, sent.ders, sent.lens, 1, NULL, 0, 0, NULL, NULL, NULL), TOFU_E_NAME);
    tofu_chain_free(chain);
}

static void lengths_and_counts_have_limits(tofu_store *store)
{
    static uint8_t big[300 * 1024];
    tofu_chain *chain = chain_of("first", NULL);
    struct sent sent = sent_of(chain);
    size_t good = sent.lens[0], i;

    sent.lens[0] = SIZE_MAX;
    IS(ask(store, &sent, NULL, 0, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "ders");
    sent.lens[0] = good;
    IS(tofu_check_peer(store, "mail.example", 993, sent.ders, sent.lens, SIZE_MAX, NULL, 0, 0, NULL, NULL, NULL),
       TOFU_E_INVALID);
    SAYS(tofu_last_error(), "ders");
    IS(tofu_check_peer(store, "mail.example", 993, sent.ders, sent.lens, 1, sent.ders[0], SIZE_MAX, 0, NULL, NULL,
                       NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "ocsp");

    for (i = 1; i < MANY; i++)
        sent.ders[i] = sent.ders[0], sent.lens[i] = good;
    sent.count = MANY;
    IS(ask(store, &sent, NULL, 0, NULL, NULL), TOFU_E_LIMIT);
    sent.count = 1;
    IS(tofu_check_peer(store, "mail.example", 993, sent.ders, sent.lens, 1, big, sizeof big, 0, NULL, NULL, NULL),
       TOFU_E_LIMIT);
    sent.ders[1] = big;
    sent.lens[1] = sizeof big;
    sent.count = 2;
    IS(ask(store, &sent, NULL, 0, NULL, NULL), TOFU_E_LIMIT);
    tofu_chain_free(chain);
}

/* Flags of the call count for this call, beside those of the options. */
static void flags_are_added_to_those_of_the_options(tofu_store *store)
{
    tofu_check_options *dry = check_now(TOFU_CHECK_DRY_RUN), *usual = check_now(0);
    tofu_chain *chain = chain_of("first", NULL);
    struct sent sent = sent_of(chain);
    uint64_t before = 0, after = 0;
    tofu_iter *iter = NULL;

    IS(ask(store, &sent, NULL, 0, usual, NULL), TOFU_OK);
    IS(ask(store, &sent, NULL, TOFU_CHECK_UNPROVEN, usual, NULL), TOFU_ASK);
    IS(ask(store, &sent, NULL, 0, usual, NULL), TOFU_OK);

    IS(tofu_store_generation(store, &before, NULL), TOFU_OK);
    IS(tofu_check_peer(store, "new.example", 993, sent.ders, sent.lens, 1, NULL, 0, TOFU_CHECK_LEAVE_PENDING, dry, NULL,
                       NULL), TOFU_ASK);
    IS(tofu_store_generation(store, &after, NULL), TOFU_OK);
    CLAIM(before == after, "a dry run writes nothing");
    IS(tofu_check_peer(store, "new.example", 993, sent.ders, sent.lens, 1, NULL, 0, TOFU_CHECK_LEAVE_PENDING, usual,
                       NULL, NULL), TOFU_ASK);
    IS(tofu_list_pending(store, "new.example", NULL, &iter, NULL), TOFU_OK);
    IS(tofu_iter_next(iter, NULL), TOFU_OK);
    tofu_iter_free(iter);

    /* A status or a number of an enumeration is no flag. */
    IS(ask(store, &sent, NULL, TOFU_REJECT, usual, NULL), TOFU_E_INVALID);
    IS(ask(store, &sent, NULL, TOFU_PIN_KIND_KEY, usual, NULL), TOFU_E_INVALID);
    IS(ask(store, &sent, NULL, TOFU_TRUST_SESSION, usual, NULL), TOFU_E_INVALID);
    tofu_check_options_free(dry);
    tofu_check_options_free(usual);
    tofu_chain_free(chain);
}

static void certificates_in_the_wrong_order_are_refused_and_never_asked_about(tofu_store *store)
{
    tofu_check_options *options = with_root();
    tofu_chain *chain = chain_of("root", "below");
    struct sent sent = sent_of(chain);
    tofu_verdict *verdict = (tofu_verdict *)&sent;
    tofu_error *err = NULL;
    EQUAL(sent.count, 2);
    IS(tofu_check_peer(store, "mail.example", 993, sent.ders, sent.lens, sent.count, NULL, 0, 0, options, &verdict, &err),
       TOFU_E_PARSE);
    EQUAL(verdict == NULL, 1);
    SAME(tofu_error_detail(err), "chain.order");
    tofu_error_free(err);
    tofu_chain_free(chain);
    tofu_check_options_free(options);
}

int main(int argc, char **argv)
{
    tofu_store *store = NULL;
    begin(argc, argv);
    IS(tofu_store_open(own("peer.db"), NULL, &store, NULL), TOFU_OK);
    it_asks_the_same_question_as_a_chain(store);
    what_is_handed_over_is_copied(store);
    null_is_nothing_and_a_length_without_bytes_is_refused(store);
    lengths_and_counts_have_limits(store);
    a_yes_to_one_counts_for_the_other(store);
    flags_are_added_to_those_of_the_options(store);
    a_stapled_revocation_counts(store);
    certificates_in_the_wrong_order_are_refused_and_never_asked_about(store);
    tofu_store_free(store);
    return end();
}
