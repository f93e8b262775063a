//! Configuration space of a function.

use crate::port::Size;

/// Bytes of a configuration space.
pub const BYTES: usize = 256;

/// The registers of a function, and which of their bits can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSpace {
    bytes: [u8; BYTES],
    writable: [u8; BYTES],
}

impl Default for ConfigSpace {
    fn default() -> Self {
        Self { bytes: [0; BYTES], writable: [0; BYTES] }
    }
}

impl ConfigSpace {
    /// The same with `size` of `value` at `offset`, of which the bits in `writable` can be written.
    #[must_use]
    pub fn with(mut self, offset: u8, size: Size, value: u32, writable: u32) -> Self {
        let (value, writable) = (value.to_le_bytes(), writable.to_le_bytes());
        for (at, (value, writable)) in places(offset, size).zip(value.into_iter().zip(writable)) {
            self.bytes[at] = value;
            self.writable[at] = writable;
        }
        self
    }

    /// Reads `size` at `offset`. Bits above `size` are zero, and so is what is behind the end.
    #[must_use]
    pub fn read(&self, offset: u8, size: Size) -> u32 {
        let mut value = [0; 4];
        for (byte, at) in value.iter_mut().zip(places(offset, size)) {
            *byte = self.bytes[at];
        }
        u32::from_le_bytes(value)
    }

    /// Writes those bits of `size` of `value` at `offset` that can be written.
    pub fn write(&mut self, offset: u8, size: Size, value: u32) {
        for (at, byte) in places(offset, size).zip(value.to_le_bytes()) {
            let writable = self.writable[at];
            self.bytes[at] = (self.bytes[at] & !writable) | (byte & writable);
        }
    }
}

/// Indices of the bytes of an access. None is behind the end.
fn places(offset: u8, size: Size) -> impl Iterator<Item = usize> {
    let start = usize::from(offset);
    start..(start + usize::from(size.bytes())).min(BYTES)
}
