//! What a keyboard sends when a key goes down or up (IBM PS/2 Hardware Interface Technical Reference,
//! "Keyboards (101- and 102-Key)", "Scan Codes").
//!
//! Sets 1 and 2 pretend that there is nothing but the older keyboard with 84 keys. Its navigation keys are in
//! the numeric pad, where Shift and Num Lock make them digits: so a navigation key of its own releases Shift
//! for a moment, or presses it, unless they are as a program needs them for navigation.

use super::key::Key;
use super::translation::{Translation, BREAK};

/// Prefix of keys that the older keyboard had not.
const EXTENDED: u8 = 0xe0;
/// Print Screen while Alt is down: the older keyboard's system request.
const SYSTEM_REQUEST: u8 = 0x84;
/// Pause in set 2: Control and Num Lock go down and up. Nothing is sent when it goes up.
const PAUSE: [u8; 8] = [0xe1, 0x14, 0x77, 0xe1, BREAK, 0x14, BREAK, 0x77];

/// A scan code set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    One,
    Two,
    Three,
}

impl Set {
    pub(super) const fn numbered(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            3 => Some(Self::Three),
            _ => None,
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// At most eight bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    bytes: [u8; 8],
    len: usize,
}

impl Sequence {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn extend(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = *byte;
                self.len += 1;
            }
        }
    }

    /// A code in set 2.
    fn code(&mut self, extended: bool, down: bool, code: u8) {
        if extended {
            self.extend(&[EXTENDED]);
        }
        if !down {
            self.extend(&[BREAK]);
        }
        self.extend(&[code]);
    }

    fn in_set_1(&self) -> Self {
        let mut translation = Translation::new();
        let mut sequence = Self::default();
        for byte in self.as_slice().iter().filter_map(|byte| translation.next(*byte)) {
            sequence.extend(&[byte]);
        }
        sequence
    }
}

/// The keys on which other keys' codes depend: which of them are down.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they are keys, each on its own")]
pub(super) struct Modifiers {
    left_shift: bool,
    right_shift: bool,
    left_control: bool,
    right_control: bool,
    left_alt: bool,
    right_alt: bool,
}

impl Modifiers {
    pub(super) const NONE: Self = Self {
        left_shift: false,
        right_shift: false,
        left_control: false,
        right_control: false,
        left_alt: false,
        right_alt: false,
    };

    pub(super) fn note(&mut self, key: Key, down: bool) {
        match key {
            Key::LeftShift => self.left_shift = down,
            Key::RightShift => self.right_shift = down,
            Key::LeftControl => self.left_control = down,
            Key::RightControl => self.right_control = down,
            Key::LeftAlt => self.left_alt = down,
            Key::RightAlt => self.right_alt = down,
            _ => {}
        }
    }

    const fn shift(self) -> bool {
        self.left_shift || self.right_shift
    }

    const fn control(self) -> bool {
        self.left_control || self.right_control
    }

    const fn alt(self) -> bool {
        self.left_alt || self.right_alt
    }
}

/// What a key does to Shift while it is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shift {
    Keep,
    Release,
    Press,
}

impl Shift {
    fn of(key: Key, modifiers: Modifiers, num_lock: bool) -> Self {
        match (modifiers.shift(), num_lock) {
            (shift, _) if key == Key::PrintScreen && !shift && !modifiers.control() => Self::Press,
            (true, false) if key.is_navigation() => Self::Release,
            (true, _) if key == Key::PadDivide => Self::Release,
            (false, true) if key.is_navigation() => Self::Press,
            _ => Self::Keep,
        }
    }

    /// What goes before the key's code when it goes down, and after it when it goes up.
    fn extend(self, sequence: &mut Sequence, modifiers: Modifiers, down: bool) {
        let (left, right) = (Key::LeftShift.code(), Key::RightShift.code());
        match self {
            Self::Keep => {}
            Self::Press => sequence.code(true, down, left),
            Self::Release => {
                for (held, code) in [(modifiers.left_shift, left), (modifiers.right_shift, right)] {
                    if held {
                        sequence.code(true, !down, code);
                    }
                }
            }
        }
    }
}

/// What a keyboard sends in `set` when `key` goes down or up.
pub(super) fn sequence(key: Key, down: bool, set: Set, modifiers: Modifiers, num_lock: bool) -> Sequence {
    let mut sequence = Sequence::default();
    if set == Set::Three {
        sequence.code(false, down, key.set_3());
        return sequence;
    }
    match key {
        Key::Pause if !down => {}
        Key::Pause if !modifiers.control() => sequence.extend(&PAUSE),
        // With Control it is Break, and sends its break code too when it goes down.
        Key::Pause => {
            sequence.code(true, true, key.code());
            sequence.code(true, false, key.code());
        }
        Key::PrintScreen if modifiers.alt() => sequence.code(false, down, SYSTEM_REQUEST),
        key => {
            let shift = Shift::of(key, modifiers, num_lock);
            if down {
                shift.extend(&mut sequence, modifiers, true);
            }
            sequence.code(key.is_extended(), down, key.code());
            if !down {
                shift.extend(&mut sequence, modifiers, false);
            }
        }
    }
    if set == Set::One {
        sequence.in_set_1()
    } else {
        sequence
    }
}
