//! Which virtual machine runs next, and for how long.
//!
//! Fair by weight: each task has a virtual time that grows while it runs, the slower the more it weighs, and the task that
//! is furthest behind runs next. One that was asleep is a slice behind the others at most when it wakes, so that nobody saves time up
//! and starves the others later. It takes the CPU at once from a task that is well ahead of it; else it waits
//! for the end of a slice.
//!
//! Time is a count of ticks that the caller gives: of any clock that never goes back.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

/// What a task weighs unless somebody says otherwise.
pub const WEIGHT: u32 = 100;

/// A share of a slice by which a task that wakes has to be behind to take the CPU before the slice ends.
const WAKE_SHARE: u64 = 8;

/// Who wants the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It wants nothing until it is started.
    Off,
    /// It wants to run.
    Ready,
    /// It sleeps until this time, if nobody wakes it before; for ever, if none is given.
    Asleep(Option<u64>),
}

#[derive(Clone, Copy, Debug)]
struct Task {
    state: State,
    weight: u32,
    /// Ticks that it ran, times [`WEIGHT`], divided by its weight; and the handicaps of waking.
    virtual_time: u64,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The task, by the number that [`Scheduler::add`] gave it.
    pub task: usize,
    /// When to ask again, if it wants to run that long.
    pub until: u64,
}

/// Shares one CPU among tasks.
#[derive(Clone, Debug)]
pub struct Scheduler {
    tasks: Vec<Task>,
    slice: u64,
    /// The task that has the CPU, and the end of its slice.
    current: Option<(usize, u64)>,
    /// The task that had it last.
    last: Option<usize>,
    /// Of the task that is furthest behind: it never goes back.
    floor: u64,
}

impl Scheduler {
    /// A scheduler without tasks. A task runs for `slice` ticks, if others want the CPU, too.
    #[must_use]
    pub const fn new(slice: u64) -> Self {
        Self { tasks: Vec::new(), slice, current: None, last: None, floor: 0 }
    }

    /// Adds a task that is off; returns its number, which counts from zero. A weight of zero counts as one.
    pub fn add(&mut self, weight: u32) -> usize {
        self.tasks.push(Task { state: State::Off, weight: weight.max(1), virtual_time: 0 });
        self.tasks.len() - 1
    }

    /// What `task` wants.
    #[must_use]
    pub fn state(&self, task: usize) -> State {
        self.tasks[task].state
    }

    /// `task` is switched off.
    pub fn stop(&mut self, task: usize) {
        self.tasks[task].state = State::Off;
        self.forget(task);
    }

    /// `task` sleeps.
    pub fn sleep(&mut self, task: usize, until: Option<u64>) {
        self.tasks[task].state = State::Asleep(until);
        self.forget(task);
    }

    /// `task` wants to run, if it did not before.
    pub fn wake(&mut self, task: usize) {
        let floor = self.floor.saturating_sub(self.slice);
        let task = &mut self.tasks[task];
        if task.state != State::Ready {
            task.state = State::Ready;
            task.virtual_time = task.virtual_time.max(floor);
        }
    }

    /// `task` ran for so many ticks.
    pub fn ran(&mut self, task: usize, ticks: u64) {
        let task = &mut self.tasks[task];
        let cost = u128::from(ticks) * u128::from(WEIGHT) / u128::from(task.weight);
        task.virtual_time = task.virtual_time.saturating_add(u64::try_from(cost).unwrap_or(u64::MAX));
    }

    /// `task` gives the CPU to others for the rest of its slice.
    pub fn give_way(&mut self, task: usize) {
        self.forget(task);
    }

    fn forget(&mut self, task: usize) {
        if self.current.is_some_and(|(current, _)| current == task) {
            self.current = None;
        }
    }

    /// Whose turn it is `now`; nobody's, if all sleep.
    pub fn pick(&mut self, now: u64) -> Option<Turn> {
        self.wake_due(now);
        let first = self.furthest_behind(None)?;
        self.floor = self.floor.max(self.tasks[first].virtual_time);
        let (task, end) = match self.current.filter(|(_, end)| now < *end) {
            Some((current, end)) if !self.gives_way(current, first) => (current, end),
            Some(_) => (first, now.saturating_add(self.slice)),
            None => (self.next_in_turn(first), now.saturating_add(self.slice)),
        };
        self.current = Some((task, end));
        self.last = Some(task);
        let is_alone = self.furthest_behind(Some(task)).is_none();
        let until = self.next_wake().unwrap_or(u64::MAX).min(if is_alone { u64::MAX } else { end });
        Some(Turn { task, until })
    }

    /// When the first sleeper wakes up by itself.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        let wakes = |task: &Task| if let State::Asleep(until) = task.state { until } else { None };
        self.tasks.iter().filter_map(wakes).min()
    }

    fn wake_due(&mut self, now: u64) {
        for task in 0..self.tasks.len() {
            if matches!(self.tasks[task].state, State::Asleep(Some(until)) if until <= now) {
                self.wake(task);
            }
        }
    }

    /// The ready task that is furthest behind; of several, the first after the one that had the CPU last.
    fn furthest_behind(&self, but: Option<usize>) -> Option<usize> {
        self.in_turn()
            .filter(|task| self.tasks[*task].state == State::Ready && Some(*task) != but)
            .min_by_key(|task| self.tasks[*task].virtual_time)
    }

    /// The task after the one that has the CPU, of those that are about as far behind as `first`, which is furthest. Slices are
    /// never of the same length to the tick: else a task that had less by a hair would get two in a row.
    fn next_in_turn(&self, first: usize) -> usize {
        let about = self.tasks[first].virtual_time.saturating_add(self.slice / 2);
        let is_next = |task: &usize| {
            let Task { state, virtual_time, .. } = self.tasks[*task];
            state == State::Ready && virtual_time <= about
        };
        self.in_turn().find(is_next).unwrap_or(first)
    }

    /// All tasks, from the one after that which had the CPU last.
    fn in_turn(&self) -> impl Iterator<Item = usize> {
        let count = self.tasks.len();
        let start = self.last.map_or(0, |last| last + 1);
        (0..count).map(move |offset| (start + offset) % count)
    }

    /// Whether `current` is so far ahead of `other` that it gives way before its slice ends.
    fn gives_way(&self, current: usize, other: usize) -> bool {
        let ahead = self.tasks[current].virtual_time.saturating_sub(self.tasks[other].virtual_time);
        ahead > self.slice + self.slice / WAKE_SHARE
    }
}
