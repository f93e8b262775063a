//! How often a virtual CPU left its guest, and why.

use core::fmt;
use machine::exits::Question;
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

/// Places in [`NAMES`].
const PORTS: usize = 0;
const CPUID: usize = 1;
const MSRS: usize = 2;
const HYPERCALLS: usize = 5;

/// Exits by reason.
pub struct ExitCounts {
    counts: [u64; NAMES.len()],
    /// The place of the last one; behind the last place if there was none.
    last: usize,
}

impl Default for ExitCounts {
    fn default() -> Self {
        Self { counts: [0; NAMES.len()], last: NAMES.len() }
    }
}

impl ExitCounts {
    /// Counts one.
    pub fn count(&mut self, reason: &ExitReason) {
        let Some(index) = Self::index(reason) else { return };
        self.counts[index] += 1;
        self.last = index;
    }

    /// Counts one that was answered at once.
    pub fn count_answered(&mut self, question: Question) {
        let index = match question {
            Question::In { .. } => PORTS,
            Question::Cpuid => CPUID,
            Question::ReadMsr => MSRS,
            Question::Hypercall => HYPERCALLS,
        };
        self.counts[index] += 1;
        self.last = index;
    }

    /// The last one.
    pub fn last(&self) -> Option<&'static str> {
        NAMES.get(self.last).copied()
    }

    /// Calls `each` with every reason and how often it came.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        for (name, count) in NAMES.into_iter().zip(self.counts) {
            each(name, count);
        }
    }

    /// Where it is counted; nowhere if that was done when it was answered.
    const fn index(reason: &ExitReason) -> Option<usize> {
        Some(match reason {
            ExitReason::Answered => return None,
            ExitReason::PortIo(_) => PORTS,
            ExitReason::Cpuid => CPUID,
            ExitReason::ReadMsr | ExitReason::WriteMsr => MSRS,
            ExitReason::Xsetbv | ExitReason::WriteControlRegister { .. } => 3,
            ExitReason::Halt => 4,
            ExitReason::Hypercall => HYPERCALLS,
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
        })
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
