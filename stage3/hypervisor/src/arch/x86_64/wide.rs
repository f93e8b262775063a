//! Fills large pieces of memory by the widest registers.
//!
//! Those are the guest's, and stay in the processor while the hypervisor works: what is used here is saved before and
//! restored behind, with XSAVE and XRSTOR, which also keep the processor's knowledge of what is in its initial state: guests'
//! SSE instructions are slow while upper halves of registers count as used. That is some hundred cycles for 2 MiB.

use super::cpu;
use core::arch::asm;
use core::arch::x86_64::{__cpuid, __cpuid_count};

/// CPUID leaf 1, ECX: the processor has AVX.
const AVX: u32 = 1 << 28;
/// CPUID leaf of XSAVE.
const XSAVE_LEAF: u32 = 0xd;
/// Component of XSAVE: the upper halves of ZMM0 to ZMM15, which an instruction of AVX sets to zero, too.
const ZMM_UPPER: u32 = 6;
/// The components that an instruction of AVX may change: SSE, AVX and [`ZMM_UPPER`].
const CHANGED: u64 = 1 << 1 | 1 << 2 | 1 << ZMM_UPPER;
/// What XCR0 enables only together: x87, SSE and AVX; and AVX-512's three.
const TOGETHER: u64 = 0b111 | 0b111 << 5;
/// Bytes in one turn of the loop.
const TURN: usize = 512;

/// An area for XSAVE of [`CHANGED`].
#[repr(C, align(64))]
struct Area([u8; 2048]);

/// The guest's vector registers, saved.
struct Saved {
    area: Area,
    xcr0: u64,
}

impl Saved {
    /// Saves them, and enables what is needed to use them; none if this processor has no AVX.
    fn new() -> Option<Self> {
        let xcr0 = cpu::xcr0();
        let leaf = __cpuid_count(XSAVE_LEAF, 0);
        let supported = u64::from(leaf.edx) << 32 | u64::from(leaf.eax);
        let upper = __cpuid_count(XSAVE_LEAF, ZMM_UPPER);
        let fits = (upper.eax + upper.ebx) as usize <= size_of::<Area>();
        if xcr0 == 0 || __cpuid(1).ecx & AVX == 0 || !fits {
            return None;
        }
        let mut saved = Self { area: Area([0; 2048]), xcr0 };
        let [low, high] = halves(CHANGED);
        // SAFETY: XCR0 is not zero, so there is XSAVE. The processor supports what is enabled, all of what belongs together.
        // AVX's component ends at 832 in every processor, and the other one's end was checked.
        unsafe {
            cpu::set_xcr0(xcr0 | supported & TOGETHER);
            asm!("xsave64 [{}]", in(reg) &raw mut saved.area, in("eax") low, in("edx") high, options(nostack));
        }
        Some(saved)
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        let [low, high] = halves(CHANGED);
        // SAFETY: the area holds what XSAVE stored there, and XCR0 what it held.
        unsafe {
            asm!("xrstor64 [{}]", in(reg) &raw const self.area, in("eax") low, in("edx") high, options(nostack, readonly));
            cpu::set_xcr0(self.xcr0);
        }
    }
}

const fn halves(mask: u64) -> [u32; 2] {
    [mask as u32, (mask >> 32) as u32]
}

/// Fills memory with zeros. Large pages are larger than the caches that a guest is about to use: so the stores go past them.
/// A REP STOS would be as fast on a processor, which stores whole lines in it; emulators store its elements one by one.
///
/// # Safety
/// The `bytes` at `to`, a multiple of 512 on a multiple of 32, are memory that nothing else uses now.
pub unsafe fn zero(to: *mut u8, bytes: usize) {
    debug_assert!(bytes.is_multiple_of(TURN) && to.addr().is_multiple_of(32));
    let Some(_saved) = Saved::new() else {
        // SAFETY: the caller's promise.
        return unsafe { to.write_bytes(0, bytes) };
    };
    if bytes == 0 {
        return;
    }
    // SAFETY: the caller's promise for the memory; YMM0 was saved.
    unsafe {
        asm!(
            "vpxor xmm0, xmm0, xmm0",
            "2:",
            ".irp offset, 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480",
            "vmovntdq [{to} + \\offset], ymm0",
            ".endr",
            "add {to}, {turn}",
            "cmp {to}, {end}",
            "jb 2b",
            "sfence",
            to = inout(reg) to => _,
            end = in(reg) to.add(bytes),
            turn = const TURN,
            options(nostack),
        );
    }
}
