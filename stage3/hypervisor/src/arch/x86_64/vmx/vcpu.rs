//! A virtual CPU on VMX.

use super::super::backend::{GuestLimits, GuestRam, HardwareVcpu, SetupError, ANSWERS};
use super::super::page::{Hpa, Page};
use super::super::{cpu, guest_registers};
use super::bitmaps::Bitmaps;
use super::control_registers::{self, Ownership};
use super::controls::Controls;
use super::entry::Switch;
use super::events::Events;
use super::instructions::{invept, invvpid, VmFail};
use super::vmcs::{write_current, CurrentVmcs, Vmcs};
use super::{ept, exits, explain, host_state, setup};
use alloc::format;
use architecture::vmx::access_rights::dpl;
use architecture::vmx::capabilities::{Capabilities, Invalidation};
use architecture::vmx::controls::{Primary, Secondary};
use architecture::vmx::fields::*;
use architecture::vmx::interruption::VALID;
use core::fmt;
use machine::exits::{Answer, Question};
use machine::vcpu::{
    ControlRegister, CpuState, Event, Exit, ExitReason, Gprs, InterruptWindow, Vcpu, EFER_LMA,
};

/// Offset of the task-priority register in the virtual-APIC page.
const VIRTUAL_APIC_TPR: usize = 0x80;

/// A virtual CPU. The VMCS comes before the pages that it points to, so that it is cleared first.
pub struct VmxVcpu {
    pub(super) vmcs: Vmcs,
    pub(super) switch: Switch,
    pub(super) events: Events,
    pub(super) ownership: Ownership,
    /// EXIT_REASON of the last exit, or how VMLAUNCH or VMRESUME failed.
    pub(super) last_exit: Result<u32, VmFail>,
    /// The primary controls in the VMCS.
    primary: Primary,
    vpid: Option<(u16, Invalidation)>,
    /// The INVEPT that this processor has, and the EPT pointer for it.
    nested: (Invalidation, u64),
    tsc_offset: u64,
    /// TPR_THRESHOLD in the VMCS.
    tpr_threshold: u8,
    preemption_timer_rate: u32,
    virtual_apic: Page,
    _bitmaps: Bitmaps,
}

impl VmxVcpu {
    /// [`super::super::backend::Backend::create_vcpu`].
    pub(super) fn new(
        can: &Capabilities,
        current: &CurrentVmcs,
        vpid: u16,
        nested_root: Hpa,
        limits: &GuestLimits,
    ) -> Result<Self, SetupError> {
        let controls = Controls::choose(can, limits.instructions)?;
        let vpid = can.invvpid().map(|kind| (vpid, kind));
        let mut vmcs = Vmcs::new(can.revision(), current)
            .map_err(|fail| SetupError(format!("VMCLEAR of a new VMCS: {fail}")))?;
        let bitmaps = Bitmaps::new(limits.instructions);
        let virtual_apic = Page::zeroed();
        let ownership = Ownership::new(can, limits.cr4);
        let ept_pointer = ept::pointer(nested_root);
        setup::write_controls(&mut vmcs, &controls, ept_pointer, vpid.map(|(vpid, _)| vpid));
        setup::write_pages(&mut vmcs, &bitmaps, virtual_apic.hpa());
        host_state::write(&mut vmcs);
        ownership.write_masks(&mut vmcs);
        let kind = can.invept().unwrap_or(Invalidation::AllContext);
        let mut vcpu = Self {
            vmcs,
            switch: Switch::default(),
            events: Events::default(),
            ownership,
            last_exit: Ok(0),
            primary: controls.primary,
            vpid,
            nested: (kind, ept_pointer),
            tsc_offset: 0,
            tpr_threshold: 0,
            preemption_timer_rate: can.preemption_timer_rate(),
            virtual_apic,
            _bitmaps: bitmaps,
        };
        // Tables of a VM that is gone may have been at the same address.
        vcpu.drop_nested_translations()?;
        Ok(vcpu)
    }

    /// Switches one of the primary controls.
    pub(super) fn set_primary_control(&mut self, control: Primary, on: bool) {
        if self.primary.contains(control) != on {
            self.primary.set(control, on);
            self.vmcs.write(&PRIMARY_PROCESSOR_BASED_CONTROLS, self.primary.bits());
        }
    }

    /// Drops the guest's cached translations, as the processor does when the guest itself changes CR0 or CR4. Without
    /// VPID, each VM entry does; so that is what is left if INVVPID fails.
    pub(super) fn flush_translations(&mut self) {
        let Some((vpid, kind)) = self.vpid else { return };
        if invvpid(kind, vpid).is_err() {
            self.vpid = None;
            let secondary = self.vmcs.read(&SECONDARY_PROCESSOR_BASED_CONTROLS);
            let without = secondary & !Secondary::ENABLE_VPID.bits();
            self.vmcs.write(&SECONDARY_PROCESSOR_BASED_CONTROLS, without);
        }
    }

    /// Four bytes at a host-physical address in the virtual-APIC page; `None` elsewhere.
    pub(super) fn virtual_apic_dword(&self, address: u64) -> Option<u32> {
        let offset = usize::try_from(address.checked_sub(self.virtual_apic.hpa().0)?).ok()?;
        let bytes = self.virtual_apic.get(offset..offset.checked_add(4)?)?;
        bytes.try_into().ok().map(u32::from_le_bytes)
    }

    /// CR8 as at reset.
    pub(super) fn reset_tpr(&mut self) {
        self.virtual_apic[VIRTUAL_APIC_TPR] = 0;
    }

    /// Lets the VMX-preemption timer expire when the TSC reaches `deadline`; it counts in steps of 2^rate ticks. A
    /// deadline that has passed makes the guest exit before its first instruction.
    fn set_preemption_timer(&self, deadline: u64) {
        let step = 1 << self.preemption_timer_rate;
        let distance = deadline.saturating_sub(cpu::tsc()).saturating_add(step - 1);
        let steps = distance >> self.preemption_timer_rate;
        write_current(&VMX_PREEMPTION_TIMER_VALUE, u32::try_from(steps).unwrap_or(u32::MAX));
    }

    /// Has the instruction that exited answered, and completes it.
    #[inline]
    fn answer(&mut self, answer: &mut impl FnMut(&mut Self, Question) -> Answer) -> Answer {
        let Some(question) = exits::question() else { return Answer::None };
        let next_rip = match exits::plain_next_rip() {
            Some(next_rip) if !self.events.nmi_waits() => next_rip,
            _ => return Answer::None,
        };
        self.switch.guest_ran();
        let answer = answer(self, question);
        if answer != Answer::None {
            write_current(&GUEST_RIP, next_rip);
        }
        answer
    }
}

impl HardwareVcpu for VmxVcpu {
    fn run(
        &mut self,
        deadline: u64,
        _: &dyn GuestRam,
        answer: &mut impl FnMut(&mut Self, Question) -> Answer,
    ) -> Exit {
        self.write_next_event();
        self.vmcs.make_current();
        let mut answers = ANSWERS;
        let reason = loop {
            self.set_preemption_timer(deadline);
            if let Err(fail) = self.switch.enter() {
                self.last_exit = Err(fail);
                break ExitReason::EntryFailed;
            }
            match self.answer(answer) {
                Answer::None => break exits::decode(self),
                Answer::Given if answers > 1 => answers -= 1,
                Answer::Given | Answer::GivenOnce => break ExitReason::Answered,
            }
        };
        Exit { reason, next_rip: exits::next_rip(&self.vmcs, &reason) }
    }

    fn drop_nested_translations(&mut self) -> Result<(), SetupError> {
        let (kind, ept_pointer) = self.nested;
        invept(kind, ept_pointer).map_err(|fail| SetupError(format!("INVEPT: {fail}")))
    }

    fn explain(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        explain::explain(self, out)
    }
}

impl Vcpu for VmxVcpu {
    fn gprs(&self) -> &Gprs {
        &self.switch.gprs
    }

    fn gprs_mut(&mut self) -> &mut Gprs {
        &mut self.switch.gprs
    }

    fn rflags(&self) -> u64 {
        self.vmcs.read(&GUEST_RFLAGS)
    }

    fn set_rflags(&mut self, value: u64) {
        self.vmcs.write(&GUEST_RFLAGS, value);
    }

    fn set_rsp(&mut self, value: u64) {
        self.vmcs.write(&GUEST_RSP, value);
    }

    fn was_delivering(&self) -> bool {
        self.vmcs.read(&IDT_VECTORING_INFORMATION) & VALID != 0
    }

    fn cr4(&self) -> u64 {
        self.ownership.cr4(&self.vmcs)
    }

    fn cr0(&self) -> u64 {
        control_registers::cr0(&self.vmcs)
    }

    fn efer(&self) -> u64 {
        self.vmcs.read(&GUEST_IA32_EFER)
    }

    fn dr7(&self) -> u64 {
        self.vmcs.read(&GUEST_DR7)
    }

    fn breakpoint_addresses(&self) -> [u64; 4] {
        guest_registers::breakpoint_addresses()
    }

    /// It is SS.DPL (Intel SDM, "Guest Register State").
    fn cpl(&self) -> u8 {
        dpl(self.vmcs.read(&GUEST_SS.access_rights)) as u8
    }

    fn in_64_bit_code(&self) -> bool {
        exits::is_64bit_code(&self.vmcs)
    }

    fn complete_instruction(&mut self, next_rip: u64) {
        self.vmcs.write(&GUEST_RIP, next_rip);
        self.end_instruction();
    }

    fn trap_breakpoints(&mut self, met: u64) {
        self.set_breakpoint_trap(met);
    }

    fn inject(&mut self, event: Event) {
        self.set_next_event(event);
    }

    fn takes_nmi(&self) -> bool {
        self.nmi_is_due()
    }

    fn interruptible(&self) -> bool {
        self.takes_interrupts()
    }

    /// For a guest that is interruptible but for CR8, the processor watches the TPR that it shadows (Intel SDM,
    /// "TPR Virtualization"); as long as RFLAGS.IF is clear as well, the interrupt window is waited for first.
    fn request_interrupt_window(&mut self, window: InterruptWindow) {
        let (exit_if_open, threshold) = match window {
            InterruptWindow::Closed => (false, 0),
            InterruptWindow::Interruptible => (true, 0),
            InterruptWindow::Cr8Below(class) => (false, class),
        };
        self.set_primary_control(Primary::INTERRUPT_WINDOW_EXITING, exit_if_open);
        if self.tpr_threshold != threshold {
            self.tpr_threshold = threshold;
            self.vmcs.write(&TPR_THRESHOLD, threshold.into());
        }
    }

    fn cr8(&self) -> u8 {
        self.virtual_apic[VIRTUAL_APIC_TPR] >> 4
    }

    fn set_cr8(&mut self, value: u8) {
        self.virtual_apic[VIRTUAL_APIC_TPR] = value << 4;
    }

    fn set_control_register(&mut self, register: ControlRegister, value: u64) {
        self.write_control_register(register, value);
    }

    fn set_pdptes(&mut self, pdptes: &[u64; 4]) {
        for (field, pdpte) in [GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3].iter().zip(pdptes) {
            self.vmcs.write(field, *pdpte);
        }
    }

    fn set_efer(&mut self, value: u64) {
        let lma = self.efer() & EFER_LMA;
        control_registers::set_efer(&mut self.vmcs, value & !EFER_LMA | lma);
    }

    fn pat(&self) -> u64 {
        self.vmcs.read(&GUEST_IA32_PAT)
    }

    fn set_pat(&mut self, value: u64) {
        self.vmcs.write(&GUEST_IA32_PAT, value);
    }

    fn xcr0(&self) -> u64 {
        cpu::xcr0()
    }

    fn set_xcr0(&mut self, value: u64) {
        // SAFETY: the guest executed XSETBV, so this CPU has XSAVE and CR4.OSXSAVE is set; the policy allows what the
        // CPU does.
        unsafe { cpu::set_xcr0(value) };
    }

    fn tsc(&self) -> u64 {
        cpu::tsc().wrapping_add(self.tsc_offset)
    }

    fn set_tsc(&mut self, value: u64) {
        self.tsc_offset = value.wrapping_sub(cpu::tsc());
        self.vmcs.write(&TSC_OFFSET, self.tsc_offset);
    }

    fn switch_task(&mut self, state: &CpuState) {
        self.write_state(state);
        self.end_task();
    }

    fn state(&self) -> CpuState {
        self.read_state()
    }

    fn load(&mut self, state: &CpuState) {
        self.load_state(state);
    }
}
