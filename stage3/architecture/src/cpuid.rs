//! CPUID, and what follows from it for CR4.

/// What one execution of CPUID returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the registers' names")]
pub struct CpuidResult {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
}

/// One of the registers.
pub type Register = fn(&CpuidResult) -> u32;
/// EAX.
pub const EAX: Register = |result| result.eax;
/// EBX.
pub const EBX: Register = |result| result.ebx;
/// ECX.
pub const ECX: Register = |result| result.ecx;
/// EDX.
pub const EDX: Register = |result| result.edx;

/// A feature: a register and a bit in it.
pub type Feature = (Register, u32);

impl CpuidResult {
    /// Whether it shows a feature.
    #[must_use]
    pub fn has(&self, (register, bit): Feature) -> bool {
        register(self) & (1 << bit) != 0
    }
}

/// CR4.PCE: every processor has it.
const CR4_PCE: u64 = 1 << 8;
/// Bits of CR4, and the feature that each belongs to, by register and position in leaf 1.
const CR4_BY_LEAF_1: &[(u32, Feature)] = &[
    (0, (EDX, 1)),   // VME
    (1, (EDX, 1)),   // PVI: VME
    (2, (EDX, 4)),   // TSD: TSC
    (3, (EDX, 2)),   // DE
    (4, (EDX, 3)),   // PSE
    (5, (EDX, 6)),   // PAE
    (6, (EDX, 7)),   // MCE
    (7, (EDX, 13)),  // PGE
    (9, (EDX, 24)),  // OSFXSR: FXSAVE
    (10, (EDX, 25)), // OSXMMEXCPT: SSE
    (17, (ECX, 17)), // PCIDE: PCID
    (18, (ECX, 26)), // OSXSAVE: XSAVE
];
/// The same for leaf 7.
const CR4_BY_LEAF_7: &[(u32, Feature)] = &[
    (11, (ECX, 2)),  // UMIP
    (12, (ECX, 16)), // LA57
    (16, (EBX, 0)),  // FSGSBASE
    (20, (EBX, 7)),  // SMEP
    (21, (EBX, 20)), // SMAP
    (22, (ECX, 3)),  // PKE: PKU
    (23, (ECX, 7)),  // CET: shadow stacks
];

/// The bits of CR4 that a processor has by these leaves, but for VMXE and SMXE.
#[must_use]
pub fn cr4_bits(leaf_1: &CpuidResult, leaf_7: &CpuidResult) -> u64 {
    let by_leaf_1 = CR4_BY_LEAF_1.iter().filter(|(_, feature)| leaf_1.has(*feature));
    let by_leaf_7 = CR4_BY_LEAF_7.iter().filter(|(_, feature)| leaf_7.has(*feature));
    by_leaf_1.chain(by_leaf_7).fold(CR4_PCE, |bits, (bit, _)| bits | 1 << bit)
}
