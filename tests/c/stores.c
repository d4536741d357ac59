/* Files that are no store, or no longer one: each an error that names the file and leaves it as it is, never a store in
 * which every host would be a first use. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

static void make_a_store(const char *path)
{
    tofu_store *store = NULL;
    tofu_chain *chain = chain_of("first", NULL);
    tofu_check_options *check = check_now(0);
    tofu_verdict *verdict = NULL;
    IS(tofu_store_open(path, NULL, &store, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, &verdict, NULL), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    tofu_verdict_free(verdict);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    tofu_store_free(store);
}

/* Opening the file is refused; where the file opens after all, using it is. */
static tofu_status try_it(const char *path, tofu_error **err)
{
    tofu_store *store = (tofu_store *)&claims;
    tofu_status status = tofu_store_open(path, NULL, &store, err);
    CLAIM((status == TOFU_OK) == (store != NULL), "%s", path);
    if (status == TOFU_OK) {
        tofu_chain *chain = chain_of("first", NULL);
        tofu_check_options *check = check_now(0);
        status = tofu_check_chain(store, "mail.example", 993, chain, check, NULL, err);
        tofu_check_options_free(check);
        tofu_chain_free(chain);
        tofu_store_free(store);
    }
    return status;
}

static void is_refused(const char *name, const char *path, tofu_status expected)
{
    tofu_error *err = NULL;
    tofu_status status = try_it(path, &err);
    CLAIM(status < 0, "%s: %s", name, tofu_status_name(status));
    if (expected != 0)
        CLAIM(status == expected, "%s: %s, not %s: %s", name, tofu_status_name(status), tofu_status_name(expected),
              tofu_error_message(err));
    SAYS(tofu_error_message(err), name);
    CLAIM(strchr(tofu_error_message(err), '\n') == NULL, "one line");
    tofu_error_free(err);
}

/* Writes the bytes to a new file of this name, which is to be refused and left alone. */
static void bytes_are_refused(const char *name, const uint8_t *bytes, size_t len, tofu_status expected)
{
    struct bytes after;
    char path[4096];
    snprintf(path, sizeof path, "%s", own(name));
    spill(path, bytes, len);
    chmod(path, 0600);
    is_refused(name, path, expected);
    after = slurp(path);
    CLAIM(after.len == len && (len == 0 || memcmp(after.start, bytes, len) == 0), "%s was touched", name);
    free(after.start);
}

int main(int argc, char **argv)
{
    struct bytes good;
    char path[4096];
    size_t cut;
    tofu_store *store = NULL;
    tofu_store_options *options = NULL;

    begin(argc, argv);
    snprintf(path, sizeof path, "%s", own("good.db"));
    make_a_store(path);
    IS(try_it(path, NULL), TOFU_OK);
    good = slurp(path);

    bytes_are_refused("empty.db", good.start, 0, TOFU_E_DAMAGED);
    bytes_are_refused("text.db", (const uint8_t *)"these are no pins\n", 18, TOFU_E_DAMAGED);
    for (cut = 1; cut < good.len; cut += good.len / 23 + 1)
        bytes_are_refused("truncated.db", good.start, cut, 0);
    bytes_are_refused("foreign.db", (const uint8_t *)"SQLite format 3\0and so on", 25, TOFU_E_DAMAGED);
    {
        /* SQLite keeps application_id at byte 68 and user_version at byte 60 of its header, big-endian. */
        uint8_t kept = good.start[68];
        good.start[68] ^= 0xff;
        bytes_are_refused("other-program.db", good.start, good.len, TOFU_E_DAMAGED);
        good.start[68] = kept;
        good.start[63] = 99;
        bytes_are_refused("newer.db", good.start, good.len, TOFU_E_FUTURE);
    }
    free(good.start);

    CLAIM(mkdir(own("directory.db"), 0700) == 0, "mkdir");
    is_refused("directory.db", own("directory.db"), 0);
    CLAIM(mkfifo(own("fifo.db"), 0600) == 0, "mkfifo");
    is_refused("fifo.db", own("fifo.db"), TOFU_E_UNSAFE_FILE);
    CLAIM(symlink(path, own("link.db")) == 0, "symlink");
    is_refused("link.db", own("link.db"), TOFU_E_UNSAFE_FILE);
    CLAIM(chmod(path, 0666) == 0, "chmod");
    is_refused("good.db", path, TOFU_E_UNSAFE_FILE);
    CLAIM(chmod(path, 0600) == 0, "chmod");
    IS(try_it(path, NULL), TOFU_OK);

    if (geteuid() == 0) {
        printf("skipped: unreadable files and directories, which root can read\n");
    } else {
        CLAIM(chmod(path, 0) == 0, "chmod");
        is_refused("good.db", path, TOFU_E_IO);
        CLAIM(chmod(path, 0600) == 0, "chmod");
        CLAIM(mkdir(own("closed"), 0500) == 0, "mkdir");
        is_refused("new.db", own("closed/new.db"), 0);
    }

    IS(tofu_store_open("", NULL, &store, NULL), TOFU_E_INVALID);
    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "create", "no", NULL), TOFU_OK);
    IS(tofu_store_open(own("absent.db"), options, &store, NULL), TOFU_E_NOT_FOUND);
    SAYS(tofu_last_error(), "absent.db");
    CLAIM(access(own("absent.db"), F_OK) != 0, "nothing was made");
    tofu_store_options_free(options);

    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "layer", own("no-system.db"), NULL), TOFU_OK);
    CLAIM(tofu_store_open(path, options, &store, NULL) < 0, "a layer that is not there is an error");
    SAYS(tofu_last_error(), "no-system.db");
    tofu_store_options_free(options);

    IS(tofu_store_options_new(&options, NULL), TOFU_OK);
    IS(tofu_store_options_set(options, "read-only", "yes", NULL), TOFU_OK);
    IS(tofu_store_open(path, options, &store, NULL), TOFU_OK);
    {
        tofu_chain *known = chain_of("first", NULL), *unknown = chain_of("second", NULL);
        tofu_check_options *check = check_now(0);
        tofu_verdict *verdict = NULL;
        IS(tofu_check_chain(store, "mail.example", 993, known, check, NULL, NULL), TOFU_OK);
        IS(tofu_check_chain(store, "mail.example", 993, unknown, check, &verdict, NULL), TOFU_ASK);
        IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_E_READ_ONLY);
        tofu_verdict_free(verdict);
        tofu_check_options_free(check);
        tofu_chain_free(known);
        tofu_chain_free(unknown);
    }
    tofu_store_free(store);
    tofu_store_options_free(options);
    return end();
}
