//! `tofuctl` over a store: what it shows, what it changes, what it refuses, and how it ends. The tool is
//! run as a program, on stores in temporary directories, at stated times.

use crate::need;
use crate::support::known::*;
use crate::support::*;
use crate::trust_support::{START, self_signed};
use serde_json::Value;
use tofu::endpoint::Endpoint;
use tofu::store::{PinState, Store};
use tofu::time::DAY;
use tofu::trust::{self, Answer, Check};

#[test]
fn looking_at_a_store_that_is_not_there_makes_none() {
    let tool = Tool::new();
    for command in [
        &["list"][..],
        &["show", HOST],
        &["log"],
        &["stats"],
        &["fsck"],
        &["export"],
        &["pending"],
        &["policy", "show"],
        &["policy", "show", HOST],
        &["prune", "--before", "2020-01-01"],
    ] {
        let run = tool.run(command);
        assert_eq!(run.status, 0, "{command:?}: {}", run.stderr);
        assert!(run.stderr.is_empty() || run.stderr.starts_with("no store yet at "), "{command:?}: {}", run.stderr);
        assert!(!tool.store().exists(), "{command:?}");
    }
    for command in [&["list"][..], &["log"], &["pending"], &["show", HOST], &["export"]] {
        assert_eq!(tool.json(command), Value::Array(Vec::new()), "{command:?}");
    }
    for command in
        [&["forget", HOST][..], &["undo"], &["backup", "x"], &["pending", "answer", "abcd"], &["retire", "1"]]
    {
        let run = tool.run(command);
        assert_eq!(run.status, 1, "{command:?}: {}", run.stdout);
        assert!(run.stderr.contains("there is no store yet"), "{command:?}: {}", run.stderr);
        assert!(!tool.store().exists(), "{command:?}");
    }
}

#[test]
fn what_is_known_is_listed_and_found() {
    let tool = Tool::new();
    busy(&tool);
    let all = tool.ok(&["list"]);
    assert!(all.contains("mail.example.org:993") && all.contains("other.example:143 (account work)"), "{all}");
    assert_eq!(tool.json(&["list"]).as_array().unwrap().len(), 2);
    let found = |args: &[&str]| -> Vec<String> {
        let list = tool.json(&[&["list"], args].concat());
        list.as_array().unwrap().iter().map(|e| e["host"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&["--host", "MAIL.example.org."]), [HOST]);
    assert_eq!(found(&["--state", "trusted"]), [HOST]);
    assert_eq!(found(&["--state", "seen"]), ["other.example"]);
    assert_eq!(found(&["--account", "work"]), ["other.example"]);
    assert_eq!(found(&["--key", &key_pin("known", HOST)]), [HOST]);
    assert_eq!(found(&["--key", &key_pin("nobody", HOST)]), [""; 0]);
    let cert = self_signed(&[HOST], "known", START, 3650).leaf().unwrap().fingerprint();
    assert_eq!(found(&["--key", &cert.colon_hex()]), [HOST]);
    let none = tool.run(&["list", "--state", "blocked"]);
    assert_eq!((none.status, none.stdout.as_str(), none.stderr.as_str()), (0, "", "no server\n"));
}

#[test]
fn show_tells_everything_about_a_server() {
    let tool = Tool::new();
    busy(&tool);
    let text = tool.ok(&["show", HOST]);
    for word in [
        "mail.example.org:993",
        "trusted by a pin",
        "2027-01-01 (10 days ago)",
        "Pin 1: trusted key",
        &key_pin("known", HOST),
        "by a person's yes",
        "self-signed",
        "Accepted",
        "Seen and not accepted",
        &key_pin("changed", HOST),
        "Waiting for an answer",
        "default with system-roots=no (the store's)",
        "A person trusted the key",
    ] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    let json = tool.json(&["show", "mail.example.org:993"]);
    assert_eq!(json[0]["pins"][0]["value"], key_pin("known", HOST));
    assert_eq!(json[0]["pending"].as_array().unwrap().len(), 1);
    assert_eq!(json[0]["observations"].as_array().unwrap().len(), 1);
    assert!(json[0]["certificates"].as_object().unwrap().len() >= 2);
    let pem = tool.ok(&["show", "--cert", HOST]);
    assert_eq!(pem.matches("-----BEGIN CERTIFICATE-----").count(), 2);
    assert_eq!(tool.json(&["show", "mail.example.org:25"]), Value::Array(Vec::new()));
}

#[test]
fn a_change_says_how_it_is_taken_back_and_is() {
    let tool = Tool::new();
    busy(&tool);
    let staged = tool.ok(&["stage", "mail.example.org:993", &key_pin("next", HOST), "--comment", "from May on"]);
    assert!(staged.contains("announced the key"), "{staged}");
    assert_eq!(states(&tool, HOST), ["trusted", "staged"]);
    let undo = staged.rsplit("undo ").next().unwrap().trim_end().trim_end_matches(')');
    let undone = tool.ok(&["undo", undo]);
    assert!(undone.contains("undone: event") && undone.contains("mail.example.org:993"), "{undone}");
    assert_eq!(states(&tool, HOST), ["trusted"]);
    let quiet = tool.run(&["--quiet", "stage", HOST, &key_pin("next", HOST)]);
    assert_eq!((quiet.status, quiet.stdout.as_str(), quiet.stderr.as_str()), (0, "", ""));
    let json = tool.json(&["undo"]);
    assert_eq!(json["undone"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_is_blocked_for_a_server_or_everywhere_and_released() {
    let tool = Tool::new();
    let bad = key_pin("bad", HOST);
    let said = tool.ok(&["block", "mail.example.org:993", &bad]);
    assert!(said.contains("blocked the key sha256//") && !said.contains("undo"), "{said}");
    assert!(tool.said(&["block", "mail.example.org:993", &bad]).contains("already"));
    assert_eq!(states(&tool, HOST), ["blocked"]);
    assert_eq!(tool.run(&["stage", HOST, &bad]).status, 1);
    tool.ok(&["block", "--unblock", HOST, &bad]);
    assert_eq!(states(&tool, HOST), ["retired"]);
    tool.ok(&["block", "--everywhere", &bad, "--comment", "stolen"]);
    let pins = tool.json(&["list", "--pins", "--state", "blocked"]);
    assert_eq!(pins[0]["host"], Value::Null);
    assert_eq!(pins[0]["comment"], "stolen");
    let stage = tool.run(&["stage", HOST, &bad]);
    assert!(stage.stderr.contains("blocked everywhere"), "{}", stage.stderr);
    tool.ok(&["block", "--everywhere", "--unblock", &bad]);
    let again = tool.run(&["block", "--everywhere", "--unblock", &bad]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("is not blocked everywhere"), "{}", again.stderr);
}

#[test]
fn a_server_whose_key_is_blocked_everywhere_is_listed_as_blocked() {
    let tool = Tool::new();
    busy(&tool);
    assert_eq!(tool.json(&["list", "--host", HOST])[0]["state"], "trusted");
    tool.ok(&["block", "--everywhere", &key_pin("known", HOST)]);
    assert_eq!(tool.json(&["list", "--host", HOST])[0]["state"], "blocked");
    assert!(tool.said(&["show", HOST]).contains("has a blocked key and no trusted one"));
}

#[test]
fn what_is_about_a_key_is_found_in_the_log() {
    let tool = Tool::new();
    let (one, two) = (key_pin("one", HOST), key_pin("two", HOST));
    tool.ok(&["stage", HOST, &one]);
    tool.ok(&["stage", "other.example:993", &two]);
    tool.ok(&["retire", "1"]);
    let events = tool.json(&["log", "--key", &one]);
    let codes: Vec<&str> = events.as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["pin-staged", "pin-retired"]);
    assert_eq!(events[0]["key"], one);
    assert!(tool.ok(&["log", "--key", &one]).contains(&one));
    assert_eq!(tool.run(&["log", "--key", "12:34"]).status, 2);
}

#[test]
fn what_the_system_blocks_is_lifted_by_its_owner_alone_and_that_is_said() {
    if !need::root("a store of the system belongs to root") {
        return;
    }
    let tool = Tool::new();
    let system = tool.path("system.db");
    let (everywhere, here) = (key_pin("bad", HOST), key_pin("worse", HOST));
    assert_eq!(tool.with_store(&system, &["block", "--everywhere", &everywhere]).status, 0);
    assert_eq!(tool.with_store(&system, &["block", "mail.example.org:993", &here]).status, 0);
    assert_eq!(tool.with_store(&system, &["block", "other.example:993", &here]).status, 0);
    tool.ok(&["list"]);
    let above = |args: &[&str]| tool.run(&[&["--system-store", &system], args].concat());
    for args in [
        &["block", "--everywhere", "--unblock", &everywhere][..],
        &["block", "--unblock", "mail.example.org:993", &here],
    ] {
        let refused = above(args);
        assert_eq!(refused.status, 1, "{args:?}");
        assert!(refused.stderr.contains("only its owner can lift that"), "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("system.db"), "{args:?}: {}", refused.stderr);
    }
    let shown = above(&["show", "mail.example.org:993"]);
    assert!(flat(&shown.stdout).contains("has a blocked key and no trusted one"), "{}", shown.stdout);
}

#[test]
fn a_compromised_key_stays_compromised() {
    let tool = Tool::new();
    busy(&tool);
    let known = key_pin("known", HOST);
    let said = tool.ok(&["retire", "--compromised", "1"]);
    assert!(said.contains("compromised") && !said.contains("undo"), "{said}");
    assert!(tool.said(&["block", HOST, &known]).contains("compromised"));
    assert_eq!(tool.run(&["block", "--unblock", HOST, &known]).status, 1);
    // The store-wide policy, which `busy` set, is what can be undone; what is passed over is named.
    let undone = tool.run(&["undo"]);
    assert_eq!(undone.status, 0);
    assert!(undone.stderr.contains("stays: undo lifts no block and revives no compromised key"), "{}", undone.stderr);
    assert!(flat(&undone.stdout).contains("(the store): store-wide policy changed"), "{}", undone.stdout);
    tool.ok(&["forget", HOST]);
    assert_eq!(states(&tool, HOST), ["compromised"]);
}

#[test]
fn digits_that_are_a_known_key_are_taken_for_it() {
    let tool = Tool::new();
    busy(&tool);
    let chain = self_signed(&[HOST], "known", START, 3650);
    let leaf = chain.leaf().unwrap();
    assert!(tool.said(&["block", "elsewhere.example:993", &leaf.spki().hex()]).contains("blocked the key"));
    assert!(
        tool.ok(&["block", "elsewhere.example:993", &leaf.fingerprint().hex()]).contains("blocked the certificate")
    );
    let file = tool.write("next.pem", leaf.to_pem().as_bytes());
    assert!(tool.said(&["block", "third.example:993", "--cert", &file]).contains("blocked the key"));
    assert!(
        tool.ok(&["block", "third.example:993", "--cert", &file, "--kind", "certificate"]).contains("the certificate")
    );
}

#[test]
fn forgetting_says_what_stays() {
    let tool = Tool::new();
    busy(&tool);
    let said = tool.said(&["forget", HOST]);
    assert!(said.contains("forgot mail.example.org:993") && said.contains("the next contact asks"), "{said}");
    let record = &tool.json(&["show", HOST])[0];
    assert_eq!(record["state"], "forgotten");
    assert_eq!(record["pins"].as_array().unwrap().len(), 0);
    assert_eq!(record["pending"].as_array().unwrap().len(), 0);
    assert!(tool.said(&["forget", HOST, "--policy"]).contains("nothing of that to forget"));
    tool.ok(&["undo"]);
    assert_eq!(states(&tool, HOST), ["trusted"]);
    assert!(tool.said(&["forget", "--pin", "1"]).contains("forgot pin 1 of mail.example.org:993"));
    assert_eq!(states(&tool, HOST), [""; 0]);
    let none = tool.run(&["forget", "never.example:993"]);
    assert_eq!(none.status, 1);
    assert!(none.stderr.contains("never.example:993"), "{}", none.stderr);
}

#[test]
fn a_server_of_another_account_has_to_be_named() {
    let tool = Tool::new();
    busy(&tool);
    let run = tool.run(&["forget", "other.example"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("known for the account work"), "{}", run.stderr);
    tool.ok(&["forget", "--account", "work", "other.example"]);
    tool.ok(&["stage", "--any-account", "other.example:143", &key_pin("next", HOST)]);
    tool.ok(&["stage", "--any-account", "other.example:993", &key_pin("next", HOST)]);
    let run = tool.run(&["stage", "--any-account", "other.example", &key_pin("next", HOST)]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("known on ports 143, 993"), "{}", run.stderr);
}

#[test]
fn a_pending_question_is_answered_with_its_fingerprint_and_nothing_less() {
    let tool = Tool::new();
    let (changed, first) = busy(&tool);
    let list = tool.ok(&["pending"]);
    assert!(list.contains(&changed[..8]) && list.contains(&first[..8]), "{list}");
    assert_eq!(tool.json(&["pending", "list", "--host", "other.example"])[0]["id"], first);

    let shown = tool.run(&["pending", "show", &changed[..6]]);
    assert_eq!(shown.status, 3, "{}", shown.stderr);
    assert!(shown.stdout.starts_with("Decision needed: mail.example.org:993"), "{}", shown.stdout);
    let asked = tool.run(&["pending", "answer", &changed]);
    assert_eq!(asked.status, 3);
    assert!(asked.stderr.contains("--yes --fingerprint"), "{}", asked.stderr);
    assert_eq!(tool.run(&["pending", "answer", &changed, "--yes"]).status, 2);
    let wrong = tool.run(&["pending", "answer", &changed, "--yes", "--fingerprint", &key_pin("known", HOST)]);
    assert_eq!(wrong.status, 4, "{}", wrong.stderr);
    assert_eq!(states(&tool, HOST), ["trusted"]);

    let right = tool.run(&["pending", "answer", &changed, "--yes", "--fingerprint", &key_pin("changed", HOST)]);
    assert_eq!(right.status, 0, "{}", right.stderr);
    let said = flat(&right.stdout);
    assert!(said.starts_with("trusted mail.example.org:993 with the key sha256//"), "{said}");
    assert_eq!(states(&tool, HOST), ["retired", "trusted"]);
    assert_eq!(
        tool.run(&["pending", "answer", &changed, "--yes", "--fingerprint", &key_pin("changed", HOST)]).status,
        1
    );

    tool.ok(&["pending", "dismiss", &first[..8]]);
    assert_eq!(tool.json(&["pending"]), Value::Array(Vec::new()));
    for id in ["abc", "zzzz", &"f".repeat(10_000)] {
        assert_ne!(tool.run(&["pending", "show", id]).status, 0);
    }
}

#[test]
fn a_question_that_was_settled_in_the_meantime_goes_away() {
    let tool = Tool::new();
    let (changed, _) = busy(&tool);
    let chain = self_signed(&[HOST], "changed", START, 3650);
    tool.ok(&["forget", HOST, "--pins", "--sightings"]);
    let store = Store::open(&tool.options()).unwrap();
    let mail = Endpoint::parse("", HOST, 993).unwrap();
    let verdict = trust::check(&store, &Check::new(&mail, &chain, START + 6 * DAY)).unwrap();
    trust::trust(&store, &verdict, &Answer { now: START + 6 * DAY, ..Answer::default() }).unwrap();
    drop(store);
    // The yes has already taken the question with it.
    assert_eq!(tool.run(&["pending", "show", &changed]).status, 1);
}

#[test]
fn the_log_is_filtered_and_newest_last() {
    let tool = Tool::new();
    busy(&tool);
    tool.ok(&["block", HOST, &key_pin("bad", HOST)]);
    let all = tool.json(&["log"]);
    let ids: Vec<u64> = all.as_array().unwrap().iter().map(|e| e["id"].as_u64().unwrap()).collect();
    assert!(ids.len() >= 4 && ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    let codes = |args: &[&str]| -> Vec<String> {
        let list = tool.json(&[&["log"], args].concat());
        list.as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(&["-n", "1"]), ["pin-blocked"]);
    assert_eq!(codes(&["--since", "1d"]), ["pin-blocked"]);
    assert_eq!(codes(&["--host", "other.example"]), ["first-contact"]);
    assert_eq!(codes(&["--severity", "warning"]), ["changed"]);
    assert_eq!(codes(&["--account", "work"]), ["first-contact"]);
    let text = tool.ok(&["log", "-n", "1"]);
    assert!(text.contains("2027-01-11 00:00:00 UTC") && text.contains("pin-blocked"), "{text}");
}

#[test]
fn a_policy_is_set_field_by_field_and_taken_away() {
    let tool = Tool::new();
    assert!(tool.said(&["policy", "show"]).starts_with("default (built in) "));
    assert!(tool.said(&["policy", "set", "preset=careful", "pin-days=400"]).contains("careful with pin-days=400"));
    assert!(tool.said(&["policy", "set", "mail.example.org:993", "first-use=accept"]).contains("mail.example.org:993"));
    let own = tool.json(&["policy", "show", "mail.example.org:993"]);
    assert_eq!((own["preset"].as_str(), own["source"].as_str()), (Some("careful"), Some("its own")));
    assert_eq!(own["fields"]["pin-days"], "400");
    assert_eq!(own["fields"]["first-use"], "accept");
    let said = tool.said(&["policy", "reset", "mail.example.org:993"]);
    assert!(said.contains("in force is careful with pin-days=400 (the store's)"), "{said}");
    tool.ok(&["policy", "reset"]);
    assert_eq!(tool.json(&["policy", "show"])["source"], "built in");
    let root = tool.write("root.pem", crate::trust_support::ca("Own").root.to_pem().as_bytes());
    assert!(tool.said(&["policy", "set", "--add-root", &root]).contains("1 authorities added"));
    // OpenSSL's trust settings for e-mail alone, behind the certificate.
    let der = crate::trust_support::ca("Mail").root.der().to_vec();
    let mail = [&der[..], &[0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4]].concat();
    let alone = tool.run(&["policy", "set", "--add-root", &tool.write("mail.der", &mail)]);
    assert!(alone.status == 1 && alone.stderr.contains("do not name TLS servers"), "{}", alone.stderr);
    let both = [mail, crate::trust_support::ca("Web").root.der().to_vec()].concat();
    let beside = tool.run(&["policy", "set", "--add-root", &tool.write("both.der", &both)]);
    assert!(beside.status == 0 && beside.stderr.contains("passed over: certificate 1 (Mail CA)"), "{}", beside.stderr);
    let list = tool.json(&["policy", "list"]);
    assert_eq!(list["presets"].as_array().unwrap().len(), trust::PRESETS.len());
    assert_eq!(list["fields"].as_array().unwrap().len(), trust::FIELDS.len());
}

#[test]
fn an_announced_change_is_kept_until_its_date() {
    let tool = Tool::new();
    assert!(tool.said(&["expect-change", "mail.example.org:993", "--until", "7d"]).contains("2027-01-18 00:00:00 UTC"));
    assert_eq!(tool.json(&["show", HOST])[0]["expect_change_until"], "2027-01-18T00:00:00Z");
    tool.ok(&["expect-change", HOST, "--cancel"]);
    assert_eq!(tool.json(&["show", HOST])[0]["expect_change_until"], Value::Null);
    assert_eq!(tool.run(&["expect-change", HOST]).status, 2);
}

#[test]
fn nothing_from_the_store_steers_the_terminal_or_leaves_the_page() {
    let tool = Tool::new();
    busy(&tool);
    let evil = "\u{202e}\u{200b}evil \u{7}not a bell";
    tool.ok(&["stage", HOST, &key_pin("next", HOST), "--comment", evil]);
    let long = format!("{}.example", "a".repeat(60));
    tool.ok(&["stage", &format!("{long}.{long}.{long}"), &key_pin("next", HOST)]);
    for command in [
        &["list"][..],
        &["list", "--pins"],
        &["show", HOST],
        &["log"],
        &["pending"],
        &["stats"],
        &["fsck"],
        &["policy", "show"],
        &["policy", "list"],
    ] {
        let text = tool.ok(command);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{command:?}: {text:?}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{command:?}: {text:?}");
        for line in text.lines().filter(|line| !line.starts_with("sound: ")) {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
    }
    // JSON writes them as \uXXXX, an export too, and its reader gets them back.
    let c1 = "\u{9b}31m\u{7f}";
    tool.ok(&["stage", "c1.example", &key_pin("next", HOST), "--comment", c1]);
    for command in [&["--json", "show", HOST][..], &["--json", "list", "--pins"], &["--json", "log"], &["export"]] {
        let text = tool.run(command).stdout;
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{command:?}: {text:?}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{command:?}: {text:?}");
    }
    let copy = tool.store().with_file_name("copy.json").display().to_string();
    tool.ok(&["export", "-o", &copy]);
    let written = std::fs::read_to_string(&copy).unwrap();
    assert!(written.is_ascii() && written.contains("\\u009b31m\\u007f"), "{written}");
    let new = tool.store().with_file_name("new.db").display().to_string();
    assert_eq!(tool.with_store(&new, &["import", &copy, "--commit"]).status, 0);
    let shown = tool.with_store(&new, &["--json", "show", "c1.example"]).stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0]["pins"][0]["comment"], "\\u{9B}31m\\x7F", "{shown}");
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let tool = Tool::new();
    busy(&tool);
    assert!(!tool.ok(&["list"]).contains('\x1b'));
    assert!(tool.said(&["--color", "always", "list"]).contains("\x1b[32mtrusted"));
    assert!(!tool.ok(&["--color", "never", "list"]).contains('\x1b'));
    assert!(!tool.run(&["--color", "always", "--json", "list"]).stdout.contains('\x1b'));
    let Some((_, coloured)) = tool.in_terminal(&["list"], "") else { return };
    assert!(coloured.contains("\x1b[32mtrusted"));
    assert!(!tool.in_terminal(&["--color", "never", "list"], "").unwrap().1.contains('\x1b'));
}

#[test]
fn a_systems_pin_is_shown_and_masked() {
    if !need::root("a store of the system belongs to root") {
        return;
    }
    let tool = Tool::new();
    let system = tool.path("system.db");
    let of_system = tool.with_store(&system, &["stage", "mail.example.org:993", &key_pin("next", HOST)]);
    assert_eq!(of_system.status, 0, "{}", of_system.stderr);
    tool.ok(&["list"]);
    let layered = |args: &[&str]| tool.said(&[&["--system-store", &system], args].concat());
    let listed = layered(&["list", "--all-stores"]);
    assert!(listed.contains("system.db: SERVER") && listed.contains("mail.example.org:993 staged"), "{listed}");
    let pins = tool.json(&["--system-store", &system, "list", "--pins", "--all-stores"]);
    assert_eq!((&pins[0]["id"], &pins[0]["state"]), (&serde_json::Value::Null, &"staged".into()), "{pins}");
    assert!(pins[0]["store"].as_str().unwrap().ends_with("system.db"), "{pins}");
    assert_eq!(tool.json(&["--system-store", &system, "list", "--pins"]), serde_json::json!([]));
    let shown = layered(&["show", HOST]);
    assert!(shown.contains("System pin: staged key") && shown.contains("system.db"), "{shown}");
    assert!(layered(&["retire", "mail.example.org:993", &key_pin("next", HOST)]).contains("counts no more"));
    let record = Store::open(&tool.options()).unwrap().read(|tx| tx.endpoint(&Endpoint::parse("", HOST, 993).unwrap()));
    assert_eq!(record.unwrap().unwrap().pins[0].state, PinState::Retired);
    assert_eq!(tool.with_store(&system, &["policy", "set", "preset=careful", "mandatory=yes"]).status, 0);
    let policy = layered(&["policy", "show", HOST]);
    assert!(policy.contains("at least as strict as the system's, which is mandatory"), "{policy}");
    tool.ok(&["policy", "set", "preset=accept-new", "pin-days=9"]);
    let policy = layered(&["policy", "show"]);
    assert!(policy.contains("the system's is mandatory and makes it first-use=ask, "), "{policy}");
    assert!(policy.contains("ask (by the system's, which is mandatory; otherwise accept)"), "{policy}");
    let wide = tool.ok(&["--system-store", &system, "policy", "show"]);
    assert!(wide.lines().all(|line| line.chars().count() <= 80), "{wide}");
    let json = tool.json(&["--system-store", &system, "policy", "show", HOST]);
    assert_eq!((&json["fields"]["first-use"], &json["raised_from"]["first-use"]), (&"ask".into(), &"accept".into()));
    assert_eq!(
        (&json["fields"]["pin-days"], &json["raised_from"]["pin-days"]),
        (&"9".into(), &serde_json::Value::Null)
    );
    let missing = tool.run(&["--system-store", "/nonexistent/pins.db", "list"]);
    assert_eq!(missing.status, 1);
}
