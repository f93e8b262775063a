//! Non-maskable interrupts into the guest.
//!
//! The processor blocks NMIs from the delivery of one to the next IRET, but not those that are injected (AMD APM volume
//! 2, "Event Injection"): that is kept here. While one is served, IRET is intercepted. The exit comes before it
//! executes, so the next NMI waits until RIP has moved.

use super::events;
use super::vmcb::{intercept, Vmcb};
use machine::vcpu::Event;

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

/// Where NMIs stand for one virtual CPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nmi {
    waiting: bool,
    blocking: Blocking,
}

impl Nmi {
    /// An NMI came in. A second one that waits is lost, as in a processor.
    pub fn request(&mut self) {
        self.waiting = true;
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
        if self.blocking != Blocking::Open || events::in_shadow(vmcb) || events::is_injecting(vmcb) {
            return true;
        }
        events::inject(vmcb, Event::Nmi);
        vmcb.intercept_3 |= intercept::IRET;
        *self = Self { waiting: false, blocking: Blocking::Serving };
        false
    }
}
