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
pub struct ExitCounts {
    counts: [u64; NAMES.len()],
    last: Option<usize>,
}

impl ExitCounts {
    /// Counts one.
    pub fn count(&mut self, reason: &ExitReason) {
        let index = Self::index(reason);
        self.counts[index] += 1;
        self.last = Some(index);
    }

    /// The last one.
    pub fn last(&self) -> Option<&'static str> {
        self.last.map(|index| NAMES[index])
    }

    /// Calls `each` with every reason and how often it came.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        for (name, count) in NAMES.into_iter().zip(self.counts) {
            each(name, count);
        }
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
            | ExitReason::Forbidden
            | ExitReason::FloatingPointError => 6,
            ExitReason::MemoryFault(_) => 7,
            ExitReason::Host | ExitReason::InterruptWindow => 8,
            ExitReason::PageTables(_)
            | ExitReason::Shutdown
            | ExitReason::Unsupported(_)
            | ExitReason::EntryFailed => 9,
        }
    }
}

/// `12345: ports 12000, CPUID 345`
impl fmt::Display for ExitCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.counts.iter().sum::<u64>())?;
        let counted = NAMES.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        for (index, (name, count)) in counted.enumerate() {
            write!(f, "{} {name} {count}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}
