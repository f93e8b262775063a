//! How the processor's time was spent. All numbers are TSC ticks.

use super::Machines;
use crate::arch::x86_64::backend::Backend;
use crate::host::clock;
use machine::time::SECOND;

/// How a VM spent its time since it was started.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlotTimes {
    started: u64,
    /// It is over since then, if it is.
    ended: Option<u64>,
    /// It had the processor.
    ran: u64,
    /// It had nothing to do.
    waited: u64,
    /// It was paused.
    paused: u64,
    /// Since when it sleeps, and until when.
    asleep: Option<(u64, u64)>,
    paused_at: Option<u64>,
    /// It had the processor, in all its lives.
    total: u64,
    /// The same when the window began.
    total_before: u64,
    /// Its part of the last window, of 1000.
    pub share: u32,
}

impl SlotTimes {
    /// It starts `now`, after earlier lives with so many ticks.
    pub fn started(now: u64, before: (u64, u64)) -> Self {
        let (total, total_before) = before;
        Self { started: now, total, total_before, ..Self::default() }
    }

    /// Ticks of all its lives, and what they were when the window began.
    pub fn total(&self) -> (u64, u64) {
        (self.total, self.total_before)
    }

    /// It had a turn.
    pub fn ran(&mut self, ticks: u64) {
        self.ran += ticks;
        self.total += ticks;
    }

    /// It has nothing to do.
    pub fn sleeps(&mut self, now: u64, until: u64) {
        self.asleep = Some((now, until));
    }

    /// It has, or is about to be asked.
    pub fn wakes(&mut self, now: u64) {
        if let Some((since, until)) = self.asleep.take() {
            self.waited += now.min(until).saturating_sub(since);
        }
    }

    /// It is paused.
    pub fn pauses(&mut self, now: u64) {
        self.wakes(now);
        self.paused_at = Some(now);
    }

    /// It goes on.
    pub fn resumes(&mut self, now: u64) {
        if let Some(since) = self.paused_at.take() {
            self.paused += now.saturating_sub(since);
        }
    }

    /// It is off.
    pub fn ends(&mut self, now: u64) {
        self.wakes(now);
        self.resumes(now);
        self.ended = self.ended.or(Some(now));
    }

    /// Ticks in which it ran, waited, and waited for its turn.
    pub fn so_far(&self, now: u64) -> (u64, u64, u64) {
        let mut times = *self;
        times.wakes(now);
        times.resumes(now);
        let all = self.ended.unwrap_or(now).saturating_sub(self.started).saturating_sub(times.paused);
        let ready = all.saturating_sub(times.ran).saturating_sub(times.waited);
        (times.ran, times.waited, ready)
    }
}

/// The time over which shares are counted.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    began: u64,
    /// How busy the processor was in the last one, of 1000.
    pub busy: u32,
}

impl Window {
    /// It begins `now`.
    pub const fn new(now: u64) -> Self {
        Self { began: now, busy: 0 }
    }
}

impl<B: Backend> Machines<'_, B> {
    /// Begins another window each second.
    pub(super) fn roll_window(&mut self, now: u64) {
        let ticks = now.wrapping_sub(self.window.began);
        if ticks < clock::tsc().ticks(SECOND) {
            return;
        }
        self.window = Window::new(now);
        for slot in &mut self.slots {
            let times = &mut slot.times;
            let ran = u128::from(times.total - times.total_before) * 1000 / u128::from(ticks);
            times.total_before = times.total;
            times.share = ran as u32;
            self.window.busy += times.share;
        }
    }
}
