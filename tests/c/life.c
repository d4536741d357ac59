/* The library's life through C: first use, trust, renewal, another key, a CA of one's own; who may not be trusted. */
#include "support.h"

/* One check at NOW; the verdict is written for the three answers and is NULL otherwise. */
static tofu_status ask(tofu_store *store, uint16_t port, const char *leaf, const char *above, tofu_policy *policy,
                       uint64_t flags, tofu_verdict **verdict)
{
    tofu_chain *chain = chain_of(leaf, above);
    tofu_check_options *check = check_now(flags);
    tofu_status status;
    if (policy != NULL)
        IS(tofu_check_options_set_policy(check, policy, NULL), TOFU_OK);
    status = tofu_check_chain(store, "mail.example", port, chain, check, verdict, NULL);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    if (verdict != NULL)
        CLAIM((status >= 0) == (*verdict != NULL), "%s", tofu_status_name(status));
    return status;
}

/* A template is translated by its code, and its places are filled from the same facts: filled untranslated, it is the
 * library's own text. */
static void the_template_of_a_statement_takes_its_facts(const tofu_verdict *verdict, tofu_section section, size_t index)
{
    const char *code = "", *text = tofu_verdict_statement(verdict, section, index, &code, NULL);
    const char *template = tofu_text_template(code), *end;
    char filled[4096] = "", name[64];
    size_t used = 0;
    while (*template != 0 && used + 1 < sizeof filled) {
        if (*template == '{' && (end = strchr(template, '}')) != NULL) {
            snprintf(name, sizeof name, "%.*s", (int)(end - template - 1), template + 1);
            used += (size_t)snprintf(filled + used, sizeof filled - used, "%s",
                                     tofu_verdict_statement_arg(verdict, section, index, name));
            template = end + 1;
        } else {
            filled[used++] = *template++;
            filled[used] = 0;
        }
    }
    SAME(filled, text);
    SAME(tofu_verdict_statement_arg(verdict, section, index, "no-such-fact"), "");
}

static void a_first_contact_asks_and_says_all(tofu_store *store)
{
    tofu_verdict *verdict = NULL;
    tofu_text *text = NULL;
    tofu_trust_options *options = NULL;
    const char *code = NULL;
    size_t i, about = 0;
    uint64_t before = 0, after = 0;
    tofu_section section;

    IS(ask(store, 993, "first", NULL, NULL, 0, &verdict), TOFU_ASK);
    CLAIM(tofu_verdict_decision(verdict) == TOFU_ASK, "decision");
    CLAIM(tofu_verdict_assurance(verdict) == TOFU_ASSURANCE_NONE, "assurance");
    CLAIM(tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_FIRST_USE, "%d", tofu_verdict_pin_result(verdict));
    CLAIM(tofu_verdict_has_problem(verdict, TOFU_PROBLEM_SELF_SIGNED) == 1, "%d problems", problems(verdict));
    CLAIM(tofu_verdict_suggested_kind(verdict) == TOFU_PIN_KIND_KEY, "%d", tofu_verdict_suggested_kind(verdict));
    CLAIM(tofu_verdict_offers(verdict, TOFU_PIN_KIND_KEY) == 1, "offered");
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_YES);
    CLAIM(tofu_verdict_previous(verdict) == NULL, "nothing known");
    CLAIM(tofu_verdict_number(verdict, TOFU_VERDICT_FIELD_TIME) == NOW, "time");
    SAME(tofu_endpoint_string(tofu_verdict_endpoint(verdict), TOFU_ENDPOINT_FIELD_HOST), "mail.example");
    EQUAL(tofu_endpoint_number(tofu_verdict_endpoint(verdict), TOFU_ENDPOINT_FIELD_PORT), 993);
    SAME(tofu_endpoint_string(tofu_verdict_endpoint(verdict), TOFU_ENDPOINT_FIELD_ACCOUNT), "");
    CLAIM(tofu_verdict_id(verdict)[0] != 0, "an id");
    EQUAL(tofu_verdict_statement_count(verdict, TOFU_SECTION_HEADLINE), 1);
    CLAIM(tofu_chain_count(tofu_verdict_chain(verdict)) == 1, "the chain outlives the caller's");
    for (section = TOFU_SECTION_HEADLINE; section <= TOFU_SECTION_ADVICE; section++) {
        CLAIM(tofu_verdict_statement_count(verdict, section) > 0, "section %d", section);
        for (i = 0; i < tofu_verdict_statement_count(verdict, section); i++) {
            CLAIM(tofu_verdict_statement(verdict, section, i, &code, &about)[0] != 0, "text");
            CLAIM(code[0] != 0 && (about == 0 || about == TOFU_NO_CERT), "%s %zu", code, about);
            CLAIM(tofu_text_template(code)[0] != 0, "no template for %s", code);
            the_template_of_a_statement_takes_its_facts(verdict, section, i);
        }
    }
    IS(tofu_verdict_format(verdict, TOFU_FORMAT_JSON, 0, &text, NULL), TOFU_OK);
    SAYS(tofu_text_get(text, NULL), "\"decision\":\"ask\"");
    SAYS(tofu_text_get(text, NULL), "\"self-signed\"");
    tofu_text_free(text);
    IS(tofu_verdict_format(verdict, TOFU_FORMAT_TEXT, 72, &text, NULL), TOFU_OK);
    SAYS(tofu_text_get(text, NULL), "mail.example");
    tofu_text_free(text);
    IS(tofu_verdict_format(verdict, TOFU_FORMAT_PEM, 0, &text, NULL), TOFU_E_INVALID);

    IS(trust_as(store, verdict, 99, 0, NULL), TOFU_E_INVALID);
    IS(trust_as(store, verdict, 0, 1u << 9, NULL), TOFU_E_INVALID);
    IS(trust_as(store, verdict, 0, 0, "not a fingerprint"), TOFU_E_INVALID);
    IS(tofu_trust_options_new(&options, NULL), TOFU_OK);
    IS(tofu_trust_options_set_expires(options, -1, NULL), TOFU_E_INVALID);
    IS(tofu_verdict_trust(store, verdict, options, NULL), TOFU_E_INVALID);
    tofu_trust_options_free(options);
    IS(ask(store, 993, "first", NULL, NULL, 0, NULL), TOFU_ASK);

    IS(tofu_store_generation(store, &before, NULL), TOFU_OK);
    IS(tofu_trust_options_new(&options, NULL), TOFU_OK);
    IS(tofu_trust_options_set_comment(options, "told by phone", NULL), TOFU_OK);
    IS(tofu_verdict_trust(store, verdict, options, NULL), TOFU_OK);
    tofu_trust_options_free(options);
    IS(tofu_store_generation(store, &after, NULL), TOFU_OK);
    CLAIM(before != after, "a change moves the generation");
    tofu_verdict_free(verdict);
}

static void what_is_trusted_is_accepted(tofu_store *store)
{
    tofu_verdict *verdict = NULL;
    IS(ask(store, 993, "first", NULL, NULL, 0, &verdict), TOFU_OK);
    CLAIM(tofu_verdict_decision(verdict) == TOFU_OK, "decision");
    CLAIM(tofu_verdict_assurance(verdict) == TOFU_ASSURANCE_PINNED, "assurance");
    CLAIM(tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_MATCH, "pin");
    CLAIM(tofu_verdict_change(verdict) == TOFU_CHANGE_NONE && tofu_verdict_risk(verdict) == TOFU_RISK_NONE, "no change");
    tofu_verdict_free(verdict);
    IS(ask(store, 993, "first", NULL, NULL, 0, NULL), TOFU_OK);

    IS(ask(store, 993, "renewed", NULL, NULL, 0, &verdict), TOFU_OK);
    CLAIM(tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_MATCH, "the same key");
    tofu_verdict_free(verdict);

    IS(ask(store, 993, "first", NULL, NULL, TOFU_CHECK_UNPROVEN, NULL), TOFU_ASK);
    IS(ask(store, 2525, "first", NULL, NULL, 0, NULL), TOFU_ASK);
}

static void trust_is_for_one_account(tofu_store *store)
{
    tofu_chain *chain = chain_of("first", NULL);
    tofu_check_options *check = check_now(0);
    tofu_verdict *verdict = NULL;
    IS(tofu_check_options_set_account(check, "ann@mail.example", NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, &verdict, NULL), TOFU_ASK);
    SAME(tofu_endpoint_string(tofu_verdict_endpoint(verdict), TOFU_ENDPOINT_FIELD_ACCOUNT), "ann@mail.example");
    tofu_verdict_free(verdict);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
}

static int since_now(int64_t seen)
{
    return seen >= NOW && seen < NOW + 3600;
}

static void another_key_asks_and_shows_old_and_new(tofu_store *store)
{
    tofu_verdict *verdict = NULL, *same = NULL;
    tofu_diff *diff = NULL;
    const tofu_cert *now;
    int64_t first, last;
    IS(ask(store, 993, "second", NULL, NULL, 0, &verdict), TOFU_ASK);
    CLAIM(tofu_verdict_pin_result(verdict) == TOFU_PIN_RESULT_CHANGED, "%d", tofu_verdict_pin_result(verdict));
    CLAIM(tofu_verdict_risk(verdict) > TOFU_RISK_NONE, "risk %d", tofu_verdict_risk(verdict));
    CLAIM(tofu_verdict_change(verdict) != TOFU_CHANGE_NONE, "change");
    now = leaf_of(verdict);
    IS(tofu_cert_compare(tofu_verdict_previous(verdict), now, &diff, NULL), TOFU_OK);
    CLAIM(strcmp(key_of(tofu_verdict_previous(verdict)), key_of(now)) != 0, "two keys");
    /* The answer is given as much later than the check as the clock has moved between the two calls. */
    first = tofu_verdict_number(verdict, TOFU_VERDICT_FIELD_PREVIOUS_FIRST_SEEN);
    last = tofu_verdict_number(verdict, TOFU_VERDICT_FIELD_PREVIOUS_LAST_SEEN);
    CLAIM(since_now(first) && since_now(last) && first <= last, "%lld %lld", (long long)first, (long long)last);
    tofu_diff_free(diff);
    IS(ask(store, 993, "second", NULL, NULL, 0, &same), TOFU_ASK);
    CLAIM(strcmp(tofu_verdict_id(verdict), tofu_verdict_id(same)) == 0, "one question, one id");
    tofu_verdict_free(same);
    tofu_verdict_free(verdict);
}

/* The rule that decided, as docs/decision.md numbers it. */
static void decided_by(const tofu_verdict *verdict, const char *rule)
{
    tofu_text *text = NULL;
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"rule\":\"%s\"", rule);
    IS(tofu_verdict_format(verdict, TOFU_FORMAT_JSON, 0, &text, NULL), TOFU_OK);
    SAYS(tofu_text_get(text, NULL), wanted);
    tofu_text_free(text);
}

static void a_ca_of_ones_own_is_verified(tofu_store *store)
{
    tofu_policy *policy = policy_with_root("default");
    tofu_verdict *verdict = NULL;
    SAYS(tofu_policy_get(policy, "system-roots"), "no");
    CLAIM(tofu_policy_get(policy, "json")[0] == '{', "%s", tofu_policy_get(policy, "json"));
    IS(ask(store, 465, "below", "root", policy, 0, &verdict), TOFU_OK);
    CLAIM(tofu_verdict_assurance(verdict) == TOFU_ASSURANCE_VERIFIED, "verified");
    CLAIM(problems(verdict) == 0, "%d problems", problems(verdict));
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_NONE);
    tofu_verdict_free(verdict);
    IS(tofu_policy_set(policy, "system-roots", "yes", NULL), TOFU_E_STATE);

    /* The pinned endpoint accepts it too: an upgrade, with the pin kept. */
    IS(ask(store, 993, "below", "root", policy, 0, &verdict), TOFU_OK);
    CLAIM(tofu_verdict_change(verdict) == TOFU_CHANGE_UPGRADE, "%d", tofu_verdict_change(verdict));
    tofu_verdict_free(verdict);

    /* A root of this program alone: another chain asks, and takes a fingerprint typed in full and no less. */
    IS(ask(store, 465, "second", NULL, policy, 0, &verdict), TOFU_ASK);
    decided_by(verdict, "8b");
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_FINGERPRINT);
    EQUAL(tofu_verdict_risk(verdict), TOFU_RISK_HIGH);
    IS(trust_as(store, verdict, TOFU_PIN_KIND_KEY, 0, NULL), TOFU_E_NOT_OFFERED);
    tofu_verdict_free(verdict);

    /* A root that the store has: now it is a downgrade, which no button gets round: only a fingerprint typed in full. */
    IS(tofu_policy_save(store, NULL, policy, NULL), TOFU_OK);
    IS(ask(store, 465, "below", "root", NULL, 0, NULL), TOFU_OK);
    IS(tofu_policy_save(store, NULL, NULL, NULL), TOFU_OK);
    IS(ask(store, 465, "second", NULL, policy, 0, &verdict), TOFU_REJECT);
    CLAIM(tofu_verdict_change(verdict) == TOFU_CHANGE_DOWNGRADE, "%d", tofu_verdict_change(verdict));
    decided_by(verdict, "8");
    EQUAL(tofu_verdict_answer(verdict), TOFU_ANSWER_FINGERPRINT);
    EQUAL(tofu_verdict_number(verdict, TOFU_VERDICT_FIELD_MAY_ADD), 0);
    IS(trust_as(store, verdict, TOFU_PIN_KIND_KEY, 0, NULL), TOFU_E_NOT_OFFERED);
    IS(ask(store, 465, "second", NULL, policy, 0, NULL), TOFU_REJECT);
    IS(trust_as(store, verdict, TOFU_PIN_KIND_KEY, 0, fingerprint(leaf_of(verdict))),
       TOFU_OK);
    IS(ask(store, 465, "second", NULL, policy, 0, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    tofu_policy_free(policy);

    policy = policy_with_root("strict");
    IS(ask(store, 587, "below", "root", policy, 0, NULL), TOFU_REJECT);
    tofu_policy_free(policy);
}

static void session_trust_ends_with_the_handle(const char *path)
{
    tofu_store *store = NULL;
    tofu_verdict *verdict = NULL;
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    IS(ask(store, 4190, "second", NULL, NULL, 0, &verdict), TOFU_ASK);
    IS(trust_as(store, verdict, TOFU_PIN_KIND_KEY, TOFU_TRUST_SESSION, NULL), TOFU_OK);
    IS(ask(store, 4190, "second", NULL, NULL, 0, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    tofu_store_free(store);
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    IS(ask(store, 4190, "second", NULL, NULL, 0, NULL), TOFU_ASK);
    tofu_store_free(store);
}

static void a_typed_fingerprint_must_be_this_one(tofu_store *store)
{
    tofu_verdict *verdict = NULL;
    tofu_chain *other = chain_of("first", NULL);
    const char *right;
    IS(ask(store, 1993, "second", NULL, NULL, 0, &verdict), TOFU_ASK);
    right = fingerprint(leaf_of(verdict));
    IS(trust_as(store, verdict, 0, 0, fingerprint(tofu_chain_cert(other, 0))),
       TOFU_E_INVALID);
    IS(ask(store, 1993, "second", NULL, NULL, 0, NULL), TOFU_ASK);
    IS(trust_as(store, verdict, 0, 0, right), TOFU_OK);
    IS(ask(store, 1993, "second", NULL, NULL, 0, NULL), TOFU_OK);
    tofu_chain_free(other);
    tofu_verdict_free(verdict);
}

static void a_revoked_certificate_is_rejected(tofu_store *store)
{
    tofu_policy *policy = policy_with_root("default");
    tofu_chain *chain = chain_of("below", "root");
    tofu_check_options *check = check_now(0);
    tofu_verdict *verdict = NULL;
    struct bytes crl;
    char path[4096];
    snprintf(path, sizeof path, "%s/root.crl", data_dir);
    crl = slurp(path);
    IS(tofu_check_options_set_policy(check, policy, NULL), TOFU_OK);
    IS(tofu_check_options_add_crl(check, crl.start, crl.len, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 6993, chain, check, &verdict, NULL), TOFU_REJECT);
    CLAIM(tofu_verdict_has_problem(verdict, TOFU_PROBLEM_REVOKED) == 1, "%d problems", problems(verdict));
    free(crl.start);
    tofu_verdict_free(verdict);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    tofu_policy_free(policy);
}

/* A TLSA record 3 1 1 (RFC 7671): accepts this key, whatever CAs say, and rejects every other. */
static void a_tlsa_record_counts_when_dnssec_validated_it(tofu_store *store)
{
    static const char *const names[] = {"second", "first"};
    tofu_chain *second = chain_of("second", NULL);
    uint8_t rdata[35] = {3, 1, 1};
    size_t len = 0;
    int i, validated;
    memcpy(rdata + 3, tofu_cert_bytes(tofu_chain_cert(second, 0), TOFU_CERT_FIELD_SPKI_SHA256, 0, &len), 32);
    for (validated = 0; validated < 2; validated++)
        for (i = 0; i < 2; i++) {
            tofu_chain *chain = chain_of(names[i], NULL);
            tofu_check_options *check = check_now(TOFU_CHECK_DRY_RUN);
            tofu_verdict *verdict = NULL;
            IS(tofu_check_options_add_tlsa(check, rdata, sizeof rdata, validated, NULL), TOFU_OK);
            IS(tofu_check_chain(store, "dane.mail.example", 25, chain, check, &verdict, NULL),
               !validated ? TOFU_ASK : i == 0 ? TOFU_OK : TOFU_REJECT);
            CLAIM((tofu_verdict_assurance(verdict) == TOFU_ASSURANCE_VERIFIED) == (validated && i == 0), "%d %d", validated, i);
            tofu_verdict_free(verdict);
            tofu_check_options_free(check);
            tofu_chain_free(chain);
        }
    tofu_chain_free(second);
}

static void what_is_no_endpoint_is_refused_by_name(tofu_store *store)
{
    static const char *const hosts[] = {"", "*", "*.example", "mail example", "mail.example\nother", "a..b", "127.1",
                                        "[::1", "mail.example:993"};
    static char long_host[100000];
    tofu_chain *chain = chain_of("first", NULL);
    tofu_check_options *check = check_now(0);
    tofu_verdict *verdict = NULL;
    tofu_error *err = NULL;
    size_t i;
    for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        IS(tofu_check_chain(store, hosts[i], 993, chain, check, &verdict, &err), TOFU_E_NAME);
        SAYS(tofu_error_message(err), "host");
        CLAIM(strchr(tofu_error_message(err), '\n') == NULL && verdict == NULL, "one line");
        CLAIM(strcmp(tofu_error_detail(err), "name.host") == 0, "%s", tofu_error_detail(err));
        tofu_error_free(err);
    }
    memset(long_host, 'x', sizeof long_host - 1);
    IS(tofu_check_chain(store, long_host, 993, chain, check, &verdict, NULL), TOFU_E_NAME);
    CLAIM(strlen(tofu_last_error()) < 300, "short");
    IS(tofu_check_chain(store, "mail\xc3\x28.example", 993, chain, check, &verdict, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "host: not UTF-8 at byte 4");
    IS(tofu_check_chain(store, "mail.example", 0, chain, check, &verdict, NULL), TOFU_E_NAME);
    SAYS(tofu_last_error(), "port 0");
    tofu_check_options_free(check);
    tofu_chain_free(chain);
}

static void what_is_no_chain_is_refused_or_judged(tofu_store *store)
{
    tofu_chain *chain = NULL;
    tofu_check_options *check = check_now(0);
    tofu_verdict *verdict = NULL;
    int i;
    IS(tofu_chain_new(&chain, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, &verdict, NULL), TOFU_E_PARSE);
    SAYS(tofu_last_error(), "chain");
    tofu_chain_free(chain);

    IS(tofu_chain_new(&chain, NULL), TOFU_OK);
    for (i = 0; i < 10; i++)
        IS(tofu_chain_push_der(chain, (const uint8_t *)"\x30\x82\xff\xff garbage", 12, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, &verdict, NULL), TOFU_E_PARSE);
    CLAIM(verdict == NULL, "no verdict");
    tofu_chain_free(chain);

    chain = chain_of("second", NULL);
    IS(tofu_chain_push_der(chain, (const uint8_t *)"junk", 4, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 7993, chain, check, &verdict, NULL), TOFU_ASK);
    CLAIM(tofu_verdict_has_problem(verdict, TOFU_PROBLEM_MALFORMED) == 1, "junk above the leaf is said");
    tofu_verdict_free(verdict);
    tofu_chain_free(chain);
    tofu_check_options_free(check);
}

int main(int argc, char **argv)
{
    tofu_store *store = NULL;
    const char *path;
    begin(argc, argv);
    path = own("pins.db");
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    a_first_contact_asks_and_says_all(store);
    what_is_trusted_is_accepted(store);
    tofu_store_free(store);
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    what_is_trusted_is_accepted(store);
    trust_is_for_one_account(store);
    another_key_asks_and_shows_old_and_new(store);
    what_is_trusted_is_accepted(store);
    a_ca_of_ones_own_is_verified(store);
    a_typed_fingerprint_must_be_this_one(store);
    a_revoked_certificate_is_rejected(store);
    a_tlsa_record_counts_when_dnssec_validated_it(store);
    what_is_no_endpoint_is_refused_by_name(store);
    what_is_no_chain_is_refused_or_judged(store);
    session_trust_ends_with_the_handle(own("session.db"));
    tofu_store_free(store);
    return end();
}
