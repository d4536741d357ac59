//! Names that can be written in several ways, or in many: who issued what, what constraints apply
//! to, and what a certificate with very many names is for.

use tofu::cert::limits::MAX_SANS;
use tofu::path::Roots;

use crate::der::tlv;
use crate::support::made::{CN, DC, Draft, EMAIL, Key, alternative_names, cn, constraints, dns, key, name};
use crate::support::{Asked, asked, host};

const NONE: &[&str] = &[];

/// A leaf straight below a root with these name constraints.
fn below(root: Draft, leaf: &Draft) -> Asked {
    let (authority, server) = (key("authority"), key("server"));
    let mut asked = asked(&[], &[]);
    asked.roots = Roots::from_certs(vec![root.signed(&authority, &authority)]);
    asked.chain.push_der(leaf.signed(&server, &authority).der()).unwrap();
    asked
}

fn constrained(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Draft {
    Draft::ca(&cn("Root")).with(constraints(permitted, excluded))
}

fn leaf() -> Draft {
    Draft::leaf(&cn("Root"), &[5])
}

fn ip(octets: &[u8]) -> Vec<u8> {
    tlv(0x87, octets)
}

fn mapped(v4: [u8; 4]) -> Vec<u8> {
    [&[0; 10][..], &[0xFF, 0xFF], &v4].concat()
}

#[test]
fn domain_components_compare_without_case() {
    let upper = name(&[(DC, 0x16, "EXAMPLE"), (DC, 0x16, "Org"), (CN, 0x0C, "Root")]);
    let lower = name(&[(DC, 0x16, "example"), (DC, 0x16, "org"), (CN, 0x0C, "Root")]);
    let asked = below(Draft::ca(&upper), &leaf().issued_by(&lower));
    assert_eq!(asked.problems(), NONE);
    let other = name(&[(DC, 0x16, "example"), (DC, 0x16, "net"), (CN, 0x0C, "Root")]);
    let asked = below(Draft::ca(&upper), &leaf().issued_by(&other));
    assert_eq!(asked.problems(), ["0:incomplete-chain"]);
}

#[test]
fn a_common_name_that_becomes_the_servers_name_meets_the_constraints_on_server_names() {
    let nameless = leaf().only(&[]);
    for (permitted, excluded, expected) in [
        (&[dns("mail.example")][..], &[][..], &["0:name-only-in-cn"][..]),
        (&[dns("other.example")], &[], &["0:name-only-in-cn", "0:constraint-name"]),
        (&[], &[dns("example")], &["0:name-only-in-cn", "0:constraint-name"]),
        (&[], &[dns("other.example")], &["0:name-only-in-cn"]),
    ] {
        assert_eq!(below(constrained(permitted, excluded), &nameless).problems(), expected);
    }
    // With an alternative name the CN names nobody.
    let mut named = leaf();
    named.subject = cn("elsewhere.example");
    assert_eq!(below(constrained(&[dns("mail.example")], &[]), &named).problems(), NONE);
    // An address in the CN is held against constraints on addresses.
    let mut address = nameless.clone();
    address.subject = cn("192.0.2.1");
    let mut asked = below(constrained(&[], &[ip(&[192, 0, 2, 0, 255, 255, 255, 0])]), &address);
    asked.host = host("192.0.2.1");
    assert_eq!(asked.problems(), ["0:name-only-in-cn", "0:constraint-name"]);
    // What no server can be called is no server's name.
    let mut person = nameless;
    person.subject = cn("Jo Bloggs");
    let problems = below(constrained(&[dns("mail.example")], &[]), &person).problems();
    assert_eq!(problems, ["0:host-mismatch-unusable"]);
    // Nor does a mail address among the alternative names keep the CN from speaking, or from its limits.
    let address = alternative_names(&[tlv(0x81, b"postmaster@mail.example")]);
    let courier = leaf().only(&[address]);
    assert_eq!(below(constrained(&[dns("mail.example")], &[]), &courier).problems(), ["0:name-only-in-cn"]);
    let problems = below(constrained(&[dns("other.example")], &[]), &courier).problems();
    assert_eq!(problems, ["0:name-only-in-cn", "0:constraint-name"]);
}

#[test]
fn a_mail_address_in_the_subject_meets_the_constraints_on_mail_addresses() {
    let mut person = leaf();
    person.subject = name(&[(EMAIL, 0x16, "postmaster@mail.example")]);
    let mail = |text: &str| tlv(0x81, text.as_bytes());
    assert_eq!(below(constrained(&[mail("mail.example")], &[]), &person).problems(), NONE);
    assert_eq!(below(constrained(&[mail("other.example")], &[]), &person).problems(), ["0:constraint-name"]);
}

#[test]
fn an_ipv4_mapped_address_meets_the_constraints_on_ipv4_addresses() {
    let subtree = ip(&[192, 0, 2, 0, 255, 255, 255, 0]);
    for (address, permitted, excluded) in [(mapped([192, 0, 2, 1]), true, false), (mapped([192, 0, 3, 1]), false, true)]
    {
        let leaf = leaf().only(&[alternative_names(&[dns("mail.example"), ip(&address)])]);
        let problems = below(constrained(&[], std::slice::from_ref(&subtree)), &leaf).problems();
        assert_eq!(problems.is_empty(), excluded, "{problems:?}");
        let problems = below(constrained(std::slice::from_ref(&subtree), &[]), &leaf).problems();
        assert!(permitted || problems == ["0:constraint-name"], "{problems:?}");
    }
}

#[test]
fn constraints_apply_to_names_that_are_not_written_in_der() {
    // The extension's value in pieces, which BER allows and tolerant readers read.
    let pieces = |value: &[u8]| [vec![0x24, 0x80], tlv(0x04, value), vec![0, 0]].concat();
    let odd = tlv(0x30, &[tlv(0x06, &[0x55, 0x1D, 17]), pieces(&tlv(0x30, &dns("mail.example")))].concat());
    let asked = below(constrained(&[], &[dns("mail.example")]), &leaf().only(&[odd]));
    assert_eq!(asked.answer().problems[0].statement.code, "constraint-unreadable");
    assert!(!asked.answer().ca_valid);
}

#[test]
fn a_certificate_with_very_many_names_is_for_the_last_of_them_too() {
    let (own, by): (Key, Key) = (key("server"), key("authority"));
    let mut names: Vec<Vec<u8>> = (0..8_300).map(|n| dns(&format!("h{n}"))).collect();
    names.push(dns("mail.example"));
    names.push(ip(&[192, 0, 2, 1]));
    let many = leaf().only(&[alternative_names(&names)]);
    let cert = many.signed(&own, &by);
    assert!(cert.sans().len() == MAX_SANS && cert.has_more_names());
    let mut asked = below(Draft::ca(&cn("Root")), &many);
    assert_eq!(asked.problems(), NONE);
    asked.host = host("192.0.2.1");
    assert_eq!(asked.problems(), NONE);
    asked.host = host("other.example");
    let answer = asked.answer();
    assert_eq!(answer.problems[0].statement.code, "host-mismatch");
    assert!(answer.problems[0].statement.get("names").unwrap().ends_with("and more than 8187 more"));
    // The last name meets the constraints as well.
    let mut constrained = below(constrained(&[], &[dns("mail.example")]), &many);
    assert_eq!(constrained.problems(), ["0:constraint-name"]);
    constrained.host = host("other.example");
    assert_eq!(constrained.problems(), ["0:host-mismatch", "0:constraint-name"]);
}
