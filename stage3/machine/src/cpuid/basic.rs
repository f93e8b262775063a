//! The basic leaves, 0 to 16h.

use super::xsave::Xsave;
use super::{features, topology, CpuVendor, CpuidConfig, CpuidResult, HostCpuid};
use crate::device::lapic::TIMER_HZ;

/// Number of leaves in the table.
pub const LEAVES: usize = FREQUENCIES as usize + 1;

/// Version and feature information.
pub const FEATURES: u32 = 1;
/// Cache and TLB descriptors (Intel).
const DESCRIPTORS: u32 = 2;
/// Deterministic cache parameters (Intel).
pub const CACHES: u32 = 4;
/// Structured extended feature flags.
pub const MORE_FEATURES: u32 = 7;
/// Extended topology.
pub const TOPOLOGY: u32 = 0xb;
/// XSAVE state.
pub const XSAVE: u32 = 0xd;
/// TSC and core crystal clock (Intel).
const TSC: u32 = 0x15;
/// Processor frequencies (Intel).
const FREQUENCIES: u32 = 0x16;

/// Leaves that depend on a subleaf or on the state of the CPU.
pub const VARIABLE: u32 = 1 << FEATURES | 1 << CACHES | 1 << MORE_FEATURES | 1 << TOPOLOGY | 1 << XSAVE;

/// Leaf 16h ECX: the nominal bus clock in MHz of every Intel processor that has the leaf.
const BUS_MHZ: u32 = 100;

/// The leaves by number. Those not named here are zero: monitor (5), thermal and power (6), performance
/// counters (Ah), RDT (Fh, 10h), SGX (12h), Processor Trace (14h).
pub fn table(
    host: &dyn HostCpuid,
    vendor: CpuVendor,
    config: &CpuidConfig,
    xsave: &Xsave,
) -> [CpuidResult; LEAVES] {
    let mut table = [CpuidResult::default(); LEAVES];
    let mut set = |leaf: u32, result: CpuidResult| table[leaf as usize] = result;
    let host_max = host.leaf(0, 0).eax;
    let max = match vendor {
        // Guests learn the rate of the TSC here, whatever the host's own maximum is.
        CpuVendor::Intel => FREQUENCIES,
        CpuVendor::Amd => host_max.min(XSAVE),
    };
    set(0, CpuidResult { eax: max, ..host.leaf(0, 0) });
    set(FEATURES, version(host.leaf(FEATURES, 0), xsave));
    if vendor == CpuVendor::Intel {
        set(DESCRIPTORS, host.leaf(DESCRIPTORS, 0));
        set(TSC, tsc(config.tsc_khz));
        let mhz = (config.tsc_khz / 1000) as u32;
        set(FREQUENCIES, CpuidResult { eax: mhz, ebx: mhz, ecx: BUS_MHZ, edx: 0 });
    }
    if host_max >= MORE_FEATURES {
        set(MORE_FEATURES, features::leaf_7(host.leaf(MORE_FEATURES, 0), config, xsave.vectors()));
    }
    // AMD processors before Zen 2 have a smaller maximum, or zeros there.
    if vendor == CpuVendor::Intel || (host_max >= TOPOLOGY && host.leaf(TOPOLOGY, 0).ebx != 0) {
        set(TOPOLOGY, topology::ONE_PROCESSOR);
    }
    table
}

/// Leaf 7, subleaf 1.
pub fn more_features(host: &dyn HostCpuid, xsave: &Xsave) -> CpuidResult {
    if host.leaf(0, 0).eax < MORE_FEATURES || host.leaf(MORE_FEATURES, 0).eax < 1 {
        return CpuidResult::default();
    }
    features::leaf_7_1(host.leaf(MORE_FEATURES, 1), xsave.vectors())
}

/// Leaf 1: family, model and stepping, the brand index and the size of a cache line are the host's;
/// there is one logical processor, with APIC ID 0. XSAVE needs leaf Dh, which firmware can hide on the host by a limit
/// for leaves.
fn version(host: CpuidResult, xsave: &Xsave) -> CpuidResult {
    const BRAND_AND_CLFLUSH: u32 = 0xffff;
    const ONE_LOGICAL_PROCESSOR: u32 = 1 << 16;
    let (mut ecx, edx) = features::leaf_1(host, xsave.vectors());
    if xsave.allowed == 0 {
        ecx &= !(1 << features::XSAVE);
    }
    CpuidResult { eax: host.eax, ebx: (host.ebx & BRAND_AND_CLFLUSH) | ONE_LOGICAL_PROCESSOR, ecx, edx }
}

/// Leaf 15h: the TSC runs at ECX Hz × EBX / EAX, and the local APIC's timer at ECX Hz, the crystal's
/// rate. The fraction is the nearest one whose numerator times the crystal's kHz fits 32 bits: guests
/// compute with these, as Linux does.
fn tsc(khz: u64) -> CpuidResult {
    const CRYSTAL_KHZ: u64 = TIMER_HZ / 1000;
    const MAX_NUMERATOR: u64 = u32::MAX as u64 / CRYSTAL_KHZ;
    let fraction = |numerator: u64| {
        let denominator = ((CRYSTAL_KHZ * numerator + khz / 2) / khz.max(1)).max(1);
        (numerator, denominator)
    };
    // Millionths of a kHz.
    let error = |(numerator, denominator): &(u64, u64)| {
        (CRYSTAL_KHZ * numerator * 1_000_000 / denominator).abs_diff(khz * 1_000_000)
    };
    let (numerator, denominator) =
        (1..=MAX_NUMERATOR).map(fraction).min_by_key(error).unwrap_or((MAX_NUMERATOR, 1));
    CpuidResult { eax: denominator as u32, ebx: numerator as u32, ecx: TIMER_HZ as u32, edx: 0 }
}
