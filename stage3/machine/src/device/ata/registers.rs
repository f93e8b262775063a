//! The registers of a drive, their bits, and the commands (ATA/ATAPI-6, "Interface register definitions and
//! descriptions", "Command descriptions").

/// A register of the command block, by its offset from the first port. Data is 16 bits wide and not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// Error when it is read, Features when it is written.
    ErrorFeatures,
    SectorCount,
    LbaLow,
    LbaMid,
    LbaHigh,
    Device,
    /// Status when it is read, Command when it is written.
    StatusCommand,
}

impl Register {
    /// The register at this offset.
    pub const fn at(offset: u16) -> Option<Self> {
        Some(match offset {
            1 => Self::ErrorFeatures,
            2 => Self::SectorCount,
            3 => Self::LbaLow,
            4 => Self::LbaMid,
            5 => Self::LbaHigh,
            6 => Self::Device,
            7 => Self::StatusCommand,
            _ => return None,
        })
    }
}

/// Bits of the Status register.
pub mod status {
    pub const BUSY: u8 = 1 << 7;
    pub const READY: u8 = 1 << 6;
    pub const FAULT: u8 = 1 << 5;
    pub const SEEK_COMPLETE: u8 = 1 << 4;
    pub const DATA_REQUEST: u8 = 1 << 3;
    pub const ERROR: u8 = 1 << 0;
}

/// Bits of the Error register.
pub mod error {
    /// No such sector.
    pub const ID_NOT_FOUND: u8 = 1 << 4;
    /// The command, or one of its parameters, is not supported.
    pub const ABORT: u8 = 1 << 2;
    /// After a reset or diagnostics: the drive passed.
    pub const PASSED: u8 = 0x01;
}

/// Bits of the Device register.
pub mod device {
    pub const LBA: u8 = 1 << 6;
    /// Device 1.
    pub const SELECT: u8 = 1 << 4;
    /// Head, or bits 27:24 of the address.
    pub const HEAD: u8 = 0xf;
}

/// Bits of the Device Control register.
pub mod control {
    /// Reads give what was written before the last value.
    pub const HIGH_ORDER: u8 = 1 << 7;
    pub const RESET: u8 = 1 << 2;
    pub const NO_INTERRUPT: u8 = 1 << 1;
}

/// Command codes.
pub mod command {
    pub const RECALIBRATE: u8 = 0x10;
    pub const READ: u8 = 0x20;
    pub const READ_ONCE: u8 = 0x21;
    pub const READ_EXT: u8 = 0x24;
    pub const READ_MULTIPLE_EXT: u8 = 0x29;
    pub const WRITE: u8 = 0x30;
    pub const WRITE_ONCE: u8 = 0x31;
    pub const WRITE_EXT: u8 = 0x34;
    pub const WRITE_MULTIPLE_EXT: u8 = 0x39;
    pub const VERIFY: u8 = 0x40;
    pub const VERIFY_ONCE: u8 = 0x41;
    pub const VERIFY_EXT: u8 = 0x42;
    pub const SEEK: u8 = 0x70;
    pub const DIAGNOSTIC: u8 = 0x90;
    pub const INITIALIZE_PARAMETERS: u8 = 0x91;
    pub const READ_MULTIPLE: u8 = 0xc4;
    pub const WRITE_MULTIPLE: u8 = 0xc5;
    pub const SET_MULTIPLE: u8 = 0xc6;
    pub const STANDBY_IMMEDIATE: u8 = 0xe0;
    pub const IDLE_IMMEDIATE: u8 = 0xe1;
    pub const STANDBY: u8 = 0xe2;
    pub const IDLE: u8 = 0xe3;
    pub const CHECK_POWER: u8 = 0xe5;
    pub const SLEEP: u8 = 0xe6;
    pub const FLUSH: u8 = 0xe7;
    pub const FLUSH_EXT: u8 = 0xea;
    pub const IDENTIFY: u8 = 0xec;
    pub const SET_FEATURES: u8 = 0xef;

    /// The power management commands before ATA-4.
    pub mod old {
        pub const STANDBY_IMMEDIATE: u8 = 0x94;
        pub const IDLE_IMMEDIATE: u8 = 0x95;
        pub const STANDBY: u8 = 0x96;
        pub const IDLE: u8 = 0x97;
        pub const CHECK_POWER: u8 = 0x98;
        pub const SLEEP: u8 = 0x99;
    }
}
