//! The real-time clock with its battery-backed RAM: an MC146818A (Motorola datasheet ADI1183) with 128
//! bytes as in the PC/AT, index at port 70h, data at port 71h.
//!
//! The clock's divider chain runs from [`Instant`] zero, so seconds change when whole seconds of the VM's
//! time have passed. The update cycle's end, when new values appear, is that very moment; the
//! update-in-progress bit is set before it, and the registers are steady whenever it is clear.
//!
//! Behind it are 128 more bytes of RAM, index at port 72h, data at port 73h, as in Intel's I/O controller hubs.
//!
//! The daylight-saving and square-wave bits are kept and have no effect, as in every PC chipset since.

mod calendar;
mod memory_map;
#[cfg(test)]
mod tests;

use crate::memory::RamLayout;
use crate::time::{Instant, SECOND};
use calendar::{Calendar, Format};

/// Number of ports.
pub const PORTS: u16 = 4;

/// Bytes of the RAM, clock registers included, and of the second bank.
const BYTES: usize = 128;

/// Offset of the index port.
const INDEX_PORT: u16 = 0;
/// Offset of the second bank's index port.
const SECOND_INDEX_PORT: u16 = 2;
/// Offset of the second bank's data port.
const SECOND_DATA_PORT: u16 = 3;
/// Index port: register number; the bit above it masks NMI.
const INDEX_BITS: u8 = 0x7f;
/// The index ports can't be read.
const FLOATING: u8 = 0xff;

/// Register A: divider and rate; update in progress.
const A: u8 = 0x0a;
/// Register B: modes and interrupt enables.
const B: u8 = 0x0b;
/// Register C: interrupt flags.
const C: u8 = 0x0c;
/// Register D: the battery is fine.
const D: u8 = 0x0d;

/// A: update in progress.
const A_UIP: u8 = 1 << 7;
/// A: divider chain.
const A_DIVIDER: u8 = 0b0111_0000;
/// A: the divider setting for the PC's crystal of 32,768 Hz. All others stop the clock here.
const A_DIVIDER_RUN: u8 = 0b0010_0000;
/// A: rate of the periodic interrupt.
const A_RATE: u8 = 0b0000_1111;
/// A after BIOS setup: running, 1,024 Hz.
const A_DEFAULT: u8 = A_DIVIDER_RUN | 0b0110;

/// B: updates stopped, for setting the time.
const B_SET: u8 = 1 << 7;
/// B: update-ended interrupt enable.
const B_UPDATE: u8 = 1 << 4;
/// B: square-wave output enable.
const B_SQUARE_WAVE: u8 = 1 << 3;
/// B: numbers are binary instead of BCD.
const B_BINARY: u8 = 1 << 2;
/// B: hours are 0 to 23 instead of 1 to 12 with a bit for PM.
const B_24_HOURS: u8 = 1 << 1;

/// B and C: periodic interrupt.
const PERIODIC: u8 = 1 << 6;
/// B and C: alarm interrupt.
const ALARM: u8 = 1 << 5;
/// B and C: update-ended interrupt.
const UPDATE: u8 = B_UPDATE;
/// B and C: all interrupts.
const INTERRUPTS: u8 = PERIODIC | ALARM | UPDATE;
/// C: an enabled interrupt is flagged; the level of the interrupt pin.
const C_IRQ: u8 = 1 << 7;
/// D: RAM and time are valid.
const D_VALID: u8 = 1 << 7;

/// The crystal in Hz.
const CRYSTAL: u64 = 32_768;
/// Time between the rise of the update-in-progress bit and the end of the update in nanoseconds: t_BUC
/// of 244 us and t_UC of 1984 us (32,768 Hz time base).
const UPDATE_NANOS: u64 = (244 + 1984) * 1000;
/// The first update comes half a second after the divider chain was released.
const RELEASE_LEAD: u64 = SECOND / 2;

/// The running divider chain.
#[derive(Clone, Copy, Debug)]
struct Chain {
    start: Instant,
    /// Its position at the start in nanoseconds.
    lead: u64,
}

impl Chain {
    /// Nanoseconds in the chain: updates are at whole seconds.
    fn position(self, now: Instant) -> u64 {
        (now - self.start).saturating_add(self.lead)
    }

    fn instant(self, position: u64) -> Instant {
        self.start + position.saturating_sub(self.lead)
    }
}

/// Crystal periods in `position` nanoseconds.
fn crystal_ticks(position: u64) -> u64 {
    position / SECOND * CRYSTAL + position % SECOND * CRYSTAL / SECOND
}

/// The first position at which [`crystal_ticks`] gives `ticks`.
fn crystal_position(ticks: u64) -> u64 {
    (ticks / CRYSTAL).saturating_mul(SECOND).saturating_add((ticks % CRYSTAL * SECOND).div_ceil(CRYSTAL))
}

/// The clock.
#[derive(Clone, Debug)]
pub struct Rtc {
    index: u8,
    nmi_masked: bool,
    ram: [u8; BYTES],
    second_index: u8,
    second_bank: [u8; BYTES],
    chain: Option<Chain>,
    /// Everything up to then is in `ram`.
    seen: Instant,
}

impl Rtc {
    /// A clock that shows `wall_clock`, in seconds since 1970 (UTC), at [`Instant`] zero, with the RAM
    /// as a BIOS leaves it for memory of this layout.
    #[must_use]
    pub fn new(layout: RamLayout, wall_clock: u64) -> Self {
        let mut ram = [0; BYTES];
        memory_map::describe(&mut ram, layout);
        for (register, value) in [(A, A_DEFAULT), (B, B_24_HOURS), (C, 0), (D, D_VALID)] {
            ram[usize::from(register)] = value;
        }
        let mut rtc = Self {
            index: 0,
            nmi_masked: false,
            ram,
            second_index: 0,
            second_bank: [0; BYTES],
            chain: Some(Chain { start: Instant(0), lead: 0 }),
            seen: Instant(0),
        };
        let format = rtc.format();
        Calendar::from_unix(wall_clock).store(&mut rtc.ram, format);
        rtc
    }

    /// The computer is reset at `now`, when its time begins anew. The battery keeps the clock running and the RAM as it
    /// is; the RESET pin ends interrupts ("RESET" of the datasheet), and what the RAM says of the computer is true again.
    pub fn reset(&mut self, now: Instant, layout: RamLayout) {
        self.settle(now);
        self.ram[usize::from(B)] &= !(INTERRUPTS | B_SQUARE_WAVE);
        self.ram[usize::from(C)] = 0;
        self.chain = self.chain.map(|chain| Chain { start: Instant(0), lead: chain.position(now) });
        self.seen = Instant(0);
        memory_map::describe(&mut self.ram, layout);
    }

    /// A byte of the machine's configuration.
    #[must_use]
    pub fn configuration(&self, register: u8) -> u8 {
        self.ram.get(usize::from(register)).copied().unwrap_or_default()
    }

    /// Stores a byte of the machine's configuration.
    pub fn configure(&mut self, register: u8, value: u8) {
        if let Some(byte) = self.ram.get_mut(usize::from(register)) {
            *byte = value;
        }
        memory_map::sum(&mut self.ram);
    }

    /// The byte in which a program tells the BIOS what to do after a reset of the CPU; zero: start the computer.
    #[must_use]
    pub fn shutdown_status(&self) -> u8 {
        self.get(memory_map::SHUTDOWN_STATUS)
    }

    /// Reads the port at `offset`: 0 and 2 are the indices, 1 and 3 the data.
    pub fn read(&mut self, now: Instant, offset: u16) -> u8 {
        match offset {
            INDEX_PORT | SECOND_INDEX_PORT => return FLOATING,
            SECOND_DATA_PORT => return self.second_bank[usize::from(self.second_index)],
            _ => {}
        }
        self.settle(now);
        match self.index {
            A if self.update_in_progress() => self.get(A) | A_UIP,
            C => {
                let irq = if self.irq() { C_IRQ } else { 0 };
                irq | core::mem::take(&mut self.ram[usize::from(C)])
            }
            register => self.get(register),
        }
    }

    /// Writes the port at `offset`: 0 and 2 are the indices, 1 and 3 the data.
    pub fn write(&mut self, now: Instant, offset: u16, value: u8) {
        match offset {
            INDEX_PORT => {
                self.index = value & INDEX_BITS;
                self.nmi_masked = value & !INDEX_BITS != 0;
            }
            SECOND_INDEX_PORT => self.second_index = value & INDEX_BITS,
            SECOND_DATA_PORT => self.second_bank[usize::from(self.second_index)] = value,
            _ => self.write_data(now, value),
        }
    }

    fn write_data(&mut self, now: Instant, value: u8) {
        self.settle(now);
        match self.index {
            A => {
                self.ram[usize::from(A)] = value & !A_UIP;
                let run = value & A_DIVIDER == A_DIVIDER_RUN;
                self.chain = run.then(|| self.chain.unwrap_or(Chain { start: now, lead: RELEASE_LEAD }));
            }
            // Stopping the updates disables their interrupt too.
            B if value & B_SET != 0 => self.ram[usize::from(B)] = value & !B_UPDATE,
            C | D => {}
            register => self.ram[usize::from(register)] = value,
        }
    }

    /// Lets time pass: flags of register C appear, and with them the interrupt.
    pub fn settle(&mut self, now: Instant) {
        if now <= self.seen {
            return;
        }
        let seen = core::mem::replace(&mut self.seen, now);
        let Some(chain) = self.chain else { return };
        let (from, to) = (chain.position(seen), chain.position(now));
        if let Some(period) = self.period() {
            if crystal_ticks(to) / period > crystal_ticks(from) / period {
                self.ram[usize::from(C)] |= PERIODIC;
            }
        }
        let seconds = to / SECOND - from / SECOND;
        if seconds > 0 && !self.stopped() {
            let format = self.format();
            if calendar::alarm_in(&self.ram, format).is_some_and(|wait| wait <= seconds) {
                self.ram[usize::from(C)] |= ALARM;
            }
            calendar::pass(&mut self.ram, format, seconds);
            self.ram[usize::from(C)] |= UPDATE;
        }
    }

    /// Level of the interrupt pin, up to the last [`Rtc::settle`] or access.
    #[must_use]
    pub fn irq(&self) -> bool {
        self.get(B) & self.get(C) & INTERRUPTS != 0
    }

    /// Whether the index port's bit 7 masks NMI. Nothing in this PC raises one through this gate yet.
    #[must_use]
    pub const fn nmi_masked(&self) -> bool {
        self.nmi_masked
    }

    /// When the interrupt pin will rise by itself. Never, if it is high already or no interrupt is enabled.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let chain = self.chain?;
        let enabled = self.get(B);
        if enabled & INTERRUPTS == 0 || self.irq() {
            return None;
        }
        let position = chain.position(self.seen);
        let after = |seconds: u64| (position / SECOND).saturating_add(seconds).saturating_mul(SECOND);
        let runs = !self.stopped();
        let periodic = self.period().filter(|_| enabled & PERIODIC != 0);
        let periodic = periodic.map(|period| {
            let ticks = crystal_ticks(position);
            crystal_position(ticks - ticks % period + period)
        });
        let update = (runs && enabled & UPDATE != 0).then(|| after(1));
        let alarm = (runs && enabled & ALARM != 0).then(|| calendar::alarm_in(&self.ram, self.format()));
        let alarm = alarm.flatten().map(after);
        [periodic, update, alarm].into_iter().flatten().min().map(|position| chain.instant(position))
    }

    fn get(&self, register: u8) -> u8 {
        self.ram[usize::from(register & INDEX_BITS)]
    }

    fn stopped(&self) -> bool {
        self.get(B) & B_SET != 0
    }

    fn format(&self) -> Format {
        Format { binary: self.get(B) & B_BINARY != 0, hours_24: self.get(B) & B_24_HOURS != 0 }
    }

    /// Period of the periodic interrupt in crystal ticks ("Periodic Interrupt Rate", 32,768 Hz column).
    fn period(&self) -> Option<u64> {
        match self.get(A) & A_RATE {
            0 => None,
            rate @ 1..=2 => Some(1 << (rate + 6)),
            rate => Some(1 << (rate - 1)),
        }
    }

    fn update_in_progress(&self) -> bool {
        let position = self.chain.map(|chain| chain.position(self.seen) % SECOND);
        !self.stopped() && position.is_some_and(|position| position >= SECOND - UPDATE_NANOS)
    }
}
