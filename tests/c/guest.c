/* A good guest: nothing of the process is changed by a store, a check and an answer, and no descriptor is left to a
 * program that is started. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* The entries of a directory under /proc/self; -1 where there is no such thing. */
static int entries(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int count = 0;
    if (dir == NULL)
        return -1;
    while ((entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

struct process {
    mode_t mask;
    char where[4096], locale[256];
    void (*on_pipe)(int);
    int threads;
};

static struct process look(void)
{
    struct process now;
    struct sigaction action;
    memset(&now, 0, sizeof now);
    now.mask = umask(0);
    umask(now.mask);
    CLAIM(getcwd(now.where, sizeof now.where) != NULL, "getcwd");
    snprintf(now.locale, sizeof now.locale, "%s", setlocale(LC_ALL, NULL));
    sigaction(SIGPIPE, NULL, &action);
    now.on_pipe = action.sa_handler;
    now.threads = entries("/proc/self/task");
    return now;
}

int main(int argc, char **argv)
{
    struct process before, after;
    tofu_store *store = NULL;
    tofu_verdict *verdict = NULL;
    tofu_chain *chain;
    tofu_check_options *check;
    int fd, open_before;

    begin(argc, argv);
    umask(027);
    before = look();
    open_before = entries("/proc/self/fd");

    IS(tofu_store_open(own("guest.db"), NULL, &store, NULL), TOFU_OK);
    chain = chain_of("first", NULL);
    check = check_now(0);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, &verdict, NULL), TOFU_ASK);
    IS(tofu_verdict_trust(store, verdict, NULL, NULL), TOFU_OK);
    IS(tofu_check_chain(store, "mail.example", 993, chain, check, NULL, NULL), TOFU_OK);
    for (fd = 3; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        char path[64], name[4096] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (flags < 0 || readlink(path, name, sizeof name - 1) < 0 || strstr(name, own_dir) == NULL)
            continue;
        CLAIM(flags & FD_CLOEXEC, "%s stays open over exec", name);
    }
    after = look();

    CLAIM(before.mask == after.mask, "umask %o", (unsigned)after.mask);
    CLAIM(strcmp(before.where, after.where) == 0, "%s", after.where);
    CLAIM(strcmp(before.locale, after.locale) == 0, "%s", after.locale);
    CLAIM(before.on_pipe == after.on_pipe, "SIGPIPE");
    CLAIM(before.threads == after.threads, "%d threads", after.threads);
    if (after.threads < 0)
        printf("skipped: threads and descriptors, which only /proc tells\n");

    tofu_verdict_free(verdict);
    tofu_check_options_free(check);
    tofu_chain_free(chain);
    tofu_store_free(store);
    CLAIM(entries("/proc/self/fd") == open_before, "%d descriptors instead of %d", entries("/proc/self/fd"), open_before);
    return end();
}
