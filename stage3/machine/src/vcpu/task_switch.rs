//! What the processor tells about a hardware task switch that it left to the hypervisor.

/// A task switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskSwitch {
    /// Selector of the new task's TSS.
    pub selector: u16,
    /// What asked for it.
    pub cause: TaskSwitchCause,
}

/// What asked for a task switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSwitchCause {
    /// CALL.
    Call,
    /// IRET with RFLAGS.NT set.
    Iret,
    /// JMP.
    Jump,
    /// An event whose gate in the IDT is a task gate.
    Gate {
        /// The event's vector.
        vector: u8,
        /// What kind of event it is.
        kind: EventKind,
        /// The exception's error code.
        error_code: Option<u32>,
    },
}

/// Kinds of events that are delivered through the IDT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// External interrupt or NMI.
    Interrupt,
    /// INT n, INT1, INT3 or INTO.
    Software,
    /// Any other exception.
    Exception,
}
