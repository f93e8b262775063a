//! Scan codes of set 1 made keys: what a real keyboard sends through its controller, for a guest's keyboard.

use super::key::Key;
use super::translation::{translate, RELEASED};

/// Prefix of keys that older keyboards had not.
const EXTENDED: u8 = 0xe0;
/// Prefix of Pause: two codes follow.
const PAUSE: u8 = 0xe1;
/// The last of them.
const PAUSE_END: u8 = 0x45;
/// Pause with Control, with [`EXTENDED`].
const BREAK: u8 = 0x46;
/// Print Screen with Alt.
const SYSTEM_REQUEST: u8 = 0x54;

/// What came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Prefix {
    #[default]
    None,
    Extended,
    Pause,
}

/// A stream of scan codes.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    prefix: Prefix,
}

impl Decoder {
    /// The key that a byte completes, and whether it goes down.
    pub fn next(&mut self, byte: u8) -> Option<(Key, bool)> {
        let prefix = core::mem::take(&mut self.prefix);
        let (code, down) = (byte & !RELEASED, byte & RELEASED == 0);
        let key = match (prefix, byte) {
            (_, EXTENDED) => {
                self.prefix = Prefix::Extended;
                return None;
            }
            (_, PAUSE) => {
                self.prefix = Prefix::Pause;
                return None;
            }
            (Prefix::Pause, _) if code != PAUSE_END => {
                self.prefix = Prefix::Pause;
                return None;
            }
            (Prefix::Pause, _) => Key::Pause,
            (Prefix::Extended, _) if code == BREAK => Key::Pause,
            (Prefix::None, _) if code == SYSTEM_REQUEST => Key::PrintScreen,
            // The codes of Shift that a keyboard sends around others are those of no key.
            _ => {
                let is_extended = prefix == Prefix::Extended;
                let has_code = |key: &&Key| key.is_extended() == is_extended && translate(key.code()) == code;
                *Key::ALL.iter().find(has_code)?
            }
        };
        Some((key, down))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::i8042::{Register, I8042};
    use proptest::prelude::*;
    use std::vec::Vec;

    /// What comes out of a controller that translates, when these keys go down and up on its keyboard.
    fn decoded(keys: &[(Key, bool)]) -> Vec<(Key, bool)> {
        let (mut controller, mut decoder) = (I8042::new(), Decoder::default());
        controller.write(Register::Command, 0x60);
        controller.write(Register::Data, 0x40);
        let mut events = Vec::new();
        for (key, down) in keys {
            controller.key(*key, *down);
            while !controller.is_idle() {
                events.extend(decoder.next(controller.read(Register::Data)));
            }
        }
        events
    }

    #[test]
    fn every_key_is_found_again() {
        for key in Key::ALL {
            assert_eq!(decoded(&[(*key, true), (*key, false)]), [(*key, true), (*key, false)]);
        }
    }

    #[test]
    fn keys_that_change_with_others_are_found_again() {
        for (modifier, key) in [
            (Key::LeftShift, Key::Home),
            (Key::RightShift, Key::PadDivide),
            (Key::LeftAlt, Key::PrintScreen),
            (Key::RightControl, Key::Pause),
        ] {
            let events = [(modifier, true), (key, true), (key, false), (modifier, false)];
            assert_eq!(decoded(&events), events, "{modifier:?} {key:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut decoder = Decoder::default();
            for byte in bytes {
                decoder.next(byte);
            }
            decoder.next(0x45);
            prop_assert_eq!(decoder.next(0x1e), Some((Key::A, true)));
        }
    }
}
