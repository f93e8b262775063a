//! Bits of the controller's registers and ports.

/// Status register.
pub(super) mod status {
    /// The output buffer is full.
    pub const OUTPUT: u8 = 1 << 0;
    /// The last byte written was a command.
    pub const COMMAND: u8 = 1 << 3;
    /// The keyboard is not locked.
    pub const UNLOCKED: u8 = 1 << 4;
    /// The output buffer is full with a byte of the auxiliary device.
    pub const AUX: u8 = 1 << 5;
    /// Time-out of a transmission.
    pub const TIMEOUT: u8 = 1 << 6;
    /// Half of the input port is shown here while it is polled.
    pub const POLLED: u8 = 0xf0;
}

/// Command byte.
pub(super) mod config {
    /// Keyboard interrupt enable.
    pub const KEYBOARD_IRQ: u8 = 1 << 0;
    /// Auxiliary device interrupt enable.
    pub const AUX_IRQ: u8 = 1 << 1;
    /// System flag, which the status shows in the same bit: the self-test was passed.
    pub const SYSTEM: u8 = 1 << 2;
    /// Keyboard disabled.
    pub const KEYBOARD_OFF: u8 = 1 << 4;
    /// Auxiliary device disabled.
    pub const AUX_OFF: u8 = 1 << 5;
    /// Translate scan codes of set 2 to set 1.
    pub const TRANSLATE: u8 = 1 << 6;
}

/// Output port.
pub(super) mod port {
    /// The processor's reset line, active low.
    pub const NO_RESET: u8 = 1 << 0;
    /// Address line 20.
    pub const A20: u8 = 1 << 1;
    /// The output buffer is full with a byte of the keyboard.
    pub const KEYBOARD_FULL: u8 = 1 << 4;
    /// The output buffer is full with a byte of the auxiliary device.
    pub const AUX_FULL: u8 = 1 << 5;
}
