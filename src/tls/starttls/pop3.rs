//! POP3: greeting, `CAPA`, `STLS` (RFC 1939, RFC 2449, RFC 2595 section 4).

use super::Move;
use super::error::{Fault, lossy};
use super::lines::{LineTalk, word};

/// Where the dialogue stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Greeting,
    Capa,
    List,
    Stls {
        /// Whether a list named STLS. A server without CAPA is asked for STLS directly.
        announced: bool,
    },
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
            (false, At::Capa) => Ok(self.stls(false)),
            (true, At::Stls { .. }) => Ok(Move::Go),
            (false, At::Stls { announced: false }) => Err(Fault::Missing(lossy(line))),
            (false, _) => Err(Fault::refused(line)),
        }
    }

    fn waiting_for(&self) -> &'static str {
        match self.at {
            At::Greeting => "the greeting",
            At::Capa | At::List => "the answer to CAPA",
            At::Stls { .. } => "the answer to STLS",
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
        Ok(self.stls(true))
    }

    fn stls(&mut self, announced: bool) -> Move {
        self.at = At::Stls { announced };
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
