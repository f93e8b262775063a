//! Names of the registers and of their bits.

/// Ports.
pub mod port {
    pub const DIGITAL_OUTPUT: u16 = 0x3f2;
    pub const TAPE_DRIVE: u16 = 0x3f3;
    /// Data rate select, when written.
    pub const MAIN_STATUS: u16 = 0x3f4;
    pub const DATA: u16 = 0x3f5;
}

/// Digital output.
pub mod dor {
    /// The selected drive.
    pub const DRIVE: u8 = 0b11;
    /// The controller works.
    pub const NO_RESET: u8 = 1 << 2;
    /// Interrupts and DMA requests are on.
    pub const DMA: u8 = 1 << 3;
}

/// Digital input.
pub mod dir {
    /// The disk was changed.
    pub const CHANGED: u8 = 1 << 7;
}

/// Data rate select.
pub mod dsr {
    /// 500, 300, 250 kbit/s and 1 Mbit/s.
    pub const RATE: u8 = 0b11;
    /// Resets the controller; clears itself.
    pub const RESET: u8 = 1 << 7;
}

/// Main status.
pub mod msr {
    /// A command is being taken, executed or answered.
    pub const BUSY: u8 = 1 << 4;
    /// The next byte is one to be read.
    pub const TO_PROCESSOR: u8 = 1 << 6;
    /// The data register can be accessed.
    pub const REQUEST: u8 = 1 << 7;
}

/// Status register 0.
pub mod st0 {
    /// The command was begun and could not be completed.
    pub const ABNORMAL: u8 = 1 << 6;
    /// There is no such command.
    pub const INVALID: u8 = 1 << 7;
    /// A drive became ready or not ready.
    pub const READY_CHANGED: u8 = 0b1100_0000;
    /// A seek ended.
    pub const SEEK_END: u8 = 1 << 5;
    /// Track 0 was not found.
    pub const EQUIPMENT_CHECK: u8 = 1 << 4;
    /// The head that was used.
    pub const HEAD: u8 = 1 << 2;
}

/// Status register 1.
pub mod st1 {
    /// There was to be more behind the last sector of the track.
    pub const END_OF_CYLINDER: u8 = 1 << 7;
    /// Data came too late, or nobody took it.
    pub const OVERRUN: u8 = 1 << 4;
    /// The sector was not found.
    pub const NO_DATA: u8 = 1 << 2;
    /// The disk can't be written to.
    pub const NOT_WRITABLE: u8 = 1 << 1;
    /// Nothing was found on the track.
    pub const MISSING_ADDRESS_MARK: u8 = 1;
}

/// Status register 2.
pub mod st2 {
    /// The sector's mark is not of the kind that was asked for.
    pub const CONTROL_MARK: u8 = 1 << 6;
    /// The sectors of this track name another one.
    pub const WRONG_CYLINDER: u8 = 1 << 4;
}

/// Status register 3.
pub mod st3 {
    pub const TRACK_0: u8 = 1 << 4;
    /// Bits that are always set: ready, two sides.
    pub const ALWAYS: u8 = 1 << 5 | 1 << 3;
}
