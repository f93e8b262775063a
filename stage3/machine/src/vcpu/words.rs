//! Faults in the operator's words.

use super::{Access, Fault, MemoryFault, SelectorFault};
use core::fmt;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DivideError => f.write_str("#DE"),
            Self::InvalidOpcode => f.write_str("#UD"),
            Self::FloatingPoint => f.write_str("#MF"),
            Self::DoubleFault => f.write_str("#DF"),
            Self::TaskSwitchTrap => f.write_str("#DB of a task switch"),
            Self::Selector(exception, error_code) => {
                let name = match exception {
                    SelectorFault::InvalidTss => "#TS",
                    SelectorFault::SegmentNotPresent => "#NP",
                    SelectorFault::StackSegment => "#SS",
                    SelectorFault::GeneralProtection => "#GP",
                };
                write!(f, "{name}({error_code:#x})")
            }
            Self::StackSegment => f.write_str("#SS(0)"),
            Self::GeneralProtection => f.write_str("#GP(0)"),
            Self::AlignmentCheck => f.write_str("#AC(0)"),
            Self::PageFault { address, error_code } => {
                write!(f, "#PF at {address:#x} with error code {error_code:#x}")
            }
        }
    }
}

impl fmt::Display for MemoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tried = match self.access {
            Access::Read => "read from",
            Access::Write => "wrote to",
            Access::Fetch => "executed at",
        };
        write!(f, "{tried} address {}, where there is no memory", self.gpa)
    }
}
