//! The guest's runs: what is made ready before VMRUN, and what is looked at after #VMEXIT.

use super::vcpu::SvmVcpu;
use super::{entry, events, exits, explain};
use crate::arch::x86_64::backend::{GuestRam, HardwareVcpu, SetupError, ANSWERS};
use crate::arch::x86_64::{cpu, timer};
use architecture::svm::vmcb::FLUSH_ALL;
use core::fmt;
use machine::emulate;
use machine::exits::{Answer, Question};
use machine::vcpu::{Exit, ExitReason, InterruptWindow, EFER_LMA, RFLAGS_TF, SEGMENT_BIG, SEGMENT_LONG};

/// TSC ticks after which a guest in an interrupt shadow is looked at again: some 1 µs.
const SHADOW_TICKS: u64 = 2000;
/// How often in a row that is done for one shadow, each time twice as late: 0.2 ms at last.
const SHADOW_LOOKS: u32 = 8;

impl SvmVcpu {
    /// Readies NMI and interrupt window for the coming entry, and returns the deadline for it.
    ///
    /// The window stays closed in an interrupt shadow: QEMU 7.2 delivers a virtual interrupt there all the same, and
    /// an interrupt between STI and HLT is a wake-up lost. The guest is stopped a moment later instead; if the
    /// instruction in the shadow is HLT, it exits anyway.
    fn prepare_events(&mut self, deadline: u64) -> u64 {
        let nmi_waits = self.nmi.prepare(&mut self.vmcb);
        let in_shadow = self.window == InterruptWindow::Interruptible && events::in_shadow(&self.vmcb);
        events::set_window(&mut self.vmcb, if in_shadow { InterruptWindow::Closed } else { self.window });
        if in_shadow || nmi_waits {
            deadline.min(cpu::tsc() + (SHADOW_TICKS << self.shadow_looks))
        } else {
            deadline
        }
    }

    /// An exit before the instruction in the shadow leaves the shadow. QEMU 7.2 does not load it at VMRUN, so it is not
    /// there any more if the host's interrupt ends the run at once, and the next interrupt would come between STI and
    /// HLT. RIP tells that nothing was executed, or that it was a jump to itself: hence the bound.
    fn keep_shadow(&mut self, entered_at: Option<u64>) {
        if entered_at == Some(self.vmcb.rip) && self.shadow_looks < SHADOW_LOOKS {
            self.vmcb.interrupt_shadow |= 1;
            self.shadow_looks += 1;
        } else {
            self.shadow_looks = 0;
        }
    }

    /// QEMU 7.2 loads a code segment that is both a 64-bit and a 32-bit one, where processors fault. It takes it for the
    /// former, and VMRUN of it fails.
    fn keep_code_segment_valid(&mut self) {
        const BOTH: u16 = SEGMENT_LONG | SEGMENT_BIG;
        if self.vmcb.cs.attributes & BOTH == BOTH && self.vmcb.efer & EFER_LMA != 0 {
            self.vmcb.cs.attributes &= !SEGMENT_BIG;
        }
    }

    /// Gives this virtual CPU an address space identifier of its own.
    #[cold]
    fn take_asid(&mut self) {
        let (asid, flush) = self.host.asids.take();
        self.asid = asid;
        self.vmcb.asid = asid.value();
        if flush {
            self.vmcb.tlb_control = FLUSH_ALL;
        }
    }

    /// The next RIP of the instruction that exited, on processors that don't tell: it has `length` bytes, and prefixes.
    #[inline]
    pub(super) fn next_rip(&mut self, length: u64, ram: &dyn GuestRam) -> u64 {
        match self.code.at(self.vmcb.rip).next_rip(&self.vmcb, length) {
            Some(next_rip) => next_rip,
            None => self.next_rip_behind_prefixes(length, ram),
        }
    }

    #[cold]
    fn next_rip_behind_prefixes(&mut self, length: u64, ram: &dyn GuestRam) -> u64 {
        self.keep_code_segment_valid();
        let state = self.read_state();
        let page = self.code.at(self.vmcb.rip);
        page.remember(&self.vmcb, &state, self.physical_bits, ram);
        if let Some(next_rip) = page.next_rip(&self.vmcb, length) {
            return next_rip;
        }
        let prefixes = emulate::prefixes(self, ram, self.physical_bits);
        self.code.at(self.vmcb.rip).advance(self.vmcb.rip, length + u64::from(prefixes))
    }

    /// Enters the guest, and comes back with its exit.
    #[inline]
    fn switch(&mut self) {
        self.vmcb.rax = self.gprs.rax;
        // SAFETY: `Svm::new` set EFER.SVME's companions up. The VMCB was built by `new`: all intercepts that confine a guest
        // are set, and its nested page tables map the VM's own memory only. Interrupts are off.
        unsafe { entry::svm_switch(&raw mut self.gprs, self.vmcb.hpa().0, self.host.vmcb.hpa().0) };
        self.gprs.rax = self.vmcb.rax;
        self.vmcb.tlb_control = 0;
    }

    /// The guest does nothing special: after an instruction that is answered it can go on at once.
    fn is_plain(&self) -> bool {
        self.window == InterruptWindow::Closed && self.nmi.is_quiet() && !events::in_shadow(&self.vmcb)
    }

    /// Has the instruction that exited answered, and completes it. None of these exits comes in the middle of an event's
    /// delivery.
    #[inline]
    fn answer(
        &mut self,
        ram: &dyn GuestRam,
        answer: &mut impl FnMut(&mut Self, Question) -> Answer,
    ) -> Answer {
        let vmcb = &*self.vmcb;
        let Some(question) = exits::question(vmcb) else { return Answer::None };
        // Its trap comes first.
        if vmcb.rflags & RFLAGS_TF != 0 {
            return Answer::None;
        }
        let next_rip = match question {
            Question::In { .. } => {
                let next_rip = vmcb.exit_info_2;
                self.keep_code_segment_valid();
                next_rip
            }
            _ if self.has_next_rip => vmcb.next_rip,
            Question::Hypercall => self.next_rip(3, ram),
            Question::Cpuid | Question::ReadMsr => self.next_rip(2, ram),
        };
        let answer = answer(self, question);
        if answer != Answer::None {
            let vmcb = &mut *self.vmcb;
            vmcb.rip = next_rip;
            vmcb.interrupt_shadow &= !1;
            vmcb.event_injection = 0;
        }
        answer
    }
}

impl HardwareVcpu for SvmVcpu {
    fn run(
        &mut self,
        deadline: u64,
        ram: &dyn GuestRam,
        answer: &mut impl FnMut(&mut Self, Question) -> Answer,
    ) -> Exit {
        if !self.host.asids.is_current(self.asid) {
            self.take_asid();
        }
        timer::arm(self.prepare_events(deadline));
        let mut injected = self.vmcb.event_injection;
        let shadow_at = events::in_shadow(&self.vmcb).then_some(self.vmcb.rip);
        let mut answers = if self.is_plain() { ANSWERS } else { 0 };
        self.switch();
        while answers > 0 {
            match self.answer(ram, answer) {
                Answer::None => break,
                Answer::Given => answers -= 1,
                Answer::GivenOnce => answers = 0,
            }
            if answers == 0 {
                return Exit { reason: ExitReason::Answered, next_rip: 0 };
            }
            injected = 0;
            self.switch();
        }
        self.keep_shadow(shadow_at);
        self.keep_code_segment_valid();
        events::reinject(&mut self.vmcb);
        let exit = exits::decode(self, ram);
        if exit.reason == ExitReason::EntryFailed {
            // #VMEXIT took the event off the VMCB, and the auditor is to see it.
            self.vmcb.event_injection = injected;
        }
        exit
    }

    /// Those are tagged with its address space identifier, so it takes another one.
    fn drop_nested_translations(&mut self) -> Result<(), SetupError> {
        self.take_asid();
        Ok(())
    }

    fn explain(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        explain::explain(&self.vmcb, out)
    }
}
