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

/// What moves an interrupt line when its time comes.
#[derive(Clone, Copy, Debug)]
enum Mover {
    /// OUT of the timer changes.
    TimerChange,
    /// OUT of the timer rises.
    TimerRise,
    /// The real-time clock interrupts.
    Clock,
    /// The serial port announces waiting characters.
    Uart,
    /// The power management timer interrupts.
    Power,
    /// The local APIC's timer ends.
    Lapic,
}

/// When timers will next move an interrupt line, computed after each access to one; or [`NEVER`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    times: [Instant; 6],
    soonest: Instant,
}

impl Default for Due {
    fn default() -> Self {
        Self { times: [NEVER; 6], soonest: NEVER }
    }
}

impl Due {
    fn at(&self, mover: Mover) -> Instant {
        self.times[mover as usize]
    }

    /// Returns whether it changed. Mostly it is as it was, and nothing happens.
    fn set(&mut self, mover: Mover, time: Option<Instant>) -> bool {
        let time = time.unwrap_or(NEVER);
        let is_changed = time != self.at(mover);
        if is_changed {
            self.times[mover as usize] = time;
            self.soonest = self.times.into_iter().min().unwrap_or(NEVER);
        }
        is_changed
    }
}

impl Pc {
    /// Whether what the CPU has to know of the board may have changed since the last call, or a timer is due at `now`. If
    /// not, all these are as they were: [`Pc::next_deadline`], [`Pc::interrupt_pending`], [`Pc::held_back_class`],
    /// [`Pc::cr8`], [`Pc::has_signal`] and [`Pc::media_want_memory`].
    #[must_use]
    pub fn take_change(&mut self, now: Instant) -> bool {
        core::mem::take(&mut self.interrupts.changed) || self.due.soonest <= now
    }

    /// Whether [`Pc::take_change`] will tell of a change.
    #[must_use]
    #[inline]
    pub const fn is_changed(&self) -> bool {
        self.interrupts.changed
    }

    /// Lets timers that came due act. Cheap if none did.
    #[inline]
    pub fn advance(&mut self, now: Instant) {
        if self.due.soonest <= now {
            self.move_lines(now);
        }
    }

    fn move_lines(&mut self, now: Instant) {
        self.carry_timer(now);
        self.carry_clock(now);
        self.carry_uart(now);
        self.carry_power(now);
        self.interrupts.lapic.advance(now);
        self.carry_lapic();
    }

    /// When [`Pc::advance`] must be called at the latest, so that no interrupt comes late.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let earlier = |least: Instant, irq, due| if due < least && self.awaits(irq) { due } else { least };
        let least = self.interrupts.lapic.next_deadline().unwrap_or(NEVER);
        let least = earlier(least, TIMER_IRQ, self.due.at(Mover::TimerRise));
        let least = earlier(least, CLOCK_IRQ, self.due.at(Mover::Clock));
        let least = earlier(least, UART_IRQ, self.due.at(Mover::Uart));
        let least = earlier(least, SCI_IRQ, self.due.at(Mover::Power));
        (least != NEVER).then_some(least)
    }

    /// Notes when `mover` will move its line.
    fn set_due(&mut self, mover: Mover, time: Option<Instant>) {
        self.interrupts.changed |= self.due.set(mover, time);
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
        self.set_due(Mover::TimerChange, self.pit.next_change());
        self.set_due(Mover::TimerRise, self.pit.next_edge());
    }

    /// Carries the real-time clock's interrupt output to its line.
    pub(super) fn carry_clock(&mut self, now: Instant) {
        self.clock.settle(now);
        self.interrupts.set_line(CLOCK_IRQ, self.clock.irq());
        self.set_due(Mover::Clock, self.clock.next_deadline());
        self.power.set_clock_line(self.clock.irq());
        self.carry_power(now);
    }

    /// Carries the power management events to the system control interrupt.
    pub(super) fn carry_power(&mut self, now: Instant) {
        self.power.settle(now);
        self.interrupts.set_line(SCI_IRQ, self.power.sci());
        self.set_due(Mover::Power, self.power.next_deadline());
    }

    /// Notes when the local APIC's timer ends, and that it may hold other interrupts now.
    pub(super) fn carry_lapic(&mut self) {
        self.interrupts.changed = true;
        self.set_due(Mover::Lapic, self.interrupts.lapic.timer_end());
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

    /// Carries the floppy disk controller's interrupt output to its line, and notes that its disk may want memory.
    pub(super) fn carry_floppy(&mut self) {
        self.interrupts.changed = true;
        self.interrupts.set_line(FLOPPY_IRQ, self.floppy.irq());
    }

    /// Carries the serial port's interrupt output to its line.
    pub(super) fn carry_uart(&mut self, now: Instant) {
        if self.uart.take_drop() {
            self.interrupts.set_line(UART_IRQ, false);
        }
        self.interrupts.set_line(UART_IRQ, self.uart.irq(now));
        self.set_due(Mover::Uart, self.uart.next_deadline(now));
    }
}
