/* Valid arguments for the NULL walk, whose calls are generated from the header (tests/c/null_walk.rs). */
#ifndef TOFU_TEST_WALK_H
#define TOFU_TEST_WALK_H

#define _POSIX_C_SOURCE 200809L
#include "server.h"

/* Immutable or internally locked objects: one of each. */
static tofu_store *a_store;
static tofu_cert *a_cert;
static tofu_diff *a_diff;
static tofu_text *a_text;
static tofu_error *an_error;
static tofu_verdict *a_verdict;
static tofu_endpoint *an_endpoint;
static tofu_iter *some_pins, *some_pending, *some_events;
static const tofu_pin *a_pin;
static const tofu_pending *a_pending;
static const tofu_event *an_event;
static tofu_probe_result *a_probe_result;
static tofu_conn *a_conn;
static struct bytes some_der, some_pem, some_json, some_ocsp;
static uint8_t some_room[64];
static int a_socket, the_other_end;
/* One for a_conn, one for every new dial: they take one connection at a time. */
static struct server servers[2];

/* Callbacks that do nothing. */
static void a_event_fn(const tofu_event *event, void *user_data)
{
    (void)event, (void)user_data;
}

static void a_destroy_fn(void *user_data)
{
    (void)user_data;
}

static int32_t a_backend_get_fn(const uint8_t *key, size_t key_len, tofu_sink *sink, void *user_data)
{
    (void)key, (void)key_len, (void)sink, (void)user_data;
    return TOFU_E_IO;
}

static int32_t a_backend_scan_fn(const uint8_t *after, size_t after_len, const uint8_t *prefix, size_t prefix_len,
                                 size_t limit, tofu_sink *sink, void *user_data)
{
    (void)after, (void)after_len, (void)prefix, (void)prefix_len, (void)limit, (void)sink, (void)user_data;
    return TOFU_E_IO;
}

static int32_t a_backend_commit_fn(const tofu_batch *batch, void *user_data)
{
    (void)batch, (void)user_data;
    return TOFU_E_IO;
}

/* A file that does not exist yet. */
static const char *a_new_path(void)
{
    static int number;
    char name[32];
    snprintf(name, sizeof name, "new-%d.db", number++);
    return own(name);
}

/* A file with one trust anchor. */
static const char *a_root_file(void)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/root.pem", data_dir);
    return path;
}

/* Objects with setters: a new one for each call, since a refused setting is remembered. */
static tofu_chain *new_chain(void)
{
    return chain_of("first", NULL);
}

static tofu_policy *new_policy(void)
{
    tofu_policy *policy = NULL;
    IS(tofu_policy_new("default", &policy, NULL), TOFU_OK);
    IS(tofu_policy_set(policy, "system-roots", "no", NULL), TOFU_OK);
    return policy;
}

static tofu_check_options *new_check_options(void)
{
    return check_now(0);
}

static tofu_store_options *new_store_options(void)
{
    tofu_store_options *options = NULL;
    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    return options;
}

static tofu_trust_options *new_trust_options(void)
{
    tofu_trust_options *options = NULL;
    IS(tofu_trust_options_new(&options, NULL), TOFU_OK);
    return options;
}

static tofu_pin_options *new_pin_options(void)
{
    tofu_pin_options *options = NULL;
    IS(tofu_pin_options_new(&options, NULL), TOFU_OK);
    IS(tofu_pin_options_set_kind(options, TOFU_PIN_KIND_CERT, NULL), TOFU_OK);
    IS(tofu_pin_options_set_state(options, TOFU_PIN_STATE_TRUSTED, NULL), TOFU_OK);
    IS(tofu_pin_options_set_cert(options, a_cert, NULL), TOFU_OK);
    return options;
}

static tofu_iter *new_iter(void)
{
    tofu_iter *iter = NULL;
    IS(tofu_list_events(a_store, NULL, NULL, 0, &iter, NULL), TOFU_OK);
    return iter;
}

static tofu_dial_options *new_dial_options(void)
{
    return dial_to(&servers[1]);
}

/* A connection that is accepted, and what a probe saw of its server. */
static void walk_begin_network(void)
{
    tofu_dial_options *dial;
    int pair[2], i;
    make_identity("walk", "mail.example");
    for (i = 0; i < 2; i++)
        servers[i] = serve("walk", NULL);
    dial = new_dial_options();
    IS(tofu_probe("mail.example", 993, dial, &a_probe_result, NULL), TOFU_OK);
    tofu_dial_options_free(dial);
    dial = dial_to(&servers[0]);
    IS(tofu_connect(a_store, "conn.mail.example", 993, dial, NULL, &a_conn, NULL), TOFU_ASK);
    tofu_dial_options_free(dial);
    IS(tofu_verdict_trust(a_store, tofu_conn_verdict(a_conn), NULL, NULL), TOFU_OK);
    IS(tofu_conn_handshake(a_conn, NULL), TOFU_OK);
    /* Enough to read for every call that reads. */
    for (i = 0; i < 16; i++)
        say(&servers[0], "a line that is longer than the room there is for it, so that there is always more\n");
    CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    a_socket = pair[0];
    the_other_end = pair[1];
}

static void walk_begin(int argc, char **argv)
{
    tofu_chain *chain, *other;
    tofu_check_options *check;
    tofu_text *text = NULL;
    const uint8_t *der;
    begin(argc, argv);
    some_pem = pem("first");
    chain = chain_of("first", NULL);
    other = chain_of("second", NULL);
    der = tofu_cert_bytes(tofu_chain_cert(chain, 0), TOFU_CERT_FIELD_DER, 0, &some_der.len);
    some_der.start = malloc(some_der.len);
    if (some_der.start == NULL)
        exit(2);
    memcpy(some_der.start, der, some_der.len);
    /* Any bytes will do as a stapled response: one that cannot be read says nothing. */
    some_ocsp = some_der;
    IS(tofu_cert_parse_der(some_der.start, some_der.len, &a_cert, NULL), TOFU_OK);
    IS(tofu_cert_compare(a_cert, tofu_chain_cert(other, 0), &a_diff, NULL), TOFU_OK);
    IS(tofu_cert_format(a_cert, TOFU_FORMAT_JSON, &a_text, NULL), TOFU_OK);
    IS(tofu_cert_format(NULL, TOFU_FORMAT_JSON, NULL, &an_error), TOFU_E_INVALID);
    IS(tofu_store_open(own("walk.db"), NULL, &a_store, NULL), TOFU_OK);
    check = check_now(TOFU_CHECK_LEAVE_PENDING);
    IS(tofu_check_chain(a_store, "mail.example", 993, chain, check, &a_verdict, NULL), TOFU_ASK);
    tofu_check_options_free(check);
    IS(tofu_endpoint_new("ann", "other.example", 993, &an_endpoint, NULL), TOFU_OK);
    IS(add_pin(a_store, an_endpoint, TOFU_PIN_KIND_CERT, TOFU_PIN_STATE_TRUSTED, NULL, a_cert, NULL),
       TOFU_OK);
    IS(tofu_list_pins(a_store, NULL, NULL, 0, &some_pins, NULL), TOFU_OK);
    IS(tofu_list_pending(a_store, NULL, NULL, &some_pending, NULL), TOFU_OK);
    IS(tofu_list_events(a_store, NULL, NULL, 0, &some_events, NULL), TOFU_OK);
    IS(tofu_iter_next(some_pins, NULL), TOFU_OK);
    IS(tofu_iter_next(some_pending, NULL), TOFU_OK);
    IS(tofu_iter_next(some_events, NULL), TOFU_OK);
    a_pin = tofu_iter_pin(some_pins);
    a_pending = tofu_iter_pending(some_pending);
    an_event = tofu_iter_event(some_events);
    IS(tofu_store_export(a_store, TOFU_FORMAT_JSON, NULL, &text, NULL, NULL), TOFU_OK);
    some_json.start = (uint8_t *)strdup(tofu_text_get(text, &some_json.len));
    tofu_text_free(text);
    walk_begin_network();
    tofu_chain_free(chain);
    tofu_chain_free(other);
}

static int walk_end(void)
{
    tofu_conn_free(a_conn);
    tofu_probe_result_free(a_probe_result);
    unserve(&servers[0]);
    unserve(&servers[1]);
    close(a_socket);
    close(the_other_end);
    tofu_iter_free(some_pins);
    tofu_iter_free(some_pending);
    tofu_iter_free(some_events);
    tofu_endpoint_free(an_endpoint);
    tofu_verdict_free(a_verdict);
    tofu_error_free(an_error);
    tofu_text_free(a_text);
    tofu_diff_free(a_diff);
    tofu_cert_free(a_cert);
    tofu_store_free(a_store);
    free(some_der.start);
    free(some_pem.start);
    free(some_json.start);
    return end();
}

/* A call with NULL where it must not be: refused by name, with an error object, and every output empty. */
#define REFUSED(call, status, name)                                                                                    \
    do {                                                                                                               \
        CLAIM((status) == TOFU_E_INVALID, "%s with %s NULL: %s", call, name, tofu_status_name(status));                \
        SAYS(tofu_last_error(), name ": must not be NULL");                                                            \
    } while (0)

#endif
