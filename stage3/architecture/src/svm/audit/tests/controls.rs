//! The control area.

use super::vmcb::{everything, long, newer, older, paging, real};
use super::{all_are_valid, each_is_named, Case};
use crate::svm::audit::Features;
use crate::svm::vmcb::{virtual_interrupt, VmcbSegment};

const WIDTH: &str = "must not be wider than physical addresses";
const RESERVED: &str = "reserved bits must be 0";

#[test]
fn intercepts_are_checked() {
    each_is_named(
        real,
        &older(),
        &[
            (|vmcb| vmcb.intercept_4 = 0, "INTERCEPT_4", 0, "the intercept of VMRUN must be set"),
            (|vmcb| vmcb.intercept_4 = 0xfe, "INTERCEPT_4", 0xfe, "the intercept of VMRUN must be set"),
        ],
    );
    each_is_named(
        everything,
        &newer(),
        &[(|vmcb| vmcb.intercept_3 = 0, "INTERCEPT_3", 0, "V_NMI_ENABLE needs the intercept of NMIs")],
    );
    all_are_valid(real, &older(), &[|vmcb| vmcb.virtual_interrupt = virtual_interrupt::V_NMI_ENABLE]);
}

#[test]
fn permission_maps_are_checked() {
    const END: &str = "the map must end within physical addresses";
    each_is_named(
        real,
        &older(),
        &[
            (|vmcb| vmcb.iopm_base = 1 << 48, "IOPM_BASE_PA", 1 << 48, END),
            (|vmcb| vmcb.iopm_base = 0xffff_ffff_e000, "IOPM_BASE_PA", 0xffff_ffff_e000, END),
            (|vmcb| vmcb.iopm_base = u64::MAX, "IOPM_BASE_PA", u64::MAX, END),
            (|vmcb| vmcb.msrpm_base = 1 << 63, "MSRPM_BASE_PA", 1 << 63, END),
            (|vmcb| vmcb.msrpm_base = 0xffff_ffff_f000, "MSRPM_BASE_PA", 0xffff_ffff_f000, END),
            (|vmcb| vmcb.msrpm_base = u64::MAX, "MSRPM_BASE_PA", u64::MAX, END),
        ],
    );
    all_are_valid(
        real,
        &older(),
        &[
            |vmcb| vmcb.iopm_base = 0xffff_ffff_d000,
            |vmcb| vmcb.msrpm_base = 0xffff_ffff_e000,
            |vmcb| vmcb.iopm_base = 0x1fff,
        ],
    );
}

#[test]
fn the_asid_is_checked() {
    const RANGE: &str = "must be below the number of ASIDs that this processor has";
    each_is_named(
        real,
        &older(),
        &[
            (|vmcb| vmcb.asid = 0, "GUEST_ASID", 0, "must not be 0: that is the host's"),
            (|vmcb| vmcb.asid = 16, "GUEST_ASID", 16, RANGE),
            (|vmcb| vmcb.asid = u32::MAX, "GUEST_ASID", 0xffff_ffff, RANGE),
        ],
    );
    all_are_valid(real, &older(), &[|vmcb| vmcb.asid = 15]);
}

#[test]
fn the_event_is_checked() {
    const TYPE: &str = "types 1, 5, 6 and 7 are reserved";
    const VECTOR: &str = "the vector of an exception must be one that exists; an NMI is none";
    const LONG: &str = "#OF and #BR do not exist in 64-bit mode";
    let cases: &[Case] = &[
        (|vmcb| vmcb.event_injection = 0x8000_0130, "EVENTINJ", 0x8000_0130, TYPE),
        (|vmcb| vmcb.event_injection = 0x8000_0530, "EVENTINJ", 0x8000_0530, TYPE),
        (|vmcb| vmcb.event_injection = 0x8000_0630, "EVENTINJ", 0x8000_0630, TYPE),
        (|vmcb| vmcb.event_injection = 0x8000_0730, "EVENTINJ", 0x8000_0730, TYPE),
        (|vmcb| vmcb.event_injection = 0x8000_0302, "EVENTINJ", 0x8000_0302, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_0309, "EVENTINJ", 0x8000_0309, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_030f, "EVENTINJ", 0x8000_030f, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_0314, "EVENTINJ", 0x8000_0314, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_0316, "EVENTINJ", 0x8000_0316, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_031b, "EVENTINJ", 0x8000_031b, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_031f, "EVENTINJ", 0x8000_031f, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_0320, "EVENTINJ", 0x8000_0320, VECTOR),
        (|vmcb| vmcb.event_injection = 0x8000_03ff, "EVENTINJ", 0x8000_03ff, VECTOR),
    ];
    each_is_named(real, &older(), cases);
    let in_64_bit_mode: &[Case] = &[
        (|vmcb| vmcb.event_injection = 0x8000_0304, "EVENTINJ", 0x8000_0304, LONG),
        (|vmcb| vmcb.event_injection = 0x8000_0305, "EVENTINJ", 0x8000_0305, LONG),
    ];
    each_is_named(long, &older(), in_64_bit_mode);
    for vmcb in [real, paging, long] {
        all_are_valid(
            vmcb,
            &older(),
            &[
                |vmcb| vmcb.event_injection = 0x8000_00ff,
                |vmcb| vmcb.event_injection = 0x8000_0202,
                // The vector of an NMI is ignored.
                |vmcb| vmcb.event_injection = 0x8000_0230,
                |vmcb| vmcb.event_injection = 0x8000_0300,
                |vmcb| vmcb.event_injection = 0x8000_0306,
                |vmcb| vmcb.event_injection = 0x8000_0b0e,
                |vmcb| vmcb.event_injection = 0x8000_0315,
                |vmcb| vmcb.event_injection = 0x8000_031e,
                |vmcb| vmcb.event_injection = 0x8000_0480,
                // Not valid, so nothing else counts.
                |vmcb| vmcb.event_injection = 0x7fff_ffff,
            ],
        );
    }
    let overflow: fn(&mut crate::svm::vmcb::Vmcb) = |vmcb| vmcb.event_injection = 0x8000_0304;
    all_are_valid(real, &older(), &[overflow]);
    all_are_valid(paging, &older(), &[overflow]);
    let compatibility = || {
        let mut vmcb = long();
        vmcb.cs = VmcbSegment { attributes: 0xc9b, ..vmcb.cs };
        vmcb
    };
    all_are_valid(compatibility, &older(), &[overflow]);
}

#[test]
fn nested_paging_is_checked_where_it_is_on() {
    const PAT: &str = "each byte must be 0, 1, 4, 5, 6 or 7";
    let cases: &[Case] = &[
        (|vmcb| vmcb.nested_cr3 = 1 << 48, "N_CR3", 1 << 48, WIDTH),
        (|vmcb| vmcb.nested_cr3 = 1 << 63, "N_CR3", 1 << 63, WIDTH),
        (|vmcb| vmcb.g_pat = 2, "G_PAT", 2, PAT),
        (|vmcb| vmcb.g_pat = 3 << 56, "G_PAT", 3 << 56, PAT),
        (|vmcb| vmcb.g_pat = 8 << 32, "G_PAT", 8 << 32, PAT),
        (|vmcb| vmcb.g_pat = u64::MAX, "G_PAT", u64::MAX, PAT),
    ];
    each_is_named(real, &older(), cases);
    let without = || {
        let mut vmcb = real();
        vmcb.nested_control = 0;
        vmcb
    };
    all_are_valid(without, &older(), &[|vmcb| vmcb.nested_cr3 = 1 << 63, |vmcb| vmcb.g_pat = 2]);
    // A processor without nested paging ignores the bit that switches it on.
    let mut oldest = older();
    oldest.features = Features::empty();
    all_are_valid(real, &oldest, &[|vmcb| vmcb.nested_cr3 = 1 << 63, |vmcb| vmcb.g_pat = 2]);
}

#[test]
fn avic_is_checked_where_it_is_on() {
    each_is_named(
        everything,
        &newer(),
        &[
            (|vmcb| vmcb.nested_control = 0, "VIRTUAL_INTERRUPT", 0x8400_0000, "AVIC needs nested paging"),
            (|vmcb| vmcb.avic_backing_page = 0x8001, "AVIC_BACKING_PAGE", 0x8001, RESERVED),
            (|vmcb| vmcb.avic_backing_page = 1 << 52, "AVIC_BACKING_PAGE", 1 << 52, WIDTH),
            (|vmcb| vmcb.avic_logical_table = 0x9800, "AVIC_LOGICAL_TABLE", 0x9800, RESERVED),
            (|vmcb| vmcb.avic_logical_table = 1 << 63, "AVIC_LOGICAL_TABLE", 1 << 63, WIDTH),
            (|vmcb| vmcb.avic_physical_table = 0xa100, "AVIC_PHYSICAL_TABLE", 0xa100, RESERVED),
            (|vmcb| vmcb.avic_physical_table = 1 << 52, "AVIC_PHYSICAL_TABLE", 1 << 52, WIDTH),
        ],
    );
    let x2avic = || {
        let mut vmcb = everything();
        vmcb.virtual_interrupt |= virtual_interrupt::X2AVIC_ENABLE;
        vmcb
    };
    each_is_named(
        x2avic,
        &newer(),
        &[(|vmcb| vmcb.avic_physical_table = 0xa200, "AVIC_PHYSICAL_TABLE", 0xa200, RESERVED)],
    );
    all_are_valid(x2avic, &newer(), &[|vmcb| vmcb.avic_physical_table = 0xa1ff]);
    all_are_valid(everything, &newer(), &[|vmcb| vmcb.avic_physical_table = 0xa0ff]);
    all_are_valid(
        real,
        &older(),
        &[|vmcb| (vmcb.virtual_interrupt, vmcb.avic_backing_page) = (virtual_interrupt::AVIC_ENABLE, 1)],
    );
}
