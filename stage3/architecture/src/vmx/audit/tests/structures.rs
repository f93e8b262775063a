//! What control fields point to.

use super::state::{everything, real, LINKED_VMCS, VIRTUAL_APIC};
use super::{all_are_valid, each_is_named, id, Case, Id};
use crate::vmx::capabilities::{BASIC_32_BIT_ADDRESSES, EPT_PAGE_WALK_5, EPT_SUPERVISOR_SHADOW_STACK};
use crate::vmx::controls::Secondary;
use crate::vmx::fields::*;
use std::vec::Vec;

const PAGE: &str = "bits 11:0 must be 0: the address of a page";
const ALIGNED: &str = "must be aligned";
const WIDTH: &str = "must not be wider than physical addresses";

fn pages() -> [Id; 13] {
    [
        id(&ADDRESS_OF_IO_BITMAP_A),
        id(&ADDRESS_OF_IO_BITMAP_B),
        id(&ADDRESS_OF_MSR_BITMAPS),
        id(&VIRTUAL_APIC_ADDRESS),
        id(&APIC_ACCESS_ADDRESS),
        id(&PML_ADDRESS),
        id(&EPTP_LIST_ADDRESS),
        id(&VMREAD_BITMAP_ADDRESS),
        id(&VMWRITE_BITMAP_ADDRESS),
        id(&VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS),
        id(&SUB_PAGE_PERMISSION_TABLE_POINTER),
        id(&LOW_PASID_DIRECTORY_ADDRESS),
        id(&HIGH_PASID_DIRECTORY_ADDRESS),
    ]
}

#[test]
fn addresses_of_pages_are_checked() {
    let cases: Vec<Case> = pages()
        .into_iter()
        .flat_map(|field| [(field, 0x1234_5800, PAGE), (field, 0x80_0000_0000, WIDTH)])
        .collect();
    each_is_named(&everything(), &cases);
    let state = everything();
    all_are_valid(&state, &pages().map(|field| (field, 0x7f_ffff_f000)));
}

#[test]
fn addresses_of_32_bits_are_a_capability() {
    let mut state = real();
    state.processor.capabilities.basic |= BASIC_32_BIT_ADDRESSES;
    each_is_named(&state, &[(id(&ADDRESS_OF_MSR_BITMAPS), 0x1_0000_0000, WIDTH)]);
}

#[test]
fn numbers_are_checked() {
    each_is_named(
        &everything(),
        &[
            (id(&CR3_TARGET_COUNT), 5, "must not exceed the number in IA32_VMX_MISC"),
            (id(&VIRTUAL_PROCESSOR_IDENTIFIER), 0, "must not be 0: that is the host's"),
            (id(&TSC_MULTIPLIER), 0, "must not be 0"),
            (id(&POSTED_INTERRUPT_NOTIFICATION_VECTOR), 0x100, "bits 15:8 must be 0: there are 256 vectors"),
            (id(&POSTED_INTERRUPT_DESCRIPTOR_ADDRESS), 0x20, ALIGNED),
            (id(&POSTED_INTERRUPT_DESCRIPTOR_ADDRESS), 1 << 39, WIDTH),
        ],
    );
    all_are_valid(
        &everything(),
        &[(id(&CR3_TARGET_COUNT), 4), (id(&POSTED_INTERRUPT_DESCRIPTOR_ADDRESS), 64)],
    );
}

#[test]
fn the_ept_pointer_is_checked() {
    let pointer = id(&EPT_POINTER);
    let state = everything();
    each_is_named(
        &state,
        &[
            (pointer, 0x501d, "bits 2:0 must be a memory type that this processor has for EPT"),
            (pointer, 0x5016, "bits 5:3 must be the length of a page walk that this processor has, minus 1"),
            (pointer, 0x5026, "bits 5:3 must be the length of a page walk that this processor has, minus 1"),
            (pointer, 0x509e, "this processor does not enforce access rights of shadow-stack pages"),
            (pointer, 0x511e, "reserved bits must be 0"),
            (pointer, 0x501e | 1 << 39, WIDTH),
        ],
    );
    all_are_valid(&state, &[(pointer, 0x5018), (pointer, 0x505e)]);
    let mut newer = everything();
    newer.processor.capabilities.ept_vpid |= EPT_PAGE_WALK_5 | EPT_SUPERVISOR_SHADOW_STACK;
    all_are_valid(&newer, &[(pointer, 0x5026), (pointer, 0x509e)]);
    let mut older = everything();
    older.processor.capabilities.ept_vpid &= !(1 << 21);
    each_is_named(&older, &[(pointer, 0x505e, "this processor has no accessed and dirty flags for EPT")]);
}

#[test]
fn areas_of_msrs_are_checked() {
    const END: &str = "the area must end within physical addresses";
    let areas = [
        (id(&VM_EXIT_MSR_STORE_COUNT), id(&VM_EXIT_MSR_STORE_ADDRESS)),
        (id(&VM_EXIT_MSR_LOAD_COUNT), id(&VM_EXIT_MSR_LOAD_ADDRESS)),
        (id(&VM_ENTRY_MSR_LOAD_COUNT), id(&VM_ENTRY_MSR_LOAD_ADDRESS)),
    ];
    for (count, address) in areas {
        each_is_named(
            &everything(),
            &[(address, 0x8008, ALIGNED), (address, 1 << 39, WIDTH), (address, !15, WIDTH)],
        );
        // The area ends at the top: one more is too much.
        let at_the_top = everything().with_encoding(address.0, 0x7f_ffff_ffe0);
        each_is_named(&at_the_top, &[(count, 3, END)]);
        // Without entries there is no area.
        let empty = everything().with_encoding(count.0, 0);
        all_are_valid(&empty, &[(address, 0x8008)]);
    }
}

#[test]
fn the_tpr_threshold_is_checked() {
    const ABOVE: &str = "must not be above bits 7:4 of the TPR in the virtual-APIC page";
    let threshold = id(&TPR_THRESHOLD);
    each_is_named(&real(), &[(threshold, 0x10, "bits 31:4 must be 0"), (threshold, 4, ABOVE)]);
    all_are_valid(&real(), &[(threshold, 0), (threshold, 3)]);
    let apic_accesses =
        real().toggle(&SECONDARY_PROCESSOR_BASED_CONTROLS, Secondary::VIRTUALIZE_APIC_ACCESSES.bits());
    all_are_valid(&apic_accesses, &[(threshold, 4)]);
    // What is not shown to the auditor breaks no rule.
    let elsewhere = real().with(&VIRTUAL_APIC_ADDRESS, VIRTUAL_APIC + 0x1000);
    all_are_valid(&elsewhere, &[(threshold, 15)]);
}

#[test]
fn the_link_pointer_is_checked() {
    const LINK: &str = "must be all ones, or point to a VMCS; with VMCS shadowing, to a shadow VMCS";
    let link = id(&VMCS_LINK_POINTER);
    let ordinary = real().with_memory(LINKED_VMCS, 4).with_memory(LINKED_VMCS + 1, 4).with_memory(1 << 39, 4);
    each_is_named(&ordinary, &[(link, 0, LINK), (link, LINKED_VMCS + 1, PAGE), (link, 1 << 39, WIDTH)]);
    all_are_valid(&ordinary, &[(link, LINKED_VMCS)]);
    each_is_named(&real().with_memory(LINKED_VMCS, 5), &[(link, LINKED_VMCS, LINK)]);
    let shadowing = everything().with_memory(LINKED_VMCS, 4).with_memory(LINKED_VMCS + 0x1000, 0x8000_0004);
    each_is_named(&shadowing, &[(link, LINKED_VMCS, LINK)]);
    all_are_valid(&shadowing, &[(link, LINKED_VMCS + 0x1000)]);
}
