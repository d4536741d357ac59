/*
 * libtofu decides whether the TLS server that a program has just reached is the one it should talk
 * to. It checks the certificate by the rules of certificate authorities (CAs), compares it with
 * what it has seen before (trust on first use), explains the decision in plain words, and remembers
 * the answers of the user.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pages named docs/NAME.md are installed in share/doc/libtofu, and complete programs in examples
 * beside them. The same declarations for other languages: tofu.ffi.h (for readers without a
 * preprocessor) and api.json (docs/api-json.md).
 *
 * THE COMMON PATH, for a program with a TLS stack of its own
 *
 *     tofu_store *store = NULL;                       // once, when the program starts
 *     if (tofu_store_open(NULL, NULL, &store, NULL) != TOFU_OK)
 *         give_up(tofu_last_error());
 *
 *     // For each connection: after the handshake, before any application data. ders and lens hold
 *     // what the server sent, in DER, its own certificate first.
 *     tofu_verdict *verdict = NULL;
 *     tofu_status status = tofu_check_peer(store, "imap.example.org", 993, ders, lens, count,
 *                                          NULL, 0, 0, NULL, &verdict, NULL);
 *     if (status == TOFU_ASK && the_user_says_yes(verdict) &&
 *         tofu_verdict_trust(store, verdict, NULL, NULL) == TOFU_OK) {
 *         tofu_verdict_free(verdict);                 // the answer is recorded: check again
 *         status = tofu_check_peer(store, "imap.example.org", 993, ders, lens, count,
 *                                  NULL, 0, 0, NULL, &verdict, NULL);
 *     }
 *     if (status != TOFU_OK)
 *         disconnect();
 *     tofu_verdict_free(verdict);
 *
 * tofu_verdict_answer says what to ask the user; tofu_verdict_format has the words to show.
 * tofu_verdict_trust only records the answer. The next check decides with it: in the meantime
 * another program may have blocked the key, or an administrator may have changed the policy.
 *
 * THE SAME WITH A CONNECTION MADE BY THE LIBRARY
 *
 *     tofu_conn *conn = NULL;
 *     tofu_status status = tofu_connect(store, "imap.example.org", 993, NULL, NULL, &conn, NULL);
 *     if (status == TOFU_ASK && the_user_says_yes(tofu_conn_verdict(conn)) &&
 *         tofu_verdict_trust(store, tofu_conn_verdict(conn), NULL, NULL) == TOFU_OK)
 *         status = tofu_conn_handshake(conn, NULL);   // checks again on the same connection
 *     if (status == TOFU_OK)
 *         status = tofu_conn_read(conn, buf, sizeof buf, &got, NULL);
 *     tofu_conn_free(conn);
 *
 * THE RULES
 *
 * Return values. Of all values of tofu_status only TOFU_OK (0) means "go ahead". A positive value
 * says that the call worked and the answer is not yes; a negative value says that the call failed.
 * Treat a value that you do not know as a failure. Constants never change their meaning.
 *
 * Errors. Every call that can fail has a last parameter tofu_error **err, which may be NULL. On
 * failure it receives an object that the caller frees. tofu_last_error gives the message of the
 * last failure on the calling thread. Three codes can come from every such call and are not
 * repeated below:
 *   TOFU_E_INVALID   an argument is wrong, or NULL where that is not allowed
 *   TOFU_E_MEMORY    memory ran out
 *   TOFU_E_INTERNAL  a defect of the library; the objects in use can only be freed after that
 * Functions whose documentation says "store errors" also give these:
 *   TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY,
 *   TOFU_E_FORKED, TOFU_E_BACKEND and, from calls that write, TOFU_E_LIMIT
 *
 * Ownership. A T **out parameter is set to NULL first and receives an object on success. The caller
 * owns it and frees it once with the function named there; these functions accept NULL. What an
 * accessor returns is borrowed from its first argument and lives as long as that argument. The
 * library copies what it is given. It cannot recognise a pointer that was freed or is not its own.
 *
 * NULL. The @param of each pointer says "must not be NULL", which is checked, or "may be NULL" and
 * what NULL means. Bytes are a pointer and a length: NULL with length 0 is an empty input.
 *
 * Strings are NUL-terminated UTF-8. Text that comes from a certificate, a server or a user is
 * returned escaped: it holds no control, direction-changing or invisible characters, so a program
 * can show it as it is.
 *
 * Accessors cannot fail. For NULL, for an index out of range and for an unknown code they return
 * "", 0, or NULL with length 0. An accessor that returns a string never returns NULL. A missing
 * file descriptor is returned as -1.
 *
 * Constants belong to families, each with a type: a parameter of type tofu_format takes the
 * constants TOFU_FORMAT_... and refuses those of every other family. 0 belongs to no enumeration.
 * Flags can be combined, 0 stands for none, and unknown flags are refused.
 *
 * Objects with setters belong to one thread until their first use, which freezes them; after that
 * their setters give TOFU_E_STATE. If a setter refuses a value, the call that uses the object fails
 * with the same error, so a setting that was refused is never silently missing.
 *
 * Times are seconds since 1970-01-01 00:00 UTC; 0 means "not set". A time after the year 9999, such
 * as one in milliseconds, is refused.
 *
 * Threads. A store may be used by many threads at once. Verdicts, certificates and everything else
 * without setters never change. A list belongs to one thread at a time, and a connection to one
 * reader and one writer. Loading the library starts nothing. Only tofu_probe and tofu_connect start
 * a thread, which looks up the host's name and may outlive the call (docs/threads.md).
 *
 * Callbacks run on the thread of the call that needs them. They must return normally: no exception
 * and no longjmp may leave them.
 *
 * Fork. In a child of fork(2), a store or connection of the parent gives TOFU_E_FORKED. Open or
 * connect again there. Freeing the parent's objects in the child is safe.
 *
 * Compile-time switches. TOFU_NO_SHORT_NAMES hides cert_parse_der, the only name without the
 * prefix. TOFU_NO_ATTRIBUTES empties TOFU_CHECK_RESULT, which warns where a tofu_status is not
 * used.
 *
 * CONTENTS
 *
 *   Part I: the common path
 *     1.1  Errors             what calls return, and why one failed
 *     1.2  Store              what is remembered about servers
 *     1.3  Check              whether the server just reached is the right one
 *     1.4  Verdict            the decision, the reasons for it, and what to ask a person
 *     1.5  Trust              records the answer of a person
 *     1.6  Text               what formatting functions return
 *     1.7  Library            versions and features
 *
 *   Part II: certificates, policies and connections
 *     2.1  Certificate        what one certificate says
 *     2.2  Comparison         two certificates side by side
 *     2.3  Chain              what a server sent, built one certificate at a time
 *     2.4  Check options      what else is known about the connection
 *     2.5  Policy             how strict the decision is
 *     2.6  Dial options       how to connect
 *     2.7  Connection         a TLS connection made by the library
 *     2.8  Probe              what a server shows, without trusting it
 *
 *   Part III: managing what is remembered
 *     3.1  Endpoint           an account, host and port: the scope of trust
 *     3.2  List               goes through endpoints, pins, pending questions or events
 *     3.3  Pin                a key or certificate that is trusted or refused
 *     3.4  Pending question   a question that nobody could answer when it came up
 *     3.5  Event              what happened, and a listener for it
 *     3.6  Stored policy      policies that the store remembers
 *     3.7  Import and export  from and to other programs' files
 *     3.8  Maintenance        the store as a whole
 *     3.9  Store options      how a store is opened
 *
 *   Part IV: storage of the application's own
 *     4.1  Backend            three callbacks that read and write
 */

#ifndef TOFU_H
#define TOFU_H

/* Written by tests/capi from src/capi (make header). Do not edit. */

#include <stddef.h>
#include <stdint.h>

#if defined(TOFU_NO_ATTRIBUTES) || !defined(__GNUC__)
#define TOFU_CHECK_RESULT
#else
#define TOFU_CHECK_RESULT __attribute__((warn_unused_result))
#endif

/* The types. C sees pointers to them only. */
typedef struct tofu_error tofu_error;
typedef struct tofu_store tofu_store;
typedef struct tofu_verdict tofu_verdict;
typedef struct tofu_trust_options tofu_trust_options;
typedef struct tofu_text tofu_text;
typedef struct tofu_cert tofu_cert;
typedef struct tofu_diff tofu_diff;
typedef struct tofu_chain tofu_chain;
typedef struct tofu_check_options tofu_check_options;
typedef struct tofu_policy tofu_policy;
typedef struct tofu_dial_options tofu_dial_options;
typedef struct tofu_conn tofu_conn;
typedef struct tofu_probe_result tofu_probe_result;
typedef struct tofu_endpoint tofu_endpoint;
typedef struct tofu_iter tofu_iter;
typedef struct tofu_pin tofu_pin;
typedef struct tofu_pin_options tofu_pin_options;
typedef struct tofu_pending tofu_pending;
typedef struct tofu_event tofu_event;
typedef struct tofu_store_options tofu_store_options;
typedef struct tofu_sink tofu_sink;
typedef struct tofu_batch tofu_batch;

#ifdef __cplusplus
extern "C" {
#endif

/* ==== Part I: the common path ====================================================================
 * Open the store once, check each server before anything is sent to it, show the verdict, record
 * the answer.
 */

/* ---- 1.1 Errors ---------------------------------------------------------------------------------
 * What calls return, and why one failed.
 *
 * tofu_error: Why a call failed: a status, a message and a stable fine code. It is immutable,
 * belongs to the caller, and is bound to no thread. Bindings use it, because their code may run on
 * another thread than the call that failed.
 */

/**
 * What a call returns. TOFU_OK (0) means go ahead, and nothing else does. A positive number means
 * that the call worked and its answer is not yes; a negative one that the call failed. An unknown
 * number means "do not trust".
 */
typedef int32_t tofu_status;
#define TOFU_OK                0 /**< Go ahead. Nothing else means yes. */
#define TOFU_ASK               1 /**< The call worked, and a person must answer before anything is
                                      sent. */
#define TOFU_REJECT            2 /**< The call worked, and the answer is no. */
#define TOFU_END               3 /**< There is nothing more to read or to list. */
#define TOFU_AGAIN             4 /**< A non-blocking call must be repeated. */
#define TOFU_NO_MATCH          5 /**< The certificate does not cover the host. */
#define TOFU_E_INVALID      (-1) /**< An argument makes no sense, or is NULL where it must not
                                      be. */
#define TOFU_E_PARSE        (-2) /**< The bytes are not a certificate, PEM or whatever else was
                                      expected. */
#define TOFU_E_NAME         (-3) /**< The host, port or account is not valid. */
#define TOFU_E_LIMIT        (-4) /**< A limit of size or number was reached. */
#define TOFU_E_IO           (-5) /**< The operating system refused to read or write. */
#define TOFU_E_BUSY         (-6) /**< Another program holds the store for longer than the time
                                      allowed. */
#define TOFU_E_DAMAGED      (-7) /**< The store does not hold what was written, so that nothing in
                                      it counts. */
#define TOFU_E_FUTURE       (-8) /**< A newer version wrote the store. */
#define TOFU_E_UNSAFE_FILE  (-9) /**< Type, owner or permissions of the store's file make it
                                      unsafe. */
#define TOFU_E_READ_ONLY   (-10) /**< The store can only be read. */
#define TOFU_E_NOT_FOUND   (-11) /**< What was asked for does not exist. */
#define TOFU_E_CONFLICT    (-12) /**< Somebody else changed it in the meantime. */
#define TOFU_E_STATE       (-13) /**< The object was already used, or the call does not fit its
                                      state. */
#define TOFU_E_FORKED      (-14) /**< The handle was made before fork(2) and is used in the
                                      child. */
#define TOFU_E_UNSUPPORTED (-15) /**< It is not built in, or this version does not know it. */
#define TOFU_E_NETWORK     (-16) /**< The network failed. */
#define TOFU_E_TIMEOUT     (-17) /**< A time limit passed. */
#define TOFU_E_CANCELLED   (-18) /**< The program cancelled it. */
#define TOFU_E_STARTTLS    (-19) /**< The dialogue before TLS went wrong. */
#define TOFU_E_STRIPPED    (-20) /**< The server does not offer TLS, which it did before. */
#define TOFU_E_TLS         (-21) /**< The TLS handshake failed. */
#define TOFU_E_TRUNCATED   (-22) /**< The connection ended without close_notify. */
#define TOFU_E_BACKEND     (-23) /**< The application's own storage reported a failure. */
#define TOFU_E_MEMORY      (-24) /**< Out of memory. */
#define TOFU_E_INTERNAL    (-25) /**< A defect of the library. The objects in use are unusable and
                                      can still be freed. */
#define TOFU_E_NOT_OFFERED (-26) /**< The verdict does not take this answer. */
#define TOFU_E_STALE       (-27) /**< The verdict is too old, or was overtaken by a change. */
#define TOFU_E_ROOTS       (-28) /**< The answer of a CA is wanted, and no trust anchors could be
                                      loaded. */

/**
 * Gives the message of this thread's last failed call, in one line.
 *
 * This is a convenience for C programs. Every fallible call clears it when it begins and sets it
 * when it fails. Programs that move work between threads, and bindings, use the tofu_error object
 * instead. An empty text means that the last call did not fail; it does not mean that its answer
 * was yes.
 *
 * @return NUL-terminated UTF-8 in a buffer of this thread, overwritten by its next fallible call;
 *         never NULL.
 *
 * Thread safety: any thread; each has its own message. Since: 0.1.0.
 */
const char *tofu_last_error(void);

/**
 * Gives one line that says what is wrong and names the argument, file, host or field.
 *
 * It is English, for logs and for people. Programs look at tofu_error_status and tofu_error_detail.
 *
 * @param error  borrowed; may be NULL, which gives "".
 * @return NUL-terminated UTF-8 without control characters, borrowed from the error; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_error_message(const tofu_error *error);

/**
 * Gives the status that the failed call returned.
 *
 * @param error  borrowed; may be NULL, which gives TOFU_E_INTERNAL, because a missing error object
 *               must not read as success.
 * @return a negative number; never 0 and never positive.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_error_status(const tofu_error *error);

/**
 * Gives a stable code finer than the status: "store.busy", "argument.null". docs/errors.md lists
 * them.
 *
 * @param error  borrowed; may be NULL, which gives "".
 * @return NUL-terminated ASCII, borrowed from the error; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_error_detail(const tofu_error *error);

/**
 * Frees an error.
 *
 * @param error  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the error. Since: 0.1.0.
 */
void tofu_error_free(tofu_error *error);

/**
 * Makes an error, for code that adapts the library to a TLS stack and fails outside of the library.
 *
 * The message also becomes what tofu_last_error gives to this thread.
 *
 * @param status   one of TOFU_E_...; any other number becomes TOFU_E_INTERNAL, because an error
 *                 must not read as success.
 * @param detail   a stable code finer than the status ("adapter.no-certificate"), NUL-terminated;
 *                 may be NULL for none.
 * @param message  one line that says what is wrong and names the thing, NUL-terminated UTF-8;
 *                 control characters in it are escaped; may be NULL for the name of the status.
 * @return owned by the caller, freed with tofu_error_free; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_error *tofu_error_new(tofu_status status, const char *detail, const char *message);

/**
 * Gives the name of a status, for logs.
 *
 * It is not for people, because it says nothing about the case at hand. tofu_error_message does.
 *
 * @param status  any number.
 * @return "TOFU_E_BUSY" and the like; "unknown" for a number of a newer version. Static, never
 *         NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_status_name(tofu_status status);

/* ---- 1.2 Store ----------------------------------------------------------------------------------
 * What is remembered about servers.
 *
 * tofu_store: What is remembered. It is locked internally: many threads may use one handle, and
 * many processes one file.
 */

/**
 * Opens a store, and creates it and the directories above it if they do not exist.
 *
 * A file that cannot be read, or that is damaged, foreign, newer or unsafe, is an error and stays
 * untouched. The library never takes it for an empty store. Every call refuses a NULL store, so
 * that a failed open cannot turn into trust.
 *
 * @param path     the file, NUL-terminated UTF-8; ":memory:" for a store that ends with the handle;
 *                 may be NULL for the user's default, $XDG_DATA_HOME/tofu/pins.db, and must be NULL
 *                 after tofu_store_options_set_backend.
 * @param options  borrowed; frozen by this call; may be NULL for the defaults.
 * @param out      where to write the store, owned by the caller, freed with tofu_store_free; NULL
 *                 on failure; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND if the options say that it must exist and it does not; store
 *         errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_open(
    const char *path,
    const tofu_store_options *options,
    tofu_store **out,
    tofu_error **err);

/**
 * Frees a store handle. The last handle closes the file. Verdicts made with it live on.
 *
 * @param store  owned by the caller, who gives it up; may be NULL. In a child of fork(2) this
 *               touches no file.
 *
 * Thread safety: any thread, once no other one uses the handle. Since: 0.1.0.
 */
void tofu_store_free(tofu_store *store);

/* ---- 1.3 Check ----------------------------------------------------------------------------------
 * Whether the server just reached is the right one.
 */

/**
 * What the caller states about a connection, and what a check may do.
 */
typedef uint64_t tofu_check_flags;
#define TOFU_CHECK_DRY_RUN       0x00001000 /**< The check writes nothing, not even the log. */
#define TOFU_CHECK_LEAVE_PENDING 0x00002000 /**< Nobody can answer now: TOFU_ASK also leaves a
                                                 pending question. */
#define TOFU_CHECK_RESUMED       0x00004000 /**< The TLS session was resumed: the chain may be the
                                                 leaf alone. */
#define TOFU_CHECK_SETUP         0x00008000 /**< A new account is being set up. Without this flag
                                                 the account exists already (RFC 8314). */
#define TOFU_CHECK_UNPROVEN      0x00010000 /**< No handshake proved that the server holds the key
                                                 (a file, a capture). Such a check never gives
                                                 TOFU_OK. */
#define TOFU_CHECK_LOOPBACK      0x00020000 /**< The caller knows that the address is loopback. With
                                                 tofu_connect it counts only if the address reached
                                                 is one. */
#define TOFU_CHECK_TOR           0x00040000 /**< The connection goes through Tor. */
#define TOFU_CHECK_XMPP          0x00080000 /**< The protocol is XMPP, and the host is the domain of
                                                 the XMPP address (RFC 6120): names of that service
                                                 in the certificate count. Ports 5222, 5223, 5269
                                                 and 5270 do not need it. */
#define TOFU_CHECK_NO_SESSION    0x00100000 /**< With TOFU_CHECK_UNPROVEN: a connection was tried
                                                 and is not possible, so that the advice is not to
                                                 connect. */

/**
 * Decides whether the server just reached is the one to talk to, and remembers what must be
 * remembered: for a program with a TLS stack of its own.
 *
 * Call it after every handshake, before the first byte of application data, and send nothing unless
 * it returns TOFU_OK. By calling it the program states that its TLS stack verified the handshake's
 * signature with the leaf's key; if nothing did, set TOFU_CHECK_UNPROVEN. It asks nobody: after
 * TOFU_ASK, ask what tofu_verdict_answer says, record a yes with tofu_verdict_trust, and check
 * again. It does not decide whether the host is the one that the user meant.
 *
 * @param store     must not be NULL; there is no implied store.
 * @param host      the name that the program meant to reach, not what the certificate or a redirect
 *                  says, NUL-terminated UTF-8; must not be NULL.
 * @param port      the TCP port, 1 to 65535.
 * @param ders      the certificates that the server sent, in DER, leaf first, in its order; copied;
 *                  may be NULL with count 0, which gives TOFU_E_PARSE. C needs a cast, (const
 *                  uint8_t *const *), for an array of pointers that are not const.
 * @param lens      their lengths in bytes; may be NULL with count 0.
 * @param count     their number.
 * @param ocsp      the stapled OCSP response in DER, copied; may be NULL with ocsp_len 0 if there
 *                  was none.
 * @param ocsp_len  its length in bytes.
 * @param flags     any of TOFU_CHECK_..., beside those of the options; other bits are refused.
 * @param options   what else is known of the connection; frozen by this call; may be NULL for none.
 * @param verdict   where to write the verdict, owned by the caller, freed with tofu_verdict_free;
 *                  written for TOFU_OK, TOFU_ASK and TOFU_REJECT, NULL otherwise; may be NULL.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return the answer, or why there is none:
 *         - TOFU_OK: go ahead.
 *         - TOFU_ASK: a person must answer.
 *         - TOFU_REJECT: no.
 *         - TOFU_E_NAME if host or port are not valid.
 *         - TOFU_E_PARSE if the leaf cannot be read, if there is none, or if the first certificate
 *           is the authority that issued the second one: then they are in the wrong order.
 *         - TOFU_E_LIMIT for more certificates or bytes than a chain takes.
 *         - TOFU_E_ROOTS if the answer of a CA is wanted and no trust anchors could be loaded.
 *         - TOFU_E_STATE for a resumed session that needs a full handshake.
 *         - What a setter of the options was refused with.
 *         - Store errors.
 *
 * Thread safety: any thread; the options only once they are frozen. May wait for the disk.
 * Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_peer(
    tofu_store *store,
    const char *host,
    uint16_t port,
    const uint8_t *const *ders,
    const size_t *lens,
    size_t count,
    const uint8_t *ocsp,
    size_t ocsp_len,
    tofu_check_flags flags,
    const tofu_check_options *options,
    tofu_verdict **verdict,
    tofu_error **err);

/* ---- 1.4 Verdict --------------------------------------------------------------------------------
 * The decision, the reasons for it, and what to ask a person.
 *
 * tofu_verdict: A decision with everything that led to it. It is immutable, outlives the chain that
 * it was made from, and may be used from any thread.
 */

#define TOFU_NO_CERT SIZE_MAX /**< What tofu_verdict_statement writes if a statement is about no
                                   certificate of the chain: SIZE_MAX. */

/**
 * What was decided, as the check returned it.
 *
 * @param verdict  borrowed; may be NULL, which gives TOFU_E_INVALID.
 * @return TOFU_OK: accepted, go ahead. TOFU_ASK: a person must answer. TOFU_REJECT: no.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_verdict_decision(const tofu_verdict *verdict);

/**
 * What to ask a person after TOFU_ASK or TOFU_REJECT.
 */
typedef int32_t tofu_answer;
#define TOFU_ANSWER_NONE        1201 /**< No answer helps: show the text, and do not connect. */
#define TOFU_ANSWER_YES         1202 /**< Yes or no. tofu_verdict_trust takes the yes. */
#define TOFU_ANSWER_FINGERPRINT 1203 /**< The full fingerprint, typed by the person from a source
                                          other than this connection. tofu_verdict_trust takes it
                                          through tofu_trust_options_set_typed, and nothing less. */

/**
 * What to ask a person about this verdict.
 *
 * Says nothing about what a person should answer: show the text of the verdict with the question.
 *
 * @param verdict  borrowed; may be NULL, which gives TOFU_ANSWER_NONE.
 * @return TOFU_ANSWER_NONE: no answer helps, or none is needed. TOFU_ANSWER_YES: yes or no.
 *         TOFU_ANSWER_FINGERPRINT: the full fingerprint, typed from another source.
 *         tofu_verdict_trust takes the answer.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_answer tofu_verdict_answer(const tofu_verdict *verdict);

/**
 * The form of a text or of a file, for writing and for reading. Each function says which of them it
 * takes.
 */
typedef int32_t tofu_format;
#define TOFU_FORMAT_JSON             301 /**< JSON. For a store: all of it, which an import takes
                                              back without loss. */
#define TOFU_FORMAT_TEXT             302 /**< Text for people, of several lines. */
#define TOFU_FORMAT_LINE             303 /**< One line, for logs. */
#define TOFU_FORMAT_PEM              304 /**< PEM. An import takes one certificate in DER as well.
                                              Files of this kind: NeoMutt's certificate_file and
                                              isync's CertificateFile. */
#define TOFU_FORMAT_KNOWN_HOSTS      305 /**< GnuTLS' known_hosts. */
#define TOFU_FORMAT_CERT_OVERRIDE    306 /**< Mozilla's cert_override.txt. */
#define TOFU_FORMAT_FINGERPRINTS     307 /**< Written: a line "HOST:PORT FINGERPRINT" for each pin,
                                              with the SHA-256 of the certificate where that is
                                              known. Read: such lines, or the settings of msmtp,
                                              mpop, OfflineIMAP, fetchmail, mbsync, getmail,
                                              Mercurial, Subversion, WeeChat, irssi, Postfix, curl
                                              or Lagrange, which the library tells apart. */
#define TOFU_FORMAT_KEY_FINGERPRINTS 308 /**< The same lines with the fingerprint of the key for key
                                              pins ("sha256//" and base64), so that an import reads
                                              back what was written. */

/**
 * Writes the whole verdict: as JSON (docs/json-verdict.md), as an explanation for people, or as one
 * line for logs.
 *
 * @param verdict  borrowed; must not be NULL.
 * @param format   TOFU_FORMAT_JSON, TOFU_FORMAT_TEXT or TOFU_FORMAT_LINE.
 * @param width    characters in a line of TOFU_FORMAT_TEXT; 0 for 80, and a number below 60 counts
 *                 as 60. The other formats ignore it.
 * @param out      where to write the text, owned by the caller, freed with tofu_text_free; NULL on
 *                 failure; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for another format.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_verdict_format(
    const tofu_verdict *verdict,
    tofu_format format,
    size_t width,
    tofu_text **out,
    tofu_error **err);

/**
 * Frees a verdict, with all that is borrowed from it.
 *
 * @param verdict  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the verdict. Since: 0.1.0.
 */
void tofu_verdict_free(tofu_verdict *verdict);

/**
 * A section of a verdict's text.
 */
typedef int32_t tofu_section;
#define TOFU_SECTION_HEADLINE 501 /**< One line that says it all. */
#define TOFU_SECTION_PROBLEM  502 /**< What is wrong with the chain. */
#define TOFU_SECTION_REASON   503 /**< Why it was decided so. */
#define TOFU_SECTION_MEANING  504 /**< What it means. */
#define TOFU_SECTION_ADVICE   505 /**< What to do. */

/**
 * Counts the statements in a section of the explanation.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @param section  one of TOFU_SECTION_...; another number gives 0.
 * @return the number of statements.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
size_t tofu_verdict_statement_count(const tofu_verdict *verdict, tofu_section section);

/**
 * Gives one statement of the explanation: its English text, its stable code and the certificate
 * that it is about.
 *
 * @param verdict     borrowed; may be NULL, which gives "".
 * @param section     one of TOFU_SECTION_...; another number gives "".
 * @param index       0 for the first statement; out of range gives "".
 * @param code        where to write the code, borrowed from the verdict, "" if there is no such
 *                    statement; may be NULL.
 * @param cert_index  where to write the index into the chain, TOFU_NO_CERT if the statement is
 *                    about no certificate; may be NULL.
 * @return the text, NUL-terminated UTF-8, escaped and fit to show, borrowed from the verdict; never
 *         NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_verdict_statement(
    const tofu_verdict *verdict,
    tofu_section section,
    size_t index,
    const char **code,
    size_t *cert_index);

/**
 * Gives one fact of a statement, to an application that fills its own translation of
 * tofu_text_template.
 *
 * @param verdict  borrowed; may be NULL, which gives "".
 * @param section  one of TOFU_SECTION_...; another number gives "".
 * @param index    0 for the first statement; out of range gives "".
 * @param name     the name of the placeholder, NUL-terminated; may be NULL, which gives "".
 * @return NUL-terminated UTF-8, escaped and fit to show, borrowed from the verdict; "" if there is
 *         no such fact; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_verdict_statement_arg(
    const tofu_verdict *verdict,
    tofu_section section,
    size_t index,
    const char *name);

/**
 * What vouches for a server. Greater numbers vouch for more.
 */
typedef int32_t tofu_assurance;
#define TOFU_ASSURANCE_NONE     600 /**< Nothing vouches for the server. */
#define TOFU_ASSURANCE_PINNED   601 /**< The server is known by trust on first use only. */
#define TOFU_ASSURANCE_VERIFIED 602 /**< The CA system or DANE vouches for the server. */

/**
 * What vouches for the server.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @return one of TOFU_ASSURANCE_...; 0 only for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_assurance tofu_verdict_assurance(const tofu_verdict *verdict);

/**
 * What the pins of the endpoint said.
 */
typedef int32_t tofu_pin_result;
#define TOFU_PIN_RESULT_NONE        800 /**< No pin was asked. */
#define TOFU_PIN_RESULT_FIRST_USE   801 /**< Nothing is known of the endpoint yet. */
#define TOFU_PIN_RESULT_MATCH       802 /**< A trusted pin matches. */
#define TOFU_PIN_RESULT_SIBLING     803 /**< The key is trusted on another mail port of the same
                                             host. */
#define TOFU_PIN_RESULT_STAGED      804 /**< The key was announced beforehand. */
#define TOFU_PIN_RESULT_CHANGED     805 /**< The endpoint is pinned to another key. */
#define TOFU_PIN_RESULT_EXPIRED     806 /**< The pin of this key has expired. */
#define TOFU_PIN_RESULT_BLOCKED     807 /**< The key or certificate is blocked. */
#define TOFU_PIN_RESULT_NEW_PROBLEM 808 /**< The key is pinned, but the chain has a problem that was
                                             not accepted with it. */
#define TOFU_PIN_RESULT_RETIRED     809 /**< The key was replaced by another one earlier. */

/**
 * What the pins of the endpoint said.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @return one of TOFU_PIN_RESULT_...; 0 only for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_pin_result tofu_verdict_pin_result(const tofu_verdict *verdict);

/**
 * How what the server presents differs from what was known.
 */
typedef int32_t tofu_change;
#define TOFU_CHANGE_NONE              900 /**< Nothing changed, or nothing was known. */
#define TOFU_CHANGE_RENEWED_SAME_KEY  901 /**< The same key has a new certificate. */
#define TOFU_CHANGE_ROLLED_OVER       902 /**< The pinned key signed the new one. */
#define TOFU_CHANGE_REPLACED          903 /**< The key is another one. */
#define TOFU_CHANGE_REPLACED_WHEN_DUE 904 /**< The key is another one, and the old certificate was
                                               due. */
#define TOFU_CHANGE_REPLACED_EARLY    905 /**< The key is another one, long before the old
                                               certificate was due. */
#define TOFU_CHANGE_ISSUER_CHANGED    906 /**< The key is another one, and so is the issuer. */
#define TOFU_CHANGE_LAPSED            907 /**< The key is the same, and its certificate, CA-valid
                                               before, has expired. */
#define TOFU_CHANGE_NO_LONGER_VALID   908 /**< The key is the same and no longer CA-valid. */
#define TOFU_CHANGE_DOWNGRADE         909 /**< The endpoint was validated before; now it is not, and
                                               the key is another one. */
#define TOFU_CHANGE_UPGRADE           910 /**< The endpoint was pinned before and is CA-valid
                                               now. */

/**
 * How what the server presents differs from what was known.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @return one of TOFU_CHANGE_...; 0 only for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_change tofu_verdict_change(const tofu_verdict *verdict);

/**
 * How risky a change is. Greater numbers are riskier.
 */
typedef int32_t tofu_risk;
#define TOFU_RISK_NONE   700 /**< Nothing changed. */
#define TOFU_RISK_LOW    701 /**< The change has a cryptographic link to what was known. */
#define TOFU_RISK_MEDIUM 702 /**< The change can have harmless causes and bad ones. */
#define TOFU_RISK_HIGH   703 /**< An attack would look like this change. */

/**
 * How risky the change is.
 *
 * Only changes have a risk: TOFU_RISK_NONE at the first use does not say that the server is the
 * right one.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @return one of TOFU_RISK_...; 0 only for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_risk tofu_verdict_risk(const tofu_verdict *verdict);

/**
 * What can be wrong with a chain by the rules of CAs.
 */
typedef int32_t tofu_problem;
#define TOFU_PROBLEM_UNTRUSTED_ISSUER           1301 /**< There is no path to a trust anchor. */
#define TOFU_PROBLEM_SELF_SIGNED                1302 /**< The certificate is signed by its own
                                                          key. */
#define TOFU_PROBLEM_INCOMPLETE_CHAIN           1303 /**< The server did not send its issuer's
                                                          certificate. */
#define TOFU_PROBLEM_EXPIRED                    1304 /**< The validity has ended. */
#define TOFU_PROBLEM_NOT_YET_VALID              1305 /**< The validity has not begun. */
#define TOFU_PROBLEM_HOST_MISMATCH              1306 /**< The certificate is for other names. */
#define TOFU_PROBLEM_NAME_ONLY_IN_CN            1307 /**< Only the subject's CN carries the name. */
#define TOFU_PROBLEM_BAD_SIGNATURE              1308 /**< A signature does not verify. */
#define TOFU_PROBLEM_WEAK_KEY                   1309 /**< A key is too small or of a broken kind. */
#define TOFU_PROBLEM_WEAK_SIGNATURE             1310 /**< A signature uses MD5 or SHA-1. */
#define TOFU_PROBLEM_WRONG_USAGE                1311 /**< The key usages forbid a TLS server. */
#define TOFU_PROBLEM_CA_AS_SERVER               1312 /**< The leaf is a CA certificate. */
#define TOFU_PROBLEM_CONSTRAINT_VIOLATION       1313 /**< Name constraints, the path length or a
                                                          policy are violated. */
#define TOFU_PROBLEM_UNKNOWN_CRITICAL_EXTENSION 1314 /**< The library does not know a critical
                                                          extension. */
#define TOFU_PROBLEM_REVOKED                    1315 /**< A statement verified under the issuer says
                                                          that the certificate is revoked. */
#define TOFU_PROBLEM_UNSUPPORTED_ALGORITHM      1316 /**< The library cannot check an algorithm. */
#define TOFU_PROBLEM_CHAIN_TOO_LONG             1317 /**< The chain has more certificates than the
                                                          library looks at. */
#define TOFU_PROBLEM_BUDGET_EXCEEDED            1318 /**< Checking the chain would cost more than is
                                                          allowed. */
#define TOFU_PROBLEM_MALFORMED                  1319 /**< A certificate cannot be read. */
#define TOFU_PROBLEM_PUBLISHED_KEY              1320 /**< The private half of a key is published
                                                          with a package, so that anybody can
                                                          impersonate the server. */

/**
 * Whether a problem was found in the chain by the rules of CAs.
 *
 * Does not decide: a chain without problems may be rejected, and one with problems accepted.
 * tofu_verdict_statement lists all problems, those of a newer library included.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @param problem  one of TOFU_PROBLEM_...; another number gives 0.
 * @return 1 if it was found, 0 otherwise.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int32_t tofu_verdict_has_problem(const tofu_verdict *verdict, tofu_problem problem);

/**
 * A field of a verdict that tofu_verdict_number reads.
 */
typedef int32_t tofu_verdict_field;
#define TOFU_VERDICT_FIELD_TIME                2601 /**< When the verdict was made, by the time
                                                         given to the check. */
#define TOFU_VERDICT_FIELD_PREVIOUS_FIRST_SEEN 2602 /**< When the certificate known before was first
                                                         seen; 0 if that is not known. */
#define TOFU_VERDICT_FIELD_PREVIOUS_LAST_SEEN  2603 /**< When the certificate known before was last
                                                         seen, to the day; 0 if that is not
                                                         known. */
#define TOFU_VERDICT_FIELD_MAY_ADD             2604 /**< 1 if the person may be offered to trust the
                                                         new key beside the old one
                                                         (TOFU_TRUST_ADD), because the server
                                                         alternates between keys; 0 otherwise. */
#define TOFU_VERDICT_FIELD_ONLY_SESSION        2605 /**< 1 if the server makes itself a new key at
                                                         each start, so that no kind of pin is
                                                         offered: offer trust for this session
                                                         (TOFU_TRUST_SESSION) only. */

/**
 * A number of a verdict.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @param field    one of TOFU_VERDICT_FIELD_...; another number gives 0.
 * @return 0, 1, or a time in seconds since the epoch, UTC.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_verdict_number(const tofu_verdict *verdict, tofu_verdict_field field);

/**
 * A text that is the same for the same endpoint, chain and reason, so that a program asks each
 * question once.
 *
 * @param verdict  borrowed; may be NULL, which gives "".
 * @return NUL-terminated ASCII, borrowed from the verdict; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_verdict_id(const tofu_verdict *verdict);

/**
 * The endpoint that was checked: host, port and account, also for management calls.
 *
 * @param verdict  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the verdict; NULL for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_endpoint *tofu_verdict_endpoint(const tofu_verdict *verdict);

/**
 * What the server sent.
 *
 * @param verdict  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the verdict, frozen; NULL for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_chain *tofu_verdict_chain(const tofu_verdict *verdict);

/**
 * The pin that matched or was contradicted, as it was at the time of the check.
 *
 * @param verdict  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the verdict; NULL if no pin matched or was contradicted.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_pin *tofu_verdict_pin(const tofu_verdict *verdict);

/**
 * The certificate known before, to show beside the new one with tofu_cert_compare.
 *
 * @param verdict  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the verdict; NULL at the first use.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_cert *tofu_verdict_previous(const tofu_verdict *verdict);

/* ---- 1.5 Trust ----------------------------------------------------------------------------------
 * Records the answer of a person.
 *
 * tofu_trust_options: How an answer is to be remembered. One thread builds it; its first use
 * freezes it; it may be used again. Without one, the suggested kind of pin is trusted until it is
 * replaced.
 */

/**
 * Records the user's yes: trusts exactly the chain of this verdict, for its endpoint alone.
 *
 * Call it after a person has answered what tofu_verdict_answer says; it asks nobody. The verdict
 * must be one of this store, at most 24 hours old, whose server proved that it holds the key, and
 * nothing that it was made from may have changed since. If another call has recorded the same trust
 * in the meantime, this one succeeds and sets the end and the note given here. Then check again, on
 * the same connection (tofu_conn_handshake, tofu_check_peer, tofu_check_chain), and send something
 * only after TOFU_OK: the check decides with the answer and with everything else that is known by
 * then, a block from another program included. To block instead, call tofu_pin_add.
 *
 * @param store    the store that the verdict was made with; must not be NULL.
 * @param verdict  borrowed; must not be NULL.
 * @param options  how to remember the answer; frozen by this call; may be NULL for the suggested
 *                 kind of pin without an end. Where a new issuer or an upgrade is asked about (the
 *                 policy "careful"), no kind means that it is accepted without a pin.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: recorded, durably unless TOFU_TRUST_SESSION. TOFU_E_NOT_OFFERED for an answer
 *         that the verdict does not take: see tofu_verdict_answer and tofu_verdict_offers.
 *         TOFU_E_STALE for a verdict that is too old or was overtaken by a change: check again and
 *         ask again. TOFU_E_INVALID also for a typed fingerprint that is none or another one.
 *         TOFU_E_ROOTS, TOFU_E_PARSE and TOFU_E_STATE as in tofu_check_peer. What a setter of the
 *         options was refused with. Store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_verdict_trust(
    tofu_store *store,
    const tofu_verdict *verdict,
    const tofu_trust_options *options,
    tofu_error **err);

/**
 * What a pin is about.
 */
typedef int32_t tofu_pin_kind;
#define TOFU_PIN_KIND_KEY    101 /**< The server's public key. */
#define TOFU_PIN_KIND_CERT   102 /**< One certificate alone. */
#define TOFU_PIN_KIND_ISSUER 103 /**< A private CA, for this endpoint. */
#define TOFU_PIN_KIND_NAME   104 /**< A CA-valid certificate for this other name. */

/**
 * Whether a kind of pin may be offered to the person who answers.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @param kind     one of TOFU_PIN_KIND_...; another number gives 0.
 * @return 1 if tofu_verdict_trust takes this kind, 0 otherwise.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int32_t tofu_verdict_offers(const tofu_verdict *verdict, tofu_pin_kind kind);

/**
 * Which kind of pin to preselect.
 *
 * @param verdict  borrowed; may be NULL, which gives 0.
 * @return one of TOFU_PIN_KIND_...; 0 if none is suggested.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_pin_kind tofu_verdict_suggested_kind(const tofu_verdict *verdict);

/**
 * Makes options for tofu_verdict_trust: the suggested kind of pin, no flags, no end, no
 * fingerprint, no comment.
 *
 * @param out  where to write the options, owned by the caller, freed with tofu_trust_options_free;
 *             NULL on failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_trust_options_new(tofu_trust_options **out, tofu_error **err);

/**
 * Chooses a kind of pin other than the suggested one.
 *
 * @param options  not yet used; must not be NULL.
 * @param kind     one of TOFU_PIN_KIND_..., for which tofu_verdict_offers gives 1.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for another number. A refusal
 *         is remembered, and tofu_verdict_trust fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_trust_options_set_kind(
    tofu_trust_options *options,
    tofu_pin_kind kind,
    tofu_error **err);

/**
 * How an answer is to be remembered.
 */
typedef uint64_t tofu_trust_flags;
#define TOFU_TRUST_SESSION 0x01000000 /**< The trust lasts while this store handle lives and nothing
                                           else is decided about the endpoint. It is never
                                           written. */
#define TOFU_TRUST_ADD     0x02000000 /**< The new key is trusted beside the old one and does not
                                           replace it. */

/**
 * Sets how the answer is remembered, in place of flags set before.
 *
 * @param options  not yet used; must not be NULL.
 * @param flags    any of TOFU_TRUST_...; other bits are refused.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for other bits. A refusal is
 *         remembered, and tofu_verdict_trust fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_trust_options_set_flags(
    tofu_trust_options *options,
    tofu_trust_flags flags,
    tofu_error **err);

/**
 * Sets when the trust ends.
 *
 * @param options  not yet used; must not be NULL.
 * @param expires  seconds since the epoch, UTC; 0 for never; a negative time is refused.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for a negative time. A refusal
 *         is remembered, and tofu_verdict_trust fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_trust_options_set_expires(
    tofu_trust_options *options,
    int64_t expires,
    tofu_error **err);

/**
 * Gives the fingerprint that a person typed, where tofu_verdict_answer says
 * TOFU_ANSWER_FINGERPRINT.
 *
 * @param options  not yet used; must not be NULL.
 * @param typed    the full SHA-256 fingerprint of the key or certificate in any usual spelling, as
 *                 the person typed it and not as the server sent it, NUL-terminated; must not be
 *                 NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and
 *         tofu_verdict_trust fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_trust_options_set_typed(
    tofu_trust_options *options,
    const char *typed,
    tofu_error **err);

/**
 * Adds a note that is kept with the pin.
 *
 * @param options  not yet used; must not be NULL.
 * @param comment  NUL-terminated UTF-8; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and
 *         tofu_verdict_trust fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_trust_options_set_comment(
    tofu_trust_options *options,
    const char *comment,
    tofu_error **err);

/**
 * Frees the options.
 *
 * @param options  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
 */
void tofu_trust_options_free(tofu_trust_options *options);

/* ---- 1.6 Text -----------------------------------------------------------------------------------
 * What formatting functions return.
 *
 * tofu_text: A text that the caller owns: JSON, PEM or words for people. It is immutable.
 */

/**
 * Gives the text itself.
 *
 * @param text  borrowed; may be NULL, which gives "" and the length 0.
 * @param len   where to write the length in bytes without the final NUL; may be NULL.
 * @return UTF-8 followed by a NUL, borrowed from the text; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_text_get(const tofu_text *text, size_t *len);

/**
 * Frees a text.
 *
 * @param text  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the text. Since: 0.1.0.
 */
void tofu_text_free(tofu_text *text);

/**
 * Gives the English template of a statement, with {placeholders}, to applications that translate.
 *
 * @param code  the code that tofu_verdict_statement gave, NUL-terminated; may be NULL, which gives
 *              "".
 * @return NUL-terminated UTF-8, static; "" for an unknown code; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_text_template(const char *code);

/* ---- 1.7 Library --------------------------------------------------------------------------------
 * Versions and features.
 */

#define TOFU_VERSION_MAJOR 0 /**< Major version of this header. */

#define TOFU_VERSION_MINOR 1 /**< Minor version of this header. */

#define TOFU_VERSION_PATCH 0 /**< Patch version of this header. */

/**
 * Gives the version of the library that is running, which may be newer than the header.
 *
 * @return "0.1.0" and the like; static, never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_version(void);

/**
 * Tells whether an optional part is built in: "tls" (tofu_probe and tofu_connect), "starttls",
 * "sqlite", "bundled-sqlite", "aws-lc-rs" or "ring".
 *
 * @param name  NUL-terminated; may be NULL, which gives 0.
 * @return 1 if it is built in; 0 if it is not, or if this version does not know the name.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int32_t tofu_feature_has(const char *name);

/* ==== Part II: certificates, policies and connections ============================================
 * What the common path is made of, for programs that look closer or want something else.
 */

/* ---- 2.1 Certificate ----------------------------------------------------------------------------
 * What one certificate says.
 *
 * tofu_cert: One certificate (RFC 5280), trusted or not. It is immutable.
 */

/**
 * Reads one DER certificate. It uses neither the network nor a clock.
 *
 * It rejects only input without a readable outer structure, key or validity; everything else that
 * is odd becomes an anomaly (TOFU_CERT_FIELD_ANOMALY). It does not decide whether the certificate
 * is good for anything.
 *
 * @param der  the bytes, copied; may be NULL with len 0, which is empty input and refused.
 * @param len  their number.
 * @param out  where to write the certificate, owned by the caller, freed with tofu_cert_free; NULL
 *             on failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_PARSE, with a message that says at which byte what was expected.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_cert_parse_der(const uint8_t *der, size_t len, tofu_cert **out, tofu_error **err);

#ifndef TOFU_NO_SHORT_NAMES
/**
 * The short name of tofu_cert_parse_der. Define TOFU_NO_SHORT_NAMES before the header to hide it.
 *
 * @param der  the bytes, copied; may be NULL with len 0, which is empty input and refused.
 * @param len  their number.
 * @param out  where to write the certificate, owned by the caller, freed with tofu_cert_free; NULL
 *             on failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_PARSE, with a message that says at which byte what was expected.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status cert_parse_der(const uint8_t *der, size_t len, tofu_cert **out, tofu_error **err);
#endif

/**
 * Makes one more handle on a certificate that must outlive its chain or verdict. The data is
 * shared, so this is cheap.
 *
 * @param cert  borrowed; may be NULL, which gives NULL.
 * @return owned by the caller, freed with tofu_cert_free; NULL for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_cert *tofu_cert_clone(const tofu_cert *cert);

/**
 * A field of a certificate. Each says which of strings, a number and bytes it has.
 */
typedef int32_t tofu_cert_field;
#define TOFU_CERT_FIELD_DER                2001 /**< The DER as it was given: bytes. */
#define TOFU_CERT_FIELD_SHA256             2002 /**< SHA-256 of the DER: string of upper-case pairs
                                                     with colons, as people compare it; 32 bytes. */
#define TOFU_CERT_FIELD_SPKI_SHA256        2003 /**< SHA-256 of the SubjectPublicKeyInfo, the pin of
                                                     RFC 7469: string in base64; 32 bytes. Two
                                                     certificates have the same value exactly if
                                                     their keys are the same. */
#define TOFU_CERT_FIELD_SUBJECT            2004 /**< The subject: string (RFC 4514); bytes of its
                                                     DER. */
#define TOFU_CERT_FIELD_ISSUER             2005 /**< The issuer, as the certificate names it: string
                                                     (RFC 4514); bytes of its DER. */
#define TOFU_CERT_FIELD_NOT_BEFORE         2006 /**< The first second of validity: string; number,
                                                     INT64_MAX if the date cannot be read, so
                                                     compare before you calculate. */
#define TOFU_CERT_FIELD_NOT_AFTER          2007 /**< The last second of validity: string; number,
                                                     INT64_MIN if the date cannot be read, so
                                                     compare before you calculate. */
#define TOFU_CERT_FIELD_SAN_DNS            2008 /**< DNS names among the alternative names:
                                                     strings. */
#define TOFU_CERT_FIELD_KEY                2009 /**< The public key: string ("RSA", "P-256" ...);
                                                     number of bits, 0 if unknown; bytes of the
                                                     SubjectPublicKeyInfo. */
#define TOFU_CERT_FIELD_ANOMALY            2010 /**< What is odd about the certificate: strings. */
#define TOFU_CERT_FIELD_ANOMALY_CODE       2011 /**< The stable codes of the anomalies, in the same
                                                     order: strings. */
#define TOFU_CERT_FIELD_SERIAL             2012 /**< The serial number: string of hexadecimal pairs
                                                     with colons, with a minus sign if it is
                                                     negative; bytes of the INTEGER. */
#define TOFU_CERT_FIELD_VERSION            2013 /**< The version, 1 to 3: number; string. */
#define TOFU_CERT_FIELD_SAN_IP             2014 /**< IP addresses among the alternative names:
                                                     strings. */
#define TOFU_CERT_FIELD_SAN_EMAIL          2015 /**< Mail addresses among the alternative names:
                                                     strings. */
#define TOFU_CERT_FIELD_SAN_URI            2016 /**< URIs among the alternative names: strings. */
#define TOFU_CERT_FIELD_SAN_OTHER          2017 /**< Alternative names of other kinds: strings. */
#define TOFU_CERT_FIELD_HOST_NAMES         2018 /**< The names that the certificate gives the server
                                                     (the CN if there is no alternative name):
                                                     strings. */
#define TOFU_CERT_FIELD_RSA_EXPONENT       2019 /**< The RSA public exponent: string, decimal. */
#define TOFU_CERT_FIELD_KEY_WEAK           2020 /**< 1 if the key is too small or of a weak kind:
                                                     number. */
#define TOFU_CERT_FIELD_KEY_READABLE       2021 /**< 1 if the key inside the SubjectPublicKeyInfo
                                                     can be decoded: number. */
#define TOFU_CERT_FIELD_SIGNATURE          2022 /**< The signature algorithm: string. */
#define TOFU_CERT_FIELD_SIGNATURE_OID      2023 /**< Its dotted OID: string. */
#define TOFU_CERT_FIELD_SIGNATURE_WEAK     2024 /**< 1 if it is MD2, MD4, MD5 or SHA-1: number. */
#define TOFU_CERT_FIELD_SELF_SIGNED        2025 /**< 1 if the signature verifies under the
                                                     certificate's own key: number. */
#define TOFU_CERT_FIELD_CA                 2026 /**< 1 if basicConstraints say CA: number. It has no
                                                     value without that extension. */
#define TOFU_CERT_FIELD_PATH_LENGTH        2027 /**< pathLenConstraint: number. It has no value if
                                                     it is not set. */
#define TOFU_CERT_FIELD_KEY_USAGE          2028 /**< Names of the key usage bits: strings. */
#define TOFU_CERT_FIELD_EXTENDED_KEY_USAGE 2029 /**< Extended key usages by name or dotted OID:
                                                     strings. */
#define TOFU_CERT_FIELD_UNKNOWN_CRITICAL   2030 /**< Dotted OIDs of critical extensions that this
                                                     library does not process: strings. */
#define TOFU_CERT_FIELD_SUBJECT_KEY_ID     2031 /**< Subject key identifier: bytes; string in
                                                     hexadecimal. */
#define TOFU_CERT_FIELD_AUTHORITY_KEY_ID   2032 /**< Authority key identifier: bytes; string in
                                                     hexadecimal. */
#define TOFU_CERT_FIELD_ISSUER_ADDRESS     2033 /**< Where the certificate says that its issuer's
                                                     certificate is (AIA): strings. */
#define TOFU_CERT_FIELD_SHA1               2034 /**< SHA-1 of the DER, to compare with what other
                                                     programs show, and not to decide trust: string
                                                     of pairs with colons; 20 bytes. */
#define TOFU_CERT_FIELD_OCSP_ADDRESS       2035 /**< Where to ask about revocation (AIA OCSP):
                                                     strings. */
#define TOFU_CERT_FIELD_CRL_ADDRESS        2036 /**< Where the certificate says that revocation
                                                     lists are: strings. */
#define TOFU_CERT_FIELD_POLICY             2037 /**< Certificate policies, dotted OIDs: strings. */
#define TOFU_CERT_FIELD_SCT_COUNT          2038 /**< The number of embedded signed certificate
                                                     timestamps, which are not verified: number. */
#define TOFU_CERT_FIELD_MUST_STAPLE        2039 /**< 1 if the server must staple an OCSP response:
                                                     number. */
#define TOFU_CERT_FIELD_EXTENSION          2040 /**< All extensions, by name or dotted OID:
                                                     strings. */
#define TOFU_CERT_FIELD_CRITICAL_EXTENSION 2041 /**< The extensions that are marked critical:
                                                     strings. */
#define TOFU_CERT_FIELD_NAME_PERMITTED     2042 /**< Name constraints of a CA: what names must be
                                                     inside: strings. */
#define TOFU_CERT_FIELD_NAME_EXCLUDED      2043 /**< Name constraints of a CA: what names must be
                                                     outside: strings. */
#define TOFU_CERT_FIELD_SAN_SRV            2044 /**< Names of services (SRVName, RFC 4985), such as
                                                     _imaps.example.org: strings. */
#define TOFU_CERT_FIELD_SAN_XMPP           2045 /**< XMPP addresses (XmppAddr, RFC 6120), of a
                                                     server or a user: strings. */

/**
 * Gives one attribute of a name in a certificate: "CN", "O", "OU", "C", "L", "ST", "emailAddress"
 * and so on.
 *
 * These are claims of whoever made the certificate. They decide neither who the server is (only the
 * alternative names are matched against hosts) nor who signed the certificate.
 *
 * @param cert       borrowed; may be NULL, which gives "".
 * @param field      TOFU_CERT_FIELD_SUBJECT or TOFU_CERT_FIELD_ISSUER; another number gives "".
 * @param attribute  the short name of the attribute, NUL-terminated; may be NULL, which gives "".
 * @param index      0 for the first value; a name may have several.
 * @return NUL-terminated UTF-8, escaped and fit to show, borrowed from the certificate; "" if there
 *         is no such value; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_cert_attribute(
    const tofu_cert *cert,
    tofu_cert_field field,
    const char *attribute,
    size_t index);

/**
 * Checks whether a certificate covers a host by RFC 9525: alternative names only, with wildcards in
 * the left-most label.
 *
 * It does not decide whether the certificate is trusted. A certificate that names the host only in
 * the CN of its subject does not match.
 *
 * @param cert  borrowed; must not be NULL.
 * @param host  a DNS name or IP address, NUL-terminated UTF-8; must not be NULL.
 * @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_NO_MATCH; TOFU_E_NAME if host is not a valid host name.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_cert_match_host(const tofu_cert *cert, const char *host, tofu_error **err);

/**
 * Writes a certificate as JSON (docs/json-certificate.md), as text for people, or as PEM.
 *
 * @param cert    borrowed; must not be NULL.
 * @param format  TOFU_FORMAT_JSON, TOFU_FORMAT_TEXT or TOFU_FORMAT_PEM.
 * @param out     where to write the text, owned by the caller, freed with tofu_text_free; NULL on
 *                failure; must not be NULL.
 * @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for another format.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_cert_format(
    const tofu_cert *cert,
    tofu_format format,
    tofu_text **out,
    tofu_error **err);

/**
 * Frees a certificate that the caller owns; never one that is borrowed from a chain or verdict.
 *
 * @param cert  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the certificate. Since: 0.1.0.
 */
void tofu_cert_free(tofu_cert *cert);

/**
 * Counts the values of a field of a certificate.
 *
 * @param cert   borrowed; may be NULL, which gives 0.
 * @param field  one of TOFU_CERT_FIELD_...; another number gives 0.
 * @return the number of values; 0 also if the extension is absent.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
size_t tofu_cert_count(const tofu_cert *cert, tofu_cert_field field);

/**
 * Gives a field of a certificate as text, escaped and fit to show.
 *
 * It does not decide whether what the certificate says is true.
 *
 * @param cert   borrowed; may be NULL, which gives "".
 * @param field  a field TOFU_CERT_FIELD_... that has strings; another one gives "".
 * @param index  0 for the first value; out of range gives "".
 * @return NUL-terminated UTF-8, borrowed from the certificate; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_cert_string(const tofu_cert *cert, tofu_cert_field field, size_t index);

/**
 * Gives a field of a certificate as a number.
 *
 * @param cert   borrowed; may be NULL, which gives 0.
 * @param field  a field TOFU_CERT_FIELD_... that has a number; another one gives 0.
 * @param index  0 for the first value; out of range gives 0.
 * @return the number; times are seconds since the epoch, UTC.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_cert_number(const tofu_cert *cert, tofu_cert_field field, size_t index);

/**
 * Gives a field of a certificate as raw bytes: DER, a name, a key, a hash. They are not escaped and
 * not fit to show.
 *
 * @param cert   borrowed; may be NULL, which gives NULL and the length 0.
 * @param field  a field TOFU_CERT_FIELD_... that has bytes; another one gives NULL and the length
 *               0.
 * @param index  0 for the first value; out of range gives NULL and the length 0.
 * @param len    where to write the number of bytes; may be NULL.
 * @return borrowed from the certificate; NULL if there are no bytes.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const uint8_t *tofu_cert_bytes(
    const tofu_cert *cert,
    tofu_cert_field field,
    size_t index,
    size_t *len);

/* ---- 2.2 Comparison -----------------------------------------------------------------------------
 * Two certificates side by side.
 *
 * tofu_diff: Two certificates side by side, field by field. It is immutable.
 */

/**
 * Compares two certificates field by field, to show old and new side by side.
 *
 * It does not decide whether the change is harmless.
 *
 * @param before  the old one, borrowed; must not be NULL.
 * @param now     the new one, borrowed; must not be NULL.
 * @param out     where to write the comparison, owned by the caller, freed with tofu_diff_free;
 *                NULL on failure; must not be NULL.
 * @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_cert_compare(
    const tofu_cert *before,
    const tofu_cert *now,
    tofu_diff **out,
    tofu_error **err);

/**
 * Counts the rows of a comparison.
 *
 * @param diff  borrowed; may be NULL, which gives 0.
 * @return the number of rows; any two certificates have the same fields in the same order.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
size_t tofu_diff_count(const tofu_diff *diff);

/**
 * Gives one row of a comparison.
 *
 * @param diff    borrowed; may be NULL, which gives 0 and empty texts.
 * @param index   0 for the first row; out of range gives 0 and empty texts.
 * @param field   where to write the stable code of the field, borrowed from the comparison; may be
 *                NULL.
 * @param before  where to write the old value, escaped and fit to show, borrowed from the
 *                comparison; may be NULL.
 * @param now     where to write the new value, escaped and fit to show, borrowed from the
 *                comparison; may be NULL.
 * @return 1 if the two differ; 0 if they are the same or there is no such row.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int32_t tofu_diff_row(
    const tofu_diff *diff,
    size_t index,
    const char **field,
    const char **before,
    const char **now);

/**
 * Writes a comparison as JSON or as two columns of text.
 *
 * @param diff    borrowed; must not be NULL.
 * @param format  TOFU_FORMAT_JSON or TOFU_FORMAT_TEXT.
 * @param width   characters in a line of text; 0 for 80, and a number below 60 counts as 60. JSON
 *                ignores it.
 * @param out     where to write the text, owned by the caller, freed with tofu_text_free; NULL on
 *                failure; must not be NULL.
 * @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for another format.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_diff_format(
    const tofu_diff *diff,
    tofu_format format,
    size_t width,
    tofu_text **out,
    tofu_error **err);

/**
 * Frees a comparison.
 *
 * @param diff  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the comparison. Since: 0.1.0.
 */
void tofu_diff_free(tofu_diff *diff);

/* ---- 2.3 Chain ----------------------------------------------------------------------------------
 * What a server sent, built one certificate at a time.
 *
 * tofu_chain: What a server sent, leaf first. One thread builds it; its first check freezes it, and
 * then it is immutable.
 */

/**
 * Makes an empty chain.
 *
 * @param out  where to write the chain, owned by the caller, freed with tofu_chain_free; NULL on
 *             failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_chain_new(tofu_chain **out, tofu_error **err);

/**
 * Adds a certificate as the server sent it. The leaf comes first.
 *
 * It does not judge: bytes that are not a certificate keep their place, and the check says what is
 * wrong. Only the limits (64 certificates, 256 KiB) refuse one.
 *
 * @param chain  not yet used in a check; must not be NULL.
 * @param der    the bytes, copied; may be NULL with len 0, which adds an empty, unreadable
 *               certificate.
 * @param len    their number.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_LIMIT; TOFU_E_STATE after the first check. A refusal is remembered, and
 *         the check fails with it.
 *
 * Thread safety: the thread that builds the chain. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_chain_push_der(
    tofu_chain *chain,
    const uint8_t *der,
    size_t len,
    tofu_error **err);

/**
 * Adds all certificates of a PEM file in their order. Text around them is ignored.
 *
 * It does not judge the certificates. Data that is not PEM, or that holds no certificate, is
 * refused, and then nothing is added.
 *
 * @param chain  not yet used in a check; must not be NULL.
 * @param pem    the text, copied, with or without a final NUL; may be NULL with len 0, which holds
 *               no certificate.
 * @param len    its length in bytes.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_PARSE; TOFU_E_LIMIT; TOFU_E_STATE after the first check. A refusal is
 *         remembered, and the check fails with it.
 *
 * Thread safety: the thread that builds the chain. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_chain_push_pem(
    tofu_chain *chain,
    const uint8_t *pem,
    size_t len,
    tofu_error **err);

/**
 * Gives the OCSP response that the server stapled (RFC 6066, section 8).
 *
 * It does not judge the response: the check uses it as far as it verifies.
 *
 * @param chain  not yet used in a check; must not be NULL.
 * @param der    the response, copied; may be NULL with len 0 for none.
 * @param len    its length in bytes.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_LIMIT; TOFU_E_STATE after the first check. A refusal is remembered, and
 *         the check fails with it.
 *
 * Thread safety: the thread that builds the chain. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_chain_set_ocsp(
    tofu_chain *chain,
    const uint8_t *der,
    size_t len,
    tofu_error **err);

/**
 * Counts the certificates of a chain, readable or not.
 *
 * @param chain  borrowed; may be NULL, which gives 0.
 * @return the number of certificates.
 *
 * Thread safety: any thread once the chain is frozen. Since: 0.1.0.
 */
size_t tofu_chain_count(const tofu_chain *chain);

/**
 * Gives one certificate of a chain. This does not freeze the chain.
 *
 * @param chain  borrowed; may be NULL, which gives NULL.
 * @param index  0 for the leaf.
 * @return borrowed from the chain (tofu_cert_clone keeps it longer); NULL if the index is out of
 *         range or the certificate is unreadable.
 *
 * Thread safety: any thread once the chain is frozen. Since: 0.1.0.
 */
const tofu_cert *tofu_chain_cert(const tofu_chain *chain, size_t index);

/**
 * Frees a chain that the caller owns, with the certificates borrowed from it; never one borrowed
 * from a verdict.
 *
 * @param chain  owned by the caller, who gives it up; may be NULL. Verdicts made from it live on.
 *
 * Thread safety: any thread, once no other one uses the chain. Since: 0.1.0.
 */
void tofu_chain_free(tofu_chain *chain);

/**
 * Decides the same with a chain that was built before, by tofu_chain_push_der or a probe.
 *
 * tofu_check_peer does this in one call.
 *
 * @param store    must not be NULL; there is no implied store.
 * @param host     the name that the program meant to reach, not what the certificate or a redirect
 *                 says, NUL-terminated UTF-8; must not be NULL.
 * @param port     the TCP port, 1 to 65535.
 * @param chain    what the server sent, leaf first; frozen by this call; must not be NULL.
 * @param options  what else is known of the connection; frozen by this call; may be NULL for none.
 * @param verdict  where to write the verdict, owned by the caller, freed with tofu_verdict_free;
 *                 written for TOFU_OK, TOFU_ASK and TOFU_REJECT, NULL otherwise; may be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return as tofu_check_peer, or what a setter of the chain was refused with.
 *
 * Thread safety: any thread; chain and options only once they are frozen. May wait for the disk.
 * Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_chain(
    tofu_store *store,
    const char *host,
    uint16_t port,
    const tofu_chain *chain,
    const tofu_check_options *options,
    tofu_verdict **verdict,
    tofu_error **err);

/* ---- 2.4 Check options --------------------------------------------------------------------------
 * What else is known about the connection.
 *
 * tofu_check_options: What the caller states about a check beside host, port and chain. One thread
 * builds it; its first check freezes it; it may be used again.
 */

/**
 * Makes the options of a check: no account, the system's clock, no flags, and the policy in force.
 *
 * @param out  where to write the options, owned by the caller, freed with tofu_check_options_free;
 *             NULL on failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_new(tofu_check_options **out, tofu_error **err);

/**
 * Names the account that the connection is for. Trust of one account never counts for another.
 *
 * @param options  not yet used; must not be NULL.
 * @param account  NUL-terminated UTF-8 of at most 255 bytes without control characters; "" for
 *                 none; "*" is refused; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NAME; TOFU_E_STATE after the first check. A refusal is remembered, and
 *         the check fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_set_account(
    tofu_check_options *options,
    const char *account,
    tofu_error **err);

/**
 * Sets the time of the check. Without it the system's clock counts.
 *
 * A check with TOFU_CHECK_DRY_RUN is judged at exactly this time, so that old chains can be looked
 * at. Every other check is judged at the library's release date if the time is earlier, and its
 * verdict has the reason "clock-wrong".
 *
 * @param options  not yet used; must not be NULL.
 * @param now      seconds since the epoch, UTC; 0 for the system's clock; a negative time is
 *                 refused.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID for a negative time; TOFU_E_STATE after the first check. A
 *         refusal is remembered, and the check fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_set_time(tofu_check_options *options, int64_t now, tofu_error **err);

/**
 * States facts about the connection, in place of those stated before.
 *
 * The library believes them. Set TOFU_CHECK_UNPROVEN wherever no handshake proved that the server
 * holds the leaf's key.
 *
 * @param options  not yet used; must not be NULL.
 * @param flags    any of TOFU_CHECK_...; other bits are refused.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID for other bits; TOFU_E_STATE after the first check. A refusal is
 *         remembered, and the check fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_set_flags(
    tofu_check_options *options,
    tofu_check_flags flags,
    tofu_error **err);

/**
 * Sets a policy for the check, in place of the one that the user or the administrator set for this
 * server or for all servers.
 *
 * An administrator's mandatory policy still applies. A program that only wants a further root or a
 * stricter field uses tofu_check_options_add_root or tofu_check_options_tighten instead, which keep
 * the user's policy in force. The policy is copied and frozen.
 *
 * @param options  not yet used; must not be NULL.
 * @param policy   borrowed; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; what a setter of the policy was refused with; TOFU_E_STATE after the first
 *         check. A refusal is remembered, and the check fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_set_policy(
    tofu_check_options *options,
    const tofu_policy *policy,
    tofu_error **err);

/**
 * Adds trust anchors to the policy in force: all certificates of a file in PEM or DER.
 *
 * The policy that the user or the administrator set stays in force, so this is the way to add a
 * private root. The anchors count beside those of the policy. Where an administrator's mandatory
 * policy limits the anchors, that limit holds. Text around the certificates and blocks of other
 * kinds are ignored, and so are certificates that OpenSSL's trust settings (TRUSTED CERTIFICATE) do
 * not trust for TLS servers.
 *
 * @param options     not yet used; must not be NULL.
 * @param pem_or_der  the bytes, copied; may be NULL with len 0, which holds no certificate and is
 *                    refused.
 * @param len         their number.
 * @param err         where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_PARSE for a certificate that cannot be read, and if none counts for TLS
 *         servers; TOFU_E_STATE after the first check. A refusal is remembered, and the check fails
 *         with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_add_root(
    tofu_check_options *options,
    const uint8_t *pem_or_der,
    size_t len,
    tofu_error **err);

/**
 * Adds the trust anchors of a file to the policy in force, as tofu_check_options_add_root does.
 *
 * The file is read by this call, and not again.
 *
 * @param options  not yet used; must not be NULL.
 * @param path     a file in PEM or DER of at most 16 MiB, NUL-terminated UTF-8; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_IO if the file cannot be read; TOFU_E_LIMIT for a larger one;
 *         TOFU_E_PARSE for a certificate that cannot be read, and if none counts for TLS servers;
 *         TOFU_E_STATE after the first check. The message names the file. A refusal is remembered,
 *         and the check fails with it.
 *
 * Thread safety: the thread that builds the options; waits for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_add_root_file(
    tofu_check_options *options,
    const char *path,
    tofu_error **err);

/**
 * Makes a field of the policy in force at least as strict as this value.
 *
 * It never loosens: where the policy of the user, the administrator or the program is stricter,
 * that one counts.
 *
 * @param options  not yet used; must not be NULL.
 * @param field    the name of a field of policies, "change" for example, NUL-terminated; must not
 *                 be NULL.
 * @param value    one of its values, "reject" for example, NUL-terminated; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for an unknown field or value, and for a field that has no
 *         stricter value; TOFU_E_STATE after the first check. A refusal is remembered, and the
 *         check fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_tighten(
    tofu_check_options *options,
    const char *field,
    const char *value,
    tofu_error **err);

/**
 * Adds a TLSA record of the host and port (RFC 6698).
 *
 * It does not ask the DNS, and it believes dnssec_validated. Claim that only if a validating
 * resolver that the program trusts said so over a path that nobody can tamper with, such as the AD
 * bit of a resolver on this machine. A record that is not validated only informs.
 *
 * @param options           not yet used; must not be NULL.
 * @param rdata             usage, selector, matching type and data, copied; may be NULL with len 0,
 *                          which is an unusable record.
 * @param len               their length in bytes, at most 65535.
 * @param dnssec_validated  1 if DNSSEC validated the record, 0 if not; another number is refused.
 * @param err               where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_LIMIT beyond 64 records; TOFU_E_STATE after the first check. A refusal is
 *         remembered, and the check fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_add_tlsa(
    tofu_check_options *options,
    const uint8_t *rdata,
    size_t len,
    int32_t dnssec_validated,
    tofu_error **err);

/**
 * Adds a certificate revocation list (RFC 5280, section 5) in DER, of version 1 or 2.
 *
 * It does not fetch lists, and it does not believe a list that does not verify under the issuer
 * that it speaks for. A list that is out of date or of an unsupported kind still counts for what it
 * revokes, and the verdict has a note.
 *
 * @param options  not yet used; must not be NULL.
 * @param der      the list, copied; may be NULL with len 0, which is an unusable list.
 * @param len      its length in bytes.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_LIMIT beyond 64 lists or 64 MiB; TOFU_E_STATE after the first check. A
 *         refusal is remembered, and the check fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_check_options_add_crl(
    tofu_check_options *options,
    const uint8_t *der,
    size_t len,
    tofu_error **err);

/**
 * Frees the options of a check.
 *
 * @param options  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
 */
void tofu_check_options_free(tofu_check_options *options);

/* ---- 2.5 Policy ---------------------------------------------------------------------------------
 * How strict the decision is.
 *
 * tofu_policy: How facts become a decision. One thread builds it. It is copied where it is set or
 * saved, which freezes it.
 */

/**
 * Makes a policy from a preset. docs/policy.md says what each preset contains.
 *
 * It has no effect until it is set on a check or saved.
 *
 * @param preset  "default", "accept-new", "careful", "strict", "ca-only", "rfc8314" or "local",
 *                NUL-terminated; must not be NULL.
 * @param out     where to write the policy, owned by the caller, freed with tofu_policy_free; NULL
 *                on failure; must not be NULL.
 * @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for another preset.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_policy_new(const char *preset, tofu_policy **out, tofu_error **err);

/**
 * Sets a field of a policy. docs/policy.md lists the fields and their values.
 *
 * @param policy  not yet set on a check or saved; must not be NULL.
 * @param field   the name of the field, "first-use" for example, NUL-terminated; must not be NULL.
 * @param value   its value, "ask" for example, NUL-terminated; must not be NULL.
 * @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for an unknown field or value; TOFU_E_STATE once it was set
 *         on a check or saved. A refusal is remembered, and the call that uses the policy fails
 *         with it.
 *
 * Thread safety: the thread that builds the policy. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_policy_set(
    tofu_policy *policy,
    const char *field,
    const char *value,
    tofu_error **err);

/**
 * Adds trust anchors to a policy: all certificates of a file in PEM or DER.
 *
 * Text around them and blocks of other kinds are ignored, and so are certificates that OpenSSL's
 * trust settings (TRUSTED CERTIFICATE) do not trust for TLS servers. The anchors count beside the
 * system's, or alone if the field "system-roots" is "no". A program that only wants to add a
 * private root uses tofu_check_options_add_root, which keeps the user's policy in force.
 *
 * @param policy      not yet set on a check or saved; must not be NULL.
 * @param pem_or_der  the bytes, copied; may be NULL with len 0, which holds no certificate and is
 *                    refused.
 * @param len         their number.
 * @param err         where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_PARSE for a certificate that cannot be read, and if none counts for TLS
 *         servers; TOFU_E_STATE once it was set on a check or saved. A refusal is remembered, and
 *         the call that uses the policy fails with it.
 *
 * Thread safety: the thread that builds the policy. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_policy_add_root(
    tofu_policy *policy,
    const uint8_t *pem_or_der,
    size_t len,
    tofu_error **err);

/**
 * Gives the text of a field of a policy; "json" gives all fields.
 *
 * @param policy  borrowed; may be NULL, which gives "".
 * @param field   the name of the field, NUL-terminated; may be NULL, which gives "".
 * @return NUL-terminated UTF-8, borrowed from the policy; "" for an unknown field; never NULL.
 *
 * Thread safety: any thread once the policy is frozen. Since: 0.1.0.
 */
const char *tofu_policy_get(const tofu_policy *policy, const char *field);

/**
 * Frees a policy. Copies of it live on where it was set or saved.
 *
 * @param policy  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the policy. Since: 0.1.0.
 */
void tofu_policy_free(tofu_policy *policy);

/**
 * Reads the system's trust anchors again, for a program that runs for months. All stores and checks
 * of this process use the new set from their next check on.
 *
 * It does not reload anchors that the program added.
 *
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_ROOTS, with a message that names where they were looked for.
 *
 * Thread safety: any thread; waits for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_roots_reload(tofu_error **err);

/* ---- 2.6 Dial options ---------------------------------------------------------------------------
 * How to connect.
 *
 * tofu_dial_options: How one connection is to be made. One thread builds it, and one tofu_probe or
 * tofu_connect uses it up. Any thread may call tofu_dial_options_cancel.
 */

/**
 * Makes dial options: the protocol that the port implies, addresses from the system's resolver, and
 * the usual time limits.
 *
 * It does not connect.
 *
 * @param out  where to write the options, owned by the caller, freed with tofu_dial_options_free;
 *             NULL on failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_IO if no file descriptor is left.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_dial_options_new(tofu_dial_options **out, tofu_error **err);

/**
 * Sets a field.
 * - "starttls": "imap", "pop3", "smtp", "lmtp", "sieve", "ldap", "xmpp", "nntp", "ftp" or
 *   "postgres" for that dialogue before TLS; "no" for TLS from the first byte. Without it the port
 *   decides (143 is IMAP with STARTTLS, 993 and unknown ports are TLS from the first byte). There
 *   is no way to go on without TLS.
 * - "alpn": the protocol names to offer, separated by commas, the best first; "" for none, the
 *   default.
 * - "sni": the name that is sent in the clear; "" for none; the host by default. The certificate is
 *   always checked against the host.
 * - "address": connect to this IP address, "192.0.2.1" or "192.0.2.1:10993", instead of looking the
 *   host up. IPv6 addresses are in brackets before a port, and link-local ones have their zone
 *   ("fe80::1%eth0"). It may be set up to 32 times.
 * - "connect-ms" (lookup and TCP), "starttls-ms" and "handshake-ms": the time limits of these
 *   steps, 15000 each by default.
 * - "deadline-ms": the time limit of all of them together, 30000 by default, which a server cannot
 *   stretch by sending single bytes.
 * - "read-ms" and "write-ms": the time limits of one later read and one later write, 300000 and
 *   60000 by default.
 * - "nonblock": "yes" for a connection that never waits, which needs tofu_dial_options_set_fd; "no"
 *   is the default.
 *
 * @param dial   not yet used; must not be NULL.
 * @param field  the name of the field, NUL-terminated; must not be NULL.
 * @param value  its value, NUL-terminated; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for an unknown field or value; TOFU_E_NAME for an invalid
 *         name; TOFU_E_LIMIT for too many addresses; TOFU_E_STATE after the use. A refusal is
 *         remembered, and tofu_probe or tofu_connect fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_dial_options_set(
    tofu_dial_options *dial,
    const char *field,
    const char *value,
    tofu_error **err);

/**
 * Uses a socket that is already connected (by the program's event loop, through a proxy, through
 * Tor).
 *
 * It does not find out who is at the other end: the certificate is still checked against the host
 * given to tofu_probe or tofu_connect. The file descriptor is duplicated (close-on-exec). The
 * caller keeps its own, may close it at any time, and must not read or write on it until the
 * connection is freed. The connection ends when both are closed. The blocking mode does not matter
 * and is not changed.
 *
 * @param dial  not yet used; must not be NULL.
 * @param fd    a connected stream socket, TCP or Unix; other file descriptors are refused.
 * @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID; TOFU_E_IO if no file descriptor is left; TOFU_E_STATE after the
 *         use. A refusal is remembered, and tofu_probe or tofu_connect fails with it. They also
 *         refuse a socket that is not connected.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_dial_options_set_fd(tofu_dial_options *dial, int fd, tofu_error **err);

/**
 * Permanently cancels every operation that uses these options: a tofu_probe or tofu_connect under
 * way, and every later wait of the connection, end with TOFU_E_CANCELLED. An operation that has not
 * begun does not begin.
 *
 * It does not close the connection and frees nothing. A call that need not wait may still succeed.
 *
 * @param dial  not freed; may be NULL, which does nothing.
 *
 * Thread safety: any thread, at any time until tofu_dial_options_free, also while another thread
 * connects, reads or writes. Do not call it in a child of fork(2), where it would reach the
 * parent's connection. Since: 0.1.0.
 */
void tofu_dial_options_cancel(tofu_dial_options *dial);

/**
 * Frees dial options. A connection made with them lives on with all its settings, but can no longer
 * be cancelled; a program that wants to cancel keeps the options as long as the connection.
 *
 * @param dial  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once tofu_probe or tofu_connect has returned and no other thread uses
 * the options. Since: 0.1.0.
 */
void tofu_dial_options_free(tofu_dial_options *dial);

/* ---- 2.7 Connection -----------------------------------------------------------------------------
 * A TLS connection made by the library.
 *
 * tofu_conn: A connection to one endpoint. One thread reads and one thread writes at a time.
 */

/**
 * Connects to a server, checks it, and holds back all application data until it is accepted.
 *
 * It looks the host up, connects, asks for TLS (by STARTTLS where the port or the dial options say
 * so, and never anything else in its place), lets the server prove that it holds its key, and
 * decides as tofu_check_chain does. It asks nobody: after TOFU_ASK the connection stays open and
 * nothing was sent on it. Ask what tofu_verdict_answer says, record a yes with tofu_verdict_trust
 * and tofu_conn_verdict, and call tofu_conn_handshake, which checks again on this same connection.
 * It does not log in.
 *
 * @param store    the connection keeps it open; must not be NULL; there is no implied store.
 * @param host     the name that the program means to reach, not what a redirect or an SRV record of
 *                 unsigned DNS says, NUL-terminated UTF-8; must not be NULL.
 * @param port     the TCP port, 1 to 65535.
 * @param dial     how to connect, used up by this call; may be NULL for the usual way.
 * @param options  what else is known of the connection; frozen by this call. TOFU_CHECK_UNPROVEN
 *                 and TOFU_CHECK_RESUMED are refused, because the library itself makes the
 *                 handshake; may be NULL for none.
 * @param out      where to write the connection, owned by the caller, freed with tofu_conn_free;
 *                 written for TOFU_OK, TOFU_ASK, TOFU_REJECT and TOFU_AGAIN, NULL otherwise; must
 *                 not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: accepted, go ahead. TOFU_ASK: a person must answer. TOFU_REJECT: no. TOFU_AGAIN:
 *         only if non-blocking, and tofu_conn_handshake goes on. TOFU_E_NETWORK if the server could
 *         not be found or reached, or the connection broke; TOFU_E_TIMEOUT; TOFU_E_CANCELLED;
 *         TOFU_E_STARTTLS; TOFU_E_STRIPPED if the server no longer offers TLS, which it did before;
 *         TOFU_E_TLS; TOFU_E_LIMIT; TOFU_E_IO if the system has no file descriptor or thread left;
 *         TOFU_E_STATE for dial options that were used; TOFU_E_NAME, TOFU_E_PARSE and TOFU_E_ROOTS
 *         as in tofu_check_peer; what a setter of the dial or check options was refused with; store
 *         errors.
 *
 * Thread safety: any thread; waits for the network as long as the time limits allow. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_connect(
    tofu_store *store,
    const char *host,
    uint16_t port,
    tofu_dial_options *dial,
    const tofu_check_options *options,
    tofu_conn **out,
    tofu_error **err);

/**
 * Continues the handshake after TOFU_AGAIN, and when it is complete decides again about what this
 * connection presented.
 *
 * Call it after the user's yes, and on a long-lived connection whenever trust may have changed
 * (tofu_store_generation moved): what was accepted may have been blocked since. It asks nobody.
 *
 * @param conn  must not be NULL.
 * @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: accepted, data may flow. TOFU_ASK or TOFU_REJECT: no data flows any more.
 *         TOFU_AGAIN: only if non-blocking; wait for what tofu_conn_wants says and call again.
 *         TOFU_E_NETWORK, TOFU_E_TIMEOUT, TOFU_E_CANCELLED, TOFU_E_STARTTLS, TOFU_E_STRIPPED,
 *         TOFU_E_TLS, TOFU_E_LIMIT and TOFU_E_IO as in tofu_connect, which end the connection, so
 *         that every later call gives the same error. TOFU_E_PARSE, TOFU_E_ROOTS and TOFU_E_STATE
 *         as in tofu_check_peer, and store errors, after which no data flows until a later call
 *         accepts.
 *
 * Thread safety: one thread at a time, the writer's or the reader's. May wait for the network and
 * the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_conn_handshake(tofu_conn *conn, tofu_error **err);

/**
 * Gives the latest verdict on the connection, to show and for tofu_verdict_trust.
 *
 * @param conn  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the connection, and valid as long as the connection even if a later
 *         handshake has made another verdict; NULL before the first one, and for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_verdict *tofu_conn_verdict(const tofu_conn *conn);

/**
 * Reads what the server sent: at least one byte, unless len is 0.
 *
 * If non-blocking, read until TOFU_AGAIN before polling the file descriptor: the connection may
 * hold more that is already decrypted.
 *
 * @param conn  must not be NULL.
 * @param buf   where to write the bytes; may be NULL with len 0, which reads nothing.
 * @param len   how many bytes it holds.
 * @param got   where to write how many bytes were read, 0 unless TOFU_OK; must not be NULL.
 * @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: bytes were read. TOFU_END: the server closed its side in an orderly way, and
 *         everything was read. TOFU_AGAIN: only if non-blocking, nothing is there yet. TOFU_ASK or
 *         TOFU_REJECT: nothing was read, because the verdict is not accept. TOFU_E_TRUNCATED: the
 *         connection was cut off without TLS's closing message, and what was read may be
 *         incomplete. TOFU_E_TIMEOUT and TOFU_E_CANCELLED, after which the connection can still be
 *         used unless it was cancelled; TOFU_E_NETWORK and TOFU_E_TLS, which end it; TOFU_E_STATE
 *         before the handshake is complete and after a check that failed; TOFU_E_FORKED in a child
 *         of fork(2); TOFU_E_IO.
 *
 * Thread safety: one reader thread at a time, while another thread may write. Waits for the
 * network. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_conn_read(
    tofu_conn *conn,
    uint8_t *buf,
    size_t len,
    size_t *got,
    tofu_error **err);

/**
 * Writes as much as is taken at once, which may be less than len; call again with the rest.
 *
 * If blocking, the system has what was taken when the call returns; only the server's answer tells
 * that it got it. If non-blocking, the connection may hold some of it until a later call, and
 * tofu_conn_wants says so.
 *
 * @param conn     must not be NULL.
 * @param data     the bytes; may be NULL with len 0, which writes nothing.
 * @param len      their number.
 * @param written  where to write how many bytes were taken, 0 unless TOFU_OK; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: that many bytes were taken. TOFU_AGAIN: only if non-blocking, none were.
 *         TOFU_ASK or TOFU_REJECT: nothing was written, because the verdict is not accept.
 *         TOFU_E_TIMEOUT, TOFU_E_CANCELLED, TOFU_E_NETWORK and TOFU_E_TLS, which end the
 *         connection: an unknown part was sent, and every later call gives the same error.
 *         TOFU_E_STATE before the handshake is complete, after a check that failed, and after
 *         tofu_conn_shutdown; TOFU_E_FORKED in a child of fork(2); TOFU_E_IO.
 *
 * Thread safety: one writer thread at a time, while another thread may read. Waits for the network.
 * Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_conn_write(
    tofu_conn *conn,
    const uint8_t *data,
    size_t len,
    size_t *written,
    tofu_error **err);

/**
 * Says that nothing more will be written. What the server still sends can be read, up to its own
 * end (half-close).
 *
 * It does not close the file descriptor; tofu_conn_free does.
 *
 * @param conn  must not be NULL.
 * @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: the closing message was sent. TOFU_AGAIN: only if non-blocking, it was not; call
 *         again. TOFU_E_TIMEOUT; TOFU_E_CANCELLED; TOFU_E_NETWORK; TOFU_E_STATE before the
 *         handshake is complete; TOFU_E_FORKED in a child of fork(2); TOFU_E_IO.
 *
 * Thread safety: the writer thread. Waits for the network. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_conn_shutdown(tofu_conn *conn, tofu_error **err);

/**
 * Gives the file descriptor for poll(2) and similar calls. Do not read from it, write to it, or
 * close it.
 *
 * @param conn  borrowed; may be NULL, which gives -1.
 * @return the connection's own file descriptor, open as long as the connection. A missing one is
 *         returned as -1.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int tofu_conn_fd(const tofu_conn *conn);

/**
 * What to poll a descriptor for.
 */
typedef uint32_t tofu_wants;
#define TOFU_WANTS_READ  0x00400000 /**< Poll until the descriptor is readable. */
#define TOFU_WANTS_WRITE 0x00800000 /**< Poll until the descriptor is writable. */

/**
 * Says what to poll the file descriptor for before the next call, if non-blocking.
 *
 * After the handshake TOFU_WANTS_READ is always set, and TOFU_WANTS_WRITE as long as something
 * waits to be sent.
 *
 * @param conn  borrowed; may be NULL, which gives 0.
 * @return any of TOFU_WANTS_READ and TOFU_WANTS_WRITE.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_wants tofu_conn_wants(const tofu_conn *conn);

/**
 * A field of a TLS session, for tofu_probe_result_string, tofu_probe_result_number,
 * tofu_conn_string and tofu_conn_number. Each says whether it is a text or a number, and if only
 * one of probes and connections has it.
 */
typedef int32_t tofu_session_field;
#define TOFU_SESSION_FIELD_HOST               2501 /**< Text: the host asked for, in its canonical
                                                        spelling. */
#define TOFU_SESSION_FIELD_PORT               2502 /**< Number: the port asked for. */
#define TOFU_SESSION_FIELD_ADDRESS            2503 /**< Text: the address reached, with its port
                                                        ("192.0.2.1:993"); "" for a Unix socket. */
#define TOFU_SESSION_FIELD_SNI                2504 /**< Text: the name that was sent in the clear
                                                        (SNI); "" if none was sent. */
#define TOFU_SESSION_FIELD_STARTTLS           2505 /**< Text: the protocol whose STARTTLS was used
                                                        ("imap"); "" for TLS from the first byte. */
#define TOFU_SESSION_FIELD_GREETING           2506 /**< Text: the server's first line before TLS,
                                                        which nobody vouches for; "" without
                                                        STARTTLS. */
#define TOFU_SESSION_FIELD_PROTOCOL           2507 /**< Text: the version of TLS ("TLS 1.3"). A
                                                        probe gives it also if the handshake could
                                                        not be finished. */
#define TOFU_SESSION_FIELD_SUITE              2508 /**< Text: the cipher suite by its IANA name. A
                                                        probe gives it also if the handshake could
                                                        not be finished. */
#define TOFU_SESSION_FIELD_GROUP              2509 /**< Text: the group of the key exchange by its
                                                        IANA name; "" for none. */
#define TOFU_SESSION_FIELD_ALPN               2510 /**< Text: what ALPN agreed on; "" for
                                                        nothing. */
#define TOFU_SESSION_FIELD_JSON               2511 /**< Text of a probe: everything as JSON
                                                        (docs/json-probe.md). */
#define TOFU_SESSION_FIELD_PROVEN             2512 /**< Number of a probe: 1 if the server proved in
                                                        the handshake that it holds the leaf's key.
                                                        If it is 0, anybody could have sent the
                                                        chain. */
#define TOFU_SESSION_FIELD_CLIENT_CERTIFICATE 2513 /**< Number of a probe: 1 if the server asked for
                                                        a client certificate. */
#define TOFU_SESSION_FIELD_OCSP_STAPLED       2514 /**< Number of a probe: 1 if the server stapled
                                                        an OCSP response. */
#define TOFU_SESSION_FIELD_RESOLVE_US         2515 /**< Number: microseconds that the lookup of the
                                                        name took; 0 if there was none. */
#define TOFU_SESSION_FIELD_CONNECT_US         2516 /**< Number: microseconds that connecting took; 0
                                                        with a socket of the caller's. */
#define TOFU_SESSION_FIELD_STARTTLS_US        2517 /**< Number: microseconds that the dialogue
                                                        before TLS took; 0 if there was none. */
#define TOFU_SESSION_FIELD_HANDSHAKE_US       2518 /**< Number: microseconds that the handshake
                                                        took; 0 if it was not finished. */

/**
 * Gives a text of a connection, escaped and fit to show.
 *
 * @param conn   borrowed; may be NULL, which gives "".
 * @param field  a field TOFU_SESSION_FIELD_... that is a text; another number gives "".
 * @return NUL-terminated UTF-8, borrowed from the connection; "" also before the handshake is
 *         complete; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_conn_string(const tofu_conn *conn, tofu_session_field field);

/**
 * Gives a number of a connection.
 *
 * @param conn   borrowed; may be NULL, which gives 0.
 * @param field  a field TOFU_SESSION_FIELD_... that is a number; another one gives 0.
 * @return the number; 0 for a step that was not made or is not complete.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_conn_number(const tofu_conn *conn, tofu_session_field field);

/**
 * Closes and frees a connection. TLS's closing message is sent if it was not sent before and can be
 * sent at once.
 *
 * A socket of the caller's (tofu_dial_options_set_fd) stays open; the caller closes it. In a child
 * of fork(2) nothing is sent.
 *
 * @param conn  owned by the caller, who gives it up together with everything borrowed from it,
 *              verdicts included; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the connection. To end a wait, call
 * tofu_dial_options_cancel first. Since: 0.1.0.
 */
void tofu_conn_free(tofu_conn *conn);

/* ---- 2.8 Probe ----------------------------------------------------------------------------------
 * What a server shows, without trusting it.
 *
 * tofu_probe_result: What a server showed. It is immutable.
 */

/**
 * Fetches what a server presents: connects, asks for TLS, makes the handshake, and hangs up.
 *
 * It trusts nothing, asks no store and decides nothing: TOFU_OK says that certificates were seen,
 * not that they are any good. To judge them, give tofu_probe_result_chain to tofu_check_chain, with
 * TOFU_CHECK_UNPROVEN unless TOFU_SESSION_FIELD_PROVEN is 1. A later connection must be checked for
 * itself; tofu_connect does so. If no session is possible because the server wants a client
 * certificate or no version of TLS is common, and its certificates were seen, that is TOFU_OK as
 * well, and tofu_probe_result_failure says why.
 *
 * @param host  NUL-terminated UTF-8; must not be NULL.
 * @param port  1 to 65535.
 * @param dial  how to connect, used up by this call; may be NULL for the usual way.
 * @param out   where to write the result, owned by the caller, freed with tofu_probe_result_free;
 *              NULL on failure; must not be NULL.
 * @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: certificates were seen. TOFU_E_NAME; TOFU_E_NETWORK if the server could not be
 *         found or reached, or the connection broke; TOFU_E_TIMEOUT; TOFU_E_CANCELLED;
 *         TOFU_E_STARTTLS; TOFU_E_TLS; TOFU_E_LIMIT for more data than the library reads; TOFU_E_IO
 *         if the system has no file descriptor or thread left; TOFU_E_STATE for dial options that
 *         were used; TOFU_E_INVALID also for non-blocking ones; what a setter of the dial options
 *         was refused with.
 *
 * Thread safety: any thread; waits for the network as long as the time limits allow. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_probe(
    const char *host,
    uint16_t port,
    tofu_dial_options *dial,
    tofu_probe_result **out,
    tofu_error **err);

/**
 * Gives what the server sent, leaf first.
 *
 * @param result  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the result, frozen, with the stapled OCSP response if there was one; NULL
 *         for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_chain *tofu_probe_result_chain(const tofu_probe_result *result);

/**
 * Says why no session with the server is possible, although its certificates were seen: "this
 * server speaks only TLS 1.0".
 *
 * @param result  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the result, and not freed by the caller; NULL if the handshake succeeded,
 *         and for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_error *tofu_probe_result_failure(const tofu_probe_result *result);

/**
 * Gives a text of a probe, escaped and fit to show.
 *
 * @param result  borrowed; may be NULL, which gives "".
 * @param field   a field TOFU_SESSION_FIELD_... that is a text; another number gives "".
 * @return NUL-terminated UTF-8, borrowed from the result; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_probe_result_string(const tofu_probe_result *result, tofu_session_field field);

/**
 * Gives a number of a probe.
 *
 * @param result  borrowed; may be NULL, which gives 0.
 * @param field   a field TOFU_SESSION_FIELD_... that is a number; another one gives 0.
 * @return the number.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_probe_result_number(const tofu_probe_result *result, tofu_session_field field);

/**
 * Frees the result of a probe.
 *
 * @param result  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the result. Since: 0.1.0.
 */
void tofu_probe_result_free(tofu_probe_result *result);

/* ==== Part III: managing what is remembered ======================================================
 * For settings dialogs and administration tools.
 */

/* ---- 3.1 Endpoint -------------------------------------------------------------------------------
 * An account, host and port: the scope of trust.
 *
 * tofu_endpoint: An account, host and port: the scope of trust. An endpoint from a list also has
 * what was known of it at that time. It is immutable.
 */

/**
 * Names an endpoint, for management calls. Nothing is looked up.
 *
 * @param account  NUL-terminated UTF-8; "*" for every account of the host and port; may be NULL,
 *                 which is the same as "", for no account.
 * @param host     NUL-terminated UTF-8, brought into its canonical spelling; must not be NULL.
 * @param port     the TCP port, 1 to 65535.
 * @param out      where to write the endpoint, owned by the caller, freed with tofu_endpoint_free;
 *                 NULL on failure; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NAME if host, port or account is not valid.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_endpoint_new(
    const char *account,
    const char *host,
    uint16_t port,
    tofu_endpoint **out,
    tofu_error **err);

/**
 * A field of an endpoint, for tofu_endpoint_string and tofu_endpoint_number.
 */
typedef int32_t tofu_endpoint_field;
#define TOFU_ENDPOINT_FIELD_ACCOUNT             2101 /**< Text: the account, fit to show. "*" stands
                                                          for every account. */
#define TOFU_ENDPOINT_FIELD_HOST                2102 /**< Text: the host in its canonical
                                                          spelling. */
#define TOFU_ENDPOINT_FIELD_DISPLAY             2103 /**< Text: host, port and account in one, as
                                                          messages have it. */
#define TOFU_ENDPOINT_FIELD_PORT                2104 /**< Number: the TCP port. */
#define TOFU_ENDPOINT_FIELD_FIRST_SEEN          2105 /**< Number: when it was first contacted. */
#define TOFU_ENDPOINT_FIELD_LAST_SEEN           2106 /**< Number: when it was last accepted, to the
                                                          day. */
#define TOFU_ENDPOINT_FIELD_FIRST_VALID         2107 /**< Number: when a CA, DANE or a private CA
                                                          first vouched for it. */
#define TOFU_ENDPOINT_FIELD_LAST_VALID          2108 /**< Number: when one of these last did, to the
                                                          day. */
#define TOFU_ENDPOINT_FIELD_EXPECT_CHANGE_UNTIL 2109 /**< Number: until when a change was announced
                                                          with tofu_endpoint_expect_change. */
#define TOFU_ENDPOINT_FIELD_FORGOTTEN           2110 /**< Number: when it was forgotten; the next
                                                          contact asks. */
#define TOFU_ENDPOINT_FIELD_PINS                2111 /**< Number: how many pins it has, in any
                                                          state. */
#define TOFU_ENDPOINT_FIELD_HAS_POLICY          2112 /**< Number: 1 if it has a policy of its
                                                          own. */

/**
 * Gives a text of an endpoint, escaped and fit to show.
 *
 * @param endpoint  borrowed; may be NULL, which gives "".
 * @param field     a field TOFU_ENDPOINT_FIELD_... that is a text; another one gives "".
 * @return NUL-terminated UTF-8, borrowed from the endpoint; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_endpoint_string(const tofu_endpoint *endpoint, tofu_endpoint_field field);

/**
 * Gives a number of an endpoint. Only an endpoint from a list of endpoints has more than its port.
 *
 * @param endpoint  borrowed; may be NULL, which gives 0.
 * @param field     a field TOFU_ENDPOINT_FIELD_... that is a number; another one gives 0.
 * @return the port, a count, or a time in seconds since the epoch, UTC; 0 for "never" and for what
 *         this object does not know.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_endpoint_number(const tofu_endpoint *endpoint, tofu_endpoint_field field);

/**
 * Where an endpoint stands as a whole: what counts most for the next check.
 */
typedef int32_t tofu_standing;
#define TOFU_STANDING_TRUSTED   1701 /**< It has a trusted pin of its own that has not expired, and
                                          whose key is not blocked. */
#define TOFU_STANDING_SYSTEM    1702 /**< It has no such pin of its own, but one in a store of the
                                          system. */
#define TOFU_STANDING_EXPIRED   1703 /**< It has trusted pins, and all of them have expired. */
#define TOFU_STANDING_VALID     1704 /**< A CA or DANE vouched for it when it was last accepted, and
                                          no pin trusts it. */
#define TOFU_STANDING_STAGED    1705 /**< Nothing trusts it yet, but its next key is announced. */
#define TOFU_STANDING_BLOCKED   1706 /**< It has a blocked or compromised key, and no trusted
                                          one. */
#define TOFU_STANDING_FORGOTTEN 1707 /**< It was forgotten. The next contact asks. */
#define TOFU_STANDING_RETIRED   1708 /**< It had trusted keys and has none now. */
#define TOFU_STANDING_ACCEPTED  1709 /**< It was accepted, and no pin trusts it. */
#define TOFU_STANDING_SEEN      1710 /**< It was seen and never accepted. */
#define TOFU_STANDING_POLICY    1711 /**< It has settings and nothing else. */

/**
 * Says where an endpoint stands as a whole, for lists: what counts most for the next check.
 *
 * It is a summary of what is stored, with the blocks that hold everywhere and the stores of the
 * system. Only a check decides about a connection.
 *
 * @param endpoint  borrowed; may be NULL, which gives 0.
 * @return one of TOFU_STANDING_..., as of the time when the list was read; 0 for an endpoint that
 *         is not from a list of endpoints.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
tofu_standing tofu_endpoint_standing(const tofu_endpoint *endpoint);

/**
 * Announces that an endpoint will change: until then a loss of CA validity is asked about instead
 * of rejected.
 *
 * This is the way back from a downgrade for a person who knows the reason. It trusts nothing by
 * itself.
 *
 * @param store     must not be NULL.
 * @param endpoint  borrowed; must not be NULL.
 * @param until     seconds since the epoch, UTC; 0 withdraws the announcement; a time in the past
 *                  is refused.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_endpoint_expect_change(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    int64_t until,
    tofu_error **err);

/**
 * What is forgotten of an endpoint.
 */
typedef uint64_t tofu_forget_flags;
#define TOFU_FORGET_PINS      0x04000000 /**< Its pins, except the blocked and compromised ones. */
#define TOFU_FORGET_SIGHTINGS 0x08000000 /**< What was seen of it. */
#define TOFU_FORGET_PENDING   0x10000000 /**< Its pending questions. */
#define TOFU_FORGET_POLICY    0x20000000 /**< Its own policy, and a change that was announced. */

/**
 * Forgets an endpoint, or a part of what is known of it. tofu_store_undo can undo this.
 * - Forgetting never adds trust: the next contact asks, even where the policy accepts a first use.
 * - What is blocked stays blocked.
 * - That the endpoint was once CA-valid stays known, so that forgetting is no way around a
 *   downgrade.
 * - Trust for the session ends.
 * - What is trusted for any account, or by a store below, stays trusted. The text of the event
 *   names it.
 *
 * @param store     must not be NULL.
 * @param endpoint  borrowed; must not be NULL.
 * @param what      any of TOFU_FORGET_...; 0 for all of them; other bits are refused.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND if nothing is known of it; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_endpoint_forget(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    tofu_forget_flags what,
    tofu_error **err);

/**
 * Frees an endpoint that the caller owns; never one borrowed from a list, a pin or a verdict.
 *
 * @param endpoint  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the endpoint. Since: 0.1.0.
 */
void tofu_endpoint_free(tofu_endpoint *endpoint);

/* ---- 3.2 List -----------------------------------------------------------------------------------
 * Goes through endpoints, pins, pending questions or events.
 *
 * tofu_iter: A list being read, made by tofu_list_endpoints, tofu_list_pins, tofu_list_pending or
 * tofu_list_events. One thread uses it at a time.
 */

/**
 * Whether and how a pin counts.
 */
typedef int32_t tofu_pin_state;
#define TOFU_PIN_STATE_TRUSTED     201 /**< The pin counts. */
#define TOFU_PIN_STATE_STAGED      202 /**< The pin is the next key, announced beforehand. */
#define TOFU_PIN_STATE_RETIRED     203 /**< Another pin replaced it. */
#define TOFU_PIN_STATE_BLOCKED     204 /**< What it names is refused. */
#define TOFU_PIN_STATE_COMPROMISED 205 /**< What it names is refused, because its private key is in
                                            other hands. */

/**
 * Lists endpoints, by host, port and account.
 *
 * Reads nothing yet. A change made while the list is read may or may not show in it; an item that
 * stays is neither left out nor given twice. The list keeps the store open: free it too. This holds
 * for all lists.
 *
 * @param store  must not be NULL.
 * @param host   lists this host only, NUL-terminated; may be NULL for all.
 * @param state  lists endpoints with a pin in this state only, one of TOFU_PIN_STATE_...; 0 for
 *               all.
 * @param out    where to write the list, owned by the caller, freed with tofu_iter_free; NULL on
 *               failure; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_list_endpoints(
    tofu_store *store,
    const char *host,
    tofu_pin_state state,
    tofu_iter **out,
    tofu_error **err);

/**
 * Lists pins, by host, port and account; what is blocked everywhere comes last.
 *
 * @param store  must not be NULL.
 * @param host   lists pins of this host only, NUL-terminated; may be NULL for all.
 * @param key    lists pins for the key or certificate with this SHA-256 fingerprint only, in any
 *               usual spelling, NUL-terminated; may be NULL for all.
 * @param state  lists pins in this state only, one of TOFU_PIN_STATE_...; 0 for all.
 * @param out    where to write the list, owned by the caller, freed with tofu_iter_free; NULL on
 *               failure; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_list_pins(
    tofu_store *store,
    const char *host,
    const char *key,
    tofu_pin_state state,
    tofu_iter **out,
    tofu_error **err);

/**
 * Lists pending questions, by endpoint.
 *
 * @param store  must not be NULL.
 * @param host   lists questions about this host only, NUL-terminated; may be NULL for all.
 * @param key    lists questions about the key or certificate with this SHA-256 fingerprint only, in
 *               any usual spelling, NUL-terminated; may be NULL for all.
 * @param out    where to write the list, owned by the caller, freed with tofu_iter_free; NULL on
 *               failure; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_list_pending(
    tofu_store *store,
    const char *host,
    const char *key,
    tofu_iter **out,
    tofu_error **err);

/**
 * How much an event deserves attention. Greater numbers deserve more.
 */
typedef int32_t tofu_severity;
#define TOFU_SEVERITY_INFO    1001 /**< Routine. */
#define TOFU_SEVERITY_NOTICE  1002 /**< Worth knowing. */
#define TOFU_SEVERITY_WARNING 1003 /**< Worth a look. */
#define TOFU_SEVERITY_HIGH    1004 /**< Worth waking somebody. */

/**
 * Lists the events of the log, the oldest first.
 *
 * @param store     must not be NULL.
 * @param host      lists events about this host only, NUL-terminated; may be NULL for all.
 * @param key       lists events about the key or certificate with this SHA-256 fingerprint only, in
 *                  any usual spelling, NUL-terminated; may be NULL for all.
 * @param severity  lists events of at least this severity, one of TOFU_SEVERITY_...; 0 for all.
 * @param out       where to write the list, owned by the caller, freed with tofu_iter_free; NULL on
 *                  failure; must not be NULL.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_list_events(
    tofu_store *store,
    const char *host,
    const char *key,
    tofu_severity severity,
    tofu_iter **out,
    tofu_error **err);

/**
 * Goes to the next item of a list; the first call goes to the first item. What the list lent before
 * is no longer valid.
 *
 * @param iter  must not be NULL.
 * @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: there is an item. TOFU_END: there are no more. Store errors: the list stays
 *         where it is, and the call may be repeated.
 *
 * Thread safety: one thread at a time; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_iter_next(tofu_iter *iter, tofu_error **err);

/**
 * Gives the endpoint that a list stands at.
 *
 * @param iter  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before
 *         the first and after the last item.
 *
 * Thread safety: one thread at a time. Since: 0.1.0.
 */
const tofu_endpoint *tofu_iter_endpoint(const tofu_iter *iter);

/**
 * Gives the pin that a list stands at.
 *
 * @param iter  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before
 *         the first and after the last item.
 *
 * Thread safety: one thread at a time. Since: 0.1.0.
 */
const tofu_pin *tofu_iter_pin(const tofu_iter *iter);

/**
 * Gives the pending question that a list stands at.
 *
 * @param iter  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before
 *         the first and after the last item.
 *
 * Thread safety: one thread at a time. Since: 0.1.0.
 */
const tofu_pending *tofu_iter_pending(const tofu_iter *iter);

/**
 * Gives the event that a list stands at.
 *
 * @param iter  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before
 *         the first and after the last item.
 *
 * Thread safety: one thread at a time. Since: 0.1.0.
 */
const tofu_event *tofu_iter_event(const tofu_iter *iter);

/**
 * Frees a list, with everything borrowed from it.
 *
 * @param iter  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the list. Since: 0.1.0.
 */
void tofu_iter_free(tofu_iter *iter);

/* ---- 3.3 Pin ------------------------------------------------------------------------------------
 * A key or certificate that is trusted or refused.
 *
 * tofu_pin: Something trusted or refused, for one endpoint or everywhere, as it was when it was
 * listed. It is immutable.
 *
 * tofu_pin_options: What a pin made by hand is to be: its kind, its state, and what it names. One
 * thread builds it; its first use freezes it; it may be used again.
 */

/**
 * Makes options for tofu_pin_add. Kind, state, and a value or a certificate must be set.
 *
 * @param out  where to write the options, owned by the caller, freed with tofu_pin_options_free;
 *             NULL on failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_options_new(tofu_pin_options **out, tofu_error **err);

/**
 * Sets what the pin is about.
 *
 * @param options  not yet used; must not be NULL.
 * @param kind     one of TOFU_PIN_KIND_....
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for another number. A refusal
 *         is remembered, and tofu_pin_add fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_options_set_kind(
    tofu_pin_options *options,
    tofu_pin_kind kind,
    tofu_error **err);

/**
 * Sets how the pin counts.
 *
 * @param options  not yet used; must not be NULL.
 * @param state    TOFU_PIN_STATE_TRUSTED, TOFU_PIN_STATE_STAGED, TOFU_PIN_STATE_BLOCKED or
 *                 TOFU_PIN_STATE_COMPROMISED.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for another number. A refusal
 *         is remembered, and tofu_pin_add fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_options_set_state(
    tofu_pin_options *options,
    tofu_pin_state state,
    tofu_error **err);

/**
 * Sets what the pin names, as text.
 *
 * If a certificate is set too, the two must agree.
 *
 * @param options  not yet used; must not be NULL.
 * @param value    a SHA-256 fingerprint of the key or certificate in any usual spelling (base64 for
 *                 keys only), or for TOFU_PIN_KIND_NAME the name as a certificate presents it, with
 *                 a wildcard only above two labels; NUL-terminated; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and tofu_pin_add
 *         fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_options_set_value(
    tofu_pin_options *options,
    const char *value,
    tofu_error **err);

/**
 * Sets the certificate that the pin is for, which is kept with it.
 *
 * Without a value the pin names the key of the certificate, or for TOFU_PIN_KIND_CERT the
 * certificate itself.
 *
 * @param options  not yet used; must not be NULL.
 * @param cert     borrowed; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and tofu_pin_add
 *         fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_options_set_cert(
    tofu_pin_options *options,
    const tofu_cert *cert,
    tofu_error **err);

/**
 * Sets when the pin stops counting.
 *
 * @param options  not yet used; must not be NULL.
 * @param expires  seconds since the epoch, UTC; 0 for never; a negative time is refused.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for a negative time. A refusal
 *         is remembered, and tofu_pin_add fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_options_set_expires(
    tofu_pin_options *options,
    int64_t expires,
    tofu_error **err);

/**
 * Adds a note that is kept with the pin.
 *
 * @param options  not yet used; must not be NULL.
 * @param comment  NUL-terminated UTF-8; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and tofu_pin_add
 *         fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_options_set_comment(
    tofu_pin_options *options,
    const char *comment,
    tofu_error **err);

/**
 * Frees the options.
 *
 * @param options  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
 */
void tofu_pin_options_free(tofu_pin_options *options);

/**
 * A field of a pin, for tofu_pin_number and tofu_pin_string.
 */
typedef int32_t tofu_pin_field;
#define TOFU_PIN_FIELD_ID            2201 /**< Number: the pin's number in its store, never
                                               reused. */
#define TOFU_PIN_FIELD_KIND          2202 /**< Number: one of TOFU_PIN_KIND_.... */
#define TOFU_PIN_FIELD_STATE         2203 /**< Number: one of TOFU_PIN_STATE_.... */
#define TOFU_PIN_FIELD_VALUE         2204 /**< Text: what is pinned: "sha256//" and base64 for a
                                               key, hexadecimal pairs for a certificate, or a
                                               name. */
#define TOFU_PIN_FIELD_COMMENT       2205 /**< Text: a person's note. */
#define TOFU_PIN_FIELD_ORIGIN        2206 /**< Text: how the pin came to be: "user", "managed",
                                               "accept-new", "sibling" or "imported". */
#define TOFU_PIN_FIELD_WAIVED        2207 /**< Text: the codes of the problems that were accepted
                                               with the pin, separated by spaces (docs/problems.md).
                                               tofu_pin_waives asks for one. */
#define TOFU_PIN_FIELD_WAIVER_FIXED  2208 /**< Number: 0 for a pin made by hand that has not matched
                                               yet; 1 once the problems that it covers are fixed. */
#define TOFU_PIN_FIELD_CREATED       2209 /**< Number: when the pin was made. */
#define TOFU_PIN_FIELD_STATE_SINCE   2210 /**< Number: when it took its present state. */
#define TOFU_PIN_FIELD_LAST_MATCHED  2211 /**< Number: when it last matched, to the day. */
#define TOFU_PIN_FIELD_EXPIRES       2212 /**< Number: when it stops counting. */
#define TOFU_PIN_FIELD_OVERLAP_UNTIL 2213 /**< Number: until when it still counts although another
                                               one has taken its place. */
#define TOFU_PIN_FIELD_REPLACES      2214 /**< Number: the number of the pin that a staged one will
                                               replace. */
#define TOFU_PIN_FIELD_LAYER         2215 /**< Number: where it is kept: 0 in the store itself, n in
                                               its n-th layer, -1 nowhere (trusted for this session
                                               only). */

/**
 * Gives a number of a pin.
 *
 * @param pin    borrowed; may be NULL, which gives 0.
 * @param field  a field TOFU_PIN_FIELD_... that is a number; another one gives 0.
 * @return a number, a code, or a time in seconds since the epoch, UTC; 0 for "never" and "none".
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_pin_number(const tofu_pin *pin, tofu_pin_field field);

/**
 * Gives a text of a pin, escaped and fit to show.
 *
 * @param pin    borrowed; may be NULL, which gives "".
 * @param field  a field TOFU_PIN_FIELD_... that is a text; another one gives "".
 * @return NUL-terminated UTF-8, borrowed from the pin; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_pin_string(const tofu_pin *pin, tofu_pin_field field);

/**
 * Whether a problem was accepted with a pin.
 *
 * @param pin      borrowed; may be NULL, which gives 0.
 * @param problem  one of TOFU_PROBLEM_...; another number gives 0.
 * @return 1 if it was; 0 otherwise, also while TOFU_PIN_FIELD_WAIVER_FIXED is 0.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int32_t tofu_pin_waives(const tofu_pin *pin, tofu_problem problem);

/**
 * Gives the endpoint that a pin belongs to.
 *
 * @param pin  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the pin; NULL for what is blocked everywhere.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_endpoint *tofu_pin_endpoint(const tofu_pin *pin);

/**
 * Gives the certificate that a pin was made from.
 *
 * @param pin  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the pin; NULL if only the fingerprint is known.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_cert *tofu_pin_cert(const tofu_pin *pin);

/**
 * Makes a pin by hand: trusts, stages the next key, or blocks.
 *
 * The caller vouches for the value: nothing is fetched. The first match of the pin fixes which
 * problems it covers, and an unusual problem asks even so. A pin that is there already takes the
 * new state, except that this does not unblock.
 *
 * @param store     must not be NULL.
 * @param endpoint  borrowed; may be NULL only to block a key or certificate everywhere.
 * @param options   the pin; frozen by this call; must not be NULL.
 * @param id        where to write the pin's number, 0 on failure; may be NULL.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for options that lack a kind, a state or something to name,
 *         for MD5 and SHA-1 fingerprints, and without an endpoint for everything but
 *         TOFU_PIN_STATE_BLOCKED without an end; what a setter of the options was refused with.
 *         Store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_add(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    const tofu_pin_options *options,
    int64_t *id,
    tofu_error **err);

/**
 * Masks a pin of a system store for an endpoint: the key then asks, as a replaced one does.
 *
 * The mask is a retired pin of the same kind and value in the store itself. It stays when the
 * endpoint is forgotten; tofu_pin_forget and tofu_store_undo remove it. What a system store blocks
 * stays blocked.
 *
 * @param store     must not be NULL.
 * @param endpoint  the endpoint of the pin; borrowed; must not be NULL.
 * @param kind      one of TOFU_PIN_KIND_....
 * @param value     what the pin names, as TOFU_PIN_FIELD_VALUE gives it or in any other spelling
 *                  that tofu_pin_options_set_value takes, NUL-terminated; must not be NULL.
 * @param id        where to write the number of the mask, 0 on failure; may be NULL.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND if no store below has such a pin of the endpoint; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_mask(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    tofu_pin_kind kind,
    const char *value,
    int64_t *id,
    tofu_error **err);

/**
 * Changes a field of a pin. tofu_store_undo can undo this.
 * - "state": "trusted", "staged", "retired", "blocked" or "compromised". A compromised pin stays
 *   compromised, and a blocked one can only be retired.
 * - "expires": seconds since the epoch, UTC; "0" for never.
 * - "comment": any text.
 *
 * @param store  must not be NULL.
 * @param id     the number of the pin.
 * @param field  the name of the field, NUL-terminated; must not be NULL.
 * @param value  its value, NUL-terminated UTF-8; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND; TOFU_E_INVALID also for a change that is not allowed; store
 *         errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_set(
    tofu_store *store,
    int64_t id,
    const char *field,
    const char *value,
    tofu_error **err);

/**
 * Forgets a pin, or lifts a block that holds everywhere. tofu_store_undo can undo the former.
 *
 * A pin that is blocked for one endpoint is not forgotten: set its state to "retired" first. If
 * nothing else is known of the endpoint, the next contact asks, even where the policy accepts a
 * first use.
 *
 * @param store  must not be NULL.
 * @param id     the number of the pin.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND; TOFU_E_INVALID for a blocked pin; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pin_forget(tofu_store *store, int64_t id, tofu_error **err);

/* ---- 3.4 Pending question -----------------------------------------------------------------------
 * A question that nobody could answer when it came up.
 *
 * tofu_pending: A question that nobody could answer when it came up, as it was when it was listed.
 * It is immutable.
 */

/**
 * Gives the endpoint that a question is about.
 *
 * @param pending  borrowed; may be NULL, which gives NULL.
 * @return borrowed from the question; NULL for NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const tofu_endpoint *tofu_pending_endpoint(const tofu_pending *pending);

/**
 * A field of a pending question, for tofu_pending_number and tofu_pending_string.
 */
typedef int32_t tofu_pending_field;
#define TOFU_PENDING_FIELD_COUNT        2301 /**< Number: how often it was asked. */
#define TOFU_PENDING_FIELD_FIRST        2302 /**< Number: when it was first asked. */
#define TOFU_PENDING_FIELD_LAST         2303 /**< Number: when it was last asked. */
#define TOFU_PENDING_FIELD_CONTRADICTED 2304 /**< Number: 1 if the known key was accepted after this
                                                  one was seen, which is a reason for distrust. */
#define TOFU_PENDING_FIELD_ID           2305 /**< Text: the id of the verdict that asked, as
                                                  tofu_verdict_id gave it. tofu_pending_dismiss
                                                  takes it. */
#define TOFU_PENDING_FIELD_KEY          2306 /**< Text: the key that was seen, as "sha256//" and
                                                  base64. */
#define TOFU_PENDING_FIELD_CERT         2307 /**< Text: the fingerprint of the certificate that was
                                                  seen, as hexadecimal pairs. */

/**
 * Gives a number of a question.
 *
 * @param pending  borrowed; may be NULL, which gives 0.
 * @param field    a field TOFU_PENDING_FIELD_... that is a number; another one gives 0.
 * @return a number, or a time in seconds since the epoch, UTC.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_pending_number(const tofu_pending *pending, tofu_pending_field field);

/**
 * Gives a text of a question, escaped and fit to show.
 *
 * @param pending  borrowed; may be NULL, which gives "".
 * @param field    a field TOFU_PENDING_FIELD_... that is a text; another one gives "".
 * @return NUL-terminated UTF-8, borrowed from the question; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_pending_string(const tofu_pending *pending, tofu_pending_field field);

/**
 * Decides a question again, with the chain that was seen then and with what is known now.
 *
 * Answer the verdict with tofu_verdict_trust, at most 30 days after the question was last asked, or
 * with tofu_pin_add to block; both end the question. Looking at a question writes nothing and
 * causes no event. TOFU_OK says that the chain would be accepted by now; there is no connection to
 * send anything over.
 *
 * @param store    the store that the question was found in; must not be NULL.
 * @param pending  borrowed; must not be NULL.
 * @param options  their time, flags, policy and additions to the policy count; frozen by this call;
 *                 may be NULL for none.
 * @param verdict  where to write the verdict, owned by the caller, freed with tofu_verdict_free;
 *                 written for TOFU_OK, TOFU_ASK and TOFU_REJECT, NULL otherwise; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_ASK; TOFU_REJECT; TOFU_E_PARSE, TOFU_E_ROOTS and TOFU_E_STATE as in
 *         tofu_check_peer; what a setter of the options was refused with; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pending_check(
    tofu_store *store,
    const tofu_pending *pending,
    const tofu_check_options *options,
    tofu_verdict **verdict,
    tofu_error **err);

/**
 * Removes a question without an answer. The server is neither trusted nor blocked, and the next
 * contact asks again.
 *
 * @param store       must not be NULL.
 * @param verdict_id  as tofu_verdict_id or TOFU_PENDING_FIELD_ID gave it, NUL-terminated; must not
 *                    be NULL.
 * @param err         where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_pending_dismiss(tofu_store *store, const char *verdict_id, tofu_error **err);

/* ---- 3.5 Event ----------------------------------------------------------------------------------
 * What happened, and a listener for it.
 *
 * tofu_event: Something that happened. It is immutable.
 */

/**
 * A field of an event, for tofu_event_number and tofu_event_string.
 */
typedef int32_t tofu_event_field;
#define TOFU_EVENT_FIELD_ID          2401 /**< Number: its number in the log, ascending; 0 for an
                                               event that the log does not keep. */
#define TOFU_EVENT_FIELD_TIME        2402 /**< Number: when it happened. */
#define TOFU_EVENT_FIELD_SEVERITY    2403 /**< Number: one of TOFU_SEVERITY_.... */
#define TOFU_EVENT_FIELD_PORT        2404 /**< Number: the port of the endpoint that it is about. */
#define TOFU_EVENT_FIELD_UNDOABLE    2405 /**< Number: 1 for a change that tofu_store_undo may take
                                               back. */
#define TOFU_EVENT_FIELD_CODE        2406 /**< Text: a stable code such as "trusted", "pin-added" or
                                               "downgrade"; docs/events.md lists them. */
#define TOFU_EVENT_FIELD_TEXT        2407 /**< Text: what happened, in plain words. */
#define TOFU_EVENT_FIELD_HOST        2408 /**< Text: the host of the endpoint that it is about. */
#define TOFU_EVENT_FIELD_ACCOUNT     2409 /**< Text: the account of that endpoint. */
#define TOFU_EVENT_FIELD_APPLICATION 2410 /**< Text: the program that caused it. */
#define TOFU_EVENT_FIELD_KEY         2411 /**< Text: the key that was presented or named, as
                                               "sha256//" and base64. */
#define TOFU_EVENT_FIELD_JSON        2412 /**< Text: all of it as JSON. */
#define TOFU_EVENT_FIELD_CERTIFICATE 2413 /**< Text: the fingerprint of the certificate that was
                                               presented or named, as hexadecimal pairs. */

/**
 * Gives a number of an event.
 *
 * @param event  borrowed; may be NULL, which gives 0.
 * @param field  a field TOFU_EVENT_FIELD_... that is a number; another one gives 0.
 * @return a number, or a time in seconds since the epoch, UTC; 0 for "none".
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
int64_t tofu_event_number(const tofu_event *event, tofu_event_field field);

/**
 * Gives a text of an event, escaped and fit to show.
 *
 * @param event  borrowed; may be NULL, which gives "".
 * @param field  a field TOFU_EVENT_FIELD_... that is a text; another one gives "".
 * @return NUL-terminated UTF-8, borrowed from the event; never NULL.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
const char *tofu_event_string(const tofu_event *event, tofu_event_field field);

/**
 * The library calls this once when it will not use a pointer of the application any more. It may
 * run on any thread that used the object. It may call anything, and must return (no exception, no
 * longjmp).
 */
typedef void (*tofu_destroy_fn)(void *user_data);

/**
 * The library calls this with an event, which is borrowed for the time of the call. It runs on the
 * thread of the call that caused the event, after locks are released and before that call returns.
 * It may call anything except to free its own store, and must return (no exception, no longjmp).
 */
typedef void (*tofu_event_fn)(const tofu_event *event, void *user_data);

/**
 * Sets a listener for the events of a store handle: every check, and every change made through it.
 *
 * Events of other programs do not reach the listener; tofu_list_events lists them. A dry run causes
 * no event.
 *
 * @param store      must not be NULL.
 * @param listener   called from every thread that uses the store, and from several at once if the
 *                   program has several; may be NULL, which removes the one set before.
 * @param user_data  handed to each call; may be NULL.
 * @param destroy    called once with user_data when the library will not use it any more: after
 *                   another listener was set and no call is under way, with the last handle of the
 *                   store, or at once if listener is NULL. It is not called if this call fails; may
 *                   be NULL.
 * @param err        where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_set_listener(
    tofu_store *store,
    tofu_event_fn listener,
    void *user_data,
    tofu_destroy_fn destroy,
    tofu_error **err);

/* ---- 3.6 Stored policy --------------------------------------------------------------------------
 * Policies that the store remembers.
 */

/**
 * Reads a policy from a store.
 *
 * It reads only a policy that was saved there. If none was saved, the preset "default" is in force,
 * and tofu_policy_new makes it.
 *
 * @param store     must not be NULL.
 * @param endpoint  borrowed; reads the policy of this endpoint; may be NULL for the policy of the
 *                  whole store.
 * @param out       where to write the policy, owned by the caller, freed with tofu_policy_free;
 *                  NULL on failure; must not be NULL.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND if none was saved; store errors.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_policy_load(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    tofu_policy **out,
    tofu_error **err);

/**
 * Saves a policy in a store, for all checks or for one endpoint, in place of the one saved before.
 *
 * A saved policy counts from the next check on, in all programs. A policy that a program sets on a
 * check takes its place in that check.
 *
 * @param store     must not be NULL.
 * @param endpoint  borrowed; saves the policy of this endpoint; may be NULL for the policy of the
 *                  whole store.
 * @param policy    copied and frozen by this call; may be NULL, which removes the saved one.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; what a setter of the policy was refused with; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_policy_save(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    const tofu_policy *policy,
    tofu_error **err);

/* ---- 3.7 Import and export ----------------------------------------------------------------------
 * From and to other programs' files.
 */

/**
 * Whether an import changes the store.
 */
typedef int32_t tofu_import_mode;
#define TOFU_IMPORT_PREVIEW 1401 /**< Only says what would be taken in. */
#define TOFU_IMPORT_COMMIT  1402 /**< Takes it in. */
#define TOFU_IMPORT_RESTORE 1403 /**< Takes in everything that TOFU_FORMAT_JSON holds, policies, log
                                      and numbers included, into a store that knows nothing yet. */

/**
 * Takes in what another program or another store knows, or says what it would take in.
 *
 * An import is one change, which tofu_store_undo takes back as a whole.
 * - It adds no trust for an endpoint that has pins or was accepted before, never lifts a block, and
 *   never loosens a policy. What an export blocks or marks as compromised is taken in for every
 *   endpoint.
 * - MD5 and SHA-1 fingerprints are refused.
 * - A line that cannot be read or used is named in the report, and the rest is taken in.
 * - Of two statements about one pin the stricter one counts.
 * - A pin of another program waives no more problems than the first match of a pin made by hand
 *   would, and of its times only an end is kept.
 *
 * @param store     must not be NULL.
 * @param format    TOFU_FORMAT_JSON, TOFU_FORMAT_KNOWN_HOSTS, TOFU_FORMAT_CERT_OVERRIDE,
 *                  TOFU_FORMAT_FINGERPRINTS, TOFU_FORMAT_KEY_FINGERPRINTS (read like the one
 *                  before) or TOFU_FORMAT_PEM.
 * @param data      the content of the file; may be NULL with len 0, which holds nothing.
 * @param len       its length in bytes, at most 256 MiB.
 * @param endpoint  the server that the data is about. It is needed for TOFU_FORMAT_PEM, which names
 *                  no server, and for lines that are a fingerprint alone; its host and port count
 *                  only if the data names none. Its account is that of every pin taken in, except
 *                  for TOFU_FORMAT_JSON, which names the account of each endpoint and ignores this
 *                  parameter; may be NULL except for TOFU_FORMAT_PEM, and the pins then belong to
 *                  the account without a name.
 * @param mode      TOFU_IMPORT_PREVIEW, TOFU_IMPORT_COMMIT, or, for TOFU_FORMAT_JSON,
 *                  TOFU_IMPORT_RESTORE.
 * @param report    where to write what was or would be taken in, as JSON (docs/json-reports.md),
 *                  owned by the caller, freed with tofu_text_free; NULL on failure; may be NULL.
 * @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK, also if nothing could be taken in. TOFU_E_PARSE for data that is not of the
 *         format at all, and with TOFU_IMPORT_RESTORE for data that no store can have written.
 *         TOFU_E_STATE with TOFU_IMPORT_RESTORE if the store knows something already. TOFU_E_FUTURE
 *         also for an export of a newer version. Store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_import(
    tofu_store *store,
    tofu_format format,
    const uint8_t *data,
    size_t len,
    const tofu_endpoint *endpoint,
    tofu_import_mode mode,
    tofu_text **report,
    tofu_error **err);

/**
 * Writes what a store holds: everything, to keep or to take to another machine, or what is trusted
 * now, for other programs.
 *
 * TOFU_FORMAT_JSON loses nothing; tofu_store_import with TOFU_IMPORT_RESTORE makes the same store
 * of it. The other formats hold trusted pins only. They leave out pins that they cannot express
 * without trusting more, and pins that are blocked or have expired; the report names each of these.
 *
 * @param store   must not be NULL.
 * @param format  TOFU_FORMAT_JSON, TOFU_FORMAT_KNOWN_HOSTS, TOFU_FORMAT_PEM,
 *                TOFU_FORMAT_FINGERPRINTS, TOFU_FORMAT_KEY_FINGERPRINTS or
 *                TOFU_FORMAT_CERT_OVERRIDE.
 * @param host    writes the pins of this host only, NUL-terminated UTF-8; not for TOFU_FORMAT_JSON;
 *                may be NULL for all.
 * @param out     where to write the text, owned by the caller, freed with tofu_text_free; NULL on
 *                failure; must not be NULL.
 * @param report  where to write how many pins were written and what was left out, as JSON
 *                (docs/json-reports.md), owned by the caller, freed with tofu_text_free; NULL on
 *                failure; may be NULL.
 * @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NAME if host is not a valid host name; TOFU_E_INVALID also for another
 *         format; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_export(
    tofu_store *store,
    tofu_format format,
    const char *host,
    tofu_text **out,
    tofu_text **report,
    tofu_error **err);

/* ---- 3.8 Maintenance ----------------------------------------------------------------------------
 * The store as a whole.
 */

/**
 * Gives a number that moves with every change of the store, whoever made it. A view reads again
 * when it has moved.
 *
 * @param store  must not be NULL.
 * @param out    where to write the number, 0 on failure; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_generation(tofu_store *store, uint64_t *out, tofu_error **err);

/**
 * Takes a change back: its endpoint, all endpoints of an import, or the store-wide policy become
 * what they were before it.
 * - It works only if no other change came after it. Contact with the server in between does not
 *   matter, and what that taught is kept.
 * - It never lifts a block, never revives a compromised key, and never forgets that an endpoint was
 *   once CA-valid. The text of the event that it leaves names the pins that stay blocked or
 *   compromised.
 * - An undo can be undone by its own number. An import is undone as a whole, by any of its numbers.
 * - A restore cannot be undone, and neither can what was before it.
 *
 * @param store  must not be NULL.
 * @param event  the number of the change's event (TOFU_EVENT_FIELD_UNDOABLE tells which); 0 for the
 *               last change that can be taken back and has not been. With 0, changes that only
 *               blocked are skipped, and so are earlier changes of the same endpoint, blocks
 *               everywhere and their lifting, tofu_pending_dismiss and tofu_store_prune. The events
 *               say which change it was, so name the change where that matters.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND if there is no such change; TOFU_E_CONFLICT if a later change
 *         stands in the way, which the message names with what to do; TOFU_E_INVALID for an event
 *         that is not such a change, and if only blocks are left; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_undo(tofu_store *store, int64_t event, tofu_error **err);

/**
 * Removes what is old: events, pending questions, and what was seen and not accepted.
 *
 * Pins, accepted certificates, policies and blocks stay, however old they are. The store also
 * bounds itself, so that no program has to call this.
 *
 * @param store    must not be NULL.
 * @param before   removes what is older than this time, in seconds since the epoch, UTC. A negative
 *                 time is refused, and so is a future one, which would remove the whole log and
 *                 with it every undo.
 * @param removed  where to write how many things were removed, 0 on failure; may be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_prune(
    tofu_store *store,
    int64_t before,
    uint64_t *removed,
    tofu_error **err);

/**
 * Verifies a whole store: every seal, link, index and count, and the file below them.
 *
 * It takes time linear in the size of the store. No other call depends on it, because each call
 * proves what it answers.
 *
 * @param store   must not be NULL.
 * @param report  where to write what was found, as JSON (docs/json-reports.md), owned by the
 *                caller, freed with tofu_text_free; written for TOFU_OK and, unlike other outputs,
 *                for TOFU_E_DAMAGED if the store could be read; may be NULL.
 * @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK: the store is sound. TOFU_E_DAMAGED: it is not, and the message has the first
 *         thing found. Other store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_verify(tofu_store *store, tofu_text **report, tofu_error **err);

/**
 * Writes a complete copy of a store to a new file, while the store is in use.
 *
 * @param store  must not be NULL. Storage of the application's own is backed up by the application.
 * @param path   a file that does not exist, NUL-terminated UTF-8; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also if the file exists, and for storage of the application's
 *         own; store errors, which may be about the new file.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_backup(tofu_store *store, const char *path, tofu_error **err);

/**
 * Replaces the content of a store by that of a backup, in one change.
 *
 * The backup is verified first. What is blocked now, everywhere or for one endpoint, stays blocked;
 * what is compromised stays so; and the log keeps its events. The text of the event that this
 * leaves (restored) says how many blocks the backup lacks. Other programs see a change like any
 * other. Neither the restore nor anything before it can be undone: make a backup first.
 *
 * @param store  must not be NULL.
 * @param path   a file that tofu_store_backup wrote, NUL-terminated UTF-8; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_NOT_FOUND if there is no such file; TOFU_E_INVALID also for the store's
 *         own file; store errors, which may be about the backup.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_restore(tofu_store *store, const char *path, tofu_error **err);

/**
 * Counts what is in a store. It reads the whole store.
 *
 * @param store  must not be NULL.
 * @param out    where to write the numbers as JSON (docs/json-reports.md), owned by the caller,
 *               freed with tofu_text_free; NULL on failure; must not be NULL.
 * @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; store errors.
 *
 * Thread safety: any thread; may wait for the disk. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_stats(tofu_store *store, tofu_text **out, tofu_error **err);

/* ---- 3.9 Store options --------------------------------------------------------------------------
 * How a store is opened.
 *
 * tofu_store_options: How a store is to be opened. One thread builds it; its first use freezes it;
 * it may be used again.
 */

/**
 * Makes store options: created if missing, writable, waiting at most 2 s for other programs.
 *
 * @param out  where to write the options, owned by the caller, freed with tofu_store_options_free;
 *             NULL on failure; must not be NULL.
 * @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK.
 *
 * Thread safety: any thread. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_options_new(tofu_store_options **out, tofu_error **err);

/**
 * Sets an option.
 * - "application": the name of the program, which the log keeps.
 * - "busy-ms": how many milliseconds a call may wait for other programs; 2000 by default.
 * - "read-only": "yes" opens the store without the right to write; "no" is the default.
 * - "create": "no" fails if the file does not exist; "yes" is the default.
 * - "accept-loss": "yes" goes on with a store that is known to have held more (it vanished, was
 *   replaced or went back in time). Set it for one call that a person asked for, and never by
 *   default; "no" is the default.
 * - "layer": the path of a read-only store of the system below this one, which must belong to root.
 *   It may be set several times, the nearest first.
 * - "log-events" and "log-age": how many events the log keeps, and for how many seconds.
 *
 * @param options  not yet used; must not be NULL.
 * @param field    the name of the option, NUL-terminated; must not be NULL.
 * @param value    its value, NUL-terminated; must not be NULL.
 * @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_INVALID also for an unknown option or value; TOFU_E_STATE after the first
 *         use. A refusal is remembered, and tofu_store_open fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_options_set(
    tofu_store_options *options,
    const char *field,
    const char *value,
    tofu_error **err);

/**
 * Frees store options; stores opened with them live on.
 *
 * @param options  owned by the caller, who gives it up; may be NULL.
 *
 * Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
 */
void tofu_store_options_free(tofu_store_options *options);

/* ==== Part IV: storage of the application's own ==================================================
 * Keeps the store in ordered keys and values of the application instead of a file.
 */

/* ---- 4.1 Backend --------------------------------------------------------------------------------
 * Three callbacks that read and write.
 *
 * tofu_sink: Takes the answer of a get or scan callback. It is valid during that callback only.
 *
 * tofu_batch: The changes of one commit. It is valid during the commit callback only.
 */

/**
 * Reads one key. The callback calls tofu_sink_put once if the key is there, does not call it if the
 * key is absent, and returns TOFU_OK. Any other number says that it cannot tell, which the library
 * never takes for "absent". The library may call it on any thread that uses the store, and on
 * several at once. It must return (no exception, no longjmp).
 */
typedef int32_t (*tofu_backend_get_fn)(
    const uint8_t *key,
    size_t key_len,
    tofu_sink *sink,
    void *user_data);

/**
 * Reads a range as of one moment. The callback calls tofu_sink_put for the first `limit` keys that
 * begin with `prefix` and come after `after` (not equal to it), in ascending order of bytes, a
 * shorter key before its extensions, and returns TOFU_OK. Any other number is a failure. Threads as
 * for tofu_backend_get_fn.
 */
typedef int32_t (*tofu_backend_scan_fn)(
    const uint8_t *after,
    size_t after_len,
    const uint8_t *prefix,
    size_t prefix_len,
    size_t limit,
    tofu_sink *sink,
    void *user_data);

/**
 * Applies a batch durably and as a whole, or not at all: no other commit may come between its
 * expectations and its changes. The callback returns TOFU_OK, or TOFU_E_CONFLICT if an expectation
 * is not met, and the library then tries again with what is there now. Any other number is a
 * failure. Threads as for tofu_backend_get_fn.
 */
typedef int32_t (*tofu_backend_commit_fn)(const tofu_batch *batch, void *user_data);

/**
 * Keeps the store in the application's own storage, as ordered keys and values, instead of in a
 * file.
 *
 * docs/backend.md says what the callbacks must do. Empty storage becomes a new store: an
 * application that knows that there was one sets the option "create" to "no", so that emptied
 * storage is an error. Other processes may share the storage if commits are atomic between them.
 * tofu_store_open takes a NULL path with these options.
 *
 * @param options    not yet used; must not be NULL.
 * @param get        must not be NULL.
 * @param scan       must not be NULL.
 * @param commit     must not be NULL.
 * @param user_data  handed to each call; may be NULL.
 * @param destroy    called once with user_data when the options and all stores opened with them are
 *                   freed, or another backend has been set. It is not called if this call fails;
 *                   may be NULL.
 * @param err        where to write an owned error on failure, NULL otherwise; may be NULL.
 * @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and tofu_store_open
 *         fails with it.
 *
 * Thread safety: the thread that builds the options. Since: 0.1.0.
 */
TOFU_CHECK_RESULT
tofu_status tofu_store_options_set_backend(
    tofu_store_options *options,
    tofu_backend_get_fn get,
    tofu_backend_scan_fn scan,
    tofu_backend_commit_fn commit,
    void *user_data,
    tofu_destroy_fn destroy,
    tofu_error **err);

/**
 * Gives the library one key and its value, from a get or scan callback. Both are copied.
 *
 * @param sink       as the callback got it; may be NULL, which does nothing.
 * @param key        the key; may be NULL with key_len 0.
 * @param key_len    its length in bytes.
 * @param value      its value; may be NULL with value_len 0.
 * @param value_len  its length in bytes.
 *
 * Thread safety: the thread of the callback, during it. Since: 0.1.0.
 */
void tofu_sink_put(
    tofu_sink *sink,
    const uint8_t *key,
    size_t key_len,
    const uint8_t *value,
    size_t value_len);

/**
 * Counts the operations of a batch.
 *
 * @param batch  as the callback got it; may be NULL, which gives 0.
 * @return the number of operations.
 *
 * Thread safety: the thread of the callback, during it. Since: 0.1.0.
 */
size_t tofu_batch_count(const tofu_batch *batch);

/**
 * One change or condition of a batch.
 */
typedef int32_t tofu_op;
#define TOFU_OP_EXPECT        1101 /**< The key must hold exactly this value, or the batch is a
                                        conflict. */
#define TOFU_OP_PUT           1102 /**< Write the value. */
#define TOFU_OP_DELETE        1103 /**< Remove the key; a key that is not there is no failure. */
#define TOFU_OP_EXPECT_ABSENT 1104 /**< The key must be absent, or the batch is a conflict. */

/**
 * Gives one operation of a batch. All expectations are about the state before any change of the
 * batch.
 *
 * @param batch      as the callback got it; may be NULL, which gives 0, NULL and the length 0.
 * @param index      0 for the first operation; out of range gives 0, NULL and the length 0.
 * @param key        where to write the key, borrowed from the batch; may be NULL.
 * @param key_len    where to write its length in bytes; may be NULL.
 * @param value      where to write the value that is expected or to be put, borrowed from the
 *                   batch, or NULL for the other operations; may be NULL.
 * @param value_len  where to write its length in bytes; may be NULL.
 * @return one of TOFU_OP_...; 0 if there is no such operation. A callback that does not know the
 *         number must fail.
 *
 * Thread safety: the thread of the callback, during it. Since: 0.1.0.
 */
tofu_op tofu_batch_op(
    const tofu_batch *batch,
    size_t index,
    const uint8_t **key,
    size_t *key_len,
    const uint8_t **value,
    size_t *value_len);

#ifdef __cplusplus
}
#endif

#endif /* TOFU_H */
