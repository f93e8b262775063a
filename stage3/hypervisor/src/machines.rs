//! All virtual machines of the computer: which of them runs next, and what becomes of them.
//!
//! * `slot`: one of them, whether it exists or not
//! * `changes`: its way through life
//! * `times`: how the processor's time was spent
//! * `operators_view`: what the operator's console needs of all this

mod changes;
mod operators_view;
mod slot;
mod times;

use crate::arch::x86_64::backend::{Backend, SetupError};
use crate::arch::x86_64::{cpu, interrupts, timer};
use crate::host::clock;
use crate::operator::{self, Operator};
use crate::vm::{Next, TurnEnd};
use alloc::string::String;
use alloc::vec::Vec;
use bundle::boot_info::BootInfo;
use bundle::manifest::{Bundle, Manifest};
use monitor::lifecycle::{Change, Ending, Event, State};
use monitor::Front;
use scheduler::Scheduler;
use slot::Slot;
use times::Window;

/// How long a VM runs (nanoseconds) if others want to run, too.
const SLICE: u64 = 10_000_000;

/// All of them. A VM's number is its place, which is also its task's number in the scheduler.
pub struct Machines<'a, B: Backend> {
    backend: B,
    bundle: &'a Bundle<'static>,
    slots: Vec<Slot<'a, B>>,
    scheduler: Scheduler,
    /// The VM whose registers the processor has.
    live: Option<usize>,
    /// Who has the console.
    front: Front,
    window: Window,
    /// The processor's name.
    processor: String,
    /// TSC ticks that a VM runs at least before its screen is looked at.
    look_period: u64,
    /// The operator said so.
    is_off: bool,
}

/// Runs the VMs of `manifest` until the computer is to be switched off.
///
/// # Errors
/// Why this computer can't run them.
pub fn run_all<B: Backend>(
    boot: &BootInfo,
    bundle: &Bundle<'static>,
    manifest: &Manifest,
) -> Result<(), SetupError> {
    let backend = B::new(boot)?;
    log::info!("virtual machines run on {}, TSC {} kHz", backend.name(), clock::tsc().khz());
    let mut machines = Machines::new(backend, bundle, manifest);
    let mut operator = Operator::new(manifest.prefix, manifest.vms.len());
    loop {
        let due = operator.serve(&mut machines);
        if !machines.go_on() {
            break;
        }
        machines.run(due);
    }
    operator.finish(&mut machines);
    Ok(())
}

impl<'a, B: Backend> Machines<'a, B> {
    /// Creates them all, and starts those that start with pxHV. One that can't be created is reported and left out.
    fn new(backend: B, bundle: &'a Bundle<'static>, manifest: &'a Manifest) -> Self {
        let tsc = clock::tsc();
        let mut machines = Self {
            backend,
            bundle,
            slots: Vec::new(),
            scheduler: Scheduler::new(tsc.ticks(SLICE)),
            live: None,
            front: Front::Monitor,
            window: Window::new(cpu::tsc()),
            processor: cpu::name(),
            look_period: tsc.ticks(operator::PERIOD),
            is_off: false,
        };
        for spec in &manifest.vms {
            machines.scheduler.add(spec.weight);
            machines.slots.push(Slot::new(spec));
        }
        for number in 0..machines.slots.len() {
            if let Err(error) = machines.create(number) {
                log::error!("{error}");
            }
        }
        let starts = |slot: &Slot<'a, B>| slot.spec.autostart && slot.state == State::Stopped;
        let first = machines.slots.iter().position(starts);
        for number in 0..machines.slots.len() {
            if starts(&machines.slots[number]) {
                machines.begin(number, Change::Start);
            }
        }
        machines.give_console(first.map_or(Front::Monitor, Front::Vm));
        machines
    }

    /// Whether there is something to do, or somebody who may want something.
    fn go_on(&self) -> bool {
        let is_busy = |slot: &Slot<'a, B>| {
            matches!(slot.state, State::Creating | State::Running | State::Paused | State::Destroying)
        };
        let by_operator = |slot: &Slot<'a, B>| slot.last_end == Some(Ending::Operator);
        let none_ended =
            self.slots.iter().all(|slot| slot.last_end.is_none() && slot.state == State::Stopped);
        let in_monitor = self.front == Front::Monitor && self.slots.iter().any(|slot| slot.state.exists());
        !self.is_off
            && (none_ended || in_monitor || self.slots.iter().any(|slot| is_busy(slot) || by_operator(slot)))
    }

    /// Something came from outside for a VM.
    pub fn wake(&mut self, number: usize) {
        if self.slots[number].state == State::Running {
            self.slots[number].times.wakes(cpu::tsc());
            self.scheduler.wake(number);
        }
    }

    /// Lets a VM have its turn, or waits until one wants one; until the host's TSC reaches `due` in any case.
    fn run(&mut self, due: u64) {
        let now = cpu::tsc();
        self.roll_window(now);
        let Some(turn) = self.scheduler.pick(now) else {
            timer::arm(self.scheduler.next_wake().unwrap_or(u64::MAX).min(due));
            interrupts::wait();
            return;
        };
        let number = turn.task;
        self.make_live(number);
        let slot = &mut self.slots[number];
        let Some(vm) = &mut slot.vm else {
            self.scheduler.stop(number);
            return;
        };
        vm.screen_changes();
        let start = cpu::tsc();
        slot.times.wakes(now);
        let look =
            vm.display_deadline().map_or(u64::MAX, |due| due.max(start.saturating_add(self.look_period)));
        let end = vm.turn(turn.until.min(due).min(look));
        let left = cpu::tsc();
        slot.times.ran(left.wrapping_sub(start));
        self.scheduler.ran(number, left.wrapping_sub(start));
        match end {
            TurnEnd::Over => {}
            TurnEnd::Yields => self.scheduler.give_way(number),
            TurnEnd::Asleep(until) => {
                slot.times.sleeps(left, until);
                self.scheduler.sleep(number, (until != u64::MAX).then_some(until));
            }
            TurnEnd::Stopped(reason) => {
                if let Next::End(reason) = vm.after(reason) {
                    vm.report(reason);
                    self.ended(number, Ending::Guest(reason));
                }
            }
            TurnEnd::NotStarted => self.settle(number, Event::Ended, Some(Ending::Failed)),
            TurnEnd::Erased => self.remove(number),
        }
    }

    /// The processor turns to this VM: its registers replace those of the one before.
    fn make_live(&mut self, number: usize) {
        if self.live == Some(number) {
            return;
        }
        if let Some(before) = self.live.and_then(|before| self.slots[before].vm.as_mut()) {
            before.save_registers();
        }
        if let Some(vm) = &self.slots[number].vm {
            vm.load_registers();
            self.live = Some(number);
        }
    }
}
