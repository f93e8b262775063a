//! The DMA controllers: two 8237A (Intel, "8237A High Performance Programmable DMA Controller") and the page registers
//! of the PC/AT, which give addresses their upper 8 bits.
//!
//! A device moves bytes when it likes: the board lends it the controllers and the memory. Channels 0 to 3 move bytes.
//! Channels 4 to 7 belong to the second controller, which moves words; no device of this board is at them. Transfers
//! from memory to memory, which the PC/AT is not wired for, are not there.

mod controller;
#[cfg(test)]
mod tests;

use crate::memory::{Gpa, GuestMemory};
use controller::{Controller, Kind};
use core::ops::Range;

/// Ports of the first controller.
pub const FIRST_PORTS: Range<u16> = 0x00..0x10;
/// Page registers; the one at 80h is not used by a channel, and shows POST codes.
pub const PAGE_PORTS: Range<u16> = 0x81..0x90;
/// Ports of the second controller: each register has two.
pub const SECOND_PORTS: Range<u16> = 0xc0..0xe0;

/// The page registers of channels 0 to 3, from 80h on.
const PAGES: [usize; 4] = [7, 3, 1, 2];

/// A group of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// [`FIRST_PORTS`].
    First,
    /// [`PAGE_PORTS`].
    Page,
    /// [`SECOND_PORTS`].
    Second,
}

/// How a transfer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// So many bytes were moved.
    pub bytes: usize,
    /// The channel's count ended: there will be no more.
    pub is_last: bool,
}

/// The controllers and the page registers.
#[derive(Clone, Debug, Default)]
pub struct Dma {
    first: Controller,
    second: Controller,
    pages: [u8; 16],
}

impl Dma {
    /// The controllers after a reset, with every channel masked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the register at `offset` from the start of a group of ports.
    pub fn read(&mut self, group: Group, offset: u16) -> u8 {
        match group {
            Group::First => self.first.read(offset),
            Group::Second => self.second.read(offset / 2),
            Group::Page => self.pages[page(offset)],
        }
    }

    /// Writes the register at `offset` from the start of a group of ports.
    pub fn write(&mut self, group: Group, offset: u16, value: u8) {
        match group {
            Group::First => self.first.write(offset, value),
            Group::Second => self.second.write(offset / 2, value),
            Group::Page => self.pages[page(offset)] = value,
        }
    }

    /// Whether a channel (0 to 3) serves its device: the guest has set it up.
    #[must_use]
    pub fn is_ready(&self, channel: usize) -> bool {
        self.first.is_ready(channel)
    }

    /// Moves bytes of a device to memory. Those for which the count has no room are not moved.
    pub fn to_memory(&mut self, channel: usize, bytes: &[u8], memory: &dyn GuestMemory) -> Moved {
        let writes = self.first.kind(channel) == Kind::ToMemory;
        self.for_each_run(channel, bytes.len(), &mut |gpa, at, count| {
            if writes {
                write(memory, gpa, &bytes[at..at + count]);
            }
        })
    }

    /// Moves bytes of memory to a device: `buffer`. A channel that was not set up for this direction gives ones.
    pub fn from_memory(&mut self, channel: usize, buffer: &mut [u8], memory: &dyn GuestMemory) -> Moved {
        let reads = self.first.kind(channel) == Kind::FromMemory;
        let length = buffer.len();
        self.for_each_run(channel, length, &mut |gpa, at, count| {
            let part = &mut buffer[at..at + count];
            part.fill(u8::MAX);
            if reads {
                read(memory, gpa, part);
            }
        })
    }

    /// Moves the channel on by at most `length` bytes. Calls `transfer` with the address, the offset and the length of
    /// each run of bytes that lie together.
    fn for_each_run(
        &mut self,
        channel: usize,
        length: usize,
        transfer: &mut dyn FnMut(Gpa, usize, usize),
    ) -> Moved {
        let page = u64::from(self.pages[PAGES[channel % 4]]) << 16;
        let mut moved = Moved { bytes: 0, is_last: false };
        while moved.bytes < length && !moved.is_last {
            let (address, count) = self.first.next_run(channel, length - moved.bytes);
            transfer(Gpa(page | u64::from(address)), moved.bytes, count);
            moved.is_last = self.first.advance(channel, count);
            moved.bytes += count;
        }
        moved
    }
}

/// Place of the page register at this offset of [`PAGE_PORTS`].
fn page(offset: u16) -> usize {
    usize::from(PAGE_PORTS.start + offset) % 16
}

/// Bytes for which there is no memory vanish.
fn write(memory: &dyn GuestMemory, gpa: Gpa, bytes: &[u8]) {
    if memory.write(gpa, bytes).is_err() {
        for (at, byte) in (gpa.0..).zip(bytes) {
            _ = memory.write(Gpa(at), &[*byte]);
        }
    }
}

/// Where there is no memory, `buffer` stays as it is.
fn read(memory: &dyn GuestMemory, gpa: Gpa, buffer: &mut [u8]) {
    if memory.read(gpa, buffer).is_err() {
        for (at, byte) in (gpa.0..).zip(buffer) {
            let mut one = [u8::MAX];
            *byte = if memory.read(Gpa(at), &mut one).is_ok() { one[0] } else { u8::MAX };
        }
    }
}
