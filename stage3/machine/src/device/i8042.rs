//! The keyboard controller at ports 60h and 64h: an 8042 with the commands of the PC/AT and PS/2 (IBM PS/2
//! Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller"), and a keyboard
//! behind it. Nothing is at the auxiliary port: it stays disabled and what is sent there times out.
//!
//! The controller answers at once: its input buffer is never full.

mod keyboard;
#[cfg(test)]
mod tests;

use keyboard::Keyboard;

/// A port of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// 60h.
    Data,
    /// 64h.
    Command,
}

/// Status: the output buffer is full.
const STATUS_OUTPUT: u8 = 1 << 0;
/// Status: the last byte written was a command.
const STATUS_COMMAND: u8 = 1 << 3;
/// Status: the keyboard is not locked.
const STATUS_UNLOCKED: u8 = 1 << 4;
/// Status: the output buffer is full with a byte of the auxiliary device.
const STATUS_AUX: u8 = 1 << 5;
/// Status: time-out of a transmission.
const STATUS_TIMEOUT: u8 = 1 << 6;

/// Command byte: keyboard interrupt enable.
const CONFIG_KEYBOARD_IRQ: u8 = 1 << 0;
/// Command byte: auxiliary device interrupt enable.
const CONFIG_AUX_IRQ: u8 = 1 << 1;
/// Command byte: system flag, which the status shows in the same bit: the self-test was passed.
const CONFIG_SYSTEM: u8 = 1 << 2;
/// Command byte: keyboard disabled.
const CONFIG_KEYBOARD_OFF: u8 = 1 << 4;
/// Command byte: auxiliary device disabled.
const CONFIG_AUX_OFF: u8 = 1 << 5;
/// Command byte: translate scan codes of set 2 to set 1.
const CONFIG_TRANSLATE: u8 = 1 << 6;

/// Output port: the processor's reset line, active low.
const PORT_NO_RESET: u8 = 1 << 0;
/// Output port: address line 20.
const PORT_A20: u8 = 1 << 1;
/// Output port: the output buffer is full with a byte of the keyboard.
const PORT_KEYBOARD_FULL: u8 = 1 << 4;
/// Output port: the output buffer is full with a byte of the auxiliary device.
const PORT_AUX_FULL: u8 = 1 << 5;

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

/// Translation from set 2 to set 1 of the identification's second byte, the only byte with another
/// value that this keyboard sends.
const TRANSLATED_ID: (u8, u8) = (0x83, 0x41);

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
        ram[0] = CONFIG_AUX_OFF;
        Self {
            ram,
            output_port: !(PORT_KEYBOARD_FULL | PORT_AUX_FULL),
            parameter: None,
            after_command: false,
            output: None,
            latch: 0,
            answer: None,
            keyboard: Keyboard::new(),
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
        let reset = match (register, self.parameter.take()) {
            (Register::Command, _) => self.command(value),
            (Register::Data, Some(parameter)) => self.take_parameter(parameter, value),
            (Register::Data, None) => {
                self.keyboard.write(value);
                false
            }
        };
        self.fill();
        reset
    }

    /// Level of the keyboard's interrupt line.
    #[must_use]
    pub fn keyboard_irq(&self) -> bool {
        self.config() & CONFIG_KEYBOARD_IRQ != 0 && self.output.is_some_and(|byte| !byte.aux)
    }

    /// Level of the auxiliary device's interrupt line.
    #[must_use]
    pub fn aux_irq(&self) -> bool {
        self.config() & CONFIG_AUX_IRQ != 0 && self.output.is_some_and(|byte| byte.aux)
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
            let aux = if byte.aux { STATUS_AUX } else { 0 };
            let timeout = if byte.timeout { STATUS_TIMEOUT } else { 0 };
            STATUS_OUTPUT | aux | timeout
        });
        let command = if self.after_command { STATUS_COMMAND } else { 0 };
        output | command | STATUS_UNLOCKED | (self.config() & CONFIG_SYSTEM)
    }

    /// Executes a command.
    fn command(&mut self, command: u8) -> bool {
        match command {
            0x20..=0x3f => self.answer(self.ram[usize::from(command & RAM_INDEX)]),
            0x60..=0x7f => self.parameter = Some(Parameter::Ram(command & RAM_INDEX)),
            0xa4 => self.answer(NO_PASSWORD),
            0xa9 => self.answer(INTERFACE_CLOCK_HIGH),
            0xaa => {
                self.ram[0] |= CONFIG_SYSTEM;
                self.answer(SELF_TEST_PASSED);
            }
            0xab => self.answer(INTERFACE_FINE),
            0xad => self.ram[0] |= CONFIG_KEYBOARD_OFF,
            0xae => self.ram[0] &= !CONFIG_KEYBOARD_OFF,
            0xc0 => self.answer(INPUT_PORT),
            0xd0 => self.answer(self.read_output_port()),
            0xd1 => self.parameter = Some(Parameter::OutputPort),
            0xd2 => self.parameter = Some(Parameter::KeyboardOutput),
            0xd3 => self.parameter = Some(Parameter::AuxOutput),
            0xd4 => self.parameter = Some(Parameter::AuxDevice),
            0xdd => self.output_port &= !PORT_A20,
            0xdf => self.output_port |= PORT_A20,
            // Test inputs: clock and data of the keyboard are low while it is disabled.
            0xe0 => self.answer(if self.config() & CONFIG_KEYBOARD_OFF == 0 { 0b11 } else { 0b10 }),
            // Pulses the lines whose bits are clear.
            0xf0..=0xff => return command & PORT_NO_RESET == 0,
            // A5h to A8h, password and auxiliary port: neither is there. Others: no operation.
            _ => {}
        }
        false
    }

    fn take_parameter(&mut self, parameter: Parameter, value: u8) -> bool {
        let byte = Byte { value, aux: false, timeout: false };
        match parameter {
            Parameter::Ram(0) => self.ram[0] = value | CONFIG_AUX_OFF,
            Parameter::Ram(index) => self.ram[usize::from(index & RAM_INDEX)] = value,
            Parameter::OutputPort => {
                self.output_port = value;
                return value & PORT_NO_RESET == 0;
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
            Some(byte) if byte.aux => PORT_AUX_FULL,
            Some(_) => PORT_KEYBOARD_FULL,
        };
        (self.output_port & !(PORT_KEYBOARD_FULL | PORT_AUX_FULL)) | full
    }

    /// Moves the next byte to the output buffer if that is empty.
    fn fill(&mut self) {
        if self.output.is_some() {
            return;
        }
        self.output = self.answer.take();
        if self.output.is_none() && self.config() & CONFIG_KEYBOARD_OFF == 0 {
            self.output = self.keyboard.read().map(|byte| {
                let translate = self.config() & CONFIG_TRANSLATE != 0 && byte == TRANSLATED_ID.0;
                Byte { value: if translate { TRANSLATED_ID.1 } else { byte }, aux: false, timeout: false }
            });
        }
    }
}
