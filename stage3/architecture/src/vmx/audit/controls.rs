//! The fields of controls themselves: reserved bits, and controls that need others (Intel SDM, "VM-Execution Control
//! Fields", "VM-Exit Control Fields" and "VM-Entry Control Fields" in "Checks on VMX Controls").

use super::{Audit, Controls};
use crate::vmx::capabilities::Allowed;
use crate::vmx::controls::{Entry, Exit, Pin, Primary, Secondary};
use crate::vmx::fields::*;

/// Controls that the processor does not have.
const LACKING: &str = "controls that this processor does not have must be 0";

impl Audit<'_> {
    /// Each bit as the capability MSRs allow it.
    pub(super) fn control_fields(&mut self) {
        let can = self.processor.capabilities;
        let controls = self.controls;
        self.allowed(&PIN_BASED_CONTROLS, can.pin);
        self.allowed(&PRIMARY_PROCESSOR_BASED_CONTROLS, can.primary);
        if controls.primary.contains(Primary::ACTIVATE_SECONDARY_CONTROLS) {
            self.allowed(&SECONDARY_PROCESSOR_BASED_CONTROLS, can.secondary);
        }
        if controls.primary.contains(Primary::ACTIVATE_TERTIARY_CONTROLS) {
            self.field(&TERTIARY_PROCESSOR_BASED_CONTROLS).zeros(!can.tertiary, LACKING);
        }
        if controls.secondary.contains(Secondary::ENABLE_VM_FUNCTIONS) {
            self.field(&VM_FUNCTION_CONTROLS).zeros(!can.vm_functions, LACKING);
        }
        self.allowed(&VM_EXIT_CONTROLS, can.exit);
        if controls.exit.contains(Exit::ACTIVATE_SECONDARY_CONTROLS) {
            self.field(&SECONDARY_VM_EXIT_CONTROLS).zeros(!can.secondary_exit, LACKING);
        }
        self.allowed(&VM_ENTRY_CONTROLS, can.entry);
    }

    fn allowed(&mut self, field: &Field<u32>, allowed: Allowed) {
        self.field(field)
            .zeros((!allowed.may_be_one()).into(), LACKING)
            .ones(allowed.must_be_one().into(), "controls that this processor can't switch off must be 1");
    }

    /// Controls that need others.
    pub(super) fn dependencies(&mut self) {
        self.pin_based_dependencies();
        if self.controls.primary.contains(Primary::ACTIVATE_SECONDARY_CONTROLS) {
            self.secondary_dependencies();
        }
        let Controls { pin, primary, exit, entry, .. } = self.controls;
        self.field(&PRIMARY_PROCESSOR_BASED_CONTROLS).zeros_if(
            !pin.contains(Pin::VIRTUAL_NMIS),
            (primary & Primary::NMI_WINDOW_EXITING).bits().into(),
            "NMI-window exiting needs virtual NMIs",
        );
        self.field(&VM_EXIT_CONTROLS)
            .zeros_if(
                !pin.contains(Pin::ACTIVATE_VMX_PREEMPTION_TIMER),
                (exit & Exit::SAVE_VMX_PREEMPTION_TIMER_VALUE).bits().into(),
                "save VMX-preemption timer value needs activate VMX-preemption timer",
            )
            .ones(
                Exit::HOST_ADDRESS_SPACE_SIZE.bits().into(),
                "host address-space size must be 1: VM entry is in IA-32e mode",
            );
        let smm = Entry::ENTRY_TO_SMM | Entry::DEACTIVATE_DUAL_MONITOR_TREATMENT;
        self.field(&VM_ENTRY_CONTROLS).zeros((entry & smm).bits().into(), "must be 0 outside of SMM");
    }

    fn pin_based_dependencies(&mut self) {
        let Controls { pin, secondary, exit, .. } = self.controls;
        let posted = (pin & Pin::PROCESS_POSTED_INTERRUPTS).bits().into();
        self.field(&PIN_BASED_CONTROLS)
            .zeros_if(
                !pin.contains(Pin::NMI_EXITING),
                (pin & Pin::VIRTUAL_NMIS).bits().into(),
                "virtual NMIs need NMI exiting",
            )
            .zeros_if(
                !secondary.contains(Secondary::VIRTUAL_INTERRUPT_DELIVERY),
                posted,
                "process posted interrupts needs virtual-interrupt delivery",
            )
            .zeros_if(
                !exit.contains(Exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT),
                posted,
                "process posted interrupts needs acknowledge interrupt on exit",
            );
    }

    fn secondary_dependencies(&mut self) {
        let Controls { pin, primary, secondary, exit, entry } = self.controls;
        let apic = Secondary::VIRTUALIZE_X2APIC_MODE
            | Secondary::APIC_REGISTER_VIRTUALIZATION
            | Secondary::VIRTUAL_INTERRUPT_DELIVERY;
        let on_ept = Secondary::UNRESTRICTED_GUEST
            | Secondary::ENABLE_PML
            | Secondary::MODE_BASED_EXECUTE_CONTROL_FOR_EPT
            | Secondary::SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT
            | Secondary::INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES;
        let switches_pt =
            entry.contains(Entry::LOAD_IA32_RTIT_CTL) && exit.contains(Exit::CLEAR_IA32_RTIT_CTL);
        self.field(&SECONDARY_PROCESSOR_BASED_CONTROLS)
            .zeros_if(
                !primary.contains(Primary::USE_TPR_SHADOW),
                (secondary & apic).bits().into(),
                "virtualization of the APIC needs use TPR shadow",
            )
            .zeros_if(
                secondary.contains(Secondary::VIRTUALIZE_APIC_ACCESSES),
                (secondary & Secondary::VIRTUALIZE_X2APIC_MODE).bits().into(),
                "virtualize x2APIC mode and virtualize APIC accesses exclude each other",
            )
            .zeros_if(
                !pin.contains(Pin::EXTERNAL_INTERRUPT_EXITING),
                (secondary & Secondary::VIRTUAL_INTERRUPT_DELIVERY).bits().into(),
                "virtual-interrupt delivery needs external-interrupt exiting",
            )
            .zeros_if(
                !secondary.contains(Secondary::ENABLE_EPT),
                (secondary & on_ept).bits().into(),
                "these controls need enable EPT",
            )
            .zeros_if(
                !switches_pt,
                (secondary & Secondary::INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES).bits().into(),
                "Intel PT uses guest physical addresses needs load IA32_RTIT_CTL and clear IA32_RTIT_CTL",
            );
    }
}
