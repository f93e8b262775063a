//! The host (Intel SDM, "Checks on Host Control Registers, MSRs, and SSP", "Checks on Host Segment and
//! Descriptor-Table Registers", "Checks Related to Address-Space Size").

use super::{guest, Audit};
use crate::address::is_canonical;
use crate::registers::{is_pat, CR0_WP, CR4_CET, CR4_PAE, EFER_LMA, EFER_LME};
use crate::vmx::controls::Exit;
use crate::vmx::fields::*;

/// Requested privilege level and table indicator of a selector.
const RPL_AND_TI: u64 = 7;

impl Audit<'_> {
    /// All of it.
    pub(super) fn host(&mut self) {
        self.host_control_registers();
        self.host_msrs();
        self.host_segments();
        self.canonical(&HOST_RIP);
    }

    fn host_control_registers(&mut self) {
        let can = self.processor.capabilities;
        let cr3_reserved = self.processor.cr3_reserved();
        let cet = self.read(&HOST_CR4) & CR4_CET != 0;
        self.field(&HOST_CR0)
            .ones(can.cr0_fixed0, "must be 1 in VMX operation")
            .zeros(!can.cr0_fixed1, "must be 0 in VMX operation")
            .ones_if(cet, CR0_WP, "CR4.CET needs CR0.WP");
        self.field(&HOST_CR4)
            .ones(can.cr4_fixed0, "must be 1 in VMX operation")
            .zeros(!can.cr4_fixed1, "must be 0 in VMX operation")
            .ones(CR4_PAE & !can.cr4_fixed0, "a host in 64-bit mode needs PAE");
        self.field(&HOST_CR3).zeros(cr3_reserved, "must not be wider than physical addresses");
    }

    fn host_msrs(&mut self) {
        let Self { controls, processor, .. } = *self;
        let on = |control| controls.exit.contains(control);
        self.canonical(&HOST_IA32_SYSENTER_ESP);
        self.canonical(&HOST_IA32_SYSENTER_EIP);
        if on(Exit::LOAD_IA32_PERF_GLOBAL_CTRL) {
            self.field(&HOST_IA32_PERF_GLOBAL_CTRL)
                .zeros(!processor.perf_global_ctrl, guest::RESERVED_ON_THIS_PROCESSOR);
        }
        if on(Exit::LOAD_IA32_PAT) {
            let holds = is_pat(self.read(&HOST_IA32_PAT));
            self.field(&HOST_IA32_PAT).must(holds, guest::PAT);
        }
        if on(Exit::LOAD_IA32_EFER) {
            self.field(&HOST_IA32_EFER)
                .zeros(!processor.efer, guest::RESERVED_ON_THIS_PROCESSOR)
                .ones(EFER_LMA | EFER_LME, "a host in 64-bit mode needs LMA and LME");
        }
        if on(Exit::LOAD_CET_STATE) {
            self.shadow_stack_control(&HOST_IA32_S_CET);
            self.canonical(&HOST_IA32_INTERRUPT_SSP_TABLE_ADDR);
            let mut ssp = self.field(&HOST_SSP);
            let holds = is_canonical(ssp.value(), processor.linear_bits);
            ssp.must(holds, "must be canonical").zeros(3, "bits 1:0 must be 0");
        }
        if on(Exit::LOAD_PKRS) {
            self.field(&HOST_IA32_PKRS).zeros(!0xffff_ffff, "bits 63:32 must be 0");
        }
    }

    fn host_segments(&mut self) {
        for selector in [
            HOST_CS_SELECTOR,
            HOST_SS_SELECTOR,
            HOST_DS_SELECTOR,
            HOST_ES_SELECTOR,
            HOST_FS_SELECTOR,
            HOST_GS_SELECTOR,
            HOST_TR_SELECTOR,
        ] {
            self.field(&selector).zeros(RPL_AND_TI, "RPL and TI must be 0");
        }
        for selector in [HOST_CS_SELECTOR, HOST_TR_SELECTOR] {
            let is_null = self.read(&selector) == 0;
            self.field(&selector).must(!is_null, "must not be 0");
        }
        for base in [HOST_FS_BASE, HOST_GS_BASE, HOST_TR_BASE, HOST_GDTR_BASE, HOST_IDTR_BASE] {
            self.canonical(&base);
        }
    }
}
