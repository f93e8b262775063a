//! What control fields point to, and the numbers in them (Intel SDM, "VM-Execution Control Fields", "VM-Exit Control
//! Fields" and "VM-Entry Control Fields" in "Checks on VMX Controls").

use super::Audit;
use crate::vmx::controls::{Primary, Secondary};
use crate::vmx::fields::*;

impl Audit<'_> {
    /// Pages that controls switch on, and what else they need.
    pub(super) fn structures(&mut self) {
        let Self { controls, processor, .. } = *self;
        let targets = processor.capabilities.cr3_targets();
        let count = self.read(&CR3_TARGET_COUNT);
        self.field(&CR3_TARGET_COUNT).must(count <= targets, "must not exceed the number in IA32_VMX_MISC");
        if controls.primary.contains(Primary::USE_IO_BITMAPS) {
            self.page(&ADDRESS_OF_IO_BITMAP_A);
            self.page(&ADDRESS_OF_IO_BITMAP_B);
        }
        if controls.primary.contains(Primary::USE_MSR_BITMAPS) {
            self.page(&ADDRESS_OF_MSR_BITMAPS);
        }
        let on = |control| controls.secondary.contains(control);
        if on(Secondary::ENABLE_VPID) {
            let vpid = self.read(&VIRTUAL_PROCESSOR_IDENTIFIER);
            self.field(&VIRTUAL_PROCESSOR_IDENTIFIER).must(vpid != 0, "must not be 0: that is the host's");
        }
        if on(Secondary::VMCS_SHADOWING) {
            self.page(&VMREAD_BITMAP_ADDRESS);
            self.page(&VMWRITE_BITMAP_ADDRESS);
        }
        if on(Secondary::EPT_VIOLATION_VE) {
            self.page(&VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS);
        }
        if on(Secondary::PASID_TRANSLATION) {
            self.page(&LOW_PASID_DIRECTORY_ADDRESS);
            self.page(&HIGH_PASID_DIRECTORY_ADDRESS);
        }
        if on(Secondary::USE_TSC_SCALING) {
            let multiplier = self.read(&TSC_MULTIPLIER);
            self.field(&TSC_MULTIPLIER).must(multiplier != 0, "must not be 0");
        }
    }

    /// The areas of MSRs that VM exit and VM entry load and store.
    pub(super) fn msr_areas(&mut self) {
        self.msr_area(&VM_EXIT_MSR_STORE_COUNT, &VM_EXIT_MSR_STORE_ADDRESS);
        self.msr_area(&VM_EXIT_MSR_LOAD_COUNT, &VM_EXIT_MSR_LOAD_ADDRESS);
        self.msr_area(&VM_ENTRY_MSR_LOAD_COUNT, &VM_ENTRY_MSR_LOAD_ADDRESS);
    }

    fn msr_area(&mut self, count: &Field<u32>, address: &Field<u64>) {
        const ENTRY_SIZE: u64 = 16;
        let bytes = u64::from(self.read(count)) * ENTRY_SIZE;
        if bytes == 0 {
            return;
        }
        self.aligned(address, ENTRY_SIZE);
        let beyond = self.beyond_physical();
        let first = self.read(address);
        let fits = first.checked_add(bytes - 1).is_some_and(|last| last & beyond == 0);
        // An address that is too wide by itself has been reported.
        self.field(count).must(fits || first & beyond != 0, "the area must end within physical addresses");
    }
}
