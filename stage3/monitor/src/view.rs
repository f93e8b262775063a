//! What the monitor is shown, as plain data. Times are in nanoseconds, sizes in bytes.

use crate::lifecycle::{Ending, State, VcpuState};
use core::fmt;
use machine::translation::Translation;

/// Which hypervisor on which computer.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// pxHV's version.
    pub version: &'a str,
    /// `Intel VMX` or `AMD SVM`.
    pub backend: &'a str,
    /// The processor's own name.
    pub processor: &'a str,
    /// Rate of the TSC.
    pub tsc_khz: u64,
    /// How long it has been running.
    pub up: u64,
}

/// A virtual machine.
#[derive(Clone, Copy, Debug)]
pub struct VmView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is in its life.
    pub state: State,
    /// How long it has been there.
    pub in_state: u64,
    /// Its RAM, whether it has it now or not.
    pub memory: u64,
    /// What it boots: `linux`, `bios`, ...
    pub boot: &'a str,
    /// Number of its virtual CPUs.
    pub vcpus: usize,
    /// What follows when its guest comes to an end: the word of pxhv.toml.
    pub on_exit: &'a str,
    /// Its share of the computer's CPUs beside that of the others.
    pub weight: u32,
    /// How it came to be off the last time.
    pub last_end: Option<Ending>,
}

/// A virtual CPU.
#[derive(Clone, Copy, Debug)]
pub struct VcpuView {
    /// What it is doing.
    pub state: VcpuState,
    /// Why it left its guest the last time.
    pub last_exit: Option<&'static str>,
}

/// How a VM spent its time since it was started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Its CPUs executed the guest.
    pub guest: u64,
    /// The hypervisor handled its exits.
    pub host: u64,
    /// Its CPUs waited for interrupts.
    pub waiting: u64,
    /// Its CPUs waited for their turn.
    pub ready: u64,
    /// Its part of the computer's time, of 1000, lately.
    pub share: u32,
}

/// A CPU of the computer.
#[derive(Clone, Copy, Debug)]
pub struct CpuView {
    /// ID of its local APIC.
    pub apic_id: u32,
    /// It runs VMs.
    pub is_online: bool,
    /// The VM and its virtual CPU that it runs now.
    pub runs: Option<(usize, usize)>,
    /// How busy it was lately, of 1000.
    pub busy: u32,
}

/// The computer's memory.
#[derive(Clone, Copy, Debug)]
pub struct MemoryView {
    /// RAM that the firmware reports.
    pub total: u64,
    /// RAM that nobody has.
    pub free: u64,
    /// What the files of all guests take.
    pub files: u64,
    /// Size of the hypervisor's heap.
    pub heap: u64,
    /// What of it is in use.
    pub heap_used: u64,
}

/// A feature of the processor's virtualization.
#[derive(Clone, Copy)]
pub struct Capability<'a> {
    /// The manual's name.
    pub name: &'a str,
    /// What the processor has of it.
    pub offer: Offer<'a>,
    /// Whether pxHV uses it here.
    pub is_used: bool,
}

/// What a processor has of a feature.
#[derive(Clone, Copy)]
pub enum Offer<'a> {
    /// It is there.
    Yes,
    /// It is not.
    No,
    /// A number, or a list.
    Detail(&'a dyn fmt::Display),
}

/// The way from a linear address of a guest to the computer's memory.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Through the guest's page tables.
    pub guest: Translation,
    /// Through the nested ones: the host-physical address, if RAM is mapped there.
    pub host: Option<u64>,
}
