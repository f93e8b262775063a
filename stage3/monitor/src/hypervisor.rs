//! What the monitor needs of the hypervisor.

use crate::front::Front;
use crate::lifecycle::Change;
use crate::ring::Ring;
use crate::view::{Capability, CpuView, Identity, MemoryView, Times, VcpuView, VmView, Walk};
use alloc::borrow::Cow;
use bundle::manifest::LogLevel;
use core::fmt;
use machine::vcpu::CpuState;

/// The hypervisor as its operator sees it.
///
/// VMs are numbered as in pxhv.toml, from 0 to below [`Hypervisor::vm_count`], and so are virtual CPUs and CPUs of the
/// computer. The monitor asks for no others, makes no change that [`crate::lifecycle::State::after`] forbids, and looks
/// at no VM that does not exist. What may be behind a lock is lent to a function.
pub trait Hypervisor {
    /// Which hypervisor this is.
    fn identity(&self) -> Identity<'_>;
    /// Number of VMs.
    fn vm_count(&self) -> usize;
    /// A VM.
    fn vm(&self, vm: usize) -> VmView<'_>;
    /// A VM's virtual CPU.
    fn vcpu(&self, vm: usize, vcpu: usize) -> VcpuView;
    /// Changes a VM's state. What takes longer may go on afterwards.
    ///
    /// # Errors
    /// Why not, and what to do about it.
    fn change(&mut self, vm: usize, change: Change) -> Result<(), Refusal>;

    /// How a VM spent its time.
    fn times(&self, vm: usize) -> Times;
    /// How often a VM's CPUs left the guest, by reason.
    fn exits(&self, vm: usize, each: &mut dyn FnMut(&'static str, u64));
    /// Registers of a VM's virtual CPU.
    ///
    /// # Errors
    /// Why they can't be read now, and what to do about it.
    fn registers(&mut self, vm: usize, vcpu: usize) -> Result<CpuState, Refusal>;
    /// Reads a VM's RAM.
    ///
    /// # Errors
    /// Some of it is not RAM.
    fn read_memory(&mut self, vm: usize, gpa: u64, bytes: &mut [u8]) -> Result<(), NotRam>;
    /// Translates a linear address as a VM's virtual CPU does now.
    ///
    /// # Errors
    /// Why that is not possible now, and what to do about it.
    fn walk(&mut self, vm: usize, vcpu: usize, gva: u64) -> Result<Walk, Refusal>;

    /// What the processor's virtualization offers.
    fn caps(&self, each: &mut dyn FnMut(Capability<'_>));
    /// The computer's memory.
    fn memory(&self) -> MemoryView;
    /// Number of the computer's CPUs.
    fn cpu_count(&self) -> usize;
    /// A CPU of the computer.
    fn cpu(&self, cpu: usize) -> CpuView;
    /// The least important messages that are printed.
    fn log_level(&self) -> LogLevel;
    /// Changes that.
    fn set_log_level(&mut self, level: LogLevel);
    /// Lends the log.
    fn log(&mut self, look: &mut dyn FnMut(&mut Ring));

    /// Who has the console.
    fn front(&self) -> Front;
    /// Gives the console to somebody else. [`crate::Console::follow`] does the rest.
    fn attach(&mut self, front: Front);
    /// Types `bytes` for a VM that is on, at its serial port or its keyboard.
    ///
    /// # Errors
    /// Why not, and what to do about it.
    fn send(&mut self, vm: usize, bytes: &[u8]) -> Result<(), Refusal>;
    /// Lends what a VM said last.
    fn output(&mut self, vm: usize, look: &mut dyn FnMut(&mut Ring));
    /// Ends all VMs and switches the computer off, perhaps after this function has returned.
    fn power_off(&mut self);
}

/// Why the hypervisor does not do something, in words that say what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Cow<'static, str>);

impl From<&'static str> for Refusal {
    fn from(words: &'static str) -> Self {
        Self(Cow::Borrowed(words))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// There is no RAM at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRam;
