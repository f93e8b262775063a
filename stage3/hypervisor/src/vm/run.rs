//! The run loop of a VM.
//!
//! Nothing on the way from an exit back to the guest allocates, formats or waits for a lock that another VM could hold.

use super::Vm;
use crate::arch::x86_64::backend::{Backend, HardwareVcpu};
use crate::arch::x86_64::{cpu, interrupts, timer};
use crate::host::{clock, console};
use machine::exits::{handle, Outcome, StopReason};
use machine::pc::ResetSource;
use machine::time::Instant;
use machine::vcpu::{Event, InterruptWindow, Vcpu, RFLAGS_IF};

/// How long the console's output, input and screen may wait while a guest runs: 2 ms of a 16-byte FIFO at 115,200
/// baud are 1.4 ms.
const CONSOLE_PERIOD: u64 = 2_000_000;
/// How often the screen is painted at most: 20 times a second.
const PAINT_PERIOD: u64 = 50_000_000;

/// When the console is served next.
struct ConsoleService {
    due: Option<Instant>,
    painted: Instant,
}

impl<B: Backend> Vm<'_, B> {
    /// Runs the guest until it stops.
    pub(super) fn run(&mut self) -> StopReason {
        let mut service = ConsoleService { due: None, painted: Instant(0) };
        let mut now = self.now();
        loop {
            self.pc.advance(now);
            if self.pc.take_init() {
                return StopReason::Reset(ResetSource::Init);
            }
            self.deliver_interrupt();
            service.run(self, now);
            let deadline = self.deadline(service.due);
            let exit = self.vcpu.run(deadline, &self.ram);
            self.exits.count(&exit.reason);
            now = self.now();
            self.pc.set_cr8(self.vcpu.cr8());
            let handled = handle(exit, &mut self.vcpu, &mut self.cpu, &mut self.pc, &self.ram, now);
            let output = handled.output.as_slice();
            if !output.is_empty() {
                console::lock().write(output);
            }
            match handled.outcome {
                Outcome::Resume => {}
                Outcome::Halt => now = self.wait(&mut service),
                Outcome::Stop(reason) => return reason,
            }
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
            timer::arm(self.deadline(service.due));
            interrupts::wait();
        }
    }
}

impl ConsoleService {
    /// Moves input to the guest and output to the UART and the screen, if it is time to.
    fn run<B: Backend>(&mut self, vm: &mut Vm<'_, B>, now: Instant) {
        let waiting = self.due.is_some_and(|due| now < due);
        if waiting || (self.due.is_none() && !console::is_busy()) {
            return;
        }
        let mut console = console::lock();
        while vm.pc.can_receive() {
            let Some(byte) = console.read() else { break };
            vm.pc.receive(now, byte);
        }
        console.send();
        if now - self.painted >= PAINT_PERIOD {
            console.paint();
            self.painted = now;
        }
        let busy = console::has_input() || console.is_sending();
        self.due = match (busy, console.is_stale()) {
            (true, _) => Some(now + CONSOLE_PERIOD),
            (false, true) => Some(self.painted + PAINT_PERIOD),
            (false, false) => None,
        };
        console::set_busy(self.due.is_some());
    }
}
