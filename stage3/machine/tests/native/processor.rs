//! This computer's processor.

use crate::generate::Case;
use crate::guest::{Result, MEMORY};
use core::arch::{asm, global_asm};

/// Registers by number, then RFLAGS: what the assembly below loads and stores.
#[repr(C)]
struct Context {
    registers: [u64; 16],
    flags: u64,
}

global_asm!(
    // fn run(context: RDI, code: RSI, memory: RDX): calls `code` with everything but RSP out of `context`, and stores it
    // back. `code` is one instruction and RET; it has the address of `memory` in its registers.
    "pxhv_native_run:",
    "push rbx; push rbp; push r12; push r13; push r14; push r15",
    "push rdi; push rsi",
    "push qword ptr [rdi + 128]; popfq",
    "mov rax, [rdi]; mov rcx, [rdi + 8]; mov rdx, [rdi + 16]; mov rbx, [rdi + 24]",
    "mov rbp, [rdi + 40]; mov rsi, [rdi + 48]",
    "mov r8, [rdi + 64]; mov r9, [rdi + 72]; mov r10, [rdi + 80]; mov r11, [rdi + 88]",
    "mov r12, [rdi + 96]; mov r13, [rdi + 104]; mov r14, [rdi + 112]; mov r15, [rdi + 120]",
    "mov rdi, [rdi + 56]",
    "call [rsp]",
    "pushfq; push rdi",
    "mov rdi, [rsp + 24]",
    "mov [rdi], rax; mov [rdi + 8], rcx; mov [rdi + 16], rdx; mov [rdi + 24], rbx",
    "mov [rdi + 40], rbp; mov [rdi + 48], rsi",
    "mov [rdi + 64], r8; mov [rdi + 72], r9; mov [rdi + 80], r10; mov [rdi + 88], r11",
    "mov [rdi + 96], r12; mov [rdi + 104], r13; mov [rdi + 112], r14; mov [rdi + 120], r15",
    "pop rax; mov [rdi + 56], rax",
    "pop rax; mov [rdi + 128], rax",
    "cld",
    "add rsp, 16",
    "pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx",
    "ret",
);

unsafe extern "sysv64" {
    #[link_name = "pxhv_native_run"]
    fn run(context: *mut Context, code: *const u8, memory: *mut [u8; MEMORY]);
}

/// RET.
const RET: u8 = 0xc3;
const PAGE: usize = 4096;

/// The processor, with memory for operands at the address that cases use.
pub struct Processor {
    pub memory: &'static mut [u8; MEMORY],
    code: &'static mut [u8; PAGE],
}

impl Processor {
    /// Takes the pages at `address`. There can be one of it.
    pub fn new(address: u64) -> Self {
        // SAFETY: the pages are fresh, of these sizes, and nothing else knows of them.
        unsafe { Self { memory: &mut *map(address, MEMORY).cast(), code: &mut *map(0, PAGE).cast() } }
    }

    /// Executes the instruction.
    pub fn execute(&mut self, case: &Case) -> Result {
        self.code[..case.code.len()].copy_from_slice(&case.code);
        self.code[case.code.len()] = RET;
        let mut context = Context { registers: case.registers, flags: case.flags };
        // SAFETY: the code is one instruction that changes nothing but general registers other than RSP, flags,
        // and `memory`.
        unsafe { run(&raw mut context, self.code.as_ptr(), self.memory) };
        context.registers[4] = case.registers[4];
        Result { registers: context.registers, flags: context.flags, ports: [0; 4] }
    }
}

/// Fresh memory to read, write and execute, at `address` unless that is 0.
pub fn map(address: u64, bytes: usize) -> *mut u8 {
    const MMAP: u64 = 9;
    const READ_WRITE_EXECUTE: u64 = 7;
    const PRIVATE_ANONYMOUS: u64 = 0x22;
    const FIXED_NOREPLACE: u64 = 0x10_0000;
    let flags = PRIVATE_ANONYMOUS | if address == 0 { 0 } else { FIXED_NOREPLACE };
    let result: u64;
    // SAFETY: the system call touches no memory that is in use.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") MMAP => result,
            in("rdi") address,
            in("rsi") bytes,
            in("rdx") READ_WRITE_EXECUTE,
            in("r10") flags,
            in("r8") u64::MAX,
            in("r9") 0,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    assert!(result < 1 << 47 && (address == 0 || result == address), "mmap: {}", result.cast_signed());
    core::ptr::with_exposed_provenance_mut(result as usize)
}
