//! Exit qualifications: what the processor tells about an exit, by kind of exit (Intel SDM, "Basic VM-Exit
//! Information").

use machine::exits::Question;
use machine::port::Size;
use machine::vcpu::{Access, ControlRegister, Direction, ExitReason, PortIo, TaskSwitchCause, DR7_ENABLED};

/// The direction of an I/O instruction.
const IO_IN: u64 = 1 << 3;
/// It is INS or OUTS.
const IO_STRING: u64 = 1 << 4;

/// Exit qualification for I/O instructions.
pub struct IoInstruction(pub u64);

impl IoInstruction {
    /// As a question, if it is one: IN without breakpoints on ports.
    #[inline]
    pub fn question(&self, dr7: u64) -> Option<Question> {
        if self.0 & (IO_IN | IO_STRING) != IO_IN || dr7 & DR7_ENABLED != 0 {
            return None;
        }
        Some(Question::In { port: self.port(), size: self.size()? })
    }

    /// As an exit reason.
    pub fn decode(&self) -> ExitReason {
        let Some(size) = self.size() else {
            return ExitReason::Unsupported("port access of a size that the manual does not know");
        };
        ExitReason::PortIo(PortIo {
            port: self.port(),
            size,
            direction: if self.0 & IO_IN != 0 { Direction::In } else { Direction::Out },
            string: self.0 & IO_STRING != 0,
        })
    }

    fn port(&self) -> u16 {
        (self.0 >> 16) as u16
    }

    fn size(&self) -> Option<Size> {
        Size::from_bytes((self.0 & 7) as u32 + 1)
    }
}

/// Exit qualification for task switches.
pub struct TaskSwitchQualification(pub u64);

impl TaskSwitchQualification {
    /// Selector of the new task's TSS.
    pub const fn selector(&self) -> u16 {
        self.0 as u16
    }

    /// The instruction that asked for it; `None` if it was an event.
    pub const fn cause(&self) -> Option<TaskSwitchCause> {
        match self.0 >> 30 & 3 {
            0 => Some(TaskSwitchCause::Call),
            1 => Some(TaskSwitchCause::Iret),
            2 => Some(TaskSwitchCause::Jump),
            _ => None,
        }
    }
}

/// Exit qualification for EPT violations.
pub struct EptViolation(pub u64);

impl EptViolation {
    /// What the guest tried. A read for a write counts as a write.
    pub const fn access(&self) -> Access {
        if self.0 & (1 << 1) != 0 {
            Access::Write
        } else if self.0 & (1 << 2) != 0 {
            Access::Fetch
        } else {
            Access::Read
        }
    }

    /// The guest-physical address is the translation of a linear address, and not that of a paging-structure entry on
    /// the way, or of a page-directory-pointer table loaded by MOV to CR.
    pub const fn is_access_to_operand(&self) -> bool {
        const LINEAR_ADDRESS_VALID: u64 = 1 << 7;
        const TRANSLATED: u64 = 1 << 8;
        self.0 & (LINEAR_ADDRESS_VALID | TRANSLATED) == LINEAR_ADDRESS_VALID | TRANSLATED
    }

    /// "NMI unblocking due to IRET": the access was an IRET's, which had ended the blocking of NMIs already.
    pub const fn unblocked_nmis(&self) -> bool {
        self.0 & (1 << 12) != 0
    }
}

/// Exit qualification for control-register accesses.
pub struct ControlRegisterAccess(pub u64);

/// An instruction that writes to a control register.
pub enum ControlRegisterWrite {
    /// MOV from the general register with this number.
    Mov(ControlRegister, u8),
    /// CLTS.
    Clts,
    /// LMSW with this operand.
    Lmsw(u16),
}

impl ControlRegisterAccess {
    /// What it was; `None` for an access that no control makes exit.
    pub const fn decode(&self) -> Option<ControlRegisterWrite> {
        let register = match self.0 & 0xf {
            0 => ControlRegister::Cr0,
            4 => ControlRegister::Cr4,
            _ => return None,
        };
        match (self.0 >> 4) & 3 {
            0 => Some(ControlRegisterWrite::Mov(register, (self.0 >> 8) as u8 & 0xf)),
            2 => Some(ControlRegisterWrite::Clts),
            3 => Some(ControlRegisterWrite::Lmsw((self.0 >> 16) as u16)),
            _ => None,
        }
    }
}
