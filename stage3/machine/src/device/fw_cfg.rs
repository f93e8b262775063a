//! The firmware configuration device (QEMU, "QEMU Firmware Configuration (fw_cfg) Device"): items of bytes that
//! firmware reads to learn what computer it is on. A guest selects an item at port 510h and reads it at port 511h, or
//! has it copied to its memory by a command whose address it writes to ports 514h and 518h.
//!
//! Items are read-only. Those of higher keys are files, which have names in a directory.

mod dma;
#[cfg(test)]
mod tests;

use crate::memory::{RamLayout, HIGH_RAM_START};
use crate::port::Size;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

/// Ports of selector and data.
pub const PORTS: Range<u16> = 0x510..0x512;
/// Ports of the address of a command, its upper half first, each half with its first byte first.
pub const DMA_PORTS: Range<u16> = 0x514..0x51c;

/// Offset of the data register.
const DATA: u16 = 1;
/// What the other register reads as.
const FLOATING: u8 = 0xff;
/// What the command's address reads as: guests see by it that there are commands.
const DMA_SIGNATURE: [u8; 8] = *b"QEMU CFG";

/// Keys of the items that are no files (QEMU, include/standard-headers/linux/qemu_fw_cfg.h).
mod key {
    pub const SIGNATURE: u16 = 0x00;
    pub const ID: u16 = 0x01;
    pub const RAM_BYTES: u16 = 0x03;
    pub const NO_GRAPHICS: u16 = 0x04;
    pub const CPUS: u16 = 0x05;
    pub const BOOT_MENU: u16 = 0x0e;
    pub const CPUS_MAX: u16 = 0x0f;
    pub const DIRECTORY: u16 = 0x19;
    pub const FIRST_FILE: u16 = 0x20;
}

/// Item ID: there are selector and data registers, and there are commands.
const FEATURES: u32 = 1 << 0 | 1 << 1;
/// Bytes of a file's name in the directory, with its terminating zero.
const NAME_BYTES: usize = 56;
/// `etc/e820`: usable memory.
const E820_RAM: u32 = 1;

/// A file: a name of at most 55 bytes, and what is in it.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its bytes.
    pub content: Cow<'static, [u8]>,
}

impl File {
    /// A file of these bytes; numbers have their least significant byte first.
    #[must_use]
    pub fn of<const N: usize>(name: &'static str, bytes: [u8; N]) -> Self {
        Self { name: name.into(), content: bytes.to_vec().into() }
    }
}

/// A register that takes accesses of one size only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// The selector, 16 bits.
    Selector,
    /// The upper half of a command's address.
    AddressHigh,
    /// The lower half; the command begins.
    AddressLow,
}

impl Register {
    /// The register that a write of `size` to `port` reaches.
    #[must_use]
    pub const fn at(port: u16, size: Size) -> Option<Self> {
        match (port, size) {
            (0x510, Size::Word) => Some(Self::Selector),
            (0x514, Size::Dword) => Some(Self::AddressHigh),
            (0x518, Size::Dword) => Some(Self::AddressLow),
            _ => None,
        }
    }
}

/// The device.
#[derive(Clone, Debug)]
pub struct FwCfg {
    items: Vec<(u16, Cow<'static, [u8]>)>,
    selected: u16,
    /// How many bytes of the selected item were read.
    offset: usize,
    address_high: u32,
    /// Address of a command that waits.
    command: Option<u64>,
}

impl FwCfg {
    /// The device of a computer with this memory and so many CPUs. It has one file, `etc/e820`.
    #[must_use]
    pub fn new(layout: RamLayout, cpus: u16) -> Self {
        let number = |bytes: &[u8]| Cow::Owned(bytes.to_vec());
        let items = Vec::from([
            (key::SIGNATURE, Cow::Borrowed(b"QEMU".as_slice())),
            (key::ID, number(&FEATURES.to_le_bytes())),
            (key::RAM_BYTES, number(&layout.bytes().to_le_bytes())),
            // Else SeaBIOS would use the serial port, even if no file says so.
            (key::NO_GRAPHICS, number(&0_u16.to_le_bytes())),
            (key::CPUS, number(&cpus.to_le_bytes())),
            (key::BOOT_MENU, number(&0_u16.to_le_bytes())),
            (key::CPUS_MAX, number(&cpus.to_le_bytes())),
            (key::DIRECTORY, number(&0_u32.to_be_bytes())),
        ]);
        let mut device = Self { items, selected: key::SIGNATURE, offset: 0, address_high: 0, command: None };
        device.add(File { name: "etc/e820".into(), content: e820(layout).into() });
        device
    }

    /// Adds a file. What of its name does not fit is cut off.
    pub fn add(&mut self, file: File) {
        let Some((_, directory)) = self.items.iter_mut().find(|(key, _)| *key == key::DIRECTORY) else {
            return;
        };
        let directory = directory.to_mut();
        let count = directory.first_chunk().map_or(0, |count| u32::from_be_bytes(*count));
        directory.splice(..4, (count + 1).to_be_bytes());
        let key = key::FIRST_FILE + count as u16;
        let mut name = [0; NAME_BYTES];
        for (place, byte) in name.iter_mut().take(NAME_BYTES - 1).zip(file.name.bytes()) {
            *place = byte;
        }
        directory.extend((file.content.len() as u32).to_be_bytes());
        directory.extend(key.to_be_bytes());
        directory.extend([0; 2]);
        directory.extend(name);
        self.items.push((key, file.content));
    }

    /// Reads the byte at `offset` from the first of [`PORTS`].
    pub fn read(&mut self, offset: u16) -> u8 {
        if offset != DATA {
            return FLOATING;
        }
        let byte = self.rest().first().copied().unwrap_or_default();
        self.offset = self.offset.saturating_add(1);
        byte
    }

    /// Reads the byte at `offset` from the first of [`DMA_PORTS`].
    #[must_use]
    pub fn read_address(offset: u16) -> u8 {
        DMA_SIGNATURE[usize::from(offset) % DMA_SIGNATURE.len()]
    }

    /// Writes a register; gives whether a command waits for [`FwCfg::transfer`].
    pub const fn write(&mut self, register: Register, value: u32) -> bool {
        match register {
            Register::Selector => self.select(value as u16),
            Register::AddressHigh => self.address_high = value.swap_bytes(),
            Register::AddressLow => {
                let high = core::mem::replace(&mut self.address_high, 0);
                self.command = Some((high as u64) << 32 | value.swap_bytes() as u64);
            }
        }
        self.command.is_some()
    }

    const fn select(&mut self, key: u16) {
        self.selected = key;
        self.offset = 0;
    }

    /// What was not read yet of the selected item; zeros follow it without end.
    fn rest(&self) -> &[u8] {
        let item = self.items.iter().find(|(key, _)| *key == self.selected);
        item.and_then(|(_, bytes)| bytes.get(self.offset..)).unwrap_or_default()
    }
}

/// The RAM as entries of start, length and kind, 64, 64 and 32 bits.
fn e820(layout: RamLayout) -> Vec<u8> {
    let ranges = [0..layout.low_end(), HIGH_RAM_START..layout.high_end()];
    let mut bytes = Vec::new();
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        bytes.extend(range.start.to_le_bytes());
        bytes.extend((range.end - range.start).to_le_bytes());
        bytes.extend(E820_RAM.to_le_bytes());
    }
    bytes
}
