//! Virtualization of the local APIC (Intel SDM, "VM-Execution Control Fields" in "Checks on VMX Controls").

use super::Audit;
use crate::vmx::controls::{Pin, Primary, Secondary};
use crate::vmx::fields::*;

/// Offset of the task-priority register in the virtual-APIC page.
const VTPR: u64 = 0x80;

impl Audit<'_> {
    /// All of it.
    pub(super) fn apic(&mut self) {
        let controls = self.controls;
        if controls.primary.contains(Primary::USE_TPR_SHADOW) {
            self.page(&VIRTUAL_APIC_ADDRESS);
            if !controls.secondary.contains(Secondary::VIRTUAL_INTERRUPT_DELIVERY) {
                self.tpr_threshold();
            }
        }
        if controls.secondary.contains(Secondary::VIRTUALIZE_APIC_ACCESSES) {
            self.page(&APIC_ACCESS_ADDRESS);
        }
        if controls.pin.contains(Pin::PROCESS_POSTED_INTERRUPTS) {
            self.field(&POSTED_INTERRUPT_NOTIFICATION_VECTOR)
                .zeros(0xff00, "bits 15:8 must be 0: there are 256 vectors");
            self.aligned(&POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 64);
        }
    }

    fn tpr_threshold(&mut self) {
        let virtualizes_apic = self.controls.secondary.contains(Secondary::VIRTUALIZE_APIC_ACCESSES);
        let threshold = self.read(&TPR_THRESHOLD);
        let class = self
            .vmcs
            .memory(self.read(&VIRTUAL_APIC_ADDRESS).wrapping_add(VTPR))
            .map(|vtpr| (vtpr >> 4) & 0xf);
        let at_most_class = class.is_none_or(|class| threshold & 0xf <= class);
        self.field(&TPR_THRESHOLD).zeros(0xffff_fff0, "bits 31:4 must be 0").must(
            virtualizes_apic || at_most_class,
            "must not be above bits 7:4 of the TPR in the virtual-APIC page",
        );
    }
}
