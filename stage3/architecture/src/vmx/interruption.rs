//! Interruption information: how VM entries and VM exits write down an event (Intel SDM, "VM-Entry Controls for Event
//! Injection", "Information for VM Exits Due to Vectored Events").

/// There is an event.
pub const VALID: u32 = 1 << 31;
/// It has an error code.
pub const ERROR_CODE: u32 = 1 << 11;
/// Its type, see [`Kind`].
pub const TYPE: u32 = 7 << 8;
/// A type.
pub const TYPE_EXTERNAL_INTERRUPT: u32 = 0 << 8;
/// See [`TYPE_EXTERNAL_INTERRUPT`].
pub const TYPE_NMI: u32 = 2 << 8;
/// See [`TYPE_EXTERNAL_INTERRUPT`].
pub const TYPE_HARDWARE_EXCEPTION: u32 = 3 << 8;
/// See [`TYPE_EXTERNAL_INTERRUPT`].
pub const TYPE_SOFTWARE_INTERRUPT: u32 = 4 << 8;
/// See [`TYPE_EXTERNAL_INTERRUPT`].
pub const TYPE_PRIVILEGED_SOFTWARE_EXCEPTION: u32 = 5 << 8;
/// See [`TYPE_EXTERNAL_INTERRUPT`].
pub const TYPE_SOFTWARE_EXCEPTION: u32 = 6 << 8;
/// Its vector.
pub const VECTOR: u32 = 0xff;
/// The type that means nothing.
const RESERVED_TYPE: u32 = 1 << 8;
/// Bits that are 0 at VM entry.
pub const RESERVED: u32 = 0x7fff_f000;

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0: external interrupt.
    ExternalInterrupt,
    /// 1: reserved.
    Reserved,
    /// 2: NMI.
    Nmi,
    /// 3: hardware exception.
    HardwareException,
    /// 4: INT n.
    SoftwareInterrupt,
    /// 5: INT1.
    PrivilegedSoftwareException,
    /// 6: INT3 and INTO.
    SoftwareException,
    /// 7: a pending monitor trap, or SYSCALL and SYSENTER with FRED.
    Other,
}

impl Kind {
    /// The type in interruption information.
    #[must_use]
    pub const fn of(information: u32) -> Self {
        match information & TYPE {
            TYPE_EXTERNAL_INTERRUPT => Self::ExternalInterrupt,
            TYPE_NMI => Self::Nmi,
            TYPE_HARDWARE_EXCEPTION => Self::HardwareException,
            TYPE_SOFTWARE_INTERRUPT => Self::SoftwareInterrupt,
            TYPE_PRIVILEGED_SOFTWARE_EXCEPTION => Self::PrivilegedSoftwareException,
            TYPE_SOFTWARE_EXCEPTION => Self::SoftwareException,
            RESERVED_TYPE => Self::Reserved,
            _ => Self::Other,
        }
    }

    /// The event is an instruction's, whose length counts.
    #[must_use]
    pub const fn is_software(self) -> bool {
        matches!(self, Self::SoftwareInterrupt | Self::PrivilegedSoftwareException | Self::SoftwareException)
    }

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExternalInterrupt => "external interrupt",
            Self::Reserved => "reserved",
            Self::Nmi => "NMI",
            Self::HardwareException => "hardware exception",
            Self::SoftwareInterrupt => "software interrupt",
            Self::PrivilegedSoftwareException => "privileged software exception",
            Self::SoftwareException => "software exception",
            Self::Other => "other event",
        }
    }
}
