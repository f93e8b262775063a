//! How often a virtual CPU left its guest, and why.

use core::fmt;
use machine::vcpu::ExitReason;

/// What is counted apart.
const NAMES: [&str; 10] = [
    "ports",
    "CPUID",
    "MSRs",
    "control registers",
    "HLT",
    "hypercalls",
    "other instructions",
    "device memory",
    "host and interrupt windows",
    "ends",
];

/// Exits by reason.
#[derive(Default)]
pub struct ExitCounts([u64; NAMES.len()]);

impl ExitCounts {
    /// Counts one.
    pub fn count(&mut self, reason: &ExitReason) {
        self.0[Self::index(reason)] += 1;
    }

    const fn index(reason: &ExitReason) -> usize {
        match reason {
            ExitReason::PortIo(_) => 0,
            ExitReason::Cpuid => 1,
            ExitReason::ReadMsr | ExitReason::WriteMsr => 2,
            ExitReason::Xsetbv | ExitReason::WriteControlRegister { .. } => 3,
            ExitReason::Halt => 4,
            ExitReason::Hypercall => 5,
            ExitReason::CacheFlush
            | ExitReason::TaskSwitch(_)
            | ExitReason::Undefined
            | ExitReason::InvalidOpcode
            | ExitReason::Forbidden => 6,
            ExitReason::MemoryFault(_) => 7,
            ExitReason::Host | ExitReason::InterruptWindow => 8,
            ExitReason::FloatingPointError
            | ExitReason::PageTables(_)
            | ExitReason::Shutdown
            | ExitReason::Unsupported(_)
            | ExitReason::EntryFailed => 9,
        }
    }
}

/// `12345: ports 12000, CPUID 345`
impl fmt::Display for ExitCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.iter().sum::<u64>())?;
        let counted = NAMES.iter().zip(self.0).filter(|(_, count)| *count > 0);
        for (index, (name, count)) in counted.enumerate() {
            write!(f, "{} {name} {count}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}
