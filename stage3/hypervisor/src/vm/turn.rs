//! A VM's turn on the CPU: the run loop.
//!
//! Nothing on the way from an exit back to the guest allocates, formats or waits for a lock that another VM could hold;
//! but for the memory that a disk takes when a part of it is written for the first time.

use super::{disks, Vm, Work};
use crate::arch::x86_64::backend::{Backend, HardwareVcpu};
use crate::arch::x86_64::{cpu, interrupts};
use crate::host::{clock, console};
use machine::exits::{answer, handle, Answer, Outcome, StopReason};
use machine::pc::ResetSource;
use machine::time::Instant;
use machine::vcpu::{Event, InterruptWindow, Vcpu, RFLAGS_IF};

/// How long a guest runs at least (nanoseconds) before a timer takes it out again. Guests can program timers that are
/// due again before this loop has come around: without it such a guest would execute nothing.
const SHORTEST_RUN: u64 = 10_000;

/// How a turn ends.
#[derive(Clone, Copy, Debug)]
pub enum TurnEnd {
    /// The time is over, or the console has to be served. The VM wants to go on.
    Over,
    /// The guest leaves the rest of its time to others.
    Yields,
    /// Nothing to do until the host's TSC reaches this value, or something comes from outside.
    Asleep(u64),
    /// The VM stopped.
    Stopped(StopReason),
    /// It could not be switched on; the operator knows why.
    NotStarted,
    /// Its memory is zero: it can go.
    Erased,
}

impl<B: Backend> Vm<'_, B> {
    /// Lets the VM have the CPU until the host's TSC reaches `until`. Its registers are the processor's.
    pub fn turn(&mut self, until: u64) -> TurnEnd {
        if self.work != Work::Guest {
            if let Some(end) = self.work_on(until) {
                return end;
            }
        }
        let mut now = self.now();
        if self.is_halted {
            if let Some(deadline) = self.still_halted(now) {
                return TurnEnd::Asleep(deadline);
            }
            self.is_halted = false;
        }
        let shortest = clock::tsc().ticks(SHORTEST_RUN);
        let (mut deadline, mut is_interrupt_waiting) = (0, true);
        loop {
            let mut entered = cpu::tsc();
            if self.pc.take_change(now) || is_interrupt_waiting {
                self.pc.advance(now);
                if self.pc.has_signal() && self.pc.take_init() {
                    return TurnEnd::Stopped(StopReason::Reset(ResetSource::Init));
                }
                is_interrupt_waiting = self.deliver_interrupt();
                if self.pc.media_want_memory() {
                    self.feed_disks();
                }
                // All this took its time.
                entered = cpu::tsc();
                deadline = self.deadline().min(until).max(entered.saturating_add(shortest));
            }
            let power_on = self.power_on;
            let exit = self.vcpu.run(deadline, &self.ram, &mut |vcpu, question| {
                let clock = || at(power_on, cpu::tsc());
                let answer = answer(question, vcpu, &self.cpu, &mut self.pc, clock);
                if answer != Answer::None {
                    self.exits.count_answered(question);
                }
                answer
            });
            // An interrupt that ended the run on SVM is served here, and whatever else waits for the host. On a processor
            // that would end the next run at once. In Bochs 2.7 it never does while the guest leaves its interrupts off:
            // one that polls its serial port would wait for input for ever.
            interrupts::accept_pending();
            let left = cpu::tsc();
            self.guest_ticks += left.wrapping_sub(entered);
            self.exits.count(&exit.reason);
            now = self.at(left);
            self.pc.set_cr8(self.vcpu.cr8());
            if self.opens_memory(&exit.reason) {
                if left >= until || console::is_urgent() {
                    return TurnEnd::Over;
                }
                continue;
            }
            let handled = handle(exit, &mut self.vcpu, &mut self.cpu, &mut *self.pc, &self.ram, now);
            self.print(handled.output.as_slice());
            match handled.outcome {
                Outcome::Resume => {}
                Outcome::Yield => return TurnEnd::Yields,
                Outcome::Halt => {
                    if let Some(deadline) = self.still_halted(now) {
                        self.is_halted = true;
                        return TurnEnd::Asleep(deadline);
                    }
                    is_interrupt_waiting = true;
                    now = self.now();
                }
                Outcome::Stop(reason) => return TurnEnd::Stopped(reason),
            }
            if left >= until || console::is_urgent() {
                return TurnEnd::Over;
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

    /// The VM's time.
    pub fn now(&self) -> Instant {
        self.at(cpu::tsc())
    }

    /// The VM's time when the host's TSC has this value.
    fn at(&self, tsc: u64) -> Instant {
        at(self.power_on, tsc)
    }

    /// The host's TSC at which a device has something to do although the guest does nothing.
    fn deadline(&self) -> u64 {
        self.pc.next_deadline().map_or(u64::MAX, |due| self.tsc_at(due))
    }

    /// The host's TSC at a time of the VM.
    pub fn tsc_at(&self, time: Instant) -> u64 {
        self.power_on.saturating_add(clock::tsc().ticks(time.0))
    }

    /// Injects what the board requests, or asks to be told when the guest can take it. Returns whether an interrupt still
    /// waits for that.
    fn deliver_interrupt(&mut self) -> bool {
        self.hand_over_nmi();
        if self.vcpu.cr8() != self.pc.cr8() {
            self.vcpu.set_cr8(self.pc.cr8());
        }
        let mut is_pending = self.pc.interrupt_pending();
        if is_pending && self.vcpu.interruptible() {
            let vector = self.pc.acknowledge_interrupt();
            self.vcpu.inject(Event::Interrupt(vector));
            is_pending = self.pc.interrupt_pending();
        }
        self.vcpu.request_interrupt_window(match (is_pending, self.pc.held_back_class()) {
            (true, _) => InterruptWindow::Interruptible,
            (false, Some(class)) => InterruptWindow::Cr8Below(class),
            (false, None) => InterruptWindow::Closed,
        });
        is_pending
    }

    /// From here on the virtual CPU keeps the NMI until the guest takes it.
    fn hand_over_nmi(&mut self) {
        if self.pc.has_signal() && self.pc.take_nmi() {
            self.vcpu.inject(Event::Nmi);
        }
    }

    /// Until when (the host's TSC) nothing ends the guest's HLT; none if something does: an interrupt or NMI that it
    /// takes, or INIT.
    fn still_halted(&mut self, now: Instant) -> Option<u64> {
        self.pc.advance(now);
        self.hand_over_nmi();
        let takes_interrupts = self.vcpu.rflags() & RFLAGS_IF != 0;
        let interrupt = takes_interrupts && self.pc.interrupt_pending();
        let wakes = interrupt || self.vcpu.takes_nmi() || self.pc.has_signal();
        (!wakes).then(|| self.deadline())
    }
}

/// The time of a VM that was powered on when the host's TSC had the value `power_on`, at another value.
fn at(power_on: u64, tsc: u64) -> Instant {
    Instant(clock::tsc().nanos(tsc.wrapping_sub(power_on)))
}
