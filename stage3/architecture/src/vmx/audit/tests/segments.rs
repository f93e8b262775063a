//! The guest's segment and descriptor-table registers.

use super::state::{
    long, pae, protected, real, restricted, user, virtual_8086, CODE, DATA, FLAT, FLAT_64, UNUSABLE,
};
use super::{all_are_valid, each_is_named, id, other_is_named, Case};
use crate::vmx::fields::*;
use std::vec::Vec;

const CANONICAL: &str = "must be canonical";
const LOW: &str = "bits 63:32 must be 0";
const GDT: &str = "TI must be 0: the selector must be one of the GDT";
const SMALL: &str = "bits 11:0 must be 1 if G in the access rights is 1";
const LARGE: &str = "bits 31:20 must be 0 if G in the access rights is 0";
const PRESENT: &str = "P must be 1";
const RESERVED: &str = "reserved bits must be 0";
const CODE_TYPE: &str = "type must be accessed code; or 3, data, for an unrestricted guest";
const EQUAL_DPL: &str = "DPL must equal that of SS";
const HIGH_DPL: &str = "DPL must not be above that of SS";

#[test]
fn code_is_checked() {
    let rights = id(&GUEST_CS.access_rights);
    each_is_named(
        &protected(),
        &[
            (rights, FLAT | 0x98, CODE_TYPE),
            (rights, FLAT | 0x91, CODE_TYPE),
            (rights, FLAT | 0xb3, "with type 3, DPL must be 0"),
            (rights, FLAT | 0xbb, EQUAL_DPL),
            (rights, FLAT | 0xbf, HIGH_DPL),
            (rights, FLAT | 0x8b, "S must be 1: a code or data segment"),
            (rights, FLAT | 0x1b, PRESENT),
            (rights, FLAT | 0x19b, RESERVED),
            (rights, FLAT | 0x2_009b, RESERVED),
        ],
    );
    other_is_named(&protected().with(&GUEST_CS.access_rights, 0x409b), id(&GUEST_CS.limit), LARGE);
    all_are_valid(&protected(), &[0x93, 0x99, 0x9d, 0x9f].map(|kind| (rights, FLAT | kind)));
    each_is_named(&restricted(), &[(rights, FLAT | DATA, CODE_TYPE)]);
    each_is_named(&long(), &[(rights, FLAT_64 | 0x4000 | CODE, "L excludes D")]);
    all_are_valid(&pae(), &[(rights, FLAT_64 | 0x4000 | CODE)]);
    each_is_named(
        &protected(),
        &[(id(&GUEST_CS.limit), 0xf_0000, SMALL), (id(&GUEST_CS.base), 1 << 32, LOW)],
    );
    each_is_named(&real(), &[(id(&GUEST_CS.limit), 0x10_0000, LARGE)]);
}

#[test]
fn the_stack_is_checked() {
    const KERNEL: &str = "DPL must be 0 in real mode, or if the type of CS is 3";
    const TYPE: &str = "type must be accessed, writable data";
    let rights = id(&GUEST_SS.access_rights);
    each_is_named(
        &protected(),
        &[
            (rights, FLAT | 0x91, TYPE),
            (rights, FLAT | 0x9b, TYPE),
            (rights, FLAT | 0x83, "S must be 1: a code or data segment"),
            (rights, FLAT | 0x13, PRESENT),
            (rights, FLAT | 0x893, RESERVED),
        ],
    );
    all_are_valid(&protected(), &[(rights, FLAT | 0x97), (rights, UNUSABLE)]);
    let data_as_code = protected().with(&GUEST_CS.access_rights, FLAT | DATA);
    each_is_named(&data_as_code, &[(rights, FLAT | 0xb3, KERNEL)]);
    let conforming = real().with(&GUEST_CS.access_rights, 0x9f);
    each_is_named(&conforming, &[(rights, 0xb3, KERNEL)]);
}

#[test]
fn selectors_count_for_a_restricted_guest() {
    other_is_named(
        &restricted().with(&GUEST_CS.selector, 0x0b),
        id(&GUEST_SS.selector),
        "RPL must equal that of CS",
    );
    let conforming = restricted().with(&GUEST_CS.access_rights, FLAT | 0x9f);
    each_is_named(
        &conforming,
        &[(id(&GUEST_SS.access_rights), FLAT | 0xb3, "DPL must equal RPL of the selector")],
    );
    let selectors = [&GUEST_DS, &GUEST_ES, &GUEST_FS, &GUEST_GS].map(|segment| (&segment.selector, segment));
    for (selector, segment) in selectors {
        let state = restricted().with(selector, 0x13);
        other_is_named(&state, id(&segment.access_rights), "DPL must not be below RPL of the selector");
        // Conforming code may be of a more privileged ring.
        all_are_valid(&state, &[(id(&segment.access_rights), FLAT | 0x9f)]);
        all_are_valid(&protected(), &[(id(selector), 0x13)]);
    }
}

#[test]
fn data_segments_are_checked() {
    for segment in [GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS] {
        let rights = id(&segment.access_rights);
        each_is_named(
            &protected(),
            &[
                (rights, FLAT | 0x92, "the segment must be accessed"),
                (rights, FLAT | 0x99, "a code segment must be readable"),
                (rights, FLAT | 0x83, "S must be 1: a code or data segment"),
                (rights, FLAT | 0x13, PRESENT),
                (rights, FLAT | 0x493, RESERVED),
                (id(&segment.limit), 0x1000, SMALL),
            ],
        );
        all_are_valid(&protected(), &[(rights, FLAT | 0x9b), (rights, FLAT | 0x95), (rights, UNUSABLE)]);
        all_are_valid(&user(), &[(id(&segment.limit), 0x1234_5678)]);
    }
}

#[test]
fn bases_are_checked() {
    for segment in [GUEST_SS, GUEST_DS, GUEST_ES] {
        each_is_named(&long(), &[(id(&segment.base), 1 << 32, LOW)]);
    }
    all_are_valid(&user(), &[(id(&GUEST_DS.base), 1 << 32)]);
    // Those of FS, GS and TR count even if the segment can't be used.
    let canonical: Vec<Case> =
        [&GUEST_FS, &GUEST_GS, &GUEST_TR].map(|segment| (id(&segment.base), 1 << 47, CANONICAL)).into();
    each_is_named(&user(), &canonical);
    each_is_named(&long(), &[(id(&GUEST_LDTR.base), 1 << 47, CANONICAL)]);
    all_are_valid(&user(), &[(id(&GUEST_LDTR.base), 1 << 47), (id(&GUEST_FS.base), 0x7f12_3456_7000)]);
}

#[test]
fn system_segments_are_checked() {
    const BUSY: &str = "type must be a busy TSS: 11, or 3 without IA-32e mode";
    let (task, table) = (id(&GUEST_TR.access_rights), id(&GUEST_LDTR.access_rights));
    each_is_named(
        &long(),
        &[
            (task, 0x89, BUSY),
            (task, 0x83, BUSY),
            (task, 0x9b, "S must be 0: a system segment"),
            (task, 0x0b, PRESENT),
            (task, 0x18b, RESERVED),
            (task, 0x1_008b, "must be usable"),
            (id(&GUEST_TR.limit), 0x10_0000, LARGE),
            (id(&GUEST_TR.selector), 4, GDT),
            (table, 0x81, "type must be 2: an LDT"),
            (table, 0x92, "S must be 0: a system segment"),
            (table, 0x02, PRESENT),
            (table, 0x282, RESERVED),
            (id(&GUEST_LDTR.limit), 0x10_0000, LARGE),
            (id(&GUEST_LDTR.selector), 4, GDT),
        ],
    );
    all_are_valid(&pae(), &[(task, 0x83)]);
    all_are_valid(&user(), &[(id(&GUEST_LDTR.selector), 4)]);
}

#[test]
fn everything_is_fixed_in_virtual_8086_mode() {
    const BASE: &str = "must be the selector * 16 in virtual-8086 mode";
    for segment in [GUEST_CS, GUEST_SS, GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS] {
        each_is_named(
            &virtual_8086(),
            &[
                (id(&segment.base), 0x1_0010, BASE),
                (id(&segment.limit), 0xfffe, "must be FFFFh in virtual-8086 mode"),
                (id(&segment.access_rights), 0x93, "must be F3h in virtual-8086 mode"),
            ],
        );
    }
    each_is_named(&virtual_8086(), &[(id(&GUEST_TR.selector), 4, GDT)]);
}

#[test]
fn descriptor_tables_are_checked() {
    each_is_named(
        &real(),
        &[
            (id(&GUEST_GDTR_BASE), 1 << 47, CANONICAL),
            (id(&GUEST_IDTR_BASE), 1 << 47, CANONICAL),
            (id(&GUEST_GDTR_LIMIT), 0x1_0000, "bits 31:16 must be 0"),
            (id(&GUEST_IDTR_LIMIT), 0x1_0000, "bits 31:16 must be 0"),
        ],
    );
}
