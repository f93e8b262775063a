//! A virtual CPU on SVM.

use super::asids::Asid;
use super::code::CodePages;
use super::nmi::Nmi;
use super::vmcb::VmcbPage;
use super::{events, permissions, HostState};
use crate::arch::x86_64::backend::GuestLimits;
use crate::arch::x86_64::page::Hpa;
use crate::arch::x86_64::{cpu, guest_registers};
use alloc::rc::Rc;
use architecture::svm::vmcb::{
    intercept, virtual_interrupt, INTERCEPT_CR4_WRITE, INTERCEPT_INVALID_OPCODE, INTERCEPT_MACHINE_CHECK,
};
use machine::vcpu::{
    ControlRegister, CpuState, Event, Gprs, InterruptWindow, Vcpu, DR7_LOCAL, EFER_LMA, RFLAGS_TF,
    SEGMENT_LONG,
};

/// What exits, besides ports and MSRs by their maps, and writes to control registers.
const INTERCEPT_3: u32 = intercept::INTR
    | intercept::NMI
    | intercept::SMI
    | intercept::INIT
    | intercept::CR0_SEL_WRITE
    | intercept::RDPMC
    | intercept::CPUID
    | intercept::RSM
    | intercept::INVD
    | intercept::HLT
    | intercept::INVLPGA
    | intercept::IOIO
    | intercept::MSR
    | intercept::FERR_FREEZE
    | intercept::SHUTDOWN;
/// See [`INTERCEPT_3`].
const INTERCEPT_4: u32 = intercept::VMRUN
    | intercept::VMMCALL
    | intercept::VMLOAD
    | intercept::VMSAVE
    | intercept::STGI
    | intercept::CLGI
    | intercept::SKINIT
    | intercept::WBINVD
    | intercept::MONITOR
    | intercept::MWAIT
    | intercept::XSETBV
    | intercept::RDPRU;

/// A virtual CPU: its VMCB, and the registers that are not in there.
pub struct SvmVcpu {
    pub(super) vmcb: VmcbPage,
    pub(super) gprs: Gprs,
    pub(super) has_next_rip: bool,
    pub(super) physical_bits: u32,
    /// EFER.LME as the guest set it.
    pub(super) long_mode_enabled: bool,
    pub(super) nmi: Nmi,
    pub(super) window: InterruptWindow,
    /// For processors without NRIPS.
    pub(super) code: CodePages,
    pub(super) asid: Asid,
    /// Exits in a row without progress in an interrupt shadow.
    pub(super) shadow_looks: u32,
    pub(super) host: Rc<HostState>,
    _io_map: permissions::IoMap,
    _msr_map: permissions::MsrMap,
}

impl SvmVcpu {
    /// A virtual CPU with all intercepts set and its memory behind `nested_root`.
    pub fn new(host: Rc<HostState>, nested_root: Hpa, has_next_rip: bool, limits: &GuestLimits) -> Self {
        let io_map = permissions::io_map();
        let msr_map = permissions::msr_map(limits.instructions.rdtscp);
        let mut vmcb = VmcbPage::new();
        vmcb.intercept_cr = INTERCEPT_CR4_WRITE;
        vmcb.intercept_exceptions = INTERCEPT_MACHINE_CHECK | INTERCEPT_INVALID_OPCODE;
        vmcb.intercept_3 = INTERCEPT_3;
        vmcb.intercept_4 = INTERCEPT_4;
        vmcb.iopm_base = io_map.hpa().0;
        vmcb.msrpm_base = msr_map.hpa().0;
        vmcb.virtual_interrupt = virtual_interrupt::V_INTR_MASKING;
        vmcb.nested_control = 1;
        vmcb.nested_cr3 = nested_root.0;
        Self {
            vmcb,
            gprs: Gprs::default(),
            has_next_rip,
            physical_bits: limits.physical_bits,
            long_mode_enabled: false,
            asid: Asid::default(),
            shadow_looks: 0,
            window: InterruptWindow::Closed,
            code: CodePages::unknown(),
            nmi: Nmi::default(),
            host,
            _io_map: io_map,
            _msr_map: msr_map,
        }
    }
}

impl Vcpu for SvmVcpu {
    fn gprs(&self) -> &Gprs {
        &self.gprs
    }

    fn gprs_mut(&mut self) -> &mut Gprs {
        &mut self.gprs
    }

    fn rflags(&self) -> u64 {
        self.vmcb.rflags
    }

    fn set_rflags(&mut self, value: u64) {
        self.vmcb.rflags = value;
    }

    fn set_rsp(&mut self, value: u64) {
        self.vmcb.rsp = value;
    }

    fn was_delivering(&self) -> bool {
        events::was_delivering(&self.vmcb)
    }

    fn cr4(&self) -> u64 {
        self.vmcb.cr4
    }

    fn cr0(&self) -> u64 {
        self.vmcb.cr0
    }

    fn efer(&self) -> u64 {
        self.read_efer()
    }

    fn dr7(&self) -> u64 {
        self.vmcb.dr7
    }

    fn breakpoint_addresses(&self) -> [u64; 4] {
        guest_registers::breakpoint_addresses()
    }

    fn cpl(&self) -> u8 {
        self.vmcb.cpl
    }

    fn in_64_bit_code(&self) -> bool {
        self.vmcb.efer & EFER_LMA != 0 && self.vmcb.cs.attributes & SEGMENT_LONG != 0
    }

    fn complete_instruction(&mut self, next_rip: u64) {
        self.vmcb.rip = next_rip;
        self.vmcb.interrupt_shadow &= !1;
        if self.vmcb.rflags & RFLAGS_TF != 0 {
            events::inject_single_step(&mut self.vmcb);
        }
    }

    fn trap_breakpoints(&mut self, met: u64) {
        events::inject_breakpoints(&mut self.vmcb, met);
    }

    fn inject(&mut self, event: Event) {
        if event == Event::Nmi {
            self.nmi.request();
        } else {
            events::inject(&mut self.vmcb, event);
        }
    }

    fn takes_nmi(&self) -> bool {
        self.nmi.is_due(&self.vmcb)
    }

    fn interruptible(&self) -> bool {
        events::interruptible(&self.vmcb)
    }

    fn request_interrupt_window(&mut self, window: InterruptWindow) {
        self.window = window;
    }

    fn cr8(&self) -> u8 {
        (self.vmcb.virtual_interrupt & virtual_interrupt::V_TPR) as u8
    }

    fn set_cr8(&mut self, value: u8) {
        let others = self.vmcb.virtual_interrupt & !virtual_interrupt::V_TPR;
        self.vmcb.virtual_interrupt = others | u64::from(value);
    }

    fn set_control_register(&mut self, register: ControlRegister, value: u64) {
        self.write_control_register(register, value);
    }

    /// AMD's processors read them from memory.
    fn set_pdptes(&mut self, _: &[u64; 4]) {}

    fn set_efer(&mut self, value: u64) {
        self.write_efer(value);
    }

    fn pat(&self) -> u64 {
        self.vmcb.g_pat
    }

    fn set_pat(&mut self, value: u64) {
        self.vmcb.g_pat = value;
    }

    fn xcr0(&self) -> u64 {
        cpu::xcr0()
    }

    fn set_xcr0(&mut self, value: u64) {
        // SAFETY: the caller found the value valid for this CPU, which has XSAVE if the guest could get here.
        unsafe { cpu::set_xcr0(value) };
    }

    fn tsc(&self) -> u64 {
        cpu::tsc().wrapping_add(self.vmcb.tsc_offset)
    }

    fn set_tsc(&mut self, value: u64) {
        self.vmcb.tsc_offset = value.wrapping_sub(cpu::tsc());
    }

    fn state(&self) -> CpuState {
        self.read_state()
    }

    /// Task switches exit on no processor: each does them itself.
    fn switch_task(&mut self, state: &CpuState) {
        self.write_state(state);
        self.vmcb.interrupt_shadow &= !1;
        self.vmcb.dr7 &= !DR7_LOCAL;
    }

    fn load(&mut self, state: &CpuState) {
        self.load_state(state);
        self.window = InterruptWindow::Closed;
        self.shadow_looks = 0;
        self.nmi = Nmi::default();
        self.set_cr8(0);
    }
}
