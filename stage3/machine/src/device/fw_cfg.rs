//! QEMU's firmware configuration device (QEMU, docs/specs/fw_cfg): what firmware and test kernels want to
//! know about their computer, as items of bytes. A 16-bit key chooses an item, whose bytes are then read one
//! after the other.
//!
//! Only the ports are here. The id item does not promise the interface by DMA.

use crate::port::Size;
use alloc::vec;
use alloc::vec::Vec;

/// Ports of the device: selector and data.
pub const PORTS: core::ops::Range<u16> = 0x510..0x512;

/// Items that every computer has.
mod key {
    /// "QEMU": the device is there.
    pub const SIGNATURE: u16 = 0x00;
    /// Interfaces: bits 0 (ports) and 1 (DMA).
    pub const ID: u16 = 0x01;
    /// Bytes of RAM, 64 bits.
    pub const RAM_SIZE: u16 = 0x03;
    /// Processors that are there, 16 bits.
    pub const CPUS: u16 = 0x05;
    /// Processors that there may be, 16 bits.
    pub const MAX_CPUS: u16 = 0x0f;
    /// Items with names: their number, 32 bits, big-endian, and 64 bytes for each.
    pub const DIRECTORY: u16 = 0x19;
}

/// ID: the ports.
const TRADITIONAL: u32 = 1 << 0;

/// What an access to a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// The selector: writes of 16 bits.
    Selector,
    /// The data: reads of a byte.
    Data,
}

impl Register {
    /// What an access of `size` to `port` reaches, if it is one for this device.
    #[must_use]
    pub fn at(port: u16, size: Size) -> Option<Self> {
        match (port.checked_sub(PORTS.start)?, size) {
            (0, Size::Word) => Some(Self::Selector),
            (1, Size::Byte) => Some(Self::Data),
            _ => None,
        }
    }
}

/// The device.
#[derive(Clone, Debug)]
pub struct FwCfg {
    items: Vec<(u16, Vec<u8>)>,
    selected: u16,
    /// Of the next byte.
    offset: usize,
}

impl FwCfg {
    /// Of a computer with this much RAM and one processor.
    #[must_use]
    pub fn new(ram: u64) -> Self {
        let one = 1_u16.to_le_bytes();
        let items = vec![
            (key::SIGNATURE, b"QEMU".to_vec()),
            (key::ID, TRADITIONAL.to_le_bytes().to_vec()),
            (key::RAM_SIZE, ram.to_le_bytes().to_vec()),
            (key::CPUS, one.to_vec()),
            (key::MAX_CPUS, one.to_vec()),
            (key::DIRECTORY, 0_u32.to_be_bytes().to_vec()),
        ];
        Self { items, selected: key::SIGNATURE, offset: 0 }
    }

    /// The guest chooses an item.
    pub fn select(&mut self, key: u16) {
        self.selected = key;
        self.offset = 0;
    }

    /// The next byte of the item; zero behind its end, and if there is no such item.
    pub fn read(&mut self) -> u8 {
        let item = self.items.iter().find(|(key, _)| *key == self.selected);
        match item.and_then(|(_, bytes)| bytes.get(self.offset)) {
            Some(byte) => {
                self.offset += 1;
                *byte
            }
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(device: &mut FwCfg, key: u16) -> [u8; N] {
        device.select(key);
        core::array::from_fn(|_| device.read())
    }

    #[test]
    fn items_tell_what_the_computer_has() {
        let mut device = FwCfg::new(0x1_2340_0000);
        assert_eq!(bytes(&mut device, 0), *b"QEMU\0\0");
        assert_eq!(bytes(&mut device, 1), [1, 0, 0, 0]);
        assert_eq!(u64::from_le_bytes(bytes(&mut device, 3)), 0x1_2340_0000);
        assert_eq!(bytes(&mut device, 5), [1, 0]);
        assert_eq!(bytes(&mut device, 15), [1, 0]);
        assert_eq!(bytes(&mut device, 0x19), [0, 0, 0, 0]);
    }

    #[test]
    fn each_selection_begins_at_the_first_byte() {
        let mut device = FwCfg::new(0);
        assert_eq!(device.read(), b'Q', "the signature is selected at power-on");
        assert_eq!(bytes(&mut device, 0), *b"QE");
        assert_eq!(bytes(&mut device, 0), *b"QE");
        assert_eq!(device.read(), b'M');
    }

    #[test]
    fn unknown_items_are_zeros() {
        let mut device = FwCfg::new(u64::MAX);
        for key in [2, 6, 0x20, 0x8003, 0xffff] {
            assert_eq!(bytes(&mut device, key), [0; 9], "{key:#x}");
        }
    }

    #[test]
    fn the_selector_takes_words_and_the_data_are_bytes() {
        for size in [Size::Byte, Size::Word, Size::Dword] {
            let selector = (size == Size::Word).then_some(Register::Selector);
            let data = (size == Size::Byte).then_some(Register::Data);
            assert_eq!((Register::at(0x510, size), Register::at(0x511, size)), (selector, data));
            assert_eq!((Register::at(0x50f, size), Register::at(0x512, size)), (None, None));
        }
    }
}
