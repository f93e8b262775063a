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
/// When timers will next move an interrupt line, computed after each access to one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due {
    /// OUT of the timer changes.
    timer_change: Option<Instant>,
    /// OUT of the timer rises.
    timer_rise: Option<Instant>,
    /// The real-time clock interrupts.
    clock: Option<Instant>,
    /// The serial port announces waiting characters.
    uart: Option<Instant>,
    /// The power management timer interrupts.
    power: Option<Instant>,
    /// The local APIC's timer ends.
    lapic: Option<Instant>,
}

impl Due {
    fn reached(&self, now: Instant) -> bool {
        let due = [self.timer_change, self.clock, self.uart, self.power, self.lapic];
        due.into_iter().flatten().any(|due| due <= now)
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
        let lines = [
            (TIMER_IRQ, self.due.timer_rise),
            (CLOCK_IRQ, self.due.clock),
            (UART_IRQ, self.due.uart),
            (SCI_IRQ, self.due.power),
        ];
        let lines = lines.into_iter().filter_map(|(irq, due)| due.filter(|_| self.awaits(irq)));
        lines.chain(self.interrupts.lapic.next_deadline()).min()
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
        self.due.timer_change = self.pit.next_change();
        self.due.timer_rise = self.pit.next_edge();
    }

    /// Carries the real-time clock's interrupt output to its line.
    pub(super) fn carry_clock(&mut self, now: Instant) {
        self.clock.settle(now);
        self.interrupts.set_line(CLOCK_IRQ, self.clock.irq());
        self.due.clock = self.clock.next_deadline();
        self.power.set_clock_line(self.clock.irq());
        self.carry_power(now);
    }

    /// Carries the power management events to the system control interrupt.
    pub(super) fn carry_power(&mut self, now: Instant) {
        self.power.settle(now);
        self.interrupts.set_line(SCI_IRQ, self.power.sci());
        self.due.power = self.power.next_deadline();
    }

    /// Notes when the local APIC's timer ends.
    pub(super) fn carry_lapic(&mut self) {
        self.due.lapic = self.interrupts.lapic.timer_end();
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
        self.due.uart = self.uart.next_deadline(now);
    }
}
