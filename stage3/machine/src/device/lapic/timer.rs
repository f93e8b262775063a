//! The local APIC's timer (Intel SDM, "APIC Timer").
//!
//! Its clock runs at 100 MHz, as the bus of many computers. It must not be faster than the time-stamp
//! counter of any host (Bochs runs at 200 MHz): guests take for granted that N counts last for N ticks of it
//! or longer.

use crate::time::{Instant, TscScale, SECOND};

/// Rate of the clock.
pub const TIMER_HZ: u64 = 100_000_000;
/// Nanoseconds of a tick before division.
pub(super) const TICK: u64 = SECOND / TIMER_HZ;

/// Nanoseconds from one interrupt of a periodic timer to the next, at least. Taking one costs the guest some
/// exits; were they to come faster than that, it would do nothing else. Ends in between make no interrupt.
pub(super) const LEAST_INTERVAL: u64 = 200_000;

/// Divide configuration: bits 3, 1 and 0 hold the divider.
pub(super) const DIVIDE_BITS: u32 = 0b1011;
/// At most this much earlier than the TSC's deadline is the sum of two rounded times in nanoseconds.
const ROUNDING: u64 = 4;

/// What the timer does at its end, LVT bits 18:17.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Counts down once.
    OneShot,
    /// Starts again from the initial count.
    Periodic,
    /// Waits for a value of the time-stamp counter.
    TscDeadline,
    /// Nothing.
    Reserved,
}

impl Mode {
    /// From an LVT entry.
    pub(super) const fn decode(entry: u32) -> Self {
        match entry >> 17 & 3 {
            0 => Self::OneShot,
            1 => Self::Periodic,
            2 => Self::TscDeadline,
            _ => Self::Reserved,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Stopped,
    /// The count was `count`, at least 1, at `from`. Its end at `due` makes an interrupt.
    Counting {
        from: Instant,
        count: u32,
        due: Instant,
    },
    /// The time-stamp counter reaches `tsc` at `due`.
    Waiting {
        tsc: u64,
        due: Instant,
    },
}

/// The timer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    mode: Mode,
    divide: u32,
    initial: u32,
    state: State,
}

impl Timer {
    pub(super) const fn new() -> Self {
        Self { mode: Mode::OneShot, divide: 0, initial: 0, state: State::Stopped }
    }

    pub(super) const fn initial(&self) -> u32 {
        self.initial
    }

    pub(super) const fn divide_configuration(&self) -> u32 {
        self.divide
    }

    /// The current-count register. [`Timer::expire`] must have been called for `now`.
    pub(super) fn current(&self, now: Instant) -> u32 {
        match self.state {
            State::Counting { from, count, .. } => {
                let passed = (now - from) / self.nanos(1);
                match u64::from(count).checked_sub(passed) {
                    Some(left @ 1..) => left as u32,
                    // Periods since its first end.
                    _ if self.mode == Mode::Periodic && self.initial != 0 => {
                        self.initial - ((passed - u64::from(count)) % u64::from(self.initial)) as u32
                    }
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    /// Writes the initial-count register: starts the timer, or stops it with zero.
    pub(super) fn set_initial(&mut self, now: Instant, count: u32) {
        match self.mode {
            Mode::TscDeadline => return,
            _ if count == 0 => self.state = State::Stopped,
            Mode::Reserved => {}
            _ => self.state = self.counting(now, count),
        }
        self.initial = count;
    }

    /// Writes the divide configuration. A running timer goes on from its present count.
    pub(super) fn set_divide_configuration(&mut self, now: Instant, value: u32) {
        let count = self.current(now);
        self.divide = value & DIVIDE_BITS;
        self.rebase(now, count);
    }

    /// Sets the mode. Changes to or from TSC-deadline mode disarm the timer; between the others it goes on.
    pub(super) fn set_mode(&mut self, now: Instant, mode: Mode) {
        if mode == self.mode {
            return;
        }
        if matches!((self.mode, mode), (Mode::TscDeadline, _) | (_, Mode::TscDeadline | Mode::Reserved)) {
            self.state = State::Stopped;
            self.initial = 0;
        }
        let count = self.current(now);
        self.mode = mode;
        self.rebase(now, count);
    }

    /// The deadline MSR; zero if the timer is not armed by it.
    pub(super) const fn deadline(&self) -> u64 {
        match self.state {
            State::Waiting { tsc, .. } => tsc,
            _ => 0,
        }
    }

    /// Writes the deadline MSR when the guest's time-stamp counter is `tsc`. Zero disarms; in other modes
    /// than TSC-deadline nothing happens.
    pub(super) fn set_deadline(&mut self, now: Instant, tsc: u64, deadline: u64, scale: &TscScale) {
        if self.mode != Mode::TscDeadline {
            return;
        }
        self.state = match deadline {
            0 => State::Stopped,
            _ => State::Waiting { tsc: deadline, due: instant_of(now, tsc, deadline, scale) },
        };
    }

    /// The guest's time-stamp counter was set, to `tsc`.
    pub(super) fn tsc_changed(&mut self, now: Instant, tsc: u64, scale: &TscScale) {
        self.set_deadline(now, tsc, self.deadline(), scale);
    }

    /// When the timer expires next.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Stopped => None,
            State::Counting { due, .. } | State::Waiting { due, .. } => Some(due),
        }
    }

    /// Brings the timer to `now`; whether it expired since the last call, once or more.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let Some(end) = self.due().filter(|due| *due <= now) else { return false };
        let interval = self.interval();
        match &mut self.state {
            State::Counting { due, .. } if self.mode == Mode::Periodic => {
                *due = end + (now - end) / interval * interval + interval;
            }
            state => *state = State::Stopped,
        }
        true
    }

    /// Counts down from `count` at `now`.
    fn counting(&self, now: Instant, count: u32) -> State {
        State::Counting { from: now, count, due: now + self.nanos(count) }
    }

    /// Goes on from `count`, if it counts.
    fn rebase(&mut self, now: Instant, count: u32) {
        if let State::Counting { .. } = self.state {
            self.state = self.counting(now, count);
        }
    }

    /// From one interrupt to the next in periodic mode: periods that make [`LEAST_INTERVAL`] together.
    fn interval(&self) -> u64 {
        let period = self.nanos(self.initial).max(1);
        period * LEAST_INTERVAL.div_ceil(period)
    }

    /// 1 to 128. The encoding counts 2, 4, … 128, and 1 comes last.
    const fn divider(&self) -> u32 {
        let code = (self.divide >> 1 & 0b100) | (self.divide & 0b11);
        1 << ((code + 1) % 8)
    }

    fn nanos(&self, count: u32) -> u64 {
        u64::from(count) * u64::from(self.divider()) * TICK
    }
}

/// When the time-stamp counter, `tsc` at `now`, reaches `deadline`: never too early.
fn instant_of(now: Instant, tsc: u64, deadline: u64, scale: &TscScale) -> Instant {
    if deadline <= tsc {
        return now;
    }
    let ticks = deadline - tsc;
    // A slow counter's factor is more than one: far deadlines are beyond the end of time.
    if ticks.leading_zeros() < u32::try_from(scale.shift).unwrap_or(0) {
        return Instant(u64::MAX);
    }
    now + scale.nanos(ticks).saturating_add(ROUNDING)
}
