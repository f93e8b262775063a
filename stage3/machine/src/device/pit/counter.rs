//! One counter of the 8254.
//!
//! The chip's counting element is not stored: a *run* starts when the count register is loaded into it,
//! and the element and OUT are functions of the ticks counted since ([`Run::value`], [`Run::out`]).
//! A count or trigger that arrives in one tick is loaded with the next one, as the datasheet says.

use super::run::{Mode, Run};
use super::words::{control, status};

/// A transfer from the count register to the counting element that is to come.
#[derive(Clone, Copy, Debug)]
struct Load {
    /// With this tick.
    at: u64,
    /// It ends a (half) cycle of modes 2 and 3 instead of starting anew.
    cycle_end: bool,
}

/// State of one counter. Ticks are counted from power-on.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they are flip-flops of the chip, each on its own")]
pub(super) struct Counter {
    /// Last control word, bits 5:0.
    control: u8,
    gate: bool,
    /// Count register, if a count was written since the control word.
    register: Option<u16>,
    /// First byte of a two-byte count.
    half_written: Option<u8>,
    /// The next read gives the second byte.
    half_read: bool,
    /// Count that was latched and not yet read completely.
    latched_count: Option<u16>,
    latched_status: Option<u8>,
    null_count: bool,
    load: Option<Load>,
    run: Option<Run>,
    /// Everything up to this tick has happened.
    seen: u64,
    /// OUT rose and nobody was told yet.
    rose: bool,
}

impl Counter {
    pub(super) const fn new(gate: bool) -> Self {
        Self {
            control: control::BIOS,
            gate,
            register: None,
            half_written: None,
            half_read: false,
            latched_count: None,
            latched_status: None,
            null_count: true,
            load: None,
            run: None,
            seen: 0,
            rose: false,
        }
    }

    fn mode(&self) -> Mode {
        Mode::from_bits(self.control >> control::MODE_SHIFT)
    }

    const fn access(&self) -> u8 {
        self.control & control::ACCESS
    }

    pub(super) const fn gate(&self) -> bool {
        self.gate
    }

    /// OUT at the tick `seen`.
    fn out(&self) -> bool {
        match self.mode() {
            // A new count pulls OUT low at once, its first byte does already.
            Mode::TerminalCount if self.half_written.is_some() || self.load.is_some() => false,
            Mode::RateGenerator | Mode::SquareWave if !self.gate => true,
            mode => self.run.map_or(mode.idle_out(), |run| run.out(mode, self.seen)),
        }
    }

    /// Lets time pass up to `tick`.
    fn settle(&mut self, tick: u64) {
        if tick <= self.seen {
            return;
        }
        self.rose |= self.next_rise().is_some_and(|rise| rise <= tick);
        self.progress(tick);
    }

    /// [`Counter::settle`] without a note of what OUT did meanwhile.
    fn progress(&mut self, tick: u64) {
        if let Some(load) = self.load.filter(|load| load.at <= tick) {
            self.apply(load);
        }
        self.seen = tick;
    }

    /// The count register goes into the counting element.
    fn apply(&mut self, load: Load) {
        let mode = self.mode();
        let mut run = Run::new(self.register.unwrap_or_default(), self.control & control::BCD != 0, load.at);
        if load.cycle_end && self.run.is_some_and(|old| !old.cycle_starts(mode, load.at)) {
            run.skip_high_half();
        }
        if !self.counts() {
            run.pause(load.at);
        }
        self.run = Some(run);
        self.load = None;
        self.null_count = false;
    }

    /// Whether the counting element counts.
    fn counts(&self) -> bool {
        match self.mode() {
            Mode::TerminalCount => self.gate && self.half_written.is_none(),
            Mode::OneShot | Mode::HardwareStrobe => true,
            Mode::RateGenerator | Mode::SquareWave | Mode::SoftwareStrobe => self.gate,
        }
    }

    /// Carries a change of [`Counter::counts`] to the run, after [`Counter::settle`].
    fn pause_or_resume(&mut self) {
        let counts = self.counts();
        if let Some(run) = &mut self.run {
            if counts {
                run.resume(self.seen);
            } else {
                run.pause(self.seen);
            }
        }
    }

    /// Runs `change` at `tick` and notes whether OUT rose by it.
    fn change(&mut self, tick: u64, change: impl FnOnce(&mut Self)) {
        self.settle(tick);
        let before = self.out();
        change(self);
        self.rose |= !before && self.out();
    }

    /// A control word for this counter.
    pub(super) fn program(&mut self, tick: u64, word: u8) {
        self.change(tick, |counter| {
            *counter = Self {
                control: word & control::IN_STATUS,
                seen: counter.seen,
                rose: counter.rose,
                ..Self::new(counter.gate)
            };
        });
    }

    /// A byte of the count.
    pub(super) fn write(&mut self, tick: u64, value: u8) {
        self.change(tick, |counter| match counter.access() {
            control::ACCESS_LSB => counter.set_register(u16::from(value)),
            control::ACCESS_MSB => counter.set_register(u16::from(value) << 8),
            _ => {
                if let Some(low) = counter.half_written.take() {
                    counter.set_register(u16::from_le_bytes([low, value]));
                } else {
                    counter.half_written = Some(value);
                    counter.pause_or_resume();
                }
            }
        });
    }

    /// A complete count was written.
    fn set_register(&mut self, register: u16) {
        self.register = Some(register);
        self.null_count = true;
        let next = Load { at: self.seen + 1, cycle_end: false };
        match self.mode() {
            Mode::TerminalCount | Mode::SoftwareStrobe => self.load = Some(next),
            // These wait for a trigger; one that has just come takes the new count.
            Mode::OneShot | Mode::HardwareStrobe => {}
            mode @ (Mode::RateGenerator | Mode::SquareWave) => match self.run {
                None => self.load = Some(next),
                Some(run) if self.gate && self.load.is_none() => {
                    self.load = run.cycle_end(mode, self.seen).map(|at| Load { at, cycle_end: true });
                }
                Some(_) => {}
            },
        }
        self.pause_or_resume();
    }

    pub(super) fn set_gate(&mut self, tick: u64, level: bool) {
        if level == self.gate {
            return;
        }
        self.change(tick, |counter| {
            counter.gate = level;
            counter.pause_or_resume();
            match (counter.mode(), level) {
                (Mode::TerminalCount | Mode::SoftwareStrobe, _)
                | (Mode::OneShot | Mode::HardwareStrobe, false) => {}
                // The cycle that a new count waits for does not end; the next trigger loads it.
                (Mode::RateGenerator | Mode::SquareWave, false) => {
                    counter.load = counter.load.filter(|load| !load.cycle_end);
                }
                // The trigger.
                (_, true) => {
                    let load = Load { at: counter.seen + 1, cycle_end: false };
                    counter.load = counter.register.map(|_| load);
                }
            }
        });
    }

    pub(super) fn latch_count(&mut self, tick: u64) {
        self.settle(tick);
        if self.latched_count.is_none() {
            self.latched_count = Some(self.value());
        }
    }

    pub(super) fn latch_status(&mut self, tick: u64) {
        self.settle(tick);
        if self.latched_status.is_none() {
            let out = if self.out() { status::OUT } else { 0 };
            let null_count = if self.null_count { status::NULL_COUNT } else { 0 };
            self.latched_status = Some(out | null_count | self.control);
        }
    }

    /// Reads the counter's port: a latched status first, then a latched count, else the count as it is.
    pub(super) fn read(&mut self, tick: u64) -> u8 {
        self.settle(tick);
        if let Some(status) = self.latched_status.take() {
            return status;
        }
        let [low, high] = self.latched_count.unwrap_or_else(|| self.value()).to_le_bytes();
        let (byte, last) = match self.access() {
            control::ACCESS_LSB => (low, true),
            control::ACCESS_MSB => (high, true),
            _ => {
                let second = self.half_read;
                self.half_read = !second;
                (if second { high } else { low }, second)
            }
        };
        if last {
            self.latched_count = None;
        }
        byte
    }

    /// What the CPU would read of the counting element at the tick `seen`.
    fn value(&self) -> u16 {
        self.run.map_or(0, |run| run.value(self.mode(), self.seen))
    }

    pub(super) fn out_at(&self, tick: u64) -> bool {
        let mut counter = *self;
        counter.progress(tick.max(self.seen));
        counter.out()
    }

    /// Whether OUT rose up to `tick` since the last call.
    pub(super) fn take_rise(&mut self, tick: u64) -> bool {
        self.settle(tick);
        core::mem::take(&mut self.rose)
    }

    /// The tick after `seen` with which OUT changes, and its level then, if no port is written before.
    pub(super) fn next_change(&self) -> Option<(u64, bool)> {
        let change = self.run.and_then(|run| run.next_change(self.mode(), self.seen));
        let Some(load) = self.load else { return change };
        if change.is_some_and(|(tick, _)| tick < load.at) {
            return change;
        }
        let mut loaded = *self;
        loaded.progress(load.at);
        let level = loaded.out();
        if level == self.out_at(load.at - 1) {
            loaded.next_change()
        } else {
            Some((load.at, level))
        }
    }

    /// The tick after `seen` with which OUT rises, if no port is written before.
    pub(super) fn next_rise(&self) -> Option<u64> {
        let (tick, level) = self.next_change()?;
        if level {
            return Some(tick);
        }
        let mut low = *self;
        low.progress(tick);
        low.next_change().map(|(tick, _)| tick)
    }
}
