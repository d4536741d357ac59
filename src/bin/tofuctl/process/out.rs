//! Standard output: colours, width, JSON. If the reader goes away, the program ends without a message.

use std::io::{ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;

use serde_json::Value;

use tofu::text::{json, json_pretty};

use crate::cli::{Color, Global};
use crate::process::exit::{Failure, say};

/// Lines are never wider than this.
const WIDEST: usize = 80;
/// Nor narrower, however small the terminal.
const NARROWEST: usize = 40;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// Titles.
    Bold,
    /// What matters less.
    Dim,
    /// Trusted, done.
    Good,
    /// A question, a warning.
    Warn,
    /// Rejected, blocked, damaged.
    Bad,
}

/// Puts colours on text, or does not.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// `text` in that style.
    pub fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Plain => return text.to_owned(),
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "1;31",
        };
        if self.on && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Without colours.
    #[cfg(test)]
    pub fn off() -> Self {
        Self { on: false }
    }
}

/// Standard output as it was asked for.
#[derive(Debug)]
pub struct Out {
    /// Colours of standard output.
    pub paint: Paint,
    /// Colours of standard error.
    pub err: Paint,
    /// Characters to a line.
    pub width: usize,
    /// JSON instead of text.
    pub json: bool,
    quiet: bool,
    color: Color,
}

impl Out {
    pub fn new(global: &Global) -> Self {
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        let paint = |terminal: bool| Paint { on: coloured(global.color, terminal) };
        Self {
            paint: paint(stdout.is_terminal()),
            err: paint(stderr.is_terminal()),
            width: width_of(&stdout),
            json: global.json,
            quiet: global.quiet,
            color: global.color,
        }
    }

    /// The colours for another terminal than the standard ones.
    pub fn paint_for(&self, terminal: &impl IsTerminal) -> Paint {
        Paint { on: coloured(self.color, terminal.is_terminal()) }
    }

    /// Whether little is to be said.
    pub fn quiet(&self) -> bool {
        self.quiet
    }

    /// Writes text as it is.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|e| match e.kind() {
            ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::new(format!("standard output: {e}")),
        })
    }

    /// Writes one JSON value, over several lines.
    pub fn value(&self, value: &Value) -> Result<(), Failure> {
        let mut text = json_pretty(value);
        text.push('\n');
        self.print(&text)
    }

    /// Writes one JSON value in a line of its own.
    pub fn value_line(&self, value: &Value) -> Result<(), Failure> {
        self.print(&format!("{}\n", json(value)))
    }

    /// Remarks beside the answer, on standard error; silent with `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }

    /// Says on standard output what was done, as text or as JSON; silent with `--quiet`.
    pub fn done(&self, text: &str, value: &Value) -> Result<(), Failure> {
        match (self.json, self.quiet) {
            (true, _) => self.value(value),
            (false, true) => Ok(()),
            (false, false) => self.print(text),
        }
    }
}

/// How many columns a line for this output may have; the largest number if it is not a terminal.
pub fn width_of(terminal: impl AsFd) -> usize {
    let columns = rustix::termios::tcgetwinsize(terminal).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { WIDEST } else { columns.clamp(NARROWEST, WIDEST) }
}

/// `NO_COLOR` and `TERM=dumb` win over a terminal, a word on the command line over both.
fn coloured(color: Color, terminal: bool) -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|v| v.is_empty() || v == "dumb");
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !unwanted && !dumb,
    }
}

/// Collects what is written in many pieces, so that a long listing is not a system call for each line.
pub struct Buffer<'o> {
    out: &'o Out,
    text: String,
}

/// When a buffer is written out, in bytes.
const FULL: usize = 32 * 1024;

impl<'o> Buffer<'o> {
    pub fn new(out: &'o Out) -> Self {
        Self { out, text: String::new() }
    }

    pub fn push(&mut self, text: &str) -> Result<(), Failure> {
        self.text.push_str(text);
        if self.text.len() >= FULL { self.flush() } else { Ok(()) }
    }

    /// Writes what is left; has to be called at the end.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.print(&std::mem::take(&mut self.text))
    }
}

/// Several values as one JSON list, written as they come.
pub struct List<'o> {
    buffer: Buffer<'o>,
    any: bool,
}

impl<'o> List<'o> {
    pub fn begin(out: &'o Out) -> Self {
        Self { buffer: Buffer { out, text: "[".to_owned() }, any: false }
    }

    pub fn item(&mut self, value: &Value) -> Result<(), Failure> {
        let text = json_pretty(value).replace('\n', "\n  ");
        let comma = if std::mem::replace(&mut self.any, true) { "," } else { "" };
        self.buffer.push(&format!("{comma}\n  {text}"))
    }

    pub fn end(mut self) -> Result<(), Failure> {
        self.buffer.push(if self.any { "\n]\n" } else { "]\n" })?;
        self.buffer.flush()
    }
}
