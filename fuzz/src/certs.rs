//! Certificates, chains before a check, lists of revoked certificates and stapled responses.

use tofu::cert::{Cert, compare};
use tofu::endpoint::{Endpoint, Host};
use tofu::path::{Chain, Question, Roots, examine};
use tofu::store::Store;
use tofu::trust::{self, Check, Flags, Policy};

use super::take::Take;
use super::{NOW, fit_to_show, sound_json};

const HOST: &str = "mail.example";

/// A certificate and everything that can be asked of it. Also as PEM.
pub fn cert(data: &[u8]) {
    if let Ok(certs) = Cert::parse_pem(data) {
        certs.iter().for_each(ask);
    }
    match Cert::parse_der(data) {
        Ok(cert) => ask(&cert),
        Err(error) => {
            assert!(error.offset <= data.len());
            fit_to_show("an error", &error.to_string());
        }
    }
}

fn ask(cert: &Cert) {
    let host = Host::parse(HOST).unwrap();
    let _ =
        (cert.fingerprint(), cert.sha1_fingerprint(), cert.version(), cert.is_self_signed(), cert.match_host(&host));
    fit_to_show("a certificate as text", &cert.to_text());
    for text in [cert.subject().text(), cert.issuer().text(), cert.serial()] {
        fit_to_show("a name or serial", &text);
    }
    cert.host_names().iter().for_each(|name| fit_to_show("a host name", name));
    for anomaly in cert.anomalies() {
        assert!(tofu::text::template(anomaly.code).is_some(), "{}", anomaly.code);
        fit_to_show("an anomaly", &anomaly.text());
    }
    sound_json("a certificate", &cert.to_json());
    fit_to_show("a comparison", &compare(cert, cert).to_text(72));
    assert!(cert.subject().same_as(cert.subject()));
    // What is written as PEM is the same certificate again, and so is what was parsed twice.
    let again = Cert::parse_pem(cert.to_pem().as_bytes()).unwrap();
    assert_eq!((again.len(), again[0].der(), again[0].spki()), (1, cert.der(), cert.spki()));
}

/// Certificates with their lengths in front, to the end of the input.
fn pieces(take: &mut Take<'_>, most: usize) -> Chain {
    let mut chain = Chain::new();
    for _ in 0..most {
        if take.0.is_empty() {
            break;
        }
        let _ = chain.push_der(take.piece());
    }
    chain
}

/// A chain before a check: under some policy, with the last certificate as a root or not, twice.
pub fn chain(data: &[u8]) {
    let mut take = Take(data);
    let presets = ["default", "accept-new", "careful", "strict", "ca-only", "rfc8314", "local"];
    let mut policy = Policy::preset(presets[take.below(presets.len())]).unwrap();
    policy.set("system-roots", "no").unwrap();
    let options = take.byte();
    let chain = pieces(&mut take, 6);
    if options & 1 != 0 {
        if let Some(root) = chain.certs().last() {
            policy.add_root(root.1.clone());
        }
    }
    let store = Store::memory();
    let endpoint = Endpoint::parse("", HOST, 993).unwrap();
    let flags = Flags {
        setup: options & 2 != 0,
        unproven: options & 4 != 0,
        dry_run: options & 8 != 0,
        leave_pending: options & 16 != 0,
        loopback: options & 32 != 0,
        no_session: options & 64 != 0,
        stated_time: options & 128 != 0,
        ..Flags::default()
    };
    let check = Check { policy: Some(&policy), flags, ..Check::new(&endpoint, &chain, NOW) };
    let mut before = None;
    for round in 0..2 {
        match trust::check(&store, &check) {
            Ok(verdict) => {
                for width in [40, 80] {
                    fit_to_show("a verdict", &verdict.to_text(width));
                }
                sound_json("a verdict", &verdict.to_json());
                let accepts = verdict.decision() == trust::Decision::Accept;
                assert!(!(accepts && flags.unproven), "accepted what nobody proved");
                // What was accepted is accepted again, and without a person nothing else becomes an accept.
                let known = *before.get_or_insert(accepts);
                assert_eq!(known, accepts, "round {round}: {}", verdict.to_text(80));
            }
            Err(error) => fit_to_show("an error", &error.to_string()),
        }
    }
    assert_eq!(store.verify().unwrap().problems, [""; 0]);
}

/// Lists and a stapled response against a chain whose authority is a root: only a verified "yes"
/// may count, and what is signed by nobody is a note at most.
pub fn revocation(data: &[u8]) {
    let mut take = Take(data);
    let which = take.byte();
    let mut chain = Chain::new();
    let staple = take.piece();
    let sent = pieces(&mut take, usize::from(which & 3) + 1);
    for (index, _) in sent.certs() {
        chain.push_der(sent.der(index).unwrap()).unwrap();
    }
    let _ = chain.set_ocsp(staple);
    let mut lists = Vec::new();
    while !take.0.is_empty() && lists.len() < 4 {
        lists.push(take.piece().to_vec());
    }
    let roots = Roots::from_certs(chain.certs().last().map(|(_, cert)| cert.clone()).into_iter().collect());
    let host = Host::parse(HOST).unwrap();
    let question = |crls| Question {
        chain: &chain,
        host: &host,
        services: &["imaps"],
        at: NOW,
        roots: &roots,
        intermediates: &[],
        crls,
    };
    let with = examine(&question(&lists));
    with.problems.iter().for_each(|problem| fit_to_show("a problem", &problem.statement.text()));
    with.notes.iter().for_each(|note| fit_to_show("a note", &note.text()));
    // A list takes nothing away: whatever is wrong without it is wrong with it.
    let without = examine(&question(&[]));
    for problem in without.kinds().kinds() {
        assert!(with.kinds().contains(problem), "a list took {problem:?} away");
    }
    assert!(!with.ca_valid || without.ca_valid, "a list made a chain valid");
}
