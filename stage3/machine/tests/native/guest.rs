//! The emulated guest: two pages for operands, of which the first is RAM and the second a device.

mod board;
mod cpu;
mod state;

use crate::generate::{Case, PORT_PAGE};
use crate::mode::Mode;
use board::{Device, Ram, PAGE};
use cpu::Cpu;
use machine::cpuid::{CpuidConfig, CpuidPolicy, CpuidResult, HostCpuid};
use machine::emulate::{emulate, Done};
use machine::exits::{handle, Outcome, VirtualCpu};
use machine::memory::Gpa;
use machine::msr::MsrState;
use machine::port::Size;
use machine::pvclock::{PvClock, WallTime};
use machine::time::{Instant, TscScale};
use machine::vcpu::*;
pub use state::BUFFER;
use state::{CODE, DEVICE, FIRST, UNPAGED};

/// Bytes of the two pages.
pub const MEMORY: usize = 2 * PAGE;

/// What an instruction leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Result {
    pub registers: [u64; 16],
    pub flags: u64,
    pub ports: [u8; 4],
}

impl Result {
    /// It is the same as that of real execution.
    pub fn assert_like(&self, executed: &Self, case: &Case, name: &str) {
        assert_eq!(self.registers, executed.registers, "{name}");
        let defined = FLAGS & !case.undefined;
        assert_eq!(self.flags & defined, executed.flags & defined, "{name}");
        if case.is_port_io {
            let ports = if case.registers[2] as u16 == PORT_PAGE as u16 { 2 } else { 4 };
            assert_eq!(self.ports[..ports], executed.ports[..ports], "{name}");
        }
    }
}

pub struct Guest {
    cpu: Cpu,
    identity: VirtualCpu,
    ram: Ram,
    /// Where the first page is.
    first: u64,
    device: Device,
}

impl Guest {
    pub fn new(mode: Mode) -> Self {
        let ram = Ram::new();
        let cpu = Cpu(state::of(mode, &ram));
        let is_paged = cpu.0.cr0 & CR0_PG != 0;
        let (first, start) = if is_paged { (FIRST, DEVICE) } else { (UNPAGED, UNPAGED + PAGE as u64) };
        let cpuid =
            CpuidPolicy::new(&Host, &CpuidConfig { tsc_khz: 1_000_000, rdtscp: false, invpcid: false });
        let clock = PvClock::new(TscScale::from_khz(1_000_000), WallTime::default());
        let msr = MsrState::after_firmware(&cpuid, clock);
        let device = Device { start, page: [0; PAGE], ports: [0; 4] };
        Self { cpu, identity: VirtualCpu { cpuid, msr }, ram, first, device }
    }

    /// Sets the pages, from `offset` on.
    pub fn set_memory(&mut self, offset: usize, memory: &[u8]) {
        let mut all = [0; MEMORY];
        all[offset..offset + memory.len()].copy_from_slice(memory);
        self.ram.set(self.first, &all[..PAGE]);
        self.device.page.copy_from_slice(&all[PAGE..]);
    }

    pub fn memory(&self) -> [u8; MEMORY] {
        let mut memory = [0; MEMORY];
        self.ram.get(self.first, &mut memory[..PAGE]);
        memory[PAGE..].copy_from_slice(&self.device.page);
        memory
    }

    /// Emulates the instruction, with `ports` before.
    pub fn emulate(&mut self, case: &Case, ports: [u8; 4]) -> Result {
        self.ram.set(CODE, &case.code);
        self.device.ports = ports;
        let state = &mut self.cpu.0;
        let [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15] = case.registers;
        state.gprs = Gprs { rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };
        let system_flags = state.rflags & !FLAGS;
        (state.rip, state.rsp, state.rflags) = (CODE, rsp, case.flags | RFLAGS_FIXED | system_flags);
        let next_rip = CODE + case.code.len() as u64;
        if case.is_port_io {
            self.port_io(case, next_rip);
        } else {
            let fault = MemoryFault { gpa: Gpa(DEVICE), access: Access::Read };
            let done = emulate(fault, &mut self.cpu, 40, &mut self.device, &self.ram, Instant(0));
            assert_eq!(done, Ok(Done::default()), "{case:x?}");
        }
        let state = &self.cpu.0;
        assert_eq!(state.rip, next_rip, "{case:x?}");
        let Gprs { rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 } = state.gprs;
        let registers = [rax, rcx, rdx, rbx, state.rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
        Result { registers, flags: state.rflags, ports: self.device.ports }
    }

    /// INS and OUTS exit for the port.
    fn port_io(&mut self, case: &Case, next_rip: u64) {
        let opcode = case.code[case.code.len() - 1];
        let is_wide = (case.mode.bits() == 16) == case.code.contains(&0x66);
        let size = match (opcode & 1, is_wide) {
            (0, _) => Size::Byte,
            (_, false) => Size::Word,
            (_, true) => Size::Dword,
        };
        let direction = if opcode < 0x6e { Direction::In } else { Direction::Out };
        let io = PortIo { port: case.registers[2] as u16, size, direction, string: true };
        let exit = Exit { reason: ExitReason::PortIo(io), next_rip };
        let handled =
            handle(exit, &mut self.cpu, &mut self.identity, &mut self.device, &self.ram, Instant(0));
        assert_eq!(handled.outcome, Outcome::Resume, "{case:x?}");
    }
}

/// CF, PF, AF, ZF, SF, DF and OF.
pub const FLAGS: u64 = 0xcd5;

/// This computer's processor.
struct Host;

impl HostCpuid for Host {
    fn leaf(&self, leaf: u32, subleaf: u32) -> CpuidResult {
        let result = core::arch::x86_64::__cpuid_count(leaf, subleaf);
        CpuidResult { eax: result.eax, ebx: result.ebx, ecx: result.ecx, edx: result.edx }
    }
}
