//! The emulated guest: flat segments, and two pages for operands, of which the first is RAM and the second a device.

use crate::generate::{Case, Mode};
use machine::emulate::{emulate, Done, Mmio, OperandSize};
use machine::memory::{Gpa, GuestMemory, NotRam, RamLayout};
use machine::pc::Effects;
use machine::time::Instant;
use machine::vcpu::*;
use std::cell::RefCell;

/// Linear address of the pages.
pub const BUFFER: u64 = 0x1000_0000;
/// How many they are.
pub const PAGES: usize = 2;
const PAGE: usize = 4096;
/// Their bytes.
pub const MEMORY: usize = PAGES * PAGE;

const RAM_SIZE: usize = 0x10_0000;
/// Where the first page is.
const FIRST: u64 = 0x1_0000;
/// Where the second is.
const DEVICE: u64 = 0xfee0_0000;
const CODE: u64 = 0x8000;

/// What an instruction leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Result {
    pub registers: [u64; 16],
    pub flags: u64,
}

pub struct Guest {
    cpu: Cpu,
    ram: Ram,
    device: Device,
}

impl Guest {
    pub fn new(mode: Mode) -> Self {
        let ram = Ram(RefCell::new(vec![0; RAM_SIZE]));
        let state = if mode == Mode::Bits64 { long_mode(&ram) } else { protected_mode(&ram) };
        Self { cpu: Cpu(state), ram, device: Device([0; PAGE]) }
    }

    pub fn set_memory(&mut self, memory: &[u8; MEMORY]) {
        self.ram.write(Gpa(FIRST), &memory[..PAGE]).unwrap();
        self.device.0.copy_from_slice(&memory[PAGE..]);
    }

    pub fn memory(&self) -> [u8; MEMORY] {
        let mut memory = [0; MEMORY];
        self.ram.read(Gpa(FIRST), &mut memory[..PAGE]).unwrap();
        memory[PAGE..].copy_from_slice(&self.device.0);
        memory
    }

    pub fn emulate(&mut self, case: &Case) -> Result {
        self.ram.write(Gpa(CODE), &case.code).unwrap();
        let state = &mut self.cpu.0;
        let [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15] = case.registers;
        state.gprs = Gprs { rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };
        (state.rip, state.rsp, state.rflags) = (CODE, rsp, case.flags | RFLAGS_FIXED);
        let fault = MemoryFault { gpa: Gpa(DEVICE), access: Access::Read };
        let done = emulate(fault, &mut self.cpu, 40, &mut self.device, &self.ram, Instant(0));
        assert_eq!(done, Ok(Done::default()), "{case:x?}");
        let state = &self.cpu.0;
        assert_eq!(state.rip, CODE + case.code.len() as u64, "{case:x?}");
        let Gprs { rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 } = state.gprs;
        let registers = [rax, rcx, rdx, rbx, state.rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
        Result { registers, flags: state.rflags }
    }
}

fn segment(attributes: u16) -> Segment {
    Segment { selector: 8, attributes, limit: u32::MAX, base: 0 }
}

/// Four levels of page tables: 2 MiB of RAM at 0, and the two pages.
fn long_mode(ram: &Ram) -> CpuState {
    for (place, entry) in [
        (0x1000, 0x2007),
        (0x2000, 0x3007),
        (0x3000, 0x87),
        (0x3000 + (BUFFER >> 21) * 8, 0x4007),
        (0x4000, FIRST | 7),
        (0x4008, DEVICE | 7),
    ] {
        ram.write(Gpa(place), &u64::to_le_bytes(entry)).unwrap();
    }
    CpuState {
        cr0: CR0_PE | CR0_PG,
        cr3: 0x1000,
        cr4: CR4_PAE,
        efer: EFER_LME | EFER_LMA,
        cs: segment(0x9b | SEGMENT_LONG),
        ..CpuState::default()
    }
}

/// Two levels of page tables: 4 MiB of RAM at 0, and the two pages.
fn protected_mode(ram: &Ram) -> CpuState {
    const CR4_PSE: u64 = 1 << 4;
    for (place, entry) in [
        (0x1000, 0x87),
        (0x1000 + (BUFFER >> 22) * 4, 0x2007),
        (0x2000, FIRST as u32 | 7),
        (0x2004, DEVICE as u32 | 7),
    ] {
        ram.write(Gpa(place), &u32::to_le_bytes(entry)).unwrap();
    }
    let data = segment(0x93 | SEGMENT_BIG);
    CpuState {
        cr0: CR0_PE | CR0_PG,
        cr3: 0x1000,
        cr4: CR4_PSE,
        cs: segment(0x9b | SEGMENT_BIG),
        ds: data,
        es: data,
        ss: data,
        ..CpuState::default()
    }
}

struct Ram(RefCell<Vec<u8>>);

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

struct Device([u8; PAGE]);

impl Mmio for Device {
    fn read_mmio(&mut self, _: Instant, gpa: Gpa, size: OperandSize) -> Option<u64> {
        let start = (gpa.0 - DEVICE) as usize;
        let mut value = [0; 8];
        value[..size.bytes()].copy_from_slice(&self.0[start..start + size.bytes()]);
        Some(u64::from_le_bytes(value))
    }

    fn write_mmio(&mut self, _: Instant, gpa: Gpa, size: OperandSize, value: u64) -> Option<Effects> {
        let start = (gpa.0 - DEVICE) as usize;
        self.0[start..start + size.bytes()].copy_from_slice(&value.to_le_bytes()[..size.bytes()]);
        Some(Effects::default())
    }
}

struct Cpu(CpuState);

#[rustfmt::skip]
impl Vcpu for Cpu {
    fn gprs(&self) -> &Gprs { &self.0.gprs }
    fn gprs_mut(&mut self) -> &mut Gprs { &mut self.0.gprs }
    fn rflags(&self) -> u64 { self.0.rflags }
    fn set_rflags(&mut self, value: u64) { self.0.rflags = value; }
    fn set_rsp(&mut self, value: u64) { self.0.rsp = value; }
    fn cr4(&self) -> u64 { self.0.cr4 }
    fn cr0(&self) -> u64 { self.0.cr0 }
    fn efer(&self) -> u64 { self.0.efer }
    fn cpl(&self) -> u8 { 0 }
    fn complete_instruction(&mut self, next_rip: u64) { self.0.rip = next_rip; }
    fn was_delivering(&self) -> bool { false }
    fn inject(&mut self, event: Event) { panic!("{event:?}, but the processor executes it") }
    fn takes_nmi(&self) -> bool { false }
    fn interruptible(&self) -> bool { true }
    fn request_interrupt_window(&mut self, _: machine::vcpu::InterruptWindow) {}
    fn cr8(&self) -> u8 {
        0
    }
    fn set_cr8(&mut self, _: u8) {}
    fn set_control_register(&mut self, _: ControlRegister, _: u64) {}
    fn set_pdptes(&mut self, _: &[u64; 4]) {}
    fn set_efer(&mut self, _: u64) {}
    fn pat(&self) -> u64 { 0 }
    fn set_pat(&mut self, _: u64) {}
    fn xcr0(&self) -> u64 { 0 }
    fn set_xcr0(&mut self, _: u64) {}
    fn tsc(&self) -> u64 { 0 }
    fn set_tsc(&mut self, _: u64) {}
    fn state(&self) -> CpuState { self.0 }
    fn load(&mut self, state: &CpuState) { self.0 = *state; }
}
