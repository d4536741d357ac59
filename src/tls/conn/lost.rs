//! What the store says about TLS at this endpoint when none comes about: that it was used here before, and
//! whether it began with STARTTLS then. The words of the server are judged in `starttls` and `words`.

use super::super::error::NetError;
use super::super::service::{Service, Start};
use super::super::starttls::StartTlsError;
use super::super::words::NotTls;
use super::Conn;
use crate::trust::{self, Decision};

impl Conn {
    /// TLS that is not offered where it was used before is more than TLS that is missing (docs/pitfalls.md#27).
    /// `instead` is what came where TLS was due with the first byte.
    pub(super) fn stripped(&self, error: NetError, instead: Option<&NotTls>) -> Result<NetError, NetError> {
        let said = match (&error, instead) {
            // A list of capabilities without it, or a session that is said to have begun without it. A refusal
            // of any kind says nothing about TLS.
            (
                NetError::StartTls {
                    why: why @ (StartTlsError::Missing { .. } | StartTlsError::Preauth { .. }), ..
                },
                _,
            ) => why.to_string(),
            (NetError::Tls { .. }, Some(instead)) if instead.goes_on_in_the_clear() && !self.is_clear_by_port() => {
                instead.instead()
            }
            _ => return Ok(error),
        };
        let lost = trust::Lost { said: &said, at_once: instead.is_some(), dry_run: self.terms.flags.dry_run };
        let noticed = trust::tls_missing(&self.store, &self.endpoint, self.now(), &lost);
        Ok(match noticed.map_err(trust::CheckError::Store)? {
            Some(last_seen) => {
                let server = super::super::open::server(&self.endpoint.host, self.endpoint.port);
                NetError::Stripped { server, last_seen, why: said }
            }
            None => error,
        })
    }

    /// Remembers how TLS began, once the connection is accepted.
    pub(super) fn note_beginning(&self, decision: Decision) {
        if decision == Decision::Accept && !self.terms.flags.dry_run && !self.is_clear_by_port() {
            // It is only for the words of a later failure: this connection stands without it.
            let _ = trust::tls_began(&self.store, &self.endpoint, self.service.start == Start::StartTls);
        }
    }

    /// Whether TLS begins with STARTTLS on this port, so that words in the clear belong there.
    fn is_clear_by_port(&self) -> bool {
        Service::of_port(self.endpoint.port.get()).start == Start::StartTls
    }
}
