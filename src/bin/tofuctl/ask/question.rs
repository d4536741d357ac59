//! Questions to a person: the possible answers to a verdict, and how an answer is read. Questions are
//! asked on a terminal only. This file decides nothing: [`tofu::trust::trust`] takes or rejects the answer.

use std::io;

use tofu::cert::Cert;
use tofu::store::PinKind;
use tofu::time::Timestamp;
use tofu::trust::{Answer, Decision, Rule, Verdict, parse_fingerprint};

use super::terminal::Terminal;
use crate::context::Context;
use crate::process::exit::Failure;
use crate::process::out::Style;
use crate::render;
use crate::render::words;

/// How often an answer that cannot be read is asked for again.
const TRIES: usize = 5;

/// What the command line says about the trust to give, whatever the person answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wish {
    /// What to pin; what the verdict suggests where it is not named.
    pub kind: Option<PinKind>,
    /// Beside what is trusted already.
    pub add: bool,
    /// When trust ends; 0 = never.
    pub expires: Timestamp,
    /// For this run only.
    pub once: bool,
    /// A note.
    pub comment: String,
}

impl Wish {
    /// Whether nothing is said beyond that the server is to be trusted.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What a person said.
#[derive(Debug)]
pub enum Reply {
    /// Yes; to be given to [`tofu::trust::trust`].
    Yes(Answer),
    /// No, or nothing.
    No,
    /// A full fingerprint that is not the one of what was presented. The person has been told so.
    Differs,
}

/// A word that may be answered, what it does, and the answer that it stands for.
struct Choice {
    word: &'static str,
    does: String,
    answer: Answer,
}

/// Whether anything can be answered to this verdict.
pub fn is_question(verdict: &Verdict) -> bool {
    verdict.decision() == Decision::Ask || verdict.may_type()
}

/// Shows a verdict and asks on the standard terminal; `None` is no, or nobody there.
pub fn at_the_standard_terminal(verdict: &Verdict, cx: &Context) -> Result<Option<Answer>, Failure> {
    let Some(mut terminal) = Terminal::standard(&cx.out).filter(|_| is_question(verdict)) else {
        return Ok(None);
    };
    Ok(match put(verdict, &Wish::default(), cx.now(), &mut terminal)? {
        Reply::Yes(answer) => Some(answer),
        Reply::No | Reply::Differs => None,
    })
}

/// Shows a verdict and puts its question.
pub fn put(verdict: &Verdict, wish: &Wish, now: Timestamp, terminal: &mut Terminal) -> io::Result<Reply> {
    let choices = choices(verdict, wish, now);
    let page = render::verdict::page(verdict, terminal.width, terminal.paint);
    let menu = menu(verdict, &choices, terminal);
    terminal.forget_typed()?;
    terminal.show(&format!("{page}{menu}"))?;
    for _ in 0..TRIES {
        terminal.show("> ")?;
        let Some(said) = terminal.line()? else {
            terminal.show("\n")?;
            return Ok(Reply::No);
        };
        if matches!(said.to_ascii_lowercase().as_str(), "no" | "n") {
            return Ok(Reply::No);
        }
        if let Some(choice) = choices.iter().find(|choice| said.eq_ignore_ascii_case(choice.word)) {
            return Ok(Reply::Yes(choice.answer.clone()));
        }
        match typed(verdict, wish, now, &said) {
            Ok(Reply::Differs) => {
                terminal.say(Style::Bad, &format!("{}.{}", differs(verdict), of_the_old(verdict, &said)))?;
                return Ok(Reply::Differs);
            }
            Ok(reply) => return Ok(reply),
            Err(why) => terminal.say(Style::Warn, &why)?,
        }
    }
    terminal.say(Style::Warn, "Taken as no.")?;
    Ok(Reply::No)
}

/// Says that the server does not present what the typed fingerprint means.
pub fn differs(verdict: &Verdict) -> String {
    format!("{}: this is not the server with that fingerprint; nothing was trusted", verdict.endpoint())
}

/// A hint for a person who typed the fingerprint of the server's previous certificate.
fn of_the_old(verdict: &Verdict, said: &str) -> &'static str {
    let fits = |old: &Cert| parse_fingerprint(said).is_ok_and(|typed| typed.fits(old));
    if verdict.previous().is_some_and(fits) { " It is the fingerprint of the old one." } else { "" }
}

/// Reads an answer as a fingerprint. The error says why it is not one.
fn typed(verdict: &Verdict, wish: &Wish, now: Timestamp, said: &str) -> Result<Reply, String> {
    // Long enough to be meant as one: say what is wrong with it. Else it is a word that we do not know.
    if said.len() < 20 {
        let words = if only_typed(verdict) { "no" } else { "one of these words" };
        return Err(format!("Please answer {words}, or type the full fingerprint."));
    }
    let fingerprint = parse_fingerprint(said).map_err(|error| format!("{error}."))?;
    match verdict.chain().leaf() {
        Some(leaf) if fingerprint.fits(leaf) => Ok(Reply::Yes(typed_answer(verdict, wish, now, said))),
        // The fingerprint of an authority that was sent trusts that authority.
        _ if verdict.issuer().is_some_and(|issuer| fingerprint.fits(issuer)) => {
            let kind = wish.kind.or(Some(PinKind::Issuer));
            Ok(Reply::Yes(Answer { kind, typed: Some(said.to_owned()), ..base(wish, now) }))
        }
        _ => Ok(Reply::Differs),
    }
}

/// The answer of a person who knows the fingerprint. The key is trusted, unless the person named another kind.
pub fn typed_answer(verdict: &Verdict, wish: &Wish, now: Timestamp, fingerprint: &str) -> Answer {
    let kind = wish.kind.or((verdict.rule() != Rule::CaValid).then_some(PinKind::Key));
    // The server proves the known key as well, so a yes to its other key does not replace it.
    let add = wish.add || verdict.may_add() && verdict.reasons().any(|code| code == "known-key-still-proven");
    Answer { kind, add, typed: Some(fingerprint.to_owned()), ..base(wish, now) }
}

fn base(wish: &Wish, now: Timestamp) -> Answer {
    Answer {
        add: wish.add,
        session: wish.once,
        expires: wish.expires,
        comment: wish.comment.clone(),
        now,
        ..Answer::default()
    }
}

/// Nothing but the full fingerprint is taken as a yes.
fn only_typed(verdict: &Verdict) -> bool {
    verdict.decision() != Decision::Ask || verdict.needs_fingerprint()
}

fn choices(verdict: &Verdict, wish: &Wish, now: Timestamp) -> Vec<Choice> {
    // A reject takes nothing but the typed fingerprint, and so do some questions.
    if only_typed(verdict) {
        return Vec::new();
    }
    let lasting = match (wish.once, wish.expires) {
        (true, _) => "this time".to_owned(),
        (false, 0) => "from now on".to_owned(),
        (false, end) => format!("until {}", tofu::time::date(end)),
    };
    let trusts = |kind: PinKind| format!("trust {} for {} {lasting}", object(kind), verdict.endpoint());
    let chosen = wish.kind.or(verdict.suggested());
    let answer = Answer { kind: chosen, ..base(wish, now) };
    let mut out = Vec::new();
    match chosen {
        Some(kind) => {
            if !wish.once {
                let does = "go on this time and remember nothing".to_owned();
                let answer = Answer { session: true, expires: 0, ..answer.clone() };
                out.push(Choice { word: "once", does, answer });
            }
            out.insert(0, Choice { word: "yes", does: trusts(kind), answer: answer.clone() });
        }
        None if verdict.only_once() => out.push(Choice {
            word: "once",
            does: "go on this time and remember nothing".to_owned(),
            answer: Answer { session: true, expires: 0, ..answer.clone() },
        }),
        None if verdict.rule() == Rule::CaValid => {
            let does = format!("accept what {} presents now", verdict.endpoint());
            out.push(Choice { word: "yes", does, answer: answer.clone() });
        }
        // Nothing is suggested: a person names what is meant.
        None => out.extend(verdict.offered().iter().map(|&kind| Choice {
            word: words::kind(kind),
            does: trusts(kind),
            answer: Answer { kind: Some(kind), ..answer.clone() },
        })),
    }
    if verdict.may_add() && !wish.add && matches!(chosen, Some(PinKind::Key | PinKind::Certificate)) {
        let does = "trust it beside what is trusted already".to_owned();
        out.push(Choice { word: "add", does, answer: Answer { add: true, ..answer } });
    }
    out
}

fn object(kind: PinKind) -> &'static str {
    match kind {
        PinKind::Key => "this key",
        PinKind::Certificate => "this certificate alone",
        PinKind::Issuer => "whatever this authority certifies",
        PinKind::Name => "the certificate's other name",
    }
}

fn menu(verdict: &Verdict, choices: &[Choice], terminal: &Terminal) -> String {
    let mut sheet = terminal.sheet();
    sheet.gap();
    let title = match verdict.decision() {
        Decision::Ask if only_typed(verdict) => format!("Trust {}? Only by its fingerprint.", verdict.endpoint()),
        Decision::Ask => format!("Trust {}?", verdict.endpoint()),
        _ => format!("Trust {} against this? Only by its fingerprint.", verdict.endpoint()),
    };
    sheet.paragraph(0, Style::Bold, &title);
    for choice in choices {
        sheet.row(choice.word, Style::Plain, &choice.does);
    }
    sheet.row("no", Style::Plain, "stop here");
    sheet.paragraph(2, Style::Plain, "or type or paste the SHA-256 fingerprint that the provider gave you");
    sheet.finish()
}
