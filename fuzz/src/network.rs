//! What servers say before TLS and in its first messages, and what people type as names.

use tofu::endpoint::{Account, Endpoint, Host};
use tofu::fingerprint;
use tofu::tls::hello::{Glimpse, HelloError, Reader};
use tofu::tls::starttls::{Dialogue, StartTlsError, Step};
use tofu::tls::{PROTOCOLS, Protocol, Target};
use tofu::trust::Policy;

use super::take::Take;
use super::{fit_to_show, sound_json};

/// What the client said, and how it ended, `Ok` where it waits for more.
type Outcome = (Vec<u8>, Result<bool, StartTlsError>);

fn converse(protocol: Protocol, stream: &[u8], piece: usize) -> Outcome {
    let mut dialogue = Dialogue::new(protocol, &Host::parse("mail.example.org").unwrap());
    let mut said = dialogue.begin();
    for bytes in stream.chunks(piece.max(1)) {
        match dialogue.receive(bytes) {
            Ok(Step::Send(more)) => said.extend(more),
            Ok(Step::Done) => {
                // Nothing may follow the go-ahead.
                assert!(matches!(dialogue.receive(b"x"), Err(StartTlsError::Injected { .. })));
                return (said, Ok(true));
            }
            Err(error) => {
                fit_to_show("an error before TLS", &error.to_string());
                assert_eq!(dialogue.receive(b""), Err(error.clone()), "an error is final");
                return (said, Err(error));
            }
        }
        dialogue.greeting().into_iter().for_each(|line| fit_to_show("a greeting", line));
    }
    fit_to_show("an error before TLS", &dialogue.closed().to_string());
    (said, Ok(false))
}

/// A dialogue of any protocol. In whatever pieces the server's words come, the client says the same
/// and it ends the same, unless words came before they were due: whether they did depends on the
/// pieces. A call that fails gives nothing more to say, so in one piece the client may say less
/// before the same error. An error quotes what had arrived by then; only its code is the same.
pub fn starttls(data: &[u8]) {
    let mut take = Take(data);
    let protocol = PROTOCOLS[take.below(PROTOCOLS.len())];
    let piece = take.below(64) + 1;
    let whole = converse(protocol, take.0, take.0.len());
    let early = |end: &Result<bool, StartTlsError>| {
        matches!(end, Err(StartTlsError::Ahead { .. } | StartTlsError::Injected { .. }))
    };
    for piece in [1, piece] {
        let pieces = converse(protocol, take.0, piece);
        if !early(&whole.1) && !early(&pieces.1) {
            let code = |end: &Result<bool, StartTlsError>| end.as_ref().map_or_else(StartTlsError::code, |_| "none");
            let ends = |end: &Result<bool, StartTlsError>| (end.clone().ok(), code(end));
            assert_eq!(ends(&pieces.1), ends(&whole.1), "{protocol} in pieces of {piece}");
            let same = if whole.1.is_ok() { pieces.0 == whole.0 } else { pieces.0.starts_with(&whole.0) };
            assert!(same, "{protocol} in pieces of {piece}: {pieces:?} and {whole:?}");
        }
    }
}

fn glimpse(stream: &[u8], piece: usize) -> Result<Glimpse, HelloError> {
    let mut reader = Reader::new();
    for bytes in stream.chunks(piece.max(1)) {
        if let Some(glimpse) = reader.receive(bytes)? {
            return Ok(glimpse);
        }
    }
    reader.closed()
}

fn shown(seen: &Result<Glimpse, HelloError>) -> String {
    match seen {
        Ok(g) => format!(
            "{} {:?} {:?} {} {} {} {} {:?}",
            g.version,
            g.suite,
            g.group,
            g.chain.fingerprint().hex(),
            g.certificates,
            g.complete,
            g.wants_client_certificate,
            g.warning
        ),
        Err(error) => error.to_string(),
    }
}

/// The answer to a wide ClientHello: the same in whatever pieces it comes.
pub fn hello(data: &[u8]) {
    let mut take = Take(data);
    let piece = take.below(64) + 1;
    let whole = glimpse(take.0, take.0.len());
    if let Err(error) = &whole {
        fit_to_show("an error of the reader", &error.to_string());
    }
    for piece in [1, piece] {
        assert_eq!(shown(&glimpse(take.0, piece)), shown(&whole), "in pieces of {piece}");
    }
}

/// Hosts, accounts, targets, fingerprints, and policies from fields and from JSON.
pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(host) = Host::parse(&text) {
        // The canonical form is canonical, and safe to store.
        assert_eq!(Host::parse(host.as_str()).as_ref(), Ok(&host));
        assert!(host.as_str().is_ascii() && !host.as_str().contains(['*', '\0', '\n', ' ']), "{host}");
    } else if let Err(error) = Host::parse(&text) {
        fit_to_show("an error of a host", &error.to_string());
    }
    if let Ok(account) = Account::parse(&text) {
        assert_eq!(Account::parse(account.as_str()), Ok(account));
    }
    for port in [0, 1, 993, 65_535] {
        if let Ok(endpoint) = Endpoint::parse("", &text, port) {
            assert_ne!(port, 0);
            assert_eq!(Target::parse(&endpoint.to_string(), None).ok().map(|t| t.host), Some(endpoint.host));
        }
    }
    match Target::parse(&text, None) {
        Ok(target) => fit_to_show("a target", &target.host.to_string()),
        Err(error) => fit_to_show("an error of a target", &error.to_string()),
    }
    match fingerprint::parse(&text) {
        Ok(print) => {
            let hash = print.hash();
            for form in [hash.hex(), hash.colon_hex(), hash.key_pin()] {
                assert_eq!(fingerprint::parse(&form).map(|f| f.hash()), Ok(hash), "{form}");
            }
        }
        Err(error) => fit_to_show("an error of a fingerprint", &error.to_string()),
    }
    let mut policy = Policy::preset("default").unwrap();
    for line in text.lines() {
        let (field, value) = line.split_once('=').unwrap_or((line, ""));
        match policy.set(field, value) {
            Ok(()) => {
                policy.get(field);
            }
            Err(error) => fit_to_show("an error of a policy", &error.to_string()),
        }
    }
    back_and_forth(&policy);
    if let Ok(map) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(data) {
        if let Ok(policy) = Policy::from_map(&map) {
            back_and_forth(&policy);
        }
    }
}

/// What a policy is written as is the same policy.
fn back_and_forth(policy: &Policy) {
    let map = policy.to_map();
    sound_json("a policy", &serde_json::Value::Object(map.clone()));
    assert_eq!(Policy::from_map(&map).unwrap().to_map(), map);
}
