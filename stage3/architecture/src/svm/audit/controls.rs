//! The control area.

use super::super::vmcb::{event, intercept, virtual_interrupt, NP_ENABLE};
use super::{Audit, Features};
use crate::address::beyond_physical;
use crate::registers::{is_pat, CR0_PG, EFER_LME, SEGMENT_LONG};

/// Bytes of the I/O permissions map.
const IO_MAP: u64 = 0x3000;
/// Bytes of the MSR permissions map.
const MSR_MAP: u64 = 0x2000;

/// Vectors of exceptions: all below 32 but 2, 9, 15, 20, 22 to 27 and 31.
const EXCEPTIONS: u32 = 0x702f_7dfb;
/// #OF and #BR: INTO and BOUND do not exist in 64-bit mode.
const NOT_IN_64_BIT_MODE: [u64; 2] = [4, 5];

/// AVIC: the physical table's pointer holds the highest index in its low bits, 8 or, for x2APIC mode, 9.
const MAX_INDEX: u64 = 0xff;
/// See [`MAX_INDEX`].
const MAX_INDEX_X2AVIC: u64 = 0x1ff;

impl Audit<'_> {
    fn has(&self, feature: Features) -> bool {
        self.processor.features.contains(feature)
    }

    fn uses_nested_paging(&self) -> bool {
        self.has(Features::NESTED_PAGING) && self.vmcb.nested_control & NP_ENABLE != 0
    }

    /// Intercepts that must be set.
    pub(super) fn intercepts(&mut self) {
        let vmcb = self.vmcb;
        self.field("INTERCEPT_4", vmcb.intercept_4)
            .ones(intercept::VMRUN.into(), "the intercept of VMRUN must be set");
        let virtual_nmis =
            self.has(Features::VIRTUAL_NMI) && vmcb.virtual_interrupt & virtual_interrupt::V_NMI_ENABLE != 0;
        self.field("INTERCEPT_3", vmcb.intercept_3).ones_if(
            virtual_nmis,
            intercept::NMI.into(),
            "V_NMI_ENABLE needs the intercept of NMIs",
        );
    }

    /// The maps of ports and MSRs. Bits 11:0 of their addresses are ignored.
    pub(super) fn permission_maps(&mut self) {
        let beyond = beyond_physical(self.processor.physical_bits);
        let maps =
            [("IOPM_BASE_PA", self.vmcb.iopm_base, IO_MAP), ("MSRPM_BASE_PA", self.vmcb.msrpm_base, MSR_MAP)];
        for (name, base, size) in maps {
            let last = (base & !0xfff).checked_add(size - 1);
            let fits = last.is_some_and(|last| last & beyond == 0);
            self.field(name, base).must(fits, "the map must end within physical addresses");
        }
    }

    /// The address space identifier.
    pub(super) fn address_space(&mut self) {
        let (asid, asids) = (self.vmcb.asid, self.processor.asids);
        self.field("GUEST_ASID", asid)
            .must(asid != 0, "must not be 0: that is the host's")
            .must(asid == 0 || asid < asids, "must be below the number of ASIDs that this processor has");
    }

    /// The event to inject.
    pub(super) fn event(&mut self) {
        let vmcb = self.vmcb;
        let injection = vmcb.event_injection;
        if injection & event::VALID == 0 {
            return;
        }
        let (kind, vector) = (injection & event::TYPE, injection & event::VECTOR);
        let is_known = matches!(
            kind,
            event::TYPE_EXTERNAL | event::TYPE_NMI | event::TYPE_EXCEPTION | event::TYPE_SOFTWARE
        );
        let is_exception = kind == event::TYPE_EXCEPTION;
        let exists = vector < 32 && EXCEPTIONS & (1 << vector) != 0;
        let long_mode = vmcb.efer & EFER_LME != 0 && vmcb.cr0 & CR0_PG != 0;
        let in_64_bit_mode = long_mode && vmcb.cs.attributes & SEGMENT_LONG != 0;
        self.field("EVENTINJ", injection)
            .must(is_known, "types 1, 5, 6 and 7 are reserved")
            .must(
                !is_exception || exists,
                "the vector of an exception must be one that exists; an NMI is none",
            )
            .must(
                !is_exception || !in_64_bit_mode || !NOT_IN_64_BIT_MODE.contains(&vector),
                "#OF and #BR do not exist in 64-bit mode",
            );
    }

    /// Nested paging and the PAT that comes with it.
    pub(super) fn nested_paging(&mut self) {
        if !self.uses_nested_paging() {
            return;
        }
        let vmcb = self.vmcb;
        let beyond = beyond_physical(self.processor.physical_bits);
        self.field("N_CR3", vmcb.nested_cr3).zeros(beyond, "must not be wider than physical addresses");
        self.field("G_PAT", vmcb.g_pat).must(is_pat(vmcb.g_pat), "each byte must be 0, 1, 4, 5, 6 or 7");
    }

    /// The advanced virtual interrupt controller.
    pub(super) fn avic(&mut self) {
        let vmcb = self.vmcb;
        let on = |bit| vmcb.virtual_interrupt & bit != 0;
        if !self.has(Features::AVIC) || !on(virtual_interrupt::AVIC_ENABLE) {
            return;
        }
        let nested_paging = self.uses_nested_paging();
        self.field("VIRTUAL_INTERRUPT", vmcb.virtual_interrupt).zeros_if(
            !nested_paging,
            virtual_interrupt::AVIC_ENABLE,
            "AVIC needs nested paging",
        );
        let beyond = beyond_physical(self.processor.physical_bits);
        let x2avic = self.has(Features::X2AVIC) && on(virtual_interrupt::X2AVIC_ENABLE);
        let index = if x2avic { MAX_INDEX_X2AVIC } else { MAX_INDEX };
        for (name, pointer, low) in [
            ("AVIC_BACKING_PAGE", vmcb.avic_backing_page, 0xfff),
            ("AVIC_LOGICAL_TABLE", vmcb.avic_logical_table, 0xfff),
            ("AVIC_PHYSICAL_TABLE", vmcb.avic_physical_table, 0xfff & !index),
        ] {
            self.field(name, pointer)
                .zeros(low, "reserved bits must be 0")
                .zeros(beyond, "must not be wider than physical addresses");
        }
    }
}
