//! POP3: greeting, `CAPA`, `STLS` (RFC 1939, RFC 2449, RFC 2595 section 4).

use super::Move;
use super::error::Fault;
use super::lines::{LineTalk, word};

/// Where the dialogue stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Greeting,
    Capa,
    List,
    /// A list named STLS, or there is no list: a server without CAPA is asked for STLS directly.
    Stls,
}

/// POP3.
#[derive(Debug, Default)]
pub(super) struct Pop3 {
    at: At,
    offered: bool,
}

impl LineTalk for Pop3 {
    fn line(&mut self, line: &[u8]) -> Result<Move, Fault> {
        if self.at == At::List {
            return self.listed(line);
        }
        match (positive(line)?, self.at) {
            (true, At::Greeting) => {
                self.at = At::Capa;
                Ok(Move::send("CAPA\r\n"))
            }
            (true, At::Capa | At::List) => {
                self.at = At::List;
                Ok(Move::More)
            }
            (false, At::Capa) => Ok(self.stls()),
            (true, At::Stls) => Ok(Move::Go),
            // The answer is about the moment (RFC 3206, section 4).
            (false, At::Stls) if word(line).1.to_ascii_uppercase().starts_with(b"[SYS/TEMP]") => {
                Err(Fault::unable(line))
            }
            (false, _) => Err(Fault::refused(line)),
        }
    }

    fn waiting_for(&self) -> &'static str {
        match self.at {
            At::Greeting => "the greeting",
            At::Capa | At::List => "the answer to CAPA",
            At::Stls => "the answer to STLS",
        }
    }
}

impl Pop3 {
    fn listed(&mut self, line: &[u8]) -> Result<Move, Fault> {
        if line != b"." {
            self.offered |= word(line).0.eq_ignore_ascii_case(b"STLS");
            return Ok(Move::More);
        }
        if !self.offered {
            return Err(Fault::Missing("no STLS among the capabilities".to_owned()));
        }
        Ok(self.stls())
    }

    fn stls(&mut self) -> Move {
        self.at = At::Stls;
        Move::send("STLS\r\n")
    }
}

/// `+OK` or `-ERR`, in capitals (RFC 1939, section 3).
fn positive(line: &[u8]) -> Result<bool, Fault> {
    match word(line).0 {
        b"+OK" => Ok(true),
        b"-ERR" => Ok(false),
        _ => Err(Fault::malformed(line)),
    }
}
