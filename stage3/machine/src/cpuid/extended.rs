//! The extended leaves, 80000000h to 80000008h.
//!
//! What AMD has above them is hidden: SVM (8000000Ah), topology (8000001Eh), memory encryption
//! (8000001Fh) and other things that need virtualization.

use super::xsave::Xsave;
use super::{features, CpuidConfig, CpuidResult, HostCpuid, EXTENDED_BASE};

/// Number of leaves in the table.
pub const LEAVES: usize = ADDRESS_SIZES + 1;
/// Index of leaf 80000001h: extended feature flags.
pub const FEATURES: usize = 1;
/// Index of leaf 80000007h: power management and TSC.
const POWER: usize = 7;
/// Index of leaf 80000008h: sizes of addresses.
pub const ADDRESS_SIZES: usize = 8;

/// Leaf 80000007h EDX: the TSC runs at the same rate in all states. Always true for a guest: the
/// TSC is the one clock of its whole computer.
const INVARIANT_TSC: u32 = 1 << 8;
/// Leaf 80000008h EAX: bits of a physical address (7:0), of a linear address (15:8).
const WIDTHS: u32 = 0xffff;
/// What a processor without leaf 80000008h has: 36 and 32 bits, or 48 in long mode.
const DEFAULT_WIDTHS: u32 = 0x3024;

/// The leaves from 80000000h on.
pub fn table(host: &dyn HostCpuid, config: &CpuidConfig, xsave: &Xsave) -> [CpuidResult; LEAVES] {
    let mut table = [CpuidResult::default(); LEAVES];
    let host_max = host.leaf(EXTENDED_BASE, 0).eax;
    for (leaf, result) in (EXTENDED_BASE..).zip(&mut table) {
        if leaf <= host_max {
            *result = host.leaf(leaf, 0);
        }
    }
    table[0].eax = EXTENDED_BASE + ADDRESS_SIZES as u32;

    let (ecx, edx) = features::leaf_8000_0001(table[FEATURES], config, xsave.vectors());
    table[FEATURES] = CpuidResult { ecx, edx, ..table[FEATURES] };

    table[POWER] = CpuidResult { edx: INVARIANT_TSC, ..CpuidResult::default() };

    let sizes = table[ADDRESS_SIZES];
    table[ADDRESS_SIZES] = CpuidResult {
        eax: if sizes.eax & WIDTHS == 0 { DEFAULT_WIDTHS } else { sizes.eax & WIDTHS },
        ebx: sizes.ebx & features::LEAF_8000_0008_EBX,
        ..CpuidResult::default()
    };
    table
}
