//! Entry stubs of all 256 vectors, and what an exception in the hypervisor leads to: its registers on the
//! console, and a clean halt.

use super::interrupts;
use crate::host::console;
use crate::panic;
use core::arch::{asm, global_asm};
use core::fmt::Write;
use machine::vcpu::RFLAGS_TF;

/// Bytes from one stub to the next.
const STUB_SIZE: u64 = 16;
/// Vectors that the architecture keeps for exceptions.
const EXCEPTIONS: u64 = 32;
/// Vector of the debug exception.
const DEBUG: u64 = 1;
/// Vector of the non-maskable interrupt.
const NMI: u64 = 2;
/// Vector of the machine check.
pub const MACHINE_CHECK: u8 = 18;
/// Vector of #UD.
pub const INVALID_OPCODE: u8 = 6;
/// Vector of the page fault.
const PAGE_FAULT: u64 = 14;

/// What the stubs leave on the stack.
#[derive(Debug)]
#[repr(C)]
struct Frame {
    /// R15 … R8, RDI, RSI, RBP, RBX, RDX, RCX, RAX.
    registers: [u64; 15],
    vector: u64,
    /// Zero for exceptions without one.
    error_code: u64,
    rip: u64,
    cs: u64,
    rflags: u64,
    rsp: u64,
    ss: u64,
}

// The processor aligns RSP to 16 and pushes SS, RSP, RFLAGS, CS, RIP (Intel SDM, "64-Bit Mode Stack Frame"); with error
// code, vector and 15 registers that makes 176 bytes, so RSP is again a multiple of 16 at the call. Vectors 8, 10–14, 17,
// 21, 29 and 30 push an error code themselves.
global_asm!(
    ".balign 16",
    "interrupt_stubs:",
    ".set vector, 0",
    ".rept 256",
    ".balign 16",
    ".if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) \
     || (vector == 30)",
    ".else",
    "push 0",
    ".endif",
    "push vector",
    "jmp interrupt_common",
    ".set vector, vector + 1",
    ".endr",
    ".balign 16",
    "interrupt_common:",
    "push rax",
    "push rcx",
    "push rdx",
    "push rbx",
    "push rbp",
    "push rsi",
    "push rdi",
    "push r8",
    "push r9",
    "push r10",
    "push r11",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "mov rdi, rsp",
    "cld",
    "call {dispatch}",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop r11",
    "pop r10",
    "pop r9",
    "pop r8",
    "pop rdi",
    "pop rsi",
    "pop rbp",
    "pop rbx",
    "pop rdx",
    "pop rcx",
    "pop rax",
    "add rsp, 16",
    "iretq",
    dispatch = sym dispatch,
);

extern "C" {
    /// The first of the stubs.
    static interrupt_stubs: u8;
}

/// Address of the stub for `vector`.
pub fn stub(vector: u8) -> u64 {
    (&raw const interrupt_stubs).addr() as u64 + u64::from(vector) * STUB_SIZE
}

/// A machine check ended the run of a guest. It is about the computer: the host's own handler reports it, and halts.
pub fn machine_check() -> ! {
    // SAFETY: the IDT has a gate for machine checks, on a stack of its own, and `dispatch` does not return from there.
    unsafe { asm!("int {}", const MACHINE_CHECK, options(noreturn)) }
}

extern "C" fn dispatch(frame: &Frame) {
    match frame.vector {
        NMI => interrupts::serve_nmi(),
        // Nothing here steps or has breakpoints. It is the guest's: Bochs 2.7 takes the single step of an instruction that
        // exits on SVM in the host as well, at once.
        DEBUG if frame.rflags & RFLAGS_TF == 0 => {}
        vector if vector < EXCEPTIONS => report(frame),
        vector => interrupts::serve(vector as u8),
    }
}

fn report(frame: &Frame) -> ! {
    let mut out = console::emergency();
    let name = NAMES.get(frame.vector as usize).copied().unwrap_or("reserved exception");
    // Writing to the console can't fail.
    let _ = write!(
        out,
        "\r\npxHV panic: {name} (vector {}, error code {:#x}) in the hypervisor\r\n",
        frame.vector, frame.error_code
    );
    let r = &frame.registers;
    let rows: [[(&str, u64); 4]; 5] = [
        [("rip", frame.rip), ("rsp", frame.rsp), ("flg", frame.rflags), ("cs ", frame.cs)],
        [("rax", r[14]), ("rcx", r[13]), ("rdx", r[12]), ("rbx", r[11])],
        [("rbp", r[10]), ("rsi", r[9]), ("rdi", r[8]), ("r8 ", r[7])],
        [("r9 ", r[6]), ("r10", r[5]), ("r11", r[4]), ("r12", r[3])],
        [("r13", r[2]), ("r14", r[1]), ("r15", r[0]), ("ss ", frame.ss)],
    ];
    for row in rows {
        let _ = write!(out, "pxHV panic:");
        for (register, value) in row {
            let _ = write!(out, " {register} {value:016x}");
        }
        let _ = write!(out, "\r\n");
    }
    if frame.vector == PAGE_FAULT {
        let address = x86_64::registers::control::Cr2::read_raw();
        let _ = write!(out, "pxHV panic: the address was {address:#x}\r\n");
    }
    let _ = write!(out, "pxHV panic: this is a bug in pxHV or a fault of the computer; it is halted\r\n");
    out.flush();
    panic::halt()
}

/// Names of the exceptions (Intel SDM, "Exception and Interrupt Reference").
const NAMES: [&str; 22] = [
    "divide error (#DE)",
    "debug exception (#DB)",
    "NMI",
    "breakpoint (#BP)",
    "overflow (#OF)",
    "BOUND range exceeded (#BR)",
    "invalid opcode (#UD)",
    "device not available (#NM)",
    "double fault (#DF)",
    "coprocessor segment overrun",
    "invalid TSS (#TS)",
    "segment not present (#NP)",
    "stack-segment fault (#SS)",
    "general protection (#GP)",
    "page fault (#PF)",
    "reserved exception",
    "x87 floating-point error (#MF)",
    "alignment check (#AC)",
    "machine check (#MC)",
    "SIMD floating-point exception (#XM)",
    "virtualization exception (#VE)",
    "control protection (#CP)",
];
