//! Virtual machines: the virtual PC of the `machine` crate on this computer's processor.
//!
//! * [`ram`]: a VM's memory
//! * `disks`: gives memory to what it writes to disks
//! * `load`: puts into it what the VM boots
//! * [`run`]: the run loop
//! * `service`, `display`: the operator's console while it runs
//! * `exit_counts`: how often it left the guest, and why
//! * `report`: what the operator reads when a VM stops

mod disks;
mod display;
mod exit_counts;
mod load;
mod ram;
mod report;
mod run;
mod service;

use crate::arch::x86_64::backend::{Backend, GuestLimits, HardwareVcpu, OptionalInstructions, SetupError};
use crate::arch::x86_64::nested_paging::NestedTables;
use crate::arch::x86_64::{cpu, interrupts, timer};
use crate::host::{clock, console, rtc};
use alloc::boxed::Box;
use alloc::format;
use bundle::boot_info::BootInfo;
use bundle::manifest::{Bundle, Display as DisplayKind, Manifest, VmSpec};
use display::Display;
use exit_counts::ExitCounts;
use machine::boot::bios;
use machine::cpuid::{CpuidConfig, CpuidPolicy};
use machine::exits::{StopReason, VirtualCpu};
use machine::memory::GuestMemory;
use machine::msr::MsrState;
use machine::pc::{DebugPorts, Pc, PcConfig};
use machine::pvclock::{PvClock, WallTime};
use machine::time::{Instant, SECOND};
use machine::vcpu::Vcpu;
use ram::GuestRam;

/// A triple fault within this time after power-on (nanoseconds) comes from the guest's first steps.
const EARLY: u64 = SECOND;
/// How many of them in a row end the VM.
const EARLY_FAULTS_MAX: u32 = 3;
/// How many resets of another kind in a row may come as early before each further start waits.
const EARLY_RESETS_MAX: u32 = 3;
/// How long a start waits then (nanoseconds): about as long as firmware takes.
const PAUSE: u64 = SECOND;

/// A virtual machine on backend `B`.
struct Vm<'a, B: Backend> {
    spec: &'a VmSpec,
    bundle: &'a Bundle<'static>,
    ram: GuestRam,
    /// Kept for the processor, which walks it.
    _nested: NestedTables<B::Format>,
    vcpu: B::Vcpu,
    cpu: VirtualCpu,
    /// On the heap, as all that is large: a VM is moved about on the stack while it is made.
    pc: Box<Pc>,
    /// Of a VM that shows its text screen.
    display: Option<Box<Display>>,
    /// There was no memory for its disks the last time.
    disks_starve: bool,
    /// The host's TSC when the VM was powered on.
    power_on: u64,
    exits: ExitCounts,
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
    let [spec] = manifest.vms.as_slice() else {
        return Err(SetupError(format!(
            "the image has {} virtual machines, and this version runs one",
            manifest.vms.len()
        )));
    };
    let mut vm = Vm::<B>::new(&backend, bundle, spec)?;
    let reason = vm.run_until_it_ends();
    vm.report(reason);
    vm.ram.release();
    Ok(())
}

impl<'a, B: Backend> Vm<'a, B> {
    /// A VM that is powered on: memory, virtual PC, guest loaded, CPU at its entry.
    fn new(backend: &B, bundle: &'a Bundle<'static>, spec: &'a VmSpec) -> Result<Self, SetupError> {
        let has_vga = spec.display == DisplayKind::Text;
        let ram = GuestRam::new(spec.memory, has_vga).map_err(|error| in_vm(spec, &error))?;
        let mut nested = NestedTables::new(backend.has_1g_pages());
        ram.map(&mut nested);
        let optional = backend.optional_instructions();
        let tsc = *clock::tsc();
        let config = CpuidConfig { tsc_khz: tsc.khz(), rdtscp: optional.rdtscp, invpcid: optional.invpcid };
        let cpuid = CpuidPolicy::new(&cpu::Cpuid, &config);
        let instructions = OptionalInstructions { rdtscp: cpuid.has_rdtscp(), ..optional };
        let limits = GuestLimits {
            cr4: cpuid.cr4_allowed(),
            instructions,
            physical_bits: cpuid.physical_address_bits(),
        };
        let vcpu = backend.create_vcpu(nested.root(), &limits)?;
        let msr = MsrState::after_firmware(&cpuid, PvClock::new(tsc, WallTime::default()));
        let mut pc = Box::new(Pc::new(&board(spec, &ram, &cpuid, 0)));
        pc.attach(load::disks(spec, bundle).map_err(|error| in_vm(spec, &error))?);
        let floppies = load::floppies(spec, bundle).map_err(|error| in_vm(spec, &error))?;
        if !pc.insert_floppies(floppies).is_empty() {
            return Err(in_vm(spec, &"a floppy disk fits into no drive; build the image again"));
        }
        if pc.media_want_memory() {
            log::info!("vm {}: what it writes to its disks is in memory, and ends with the VM", spec.name);
        }
        let cpu = VirtualCpu { cpuid, msr };
        let mut vm = Self {
            spec,
            bundle,
            ram,
            _nested: nested,
            vcpu,
            cpu,
            pc,
            display: has_vga.then(|| Box::new(Display::new())),
            disks_starve: false,
            power_on: 0,
            exits: ExitCounts::default(),
        };
        vm.power_on()?;
        Ok(vm)
    }

    /// Brings everything into the state of a computer that was just switched on, with the guest loaded.
    fn power_on(&mut self) -> Result<(), SetupError> {
        let mib = self.spec.memory >> 20;
        log::info!("vm {}: starting with {mib} MiB of memory", self.spec.name);
        console::lock().flush();
        self.ram.clear();
        let state =
            load::guest(self.spec, self.bundle, &self.ram).map_err(|error| in_vm(self.spec, &error))?;
        let seconds = rtc::unix_seconds();
        let clock = PvClock::new(*clock::tsc(), WallTime { seconds, nanos: 0 });
        self.cpu.msr = MsrState::after_firmware(&self.cpu.cpuid, clock);
        // What is on the disks stays.
        let (disks, floppies) = (self.pc.detach(), self.pc.eject_floppies());
        *self.pc = Pc::new(&board(self.spec, &self.ram, &self.cpu.cpuid, seconds));
        self.pc.attach(disks);
        self.pc.insert_floppies(floppies);
        if let Some(firmware) =
            load::firmware(self.spec, self.bundle).map_err(|error| in_vm(self.spec, &error))?
        {
            self.pc.install(firmware);
        }
        if let Some(display) = &mut self.display {
            display.power_on();
        }
        self.vcpu.load(&state);
        cpu::reset_guest_registers();
        self.power_on = cpu::tsc();
        self.vcpu.set_tsc(0);
        Ok(())
    }

    /// Runs the VM, through resets, until it ends.
    ///
    /// A triple fault resets it, as in a PC, where kernels use it on purpose. One that comes as soon as the guest starts
    /// will come again and again: then the VM ends. Resets of another kind are what the guest wants; if they come as fast,
    /// they are slowed down, and leave the console to others.
    fn run_until_it_ends(&mut self) -> StopReason {
        let (mut early_faults, mut early_resets) = (0, 0);
        loop {
            let reason = self.run();
            let is_early = self.now() - Instant(0) < EARLY;
            self.warn_of_interrupts();
            match reason {
                StopReason::Reset(source) if self.pc.goes_on_after(source) => {
                    self.vcpu.load(&bios::reset_state());
                    continue;
                }
                StopReason::Reset(source) => {
                    early_faults = 0;
                    early_resets = if is_early { early_resets + 1 } else { 0 };
                    log::info!("vm {}: reset by its guest ({source})", self.spec.name);
                    if early_resets == EARLY_RESETS_MAX {
                        log::warn!(
                            "vm {}: resets itself at each start: starts wait a second now",
                            self.spec.name
                        );
                    }
                    if early_resets >= EARLY_RESETS_MAX {
                        pause();
                    }
                }
                StopReason::TripleFault => {
                    early_resets = 0;
                    early_faults = if is_early { early_faults + 1 } else { 0 };
                    if early_faults == EARLY_FAULTS_MAX {
                        return reason;
                    }
                    self.report_cpu();
                    log::warn!("vm {}: reset by a triple fault", self.spec.name);
                }
                _ => return reason,
            }
            if let Err(error) = self.power_on() {
                log::error!("{error}");
                return reason;
            }
        }
    }

    fn warn_of_interrupts(&self) {
        let unexpected = interrupts::take_unexpected();
        if unexpected > 0 {
            log::warn!("vm {}: {unexpected} interrupts came that nobody asked for", self.spec.name);
        }
    }

    /// Shows the operator where the CPU is.
    fn report_cpu(&self) {
        report::registers(&self.spec.name, &self.vcpu.state());
        let physical_bits = self.cpu.cpuid.physical_address_bits();
        report::instruction(&self.spec.name, &self.vcpu, &self.ram, physical_bits);
        report::page_walks(&self.spec.name, &self.vcpu.state(), &self.ram, physical_bits);
    }

    /// Tells the operator why the VM ended.
    fn report(&self, reason: StopReason) {
        if !matches!(reason, StopReason::Halted | StopReason::PowerOff | StopReason::DebugExit(_)) {
            self.report_cpu();
        }
        if matches!(reason, StopReason::EntryFailed | StopReason::Unsupported(_)) {
            report::processor(&self.spec.name, |out| self.vcpu.explain(out));
        }
        log::info!("vm {}: exits: {}", self.spec.name, self.exits);
        log::info!("vm {}: ended: {reason}", self.spec.name);
    }
}

/// Waits [`PAUSE`].
fn pause() {
    console::lock().flush();
    let end = cpu::tsc().saturating_add(clock::tsc().ticks(PAUSE));
    while cpu::tsc() < end {
        timer::arm(end);
        interrupts::wait();
    }
}

/// The board of a VM that is powered on at `wall_clock` (seconds since 1970).
fn board(spec: &VmSpec, ram: &GuestRam, cpuid: &CpuidPolicy, wall_clock: u64) -> PcConfig {
    let physical_bits = cpuid.physical_address_bits() as u8;
    let debug = DebugPorts { exit: spec.debug_exit, console: spec.debugcon };
    PcConfig {
        layout: ram.layout(),
        cpus: spec.vcpus as u16,
        wall_clock,
        tsc: *clock::tsc(),
        physical_bits,
        debug,
    }
}

/// An error about a VM, with its name.
fn in_vm(spec: &VmSpec, error: &dyn core::fmt::Display) -> SetupError {
    SetupError(format!("vm {}: {error}", spec.name))
}
