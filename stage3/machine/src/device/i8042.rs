//! The keyboard controller at ports 60h and 64h: an 8042 with the commands of the PC/AT and PS/2 (IBM PS/2
//! Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller"), and a keyboard
//! behind it. Nothing is at the auxiliary port: it stays disabled and what is sent there times out.
//!
//! The controller answers at once: its input buffer is never full.

mod breaks;
mod decoder;
mod key;
mod keyboard;
mod queue;
mod scan_codes;
#[cfg(test)]
mod tests;
mod translation;
mod words;

pub use decoder::Decoder;
pub use key::Key;

use keyboard::Keyboard;
use translation::Translation;
use words::{config, port, status};

/// A port of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// 60h.
    Data,
    /// 64h.
    Command,
}

/// Input port: manufacturing jumper not installed, keyboard not locked.
const INPUT_PORT: u8 = 0b1010_0000;

/// Bytes of the controller's RAM that commands reach; the first is the command byte.
const RAM: usize = 32;
/// Bits of a command that select a byte of the RAM or lines of the output port to pulse.
const RAM_INDEX: u8 = 0b1_1111;

/// Answer to a passed self-test.
const SELF_TEST_PASSED: u8 = 0x55;
/// Answer to the password test: there is none.
const NO_PASSWORD: u8 = 0xf1;
/// Answer to an interface test: no error.
const INTERFACE_FINE: u8 = 0;
/// Answer to an interface test: the clock line is stuck high, since no device pulls it.
const INTERFACE_CLOCK_HIGH: u8 = 2;
/// What the controller puts in the output buffer if a device does not answer.
const NO_ANSWER: u8 = 0xfe;

/// Where the next byte to port 60h goes, if not to the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parameter {
    Ram(u8),
    OutputPort,
    KeyboardOutput,
    AuxOutput,
    AuxDevice,
}

/// A byte in the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Byte {
    value: u8,
    aux: bool,
    timeout: bool,
}

/// The controller and its keyboard.
#[derive(Clone, Debug)]
pub struct I8042 {
    ram: [u8; RAM],
    output_port: u8,
    parameter: Option<Parameter>,
    after_command: bool,
    output: Option<Byte>,
    /// Last byte that was in the output buffer.
    latch: u8,
    /// An answer that waits for the output buffer. It goes before what the keyboard sends.
    answer: Option<Byte>,
    keyboard: Keyboard,
    translation: Translation,
    /// Bits of the input port that the status shows in its upper half until the next write.
    polled: Option<u8>,
    dropped: bool,
}

impl Default for I8042 {
    fn default() -> Self {
        Self::new()
    }
}

impl I8042 {
    /// The controller at power-on, with A20 enabled.
    #[must_use]
    pub const fn new() -> Self {
        let mut ram = [0; RAM];
        ram[0] = config::AUX_OFF;
        Self {
            ram,
            output_port: !(port::KEYBOARD_FULL | port::AUX_FULL),
            parameter: None,
            after_command: false,
            output: None,
            latch: 0,
            answer: None,
            keyboard: Keyboard::new(),
            translation: Translation::new(),
            polled: None,
            dropped: false,
        }
    }

    /// Reads a port: the output buffer or the status.
    pub fn read(&mut self, register: Register) -> u8 {
        match register {
            Register::Command => self.status(),
            Register::Data => {
                if let Some(byte) = self.output.take() {
                    self.latch = byte.value;
                    self.dropped = true;
                    self.fill();
                }
                self.latch
            }
        }
    }

    /// Writes a port: a command, its parameter, or a byte for the keyboard. Gives whether that resets the
    /// processor.
    pub fn write(&mut self, register: Register, value: u8) -> bool {
        self.after_command = register == Register::Command;
        self.polled = None;
        let reset = match (register, self.parameter.take()) {
            (Register::Command, _) => self.command(value),
            (Register::Data, Some(parameter)) => self.take_parameter(parameter, value),
            (Register::Data, None) => {
                // To send a byte the controller has to enable the keyboard.
                self.ram[0] &= !config::KEYBOARD_OFF;
                self.keyboard.write(value);
                false
            }
        };
        self.fill();
        reset
    }

    /// Somebody presses a key (again, if it repeats) or lets it go.
    pub fn key(&mut self, key: Key, down: bool) {
        self.keyboard.key(key, down);
        self.fill();
    }

    /// Whether nothing waits to be read.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.output.is_none() && self.answer.is_none() && self.keyboard.is_idle()
    }

    /// The indicators that the guest lit: Scroll, Num and Caps Lock in bits 0 to 2.
    #[must_use]
    pub const fn indicators(&self) -> u8 {
        self.keyboard.indicators()
    }

    /// How the guest wants keys to repeat: bits 6:5 are the delay in units of 250 ms, less one; the period is
    /// (8 + bits 2:0) << bits 4:3, in units of 1/240 s.
    #[must_use]
    pub const fn repeat_rate(&self) -> u8 {
        self.keyboard.rate()
    }

    /// Level of the keyboard's interrupt line.
    #[must_use]
    pub fn keyboard_irq(&self) -> bool {
        self.config() & config::KEYBOARD_IRQ != 0 && self.output.is_some_and(|byte| !byte.aux)
    }

    /// Level of the auxiliary device's interrupt line.
    #[must_use]
    pub fn aux_irq(&self) -> bool {
        self.config() & config::AUX_IRQ != 0 && self.output.is_some_and(|byte| byte.aux)
    }

    /// Whether the interrupt lines were low for a moment since the last call: between a byte that was read
    /// and the next one in the output buffer.
    pub fn take_drop(&mut self) -> bool {
        core::mem::take(&mut self.dropped)
    }

    fn config(&self) -> u8 {
        self.ram[0]
    }

    fn status(&self) -> u8 {
        let output = self.output.map_or(0, |byte| {
            let aux = if byte.aux { status::AUX } else { 0 };
            let timeout = if byte.timeout { status::TIMEOUT } else { 0 };
            status::OUTPUT | aux | timeout
        });
        let command = if self.after_command { status::COMMAND } else { 0 };
        let status = output | command | status::UNLOCKED | (self.config() & config::SYSTEM);
        self.polled.map_or(status, |polled| (status & !status::POLLED) | polled)
    }

    /// Executes a command.
    fn command(&mut self, command: u8) -> bool {
        match command {
            0x20..=0x3f => self.answer(self.ram[usize::from(command & RAM_INDEX)]),
            0x60..=0x7f => self.parameter = Some(Parameter::Ram(command & RAM_INDEX)),
            0xa4 => self.answer(NO_PASSWORD),
            0xa9 => self.answer(INTERFACE_CLOCK_HIGH),
            0xaa => {
                self.ram[0] |= config::SYSTEM;
                self.answer(SELF_TEST_PASSED);
            }
            0xab => self.answer(INTERFACE_FINE),
            0xad => self.ram[0] |= config::KEYBOARD_OFF,
            0xae => self.ram[0] &= !config::KEYBOARD_OFF,
            0xc0 => self.answer(INPUT_PORT),
            0xc1 => self.polled = Some(INPUT_PORT << 4),
            0xc2 => self.polled = Some(INPUT_PORT & status::POLLED),
            0xd0 => self.answer(self.read_output_port()),
            0xd1 => self.parameter = Some(Parameter::OutputPort),
            0xd2 => self.parameter = Some(Parameter::KeyboardOutput),
            0xd3 => self.parameter = Some(Parameter::AuxOutput),
            0xd4 => self.parameter = Some(Parameter::AuxDevice),
            0xdd => self.output_port &= !port::A20,
            0xdf => self.output_port |= port::A20,
            // Test inputs: clock and data of the keyboard are low while it is disabled.
            0xe0 => self.answer(if self.config() & config::KEYBOARD_OFF == 0 { 0b11 } else { 0b10 }),
            // Pulses the lines whose bits are clear.
            0xf0..=0xff => return command & port::NO_RESET == 0,
            // A5h to A8h, password and auxiliary port: neither is there. Others: no operation.
            _ => {}
        }
        false
    }

    fn take_parameter(&mut self, parameter: Parameter, value: u8) -> bool {
        let byte = Byte { value, aux: false, timeout: false };
        match parameter {
            Parameter::Ram(0) => self.ram[0] = value | config::AUX_OFF,
            Parameter::Ram(index) => self.ram[usize::from(index & RAM_INDEX)] = value,
            Parameter::OutputPort => {
                self.output_port = value;
                return value & port::NO_RESET == 0;
            }
            Parameter::KeyboardOutput => self.answer = Some(byte),
            Parameter::AuxOutput => self.answer = Some(Byte { aux: true, ..byte }),
            Parameter::AuxDevice => self.answer = Some(Byte { value: NO_ANSWER, aux: true, timeout: true }),
        }
        false
    }

    fn answer(&mut self, value: u8) {
        self.answer = Some(Byte { value, aux: false, timeout: false });
    }

    fn read_output_port(&self) -> u8 {
        let full = match self.output {
            None => 0,
            Some(byte) if byte.aux => port::AUX_FULL,
            Some(_) => port::KEYBOARD_FULL,
        };
        (self.output_port & !(port::KEYBOARD_FULL | port::AUX_FULL)) | full
    }

    /// Moves the next byte to the output buffer if that is empty.
    fn fill(&mut self) {
        if self.output.is_some() {
            return;
        }
        self.output = self.answer.take();
        while self.output.is_none() && self.config() & config::KEYBOARD_OFF == 0 {
            let Some(byte) = self.keyboard.read() else { return };
            let translate = self.config() & config::TRANSLATE != 0;
            let value = if translate { self.translation.next(byte) } else { Some(byte) };
            self.output = value.map(|value| Byte { value, aux: false, timeout: false });
        }
    }
}
