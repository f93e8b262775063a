//! The run loop of a VM.
//!
//! Nothing on the way from an exit back to the guest allocates, formats or waits for a lock that another VM could hold;
//! but for the memory that a disk takes when a part of it is written for the first time.

use super::service::ConsoleService;
use super::{disks, Vm};
use crate::arch::x86_64::backend::{Backend, HardwareVcpu};
use crate::arch::x86_64::{cpu, interrupts, timer};
use crate::host::{clock, console};
use machine::exits::{handle, Outcome, StopReason};
use machine::pc::ResetSource;
use machine::time::Instant;
use machine::vcpu::{Event, InterruptWindow, Vcpu, RFLAGS_IF};

/// How long a guest runs at least (nanoseconds) before a timer takes it out again. Guests can program timers that are
/// due again before this loop has come around: without it such a guest would execute nothing.
const SHORTEST_RUN: u64 = 10_000;

impl<B: Backend> Vm<'_, B> {
    /// Runs the guest until it stops.
    pub(super) fn run(&mut self) -> StopReason {
        let mut service = ConsoleService::new();
        let mut now = self.now();
        let shortest = clock::tsc().ticks(SHORTEST_RUN);
        loop {
            self.pc.advance(now);
            if self.pc.take_init() {
                return StopReason::Reset(ResetSource::Init);
            }
            self.deliver_interrupt();
            if self.pc.media_want_memory() {
                self.feed_disks();
            }
            service.run(self, now);
            let deadline = self.deadline(service.due()).max(cpu::tsc().saturating_add(shortest));
            let exit = self.vcpu.run(deadline, &self.ram);
            // An interrupt that ended the run on SVM is served here, and whatever else waits for the host. On a processor
            // that would end the next run at once. In Bochs 2.7 it never does while the guest leaves its interrupts off:
            // one that polls its serial port would wait for input for ever.
            interrupts::accept_pending();
            self.exits.count(&exit.reason);
            now = self.now();
            self.pc.set_cr8(self.vcpu.cr8());
            let handled = handle(exit, &mut self.vcpu, &mut self.cpu, &mut *self.pc, &self.ram, now);
            service.guest_ran(self);
            self.print(handled.output.as_slice());
            match handled.outcome {
                // Nobody else waits for the processor; the host was looked after above.
                Outcome::Resume | Outcome::Yield => {}
                Outcome::Halt => now = self.wait(&mut service),
                Outcome::Stop(reason) => {
                    self.show_end();
                    return reason;
                }
            }
        }
    }

    /// Makes room for what the guest will write to its disks.
    fn feed_disks(&mut self) {
        let enough = disks::feed(&mut self.pc);
        if !enough && !self.disks_starve {
            let name = &self.spec.name;
            log::warn!("vm {name}: no memory is left for what it writes to its disks: such writes fail");
        }
        self.disks_starve = !enough;
    }

    /// Prints what the guest's serial port and debug console say.
    fn print(&mut self, output: &[u8]) {
        if output.is_empty() {
            return;
        }
        match &mut self.display {
            Some(display) => display.print(output, &mut console::lock()),
            None => console::lock().write(output),
        }
    }

    /// Shows the guest's last words on its screen.
    fn show_end(&mut self) {
        if let Some(display) = &mut self.display {
            display.finish(&self.pc, &self.ram, &mut console::lock());
        }
    }

    /// The VM's time.
    pub(super) fn now(&self) -> Instant {
        Instant(clock::tsc().nanos(cpu::tsc().wrapping_sub(self.power_on)))
    }

    /// The host TSC at which something has to be done although the guest runs.
    fn deadline(&self, console: Option<Instant>) -> u64 {
        match (self.pc.next_deadline(), console) {
            (None, None) => u64::MAX,
            (device, console) => {
                let earliest = device.into_iter().chain(console).min().unwrap_or_default();
                self.power_on.saturating_add(clock::tsc().ticks(earliest.0))
            }
        }
    }

    /// Injects what the board requests, or asks to be told when the guest can take it.
    fn deliver_interrupt(&mut self) {
        self.hand_over_nmi();
        if self.vcpu.cr8() != self.pc.cr8() {
            self.vcpu.set_cr8(self.pc.cr8());
        }
        if self.pc.interrupt_pending() && self.vcpu.interruptible() {
            let vector = self.pc.acknowledge_interrupt();
            self.vcpu.inject(Event::Interrupt(vector));
        }
        self.vcpu.request_interrupt_window(match (self.pc.interrupt_pending(), self.pc.held_back_class()) {
            (true, _) => InterruptWindow::Interruptible,
            (false, Some(class)) => InterruptWindow::Cr8Below(class),
            (false, None) => InterruptWindow::Closed,
        });
    }

    /// From here on the virtual CPU keeps the NMI until the guest takes it.
    fn hand_over_nmi(&mut self) {
        if self.pc.take_nmi() {
            self.vcpu.inject(Event::Nmi);
        }
    }

    /// Waits for what ends the guest's HLT, and returns the time: an interrupt or NMI that it takes, or INIT.
    fn wait(&mut self, service: &mut ConsoleService) -> Instant {
        loop {
            let now = self.now();
            self.pc.advance(now);
            service.run(self, now);
            self.hand_over_nmi();
            let takes_interrupts = self.vcpu.rflags() & RFLAGS_IF != 0;
            let interrupt = takes_interrupts && self.pc.interrupt_pending();
            if interrupt || self.vcpu.takes_nmi() || self.pc.has_signal() {
                return now;
            }
            timer::arm(self.deadline(service.due()));
            interrupts::wait();
        }
    }
}
