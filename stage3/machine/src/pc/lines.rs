//! The devices' interrupt lines: carried to the interrupt controllers after each access, and when a timer
//! moves them.

use super::Pc;
use crate::device::pit;
use crate::device::power_management::SCI_IRQ;
use crate::time::Instant;

/// Interrupt line of the timer's counter 0.
const TIMER_IRQ: u8 = 0;
/// Interrupt line of the keyboard.
const KEYBOARD_IRQ: u8 = 1;
/// Interrupt line of the first serial port.
const UART_IRQ: u8 = 4;
/// Interrupt line of the floppy disk controller.
const FLOPPY_IRQ: u8 = 6;
/// Interrupt line of the real-time clock.
const CLOCK_IRQ: u8 = 8;
/// Interrupt line of the keyboard controller's auxiliary device.
const AUX_IRQ: u8 = 12;
/// The time of what does not come. (The end of time does not come either.)
const NEVER: Instant = Instant(u64::MAX);

/// When timers will next move an interrupt line, computed after each access to one; or [`NEVER`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// OUT of the timer changes.
    timer_change: Instant,
    /// OUT of the timer rises.
    timer_rise: Instant,
    /// The real-time clock interrupts.
    clock: Instant,
    /// The serial port announces waiting characters.
    uart: Instant,
    /// The power management timer interrupts.
    power: Instant,
    /// The local APIC's timer ends.
    lapic: Instant,
}

impl Default for Due {
    fn default() -> Self {
        Self { timer_change: NEVER, timer_rise: NEVER, clock: NEVER, uart: NEVER, power: NEVER, lapic: NEVER }
    }
}

impl Due {
    fn reached(&self, now: Instant) -> bool {
        self.timer_change.min(self.clock).min(self.uart).min(self.power).min(self.lapic) <= now
    }
}

impl Pc {
    /// Lets timers that came due act. Cheap if none did.
    pub fn advance(&mut self, now: Instant) {
        if self.due.reached(now) {
            self.carry_timer(now);
            self.carry_clock(now);
            self.carry_uart(now);
            self.carry_power(now);
            self.interrupts.lapic.advance(now);
            self.carry_lapic();
        }
    }

    /// When [`Pc::advance`] must be called at the latest, so that no interrupt comes late.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let earlier = |least: Instant, irq, due| if due < least && self.awaits(irq) { due } else { least };
        let least = self.interrupts.lapic.next_deadline().unwrap_or(NEVER);
        let least = earlier(least, TIMER_IRQ, self.due.timer_rise);
        let least = earlier(least, CLOCK_IRQ, self.due.clock);
        let least = earlier(least, UART_IRQ, self.due.uart);
        let least = earlier(least, SCI_IRQ, self.due.power);
        (least != NEVER).then_some(least)
    }

    /// Whether a rising edge of `irq` would make a difference to the CPU. The clock's is an event of power
    /// management too.
    fn awaits(&self, irq: u8) -> bool {
        self.interrupts.awaits(irq)
            || (irq == CLOCK_IRQ && self.power.awaits_clock() && self.interrupts.awaits(SCI_IRQ))
    }

    /// Carries the timer's output to its interrupt line.
    pub(super) fn carry_timer(&mut self, now: Instant) {
        if self.pit.take_rising_edge(now) {
            self.interrupts.set_line(TIMER_IRQ, false);
            self.interrupts.set_line(TIMER_IRQ, true);
        }
        self.interrupts.set_line(TIMER_IRQ, self.pit.out(pit::TIMER, now));
        self.due.timer_change = self.pit.next_change().unwrap_or(NEVER);
        self.due.timer_rise = self.pit.next_edge().unwrap_or(NEVER);
    }

    /// Carries the real-time clock's interrupt output to its line.
    pub(super) fn carry_clock(&mut self, now: Instant) {
        self.clock.settle(now);
        self.interrupts.set_line(CLOCK_IRQ, self.clock.irq());
        self.due.clock = self.clock.next_deadline().unwrap_or(NEVER);
        self.power.set_clock_line(self.clock.irq());
        self.carry_power(now);
    }

    /// Carries the power management events to the system control interrupt.
    pub(super) fn carry_power(&mut self, now: Instant) {
        self.power.settle(now);
        self.interrupts.set_line(SCI_IRQ, self.power.sci());
        self.due.power = self.power.next_deadline().unwrap_or(NEVER);
    }

    /// Notes when the local APIC's timer ends.
    pub(super) fn carry_lapic(&mut self) {
        self.due.lapic = self.interrupts.lapic.timer_end().unwrap_or(NEVER);
    }

    /// Carries the keyboard controller's interrupt outputs to their lines.
    pub(super) fn carry_keyboard(&mut self) {
        if self.keyboard.take_drop() {
            self.interrupts.set_line(KEYBOARD_IRQ, false);
            self.interrupts.set_line(AUX_IRQ, false);
        }
        self.interrupts.set_line(KEYBOARD_IRQ, self.keyboard.keyboard_irq());
        self.interrupts.set_line(AUX_IRQ, self.keyboard.aux_irq());
    }

    /// Carries the floppy disk controller's interrupt output to its line.
    pub(super) fn carry_floppy(&mut self) {
        self.interrupts.set_line(FLOPPY_IRQ, self.floppy.irq());
    }

    /// Carries the serial port's interrupt output to its line.
    pub(super) fn carry_uart(&mut self, now: Instant) {
        if self.uart.take_drop() {
            self.interrupts.set_line(UART_IRQ, false);
        }
        self.interrupts.set_line(UART_IRQ, self.uart.irq(now));
        self.due.uart = self.uart.next_deadline(now).unwrap_or(NEVER);
    }
}
