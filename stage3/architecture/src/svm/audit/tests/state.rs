//! The save area.

use super::vmcb::{everything, long, newer, older, paging, real};
use super::{all_are_valid, each_is_named, Case};
use crate::registers::*;

const HIGH_HALF: &str = "bits 63:32 must be 0";
const LACKING: &str = "bits that this processor does not have must be 0";
const WIDTH: &str = "must not be wider than physical addresses";

#[test]
fn efer_is_checked() {
    const SVME: &str = "SVME must be 1";
    let cases: &[Case] = &[
        (|vmcb| vmcb.efer = 0, "EFER", 0, SVME),
        (|vmcb| vmcb.efer = 0x1002, "EFER", 0x1002, LACKING),
        (|vmcb| vmcb.efer = 0x1080, "EFER", 0x1080, LACKING),
        (|vmcb| vmcb.efer = 0x1200, "EFER", 0x1200, LACKING),
        (|vmcb| vmcb.efer = 0x1_1000, "EFER", 0x1_1000, LACKING),
        (|vmcb| vmcb.efer = 0x2_1000, "EFER", 0x2_1000, LACKING),
        (|vmcb| vmcb.efer = 0x4_1000, "EFER", 0x4_1000, LACKING),
        (|vmcb| vmcb.efer = 0x10_1000, "EFER", 0x10_1000, LACKING),
        (|vmcb| vmcb.efer = 0x20_1000, "EFER", 0x20_1000, LACKING),
        (|vmcb| vmcb.efer = 1 << 63 | 0x1000, "EFER", 1 << 63 | 0x1000, LACKING),
    ];
    each_is_named(real, &older(), cases);
    all_are_valid(
        real,
        &older(),
        &[|vmcb| vmcb.efer = 0x1d01, |vmcb| vmcb.efer = 0xf001, |vmcb| vmcb.efer = 0x1400],
    );
    all_are_valid(real, &newer(), &[|vmcb| vmcb.efer = 0x37_f000 & !0x1_0000]);
    each_is_named(long, &older(), &[(|vmcb| vmcb.efer &= !EFER_SVME, "EFER", 0xd01, SVME)]);
    let mut without_long_mode = older();
    without_long_mode.efer &= !(EFER_LME | EFER_LMA);
    each_is_named(
        real,
        &without_long_mode,
        &[
            (|vmcb| vmcb.efer |= EFER_LME, "EFER", 0x1100, LACKING),
            (|vmcb| vmcb.efer |= EFER_LMA, "EFER", 0x1400, LACKING),
        ],
    );
}

#[test]
fn cr0_is_checked() {
    each_is_named(
        real,
        &older(),
        &[
            (|vmcb| vmcb.cr0 = CR0_ET | CR0_NW, "CR0", 0x2000_0010, "NW must be 0 if CD is 0"),
            (|vmcb| vmcb.cr0 |= 1 << 32, "CR0", 0x1_6000_0010, HIGH_HALF),
            (|vmcb| vmcb.cr0 |= 1 << 63, "CR0", 0x8000_0000_6000_0010, HIGH_HALF),
        ],
    );
    each_is_named(
        long,
        &older(),
        &[
            (|vmcb| vmcb.cr0 &= !CR0_PE, "CR0", 0x8000_0010, "EFER.LME and CR0.PG need PE"),
            (|vmcb| vmcb.cr0 |= CR0_NW, "CR0", 0xa000_0011, "NW must be 0 if CD is 0"),
        ],
    );
    each_is_named(
        everything,
        &newer(),
        &[(|vmcb| vmcb.cr0 &= !CR0_WP, "CR0", 0x8000_0011, "CR4.CET needs WP")],
    );
    // Paged real mode is legal for a guest; so is LME without paging, in either mode.
    all_are_valid(
        paging,
        &older(),
        &[
            |vmcb| vmcb.cr0 &= !CR0_PE,
            |vmcb| vmcb.cr0 |= CR0_CD,
            |vmcb| vmcb.cr0 |= CR0_CD | CR0_NW,
            |vmcb| vmcb.cr0 |= 0xffff_ffff,
            |vmcb| (vmcb.cr0, vmcb.efer) = (CR0_PE, EFER_SVME | EFER_LME),
            |vmcb| (vmcb.cr0, vmcb.efer) = (0, EFER_SVME | EFER_LME),
        ],
    );
}

#[test]
fn cr3_is_checked() {
    each_is_named(
        long,
        &older(),
        &[
            (|vmcb| vmcb.cr3 = 1 << 48, "CR3", 1 << 48, WIDTH),
            (|vmcb| vmcb.cr3 = 1 << 51, "CR3", 1 << 51, WIDTH),
            (|vmcb| vmcb.cr3 = 1 << 52, "CR3", 1 << 52, WIDTH),
            (|vmcb| vmcb.cr3 = 1 << 63 | 0x1000, "CR3", 1 << 63 | 0x1000, WIDTH),
        ],
    );
    each_is_named(real, &older(), &[(|vmcb| vmcb.cr3 = 1 << 48, "CR3", 1 << 48, WIDTH)]);
    each_is_named(long, &newer(), &[(|vmcb| vmcb.cr3 = 1 << 52, "CR3", 1 << 52, WIDTH)]);
    all_are_valid(long, &older(), &[|vmcb| vmcb.cr3 = 0xffff_ffff_ffff]);
    all_are_valid(long, &newer(), &[|vmcb| vmcb.cr3 = 1 << 51]);
}

#[test]
fn cr4_is_checked() {
    const PAE: &str = "EFER.LME and CR0.PG need PAE";
    let cases: &[Case] = &[
        (|vmcb| vmcb.cr4 = 1 << 11, "CR4", 1 << 11, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 12, "CR4", 1 << 12, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 13, "CR4", 1 << 13, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 14, "CR4", 1 << 14, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 15, "CR4", 1 << 15, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 17, "CR4", 1 << 17, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 19, "CR4", 1 << 19, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 22, "CR4", 1 << 22, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 23, "CR4", 1 << 23, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 24, "CR4", 1 << 24, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 31, "CR4", 1 << 31, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 32, "CR4", 1 << 32, LACKING),
        (|vmcb| vmcb.cr4 = 1 << 63, "CR4", 1 << 63, LACKING),
    ];
    each_is_named(real, &older(), cases);
    each_is_named(long, &older(), &[(|vmcb| vmcb.cr4 = 0, "CR4", 0, PAE)]);
    each_is_named(long, &newer(), &[(|vmcb| vmcb.cr4 = 1 << 11, "CR4", 1 << 11, PAE)]);
    all_are_valid(real, &older(), &[|vmcb| vmcb.cr4 = 0x35_07ff]);
    all_are_valid(long, &newer(), &[|vmcb| vmcb.cr4 = 0x77_1fff]);
    all_are_valid(paging, &older(), &[|vmcb| vmcb.cr4 = 0]);
}

#[test]
fn debug_registers_are_checked() {
    each_is_named(
        real,
        &older(),
        &[
            (|vmcb| vmcb.dr6 = 1 << 32, "DR6", 1 << 32, HIGH_HALF),
            (|vmcb| vmcb.dr6 = 1 << 63 | 0xffff_0ff0, "DR6", 0x8000_0000_ffff_0ff0, HIGH_HALF),
            (|vmcb| vmcb.dr7 = 1 << 32 | 0x400, "DR7", 0x1_0000_0400, HIGH_HALF),
            (|vmcb| vmcb.dr7 = 1 << 63, "DR7", 1 << 63, HIGH_HALF),
        ],
    );
    all_are_valid(real, &older(), &[|vmcb| vmcb.dr6 = 0, |vmcb| vmcb.dr7 = 0xffff_ffff]);
}

#[test]
fn the_code_segment_is_checked_in_long_mode() {
    const BOTH: &str = "in long mode, L excludes D";
    each_is_named(
        long,
        &older(),
        &[(|vmcb| vmcb.cs.attributes |= SEGMENT_BIG, "CS attributes", 0xe9b, BOTH)],
    );
    all_are_valid(long, &older(), &[|vmcb| vmcb.cs.attributes = 0xc9b, |vmcb| vmcb.cs.attributes = 0]);
    all_are_valid(paging, &older(), &[|vmcb| vmcb.cs.attributes = 0xe9b]);
    all_are_valid(real, &older(), &[|vmcb| (vmcb.cs.attributes, vmcb.efer) = (0xe9b, EFER_SVME | EFER_LME)]);
}

#[test]
fn shadow_stack_control_is_checked_where_it_is() {
    each_is_named(
        everything,
        &newer(),
        &[
            (|vmcb| vmcb.s_cet = 4, "S_CET", 4, "reserved bits must be 0"),
            (|vmcb| vmcb.s_cet = 1 << 63, "S_CET", 1 << 63, "reserved bits must be 0"),
        ],
    );
    all_are_valid(long, &older(), &[|vmcb| vmcb.s_cet = u64::MAX]);
}
