/* libtofu for readers of C without a preprocessor: Python cffi and LuaJIT take this file as it is. tofu.h is
 * the same with the documentation. Written by tests/capi from src/capi (make header). Do not edit.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

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

typedef int32_t tofu_status;
typedef uint64_t tofu_check_flags;
typedef int32_t tofu_assurance;
typedef int32_t tofu_risk;
typedef int32_t tofu_pin_result;
typedef int32_t tofu_change;
typedef int32_t tofu_section;
typedef int32_t tofu_format;
typedef int32_t tofu_answer;
typedef int32_t tofu_problem;
typedef int32_t tofu_verdict_field;
typedef int32_t tofu_pin_kind;
typedef uint64_t tofu_trust_flags;
typedef int32_t tofu_cert_field;
typedef uint32_t tofu_wants;
typedef int32_t tofu_session_field;
typedef uint64_t tofu_forget_flags;
typedef int32_t tofu_standing;
typedef int32_t tofu_endpoint_field;
typedef int32_t tofu_pin_state;
typedef int32_t tofu_severity;
typedef int32_t tofu_pin_field;
typedef int32_t tofu_pending_field;
typedef int32_t tofu_event_field;
typedef int32_t tofu_import_mode;
typedef int32_t tofu_op;

typedef void (*tofu_destroy_fn)(void *user_data);
typedef void (*tofu_event_fn)(const tofu_event *event, void *user_data);
typedef int32_t (*tofu_backend_get_fn)(
    const uint8_t *key,
    size_t key_len,
    tofu_sink *sink,
    void *user_data);
typedef int32_t (*tofu_backend_scan_fn)(
    const uint8_t *after,
    size_t after_len,
    const uint8_t *prefix,
    size_t prefix_len,
    size_t limit,
    tofu_sink *sink,
    void *user_data);
typedef int32_t (*tofu_backend_commit_fn)(const tofu_batch *batch, void *user_data);

static const int32_t TOFU_OK = 0;
static const int32_t TOFU_ASK = 1;
static const int32_t TOFU_REJECT = 2;
static const int32_t TOFU_END = 3;
static const int32_t TOFU_AGAIN = 4;
static const int32_t TOFU_NO_MATCH = 5;
static const int32_t TOFU_E_INVALID = -1;
static const int32_t TOFU_E_PARSE = -2;
static const int32_t TOFU_E_NAME = -3;
static const int32_t TOFU_E_LIMIT = -4;
static const int32_t TOFU_E_IO = -5;
static const int32_t TOFU_E_BUSY = -6;
static const int32_t TOFU_E_DAMAGED = -7;
static const int32_t TOFU_E_FUTURE = -8;
static const int32_t TOFU_E_UNSAFE_FILE = -9;
static const int32_t TOFU_E_READ_ONLY = -10;
static const int32_t TOFU_E_NOT_FOUND = -11;
static const int32_t TOFU_E_CONFLICT = -12;
static const int32_t TOFU_E_STATE = -13;
static const int32_t TOFU_E_FORKED = -14;
static const int32_t TOFU_E_UNSUPPORTED = -15;
static const int32_t TOFU_E_NETWORK = -16;
static const int32_t TOFU_E_TIMEOUT = -17;
static const int32_t TOFU_E_CANCELLED = -18;
static const int32_t TOFU_E_STARTTLS = -19;
static const int32_t TOFU_E_STRIPPED = -20;
static const int32_t TOFU_E_TLS = -21;
static const int32_t TOFU_E_TRUNCATED = -22;
static const int32_t TOFU_E_BACKEND = -23;
static const int32_t TOFU_E_MEMORY = -24;
static const int32_t TOFU_E_INTERNAL = -25;
static const int32_t TOFU_E_NOT_OFFERED = -26;
static const int32_t TOFU_E_STALE = -27;
static const int32_t TOFU_E_ROOTS = -28;
static const int32_t TOFU_CHECK_DRY_RUN = 4096;
static const int32_t TOFU_CHECK_LEAVE_PENDING = 8192;
static const int32_t TOFU_CHECK_RESUMED = 16384;
static const int32_t TOFU_CHECK_SETUP = 32768;
static const int32_t TOFU_CHECK_UNPROVEN = 65536;
static const int32_t TOFU_CHECK_LOOPBACK = 131072;
static const int32_t TOFU_CHECK_TOR = 262144;
static const int32_t TOFU_CHECK_XMPP = 524288;
static const int32_t TOFU_CHECK_NO_SESSION = 1048576;
/* TOFU_NO_CERT is the greatest size_t; write it as (size_t)-1. */
static const int32_t TOFU_ASSURANCE_NONE = 600;
static const int32_t TOFU_ASSURANCE_PINNED = 601;
static const int32_t TOFU_ASSURANCE_VERIFIED = 602;
static const int32_t TOFU_RISK_NONE = 700;
static const int32_t TOFU_RISK_LOW = 701;
static const int32_t TOFU_RISK_MEDIUM = 702;
static const int32_t TOFU_RISK_HIGH = 703;
static const int32_t TOFU_PIN_RESULT_NONE = 800;
static const int32_t TOFU_PIN_RESULT_FIRST_USE = 801;
static const int32_t TOFU_PIN_RESULT_MATCH = 802;
static const int32_t TOFU_PIN_RESULT_SIBLING = 803;
static const int32_t TOFU_PIN_RESULT_STAGED = 804;
static const int32_t TOFU_PIN_RESULT_CHANGED = 805;
static const int32_t TOFU_PIN_RESULT_EXPIRED = 806;
static const int32_t TOFU_PIN_RESULT_BLOCKED = 807;
static const int32_t TOFU_PIN_RESULT_NEW_PROBLEM = 808;
static const int32_t TOFU_PIN_RESULT_RETIRED = 809;
static const int32_t TOFU_CHANGE_NONE = 900;
static const int32_t TOFU_CHANGE_RENEWED_SAME_KEY = 901;
static const int32_t TOFU_CHANGE_ROLLED_OVER = 902;
static const int32_t TOFU_CHANGE_REPLACED = 903;
static const int32_t TOFU_CHANGE_REPLACED_WHEN_DUE = 904;
static const int32_t TOFU_CHANGE_REPLACED_EARLY = 905;
static const int32_t TOFU_CHANGE_ISSUER_CHANGED = 906;
static const int32_t TOFU_CHANGE_LAPSED = 907;
static const int32_t TOFU_CHANGE_NO_LONGER_VALID = 908;
static const int32_t TOFU_CHANGE_DOWNGRADE = 909;
static const int32_t TOFU_CHANGE_UPGRADE = 910;
static const int32_t TOFU_SECTION_HEADLINE = 501;
static const int32_t TOFU_SECTION_PROBLEM = 502;
static const int32_t TOFU_SECTION_REASON = 503;
static const int32_t TOFU_SECTION_MEANING = 504;
static const int32_t TOFU_SECTION_ADVICE = 505;
static const int32_t TOFU_FORMAT_JSON = 301;
static const int32_t TOFU_FORMAT_TEXT = 302;
static const int32_t TOFU_FORMAT_LINE = 303;
static const int32_t TOFU_FORMAT_PEM = 304;
static const int32_t TOFU_FORMAT_KNOWN_HOSTS = 305;
static const int32_t TOFU_FORMAT_CERT_OVERRIDE = 306;
static const int32_t TOFU_FORMAT_FINGERPRINTS = 307;
static const int32_t TOFU_FORMAT_KEY_FINGERPRINTS = 308;
static const int32_t TOFU_ANSWER_NONE = 1201;
static const int32_t TOFU_ANSWER_YES = 1202;
static const int32_t TOFU_ANSWER_FINGERPRINT = 1203;
static const int32_t TOFU_PROBLEM_UNTRUSTED_ISSUER = 1301;
static const int32_t TOFU_PROBLEM_SELF_SIGNED = 1302;
static const int32_t TOFU_PROBLEM_INCOMPLETE_CHAIN = 1303;
static const int32_t TOFU_PROBLEM_EXPIRED = 1304;
static const int32_t TOFU_PROBLEM_NOT_YET_VALID = 1305;
static const int32_t TOFU_PROBLEM_HOST_MISMATCH = 1306;
static const int32_t TOFU_PROBLEM_NAME_ONLY_IN_CN = 1307;
static const int32_t TOFU_PROBLEM_BAD_SIGNATURE = 1308;
static const int32_t TOFU_PROBLEM_WEAK_KEY = 1309;
static const int32_t TOFU_PROBLEM_WEAK_SIGNATURE = 1310;
static const int32_t TOFU_PROBLEM_WRONG_USAGE = 1311;
static const int32_t TOFU_PROBLEM_CA_AS_SERVER = 1312;
static const int32_t TOFU_PROBLEM_CONSTRAINT_VIOLATION = 1313;
static const int32_t TOFU_PROBLEM_UNKNOWN_CRITICAL_EXTENSION = 1314;
static const int32_t TOFU_PROBLEM_REVOKED = 1315;
static const int32_t TOFU_PROBLEM_UNSUPPORTED_ALGORITHM = 1316;
static const int32_t TOFU_PROBLEM_CHAIN_TOO_LONG = 1317;
static const int32_t TOFU_PROBLEM_BUDGET_EXCEEDED = 1318;
static const int32_t TOFU_PROBLEM_MALFORMED = 1319;
static const int32_t TOFU_PROBLEM_PUBLISHED_KEY = 1320;
static const int32_t TOFU_VERDICT_FIELD_TIME = 2601;
static const int32_t TOFU_VERDICT_FIELD_PREVIOUS_FIRST_SEEN = 2602;
static const int32_t TOFU_VERDICT_FIELD_PREVIOUS_LAST_SEEN = 2603;
static const int32_t TOFU_VERDICT_FIELD_MAY_ADD = 2604;
static const int32_t TOFU_VERDICT_FIELD_ONLY_SESSION = 2605;
static const int32_t TOFU_PIN_KIND_KEY = 101;
static const int32_t TOFU_PIN_KIND_CERT = 102;
static const int32_t TOFU_PIN_KIND_ISSUER = 103;
static const int32_t TOFU_PIN_KIND_NAME = 104;
static const int32_t TOFU_TRUST_SESSION = 16777216;
static const int32_t TOFU_TRUST_ADD = 33554432;
static const int32_t TOFU_VERSION_MAJOR = 0;
static const int32_t TOFU_VERSION_MINOR = 1;
static const int32_t TOFU_VERSION_PATCH = 0;
static const int32_t TOFU_CERT_FIELD_DER = 2001;
static const int32_t TOFU_CERT_FIELD_SHA256 = 2002;
static const int32_t TOFU_CERT_FIELD_SPKI_SHA256 = 2003;
static const int32_t TOFU_CERT_FIELD_SUBJECT = 2004;
static const int32_t TOFU_CERT_FIELD_ISSUER = 2005;
static const int32_t TOFU_CERT_FIELD_NOT_BEFORE = 2006;
static const int32_t TOFU_CERT_FIELD_NOT_AFTER = 2007;
static const int32_t TOFU_CERT_FIELD_SAN_DNS = 2008;
static const int32_t TOFU_CERT_FIELD_KEY = 2009;
static const int32_t TOFU_CERT_FIELD_ANOMALY = 2010;
static const int32_t TOFU_CERT_FIELD_ANOMALY_CODE = 2011;
static const int32_t TOFU_CERT_FIELD_SERIAL = 2012;
static const int32_t TOFU_CERT_FIELD_VERSION = 2013;
static const int32_t TOFU_CERT_FIELD_SAN_IP = 2014;
static const int32_t TOFU_CERT_FIELD_SAN_EMAIL = 2015;
static const int32_t TOFU_CERT_FIELD_SAN_URI = 2016;
static const int32_t TOFU_CERT_FIELD_SAN_OTHER = 2017;
static const int32_t TOFU_CERT_FIELD_HOST_NAMES = 2018;
static const int32_t TOFU_CERT_FIELD_RSA_EXPONENT = 2019;
static const int32_t TOFU_CERT_FIELD_KEY_WEAK = 2020;
static const int32_t TOFU_CERT_FIELD_KEY_READABLE = 2021;
static const int32_t TOFU_CERT_FIELD_SIGNATURE = 2022;
static const int32_t TOFU_CERT_FIELD_SIGNATURE_OID = 2023;
static const int32_t TOFU_CERT_FIELD_SIGNATURE_WEAK = 2024;
static const int32_t TOFU_CERT_FIELD_SELF_SIGNED = 2025;
static const int32_t TOFU_CERT_FIELD_CA = 2026;
static const int32_t TOFU_CERT_FIELD_PATH_LENGTH = 2027;
static const int32_t TOFU_CERT_FIELD_KEY_USAGE = 2028;
static const int32_t TOFU_CERT_FIELD_EXTENDED_KEY_USAGE = 2029;
static const int32_t TOFU_CERT_FIELD_UNKNOWN_CRITICAL = 2030;
static const int32_t TOFU_CERT_FIELD_SUBJECT_KEY_ID = 2031;
static const int32_t TOFU_CERT_FIELD_AUTHORITY_KEY_ID = 2032;
static const int32_t TOFU_CERT_FIELD_ISSUER_ADDRESS = 2033;
static const int32_t TOFU_CERT_FIELD_SHA1 = 2034;
static const int32_t TOFU_CERT_FIELD_OCSP_ADDRESS = 2035;
static const int32_t TOFU_CERT_FIELD_CRL_ADDRESS = 2036;
static const int32_t TOFU_CERT_FIELD_POLICY = 2037;
static const int32_t TOFU_CERT_FIELD_SCT_COUNT = 2038;
static const int32_t TOFU_CERT_FIELD_MUST_STAPLE = 2039;
static const int32_t TOFU_CERT_FIELD_EXTENSION = 2040;
static const int32_t TOFU_CERT_FIELD_CRITICAL_EXTENSION = 2041;
static const int32_t TOFU_CERT_FIELD_NAME_PERMITTED = 2042;
static const int32_t TOFU_CERT_FIELD_NAME_EXCLUDED = 2043;
static const int32_t TOFU_CERT_FIELD_SAN_SRV = 2044;
static const int32_t TOFU_CERT_FIELD_SAN_XMPP = 2045;
static const int32_t TOFU_WANTS_READ = 4194304;
static const int32_t TOFU_WANTS_WRITE = 8388608;
static const int32_t TOFU_SESSION_FIELD_HOST = 2501;
static const int32_t TOFU_SESSION_FIELD_PORT = 2502;
static const int32_t TOFU_SESSION_FIELD_ADDRESS = 2503;
static const int32_t TOFU_SESSION_FIELD_SNI = 2504;
static const int32_t TOFU_SESSION_FIELD_STARTTLS = 2505;
static const int32_t TOFU_SESSION_FIELD_GREETING = 2506;
static const int32_t TOFU_SESSION_FIELD_PROTOCOL = 2507;
static const int32_t TOFU_SESSION_FIELD_SUITE = 2508;
static const int32_t TOFU_SESSION_FIELD_GROUP = 2509;
static const int32_t TOFU_SESSION_FIELD_ALPN = 2510;
static const int32_t TOFU_SESSION_FIELD_JSON = 2511;
static const int32_t TOFU_SESSION_FIELD_PROVEN = 2512;
static const int32_t TOFU_SESSION_FIELD_CLIENT_CERTIFICATE = 2513;
static const int32_t TOFU_SESSION_FIELD_OCSP_STAPLED = 2514;
static const int32_t TOFU_SESSION_FIELD_RESOLVE_US = 2515;
static const int32_t TOFU_SESSION_FIELD_CONNECT_US = 2516;
static const int32_t TOFU_SESSION_FIELD_STARTTLS_US = 2517;
static const int32_t TOFU_SESSION_FIELD_HANDSHAKE_US = 2518;
static const int32_t TOFU_FORGET_PINS = 67108864;
static const int32_t TOFU_FORGET_SIGHTINGS = 134217728;
static const int32_t TOFU_FORGET_PENDING = 268435456;
static const int32_t TOFU_FORGET_POLICY = 536870912;
static const int32_t TOFU_STANDING_TRUSTED = 1701;
static const int32_t TOFU_STANDING_SYSTEM = 1702;
static const int32_t TOFU_STANDING_EXPIRED = 1703;
static const int32_t TOFU_STANDING_VALID = 1704;
static const int32_t TOFU_STANDING_STAGED = 1705;
static const int32_t TOFU_STANDING_BLOCKED = 1706;
static const int32_t TOFU_STANDING_FORGOTTEN = 1707;
static const int32_t TOFU_STANDING_RETIRED = 1708;
static const int32_t TOFU_STANDING_ACCEPTED = 1709;
static const int32_t TOFU_STANDING_SEEN = 1710;
static const int32_t TOFU_STANDING_POLICY = 1711;
static const int32_t TOFU_ENDPOINT_FIELD_ACCOUNT = 2101;
static const int32_t TOFU_ENDPOINT_FIELD_HOST = 2102;
static const int32_t TOFU_ENDPOINT_FIELD_DISPLAY = 2103;
static const int32_t TOFU_ENDPOINT_FIELD_PORT = 2104;
static const int32_t TOFU_ENDPOINT_FIELD_FIRST_SEEN = 2105;
static const int32_t TOFU_ENDPOINT_FIELD_LAST_SEEN = 2106;
static const int32_t TOFU_ENDPOINT_FIELD_FIRST_VALID = 2107;
static const int32_t TOFU_ENDPOINT_FIELD_LAST_VALID = 2108;
static const int32_t TOFU_ENDPOINT_FIELD_EXPECT_CHANGE_UNTIL = 2109;
static const int32_t TOFU_ENDPOINT_FIELD_FORGOTTEN = 2110;
static const int32_t TOFU_ENDPOINT_FIELD_PINS = 2111;
static const int32_t TOFU_ENDPOINT_FIELD_HAS_POLICY = 2112;
static const int32_t TOFU_PIN_STATE_TRUSTED = 201;
static const int32_t TOFU_PIN_STATE_STAGED = 202;
static const int32_t TOFU_PIN_STATE_RETIRED = 203;
static const int32_t TOFU_PIN_STATE_BLOCKED = 204;
static const int32_t TOFU_PIN_STATE_COMPROMISED = 205;
static const int32_t TOFU_SEVERITY_INFO = 1001;
static const int32_t TOFU_SEVERITY_NOTICE = 1002;
static const int32_t TOFU_SEVERITY_WARNING = 1003;
static const int32_t TOFU_SEVERITY_HIGH = 1004;
static const int32_t TOFU_PIN_FIELD_ID = 2201;
static const int32_t TOFU_PIN_FIELD_KIND = 2202;
static const int32_t TOFU_PIN_FIELD_STATE = 2203;
static const int32_t TOFU_PIN_FIELD_VALUE = 2204;
static const int32_t TOFU_PIN_FIELD_COMMENT = 2205;
static const int32_t TOFU_PIN_FIELD_ORIGIN = 2206;
static const int32_t TOFU_PIN_FIELD_WAIVED = 2207;
static const int32_t TOFU_PIN_FIELD_WAIVER_FIXED = 2208;
static const int32_t TOFU_PIN_FIELD_CREATED = 2209;
static const int32_t TOFU_PIN_FIELD_STATE_SINCE = 2210;
static const int32_t TOFU_PIN_FIELD_LAST_MATCHED = 2211;
static const int32_t TOFU_PIN_FIELD_EXPIRES = 2212;
static const int32_t TOFU_PIN_FIELD_OVERLAP_UNTIL = 2213;
static const int32_t TOFU_PIN_FIELD_REPLACES = 2214;
static const int32_t TOFU_PIN_FIELD_LAYER = 2215;
static const int32_t TOFU_PENDING_FIELD_COUNT = 2301;
static const int32_t TOFU_PENDING_FIELD_FIRST = 2302;
static const int32_t TOFU_PENDING_FIELD_LAST = 2303;
static const int32_t TOFU_PENDING_FIELD_CONTRADICTED = 2304;
static const int32_t TOFU_PENDING_FIELD_ID = 2305;
static const int32_t TOFU_PENDING_FIELD_KEY = 2306;
static const int32_t TOFU_PENDING_FIELD_CERT = 2307;
static const int32_t TOFU_EVENT_FIELD_ID = 2401;
static const int32_t TOFU_EVENT_FIELD_TIME = 2402;
static const int32_t TOFU_EVENT_FIELD_SEVERITY = 2403;
static const int32_t TOFU_EVENT_FIELD_PORT = 2404;
static const int32_t TOFU_EVENT_FIELD_UNDOABLE = 2405;
static const int32_t TOFU_EVENT_FIELD_CODE = 2406;
static const int32_t TOFU_EVENT_FIELD_TEXT = 2407;
static const int32_t TOFU_EVENT_FIELD_HOST = 2408;
static const int32_t TOFU_EVENT_FIELD_ACCOUNT = 2409;
static const int32_t TOFU_EVENT_FIELD_APPLICATION = 2410;
static const int32_t TOFU_EVENT_FIELD_KEY = 2411;
static const int32_t TOFU_EVENT_FIELD_JSON = 2412;
static const int32_t TOFU_EVENT_FIELD_CERTIFICATE = 2413;
static const int32_t TOFU_IMPORT_PREVIEW = 1401;
static const int32_t TOFU_IMPORT_COMMIT = 1402;
static const int32_t TOFU_IMPORT_RESTORE = 1403;
static const int32_t TOFU_OP_EXPECT = 1101;
static const int32_t TOFU_OP_PUT = 1102;
static const int32_t TOFU_OP_DELETE = 1103;
static const int32_t TOFU_OP_EXPECT_ABSENT = 1104;

const char *tofu_last_error(void);
const char *tofu_error_message(const tofu_error *error);
tofu_status tofu_error_status(const tofu_error *error);
const char *tofu_error_detail(const tofu_error *error);
void tofu_error_free(tofu_error *error);
tofu_error *tofu_error_new(tofu_status status, const char *detail, const char *message);
const char *tofu_status_name(tofu_status status);
tofu_status tofu_store_open(
    const char *path,
    const tofu_store_options *options,
    tofu_store **out,
    tofu_error **err);
void tofu_store_free(tofu_store *store);
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
tofu_status tofu_verdict_decision(const tofu_verdict *verdict);
tofu_answer tofu_verdict_answer(const tofu_verdict *verdict);
tofu_status tofu_verdict_format(
    const tofu_verdict *verdict,
    tofu_format format,
    size_t width,
    tofu_text **out,
    tofu_error **err);
void tofu_verdict_free(tofu_verdict *verdict);
size_t tofu_verdict_statement_count(const tofu_verdict *verdict, tofu_section section);
const char *tofu_verdict_statement(
    const tofu_verdict *verdict,
    tofu_section section,
    size_t index,
    const char **code,
    size_t *cert_index);
const char *tofu_verdict_statement_arg(
    const tofu_verdict *verdict,
    tofu_section section,
    size_t index,
    const char *name);
tofu_assurance tofu_verdict_assurance(const tofu_verdict *verdict);
tofu_pin_result tofu_verdict_pin_result(const tofu_verdict *verdict);
tofu_change tofu_verdict_change(const tofu_verdict *verdict);
tofu_risk tofu_verdict_risk(const tofu_verdict *verdict);
int32_t tofu_verdict_has_problem(const tofu_verdict *verdict, tofu_problem problem);
int64_t tofu_verdict_number(const tofu_verdict *verdict, tofu_verdict_field field);
const char *tofu_verdict_id(const tofu_verdict *verdict);
const tofu_endpoint *tofu_verdict_endpoint(const tofu_verdict *verdict);
const tofu_chain *tofu_verdict_chain(const tofu_verdict *verdict);
const tofu_pin *tofu_verdict_pin(const tofu_verdict *verdict);
const tofu_cert *tofu_verdict_previous(const tofu_verdict *verdict);
tofu_status tofu_verdict_trust(
    tofu_store *store,
    const tofu_verdict *verdict,
    const tofu_trust_options *options,
    tofu_error **err);
int32_t tofu_verdict_offers(const tofu_verdict *verdict, tofu_pin_kind kind);
tofu_pin_kind tofu_verdict_suggested_kind(const tofu_verdict *verdict);
tofu_status tofu_trust_options_new(tofu_trust_options **out, tofu_error **err);
tofu_status tofu_trust_options_set_kind(
    tofu_trust_options *options,
    tofu_pin_kind kind,
    tofu_error **err);
tofu_status tofu_trust_options_set_flags(
    tofu_trust_options *options,
    tofu_trust_flags flags,
    tofu_error **err);
tofu_status tofu_trust_options_set_expires(
    tofu_trust_options *options,
    int64_t expires,
    tofu_error **err);
tofu_status tofu_trust_options_set_typed(
    tofu_trust_options *options,
    const char *typed,
    tofu_error **err);
tofu_status tofu_trust_options_set_comment(
    tofu_trust_options *options,
    const char *comment,
    tofu_error **err);
void tofu_trust_options_free(tofu_trust_options *options);
const char *tofu_text_get(const tofu_text *text, size_t *len);
void tofu_text_free(tofu_text *text);
const char *tofu_text_template(const char *code);
const char *tofu_version(void);
int32_t tofu_feature_has(const char *name);
tofu_status tofu_cert_parse_der(const uint8_t *der, size_t len, tofu_cert **out, tofu_error **err);
tofu_status cert_parse_der(const uint8_t *der, size_t len, tofu_cert **out, tofu_error **err);
tofu_cert *tofu_cert_clone(const tofu_cert *cert);
const char *tofu_cert_attribute(
    const tofu_cert *cert,
    tofu_cert_field field,
    const char *attribute,
    size_t index);
tofu_status tofu_cert_match_host(const tofu_cert *cert, const char *host, tofu_error **err);
tofu_status tofu_cert_format(
    const tofu_cert *cert,
    tofu_format format,
    tofu_text **out,
    tofu_error **err);
void tofu_cert_free(tofu_cert *cert);
size_t tofu_cert_count(const tofu_cert *cert, tofu_cert_field field);
const char *tofu_cert_string(const tofu_cert *cert, tofu_cert_field field, size_t index);
int64_t tofu_cert_number(const tofu_cert *cert, tofu_cert_field field, size_t index);
const uint8_t *tofu_cert_bytes(
    const tofu_cert *cert,
    tofu_cert_field field,
    size_t index,
    size_t *len);
tofu_status tofu_cert_compare(
    const tofu_cert *before,
    const tofu_cert *now,
    tofu_diff **out,
    tofu_error **err);
size_t tofu_diff_count(const tofu_diff *diff);
int32_t tofu_diff_row(
    const tofu_diff *diff,
    size_t index,
    const char **field,
    const char **before,
    const char **now);
tofu_status tofu_diff_format(
    const tofu_diff *diff,
    tofu_format format,
    size_t width,
    tofu_text **out,
    tofu_error **err);
void tofu_diff_free(tofu_diff *diff);
tofu_status tofu_chain_new(tofu_chain **out, tofu_error **err);
tofu_status tofu_chain_push_der(
    tofu_chain *chain,
    const uint8_t *der,
    size_t len,
    tofu_error **err);
tofu_status tofu_chain_push_pem(
    tofu_chain *chain,
    const uint8_t *pem,
    size_t len,
    tofu_error **err);
tofu_status tofu_chain_set_ocsp(
    tofu_chain *chain,
    const uint8_t *der,
    size_t len,
    tofu_error **err);
size_t tofu_chain_count(const tofu_chain *chain);
const tofu_cert *tofu_chain_cert(const tofu_chain *chain, size_t index);
void tofu_chain_free(tofu_chain *chain);
tofu_status tofu_check_chain(
    tofu_store *store,
    const char *host,
    uint16_t port,
    const tofu_chain *chain,
    const tofu_check_options *options,
    tofu_verdict **verdict,
    tofu_error **err);
tofu_status tofu_check_options_new(tofu_check_options **out, tofu_error **err);
tofu_status tofu_check_options_set_account(
    tofu_check_options *options,
    const char *account,
    tofu_error **err);
tofu_status tofu_check_options_set_time(tofu_check_options *options, int64_t now, tofu_error **err);
tofu_status tofu_check_options_set_flags(
    tofu_check_options *options,
    tofu_check_flags flags,
    tofu_error **err);
tofu_status tofu_check_options_set_policy(
    tofu_check_options *options,
    const tofu_policy *policy,
    tofu_error **err);
tofu_status tofu_check_options_add_root(
    tofu_check_options *options,
    const uint8_t *pem_or_der,
    size_t len,
    tofu_error **err);
tofu_status tofu_check_options_add_root_file(
    tofu_check_options *options,
    const char *path,
    tofu_error **err);
tofu_status tofu_check_options_tighten(
    tofu_check_options *options,
    const char *field,
    const char *value,
    tofu_error **err);
tofu_status tofu_check_options_add_tlsa(
    tofu_check_options *options,
    const uint8_t *rdata,
    size_t len,
    int32_t dnssec_validated,
    tofu_error **err);
tofu_status tofu_check_options_add_crl(
    tofu_check_options *options,
    const uint8_t *der,
    size_t len,
    tofu_error **err);
void tofu_check_options_free(tofu_check_options *options);
tofu_status tofu_policy_new(const char *preset, tofu_policy **out, tofu_error **err);
tofu_status tofu_policy_set(
    tofu_policy *policy,
    const char *field,
    const char *value,
    tofu_error **err);
tofu_status tofu_policy_add_root(
    tofu_policy *policy,
    const uint8_t *pem_or_der,
    size_t len,
    tofu_error **err);
const char *tofu_policy_get(const tofu_policy *policy, const char *field);
void tofu_policy_free(tofu_policy *policy);
tofu_status tofu_roots_reload(tofu_error **err);
tofu_status tofu_dial_options_new(tofu_dial_options **out, tofu_error **err);
tofu_status tofu_dial_options_set(
    tofu_dial_options *dial,
    const char *field,
    const char *value,
    tofu_error **err);
tofu_status tofu_dial_options_set_fd(tofu_dial_options *dial, int fd, tofu_error **err);
void tofu_dial_options_cancel(tofu_dial_options *dial);
void tofu_dial_options_free(tofu_dial_options *dial);
tofu_status tofu_connect(
    tofu_store *store,
    const char *host,
    uint16_t port,
    tofu_dial_options *dial,
    const tofu_check_options *options,
    tofu_conn **out,
    tofu_error **err);
tofu_status tofu_conn_handshake(tofu_conn *conn, tofu_error **err);
const tofu_verdict *tofu_conn_verdict(const tofu_conn *conn);
tofu_status tofu_conn_read(
    tofu_conn *conn,
    uint8_t *buf,
    size_t len,
    size_t *got,
    tofu_error **err);
tofu_status tofu_conn_write(
    tofu_conn *conn,
    const uint8_t *data,
    size_t len,
    size_t *written,
    tofu_error **err);
tofu_status tofu_conn_shutdown(tofu_conn *conn, tofu_error **err);
int tofu_conn_fd(const tofu_conn *conn);
tofu_wants tofu_conn_wants(const tofu_conn *conn);
const char *tofu_conn_string(const tofu_conn *conn, tofu_session_field field);
int64_t tofu_conn_number(const tofu_conn *conn, tofu_session_field field);
void tofu_conn_free(tofu_conn *conn);
tofu_status tofu_probe(
    const char *host,
    uint16_t port,
    tofu_dial_options *dial,
    tofu_probe_result **out,
    tofu_error **err);
const tofu_chain *tofu_probe_result_chain(const tofu_probe_result *result);
const tofu_error *tofu_probe_result_failure(const tofu_probe_result *result);
const char *tofu_probe_result_string(const tofu_probe_result *result, tofu_session_field field);
int64_t tofu_probe_result_number(const tofu_probe_result *result, tofu_session_field field);
void tofu_probe_result_free(tofu_probe_result *result);
tofu_status tofu_endpoint_new(
    const char *account,
    const char *host,
    uint16_t port,
    tofu_endpoint **out,
    tofu_error **err);
const char *tofu_endpoint_string(const tofu_endpoint *endpoint, tofu_endpoint_field field);
int64_t tofu_endpoint_number(const tofu_endpoint *endpoint, tofu_endpoint_field field);
tofu_standing tofu_endpoint_standing(const tofu_endpoint *endpoint);
tofu_status tofu_endpoint_expect_change(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    int64_t until,
    tofu_error **err);
tofu_status tofu_endpoint_forget(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    tofu_forget_flags what,
    tofu_error **err);
void tofu_endpoint_free(tofu_endpoint *endpoint);
tofu_status tofu_list_endpoints(
    tofu_store *store,
    const char *host,
    tofu_pin_state state,
    tofu_iter **out,
    tofu_error **err);
tofu_status tofu_list_pins(
    tofu_store *store,
    const char *host,
    const char *key,
    tofu_pin_state state,
    tofu_iter **out,
    tofu_error **err);
tofu_status tofu_list_pending(
    tofu_store *store,
    const char *host,
    const char *key,
    tofu_iter **out,
    tofu_error **err);
tofu_status tofu_list_events(
    tofu_store *store,
    const char *host,
    const char *key,
    tofu_severity severity,
    tofu_iter **out,
    tofu_error **err);
tofu_status tofu_iter_next(tofu_iter *iter, tofu_error **err);
const tofu_endpoint *tofu_iter_endpoint(const tofu_iter *iter);
const tofu_pin *tofu_iter_pin(const tofu_iter *iter);
const tofu_pending *tofu_iter_pending(const tofu_iter *iter);
const tofu_event *tofu_iter_event(const tofu_iter *iter);
void tofu_iter_free(tofu_iter *iter);
tofu_status tofu_pin_options_new(tofu_pin_options **out, tofu_error **err);
tofu_status tofu_pin_options_set_kind(
    tofu_pin_options *options,
    tofu_pin_kind kind,
    tofu_error **err);
tofu_status tofu_pin_options_set_state(
    tofu_pin_options *options,
    tofu_pin_state state,
    tofu_error **err);
tofu_status tofu_pin_options_set_value(
    tofu_pin_options *options,
    const char *value,
    tofu_error **err);
tofu_status tofu_pin_options_set_cert(
    tofu_pin_options *options,
    const tofu_cert *cert,
    tofu_error **err);
tofu_status tofu_pin_options_set_expires(
    tofu_pin_options *options,
    int64_t expires,
    tofu_error **err);
tofu_status tofu_pin_options_set_comment(
    tofu_pin_options *options,
    const char *comment,
    tofu_error **err);
void tofu_pin_options_free(tofu_pin_options *options);
int64_t tofu_pin_number(const tofu_pin *pin, tofu_pin_field field);
const char *tofu_pin_string(const tofu_pin *pin, tofu_pin_field field);
int32_t tofu_pin_waives(const tofu_pin *pin, tofu_problem problem);
const tofu_endpoint *tofu_pin_endpoint(const tofu_pin *pin);
const tofu_cert *tofu_pin_cert(const tofu_pin *pin);
tofu_status tofu_pin_add(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    const tofu_pin_options *options,
    int64_t *id,
    tofu_error **err);
tofu_status tofu_pin_mask(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    tofu_pin_kind kind,
    const char *value,
    int64_t *id,
    tofu_error **err);
tofu_status tofu_pin_set(
    tofu_store *store,
    int64_t id,
    const char *field,
    const char *value,
    tofu_error **err);
tofu_status tofu_pin_forget(tofu_store *store, int64_t id, tofu_error **err);
const tofu_endpoint *tofu_pending_endpoint(const tofu_pending *pending);
int64_t tofu_pending_number(const tofu_pending *pending, tofu_pending_field field);
const char *tofu_pending_string(const tofu_pending *pending, tofu_pending_field field);
tofu_status tofu_pending_check(
    tofu_store *store,
    const tofu_pending *pending,
    const tofu_check_options *options,
    tofu_verdict **verdict,
    tofu_error **err);
tofu_status tofu_pending_dismiss(tofu_store *store, const char *verdict_id, tofu_error **err);
int64_t tofu_event_number(const tofu_event *event, tofu_event_field field);
const char *tofu_event_string(const tofu_event *event, tofu_event_field field);
tofu_status tofu_store_set_listener(
    tofu_store *store,
    tofu_event_fn listener,
    void *user_data,
    tofu_destroy_fn destroy,
    tofu_error **err);
tofu_status tofu_policy_load(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    tofu_policy **out,
    tofu_error **err);
tofu_status tofu_policy_save(
    tofu_store *store,
    const tofu_endpoint *endpoint,
    const tofu_policy *policy,
    tofu_error **err);
tofu_status tofu_store_import(
    tofu_store *store,
    tofu_format format,
    const uint8_t *data,
    size_t len,
    const tofu_endpoint *endpoint,
    tofu_import_mode mode,
    tofu_text **report,
    tofu_error **err);
tofu_status tofu_store_export(
    tofu_store *store,
    tofu_format format,
    const char *host,
    tofu_text **out,
    tofu_text **report,
    tofu_error **err);
tofu_status tofu_store_generation(tofu_store *store, uint64_t *out, tofu_error **err);
tofu_status tofu_store_undo(tofu_store *store, int64_t event, tofu_error **err);
tofu_status tofu_store_prune(
    tofu_store *store,
    int64_t before,
    uint64_t *removed,
    tofu_error **err);
tofu_status tofu_store_verify(tofu_store *store, tofu_text **report, tofu_error **err);
tofu_status tofu_store_backup(tofu_store *store, const char *path, tofu_error **err);
tofu_status tofu_store_restore(tofu_store *store, const char *path, tofu_error **err);
tofu_status tofu_store_stats(tofu_store *store, tofu_text **out, tofu_error **err);
tofu_status tofu_store_options_new(tofu_store_options **out, tofu_error **err);
tofu_status tofu_store_options_set(
    tofu_store_options *options,
    const char *field,
    const char *value,
    tofu_error **err);
void tofu_store_options_free(tofu_store_options *options);
tofu_status tofu_store_options_set_backend(
    tofu_store_options *options,
    tofu_backend_get_fn get,
    tofu_backend_scan_fn scan,
    tofu_backend_commit_fn commit,
    void *user_data,
    tofu_destroy_fn destroy,
    tofu_error **err);
void tofu_sink_put(
    tofu_sink *sink,
    const uint8_t *key,
    size_t key_len,
    const uint8_t *value,
    size_t value_len);
size_t tofu_batch_count(const tofu_batch *batch);
tofu_op tofu_batch_op(
    const tofu_batch *batch,
    size_t index,
    const uint8_t **key,
    size_t *key_len,
    const uint8_t **value,
    size_t *value_len);
