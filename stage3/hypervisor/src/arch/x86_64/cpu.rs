//! This CPU: its features, its time-stamp counter and XCR0.

use alloc::string::{String, ToString};
use core::arch::asm;
use core::arch::x86_64::{__cpuid_count, _rdtsc};
use machine::cpuid::{CpuidResult, HostCpuid};
use raw_cpuid::{CpuId, CpuIdReaderNative};
use x86_64::registers::control::{Cr0, Cr0Flags, Cr4, Cr4Flags};

/// DR6 at reset: no debug exception has come.
pub const DR6_RESET: u64 = 0xffff_0ff0;
/// DR7 at reset: no breakpoint.
pub const DR7_RESET: u64 = 0x400;
/// The page attribute table at reset: write-back, write-through, UC-, uncacheable, and the same again.
pub const PAT_RESET: u64 = 0x0007_0406_0007_0406;

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

/// The processor's own name.
pub fn name() -> String {
    let brand = CpuId::new().get_processor_brand_string();
    brand.map_or_else(|| "unknown".to_string(), |brand| brand.as_str().trim().to_string())
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
