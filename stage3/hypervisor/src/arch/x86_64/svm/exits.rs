//! What each exit code means: the dispatch for the table in [`architecture::svm::exit_code`].

use super::super::backend::GuestRam;
use super::super::exceptions;
use super::control_registers;
use super::vcpu::SvmVcpu;
use architecture::svm::exit_code as code;
use architecture::svm::vmcb::Vmcb;
use machine::exits::Question;
use machine::memory::Gpa;
use machine::port::Size;
use machine::vcpu::{Access, Direction, Exit, ExitReason, MemoryFault, PortIo, DR7_ENABLED};

/// EXITINFO1 of IOIO: the direction.
const IO_IN: u64 = 1 << 0;
/// The same: INS or OUTS.
const IO_STRING: u64 = 1 << 2;

/// VMRUN refused to run the guest. All 64 bits are ones; QEMU 7.2 stores 32 of them.
pub fn is_refusal(vmcb: &Vmcb) -> bool {
    vmcb.exit_code as u32 == code::INVALID
}

/// The instruction that exited, if it may be answered at once.
#[inline]
pub fn question(vmcb: &Vmcb) -> Option<Question> {
    match vmcb.exit_code as u32 {
        code::CPUID => Some(Question::Cpuid),
        code::MSR if vmcb.exit_info_1 & 1 == 0 => Some(Question::ReadMsr),
        code::VMMCALL => Some(Question::Hypercall),
        code::IOIO if vmcb.exit_info_1 & (IO_IN | IO_STRING) == IO_IN && vmcb.dr7 & DR7_ENABLED == 0 => {
            let PortIo { port, size, .. } = io(vmcb);
            Some(Question::In { port, size })
        }
        _ => None,
    }
}

/// Reads the exit out of the VMCB.
pub fn decode(vcpu: &mut SvmVcpu, memory: &dyn GuestRam) -> Exit {
    use ExitReason as Is;
    let code = vcpu.vmcb.exit_code as u32;
    vcpu.nmi.end_step(&mut vcpu.vmcb, code == code::DEBUG);
    let vmcb = &mut *vcpu.vmcb;
    let is_write = vmcb.exit_info_1 & 1 != 0;
    // A reason, and the length of its instruction without prefixes, which matters on processors without NRIPS.
    let (reason, length) = match code {
        code::INTR | code::NMI | code::SMI | code::DEBUG => (Is::Host, 0),
        code::MACHINE_CHECK => exceptions::machine_check(),
        code::INVALID_OPCODE => (Is::InvalidOpcode, 0),
        code::VINTR => (Is::InterruptWindow, 0),
        code::CR0_SEL_WRITE | code::CR4_WRITE | code::CR8_WRITE => {
            return control_registers::decode_write(vcpu, memory);
        }
        code::IRET => {
            vcpu.nmi.iret(vmcb);
            (Is::Host, 0)
        }
        code::CPUID => (Is::Cpuid, 2),
        code::MSR if is_write => (Is::WriteMsr, 2),
        code::MSR => (Is::ReadMsr, 2),
        code::IOIO => {
            return Exit { reason: Is::PortIo(io(vmcb)), next_rip: vmcb.exit_info_2 };
        }
        code::HLT => (Is::Halt, 1),
        code::XSETBV => (Is::Xsetbv, 3),
        code::VMMCALL => (Is::Hypercall, 3),
        code::INVD | code::WBINVD => (Is::CacheFlush, 2),
        code::RDPMC => (Is::Forbidden, 2),
        code::VMRUN
        | code::VMLOAD
        | code::VMSAVE
        | code::STGI
        | code::CLGI
        | code::SKINIT
        | code::INVLPGA
        | code::MONITOR
        | code::MWAIT
        | code::RDPRU
        | code::RSM => (Is::Undefined, 0),
        code::NPF => (nested_fault(vmcb.exit_info_1, vmcb.exit_info_2), 0),
        code::SHUTDOWN => (Is::Shutdown, 0),
        code::INIT => (Is::Unsupported("an INIT signal reached the CPU"), 0),
        code::FERR_FREEZE => (Is::FloatingPointError, 0),
        code::INVALID if control_registers::is_bad_move_to_cr3(vcpu, memory) => (Is::Forbidden, 0),
        code::INVALID => (Is::EntryFailed, 0),
        _ => (Is::Unsupported("an exit that was not asked for"), 0),
    };
    let next_rip = match length {
        _ if vcpu.has_next_rip => vcpu.vmcb.next_rip,
        0 => vcpu.vmcb.rip,
        length => vcpu.next_rip(length, memory),
    };
    Exit { reason, next_rip }
}

/// IOIO: EXITINFO1 has the access, EXITINFO2 the next RIP.
#[inline]
fn io(vmcb: &Vmcb) -> PortIo {
    let info = vmcb.exit_info_1;
    let size = match info >> 4 & 0b111 {
        0b001 => Size::Byte,
        0b010 => Size::Word,
        _ => Size::Dword,
    };
    let direction = if info & IO_IN != 0 { Direction::In } else { Direction::Out };
    PortIo { port: (info >> 16) as u16, size, direction, string: info & IO_STRING != 0 }
}

/// NPF: EXITINFO1 is a page-fault error code and tells what the address is that EXITINFO2 holds.
fn nested_fault(error_code: u64, gpa: u64) -> ExitReason {
    const OF_PAGE_TABLES: u64 = 1 << 33;
    const WRITE: u64 = 1 << 1;
    const FETCH: u64 = 1 << 4;
    if error_code & OF_PAGE_TABLES != 0 {
        return ExitReason::PageTables(Gpa(gpa));
    }
    let access = match error_code {
        code if code & FETCH != 0 => Access::Fetch,
        code if code & WRITE != 0 => Access::Write,
        _ => Access::Read,
    };
    ExitReason::MemoryFault(MemoryFault { gpa: Gpa(gpa), access })
}
