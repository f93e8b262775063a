//! One 8237A with its four channels.

/// Registers behind the channels' own.
mod register {
    pub const COMMAND: u16 = 8;
    pub const REQUEST: u16 = 9;
    pub const MASK_ONE: u16 = 10;
    pub const MODE: u16 = 11;
    pub const CLEAR_FLIP_FLOP: u16 = 12;
    pub const MASTER_CLEAR: u16 = 13;
    pub const CLEAR_MASK: u16 = 14;
    pub const MASK_ALL: u16 = 15;
}

/// Command: the controller is switched off.
const DISABLED: u8 = 1 << 2;
/// Single mask, request: set, and not clear.
const SET: u8 = 1 << 2;
/// Mode: the channel starts again when its count has ended.
const AUTO_INITIALIZE: u8 = 1 << 4;
/// Mode: addresses go down.
const DOWN: u8 = 1 << 5;
/// Mode: the channel belongs to another controller.
const CASCADE: u8 = 0b1100_0000;

/// What a channel does with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Verify,
    ToMemory,
    FromMemory,
}

/// A channel. Bases are what the guest wrote, the others what is left.
#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    base_address: u16,
    base_count: u16,
    address: u16,
    /// Bytes that are left, less one.
    count: u16,
    mode: u8,
}

/// A controller.
#[derive(Clone, Debug)]
pub(super) struct Controller {
    channels: [Channel; 4],
    command: u8,
    /// Bits 3:0: the counts of these channels ended.
    ended: u8,
    requested: u8,
    masked: u8,
    /// The next byte of an address or a count is the upper one.
    upper: bool,
}

impl Default for Controller {
    fn default() -> Self {
        let channels = [Channel::default(); 4];
        Self { channels, command: 0, ended: 0, requested: 0, masked: 0b1111, upper: false }
    }
}

impl Controller {
    pub(super) fn read(&mut self, register: u16) -> u8 {
        match register {
            0..register::COMMAND => {
                let channel = &self.channels[usize::from(register / 2)];
                let value = if register.is_multiple_of(2) { channel.address } else { channel.count };
                let half = value.to_le_bytes()[usize::from(self.upper)];
                self.upper = !self.upper;
                half
            }
            register::COMMAND => core::mem::take(&mut self.ended) | self.requested << 4,
            // The temporary register of transfers from memory to memory, and registers for writing.
            _ => 0,
        }
    }

    pub(super) fn write(&mut self, register: u16, value: u8) {
        let bit = 1 << (value & 0b11);
        match register {
            0..register::COMMAND => self.write_channel(register, value),
            register::COMMAND => self.command = value,
            register::REQUEST if value & SET != 0 => self.requested |= bit,
            register::REQUEST => self.requested &= !bit,
            register::MASK_ONE if value & SET != 0 => self.masked |= bit,
            register::MASK_ONE => self.masked &= !bit,
            register::MODE => self.channels[usize::from(value & 0b11)].mode = value,
            register::CLEAR_FLIP_FLOP => self.upper = false,
            register::MASTER_CLEAR => *self = Self { channels: self.channels, ..Self::default() },
            register::CLEAR_MASK => self.masked = 0,
            register::MASK_ALL => self.masked = value & 0b1111,
            _ => {}
        }
    }

    fn write_channel(&mut self, register: u16, value: u8) {
        let channel = &mut self.channels[usize::from(register / 2)];
        let (base, current) = if register.is_multiple_of(2) {
            (&mut channel.base_address, &mut channel.address)
        } else {
            (&mut channel.base_count, &mut channel.count)
        };
        let mut bytes = base.to_le_bytes();
        bytes[usize::from(self.upper)] = value;
        *base = u16::from_le_bytes(bytes);
        *current = *base;
        self.upper = !self.upper;
    }

    pub(super) fn is_ready(&self, channel: usize) -> bool {
        self.command & DISABLED == 0
            && self.masked >> channel & 1 == 0
            && self.channels[channel % 4].mode & CASCADE != CASCADE
    }

    pub(super) fn kind(&self, channel: usize) -> Kind {
        match self.channels[channel % 4].mode >> 2 & 0b11 {
            0b01 => Kind::ToMemory,
            0b10 => Kind::FromMemory,
            _ => Kind::Verify,
        }
    }

    /// Address and length of the next bytes that lie together, of at most `length`.
    pub(super) fn next_run(&self, channel: usize, length: usize) -> (u16, usize) {
        let Channel { address, count, mode, .. } = self.channels[channel % 4];
        let together = if mode & DOWN == 0 { 0x1_0000 - usize::from(address) } else { 1 };
        (address, length.min(usize::from(count) + 1).min(together))
    }

    /// `length` bytes of a run were moved. Returns whether the count ended.
    pub(super) fn advance(&mut self, channel: usize, length: usize) -> bool {
        let bit = 1 << (channel % 4);
        let channel = &mut self.channels[channel % 4];
        let step = length as u16;
        channel.address = if channel.mode & DOWN == 0 {
            channel.address.wrapping_add(step)
        } else {
            channel.address.wrapping_sub(step)
        };
        let has_ended = length > usize::from(channel.count);
        channel.count = channel.count.wrapping_sub(step);
        if has_ended {
            self.ended |= bit;
            self.requested &= !bit;
            if channel.mode & AUTO_INITIALIZE == 0 {
                self.masked |= bit;
            } else {
                (channel.address, channel.count) = (channel.base_address, channel.base_count);
            }
        }
        has_ended
    }
}
