//! All virtual machines of the computer: which of them runs next, and what becomes of them.

use crate::arch::x86_64::backend::{Backend, SetupError};
use crate::arch::x86_64::{cpu, interrupts, timer};
use crate::host::clock;
use crate::operator::{self, Operator};
use crate::vm::{Next, TurnEnd, Vm};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bundle::boot_info::BootInfo;
use bundle::manifest::{Bundle, Manifest, OnExit};
use machine::time::{Instant, SECOND};
use scheduler::Scheduler;

/// How long a VM runs (nanoseconds) if others want to run, too.
const SLICE: u64 = 10_000_000;
/// How long a VM runs (nanoseconds) if its next restart is not to wait for the ones before.
const LASTED: u64 = 10 * SECOND;
/// How long the first restart waits (seconds); each further one of a VM that does not last waits twice as long.
const FIRST_DELAY: u64 = 1;
/// The longest wait is this often doubled: about a minute.
const DELAY_DOUBLINGS: u32 = 6;

/// One of them.
struct Slot<'a, B: Backend> {
    vm: Box<Vm<'a, B>>,
    is_running: bool,
    /// Ends in a row that came soon after a start.
    failures: u32,
}

/// All of them. A VM's number is its place, which is also its task's number in the scheduler.
pub struct Machines<'a, B: Backend> {
    slots: Vec<Slot<'a, B>>,
    scheduler: Scheduler,
    /// The VM whose registers the processor has.
    live: Option<usize>,
    /// TSC ticks that a VM runs at least before its screen is looked at.
    look_period: u64,
}

/// Runs the VMs of `manifest` until the last one has ended.
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
    let mut machines = Machines::<B>::new();
    for spec in &manifest.vms {
        let vm = Box::new(Vm::new(&backend, bundle, spec)?);
        let number = machines.add(vm);
        if spec.autostart {
            machines.start(number);
        }
    }
    let mut operator = Operator::new();
    operator.attach(&mut machines, 0);
    while machines.any_runs() {
        let due = operator.serve(&mut machines);
        machines.run(due);
    }
    Ok(())
}

impl<'a, B: Backend> Machines<'a, B> {
    fn new() -> Self {
        let tsc = clock::tsc();
        let scheduler = Scheduler::new(tsc.ticks(SLICE));
        Self { slots: Vec::new(), scheduler, live: None, look_period: tsc.ticks(operator::PERIOD) }
    }

    fn add(&mut self, vm: Box<Vm<'a, B>>) -> usize {
        let number = self.scheduler.add(vm.spec().weight);
        self.slots.push(Slot { vm, is_running: false, failures: 0 });
        number
    }

    fn start(&mut self, number: usize) {
        self.slots[number].is_running = true;
        self.slots[number].vm.switch_on(0);
        self.scheduler.wake(number);
    }

    fn any_runs(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_running)
    }

    /// The VM with this number.
    pub fn vm(&mut self, number: usize) -> Option<&mut Vm<'a, B>> {
        self.slots.get_mut(number).map(|slot| &mut *slot.vm)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// Something came from outside for a VM.
    pub fn wake(&mut self, number: usize) {
        if self.slots[number].is_running {
            self.scheduler.wake(number);
        }
    }

    /// Lets a VM have its turn, or waits until one wants one; until the host's TSC reaches `due` in any case.
    fn run(&mut self, due: u64) {
        let Some(turn) = self.scheduler.pick(cpu::tsc()) else {
            timer::arm(self.scheduler.next_wake().unwrap_or(u64::MAX).min(due));
            interrupts::wait();
            return;
        };
        let number = turn.task;
        self.make_live(number);
        let vm = &mut self.slots[number].vm;
        vm.screen_changes();
        let start = cpu::tsc();
        let look =
            vm.display_deadline().map_or(u64::MAX, |due| due.max(start.saturating_add(self.look_period)));
        let end = vm.turn(turn.until.min(due).min(look));
        self.scheduler.ran(number, cpu::tsc().wrapping_sub(start));
        match end {
            TurnEnd::Over => {}
            TurnEnd::Yields => self.scheduler.give_way(number),
            TurnEnd::Asleep(until) => self.scheduler.sleep(number, (until != u64::MAX).then_some(until)),
            TurnEnd::Stopped(reason) => match self.slots[number].vm.after(reason) {
                Next::Go => {}
                Next::End(reason) => {
                    self.slots[number].vm.report(reason);
                    self.ended(number);
                }
            },
            TurnEnd::NotStarted => self.stop(number),
        }
    }

    /// A VM has ended by itself. One that is to restart waits the longer the more often it ended soon.
    fn ended(&mut self, number: usize) {
        let slot = &mut self.slots[number];
        if slot.vm.spec().on_exit == OnExit::Stop {
            self.stop(number);
            return;
        }
        let lasted = slot.vm.now() - Instant(0) >= LASTED;
        slot.failures = if lasted { 0 } else { slot.failures + 1 };
        let seconds = FIRST_DELAY << slot.failures.saturating_sub(1).min(DELAY_DOUBLINGS);
        log::info!("vm {}: starts again in {seconds} s", slot.vm.spec().name);
        slot.vm.switch_on(cpu::tsc().saturating_add(clock::tsc().ticks(seconds * SECOND)));
    }

    fn stop(&mut self, number: usize) {
        self.slots[number].is_running = false;
        self.scheduler.stop(number);
    }

    /// The processor turns to this VM: its registers replace those of the one before.
    fn make_live(&mut self, number: usize) {
        if self.live == Some(number) {
            return;
        }
        if let Some(before) = self.live {
            self.slots[before].vm.save_registers();
        }
        self.slots[number].vm.load_registers();
        self.live = Some(number);
    }
}
