//! What each exit of a guest leads to.
//!
//! | exit | outcome |
//! |---|---|
//! | IN, OUT, INS, OUTS | the board answers; a reset port stops the VM |
//! | CPUID, RDMSR, WRMSR, XSETBV | the policies answer, or the guest takes a fault |
//! | MOV to CR0 or CR4 | checked and done, or #GP |
//! | HLT | waits for an interrupt or NMI; stops the VM if none can come |
//! | hardware task switch | done, or the fault that it leads to |
//! | VMCALL, VMMCALL | the hypercall is done |
//! | #UD | the other vendor's hypercall is done, or the guest takes the exception |
//! | INVD, WBINVD | nothing to do |
//! | interrupt window, the host's own | nothing to do |
//! | CPUID, RDMSR, IN, hypercall, in most cases | [`answer`]ed before they come here |
//! | memory that is not RAM | the instruction is done on the device there |
//! | page tables that are not in RAM | stops the VM |
//! | triple fault, what isn't virtualized, failed entry | stops the VM |
//!
//! Handlers work on the registers of the virtual CPU and on the board; what concerns the world
//! outside of the VM they return, and the run loop does it.

mod answer;
mod breakpoints;
mod bus;
mod control;
mod control_registers;
mod hypercall;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod mock;
mod port_io;
mod stop;
mod string_io;
mod task_switch;
#[cfg(test)]
mod tests;

pub use answer::{answer, Answer, Question};
pub use bus::{Board, Output, PortBus};
pub use hypercall::CALLS as HYPERCALLS;
pub use stop::StopReason;

use crate::cpuid::{CpuidPolicy, GuestCpuidState};
use crate::device::lapic;
use crate::emulate::{self, Refusal};
use crate::memory::GuestMemory;
use crate::msr::{self, MsrState};
use crate::pc::PowerEvent;
use crate::time::Instant;
use crate::vcpu::{Access, Event, Exit, ExitReason, Fault, MemoryFault, Vcpu, RFLAGS_IF, RFLAGS_TF};

/// The part of a virtual CPU that no processor holds: its identity.
#[derive(Clone, Debug)]
pub struct VirtualCpu {
    /// What CPUID shows.
    pub cpuid: CpuidPolicy,
    /// The MSRs that cause an exit.
    pub msr: MsrState,
}

/// How a virtual CPU goes on after an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Run the guest again.
    Resume,
    /// Run the guest again, but first whoever else waits for the processor.
    Yield,
    /// The guest waits for an interrupt.
    Halt,
    /// The VM can't go on.
    Stop(StopReason),
}

/// What handling an exit led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handled {
    /// How to go on.
    pub outcome: Outcome,
    /// What the guest's console printed.
    pub output: Output,
}

impl Outcome {
    /// On, unless the guest did something to its machine as a whole.
    fn after(event: Option<PowerEvent>) -> Self {
        event.map_or(Self::Resume, |event| Self::Stop(event.into()))
    }

    fn silent(self) -> Handled {
        Handled { outcome: self, output: Output::default() }
    }
}

/// Handles `exit` of `vcpu`, at the time `now`.
pub fn handle<V: Vcpu, B: Board>(
    exit: Exit,
    vcpu: &mut V,
    cpu: &mut VirtualCpu,
    board: &mut B,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Handled {
    let stop = |reason| Outcome::Stop(reason).silent();
    let result = match exit.reason {
        ExitReason::PortIo(io) if io.string => {
            let physical_bits = cpu.cpuid.physical_address_bits();
            return string_io::handle(io, exit.next_rip, vcpu, physical_bits, board, memory, now);
        }
        ExitReason::PortIo(io) => return port_io::handle(io, exit.next_rip, vcpu, board, memory, now),
        ExitReason::Cpuid => {
            cpuid(vcpu, &cpu.cpuid, board.has_lapic());
            Ok(())
        }
        ExitReason::ReadMsr => read_msr(vcpu, cpu, board, now),
        ExitReason::WriteMsr => write_msr(vcpu, cpu, board, memory, now),
        ExitReason::Xsetbv => control::xsetbv(vcpu, &cpu.cpuid),
        ExitReason::WriteControlRegister { register, value } => {
            control_registers::write(register, value, vcpu, &cpu.cpuid, memory)
        }
        ExitReason::TaskSwitch(switch) => {
            return task_switch::handle(&switch, exit.next_rip, vcpu, &cpu.cpuid, memory).silent();
        }
        ExitReason::Hypercall => return hypercall::handle(exit.next_rip, vcpu, cpu, memory, now),
        ExitReason::InvalidOpcode => return hypercall::invalid_opcode(vcpu, cpu, memory, now),
        // The caches of the host are coherent with everything that a guest can reach.
        ExitReason::CacheFlush => Ok(()),
        ExitReason::Undefined => Err(Fault::InvalidOpcode),
        // No device makes IRQ 13 of it: the guest takes the exception that it would take with CR0.NE.
        ExitReason::FloatingPointError => Err(Fault::FloatingPoint),
        ExitReason::Forbidden => Err(Fault::GeneralProtection),
        ExitReason::Halt => return halt(exit.next_rip, vcpu, board).silent(),
        ExitReason::InterruptWindow | ExitReason::Host | ExitReason::Answered => {
            return Outcome::Resume.silent();
        }
        ExitReason::MemoryFault(fault) => return device_access(fault, vcpu, cpu, board, memory, now),
        ExitReason::Shutdown => return stop(StopReason::TripleFault),
        ExitReason::PageTables(gpa) => {
            return stop(StopReason::NotRam(MemoryFault { gpa, access: Access::Read }));
        }
        ExitReason::Unsupported(what) => return stop(StopReason::Unsupported(what)),
        ExitReason::EntryFailed => return stop(StopReason::EntryFailed),
    };
    match result {
        Ok(()) => vcpu.complete_instruction(exit.next_rip),
        Err(fault) => vcpu.inject(Event::Fault(fault)),
    }
    Outcome::Resume.silent()
}

fn cpuid<V: Vcpu>(vcpu: &mut V, policy: &CpuidPolicy, has_lapic: bool) {
    let state = GuestCpuidState { cr4: vcpu.cr4(), xcr0: vcpu.xcr0(), has_lapic };
    let gprs = vcpu.gprs_mut();
    let result = policy.leaf(gprs.rax as u32, gprs.rcx as u32, &state);
    gprs.rax = result.eax.into();
    gprs.rbx = result.ebx.into();
    gprs.rcx = result.ecx.into();
    gprs.rdx = result.edx.into();
}

fn read_msr<V: Vcpu, B: Board>(
    vcpu: &mut V,
    cpu: &VirtualCpu,
    board: &mut B,
    now: Instant,
) -> Result<(), Fault> {
    let index = vcpu.gprs().rcx as u32;
    let value = if lapic::is_msr(index) {
        board.read_lapic_msr(now, index)?
    } else {
        cpu.msr.read(index, vcpu, &cpu.cpuid)?
    };
    vcpu.gprs_mut().set_edx_eax(value);
    Ok(())
}

fn write_msr<V: Vcpu, B: Board>(
    vcpu: &mut V,
    cpu: &mut VirtualCpu,
    board: &mut B,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Result<(), Fault> {
    let (index, value) = (vcpu.gprs().rcx as u32, vcpu.gprs().edx_eax());
    if lapic::is_msr(index) {
        return board.write_lapic_msr(now, vcpu.tsc(), index, value);
    }
    cpu.msr.write(index, value, vcpu, &cpu.cpuid, memory)?;
    if msr::sets_tsc(index) {
        board.tsc_changed(now, vcpu.tsc());
    }
    Ok(())
}

/// The instruction that touched something that is not RAM is done on the devices that are there.
fn device_access<V: Vcpu, B: Board>(
    fault: MemoryFault,
    vcpu: &mut V,
    cpu: &VirtualCpu,
    board: &mut B,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Handled {
    match emulate::emulate(fault, vcpu, cpu.cpuid.physical_address_bits(), board, memory, now) {
        Ok(done) => Handled { outcome: Outcome::after(done.power), output: done.output },
        Err(Refusal::NotRam(fault)) => Outcome::Stop(StopReason::NotRam(fault)).silent(),
        Err(refusal) => Outcome::Stop(StopReason::NotEmulated(refusal)).silent(),
    }
}

/// The instruction is complete before the CPU waits: an interrupt returns to the one after it.
///
/// What wakes it are interrupts that RFLAGS.IF lets in, NMI, SMI, INIT and a debug exception (Intel SDM and AMD APM,
/// "HLT"). Without interrupts, in a VM of one CPU, this is left:
///
/// * The trap of a single step over HLT itself: then it does not wait at all.
/// * An NMI or INIT that waits already, or that the local APIC or the I/O APIC makes of a device's line. The timer's
///   entry of the local vector table has no such mode, LINT1 is wired to nothing, nothing counts performance, and
///   another CPU that could send a message does not exist. There is no SMI.
///
/// If none of them can come, the CPU is halted for good: that is how systems without power management end.
fn halt<V: Vcpu, B: Board>(next_rip: u64, vcpu: &mut V, board: &B) -> Outcome {
    let flags = vcpu.rflags();
    vcpu.complete_instruction(next_rip);
    if flags & RFLAGS_TF != 0 {
        Outcome::Resume
    } else if flags & RFLAGS_IF != 0 || vcpu.takes_nmi() || board.can_signal() {
        Outcome::Halt
    } else {
        Outcome::Stop(StopReason::Halted)
    }
}
