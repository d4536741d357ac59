//! `tofuctl` and files: import, export, backup, restore, damage, the place of the store, many servers.

use crate::support::known::*;
use crate::support::*;
use crate::trust_support::{START, self_signed};
use serde_json::Value;
use tofu::store::Store;

#[test]
fn a_store_that_vanished_is_an_error_and_not_an_empty_one() {
    let tool = Tool::new();
    busy(&tool);
    std::fs::remove_file(tool.store()).unwrap();
    let run = tool.run(&["list"]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("has disappeared"), "{}", run.stderr);
    assert_eq!(tool.run(&["list", "--accept-loss"]).status, 0);
}

#[test]
fn an_import_is_a_dry_run_until_it_is_committed() {
    let tool = Tool::new();
    let (next, bad) = (key_pin("next", HOST), key_pin("bad", HOST));
    tool.ok(&["block", "--everywhere", &bad]);
    let lines = format!("imap.example.org:993 {next}\n[2001:db8::1]:993 {next}\nbad.example:25 {bad}\n");
    let file = tool.write("prints", lines.as_bytes());
    let dry = tool.ok(&["import", &file]);
    assert!(dry.contains("nothing was written") && dry.contains("2 servers with 2 pins"), "{dry}");
    assert!(dry.contains("blocked everywhere") && dry.contains("--commit does it"), "{dry}");
    assert_eq!(tool.json(&["list"]), Value::Array(Vec::new()));
    let done = tool.json(&["import", "--commit", &file]);
    assert_eq!((done["committed"].as_bool(), done["pins"].as_u64()), (Some(true), Some(2)));
    assert_eq!(tool.json(&["import", "--commit", &file])["same"], 2);
    tool.ok(&["undo", &done["undo"].to_string()]);
    assert_eq!(tool.json(&["list", "--state", "trusted"]), Value::Array(Vec::new()));

    let pem = tool.write("cert.pem", self_signed(&[HOST], "k", START, 90).leaf().unwrap().to_pem().as_bytes());
    let homeless = tool.run(&["import", &pem]);
    assert_eq!(homeless.status, 2);
    assert!(homeless.stderr.contains("--host"), "{}", homeless.stderr);
    assert_eq!(tool.json(&["import", "--commit", "--host", HOST, &pem])["format"], "pem");
    assert_eq!(states(&tool, HOST), ["trusted"]);
}

#[test]
fn an_import_of_which_nothing_was_taken_ends_with_an_error_that_says_why() {
    let tool = Tool::new();
    let sha1 = "ab:".repeat(20);
    for (content, said) in [
        ("".to_owned(), "nothing in it was understood. What can be imported: an export of tofuctl; GnuTLS'"),
        ("GIF89a\u{1}\u{2}\n\u{0}x\n".to_owned(), "Lagrange's trusted.2.txt"),
        ("root:x:0:0:root:/root:/bin/sh\n".to_owned(), "What can be imported"),
        (
            "account a\nhost smtp.example\ntls on\n".to_owned(),
            "the settings of a mail program, it holds no pin of a server",
        ),
        (format!("[hostfingerprints]\na.example = {sha1}\n"), "the settings of Mercurial; the remarks say why"),
        ("host ssh-rsa AAAAB3NzaC1yc2E\n".to_owned(), "nothing in it was understood. What can be"),
        (format!("[irc.example]\nfingerprint={}\n", "ab".repeat(32)), "nothing was taken; the remarks say why. What"),
        ("[retriever]\nserver = a.example\n".to_owned(), "the settings of getmail, it holds no pin of a server"),
    ] {
        let file = tool.write("file", content.as_bytes());
        for args in [&["import", &file][..], &["import", "--commit", &file], &["--json", "import", &file]] {
            let run = tool.run(args);
            assert!(run.status == 1 && run.stderr.contains(said), "{content:?}: {} {}", run.status, run.stderr);
        }
    }
    let wide = tool.run(&["import", &tool.write("file", b"\xFF\xFEa\0.\0b\0")]);
    assert!(wide.status == 1 && wide.stderr.contains("UTF-16 text"), "{}", wide.stderr);
    assert!(!std::path::Path::new(&tool.store()).exists());
    // A store that knows nothing has an export all the same, and what is known already is no failure.
    let export = tool.write("pins.json", tofu::store::Store::memory().export_json().unwrap().to_string().as_bytes());
    tool.ok(&["import", &export]);
    let file = tool.write("prints", format!("imap.example.org {}\n", key_pin("next", HOST)).as_bytes());
    tool.ok(&["import", "--commit", &file]);
    tool.ok(&["import", "--commit", &file]);
}

#[test]
fn the_folder_of_subversion_is_read_and_no_other() {
    let tool = Tool::new();
    let real = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/real/subversion/dddf48ef2561ff6ba1f1d40a8072e500");
    let one = std::fs::read_to_string(real).unwrap();
    let folder = std::path::PathBuf::from(tool.path("home/auth/svn.ssl.server"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a"), &one).unwrap();
    std::fs::write(folder.join("b"), one.replace(":38443", ":38444").trim_end()).unwrap();
    std::fs::write(folder.join("c"), "rubbish\n").unwrap();
    std::fs::create_dir(folder.join("d")).unwrap();
    for path in ["home", "home/auth", "home/auth/svn.ssl.server"] {
        let dry = tool.ok(&["import", &tool.path(path)]);
        assert!(dry.contains("2 servers with 2 pins") && dry.contains("server 3: not as Subversion"), "{path}: {dry}");
    }
    let other = tool.run(&["import", &tool.path("home/auth/svn.ssl.server/d")]);
    assert!(other.status == 1 && other.stderr.contains("a folder; the only one that is read"), "{}", other.stderr);
}

#[test]
fn an_import_is_for_the_account_that_is_named() {
    let tool = Tool::new();
    let file = tool.write("prints", format!("imap.example.org {}\n", key_pin("next", HOST)).as_bytes());
    let accounts = || -> Vec<String> {
        let list = tool.json(&["list"]);
        list.as_array().unwrap().iter().map(|server| server["account"].as_str().unwrap().to_owned()).collect()
    };
    tool.ok(&["--account", "ann", "import", "--commit", &file]);
    assert_eq!(accounts(), ["ann"]);
    tool.ok(&["--any-account", "import", "--commit", &file]);
    assert_eq!(accounts(), ["*", "ann"]);
    let export = tool.path("pins.json");
    tool.ok(&["export", "-o", &export]);
    let refused = tool.run(&["--account", "ann", "import", &export]);
    assert!(refused.status == 2 && refused.stderr.contains("names the account"), "{}", refused.stderr);
}

#[test]
fn a_certificate_in_der_is_known_by_its_look() {
    let tool = Tool::new();
    let der = tool.write("cert.der", self_signed(&["other.example"], "k", START, 90).leaf().unwrap().der());
    assert_eq!(tool.run(&["import", &der]).status, 2);
    let taken = tool.json(&["import", "--commit", "--host", HOST, &der]);
    assert_eq!((taken["format"].as_str(), taken["pins"].as_u64()), (Some("pem"), Some(1)));
    let named = tool.write("certs", b"#H other.example.net 6E45\n-----BEGIN CERTIFICATE-----\n");
    let homeless = tool.run(&["import", &named]);
    assert!(homeless.status == 2 && homeless.stderr.contains("other.example.net"), "{}", homeless.stderr);
}

#[test]
fn a_dry_run_or_a_file_that_is_none_makes_no_store() {
    let tool = Tool::new();
    let file = tool.write("prints", format!("imap.example.org {}\n", key_pin("next", HOST)).as_bytes());
    assert!(tool.said(&["import", &file]).contains("1 server with 1 pin"));
    let broken = tool.write("broken.json", b"{\"schema\": 1");
    for args in [
        &["import", "--commit", &broken][..],
        &["import", "--commit", "missing"],
        &["restore", "--yes", &broken],
        &["restore", "--yes", &file],
        &["restore", "missing"],
        &["stage", HOST, "12:34"],
        &["stage", "bad host", &key_pin("next", HOST)],
        &["block", "--everywhere", "--cert", &file],
        &["block", "--everywhere", "--kind", "issuer", &key_pin("next", HOST)],
        &["policy", "set", "first-use=maybe"],
        &["policy", "set", "preset=none"],
        &["policy", "set", "--add-root", &broken],
        &["expect-change", HOST, "--until", "2020-01-01"],
    ] {
        let run = tool.run(args);
        assert!(matches!(run.status, 1 | 2), "{args:?}: {}", run.status);
        assert_eq!(run.stdout, "", "{args:?}");
        assert!(run.stderr.starts_with("tofuctl: ") && run.stderr.lines().count() == 1, "{args:?}: {}", run.stderr);
        assert!(!tool.store().exists(), "{args:?}");
    }
}

#[test]
fn an_export_is_complete_and_never_replaces_a_file_unasked() {
    let tool = Tool::new();
    busy(&tool);
    let file = tool.path("pins.json");
    tool.ok(&["export", "-o", &file]);
    assert_eq!(mode(&file), 0o600);
    let again = tool.run(&["export", "-o", &file]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
    let before = std::fs::read(&file).unwrap();
    tool.ok(&["export", "-o", &file, "--force"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(tool.run(&["export", "--host", HOST]).status, 2);
    assert!(tool.said(&["export", "--format", "known_hosts"]).starts_with("|g0|mail.example.org|imaps|0|"));
    assert!(tool.said(&["export", "--format", "pem", "--host", HOST]).contains("BEGIN CERTIFICATE"));
    let keys = tool.ok(&["export", "--format", "key-fingerprints"]);
    assert_eq!(keys, format!("mail.example.org:993 {}\n", key_pin("known", HOST)));
    let prints = tool.ok(&["export", "--format", "fingerprints"]);
    let print = prints.strip_prefix("mail.example.org:993 ").unwrap_or_default().trim_end();
    assert!(print.len() == 95 && print.contains(':'), "a certificate's, as other programs take it: {prints}");
    assert!(
        tool.ok(&["export", "--format", "cert_override"])
            .contains(&format!(":993:\tOID.2.16.840.1.101.3.4.2.1\t{print}\t\n"))
    );

    // Into a new store, with nothing lost.
    let copy = Tool::new();
    copy.ok(&["restore", &file]);
    assert_eq!(copy.json(&["show", HOST])[0]["pins"], tool.json(&["show", HOST])[0]["pins"]);
    assert_eq!(copy.run(&["restore", &file]).status, 1);
    let marked = [b"\xEF\xBB\xBF".as_slice(), &before].concat();
    Tool::new().ok(&["restore", &tool.write("marked.json", &marked)]);
}

#[test]
fn a_backup_is_put_back_only_after_a_yes() {
    let tool = Tool::new();
    busy(&tool);
    let file = tool.path("copy.db");
    assert!(tool.said(&["backup", &file]).contains("copied"));
    assert_eq!(tool.run(&["backup", &file]).status, 1);
    tool.ok(&["forget", HOST]);
    let unasked = tool.run(&["restore", &file]);
    assert_eq!(unasked.status, 3);
    assert!(unasked.stderr.contains("will take the place of 2 servers"), "{}", unasked.stderr);
    assert_eq!(states(&tool, HOST), [""; 0]);
    if let Some((status, seen)) = tool.in_terminal(&["restore", &file], "yess\n") {
        assert!(status == 3 && seen.contains("[yes/No]") && seen.contains("nothing was done"), "{status}: {seen}");
        let (status, seen) = tool.in_terminal(&["restore", &file], "yes\n").unwrap();
        assert!(status == 0 && seen.contains("restored 2 servers"), "{status}: {seen}");
        tool.ok(&["forget", HOST]);
    }
    assert!(tool.said(&["restore", "--yes", &file]).contains("restored 2 servers"));
    assert_eq!(states(&tool, HOST), ["trusted"]);
}

#[test]
fn a_restore_names_the_blocks_that_the_backup_lacks_and_keeps_them() {
    let tool = Tool::new();
    tool.ok(&["stage", HOST, &key_pin("known", HOST)]);
    let file = tool.path("copy.db");
    tool.ok(&["backup", &file]);
    tool.ok(&["retire", "1", "--compromised"]);
    tool.ok(&["block", "--everywhere", &key_pin("bad", HOST)]);
    let unasked = tool.run(&["restore", &file]);
    assert!(unasked.stderr.contains("blocked or compromised there stays so"), "{}", unasked.stderr);
    let done = tool.run(&["restore", "--yes", &file]);
    assert!(done.stdout.contains("2 blocks that it lacks stay"), "{}", done.stdout);
    let known = format!("stays: compromised for mail.example.org:993: key {}", key_pin("known", HOST));
    assert!(done.stderr.contains(&known), "{}", done.stderr);
    assert!(done.stderr.contains("stays: blocked everywhere: key sha256//"), "{}", done.stderr);
    assert_eq!(states(&tool, HOST), ["compromised"]);
    assert_eq!(tool.json(&["restore", "--yes", &file])["kept"].as_array().unwrap().len(), 2);
    assert_eq!(tool.run(&["undo"]).status, 1);
    assert!(tool.json(&["log"]).as_array().unwrap().iter().any(|e| e["code"] == "pin-compromised"));
}

#[test]
fn damage_is_found_and_named() {
    let tool = Tool::new();
    busy(&tool);
    let sound = tool.run(&["fsck"]);
    assert_eq!(sound.status, 0);
    assert!(sound.stdout.starts_with("sound: "), "{}", sound.stdout);
    assert_eq!(tool.json(&["fsck", "--repair"])["sound"], true);
    let mut data = std::fs::read(tool.store()).unwrap();
    let at = data.windows(HOST.len()).position(|part| part == HOST.as_bytes()).unwrap();
    data[at + HOST.len() + 40] ^= 1;
    std::fs::write(tool.store(), data).unwrap();
    let found = tool.run(&["fsck"]);
    assert_eq!(found.status, 1);
    assert!(found.stdout.contains("damaged") || found.stderr.contains("damaged"), "{found:?}");
}

#[test]
fn old_things_are_pruned_and_pins_stay() {
    let tool = Tool::new();
    busy(&tool);
    assert_eq!(tool.run(&["prune", "--before", "2030-01-01"]).status, 2);
    let done = tool.json(&["prune", "--before", "2027-01-10"]);
    assert!(done["removed"].as_u64().unwrap() >= 5, "{done}");
    assert_eq!(tool.json(&["pending"]), Value::Array(Vec::new()));
    assert_eq!(states(&tool, HOST), ["trusted"]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let tool = Tool::new();
    let mut lines = String::new();
    for n in 0..5_000 {
        lines.push_str(&format!("host{n}.example:993 {}\n", key_pin("next", HOST)));
    }
    let file = tool.write("many", lines.as_bytes());
    tool.ok(&["import", "--commit", &file]);
    let (status, stderr) = tool.closed(&["list"]);
    assert_eq!((status, stderr.as_str()), (1, ""));
}

#[test]
fn every_list_is_complete_over_many_pages() {
    let tool = Tool::new();
    let mut lines = String::new();
    for n in 0..2_500 {
        lines.push_str(&format!("host{n}.example:993 {}\n", key_pin("next", HOST)));
    }
    let file = tool.write("many", lines.as_bytes());
    tool.ok(&["import", "--commit", &file]);
    assert_eq!(tool.json(&["list"]).as_array().unwrap().len(), 2_500);
    assert_eq!(tool.json(&["list", "--pins"]).as_array().unwrap().len(), 2_500);
    assert_eq!(tool.json(&["list", "--key", &key_pin("next", HOST)]).as_array().unwrap().len(), 2_500);
    assert_eq!(tool.ok(&["list"]).lines().count(), 2_501);
}

#[test]
fn the_default_store_is_the_users_own() {
    let tool = Tool::new();
    let data = tool.path("data");
    let run = tool.with_env(&[("XDG_DATA_HOME", &data)], &["block", "--everywhere", &key_pin("bad", HOST)]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let file = format!("{data}/tofu/pins.db");
    assert_eq!(mode(&file), 0o600);
    assert!(run.stdout.contains("blocked the key"), "{}", run.stdout);
    let store = Store::open(&tofu::store::StoreOptions { path: Some(file.into()), ..Default::default() }).unwrap();
    assert_eq!(store.read(|tx| tx.blocks()).unwrap().len(), 1);
}
