//! Processors for tests.

use super::{signature, CpuVendor, CpuidConfig, CpuidPolicy, CpuidResult, HostCpuid};
use alloc::collections::BTreeMap;

/// A processor that has every feature there is and will be: all bits of all leaves are set, but for
/// the leaves in the map.
pub struct TestHost(BTreeMap<(u32, u32), CpuidResult>);

impl HostCpuid for TestHost {
    fn leaf(&self, leaf: u32, subleaf: u32) -> CpuidResult {
        let all = CpuidResult { eax: u32::MAX, ebx: u32::MAX, ecx: u32::MAX, edx: u32::MAX };
        self.0.get(&(leaf, subleaf)).copied().unwrap_or(all)
    }
}

pub fn result(eax: u32, ebx: u32, ecx: u32, edx: u32) -> CpuidResult {
    CpuidResult { eax, ebx, ecx, edx }
}

pub const CONFIG: CpuidConfig = CpuidConfig { tsc_khz: 2_596_123, rdtscp: true, invpcid: true };

impl TestHost {
    /// With the XSAVE components of a Skylake-X and 46 address bits.
    pub fn new(vendor: CpuVendor) -> Self {
        let (max, max_extended, name) = match vendor {
            CpuVendor::Intel => (0x16, 0x8000_0008, b"GenuntelineI"),
            CpuVendor::Amd => (0x10, 0x8000_0020, b"AuthcAMDenti"),
        };
        let mut host = Self(BTreeMap::new());
        host.set(0, 0, signature(max, name));
        host.set(0x8000_0000, 0, result(max_extended, 0, 0, 0));
        host.set(0x8000_0008, 0, result(0xffff_302e, u32::MAX, u32::MAX, u32::MAX));
        for (component, size, offset, flags) in [
            (2, 256, 576, 0),
            (3, 64, 960, 0),  // MPX
            (4, 64, 1024, 0), // MPX
            (5, 64, 1088, 0),
            (6, 512, 1152, 0),
            (7, 1024, 1664, 0),
            (8, 128, 0, 1),  // Processor Trace
            (9, 8, 2688, 0), // PKRU
        ] {
            host.set(0xd, component, result(size, offset, flags, 0));
        }
        host
    }

    pub fn set(&mut self, leaf: u32, subleaf: u32, result: CpuidResult) {
        self.0.insert((leaf, subleaf), result);
    }

    pub fn policy(&self) -> CpuidPolicy {
        CpuidPolicy::new(self, &CONFIG)
    }
}
