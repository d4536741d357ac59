//! The whole life of one server, seen by one user, with a simulated clock: five years of renewals
//! every 60 days, a lapse, an attack, and the recovery; and beside it a private server's.

use crate::trust_support::*;
use tofu::store::{PinKind, PinState};
use tofu::time::DAY;
use tofu::trust::{Decision, Risk};

const HOST: &str = "mail.example.org";

#[test]
fn five_years_of_one_server() {
    let (first, second) = (ca("First Authority"), ca("Second Authority"));
    let mut world = world("default", &[&first, &second]);

    // The first months: a small server with a certificate of its own making.
    let own = self_signed(&[HOST], "own", world.now - DAY, 3650);
    let contact = world.see(&own);
    assert_eq!(say(&contact), "ask none first-use none none");
    world.yes(&contact).unwrap();
    for _ in 0..10 {
        world.days_later(9);
        assert_eq!(say(&world.see(&own)), "accept pinned match none none");
    }

    // The operator gets a proper certificate: an upgrade, watched for two weeks.
    let mut key = 0;
    let mut current = first.below(0, &[HOST], "le 0", world.now - DAY, 90);
    assert_eq!(say(&world.see(&current)), "accept verified none upgrade medium");
    for _ in 0..3 {
        world.days_later(5);
        assert_eq!(world.see(&current).decision(), Decision::Accept);
    }
    assert_eq!(world.record().unwrap().pins[0].state, PinState::Retired);

    // Four years of renewals every 60 days, each with a new key under another intermediate.
    for renewal in 0..24 {
        world.days_later(20);
        assert_eq!(say(&world.see(&current)), "accept verified none none none");
        world.days_later(40);
        key += 1;
        current = first.below(renewal % 3, &[HOST], &format!("le {key}"), world.now - DAY, 90);
        let renewed = world.see(&current);
        assert_eq!(renewed.decision(), Decision::Accept);
        assert!(renewed.risk() <= Risk::Low, "{renewal}: {:?}", reasons(&renewed));
        // Somebody forgets the intermediate for a day; it is remembered.
        let forgotten = chain(&[current.leaf().unwrap().clone()]);
        if renewal % 3 < 2 && renewal > 5 {
            assert_eq!(world.see(&forgotten).decision(), Decision::Accept, "{renewal}");
        }
    }

    // The operator forgets to renew: three days late.
    world.days_later(80);
    world.see(&current);
    world.days_later(12);
    let lapsed = world.see(&current);
    assert_eq!(say(&lapsed), "ask none none lapsed low");
    world.yes(&lapsed).unwrap();
    assert_eq!(say(&world.see(&current)), "accept pinned match none none");
    world.days_later(1);
    current = first.below(1, &[HOST], "le after lapse", world.now - DAY, 90);
    assert_eq!(world.see(&current).assurance().code(), "verified");
    assert!(world.record().unwrap().pins.iter().all(|pin| pin.state == PinState::Retired));

    // An attacker on the path: rejected, without a button, whatever is tried.
    world.days_later(10);
    let evil = self_signed(&[HOST], "evil", world.now - DAY, 3650);
    let attack = world.see(&evil);
    assert_eq!(say(&attack), "reject none changed downgrade high");
    assert!(world.yes(&attack).is_err());
    assert_ne!(world.see(&own).decision(), Decision::Accept, "the stolen first key");
    let other_name = first.leaf(&["evil.example"], "evil", world.now - DAY, 90);
    assert_eq!(world.see(&other_name).decision(), Decision::Reject);
    assert_eq!(world.see(&current).decision(), Decision::Accept, "the real server is unharmed");

    // A move to another authority: accepted, told and logged.
    world.days_later(30);
    current = second.leaf(&[HOST], "moved", world.now - DAY, 90);
    assert_eq!(say(&world.see(&current)), "accept verified none issuer-changed medium");
    assert_eq!(say(&world.see(&current)), "accept verified none none none");

    // Recovery the other way: the operator gives up certificates and tells the fingerprint.
    world.days_later(10);
    let last = self_signed(&[HOST], "last", world.now - DAY, 3650);
    let verdict = world.see(&last);
    assert_eq!(verdict.decision(), Decision::Reject);
    world.typed(&verdict, &last.leaf().unwrap().fingerprint().colon_hex()).unwrap();
    assert_eq!(say(&world.see(&last)), "accept pinned match none none");
    assert!(world.now - START > 5 * 365 * DAY - 200 * DAY, "{} days", (world.now - START) / DAY);
}

#[test]
fn five_years_of_a_private_authority() {
    let private = ca("Example University");
    let mut world = world("default", &[]);
    let contact = world.see(&private.with_root(&[HOST], "0", world.now - DAY, 370));
    assert_eq!(contact.suggested(), Some(PinKind::Issuer));
    world.yes(&contact).unwrap();
    let mut asked = 0;
    for year in 1..=5 {
        world.days_later(365);
        let chain = private.with_root(&[HOST], &year.to_string(), world.now - DAY, 370);
        asked += usize::from(world.see(&chain).decision() != Decision::Accept);
        assert_eq!(say(&world.see(&chain)), "accept pinned match none none");
    }
    assert_eq!(asked, 0);
    // Expired under the private authority: a new problem, not a downgrade.
    world.days_later(400);
    let late = private.with_root(&[HOST], "5", START + 5 * 365 * DAY - DAY, 370);
    assert_eq!(world.see(&late).pin_result().code(), "new-problem");
    // Another authority of the same name has another key: the typed fingerprint, and no button.
    let fake = Ca { key: key("fake"), ..ca("Example University") };
    let root = issue(&fake.spec, &fake.key, &fake.spec, &fake.key);
    let fake = Ca { root, ..fake };
    let verdict = world.see(&fake.with_root(&[HOST], "x", world.now - DAY, 90));
    assert_eq!(say(&verdict), "ask none changed downgrade high");
    assert!(verdict.may_type());
}
