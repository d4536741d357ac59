//! The server's answer: ServerHello, Certificate and what stands in the clear behind them, up to
//! ServerHelloDone. Takes bytes in pieces of any size, in time linear in their number.

use tls_parser::{NamedGroup, parse_tls_handshake_server_hello};

use super::certificates::{Certificates, Received};
use super::error::HelloError;
use super::messages::{
    CERTIFICATE, CERTIFICATE_REQUEST, CERTIFICATE_STATUS, HELLO_REQUEST, Messages, Part, SERVER_HELLO,
    SERVER_HELLO_DONE, SERVER_KEY_EXCHANGE, SUPPLEMENTAL_DATA,
};
use super::plain::Plain;
use super::records::{self, Records};
use super::{Alert, Glimpse, Suite, Version};
use crate::path::MAX_OCSP_BYTES;

/// The most bytes of an answer that are looked at.
pub const MAX_BYTES: usize = 512 * 1024;
/// The most bytes of a ServerHello: all its fields at their longest.
const MAX_SERVER_HELLO: usize = 2 + 32 + 33 + 3 + 2 + 0xFFFF;
/// Bytes of a ServerKeyExchange that say which group it is and, for a named curve, behind a point of at
/// most 255 bytes, how it is signed.
const KEY_EXCHANGE_HEAD: usize = 4 + 255 + 2;

/// Reads one answer.
#[derive(Debug, Default)]
pub struct Reader {
    received: usize,
    plain: Option<Plain>,
    records: Records,
    messages: Messages,
    /// The first byte of an alert whose second has not come.
    alert_level: Option<u8>,
    message: Message,
    hello: Option<(Version, Suite)>,
    warning: Option<Alert>,
    glimpse: Option<Glimpse>,
}

/// The message that is being received.
#[derive(Debug, Default)]
enum Message {
    #[default]
    Skipped,
    /// Its body is kept: kind, bytes, and how many of them at most.
    Kept(u8, Vec<u8>, usize),
    Certificates(Box<Certificates>),
    Done,
}

impl Reader {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes as they come. Gives the result once the server has said all that it says in the
    /// clear, `None` while more is to come. Not to be called again after a result or an error.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Option<Glimpse>, HelloError> {
        let room = MAX_BYTES.saturating_sub(self.received);
        let looked_at = bytes.get(..room).unwrap_or(bytes);
        self.received = self.received.saturating_add(looked_at.len());
        match self.read(looked_at) {
            Ok(false) if bytes.len() > room => self.cut_off().map(Some),
            Ok(false) => Ok(None),
            Ok(true) => Ok(self.glimpse.take()),
            // What follows the certificates cannot take them away.
            Err(error) => self.glimpse.take().map(Some).ok_or(error),
        }
    }

    /// At the end of the connection or of the patience: what there is, or what was missing.
    pub fn closed(&mut self) -> Result<Glimpse, HelloError> {
        if let Some(plain) = &self.plain {
            return Err(plain.error());
        }
        self.glimpse.take().ok_or(HelloError::Closed(match (&self.message, self.hello) {
            _ if self.received == 0 => "without an answer to the hello",
            (Message::Certificates(_), _) => "in the middle of its certificates",
            (_, Some(_)) => "before its certificates",
            _ => "in the middle of its answer",
        }))
    }

    /// At the limit: the certificates that came whole.
    fn cut_off(&mut self) -> Result<Glimpse, HelloError> {
        if let (Message::Certificates(certificates), Some(hello)) = (std::mem::take(&mut self.message), self.hello) {
            let received = certificates.so_far();
            if !received.chain.is_empty() {
                return Ok(Glimpse { complete: false, ..self.seen(hello, received) });
            }
        }
        self.glimpse.take().ok_or_else(|| HelloError::Limit(format!("more than {MAX_BYTES} bytes without an end")))
    }

    /// Whether the end of what is of interest has come.
    fn read(&mut self, mut bytes: &[u8]) -> Result<bool, HelloError> {
        if self.received == bytes.len() && bytes.first().is_some_and(|first| Plain::begins(*first)) {
            self.plain = Some(Plain::new());
        }
        if let Some(plain) = &mut self.plain {
            return plain.add(bytes).map(|()| false);
        }
        while let Some(piece) = self.records.next(&mut bytes)? {
            match piece.kind {
                records::ALERT => self.alerts(piece.bytes)?,
                records::HANDSHAKE => {
                    if self.handshake(piece.bytes)? {
                        return Ok(true);
                    }
                }
                records::CHANGE_CIPHER_SPEC => {
                    return Err(HelloError::malformed("encryption begins before any certificate"));
                }
                _ => return Err(HelloError::malformed("a record that does not belong into a handshake")),
            }
        }
        Ok(false)
    }

    /// Warnings are passed over: unrecognized_name may stand before the ServerHello (RFC 6066).
    fn alerts(&mut self, bytes: &[u8]) -> Result<(), HelloError> {
        for byte in bytes {
            match self.alert_level.take() {
                None => self.alert_level = Some(*byte),
                Some(level) => {
                    let alert = Alert { level, description: *byte };
                    if alert.is_fatal() {
                        return Err(HelloError::Alert(alert));
                    }
                    self.warning.get_or_insert(alert);
                }
            }
        }
        Ok(())
    }

    fn handshake(&mut self, mut bytes: &[u8]) -> Result<bool, HelloError> {
        while let Some(part) = self.messages.next(&mut bytes) {
            match part {
                Part::Begin(kind, length) => self.message = self.begin(kind, length)?,
                Part::Body(body) => match &mut self.message {
                    Message::Kept(_, kept, most) => {
                        kept.extend(body.iter().take(most.saturating_sub(kept.len())));
                    }
                    Message::Certificates(certificates) => certificates.add(body)?,
                    Message::Skipped | Message::Done => {}
                },
                Part::End => match std::mem::take(&mut self.message) {
                    Message::Kept(kind, body, _) => self.end(kind, &body)?,
                    Message::Certificates(certificates) => self.certificates(certificates.finish()?)?,
                    Message::Skipped => {}
                    Message::Done => return Ok(true),
                },
            }
        }
        Ok(false)
    }

    /// What is of interest depends on what came before.
    fn begin(&mut self, kind: u8, length: usize) -> Result<Message, HelloError> {
        let out_of_order = || HelloError::malformed("handshake messages out of order");
        Ok(match (kind, self.hello, &mut self.glimpse) {
            (HELLO_REQUEST, ..) => Message::Skipped,
            (SERVER_HELLO, None, _) if length <= MAX_SERVER_HELLO => Message::Kept(kind, Vec::new(), length),
            (SERVER_HELLO, None, _) => return Err(HelloError::malformed("a ServerHello longer than TLS allows")),
            (_, None, _) => return Err(HelloError::malformed("a handshake that begins without a ServerHello")),
            (SUPPLEMENTAL_DATA, _, None) => Message::Skipped,
            (CERTIFICATE, _, None) => Message::Certificates(Box::new(Certificates::new(length))),
            (SERVER_KEY_EXCHANGE | CERTIFICATE_REQUEST | SERVER_HELLO_DONE, Some((_, suite)), None) => {
                return Err(HelloError::NoCertificate(suite));
            }
            (CERTIFICATE_STATUS, _, Some(_)) if length <= MAX_OCSP_BYTES => Message::Kept(kind, Vec::new(), length),
            (SERVER_KEY_EXCHANGE, _, Some(_)) => Message::Kept(kind, Vec::new(), KEY_EXCHANGE_HEAD),
            (CERTIFICATE_REQUEST, _, Some(glimpse)) => {
                glimpse.wants_client_certificate = true;
                Message::Skipped
            }
            (SERVER_HELLO_DONE, _, Some(_)) => Message::Done,
            (CERTIFICATE_STATUS, _, Some(_)) => Message::Skipped,
            _ => return Err(out_of_order()),
        })
    }

    fn end(&mut self, kind: u8, body: &[u8]) -> Result<(), HelloError> {
        match (kind, &mut self.glimpse) {
            (SERVER_HELLO, _) => self.hello = Some(server_hello(body)?),
            // A response that is empty, malformed or beyond the limit is as good as none.
            (CERTIFICATE_STATUS, Some(glimpse)) => {
                let _ = glimpse.chain.set_ocsp(ocsp_response(body).unwrap_or_default());
            }
            (SERVER_KEY_EXCHANGE, Some(glimpse)) => {
                glimpse.group = group(glimpse.suite, body);
                glimpse.signature = signature(glimpse.version, glimpse.suite, body);
            }
            _ => {}
        }
        Ok(())
    }

    fn certificates(&mut self, received: Received) -> Result<(), HelloError> {
        let Some(hello) = self.hello else { return Ok(()) };
        if received.chain.is_empty() {
            return Err(HelloError::NoCertificate(hello.1));
        }
        self.glimpse = Some(self.seen(hello, received));
        Ok(())
    }

    fn seen(&self, (version, suite): (Version, Suite), received: Received) -> Glimpse {
        Glimpse {
            version,
            suite,
            group: None,
            signature: None,
            chain: received.chain,
            certificates: received.count,
            complete: true,
            message_bytes: received.message,
            wants_client_certificate: false,
            warning: self.warning,
        }
    }
}

fn server_hello(body: &[u8]) -> Result<(Version, Suite), HelloError> {
    let code = body.first_chunk().map(|code| u16::from_be_bytes(*code));
    let code = code.ok_or_else(|| HelloError::malformed("a ServerHello cut short"))?;
    let version = Version::from_code(code).ok_or(HelloError::Version(code))?;
    let (_, hello) =
        parse_tls_handshake_server_hello(body).map_err(|_| HelloError::malformed("a ServerHello cut short"))?;
    Ok((version, Suite(hello.cipher.0)))
}

/// The response in a CertificateStatus (RFC 6066, section 8): the kind ocsp, a length, the bytes.
fn ocsp_response(body: &[u8]) -> Option<&[u8]> {
    let (&[kind, a, b, c], response) = body.split_first_chunk()?;
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    (kind == 1 && response.len() == length).then_some(response)
}

/// The group in the head of a ServerKeyExchange (RFC 8422, section 5.4; RFC 5246, section 7.4.3).
fn group(suite: Suite, body: &[u8]) -> Option<String> {
    const NAMED_CURVE: u8 = 3;
    match (suite.exchange(), body) {
        (super::Exchange::Ecdhe, [NAMED_CURVE, a, b, ..]) => Some(group_name(u16::from_be_bytes([*a, *b]))),
        (super::Exchange::Dhe, [a, b, prime @ ..]) => {
            let length = usize::from(u16::from_be_bytes([*a, *b]));
            let zeros = prime.iter().take_while(|byte| **byte == 0).count();
            let spare = prime.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
            let bits = length.saturating_sub(zeros).saturating_mul(8).saturating_sub(spare);
            Some(format!("DH of {bits} bits"))
        }
        _ => None,
    }
}

/// The signature scheme behind the parameters of a named curve (RFC 8422, section 5.4). TLS before 1.2
/// has no such parameter.
fn signature(version: Version, suite: Suite, body: &[u8]) -> Option<u16> {
    if version != Version::Tls12 || suite.exchange() != super::Exchange::Ecdhe {
        return None;
    }
    let (&[_, _, _, length], rest) = body.split_first_chunk()?;
    rest.get(usize::from(length)..)?.first_chunk().map(|code| u16::from_be_bytes(*code))
}

fn group_name(code: u16) -> String {
    match NamedGroup(code) {
        NamedGroup::Secp256r1 => "P-256".to_owned(),
        NamedGroup::Secp384r1 => "P-384".to_owned(),
        NamedGroup::Secp521r1 => "P-521".to_owned(),
        NamedGroup::EcdhX25519 => "X25519".to_owned(),
        NamedGroup::EcdhX448 => "X448".to_owned(),
        known if known.key_bits().is_some() => format!("{known:?}").to_ascii_lowercase(),
        NamedGroup(other) => format!("group {other}"),
    }
}
