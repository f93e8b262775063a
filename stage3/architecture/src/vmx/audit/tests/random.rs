//! No state makes the auditor fail.

use super::id;
use super::state::processor;
use crate::vmx::audit::{audit, Processor, View};
use crate::vmx::capabilities::{Allowed, Capabilities};
use crate::vmx::controls::{Entry, Exit, Pin, Primary};
use crate::vmx::fields::*;
use proptest::prelude::*;
use std::format;

/// A VMCS of noise: the fields' values follow from a seed.
struct Noise(u64);

impl View for Noise {
    fn read(&self, encoding: u64) -> u64 {
        let mixed = (self.0 ^ encoding).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 29
    }

    fn memory(&self, address: u64) -> Option<u32> {
        (address & 1 == 0).then_some(address as u32)
    }
}

fn any_processor() -> impl Strategy<Value = Processor> {
    (any::<[u64; 12]>(), any::<[u32; 2]>()).prop_map(|(value, bits)| Processor {
        capabilities: Capabilities {
            basic: value[0],
            misc: value[1],
            pin: Allowed(value[2]),
            primary: Allowed(value[3]),
            secondary: Allowed(value[4]),
            exit: Allowed(value[5]),
            entry: Allowed(value[6]),
            ept_vpid: value[7],
            cr0_fixed0: value[8],
            cr4_fixed1: value[9],
            ..processor().capabilities
        },
        physical_bits: bits[0] & 0xff,
        linear_bits: bits[1] & 0xff,
        efer: value[10],
        perf_global_ctrl: value[11],
        ..processor()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn noise_is_audited(seed: u64, processor in any_processor()) {
        audit(&Noise(seed), &processor, &mut |finding| assert!(!format!("{finding}").is_empty()));
    }
}

/// The first processor with VMX: without any feature that came later, and so without these fields.
struct First(Noise);

impl View for First {
    fn read(&self, encoding: u64) -> u64 {
        let lacking = [
            id(&VIRTUAL_PROCESSOR_IDENTIFIER),
            id(&POSTED_INTERRUPT_NOTIFICATION_VECTOR),
            id(&GUEST_UINV),
            id(&ADDRESS_OF_MSR_BITMAPS),
            id(&PML_ADDRESS),
            id(&VIRTUAL_APIC_ADDRESS),
            id(&APIC_ACCESS_ADDRESS),
            id(&POSTED_INTERRUPT_DESCRIPTOR_ADDRESS),
            id(&VM_FUNCTION_CONTROLS),
            id(&EPT_POINTER),
            id(&EPTP_LIST_ADDRESS),
            id(&VMREAD_BITMAP_ADDRESS),
            id(&VMWRITE_BITMAP_ADDRESS),
            id(&VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS),
            id(&SUB_PAGE_PERMISSION_TABLE_POINTER),
            id(&TSC_MULTIPLIER),
            id(&TERTIARY_PROCESSOR_BASED_CONTROLS),
            id(&LOW_PASID_DIRECTORY_ADDRESS),
            id(&HIGH_PASID_DIRECTORY_ADDRESS),
            id(&SECONDARY_VM_EXIT_CONTROLS),
            id(&SECONDARY_PROCESSOR_BASED_CONTROLS),
            id(&TPR_THRESHOLD),
            id(&GUEST_IA32_PAT),
            id(&GUEST_IA32_EFER),
            id(&GUEST_IA32_PERF_GLOBAL_CTRL),
            id(&GUEST_PDPTE0),
            id(&GUEST_IA32_BNDCFGS),
            id(&GUEST_IA32_PKRS),
            id(&GUEST_IA32_S_CET),
            id(&GUEST_SSP),
            id(&GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR),
            id(&HOST_IA32_PAT),
            id(&HOST_IA32_EFER),
            id(&HOST_IA32_PERF_GLOBAL_CTRL),
            id(&HOST_IA32_PKRS),
            id(&HOST_IA32_S_CET),
            id(&HOST_SSP),
            id(&HOST_IA32_INTERRUPT_SSP_TABLE_ADDR),
        ];
        if let Some((_, name)) = lacking.iter().find(|(lacking, _)| *lacking == encoding) {
            panic!("{name} does not exist");
        }
        self.0.read(encoding)
    }

    fn memory(&self, address: u64) -> Option<u32> {
        self.0.memory(address)
    }
}

proptest! {
    #[test]
    fn fields_that_do_not_exist_are_not_read(seed: u64) {
        let mut first = processor();
        let all = Allowed(u64::from(u32::MAX) << 32);
        let without = |bits: u32| Allowed(all.0 & !(u64::from(bits) << 32));
        first.capabilities.primary = without(
            (Primary::ACTIVATE_SECONDARY_CONTROLS
                | Primary::ACTIVATE_TERTIARY_CONTROLS
                | Primary::USE_TPR_SHADOW
                | Primary::USE_MSR_BITMAPS)
                .bits(),
        );
        first.capabilities.pin = without(Pin::PROCESS_POSTED_INTERRUPTS.bits());
        let exit = Exit::SAVE_DEBUG_CONTROLS | Exit::HOST_ADDRESS_SPACE_SIZE | Exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT;
        first.capabilities.exit = without(!exit.bits());
        first.capabilities.entry = without(!(Entry::LOAD_DEBUG_CONTROLS | Entry::IA_32E_MODE_GUEST).bits());
        audit(&First(Noise(seed)), &first, &mut |_| ());
    }
}
