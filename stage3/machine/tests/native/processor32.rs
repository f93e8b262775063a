//! This computer's processor, executing 32-bit code: in compatibility mode, which Linux lets every program use.

use crate::generate::Case;
use crate::guest::{Result, MEMORY};
use crate::processor::map;
use core::arch::global_asm;

/// Where the 32-bit code and its data are: below 4 GiB.
const BLOCK: u64 = 0x1100_0000;
/// Bytes of the block.
const BLOCK_BYTES: usize = 0x2000;
/// Offset of the code below in it; the stack ends there.
const STUB: usize = 0x1000;
/// Offset of the instruction.
const CODE: usize = 0x1800;
/// Offsets of EFLAGS, of the instruction's address, and of RSP; the registers come first.
const FLAGS: usize = 32;
/// See [`FLAGS`].
const CODE_POINTER: usize = 36;
/// See [`FLAGS`].
const SAVED_RSP: usize = 40;

/// Linux's selectors for code of 32 and 64 bits, and for data.
const CODE_32: u16 = 0x23;
/// See [`CODE_32`].
const CODE_64: u16 = 0x33;
/// See [`CODE_32`].
const DATA: u16 = 0x2b;

global_asm!(
    // fn run32(block: RDI, memory: RSI): goes to the code below, which was copied into the block, and returns
    // when it has stored its registers.
    "pxhv_native_run32:",
    "push rbx; push rbp; push r12; push r13; push r14; push r15",
    "lea rax, [rip + 2f]; push rax",
    "mov [rdi + {saved_rsp}], rsp",
    "mov eax, {data}; mov ds, eax; mov es, eax",
    "lea rax, [rdi + {stub}]",
    "push {code_32}; push rax; .byte 0x48, 0xcb", // RETFQ
    "2:",
    "pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx",
    "ret",

    "pxhv_native_stub32:",
    ".code32",
    "mov esp, {block} + {stub}",
    "push dword ptr [{block} + {flags}]; popfd",
    "mov eax, dword ptr [{block}]; mov ecx, dword ptr [{block} + 4]; mov edx, dword ptr [{block} + 8]",
    "mov ebx, dword ptr [{block} + 12]; mov ebp, dword ptr [{block} + 20]",
    "mov esi, dword ptr [{block} + 24]; mov edi, dword ptr [{block} + 28]",
    "call dword ptr [{block} + {code_pointer}]",
    "mov dword ptr [{block}], eax; mov dword ptr [{block} + 4], ecx; mov dword ptr [{block} + 8], edx",
    "mov dword ptr [{block} + 12], ebx; mov dword ptr [{block} + 20], ebp",
    "mov dword ptr [{block} + 24], esi; mov dword ptr [{block} + 28], edi",
    "pushfd; pop dword ptr [{block} + {flags}]",
    "cld",
    // JMP FAR to the next instruction, in 64-bit code.
    ".byte 0xea; .long {block} + {stub} + (3f - pxhv_native_stub32); .word {code_64}",
    ".code64",
    "3:",
    "mov rsp, [{block} + {saved_rsp}]",
    "ret",
    "pxhv_native_stub32_end:",
    block = const BLOCK,
    stub = const STUB,
    flags = const FLAGS,
    code_pointer = const CODE_POINTER,
    saved_rsp = const SAVED_RSP,
    code_32 = const CODE_32,
    code_64 = const CODE_64,
    data = const DATA,
);

unsafe extern "sysv64" {
    #[link_name = "pxhv_native_run32"]
    fn run32(block: *mut u8, memory: *mut [u8; MEMORY]);
    #[link_name = "pxhv_native_stub32"]
    static STUB_START: u8;
    #[link_name = "pxhv_native_stub32_end"]
    static STUB_END: u8;
}

/// RET.
const RET: u8 = 0xc3;

/// The processor in compatibility mode.
pub struct Processor32 {
    block: &'static mut [u8; BLOCK_BYTES],
}

impl Processor32 {
    /// There can be one of it.
    pub fn new() -> Self {
        // SAFETY: the memory is fresh and has this size. The assembler put the two labels around the code.
        let (block, stub) = unsafe {
            let (start, end) = (&raw const STUB_START, &raw const STUB_END);
            let bytes = end as usize - start as usize;
            let block: &mut [u8; BLOCK_BYTES] = &mut *map(BLOCK, BLOCK_BYTES).cast();
            (block, core::slice::from_raw_parts(start, bytes))
        };
        block[STUB..STUB + stub.len()].copy_from_slice(stub);
        block[CODE_POINTER..CODE_POINTER + 4].copy_from_slice(&(BLOCK as u32 + CODE as u32).to_le_bytes());
        Self { block }
    }

    /// Executes the instruction, which works on `memory`.
    pub fn execute(&mut self, case: &Case, memory: &mut [u8; MEMORY]) -> Result {
        let code = &mut self.block[CODE..];
        code[..case.code.len()].copy_from_slice(&case.code);
        code[case.code.len()] = RET;
        let values = case.registers[..8].iter().chain([&case.flags]);
        for (place, value) in self.block.chunks_exact_mut(4).zip(values) {
            place.copy_from_slice(&value.to_le_bytes()[..4]);
        }
        // SAFETY: the code is one instruction that changes nothing but general registers other than ESP, flags,
        // and `memory`; what is around it works on the block.
        unsafe { run32(self.block.as_mut_ptr(), memory) };
        let value = |index: usize| {
            let bytes = &self.block[index * 4..index * 4 + 4];
            u64::from(u32::from_le_bytes(bytes.try_into().unwrap()))
        };
        let mut registers = case.registers;
        for (index, register) in registers.iter_mut().enumerate().take(8).filter(|(index, _)| *index != 4) {
            *register = value(index);
        }
        Result { registers, flags: value(8), ports: [0; 4] }
    }
}
