//! Why an instruction is not emulated.

use crate::linear::MAX_INSTRUCTION;
use crate::vcpu::MemoryFault;
use core::fmt;

/// Why an instruction is not emulated: the VM can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Code, or a page table, or an operand above 4 GiB, is neither in RAM nor a device's.
    NotRam(MemoryFault),
    /// The processor was delivering an event: the interrupt table or the stack is not in RAM.
    Delivery(MemoryFault),
    /// What the instruction is, and its bytes.
    Unsupported(&'static str, Bytes),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRam(fault) => write!(f, "{:?} at {}, where there is no memory", fault.access, fault.gpa),
            Self::Delivery(fault) => {
                write!(f, "delivery of an event needs {}, where there is no memory", fault.gpa)
            }
            Self::Unsupported(what, bytes) => write!(f, "{what}: {bytes}"),
        }
    }
}

/// The bytes of an instruction, or those that were fetched in search of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    bytes: [u8; MAX_INSTRUCTION],
    length: usize,
}

impl Bytes {
    /// From at most 15 `bytes`.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut result = Self { bytes: [0; MAX_INSTRUCTION], length: bytes.len().min(MAX_INSTRUCTION) };
        for (to, from) in result.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        result
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.as_slice().iter().enumerate() {
            write!(f, "{}{byte:02x}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
