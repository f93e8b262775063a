//! A new VMCS: the fields that stay as they are while the virtual CPU lives.

use super::super::exceptions::{INVALID_OPCODE, MACHINE_CHECK};
use super::super::page::Hpa;
use super::bitmaps::Bitmaps;
use super::controls::Controls;
use super::vmcs::Vmcs;
use architecture::vmx::fields::*;

/// VMCS_LINK_POINTER without VMCS shadowing (Intel SDM, "Guest Non-Register State").
const NO_LINK: u64 = u64::MAX;

/// Writes the control fields. What they point to must live as long as the VMCS.
pub fn write_controls(vmcs: &mut Vmcs, controls: &Controls, ept_pointer: u64, vpid: Option<u16>) {
    vmcs.write(&PIN_BASED_CONTROLS, controls.pin.bits());
    vmcs.write(&PRIMARY_PROCESSOR_BASED_CONTROLS, controls.primary.bits());
    vmcs.write(&SECONDARY_PROCESSOR_BASED_CONTROLS, controls.secondary.bits());
    vmcs.write(&VM_EXIT_CONTROLS, controls.exit.bits());
    vmcs.write(&VM_ENTRY_CONTROLS, controls.entry.bits());
    vmcs.write(&EPT_POINTER, ept_pointer);
    if let Some(vpid) = vpid {
        vmcs.write(&VIRTUAL_PROCESSOR_IDENTIFIER, vpid);
    }
    // Machine checks are the host's, and #UD may be a hypercall. No other exception exits, and page faults neither.
    vmcs.write(&EXCEPTION_BITMAP, 1 << MACHINE_CHECK | 1 << INVALID_OPCODE);
    vmcs.write(&PAGE_FAULT_ERROR_CODE_MASK, 0);
    vmcs.write(&PAGE_FAULT_ERROR_CODE_MATCH, 0);
    vmcs.write(&CR3_TARGET_COUNT, 0);
    vmcs.write(&VM_EXIT_MSR_STORE_COUNT, 0);
    vmcs.write(&VM_EXIT_MSR_LOAD_COUNT, 0);
    vmcs.write(&VM_ENTRY_MSR_LOAD_COUNT, 0);
    vmcs.write(&VM_ENTRY_INTERRUPTION_INFORMATION, 0);
    vmcs.write(&TPR_THRESHOLD, 0);
    vmcs.write(&TSC_OFFSET, 0);
    vmcs.write(&VMCS_LINK_POINTER, NO_LINK);
    for pdpte in [GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3] {
        vmcs.write(&pdpte, 0);
    }
}

/// Writes the addresses of the pages that the processor works on.
pub fn write_pages(vmcs: &mut Vmcs, bitmaps: &Bitmaps, virtual_apic: Hpa) {
    let (io_a, io_b) = bitmaps.io();
    vmcs.write(&ADDRESS_OF_IO_BITMAP_A, io_a.0);
    vmcs.write(&ADDRESS_OF_IO_BITMAP_B, io_b.0);
    vmcs.write(&ADDRESS_OF_MSR_BITMAPS, bitmaps.msr().0);
    vmcs.write(&VIRTUAL_APIC_ADDRESS, virtual_apic.0);
}
