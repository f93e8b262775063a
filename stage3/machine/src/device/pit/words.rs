//! Bits of the 8254's control word, read-back command and status byte.

/// Control word.
pub(super) mod control {
    /// The counter, shifted down by this; 3 is the read-back command.
    pub const SELECT_SHIFT: u8 = 6;
    /// Access. Zero latches the count.
    pub const ACCESS: u8 = 0b11 << 4;
    /// Access: least significant byte only.
    pub const ACCESS_LSB: u8 = 0b01 << 4;
    /// Access: most significant byte only.
    pub const ACCESS_MSB: u8 = 0b10 << 4;
    /// The mode, shifted down by this.
    pub const MODE_SHIFT: u8 = 1;
    /// The count is four decimal digits.
    pub const BCD: u8 = 1 << 0;
    /// Access with both bytes, mode 3: what BIOSes leave in counter 0.
    pub const BIOS: u8 = 0b0011_0110;
    /// Bits that the status byte repeats: access, mode, BCD.
    pub const IN_STATUS: u8 = 0b0011_1111;
}

/// Read-back command.
pub(super) mod read_back {
    /// Clear, it latches the count.
    pub const NO_COUNT: u8 = 1 << 5;
    /// Clear, it latches the status.
    pub const NO_STATUS: u8 = 1 << 4;
    /// Counter 0's bit; the others follow.
    pub const FIRST_COUNTER: u8 = 1 << 1;
}

/// Status byte.
pub(super) mod status {
    /// Level of OUT.
    pub const OUT: u8 = 1 << 7;
    /// The count register is not yet in the counting element.
    pub const NULL_COUNT: u8 = 1 << 6;
}
