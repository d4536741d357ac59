//! Reads the file in which a distribution keeps its roots, in the form in which its tools write it:
//! PEM blocks of whole lines with comments between them. It reads no other form. If a file does not
//! have this form, `system` uses `root_file`, which knows all other forms and has the error
//! messages. Both read a plain file in the same way.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use data_encoding::BASE64;

use crate::cert::limits::MAX_CERT;

/// Bytes of a file that is read, at most; real ones have some 200,000.
const MAX_FILE: u64 = 8 * 1024 * 1024;
/// Bytes read at a time: a file as a whole would be fifty pages of memory more.
const PART: usize = 16 * 1024;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";
const DASHES: &[u8] = b"-----";
/// Characters of base64 in a line (RFC 7468, section 2).
const WIDTH: usize = 64;

/// Calls `found` with the DER of each block of a regular file of a likely size, in order. `None` for a file that is
/// not plainly a bundle; what was found before that is then to be forgotten.
pub(super) fn each_in(path: &Path, found: impl FnMut(&[u8])) -> Option<()> {
    let file = File::open(path).ok()?;
    let about = file.metadata().ok()?;
    if !about.is_file() || about.len() > MAX_FILE {
        return None;
    }
    each(file.take(MAX_FILE), found)
}

/// The same of any text.
fn each(text: impl Read, mut found: impl FnMut(&[u8])) -> Option<()> {
    let (mut base64, mut der) = (Vec::with_capacity(4096), Vec::new());
    let mut text = Lines { from: text, buffer: vec![0; PART], start: 0, end: 0 };
    while let Some(line) = text.next()? {
        if line.contains(&b'\r') {
            return None;
        }
        if !line.starts_with(DASHES) {
            if has_dashes(line) {
                return None;
            }
            continue;
        }
        if line != BEGIN {
            return None;
        }
        base64.clear();
        loop {
            // Nearly every line has the same length. A line that only seems to, with a line end
            // inside, is not base64.
            let line = text.next_of(WIDTH)??;
            if line == END {
                break;
            }
            base64.extend_from_slice(line);
            if base64.len() > MAX_CERT.saturating_mul(2) {
                return None;
            }
        }
        // Padding ends a block; this decoder would go on behind it.
        let padded = base64.len().saturating_sub(2);
        if base64.get(..padded)?.contains(&b'=') || base64.is_empty() {
            return None;
        }
        let length = BASE64.decode_len(base64.len()).ok()?;
        der.resize(length, 0);
        let decoded = BASE64.decode_mut(&base64, &mut der).ok()?;
        if decoded > MAX_CERT {
            return None;
        }
        found(der.get(..decoded)?);
    }
    let rest = text.rest();
    // Text behind the last line end.
    Some(()).filter(|()| !has_dashes(rest) && !rest.contains(&b'\r'))
}

/// Whether a block may begin within a line: behind a byte order mark, or indented.
fn has_dashes(line: &[u8]) -> bool {
    line.windows(DASHES.len()).any(|part| part == DASHES)
}

/// The lines of a text, read part by part.
struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<R: Read> Lines<R> {
    /// The next line without its end. `Some(None)` if no complete line is left, `None` for an
    /// error.
    fn next(&mut self) -> Option<Option<&[u8]>> {
        self.line(|rest| rest.iter().position(|byte| *byte == b'\n'))
    }

    /// This much of the text, if a line ends there. Otherwise the same as [`Lines::next`].
    fn next_of(&mut self, width: usize) -> Option<Option<&[u8]>> {
        match self.buffer.get(self.start.checked_add(width)?) {
            Some(b'\n') if self.start.checked_add(width)? < self.end => self.line(|_| Some(width)),
            _ => self.next(),
        }
    }

    fn line(&mut self, length: impl Fn(&[u8]) -> Option<usize>) -> Option<Option<&[u8]>> {
        loop {
            let length = length(self.buffer.get(self.start..self.end)?);
            if let Some(length) = length {
                let from = self.start;
                self.start = from.checked_add(length)?.checked_add(1)?;
                return Some(Some(self.buffer.get(from..from.checked_add(length)?)?));
            }
            if !self.more()? {
                return Some(None);
            }
        }
    }

    /// Reads on; whether there was anything.
    fn more(&mut self) -> Option<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end = self.end.checked_sub(self.start)?;
        self.start = 0;
        if self.end == self.buffer.len() {
            // A line longer than a part.
            self.buffer.resize(self.end.checked_mul(2)?, 0);
        }
        loop {
            match self.from.read(self.buffer.get_mut(self.end..)?) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                read => {
                    let read = read.ok()?;
                    self.end = self.end.checked_add(read)?;
                    return Some(read > 0);
                }
            }
        }
    }

    /// The rest of the text, which has no line end.
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cert::pem_blocks;

    fn read(text: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        each(text, |der| all.push(der.to_vec())).map(|()| all)
    }

    fn by_the_other_reader(text: &[u8]) -> Option<Vec<Vec<u8>>> {
        pem_blocks(text).map(Result::ok).collect()
    }

    fn block(der: &[u8]) -> String {
        let lines: Vec<String> =
            BASE64.encode(der).as_bytes().chunks(64).map(|l| String::from_utf8(l.to_vec()).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    #[test]
    fn a_plain_bundle_is_read_and_comments_are_skipped() {
        let text = format!("# one\n{}\nSubject: two\n{}", block(&[1; 100]), block(&[2; 48]));
        assert_eq!(read(text.as_bytes()), Some(vec![vec![1; 100], vec![2; 48]]));
        assert_eq!(read(text.trim_start_matches("# one\n").as_bytes()).map(|ders| ders.len()), Some(2));
        assert_eq!(read(format!("{text}the end").as_bytes()).map(|ders| ders.len()), Some(2));
        assert_eq!(read(b""), Some(Vec::new()));
    }

    #[test]
    fn what_is_not_plainly_a_bundle_is_left_to_the_other_reader() {
        let good = block(&[1; 100]);
        for bad in [
            good.replace('\n', "\r\n"),
            format!("a line\r{good}"),
            format!("{good}the end\r-----BEGIN CERTIFICATE-----"),
            good.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            good.replace("BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE----- "),
            good.replace("-----END CERTIFICATE-----\n", ""),
            good.trim_end().to_owned(),
            format!("\u{FEFF}{good}"),
            format!("{good} {good}"),
            format!("{good}the end {good}").trim_end().to_owned(),
            good.replacen("AQEB", "AQ B", 1),
            good.replacen("AQEB", "AQEB====", 1),
            good.replacen("AQEB", "AQ==", 1),
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".to_owned(),
            format!("{good}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            block(&vec![7; MAX_CERT + 1]),
        ] {
            assert_eq!(read(bad.as_bytes()), None, "{bad:.300}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2048) })]

        #[test]
        fn both_readers_read_a_plain_bundle_alike(
            ders in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 0..5),
            between in "[a-zA-Z#: -]{0,12}\n",
            cut in any::<prop::sample::Index>(), with in "[\n\rA=# -]{0,2}", remove in 0usize..3,
        ) {
            let mut text: String = ders.iter().map(|der| format!("{between}{}", block(der))).collect();
            if let Some(found) = read(text.as_bytes()) {
                prop_assert_eq!(by_the_other_reader(text.as_bytes()), Some(found));
            }
            let at = cut.index(text.len() + 1);
            let end = (at + remove).min(text.len());
            text.replace_range(at..end, &with);
            if let Some(found) = read(text.as_bytes()) {
                prop_assert_eq!(by_the_other_reader(text.as_bytes()), Some(found));
            }
        }
    }
}
