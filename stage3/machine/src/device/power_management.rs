//! The fixed hardware of ACPI (ACPI 6.5, "ACPI Hardware Specification"): PM1 event and control registers,
//! the power management timer, the power button.
//!
//! The machine is always in ACPI mode: the FADT names no SMI command port, so SCI_EN is constantly one and
//! nobody has to hand the hardware over. There is one group of PM1 registers (PM1a), no sleep state but S5,
//! and no general-purpose event.
//!
//! The timer is a function of time. Its carry is noticed when time passes over it, in
//! [`PowerManagement::settle`] or at an access.

#[cfg(test)]
mod tests;

use crate::time::{Instant, SECOND};

/// First port. Offsets below count from here.
pub const BASE: u16 = 0x600;
/// Number of ports.
pub const PORTS: u16 = 0x0c;
/// Offset of the PM1 event registers: status, then enable.
pub const PM1_EVENT: u16 = 0x00;
/// Bytes of the PM1 event registers.
pub const PM1_EVENT_LENGTH: u16 = 4;
/// Offset of the PM1 control register.
pub const PM1_CONTROL: u16 = 0x04;
/// Bytes of the PM1 control register.
pub const PM1_CONTROL_LENGTH: u16 = 2;
/// Offset of the power management timer.
pub const PM_TIMER: u16 = 0x08;
/// Bytes of the power management timer.
pub const PM_TIMER_LENGTH: u16 = 4;
/// Interrupt line of the system control interrupt, active high, by level.
pub const SCI_IRQ: u8 = 9;
/// SLP_TYP of the soft-off state S5, the only one that is not ignored.
pub const SLEEP_TYPE_S5: u8 = 5;

/// The timer's rate in Hz.
pub const TIMER_HZ: u64 = 3_579_545;
/// The timer's carry is a change of its uppermost bit, so it comes each time these many ticks are full.
const CARRY_TICKS: u64 = 1 << 31;

/// Offset of the PM1 status register.
const STATUS: u16 = PM1_EVENT;
/// Offset of the PM1 enable register.
const ENABLE: u16 = PM1_EVENT + PM1_EVENT_LENGTH / 2;
/// Byte that is read between the registers.
const FLOATING: u8 = 0xff;

/// Status and enable: the timer's carry (TMR_STS, TMR_EN).
const TIMER: u16 = 1 << 0;
/// Status and enable: the firmware released the global lock (GBL_STS, GBL_EN). No firmware ever holds it.
const GLOBAL_LOCK: u16 = 1 << 5;
/// Status and enable: the power button was pressed (PWRBTN_STS, PWRBTN_EN).
const POWER_BUTTON: u16 = 1 << 8;
/// Status and enable: alarm of the real-time clock (RTC_STS, RTC_EN).
const CLOCK: u16 = 1 << 10;
/// All events that can be enabled.
const EVENTS: u16 = TIMER | GLOBAL_LOCK | POWER_BUTTON | CLOCK;

/// Control: the machine is in ACPI mode (SCI_EN).
const SCI_ENABLE: u16 = 1 << 0;
/// Control: a bus master's request wakes the CPU from C3 (BM_RLD). Kept; there is no C3.
const BUS_MASTER_RELOAD: u16 = 1 << 1;
/// Control: the sleep state to enter (SLP_TYP).
const SLEEP_TYPE: u16 = 0b111 << SLEEP_TYPE_SHIFT;
/// Position of [`SLEEP_TYPE`].
const SLEEP_TYPE_SHIFT: u32 = 10;
/// Control: enter it (SLP_EN). Always read as zero.
const SLEEP_ENABLE: u16 = 1 << 13;

/// Full timer ticks at `now`, not cut to the timer's width.
fn ticks(now: Instant) -> u64 {
    now.0 / SECOND * TIMER_HZ + now.0 % SECOND * TIMER_HZ / SECOND
}

/// When the tick count becomes `ticks`.
fn instant(ticks: u64) -> Instant {
    let nanos = u128::from(ticks) * u128::from(SECOND);
    Instant(u64::try_from(nanos.div_ceil(u128::from(TIMER_HZ))).unwrap_or(u64::MAX))
}

/// The registers.
#[derive(Clone, Debug, Default)]
pub struct PowerManagement {
    status: u16,
    enable: u16,
    control: u16,
    /// Level of the real-time clock's interrupt output.
    clock_line: bool,
    /// Carries up to then are in `status`.
    seen: Instant,
}

impl PowerManagement {
    /// The registers after power-on: no event, none enabled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a byte at `offset` from [`BASE`].
    pub fn read(&mut self, now: Instant, offset: u16) -> u8 {
        self.settle(now);
        let byte = |value: u16, register: u16| value.to_le_bytes()[usize::from((offset - register) & 1)];
        match offset {
            STATUS..ENABLE => byte(self.status, STATUS),
            ENABLE..PM1_CONTROL => byte(self.enable, ENABLE),
            PM1_CONTROL..=0x05 => byte(self.control | SCI_ENABLE, PM1_CONTROL),
            PM_TIMER..PORTS => timer(now).to_le_bytes()[usize::from((offset - PM_TIMER) & 3)],
            _ => FLOATING,
        }
    }

    /// Writes a byte at `offset` from [`BASE`]; gives whether that turns the machine off.
    pub fn write(&mut self, now: Instant, offset: u16, value: u8) -> bool {
        self.settle(now);
        // The byte in its place in the 16-bit register, and which bits of the register are written.
        let shift = u32::from(offset % 2) * u8::BITS;
        let (value, written) = (u16::from(value) << shift, 0xff << shift);
        match offset {
            STATUS..ENABLE => self.status &= !value,
            ENABLE..PM1_CONTROL => self.enable = (self.enable & !written) | (value & EVENTS),
            PM1_CONTROL..=0x05 => {
                let kept = value & (BUS_MASTER_RELOAD | SLEEP_TYPE);
                self.control = (self.control & !written) | kept;
                return value & SLEEP_ENABLE != 0
                    && self.control & SLEEP_TYPE == u16::from(SLEEP_TYPE_S5) << SLEEP_TYPE_SHIFT;
            }
            _ => {}
        }
        false
    }

    /// Somebody presses the power button, and lets it go in less than four seconds.
    pub fn press_power_button(&mut self) {
        self.status |= POWER_BUTTON;
    }

    /// Level of the real-time clock's interrupt output. Its rise is an event.
    pub fn set_clock_line(&mut self, high: bool) {
        if high && !self.clock_line {
            self.status |= CLOCK;
        }
        self.clock_line = high;
    }

    /// Whether a rise of the real-time clock's interrupt output would interrupt.
    #[must_use]
    pub const fn awaits_clock(&self) -> bool {
        self.enable & CLOCK != 0 && !self.sci()
    }

    /// Lets time pass: the timer's carry appears in the status.
    pub fn settle(&mut self, now: Instant) {
        if now <= self.seen {
            return;
        }
        let seen = core::mem::replace(&mut self.seen, now);
        if ticks(now) / CARRY_TICKS != ticks(seen) / CARRY_TICKS {
            self.status |= TIMER;
        }
    }

    /// Level of the system control interrupt, up to the last [`PowerManagement::settle`] or access.
    #[must_use]
    pub const fn sci(&self) -> bool {
        self.status & self.enable != 0
    }

    /// When the interrupt will rise by itself. Never, if it is high already or the carry is not enabled.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let waits = self.enable & TIMER != 0 && !self.sci();
        waits.then(|| instant((ticks(self.seen) / CARRY_TICKS + 1) * CARRY_TICKS))
    }
}

/// The timer register at `now`.
#[must_use]
pub fn timer(now: Instant) -> u32 {
    ticks(now) as u32
}
