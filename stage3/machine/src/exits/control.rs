//! XCR0 and hypercalls.

use crate::cpuid::{CpuidPolicy, XCR0_AVX, XCR0_AVX512, XCR0_SSE, XCR0_X87};
use crate::vcpu::{Fault, Vcpu, CR4_OSXSAVE, EFER_LMA, SEGMENT_LONG};

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

/// VMCALL or VMMCALL. There are no calls; the answers are those of the KVM interface (Linux:
/// include/uapi/linux/kvm_para.h), whose signature CPUID shows.
pub fn hypercall<V: Vcpu>(vcpu: &mut V) {
    const KVM_ENOSYS: u64 = 1000;
    const KVM_EPERM: u64 = 1;
    let error = if vcpu.cpl() == 0 { KVM_ENOSYS } else { KVM_EPERM };
    let in_64_bit_code = vcpu.efer() & EFER_LMA != 0 && vcpu.state().cs.attributes & SEGMENT_LONG != 0;
    let answer = error.wrapping_neg();
    vcpu.gprs_mut().rax = if in_64_bit_code { answer } else { answer & 0xffff_ffff };
}
