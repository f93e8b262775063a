//! The keys that are the hypervisor's own: a prefix, and the key behind it.

use core::fmt;

/// Ctrl-A, the prefix unless another one is asked for.
pub const DEFAULT: u8 = 0x01;

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A byte for who has the console.
    Byte(u8),
    /// `1` to `9`: the VM of this number.
    Attach(u8),
    /// `m`: the monitor.
    Monitor,
    /// `j`: all VMs, a line at a time.
    Joined,
    /// `x`: the computer off.
    PowerOff,
    /// `h` or `?`: the list of these keys.
    Help,
    /// A key without a meaning.
    Unknown(u8),
}

/// Tells the hypervisor's keys from the others. Letters may be capitals.
#[derive(Clone, Debug)]
pub struct Prefix {
    byte: u8,
    /// It was typed, and the key behind it was not.
    is_pending: bool,
}

impl Prefix {
    /// With `byte` as the prefix. Typed twice it is one byte for who has the console.
    #[must_use]
    pub const fn new(byte: u8) -> Self {
        Self { byte, is_pending: false }
    }

    /// Whether `byte` would not be for who has the console.
    #[must_use]
    pub const fn takes(&self, byte: u8) -> bool {
        self.is_pending || byte == self.byte
    }

    /// `byte` came in.
    pub fn byte(&mut self, byte: u8) -> Option<Key> {
        if !core::mem::take(&mut self.is_pending) {
            self.is_pending = byte == self.byte;
            return (!self.is_pending).then_some(Key::Byte(byte));
        }
        Some(match byte {
            _ if byte == self.byte => Key::Byte(byte),
            b'1'..=b'9' => Key::Attach(byte - b'0'),
            b'm' | b'M' => Key::Monitor,
            b'j' | b'J' => Key::Joined,
            b'x' | b'X' => Key::PowerOff,
            b'h' | b'H' | b'?' => Key::Help,
            _ => Key::Unknown(byte),
        })
    }
}

/// `Ctrl-A`
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.byte {
            control @ 0..=0x1f => write!(f, "Ctrl-{}", char::from(control + b'@')),
            other => write!(f, "{}", char::from(other).escape_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    fn keys(prefix: &mut Prefix, bytes: &[u8]) -> Vec<Key> {
        bytes.iter().filter_map(|byte| prefix.byte(*byte)).collect()
    }

    #[test]
    fn only_what_follows_the_prefix_is_the_hypervisors() {
        let mut prefix = Prefix::new(DEFAULT);
        assert_eq!(keys(&mut prefix, b"1m"), [Key::Byte(b'1'), Key::Byte(b'm')]);
        assert_eq!(keys(&mut prefix, b"\x01\x31\x32"), [Key::Attach(1), Key::Byte(b'2')]);
        assert_eq!(keys(&mut prefix, b"\x019\x010"), [Key::Attach(9), Key::Unknown(b'0')]);
        assert_eq!(
            keys(&mut prefix, b"\x01m\x01M\x01j\x01J"),
            [Key::Monitor, Key::Monitor, Key::Joined, Key::Joined]
        );
        assert_eq!(keys(&mut prefix, b"\x01x\x01X"), [Key::PowerOff; 2]);
        assert_eq!(keys(&mut prefix, b"\x01h\x01?"), [Key::Help; 2]);
        assert_eq!(keys(&mut prefix, b"\x01\x02m"), [Key::Unknown(2), Key::Byte(b'm')]);
    }

    #[test]
    fn the_prefix_twice_is_the_prefix_once() {
        let mut prefix = Prefix::new(DEFAULT);
        assert_eq!(keys(&mut prefix, b"\x01\x01x"), [Key::Byte(1), Key::Byte(b'x')]);
        assert_eq!(keys(&mut prefix, b"\x01\x01\x01x"), [Key::Byte(1), Key::PowerOff]);
    }

    #[test]
    fn another_prefix_leaves_control_a_to_the_guest() {
        let mut prefix = Prefix::new(0x02);
        assert_eq!(keys(&mut prefix, b"\x01x\x02x"), [Key::Byte(1), Key::Byte(b'x'), Key::PowerOff]);
        // A prefix that is a key behind itself is still sent by typing it twice.
        let mut prefix = Prefix::new(b'm');
        assert_eq!(keys(&mut prefix, b"mm"), [Key::Byte(b'm')]);
    }

    #[test]
    fn it_has_a_name() {
        let names = [DEFAULT, 0x1d, b'~', 0xff].map(|byte| Prefix::new(byte).to_string());
        assert_eq!(names, ["Ctrl-A", "Ctrl-]", "~", "\\u{ff}"]);
    }
}
