//! What each exit code means (AMD APM volume 2, "SVM Intercept Exit Codes").

use super::super::exceptions;
use super::control_registers;
use super::vcpu::SvmVcpu;
use architecture::svm::vmcb::Vmcb;
use machine::memory::{Gpa, GuestMemory};
use machine::port::Size;
use machine::vcpu::{Access, Direction, Exit, ExitReason, MemoryFault, PortIo};

/// Exit codes, by the manual's names without VMEXIT_.
mod code {
    pub const CR4_WRITE: u32 = 0x14;
    pub const CR8_WRITE: u32 = 0x18;
    /// EXCP1.
    pub const DEBUG: u32 = 0x41;
    pub const MACHINE_CHECK: u32 = 0x52;
    pub const INTR: u32 = 0x60;
    pub const NMI: u32 = 0x61;
    pub const SMI: u32 = 0x62;
    pub const INIT: u32 = 0x63;
    pub const VINTR: u32 = 0x64;
    pub const CR0_SEL_WRITE: u32 = 0x65;
    pub const RDPMC: u32 = 0x6f;
    pub const CPUID: u32 = 0x72;
    pub const RSM: u32 = 0x73;
    pub const IRET: u32 = 0x74;
    pub const INVD: u32 = 0x76;
    pub const HLT: u32 = 0x78;
    pub const INVLPGA: u32 = 0x7a;
    pub const IOIO: u32 = 0x7b;
    pub const MSR: u32 = 0x7c;
    pub const FERR_FREEZE: u32 = 0x7e;
    pub const SHUTDOWN: u32 = 0x7f;
    pub const VMRUN: u32 = 0x80;
    pub const VMMCALL: u32 = 0x81;
    pub const VMLOAD: u32 = 0x82;
    pub const VMSAVE: u32 = 0x83;
    pub const STGI: u32 = 0x84;
    pub const CLGI: u32 = 0x85;
    pub const SKINIT: u32 = 0x86;
    pub const WBINVD: u32 = 0x89;
    pub const MONITOR: u32 = 0x8a;
    pub const MWAIT: u32 = 0x8b;
    pub const MWAIT_CONDITIONAL: u32 = 0x8c;
    pub const XSETBV: u32 = 0x8d;
    pub const RDPRU: u32 = 0x8e;
    pub const NPF: u32 = 0x400;
    /// All 64 bits are ones; QEMU 7.2 stores 32 of them.
    pub const INVALID: u32 = 0xffff_ffff;
}

/// VMRUN refused to run the guest.
pub fn is_refusal(vmcb: &Vmcb) -> bool {
    vmcb.exit_code as u32 == code::INVALID
}

/// Reads the exit out of the VMCB.
pub fn decode(vcpu: &mut SvmVcpu, memory: &dyn GuestMemory) -> Exit {
    use ExitReason as Is;
    let code = vcpu.vmcb.exit_code as u32;
    vcpu.nmi.end_step(&mut vcpu.vmcb, code == code::DEBUG);
    let vmcb = &mut *vcpu.vmcb;
    let is_write = vmcb.exit_info_1 & 1 != 0;
    // A reason, and the length of its instruction without prefixes, which matters on processors without NRIPS.
    let (reason, length) = match code {
        code::INTR | code::NMI | code::SMI | code::DEBUG => (Is::Host, 0),
        code::MACHINE_CHECK => exceptions::machine_check(),
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
        code::IOIO => return port_io(vcpu),
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
        | code::MWAIT_CONDITIONAL
        | code::RDPRU
        | code::RSM => (Is::Undefined, 0),
        code::NPF => (nested_fault(vmcb.exit_info_1, vmcb.exit_info_2), 0),
        code::SHUTDOWN => (Is::Shutdown, 0),
        code::INIT => (Is::Unsupported("an INIT signal reached the CPU"), 0),
        code::FERR_FREEZE => (Is::Unsupported("legacy floating-point error (FERR) with CR0.NE clear"), 0),
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
fn port_io(vcpu: &SvmVcpu) -> Exit {
    let (info, next_rip) = (vcpu.vmcb.exit_info_1, vcpu.vmcb.exit_info_2);
    let size = match info >> 4 & 0b111 {
        0b001 => Size::Byte,
        0b010 => Size::Word,
        _ => Size::Dword,
    };
    let direction = if info & 1 != 0 { Direction::In } else { Direction::Out };
    let io = PortIo { port: (info >> 16) as u16, size, direction, string: info & 1 << 2 != 0 };
    Exit { reason: ExitReason::PortIo(io), next_rip }
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
