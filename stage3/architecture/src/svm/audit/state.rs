//! The save area: the guest's state.

use super::Audit;
use crate::address::beyond_physical;
use crate::registers::{
    CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR0_WP, CR4_CET, CR4_PAE, EFER_LME, EFER_SVME, SEGMENT_BIG, SEGMENT_LONG,
};

/// A rule of several fields.
const HIGH_HALF: &str = "bits 63:32 must be 0";
/// A rule of several fields.
const LACKING: &str = "bits that this processor does not have must be 0";
/// Bits 63:32.
const HIGH: u64 = !0xffff_ffff;
/// S_CET: all but SH_STK_EN and WR_SHSTK_EN.
const S_CET_RESERVED: u64 = !0b11;

impl Audit<'_> {
    /// The guest will be in long mode.
    fn is_long_mode(&self) -> bool {
        self.vmcb.efer & EFER_LME != 0 && self.vmcb.cr0 & CR0_PG != 0
    }

    /// EFER.
    pub(super) fn efer(&mut self) {
        let reserved = !self.processor.efer;
        self.field("EFER", self.vmcb.efer)
            .ones(EFER_SVME, "SVME must be 1")
            .zeros(reserved & !EFER_SVME, LACKING);
    }

    /// CR0, CR3 and CR4. Paging without protection is legal here, as long as it is not long mode.
    pub(super) fn control_registers(&mut self) {
        let vmcb = self.vmcb;
        let long_mode = self.is_long_mode();
        let cet = vmcb.cr4 & self.processor.cr4 & CR4_CET != 0;
        let beyond = beyond_physical(self.processor.physical_bits);
        let reserved = !self.processor.cr4;
        self.field("CR0", vmcb.cr0)
            .zeros_if(vmcb.cr0 & CR0_CD == 0, CR0_NW, "NW must be 0 if CD is 0")
            .zeros(HIGH, HIGH_HALF)
            .ones_if(long_mode, CR0_PE, "EFER.LME and CR0.PG need PE")
            .ones_if(cet, CR0_WP, "CR4.CET needs WP");
        self.field("CR3", vmcb.cr3).zeros(beyond, "must not be wider than physical addresses");
        self.field("CR4", vmcb.cr4).zeros(reserved, LACKING).ones_if(
            long_mode,
            CR4_PAE,
            "EFER.LME and CR0.PG need PAE",
        );
    }

    /// DR6 and DR7.
    pub(super) fn debug_registers(&mut self) {
        let vmcb = self.vmcb;
        self.field("DR6", vmcb.dr6).zeros(HIGH, HIGH_HALF);
        self.field("DR7", vmcb.dr7).zeros(HIGH, HIGH_HALF);
    }

    /// CS. Nothing else is checked of the segment registers; VMRUN makes their bases canonical.
    pub(super) fn code_segment(&mut self) {
        let long_mode = self.is_long_mode() && self.vmcb.cr4 & CR4_PAE != 0;
        let attributes = self.vmcb.cs.attributes;
        self.field("CS attributes", attributes).zeros_if(
            long_mode && attributes & SEGMENT_LONG != 0,
            SEGMENT_BIG.into(),
            "in long mode, L excludes D",
        );
    }

    /// S_CET, where there are shadow stacks.
    pub(super) fn shadow_stack_control(&mut self) {
        let has_cet = self.processor.cr4 & CR4_CET != 0;
        self.field("S_CET", self.vmcb.s_cet).zeros_if(has_cet, S_CET_RESERVED, "reserved bits must be 0");
    }
}
