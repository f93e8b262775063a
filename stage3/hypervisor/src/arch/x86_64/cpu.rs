//! This CPU: its features, its time-stamp counter, and the registers that are the guest's while it runs.
//!
//! The hypervisor is built without floating-point and vector instructions, so all of that state stays the
//! guest's across an exit and is touched only here, when a guest starts.

use super::msr;
use core::arch::asm;
use core::arch::x86_64::{__cpuid_count, _rdtsc};
use machine::cpuid::{CpuidResult, HostCpuid};
use machine::msr::TSC_AUX;
use raw_cpuid::{CpuId, CpuIdReaderNative};
use x86_64::registers::control::{Cr0, Cr0Flags, Cr4, Cr4Flags};

/// DR6 at reset: no debug exception has come.
pub const DR6_RESET: u64 = 0xffff_0ff0;
/// DR7 at reset: no breakpoint.
pub const DR7_RESET: u64 = 0x400;
/// The page attribute table at reset: write-back, write-through, UC-, uncacheable, and the same again.
pub const PAT_RESET: u64 = 0x0007_0406_0007_0406;
/// XCR0 at reset: x87 only.
const XCR0_RESET: u64 = 1;

/// CPUID of this CPU, for the virtual CPU's identity.
pub struct Cpuid;

impl HostCpuid for Cpuid {
    fn leaf(&self, leaf: u32, subleaf: u32) -> CpuidResult {
        let result = __cpuid_count(leaf, subleaf);
        CpuidResult { eax: result.eax, ebx: result.ebx, ecx: result.ecx, edx: result.edx }
    }
}

/// Sets the control registers for guests: x87 and SSE state usable, XSETBV and its kind allowed, caches on.
pub fn init() {
    let features = CpuId::new().get_feature_info();
    let has_xsave = features.is_some_and(|features| features.has_xsave());
    // SAFETY: none of these bits changes how the hypervisor's own code runs.
    unsafe {
        Cr0::update(|cr0| {
            cr0.remove(
                Cr0Flags::EMULATE_COPROCESSOR
                    | Cr0Flags::TASK_SWITCHED
                    | Cr0Flags::CACHE_DISABLE
                    | Cr0Flags::NOT_WRITE_THROUGH,
            );
            cr0.insert(Cr0Flags::NUMERIC_ERROR | Cr0Flags::MONITOR_COPROCESSOR | Cr0Flags::WRITE_PROTECT);
        });
        Cr4::update(|cr4| {
            cr4.insert(Cr4Flags::OSFXSR | Cr4Flags::OSXMMEXCPT_ENABLE);
            cr4.set(Cr4Flags::OSXSAVE, has_xsave);
        });
    }
}

/// The time-stamp counter.
#[inline]
pub fn tsc() -> u64 {
    // SAFETY: the hypervisor leaves CR4.TSD clear; RDTSC has no effect.
    unsafe { _rdtsc() }
}

/// The TSC's rate as the CPU itself gives it (CPUID leaf 15h), in kHz.
pub fn nominal_tsc_khz() -> Option<u64> {
    let info = CpuId::<CpuIdReaderNative>::new().get_tsc_info()?;
    info.tsc_frequency().map(|hz| hz / 1000)
}

/// The alignment that FXRSTOR and XRSTOR want.
#[repr(C, align(64))]
struct FpuArea([u8; 1024]);

/// MSRs that a guest writes without an exit and that VM entry and exit leave alone: STAR, LSTAR, CSTAR, SFMASK and
/// KERNEL_GS_BASE.
const GUEST_MSRS: [u32; 5] = [0xc000_0081, 0xc000_0082, 0xc000_0083, 0xc000_0084, 0xc000_0102];

/// Puts the registers that stay the guest's across an exit into the state of a CPU that was just switched on: x87,
/// vector and debug registers, XCR0 and MSRs.
pub fn reset_guest_registers() {
    /// Offset of MXCSR in the legacy area.
    const MXCSR: usize = 24;
    /// MXCSR at reset: all exceptions masked.
    const MXCSR_RESET: [u8; 4] = 0x1f80_u32.to_le_bytes();
    let mut area = FpuArea([0; 1024]);
    area.0[MXCSR..MXCSR + 4].copy_from_slice(&MXCSR_RESET);
    // SAFETY: the hypervisor itself uses none of these registers. The area is 64-byte aligned and large enough for
    // FXRSTOR (512 bytes) and for an XRSTOR with an empty XSTATE_BV, which reads legacy area and header only and sets
    // every component of XCR0 to its initial state (Intel SDM, "Operation of XRSTOR").
    unsafe {
        if Cr4::read().contains(Cr4Flags::OSXSAVE) {
            let supported = __cpuid_count(0xd, 0);
            let all = u64::from(supported.edx) << 32 | u64::from(supported.eax);
            set_xcr0(all);
            asm!("xrstor64 [{}]", in(reg) &raw const area, in("eax") u32::MAX, in("edx") u32::MAX);
            set_xcr0(XCR0_RESET);
        } else {
            asm!("fxrstor64 [{}]", in(reg) &raw const area);
        }
        asm!("fninit");
        asm!("mov dr0, {0}", "mov dr1, {0}", "mov dr2, {0}", "mov dr3, {0}", in(reg) 0_u64);
        asm!("mov dr6, {}", in(reg) DR6_RESET);
    }
    let has_rdtscp =
        CpuId::new().get_extended_processor_and_feature_identifiers().is_some_and(|id| id.has_rdtscp());
    for msr in GUEST_MSRS.into_iter().chain(has_rdtscp.then_some(TSC_AUX)) {
        // SAFETY: every 64-bit CPU has these MSRs, and one with RDTSCP has TSC_AUX; the hypervisor uses none of them.
        unsafe { msr::write(msr, 0) };
    }
}

/// XCR0: the guest's, since the hypervisor uses none of the state that it governs. Zero without XSAVE.
pub fn xcr0() -> u64 {
    if !Cr4::read().contains(Cr4Flags::OSXSAVE) {
        return 0;
    }
    let (low, high): (u32, u32);
    // SAFETY: CR4.OSXSAVE is set, so the instruction exists; it only reads.
    unsafe { asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack)) };
    u64::from(high) << 32 | u64::from(low)
}

/// Sets XCR0.
///
/// # Safety
/// CR4.OSXSAVE must be set and `value` be one that the CPU accepts.
pub unsafe fn set_xcr0(value: u64) {
    // SAFETY: the caller's promise; the hypervisor uses no register that XCR0 governs.
    unsafe {
        asm!("xsetbv", in("ecx") 0, in("eax") value as u32, in("edx") (value >> 32) as u32, options(nomem, nostack));
    }
}
