//! Processors that say anything.

use super::*;
use proptest::prelude::*;

/// A processor whose leaves are noise, but for those that decide what there is.
struct Noise {
    seed: u64,
    vendor: CpuVendor,
    max: u32,
    max_extended: u32,
}

impl HostCpuid for Noise {
    fn leaf(&self, leaf: u32, subleaf: u32) -> CpuidResult {
        let name = if self.vendor == CpuVendor::Intel { b"GenuntelineI" } else { b"AuthcAMDenti" };
        match leaf {
            0 => signature(self.max, name),
            0x8000_0000 => result(self.max_extended, 0, 0, 0),
            _ => {
                // SplitMix64.
                let word = |register: u64| {
                    let place = u64::from(leaf) << 32 ^ u64::from(subleaf) << 2 ^ register;
                    let mut z = self.seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                    (z ^ z >> 31) as u32
                };
                result(word(0), word(1), word(2), word(3))
            }
        }
    }
}

proptest! {
    /// A guest sees no feature that the host lacks, and what control registers may hold follows what it sees.
    #[test]
    fn no_feature_comes_from_nowhere(
        (seed, is_intel, tsc_khz) in (any::<u64>(), any::<bool>(), any::<u32>()),
        (max, max_extended) in (0..0x20_u32, 0x8000_0000..0x8000_0020_u32),
        (rdtscp, invpcid, has_lapic) in (any::<bool>(), any::<bool>(), any::<bool>()),
        (cr4, xcr0) in (any::<u64>(), any::<u64>()),
        (leaf, subleaf) in (prop_oneof![0..0x20_u32, 0x4000_0000..0x4000_0200_u32, 0x8000_0000..0x8000_0020_u32, any::<u32>()], 0..70_u32),
    ) {
        let vendor = if is_intel { CpuVendor::Intel } else { CpuVendor::Amd };
        let host = Noise { seed, vendor, max, max_extended };
        let policy = CpuidPolicy::new(&host, &CpuidConfig { tsc_khz: tsc_khz.into(), rdtscp, invpcid });
        let state = GuestCpuidState { cr4, xcr0, has_lapic };
        let _ = policy.leaf(leaf, subleaf, &state);

        let features = policy.leaf(1, 0, &state);
        let of_host = host.leaf(1, 0);
        // x2APIC, TSC deadline, OSXSAVE and the hypervisor bit are not the host's; neither is the local APIC.
        prop_assert_eq!(features.ecx & !of_host.ecx & !(1 << 21 | 1 << 24 | 1 << 27 | 1 << 31), 0);
        prop_assert_eq!(features.edx & !of_host.edx & !(1 << 9), 0);
        if max >= 7 {
            let (seen, of_host) = (policy.leaf(7, 0, &state), host.leaf(7, 0));
            prop_assert_eq!((seen.ebx & !of_host.ebx, seen.ecx & !of_host.ecx, seen.edx & !of_host.edx), (0, 0, 0));
        }
        if max_extended > 0x8000_0000 {
            let (seen, of_host) = (policy.leaf(0x8000_0001, 0, &state), host.leaf(0x8000_0001, 0));
            prop_assert_eq!((seen.ecx & !of_host.ecx, seen.edx & !of_host.edx & !(1 << 9)), (0, 0));
        }
        prop_assert_eq!(policy.cr4_allowed() >> 18 & 1, u64::from(bit(features.ecx, 26)), "OSXSAVE and XSAVE");
        prop_assert_eq!(policy.xcr0_allowed() != 0, bit(features.ecx, 26), "XCR0 and XSAVE");
        prop_assert!(!bit(features.ecx, 28) || policy.xcr0_allowed() & XCR0_AVX != 0, "AVX without its registers");
        prop_assert!(policy.xcr0_allowed() & XCR0_AVX512 == 0 || policy.xcr0_allowed() & XCR0_AVX != 0);
    }
}
