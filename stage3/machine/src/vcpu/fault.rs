//! Exceptions that handlers make a guest take.

/// An exception of the x86 architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// #DE, divide error.
    DivideError,
    /// #UD, invalid opcode.
    InvalidOpcode,
    /// #DF, double fault: an exception came while another was delivered.
    DoubleFault,
    /// #SS(0), stack segment.
    StackSegment,
    /// #GP(0), general protection.
    GeneralProtection,
    /// An exception about a segment, whose error code names it: a selector with bit 0 set if no instruction asked for it.
    Selector(SelectorFault, u16),
    /// #PF, page fault. CR2 takes the address when the fault is delivered.
    PageFault {
        /// The linear address that could not be accessed.
        address: u64,
        /// What kind of access it was and why it failed.
        error_code: u32,
    },
    /// #MF, x87 floating-point error.
    FloatingPoint,
    /// #AC(0), alignment check.
    AlignmentCheck,
    /// #DB with DR6.BT: the TSS of the new task asks for it.
    TaskSwitchTrap,
}

/// The exceptions that name a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectorFault {
    /// #TS.
    InvalidTss = 10,
    /// #NP.
    SegmentNotPresent = 11,
    /// #SS.
    StackSegment = 12,
    /// #GP.
    GeneralProtection = 13,
}

impl Fault {
    /// The exception's number.
    #[must_use]
    pub const fn vector(&self) -> u8 {
        match self {
            Self::DivideError => 0,
            Self::TaskSwitchTrap => 1,
            Self::InvalidOpcode => 6,
            Self::DoubleFault => 8,
            Self::StackSegment => SelectorFault::StackSegment as u8,
            Self::GeneralProtection => SelectorFault::GeneralProtection as u8,
            Self::Selector(exception, _) => *exception as u8,
            Self::PageFault { .. } => 14,
            Self::FloatingPoint => 16,
            Self::AlignmentCheck => 17,
        }
    }

    /// What is pushed with it in protected mode.
    #[must_use]
    pub const fn error_code(&self) -> Option<u32> {
        match self {
            Self::DivideError | Self::TaskSwitchTrap | Self::InvalidOpcode | Self::FloatingPoint => None,
            Self::DoubleFault | Self::StackSegment | Self::GeneralProtection | Self::AlignmentCheck => {
                Some(0)
            }
            Self::Selector(_, error_code) => Some(*error_code as u32),
            Self::PageFault { error_code, .. } => Some(*error_code),
        }
    }
}
