//! The serial port: a 16550A (National Semiconductor datasheet TL/C/8652, "PC16550D Universal
//! Asynchronous Receiver/Transmitter with FIFOs").
//!
//! Bytes leave the moment they are written, so the transmitter is always empty. The line outside is a
//! stream of bytes whose other end always agrees on speed and format; those only show in loopback mode
//! and in the time after which waiting characters are announced. CTS, DSR and DCD are asserted.

mod fifo;
mod registers;
#[cfg(test)]
mod tests;

use crate::time::{Instant, SECOND};
use fifo::{Fifo, Received};
use registers::{fcr, ier, iir, iir::Source, lcr, lsr, mcr, msr, offset};

/// Ports of the chip.
pub const PORTS: u16 = 8;
/// Bits a second with a divisor of 1: the PC's 1.8432 MHz crystal, divided by 16.
pub const BASE_BAUD: u64 = 115_200;

/// State of the modem lines outside.
const CONNECTED: u8 = msr::CTS | msr::DSR | msr::DCD;

/// Character times without traffic after which waiting characters are announced.
const TIMEOUT_CHARACTERS: u64 = 4;

/// The chip.
#[derive(Clone, Debug)]
pub struct Uart {
    fifo: Fifo,
    /// A 16-byte receiver FIFO instead of one register, and time-outs.
    fifo_enabled: bool,
    trigger: u8,
    divisor: u16,
    ier: u8,
    lcr: u8,
    mcr: u8,
    /// Errors that LSR shows until it is read.
    line_errors: u8,
    /// Change bits of MSR.
    modem_changes: u8,
    scratch: u8,
    /// The empty transmitter was not reported yet.
    transmitter_event: bool,
    /// Last time a character came in or was read.
    traffic: Instant,
    dropped: bool,
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}

impl Uart {
    /// The chip after master reset.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            fifo: Fifo::new(),
            fifo_enabled: false,
            trigger: fcr::TRIGGER_LEVELS[0],
            divisor: 0,
            ier: 0,
            lcr: 0,
            mcr: 0,
            line_errors: 0,
            modem_changes: 0,
            scratch: 0,
            transmitter_event: false,
            traffic: Instant(0),
            dropped: false,
        }
    }

    /// Reads the register at offset `register`.
    pub fn read(&mut self, now: Instant, register: u16) -> u8 {
        let [divisor_low, divisor_high] = self.divisor.to_le_bytes();
        match register {
            offset::DATA if self.dlab() => divisor_low,
            offset::DATA => {
                self.traffic = now;
                let byte = self.fifo.pop();
                self.reveal();
                byte
            }
            offset::IER if self.dlab() => divisor_high,
            offset::IER => self.ier,
            offset::IIR_FCR => self.identify(now),
            offset::LCR => self.lcr,
            offset::MCR => self.mcr,
            offset::LSR => self.take_line_status(),
            offset::MSR => self.modem_lines() | core::mem::take(&mut self.modem_changes),
            _ => self.scratch,
        }
    }

    /// Writes the register at offset `register`; gives the byte that leaves the port, if any.
    pub fn write(&mut self, now: Instant, register: u16, value: u8) -> Option<u8> {
        let [divisor_low, divisor_high] = self.divisor.to_le_bytes();
        match register {
            offset::DATA if self.dlab() => self.divisor = u16::from_le_bytes([value, divisor_high]),
            offset::DATA => return self.transmit(now, value),
            offset::IER if self.dlab() => self.divisor = u16::from_le_bytes([divisor_low, value]),
            offset::IER => {
                let enabled = value & !self.ier;
                self.ier = value & ier::BITS;
                // Enabling the interrupt while the transmitter is empty raises it.
                self.transmitter_event |= enabled & ier::THRE != 0;
            }
            offset::IIR_FCR => self.control_fifos(value),
            offset::LCR => {
                let begins = value & !self.lcr & lcr::BREAK != 0;
                self.lcr = value;
                if begins && self.loopback() {
                    self.push(now, Received { byte: 0, errors: lsr::BREAK | lsr::FRAMING });
                }
            }
            offset::MCR => self.set_modem_control(value & mcr::BITS),
            // LSR and MSR are for reading; writing them is for factory tests.
            offset::LSR | offset::MSR => {}
            _ => self.scratch = value,
        }
        None
    }

    /// Whether a byte from outside would be taken now, neither lost nor overwriting another.
    #[must_use]
    pub fn ready(&self) -> bool {
        !self.loopback() && self.fifo.len() < self.capacity()
    }

    /// A byte comes in from outside. In loopback mode the input is disconnected and the byte is lost.
    pub fn receive(&mut self, now: Instant, byte: u8) {
        if !self.loopback() {
            self.push(now, Received { byte, errors: 0 });
        }
    }

    /// Level of the interrupt line as the bus sees it: gated by OUT2, which loopback mode disconnects.
    #[must_use]
    pub fn irq(&self, now: Instant) -> bool {
        self.mcr & (mcr::OUT2 | mcr::LOOP) == mcr::OUT2 && self.source(now).is_some()
    }

    /// Whether the interrupt line was low for a moment since the last call: a byte was written while the
    /// transmitter's interrupt was on, which ends that interrupt and raises the next one.
    pub fn take_drop(&mut self) -> bool {
        core::mem::take(&mut self.dropped)
    }

    /// When the interrupt line will rise by itself: at the time-out of waiting characters.
    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let deadline = self.timeout()?;
        (!self.irq(now) && self.irq(deadline)).then_some(deadline)
    }

    fn dlab(&self) -> bool {
        self.lcr & lcr::DLAB != 0
    }

    fn loopback(&self) -> bool {
        self.mcr & mcr::LOOP != 0
    }

    fn capacity(&self) -> u8 {
        if self.fifo_enabled {
            fifo::CAPACITY
        } else {
            1
        }
    }

    /// When waiting characters are announced although they are fewer than the trigger level.
    fn timeout(&self) -> Option<Instant> {
        (self.fifo_enabled && self.fifo.len() > 0)
            .then(|| self.traffic + TIMEOUT_CHARACTERS * self.character_nanos())
    }

    /// Time that a character takes on the line in nanoseconds, start, parity and stop bits included. (The
    /// 1.5 stop bits of 5-bit words count as 2.)
    fn character_nanos(&self) -> u64 {
        let word = 5 + u64::from(self.lcr & lcr::WORD);
        let parity = u64::from(self.lcr & lcr::PARITY != 0);
        let stop = 1 + u64::from(self.lcr & lcr::STOP != 0);
        (1 + word + parity + stop) * u64::from(self.divisor.max(1)) * SECOND / BASE_BAUD
    }

    /// The enabled interrupt with the highest priority.
    fn source(&self, now: Instant) -> Option<Source> {
        let received = if self.fifo_enabled { self.trigger } else { 1 };
        if self.ier & ier::LINE != 0 && self.line_errors != 0 {
            Some(Source::LineStatus)
        } else if self.ier & ier::RECEIVED != 0 && self.fifo.len() >= received {
            Some(Source::Received)
        } else if self.ier & ier::RECEIVED != 0 && self.timeout().is_some_and(|due| due <= now) {
            Some(Source::Timeout)
        } else if self.ier & ier::THRE != 0 && self.transmitter_event {
            Some(Source::TransmitterEmpty)
        } else if self.ier & ier::MODEM != 0 && self.modem_changes != 0 {
            Some(Source::Modem)
        } else {
            None
        }
    }

    /// Reads IIR, which ends the transmitter's interrupt if that is what it tells.
    fn identify(&mut self, now: Instant) -> u8 {
        let source = self.source(now);
        if source == Some(Source::TransmitterEmpty) {
            self.transmitter_event = false;
        }
        let fifo = if self.fifo_enabled { iir::FIFO } else { 0 };
        fifo | source.map_or(iir::NONE, |source| source as u8)
    }

    fn control_fifos(&mut self, value: u8) {
        let enable = value & fcr::ENABLE != 0;
        // Changing the mode clears the FIFOs.
        if enable != self.fifo_enabled || (enable && value & fcr::CLEAR_RECEIVER != 0) {
            self.fifo = Fifo::new();
        }
        self.fifo_enabled = enable;
        if enable {
            self.trigger = fcr::TRIGGER_LEVELS[usize::from(value >> fcr::TRIGGER_SHIFT)];
        }
    }

    fn transmit(&mut self, now: Instant, value: u8) -> Option<u8> {
        self.transmitter_event = false;
        self.dropped |= !self.irq(now);
        self.transmitter_event = true;
        if !self.loopback() {
            return Some(value);
        }
        let word = u8::MAX >> (3 - (self.lcr & lcr::WORD));
        self.push(now, Received { byte: value & word, errors: 0 });
        None
    }

    fn push(&mut self, now: Instant, received: Received) {
        self.traffic = now;
        if self.fifo.len() < self.capacity() {
            self.fifo.push(received);
        } else {
            self.line_errors |= lsr::OVERRUN;
            // With FIFOs the newest character is lost, without them the one that was waiting.
            if !self.fifo_enabled {
                self.fifo = Fifo::new();
                self.fifo.push(received);
            }
        }
        self.reveal();
    }

    /// LSR shows the errors of a character when that becomes the next one to be read.
    fn reveal(&mut self) {
        self.line_errors |= self.fifo.take_errors();
    }

    fn take_line_status(&mut self) -> u8 {
        let ready = if self.fifo.len() > 0 { lsr::READY } else { 0 };
        let errors = core::mem::take(&mut self.line_errors);
        let broken = self.fifo.has_errors() || errors & !lsr::OVERRUN != 0;
        let in_fifo = if self.fifo_enabled && broken { lsr::FIFO_ERROR } else { 0 };
        lsr::THRE | lsr::TEMT | ready | errors | in_fifo
    }

    /// MSR bits 7:4. Loopback connects them to the outputs of MCR.
    fn modem_lines(&self) -> u8 {
        if !self.loopback() {
            return CONNECTED;
        }
        [(mcr::RTS, msr::CTS), (mcr::DTR, msr::DSR), (mcr::OUT1, msr::RI), (mcr::OUT2, msr::DCD)]
            .into_iter()
            .filter(|(output, _)| self.mcr & output != 0)
            .fold(0, |lines, (_, input)| lines | input)
    }

    fn set_modem_control(&mut self, value: u8) {
        let before = self.modem_lines();
        self.mcr = value;
        let after = self.modem_lines();
        let ringing_began = after & !before & msr::RI;
        self.modem_changes |= ((before ^ after) & !ringing_began) >> msr::DELTA_SHIFT;
    }
}
