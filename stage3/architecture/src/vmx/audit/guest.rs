//! The guest's control registers, debug registers, MSRs, RIP, RFLAGS, SSP and PDPTEs (Intel SDM, "Checks on the Guest
//! State Area").

use super::Audit;
use crate::address::{beyond_physical, is_canonical, is_sign_extended};
use crate::registers::*;
use crate::vmx::access_rights::LONG;
use crate::vmx::controls::{Entry, Secondary};
use crate::vmx::fields::*;
use crate::vmx::interruption::Kind;

/// A rule of several fields: bits that depend on the processor.
pub const RESERVED_ON_THIS_PROCESSOR: &str = "bits that this processor does not have must be 0";
/// A rule of several fields.
pub const PAT: &str = "each byte must be 0, 1, 4, 5, 6 or 7";

/// IA32_DEBUGCTL: bits 5:3 and 63:16 are reserved.
const DEBUGCTL_RESERVED: u64 = !0xffc7;
/// IA32_BNDCFGS: bits 11:2 are reserved.
const BNDCFGS_RESERVED: u64 = 0xffc;
/// IA32_S_CET: bits 9:6 are reserved.
const S_CET_RESERVED: u64 = 0x3c0;
/// IA32_S_CET: TRACKER and SUPPRESS.
const S_CET_TRACKER_SUPPRESS: u64 = 0b11 << 10;
/// RFLAGS: bits 63:22, 15, 5 and 3.
const RFLAGS_RESERVED: u64 = !0x3f_7fd7;
/// PDPTE: present.
const PDPTE_PRESENT: u64 = 1 << 0;
/// PDPTE: bits 2:1 and 8:5 are reserved.
const PDPTE_RESERVED: u64 = 0x1e6;

impl Audit<'_> {
    /// CR0, CR3, CR4 and DR7.
    pub(super) fn guest_control_registers(&mut self) {
        let Self { controls, processor, .. } = *self;
        let can = &processor.capabilities;
        let ia32e = self.is_ia32e();
        let (cr0, cr4) = (self.read(&GUEST_CR0), self.read(&GUEST_CR4));
        // VM entry loads neither CD nor NW.
        let unrestricted = controls.secondary.contains(Secondary::UNRESTRICTED_GUEST);
        let free = CR0_CD | CR0_NW | if unrestricted { CR0_PE | CR0_PG } else { 0 };
        let paging_without_protection = cr0 & CR0_PG != 0 && cr0 & CR0_PE == 0;
        self.field(&GUEST_CR0)
            .ones(can.cr0_fixed0 & !free, "must be 1 in VMX operation")
            .zeros(!can.cr0_fixed1 & !free, "must be 0 in VMX operation")
            .must(!paging_without_protection, "PG needs PE")
            .ones_if(ia32e, CR0_PG, "IA-32e mode needs PG")
            .ones_if(cr4 & CR4_CET != 0, CR0_WP, "CR4.CET needs CR0.WP");
        self.field(&GUEST_CR4)
            .ones(can.cr4_fixed0, "must be 1 in VMX operation")
            .zeros(!can.cr4_fixed1, "must be 0 in VMX operation")
            .ones_if(ia32e, CR4_PAE, "IA-32e mode needs PAE")
            .zeros_if(!ia32e, CR4_PCIDE, "PCIDE needs IA-32e mode");
        self.field(&GUEST_CR3).zeros(processor.cr3_reserved(), "must not be wider than physical addresses");
        if controls.entry.contains(Entry::LOAD_DEBUG_CONTROLS) {
            self.field(&GUEST_DR7).zeros(!0xffff_ffff, "bits 63:32 must be 0");
            self.field(&GUEST_IA32_DEBUGCTL).zeros(DEBUGCTL_RESERVED, "reserved bits must be 0");
        }
    }

    /// The MSRs that VM entry loads.
    pub(super) fn guest_msrs(&mut self) {
        let Self { controls, processor, .. } = *self;
        let on = |control| controls.entry.contains(control);
        self.canonical(&GUEST_IA32_SYSENTER_ESP);
        self.canonical(&GUEST_IA32_SYSENTER_EIP);
        if on(Entry::LOAD_IA32_PERF_GLOBAL_CTRL) {
            self.field(&GUEST_IA32_PERF_GLOBAL_CTRL)
                .zeros(!processor.perf_global_ctrl, RESERVED_ON_THIS_PROCESSOR);
        }
        if on(Entry::LOAD_IA32_PAT) {
            let holds = is_pat(self.read(&GUEST_IA32_PAT));
            self.field(&GUEST_IA32_PAT).must(holds, PAT);
        }
        if on(Entry::LOAD_IA32_EFER) {
            self.guest_efer();
        }
        if on(Entry::LOAD_IA32_BNDCFGS) {
            let mut bounds = self.field(&GUEST_IA32_BNDCFGS);
            let holds = is_canonical(bounds.value() & !0xfff, processor.linear_bits);
            bounds
                .zeros(BNDCFGS_RESERVED, "reserved bits must be 0")
                .must(holds, "the address in bits 63:12 must be canonical");
        }
        if on(Entry::LOAD_UINV) {
            self.field(&GUEST_UINV).zeros(0xff00, "bits 15:8 must be 0: there are 256 vectors");
        }
        if on(Entry::LOAD_PKRS) {
            self.field(&GUEST_IA32_PKRS).zeros(!0xffff_ffff, "bits 63:32 must be 0");
        }
    }

    fn guest_efer(&mut self) {
        let ia32e = self.is_ia32e();
        let paging = self.read(&GUEST_CR0) & CR0_PG != 0;
        let defined = self.processor.efer;
        let mut efer = self.field(&GUEST_IA32_EFER);
        let (lma, lme) = (efer.value() & EFER_LMA != 0, efer.value() & EFER_LME != 0);
        efer.zeros(!defined, RESERVED_ON_THIS_PROCESSOR)
            .must(lma == ia32e, "LMA must equal the control IA-32e mode guest")
            .must(!paging || lma == lme, "with paging, LMA must equal LME");
    }

    /// Control-flow enforcement.
    pub(super) fn guest_cet(&mut self) {
        if !self.controls.entry.contains(Entry::LOAD_CET_STATE) {
            return;
        }
        let width = self.processor.linear_bits;
        self.shadow_stack_control(&GUEST_IA32_S_CET);
        self.canonical(&GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR);
        let mut ssp = self.field(&GUEST_SSP);
        let holds = is_sign_extended(ssp.value(), width);
        ssp.zeros(3, "bits 1:0 must be 0").must(holds, "the bits above linear addresses must be equal");
    }

    /// IA32_S_CET, of guest or host.
    pub(super) fn shadow_stack_control(&mut self, field: &Field<Natural>) {
        self.canonical(field);
        let mut field = self.field(field);
        let both = field.value() & S_CET_TRACKER_SUPPRESS == S_CET_TRACKER_SUPPRESS;
        field
            .zeros(S_CET_RESERVED, "reserved bits must be 0")
            .must(!both, "TRACKER and SUPPRESS exclude each other");
    }

    /// "Checks on Guest RIP, RFLAGS, and SSP".
    pub(super) fn guest_rip_and_rflags(&mut self) {
        let width = self.processor.linear_bits;
        let ia32e = self.is_ia32e();
        let is_64bit_code = ia32e && self.read(&GUEST_CS.access_rights) & LONG != 0;
        let mut rip = self.field(&GUEST_RIP);
        let extended = is_sign_extended(rip.value(), width);
        rip.zeros_if(!is_64bit_code, !0xffff_ffff, "bits 63:32 must be 0 outside of 64-bit mode")
            .must(!is_64bit_code || extended, "the bits above linear addresses must be equal");

        let no_virtual_8086 = ia32e || self.is_real_mode();
        let interrupted = matches!(self.injected(), Some((Kind::ExternalInterrupt, _)));
        self.field(&GUEST_RFLAGS)
            .zeros(RFLAGS_RESERVED, "reserved bits must be 0")
            .ones(RFLAGS_FIXED, "bit 1 must be 1")
            .zeros_if(no_virtual_8086, RFLAGS_VM, "VM needs protected mode without IA-32e mode")
            .ones_if(interrupted, RFLAGS_IF, "the injection of an external interrupt needs IF");
    }

    /// The page-directory pointers of PAE paging that come from the VMCS.
    pub(super) fn pdptes(&mut self) {
        let pae =
            self.read(&GUEST_CR0) & CR0_PG != 0 && self.read(&GUEST_CR4) & CR4_PAE != 0 && !self.is_ia32e();
        if !pae || !self.controls.secondary.contains(Secondary::ENABLE_EPT) {
            return;
        }
        let reserved = PDPTE_RESERVED | beyond_physical(self.processor.physical_bits);
        for field in [GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3] {
            let mut pdpte = self.field(&field);
            let present = pdpte.value() & PDPTE_PRESENT != 0;
            pdpte.zeros_if(present, reserved, "reserved bits of a present entry must be 0");
        }
    }
}
