//! Virtual machines: the virtual PC of the `machine` crate on this computer's processor.
//!
//! * [`ram`]: a VM's memory
//! * `disks`: gives memory to what it writes to disks
//! * `load`: puts into it what the VM boots
//! * `power`: switching it on, and what follows when it stops
//! * `turn`: the run loop
//! * `terminal`, `display`: its operator's side
//! * `exit_counts`: how often it left the guest, and why
//! * `report`: what the operator reads when a VM stops

mod disks;
mod display;
mod exit_counts;
mod load;
mod power;
mod ram;
mod report;
mod terminal;
mod turn;

pub use power::Next;
pub use turn::TurnEnd;

use crate::arch::x86_64::backend::{
    Backend, GuestLimits, GuestRam as _, HardwareVcpu, OptionalInstructions, SetupError,
};
use crate::arch::x86_64::guest_registers::GuestRegisters;
use crate::arch::x86_64::nested_paging::NestedTables;
use crate::arch::x86_64::{cpu, interrupts};
use crate::host::{clock, rtc};
use alloc::boxed::Box;
use alloc::format;
use bundle::manifest::{Bundle, Display as DisplayKind, VmSpec};
use display::Display;
use exit_counts::ExitCounts;
use machine::cpuid::{CpuidConfig, CpuidPolicy};
use machine::exits::{StopReason, VirtualCpu};
use machine::memory::{Gpa, GuestMemory, NotRam};
use machine::msr::MsrState;
use machine::pc::{DebugPorts, Pc, PcConfig};
use machine::pvclock::{PvClock, WallTime};
use machine::translation::{translate, End, Translation};
use machine::vcpu::{CpuState, ExitReason, MemoryFault, Vcpu};
use power::EarlyEnds;
use ram::GuestRam;
use terminal::Terminal;

/// What a VM does with its turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// It is being switched on, but not before the host's TSC has this value.
    PowerOn { not_before: u64 },
    /// It is being destroyed: what it left in its memory is erased.
    Erase,
    /// Its guest runs.
    Guest,
}

/// A virtual machine on backend `B`.
pub struct Vm<'a, B: Backend> {
    spec: &'a VmSpec,
    bundle: &'a Bundle<'static>,
    ram: GuestRam,
    /// Where the guest reaches its memory, as far as that is ready.
    nested: NestedTables<B::Format>,
    vcpu: B::Vcpu,
    /// What the processor keeps for it while it has no other VM's.
    registers: GuestRegisters,
    cpu: VirtualCpu,
    /// On the heap, as all that is large: a VM is moved about on the stack while it is made.
    pc: Box<Pc>,
    terminal: Terminal,
    /// Of a VM that shows its text screen.
    display: Option<Box<Display>>,
    work: Work,
    /// The guest executed HLT, and nothing has come yet that ends it.
    is_halted: bool,
    /// Its virtual CPU has a state.
    was_on: bool,
    /// There was no memory for its disks the last time.
    disks_starve: bool,
    /// The host's TSC when the VM was powered on, later by the time for which it was paused.
    power_on: u64,
    /// While it is paused: the host's TSC when that began, and its own.
    paused: Option<(u64, u64)>,
    early_ends: EarlyEnds,
    exits: ExitCounts,
    /// TSC ticks in the guest.
    guest_ticks: u64,
}

impl<'a, B: Backend> Vm<'a, B> {
    /// A VM that is switched off.
    ///
    /// # Errors
    /// What this computer lacks for it.
    pub fn new(backend: &B, bundle: &'a Bundle<'static>, spec: &'a VmSpec) -> Result<Self, SetupError> {
        let has_vga = spec.display == DisplayKind::Text;
        let ram = GuestRam::new(spec.memory, has_vga).map_err(|error| in_vm(spec, &error))?;
        let mut nested = NestedTables::new();
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
        let mut pc = Box::new(Pc::new(&board(spec, &ram, &cpuid, rtc::unix_seconds())));
        pc.attach(load::disks(spec, bundle).map_err(|error| in_vm(spec, &error))?);
        let floppies = load::floppies(spec, bundle).map_err(|error| in_vm(spec, &error))?;
        if !pc.insert_floppies(floppies).is_empty() {
            return Err(in_vm(spec, &"a floppy disk fits into no drive; build the image again"));
        }
        if pc.media_want_memory() {
            log::info!("vm {}: what it writes to its disks is in memory, and ends with the VM", spec.name);
        }
        let cpu = VirtualCpu { cpuid, msr };
        Ok(Self {
            spec,
            bundle,
            ram,
            nested,
            vcpu,
            registers: GuestRegisters::at_reset(),
            cpu,
            pc,
            terminal: Terminal::new(),
            display: has_vga.then(|| Box::new(Display::new())),
            work: Work::Guest,
            is_halted: false,
            was_on: false,
            paused: None,
            disks_starve: false,
            power_on: cpu::tsc(),
            early_ends: EarlyEnds::default(),
            exits: ExitCounts::default(),
            guest_ticks: 0,
        })
    }

    /// What pxhv.toml says about it.
    pub fn spec(&self) -> &'a VmSpec {
        self.spec
    }

    /// How often it left its guest, and why.
    pub fn exits(&self) -> &ExitCounts {
        &self.exits
    }

    /// Exits, and time in the guest, count from here on.
    pub fn count_anew(&mut self) {
        (self.exits, self.guest_ticks) = (ExitCounts::default(), 0);
    }

    /// TSC ticks in the guest since it was started.
    pub fn guest_ticks(&self) -> u64 {
        self.guest_ticks
    }

    /// Whether its virtual CPU has run: before, its registers have no values.
    pub fn was_on(&self) -> bool {
        self.was_on
    }

    /// Its registers, while they are the processor's.
    pub fn state(&self) -> CpuState {
        self.vcpu.state()
    }

    /// Reads its RAM.
    ///
    /// # Errors
    /// Some of it is not RAM.
    pub fn read_memory(&self, gpa: u64, bytes: &mut [u8]) -> Result<(), NotRam> {
        self.ram.read(Gpa(gpa), bytes)
    }

    /// The way of a linear address through the guest's page tables, and the host-physical address that it leads to.
    pub fn walk(&self, gva: u64) -> (Translation, Option<u64>) {
        let walk = translate(&self.state(), self.cpu.cpuid.physical_address_bits(), &self.ram, gva);
        let host = match walk.end {
            End::Unpaged(gpa) | End::Page { gpa, .. } => self.ram.host_address(gpa),
            _ => None,
        };
        (walk, host)
    }

    /// The processor turns to another VM: keeps what it has of this one.
    pub fn save_registers(&mut self) {
        self.registers.save();
    }

    /// The processor turns to this VM.
    pub fn load_registers(&self) {
        self.registers.load();
    }

    /// Lets the guest reach the large page that it touched for the first time, if `exit` is for that.
    fn opens_memory(&mut self, reason: &ExitReason) -> bool {
        let (ExitReason::MemoryFault(MemoryFault { gpa, .. }) | ExitReason::PageTables(gpa)) = *reason else {
            return false;
        };
        self.ram.prepare(gpa) && self.nested.open(gpa)
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
    pub fn report(&mut self, reason: StopReason) {
        self.show_end();
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
