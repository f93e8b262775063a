//! A virtual CPU, RAM, and a device that is memory and keeps a list of its accesses.

use crate::emulate::{emulate, Done, Mmio, OperandSize, Refusal};
use crate::exits::mock::MockVcpu;
use crate::memory::test_ram::TestRam;
use crate::memory::{Gpa, GuestMemory};
use crate::pc::Effects;
use crate::time::Instant;
use crate::vcpu::*;
use std::vec;
use std::vec::Vec;

pub const NOW: Instant = Instant(3);
/// Where the code is; CS is based at zero.
pub const CODE: u64 = 0x8000;
/// Where the device is.
pub const DEVICE: u64 = 0xfee0_0000;
/// RAM for operands; DS starts there in 16-bit code.
pub const RAM: u64 = 0x1_0000;
/// Top of the stack.
pub const STACK: u64 = 0x2_0000;

/// A page of memory that is a device.
pub struct Device {
    pub bytes: Vec<u8>,
    /// Offset, size, and the value if it was a write.
    pub log: Vec<(u64, usize, Option<u64>)>,
    pub effects: Effects,
}

impl Device {
    pub fn new() -> Self {
        Self { bytes: vec![0; 0x1000], log: Vec::new(), effects: Effects::default() }
    }

    fn slice(&mut self, gpa: Gpa, size: OperandSize) -> Option<&mut [u8]> {
        let offset = gpa.0.checked_sub(DEVICE)? as usize;
        self.bytes.get_mut(offset..offset + size.bytes())
    }
}

impl Mmio for Device {
    fn read_mmio(&mut self, now: Instant, gpa: Gpa, size: OperandSize) -> Option<u64> {
        assert_eq!(now, NOW);
        let mut value = [0; 8];
        value[..size.bytes()].copy_from_slice(self.slice(gpa, size)?);
        self.log.push((gpa.0 - DEVICE, size.bytes(), None));
        Some(u64::from_le_bytes(value))
    }

    fn write_mmio(&mut self, now: Instant, gpa: Gpa, size: OperandSize, value: u64) -> Option<Effects> {
        assert_eq!(now, NOW);
        self.slice(gpa, size)?.copy_from_slice(&value.to_le_bytes()[..size.bytes()]);
        self.log.push((gpa.0 - DEVICE, size.bytes(), Some(value)));
        Some(self.effects)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Real mode. DS starts at [`RAM`], ES at [`DEVICE`].
    Bits16,
    /// Protected mode without paging, flat segments.
    Bits32,
    /// Long mode, all of 4 GiB mapped where it is.
    Bits64,
}

pub const MODES: [Mode; 3] = [Mode::Bits16, Mode::Bits32, Mode::Bits64];

pub struct Bench {
    pub vcpu: MockVcpu,
    pub ram: TestRam,
    pub device: Device,
}

impl Bench {
    pub fn new(mode: Mode) -> Self {
        let ram = TestRam::new(0x10_0000);
        let mut vcpu = MockVcpu::default();
        let state = &mut vcpu.state;
        state.rip = CODE;
        state.rflags = RFLAGS_FIXED;
        state.rsp = STACK;
        let segment = |base, limit, attributes| Segment { selector: 8, attributes, limit, base };
        let flat = |attributes| segment(0, u32::MAX, attributes);
        match mode {
            Mode::Bits16 => {
                state.cs = segment(0, 0xffff, 0x9b);
                [state.ds, state.es, state.ss] =
                    [RAM, DEVICE, STACK - 0x8000].map(|base| segment(base, 0xffff, 0x93));
                state.rsp = 0x8000;
            }
            Mode::Bits32 => {
                state.cr0 = CR0_PE;
                state.cs = flat(0x9b | SEGMENT_BIG | SEGMENT_GRANULAR);
                let data = flat(0x93 | SEGMENT_BIG | SEGMENT_GRANULAR);
                [state.ds, state.es, state.ss] = [data; 3];
            }
            Mode::Bits64 => {
                state.cr0 = CR0_PE | CR0_PG;
                state.cr3 = 0x1000;
                state.cr4 = CR4_PAE;
                state.efer = EFER_LME | EFER_LMA;
                state.cs = flat(0x9b | SEGMENT_LONG | SEGMENT_GRANULAR);
                for (entry, value) in [(0x1000, 0x2007_u64)]
                    .into_iter()
                    .chain((0..4).map(|gigabyte| (0x2000 + 8 * gigabyte, gigabyte << 30 | 0x87)))
                {
                    ram.write(Gpa(entry), &value.to_le_bytes()).unwrap();
                }
            }
        }
        Self { vcpu, ram, device: Device::new() }
    }

    /// Emulates `code` at RIP.
    pub fn emulate(&mut self, code: &[u8]) -> Result<Done, Refusal> {
        self.ram.write(Gpa(self.vcpu.state.rip), code).unwrap();
        self.again()
    }

    /// Emulates what is at RIP.
    pub fn again(&mut self) -> Result<Done, Refusal> {
        let fault = MemoryFault { gpa: Gpa(DEVICE), access: Access::Read };
        emulate(fault, &mut self.vcpu, 40, &mut self.device, &self.ram, NOW)
    }

    /// Emulates `code`, which completes.
    pub fn run(&mut self, code: &[u8]) {
        let rip = self.vcpu.state.rip;
        assert_eq!(self.emulate(code), Ok(Done::default()), "{code:x?}");
        assert_eq!(self.vcpu.injected, None, "{code:x?}");
        assert_eq!(self.vcpu.state.rip, rip + code.len() as u64, "{code:x?}");
    }

    /// Emulates `code`, which faults and changes nothing.
    pub fn faults(&mut self, code: &[u8], fault: Fault) {
        let before = self.vcpu.state;
        assert_eq!(self.emulate(code), Ok(Done::default()));
        assert_eq!(self.vcpu.injected.take(), Some(Event::Fault(fault)), "{code:x?}");
        assert_eq!(self.vcpu.state, before);
    }

    pub fn gprs(&mut self) -> &mut Gprs {
        &mut self.vcpu.state.gprs
    }

    /// Puts `value` into the device at `offset`.
    pub fn set(&mut self, offset: usize, value: u64) {
        self.device.bytes[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes of the device at `offset`.
    pub fn get(&self, offset: usize) -> u64 {
        u64::from_le_bytes(self.device.bytes[offset..offset + 8].try_into().unwrap())
    }

    /// Eight bytes of RAM.
    pub fn ram(&self, gpa: u64) -> u64 {
        u64::from_le_bytes(self.ram.peek(gpa, 8).try_into().unwrap())
    }

    pub fn set_ram(&self, gpa: u64, value: u64) {
        self.ram.write(Gpa(gpa), &value.to_le_bytes()).unwrap();
    }
}
