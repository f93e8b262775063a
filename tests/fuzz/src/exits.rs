//! Exits of any kind, one after the other, on a virtual CPU of plain data and a whole board: the run loop of a guest
//! that does what it likes.

use crate::board::{port, size, LAPIC};
use crate::cpu;
use arbitrary::{Result, Unstructured};
use machine::cpuid::CpuVendor;
use machine::emulate;
use machine::exits::{handle, Handled, Outcome, Output, StopReason, VirtualCpu};
use machine::memory::{Gpa, GuestMemory};
use machine::pc::{DebugPorts, Pc, PcConfig, IOAPIC};
use machine::testing::{virtual_cpu, MockVcpu};
use machine::time::{Instant, TscScale};
use machine::vcpu::{
    Access, ControlRegister, Direction, Event, EventKind, Exit, ExitReason, Fault, MemoryFault, PortIo,
    TaskSwitch, TaskSwitchCause, Vcpu,
};
use machine::vcpu::{CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME};
use std::sync::Once;

/// MSRs, and how many follow: those of the policy, and neighbours that don't exist.
const MSRS: [(u32, u32); 18] = [
    (0x10, 1),
    (0x17, 1),
    (0x1b, 1),
    (0x3b, 1),
    (0x8b, 1),
    (0xfe, 2),
    (0x174, 8),
    (0x400, 4),
    (0x1a0, 1),
    (0x200, 0x21),
    (0x250, 0x20),
    (0x277, 1),
    (0x2ff, 1),
    (0x6e0, 1),
    (0x800, 0x40),
    (0x4b56_4d00, 2),
    (0xc000_0080, 5),
    (0xc001_0000, 0x120),
];
/// The number of the first hypercall.
const HYPERCALLS: u32 = 0x5058_0000;
/// CPUID leaves where a range begins.
const LEAVES: [u32; 4] = [0, 0x4000_0000, 0x8000_0000, 0xffff_ff00];

fn reason(u: &mut Unstructured, vcpu: &MockVcpu) -> Result<ExitReason> {
    Ok(match u.int_in_range(0..=24)? {
        0..=4 => ExitReason::PortIo(PortIo {
            port: port(u)?,
            size: size(u)?,
            direction: *u.choose(&[Direction::In, Direction::Out])?,
            string: u.ratio(1, 3)?,
        }),
        5 | 6 => ExitReason::Cpuid,
        7..=9 => ExitReason::ReadMsr,
        10..=12 => ExitReason::WriteMsr,
        13 => ExitReason::Xsetbv,
        14 => ExitReason::Halt,
        15 => {
            let register = *u.choose(&[ControlRegister::Cr0, ControlRegister::Cr4])?;
            let old = if register == ControlRegister::Cr0 { vcpu.state.cr0 } else { vcpu.state.cr4 };
            let bits = [u.arbitrary()?, 1 << u.int_in_range(0..=31)?, CR0_PG | CR0_PE, 0];
            ExitReason::WriteControlRegister { register, value: old ^ u.choose(&bits)? }
        }
        16 => ExitReason::Hypercall,
        17 => *u.choose(&[ExitReason::CacheFlush, ExitReason::InterruptWindow, ExitReason::Host])?,
        18 => *u.choose(&[
            ExitReason::Undefined,
            ExitReason::Forbidden,
            ExitReason::FloatingPointError,
            ExitReason::InvalidOpcode,
        ])?,
        19 => *u.choose(&[
            ExitReason::Shutdown,
            ExitReason::PageTables(IOAPIC),
            ExitReason::Unsupported("it"),
            ExitReason::EntryFailed,
        ])?,
        20 => ExitReason::TaskSwitch(task_switch(u)?),
        _ => {
            let page = *u.choose(&[LAPIC.0, IOAPIC.0, 0xb_8000, 1 << 32])?;
            let gpa = Gpa(page + u.int_in_range(0..=0xfff)?);
            let access = *u.choose(&[Access::Read, Access::Write, Access::Write, Access::Fetch])?;
            ExitReason::MemoryFault(MemoryFault { gpa, access })
        }
    })
}

fn task_switch(u: &mut Unstructured) -> Result<TaskSwitch> {
    let gate = TaskSwitchCause::Gate {
        vector: u.int_in_range(0..=32)?,
        kind: *u.choose(&[EventKind::Interrupt, EventKind::Software, EventKind::Exception])?,
        error_code: u.arbitrary()?,
    };
    let cause = *u.choose(&[TaskSwitchCause::Call, TaskSwitchCause::Iret, TaskSwitchCause::Jump, gate])?;
    Ok(TaskSwitch { selector: u.int_in_range(0..=0x80)?, cause })
}

/// Registers that mean something to the exit.
fn operands(
    u: &mut Unstructured,
    reason: ExitReason,
    vcpu: &mut MockVcpu,
    ram: &dyn GuestMemory,
) -> Result<()> {
    let gprs = &mut vcpu.state.gprs;
    match reason {
        ExitReason::ReadMsr | ExitReason::WriteMsr => {
            let (first, number) = *u.choose(&MSRS)?;
            gprs.rcx =
                u64::from(first + u.int_in_range(0..=number - 1)?) | u64::from(u.arbitrary::<u8>()?) << 40;
            gprs.rax = if u.arbitrary()? { u.arbitrary()? } else { u.int_in_range(0..=0xfff)? };
            gprs.rdx = if u.arbitrary()? { u.arbitrary()? } else { 0 };
        }
        ExitReason::Cpuid => {
            gprs.rax = u64::from(u.choose(&LEAVES)?.wrapping_add(u.int_in_range(0..=0x30)?));
            gprs.rcx = u.int_in_range(0..=20)?;
        }
        ExitReason::Xsetbv => {
            gprs.rcx = u.int_in_range(0..=1)?;
            (gprs.rax, gprs.rdx) = (u.arbitrary::<u16>()?.into(), 0);
            vcpu.state.cr4 |= 1 << 18;
        }
        ExitReason::Hypercall | ExitReason::InvalidOpcode => {
            gprs.rax = u64::from(HYPERCALLS + u.int_in_range(0..=5)?);
            gprs.rbx = u.int_in_range(0..=2)?;
            gprs.rcx = u.int_in_range(0..=100)?;
            // VMCALL or VMMCALL.
            if u.arbitrary()? {
                let last = *u.choose(&[0xc1, 0xd9])?;
                let _ = ram.write(Gpa(vcpu.state.cs.base + vcpu.state.rip), &[0x0f, 0x01, last]);
            }
        }
        // The address of a command to the firmware configuration device.
        ExitReason::PortIo(PortIo { port: 0x514..0x51c, .. }) => {
            gprs.rax = u.int_in_range(0..=0x1_ffff_u32)?.swap_bytes().into();
        }
        _ => {}
    }
    Ok(())
}

/// Whether an instruction was completed, or else nothing but a fault came of it.
fn check_instruction(exit: Exit, before: &MockVcpu, after: &MockVcpu) {
    match after.injected {
        None => assert_eq!(after.state.rip, exit.next_rip, "{exit:x?}"),
        Some(Event::Fault(_)) => assert_eq!(after.state, before.state, "{exit:x?}"),
        Some(event) => panic!("{event:?} injected at {exit:x?}"),
    }
}

/// What no guest can get into its registers.
fn check_policy(vcpu: &MockVcpu, cpu: &VirtualCpu) {
    let xcr0 = vcpu.xcr0;
    assert_eq!(xcr0 & !cpu.cpuid.xcr0_allowed(), 0, "XCR0 {xcr0:#x}");
    assert!(xcr0 & 1 != 0 && (xcr0 & 4 == 0 || xcr0 & 2 != 0), "XCR0 {xcr0:#x}");
    assert!(vcpu.pat.to_le_bytes().iter().all(|kind| matches!(kind, 0 | 1 | 4..=7)), "PAT {:#x}", vcpu.pat);
}

/// Whether a control register can have `value`, by the rules that need no more than a line.
fn is_possible(register: ControlRegister, value: u64, before: &MockVcpu, cpu: &VirtualCpu) -> bool {
    match register {
        ControlRegister::Cr0 => {
            value >> 32 == 0
                && (value & CR0_PG == 0 || value & CR0_PE != 0)
                && (value & CR0_NW == 0 || value & CR0_CD != 0)
        }
        ControlRegister::Cr4 => {
            let is_long = before.state.efer & EFER_LME != 0 && before.state.cr0 & CR0_PG != 0;
            value & !cpu.cpuid.cr4_allowed() == 0
                && (!is_long || before.state.efer & EFER_LMA == 0 || value & CR4_PAE != 0)
        }
    }
}

/// What holds after `exit`, which changed `before` into `after`.
fn check(exit: Exit, handled: Handled, before: &MockVcpu, after: &MockVcpu, cpu: &VirtualCpu) {
    let (outcome, printed) = (handled.outcome, handled.output.as_slice().len());
    check_policy(after, cpu);
    let gprs = after.state.gprs;
    match exit.reason {
        ExitReason::Cpuid => {
            check_instruction(exit, before, after);
            assert_eq!(after.injected, None);
            assert_eq!((gprs.rax | gprs.rbx | gprs.rcx | gprs.rdx) >> 32, 0, "the upper halves are cleared");
        }
        ExitReason::ReadMsr => {
            check_instruction(exit, before, after);
            assert!(
                after.injected.is_some() || (gprs.rax | gprs.rdx) >> 32 == 0,
                "the upper halves are cleared"
            );
        }
        ExitReason::WriteMsr => {
            check_instruction(exit, before, after);
            let changed = before.state.efer ^ after.state.efer;
            let reserved = after.state.efer & !cpu.cpuid.efer_allowed() & !EFER_LMA;
            assert!(changed == 0 || reserved == 0, "EFER {:#x}", after.state.efer);
            assert_eq!(changed & EFER_LMA, 0, "EFER.LMA");
        }
        ExitReason::Xsetbv | ExitReason::CacheFlush => check_instruction(exit, before, after),
        ExitReason::Hypercall => {
            assert_eq!(after.injected, None);
            assert!(after.state.rip == exit.next_rip || printed == Output::CAPACITY, "{exit:x?}");
        }
        ExitReason::InvalidOpcode => {
            assert!(matches!(after.injected, None | Some(Event::Fault(Fault::InvalidOpcode))));
            assert!(after.injected.is_none() || after.state == before.state, "{exit:x?}");
        }
        ExitReason::WriteControlRegister { register, value } => {
            check_instruction(exit, before, after);
            assert!(after.injected.is_some() || is_possible(register, value, before, cpu), "{exit:x?}");
        }
        ExitReason::TaskSwitch(_) => {
            let stops = matches!(outcome, Outcome::Stop(StopReason::NotRam(_) | StopReason::TripleFault));
            assert!(stops || outcome == Outcome::Resume);
        }
        ExitReason::FloatingPointError => {
            assert_eq!(after.injected, Some(Event::Fault(Fault::FloatingPoint)));
        }
        ExitReason::Undefined => assert_eq!(after.injected, Some(Event::Fault(Fault::InvalidOpcode))),
        ExitReason::Forbidden => assert_eq!(after.injected, Some(Event::Fault(Fault::GeneralProtection))),
        ExitReason::Halt => assert_eq!((after.state.rip, after.injected), (exit.next_rip, None)),
        ExitReason::InterruptWindow | ExitReason::Host | ExitReason::Answered => {
            assert_eq!(after.state, before.state);
        }
        ExitReason::PortIo(io) if !io.string => {
            assert_eq!((after.state.rip, after.injected), (exit.next_rip, None));
        }
        ExitReason::PortIo(_) => {
            let at = after.state.rip;
            assert!(at == exit.next_rip || at == before.state.rip);
            assert!(after.injected.is_none() || at == before.state.rip);
        }
        ExitReason::MemoryFault(_) => {
            let refused =
                matches!(outcome, Outcome::Stop(StopReason::NotEmulated(_) | StopReason::NotRam(_)));
            assert!(!refused || (after.state, after.injected) == (before.state, None));
        }
        ExitReason::Shutdown
        | ExitReason::PageTables(_)
        | ExitReason::Unsupported(_)
        | ExitReason::EntryFailed => {
            assert!(matches!(outcome, Outcome::Stop(_)));
        }
    }
    // What would be printed.
    if let Outcome::Stop(reason) = outcome {
        assert!(!reason.to_string().is_empty());
    }
}

/// As the run loop brings interrupts to the CPU.
fn deliver(pc: &mut Pc, vcpu: &mut MockVcpu, takes: bool) {
    if pc.take_nmi() {
        vcpu.inject(Event::Nmi);
    }
    vcpu.set_cr8(pc.cr8());
    if takes && pc.interrupt_pending() && vcpu.interruptible() {
        let vector = pc.acknowledge_interrupt();
        vcpu.inject(Event::Interrupt(vector));
    }
    assert!(pc.held_back_class().is_none_or(|class| (1..=15).contains(&class)));
    vcpu.injected = None;
}

pub fn run(u: &mut Unstructured) -> Result<()> {
    static DECODER: Once = Once::new();
    DECODER.call_once(emulate::init);
    let ram = cpu::ram();
    let mut cpu = virtual_cpu(*u.choose(&[CpuVendor::Intel, CpuVendor::Amd])?);
    let mut pc = Pc::new(&PcConfig {
        layout: ram.layout(),
        cpus: 1,
        wall_clock: 1_700_000_000,
        tsc: TscScale::from_khz(1_000_000),
        physical_bits: cpu.cpuid.physical_address_bits() as u8,
        debug: DebugPorts { exit: Some(0xf4), console: Some(0xe9) },
    });
    let mut vcpu = cpu::cpu(u, &ram)?;
    (vcpu.pat, vcpu.xcr0) = (0x0007_0406_0007_0406, 1);
    let mut now = Instant(0);
    while !u.is_empty() {
        now = now + u64::from(u.arbitrary::<u16>()?) * 16;
        pc.advance(now);
        pc.take_init();
        deliver(&mut pc, &mut vcpu, u.arbitrary()?);
        if u.ratio(1, 8)? {
            let next = cpu::cpu(u, &ram)?;
            (vcpu.state, vcpu.cpl) = (next.state, next.cpl);
        }
        cpu::code(u, &vcpu, &ram)?;
        vcpu.tsc = now.0;
        vcpu.delivering = u.ratio(1, 32)?;
        let reason = reason(u, &vcpu)?;
        operands(u, reason, &mut vcpu, &ram)?;
        let exit = Exit { reason, next_rip: vcpu.state.rip.wrapping_add(u.int_in_range(1..=15)?) };
        let before = vcpu.clone();
        pc.set_cr8(vcpu.cr8());
        crate::tell(&(now, exit));
        let handled = handle(exit, &mut vcpu, &mut cpu, &mut pc, &ram, now);
        check(exit, handled, &before, &vcpu, &cpu);
        assert!(pc.next_deadline().is_none_or(|deadline| deadline > now));
        vcpu.injected = None;
        // The guest goes on elsewhere; where it was sent to may be no RAM.
        vcpu.state.rip = before.state.rip;
    }
    Ok(())
}
