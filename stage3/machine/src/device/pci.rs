//! The PCI bus behind configuration mechanism #1 (PCI Local Bus Specification 3.0, 3.2.2.3.2 "Software
//! Generation of Configuration Transactions"): an address at port CF8h, data at ports CFCh to CFFh.
//!
//! A function on the bus is its configuration space: plain data that its device looks at. There is the host bridge,
//! and on a board with disks the IDE controller.

mod config_space;
mod host_bridge;
pub mod ide;
#[cfg(test)]
mod tests;

pub use config_space::ConfigSpace;

use crate::port::Size;
use alloc::vec;
use alloc::vec::Vec;

/// CONFIG_ADDRESS. All 32 bits are accessed at once; smaller accesses go to whatever else is there.
const ADDRESS_PORT: u16 = 0xcf8;
/// CONFIG_DATA, four bytes.
const DATA_PORT: u16 = 0xcfc;

/// Address: the data ports reach configuration space.
const ADDRESS_ENABLE: u32 = 1 << 31;
/// Address: bus, device, function and register. The other bits are always zero.
const ADDRESS_TARGET: u32 = 0x00ff_fffc;
/// Address: register, in units of 32 bits.
const ADDRESS_REGISTER: u32 = 0xfc;

/// What an access to a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// CONFIG_ADDRESS.
    Address,
    /// CONFIG_DATA from this byte on.
    Data(u8),
}

impl Register {
    /// What an access of `size` to `port` reaches, if it is one for this bus: accesses to CONFIG_ADDRESS
    /// are as wide as that, those to CONFIG_DATA don't leave it.
    #[must_use]
    pub fn at(port: u16, size: Size) -> Option<Self> {
        if port == ADDRESS_PORT {
            return (size == Size::Dword).then_some(Self::Address);
        }
        let byte = port.checked_sub(DATA_PORT)?;
        (byte + size.bytes() <= Size::Dword.bytes()).then_some(Self::Data(byte as u8))
    }
}

/// Bus, device and function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location(u16);

impl Location {
    /// Function `function` (0 to 7) of device `device` (0 to 31) on bus 0. There is no other bus.
    #[must_use]
    pub const fn new(device: u8, function: u8) -> Self {
        Self(((device & 0x1f) as u16) << 3 | (function & 7) as u16)
    }
}

/// A function is at this location already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken(pub Location);

/// The bus with its functions.
#[derive(Clone, Debug)]
pub struct Pci {
    address: u32,
    functions: Vec<(Location, ConfigSpace)>,
}

impl Default for Pci {
    fn default() -> Self {
        Self::new()
    }
}

impl Pci {
    /// The bus with nothing but its host bridge at device 0.
    #[must_use]
    pub fn new() -> Self {
        let functions = vec![(Location::new(0, 0), host_bridge::config_space())];
        Self { address: 0, functions }
    }

    /// Puts a function on the bus.
    ///
    /// # Errors
    /// [`Taken`] if there is one at this location.
    pub fn add(&mut self, location: Location, function: ConfigSpace) -> Result<(), Taken> {
        if self.function(location).is_some() {
            return Err(Taken(location));
        }
        self.functions.push((location, function));
        Ok(())
    }

    /// The configuration space of the function at `location`.
    #[must_use]
    pub fn function(&self, location: Location) -> Option<&ConfigSpace> {
        self.functions.iter().find(|(there, _)| *there == location).map(|(_, function)| function)
    }

    /// Reads `size` from `register`. Bits above `size` are zero; all are one where no function is.
    #[must_use]
    pub fn read(&self, register: Register, size: Size) -> u32 {
        match register {
            Register::Address => self.address,
            Register::Data(byte) => match self.target().and_then(|location| self.function(location)) {
                Some(function) => function.read(self.offset(byte), size),
                None => size.mask(),
            },
        }
    }

    /// Writes `size` of `value` to `register`.
    pub fn write(&mut self, register: Register, size: Size, value: u32) {
        match register {
            Register::Address => self.address = value & (ADDRESS_ENABLE | ADDRESS_TARGET),
            Register::Data(byte) => {
                let (target, offset) = (self.target(), self.offset(byte));
                let mut functions = self.functions.iter_mut();
                if let Some((_, function)) = functions.find(|(location, _)| Some(*location) == target) {
                    function.write(offset, size, value);
                }
            }
        }
    }

    /// Where the data ports lead to.
    fn target(&self) -> Option<Location> {
        (self.address & ADDRESS_ENABLE != 0).then_some(Location((self.address >> 8) as u16))
    }

    /// Offset in configuration space of a byte of the data ports.
    const fn offset(&self, byte: u8) -> u8 {
        (self.address & ADDRESS_REGISTER) as u8 | byte & 3
    }
}
