//! What the rules depend on beside the VMCB: the processor.

use crate::cpuid::{cr4_bits, CpuidResult, Feature, EAX, EBX, ECX, EDX};
use crate::registers::{EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE, EFER_SVME};
use bitflags::bitflags;

bitflags! {
    /// Features of SVM, at their positions in EDX of CPUID leaf 8000_000Ah.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Features: u32 {
        /// Nested paging.
        const NESTED_PAGING = 1 << 0;
        /// The advanced virtual interrupt controller.
        const AVIC = 1 << 13;
        /// AVIC for a local APIC in x2APIC mode.
        const X2AVIC = 1 << 18;
        /// Virtual NMIs.
        const VIRTUAL_NMI = 1 << 25;
    }
}

/// The processor that is to run the guest.
#[derive(Clone, Copy, Debug)]
pub struct Processor {
    /// Width of physical addresses.
    pub physical_bits: u32,
    /// How many address space identifiers there are, the host's 0 included.
    pub asids: u32,
    /// The bits of CR4 that it has.
    pub cr4: u64,
    /// The bits of EFER that it has.
    pub efer: u64,
    /// Its features.
    pub features: Features,
}

/// EFER bits, and the feature that each belongs to: leaf of CPUID, and bit there.
const EFER_BY_FEATURE: [(u64, u32, Feature); 10] = [
    (EFER_SCE, FEATURES, (EDX, 11)),
    (EFER_LME | EFER_LMA, FEATURES, (EDX, 29)),
    (EFER_NXE, FEATURES, (EDX, 20)),
    (EFER_SVME, FEATURES, (ECX, 2)),
    (EFER_FFXSR, FEATURES, (EDX, 25)),
    (EFER_TCE, FEATURES, (ECX, 17)),
    (EFER_MCOMMIT, CAPACITY, (EBX, 8)),
    (EFER_INTWB, CAPACITY, (EBX, 13)),
    (EFER_UAIE, MORE_FEATURES, (EAX, 7)),
    (EFER_AIBRSE, MORE_FEATURES, (EAX, 8)),
];
/// Leaves of CPUID: features, capacity parameters, SVM, features 2.
const FEATURES: u32 = 0x8000_0001;
/// See [`FEATURES`].
const CAPACITY: u32 = 0x8000_0008;
/// See [`FEATURES`].
const SVM: u32 = 0x8000_000a;
/// See [`FEATURES`].
const MORE_FEATURES: u32 = 0x8000_0021;
/// EFER.LMSLE: segment limits in 64-bit mode. Its feature bit says that it is *not* there.
const EFER_LMSLE: u64 = 1 << 13;
/// See [`EFER_LMSLE`]: EBX of [`CAPACITY`].
const NO_LMSLE: u32 = 1 << 20;
/// EFER.FFXSR: a short FXSAVE.
const EFER_FFXSR: u64 = 1 << 14;
/// EFER.TCE: translation cache extension.
const EFER_TCE: u64 = 1 << 15;
/// EFER.MCOMMIT.
const EFER_MCOMMIT: u64 = 1 << 17;
/// EFER.INTWB: interruptible WBINVD.
const EFER_INTWB: u64 = 1 << 18;
/// EFER.UAIE: upper address bits are ignored.
const EFER_UAIE: u64 = 1 << 20;
/// EFER.AIBRSE: automatic IBRS.
const EFER_AIBRSE: u64 = 1 << 21;

impl Processor {
    /// By its CPUID: what it answers for a leaf and subleaf.
    #[must_use]
    pub fn new(cpuid: &dyn Fn(u32, u32) -> CpuidResult) -> Self {
        let (basic, extended) = (cpuid(0, 0).eax, cpuid(0x8000_0000, 0).eax);
        let leaf = |leaf: u32| {
            let last = if leaf >> 31 == 0 { basic } else { extended };
            if leaf <= last {
                cpuid(leaf, 0)
            } else {
                CpuidResult::default()
            }
        };
        let capacity = leaf(CAPACITY);
        let lmsle = if capacity.ebx & NO_LMSLE == 0 { EFER_LMSLE } else { 0 };
        let efer = EFER_BY_FEATURE
            .iter()
            .filter(|(_, number, feature)| leaf(*number).has(*feature))
            .fold(lmsle, |efer, (bits, ..)| efer | bits);
        Self {
            physical_bits: capacity.eax & 0xff,
            asids: leaf(SVM).ebx,
            cr4: cr4_bits(&leaf(1), &leaf(7)),
            efer,
            features: Features::from_bits_truncate(leaf(SVM).edx),
        }
    }
}
