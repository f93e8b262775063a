//! What CPUID tells a guest.
//!
//! The policy is a list of what is *shown*: a feature bit reaches the guest only if the host has it
//! and this module names it, because the guest can use it without any help from the hypervisor or
//! because the help exists. A processor that is newer than this file therefore never shows a guest
//! something that the hypervisor does not know how to virtualize.
//!
//! The host is asked once, when the VM is made; an exit only looks up a small table.

mod basic;
mod cache;
mod control;
mod extended;
mod features;
mod hypervisor;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod test_host;
#[cfg(test)]
mod tests;
mod topology;
mod xsave;

pub use architecture::cpuid::CpuidResult;
pub use hypervisor::VERSION;

use xsave::Xsave;
pub use xsave::{XCR0_AVX, XCR0_AVX512, XCR0_SSE, XCR0_X87};

/// The CPUID instruction of the processor that runs the guests.
pub trait HostCpuid {
    /// CPUID with EAX = `leaf` and ECX = `subleaf`.
    fn leaf(&self, leaf: u32, subleaf: u32) -> CpuidResult;
}

/// What the hypervisor knows and CPUID doesn't say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuidConfig {
    /// Measured rate of the TSC in kHz. (Emulators report invented rates in leaves 15h and 16h.)
    pub tsc_khz: u64,
    /// The guest can execute RDTSCP and RDPID, and MSR TSC_AUX is its own.
    pub rdtscp: bool,
    /// The guest can execute INVPCID.
    pub invpcid: bool,
}

/// The state of a virtual CPU that its CPUID depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestCpuidState {
    /// CR4 as the guest reads it.
    pub cr4: u64,
    /// XCR0.
    pub xcr0: u64,
    /// The local APIC is not switched off.
    pub has_lapic: bool,
}

/// Whose manual the processor follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CpuVendor {
    Intel,
    Amd,
}

/// First leaf of the hypervisors' range; processors never use it.
const HYPERVISOR_BASE: u32 = 0x4000_0000;
/// Last leaf of that range.
const HYPERVISOR_LAST: u32 = 0x4fff_ffff;
/// First extended leaf.
const EXTENDED_BASE: u32 = 0x8000_0000;

/// CPUID of a virtual CPU.
#[derive(Clone, Debug)]
pub struct CpuidPolicy {
    vendor: CpuVendor,
    tsc_khz: u32,
    /// Leaves 0 to 16h; the entries of leaves that have a structure of their own are unused.
    basic: [CpuidResult; basic::LEAVES],
    /// Leaf 7, subleaf 1.
    more_features: CpuidResult,
    caches: cache::Caches,
    xsave: Xsave,
    /// Leaves 80000000h to 80000008h.
    extended: [CpuidResult; extended::LEAVES],
}

impl CpuidPolicy {
    /// What a guest sees on the processor `host`.
    #[must_use]
    pub fn new(host: &dyn HostCpuid, config: &CpuidConfig) -> Self {
        let vendor = vendor(host);
        let xsave = Xsave::new(host);
        Self {
            vendor,
            tsc_khz: u32::try_from(config.tsc_khz).unwrap_or(u32::MAX),
            basic: basic::table(host, vendor, config, &xsave),
            more_features: basic::more_features(host, &xsave),
            caches: cache::table(host, vendor),
            extended: extended::table(host, config, &xsave),
            xsave,
        }
    }

    /// Whose manual the guest has to read.
    #[must_use]
    pub const fn vendor(&self) -> CpuVendor {
        self.vendor
    }

    /// What CPUID with EAX = `leaf` and ECX = `subleaf` returns to a guest in `state`.
    #[must_use]
    pub fn leaf(&self, leaf: u32, subleaf: u32, state: &GuestCpuidState) -> CpuidResult {
        match leaf {
            HYPERVISOR_BASE..=HYPERVISOR_LAST => hypervisor::leaf(leaf, self.tsc_khz),
            EXTENDED_BASE.. => {
                let index = (leaf - EXTENDED_BASE) as usize;
                if leaf <= self.extended[0].eax && index < self.extended.len() {
                    self.extended_leaf(index, state)
                } else {
                    self.beyond(subleaf, state)
                }
            }
            _ if leaf <= self.basic[0].eax => self.basic_leaf(leaf, subleaf, state),
            _ => self.beyond(subleaf, state),
        }
    }

    /// The same, if it depends on `leaf` alone, as most do.
    #[must_use]
    #[inline]
    pub fn fixed_leaf(&self, leaf: u32) -> Option<&CpuidResult> {
        if let Some(result) = self.basic.get(leaf as usize) {
            let is_fixed = leaf <= self.basic[0].eax && basic::VARIABLE & 1 << leaf == 0;
            return is_fixed.then_some(result);
        }
        let index = leaf.wrapping_sub(EXTENDED_BASE);
        let is_fixed = leaf <= self.extended[0].eax && index != extended::FEATURES as u32;
        self.extended.get(index as usize).filter(|_| is_fixed)
    }

    /// AMD repeats in leaf 80000001h that there is a local APIC.
    fn extended_leaf(&self, index: usize, state: &GuestCpuidState) -> CpuidResult {
        let table = self.extended[index];
        if index == extended::FEATURES && self.vendor == CpuVendor::Amd {
            features::with_apic(table, state)
        } else {
            table
        }
    }

    /// Leaves that don't exist: Intel returns "the data for the highest basic information leaf"
    /// (SDM, CPUID), AMD zeros.
    fn beyond(&self, subleaf: u32, state: &GuestCpuidState) -> CpuidResult {
        match self.vendor {
            CpuVendor::Intel => self.basic_leaf(self.basic[0].eax, subleaf, state),
            CpuVendor::Amd => CpuidResult::default(),
        }
    }

    fn basic_leaf(&self, leaf: u32, subleaf: u32, state: &GuestCpuidState) -> CpuidResult {
        let table = self.basic.get(leaf as usize).copied().unwrap_or_default();
        match (leaf, subleaf) {
            (basic::FEATURES, _) => features::in_state(table, state),
            (basic::CACHES, _) => cache::leaf(&self.caches, subleaf),
            (basic::MORE_FEATURES, 0) => table,
            (basic::MORE_FEATURES, 1) if table.eax >= 1 => self.more_features,
            (basic::MORE_FEATURES, _) => CpuidResult::default(),
            (basic::TOPOLOGY, _) => topology::leaf(table, subleaf),
            (basic::XSAVE, _) => self.xsave.leaf(subleaf, state.xcr0),
            _ => table,
        }
    }

    /// Number of bits of a guest-physical address.
    #[must_use]
    pub const fn physical_address_bits(&self) -> u32 {
        self.extended[extended::ADDRESS_SIZES].eax & 0xff
    }
}

/// EBX, EDX and ECX of leaf 0 spell the vendor's name. Hygon's processors are AMD's design; all
/// others follow Intel's manual.
fn vendor(host: &dyn HostCpuid) -> CpuVendor {
    let CpuidResult { ebx, ecx, edx, .. } = host.leaf(0, 0);
    let mut name = [0; 12];
    for (bytes, register) in name.chunks_exact_mut(4).zip([ebx, edx, ecx]) {
        bytes.copy_from_slice(&register.to_le_bytes());
    }
    match &name {
        b"AuthenticAMD" | b"HygonGenuine" => CpuVendor::Amd,
        _ => CpuVendor::Intel,
    }
}

/// The 12 characters of a signature in the order EBX, ECX, EDX of the hypervisor leaves.
const fn signature(max_leaf: u32, name: &[u8; 12]) -> CpuidResult {
    const fn word(name: &[u8; 12], at: usize) -> u32 {
        u32::from_le_bytes([name[at], name[at + 1], name[at + 2], name[at + 3]])
    }
    CpuidResult { eax: max_leaf, ebx: word(name, 0), ecx: word(name, 4), edx: word(name, 8) }
}
