//! Why a VM stops, in the operator's words.

use crate::pc::ResetSource;
use crate::vcpu::{Access, MemoryFault};

/// Why a VM stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// HLT with interrupts disabled: nothing can wake the CPU.
    Halted,
    /// The guest asked for a reset.
    Reset(ResetSource),
    /// A fault while delivering a fault of a fault.
    TripleFault,
    /// An access to memory that is not RAM and not a device.
    NotRam(MemoryFault),
    /// Something that this hypervisor does not virtualize.
    Unsupported(&'static str),
    /// The processor refused the guest's state.
    EntryFailed,
}

impl core::fmt::Display for StopReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Halted => f.write_str("powered off: halted with interrupts disabled"),
            Self::Reset(source) => write!(f, "reset requested by the guest: {source}"),
            Self::TripleFault => f.write_str("triple fault: the guest could not handle an exception"),
            Self::NotRam(MemoryFault { gpa, access }) => {
                let tried = match access {
                    Access::Read => "read from",
                    Access::Write => "wrote to",
                    Access::Fetch => "executed at",
                };
                write!(f, "the guest {tried} address {gpa}, where there is no memory")
            }
            Self::Unsupported(what) => write!(f, "the guest needs what pxHV does not have: {what}"),
            Self::EntryFailed => f.write_str("the processor refused to enter the guest in this state"),
        }
    }
}
