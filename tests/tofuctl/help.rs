//! What `tofuctl` says of itself: help, manual pages, completions, and how it refuses a command line.

use std::path::Path;
use std::process::Command;

use crate::need;
use crate::support::*;

/// The commands that the help lists.
fn commands(tool: &Tool) -> Vec<String> {
    let help = tool.with_env(&[], &["--help"]).stdout;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

fn succeeds(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{program} {args:?}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn the_help_lists_the_commands_of_the_design_and_no_others() {
    let mut there = commands(&Tool::new());
    let mut design = [
        "probe",
        "check",
        "connect",
        "trust",
        "list",
        "show",
        "diff",
        "forget",
        "block",
        "stage",
        "pending",
        "log",
        "policy",
        "import",
        "export",
        "fsck",
        "stats",
        "cert",
        "undo",
        "backup",
        "restore",
        "expect-change",
        "prune",
        "retire",
        "completions",
    ];
    there.sort();
    design.sort();
    assert_eq!(there, design, "the help and this list differ");
}

#[test]
fn help_fits_the_page_and_costs_nothing() {
    let tool = Tool::new();
    let mut lines = vec![vec![]];
    lines.extend(commands(&tool).into_iter().map(|c| vec![c]));
    for (command, sub) in
        [("pending", "list"), ("pending", "show"), ("pending", "answer"), ("pending", "dismiss"), ("policy", "set")]
    {
        lines.push(vec![command.to_owned(), sub.to_owned()]);
    }
    for line in lines {
        for help in ["-h", "--help"] {
            let mut args: Vec<&str> = line.iter().map(String::as_str).collect();
            args.push(help);
            let run = tool.with_env(&[], &args);
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{args:?}");
            assert!(run.stdout.contains("Usage: tofuctl"), "{args:?}: {}", run.stdout);
            for text in run.stdout.lines() {
                assert!(text.chars().count() <= 80 && !text.contains('\x1b'), "{args:?}: {text}");
            }
        }
    }
    assert_eq!(tool.with_env(&[], &["--version"]).stdout, format!("tofuctl {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_command_line_is_refused_by_name() {
    let tool = Tool::new();
    for (args, word) in [
        (&["lst"][..], "lst"),
        (&["list", "--hots", "x"], "--hots"),
        (&["--at", "yesterday", "list"], "yesterday"),
        (&["--color", "pink", "list"], "pink"),
        (&["--account", "*", "list"], "account *"),
        (&["show", "mail.example:70000"], "70000"),
        (&["show", "https://mail.example/inbox"], "/"),
        (&["list", "--host", "*.example"], "wildcard"),
        (&["list", "--key", "12:34"], "12:34"),
        (&["prune", "--before", "3 days"], "3 days"),
        (&["forget"], "HOST"),
        (&["block", "a.example"], "fingerprint"),
        (&["policy", "set", "a.example:993"], "FIELD=VALUE"),
        (&["policy", "set", "no-such=1"], "no-such"),
        (&["export", "--force"], "--output"),
        (&["pending", "show", "ab"], "4 characters"),
    ] {
        let run = tool.run(args);
        let status = if args[0] == "pending" { 1 } else { 2 };
        assert!([status, 2].contains(&run.status), "{args:?}: {}", run.status);
        assert_eq!(run.stdout, "", "{args:?}");
        assert!(run.stderr.contains(word) || args[0] == "pending", "{args:?}: {}", run.stderr);
    }
    let evil = tool.run(&["show", "mail.example\x1b]0;owned\x07"]);
    assert!(!evil.stderr.contains(['\x1b', '\x07']), "{:?}", evil.stderr);
    let evil = tool.run(&["list", "--at", "x\x1b]0;owned\x07\u{202e}"]);
    assert!(!evil.stderr.contains(['\x1b', '\x07', '\u{202e}']), "{:?}", evil.stderr);
}

#[test]
fn manual_pages_are_clean_and_always_the_same() {
    let tool = Tool::new();
    let (one, two) = (tool.path("one"), tool.path("two"));
    for (directory, variables) in
        [(&one, &[("COLUMNS", "40")][..]), (&two, &[("LANG", "de_DE.UTF-8"), ("NO_COLOR", "1")])]
    {
        std::fs::create_dir(directory).unwrap();
        let run = tool.with_env(variables, &["generate-man", directory]);
        assert_eq!(run.status, 0, "{}", run.stderr);
    }
    let mut pages: Vec<_> = std::fs::read_dir(&one).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    assert_eq!(pages.len(), commands(&tool).len() + 1);
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        let name = page.file_name().unwrap();
        assert_eq!(text, std::fs::read_to_string(Path::new(&two).join(name)).unwrap());
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "FILES", "ENVIRONMENT", "\"SEE ALSO\""] {
            assert!(text.contains(&format!(".SH {section}\n")), "{name:?} lacks {section}");
        }
        assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{name:?}");
    }
    if need::program(&["mandoc"]).is_some() {
        pages.iter().for_each(|page| succeeds("mandoc", &["-Tlint", page.to_str().unwrap()]));
    }
    let nowhere = tool.run(&["generate-man", "/nonexistent"]);
    assert_eq!(nowhere.status, 1);
    assert!(nowhere.stderr.contains("/nonexistent/"), "{}", nowhere.stderr);
}

#[test]
fn completions_are_read_by_their_shells() {
    let tool = Tool::new();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = tool.with_env(&[], &["completions", shell]);
        assert_eq!(script.status, 0, "{}", script.stderr);
        for word in ["expect-change", "cert_override", "any-account"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
        assert!(!script.stdout.contains("generate-man"), "{shell}");
        if need::find(&[shell]).is_none() {
            need::skip_part(format_args!("{shell} is not installed"));
        } else {
            let file = tool.write(&format!("completions.{shell}"), script.stdout.as_bytes());
            succeeds(shell, &[check, &file]);
        }
    }
    assert_eq!(tool.with_env(&[], &["completions", "cmd"]).status, 2);
}
