//! The board as exit handlers see it: ports.

use crate::port::Size;
use crate::time::Instant;

/// What answers port instructions.
pub trait PortBus {
    /// IN.
    fn read_port(&mut self, now: Instant, port: u16, size: Size) -> u32;
    /// OUT.
    fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> PortEffects;
}

/// What an OUT leads to outside of the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortEffects {
    /// What the console prints.
    pub output: Output,
    /// The guest asked for a reset.
    pub reset: Option<ResetSource>,
}

/// Where a guest asked for a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetSource {
    /// Keyboard controller, command FEh.
    KeyboardController,
    /// Port 92h, bit 0.
    SystemControlPort,
    /// Port CF9h.
    ResetControl,
}

impl core::fmt::Display for ResetSource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::KeyboardController => "keyboard controller",
            Self::SystemControlPort => "port 92h",
            Self::ResetControl => "port CF9h",
        })
    }
}

/// Bytes for the console, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    bytes: [u8; Self::CAPACITY],
    length: u8,
}

impl Output {
    /// Bytes that one exit can print at most.
    pub const CAPACITY: usize = 32;

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// How many more bytes have a place.
    #[must_use]
    pub const fn room(&self) -> usize {
        Self::CAPACITY - self.length as usize
    }

    /// Appends `byte`; dropped if there is no room.
    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte;
            self.length += 1;
        }
    }
}
