mod pc;

use super::mock::{virtual_cpu, MockVcpu};
use super::*;
use crate::cpuid::CpuVendor;
use crate::device::lapic::TSC_DEADLINE;
use crate::emulate::{Mmio, OperandSize};
use crate::memory::test_ram::TestRam;
use crate::memory::Gpa;
use crate::pc::{test_pc, Effects, PowerEvent, ResetSource};
use crate::port::Size;
use crate::vcpu::{Access, ControlRegister, Direction, MemoryFault, PortIo, Segment, CR4_DE, CR4_OSXSAVE};
use std::string::ToString;
use std::vec::Vec;

const NEXT: u64 = 0x1002;
const NOW: Instant = Instant(77);
/// Where devices of [`TestBus`] write to memory.
const TRANSFERRED: Gpa = Gpa(0x4000);
const DEVICE: Gpa = Gpa(0xfec0_0000);
const UD: Option<Event> = Some(Event::Fault(Fault::InvalidOpcode));
const GP: Option<Event> = Some(Event::Fault(Fault::GeneralProtection));

/// A board that answers every IN with the same value and keeps a list of the OUTs.
#[derive(Default)]
struct TestBus {
    input: u32,
    writes: Vec<(u16, Size, u32)>,
    effects: Effects,
    stored: u64,
    has_lapic: bool,
    can_signal: bool,
}

impl PortBus for TestBus {
    fn read_port(&mut self, now: Instant, _port: u16, _size: Size) -> u32 {
        assert_eq!(now, NOW);
        self.input
    }
    fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> Effects {
        assert_eq!(now, NOW);
        self.writes.push((port, size, value));
        self.effects
    }
    fn transfer(&mut self, memory: &dyn GuestMemory) {
        memory.write(TRANSFERRED, &[0xdd]).unwrap();
    }
}

/// One device, in the word at [`DEVICE`], and one MSR, the deadline, that holds what was written.
impl Mmio for TestBus {
    fn read_mmio(&mut self, _now: Instant, gpa: Gpa, _size: OperandSize) -> Option<u64> {
        (gpa == DEVICE).then_some(self.input.into())
    }
    fn write_mmio(&mut self, _now: Instant, gpa: Gpa, _size: OperandSize, value: u64) -> Option<Effects> {
        self.stored = value;
        (gpa == DEVICE).then_some(self.effects)
    }
}

impl Board for TestBus {
    fn has_lapic(&self) -> bool {
        self.has_lapic
    }
    fn read_lapic_msr(&mut self, _now: Instant, index: u32) -> Result<u64, Fault> {
        if index == TSC_DEADLINE {
            Ok(self.stored)
        } else {
            Err(Fault::GeneralProtection)
        }
    }
    fn write_lapic_msr(&mut self, _now: Instant, tsc: u64, index: u32, value: u64) -> Result<(), Fault> {
        self.stored = tsc + value;
        if index == TSC_DEADLINE {
            Ok(())
        } else {
            Err(Fault::GeneralProtection)
        }
    }
    fn tsc_changed(&mut self, _now: Instant, tsc: u64) {
        self.stored = tsc;
    }
    fn can_signal(&self) -> bool {
        self.can_signal
    }
}

struct Bench {
    vcpu: MockVcpu,
    cpu: VirtualCpu,
    bus: TestBus,
    ram: TestRam,
}

impl Bench {
    fn new() -> Self {
        let mut vcpu = MockVcpu::default();
        vcpu.state.rip = 0x1000;
        Self {
            vcpu,
            cpu: virtual_cpu(CpuVendor::Intel),
            bus: TestBus::default(),
            ram: TestRam::new(0x1_0000),
        }
    }

    fn exit(&mut self, reason: ExitReason) -> Handled {
        let exit = Exit { reason, next_rip: NEXT };
        handle(exit, &mut self.vcpu, &mut self.cpu, &mut self.bus, &self.ram, NOW)
    }

    /// The instruction is done and nothing else happened.
    fn completes(&mut self, reason: ExitReason) {
        assert_eq!(self.exit(reason), Outcome::Resume.silent());
        assert_eq!((self.vcpu.state.rip, self.vcpu.injected), (NEXT, None));
    }

    /// The guest takes `event` at the instruction.
    fn faults(&mut self, reason: ExitReason, event: Option<Event>) {
        let before = self.vcpu.state;
        assert_eq!(self.exit(reason), Outcome::Resume.silent());
        assert_eq!((self.vcpu.state, self.vcpu.injected.take()), (before, event));
    }
}

fn port_io(direction: Direction, size: Size) -> ExitReason {
    ExitReason::PortIo(PortIo { port: 0x3f8, size, direction, string: false })
}

#[test]
fn a_device_that_asks_for_it_reaches_memory() {
    let mut bench = Bench::new();
    bench.completes(port_io(Direction::Out, Size::Dword));
    assert_eq!(bench.ram.peek(TRANSFERRED.0, 1), [0]);
    bench.bus.effects.transfer = true;
    bench.completes(port_io(Direction::Out, Size::Dword));
    assert_eq!(bench.ram.peek(TRANSFERRED.0, 1), [0xdd]);
}

#[test]
fn in_merges_with_rax() {
    let mut bench = Bench::new();
    bench.bus.input = 0xaabb_ccdd;
    for (size, rax) in
        [(Size::Byte, 0xffff_ffff_ffff_ffdd), (Size::Word, 0xffff_ffff_ffff_ccdd), (Size::Dword, 0xaabb_ccdd)]
    {
        bench.vcpu.state.gprs.rax = u64::MAX;
        bench.completes(port_io(Direction::In, size));
        assert_eq!(bench.vcpu.state.gprs.rax, rax);
    }
}

#[test]
fn out_writes_the_operand_and_returns_the_output() {
    let mut bench = Bench::new();
    bench.vcpu.state.gprs.rax = 0x1122_3344_5566_7788;
    for size in [Size::Byte, Size::Word, Size::Dword] {
        bench.completes(port_io(Direction::Out, size));
    }
    let written = [(0x3f8, Size::Byte, 0x88), (0x3f8, Size::Word, 0x7788), (0x3f8, Size::Dword, 0x5566_7788)];
    assert_eq!(bench.bus.writes, written);
    bench.bus.effects = test_pc(1 << 20).write_port(NOW, 0x3f8, Size::Byte, b'x'.into());
    assert_eq!(bench.exit(port_io(Direction::Out, Size::Byte)).output.as_slice(), b"x");
}

#[test]
fn a_reset_port_stops_the_vm() {
    let mut bench = Bench::new();
    bench.bus.effects.power = Some(PowerEvent::Reset(ResetSource::KeyboardController));
    let handled = bench.exit(port_io(Direction::Out, Size::Byte));
    assert_eq!(handled.outcome, Outcome::Stop(StopReason::Reset(ResetSource::KeyboardController)));
}

#[test]
fn a_breakpoint_on_a_port_traps_behind_the_instruction() {
    for direction in [Direction::In, Direction::Out] {
        let mut bench = Bench::new();
        bench.vcpu.state.cr4 = CR4_DE;
        bench.vcpu.dr7 = 0x2002_0022;
        bench.vcpu.breakpoints = [0x3f8, 0, 0x3f8, 0];
        bench.completes(port_io(direction, Size::Byte));
        assert_eq!(bench.vcpu.trapped, 0b0001, "{direction:?}");
    }
}

#[test]
fn output_drops_what_has_no_room() {
    let mut output = Output::default();
    output.extend(&[0; Output::CAPACITY / 2]);
    assert!(output.has_room_for_one());
    output.extend(&[0]);
    assert!(!output.has_room_for_one());
    let mut output = Output::default();
    output.extend(&[0]);
    let bytes: Vec<u8> = (1..=Output::CAPACITY as u8).collect();
    output.extend(&bytes);
    assert_eq!((output.room(), output.as_slice().len()), (0, Output::CAPACITY));
    assert_eq!(output.as_slice().last(), Some(&(Output::CAPACITY as u8 - 1)));
}

#[test]
fn cpuid_answers_from_the_low_halves_of_rax_and_rcx() {
    let mut bench = Bench::new();
    bench.vcpu.state.cr4 = CR4_OSXSAVE;
    bench.vcpu.xcr0 = 7;
    let gprs = &mut bench.vcpu.state.gprs;
    (gprs.rax, gprs.rcx, gprs.rbx, gprs.rdx) =
        (0xffff_ffff_0000_000d, 0xffff_ffff_0000_0000, u64::MAX, u64::MAX);
    bench.completes(ExitReason::Cpuid);
    let gprs = bench.vcpu.state.gprs;
    assert_eq!((gprs.rax, gprs.rbx, gprs.rcx, gprs.rdx), (0xe7, 832, 2688, 0));

    bench.vcpu.state.gprs.rax = 1;
    bench.completes(ExitReason::Cpuid);
    assert_ne!(bench.vcpu.state.gprs.rcx & 1 << 27, 0, "OSXSAVE");
}

#[test]
fn rdmsr_and_wrmsr_use_edx_eax() {
    let mut bench = Bench::new();
    let gprs = &mut bench.vcpu.state.gprs;
    (gprs.rax, gprs.rcx, gprs.rdx) = (0xffff_ffff_0707_0707, 0xffff_ffff_0000_0277, 0xffff_ffff_0606_0606);
    bench.completes(ExitReason::WriteMsr);
    assert_eq!(bench.vcpu.pat, 0x0606_0606_0707_0707);
    bench.vcpu.pat = 0x0101_0101_0404_0404;
    bench.completes(ExitReason::ReadMsr);
    assert_eq!((bench.vcpu.state.gprs.rax, bench.vcpu.state.gprs.rdx), (0x0404_0404, 0x0101_0101));
}

#[test]
fn unknown_msrs_fault() {
    let mut bench = Bench::new();
    bench.vcpu.state.gprs.rcx = 0x1b;
    bench.faults(ExitReason::ReadMsr, GP);
    bench.faults(ExitReason::WriteMsr, GP);
}

#[test]
fn xsetbv_takes_what_xcr0_allows() {
    let mut bench = Bench::new();
    bench.vcpu.state.cr4 = CR4_OSXSAVE;
    for good in [1, 3, 7, 0xe7] {
        bench.vcpu.state.gprs.rax = good;
        bench.completes(ExitReason::Xsetbv);
        assert_eq!(bench.vcpu.xcr0, good);
    }
    // x87 off; AVX without SSE; AVX-512 in part, or without AVX; MPX, PKRU; high bits.
    for bad in [0, 2, 5, 0x27, 0xa7, 0xe3, 0x1f, 0x207, 1 << 40 | 1] {
        bench.vcpu.state.gprs.set_edx_eax(bad);
        bench.faults(ExitReason::Xsetbv, GP);
    }
    assert_eq!(bench.vcpu.xcr0, 0xe7);
}

#[test]
fn xsetbv_checks_mode_privilege_and_index() {
    let mut bench = Bench::new();
    bench.vcpu.state.gprs.rax = 1;
    bench.faults(ExitReason::Xsetbv, UD);
    bench.vcpu.state.cr4 = CR4_OSXSAVE;
    bench.vcpu.state.gprs.rcx = 1;
    bench.faults(ExitReason::Xsetbv, GP);
    bench.vcpu.state.gprs.rcx = 0xffff_ffff_0000_0000;
    bench.vcpu.cpl = 3;
    bench.faults(ExitReason::Xsetbv, GP);
    bench.vcpu.cpl = 0;
    bench.completes(ExitReason::Xsetbv);
}

#[test]
fn control_registers_are_written_or_fault() {
    let mut bench = Bench::new();
    let cr0 = |value| ExitReason::WriteControlRegister { register: ControlRegister::Cr0, value };
    bench.completes(cr0(0x8000_0011));
    assert_eq!(bench.vcpu.state.cr0, 0x8000_0011);
    bench.faults(cr0(0x8000_0010), GP);
}

#[test]
fn instructions_without_effect_and_without_existence() {
    let mut bench = Bench::new();
    bench.faults(ExitReason::Undefined, UD);
    bench.faults(ExitReason::FloatingPointError, Some(Event::Fault(Fault::FloatingPoint)));
    bench.faults(ExitReason::Forbidden, GP);
    bench.completes(ExitReason::CacheFlush);
}

#[test]
fn exits_that_are_no_instructions_leave_rip_alone() {
    let mut bench = Bench::new();
    bench.faults(ExitReason::InterruptWindow, None);
    bench.faults(ExitReason::Host, None);
}

#[test]
fn halt_waits_only_if_an_interrupt_can_come() {
    let mut bench = Bench::new();
    bench.vcpu.state.rflags = RFLAGS_IF;
    assert_eq!(bench.exit(ExitReason::Halt).outcome, Outcome::Halt);
    assert_eq!(bench.vcpu.state.rip, NEXT);
    bench.vcpu.state.rflags = !RFLAGS_IF;
    assert_eq!(bench.exit(ExitReason::Halt).outcome, Outcome::Resume, "TF: the step over HLT wakes it");
    bench.vcpu.state.rflags = !(RFLAGS_IF | RFLAGS_TF);
    assert_eq!(bench.exit(ExitReason::Halt).outcome, Outcome::Stop(StopReason::Halted));
    bench.bus.can_signal = true;
    assert_eq!(bench.exit(ExitReason::Halt).outcome, Outcome::Halt, "an NMI may come");
    bench.bus.can_signal = false;
    bench.vcpu.injected = Some(Event::Nmi);
    assert_eq!(bench.exit(ExitReason::Halt).outcome, Outcome::Halt, "an NMI waits");
}

#[test]
fn what_stops_a_vm_says_so_in_words() {
    let fault = MemoryFault { gpa: DEVICE, access: Access::Fetch };
    for (reason, words) in [
        (ExitReason::Shutdown, "triple fault: the guest could not handle an exception"),
        (ExitReason::PageTables(DEVICE), "the guest read from address 0xfec00000, where there is no memory"),
        (
            ExitReason::MemoryFault(fault),
            "the guest executed at address 0xfec00000, where there is no memory",
        ),
        (ExitReason::Unsupported("task switch"), "the guest needs what pxHV does not have: task switch"),
        (ExitReason::EntryFailed, "the processor refused to enter the guest in this state"),
    ] {
        let mut bench = Bench::new();
        let Outcome::Stop(stop) = bench.exit(reason).outcome else { panic!("{reason:?} does not stop") };
        assert_eq!(stop.to_string(), words);
    }
    assert_eq!(StopReason::Exit(7).to_string(), "the guest ended with code 7");
    assert_eq!(StopReason::Halted.to_string(), "powered off: halted with interrupts disabled");
    let reset = StopReason::Reset(ResetSource::ResetControl);
    assert_eq!(reset.to_string(), "reset requested by the guest: the reset control register (port CF9h)");
}

/// A guest in real mode whose DS is where the device is, with `code` at CS:RIP.
fn at_device(code: &[u8]) -> Bench {
    let mut bench = Bench::new();
    let segment = |base| Segment { selector: 0, attributes: 0x93, limit: 0xffff, base };
    bench.vcpu.state.rip = 0x1000;
    bench.vcpu.state.cs = segment(0);
    bench.vcpu.state.ds = segment(DEVICE.0);
    bench.ram.write(Gpa(0x1000), code).unwrap();
    bench
}

#[test]
fn an_instruction_on_a_device_is_done_there() {
    // MOV EAX, [0]
    let mut bench = at_device(b"\x66\xa1\x00\x00");
    bench.bus.input = 0x1234_5678;
    let fault = ExitReason::MemoryFault(MemoryFault { gpa: DEVICE, access: Access::Read });
    assert_eq!(bench.exit(fault).outcome, Outcome::Resume);
    assert_eq!((bench.vcpu.state.gprs.rax, bench.vcpu.state.rip), (0x1234_5678, 0x1004));
}

#[test]
fn a_device_that_switches_off_ends_the_vm() {
    // MOV [0], AL
    let mut bench = at_device(b"\xa2\x00\x00");
    bench.bus.effects.power = Some(PowerEvent::Off);
    let fault = ExitReason::MemoryFault(MemoryFault { gpa: DEVICE, access: Access::Write });
    assert_eq!(bench.exit(fault).outcome, Outcome::Stop(StopReason::PowerOff));
}

#[test]
fn what_can_not_be_done_on_a_device_is_named_with_its_bytes() {
    // FLD DWORD [0]
    let mut bench = at_device(b"\xd9\x06\x00\x00");
    let fault = ExitReason::MemoryFault(MemoryFault { gpa: DEVICE, access: Access::Read });
    let Outcome::Stop(stop) = bench.exit(fault).outcome else { panic!("it was done") };
    assert!(stop.to_string().ends_with(": fld dword ptr [0x0] (d9 06 00 00)"), "{stop}");
}

#[test]
fn msrs_of_the_local_apic_are_the_boards() {
    let mut bench = Bench::new();
    bench.vcpu.tsc = 1000;
    bench.vcpu.state.gprs.rcx = TSC_DEADLINE.into();
    bench.vcpu.state.gprs.rax = 7;
    assert_eq!(bench.exit(ExitReason::WriteMsr).outcome, Outcome::Resume);
    bench.vcpu.state.gprs.rax = 0;
    assert_eq!(bench.exit(ExitReason::ReadMsr).outcome, Outcome::Resume);
    assert_eq!(bench.vcpu.state.gprs.rax, 1007, "the deadline and the TSC");
    bench.vcpu.state.gprs.rcx = 0x80b;
    bench.faults(ExitReason::ReadMsr, GP);
    bench.faults(ExitReason::WriteMsr, GP);
}

#[test]
fn the_board_hears_of_a_new_tsc() {
    let mut bench = Bench::new();
    bench.vcpu.state.gprs.rcx = crate::msr::TSC.into();
    bench.vcpu.state.gprs.rax = 99;
    assert_eq!(bench.exit(ExitReason::WriteMsr).outcome, Outcome::Resume);
    assert_eq!(bench.bus.stored, 99);
}
