//! The tool with a person in front of it: questions and answers in a pseudo-terminal.

use tofu::store::PinState;

use crate::user::terminal::Terminal;
use crate::user::{Manner, NOW, Server, User, certified, fits, flat, self_signed, without_colours};

/// Somebody starts a command and reads as far as the prompt.
fn asked(user: &User, arguments: &[&str]) -> Option<Terminal> {
    let mut terminal = Terminal::start(user.tofuctl(arguments))?;
    terminal.until("> ");
    Some(terminal)
}

/// What is trusted now.
fn trusted(user: &User) -> Vec<String> {
    let pins = user.pins().into_iter().filter(|pin| pin.state == PinState::Trusted);
    pins.map(|pin| format!("{:?}", pin.value)).collect()
}

#[test]
fn at_first_contact_yes_trusts_and_goes_on() {
    let user = User::new();
    let server = user.self_signed("one");
    let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
    terminal.types("yes");
    assert_eq!(terminal.end(), 0);
    fits(&terminal.screen);
    let read = flat(&without_colours(&terminal.screen));
    for text in [
        &format!("Decision needed: {}", server.name())[..],
        "First contact with localhost",
        &format!("Trust {}?", server.name()),
        "once go on this time and remember nothing",
        "> yes",
        &format!("Accepted: {}", server.name()),
    ] {
        assert!(read.contains(text), "{text}\n{}", terminal.screen);
    }
    assert_eq!(trusted(&user).len(), 1);
    user.run(&["check", &server.name()]).ends(0);
}

#[test]
fn no_and_the_end_of_input_trust_nothing() {
    let user = User::new();
    let server = user.self_signed("one");
    for answer in ["no\n", "N\n", "\x04"] {
        let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
        terminal.keys(answer);
        assert_eq!(terminal.end(), 3, "{}", terminal.screen);
    }
    assert!(trusted(&user).is_empty());
}

#[test]
fn once_goes_on_and_remembers_nothing() {
    let user = User::new();
    let server = user.self_signed("one");
    let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
    terminal.types("once");
    assert_eq!(terminal.end(), 0, "{}", terminal.screen);
    assert!(trusted(&user).is_empty());
    user.run(&["check", &server.name()]).ends(3);
}

#[test]
fn the_fingerprint_typed_in_any_spelling_is_a_yes() {
    let cert = &self_signed("one")[0];
    for typed in [cert.fingerprint().colon_hex(), cert.fingerprint().hex(), format!("sha256//{}", cert.spki().base64())]
    {
        let user = User::new();
        let server = user.self_signed("one");
        let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
        terminal.types(&typed);
        assert_eq!(terminal.end(), 0, "{}", terminal.screen);
        assert_eq!(trusted(&user).len(), 1);
    }
}

#[test]
fn another_servers_fingerprint_stops_and_part_of_one_is_asked_again() {
    let user = User::new();
    let server = user.self_signed("one");
    let other = self_signed("two")[0].fingerprint().colon_hex();
    let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
    terminal.types(&other[..47]);
    terminal.until("> ");
    assert!(flat(&terminal.screen).contains("half of a SHA-256 one"), "{}", terminal.screen);
    terminal.types("sure");
    terminal.until("> ");
    assert!(flat(&terminal.screen).contains("Please answer one of these words"), "{}", terminal.screen);
    terminal.types(&other);
    assert_eq!(terminal.end(), 4);
    assert!(flat(&terminal.screen).contains("not the server with that fingerprint"), "{}", terminal.screen);
    fits(&terminal.screen);
    assert!(trusted(&user).is_empty());
}

#[test]
fn answers_that_cannot_be_read_end_as_no() {
    let user = User::new();
    let server = user.self_signed("one");
    let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
    for _ in 0..4 {
        terminal.types("what?");
        terminal.until("> ");
    }
    terminal.types("hm");
    assert_eq!(terminal.end(), 3);
    assert!(terminal.screen.contains("Taken as no."), "{}", terminal.screen);
}

#[test]
fn a_changed_key_is_shown_beside_the_old_one() {
    let mut user = User::new();
    let server = user.self_signed("one");
    user.run(&["trust", "--fingerprint", &self_signed("one")[0].fingerprint().hex(), &server.name()]).ends(0);
    server.present(self_signed("two"), "two");
    user.now = NOW + 20 * tofu::time::DAY;
    let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
    let read = flat(&without_colours(&terminal.screen));
    for text in [
        "The key of localhost has changed",
        "The old certificate was first seen on 2027-02-10",
        "(20 days ago)",
        "Risk: ",
        &self_signed("one")[0].spki().base64()[..20],
        &self_signed("two")[0].spki().base64()[..20],
    ] {
        assert!(read.contains(text), "{text}\n{}", terminal.screen);
    }
    assert!(terminal.screen.contains("\x1b[1;31m") && terminal.screen.contains("\x1b[32m"), "{}", terminal.screen);
    terminal.types(&self_signed("one")[0].fingerprint().colon_hex());
    assert_eq!(terminal.end(), 4);
    assert!(flat(&terminal.screen).contains("It is the fingerprint of the old one."), "{}", terminal.screen);
    let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
    terminal.types("yes");
    assert_eq!(terminal.end(), 0);
    fits(&terminal.screen);
    let keys = trusted(&user);
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(keys[0].contains(&self_signed("two")[0].spki().hex()), "{keys:?}");
}

#[test]
fn a_downgrade_takes_the_typed_fingerprint_and_no_word() {
    let user = User::new();
    let server = Server::start(certified(&user.authority, "ca", 300), "ca", Manner::Echo);
    user.run(&["check", &server.name()]).ends(0);
    server.present(self_signed("two"), "two");
    let Some(mut terminal) = asked(&user, &["check", &server.name()]) else { return };
    assert!(flat(&without_colours(&terminal.screen)).contains("Only by its fingerprint"), "{}", terminal.screen);
    terminal.types("yes");
    terminal.until("> ");
    terminal.types(&self_signed("two")[0].fingerprint().colon_hex());
    assert_eq!(terminal.end(), 0, "{}", terminal.screen);
    fits(&terminal.screen);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let user = User::new();
    let server = user.self_signed("one");
    let with = |name: &str, value: &str| {
        let mut command = user.tofuctl(&["check", "--no-ask", &server.name()]);
        command.env(name, value);
        let mut terminal = Terminal::start(command)?;
        assert_eq!(terminal.end(), 3);
        Some(terminal.screen)
    };
    let Some(coloured) = with("LANG", "C") else { return };
    assert!(coloured.contains("\x1b[33mDecision needed: "));
    assert!(!with("NO_COLOR", "1").unwrap().contains('\x1b'));
    assert!(!with("TERM", "dumb").unwrap().contains('\x1b'));
    assert!(!user.run(&["check", &server.name()]).ends(3).out.contains('\x1b'));
}

#[test]
fn nobody_is_asked_where_json_is_read_or_it_is_not_wanted() {
    let user = User::new();
    let server = user.self_signed("one");
    for arguments in [&["check", "--json", &server.name()][..], &["check", "--no-ask", &server.name()]] {
        let Some(mut terminal) = Terminal::start(user.tofuctl(arguments)) else { return };
        assert_eq!(terminal.end(), 3);
        assert!(!terminal.screen.contains("> "), "{}", terminal.screen);
    }
}

#[test]
fn ctrl_c_at_the_question_ends_it_at_once_and_trusts_nothing() {
    let user = User::new();
    let server = user.self_signed("one");
    let command = user.tofuctl(&["check", &server.name()]);
    let Some(mut terminal) = Terminal::control(&command, "trap : INT; \"$@\"; exit $?") else { return };
    terminal.until("> ");
    terminal.keys("\x03");
    assert_eq!(terminal.end(), 130, "{}", terminal.screen);
    assert!(trusted(&user).is_empty());
}

#[test]
fn what_was_typed_before_the_question_is_no_answer_to_it() {
    let user = User::new();
    let server = user.self_signed("one");
    let Some(mut terminal) = Terminal::start(user.tofuctl(&["check", &server.name()])) else { return };
    terminal.types("yes");
    terminal.until("> ");
    terminal.types("no");
    assert_eq!(terminal.end(), 3, "{}", terminal.screen);
    assert!(trusted(&user).is_empty());
}

#[test]
fn ctrl_c_ends_the_reading_of_a_list_at_once() {
    let user = User::new();
    let command = user.tofuctl(&["check", "--file", "-"]);
    let Some(mut terminal) = Terminal::control(&command, "trap : INT; \"$@\"; exit $?") else { return };
    std::thread::sleep(std::time::Duration::from_millis(700));
    terminal.keys("\x03");
    assert_eq!(terminal.end(), 130, "{}", terminal.screen);
}

#[test]
fn ctrl_c_while_a_server_is_silent_calls_it_off_in_words() {
    let user = User::new();
    let server = Server::start(self_signed("one"), "one", Manner::Mute);
    let command = user.tofuctl(&["check", &server.name()]);
    let Some(mut terminal) = Terminal::control(&command, "trap : INT; \"$@\"; exit $?") else { return };
    std::thread::sleep(std::time::Duration::from_millis(700));
    terminal.keys("\x03");
    assert_eq!(terminal.end(), 130, "{}", terminal.screen);
    assert!(flat(&terminal.screen).contains("TLS handshake: called off"), "{}", terminal.screen);
}

#[test]
fn trust_asks_and_says_how_to_undo() {
    let user = User::new();
    let server = user.self_signed("one");
    let Some(mut terminal) = asked(&user, &["trust", "--kind", "certificate", "--until", "30d", &server.name()]) else {
        return;
    };
    let read = flat(&without_colours(&terminal.screen));
    let offer = format!("yes trust this certificate alone for {} until 2027-03-12", server.name());
    assert!(read.contains(&offer), "{}", terminal.screen);
    terminal.types("yes");
    assert_eq!(terminal.end(), 0, "{}", terminal.screen);
    let read = flat(&without_colours(&terminal.screen));
    assert!(read.contains("the certificate ") && read.contains("to undo: tofuctl undo"), "{}", terminal.screen);
    fits(&terminal.screen);
}

#[test]
fn a_tunnel_asks_on_its_terminal_and_nowhere_else() {
    let user = User::new();
    let server = user.self_signed("one");
    let input = user.file("in", b"hello\n");
    let command = user.tofuctl(&["connect", &server.name()]);
    let script = format!("\"$@\" <{input} >out 2>err");
    let Some(mut terminal) = Terminal::control(&command, &script) else { return };
    terminal.until("> ");
    assert_eq!(server.received(), 0);
    assert_eq!(user.read("out"), "");
    terminal.types("yes");
    assert_eq!(terminal.end(), 0, "{}\n{}", terminal.screen, user.read("err"));
    assert_eq!(user.read("out"), "hello\nbye\n");
    let Some(mut terminal) = Terminal::control(&command, &script) else { return };
    assert_eq!(terminal.end(), 0);
    assert_eq!(terminal.screen, "");
}

#[test]
fn a_question_fits_the_terminal_that_it_is_put_on() {
    let user = User::new();
    let server = user.self_signed("one");
    let command = user.tofuctl(&["connect", &server.name()]);
    let Some(mut terminal) = Terminal::control(&command, "stty cols 50; \"$@\" </dev/null >out 2>err") else { return };
    terminal.until("> ");
    let screen = without_colours(&terminal.screen);
    assert!(screen.lines().all(|line| line.trim_end().chars().count() <= 50), "{screen}");
    terminal.types("no");
    assert_eq!(terminal.end(), 3);
}
