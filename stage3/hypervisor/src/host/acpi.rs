//! The firmware's ACPI tables in this computer's memory.

use super::memory;
use architecture::acpi::{self, SoftOff};

/// Tables above this are out of reach: the host maps the first 4 GiB and all RAM.
const REACH: u64 = 1 << 32;

/// Finds out how this computer is switched off.
pub fn soft_off() -> Option<SoftOff> {
    acpi::soft_off(&physical)
}

/// Memory of the firmware. `None` above the reach of the host's page tables, and for memory that we use.
fn physical(hpa: u64, length: usize) -> Option<&'static [u8]> {
    let end = hpa.checked_add(length as u64).filter(|end| hpa != 0 && *end <= REACH)?;
    let is_ours = memory::ram().iter().any(|ram| ram.start >= 1 << 20 && ram.start < end && hpa < ram.end);
    if is_ours {
        return None;
    }
    // SAFETY: the first 4 GiB are mapped one to one. This range is not RAM that the firmware gave to us, so
    // it holds the firmware's tables (or device memory, if a pointer is broken), which nobody writes.
    Some(unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(hpa as usize), length) })
}
