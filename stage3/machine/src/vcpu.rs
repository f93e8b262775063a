//! The virtual CPU as the virtual PC sees it: registers, exits and events in neutral form.
//!
//! The hypervisor's VMX and SVM backends decode a hardware exit once, into an [`Exit`], and answer
//! for the registers through [`Vcpu`]. Nothing in here depends on which of the two it is.

mod fault;
mod task_switch;
mod words;

use crate::memory::Gpa;
use crate::port::Size;

pub use architecture::registers::*;
pub use fault::{Fault, SelectorFault};
pub use task_switch::{EventKind, TaskSwitch, TaskSwitchCause};

/// General registers but RSP, which VMCS and VMCB hold (see [`CpuState::rsp`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs, reason = "the fields are the registers' names")]
pub struct Gprs {
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rbx: u64,
    pub rbp: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
}

impl Gprs {
    /// EDX:EAX as one number, the operand of WRMSR and XSETBV.
    #[must_use]
    pub const fn edx_eax(&self) -> u64 {
        (self.rdx << 32) | (self.rax & 0xffff_ffff)
    }

    /// Sets EDX:EAX, the result of RDMSR; the upper halves of RAX and RDX become zero.
    pub const fn set_edx_eax(&mut self, value: u64) {
        self.rax = value & 0xffff_ffff;
        self.rdx = value >> 32;
    }
}

/// A segment register with its hidden part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Visible selector.
    pub selector: u16,
    /// Bits 7:0: type, S, DPL, P (byte 5 of a descriptor); bits 11:8: AVL, L, D/B, G (upper half of
    /// byte 6). P clear means the segment can't be used.
    pub attributes: u16,
    /// Limit in bytes (granularity applied).
    pub limit: u32,
    /// Base (guest-virtual).
    pub base: u64,
}

/// Base and limit of GDT or IDT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableRegister {
    /// Linear address of the table.
    pub base: u64,
    /// Its last byte's offset.
    pub limit: u16,
}

/// The architectural state of a virtual CPU that loaders set and register dumps show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the registers' names")]
pub struct CpuState {
    pub gprs: Gprs,
    pub rsp: u64,
    pub rip: u64,
    pub rflags: u64,
    pub cr0: u64,
    pub cr2: u64,
    pub cr3: u64,
    pub cr4: u64,
    pub efer: u64,
    pub cs: Segment,
    pub ds: Segment,
    pub es: Segment,
    pub fs: Segment,
    pub gs: Segment,
    pub ss: Segment,
    pub ldtr: Segment,
    pub tr: Segment,
    pub gdtr: TableRegister,
    pub idtr: TableRegister,
}

/// An event that is delivered through the guest's IDT at the next VM entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// External interrupt with this vector.
    Interrupt(u8),
    /// Non-maskable interrupt.
    Nmi,
    /// Exception.
    Fault(Fault),
}

/// What a guest has to do for an exit that says that it can take an interrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterruptWindow {
    /// No exit is wanted.
    #[default]
    Closed,
    /// [`Vcpu::interruptible`] becomes true.
    Interruptible,
    /// [`Vcpu::interruptible`] is true and CR8 is below this priority class (1 to 15).
    Cr8Below(u8),
}

/// Why the guest stopped running, and how to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// What happened.
    pub reason: ExitReason,
    /// RIP of the instruction after the one that caused the exit. Only meaningful for reasons that
    /// are instructions.
    pub next_rip: u64,
}

/// What stopped the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// IN, OUT, INS or OUTS.
    PortIo(PortIo),
    /// CPUID.
    Cpuid,
    /// RDMSR.
    ReadMsr,
    /// WRMSR.
    WriteMsr,
    /// XSETBV.
    Xsetbv,
    /// HLT.
    Halt,
    /// MOV to CR0 or CR4, CLTS or LMSW, with a bit that the hypervisor has to see.
    WriteControlRegister {
        /// Which one.
        register: ControlRegister,
        /// What the guest wants in it.
        value: u64,
    },
    /// A hardware task switch.
    TaskSwitch(TaskSwitch),
    /// VMCALL or VMMCALL.
    Hypercall,
    /// The instruction at RIP raised #UD, which the guest did not take yet.
    InvalidOpcode,
    /// INVD or WBINVD.
    CacheFlush,
    /// An instruction that this virtual CPU does not have (CPUID does not show it).
    Undefined,
    /// An instruction that the virtual CPU has and that faults here with #GP(0) whatever its operands (RDPMC).
    Forbidden,
    /// An x87 error that is to be an interrupt from outside of the processor, since CR0.NE is clear.
    FloatingPointError,
    /// An access to guest-physical memory that is not mapped as RAM.
    MemoryFault(MemoryFault),
    /// The processor looked for the guest's page tables at this address, which is not mapped as RAM.
    PageTables(Gpa),
    /// The guest can take interrupts now, as asked for by [`Vcpu::request_interrupt_window`].
    InterruptWindow,
    /// An interrupt or NMI for the hypervisor itself, already served by it; or the deadline passed. The guest
    /// noticed nothing.
    Host,
    /// The last of some instructions that were answered at once and are complete ([`crate::exits::answer`]): the board has
    /// to be looked at.
    Answered,
    /// Triple fault: the CPU gave up.
    Shutdown,
    /// Something that this hypervisor does not virtualize.
    Unsupported(&'static str),
    /// The processor refused to run the guest in its present state.
    EntryFailed,
}

/// A control register whose writes can exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the registers'")]
pub enum ControlRegister {
    Cr0,
    Cr4,
}

/// One port instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortIo {
    /// First port.
    pub port: u16,
    /// Operand size.
    pub size: Size,
    /// From or to the device.
    pub direction: Direction,
    /// INS or OUTS, perhaps with REP: the operand is in memory.
    pub string: bool,
}

/// Direction of a port instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// IN, INS: device to CPU.
    In,
    /// OUT, OUTS: CPU to device.
    Out,
}

/// An access that the nested page tables do not map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFault {
    /// Where.
    pub gpa: Gpa,
    /// What the guest tried.
    pub access: Access,
}

/// Kind of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Access {
    Read,
    Write,
    Fetch,
}

/// The registers and controls of a virtual CPU that exit handlers work on.
pub trait Vcpu {
    /// General registers.
    fn gprs(&self) -> &Gprs;
    /// General registers, to change.
    fn gprs_mut(&mut self) -> &mut Gprs;
    /// RFLAGS.
    fn rflags(&self) -> u64;
    /// Sets RFLAGS. The caller changes arithmetic flags and RF only.
    fn set_rflags(&mut self, value: u64);
    /// Sets RSP.
    fn set_rsp(&mut self, value: u64);
    /// CR4 as the guest reads it.
    fn cr4(&self) -> u64;
    /// CR0 as the guest reads it.
    fn cr0(&self) -> u64;
    /// EFER as the guest reads it.
    fn efer(&self) -> u64;
    /// DR7.
    fn dr7(&self) -> u64;
    /// DR0 to DR3.
    fn breakpoint_addresses(&self) -> [u64; 4];
    /// Current privilege level.
    fn cpl(&self) -> u8;
    /// The present code is 64-bit code: EFER.LMA and CS.L are set.
    fn in_64_bit_code(&self) -> bool;

    /// Completes the instruction that exited: sets RIP to `next_rip` and ends an interrupt shadow, as
    /// every instruction does. If RFLAGS.TF is set, the guest takes its single-step trap next, before any
    /// interrupt. The only place where RIP moves.
    fn complete_instruction(&mut self, next_rip: u64);
    /// Makes the guest take #DB next, before any interrupt, since what [`Vcpu::complete_instruction`] completed met
    /// these of its breakpoints: bits of DR6, of [`DR6_BREAKPOINTS`]. With a single-step trap, it is one #DB for both.
    fn trap_breakpoints(&mut self, met: u64);

    /// Whether the last exit came while the processor delivered an event, not from the instruction at RIP.
    fn was_delivering(&self) -> bool;
    /// Makes the guest take `event` at the next entry. At most one a time.
    fn inject(&mut self, event: Event);
    /// Whether an [`Event::Nmi`] that was injected waits and nothing blocks it: then HLT does not wait.
    fn takes_nmi(&self) -> bool;
    /// Whether [`Event::Interrupt`] may be injected: RFLAGS.IF set, no interrupt shadow, nothing else
    /// to be injected.
    fn interruptible(&self) -> bool;
    /// Asks for [`ExitReason::InterruptWindow`] when the guest becomes able to take an interrupt, or takes
    /// that back.
    fn request_interrupt_window(&mut self, window: InterruptWindow);
    /// CR8, the priority class below and at which the guest takes no interrupts. The guest changes it without
    /// an exit.
    fn cr8(&self) -> u8;
    /// Sets CR8, after the task-priority register of the local APIC was written by other means.
    fn set_cr8(&mut self, value: u8);

    /// Sets CR0 or CR4 to a value that the policy found valid, and drops the translations that the processor may have
    /// cached. EFER.LMA follows EFER.LME and CR0.PG by itself.
    fn set_control_register(&mut self, register: ControlRegister, value: u64);
    /// Sets the four page-directory pointers of PAE paging, on processors that keep them (Intel's). Others read them
    /// from memory.
    fn set_pdptes(&mut self, pdptes: &[u64; 4]);
    /// Sets EFER to a value that the MSR policy found valid. LMA follows LME and CR0.PG by itself.
    fn set_efer(&mut self, value: u64);
    /// The page attribute table (MSR 277h).
    fn pat(&self) -> u64;
    /// Sets the page attribute table to a value that the MSR policy found valid.
    fn set_pat(&mut self, value: u64);
    /// XCR0. Asked for at each CPUID, since a guest's XSETBV does not exit everywhere.
    fn xcr0(&self) -> u64;
    /// Sets XCR0 to a value that the policy found valid.
    fn set_xcr0(&mut self, value: u64);
    /// The guest's time-stamp counter now.
    fn tsc(&self) -> u64;
    /// Sets the guest's time-stamp counter.
    fn set_tsc(&mut self, value: u64);

    /// Makes `state` the state of the virtual CPU, as a task switch does: with it, an interrupt shadow ends, DR7's local
    /// breakpoints go off, and cached translations are dropped.
    fn switch_task(&mut self, state: &CpuState);
    /// All of the architectural state.
    fn state(&self) -> CpuState;
    /// Replaces the architectural state, as at reset or for a loader.
    fn load(&mut self, state: &CpuState);
}
