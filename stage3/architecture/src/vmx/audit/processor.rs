//! What the rules depend on beside the VMCS: the processor.

use crate::cpuid::{CpuidResult, EAX, EBX, ECX, EDX};
use crate::registers::{EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE};
use crate::vmx::capabilities::{Capabilities, BASIC_32_BIT_ADDRESSES};
use bitflags::bitflags;

bitflags! {
    /// Features of the processor that lift a rule.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Features: u8 {
        /// Intel SGX.
        const SGX = 1 << 0;
        /// Restricted transactional memory.
        const RTM = 1 << 1;
        /// Bus-lock detection.
        const BUS_LOCK_DETECTION = 1 << 2;
        /// Linear-address masking.
        const LAM = 1 << 3;
    }
}

/// The processor that is to enter the guest.
#[derive(Clone, Copy, Debug)]
pub struct Processor {
    /// What its VMX can do.
    pub capabilities: Capabilities,
    /// Width of physical addresses.
    pub physical_bits: u32,
    /// Width of linear addresses.
    pub linear_bits: u32,
    /// The bits of IA32_EFER that it has.
    pub efer: u64,
    /// The bits of IA32_PERF_GLOBAL_CTRL that it has.
    pub perf_global_ctrl: u64,
    /// Its features.
    pub features: Features,
}

/// IA32_PERF_GLOBAL_CTRL: performance metrics. No leaf of CPUID tells about it.
const PERF_METRICS: u64 = 1 << 48;

impl Processor {
    /// By its CPUID: what it answers for a leaf and subleaf.
    #[must_use]
    pub fn new(capabilities: Capabilities, cpuid: &dyn Fn(u32, u32) -> CpuidResult) -> Self {
        let last = cpuid(0, 0).eax;
        let leaf = |leaf, subleaf| if leaf <= last { cpuid(leaf, subleaf) } else { CpuidResult::default() };

        let features_7 = leaf(7, 0);
        let has_subleaf = features_7.eax >= 1;
        let mut features = Features::empty();
        features.set(Features::SGX, features_7.has((EBX, 2)));
        features.set(Features::RTM, features_7.has((EBX, 11)));
        features.set(Features::BUS_LOCK_DETECTION, features_7.has((ECX, 24)));
        features.set(Features::LAM, has_subleaf && leaf(7, 1).has((EAX, 26)));

        let has_nx = cpuid(0x8000_0001, 0).has((EDX, 20));
        let widths = cpuid(0x8000_0008, 0).eax;
        let counters = leaf(10, 0);
        let ones = |count: u32| 1u64.checked_shl(count).map_or(u64::MAX, |bit| bit - 1);
        Self {
            capabilities,
            physical_bits: widths & 0xff,
            linear_bits: (widths >> 8) & 0xff,
            efer: EFER_SCE | EFER_LME | EFER_LMA | if has_nx { EFER_NXE } else { 0 },
            perf_global_ctrl: ones((counters.eax >> 8) & 0xff)
                | ones(counters.edx & 0x1f) << 32
                | PERF_METRICS,
            features,
        }
    }

    /// Width of the addresses of structures in the VMCS.
    pub(super) const fn structure_address_bits(&self) -> u32 {
        if self.capabilities.basic & BASIC_32_BIT_ADDRESSES != 0 {
            32
        } else {
            self.physical_bits
        }
    }

    /// The bits of CR3 that must be 0.
    pub(super) const fn cr3_reserved(&self) -> u64 {
        const LAM_U57_AND_U48: u64 = 0b11 << 61;
        let lam = if self.features.contains(Features::LAM) { LAM_U57_AND_U48 } else { 0 };
        crate::address::beyond_physical(self.physical_bits) & !lam
    }
}
