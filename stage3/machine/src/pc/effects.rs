//! What an access to a port does outside of the board.

use core::fmt;

/// Bytes of the widest port access.
const MAX_OUTPUT: usize = 4;

/// Bytes that left the serial port, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    bytes: [u8; MAX_OUTPUT],
    length: usize,
}

impl Output {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Appends a byte. No access gives more than fit.
    pub(super) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }
}

/// What a guest does to its machine as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerEvent {
    /// It starts again.
    Reset(ResetSource),
    /// It switches it off: ACPI state S5.
    Off,
    /// It ends it with a value, through the debug exit port.
    DebugExit(u32),
}

/// Who asked for a reset of the VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetSource {
    /// The keyboard controller pulsed its reset line (FEh to port 64h, or its output port).
    KeyboardController,
    /// The reset control register, port CF9h.
    ResetControl,
    /// The fast reset bit of port 92h.
    FastReset,
    /// An INIT message to the bootstrap processor, which starts again at the firmware.
    Init,
}

impl ResetSource {
    /// Whether a PC resets its CPU by it, and nothing else.
    #[must_use]
    pub const fn is_of_the_cpu(self) -> bool {
        match self {
            Self::KeyboardController | Self::FastReset | Self::Init => true,
            Self::ResetControl => false,
        }
    }
}

impl fmt::Display for ResetSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyboardController => "the keyboard controller's reset line",
            Self::ResetControl => "the reset control register (port CF9h)",
            Self::FastReset => "the fast reset bit (port 92h)",
            Self::Init => "an INIT message to the boot CPU",
        })
    }
}

/// What the hypervisor has to do after a write to a port. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Bytes for the VM's console.
    pub output: Output,
    /// The guest reset its machine or switched it off.
    pub power: Option<PowerEvent>,
    /// A device has to reach memory now: [`super::Pc::transfer`].
    pub transfer: bool,
}
