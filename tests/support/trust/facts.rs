//! Facts written down by hand: a calm base and what a situation changes in it.
#![allow(dead_code)]

use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::path::{ProblemKind, Problems};
use tofu::store::{
    Anchor, Ground, Origin, Pin, PinKind, PinState, PinValue, Sighting, Tombstone, Upgrade, Validated, Validation,
};
use tofu::time::{DAY, Timestamp};
use tofu::trust::facts::*;

/// 2027-06-01.
pub const NOW: Timestamp = 1_811_808_000;

pub fn hash(name: &str) -> Hash {
    Hash::of(name.as_bytes())
}

pub fn problems(kinds: &[ProblemKind]) -> Problems {
    Problems::of(kinds)
}

pub fn self_signed() -> Problems {
    Problems::of(&[ProblemKind::SelfSigned])
}

pub fn anchor(organisation: &str) -> Anchor {
    Anchor { spki: hash(organisation), organisation: organisation.to_owned(), by: None }
}

/// First contact with a self-signed server that holds the key "new".
pub fn base() -> Facts {
    let leaf = Leaf {
        spki: hash("new"),
        spki_otherwise: None,
        cert: hash("new cert"),
        key_readable: true,
        rsa_bits: Some(2048),
        not_before: Some(NOW - 30 * DAY),
        not_after: Some(NOW + 335 * DAY),
        self_signed: true,
        names: vec!["mail.example.org".to_owned()],
    };
    Facts {
        port: 993,
        now: NOW,
        floor: RELEASED,
        setup: false,
        possession: true,
        provable: true,
        stated_loopback: false,
        stated_onion: false,
        host_is_loopback: false,
        cannot_write: false,
        elements: vec![(leaf.spki, leaf.cert)],
        leaf,
        problems: self_signed(),
        ca: CaAnswer::NoPath,
        valid_but_for_dates: false,
        published: None,
        blocked_everywhere: false,
        policy_unknown: false,
        known: Known::default(),
        previous: None,
        anchors_left: false,
        dane: DaneAnswer::None,
        elsewhere: Elsewhere::default(),
        changed_lately: 0,
        issuer_candidate: false,
        contradicted: false,
        second_look: Looked::Not,
    }
}

/// A chain that is CA-valid under this anchor.
pub fn ca_valid(organisation: &str) -> Facts {
    let mut facts = base();
    facts.problems = Problems::NONE;
    facts.leaf.self_signed = false;
    facts.ca = CaAnswer::Path { anchor: anchor(organisation), valid: true };
    facts
}

/// A path to a root with these problems.
pub fn with_path(kinds: &[ProblemKind]) -> Facts {
    let mut facts = ca_valid("Old CA");
    facts.problems = problems(kinds);
    facts.ca = CaAnswer::Path { anchor: anchor("Old CA"), valid: kinds.is_empty() };
    if kinds == [ProblemKind::Expired] {
        facts.valid_but_for_dates = true;
        facts.leaf.not_after = Some(NOW - 3 * DAY);
    }
    facts
}

pub fn pin(kind: PinKind, of: &str, state: PinState, waiver: Option<Problems>) -> KnownPin {
    let value = match kind {
        PinKind::Name => PinValue::Name(of.to_owned()),
        _ => PinValue::Sha256(hash(of)),
    };
    let pin = Pin {
        id: 1,
        kind,
        value,
        state,
        waiver,
        waive_expired_until: 0,
        origin: Origin::User,
        comment: String::new(),
        created: NOW - 400 * DAY,
        state_since: NOW - 400 * DAY,
        last_matched: NOW - 2 * DAY,
        expires: 0,
        overlap_until: 0,
        replaces: 0,
        cert: Some(hash(&format!("{of} cert"))),
        until_ca_valid: false,
        pinned_only: false,
        extra: Default::default(),
    };
    KnownPin { pin, layer: Layer::Own, path_verified: false }
}

/// A trusted key pin that was taken on a self-signed certificate.
pub fn key_pin(of: &str) -> KnownPin {
    let waiver = self_signed().with(ProblemKind::Expired).with(ProblemKind::NotYetValid);
    pin(PinKind::Key, of, PinState::Trusted, Some(waiver))
}

pub fn in_state(of: &str, state: PinState) -> KnownPin {
    let mut known = key_pin(of);
    known.pin.state = state;
    known
}

/// A key of the chain was refused or replaced at another endpoint.
pub fn objection(kind: ObjectionKind, since: Timestamp) -> Objection {
    Objection { kind, endpoint: Endpoint::parse("", "other.example.org", 993).unwrap(), since }
}

pub fn sighting(of: &str, validation: Validation, organisation: Option<&str>) -> Sighting {
    Sighting {
        cert: hash(&format!("{of} cert")),
        spki: hash(of),
        first: NOW - 60 * DAY,
        last: NOW - 2 * DAY,
        not_before: Some(NOW - 90 * DAY),
        not_after: Some(NOW + 10 * DAY),
        validation,
        anchor: organisation.map(anchor),
        intermediates: Vec::new(),
        provisional: false,
        extra: Default::default(),
    }
}

/// The endpoint was CA-valid with the key `of` under "Old CA".
pub fn formerly_valid(mut facts: Facts, of: &str) -> Facts {
    facts.known.baseline.push(sighting(of, Validation::Ca, Some("Old CA")));
    facts.known.validated = Some(Validated {
        first: NOW - 60 * DAY,
        last: NOW - 2 * DAY,
        ca: true,
        keys: vec![hash(of)],
        anchors: vec![anchor("Old CA")],
        by: vec![Ground::System],
    });
    facts.previous = Some(previous(of, of == "new"));
    facts
}

pub fn previous(of: &str, same: bool) -> Previous {
    Previous {
        cert: hash(&format!("{of} cert")),
        spki: hash(of),
        not_before: Some(NOW - 90 * DAY),
        not_after: Some(if same { NOW + 10 * DAY } else { NOW + 275 * DAY }),
        first: NOW - 60 * DAY,
        last: NOW - 2 * DAY,
        matches_host: true,
        signed_new: false,
        names_lost: false,
        weaker_key: false,
        other_algorithm: false,
    }
}

/// The endpoint is pinned to the key `of`, and was seen with it.
pub fn pinned(mut facts: Facts, of: &str) -> Facts {
    facts.known.pins.push(key_pin(of));
    facts.known.baseline.push(sighting(of, Validation::None, None));
    facts.previous = Some(previous(of, of == "new"));
    facts
}

pub fn due(mut facts: Facts) -> Facts {
    if let Some(previous) = &mut facts.previous {
        previous.not_after = Some(NOW + 5 * DAY);
    }
    facts
}

pub fn sibling_pin(port: u16) -> SiblingPin {
    SiblingPin { endpoint: Endpoint::parse("", "mail.example.org", port).unwrap(), pin: key_pin("new").pin }
}

pub fn tombstone() -> Option<Tombstone> {
    Some(Tombstone { at: NOW - DAY, known_until: NOW - 5 * DAY })
}

pub fn upgrade_running() -> Option<Upgrade> {
    Some(Upgrade { since: NOW - 20 * DAY, days: vec![(NOW - 20 * DAY) / DAY, (NOW - 9 * DAY) / DAY] })
}
