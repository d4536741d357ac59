//! The hidden `generate-man`: writes the manual pages, `tofuctl.1` and one for each command, from the same
//! comments as the help texts. The build calls it; the pages depend on nothing but this version.

use clap::{Arg, ArgAction, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::Cli;
use crate::cli::exchange::GenerateMan;
use crate::context::Context;
use crate::process::exit::{Exit, Failure};

const MANUAL: &str = "tofuctl manual";
/// What stands before the examples in help texts.
const EXAMPLES: &str = "Examples:\n";
/// Characters in a line of a page's source.
const SOURCE_WIDTH: usize = 78;

const STATUS: [(&str, &str); 5] = [
    ("0", "The server is trusted, or what was asked for is done."),
    ("1", "An error: a server that cannot be reached, a store that cannot be read, a damaged store."),
    ("2", "Wrong usage; nothing was done."),
    ("3", "A person has to answer: a first contact, or a change, or a confirmation."),
    ("4", "The server is rejected."),
];

const FILES: [(&str, &str); 3] = [
    (
        "$XDG_DATA_HOME/tofu/pins.db",
        "The user's store, unless --store names another; ~/.local/share/tofu/pins.db where XDG_DATA_HOME is not set.",
    ),
    ("pins.db-journal, pins.db-lock", "Beside the store, and belonging to it."),
    ("/etc/tofu/pins.db", "The usual place for a store of the system; read where --system-store names it."),
];

const ENVIRONMENT: [(&str, &str); 4] = [
    ("XDG_DATA_HOME, HOME", "Where the user's store is."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "The system's certificate authorities, instead of the usual places."),
    ("NO_COLOR", "Where it is set and not empty, no colours are used unless --color always asks for them."),
    ("TERM", "No colours are used on a dumb terminal."),
];

pub fn run(args: &GenerateMan, cx: &Context) -> Result<Exit, Failure> {
    for (name, page) in pages()? {
        let file = args.directory.join(name);
        std::fs::write(&file, page).map_err(|e| Failure::about(&file, e))?;
    }
    let shown = tofu::text::escape(&args.directory.display().to_string());
    cx.out.note(&format!("wrote the manual pages to {shown}"));
    Ok(Exit::Done)
}

/// The command line without what is hidden.
pub fn visible(command: Command) -> Command {
    let shown: Vec<Command> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
    let mut bare = Command::new("tofuctl")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .args(command.get_arguments().cloned());
    if let (Some(about), Some(long)) = (command.get_about(), command.get_long_about()) {
        bare = bare.about(about.clone()).long_about(long.clone());
    }
    if let Some(help) = command.get_after_long_help() {
        bare = bare.after_long_help(help.clone());
    }
    bare.subcommands(shown)
}

/// Every page with the name of its file.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut root = visible(Cli::command());
    root.build();
    let names: Vec<String> = root.get_subcommands().map(|sub| format!("tofuctl-{}", sub.get_name())).collect();
    let mut pages = vec![("tofuctl.1".to_owned(), page(&root, &names)?)];
    for (sub, name) in root.get_subcommands().zip(&names) {
        pages.push((format!("{name}.1"), page(sub, &["tofuctl".to_owned()])?));
    }
    Ok(pages)
}

fn page(command: &Command, see_also: &[String]) -> Result<Vec<u8>, Failure> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let root = !name.contains('-');
    // The global options are on the main page only.
    let own = if root { command.clone() } else { command.clone().mut_args(|arg| hidden_if(arg, Arg::is_global_set)) };
    let own = own.mut_args(|arg| hidden_if(arg, is_help));
    let man = Man::new(own.clone())
        .title(name.to_uppercase())
        .date(tofu::time::date(tofu::trust::facts::RELEASED))
        .source(format!("libtofu {}", env!("CARGO_PKG_VERSION")))
        .manual(MANUAL);
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    synopsis(&own, root, &mut out)?;
    description(&own, &mut out)?;
    let options = own.get_arguments().any(|arg| !arg.is_hide_set());
    if root {
        man.render_subcommands_section(&mut out)?;
    } else {
        nested(&own, &mut out)?;
    }
    if options {
        man.render_options_section(&mut out)?;
    }
    tail(command, root, see_also, &mut out)?;
    Ok(polished(&String::from_utf8_lossy(&out)).into_bytes())
}

fn hidden_if(arg: Arg, test: impl Fn(&Arg) -> bool) -> Arg {
    if test(&arg) { arg.hide(true) } else { arg }
}

fn is_help(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version)
}

/// Small things that the generator does otherwise: what lists commands is called so everywhere, a gap is
/// a gap, and no line of the source is long.
fn polished(page: &str) -> String {
    let page = page.replace(".SH SUBCOMMANDS\n", ".SH COMMANDS\n").replace(".br\n\n.br\n", ".sp\n");
    let mut out = String::new();
    let mut literal = false;
    for line in page.lines() {
        match line {
            ".nf" => literal = true,
            ".fi" => literal = false,
            _ => {}
        }
        if literal || line.starts_with('.') {
            out.push_str(line);
            out.push('\n');
        } else {
            filled(line, &mut out);
        }
    }
    out
}

/// Breaks a line of running text at its spaces. None of the new lines may look like a request.
fn filled(line: &str, out: &mut String) {
    let mut used = 0usize;
    for word in line.split(' ') {
        let length = word.chars().count();
        let fits = used.saturating_add(length) < SOURCE_WIDTH || word.starts_with(['.', '\'']);
        if used > 0 {
            out.push(if fits { ' ' } else { '\n' });
            used = if fits { used.saturating_add(1) } else { 0 };
        }
        out.push_str(word);
        used = used.saturating_add(length);
    }
    out.push('\n');
}

fn description(command: &Command, out: &mut Vec<u8>) -> Result<(), Failure> {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(format!("{about}."))]);
    for paragraph in long.split("\n\n").skip(1) {
        roff.control("PP", []);
        roff.text([roman(paragraph.replace('\n', " "))]);
    }
    Ok(roff.to_writer(out)?)
}

fn synopsis(command: &Command, root: bool, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    if root {
        roff.text([bold("tofuctl"), roman(" [options] "), italic("command"), roman(" ...")]);
    } else {
        usage(command, &mut roff);
    }
    Ok(roff.to_writer(out)?)
}

/// How a command is called, with each option that is its own.
fn usage(command: &Command, roff: &mut Roff) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    if let Some(usage) = command.get_overridden_usage() {
        for (index, form) in usage.to_string().lines().map(str::trim).enumerate() {
            if index > 0 {
                roff.control("br", []);
            }
            match form.strip_prefix(name) {
                Some(rest) => roff.text([bold(name), roman(rest)]),
                None => roff.text([roman(form)]),
            };
        }
        return;
    }
    let mut line = vec![bold(name)];
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let (open, close) = if arg.is_required_set() { (" ", "") } else { (" [", "]") };
        line.push(roman(open));
        line.extend(argument(arg));
        line.push(roman(close));
    }
    if command.has_subcommands() {
        let (open, close) = if command.is_subcommand_required_set() { (" ", "") } else { (" [", "]") };
        line.extend([roman(open), italic("command"), roman(close)]);
    }
    roff.text(line);
}

fn argument(arg: &Arg) -> Vec<Inline> {
    let value = arg.get_value_names().unwrap_or_default().iter().map(|v| v.to_string()).collect::<Vec<_>>().join(" ");
    let takes = arg.get_action().takes_values();
    let more = if arg.is_positional() && arg.get_num_args().is_some_and(|n| n.max_values() > 2) { "..." } else { "" };
    match (arg.get_long(), arg.get_short()) {
        (Some(long), _) if takes => vec![bold(format!("--{long}")), roman(" "), italic(value)],
        (Some(long), _) => vec![bold(format!("--{long}"))],
        (None, Some(short)) if takes => vec![bold(format!("-{short}")), roman(" "), italic(value)],
        (None, Some(short)) => vec![bold(format!("-{short}"))],
        (None, None) => vec![italic(format!("{value}{more}"))],
    }
}

/// The commands of a command, each with its options.
fn nested(command: &Command, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut title = Roff::new();
    title.control("SH", ["COMMANDS"]);
    let subs: Vec<&Command> = command.get_subcommands().collect();
    if !subs.is_empty() {
        title.to_writer(out)?;
    }
    for sub in subs {
        let sub = sub.clone().mut_args(|arg| hidden_if(arg, |arg| arg.is_global_set() || is_help(arg)));
        let mut roff = Roff::new();
        roff.control("SS", [sub.get_name()]);
        usage(&sub, &mut roff);
        roff.control("PP", []);
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        roff.text([roman(format!("{about}."))]);
        roff.to_writer(out)?;
        if sub.get_arguments().any(|arg| !arg.is_hide_set()) {
            let mut options = Vec::new();
            Man::new(sub).render_options_section(&mut options)?;
            let options = String::from_utf8_lossy(&options);
            out.extend(options.replace(".SH OPTIONS\n", "").bytes());
        }
    }
    Ok(())
}

/// The sections that are the same on every page, and the examples.
fn tail(command: &Command, root: bool, see_also: &[String], out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut roff = Roff::new();
    let list = |roff: &mut Roff, title: &str, items: &[(&str, &str)]| {
        roff.control("SH", [title]);
        for (name, text) in items {
            roff.control("TP", []);
            roff.text([bold(*name)]);
            roff.text([roman(*text)]);
        }
    };
    if !root {
        roff.control("PP", []);
        roff.text([roman("The options of every command are described in "), bold("tofuctl"), roman("(1).")]);
    }
    list(&mut roff, "EXIT STATUS", &STATUS);
    list(&mut roff, "FILES", &FILES);
    list(&mut roff, "ENVIRONMENT", &ENVIRONMENT);
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    if let Some((_, examples)) = help.split_once(EXAMPLES) {
        roff.control("SH", ["EXAMPLES"]);
        roff.control("nf", []);
        for line in examples.lines() {
            roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
        }
        roff.control("fi", []);
    }
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for (index, name) in see_also.iter().enumerate() {
        line.extend([roman(if index > 0 { ", " } else { "" }), bold(name), roman("(1)")]);
    }
    roff.text(line);
    Ok(roff.to_writer(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_every_section() {
        let pages = pages().map_err(|_| "no pages").unwrap();
        let visible = Cli::command().get_subcommands().filter(|sub| !sub.is_hide_set()).count();
        assert_eq!(pages.len(), visible + 1);
        for (name, page) in pages {
            let text = String::from_utf8(page).unwrap();
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "FILES", "ENVIRONMENT", "SEE ALSO"] {
                let title = if section.contains(' ') { format!(".SH \"{section}\"") } else { format!(".SH {section}") };
                assert!(text.contains(&title), "{name} lacks {section}:\n{text}");
            }
            assert!(!text.contains("generate"), "{name}");
        }
    }
}
