//! A VM's way through life: what the operator does, and what happens by itself.

use super::times::SlotTimes;
use super::Machines;
use crate::arch::x86_64::backend::{Backend, SetupError};
use crate::arch::x86_64::cpu;
use crate::host::clock;
use crate::vm::Vm;
use alloc::boxed::Box;
use alloc::string::ToString;
use bundle::manifest::OnExit;
use machine::time::{Instant, SECOND};
use monitor::hypervisor::Refusal;
use monitor::lifecycle::{Change, Ending, Event, State};
use monitor::Front;

/// How long a VM runs (nanoseconds) if its next restart is not to wait for the ones before.
const LASTED: u64 = 10 * SECOND;
/// How long the first restart waits (seconds); each further one of a VM that does not last waits twice as long.
const FIRST_DELAY: u64 = 1;
/// The longest wait is this often doubled: about a minute.
const DELAY_DOUBLINGS: u32 = 6;

impl<B: Backend> Machines<'_, B> {
    /// Does what the operator wants. It is legal in the state that the VM is in.
    pub(super) fn change_state(&mut self, number: usize, change: Change) -> Result<(), Refusal> {
        let name = &self.slots[number].spec.name;
        log::info!("vm {name}: {} by the operator", deed(change));
        if change == Change::Create {
            return self.create(number).map_err(|error| Refusal(error.to_string().into()));
        }
        self.begin(number, change);
        Ok(())
    }

    /// Gives a VM its memory and its virtual PC. It is off then.
    pub(super) fn create(&mut self, number: usize) -> Result<(), SetupError> {
        let slot = &mut self.slots[number];
        slot.set(State::Creating);
        let vm = Vm::new(&self.backend, self.bundle, slot.spec);
        slot.set(slot.state.learn(if vm.is_ok() { Event::Created } else { Event::NotCreated }));
        slot.vm = Some(Box::new(vm?));
        // It may have the console already.
        self.give_console(self.front);
        Ok(())
    }

    /// Begins any other change.
    pub(super) fn begin(&mut self, number: usize, change: Change) {
        let now = cpu::tsc();
        let slot = &mut self.slots[number];
        let (Ok(state), Some(vm)) = (slot.state.after(change), &mut slot.vm) else { return };
        match change {
            Change::Start => {
                vm.switch_on(0);
                vm.count_anew();
                slot.times = SlotTimes::started(now, slot.times.total());
                slot.failures = 0;
                self.scheduler.wake(number);
            }
            Change::Reset => {
                vm.switch_on(0);
                if slot.state == State::Running {
                    self.scheduler.wake(number);
                }
            }
            Change::Pause => {
                vm.pause(now);
                slot.times.pauses(now);
                self.scheduler.stop(number);
            }
            Change::Resume => {
                vm.resume(now);
                slot.times.resumes(now);
                self.scheduler.wake(number);
            }
            Change::Stop => {
                vm.resume(now);
                slot.last_end = Some(Ending::Operator);
                slot.times.ends(now);
                self.scheduler.stop(number);
            }
            Change::Destroy => {
                vm.erase();
                slot.last_end = Some(Ending::Operator);
                slot.times.ends(now);
                self.scheduler.wake(number);
            }
            Change::Create => {}
        }
        slot.set(state);
    }

    /// A VM has ended by itself. One that is to restart waits the longer the more often it ended soon.
    pub(super) fn ended(&mut self, number: usize, ending: Ending) {
        let slot = &mut self.slots[number];
        let Some(vm) = slot.vm.as_mut().filter(|_| slot.spec.on_exit == OnExit::Restart) else {
            self.settle(number, Event::Ended, Some(ending));
            return;
        };
        slot.last_end = Some(ending);
        let lasted = vm.now() - Instant(0) >= LASTED;
        slot.failures = if lasted { 0 } else { slot.failures.saturating_add(1) };
        let seconds = FIRST_DELAY << slot.failures.saturating_sub(1).min(DELAY_DOUBLINGS);
        log::info!("vm {}: starts again in {seconds} s", slot.spec.name);
        vm.switch_on(cpu::tsc().saturating_add(clock::tsc().ticks(seconds * SECOND)));
    }

    /// Something happened by itself after which a VM has nothing to do.
    pub(super) fn settle(&mut self, number: usize, event: Event, ending: Option<Ending>) {
        let slot = &mut self.slots[number];
        slot.set(slot.state.learn(event));
        slot.last_end = ending.or(slot.last_end);
        slot.times.ends(cpu::tsc());
        self.scheduler.stop(number);
        self.leave(number);
    }

    /// The VM `number` has ended: if it has the console, another one that is on gets it.
    fn leave(&mut self, number: usize) {
        let next = self.slots.iter().position(|slot| matches!(slot.state, State::Running | State::Paused));
        if let (true, Some(next)) = (self.front == Front::Vm(number), next) {
            self.give_console(Front::Vm(next));
        }
    }

    /// A VM's memory is zero again: it goes back to the computer.
    pub(super) fn remove(&mut self, number: usize) {
        if self.live == Some(number) {
            self.live = None;
        }
        self.slots[number].vm = None;
        self.settle(number, Event::Destroyed, None);
        log::info!("vm {}: destroyed", self.slots[number].spec.name);
    }
}

/// What was done.
const fn deed(change: Change) -> &'static str {
    match change {
        Change::Create => "created",
        Change::Start => "started",
        Change::Stop => "stopped",
        Change::Pause => "paused",
        Change::Resume => "resumed",
        Change::Reset => "reset",
        Change::Destroy => "destroyed",
    }
}
