//! The keyboard's buffer of scan codes.

/// Bytes of scan codes that it holds.
pub(super) const CAPACITY: usize = 16;

/// The buffer, with one more place for the overrun code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    bytes: [u8; CAPACITY + 1],
    len: usize,
    /// Codes were lost since the last byte was read.
    overrun: bool,
}

impl Queue {
    pub(super) const EMPTY: Self = Self { bytes: [0; CAPACITY + 1], len: 0, overrun: false };

    /// Puts all of `codes` in. If they don't fit they are lost, and `overrun` tells where.
    pub(super) fn push(&mut self, codes: &[u8], overrun: u8) {
        if self.len + codes.len() <= CAPACITY {
            self.bytes[self.len..self.len + codes.len()].copy_from_slice(codes);
            self.len += codes.len();
        } else if !self.overrun && self.len <= CAPACITY {
            self.bytes[self.len] = overrun;
            self.len += 1;
            self.overrun = true;
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn pop(&mut self) -> Option<u8> {
        let (first, len) = (self.bytes[0], self.len.checked_sub(1)?);
        self.bytes.copy_within(1.., 0);
        self.len = len;
        self.overrun = false;
        Some(first)
    }
}
