//! What is said of names, of authorities that end soon and of certificates that servers make themselves,
//! and what is offered then.

use tofu::cert::Cert;
use tofu::store::PinKind;
use tofu::time::DAY;
use tofu::trust::{Answer, Decision, Risk, Section, TrustError, Verdict};

use super::HOST;
use crate::trust_support::*;

/// Exim without a certificate makes itself one for two hours at every start, maddy one for a week.
#[test]
fn a_server_that_makes_itself_a_certificate_at_each_start_is_trusted_once_and_not_pinned() {
    let mut world = world("default", &[]);
    let first = self_signed(&[HOST], "first start", START, 7);
    let verdict = world.see(&first);
    assert_eq!((verdict.decision(), verdict.suggested()), (Decision::Ask, None));
    assert!(verdict.only_once() && verdict.offered().is_empty());
    assert!(verdict.reasons().any(|reason| reason == "made-at-start"));
    assert!(matches!(world.yes(&verdict), Err(TrustError::NotOffered(_))));
    for kind in [PinKind::Key, PinKind::Certificate] {
        let answer = Answer { kind: Some(kind), now: world.now, ..Answer::default() };
        assert!(matches!(tofu::trust::trust(&world.store, &verdict, &answer), Err(TrustError::NotOffered(_))));
    }
    let once = Answer { session: true, now: world.now, ..Answer::default() };
    tofu::trust::trust(&world.store, &verdict, &once).unwrap();
    assert_eq!(world.see(&first).decision(), Decision::Accept);
    // A person who knows the fingerprint means this key: it is pinned, and its successor is no alarm.
    let typed = first.leaf().unwrap().spki().key_pin();
    let meant = Answer { typed: Some(typed), now: world.now, ..Answer::default() };
    tofu::trust::end_session(&world.store);
    tofu::trust::trust(&world.store, &world.see(&first), &meant).unwrap();
    assert_eq!(world.see(&first).decision(), Decision::Accept);
    world.days_later(1);
    let next = world.see(&self_signed(&[HOST], "second start", world.now, 7));
    assert_eq!((next.decision(), next.risk()), (Decision::Ask, Risk::Medium));
    assert!(next.only_once() && next.reasons().any(|reason| reason == "old-was-due"));
}

#[test]
fn a_certificate_of_a_few_days_from_an_authority_or_a_longer_one_is_pinned_as_ever() {
    let world = world("default", &[]);
    let private = ca("Example University");
    let issued = world.see(&private.with_root(&[HOST], "k", START, 6));
    assert!(!issued.only_once() && issued.suggested() == Some(PinKind::Issuer));
    let longer = world.see(&self_signed(&[HOST], "a", START, 9));
    assert!(!longer.only_once() && longer.suggested() == Some(PinKind::Key));
    assert!(world.see(&self_signed(&[HOST], "a", START, 8)).only_once());
}

/// Caddy's issuing authority lives for a week, its root for ten years.
#[test]
fn the_offer_to_trust_an_authority_says_when_that_ends_and_prefers_the_root() {
    let world = world("default", &[]);
    let private = ca("Example University");
    let (spec, by, _) = private.intermediate(1);
    let short = Spec { until: START + 7 * DAY, ..spec };
    let inter = issue(&short, &by, &private.spec, &private.key);
    let leaf = issue(&server(&[HOST], START, 1), &key("k"), &short, &by);
    let advice = |certs: &[Cert]| {
        let verdict = world.see(&chain(certs));
        assert_eq!(verdict.suggested(), Some(PinKind::Issuer));
        let said =
            verdict.statements(Section::Advice).iter().find(|s| s.code.starts_with("advice-issuer-pin")).cloned();
        said.unwrap()
    };
    let alone = advice(&[leaf.clone(), inter.clone()]);
    assert_eq!((alone.code, alone.get("issuer-ends")), ("advice-issuer-pin-short", Some("2027-01-08")));
    assert_eq!(alone.get("issuer-above"), Some("Example University CA"));
    let with_root = advice(&[leaf, inter, private.root.clone()]);
    assert_eq!((with_root.code, with_root.get("issuer-ends")), ("advice-issuer-pin", Some("2046-12-27")));
}

fn named(file: &str) -> Vec<Cert> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/names").join(file);
    Cert::parse_pem(&std::fs::read(path).unwrap()).unwrap()
}

/// The same names in the headline, the problem and the advice; nothing is advised that cannot match, and
/// nothing offered that would be refused.
#[test]
fn names_and_advice_come_from_one_list() {
    let mut world = world("default", &[]);
    named("root.pem").into_iter().for_each(|root| world.policy.add_root(root));
    let said = |world: &mut World, host: &str, file: &str| world.at(host, 10_993).see(&chain(&named(file)));
    let codes = |verdict: &Verdict| -> Vec<&'static str> {
        [Section::Headline, Section::Meaning, Section::Advice]
            .iter()
            .flat_map(|section| verdict.statements(*section).iter().map(|s| s.code).collect::<Vec<_>>())
            .collect()
    };
    let told = |verdict: &Verdict, code: &str| {
        let all = [Section::Headline, Section::Problem, Section::Advice];
        let mut found = all.iter().flat_map(|section| verdict.statements(*section)).filter(|s| s.code == code);
        found.next().map(|statement| statement.text()).unwrap_or_else(|| panic!("{code}: {:?}", codes(verdict)))
    };
    let two = said(&mut world, HOST, "twocn.pem");
    assert!(told(&two, "headline-other-name").ends_with("another name: imap.example.org."));
    assert!(told(&two, "advice-set-server-name").contains("which may be imap.example.org."));
    let port = said(&mut world, HOST, "portsan.pem");
    assert_eq!(codes(&port), ["headline-no-name", "meaning-no-name", "advice-names-unusable", "advice-no-password"]);
    assert!(!port.offered().contains(&PinKind::Name));
    let address = said(&mut world, "127.0.0.1", "ipdns.pem");
    assert!(told(&address, "host-mismatch-address-as-name").contains("127.0.0.1 in the place of a DNS name"));
    assert!(told(&address, "advice-check-server-name").ends_with("is for nas.example.org."));
    let service = said(&mut world, "example.org", "xmpp.pem");
    assert!(told(&service, "headline-other-service").contains("as a server of xmpp-client, XMPP only"));
    assert!(!codes(&service).contains(&"advice-set-server-name") && !codes(&service).contains(&"advice-name-pin"));
    let client = said(&mut world, HOST, "clientauth.pem");
    assert_eq!(
        codes(&client)[..3],
        ["headline-first-contact-issued", "meaning-first-contact-issued", "advice-wrong-usage"]
    );
    // A loopback name is given out only where the server is on this machine.
    assert!(!codes(&said(&mut world, "bridge.internal", "bridge.pem")).contains(&"advice-check-server-name"));
    world.flags.loopback = true;
    let near = said(&mut world, "bridge.internal", "bridge.pem");
    assert!(told(&near, "advice-check-server-name").ends_with("is for 127.0.0.1."));
}

/// The same certificate is right on the port of the service that it names, and its pins are not needed.
#[test]
fn an_xmpp_server_is_checked_by_its_domain() {
    let mut world = world("default", &[]);
    named("root.pem").into_iter().for_each(|root| world.policy.add_root(root));
    let sent = chain(&named("xmpp.pem"));
    for (port, services, expected) in [
        (5222, &[][..], Decision::Accept),
        (5269, &[], Decision::Accept),
        (993, &[], Decision::Ask),
        (8443, &["xmpp-client"][..], Decision::Accept),
        (8443, &["imaps"], Decision::Ask),
    ] {
        world.at("example.org", port).flags.services = services;
        assert_eq!(world.see(&sent).decision(), expected, "{port} {services:?}");
    }
    // For another domain nothing that XMPP would refuse is advised.
    world.at("example.com", 5222).flags.services = &[];
    let other = world.see(&sent);
    let advice: Vec<&str> = other.statements(Section::Advice).iter().map(|s| s.code).collect();
    assert!(advice.contains(&"advice-xmpp-domain") && !advice.contains(&"advice-set-server-name"), "{advice:?}");
}

/// An intermediate forgotten at a renewal: what is missing, and who can mend it.
#[test]
fn a_forgotten_intermediate_is_named_with_who_can_mend_it() {
    let mut world = world("default", &[]);
    named("root.pem").into_iter().for_each(|root| world.policy.add_root(root));
    assert_eq!(world.see(&chain(&named("goodshort.pem"))).decision(), Decision::Accept);
    let verdict = world.see(&chain(&named("newinter-leafonly.pem")));
    assert_ne!(verdict.decision(), Decision::Accept);
    let advice = verdict.statements(Section::Advice).iter().find(|s| s.code == "advice-missing-intermediate").unwrap();
    assert!(
        advice.text().starts_with("The server does not send the certificate of Case Inter 2."),
        "{}",
        advice.text()
    );
    assert!(verdict.statements(Section::Meaning).iter().any(|s| s.code == "meaning-missing-intermediate"));
}
