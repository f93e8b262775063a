//! Leaf 4 (Intel): the caches, as one core alone sees them.

use super::{basic, CpuVendor, CpuidResult, HostCpuid};

/// Most caches that the table holds; processors have four.
const MAX_CACHES: usize = 8;

/// One entry for each subleaf.
pub type Caches = [CpuidResult; MAX_CACHES];

/// EAX[4:0]: the kind of cache; zero ends the list.
const TYPE: u32 = 0x1f;
/// EAX[31:14]: how many logical processors share the cache and how many cores the package has, each
/// minus one.
const SHARING: u32 = 0xffff_c000;

/// The host's caches, each shared with nobody.
pub fn table(host: &dyn HostCpuid, vendor: CpuVendor) -> Caches {
    let mut caches = Caches::default();
    if vendor != CpuVendor::Intel || host.leaf(0, 0).eax < basic::CACHES {
        return caches;
    }
    for (subleaf, cache) in (0..).zip(&mut caches) {
        let result = host.leaf(basic::CACHES, subleaf);
        if result.eax & TYPE == 0 {
            break;
        }
        *cache = CpuidResult { eax: result.eax & !SHARING, ..result };
    }
    caches
}

/// Leaf 4 with ECX = `subleaf`.
pub fn leaf(caches: &Caches, subleaf: u32) -> CpuidResult {
    caches.get(subleaf as usize).copied().unwrap_or_default()
}
