//! The control register bits that follow from CPUID: a bit whose feature is not shown is reserved.

use super::{basic, extended, features, CpuidPolicy};
use crate::vcpu::{EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE};

/// CR4 bits and the feature that each belongs to, by position: CR4 bit, leaf 1 EDX bit.
const BY_LEAF_1_EDX: &[(u32, u32)] = &[
    (0, 1),             // VME
    (1, 1),             // PVI: VME
    (2, 4),             // TSD: TSC
    (3, 2),             // DE
    (4, 3),             // PSE
    (5, 6),             // PAE
    (6, features::MCE), // MCE
    (7, 13),            // PGE
    (9, 24),            // OSFXSR: FXSAVE
    (10, 25),           // OSXMMEXCPT: SSE
];
/// The same for leaf 1 ECX.
const BY_LEAF_1_ECX: &[(u32, u32)] = &[
    (17, features::PCID),  // PCIDE
    (18, features::XSAVE), // OSXSAVE
];
/// The same for leaf 7 EBX.
const BY_LEAF_7_EBX: &[(u32, u32)] = &[
    (16, 0),  // FSGSBASE
    (20, 7),  // SMEP
    (21, 20), // SMAP
];
/// The same for leaf 7 ECX.
const BY_LEAF_7_ECX: &[(u32, u32)] = &[
    (11, 2), // UMIP
];
/// CR4.PCE: every processor lets software set it. RDPMC faults either way, as there are no counters.
const CR4_PCE: u64 = 1 << 8;

impl CpuidPolicy {
    /// The bits that a guest may set in CR4.
    #[must_use]
    pub fn cr4_allowed(&self) -> u64 {
        let leaf_1 = self.basic[basic::FEATURES as usize];
        let leaf_7 = self.basic[basic::MORE_FEATURES as usize];
        [
            (BY_LEAF_1_EDX, leaf_1.edx),
            (BY_LEAF_1_ECX, leaf_1.ecx),
            (BY_LEAF_7_EBX, leaf_7.ebx),
            (BY_LEAF_7_ECX, leaf_7.ecx),
        ]
        .into_iter()
        .flat_map(|(table, shown)| table.iter().filter(move |(_, feature)| shown & (1 << feature) != 0))
        .fold(CR4_PCE, |allowed, (bit, _)| allowed | 1 << bit)
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
