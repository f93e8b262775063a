//! The control register bits that follow from CPUID: a bit whose feature is not shown is reserved.

use super::{basic, extended, features, CpuidPolicy};
use crate::vcpu::{EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE};
use architecture::cpuid::cr4_bits;

impl CpuidPolicy {
    /// The bits that a guest may set in CR4.
    #[must_use]
    pub fn cr4_allowed(&self) -> u64 {
        let leaf_1 = self.basic[basic::FEATURES as usize];
        let leaf_7 = self.basic[basic::MORE_FEATURES as usize];
        cr4_bits(&leaf_1, &leaf_7)
    }

    /// The bits that a guest may set in EFER. LMA is among them, but writes to it have no effect.
    #[must_use]
    pub fn efer_allowed(&self) -> u64 {
        let shown = self.extended[extended::FEATURES].edx;
        [
            (features::SYSCALL, EFER_SCE),
            (features::LM, EFER_LME | EFER_LMA | EFER_SCE),
            (features::NX, EFER_NXE),
        ]
        .into_iter()
        .filter(|(feature, _)| shown & (1 << feature) != 0)
        .fold(0, |allowed, (_, bits)| allowed | bits)
    }

    /// The bits that a guest may set in XCR0; zero if it has no XSAVE.
    #[must_use]
    pub const fn xcr0_allowed(&self) -> u64 {
        self.xsave.allowed
    }

    /// Whether there are machine checks and their MSRs.
    #[must_use]
    pub const fn has_machine_checks(&self) -> bool {
        self.basic[basic::FEATURES as usize].edx & (1 << features::MCE) != 0
    }

    /// Whether MSR IA32_TSC_ADJUST exists.
    #[must_use]
    pub const fn has_tsc_adjust(&self) -> bool {
        self.basic[basic::MORE_FEATURES as usize].ebx & (1 << features::TSC_ADJUST) != 0
    }

    /// Whether RDTSCP and MSR TSC_AUX exist.
    #[must_use]
    pub const fn has_rdtscp(&self) -> bool {
        self.extended[extended::FEATURES].edx & (1 << features::RDTSCP) != 0
    }
}
