//! Why an instruction is not emulated.

use super::disassemble::Bytes;
use crate::vcpu::MemoryFault;
use core::fmt;

/// Why an instruction is not emulated: the VM can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Code, or a page table, is not in RAM.
    NotRam(MemoryFault),
    /// The processor was delivering an event: the interrupt table or the stack is not in RAM.
    Delivery(MemoryFault),
    /// What the instruction is, and its bytes.
    Unsupported(&'static str, Bytes),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRam(fault) => write!(f, "the guest {fault}"),
            Self::Delivery(fault) => {
                write!(f, "its stack or a descriptor table leads to {}, where there is no memory", fault.gpa)
            }
            Self::Unsupported(what, bytes) => write!(f, "{what}: {bytes}"),
        }
    }
}
