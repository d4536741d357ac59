//! LDAP: the extended request StartTLS and its answer (RFC 4511, sections 4.1.1, 4.4.1, 4.12 and
//! 4.14). Reads BER with definite lengths, long forms included, as section 5.1 allows.

use super::error::{Bound, Fault, lossy};
use super::{Conversation, MAX_MESSAGE, Move};

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
const DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0A;
const EXTENDED_RESPONSE: u8 = 0x78;
const CONTROLS: u8 = 0xA0;
const REFERRAL: u8 = 0xA3;
const RESPONSE_NAME: u8 = 0x8A;
const RESPONSE_VALUE: u8 = 0x8B;

/// LDAP.
#[derive(Debug, Default)]
pub(super) struct Ldap {
    message: Vec<u8>,
}

impl Conversation for Ldap {
    /// Message 1: `[APPLICATION 23]` with requestName `[0]` and no value.
    fn begin(&mut self) -> Vec<u8> {
        let mut request = vec![SEQUENCE, 0x1D, INTEGER, 1, 1, 0x77, 0x18, 0x80, 0x16];
        request.extend_from_slice(START_TLS);
        request
    }

    fn take(&mut self, input: &[u8]) -> Result<(usize, Move), Fault> {
        let mut used = 0usize;
        for byte in input {
            self.message.push(*byte);
            used = used.saturating_add(1);
            if self.message.first() != Some(&SEQUENCE) {
                return Err(Fault::malformed(input));
            }
            let Some(whole) = message_length(&self.message)? else { continue };
            if whole > MAX_MESSAGE {
                return Err(Fault::Limit(Bound::Reply, MAX_MESSAGE));
            }
            if self.message.len() >= whole {
                let answer = Answer::read(&self.message).ok_or_else(|| Fault::malformed(&self.message))?;
                return answer.judge().map(|()| (used, Move::Go));
            }
        }
        Ok((used, Move::More))
    }

    fn waiting_for(&self) -> &'static str {
        "the answer to StartTLS"
    }
}

/// The length of the whole message, once its header is there.
fn message_length(message: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(first) = message.get(1) else { return Ok(None) };
    let header = match first {
        0x80 | 0x85..=0xFF => return Err(Fault::malformed(message)),
        long @ 0x81..=0x84 => usize::from(long & 0x7F).saturating_add(2),
        _ => 2,
    };
    let Some(octets) = message.get(2..header) else { return Ok(None) };
    let length = if header == 2 { usize::from(*first) } else { number(octets) };
    Ok(Some(header.saturating_add(length)))
}

/// Big-endian octets, at most four of them.
fn number(octets: &[u8]) -> usize {
    octets.iter().fold(0usize, |n, b| n.saturating_mul(256).saturating_add(usize::from(*b)))
}

/// Takes one element with this tag from the front of `input`.
fn element<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    if input.first() != Some(&tag) {
        return None;
    }
    let whole = message_length(input).ok()??;
    let (found, rest) = input.split_at_checked(whole)?;
    let header = match *found.get(1)? {
        long @ 0x81..=0x84 => usize::from(long & 0x7F).saturating_add(2),
        _ => 2,
    };
    *input = rest;
    found.get(header..)
}

/// The parts of an ExtendedResponse that matter.
struct Answer<'a> {
    id: usize,
    result: usize,
    diagnostic: &'a [u8],
    name: Option<&'a [u8]>,
}

impl<'a> Answer<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let mut outer = message;
        let mut inner = element(&mut outer, SEQUENCE)?;
        let id = small(element(&mut inner, INTEGER)?)?;
        let mut response = element(&mut inner, EXTENDED_RESPONSE)?;
        let _controls = element(&mut inner, CONTROLS);
        let result = small(element(&mut response, ENUMERATED)?)?;
        let _matched_dn = element(&mut response, OCTET_STRING)?;
        let diagnostic = element(&mut response, OCTET_STRING)?;
        let _referral = element(&mut response, REFERRAL);
        let name = element(&mut response, RESPONSE_NAME);
        let _value = element(&mut response, RESPONSE_VALUE);
        let all_read = outer.is_empty() && inner.is_empty() && response.is_empty();
        all_read.then_some(Self { id, result, diagnostic, name })
    }

    fn judge(&self) -> Result<(), Fault> {
        if self.id == 0 && self.name == Some(DISCONNECTION) {
            return Err(Fault::Refused(format!("notice of disconnection, {}", self.said())));
        }
        if self.id != 1 || self.name.is_some_and(|name| name != START_TLS) {
            return Err(Fault::Malformed(format!("an answer to another request, {}", self.said())));
        }
        match self.result {
            0 => Ok(()),
            // What a server without TLS has to say (section 4.14.1).
            2 => Err(Fault::Missing(self.said())),
            // busy and unavailable: "the TLS subsystem is not presently available".
            51 | 52 => Err(Fault::Unable(self.said())),
            _ => Err(Fault::Refused(self.said())),
        }
    }

    fn said(&self) -> String {
        let name = match self.result {
            1 => " operationsError",
            2 => " protocolError",
            10 => " referral",
            13 => " confidentialityRequired",
            51 => " busy",
            52 => " unavailable",
            53 => " unwillingToPerform",
            80 => " other",
            _ => "",
        };
        let code = self.result;
        if self.diagnostic.is_empty() {
            return format!("resultCode {code}{name}");
        }
        format!("resultCode {code}{name}: {}", lossy(self.diagnostic))
    }
}

/// An INTEGER or ENUMERATED that is not negative and has at most four octets.
fn small(octets: &[u8]) -> Option<usize> {
    let fits = (1..=4).contains(&octets.len()) && octets.first().is_some_and(|b| *b < 0x80);
    fits.then(|| number(octets))
}
