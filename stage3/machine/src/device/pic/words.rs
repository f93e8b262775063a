//! Bits of the 8259A's command words.

/// First initialization command word.
pub(super) mod icw1 {
    /// Tells this word: bit 4 of a write with A0 = 0.
    pub const MARKER: u8 = 1 << 4;
    /// An ICW4 follows.
    pub const IC4: u8 = 1 << 0;
    /// Single, no ICW3 follows.
    pub const SNGL: u8 = 1 << 1;
    /// Call address interval 4 instead of 8 (MCS-80 mode).
    pub const ADI: u8 = 1 << 2;
    /// All inputs level-triggered.
    pub const LTIM: u8 = 1 << 3;
    /// Bits of the call address with an interval of 4.
    pub const ADDRESS_BY_4: u8 = 0b1110_0000;
    /// Bits of the call address with an interval of 8.
    pub const ADDRESS_BY_8: u8 = 0b1100_0000;
}

/// Fourth initialization command word.
pub(super) mod icw4 {
    /// 8086 mode instead of MCS-80.
    pub const UPM: u8 = 1 << 0;
    /// Automatic end of interrupt.
    pub const AEOI: u8 = 1 << 1;
    /// Special fully nested mode.
    pub const SFNM: u8 = 1 << 4;
}

/// Second operation command word.
pub(super) mod ocw2 {
    /// End of interrupt.
    pub const EOI: u8 = 1 << 5;
    /// The level in bits 2:0 is valid.
    pub const SL: u8 = 1 << 6;
    /// Rotate priorities.
    pub const R: u8 = 1 << 7;
}

/// Third operation command word.
pub(super) mod ocw3 {
    /// Tells this word: bit 3 of a write with A0 = 0 that is not ICW1.
    pub const MARKER: u8 = 1 << 3;
    /// Read the in-service register instead of the request register.
    pub const RIS: u8 = 1 << 0;
    /// RIS is valid.
    pub const RR: u8 = 1 << 1;
    /// The next read polls.
    pub const POLL: u8 = 1 << 2;
    /// Special mask mode on.
    pub const SMM: u8 = 1 << 5;
    /// SMM is valid.
    pub const ESMM: u8 = 1 << 6;
}
