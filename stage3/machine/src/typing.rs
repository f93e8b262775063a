//! What an operator types on a terminal, as strokes of keys on a guest's keyboard.
//!
//! A terminal sends characters, and sequences that begin with ESC for the other keys (ECMA-48; xterm's
//! "Control Sequences", with the older ones of VT220 and the Linux console). ESC alone is the key Esc: it is
//! known by the pause that follows. ESC and a character is that key with Alt. One character is ours:
//! [`PREFIX`] begins commands.

mod keyboard;
mod layout;
mod sequence;
#[cfg(test)]
mod tests;

use crate::device::i8042::Key;
use crate::time::Instant;
pub use keyboard::{Keyboard, Sent};
use sequence::Parameters;

/// How long after ESC the rest of a sequence may come (nanoseconds).
pub const PAUSE: u64 = 100_000_000;
/// Ctrl-]: the next character is a command.
pub const PREFIX: u8 = 0x1d;
const ESCAPE: u8 = 0x1b;

/// A key that goes down and up, while others are down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// The key.
    pub key: Key,
    /// With Shift.
    pub shift: bool,
    /// With Control.
    pub control: bool,
    /// With Alt.
    pub alt: bool,
}

impl Stroke {
    const fn plain(key: Key) -> Self {
        Self { key, shift: false, control: false, alt: false }
    }

    const fn with_control(key: Key) -> Self {
        Self { control: true, ..Self::plain(key) }
    }

    /// Restarts a PC.
    const RESTART: Self = Self { key: Key::Delete, shift: false, control: true, alt: true };

    /// Which key goes down (true) or up, in order.
    pub fn events(self) -> impl Iterator<Item = (Key, bool)> {
        let modifiers =
            [(self.control, Key::LeftControl), (self.alt, Key::LeftAlt), (self.shift, Key::LeftShift)];
        let held = modifiers.into_iter().filter(|(is_held, _)| *is_held).map(|(_, key)| key);
        let down = held.clone().chain([self.key]).map(|key| (key, true));
        down.chain([self.key].into_iter().chain(held.rev()).map(|key| (key, false)))
    }
}

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// For the guest.
    Stroke(Stroke),
    /// The picture of the guest's screen shall be painted anew: Ctrl-] R.
    Redraw,
}

/// Where in a sequence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    /// After ESC.
    Escape,
    /// After ESC `[`.
    Control(Parameters),
    /// After ESC `O`: one character.
    Single,
    /// After ESC `[` `[`: one character, a function key of the Linux console.
    Function,
    /// After Ctrl-].
    Command,
}

/// Turns bytes into strokes.
#[derive(Clone, Debug)]
pub struct Translator {
    state: State,
    /// When the last byte came.
    last: Instant,
}

impl Default for Translator {
    fn default() -> Self {
        Self::new()
    }
}

impl Translator {
    /// One that has not seen anything.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Ground, last: Instant(0) }
    }

    /// When [`Translator::pause`] has something to say.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let waits = !matches!(self.state, State::Ground | State::Command);
        waits.then(|| self.last + PAUSE)
    }

    /// It is `now`, and nothing was typed since: an ESC that begins no sequence was the key.
    pub fn pause(&mut self, now: Instant) -> Option<Typed> {
        if self.next_deadline().is_none_or(|due| now < due) {
            return None;
        }
        match core::mem::replace(&mut self.state, State::Ground) {
            State::Escape => Some(Typed::Stroke(Stroke::plain(Key::Escape))),
            State::Control(parameters) if parameters == Parameters::NONE => with_alt(b'['),
            State::Single => with_alt(b'O'),
            _ => None,
        }
    }

    /// `byte` came in. To be called when [`Translator::pause`] has nothing to say.
    pub fn byte(&mut self, now: Instant, byte: u8) -> Option<Typed> {
        self.last = now;
        match core::mem::replace(&mut self.state, State::Ground) {
            State::Ground => self.ground(byte),
            State::Escape => self.escape(byte),
            State::Control(mut parameters) => match byte {
                b'[' if parameters == Parameters::NONE => self.wait(State::Function),
                // Parameters and what stands between them.
                0x20..=0x3f => {
                    parameters.take(byte);
                    self.wait(State::Control(parameters))
                }
                _ => parameters.stroke(byte).map(Typed::Stroke),
            },
            State::Single => Parameters::NONE.stroke(byte).map(Typed::Stroke),
            State::Function => sequence::console_function(byte).map(Stroke::plain).map(Typed::Stroke),
            State::Command => match byte {
                PREFIX => Some(Typed::Stroke(Stroke::with_control(Key::RightBracket))),
                b'd' | b'D' => Some(Typed::Stroke(Stroke::RESTART)),
                b'r' | b'R' => Some(Typed::Redraw),
                _ => None,
            },
        }
    }

    fn wait(&mut self, state: State) -> Option<Typed> {
        self.state = state;
        None
    }

    fn ground(&mut self, byte: u8) -> Option<Typed> {
        match byte {
            ESCAPE => self.wait(State::Escape),
            PREFIX => self.wait(State::Command),
            _ => layout::stroke(byte).map(Typed::Stroke),
        }
    }

    fn escape(&mut self, byte: u8) -> Option<Typed> {
        match byte {
            b'[' => self.wait(State::Control(Parameters::NONE)),
            b'O' => self.wait(State::Single),
            // The first one was the key; the second one may begin a sequence.
            ESCAPE => {
                self.state = State::Escape;
                Some(Typed::Stroke(Stroke::plain(Key::Escape)))
            }
            _ => with_alt(byte),
        }
    }
}

/// A character with Alt.
fn with_alt(byte: u8) -> Option<Typed> {
    layout::stroke(byte).map(|stroke| Typed::Stroke(Stroke { alt: true, ..stroke }))
}
