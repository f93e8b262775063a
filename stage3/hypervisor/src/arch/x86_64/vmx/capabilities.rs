//! What this processor's VMX can do (Intel SDM, "VMX Capability Reporting Facility").

use super::super::backend::SetupError;
use super::super::msr;
use super::instructions::Invalidation;
use alloc::format;
use alloc::string::String;
use architecture::vmx::controls::{Primary, Secondary};
use bitflags::Flags;

const IA32_VMX_BASIC: u32 = 0x480;
const IA32_VMX_PINBASED_CTLS: u32 = 0x481;
const IA32_VMX_PROCBASED_CTLS: u32 = 0x482;
const IA32_VMX_EXIT_CTLS: u32 = 0x483;
const IA32_VMX_ENTRY_CTLS: u32 = 0x484;
const IA32_VMX_MISC: u32 = 0x485;
const IA32_VMX_CR0_FIXED0: u32 = 0x486;
const IA32_VMX_CR4_FIXED0: u32 = 0x488;
const IA32_VMX_CR4_FIXED1: u32 = 0x489;
const IA32_VMX_PROCBASED_CTLS2: u32 = 0x48b;
const IA32_VMX_EPT_VPID_CAP: u32 = 0x48c;
const IA32_VMX_TRUE_PINBASED_CTLS: u32 = 0x48d;
const IA32_VMX_TRUE_PROCBASED_CTLS: u32 = 0x48e;
const IA32_VMX_TRUE_EXIT_CTLS: u32 = 0x48f;
const IA32_VMX_TRUE_ENTRY_CTLS: u32 = 0x490;

/// IA32_VMX_BASIC: the TRUE capability MSRs exist.
const BASIC_TRUE_CONTROLS: u64 = 1 << 55;

/// IA32_VMX_EPT_VPID_CAP: 4-level page walks.
const EPT_PAGE_WALK_4: u64 = 1 << 6;
/// The same: paging structures in write-back memory.
const EPT_WRITE_BACK: u64 = 1 << 14;
/// The same: 2 MiB pages.
const EPT_2M_PAGES: u64 = 1 << 16;
/// The same: 1 GiB pages.
const EPT_1G_PAGES: u64 = 1 << 17;
/// The same: INVEPT.
const INVEPT: u64 = 1 << 20;
/// The same: single-context INVEPT.
const INVEPT_SINGLE_CONTEXT: u64 = 1 << 25;
/// The same: all-context INVEPT.
const INVEPT_ALL_CONTEXT: u64 = 1 << 26;
/// The same: INVVPID.
const INVVPID: u64 = 1 << 32;
/// The same: single-context INVVPID.
const INVVPID_SINGLE_CONTEXT: u64 = 1 << 41;
/// The same: all-context INVVPID.
const INVVPID_ALL_CONTEXT: u64 = 1 << 42;

/// Which settings the processor allows for a field of controls: bits 31:0 of its capability MSR are the controls that
/// must be 1, bits 63:32 those that may be 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed(pub u64);

impl Allowed {
    const fn must_be_one(self) -> u32 {
        self.0 as u32
    }

    /// The controls that may be 1.
    pub const fn may_be_one(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// The capability MSRs.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// VMCS revision identifier.
    pub revision: u32,
    /// The VMX-preemption timer counts down each time this bit of the TSC changes.
    pub preemption_timer_rate: u32,
    /// Pin-based VM-execution controls.
    pub pin: Allowed,
    /// Primary processor-based VM-execution controls.
    pub primary: Allowed,
    /// Secondary processor-based VM-execution controls.
    pub secondary: Allowed,
    /// VM-exit controls.
    pub exit: Allowed,
    /// VM-entry controls.
    pub entry: Allowed,
    /// Bits that are 1 in CR0 in VMX operation.
    pub cr0_fixed0: u64,
    /// Bits that are 1 in CR4 in VMX operation.
    pub cr4_fixed0: u64,
    /// Bits that can be 1 in CR4 in VMX operation.
    pub cr4_fixed1: u64,
    ept_vpid: u64,
}

impl Capabilities {
    /// Reads them. The CPU has VMX.
    pub fn read() -> Self {
        // SAFETY: these MSRs exist on each processor with VMX.
        let read = |index| unsafe { msr::read(index) };
        let basic = read(IA32_VMX_BASIC);
        let controls = |plain, exact| {
            let index = if basic & BASIC_TRUE_CONTROLS != 0 { exact } else { plain };
            // SAFETY: the plain ones always exist, and IA32_VMX_BASIC says whether the TRUE ones do.
            Allowed(unsafe { msr::read(index) })
        };
        let primary = controls(IA32_VMX_PROCBASED_CTLS, IA32_VMX_TRUE_PROCBASED_CTLS);
        let secondary = if primary.may_be_one() & Primary::ACTIVATE_SECONDARY_CONTROLS.bits() != 0 {
            // SAFETY: the MSR exists if the secondary controls do.
            Allowed(unsafe { msr::read(IA32_VMX_PROCBASED_CTLS2) })
        } else {
            Allowed::default()
        };
        let ept_or_vpid = Secondary::ENABLE_EPT | Secondary::ENABLE_VPID;
        let ept_vpid = if secondary.may_be_one() & ept_or_vpid.bits() != 0 {
            // SAFETY: the MSR exists if the processor has EPT or VPID.
            unsafe { msr::read(IA32_VMX_EPT_VPID_CAP) }
        } else {
            0
        };
        Self {
            revision: basic as u32 & 0x7fff_ffff,
            preemption_timer_rate: read(IA32_VMX_MISC) as u32 & 0x1f,
            pin: controls(IA32_VMX_PINBASED_CTLS, IA32_VMX_TRUE_PINBASED_CTLS),
            primary,
            secondary,
            exit: controls(IA32_VMX_EXIT_CTLS, IA32_VMX_TRUE_EXIT_CTLS),
            entry: controls(IA32_VMX_ENTRY_CTLS, IA32_VMX_TRUE_ENTRY_CTLS),
            cr0_fixed0: read(IA32_VMX_CR0_FIXED0),
            cr4_fixed0: read(IA32_VMX_CR4_FIXED0),
            cr4_fixed1: read(IA32_VMX_CR4_FIXED1),
            ept_vpid,
        }
    }

    /// Checks that EPT can do what [`super::ept`] builds on.
    pub fn check_ept(&self) -> Result<(), SetupError> {
        let needed = [
            (EPT_PAGE_WALK_4, "4-level page walks"),
            (EPT_WRITE_BACK, "paging structures in write-back memory"),
            (EPT_2M_PAGES, "2 MiB pages"),
            (INVEPT, "INVEPT"),
        ];
        for (bit, name) in needed {
            if self.ept_vpid & bit == 0 {
                return Err(SetupError(format!("this CPU's EPT has no {name}")));
            }
        }
        if self.invept().is_none() {
            return Err(SetupError(String::from("this CPU's INVEPT drops neither one context nor all")));
        }
        Ok(())
    }

    /// EPT can map 1 GiB pages.
    pub const fn has_1g_pages(&self) -> bool {
        self.ept_vpid & EPT_1G_PAGES != 0
    }

    /// The narrowest INVEPT.
    pub const fn invept(&self) -> Option<Invalidation> {
        self.invalidation(INVEPT_SINGLE_CONTEXT, INVEPT_ALL_CONTEXT)
    }

    /// The narrowest INVVPID; `None` if VPIDs can't be used.
    pub const fn invvpid(&self) -> Option<Invalidation> {
        if self.ept_vpid & INVVPID == 0 || self.secondary.may_be_one() & Secondary::ENABLE_VPID.bits() == 0 {
            return None;
        }
        self.invalidation(INVVPID_SINGLE_CONTEXT, INVVPID_ALL_CONTEXT)
    }

    const fn invalidation(&self, single: u64, all: u64) -> Option<Invalidation> {
        if self.ept_vpid & single != 0 {
            Some(Invalidation::SingleContext)
        } else if self.ept_vpid & all != 0 {
            Some(Invalidation::AllContext)
        } else {
            None
        }
    }
}

/// The value for a field of controls: `wanted`, and the reserved bits as the processor asks for them (Intel SDM,
/// "Algorithms for Determining VMX Capabilities").
///
/// # Errors
/// Names the controls that the processor lacks, or has and can't switch off.
pub fn adjust<F: Flags<Bits = u32> + Copy>(
    field: &str,
    allowed: Allowed,
    wanted: F,
) -> Result<F, SetupError> {
    let missing = F::from_bits_retain(wanted.bits() & !allowed.may_be_one());
    if !missing.is_empty() {
        return Err(SetupError(format!("this CPU's {field} lack {}", names(&missing))));
    }
    let forced = F::from_bits_truncate(allowed.must_be_one() & !wanted.bits());
    if !forced.is_empty() {
        return Err(SetupError(format!("this CPU's {field} can't switch off {}", names(&forced))));
    }
    Ok(F::from_bits_retain(wanted.bits() | allowed.must_be_one()))
}

/// The names of the controls in `controls`, as the manual writes them: `HLT exiting, …`.
fn names<F: Flags>(controls: &F) -> String {
    let mut list = String::new();
    for (name, _) in controls.iter_names() {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&name.to_ascii_lowercase().replace('_', " "));
    }
    list
}
