//! The keys that terminals send as sequences.

use super::Stroke;
use crate::device::i8042::Key;

/// Modifiers: one more than the sum of these.
const SHIFT: u8 = 1;
const ALT: u8 = 2;
const CONTROL: u8 = 4;

/// The numbers of a sequence, as far as keys have any: which key, and the modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    numbers: [u8; 2],
    /// The one that is being read.
    at: usize,
}

impl Parameters {
    pub(super) const NONE: Self = Self { numbers: [0; 2], at: 0 };

    /// Takes a digit or what stands between numbers.
    pub(super) fn take(&mut self, byte: u8) {
        match (byte, self.numbers.get_mut(self.at)) {
            (b'0'..=b'9', Some(number)) => {
                *number = number.saturating_mul(10).saturating_add(byte - b'0');
            }
            (b';', _) => self.at += 1,
            // Numbers without a place, and marks of private sequences.
            _ => {}
        }
    }

    /// The stroke of the sequence with these numbers and this end.
    pub(super) fn stroke(self, end: u8) -> Option<Stroke> {
        if end == b'Z' {
            return Some(Stroke { shift: true, ..Stroke::plain(Key::Tab) });
        }
        let [number, modifiers] = self.numbers;
        let key = if end == b'~' { numbered(number)? } else { lettered(end)? };
        let modifiers = modifiers.saturating_sub(1);
        let has = |modifier: u8| modifiers & modifier != 0;
        Some(Stroke { key, shift: has(SHIFT), alt: has(ALT), control: has(CONTROL) })
    }
}

/// Keys that end in a letter: those of xterm, and what `ESC O` begins.
pub(super) fn lettered(end: u8) -> Option<Key> {
    Some(match end {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'E' => Key::Pad5,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'M' => Key::PadEnter,
        b'P' => Key::F1,
        b'Q' => Key::F2,
        b'R' => Key::F3,
        b'S' => Key::F4,
        _ => return None,
    })
}

/// Keys that end in a tilde: those of a VT220.
pub(super) fn numbered(number: u8) -> Option<Key> {
    Some(match number {
        1 | 7 => Key::Home,
        2 => Key::Insert,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11 => Key::F1,
        12 => Key::F2,
        13 => Key::F3,
        14 => Key::F4,
        15 => Key::F5,
        17 => Key::F6,
        18 => Key::F7,
        19 => Key::F8,
        20 => Key::F9,
        21 => Key::F10,
        23 => Key::F11,
        24 => Key::F12,
        _ => return None,
    })
}

/// F1 to F5 on the Linux console.
pub(super) fn console_function(end: u8) -> Option<Key> {
    [Key::F1, Key::F2, Key::F3, Key::F4, Key::F5].get(usize::from(end.wrapping_sub(b'A'))).copied()
}
