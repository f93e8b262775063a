//! The registers of a local APIC (Intel SDM, "Local APIC Register Address Map" and "x2APIC Register
//! Address Space"). Register n is at byte 16 × n of the page, and is MSR 800h + n.

use super::lvt::Source;
use super::timer;

/// Version register: a local APIC of Pentium 4 and later (14h), six LVT entries (number of the last one),
/// EOI broadcasts can be suppressed.
pub(super) const VERSION: u32 = 0x14 | 5 << 16 | 1 << 24;

/// Spurious-interrupt vector register: vector.
pub(super) const SPURIOUS_VECTOR: u32 = 0xff;
/// Spurious-interrupt vector register: software enable.
pub(super) const SOFTWARE_ENABLE: u32 = 1 << 8;
/// Spurious-interrupt vector register: focus processor checking. It is kept and has no effect.
const FOCUS: u32 = 1 << 9;
/// Spurious-interrupt vector register: no EOI broadcasts.
pub(super) const SUPPRESS_BROADCAST: u32 = 1 << 12;
/// Spurious-interrupt vector register: all of its bits.
pub(super) const SPURIOUS_BITS: u32 = SPURIOUS_VECTOR | SOFTWARE_ENABLE | FOCUS | SUPPRESS_BROADCAST;

/// Error status: an illegal vector was to be sent.
pub(super) const SEND_ILLEGAL_VECTOR: u32 = 1 << 5;
/// Error status: an illegal vector was received, or a local source has one.
pub(super) const RECEIVE_ILLEGAL_VECTOR: u32 = 1 << 6;
/// Error status: access to a register that does not exist.
pub(super) const ILLEGAL_REGISTER: u32 = 1 << 7;

/// Destination format: the model in bits 31:28; all others are ones.
pub(super) const DESTINATION_FORMAT_ONES: u32 = 0x0fff_ffff;

/// Interrupt command: bits that are kept. Not delivery status (12): messages are sent at once.
pub(super) const COMMAND_BITS: u32 = 0x000c_cfff;
/// Interrupt command: delivery status, ignored when written.
const COMMAND_STATUS: u32 = 1 << 12;

/// One register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    Id,
    Version,
    TaskPriority,
    ArbitrationPriority,
    ProcessorPriority,
    Eoi,
    RemoteRead,
    LogicalDestination,
    DestinationFormat,
    Spurious,
    InService(usize),
    TriggerMode(usize),
    Request(usize),
    ErrorStatus,
    CommandLow,
    CommandHigh,
    Lvt(Source),
    InitialCount,
    CurrentCount,
    DivideConfiguration,
    SelfIpi,
}

impl Register {
    /// The register with number `index`.
    pub(super) const fn at(index: u32) -> Option<Self> {
        Some(match index {
            0x02 => Self::Id,
            0x03 => Self::Version,
            0x08 => Self::TaskPriority,
            0x09 => Self::ArbitrationPriority,
            0x0a => Self::ProcessorPriority,
            0x0b => Self::Eoi,
            0x0c => Self::RemoteRead,
            0x0d => Self::LogicalDestination,
            0x0e => Self::DestinationFormat,
            0x0f => Self::Spurious,
            0x10..=0x17 => Self::InService(index as usize - 0x10),
            0x18..=0x1f => Self::TriggerMode(index as usize - 0x18),
            0x20..=0x27 => Self::Request(index as usize - 0x20),
            0x28 => Self::ErrorStatus,
            0x30 => Self::CommandLow,
            0x31 => Self::CommandHigh,
            0x32 => Self::Lvt(Source::Timer),
            0x33 => Self::Lvt(Source::Thermal),
            0x34 => Self::Lvt(Source::Performance),
            0x35 => Self::Lvt(Source::Lint0),
            0x36 => Self::Lvt(Source::Lint1),
            0x37 => Self::Lvt(Source::Error),
            0x38 => Self::InitialCount,
            0x39 => Self::CurrentCount,
            0x3e => Self::DivideConfiguration,
            0x3f => Self::SelfIpi,
            _ => return None,
        })
    }

    /// Whether it exists in xAPIC mode.
    pub(super) const fn in_xapic(self) -> bool {
        !matches!(self, Self::SelfIpi)
    }

    /// Whether it exists in x2APIC mode and RDMSR reads it.
    pub(super) const fn msr_readable(self) -> bool {
        !matches!(
            self,
            Self::ArbitrationPriority
                | Self::Eoi
                | Self::RemoteRead
                | Self::DestinationFormat
                | Self::CommandHigh
                | Self::SelfIpi
        )
    }

    /// Bits that WRMSR may set in x2APIC mode, `None` if it can't be written at all. Read-only bits of
    /// registers that can be written are no reserved bits.
    pub(super) const fn msr_writable(self) -> Option<u64> {
        Some(match self {
            Self::TaskPriority | Self::SelfIpi => 0xff,
            Self::Eoi | Self::ErrorStatus => 0,
            Self::Spurious => SPURIOUS_BITS as u64,
            Self::CommandLow => (COMMAND_BITS | COMMAND_STATUS) as u64 | 0xffff_ffff << 32,
            Self::Lvt(source) => source.defined_bits() as u64,
            Self::InitialCount => u32::MAX as u64,
            Self::DivideConfiguration => timer::DIVIDE_BITS as u64,
            _ => return None,
        })
    }
}
