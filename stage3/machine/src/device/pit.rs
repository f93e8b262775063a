//! The interval timer 8254 (Intel datasheet 231164, "8254 Programmable Interval Timer"), as pure
//! function of time: nothing ticks, each counter computes its count and output from the ticks since it
//! was programmed.
//!
//! In a PC all three counters are clocked at [`FREQUENCY`]; counter 0 drives IRQ 0, counter 1 refreshed
//! memory, counter 2 makes sound and has its gate in port 61h. The other gates are tied high.

mod counter;
mod run;
#[cfg(test)]
mod tests;
mod words;

use crate::time::{Instant, SECOND};
use counter::Counter;
use words::{control, read_back};

/// Clock of the counters in Hz: a third of NTSC's colour carrier, 14.31818 MHz / 12.
pub const FREQUENCY: u64 = 1_193_182;
/// Number of counters.
pub const COUNTERS: usize = 3;
/// Counter whose output is IRQ 0.
pub const TIMER: usize = 0;
/// Counter behind the speaker, whose gate is a bit of port 61h.
pub const SPEAKER: usize = 2;

/// Offset of the control word register.
const CONTROL: u16 = 3;
/// What a read of the control word register gives: the datasheet calls it "no-operation (3-state)".
const FLOATING: u8 = 0xff;

/// Ticks of the counters' clock that have passed at `now`, since power-on.
fn ticks(now: Instant) -> u64 {
    let (seconds, nanos) = (now.0 / SECOND, now.0 % SECOND);
    seconds * FREQUENCY + nanos * FREQUENCY / SECOND
}

/// The first instant at which [`ticks`] gives `tick`.
fn instant(tick: u64) -> Instant {
    let (seconds, rest) = (tick / FREQUENCY, tick % FREQUENCY);
    Instant(seconds.saturating_mul(SECOND)) + (rest * SECOND).div_ceil(FREQUENCY)
}

/// The timer chip.
#[derive(Clone, Debug)]
pub struct Pit {
    counters: [Counter; COUNTERS],
}

impl Default for Pit {
    fn default() -> Self {
        Self::new()
    }
}

impl Pit {
    /// The timer at power-on. The datasheet leaves its state open; here the counters are in mode 3 and
    /// have no count. So the outputs are high, as they mostly are behind a BIOS, and a guest that programs
    /// a rate makes no edge by that. The gate of the speaker's counter is low.
    #[must_use]
    pub const fn new() -> Self {
        Self { counters: [Counter::new(true), Counter::new(true), Counter::new(false)] }
    }

    /// Reads the port at `offset` (0 to 2: a counter's count or status).
    pub fn read(&mut self, now: Instant, offset: u16) -> u8 {
        match self.counters.get_mut(usize::from(offset)) {
            Some(counter) => counter.read(ticks(now)),
            None => FLOATING,
        }
    }

    /// Writes the port at `offset` (0 to 2: a counter's count, 3: control word).
    pub fn write(&mut self, now: Instant, offset: u16, value: u8) {
        let tick = ticks(now);
        if let Some(counter) = self.counters.get_mut(usize::from(offset)) {
            counter.write(tick, value);
        } else if offset == CONTROL {
            self.control(tick, value);
        }
    }

    fn control(&mut self, tick: u64, value: u8) {
        match self.counters.get_mut(usize::from(value >> control::SELECT_SHIFT)) {
            Some(counter) if value & control::ACCESS == 0 => counter.latch_count(tick),
            Some(counter) => counter.program(tick, value),
            None => {
                for (index, counter) in self.counters.iter_mut().enumerate() {
                    if value & (read_back::FIRST_COUNTER << index) == 0 {
                        continue;
                    }
                    if value & read_back::NO_COUNT == 0 {
                        counter.latch_count(tick);
                    }
                    if value & read_back::NO_STATUS == 0 {
                        counter.latch_status(tick);
                    }
                }
            }
        }
    }

    /// Level of a counter's OUT pin. `counter` is below [`COUNTERS`]; others have no pin and give low.
    #[must_use]
    pub fn out(&self, counter: usize, now: Instant) -> bool {
        self.counters.get(counter).is_some_and(|counter| counter.out_at(ticks(now)))
    }

    /// Level of the speaker counter's gate.
    #[must_use]
    pub const fn gate(&self) -> bool {
        self.counters[SPEAKER].gate()
    }

    /// Sets the level of the speaker counter's gate.
    pub fn set_gate(&mut self, now: Instant, level: bool) {
        self.counters[SPEAKER].set_gate(ticks(now), level);
    }

    /// Whether counter 0's OUT rose at least once since the last call. One is as good as many: the
    /// interrupt controller has a single flip-flop for them.
    pub fn take_rising_edge(&mut self, now: Instant) -> bool {
        self.counters[TIMER].take_rise(ticks(now))
    }

    /// When counter 0's OUT will next rise, if no port is written before: the time of IRQ 0. Counts from
    /// the last access or [`Pit::take_rising_edge`].
    #[must_use]
    pub fn next_edge(&self) -> Option<Instant> {
        self.counters[TIMER].next_rise().map(instant)
    }

    /// When counter 0's OUT will next change in either direction, counted like [`Pit::next_edge`].
    #[must_use]
    pub fn next_change(&self) -> Option<Instant> {
        self.counters[TIMER].next_change().map(|(tick, _)| instant(tick))
    }
}
