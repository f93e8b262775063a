//! The guest's segment and descriptor-table registers (Intel SDM, "Checks on Guest Segment Registers", "Checks on
//! Guest Descriptor-Table Registers").

use super::Audit;
use crate::vmx::access_rights::*;
use crate::vmx::controls::Secondary;
use crate::vmx::fields::*;

/// Selector: table indicator.
const TI: u64 = 1 << 2;
/// Type: accessed and writable data, growing up.
const DATA: u32 = 3;

/// RPL of a selector.
const fn rpl(selector: u16) -> u32 {
    selector as u32 & 3
}

impl Audit<'_> {
    /// All of it.
    pub(super) fn segments(&mut self) {
        let data = [GUEST_SS, GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS];
        if self.is_virtual_8086() {
            self.virtual_8086(&GUEST_CS);
            for segment in &data {
                self.virtual_8086(segment);
            }
        } else {
            self.form(&GUEST_CS, true);
            for segment in &data {
                self.form(segment, true);
            }
            self.code();
            self.stack();
            for segment in &data[1..] {
                self.data(segment);
            }
            self.low_bases();
        }
        self.canonical(&GUEST_FS.base);
        self.canonical(&GUEST_GS.base);
        self.task();
        self.local_descriptor_table();
        for (base, limit) in [(GUEST_GDTR_BASE, GUEST_GDTR_LIMIT), (GUEST_IDTR_BASE, GUEST_IDTR_LIMIT)] {
            self.canonical(&base);
            self.field(&limit).zeros(0xffff_0000, "bits 31:16 must be 0");
        }
    }

    fn is_usable(&self, segment: &SegmentFields) -> bool {
        self.read(&segment.access_rights) & UNUSABLE == 0
    }

    fn is_unrestricted(&self) -> bool {
        self.controls.secondary.contains(Secondary::UNRESTRICTED_GUEST)
    }

    /// In virtual-8086 mode, all is fixed.
    fn virtual_8086(&mut self, segment: &SegmentFields) {
        let base = u64::from(self.read(&segment.selector)) << 4;
        let holds = self.read(&segment.base) == base;
        self.field(&segment.base).must(holds, "must be the selector * 16 in virtual-8086 mode");
        let holds = self.read(&segment.limit) == 0xffff;
        self.field(&segment.limit).must(holds, "must be FFFFh in virtual-8086 mode");
        let holds = self.read(&segment.access_rights) == 0xf3;
        self.field(&segment.access_rights).must(holds, "must be F3h in virtual-8086 mode");
    }

    /// What holds for each register: S as it is for its kind, P, reserved bits, G and limit. CS and TR are usable.
    fn form(&mut self, segment: &SegmentFields, code_or_data: bool) {
        let is_cs = segment.access_rights.encoding == GUEST_CS.access_rights.encoding;
        let is_tr = segment.access_rights.encoding == GUEST_TR.access_rights.encoding;
        if !is_cs && !is_tr && !self.is_usable(segment) {
            return;
        }
        let granular = self.read(&segment.access_rights) & GRANULAR != 0;
        self.field(&segment.access_rights)
            .ones_if(code_or_data, CODE_OR_DATA.into(), "S must be 1: a code or data segment")
            .zeros_if(!code_or_data, CODE_OR_DATA.into(), "S must be 0: a system segment")
            .ones(PRESENT.into(), "P must be 1")
            .zeros(RESERVED.into(), "reserved bits must be 0");
        self.field(&segment.limit)
            .ones_if(granular, 0xfff, "bits 11:0 must be 1 if G in the access rights is 1")
            .zeros_if(!granular, 0xfff0_0000, "bits 31:20 must be 0 if G in the access rights is 0");
    }

    fn code(&mut self) {
        let unrestricted = self.is_unrestricted();
        let ia32e = self.is_ia32e();
        let stack = dpl(self.read(&GUEST_SS.access_rights));
        let rights = self.read(&GUEST_CS.access_rights);
        let kind = rights & TYPE;
        let is_code = matches!(kind, 9 | 11 | 13 | 15);
        self.field(&GUEST_CS.access_rights)
            .must(
                is_code || unrestricted && kind == DATA,
                "type must be accessed code; or 3, data, for an unrestricted guest",
            )
            .must(kind != DATA || dpl(rights) == 0, "with type 3, DPL must be 0")
            .must(!matches!(kind, 9 | 11) || dpl(rights) == stack, "DPL must equal that of SS")
            .must(!matches!(kind, 13 | 15) || dpl(rights) <= stack, "DPL must not be above that of SS")
            .zeros_if(ia32e && rights & LONG != 0, BIG.into(), "L excludes D");
    }

    fn stack(&mut self) {
        let unrestricted = self.is_unrestricted();
        let code_is_data = self.read(&GUEST_CS.access_rights) & TYPE == DATA;
        let kernel_only = self.is_real_mode() || code_is_data;
        let selectors = [self.read(&GUEST_CS.selector), self.read(&GUEST_SS.selector)];
        let usable = self.is_usable(&GUEST_SS);
        let rights = self.read(&GUEST_SS.access_rights);
        self.field(&GUEST_SS.selector)
            .must(unrestricted || rpl(selectors[0]) == rpl(selectors[1]), "RPL must equal that of CS");
        self.field(&GUEST_SS.access_rights)
            .must(!usable || matches!(rights & TYPE, 3 | 7), "type must be accessed, writable data")
            .must(unrestricted || dpl(rights) == rpl(selectors[1]), "DPL must equal RPL of the selector")
            .must(!kernel_only || dpl(rights) == 0, "DPL must be 0 in real mode, or if the type of CS is 3");
    }

    fn data(&mut self, segment: &SegmentFields) {
        if !self.is_usable(segment) {
            return;
        }
        let checks_dpl = !self.is_unrestricted();
        let selector = self.read(&segment.selector);
        let rights = self.read(&segment.access_rights);
        self.field(&segment.access_rights)
            .ones(1, "the segment must be accessed")
            .must(rights & 8 == 0 || rights & 2 != 0, "a code segment must be readable")
            .must(
                !checks_dpl || rights & TYPE > 11 || dpl(rights) >= rpl(selector),
                "DPL must not be below RPL of the selector",
            );
    }

    /// The bases that have 32 bits in every mode.
    fn low_bases(&mut self) {
        for segment in [GUEST_CS, GUEST_SS, GUEST_DS, GUEST_ES] {
            let is_cs = segment.base.encoding == GUEST_CS.base.encoding;
            if is_cs || self.is_usable(&segment) {
                self.field(&segment.base).zeros(!0xffff_ffff, "bits 63:32 must be 0");
            }
        }
    }

    fn task(&mut self) {
        let ia32e = self.is_ia32e();
        self.field(&GUEST_TR.selector).zeros(TI, "TI must be 0: the selector must be one of the GDT");
        self.canonical(&GUEST_TR.base);
        self.form(&GUEST_TR, false);
        let kind = self.read(&GUEST_TR.access_rights) & TYPE;
        self.field(&GUEST_TR.access_rights)
            .must(kind == 11 || kind == 3 && !ia32e, "type must be a busy TSS: 11, or 3 without IA-32e mode")
            .zeros(UNUSABLE.into(), "must be usable");
    }

    fn local_descriptor_table(&mut self) {
        if !self.is_usable(&GUEST_LDTR) {
            return;
        }
        self.field(&GUEST_LDTR.selector).zeros(TI, "TI must be 0: the selector must be one of the GDT");
        self.canonical(&GUEST_LDTR.base);
        self.form(&GUEST_LDTR, false);
        let holds = self.read(&GUEST_LDTR.access_rights) & TYPE == 2;
        self.field(&GUEST_LDTR.access_rights).must(holds, "type must be 2: an LDT");
    }
}
