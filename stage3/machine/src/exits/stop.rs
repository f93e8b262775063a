//! Why a VM stops, in the operator's words.

use crate::emulate::Refusal;
use crate::pc::{PowerEvent, ResetSource};
use crate::vcpu::MemoryFault;

/// Why a VM stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// HLT with interrupts disabled, and no source of an NMI: nothing can wake the CPU.
    Halted,
    /// The guest switched its machine off (ACPI state S5).
    PowerOff,
    /// The guest wrote this to the debug exit port.
    DebugExit(u32),
    /// The guest ended itself with this code, by a hypercall.
    Exit(u32),
    /// The guest asked for a reset.
    Reset(ResetSource),
    /// A fault while delivering a fault of a fault.
    TripleFault,
    /// An access to memory that is not RAM and not a device.
    NotRam(MemoryFault),
    /// An access to a device by an instruction that can't be done on one.
    NotEmulated(Refusal),
    /// Something that this hypervisor does not virtualize.
    Unsupported(&'static str),
    /// The processor refused the guest's state.
    EntryFailed,
}

impl From<PowerEvent> for StopReason {
    fn from(event: PowerEvent) -> Self {
        match event {
            PowerEvent::Reset(source) => Self::Reset(source),
            PowerEvent::Off => Self::PowerOff,
            PowerEvent::DebugExit(value) => Self::DebugExit(value),
        }
    }
}

impl core::fmt::Display for StopReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Halted => f.write_str("powered off: halted with interrupts disabled"),
            Self::PowerOff => f.write_str("powered off"),
            Self::DebugExit(value) => write!(f, "the guest ended with debug exit value {value}"),
            Self::Exit(code) => write!(f, "the guest ended with code {code}"),
            Self::Reset(source) => write!(f, "reset requested by the guest: {source}"),
            Self::TripleFault => f.write_str("triple fault: the guest could not handle an exception"),
            Self::NotRam(fault) => write!(f, "the guest {fault}"),
            Self::NotEmulated(refusal @ Refusal::Delivery(_)) => {
                write!(f, "the guest can't take an interrupt or exception: {refusal}")
            }
            Self::NotEmulated(refusal) => {
                write!(f, "the guest's access to a device is not possible: {refusal}")
            }
            Self::Unsupported(what) => write!(f, "the guest needs what pxHV does not have: {what}"),
            Self::EntryFailed => f.write_str("the processor refused to enter the guest in this state"),
        }
    }
}
