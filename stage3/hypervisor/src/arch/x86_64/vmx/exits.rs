//! What each VM exit means: the dispatch for the table in [`architecture::vmx::exit_reason`].

use super::super::{exceptions, interrupts};
use super::control_registers;
use super::events;
use super::qualification::{EptViolation, IoInstruction, TaskSwitchQualification};
use super::vcpu::VmxVcpu;
use super::vmcs::{read_current, Vmcs};
use architecture::vmx::access_rights::LONG;
use architecture::vmx::exit_reason::*;
use architecture::vmx::fields::*;
use architecture::vmx::interruptibility::{BLOCKING_BY_MOV_SS, BLOCKING_BY_STI};
use core::arch::asm;
use machine::exits::Question;
use machine::memory::Gpa;
use machine::vcpu::{ExitReason, MemoryFault, TaskSwitch, TaskSwitchCause, EFER_LMA, RFLAGS_TF};

/// EXIT_REASON: VM entry failed, the rest says why.
const ENTRY_FAILURE: u32 = 1 << 31;

/// What the exit that just happened means for the VM.
pub fn decode(vcpu: &mut VmxVcpu) -> ExitReason {
    let reason = vcpu.vmcs.read(&EXIT_REASON);
    vcpu.last_exit = Ok(reason);
    if reason & ENTRY_FAILURE != 0 {
        return entry_failure(reason as u16);
    }
    vcpu.switch.guest_ran();
    if reason as u16 != TASK_SWITCH {
        vcpu.events.keep_interrupted_delivery(&mut vcpu.vmcs);
    }
    match reason as u16 {
        EXTERNAL_INTERRUPT => serve_interrupt(&vcpu.vmcs),
        EXCEPTION_OR_NMI => serve_exception_or_nmi(&vcpu.vmcs),
        PREEMPTION_TIMER_EXPIRED | NMI_WINDOW => ExitReason::Host,
        INTERRUPT_WINDOW | TPR_BELOW_THRESHOLD => ExitReason::InterruptWindow,

        IO_INSTRUCTION => IoInstruction(vcpu.vmcs.read(&EXIT_QUALIFICATION)).decode(),
        CPUID => ExitReason::Cpuid,
        RDMSR => ExitReason::ReadMsr,
        WRMSR => ExitReason::WriteMsr,
        XSETBV => ExitReason::Xsetbv,
        HLT => ExitReason::Halt,
        VMCALL => ExitReason::Hypercall,
        CONTROL_REGISTER_ACCESS => control_registers::decode_access(vcpu),
        INVD | WBINVD_OR_WBNOINVD => ExitReason::CacheFlush,
        // #GP for lack of privilege came before the exit ("Relative Priority of Faults and VM Exits").
        RDPMC => ExitReason::Forbidden,

        // CPUID shows none of these to the guest.
        VMCLEAR | VMLAUNCH | VMPTRLD | VMPTRST | VMREAD | VMRESUME | VMWRITE | VMXOFF | VMXON | INVEPT
        | INVVPID | GETSEC | MONITOR | MWAIT | RSM | SEAMCALL | TDCALL => ExitReason::Undefined,

        EPT_VIOLATION => memory_fault(vcpu),
        EPT_MISCONFIGURATION => ExitReason::Unsupported("EPT entry with a reserved setting (a bug of pxHV)"),

        TRIPLE_FAULT => ExitReason::Shutdown,
        TASK_SWITCH => task_switch(&mut vcpu.vmcs),
        INIT_SIGNAL | STARTUP_IPI => ExitReason::Unsupported("INIT or SIPI from another CPU"),
        IO_SMI | OTHER_SMI => ExitReason::Unsupported("SMI with dual-monitor treatment"),

        _ => ExitReason::Unsupported("an exit that was not asked for"),
    }
}

/// The instruction that exited, if it may be answered at once.
#[inline]
pub fn question() -> Option<Question> {
    // All of it: no entry failed.
    match u16::try_from(read_current(&EXIT_REASON)).ok()? {
        CPUID => Some(Question::Cpuid),
        RDMSR => Some(Question::ReadMsr),
        VMCALL => Some(Question::Hypercall),
        IO_INSTRUCTION => {
            let dr7 = read_current(&GUEST_DR7);
            IoInstruction(read_current(&EXIT_QUALIFICATION)).question(dr7)
        }
        _ => None,
    }
}

/// RIP of the instruction after the one that exited, if all that completing this one takes is to go on there: it is in no
/// interrupt shadow, no trap follows, and EIP does not wrap around.
#[inline]
pub fn plain_next_rip() -> Option<u64> {
    let shadow = read_current(&GUEST_INTERRUPTIBILITY_STATE) & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
    let rip = read_current(&GUEST_RIP);
    let next = rip.wrapping_add(u64::from(read_current(&VM_EXIT_INSTRUCTION_LENGTH)));
    let is_plain = shadow == 0 && read_current(&GUEST_RFLAGS) & RFLAGS_TF == 0 && next >> 32 == rip >> 32;
    is_plain.then_some(next)
}

/// The guest did not run.
fn entry_failure(reason: u16) -> ExitReason {
    if reason == ENTRY_FAILURE_MACHINE_CHECK {
        exceptions::machine_check();
    }
    ExitReason::EntryFailed
}

/// RIP of the instruction after the one that exited; zero if the exit was no instruction's.
pub fn next_rip(vmcs: &Vmcs, reason: &ExitReason) -> u64 {
    if !is_instruction(reason) {
        return 0;
    }
    let rip = vmcs.read(&GUEST_RIP);
    let next = rip.wrapping_add(u64::from(vmcs.read(&VM_EXIT_INSTRUCTION_LENGTH)));
    // EIP wraps around at 4 GiB outside of 64-bit mode.
    if next >> 32 != rip >> 32 && !is_64bit_code(vmcs) {
        return next & 0xffff_ffff;
    }
    next
}

const fn is_instruction(reason: &ExitReason) -> bool {
    !matches!(
        reason,
        ExitReason::Host
            | ExitReason::InterruptWindow
            | ExitReason::MemoryFault(_)
            | ExitReason::PageTables(_)
            | ExitReason::InvalidOpcode
            | ExitReason::Shutdown
            | ExitReason::Answered
            | ExitReason::Unsupported(_)
            | ExitReason::EntryFailed
    )
}

/// The guest is in 64-bit mode: IA-32e mode and CS.L.
pub fn is_64bit_code(vmcs: &Vmcs) -> bool {
    vmcs.read(&GUEST_IA32_EFER) & EFER_LMA != 0 && vmcs.read(&GUEST_CS.access_rights) & LONG != 0
}

/// An interrupt for the host, which the exit acknowledged.
fn serve_interrupt(vmcs: &Vmcs) -> ExitReason {
    interrupts::serve(vmcs.read(&VM_EXIT_INTERRUPTION_INFORMATION) as u8);
    ExitReason::Host
}

/// An NMI or a machine check for the host, or #UD: the exception bitmap names no other exception.
fn serve_exception_or_nmi(vmcs: &Vmcs) -> ExitReason {
    let information = vmcs.read(&VM_EXIT_INTERRUPTION_INFORMATION);
    if events::is_nmi(information) {
        // The exit blocked NMIs, and IRET unblocks them: the host's own handler serves this one.
        // SAFETY: the IDT has a gate for NMIs, on a stack of its own.
        unsafe { asm!("int 2", options(nomem)) };
        return ExitReason::Host;
    }
    match information as u8 {
        exceptions::INVALID_OPCODE => ExitReason::InvalidOpcode,
        exceptions::MACHINE_CHECK => exceptions::machine_check(),
        _ => ExitReason::Unsupported("exception that the exception bitmap does not name"),
    }
}

/// A task switch, with the event that asked for it.
fn task_switch(vmcs: &mut Vmcs) -> ExitReason {
    let qualification = TaskSwitchQualification(vmcs.read(&EXIT_QUALIFICATION));
    let cause = qualification.cause().unwrap_or_else(|| events::through_task_gate(vmcs));
    if cause == TaskSwitchCause::Iret {
        events::unblock_nmis(vmcs);
    }
    ExitReason::TaskSwitch(TaskSwitch { selector: qualification.selector(), cause })
}

fn memory_fault(vcpu: &mut VmxVcpu) -> ExitReason {
    let violation = EptViolation(vcpu.vmcs.read(&EXIT_QUALIFICATION));
    if violation.unblocked_nmis() {
        events::block_nmis(&mut vcpu.vmcs);
    }
    let gpa = Gpa(vcpu.vmcs.read(&GUEST_PHYSICAL_ADDRESS));
    if !violation.is_access_to_operand() {
        return ExitReason::PageTables(gpa);
    }
    ExitReason::MemoryFault(MemoryFault { gpa, access: violation.access() })
}
