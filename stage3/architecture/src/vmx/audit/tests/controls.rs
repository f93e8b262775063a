//! Reserved bits of controls, and controls that need others.

use super::state::{everything, real, restricted, State};
use super::{each_is_named, id, other_is_named};
use crate::vmx::audit::View;
use crate::vmx::capabilities::Allowed;
use crate::vmx::controls::{Entry, Exit, Pin, Primary, Secondary};
use crate::vmx::fields::*;

const LACKING: &str = "controls that this processor does not have must be 0";
const FORCED: &str = "controls that this processor can't switch off must be 1";
const PT: &str = "Intel PT uses guest physical addresses needs load IA32_RTIT_CTL and clear IA32_RTIT_CTL";
const OUTSIDE_SMM: &str = "must be 0 outside of SMM";

/// The value of a field with some of its bits toggled.
fn toggled(state: &State, field: &impl Readable, bits: u32) -> u64 {
    state.read(field.field().encoding) ^ u64::from(bits)
}

#[test]
fn reserved_bits_are_named() {
    let state = real();
    let reserved = |field: &Field<u32>, bit: u32, rule| (id(field), toggled(&state, field, 1 << bit), rule);
    each_is_named(
        &state,
        &[
            reserved(&PIN_BASED_CONTROLS, 8, LACKING),
            reserved(&PIN_BASED_CONTROLS, 31, LACKING),
            reserved(&PIN_BASED_CONTROLS, 1, FORCED),
            reserved(&PRIMARY_PROCESSOR_BASED_CONTROLS, 0, LACKING),
            reserved(&PRIMARY_PROCESSOR_BASED_CONTROLS, 26, FORCED),
            reserved(&SECONDARY_PROCESSOR_BASED_CONTROLS, 29, LACKING),
            reserved(&VM_EXIT_CONTROLS, 8, FORCED),
            reserved(&VM_ENTRY_CONTROLS, 23, LACKING),
            reserved(&VM_ENTRY_CONTROLS, 12, FORCED),
        ],
    );
    each_is_named(
        &everything(),
        &[
            (id(&TERTIARY_PROCESSOR_BASED_CONTROLS), 0b10, LACKING),
            (id(&VM_FUNCTION_CONTROLS), 0b11, LACKING),
            (id(&SECONDARY_VM_EXIT_CONTROLS), 0b1001, LACKING),
        ],
    );
}

#[test]
fn a_control_that_the_processor_lacks_is_named_once() {
    let without = |allowed: &mut Allowed, bits: u32| allowed.0 &= !(u64::from(bits) << 32);
    // What the control would look at is wrong as well, but does not exist on such a processor.
    let mut state = everything().with(&PML_ADDRESS, 1);
    without(&mut state.processor.capabilities.secondary, Secondary::ENABLE_PML.bits());
    other_is_named(&state, id(&SECONDARY_PROCESSOR_BASED_CONTROLS), LACKING);

    let mut state = everything().with(&HOST_IA32_PKRS, 1 << 32);
    without(&mut state.processor.capabilities.exit, Exit::LOAD_PKRS.bits());
    other_is_named(&state, id(&VM_EXIT_CONTROLS), LACKING);

    let mut state = everything().with(&GUEST_UINV, 0x100);
    without(&mut state.processor.capabilities.entry, Entry::LOAD_UINV.bits());
    other_is_named(&state, id(&VM_ENTRY_CONTROLS), LACKING);
}

#[test]
fn missing_companions_are_named() {
    let pin = |bits: Pin| everything().toggle(&PIN_BASED_CONTROLS, bits.bits());
    let primary = |bits: Primary| everything().toggle(&PRIMARY_PROCESSOR_BASED_CONTROLS, bits.bits());
    let secondary = |bits: Secondary| everything().toggle(&SECONDARY_PROCESSOR_BASED_CONTROLS, bits.bits());
    let exit = |bits: Exit| everything().toggle(&VM_EXIT_CONTROLS, bits.bits());
    let entry = |bits: Entry| everything().toggle(&VM_ENTRY_CONTROLS, bits.bits());
    let in_pin = id(&PIN_BASED_CONTROLS);
    let in_primary = id(&PRIMARY_PROCESSOR_BASED_CONTROLS);
    let in_secondary = id(&SECONDARY_PROCESSOR_BASED_CONTROLS);
    let in_exit = id(&VM_EXIT_CONTROLS);
    let in_entry = id(&VM_ENTRY_CONTROLS);
    for (state, field, rule) in [
        (pin(Pin::NMI_EXITING), in_pin, "virtual NMIs need NMI exiting"),
        (pin(Pin::VIRTUAL_NMIS), in_primary, "NMI-window exiting needs virtual NMIs"),
        (
            secondary(Secondary::VIRTUAL_INTERRUPT_DELIVERY),
            in_pin,
            "process posted interrupts needs virtual-interrupt delivery",
        ),
        (
            exit(Exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT),
            in_pin,
            "process posted interrupts needs acknowledge interrupt on exit",
        ),
        (primary(Primary::USE_TPR_SHADOW), in_secondary, "virtualization of the APIC needs use TPR shadow"),
        (
            secondary(Secondary::VIRTUALIZE_X2APIC_MODE),
            in_secondary,
            "virtualize x2APIC mode and virtualize APIC accesses exclude each other",
        ),
        (
            pin(Pin::EXTERNAL_INTERRUPT_EXITING),
            in_secondary,
            "virtual-interrupt delivery needs external-interrupt exiting",
        ),
        (entry(Entry::LOAD_IA32_RTIT_CTL), in_secondary, PT),
        (exit(Exit::CLEAR_IA32_RTIT_CTL), in_secondary, PT),
        (
            pin(Pin::ACTIVATE_VMX_PREEMPTION_TIMER),
            in_exit,
            "save VMX-preemption timer value needs activate VMX-preemption timer",
        ),
        (
            exit(Exit::HOST_ADDRESS_SPACE_SIZE),
            in_exit,
            "host address-space size must be 1: VM entry is in IA-32e mode",
        ),
        (entry(Entry::ENTRY_TO_SMM), in_entry, OUTSIDE_SMM),
        (entry(Entry::DEACTIVATE_DUAL_MONITOR_TREATMENT), in_entry, OUTSIDE_SMM),
    ] {
        other_is_named(&state, field, rule);
    }
}

#[test]
fn ept_is_needed_by_what_builds_on_it() {
    let shadow_paging =
        restricted().toggle(&SECONDARY_PROCESSOR_BASED_CONTROLS, Secondary::ENABLE_EPT.bits());
    assert_eq!(shadow_paging.findings(), []);
    for control in [
        Secondary::UNRESTRICTED_GUEST,
        Secondary::ENABLE_PML,
        Secondary::MODE_BASED_EXECUTE_CONTROL_FOR_EPT,
        Secondary::SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT,
    ] {
        let state = shadow_paging.toggle(&SECONDARY_PROCESSOR_BASED_CONTROLS, control.bits());
        other_is_named(&state, id(&SECONDARY_PROCESSOR_BASED_CONTROLS), "these controls need enable EPT");
    }
    let functions =
        shadow_paging.toggle(&SECONDARY_PROCESSOR_BASED_CONTROLS, Secondary::ENABLE_VM_FUNCTIONS.bits());
    each_is_named(&functions, &[(id(&VM_FUNCTION_CONTROLS), 1, "EPTP switching needs enable EPT")]);
}
