//! The order in which a reader meets the C ABI: four parts, and in each the nouns with the names that
//! belong to them. A new function of a known noun finds its place by its name; a new noun is a new row.

/// A part of the header.
pub struct Part {
    pub title: &'static str,
    pub about: &'static str,
    pub nouns: &'static [Noun],
}

/// A thing, and the names of functions, types and constants that deal with it.
pub struct Noun {
    pub name: &'static str,
    /// One line for the table of contents.
    pub about: &'static str,
    /// Whole names, or beginnings with a star. The longest that fits decides, and their order is the header's.
    pub names: &'static [&'static str],
}

const fn noun(name: &'static str, about: &'static str, names: &'static [&'static str]) -> Noun {
    Noun { name, about, names }
}

/// The header from top to bottom.
pub static PARTS: [Part; 4] = [
    Part {
        title: "Part I: the common path",
        about: "Open the store once, check each server before anything is sent to it, show the verdict, record the answer.",
        nouns: &[
            noun(
                "Errors",
                "what calls return, and why one failed",
                &[
                    "tofu_last_error",
                    "tofu_error_message",
                    "tofu_error_status",
                    "tofu_error_detail",
                    "tofu_error_free",
                    "tofu_error_new",
                    "tofu_error_*",
                    "tofu_status_name",
                ],
            ),
            noun("Store", "what is remembered about servers", &["tofu_store_open", "tofu_store_free", "tofu_store"]),
            noun("Check", "whether the server just reached is the right one", &["tofu_check_peer"]),
            noun(
                "Verdict",
                "the decision, the reasons for it, and what to ask a person",
                &[
                    "tofu_verdict_decision",
                    "tofu_verdict_answer",
                    "tofu_verdict_format",
                    "tofu_verdict_free",
                    "TOFU_NO_CERT",
                    "tofu_verdict_statement*",
                    "tofu_verdict_assurance",
                    "tofu_verdict_pin_result",
                    "tofu_verdict_change",
                    "tofu_verdict_risk",
                    "tofu_verdict_has_problem",
                    "tofu_verdict_*",
                ],
            ),
            noun(
                "Trust",
                "records the answer of a person",
                &["tofu_verdict_trust", "tofu_verdict_offers", "tofu_verdict_suggested_kind", "tofu_trust_options_*"],
            ),
            noun("Text", "what formatting functions return", &["tofu_text_*", "tofu_text_template"]),
            noun("Library", "versions and features", &["TOFU_VERSION_*", "tofu_version", "tofu_feature_has"]),
        ],
    },
    Part {
        title: "Part II: certificates, policies and connections",
        about: "What the common path is made of, for programs that look closer or want something else.",
        nouns: &[
            noun("Certificate", "what one certificate says", &["tofu_cert_parse_der", "cert_parse_der", "tofu_cert_*"]),
            noun("Comparison", "two certificates side by side", &["tofu_cert_compare", "tofu_diff_*"]),
            noun("Chain", "what a server sent, built one certificate at a time", &["tofu_chain_*", "tofu_check_chain"]),
            noun("Check options", "what else is known about the connection", &["tofu_check_options_*"]),
            noun("Policy", "how strict the decision is", &["tofu_policy_*", "tofu_roots_reload"]),
            noun("Dial options", "how to connect", &["tofu_dial_options_*"]),
            noun("Connection", "a TLS connection made by the library", &["tofu_connect", "tofu_conn_*"]),
            noun("Probe", "what a server shows, without trusting it", &["tofu_probe", "tofu_probe_result_*"]),
        ],
    },
    Part {
        title: "Part III: managing what is remembered",
        about: "For settings dialogs and administration tools.",
        nouns: &[
            noun(
                "Endpoint",
                "an account, host and port: the scope of trust",
                &["tofu_endpoint_new", "tofu_endpoint_*"],
            ),
            noun(
                "List",
                "goes through endpoints, pins, pending questions or events",
                &["tofu_list_*", "tofu_iter_next", "tofu_iter_*"],
            ),
            noun("Pin", "a key or certificate that is trusted or refused", &["tofu_pin_options_*", "tofu_pin_*"]),
            noun("Pending question", "a question that nobody could answer when it came up", &["tofu_pending_*"]),
            noun("Event", "what happened, and a listener for it", &["tofu_event_*", "tofu_store_set_listener"]),
            noun("Stored policy", "policies that the store remembers", &["tofu_policy_load", "tofu_policy_save"]),
            noun("Import and export", "from and to other programs' files", &["tofu_store_import", "tofu_store_export"]),
            noun("Maintenance", "the store as a whole", &["tofu_store_*"]),
            noun("Store options", "how a store is opened", &["tofu_store_options_*"]),
        ],
    },
    Part {
        title: "Part IV: storage of the application's own",
        about: "Keeps the store in ordered keys and values of the application instead of a file.",
        nouns: &[noun(
            "Backend",
            "three callbacks that read and write",
            &["tofu_store_options_set_backend", "tofu_sink_*", "tofu_batch_*"],
        )],
    },
];

/// The noun (counted through all parts) and the pattern that a name belongs to.
pub fn place(name: &str) -> Option<(usize, usize)> {
    let nouns = PARTS.iter().flat_map(|part| part.nouns).enumerate();
    let fits =
        nouns.flat_map(|(noun, row)| row.names.iter().enumerate().map(move |(at, pattern)| (noun, at, *pattern)));
    let fits = fits.filter(|(_, _, pattern)| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start) || start.strip_suffix('_') == Some(name),
        None => *pattern == name,
    });
    fits.max_by_key(|(_, _, pattern)| (!pattern.ends_with('*'), pattern.len())).map(|(noun, at, _)| (noun, at))
}
