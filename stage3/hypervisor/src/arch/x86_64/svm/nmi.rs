//! Non-maskable interrupts into the guest.
//!
//! The processor blocks NMIs from the delivery of one to the next IRET, but not those that are injected (AMD APM volume
//! 2, "Event Injection"): that is kept here. While one is served, IRET is intercepted. The exit comes before it
//! executes. If another NMI waits by then, the guest executes IRET as a single step: its trap says that it is done.

use super::events;
use architecture::svm::vmcb::{intercept, Vmcb, INTERCEPT_DEBUG};
use machine::vcpu::{Event, EFER_LMA, RFLAGS_NT, RFLAGS_TF};

/// Whether NMIs are blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Blocking {
    /// They are not.
    #[default]
    Open,
    /// One is being served.
    Serving,
    /// The IRET at this RIP ends that.
    Ending(u64),
}

/// A single step over IRET, and what it changes.
#[derive(Clone, Copy, Debug)]
struct Step {
    rip: u64,
    dr6: u64,
    /// The guest steps, too.
    is_guests: bool,
}

/// Where NMIs stand for one virtual CPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nmi {
    waiting: bool,
    blocking: Blocking,
    step: Option<Step>,
}

impl Nmi {
    /// An NMI came in. A second one that waits is lost, as in a processor.
    pub fn request(&mut self) {
        self.waiting = true;
    }

    /// Nothing is to be done for them at the next entry.
    pub fn is_quiet(&self) -> bool {
        !self.waiting && self.step.is_none() && !matches!(self.blocking, Blocking::Ending(_))
    }

    /// One waits that nothing blocks.
    pub fn is_due(&self, vmcb: &Vmcb) -> bool {
        let is_blocked = match self.blocking {
            Blocking::Open => false,
            Blocking::Serving => true,
            Blocking::Ending(rip) => rip == vmcb.rip,
        };
        self.waiting && !is_blocked
    }

    /// The guest is about to execute IRET at `rip`.
    pub fn iret(&mut self, vmcb: &mut Vmcb) {
        vmcb.intercept_3 &= !intercept::IRET;
        self.blocking = Blocking::Ending(vmcb.rip);
    }

    /// Injects the NMI that waits, if it can be taken now. Returns whether one still waits for what causes no exit.
    pub fn prepare(&mut self, vmcb: &mut Vmcb) -> bool {
        if matches!(self.blocking, Blocking::Ending(rip) if rip != vmcb.rip) {
            self.blocking = Blocking::Open;
        }
        if !self.waiting || self.blocking == Blocking::Serving {
            return false;
        }
        if events::in_shadow(vmcb) || events::is_injecting(vmcb) {
            return true;
        }
        if let Blocking::Ending(rip) = self.blocking {
            // An IRET that returns to another task saves the flags of this one, TF among them, and has no trap.
            if vmcb.rflags & RFLAGS_NT != 0 && vmcb.efer & EFER_LMA == 0 {
                return true;
            }
            self.step = Some(Step { rip, dr6: vmcb.dr6, is_guests: vmcb.rflags & RFLAGS_TF != 0 });
            vmcb.rflags |= RFLAGS_TF;
            vmcb.intercept_exceptions |= INTERCEPT_DEBUG;
            return false;
        }
        events::inject(vmcb, Event::Nmi);
        vmcb.intercept_3 |= intercept::IRET;
        *self = Self { waiting: false, blocking: Blocking::Serving, step: None };
        false
    }

    /// After each exit: undoes what [`Nmi::prepare`] did for a single step. `trapped`: the exit is its trap. If the guest
    /// stepped anyway the trap is its own; else it sees nothing of this, but for one thing: if IRET itself faults, the
    /// flags that this fault saves have TF set.
    pub fn end_step(&mut self, vmcb: &mut Vmcb, trapped: bool) {
        let Some(step) = self.step.take() else { return };
        vmcb.intercept_exceptions &= !INTERCEPT_DEBUG;
        if !trapped {
            if vmcb.rip == step.rip && !step.is_guests {
                vmcb.rflags &= !RFLAGS_TF;
            }
            return;
        }
        self.blocking = Blocking::Open;
        vmcb.dr6 = step.dr6;
        if step.is_guests {
            events::inject_single_step(vmcb);
        }
    }
}
