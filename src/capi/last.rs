//! The text behind `tofu_last_error`: one fixed buffer per thread, without a destructor, so that it
//! can be read at any moment of a thread's life. Written by `guard` only.

use std::cell::Cell;
use std::ffi::c_char;

/// Bytes of the buffer, the final NUL included. Longer messages are cut at a character.
const SIZE: usize = 1024;

thread_local! {
    static MESSAGE: [Cell<u8>; SIZE] = const { [const { Cell::new(0) }; SIZE] };
}

/// Forgets the text: the call that begins has not failed.
pub(super) fn clear() {
    MESSAGE.with(|buffer| {
        if let Some(first) = buffer.first() {
            first.set(0);
        }
    });
}

/// Keeps `message`, cut to the buffer at a character boundary. A NUL inside would end the text for
/// a C reader and becomes a space.
pub(super) fn set(message: &str) {
    let room = SIZE.saturating_sub(1);
    let mut end = message.len().min(room);
    while !message.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let bytes = message.bytes().take(end).map(|b| if b == 0 { b' ' } else { b });
    MESSAGE.with(|buffer| buffer.iter().zip(bytes.chain(std::iter::once(0))).for_each(|(cell, b)| cell.set(b)));
}

/// The text, NUL-terminated; never NULL. Valid as long as the thread lives; its content until the next
/// fallible call of the thread.
pub(super) fn get() -> *const c_char {
    MESSAGE.with(|buffer| buffer.as_ptr().cast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn text() -> String {
        // SAFETY: `get` gives a NUL-terminated buffer of this thread.
        unsafe { CStr::from_ptr(get()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_long_message_is_cut_at_a_character_and_terminated() {
        set(&"é".repeat(2000));
        assert_eq!(text(), "é".repeat(511));
        set("a\0b");
        assert_eq!(text(), "a b");
        clear();
        assert_eq!(text(), "");
    }

    #[test]
    fn each_thread_has_its_own_text() {
        set("mine");
        std::thread::spawn(|| {
            assert_eq!(text(), "");
            set("other");
        })
        .join()
        .unwrap();
        assert_eq!(text(), "mine");
    }
}
