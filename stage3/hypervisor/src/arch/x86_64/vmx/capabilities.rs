//! Whether this processor's VMX can do what this hypervisor asks of it.

use super::super::backend::SetupError;
use super::super::msr;
use alloc::format;
use alloc::string::String;
use architecture::vmx::capabilities::{
    Allowed, Capabilities, EPT_2M_PAGES, EPT_PAGE_WALK_4, EPT_WRITE_BACK, INVEPT,
};
use bitflags::Flags;

/// Reads the capability MSRs. The CPU has VMX.
pub fn read() -> Capabilities {
    // SAFETY: only those are read that exist on this processor with VMX, and reading them changes nothing.
    Capabilities::read(|index| unsafe { msr::read(index) })
}

/// Checks that EPT can do what [`super::ept`] builds on.
pub fn check_ept(can: &Capabilities) -> Result<(), SetupError> {
    let needed = [
        (EPT_PAGE_WALK_4, "4-level page walks"),
        (EPT_WRITE_BACK, "paging structures in write-back memory"),
        (EPT_2M_PAGES, "2 MiB pages"),
        (INVEPT, "INVEPT"),
    ];
    for (bit, name) in needed {
        if can.ept_vpid & bit == 0 {
            return Err(SetupError(format!("this CPU's EPT has no {name}")));
        }
    }
    if can.invept().is_none() {
        return Err(SetupError(String::from("this CPU's INVEPT drops neither one context nor all")));
    }
    Ok(())
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
