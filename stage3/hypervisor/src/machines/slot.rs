//! A VM of pxhv.toml, whether it exists or not.

use super::times::SlotTimes;
use crate::arch::x86_64::backend::Backend;
use crate::arch::x86_64::cpu;
use crate::vm::Vm;
use alloc::boxed::Box;
use bundle::manifest::VmSpec;
use monitor::lifecycle::{Ending, State};

/// One of them.
pub struct Slot<'a, B: Backend> {
    pub spec: &'a VmSpec,
    pub state: State,
    /// The host's TSC when that began.
    pub since: u64,
    pub vm: Option<Box<Vm<'a, B>>>,
    pub last_end: Option<Ending>,
    /// Ends in a row that came soon after a start.
    pub failures: u32,
    pub times: SlotTimes,
}

impl<'a, B: Backend> Slot<'a, B> {
    /// One that does not exist.
    pub fn new(spec: &'a VmSpec) -> Self {
        let since = cpu::tsc();
        Self {
            spec,
            state: State::Absent,
            since,
            vm: None,
            last_end: None,
            failures: 0,
            times: SlotTimes::default(),
        }
    }

    /// It is in another state from now on.
    pub fn set(&mut self, state: State) {
        if self.state != state {
            self.state = state;
            self.since = cpu::tsc();
        }
    }
}
