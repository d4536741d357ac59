//! Taking an input apart: numbers and pieces from its front, the rest at last.

/// The unread rest of an input.
pub struct Take<'a>(pub &'a [u8]);

impl<'a> Take<'a> {
    /// The next byte; 0 at the end.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    /// The next `n` bytes, or fewer at the end.
    pub fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (piece, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        piece
    }

    /// Bytes with their length (two bytes) in front.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()) << 8 | usize::from(self.byte());
        self.bytes(length)
    }

    /// A short text with its length (one byte) in front.
    pub fn text(&mut self) -> String {
        let length = usize::from(self.byte());
        String::from_utf8_lossy(self.bytes(length)).replace('\0', "")
    }

    /// A number of any size.
    pub fn number(&mut self) -> i64 {
        let bytes = self.bytes(8);
        let mut all = [0; 8];
        all[..bytes.len()].copy_from_slice(bytes);
        i64::from_be_bytes(all)
    }
}
