//! VMCBs that break no rule: the guest in each of its modes, and one with every feature on.

use super::findings;
use crate::registers::*;
use crate::svm::audit::{Features, Processor};
use crate::svm::vmcb::{intercept, virtual_interrupt, Vmcb, NP_ENABLE};
use zerocopy::FromZeros;

/// A processor without the newer features.
pub fn older() -> Processor {
    Processor {
        physical_bits: 48,
        asids: 16,
        // All up to OSXMMEXCPT, FSGSBASE, OSXSAVE, SMEP, SMAP.
        cr4: 0x35_07ff,
        efer: EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME | 0xe000,
        features: Features::NESTED_PAGING,
    }
}

/// A processor with all features.
pub fn newer() -> Processor {
    Processor {
        physical_bits: 52,
        asids: 0x8000,
        cr4: 0xf7_1fff,
        efer: older().efer | 0x36_0000,
        features: Features::all(),
    }
}

/// A real-mode guest at reset.
pub fn real() -> Vmcb {
    let mut vmcb = Vmcb::new_zeroed();
    vmcb.intercept_4 = intercept::VMRUN;
    vmcb.iopm_base = 0x1000;
    vmcb.msrpm_base = 0x4000;
    vmcb.asid = 1;
    vmcb.nested_control = NP_ENABLE;
    vmcb.nested_cr3 = 0x6000;
    vmcb.g_pat = 0x0007_0406_0007_0406;
    vmcb.efer = EFER_SVME;
    vmcb.cr0 = CR0_ET | CR0_CD | CR0_NW;
    vmcb.dr6 = 0xffff_0ff0;
    vmcb.dr7 = 0x400;
    vmcb.rflags = RFLAGS_FIXED;
    vmcb.rip = 0xfff0;
    vmcb.cs.attributes = 0x9b;
    vmcb
}

/// A guest in protected mode with paging, not long mode.
pub fn paging() -> Vmcb {
    let mut vmcb = real();
    vmcb.cr0 = CR0_ET | CR0_PE | CR0_PG;
    vmcb.cr4 = CR4_PAE;
    vmcb.cr3 = 0x1000;
    vmcb.cs.attributes = SEGMENT_GRANULAR | SEGMENT_BIG | 0x9b;
    vmcb
}

/// A guest in 64-bit mode.
pub fn long() -> Vmcb {
    let mut vmcb = paging();
    vmcb.efer = EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE;
    vmcb.cs.attributes = SEGMENT_GRANULAR | SEGMENT_LONG | 0x9b;
    vmcb
}

/// The 64-bit guest with all that SVM has switched on.
pub fn everything() -> Vmcb {
    let mut vmcb = long();
    vmcb.intercept_3 = intercept::NMI;
    vmcb.virtual_interrupt = virtual_interrupt::V_NMI_ENABLE | virtual_interrupt::AVIC_ENABLE;
    vmcb.avic_backing_page = 0x8000;
    vmcb.avic_logical_table = 0x9000;
    vmcb.avic_physical_table = 0xa00f;
    vmcb.cr0 |= CR0_WP;
    vmcb.cr4 |= CR4_CET;
    vmcb.s_cet = 0b11;
    vmcb
}

#[test]
fn a_valid_vmcb_breaks_no_rule() {
    for processor in [older(), newer()] {
        for vmcb in [real(), paging(), long()] {
            assert_eq!(findings(&vmcb, &processor), []);
        }
    }
    assert_eq!(findings(&everything(), &newer()), []);
}
