//! One run of a counter: from the load of a count to the next load. Count and OUT in each of the modes
//! as functions of the ticks counted, from the datasheet's "Mode Definitions".

/// Decimal range of a BCD counter.
const DECIMAL_RANGE: u32 = 10_000;
/// Range of a binary counter.
const BINARY_RANGE: u32 = 0x1_0000;
/// Bits of a mode.
const MODE_BITS: u8 = 0b111;

/// The modes of the 8254.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// 0: OUT rises when the count is over.
    TerminalCount,
    /// 1: a trigger makes OUT low for the count.
    OneShot,
    /// 2: OUT is low for the last tick of each period.
    RateGenerator,
    /// 3: OUT is high for the first half of each period.
    SquareWave,
    /// 4: OUT is low for one tick after the count.
    SoftwareStrobe,
    /// 5: OUT is low for one tick, the count after a trigger.
    HardwareStrobe,
}

impl Mode {
    /// From the control word's mode bits; the upper one of them does not matter in modes 2 and 3.
    pub(super) const fn from_bits(bits: u8) -> Self {
        match bits & MODE_BITS {
            0 => Self::TerminalCount,
            1 => Self::OneShot,
            2 | 6 => Self::RateGenerator,
            4 => Self::SoftwareStrobe,
            5 => Self::HardwareStrobe,
            _ => Self::SquareWave,
        }
    }

    /// OUT after the control word, before there is a count.
    pub(super) fn idle_out(self) -> bool {
        self != Self::TerminalCount
    }
}

/// A run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// The count in ticks, at least 1. Modes 2 and 3 need 2 ("Minimum and Maximum Initial Counts"); with
    /// 1 their OUT does not change here.
    count: u32,
    bcd: bool,
    /// Ticks counted up to `since`.
    base: u64,
    since: u64,
    paused: bool,
}

impl Run {
    /// The run that begins when `register` is loaded with the tick `at`.
    pub(super) fn new(register: u16, bcd: bool, at: u64) -> Self {
        let (count, range) =
            if bcd { (from_bcd(register), DECIMAL_RANGE) } else { (u32::from(register), BINARY_RANGE) };
        Self { count: if count == 0 { range } else { count }, bcd, base: 0, since: at, paused: false }
    }

    /// Starts in the low half of a square wave.
    pub(super) fn skip_high_half(&mut self) {
        self.base = self.high_half();
    }

    /// Stops counting at `tick`.
    pub(super) fn pause(&mut self, tick: u64) {
        self.base = self.elapsed(tick);
        self.since = tick;
        self.paused = true;
    }

    /// Goes on counting at `tick`.
    pub(super) fn resume(&mut self, tick: u64) {
        if self.paused {
            self.since = tick;
            self.paused = false;
        }
    }

    const fn elapsed(&self, tick: u64) -> u64 {
        if self.paused {
            self.base
        } else {
            self.base + tick.saturating_sub(self.since)
        }
    }

    const fn period(&self) -> u64 {
        self.count as u64
    }

    /// Ticks for which a square wave is high: one more than low if the count is odd.
    const fn high_half(&self) -> u64 {
        self.period().div_ceil(2)
    }

    const fn phase(&self, tick: u64) -> u64 {
        self.elapsed(tick) % self.period()
    }

    /// Level of OUT.
    pub(super) fn out(&self, mode: Mode, tick: u64) -> bool {
        match mode {
            Mode::TerminalCount | Mode::OneShot => self.elapsed(tick) >= self.period(),
            Mode::RateGenerator => self.phase(tick) != self.period() - 1,
            Mode::SquareWave => self.phase(tick) < self.high_half(),
            Mode::SoftwareStrobe | Mode::HardwareStrobe => self.elapsed(tick) != self.period(),
        }
    }

    /// The counting element as the CPU reads it.
    pub(super) fn value(&self, mode: Mode, tick: u64) -> u16 {
        let range = if self.bcd { DECIMAL_RANGE } else { BINARY_RANGE };
        let value = match mode {
            Mode::RateGenerator => self.period() - self.phase(tick),
            Mode::SquareWave => {
                // Counts down by two in each half, from an even number.
                let phase = self.phase(tick);
                let counted = if phase < self.high_half() { phase } else { phase - self.high_half() };
                (self.period() & !1).saturating_sub(2 * counted)
            }
            _ => {
                let range = u64::from(range);
                self.period() + range - self.elapsed(tick) % range
            }
        };
        let value = (value % u64::from(range)) as u16;
        if self.bcd {
            to_bcd(value)
        } else {
            value
        }
    }

    /// Whether a period of modes 2 and 3 starts with this tick.
    pub(super) fn cycle_starts(&self, mode: Mode, tick: u64) -> bool {
        mode != Mode::SquareWave || self.phase(tick) == 0
    }

    /// The tick after `tick` with which the period of mode 2, or the half period of mode 3, ends.
    pub(super) fn cycle_end(&self, mode: Mode, tick: u64) -> Option<u64> {
        let phase = self.phase(tick);
        let end = if mode == Mode::SquareWave && phase < self.high_half() {
            self.high_half()
        } else {
            self.period()
        };
        (!self.paused).then(|| tick.max(self.since) + (end - phase))
    }

    /// The tick after `tick` with which OUT changes, and its level from then on.
    pub(super) fn next_change(&self, mode: Mode, tick: u64) -> Option<(u64, bool)> {
        if self.paused {
            return None;
        }
        let (elapsed, period) = (self.elapsed(tick), self.period());
        let cycle = elapsed - elapsed % period;
        let (at, level) = match mode {
            Mode::TerminalCount | Mode::OneShot if elapsed < period => (period, true),
            Mode::SoftwareStrobe | Mode::HardwareStrobe if elapsed < period => (period, false),
            Mode::SoftwareStrobe | Mode::HardwareStrobe if elapsed == period => (period + 1, true),
            Mode::RateGenerator | Mode::SquareWave if period == 1 => return None,
            Mode::RateGenerator if elapsed < cycle + period - 1 => (cycle + period - 1, false),
            Mode::SquareWave if elapsed < cycle + self.high_half() => (cycle + self.high_half(), false),
            Mode::RateGenerator | Mode::SquareWave => (cycle + period, true),
            _ => return None,
        };
        Some((tick.max(self.since) + (at - elapsed), level))
    }
}

/// The number whose decimal digits are `bcd`'s nibbles.
fn from_bcd(bcd: u16) -> u32 {
    (0..4).rev().fold(0, |value, digit| value * 10 + u32::from(bcd >> (4 * digit) & 0xf))
}

/// `value`, below 10,000, with its decimal digits as nibbles.
fn to_bcd(value: u16) -> u16 {
    (0..4).rev().fold(0, |bcd, digit| (bcd << 4) | (value / 10_u16.pow(digit) % 10))
}
