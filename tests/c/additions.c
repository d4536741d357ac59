/* What a program adds to the policy in force, whoever set that: roots and stricter fields, for one check. And the
 * system's own roots, read again. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *root_file(void)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/root.pem", data_dir);
    return path;
}

/* Options at NOW that add a root of a file; NULL adds none. */
static tofu_check_options *adding(const char *name)
{
    tofu_check_options *options = check_now(0);
    if (name != NULL) {
        struct bytes root = pem(name);
        IS(tofu_check_options_add_root(options, root.start, root.len, NULL), TOFU_OK);
        free(root.start);
    }
    return options;
}

/* Options at NOW that ask for at least this. */
static tofu_check_options *at_least(const char *field, const char *value)
{
    tofu_check_options *options = check_now(0);
    IS(tofu_check_options_tighten(options, field, value, NULL), TOFU_OK);
    return options;
}

/* One check, after which the options are gone. */
static tofu_status see(tofu_store *store, const char *host, const char *leaf, const char *above,
                       tofu_check_options *options, tofu_verdict **verdict)
{
    tofu_chain *chain = chain_of(leaf, above);
    tofu_status status = tofu_check_chain(store, host, 993, chain, options, verdict, NULL);
    tofu_check_options_free(options);
    tofu_chain_free(chain);
    return status;
}

/* A store whose policy takes no root of the system, so that what a test adds is all there is. */
static tofu_store *store_under(const char *path, const char *preset)
{
    tofu_store *store = NULL;
    tofu_policy *policy = NULL;
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    IS(tofu_policy_new(preset, &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    IS(tofu_policy_save(store, NULL, policy, NULL), TOFU_OK);
    tofu_policy_free(policy);
    return store;
}

static void a_private_root_vouches_for_what_is_below_it(void)
{
    tofu_store *store = store_under(":memory:", "default");
    tofu_check_options *options = check_now(0);
    tofu_verdict *verdict = NULL;
    IS(see(store, "mail.example", "below", "root", adding("root"), &verdict), TOFU_OK);
    EQUAL(tofu_verdict_assurance(verdict), TOFU_ASSURANCE_VERIFIED);
    EQUAL(problems(verdict), 0);
    tofu_verdict_free(verdict);
    IS(see(store, "other.example", "below", "root", adding(NULL), NULL), TOFU_ASK);
    IS(see(store, "two.mail.example", "first", NULL, adding("root"), NULL), TOFU_ASK);
    /* From a file, and as DER. */
    IS(tofu_check_options_add_root_file(options, root_file(), NULL), TOFU_OK);
    IS(see(store, "mail.example", "below", "root", options, NULL), TOFU_OK);
    {
        tofu_chain *chain = chain_of("root", NULL);
        const uint8_t *der;
        size_t len = 0;
        der = tofu_cert_bytes(tofu_chain_cert(chain, 0), TOFU_CERT_FIELD_DER, 0, &len);
        options = check_now(0);
        IS(tofu_check_options_add_root(options, der, len, NULL), TOFU_OK);
        IS(see(store, "mail.example", "below", NULL, options, NULL), TOFU_OK);
        tofu_chain_free(chain);
    }
    tofu_store_free(store);
}

/* The user's "strict" stays strict: what is not pinned is rejected, and a change is. A policy in its place would have
 * dropped that. */
static void the_rest_of_a_stored_policy_stays(void)
{
    tofu_store *store = store_under(":memory:", "default");
    tofu_endpoint *here = NULL;
    tofu_policy *policy = NULL;
    tofu_chain *first = chain_of("first", NULL);
    tofu_verdict *verdict = NULL;
    IS(tofu_endpoint_new(NULL, "mail.example", 993, &here, NULL), TOFU_OK);
    IS(tofu_policy_new("strict", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    IS(tofu_policy_save(store, here, policy, NULL), TOFU_OK);

    IS(see(store, "mail.example", "first", NULL, adding("root"), NULL), TOFU_REJECT);
    IS(see(store, "mail.example", "below", "root", adding(NULL), &verdict), TOFU_REJECT);
    CLAIM(problems(verdict) > 0, "nobody vouches for it");
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "below", "root", adding("root"), &verdict), TOFU_REJECT);
    EQUAL(problems(verdict), 0);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "first", NULL, at_least("first-use", "ask"), NULL), TOFU_REJECT);

    IS(add_pin(store, here, TOFU_PIN_KIND_KEY, TOFU_PIN_STATE_TRUSTED, NULL, tofu_chain_cert(first, 0), NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, adding("root"), NULL), TOFU_OK);
    IS(see(store, "mail.example", "second", NULL, adding("root"), NULL), TOFU_REJECT);
    IS(see(store, "mail.example", "second", NULL, at_least("change", "ask"), NULL), TOFU_REJECT);
    /* Elsewhere the store's own policy is in force. */
    IS(see(store, "other.example", "first", NULL, adding("root"), NULL), TOFU_ASK);
    tofu_policy_free(policy);
    tofu_chain_free(first);
    tofu_endpoint_free(here);
    tofu_store_free(store);
}

static void a_stricter_field_counts_for_its_check_alone(void)
{
    tofu_store *store = store_under(":memory:", "accept-new");
    tofu_check_options *options;
    IS(see(store, "mail.example", "first", NULL, at_least("first-use", "reject"), NULL), TOFU_REJECT);
    IS(see(store, "mail.example", "first", NULL, at_least("first-use", "ask"), NULL), TOFU_ASK);
    /* Once more, and laxer: the strictest counts, in whatever order. */
    options = at_least("first-use", "reject");
    IS(tofu_check_options_tighten(options, "first-use", "accept", NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, options, NULL), TOFU_REJECT);
    options = at_least("first-use", "accept");
    IS(tofu_check_options_tighten(options, "first-use", "reject", NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, options, NULL), TOFU_REJECT);
    IS(see(store, "mail.example", "first", NULL, adding(NULL), NULL), TOFU_OK);
    IS(see(store, "mail.example", "second", NULL, at_least("change", "reject"), NULL), TOFU_REJECT);
    IS(see(store, "mail.example", "second", NULL, adding(NULL), NULL), TOFU_ASK);
    tofu_store_free(store);
}

/* On top of a policy that the same options bring along, too. */
static void additions_go_on_top_of_the_options_own_policy(void)
{
    tofu_store *store = store_under(":memory:", "default");
    tofu_check_options *options = adding("root");
    tofu_policy *policy = NULL;
    IS(tofu_policy_new("accept-new", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    IS(tofu_check_options_set_policy(options, policy, NULL), TOFU_OK);
    IS(tofu_check_options_tighten(options, "change", "reject", NULL), TOFU_OK);
    IS(see(store, "mail.example", "first", NULL, options, NULL), TOFU_OK);
    options = adding("root");
    IS(tofu_check_options_set_policy(options, policy, NULL), TOFU_OK);
    IS(see(store, "two.example", "below", "root", options, NULL), TOFU_ASK);
    options = adding("root");
    IS(tofu_check_options_set_policy(options, policy, NULL), TOFU_OK);
    IS(tofu_check_options_tighten(options, "change", "reject", NULL), TOFU_OK);
    IS(see(store, "mail.example", "second", NULL, options, NULL), TOFU_REJECT);
    SAME(tofu_policy_get(policy, "change"), "ask");
    tofu_policy_free(policy);
    tofu_store_free(store);
}

static void what_is_wrong_is_named_and_remembered(void)
{
    static const struct {
        const char *field, *value, *says;
    } odd[] = {
        {"frist-use", "ask", "frist-use"},
        {"change", "accept", "change"},
        {"first-use", "perhaps", "first-use"},
        {"mandatory", "yes", "mandatory"},
    };
    tofu_store *store = store_under(":memory:", "default");
    tofu_check_options *options;
    tofu_error *err = NULL;
    size_t i;
    for (i = 0; i < sizeof odd / sizeof *odd; i++) {
        options = check_now(0);
        IS(tofu_check_options_tighten(options, odd[i].field, odd[i].value, &err), TOFU_E_INVALID);
        SAYS(tofu_error_message(err), odd[i].says);
        SAME(tofu_error_detail(err), "policy.field");
        tofu_error_free(err);
        /* Nobody checks with less than was asked for. */
        IS(see(store, "mail.example", "first", NULL, options, NULL), TOFU_E_INVALID);
        SAYS(tofu_last_error(), odd[i].says);
    }
    options = check_now(0);
    IS(tofu_check_options_add_root(options, (const uint8_t *)"garbage", 7, &err), TOFU_E_PARSE);
    CLAIM(tofu_error_message(err)[0] != 0, "words");
    tofu_error_free(err);
    IS(see(store, "mail.example", "first", NULL, options, NULL), TOFU_E_PARSE);

    options = check_now(0);
    IS(tofu_check_options_add_root_file(options, own("no-such.pem"), &err), TOFU_E_IO);
    SAYS(tofu_error_message(err), "no-such.pem");
    tofu_error_free(err);
    IS(see(store, "mail.example", "first", NULL, options, NULL), TOFU_E_IO);
    SAYS(tofu_last_error(), "no-such.pem");

    spill(own("garbage.pem"), (const uint8_t *)"garbage", 7);
    options = check_now(0);
    IS(tofu_check_options_add_root_file(options, own("garbage.pem"), &err), TOFU_E_PARSE);
    SAYS(tofu_error_message(err), "garbage.pem");
    tofu_error_free(err);
    tofu_check_options_free(options);
    options = check_now(0);
    IS(tofu_check_options_add_root_file(options, own_dir, NULL), TOFU_E_IO);
    SAYS(tofu_last_error(), own_dir);
    tofu_check_options_free(options);

    options = check_now(0);
    {
        tofu_chain *chain = chain_of("first", NULL);
        IS(tofu_check_chain(store, "mail.example", 993, chain, options, NULL, NULL), TOFU_ASK);
        IS(tofu_check_options_add_root_file(options, root_file(), NULL), TOFU_E_STATE);
        IS(tofu_check_options_tighten(options, "change", "reject", NULL), TOFU_E_STATE);
        tofu_chain_free(chain);
    }
    tofu_check_options_free(options);
    tofu_store_free(store);
}

/* The answer is weighed with the same additions as the question was. */
static void a_yes_counts_with_the_roots_that_the_question_had(void)
{
    tofu_store *store = store_under(":memory:", "careful");
    tofu_verdict *verdict = NULL;
    IS(see(store, "mail.example", "first", NULL, adding("root"), &verdict), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "below", "root", adding("root"), &verdict), TOFU_ASK);
    EQUAL(tofu_verdict_change(verdict), TOFU_CHANGE_UPGRADE);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    IS(see(store, "mail.example", "below", "root", adding("root"), NULL), TOFU_OK);
    IS(see(store, "mail.example", "below", "root", adding(NULL), &verdict), TOFU_ASK);
    CLAIM(problems(verdict) > 0, "without the root nobody vouches for it");
    tofu_verdict_free(verdict);
    tofu_store_free(store);
}

/* Accepts are remembered for the next check that asks the same; one with other additions asks something else. */
static void no_check_is_answered_by_one_with_other_additions(void)
{
    tofu_store *store = store_under(own("additions.db"), "default");
    tofu_verdict *verdict = NULL;
    int i;
    for (i = 0; i < 3; i++) {
        IS(see(store, "mail.example", "below", "root", adding("root"), NULL), TOFU_OK);
        CLAIM(see(store, "mail.example", "below", "root", adding(NULL), NULL) != TOFU_OK, "no root, turn %d", i);
        CLAIM(see(store, "mail.example", "below", "root", adding("second"), NULL) != TOFU_OK, "other root, turn %d", i);
    }
    IS(see(store, "pinned.example", "first", NULL, adding(NULL), &verdict), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    for (i = 0; i < 3; i++) {
        IS(see(store, "pinned.example", "first", NULL, adding(NULL), NULL), TOFU_OK);
        IS(see(store, "pinned.example", "first", NULL, at_least("pins", "no"), NULL), TOFU_REJECT);
        IS(see(store, "pinned.example", "first", NULL, at_least("change", "reject"), NULL), TOFU_OK);
    }
    tofu_store_free(store);
}

/* A store of the system takes root to make. */
static void a_mandatory_policy_still_limits_the_roots(void)
{
    tofu_store *store = NULL;
    tofu_store_options *options = NULL;
    tofu_policy *policy = NULL;
    if (geteuid() != 0) {
        printf("skipped: a mandatory policy, whose store takes root to make\n");
        return;
    }
    IS(tofu_store_open(own("system.db"), NULL, &store, NULL), TOFU_OK);
    IS(tofu_policy_new("default", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "mandatory", "yes", NULL), TOFU_OK);
    IS(tofu_policy_save(store, NULL, policy, NULL), TOFU_OK);
    tofu_policy_free(policy);
    tofu_store_free(store);
    CLAIM(chmod(own("system.db"), 0644) == 0, "chmod");
    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "layer", own("system.db"), NULL), TOFU_OK);
    if (tofu_store_open(own("above.db"), options, &store, NULL) == TOFU_OK) {
        IS(see(store, "mail.example", "below", "root", adding("root"), NULL), TOFU_ASK);
        IS(see(store, "mail.example", "first", NULL, at_least("first-use", "accept"), NULL), TOFU_ASK);
        tofu_store_free(store);
    } else {
        printf("skipped: a mandatory policy: %s\n", tofu_last_error());
    }
    tofu_store_options_free(options);
}

/* For a program that runs for months: an update of the system's roots counts from the next check on. */
static void the_systems_roots_are_read_again(void)
{
    tofu_store *store = NULL;
    struct bytes other = pem("second"), root = pem("root");
    CLAIM(setenv("SSL_CERT_FILE", own("roots.pem"), 1) == 0 && unsetenv("SSL_CERT_DIR") == 0, "the environment");
    IS(tofu_store_open(":memory:", NULL, &store, NULL), TOFU_OK);
    spill(own("roots.pem"), other.start, other.len);
    IS(tofu_roots_reload(NULL), TOFU_OK);
    IS(see(store, "mail.example", "below", "root", adding(NULL), NULL), TOFU_ASK);
    spill(own("roots.pem"), root.start, root.len);
    IS(see(store, "mail.example", "below", "root", adding(NULL), NULL), TOFU_ASK);
    IS(tofu_roots_reload(NULL), TOFU_OK);
    IS(see(store, "mail.example", "below", "root", adding(NULL), NULL), TOFU_OK);
    CLAIM(remove(own("roots.pem")) == 0, "remove");
    IS(tofu_roots_reload(NULL), TOFU_E_ROOTS);
    SAYS(tofu_last_error(), "roots.pem");
    free(other.start);
    free(root.start);
    tofu_store_free(store);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    a_private_root_vouches_for_what_is_below_it();
    the_rest_of_a_stored_policy_stays();
    a_stricter_field_counts_for_its_check_alone();
    additions_go_on_top_of_the_options_own_policy();
    what_is_wrong_is_named_and_remembered();
    a_yes_counts_with_the_roots_that_the_question_had();
    no_check_is_answered_by_one_with_other_additions();
    a_mandatory_policy_still_limits_the_roots();
    the_systems_roots_are_read_again();
    return end();
}
