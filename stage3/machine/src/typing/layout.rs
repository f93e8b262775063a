//! Which keys make a character on a keyboard for the United States.

use super::Stroke;
use crate::device::i8042::Key;

/// Keys with two characters each: alone and with Shift.
const PAIRS: [(Key, u8, u8); 21] = [
    (Key::Grave, b'`', b'~'),
    (Key::Digit1, b'1', b'!'),
    (Key::Digit2, b'2', b'@'),
    (Key::Digit3, b'3', b'#'),
    (Key::Digit4, b'4', b'$'),
    (Key::Digit5, b'5', b'%'),
    (Key::Digit6, b'6', b'^'),
    (Key::Digit7, b'7', b'&'),
    (Key::Digit8, b'8', b'*'),
    (Key::Digit9, b'9', b'('),
    (Key::Digit0, b'0', b')'),
    (Key::Minus, b'-', b'_'),
    (Key::Equals, b'=', b'+'),
    (Key::LeftBracket, b'[', b'{'),
    (Key::RightBracket, b']', b'}'),
    (Key::Backslash, b'\\', b'|'),
    (Key::Semicolon, b';', b':'),
    (Key::Apostrophe, b'\'', b'"'),
    (Key::Comma, b',', b'<'),
    (Key::Period, b'.', b'>'),
    (Key::Slash, b'/', b'?'),
];

/// A to Z.
#[rustfmt::skip]
const LETTERS: [Key; 26] = [
    Key::A, Key::B, Key::C, Key::D, Key::E, Key::F, Key::G, Key::H, Key::I, Key::J, Key::K, Key::L, Key::M,
    Key::N, Key::O, Key::P, Key::Q, Key::R, Key::S, Key::T, Key::U, Key::V, Key::W, Key::X, Key::Y, Key::Z,
];

/// The stroke that makes a character: None if there is none.
pub(super) fn stroke(character: u8) -> Option<Stroke> {
    let letter = |index: u8| LETTERS[usize::from(index)];
    Some(match character {
        // A pasted text has line feeds. Terminals send either of two characters for Backspace.
        b'\r' | b'\n' => Stroke::plain(Key::Enter),
        b'\t' => Stroke::plain(Key::Tab),
        0x08 | 0x7f => Stroke::plain(Key::Backspace),
        0x1b => Stroke::plain(Key::Escape),
        b' ' => Stroke::plain(Key::Space),
        b'a'..=b'z' => Stroke::plain(letter(character - b'a')),
        b'A'..=b'Z' => Stroke { shift: true, ..Stroke::plain(letter(character - b'A')) },
        0x01..=0x1a => Stroke::with_control(letter(character - 1)),
        // The keys that a BIOS makes these characters of.
        0x00 => Stroke::with_control(Key::Digit2),
        0x1c => Stroke::with_control(Key::Backslash),
        0x1d => Stroke::with_control(Key::RightBracket),
        0x1e => Stroke::with_control(Key::Digit6),
        0x1f => Stroke::with_control(Key::Minus),
        _ => {
            let (key, plain, _) = PAIRS.iter().find(|(_, a, b)| character == *a || character == *b)?;
            Stroke { shift: character != *plain, ..Stroke::plain(*key) }
        }
    })
}
