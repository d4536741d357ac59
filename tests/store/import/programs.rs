//! Files of programs that are told as a whole: what is taken of each, and what is said of the rest.

use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::store::*;
use tofu::trust::Decision;

use super::{importing, real, real_chain, sees};
use crate::support::*;

#[test]
fn files_of_programs_that_are_told_as_a_whole_let_their_server_in_and_no_other_certificate() {
    const MAIL: &str = "mail.example.org";
    for (file, host, port, pins, read_as) in [
        ("mercurial/hgrc", MAIL, 443, 1, "the settings of Mercurial"),
        ("subversion/dddf48ef2561ff6ba1f1d40a8072e500", MAIL, 38443, 1, "certificates that Subversion accepted"),
        ("getmail/getmailrc", MAIL, 38993, 1, "the settings of getmail"),
        ("mpop/mpoprc", MAIL, 38995, 1, "the settings of a mail program"),
        ("curl/curlrc", MAIL, 38443, 1, "the settings of curl"),
        ("weechat/irc.conf", "irc.example.org", 38697, 1, "the settings of WeeChat"),
        ("irssi/config", "irc.example.org", 38697, 2, "the settings of irssi"),
        // Postfix does not say what a value is of: each of the three is taken for a certificate and for a key.
        ("postfix/tls_policy", MAIL, 38587, 6, "the TLS policy of Postfix"),
        ("lagrange/trusted.2.txt", MAIL, 38443, 1, "the trusted.2.txt of Lagrange"),
    ] {
        let (mut world, report) = importing(ImportFormat::Fingerprints, &real(file), None);
        let taken = (report.endpoints, report.pins, report.remarks.len(), report.read_as);
        assert_eq!(taken, (1, pins, 0, read_as), "{file}: {:?}", report.remarks);
        assert_eq!(sees(&mut world, host, port, &real_chain("rsa3")).decision(), Decision::Accept, "{file}");
        for wrong in ["rsa", "ec"] {
            assert_eq!(sees(&mut world, host, port, &real_chain(wrong)).decision(), Decision::Ask, "{file}: {wrong}");
        }
        let elsewhere = sees(&mut world, "elsewhere.example", port, &real_chain("rsa3"));
        assert_eq!(elsewhere.decision(), Decision::Ask, "{file}: on another host");
    }
}

/// What a file holds that nobody wrote with our help, as endpoints and remarks.
fn read_of(file: &str, given: Option<&Endpoint>) -> (Vec<String>, Vec<String>) {
    let (world, report) = importing(ImportFormat::Fingerprints, file.as_bytes(), given);
    let known = world.store.read(|tx| tx.list_endpoints(&Filter::default(), &Cursor::default(), 99)).unwrap();
    (known.items.iter().map(|r| r.endpoint.to_string()).collect(), report.remarks)
}

#[test]
fn what_a_program_means_by_its_settings_is_what_is_taken() {
    let hex = Hash::of(b"abc").hex();
    let colons = Hash::of(b"abc").colon_hex();
    let pin = Hash::of(b"abc").key_pin();
    let place = endpoint("", "a.example", 8443);
    for (file, given, places) in [
        (
            format!(
                "[hostsecurity]\na.example:fingerprints = sha256:{colons},\n  sha256:{hex}\nb.example:fingerprints=sha256:{hex}\nb.example:ciphers=X\n"
            ),
            None,
            "a.example:443 b.example:443",
        ),
        (format!("[hostsecurity]\na.example:fingerprints = sha256:{colons}\n"), Some(&place), "a.example:8443"),
        (format!("[hostsecurity]\nb.example:fingerprints = sha256:{colons}\n"), Some(&place), "b.example:443"),
        (
            format!(
                "[retriever]\ntype = SimplePOP3SSLRetriever\nserver = a.example\nssl_fingerprints = ('{colons}', \"{hex}\")\n"
            ),
            None,
            "a.example:995",
        ),
        (
            format!(
                "[retriever]\ntype: MultidropPOP3Retriever\nserver: a.example\nssl_fingerprints: (\n  '{hex}',\n  )\n"
            ),
            None,
            "a.example:110",
        ),
        (
            format!(
                "[server_default]\ntls = on\ntls_fingerprint = \"{hex}\"\n[server]\na.addresses = \"a.example/6697,b.example\"\nb.addresses = \"::1/7000\"\n"
            ),
            None,
            "[::1]:7000 a.example:6697 b.example:6697",
        ),
        (
            format!("[server]\na.addresses = \"a.example\"\na.ssl = on\na.ssl_fingerprint = \"{hex}\"\n"),
            None,
            "a.example:6667",
        ),
        (
            format!(
                "servers = ({{ address = \"a.example\"; use_tls = yes; tls_pinned_cert = \"{colons}\"; }}, {{ address = \"b.example\"; port = \"9999\"; }});"
            ),
            None,
            "a.example:6697",
        ),
        (
            format!(
                "# c\nservers = (\n {{\n  tls_pinned_pubkey = \"{colons}\";\n  address = \"a.example\";\n  extra = {{ address = \"x.example\"; }};\n }}\n);\naliases = {{ a = \"/tls_pinned_cert =\"; }};"
            ),
            None,
            "a.example:6667",
        ),
        (
            format!(
                "[a.example] fingerprint match={colons}\n[b.example]:submission fingerprint match={hex} ciphers=high\n[ipv6:::1]:26 fingerprint match={hex}\nc.example may\n"
            ),
            None,
            "[::1]:26 a.example:25 b.example:587",
        ),
        (
            format!(
                "relayhost = [a.example]:587\nsmtp_tls_fingerprint_cert_match =\n    {hex}\n    {colons}\nmynetworks = 127.0.0.0/8\n"
            ),
            None,
            "a.example:587",
        ),
        (
            format!(
                "url = https://a.example/x\n--pinnedpubkey \"{pin};{pin}\"\n--next\nurl: imaps://u:p@b.example\npinnedpubkey: {pin}\n"
            ),
            None,
            "a.example:443 b.example:993",
        ),
        (format!("pinnedpubkey = {pin}\n"), Some(&place), "a.example:8443"),
        (
            format!("a.example;1965 9999999999 {hex}\nb.example 9999999999 {hex}\n"),
            None,
            "a.example:1965 b.example:1965",
        ),
        (
            format!("account a\nhost a.example\ntls on\ntls_starttls off\ndelivery mbox x\ntls_fingerprint {hex}\n"),
            None,
            "a.example:995",
        ),
        (format!("defaults\nkeep on\naccount a\nhost a.example\ntls_fingerprint {hex}\n"), None, "a.example:110"),
        (format!("account a\nfrom x@y\nhost a.example\ntls_fingerprint {hex}\n"), None, "a.example:25"),
    ] {
        let (known, remarks) = read_of(&file, given);
        assert_eq!((known.join(" ").as_str(), remarks.len()), (places, 0), "{file}{remarks:?}");
    }
}

#[test]
fn what_is_not_taken_of_a_program_is_remarked_with_what_is_true_of_it() {
    let hex = Hash::of(b"abc").hex();
    let pin = Hash::of(b"abc").key_pin();
    let sha1 = "914f1aff87249c09b6859b88b1906d30756491ca";
    for (file, said) in [
        (format!("[hostsecurity]\na.example:fingerprints = sha1:{sha1}\n"), "line 2: a SHA-1 fingerprint"),
        (format!("[hostfingerprints]\na.example = {sha1}\n"), "line 2: a SHA-1 fingerprint"),
        (format!("[hostsecurity]\na.example:fingerprints = sha512:{hex}{hex}\n"), "line 2: a SHA-512 fingerprint"),
        (format!("[hostsecurity]\n*.example:fingerprints = sha256:{hex}\n"), "line 2: "),
        (format!("[retriever]\nssl_fingerprints = (\"{hex}\",)\n"), "line 2: a fingerprint without a server"),
        ("[retriever]\nserver = a\nssl_fingerprints = (\"abcd\",)\n".to_owned(), "line 3: 4 digits"),
        (
            format!("[server]\na.addresses = \"a.example\"\na.tls = off\na.tls_fingerprint = \"{hex}\"\n"),
            "line 4: TLS is off",
        ),
        (
            "[server]\na.addresses = \"a.example\"\na.tls_fingerprint = \"${sec.data.x}\"\n".to_owned(),
            "line 3: an expression",
        ),
        (format!("servers = ({{ tls_pinned_cert = \"{hex}\"; }});"), "line 1: a fingerprint without a server"),
        (format!("a.example fingerprint match={hex}\n"), "line 1: a.example is a mail domain"),
        (format!("[a.example] fingerprint match={sha1}\n"), "line 1: a SHA-1 fingerprint"),
        ("[a.example] fingerprint\n".to_owned(), "line 1: no match="),
        (format!("smtp_tls_fingerprint_cert_match = {hex}\n"), "line 1: main.cf has no relayhost"),
        (format!("pinnedpubkey = {pin}\n"), "line 1: pinnedpubkey counts for whatever URL"),
        ("url = https://a.example\npinnedpubkey = /etc/key.pem\n".to_owned(), "line 2: pinnedpubkey names a file"),
        (format!("url = a.example\npinnedpubkey = {pin}\n"), "line 1: a URL without a scheme"),
        (format!("url = rtmps://a.example\npinnedpubkey = {pin}\n"), "line 1: the port of a URL of the scheme rtmps"),
        (format!("a.example;x 9999999999 {hex}\n"), "line 1: the port is not a number"),
        (format!("a.example;1965 1000000000 {hex}\n"), "line 1: expired on 2001-09-09"),
        (
            format!("account a\nfrom x\nhost a.example\ntls_fingerprint {hex}\naccount b\nkeep on\n"),
            "line 4: no port, in a file with settings of both",
        ),
        (
            "IMAPAccount a\nHost imaps:a.example\nCertificateFile ~/c.pem\n".to_owned(),
            "line 3: CertificateFile names a file of certificates; import that one for a.example:993",
        ),
        (
            "IMAPAccount a\nHost imap://a.example\nCertificateFile ~/c.pem\n".to_owned(),
            "import that one for a.example:143",
        ),
        (
            "K 10\nascii_cert\nV 4\nAAAA\nK 15\nsvn:realmstring\nV 17\nhttps://a.example\nEND\n".to_owned(),
            "https://a.example: ",
        ),
        ("K 8\npasstype\nV 6\nsimple\nK 15\nsvn:realmstring\nV 3\n<x>\nEND\n".to_owned(), "<x>: no certificate"),
        ("K 15\nsvn:realmstring\nV 99999\nx\nEND\n".to_owned(), "not as Subversion writes it"),
        ("K 15\nsvn:realmstring\nV 18446744073709551615\nx\nEND\n".to_owned(), "not as Subversion writes it"),
    ] {
        let (known, remarks) = read_of(&file, None);
        assert_eq!((known.len(), remarks.len()), (0, 1), "{file}{remarks:?}");
        assert!(remarks[0].contains(said), "{file}{remarks:?}");
    }
}

#[test]
fn several_files_of_subversion_after_one_another_are_read_and_a_damaged_one_hides_no_other() {
    let one = real("subversion/dddf48ef2561ff6ba1f1d40a8072e500");
    let other = String::from_utf8(one.clone()).unwrap().replace(":38443", ":38444").into_bytes();
    let damaged = b"K 10\nascii_cert\nV 5000\nAAAA\nEND\n".to_vec();
    let (_, report) = importing(ImportFormat::Fingerprints, &[one, b"\n".to_vec(), damaged, other].concat(), None);
    assert_eq!((report.endpoints, report.remarks.len()), (2, 1), "{:?}", report.remarks);
}

#[test]
fn hostile_files_of_programs_cost_no_more_than_they_are_long() {
    let hex = Hash::of(b"abc").hex();
    let began = std::time::Instant::now();
    for file in [
        format!("servers = ({}", "{".repeat(125_000)),
        format!("servers = ({{ tls_pinned_cert = \"{}", "x\\".repeat(50_000)),
        format!("servers = ( {}", "{ a = b; }".repeat(50_000)),
        format!("[server]\n{}", "a.addresses = \"b/1\"\n".repeat(25_000)),
        format!(
            "[server]\na.tls_fingerprint = {}\na.addresses = {}\n",
            format!("{hex},").repeat(5_000),
            "h/1,".repeat(4_000)
        ),
        format!("[hostsecurity]\na:fingerprints = x\n{}", " y,\n".repeat(25_000)),
        format!("[a] fingerprint match={}\n", "|".repeat(15_000)),
        format!("[a] fingerprint\n{}", " match=00\n".repeat(50_000)),
        "K 1\nx\nV 1\ny\n".repeat(50_000) + "svn:realmstring\n",
        "K 9\nEND\n".repeat(25_000) + "svn:realmstring\n",
        format!("pinnedpubkey = sha256//{}\n{}", ";".repeat(15_000), "url = https://a\n".repeat(25_000)),
        "next\n".repeat(25_000) + "pinnedpubkey\n",
    ] {
        importing(ImportFormat::Fingerprints, file.as_bytes(), None);
    }
    // A second or two; a reader that is not linear takes minutes.
    assert!(began.elapsed().as_secs() < 120, "{:?}", began.elapsed());
}
