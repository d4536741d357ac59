//! The terminal at which a person reads and answers.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::termios::{QueueSelector, tcflush};

use crate::process::out::{Out, Paint, Style, width_of};
use crate::render::sheet::Sheet;

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 4096;

/// Where a person is.
pub struct Terminal {
    keyboard: OwnedFd,
    input: Box<dyn BufRead>,
    output: Box<dyn Write>,
    /// Columns of a line.
    pub width: usize,
    /// Its colours.
    pub paint: Paint,
}

impl Terminal {
    /// Standard input and error, where both are terminals.
    pub fn standard(out: &Out) -> Option<Self> {
        let there = io::stdin().is_terminal() && io::stderr().is_terminal();
        let keyboard = if there { io::stdin().as_fd().try_clone_to_owned().ok()? } else { return None };
        Some(Self {
            keyboard,
            input: Box::new(BufReader::new(io::stdin())),
            output: Box::new(io::stderr()),
            width: width_of(io::stderr()),
            paint: out.err,
        })
    }

    /// The terminal that controls this process, for commands whose standard input is data.
    pub fn controlling(out: &Out) -> Option<Self> {
        let input = File::open("/dev/tty").ok().filter(File::is_terminal)?;
        let output = OpenOptions::new().write(true).open("/dev/tty").ok()?;
        let keyboard = input.as_fd().try_clone_to_owned().ok()?;
        let (width, paint) = (width_of(&output), out.paint_for(&output));
        Some(Self { keyboard, input: Box::new(BufReader::new(input)), output: Box::new(output), width, paint })
    }

    /// An empty page that fits this terminal.
    pub fn sheet(&self) -> Sheet {
        Sheet::new(self.width, self.paint)
    }

    /// Forgets what was typed before there was a question: it is no answer to it.
    pub fn forget_typed(&self) -> io::Result<()> {
        Ok(tcflush(&self.keyboard, QueueSelector::IFlush)?)
    }

    /// Writes text as it is.
    pub fn show(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.flush()
    }

    /// Writes a paragraph, broken to the width of the terminal.
    pub fn say(&mut self, style: Style, text: &str) -> io::Result<()> {
        let mut sheet = self.sheet();
        sheet.paragraph(0, style, text);
        self.show(&sheet.finish())
    }

    /// One line without its end; `None` at the end of input.
    pub fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        self.input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)?;
        Ok((!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).trim().to_owned()))
    }
}
