//! The world switch.
//!
//! VMRUN and #VMEXIT switch what the processor cannot run without: CS, SS, DS, ES, GDTR, IDTR, EFER, CR0, CR3, CR4,
//! RFLAGS, RIP, RSP and RAX (AMD APM volume 2, "VMRUN and TLB Flushes", "#VMEXIT"). The rest is ours, in this order:
//!
//! 1. Save the registers that the ABI preserves.
//! 2. CLGI: nothing interrupts from here on. STI: with V_INTR_MASKING, the host's RFLAGS.IF at VMRUN decides whether
//!    physical interrupts exit from the guest.
//! 3. VMLOAD the guest's FS, GS, TR, LDTR, KernelGSBase and SYSCALL and SYSENTER MSRs.
//! 4. Load the guest's general registers. RAX holds the VMCB's address; the guest's is in the VMCB, like its RSP.
//! 5. VMRUN. The guest runs until #VMEXIT, which continues at the next instruction with GIF clear.
//! 6. VMSAVE what step 3 loaded, and VMLOAD the host's: an interrupt stack needs the host's TR.
//! 7. Save the guest's general registers, and clear those that are not about to be restored: no value of the guest
//!    stays in a register of the host.
//! 8. CLI, STGI: what waited for the host is now pending, and is let in when the caller chooses.
//!
//! x87, vector and debug registers are not switched: the host uses none of them, so the guest's stay in place.

use core::arch::global_asm;
use core::mem::offset_of;
use machine::vcpu::Gprs;

extern "C" {
    /// Runs the guest of `guest_vmcb` (HPA) with `gprs` until it exits; `host_vmcb` (HPA) holds the host's state
    /// for VMLOAD.
    ///
    /// # Safety
    /// EFER.SVME and VM_HSAVE_PA must be set up, both addresses must be VMCBs, and the guest's must confine it: intercepts,
    /// permission maps and nested page tables that leave nothing of the host in reach. Interrupts must be off.
    pub fn svm_switch(gprs: *mut Gprs, guest_vmcb: u64, host_vmcb: u64);
}

global_asm!(
    ".global svm_switch",
    "svm_switch:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "push rdx",
    "push rdi",
    "clgi",
    "sti",
    "mov rax, rsi",
    "vmload rax",
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
    "vmrun rax",
    "vmsave rax",
    "push rdi",
    "mov rdi, [rsp + 8]",
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
    "pop qword ptr [rdi + {rdi}]",
    "pop rdi",
    "pop rax",
    "vmload rax",
    "cli",
    "stgi",
    "xor ecx, ecx",
    "xor edx, edx",
    "xor esi, esi",
    "xor edi, edi",
    "xor r8d, r8d",
    "xor r9d, r9d",
    "xor r10d, r10d",
    "xor r11d, r11d",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    rcx = const offset_of!(Gprs, rcx),
    rdx = const offset_of!(Gprs, rdx),
    rbx = const offset_of!(Gprs, rbx),
    rbp = const offset_of!(Gprs, rbp),
    rsi = const offset_of!(Gprs, rsi),
    rdi = const offset_of!(Gprs, rdi),
    r8 = const offset_of!(Gprs, r8),
    r9 = const offset_of!(Gprs, r9),
    r10 = const offset_of!(Gprs, r10),
    r11 = const offset_of!(Gprs, r11),
    r12 = const offset_of!(Gprs, r12),
    r13 = const offset_of!(Gprs, r13),
    r14 = const offset_of!(Gprs, r14),
    r15 = const offset_of!(Gprs, r15),
);
