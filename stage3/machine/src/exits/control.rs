//! XCR0.

use crate::cpuid::{CpuidPolicy, XCR0_AVX, XCR0_AVX512, XCR0_SSE, XCR0_X87};
use crate::vcpu::{Fault, Vcpu, CR4_OSXSAVE};

/// XSETBV (Intel SDM and AMD APM, "XSETBV"). Intel checks CR4.OSXSAVE and CPL before the exit; to check
/// again costs nothing.
pub fn xsetbv<V: Vcpu>(vcpu: &mut V, cpuid: &CpuidPolicy) -> Result<(), Fault> {
    const XCR0: u32 = 0;
    if vcpu.cr4() & CR4_OSXSAVE == 0 {
        return Err(Fault::InvalidOpcode);
    }
    let (index, value) = (vcpu.gprs().rcx as u32, vcpu.gprs().edx_eax());
    if vcpu.cpl() != 0 || index != XCR0 || !is_valid_xcr0(value, cpuid.xcr0_allowed()) {
        return Err(Fault::GeneralProtection);
    }
    vcpu.set_xcr0(value);
    Ok(())
}

/// Intel SDM, "Extended Control Registers (Including XCR0)".
const fn is_valid_xcr0(value: u64, allowed: u64) -> bool {
    let sse = value & XCR0_SSE != 0;
    let avx = value & XCR0_AVX != 0;
    let avx512 = value & XCR0_AVX512;
    value & !allowed == 0
        && value & XCR0_X87 != 0
        && (sse || !avx)
        && (avx512 == 0 || (avx512 == XCR0_AVX512 && avx))
}
