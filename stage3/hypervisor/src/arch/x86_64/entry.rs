//! The first instructions of stage 3: from stage 2's stack to its own.

use core::arch::global_asm;

/// Bytes of the boot CPU's stack. A VM with its board passes through it when it is made, more than once.
const STACK: usize = 128 << 10;
/// Bytes below the stack that are not mapped, so that an overflow is an exception and not corruption.
pub const GUARD: usize = 4096;

/// The boot CPU's stack, above its guard page.
#[repr(C, align(4096))]
pub struct BootStack {
    guard: [u8; GUARD],
    stack: [u8; STACK],
}

static mut BOOT_STACK: BootStack = BootStack { guard: [0; GUARD], stack: [0; STACK] };

/// HPA of the guard page.
pub fn guard_page() -> u64 {
    (&raw const BOOT_STACK).addr() as u64
}

// RDI = HPA of BootInfo, as the contract in `bundle::boot_info` says; it becomes the first argument of `start`.
// The call leaves RSP as the ABI wants it at a function's first instruction: 8 below a multiple of 16.
global_asm!(
    ".section .text.stage3_entry, \"ax\"",
    ".global stage3_entry",
    "stage3_entry:",
    "cld",
    "lea rsp, [rip + {stack} + {size}]",
    "xor ebp, ebp",
    "call {start}",
    "ud2",
    ".text",
    stack = sym BOOT_STACK,
    size = const size_of::<BootStack>(),
    start = sym crate::start,
);
