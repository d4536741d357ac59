//! The decision table, row by row: every situation under every policy preset. The table printed in
//! `docs/decision.md` is what this test expects; `BLESS=1 cargo test --test trust table` writes it
//! anew, to be read before it is committed.

use std::fmt::Write as _;

use crate::trust_support::facts::*;
use tofu::path::{ProblemKind, Problems, RootsError};
use tofu::store::{Ground, PinKind, PinState, Validation};
use tofu::time::DAY;
use tofu::trust::decide::decide;
use tofu::trust::facts::{CaAnswer, DaneAnswer, Facts, Layer, Looked, Previous};
use tofu::trust::{PRESETS, Policy};

use ProblemKind::*;

fn unavailable(mut facts: Facts) -> Facts {
    facts.ca = CaAnswer::Unavailable(RootsError { origin: "/etc/ssl".to_owned(), reason: "missing".to_owned() });
    facts
}

fn with(mut facts: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    change(&mut facts);
    facts
}

fn add_pin(facts: Facts, pin: tofu::trust::facts::KnownPin) -> Facts {
    with(facts, |f| f.known.pins.push(pin))
}

/// Every situation, in the order of the rules.
fn situations() -> Vec<(&'static str, Facts)> {
    let private = |pin_state| {
        let mut pin = pin(PinKind::Issuer, "Private CA", pin_state, Some(Problems::NO_CA_PATH));
        pin.path_verified = true;
        pin
    };
    let pinned_issuer = |state| pin(PinKind::Issuer, "Private CA", state, Some(Problems::NO_CA_PATH));
    let formerly_by = |ground: Ground, facts, of| {
        with(formerly_valid(facts, of), |f| {
            let person = ground == Ground::Person;
            f.known.baseline[0].validation = if person { Validation::Pinned } else { Validation::Ca };
            if let Some(v) = &mut f.known.validated {
                (v.ca, v.by) = (!person, vec![ground]);
            }
        })
    };
    let untrusted = || {
        with(base(), |f| {
            f.leaf.self_signed = false;
            f.problems = problems(&[UntrustedIssuer]);
        })
    };
    let hosted = || with(with_path(&[HostMismatch]), |f| f.leaf.names = vec!["*.p.example".to_owned()]);
    let name_pin = |name| pin(PinKind::Name, name, PinState::Trusted, Some(problems(&[HostMismatch])));
    let expired_pin = || {
        let mut known = key_pin("new");
        known.pin.expires = NOW - DAY;
        known
    };
    let overlap = |until| {
        let mut known = in_state("new", PinState::Retired);
        known.pin.overlap_until = until;
        known
    };
    let pinned_only = |of| pin(PinKind::Key, of, PinState::Trusted, Some(Problems::NONE));
    let loopback = |names_pin: bool| {
        with(base(), |f| {
            f.stated_loopback = true;
            f.host_is_loopback = true;
            f.problems = problems(&[SelfSigned, HostMismatch, CaAsServer]);
            if names_pin {
                f.known.pins.push(key_pin("new"));
            }
        })
    };
    vec![
        ("its policy holds an unknown field", with(ca_valid("Old CA"), |f| f.policy_unknown = true)),
        ("a key in the chain or path is blocked everywhere", with(ca_valid("Old CA"), |f| f.blocked_everywhere = true)),
        ("its pinned key is blocked here", add_pin(pinned(base(), "new"), in_state("new", PinState::Blocked))),
        (
            "CA-valid, its key retired as compromised",
            add_pin(ca_valid("Old CA"), in_state("new", PinState::Compromised)),
        ),
        ("pinned, and revoked", with(pinned(base(), "new"), |f| f.problems = f.problems.with(Revoked))),
        ("pinned, and the key cannot be read", with(pinned(base(), "new"), |f| f.leaf.key_readable = false)),
        ("pinned, RSA with 1023 bits", with(pinned(base(), "new"), |f| f.leaf.rsa_bits = Some(1023))),
        ("pinned, RSA with 1024 bits", with(pinned(base(), "new"), |f| f.leaf.rsa_bits = Some(1024))),
        ("CA-valid, validated TLSA records do not match", with(ca_valid("Old CA"), |f| f.dane = DaneAnswer::Mismatch)),
        ("pinned key", pinned(base(), "new")),
        ("pinned key, now CA-valid", pinned(ca_valid("Old CA"), "new")),
        (
            "pinned key for this session",
            add_pin(base(), {
                let mut k = key_pin("new");
                k.layer = Layer::Session;
                k
            }),
        ),
        (
            "pinned key, and now another name",
            with(pinned(base(), "new"), |f| f.problems = f.problems.with(HostMismatch)),
        ),
        ("typed key pin, first match", add_pin(base(), pin(PinKind::Key, "new", PinState::Trusted, None))),
        (
            "typed key pin, first match with a bad signature",
            add_pin(
                with(base(), |f| f.problems = problems(&[BadSignature])),
                pin(PinKind::Key, "new", PinState::Trusted, None),
            ),
        ),
        (
            "pinned certificate, another one with its key",
            with(add_pin(base(), pin(PinKind::Certificate, "old cert", PinState::Trusted, Some(self_signed()))), |f| {
                f.previous = Some(Previous { spki: hash("new"), ..previous("old", false) })
            }),
        ),
        ("pinned issuer above a verified path", add_pin(untrusted(), private(PinState::Trusted))),
        (
            "pinned issuer, and the leaf is for another host",
            add_pin(with(untrusted(), |f| f.problems = f.problems.with(HostMismatch)), private(PinState::Trusted)),
        ),
        ("pinned name on a CA path", add_pin(hosted(), name_pin("*.p.example"))),
        (
            "pinned name, wildcard, against a literal one",
            add_pin(with(hosted(), |f| f.leaf.names = vec!["evil.p.example".to_owned()]), name_pin("*.p.example")),
        ),
        (
            "pinned name without a CA path",
            add_pin(
                with(hosted(), |f| {
                    f.ca = CaAnswer::NoPath;
                    f.problems = problems(&[SelfSigned, HostMismatch]);
                }),
                name_pin("*.p.example"),
            ),
        ),
        ("the old key within its overlap", add_pin(add_pin(base(), key_pin("next")), overlap(NOW + DAY))),
        ("DANE-EE matches, self-signed", with(base(), |f| f.dane = DaneAnswer::Ee)),
        ("DANE-TA matches, private CA", with(untrusted(), |f| f.dane = DaneAnswer::Ta)),
        ("PKIX-EE matches, self-signed", with(base(), |f| f.dane = DaneAnswer::Pkix)),
        (
            "DANE-EE matches, endpoint pinned-only to another key",
            add_pin(with(base(), |f| f.dane = DaneAnswer::Ee), pinned_only("old")),
        ),
        ("the key of an expired pin", add_pin(base(), expired_pin())),
        ("the old key after its overlap", add_pin(add_pin(base(), key_pin("next")), overlap(NOW - DAY))),
        ("a retired key, CA-valid", add_pin(ca_valid("Old CA"), in_state("new", PinState::Retired))),
        ("CA-valid, first contact", ca_valid("Old CA")),
        ("CA-valid, as before", formerly_valid(ca_valid("Old CA"), "new")),
        ("CA-valid, new key, same issuer", formerly_valid(ca_valid("Old CA"), "old")),
        ("CA-valid, new key, new issuer", formerly_valid(ca_valid("New CA"), "old")),
        ("CA-valid, pinned to another key: upgrade begins", pinned(ca_valid("Old CA"), "old")),
        (
            "CA-valid, upgrade long enough",
            with(pinned(ca_valid("Old CA"), "old"), |f| f.known.upgrade = upgrade_running()),
        ),
        (
            "CA-valid, upgrade long enough, interception hint",
            with(pinned(ca_valid("Old CA"), "old"), |f| {
                f.known.upgrade = upgrade_running();
                f.changed_lately = 5;
            }),
        ),
        ("CA-valid, endpoint pinned-only to another key", add_pin(ca_valid("Old CA"), pinned_only("old"))),
        (
            "CA-valid, same issuer, endpoint pinned-only to another key",
            add_pin(formerly_valid(ca_valid("Old CA"), "old"), pinned_only("old")),
        ),
        ("the announced next key", add_pin(pinned(base(), "old"), in_state("new", PinState::Staged))),
        (
            "the announced next key, and a problem that was not accepted",
            add_pin(
                with(pinned(base(), "old"), |f| f.problems = f.problems.with(BadSignature)),
                in_state("new", PinState::Staged),
            ),
        ),
        (
            "the announced next key, read-only store",
            add_pin(with(pinned(base(), "old"), |f| f.cannot_write = true), in_state("new", PinState::Staged)),
        ),
        ("roots unavailable, pinned self-signed key", unavailable(pinned(base(), "new"))),
        ("roots unavailable, no pin", unavailable(with(ca_valid("Old CA"), |f| f.leaf.self_signed = false))),
        (
            "roots unavailable, formerly CA-valid",
            unavailable(formerly_valid(with(base(), |f| f.problems = Problems::NONE), "new")),
        ),
        ("formerly CA-valid, same key, expired", formerly_valid(with_path(&[Expired]), "new")),
        (
            "formerly CA-valid, same key, expired and for another name",
            formerly_valid(with_path(&[Expired, HostMismatch]), "new"),
        ),
        ("formerly CA-valid, same key, self-signed", formerly_valid(base(), "new")),
        ("formerly CA-valid, newer key, expired for 3 days", formerly_valid(with_path(&[Expired]), "old")),
        (
            "formerly CA-valid, newer key, expired for 31 days",
            formerly_valid(with(with_path(&[Expired]), |f| f.leaf.not_after = Some(NOW - 31 * DAY)), "old"),
        ),
        (
            "formerly CA-valid, older key, expired for 3 days",
            formerly_valid(with(with_path(&[Expired]), |f| f.leaf.not_before = Some(NOW - 100 * DAY)), "old"),
        ),
        ("formerly CA-valid, another key, self-signed", formerly_valid(base(), "old")),
        (
            "formerly DANE-validated, another key",
            with(formerly_valid(base(), "old"), |f| {
                f.known.baseline[0].validation = Validation::Dane;
                if let Some(v) = &mut f.known.validated {
                    v.ca = false
                }
            }),
        ),
        ("downgrade, all anchors left the roots", with(formerly_valid(base(), "old"), |f| f.anchors_left = true)),
        (
            "downgrade, a change is expected",
            with(formerly_valid(base(), "old"), |f| f.known.expect_change_until = NOW + DAY),
        ),
        (
            "formerly valid by one program's root, to which it leads still",
            with(formerly_by(Ground::Program, untrusted(), "new"), |f| f.known.other_program = Some(anchor("Old CA"))),
        ),
        ("formerly valid by one program's root, another key", formerly_by(Ground::Program, base(), "old")),
        (
            "formerly accepted by the user's issuer pin, another key",
            add_pin(formerly_by(Ground::Person, base(), "old"), pinned_issuer(PinState::Trusted)),
        ),
        (
            "the same, a change is expected",
            with(add_pin(formerly_by(Ground::Person, base(), "old"), pinned_issuer(PinState::Trusted)), |f| {
                f.known.expect_change_until = NOW + DAY
            }),
        ),
        (
            "formerly accepted by the user's issuer pin, which was retired, the same key",
            add_pin(formerly_by(Ground::Person, untrusted(), "new"), pinned_issuer(PinState::Retired)),
        ),
        (
            "the same, another key",
            add_pin(formerly_by(Ground::Person, untrusted(), "old"), pinned_issuer(PinState::Retired)),
        ),
        ("pinned, another key long before the end", pinned(base(), "old")),
        (
            "the same, and a second look proved the old one",
            with(pinned(base(), "old"), |f| f.second_look = Looked::KnownKey(0)),
        ),
        (
            "the same, with an interception hint",
            with(pinned(base(), "old"), |f| (f.second_look, f.changed_lately) = (Looked::KnownKey(0), 2)),
        ),
        (
            "pinned, another key, and a second look proved none",
            with(pinned(base(), "old"), |f| f.second_look = Looked::Nothing),
        ),
        ("pinned, another key when the old was due", due(pinned(base(), "old"))),
        (
            "pinned, another key when due, signed by the old",
            with(due(pinned(base(), "old")), |f| {
                f.leaf.self_signed = false;
                f.problems = problems(&[UntrustedIssuer]);
                if let Some(p) = &mut f.previous {
                    p.signed_new = true
                }
            }),
        ),
        (
            "the same, for another name",
            with(due(pinned(base(), "old")), |f| {
                f.leaf.self_signed = false;
                f.problems = problems(&[UntrustedIssuer, HostMismatch]);
                if let Some(p) = &mut f.previous {
                    p.signed_new = true
                }
            }),
        ),
        ("pinned, another key when due, interception hint", with(due(pinned(base(), "old")), |f| f.changed_lately = 2)),
        (
            "an expired pin, and another key",
            add_pin(base(), {
                let mut k = expired_pin();
                k.pin.value = key_pin("old").pin.value;
                k
            }),
        ),
        ("sibling mail port holds the key", with(base(), |f| f.elsewhere.siblings.push(sibling_pin(143)))),
        ("a web port holds the key", with(base(), |f| f.elsewhere.siblings.push(sibling_pin(443)))),
        (
            "a loopback port holds the key",
            with(base(), |f| {
                f.host_is_loopback = true;
                f.port = 1025;
                f.elsewhere.siblings.push(sibling_pin(1143));
            }),
        ),
        (
            "sibling holds the key, and a problem beyond its waiver",
            with(base(), |f| {
                f.problems = f.problems.with(HostMismatch);
                f.elsewhere.siblings.push(sibling_pin(143));
            }),
        ),
        ("first contact, self-signed", base()),
        ("first contact, self-signed for another name", with(base(), |f| f.problems = f.problems.with(HostMismatch))),
        ("first contact, unknown CA", untrusted()),
        ("first contact, self-signed and expired", with(base(), |f| f.problems = f.problems.with(Expired))),
        ("first contact, CA-valid for another name", hosted()),
        ("first contact, setting the account up", with(base(), |f| f.setup = true)),
        ("first contact, read-only store", with(base(), |f| f.cannot_write = true)),
        ("first contact, possession unproven", with(base(), |f| f.possession = false)),
        ("CA-valid, possession unproven", with(ca_valid("Old CA"), |f| f.possession = false)),
        ("first contact, the clock is wrong", with(base(), |f| f.now = RELEASED_BEFORE)),
        ("first contact, interception hint", with(base(), |f| f.changed_lately = 3)),
        ("first contact, host CA-valid on another port", with(base(), |f| f.elsewhere.host_ca_valid = true)),
        ("first contact after forget", with(base(), |f| f.known.tombstone = tombstone())),
        ("stated loopback, CA:TRUE and another name", loopback(false)),
        ("stated loopback, pinned key, then CA:TRUE and another name", loopback(true)),
    ]
}

const RELEASED_BEFORE: i64 = tofu::trust::facts::RELEASED - DAY;

fn table() -> String {
    let mut out = String::from("| situation | rule | pin | change | risk |");
    PRESETS.iter().for_each(|preset| write!(out, " {preset} |").unwrap());
    out.push_str("\n|---|---|---|---|---|");
    PRESETS.iter().for_each(|_| out.push_str("---|"));
    out.push('\n');
    for (name, facts) in situations() {
        let first = decide(&facts, &Policy::default());
        match &first {
            Ok(o) => write!(
                out,
                "| {name} | {} | {} | {} | {} |",
                o.rule.code(),
                o.pin.code(),
                o.change.code(),
                o.risk.code()
            ),
            Err(_) => write!(out, "| {name} | - | - | - | - |"),
        }
        .unwrap();
        for preset in PRESETS {
            let cell = match decide(&facts, &Policy::preset(preset).unwrap()) {
                Ok(outcome) if outcome.assurance.code() == "none" => outcome.decision.code().to_owned(),
                Ok(outcome) => outcome.assurance.code().to_owned(),
                Err(_) => "error".to_owned(),
            };
            write!(out, " {cell} |").unwrap();
        }
        out.push('\n');
    }
    out
}

#[test]
fn the_table_in_the_docs_is_what_the_rules_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/decision.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- table -->\n").expect("the mark before the table");
    let (printed, after) = rest.split_once("<!-- end of table -->").expect("the mark after the table");
    let now = table();
    if std::env::var_os("BLESS").is_some() {
        let page = format!("{before}<!-- table -->\n{now}<!-- end of table -->{after}");
        std::fs::write(path, page).unwrap();
        return;
    }
    for (printed, now) in printed.lines().zip(now.lines()) {
        assert_eq!(printed, now);
    }
    assert_eq!(printed, now);
}

#[test]
fn every_reason_code_has_words() {
    for (name, facts) in situations() {
        for preset in PRESETS {
            if let Ok(outcome) = decide(&facts, &Policy::preset(preset).unwrap()) {
                for code in outcome.reasons {
                    assert!(tofu::text::template(code).is_some(), "{name}: {code}");
                }
            }
        }
    }
}
