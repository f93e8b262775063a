//! The board as exit handlers see it: ports.

use crate::pc::{Effects, Pc};
use crate::port::Size;
use crate::time::Instant;

/// What answers port instructions.
pub trait PortBus {
    /// IN.
    fn read_port(&mut self, now: Instant, port: u16, size: Size) -> u32;
    /// OUT.
    fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> Effects;
}

impl PortBus for Pc {
    fn read_port(&mut self, now: Instant, port: u16, size: Size) -> u32 {
        self.read_port(now, port, size)
    }

    fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> Effects {
        self.write_port(now, port, size, value)
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

    /// Appends `bytes`; those that find no room are dropped.
    pub fn extend(&mut self, bytes: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(usize::from(self.length)).zip(bytes) {
            *place = *byte;
            self.length += 1;
        }
    }
}
