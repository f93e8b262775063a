//! Bytes of a terminal as keys of the line editor (ECMA-48; xterm's "Control Sequences"). What is not ASCII, and keys that
//! mean nothing here, vanish.

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Character(u8),
    Enter,
    Tab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    /// Ctrl-C or Ctrl-U: all of the line.
    Discard,
}

const ESCAPE: u8 = 0x1b;

/// Where in a sequence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    /// After CR: LF says nothing new.
    Return,
    /// After ESC.
    Escape,
    /// After ESC `[`, with the number that came.
    Control(u8),
    /// After ESC `O`.
    Single,
}

/// Finds keys in bytes.
#[derive(Clone, Debug)]
pub struct Keys(State);

impl Keys {
    /// One that has not seen anything.
    pub const fn new() -> Self {
        Self(State::Ground)
    }

    /// `byte` came in.
    pub fn byte(&mut self, byte: u8) -> Option<Key> {
        let state = core::mem::replace(&mut self.0, State::Ground);
        match (state, byte) {
            (_, ESCAPE) => self.wait(State::Escape),
            (State::Escape, b'[') => self.wait(State::Control(0)),
            (State::Escape, b'O') => self.wait(State::Single),
            (State::Control(number), b'0'..=b'9') => {
                self.wait(State::Control(number.wrapping_mul(10).wrapping_add(byte - b'0')))
            }
            (State::Control(number), b' '..=b'?') => self.wait(State::Control(number)),
            (State::Control(number), b' '..) => sequence(number, byte),
            (State::Single, b' '..) => sequence(0, byte),
            (State::Escape, b' '..) | (State::Return, b'\n') => None,
            // A control character ends a sequence that is not complete, and counts.
            (_, b'\r') => {
                self.0 = State::Return;
                Some(Key::Enter)
            }
            _ => plain(byte),
        }
    }

    fn wait(&mut self, state: State) -> Option<Key> {
        self.0 = state;
        None
    }
}

/// A byte by itself.
const fn plain(byte: u8) -> Option<Key> {
    match byte {
        b'\n' => Some(Key::Enter),
        b'\t' => Some(Key::Tab),
        // Terminals disagree about which of the two their key sends.
        0x08 | 0x7f => Some(Key::Backspace),
        0x03 | 0x15 => Some(Key::Discard),
        b' '..=b'~' => Some(Key::Character(byte)),
        _ => None,
    }
}

/// The last byte of a sequence, with the number before it.
const fn sequence(number: u8, last: u8) -> Option<Key> {
    match (last, number) {
        (b'A', _) => Some(Key::Up),
        (b'B', _) => Some(Key::Down),
        (b'C', _) => Some(Key::Right),
        (b'D', _) => Some(Key::Left),
        (b'H', _) | (b'~', 1 | 7) => Some(Key::Home),
        (b'F', _) | (b'~', 4 | 8) => Some(Key::End),
        (b'~', 3) => Some(Key::Delete),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::new();
        bytes.iter().filter_map(|byte| keys.byte(*byte)).collect()
    }

    #[test]
    fn sequences_are_keys() {
        assert_eq!(
            keys(b"\x1b[A\x1b[B\x1b[C\x1b[D\x1bOA"),
            [Key::Up, Key::Down, Key::Right, Key::Left, Key::Up]
        );
        assert_eq!(
            keys(b"\x1b[H\x1bOF\x1b[1~\x1b[4~\x1b[3~"),
            [Key::Home, Key::End, Key::Home, Key::End, Key::Delete]
        );
        assert_eq!(keys(b"\x1b[1;5Cx"), [Key::Right, Key::Character(b'x')]);
        assert_eq!(keys(b"\x1b[24~\x1bx\x1b[[\x1bOzy"), [Key::Character(b'y')], "no meaning");
        assert_eq!(keys(b"\x1b[\rx"), [Key::Enter, Key::Character(b'x')], "it ends the sequence");
        assert_eq!(keys(b"\x1b\x1b[A"), [Key::Up]);
    }

    #[test]
    fn a_line_ends_once() {
        assert_eq!(keys(b"\r\n\n\r\r"), [Key::Enter; 4]);
        assert_eq!(keys(b"\x08\x7f"), [Key::Backspace; 2]);
        assert_eq!(keys(b"\x03\x15"), [Key::Discard; 2]);
        assert_eq!(keys(b"\t\0\x07\xe4\x9b"), [Key::Tab]);
    }
}
