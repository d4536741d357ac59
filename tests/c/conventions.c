/* The conventions of the header's first page: outputs, errors, NULL, accessors, setters, freezing. */
#include "support.h"

static void errors_are_objects_and_text_of_the_thread(void)
{
    tofu_cert *cert = (tofu_cert *)&claims;
    tofu_error *err = (tofu_error *)&claims;
    const char *text = tofu_last_error();

    CLAIM(text != NULL && text[0] == 0, "nothing has failed yet");
    IS(tofu_cert_parse_der((const uint8_t *)"garbage", 7, &cert, &err), TOFU_E_PARSE);
    CLAIM(cert == NULL, "an output of a failed call is NULL");
    CLAIM(err != NULL, "a failure gives an object");
    IS(tofu_error_status(err), TOFU_E_PARSE);
    CLAIM(strcmp(tofu_error_message(err), tofu_last_error()) == 0, "%s", tofu_error_message(err));
    CLAIM(strcmp(tofu_error_detail(err), "certificate.parse") == 0, "%s", tofu_error_detail(err));
    SAYS(tofu_error_message(err), "at byte");
    CLAIM(text == tofu_last_error(), "the buffer is fixed");

    IS(tofu_cert_parse_der(NULL, 0, &cert, NULL), TOFU_E_PARSE);
    IS(tofu_cert_parse_der(NULL, 1, &cert, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "der: must not be NULL");
    IS(tofu_cert_parse_der((const uint8_t *)"x", SIZE_MAX, &cert, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "der");
    CLAIM(tofu_error_message(err)[0] != 0, "the object outlives the next failure");
    SAYS(tofu_error_message(err), "at byte");
    tofu_error_free(err);

    {
        tofu_chain *chain = NULL;
        err = (tofu_error *)&claims;
        IS(tofu_chain_new(&chain, &err), TOFU_OK);
        CLAIM(err == NULL && tofu_last_error()[0] == 0, "a success clears both");
        tofu_chain_free(chain);
    }
    CLAIM(tofu_error_status(NULL) < 0, "no error object is no success");
}

/* For adapters to a TLS stack, which fail where the library had no call. */
static void an_adapter_can_make_an_error_of_its_own(void)
{
    static const tofu_status no_failures[] = {TOFU_OK, TOFU_ASK, TOFU_REJECT, TOFU_END, TOFU_NO_MATCH, 4711, INT32_MAX,
                                              -4711, INT32_MIN};
    tofu_error *err = tofu_error_new(TOFU_E_TLS, "adapter.no-certificate", "mail.example sent no certificate");
    size_t i;
    IS(tofu_error_status(err), TOFU_E_TLS);
    SAME(tofu_error_detail(err), "adapter.no-certificate");
    SAME(tofu_error_message(err), "mail.example sent no certificate");
    SAME(tofu_last_error(), "mail.example sent no certificate");
    tofu_error_free(err);

    err = tofu_error_new(TOFU_E_NETWORK, NULL, NULL);
    IS(tofu_error_status(err), TOFU_E_NETWORK);
    SAME(tofu_error_detail(err), "");
    SAME(tofu_error_message(err), "TOFU_E_NETWORK");
    SAME(tofu_last_error(), "TOFU_E_NETWORK");
    tofu_error_free(err);

    /* An error never reads as success, whatever it was made with. */
    for (i = 0; i < sizeof no_failures / sizeof *no_failures; i++) {
        err = tofu_error_new(no_failures[i], "adapter", "no failure");
        IS(tofu_error_status(err), TOFU_E_INTERNAL);
        tofu_error_free(err);
    }

    /* What a server said may be in it: no control character is left, and no second line. */
    err = tofu_error_new(TOFU_E_TLS, "a\nb", "alert\r\n\033[31m from \xff\xfe");
    CLAIM(strpbrk(tofu_error_message(err), "\r\n\033") == NULL, "%s", tofu_error_message(err));
    CLAIM(strpbrk(tofu_error_detail(err), "\r\n\033") == NULL, "%s", tofu_error_detail(err));
    CLAIM(strpbrk(tofu_last_error(), "\r\n\033") == NULL, "%s", tofu_last_error());
    SAYS(tofu_error_message(err), "[31m from ");
    tofu_error_free(err);
}

static void both_names_of_the_parser_work(void)
{
    struct bytes text = pem("first");
    tofu_chain *chain = NULL;
    const tofu_cert *cert;
    const uint8_t *der;
    size_t len = 0;
    IS(tofu_chain_new(&chain, NULL), TOFU_OK);
    IS(tofu_chain_push_pem(chain, text.start, text.len, NULL), TOFU_OK);
    cert = tofu_chain_cert(chain, 0);
    der = tofu_cert_bytes(cert, TOFU_CERT_FIELD_DER, 0, &len);
    CLAIM(der != NULL && len > 300, "%zu bytes", len);
    {
        tofu_cert *one = NULL, *two = NULL;
        IS(tofu_cert_parse_der(der, len, &one, NULL), TOFU_OK);
        IS(cert_parse_der(der, len, &two, NULL), TOFU_OK);
        CLAIM(strcmp(fingerprint(one), fingerprint(two)) == 0, "one parser, two names");
        tofu_cert_free(one);
        tofu_cert_free(two);
        IS(cert_parse_der(der, len - 1, &two, NULL), TOFU_E_PARSE);
        CLAIM(two == NULL, "NULL after a refusal");
    }
    free(text.start);
    tofu_chain_free(chain);
}

static void a_certificate_is_read_in_full(void)
{
    tofu_chain *chain = chain_of("below", "root");
    const tofu_cert *leaf = tofu_chain_cert(chain, 0), *root = tofu_chain_cert(chain, 1);
    tofu_cert *kept;
    size_t len = 0;

    CLAIM(tofu_chain_count(chain) == 2 && leaf != NULL && root != NULL, "two certificates");
    SAYS(tofu_cert_string(leaf, TOFU_CERT_FIELD_SUBJECT, 0), "CN=mail.example");
    SAYS(tofu_cert_string(leaf, TOFU_CERT_FIELD_ISSUER, 0), "CN=Example Root");
    CLAIM(strcmp(tofu_cert_attribute(leaf, TOFU_CERT_FIELD_SUBJECT, "CN", 0), "mail.example") == 0, "CN");
    CLAIM(strcmp(tofu_cert_attribute(leaf, TOFU_CERT_FIELD_ISSUER, "O", 0), "Example") == 0, "O");
    CLAIM(tofu_cert_attribute(leaf, TOFU_CERT_FIELD_SUBJECT, "CN", 1)[0] == 0, "one CN only");
    EQUAL(tofu_cert_number(leaf, TOFU_CERT_FIELD_NOT_BEFORE, 0), 1735689600);
    EQUAL(tofu_cert_number(leaf, TOFU_CERT_FIELD_NOT_AFTER, 0), INT64_C(2493072000));
    CLAIM(strlen(fingerprint(leaf)) == 95, "%s", fingerprint(leaf));
    CLAIM(strlen(key_of(leaf)) == 44, "%s", key_of(leaf));
    SAME(tofu_cert_string(leaf, TOFU_CERT_FIELD_SERIAL, 0), "10:05");
    CLAIM(tofu_cert_count(leaf, TOFU_CERT_FIELD_SAN_DNS) == 1, "one name");
    CLAIM(strcmp(tofu_cert_string(leaf, TOFU_CERT_FIELD_SAN_DNS, 0), "mail.example") == 0, "the name");
    SAME(tofu_cert_string(leaf, TOFU_CERT_FIELD_KEY, 0), "P-256");
    CLAIM(tofu_cert_number(leaf, TOFU_CERT_FIELD_KEY, 0) == 256, "bits");
    CLAIM(tofu_cert_number(leaf, TOFU_CERT_FIELD_VERSION, 0) == 3, "version");
    CLAIM(tofu_cert_number(leaf, TOFU_CERT_FIELD_SELF_SIGNED, 0) == 0, "signed by another key");
    CLAIM(tofu_cert_number(root, TOFU_CERT_FIELD_SELF_SIGNED, 0) == 1, "a root");
    CLAIM(tofu_cert_count(leaf, TOFU_CERT_FIELD_CA) == 1 && tofu_cert_number(leaf, TOFU_CERT_FIELD_CA, 0) == 0, "CA:FALSE is said");
    CLAIM(tofu_cert_number(root, TOFU_CERT_FIELD_CA, 0) == 1, "CA:TRUE");
    CLAIM(tofu_cert_count(root, TOFU_CERT_FIELD_PATH_LENGTH) == 0, "no path length");
    CLAIM(strcmp(tofu_cert_string(leaf, TOFU_CERT_FIELD_EXTENDED_KEY_USAGE, 0), "serverAuth") == 0, "usage");
    CLAIM(tofu_cert_bytes(leaf, TOFU_CERT_FIELD_SHA256, 0, &len) != NULL && len == 32, "%zu", len);
    CLAIM(tofu_cert_bytes(leaf, TOFU_CERT_FIELD_SUBJECT_KEY_ID, 0, &len) != NULL && len == 20, "%zu", len);
    CLAIM(tofu_cert_bytes(leaf, TOFU_CERT_FIELD_VERSION, 0, &len) == NULL && len == 0, "%zu", len);
    CLAIM(tofu_cert_string(leaf, TOFU_CERT_FIELD_SUBJECT, 0) == tofu_cert_string(leaf, TOFU_CERT_FIELD_SUBJECT, 0),
          "what was lent stays");

    IS(tofu_cert_match_host(leaf, "MAIL.example.", NULL), TOFU_OK);
    IS(tofu_cert_match_host(leaf, "other.example", NULL), TOFU_NO_MATCH);
    IS(tofu_cert_match_host(root, "Example Root", NULL), TOFU_E_NAME);

    kept = tofu_cert_clone(leaf);
    tofu_chain_free(chain);
    SAYS(tofu_cert_string(kept, TOFU_CERT_FIELD_SUBJECT, 0), "mail.example");
    tofu_cert_free(kept);
}

static void results_with_parameters_are_texts(void)
{
    tofu_chain *chain = chain_of("first", "second");
    const tofu_cert *one = tofu_chain_cert(chain, 0), *two = tofu_chain_cert(chain, 1);
    tofu_text *text = NULL;
    tofu_diff *diff = NULL;
    size_t len = 0, i, changed = 0;
    const char *field, *before, *now;

    IS(tofu_cert_format(one, TOFU_FORMAT_JSON, &text, NULL), TOFU_OK);
    SAYS(tofu_text_get(text, &len), "mail.example");
    CLAIM(len == strlen(tofu_text_get(text, NULL)), "%zu", len);
    tofu_text_free(text);
    IS(tofu_cert_format(one, TOFU_FORMAT_PEM, &text, NULL), TOFU_OK);
    SAYS(tofu_text_get(text, NULL), "-----BEGIN CERTIFICATE-----");
    tofu_text_free(text);
    IS(tofu_cert_format(one, TOFU_FORMAT_TEXT, &text, NULL), TOFU_OK);
    tofu_text_free(text);
    IS(tofu_cert_format(one, 0, &text, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "format");
    CLAIM(text == NULL, "NULL after a refusal");

    IS(tofu_cert_compare(one, two, &diff, NULL), TOFU_OK);
    for (i = 0; i < tofu_diff_count(diff); i++) {
        int differs = tofu_diff_row(diff, i, &field, &before, &now);
        CLAIM(field[0] != 0 && differs == (strcmp(before, now) != 0), "%s: %s, %s", field, before, now);
        changed += (size_t)differs;
    }
    CLAIM(changed > 0 && changed < i, "%zu of %zu", changed, i);
    CLAIM(tofu_diff_row(diff, i, &field, &before, &now) == 0 && field[0] == 0 && now[0] == 0, "out of range");
    IS(tofu_diff_format(diff, TOFU_FORMAT_TEXT, 100, &text, NULL), TOFU_OK);
    tofu_text_free(text);
    IS(tofu_diff_format(diff, TOFU_FORMAT_JSON, 0, &text, NULL), TOFU_OK);
    tofu_text_free(text);
    tofu_diff_free(diff);
    tofu_chain_free(chain);
}

static void what_a_certificate_wrote_cannot_steer_a_terminal(void)
{
    tofu_chain *chain = chain_of("hostile", NULL);
    const tofu_cert *cert = tofu_chain_cert(chain, 0);
    tofu_text *text = NULL;
    SAYS(tofu_cert_string(cert, TOFU_CERT_FIELD_SUBJECT, 0), "1B");
    CLAIM(strchr(tofu_cert_string(cert, TOFU_CERT_FIELD_SUBJECT, 0), 27) == NULL, "no escape");
    CLAIM(strchr(tofu_cert_attribute(cert, TOFU_CERT_FIELD_SUBJECT, "O", 0), 27) == NULL, "no escape");
    IS(tofu_cert_format(cert, TOFU_FORMAT_TEXT, &text, NULL), TOFU_OK);
    CLAIM(strchr(tofu_text_get(text, NULL), 27) == NULL, "no escape");
    tofu_text_free(text);
    tofu_chain_free(chain);
}

static void accessors_answer_everything_with_nothing(void)
{
    tofu_chain *chain = chain_of("first", NULL);
    const tofu_cert *cert = tofu_chain_cert(chain, 0);
    static const int32_t codes[] = {0, -1, 9999, INT32_MIN, INT32_MAX};
    size_t i, len = 7;
    for (i = 0; i < sizeof codes / sizeof *codes; i++) {
        CLAIM(tofu_cert_count(cert, codes[i]) == 0, "%d", codes[i]);
        CLAIM(tofu_cert_string(cert, codes[i], 0)[0] == 0, "%d", codes[i]);
        CLAIM(tofu_cert_number(cert, codes[i], 0) == 0, "%d", codes[i]);
        CLAIM(tofu_cert_bytes(cert, codes[i], 0, &len) == NULL && len == 0, "%d", codes[i]);
    }
    CLAIM(tofu_cert_string(cert, TOFU_CERT_FIELD_SUBJECT, 1)[0] == 0, "out of range");
    CLAIM(tofu_cert_string(cert, TOFU_CERT_FIELD_SUBJECT, SIZE_MAX)[0] == 0, "out of range");
    CLAIM(tofu_cert_number(cert, TOFU_CERT_FIELD_VERSION, 1) == 0, "out of range");
    CLAIM(tofu_chain_cert(chain, 1) == NULL && tofu_chain_cert(chain, SIZE_MAX) == NULL, "out of range");
    CLAIM(tofu_verdict_statement(NULL, TOFU_SECTION_REASON, 0, NULL, &len)[0] == 0 && len == TOFU_NO_CERT, "none");
    CLAIM(tofu_text_template("no such code")[0] == 0, "unknown code");
    CLAIM(tofu_feature_has("no such feature") == 0 && tofu_feature_has("sqlite") == 1, "features");
    CLAIM(strcmp(tofu_status_name(TOFU_E_BUSY), "TOFU_E_BUSY") == 0, "name");
    CLAIM(strcmp(tofu_status_name(12345), "unknown") == 0, "unknown number");
    tofu_chain_free(chain);
}

static void a_refused_setter_is_remembered_and_use_freezes(void)
{
    tofu_store *store = NULL;
    tofu_store_options *options = NULL;
    tofu_policy *policy = NULL;
    tofu_check_options *check = NULL;
    tofu_chain *chain = chain_of("first", NULL);
    tofu_verdict *verdict = NULL;
    tofu_error *err = NULL;

    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "busy-ms", "soon", NULL), TOFU_E_INVALID);
    IS(tofu_store_options_set(options, "busy-ms", "100", NULL), TOFU_OK);
    IS(tofu_store_open(":memory:", options, &store, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "soon");
    CLAIM(store == NULL, "no store");
    tofu_store_options_free(options);

    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "application", "test", NULL), TOFU_OK);
    IS(tofu_store_open(":memory:", options, &store, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "application", "other", NULL), TOFU_E_STATE);
    tofu_store_options_free(options);

    IS(tofu_policy_new("no such preset", &policy, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "no such preset");
    IS(tofu_policy_new("default", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "no-such-field", "x", NULL), TOFU_E_INVALID);
    IS(tofu_check_options_new(&check, NULL), TOFU_OK);
    IS(tofu_check_options_set_policy(check, policy, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "no-such-field");
    IS(tofu_check_options_set_flags(check, 0, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, &verdict, NULL), TOFU_E_INVALID);
    CLAIM(verdict == NULL, "no verdict");
    tofu_check_options_free(check);
    tofu_policy_free(policy);

    IS(tofu_check_options_new(&check, NULL), TOFU_OK);
    IS(tofu_check_options_set_flags(check, UINT64_C(1) << 40, &err), TOFU_E_INVALID);
    SAYS(tofu_error_message(err), "0x10000000000");
    tofu_error_free(err);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, NULL, NULL), TOFU_E_INVALID);
    tofu_check_options_free(check);

    IS(tofu_check_options_new(&check, NULL), TOFU_OK);
    IS(tofu_check_options_set_time(check, -1, NULL), TOFU_E_INVALID);
    IS(tofu_check_options_set_account(check, "a\nb", NULL), TOFU_E_NAME);
    IS(tofu_check_options_set_account(check, "*", NULL), TOFU_E_NAME);
    IS(tofu_check_options_set_account(check, "\xff", NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "account: not UTF-8 at byte 0");
    IS(tofu_check_options_add_tlsa(check, NULL, 0, 2, NULL), TOFU_E_INVALID);
    tofu_check_options_free(check);

    check = check_now(0);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, NULL, NULL), TOFU_ASK);
    CLAIM(tofu_last_error()[0] == 0, "asking is no failure");
    IS(tofu_check_options_set_flags(check, 0, NULL), TOFU_E_STATE);
    IS(tofu_chain_push_der(chain, NULL, 0, NULL), TOFU_E_STATE);
    SAYS(tofu_last_error(), "chain");
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, NULL, NULL), TOFU_ASK);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    tofu_store_free(store);
}

static void pin_options_say_what_is_missing_and_serve_again(void)
{
    tofu_store *store = NULL;
    tofu_pin_options *options = NULL;
    tofu_endpoint *one = NULL, *two = NULL;
    tofu_chain *chain = chain_of("first", "second");
    const tofu_cert *first = tofu_chain_cert(chain, 0), *second = tofu_chain_cert(chain, 1);
    int64_t id = 7, other = 7;
    IS(tofu_store_open(":memory:", NULL, &store, NULL), TOFU_OK);
    IS(tofu_endpoint_new(NULL, "one.example", 993, &one, NULL), TOFU_OK);
    IS(tofu_endpoint_new(NULL, "two.example", 993, &two, NULL), TOFU_OK);

    IS(tofu_pin_options_new(&options, NULL), TOFU_OK);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_STATE_TRUSTED, NULL), TOFU_OK);
    IS(tofu_pin_options_set_cert(options, first, NULL), TOFU_OK);
    IS(tofu_pin_add(store, one, options, &id, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "kind");
    EQUAL(id, 0);
    tofu_pin_options_free(options);

    IS(tofu_pin_options_new(&options, NULL), TOFU_OK);
    IS(tofu_pin_options_set_kind(options, TOFU_PIN_KIND_KEY, NULL), TOFU_OK);
    IS(tofu_pin_options_set_cert(options, first, NULL), TOFU_OK);
    IS(tofu_pin_add(store, one, options, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "state");
    tofu_pin_options_free(options);

    /* A number of another family, or of none, is refused where it is set. */
    IS(tofu_pin_options_new(&options, NULL), TOFU_OK);
    IS(tofu_pin_options_set_kind(options, TOFU_PIN_STATE_TRUSTED, NULL), TOFU_E_INVALID);
    IS(tofu_pin_options_set_kind(options, 0, NULL), TOFU_E_INVALID);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_KIND_KEY, NULL), TOFU_E_INVALID);
    IS(tofu_pin_options_set_state(options, 0, NULL), TOFU_E_INVALID);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_STATE_RETIRED, NULL), TOFU_E_INVALID);
    IS(tofu_pin_add(store, one, options, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "an earlier setting was refused");
    tofu_pin_options_free(options);

    IS(tofu_pin_options_new(&options, NULL), TOFU_OK);
    IS(tofu_pin_options_set_kind(options, TOFU_PIN_KIND_KEY, NULL), TOFU_OK);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_STATE_TRUSTED, NULL), TOFU_OK);
    IS(tofu_pin_options_set_cert(options, first, NULL), TOFU_OK);
    IS(tofu_pin_options_set_value(options, key_of(first), NULL), TOFU_OK);
    IS(tofu_pin_options_set_expires(options, NOW + 1, NULL), TOFU_OK);
    IS(tofu_pin_options_set_comment(options, "by letter", NULL), TOFU_OK);
    IS(tofu_pin_add(store, one, options, &id, NULL), TOFU_OK);
    IS(tofu_pin_options_set_kind(options, TOFU_PIN_KIND_CERT, NULL), TOFU_E_STATE);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_STATE_BLOCKED, NULL), TOFU_E_STATE);
    IS(tofu_pin_options_set_value(options, key_of(second), NULL), TOFU_E_STATE);
    IS(tofu_pin_options_set_cert(options, second, NULL), TOFU_E_STATE);
    IS(tofu_pin_options_set_expires(options, 0, NULL), TOFU_E_STATE);
    IS(tofu_pin_options_set_comment(options, "", NULL), TOFU_E_STATE);
    IS(tofu_pin_add(store, two, options, &other, NULL), TOFU_OK);
    CLAIM(id > 0 && other > 0 && id != other, "%lld %lld", (long long)id, (long long)other);
    tofu_pin_options_free(options);

    tofu_endpoint_free(one);
    tofu_endpoint_free(two);
    tofu_chain_free(chain);
    tofu_store_free(store);
}

static void chains_refuse_by_their_limits_only(void)
{
    tofu_chain *chain = NULL;
    tofu_store *store = NULL;
    int i;
    IS(tofu_chain_new(&chain, NULL), TOFU_OK);
    for (i = 0; i < 64; i++)
        IS(tofu_chain_push_der(chain, (const uint8_t *)"junk", 4, NULL), TOFU_OK);
    CLAIM(tofu_chain_count(chain) == 64 && tofu_chain_cert(chain, 0) == NULL, "junk keeps its place");
    IS(tofu_chain_push_der(chain, (const uint8_t *)"junk", 4, NULL), TOFU_E_LIMIT);
    IS(tofu_store_open(":memory:", NULL, &store, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, NULL, NULL, NULL), TOFU_E_LIMIT);
    tofu_store_free(store);
    tofu_chain_free(chain);
    IS(tofu_chain_new(&chain, NULL), TOFU_OK);
    IS(tofu_chain_push_pem(chain, (const uint8_t *)"no PEM", 6, NULL), TOFU_E_PARSE);
    tofu_chain_free(chain);
}

static void no_store_is_ever_implied(void)
{
    tofu_chain *chain = chain_of("first", NULL);
    tofu_store *store = NULL;
    uint64_t generation = 7;
    IS(tofu_check_chain(NULL, "mail.example", 993, chain, NULL, NULL, NULL), TOFU_E_INVALID);
    SAYS(tofu_last_error(), "store: must not be NULL");
    IS(tofu_store_generation(NULL, &generation, NULL), TOFU_E_INVALID);
    CLAIM(generation == 0, "outputs of a failed call are empty");
    IS(tofu_store_open(":memory:", NULL, &store, NULL), TOFU_OK);
    IS(tofu_check_chain(NULL, "mail.example", 993, chain, NULL, NULL, NULL), TOFU_E_INVALID);
    IS(tofu_store_generation(store, &generation, NULL), TOFU_OK);
    tofu_store_free(store);
    tofu_chain_free(chain);
}

int main(int argc, char **argv)
{
    begin(argc, argv);
    errors_are_objects_and_text_of_the_thread();
    an_adapter_can_make_an_error_of_its_own();
    both_names_of_the_parser_work();
    a_certificate_is_read_in_full();
    results_with_parameters_are_texts();
    what_a_certificate_wrote_cannot_steer_a_terminal();
    accessors_answer_everything_with_nothing();
    a_refused_setter_is_remembered_and_use_freezes();
    pin_options_say_what_is_missing_and_serve_again();
    chains_refuse_by_their_limits_only();
    no_store_is_ever_implied();
    return end();
}
