//! The world switch: into the guest and out of it.
//!
//! 1. `vmx_enter` pushes the registers that a function must preserve, and the address of the [`Switch`].
//! 2. It writes RSP to the VMCS as the stack pointer for the exit, if it is not the one written last.
//! 3. It loads the guest's general registers from the [`Switch`].
//! 4. VMLAUNCH the first time after VMCLEAR, VMRESUME from then on. The CPU checks the VMCS, loads the guest's RSP,
//!    RIP, RFLAGS, control, segment and descriptor-table registers, EFER, PAT and DR7, injects the pending event,
//!    and runs the guest. If it refuses before that, it goes on with the next instruction, and CF or ZF says how.
//! 5. At a VM exit, the CPU saves the guest's registers of step 4 to the VMCS, loads the host's (RFLAGS = 2:
//!    interrupts are off; DR7 = 400h) and goes on at `vmx_exit` with the RSP of step 2.
//! 6. `vmx_exit` stores the guest's general registers to the [`Switch`].
//! 7. It clears the registers that the host does not need (Spectre and its kin work with values left there by the
//!    guest), restores those pushed in step 1 and returns to the caller of `vmx_enter`.
//!
//! What is *not* switched stays the guest's while the host runs, which does not use it: x87, SSE and AVX registers,
//! XCR0, CR2, DR0 to DR3, DR6 and the MSRs that the guest writes without an exit.

use super::instructions::VmFail;
use architecture::vmx::fields;
use core::arch::global_asm;
use core::mem::offset_of;
use machine::vcpu::Gprs;

/// What the switch needs of a virtual CPU.
#[derive(Default)]
#[repr(C)]
pub struct Switch {
    /// The guest's general registers while it does not run.
    pub gprs: Gprs,
    /// The value in the VMCS field HOST_RSP.
    host_rsp: u64,
    /// The launch state of the VMCS: VMRESUME instead of VMLAUNCH.
    launched: bool,
}

impl Switch {
    /// Runs the guest of the current VMCS, which belongs to this switch, until it exits.
    pub fn enter(&mut self) -> Result<(), VmFail> {
        // SAFETY: the VMCS's host state leads to `vmx_exit` with this CPU's present tables (`host_state`), and its
        // guest can only reach the memory that its EPT maps. `vmx_enter` keeps the calling convention.
        match unsafe { vmx_enter(self) } {
            0 => Ok(()),
            1 => Err(VmFail::Invalid),
            _ => Err(VmFail::Valid),
        }
    }

    /// Tells that the guest ran: the processor set the VMCS's launch state to "launched". It did not if VM entry
    /// failed, be it before or while the guest's state was loaded (Intel SDM, "VM-Entry Failures During or After
    /// Loading Guest State").
    pub fn guest_ran(&mut self) {
        self.launched = true;
    }

    /// VMRESUME and not VMLAUNCH is next.
    pub fn is_launched(&self) -> bool {
        self.launched
    }
}

extern "sysv64" {
    /// Steps 1 to 7. Returns 0 after a VM exit, 1 for VMfailInvalid, 2 for VMfailValid.
    fn vmx_enter(switch: &mut Switch) -> u64;
    /// Where the processor goes on after a VM exit. Not to be called.
    pub fn vmx_exit();
}

global_asm!(
    ".text",
    ".global vmx_enter",
    "vmx_enter:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "push rdi",
    "cmp [rdi + {host_rsp}], rsp",
    "je 2f",
    "mov eax, {field_host_rsp}",
    "vmwrite rax, rsp",
    "jbe 4f",
    "mov [rdi + {host_rsp}], rsp",
    "2:",
    "cmp byte ptr [rdi + {launched}], 0", // MOV leaves the flags alone until JNE
    "mov rax, [rdi + {rax}]",
    "mov rcx, [rdi + {rcx}]",
    "mov rdx, [rdi + {rdx}]",
    "mov rbx, [rdi + {rbx}]",
    "mov rbp, [rdi + {rbp}]",
    "mov rsi, [rdi + {rsi}]",
    "mov r8, [rdi + {r8}]",
    "mov r9, [rdi + {r9}]",
    "mov r10, [rdi + {r10}]",
    "mov r11, [rdi + {r11}]",
    "mov r12, [rdi + {r12}]",
    "mov r13, [rdi + {r13}]",
    "mov r14, [rdi + {r14}]",
    "mov r15, [rdi + {r15}]",
    "mov rdi, [rdi + {rdi}]",
    "jne 3f",
    "vmlaunch",
    "jmp 4f",
    "3:",
    "vmresume",
    "4:", // VMfail: the guest did not run, its registers in the switch are still right
    "mov eax, 1",
    "mov ecx, 2",
    "cmovz eax, ecx",
    "jmp 5f",
    ".global vmx_exit",
    "vmx_exit:",
    "push rdi",
    "mov rdi, [rsp + 8]",
    "mov [rdi + {rax}], rax",
    "mov [rdi + {rcx}], rcx",
    "mov [rdi + {rdx}], rdx",
    "mov [rdi + {rbx}], rbx",
    "mov [rdi + {rbp}], rbp",
    "mov [rdi + {rsi}], rsi",
    "mov [rdi + {r8}], r8",
    "mov [rdi + {r9}], r9",
    "mov [rdi + {r10}], r10",
    "mov [rdi + {r11}], r11",
    "mov [rdi + {r12}], r12",
    "mov [rdi + {r13}], r13",
    "mov [rdi + {r14}], r14",
    "mov [rdi + {r15}], r15",
    "pop [rdi + {rdi}]",
    "xor eax, eax",
    "5:",
    "xor ecx, ecx",
    "xor edx, edx",
    "xor esi, esi",
    "xor r8d, r8d",
    "xor r9d, r9d",
    "xor r10d, r10d",
    "xor r11d, r11d",
    "pop rdi", // the switch's address
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    host_rsp = const offset_of!(Switch, host_rsp),
    launched = const offset_of!(Switch, launched),
    field_host_rsp = const fields::HOST_RSP.encoding,
    rax = const offset_of!(Switch, gprs.rax),
    rcx = const offset_of!(Switch, gprs.rcx),
    rdx = const offset_of!(Switch, gprs.rdx),
    rbx = const offset_of!(Switch, gprs.rbx),
    rbp = const offset_of!(Switch, gprs.rbp),
    rsi = const offset_of!(Switch, gprs.rsi),
    rdi = const offset_of!(Switch, gprs.rdi),
    r8 = const offset_of!(Switch, gprs.r8),
    r9 = const offset_of!(Switch, gprs.r9),
    r10 = const offset_of!(Switch, gprs.r10),
    r11 = const offset_of!(Switch, gprs.r11),
    r12 = const offset_of!(Switch, gprs.r12),
    r13 = const offset_of!(Switch, gprs.r13),
    r14 = const offset_of!(Switch, gprs.r14),
    r15 = const offset_of!(Switch, gprs.r15),
);
