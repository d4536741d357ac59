//! Subversion's `auth/svn.ssl.server`: a file for each server whose certificate a person accepted for good, as
//! a list of `K LENGTH`, key, `V LENGTH`, value, and `END`. Several files after one another are read as well,
//! so that a folder can be imported at once.

use data_encoding::BASE64;

use crate::cert::Cert;
use crate::endpoint::Endpoint;
use crate::store::exchange::found::Found;
use crate::text::excerpt;

pub(in crate::store::exchange) const NAME: &str = "certificates that Subversion accepted";
const COMMENT: &str = "accepted in Subversion";
/// Fields of one server that are kept; Subversion writes three.
const MAX_FIELDS: usize = 64;

pub(in crate::store::exchange) fn marks(_: &str, line: &str) -> bool {
    line == "svn:realmstring" || line == "ascii_cert"
}

/// Reads one file or several.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, _: Option<&Endpoint>) {
    let mut reader = Reader { rest: data };
    let mut number = 0usize;
    while !reader.at_end() {
        number = number.saturating_add(1);
        match reader.server() {
            Some(server) => take(found, &server),
            None => {
                let what = "not as Subversion writes it; what stands up to the next END was not read";
                found.remarks.add(|| format!("server {number}: {what}"));
                reader.skip();
            }
        }
    }
}

/// One server's fields.
type Fields<'a> = Vec<(&'a [u8], &'a [u8])>;

fn take(found: &mut Found, fields: &Fields<'_>) {
    let field = |name: &[u8]| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let realm = field(b"svn:realmstring").map(|realm| String::from_utf8_lossy(realm).into_owned());
    let shown = excerpt(realm.as_deref().unwrap_or("a server without a name"), 120);
    let Some(text) = field(b"ascii_cert") else {
        return found.remarks.add(|| format!("{shown}: no certificate, but something else that Subversion remembers"));
    };
    let der = BASE64.decode(text).map_err(|_| "its certificate is not base64".to_owned());
    let cert = der.and_then(|der| Cert::parse_der(&der).map_err(|e| e.to_string()));
    let endpoint = server(found, realm.as_deref().unwrap_or_default());
    match endpoint.and_then(|endpoint| cert.map(|cert| (endpoint, cert))) {
        Ok((endpoint, cert)) => found.pin_cert(&endpoint, &cert, COMMENT),
        Err(why) => found.remarks.add(|| format!("{shown}: {why}")),
    }
}

/// The server of a realm: `https://HOST:PORT`.
fn server(found: &Found, realm: &str) -> Result<Endpoint, String> {
    let place = realm.strip_prefix("https://").ok_or("not the name of a server")?;
    let place = place.split('/').next().unwrap_or_default();
    match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => found.endpoint_at(host, port),
        _ => found.endpoint(place, 443),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Goes on behind the next `END`.
    fn skip(&mut self) {
        const END: &[u8] = b"\nEND\n";
        let next = self.rest.windows(END.len()).position(|part| part == END);
        let next = next.and_then(|at| self.rest.get(at.saturating_add(END.len())..));
        self.rest = next.unwrap_or_default();
    }

    fn at_end(&self) -> bool {
        self.rest.iter().all(u8::is_ascii_whitespace)
    }

    /// The fields up to the next `END`; `None` where the text is not of this form. What was read stays read.
    fn server(&mut self) -> Option<Fields<'a>> {
        self.rest = self.rest.trim_ascii_start();
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line == b"END" {
                return Some(fields);
            }
            let name = self.counted(line, b"K ")?;
            let line = self.line()?;
            let value = self.counted(line, b"V ")?;
            if fields.len() < MAX_FIELDS {
                fields.push((name, value));
            }
        }
    }

    /// The bytes that a line announces, and the line end after them.
    fn counted(&mut self, line: &[u8], kind: &[u8]) -> Option<&'a [u8]> {
        let length: usize = std::str::from_utf8(line.strip_prefix(kind)?).ok()?.parse().ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
        Some(bytes)
    }

    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|b| *b == b'\n').unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}
