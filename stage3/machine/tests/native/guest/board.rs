//! RAM, a page of memory that is a device, and ports that are memory.

use crate::generate::{PORT_DWORD, PORT_PAGE};
use machine::emulate::{Mmio, OperandSize};
use machine::exits::{Board, PortBus};
use machine::memory::{Gpa, GuestMemory, NotRam, RamLayout};
use machine::pc::Effects;
use machine::port::Size;
use machine::time::Instant;
use machine::vcpu::Fault;
use std::cell::RefCell;

pub const PAGE: usize = 4096;
const RAM_SIZE: usize = 0x10_0000;

pub struct Ram(RefCell<Vec<u8>>);

impl Ram {
    pub fn new() -> Self {
        Self(RefCell::new(vec![0; RAM_SIZE]))
    }

    pub fn set(&self, gpa: u64, bytes: &[u8]) {
        self.write(Gpa(gpa), bytes).unwrap();
    }

    pub fn get(&self, gpa: u64, bytes: &mut [u8]) {
        self.read(Gpa(gpa), bytes).unwrap();
    }
}

impl GuestMemory for Ram {
    fn layout(&self) -> RamLayout {
        RamLayout::new(RAM_SIZE as u64)
    }

    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> core::result::Result<(), NotRam> {
        let not_ram = NotRam { gpa, bytes: buffer.len() };
        let start = self.layout().offset(gpa, buffer.len()).ok_or(not_ram)? as usize;
        buffer.copy_from_slice(&self.0.borrow()[start..start + buffer.len()]);
        Ok(())
    }

    fn write(&self, gpa: Gpa, bytes: &[u8]) -> core::result::Result<(), NotRam> {
        let not_ram = NotRam { gpa, bytes: bytes.len() };
        let start = self.layout().offset(gpa, bytes.len()).ok_or(not_ram)? as usize;
        self.0.borrow_mut()[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// The device, at `start`.
pub struct Device {
    pub start: u64,
    pub page: [u8; PAGE],
    pub ports: [u8; 4],
}

impl Mmio for Device {
    fn read_mmio(&mut self, _: Instant, gpa: Gpa, size: OperandSize) -> Option<u64> {
        let start = (gpa.0 - self.start) as usize;
        let mut value = [0; 8];
        value[..size.bytes()].copy_from_slice(&self.page[start..start + size.bytes()]);
        Some(u64::from_le_bytes(value))
    }

    fn write_mmio(&mut self, _: Instant, gpa: Gpa, size: OperandSize, value: u64) -> Option<Effects> {
        let start = (gpa.0 - self.start) as usize;
        self.page[start..start + size.bytes()].copy_from_slice(&value.to_le_bytes()[..size.bytes()]);
        Some(Effects::default())
    }
}

impl PortBus for Device {
    fn read_port(&mut self, _: Instant, port: u16, size: Size) -> u32 {
        assert!([PORT_PAGE, PORT_DWORD].contains(&port.into()));
        u32::from_le_bytes(self.ports) & u32::MAX >> (32 - 8 * u32::from(size.bytes()))
    }

    fn write_port(&mut self, _: Instant, port: u16, size: Size, value: u32) -> Effects {
        assert!([PORT_PAGE, PORT_DWORD].contains(&port.into()));
        let bytes = usize::from(size.bytes());
        self.ports[..bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        Effects::default()
    }

    fn transfer(&mut self, _: &dyn GuestMemory) {}
}

#[rustfmt::skip]
impl Board for Device {
    fn has_lapic(&self) -> bool { false }
    fn read_lapic_msr(&mut self, _: Instant, _: u32) -> Result<u64, Fault> { Err(Fault::GeneralProtection) }
    fn write_lapic_msr(&mut self, _: Instant, _: u64, _: u32, _: u64) -> Result<(), Fault> {
        Err(Fault::GeneralProtection)
    }
    fn tsc_changed(&mut self, _: Instant, _: u64) {}
    fn can_signal(&self) -> bool { false }
}
