//! The other way: what a terminal with this keyboard sends. For the computer's own keyboard, where the hypervisor and
//! guests with a serial port expect a terminal.

use super::{layout, sequence, Stroke};
use crate::device::i8042::Key;

/// What a key sends at most: ESC before a sequence of five characters.
const LONGEST: usize = 6;
const ESCAPE: u8 = 0x1b;
/// What terminals send for Backspace.
const DELETE: u8 = 0x7f;
/// Numbers of sequences, and letters that end them.
const NUMBERS: core::ops::RangeInclusive<u8> = 2..=24;
const LETTERS: core::ops::RangeInclusive<u8> = b'A'..=b'S';

/// Bytes that a key sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Sent {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = *byte;
                self.length += 1;
            }
        }
    }
}

/// A terminal's keyboard: which of its keys are held.
#[derive(Clone, Debug, Default)]
pub struct Keyboard {
    shift: [bool; 2],
    control: [bool; 2],
    alt: [bool; 2],
    caps_lock: bool,
}

impl Keyboard {
    /// A key goes down (or repeats) or up.
    pub fn key(&mut self, key: Key, down: bool) -> Sent {
        match key {
            Key::LeftShift => self.shift[0] = down,
            Key::RightShift => self.shift[1] = down,
            Key::LeftControl => self.control[0] = down,
            Key::RightControl => self.control[1] = down,
            Key::LeftAlt => self.alt[0] = down,
            Key::RightAlt => self.alt[1] = down,
            Key::CapsLock => self.caps_lock ^= down,
            _ if down => return self.sent(key),
            _ => {}
        }
        Sent::default()
    }

    fn sent(&self, key: Key) -> Sent {
        let [shift, control, alt] = [self.shift, self.control, self.alt].map(|pair| pair[0] || pair[1]);
        let mut sent = Sent::default();
        if alt {
            sent.push(&[ESCAPE]);
        }
        if let Some(character) = self.character(Stroke { key, shift, control, alt: false }) {
            sent.push(&[character]);
            return sent;
        }
        let letter = LETTERS.into_iter().find(|letter| sequence::lettered(*letter) == Some(key));
        let number = NUMBERS.into_iter().find(|number| sequence::numbered(*number) == Some(key));
        match (letter, number) {
            // F1 to F4 are single shifts on terminals, the others control sequences.
            (Some(letter @ b'P'..), _) => sent.push(&[ESCAPE, b'O', letter]),
            (Some(letter), _) => sent.push(&[ESCAPE, b'[', letter]),
            (None, Some(number @ 0..10)) => sent.push(&[ESCAPE, b'[', b'0' + number, b'~']),
            (None, Some(number)) => sent.push(&[ESCAPE, b'[', b'0' + number / 10, b'0' + number % 10, b'~']),
            (None, None) => return Sent::default(),
        }
        sent
    }

    /// The character that a stroke makes.
    fn character(&self, stroke: Stroke) -> Option<u8> {
        match stroke.key {
            Key::Backspace => return Some(DELETE),
            Key::PadEnter => return Some(b'\r'),
            _ => {}
        }
        let is = |wanted: Stroke| move |character: &u8| layout::stroke(*character) == Some(wanted);
        let find = |wanted: Stroke| (0..DELETE).find(is(wanted));
        // Enter is the first of its two characters, and Control with a letter that has a key of its own is that key's.
        let plain = Stroke { shift: false, control: false, ..stroke };
        if stroke.key == Key::Enter {
            return Some(b'\r');
        }
        if stroke.control {
            let letter = find(plain).filter(u8::is_ascii_lowercase).map(|letter| letter & 0x1f);
            return letter.or_else(|| find(Stroke { shift: false, ..stroke }));
        }
        let is_letter = find(plain).is_some_and(|letter| letter.is_ascii_lowercase());
        let wanted = Stroke { shift: stroke.shift ^ (is_letter && self.caps_lock), ..stroke };
        // Space, Tab and Esc are the same with Shift.
        find(wanted).or_else(|| find(plain).filter(|_| !is_letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;
    use crate::typing::{Translator, Typed, PAUSE};
    use proptest::prelude::*;

    fn sent(held: &[Key], key: Key) -> alloc::vec::Vec<u8> {
        let mut keyboard = Keyboard::default();
        for key in held {
            assert_eq!(keyboard.key(*key, true), Sent::default());
        }
        let sent = keyboard.key(key, true);
        assert_eq!(keyboard.key(key, false), Sent::default());
        sent.as_slice().to_vec()
    }

    #[test]
    fn keys_send_what_terminals_send() {
        assert_eq!(sent(&[], Key::A), b"a");
        assert_eq!(sent(&[Key::RightShift], Key::A), b"A");
        assert_eq!(sent(&[Key::LeftControl], Key::A), b"\x01");
        assert_eq!(sent(&[Key::RightControl], Key::M), b"\r");
        assert_eq!(sent(&[Key::LeftAlt], Key::X), b"\x1bx");
        assert_eq!(sent(&[], Key::Digit1), b"1");
        assert_eq!(sent(&[Key::LeftShift], Key::Digit1), b"!");
        assert_eq!(sent(&[Key::LeftShift], Key::Space), b" ");
        assert_eq!(sent(&[], Key::Enter), b"\r");
        assert_eq!(sent(&[], Key::PadEnter), b"\r");
        assert_eq!(sent(&[], Key::Backspace), b"\x7f");
        assert_eq!(sent(&[], Key::Tab), b"\t");
        assert_eq!(sent(&[], Key::Up), b"\x1b[A");
        assert_eq!(sent(&[], Key::Home), b"\x1b[H");
        assert_eq!(sent(&[], Key::F1), b"\x1bOP");
        assert_eq!(sent(&[], Key::Delete), b"\x1b[3~");
        assert_eq!(sent(&[], Key::F12), b"\x1b[24~");
        assert_eq!(sent(&[], Key::ScrollLock), b"");
        assert_eq!(sent(&[Key::LeftControl], Key::RightBracket), b"\x1d");
    }

    #[test]
    fn caps_lock_is_for_letters() {
        let mut keyboard = Keyboard::default();
        keyboard.key(Key::CapsLock, true);
        keyboard.key(Key::CapsLock, false);
        assert_eq!(keyboard.key(Key::A, true).as_slice(), b"A");
        assert_eq!(keyboard.key(Key::Digit1, true).as_slice(), b"1");
        keyboard.key(Key::LeftShift, true);
        assert_eq!(keyboard.key(Key::A, true).as_slice(), b"a");
        keyboard.key(Key::LeftShift, false);
        keyboard.key(Key::CapsLock, true);
        assert_eq!(keyboard.key(Key::A, true).as_slice(), b"a");
    }

    proptest! {
        /// What a key sends is that key again for a guest that has a keyboard.
        #[test]
        fn there_and_back(key in prop::sample::select(Key::ALL), shift: bool) {
            let mut keyboard = Keyboard::default();
            keyboard.key(Key::LeftShift, shift);
            let bytes = keyboard.key(key, true);
            let mut translator = Translator::new();
            let mut typed = None;
            for byte in bytes.as_slice() {
                typed = typed.or(translator.byte(Instant(0), *byte));
            }
            let typed = typed.or_else(|| translator.pause(Instant(PAUSE)));
            if let Some(Typed::Stroke(stroke)) = typed {
                let same = stroke.key == key || (key == Key::PadEnter && stroke.key == Key::Enter);
                prop_assert!(same, "{:?} came back as {:?}", key, stroke);
            } else {
                prop_assert!(bytes.as_slice().is_empty(), "{:?} was lost", key);
            }
        }
    }
}
