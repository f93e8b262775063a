//! Switching a VM on, and what follows when it stops.

use super::{board, in_vm, load, TurnEnd, Vm, Work};
use crate::arch::x86_64::backend::{Backend, HardwareVcpu, SetupError};
use crate::arch::x86_64::cpu;
use crate::host::{clock, console, rtc};
use machine::boot::bios;
use machine::exits::StopReason;
use machine::msr::MsrState;
use machine::pvclock::{PvClock, WallTime};
use machine::time::{Instant, SECOND};
use machine::vcpu::Vcpu;

/// A triple fault within this time after power-on (nanoseconds) comes from the guest's first steps.
const EARLY: u64 = SECOND;
/// How many of them in a row end the VM.
const EARLY_FAULTS_MAX: u32 = 3;
/// How many resets of another kind in a row may come as early before each further start waits.
const EARLY_RESETS_MAX: u32 = 3;
/// How long a start waits then (nanoseconds): about as long as firmware takes.
const PAUSE: u64 = SECOND;

/// Ends in a row that came soon after power-on.
#[derive(Clone, Copy, Debug, Default)]
pub struct EarlyEnds {
    faults: u32,
    resets: u32,
}

/// What follows when a VM stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It goes on, perhaps from its reset vector.
    Go,
    /// It has ended.
    End(StopReason),
}

impl<B: Backend> Vm<'_, B> {
    /// Switches the VM on, when the host's TSC reaches `not_before`: the work is done in its turns. What is on its
    /// disks and in its CMOS RAM stays.
    pub fn switch_on(&mut self, not_before: u64) {
        self.work = Work::PowerOn { not_before };
    }

    /// Destroys the VM: the work is done in its turns, and [`TurnEnd::Erased`] ends it.
    pub fn erase(&mut self) {
        self.work = Work::Erase;
    }

    /// The VM's time stands still from `now` (host TSC) on.
    pub fn pause(&mut self, now: u64) {
        self.paused = Some((now, self.vcpu.tsc()));
    }

    /// The VM's time goes on.
    pub fn resume(&mut self, now: u64) {
        if let Some((since, tsc)) = self.paused.take() {
            self.power_on = self.power_on.wrapping_add(now.wrapping_sub(since));
            self.vcpu.set_tsc(tsc);
            // What was typed meanwhile.
            console::needs_service();
        }
    }

    /// Does what has to be done until the host's TSC reaches `until`. None: the guest can run now.
    pub(super) fn work_on(&mut self, until: u64) -> Option<TurnEnd> {
        while self.work == Work::Erase {
            if !self.ram.erase_one() {
                return Some(TurnEnd::Erased);
            }
            if cpu::tsc() >= until {
                return Some(TurnEnd::Over);
            }
        }
        if let Work::PowerOn { not_before } = self.work {
            if cpu::tsc() < not_before {
                return Some(TurnEnd::Asleep(not_before));
            }
            let mib = self.spec.memory >> 20;
            log::info!("vm {}: starting with {mib} MiB of memory", self.spec.name);
            console::lock().flush();
            if let Err(error) = self.power_on() {
                log::error!("{error}");
                return Some(TurnEnd::NotStarted);
            }
        }
        None
    }

    /// Brings everything into the state of a computer that was just switched on, with the guest loaded.
    fn power_on(&mut self) -> Result<(), SetupError> {
        self.nested.close();
        self.vcpu.drop_nested_translations()?;
        self.ram.forget();
        if self.was_on {
            load::verify(self.spec, self.bundle).map_err(|error| in_vm(self.spec, &error))?;
        }
        let state =
            load::guest(self.spec, self.bundle, &self.ram).map_err(|error| in_vm(self.spec, &error))?;
        let seconds = rtc::unix_seconds();
        let clock = PvClock::new(*clock::tsc(), WallTime { seconds, nanos: 0 });
        self.cpu.msr = MsrState::after_firmware(&self.cpu.cpuid, clock);
        let now = self.now();
        self.pc.restart(&board(self.spec, &self.ram, &self.cpu.cpuid, seconds), now);
        if let Some(firmware) =
            load::firmware(self.spec, self.bundle).map_err(|error| in_vm(self.spec, &error))?
        {
            self.pc.install(firmware);
        }
        self.terminal.power_on();
        if let Some(display) = &mut self.display {
            display.power_on();
        }
        self.registers.reset();
        self.registers.load();
        self.vcpu.load(&state);
        self.power_on = cpu::tsc();
        self.vcpu.set_tsc(0);
        (self.is_halted, self.was_on, self.work) = (false, true, Work::Guest);
        Ok(())
    }

    /// What follows when it stopped for `reason`.
    ///
    /// A triple fault resets it, as in a PC, where kernels use it on purpose. One that comes as soon as the guest starts
    /// will come again and again: then the VM ends. Resets of another kind are what the guest wants; if they come as fast,
    /// they are slowed down, and leave the console to others.
    pub fn after(&mut self, reason: StopReason) -> Next {
        let is_early = self.now() - Instant(0) < EARLY;
        let name = &self.spec.name;
        self.warn_of_interrupts();
        match reason {
            StopReason::Reset(source) if self.pc.goes_on_after(source) => {
                self.vcpu.load(&bios::reset_state());
            }
            StopReason::Reset(source) => {
                self.early_ends.faults = 0;
                self.early_ends.resets = if is_early { self.early_ends.resets + 1 } else { 0 };
                self.show_end();
                log::info!("vm {name}: reset by its guest ({source})");
                if self.early_ends.resets == EARLY_RESETS_MAX {
                    log::warn!("vm {name}: resets itself at each start: starts wait a second now");
                }
                let waits = self.early_ends.resets >= EARLY_RESETS_MAX;
                let pause = if waits { clock::tsc().ticks(PAUSE) } else { 0 };
                self.switch_on(cpu::tsc().saturating_add(pause));
            }
            StopReason::TripleFault => {
                self.early_ends.resets = 0;
                self.early_ends.faults = if is_early { self.early_ends.faults + 1 } else { 0 };
                if self.early_ends.faults == EARLY_FAULTS_MAX {
                    self.early_ends = EarlyEnds::default();
                    return Next::End(reason);
                }
                self.show_end();
                self.report_cpu();
                log::warn!("vm {name}: reset by a triple fault");
                self.switch_on(0);
            }
            _ => return Next::End(reason),
        }
        Next::Go
    }
}
